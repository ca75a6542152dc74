//! The order of the stages. Nothing else knows it.
//!
//! The engine never prints, never exits and holds no state: what it tells goes out as [`Event`]s, what it
//! remembers lives in the [`Memo`].

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::check::{self, site::SiteRequest};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Staged, codes};
use crate::emit::publish::{Destination, WriteSummary};
use crate::emit::{self, Parts};
use crate::error::Error;
use crate::event::{Event, Stage};
use crate::execute::proofs::ProofRecord;
use crate::execute::{self, ExecuteRequest};
use crate::load;
use crate::memo::{ContentHash, Memo};
use crate::model::book::{Book, ExternalLink};
use crate::model::guide::{Document, DocumentKind};
use crate::model::site::Site;
use crate::model::snippet::{Partition, SnippetCrate, Status, VerifiedOutputs, archive_path};
use crate::parse::{self, ParseOptions};
use crate::private;
use crate::render::{self, RenderRequest, Theme};
use crate::resolve::{self, ResolveRequest};
use crate::search;
use crate::source::{Source, Sources};
use crate::system::System;

/// What to build.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The site's root, absolute.
    pub root: PathBuf,
    /// How far to go.
    pub goal: Goal,
    /// Whether drafts are published.
    pub drafts: bool,
    /// Address of the site, instead of `site-url`.
    pub base_url: Option<String>,
    /// Slugs of the snippets to run; all if empty.
    pub only: Vec<String>,
    /// Which part of the snippets is run; `None` for all.
    pub partition: Option<Partition>,
    /// Whether no snippet is run, and recorded proofs stand for runs.
    pub no_run: bool,
    /// Whether the snippets' lockfile must be up to date.
    pub locked: bool,
    /// Whether expected files are written instead of compared.
    pub bless: bool,
    /// Whether the site is for its author's eyes: a snippet that did not do what was reviewed is shown as that, and does
    /// not withhold the rest.
    pub preview: bool,
    /// Whether snippets that need a run are left as running; who asks for it builds again without.
    pub defer: bool,
    /// Threads and parallel runs; `None` leaves it to book.toml and the machine.
    pub jobs: Option<usize>,
}

impl BuildRequest {
    /// The plain build of a site: every snippet is run and compared, drafts are left out.
    #[must_use]
    pub const fn new(root: PathBuf, goal: Goal) -> Self {
        Self {
            root,
            goal,
            drafts: false,
            base_url: None,
            only: Vec::new(),
            partition: None,
            no_run: false,
            locked: false,
            bless: false,
            preview: false,
            defer: false,
            jobs: None,
        }
    }
}

/// How far a build goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Only the snippets are proven.
    Snippets,
    /// Everything is made, nothing is written.
    Check,
    /// The site is made and kept in memory.
    Memory,
    /// The site is written to a folder: this one, or book.toml's.
    Publish(Option<PathBuf>),
}

/// What came of a build.
#[derive(Debug)]
pub struct Outcome {
    /// All files that were read; places of the diagnostics refer to them.
    pub sources: Sources,
    /// The configuration in force.
    pub config: Config,
    /// What is wrong, in order.
    pub diagnostics: Diagnostics,
    /// What the snippets did.
    pub proofs: VerifiedOutputs,
    /// The same as it is written.
    pub record: ProofRecord,
    /// The site, if nothing is wrong and the goal asks for it.
    pub site: Option<Arc<Site>>,
    /// Where the site was written, and what that changed.
    pub published: Option<(PathBuf, WriteSummary)>,
    /// Links out of the site, for those who ask them.
    pub external: Vec<ExternalLink>,
    /// How much there is.
    pub counts: Counts,
}

/// How much a site holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Guides.
    pub guides: usize,
    /// Pages written for readers.
    pub pages: usize,
    /// Questions, follow-ups left out.
    pub questions: usize,
    /// Links in the content.
    pub links: usize,
    /// Snippets that did what was promised.
    pub verified: usize,
    /// Snippets that did not.
    pub failed: usize,
    /// Results that came from the memo.
    pub cached: usize,
    /// Snippets that are never run.
    pub manual: usize,
    /// Snippets that were not run in this build.
    pub stale: usize,
    /// Snippets whose run was left to the next build.
    pub running: usize,
}

pub use crate::private::PRIVATE;

/// Builds a site.
///
/// # Errors
/// If there is no site, or the environment fails. The author's mistakes are in [`Outcome::diagnostics`].
pub fn build(
    sys: &dyn System,
    memo: &Memo,
    request: &BuildRequest,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, Error> {
    match request.jobs {
        Some(jobs) => match rayon::ThreadPoolBuilder::new().num_threads(jobs).build() {
            Ok(pool) => pool.install(|| walk(sys, memo, request, emit)),
            // Without threads of its own a build runs on the ones that there are.
            Err(_) => walk(sys, memo, request, emit),
        },
        None => walk(sys, memo, request, emit),
    }
}

fn walk(
    sys: &dyn System,
    memo: &Memo,
    request: &BuildRequest,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, Error> {
    let mut found = Vec::new();
    let start = |stage, of| Event::StageStarted { stage, of };

    private::check(sys, &request.root)?;
    emit(start(Stage::Load, None));
    let load::Loaded { sources, mut config } = load::load(sys, &request.root)?.collect(&mut found);
    if let Some(url) = &request.base_url {
        config.html.site_url = Some(format!("{}/", url.trim_end_matches('/')));
    }
    let private = request.root.join(PRIVATE);

    let files = content_files(&sources, &config);
    emit(start(Stage::Parse, Some(files.len())));
    let documents = parse_all(&files, &sources, &config, memo).collect(&mut found);

    emit(start(Stage::Resolve, None));
    let resolution = ResolveRequest {
        sources: &sources,
        config: &config,
        drafts: request.drafts,
    };
    let book = resolve::resolve(documents, &resolution).collect(&mut found);

    emit(start(Stage::Execute, Some(book.snippets.len())));
    let execution = ExecuteRequest {
        root: &request.root,
        config: &config.snippets,
        target_dir: &private.join("target"),
        only: &request.only,
        partition: request.partition,
        no_run: request.no_run,
        locked: request.locked,
        jobs: request
            .jobs
            .or(config.snippets.jobs)
            .unwrap_or_else(rayon::current_num_threads),
        bless: request.bless,
        defer: request.defer,
    };
    let proofs = execute::execute(&book, &sources, sys, memo, &execution, emit).collect(&mut found);
    let record = ProofRecord::new(&proofs, &book, &sources);
    if request.goal == Goal::Snippets {
        // Who proves snippets while a guide is half written need not hear of its links.
        found.retain(|diagnostic| {
            !["link/", "content/"]
                .iter()
                .any(|area| diagnostic.code.as_str().starts_with(area))
        });
        return finish(
            sys,
            memo,
            request,
            Made {
                sources,
                config,
                book,
                proofs,
                record,
                found,
                site: None,
                pages: 0,
            },
            emit,
        );
    }
    emit(start(Stage::Search, None));
    let index = match request.goal {
        _ if !config.html.search => search::SearchIndex::default(),
        // Nobody searches a site that is only checked; that pages name an index is all that matters.
        Goal::Check => search::SearchIndex::placeholder(),
        _ => search::build(&book, &sources, &config.html.synonyms),
    };

    emit(start(Stage::Render, None));
    let theme = Theme::load(&config.html.theme, &sources).collect(&mut found);
    let rendering = RenderRequest {
        book: &book,
        proofs: &proofs,
        sources: &sources,
        config: &config,
        theme: &theme,
        search_root: index.root.as_ref(),
    };
    let pages = render::render(&rendering, memo, sys).collect(&mut found);
    for page in &pages {
        emit(Event::PageRendered {
            path: page.path.to_string(),
        });
    }

    emit(start(Stage::Emit, Some(pages.len())));
    let mut files: Vec<_> = theme.asset_files();
    if request.goal == Goal::Check {
        let named = |found: &SnippetCrate| archive_path(&found.slug, found.inline.is_some());
        files.extend(
            book.snippets
                .values()
                .filter_map(|found| Some((named(found)?, Vec::new().into()))),
        );
    } else {
        files.extend(execute::archive::archives(
            &book,
            &sources,
            &config.snippets,
            memo,
            sys,
        ));
    }
    files.extend(index.files);
    files.extend(render::additional_files(&config, &sources));
    if let Ok(path) = crate::model::site::SitePath::new("proofs.json") {
        files.push((path, record.to_json().into_bytes().into()));
    }
    let parts = Parts {
        book: &book,
        sources: &sources,
        config: &config,
        pages: &pages,
        files,
    };
    let site = emit::assemble(parts).collect(&mut found);
    found.extend(check::site::check(&SiteRequest {
        site: &site,
        pages: &pages,
        book: &book,
        sources: &sources,
        config: &config,
    }));
    let pages = pages.len();
    finish(
        sys,
        memo,
        request,
        Made {
            sources,
            config,
            book,
            proofs,
            record,
            found,
            site: Some(site),
            pages,
        },
        emit,
    )
}

/// Everything made so far.
struct Made {
    sources: Sources,
    config: Config,
    book: Book,
    proofs: VerifiedOutputs,
    record: ProofRecord,
    found: Vec<Diagnostic>,
    site: Option<Site>,
    pages: usize,
}

/// Puts the diagnostics in order and, if they allow it, publishes.
fn finish(
    sys: &dyn System,
    memo: &Memo,
    request: &BuildRequest,
    made: Made,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, Error> {
    let diagnostics = Diagnostics::new(made.found, &made.config.levels);
    for diagnostic in &diagnostics {
        emit(Event::Diagnosed(Box::new(diagnostic.clone())));
    }
    let clean = if request.preview {
        !diagnostics.iter().any(withholds)
    } else {
        !diagnostics.has_errors()
    };
    let site = made.site.filter(|_| clean);
    let mut published = None;
    if let (Some(site), Goal::Publish(out)) = (&site, &request.goal) {
        let out = match out {
            Some(out) => out.clone(),
            None => request.root.join(&made.config.build.build_dir),
        };
        let to = Destination {
            out: &out,
            private: &request.root.join(PRIVATE),
        };
        let summary = emit::publish::write(site, sys, to)?;
        published = Some((out, summary));
    }
    memo.save(sys)
        .map_err(Error::io("keep results in", request.root.join(PRIVATE)))?;
    emit(Event::Finished {
        published: published.is_some(),
    });
    let counts = count(&made.book, &made.proofs, made.pages);
    let external = made.book.external_links(made.config.html.site_url.as_deref());
    Ok(Outcome {
        sources: made.sources,
        config: made.config,
        diagnostics,
        proofs: made.proofs,
        record: made.record,
        site: site.map(Arc::new),
        published,
        external,
        counts,
    })
}

/// Whether a site with this fault is not even shown to its author. What snippets did is on their receipts; a snippet
/// that is not there has none.
fn withholds(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
        && (!diagnostic.code.as_str().starts_with("snippet/") || diagnostic.code == codes::SNIPPET_UNKNOWN)
}

fn count(book: &Book, proofs: &VerifiedOutputs, pages: usize) -> Counts {
    let with = |wanted: fn(&Status) -> bool| {
        proofs
            .snippets
            .values()
            .filter(|proof| wanted(&proof.status))
            .count()
    };
    Counts {
        guides: book.guides.len(),
        pages,
        questions: book.questions().count(),
        links: book.documents().map(|document| document.links.len()).sum(),
        verified: with(|status| *status == Status::Verified),
        failed: with(|status| *status == Status::Failed),
        cached: proofs.cached,
        manual: with(|status| matches!(status, Status::Manual(_))),
        stale: with(|status| matches!(status, Status::Stale(_))),
        running: with(|status| *status == Status::Running),
    }
}

fn content_files<'a>(sources: &'a Sources, config: &Config) -> Vec<&'a Source> {
    sources
        .under(&config.book.src)
        .filter(|source| source.path.ends_with(".md") && source.raw.is_some())
        .collect()
}

/// Parses all content files in parallel; a file that did not change is not parsed again.
fn parse_all(
    files: &[&Source],
    sources: &Sources,
    config: &Config,
    memo: &Memo,
) -> Staged<Vec<Arc<Document>>> {
    let parsed: Vec<Arc<Staged<Arc<Document>>>> = files
        .par_iter()
        .map(|source| {
            let options = ParseOptions {
                question_level: config.guide.question_level,
                parts: config.guide.parts.clone(),
                kind: kind_of(source, sources, config),
            };
            let key = ContentHash::fields()
                .field((source.id.index() as u64).to_le_bytes())
                .field(&source.path)
                .field(source.text.as_bytes())
                .field(format!("{options:?}"))
                .finish();
            memo.cached("parse", key, || {
                parse::parse_document(source, &options).map(Arc::new)
            })
        })
        .collect();
    let mut documents = Vec::with_capacity(parsed.len());
    let mut diagnostics = Vec::new();
    for staged in parsed {
        documents.push(Arc::clone(&staged.value));
        diagnostics.extend(staged.diagnostics.iter().cloned());
    }
    Staged::new(documents, diagnostics)
}

fn kind_of(source: &Source, sources: &Sources, config: &Config) -> Option<DocumentKind> {
    if source.path == format!("{}/SUMMARY.md", config.book.src) {
        return Some(DocumentKind::Page);
    }
    resolve::kind_by_place(sources, &config.book.src, &source.path)
}
