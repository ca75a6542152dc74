//! What compilers and snippets may do: the jail of each, as far as this system can enforce it.
//!
//! A build may read the snippets, the toolchain and fetched packages, write below the target directory, start processes,
//! and reach no network. A run may read its own program and the system's libraries, write in a private folder, and do
//! neither, unless its metadata says so.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Work;
use super::observe::RawRun;
use crate::config::SandboxMode;
use crate::diagnostic::{Diagnostic, codes};
use crate::memo::ContentHash;
use crate::model::snippet::{Network, SnippetCrate};
use crate::system::jail::{Jail, Layer};
use crate::system::{Command, Layers};

/// The layers without which there is no sandbox; namespaces come on top.
pub(super) const NEEDED: [Layer; 3] = [Layer::Landlock, Layer::Seccomp, Layer::Rlimits];

/// Libraries and programs of the system.
const SYSTEM: [&str; 12] = [
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/etc/ld.so.cache",
    "/nix/store",
    "/gnu/store",
];

/// What compilers and linkers need besides.
const TOOLS: [&str; 10] = [
    "/bin",
    "/usr/bin",
    "/usr/include",
    "/usr/share",
    "/usr/local/bin",
    "/usr/local/include",
    "/etc/alternatives",
    "/etc/gitconfig",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
];

/// What a program needs to reach other machines.
const FETCH: [&str; 8] = [
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/run/systemd/resolve",
];

/// The mode in force: where machines build what strangers send, a missing layer is an error.
pub(super) fn mode(work: &Work<'_>) -> SandboxMode {
    let ci = work.sys.env("CI").is_some_and(|value| !value.is_empty());
    work.request.config.sandbox.unwrap_or(if ci {
        SandboxMode::Required
    } else {
        SandboxMode::Auto
    })
}

/// What this system enforces.
#[derive(Clone, Debug, Default)]
pub(super) struct Sandbox {
    layers: Layers,
}

impl Sandbox {
    /// Finds out what works, and whether that is enough.
    pub(super) fn prepare(work: &Work<'_>) -> Result<Self, Box<Diagnostic>> {
        let mode = mode(work);
        if mode == SandboxMode::Off {
            return Ok(Self::default());
        }
        let root = work.run_folder.join("root");
        let found = work
            .sys
            .create_dir_all(&root)
            .and_then(|()| work.sys.layers(&root));
        let layers = found.unwrap_or_else(|error| Layers {
            working: Vec::new(),
            missing: vec![error.to_string()],
        });
        let missing: Vec<&str> = NEEDED
            .iter()
            .filter(|layer| !layers.working.contains(layer))
            .map(|layer| layer.as_str())
            .collect();
        if mode == SandboxMode::Required && !missing.is_empty() {
            let diagnostic = Diagnostic::new(
                codes::SNIPPET_SANDBOX,
                format!("this system has no {}, and the sandbox is required", missing.join(", no ")),
            )
            .in_file("book.toml")
            .help(
                "build on Linux 5.13 or later with Landlock enabled, or set `sandbox = \"auto\"` in `[snippets]` \
                 if you trust every snippet; where `CI` is set, `required` is the default",
            );
            return Err(Box::new(if layers.missing.is_empty() {
                diagnostic
            } else {
                diagnostic.detail(layers.missing.join("\n"))
            }));
        }
        Ok(Self { layers })
    }

    /// The layers that work, and why the others do not.
    pub(super) const fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Whether anything is enforced.
    fn is_on(&self) -> bool {
        !self.layers.working.is_empty()
    }

    fn has(&self, layer: Layer) -> bool {
        self.layers.working.contains(&layer)
    }

    /// What a build may do; `beside` are path dependencies that lie outside the workspace.
    pub(super) fn of_build(&self, work: &Work<'_>, beside: &[PathBuf]) -> Option<Jail> {
        if !self.is_on() {
            return None;
        }
        let mut readable: Vec<PathBuf> = SYSTEM.iter().chain(&TOOLS).map(PathBuf::from).collect();
        readable.extend(work.toolchain.path.iter().cloned());
        readable.push(work.toolchain.sysroot.clone());
        readable.push(work.workspace_folder());
        if let Some(home) = &work.toolchain.cargo_home {
            // Not the folder itself, which holds the tokens of registries.
            for name in ["registry", "git", "config", "config.toml"] {
                readable.push(home.join(name));
            }
        }
        readable.extend(beside.iter().cloned());
        Some(Jail {
            readable,
            writable: vec![work.target_dir.to_owned()],
            // Its mounts are what keeps a build of root's from changing the mode of any file of root's.
            root: self.has(Layer::Namespaces).then(|| work.run_folder.join("root")),
            ..Jail::default()
        })
    }

    /// What the fetching of packages may do: the one step with a network. It reads manifests and runs nothing of theirs.
    pub(super) fn of_fetch(&self, work: &Work<'_>, beside: &[PathBuf]) -> Result<Option<Jail>, String> {
        let Some(mut jail) = self.of_build(work, beside) else {
            return Ok(None);
        };
        if let Some(home) = &work.toolchain.cargo_home {
            // What is not there cannot be allowed, and cargo makes it only here.
            work.sys
                .create_dir_all(home)
                .map_err(|error| format!("failed to make `{}`: {error}", home.display()))?;
        }
        // Certificates and names of hosts.
        jail.readable.extend(FETCH.iter().map(PathBuf::from));
        let writable = work.toolchain.cargo_home.iter().cloned();
        jail.writable.extend(writable);
        jail.writable.push(work.workspace_folder());
        jail.root = None;
        jail.network = true;
        Ok(Some(jail))
    }

    /// What a run may do; a diagnostic's help where it needs more than this system can give.
    fn of_run(
        &self,
        work: &Work<'_>,
        found: &SnippetCrate,
        program: &Path,
        private: &Path,
        round: u32,
    ) -> Option<Jail> {
        if !self.is_on() {
            return None;
        }
        let config = work.request.config;
        let mut readable: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        readable.push(work.toolchain.sysroot.join("lib"));
        readable.push(program.to_owned());
        Some(Jail {
            readable,
            writable: vec![private.to_owned()],
            processes: Some(found.meta.max_processes.unwrap_or(config.max_processes)),
            loopback: network(work, found) == Network::Loopback,
            network: false,
            memory: Some(found.meta.memory.unwrap_or(config.memory)),
            files: Some(u64::from(config.max_files)),
            disk: Some(config.max_disk),
            // The second run meets another order of its threads.
            one_cpu: round % 2 == 1,
            root: self.has(Layer::Namespaces).then(|| work.run_folder.join("root")),
            other_user: true,
        })
    }

    /// Why a snippet cannot be run here, if so.
    pub(super) fn lacks_for(&self, work: &Work<'_>, found: &SnippetCrate) -> Option<&'static str> {
        (self.is_on() && network(work, found) == Network::Loopback && !self.has(Layer::Namespaces))
            .then_some("`network = \"loopback\"` needs namespaces, which this system does not give")
    }
}

/// The network that a snippet asks for.
pub(super) fn network(work: &Work<'_>, found: &SnippetCrate) -> Network {
    match found.meta.network {
        Network::Loopback => Network::Loopback,
        Network::None => work.request.config.network,
    }
}

/// The private folder of a run; each round has another, whose path is as long.
pub(super) fn private_folder(work: &Work<'_>, found: &SnippetCrate, round: u32) -> PathBuf {
    // An inline block's slug is no name of a folder.
    let name = if found.inline.is_some() {
        ContentHash::of(found.slug.as_bytes()).short()
    } else {
        found.slug.clone()
    };
    work.run_folder.join(format!("{round:02}")).join(name)
}

/// What a program is given.
pub(super) enum Args<'a> {
    /// What its test harness needs.
    Harness,
    /// These, then what the metadata says.
    Binary(&'a [String]),
}

/// Runs a program of a snippet in a folder of its own, which is removed afterwards.
pub(super) fn run(
    work: &Work<'_>,
    sandbox: &Sandbox,
    found: &SnippetCrate,
    program: &Path,
    args: &Args<'_>,
    round: u32,
) -> io::Result<RawRun> {
    let config = work.request.config;
    let private = private_folder(work, found, round);
    work.sys.remove_dir_all(&private)?;
    work.sys.create_dir_all(&private)?;
    let stdin = found
        .meta
        .stdin
        .as_ref()
        .and_then(|path| found.files.get(path.as_str()))
        .map(|&file| work.sources.get(file).bytes.to_vec())
        .unwrap_or_default();
    let home = private.display().to_string();
    // A map, since a variable that is given twice is read as whoever reads it likes.
    let mut env: BTreeMap<String, String> = BTreeMap::from(
        [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", &home),
            ("TMPDIR", &home),
            ("TZ", "UTC"),
            ("LC_ALL", "C.UTF-8"),
            ("RUST_BACKTRACE", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    env.extend(found.meta.env.clone());
    let args: Vec<String> = match args {
        Args::Harness => vec!["--test-threads=1".to_owned()],
        Args::Binary(before) => before.iter().chain(&found.meta.args).cloned().collect(),
    };
    let command = Command {
        program: program.to_owned(),
        args,
        folder: private.clone(),
        clear_env: true,
        env: env.into_iter().collect(),
        stdin,
        timeout: Some(found.meta.timeout.unwrap_or(config.timeout)),
        max_output: Some(config.max_output),
        jail: sandbox.of_run(work, found, program, &private, round),
        ..Command::default()
    };
    let output = work.sys.run(&command);
    let removed = work.sys.remove_dir_all(&private);
    let run = RawRun::of(output?);
    removed?;
    Ok(run)
}
