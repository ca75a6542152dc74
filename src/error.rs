//! What the environment did to us: always names the path.

use std::io;
use std::path::PathBuf;

/// A failure that is not the author's to mend in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to build.
    #[error("no site here: `{}` has no `{content}` folder", root.display())]
    NoContent {
        /// The folder that was taken for the site's root.
        root: PathBuf,
        /// The content folder that was looked for.
        content: String,
    },
    /// A file or folder could not be used.
    #[error("failed to {doing} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as in "failed to read".
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The output folder holds something that is not a site of ours.
    #[error("`{}` was not made by proofbook, so it is left alone: {why}", path.display())]
    ForeignOutput {
        /// The folder.
        path: PathBuf,
        /// How that was found out.
        why: String,
    },
    /// A folder that only builds write was put there by somebody else.
    #[error("`{}` {why}; remove it, since builds trust what they find there", path.display())]
    ForeignPrivate {
        /// The folder or link.
        path: PathBuf,
        /// How that was found out.
        why: &'static str,
    },
    /// Another build is at work.
    #[error("another proofbook is at work in `{}`", path.display())]
    Busy {
        /// The site's root.
        path: PathBuf,
    },
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
