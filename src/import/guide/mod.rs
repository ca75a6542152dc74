//! Blocks to a guide: title, sections, questions, parts, follow-ups, levels, lost titles.

mod items;
mod labels;
mod paragraphs;
mod sections;

pub(super) use self::items::{ANSWERED, ASKED};
use self::sections::{Opener, opener};
use super::block::{Block, Kind, Profile};
use super::label;
use super::ledger::Ledger;
use super::line::{Line, Marker, asks, ends_sentence, is_title, without_emphasis};
use super::outline::{Guide, Piece, Question, Section};
use super::question::{clean_question, marked, numbered_title};
use super::style::{Style, is_bold_question, is_label_heading, style};
use crate::model::site::slug;

/// Makes a guide of blocks.
pub(super) fn assemble(blocks: Vec<Block>, profile: &Profile, ledger: &mut Ledger) -> Guide {
    let style = style(&blocks, profile);
    let mut assembler = Assembler {
        style,
        profile,
        ledger,
        guide: Guide::default(),
        section: None,
        question: None,
        follow_up: None,
        in_chain: false,
        topic: None,
        group: None,
        last_number: 0,
        at: 0,
    };
    let blocks = assembler.front(blocks);
    while assembler.at < blocks.len() {
        assembler.step(&blocks);
    }
    assembler.finish()
}

struct Assembler<'a> {
    style: Style,
    profile: &'a Profile,
    ledger: &'a mut Ledger,
    guide: Guide,
    section: Option<Section>,
    question: Option<Question>,
    follow_up: Option<Question>,
    /// List items are follow-up questions.
    in_chain: bool,
    /// The heading between section and question.
    topic: Option<String>,
    /// The name of a group of listed questions.
    group: Option<String>,
    /// The number of the last question that had one.
    last_number: u64,
    at: usize,
}

impl Assembler<'_> {
    /// Takes title lines off the start of a text without headings.
    fn front(&mut self, blocks: Vec<Block>) -> Vec<Block> {
        if self.style.title_level.is_some() {
            return blocks;
        }
        let title = |block: &Block| match &block.kind {
            Kind::Text(lines) => {
                lines.len() <= 2
                    && is_title(without_emphasis(&lines[0].text))
                    && !lines.iter().any(|line| ends_sentence(&line.text))
                    && marked(&lines[0].text).is_none()
            }
            _ => false,
        };
        let apart = |at: usize| {
            blocks
                .get(at + 1)
                .is_none_or(|next| next.gap || matches!(next.kind, Kind::Heading { .. }))
        };
        let mut count = 0;
        while count < 4 && blocks.get(count).is_some_and(title) && apart(count) {
            count += 1;
        }
        if count == 0 || self.profile.headings && count > 1 {
            return blocks;
        }
        let opens = |from: usize| opener(&blocks, from, &self.style, self.profile);
        let taken = if self.profile.headings {
            count
        } else if count > 1 {
            // The last one is the section if questions follow it.
            if opens(count) == Opener::Question {
                count - 1
            } else {
                count
            }
        } else {
            let sections = (1..blocks.len()).any(|at| self.is_bare_section(&blocks, at));
            usize::from(!(sections && opens(1) == Opener::Question))
        };
        for block in &blocks[..taken] {
            if let Kind::Text(lines) = &block.kind {
                let lines = lines
                    .iter()
                    .map(|line| Line::new(line.no, without_emphasis(&line.text)));
                self.guide.title.extend(lines);
            }
        }
        blocks.into_iter().skip(taken).collect()
    }

    fn step(&mut self, blocks: &[Block]) {
        let block = &blocks[self.at];
        match &block.kind {
            Kind::Heading { level, text } => self.heading(*level, text, blocks),
            Kind::Text(lines) => self.text(lines.clone(), blocks),
            Kind::Item(item) => self.item(item, blocks),
            Kind::Table { rows, .. } if self.question_table(rows) => self.at += 1,
            Kind::Rule(line) => {
                // A rule between questions is what the heading says already.
                self.ledger.drop(line.no, line.text.trim(), "rule");
                self.at += 1;
            }
            Kind::Code { .. } | Kind::Table { .. } | Kind::Quote(_) | Kind::Html(_) => {
                self.push(Piece::Block(block.clone()));
                self.at += 1;
            }
        }
    }

    fn heading(&mut self, level: u8, text: &Line, blocks: &[Block]) {
        self.at += 1;
        let first = self.guide.title.is_empty() && self.section.is_none() && self.question.is_none();
        if (self.style.title_level == Some(level) || self.style.lone_title)
            && first
            && self.guide.sections.is_empty()
        {
            self.guide.title = vec![Line::new(text.no, without_emphasis(&text.text))];
            return;
        }
        let inner = without_emphasis(&text.text);
        let below = self.style.heading.is_none_or(|question| level > question);
        let deep = self.style.section_level.is_none_or(|section| level > section);
        if self.question.is_some() && below && deep && is_label_heading(inner) {
            self.label_heading(text, inner);
            return;
        }
        if let Some(found) = marked(inner) {
            let number = found.number;
            if found.text.is_empty() {
                self.question_follows(text.no, number, blocks);
            } else {
                self.open(vec![Line::new(text.no, found.text)], number);
            }
            return;
        }
        // Among questions that are marked, a heading that asks is one too if an answer follows it.
        let asked = self.style.explicit
            && asks(inner)
            && self.style.title_level != Some(level)
            && blocks.get(self.at).is_some_and(|next| {
                !self.is_question(next) && !matches!(next.kind, Kind::Heading { .. } | Kind::Rule(_))
            });
        if self.style.heading == Some(level) || asked {
            let (number, rest) = numbered_title(inner);
            self.open(vec![Line::new(text.no, clean_question(rest))], number);
            return;
        }
        if is_contents(inner) {
            self.body_text(vec![Line::new(text.no, format!("**{inner}**"))]);
            return;
        }
        let above = self.style.heading.is_none_or(|question| level < question);
        if above && self.style.section_level.is_none_or(|section| level <= section) {
            let (_, rest) = numbered_title(inner);
            self.start_section(vec![Line::new(text.no, rest)]);
            return;
        }
        let next_asks = blocks.get(self.at).is_some_and(|next| self.is_question(next));
        if above && (next_asks || self.question.is_none() || self.style.heading.is_some()) {
            // Between section and question there is no level in a guide; the topic becomes a tag.
            let (_, rest) = numbered_title(inner);
            self.end_question();
            self.ledger
                .repair(text.no, rest, format!("tags={}", tag(rest)), "topic");
            self.topic = Some(tag(rest));
            return;
        }
        self.push(Piece::Block(Block {
            kind: Kind::Heading {
                level,
                text: text.clone(),
            },
            gap: true,
        }));
    }

    /// Whether a block opens a question by itself.
    fn is_question(&self, block: &Block) -> bool {
        match &block.kind {
            Kind::Text(lines) => {
                marked(&lines[0].text).is_some()
                    || self.style.bold && is_bold_question(&lines[0].text)
                    || self.style.bare && asks(&lines[0].text)
            }
            Kind::Item(item) => {
                marked(&item.head[0].text).is_some() || self.style.numbered && item.marker != Marker::Bullet
            }
            Kind::Heading { level, text } => {
                self.style.heading == Some(*level) || marked(&text.text).is_some()
            }
            _ => false,
        }
    }

    fn push(&mut self, piece: Piece) {
        if let Some(follow_up) = &mut self.follow_up {
            follow_up.body.push(piece);
        } else if let Some(question) = &mut self.question {
            question.body.push(piece);
        } else if let Some(section) = &mut self.section {
            section.intro.push(piece);
        } else {
            self.guide.intro.push(piece);
        }
    }

    fn open(&mut self, text: Vec<Line>, number: Option<u64>) {
        self.end_question();
        self.last_number = number.unwrap_or(self.last_number);
        let no = text.first().map_or(0, |line| line.no);
        let level = text.last().and_then(|line| level_beside(&line.text));
        self.question = Some(Question {
            no,
            text,
            level,
            tags: self.topic.iter().cloned().collect(),
            ..Question::default()
        });
    }

    fn open_lost(&mut self, no: usize) {
        self.end_question();
        self.question = Some(Question {
            no,
            lost: true,
            ..Question::default()
        });
    }

    fn end_follow_up(&mut self) {
        if let Some(follow_up) = self.follow_up.take()
            && let Some(question) = &mut self.question
        {
            question.follow_ups.push(follow_up);
        }
    }

    fn end_question(&mut self) {
        self.end_follow_up();
        self.in_chain = false;
        if let Some(question) = self.question.take() {
            self.section.get_or_insert_default().questions.push(question);
        }
    }

    fn end_section(&mut self) {
        self.end_question();
        if let Some(section) = self.section.take() {
            self.guide.sections.push(section);
        }
    }

    fn start_section(&mut self, title: Vec<Line>) {
        self.end_section();
        self.topic = None;
        self.group = None;
        self.last_number = 0;
        self.section = Some(Section {
            title,
            ..Section::default()
        });
    }

    fn finish(mut self) -> Guide {
        self.end_section();
        self.guide
    }
}

/// The level that a question names beside itself: `Why? (Senior)`, `[Hard] Why?`.
fn level_beside(text: &str) -> Option<&'static str> {
    let text = without_emphasis(text.trim());
    let before = text
        .strip_prefix(['(', '['])
        .and_then(|rest| rest.split_once([')', ']']));
    let behind = text
        .strip_suffix([')', ']'])
        .and_then(|rest| rest.rsplit_once(['(', '[']));
    let name = before
        .map(|(name, _)| name)
        .or_else(|| behind.map(|(_, name)| name))?;
    label::level(name)
        .filter(|(_, rest)| rest.trim().is_empty())
        .map(|(level, _)| level)
}

/// Whether a title is that of a table of contents, which is no section.
fn is_contents(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "table of contents",
        "contents",
        "toc",
        "inhalt",
        "inhaltsverzeichnis",
        "índice",
        "目录",
        "目次",
    ]
    .contains(&lower.trim_end_matches(':'))
}

/// A tag of a title.
fn tag(text: &str) -> String {
    super::write::tidy(&slug(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::block::blocks;

    /// Sections and questions with the first words of what belongs to them.
    fn check(text: &str, expected: &[&str]) {
        let lines = crate::import::line::numbered(text);
        let mut ledger = Ledger::default();
        let profile = Profile::of(&lines);
        let guide = assemble(blocks(&lines, &profile, &mut ledger), &profile, &mut ledger);
        let join = |lines: &[Line]| {
            lines
                .iter()
                .map(|line| line.text.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut found = vec![format!("# {}", join(&guide.title))];
        for section in &guide.sections {
            found.push(format!("## {}", join(&section.title)));
            for question in &section.questions {
                let mark = if question.lost { "lost" } else { "" };
                let level = question.level.unwrap_or_default();
                found.push(format!(
                    "### {}{mark} {level} {}",
                    join(&question.text),
                    question.body.len()
                ));
                for follow_up in question.follow_ups.iter().chain(&question.chain) {
                    found.push(format!("#### {} {}", join(&follow_up.text), follow_up.body.len()));
                }
            }
        }
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn restarted_numbers_begin_sections() {
        check(
            "Cook\n\nQuestions\n\nHot\n\nAbout heat, and more.\n\n1. Why?\n\nSo.\n\nCold\n\nAbout ice, and more.\n\n1. How?\n\nSo.\n",
            &[
                "# Cook Questions",
                "## Hot",
                "### Why?  1",
                "## Cold",
                "### How?  1",
            ],
        );
    }

    #[test]
    fn follow_ups_have_answers_of_their_own() {
        check(
            "Q: Why?\nA: So.\n\nFollow-up: Really?\n\nAnswer: Yes.\n\nFollow-up questions:\n- One?\n- Two?\n",
            &[
                "# ",
                "## ",
                "### Why?  1",
                "#### Really? 1",
                "#### One? 0",
                "#### Two? 0",
            ],
        );
    }

    #[test]
    fn lost_questions_keep_their_level() {
        check(
            "Deep\n\nSome words that introduce it.\nDifficulty: SeniorWhat they test: calm.\nStrong Answer: Stay calm.\nDifficulty: Staff-LevelWhat they test: x.\nStrong Answer: Go.\nIt ends.So it is.Yes it is.\n",
            &["# Deep", "## ", "### lost senior 3", "### lost staff 3"],
        );
    }
}
