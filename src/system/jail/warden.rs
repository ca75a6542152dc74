//! The warden itself: a process with one thread.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::inside;
use super::tree::{self, Usage};
use super::{Ending, Layer, Order, Report, RunOrder};

/// How often a running tree is measured.
const TICK: Duration = Duration::from_millis(20);

/// Runs as a warden until the program and all it started are gone. Returns the process's exit code.
#[must_use]
pub fn enter() -> u8 {
    // Whoever started us may have left something open that no snippet should read.
    inside::close_inherited(false);
    let Ok(mut control) = control() else {
        return 2;
    };
    let report = match read_order(&control) {
        Ok(Order::Probe { root }) => probe(&root),
        Ok(Order::Run(order)) => run(&order, &control).unwrap_or_else(|error| failed(error.to_string())),
        // Whoever asked is gone.
        Err(_) => return 2,
    };
    let told = serde_json::to_string(&report)
        .map_err(io::Error::from)
        .and_then(|text| writeln!(control, "{text}"));
    u8::from(told.is_err())
}

fn failed(why: String) -> Report {
    Report {
        ending: Some(Err(why)),
        layers: Vec::new(),
        missing: Vec::new(),
    }
}

/// Takes the control socket from standard input, so that no program inherits it.
#[expect(
    unsafe_code,
    reason = "a file descriptor is made an owned one right where it is made"
)]
fn control() -> io::Result<UnixStream> {
    // SAFETY: `F_DUPFD_CLOEXEC` gives a descriptor that nothing else owns.
    let fd = unsafe {
        let fd = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(fd)
    };
    Ok(UnixStream::from(fd))
}

fn read_order(control: &UnixStream) -> io::Result<Order> {
    let mut line = String::new();
    // Nothing follows the order, so that reading ahead loses nothing.
    BufReader::new(control).read_line(&mut line)?;
    serde_json::from_str(&line).map_err(io::Error::from)
}

/// Tries the layers in children that end at once.
fn probe(root: &std::path::Path) -> Report {
    let mut layers = vec![Layer::Rlimits];
    let mut missing = Vec::new();
    let mut attempt = |layer: Layer, what: &dyn Fn() -> io::Result<()>| match inside::attempt(what) {
        Ok(()) => layers.push(layer),
        Err(why) => missing.push(format!("{layer}: {why}")),
    };
    attempt(Layer::Landlock, &|| inside::landlock_works());
    attempt(Layer::Seccomp, &|| inside::seccomp_works());
    attempt(Layer::Namespaces, &|| inside::namespaces_work(root));
    layers.sort();
    Report {
        ending: None,
        layers,
        missing,
    }
}

fn run(order: &RunOrder, control: &UnixStream) -> io::Result<Report> {
    inside::become_subreaper()?;
    let (errors, child_errors) = io::pipe()?;
    let (status, child_status) = io::pipe()?;
    let namespaces = order.jail.root.is_some();
    if order.jail.other_user {
        inside::give_away(order)?;
    }
    if namespaces {
        inside::unshare(order)?;
    }
    let own = inside::process_id();
    let stdin = std::fs::File::open(
        order
            .stdin
            .as_deref()
            .unwrap_or(std::path::Path::new("/dev/null")),
    )?;
    let child = inside::fork(|| {
        let ends = inside::Ends {
            errors: &child_errors,
            status: &child_status,
            stdin: &stdin,
        };
        inside::start(order, own, &ends)
    })?;
    drop(child_errors);
    drop(child_status);
    // The pipe closes by itself when the program starts.
    let mut trouble = String::new();
    let mut errors = errors;
    let started = errors.read_to_string(&mut trouble);
    let watched = match started {
        Ok(_) if trouble.is_empty() => watch(order, control, child).map(Ok),
        Ok(_) => Ok(Err(trouble)),
        Err(error) => Err(error),
    };
    // Whatever failed, nothing is left behind.
    let ended = tree::end(child, namespaces);
    let ending = match watched? {
        Err(why) => return Ok(failed(why)),
        Ok(Watched::Stopped) => None,
        Ok(Watched::Limit(ending)) => Some(ending),
        // What it left behind counts too.
        Ok(Watched::Ended) => Some(match over_disk(order, None) {
            Some(over) => over,
            None if namespaces => {
                let mut text = String::new();
                let mut status = status;
                status.read_to_string(&mut text)?;
                serde_json::from_str(&text).unwrap_or(Ending::Signaled(libc::SIGKILL))
            }
            None => inside::ending(ended.unwrap_or_default()),
        }),
    };
    let layers = [
        (Layer::Landlock, inside::has_landlock()),
        (Layer::Seccomp, true),
        (Layer::Rlimits, true),
        (Layer::Namespaces, namespaces),
    ];
    Ok(Report {
        ending: ending.map(Ok),
        layers: layers
            .into_iter()
            .filter_map(|(layer, in_force)| in_force.then_some(layer))
            .collect(),
        missing: Vec::new(),
    })
}

/// Why there is nothing more to wait for.
enum Watched {
    /// The program ended by itself.
    Ended,
    /// Whoever asked for the run wants an end, or is gone.
    Stopped,
    /// It passed a limit.
    Limit(Ending),
}

/// Waits for the program's end.
fn watch(order: &RunOrder, control: &UnixStream, child: i32) -> io::Result<Watched> {
    let started = Instant::now();
    let handle = tree::handle(child);
    let mut tick = Duration::from_millis(1);
    let mut disk_due = Instant::now();
    loop {
        let left = order.timeout.map(|limit| limit.saturating_sub(started.elapsed()));
        let wait = left.map_or(tick, |left| left.min(tick));
        let fds = [
            Some(control.as_raw_fd()),
            handle.as_ref().map(std::os::fd::AsRawFd::as_raw_fd),
        ];
        let ready = inside::poll(&fds, wait)?;
        if ready[0] {
            return Ok(Watched::Stopped);
        }
        if ready[1] || (handle.is_none() && tree::is_gone(child)) {
            return Ok(Watched::Ended);
        }
        if order.jail.memory.is_some() || order.jail.processes.is_some() {
            let usage = tree::usage(child, order.jail.root.is_some(), order.jail.processes == Some(1));
            if let Some(over) = over(order, &usage) {
                return Ok(Watched::Limit(over));
            }
        }
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(Watched::Limit(Ending::TimedOut));
        }
        if Instant::now() >= disk_due {
            let began = Instant::now();
            if let Some(over) = over_disk(order, Some(child)) {
                return Ok(Watched::Limit(over));
            }
            // Counting many files may take long: a tenth of the time at most.
            disk_due = Instant::now() + began.elapsed() * 10;
        }
        tick = (tick * 2).min(TICK);
    }
}

fn over(order: &RunOrder, usage: &Usage) -> Option<Ending> {
    // First, since pages that processes share count for each of them.
    let processes = order.jail.processes.map(u64::from);
    if processes.is_some_and(|limit| usage.processes > limit) {
        return Some(Ending::ProcessLimit(usage.processes));
    }
    if order.jail.memory.is_some_and(|limit| usage.memory > limit) {
        return Some(Ending::MemoryLimit(usage.memory));
    }
    None
}

fn over_disk(order: &RunOrder, child: Option<i32>) -> Option<Ending> {
    if order.jail.files.is_none() && order.jail.disk.is_none() {
        return None;
    }
    let (files, mut bytes) = tree::folder_usage(
        &order.folder,
        order.jail.files.unwrap_or(u64::MAX),
        order.jail.disk.unwrap_or(u64::MAX),
    );
    bytes += child.map_or(0, |child| tree::unlinked(child, order.jail.root.is_some()));
    if order.jail.files.is_some_and(|limit| files > limit) {
        return Some(Ending::FileLimit(files));
    }
    if order.jail.disk.is_some_and(|limit| bytes > limit) {
        return Some(Ending::DiskLimit(bytes));
    }
    None
}
