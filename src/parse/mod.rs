//! Markdown to [`Document`]: never fails, what is wrong becomes a diagnostic.
//!
//! `markdown` makes a tree of blocks, `front_matter` reads what stands before it, `ids` gives every heading its
//! anchor, `guide` makes sections, questions and parts of the tree.

mod destination;
mod directive;
mod front_matter;
mod guide;
mod html;
mod ids;
mod markdown;
mod parts;

use crate::config::PartLabel;
use crate::diagnostic::Staged;
use crate::model::guide::{Document, DocumentKind, FrontMatter};
use crate::source::Source;

/// What a parse depends on besides the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    /// Heading level of questions, 2 to 5.
    pub question_level: u8,
    /// Configured part labels; they go before the built-in ones.
    pub parts: Vec<PartLabel>,
    /// Decided by the file's place (in a guide's folder; named by SUMMARY.md); front matter goes first.
    pub kind: Option<DocumentKind>,
}

/// Parses a content file.
pub fn parse_document(source: &Source, options: &ParseOptions) -> Staged<Document> {
    let mut diagnostics = Vec::new();
    let text = &*source.text;
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let (front, from) = match front_matter::find(text, start) {
        Some(extent) => (
            front_matter::read(text, &extent, source.id, &mut diagnostics),
            extent.end,
        ),
        None => (FrontMatter::default(), start),
    };
    let mut parsed = markdown::parse(text, from, source.id, &mut diagnostics);
    let anchors = ids::assign(&mut parsed, &mut diagnostics);
    let document = guide::build(source, front, parsed, anchors, options, &mut diagnostics);
    Staged::new(document, diagnostics)
}

#[cfg(test)]
mod tests;
