//! `book.toml`, validated.
//!
//! [`raw`] reads the file with places, [`snippet`] reads the manifests of snippet crates; [`Config`] is what
//! the other rooms get.

pub mod book;
pub mod links;
pub mod snippet;
pub mod tree;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnostic::{Code, Level};
use crate::model::snippet::{Network, Redaction};
use crate::source::Span;

/// A validated book.toml; every key has its default.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `[book]`
    pub book: BookConfig,
    /// `[build]`
    pub build: BuildConfig,
    /// `[rust] edition`: of code blocks that name none.
    pub edition: String,
    /// `[guide]`
    pub guide: GuideConfig,
    /// `[snippets]`
    pub snippets: SnippetsConfig,
    /// `[output.html]`
    pub html: HtmlConfig,
    /// `[check.rules]`
    pub levels: BTreeMap<Code, Level>,
    /// `[check.links]`
    pub links: links::LinksConfig,
}

/// `[book]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookConfig {
    /// `title`; the folder's name where there is none.
    pub title: String,
    /// `description`; may be empty.
    pub description: String,
    /// `authors`
    pub authors: Vec<String>,
    /// `language`, a BCP 47 tag.
    pub language: String,
    /// `text-direction`: whether the text runs from right to left.
    pub right_to_left: bool,
    /// `src`: the content folder, from the root.
    pub src: String,
}

/// `[build]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildConfig {
    /// `build-dir`, from the root.
    pub build_dir: String,
    /// `create-missing`: whether chapters that SUMMARY.md names and nobody wrote are made.
    pub create_missing: bool,
    /// `extra-watch-dirs`, from the root.
    pub extra_watch_dirs: Vec<String>,
}

/// `[guide]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideConfig {
    /// `question-level`: 2 to 5.
    pub question_level: u8,
    /// `parts`: further labels with their roles, in order; they go before the built-in ones.
    pub parts: Vec<PartLabel>,
}

/// A part label with its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartLabel {
    /// The label, compared without regard to case.
    pub label: String,
    /// The role's name.
    pub role: String,
}

/// `[snippets]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnippetsConfig {
    /// `dir`, from the root.
    pub dir: String,
    /// `profile`: a Cargo profile.
    pub profile: String,
    /// `jobs`: parallel runs; `None` for one a core.
    pub jobs: Option<usize>,
    /// `timeout`
    pub timeout: Duration,
    /// `memory` in bytes.
    pub memory: u64,
    /// `max-output` of each stream, in bytes.
    pub max_output: usize,
    /// `max-processes`
    pub max_processes: u32,
    /// `max-files`
    pub max_files: u32,
    /// `max-disk` in bytes.
    pub max_disk: u64,
    /// `network`
    pub network: Network,
    /// `sandbox`; `None` where it is not set.
    pub sandbox: Option<SandboxMode>,
    /// `determinism-runs`: runs of a new or changed snippet.
    pub determinism_runs: u32,
    /// `redactions`, before each snippet's own.
    pub redactions: Vec<Redaction>,
    /// `inline`
    pub inline: InlineMode,
    /// `allow-toolchain-file`
    pub allow_toolchain_file: bool,
    /// `allow-cargo-config`
    pub allow_cargo_config: bool,
}

/// `[snippets] sandbox`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxMode {
    /// Use what is there.
    Auto,
    /// Fail where a layer is missing.
    Required,
    /// No sandbox.
    Off,
}

/// `[snippets] inline`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineMode {
    /// Fences with `run`.
    Marked,
    /// Every Rust fence that rustdoc would run.
    All,
    /// None.
    Off,
}

/// `[output.html]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlConfig {
    /// `theme`: a folder below `themes/`, or `default`.
    pub theme: String,
    /// `site-url`, ending in a slash.
    pub site_url: Option<String>,
    /// `edit-url-template`, with `{path}`.
    pub edit_url_template: Option<String>,
    /// `git-repository-url`
    pub git_repository_url: Option<String>,
    /// `default-theme`
    pub default_theme: ColorTheme,
    /// `additional-css`, from the root.
    pub additional_css: Vec<String>,
    /// `additional-js`, from the root.
    pub additional_js: Vec<String>,
    /// `input-404`: a content file for the text of `404.html`.
    pub input_404: Option<String>,
    /// `raw-html`
    pub raw_html: RawHtml,
    /// `fonts`: whether the theme's fonts are shipped.
    pub bundled_fonts: bool,
    /// `links = "explicit"`: whether links name `index.html`.
    pub explicit_links: bool,
    /// `structured-data`
    pub structured_data: StructuredData,
    /// `offline`
    pub offline: bool,
    /// `[output.html.search] enable`
    pub search: bool,
    /// `[output.html.search] synonyms`: term to terms, from the file that the key names.
    pub synonyms: BTreeMap<String, Vec<String>>,
    /// `[output.html.redirect]`: old address to new one, with the place of the old one.
    pub redirects: BTreeMap<String, (String, Span)>,
    /// `[output.html.print] enable`
    pub print: bool,
}

/// `[output.html] default-theme`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorTheme {
    /// As the reader's system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// `[output.html] raw-html`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawHtml {
    /// Harmless elements and attributes are kept, the rest dropped with a warning.
    Safe,
    /// Shown as text.
    Escape,
    /// Kept as it is; for content that one trusts.
    Allow,
}

/// `[output.html] structured-data`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructuredData {
    /// `LearningResource` with its questions.
    Learning,
    /// `FAQPage`.
    Faq,
    /// None.
    Off,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            book: BookConfig {
                title: "Interview guides".to_owned(),
                description: String::new(),
                authors: Vec::new(),
                language: "en".to_owned(),
                right_to_left: false,
                src: "content".to_owned(),
            },
            build: BuildConfig {
                build_dir: "site".to_owned(),
                create_missing: false,
                extra_watch_dirs: Vec::new(),
            },
            edition: "2024".to_owned(),
            guide: GuideConfig {
                question_level: 3,
                parts: Vec::new(),
            },
            snippets: SnippetsConfig {
                dir: "snippets".to_owned(),
                profile: "dev".to_owned(),
                jobs: None,
                timeout: Duration::from_secs(10),
                memory: 1 << 30,
                max_output: 64 << 10,
                max_processes: 1,
                max_files: 256,
                max_disk: 64 << 20,
                network: Network::None,
                sandbox: None,
                determinism_runs: 2,
                redactions: Vec::new(),
                inline: InlineMode::Marked,
                allow_toolchain_file: false,
                allow_cargo_config: false,
            },
            html: HtmlConfig {
                theme: "default".to_owned(),
                site_url: None,
                edit_url_template: None,
                git_repository_url: None,
                default_theme: ColorTheme::Auto,
                additional_css: Vec::new(),
                additional_js: Vec::new(),
                input_404: None,
                raw_html: RawHtml::Safe,
                bundled_fonts: true,
                explicit_links: false,
                structured_data: StructuredData::Learning,
                offline: false,
                search: true,
                synonyms: BTreeMap::new(),
                redirects: BTreeMap::new(),
                print: true,
            },
            levels: BTreeMap::new(),
            links: links::LinksConfig::default(),
        }
    }
}
