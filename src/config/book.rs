//! `book.toml` and the environment to [`Config`].

use std::collections::BTreeMap;

use regex::Regex;

use super::tree::{Node, Reader, Unknown, Value, parse};
use super::{
    BookConfig, BuildConfig, ColorTheme, Config, GuideConfig, HtmlConfig, InlineMode, PartLabel, RawHtml,
    SandboxMode, SnippetsConfig, StructuredData, links, snippet,
};
use crate::diagnostic::{Code, Diagnostic, Level, Severity, Staged, codes};
use crate::model::snippet::{Network, Redaction};
use crate::source::{FileId, Source, Sources, Span};

/// What a site's configuration is read from besides book.toml.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The root folder's name: the title where book.toml gives none.
    pub folder_name: String,
    /// Whether `src/SUMMARY.md` exists and `content/` does not: an mdBook.
    pub mdbook_layout: bool,
    /// The environment; only `PROOFBOOK_*` is read.
    pub env: Vec<(String, String)>,
}

/// The `[snippets]` table of a book.toml as a text of its own, for snippets that lie in `dir`; empty where there is none.
#[must_use]
pub fn snippets_table(text: &str, dir: &str) -> String {
    let root: toml::Table = text.parse().unwrap_or_default();
    let Some(table) = root.get("snippets").and_then(toml::Value::as_table) else {
        return String::new();
    };
    let mut table = table.clone();
    for key in [
        "dir",
        "jobs",
        "sandbox",
        "allow-toolchain-file",
        "allow-cargo-config",
        "inline",
    ] {
        table.remove(key);
    }
    table.insert("dir".to_owned(), toml::Value::from(dir));
    toml::Table::from_iter([("snippets".to_owned(), toml::Value::Table(table))]).to_string()
}

/// Reads the configuration; every fault is a diagnostic and leaves the default in force.
pub fn read(sources: &Sources, surroundings: &Surroundings) -> Staged<Config> {
    let mut diagnostics = Vec::new();
    let source = sources.by_path("book.toml");
    let mut tree = match source {
        Some(source) => {
            let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
            parse(text, source.id, source.text.len() - text.len(), &mut diagnostics)
        }
        None => BTreeMap::new(),
    };
    overlay_env(&mut tree, &surroundings.env);
    let mut config = Config::default();
    if !surroundings.folder_name.is_empty() {
        config.book.title.clone_from(&surroundings.folder_name);
    }
    if surroundings.mdbook_layout {
        "src".clone_into(&mut config.book.src);
    }
    let mut noted = Vec::new();
    let mut reader = Reader::new("", tree, &mut diagnostics);
    noted.extend(read_book(reader.table("book"), &mut config.book));
    noted.extend(read_build(reader.table("build"), &mut config.build));
    noted.extend(read_rust(reader.table("rust"), &mut config.edition));
    read_guide(reader.table("guide"), &mut config.guide);
    read_snippets(reader.table("snippets"), &mut config.snippets);
    noted.extend(read_check(reader.table("check"), &mut config));
    let mut output = reader.table("output");
    noted.extend(read_html(output.table("html"), sources, source, &mut config.html));
    noted.extend(output.finish(|_| Unknown::Noted));
    const ELSEWHERE: [&str; 4] = ["preprocessor", "extra", "taxonomies", "markdown"];
    noted.extend(reader.finish(|key| fate(&ELSEWHERE, key)));
    if let Some((_, first)) = noted.first() {
        let names: Vec<String> = noted.iter().map(|(name, _)| format!("`{name}`")).collect();
        let place = first.key_span.or(first.span);
        let mut note = Diagnostic::new(
            codes::CONFIG_UNKNOWN_KEY,
            format!("not used here, for other tools: {}", names.join(", ")),
        )
        .severity(Severity::Note);
        note.span = place;
        diagnostics.push(note);
    }
    Staged::new(config, diagnostics)
}

fn fate(elsewhere: &[&str], key: &str) -> Unknown {
    if elsewhere.contains(&key) {
        Unknown::Noted
    } else {
        Unknown::Refused
    }
}

/// Sets what `PROOFBOOK_BOOK__TITLE=…` says: `__` goes into a table, `_` is `-`. A value that reads as TOML
/// counts as such, anything else as text.
fn overlay_env(tree: &mut BTreeMap<String, Node>, env: &[(String, String)]) {
    let mut sorted: Vec<_> = env.iter().collect();
    sorted.sort();
    for (variable, text) in sorted {
        let Some(path) = variable.strip_prefix("PROOFBOOK_") else {
            continue;
        };
        let path: Vec<String> = path
            .to_lowercase()
            .split("__")
            .map(|segment| segment.replace('_', "-"))
            .collect();
        let Some((key, tables)) = path.split_last() else {
            continue;
        };
        if tables.is_empty() {
            // A single word such as PROOFBOOK_LOG belongs to no table.
            continue;
        }
        let line = format!("value = {text}");
        let mut faults = Vec::new();
        let value = parse(&line, FileId::new(0), 0, &mut faults)
            .remove("value")
            .filter(|_| faults.is_empty())
            .map_or_else(|| Value::String(text.clone()), |node| strip_places(node.value));
        let mut table = &mut *tree;
        for name in tables {
            let node = table.entry(name.clone()).or_insert_with(|| Node {
                value: Value::Table(BTreeMap::new()),
                span: None,
                key_span: None,
                variable: Some(variable.clone()),
            });
            if !matches!(node.value, Value::Table(_)) {
                node.value = Value::Table(BTreeMap::new());
            }
            let Value::Table(inner) = &mut node.value else {
                return;
            };
            table = inner;
        }
        table.insert(
            key.clone(),
            Node {
                value,
                span: None,
                key_span: None,
                variable: Some(variable.clone()),
            },
        );
    }
}

fn strip_places(value: Value) -> Value {
    let strip = |node: Node| Node {
        value: strip_places(node.value),
        span: None,
        key_span: None,
        variable: node.variable,
    };
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(strip).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(key, node)| (key, strip(node))).collect())
        }
        other => other,
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A path below the root: relative, without `..`.
fn relative_path(reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
    reader.read(key, "a path below the site's root, without `..`", |value| {
        let Value::String(text) = value else { return None };
        let path = text.trim_start_matches("./").trim_end_matches('/');
        let fine = !path.is_empty()
            && !path.starts_with('/')
            && path
                .split('/')
                .all(|segment| !segment.is_empty() && segment != ".." && segment != ".")
            && !path.contains(['\\', ':']);
        fine.then(|| path.to_owned())
    })
}

fn read_book(mut reader: Reader<'_>, book: &mut BookConfig) -> Vec<(String, Node)> {
    set(&mut book.title, reader.string("title"));
    set(&mut book.description, reader.string("description"));
    set(&mut book.authors, reader.strings("authors"));
    set(
        &mut book.language,
        reader.read(
            "language",
            "a language tag such as `en` or `pt-BR`",
            |value| match value {
                Value::String(tag)
                    if !tag.is_empty()
                        && tag.split('-').all(|part| {
                            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
                        }) =>
                {
                    Some(tag.clone())
                }
                _ => None,
            },
        ),
    );
    let rtl = ["ar", "fa", "he", "ur", "ps", "dv", "yi", "ckb", "sd", "ug"];
    book.right_to_left = rtl.contains(&book.language.split('-').next().unwrap_or_default());
    set(
        &mut book.right_to_left,
        reader.choice("text-direction", &[("ltr", false), ("rtl", true)]),
    );
    set(&mut book.src, relative_path(&mut reader, "src"));
    reader.finish(|key| fate(&["multilingual"], key))
}

fn read_build(mut reader: Reader<'_>, build: &mut BuildConfig) -> Vec<(String, Node)> {
    set(&mut build.build_dir, relative_path(&mut reader, "build-dir"));
    set(&mut build.create_missing, reader.boolean("create-missing"));
    set(&mut build.extra_watch_dirs, reader.strings("extra-watch-dirs"));
    reader.finish(|key| fate(&["use-default-preprocessors"], key))
}

fn read_rust(mut reader: Reader<'_>, edition: &mut String) -> Vec<(String, Node)> {
    let editions = [
        ("2015", "2015"),
        ("2018", "2018"),
        ("2021", "2021"),
        ("2024", "2024"),
    ];
    set(edition, reader.choice("edition", &editions).map(str::to_owned));
    reader.finish(|_| Unknown::Refused)
}

fn read_guide(mut reader: Reader<'_>, guide: &mut GuideConfig) {
    set(
        &mut guide.question_level,
        reader.integer("question-level", "a heading level from 2 to 5", |level: u8| {
            (2..=5).contains(&level)
        }),
    );
    set(
        &mut guide.parts,
        reader.read(
            "parts",
            "a list of `{ label = \"…\", role = \"…\" }`",
            |value| {
                let Value::Array(items) = value else { return None };
                items
                    .iter()
                    .map(|item| {
                        let Value::Table(part) = &item.value else {
                            return None;
                        };
                        let text = |key: &str| match part.get(key).map(|node| &node.value) {
                            Some(Value::String(text)) if !text.trim().is_empty() => {
                                Some(text.trim().to_owned())
                            }
                            _ => None,
                        };
                        let known = part.keys().all(|key| key == "label" || key == "role");
                        known.then_some(PartLabel {
                            label: text("label")?,
                            role: text("role")?,
                        })
                    })
                    .collect()
            },
        ),
    );
    reader.finish(|_| Unknown::Refused);
}

fn read_snippets(mut reader: Reader<'_>, snippets: &mut SnippetsConfig) {
    const COUNT: &str = "a whole number of at least 1";
    let duration = |value: &Value| match value {
        Value::String(text) => snippet::parse_duration(text).filter(|limit| !limit.is_zero()),
        _ => None,
    };
    let size = |value: &Value| match value {
        Value::String(text) => snippet::parse_size(text).filter(|&size| size > 0),
        _ => None,
    };
    set(&mut snippets.dir, relative_path(&mut reader, "dir"));
    set(&mut snippets.profile, reader.string("profile"));
    if let Some(jobs) = reader.integer("jobs", COUNT, |jobs: usize| jobs >= 1) {
        snippets.jobs = Some(jobs);
    }
    set(
        &mut snippets.timeout,
        reader.read("timeout", "a time such as `10s` or `500ms`", duration),
    );
    set(
        &mut snippets.memory,
        reader.read("memory", "a size such as `512 MiB`", size),
    );
    set(
        &mut snippets.max_output,
        reader
            .read("max-output", "a size such as `64 KiB`", size)
            .and_then(|size| usize::try_from(size).ok()),
    );
    set(
        &mut snippets.max_processes,
        reader.integer("max-processes", COUNT, |n: u32| n >= 1),
    );
    set(
        &mut snippets.max_files,
        reader.integer("max-files", COUNT, |n: u32| n >= 1),
    );
    set(
        &mut snippets.max_disk,
        reader.read("max-disk", "a size such as `64 MiB`", size),
    );
    set(
        &mut snippets.network,
        reader.choice(
            "network",
            &[("none", Network::None), ("loopback", Network::Loopback)],
        ),
    );
    let modes = [
        ("auto", SandboxMode::Auto),
        ("required", SandboxMode::Required),
        ("off", SandboxMode::Off),
    ];
    if let Some(mode) = reader.choice("sandbox", &modes) {
        snippets.sandbox = Some(mode);
    }
    set(
        &mut snippets.determinism_runs,
        reader.integer("determinism-runs", "a whole number from 1 to 100", |n: u32| {
            (1..=100).contains(&n)
        }),
    );
    set(
        &mut snippets.redactions,
        reader.read("redactions", REDACTIONS, redactions),
    );
    set(
        &mut snippets.inline,
        reader.choice(
            "inline",
            &[
                ("marked", InlineMode::Marked),
                ("all", InlineMode::All),
                ("off", InlineMode::Off),
            ],
        ),
    );
    set(
        &mut snippets.allow_toolchain_file,
        reader.boolean("allow-toolchain-file"),
    );
    set(
        &mut snippets.allow_cargo_config,
        reader.boolean("allow-cargo-config"),
    );
    reader.finish(|_| Unknown::Refused);
}

const REDACTIONS: &str =
    "a list of `{ pattern = \"regex\", with = \"…\" }` whose patterns are regular expressions";

fn redactions(value: &Value) -> Option<Vec<Redaction>> {
    let Value::Array(items) = value else { return None };
    items
        .iter()
        .map(|item| {
            let Value::Table(table) = &item.value else {
                return None;
            };
            let text = |key: &str| match table.get(key).map(|node| &node.value) {
                Some(Value::String(text)) => Some(text.clone()),
                _ => None,
            };
            let known = table.keys().all(|key| key == "pattern" || key == "with");
            let pattern = text("pattern").filter(|pattern| known && Regex::new(pattern).is_ok())?;
            Some(Redaction {
                pattern,
                with: text("with")?,
            })
        })
        .collect()
}

fn read_check(mut reader: Reader<'_>, config: &mut Config) -> Vec<(String, Node)> {
    const LEVELS: [(&str, Level); 3] = [
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("allow", Level::Allow),
    ];
    let mut rules = reader.table("rules");
    for (name, node) in rules.take_rest() {
        let Some(code) = Code::from_name(&name) else {
            let all = codes::ALL.iter().map(|(code, _)| code.as_str());
            let diagnostic = Diagnostic::new(codes::CONFIG_UNKNOWN_KEY, format!("there is no rule `{name}`"))
                .suggest(&name, all);
            let place = Node {
                span: node.key_span.or(node.span),
                ..node
            };
            rules.complain(diagnostic, &place);
            continue;
        };
        let level = match &node.value {
            Value::String(word) => LEVELS
                .iter()
                .find(|(name, _)| name == word)
                .map(|(_, level)| *level),
            _ => None,
        };
        if let Some(level) = level {
            config.levels.insert(code, level);
        } else {
            let diagnostic = Diagnostic::new(
                codes::CONFIG_INVALID_VALUE,
                format!("the level of `{name}` must be `error`, `warn` or `allow`"),
            );
            rules.complain(diagnostic, &node);
        }
    }
    rules.finish(|_| Unknown::Refused);
    links::read(reader.table("links"), &mut config.links);
    reader.finish(|_| Unknown::Refused)
}

fn read_html(
    mut reader: Reader<'_>,
    sources: &Sources,
    book_toml: Option<&Source>,
    html: &mut HtmlConfig,
) -> Vec<(String, Node)> {
    set(
        &mut html.theme,
        reader.read(
            "theme",
            "the name of a folder below `themes/`",
            |value| match value {
                Value::String(name) => {
                    let name = name.trim_start_matches("themes/").trim_end_matches('/');
                    (!name.is_empty() && !name.contains(['/', '\\', ':']) && !name.starts_with('.'))
                        .then(|| name.to_owned())
                }
                _ => None,
            },
        ),
    );
    if let Some(url) = site_url(&mut reader) {
        html.site_url = url;
    }
    html.edit_url_template = reader.string("edit-url-template");
    html.git_repository_url = reader.string("git-repository-url");
    let themes = [
        ("auto", ColorTheme::Auto),
        ("light", ColorTheme::Light),
        ("dark", ColorTheme::Dark),
    ];
    // mdBook's own theme names are not ours, and an mdBook builds as it is.
    let mut noted = Vec::new();
    if let Some(node) = reader.take("default-theme") {
        match &node.value {
            Value::String(word) if ["rust", "coal", "navy", "ayu"].contains(&word.as_str()) => {
                html.default_theme = if word == "rust" {
                    ColorTheme::Light
                } else {
                    ColorTheme::Dark
                };
                noted.push(("output.html.default-theme".to_owned(), node));
            }
            Value::String(word) if themes.iter().any(|(name, _)| name == word) => {
                let found = themes.iter().find(|(name, _)| name == word);
                set(&mut html.default_theme, found.map(|(_, theme)| *theme));
            }
            _ => {
                let diagnostic = Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    "`output.html.default-theme` must be `auto`, `light` or `dark`",
                );
                reader.complain(diagnostic, &node);
            }
        }
    }
    set(&mut html.additional_css, reader.strings("additional-css"));
    set(&mut html.additional_js, reader.strings("additional-js"));
    html.input_404 = reader.string("input-404");
    let raw = [
        ("safe", RawHtml::Safe),
        ("escape", RawHtml::Escape),
        ("allow", RawHtml::Allow),
    ];
    set(&mut html.raw_html, reader.choice("raw-html", &raw));
    set(
        &mut html.bundled_fonts,
        reader.choice("fonts", &[("bundled", true), ("system", false)]),
    );
    set(
        &mut html.explicit_links,
        reader.choice("links", &[("directory", false), ("explicit", true)]),
    );
    let data = [
        ("learning", StructuredData::Learning),
        ("faq", StructuredData::Faq),
        ("off", StructuredData::Off),
    ];
    set(&mut html.structured_data, reader.choice("structured-data", &data));
    set(&mut html.offline, reader.boolean("offline"));
    noted.extend(read_search(reader.table("search"), sources, html));
    read_redirects(&mut reader, book_toml, html);
    let mut print = reader.table("print");
    set(&mut html.print, print.boolean("enable"));
    noted.extend(print.finish(|key| fate(&["page-break"], key)));
    noted.extend(reader.finish(|key| fate(&MDBOOK_HTML, key)));
    noted
}

const MDBOOK_HTML: [&str; 14] = [
    "preferred-dark-theme",
    "smart-punctuation",
    "curly-quotes",
    "mathjax-support",
    "copy-fonts",
    "no-section-label",
    "git-repository-icon",
    "cname",
    "fold",
    "playground",
    "playpen",
    "code",
    "hash-files",
    "sidebar-header-nav",
];

const MDBOOK_SEARCH: [&str; 12] = [
    "limit-results",
    "teaser-word-count",
    "use-boolean-and",
    "boost-title",
    "boost-hierarchy",
    "boost-paragraph",
    "expand",
    "heading-split-level",
    "copy-js",
    "chapter",
    "include",
    "exclude",
];

/// The site's URL, ending in a slash; mdBook also allows a bare path, which says nothing of the host.
fn site_url(reader: &mut Reader<'_>) -> Option<Option<String>> {
    reader.read(
        "site-url",
        "an absolute URL such as `https://example.org/guides/`",
        |value| match value {
            Value::String(url) if url.starts_with('/') => Some(None),
            Value::String(url) => {
                let host = url
                    .strip_prefix("https://")
                    .or_else(|| url.strip_prefix("http://"))?;
                let fine = !host.is_empty()
                    && !host.starts_with('/')
                    && !url.contains(['?', '#', ' ', '"', '<', '>', '\\']);
                fine.then(|| Some(format!("{}/", url.trim_end_matches('/'))))
            }
            _ => None,
        },
    )
}

fn read_search(mut reader: Reader<'_>, sources: &Sources, html: &mut HtmlConfig) -> Vec<(String, Node)> {
    set(&mut html.search, reader.boolean("enable"));
    if let Some(node) = reader.take("synonyms") {
        let path = match &node.value {
            Value::String(path) => path.clone(),
            _ => String::new(),
        };
        match sources.by_path(&path) {
            Some(file) => {
                let mut faults = Vec::new();
                let terms = parse(&file.text, file.id, 0, &mut faults);
                for fault in faults {
                    let span = fault.span;
                    reader.complain(fault, &Node { span, ..node.clone() });
                }
                for (term, others) in terms {
                    let words = match &others.value {
                        Value::String(word) => Some(vec![word.clone()]),
                        Value::Array(items) => items
                            .iter()
                            .map(|item| match &item.value {
                                Value::String(word) => Some(word.clone()),
                                _ => None,
                            })
                            .collect(),
                        _ => None,
                    };
                    match words {
                        Some(words) => {
                            html.synonyms.insert(term, words);
                        }
                        None => reader.complain(
                            Diagnostic::new(
                                codes::CONFIG_INVALID_VALUE,
                                format!("the synonyms of `{term}` must be a list of strings"),
                            ),
                            &others,
                        ),
                    }
                }
            }
            None => reader.complain(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("`output.html.search.synonyms` names `{path}`, and there is no such file"),
                )
                .help("give the path of a TOML file from the site's root"),
                &node,
            ),
        }
    }
    reader.finish(|key| fate(&MDBOOK_SEARCH, key))
}

fn read_redirects(reader: &mut Reader<'_>, book_toml: Option<&Source>, html: &mut HtmlConfig) {
    let mut redirects = reader.table("redirect");
    for (from, node) in redirects.take_rest() {
        match &node.value {
            Value::String(to) if is_target(to) => {
                let file = book_toml.map_or(FileId::new(0), |source| source.id);
                let span = node
                    .key_span
                    .or(node.span)
                    .unwrap_or_else(|| Span::new(file, 0..0));
                html.redirects.insert(from, (to.clone(), span));
            }
            _ => redirects.complain(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("the target of the redirect `{from}` must be a path or an http(s) address"),
                ),
                &node,
            ),
        }
    }
    redirects.finish(|_| Unknown::Refused);
}

fn is_target(to: &str) -> bool {
    let scheme = to
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|start| start.contains(':'));
    !to.is_empty() && (!scheme || to.starts_with("https://") || to.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, env: &[(&str, &str)]) -> (Config, Vec<String>) {
        let sources = Sources::new([("book.toml".to_owned(), text.as_bytes().to_vec())]);
        let surroundings = Surroundings {
            env: env
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Surroundings::default()
        };
        let staged = read(&sources, &surroundings);
        let found = staged
            .diagnostics
            .iter()
            .map(|d| {
                let line = d.span.map(|span| sources.locate(span).line);
                let help = d.help.clone().unwrap_or_default();
                format!("{}:{line:?} {} | {help}", d.severity.as_str(), d.message)
            })
            .collect();
        (staged.value, found)
    }

    #[test]
    fn values_reach_the_config() {
        let (config, found) = check(
            "[book]\ntitle = \"T\"\nsrc = \"docs/\"\n[snippets]\ntimeout = \"500ms\"\nmax-output = \"1 KiB\"\n\
             [guide]\nquestion-level = 2\nparts = [{ label = \"Fix\", role = \"fix\" }]\n\
             [output.html]\nsite-url = \"https://a.example/b\"\n[check.rules]\n\"link/moved\" = \"error\"\n",
            &[],
        );
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(
            (config.book.title.as_str(), config.book.src.as_str()),
            ("T", "docs")
        );
        assert_eq!(config.snippets.timeout.as_millis(), 500);
        assert_eq!(
            (config.snippets.max_output, config.guide.question_level),
            (1024, 2)
        );
        assert_eq!(config.html.site_url.as_deref(), Some("https://a.example/b/"));
        assert_eq!(config.levels.get(&codes::LINK_MOVED), Some(&Level::Error));
    }

    #[test]
    fn a_misspelt_key_is_an_error_with_its_line_and_a_suggestion() {
        let (_, found) = check("[snippets]\ntimout = \"1s\"\n", &[]);
        assert_eq!(
            found,
            ["error:Some(2) there is no key `snippets.timout` | did you mean `timeout`?"]
        );
    }

    #[test]
    fn a_wrong_value_is_an_error_and_leaves_the_default() {
        let (config, found) = check(
            "[guide]\nquestion-level = 9\n[output.html]\nraw-html = \"saef\"\n",
            &[],
        );
        assert_eq!(config.guide.question_level, 3);
        assert_eq!(
            found,
            [
                "error:Some(2) `guide.question-level` must be a heading level from 2 to 5, not `9` | ",
                "error:Some(4) `output.html.raw-html` cannot be `saef` | did you mean `safe`?",
            ]
        );
    }

    #[test]
    fn paths_that_leave_the_root_are_refused() {
        let (config, found) = check("[build]\nbuild-dir = \"../out\"\n", &[]);
        assert_eq!((config.build.build_dir.as_str(), found.len()), ("site", 1));
    }

    #[test]
    fn the_link_options_are_read_and_checked() {
        let (config, found) = check(
            "[check.links]\naccept = [\"200..=299\", 429]\nexclude = ['^https://a\\.example/']\ntimeout = 5\nmax-cache-age = \"2d\"\n\
             remap = [\"https://old/(.*) https://new/$1\"]\nallow-private = [\"127.0.0.0/8\"]\n",
            &[],
        );
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(config.links.accept, [(200, 299), (429, 429)]);
        assert_eq!(
            (
                config.links.timeout.as_secs(),
                config.links.max_cache_age.as_secs()
            ),
            (5, 172_800)
        );
        let (_, found) = check(
            "[check.links]\nexclude = [\"a\", \"(\"]\ntimeout = 0\nhost-concurency = 1\nallow-private = [\"localhost\"]\n",
            &[],
        );
        let lines: Vec<&str> = found
            .iter()
            .map(|line| line.split(' ').next().unwrap_or_default())
            .collect();
        assert_eq!(
            lines,
            ["error:Some(2)", "error:Some(3)", "error:Some(5)", "error:Some(4)"],
            "{found:?}"
        );
    }

    #[test]
    fn other_tools_keys_are_noted_once() {
        let (_, found) = check(
            "[book]\nmultilingual = false\n[preprocessor.x]\na = 1\n[output.linkcheck]\n[output.html.playground]\n",
            &[],
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("note:"), "{found:?}");
        assert!(found[0].contains("`output.html.playground`"), "{found:?}");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let env = [
            ("PROOFBOOK_BOOK__TITLE", "From env"),
            ("PROOFBOOK_OUTPUT__HTML__SEARCH__ENABLE", "false"),
            ("PROOFBOOK_GUIDE__QUESTION_LEVEL", "x"),
        ];
        let (config, found) = check("[book]\ntitle = \"T\"\n", &env);
        assert_eq!(
            (config.book.title.as_str(), config.html.search),
            ("From env", false)
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("PROOFBOOK_GUIDE__QUESTION_LEVEL"), "{found:?}");
    }

    #[test]
    fn broken_toml_is_told_with_its_place() {
        let (_, found) = check("[book\ntitle = 1\n", &[]);
        assert!(
            found[0].starts_with("error:Some(1) this is not valid TOML"),
            "{found:?}"
        );
    }
}
