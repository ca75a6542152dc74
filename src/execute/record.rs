//! A build that runs nothing: a recorded proof stands for a run as long as everything that it rests on is what it was.

use super::Work;
use super::compare::shown;
use super::proofs::{ProofItem, ProofRecord};
use super::verify::expected_name;
use crate::memo::ContentHash;
use crate::model::snippet::{
    RefusalProof, RunProof, RustcDiagnostic, SnippetCrate, SnippetKind, SnippetProof, Status, TestProof,
    VerifiedOutput,
};

/// The record's name in the snippets folder.
pub const FILE: &str = "proofs.json";

/// What the record says of a snippet, if it still holds; else a stale proof that says why not.
pub(super) fn proof(
    work: &Work<'_>,
    found: &SnippetCrate,
    record: Option<&ProofRecord>,
    blank: SnippetProof,
) -> SnippetProof {
    let item = record.and_then(|record| record.snippets.get(&found.slug));
    match holds(work, found, blank.inputs_hash, item) {
        Ok(item) => verified(work, found, item, blank),
        Err(why) => SnippetProof {
            status: Status::Stale(why.to_owned()),
            ..blank
        },
    }
}

fn holds<'a>(
    work: &Work<'_>,
    found: &SnippetCrate,
    inputs: ContentHash,
    item: Option<&'a ProofItem>,
) -> Result<&'a ProofItem, &'static str> {
    let Some(item) = item else {
        return Err("it is not in the record of proofs");
    };
    if item.status != "verified" {
        return Err("its record does not say that it was verified");
    }
    let unchanged = item.inputs_hash == inputs.hex()
        && item.profile == work.request.config.profile
        && item.outside.iter().all(|(path, hash)| {
            let now = work.sys.read(&work.request.root.join(path));
            now.map(|bytes| ContentHash::of(&bytes).hex()).unwrap_or_default() == *hash
        });
    if !unchanged {
        return Err("its source changed after its record was made");
    }
    let reviewed = found.expected_hashes(work.sources) == item.expected;
    if reviewed {
        Ok(item)
    } else {
        Err("its reviewed output changed after its record was made")
    }
}

fn verified(work: &Work<'_>, found: &SnippetCrate, item: &ProofItem, blank: SnippetProof) -> SnippetProof {
    let output = |name: &str| {
        let file = found.expected.get(name);
        VerifiedOutput::proven(file.map_or_else(String::new, |&file| shown(&work.sources.get(file).text)))
    };
    let of_level = |level: &str| -> Vec<RustcDiagnostic> {
        item.diagnostics
            .iter()
            .filter(|message| message.level == level)
            .map(RustcDiagnostic::from)
            .collect()
    };
    let refused = found.meta.kinds == [SnippetKind::CompileFail];
    let runs = found
        .bins
        .iter()
        .filter_map(|bin| {
            Some(RunProof {
                bin: bin.clone(),
                exit_code: *item.exit_codes.get(bin)?,
                stdout: output(&expected_name(found, bin, "stdout")),
                stderr: output(&expected_name(found, bin, "stderr")),
            })
        })
        .collect();
    SnippetProof {
        status: Status::Verified,
        observed_hash: item.observed_hash.as_deref().and_then(ContentHash::from_hex),
        outside: item
            .outside
            .iter()
            .map(|(path, hash)| (path.clone(), hash.clone()))
            .collect(),
        target: item.target.clone(),
        rustc: item.rustc.clone(),
        sandbox: item.sandbox.clone(),
        recorded: true,
        runs,
        tests: item.tests_passed.map(|passed| TestProof {
            passed,
            output: output("expected.stdout"),
        }),
        refusal: refused.then(|| RefusalProof {
            codes: item.codes.clone(),
            errors: of_level("error"),
            stderr: output("expected.stderr"),
        }),
        warnings: of_level("warning"),
        ..blank
    }
}
