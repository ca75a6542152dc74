//! What the writing of one page needs to know.

use super::site_view::Facts;
use super::template::Templates;
use crate::config::Config;
use crate::memo::Memo;
use crate::model::book::{Book, ResolvedLink};
use crate::model::site::{SitePath, encode};
use crate::model::snippet::VerifiedOutputs;
use crate::source::Sources;
use crate::system::System;

/// A page, and all that its content refers to.
pub(super) struct PageContext<'a> {
    pub(super) book: &'a Book,
    pub(super) proofs: &'a VerifiedOutputs,
    pub(super) sources: &'a Sources,
    pub(super) config: &'a Config,
    pub(super) templates: &'a Templates<'a>,
    pub(super) memo: &'a Memo,
    pub(super) sys: &'a dyn System,
    /// What all pages say alike.
    pub(super) facts: &'a Facts,
    /// Where the page is written.
    pub(super) path: SitePath,
    /// For `404.html`, which is served at any depth: the prefix of every URL.
    pub(super) base: Option<String>,
}

impl PageContext<'_> {
    /// The URL of a file of the site.
    pub(super) fn url(&self, to: &SitePath) -> String {
        let explicit = self.config.html.explicit_links;
        match &self.base {
            Some(base) => {
                let path = if explicit { to.as_str() } else { to.url() };
                format!("{base}{}", encode(path))
            }
            None => self.path.relative(to, explicit),
        }
    }

    /// The URL of a link's target; within the page only the fragment.
    pub(super) fn href(&self, target: &ResolvedLink) -> String {
        let (path, fragment) = match target {
            ResolvedLink::External(address) => return address.clone(),
            ResolvedLink::Page { path, fragment, .. } | ResolvedLink::Asset { path, fragment } => {
                (path, fragment)
            }
        };
        match fragment {
            Some(fragment) if *path == self.path => format!("#{}", encode(fragment)),
            Some(fragment) => format!("{}#{}", self.url(path), encode(fragment)),
            None => self.url(path),
        }
    }

    /// The URL of a path below the root that is known to be valid; of the root if it is not.
    pub(super) fn to(&self, url: &str) -> String {
        SitePath::page(url).map_or_else(|_| self.root(), |path| self.url(&path))
    }

    /// The prefix from the page to the root.
    pub(super) fn root(&self) -> String {
        match &self.base {
            Some(base) => base.clone(),
            None if self.path.depth() == 0 => "./".to_owned(),
            None => self.path.to_root(),
        }
    }
}
