//! `proofbook verify`

use anyhow::Context as _;

use super::{absolute, system};
use crate::cli::ExitCode;
use crate::cli::args::{Args, VerifyArgs};
use crate::cli::console::Console;
use crate::load::configuration;
use crate::verify::{Outcome, Report, VerifyRequest, verify};

pub(in crate::cli) fn run(args: &Args, options: &VerifyArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let site = if let Some(site) = &options.site_dir {
        absolute(site)?
    } else {
        let root = absolute(&args.root)?;
        let config = configuration(&system(), &root);
        absolute(&root.join(config.build.build_dir))?
    };
    let scratch = std::env::temp_dir().join(format!("proofbook-verify-{}", std::process::id()));
    let request = VerifyRequest {
        site: &site,
        scratch: &scratch,
        jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let mut progress = console.progress();
    let report = verify(&system(), &request, &mut |event| progress.hear(&event))
        .with_context(|| format!("`{}` is no published site that can be verified", site.display()))?;
    drop(progress);
    tell(&report, console);
    Ok(if report.holds() {
        ExitCode::Clean
    } else {
        ExitCode::Mend
    })
}

fn tell(report: &Report, console: &Console) {
    let (mut held, mut broken, mut unclaimed) = (0, 0, 0);
    for (slug, outcome) in &report.snippets {
        match outcome {
            Outcome::Holds { receipts } => {
                held += 1;
                let noun = if *receipts == 1 { "receipt" } else { "receipts" };
                console.say(&format!("{slug}: holds, {receipts} {noun}"));
            }
            Outcome::Unclaimed(why) => {
                unclaimed += 1;
                console.say(&format!("{slug}: not claimed to be verified: {why}"));
            }
            Outcome::Broken(faults) => {
                broken += 1;
                for fault in faults {
                    console.insist(&format!("{slug}: {}", fault.replace('\n', "\n    ")));
                }
            }
        }
    }
    for stray in &report.strays {
        console.insist(stray);
    }
    let (then, now) = &report.rustc;
    if then != now && !now.is_empty() {
        console.say(&format!(
            "note: proven with rustc {then}, verified with rustc {now}"
        ));
    }
    let sum = format!("{held} hold, {broken} do not, {unclaimed} are not claimed");
    if report.holds() {
        console.say(&sum);
    } else {
        console.insist(&sum);
    }
}
