//! Markdown to [`Document`]: never fails, what is wrong becomes a diagnostic.

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
    let _ = options;
    Staged::new(
        Document {
            file: source.id,
            path: source.path.clone(),
            front: FrontMatter::default(),
            kind: DocumentKind::Page,
            title: None,
            intro: Vec::new(),
            sections: Vec::new(),
            footnotes: Vec::new(),
            anchors: Vec::new(),
            links: Vec::new(),
        },
        Vec::new(),
    )
}
