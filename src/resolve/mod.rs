//! Parsed documents to a [`Book`]: reading order, addresses, links, related questions.
//!
//! Looks at the whole book at once and is always run anew; it is cheap. Reads no files: what exists is what
//! [`Sources`] holds.

mod address;
mod ids;
mod inline;
mod links;
mod nav;
mod snippets;
mod targets;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::model::book::{Book, QuestionKey, Redirect, ResolvedLink};
use crate::model::document::{Block, BlockKind, Inline, InlineKind};
use crate::model::guide::{Document, DocumentKind, Role};
use crate::model::site::SitePath;
use crate::source::{Sources, Span};

/// What a resolution depends on besides the documents.
#[derive(Clone, Copy, Debug)]
pub struct ResolveRequest<'a> {
    /// All files.
    pub sources: &'a Sources,
    /// The configuration.
    pub config: &'a Config,
    /// Whether drafts are published.
    pub drafts: bool,
}

/// What a content file is by its place alone: in a guide's folder a guide, with a SUMMARY.md a page, else open.
#[must_use]
pub fn kind_by_place(sources: &Sources, src: &str, path: &str) -> Option<DocumentKind> {
    let mut folder = path.rsplit_once('/').map(|(folder, _)| folder);
    while let Some(name) = folder.filter(|name| name.len() > src.len()) {
        if sources.by_path(&format!("{name}/_index.md")).is_some() {
            return Some(DocumentKind::Guide);
        }
        folder = name.rsplit_once('/').map(|(folder, _)| folder);
    }
    let summary = sources.by_path(&format!("{src}/SUMMARY.md")).is_some();
    let home = path == format!("{src}/_index.md");
    (summary || home).then_some(DocumentKind::Page)
}

/// Puts a book together.
pub fn resolve(documents: Vec<Arc<Document>>, request: &ResolveRequest<'_>) -> Staged<Book> {
    let mut diagnostics = Vec::new();
    let arranged = nav::arrange(documents, request, &mut diagnostics);
    let mut book = arranged.book;
    ids::check(&book, &mut diagnostics);
    add_redirects(&mut book, request, &mut diagnostics);
    let targets = targets::Targets::new(&book, &arranged.drafts, request);
    links::resolve_all(&mut book, &targets, &mut diagnostics);
    drop(targets);
    book.related = related(&book);
    nav::check_collisions(&book, &mut diagnostics);
    snippets::read_all(&mut book, request, &mut diagnostics);
    inline::find_all(&mut book, request, &mut diagnostics);
    Staged::new(book, diagnostics)
}

/// Collects the questions that `**Related:**` parts link to, in both directions.
fn related(book: &Book) -> BTreeMap<QuestionKey, Vec<QuestionKey>> {
    let mut found: BTreeMap<QuestionKey, Vec<QuestionKey>> = BTreeMap::new();
    for at in book.questions() {
        for part in at.question.parts.iter().filter(|part| part.role == Role::Related) {
            for other in linked_questions(&part.blocks, &book.links) {
                if other != at.key {
                    found.entry(at.key).or_default().push(other);
                    found.entry(other).or_default().push(at.key);
                }
            }
        }
    }
    for keys in found.values_mut() {
        keys.sort_unstable();
        keys.dedup();
    }
    found
}

fn linked_questions(blocks: &[Block], links: &HashMap<Span, ResolvedLink>) -> Vec<QuestionKey> {
    let mut found = Vec::new();
    let mut inlines: Vec<&Inline> = Vec::new();
    let mut open: Vec<&Block> = blocks.iter().rev().collect();
    while let Some(block) = open.pop() {
        match &block.kind {
            BlockKind::Paragraph(content) => inlines.extend(content),
            BlockKind::List(list) => open.extend(list.items.iter().flat_map(|item| &item.blocks)),
            BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => open.extend(blocks),
            BlockKind::Table(table) => inlines.extend(table.rows.iter().flatten().flatten()),
            _ => {}
        }
    }
    while let Some(inline) = inlines.pop() {
        match &inline.kind {
            InlineKind::Link { .. } => {
                if let Some(ResolvedLink::Page {
                    question: Some(key), ..
                }) = links.get(&inline.span)
                {
                    found.push(*key);
                }
            }
            InlineKind::Emphasis(content)
            | InlineKind::Strong(content)
            | InlineKind::Strikethrough(content) => {
                inlines.extend(content);
            }
            _ => {}
        }
    }
    found
}

/// Adds the redirects of `aliases` and of `[output.html.redirect]`.
fn add_redirects(book: &mut Book, request: &ResolveRequest<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut redirects = std::mem::take(&mut book.redirects);
    let stubs = redirects.clone();
    let mut add =
        |from: &str, to: Redirect, span: Span, diagnostics: &mut Vec<Diagnostic>| match old_path(from) {
            Ok(path) => {
                if redirects.insert(path, to).is_some() {
                    diagnostics.push(
                        Diagnostic::new(
                            codes::CONTENT_OUTPUT_COLLISION,
                            format!("the old address `{from}` is given twice"),
                        )
                        .at(span)
                        .help("keep one of them"),
                    );
                }
            }
            Err(why) => diagnostics.push(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("`{from}` cannot be an old address of this site: {why}"),
                )
                .at(span)
                .help("write it from the site's root, like `/old/page/`"),
            ),
        };
    for (document, path) in nav::published(book) {
        for alias in &document.front.aliases {
            add(
                &alias.value,
                Redirect::Page(path.clone()),
                alias.span,
                diagnostics,
            );
        }
    }
    let urls: Vec<String> = nav::published(book)
        .map(|(_, path)| format!("/{}", path.url()))
        .collect();
    let configured = &request.config.html.redirects;
    let mut stubs = stubs;
    stubs.extend(nav::published(book).flat_map(|(document, path)| {
        let aliases = document.front.aliases.iter();
        aliases.filter_map(|alias| Some((old_path(&alias.value).ok()?, Redirect::Page(path.clone()))))
    }));
    for (from, (to, span)) in configured {
        match redirect_target(book, from, &stubs, configured) {
            // The page stands at the old address itself.
            Some(Redirect::Page(page)) if old_path(from).as_ref() == Ok(&page) => {}
            Some(target) => add(from, target, *span, diagnostics),
            None => diagnostics.push(
                Diagnostic::new(
                    codes::LINK_MISSING_FILE,
                    format!("the redirect `{from}` leads to `{to}`, and there is no such page"),
                )
                .at(*span)
                .help("write the new address from the site's root, like `/new/page/`")
                .suggest(to, urls.iter().map(String::as_str)),
            ),
        }
    }
    book.redirects = redirects;
}

/// Where a configured redirect ends: at a page, through aliases, mdBook's addresses and further redirects. Like a browser,
/// mdBook reads a target without a leading slash from the folder of the old address.
fn redirect_target(
    book: &Book,
    from: &str,
    stubs: &BTreeMap<SitePath, Redirect>,
    configured: &BTreeMap<String, (String, Span)>,
) -> Option<Redirect> {
    let mut from = from.to_owned();
    // Longer chains are circles.
    for _ in 0..=configured.len() {
        let (to, _) = configured.get(&from)?;
        if to.contains("://") {
            return Some(Redirect::External(to.clone()));
        }
        let path = to.split(['#', '?']).next().unwrap_or_default();
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let full = match path.strip_prefix('/') {
            Some(rooted) => rooted.to_owned(),
            None => format!("{}/{path}", folder.trim_start_matches('/')),
        };
        let slash = if path.ends_with('/') { "/" } else { "" };
        let full = crate::load::clean(full.trim_start_matches('/'))?;
        let page = old_path(&format!("{full}{slash}")).ok()?;
        if page.as_str() == "index.html" || nav::published(book).any(|(_, path)| *path == page) {
            return Some(Redirect::Page(page));
        }
        if let Some(found) = stubs.get(&page) {
            return Some(found.clone());
        }
        from = configured
            .keys()
            .find(|key| old_path(key).as_ref() == Ok(&page))?
            .clone();
    }
    None
}

/// The file of an old address.
fn old_path(address: &str) -> Result<SitePath, String> {
    let address = address.trim_start_matches('/');
    let has_extension = address.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let page = if address.is_empty() || address.ends_with('/') || has_extension {
        SitePath::page(address)
    } else {
        SitePath::page(&format!("{address}/"))
    };
    page.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
