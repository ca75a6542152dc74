//! `proofbook init`

use super::system;
use crate::cli::ExitCode;
use crate::cli::args::InitArgs;
use crate::cli::console::Console;
use crate::scaffold::{InitOptions, new_site};
use crate::system::System as _;

pub(in crate::cli) fn run(init: &InitArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let folder = std::path::absolute(&init.dir)?;
    let title = folder.file_name().map_or_else(
        || "Interview guides".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let files = new_site(&InitOptions { title });
    let taken: Vec<&str> = files
        .iter()
        .map(|file| file.path)
        .filter(|path| system().kind(&folder.join(path)).is_some())
        .collect();
    if !taken.is_empty() {
        anyhow::bail!(
            "`{}` already has {}; nothing was written, since init never overwrites a file",
            folder.display(),
            taken.join(", ")
        );
    }
    for file in &files {
        system().write(&folder.join(file.path), file.text.as_bytes())?;
    }
    console.say(&format!(
        "made a site in `{}`: {} files",
        folder.display(),
        files.len()
    ));
    console.say(&format!("next: proofbook --root {} serve", init.dir.display()));
    Ok(ExitCode::Clean)
}
