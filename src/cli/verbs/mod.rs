//! One file a verb.

pub(super) mod build;
pub(super) mod check;
pub(super) mod clean;
pub(super) mod completions;
pub(super) mod import;
pub(super) mod init;
pub(super) mod serve;
pub(super) mod test;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::engine::PRIVATE;
use crate::memo::Memo;

/// The site's root as an absolute path.
fn absolute(root: &Path) -> anyhow::Result<PathBuf> {
    root.canonicalize()
        .with_context(|| format!("failed to find the folder `{}`", root.display()))
}

/// The memo of a site.
fn memo(root: &Path) -> Memo {
    Memo::in_folder(root.join(PRIVATE).join("memo"))
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
