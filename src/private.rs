//! The folder that builds keep to themselves, `.proofbook/`, before it is trusted.
//!
//! What lies there is believed: results of runs, build output, folders that are emptied. A repository can hold such a folder, and links in
//! it that lead elsewhere, so that a checkout of somebody's branch would be enough to have lies verified or a stranger's files removed.

use std::path::Path;

use crate::error::Error;
use crate::system::{Command, Ending, FileKind, System, find_program};

/// The folder's name, below the site's root.
pub const PRIVATE: &str = ".proofbook";

/// Refuses a private folder that holds links, or that the repository brought along.
///
/// # Errors
/// If it does, or cannot be looked at.
pub fn check(sys: &dyn System, root: &Path) -> Result<(), Error> {
    let private = root.join(PRIVATE);
    let link = |path: &Path| Error::ForeignPrivate {
        path: path.to_owned(),
        why: "is a symbolic link",
    };
    match sys.kind(&private) {
        None => return Ok(()),
        Some(FileKind::Link) => return Err(link(&private)),
        Some(_) => {}
    }
    let run = private.join("run");
    // Folders for runs lie two levels below `run`; all others are made by cargo within their own folder.
    let skip = |path: &Path| match path.strip_prefix(&run) {
        Ok(below) => below.components().count() > 2,
        Err(_) => path != run,
    };
    let entries = sys.walk(&private, &skip).map_err(Error::io("list", &private))?;
    if let Some(entry) = entries.iter().find(|entry| entry.kind == FileKind::Link) {
        return Err(link(&entry.path));
    }
    if is_tracked(sys, root) {
        return Err(Error::ForeignPrivate {
            path: private,
            why: "is part of the repository",
        });
    }
    Ok(())
}

/// Whether Git knows files of the private folder; where there is no Git, it does not.
fn is_tracked(sys: &dyn System, root: &Path) -> bool {
    if !root
        .ancestors()
        .any(|folder| sys.kind(&folder.join(".git")).is_some())
    {
        return false;
    }
    // Not one that the site itself puts into PATH.
    let Some(program) = find_program(sys, "git", root) else {
        return false;
    };
    let command = Command {
        program,
        // No configuration of the repository decides what runs here: listing starts no hook, and the monitor is switched off.
        // A checkout of another user's, as in containers, is looked at all the same.
        args: [
            "-c",
            "safe.directory=*",
            "-c",
            "core.fsmonitor=false",
            "ls-files",
            "-z",
            "--",
            PRIVATE,
        ]
        .map(str::to_owned)
        .to_vec(),
        folder: root.to_owned(),
        max_output: Some(1 << 20),
        ..Command::default()
    };
    sys.run(&command)
        .is_ok_and(|output| output.ending == Ending::Exited(0) && !output.stdout.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{MemorySystem, RunOutput};

    #[test]
    fn what_the_repository_brought_along_is_not_believed() {
        let site = |listed: &'static str| {
            MemorySystem::new([
                ("/s/.git/HEAD", ""),
                ("/s/.proofbook/memo/run.memo", ""),
                ("/bin/git", ""),
            ])
            .with_env("PATH", "/s/bin:/bin")
            .with_runner(move |_| {
                Ok(RunOutput {
                    ending: Ending::Exited(0),
                    stdout: listed.as_bytes().to_vec(),
                    stderr: Vec::new(),
                    order: Vec::new(),
                    layers: Vec::new(),
                })
            })
        };
        assert!(check(&site(""), Path::new("/s")).is_ok());
        assert!(check(&site(".proofbook/memo/run.memo\0"), Path::new("/s")).is_err());
        assert!(check(&MemorySystem::default(), Path::new("/s")).is_ok());
    }
}
