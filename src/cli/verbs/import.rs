//! `proofbook import`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::system;
use crate::cli::ExitCode;
use crate::cli::args::{Args, ImportArgs, ImportFormat};
use crate::cli::console::{self, Console};
use crate::import::{self, Imported, MAX_BYTES, Refusal};
use crate::load::configuration;
use crate::schema::{DroppedJson, RepairJson, Root};
use crate::system::System as _;

/// How many things to look at are listed; all of them with `-v`.
const LISTED: usize = 12;

pub(in crate::cli) fn run(args: &Args, import: &ImportArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let root = std::path::absolute(&args.root)?;
    let (folder, name) = if let Some(folder) = &import.to {
        (std::path::absolute(folder)?, folder.display().to_string())
    } else {
        let name = configuration(&system(), &root).book.src;
        (root.join(&name), name)
    };
    let mut guides = Vec::with_capacity(import.files.len());
    let mut refused = false;
    for file in &import.files {
        match read(file, &name)? {
            Ok(guide) => guides.push((file, guide)),
            Err(refusal) => {
                refused = true;
                console.failure(&anyhow::anyhow!("`{}`: {refusal}", file.display()));
            }
        }
    }
    if refused {
        if import.files.len() > 1 {
            console.say("nothing was written: either all files are imported or none is");
        }
        return Ok(ExitCode::Mend);
    }
    let targets: Vec<PathBuf> = guides
        .iter()
        .map(|(_, guide)| folder.join(format!("{}.md", guide.id)))
        .collect();
    check_targets(&targets, import)?;
    let report: String = guides
        .iter()
        .map(|(file, guide)| tell(file, guide, args.verbose))
        .collect();
    console.say(report.trim_end());
    if !import.dry_run {
        for ((_, guide), target) in guides.iter().zip(&targets) {
            system()
                .write(target, guide.markdown.as_bytes())
                .with_context(|| format!("failed to write `{}`", target.display()))?;
            console.say(&format!("wrote {}", target.display()));
        }
    }
    match import.format {
        ImportFormat::Json => console::print(&json(guides.into_iter().map(|(_, guide)| guide)))?,
        ImportFormat::Md if import.dry_run => {
            for (_, guide) in &guides {
                console::print(&guide.markdown)?;
            }
        }
        ImportFormat::Md => {}
    }
    Ok(ExitCode::Clean)
}

/// Reads and imports a file; the size is asked for first, so that a huge file never enters memory.
fn read(file: &Path, folder: &str) -> anyhow::Result<Result<Imported, Refusal>> {
    let doing = || format!("failed to read `{}`", file.display());
    let bytes = system().size(file).with_context(doing)?;
    if bytes > MAX_BYTES as u64 {
        return Ok(Err(Refusal::TooLarge { bytes }));
    }
    let content = system().read(file).with_context(doing)?;
    Ok(import::import(&content, &file.display().to_string(), folder))
}

/// Refuses to overwrite files, or to write one file twice.
fn check_targets(targets: &[PathBuf], import: &ImportArgs) -> anyhow::Result<()> {
    for (at, target) in targets.iter().enumerate() {
        if let Some(first) = targets[..at].iter().position(|other| other == target) {
            anyhow::bail!(
                "`{}` and `{}` would both be written to `{}`; give one of the guides another title",
                import.files[first].display(),
                import.files[at].display(),
                target.display()
            );
        }
    }
    if import.dry_run || import.force {
        return Ok(());
    }
    let taken: Vec<String> = targets
        .iter()
        .filter(|target| system().kind(target).is_some())
        .map(|target| format!("`{}`", target.display()))
        .collect();
    if !taken.is_empty() {
        anyhow::bail!(
            "{} already there, so nothing was written; `--force` overwrites, `--to` writes elsewhere",
            match taken.as_slice() {
                [one] => format!("{one} is"),
                more => format!("{} are", more.join(", ")),
            }
        );
    }
    Ok(())
}

/// What a person reads about an import.
fn tell(file: &Path, guide: &Imported, all: bool) -> String {
    let counts = &guide.counts;
    let mut out = String::new();
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let _ = writeln!(
        out,
        "{}: {}, {}, {}, {}, {}, {}, {}",
        file.display(),
        plural(counts.sections, "section"),
        plural(counts.questions, "question"),
        plural(counts.parts, "part"),
        plural(counts.code, "code block"),
        plural(counts.tables, "table"),
        plural(counts.follow_ups, "follow-up"),
        plural(counts.lost_titles, "lost title"),
    );
    let mut sums: Vec<(&str, usize)> = Vec::new();
    let rules = guide.ledger.repairs.iter().map(|repair| repair.why);
    for why in rules.chain(guide.ledger.dropped.iter().map(|dropped| dropped.why)) {
        match sums.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => sums.push((why, 1)),
        }
    }
    if !sums.is_empty() {
        let list: Vec<String> = sums.iter().map(|(why, count)| format!("{why} {count}")).collect();
        let _ = writeln!(out, "  changed: {}", list.join(", "));
    }
    for dropped in guide
        .ledger
        .dropped
        .iter()
        .filter(|dropped| dropped.why != "rule")
    {
        let _ = writeln!(
            out,
            "  left out, line {}: {} ({})",
            dropped.line,
            shortened(&dropped.text),
            dropped.why
        );
    }
    let notices = &guide.ledger.notices;
    if !notices.is_empty() {
        let _ = writeln!(out, "  look at:");
    }
    let shown = if all {
        notices.len()
    } else {
        LISTED.min(notices.len())
    };
    for notice in &notices[..shown] {
        let place = if notice.line > 0 {
            format!("line {}: ", notice.line)
        } else {
            String::new()
        };
        let _ = writeln!(out, "    {place}{}", notice.text);
    }
    if shown < notices.len() {
        let _ = writeln!(out, "    and {} more; `-v` lists all", notices.len() - shown);
    }
    out
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 60 {
        text.chars().take(57).collect::<String>() + "…"
    } else {
        text.to_owned()
    }
}

fn json(guides: impl Iterator<Item = Imported>) -> String {
    let (mut dropped, mut repairs, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for guide in guides {
        dropped.extend(guide.ledger.dropped.into_iter().map(|dropped| DroppedJson {
            line: dropped.line,
            text: dropped.text,
            why: dropped.why.to_owned(),
        }));
        repairs.extend(guide.ledger.repairs.into_iter().map(|repair| RepairJson {
            line: repair.line,
            from: repair.from,
            to: repair.to,
            why: repair.why.to_owned(),
        }));
        all.push(guide.json);
    }
    let root = Root {
        version: 1,
        guides: all,
        dropped: Some(dropped),
        repairs: Some(repairs),
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}
