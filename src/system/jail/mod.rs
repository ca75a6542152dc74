//! Running a program that nobody has reason to trust.
//!
//! A *warden*, which is this program executed once more as `proofbook __jail`, stands between us and the program: it is
//! single-threaded, so that `fork` and `unshare` are safe in it, takes every right from the program before it starts,
//! measures it while it runs, and ends the whole tree of its processes afterwards, also when we are killed ourselves.
//! What is taken, and why, is told in `ARCHITECTURE.md`.
//!
//! [`Jail`] in, [`Report`] out, as JSON over a socket that is the warden's standard input. Linux only; elsewhere there is
//! no warden and [`System::run`](super::System::run) supervises alone.

#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod warden;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ending;

#[cfg(target_os = "linux")]
pub use warden::enter;

/// The word on the command line that makes this program a warden.
pub const WORD: &str = "__jail";

/// What a program may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jail {
    /// Files, and folders with all they hold, that it may read and execute.
    pub readable: Vec<PathBuf>,
    /// Folders with all they hold where it may do everything.
    pub writable: Vec<PathBuf>,
    /// Processes at once, itself included; `None` for any number.
    pub processes: Option<u32>,
    /// Whether it may use a loopback interface of its own; only with namespaces.
    pub loopback: bool,
    /// Whether it may reach the network; only for programs that may start any number of processes.
    pub network: bool,
    /// Bytes of memory of all its processes together.
    pub memory: Option<u64>,
    /// Files in its working directory.
    pub files: Option<u64>,
    /// Bytes in its working directory.
    pub disk: Option<u64>,
    /// Whether it runs on a single processor: another interleaving of its threads.
    pub one_cpu: bool,
    /// An empty folder over which a file system of its own may be mounted; `None` for no namespaces.
    pub root: Option<PathBuf>,
    /// Whether it becomes another user where we are root. What it may write is given to that user.
    pub other_user: bool,
}

/// Something that the operating system enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Which files and addresses it may open.
    Landlock,
    /// Which system calls it may make.
    Seccomp,
    /// How much of what it may have.
    Rlimits,
    /// A system of its own: mounts, processes, host name, network.
    Namespaces,
}

impl Layer {
    /// The word in reports and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::Rlimits => "rlimits",
            Self::Namespaces => "namespaces",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the warden is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Which layers work here.
    Probe {
        /// An empty folder to mount over.
        root: PathBuf,
    },
    /// A run.
    Run(Box<RunOrder>),
}

/// A program, and how it is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunOrder {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) folder: PathBuf,
    pub(super) stdin: Option<PathBuf>,
    pub(super) timeout: Option<Duration>,
    pub(super) jail: Jail,
}

/// What the warden tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    /// How the program ended; the reason where it was never started. `None` where nothing was to be run, or where its end
    /// was asked for.
    pub(super) ending: Option<Result<Ending, String>>,
    /// The layers in force, or those that work.
    pub(super) layers: Vec<Layer>,
    /// Why a layer does not work, where that was asked.
    pub(super) missing: Vec<String>,
}
