//! `proofbook clean`

use std::path::Path;

use super::{absolute, system};
use crate::cli::ExitCode;
use crate::cli::args::Args;
use crate::cli::console::Console;
use crate::emit::publish::{Destination, clean};
use crate::engine::PRIVATE;
use crate::load::configuration;

pub(in crate::cli) fn run(args: &Args, console: &Console) -> anyhow::Result<ExitCode> {
    let root = absolute(&args.root)?;
    let config = configuration(&system(), &root);
    let out = root.join(&config.build.build_dir);
    let to = Destination {
        out: &out,
        private: &root.join(PRIVATE),
    };
    crate::private::check(&system(), &root)?;
    let removed = clean(&system(), to)?;
    let place = out.strip_prefix(&root).unwrap_or(Path::new("")).display();
    console.say(&format!(
        "removed {removed} files of `{place}` and the folder `{PRIVATE}`"
    ));
    Ok(ExitCode::Clean)
}
