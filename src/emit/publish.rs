//! Writes a site so that a reader sees the old one or the new one, never half of either.
//!
//! The new site is put together in a staging folder (unchanged files as hard links), the manifest last, and
//! then swapped with the old one in one step. Files in the output folder that no manifest names are somebody
//! else's: they are carried over. A folder without our manifest is never touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::model::site::{Site, SitePath};
use crate::system::{FileKind, System};

/// The list of what we wrote; its presence says that a folder is ours.
pub const MANIFEST: &str = ".proofbook-manifest";

const HEADER: &str = "proofbook site 1";

/// What a publication changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteSummary {
    /// Files that are new or differ.
    pub written: usize,
    /// Files that were already there.
    pub unchanged: usize,
    /// Files of the last site that are gone.
    pub removed: usize,
}

/// Where a site goes.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The output folder.
    pub out: &'a Path,
    /// `.proofbook/` of the site's root: staging and lock.
    pub private: &'a Path,
}

/// Publishes a site.
///
/// # Errors
/// If the folder is not ours, another build is at work, or the file system fails; the last site is then still there.
pub fn write(site: &Site, sys: &dyn System, to: Destination<'_>) -> Result<WriteSummary, Error> {
    let lock_path = to.private.join("lock");
    let lock = sys.lock(&lock_path).map_err(Error::io("lock", &lock_path))?;
    let Some(_lock) = lock else {
        return Err(Error::Busy {
            path: to.private.parent().unwrap_or(to.private).to_owned(),
        });
    };
    recover(sys, to)?;
    let old = read_manifest(sys, to.out)?;
    let foreign = foreign_files(sys, to.out, old.as_ref())?;
    if let Some(path) = foreign.iter().find(|path| taken(site, path)) {
        return Err(Error::ForeignOutput {
            path: to.out.join(path),
            why: "the new site needs its place; move it away".to_owned(),
        });
    }
    let mut summary = WriteSummary::default();
    let manifest = manifest_text(site);
    let mut changed = Vec::new();
    for (path, bytes) in &site.files {
        let old_file = to.out.join(path.as_str());
        let same = old.is_some() && sys.read(&old_file).is_ok_and(|old| old[..] == bytes[..]);
        if same {
            summary.unchanged += 1;
        } else {
            changed.push((path, bytes));
        }
    }
    summary.written = changed.len();
    let new: BTreeSet<&str> = site.files.keys().map(SitePath::as_str).collect();
    let gone = |old: &BTreeSet<String>| old.iter().filter(|path| !new.contains(path.as_str())).count();
    summary.removed = old.as_ref().map_or(0, gone);
    if changed.is_empty() && summary.removed == 0 && old.as_ref().is_some_and(|old| old.len() == new.len()) {
        return Ok(summary);
    }

    let changed: BTreeSet<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
    let mut staging = Staging::new(to);
    let staged = stage(site, sys, to.out, &staging.folder, &changed, &foreign, &manifest)
        .and_then(|()| swap(sys, &staging.folder, to.out));
    if let Err(Error::Io { source, .. }) = &staged
        && source.kind() == io::ErrorKind::CrossesDevices
    {
        // The private folder and the output folder share no file system: stage beside the output.
        remove_tree(sys, &staging.folder)?;
        staging = Staging::beside(to.out);
        stage(site, sys, to.out, &staging.folder, &changed, &foreign, &manifest)?;
        swap(sys, &staging.folder, to.out)?;
    } else {
        staged?;
    }
    remove_tree(sys, &staging.folder)?;
    Ok(summary)
}

struct Staging {
    folder: PathBuf,
}

impl Staging {
    fn new(to: Destination<'_>) -> Self {
        Self {
            folder: to.private.join("staging"),
        }
    }

    fn beside(out: &Path) -> Self {
        Self {
            folder: aside(out, "staging"),
        }
    }
}

fn aside(out: &Path, what: &str) -> PathBuf {
    let name = out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    out.with_file_name(format!(".{name}.proofbook-{what}"))
}

fn remove_tree(sys: &dyn System, folder: &Path) -> Result<(), Error> {
    match sys.kind(folder) {
        Some(FileKind::Folder) => sys.remove_dir_all(folder).map_err(Error::io("remove", folder)),
        _ => Ok(()),
    }
}

/// Mends what a build that was killed left behind.
fn recover(sys: &dyn System, to: Destination<'_>) -> Result<(), Error> {
    let old = aside(to.out, "old");
    if sys.kind(&old).is_some() {
        if sys.kind(to.out).is_none() {
            sys.rename(&old, to.out).map_err(Error::io("restore", to.out))?;
        } else {
            remove_tree(sys, &old)?;
        }
    }
    remove_tree(sys, &Staging::new(to).folder)?;
    remove_tree(sys, &Staging::beside(to.out).folder)
}

/// The files that the last build wrote; `None` if there is no folder yet or it is empty.
fn read_manifest(sys: &dyn System, out: &Path) -> Result<Option<BTreeSet<String>>, Error> {
    match sys.kind(out) {
        None => return Ok(None),
        Some(FileKind::Folder) => {}
        Some(_) => {
            return Err(Error::ForeignOutput {
                path: out.to_owned(),
                why: "it is not a folder".to_owned(),
            });
        }
    }
    let file = out.join(MANIFEST);
    if let Ok(bytes) = sys.read(&file) {
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        if lines.next() == Some(HEADER) {
            return Ok(Some(lines.map(str::to_owned).collect()));
        }
    }
    let entries = sys.walk(out, &|_| false).map_err(Error::io("list", out))?;
    if entries.is_empty() {
        return Ok(None);
    }
    Err(Error::ForeignOutput {
        path: out.to_owned(),
        why: format!(
            "it is not empty and has no `{MANIFEST}`; choose another folder with `-d` or `build-dir`"
        ),
    })
}

/// Files of the output folder that we did not write, as paths below it.
fn foreign_files(
    sys: &dyn System,
    out: &Path,
    ours: Option<&BTreeSet<String>>,
) -> Result<Vec<String>, Error> {
    let Some(ours) = ours else {
        return Ok(Vec::new());
    };
    let entries = sys.walk(out, &|_| false).map_err(Error::io("list", out))?;
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind != FileKind::Folder)
        .filter_map(|entry| below(&entry.path, out))
        .filter(|path| path != MANIFEST && !ours.contains(path))
        .collect())
}

fn below(path: &Path, folder: &Path) -> Option<String> {
    let names: Vec<String> = path
        .strip_prefix(folder)
        .ok()?
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    Some(names.join("/"))
}

/// Whether the site has a file at a path, or a folder where the path is a file, or the other way round.
fn taken(site: &Site, path: &str) -> bool {
    let is_file = |path: &str| SitePath::new(path).is_ok_and(|path| site.files.contains_key(&path));
    let folder = format!("{path}/");
    is_file(path)
        || site.files.keys().any(|file| file.as_str().starts_with(&folder))
        || path.match_indices('/').any(|(at, _)| is_file(&path[..at]))
}

fn manifest_text(site: &Site) -> String {
    let mut text = format!("{HEADER}\n");
    for path in site.files.keys() {
        text.push_str(path.as_str());
        text.push('\n');
    }
    text
}

fn stage(
    site: &Site,
    sys: &dyn System,
    out: &Path,
    staging: &Path,
    changed: &BTreeSet<&str>,
    foreign: &[String],
    manifest: &str,
) -> Result<(), Error> {
    for (path, bytes) in &site.files {
        let target = staging.join(path.as_str());
        let linked =
            !changed.contains(path.as_str()) && sys.hard_link(&out.join(path.as_str()), &target).is_ok();
        if !linked {
            sys.write(&target, bytes).map_err(Error::io("write", &target))?;
        }
    }
    for path in foreign {
        let (from, target) = (out.join(path), staging.join(path));
        if sys.hard_link(&from, &target).is_err() {
            let bytes = sys.read(&from).map_err(Error::io("read", &from))?;
            sys.write(&target, &bytes).map_err(Error::io("write", &target))?;
        }
    }
    let file = staging.join(MANIFEST);
    sys.write(&file, manifest.as_bytes())
        .map_err(Error::io("write", &file))
}

fn swap(sys: &dyn System, staging: &Path, out: &Path) -> Result<(), Error> {
    if sys.kind(out).is_none() {
        if let Some(folder) = out.parent() {
            sys.create_dir_all(folder).map_err(Error::io("make", folder))?;
        }
        return sys.rename(staging, out).map_err(Error::io("publish", out));
    }
    match sys.exchange(staging, out) {
        Err(error) if unsupported(&error) => {
            let old = aside(out, "old");
            sys.rename(out, &old).map_err(Error::io("move", out))?;
            if let Err(error) = sys.rename(staging, out) {
                sys.rename(&old, out).map_err(Error::io("restore", out))?;
                return Err(Error::io("publish", out)(error));
            }
            remove_tree(sys, &old)
        }
        done => done.map_err(Error::io("publish", out)),
    }
}

/// `renameat2` answers EINVAL or ENOSYS where a file system or kernel has no exchange.
fn unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

/// Removes what builds wrote: the files of the output folder's manifest, folders that are then empty, and the
/// private folder. Returns how many files of the site were removed.
///
/// # Errors
/// If the folder is not ours or the file system fails.
pub fn clean(sys: &dyn System, to: Destination<'_>) -> Result<usize, Error> {
    let mut removed = 0;
    if let Some(files) = read_manifest(sys, to.out)? {
        let mut folders = BTreeSet::new();
        for path in files.iter().map(String::as_str).chain([MANIFEST]) {
            let file = to.out.join(path);
            if sys.kind(&file) == Some(FileKind::File) {
                sys.remove_file(&file).map_err(Error::io("remove", &file))?;
                removed += usize::from(path != MANIFEST);
            }
            folders.extend(
                file.ancestors()
                    .skip(1)
                    .take_while(|folder| folder.starts_with(to.out))
                    .map(Path::to_owned),
            );
        }
        // Deepest first; a folder that still holds somebody's file stays.
        for folder in folders.iter().rev() {
            let _ = sys.remove_dir(folder);
        }
    }
    remove_tree(sys, to.private)?;
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    const TO: (&str, &str) = ("/s/site", "/s/.proofbook");

    fn to() -> Destination<'static> {
        Destination {
            out: Path::new(TO.0),
            private: Path::new(TO.1),
        }
    }

    fn site(files: &[(&str, &str)]) -> Site {
        let files = files.iter().map(|(path, text)| {
            let path = SitePath::new(*path).unwrap_or_else(|error| panic!("{error}"));
            (path, text.as_bytes().into())
        });
        Site {
            files: files.collect(),
        }
    }

    fn publish(sys: &MemorySystem, files: &[(&str, &str)]) -> Result<WriteSummary, String> {
        write(&site(files), sys, to()).map_err(|error| error.to_string())
    }

    fn names(sys: &MemorySystem) -> Vec<String> {
        sys.paths()
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn only_the_difference_is_written_and_what_is_gone_goes() {
        let sys = MemorySystem::default();
        assert_eq!(
            publish(&sys, &[("a.html", "1"), ("b.html", "2")]).map(|s| s.written),
            Ok(2)
        );
        let again = publish(&sys, &[("a.html", "1"), ("c.html", "3")]);
        assert_eq!(
            again,
            Ok(WriteSummary {
                written: 1,
                unchanged: 1,
                removed: 1
            })
        );
        assert_eq!(
            names(&sys),
            ["/s/site/.proofbook-manifest", "/s/site/a.html", "/s/site/c.html"]
        );
    }

    #[test]
    fn a_folder_that_is_not_ours_is_left_alone() {
        let sys = MemorySystem::new([("/s/site/thesis.txt", "mine")]);
        let refused = publish(&sys, &[("a.html", "1")]);
        assert!(refused.is_err_and(|error| error.contains("not made by proofbook")));
        assert_eq!(names(&sys), ["/s/site/thesis.txt"]);
    }

    #[test]
    fn foreign_files_in_our_folder_survive_builds_and_clean() {
        let sys = MemorySystem::default();
        let _ = publish(&sys, &[("a/index.html", "1")]);
        let _ = sys.write(Path::new("/s/site/CNAME"), b"example.org");
        let _ = publish(&sys, &[("a/index.html", "2")]);
        assert_eq!(
            sys.read(Path::new("/s/site/CNAME")).ok().as_deref(),
            Some(&b"example.org"[..])
        );
        assert_eq!(clean(&sys, to()).ok(), Some(1));
        assert_eq!(names(&sys), ["/s/site/CNAME"]);
    }

    #[test]
    fn a_foreign_file_in_the_way_stops_the_build() {
        let sys = MemorySystem::default();
        let _ = publish(&sys, &[("a.html", "1")]);
        let _ = sys.write(Path::new("/s/site/b"), b"mine");
        assert!(publish(&sys, &[("b/index.html", "1")]).is_err());
        assert_eq!(
            sys.read(Path::new("/s/site/b")).ok().as_deref(),
            Some(&b"mine"[..])
        );
    }

    #[test]
    fn a_killed_build_is_mended() {
        let sys = MemorySystem::default();
        let _ = publish(&sys, &[("a.html", "1")]);
        let _ = sys.rename(Path::new("/s/site"), Path::new("/s/.site.proofbook-old"));
        let _ = sys.write(Path::new("/s/.proofbook/staging/half"), b"x");
        assert_eq!(
            publish(&sys, &[("a.html", "1")]),
            Ok(WriteSummary {
                written: 0,
                unchanged: 1,
                removed: 0
            })
        );
        assert_eq!(names(&sys), ["/s/site/.proofbook-manifest", "/s/site/a.html"]);
    }
}
