//! The book and its proven outputs to pages.
//!
//! [`render`] makes the home page, every guide page with its practice page, plain pages, the list of all questions,
//! `404.html` and the stubs at old addresses. Pages are made in parallel, and a page whose views and templates are
//! known is taken from the memo.

mod context;
mod exhibit;
mod guide_page;
mod head;
mod highlight;
mod html;
mod markdown;
mod pages;
mod sanitize;
mod site_view;
mod template;
mod terminal;
mod theme;
mod theme_files;
pub mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::Staged;
use crate::load::style_needs;
use crate::memo::Memo;
use crate::model::book::Book;
use crate::model::site::{Page, SitePath};
use crate::model::snippet::VerifiedOutputs;
use crate::source::Sources;
use crate::system::System;

pub use self::theme::Theme;

/// What a rendering is made from.
#[derive(Clone, Copy, Debug)]
pub struct RenderRequest<'a> {
    /// The book.
    pub book: &'a Book,
    /// What its snippets did.
    pub proofs: &'a VerifiedOutputs,
    /// All files.
    pub sources: &'a Sources,
    /// The configuration.
    pub config: &'a Config,
    /// Templates and assets.
    pub theme: &'a Theme,
    /// Entry file of the search index.
    pub search_root: Option<&'a SitePath>,
}

/// Renders all pages, in order of their paths.
pub fn render(request: &RenderRequest<'_>, memo: &Memo, sys: &dyn System) -> Staged<Vec<Page>> {
    let mut diagnostics = Vec::new();
    let templates = template::Templates::new(request.theme, &mut diagnostics);
    let facts = site_view::Facts::new(request);
    let maker = pages::Maker {
        request,
        templates: &templates,
        memo,
        sys,
        facts: &facts,
    };
    let mut pages = maker.all().collect(&mut diagnostics);
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    Staged::new(pages, diagnostics)
}

/// The additional style sheets and scripts with what the style sheets load, and where they are published.
#[must_use]
pub fn additional_files(config: &Config, sources: &Sources) -> Vec<(SitePath, Arc<[u8]>)> {
    let html = &config.html;
    let mut open: Vec<String> = html
        .additional_css
        .iter()
        .chain(&html.additional_js)
        .cloned()
        .collect();
    let mut files = BTreeMap::new();
    while let Some(path) = open.pop() {
        let (Some(source), Some(to)) = (sources.by_path(&path), site_view::additional(&path)) else {
            continue;
        };
        if files.insert(to, Arc::clone(&source.bytes)).is_none() && path.ends_with(".css") {
            open.extend(style_needs(&path, &source.text));
        }
    }
    files.into_iter().collect()
}
