//! Programs that do what no snippet should, each with the verdict that it must get and nothing left behind; as root, as an
//! ordinary user, and without namespaces.

#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proofbook::system::jail::{Jail, Layer};
use proofbook::system::{Command, Ending, OsSystem, RunOutput, System as _};

/// Set in a copy of this test that runs as another user: the folder it works in.
const AGAIN: &str = "PROOFBOOK_TEST_SANDBOX";

/// For programs that end by themselves or by another limit.
const TIMEOUT: Duration = Duration::from_secs(20);
/// For programs that never end.
const SHORT: Duration = Duration::from_millis(400);
/// Beyond every limit, for a machine that is busy.
const LONG: Duration = Duration::from_secs(15);
const OUTPUT: usize = 1 << 20;
const MEMORY: u64 = 128 << 20;

struct Setup {
    folder: PathBuf,
    sys: OsSystem,
    namespaces: bool,
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// One at a time: a bomb beside it would make any program slow.
static TURN: Mutex<()> = Mutex::new(());

/// A folder that anybody can walk to, with the programs in it.
fn prepare() -> tempfile::TempDir {
    let folder = must(tempfile::Builder::new().prefix("proofbook-").tempdir_in("/tmp"));
    must(fs::set_permissions(
        folder.path(),
        fs::Permissions::from_mode(0o755),
    ));
    must(fs::copy(
        env!("CARGO_BIN_EXE_proofbook"),
        folder.path().join("proofbook"),
    ));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/program.rs");
    let compiled = process::Command::new("rustc")
        .args(["--edition=2024", "-o"])
        .arg(folder.path().join("hostile"))
        .arg(source)
        .output();
    let compiled = must(compiled);
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    folder
}

impl Setup {
    fn new(folder: &Path, namespaces: bool) -> Self {
        let sys = OsSystem::with_warden(folder.join("proofbook"));
        must(fs::create_dir_all(folder.join("work/root")));
        let layers = must(sys.layers(&folder.join("work/root")));
        for layer in [Layer::Landlock, Layer::Seccomp, Layer::Rlimits] {
            assert!(
                layers.working.contains(&layer),
                "this system lacks {layer}: {:?}",
                layers.missing
            );
        }
        Self {
            folder: folder.to_owned(),
            namespaces: namespaces && layers.working.contains(&Layer::Namespaces),
            sys,
        }
    }

    fn private(&self) -> PathBuf {
        self.folder.join("work/private")
    }

    fn command(&self, args: &[&str]) -> Command {
        let program = self.folder.join("hostile");
        let system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];
        Command {
            program: program.clone(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            folder: self.private(),
            clear_env: true,
            env: vec![
                ("HOME".to_owned(), self.private().display().to_string()),
                ("TMPDIR".to_owned(), self.private().display().to_string()),
                ("TOLD".to_owned(), "told".to_owned()),
            ],
            timeout: Some(TIMEOUT),
            max_output: Some(OUTPUT),
            jail: Some(Jail {
                readable: system.iter().map(PathBuf::from).chain([program]).collect(),
                writable: vec![self.private()],
                processes: Some(1),
                memory: Some(MEMORY),
                files: Some(1000),
                disk: Some(64 << 20),
                root: self.namespaces.then(|| self.folder.join("work/root")),
                other_user: true,
                ..Jail::default()
            }),
            ..Command::default()
        }
    }

    /// Runs a command in a fresh folder and removes it; nothing may be left.
    fn run(&self, command: &Command) -> (RunOutput, String) {
        must(self.sys.remove_dir_all(&self.private()));
        must(fs::create_dir_all(self.private()));
        let output = self
            .sys
            .run(command)
            .unwrap_or_else(|error| panic!("{:?}: {error}", command.args));
        must(self.sys.remove_dir_all(&self.private()));
        assert!(!self.private().exists());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            self.alive(),
            Vec::<String>::new(),
            "left behind by {:?}",
            command.args
        );
        (output, text)
    }

    /// Processes of the hostile program that still exist.
    fn alive(&self) -> Vec<String> {
        let program = self.folder.join("hostile");
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let first = line.split(|&byte| byte == 0).next().unwrap_or_default();
            if first == program.as_os_str().as_encoded_bytes() {
                found.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
        found
    }

    fn check(&self, args: &[&str], ending: Ending) -> String {
        let (output, text) = self.run(&self.command(args));
        assert_eq!(output.ending, ending, "{args:?}: {text}");
        text
    }

    fn all_refused(&self, args: &[&str], at_least: usize) {
        let text = self.check(args, Ending::Exited(0));
        assert!(!text.contains("DONE"), "{args:?}: {text}");
        let refused = text.lines().filter(|line| line.contains("refused")).count();
        assert!(refused >= at_least, "{args:?}: {text}");
    }

    fn everything(&self) {
        self.processes_and_time();
        self.output_and_memory();
        self.files_and_network();
        self.endings();
        self.ordinary();
    }

    fn processes_and_time(&self) {
        self.all_refused(&["fork-bomb"], 51);
        for word in ["spin", "sleep", "deadlock", "drip", "deaf"] {
            let mut command = self.command(&[word]);
            command.timeout = Some(SHORT);
            let started = Instant::now();
            let (output, text) = self.run(&command);
            assert_eq!(output.ending, Ending::TimedOut, "{word}");
            assert!(started.elapsed() < LONG, "{word} took too long");
            assert!(word != "sleep" || text == "began\n", "{text}");
        }
        let several = |word: &str, most: u32| {
            let mut command = self.command(&[word]);
            if let Some(jail) = &mut command.jail {
                jail.processes = Some(most);
            }
            command
        };
        let (output, _) = self.run(&several("fork-bomb-for-real", 8));
        assert!(
            matches!(output.ending, Ending::ProcessLimit(count) if count > 8),
            "{:?}",
            output.ending
        );
        let started = Instant::now();
        let (output, text) = self.run(&several("daemon", 8));
        assert_eq!(
            (output.ending, text.as_str()),
            (Ending::Exited(0), "daemon: started\n")
        );
        assert!(started.elapsed() < LONG, "the daemon held us");
        let text = self.check(&["daemon"], Ending::Exited(0));
        assert_eq!(text, "daemon: refused\n");
        self.all_refused(&["kill-others"], 2);
        self.all_refused(&["others"], 4);
        let text = self.check(&["type"], Ending::Exited(0));
        assert!(text.contains("refused"), "{text}");
    }

    fn output_and_memory(&self) {
        for word in ["flood", "flood-stderr"] {
            let (output, _) = self.run(&self.command(&[word]));
            assert_eq!(output.ending, Ending::OutputLimit, "{word}");
            assert_eq!(output.stdout.len().max(output.stderr.len()), OUTPUT, "{word}");
        }
        self.check(&["huge"], Ending::Signaled(6));
        for word in ["hungry", "shared"] {
            let (output, text) = self.run(&self.command(&[word]));
            let held = matches!(output.ending, Ending::MemoryLimit(bytes) if bytes < 600 << 20)
                || output.ending == Ending::Signaled(6)
                || text.contains("refused");
            assert!(held, "{word}: {:?} {text}", output.ending);
        }
        self.all_refused(&["memfd"], 1);
        let (output, text) = self.run(&self.command(&["threads"]));
        let held =
            text.contains("refused after some: true") || matches!(output.ending, Ending::MemoryLimit(_));
        assert!(held, "{:?} {text}", output.ending);
        assert!(
            self.check(&["descriptors"], Ending::Exited(0))
                .contains("refused: true")
        );
        let (output, text) = self.run(&self.command(&["many-files"]));
        assert!(
            matches!(output.ending, Ending::FileLimit(count) if count > 1000),
            "{:?} {text}",
            output.ending
        );
        let (output, _) = self.run(&self.command(&["unlinked"]));
        assert!(
            matches!(output.ending, Ending::DiskLimit(_)),
            "{:?}",
            output.ending
        );
        let (output, _) = self.run(&self.command(&["fill-disk"]));
        assert!(
            matches!(output.ending, Ending::DiskLimit(_) | Ending::FileLimit(_)),
            "{:?}",
            output.ending
        );
        let (output, text) = self.run(&self.command(&["long-file"]));
        let held = output.ending == Ending::Signaled(25) || matches!(output.ending, Ending::DiskLimit(_));
        assert!(held, "{:?} {text}", output.ending);
    }

    fn files_and_network(&self) {
        let beside = self.folder.join("work/beside").display().to_string();
        let home = std::env::var("HOME").unwrap_or_default();
        let outside = [
            "/tmp/proofbook-outside",
            "/var/tmp/proofbook-outside",
            "/dev/shm/proofbook-outside",
        ];
        let mut args = vec!["write-outside", "../beside", beside.as_str()];
        args.extend(outside);
        self.all_refused(&args, 5);
        for path in outside.iter().chain([&beside.as_str()]) {
            assert!(!Path::new(path).exists(), "{path} was written");
        }
        let key = self.folder.join("work/key");
        must(fs::write(&key, "secret"));
        let (key, cargo) = (
            key.display().to_string(),
            format!("{home}/.cargo/credentials.toml"),
        );
        let text = self.check(
            &[
                "read-secrets",
                &key,
                &cargo,
                "/etc/passwd",
                "/etc/shadow",
                "/proc/1/environ",
            ],
            Ending::Exited(0),
        );
        assert!(!text.contains("DONE"), "{text}");
        assert!(text.ends_with("HOME TMPDIR TOLD\n"), "{text}");
        self.all_refused(&["sockets"], 8);
        if self.namespaces {
            let mut command = self.command(&["loopback"]);
            if let Some(jail) = &mut command.jail {
                jail.loopback = true;
            }
            let (_, text) = self.run(&command);
            assert!(
                text.starts_with("hello over loopback\noutside: refused"),
                "{text}"
            );
        }
        let victim = self.folder.join("work/victim");
        must(fs::create_dir_all(&victim));
        must(fs::write(victim.join("file"), "kept"));
        let mut command = self.command(&["litter", &victim.display().to_string()]);
        if let Some(jail) = &mut command.jail {
            jail.files = Some(10_000);
        }
        let (output, text) = self.run(&command);
        assert_eq!((output.ending, text.as_str()), (Ending::Exited(0), "littered\n"));
        assert_eq!(
            must(fs::read_to_string(victim.join("file"))),
            "kept",
            "a link was followed"
        );
    }

    fn endings(&self) {
        let (output, _) = self.run(&self.command(&["overflow"]));
        assert!(
            matches!(output.ending, Ending::Signaled(_)),
            "{:?}",
            output.ending
        );
        assert!(String::from_utf8_lossy(&output.stderr).contains("overflowed its stack"));
        self.check(&["panic"], Ending::Exited(101));
        self.check(&["exit"], Ending::Exited(3));
        self.check(&["abort"], Ending::Signaled(6));
        let (one, two) = (
            self.check(&["who"], Ending::Exited(0)),
            self.check(&["who"], Ending::Exited(0)),
        );
        if self.namespaces {
            assert_eq!(one, two);
        } else {
            // Addresses repeat in any case.
            assert_eq!(one.lines().nth(1), two.lines().nth(1));
        }
    }

    fn ordinary(&self) {
        for one_cpu in [false, true] {
            let mut command = self.command(&["ordinary"]);
            command.stdin = b"read\n".to_vec();
            if let Some(jail) = &mut command.jail {
                jail.one_cpu = one_cpu;
            }
            let (output, text) = self.run(&command);
            assert_eq!(text, "read 14 7 kept true 112 true 9 told true\n");
            assert_eq!(output.stderr, b"to stderr\n");
            let wanted = if self.namespaces { 4 } else { 3 };
            assert_eq!(output.layers.len(), wanted, "{:?}", output.layers);
        }
    }
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

#[test]
fn hostile_programs_with_namespaces() {
    let _turn = turn();
    let folder = prepare();
    Setup::new(folder.path(), true).everything();
}

#[test]
fn hostile_programs_without_namespaces() {
    let _turn = turn();
    let folder = prepare();
    Setup::new(folder.path(), false).everything();
}

/// Runs the test of that name in a copy of this program, as a user without rights.
fn as_ordinary_user(test: &str) {
    if !is_root() {
        // Then the other tests are this one.
        return;
    }
    let _turn = turn();
    let folder = prepare();
    let copy = folder.path().join("test");
    must(fs::copy(must(std::env::current_exe()), &copy));
    must(fs::create_dir(folder.path().join("work")));
    must(fs::set_permissions(
        folder.path().join("work"),
        fs::Permissions::from_mode(0o777),
    ));
    let output = process::Command::new(copy)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(AGAIN, folder.path())
        .env("HOME", "/nonexistent")
        .current_dir("/tmp")
        .uid(64_000)
        .gid(64_000)
        .output();
    let output = must(output);
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn hostile_programs_of_an_ordinary_user() {
    as_ordinary_user("again_with_namespaces");
}

#[test]
fn hostile_programs_of_an_ordinary_user_without_namespaces() {
    as_ordinary_user("again_without_namespaces");
}

#[test]
#[ignore = "started by another test, as another user"]
fn again_with_namespaces() {
    let folder = PathBuf::from(must(std::env::var(AGAIN)));
    Setup::new(&folder, true).everything();
}

#[test]
#[ignore = "started by another test, as another user"]
fn again_without_namespaces() {
    let folder = PathBuf::from(must(std::env::var(AGAIN)));
    Setup::new(&folder, false).everything();
}

#[test]
#[ignore = "started by another test, which kills it"]
fn again_until_killed() {
    let folder = PathBuf::from(must(std::env::var(AGAIN)));
    let namespaces = std::env::var("NAMESPACES").is_ok();
    let setup = Setup::new(&folder, namespaces);
    let mut command = setup.command(&["family"]);
    command.timeout = Some(Duration::from_mins(1));
    if let Some(jail) = &mut command.jail {
        jail.processes = Some(1000);
        jail.memory = Some(4 << 30);
    }
    setup.run(&command);
}

#[test]
fn nothing_outlives_a_killed_supervisor() {
    let _turn = turn();
    for namespaces in [true, false] {
        let folder = prepare();
        let setup = Setup::new(folder.path(), namespaces);
        let mut again = process::Command::new(must(std::env::current_exe()));
        again
            .args(["--exact", "again_until_killed", "--ignored"])
            .env(AGAIN, folder.path())
            .stdout(process::Stdio::null())
            .stderr(process::Stdio::null());
        if namespaces {
            again.env("NAMESPACES", "1");
        }
        let mut child = must(again.spawn());
        let started = Instant::now();
        while setup.alive().len() < 50 {
            assert!(started.elapsed() < Duration::from_secs(30), "the tree never grew");
            std::thread::sleep(Duration::from_millis(10));
        }
        must(child.kill());
        must(child.wait());
        let killed = Instant::now();
        while !setup.alive().is_empty() {
            assert!(
                killed.elapsed() < Duration::from_secs(10),
                "left: {}",
                setup.alive().len()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
