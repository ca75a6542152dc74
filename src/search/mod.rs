//! The search index: from the book to the files below `search/`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::book::Book;
use crate::model::site::SitePath;
use crate::source::Sources;

/// The files of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchIndex {
    /// Files by path in the site, all below `search/`.
    pub files: BTreeMap<SitePath, Arc<[u8]>>,
    /// The entry file, named in every page.
    pub root: Option<SitePath>,
}

/// Builds the index.
#[must_use]
pub fn build(book: &Book, sources: &Sources, synonyms: &BTreeMap<String, Vec<String>>) -> SearchIndex {
    let _ = (book, sources, synonyms);
    SearchIndex::default()
}
