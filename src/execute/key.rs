//! What a run depends on, as hashes. The table in `ARCHITECTURE.md` lists it.

use super::{Work, inputs};
use crate::config::snippet::workspace::Lockfile;
use crate::memo::ContentHash;
use crate::model::snippet::SnippetCrate;
use crate::source::Sources;

/// Changes with the way in which snippets are built, run or recorded.
const RUNNER_VERSION: &str = "2";

/// Hash of the crate's own files, expected outputs left out.
pub(super) fn source_hash(found: &SnippetCrate, sources: &Sources) -> ContentHash {
    let mut hash = ContentHash::fields();
    for (path, file) in &found.files {
        hash.add(path);
        hash.add(&sources.get(*file).bytes);
    }
    hash.finish()
}

/// Hash of the workspace's lockfile.
pub(super) fn lock_hash(sources: &Sources, dir: &str) -> ContentHash {
    let lock = sources.by_path(&format!("{dir}/Cargo.lock"));
    ContentHash::of(lock.map_or(&[][..], |lock| &lock.bytes))
}

/// The key of a run. Of the lockfile and the workspace's manifest only the parts that the crate needs are in it, so that
/// a new crate beside it changes nothing.
pub(super) fn run_key(found: &SnippetCrate, work: &Work<'_>) -> ContentHash {
    let config = work.request.config;
    let dir = config.dir.as_str();
    let text = |path: &str| {
        work.sources
            .by_path(path)
            .map(|file| file.text.to_string())
            .unwrap_or_default()
    };
    let mut hash = ContentHash::fields()
        .field(RUNNER_VERSION)
        .field(&work.toolchain.verbose)
        .field(&config.profile)
        .field(source_hash(found, work.sources).as_bytes());
    let workspace = work.workspace();
    let closure = inputs::closure(work, found, &workspace);
    for (path, file) in inputs::covered(work, &closure) {
        hash.add(
            path.strip_prefix(work.request.root)
                .unwrap_or(&path)
                .to_string_lossy()
                .as_bytes(),
        );
        hash.add(file.as_bytes());
    }
    hash.add(workspace.part(&closure.inherited));
    for (name, entry) in Lockfile::new(&text(&format!("{dir}/Cargo.lock"))).part(&found.package) {
        hash.add(name);
        hash.add(entry);
    }
    let meta = &found.meta;
    hash.add(format!(
        "{:?}",
        (&meta.kinds, &meta.args, &meta.env, &meta.stdin, &found.bins)
    ));
    hash.add(format!(
        "{:?}",
        (
            meta.timeout.unwrap_or(config.timeout),
            config.max_output,
            config.determinism_runs
        )
    ));
    hash.finish()
}
