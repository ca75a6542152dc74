//! `proofbook completions`

use clap::CommandFactory as _;

use crate::cli::ExitCode;
use crate::cli::args::{Args, CompletionsArgs};
use crate::cli::console;

pub(in crate::cli) fn run(completions: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Args::command(), "proofbook", &mut script);
    console::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Clean)
}
