//! What templates are given: one context struct a template, made of plain serializable views.
//!
//! | template | context | is |
//! |---|---|---|
//! | `base.html` | extended by all | the frame: head, bar, guides, footer |
//! | `home.html` | [`HomeContext`] | `/` |
//! | `guide.html` | [`GuideContext`] | a guide, or one section page of a guide |
//! | `practice.html` | [`GuideContext`] with `practice` | the same with answers closed |
//! | `page.html` | [`ProseContext`] | plain prose |
//! | `questions.html` | [`QuestionsContext`] | all questions, filterable |
//! | `study.html` | [`QuestionsContext`] | cards and mock interview; made only where the theme has it |
//! | `404.html` | [`ProseContext`] | the not-found page; its URLs are absolute |
//! | `redirect.html` | [`RedirectContext`] | the stub at an old address |
//! | `exhibit.html` | [`ExhibitContext`] | one snippet with its receipt, as a fragment |
//!
//! Every URL is ready to print: relative to the page at hand (absolute on `404.html`). Text is
//! escaped by the engine; only [`Markup`] prints as it is. An absent value is `none`. No view holds a time,
//! a path of the machine or an output that was not verified.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::model::site::Html;

/// Markup that templates print as it is, without `| safe`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(Html);

impl From<Html> for Markup {
    fn from(html: Html) -> Self {
        Self(html)
    }
}

impl Markup {
    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Serialize for Markup {
    /// A safe string to minijinja, a plain one to everything else.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        minijinja::Value::from_safe_string(self.as_str().to_owned()).serialize(serializer)
    }
}

/// What `home.html` is given.
#[derive(Clone, Debug, Serialize)]
pub struct HomeContext {
    /// The site.
    pub site: SiteView,
    /// The page's head.
    pub head: HeadView,
    /// The page.
    pub home: HomeView,
}

/// What `guide.html` and `practice.html` are given.
#[derive(Clone, Debug, Serialize)]
pub struct GuideContext {
    /// The site.
    pub site: SiteView,
    /// The page's head.
    pub head: HeadView,
    /// Whether answers are closed.
    pub practice: bool,
    /// The page.
    pub guide: GuideView,
}

/// What `page.html` and `404.html` are given.
#[derive(Clone, Debug, Serialize)]
pub struct ProseContext {
    /// The site.
    pub site: SiteView,
    /// The page's head.
    pub head: HeadView,
    /// The page.
    pub page: ProseView,
}

/// What `questions.html` and `study.html` are given.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionsContext {
    /// The site.
    pub site: SiteView,
    /// The page's head.
    pub head: HeadView,
    /// The page.
    pub questions: QuestionsView,
}

/// What `redirect.html` is given.
#[derive(Clone, Debug, Serialize)]
pub struct RedirectContext {
    /// The site.
    pub site: SiteView,
    /// The page's head.
    pub head: HeadView,
    /// Where the old address leads.
    pub target: String,
}

/// What `exhibit.html` is given.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ExhibitContext<'a> {
    /// The snippet.
    pub exhibit: &'a ExhibitView,
}

/// What every page knows of its site.
#[derive(Clone, Debug, Serialize)]
pub struct SiteView {
    /// The book's title.
    pub title: String,
    /// The book's description; may be empty.
    pub description: String,
    /// BCP 47 tag for `lang`.
    pub language: String,
    /// `ltr` or `rtl`, for `dir`.
    pub dir: &'static str,
    /// Prefix from this page to the site's root: `./`, `../`, …; the absolute base on `404.html`. For
    /// `data-root`, which scripts resolve against.
    pub root: String,
    /// This page's path from the root, without `index.html`: `ownership/practice/`.
    pub path: String,
    /// The home page.
    pub home: String,
    /// The page of all questions.
    pub questions: String,
    /// The study page, where the theme has one.
    pub study: Option<String>,
    /// The repository, as configured.
    pub repository: Option<String>,
    /// All guides, in order.
    pub guides: Vec<GuideLinkView>,
    /// Pages of plain prose, in order.
    pub pages: Vec<LinkView>,
    /// Which entry of the bar is current: `home`, `guides`, `questions`, `study`, `page` or empty.
    pub section: &'static str,
    /// URLs of the theme's assets by their name below `assets/`: `site.assets["style.css"]`.
    pub assets: BTreeMap<String, String>,
    /// Further style sheets, after the theme's.
    pub styles: Vec<String>,
    /// Further scripts, after the theme's; to be loaded with `defer`.
    pub scripts: Vec<String>,
    /// Whether the theme's fonts are used; only then are they preloaded.
    pub fonts: bool,
    /// The color theme of readers who chose none: `auto`, `light` or `dark`.
    pub default_theme: &'static str,
    /// The entry file of the search index, where there is one; for `data-search`.
    pub search: Option<String>,
    /// Whether pages are meant to be printed.
    pub print: bool,
    /// The content of the `Content-Security-Policy` meta element.
    pub csp: String,
    /// The inline theme script (the asset `theme-init.js`), exactly the bytes that the policy's hash
    /// covers: `<script>{{ site.theme_script }}</script>` with nothing between. Empty where the theme has none.
    pub theme_script: Markup,
    /// `proofbook 0.1.0`, for `<meta name="generator">`.
    pub generator: String,
    /// Questions in the whole book, follow-ups left out.
    pub question_count: usize,
    /// What the build knows of the snippets.
    pub proof: ProofView,
}

/// What a build knows of all snippets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProofView {
    /// The compiler's version, `1.95.0`; may be empty.
    pub rustc: String,
    /// Snippets verified by this build.
    pub verified: usize,
    /// Snippets in all.
    pub total: usize,
    /// Layers of the sandbox; may be empty.
    pub sandbox: Vec<String>,
}

/// A link with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// The URL.
    pub href: String,
    /// Plain text.
    pub title: String,
    /// What goes before the text: a letter `A`, a number `A03`; may be empty.
    pub mark: String,
    /// Whether it leads to this page.
    pub current: bool,
}

/// A guide as a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuideLinkView {
    /// `A`, `B`, …
    pub letter: String,
    /// Plain-text title.
    pub title: String,
    /// One sentence; may be empty.
    pub description: String,
    /// The guide's first page.
    pub href: String,
    /// Its practice page, if it has questions.
    pub practice: Option<String>,
    /// Whether this page is one of the guide's.
    pub current: bool,
    /// How many questions it has.
    pub questions: usize,
    /// How many of each level; all four, also where there are none.
    pub levels: Vec<CountView>,
    /// `1 junior, 4 senior`: the same in words; empty where no question has a level.
    pub levels_text: String,
}

/// A value that one can filter by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountView {
    /// The name in URLs and attributes.
    pub name: String,
    /// The word to show.
    pub word: String,
    /// How many questions have it.
    pub count: usize,
}

/// The page's `<head>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeadView {
    /// `<title>`, at most 60 characters where the page's own title allows.
    pub title: String,
    /// `<meta name="description">`, at most 155 characters; may be empty.
    pub description: String,
    /// The canonical URL, where `site-url` is set.
    pub canonical: Option<String>,
    /// Whether search engines are asked to leave the page out.
    pub noindex: bool,
    /// The page's Markdown, for `<link rel="alternate" type="text/markdown">`.
    pub markdown: Option<String>,
    /// The site's feed, where there is one.
    pub feed: Option<String>,
    /// `OpenGraph` properties in order: `("og:title", …)`.
    pub open_graph: Vec<(String, String)>,
    /// Content of the one JSON-LD block, made safe for a script element.
    pub json_ld: Option<Markup>,
}

/// The home page.
#[derive(Clone, Debug, Serialize)]
pub struct HomeView {
    /// The `#` title of `_index.md`, else the book's.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// The title's anchor; may be empty.
    pub title_id: String,
    /// The description of `_index.md`, else the book's; may be empty.
    pub lead: String,
    /// The text of `_index.md`; may be empty.
    pub body: Markup,
    /// Whether there is a body.
    pub has_body: bool,
    /// A question to show: the first whose snippet is verified, else the first.
    pub featured: Option<FeaturedView>,
    /// The page's Markdown.
    pub markdown: Option<String>,
    /// The first guide, to begin with.
    pub start: Option<LinkView>,
}

/// The question that the home page shows.
#[derive(Clone, Debug, Serialize)]
pub struct FeaturedView {
    /// `A03`
    pub mark: String,
    /// The question.
    pub title: Markup,
    /// Where it stands.
    pub href: String,
    /// How senior it is.
    pub level: Option<LevelView>,
    /// Its tags.
    pub tags: Vec<TagView>,
    /// How its snippet ends.
    pub outcome: Option<OutcomeView>,
    /// The first sentence of the short answer, in `<mark>`.
    pub short: Option<Markup>,
    /// The rendered `exhibit.html` of its first snippet.
    pub exhibit: Option<Markup>,
}

/// One page of a guide.
#[derive(Clone, Debug, Serialize)]
pub struct GuideView {
    /// `A`, `B`, …
    pub letter: String,
    /// The page's title, with its inline markup.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// The title's anchor; may be empty.
    pub title_id: String,
    /// One sentence; may be empty.
    pub lead: String,
    /// Home, guide, this page; the last is current.
    pub crumbs: Vec<LinkView>,
    /// What the page holds.
    pub facts: FactsView,
    /// The practice page, where the page has questions.
    pub practice: Option<String>,
    /// The reading page; `./` or its like on the page itself.
    pub reading: String,
    /// The page's Markdown.
    pub markdown: String,
    /// Where the page's source can be edited.
    pub edit: Option<String>,
    /// The pages of a guide of several, this one current; empty for a guide on one page.
    pub pages: Vec<LinkView>,
    /// What stands before the first section; may be empty.
    pub intro: Markup,
    /// The sections.
    pub sections: Vec<SectionView>,
    /// Whether a section has a title: questions are then `h3`, else `h2`.
    pub has_sections: bool,
    /// 2 or 3: the level of the questions' headings.
    pub question_heading: u8,
    /// The footnotes as a whole `<section>`; empty where there are none.
    pub footnotes: Markup,
    /// The page before this one, through all guides.
    pub previous: Option<LinkView>,
    /// The page after this one.
    pub next: Option<LinkView>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// `updated`, else `date`, of the front matter.
    pub updated: Option<String>,
}

/// What a page holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FactsView {
    /// Questions, follow-ups left out.
    pub questions: usize,
    /// Distinct snippets shown on the page and verified by this build.
    pub verified: usize,
    /// Distinct snippets shown on the page.
    pub snippets: usize,
    /// Minutes to read: those that the questions name, else 200 words a minute; at least 1.
    pub minutes: usize,
}

/// A section of a guide.
#[derive(Clone, Debug, Serialize)]
pub struct SectionView {
    /// The anchor; empty where there is no title.
    pub id: String,
    /// The title; empty for questions before the first.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// What stands before its first question; may be empty.
    pub intro: Markup,
    /// Its questions.
    pub questions: Vec<QuestionView>,
}

/// A question with its answer; a follow-up is one too, without a number.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionView {
    /// `01`, `02`, … through the guide; empty for follow-ups.
    pub number: String,
    /// `A03`: unique in the site; empty for follow-ups.
    pub mark: String,
    /// The anchor.
    pub id: String,
    /// The question, with its inline markup.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// How senior it is.
    pub level: Option<LevelView>,
    /// Its tags.
    pub tags: Vec<TagView>,
    /// Reading or answering time.
    pub minutes: Option<u32>,
    /// How its first snippet ends; absent without snippets.
    pub outcome: Option<OutcomeView>,
    /// The short answer, inline, its first sentence in `<mark>`; for `<p class="tldr">`. What follows in
    /// the author's TL;DR (lists, more paragraphs) is the first of `parts`.
    pub short: Option<Markup>,
    /// The rest of the answer, laid out.
    pub groups: Vec<PartGroupView>,
    /// The follow-ups; always empty for a follow-up.
    pub follow_ups: Vec<QuestionView>,
    /// Related questions and pages, both ways.
    pub related: Vec<LinkView>,
    /// Where its source can be edited.
    pub edit: Option<String>,
    /// The address to print under it: absolute with `site-url`, else from the root.
    pub permalink: String,
}

/// How senior a question is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelView {
    /// `junior`, `intermediate`, `senior`, `staff`
    pub name: &'static str,
    /// The word to show, `Junior`.
    pub word: &'static str,
    /// 1 to 4, out of 4.
    pub pips: usize,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagView {
    /// The tag.
    pub name: String,
    /// All questions with it.
    pub href: String,
}

/// How a snippet ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeView {
    /// `verified`, `panic`, `refused` or `unverified`.
    pub kind: &'static str,
    /// Icon to use: `ok`, `panic`, `no` or `none`.
    pub icon: &'static str,
    /// `Output verified`, `Panics as intended`, `Refused as intended`, `Not verified`.
    pub words: &'static str,
}

/// Parts of an answer that are laid out together.
#[derive(Clone, Debug, Serialize)]
pub struct PartGroupView {
    /// `plain` (one part after the other), `star` (situation, task, action, result: a grid) or `contrast`
    /// (weak beside strong).
    pub layout: &'static str,
    /// The parts; one or more.
    pub parts: Vec<PartView>,
}

/// A part of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct PartView {
    /// `answer`, `situation`, `weak`, `war-story`, …: a class name.
    pub role: String,
    /// The label to show; empty for text without one.
    pub label: String,
    /// The content: block elements.
    pub body: Markup,
}

/// A page of plain prose.
#[derive(Clone, Debug, Serialize)]
pub struct ProseView {
    /// The title, with its inline markup.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// The title's anchor; may be empty.
    pub title_id: String,
    /// One sentence; may be empty.
    pub lead: String,
    /// Home, this page.
    pub crumbs: Vec<LinkView>,
    /// The text.
    pub body: Markup,
    /// The footnotes as a whole `<section>`; empty where there are none.
    pub footnotes: Markup,
    /// `h2` and `h3` headings of the text, for the rail.
    pub headings: Vec<HeadingView>,
    /// The page's Markdown; absent for pages without content.
    pub markdown: Option<String>,
    /// Where the page's source can be edited.
    pub edit: Option<String>,
    /// The page before this one.
    pub previous: Option<LinkView>,
    /// The page after this one.
    pub next: Option<LinkView>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// `updated`, else `date`, of the front matter.
    pub updated: Option<String>,
}

/// A heading of a prose page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadingView {
    /// 2 or 3.
    pub level: u8,
    /// The anchor.
    pub id: String,
    /// Plain text.
    pub title: String,
}

/// All questions.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionsView {
    /// The questions, in order.
    pub items: Vec<QuestionItemView>,
    /// The levels that occur.
    pub levels: Vec<CountView>,
    /// The outcomes that occur; `none` for questions without a snippet.
    pub outcomes: Vec<CountView>,
    /// The tags, most used first.
    pub tags: Vec<CountView>,
    /// Home, this page.
    pub crumbs: Vec<LinkView>,
}

/// A question in a list.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionItemView {
    /// `A03`
    pub mark: String,
    /// The anchor on its page.
    pub id: String,
    /// The question.
    pub title: Markup,
    /// The same as plain text.
    pub title_text: String,
    /// Where it stands.
    pub href: String,
    /// The guide's title.
    pub guide: String,
    /// The guide's letter.
    pub letter: String,
    /// How senior it is.
    pub level: Option<LevelView>,
    /// Its tags, by name.
    pub tags: Vec<String>,
    /// How its first snippet ends.
    pub outcome: Option<OutcomeView>,
    /// The short answer as plain text; may be empty.
    pub short: String,
}

/// A snippet on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExhibitView {
    /// An id that is unique in the page, `pb-x1`.
    pub id: String,
    /// The crate's folder name.
    pub slug: String,
    /// The directive's or the manifest's title; may be empty.
    pub title: String,
    /// Name of the shown file without folders, `main.rs`.
    pub file: String,
    /// `2024`; empty for files that are not Rust.
    pub edition: String,
    /// Whether it begins folded; absent where the author said nothing.
    pub folded: Option<bool>,
    /// The code, for `<pre><code>`; absent where only the output is shown. One `<span class="ln">` a line,
    /// its newline inside; more classes: `h` highlighted, `e`/`w` holds an error's/a warning's main place,
    /// `bar` one line of a place that spans several (`bar b` for a secondary place). Inside:
    /// `<span class="k">` and its kin t s n m c; underlined `sq` (main place), `sq b` (secondary), `sq w` (a
    /// warning's); and after the newline, for each label, `<span class="say"><i>␠␠␠␠</i>text</span>` (`say b`,
    /// `say w`), one line each, ending in a newline that only the label's own line needs (it must be
    /// `display:block`).
    pub code: Option<Markup>,
    /// Lines of code shown.
    pub lines: usize,
    /// The receipt; absent where only the code is shown.
    pub receipt: Option<ReceiptView>,
    /// Name of the binary whose output is shown; empty for the first.
    pub bin: String,
    /// URL of the snippet's sources as an archive.
    pub archive: Option<String>,
}

/// What a snippet did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptView {
    /// `verified`, `panic`, `refused` or `unverified`.
    pub kind: &'static str,
    /// Icon to use: `ok`, `panic`, `no` or `none`.
    pub icon: &'static str,
    /// The header: `Output verified`.
    pub words: &'static str,
    /// What stands at the header's end: `exit 0`, `E0502`; may be empty.
    pub detail: String,
    /// What it wrote; empty streams are left out.
    pub streams: Vec<StreamView>,
    /// Whether it ran and wrote nothing: "No output".
    pub silent: bool,
    /// `3 tests passed`
    pub tests: Option<String>,
    /// The compiler's refusal.
    pub refusal: Option<RefusalView>,
    /// The compiler's warnings.
    pub warnings: Option<FoldedView>,
    /// Why it is not verified; only for `unverified`, which shows nothing else.
    pub reason: Option<String>,
    /// `rustc 1.95.0`, `src 1a2b3c4d`, `landlock, seccomp`, `not run`
    pub footer: Vec<String>,
}

/// One output stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamView {
    /// `stdout` or `stderr`.
    pub name: &'static str,
    /// `Standard output`, `Standard error`, `Test results`: an accessible name.
    pub label: &'static str,
    /// Whether to show the name: there are two, or it is not `stdout`.
    pub named: bool,
    /// The text, or its first 8 lines where there are more than 12; without a final newline.
    pub text: Markup,
    /// The other lines: summary `15 more lines of 23`.
    pub more: Option<FoldedView>,
}

/// A refusal by the compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalView {
    /// The errors, each as a sentence: `<span class="d-e">error[E0502]</span><strong>: …</strong>`.
    pub errors: Vec<Markup>,
    /// The whole message: summary `Full compiler message, 9 lines`.
    pub full: FoldedView,
}

/// Text behind a summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoldedView {
    /// What it is and how long, `1 warning`.
    pub summary: String,
    /// The text with `d-e d-b d-g d-y` spans and `<strong>`, for `<pre><code>`.
    pub text: Markup,
    /// Whether it holds all of it, also what was shown before.
    pub whole: bool,
}
