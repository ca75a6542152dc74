//! The real world.

use std::any::Any;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{self, Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Command, Ending, Entry, FileKind, RunOutput, System};

/// The operating system's files and processes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsSystem;

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

    fn run(&self, command: &Command) -> io::Result<RunOutput> {
        run(command)
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
    let full = AtomicBool::new(false);
    thread::scope(|scope| supervise(scope, command, &mut child, &full))
}

enum Pipe {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

fn supervise<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    command: &'scope Command,
    child: &mut Child,
    full: &'scope AtomicBool,
) -> io::Result<RunOutput> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input ends the write with an error; that is its right.
        scope.spawn(move || drop(stdin.write_all(&command.stdin)));
    }
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        thread::Builder::new().spawn(reader(stdout, command.max_output, sender, Pipe::Out))?;
    }
    if let Some(stderr) = child.stderr.take() {
        thread::Builder::new().spawn(reader(stderr, command.max_output, sender, Pipe::Err))?;
    }
    let started = Instant::now();
    let mut output = RunOutput {
        ending: Ending::TimedOut,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    let mut ended: Option<Instant> = None;
    let mut pause = Duration::from_micros(200);
    let mut pipes_open = true;
    loop {
        if pipes_open {
            match receiver.recv_timeout(pause) {
                Ok(Pipe::Out(bytes)) => push_capped(&mut output.stdout, &bytes, command.max_output, full),
                Ok(Pipe::Err(bytes)) => push_capped(&mut output.stderr, &bytes, command.max_output, full),
                Err(mpsc::RecvTimeoutError::Timeout) => pause = (pause * 2).min(Duration::from_millis(5)),
                Err(mpsc::RecvTimeoutError::Disconnected) => pipes_open = false,
            }
        }
        if ended.is_none() {
            if full.load(Ordering::Relaxed) {
                output.ending = Ending::OutputLimit;
                kill_group(child);
                child.wait()?;
                ended = Some(Instant::now());
            } else if command.timeout.is_some_and(|limit| started.elapsed() >= limit) {
                output.ending = Ending::TimedOut;
                kill_group(child);
                child.wait()?;
                ended = Some(Instant::now());
            } else if !pipes_open && command.timeout.is_none() {
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
            if full.load(Ordering::Relaxed) {
                output.ending = Ending::OutputLimit;
            }
            return Ok(output);
        }
    }
}

fn push_capped(into: &mut Vec<u8>, bytes: &[u8], cap: Option<usize>, full: &AtomicBool) {
    let room = cap.map_or(bytes.len(), |cap| cap.saturating_sub(into.len()));
    if bytes.len() > room {
        full.store(true, Ordering::Relaxed);
    }
    into.extend_from_slice(&bytes[..bytes.len().min(room)]);
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
