//! The compiler at hand, found where no pull request can put another one.
//!
//! With rustup, `rustc` and `cargo` are shims which read `rust-toolchain.toml` of the folder that they run in, and that may
//! name a folder of programs. So the real ones are asked for once, from outside the site, and called by their paths.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Work;
use crate::diagnostic::{Diagnostic, codes};
use crate::memo::{ContentHash, Memo};
use crate::system::{Command, Ending, System, find_program, program_name, search_path};

/// A compiler and where its programs lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Toolchain {
    /// All that `rustc -vV` says: part of every memo key.
    pub(super) verbose: String,
    /// `1.95.0`
    pub(super) release: String,
    /// `x86_64-unknown-linux-gnu`
    pub(super) host: String,
    /// Where `bin/cargo` and `bin/rustc` lie; empty if they are not there, and are called by name.
    pub(super) sysroot: PathBuf,
    /// Cargo's home, where packages lie.
    pub(super) cargo_home: Option<PathBuf>,
    /// Folders of other programs, such as the linker.
    pub(super) path: Vec<PathBuf>,
}

impl Toolchain {
    /// A program of the toolchain.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        if self.sysroot.as_os_str().is_empty() {
            PathBuf::from(name)
        } else {
            self.sysroot.join("bin").join(program_name(name))
        }
    }

    /// `PATH` for compilers: the toolchain's own programs first, no shims.
    pub(super) fn search_path(&self) -> String {
        let own = (!self.sysroot.as_os_str().is_empty()).then(|| self.sysroot.join("bin"));
        let folders: Vec<String> = own
            .iter()
            .chain(&self.path)
            .map(|folder| folder.display().to_string())
            .collect();
        folders.join(if cfg!(windows) { ";" } else { ":" })
    }
}

/// Asks the compiler in a folder, or in one where nothing of the site is read.
pub(super) fn find(
    sys: &dyn System,
    memo: &Memo,
    root: &Path,
    folder: Option<&Path>,
) -> Result<Toolchain, String> {
    let home = sys
        .env("HOME")
        .or_else(|| sys.env("USERPROFILE"))
        .map(PathBuf::from);
    let cargo_home = sys
        .env("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".cargo")));
    let shims = cargo_home.as_ref().map(|home| home.join("bin"));
    let folders: Vec<PathBuf> = search_path(sys, root)
        .into_iter()
        .filter(|folder| Some(folder) != shims.as_ref())
        .collect();
    // The site's own folders are left out here too: `PATH` may name one of them.
    let program = match find_program(sys, "rustc", root) {
        Some(program) => program,
        None if sys.env("PATH").is_some() => {
            return Err("it is in no folder of PATH outside the site".to_owned());
        }
        None => PathBuf::from("rustc"),
    };
    let key = folder
        .is_none()
        .then(|| stamps(sys, &program, home.as_deref()))
        .flatten();
    if let Some(bytes) = key.and_then(|key| memo.bytes(sys, "toolchain", key))
        && let Ok(known) = serde_json::from_slice::<Toolchain>(&bytes)
        && !known.sysroot.starts_with(root)
        && sys.kind(&known.program("rustc")).is_some()
    {
        return Ok(Toolchain {
            cargo_home,
            path: folders,
            ..known
        });
    }
    let folder = folder.map_or_else(|| PathBuf::from(std::path::MAIN_SEPARATOR_STR), Path::to_owned);
    let verbose = ask(sys, &program, &folder, &["-vV"])?;
    let sysroot = ask(sys, &program, &folder, &["--print", "sysroot"])?;
    let field = |name: &str| {
        verbose
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
            .to_owned()
    };
    let mut found = Toolchain {
        release: field("release"),
        host: field("host"),
        sysroot: PathBuf::from(sysroot.trim()),
        cargo_home,
        path: folders,
        verbose,
    };
    if sys.kind(&found.program("cargo")).is_none() {
        // A distribution may put cargo elsewhere than rustc.
        found.sysroot = PathBuf::new();
    }
    if let Some(key) = key
        && let Ok(bytes) = serde_json::to_vec(&found)
    {
        memo.store_bytes(sys, "toolchain", key, &bytes);
    }
    Ok(found)
}

fn ask(sys: &dyn System, program: &Path, folder: &Path, args: &[&str]) -> Result<String, String> {
    let command = Command {
        program: program.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        folder: folder.to_owned(),
        ..Command::default()
    };
    let output = sys.run(&command).map_err(|error| error.to_string())?;
    if output.ending != Ending::Exited(0) {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What decides which compiler `rustc` is, as a key: asking takes longer than a whole build from the memo. `None` where the
/// program is not found.
fn stamps(sys: &dyn System, program: &Path, home: Option<&Path>) -> Option<ContentHash> {
    let program = program.to_owned();
    sys.stamp(&program)?;
    let rustup = sys
        .env("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".rustup")))?;
    let mut key = ContentHash::fields().field(program.to_string_lossy().as_bytes());
    key.add(sys.env("RUSTUP_TOOLCHAIN").unwrap_or_default());
    for path in [program, rustup.join("settings.toml")] {
        key.add(format!("{:?}", sys.stamp(&path)));
    }
    // An update of a toolchain replaces its files, and so the folder's own time.
    for entry in sys
        .walk(&rustup.join("toolchains"), &|_| true)
        .unwrap_or_default()
    {
        key.add(entry.path.to_string_lossy().as_bytes());
    }
    for entry in sys
        .walk(&rustup.join("update-hashes"), &|_| true)
        .unwrap_or_default()
    {
        key.add(format!("{:?}", sys.stamp(&entry.path)));
    }
    Some(key.finish())
}

/// Files of the site that would choose the compiler, or what it calls, and that book.toml does not allow.
pub(super) fn refused(work: &Work<'_>) -> Vec<Diagnostic> {
    let config = work.request.config;
    let mut found = Vec::new();
    for folder in folders(&config.dir) {
        for (names, allowed, key, what) in [
            (
                &["rust-toolchain", "rust-toolchain.toml"],
                config.allow_toolchain_file,
                "allow-toolchain-file",
                "may name any folder of programs as the compiler",
            ),
            (
                &[".cargo/config", ".cargo/config.toml"],
                config.allow_cargo_config,
                "allow-cargo-config",
                "may name any program as compiler, linker or runner",
            ),
        ] {
            if allowed {
                continue;
            }
            for name in names {
                let path = crate::config::snippet::workspace::join(&folder, name);
                if work.sys.kind(&work.request.root.join(&path)).is_some() {
                    found.push(
                        Diagnostic::new(
                            codes::SNIPPET_SANDBOX,
                            format!("`{path}` {what}, so that it is refused"),
                        )
                        .in_file(path.clone())
                        .help(format!(
                            "take it out of the site, or set `{key} = true` in `[snippets]` if you trust whoever may change it"
                        )),
                    );
                }
            }
        }
    }
    found
}

/// The text of those files, where they are allowed: they decide what is built.
pub(super) fn allowed_files(work: &Work<'_>) -> Vec<(String, Vec<u8>)> {
    let names = [
        "rust-toolchain",
        "rust-toolchain.toml",
        ".cargo/config",
        ".cargo/config.toml",
    ];
    folders(&work.request.config.dir)
        .iter()
        .flat_map(|folder| names.map(|name| crate::config::snippet::workspace::join(folder, name)))
        .filter_map(|path| {
            let bytes = work.sys.read(&work.request.root.join(&path)).ok()?;
            Some((path, bytes))
        })
        .collect()
}

/// The site's root, the snippets' folder, and those between.
fn folders(dir: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for part in dir.split('/') {
        let above = all.last().cloned().unwrap_or_default();
        all.push(crate::config::snippet::workspace::join(&above, part));
    }
    all
}
