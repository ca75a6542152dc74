//! `proofbook test`

use std::path::Path;

use super::{absolute, memo, report, system};
use crate::cli::ExitCode;
use crate::cli::args::{Args, TestArgs};
use crate::cli::console::Console;
use crate::diagnostic::nearest;
use crate::engine::{self, BuildRequest, Goal, Outcome};
use crate::execute::proofs::ProofRecord;
use crate::execute::record::FILE;
use crate::system::System as _;

pub(in crate::cli) fn run(args: &Args, test: &TestArgs, console: &Console) -> anyhow::Result<ExitCode> {
    if test.bless && !test.force && std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        anyhow::bail!(
            "`--bless` accepts outputs unseen, so it is refused where `CI` is set; \
             run it by hand and commit the expected files, or add `--force`"
        );
    }
    let root = absolute(&args.root)?;
    let request = BuildRequest {
        drafts: true,
        only: test.slugs.clone(),
        partition: test.partition,
        bless: test.bless,
        ..BuildRequest::new(root.clone(), Goal::Snippets)
    };
    let mut progress = console.progress();
    let mut outcome = engine::build(&system(), &memo(&root), &request, &mut |event| {
        progress.hear(&event);
    })?;
    drop(progress);
    let known = outcome.proofs.snippets.keys().map(String::as_str);
    if let Some(slug) = test
        .slugs
        .iter()
        .find(|slug| !outcome.proofs.snippets.contains_key(*slug))
    {
        match nearest(slug, known) {
            Some(near) => anyhow::bail!("there is no snippet `{slug}`; did you mean `{near}`?"),
            None => anyhow::bail!("there is no snippet `{slug}`"),
        }
    }
    outcome.diagnostics = outcome.diagnostics.failures_last();
    if test.record {
        record(&outcome, &root, test)?;
    }
    report(&outcome, test.output_format, test.output_file.as_deref(), console)?;
    Ok(ExitCode::of(&outcome.diagnostics))
}

/// Writes the record. One part of many machines' work holds only what it proved; what a run of single snippets did not
/// touch stays as it was recorded.
fn record(outcome: &Outcome, root: &Path, test: &TestArgs) -> anyhow::Result<()> {
    let path = root.join(&outcome.config.snippets.dir).join(FILE);
    let mut record = outcome.record.clone();
    if test.partition.is_some() {
        record
            .snippets
            .retain(|slug, _| test.partition.is_none_or(|part| part.holds(slug)));
    } else if !test.slugs.is_empty()
        && let Ok(bytes) = system().read(&path)
        && let Ok(old) = ProofRecord::parse(&bytes)
    {
        for (slug, item) in old.snippets {
            if record.snippets.contains_key(&slug) && !test.slugs.contains(&slug) {
                record.snippets.insert(slug, item);
            }
        }
    }
    system().write(&path, record.to_json().as_bytes())?;
    Ok(())
}
