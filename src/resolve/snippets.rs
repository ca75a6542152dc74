//! The snippet crates of the book, and the directives that name them.

use super::ResolveRequest;
use crate::config::snippet::read_crate;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::model::book::Book;
use crate::model::region::shown_code;

/// Reads the manifests of all snippet crates and checks every directive against them.
pub(super) fn read_all(book: &mut Book, request: &ResolveRequest<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let dir = request.config.snippets.dir.as_str();
    let workspace = request.sources.by_path(&format!("{dir}/Cargo.toml"));
    let mut slugs: Vec<&str> = request
        .sources
        .under(dir)
        .filter_map(|source| source.path.get(dir.len() + 1..)?.strip_suffix("/Cargo.toml"))
        .filter(|slug| !slug.contains('/'))
        .collect();
    slugs.sort_unstable();
    for slug in slugs {
        let folder = format!("{dir}/{slug}");
        if let Some(staged) = read_crate(slug, &folder, request.sources, workspace) {
            let found = staged.collect(diagnostics);
            book.snippets.insert(slug.to_owned(), found);
        }
    }
    let documents: Vec<_> = book.documents().cloned().collect();
    for document in &documents {
        for reference in document.snippets() {
            match book.snippets.get(&reference.slug) {
                None => {
                    let diagnostic = Diagnostic::new(
                        codes::SNIPPET_UNKNOWN,
                        format!("there is no snippet `{}`", reference.slug),
                    )
                    .at(reference.slug_span)
                    .label("no such snippet");
                    let known = book.snippets.keys().map(String::as_str);
                    diagnostics.push(match nearest(&reference.slug, known) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic.help(format!(
                            "a snippet is a crate `{dir}/{}` whose Cargo.toml has a table `[package.metadata.proofbook]`",
                            reference.slug
                        )),
                    });
                }
                Some(found) => {
                    if let Err(diagnostic) = shown_code(found, request.sources, reference) {
                        diagnostics.push(diagnostic);
                    }
                }
            }
        }
    }
}
