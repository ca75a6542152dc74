//! One site full of broken links and of tricky ones that are right: each fault is told at its place, once, and
//! nothing else is. `tests/sites/links/expected.txt` lists the faults.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proofbook::engine::{self, BuildRequest, Goal, Outcome};
use proofbook::memo::Memo;
use proofbook::report::concise;
use proofbook::system::MemorySystem;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/links")
}

fn outcome() -> Outcome {
    let mut files = BTreeMap::new();
    texts(&folder().join("in"), &mut files);
    let sys = MemorySystem::new(files.into_iter().map(|(path, bytes)| {
        let below = path.strip_prefix(folder().join("in")).unwrap_or(&path);
        (
            format!("/s/{}", below.to_string_lossy().replace('\\', "/")),
            bytes,
        )
    }));
    let request = BuildRequest::new(PathBuf::from("/s"), Goal::Check);
    engine::build(&sys, &Memo::in_memory(), &request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_planted_fault_is_found_at_its_place_and_nothing_else() {
    let outcome = outcome();
    // `file:line:column: severity[code] message` without severity and message.
    let mut found: Vec<String> = concise::render(&outcome)
        .lines()
        .map(|line| {
            let (place, rest) = line.split_once(": ").unwrap_or((line, ""));
            let code = rest.split(['[', ']']).nth(1).unwrap_or_default();
            format!("{place} {code}")
        })
        .collect();
    found.sort();
    let text = fs::read_to_string(folder().join("expected.txt")).unwrap_or_default();
    let mut expected: Vec<String> = text.lines().map(str::to_owned).collect();
    expected.sort();
    assert!(expected.len() >= 60, "only {} faults are planted", expected.len());
    let report = concise::render(&outcome);
    let missed: Vec<&String> = expected.iter().filter(|line| !found.contains(line)).collect();
    let false_alarms: Vec<&String> = found.iter().filter(|line| !expected.contains(line)).collect();
    assert!(
        missed.is_empty() && false_alarms.is_empty(),
        "missed {missed:#?}\nfalse alarms {false_alarms:#?}\nin\n{report}"
    );
    assert_eq!(found, expected, "something is told twice");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("{error}"));
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

fn texts(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name() == ".proofbook" {
            continue;
        }
        if path.is_dir() {
            texts(&path, into);
        } else {
            into.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
}

#[test]
fn fix_mends_what_has_one_safe_answer_and_touches_nothing_else() {
    let site = tempfile::TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    copy(&folder().join("in"), site.path());
    let mut before = BTreeMap::new();
    texts(site.path(), &mut before);
    let check = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_proofbook"))
            .args(args)
            .current_dir(site.path())
            .output()
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let output = check(&["check", "--fix", "--output-format", "concise"]);
    assert_eq!(output.status.code(), Some(1));
    let left = String::from_utf8_lossy(&output.stdout);
    for code in ["link/moved", "link/wrong-case"] {
        assert!(!left.contains(code), "{code} is left in {left}");
    }
    assert!(!left.contains("the `#` is missing"), "{left}");
    let diff = String::from_utf8_lossy(&output.stderr);
    let mut after = BTreeMap::new();
    texts(site.path(), &mut after);
    let changed: Vec<String> = after
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(*bytes))
        .map(|(path, _)| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(changed, ["faults-html.md", "faults.md"]);
    for line in [
        "-[a](Retry.md)\n",
        "+[a](retry.md)\n",
        "+[a](retry.md#jitter)\n",
        "+[a](größe.md)\n",
        "-[a](/old/retry/)\n",
        "+[a](retry.md#then)\n",
        "+[a](https://example.org/new/)\n",
        "+[a](#here)\n",
        "+[a](files/paper.pdf)\n",
        "+[a](img/ring.png)\n",
        "+[a](data/)\n",
        "+[a](data/lists/)\n",
        "+[a](retry.md#deep-heading)\n",
        "+![a](img/ring.png)\n",
        "+<a href=\"retry.md\">x</a>\n",
    ] {
        assert!(diff.contains(line), "{line:?} is missing in\n{diff}");
    }
    // What was mended was at fault, one for one.
    let removed = diff
        .lines()
        .filter(|line| line.starts_with("-[") || line.starts_with("-<") || line.starts_with("-!"));
    let text = fs::read_to_string(folder().join("expected.txt")).unwrap_or_default();
    let mendable = text
        .lines()
        .filter(|line| line.ends_with("/moved") || line.ends_with("/wrong-case"));
    assert_eq!(removed.count(), mendable.count() + 1);
    let again = check(&["check", "--fix", "--output-format", "concise"]);
    assert!(again.stderr.is_empty() && again.stdout == output.stdout);
}

/// All links of `content/right.md` resolve: the count keeps the file from shrinking unseen.
#[test]
fn the_right_links_are_many() {
    let outcome = outcome();
    let right = fs::read_to_string(folder().join("in/content/right.md")).unwrap_or_default();
    assert!(right.matches("](").count() >= 60, "too few right links are left");
    assert!(
        outcome.counts.links >= 240,
        "only {} links were seen",
        outcome.counts.links
    );
}

#[test]
fn every_fault_says_how_to_mend_it() {
    let silent: BTreeMap<&str, &str> = outcome()
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.help.is_none())
        .map(|diagnostic| (diagnostic.code.as_str(), ""))
        .collect();
    assert_eq!(silent, BTreeMap::new());
}
