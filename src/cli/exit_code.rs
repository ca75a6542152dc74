//! What the program answers to the shell.

use crate::diagnostic::Diagnostics;

/// The exit codes, a contract with CI scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: clean, or warnings alone.
    Clean,
    /// 1: an error that the author must mend; nothing was published.
    Mend,
    /// 2: wrong usage, or the environment failed.
    Usage,
}

impl ExitCode {
    /// The code for what a build found.
    #[must_use]
    pub fn of(diagnostics: &Diagnostics) -> Self {
        if diagnostics.has_errors() {
            Self::Mend
        } else {
            Self::Clean
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(match code {
            ExitCode::Clean => 0,
            ExitCode::Mend => 1,
            ExitCode::Usage => 2,
        })
    }
}
