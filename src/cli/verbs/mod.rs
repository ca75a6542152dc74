//! One file a verb.

pub(super) mod build;
pub(super) mod check;
pub(super) mod clean;
pub(super) mod completions;
pub(super) mod import;
pub(super) mod init;
pub(super) mod proofs;
pub(super) mod serve;
pub(super) mod test;
pub(super) mod verify;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::OutputFormat;
use super::console::{self, Console};
use crate::engine::{Outcome, PRIVATE};
use crate::memo::Memo;
use crate::report::{concise, github, human, json, junit, sarif};
use crate::system::{OsSystem, System as _};

/// The site's root as an absolute path.
fn absolute(root: &Path) -> anyhow::Result<PathBuf> {
    root.canonicalize()
        .with_context(|| format!("failed to find the folder `{}`", root.display()))
}

/// The operating system, with this program as the warden of what it runs.
fn system() -> OsSystem {
    // Executed by this name it is the same program even after its file was replaced.
    OsSystem::with_warden("/proc/self/exe")
}

/// The memo of a site.
fn memo(root: &Path) -> Memo {
    Memo::in_folder(root.join(PRIVATE).join("memo"))
}

/// Tells what a build found: in a file where one is named, and for people then too; else a machine's format alone on
/// stdout, or for people on stderr.
fn report(
    outcome: &Outcome,
    format: OutputFormat,
    file: Option<&Path>,
    console: &Console,
) -> anyhow::Result<()> {
    let text = match format {
        OutputFormat::Human => human::render(outcome, false),
        OutputFormat::Concise => concise::render(outcome),
        OutputFormat::Json => json::render(outcome),
        OutputFormat::Github => github::render(outcome),
        OutputFormat::Sarif => sarif::render(outcome),
        OutputFormat::Junit => junit::render(outcome),
    };
    match file {
        Some(file) => {
            system()
                .write(&std::path::absolute(file)?, text.as_bytes())
                .with_context(|| format!("failed to write `{}`", file.display()))?;
            console.report(outcome);
        }
        None if format == OutputFormat::Human => console.report(outcome),
        None => console::print(&text)?,
    }
    Ok(())
}

/// Opens an address in the reader's browser; that none opens is no failure.
fn open_in_browser(address: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let _ = std::process::Command::new(opener)
        .arg(address)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
}
