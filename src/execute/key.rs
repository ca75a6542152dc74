//! What a run depends on, as hashes. The table in `ARCHITECTURE.md` lists it.

use super::{Work, build, inline, inputs, sandbox, toolchain};
use crate::config::SandboxMode;
use crate::config::snippet::is_expected;
use crate::config::snippet::workspace::{Lockfile, Workspace};
use crate::memo::ContentHash;
use crate::model::snippet::SnippetCrate;
use crate::source::Sources;

/// Changes with the way in which snippets are built, run or recorded.
const RUNNER_VERSION: &str = "4";

/// Hash of the crate's own files, expected outputs left out.
pub(super) fn source_hash(found: &SnippetCrate, sources: &Sources) -> ContentHash {
    if let Some(block) = &found.inline {
        return inline::source_hash(found, block);
    }
    let mut hash = ContentHash::fields();
    for (path, file) in &found.files {
        hash.add(path);
        hash.add(&sources.get(*file).bytes);
    }
    hash.finish()
}

/// What all keys share, read once.
pub(super) struct Keys<'a> {
    work: &'a Work<'a>,
    workspace: Workspace,
    lockfile: Lockfile,
    /// Of the lockfile.
    pub(super) lock_hash: ContentHash,
    /// Of what decides for all snippets alike.
    common: ContentHash,
}

impl<'a> Keys<'a> {
    pub(super) fn new(work: &'a Work<'a>) -> Self {
        let config = work.request.config;
        let mut common = ContentHash::fields()
            .field(RUNNER_VERSION)
            .field(&work.toolchain.verbose)
            .field(&config.profile);
        for (path, bytes) in toolchain::allowed_files(work) {
            common.add(path);
            common.add(bytes);
        }
        let lock = work.sources.by_path(&work.in_workspace("Cargo.lock"));
        Self {
            work,
            workspace: work.workspace(),
            lockfile: Lockfile::new(lock.map_or("", |lock| &lock.text)),
            lock_hash: ContentHash::of(lock.map_or(&[][..], |lock| &lock.bytes)),
            common: common.finish(),
        }
    }

    /// Of everything that a build depends on besides the compiler. Of the lockfile and the workspace's manifest only the
    /// parts that the crate needs are in it, so that a new crate beside it changes nothing.
    pub(super) fn of_inputs(&self, found: &SnippetCrate) -> ContentHash {
        let work = self.work;
        let mut hash = ContentHash::fields().field("inputs 1");
        if let Some(block) = &found.inline {
            let inherited = block.dependencies.iter().cloned().collect();
            hash.add(inline::source_hash(found, block).as_bytes());
            hash.add(self.workspace.part(&inherited));
            if !block.dependencies.is_empty() {
                hash.add(self.lock_hash.as_bytes());
            }
            hash.add(format!("{:?}", (&found.meta.kinds, &found.meta.error_codes)));
            return hash.finish();
        }
        let closure = inputs::closure(work, found, &self.workspace);
        for (path, file) in inputs::covered(work, &closure) {
            // From the workspace's folder, so that a workspace elsewhere gives the same.
            let path = path.strip_prefix(work.workspace_folder()).unwrap_or(&path);
            hash.add(path.to_string_lossy().as_bytes());
            hash.add(file.as_bytes());
        }
        if build::is_apart(work, &closure) {
            // Code that runs at build time may read any file of the workspace.
            for source in work.sources.under(&work.request.config.dir) {
                let name = source.name();
                // What builds and reviews write would make the record a part of itself.
                if name == super::record::FILE || is_expected(name) {
                    continue;
                }
                hash.add(&source.path);
                hash.add(&source.bytes);
            }
        }
        hash.add(self.workspace.part(&closure.inherited));
        for (name, entry) in self.lockfile.part(&found.package) {
            hash.add(name);
            hash.add(entry);
        }
        let meta = &found.meta;
        hash.add(format!(
            "{:?}",
            (&meta.kinds, &meta.args, &meta.env, &meta.stdin, &found.bins)
        ));
        hash.finish()
    }

    /// The key of a run.
    pub(super) fn of_run(&self, found: &SnippetCrate, inputs: ContentHash) -> ContentHash {
        let work = self.work;
        let config = work.request.config;
        let meta = &found.meta;
        let mut hash = ContentHash::fields()
            .field(self.common.as_bytes())
            .field(inputs.as_bytes());
        hash.add(format!(
            "{:?}",
            (
                meta.timeout.unwrap_or(config.timeout),
                config.max_output,
                config.determinism_runs
            )
        ));
        hash.add(format!(
            "{:?}",
            (
                meta.memory.unwrap_or(config.memory),
                meta.max_processes.unwrap_or(config.max_processes),
                config.max_files,
                config.max_disk,
                sandbox::network(work, found),
                sandbox::mode(work) == SandboxMode::Off
            )
        ));
        hash.finish()
    }
}
