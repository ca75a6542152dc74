//! The processes below a warden: how much they use, and their end.

#![expect(
    unsafe_code,
    reason = "waiting for processes has no safe interface for any child"
)]

use std::ffi::CString;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, open, openat, statat};
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

/// Threads of our user on the whole system.
pub(super) fn tasks_of_user() -> u64 {
    let own = rustix::process::getuid().as_raw();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok())
        .filter_map(|status| {
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
            let user: u32 = field("Uid:")?.split_whitespace().next()?.parse().ok()?;
            let threads: u64 = field("Threads:")?.trim().parse().ok()?;
            (user == own).then_some(threads)
        })
        .sum()
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

/// Files and bytes in a folder; counting ends where either passes its limit. Folders are walked by descriptors, one at a
/// time: by paths a deep tree would take time that grows with the square of its depth.
pub(super) fn folder_usage(folder: &Path, most_files: u64, most_bytes: u64) -> (u64, u64) {
    let mut usage = (0, 0);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(mut here) = open(folder, flags, Mode::empty()) else {
        return usage;
    };
    let mut levels = vec![entries(&here, &mut usage)];
    while let Some(level) = levels.last_mut() {
        if usage.0 > most_files || usage.1 > most_bytes {
            break;
        }
        let next = if let Some(name) = level.pop() {
            // Gone, or closed to us, if that fails.
            let Ok(inner) = openat(&here, name.as_c_str(), flags, Mode::empty()) else {
                continue;
            };
            levels.push(entries(&inner, &mut usage));
            inner
        } else {
            levels.pop();
            if levels.is_empty() {
                break;
            }
            let Ok(above) = openat(&here, "..", flags, Mode::empty()) else {
                break;
            };
            above
        };
        here = next;
    }
    usage
}

/// Bytes of files that a program has open and nobody can find any more.
pub(super) fn unlinked(child: i32, init: bool) -> u64 {
    let pids = match first_child(child).filter(|_| init) {
        Some(program) => vec![program],
        None if init => descendants(child),
        None => vec![child],
    };
    pids.iter()
        .flat_map(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd"))
                .into_iter()
                .flatten()
                .flatten()
        })
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .filter(|metadata| metadata.is_file() && metadata.nlink() == 0)
        .map(|metadata| metadata.blocks() * 512)
        .sum()
}

/// Counts what lies in a folder, and returns the names of the folders in it.
fn entries(folder: &OwnedFd, usage: &mut (u64, u64)) -> Vec<CString> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        usage.0 += 1;
        // Of the entry itself: links are not followed.
        let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        // POSIX counts blocks of 512 bytes here, whatever the file system's own size.
        usage.1 += stat.st_blocks as u64 * 512;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            folders.push(name.to_owned());
        }
    }
    folders
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
        // Most often nothing is left, and looking through all processes of the system would be for nothing.
        if !reap(child, &mut status) {
            return status;
        }
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
