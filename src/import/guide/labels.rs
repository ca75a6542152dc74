//! Labels: answers, levels, follow-ups, and the questions that are lost before them.

use super::Assembler;
use crate::import::block::{Block, Kind};
use crate::import::label::{self, Family};
use crate::import::line::{Line, asks, ends_sentence};
use crate::import::outline::{Piece, Question};
use crate::import::question::{clean, clean_question, split_answer};

impl Assembler<'_> {
    pub(super) fn label_heading(&mut self, text: &Line, inner: &str) {
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

    pub(super) fn labelled(&mut self, name: Line, rest: Vec<Line>, family: Family, blocks: &[Block]) {
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

    pub(super) fn answer(&mut self, name: Line, rest: Vec<Line>) {
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

    pub(super) fn difficulty(&mut self, name: Line, rest: Vec<Line>, blocks: &[Block]) {
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

    pub(super) fn follow_up(&mut self, name: &Line, mut rest: Vec<Line>, blocks: &[Block]) {
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
}

/// The last paragraph, if it asks and stands alone: the question of the answer that follows.
pub(super) fn last_asked(body: &mut Vec<Piece>) -> Option<Vec<Line>> {
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
