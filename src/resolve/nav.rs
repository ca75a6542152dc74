//! Reading order and addresses: which file is which guide's page, and where it goes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ResolveRequest;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::book::{Book, Guide, GuidePage, ProsePage, Redirect};
use crate::model::document::plain_text;
use crate::model::guide::{Document, DocumentKind};
use crate::model::site::{SitePath, slug};
use crate::source::{Sources, Span};

/// The book without links, and the drafts that were left out, by their path.
pub(super) struct Arranged {
    pub(super) book: Book,
    pub(super) drafts: HashMap<String, Span>,
}

/// A document with its place in the reading order.
struct Placed {
    document: Arc<Document>,
    /// Path below the content folder.
    path: String,
    order: Order,
}

/// SUMMARY.md's position, else weight, leading number, name; folder by folder.
type Order = Vec<(usize, i64, u64, String)>;

/// Sorts documents into guides and pages and gives them their addresses.
pub(super) fn arrange(
    documents: Vec<Arc<Document>>,
    request: &ResolveRequest<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Arranged {
    let src = request.config.book.src.as_str();
    let mut drafts = HashMap::new();
    let mut kept = Vec::new();
    let mut summary = None;
    for document in documents {
        let Some(path) = document
            .path
            .strip_prefix(src)
            .and_then(|path| path.strip_prefix('/'))
        else {
            continue;
        };
        if path == "SUMMARY.md" {
            summary = Some(document);
        } else if document.front.draft && !request.drafts {
            drafts.insert(document.path.clone(), title_span(&document));
        } else if request.config.html.input_404.as_deref() != Some(document.path.as_str()) {
            kept.push((path.to_owned(), document));
        }
    }
    let listed = summary.map(|summary| summary_order(&summary, src, request.sources, diagnostics));
    let mut placed = place(kept, listed.as_ref(), request.sources, src, diagnostics);
    placed.sort_by(|a, b| a.order.cmp(&b.order));
    let mut arranged = Arranged {
        book: Book::default(),
        drafts,
    };
    build(&placed, listed.is_some(), &mut arranged.book, diagnostics);
    arranged
}

fn title_span(document: &Document) -> Span {
    document
        .title
        .as_ref()
        .map_or_else(|| Span::new(document.file, 0..0), |title| title.span)
}

/// The position of every chapter of SUMMARY.md, by its path below the content folder.
fn summary_order(
    summary: &Document,
    src: &str,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> HashMap<String, usize> {
    let mut order = HashMap::new();
    for link in &summary.links {
        let path = link.destination.split('#').next().unwrap_or_default();
        if path.is_empty() || path.contains("://") {
            continue;
        }
        let Some(path) = crate::load::clean(path) else {
            continue;
        };
        if sources.by_path(&format!("{src}/{path}")).is_none() {
            let names: Vec<&str> = sources
                .under(src)
                .filter_map(|source| source.path.get(src.len() + 1..))
                .collect();
            diagnostics.push(
                Diagnostic::new(
                    codes::LINK_MISSING_FILE,
                    format!("SUMMARY.md names `{path}`, and there is no such file"),
                )
                .at(link.destination_span)
                .help("write the chapter, or leave the parentheses empty for one still to come")
                .suggest(&path, names),
            );
        }
        let next = order.len();
        order.entry(path).or_insert(next);
    }
    order
}

fn is_index(name: &str) -> bool {
    matches!(name, "_index.md" | "index.md" | "README.md")
}

/// A name's leading number and what follows it: `03-lists` is 3 and `lists`.
fn split_number(name: &str) -> (u64, &str) {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    match name[digits..].strip_prefix(['-', '_']) {
        Some(rest) if digits > 0 && !rest.is_empty() => (name[..digits].parse().unwrap_or(u64::MAX), rest),
        _ => (u64::MAX, name),
    }
}

fn place(
    kept: Vec<(String, Arc<Document>)>,
    listed: Option<&HashMap<String, usize>>,
    sources: &Sources,
    src: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Placed> {
    let weights: BTreeMap<String, i64> = kept
        .iter()
        .filter_map(|(path, document)| Some((path.clone(), document.front.weight?)))
        .collect();
    let weight_of = |folder: &str, name: &str| {
        let file = format!("{folder}{name}");
        let index = format!("{folder}{name}/_index.md");
        *weights
            .get(&file)
            .or_else(|| weights.get(&index))
            .unwrap_or(&i64::MAX)
    };
    let mut placed = Vec::new();
    for (path, document) in kept {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let position = listed.and_then(|listed| {
            let beside = format!("{folder}/_index.md");
            listed.get(&path).or_else(|| listed.get(&beside)).copied()
        });
        if listed.is_some() && position.is_none() && !(folder.is_empty() && is_index(name)) {
            if !is_included(sources, src, &document.path) {
                diagnostics.push(
                    Diagnostic::new(
                        codes::CONTENT_ORPHAN_PAGE,
                        format!("SUMMARY.md does not name `{path}`, so it is not published"),
                    )
                    .at(title_span(&document))
                    .help("add it to SUMMARY.md"),
                );
            }
            continue;
        }
        let mut order = Vec::new();
        let mut before = String::new();
        for segment in path.split('/') {
            let (number, rest) = split_number(segment);
            // A guide's own page goes before its sections.
            let first = is_index(segment);
            order.push((
                position.unwrap_or(0),
                if first {
                    i64::MIN
                } else {
                    weight_of(&before, segment)
                },
                number,
                rest.to_owned(),
            ));
            before.push_str(segment);
            before.push('/');
        }
        placed.push(Placed {
            document,
            path,
            order,
        });
    }
    placed
}

/// Whether a file's text was included somewhere.
fn is_included(sources: &Sources, src: &str, path: &str) -> bool {
    let Some(id) = sources.by_path(path).map(|source| source.id) else {
        return false;
    };
    sources
        .under(src)
        .any(|source| source.id != id && source.segments.iter().any(|segment| segment.file == id))
}

/// The URL below the root of a file below the content folder.
fn address(path: &str, document: &Document, diagnostics: &mut Vec<Diagnostic>) -> Option<SitePath> {
    let stem = path.strip_suffix(".md").unwrap_or(path);
    let mut segments: Vec<&str> = stem.split('/').collect();
    if is_index(path.rsplit('/').next().unwrap_or(path)) {
        segments.pop();
    }
    let mut url: Vec<String> = segments
        .into_iter()
        .map(|segment| segment_slug(split_number(segment).1))
        .collect();
    let mut span = title_span(document);
    if let Some(slug) = &document.front.slug
        && let Some(last) = url.last_mut()
    {
        last.clone_from(&slug.value);
        span = slug.span;
    }
    let mut url = url.join("/");
    if !url.is_empty() {
        url.push('/');
    }
    match SitePath::page(&url) {
        Ok(path) => Some(path),
        Err(error) => {
            diagnostics.push(
                Diagnostic::new(codes::CONFIG_INVALID_VALUE, error.to_string())
                    .at(span)
                    .help("rename the file, or give it a `slug` in the front matter"),
            );
            None
        }
    }
}

/// A slug in which dots inside the name stay.
fn segment_slug(name: &str) -> String {
    let parts: Vec<String> = name
        .split('.')
        .map(slug)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(".")
}

fn title_of(document: &Document, path: &str) -> String {
    if let Some(title) = &document.front.title {
        return title.clone();
    }
    if let Some(title) = &document.title {
        let text = plain_text(&title.content);
        if !text.trim().is_empty() {
            return text.trim().to_owned();
        }
    }
    let stem = path.strip_suffix(".md").unwrap_or(path);
    let mut names = stem.rsplit('/');
    let name = match names.next() {
        Some("_index" | "index" | "README") => names.next().unwrap_or(stem),
        Some(name) => name,
        None => stem,
    };
    let words = split_number(name).1.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `A`, `B`, …, `Z`, `AA`, …
fn letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn build(placed: &[Placed], mdbook: bool, book: &mut Book, diagnostics: &mut Vec<Diagnostic>) {
    let guide_folders: Vec<String> = placed
        .iter()
        .filter(|placed| placed.document.kind == DocumentKind::Guide)
        .filter_map(|placed| Some(placed.path.strip_suffix("_index.md")?.to_owned()))
        .filter(|folder| !folder.is_empty())
        .collect();
    let mut of_folder: HashMap<&str, usize> = HashMap::new();
    for Placed { document, path, .. } in placed {
        if is_index(path) {
            if book.home.is_none() {
                book.home = Some(Arc::clone(document));
            }
            continue;
        }
        let Some(site_path) = address(path, document, diagnostics) else {
            continue;
        };
        if mdbook && !is_index(path.rsplit('/').next().unwrap_or(path)) {
            let stub = path.strip_suffix(".md").unwrap_or(path);
            if let Ok(stub) = SitePath::new(format!("{stub}.html")) {
                book.redirects.insert(stub, Redirect::Page(site_path.clone()));
            }
        }
        let title = title_of(document, path);
        if document.kind == DocumentKind::Page {
            book.pages.push(ProsePage {
                document: Arc::clone(document),
                path: site_path,
                title,
            });
            continue;
        }
        let page = GuidePage {
            document: Arc::clone(document),
            path: site_path,
            title,
            first_number: 1,
        };
        let folder = guide_folders
            .iter()
            .find(|folder| path.starts_with(folder.as_str()));
        if let Some(&index) = folder.and_then(|folder| of_folder.get(folder.as_str())) {
            let guide: &mut Guide = &mut book.guides[index];
            let before: usize = guide
                .pages
                .iter()
                .map(|page| count_questions(&page.document))
                .sum();
            guide.pages.push(GuidePage {
                first_number: before + 1,
                ..page
            });
        } else {
            if let Some(folder) = folder {
                of_folder.insert(folder, book.guides.len());
            }
            book.guides.push(Guide {
                id: page.path.url().trim_end_matches('/').to_owned(),
                letter: letter(book.guides.len()),
                title: page.title.clone(),
                description: document.front.description.clone().unwrap_or_default(),
                pages: vec![page],
            });
        }
    }
}

fn count_questions(document: &Document) -> usize {
    document
        .sections
        .iter()
        .map(|section| section.questions.len())
        .sum()
}

/// Every document that has an address, with it; the home page too.
pub(super) fn published(book: &Book) -> impl Iterator<Item = (&Arc<Document>, &SitePath)> {
    book.guides
        .iter()
        .flat_map(|guide| &guide.pages)
        .map(|page| (&page.document, &page.path))
        .chain(book.pages.iter().map(|page| (&page.document, &page.path)))
}

/// Addresses that the theme and the search index take.
const RESERVED: [&str; 8] = [
    "questions",
    "search",
    "assets",
    "index.html",
    "404.html",
    "study",
    "q",
    "tags",
];

/// Reports two things at one address, also where a file system ignores case.
pub(super) fn check_collisions(book: &Book, diagnostics: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<String, (String, Option<Span>)> = HashMap::new();
    for name in RESERVED {
        taken.insert(name.to_owned(), ("the theme".to_owned(), None));
    }
    let mut claim =
        |path: &SitePath, owner: String, span: Option<Span>, diagnostics: &mut Vec<Diagnostic>| {
            let folded = path.as_str().to_lowercase();
            let first = folded.split('/').next().unwrap_or_default().to_owned();
            let reserved = taken.get(&first).filter(|_| RESERVED.contains(&first.as_str()));
            let (other, place) = if let Some((other, place)) = reserved.or_else(|| taken.get(&folded)) {
                (other.clone(), *place)
            } else {
                taken.insert(folded, (owner, span));
                return;
            };
            let mut diagnostic = Diagnostic::new(
                codes::CONTENT_OUTPUT_COLLISION,
                format!("{owner} and {other} both want the address `/{}`", path.url()),
            )
            .help("rename one of them, or give one a `slug` in its front matter");
            diagnostic.span = span;
            if let Some(place) = place {
                diagnostic = diagnostic.also(place, "the other one");
            }
            diagnostics.push(diagnostic);
        };
    for (document, path) in published(book) {
        let place = title_span(document);
        claim(path, format!("`{}`", document.path), Some(place), diagnostics);
        if document.kind == DocumentKind::Guide
            && let Ok(practice) = SitePath::page(&format!("{}practice/", path.url()))
        {
            let owner = format!("the practice page of `{}`", document.path);
            claim(&practice, owner, Some(place), diagnostics);
        }
    }
    for (path, source) in &book.assets {
        claim(path, format!("`{source}`"), None, diagnostics);
    }
    for path in book.redirects.keys() {
        claim(
            path,
            format!("the old address `/{}`", path.url()),
            None,
            diagnostics,
        );
    }
}
