//! What a build found, as JSON for the pages of a site that is shown while it is written.

use std::path::Path;

use serde::Serialize;

use super::place::Place;
use super::{human, junit};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;
use crate::model::site::encode;
use crate::model::snippet::Status;

/// More are counted, not listed: nobody reads them in a browser.
const MOST: usize = 1000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    /// Whether the site that is shown is older than what is wrong.
    is_withheld: bool,
    problems: Vec<Problem<'a>>,
    more: usize,
    snippets: Vec<Snippet<'a>>,
}

#[derive(Serialize)]
struct Problem<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place,
    /// As the terminal shows it.
    text: String,
    /// The address that opens the place in the author's editor.
    link: Option<String>,
    /// The snippet that it is about.
    snippet: Option<&'a str>,
}

#[derive(Serialize)]
struct Snippet<'a> {
    slug: &'a str,
    /// What was observed, to be named on accepting it.
    observed: Option<String>,
    /// What differs, where it may be accepted.
    differences: &'a [String],
}

/// The report of a build. `editor` is a URL with `{path}`, `{line}` and `{column}`.
#[must_use]
pub fn render(outcome: &Outcome, root: &Path, editor: &str) -> String {
    let sources = &outcome.sources;
    let problems = outcome
        .diagnostics
        .iter()
        .take(MOST)
        .map(|diagnostic| {
            let place = Place::of(diagnostic, sources);
            Problem {
                severity: diagnostic.severity.as_str(),
                code: diagnostic.code.as_str(),
                message: &diagnostic.message,
                text: human::render_one(diagnostic, sources, false),
                link: link(&place, root, editor),
                place,
                snippet: owner(diagnostic, outcome),
            }
        })
        .collect();
    let snippets = outcome
        .proofs
        .snippets
        .iter()
        .filter(|(_, proof)| proof.status == Status::Failed)
        .map(|(slug, proof)| Snippet {
            slug,
            observed: proof.observed_hash.map(|hash| hash.hex()),
            differences: &proof.differences,
        })
        .collect();
    let report = Report {
        is_withheld: outcome.site.is_none(),
        problems,
        more: outcome.diagnostics.iter().count().saturating_sub(MOST),
        snippets,
    };
    serde_json::to_string(&report).unwrap_or_default()
}

/// The report of a build that could not be done.
#[must_use]
pub fn failure(message: &str) -> String {
    let report = Report {
        is_withheld: true,
        problems: vec![Problem {
            severity: Severity::Error.as_str(),
            code: "",
            message,
            place: Place::default(),
            text: format!("error: {message}"),
            link: None,
            snippet: None,
        }],
        more: 0,
        snippets: Vec::new(),
    };
    serde_json::to_string(&report).unwrap_or_default()
}

fn owner<'a>(diagnostic: &Diagnostic, outcome: &'a Outcome) -> Option<&'a str> {
    junit::owner(diagnostic, outcome)
}

/// The address of a place for an editor. A slash before `{path}` stands for the one that the path begins with.
fn link(place: &Place, root: &Path, editor: &str) -> Option<String> {
    let file = root.join(place.file.as_ref()?);
    let mut path = encode(&file.to_string_lossy().replace('\\', "/"));
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let number = |number: Option<usize>| number.unwrap_or(1).to_string();
    Some(
        editor
            .replace("/{path}", &path)
            .replace("{path}", &path)
            .replace("{line}", &number(place.line))
            .replace("{column}", &number(place.column)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_open_the_place() {
        let place = Place {
            file: Some("content/a b#.md".to_owned()),
            line: Some(3),
            ..Place::default()
        };
        for (editor, expect) in [
            (
                "vscode://file/{path}:{line}:{column}",
                "vscode://file/s/content/a%20b%23.md:3:1",
            ),
            (
                "idea://open?file={path}&line={line}",
                "idea://open?file=/s/content/a%20b%23.md&line=3",
            ),
        ] {
            assert_eq!(link(&place, Path::new("/s"), editor).as_deref(), Some(expect));
        }
        assert_eq!(link(&Place::default(), Path::new("/s"), "x:{path}"), None);
    }
}
