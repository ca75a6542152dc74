//! `proofbook check`

use std::path::Path;
use std::time::SystemTime;

use anyhow::Context as _;

use super::{absolute, memo, report, system};
use crate::check::fix;
use crate::cli::ExitCode;
use crate::cli::args::{Args, CheckArgs};
use crate::cli::console::{self, Console};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, codes, nearest};
use crate::engine::{self, BuildRequest, Goal, Outcome, PRIVATE};
use crate::external::{self, ExternalRequest};
use crate::report::diff;
use crate::system::System as _;

pub(in crate::cli) fn run(args: &Args, check: &CheckArgs, console: &Console) -> anyhow::Result<ExitCode> {
    if let Some(name) = &check.explain {
        console::print(rule(name)?.explanation())?;
        return Ok(ExitCode::Clean);
    }
    let only = rules(&check.only)?;
    let root = absolute(&args.root)?;
    let request = BuildRequest {
        only: check.filter.clone(),
        partition: check.partition,
        ..BuildRequest::new(root.clone(), Goal::Check)
    };
    let memo = memo(&root);
    let look = || -> anyhow::Result<Outcome> {
        let mut progress = console.progress();
        let mut outcome = engine::build(&system(), &memo, &request, &mut |event| progress.hear(&event))?;
        drop(progress);
        if check.external {
            ask(&mut outcome, &root, console)?;
        }
        if !only.is_empty() {
            let kept = outcome
                .diagnostics
                .iter()
                .filter(|found| only.contains(&found.code))
                .cloned();
            outcome.diagnostics = Diagnostics::new(kept.collect(), &outcome.config.levels);
        }
        Ok(outcome)
    };
    let mut outcome = look()?;
    if check.fix && mend(&outcome, &root, console)? {
        outcome = look()?;
    }
    report(
        &outcome,
        check.output_format,
        check.output_file.as_deref(),
        console,
    )?;
    Ok(ExitCode::of(&outcome.diagnostics))
}

/// Asks the links out of the site and adds what is wrong with them.
fn ask(outcome: &mut Outcome, root: &Path, console: &Console) -> anyhow::Result<()> {
    let request = ExternalRequest {
        links: &outcome.external,
        sources: &outcome.sources,
        config: &outcome.config.links,
        cache: &root.join(PRIVATE).join("links.json"),
        now: SystemTime::now(),
    };
    let mut found: Vec<Diagnostic> = outcome.diagnostics.iter().cloned().collect();
    let asked = external::check(&system(), &request)?.collect(&mut found);
    console.say(&format!(
        "{} external addresses asked, {} known from before, {} excluded",
        asked.asked, asked.cached, asked.excluded
    ));
    outcome.diagnostics = Diagnostics::new(found, &outcome.config.levels);
    Ok(())
}

/// Writes what has one safe answer and shows the changes; whether there were any.
fn mend(outcome: &Outcome, root: &Path, console: &Console) -> anyhow::Result<bool> {
    let mended = fix::mend(&outcome.diagnostics, &outcome.sources);
    for file in &mended {
        let path = root.join(&file.path);
        let now = system()
            .read(&path)
            .with_context(|| format!("failed to read `{}`", path.display()))?;
        anyhow::ensure!(
            now == file.before.as_bytes(),
            "`{}` changed while it was checked; nothing more was mended, run `check --fix` again",
            file.path
        );
        system()
            .write(&path, file.after.as_bytes())
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        console.say(&diff::unified(&file.path, &file.before, &file.after));
    }
    Ok(!mended.is_empty())
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
