//! Compiles what the memo lacks: at most two cargo calls a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::Work;
use super::inputs::{self, Closure, OutsideFile, normal};
use super::observe::{RawDiagnostic, RawSpan};
use super::report::Reporter;
use super::sandbox::Sandbox;
use crate::config::snippet::workspace::runs_at_build;
use crate::diagnostic::{Diagnostic, codes};
use crate::memo::ContentHash;
use crate::model::snippet::{SnippetCrate, SnippetKind};
use crate::system::jail::{Jail, Layer};
use crate::system::{Command, Ending, FileKind, RunOutput, program_name};

/// What came of compiling one crate.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) compiled: Compiled,
    pub(super) warnings: Vec<RawDiagnostic>,
    /// Files that the compiler read and no key covers.
    pub(super) outside: Vec<OutsideFile>,
    /// The layers of the sandbox that the compiler ran in.
    pub(super) layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
pub(super) enum Compiled {
    /// The compiler refused it, as it should.
    Refused(Vec<RawDiagnostic>),
    /// There are programs to run.
    Executables(Executables),
}

/// Programs by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Executables {
    /// What goes before the arguments of each binary.
    pub(super) args: Vec<String>,
    /// The binaries to run, the default first.
    pub(super) bins: Vec<(String, PathBuf)>,
    /// The test harnesses.
    pub(super) tests: Vec<(String, PathBuf)>,
}

/// Crates with their memo keys.
type Keyed<'a> = Vec<(&'a SnippetCrate, ContentHash)>;

/// Splits crates so that no two of a batch have a binary of one name: cargo writes both to one path.
pub(super) fn batches(mut open: Keyed<'_>) -> Vec<Keyed<'_>> {
    let mut batches = Vec::new();
    while !open.is_empty() {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let (batch, rest): (Keyed<'_>, Keyed<'_>) = open.into_iter().partition(|(found, _)| {
            let free = found.bins.iter().all(|bin| !names.contains(bin.as_str()));
            if free {
                names.extend(found.bins.iter().map(String::as_str));
            }
            free
        });
        batches.push(batch);
        open = rest;
    }
    batches
}

/// Whether a crate is built in a target directory of its own: code of its own runs while it is built (a build script, a
/// procedural macro), and could change what others have built.
pub(super) fn is_apart(work: &Work<'_>, closure: &Closure) -> bool {
    closure.folders.iter().any(|folder| {
        let path = |name: &str| work.in_workspace(&format!("{folder}/{name}"));
        match work.sources.by_path(&path("Cargo.toml")) {
            Some(manifest) => {
                work.sources.by_path(&path("build.rs")).is_some() || runs_at_build(&manifest.text)
            }
            // Of one that lies elsewhere nothing is known.
            None => true,
        }
    })
}

/// What cargo said of one package.
#[derive(Default)]
struct Package {
    name: String,
    /// Whether it comes from a registry or a repository.
    foreign: bool,
    bins: BTreeMap<String, PathBuf>,
    tests: Vec<(String, PathBuf)>,
    library: bool,
    errors: Vec<RawDiagnostic>,
    warnings: Vec<RawDiagnostic>,
    /// Names of its targets as crates.
    targets: BTreeSet<String>,
    /// Output of its build script.
    script_output: Option<PathBuf>,
}

/// What cargo said, by manifest.
#[derive(Default)]
pub(super) struct Packages {
    by_manifest: BTreeMap<PathBuf, Package>,
    /// Manifests by cargo's package id, which is all that the message about a build script has.
    ids: BTreeMap<String, PathBuf>,
    /// Folders of build scripts' outputs, by package id.
    scripts: BTreeMap<String, PathBuf>,
    /// The layers of the sandbox that cargo ran in.
    layers: Vec<Layer>,
}

/// Builds crates; those that should compile and do not are told and left out.
pub(super) fn build(
    work: &Work<'_>,
    sandbox: &Sandbox,
    crates: &[&SnippetCrate],
    reporter: &Reporter<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Built> {
    let has = |found: &SnippetCrate, kind| found.meta.kinds.contains(&kind);
    let programs: Vec<&SnippetCrate> = crates
        .iter()
        .copied()
        .filter(|found| found.meta.kinds != [SnippetKind::Test])
        .collect();
    let tested: Vec<&SnippetCrate> = crates
        .iter()
        .copied()
        .filter(|found| has(found, SnippetKind::Test))
        .collect();
    let mut said = Packages::default();
    for (selected, tests) in [(programs, false), (tested, true)] {
        if selected.is_empty() {
            continue;
        }
        if let Err(why) = call(work, sandbox, &selected, tests, &mut said) {
            let dir = &work.request.config.dir;
            let lock = why.contains("lock file");
            let help = if lock {
                "run `proofbook test --bless` to write the lockfile, review it, and commit it".to_owned()
            } else {
                format!("`cargo build` in `{dir}` says the same; mend it there")
            };
            diagnostics.push(
                Diagnostic::new(codes::SNIPPET_BUILD_FAILED, "cargo could not build the snippets")
                    .in_file(format!("{dir}/Cargo.toml"))
                    .detail(why)
                    .help(help),
            );
            return BTreeMap::new();
        }
    }
    let said_layers = std::mem::take(&mut said.layers);
    let mut packages = said.finish();
    let workspace = work.workspace();
    let manifest = |folder: &str| normal(&work.workspace_folder().join(folder).join("Cargo.toml"));
    let mut read: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let dep_infos = dep_infos(work);
    for (path, package) in packages.iter().filter(|(_, package)| !package.foreign) {
        read.insert(path.clone(), package.read_files(work, path, &dep_infos));
    }
    let mut built = BTreeMap::new();
    for found in crates {
        let closure = inputs::closure(work, found, &workspace);
        let own = manifest(&found.slug);
        let files: BTreeSet<PathBuf> = closure
            .folders
            .iter()
            .filter_map(|folder| read.get(&manifest(folder)))
            .flatten()
            .cloned()
            .collect();
        let broken: Vec<&Package> = packages
            .iter()
            .filter(|(path, package)| **path != own && !package.errors.is_empty())
            // A workspace member that the crate does not need is another snippet's misfortune.
            .filter(|(path, package)| {
                package.foreign || closure.folders.iter().any(|folder| manifest(folder) == **path)
            })
            .map(|(_, package)| package)
            .collect();
        let names: Vec<String> = broken.iter().map(|package| package.name.clone()).collect();
        let texts: Vec<String> = broken.iter().map(|package| package.errors_text(work)).collect();
        let package = packages.remove(&own).unwrap_or_default();
        match outcome(found, package, work) {
            Ok(mut done) => {
                done.layers = said_layers.clone();
                done.outside = inputs::outside(work, &files, &inputs::covered(work, &closure));
                built.insert(found.slug.clone(), done);
            }
            Err(errors) if errors.is_empty() => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                diagnostics.push(reporter.build_failed(found, &texts.join("\n\n"), &names));
            }
            Err(errors) => diagnostics.push(reporter.build_failed(found, &errors, &[])),
        }
    }
    built
}

/// Where cargo puts what it builds (The Cargo Book, "Build cache").
pub(super) fn profile_folder(work: &Work<'_>) -> PathBuf {
    work.target_dir.join(match work.request.config.profile.as_str() {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    })
}

/// The files of dependency information that rustc wrote, by crate name. They are looked for by name, since cargo does not
/// tell where they lie for a binary, and writes its own sum of them only where the whole call succeeds.
fn dep_infos(work: &Work<'_>) -> BTreeMap<String, Vec<PathBuf>> {
    let deps = profile_folder(work).join("deps");
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in work.sys.walk(&deps, &|_| true).unwrap_or_default() {
        let name = entry
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let crate_name = name
            .as_deref()
            .and_then(|name| name.strip_suffix(".d")?.rsplit_once('-'));
        if let Some((name, _)) = crate_name {
            found.entry(name.to_owned()).or_default().push(entry.path);
        }
    }
    found
}

impl Packages {
    fn finish(mut self) -> BTreeMap<PathBuf, Package> {
        for (id, folder) in self.scripts {
            let package = self.ids.get(&id).and_then(|path| self.by_manifest.get_mut(path));
            if let Some(package) = package {
                package.script_output = Some(folder.with_file_name("output"));
            }
        }
        self.by_manifest
    }
}

impl Package {
    /// Every file that its build read, by what the compiler and its build script wrote down.
    fn read_files(
        &self,
        work: &Work<'_>,
        manifest: &Path,
        dep_infos: &BTreeMap<String, Vec<PathBuf>>,
    ) -> BTreeSet<PathBuf> {
        let text = |path: &PathBuf| {
            work.sys
                .read(path)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default()
        };
        let own = manifest.parent().unwrap_or(manifest);
        let mut files: BTreeSet<PathBuf> = self
            .targets
            .iter()
            .filter_map(|name| dep_infos.get(name))
            .flatten()
            .map(|path| inputs::dep_info(&text(path), &work.workspace_folder()))
            // Another crate of the name may have left a file there.
            .filter(|files| files.iter().any(|path| path.starts_with(own)))
            .flatten()
            .collect();
        if let (Some(output), Some(folder)) = (&self.script_output, manifest.parent()) {
            files.extend(inputs::rerun_if_changed(&text(output), folder));
        }
        files
    }

    /// The compiler's errors, their places from the site's root.
    fn errors_text(&self, work: &Work<'_>) -> String {
        let errors: Vec<String> = self
            .errors
            .iter()
            .map(|error| from_root(error.rendered.trim_end(), work))
            .collect();
        errors.join("\n\n")
    }
}

/// A compiler's text with places as one finds them from the site's root: the compiler runs in the workspace's folder.
fn from_root(text: &str, work: &Work<'_>) -> String {
    let root = format!("{}/", work.request.root.display());
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let arrow = ["--> ", "::: "]
                .iter()
                .find_map(|arrow| Some(line.find(arrow)? + arrow.len()));
            match arrow {
                Some(at) if line[..at - 4].trim().is_empty() => {
                    let place = &line[at..];
                    let place = match place.strip_prefix(&root) {
                        Some(below) => below.to_owned(),
                        None if place.starts_with('/') => place.to_owned(),
                        None => work.in_workspace(place),
                    };
                    format!("{}{place}", &line[..at])
                }
                _ => line.replace(&root, ""),
            }
        })
        .collect();
    lines.join("\n")
}

/// What a package is as a snippet; the compiler's errors where it should compile and does not.
fn outcome(found: &SnippetCrate, package: Package, work: &Work<'_>) -> Result<Built, String> {
    if found.meta.kinds == [SnippetKind::CompileFail] {
        // What was built was not refused, whatever else is said: a procedural macro can print messages like cargo's.
        let built = !package.bins.is_empty() || !package.tests.is_empty() || package.library;
        if !package.errors.is_empty() && !built {
            return Ok(Built {
                compiled: Compiled::Refused(package.errors),
                warnings: package.warnings,
                outside: Vec::new(),
                layers: Vec::new(),
            });
        }
        if package.bins.is_empty() && !package.library {
            return Err(String::new());
        }
        let compiled = Compiled::Executables(Executables::default());
        return Ok(Built {
            compiled,
            warnings: package.warnings,
            outside: Vec::new(),
            layers: Vec::new(),
        });
    }
    if !package.errors.is_empty() {
        return Err(package.errors_text(work));
    }
    let runs = found
        .meta
        .kinds
        .iter()
        .any(|kind| matches!(kind, SnippetKind::Run | SnippetKind::Panic));
    let mut executables = Executables::default();
    if runs {
        for bin in &found.bins {
            if !package.bins.contains_key(bin) {
                return Err(String::new());
            }
            // Where cargo puts it, not where a message says it is: a procedural macro can print messages like cargo's.
            let path = profile_folder(work).join(program_name(bin));
            if work.sys.kind(&path) != Some(FileKind::File) {
                return Err(String::new());
            }
            executables.bins.push((bin.clone(), path));
        }
    }
    if found.meta.kinds.contains(&SnippetKind::Test) {
        if package.tests.is_empty() {
            return Err(String::new());
        }
        let deps = profile_folder(work).join("deps");
        executables.tests = package
            .tests
            .into_iter()
            .filter(|(_, path)| {
                path.parent() == Some(deps.as_path()) && work.sys.kind(path) == Some(FileKind::File)
            })
            .collect();
        executables.tests.sort();
        executables.tests.dedup();
        if executables.tests.is_empty() {
            return Err(String::new());
        }
    }
    Ok(Built {
        compiled: Compiled::Executables(executables),
        warnings: package.warnings,
        outside: Vec::new(),
        layers: Vec::new(),
    })
}

/// Environment variables of ours that cargo gets; all others would make builds depend on who runs them, or tell build
/// scripts what is none of their business.
const PASSED: [&str; 10] = [
    "HOME",
    "USERPROFILE",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "SystemRoot",
    "SystemDrive",
    "LIB",
    "INCLUDE",
    "ProgramFiles",
    "ProgramData",
];

/// Variables that say how packages are fetched.
fn is_for_fetching(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "ssl_cert_file",
        "ssl_cert_dir",
    ]
    .contains(&lower.as_str())
        || [
            "CARGO_HTTP_",
            "CARGO_NET_",
            "CARGO_REGISTRIES_",
            "CARGO_REGISTRY_",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

/// How long one cargo call may take, and how much it may say.
const BUILD_TIME: Duration = Duration::from_mins(15);
const BUILD_OUTPUT: usize = 64 << 20;

/// The environment of a cargo call.
fn environment(work: &Work<'_>, fetching: bool, jailed: bool) -> Vec<(String, String)> {
    let target = work.target_dir;
    let toolchain = work.toolchain;
    let mut env: BTreeMap<String, String> = work
        .sys
        .env_vars()
        .into_iter()
        .filter(|(name, _)| PASSED.contains(&name.as_str()) || (fetching && is_for_fetching(name)))
        .collect();
    let temporary = target.join("tmp").display().to_string();
    let own = [
        ("PATH", toolchain.search_path()),
        ("RUSTC", toolchain.program("rustc").display().to_string()),
        ("RUSTDOC", toolchain.program("rustdoc").display().to_string()),
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("CARGO_TERM_COLOR", "never".to_owned()),
        // The linker needs a place, and there is no other where it may write.
        ("TMPDIR", temporary.clone()),
        ("TEMP", temporary.clone()),
        ("TMP", temporary),
        ("LC_ALL", "C.UTF-8".to_owned()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if jailed {
        // Git's settings in the real one cannot be read, which libgit2 takes for an error and not for there being none.
        env.insert("HOME".to_owned(), target.join("tmp").display().to_string());
        let cargo_home = toolchain.cargo_home.iter();
        env.extend(cargo_home.map(|home| ("CARGO_HOME".to_owned(), home.display().to_string())));
    }
    env.into_iter().collect()
}

/// Runs cargo in a folder.
pub(super) fn cargo(
    work: &Work<'_>,
    folder: &Path,
    args: Vec<String>,
    jail: Option<Jail>,
) -> Result<RunOutput, String> {
    work.sys
        .create_dir_all(&work.target_dir.join("tmp"))
        .map_err(|error| format!("failed to make the target directory: {error}"))?;
    let command = Command {
        program: work.toolchain.program("cargo"),
        args,
        folder: folder.to_owned(),
        clear_env: true,
        env: environment(
            work,
            jail.as_ref().is_none_or(|jail| jail.network),
            jail.is_some(),
        ),
        timeout: Some(BUILD_TIME),
        max_output: Some(BUILD_OUTPUT),
        jail,
        ..Command::default()
    };
    work.sys
        .run(&command)
        .map_err(|error| format!("failed to run `cargo`: {error}"))
}

fn call(
    work: &Work<'_>,
    sandbox: &Sandbox,
    crates: &[&SnippetCrate],
    tests: bool,
    said: &mut Packages,
) -> Result<(), String> {
    let request = work.request;
    let mut args: Vec<String> = [
        "build",
        "--keep-going",
        // No network: what is missing is fetched by a call of its own, which runs nothing.
        "--frozen",
        "--message-format=json",
        "--profile",
        &request.config.profile,
    ]
    .map(str::to_owned)
    .to_vec();
    if tests {
        args.push("--tests".to_owned());
    } else {
        if crates.iter().any(|found| !found.bins.is_empty()) {
            args.push("--bins".to_owned());
        }
        if crates.iter().any(|found| found.files.contains_key("src/lib.rs")) {
            args.push("--lib".to_owned());
        }
    }
    for found in crates {
        args.extend(["-p".to_owned(), found.package.clone()]);
    }
    let workspace = work.workspace();
    let beside = inputs::beside(work, &workspace);
    let jail = sandbox.of_build(work, &beside);
    let folder = work.workspace_folder();
    match built(cargo(work, &folder, args.clone(), jail.clone())?, said) {
        Err(why) if why.contains("--frozen") || why.contains("--offline") => {
            let mut fetch = vec!["fetch".to_owned()];
            // A build writes nothing beside its own folders; only blessing may write the lockfile.
            if request.locked || !request.bless {
                fetch.push("--locked".to_owned());
            }
            let fetched = cargo(work, &folder, fetch, sandbox.of_fetch(work, &beside)?)?;
            if fetched.ending != Ending::Exited(0) {
                return Err(String::from_utf8_lossy(&fetched.stderr).trim().to_owned());
            }
            built(cargo(work, &folder, args, jail)?, said)
        }
        done => done,
    }
}

/// Reads what a build said; its complaint where it did not begin.
fn built(output: RunOutput, said: &mut Packages) -> Result<(), String> {
    let finished = read_messages(&output.stdout, said);
    said.layers = output.layers;
    match output.ending {
        Ending::TimedOut => {
            return Err(format!(
                "cargo was stopped after {} minutes",
                BUILD_TIME.as_secs() / 60
            ));
        }
        Ending::OutputLimit => {
            return Err(format!(
                "cargo was stopped: it said more than {} MiB",
                BUILD_OUTPUT >> 20
            ));
        }
        _ => {}
    }
    if finished || output.ending == Ending::Exited(0) {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Reads cargo's messages, one a line; whether it came to an end of its own.
pub(super) fn read_messages(stdout: &[u8], said: &mut Packages) -> bool {
    let mut finished = false;
    for line in String::from_utf8_lossy(stdout).lines() {
        if let Ok(message) = serde_json::from_str::<Value>(line) {
            finished |= message["reason"] == "build-finished";
            read_message(&message, said);
        }
    }
    finished
}

/// The binaries and errors of one package.
pub(super) fn package_errors(
    said: Packages,
    manifest: &Path,
) -> (BTreeMap<String, PathBuf>, Vec<RawDiagnostic>) {
    let package = said.finish().remove(manifest).unwrap_or_default();
    (package.bins, package.errors)
}

fn read_message(message: &Value, said: &mut Packages) {
    let id = message["package_id"].as_str().unwrap_or_default();
    if message["reason"] == "build-script-executed"
        && let Some(folder) = message["out_dir"].as_str()
    {
        said.scripts.insert(id.to_owned(), PathBuf::from(folder));
    }
    let Some(manifest) = message["manifest_path"].as_str() else {
        return;
    };
    said.ids.insert(id.to_owned(), PathBuf::from(manifest));
    let package = said.by_manifest.entry(PathBuf::from(manifest)).or_default();
    package.foreign = !id.starts_with("path+");
    package.name = package_name(id, manifest);
    let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
    package.targets.insert(name.replace('-', "_"));
    if message["reason"] == "compiler-artifact" {
        match message["executable"].as_str() {
            Some(path) if message["profile"]["test"] == true => package.tests.push((name, path.into())),
            Some(path) => {
                package.bins.insert(name, path.into());
            }
            None => package.library = true,
        }
    } else if message["reason"] == "compiler-message"
        && let Some(diagnostic) = read_diagnostic(&message["message"])
    {
        let list = if diagnostic.level == "warning" {
            &mut package.warnings
        } else {
            &mut package.errors
        };
        // Library and test harness say the same of the same code.
        if !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }
}

/// The name in a package id (`path+file:///a/b#name@1.0.0`, `…/name#1.0.0`), else the folder's.
fn package_name(id: &str, manifest: &str) -> String {
    let named = id
        .rsplit_once('#')
        .and_then(|(_, spec)| spec.split_once('@'))
        .map(|(name, _)| name.to_owned());
    named.unwrap_or_else(|| {
        Path::new(manifest)
            .parent()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    })
}

/// A message with places; sums such as "2 warnings emitted" have none and are left out.
fn read_diagnostic(message: &Value) -> Option<RawDiagnostic> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(1)
    };
    let spans: Vec<RawSpan> = message["spans"]
        .as_array()?
        .iter()
        .map(|span| RawSpan {
            file: text(&span["file_name"]),
            line: number(&span["line_start"]),
            column: number(&span["column_start"]),
            end_line: number(&span["line_end"]),
            end_column: number(&span["column_end"]),
            label: text(&span["label"]),
            primary: span["is_primary"] == true,
        })
        .collect();
    let level = text(&message["level"]);
    if level == "failure-note"
        || (spans.is_empty() && (level == "warning" || text(&message["message"]).starts_with("aborting")))
    {
        return None;
    }
    let level = if level == "warning" {
        level
    } else {
        "error".to_owned()
    };
    Some(RawDiagnostic {
        code: text(&message["code"]["code"]),
        level,
        message: text(&message["message"]),
        rendered: text(&message["rendered"]),
        spans,
    })
}
