//! Re-proves a published site: from its `proofs.json`, the sources beside it, and what its pages show.
//!
//! A site's folder in, a [`Report`] out. Nothing of the site is believed: hashes are computed again, every archive is
//! compiled and run again, and each receipt on a page is compared with the reviewed output in the archive.

mod receipts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::book::{Surroundings, read};
use crate::config::snippet::read_crate;
use crate::config::{Config, SandboxMode};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;
use crate::event::Event;
use crate::execute::archive::{FOLDER, block, unpacked};
use crate::execute::proofs::{ProofItem, ProofRecord};
use crate::execute::{self, ExecuteRequest};
use crate::memo::Memo;
use crate::model::book::Book;
use crate::model::snippet::archive_path;
use crate::source::Sources;
use crate::system::{FileKind, System};

/// What to verify.
#[derive(Clone, Debug)]
pub struct VerifyRequest<'a> {
    /// The published site.
    pub site: &'a Path,
    /// A folder that does not exist yet, in which the archives are built; it is removed afterwards.
    pub scratch: &'a Path,
    /// Parallel runs; at least 1.
    pub jobs: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One per snippet of `proofs.json`, by slug.
    pub snippets: BTreeMap<String, Outcome>,
    /// Faults of pages that belong to no snippet of `proofs.json`.
    pub strays: Vec<String>,
    /// Compiler that the site was proven with, and the one here.
    pub rustc: (String, String),
}

/// What came of one snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sources, reviewed output, record and pages agree, and a run here gives the same.
    Holds {
        /// Receipts on pages.
        receipts: usize,
    },
    /// Something does not agree: each fault in a sentence.
    Broken(Vec<String>),
    /// The site does not claim that it was verified; why.
    Unclaimed(String),
}

impl Report {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.strays.is_empty()
            && !self
                .snippets
                .values()
                .any(|outcome| matches!(outcome, Outcome::Broken(_)))
    }
}

/// The longest that a run may take, and the most that it may write, whatever its archive says.
const LONGEST: Duration = Duration::from_mins(1);
const LARGEST: usize = 1 << 20;

/// The most bytes that the files of one archive may have together.
const MOST: u64 = 64 << 20;

/// Verifies a site.
///
/// # Errors
/// If there is no published site, or the environment fails.
pub fn verify(
    sys: &dyn System,
    request: &VerifyRequest<'_>,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Result<Report, Error> {
    let path = request.site.join("proofs.json");
    let bytes = sys.read(&path).map_err(Error::io("read", &path))?;
    let record =
        ProofRecord::parse(&bytes).map_err(|error| Error::io("read", &path)(std::io::Error::other(error)))?;
    let done = all(sys, request, &record, emit);
    sys.remove_dir_all(request.scratch)
        .map_err(Error::io("remove", request.scratch))?;
    done
}

fn all(
    sys: &dyn System,
    request: &VerifyRequest<'_>,
    record: &ProofRecord,
    emit: &mut (dyn FnMut(Event) + Send),
) -> Result<Report, Error> {
    let mut report = Report::default();
    report.rustc.0.clone_from(&record.rustc);
    let mut archives = BTreeMap::new();
    for (slug, item) in &record.snippets {
        if item.status != "verified" {
            let why = item.reason.clone().unwrap_or_else(|| item.status.clone());
            report.snippets.insert(slug.clone(), Outcome::Unclaimed(why));
            continue;
        }
        let mut faults = Vec::new();
        if let Some(archive) = Archive::read(sys, request.site, slug, item.inline, &mut faults) {
            archive.check(item, &mut faults);
            let rustc = archive.run(sys, request, item, emit, &mut faults)?;
            if report.rustc.1.is_empty() {
                report.rustc.1 = rustc;
            }
            archives.insert(slug.clone(), archive);
        }
        let outcome = if faults.is_empty() {
            Outcome::Holds { receipts: 0 }
        } else {
            Outcome::Broken(faults)
        };
        report.snippets.insert(slug.clone(), outcome);
    }
    pages(sys, request.site, record, &archives, &mut report)?;
    Ok(report)
}

/// The sources of one snippet.
struct Archive {
    slug: String,
    files: BTreeMap<String, Vec<u8>>,
    sources: Sources,
    config: Config,
    book: Book,
}

impl Archive {
    fn read(
        sys: &dyn System,
        site: &Path,
        slug: &str,
        inline: bool,
        faults: &mut Vec<String>,
    ) -> Option<Self> {
        let Some(name) = archive_path(slug, inline) else {
            faults.push("its sources can have no address".to_owned());
            return None;
        };
        let bytes = match sys.read(&site.join(name.as_str())) {
            Ok(bytes) => bytes,
            Err(error) => {
                faults.push(format!("its sources cannot be read: `{name}`: {error}"));
                return None;
            }
        };
        let files = match unpacked(&bytes, MOST) {
            Ok(files) => files,
            Err(error) => {
                faults.push(format!("its sources cannot be unpacked: `{name}`: {error}"));
                return None;
            }
        };
        let sources = Sources::new(files.iter().map(|(path, bytes)| (path.clone(), bytes.clone())));
        let mut config = read(&sources, &Surroundings::default()).value;
        FOLDER.clone_into(&mut config.snippets.dir);
        // Whoever published it does not decide what it may do here, or for how long.
        let ours = Config::default().snippets;
        config.snippets.sandbox = Some(SandboxMode::Required);
        config.snippets.timeout = config.snippets.timeout.min(LONGEST);
        config.snippets.memory = config.snippets.memory.min(ours.memory);
        config.snippets.max_output = config.snippets.max_output.min(LARGEST);
        config.snippets.max_processes = ours.max_processes;
        config.snippets.max_files = config.snippets.max_files.min(ours.max_files);
        config.snippets.max_disk = config.snippets.max_disk.min(ours.max_disk);
        config.snippets.determinism_runs = ours.determinism_runs;
        config.snippets.allow_toolchain_file = false;
        config.snippets.allow_cargo_config = false;
        let mut book = Book::default();
        let folder = format!("{FOLDER}/{slug}");
        let workspace = sources.by_path(&format!("{FOLDER}/Cargo.toml"));
        let found = if inline {
            block(slug, &sources)
        } else {
            read_crate(slug, &folder, &sources, workspace).map(|staged| staged.value)
        };
        let Some(mut found) = found else {
            faults.push(format!("`{name}` holds no snippet `{slug}`"));
            return None;
        };
        let meta = &mut found.meta;
        meta.timeout = meta.timeout.map(|limit| limit.min(LONGEST));
        meta.memory = meta.memory.map(|limit| limit.min(2 << 30));
        meta.max_processes = meta.max_processes.map(|limit| limit.min(64));
        book.snippets.insert(slug.to_owned(), found);
        Some(Self {
            slug: slug.to_owned(),
            files,
            sources,
            config,
            book,
        })
    }

    /// Whether the archive is what the record says.
    fn check(&self, item: &ProofItem, faults: &mut Vec<String>) {
        let Some(found) = self.book.snippets.get(&self.slug) else {
            return;
        };
        if execute::source_hash(found, &self.sources).hex() != item.source_hash {
            faults.push("its sources are not those that were proven".to_owned());
        }
        let now = found.expected_hashes(&self.sources);
        for (name, hash) in &item.expected {
            if now.get(name) != Some(hash) {
                faults.push(format!(
                    "its reviewed output `{name}` is not the one that was proven"
                ));
            }
        }
        if let Some(name) = now.keys().find(|name| !item.expected.contains_key(*name)) {
            faults.push(format!(
                "its reviewed output `{name}` was added after it was proven"
            ));
        }
    }

    /// Compiles and runs it again; the compiler's version.
    fn run(
        &self,
        sys: &dyn System,
        request: &VerifyRequest<'_>,
        item: &ProofItem,
        emit: &mut (dyn FnMut(Event) + Send),
        faults: &mut Vec<String>,
    ) -> Result<String, Error> {
        let root = request.scratch.join("site");
        sys.remove_dir_all(&root).map_err(Error::io("remove", &root))?;
        for (path, bytes) in &self.files {
            let path = root.join(path);
            sys.write(&path, bytes).map_err(Error::io("write", &path))?;
        }
        let target_dir = request.scratch.join("build/target");
        let execution = ExecuteRequest {
            root: &root,
            config: &self.config.snippets,
            target_dir: &target_dir,
            only: &[],
            partition: None,
            no_run: false,
            locked: true,
            jobs: request.jobs,
            bless: false,
            defer: false,
        };
        let memo = Memo::in_memory();
        let staged = execute::execute(&self.book, &self.sources, sys, &memo, &execution, emit);
        let errors = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
        for diagnostic in staged.diagnostics.iter().filter(errors) {
            let detail = diagnostic.detail.as_deref().unwrap_or_default();
            faults.push(format!("{}\n{detail}", diagnostic.message).trim_end().to_owned());
        }
        let again = ProofRecord::new(&staged.value, &self.book, &self.sources);
        let again = again.snippets.get(&self.slug);
        if faults.is_empty() {
            match again {
                Some(again) if again.status == "verified" => {
                    let claims = |item: &ProofItem| {
                        (
                            item.kind.clone(),
                            item.exit_codes.clone(),
                            item.tests_passed,
                            item.codes.clone(),
                        )
                    };
                    if claims(again) != claims(item) {
                        faults.push("a run here ends otherwise than the record says".to_owned());
                    }
                }
                _ => faults.push("it cannot be run, so that nothing is proven".to_owned()),
            }
        }
        Ok(staged.value.rustc)
    }
}

/// Compares every receipt of every page with what was reviewed.
fn pages(
    sys: &dyn System,
    site: &Path,
    record: &ProofRecord,
    archives: &BTreeMap<String, Archive>,
    report: &mut Report,
) -> Result<(), Error> {
    let entries = sys.walk(site, &|_| false).map_err(Error::io("list", site))?;
    let pages = entries
        .into_iter()
        .filter(|entry| entry.kind == FileKind::File)
        .map(|entry| entry.path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"));
    for path in pages {
        let bytes = sys.read(&path).map_err(Error::io("read", &path))?;
        let name = PathBuf::from(path.strip_prefix(site).unwrap_or(&path));
        for receipt in receipts::of_page(&String::from_utf8_lossy(&bytes)) {
            let mut faults: Vec<String> = Vec::new();
            match (
                record.snippets.get(&receipt.snippet),
                archives.get(&receipt.snippet),
            ) {
                (None, _) => report.strays.push(format!(
                    "`{}` shows a snippet `{}`, of which proofs.json knows nothing",
                    name.display(),
                    receipt.snippet
                )),
                (Some(item), archive) => {
                    let found = archive.and_then(|archive| {
                        Some((archive.book.snippets.get(&receipt.snippet)?, &archive.sources))
                    });
                    receipt.check(item, found, &mut faults);
                }
            }
            let outcome = report.snippets.get_mut(&receipt.snippet);
            match outcome {
                Some(Outcome::Holds { receipts }) if faults.is_empty() => *receipts += 1,
                Some(outcome) if !faults.is_empty() => {
                    let new = faults
                        .into_iter()
                        .map(|fault| format!("`{}`: {fault}", name.display()));
                    if let Outcome::Broken(all) = outcome {
                        all.extend(new);
                    } else {
                        *outcome = Outcome::Broken(new.collect());
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
