//! What every page knows of its site.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::RenderRequest;
use super::context::PageContext;
use super::view::{CountView, GuideLinkView, LevelView, LinkView, ProofView, SiteView};
use crate::config::ColorTheme;
use crate::model::book::Guide;
use crate::model::guide::QuestionLevel;
use crate::model::site::{Html, SitePath};
use crate::model::snippet::Status;

/// Stands in pages for the path of the search index's entry file until they are made. Its name changes with every word of
/// the book, and no page should have to be made anew for that.
pub(super) const SEARCH_STAND_IN: &str = "search/root-stands-in-7d1e5b0c92a6.js";

/// The site as seen from a page; `section` is the entry of the bar that is current.
pub(super) fn site_view(
    request: &RenderRequest<'_>,
    page: &PageContext<'_>,
    section: &'static str,
) -> SiteView {
    let config = request.config;
    let html = &config.html;
    let local = |paths: &[String]| {
        paths
            .iter()
            .filter_map(|path| Some(page.url(&additional(path)?)))
            .collect()
    };
    SiteView {
        title: config.book.title.clone(),
        description: config.book.description.clone(),
        language: config.book.language.clone(),
        dir: if config.book.right_to_left { "rtl" } else { "ltr" },
        root: page.root(),
        path: page.path.url().to_owned(),
        home: page.to(""),
        questions: page.to("questions/"),
        study: None,
        repository: html.git_repository_url.clone(),
        guides: request
            .book
            .guides
            .iter()
            .zip(&page.facts.guides)
            .map(|(guide, facts)| guide_link(guide, facts, page))
            .collect(),
        pages: request
            .book
            .pages
            .iter()
            .map(|prose| LinkView {
                href: page.url(&prose.path),
                title: prose.title.clone(),
                mark: String::new(),
                current: prose.path == page.path,
            })
            .collect(),
        section,
        assets: request
            .theme
            .paths
            .iter()
            .map(|(name, path)| (name.clone(), page.url(path)))
            .collect(),
        styles: local(&html.additional_css),
        scripts: local(&html.additional_js),
        fonts: html.bundled_fonts,
        default_theme: match html.default_theme {
            ColorTheme::Auto => "auto",
            ColorTheme::Light => "light",
            ColorTheme::Dark => "dark",
        },
        search: request
            .search_root
            .and_then(|_| Some(page.url(&SitePath::new(SEARCH_STAND_IN).ok()?))),
        print: html.print,
        csp: policy(&request.theme.init_script),
        theme_script: Html::trusted(request.theme.init_script.clone()).into(),
        generator: format!("proofbook {}", env!("CARGO_PKG_VERSION")),
        question_count: page.facts.questions,
        proof: page.facts.proof.clone(),
    }
}

/// Where a further style sheet or script is published.
pub(super) fn additional(path: &str) -> Option<SitePath> {
    SitePath::new(format!("assets/site/{path}")).ok()
}

fn proof_view(request: &RenderRequest<'_>) -> ProofView {
    let proofs = &request.proofs.snippets;
    ProofView {
        rustc: request.proofs.rustc.clone(),
        verified: proofs
            .values()
            .filter(|proof| proof.status == Status::Verified)
            .count(),
        total: request.book.snippets.len(),
        sandbox: request.proofs.sandbox.clone(),
    }
}

/// The policy of every page: nothing but what lies beside it, and the one inline script by its hash.
fn policy(init_script: &str) -> String {
    let hash = if init_script.is_empty() {
        String::new()
    } else {
        let digest = Sha256::digest(init_script.as_bytes());
        format!(
            " 'sha256-{}'",
            base64::engine::general_purpose::STANDARD.encode(digest)
        )
    };
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'{hash}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// What all pages say alike of the site, counted once: large sites have thousands of pages that list all guides.
pub(super) struct Facts {
    /// By guide.
    guides: Vec<GuideFacts>,
    questions: usize,
    proof: ProofView,
}

struct GuideFacts {
    questions: usize,
    levels: Vec<CountView>,
    levels_text: String,
    practice: Option<SitePath>,
}

impl Facts {
    pub(super) fn new(request: &RenderRequest<'_>) -> Self {
        let guides = request.book.guides.iter().enumerate();
        Self {
            guides: guides
                .map(|(index, guide)| GuideFacts::new(index, guide))
                .collect(),
            questions: request.book.questions().count(),
            proof: proof_view(request),
        }
    }
}

impl GuideFacts {
    fn new(index: usize, guide: &Guide) -> Self {
        let questions: Vec<_> = guide.questions(index).collect();
        let levels: Vec<CountView> = QuestionLevel::ALL
            .into_iter()
            .map(|level| CountView {
                name: level.as_str().to_owned(),
                word: level_view(level).word.to_owned(),
                count: questions
                    .iter()
                    .filter(|at| at.question.level == Some(level))
                    .count(),
            })
            .collect();
        let words: Vec<String> = levels
            .iter()
            .filter(|level| level.count > 0)
            .map(|level| format!("{} {}", level.count, level.name))
            .collect();
        let first = guide
            .pages
            .iter()
            .find(|page| page.document.questions().next().is_some());
        Self {
            questions: questions.len(),
            levels,
            levels_text: words.join(", "),
            practice: first.and_then(|first| practice_path(&first.path)),
        }
    }
}

fn guide_link(guide: &Guide, facts: &GuideFacts, page: &PageContext<'_>) -> GuideLinkView {
    GuideLinkView {
        letter: guide.letter.clone(),
        title: guide.title.clone(),
        description: guide.description.clone(),
        href: page.url(guide.path()),
        practice: facts.practice.as_ref().map(|path| page.url(path)),
        current: guide
            .pages
            .iter()
            .any(|own| own.path == page.path || is_practice_of(&page.path, &own.path)),
        questions: facts.questions,
        levels: facts.levels.clone(),
        levels_text: facts.levels_text.clone(),
    }
}

/// Whether a path is that of another page's practice page.
fn is_practice_of(path: &SitePath, page: &SitePath) -> bool {
    let below = path.as_str().strip_prefix(page.url());
    below == Some("practice/index.html")
}

/// The practice page of a guide's page.
pub(super) fn practice_path(page: &SitePath) -> Option<SitePath> {
    SitePath::page(&format!("{}practice/", page.url())).ok()
}

/// A level with its word and pips.
pub(super) const fn level_view(level: QuestionLevel) -> LevelView {
    let (word, pips) = match level {
        QuestionLevel::Junior => ("Junior", 1),
        QuestionLevel::Intermediate => ("Intermediate", 2),
        QuestionLevel::Senior => ("Senior", 3),
        QuestionLevel::Staff => ("Staff", 4),
    };
    LevelView {
        name: level.as_str(),
        word,
        pips,
    }
}
