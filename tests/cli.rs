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

/// Writes a snippet crate.
fn add_snippet(site: &Path, name: &str, meta: &str, main: &str) {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.proofbook]\n{meta}\n"
    );
    write(site, &format!("snippets/{name}/Cargo.toml"), &manifest);
    write(site, &format!("snippets/{name}/src/main.rs"), main);
}

/// Runs another program in a folder.
fn tool(program: &str, args: &[&str], folder: &Path) {
    let done = Command::new(program).args(args).current_dir(folder).output();
    assert!(
        done.is_ok_and(|output| output.status.success()),
        "{program} {args:?}"
    );
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
    let add = |name: &str, meta: &str, main: &str| add_snippet(site.path(), name, meta, main);
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
        add_snippet(site.path(), name, meta, main);
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
    tool("cargo", &["generate-lockfile"], &site.path().join("snippets"));
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
fn a_file_that_only_the_compiler_knows_of_makes_a_proof_stale() {
    let site = new_site();
    let site = site.path();
    write(site, "snippets/shared.txt", "one");
    let main = "fn main() {\n    println!(\"{}\", include_str!(\"../../shared.txt\"));\n}\n";
    add_snippet(site, "included", "kind = \"run\"", main);
    let refused =
        "fn main() {\n    let n: u8 = include_str!(\"../../shared.txt\");\n    println!(\"{n}\");\n}\n";
    add_snippet(
        site,
        "refused",
        "kind = \"compile-fail\"\nerror-codes = [\"E0308\"]",
        refused,
    );
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet included}}\n\n{{#snippet refused}}\n",
    );
    // Blessing writes the lockfile too, which is part of every key.
    check(site, &["test", "--bless"], 0);
    check(site, &["test"], 0);
    let again = check(site, &["test"], 0);
    assert!(again.contains("3 from the memo"), "{again}");
    write(site, "snippets/shared.txt", "two");
    let failed = check(site, &["test"], 1);
    assert!(failed.contains("-one") && failed.contains("+two"), "{failed}");
    assert!(failed.contains("1 from the memo"), "{failed}");
}

#[test]
fn a_broken_dependency_is_named_and_places_begin_at_the_root() {
    let site = new_site();
    let site = site.path();
    write(
        site,
        "snippets/helper/Cargo.toml",
        "[package]\nname = \"helper-lib\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    write(
        site,
        "snippets/helper/src/lib.rs",
        "pub fn help() -> u8 {\n    \"no\"\n}\n",
    );
    add_snippet(
        site,
        "needs",
        "kind = \"run\"\n[dependencies]\nhelper-lib = { path = \"../helper\" }",
        "fn main() {\n    println!(\"{}\", helper_lib::help());\n}\n",
    );
    add_snippet(
        site,
        "broken",
        "kind = \"run\"",
        "fn main() {\n    nothing();\n}\n",
    );
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet needs}}\n\n{{#snippet broken}}\n",
    );
    let failed = check(site, &["test", "--bless"], 1);
    for part in [
        "`needs` does not compile: its dependency `helper-lib` does not",
        "--> snippets/helper/src/lib.rs:2:5",
        "--> snippets/broken/src/main.rs:2:5",
    ] {
        assert!(failed.contains(part), "{part:?} is missing in {failed}");
    }
    assert!(
        !failed.contains(&site.display().to_string()),
        "a path of this machine is in {failed}"
    );
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
fn every_report_format_goes_to_stdout_alone_or_to_a_file() {
    let site = new_site();
    write(
        site.path(),
        "content/faults.md",
        "# F\n\n### A\n\n[x](nowhere.md)\n",
    );
    for (format, part) in [
        ("concise", "content/faults.md:5:5: error[link/missing-file] "),
        ("json", "\"code\": \"link/missing-file\""),
        ("github", "::error file=content/faults.md,line=5,col=5,"),
        ("sarif", "\"version\": \"2.1.0\""),
        ("junit", "name=\"string-move\"/>"),
    ] {
        let output = run(site.path(), &["check", "--output-format", format]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(part), "{part:?} is missing in {text}");
        assert!(!said(&output).contains("nowhere"), "{}", said(&output));

        let file = format!("out/report.{format}");
        let output = run(
            site.path(),
            &["check", "--output-format", format, "--output-file", &file],
        );
        assert!(output.stdout.is_empty() && said(&output).contains("link/missing-file"));
        assert_eq!(read(site.path(), &file), text);
    }
    check(site.path(), &["test", "--output-format", "junit"], 0);
}

#[test]
fn rules_explain_themselves() {
    let anywhere = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let output = run(anywhere.path(), &["check", "--explain", "link/moved"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("# link/moved\n") && text.contains("## How to mend"),
        "{text}"
    );
    let told = check(anywhere.path(), &["check", "--explain", "link/mvoed"], 2);
    assert!(told.contains("did you mean `link/moved`?"), "{told}");
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

#[test]
fn a_build_that_runs_nothing_shows_only_what_its_record_still_proves() {
    let site = new_site();
    let site = site.path();
    let refused = "fn main() {\n    let a = String::new();\n    let b = a;\n    println!(\"{a}{b}\");\n}\n";
    add_snippet(
        site,
        "refused",
        "kind = \"compile-fail\"\nerror-codes = [\"E0382\"]",
        refused,
    );
    add_snippet(
        site,
        "other",
        "kind = \"run\"",
        "fn main() {\n    println!(\"other\");\n}\n",
    );
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet refused}}\n\n{{#snippet other}}\n",
    );
    check(site, &["test", "--bless"], 0);
    check(site, &["build"], 0);
    let proven = read(site, "site/a/index.html");
    check(site, &["build", "--no-run"], 0);
    assert!(
        !read(site, "site/a/index.html").contains("Output verified"),
        "there is no record yet"
    );

    check(site, &["test", "--record"], 0);
    let told = check(site, &["build", "--no-run"], 0);
    assert!(told.contains("3 snippets verified"), "{told}");
    let recorded = read(site, "site/a/index.html");
    assert!(recorded.contains("from the record"), "{recorded}");
    assert_eq!(recorded.replace("<span>from the record</span>", ""), proven);

    // A newer source or another reviewed output, and nothing is shown as verified.
    let main = read(site, "snippets/other/src/main.rs");
    write(site, "snippets/other/src/main.rs", &format!("{main}// newer\n"));
    let told = check(site, &["build", "--no-run"], 0);
    assert!(
        told.contains("2 snippets verified") && told.contains("1 not verified in this build"),
        "{told}"
    );
    assert!(read(site, "site/a/index.html").contains("its source changed after its record was made"));
    write(site, "snippets/other/src/main.rs", &main);
    write(site, "snippets/other/expected.stdout", "another\n");
    check(site, &["build", "--no-run"], 0);
    let page = read(site, "site/a/index.html");
    assert!(
        page.contains("its reviewed output changed") && !page.contains("another"),
        "{page}"
    );
}

#[test]
fn machines_share_the_snippets_and_merge_what_they_proved() {
    let site = new_site();
    let site = site.path();
    let mut page = "### A? {#a}\n".to_owned();
    for name in ["one", "two", "three", "four"] {
        add_snippet(
            site,
            name,
            "kind = \"run\"",
            &format!("fn main() {{\n    println!(\"{name}\");\n}}\n"),
        );
        page.push_str(&format!("\n{{{{#snippet {name}}}}}\n"));
    }
    write(site, "content/a.md", &page);
    check(site, &["test", "--bless"], 0);
    let mut proven = 0;
    for part in ["1", "2"] {
        check(
            site,
            &["test", "--partition", &format!("hash:{part}/2"), "--record"],
            0,
        );
        let record = read(site, "snippets/proofs.json");
        proven += record.matches("\"status\": \"verified\"").count();
        write(site, &format!("{part}.json"), &record);
    }
    assert_eq!(proven, 5);
    let merged = run(site, &["proofs", "merge", "1.json", "2.json"]);
    assert_eq!(merged.status.code(), Some(0), "{}", said(&merged));
    write(
        site,
        "snippets/proofs.json",
        &String::from_utf8_lossy(&merged.stdout),
    );
    let told = check(site, &["build", "--no-run"], 0);
    assert!(told.contains("5 snippets verified"), "{told}");
    let wrong = run(site, &["proofs", "merge", "book.toml"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn every_limit_has_its_own_code_and_shows_what_was_written() {
    let site = new_site();
    let site = site.path();
    write(
        site,
        "book.toml",
        "[book]\ntitle = \"T\"\n[snippets]\nmax-files = 50\nmax-disk = \"4 MiB\"\nmemory = \"64 MiB\"\ntimeout = \"20s\"\n",
    );
    let cases = [
        (
            "hungry",
            "println!(\"began\"); let mut all = Vec::new(); loop { all.push(vec![1u8; 1 << 20]); std::thread::sleep(std::time::Duration::from_millis(1)); }",
            "snippet/memory-limit",
        ),
        (
            "files",
            "println!(\"began\"); for n in 0.. { if std::fs::write(n.to_string(), \"x\").is_err() { break; } }",
            "snippet/file-limit",
        ),
        (
            "disk",
            "println!(\"began\"); for n in 0..40 { if std::fs::write(n.to_string(), vec![1u8; 1 << 20]).is_err() { break; } } std::thread::sleep(std::time::Duration::from_millis(100));",
            "snippet/disk-limit",
        ),
        (
            "spawns",
            "println!(\"began\"); let child = std::process::Command::new(\"/bin/true\").spawn(); println!(\"{}\", child.is_err());",
            "snippet/mismatch",
        ),
        (
            "signal",
            "println!(\"began\"); std::process::abort();",
            "snippet/crashed",
        ),
        (
            "exits",
            "println!(\"began\"); std::process::exit(7);",
            "snippet/exit-code",
        ),
    ];
    let mut page = "### A? {#a}\n".to_owned();
    for (name, main, _) in cases {
        add_snippet(site, name, "kind = \"run\"", &format!("fn main() {{ {main} }}\n"));
        write(site, &format!("snippets/{name}/expected.stdout"), "other\n");
        page.push_str(&format!("\n{{{{#snippet {name}}}}}\n"));
    }
    write(site, "content/a.md", &page);
    tool("cargo", &["generate-lockfile"], &site.join("snippets"));
    for (name, _, code) in cases {
        let output = run(site, &["test", name, "--output-format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let first = &report["diagnostics"][0];
        assert_eq!(first["code"], code, "{name}: {report:#}");
        let detail = first["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("began"), "{name}: {report:#}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn builds_are_jailed_too() {
    let site = new_site();
    let site = site.path();
    let key = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(key.path(), "key", "secret");
    let key = key.path().join("key").display().to_string();
    // A build script that reads a key, writes outside, and calls home; what it could do is compiled into the program.
    add_snippet(
        site,
        "evil",
        "kind = \"run\"",
        "fn main() {\n    println!(\"{}\", env!(\"FOUND\"));\n}\n",
    );
    write(
        site,
        "snippets/evil/build.rs",
        &format!(
            "fn main() {{\n    let read = std::fs::read({key:?}).is_ok();\n    let wrote = std::fs::write(\"{key}.new\", \"x\").is_ok() || std::fs::write(\"src/main.rs\", \"x\").is_ok();\n    \
             let called = std::net::TcpStream::connect(\"127.0.0.1:1\").is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused);\n    \
             let told = std::env::var(\"SECRET_TOKEN\").is_ok();\n    \
             println!(\"cargo:rustc-env=FOUND={{read}} {{wrote}} {{called}} {{told}}\");\n}}\n"
        ),
    );
    write(site, "content/a.md", "### A? {#a}\n\n{{#snippet evil}}\n");
    let blessed = Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .args(["test", "--bless"])
        .current_dir(site)
        .env_remove("CI")
        .env("SECRET_TOKEN", "x")
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(blessed.status.code(), Some(0), "{}", said(&blessed));
    assert_eq!(
        read(site, "snippets/evil/expected.stdout"),
        "false false false false\n"
    );

    let include = format!("fn main() {{\n    println!(\"{{}}\", include_str!({key:?}));\n}}\n");
    add_snippet(site, "evil", "kind = \"run\"", &include);
    fs::remove_file(site.join("snippets/evil/build.rs")).unwrap_or_else(|error| panic!("{error}"));
    let failed = check(site, &["test"], 1);
    assert!(
        failed.contains("couldn't read") && !failed.contains("secret"),
        "{failed}"
    );

    add_snippet(
        site,
        "evil",
        "kind = \"run\"",
        "fn main() {\n    println!(\"false false false false\");\n}\n",
    );
    check(site, &["test"], 0);
    let marker = site.join("ran").display().to_string();
    let script = site.join("evil.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {marker}\nexec rustc \"$@\"\n"))
        .unwrap_or_else(|error| panic!("{error}"));
    for (path, text) in [
        (
            "snippets/rust-toolchain.toml",
            "[toolchain]\npath = \"/tmp/evil\"\n".to_owned(),
        ),
        ("rust-toolchain", "evil\n".to_owned()),
        (
            "snippets/.cargo/config.toml",
            format!("[build]\nrustc-wrapper = {:?}\n", script.display()),
        ),
        (
            ".cargo/config.toml",
            format!(
                "[target.x86_64-unknown-linux-gnu]\nlinker = {:?}\n",
                script.display()
            ),
        ),
    ] {
        write(site, path, &text);
        let failed = check(site, &["test"], 1);
        assert!(
            failed.contains("snippet/sandbox") && failed.contains(path),
            "{failed}"
        );
        fs::remove_file(site.join(path)).unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(!Path::new(&marker).exists());
}

#[test]
#[cfg(target_os = "linux")]
fn receipts_name_the_sandbox_and_pages_say_where_there_is_none() {
    let site = new_site();
    let site = site.path();
    let told = check(site, &["build"], 0);
    assert!(told.contains("sandbox: landlock, seccomp, rlimits"), "{told}");
    assert!(read(site, "site/rust-basics/index.html").contains("<span>landlock, seccomp, rlimits"));
    write(
        site,
        "book.toml",
        "[book]\ntitle = \"T\"\n[snippets]\nsandbox = \"off\"\n",
    );
    let told = check(site, &["build"], 0);
    assert!(told.contains("sandbox: none"), "{told}");
    assert!(read(site, "site/rust-basics/index.html").contains("<span>no sandbox</span>"));
    assert!(read(site, "site/404.html").contains("snippets ran without a sandbox"));
}

#[test]
fn a_published_site_is_proven_again_and_every_planted_change_is_found() {
    let site = new_site();
    let site = site.path();
    let refused = "fn main() {\n    let a = String::new();\n    let b = a;\n    println!(\"{a}{b}\");\n}\n";
    add_snippet(
        site,
        "refused",
        "kind = \"compile-fail\"\nerror-codes = [\"E0382\"]",
        refused,
    );
    let long = "fn main() {\n    // ANCHOR: part\n    for n in 0..20 {\n        println!(\"<{n}>\");\n    }\n    // ANCHOR_END: part\n    eprintln!(\"done\");\n}\n\n#[test]\nfn works() {}\n";
    add_snippet(site, "long", "kind = [\"run\", \"test\"]", long);
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet refused}}\n\n{{#snippet long:part}}\n",
    );
    check(site, &["test", "--bless"], 0);
    check(site, &["build"], 0);
    let told = check(site, &["verify"], 0);
    assert!(told.contains("3 hold, 0 do not"), "{told}");
    assert!(told.contains("long: holds, "), "{told}");

    let page = "site/a/index.html";
    let archive = "site/sources/long.tar.gz";
    let original = [page, archive, "site/proofs.json"].map(|path| {
        let bytes = fs::read(site.join(path)).unwrap_or_else(|error| panic!("{error}"));
        (path, bytes)
    });
    let restore = || {
        for (path, bytes) in &original {
            // A published file may share its bytes with another name.
            let _ = fs::remove_file(site.join(path));
            fs::write(site.join(path), bytes).unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let html = String::from_utf8_lossy(&original[0].1).into_owned();
    for (from, to, said) in [
        ("&lt;7&gt;", "&lt;8&gt;", "the stdout that is shown"),
        ("&lt;19&gt;", "&lt;20&gt;", "the stdout that is shown"),
        ("done", "fine", "the stderr that is shown"),
        ("exit 0", "exit 1", "the receipt says"),
        ("1 test passed", "9 tests passed", "the receipt says"),
        (
            "<span class=\"k\">for</span>",
            "<span class=\"k\">loop</span>",
            "the code that is shown",
        ),
        ("borrow of moved value", "all is well", "the stderr that is shown"),
    ] {
        restore();
        assert!(html.contains(from), "{from:?} is not on the page");
        fs::remove_file(site.join(page)).unwrap_or_else(|error| panic!("{error}"));
        write(site, page, &html.replace(from, to));
        let told = check(site, &["verify"], 1);
        assert!(told.contains(said), "{from:?}: {told}");
    }
    // Another source or reviewed output in the archive, with the record as it was, and the record changed to agree.
    let other = new_site();
    let other = other.path();
    for (file, from, to) in [("src/main.rs", "done", "gone"), ("expected.stdout", "<3>", "<4>")] {
        restore();
        let _ = fs::remove_dir_all(other);
        let path = site.join(archive).display().to_string();
        fs::create_dir_all(other).unwrap_or_else(|error| panic!("{error}"));
        tool("tar", &["xzf", &path], other);
        let file = format!("snippets/long/{file}");
        write(other, &file, &read(other, &file).replace(from, to));
        let _ = fs::remove_file(&path);
        tool("tar", &["czf", &path, "."], other);
        let told = check(site, &["verify"], 1);
        assert!(
            told.contains("not those that were proven") || told.contains("not the one that was proven"),
            "{told}"
        );
        assert!(told.contains("does not print what"), "{told}");
    }
    restore();
    fs::remove_file(site.join(archive)).unwrap_or_else(|error| panic!("{error}"));
    let told = check(site, &["verify", "site"], 1);
    assert!(told.contains("its sources cannot be read"), "{told}");
    check(site, &["verify", "content"], 2);
}

#[test]
fn code_blocks_of_the_text_are_snippets_too() {
    let site = new_site();
    let site = site.path();
    let guide = "### Sum? {#sum}\n\n```rust,run\n# let hidden = 40;\nprintln!(\"{}\", hidden + 2);\n```\n\n\
                 - listed\n\n  ```rust,run,name=listed\n  fn main() -> Result<(), String> {\n      println!(\"a\\nb\");\n      Ok(())\n  }\n  ```\n\n\
                 ```rust,run,should_panic\npanic!(\"no\");\n```\n\n\
                 ```rust,run,compile_fail,E0382\nlet a = String::new();\nlet b = a;\nprintln!(\"{a}{b}\");\n```\n\n\
                 ```rust,run,no_run\nloop {}\n```\n\n\
                 ```rust,run\nuse crate::other as _;\nfn other() {}\nfn main() {\n    println!(\"alone\");\n}\n```\n\n\
                 ```rust\nnever();\n```\n";
    write(site, "content/a.md", guide);
    let failed = check(site, &["test"], 1);
    assert!(
        failed.contains("snippet/missing-expected") && failed.contains("content/a.md:3"),
        "{failed}"
    );
    check(site, &["test", "--bless"], 0);
    let blessed = read(site, "content/a.md");
    assert!(
        blessed.contains("```\n\n```output\n42\n```\n\n- listed"),
        "{blessed}"
    );
    assert!(
        blessed.contains("  ```\n\n  ```output\n  a\n  b\n  ```\n"),
        "{blessed}"
    );
    assert!(blessed.contains("```output\nalone\n```"), "{blessed}");
    let told = check(site, &["build"], 0);
    assert!(told.contains("7 snippets verified"), "{told}");
    let again = check(site, &["build"], 0);
    assert!(again.contains("7 from the memo"), "{again}");
    let page = read(site, "site/a/index.html");
    for part in [
        "data-snippet=\"a#sum/1\"",
        "<code data-stream=stdout>42</code>",
        "Panics, as intended",
        "Compiles, not run",
        "class=\"say b\"",
    ] {
        assert!(page.contains(part), "{part:?} is missing");
    }
    assert!(
        !page.contains("hidden = 40") && page.matches(">42<").count() == 1,
        "{page}"
    );
    let proofs = read(site, "site/proofs.json");
    assert!(proofs.contains("\"a#sum/1\"") && proofs.contains("\"listed\""));

    let told = check(site, &["verify"], 0);
    assert!(
        told.contains("7 hold, 0 do not") && told.contains("a#sum/1: holds, "),
        "{told}"
    );
    let _ = fs::remove_file(site.join("site/a/index.html"));
    write(site, "site/a/index.html", &page.replace(">42<", ">43<"));
    let told = check(site, &["verify"], 1);
    assert!(told.contains("a#sum/1") && told.contains("+43"), "{told}");

    // A wrong output is a mismatch at its block, and is rewritten in place.
    write(site, "content/a.md", &blessed.replace("\n42\n", "\n41\n"));
    let failed = check(site, &["build"], 1);
    for part in [
        "snippet/mismatch",
        "-41",
        "+42",
        "proofbook test 'a#sum/1'",
        "content/a.md:3",
    ] {
        assert!(failed.contains(part), "{part:?}: {failed}");
    }
    check(site, &["test", "a#sum/1", "--bless"], 0);
    assert_eq!(read(site, "content/a.md"), blessed);

    // One that does not compile is told with its place, and the others run all the same.
    let broken = format!("{blessed}\n```rust,run\nlet x: u8 = \"no\";\n```\n");
    write(site, "content/a.md", &broken);
    let failed = check(site, &["test"], 1);
    assert!(
        failed.contains("snippet/build-failed") && failed.contains("mismatched types"),
        "{failed}"
    );
    assert!(failed.contains("7 snippets verified"), "{failed}");

    // Where nothing ran, no output is shown, not even the author's.
    write(site, "content/a.md", &blessed);
    check(site, &["build", "--no-run"], 0);
    assert!(!read(site, "site/a/index.html").contains(">42<"));
    assert!(!read(site, "site/a/index.md").contains("42"));

    // And blocks that are not marked run only where the book says so.
    write(
        site,
        "book.toml",
        "[book]\ntitle = \"T\"\n[snippets]\ninline = \"all\"\n",
    );
    let failed = check(site, &["test"], 1);
    assert!(failed.contains("cannot find function `never`"), "{failed}");
    write(
        site,
        "book.toml",
        "[book]\ntitle = \"T\"\n[snippets]\ninline = \"off\"\n",
    );
    let told = check(site, &["build"], 0);
    assert!(told.contains("1 snippet verified"), "{told}");
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

#[test]
fn outputs_are_compared_as_they_were_reviewed() {
    let site = new_site();
    let site = site.path();
    let colours = "fn main() {\n    println!(\"\\u{1b}[31mred\\u{1b}[0m and <b>\\u{202e}\");\n}\n";
    add_snippet(site, "colours", "kind = \"run\"", colours);
    add_snippet(
        site,
        "threads",
        "kind = \"run\"\nunordered = true",
        "fn main() {\n    for n in [3, 1, 2] {\n        println!(\"{n}\");\n    }\n}\n",
    );
    add_snippet(
        site,
        "fails",
        "kind = \"panic\"",
        "fn main() {\n    panic!(\"as intended\");\n}\n",
    );
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet colours}}\n\n{{#snippet threads}}\n\n{{#snippet fails}}\n",
    );
    check(site, &["test", "--bless"], 0);

    // Accepted colours are kept, shown by classes, and nowhere else.
    assert!(read(site, "snippets/colours/expected.stdout").contains("\u{1b}[31mred"));
    check(site, &["build"], 0);
    let page = read(site, "site/a/index.html");
    assert!(
        page.contains("<span class=\"d-e\">red</span> and &lt;b&gt;<span class=\"ctl\">U+202E</span>"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}') && !read(site, "site/a/index.md").contains('\u{1b}'));
    let other = colours.replace("[31m", "[32m");
    write(site, "snippets/colours/src/main.rs", &other);
    assert!(check(site, &["test", "colours"], 1).contains("snippet/mismatch"));
    // A reviewed text without colours asks for none.
    write(site, "snippets/colours/expected.stdout", "red and <b>\u{202e}\n");
    check(site, &["test", "colours"], 0);

    write(site, "snippets/threads/expected.stdout", "1\n2\n3\n");
    check(site, &["test", "threads"], 0);
    write(site, "snippets/threads/expected.stdout", "1\n2\n2\n");
    check(site, &["test", "threads"], 1);

    // What was reviewed before the normaliser took these out is still right.
    write(
        site,
        "snippets/fails/expected.stderr",
        "\nthread 'main' (4711) panicked at src/main.rs:2:5:\nas intended\n\
         note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
    );
    check(site, &["test", "fails"], 0);
}

/// Makes a symbolic link.
#[cfg(target_os = "linux")]
fn link(to: &Path, site: &Path, path: &str) {
    let path = site.join(path);
    fs::create_dir_all(path.parent().unwrap_or(site)).unwrap_or_else(|error| panic!("{error}"));
    std::os::unix::fs::symlink(to, path).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
#[cfg(target_os = "linux")]
fn links_that_a_checkout_brings_along_lead_nowhere() {
    let elsewhere = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(elsewhere.path(), "string-move/thesis.txt", "mine");
    for path in [
        ".proofbook",
        ".proofbook/target",
        ".proofbook/run",
        ".proofbook/run/0",
        ".proofbook/run/0/00",
        ".proofbook/memo",
    ] {
        let site = new_site();
        link(elsewhere.path(), site.path(), path);
        for verb in ["build", "clean"] {
            let told = check(site.path(), &[verb], 2);
            assert!(told.contains("is a symbolic link"), "{path}: {told}");
        }
        assert_eq!(read(elsewhere.path(), "string-move/thesis.txt"), "mine", "{path}");
    }
    let site = new_site();
    link(elsewhere.path(), site.path(), "snippets/string-move/data");
    let told = check(site.path(), &["test"], 1);
    assert!(
        told.contains("snippet/sandbox") && told.contains("snippets/string-move/data"),
        "{told}"
    );
}

#[test]
fn results_that_a_repository_brings_along_are_not_believed() {
    let site = new_site();
    let site = site.path();
    check(site, &["build"], 0);
    tool("git", &["init", "-q"], site);
    check(site, &["build"], 0);
    tool("git", &["add", "-f", ".proofbook/memo"], site);
    let told = check(site, &["build"], 2);
    assert!(told.contains("is part of the repository"), "{told}");
}

#[test]
#[cfg(target_os = "linux")]
fn code_that_runs_at_build_time_reaches_nothing_of_others() {
    let site = new_site();
    let site = site.path();
    let outside = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    write(outside.path(), "victim", "x");
    let victim = outside.path().join("victim").display().to_string();
    add_snippet(
        site,
        "honest",
        "kind = \"run\"",
        "fn main() {\n    println!(\"the truth\");\n}\n",
    );
    add_snippet(
        site,
        "evil",
        "kind = \"run\"",
        "fn main() {\n    println!(\"{}\", env!(\"FOUND\"));\n}\n",
    );
    write(
        site,
        "snippets/evil/build.rs",
        &format!(
            "use std::os::unix::fs::PermissionsExt as _;\nfn main() {{\n    let out = std::path::PathBuf::from(std::env::var(\"OUT_DIR\").unwrap());\n    \
             let debug = out.ancestors().nth(3).unwrap();\n    \
             let replaced = (0..100).any(|_| {{ std::thread::sleep(std::time::Duration::from_millis(5)); debug.join(\"honest\").exists() }});\n    \
             let mode = std::fs::set_permissions({victim:?}, std::fs::Permissions::from_mode(0o4777)).is_ok();\n    \
             std::fs::write(out.join(\"own\"), \"x\").unwrap();\n    \
             let lent = std::fs::set_permissions(out.join(\"own\"), std::fs::Permissions::from_mode(0o4755)).is_ok();\n    \
             println!(\"cargo:rustc-env=FOUND={{replaced}} {{mode}} {{lent}}\");\n}}\n"
        ),
    );
    // A procedural macro that speaks like cargo, of a crate that should be refused and is not.
    write(
        site,
        "snippets/liar/Cargo.toml",
        "[package]\nname = \"liar\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n",
    );
    let manifest = site.canonicalize().unwrap_or_else(|error| panic!("{error}"));
    let manifest = manifest
        .join("snippets/accepted/Cargo.toml")
        .display()
        .to_string();
    write(
        site,
        "snippets/liar/src/lib.rs",
        &format!(
            "extern crate proc_macro;\n#[proc_macro]\npub fn lie(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    println!(r##\"{{{{\"reason\":\"compiler-message\",\"package_id\":\"path+file:///x#accepted@0.1.0\",\"manifest_path\":\"{manifest}\",\"target\":{{{{\"name\":\"accepted\"}}}},\"message\":{{{{\"level\":\"error\",\"code\":{{{{\"code\":\"E0382\"}}}},\"message\":\"forged\",\"rendered\":\"forged\",\"spans\":[{{{{\"file_name\":\"x\",\"line_start\":1}}}}]}}}}}}}}\"##);\n    proc_macro::TokenStream::new()\n}}\n"
        ),
    );
    add_snippet(
        site,
        "accepted",
        "kind = \"compile-fail\"\nerror-codes = [\"E0382\"]\n[dependencies]\nliar = { path = \"../liar\" }",
        "liar::lie!();\nfn main() {}\n",
    );
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet honest}}\n\n{{#snippet evil}}\n\n{{#snippet accepted}}\n",
    );
    let told = run(site, &["test", "--bless"]);
    let told = said(&told);
    assert!(
        told.contains("snippet/unexpectedly-compiles") && told.contains("3 snippets verified"),
        "{told}"
    );
    assert_eq!(read(site, "snippets/honest/expected.stdout"), "the truth\n");
    assert_eq!(read(site, "snippets/evil/expected.stdout"), "false false false\n");
    let mode = fs::metadata(&victim)
        .map(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()));
    assert_eq!(mode.unwrap_or_default() & 0o6000, 0);
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_open_before_is_closed_to_snippets() {
    let site = new_site();
    let site = site.path();
    let main = "use std::io::Read as _;\nuse std::os::fd::FromRawFd as _;\nfn main() {\n    let mut text = String::new();\n    let mut open = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(9) });\n    let read = open.read_to_string(&mut text);\n    println!(\"{}\", read.is_ok());\n}\n";
    add_snippet(site, "reader", "kind = \"run\"", main);
    write(site, "content/a.md", "### A? {#a}\n\n{{#snippet reader}}\n");
    write(site, "token", "secret");
    let output = Command::new("bash")
        .args([
            "-c",
            "exec 9< token; exec \"$0\" test reader --bless",
            env!("CARGO_BIN_EXE_proofbook"),
        ])
        .current_dir(site)
        .env_remove("CI")
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(read(site, "snippets/reader/expected.stdout"), "false\n");
}

#[test]
fn verify_confirms_nothing_that_it_did_not_run() {
    let site = new_site();
    let site = site.path();
    check(site, &["build"], 0);
    // The same snippet, said to be never run: its archive, and the record of the first made to agree with it.
    let other = new_site();
    let other = other.path();
    let manifest = "snippets/string-move/Cargo.toml";
    let text = read(other, manifest);
    write(
        other,
        manifest,
        &format!("{}\nmanual = \"cannot\"\n", text.trim_end()),
    );
    check(other, &["build"], 0);
    let record = |site: &Path| -> serde_json::Value {
        serde_json::from_str(&read(site, "site/proofs.json")).unwrap_or_default()
    };
    let (mut forged, never_run) = (record(site), record(other));
    for hash in ["sourceHash", "inputsHash"] {
        forged["snippets"]["string-move"][hash] = never_run["snippets"]["string-move"][hash].clone();
    }
    let archive = "site/sources/string-move.tar.gz";
    for path in [archive, "site/proofs.json"] {
        fs::remove_file(site.join(path)).unwrap_or_else(|error| panic!("{error}"));
    }
    fs::copy(other.join(archive), site.join(archive)).unwrap_or_else(|error| panic!("{error}"));
    write(site, "site/proofs.json", &forged.to_string());
    let told = check(site, &["verify"], 1);
    assert!(
        told.contains("it cannot be run, so that nothing is proven"),
        "{told}"
    );
    assert!(told.contains("0 hold, 1 do not"), "{told}");
}

#[test]
#[cfg(target_os = "linux")]
fn packages_from_git_are_fetched_and_built_in_their_jails() {
    let served = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let repository = served.path().join("helper");
    write(
        &repository,
        "Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    write(&repository, "src/lib.rs", "pub fn help() -> u8 {\n    9\n}\n");
    for args in [
        &["init", "-q"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.email=a@b.example",
            "-c",
            "user.name=a",
            "commit",
            "-qm",
            "x",
        ],
    ] {
        tool("git", args, &repository);
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_or_else(|error| panic!("{error}"), |address| address.port());
    let mut daemon = Command::new("git")
        .args(["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1"])
        .arg(format!("--port={port}"))
        .arg(format!("--base-path={}", served.path().display()))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..500 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let site = new_site();
    let site = site.path();
    let meta =
        format!("kind = \"run\"\n[dependencies]\nhelper = {{ git = \"git://127.0.0.1:{port}/helper\" }}");
    add_snippet(
        site,
        "needs",
        &meta,
        "fn main() {\n    println!(\"{}\", helper::help());\n}\n",
    );
    write(site, "content/a.md", "### A? {#a}\n\n{{#snippet needs}}\n");
    let output = run(site, &["test", "--bless"]);
    let _ = daemon.kill();
    let _ = daemon.wait();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(read(site, "snippets/needs/expected.stdout"), "9\n");
}

#[test]
fn dependencies_beside_the_workspace_are_built_and_links_to_others_are_not() {
    let site = new_site();
    let site = site.path();
    write(
        site,
        "beside/Cargo.toml",
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    write(site, "beside/src/lib.rs", "pub fn five() -> u8 {\n    5\n}\n");
    add_snippet(
        site,
        "inner",
        "kind = \"run\"\n[dependencies]\nbeside = { path = \"../../beside\" }",
        "fn main() {\n    println!(\"{}\", beside::five());\n}\n",
    );
    // Built apart, and cargo reads the manifests of all members all the same.
    add_snippet(
        site,
        "scripted",
        "kind = \"run\"",
        "fn main() {\n    println!(\"own\");\n}\n",
    );
    write(site, "snippets/scripted/build.rs", "fn main() {}\n");
    write(
        site,
        "content/a.md",
        "### A? {#a}\n\n{{#snippet inner}}\n\n{{#snippet scripted}}\n",
    );
    check(site, &["test", "--bless"], 0);
    assert_eq!(read(site, "snippets/inner/expected.stdout"), "5\n");
    // A record holds for a crate with a build script too.
    check(site, &["test", "--record"], 0);
    check(site, &["test", "--record"], 0);
    let told = check(site, &["build", "--no-run"], 0);
    assert!(told.contains("3 snippets verified"), "{told}");

    #[cfg(target_os = "linux")]
    {
        let secret = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
        write(secret.path(), "inner/key", "secret");
        link(secret.path(), site, "lnk");
        write(
            site,
            "beside/Cargo.toml",
            "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dev-dependencies]\nx = { path = \"../lnk/inner\" }\n",
        );
        // Where the link would make it appear.
        let key = site.canonicalize().unwrap_or_else(|error| panic!("{error}"));
        let key = key.join("lnk/inner/key").display().to_string();
        write(
            site,
            "snippets/scripted/build.rs",
            &format!(
                "fn main() {{\n    println!(\"cargo:rustc-env=FOUND={{}}\", std::fs::read({key:?}).is_ok());\n}}\n"
            ),
        );
        let main = "fn main() {\n    println!(\"{}\", env!(\"FOUND\"));\n}\n";
        write(site, "snippets/scripted/src/main.rs", main);
        let main = main.replace("{}", "read: {}");
        write(site, "snippets/scripted/src/main.rs", &main);
        // Alone, since `inner` needs a dependency that cargo cannot read any more.
        let _ = run(site, &["test", "scripted", "--bless"]);
        assert_ne!(read(site, "snippets/scripted/expected.stdout"), "read: true\n");
    }
}
