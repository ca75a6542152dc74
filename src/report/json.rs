//! Diagnostics as JSON, the schema of the formats page.

use serde::Serialize;

use super::place::Place;
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;
use crate::source::Sources;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    diagnostics: Vec<Item<'a>>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    #[serde(flatten)]
    place: Place,
    labels: Vec<LabelItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct LabelItem<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Summary<'a> {
    errors: usize,
    warnings: usize,
    pages: usize,
    questions: usize,
    links: usize,
    snippets: Snippets,
    sandbox: &'a [String],
}

#[derive(Serialize)]
struct Snippets {
    verified: usize,
    failed: usize,
    cached: usize,
    manual: usize,
}

/// The report of a build; ends in a newline.
#[must_use]
pub fn render(outcome: &Outcome) -> String {
    let report = Report {
        version: 1,
        diagnostics: outcome
            .diagnostics
            .iter()
            .map(|d| item(d, &outcome.sources))
            .collect(),
        summary: Summary {
            errors: outcome.diagnostics.count(Severity::Error),
            warnings: outcome.diagnostics.count(Severity::Warning),
            pages: outcome.counts.pages,
            questions: outcome.counts.questions,
            links: outcome.counts.links,
            snippets: Snippets {
                verified: outcome.counts.verified,
                failed: outcome.counts.failed,
                cached: outcome.counts.cached,
                manual: outcome.counts.manual,
            },
            sandbox: &outcome.proofs.sandbox,
        },
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn item<'a>(diagnostic: &'a Diagnostic, sources: &Sources) -> Item<'a> {
    Item {
        code: diagnostic.code.as_str(),
        severity: diagnostic.severity.as_str(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        place: Place::of(diagnostic, sources),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelItem {
                message: &label.message,
                place: Place::at(label.span, sources),
            })
            .collect(),
        detail: diagnostic.detail.as_deref(),
    }
}
