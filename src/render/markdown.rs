//! The Markdown beside a page: the author's text, its directives replaced by code and verified output, its links by
//! links between the published Markdown files.

use std::ops::Range;

use super::context::PageContext;
use crate::model::book::ResolvedLink;
use crate::model::guide::{Document, LinkKind};
use crate::model::region;
use crate::model::site::{SitePath, encode};
use crate::model::snippet::{Show, SnippetRef, Status};

/// Where a page's Markdown goes: `index.md` beside `index.html`.
pub(super) fn markdown_path(page: &SitePath) -> Option<SitePath> {
    let stem = page.as_str().strip_suffix(".html")?;
    SitePath::new(format!("{stem}.md")).ok()
}

/// The text.
pub(super) fn text(page: &PageContext<'_>, document: &Document, title: &str) -> String {
    let source = page.sources.get(document.file);
    let text = &*source.text;
    let start = start(document).unwrap_or(text.len());
    let mut edits: Vec<(Range<usize>, String)> = document
        .snippets()
        .into_iter()
        .map(|snippet| (snippet.span.range(), exhibit(page, snippet)))
        .collect();
    for (span, slug) in &page.book.inline_outputs {
        let proof = page.proofs.snippets.get(slug);
        let verified = proof.is_some_and(|proof| proof.status == Status::Verified);
        if span.file == document.file && !verified {
            edits.push((span.range(), "Not verified in this build.\n".to_owned()));
        }
    }
    for link in &document.links {
        let range = link.destination_span.range();
        let written = text.get(range.clone()) == Some(link.destination.as_str());
        let markdown = matches!(link.kind, LinkKind::Link | LinkKind::Image);
        if let Some(target) = page.book.links.get(&link.span)
            && written
            && markdown
            && link.destination_span != link.span
        {
            edits.push((range, address(page, target)));
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::new();
    if document.title.is_none() {
        out.push_str(&format!("# {title}\n\n"));
    }
    let mut at = start;
    for (range, replacement) in edits {
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&replacement);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

/// Where the content begins, behind the front matter.
fn start(document: &Document) -> Option<usize> {
    let title = document.title.as_ref().map(|title| title.span);
    let intro = document.intro.first().map(|block| block.span);
    let section = document.sections.first().map(|section| section.span);
    title
        .into_iter()
        .chain(intro)
        .chain(section)
        .map(|span| span.start as usize)
        .min()
}

/// A link's address as seen from the page's Markdown.
fn address(page: &PageContext<'_>, target: &ResolvedLink) -> String {
    let own = markdown_path(&page.path).unwrap_or_else(|| page.path.clone());
    let (path, fragment) = match target {
        ResolvedLink::External(address) => return address.clone(),
        ResolvedLink::Page { path, fragment, .. } if *path == page.path => (None, fragment),
        ResolvedLink::Page { path, fragment, .. } => (markdown_path(path), fragment),
        ResolvedLink::Asset { path, fragment } => (Some(path.clone()), fragment),
    };
    let mut url = path.map_or_else(String::new, |path| own.relative(&path, true));
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(&encode(fragment));
    }
    url
}

/// A directive as fences: the code, then what it did if that is verified.
fn exhibit(page: &PageContext<'_>, reference: &SnippetRef) -> String {
    let Some(found) = page.book.snippets.get(&reference.slug) else {
        return String::new();
    };
    let mut parts = Vec::new();
    if reference.show != Show::Output
        && let Ok(shown) = region::shown_code(found, page.sources, reference)
    {
        let language = if shown.path.ends_with(".rs") { "rust" } else { "" };
        parts.push(fence(language, &shown.region.text));
    }
    if reference.show != Show::Code
        && let Some(proof) = page.proofs.snippets.get(&reference.slug)
    {
        if proof.status == Status::Verified {
            let run = match &reference.bin {
                Some(bin) => proof.runs.iter().find(|run| run.bin == *bin),
                None => proof.runs.first(),
            };
            if let Some(refusal) = &proof.refusal {
                parts.push("Refused by the compiler, as intended:".to_owned());
                parts.push(fence("text", &refusal.stderr.plain()));
            } else if let Some(run) = run {
                parts.push(format!("Verified output, exit {}:", run.exit_code));
                parts.push(fence("text", &run.stdout.plain()));
                if !run.stderr.as_str().trim().is_empty() {
                    parts.push("Standard error:".to_owned());
                    parts.push(fence("text", &run.stderr.plain()));
                }
            } else if let Some(tests) = &proof.tests {
                parts.push("Verified tests:".to_owned());
                parts.push(fence("text", &tests.output.plain()));
            }
        } else {
            parts.push("Not verified in this build.".to_owned());
        }
    }
    parts.join("\n\n")
}

/// A fence that is longer than any in the text (CommonMark 0.31 §4.5).
fn fence(language: &str, text: &str) -> String {
    let longest = text
        .lines()
        .map(|line| line.trim_start().bytes().take_while(|&byte| byte == b'`').count())
        .max()
        .unwrap_or_default();
    let ticks = "`".repeat(longest.max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}", text.trim_end_matches('\n'))
}
