//! The real world.

use std::any::Any;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Command, Ending, Entry, FileKind, Layers, RunOutput, Stream, System};

/// The operating system's files and processes.
#[derive(Clone, Debug, Default)]
pub struct OsSystem {
    /// The `proofbook` program, which is executed as a warden.
    warden: Option<PathBuf>,
}

impl OsSystem {
    /// Without a warden: programs run with all rights that we have.
    #[must_use]
    pub const fn new() -> Self {
        Self { warden: None }
    }

    /// With `program` as the warden of jailed programs: a `proofbook` that calls [`jail::enter`](super::jail) for the word
    /// [`jail::WORD`].
    #[must_use]
    pub fn with_warden(program: impl Into<PathBuf>) -> Self {
        Self {
            warden: Some(program.into()),
        }
    }
}

fn kind_of(file_type: fs::FileType) -> FileKind {
    if file_type.is_symlink() {
        FileKind::Link
    } else if file_type.is_dir() {
        FileKind::Folder
    } else {
        FileKind::File
    }
}

impl System for OsSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // A pipe would hold us, a device would fill us.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"));
        }
        fs::read(path)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        fs::metadata(path).map(|found| found.len())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        fs::symlink_metadata(path)
            .ok()
            .map(|metadata| kind_of(metadata.file_type()))
    }

    fn walk(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Vec<Entry>> {
        if self.kind(folder).is_none() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let walk = walkdir::WalkDir::new(folder)
            .min_depth(1)
            .sort_by_file_name()
            .into_iter();
        for entry in walk.filter_entry(|entry| !(entry.file_type().is_dir() && skip(entry.path()))) {
            let entry = entry?;
            found.push(Entry {
                kind: kind_of(entry.file_type()),
                path: entry.into_path(),
            });
        }
        found.sort();
        Ok(found)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::write(path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(path, bytes)
            }
            done => done,
        }
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match fs::hard_link(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::hard_link(from, to)
            }
            done => done,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(target_os = "linux")]
    fn exchange(&self, a: &Path, b: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(_) if self.kind(path) == Some(FileKind::Folder) => remove_hostile(path),
            done => done,
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn layers(&self, root: &Path) -> io::Result<Layers> {
        #[cfg(target_os = "linux")]
        if let Some(warden) = &self.warden {
            return wardened::layers(warden, root);
        }
        let _ = root;
        Ok(Layers::default())
    }

    fn run(&self, command: &Command) -> io::Result<RunOutput> {
        #[cfg(target_os = "linux")]
        if let (Some(warden), Some(jail)) = (&self.warden, &command.jail) {
            return wardened::run(warden, command, jail);
        }
        run(command)
    }

    fn stamp(&self, path: &Path) -> Option<(u128, u64)> {
        let metadata = fs::metadata(path).ok()?;
        let changed = metadata
            .modified()
            .ok()?
            .duration_since(std::time::UNIX_EPOCH)
            .ok()?;
        Some((changed.as_nanos(), metadata.len()))
    }

    #[cfg(target_os = "linux")]
    fn is_remote(&self, folder: &Path) -> bool {
        super::outside::is_remote(folder)
    }

    #[cfg(target_os = "linux")]
    fn listener(&self, port: u16) -> Option<String> {
        super::outside::listener(port)
    }

    fn process_id(&self) -> u32 {
        process::id()
    }

    fn env_vars(&self) -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

/// Removes a folder that was made so that this is hard: deeper than paths can be long, or without the right to list.
/// What lies two levels below is brought up, again and again, until nothing is deep.
fn remove_hostile(top: &Path) -> io::Result<()> {
    fn open_up(folder: &Path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
        }
        let _ = folder;
    }
    open_up(top);
    let mut number = 0_u64;
    loop {
        let mut any = false;
        for entry in fs::read_dir(top)? {
            let path = entry?.path();
            any = true;
            if !fs::symlink_metadata(&path)?.is_dir() {
                fs::remove_file(&path)?;
                continue;
            }
            open_up(&path);
            for inner in fs::read_dir(&path)? {
                let inner = inner?.path();
                if fs::symlink_metadata(&inner)?.is_dir() {
                    // Moving a folder writes its `..`, for which it must be writable.
                    open_up(&inner);
                    number += 1;
                    while top.join(format!("{number}.up")).exists() {
                        number += 1;
                    }
                    fs::rename(&inner, top.join(format!("{number}.up")))?;
                } else {
                    fs::remove_file(&inner)?;
                }
            }
            fs::remove_dir(&path)?;
        }
        if !any {
            return fs::remove_dir(top);
        }
    }
}

/// How long a program's pipes are still read after it has ended, for a descendant that holds them.
const GRACE: Duration = Duration::from_millis(100);

fn run(command: &Command) -> io::Result<RunOutput> {
    let mut builder = process::Command::new(&command.program);
    builder
        .args(&command.args)
        .stdin(if command.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if !command.folder.as_os_str().is_empty() {
        builder.current_dir(&command.folder);
    }
    if command.clear_env {
        builder.env_clear();
    }
    for name in &command.unset_env {
        builder.env_remove(name);
    }
    builder.envs(command.env.iter().map(|(name, value)| (name, value)));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        builder.process_group(0);
    }
    let mut child = builder.spawn()?;
    let limits = Limits {
        timeout: command.timeout,
        max_output: command.max_output,
    };
    thread::scope(|scope| {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input ends the write with an error; that is its right.
            scope.spawn(move || drop(stdin.write_all(&command.stdin)));
        }
        supervise(&mut child, limits, &mut kill_group)
    })
}

enum Pipe {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

#[derive(Clone, Copy)]
struct Limits {
    timeout: Option<Duration>,
    max_output: Option<usize>,
}

/// Reads a child's pipes until it ends or a limit does; `stop` ends it, and must let it end soon.
fn supervise(child: &mut Child, limits: Limits, stop: &mut dyn FnMut(&mut Child)) -> io::Result<RunOutput> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        thread::Builder::new().spawn(reader(stdout, limits.max_output, sender, Pipe::Out))?;
    }
    if let Some(stderr) = child.stderr.take() {
        thread::Builder::new().spawn(reader(stderr, limits.max_output, sender, Pipe::Err))?;
    }
    let started = Instant::now();
    let mut output = RunOutput {
        ending: Ending::TimedOut,
        stdout: Vec::new(),
        stderr: Vec::new(),
        order: Vec::new(),
        layers: Vec::new(),
    };
    let mut full = false;
    let mut ended: Option<Instant> = None;
    let mut pause = Duration::from_micros(200);
    let mut pipes_open = true;
    loop {
        if pipes_open {
            match receiver.recv_timeout(pause) {
                Ok(pipe) => full |= push_capped(&mut output, &pipe, limits.max_output),
                Err(mpsc::RecvTimeoutError::Timeout) => pause = (pause * 2).min(Duration::from_millis(5)),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    pipes_open = false;
                    // Its end is near.
                    pause = Duration::from_micros(100);
                }
            }
        }
        if ended.is_none() {
            let late = limits.timeout.is_some_and(|limit| started.elapsed() >= limit);
            if full || late {
                output.ending = if full {
                    Ending::OutputLimit
                } else {
                    Ending::TimedOut
                };
                stop(child);
                child.wait()?;
                ended = Some(Instant::now());
            } else if !pipes_open && limits.timeout.is_none() {
                output.ending = ending(child.wait()?);
                ended = Some(Instant::now());
            } else if let Some(status) = child.try_wait()? {
                output.ending = ending(status);
                ended = Some(Instant::now());
            } else if !pipes_open {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(5));
            }
        }
        if let Some(at) = ended
            && (!pipes_open || at.elapsed() > GRACE)
        {
            kill_group(child);
            // A program may end between its last write and our look, but it wrote too much all the same.
            if full {
                output.ending = Ending::OutputLimit;
            }
            return Ok(output);
        }
    }
}

/// Jailed programs, by way of a warden.
#[cfg(target_os = "linux")]
mod wardened {
    use std::io::{self, BufRead as _, BufReader, Write as _};
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::{self, Child, Stdio};
    use std::time::{Duration, Instant};

    use super::super::jail::{Jail, Order, Report, RunOrder, WORD};
    use super::super::{Command, Ending, Layers, RunOutput};
    use super::{Limits, kill_group, supervise};

    /// How long a warden may take to end what it guards.
    const PATIENCE: Duration = Duration::from_secs(12);

    fn start(warden: &Path, order: &Order, output: impl Fn() -> Stdio) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut child = process::Command::new(warden)
            .arg(WORD)
            // Nothing of ours, and nothing of the program's: `LD_PRELOAD` would act on the warden.
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output())
            .stderr(output())
            .spawn()?;
        let mut control = &ours;
        let text = serde_json::to_string(order)?;
        if let Err(error) = writeln!(control, "{text}") {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        Ok((child, ours))
    }

    fn report(control: UnixStream) -> io::Result<Report> {
        let mut line = String::new();
        control.set_read_timeout(Some(PATIENCE))?;
        BufReader::new(control).read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|_| io::Error::other("the warden ended without a word"))
    }

    pub(super) fn layers(warden: &Path, root: &Path) -> io::Result<Layers> {
        let order = Order::Probe {
            root: root.to_owned(),
        };
        let (mut child, control) = start(warden, &order, Stdio::null)?;
        let report = report(control);
        child.wait()?;
        let report = report?;
        Ok(Layers {
            working: report.layers,
            missing: report.missing,
        })
    }

    pub(super) fn run(warden: &Path, command: &Command, jail: &Jail) -> io::Result<RunOutput> {
        let stdin = if command.stdin.is_empty() {
            None
        } else {
            let path = command.folder.with_extension("stdin");
            std::fs::write(&path, &command.stdin)?;
            Some(path)
        };
        let order = Order::Run(Box::new(RunOrder {
            program: command.program.clone(),
            args: command.args.clone(),
            env: command.env.clone(),
            folder: command.folder.clone(),
            stdin: stdin.clone(),
            timeout: command.timeout,
            jail: jail.clone(),
        }));
        let (mut child, control) = start(warden, &order, Stdio::piped)?;
        let limits = Limits {
            // The warden keeps the time; this is for a warden that fails.
            timeout: command.timeout.map(|limit| limit + PATIENCE),
            max_output: command.max_output,
        };
        let mut stop = |child: &mut Child| {
            // The warden ends when it cannot hear us any more, everything below it first.
            let _ = control.shutdown(Shutdown::Write);
            let asked = Instant::now();
            while asked.elapsed() < PATIENCE {
                if child.try_wait().ok().flatten().is_some() {
                    return;
                }
                std::thread::sleep(Duration::from_micros(500));
            }
            kill_group(child);
        };
        let output = supervise(&mut child, limits, &mut stop);
        if let Some(path) = stdin {
            std::fs::remove_file(path)?;
        }
        let mut output = output?;
        let report = report(control)?;
        output.layers = report.layers;
        if output.ending == Ending::OutputLimit {
            return Ok(output);
        }
        output.ending = match report.ending {
            Some(ending) => ending.map_err(io::Error::other)?,
            None => Ending::TimedOut,
        };
        Ok(output)
    }
}

/// Keeps what came, up to the cap of its stream; whether it passed the cap.
fn push_capped(output: &mut RunOutput, pipe: &Pipe, cap: Option<usize>) -> bool {
    let (into, bytes, stream) = match pipe {
        Pipe::Out(bytes) => (&mut output.stdout, bytes, Stream::Out),
        Pipe::Err(bytes) => (&mut output.stderr, bytes, Stream::Err),
    };
    let room = cap.map_or(bytes.len(), |cap| cap.saturating_sub(into.len()));
    let kept = bytes.len().min(room);
    into.extend_from_slice(&bytes[..kept]);
    match output.order.last_mut() {
        Some((last, len)) if *last == stream => *len += kept,
        _ => output.order.push((stream, kept)),
    }
    bytes.len() > room
}

/// Reads a pipe until its end. What comes after the cap is thrown away: a pipe closed early would end the program with
/// an error of its own before we do.
fn reader<R: Read + Send + 'static>(
    mut pipe: R,
    cap: Option<usize>,
    sender: mpsc::Sender<Pipe>,
    wrap: fn(Vec<u8>) -> Pipe,
) -> impl FnOnce() + Send + 'static {
    move || {
        let mut buffer = vec![0; 64 * 1024];
        let mut seen = 0_usize;
        while let Ok(read) = pipe.read(&mut buffer) {
            if read == 0 {
                break;
            }
            let over = cap.is_some_and(|cap| seen > cap);
            seen = seen.saturating_add(read);
            if !over && sender.send(wrap(buffer[..read].to_vec())).is_err() {
                break;
            }
        }
    }
}

fn ending(status: process::ExitStatus) -> Ending {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return Ending::Signaled(signal);
        }
    }
    Ending::Exited(status.code().unwrap_or(-1))
}

/// Ends the program and those of its descendants that stayed in its process group.
fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            ..Command::default()
        }
    }

    fn check(command: &Command, ending: Ending, stdout: &str) {
        let output = run(command).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (output.ending, String::from_utf8_lossy(&output.stdout).as_ref()),
            (ending, stdout)
        );
    }

    #[test]
    fn output_and_exit_code_are_told() {
        check(&shell("printf hello; exit 3"), Ending::Exited(3), "hello");
        check(&shell("kill -9 $$"), Ending::Signaled(9), "");
        let mut cat = shell("cat");
        cat.stdin = b"fed".to_vec();
        check(&cat, Ending::Exited(0), "fed");
    }

    #[test]
    fn limits_end_the_run_and_keep_what_came_before() {
        let mut slow = shell("printf early; sleep 60");
        slow.timeout = Some(Duration::from_millis(200));
        check(&slow, Ending::TimedOut, "early");
        let mut endless = shell("yes");
        endless.max_output = Some(6);
        check(&endless, Ending::OutputLimit, "y\ny\ny\n");
        // It ends by itself, long before we could have ended it.
        let mut short = shell("printf 1234567");
        short.max_output = Some(6);
        check(&short, Ending::OutputLimit, "123456");
    }

    #[test]
    fn a_descendant_that_holds_the_pipe_does_not_hold_us() {
        let started = Instant::now();
        check(&shell("printf done; sleep 60 &"), Ending::Exited(0), "done");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
