//! The processes below a warden: how much they use, and their end.

#![expect(
    unsafe_code,
    reason = "waiting for processes has no safe interface for any child"
)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// What a tree uses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Resident bytes of all its processes.
    pub(super) memory: u64,
    /// How many processes it has.
    pub(super) processes: u64,
}

/// A descriptor that can be read once the process has ended; `None` on a kernel without them.
pub(super) fn handle(pid: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
}

/// Whether a child has ended and waits to be reaped.
pub(super) fn is_gone(pid: i32) -> bool {
    stat(pid).is_none_or(|stat| stat.state == 'Z')
}

struct Stat {
    parent: i32,
    state: char,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything.
    let mut rest = text[text.rfind(')')? + 1..].split_whitespace();
    let state = rest.next()?.chars().next()?;
    let parent = rest.next()?.parse().ok()?;
    Some(Stat { parent, state })
}

/// All processes below one, by their parents' numbers.
fn descendants(of: i32) -> Vec<i32> {
    let mut parents: Vec<(i32, i32)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_string_lossy().parse::<i32>();
        if let Some((pid, stat)) = pid.ok().and_then(|pid| Some((pid, stat(pid)?)))
            && stat.state != 'Z'
        {
            parents.push((pid, stat.parent));
        }
    }
    let mut found = Vec::new();
    let mut open = vec![of];
    while let Some(next) = open.pop() {
        for &(pid, parent) in &parents {
            if parent == next && !found.contains(&pid) {
                found.push(pid);
                open.push(pid);
            }
        }
    }
    found
}

/// The first child of a process, by its own list.
fn first_child(pid: i32) -> Option<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    list.split_whitespace().next()?.parse().ok()
}

fn resident(pid: i32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm"))
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .unwrap_or_default();
    pages * rustix::param::page_size() as u64
}

/// Measures the tree below a child. In namespaces the child is the tree's `init`, which is not counted.
pub(super) fn usage(child: i32, init: bool, single: bool) -> Usage {
    if single && !init {
        return Usage {
            memory: resident(child),
            processes: 1,
        };
    }
    if single && let Some(program) = first_child(child) {
        return Usage {
            memory: resident(program),
            processes: 1,
        };
    }
    let mut pids = descendants(child);
    if !init {
        pids.push(child);
    }
    Usage {
        memory: pids.iter().map(|&pid| resident(pid)).sum(),
        processes: pids.len() as u64,
    }
}

/// Files and bytes in a folder; counting ends where either passes its limit.
pub(super) fn folder_usage(folder: &Path, most_files: u64, most_bytes: u64) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            files += 1;
            // Of the entry itself: links are not followed.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            // POSIX counts blocks of 512 bytes here, whatever the file system's own size.
            bytes += metadata.blocks() * 512;
            if metadata.is_dir() {
                open.push(entry.path());
            }
            if files > most_files || bytes > most_bytes {
                return (files, bytes);
            }
        }
    }
    (files, bytes)
}

/// Ends a child and everything below it, and everything that has become ours; returns the child's wait status.
pub(super) fn end(child: i32, init: bool) -> Option<i32> {
    let kill = |pid: i32, signal| {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, signal);
        }
    };
    let mut status = None;
    let until = Instant::now() + Duration::from_secs(10);
    if init {
        // The kernel ends a process namespace with its first process.
        kill(child, Signal::KILL);
    }
    loop {
        reap(child, &mut status);
        let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
        // Stopped first, so that none makes another while its siblings end.
        let mut stopped: Vec<i32> = Vec::new();
        if !init {
            for _ in 0..8 {
                let fresh: Vec<i32> = descendants(own)
                    .into_iter()
                    .filter(|pid| !stopped.contains(pid))
                    .collect();
                if fresh.is_empty() {
                    break;
                }
                for pid in fresh {
                    kill(pid, Signal::STOP);
                    stopped.push(pid);
                }
            }
            for &pid in &stopped {
                kill(pid, Signal::KILL);
            }
        }
        if !reap(child, &mut status) || Instant::now() > until {
            return status;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// Reaps what has ended; whether there are children left.
fn reap(child: i32, status: &mut Option<i32>) -> bool {
    loop {
        let mut code = 0;
        // SAFETY: `waitpid` writes to the integer it is given.
        let pid = unsafe { libc::waitpid(-1, &raw mut code, libc::WNOHANG) };
        match pid {
            0 => return true,
            pid if pid < 0 => return false,
            pid => {
                if pid == child {
                    *status = Some(code);
                }
            }
        }
    }
}
