//! `proofbook build`

use super::{absolute, memo, open_in_browser, system};
use crate::cli::ExitCode;
use crate::cli::args::{Args, BuildArgs};
use crate::cli::console::Console;
use crate::engine::{self, BuildRequest, Goal};

pub(in crate::cli) fn run(args: &Args, build: &BuildArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let root = absolute(&args.root)?;
    let out = build.dest_dir.as_ref().map(std::path::absolute).transpose()?;
    let request = BuildRequest {
        drafts: build.drafts,
        base_url: build.base_url.clone(),
        only: build.filter.clone(),
        no_run: build.no_run,
        locked: build.locked,
        jobs: build.jobs,
        ..BuildRequest::new(root.clone(), Goal::Publish(out))
    };
    let mut progress = console.progress();
    let outcome = engine::build(&system(), &memo(&root), &request, &mut |event| {
        progress.hear(&event);
    })?;
    drop(progress);
    console.report(&outcome);
    if let Some((out, _)) = &outcome.published
        && build.open
    {
        open_in_browser(&out.join("index.html").display().to_string());
    }
    Ok(ExitCode::of(&outcome.diagnostics))
}
