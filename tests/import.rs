//! Imports of small guides in every dialect and with every damage that is known.
//!
//! `tests/import/<name>` is imported and compared with `tests/import/expected/<name>.md`. `UPDATE=1 cargo test --test
//! import` writes the expectations anew; read them before they are committed.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proofbook::engine::{self, BuildRequest, Goal, Outcome};
use proofbook::import::{Imported, Refusal, import};
use proofbook::memo::Memo;
use proofbook::report::human;
use proofbook::system::MemorySystem;
use proptest::prelude::*;
use snapbox::{Data, assert_data_eq};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

/// The samples with their names, in order.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder())
        .unwrap_or_else(|error| panic!("{error}"))
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    found.sort();
    assert!(found.len() > 20, "the samples are missing");
    found
}

fn imported(name: &str, bytes: &[u8]) -> Imported {
    import(bytes, name, "content").unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

/// The Markdown, and behind it what was told.
fn shown(guide: &Imported) -> String {
    let mut out = guide.markdown.clone();
    let counts = &guide.counts;
    let _ = writeln!(
        out,
        "\n<!-- {} sections, {} questions, {} parts, {} code, {} tables, {} follow-ups, {} lost",
        counts.sections,
        counts.questions,
        counts.parts,
        counts.code,
        counts.tables,
        counts.follow_ups,
        counts.lost_titles
    );
    for repair in guide
        .ledger
        .repairs
        .iter()
        .filter(|repair| repair.why != "markup")
    {
        let _ = writeln!(
            out,
            "{}: {} {:?} -> {:?}",
            repair.line, repair.why, repair.from, repair.to
        );
    }
    for dropped in &guide.ledger.dropped {
        let _ = writeln!(
            out,
            "{}: dropped as {} {:?}",
            dropped.line, dropped.why, dropped.text
        );
    }
    for notice in &guide.ledger.notices {
        let _ = writeln!(out, "{}: look: {}", notice.line, notice.text);
    }
    out.push_str("-->\n");
    out
}

#[test]
fn every_dialect() {
    for (name, bytes) in samples() {
        let actual = shown(&imported(&name, &bytes));
        let path = folder().join("expected").join(format!("{name}.md"));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(folder().join("expected")).unwrap_or_else(|error| panic!("{error}"));
            fs::write(&path, &actual).unwrap_or_else(|error| panic!("{error}"));
        }
        assert_data_eq!(actual, Data::read_from(&path, None).raw());
    }
}

#[test]
fn a_second_import_changes_nothing() {
    for (name, bytes) in samples() {
        let first = imported(&name, &bytes);
        let again = imported(&format!("content/{}.md", first.id), first.markdown.as_bytes());
        assert_eq!(again.markdown, first.markdown, "{name}");
        assert_eq!(again.counts, first.counts, "{name}");
        assert_eq!(again.ledger.repairs, [], "{name}");
    }
}

#[test]
fn our_own_guides_stay_as_they_are() {
    let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("content");
    for name in ["data-structures", "resilience"] {
        let text = fs::read_to_string(content.join(format!("{name}.md"))).unwrap_or_default();
        let guide = imported(&format!("content/{name}.md"), text.as_bytes());
        assert_eq!(guide.id, name);
        assert!(guide.markdown == text, "{name} was changed");
        assert!(guide.ledger.repairs.is_empty() && guide.ledger.dropped.is_empty());
    }
}

fn build(files: BTreeMap<String, Vec<u8>>) -> Outcome {
    let request = BuildRequest {
        jobs: Some(1),
        ..BuildRequest::new(PathBuf::from("/s"), Goal::Memory)
    };
    engine::build(
        &MemorySystem::new(files),
        &Memo::in_memory(),
        &request,
        &mut |_| {},
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_import_builds() {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, bytes) in samples() {
        let guide = imported(&name, &bytes);
        // Ids of lost questions come from their sections, which two samples may share.
        files.insert(
            format!("/s/content/{}-{}.md", guide.id, name.replace('.', "-")),
            guide.markdown.into_bytes(),
        );
    }
    let outcome = build(files);
    let said = human::render(&outcome, false);
    assert!(!outcome.diagnostics.has_errors(), "{said}");
    for rule in [
        "content/heading-skip",
        "content/unsafe-html",
        "config/unknown-key",
    ] {
        assert!(!said.contains(rule), "{said}");
    }
}

#[test]
fn what_is_no_guide_is_refused() {
    let refused = |bytes: &[u8]| import(bytes, "a.txt", "content").err();
    assert_eq!(refused(b""), Some(Refusal::Empty));
    assert_eq!(refused(b"\n \r\n"), Some(Refusal::Empty));
    assert_eq!(refused(b"\x89PNG\r\n\x1a\n\0\0\0"), Some(Refusal::NotText));
    assert_eq!(
        refused(b"Just a letter.\n\nWith two paragraphs.\n"),
        Some(Refusal::NoQuestion)
    );
}

/// How often every character occurs, white space aside.
fn characters(texts: &[&str]) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for c in texts
        .iter()
        .flat_map(|text| text.chars())
        .filter(|c| !c.is_whitespace())
    {
        *counts.entry(c).or_insert(0) += 1;
    }
    counts
}

/// Characters of a source that are neither in the output nor told.
fn vanished(source: &str, guide: &Imported) -> Vec<char> {
    let mut there = vec![guide.markdown.as_str()];
    there.extend(guide.ledger.repairs.iter().map(|repair| repair.from.as_str()));
    there.extend(guide.ledger.dropped.iter().map(|dropped| dropped.text.as_str()));
    let there = characters(&there);
    characters(&[source])
        .into_iter()
        .filter(|(c, count)| there.get(c).copied().unwrap_or(0) < *count)
        .map(|(c, _)| c)
        .collect()
}

#[test]
fn no_character_of_a_sample_vanishes() {
    for (name, bytes) in samples() {
        let source = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(
            vanished(&source, &imported(&name, &bytes)),
            Vec::<char>::new(),
            "{name}"
        );
    }
}

/// A change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Remove(usize),
    Double(usize),
    Swap(usize, usize),
    Join(usize),
    Indent(usize, usize),
    Prefix(usize, &'static str),
    Insert(usize, String),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0_usize..200;
    let prefix = prop::sample::select(vec![
        "- ",
        "1. ",
        "2) ",
        "Q: ",
        "A: ",
        "### ",
        "## ",
        "> ",
        "```",
        "**",
        "Answer: ",
        "Follow-up: ",
        "| a | b |",
        "<b>",
        "<details><summary>",
        "Difficulty: Senior",
        "* ",
        "Example:",
        "\u{feff}",
        "—",
        "Interview question 3: ",
        "{{#",
    ]);
    prop_oneof![
        at.clone().prop_map(Edit::Remove),
        at.clone().prop_map(Edit::Double),
        (at.clone(), at.clone()).prop_map(|(a, b)| Edit::Swap(a, b)),
        at.clone().prop_map(Edit::Join),
        (at.clone(), 0_usize..6).prop_map(|(at, by)| Edit::Indent(at, by)),
        (at.clone(), prefix).prop_map(|(at, with)| Edit::Prefix(at, with)),
        (at, "\\PC{0,30}").prop_map(|(at, text)| Edit::Insert(at, text)),
    ]
}

fn apply(source: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    for edit in edits {
        let count = lines.len().max(1);
        match edit {
            _ if lines.is_empty() => {}
            Edit::Remove(at) => {
                lines.remove(at % count);
            }
            Edit::Double(at) => lines.insert(at % count, lines[at % count].clone()),
            Edit::Swap(a, b) => lines.swap(a % count, b % count),
            Edit::Join(at) => {
                let line = lines.remove(at % count);
                if let Some(last) = lines.get_mut((at % count).saturating_sub(1)) {
                    last.push_str(&line);
                }
            }
            Edit::Indent(at, by) => lines[at % count].insert_str(0, &" ".repeat(*by)),
            Edit::Prefix(at, with) => lines[at % count].insert_str(0, with),
            Edit::Insert(at, text) => lines.insert(at % count, text.clone()),
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_character_vanishes_untold(sample in 0_usize..64, edits in prop::collection::vec(edit(), 0..12)) {
        let samples = samples();
        let (name, bytes) = &samples[sample % samples.len()];
        let source = apply(&String::from_utf8_lossy(bytes), &edits);
        if let Ok(guide) = import(source.as_bytes(), name, "content") {
            prop_assert_eq!(vanished(&source, &guide), Vec::<char>::new(), "{}", source);
            let again = import(guide.markdown.as_bytes(), name, "content");
            let again = again.map(|again| again.markdown).unwrap_or_default();
            prop_assert_eq!(again, guide.markdown, "{}", source);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_imported_builds(sample in 0_usize..64, edits in prop::collection::vec(edit(), 0..10)) {
        let samples = samples();
        let (name, bytes) = &samples[sample % samples.len()];
        let source = apply(&String::from_utf8_lossy(bytes), &edits);
        // What is canonical already keeps its faults; links to what did not come along are for a person.
        if name != "canonical.md"
            && let Ok(guide) = import(source.as_bytes(), name, "content")
        {
            let outcome = build(BTreeMap::from([("/s/content/a.md".to_owned(), guide.markdown.clone().into_bytes())]));
            let said = human::render(&outcome, false);
            let fault = said.lines().find(|line| line.starts_with("error[") && !line.starts_with("error[link/"));
            prop_assert_eq!(fault, None, "{}\n{}", said, guide.markdown);
        }
    }
}
