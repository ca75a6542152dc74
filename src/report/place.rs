//! Places as people and machines read them: file, line and column.

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};

/// A place in a file, or a whole file, or nowhere. Lines and columns are 1-based, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// Path from the site's root.
    pub(super) file: Option<String>,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
    pub(super) end_line: Option<usize>,
    /// The column after the last character.
    pub(super) end_column: Option<usize>,
}

impl Place {
    /// The main place of a diagnostic.
    pub(super) fn of(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        match diagnostic.span {
            Some(span) => Self::at(span, sources),
            None => Self {
                file: diagnostic.path.clone(),
                ..Self::default()
            },
        }
    }

    /// The place of a span.
    pub(super) fn at(span: Span, sources: &Sources) -> Self {
        let location = sources.locate(span);
        Self {
            file: Some(sources.get(location.file).path.clone()),
            line: Some(location.line),
            column: Some(location.column),
            end_line: Some(location.end_line),
            end_column: Some(location.end_column),
        }
    }
}

/// Text with control characters made visible, so that content can neither drive a terminal nor break a line-based
/// format's lines; line breaks and tabs stay.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            '\u{7f}' => '\u{2421}',
            c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// [`visible`] text in one line.
pub(super) fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}
