//! The whole book, resolved: guides in reading order, addresses, links.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::guide::{Document, Question};
use super::site::SitePath;
use super::snippet::SnippetCrate;
use crate::source::Span;

/// A resolved book.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The text of the home page, from `_index.md`.
    pub home: Option<Arc<Document>>,
    /// The guides, in reading order.
    pub guides: Vec<Guide>,
    /// Pages of plain prose, in reading order.
    pub pages: Vec<ProsePage>,
    /// What every link of the content leads to, by the link's span. A link that leads nowhere is
    /// absent and has a diagnostic.
    pub links: HashMap<Span, ResolvedLink>,
    /// Related questions, both ways, by [`QuestionKey`]; each list in reading order.
    pub related: BTreeMap<QuestionKey, Vec<QuestionKey>>,
    /// Files of the content folder that something links to: where they go, by their path from
    /// the site's root.
    pub assets: BTreeMap<SitePath, String>,
    /// Old addresses: where they were, and where they lead.
    pub redirects: BTreeMap<SitePath, Redirect>,
    /// The snippet crates and inline blocks by slug.
    pub snippets: BTreeMap<String, SnippetCrate>,
    /// Code blocks that are snippets: their slugs by their place.
    pub inline: BTreeMap<Span, String>,
    /// Code blocks that hold reviewed outputs: the slugs they belong to by their place.
    pub inline_outputs: BTreeMap<Span, String>,
}

/// A guide.
#[derive(Clone, Debug)]
pub struct Guide {
    /// Path under content without extension and order numbers, `guides/data/lru`.
    pub id: String,
    /// `A`, `B`, … `Z`, `AA`: its place in the book.
    pub letter: String,
    /// Plain-text title.
    pub title: String,
    /// One sentence; may be empty.
    pub description: String,
    /// Its pages: the guide's own first, then one a section file. Never empty.
    pub pages: Vec<GuidePage>,
}

/// One page of a guide.
#[derive(Clone, Debug)]
pub struct GuidePage {
    /// The parsed file.
    pub document: Arc<Document>,
    /// Where it is written.
    pub path: SitePath,
    /// Plain-text title.
    pub title: String,
    /// Number of the page's first question, counted through the guide from 1; follow-ups have no
    /// number.
    pub first_number: usize,
}

/// A page of plain prose.
#[derive(Clone, Debug)]
pub struct ProsePage {
    /// The parsed file.
    pub document: Arc<Document>,
    /// Where it is written.
    pub path: SitePath,
    /// Plain-text title.
    pub title: String,
}

/// Where a question stands: indices into guides, pages, sections and questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionKey {
    /// Index into [`Book::guides`].
    pub guide: usize,
    /// Index into [`Guide::pages`].
    pub page: usize,
    /// Index into the document's sections.
    pub section: usize,
    /// Index into the section's questions.
    pub question: usize,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedLink {
    /// A page of the site, with its anchor.
    Page {
        /// The page.
        path: SitePath,
        /// The anchor.
        fragment: Option<String>,
        /// The question, where the anchor is one.
        question: Option<QuestionKey>,
    },
    /// A file published with the content.
    Asset {
        /// The file.
        path: SitePath,
        /// The fragment, as for SVG.
        fragment: Option<String>,
    },
    /// An address outside the site, its scheme allowed.
    External(String),
}

/// Where an old address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To a page of the site.
    Page(SitePath),
    /// To another address, as configured.
    External(String),
}

/// A question together with all that it stands in.
#[derive(Clone, Copy, Debug)]
pub struct QuestionAt<'a> {
    /// Its key.
    pub key: QuestionKey,
    /// The guide.
    pub guide: &'a Guide,
    /// The page.
    pub page: &'a GuidePage,
    /// The question.
    pub question: &'a Question,
    /// Its number in the guide, from 1.
    pub number: usize,
}

impl Book {
    /// All questions in reading order, follow-ups left out.
    pub fn questions(&self) -> impl Iterator<Item = QuestionAt<'_>> {
        self.guides
            .iter()
            .enumerate()
            .flat_map(|(index, guide)| guide.questions(index))
    }

    /// The question of a key.
    ///
    /// # Panics
    /// If the key comes from another book.
    #[must_use]
    pub fn question(&self, key: QuestionKey) -> QuestionAt<'_> {
        let guide = &self.guides[key.guide];
        let page = &guide.pages[key.page];
        let sections = &page.document.sections;
        let before: usize = sections[..key.section].iter().map(|s| s.questions.len()).sum();
        QuestionAt {
            key,
            guide,
            page,
            question: &sections[key.section].questions[key.question],
            number: page.first_number + before + key.question,
        }
    }

    /// Every link to another site, in reading order; `own` is the site's own address.
    #[must_use]
    pub fn external_links(&self, own: Option<&str>) -> Vec<ExternalLink> {
        self.documents()
            .flat_map(|document| &document.links)
            .filter_map(|link| {
                let Some(ResolvedLink::External(url)) = self.links.get(&link.span) else {
                    return None;
                };
                let url = match url.strip_prefix("//") {
                    Some(rest) => format!("https://{rest}"),
                    None => url.clone(),
                };
                let http = ["http://", "https://"].iter().any(|scheme| {
                    url.get(..scheme.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
                });
                // The site's own pages were checked without asking anyone.
                let home = own.is_some_and(|own| {
                    let rest = url.strip_prefix(own.trim_end_matches('/'));
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#', '?']))
                });
                (http && !home).then_some(ExternalLink {
                    url,
                    span: link.destination_span,
                })
            })
            .collect()
    }

    /// All content documents: home, guides, plain pages.
    pub fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.home
            .iter()
            .chain(
                self.guides
                    .iter()
                    .flat_map(|guide| guide.pages.iter().map(|page| &page.document)),
            )
            .chain(self.pages.iter().map(|page| &page.document))
    }
}

impl Guide {
    /// The guide's questions in reading order; `index` is the guide's place in the book.
    pub fn questions(&self, index: usize) -> impl Iterator<Item = QuestionAt<'_>> {
        self.pages.iter().enumerate().flat_map(move |(page_index, page)| {
            let mut number = page.first_number;
            let sections = page.document.sections.iter().enumerate();
            sections
                .flat_map(move |(section_index, section)| {
                    section
                        .questions
                        .iter()
                        .enumerate()
                        .map(move |(at, question)| (section_index, at, question))
                })
                .map(move |(section, at, question)| {
                    number += 1;
                    QuestionAt {
                        key: QuestionKey {
                            guide: index,
                            page: page_index,
                            section,
                            question: at,
                        },
                        guide: self,
                        page,
                        question,
                        number: number - 1,
                    }
                })
        })
    }

    /// The page that stands for the guide.
    #[must_use]
    pub fn path(&self) -> &SitePath {
        &self.pages[0].path
    }
}

/// A link that leads out of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalLink {
    /// The address, `http:` or `https:`.
    pub url: String,
    /// Where it is written.
    pub span: Span,
}
