//! The verbs through the real binary: exit codes, what is written, what is said.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A new site as `init` makes it.
fn new_site() -> TempDir {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let made = run(folder.path(), &["init", "."]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .args(args)
        .current_dir(folder)
        .env_remove("CI")
        .output()
        .unwrap_or_else(|error| panic!("{error}"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a verb and checks its exit code; returns what it said.
fn check(folder: &Path, args: &[&str], code: i32) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", said(&output));
    said(&output)
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap_or(folder)).unwrap_or_else(|error| panic!("{error}"));
    fs::write(path, text).unwrap_or_else(|error| panic!("{error}"));
}

fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file of a folder with its bytes.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
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
                    .into_owned();
                found.push((name, fs::read(&path).unwrap_or_default()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_site_builds_at_once_and_the_second_time_runs_nothing() {
    let site = new_site();
    let first = check(site.path(), &["build"], 0);
    assert!(
        first.contains("1 guide, 1 question, 1 snippet verified"),
        "{first}"
    );
    let page = read(site.path(), "site/rust-basics/index.html");
    assert!(
        page.contains("same buffer: true") && page.contains("Output verified"),
        "the receipt is missing"
    );
    let second = check(site.path(), &["build"], 0);
    assert!(
        second.contains("0 written") && second.contains("1 from the memo"),
        "{second}"
    );
}

#[test]
fn two_clean_builds_are_the_same_whatever_the_folder_and_the_threads() {
    let (one, two) = (new_site(), new_site());
    // The title comes from the folder's name otherwise.
    for site in [&one, &two] {
        write(
            site.path(),
            "book.toml",
            "[book]\ntitle = \"T\"\n[output.html]\nsite-url = \"https://a.example/\"\n",
        );
    }
    check(one.path(), &["build", "-j1"], 0);
    check(two.path(), &["build", "-j2"], 0);
    let (one, two) = (tree(&one.path().join("site")), tree(&two.path().join("site")));
    let names = |tree: &[(String, Vec<u8>)]| tree.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&two));
    for ((name, a), (_, b)) in one.iter().zip(&two) {
        assert!(a == b, "{name} differs");
    }
}

#[test]
fn another_output_fails_with_a_diff_until_it_is_blessed() {
    let site = new_site();
    check(site.path(), &["build"], 0);
    let before = tree(&site.path().join("site"));
    let main = "snippets/string-move/src/main.rs";
    let text = read(site.path(), main).replace("same buffer:", "same Buffer:");
    write(site.path(), main, &text);
    let failed = check(site.path(), &["build"], 1);
    for part in [
        "snippet/mismatch",
        "-same buffer: true",
        "+same Buffer: true",
        "--bless",
        "cargo run -q -p string-move",
    ] {
        assert!(failed.contains(part), "{part:?} is missing in {failed}");
    }
    assert_eq!(
        tree(&site.path().join("site")),
        before,
        "the last good site was touched"
    );

    let refused = Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .args(["test", "--bless"])
        .current_dir(site.path())
        .env("CI", "true")
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(refused.status.code(), Some(2));

    check(site.path(), &["test", "--bless"], 0);
    assert!(read(site.path(), "snippets/string-move/expected.stdout").starts_with("same Buffer: true"));
    check(site.path(), &["build"], 0);
}

#[test]
fn a_missing_expected_file_is_an_error() {
    let site = new_site();
    fs::remove_file(site.path().join("snippets/string-move/expected.stdout"))
        .unwrap_or_else(|error| panic!("{error}"));
    let failed = check(site.path(), &["build"], 1);
    assert!(failed.contains("snippet/missing-expected"), "{failed}");
    assert!(!site.path().join("site").exists(), "a site was published");
}

#[test]
fn every_kind_of_snippet_is_proven() {
    let site = new_site();
    let manifest = |name: &str, more: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.proofbook]\n{more}\n"
        )
    };
    let add = |name: &str, meta: &str, main: &str| {
        write(
            site.path(),
            &format!("snippets/{name}/Cargo.toml"),
            &manifest(name, meta),
        );
        write(site.path(), &format!("snippets/{name}/src/main.rs"), main);
    };
    add(
        "panics",
        "kind = \"panic\"",
        "fn main() {\n    let empty: [u8; 0] = [];\n    println!(\"before\");\n    std::hint::black_box(&empty)[0..].first().expect(\"no element\");\n}\n",
    );
    add(
        "refused",
        "kind = \"compile-fail\"\nerror-codes = [\"E0382\"]",
        "fn main() {\n    let a = String::new();\n    let b = a;\n    println!(\"{a}{b}\");\n}\n",
    );
    add(
        "both",
        "kind = [\"run\", \"test\"]",
        "fn main() {\n    println!(\"{}\", double(2));\n}\n\nfn double(n: u32) -> u32 {\n    n * 2\n}\n\n#[test]\nfn doubles() {\n    assert_eq!(double(3), 6);\n}\n",
    );
    add(
        "fails",
        "kind = \"run\"\nexit-code = 3",
        "fn main() {\n    eprintln!(\"told\");\n    std::process::exit(3);\n}\n",
    );
    let guide = "### All? {#all}\n\n{{#snippet panics}}\n\n{{#snippet refused}}\n\n{{#snippet both}}\n\n{{#snippet fails}}\n";
    write(site.path(), "content/all.md", guide);
    check(site.path(), &["test", "--bless"], 0);
    assert!(read(site.path(), "snippets/panics/expected.stderr").contains("panicked at src/main.rs:4"));
    assert!(read(site.path(), "snippets/refused/expected.stderr").contains("E0382"));
    assert_eq!(read(site.path(), "snippets/fails/expected.stderr"), "told\n");
    let built = check(site.path(), &["build"], 0);
    assert!(built.contains("5 snippets verified"), "{built}");
    let page = read(site.path(), "site/all/index.html");
    for part in [
        "Panics, as intended",
        "Refused by the compiler, as intended",
        "1 test passed",
        "exit 3",
        "class=\"say b\"",
    ] {
        assert!(page.contains(part), "{part:?} is missing");
    }
    let proofs: serde_json::Value =
        serde_json::from_str(&read(site.path(), "site/proofs.json")).unwrap_or_default();
    assert_eq!(proofs["snippets"]["refused"]["diagnostics"][0]["code"], "E0382");
    assert_eq!(proofs["snippets"]["panics"]["exitCode"], 101);
}

#[test]
fn runs_are_limited_and_flaky_ones_are_told() {
    let site = new_site();
    let add = |name: &str, meta: &str, main: &str| {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.proofbook]\n{meta}\n"
        );
        write(site.path(), &format!("snippets/{name}/Cargo.toml"), &manifest);
        write(site.path(), &format!("snippets/{name}/src/main.rs"), main);
        write(site.path(), &format!("snippets/{name}/expected.stdout"), "x\n");
    };
    add(
        "endless",
        "kind = \"run\"\ntimeout = \"300ms\"",
        "fn main() {\n    println!(\"began\");\n    loop {\n        std::thread::park();\n    }\n}\n",
    );
    add(
        "flood",
        "kind = \"run\"",
        "fn main() {\n    loop {\n        println!(\"{}\", \"x\".repeat(1000));\n    }\n}\n",
    );
    add(
        "flaky",
        "kind = \"run\"",
        "fn main() {\n    println!(\"{:?}\", std::time::SystemTime::now());\n}\n",
    );
    add("broken", "kind = \"run\"", "fn main() {\n    nothing();\n}\n");
    add(
        "fine",
        "kind = \"compile-fail\"\nerror-codes = [\"E0382\"]",
        "fn main() {}\n",
    );
    // The lockfile does not know the new crates; blessing nothing writes it.
    let _ = run(site.path(), &["test", "string-move", "--bless"]);
    let _ = run(&site.path().join("snippets"), &["--version"]);
    let lock = Command::new("cargo")
        .arg("generate-lockfile")
        .current_dir(site.path().join("snippets"))
        .output();
    assert!(lock.is_ok_and(|output| output.status.success()));
    let failed = check(site.path(), &["test"], 1);
    for code in [
        "snippet/timeout",
        "snippet/output-limit",
        "snippet/not-repeatable",
        "snippet/build-failed",
        "snippet/unexpectedly-compiles",
    ] {
        assert!(failed.contains(code), "{code} is missing in {failed}");
    }
    assert!(failed.contains("began"), "the kept output is missing in {failed}");
}

#[test]
fn faults_are_all_told_in_one_run_with_places() {
    let site = new_site();
    write(site.path(), "book.toml", "[book]\ntitel = \"x\"\n");
    write(
        site.path(),
        "content/faults.md",
        "---\nwieght: 1\n---\n### A {#same level=wizard}\n\n[x](nowhere.md) [y](#nothing) [z](javascript:alert(1))\n\n{{#snippet strng-move}}\n\n{{#include gone.rs}}\n\n### B {#same}\n\ntext\n",
    );
    write(site.path(), "content/Faults.md", "# other\n");
    fs::write(site.path().join("content/latin.md"), b"caf\xe9\n").unwrap_or_else(|error| panic!("{error}"));
    let output = run(site.path(), &["check", "--output-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let found: Vec<(String, u64)> = report["diagnostics"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| {
            (
                item["code"].as_str().unwrap_or_default().to_owned(),
                item["line"].as_u64().unwrap_or_default(),
            )
        })
        .collect();
    for expected in [
        ("config/unknown-key", 2),
        ("config/invalid-value", 4),
        ("link/missing-file", 6),
        ("link/missing-anchor", 6),
        ("link/forbidden-scheme", 6),
        ("snippet/unknown", 8),
        ("include/missing-file", 10),
        ("content/duplicate-id", 12),
        ("content/output-collision", 1),
        ("content/not-utf8", 0),
    ] {
        assert!(
            found
                .iter()
                .any(|(code, line)| code == expected.0 && *line == expected.1),
            "{expected:?} is missing in {found:?}"
        );
    }
    assert!(!site.path().join("site").exists());
}

#[test]
fn themes_are_overridden_block_by_block() {
    let site = new_site();
    write(
        site.path(),
        "book.toml",
        "[book]\ntitle = \"T\"\n[output.html]\ntheme = \"mine\"\n",
    );
    write(
        site.path(),
        "themes/mine/templates/guide.html",
        "{% extends \"default/guide.html\" %}\n{% block after %}<p>Our own foot</p>{{ super() }}{% endblock %}\n",
    );
    check(site.path(), &["build"], 0);
    let page = read(site.path(), "site/rust-basics/index.html");
    assert!(page.contains("<p>Our own foot</p>") && page.contains("Output verified"));
    write(
        site.path(),
        "themes/mine/templates/guide.html",
        "{% extends \"default/guide.html\" %}\n{% block aftr %}x{% endblock %}\n",
    );
    let failed = check(site.path(), &["build"], 1);
    assert!(
        failed.contains("theme/unknown-block") && failed.contains("did you mean `after`?"),
        "{failed}"
    );
}

#[test]
fn an_mdbook_builds_as_it_is() {
    let site = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(
        site.path(),
        "book.toml",
        "[book]\ntitle = \"M\"\nmultilingual = false\n[output.html.playground]\neditable = true\n",
    );
    write(
        site.path(),
        "src/SUMMARY.md",
        "# Summary\n\n[Intro](README.md)\n\n- [Two](two.md)\n- [One](deep/one.md)\n",
    );
    write(site.path(), "src/README.md", "# Welcome\n");
    write(
        site.path(),
        "src/two.md",
        "# Two\n\n### Sub\n\n[one](deep/one.html#part) ![p](p.png)\n\n```rust\n# hidden();\nshown();\n```\n",
    );
    write(
        site.path(),
        "src/deep/one.md",
        "# One\n\n## Part\n\n{{#include ../code.rs:a}}\n",
    );
    write(
        site.path(),
        "src/code.rs",
        "// ANCHOR: a\nincluded\n// ANCHOR_END: a\n",
    );
    write(site.path(), "src/p.png", "png");
    check(site.path(), &["build"], 0);
    let two = read(site.path(), "site/two/index.html");
    assert!(
        two.contains("href=\"../deep/one/#part\"") && two.contains("src=\"../p.png\""),
        "{two}"
    );
    assert!(two.contains("shown") && !two.contains("hidden()"));
    assert!(read(site.path(), "site/deep/one/index.html").contains("included"));
    assert!(
        read(site.path(), "site/two.html").contains("url=two/"),
        "mdBook's address leads nowhere"
    );
}

#[test]
fn clean_removes_what_was_made_and_nothing_else() {
    let site = new_site();
    check(site.path(), &["build"], 0);
    write(site.path(), "site/CNAME", "guides.example");
    check(site.path(), &["clean"], 0);
    assert_eq!(
        tree(&site.path().join("site")),
        [("CNAME".to_owned(), b"guides.example".to_vec())]
    );
    assert!(!site.path().join(".proofbook").exists());
    assert!(site.path().join("content/rust-basics.md").exists());
}

#[test]
fn no_content_is_one_line_and_exit_2() {
    let empty = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let told = check(empty.path(), &["build"], 2);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("no `content` folder"), "{told}");
    check(empty.path(), &["bild"], 2);
    check(empty.path(), &["--help"], 0);
}

#[test]
fn init_never_overwrites() {
    let site = new_site();
    write(site.path(), "content/rust-basics.md", "mine");
    let told = check(site.path(), &["init", "."], 2);
    assert!(told.contains("nothing was written"), "{told}");
    assert_eq!(read(site.path(), "content/rust-basics.md"), "mine");
}

const RAW: &str =
    "# Tea\n\n**Q: What is matcha?**\n\nA: Ground tea.\n\n**Q: How hot?**\n\nA: Eighty degrees.\n";

#[test]
fn an_import_builds_at_once_and_is_never_overwritten_unasked() {
    let site = new_site();
    write(site.path(), "tea.txt", RAW);
    let said = check(site.path(), &["import", "tea.txt"], 0);
    assert!(said.contains("2 questions") && said.contains("wrote"), "{said}");
    assert!(read(site.path(), "content/tea.md").contains("### What is matcha?\n\nGround tea."));
    check(site.path(), &["build"], 0);
    write(site.path(), "content/tea.md", "mine");
    let said = check(site.path(), &["import", "tea.txt"], 2);
    assert!(
        said.contains("already there") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(read(site.path(), "content/tea.md"), "mine");
    check(site.path(), &["import", "--force", "tea.txt"], 0);
    assert!(read(site.path(), "content/tea.md").contains("Eighty degrees"));
}

#[test]
fn a_dry_run_prints_data_alone_and_writes_nothing() {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(folder.path(), "tea.txt", RAW);
    let before = tree(folder.path());
    let output = run(
        folder.path(),
        &["import", "tea.txt", "--dry-run", "--format", "json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(json["version"], 1);
    let question = &json["guides"][0]["sections"][0]["questions"][1];
    assert_eq!(question["text"], "How hot?");
    assert_eq!(question["line"], 7);
    assert_eq!(question["file"], "tea.txt");
    assert_eq!(question["titleLost"], false);
    assert_eq!(question["parts"][0]["markdown"], "Eighty degrees.");
    assert_eq!(json["guides"][0]["file"], "content/tea.md");
    assert!(
        json["repairs"]
            .as_array()
            .is_some_and(|repairs| repairs.len() == 4)
    );
    assert!(json["dropped"].as_array().is_some_and(Vec::is_empty));
    assert!(said(&output).contains("2 questions"));
    let output = run(folder.path(), &["import", "tea.txt", "--dry-run"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("### How hot?"));
    assert!(tree(folder.path()) == before, "a dry run wrote something");
}

#[test]
fn all_files_are_imported_or_none_is() {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(folder.path(), "tea.txt", RAW);
    write(folder.path(), "same.txt", RAW);
    write(
        folder.path(),
        "letter.txt",
        "Dear all,\n\nnothing is asked here.\n",
    );
    write(folder.path(), "empty.txt", " \n");
    fs::write(folder.path().join("tea.bin"), [0_u8, 1, 2]).unwrap_or_else(|error| panic!("{error}"));
    let huge = fs::File::create(folder.path().join("huge.txt")).unwrap_or_else(|error| panic!("{error}"));
    huge.set_len(100_000_001)
        .unwrap_or_else(|error| panic!("{error}"));
    for (bad, why, code) in [
        ("letter.txt", "no question found", 1),
        ("empty.txt", "the file is empty", 1),
        ("tea.bin", "not text", 1),
        ("huge.txt", "100000001 bytes", 1),
        ("absent.txt", "failed to read `absent.txt`", 2),
        ("same.txt", "would both be written", 2),
    ] {
        let said = check(folder.path(), &["import", "tea.txt", bad, "--to", "out"], code);
        assert!(said.contains(why), "{bad}: {said}");
        assert!(
            !folder.path().join("out").exists(),
            "{bad} did not stop the import"
        );
    }
    check(folder.path(), &["import", "tea.txt", "--to", "out"], 0);
    assert!(folder.path().join("out/tea.md").exists());
    assert!(!folder.path().join("content").exists());
}
