//! `proofbook check`

use super::{absolute, memo, report};
use crate::cli::ExitCode;
use crate::cli::args::{Args, CheckArgs};
use crate::cli::console::{self, Console};
use crate::diagnostic::{Code, Diagnostics, codes, nearest};
use crate::engine::{self, BuildRequest, Goal};
use crate::system::OsSystem;

pub(in crate::cli) fn run(args: &Args, check: &CheckArgs, console: &Console) -> anyhow::Result<ExitCode> {
    if let Some(name) = &check.explain {
        console::print(rule(name)?.explanation())?;
        return Ok(ExitCode::Clean);
    }
    let only = rules(&check.only)?;
    let root = absolute(&args.root)?;
    let request = BuildRequest {
        root: root.clone(),
        goal: Goal::Check,
        drafts: false,
        base_url: None,
        only: check.filter.clone(),
        locked: false,
        bless: false,
        jobs: None,
    };
    let mut progress = console.progress();
    let mut outcome = engine::build(&OsSystem, &memo(&root), &request, &mut |event| {
        progress.hear(&event);
    })?;
    drop(progress);
    if !only.is_empty() {
        let kept = outcome
            .diagnostics
            .iter()
            .filter(|found| only.contains(&found.code))
            .cloned();
        outcome.diagnostics = Diagnostics::new(kept.collect(), &outcome.config.levels);
    }
    report(
        &outcome,
        check.output_format,
        check.output_file.as_deref(),
        console,
    )?;
    Ok(ExitCode::of(&outcome.diagnostics))
}

fn rules(names: &[String]) -> anyhow::Result<Vec<Code>> {
    names.iter().map(|name| rule(name)).collect()
}

fn rule(name: &str) -> anyhow::Result<Code> {
    Code::from_name(name).ok_or_else(|| {
        let all = codes::ALL.iter().map(|(code, _)| code.as_str());
        match nearest(name, all) {
            Some(near) => anyhow::anyhow!("there is no rule `{name}`; did you mean `{near}`?"),
            None => anyhow::anyhow!("there is no rule `{name}`; `docs/rules` lists them all"),
        }
    })
}
