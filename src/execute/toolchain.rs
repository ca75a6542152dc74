//! The compiler at hand.

use std::path::Path;

use crate::system::{Command, Ending, System};

/// What `rustc -vV` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Toolchain {
    /// The whole text: part of every memo key.
    pub(super) verbose: String,
    /// `1.95.0`
    pub(super) release: String,
    /// `x86_64-unknown-linux-gnu`
    pub(super) host: String,
}

/// Asks the compiler; `folder` decides which one where a toolchain file does.
pub(super) fn find(sys: &dyn System, folder: &Path) -> Result<Toolchain, String> {
    let command = Command {
        program: "rustc".into(),
        args: vec!["-vV".to_owned()],
        folder: folder.to_owned(),
        ..Command::default()
    };
    let output = sys.run(&command).map_err(|error| error.to_string())?;
    if output.ending != Ending::Exited(0) {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let verbose = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |name: &str| {
        verbose
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Toolchain {
        release: field("release"),
        host: field("host"),
        verbose,
    })
}
