//! Every link of the content to what it leads to.
//!
//! A link that leads nowhere has no entry in [`Book::links`] and one diagnostic at its destination.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{ResolveRequest, nav};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::load::clean;
use crate::model::book::{Book, QuestionKey, ResolvedLink};
use crate::model::guide::{Document, LinkKind, LinkUse};
use crate::model::site::SitePath;
use crate::source::Span;

/// Everything that a link can lead to.
pub(super) struct Targets<'a> {
    src: &'a str,
    /// Pages by source path.
    pages: BTreeMap<String, Target>,
    /// Pages by URL below the root.
    urls: HashMap<String, String>,
    /// Other files below the content folder, by path.
    files: BTreeSet<&'a str>,
    /// Drafts that are left out.
    drafts: &'a HashMap<String, Span>,
    /// Pages that hold an explicit id, for suggestions.
    owners: HashMap<String, String>,
}

struct Target {
    path: SitePath,
    anchors: BTreeSet<String>,
    questions: HashMap<String, QuestionKey>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(book: &Book, drafts: &'a HashMap<String, Span>, request: &ResolveRequest<'a>) -> Self {
        let src = request.config.book.src.as_str();
        let mut targets = Self {
            src,
            pages: BTreeMap::new(),
            urls: HashMap::new(),
            files: request
                .sources
                .under(src)
                .map(|source| source.path.as_str())
                .filter(|path| !is_markdown(path))
                .collect(),
            drafts,
            owners: HashMap::new(),
        };
        let home = SitePath::page("").ok();
        let front = book.home.iter().zip(&home);
        for (document, path) in front.chain(nav::published(book)) {
            targets.add_page(document, path);
        }
        for at in book.questions() {
            if let Some(target) = targets.pages.get_mut(&at.page.document.path) {
                for question in std::iter::once(at.question).chain(&at.question.follow_ups) {
                    target.questions.insert(question.id.clone(), at.key);
                }
            }
        }
        targets
    }

    fn add_page(&mut self, document: &Arc<Document>, path: &SitePath) {
        let anchors: BTreeSet<String> = document.anchors.iter().map(|anchor| anchor.id.clone()).collect();
        for id in &anchors {
            self.owners
                .entry(id.clone())
                .or_insert_with(|| document.path.clone());
        }
        self.urls.insert(path.url().to_owned(), document.path.clone());
        self.pages.insert(
            document.path.clone(),
            Target {
                path: path.clone(),
                anchors,
                questions: HashMap::new(),
            },
        );
    }
}

fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("md"))
}

/// Fills [`Book::links`] and [`Book::assets`].
pub(super) fn resolve_all(book: &mut Book, targets: &Targets<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut links = HashMap::new();
    let mut assets = BTreeMap::new();
    for document in book.documents() {
        for link in &document.links {
            match resolve(link, document, targets) {
                Ok(resolved) => {
                    if let ResolvedLink::Asset { path, .. } = &resolved {
                        assets.insert(path.clone(), format!("{}/{}", targets.src, path.as_str()));
                    }
                    links.insert(link.span, resolved);
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    book.links = links;
    book.assets = assets;
}

type Refused = Box<Diagnostic>;

fn resolve(link: &LinkUse, document: &Document, targets: &Targets<'_>) -> Result<ResolvedLink, Refused> {
    let destination: String = link
        .destination
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r' | '\0'))
        .collect();
    let destination = destination.trim_matches(|c: char| c.is_control() || c == ' ');
    if let Some(scheme) = scheme(destination) {
        return external(scheme, destination, link);
    }
    if destination.starts_with("//") {
        return Ok(ResolvedLink::External(destination.to_owned()));
    }
    let (path, fragment) = match destination.split_once('#') {
        Some((path, fragment)) => (path, Some(decode(fragment))),
        None => (destination, None),
    };
    let path = decode(path.split('?').next().unwrap_or_default());
    if path.is_empty() {
        if fragment.is_none() {
            return Err(Box::new(
                Diagnostic::new(codes::LINK_MISSING_FILE, "this link leads nowhere")
                    .at(link.span)
                    .help("give it a destination"),
            ));
        }
        return page(&document.path, fragment, link, targets);
    }
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let full = if let Some(rooted) = path.strip_prefix('/') {
        clean(&format!("{}/{rooted}", targets.src))
    } else {
        clean(&format!("{folder}/{path}"))
    };
    let inside = full.filter(|full| full == targets.src || full.starts_with(&format!("{}/", targets.src)));
    let Some(full) = inside else {
        return Err(Box::new(
            Diagnostic::new(
                codes::LINK_OUTSIDE_ROOT,
                format!("`{path}` lies outside the folder `{}`", targets.src),
            )
            .at(link.destination_span)
            .help("only what lies in the content folder is published; move the file there, or link to its public address"),
        ));
    };
    local(&full, path.ends_with('/'), fragment, link, targets)
}

/// The scheme of a URL (RFC 3986 §3.1), if it has one.
fn scheme(destination: &str) -> Option<&str> {
    let (scheme, _) = destination.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    valid.then_some(scheme)
}

fn external(scheme: &str, destination: &str, link: &LinkUse) -> Result<ResolvedLink, Refused> {
    let allowed: &[&str] = match link.kind {
        LinkKind::Link | LinkKind::HtmlLink => &["http", "https", "mailto", "tel"],
        LinkKind::Image | LinkKind::HtmlImage => &["http", "https"],
    };
    if allowed.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
        return Ok(ResolvedLink::External(destination.to_owned()));
    }
    Err(Box::new(
        Diagnostic::new(
            codes::LINK_FORBIDDEN_SCHEME,
            format!(
                "links of the scheme `{}:` are not published",
                scheme.to_lowercase()
            ),
        )
        .at(link.destination_span)
        .help(format!("allowed here: {}", allowed.join(", "))),
    ))
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// A path below the content folder to a page or file.
fn local(
    full: &str,
    slash: bool,
    fragment: Option<String>,
    link: &LinkUse,
    targets: &Targets<'_>,
) -> Result<ResolvedLink, Refused> {
    let image = matches!(link.kind, LinkKind::Image | LinkKind::HtmlImage);
    if !image {
        for candidate in page_candidates(full, slash, targets.src) {
            if targets.pages.contains_key(&candidate) {
                return page(&candidate, fragment, link, targets);
            }
        }
        let url = full
            .get(targets.src.len() + 1..)
            .map_or(String::new(), |below| format!("{below}/"));
        if let Some(source) = targets.urls.get(&url) {
            return page(source, fragment, link, targets);
        }
    }
    if targets.files.contains(full)
        && let Some(path) = full.get(targets.src.len() + 1..)
    {
        return SitePath::new(path)
            .map(|path| ResolvedLink::Asset { path, fragment })
            .map_err(|error| {
                Box::new(
                    Diagnostic::new(codes::CONFIG_INVALID_VALUE, error.to_string())
                        .at(link.destination_span)
                        .help("rename the file"),
                )
            });
    }
    Err(Box::new(missing(full, image, link, targets)))
}

/// What a path may mean as a page: the file itself, mdBook's `.html` for it, a folder's own page.
fn page_candidates(full: &str, slash: bool, src: &str) -> Vec<String> {
    let mut candidates = Vec::new();
    if !slash {
        candidates.push(full.to_owned());
        if let Some(stem) = full.strip_suffix(".html") {
            candidates.push(format!("{stem}.md"));
            if let Some(folder) = stem.strip_suffix("/index") {
                candidates.push(format!("{folder}/_index.md"));
            }
        }
    }
    for index in ["_index.md", "index.md", "README.md"] {
        candidates.push(format!("{full}/{index}"));
    }
    if full != src {
        candidates.push(format!("{full}.md"));
    }
    candidates
}

fn missing(full: &str, image: bool, link: &LinkUse, targets: &Targets<'_>) -> Diagnostic {
    let below = |path: &str| path.get(targets.src.len() + 1..).unwrap_or(path).to_owned();
    if targets.drafts.contains_key(full) {
        return Diagnostic::new(
            codes::CONTENT_DRAFT_LINK,
            format!(
                "`{}` is a draft, so this link is shown as plain text",
                below(full)
            ),
        )
        .at(link.destination_span)
        .help("publish the draft, or take the link out");
    }
    let all: Vec<&str> = targets
        .pages
        .keys()
        .map(String::as_str)
        .chain(targets.files.iter().copied())
        .collect();
    if let Some(same) = all.iter().find(|path| path.to_lowercase() == full.to_lowercase()) {
        return Diagnostic::new(
            codes::LINK_WRONG_CASE,
            format!("`{}` is spelt `{}`", below(full), below(same)),
        )
        .at(link.destination_span)
        .label("works only where case does not matter")
        .help(format!("write `{}`", below(same)));
    }
    let code = if image {
        codes::LINK_MISSING_IMAGE
    } else {
        codes::LINK_MISSING_FILE
    };
    let what = if image { "image" } else { "file" };
    let diagnostic = Diagnostic::new(code, format!("there is no {what} `{}`", below(full)))
        .at(link.destination_span)
        .label(format!("no such {what}"));
    let name = full.rsplit('/').next().unwrap_or(full);
    let near = nearest(full, all.iter().copied()).or_else(|| {
        let names: Vec<&str> = all
            .iter()
            .map(|path| path.rsplit('/').next().unwrap_or(path))
            .collect();
        let found = nearest(name, names.iter().copied())?;
        all.iter()
            .copied()
            .find(|path| path.rsplit('/').next() == Some(found))
    });
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{}`?", below(near))),
        None => diagnostic.help("links are relative to the file they stand in"),
    }
}

/// A page with an anchor, which must exist.
fn page(
    source: &str,
    fragment: Option<String>,
    link: &LinkUse,
    targets: &Targets<'_>,
) -> Result<ResolvedLink, Refused> {
    let Some(target) = targets.pages.get(source) else {
        return Err(Box::new(missing(source, false, link, targets)));
    };
    let path = target.path.clone();
    match fragment {
        // HTML §7.4.6.3: an empty fragment and `top` lead to the top of every page.
        Some(fragment) if !fragment.is_empty() && fragment != "top" => {
            if !target.anchors.contains(&fragment) {
                return Err(Box::new(missing_anchor(source, &fragment, target, link, targets)));
            }
            Ok(ResolvedLink::Page {
                path,
                question: target.questions.get(&fragment).copied(),
                fragment: Some(fragment),
            })
        }
        fragment => Ok(ResolvedLink::Page {
            path,
            fragment,
            question: None,
        }),
    }
}

fn missing_anchor(
    source: &str,
    fragment: &str,
    target: &Target,
    link: &LinkUse,
    targets: &Targets<'_>,
) -> Diagnostic {
    let name = source.get(targets.src.len() + 1..).unwrap_or(source);
    let diagnostic = Diagnostic::new(
        codes::LINK_MISSING_ANCHOR,
        format!("`{name}` has no anchor `{fragment}`"),
    )
    .at(link.destination_span)
    .label("no such anchor");
    if let Some(near) = nearest(fragment, target.anchors.iter().map(String::as_str)) {
        return diagnostic.help(format!("did you mean `#{near}`?"));
    }
    match targets.owners.get(fragment) {
        Some(owner) => {
            let owner = owner.get(targets.src.len() + 1..).unwrap_or(owner);
            diagnostic.help(format!("`{owner}` has it: link to `{owner}#{fragment}`"))
        }
        None => diagnostic
            .help("ids stand in braces at the end of a heading, `{#id}`; others are made from its text"),
    }
}
