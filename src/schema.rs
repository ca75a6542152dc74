//! The content as data: the one JSON schema of `guides.json` and of what `import` prints.

use serde::Serialize;

use crate::model::document::{Block, BlockKind, Inline, InlineKind, plain_text};
use crate::model::guide::{AnswerPart, Question, Section};
use crate::source::{Source, Span};

/// The tag of a question whose title is only a suggestion, because the source had lost it.
pub const TITLE_LOST: &str = "title-lost";

/// The whole file.
#[derive(Serialize)]
pub struct Root {
    /// Version of the schema.
    pub version: u32,
    /// The guides.
    pub guides: Vec<GuideJson>,
    /// What an import left out; not there in `guides.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Vec<DroppedJson>>,
    /// What an import changed; not there in `guides.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repairs: Option<Vec<RepairJson>>,
}

/// Text that an import left out.
#[derive(Serialize)]
pub struct DroppedJson {
    /// 1-based line in the source.
    pub line: usize,
    /// The text.
    pub text: String,
    /// The rule that dropped it.
    pub why: String,
}

/// Text that an import wrote in another way.
#[derive(Serialize)]
pub struct RepairJson {
    /// 1-based line in the source.
    pub line: usize,
    /// As the source has it.
    pub from: String,
    /// As it is now.
    pub to: String,
    /// The rule that changed it.
    pub why: String,
}

/// A guide.
#[derive(Serialize)]
pub struct GuideJson {
    /// The anchor.
    pub id: String,
    /// The title.
    pub title: String,
    /// Path of the file.
    pub file: String,
    /// Markdown that belongs to no question.
    pub intro: String,
    /// The sections.
    pub sections: Vec<SectionJson>,
}

/// A section of a guide.
#[derive(Serialize)]
pub struct SectionJson {
    /// The anchor.
    pub id: String,
    /// The title.
    pub title: String,
    /// Markdown that belongs to no question.
    pub intro: String,
    /// Blocks of code, in order.
    pub code: Vec<CodeJson>,
    /// Tables, in order.
    pub tables: Vec<TableJson>,
    /// The questions.
    pub questions: Vec<QuestionJson>,
}

/// A question with its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionJson {
    /// The anchor.
    pub id: String,
    /// The question as asked.
    pub text: String,
    /// How senior it is.
    pub level: Option<&'static str>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether the source had lost the question, so that `text` is only a suggestion.
    pub title_lost: bool,
    /// Path of the file.
    pub file: String,
    /// 1-based line of the question in `file`.
    pub line: usize,
    /// The answer.
    pub parts: Vec<PartJson>,
    /// Blocks of code, in order.
    pub code: Vec<CodeJson>,
    /// Tables, in order.
    pub tables: Vec<TableJson>,
    /// Slugs of the snippets shown.
    pub snippets: Vec<String>,
    /// Addresses linked to.
    pub links: Vec<String>,
    /// The follow-up questions.
    pub follow_ups: Vec<FollowUpJson>,
}

/// A follow-up question.
#[derive(Serialize)]
pub struct FollowUpJson {
    /// The anchor.
    pub id: String,
    /// The question as asked.
    pub text: String,
    /// The answer.
    pub parts: Vec<PartJson>,
    /// Blocks of code, in order.
    pub code: Vec<CodeJson>,
    /// Tables, in order.
    pub tables: Vec<TableJson>,
}

/// A labelled part of an answer.
#[derive(Serialize)]
pub struct PartJson {
    /// The label as written.
    pub label: String,
    /// What themes know the part by.
    pub role: String,
    /// Its text without the label.
    pub markdown: String,
}

/// A block of code.
#[derive(Serialize)]
pub struct CodeJson {
    /// The language named; empty if none is.
    pub lang: String,
    /// How many lines it has.
    pub lines: usize,
}

/// A table.
#[derive(Serialize)]
pub struct TableJson {
    /// Rows without the header.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// A section as the schema has it; `place` finds a question's file and line.
#[must_use]
pub fn section(section: &Section, source: &Source, place: &dyn Fn(Span) -> (String, usize)) -> SectionJson {
    let counts = Counts::of(std::iter::once(section.intro.as_slice()));
    SectionJson {
        id: section.id.clone(),
        title: plain_text(&section.title),
        intro: slice(&section.intro, source),
        code: counts.code,
        tables: counts.tables,
        questions: section
            .questions
            .iter()
            .map(|question| question_json(question, source, place))
            .collect(),
    }
}

fn question_json(
    question: &Question,
    source: &Source,
    place: &dyn Fn(Span) -> (String, usize),
) -> QuestionJson {
    let counts = Counts::of(question.parts.iter().map(|part| part.blocks.as_slice()));
    let (file, line) = place(question.span);
    QuestionJson {
        id: question.id.clone(),
        text: plain_text(&question.title),
        level: question.level.map(crate::model::guide::QuestionLevel::as_str),
        tags: question.tags.clone(),
        title_lost: question.tags.iter().any(|tag| tag == TITLE_LOST),
        file,
        line,
        parts: parts_json(&question.parts, source),
        code: counts.code,
        tables: counts.tables,
        snippets: counts.snippets,
        links: counts.links,
        follow_ups: question
            .follow_ups
            .iter()
            .map(|follow_up| {
                let counts = Counts::of(follow_up.parts.iter().map(|part| part.blocks.as_slice()));
                FollowUpJson {
                    id: follow_up.id.clone(),
                    text: plain_text(&follow_up.title),
                    parts: parts_json(&follow_up.parts, source),
                    code: counts.code,
                    tables: counts.tables,
                }
            })
            .collect(),
    }
}

fn parts_json(parts: &[AnswerPart], source: &Source) -> Vec<PartJson> {
    parts
        .iter()
        .map(|part| PartJson {
            label: part.label.clone(),
            role: part.role.as_str().to_owned(),
            markdown: without_label(text_at(part.span, source)).to_owned(),
        })
        .collect()
}

fn text_at(span: Span, source: &Source) -> &str {
    source.text.get(span.range()).unwrap_or_default().trim()
}

/// A part's text behind its `**Label:**` or `**Label**:`.
fn without_label(text: &str) -> &str {
    for mark in ["**", "__"] {
        if let Some(rest) = text.strip_prefix(mark)
            && let Some((label, rest)) = rest.split_once(mark)
        {
            let rest = if label.trim_end().ends_with(':') {
                Some(rest)
            } else {
                rest.trim_start().strip_prefix(':')
            };
            return rest.unwrap_or(text).trim();
        }
    }
    text
}

/// The source of some neighbouring blocks.
#[must_use]
pub fn slice(blocks: &[Block], source: &Source) -> String {
    match (blocks.first(), blocks.last()) {
        (Some(first), Some(last)) => source
            .text
            .get(first.span.start as usize..last.span.end as usize)
            .unwrap_or_default()
            .trim()
            .to_owned(),
        _ => String::new(),
    }
}

/// What some blocks hold, at any depth.
#[derive(Default)]
struct Counts {
    code: Vec<CodeJson>,
    tables: Vec<TableJson>,
    snippets: Vec<String>,
    links: Vec<String>,
}

impl Counts {
    fn of<'a>(parts: impl Iterator<Item = &'a [Block]>) -> Self {
        let mut counts = Self::default();
        for blocks in parts {
            counts.add_blocks(blocks);
        }
        counts
    }

    // The parser caps the depth of the tree, so that recursion is bounded.
    fn add_blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match &block.kind {
                BlockKind::Code(code) => self.code.push(CodeJson {
                    lang: code.language().to_owned(),
                    lines: code.text.lines().count(),
                }),
                BlockKind::Table(table) => {
                    self.tables.push(TableJson {
                        rows: table.rows.len(),
                        columns: table.head.len(),
                    });
                    for cell in table.head.iter().chain(table.rows.iter().flatten()) {
                        self.add_inlines(cell);
                    }
                }
                BlockKind::Snippet(snippet) => {
                    if !self.snippets.contains(&snippet.slug) {
                        self.snippets.push(snippet.slug.clone());
                    }
                }
                BlockKind::Paragraph(content) => self.add_inlines(content),
                BlockKind::Heading(heading) => self.add_inlines(&heading.content),
                BlockKind::List(list) => {
                    for item in &list.items {
                        self.add_blocks(&item.blocks);
                    }
                }
                BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => self.add_blocks(blocks),
                BlockKind::Definitions(definitions) => {
                    for definition in definitions {
                        self.add_inlines(&definition.term);
                        for body in &definition.bodies {
                            self.add_blocks(body);
                        }
                    }
                }
                BlockKind::Rule | BlockKind::Html(_) => {}
            }
        }
    }

    fn add_inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match &inline.kind {
                InlineKind::Link {
                    destination, content, ..
                } => {
                    self.links.push(destination.clone());
                    self.add_inlines(content);
                }
                InlineKind::Emphasis(content)
                | InlineKind::Strong(content)
                | InlineKind::Strikethrough(content) => self.add_inlines(content),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_label;

    #[test]
    fn labels_are_taken_off() {
        assert_eq!(without_label("**TL;DR:** Yes."), "Yes.");
        assert_eq!(without_label("**How**: so"), "so");
        assert_eq!(without_label("plain **bold** text"), "plain **bold** text");
        assert_eq!(without_label("**bold** text"), "**bold** text");
    }
}
