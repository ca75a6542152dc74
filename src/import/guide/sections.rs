//! Sections of a text without headings, and what is left of lists of resources.

use super::Assembler;
use crate::import::block::{Block, Item, Kind, Profile};
use crate::import::label::{self, Family};
use crate::import::line::{Line, Marker, asks, ends_sentence, is_title, without_emphasis};
use crate::import::outline::Piece;
use crate::import::question::marked;
use crate::import::style::{Style, is_bold_question};
use crate::import::suggest;

impl Assembler<'_> {
    /// Whether a line without markup is the title of a section: it stands apart, and questions follow.
    pub(super) fn is_bare_section(&self, blocks: &[Block], at: usize) -> bool {
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
    pub(super) fn resources(&self, blocks: &[Block]) -> usize {
        if !self.profile.glued {
            return 0;
        }
        let pairs = resource_pairs(blocks, self.at);
        if pairs >= 3 { pairs } else { 0 }
    }

    pub(super) fn take_resources(&mut self, blocks: &[Block], pairs: usize) {
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
}

/// What the next paragraphs lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    /// A question, or an answer whose question is lost.
    Question,
    /// A list of questions.
    Listed,
    /// Anything else.
    Other,
}

/// What opens behind at most three paragraphs.
pub(super) fn opener(blocks: &[Block], from: usize, style: &Style, profile: &Profile) -> Opener {
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

pub(super) fn is_bare(block: &Block) -> bool {
    matches!(&block.kind, Kind::Text(lines) if lines.len() == 1 && is_title(&lines[0].text))
}

/// Whether a block is one short line that is no sentence; names of resources may begin in lower case.
pub(super) fn is_entry(block: &Block) -> bool {
    matches!(&block.kind, Kind::Text(lines) if lines.len() == 1 && lines[0].text.chars().count() <= 80 && !ends_sentence(&lines[0].text))
}

/// How many pairs of a bare title and one paragraph follow each other, each behind a blank line.
pub(super) fn resource_pairs(blocks: &[Block], from: usize) -> usize {
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

/// `Section 2: Basics`, `Part III — Depth`, `第一章 基础`.
pub(super) fn is_chapter(text: &str) -> bool {
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
