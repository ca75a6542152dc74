//! Compiles and runs the snippet crates and compares what they do with what was reviewed.
//!
//! [`Book`] in, [`VerifiedOutputs`] out. What a snippet did is kept in the memo as it was observed; normalising and
//! comparing are done anew every time, so that a changed expected file or normaliser needs no new run. Where the memo
//! knows everything, neither cargo nor a snippet is started.

pub mod archive;
mod bless;
mod build;
mod compare;
mod inline;
mod inputs;
mod key;
mod normalize;
mod observe;
pub mod proofs;
pub mod record;
mod report;
mod sandbox;
mod toolchain;
mod verify;

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rayon::prelude::*;

use self::build::{Built, Compiled, Executables};
use self::key::Keys;
use self::observe::{Observation, RawRun};
use self::proofs::ProofRecord;
use self::report::Reporter;
use self::sandbox::{Args, Sandbox};
use self::toolchain::Toolchain;
use crate::config::snippet::workspace::{Workspace, join};
use crate::config::{SandboxMode, SnippetsConfig};
use crate::diagnostic::{Code, Diagnostic, Staged, codes};
use crate::event::Event;
use crate::memo::{ContentHash, Memo};
use crate::model::book::Book;
use crate::model::snippet::{Partition, SnippetCrate, SnippetKind, SnippetProof, Status, VerifiedOutputs};
use crate::source::Sources;
use crate::system::jail::Layer;
use crate::system::{FileKind, System};

/// Hash of a snippet's own files, expected outputs left out.
#[must_use]
pub fn source_hash(found: &SnippetCrate, sources: &Sources) -> ContentHash {
    key::source_hash(found, sources)
}

/// A reviewed output as readers see it, without styles; empty where there is none.
#[must_use]
pub fn reviewed(found: &SnippetCrate, sources: &Sources, bin: &str, stream: &str) -> String {
    let text = found.expected_text(&verify::expected_name(found, bin, stream), sources);
    text.map_or_else(String::new, |text| {
        normalize::without_escapes(&compare::shown(text), false)
    })
}

/// The difference of two texts as a unified diff.
#[must_use]
pub fn difference(expected: &str, observed: &str, names: (&str, &str)) -> String {
    compare::diff(expected, observed, names)
}

/// What an execution depends on besides the book.
#[derive(Clone, Copy, Debug)]
pub struct ExecuteRequest<'a> {
    /// The site's root, absolute.
    pub root: &'a Path,
    /// `[snippets]`.
    pub config: &'a SnippetsConfig,
    /// Cargo's target directory, absolute; below `.proofbook/`.
    pub target_dir: &'a Path,
    /// Slugs to run; all if empty.
    pub only: &'a [String],
    /// Which part of them is run; `None` for all.
    pub partition: Option<Partition>,
    /// Whether nothing is run, and recorded proofs stand for runs.
    pub no_run: bool,
    /// Whether the lockfile must be up to date (`--locked`).
    pub locked: bool,
    /// Parallel runs; at least 1.
    pub jobs: usize,
    /// Whether expected files are written instead of compared (`--bless`).
    pub bless: bool,
    /// Whether snippets of which the memo knows nothing are left as [`Status::Running`].
    pub defer: bool,
}

/// Everything that the steps of an execution share.
#[derive(Clone, Copy)]
struct Work<'a> {
    sources: &'a Sources,
    sys: &'a dyn System,
    memo: &'a Memo,
    request: &'a ExecuteRequest<'a>,
    toolchain: &'a Toolchain,
    /// Where runs have their private folders; no other process uses it.
    run_folder: &'a Path,
    /// Cargo's target directory for what is built now.
    target_dir: &'a Path,
}

/// Proves the book's snippets.
pub fn execute(
    book: &Book,
    sources: &Sources,
    sys: &dyn System,
    memo: &Memo,
    request: &ExecuteRequest<'_>,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Staged<VerifiedOutputs> {
    let reporter = Reporter::new(book);
    let mut diagnostics = reporter.unused();
    let selected: Vec<&SnippetCrate> = book
        .snippets
        .values()
        .filter(|found| found.meta.manual.is_none())
        .filter(|found| request.only.is_empty() || request.only.contains(&found.slug))
        .filter(|found| request.partition.is_none_or(|part| part.holds(&found.slug)))
        .collect();
    let toolchain = if selected.is_empty() || request.no_run {
        Toolchain::default()
    } else {
        let workspace = request.root.join(&request.config.dir);
        let folder = request.config.allow_toolchain_file.then_some(workspace.as_path());
        match toolchain::find(sys, memo, request.root, folder) {
            Ok(toolchain) => toolchain,
            Err(why) => {
                diagnostics.push(
                    Diagnostic::new(codes::SNIPPET_BUILD_FAILED, format!("failed to run `rustc`: {why}"))
                        .help("install Rust from https://rustup.rs, or make sure that `rustc` and `cargo` are in PATH"),
                );
                Toolchain::default()
            }
        }
    };
    // Who runs nothing needs no folder, and must not take it from a build beside it that does.
    let (run_folder, _slot) = if request.defer || request.no_run {
        (PathBuf::new(), None)
    } else {
        run_folder(sys, request)
    };
    let work = Work {
        sources,
        sys,
        memo,
        request,
        toolchain: &toolchain,
        run_folder: &run_folder,
        target_dir: request.target_dir,
    };
    let mut outputs = VerifiedOutputs {
        rustc: toolchain.release.clone(),
        ..VerifiedOutputs::default()
    };
    let keys = Keys::new(&work);
    // What is known of each before anything ran: all but how it ends.
    let mut blanks: BTreeMap<&str, SnippetProof> = BTreeMap::new();
    for found in book.snippets.values() {
        blanks.insert(&found.slug, work.blank(found, &keys));
    }
    let blank = |found: &SnippetCrate, status| SnippetProof {
        status,
        ..blanks[found.slug.as_str()].clone()
    };
    for found in book.snippets.values() {
        let status = match &found.meta.manual {
            Some(reason) => Status::Manual(reason.clone()),
            None => Status::Stale("it was not selected".to_owned()),
        };
        outputs.snippets.insert(found.slug.clone(), blank(found, status));
    }
    if request.no_run {
        let file = sources.by_path(&work.in_workspace(record::FILE));
        let record = match file.map(|file| ProofRecord::parse(&file.bytes)) {
            Some(Ok(record)) => Some(record),
            Some(Err(error)) => {
                diagnostics.push(
                    Diagnostic::new(
                        codes::CONFIG_INVALID_VALUE,
                        format!("the record of proofs cannot be read: {error}"),
                    )
                    .in_file(work.in_workspace(record::FILE))
                    .help("make it anew with `proofbook test --record`"),
                );
                None
            }
            None => None,
        };
        for found in selected {
            let stale = blank(found, Status::Failed);
            let proof = record::proof(&work, found, record.as_ref(), stale);
            outputs.snippets.insert(found.slug.clone(), proof);
        }
        let proofs = outputs.snippets.values().filter(|proof| proof.recorded);
        outputs.rustc = proofs
            .clone()
            .map(|proof| proof.rustc.clone())
            .next()
            .unwrap_or_default();
        outputs.sandbox = common(proofs.map(|proof| proof.sandbox.as_slice()));
        return Staged::new(outputs, diagnostics);
    }
    let refused = if selected.is_empty() {
        Vec::new()
    } else {
        toolchain::refused(&work)
    };
    let is_refused = !refused.is_empty();
    diagnostics.extend(refused);
    if toolchain.release.is_empty() || is_refused {
        for found in selected {
            outputs
                .snippets
                .insert(found.slug.clone(), blank(found, Status::Failed));
        }
        return Staged::new(outputs, diagnostics);
    }
    let seen = work.observe(&selected, &keys, &blanks, &reporter, &mut diagnostics, emit);
    let Seen {
        observed,
        cached,
        without,
    } = seen;
    outputs.cached = cached.len();
    let mut accepted = Vec::new();
    let layers: Vec<Vec<String>> = observed
        .values()
        .map(|seen| seen.layers.iter().map(ToString::to_string).collect())
        .collect();
    outputs.sandbox = common(layers.iter().map(Vec::as_slice));
    for found in selected {
        let Some(observation) = observed.get(&found.slug) else {
            if request.defer {
                outputs
                    .snippets
                    .insert(found.slug.clone(), blank(found, Status::Running));
                continue;
            }
            // Why was told already.
            let mut proof = blank(found, Status::Failed);
            let code = without.get(&found.slug).copied();
            proof.failure = Some(code.unwrap_or(codes::SNIPPET_BUILD_FAILED).as_str());
            outputs.snippets.insert(found.slug.clone(), proof);
            continue;
        };
        let mut proof = blank(found, Status::Failed);
        let blessed = verify::verify(&work, found, observation, &reporter, &mut proof);
        if let Some(output) = blessed.collect(&mut diagnostics) {
            accepted.push((found, output));
        }
        emit(Event::SnippetFinished {
            slug: found.slug.clone(),
            verified: proof.status == Status::Verified,
            cached: cached.contains(&found.slug),
        });
        outputs.snippets.insert(found.slug.clone(), proof);
    }
    diagnostics.extend(bless::write(&work, &accepted));
    Staged::new(outputs, diagnostics)
}

/// The layers that all have.
fn common<'a>(mut all: impl Iterator<Item = &'a [String]>) -> Vec<String> {
    let mut layers = all.next().map(<[String]>::to_vec).unwrap_or_default();
    for other in all {
        layers.retain(|layer| other.contains(layer));
    }
    layers
}

/// What was seen of the selected snippets.
struct Seen {
    observed: BTreeMap<String, Observation>,
    /// Slugs that the memo knew.
    cached: Vec<String>,
    /// Codes of what was told of those that are missing, where it is not that they do not compile.
    without: BTreeMap<String, Code>,
}

/// The first folder `run/<n>` beside the target directory that no other process holds, and the lock on it. The number
/// repeats from build to build, so that a program which prints its folder prints the same.
fn run_folder(sys: &dyn System, request: &ExecuteRequest<'_>) -> (PathBuf, Option<Box<dyn Any + Send>>) {
    let all = request.target_dir.with_file_name("run");
    for number in 0..64 {
        if let Ok(Some(lock)) = sys.lock(&all.join(format!("{number}.lock"))) {
            return (all.join(number.to_string()), Some(lock));
        }
    }
    // A file system without locks: the process's number is not taken twice either.
    (all.join(format!("p{}", sys.process_id())), None)
}

impl Work<'_> {
    /// A path from the site's root of a path from the workspace's folder.
    fn in_workspace(&self, path: &str) -> String {
        join(&self.request.config.dir, path)
    }

    /// The folder of the snippets workspace, absolute.
    fn workspace_folder(&self) -> PathBuf {
        self.request.root.join(&self.request.config.dir)
    }

    /// The workspace's manifest.
    fn workspace(&self) -> Workspace {
        let manifest = self.sources.by_path(&self.in_workspace("Cargo.toml"));
        Workspace::new(manifest.map_or("", |manifest| &manifest.text))
    }

    /// A proof that proves nothing yet.
    fn blank(&self, found: &SnippetCrate, keys: &Keys<'_>) -> SnippetProof {
        SnippetProof {
            status: Status::Failed,
            source_hash: key::source_hash(found, self.sources),
            lock_hash: keys.lock_hash,
            inputs_hash: keys.of_inputs(found),
            outside: Vec::new(),
            recorded: false,
            observed_hash: None,
            command: report::command(found, &self.request.config.profile),
            target: self.toolchain.host.clone(),
            profile: self.request.config.profile.clone(),
            rustc: self.toolchain.release.clone(),
            sandbox: Vec::new(),
            runs: Vec::new(),
            tests: None,
            refusal: None,
            warnings: Vec::new(),
            failure: None,
            differences: Vec::new(),
        }
    }

    /// What every selected snippet did: from the memo, else by compiling and running it now.
    fn observe(
        &self,
        selected: &[&SnippetCrate],
        keys: &Keys<'_>,
        blanks: &BTreeMap<&str, SnippetProof>,
        reporter: &Reporter<'_>,
        diagnostics: &mut Vec<Diagnostic>,
        emit: &mut (dyn FnMut(Event) + Send),
    ) -> Seen {
        let mut seen = Seen {
            observed: BTreeMap::new(),
            cached: Vec::new(),
            without: BTreeMap::new(),
        };
        let mut missing: Vec<(&SnippetCrate, ContentHash)> = Vec::new();
        for found in selected {
            let key = keys.of_run(found, blanks[found.slug.as_str()].inputs_hash);
            let known = self.memo.bytes(self.sys, "run", key);
            let known = known
                .and_then(|bytes| Observation::decode(&bytes))
                .filter(|known| self.still_holds(known));
            match known {
                Some(observation) => {
                    seen.observed.insert(found.slug.clone(), observation);
                    seen.cached.push(found.slug.clone());
                }
                None => missing.push((found, key)),
            }
        }
        if missing.is_empty() || self.request.defer {
            return seen;
        }
        let sandbox = match Sandbox::prepare(self) {
            Ok(sandbox) => sandbox,
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                let refused = missing
                    .iter()
                    .map(|(found, _)| (found.slug.clone(), codes::SNIPPET_SANDBOX));
                seen.without.extend(refused);
                return seen;
            }
        };
        let links = self.links();
        if !links.is_empty() {
            diagnostics.extend(links);
            let refused = missing
                .iter()
                .map(|(found, _)| (found.slug.clone(), codes::SNIPPET_SANDBOX));
            seen.without.extend(refused);
            return seen;
        }
        emit(Event::SandboxReady {
            layers: sandbox.layers().working.iter().map(ToString::to_string).collect(),
            missing: sandbox.layers().missing.clone(),
        });
        missing.retain(|(found, _)| match sandbox.lacks_for(self, found) {
            None => true,
            Some(why) => {
                let what = format!("`{}` cannot be run here: {why}", found.slug);
                diagnostics.push(
                    reporter
                        .about(found, codes::SNIPPET_SANDBOX, what)
                        .help("allow user namespaces on this system, or take `network` out of its metadata"),
                );
                seen.without.insert(found.slug.clone(), codes::SNIPPET_SANDBOX);
                false
            }
        });
        let (inline, crates): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|(found, _)| found.inline.is_some());
        let workspace = self.workspace();
        let (apart, together): (Vec<_>, Vec<_>) = crates
            .into_iter()
            .partition(|(found, _)| build::is_apart(self, &inputs::closure(self, found, &workspace)));
        let shared = self.request.target_dir;
        let mut batches: Vec<(PathBuf, Vec<_>)> = build::batches(together)
            .into_iter()
            .map(|batch| (shared.to_owned(), batch))
            .collect();
        for (found, key) in apart {
            let own = shared.with_file_name("apart").join(&found.slug).join("target");
            batches.push((own, vec![(found, key)]));
        }
        if !inline.is_empty() {
            batches.push((shared.to_owned(), inline));
        }
        for (target_dir, batch) in batches {
            let work = Work {
                target_dir: &target_dir,
                ..*self
            };
            emit(Event::BuildStarted {
                snippets: batch.len(),
            });
            let crates: Vec<&SnippetCrate> = batch.iter().map(|(found, _)| *found).collect();
            let built = if crates.iter().any(|found| found.inline.is_some()) {
                inline::build(&work, &sandbox, &crates, reporter, diagnostics)
            } else {
                build::build(&work, &sandbox, &crates, reporter, diagnostics)
            };
            let emit = Mutex::new(&mut *emit);
            let tell = |event| {
                if let Ok(mut emit) = emit.lock() {
                    emit(event);
                }
            };
            let run_all = || -> Vec<(&SnippetCrate, ContentHash, Staged<Option<Observation>>)> {
                batch
                    .par_iter()
                    .filter_map(|(found, key)| {
                        let built = built.get(&found.slug)?;
                        tell(Event::SnippetCompiled {
                            slug: found.slug.clone(),
                        });
                        tell(Event::SnippetStarted {
                            slug: found.slug.clone(),
                        });
                        Some((*found, *key, self.run(found, built, &sandbox, reporter)))
                    })
                    .collect()
            };
            // `jobs` may ask for fewer runs at once than there are threads.
            let pool = rayon::ThreadPoolBuilder::new().num_threads(self.request.jobs);
            let fresh = match pool.build() {
                Ok(pool) if self.request.jobs != rayon::current_num_threads() => pool.install(run_all),
                _ => run_all(),
            };
            for (found, key, mut staged) in fresh {
                if let Some(observation) = staged.value.take() {
                    if observation.is_lasting() && staged.diagnostics.is_empty() {
                        self.memo.store_bytes(self.sys, "run", key, &observation.encode());
                    }
                    seen.observed.insert(found.slug.clone(), observation);
                } else if let Some(first) = staged.diagnostics.first() {
                    seen.without.insert(found.slug.clone(), first.code);
                }
                diagnostics.append(&mut staged.diagnostics);
            }
        }
        seen
    }

    /// Links among the snippets: what they lead to would be read and compiled as if it were the site's.
    fn links(&self) -> Vec<Diagnostic> {
        let skip = |path: &Path| path.file_name().is_some_and(|name| name == "target");
        let entries = self.sys.walk(&self.workspace_folder(), &skip).unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry.kind == FileKind::Link)
            .map(|entry| {
                let path = entry.path.strip_prefix(self.request.root).unwrap_or(&entry.path);
                let path = path.to_string_lossy().into_owned();
                Diagnostic::new(
                    codes::SNIPPET_SANDBOX,
                    format!("`{path}` is a symbolic link, so that nothing is built"),
                )
                .in_file(path)
                .help("put the file itself there: a link may lead out of the site, and builds would read what it leads to")
            })
            .collect()
    }

    /// Whether a remembered observation may stand for a run of today.
    fn still_holds(&self, known: &Observation) -> bool {
        let safe = sandbox::mode(self) != SandboxMode::Required
            || sandbox::NEEDED.iter().all(|layer| known.layers.contains(layer));
        let unchanged = || {
            known
                .outside
                .iter()
                .all(|file| file.is_unchanged(self.request.root, self.sys))
        };
        safe && unchanged()
    }

    /// Runs what was built of a snippet; `None` where two runs differ.
    fn run(
        &self,
        found: &SnippetCrate,
        built: &Built,
        sandbox: &Sandbox,
        reporter: &Reporter<'_>,
    ) -> Staged<Option<Observation>> {
        let mut observation = Observation {
            warnings: built.warnings.clone(),
            outside: built.outside.clone(),
            root: self.request.root.display().to_string(),
            private: (0..self.request.config.determinism_runs.max(1))
                .map(|round| sandbox::private_folder(self, found, round).display().to_string())
                .collect(),
            layers: built.layers.clone(),
            ..Observation::default()
        };
        let compiled = match &built.compiled {
            Compiled::Refused(errors) => {
                observation.refusal = Some(errors.clone());
                return Staged::new(Some(observation), Vec::new());
            }
            Compiled::Executables(compiled) => compiled,
        };
        if found.meta.kinds == [SnippetKind::CompileFail] {
            observation.compiled_after_all = true;
            return Staged::new(Some(observation), Vec::new());
        }
        // At once, where there is a processor to spare: the rounds meet other neighbours as well.
        let rounds: Vec<Result<Round, Diagnostic>> = (0..self.request.config.determinism_runs.max(1))
            .into_par_iter()
            .map(|round| self.round(found, compiled, sandbox, reporter, round))
            .collect();
        let mut rounds = rounds.into_iter();
        match rounds.next() {
            Some(Ok(first)) => {
                observation.runs = first.runs;
                observation.tests = first.tests;
            }
            Some(Err(diagnostic)) => return Staged::new(None, vec![diagnostic]),
            None => {}
        }
        for run in observation.runs.iter().chain(&observation.tests) {
            observation.layers.retain(|layer| run.layers.contains(layer));
            // Compilers need no namespaces: they are named for runs that had them.
            if run.layers.contains(&Layer::Namespaces) && !observation.layers.contains(&Layer::Namespaces) {
                observation.layers.push(Layer::Namespaces);
            }
        }
        // A run that was stopped is told as such; that another one went otherwise says nothing more.
        if !observation.is_lasting() {
            return Staged::new(Some(observation), Vec::new());
        }
        for round in rounds {
            let told = match round {
                Ok(round) => {
                    let other = Observation {
                        runs: round.runs,
                        tests: round.tests,
                        ..Observation::default()
                    };
                    verify::not_repeatable(self, found, &observation, &other, reporter)
                }
                Err(diagnostic) => Some(diagnostic),
            };
            if let Some(diagnostic) = told {
                return Staged::new(None, vec![diagnostic]);
            }
        }
        Staged::new(Some(observation), Vec::new())
    }

    /// Runs all programs of a snippet once.
    fn round(
        &self,
        found: &SnippetCrate,
        compiled: &Executables,
        sandbox: &Sandbox,
        reporter: &Reporter<'_>,
        round: u32,
    ) -> Result<Round, Diagnostic> {
        let mut done = Round::default();
        for (bin, path) in &compiled.bins {
            let run = sandbox::run(self, sandbox, found, path, &Args::Binary(&compiled.args), round);
            let run = run.map_err(|error| reporter.environment(found, path, &error))?;
            done.runs.push(run.named(bin));
        }
        for (name, path) in &compiled.tests {
            let run = sandbox::run(self, sandbox, found, path, &Args::Harness, round);
            let run = run.map_err(|error| reporter.environment(found, path, &error))?;
            done.tests.push(run.named(name));
        }
        Ok(done)
    }
}

/// What the programs of a snippet did in one round.
#[derive(Default)]
struct Round {
    runs: Vec<RawRun>,
    tests: Vec<RawRun>,
}
