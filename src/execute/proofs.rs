//! `proofs.json`: what the build proved, for machines. No clock times, so that two builds write the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::memo::ContentHash;
use crate::model::book::Book;
use crate::model::snippet::{RustcDiagnostic, SnippetCrate, SnippetProof, Status, VerifiedOutputs};
use crate::source::Sources;

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    rustc: &'a str,
    snippets: BTreeMap<&'a str, Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    kind: Vec<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    source_hash: String,
    lock_hash: String,
    stdout_hash: Option<String>,
    stderr_hash: Option<String>,
    observed_hash: Option<String>,
    exit_code: Option<i32>,
    command: &'a str,
    target: &'a str,
    profile: &'a str,
    sandbox: &'a [String],
    codes: Vec<&'a str>,
    diagnostics: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    code: &'a str,
    message: &'a str,
    rendered: &'a str,
    spans: Vec<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
    primary: bool,
}

/// The file's text.
#[must_use]
pub fn proofs_json(outputs: &VerifiedOutputs, book: &Book, sources: &Sources) -> String {
    let snippets = outputs
        .snippets
        .iter()
        .filter_map(|(slug, proof)| Some((slug.as_str(), item(proof, book.snippets.get(slug)?, sources))))
        .collect();
    let root = Root {
        version: 1,
        rustc: &outputs.rustc,
        snippets,
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn item<'a>(proof: &'a SnippetProof, found: &SnippetCrate, sources: &Sources) -> Item<'a> {
    let hash = |stream: &str| {
        let first = found.bins.first().filter(|_| found.bins.len() > 1);
        let name = first.map_or_else(
            || format!("expected.{stream}"),
            |bin| format!("expected.{bin}.{stream}"),
        );
        let file = found.expected.get(&name)?;
        Some(ContentHash::of(&sources.get(*file).bytes).hex())
    };
    let refusal = proof.refusal.as_ref();
    let mut codes: Vec<&str> = refusal
        .iter()
        .flat_map(|refusal| refusal.codes.iter().map(String::as_str))
        .collect();
    codes.extend(proof.failure);
    Item {
        kind: found.meta.kinds.iter().map(|kind| kind.as_str()).collect(),
        status: proof.status.as_str(),
        reason: match &proof.status {
            Status::Manual(reason) | Status::Stale(reason) => Some(reason),
            Status::Verified | Status::Failed => None,
        },
        source_hash: proof.source_hash.hex(),
        lock_hash: proof.lock_hash.hex(),
        stdout_hash: hash("stdout"),
        stderr_hash: hash("stderr"),
        observed_hash: proof.observed_hash.map(|hash| hash.hex()),
        exit_code: proof.runs.first().map(|run| run.exit_code),
        command: &proof.command,
        target: &proof.target,
        profile: &proof.profile,
        sandbox: &proof.sandbox,
        codes,
        diagnostics: refusal
            .iter()
            .flat_map(|refusal| &refusal.errors)
            .chain(&proof.warnings)
            .map(message)
            .collect(),
    }
}

fn message(diagnostic: &RustcDiagnostic) -> Message<'_> {
    Message {
        code: &diagnostic.code,
        message: &diagnostic.message,
        rendered: &diagnostic.rendered,
        spans: diagnostic
            .spans
            .iter()
            .map(|span| Place {
                file: &span.file,
                line: span.line,
                column: span.column,
                end_line: span.end_line,
                end_column: span.end_column,
                label: &span.label,
                primary: span.primary,
            })
            .collect(),
    }
}
