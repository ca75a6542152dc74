//! List items and tables: questions, questions without answers, follow-ups, or parts of an answer.

use super::Assembler;
use crate::import::block::{self, Block, Item, Kind, Profile};
use crate::import::label::{self, Family};
use crate::import::ledger::Ledger;
use crate::import::line::{Line, Marker, asks, dedent, ends_sentence, indent, marker, without_emphasis};
use crate::import::outline::{Piece, Question};
use crate::import::question::{
    answered_in_line, clean_question, is_exercise_section, marked, numbered_title, reads_like_one,
    split_answer,
};
use crate::import::style::{is_bare_title, is_item_question, is_number, is_separated};

/// The head of a column of questions, in lower case.
pub(in crate::import) const ASKED: [&str; 10] = [
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

/// The head of a column of answers, in lower case.
pub(in crate::import) const ANSWERED: [&str; 10] = [
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

impl Assembler<'_> {
    pub(super) fn item(&mut self, item: &Item, blocks: &[Block]) {
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

    pub(super) fn body_item(&mut self, item: &Item, blocks: &[Block]) {
        let _ = item;
        self.push(Piece::Block(blocks[self.at].clone()));
        self.at += 1;
    }

    /// Whether a number at the margin is a question and not an item of a list within an answer.
    pub(super) fn is_numbered_question(&self, value: u64, blocks: &[Block]) -> bool {
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
    pub(super) fn listed_from(&self, blocks: &[Block], at: usize) -> bool {
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

    pub(super) fn open_item(
        &mut self,
        mut lines: Vec<Line>,
        number: Option<u64>,
        body: &[Line],
        blocks: &[Block],
    ) {
        // The text goes on in the next line, indented below its beginning or not.
        let wrapped = body
            .iter()
            .take_while(|line| {
                let open = lines.last().is_some_and(|line| !ends_sentence(&line.text));
                let text = line.text.trim();
                let goes_on = open
                    && !text.is_empty()
                    && (text.starts_with(char::is_lowercase) || asks(text))
                    && marker(text).is_none()
                    && label::label(text, self.profile.loose).is_none();
                if goes_on {
                    lines.push(Line::new(line.no, text));
                }
                goes_on
            })
            .count();
        let body = &body[wrapped..];
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
    pub(super) fn item_answer(&mut self, item: &Item) {
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

    pub(super) fn inner(&mut self, body: &[Line]) -> Vec<Piece> {
        inner_blocks(body, self.profile, self.ledger)
            .into_iter()
            .map(Piece::Block)
            .collect()
    }

    // --- tables of questions and answers ---------------------------------------------------------------------------

    pub(super) fn question_table(&mut self, rows: &[crate::import::table::Row]) -> bool {
        let Some((head, rows)) = rows.split_first() else {
            return false;
        };
        let is = |cell: &str, names: &[&str]| names.contains(&without_emphasis(cell).to_lowercase().as_str());
        let asked = head.cells.iter().position(|cell| is(cell, &ASKED));
        let answered = head.cells.iter().position(|cell| {
            is(cell, &ANSWERED) || label::family(without_emphasis(cell)) == Some(Family::Answer)
        });
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
            let mut asked_next = None;
            for (at, name) in head.cells.iter().enumerate() {
                let value = cell(at);
                if at == asked || value.is_empty() {
                    continue;
                }
                let rest = vec![Line::new(row.no, value.replace("\\|", "|"))];
                if at == answered {
                    self.body_text(rest);
                } else if label::family(name) == Some(Family::FollowUp) {
                    asked_next = Some((Line::new(row.no, name.as_str()), rest));
                } else if label::family(name) == Some(Family::Difficulty) {
                    self.difficulty(Line::new(row.no, name.as_str()), rest, &[]);
                } else if name.chars().any(char::is_alphabetic)
                    && !matches!(name.to_lowercase().as_str(), "no" | "no." | "nr" | "nr." | "id")
                {
                    self.push(Piece::Label {
                        name: Line::new(row.no, name.as_str()),
                        rest,
                    });
                }
            }
            if let Some((name, rest)) = asked_next {
                self.follow_up(&name, rest, &[]);
            }
        }
        true
    }
}

pub(super) fn is_answer(item: &Item) -> bool {
    item.marker == Marker::Bullet
        && label::label(&item.head[0].text, false).is_some_and(|label| label.family == Family::Answer)
}

/// How many numbered items follow each other, each one more than the last.
pub(super) fn group(blocks: &[Block], at: usize) -> usize {
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

pub(super) fn inner_blocks(body: &[Line], profile: &Profile, ledger: &mut Ledger) -> Vec<Block> {
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
