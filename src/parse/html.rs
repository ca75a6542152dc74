//! What raw HTML in Markdown says that other rules need to know: ids, links, images.
//!
//! Markdown hands markup over in pieces, without the quotation marks and indentation of the block that they stand in;
//! each piece knows its place, so that every address keeps its own.

use std::ops::Range;

use super::markdown::Parsed;
use crate::markup::{self, What};
use crate::model::guide::{LinkKind, LinkUse};
use crate::source::{FileId, Span};

/// Markup put together from pieces of a source text.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    text: String,
    /// Where each piece begins: in `text`, and in the source.
    starts: Vec<(usize, usize)>,
}

impl Pieces {
    /// Adds a piece that stands in the source at `range`. Where the source has more than the piece, as the `>` of a
    /// quotation between two lines, the lines are sought one by one.
    pub(super) fn push(&mut self, markup: &str, source: &str, range: Range<usize>) {
        let slice = source.get(range.clone()).unwrap_or_default();
        if slice == markup {
            self.starts.push((self.text.len(), range.start));
            self.text.push_str(markup);
            return;
        }
        let mut from = 0;
        for line in markup.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            let at = slice[from..].find(bare).map_or(from, |at| from + at);
            self.starts.push((self.text.len(), range.start + at));
            self.text.push_str(line);
            from = (at + bare.len()).min(slice.len());
        }
    }

    /// The place in the source of a range of the text.
    fn place(&self, range: &Range<usize>, file: FileId) -> Span {
        let source = |at: usize| {
            let index = self.starts.partition_point(|(start, _)| *start <= at);
            index
                .checked_sub(1)
                .and_then(|index| self.starts.get(index))
                .map_or(at, |(start, place)| place + (at - start))
        };
        let start = source(range.start);
        // The end lies behind the last character, which is in the same piece as that character.
        let end = match range.end.checked_sub(1).filter(|last| *last >= range.start) {
            Some(last) => source(last) + 1,
            None => start,
        };
        Span::new(file, start..end)
    }
}

/// Notes the ids and addresses of a piece of markup.
pub(super) fn scan(pieces: &Pieces, file: FileId, into: &mut Parsed) {
    markup::html(&pieces.text, &mut |found| {
        let place = pieces.place(&found.range, file);
        let kind = match found.what {
            What::Id => {
                into.html_ids.push((found.value.into_owned(), place));
                return;
            }
            What::Link => LinkKind::HtmlLink,
            What::Embed => LinkKind::HtmlImage,
        };
        into.links.push(LinkUse {
            destination: found.value.into_owned(),
            span: place,
            destination_span: place,
            kind,
            has_alt: true,
        });
    });
}
