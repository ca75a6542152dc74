//! What is wrong with the author's input: where, why and how to mend it.
//!
//! Stages return diagnostics by value inside [`Staged`]; only the engine collects them, applies
//! the configured levels and puts them in order.

use std::collections::BTreeMap;
use std::fmt;

use crate::source::Span;

/// A stable name for one kind of diagnostic, `area/kebab-case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The name as users write it in `[check.rules]`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The code of a name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        codes::ALL
            .iter()
            .map(|&(code, _)| code)
            .find(|code| code.0 == name)
    }

    /// What it is said of: one sentence.
    #[must_use]
    pub fn summary(self) -> &'static str {
        codes::ALL
            .iter()
            .zip(codes::SUMMARIES)
            .find(|((code, _), _)| *code == self)
            .map_or("", |(_, summary)| summary.trim())
    }

    /// Its documentation in Markdown: what, why, an example, how to mend. One file a rule below `docs/rules/`.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        codes::ALL
            .iter()
            .zip(codes::EXPLANATIONS)
            .find(|((code, _), _)| *code == self)
            .map_or("", |(_, text)| text)
    }

    /// The severity where book.toml says nothing.
    #[must_use]
    pub fn default_severity(self) -> Severity {
        codes::ALL
            .iter()
            .find(|(code, _)| *code == self)
            .map_or(Severity::Error, |&(_, severity)| severity)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Every code; the contract of the formats page.
pub mod codes {
    use super::{Code, Severity};

    macro_rules! codes {
        ($(#[doc = $doc:literal] $name:ident = $text:literal $severity:ident;)*) => {
            $(#[doc = $doc] pub const $name: Code = Code($text);)*
            /// All codes with their default severity, in the order of the formats page.
            pub const ALL: &[(Code, Severity)] = &[$(($name, Severity::$severity)),*];
            /// What each code is said of, in the order of [`ALL`].
            pub(super) const SUMMARIES: &[&str] = &[$($doc),*];
            /// The documentation of each code, in the order of [`ALL`]; a code without its file does not compile.
            pub(super) const EXPLANATIONS: &[&str] =
                &[$(include_str!(concat!("../docs/rules/", $text, ".md"))),*];
        };
    }

    codes! {
        /// A key that nothing reads.
        CONFIG_UNKNOWN_KEY = "config/unknown-key" Error;
        /// A value of the wrong type or outside its range.
        CONFIG_INVALID_VALUE = "config/invalid-value" Error;
        /// One id for two things.
        CONTENT_DUPLICATE_ID = "content/duplicate-id" Error;
        /// Two pages or files on one URL.
        CONTENT_OUTPUT_COLLISION = "content/output-collision" Error;
        /// Markdown nested beyond the cap.
        CONTENT_TOO_DEEP = "content/too-deep" Error;
        /// A text file that is not UTF-8.
        CONTENT_NOT_UTF8 = "content/not-utf8" Error;
        /// A question without an answer.
        CONTENT_EMPTY_ANSWER = "content/empty-answer" Warning;
        /// A heading more than one level below the one before.
        CONTENT_HEADING_SKIP = "content/heading-skip" Warning;
        /// An image without alternative text.
        CONTENT_MISSING_ALT = "content/missing-alt" Warning;
        /// A page that no navigation reaches.
        CONTENT_ORPHAN_PAGE = "content/orphan-page" Warning;
        /// A link to a draft.
        CONTENT_DRAFT_LINK = "content/draft-link" Warning;
        /// Raw HTML that was dropped.
        CONTENT_UNSAFE_HTML = "content/unsafe-html" Warning;
        /// An included file that is not there.
        INCLUDE_MISSING_FILE = "include/missing-file" Error;
        /// An included region that is not there.
        INCLUDE_MISSING_REGION = "include/missing-region" Error;
        /// A region that is opened and never closed.
        INCLUDE_UNCLOSED_REGION = "include/unclosed-region" Error;
        /// A file that includes itself.
        INCLUDE_CYCLE = "include/cycle" Error;
        /// An include that leaves the site's root.
        INCLUDE_OUTSIDE_ROOT = "include/outside-root" Error;
        /// A link to a file that is not there.
        LINK_MISSING_FILE = "link/missing-file" Error;
        /// A link to an anchor that is not there.
        LINK_MISSING_ANCHOR = "link/missing-anchor" Error;
        /// A link that works only where case does not matter.
        LINK_WRONG_CASE = "link/wrong-case" Error;
        /// An image that is not there.
        LINK_MISSING_IMAGE = "link/missing-image" Error;
        /// A link that leaves the content folder.
        LINK_OUTSIDE_ROOT = "link/outside-root" Error;
        /// A link with a scheme that may run code.
        LINK_FORBIDDEN_SCHEME = "link/forbidden-scheme" Error;
        /// A link that works through an alias or redirect.
        LINK_MOVED = "link/moved" Warning;
        /// An external link that fails.
        LINK_BROKEN_EXTERNAL = "link/broken-external" Error;
        /// An external page without the anchor.
        LINK_EXTERNAL_ANCHOR = "link/external-anchor" Error;
        /// A snippet, file or region that does not exist.
        SNIPPET_UNKNOWN = "snippet/unknown" Error;
        /// A reviewed output that is not there.
        SNIPPET_MISSING_EXPECTED = "snippet/missing-expected" Error;
        /// A snippet that no page shows.
        SNIPPET_UNUSED = "snippet/unused" Warning;
        /// A crate that does not compile.
        SNIPPET_BUILD_FAILED = "snippet/build-failed" Error;
        /// An output that differs from the reviewed one.
        SNIPPET_MISMATCH = "snippet/mismatch" Error;
        /// Two runs that differ.
        SNIPPET_NOT_REPEATABLE = "snippet/not-repeatable" Error;
        /// Another exit code than the reviewed one.
        SNIPPET_EXIT_CODE = "snippet/exit-code" Error;
        /// A run ended by a signal.
        SNIPPET_CRASHED = "snippet/crashed" Error;
        /// A compile-fail crate that compiles.
        SNIPPET_UNEXPECTEDLY_COMPILES = "snippet/unexpectedly-compiles" Error;
        /// A compile-fail crate without the promised error.
        SNIPPET_WRONG_ERROR_CODE = "snippet/wrong-error-code" Error;
        /// A run stopped by its time limit.
        SNIPPET_TIMEOUT = "snippet/timeout" Error;
        /// A run stopped by its output limit.
        SNIPPET_OUTPUT_LIMIT = "snippet/output-limit" Error;
        /// A run stopped by its memory limit.
        SNIPPET_MEMORY_LIMIT = "snippet/memory-limit" Error;
        /// A run stopped by its process limit.
        SNIPPET_PROCESS_LIMIT = "snippet/process-limit" Error;
        /// A run stopped by its file limit.
        SNIPPET_FILE_LIMIT = "snippet/file-limit" Error;
        /// A run stopped by its disk limit.
        SNIPPET_DISK_LIMIT = "snippet/disk-limit" Error;
        /// A required layer of the sandbox is missing.
        SNIPPET_SANDBOX = "snippet/sandbox" Error;
        /// A template that is not there.
        THEME_MISSING_TEMPLATE = "theme/missing-template" Error;
        /// A block that the extended template lacks.
        THEME_UNKNOWN_BLOCK = "theme/unknown-block" Error;
        /// A template that does not parse or render.
        THEME_SYNTAX = "theme/syntax" Error;
    }
}

/// How much a diagnostic weighs; ordered from light to heavy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing to mend.
    Note,
    /// Should be mended; the site is published.
    Warning,
    /// Must be mended; nothing is published.
    Error,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A further place that matters, with what to say of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A short phrase.
    pub message: String,
}

/// The one safe way to mend something: what to write in whose place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The text to replace.
    pub span: Span,
    /// What to write there.
    pub replacement: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Diagnostic {
    /// Its stable name.
    pub code: Code,
    /// Its weight; the configured level replaces it in the engine.
    pub severity: Severity,
    /// What is wrong: a lower-case phrase without full stop, names in backticks.
    pub message: String,
    /// Where; `None` where no text is at fault (a binary file, a missing folder).
    pub span: Option<Span>,
    /// What to say at the span; may be empty.
    pub label: String,
    /// A path from the root for diagnostics without a span.
    pub path: Option<String>,
    /// Further places.
    pub labels: Vec<Label>,
    /// Long material shown after the message as it is: a diff, a compiler's text.
    pub detail: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// The change that mends it, where there is one safe answer.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic of the code's default severity.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.default_severity(),
            message: message.into(),
            span: None,
            label: String::new(),
            path: None,
            labels: Vec::new(),
            detail: None,
            help: None,
            fix: None,
        }
    }

    /// Sets the place.
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Sets what to say at the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Names a file, where there is no span.
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds a further place.
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Adds long material.
    pub fn detail(mut self, text: impl Into<String>) -> Self {
        self.detail = Some(text.into());
        self
    }

    /// Says how to mend it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Gives the change that mends it.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// Gives it another weight than its code's.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds "did you mean" where a candidate is near.
    pub fn suggest<'a>(self, wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wrong, candidates) {
            Some(found) => self.help(format!("did you mean `{found}`?")),
            None => self,
        }
    }
}

/// The candidate nearest to a misspelt word (Damerau-Levenshtein), if one is within a third of its
/// length (at least 2 edits); the first of equals.
#[must_use]
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    let limit = (length / 3).max(2);
    candidates
        .into_iter()
        // The distance is never less than the difference of the lengths.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// A stage's value together with what it has to say about its input.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Staged<T> {
    /// The value; whole even where there are diagnostics.
    pub value: T,
    /// What is wrong with the input.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Staged<T> {
    /// A value with its diagnostics.
    pub const fn new(value: T, diagnostics: Vec<Diagnostic>) -> Self {
        Self { value, diagnostics }
    }

    /// Moves the diagnostics out to a collection and returns the value.
    pub fn collect(self, into: &mut Vec<Diagnostic>) -> T {
        into.extend(self.diagnostics);
        self.value
    }

    /// Changes the value and keeps the diagnostics.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Staged<U> {
        Staged {
            value: change(self.value),
            diagnostics: self.diagnostics,
        }
    }
}

/// What book.toml's `[check.rules]` says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Not reported.
    Allow,
    /// Reported as a warning.
    Warn,
    /// Reported as an error.
    Error,
}

/// The diagnostics of one build: levels applied, sorted, without doubles.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Applies the levels, sorts by place and code, and drops doubles. Notes keep their weight.
    #[must_use]
    pub fn new(mut all: Vec<Diagnostic>, levels: &BTreeMap<Code, Level>) -> Self {
        all.retain_mut(|diagnostic| {
            if diagnostic.severity == Severity::Note {
                return true;
            }
            match levels.get(&diagnostic.code) {
                Some(Level::Allow) => return false,
                Some(Level::Warn) => diagnostic.severity = Severity::Warning,
                Some(Level::Error) => diagnostic.severity = Severity::Error,
                None => {}
            }
            true
        });
        all.sort_by(|a, b| {
            let key = |d: &Diagnostic| {
                (
                    d.span.is_none(),
                    d.span,
                    d.path.clone(),
                    d.code,
                    d.message.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        all.dedup();
        Self(all)
    }

    /// The same with errors behind everything else: on a terminal the last lines are those that are seen.
    #[must_use]
    pub fn failures_last(mut self) -> Self {
        self.0
            .sort_by_key(|diagnostic| diagnostic.severity == Severity::Error);
        self
    }

    /// Whether something must be mended before publishing.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many there are of one weight.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|d| d.severity == severity).count()
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn levels_drop_and_raise_but_leave_notes() {
        let levels = BTreeMap::from([
            (codes::SNIPPET_UNUSED, Level::Error),
            (codes::CONTENT_MISSING_ALT, Level::Allow),
        ]);
        let all = vec![
            Diagnostic::new(codes::SNIPPET_UNUSED, "a"),
            Diagnostic::new(codes::CONTENT_MISSING_ALT, "b"),
            Diagnostic::new(codes::SNIPPET_UNUSED, "c").severity(Severity::Note),
        ];
        let found = Diagnostics::new(all, &levels);
        assert_eq!((found.count(Severity::Error), found.iter().count()), (1, 2));
    }

    #[test]
    fn diagnostics_come_in_order_of_place_and_once() {
        let at = |start: usize, message: &str| {
            Diagnostic::new(codes::LINK_MISSING_FILE, message).at(Span::new(FileId::new(0), start..start + 1))
        };
        let all = vec![
            Diagnostic::new(codes::SNIPPET_UNUSED, "no place"),
            at(9, "late"),
            at(2, "early"),
            at(9, "late"),
        ];
        let order: Vec<_> = Diagnostics::new(all, &BTreeMap::new())
            .iter()
            .map(|d| d.message.clone())
            .collect();
        assert_eq!(order, ["early", "late", "no place"]);
    }

    #[test]
    fn every_code_is_explained_by_all_four_parts() {
        for &(code, _) in codes::ALL {
            let text = code.explanation();
            assert!(text.starts_with(&format!("# {code}\n\n")), "{code}: {text}");
            let parts: Vec<&str> = text.split("\n## ").collect();
            let heads: Vec<&str> = parts[1..].iter().filter_map(|part| part.lines().next()).collect();
            assert_eq!(heads, ["Why", "Example", "How to mend"], "{code}");
            assert!(
                parts.iter().all(|part| part.trim().lines().count() > 2),
                "{code}: a part is empty"
            );
            assert!(!code.summary().is_empty(), "{code}");
        }
    }

    #[test]
    fn nearest_refuses_far_words() {
        assert_eq!(nearest("jiter", ["jitter", "filter"]), Some("jitter"));
        assert_eq!(nearest("zebra", ["jitter"]), None);
        assert_eq!(nearest("ab", ["xy"]), None);
    }
}
