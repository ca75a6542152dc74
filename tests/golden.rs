//! Whole sites in memory against what was reviewed: `tests/cases/*.md` (one page each) and
//! `tests/sites/<name>/{in,out}`. `UPDATE=1 cargo test --test golden` writes the expectations anew; read them before
//! they are committed.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proofbook::engine::{self, BuildRequest, Goal, Outcome};
use proofbook::memo::Memo;
use proofbook::report::human;
use proofbook::system::{Ending, MemorySystem, RunOutput};
use snapbox::{Data, assert_data_eq};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn build(files: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let sys = MemorySystem::new(
        files
            .iter()
            .map(|(path, bytes)| (format!("/s/{path}"), bytes.clone())),
    );
    let request = BuildRequest {
        jobs: Some(1),
        ..BuildRequest::new(PathBuf::from("/s"), Goal::Memory)
    };
    engine::build(&sys, &Memo::in_memory(), &request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

fn read_tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

/// What a page says: `<main>` alone, since the frame changes with every asset.
fn main_of(html: &str) -> String {
    let start = html.find("<main").unwrap_or_default();
    let end = html.find("</main>").map_or(html.len(), |at| at + "</main>".len());
    format!("{}\n", &html[start..end])
}

fn compare(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap_or(path)).unwrap_or_else(|error| panic!("{error}"));
        fs::write(path, actual).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_data_eq!(actual.to_owned(), Data::read_from(path, None).raw());
}

#[test]
fn cases() {
    let mut seen = 0;
    for (name, text) in read_tree(&here().join("cases")) {
        let Some(stem) = name.strip_suffix(".md") else {
            continue;
        };
        seen += 1;
        let files = BTreeMap::from([
            ("book.toml".to_owned(), b"[book]\ntitle = \"T\"\n".to_vec()),
            ("content/case.md".to_owned(), text),
            (
                "content/other.md".to_owned(),
                b"### Other {#other}\n\nText.\n".to_vec(),
            ),
        ]);
        let outcome = build(&files);
        let mut actual = human::render(&outcome, false);
        let page = outcome
            .site
            .iter()
            .flat_map(|site| &site.files)
            .find(|(path, _)| path.as_str() == "case/index.html");
        if let Some((_, html)) = page {
            actual.push_str(&main_of(&String::from_utf8_lossy(html)));
        }
        compare(&here().join("cases").join(format!("{stem}.expected")), &actual);
    }
    assert!(seen >= 4, "only {seen} cases were found");
}

#[test]
fn sites() {
    let mut seen = 0;
    for entry in fs::read_dir(here().join("sites")).into_iter().flatten().flatten() {
        let folder = entry.path();
        if folder.join("expected.txt").exists() {
            // A site whose faults matter, not its pages; another test reads it.
            continue;
        }
        seen += 1;
        let outcome = build(&read_tree(&folder.join("in")));
        assert_eq!(human::render(&outcome, false), "", "{}", folder.display());
        let site = outcome.site.unwrap_or_else(|| panic!("no site"));
        let mut names = String::new();
        for (path, bytes) in &site.files {
            let name = path.as_str();
            if name.starts_with("assets/") || name.starts_with("search/") {
                continue;
            }
            names.push_str(name);
            names.push('\n');
            let text = String::from_utf8_lossy(bytes);
            if name.ends_with(".html") && name != "404.html" {
                compare(&folder.join("out").join(name), &main_of(&text));
            } else if [".md", ".json", ".txt", ".xml"]
                .iter()
                .any(|extension| name.ends_with(extension))
            {
                compare(&folder.join("out").join(name), &text);
            }
        }
        compare(&folder.join("out/files.txt"), &names);
    }
    assert!(seen >= 1);
}

#[test]
fn an_edit_and_its_undoing_give_what_a_clean_build_gives() {
    let mut files = read_tree(&here().join("sites/folders/in"));
    let memo = Memo::in_memory();
    let request = BuildRequest::new(PathBuf::from("/s"), Goal::Memory);
    let incremental = |files: &BTreeMap<String, Vec<u8>>| {
        let sys = MemorySystem::new(
            files
                .iter()
                .map(|(path, bytes)| (format!("/s/{path}"), bytes.clone())),
        );
        let outcome =
            engine::build(&sys, &memo, &request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
        outcome.site.map(|site| site.files.clone())
    };
    let page = "content/guides/async/01-basics.md".to_owned();
    let before = files[&page].clone();
    for text in [
        &b"# Basics\n\n### Only one\n\nyes\n"[..],
        b"---\nbroken: [\n---\n",
        &before,
    ] {
        files.insert(page.clone(), text.to_vec());
        let clean = build(&files).site.map(|site| site.files.clone());
        assert!(
            incremental(&files) == clean,
            "an incremental build differs from a clean one"
        );
        files.insert("content/new.md".to_owned(), text.to_vec());
        let clean = build(&files).site.map(|site| site.files.clone());
        assert!(
            incremental(&files) == clean,
            "an incremental build differs after a new file"
        );
        files.remove("content/new.md");
    }
}

/// The codes that a build of one snippet gives on a system without any layer of the sandbox.
fn codes_without_layers(book: &str, ci: bool) -> Vec<String> {
    let manifest =
        "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[package.metadata.proofbook]\nkind = \"run\"\n";
    let mut sys = MemorySystem::new([
        ("/s/book.toml", book),
        ("/s/content/g.md", "### Q? {#q}\n\n{{#snippet a}}\n"),
        ("/s/snippets/Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("/s/snippets/a/Cargo.toml", manifest),
        ("/s/snippets/a/src/main.rs", "fn main() {}\n"),
    ])
    .with_runner(|command| {
        let text = match command.args.first().map(String::as_str) {
            Some("-vV") => "rustc 1.95.0\nrelease: 1.95.0\nhost: x86_64-unknown-linux-gnu\n",
            Some("--print") => "/toolchain\n",
            // No cargo here: what gets as far as this was not stopped before.
            _ => return Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
        };
        Ok(RunOutput {
            ending: Ending::Exited(0),
            stdout: text.as_bytes().to_vec(),
            stderr: Vec::new(),
            order: Vec::new(),
            layers: Vec::new(),
        })
    });
    if ci {
        sys = sys.with_env("CI", "true");
    }
    let request = BuildRequest {
        jobs: Some(1),
        ..BuildRequest::new(PathBuf::from("/s"), Goal::Memory)
    };
    let outcome = engine::build(&sys, &Memo::in_memory(), &request, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(outcome.site.is_none(), "a site without its proofs");
    let codes = outcome.diagnostics.iter();
    codes.map(|found| found.code.as_str().to_owned()).collect()
}

#[test]
fn a_sandbox_that_is_required_and_missing_stops_the_build() {
    let stopped = ["snippet/sandbox"];
    let went_on = ["snippet/build-failed"];
    assert_eq!(codes_without_layers("", true), stopped, "where CI is set");
    assert_eq!(codes_without_layers("", false), went_on);
    let with = |mode: &str| format!("[snippets]\nsandbox = \"{mode}\"\n");
    assert_eq!(codes_without_layers(&with("required"), false), stopped);
    assert_eq!(codes_without_layers(&with("auto"), true), went_on);
    assert_eq!(codes_without_layers(&with("off"), true), went_on);
}
