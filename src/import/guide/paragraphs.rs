//! Paragraphs: marked questions, labels, bare sections, prose.

use super::{Assembler, tag};
use crate::import::block::{Block, Kind};
use crate::import::label::{self, Family};
use crate::import::line::{Line, asks, ends_sentence, number, without_emphasis};
use crate::import::outline::Piece;
use crate::import::question::{clean_question, marked, numbered_title, split_answer};
use crate::import::style::is_bold_question;

impl Assembler<'_> {
    pub(super) fn text(&mut self, lines: Vec<Line>, blocks: &[Block]) {
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
            let bold = first
                .trim()
                .strip_prefix("**")
                .and_then(|rest| rest.split_once("**"));
            let inner = without_emphasis(&first);
            // `**What is it?** This.`
            let (inner, behind) = match bold.filter(|(_, behind)| !behind.trim().is_empty()) {
                Some((inner, behind)) => (inner, behind.trim_start_matches([' ', '-', '–', '—', ':'])),
                None => (inner, ""),
            };
            let (number, rest) = numbered_title(inner);
            let mut lines = lines.clone();
            let no = lines[0].no;
            lines[0] = Line::new(no, clean_question(rest));
            let mut rest = lines.split_off(1);
            if !behind.is_empty() {
                rest.insert(0, Line::new(no, behind));
            }
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
    pub(super) fn lettered_answer(&self, text: &str, blocks: &[Block]) -> Option<String> {
        let question = self.question.as_ref()?;
        let rest = text.strip_prefix("A. ")?;
        let fresh = self.style.explicit && !question.answered && question.body.is_empty();
        let choice = matches!(blocks.get(self.at + 1), Some(Block { kind: Kind::Text(lines), .. }) if lines[0].text.starts_with("B. "));
        (fresh && !choice).then(|| rest.to_owned())
    }

    /// Whether bold lines are only part of an answer here: questions are marked in another way too.
    pub(super) fn in_list_of(&self, text: &str) -> bool {
        self.style.explicit && self.question.is_some() && !asks(text)
    }

    pub(super) fn body_text(&mut self, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.push(Piece::Block(Block {
                kind: Kind::Text(lines),
                gap: true,
            }));
        }
    }

    /// Opens a question whose text may go on in the next lines of its paragraph; what follows is answer.
    pub(super) fn open_from(&mut self, mut lines: Vec<Line>, number: Option<u64>) {
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
    pub(super) fn question_follows(&mut self, no: usize, number: Option<u64>, blocks: &[Block]) {
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
}
