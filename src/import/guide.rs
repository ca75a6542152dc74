//! Blocks to a guide: title, sections, questions, parts, follow-ups, levels, lost titles.

use super::block::{self, Block, Item, Kind, Profile};
use super::label::{self, Family};
use super::ledger::Ledger;
use super::line::{
    Line, Marker, asks, dedent, ends_sentence, indent, is_title, number, starts_big, without_emphasis,
};
use super::outline::{Guide, Piece, Question, Section};
use super::question::{clean, is_exercise_section, marked, reads_like_one};
use super::style::{
    Style, is_bare_title, is_bold_question, is_item_question, is_label_heading, is_number, is_separated,
    style,
};
use super::suggest;
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

    // --- headings -------------------------------------------------------------------------------------------------

    fn heading(&mut self, level: u8, text: &Line, blocks: &[Block]) {
        self.at += 1;
        let first = self.guide.title.is_empty() && self.section.is_none() && self.question.is_none();
        if self.style.title_level == Some(level) && first && self.guide.sections.is_empty() {
            self.guide.title = vec![Line::new(text.no, without_emphasis(&text.text))];
            return;
        }
        let inner = without_emphasis(&text.text);
        let below = self.style.heading.is_none_or(|question| level > question);
        if self.question.is_some() && below && is_label_heading(inner) {
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
        if self.style.heading == Some(level) {
            let (number, rest) = numbered_title(inner);
            self.open(vec![Line::new(text.no, clean_question(rest))], number);
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

    fn label_heading(&mut self, text: &Line, inner: &str) {
        let (name, rest) = match inner.split_once([':', '：']) {
            Some((name, rest)) => (name.trim(), rest.trim()),
            None => (inner, ""),
        };
        let rest = if rest.is_empty() {
            Vec::new()
        } else {
            vec![Line::new(text.no, rest)]
        };
        let family = label::family(name).unwrap_or(Family::Known);
        self.labelled(Line::new(text.no, name), rest, family, &[]);
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

    // --- paragraphs -----------------------------------------------------------------------------------------------

    fn text(&mut self, lines: Vec<Line>, blocks: &[Block]) {
        let first = lines[0].text.clone();
        if let Some(found) = marked(&first) {
            self.at += 1;
            if found.text.is_empty() {
                let rest = lines[1..].to_vec();
                if rest.is_empty() {
                    self.question_follows(lines[0].no, found.number, blocks);
                } else {
                    self.open_from(rest, found.number);
                }
            } else {
                let mut lines = lines.clone();
                lines[0] = Line::new(lines[0].no, found.text);
                self.open_from(lines, found.number);
            }
            return;
        }
        if self.style.bold && is_bold_question(&first) && !self.in_list_of(&first) {
            self.at += 1;
            let inner = without_emphasis(&first);
            let (number, rest) = numbered_title(inner);
            let mut lines = lines.clone();
            lines[0] = Line::new(lines[0].no, clean_question(rest));
            let rest = lines.split_off(1);
            self.open(lines, number);
            self.body_text(rest);
            return;
        }
        if self.is_bare_section(blocks, self.at) {
            self.at += 1;
            let title = without_emphasis(&first).to_owned();
            let rest = number(&title).map_or(title.as_str(), |(_, rest)| rest);
            self.start_section(vec![Line::new(lines[0].no, rest)]);
            return;
        }
        if let Some(rest) = self.lettered_answer(&first, blocks) {
            self.at += 1;
            let mut lines = lines;
            let name = Line::new(lines[0].no, "A");
            lines[0].text = rest;
            self.answer(name, lines);
            return;
        }
        if let Some(found) = label::label(&first, self.profile.loose) {
            let (name, rest) = (Line::new(lines[0].no, found.name), found.rest.to_owned());
            let family = found.family;
            let alone = rest.is_empty() && lines.len() == 1;
            if alone && family == Family::Shape && self.listed_from(blocks, self.at + 1) {
                self.at += 1;
                self.ledger.repair(
                    name.no,
                    name.text.clone(),
                    format!("tags={}", tag(&name.text)),
                    "topic",
                );
                self.group = Some(tag(&name.text));
                return;
            }
            let mut behind = Vec::new();
            if !rest.is_empty() {
                behind.push(Line::new(name.no, rest));
            }
            behind.extend_from_slice(&lines[1..]);
            self.at += 1;
            self.labelled(name, behind, family, blocks);
            return;
        }
        if self.style.bare && lines.len() == 1 && asks(&first) && (blocks[self.at].gap || self.at == 0) {
            self.at += 1;
            let (number, rest) = numbered_title(&first);
            self.open(vec![Line::new(lines[0].no, clean_question(rest))], number);
            return;
        }
        let resources = self.resources(blocks);
        if resources > 0 {
            self.take_resources(blocks, resources);
            return;
        }
        self.at += 1;
        self.body_text(lines);
    }

    /// `A. text` behind a question that is marked; followed by `B. ..` it is a choice.
    fn lettered_answer(&self, text: &str, blocks: &[Block]) -> Option<String> {
        let question = self.question.as_ref()?;
        let rest = text.strip_prefix("A. ")?;
        let fresh = self.style.explicit && !question.answered && question.body.is_empty();
        let choice = matches!(blocks.get(self.at + 1), Some(Block { kind: Kind::Text(lines), .. }) if lines[0].text.starts_with("B. "));
        (fresh && !choice).then(|| rest.to_owned())
    }

    /// Whether bold lines are only part of an answer here: questions are marked in another way too.
    fn in_list_of(&self, text: &str) -> bool {
        self.style.explicit && self.question.is_some() && !asks(text)
    }

    fn body_text(&mut self, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.push(Piece::Block(Block {
                kind: Kind::Text(lines),
                gap: true,
            }));
        }
    }

    /// Opens a question whose text may go on in the next lines of its paragraph; what follows is answer.
    fn open_from(&mut self, mut lines: Vec<Line>, number: Option<u64>) {
        let mut taken = 1;
        while taken < lines.len()
            && !ends_sentence(&lines[taken - 1].text)
            && label::label(&lines[taken].text, self.profile.loose).is_none()
            && (lines[taken].text.starts_with(char::is_lowercase) || asks(&lines[taken].text))
        {
            taken += 1;
        }
        let rest = lines.split_off(taken);
        // `Q: What is it? A: This.`
        let mut answer = Vec::new();
        if let Some((asked, answered)) = lines.last().and_then(|line| split_answer(&line.text)) {
            let no = lines.last().map_or(0, |line| line.no);
            if let Some(last) = lines.last_mut() {
                last.text = asked;
            }
            answer.push(Line::new(no, answered));
        }
        for line in &mut lines {
            line.text = clean_question(&line.text).to_owned();
        }
        self.open(lines, number);
        answer.extend(rest);
        if answer.is_empty() {
            return;
        }
        let first = answer[0].text.clone();
        if let Some(found) = label::label(&first, self.profile.loose) {
            let name = Line::new(answer[0].no, found.name);
            let mut behind = Vec::new();
            if !found.rest.is_empty() {
                behind.push(Line::new(name.no, found.rest));
            }
            behind.extend_from_slice(&answer[1..]);
            self.labelled(name, behind, found.family, &[]);
        } else {
            self.body_text(answer);
        }
    }

    /// `Question 3` stood alone: its text is the next heading or paragraph.
    fn question_follows(&mut self, no: usize, number: Option<u64>, blocks: &[Block]) {
        match blocks.get(self.at).map(|block| &block.kind) {
            Some(Kind::Text(lines)) if label::label(&lines[0].text, false).is_none() => {
                let lines = lines.clone();
                self.at += 1;
                self.open_from(lines, number);
            }
            Some(Kind::Heading { text, .. }) => {
                self.at += 1;
                self.open(vec![Line::new(text.no, without_emphasis(&text.text))], number);
            }
            _ => self.open_lost(no),
        }
    }

    // --- sections without headings --------------------------------------------------------------------------------

    /// Whether a line without markup is the title of a section: it stands apart, and questions follow.
    fn is_bare_section(&self, blocks: &[Block], at: usize) -> bool {
        let Some(Block {
            kind: Kind::Text(lines),
            gap,
        }) = blocks.get(at)
        else {
            return false;
        };
        let text = without_emphasis(&lines[0].text);
        if self.profile.headings || lines.len() != 1 || !(*gap || at == 0) {
            return false;
        }
        if blocks.get(at + 1).is_none_or(|next| !next.gap) {
            return false;
        }
        let chapter = is_chapter(text);
        if !chapter && (!is_title(text) || label::family(text).is_some() || asks(text)) {
            return false;
        }
        match opener(blocks, at + 1, &self.style, self.profile) {
            Opener::Question => true,
            Opener::Listed => true,
            Opener::Other => {
                chapter
                    || self.profile.glued
                        && resource_pairs(blocks, at) < 3
                        && matches!(blocks[at + 1].kind, Kind::Text(_))
                        && !matches!(blocks.get(at + 2), Some(next) if next.gap && is_bare(next))
            }
        }
    }

    /// How many pairs of a title and one paragraph follow each other: a list of resources whose markup is lost.
    fn resources(&self, blocks: &[Block]) -> usize {
        if !self.profile.glued {
            return 0;
        }
        let pairs = resource_pairs(blocks, self.at);
        if pairs >= 3 { pairs } else { 0 }
    }

    fn take_resources(&mut self, blocks: &[Block], pairs: usize) {
        // What introduces the list stood below a heading that is lost.
        let intro = self.question.is_none().then_some(self.section.as_mut()).flatten();
        let lead = intro.and_then(|section| match section.intro.last() {
            Some(Piece::Block(Block {
                kind: Kind::Text(lines),
                gap: true,
            })) if section.intro.len() > 1 => {
                let lines = lines.clone();
                section.intro.pop();
                Some(lines)
            }
            _ => None,
        });
        if let Some(lines) = lead {
            let title = suggest::section(&lines[0].text);
            self.ledger.notice(
                lines[0].no,
                format!(
                    "the heading of the section that begins here is lost; `{title}` is only a suggestion"
                ),
            );
            self.start_section(vec![Line::new(0, title)]);
            if let Some(section) = &mut self.section {
                section.lost = true;
            }
            self.body_text(lines);
        }
        for pair in blocks[self.at..self.at + pairs * 2].chunks(2) {
            if let [
                Block {
                    kind: Kind::Text(title),
                    ..
                },
                Block {
                    kind: Kind::Text(text),
                    ..
                },
            ] = pair
            {
                let mut body = vec![Line::new(text[0].no, String::new())];
                body.extend(
                    text.iter()
                        .map(|line| Line::new(line.no, format!("  {}", line.text))),
                );
                self.push(Piece::Block(Block {
                    kind: Kind::Item(Item {
                        indent: 0,
                        marker: Marker::Bullet,
                        sign: "- ".to_owned(),
                        head: vec![Line::new(title[0].no, format!("**{}**", title[0].text.trim()))],
                        body,
                    }),
                    gap: false,
                }));
            }
        }
        self.at += pairs * 2;
    }

    // --- labels ---------------------------------------------------------------------------------------------------

    fn labelled(&mut self, name: Line, rest: Vec<Line>, family: Family, blocks: &[Block]) {
        match family {
            Family::Answer => self.answer(name, rest),
            Family::Difficulty => self.difficulty(name, rest, blocks),
            Family::FollowUp if self.question.is_some() => self.follow_up(&name, rest, blocks),
            Family::Chain if self.question.is_some() => {
                self.end_follow_up();
                if rest.is_empty() {
                    self.in_chain = true;
                } else {
                    self.follow_up(&name, rest, blocks);
                }
            }
            _ => {
                self.in_chain = false;
                self.push(Piece::Label { name, rest });
            }
        }
    }

    fn answer(&mut self, name: Line, rest: Vec<Line>) {
        self.in_chain = false;
        if let Some(follow_up) = &mut self.follow_up
            && !follow_up.answered
        {
            follow_up.answered = true;
            self.body_text(rest);
            return;
        }
        let mut asked = None;
        if let Some(question) = &mut self.question {
            if !question.answered
                && self.follow_up.is_none()
                && (question.body.is_empty() || !self.style.lost || !question.listed)
            {
                question.answered = true;
                if question.body.is_empty() {
                    self.body_text(rest);
                } else {
                    self.push(Piece::Label { name, rest });
                }
                return;
            }
            asked = last_asked(&mut question.body);
        } else if let Some(section) = &mut self.section {
            asked = last_asked(&mut section.intro);
        } else {
            asked = last_asked(&mut self.guide.intro).or(asked);
        }
        if let Some(lines) = asked {
            self.open(lines, None);
        } else if self.style.lost || self.question.is_none() {
            self.open_lost(name.no);
        } else {
            self.push(Piece::Label { name, rest });
            return;
        }
        if let Some(question) = &mut self.question {
            question.answered = true;
        }
        self.body_text(rest);
    }

    fn difficulty(&mut self, name: Line, rest: Vec<Line>, blocks: &[Block]) {
        let fresh = self
            .question
            .as_ref()
            .is_some_and(|question| question.body.is_empty() && self.follow_up.is_none() && !question.listed);
        // Before the next question it belongs to the answer that ends here.
        let opens = blocks.get(self.at).is_some_and(|next| !self.is_question(next));
        if !fresh
            && opens
            && self.style.lost
            && (self.question.is_none()
                || self.question.as_ref().is_some_and(|question| {
                    question.level.is_some()
                        || question.lost
                        || question.listed
                        || question.answered
                        || !question.body.is_empty()
                }))
            && !self.profile.headings
        {
            self.open_lost(name.no);
        }
        let mut rest = rest;
        let after = if rest.len() > 1 {
            rest.split_off(1)
        } else {
            Vec::new()
        };
        let text = rest.first().map_or("", |line| line.text.as_str());
        let level = label::level(text).map(|(level, _)| level);
        match (&mut self.question, level) {
            (Some(question), Some(level)) => {
                question.level.get_or_insert(level);
            }
            (_, None) => self.ledger.notice(
                name.no,
                format!("`{text}` is no known level; give the question `level=junior`, `intermediate`, `senior` or `staff`"),
            ),
            (None, Some(_)) => {}
        }
        self.push(Piece::Label { name, rest });
        self.body_text(after);
    }

    fn follow_up(&mut self, name: &Line, mut rest: Vec<Line>, blocks: &[Block]) {
        self.end_follow_up();
        self.in_chain = false;
        if rest.is_empty() {
            match blocks.get(self.at).map(|block| &block.kind) {
                Some(Kind::Text(lines)) if label::label(&lines[0].text, false).is_none() => {
                    rest = lines.clone();
                    self.at += 1;
                }
                Some(Kind::Item(_)) => {
                    self.in_chain = true;
                    return;
                }
                _ => {
                    self.push(Piece::Label {
                        name: name.clone(),
                        rest,
                    });
                    return;
                }
            }
        }
        let mut taken = 1;
        while taken < rest.len() && !ends_sentence(&rest[taken - 1].text) {
            taken += 1;
        }
        let after = rest.split_off(taken);
        let mut answer = None;
        if let Some(last) = rest.last_mut()
            && let Some((asked, answered)) = split_answer(&last.text)
        {
            let no = last.no;
            last.text = asked;
            answer = label::label(&answered, false).map(|label| Line::new(no, label.rest));
        }
        for line in &mut rest {
            line.text = clean(&line.text).to_owned();
        }
        self.follow_up = Some(Question {
            no: name.no,
            text: rest,
            answered: answer.is_some(),
            ..Question::default()
        });
        self.body_text(answer.into_iter().chain(after).collect());
    }

    // --- list items -----------------------------------------------------------------------------------------------

    fn item(&mut self, item: &Item, blocks: &[Block]) {
        let head = &item.head[0];
        if self.in_chain && self.question.is_some() {
            self.at += 1;
            let question = Question {
                no: head.no,
                text: item.head.clone(),
                body: self.inner(&item.body),
                ..Question::default()
            };
            if let Some(parent) = &mut self.question {
                parent.chain.push(question);
            }
            return;
        }
        if let Some(found) = marked(&head.text).filter(|found| !found.text.is_empty()) {
            let mut lines = item.head.clone();
            lines[0] = Line::new(head.no, found.text);
            let number = found.number;
            self.at += 1;
            self.open_item(lines, number, &item.body, blocks);
            return;
        }
        if self.style.bullets && is_item_question(&head.text) && item.indent == 0 {
            self.at += 1;
            self.open_item(item.head.clone(), None, &item.body, blocks);
            return;
        }
        let Marker::Number(value) = item.marker else {
            self.body_item(item, blocks);
            return;
        };
        if self.style.numbered_sections && is_bare_title(blocks, self.at) {
            self.at += 1;
            self.start_section(item.head.clone());
            return;
        }
        if self.listed_from(blocks, self.at) {
            self.at += 1;
            self.open_item(item.head.clone(), Some(value), &item.body, blocks);
            if let Some(question) = &mut self.question {
                question.listed = true;
                question.tags.extend(self.group.clone());
            }
            return;
        }
        if self.style.numbered && item.indent == 0 && self.is_numbered_question(value, blocks) {
            self.at += 1;
            let body = item.body.clone();
            self.open_item(item.head.clone(), Some(value), &body, blocks);
            return;
        }
        if self.style.numbered && item.indent == 0 {
            // A list within an answer: all of it, so that its later numbers are not taken for questions.
            let count = group(blocks, self.at);
            for block in &blocks[self.at..self.at + count] {
                self.push(Piece::Block(block.clone()));
            }
            self.at += count;
            return;
        }
        self.body_item(item, blocks);
    }

    fn body_item(&mut self, item: &Item, blocks: &[Block]) {
        let _ = item;
        self.push(Piece::Block(blocks[self.at].clone()));
        self.at += 1;
    }

    /// Whether a number at the margin is a question and not an item of a list within an answer.
    fn is_numbered_question(&self, value: u64, blocks: &[Block]) -> bool {
        let Kind::Item(item) = &blocks[self.at].kind else {
            return false;
        };
        let head = &item.head[0].text;
        if head.starts_with('[') && head.contains("](#") {
            return false;
        }
        let Some(question) = &self.question else {
            return true;
        };
        let alone = group(blocks, self.at) < 2;
        let expected = value == self.last_number + 1;
        if expected {
            return alone
                || reads_like_one(head)
                || is_separated(blocks, self.at)
                || question.body.is_empty();
        }
        // A new count from one is a list, unless it reads like the questions do.
        value == 1 && (alone && is_separated(blocks, self.at) && self.last_number > 1 && reads_like_one(head))
    }

    /// Whether a numbered item, or a bullet, is one of a list of questions that have no answers.
    fn listed_from(&self, blocks: &[Block], at: usize) -> bool {
        let Some(Block {
            kind: Kind::Item(item),
            ..
        }) = blocks.get(at)
        else {
            return false;
        };
        let open = self.question.as_ref().is_some_and(|question| !question.listed)
            || self.section.is_none() && self.question.is_none() && self.style.heading.is_some();
        let exercise = self
            .section
            .as_ref()
            .is_some_and(|section| section.title.iter().any(|line| is_exercise_section(&line.text)));
        let closed = self.question.as_ref().is_none_or(|question| question.listed)
            || exercise && self.question.as_ref().is_some_and(|question| question.listed);
        if open || !closed {
            return false;
        }
        let text = &item.head[0].text;
        if item.body.iter().any(|line| !line.is_blank())
            || text.contains("](#")
            || text.starts_with("**") && !asks(text)
        {
            return false;
        }
        if exercise {
            return item.marker != Marker::Bullet || reads_like_one(text);
        }
        if item.marker == Marker::Bullet || self.style.numbered {
            return false;
        }
        // In the middle of a list the first items have told already.
        let count = group(blocks, at);
        let asking = blocks[at..at + count]
            .iter()
            .filter(|block| matches!(&block.kind, Kind::Item(item) if asks(&item.head[0].text)))
            .count();
        asks(text) && asking * 5 >= count * 4
    }

    fn open_item(&mut self, mut lines: Vec<Line>, number: Option<u64>, body: &[Line], blocks: &[Block]) {
        // The text goes on in the next line.
        if body.is_empty()
            && let Some(Block {
                kind: Kind::Text(more),
                gap: false,
            }) = blocks.get(self.at)
            && lines.last().is_some_and(|line| !ends_sentence(&line.text))
            && more[0].text.starts_with(char::is_lowercase)
            && label::label(&more[0].text, self.profile.loose).is_none()
        {
            lines.extend_from_slice(more);
            self.at += 1;
        }
        // `**What is it?** It is ..`
        let mut behind = None;
        let no = lines.last().map_or(0, |line| line.no);
        if lines.len() == 1
            && let Some(inner) = lines[0].text.strip_prefix("**")
            && let Some((asked, rest)) = inner.split_once("**")
            && !rest.trim().is_empty()
            && (asks(asked) || asked.ends_with(':'))
        {
            let (asked, rest) = (
                asked.trim_end_matches(':').to_owned(),
                rest.trim()
                    .trim_start_matches(['-', '–', '—', ':'])
                    .trim()
                    .to_owned(),
            );
            behind = Some(rest);
            lines[0].text = asked;
        } else if let Some((asked, rest)) = lines.last().and_then(|line| split_answer(&line.text)) {
            if let Some(last) = lines.last_mut() {
                last.text = asked;
            }
            behind = Some(rest);
        }
        let last = blocks.get(self.at).is_none_or(is_number);
        if behind.is_none()
            && body.is_empty()
            && last
            && lines.len() == 1
            && let Some((asked, rest)) = answered_in_line(&lines[0].text)
        {
            behind = Some(rest.to_owned());
            lines[0].text = asked.to_owned();
        }
        for line in &mut lines {
            line.text = clean_question(&line.text).to_owned();
        }
        self.open(lines, number);
        if let Some(text) = behind.filter(|text| !text.is_empty()) {
            match label::label(&text, false) {
                Some(found) => {
                    let rest = vec![Line::new(no, found.rest)];
                    self.labelled(Line::new(no, found.name), rest, found.family, &[]);
                }
                None => self.body_text(vec![Line::new(no, text)]),
            }
        }
        if body.is_empty() {
            return;
        }
        // What is indented below a question is its answer, with labels and follow-ups of its own.
        let inner = inner_blocks(body, self.profile, self.ledger);
        let at = std::mem::take(&mut self.at);
        while self.at < inner.len() {
            match &inner[self.at].kind {
                Kind::Text(lines) if marked(&lines[0].text).is_none() => self.text(lines.clone(), &inner),
                Kind::Item(item) if is_answer(item) => {
                    let item = item.clone();
                    self.at += 1;
                    self.item_answer(&item);
                }
                _ => {
                    self.push(Piece::Block(inner[self.at].clone()));
                    self.at += 1;
                }
            }
        }
        self.at = at;
    }

    /// An answer that is itself a list item: `- A: text`.
    fn item_answer(&mut self, item: &Item) {
        let head = &item.head[0];
        if let Some(found) = label::label(&head.text, false) {
            let mut rest = Vec::new();
            if !found.rest.is_empty() {
                rest.push(Line::new(head.no, found.rest));
            }
            rest.extend_from_slice(&item.head[1..]);
            self.answer(Line::new(head.no, found.name), rest);
        }
        for piece in self.inner(&item.body) {
            self.push(piece);
        }
    }

    fn inner(&mut self, body: &[Line]) -> Vec<Piece> {
        inner_blocks(body, self.profile, self.ledger)
            .into_iter()
            .map(Piece::Block)
            .collect()
    }

    // --- tables of questions and answers ---------------------------------------------------------------------------

    fn question_table(&mut self, rows: &[super::table::Row]) -> bool {
        const ASKED: [&str; 10] = [
            "question",
            "questions",
            "q",
            "frage",
            "fragen",
            "问题",
            "pregunta",
            "вопрос",
            "質問",
            "面试题",
        ];
        const ANSWERED: [&str; 10] = [
            "answer",
            "answers",
            "a",
            "antwort",
            "antworten",
            "答案",
            "回答",
            "respuesta",
            "ответ",
            "model answer",
        ];
        let Some((head, rows)) = rows.split_first() else {
            return false;
        };
        let is = |cell: &str, names: &[&str]| names.contains(&without_emphasis(cell).to_lowercase().as_str());
        let asked = head.cells.iter().position(|cell| is(cell, &ASKED));
        let answered = head.cells.iter().position(|cell| is(cell, &ANSWERED));
        let (Some(asked), Some(answered)) = (asked, answered) else {
            return false;
        };
        for row in rows {
            let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
            let (number, text) = numbered_title(cell(asked));
            if text.is_empty() {
                continue;
            }
            self.open(vec![Line::new(row.no, clean_question(text))], number);
            for (at, name) in head.cells.iter().enumerate() {
                let value = cell(at);
                if at == asked || value.is_empty() {
                    continue;
                }
                let rest = vec![Line::new(row.no, value.replace("\\|", "|"))];
                if at == answered {
                    self.body_text(rest);
                } else if label::family(name) == Some(Family::Difficulty) {
                    self.difficulty(Line::new(row.no, name.as_str()), rest, &[]);
                } else if name.chars().any(char::is_alphabetic)
                    && !matches!(name.to_lowercase().as_str(), "no" | "no." | "nr" | "nr.")
                {
                    self.push(Piece::Label {
                        name: Line::new(row.no, name.as_str()),
                        rest,
                    });
                }
            }
        }
        true
    }

    // --- opening and closing --------------------------------------------------------------------------------------

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
        self.question = Some(Question {
            no,
            text,
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

fn is_answer(item: &Item) -> bool {
    item.marker == Marker::Bullet
        && label::label(&item.head[0].text, false).is_some_and(|label| label.family == Family::Answer)
}

/// What the next paragraphs lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opener {
    /// A question, or an answer whose question is lost.
    Question,
    /// A list of questions.
    Listed,
    /// Anything else.
    Other,
}

/// What opens behind at most three paragraphs.
fn opener(blocks: &[Block], from: usize, style: &Style, profile: &Profile) -> Opener {
    for (ahead, block) in blocks.iter().enumerate().skip(from).take(4) {
        match &block.kind {
            Kind::Text(lines) => {
                let text = &lines[0].text;
                if marked(text).is_some()
                    || style.bold && is_bold_question(text)
                    || style.bare && lines.len() == 1 && asks(text)
                {
                    return Opener::Question;
                }
                match label::label(text, profile.loose).map(|label| label.family) {
                    Some(Family::Answer | Family::Difficulty) => return Opener::Question,
                    Some(Family::Shape) => {}
                    Some(_) => return Opener::Other,
                    None if ahead > from && block.gap && is_bare(block) => return Opener::Other,
                    None => {}
                }
            }
            Kind::Item(item) => {
                if marked(&item.head[0].text).is_some() {
                    return Opener::Question;
                }
                let numbered = matches!(item.marker, Marker::Number(_));
                if style.numbered && item.marker == Marker::Number(1) && item.indent == 0 {
                    return Opener::Question;
                }
                let asking = asks(&item.head[0].text);
                return if asking && (numbered || style.bullets) && !style.numbered {
                    Opener::Listed
                } else {
                    Opener::Other
                };
            }
            _ => return Opener::Other,
        }
    }
    Opener::Other
}

fn is_bare(block: &Block) -> bool {
    matches!(&block.kind, Kind::Text(lines) if lines.len() == 1 && is_title(&lines[0].text))
}

/// Whether a block is one short line that is no sentence; names of resources may begin in lower case.
fn is_entry(block: &Block) -> bool {
    matches!(&block.kind, Kind::Text(lines) if lines.len() == 1 && lines[0].text.chars().count() <= 80 && !ends_sentence(&lines[0].text))
}

/// How many pairs of a bare title and one paragraph follow each other, each behind a blank line.
fn resource_pairs(blocks: &[Block], from: usize) -> usize {
    let mut pairs = 0;
    let mut at = from;
    while at + 1 < blocks.len() {
        let title = is_entry(&blocks[at]) && blocks[at].gap;
        let text = blocks[at + 1].gap
            && matches!(&blocks[at + 1].kind, Kind::Text(lines) if ends_sentence(&lines[0].text) && !asks(&lines[0].text));
        let apart = blocks.get(at + 2).is_none_or(|next| next.gap && is_entry(next));
        if !(title && text && apart) {
            break;
        }
        pairs += 1;
        at += 2;
    }
    pairs
}

/// How many numbered items follow each other, each one more than the last.
fn group(blocks: &[Block], at: usize) -> usize {
    let value = |block: &Block| match &block.kind {
        Kind::Item(Item {
            marker: Marker::Number(value),
            ..
        }) => Some(*value),
        _ => None,
    };
    // Capped: a longer list tells no more.
    let pairs = blocks[at..].windows(2).take(200);
    let more = pairs
        .take_while(|pair| is_number(&pair[1]) && value(&pair[1]) == value(&pair[0]).map(|value| value + 1))
        .count();
    more + 1
}

/// `Section 2: Basics`, `Part III — Depth`, `第一章 基础`.
fn is_chapter(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = [
        "section ",
        "part ",
        "chapter ",
        "module ",
        "teil ",
        "kapitel ",
        "abschnitt ",
        "capítulo ",
    ]
    .iter()
    .find_map(|word| lower.strip_prefix(word));
    let counted = word.is_some_and(|rest| {
        let count = rest.split([' ', ':', '.', '-']).next().unwrap_or_default();
        !count.is_empty()
            && (count.bytes().all(|byte| byte.is_ascii_digit()) || count.chars().all(|c| "ivx".contains(c)))
    });
    let wide = text.starts_with('第') && text.chars().take(5).any(|c| matches!(c, '章' | '部' | '节'));
    (counted || wide) && text.chars().count() <= 80 && !text.ends_with('.')
}

/// The number of a title (`3.`, `3)`, `2.1`, `2.1.`) and the text behind it.
pub(super) fn numbered_title(text: &str) -> (Option<u64>, &str) {
    let text = text.trim();
    if let Some((value, rest)) = number(text) {
        return (Some(value), rest);
    }
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
    let (count, rest) = text.split_at(digits);
    if count.contains('.')
        && count.starts_with(|c: char| c.is_ascii_digit())
        && rest.starts_with(' ')
        && starts_big(rest.trim())
    {
        let last = count.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        return (last.parse().ok(), rest.trim());
    }
    (None, text)
}

/// A question's text without emphasis, quotation marks or a stray colon around it.
fn clean_question(text: &str) -> &str {
    let text = clean(text);
    text.strip_suffix(':').filter(|rest| asks(rest)).unwrap_or(text)
}

/// `Why? Answer: Because.` taken apart.
fn split_answer(text: &str) -> Option<(String, String)> {
    for mark in ["?", "？", "?**", "?*"] {
        for word in [
            "Answer:",
            "A:",
            "**Answer:**",
            "**A:**",
            "Ans:",
            "Antwort:",
            "答：",
            "答案：",
        ] {
            for gap in [" ", ""] {
                let whole = format!("{mark}{gap}{word}");
                if let Some(at) = text.find(&whole) {
                    let cut = at + mark.len();
                    return Some((text[..cut].trim().to_owned(), text[cut..].trim().to_owned()));
                }
            }
        }
    }
    None
}

/// `Why? Because it is so.`: a question and its answer in one line.
fn answered_in_line(text: &str) -> Option<(&str, &str)> {
    let mark = text.rfind(['?', '？'])?;
    let end = mark + text[mark..].chars().next().map_or(1, char::len_utf8);
    let rest = text[end..].trim();
    let answers =
        rest.chars().count() > 1 && starts_big(rest) && ends_sentence(rest) && !reads_like_one(rest);
    answers.then(|| (text[..end].trim(), rest))
}

/// The last paragraph, if it asks and stands alone: the question of the answer that follows.
fn last_asked(body: &mut Vec<Piece>) -> Option<Vec<Line>> {
    let asked = matches!(body.last(), Some(Piece::Block(Block { kind: Kind::Text(lines), .. })) if lines.len() <= 2 && lines.last().is_some_and(|line| asks(&line.text)));
    if !asked {
        return None;
    }
    match body.pop() {
        Some(Piece::Block(Block {
            kind: Kind::Text(lines),
            ..
        })) => Some(
            lines
                .into_iter()
                .map(|line| Line::new(line.no, clean_question(&line.text)))
                .collect(),
        ),
        _ => None,
    }
}

fn inner_blocks(body: &[Line], profile: &Profile, ledger: &mut Ledger) -> Vec<Block> {
    let margin = body
        .iter()
        .filter(|line| !line.is_blank())
        .map(|line| indent(&line.text))
        .min()
        .unwrap_or(0);
    let lines: Vec<Line> = body
        .iter()
        .map(|line| Line::new(line.no, dedent(&line.text, margin)))
        .collect();
    // Amounts and glue were repaired when the item was read.
    let profile = Profile {
        glued: false,
        ..profile.clone()
    };
    block::blocks(&lines, &profile, ledger)
}

/// A tag of a title.
fn tag(text: &str) -> String {
    super::write::tidy(&slug(text))
}
