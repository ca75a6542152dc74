//! `guides.json`: the whole content as data, in the schema that `import` prints too.

use serde::Serialize;

use crate::model::book::{Book, Guide};
use crate::model::document::{Block, BlockKind, Inline, InlineKind, plain_text};
use crate::model::guide::{AnswerPart, Question, Section};
use crate::source::{Source, Sources, Span};

/// The file's text.
pub(super) fn write(book: &Book, sources: &Sources) -> String {
    let root = Root {
        version: 1,
        guides: book
            .guides
            .iter()
            .map(|guide| guide_json(guide, sources))
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Root {
    version: u32,
    guides: Vec<GuideJson>,
}

#[derive(Serialize)]
struct GuideJson {
    id: String,
    title: String,
    file: String,
    intro: String,
    sections: Vec<SectionJson>,
}

#[derive(Serialize)]
struct SectionJson {
    id: String,
    title: String,
    intro: String,
    code: Vec<CodeJson>,
    tables: Vec<TableJson>,
    questions: Vec<QuestionJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuestionJson {
    id: String,
    text: String,
    level: Option<&'static str>,
    tags: Vec<String>,
    title_lost: bool,
    file: String,
    line: usize,
    parts: Vec<PartJson>,
    code: Vec<CodeJson>,
    tables: Vec<TableJson>,
    snippets: Vec<String>,
    links: Vec<String>,
    follow_ups: Vec<FollowUpJson>,
}

#[derive(Serialize)]
struct FollowUpJson {
    id: String,
    text: String,
    parts: Vec<PartJson>,
    code: Vec<CodeJson>,
    tables: Vec<TableJson>,
}

#[derive(Serialize)]
struct PartJson {
    label: String,
    role: String,
    markdown: String,
}

#[derive(Serialize)]
struct CodeJson {
    lang: String,
    lines: usize,
}

#[derive(Serialize)]
struct TableJson {
    rows: usize,
    columns: usize,
}

fn guide_json(guide: &Guide, sources: &Sources) -> GuideJson {
    let first = &guide.pages[0].document;
    let mut sections = Vec::new();
    for (index, page) in guide.pages.iter().enumerate() {
        let source = sources.get(page.document.file);
        // A section file without `##` headings is one section that bears the file's title.
        for section in &page.document.sections {
            let mut json = section_json(section, source, sources);
            if index > 0 && json.title.is_empty() {
                json.title.clone_from(&page.title);
                json.intro = slice(&page.document.intro, source);
            }
            sections.push(json);
        }
    }
    GuideJson {
        id: guide.id.clone(),
        title: guide.title.clone(),
        file: first.path.clone(),
        intro: slice(&first.intro, sources.get(first.file)),
        sections,
    }
}

fn section_json(section: &Section, source: &Source, sources: &Sources) -> SectionJson {
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
            .map(|question| question_json(question, source, sources))
            .collect(),
    }
}

fn question_json(question: &Question, source: &Source, sources: &Sources) -> QuestionJson {
    let counts = Counts::of(question.parts.iter().map(|part| part.blocks.as_slice()));
    let place = sources.locate(question.span);
    QuestionJson {
        id: question.id.clone(),
        text: plain_text(&question.title),
        level: question.level.map(crate::model::guide::QuestionLevel::as_str),
        tags: question.tags.clone(),
        title_lost: false,
        file: sources.get(place.file).path.clone(),
        line: place.line,
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
fn slice(blocks: &[Block], source: &Source) -> String {
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
