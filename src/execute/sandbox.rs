//! One run of one program: a private folder, a clean environment, limits.
//!
//! This is the supervisor alone; layers that the operating system enforces have their place here.

use std::io;
use std::path::Path;

use super::Work;
use super::observe::RawRun;
use crate::model::snippet::SnippetCrate;
use crate::system::Command;

/// Runs a program of a snippet in a folder of its own, which is removed afterwards.
pub(super) fn run(
    work: &Work<'_>,
    found: &SnippetCrate,
    program: &Path,
    args: &[&str],
) -> io::Result<RawRun> {
    let config = work.request.config;
    // The name is fixed, so that a program which prints its folder prints the same each time.
    let private = work.run_folder.join(&found.slug);
    work.sys.remove_dir_all(&private)?;
    work.sys.create_dir_all(&private)?;
    let stdin = found
        .meta
        .stdin
        .as_ref()
        .and_then(|path| found.files.get(path.as_str()))
        .map(|&file| work.sources.get(file).bytes.to_vec())
        .unwrap_or_default();
    let home = private.display().to_string();
    let mut env = vec![
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ("HOME".to_owned(), home.clone()),
        ("TMPDIR".to_owned(), home),
        ("TZ".to_owned(), "UTC".to_owned()),
        ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
        ("RUST_BACKTRACE".to_owned(), "0".to_owned()),
    ];
    env.extend(
        found
            .meta
            .env
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let test = !args.is_empty();
    let own = if test { Vec::new() } else { found.meta.args.clone() };
    let command = Command {
        program: program.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).chain(own).collect(),
        folder: private.clone(),
        clear_env: true,
        env,
        unset_env: Vec::new(),
        stdin,
        timeout: Some(found.meta.timeout.unwrap_or(config.timeout)),
        max_output: Some(config.max_output),
    };
    let output = work.sys.run(&command);
    let removed = work.sys.remove_dir_all(&private);
    let run = RawRun::of(output?);
    removed?;
    Ok(run)
}
