//! What is shown at the moment, and whoever waits for it to change.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::page;
use crate::memo::ContentHash;
use crate::model::site::{Site, SitePath};

/// The most changed files that an event names; a page that is not named asks for its own hash anyway.
const MOST_CHANGED: usize = 500;

/// One moment of the site: replaced as a whole, so that nothing is ever half new.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Counts the moments.
    pub(super) serial: u64,
    /// Counts the sites among them.
    pub(super) version: u64,
    /// The last good site; none until a first build succeeds.
    pub(super) site: Option<Arc<Site>>,
    /// The path that the site lies under, with a slash at both ends.
    pub(super) base: String,
    /// The site's parts that pages exchange.
    pub(super) parts: Vec<Part>,
    /// Paths of the files that the last site changed, added or removed.
    pub(super) changed: Vec<String>,
    /// Where the last edit shows.
    pub(super) place: Option<Place>,
    /// What is wrong, as JSON for the pages.
    pub(super) problems: Arc<str>,
}

/// A file that all pages name, by the hash of its content, and exchange without being loaded again: a style sheet, or the
/// entry of the search index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its path without the hash of its content.
    pub(super) name: String,
    /// Its path.
    pub(super) path: String,
    /// The hash of its content.
    pub(super) hash: String,
}

/// A place on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// The page's path in the site.
    pub(super) page: String,
    /// The id of the element; empty for the page itself.
    pub(super) id: String,
}

/// The current moment.
#[derive(Debug)]
pub(super) struct Shown {
    moment: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    moment: Arc<Moment>,
    is_over: bool,
}

/// What came of waiting.
pub(super) enum News {
    /// Another moment.
    Moment(Arc<Moment>),
    /// Nothing.
    Quiet,
    /// The server ends.
    Over,
}

impl Shown {
    pub(super) fn new() -> Self {
        let moment = Moment {
            serial: 1,
            version: 0,
            site: None,
            base: "/".to_owned(),
            parts: Vec::new(),
            changed: Vec::new(),
            place: None,
            problems: Arc::from("{}"),
        };
        Self {
            moment: Mutex::new(State {
                moment: Arc::new(moment),
                is_over: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.moment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current moment.
    pub(super) fn now(&self) -> Arc<Moment> {
        Arc::clone(&self.lock().moment)
    }

    /// Shows a site, if there is a new one, with what is wrong. Only the loop calls this.
    pub(super) fn show(&self, site: Option<(Arc<Site>, String)>, problems: Arc<str>) -> Arc<Moment> {
        let old = self.now();
        let mut new = Moment::clone(&old);
        new.problems = problems;
        if let Some((site, base)) = site {
            let parts = parts(&site);
            let (changed, place) = difference(
                old.site.as_deref().map(|old_site| (old_site, &*old.parts)),
                (&site, &parts),
            );
            if !changed.is_empty() || base != old.base || old.site.is_none() {
                new.version += 1;
                new.changed = changed;
                new.place = place;
                new.parts = parts;
            }
            new.base = base;
            new.site = Some(site);
        }
        if new.version != old.version || new.problems != old.problems {
            new.serial += 1;
        }
        let new = Arc::new(new);
        self.lock().moment = Arc::clone(&new);
        self.changed.notify_all();
        new
    }

    /// Waits until there is another moment than the one of a serial, but not longer than `time`.
    pub(super) fn after(&self, serial: u64, time: Duration) -> News {
        let until = Instant::now() + time;
        let mut state = self.lock();
        loop {
            if state.is_over {
                return News::Over;
            }
            if state.moment.serial != serial {
                return News::Moment(Arc::clone(&state.moment));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return News::Quiet;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Ends all waiting.
    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }
}

/// The name of the search index's entry file.
const SEARCH: &str = "search/root.js";

/// The parts of a site that its pages exchange without being loaded again.
fn parts(site: &Site) -> Vec<Part> {
    site.files
        .iter()
        .filter_map(|(path, bytes)| {
            let name = if path.as_str().ends_with(".css") {
                without_hash(path.as_str())
            } else if path.as_str().starts_with("search/root-") {
                SEARCH.to_owned()
            } else {
                return None;
            };
            Some((name, path, bytes))
        })
        .map(|(name, path, bytes)| Part {
            name,
            path: path.as_str().to_owned(),
            hash: ContentHash::of(bytes).short(),
        })
        .collect()
}

/// `assets/style.css` of `assets/style.1a2b3c4d.css`.
fn without_hash(path: &str) -> String {
    let stem = path.strip_suffix(".css").unwrap_or(path);
    match stem.rsplit_once('.') {
        Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{name}.css")
        }
        _ => path.to_owned(),
    }
}

/// The paths that differ, and where the edit shows that made them so.
fn difference(old: Option<(&Site, &[Part])>, new: (&Site, &[Part])) -> (Vec<String>, Option<Place>) {
    let ((new, new_parts), Some((old, old_parts))) = (new, old) else {
        return (Vec::new(), None);
    };
    let mut changed: Vec<&SitePath> = Vec::new();
    let mut documents: Vec<&SitePath> = Vec::new();
    let all: BTreeSet<&SitePath> = old.files.keys().chain(new.files.keys()).collect();
    for path in all {
        let same = match (old.files.get(path), new.files.get(path)) {
            (Some(a), Some(b)) if path.as_str().ends_with(".html") => {
                Arc::ptr_eq(a, b) || page::is_same(a, b, old_parts, new_parts)
            }
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        };
        if !same {
            changed.push(path);
            if path.as_str().ends_with(".md") {
                documents.push(path);
            }
        }
    }
    // Every page with content has its Markdown beside it, which changes with the content alone.
    let place = documents.iter().find_map(|path| {
        let stem = path.as_str().strip_suffix(".md")?;
        let page = SitePath::new(format!("{stem}.html")).ok()?;
        let after = new.files.get(&page)?;
        let id = old
            .files
            .get(&page)
            .and_then(|before| page::changed_id(before, after, old_parts, new_parts));
        Some(Place {
            page: page.url().to_owned(),
            id: id.unwrap_or_default(),
        })
    });
    let names = changed
        .iter()
        .take(MOST_CHANGED)
        .map(|path| path.as_str().to_owned())
        .collect();
    (names, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(files: &[(&str, &str)]) -> Arc<Site> {
        let mut site = Site::default();
        for (path, text) in files {
            let path = SitePath::new(*path).unwrap_or_else(|error| panic!("{error}"));
            site.files.insert(path, text.as_bytes().into());
        }
        Arc::new(site)
    }

    #[test]
    fn a_moment_tells_what_changed_and_where() {
        let shown = Shown::new();
        let page =
            |text: &str| format!("<main><h2 id=\"one\">One</h2><p>a<h2 id=\"two\">Two</h2><p>{text}</main>");
        let show = |site| shown.show(Some((site, "/".to_owned())), Arc::from("{}"));
        let first = show(site(&[
            ("a/index.html", &page("b")),
            ("a/index.md", "b"),
            ("old.txt", ""),
        ]));
        assert_eq!((first.version, first.serial), (1, 2));
        let same = show(site(&[
            ("a/index.html", &page("b")),
            ("a/index.md", "b"),
            ("old.txt", ""),
        ]));
        assert_eq!((same.version, same.serial), (1, 2));
        let next = show(site(&[
            ("a/index.html", &page("c")),
            ("a/index.md", "c"),
            ("new.css", "x"),
        ]));
        assert_eq!(next.version, 2);
        assert_eq!(next.changed, ["a/index.html", "a/index.md", "new.css", "old.txt"]);
        assert_eq!(
            next.place,
            Some(Place {
                page: "a/".to_owned(),
                id: "two".to_owned()
            })
        );
        let wrong = shown.show(None, Arc::from("{\"x\":1}"));
        assert_eq!((wrong.version, wrong.serial), (2, 4));
        assert!(wrong.site.is_some());
    }

    #[test]
    fn hashes_are_taken_out_of_names_and_nothing_else() {
        for (path, expect) in [
            ("assets/style.1a2b3c4d.css", "assets/style.css"),
            ("assets/site/print.min.css", "assets/site/print.min.css"),
            ("style.css", "style.css"),
        ] {
            assert_eq!(without_hash(path), expect);
        }
    }
}
