//! Raw bytes to text that is the same on every machine and in every run.

use std::sync::LazyLock;

use regex::Regex;

use super::Work;
use super::observe::Observation;
use crate::model::snippet::{Redaction, SnippetCrate};

/// Replacements that always apply, in order.
static ALWAYS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    const RULES: [(&str, &str); 8] = [
        // Since Rust 1.91 a panic message names the thread's id, which changes with every run.
        (r"thread '([^'\n]*)' \(\d+\) panicked", "thread '$1' panicked"),
        (r"\b0x[0-9a-f]{6,16}\b", "[ADDRESS]"),
        (r"finished in \d+(?:\.\d+)?s", "finished in [TIME]"),
        (r"(deps/[A-Za-z0-9_-]+)-[0-9a-f]{16}\b", "$1-[HASH]"),
        // The compiler's closing notes say nothing of the snippet.
        (r"(?m)^(?:error|warning): aborting due to .*\n?", ""),
        (
            r"(?m)^For more information about (?:this error|an error), try .*\n?",
            "",
        ),
        (r"(?m)^Some errors have detailed explanations: .*\n?", ""),
        (r"(?m)^note: run with `RUST_BACKTRACE=.*\n?", ""),
    ];
    RULES
        .iter()
        .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, *with)))
        .collect()
});

/// ANSI escape sequences (ECMA-48 §5.4): CSI, OSC, two-byte ones.
static ESCAPES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])").ok());

/// Takes escape sequences out of a text, or all but those that set colours and weights (SGR).
pub(super) fn without_escapes(text: &str, keep_styles: bool) -> String {
    let Some(escapes) = ESCAPES.as_ref() else {
        return text.to_owned();
    };
    escapes
        .replace_all(text, |found: &regex::Captures<'_>| {
            let sequence = &found[0];
            let parameters = sequence
                .strip_prefix("\x1b[")
                .and_then(|rest| rest.strip_suffix('m'));
            let styles = parameters.is_some_and(|list| list.bytes().all(|b| b.is_ascii_digit() || b == b';'));
            if keep_styles && styles {
                sequence.to_owned()
            } else {
                String::new()
            }
        })
        .into_owned()
}

/// Normalises the texts of one snippet.
pub(super) struct Normalizer {
    /// Paths and what stands for them, the longest first.
    paths: Vec<(String, String)>,
    redactions: Vec<(Regex, String)>,
}

impl Normalizer {
    /// For what was seen of a snippet in the folders of an observation.
    pub(super) fn new(work: &Work<'_>, found: &SnippetCrate, observation: &Observation) -> Self {
        let mut paths = vec![
            (format!("{}/{}/", observation.root, found.folder), String::new()),
            // The compiler runs in the workspace's folder, so that places in panics and errors begin with the crate's.
            (format!("{}/src/", found.slug), "src/".to_owned()),
            (observation.root.clone(), "[ROOT]".to_owned()),
        ];
        paths.extend(
            observation
                .private
                .iter()
                .map(|path| (path.clone(), "[ROOT]".to_owned())),
        );
        paths.retain(|(path, _)| !path.is_empty());
        paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        let book: &[Redaction] = &work.request.config.redactions;
        let redactions = book
            .iter()
            .chain(&found.meta.redactions)
            .filter_map(|rule| Some((Regex::new(&rule.pattern).ok()?, rule.with.clone())))
            .collect();
        Self { paths, redactions }
    }

    /// The text of some bytes.
    pub(super) fn text(&self, bytes: &[u8]) -> String {
        self.normal(&without_escapes(&String::from_utf8_lossy(bytes), false))
    }

    /// The text of some bytes with its colours and weights.
    pub(super) fn styled(&self, bytes: &[u8]) -> String {
        self.normal(&without_escapes(&String::from_utf8_lossy(bytes), true))
    }

    fn normal(&self, text: &str) -> String {
        let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
        for (path, with) in &self.paths {
            text = text.replace(path, with);
        }
        for (rule, with) in ALWAYS.iter() {
            if let std::borrow::Cow::Owned(new) = rule.replace_all(&text, *with) {
                text = new;
            }
        }
        for (rule, with) in &self.redactions {
            text = rule.replace_all(&text, with.as_str()).into_owned();
        }
        text
    }
}

/// The lines `test NAME ... ok` of a harness's output, sorted by name.
pub(super) fn test_lines(output: &str) -> Vec<String> {
    let mut lines: Vec<String> = output
        .lines()
        .map(str::trim_end)
        .filter(|line| line.starts_with("test ") && line.contains(" ... "))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_kept_where_they_are_asked_for_and_nothing_else() {
        let text = "\x1b[1;31mred\x1b[0m \x1b[2J\x1b]8;;x\x07link\x1b[?25l";
        assert_eq!(without_escapes(text, true), "\x1b[1;31mred\x1b[0m link");
        assert_eq!(without_escapes(text, false), "red link");
    }

    fn check(text: &[u8], expect: &str) {
        let normalizer = Normalizer {
            paths: vec![
                ("/s/.proofbook/run/x".to_owned(), "[ROOT]".to_owned()),
                ("/s".to_owned(), "[ROOT]".to_owned()),
            ],
            redactions: vec![(
                Regex::new(r"id-\d+").unwrap_or_else(|error| panic!("{error}")),
                "[ID]".to_owned(),
            )],
        };
        assert_eq!(normalizer.text(text), expect);
    }

    #[test]
    fn what_differs_between_runs_is_taken_out() {
        check(b"a\r\nb\rc\n", "a\nb\nc\n");
        check(b"\x1b[1;31mred\x1b[0m \x1b]8;;x\x07link", "red link");
        check(
            b"thread 'main' (834) panicked at src/main.rs:1:1:\n",
            "thread 'main' panicked at src/main.rs:1:1:\n",
        );
        check(b"at 0x7ffd12345678, 0x1f", "at [ADDRESS], 0x1f");
        check(
            b"/s/.proofbook/run/x/file and /s/content",
            "[ROOT]/file and [ROOT]/content",
        );
        check(b"finished in 0.00s", "finished in [TIME]");
        check(
            b"x\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\ny\n",
            "x\ny\n",
        );
        check(b"id-42 \xff", "[ID] \u{fffd}");
    }

    #[test]
    fn harness_lines_come_sorted() {
        let output =
            "running 2 tests\ntest tests::b ... ok\ntest tests::a ... ok\n\ntest result: ok. 2 passed\n";
        assert_eq!(
            test_lines(output),
            ["test tests::a ... ok", "test tests::b ... ok"]
        );
    }
}
