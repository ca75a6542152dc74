//! Notices that something below the site's root has changed, and when it is whole.
//!
//! Folders are watched, not single files, so that editors that replace files on saving are no special case. What a
//! build writes itself, and what no build reads, is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Config, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Wake;
use crate::engine::PRIVATE;
use crate::error::Error;
use crate::source::{Source, Sources};
use crate::system::{FileKind, System};

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// By the operating system.
    Native,
    /// By looking again and again; for network file systems.
    Poll,
}

/// How long nothing must have happened.
const QUIET: Duration = Duration::from_millis(8);
/// How long a file that is gone may be about to come back: editors move the old one away before they write the new one.
const GONE: Duration = Duration::from_millis(40);
/// How long a file that is written to is waited for where the system tells of its closing.
const OPEN: Duration = if cfg!(target_os = "linux") {
    Duration::from_secs(1)
} else {
    Duration::from_millis(40)
};
/// How long a burst is waited for at most.
const MOST: Duration = Duration::from_secs(2);
/// How often files are looked at where the system does not tell.
const LOOK: Duration = Duration::from_millis(500);
/// How long files must rest then.
const REST: Duration = Duration::from_millis(60);

/// Something about one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// It is being written.
    Open(PathBuf),
    /// It is whole.
    Whole(PathBuf),
    /// It is closed after writing; no change of its own.
    Closed(PathBuf),
    /// It is gone, perhaps for a moment.
    Gone(PathBuf),
    /// It changed in another way.
    Other(PathBuf),
    /// Events were lost.
    Lost,
    /// The system cannot watch any more; its reason.
    Exhausted(String),
}

/// A watched site.
pub(super) struct Watch {
    root: PathBuf,
    sys: Arc<dyn System + Send + Sync>,
    means: Means,
    /// The folder that a build publishes to.
    build_dir: String,
    sender: Sender<Wake>,
    /// Counts the marks.
    marks: u64,
}

/// How a site is watched.
enum Means {
    Native(Box<dyn Watcher + Send>),
    /// By a thread that ends with this.
    Looking {
        _looker: Looker,
    },
}

impl Watch {
    /// Starts watching; falls back to looking where the system's means are exhausted or do not reach.
    pub(super) fn start(
        sys: &Arc<dyn System + Send + Sync>,
        root: &Path,
        kind: WatchKind,
        sender: &Sender<Wake>,
        notice: &mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let mut looks = kind == WatchKind::Poll;
        if !looks && sys.is_remote(root) {
            looks = true;
            notice(
                "this file system does not tell of changes, so files are looked at again and again; \
                 `--watcher poll` says so without this note",
            );
        }
        let watch = |means| Self {
            root: root.to_owned(),
            sys: Arc::clone(sys),
            means,
            build_dir: "site".to_owned(),
            sender: sender.clone(),
            marks: 0,
        };
        if !looks {
            let made = RecommendedWatcher::new(handler(sender), Config::default())
                .map(|watcher| watch(Means::Native(Box::new(watcher))))
                .and_then(|mut watch| watch.all().map(|()| watch));
            match made {
                Ok(watch) => return Ok(watch),
                Err(error) => notice(&exhausted(&error.to_string())),
            }
        }
        let looker = Looker::start(sys, root, sender).map_err(Error::io("watch", root))?;
        Ok(watch(Means::Looking { _looker: looker }))
    }

    /// Says where builds publish to, so that publishing is no change.
    pub(super) fn leave_out(&mut self, build_dir: &str) {
        build_dir
            .trim_start_matches("./")
            .trim_end_matches('/')
            .clone_into(&mut self.build_dir);
    }

    /// Watches the root, and each folder in it with all that it holds: not the root as a whole, since what compilers
    /// write below it would use up the system's watches.
    fn all(&mut self) -> notify::Result<()> {
        let folders = std::cell::RefCell::new(Vec::new());
        let skip = |path: &Path| {
            folders.borrow_mut().push(path.to_owned());
            true
        };
        self.sys.walk(&self.root, &skip).map_err(notify::Error::io)?;
        let folders: Vec<PathBuf> = folders
            .into_inner()
            .into_iter()
            .filter(|folder| self.matters(folder))
            .collect();
        let marks = self.marks_folder();
        let can_mark = self.sys.create_dir_all(&marks).is_ok();
        if let Means::Native(watcher) = &mut self.means {
            if can_mark {
                watcher.watch(&marks, RecursiveMode::NonRecursive)?;
            }
            watcher.watch(&self.root, RecursiveMode::NonRecursive)?;
            for folder in folders {
                watcher.watch(&folder, RecursiveMode::Recursive)?;
            }
        }
        Ok(())
    }

    fn marks_folder(&self) -> PathBuf {
        self.root.join(PRIVATE).join("watch")
    }

    /// Makes a file whose own event comes after those of all that happened before: the system keeps their order, but may
    /// take its time. `None` where that is not so.
    pub(super) fn mark(&mut self) -> Option<PathBuf> {
        if matches!(self.means, Means::Looking { .. }) {
            return None;
        }
        self.marks += 1;
        let name = format!("{}-{}", self.sys.process_id(), self.marks);
        let mark = self.marks_folder().join(name);
        self.sys.write(&mark, b"").ok()?;
        // Its event is on the way.
        let _ = self.sys.remove_file(&mark);
        Some(mark)
    }

    /// Takes a hint in; whether it is of something that a build reads.
    pub(super) fn note(&mut self, hint: &Hint, notice: &mut dyn FnMut(&str)) -> bool {
        let path = match hint {
            Hint::Lost => return true,
            Hint::Exhausted(why) => {
                self.fall_back(why, notice);
                return true;
            }
            Hint::Open(path)
            | Hint::Whole(path)
            | Hint::Closed(path)
            | Hint::Gone(path)
            | Hint::Other(path) => path,
        };
        if !self.matters(path) {
            return false;
        }
        // A folder that came into the root must be watched itself; further down that is the watcher's own work.
        if path.parent() == Some(&*self.root)
            && !matches!(hint, Hint::Gone(_) | Hint::Closed(_))
            && self.sys.kind(path) == Some(FileKind::Folder)
            && let Means::Native(watcher) = &mut self.means
        {
            // One of that name may have been watched before; that it was not is no failure.
            let _ = watcher.unwatch(path);
            if let Err(error) = watcher.watch(path, RecursiveMode::Recursive)
                && self.sys.kind(path) == Some(FileKind::Folder)
            {
                self.fall_back(&error.to_string(), notice);
            }
        }
        true
    }

    /// Looks from now on, if that is not done already.
    fn fall_back(&mut self, why: &str, notice: &mut dyn FnMut(&str)) {
        if matches!(self.means, Means::Looking { .. }) {
            return;
        }
        match Looker::start(&self.sys, &self.root, &self.sender) {
            Ok(looker) => {
                notice(&exhausted(why));
                self.means = Means::Looking { _looker: looker };
            }
            Err(error) => notice(&format!(
                "some changes are not noticed any more ({why}; {error}); start `serve` again"
            )),
        }
    }

    /// Whether a path is one that a build reads: nothing hidden, no build output.
    fn matters(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return false;
        };
        // A site that is written beside us is no source; a folder of that name deeper down may be one.
        let written = !self.build_dir.is_empty() && below.starts_with(&self.build_dir);
        !written && !below.components().any(|part| is_aside(part.as_os_str()))
    }
}

/// Whether nothing of a name is read by builds: hidden things, build output, copies of editors.
fn is_aside(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == PRIVATE
        || name == "target"
        || name == "node_modules"
        || name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
}

/// Looks at all files again and again, in a thread that ends when this is dropped.
struct Looker(Arc<AtomicBool>);

/// Files and folders with what tells that they changed.
type Look = BTreeMap<PathBuf, Option<(u128, u64)>>;

impl Looker {
    fn start(
        sys: &Arc<dyn System + Send + Sync>,
        root: &Path,
        sender: &Sender<Wake>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (sys, root, sender) = (Arc::clone(sys), root.to_owned(), sender.clone());
        let stopped = Arc::clone(&stop);
        let mut known = look(&*sys, &root);
        thread::Builder::new().name("looking".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                thread::sleep(LOOK);
                let mut now = look(&*sys, &root);
                if now == known {
                    continue;
                }
                // What is still being written is left until it rests.
                for _ in 0..20 {
                    thread::sleep(REST);
                    let again = look(&*sys, &root);
                    if again == now {
                        break;
                    }
                    now = again;
                }
                let changed = now.iter().filter(|(path, stamp)| known.get(*path) != Some(stamp));
                let gone = known.iter().filter(|(path, _)| !now.contains_key(*path));
                for (path, _) in changed.chain(gone) {
                    if sender.send(Wake::Hint(Hint::Other(path.clone()))).is_err() {
                        return;
                    }
                }
                known = now;
            }
        })?;
        Ok(Self(stop))
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn look(sys: &dyn System, root: &Path) -> Look {
    let skip = |path: &Path| path.file_name().is_some_and(is_aside);
    // A folder that cannot be read now may be at the next look.
    let entries = sys.walk(root, &skip).unwrap_or_default();
    let stamps = entries.into_iter().map(|entry| {
        let stamp = match entry.kind {
            FileKind::File => sys.stamp(&entry.path),
            FileKind::Folder | FileKind::Link => None,
        };
        (entry.path, stamp)
    });
    stamps.collect()
}

fn exhausted(why: &str) -> String {
    format!(
        "the system cannot watch all folders ({why}), so files are looked at again and again; \
         on Linux a higher fs.inotify.max_user_watches helps"
    )
}

fn handler(sender: &Sender<Wake>) -> impl Fn(notify::Result<notify::Event>) + Send + 'static {
    let sender = sender.clone();
    move |event| {
        for hint in hints(event) {
            // The receiver is gone only when the server ends.
            let _ = sender.send(Wake::Hint(hint));
        }
    }
}

/// What an event says of its paths. That a file is read says nothing.
fn hints(event: notify::Result<notify::Event>) -> Vec<Hint> {
    let event = match event {
        Ok(event) => event,
        Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => {
            return vec![Hint::Exhausted(error.to_string())];
        }
        // The file is gone before it could be looked at, or the like: looking at all is never wrong.
        Err(_) => return vec![Hint::Lost],
    };
    if event.need_rescan() {
        return vec![Hint::Lost];
    }
    let kind = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Hint::Closed,
        EventKind::Access(_) => return Vec::new(),
        EventKind::Create(notify::event::CreateKind::File) | EventKind::Modify(ModifyKind::Data(_)) => {
            Hint::Open
        }
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Hint::Gone,
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Hint::Whole,
        // Both of them were told of one by one before.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => Hint::Other,
        _ => Hint::Other,
    };
    event.paths.into_iter().map(kind).collect()
}

/// Tells when a burst of changes is over.
#[derive(Debug, Default)]
pub(super) struct Burst {
    first: Option<Instant>,
    last: Option<Instant>,
    /// Files that are not whole, and until when they are waited for.
    pending: BTreeMap<PathBuf, Instant>,
    /// Everything that was told of.
    paths: BTreeSet<PathBuf>,
    /// Whether events were lost.
    lost: bool,
}

impl Burst {
    /// Takes in a hint that matters.
    pub(super) fn note(&mut self, hint: Hint, now: Instant) {
        match &hint {
            Hint::Open(path) | Hint::Whole(path) | Hint::Gone(path) | Hint::Other(path) => {
                self.paths.insert(path.clone());
            }
            Hint::Closed(_) => {}
            Hint::Lost | Hint::Exhausted(_) => self.lost = true,
        }
        match hint {
            Hint::Open(path) => {
                self.pending.insert(path, now + OPEN);
            }
            Hint::Gone(path) => {
                self.pending.insert(path, now + GONE);
            }
            Hint::Whole(path) => {
                self.pending.remove(&path);
            }
            Hint::Closed(path) => {
                // A file that was only opened for writing is unchanged.
                if self.pending.remove(&path).is_none() {
                    return;
                }
            }
            Hint::Other(_) | Hint::Lost | Hint::Exhausted(_) => {}
        }
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// When it is over, if nothing else comes; `None` if there is none.
    pub(super) fn over(&self) -> Option<Instant> {
        let quiet = self.last? + QUIET;
        let whole = self.pending.values().max().copied();
        let over = whole.map_or(quiet, |whole| whole.max(quiet));
        Some(over.min(self.first? + MOST))
    }

    /// Whether what was read of the changed files may be half: one is being written, or holds something else by now.
    pub(super) fn spoils(&self, sources: &Sources, root: &Path, sys: &dyn System) -> bool {
        let differs = |source: &Source| {
            let path = root.join(&source.path);
            self.pending.contains_key(&path) || !sys.read(&path).is_ok_and(|now| now[..] == source.bytes[..])
        };
        self.lost
            || self.paths.iter().chain(self.pending.keys()).any(|path| {
                let Ok(below) = path.strip_prefix(root) else {
                    return false;
                };
                let below = below.to_string_lossy().replace('\\', "/");
                match sources.by_path(&below) {
                    Some(source) => differs(source),
                    None => sources.under(&below).any(differs),
                }
            })
    }

    /// Whether nothing happened, and nothing is being written.
    pub(super) fn is_still(&self) -> bool {
        self.last.is_none() && self.pending.is_empty()
    }

    /// Starts anew; what is still being written stays known.
    pub(super) fn clear(&mut self) {
        let now = Instant::now();
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|_, until| *until > now);
        *self = Self {
            pending,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn build_output_is_no_change() {
        let watch = Watch {
            root: PathBuf::from("/s"),
            sys: Arc::new(MemorySystem::default()),
            means: Means::Native(Box::new(notify::NullWatcher)),
            build_dir: "site".to_owned(),
            sender: std::sync::mpsc::channel().0,
            marks: 0,
        };
        for (path, expect) in [
            ("/s/content/a.md", true),
            ("/s/book.toml", true),
            ("/s/.proofbook/target/x", false),
            ("/s/site/index.html", false),
            ("/s/sites.md", true),
            ("/s/content/site/a.md", true),
            ("/s/content/.a.md.swp", false),
            ("/s/content/a.md~", false),
            ("/s/content/#a.md#", false),
            ("/s/snippets/target/debug", false),
            ("/other/a.md", false),
        ] {
            assert_eq!(watch.matters(Path::new(path)), expect, "{path}");
        }
    }

    /// When a burst of hints at milliseconds is over, in milliseconds.
    fn check(hints: &[(u64, Hint)]) -> Option<u64> {
        let start = Instant::now();
        let mut burst = Burst::default();
        for (at, hint) in hints {
            burst.note(hint.clone(), start + Duration::from_millis(*at));
        }
        burst
            .over()
            .map(|over| u64::try_from((over - start).as_millis()).unwrap_or_default())
    }

    #[test]
    fn a_burst_is_over_when_every_file_is_whole() {
        let file = || PathBuf::from("/s/content/a.md");
        let open = u64::try_from(OPEN.as_millis()).unwrap_or_default();
        assert_eq!(check(&[]), None);
        // Saved in place.
        assert_eq!(check(&[(0, Hint::Open(file()))]), Some(open));
        assert_eq!(
            check(&[(0, Hint::Open(file())), (3, Hint::Closed(file()))]),
            Some(11)
        );
        // Opened and closed without a change.
        assert_eq!(check(&[(0, Hint::Closed(file()))]), None);
        // Moved over the old file.
        assert_eq!(check(&[(0, Hint::Whole(file()))]), Some(8));
        // The old file moved away, a new one written.
        assert_eq!(check(&[(0, Hint::Gone(file()))]), Some(40));
        let dance = [
            (0, Hint::Gone(file())),
            (5, Hint::Open(file())),
            (6, Hint::Open(file())),
            (9, Hint::Closed(file())),
        ];
        assert_eq!(check(&dance), Some(17));
        // Somebody who never stops.
        let endless: Vec<_> = (0..400).map(|step| (step * 7, Hint::Other(file()))).collect();
        assert_eq!(check(&endless), Some(2000));
    }

    #[test]
    fn lost_events_and_used_up_watches_are_told() {
        assert_eq!(
            hints(Ok(
                notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)
            )),
            [Hint::Lost]
        );
        let error = notify::Error::new(notify::ErrorKind::MaxFilesWatch);
        assert!(matches!(&hints(Err(error))[..], [Hint::Exhausted(_)]));
        let read =
            notify::Event::new(EventKind::Access(AccessKind::Open(AccessMode::Any))).add_path("/s/a".into());
        assert_eq!(hints(Ok(read)), []);
    }

    #[test]
    fn used_up_watches_are_replaced_by_looking() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let sys: Arc<dyn System + Send + Sync> = Arc::new(crate::system::OsSystem::new());
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut said = Vec::new();
        let mut watch = Watch::start(&sys, folder.path(), WatchKind::Native, &sender, &mut |_| {})
            .unwrap_or_else(|error| panic!("{error}"));
        let why = Hint::Exhausted("no space left".to_owned());
        assert!(watch.note(&why, &mut |text| said.push(text.to_owned())));
        assert!(watch.note(&why, &mut |text| said.push(text.to_owned())));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("no space left") && said[0].contains("max_user_watches"));
        std::fs::write(folder.path().join("book.toml"), "x").unwrap_or_else(|error| panic!("{error}"));
        let woken = receiver.recv_timeout(Duration::from_secs(20));
        assert!(matches!(woken, Ok(Wake::Hint(_))), "polling notices nothing");
    }
}
