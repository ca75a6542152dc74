//! Which pages there are, and each one's making.

use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::RenderRequest;
use super::context::PageContext;
use super::exhibit;
use super::guide_page::{self, At, edit_url, question_outcome, short_text, tags};
use super::head::{About, head_view};
use super::html::{Writer, escaped};
use super::markdown::{self, markdown_path};
use super::site_view::{Facts, SEARCH_STAND_IN, level_view, practice_path, site_view};
use super::template::Templates;
use super::view::{
    CountView, FeaturedView, GuideContext, HeadingView, HomeContext, HomeView, LinkView, Markup,
    ProseContext, ProseView, QuestionItemView, QuestionsContext, QuestionsView, RedirectContext,
};
use crate::diagnostic::{Diagnostic, Staged};
use crate::memo::{ContentHash, Memo};
use crate::model::book::{ProsePage, QuestionAt, Redirect};
use crate::model::document::{BlockKind, plain_text};
use crate::model::guide::{Document, FrontMatter, QuestionLevel};
use crate::model::site::{Html, Page, SitePath};
use crate::model::snippet::Status;
use crate::source::Sources;
use crate::system::System;

/// Makes pages.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) request: &'a RenderRequest<'a>,
    pub(super) templates: &'a Templates<'a>,
    pub(super) memo: &'a Memo,
    pub(super) sys: &'a dyn System,
    pub(super) facts: &'a Facts,
}

/// A page to be made.
enum Job<'a> {
    Home,
    Guide(At<'a>),
    Prose(usize, &'a ProsePage),
    Questions,
    Lost,
    Redirect(&'a SitePath, &'a Redirect),
}

type Made = Result<(Page, Vec<Diagnostic>), Vec<Diagnostic>>;

impl<'a> Maker<'a> {
    /// All pages of the site.
    pub(super) fn all(self) -> Staged<Vec<Page>> {
        let book = self.request.book;
        let mut jobs = vec![Job::Home, Job::Questions, Job::Lost];
        for (guide_index, guide) in book.guides.iter().enumerate() {
            for (page_index, page) in guide.pages.iter().enumerate() {
                let at = At {
                    guide_index,
                    guide,
                    page_index,
                    page,
                    practice: false,
                };
                jobs.push(Job::Guide(at));
                if page.document.questions().next().is_some() {
                    jobs.push(Job::Guide(At { practice: true, ..at }));
                }
            }
        }
        jobs.extend(
            book.pages
                .iter()
                .enumerate()
                .map(|(at, page)| Job::Prose(at, page)),
        );
        jobs.extend(book.redirects.iter().map(|(from, to)| Job::Redirect(from, to)));
        let made: Vec<Made> = jobs.par_iter().map(|job| self.make(job)).collect();
        let mut pages = Vec::new();
        let mut diagnostics = Vec::new();
        for made in made {
            match made {
                Ok((page, found)) => {
                    pages.push(page);
                    diagnostics.extend(found);
                }
                Err(found) => diagnostics.extend(found),
            }
        }
        Staged::new(pages, diagnostics)
    }

    fn make(self, job: &Job<'a>) -> Made {
        match job {
            Job::Home => self.home(),
            Job::Guide(at) => self.guide(*at),
            Job::Prose(index, page) => self.prose(*index, page),
            Job::Questions => self.questions(),
            Job::Lost => self.lost(),
            Job::Redirect(from, to) => self.redirect(from, to),
        }
    }

    fn context(self, path: SitePath) -> PageContext<'a> {
        PageContext {
            book: self.request.book,
            proofs: self.request.proofs,
            sources: self.request.sources,
            config: self.request.config,
            templates: self.templates,
            memo: self.memo,
            sys: self.sys,
            facts: self.facts,
            path,
            base: None,
        }
    }

    /// Renders a template; a page whose views and templates are known is not made again.
    fn render<C: Serialize>(self, template: &str, context: &C) -> Result<Html, Vec<Diagnostic>> {
        let views = serde_json::to_vec(context).unwrap_or_default();
        let key = ContentHash::fields()
            .field(template)
            .field(self.request.theme.hash.as_bytes())
            .field(&views)
            .finish();
        let made: Arc<Result<String, Box<Diagnostic>>> = self
            .memo
            .cached("page", key, || self.templates.render(template, context));
        match &*made {
            Ok(html) => Ok(Html::trusted(match self.request.search_root {
                Some(path) => html.replace(SEARCH_STAND_IN, path.as_str()),
                None => html.clone(),
            })),
            Err(diagnostic) => Err(vec![(**diagnostic).clone()]),
        }
    }

    fn guide(self, at: At<'a>) -> Made {
        let path = if at.practice {
            practice_path(&at.page.path)
        } else {
            Some(at.page.path.clone())
        };
        let Some(path) = path else {
            return Err(Vec::new());
        };
        let page = self.context(path);
        let guide_page::GuidePageViews {
            guide,
            about,
            diagnostics,
        } = guide_page::views(self.request, &page, at);
        let (title, description) = (about.title.clone(), about.description.clone());
        let context = GuideContext {
            site: site_view(self.request, &page, "guides"),
            head: head_view(&page, about),
            practice: at.practice,
            guide,
        };
        let html = self.render(
            if at.practice {
                "practice.html"
            } else {
                "guide.html"
            },
            &context,
        )?;
        let document = &at.page.document;
        Ok((
            Page {
                html,
                markdown: (!at.practice).then(|| markdown::text(&page, document, &at.page.title)),
                title,
                description,
                source: document.path.clone(),
                updated: updated(&document.front),
                indexed: !at.practice,
                path: page.path,
            },
            // The practice page says the same of the same text.
            if at.practice { Vec::new() } else { diagnostics },
        ))
    }

    fn prose(self, index: usize, prose: &'a ProsePage) -> Made {
        let page = self.context(prose.path.clone());
        let document = &prose.document;
        let mut writer = Writer::new(&page, document);
        let title = title_html(&mut writer, &prose.title);
        let body = writer.blocks(&document.intro);
        let footnotes = writer.footnote_section();
        let lead = document.front.description.clone().unwrap_or_default();
        let about = About {
            title: prose.title.clone(),
            description: lead.clone(),
            markdown: markdown_path(&page.path).map(|path| page.url(&path)),
            kind: "article",
            ..About::default()
        };
        let pages = &self.request.book.pages;
        let link = |other: &ProsePage| LinkView {
            href: page.url(&other.path),
            title: other.title.clone(),
            mark: String::new(),
            current: false,
        };
        let view = ProseView {
            title,
            title_text: prose.title.clone(),
            title_id: document.title_id().to_owned(),
            lead: lead.clone(),
            crumbs: vec![
                LinkView {
                    href: page.to(""),
                    title: self.request.config.book.title.clone(),
                    mark: String::new(),
                    current: false,
                },
                LinkView {
                    href: "./".to_owned(),
                    title: prose.title.clone(),
                    mark: String::new(),
                    current: true,
                },
            ],
            body: body.into(),
            footnotes: footnotes.into(),
            headings: headings(document),
            markdown: about.markdown.clone(),
            edit: edit_url(self.request, &document.path),
            previous: index
                .checked_sub(1)
                .and_then(|before| pages.get(before))
                .map(link),
            next: pages.get(index + 1).map(link),
            authors: document.front.authors.clone(),
            updated: updated(&document.front),
        };
        let context = ProseContext {
            site: site_view(self.request, &page, "page"),
            head: head_view(&page, about),
            page: view,
        };
        let html = self.render("page.html", &context)?;
        let diagnostics = std::mem::take(&mut writer.diagnostics);
        let markdown = markdown::text(&page, document, &prose.title);
        drop(writer);
        Ok((
            Page {
                html,
                markdown: Some(markdown),
                title: prose.title.clone(),
                description: lead,
                source: document.path.clone(),
                updated: updated(&document.front),
                indexed: true,
                path: page.path,
            },
            diagnostics,
        ))
    }

    fn home(self) -> Made {
        let Ok(path) = SitePath::page("") else {
            return Err(Vec::new());
        };
        let page = self.context(path);
        let book = self.request.book;
        let config = &self.request.config.book;
        let mut diagnostics = Vec::new();
        let mut body = Html::default();
        let mut title: Markup = Html::trusted(escaped(&config.title)).into();
        let mut title_text = config.title.clone();
        let mut lead = config.description.clone();
        let mut markdown = None;
        if let Some(document) = &book.home {
            let mut writer = Writer::new(&page, document);
            title = title_html(&mut writer, &config.title);
            if let Some(own) = &document.title {
                title_text = plain_text(&own.content);
            }
            body = writer.blocks(&document.intro);
            if let Some(description) = &document.front.description {
                lead.clone_from(description);
            }
            diagnostics.append(&mut writer.diagnostics);
            markdown = Some(markdown::text(&page, document, &config.title));
        }
        let markdown_url = markdown
            .as_ref()
            .and_then(|_| markdown_path(&page.path))
            .map(|path| page.url(&path));
        let about = About {
            title: config.title.clone(),
            description: lead.clone(),
            markdown: markdown_url.clone(),
            kind: "website",
            ..About::default()
        };
        let has_body = !body.as_str().trim().is_empty();
        let view = HomeView {
            title,
            title_text,
            title_id: book.home.as_ref().map_or("", |home| home.title_id()).to_owned(),
            lead: lead.clone(),
            body: body.into(),
            has_body,
            featured: self.featured(&page, &mut diagnostics),
            markdown: markdown_url,
            start: book.guides.first().map(|guide| LinkView {
                href: page.url(guide.path()),
                title: guide.title.clone(),
                mark: guide.letter.clone(),
                current: false,
            }),
        };
        let context = HomeContext {
            site: site_view(self.request, &page, "home"),
            head: head_view(&page, about),
            home: view,
        };
        let html = self.render("home.html", &context)?;
        Ok((
            Page {
                html,
                markdown,
                title: config.title.clone(),
                description: lead,
                source: book
                    .home
                    .as_ref()
                    .map(|home| home.path.clone())
                    .unwrap_or_default(),
                updated: book.home.as_ref().and_then(|home| updated(&home.front)),
                indexed: true,
                path: page.path,
            },
            diagnostics,
        ))
    }

    /// A question for the home page: of those whose snippet is verified the one with the shortest code, since it
    /// must fit beside the title; else the first question.
    fn featured(self, page: &PageContext<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<FeaturedView> {
        let book = self.request.book;
        let verified = |at: &QuestionAt<'_>| {
            at.question.snippets().into_iter().find_map(|snippet| {
                let proof = self.request.proofs.snippets.get(&snippet.slug)?;
                if proof.status != Status::Verified {
                    return None;
                }
                let view = exhibit::view(page, snippet, 1)?;
                let lines = view.lines
                    + view.receipt.as_ref().map_or(0, |receipt| {
                        receipt
                            .streams
                            .iter()
                            .map(|stream| stream.text.as_str().lines().count())
                            .sum()
                    });
                (view.code.is_some() && view.receipt.is_some()).then_some((lines, snippet.clone()))
            })
        };
        let best = book
            .questions()
            .filter_map(|at| verified(&at).map(|(lines, snippet)| (lines, at, snippet)))
            .min_by_key(|(lines, ..)| *lines);
        let (at, snippet) = match best {
            Some((_, at, snippet)) => (at, Some(snippet)),
            None => (book.questions().next()?, None),
        };
        let exhibit = snippet.map(|snippet| {
            let html = exhibit::render(page, &snippet, 1, diagnostics);
            Html::trusted(html).into()
        });
        let short = short_text(at.question);
        let end = short.find(". ").map_or(short.len(), |end| end + 1);
        let first = (!short.is_empty()).then(|| format!("<mark>{}</mark>", escaped(&short[..end])));
        Some(FeaturedView {
            mark: format!("{}{:02}", at.guide.letter, at.number),
            title: Html::trusted(escaped(&plain_text(&at.question.title))).into(),
            href: question_href(page, &at),
            level: at.question.level.map(level_view),
            tags: tags(page, &at.question.tags),
            outcome: question_outcome(self.request, at.question),
            short: first.map(|html| Html::trusted(html).into()),
            exhibit,
        })
    }

    fn questions(self) -> Made {
        let Ok(path) = SitePath::page("questions/") else {
            return Err(Vec::new());
        };
        let page = self.context(path);
        let items: Vec<QuestionItemView> = self
            .request
            .book
            .questions()
            .map(|at| self.item(&page, &at))
            .collect();
        let count = items.len();
        let lead = format!("{count} questions, by level and by how their code ends.");
        let about = About {
            title: "All questions".to_owned(),
            description: lead.clone(),
            kind: "website",
            ..About::default()
        };
        let view = QuestionsView {
            levels: levels(&items),
            outcomes: outcomes(&items),
            tags: tag_counts(&items),
            crumbs: Vec::new(),
            items,
        };
        let context = QuestionsContext {
            site: site_view(self.request, &page, "questions"),
            head: head_view(&page, about),
            questions: view,
        };
        let html = self.render("questions.html", &context)?;
        Ok((
            made_by_theme(page.path, html, "All questions", &lead, true),
            Vec::new(),
        ))
    }

    fn item(self, page: &PageContext<'_>, at: &QuestionAt<'_>) -> QuestionItemView {
        let title_text = plain_text(&at.question.title);
        QuestionItemView {
            mark: format!("{}{:02}", at.guide.letter, at.number),
            id: at.question.id.clone(),
            title: Html::trusted(escaped(&title_text)).into(),
            title_text,
            href: question_href(page, at),
            guide: at.guide.title.clone(),
            letter: at.guide.letter.clone(),
            level: at.question.level.map(level_view),
            tags: at.question.tags.clone(),
            outcome: question_outcome(self.request, at.question),
            short: short_text(at.question),
        }
    }

    fn lost(self) -> Made {
        let Ok(path) = SitePath::new("404.html") else {
            return Err(Vec::new());
        };
        // It is served at any depth, so that only absolute URLs lead anywhere.
        let base = self.request.config.html.site_url.as_deref().map_or_else(
            || "/".to_owned(),
            |url| {
                let host = url.split_once("://").map_or(url, |(_, rest)| rest);
                host.find('/').map_or("/", |at| &host[at..]).to_owned()
            },
        );
        let page = PageContext {
            base: Some(base),
            ..self.context(path)
        };
        let title = "There is no such page";
        let lead = "The address may be old, or have a slip of the pen in it.";
        let about = About {
            title: title.to_owned(),
            description: lead.to_owned(),
            noindex: true,
            kind: "website",
            ..About::default()
        };
        let view = ProseView {
            title: Html::trusted(title.to_owned()).into(),
            title_text: title.to_owned(),
            title_id: String::new(),
            lead: lead.to_owned(),
            crumbs: Vec::new(),
            body: self.lost_text().into(),
            footnotes: Html::default().into(),
            headings: Vec::new(),
            markdown: None,
            edit: None,
            previous: None,
            next: None,
            authors: Vec::new(),
            updated: None,
        };
        let context = ProseContext {
            site: site_view(self.request, &page, ""),
            head: head_view(&page, about),
            page: view,
        };
        let html = self.render("404.html", &context)?;
        Ok((made_by_theme(page.path, html, title, lead, false), Vec::new()))
    }

    /// The text of `input-404`, as plain paragraphs; empty where there is none.
    fn lost_text(self) -> Html {
        let path = self.request.config.html.input_404.as_deref();
        let text = path
            .and_then(|path| find_text(self.request.sources, path))
            .unwrap_or_default();
        let paragraphs: Vec<String> = text
            .split("\n\n")
            .map(str::trim)
            .filter(|paragraph| !paragraph.is_empty() && !paragraph.starts_with('#'))
            .map(|paragraph| format!("<p>{}</p>", escaped(paragraph)))
            .collect();
        Html::trusted(paragraphs.join("\n"))
    }

    fn redirect(self, from: &SitePath, to: &Redirect) -> Made {
        let page = self.context(from.clone());
        let (target, title) = match to {
            Redirect::External(address) => (address.clone(), address.clone()),
            Redirect::Page(path) => (page.url(path), self.title_of(path)),
        };
        let about = About {
            title: title.clone(),
            noindex: true,
            kind: "website",
            canonical: match to {
                Redirect::Page(path) => Some(path.url().to_owned()),
                Redirect::External(_) => None,
            },
            ..About::default()
        };
        let mut head = head_view(&page, about);
        if let Redirect::External(address) = to {
            head.canonical = Some(address.clone());
        }
        let context = RedirectContext {
            site: site_view(self.request, &page, ""),
            head,
            target,
        };
        let html = self.render("redirect.html", &context)?;
        Ok((made_by_theme(page.path, html, &title, "", false), Vec::new()))
    }

    fn title_of(self, path: &SitePath) -> String {
        let book = self.request.book;
        let guides = book
            .guides
            .iter()
            .flat_map(|guide| &guide.pages)
            .map(|page| (&page.path, &page.title));
        let pages = book.pages.iter().map(|page| (&page.path, &page.title));
        let mut all = guides.chain(pages);
        all.find(|(other, _)| *other == path)
            .map_or_else(|| "This page".to_owned(), |(_, title)| title.clone())
    }
}

fn find_text<'s>(sources: &'s Sources, path: &str) -> Option<&'s str> {
    sources.by_path(path).map(|source| &*source.text)
}

fn made_by_theme(path: SitePath, html: Html, title: &str, description: &str, indexed: bool) -> Page {
    Page {
        path,
        html,
        markdown: None,
        title: title.to_owned(),
        description: description.to_owned(),
        source: String::new(),
        updated: None,
        indexed,
    }
}

fn updated(front: &FrontMatter) -> Option<String> {
    front.updated.clone().or_else(|| front.date.clone())
}

/// The `#` title with its markup, unless the front matter has one.
fn title_html<'a>(writer: &mut Writer<'a>, fallback: &str) -> Markup {
    let document: &'a Document = writer.document();
    match (&document.title, &document.front.title) {
        (Some(title), _) => writer.inlines(&title.content).into(),
        (None, Some(title)) => Html::trusted(escaped(title)).into(),
        (None, None) => Html::trusted(escaped(fallback)).into(),
    }
}

fn question_href(page: &PageContext<'_>, at: &QuestionAt<'_>) -> String {
    format!(
        "{}#{}",
        page.url(&at.page.path),
        crate::model::site::encode(&at.question.id)
    )
}

fn headings(document: &Document) -> Vec<HeadingView> {
    document
        .intro
        .iter()
        .filter_map(|block| match &block.kind {
            BlockKind::Heading(heading) if matches!(heading.level, 2 | 3) => Some(HeadingView {
                level: heading.level,
                id: heading.id.clone(),
                title: plain_text(&heading.content),
            }),
            _ => None,
        })
        .collect()
}

fn levels(items: &[QuestionItemView]) -> Vec<CountView> {
    QuestionLevel::ALL
        .into_iter()
        .map(level_view)
        .map(|level| CountView {
            name: level.name.to_owned(),
            word: level.word.to_owned(),
            count: items
                .iter()
                .filter(|item| item.level.as_ref() == Some(&level))
                .count(),
        })
        .filter(|level| level.count > 0)
        .collect()
}

fn outcomes(items: &[QuestionItemView]) -> Vec<CountView> {
    const KINDS: [(&str, &str); 5] = [
        ("verified", "Runs"),
        ("panic", "Panics"),
        ("refused", "Refused"),
        ("unverified", "Not verified"),
        ("none", "No snippet"),
    ];
    KINDS
        .into_iter()
        .map(|(name, word)| CountView {
            name: name.to_owned(),
            word: word.to_owned(),
            count: items
                .iter()
                .filter(|item| item.outcome.as_ref().map_or("none", |outcome| outcome.kind) == name)
                .count(),
        })
        .filter(|kind| kind.count > 0)
        .collect()
}

fn tag_counts(items: &[QuestionItemView]) -> Vec<CountView> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for tag in items.iter().flat_map(|item| &item.tags) {
        *counts.entry(tag).or_default() += 1;
    }
    let mut tags: Vec<CountView> = counts
        .into_iter()
        .map(|(tag, count)| CountView {
            name: tag.to_owned(),
            word: tag.to_owned(),
            count,
        })
        .collect();
    tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    tags
}
