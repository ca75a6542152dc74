//! What a snippet is built from: the files that its key covers, and those that the compiler read besides.
//!
//! A key can only hold what is known before the compiler runs. `include_str!("../../shared.txt")` and a build script's
//! `rerun-if-changed` name files that only the build knows; cargo and rustc write their names down, and an observation is
//! good for as long as those files are what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Work;
use crate::config::snippet::is_expected;
use crate::config::snippet::workspace::Workspace;
use crate::memo::ContentHash;
use crate::model::snippet::SnippetCrate;
use crate::system::{FileKind, System};

/// The crates that a snippet is built from: its own and every path dependency's.
#[derive(Debug)]
pub(super) struct Closure {
    /// The folders, from the workspace's folder; the snippet's own is among them.
    pub(super) folders: BTreeSet<String>,
    /// Names taken from `[workspace.dependencies]`.
    pub(super) inherited: BTreeSet<String>,
}

/// Follows the path dependencies of a snippet.
pub(super) fn closure(work: &Work<'_>, found: &SnippetCrate, workspace: &Workspace) -> Closure {
    closure_of(&found.slug, workspace, &|folder| manifest(work, folder))
}

/// The manifest in a folder of the workspace, or beside it.
pub(super) fn manifest(work: &Work<'_>, folder: &str) -> Option<String> {
    let name = work.in_workspace(&format!("{folder}/Cargo.toml"));
    if let Some(source) = work.sources.by_path(&name) {
        return Some(source.text.to_string());
    }
    // A dependency beside the workspace is not among the sources.
    let bytes = work
        .sys
        .read(&plain_folder(work, folder)?.join("Cargo.toml"))
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where a folder of a closure lies, if that is in the site and no symbolic link leads there: builds may read what it names.
fn plain_folder(work: &Work<'_>, folder: &str) -> Option<PathBuf> {
    let root = work.request.root;
    let path = normal(&work.workspace_folder().join(folder));
    let plain = path.starts_with(root)
        && path
            .ancestors()
            .take_while(|part| part != &root)
            .all(|part| work.sys.kind(part) != Some(FileKind::Link));
    plain.then_some(path)
}

/// Path dependencies of all members that lie beside the workspace: cargo reads the manifests of every member, whichever is
/// built.
pub(super) fn beside(work: &Work<'_>, workspace: &Workspace) -> Vec<PathBuf> {
    let dir = work.request.config.dir.as_str();
    let members: BTreeSet<&str> = work
        .sources
        .under(dir)
        .filter_map(|source| source.path.get(dir.len() + 1..)?.strip_suffix("/Cargo.toml"))
        .collect();
    let folders: BTreeSet<String> = members
        .iter()
        .flat_map(|member| closure_of(member, workspace, &|folder| manifest(work, folder)).folders)
        .collect();
    folders
        .iter()
        .filter_map(|folder| plain_folder(work, folder))
        .filter(|path| !path.starts_with(work.workspace_folder()))
        .collect()
}

/// The same for manifests that `manifest` reads by their folders.
pub(super) fn closure_of(
    slug: &str,
    workspace: &Workspace,
    manifest: &dyn Fn(&str) -> Option<String>,
) -> Closure {
    let mut closure = Closure {
        folders: BTreeSet::new(),
        inherited: BTreeSet::new(),
    };
    let mut open = vec![slug.to_owned()];
    while let Some(folder) = open.pop() {
        if !closure.folders.insert(folder.clone()) {
            continue;
        }
        let needs = workspace.dependencies(&folder, &manifest(&folder).unwrap_or_default());
        closure.inherited.extend(needs.inherited);
        open.extend(needs.folders);
    }
    closure
}

/// The files that a key covers, by absolute path: those of the crates, reviewed outputs left out.
pub(super) fn covered(work: &Work<'_>, closure: &Closure) -> BTreeMap<PathBuf, ContentHash> {
    let mut files = BTreeMap::new();
    for folder in &closure.folders {
        let inside = work.in_workspace(folder);
        let mut any = false;
        for source in work.sources.under(&inside) {
            any = true;
            let path = source.path.strip_prefix(&inside).unwrap_or(&source.path);
            if !is_expected(path.trim_start_matches('/')) {
                files.insert(
                    work.request.root.join(&source.path),
                    ContentHash::of(&source.bytes),
                );
            }
        }
        if !any {
            // Builds cannot read what lies outside the site, and neither should we.
            let Some(start) = plain_folder(work, folder) else {
                continue;
            };
            let skip = |path: &Path| {
                path.file_name()
                    .is_some_and(|name| name == "target" || name.to_string_lossy().starts_with('.'))
            };
            let entries = work.sys.walk(&start, &skip).unwrap_or_default();
            for entry in entries.into_iter().filter(|entry| entry.kind == FileKind::File) {
                let bytes = work.sys.read(&entry.path).unwrap_or_default();
                files.insert(entry.path, ContentHash::of(&bytes));
            }
        }
    }
    files
}

/// A file that the compiler read and no key covers, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutsideFile {
    /// Path from the site's root where it lies below it, else absolute.
    path: String,
    /// Hash of its bytes, in hexadecimal digits; empty if it was not there.
    hash: String,
}

impl OutsideFile {
    /// Its path and its hash.
    pub(super) fn pair(&self) -> (String, String) {
        (self.path.clone(), self.hash.clone())
    }

    fn now(root: &Path, path: &Path, sys: &dyn System) -> Self {
        let name = path.strip_prefix(root).unwrap_or(path);
        Self {
            path: name.to_string_lossy().into_owned(),
            hash: sys
                .read(path)
                .map(|bytes| ContentHash::of(&bytes).hex())
                .unwrap_or_default(),
        }
    }

    /// Whether the file is still what it was.
    pub(super) fn is_unchanged(&self, root: &Path, sys: &dyn System) -> bool {
        *self == Self::now(root, &root.join(&self.path), sys)
    }
}

/// Which of the files that a build read lie outside everything else that is hashed.
pub(super) fn outside(
    work: &Work<'_>,
    read: &BTreeSet<PathBuf>,
    covered: &BTreeMap<PathBuf, ContentHash>,
) -> Vec<OutsideFile> {
    let root = work.request.root;
    let private = work.request.target_dir.parent().unwrap_or(root);
    read.iter()
        // What a build could read elsewhere is the toolchain's and the registry's, which the lockfile tells of; a hash of
        // anything else would tell too much.
        .filter(|path| path.starts_with(root) && !path.starts_with(private) && !covered.contains_key(*path))
        .map(|path| OutsideFile::now(work.request.root, path, work.sys))
        .collect()
}

/// The prerequisites that a file of rustc's or cargo's dependency information lists (a makefile: `target: a b\ c`).
pub(super) fn dep_info(text: &str, folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, list)) = line.split_once(": ") else {
            continue;
        };
        let mut name = String::new();
        let mut chars = list.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&' ') => {
                    name.push(' ');
                    chars.next();
                }
                ' ' => {
                    if !name.is_empty() {
                        found.insert(normal(&folder.join(&name)));
                        name.clear();
                    }
                }
                c => name.push(c),
            }
        }
        if !name.is_empty() {
            found.insert(normal(&folder.join(&name)));
        }
    }
    found
}

/// The files that a build script's output names.
pub(super) fn rerun_if_changed(text: &str, folder: &Path) -> BTreeSet<PathBuf> {
    text.lines()
        .filter_map(|line| {
            line.strip_prefix("cargo::rerun-if-changed=")
                .or_else(|| line.strip_prefix("cargo:rerun-if-changed="))
        })
        .map(|path| normal(&folder.join(path.trim())))
        .collect()
}

/// A path without `.` and `..`, by its text alone.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_information_is_read() {
        let text = "/t/a.d: a/src/main.rs a/src/../../with\\ space.txt\n\na/src/main.rs:\n# env-dep:X=1\n";
        let found = dep_info(text, Path::new("/s"));
        let names: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["/s/a/src/main.rs", "/s/with space.txt"]);
    }

    #[test]
    fn build_scripts_name_files_in_both_syntaxes() {
        let text = "cargo:rerun-if-changed=../x\ncargo::rerun-if-changed=y\ncargo::rustc-cfg=z\n";
        let found = rerun_if_changed(text, Path::new("/s/a"));
        assert_eq!(
            found,
            BTreeSet::from([PathBuf::from("/s/x"), PathBuf::from("/s/a/y")])
        );
    }
}
