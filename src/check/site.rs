//! The addresses in the finished site: those that templates, raw HTML, SVG images and style sheets make.
//!
//! Links of the content were resolved before; of them only anchors on pages without a source are looked at here. A
//! fault that many pages share (a template's) is told once, at the template's text where that can be found.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::markup::{self, Found, What};
use crate::model::book::{Book, ResolvedLink};
use crate::model::site::{Page, Site, SitePath, decode};
use crate::source::{Sources, Span};

/// What is checked, and what it was made from.
#[derive(Clone, Copy, Debug)]
pub struct SiteRequest<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its rendered pages.
    pub pages: &'a [Page],
    /// The book that the pages show.
    pub book: &'a Book,
    /// All files.
    pub sources: &'a Sources,
    /// The configuration.
    pub config: &'a Config,
}

/// Checks every address in the site's HTML, SVG and CSS.
#[must_use]
pub fn check(request: &SiteRequest<'_>) -> Vec<Diagnostic> {
    let addresses = Addresses::new(request.site);
    let files: Vec<File<'_>> = request
        .site
        .files
        .par_iter()
        .filter_map(|(path, bytes)| scan(path, bytes, &addresses))
        .collect();
    let checker = Checker::new(request, &addresses, &files);
    let (mut found, told) = checker.content_anchors();
    let faults: Vec<Fault<'_>> = files
        .par_iter()
        .flat_map_iter(|file| checker.faults(file))
        .filter(|fault| !told.contains(&(fault.target.as_deref(), fault.anchor.as_deref())))
        .collect();
    found.extend(checker.tell(faults));
    found
}

/// Every address below the site's root that a server answers, with the file that it answers with.
struct Addresses<'a>(HashMap<&'a str, &'a str>);

impl<'a> Addresses<'a> {
    fn new(site: &'a Site) -> Self {
        let mut addresses = HashMap::with_capacity(site.files.len() * 3);
        for path in site.files.keys().map(SitePath::as_str) {
            addresses.insert(path, path);
            if let Some(folder) = path.strip_suffix("index.html")
                && (folder.is_empty() || folder.ends_with('/'))
            {
                addresses.insert(folder, path);
                // Servers lead from a folder without a slash to the one with it.
                addresses.entry(folder.trim_end_matches('/')).or_insert(path);
            }
        }
        Self(addresses)
    }

    fn file(&self, address: &str) -> Option<&'a str> {
        self.0.get(address).copied()
    }

    /// Whether an address leads to a file, as far as that can be said at once. Most links of a page are those of its frame:
    /// they climb to the root and go down from there.
    fn surely(&self, depth: usize, value: &str) -> bool {
        let mut rest = value;
        let mut climbed = 0;
        while let Some(above) = rest.strip_prefix("../") {
            climbed += 1;
            rest = above;
        }
        climbed == depth && self.0.contains_key(rest)
    }
}

/// A file of the site, scanned.
struct File<'a> {
    path: &'a SitePath,
    ids: HashSet<Cow<'a, str>>,
    /// The links that may be at fault.
    links: Vec<Found<'a>>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Html,
    Svg,
    Css,
}

fn scan<'a>(path: &'a SitePath, bytes: &'a [u8], addresses: &Addresses<'_>) -> Option<File<'a>> {
    let kind = match path.as_str().rsplit_once('.')?.1 {
        "html" | "htm" | "xhtml" => Kind::Html,
        "svg" => Kind::Svg,
        "css" => Kind::Css,
        _ => return None,
    };
    let text = std::str::from_utf8(bytes).ok()?;
    let mut file = File {
        path,
        ids: HashSet::new(),
        links: Vec::new(),
        kind,
    };
    let depth = path.depth();
    let mut add = |found: Found<'a>| {
        if found.what == What::Id {
            file.ids.insert(found.value);
        } else if !found.value.is_empty() && !addresses.surely(depth, &found.value) {
            file.links.push(found);
        }
    };
    if kind == Kind::Css {
        markup::css(text, &mut add);
    } else {
        markup::html(text, &mut add);
    }
    Some(file)
}

/// A path in the site and an anchor there.
type Target<'a> = (Option<&'a str>, Option<&'a str>);

/// An address that leads nowhere.
struct Fault<'a> {
    file: &'a File<'a>,
    link: &'a Found<'a>,
    /// The path in the site that it means; `None` where it leaves the site.
    target: Option<String>,
    /// The anchor, where the path exists and lacks it.
    anchor: Option<String>,
}

struct Checker<'a> {
    request: &'a SiteRequest<'a>,
    addresses: &'a Addresses<'a>,
    /// Scanned files by site path.
    scanned: HashMap<&'a str, &'a File<'a>>,
    /// Source paths of pages.
    page_sources: HashMap<&'a str, &'a str>,
    /// Destinations of each document that were reported before.
    told: HashMap<&'a str, HashSet<&'a str>>,
    /// The path of the site's address without its last slash.
    base: String,
}

impl<'a> Checker<'a> {
    fn new(request: &'a SiteRequest<'a>, addresses: &'a Addresses<'a>, files: &'a [File<'a>]) -> Self {
        let mut told: HashMap<&str, HashSet<&str>> = HashMap::new();
        for document in request.book.documents() {
            let broken = document
                .links
                .iter()
                .filter(|link| !request.book.links.contains_key(&link.span));
            told.insert(
                &document.path,
                broken.map(|link| link.destination.as_str()).collect(),
            );
        }
        let url = request.config.html.site_url.as_deref().unwrap_or_default();
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let base = rest.find('/').map_or("", |at| &rest[at..]);
        Self {
            request,
            addresses,
            scanned: files.iter().map(|file| (file.path.as_str(), file)).collect(),
            page_sources: request
                .pages
                .iter()
                .map(|page| (page.path.as_str(), page.source.as_str()))
                .collect(),
            told,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Content links to anchors that only the finished page shows: a theme's, and those of pages without a source.
    /// The second value is what they lead to, by path and anchor.
    fn content_anchors(&self) -> (Vec<Diagnostic>, HashSet<Target<'a>>) {
        let book = self.request.book;
        let mut found = Vec::new();
        let mut told = HashSet::new();
        for link in book.documents().flat_map(|document| &document.links) {
            let Some(ResolvedLink::Page {
                path,
                fragment: Some(id),
                ..
            }) = book.links.get(&link.span)
            else {
                continue;
            };
            let Some(page) = self.scanned.get(path.as_str()) else {
                continue;
            };
            if !is_top(id) && !page.ids.contains(id.as_str()) {
                let mut ids: Vec<&str> = page.ids.iter().map(AsRef::as_ref).collect();
                ids.sort_unstable();
                told.insert((Some(path.as_str()), Some(id.as_str())));
                found.push(
                    Diagnostic::new(
                        codes::LINK_MISSING_ANCHOR,
                        format!("the page `/{}` has no anchor `{id}`", path.url()),
                    )
                    .at(link.destination_span)
                    .label("no such anchor")
                    .help(
                        if self
                            .page_sources
                            .get(path.as_str())
                            .is_some_and(|source| !source.is_empty())
                        {
                            "raw HTML gives that id, and `raw-html` in book.toml does not let it through"
                        } else {
                            "the theme makes this page; look there for the ids that it has"
                        },
                    )
                    .suggest(id, ids),
                );
            }
        }
        (found, told)
    }

    fn faults<'f>(&self, file: &'f File<'f>) -> Vec<Fault<'f>>
    where
        'a: 'f,
    {
        let told = self
            .page_sources
            .get(file.path.as_str())
            .and_then(|source| self.told.get(source));
        let folder = file
            .path
            .as_str()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let mut faults = Vec::new();
        for link in &file.links {
            let value = link.value.as_ref();
            if let Some(id) = value.strip_prefix('#')
                && file.ids.contains(id)
            {
                continue;
            }
            let target = match self.target(file, folder, value) {
                Address::Elsewhere => continue,
                Address::Outside => None,
                Address::Inside(target) => Some(target),
            };
            let (path, fragment) = match &target {
                Some((path, fragment)) => (Some(path.as_ref()), *fragment),
                None => (None, None),
            };
            let known = path.and_then(|path| self.addresses.file(path));
            let missing_anchor = match (known, fragment) {
                (Some(path), Some(fragment)) => self.lacks(path, fragment, file.kind),
                _ => None,
            };
            if known.is_some() && missing_anchor.is_none() {
                continue;
            }
            if told.is_some_and(|told| told.contains(value))
                || path.is_some_and(|path| self.is_additional(path))
            {
                continue;
            }
            faults.push(Fault {
                file,
                link,
                target: path.map(|path| known.unwrap_or(path).to_owned()),
                anchor: missing_anchor,
            });
        }
        faults
    }

    /// Whether a path is that of an additional style sheet or script, whose absence is told at book.toml.
    fn is_additional(&self, path: &str) -> bool {
        let html = &self.request.config.html;
        path.strip_prefix("assets/site/").is_some_and(|below| {
            let mut all = html.additional_css.iter().chain(&html.additional_js);
            all.any(|path| path == below)
        })
    }

    /// The anchor that a file lacks.
    fn lacks(&self, path: &str, fragment: &str, from: Kind) -> Option<String> {
        let id = fragment.split(":~:").next().unwrap_or_default();
        // Media fragments and views (`t=10`, `svgView(…)`) name no element.
        if is_top(id) || id.contains('=') || id.contains('(') || from == Kind::Css {
            return None;
        }
        let file = self.scanned.get(path)?;
        let decoded = decode(id);
        let known = file.kind == Kind::Css || file.ids.contains(id) || file.ids.contains(decoded.as_ref());
        (!known).then(|| decoded.into_owned())
    }

    fn target<'v>(&self, file: &File<'_>, folder: &str, value: &'v str) -> Address<'v> {
        let mut value = value;
        let mut rooted = false;
        if let Some(site) = self.request.config.html.site_url.as_deref()
            && let Some(rest) = value.strip_prefix(site)
        {
            (value, rooted) = (rest, true);
        } else if value.starts_with("//") || has_scheme(value) {
            return Address::Elsewhere;
        } else if let Some(rest) = value.strip_prefix('/') {
            rooted = true;
            value = match rest.strip_prefix(self.base.trim_start_matches('/')) {
                Some(below) if !self.base.is_empty() => below.trim_start_matches('/'),
                _ => rest,
            };
        }
        let (before, fragment) = match value.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (value, None),
        };
        let path = before.split('?').next().unwrap_or_default();
        if path.is_empty() && !rooted {
            if file.kind == Kind::Css {
                return Address::Elsewhere;
            }
            return Address::Inside((Cow::Owned(file.path.as_str().to_owned()), fragment));
        }
        let path = decode(path);
        let full = if rooted {
            join("", &path)
        } else {
            join(folder, &path)
        };
        full.map_or(Address::Outside, |full| Address::Inside((full, fragment)))
    }

    /// The faults as diagnostics: one for all pages that share it.
    fn tell(&self, faults: Vec<Fault<'_>>) -> Vec<Diagnostic> {
        let mut shared: BTreeMap<(String, String, bool), (Fault<'_>, usize)> = BTreeMap::new();
        let mut found = Vec::new();
        for fault in faults {
            if let Some(span) = self.own_place(&fault) {
                found.push(self.diagnostic(&fault, 0).at(span).label("leads nowhere"));
                continue;
            }
            let key = (
                fault
                    .target
                    .clone()
                    .unwrap_or_else(|| fault.link.value.to_string()),
                fault.anchor.clone().unwrap_or_default(),
                fault.link.what == What::Embed,
            );
            // A page that links to an anchor of its own is at fault alone.
            shared
                .entry(key)
                .and_modify(|(_, count)| *count += 1)
                .or_insert((fault, 0));
        }
        for (fault, others) in shared.values() {
            let diagnostic = self.diagnostic(fault, *others);
            found.push(match self.template_place(fault) {
                Some(span) => diagnostic.at(span).label("leads nowhere"),
                None => diagnostic.in_file(self.origin(fault)),
            });
        }
        found
    }

    fn diagnostic(&self, fault: &Fault<'_>, others: usize) -> Diagnostic {
        let from = if fault.file.kind == Kind::Html {
            format!("the page `/{}`", fault.file.path.url())
        } else {
            format!("`{}`", fault.file.path)
        };
        let from = match others {
            0 => from,
            1 => format!("{from} (and one more)"),
            _ => format!("{from} (and {others} more)"),
        };
        let value = fault.link.value.as_ref();
        let Some(target) = &fault.target else {
            return Diagnostic::new(
                codes::LINK_OUTSIDE_ROOT,
                format!("{from} leads to `{value}`, out of the site"),
            )
            .help("count the `../`: the site's root is the outermost folder");
        };
        if let Some(anchor) = &fault.anchor {
            let mut ids: Vec<&str> = Vec::new();
            if let Some(file) = self.scanned.get(target.as_str()) {
                ids.extend(file.ids.iter().map(AsRef::as_ref));
                ids.sort_unstable();
            }
            let same = target.as_str() == fault.file.path.as_str();
            let where_to = if same {
                String::new()
            } else {
                format!(" of `/{}`", target.trim_end_matches("index.html"))
            };
            return Diagnostic::new(
                codes::LINK_MISSING_ANCHOR,
                format!("{from} leads to the anchor `{anchor}`{where_to}, and there is none"),
            )
            .help("give an element that id, or correct the fragment")
            .suggest(anchor, ids);
        }
        let lower = target.to_lowercase();
        let files = &self.request.site.files;
        let other = files
            .keys()
            .map(SitePath::url)
            .find(|url| url.to_lowercase() == lower || url.trim_end_matches('/').to_lowercase() == lower);
        if let Some(other) = other {
            return Diagnostic::new(
                codes::LINK_WRONG_CASE,
                format!("{from} leads to `/{target}`, which is spelt `/{other}`"),
            )
            .help(format!("write `{other}`"));
        }
        let code = if fault.link.what == What::Embed {
            codes::LINK_MISSING_IMAGE
        } else {
            codes::LINK_MISSING_FILE
        };
        let diagnostic = Diagnostic::new(
            code,
            format!("{from} leads to `{value}`, and the site has no `/{target}`"),
        );
        match nearest(target, files.keys().map(SitePath::url)) {
            Some(near) => diagnostic.help(format!("did you mean `/{near}`?")),
            None => diagnostic.help("correct the address, or add the file"),
        }
    }

    /// The place of a fault in a file that is published as it is.
    fn own_place(&self, fault: &Fault<'_>) -> Option<Span> {
        let path = fault.file.path;
        let config = &self.request.config.html;
        let source = if let Some(source) = self.request.book.assets.get(path) {
            Some(source.clone())
        } else {
            path.as_str().strip_prefix("assets/site/").map(str::to_owned)
        };
        if let Some(source) = source {
            let id = self.request.sources.by_path(&source)?.id;
            return Some(Span::new(id, fault.link.range.clone()));
        }
        // A theme's style sheets are published under another name and without white space.
        (fault.file.kind == Kind::Css).then_some(())?;
        let folder = format!("themes/{}/assets", config.theme);
        self.request
            .sources
            .under(&folder)
            .filter(|source| source.path.ends_with(".css"))
            .find_map(|source| {
                let mut place = None;
                markup::css(&source.text, &mut |found| {
                    if place.is_none() && found.value == fault.link.value {
                        place = Some(Span::new(source.id, found.range));
                    }
                });
                place
            })
    }

    /// Where a template writes an address, as far as it stands there literally.
    fn template_place(&self, fault: &Fault<'_>) -> Option<Span> {
        let folder = format!("themes/{}/templates", self.request.config.html.theme);
        let value = fault.link.value.as_ref();
        let bare = value.trim_start_matches("../").trim_start_matches("./");
        [value, bare]
            .into_iter()
            .filter(|text| text.len() > 1)
            .find_map(|text| {
                self.request.sources.under(&folder).find_map(|source| {
                    let at = source.text.match_indices(text).map(|(at, _)| at).find(|at| {
                        let before = source.text[..*at].chars().next_back();
                        let after = source.text[at + text.len()..].chars().next();
                        before.is_some_and(|c| "\"'=}/".contains(c))
                            && after.is_some_and(|c| "\"' >{?#".contains(c))
                    })?;
                    Some(Span::new(source.id, at..at + text.len()))
                })
            })
    }

    /// The file to name where no text can be pointed at.
    fn origin(&self, fault: &Fault<'_>) -> String {
        let source = self.page_sources.get(fault.file.path.as_str()).copied();
        match source {
            Some(source) if !source.is_empty() => source.to_owned(),
            _ => format!("{}/{}", self.request.config.build.build_dir, fault.file.path),
        }
    }
}

enum Address<'v> {
    Inside((Cow<'v, str>, Option<&'v str>)),
    Outside,
    Elsewhere,
}

/// RFC 3986 §3.1.
fn has_scheme(value: &str) -> bool {
    let end = value.find([':', '/', '?', '#']);
    end.is_some_and(|end| {
        value.as_bytes()[end] == b':' && value.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

fn is_top(id: &str) -> bool {
    id.is_empty() || id.eq_ignore_ascii_case("top")
}

/// A path seen from a folder, `.` and `..` resolved (RFC 3986 §5.2.4); `None` if it leaves the root.
fn join<'p>(folder: &str, path: &str) -> Option<Cow<'p, str>> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut open = true;
    for segment in path.split('/') {
        open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    let mut full = segments.join("/");
    if open && !full.is_empty() {
        full.push('/');
    }
    Some(Cow::Owned(full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_browsers_do() {
        let check = |folder: &str, path: &str, expect: Option<&str>| {
            assert_eq!(join(folder, path).as_deref(), expect, "{folder} {path}");
        };
        check("a", "../b/", Some("b/"));
        check("a", "..", Some(""));
        check("a/b", "./c.html", Some("a/b/c.html"));
        check("", "../x", None);
        check("a", "b/..", Some("a/"));
    }

    #[test]
    fn schemes_are_told_from_paths() {
        assert!(has_scheme("mailto:x") && has_scheme("https://a"));
        assert!(!has_scheme("a/b:c") && !has_scheme("?a:b") && !has_scheme("1:b"));
    }
}
