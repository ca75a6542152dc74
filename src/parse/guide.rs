//! A tree of blocks to title, sections, questions and follow-ups.

use std::mem::take;

use super::markdown::{Attributes, Parsed};
use super::{ParseOptions, front_matter, parts};
use crate::diagnostic::{Diagnostic, Severity, codes, nearest};
use crate::model::document::{Block, BlockKind, Heading, Inline, InlineKind, plain_text};
use crate::model::guide::{
    Anchor, AnchorKind, Document, DocumentKind, FrontMatter, Question, QuestionLevel, Section, Title,
};
use crate::source::{Source, Span};

/// Builds the document.
pub(super) fn build(
    source: &Source,
    front: FrontMatter,
    parsed: Parsed,
    anchors: Vec<Anchor>,
    options: &ParseOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Document {
    let has_questions = parsed.blocks.iter().any(
        |block| matches!(&block.kind, BlockKind::Heading(heading) if heading.level == options.question_level),
    );
    let by_text = if has_questions {
        DocumentKind::Guide
    } else {
        DocumentKind::Page
    };
    let kind = front.kind.or(options.kind).unwrap_or(by_text);
    check_levels(&parsed.blocks, options.question_level, diagnostics);
    let mut builder = Builder {
        options,
        kind,
        attributes: &parsed.attributes,
        diagnostics,
        document: Document {
            file: source.id,
            path: source.path.clone(),
            kind,
            front,
            title: None,
            intro: Vec::new(),
            sections: Vec::new(),
            footnotes: parsed.footnotes,
            anchors,
            links: parsed.links,
        },
        section: None,
        question: None,
        follow_up: None,
    };
    for block in parsed.blocks {
        builder.push(block);
    }
    builder.finish()
}

/// Reports headings that are more than one level below the one before; a question may stand directly below the
/// title, where there are no sections.
fn check_levels(blocks: &[Block], question_level: u8, diagnostics: &mut Vec<Diagnostic>) {
    let mut last: Option<u8> = None;
    for block in blocks {
        let BlockKind::Heading(heading) = &block.kind else {
            continue;
        };
        if let Some(last) = last
            && heading.level > last + 1
            && !(last == 1 && heading.level == question_level)
        {
            diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_HEADING_SKIP,
                    format!(
                        "this heading of level {} follows one of level {last}",
                        heading.level
                    ),
                )
                .at(heading.span)
                .help(format!(
                    "make it level {}: `{}`",
                    last + 1,
                    "#".repeat(usize::from(last) + 1)
                )),
            );
        }
        last = Some(heading.level);
    }
}

/// A question whose answer is still being gathered.
struct Open {
    question: Question,
    blocks: Vec<Block>,
}

struct Builder<'a> {
    options: &'a ParseOptions,
    kind: DocumentKind,
    attributes: &'a std::collections::HashMap<Span, Attributes>,
    diagnostics: &'a mut Vec<Diagnostic>,
    document: Document,
    section: Option<Section>,
    question: Option<Open>,
    follow_up: Option<Open>,
}

impl Builder<'_> {
    fn push(&mut self, block: Block) {
        let BlockKind::Heading(heading) = block.kind else {
            self.push_content(block);
            return;
        };
        let question_level = self.options.question_level;
        let guide = self.kind == DocumentKind::Guide;
        if heading.level == 1 && self.document.title.is_none() && self.nothing_yet() {
            self.document.title = Some(Title {
                content: heading.content,
                span: heading.span,
            });
        } else if guide && heading.level == question_level {
            self.end_question();
            let question = self.question(heading, block.span);
            self.question = Some(Open {
                question,
                blocks: Vec::new(),
            });
        } else if guide && heading.level == 2 && question_level > 2 {
            self.start_section(heading);
        } else if self.question.is_some()
            && heading.level > question_level
            && follow_up(&heading.content).is_some()
        {
            self.end_follow_up();
            let mut question = self.question(heading, block.span);
            if let Some(title) = follow_up(&question.title) {
                question.title = title;
            }
            self.follow_up = Some(Open {
                question,
                blocks: Vec::new(),
            });
        } else {
            self.check_foreign_attributes(&heading);
            self.push_content(Block {
                span: block.span,
                kind: BlockKind::Heading(heading),
            });
        }
    }

    fn nothing_yet(&self) -> bool {
        self.section.is_none() && self.question.is_none() && self.document.sections.is_empty()
    }

    fn push_content(&mut self, block: Block) {
        let end = block.span.end;
        if let Some(open) = &mut self.follow_up {
            open.question.body_span.end = end;
            open.blocks.push(block);
        } else if let Some(open) = &mut self.question {
            open.question.body_span.end = end;
            open.blocks.push(block);
        } else if let Some(section) = &mut self.section {
            section.intro.push(block);
        } else {
            self.document.intro.push(block);
        }
        if let Some(open) = &mut self.question {
            open.question.body_span.end = end;
        }
    }

    fn start_section(&mut self, heading: Heading) {
        self.end_section();
        self.check_foreign_attributes(&heading);
        self.section = Some(Section {
            title: heading.content,
            id: heading.id,
            explicit_id: heading.explicit_id,
            span: heading.span,
            intro: Vec::new(),
            questions: Vec::new(),
        });
    }

    fn question(&mut self, heading: Heading, span: Span) -> Question {
        if heading.explicit_id
            && let Some(anchor) = self
                .document
                .anchors
                .iter_mut()
                .find(|anchor| anchor.span == heading.span && anchor.id == heading.id)
        {
            anchor.kind = AnchorKind::ExplicitQuestion;
        }
        let mut question = Question {
            title: heading.content,
            id: heading.id,
            explicit_id: heading.explicit_id,
            level: self.document.front.level,
            tags: Vec::new(),
            minutes: None,
            span: heading.span,
            body_span: span,
            parts: Vec::new(),
            follow_ups: Vec::new(),
        };
        if let Some(attributes) = self.attributes.get(&heading.span) {
            for (key, value) in attributes {
                self.attribute(key, value.as_deref().unwrap_or_default(), &mut question);
            }
        }
        for tag in &self.document.front.tags {
            if !question.tags.contains(tag) {
                question.tags.push(tag.clone());
            }
        }
        question
    }

    fn attribute(&mut self, key: &str, value: &str, question: &mut Question) {
        let value = value.trim_matches('"');
        match key {
            "level" => {
                if let Some(level) = QuestionLevel::from_name(value) {
                    question.level = Some(level);
                } else {
                    let names = QuestionLevel::ALL.map(QuestionLevel::as_str);
                    let wanted = names.join(", ");
                    let diagnostic =
                        Diagnostic::new(codes::CONFIG_INVALID_VALUE, format!("`{value}` is no level"))
                            .at(question.span);
                    self.diagnostics.push(match nearest(value, names) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic.help(format!("levels are {wanted}")),
                    });
                }
            }
            "tags" => {
                let tags: Vec<String> = value.split(',').map(str::to_owned).collect();
                question.tags = front_matter::normal_tags(&tags);
            }
            "minutes" => match value.parse() {
                Ok(minutes) if (1..=600).contains(&minutes) => question.minutes = Some(minutes),
                _ => self.diagnostics.push(
                    Diagnostic::new(
                        codes::CONFIG_INVALID_VALUE,
                        format!("`minutes` must be a whole number from 1 to 600, not `{value}`"),
                    )
                    .at(question.span),
                ),
            },
            _ => self.unknown_attribute(key, question.span, &["level", "tags", "minutes"], Severity::Error),
        }
    }

    fn unknown_attribute(&mut self, key: &str, span: Span, known: &[&str], severity: Severity) {
        let diagnostic = Diagnostic::new(
            codes::CONFIG_UNKNOWN_KEY,
            format!("headings here have no attribute `{key}`"),
        )
        .at(span)
        .severity(severity);
        self.diagnostics.push(match nearest(key, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => diagnostic.help("an id and classes are all that is kept of them"),
            None => diagnostic.help(format!("attributes are {}", known.join(", "))),
        });
    }

    fn check_foreign_attributes(&mut self, heading: &Heading) {
        if let Some(attributes) = self.attributes.get(&heading.span) {
            for (key, _) in attributes {
                self.unknown_attribute(key, heading.span, &[], Severity::Warning);
            }
        }
    }

    fn close(&mut self, open: Open) -> Question {
        let Open { mut question, blocks } = open;
        question.parts = parts::split(blocks, self.options);
        if question.parts.iter().all(|part| part.blocks.is_empty()) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_EMPTY_ANSWER,
                    format!("the question `{}` has no answer", plain_text(&question.title)),
                )
                .at(question.span)
                .help("write one, or set `draft = true` in the front matter until it is written"),
            );
        }
        question
    }

    fn end_follow_up(&mut self) {
        if let Some(open) = self.follow_up.take() {
            let question = self.close(open);
            if let Some(parent) = &mut self.question {
                parent.question.follow_ups.push(question);
            }
        }
    }

    fn end_question(&mut self) {
        self.end_follow_up();
        if let Some(open) = self.question.take() {
            let question = self.close(open);
            let section = self.section.get_or_insert_with(|| Section {
                title: Vec::new(),
                id: String::new(),
                explicit_id: false,
                span: question.span,
                intro: Vec::new(),
                questions: Vec::new(),
            });
            section.questions.push(question);
        }
    }

    fn end_section(&mut self) {
        self.end_question();
        if let Some(section) = self.section.take() {
            self.document.sections.push(section);
        }
    }

    fn finish(mut self) -> Document {
        self.end_section();
        self.document
    }
}

/// The text after `Follow-up:`, if a heading begins with it.
fn follow_up(content: &[Inline]) -> Option<Vec<Inline>> {
    let mut content = content.to_vec();
    let first = content.first_mut()?;
    let InlineKind::Text(text) = &mut first.kind else {
        return None;
    };
    let full = take(text);
    let lower = full.to_lowercase();
    let rest = ["follow-up", "follow up", "followup"]
        .iter()
        .find_map(|name| lower.strip_prefix(name))
        .and_then(|rest| rest.trim_start_matches(' ').strip_prefix(':'))?;
    *text = full[full.len() - rest.len()..].trim_start().to_owned();
    if text.is_empty() {
        content.remove(0);
    }
    (!content.is_empty()).then_some(content)
}
