//! What is said of snippets: each diagnostic points at the crate's manifest and at the first page that shows it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic, codes};
use crate::model::book::Book;
use crate::model::snippet::{SnippetCrate, SnippetKind};
use crate::source::Span;

/// Makes diagnostics about the snippets of one book.
pub(super) struct Reporter<'a> {
    book: &'a Book,
    /// The first directive of each slug.
    shown: BTreeMap<&'a str, Span>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(book: &'a Book) -> Self {
        let mut shown = BTreeMap::new();
        for document in book.documents() {
            for reference in document.snippets() {
                shown
                    .entry(reference.slug.as_str())
                    .or_insert(reference.slug_span);
            }
        }
        Self { book, shown }
    }

    /// Crates that no page shows.
    pub(super) fn unused(&self) -> Vec<Diagnostic> {
        self.book
            .snippets
            .values()
            .filter(|found| found.inline.is_none() && !self.shown.contains_key(found.slug.as_str()))
            .map(|found| {
                Diagnostic::new(
                    codes::SNIPPET_UNUSED,
                    format!("no page shows the snippet `{}`", found.slug),
                )
                .at(found.span)
                .help(format!(
                    "write `{{{{#snippet {}}}}}` on a line of its own in a guide",
                    found.slug
                ))
            })
            .collect()
    }

    /// A diagnostic about a snippet.
    pub(super) fn about(&self, found: &SnippetCrate, code: Code, message: impl Into<String>) -> Diagnostic {
        let diagnostic = Diagnostic::new(code, message).at(found.span);
        match self.shown.get(found.slug.as_str()) {
            Some(span) => diagnostic.also(*span, "shown here"),
            None => diagnostic,
        }
    }

    /// A crate that does not compile, by its own fault or by that of the named dependencies.
    pub(super) fn build_failed(
        &self,
        found: &SnippetCrate,
        detail: &str,
        dependencies: &[&str],
    ) -> Diagnostic {
        let why = match dependencies {
            [] => String::new(),
            [one] => format!(": its dependency `{one}` does not"),
            more => format!(": its dependencies `{}` do not", more.join("`, `")),
        };
        let diagnostic = self.about(
            found,
            codes::SNIPPET_BUILD_FAILED,
            format!("`{}` does not compile{why}", found.slug),
        );
        if detail.is_empty() {
            diagnostic.help("cargo said nothing of it: a crate that it depends on may be broken")
        } else {
            diagnostic.detail(detail)
        }
    }

    /// A run that could not be started.
    pub(super) fn environment(
        &self,
        found: &SnippetCrate,
        program: &Path,
        error: &std::io::Error,
    ) -> Diagnostic {
        self.about(
            found,
            codes::SNIPPET_CRASHED,
            format!("failed to run `{}`: {error}", program.display()),
        )
    }
}

/// The command that does the same by hand, in the snippets folder.
pub(super) fn command(found: &SnippetCrate, profile: &str) -> String {
    if found.inline.is_some() {
        return format!("proofbook test '{}'", found.slug);
    }
    let package = &found.package;
    let profile = if profile == "dev" {
        String::new()
    } else {
        format!(" --profile {profile}")
    };
    let kinds = &found.meta.kinds;
    if kinds.contains(&SnippetKind::CompileFail) {
        return format!("cargo build -p {package}{profile}");
    }
    if !kinds
        .iter()
        .any(|kind| matches!(kind, SnippetKind::Run | SnippetKind::Panic))
    {
        return format!("cargo test -p {package}{profile}");
    }
    let mut command = format!("cargo run -q -p {package}{profile}");
    if found.bins.len() > 1
        && let Some(bin) = found.bins.first()
    {
        command.push_str(&format!(" --bin {bin}"));
    }
    if !found.meta.args.is_empty() {
        command.push_str(" -- ");
        command.push_str(&found.meta.args.join(" "));
    }
    if let Some(stdin) = &found.meta.stdin {
        command.push_str(&format!(" < {}/{stdin}", found.slug));
    }
    command
}
