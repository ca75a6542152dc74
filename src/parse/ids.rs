//! Anchors: explicit ids first, then slugs of the headings' texts, unique in their page.

use std::collections::{HashMap, HashSet};

use super::markdown::Parsed;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::document::{Block, BlockKind, Heading, plain_text};
use crate::model::guide::{Anchor, AnchorKind};
use crate::model::site::slug;
use crate::source::Span;

/// Gives every heading an id and returns all anchors of the page in order of place.
pub(super) fn assign(parsed: &mut Parsed, diagnostics: &mut Vec<Diagnostic>) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    let mut given: HashMap<String, Span> = HashMap::new();
    let mut explicit: Vec<(String, Span, AnchorKind)> = parsed
        .html_ids
        .iter()
        .map(|(id, span)| (id.clone(), *span, AnchorKind::Html))
        .collect();
    each_heading(parsed, &mut |heading| {
        if heading.explicit_id {
            explicit.push((heading.id.clone(), heading.span, AnchorKind::ExplicitHeading));
        }
    });
    explicit.sort_by_key(|(_, span, _)| *span);
    for (id, span, kind) in explicit {
        if id.starts_with("pb-") {
            diagnostics.push(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("the id `{id}` is reserved for themes"),
                )
                .at(span)
                .help("choose one that does not begin with `pb-`"),
            );
        }
        match given.get(&id) {
            // `<a id="x" name="x">` is one anchor told twice.
            Some(first)
                if kind == AnchorKind::Html
                    && first.end.abs_diff(span.start) < 64
                    && first.file == span.file => {}
            Some(first) => diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_DUPLICATE_ID,
                    format!("this page gives the id `{id}` twice"),
                )
                .at(span)
                .label("given again here")
                .also(*first, "first given here")
                .help("rename one of them"),
            ),
            None => {
                given.insert(id.clone(), span);
            }
        }
        anchors.push(Anchor { id, span, kind });
    }
    let mut used: HashSet<String> = given.into_keys().collect();
    let mut next: HashMap<String, usize> = HashMap::new();
    each_heading(parsed, &mut |heading| {
        if heading.explicit_id {
            return;
        }
        let mut base = slug(&plain_text(&heading.content));
        if base.is_empty() {
            "section".clone_into(&mut base);
        }
        let count = next.entry(base.clone()).or_insert(0);
        let mut id = if *count == 0 {
            base.clone()
        } else {
            format!("{base}-{count}")
        };
        while used.contains(&id) {
            *count += 1;
            id = format!("{base}-{count}");
        }
        *count += 1;
        used.insert(id.clone());
        heading.id.clone_from(&id);
        anchors.push(Anchor {
            id,
            span: heading.span,
            kind: AnchorKind::Heading,
        });
    });
    anchors.sort_by_key(|anchor| anchor.span);
    anchors
}

fn each_heading(parsed: &mut Parsed, act: &mut dyn FnMut(&mut Heading)) {
    visit(&mut parsed.blocks, act);
    for footnote in &mut parsed.footnotes {
        visit(&mut footnote.blocks, act);
    }
}

// The tree's depth is capped when it is built.
fn visit(blocks: &mut [Block], act: &mut dyn FnMut(&mut Heading)) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Heading(heading) => act(heading),
            BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => visit(blocks, act),
            BlockKind::List(list) => {
                for item in &mut list.items {
                    visit(&mut item.blocks, act);
                }
            }
            BlockKind::Definitions(definitions) => {
                for body in definitions
                    .iter_mut()
                    .flat_map(|definition| &mut definition.bodies)
                {
                    visit(body, act);
                }
            }
            _ => {}
        }
    }
}
