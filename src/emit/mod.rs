//! Pages, index and assets to a [`Site`], and the site to disk.
//!
//! [`assemble`] is pure; [`write`](publish::write) alone touches the disk.

pub mod publish;

mod feed;
mod guides_json;
mod llms;
mod sitemap;

use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::model::book::Book;
use crate::model::site::{Page, Site, SitePath};
use crate::source::Sources;

/// What a site is put together from.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The book.
    pub book: &'a Book,
    /// All files.
    pub sources: &'a Sources,
    /// The configuration.
    pub config: &'a Config,
    /// The rendered pages.
    pub pages: &'a [Page],
    /// Files made by other stages: the theme's assets, the search index, `proofs.json`.
    pub files: Vec<(SitePath, Arc<[u8]>)>,
}

/// Puts all files of the site together; two files at one path are a diagnostic.
pub fn assemble(parts: Parts<'_>) -> Staged<Site> {
    let mut diagnostics = Vec::new();
    let mut site = Site::default();
    let mut add = |path: SitePath, bytes: Arc<[u8]>, owner: &str| match site.files.entry(path) {
        Entry::Vacant(free) => {
            free.insert(bytes);
        }
        Entry::Occupied(taken) => diagnostics.push(
            Diagnostic::new(
                codes::CONTENT_OUTPUT_COLLISION,
                format!(
                    "two things want the address `/{}`; {owner} is one of them",
                    taken.key().url()
                ),
            )
            .help("rename the page or file, or give the page a `slug` in its front matter"),
        ),
    };
    for page in parts.pages {
        let owner = if page.source.is_empty() {
            "a page of the theme".to_owned()
        } else {
            format!("`{}`", page.source)
        };
        if let Some(markdown) = &page.markdown
            && let Some(path) = markdown_path(&page.path)
        {
            add(path, markdown.as_bytes().into(), &owner);
        }
        add(page.path.clone(), page.html.as_str().as_bytes().into(), &owner);
    }
    for (path, source) in &parts.book.assets {
        if let Some(source) = parts.sources.by_path(source) {
            add(
                path.clone(),
                Arc::clone(&source.bytes),
                &format!("`{}`", source.path),
            );
        }
    }
    for (path, bytes) in parts.files {
        add(path, bytes, "the build");
    }
    let generated = [
        ("guides.json", Some(guides_json::write(parts.book, parts.sources))),
        (
            "llms.txt",
            Some(llms::write(parts.book, parts.pages, parts.config)),
        ),
        ("robots.txt", Some(sitemap::robots(parts.config))),
        ("sitemap.xml", sitemap::write(parts.pages, parts.config)),
        ("feed.xml", feed::write(parts.pages, parts.config)),
    ];
    for (name, text) in generated {
        if let Some(text) = text
            && let Ok(path) = SitePath::new(name)
        {
            add(path, text.into_bytes().into(), "the build");
        }
    }
    Staged::new(site, diagnostics)
}

/// Where a page's Markdown goes: `index.md` beside `index.html`.
#[must_use]
pub fn markdown_path(page: &SitePath) -> Option<SitePath> {
    let stem = page.as_str().strip_suffix(".html")?;
    SitePath::new(format!("{stem}.md")).ok()
}

/// Escapes text for XML content and attributes (XML 1.0 §2.4); characters that XML forbids are dropped.
fn escape_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}
