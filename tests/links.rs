//! One site full of broken links and of tricky ones that are right: each fault is told at its place, once, and
//! nothing else is. `tests/sites/links/expected.txt` lists the faults.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proofbook::engine::{self, BuildRequest, Goal, Outcome};
use proofbook::memo::Memo;
use proofbook::report::concise;
use proofbook::system::OsSystem;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/links")
}

fn outcome() -> Outcome {
    let request = BuildRequest {
        root: folder().join("in"),
        goal: Goal::Check,
        drafts: false,
        base_url: None,
        only: Vec::new(),
        locked: false,
        bless: false,
        jobs: None,
    };
    engine::build(&OsSystem, &Memo::in_memory(), &request, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}"))
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
