//! Diagnostics as a SARIF 2.1.0 log, for code scanning.
//!
//! Artifact URIs are relative to `%SRCROOT%`, the site's root (§3.4.4). Columns are Unicode characters (§3.14.17).
//! The fingerprint of a result hashes its code, file, message and line's text, not the line's number, so that a result
//! keeps its identity when text moves (§3.27.17).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::place::Place;
use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::engine::Outcome;
use crate::memo::ContentHash;
use crate::model::site::encode;

/// The report of a build; ends in a newline.
#[must_use]
pub fn render(outcome: &Outcome) -> String {
    let mut seen: BTreeMap<ContentHash, usize> = BTreeMap::new();
    let results: Vec<Value> = outcome
        .diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, outcome, &mut seen))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes::ALL.iter().map(|&(code, severity)| rule(code, severity)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The site's root folder." } } },
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": i32::from(outcome.diagnostics.has_errors()),
            }],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(code: Code, severity: Severity) -> Value {
    let part = |after: &str| {
        let text = code.explanation().split(after).nth(1).unwrap_or_default();
        text.split("\n## ")
            .next()
            .unwrap_or_default()
            .trim()
            .replace('\n', " ")
    };
    let (what, mend) = (part(&format!("# {code}\n")), part("\n## How to mend\n"));
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "fullDescription": { "text": what },
        "help": { "text": mend, "markdown": code.explanation() },
        "defaultConfiguration": { "level": severity.as_str() },
        "properties": { "tags": [code.as_str().split('/').next().unwrap_or_default()] },
    })
}

fn result(diagnostic: &Diagnostic, outcome: &Outcome, seen: &mut BTreeMap<ContentHash, usize>) -> Value {
    let place = Place::of(diagnostic, &outcome.sources);
    let mut message = diagnostic.message.clone();
    for part in [&diagnostic.help, &diagnostic.detail].into_iter().flatten() {
        message.push('\n');
        message.push_str(part);
    }
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "level": diagnostic.severity.as_str(),
        "message": { "text": message },
        "partialFingerprints": { "proofbookFinding/v1": fingerprint(diagnostic, &place, outcome, seen) },
    });
    if let Some(index) = codes::ALL.iter().position(|(code, _)| *code == diagnostic.code) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(physical) = physical(&place) {
        result["locations"] = json!([{ "physicalLocation": physical }]);
    }
    let related: Vec<Value> = diagnostic
        .labels
        .iter()
        .enumerate()
        .filter_map(|(index, label)| {
            Some(json!({
                "id": index + 1,
                "physicalLocation": physical(&Place::at(label.span, &outcome.sources))?,
                "message": { "text": label.message },
            }))
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn physical(place: &Place) -> Option<Value> {
    let file = place.file.as_ref()?;
    let mut physical = json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" } });
    if place.line.is_some() {
        physical["region"] = json!({
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        });
    }
    Some(physical)
}

/// A path as a relative reference (RFC 3986 §4.2): a colon in its first segment would read as a scheme.
fn uri(path: &str) -> String {
    encode(path).replace(':', "%3A")
}

fn fingerprint(
    diagnostic: &Diagnostic,
    place: &Place,
    outcome: &Outcome,
    seen: &mut BTreeMap<ContentHash, usize>,
) -> String {
    let line = diagnostic.span.map_or_else(String::new, |span| {
        let location = outcome.sources.locate(span);
        let text = outcome.sources.get(location.file).raw.clone().unwrap_or_default();
        text.lines()
            .nth(location.line.saturating_sub(1))
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    let base = ContentHash::fields()
        .field(diagnostic.code.as_str())
        .field(place.file.as_deref().unwrap_or_default())
        .field(&diagnostic.message)
        .field(line)
        .finish();
    let count = seen.entry(base).or_default();
    *count += 1;
    format!("{}:{count}", &base.hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests as fixture;

    fn log() -> Value {
        serde_json::from_str(&render(&fixture::outcome())).unwrap()
    }

    #[test]
    fn the_log_is_valid_by_the_official_schema() {
        // The schema file is read from the sources of a development dependency, which ships it, so that no copy stands here.
        let version = std::process::Command::new("rustc").arg("-vV").output().unwrap();
        let version = String::from_utf8(version.stdout).unwrap();
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap();
        // Crates for other platforms were not fetched.
        let metadata = std::process::Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version",
                "1",
                "--offline",
                "--filter-platform",
                host,
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let manifest = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|package| package["name"] == "serde-sarif")
            .and_then(|package| package["manifest_path"].as_str())
            .unwrap();
        let path = std::path::Path::new(manifest).with_file_name("src/schema.json");
        let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // The published pattern of `language`, which no log of ours has, is no ECMA 262 regular expression: a lone `]`.
        for owner in ["run", "toolComponent"] {
            schema["definitions"][owner]["properties"]["language"]["pattern"] = json!(".*");
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let log = log();
        let faults: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new());
        // A validator that accepts everything proves nothing.
        let mut broken = log;
        broken["runs"][0]["results"][0]["level"] = json!("fatal");
        assert!(!validator.is_valid(&broken));
    }

    #[test]
    fn results_name_rule_place_and_identity() {
        let log = log();
        let first = &log["runs"][0]["results"][0];
        assert_eq!(first["ruleId"], "link/missing-anchor");
        let index = usize::try_from(first["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][index];
        assert_eq!(rule["id"], "link/missing-anchor");
        let said = |key: &str| rule[key]["text"].as_str().unwrap();
        assert!(said("fullDescription").starts_with("A link leads to a page that exists"));
        assert!(said("help").starts_with("Correct the fragment."));
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "content/a%20b,c.md");
        assert_eq!(place["region"]["startColumn"], 12);
        assert_eq!(first["relatedLocations"][0]["message"]["text"], "first,\nsecond");
    }

    #[test]
    fn a_fingerprint_survives_a_move_and_tells_doubles_apart() {
        let at = |text: &str, start: usize| {
            let sources = crate::source::Sources::new([("a.md".to_owned(), text.as_bytes().to_vec())]);
            let span = crate::source::Span::new(crate::source::FileId::new(0), start..start + 1);
            let twice = [
                Diagnostic::new(codes::LINK_MISSING_FILE, "m").at(span),
                Diagnostic::new(codes::LINK_MISSING_FILE, "m")
                    .at(span)
                    .label("other"),
            ];
            let outcome = Outcome {
                sources,
                diagnostics: crate::diagnostic::Diagnostics::new(twice.to_vec(), &BTreeMap::new()),
                ..fixture::outcome()
            };
            let log: Value = serde_json::from_str(&render(&outcome)).unwrap();
            [0, 1].map(|at| {
                log["runs"][0]["results"][at]["partialFingerprints"]["proofbookFinding/v1"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
        };
        let (before, after) = (at("x y", 2), at("\n\nx y", 4));
        assert_eq!(before, after);
        assert_ne!(before[0], before[1]);
    }
}
