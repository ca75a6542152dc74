//! Every link of the content to what it leads to.
//!
//! A link that leads nowhere has no entry in [`Book::links`] and one diagnostic at its destination.

use std::collections::{BTreeMap, HashMap};

use super::address::{self, Local, relative, written};
use super::targets::{Place, Target, Targets, fold};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::load::clean;
use crate::model::book::{Book, Redirect, ResolvedLink};
use crate::model::guide::{Document, LinkKind, LinkUse};
use crate::model::site::{SitePath, encode};

/// Fills [`Book::links`] and [`Book::assets`].
pub(super) fn resolve_all(book: &mut Book, targets: &Targets<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut links = HashMap::new();
    let mut assets = BTreeMap::new();
    let mut open = Vec::new();
    for document in book.documents() {
        for link in &document.links {
            let used = Used {
                link,
                document,
                targets,
            };
            match used.resolve(diagnostics) {
                Ok(resolved) => {
                    if let ResolvedLink::Asset { path, .. } = &resolved {
                        open.push(path.clone());
                    }
                    links.insert(link.span, resolved);
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    while let Some(path) = open.pop() {
        let source = format!("{}/{path}", targets.src);
        if assets.contains_key(&path) {
            continue;
        }
        let below = targets.needs(&source);
        open.extend(
            below
                .iter()
                .filter_map(|needed| SitePath::new(targets.below(needed)).ok()),
        );
        assets.insert(path, source);
    }
    book.links = links;
    book.assets = assets;
}

type Refused = Box<Diagnostic>;

/// A link with all that its meaning depends on.
#[derive(Clone, Copy)]
struct Used<'a, 't> {
    link: &'a LinkUse,
    document: &'a Document,
    targets: &'a Targets<'t>,
}

impl Used<'_, '_> {
    fn resolve(self, diagnostics: &mut Vec<Diagnostic>) -> Result<ResolvedLink, Refused> {
        let destination = address::tidy(&self.link.destination);
        if let Some(rest) = self.targets.own(&destination) {
            // The site's own address, written in full: checked like any other way to the page, and left as written.
            let rooted = format!("/{}", rest.trim_start_matches('/'));
            let found = self.lead(&Local::new(&rooted), diagnostics)?;
            return Ok(match found {
                ResolvedLink::External(moved) => ResolvedLink::External(moved),
                _ => ResolvedLink::External(destination),
            });
        }
        if let Some(scheme) = address::scheme(&destination) {
            return self.external(scheme, &destination);
        }
        if destination.starts_with("//") {
            return Ok(ResolvedLink::External(destination));
        }
        self.lead(&Local::new(&destination), diagnostics)
    }

    fn image(self) -> bool {
        matches!(self.link.kind, LinkKind::Image | LinkKind::HtmlImage)
    }

    fn external(self, scheme: &str, destination: &str) -> Result<ResolvedLink, Refused> {
        let allowed: &[&str] = if self.image() {
            &["http", "https"]
        } else {
            &["http", "https", "mailto", "tel"]
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
            .at(self.link.destination_span)
            .help(format!("allowed here: {}", allowed.join(", "))),
        ))
    }

    fn lead(self, local: &Local<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<ResolvedLink, Refused> {
        if local.path.is_empty() {
            if local.fragment.is_none() && local.query.is_empty() {
                return Err(Box::new(
                    Diagnostic::new(codes::LINK_MISSING_FILE, "this link leads nowhere")
                        .at(self.link.destination_span)
                        .help("give it a destination"),
                ));
            }
            return self.page(&self.document.path, local);
        }
        let slash = local.path.ends_with('/') || local.path.ends_with("/.") || local.path.ends_with("..");
        let mut candidates = Vec::new();
        if let Some(rooted) = local.path.strip_prefix('/') {
            candidates.push(format!("{}/{rooted}", self.targets.src));
            if let Some(rest) = self.targets.without_base(&local.path) {
                candidates.push(format!("{}/{}", self.targets.src, rest.trim_start_matches('/')));
            }
        } else {
            candidates.push(format!("{}/{}", self.document_folder(), local.path));
        }
        let inside: Vec<String> = candidates
            .iter()
            .filter_map(|candidate| clean(candidate))
            .filter(|full| *full == self.targets.src || full.starts_with(&format!("{}/", self.targets.src)))
            .collect();
        let Some(first) = inside.first() else {
            return Err(Box::new(
                Diagnostic::new(
                    codes::LINK_OUTSIDE_ROOT,
                    format!("`{}` lies outside the folder `{}`", local.path, self.targets.src),
                )
                .at(self.link.destination_span)
                .help("only what lies in the content folder is published; move the file there, or link to its public address"),
            ));
        };
        for full in &inside {
            if let Some(place) = self.targets.find(full, slash, self.image()) {
                return self.at(place, local, diagnostics);
            }
        }
        Err(Box::new(self.missing(first, slash, local)))
    }

    /// The folder of the file that the link stands in.
    fn document_folder(self) -> String {
        let path = &self.document.path;
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    }

    fn at(
        self,
        place: Place<'_>,
        local: &Local<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<ResolvedLink, Refused> {
        match place {
            Place::Page(source) => self.page(&source, local),
            Place::File(full) => self.file(&full, local),
            Place::Generated(path) => Ok(ResolvedLink::Page {
                path,
                fragment: local.id().map(address::decode),
                question: None,
            }),
            Place::Moved(Redirect::External(url)) => {
                let diagnostic = Diagnostic::new(
                    codes::LINK_MOVED,
                    format!("`{}` is an old address that leads to `{url}`", local.path),
                )
                .at(self.link.destination_span)
                .help(format!("write `{url}`"));
                diagnostics.push(self.fixed(diagnostic, url.clone()));
                Ok(ResolvedLink::External(url.clone()))
            }
            Place::Moved(Redirect::Page(path)) => {
                let Some(source) = self.targets.source_of(path) else {
                    return Ok(ResolvedLink::Page {
                        path: path.clone(),
                        fragment: local.id().map(address::decode),
                        question: None,
                    });
                };
                let found = self.page(source, local)?;
                let new = written(&relative(&self.document_folder(), source));
                let new = format!("{new}{}", tail(local));
                let diagnostic = Diagnostic::new(
                    codes::LINK_MOVED,
                    format!(
                        "`{}` is an old address of `{}`",
                        local.path,
                        self.targets.below(source)
                    ),
                )
                .at(self.link.destination_span)
                .label("works through a redirect")
                .help(format!("write `{new}`"));
                diagnostics.push(self.fixed(diagnostic, new));
                Ok(found)
            }
        }
    }

    /// Adds the change of the whole destination, where it stands in the text as it is.
    fn fixed(self, diagnostic: Diagnostic, new: String) -> Diagnostic {
        let source = self.targets.sources.get(self.link.destination_span.file);
        let written = source.text.get(self.link.destination_span.range());
        if written == Some(self.link.destination.as_str()) {
            diagnostic.fix(self.link.destination_span, new)
        } else {
            diagnostic
        }
    }

    fn file(self, full: &str, local: &Local<'_>) -> Result<ResolvedLink, Refused> {
        if let Some(id) = local.id().filter(|id| !is_top(id))
            && let Some(ids) = self.targets.ids(full)
        {
            let decoded = address::decode(id);
            // A view of an SVG (SVG 2 §16.6) names no element.
            let view = id.starts_with("svgView(") || id.starts_with("xywh=") || id.contains('=');
            if !view && !ids.contains(id) && !ids.contains(&decoded) {
                let diagnostic = Diagnostic::new(
                    codes::LINK_MISSING_ANCHOR,
                    format!(
                        "`{}` has no element with the id `{decoded}`",
                        self.targets.below(full)
                    ),
                )
                .at(self.link.destination_span)
                .label("no such id")
                .help("give an element of that file the id, or correct the fragment");
                let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
                sorted.sort_unstable();
                return Err(Box::new(diagnostic.suggest(&decoded, sorted)));
            }
        }
        SitePath::new(self.targets.below(full))
            .map(|path| ResolvedLink::Asset {
                path,
                fragment: local.fragment.map(address::decode),
            })
            .map_err(|error| {
                Box::new(
                    Diagnostic::new(codes::CONFIG_INVALID_VALUE, error.to_string())
                        .at(self.link.destination_span)
                        .help("rename the file"),
                )
            })
    }

    /// A page with an anchor, which must exist.
    fn page(self, source: &str, local: &Local<'_>) -> Result<ResolvedLink, Refused> {
        let Some(target) = self.targets.page(source) else {
            return Err(Box::new(self.missing(source, false, local)));
        };
        let path = target.path.clone();
        let Some(id) = local.id().filter(|id| !is_top(id)) else {
            return Ok(ResolvedLink::Page {
                path,
                fragment: local.id().map(str::to_owned),
                question: None,
            });
        };
        let decoded = address::decode(id);
        // HTML §7.4.6.3: the fragment as it is goes first, then decoded. A theme's ids are checked on the finished page.
        let known = [id, decoded.as_str()]
            .into_iter()
            .find(|id| target.anchors.contains(*id) || id.starts_with("pb-"));
        match known {
            Some(id) => Ok(ResolvedLink::Page {
                path,
                question: target.questions.get(id).copied(),
                fragment: Some(id.to_owned()),
            }),
            None => Err(Box::new(self.missing_anchor(source, &decoded, target, local))),
        }
    }

    fn missing_anchor(self, source: &str, id: &str, target: &Target, local: &Local<'_>) -> Diagnostic {
        let name = self.targets.below(source);
        let same = target
            .anchors
            .iter()
            .find(|anchor| anchor.to_lowercase() == id.to_lowercase());
        if let Some(same) = same {
            let diagnostic = Diagnostic::new(
                codes::LINK_WRONG_CASE,
                format!("the anchor `{id}` of `{name}` is spelt `{same}`"),
            )
            .at(self.link.destination_span)
            .label("anchors tell upper from lower case")
            .help(format!("write `#{same}`"));
            let new = format!("{}{}#{}", local.written_path, local.query, fragment(same));
            return self.fixed(diagnostic, new);
        }
        let diagnostic = Diagnostic::new(
            codes::LINK_MISSING_ANCHOR,
            format!("`{name}` has no anchor `{id}`"),
        )
        .at(self.link.destination_span)
        .label("no such anchor");
        if let Some(owner) = self.targets.owner(id) {
            let way = written(&relative(&self.document_folder(), owner));
            let owner = self.targets.below(owner);
            return diagnostic.help(format!("`{owner}` has it: link to `{way}#{}`", fragment(id)));
        }
        match nearest(id, target.anchors.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean `#{near}`?")),
            None => diagnostic
                .help("ids stand in braces at the end of a heading, `{#id}`; others are made from its text"),
        }
    }

    fn missing(self, full: &str, slash: bool, local: &Local<'_>) -> Diagnostic {
        let targets = self.targets;
        let name = targets.below(full);
        let span = self.link.destination_span;
        if !self.image() && targets.is_draft(full, slash) {
            return Diagnostic::new(
                codes::CONTENT_DRAFT_LINK,
                format!("`{name}` is a draft, so this link is shown as plain text"),
            )
            .at(span)
            .help("publish the draft, or take the link out");
        }
        if let Some(same) = targets.spelling(full, slash)
            && same != full
        {
            let case = same.to_lowercase() == full.to_lowercase() || name.is_ascii();
            let diagnostic = if case {
                Diagnostic::new(
                    codes::LINK_WRONG_CASE,
                    format!("`{name}` is spelt `{}`", targets.below(same)),
                )
                .label("works only where case does not matter")
            } else {
                Diagnostic::new(
                    codes::LINK_MISSING_FILE,
                    format!(
                        "`{}` has its accents in another Unicode form",
                        targets.below(same)
                    ),
                )
                .label("the same letters, other code points")
            }
            .at(span);
            return match self.respell(same, local) {
                Some(path) => {
                    let diagnostic = diagnostic.help(format!("write `{path}`"));
                    self.fixed(diagnostic, format!("{path}{}", tail(local)))
                }
                None => diagnostic.help(format!("write `{}`", targets.below(same))),
            };
        }
        if let Some(target) = targets.page(&self.document.path)
            && !local.path.contains(['/', '.'])
            && local.fragment.is_none()
            && target.anchors.contains(&local.path)
        {
            let new = format!("#{}", fragment(&local.path));
            let diagnostic = Diagnostic::new(
                codes::LINK_MISSING_FILE,
                format!("there is no file `{name}`, but this page has such an anchor"),
            )
            .at(span)
            .label("the `#` is missing")
            .help(format!("write `{new}`"));
            return self.fixed(diagnostic, new);
        }
        let (code, what) = if self.image() {
            (codes::LINK_MISSING_IMAGE, "image")
        } else {
            (codes::LINK_MISSING_FILE, "file")
        };
        let diagnostic = Diagnostic::new(code, format!("there is no {what} `{name}`"))
            .at(span)
            .label(format!("no such {what}"));
        if targets.is_unpublished(full) {
            return diagnostic.help(format!(
                "`{name}` exists and is no page of the site; name it in SUMMARY.md"
            ));
        }
        if local.path.contains('\\') {
            return diagnostic.help("folders are parted by `/` in links");
        }
        match targets.near(full) {
            Some(near) if local.path.starts_with('/') => {
                diagnostic.help(format!("did you mean `/{}`?", targets.below(near)))
            }
            Some(near) => {
                let way = written(&relative(&self.document_folder(), near));
                diagnostic.help(format!("did you mean `{way}`?"))
            }
            None => diagnostic.help("links are relative to the file they stand in"),
        }
    }

    /// The path of the link with its segments spelt as in `right`; `None` where they do not match one by one.
    fn respell(self, right: &str, local: &Local<'_>) -> Option<String> {
        let base = if local.path.starts_with('/') {
            self.targets.src.to_owned()
        } else {
            self.document_folder()
        };
        // Where each segment of the target comes from: the base folder, or a segment of the link.
        let mut origin: Vec<Option<usize>> = base.split('/').map(|_| None).collect();
        let mut segments: Vec<String> = local.written_path.split('/').map(str::to_owned).collect();
        for (index, segment) in segments.iter().enumerate() {
            match segment.as_str() {
                "" | "." => {}
                ".." => {
                    origin.pop();
                }
                _ => origin.push(Some(index)),
            }
        }
        for (index, right) in origin.iter().zip(right.split('/')) {
            let Some(index) = *index else { continue };
            let plain = fold(&address::decode(&segments[index]));
            let stem = right.strip_suffix(".md").unwrap_or(right);
            segments[index] = if plain == fold(right) {
                written(right)
            } else if plain == fold(stem) {
                written(stem)
            } else {
                return None;
            };
        }
        Some(segments.join("/"))
    }
}

/// Query and fragment as written.
fn tail(local: &Local<'_>) -> String {
    let fragment = local.fragment.map(|fragment| format!("#{fragment}"));
    format!("{}{}", local.query, fragment.unwrap_or_default())
}

/// An id as a fragment: encoded only where Markdown needs it.
fn fragment(id: &str) -> String {
    if id.contains(|c: char| c.is_whitespace() || "<>()%\\\"`[]*".contains(c)) {
        encode(id).replace('(', "%28").replace(')', "%29")
    } else {
        id.to_owned()
    }
}

/// HTML §7.4.6.3: an empty fragment and `top`, in any case, lead to the top of every page.
fn is_top(id: &str) -> bool {
    id.is_empty() || id.eq_ignore_ascii_case("top")
}
