//! `proofs.json`: what the build proved, for machines, and for a later build that runs nothing. No clock times, so that
//! two builds write the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::book::Book;
use crate::model::snippet::{
    RustcDiagnostic, RustcSpan, SnippetCrate, SnippetProof, Status, VerifiedOutputs,
};
use crate::source::Sources;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// Of the format: 1.
    pub version: u32,
    /// Version of the compiler, `1.95.0`; may be empty.
    #[serde(default)]
    pub rustc: String,
    /// What is known of each snippet, by slug.
    pub snippets: BTreeMap<String, ProofItem>,
}

/// What is known of one snippet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProofItem {
    /// Its kinds.
    pub kind: Vec<String>,
    /// Whether it is a code block of the text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inline: bool,
    /// `verified`, `failed`, `manual` or `stale`.
    pub status: String,
    /// Why it is manual or stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Hash of the crate's own files.
    pub source_hash: String,
    /// Hash of the workspace's lockfile.
    pub lock_hash: String,
    /// Hash of everything that it is built from.
    pub inputs_hash: String,
    /// Hashes of files that it is built from and that lie elsewhere, by path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outside: BTreeMap<String, String>,
    /// Hash of the first binary's expected standard output.
    pub stdout_hash: Option<String>,
    /// Hash of the first binary's expected standard error.
    pub stderr_hash: Option<String>,
    /// Hashes of all expected files, by name.
    pub expected: BTreeMap<String, String>,
    /// Hash of what was observed, normalised.
    pub observed_hash: Option<String>,
    /// Exit code of the first binary.
    pub exit_code: Option<i32>,
    /// Exit codes of all binaries, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exit_codes: BTreeMap<String, i32>,
    /// Tests that passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests_passed: Option<usize>,
    /// The command that reproduces it.
    pub command: String,
    /// Version of the compiler that proved it.
    pub rustc: String,
    /// The compiler's target triple.
    pub target: String,
    /// Cargo profile.
    pub profile: String,
    /// Layers of the sandbox.
    pub sandbox: Vec<String>,
    /// The compiler's error codes, or the code of the diagnostic where it failed.
    pub codes: Vec<String>,
    /// What the compiler said.
    pub diagnostics: Vec<ProofMessage>,
}

/// A message of the compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProofMessage {
    /// `E0502`, or empty.
    pub code: String,
    /// `error` or `warning`.
    pub level: String,
    /// The message in one line.
    pub message: String,
    /// The compiler's own rendering.
    pub rendered: String,
    /// Its places.
    pub spans: Vec<ProofSpan>,
}

/// A place in a snippet; lines and columns are 1-based, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProofSpan {
    /// Path from the crate's folder.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// After the last column.
    pub end_column: usize,
    /// What the compiler says there.
    pub label: String,
    /// Whether it is the main place.
    pub primary: bool,
}

/// Two records that cannot both be true.
#[derive(Debug, thiserror::Error)]
#[error("the records disagree on `{slug}`: both are verified, from different sources or outputs")]
pub struct Disagreement {
    /// The snippet.
    pub slug: String,
}

impl ProofRecord {
    /// What a build knows.
    #[must_use]
    pub fn new(outputs: &VerifiedOutputs, book: &Book, sources: &Sources) -> Self {
        let snippets = outputs
            .snippets
            .iter()
            .filter_map(|(slug, proof)| Some((slug.clone(), item(proof, book.snippets.get(slug)?, sources))))
            .collect();
        Self {
            version: 1,
            rustc: outputs.rustc.clone(),
            snippets,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Takes in what another record knows; of two that know a snippet a verified one counts.
    ///
    /// # Errors
    /// If both are verified and not the same.
    pub fn merge(&mut self, other: Self) -> Result<(), Disagreement> {
        if self.rustc.is_empty() {
            self.rustc = other.rustc;
        }
        self.version = 1;
        for (slug, theirs) in other.snippets {
            match self.snippets.get(&slug) {
                Some(ours) if ours.status == "verified" => {
                    let same = |item: &ProofItem| (item.inputs_hash.clone(), item.expected.clone());
                    if theirs.status == "verified" && same(ours) != same(&theirs) {
                        return Err(Disagreement { slug });
                    }
                }
                // A failure says more than "not selected".
                Some(ours) if ours.status != "stale" && theirs.status == "stale" => {}
                _ => {
                    self.snippets.insert(slug, theirs);
                }
            }
        }
        Ok(())
    }
}

fn item(proof: &SnippetProof, found: &SnippetCrate, sources: &Sources) -> ProofItem {
    let expected = found.expected_hashes(sources);
    let hash = |stream: &str| {
        let first = found.bins.first().filter(|_| found.bins.len() > 1);
        let name = first.map_or_else(
            || format!("expected.{stream}"),
            |bin| format!("expected.{bin}.{stream}"),
        );
        expected.get(&name).cloned()
    };
    let refusal = proof.refusal.as_ref();
    let mut codes: Vec<String> = refusal
        .iter()
        .flat_map(|refusal| refusal.codes.iter().cloned())
        .collect();
    codes.extend(proof.failure.map(str::to_owned));
    ProofItem {
        kind: found
            .meta
            .kinds
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        inline: found.inline.is_some(),
        status: proof.status.as_str().to_owned(),
        reason: match &proof.status {
            Status::Manual(reason) | Status::Stale(reason) => Some(reason.clone()),
            Status::Verified | Status::Failed | Status::Running => None,
        },
        source_hash: proof.source_hash.hex(),
        lock_hash: proof.lock_hash.hex(),
        inputs_hash: proof.inputs_hash.hex(),
        outside: proof.outside.iter().cloned().collect(),
        stdout_hash: hash("stdout"),
        stderr_hash: hash("stderr"),
        observed_hash: proof.observed_hash.map(|hash| hash.hex()),
        exit_code: proof.runs.first().map(|run| run.exit_code),
        exit_codes: proof
            .runs
            .iter()
            .map(|run| (run.bin.clone(), run.exit_code))
            .collect(),
        tests_passed: proof.tests.as_ref().map(|tests| tests.passed),
        command: proof.command.clone(),
        rustc: proof.rustc.clone(),
        target: proof.target.clone(),
        profile: proof.profile.clone(),
        sandbox: proof.sandbox.clone(),
        codes,
        diagnostics: refusal
            .iter()
            .flat_map(|refusal| &refusal.errors)
            .chain(&proof.warnings)
            .map(ProofMessage::from)
            .collect(),
        expected,
    }
}

impl From<&RustcDiagnostic> for ProofMessage {
    fn from(diagnostic: &RustcDiagnostic) -> Self {
        Self {
            code: diagnostic.code.clone(),
            level: diagnostic.level.clone(),
            message: diagnostic.message.clone(),
            rendered: diagnostic.rendered.clone(),
            spans: diagnostic
                .spans
                .iter()
                .map(|span| ProofSpan {
                    file: span.file.clone(),
                    line: span.line,
                    column: span.column,
                    end_line: span.end_line,
                    end_column: span.end_column,
                    label: span.label.clone(),
                    primary: span.primary,
                })
                .collect(),
        }
    }
}

impl From<&ProofMessage> for RustcDiagnostic {
    fn from(message: &ProofMessage) -> Self {
        Self {
            code: message.code.clone(),
            level: message.level.clone(),
            message: message.message.clone(),
            rendered: message.rendered.clone(),
            spans: message
                .spans
                .iter()
                .map(|span| RustcSpan {
                    file: span.file.clone(),
                    line: span.line,
                    column: span.column,
                    end_line: span.end_line,
                    end_column: span.end_column,
                    label: span.label.clone(),
                    primary: span.primary,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: &str, inputs: &str) -> ProofRecord {
        let item = ProofItem {
            status: status.to_owned(),
            inputs_hash: inputs.to_owned(),
            ..ProofItem::default()
        };
        ProofRecord {
            version: 1,
            rustc: "1.95.0".to_owned(),
            snippets: BTreeMap::from([("a".to_owned(), item)]),
        }
    }

    #[test]
    fn of_two_records_the_verified_one_counts() {
        let check = |one: &ProofRecord, two: &ProofRecord, expect: Option<&str>| {
            let mut merged = one.clone();
            let done = merged.merge(two.clone());
            let found = done
                .ok()
                .and_then(|()| Some(merged.snippets.get("a")?.status.clone()));
            assert_eq!(found.as_deref(), expect);
        };
        let (verified, other) = (record("verified", "1"), record("verified", "2"));
        check(&record("stale", ""), &verified, Some("verified"));
        check(&verified, &record("stale", ""), Some("verified"));
        check(&record("failed", ""), &record("stale", ""), Some("failed"));
        check(&verified, &verified, Some("verified"));
        check(&verified, &other, None);
        check(&ProofRecord::default(), &verified, Some("verified"));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let record = record("verified", "1");
        let again = ProofRecord::parse(record.to_json().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again, record);
    }
}
