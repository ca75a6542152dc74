//! Addresses and ids in HTML, SVG and CSS: tolerant scans that never fail and build nothing.
//!
//! Text in, [`Found`] items with byte ranges out. Knows no files and no site.

mod css;
mod html;

use std::borrow::Cow;
use std::ops::Range;

pub use css::css;
pub use html::{decode, html};

/// What an address or id is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Leads somewhere, or loads a document, script or style sheet.
    Link,
    /// Shows a picture, sound or film as a part of the page.
    Embed,
    /// Names a place.
    Id,
}

/// An address or id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// What it is there for.
    pub what: What,
    /// The element, as written; empty in CSS.
    pub element: &'a str,
    /// Its text, character references and escapes decoded, without the white space around it.
    pub value: Cow<'a, str>,
    /// The byte range of the text as written.
    pub range: Range<usize>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_breaks_the_scans(text in "([<>/=\"'&;#()@\\\\ \n*!-]|url\\(|<a href=|srcset|style|<script|ä|[a-z]){0,60}") {
            let check = |found: Found<'_>| {
                assert!(text.get(found.range.clone()).is_some(), "{:?} in {text:?}", found.range);
            };
            html(&text, &mut |found| check(found));
            css(&text, &mut |found| check(found));
        }
    }
}
