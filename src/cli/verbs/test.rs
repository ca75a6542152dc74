//! `proofbook test`

use super::{absolute, memo, report};
use crate::cli::ExitCode;
use crate::cli::args::{Args, TestArgs};
use crate::cli::console::Console;
use crate::diagnostic::nearest;
use crate::engine::{self, BuildRequest, Goal};
use crate::system::OsSystem;

pub(in crate::cli) fn run(args: &Args, test: &TestArgs, console: &Console) -> anyhow::Result<ExitCode> {
    if test.bless && !test.force && std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        anyhow::bail!(
            "`--bless` accepts outputs unseen, so it is refused where `CI` is set; \
             run it by hand and commit the expected files, or add `--force`"
        );
    }
    let root = absolute(&args.root)?;
    let request = BuildRequest {
        root: root.clone(),
        goal: Goal::Snippets,
        drafts: true,
        base_url: None,
        only: test.slugs.clone(),
        locked: false,
        bless: test.bless,
        jobs: None,
    };
    let mut progress = console.progress();
    let outcome = engine::build(&OsSystem, &memo(&root), &request, &mut |event| {
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
    report(&outcome, test.output_format, test.output_file.as_deref(), console)?;
    Ok(ExitCode::of(&outcome.diagnostics))
}
