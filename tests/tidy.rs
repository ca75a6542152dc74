//! Rules of the house that the compiler cannot keep: who may import what, and where things are made.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms with the rooms that they may import, as `ARCHITECTURE.md` lists them.
const IMPORTS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("error", &[]),
    ("diagnostic", &["source"]),
    ("model", &["source", "diagnostic", "memo"]),
    ("config", &["source", "diagnostic", "model"]),
    ("system", &[]),
    ("memo", &["system"]),
    ("markup", &[]),
    ("event", &["model", "diagnostic"]),
    (
        "load",
        &["system", "config", "source", "diagnostic", "error", "markup"],
    ),
    ("parse", &["model", "source", "diagnostic", "config", "markup"]),
    (
        "resolve",
        &["model", "source", "diagnostic", "config", "load", "markup"],
    ),
    (
        "execute",
        &[
            "model",
            "system",
            "memo",
            "config",
            "diagnostic",
            "event",
            "source",
        ],
    ),
    (
        "render",
        &[
            "model",
            "config",
            "memo",
            "diagnostic",
            "source",
            "system",
            "markup",
            "load",
        ],
    ),
    ("search", &["model", "source", "config"]),
    (
        "emit",
        &[
            "model",
            "system",
            "source",
            "config",
            "diagnostic",
            "error",
            "schema",
        ],
    ),
    ("private", &["error", "system"]),
    ("check", &["model", "source", "config", "diagnostic", "markup"]),
    ("schema", &["model", "source"]),
    ("import", &["parse", "model", "source", "schema"]),
    (
        "engine",
        &[
            "private",
            "check",
            "source",
            "error",
            "diagnostic",
            "model",
            "config",
            "system",
            "memo",
            "event",
            "load",
            "parse",
            "resolve",
            "execute",
            "render",
            "search",
            "emit",
        ],
    ),
    (
        "external",
        &[
            "model",
            "source",
            "config",
            "diagnostic",
            "markup",
            "system",
            "error",
        ],
    ),
    (
        "report",
        &["event", "engine", "diagnostic", "source", "model", "memo"],
    ),
    (
        "verify",
        &[
            "config",
            "diagnostic",
            "error",
            "event",
            "execute",
            "memo",
            "model",
            "source",
            "system",
        ],
    ),
    ("scaffold", &[]),
    (
        "serve",
        &[
            "engine", "event", "system", "model", "memo", "error", "report", "source",
        ],
    ),
];

/// Crates that only some rooms may use.
const CRATES: &[(&str, &[&str])] = &[
    ("pulldown_cmark", &["parse"]),
    ("saphyr", &["parse"]),
    ("toml", &["config", "scaffold"]),
    ("walkdir", &["system"]),
    ("minijinja", &["render"]),
    ("syntect", &["render"]),
    ("annotate_snippets", &["report"]),
    ("tiny_http", &["serve"]),
    ("notify", &["serve"]),
    ("getrandom", &["serve"]),
    ("ctrlc", &["cli"]),
    ("ureq", &["external"]),
    ("rustls", &["external"]),
    ("url", &["external"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("rayon", &["engine", "execute", "render", "search", "check"]),
    ("std::fs", &["system"]),
    ("std::process", &["system", "cli", "main"]),
    ("std::env", &["system", "cli", "main"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Source text without its tests and comments, by path below `src`.
fn sources() -> BTreeMap<String, String> {
    let src = root().join("src");
    files(&src, "rs")
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            let name = path
                .strip_prefix(&src)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            (name, lines.join("\n"))
        })
        .collect()
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == room(&path)) else {
            continue;
        };
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let other: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if !other.is_empty() && other != room(&path) && !allowed.contains(&other.as_str()) {
                faults.push(format!("{path} imports {other}"));
            }
        }
    }
    faults.dedup();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn crates_are_used_only_where_they_belong() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for (name, rooms) in CRATES {
            if text.contains(&format!("{name}::")) && !rooms.contains(&room(&path)) {
                faults.push(format!("{path} uses {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn unsafe_code_is_in_the_jail_alone() {
    let found: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| text.contains("unsafe_code") && !path.starts_with("system/jail/"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn outputs_are_proven_in_one_place() {
    let makers: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("VerifiedOutput::proven("))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(makers, ["execute/record.rs", "execute/verify.rs"]);
    let html: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| text.contains("Html::trusted(") && room(path) != "render")
        .map(|(path, _)| path)
        .collect();
    assert_eq!(html, Vec::<String>::new());
}

#[test]
fn every_code_is_documented() {
    let formats = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    let missing: Vec<&str> = proofbook::diagnostic::codes::ALL
        .iter()
        .map(|(code, _)| code.as_str())
        .filter(|code| !formats.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not list {missing:?}");
}

#[test]
fn every_rule_file_belongs_to_a_code() {
    let folder = root().join("docs/rules");
    for path in files(&folder, "md") {
        let name = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        assert!(
            proofbook::diagnostic::Code::from_name(&name).is_some(),
            "docs/rules has `{name}.md`, and there is no such code"
        );
    }
}

#[test]
fn templates_have_no_inline_style_and_no_foreign_address() {
    for path in files(&root().join("themes"), "html") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            !text.contains(" style="),
            "{} has a style attribute",
            path.display()
        );
        for address in ["http://", "https://", "//cdn"] {
            assert!(!text.contains(address), "{} names {address}", path.display());
        }
    }
}

#[test]
fn colour_pairs_are_readable() {
    let css = fs::read_to_string(root().join("themes/default/assets/style.css")).unwrap_or_default();
    let token = |name: &str| -> (String, String) {
        let start = css
            .find(&format!("--{name}:"))
            .unwrap_or_else(|| panic!("no token --{name}"));
        let rest = &css[start..];
        let open = rest.find("light-dark(").unwrap_or_default() + "light-dark(".len();
        let close = rest[open..].find(')').unwrap_or_default();
        let mut pair = rest[open..open + close]
            .split(',')
            .map(|colour| colour.trim().to_owned());
        (pair.next().unwrap_or_default(), pair.next().unwrap_or_default())
    };
    for (text, surface, least) in [
        ("ink", "paper", 7.0),
        ("ink", "sheet", 7.0),
        ("ink2", "sheet", 7.0),
        ("ink3", "sheet", 7.0),
        ("ink3", "code", 7.0),
        ("blue", "sheet", 7.0),
        ("green", "sheet", 7.0),
        ("red", "red-bg", 7.0),
        ("amber", "sheet", 7.0),
        ("ink", "hi", 7.0),
        ("rule2", "sheet", 3.0),
    ] {
        let (text_pair, surface_pair) = (token(text), token(surface));
        for (a, b) in [(&text_pair.0, &surface_pair.0), (&text_pair.1, &surface_pair.1)] {
            let ratio = contrast(a, b);
            assert!(
                ratio >= least,
                "--{text} {a} on --{surface} {b} is {ratio:.2}:1, less than {least}:1"
            );
        }
    }
}

/// WCAG 2.2 contrast ratio.
fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: &str) -> f64 {
    let digits = colour.trim_start_matches('#');
    let full: String = if digits.len() == 3 {
        digits.chars().flat_map(|c| [c, c]).collect()
    } else {
        digits.to_owned()
    };
    let channel = |at: usize| {
        let value =
            f64::from(u8::from_str_radix(&full[at..at + 2], 16).unwrap_or_else(|_| panic!("{colour}")))
                / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
