//! Everything that a link can lead to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{ResolveRequest, address, nav};
use crate::diagnostic::nearest;
use crate::markup::{self, What};
use crate::model::book::{Book, QuestionKey, Redirect};
use crate::model::guide::{Document, DocumentKind};
use crate::model::site::SitePath;
use crate::source::{Sources, Span};

/// The pages, files, generated files and old addresses of a book.
pub(super) struct Targets<'a> {
    pub(super) src: &'a str,
    pub(super) sources: &'a Sources,
    /// Pages by source path.
    pages: BTreeMap<String, Target>,
    /// Source paths of pages by URL below the root.
    urls: HashMap<String, String>,
    /// Other files below the content folder, by path.
    files: BTreeSet<&'a str>,
    /// Drafts that are left out.
    drafts: &'a HashMap<String, Span>,
    /// Files that the build makes, and pages that the theme makes.
    generated: HashSet<String>,
    /// Old addresses.
    redirects: BTreeMap<SitePath, Redirect>,
    /// Pages that hold an id, for suggestions.
    owners: HashMap<String, String>,
    /// Real spellings of paths by the folded path.
    spellings: HashMap<String, String>,
    /// The path of the site's address, `/guides/`; `/` where there is none.
    base_path: String,
    /// The site's address, ending in a slash.
    site_url: Option<&'a str>,
}

/// A page.
pub(super) struct Target {
    pub(super) path: SitePath,
    pub(super) anchors: BTreeSet<String>,
    pub(super) questions: HashMap<String, QuestionKey>,
}

/// What a path leads to.
pub(super) enum Place<'t> {
    /// A page, by its source path.
    Page(String),
    /// A file that is published as it is, by its source path.
    File(String),
    /// A page or file without a source of its own.
    Generated(SitePath),
    /// An old address.
    Moved(&'t Redirect),
}

impl<'a> Targets<'a> {
    pub(super) fn new(book: &Book, drafts: &'a HashMap<String, Span>, request: &ResolveRequest<'a>) -> Self {
        let src = request.config.book.src.as_str();
        let site_url = request.config.html.site_url.as_deref();
        let mut targets = Self {
            src,
            sources: request.sources,
            pages: BTreeMap::new(),
            urls: HashMap::new(),
            files: request
                .sources
                .under(src)
                .map(|source| source.path.as_str())
                .filter(|path| !is_markdown(path))
                .collect(),
            drafts,
            generated: generated(book, site_url.is_some()),
            redirects: book.redirects.clone(),
            owners: HashMap::new(),
            spellings: HashMap::new(),
            base_path: base_path(site_url),
            site_url,
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
        for path in targets
            .files
            .iter()
            .copied()
            .chain(targets.pages.keys().map(String::as_str))
        {
            targets.spellings.insert(fold(path), path.to_owned());
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
        let url = path.url();
        self.urls.insert(url.to_owned(), document.path.clone());
        let full = format!("{}/{}", self.src, url.trim_end_matches('/'));
        self.spellings.entry(fold(&full)).or_insert(full);
        self.pages.insert(
            document.path.clone(),
            Target {
                path: path.clone(),
                anchors,
                questions: HashMap::new(),
            },
        );
    }

    /// The page of a source path.
    pub(super) fn page(&self, source: &str) -> Option<&Target> {
        self.pages.get(source)
    }

    /// The source of the page at a site path.
    pub(super) fn source_of(&self, path: &SitePath) -> Option<&str> {
        self.urls.get(path.url()).map(String::as_str)
    }

    /// What stands at a path from the root of the site's files; `slash` says that it ended in one.
    pub(super) fn find(&self, full: &str, slash: bool, image: bool) -> Option<Place<'_>> {
        if image {
            return self.files.contains(full).then(|| Place::File(full.to_owned()));
        }
        for candidate in page_candidates(full, slash, self.src) {
            if self.pages.contains_key(&candidate) {
                return Some(Place::Page(candidate));
            }
        }
        let below = self.below(full);
        let folder = if below.is_empty() {
            String::new()
        } else {
            format!("{below}/")
        };
        if let Some(source) = self.urls.get(&folder) {
            return Some(Place::Page(source.clone()));
        }
        if !slash && self.files.contains(full) {
            return Some(Place::File(full.to_owned()));
        }
        for candidate in [below.to_owned(), format!("{folder}index.html")] {
            if self.generated.contains(&candidate) {
                return SitePath::new(candidate).ok().map(Place::Generated);
            }
        }
        let stem = below.strip_suffix(".md").unwrap_or(below);
        [
            below.to_owned(),
            format!("{folder}index.html"),
            format!("{stem}/index.html"),
        ]
        .into_iter()
        .filter_map(|path| SitePath::new(path).ok())
        .find_map(|path| self.redirects.get(&path))
        .map(Place::Moved)
    }

    /// Whether a path names a draft that is left out.
    pub(super) fn is_draft(&self, full: &str, slash: bool) -> bool {
        page_candidates(full, slash, self.src)
            .iter()
            .any(|candidate| self.drafts.contains_key(candidate))
    }

    /// Whether a Markdown file exists that no page is made of.
    pub(super) fn is_unpublished(&self, full: &str) -> bool {
        is_markdown(full) && self.sources.by_path(full).is_some()
    }

    /// The real spelling of a path that differs from it in case or Unicode form alone.
    pub(super) fn spelling(&self, full: &str, slash: bool) -> Option<&str> {
        std::iter::once(full.to_owned())
            .chain(page_candidates(full, slash, self.src))
            .find_map(|candidate| self.spellings.get(&fold(&candidate)))
            .map(String::as_str)
    }

    /// The path that was most likely meant.
    pub(super) fn near(&self, full: &str) -> Option<&str> {
        let all: Vec<&str> = self
            .pages
            .keys()
            .map(String::as_str)
            .chain(self.files.iter().copied())
            .collect();
        let wanted = full.rsplit('/').next().unwrap_or(full);
        // A file that only lies in another folder is likelier than one with a similar path.
        let mut same = all.iter().filter(|path| path.rsplit('/').next() == Some(wanted));
        if let (Some(only), None) = (same.next(), same.next()) {
            return Some(only);
        }
        nearest(full, all.iter().copied()).or_else(|| {
            let names = all.iter().map(|path| path.rsplit('/').next().unwrap_or(path));
            let found = nearest(wanted, names)?;
            all.iter()
                .copied()
                .find(|path| path.rsplit('/').next() == Some(found))
        })
    }

    /// The page that holds an id, by its source path.
    pub(super) fn owner(&self, id: &str) -> Option<&str> {
        self.owners.get(id).map(String::as_str)
    }

    /// A path below the content folder.
    pub(super) fn below<'p>(&self, full: &'p str) -> &'p str {
        full.strip_prefix(self.src)
            .map_or(full, |below| below.trim_start_matches('/'))
    }

    /// What follows the site's own address in a URL.
    pub(super) fn own<'u>(&self, url: &'u str) -> Option<&'u str> {
        let base = self.site_url?.trim_end_matches('/');
        let start = url.get(..base.len())?;
        let rest = &url[base.len()..];
        (start.eq_ignore_ascii_case(base) && (rest.is_empty() || rest.starts_with(['/', '#', '?'])))
            .then_some(rest)
    }

    /// A path from the host's root without the path of the site's address; `None` where it does not begin with it.
    pub(super) fn without_base<'p>(&self, path: &'p str) -> Option<&'p str> {
        (self.base_path != "/").then_some(())?;
        let base = self.base_path.trim_end_matches('/');
        path.strip_prefix(base)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The ids of a file that is published as it is, where its kind has any; `None` for others.
    pub(super) fn ids(&self, path: &str) -> Option<HashSet<String>> {
        let extension = path.rsplit('.').next()?.to_ascii_lowercase();
        if !["svg", "html", "htm", "xhtml"].contains(&extension.as_str()) {
            return None;
        }
        let text = self.sources.by_path(path)?.raw.clone()?;
        let mut ids = HashSet::new();
        markup::html(&text, &mut |found| {
            if found.what == What::Id {
                ids.insert(found.value.into_owned());
            }
        });
        Some(ids)
    }

    /// The files that a published file shows or loads, and that so must be published too.
    pub(super) fn needs(&self, path: &str) -> Vec<String> {
        let Some(text) = self.sources.by_path(path).and_then(|source| source.raw.clone()) else {
            return Vec::new();
        };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut needed = Vec::new();
        let mut add = |found: markup::Found<'_>| {
            let local = address::Local::new(&found.value);
            if found.what == What::Id || local.path.is_empty() || address::scheme(&found.value).is_some() {
                return;
            }
            let full = match local.path.strip_prefix('/') {
                Some(rooted) => crate::load::clean(&format!("{}/{rooted}", self.src)),
                None => crate::load::clean(&format!("{folder}/{}", local.path)),
            };
            needed.extend(full.filter(|full| self.files.contains(full.as_str())));
        };
        match path.rsplit('.').next().unwrap_or_default() {
            "css" => markup::css(&text, &mut add),
            "svg" | "html" | "htm" | "xhtml" => markup::html(&text, &mut add),
            _ => {}
        }
        needed
    }
}

fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("md"))
}

/// A path in lower case and composed letters: what disks that take care of neither have in common.
pub(super) fn fold(path: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&path.to_lowercase())
        .into_owned()
}

fn base_path(site_url: Option<&str>) -> String {
    let rest = site_url
        .and_then(|url| url.split_once("://"))
        .map(|(_, rest)| rest);
    let path = rest.and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
    format!("/{}", path.unwrap_or_default())
}

/// Site paths of what has no source file: the theme's pages, and the files for machines.
fn generated(book: &Book, has_url: bool) -> HashSet<String> {
    let mut paths: HashSet<String> = [
        "index.html",
        "questions/index.html",
        "404.html",
        "robots.txt",
        "llms.txt",
        "guides.json",
        "proofs.json",
    ]
    .map(str::to_owned)
    .into();
    if has_url {
        paths.extend(["sitemap.xml", "feed.xml"].map(str::to_owned));
    }
    for (document, path) in nav::published(book) {
        if document.kind == DocumentKind::Guide && document.questions().next().is_some() {
            paths.insert(format!("{}practice/index.html", path.url()));
        }
        if let Some(stem) = path.as_str().strip_suffix(".html") {
            paths.insert(format!("{stem}.md"));
        }
    }
    paths
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
                if folder != src {
                    candidates.push(format!("{folder}.md"));
                }
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
