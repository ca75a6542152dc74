//! The world outside: files, processes, environment. Everything else in the crate goes through
//! [`System`], so that every stage can be tested in memory.

pub mod jail;
mod memory;
mod os;
#[cfg(target_os = "linux")]
mod outside;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::jail::{Jail, Layer};

pub use memory::MemorySystem;
pub use os::OsSystem;

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; never followed while walking.
    Link,
}

/// A path met while walking.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The path, starting with the walked folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
}

/// A program to run.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The program: a path, or a name looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its working directory.
    pub folder: PathBuf,
    /// Whether it sees only [`Command::env`] and nothing of ours.
    pub clear_env: bool,
    /// Environment variables set for it.
    pub env: Vec<(String, String)>,
    /// Environment variables taken from it.
    pub unset_env: Vec<String>,
    /// What it reads from standard input; nothing if empty.
    pub stdin: Vec<u8>,
    /// Wall-clock limit; `None` for no limit.
    pub timeout: Option<Duration>,
    /// Limit of each output stream in bytes; `None` for no limit.
    pub max_output: Option<usize>,
    /// What it may do; `None` for everything that we may. Needs a [`System::layers`] that is not empty.
    pub jail: Option<Jail>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Ending {
    /// It exited with a code.
    Exited(i32),
    /// A signal ended it.
    Signaled(i32),
    /// We ended it at the time limit.
    TimedOut,
    /// We ended it at the output limit.
    OutputLimit,
    /// We ended it at the memory limit; its resident bytes then.
    MemoryLimit(u64),
    /// We ended it at the limit of processes; how many there were.
    ProcessLimit(u64),
    /// We ended it at the limit of files in its folder; how many there were.
    FileLimit(u64),
    /// We ended it at the limit of bytes in its folder; how many there were.
    DiskLimit(u64),
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutput {
    /// How it ended.
    pub ending: Ending,
    /// Standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// In which order they came: stretches of one stream, with their length in bytes.
    pub order: Vec<(Stream, usize)>,
    /// The layers that were in force.
    pub layers: Vec<Layer>,
}

/// An output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What the operating system can enforce for a [`Jail`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The layers that work.
    pub working: Vec<Layer>,
    /// Why the others do not.
    pub missing: Vec<String>,
}

/// The file name of a program.
#[must_use]
pub fn program_name(name: &str) -> String {
    let ending = if cfg!(windows) { ".exe" } else { "" };
    format!("{name}{ending}")
}

/// The folders of `PATH` that are absolute and lie outside a folder which a stranger may have filled, in order, each once.
pub fn search_path(sys: &dyn System, foreign: &Path) -> Vec<PathBuf> {
    let path = sys.env("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in path
        .split(if cfg!(windows) { ';' } else { ':' })
        .map(PathBuf::from)
    {
        if folder.is_absolute() && !folder.starts_with(foreign) && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// A program in [`search_path`].
pub fn find_program(sys: &dyn System, name: &str, foreign: &Path) -> Option<PathBuf> {
    search_path(sys, foreign)
        .iter()
        .map(|folder| folder.join(program_name(name)))
        .find(|path| sys.stamp(path).is_some())
}

/// The world outside.
pub trait System: Sync {
    /// Reads a file.
    ///
    /// # Errors
    /// As the file system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The size of a file in bytes, links followed.
    ///
    /// # Errors
    /// As the file system says.
    fn size(&self, path: &Path) -> io::Result<u64>;

    /// What a path is, links not followed; `None` if there is nothing.
    fn kind(&self, path: &Path) -> Option<FileKind>;

    /// Everything below a folder, at any depth, in order of path; `skip` says which folders are not entered
    /// nor listed. Empty if the folder is not there.
    ///
    /// # Errors
    /// As the file system says.
    fn walk(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Vec<Entry>>;

    /// Writes a file, with the folders it lies in.
    ///
    /// # Errors
    /// As the file system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Makes a folder and those it lies in.
    ///
    /// # Errors
    /// As the file system says.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// As the file system says; also where it cannot link.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Moves a file or folder; replaces a file.
    ///
    /// # Errors
    /// As the file system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Swaps two paths in one step.
    ///
    /// # Errors
    /// `Unsupported` where the platform or file system cannot.
    fn exchange(&self, a: &Path, b: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the file system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder that is empty.
    ///
    /// # Errors
    /// As the file system says; if it is not empty.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all it holds; links are removed, not followed.
    ///
    /// # Errors
    /// As the file system says.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Takes an exclusive lock on a file, made if need be, until the guard is dropped; `None` if
    /// another process holds it.
    ///
    /// # Errors
    /// As the file system says.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn std::any::Any + Send>>>;

    /// Which layers of a jail work here; `root` is an empty folder to try mounts on. Costs as much as a run.
    ///
    /// # Errors
    /// If it cannot be found out.
    fn layers(&self, root: &Path) -> io::Result<Layers>;

    /// Runs a program to its end.
    ///
    /// # Errors
    /// If it cannot be started.
    fn run(&self, command: &Command) -> io::Result<RunOutput>;

    /// When a file was last changed, in nanoseconds since 1970, and its length in bytes; `None` if it is not there. For
    /// telling that a file is the same as before without reading it.
    fn stamp(&self, path: &Path) -> Option<(u128, u64)>;

    /// Whether a folder lies on a file system that other machines change without our system telling.
    fn is_remote(&self, _folder: &Path) -> bool {
        false
    }

    /// The program that listens on a TCP port, as in `node (pid 123)`, where that can be known.
    fn listener(&self, _port: u16) -> Option<String> {
        None
    }

    /// Our process's id.
    fn process_id(&self) -> u32;

    /// The environment variables.
    fn env_vars(&self) -> Vec<(String, String)>;

    /// One environment variable.
    fn env(&self, name: &str) -> Option<String> {
        self.env_vars()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}
