//! What the engine tells while it works. Reporters turn it into text; the engine never prints.

use crate::diagnostic::Diagnostic;

/// A step of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading files.
    Load,
    /// Reading Markdown.
    Parse,
    /// Addresses and links.
    Resolve,
    /// Compiling and running snippets.
    Execute,
    /// Making pages.
    Render,
    /// Making the search index.
    Search,
    /// Writing the site.
    Emit,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A stage begins; `of` is how many things it will work on, where that is known.
    StageStarted {
        /// The stage.
        stage: Stage,
        /// How many things.
        of: Option<usize>,
    },
    /// Something is about to be compiled and run in these layers of the sandbox.
    SandboxReady {
        /// The layers in force.
        layers: Vec<String>,
        /// Why others are not.
        missing: Vec<String>,
    },
    /// The compiler was asked for these many snippets in one call.
    BuildStarted {
        /// How many snippets.
        snippets: usize,
    },
    /// A crate was compiled, or refused.
    SnippetCompiled {
        /// Its slug.
        slug: String,
    },
    /// A snippet runs.
    SnippetStarted {
        /// Its slug.
        slug: String,
    },
    /// A snippet is done.
    SnippetFinished {
        /// Its slug.
        slug: String,
        /// Whether it did what was promised.
        verified: bool,
        /// Whether the result came from the memo.
        cached: bool,
    },
    /// A page was made.
    PageRendered {
        /// Its path in the site.
        path: String,
    },
    /// Something is wrong with the input.
    Diagnosed(Box<Diagnostic>),
    /// The build is over.
    Finished {
        /// Whether the site was (or would be) published.
        published: bool,
    },
}
