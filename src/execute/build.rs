//! Compiles what the memo lacks: at most two cargo calls a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::Work;
use super::observe::{RawDiagnostic, RawSpan};
use super::report::Reporter;
use crate::diagnostic::{Diagnostic, codes};
use crate::memo::ContentHash;
use crate::model::snippet::{SnippetCrate, SnippetKind};
use crate::system::{Command, Ending};

/// What came of compiling one crate.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) compiled: Compiled,
    pub(super) warnings: Vec<RawDiagnostic>,
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

/// What cargo said of one package.
#[derive(Default)]
struct Package {
    bins: BTreeMap<String, PathBuf>,
    tests: Vec<(String, PathBuf)>,
    library: bool,
    errors: Vec<RawDiagnostic>,
    warnings: Vec<RawDiagnostic>,
}

/// Builds crates; those that should compile and do not are told and left out.
pub(super) fn build(
    work: &Work<'_>,
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
    let mut packages: BTreeMap<PathBuf, Package> = BTreeMap::new();
    for (selected, tests) in [(programs, false), (tested, true)] {
        if selected.is_empty() {
            continue;
        }
        if let Err(why) = call(work, &selected, tests, &mut packages) {
            let dir = &work.request.config.dir;
            let lock = why.contains("--locked");
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
    let manifest = |found: &SnippetCrate| work.request.root.join(&found.folder).join("Cargo.toml");
    let own: BTreeSet<PathBuf> = crates.iter().map(|found| manifest(found)).collect();
    let foreign: Vec<String> = packages
        .iter()
        .filter(|(path, package)| !own.contains(*path) && !package.errors.is_empty())
        .map(|(path, package)| {
            let errors: Vec<&str> = package
                .errors
                .iter()
                .map(|error| error.rendered.as_str())
                .collect();
            format!("{}:\n{}", path.display(), errors.join("\n"))
        })
        .collect();
    let mut built = BTreeMap::new();
    for found in crates {
        let package = packages.remove(&manifest(found)).unwrap_or_default();
        match outcome(found, package) {
            Ok(done) => {
                built.insert(found.slug.clone(), done);
            }
            Err(errors) => {
                let detail = if errors.is_empty() {
                    foreign.join("\n")
                } else {
                    errors
                };
                diagnostics.push(reporter.build_failed(found, &detail));
            }
        }
    }
    built
}

/// What a package is as a snippet; the compiler's errors where it should compile and does not.
fn outcome(found: &SnippetCrate, package: Package) -> Result<Built, String> {
    if found.meta.kinds == [SnippetKind::CompileFail] {
        if !package.errors.is_empty() {
            return Ok(Built {
                compiled: Compiled::Refused(package.errors),
                warnings: package.warnings,
            });
        }
        if package.bins.is_empty() && !package.library {
            return Err(String::new());
        }
        let compiled = Compiled::Executables(Executables::default());
        return Ok(Built {
            compiled,
            warnings: package.warnings,
        });
    }
    if !package.errors.is_empty() {
        let errors: Vec<&str> = package
            .errors
            .iter()
            .map(|error| error.rendered.trim_end())
            .collect();
        return Err(errors.join("\n\n"));
    }
    let runs = found
        .meta
        .kinds
        .iter()
        .any(|kind| matches!(kind, SnippetKind::Run | SnippetKind::Panic));
    let mut executables = Executables::default();
    if runs {
        for bin in &found.bins {
            let path = package.bins.get(bin).ok_or_else(String::new)?;
            executables.bins.push((bin.clone(), path.clone()));
        }
    }
    if found.meta.kinds.contains(&SnippetKind::Test) {
        if package.tests.is_empty() {
            return Err(String::new());
        }
        executables.tests = package.tests;
        executables.tests.sort();
    }
    Ok(Built {
        compiled: Compiled::Executables(executables),
        warnings: package.warnings,
    })
}

/// Environment variables that would change what is compiled.
const UNSET: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
];

fn call(
    work: &Work<'_>,
    crates: &[&SnippetCrate],
    tests: bool,
    packages: &mut BTreeMap<PathBuf, Package>,
) -> Result<(), String> {
    let request = work.request;
    let mut args: Vec<String> = [
        "build",
        "--keep-going",
        "--message-format=json",
        "--profile",
        &request.config.profile,
    ]
    .map(str::to_owned)
    .to_vec();
    // A build writes nothing beside its own folders; only blessing may write the lockfile.
    if request.locked || !request.bless {
        args.push("--locked".to_owned());
    }
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
    let command = Command {
        program: "cargo".into(),
        args,
        folder: request.root.join(&request.config.dir),
        env: vec![
            (
                "CARGO_TARGET_DIR".to_owned(),
                request.target_dir.display().to_string(),
            ),
            ("CARGO_TERM_COLOR".to_owned(), "never".to_owned()),
        ],
        unset_env: UNSET.map(str::to_owned).to_vec(),
        ..Command::default()
    };
    let output = work
        .sys
        .run(&command)
        .map_err(|error| format!("failed to run `cargo`: {error}"))?;
    let mut finished = false;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Ok(message) = serde_json::from_str::<Value>(line) {
            finished |= message["reason"] == "build-finished";
            read_message(&message, packages);
        }
    }
    if finished || output.ending == Ending::Exited(0) {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn read_message(message: &Value, packages: &mut BTreeMap<PathBuf, Package>) {
    let Some(manifest) = message["manifest_path"].as_str() else {
        return;
    };
    let package = packages.entry(PathBuf::from(manifest)).or_default();
    let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
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
