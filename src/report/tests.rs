//! One outcome that the tests of all formats render.

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, codes};
use crate::engine::{Counts, Outcome};
use crate::memo::ContentHash;
use crate::model::snippet::{SnippetProof, Status, VerifiedOutputs};
use crate::source::{FileId, Sources, Span};

/// An outcome with an error, a warning, a note, one without place, and snippets in every state.
pub(super) fn outcome() -> Outcome {
    let sources = Sources::new([
        (
            "content/a b,c.md".to_owned(),
            "é [jitter](retry.md#jiter)\n".as_bytes().to_vec(),
        ),
        ("content/b.md".to_owned(), b"one\ntwo\nthree\n".to_vec()),
        ("snippets/queue/Cargo.toml".to_owned(), b"[package]\n".to_vec()),
    ]);
    let at = |file, range| Span::new(FileId::new(file), range);
    let found = vec![
        Diagnostic::new(
            codes::LINK_MISSING_ANCHOR,
            "`retry.md` has no anchor `jiter`: 100%",
        )
        .at(at(0, 12..26))
        .also(at(1, 0..3), "first,\nsecond")
        .help("did you mean `#jitter`?"),
        Diagnostic::new(codes::CONTENT_MISSING_ALT, "an image \u{1b}[2J without text").at(at(1, 4..13)),
        Diagnostic::new(codes::CONTENT_NOT_UTF8, "this file is not UTF-8").in_file("content/ü.md"),
        Diagnostic::new(codes::CONFIG_UNKNOWN_KEY, "not used here").severity(Severity::Note),
        Diagnostic::new(codes::SNIPPET_MISMATCH, "`queue` prints something else")
            .at(at(2, 0..9))
            .detail("-a]]>\n+b\u{0}&"),
    ];
    let proof = |status, failure| SnippetProof {
        status,
        source_hash: ContentHash::of(b""),
        lock_hash: ContentHash::of(b""),
        inputs_hash: ContentHash::of(b""),
        outside: Vec::new(),
        recorded: false,
        sandbox: Vec::new(),
        observed_hash: None,
        command: String::new(),
        target: String::new(),
        profile: String::new(),
        rustc: String::new(),
        runs: Vec::new(),
        tests: None,
        refusal: None,
        warnings: Vec::new(),
        failure,
        differences: Vec::new(),
    };
    let mut proofs = VerifiedOutputs::default();
    for (slug, status, failure) in [
        ("fine", Status::Verified, None),
        ("hand", Status::Manual("needs a \"GPU\"".to_owned()), None),
        ("queue", Status::Failed, Some("snippet/mismatch")),
        ("stale", Status::Stale("not run".to_owned()), None),
    ] {
        proofs.snippets.insert(slug.to_owned(), proof(status, failure));
    }
    Outcome {
        sources,
        config: Config::default(),
        diagnostics: Diagnostics::new(found, &std::collections::BTreeMap::new()),
        proofs,
        site: None,
        published: None,
        external: Vec::new(),
        record: crate::execute::proofs::ProofRecord::default(),
        counts: Counts::default(),
    }
}
