//! Snippet crates: what is shown, what was promised, what was proven.

use std::collections::BTreeMap;
use std::time::Duration;

use super::region::Region;
use super::site::SitePath;
use crate::memo::ContentHash;
use crate::source::{FileId, Sources, Span};

/// A `{{#snippet}}` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnippetRef {
    /// The crate's folder name.
    pub slug: String,
    /// Region between `ANCHOR: name` and `ANCHOR_END: name`.
    pub region: Option<String>,
    /// `file=`: path from the crate's folder.
    pub file: Option<String>,
    /// `bin=`: which binary's output.
    pub bin: Option<String>,
    /// `show=`
    pub show: Show,
    /// `open` or `folded`; `None` leaves it to the theme.
    pub folded: Option<bool>,
    /// `title="…"`
    pub title: Option<String>,
    /// `highlight=`: 1-based inclusive line ranges of the shown code.
    pub highlight: Vec<(usize, usize)>,
    /// The directive.
    pub span: Span,
    /// The slug with its region.
    pub slug_span: Span,
}

/// Which halves of a snippet are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Show {
    /// The code alone.
    Code,
    /// The output alone.
    Output,
    /// Both.
    #[default]
    Both,
}

/// What is done with a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SnippetKind {
    /// Its binaries run and end with the promised exit code.
    Run,
    /// Its test harness passes.
    Test,
    /// Its binary panics.
    Panic,
    /// The compiler refuses it.
    CompileFail,
}

impl SnippetKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Run, Self::Test, Self::Panic, Self::CompileFail];

    /// The word as authors write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Test => "test",
            Self::Panic => "panic",
            Self::CompileFail => "compile-fail",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A snippet crate as found in the snippets folder, its manifest validated.
#[derive(Clone, Debug)]
pub struct SnippetCrate {
    /// The folder's name.
    pub slug: String,
    /// Package name from the manifest.
    pub package: String,
    /// Folder, as a path from the site's root.
    pub folder: String,
    /// The manifest.
    pub manifest: FileId,
    /// The metadata table's place in the manifest.
    pub span: Span,
    /// What the manifest promises.
    pub meta: SnippetMeta,
    /// Edition in force, `2024`.
    pub edition: String,
    /// Names of the binaries, the default first; empty for a library.
    pub bins: Vec<String>,
    /// Every file of the crate but its expected outputs, by path from the crate's folder.
    pub files: BTreeMap<String, FileId>,
    /// Reviewed outputs, by file name (`expected.stdout`).
    pub expected: BTreeMap<String, FileId>,
    /// The code block that it is, where it is no crate.
    pub inline: Option<Box<InlineBlock>>,
}

/// A code block of the text that is a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineBlock {
    /// The code as it is compiled, hidden lines included.
    pub code: String,
    /// The code as it is shown, its lines numbered among all.
    pub shown: Region,
    /// Names of `[workspace.dependencies]` that it uses; sorted.
    pub dependencies: Vec<String>,
    /// Whether it is run, not only compiled.
    pub runs: bool,
    /// The block after it that holds its reviewed output.
    pub output: Option<InlineOutput>,
}

/// A block that holds a reviewed output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineOutput {
    /// Its text.
    pub text: String,
    /// The whole block.
    pub span: Span,
}

impl SnippetCrate {
    /// A code block of the text as a snippet.
    #[must_use]
    pub fn of_block(
        slug: &str,
        kind: SnippetKind,
        error_codes: Vec<String>,
        edition: String,
        block: InlineBlock,
        span: Span,
    ) -> Self {
        Self {
            slug: slug.to_owned(),
            package: slug.to_owned(),
            folder: String::new(),
            manifest: span.file,
            span,
            meta: SnippetMeta {
                title: None,
                kinds: vec![kind],
                args: Vec::new(),
                env: BTreeMap::new(),
                stdin: None,
                exit_code: 0,
                timeout: None,
                memory: None,
                max_processes: None,
                error_codes,
                unordered: false,
                redactions: Vec::new(),
                network: Network::None,
                manual: None,
            },
            edition,
            bins: vec!["main".to_owned()],
            files: BTreeMap::new(),
            expected: BTreeMap::new(),
            inline: Some(Box::new(block)),
        }
    }

    /// The text of a reviewed output by its file name; an inline block has one at most.
    #[must_use]
    pub fn expected_text<'a>(&'a self, name: &str, sources: &'a Sources) -> Option<&'a str> {
        if let Some(inline) = &self.inline {
            let own = if self.meta.kinds == [SnippetKind::CompileFail] {
                "expected.stderr"
            } else {
                "expected.stdout"
            };
            let output = inline.output.as_ref().filter(|_| name == own)?;
            return Some(&output.text);
        }
        self.expected.get(name).map(|&file| &*sources.get(file).text)
    }

    /// The hashes of all reviewed outputs, in hexadecimal digits, by file name.
    #[must_use]
    pub fn expected_hashes(&self, sources: &Sources) -> BTreeMap<String, String> {
        if self.inline.is_some() {
            return ["expected.stdout", "expected.stderr"]
                .into_iter()
                .filter_map(|name| {
                    let text = self.expected_text(name, sources)?;
                    Some((name.to_owned(), ContentHash::of(text.as_bytes()).hex()))
                })
                .collect();
        }
        self.expected
            .iter()
            .map(|(name, file)| (name.clone(), ContentHash::of(&sources.get(*file).bytes).hex()))
            .collect()
    }
}

/// `[package.metadata.proofbook]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnippetMeta {
    /// What it shows, as a title.
    pub title: Option<String>,
    /// What is done with it; sorted, never empty.
    pub kinds: Vec<SnippetKind>,
    /// Arguments of the runs.
    pub args: Vec<String>,
    /// Further environment variables of the runs.
    pub env: BTreeMap<String, String>,
    /// Path of the standard input from the crate's folder.
    pub stdin: Option<String>,
    /// The exit code that a run must end with.
    pub exit_code: i32,
    /// The time limit; `None` leaves it to the book.
    pub timeout: Option<Duration>,
    /// The memory limit in bytes; `None` leaves it to the book.
    pub memory: Option<u64>,
    /// Processes allowed; `None` leaves it to the book.
    pub max_processes: Option<u32>,
    /// Codes that must appear among the compiler's errors.
    pub error_codes: Vec<String>,
    /// Whether lines are compared as a multiset.
    pub unordered: bool,
    /// Replacements before comparing.
    pub redactions: Vec<Redaction>,
    /// Network access asked for.
    pub network: Network,
    /// Why it is never run, if so.
    pub manual: Option<String>,
}

/// A replacement made before comparing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Redaction {
    /// A regular expression.
    pub pattern: String,
    /// What stands in its place.
    pub with: String,
}

/// What network a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Network {
    /// None.
    #[default]
    None,
    /// Its own loopback interface.
    Loopback,
}

/// What this build knows of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ran (or was refused) as promised and reviewed.
    Verified,
    /// It did not; a diagnostic says why.
    Failed,
    /// It is never run; the author's reason.
    Manual(String),
    /// It was not run in this build; the reason.
    Stale(String),
    /// It needs a run that this build left to the next one; for sites that are shown while they are written.
    Running,
}

impl Status {
    /// The word in `proofs.json`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Manual(_) => "manual",
            Self::Stale(_) => "stale",
            Self::Running => "running",
        }
    }
}

/// A reviewed output that this build compared with what really happened.
///
/// Holds the *expected* text with wildcards shown as `…`, never the raw observation. Made by
/// `execute::verify` alone, which `tests/tidy.rs` keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedOutput(String);

impl VerifiedOutput {
    pub(crate) const fn proven(text: String) -> Self {
        Self(text)
    }

    /// The text; may be empty, and may hold SGR sequences (`ESC [ 1 ; 31 m`).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without SGR sequences.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(found) = next_style(rest) {
            out.push_str(&rest[..found.start]);
            rest = &rest[found.end..];
        }
        out.push_str(rest);
        out
    }
}

/// The first SGR sequence of a text: `ESC [`, digits and semicolons, `m` (ECMA-48 §8.3.117).
#[must_use]
pub fn next_style(text: &str) -> Option<std::ops::Range<usize>> {
    text.match_indices("\x1b[").find_map(|(at, _)| {
        let parameters = &text[at + 2..];
        let len = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        parameters[len..].starts_with('m').then(|| at..at + 2 + len + 1)
    })
}

/// How runs and tests ended, as receipts say it: `exit 0 · 3 tests passed`.
#[must_use]
pub fn result_words(exit_code: Option<i32>, tests_passed: Option<usize>) -> String {
    let exit = exit_code.map(|code| format!("exit {code}"));
    let tests = tests_passed.map(|passed| {
        let noun = if passed == 1 { "test" } else { "tests" };
        format!("{passed} {noun} passed")
    });
    exit.into_iter().chain(tests).collect::<Vec<_>>().join(" · ")
}

/// Where a snippet's sources are published; `None` for a slug that no address can hold. The slug of an inline block holds
/// signs that addresses do not, so that its hash stands for it.
#[must_use]
pub fn archive_path(slug: &str, inline: bool) -> Option<SitePath> {
    SitePath::new(if inline {
        format!(
            "sources/inline/{}.tar.gz",
            &ContentHash::of(slug.as_bytes()).hex()[..16]
        )
    } else {
        format!("sources/{slug}.tar.gz")
    })
    .ok()
}

/// A part of all snippets, for machines that share the work: the snippets whose hash falls into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which part, from 1.
    pub part: u64,
    /// How many parts there are.
    pub of: u64,
}

impl Partition {
    /// Reads `hash:1/4`.
    ///
    /// # Errors
    /// If it is written otherwise, or there is no such part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix("hash:").and_then(|parts| parts.split_once('/'));
        let numbers = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if 1 <= part && part <= of => Ok(Self { part, of }),
            _ => Err("write it as `hash:1/4`: the first of four parts".to_owned()),
        }
    }

    /// Whether a snippet is in the part: decided by its slug alone, so that adding one moves no other.
    #[must_use]
    pub fn holds(&self, slug: &str) -> bool {
        let hash = ContentHash::of(slug.as_bytes());
        let first: [u8; 8] = std::array::from_fn(|at| hash.as_bytes()[at]);
        u64::from_le_bytes(first) % self.of == self.part - 1
    }
}

/// What one build knows of all snippets.
#[derive(Clone, Debug, Default)]
pub struct VerifiedOutputs {
    /// `rustc --version`'s number, `1.95.0`; empty where nothing needed the compiler.
    pub rustc: String,
    /// Layers of the sandbox in force.
    pub sandbox: Vec<String>,
    /// Snippets whose result came from the memo.
    pub cached: usize,
    /// One per snippet crate.
    pub snippets: BTreeMap<String, SnippetProof>,
}

/// What one build knows of one snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnippetProof {
    /// Verified or not.
    pub status: Status,
    /// Hash of the crate's own files.
    pub source_hash: ContentHash,
    /// Hash of the workspace's lockfile.
    pub lock_hash: ContentHash,
    /// Hash of everything that its build depends on besides the compiler.
    pub inputs_hash: ContentHash,
    /// Files elsewhere that it is built from: paths and hashes in hexadecimal digits.
    pub outside: Vec<(String, String)>,
    /// Whether it stands on a record of an earlier run.
    pub recorded: bool,
    /// Hash of the observed output, normalised and masked; `None` where nothing ran.
    pub observed_hash: Option<ContentHash>,
    /// The command that reproduces it by hand.
    pub command: String,
    /// The compiler's target triple.
    pub target: String,
    /// Cargo profile.
    pub profile: String,
    /// Version of the compiler that proved it.
    pub rustc: String,
    /// Layers of the sandbox in which it was compiled and run.
    pub sandbox: Vec<String>,
    /// One per binary, the default first; empty unless verified.
    pub runs: Vec<RunProof>,
    /// The harness's result, for kinds with test; `None` unless verified.
    pub tests: Option<TestProof>,
    /// The compiler's refusal, for compile-fail; `None` unless verified.
    pub refusal: Option<RefusalProof>,
    /// The compiler's warnings on a snippet that compiled.
    pub warnings: Vec<RustcDiagnostic>,
    /// Code of the diagnostic, for a failed one.
    pub failure: Option<&'static str>,
    /// Where a failed one printed something else than was reviewed and nothing else is wrong with it: the differences,
    /// which may be accepted. For the author alone; no page shows them.
    pub differences: Vec<String>,
}

/// A binary's verified run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunProof {
    /// The binary's name.
    pub bin: String,
    /// Its exit code.
    pub exit_code: i32,
    /// Standard output.
    pub stdout: VerifiedOutput,
    /// Standard error; empty text where there is none.
    pub stderr: VerifiedOutput,
}

/// A harness's verified run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestProof {
    /// How many tests passed.
    pub passed: usize,
    /// Lines `test NAME ... ok`, sorted by name.
    pub output: VerifiedOutput,
}

/// A refusal by the compiler, as promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalProof {
    /// The error codes that appeared, sorted.
    pub codes: Vec<String>,
    /// The errors.
    pub errors: Vec<RustcDiagnostic>,
    /// The full text as reviewed.
    pub stderr: VerifiedOutput,
}

/// A compiler message with its places in the snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RustcDiagnostic {
    /// `E0502`, or empty.
    pub code: String,
    /// `error` or `warning`.
    pub level: String,
    /// The message in one line.
    pub message: String,
    /// The compiler's own rendering, normalised.
    pub rendered: String,
    /// The places; paths from the crate's folder.
    pub spans: Vec<RustcSpan>,
}

/// A place of a compiler message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RustcSpan {
    /// Path from the crate's folder, `src/main.rs`.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// 1-based.
    pub end_line: usize,
    /// 1-based, after the last character.
    pub end_column: usize,
    /// What the compiler says there; may be empty.
    pub label: String,
    /// Whether it is the message's main place.
    pub primary: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_is_in_one_part() {
        let parts: Vec<Partition> = (1..=4)
            .map(|part| Partition::parse(&format!("hash:{part}/4")).unwrap_or_else(|why| panic!("{why}")))
            .collect();
        let mut sizes = [0; 4];
        for number in 0..400 {
            let slug = format!("snippet-{number}");
            let holding: Vec<usize> = (0..4).filter(|&at| parts[at].holds(&slug)).collect();
            assert_eq!(holding.len(), 1, "{slug}");
            sizes[holding[0]] += 1;
        }
        assert!(sizes.iter().all(|&size| size > 50), "{sizes:?}");
        for wrong in ["1/4", "hash:0/4", "hash:5/4", "hash:1/0", "count:1/2", "hash:a/b"] {
            assert!(Partition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
