//! Ids that the author gave to questions are unique in the site.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, codes};
use crate::model::book::Book;
use crate::model::guide::AnchorKind;
use crate::source::Span;

/// Reports an explicit question id that two pages give. Doubles within one page are the parser's to tell.
pub(super) fn check(book: &Book, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for document in book.documents() {
        for anchor in &document.anchors {
            if anchor.kind != AnchorKind::ExplicitQuestion {
                continue;
            }
            match seen.get(anchor.id.as_str()) {
                Some(first) if first.file != anchor.span.file => diagnostics.push(
                    Diagnostic::new(
                        codes::CONTENT_DUPLICATE_ID,
                        format!("two questions have the id `{}`", anchor.id),
                    )
                    .at(anchor.span)
                    .label("given again here")
                    .also(*first, "first given here")
                    .help("ids of questions are unique in the whole site; rename one of them"),
                ),
                Some(_) => {}
                None => {
                    seen.insert(&anchor.id, anchor.span);
                }
            }
        }
    }
}
