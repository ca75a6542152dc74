//! Notices that something below the site's root has changed.
//!
//! The root is watched, not single files, so that editors that replace files on saving are no special case. What a
//! build writes itself is left out.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use notify::{Config, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use crate::engine::PRIVATE;
use crate::error::Error;

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// By the operating system.
    Native,
    /// By looking again and again; for network file systems.
    Poll,
}

/// A watched folder.
pub(super) struct Changes {
    receiver: Receiver<()>,
    _watcher: Box<dyn Watcher + Send>,
}

impl Changes {
    /// Waits for a change, and then until nothing has changed for `quiet`, so that a burst is one change. False
    /// if there will never be one.
    pub(super) fn wait(&self, quiet: Duration) -> bool {
        if self.receiver.recv().is_err() {
            return false;
        }
        while self.receiver.recv_timeout(quiet).is_ok() {}
        true
    }
}

/// Starts watching; falls back to polling where the system's means are exhausted.
pub(super) fn start(root: &Path, kind: WatchKind, notice: &mut dyn FnMut(&str)) -> Result<Changes, Error> {
    if kind == WatchKind::Native {
        match watch::<RecommendedWatcher>(root, Config::default()) {
            Ok(changes) => return Ok(changes),
            Err(error) => notice(&format!(
                "changes cannot be watched natively ({error}), so files are looked at every second; \
                 on Linux a higher fs.inotify.max_user_watches may help"
            )),
        }
    }
    let config = Config::default().with_poll_interval(Duration::from_secs(1));
    watch::<PollWatcher>(root, config).map_err(|error| Error::Io {
        doing: "watch",
        path: root.to_owned(),
        source: std::io::Error::other(error),
    })
}

fn watch<W: Watcher + Send + 'static>(root: &Path, config: Config) -> notify::Result<Changes> {
    let (sender, receiver) = mpsc::channel();
    let top: PathBuf = root.to_owned();
    let handler = move |event: notify::Result<notify::Event>| {
        let matters = match event {
            Ok(event) => {
                event.need_rescan()
                    || (!matches!(event.kind, EventKind::Access(_))
                        && event.paths.iter().any(|path| is_source(path, &top)))
            }
            Err(_) => true,
        };
        if matters {
            // The receiver is gone only when the server ends.
            let _ = sender.send(());
        }
    };
    let mut watcher = W::new(handler, config)?;
    watcher.watch(root, RecursiveMode::Recursive)?;
    Ok(Changes {
        receiver,
        _watcher: Box::new(watcher),
    })
}

/// Whether a path is one that a build reads: nothing hidden, no build output.
fn is_source(path: &Path, root: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else {
        return false;
    };
    // A site that is written beside us is no source; a folder of that name deeper down may be one.
    let written = below.starts_with("site");
    let hidden = below.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name == PRIVATE || name == "target" || name.starts_with('.') || name.ends_with('~')
    });
    !written && !hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_output_is_no_change() {
        let root = Path::new("/s");
        for (path, expect) in [
            ("/s/content/a.md", true),
            ("/s/book.toml", true),
            ("/s/.proofbook/target/x", false),
            ("/s/site/index.html", false),
            ("/s/content/site/a.md", true),
            ("/s/content/.a.md.swp", false),
            ("/s/content/a.md~", false),
            ("/other/a.md", false),
        ] {
            assert_eq!(is_source(Path::new(path), root), expect, "{path}");
        }
    }
}
