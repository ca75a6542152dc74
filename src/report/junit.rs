//! What a build found as JUnit XML, for CI services that list tests.
//!
//! There is no standard; the elements and attributes are those that the schema of Jenkins' xUnit plugin
//! (`junit-10.xsd`) allows. Two suites: `rules`, with a case a rule that found nothing and one a rule and file where
//! something was found, and `snippets`, with a case a snippet. Errors fail a case; warnings stand in its `system-out`.

use std::collections::BTreeMap;

use super::concise;
use super::place::Place;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::engine::Outcome;
use crate::model::snippet::Status;

/// One test case.
struct Case {
    class: String,
    name: String,
    verdict: Verdict,
    /// Shown whatever the verdict; may be empty.
    said: String,
}

enum Verdict {
    Passed,
    Skipped {
        why: String,
    },
    Failed {
        kind: String,
        message: String,
        text: String,
    },
}

/// The report of a build; ends in a newline.
#[must_use]
pub fn render(outcome: &Outcome) -> String {
    let suites = [("rules", rules(outcome)), ("snippets", snippets(outcome))];
    let failures: usize = suites.iter().map(|(_, cases)| failed(cases)).sum();
    let tests: usize = suites.iter().map(|(_, cases)| cases.len()).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!(
        "<testsuites name=\"proofbook\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    ));
    for (name, cases) in &suites {
        let skipped = cases
            .iter()
            .filter(|case| matches!(case.verdict, Verdict::Skipped { .. }))
            .count();
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{skipped}\">\n",
            cases.len(),
            failed(cases),
        ));
        for case in cases {
            xml.push_str(&element(case));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn failed(cases: &[Case]) -> usize {
    cases
        .iter()
        .filter(|case| matches!(case.verdict, Verdict::Failed { .. }))
        .count()
}

/// The rules, in the order of the codes. What is said of a snippet's run belongs to the other suite, unless no snippet
/// can be named.
fn rules(outcome: &Outcome) -> Vec<Case> {
    let mut found: BTreeMap<(&str, String), Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in &outcome.diagnostics {
        if owner(diagnostic, outcome).is_none() {
            let file = Place::of(diagnostic, &outcome.sources).file;
            found
                .entry((
                    diagnostic.code.as_str(),
                    file.unwrap_or_else(|| "(site)".to_owned()),
                ))
                .or_default()
                .push(diagnostic);
        }
    }
    let mut cases = Vec::new();
    for (code, _) in codes::ALL {
        let name = code.as_str().to_owned();
        let mut clean = true;
        for ((_, file), diagnostics) in found.iter().filter(|((of, _), _)| *of == code.as_str()) {
            clean = false;
            cases.push(case(file.clone(), name.clone(), diagnostics, outcome));
        }
        if clean {
            cases.push(Case {
                class: "(site)".to_owned(),
                name,
                verdict: Verdict::Passed,
                said: String::new(),
            });
        }
    }
    cases
}

fn snippets(outcome: &Outcome) -> Vec<Case> {
    let mut found: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in &outcome.diagnostics {
        if let Some(slug) = owner(diagnostic, outcome) {
            found.entry(slug).or_default().push(diagnostic);
        }
    }
    outcome
        .proofs
        .snippets
        .iter()
        .map(|(slug, proof)| {
            let diagnostics = found.get(slug.as_str()).map_or(&[][..], Vec::as_slice);
            let mut case = case("snippets".to_owned(), slug.clone(), diagnostics, outcome);
            if matches!(case.verdict, Verdict::Passed) {
                case.verdict = match &proof.status {
                    Status::Verified => Verdict::Passed,
                    Status::Manual(why) | Status::Stale(why) => Verdict::Skipped { why: why.clone() },
                    Status::Running => Verdict::Skipped {
                        why: "it still runs".to_owned(),
                    },
                    Status::Failed => Verdict::Failed {
                        kind: proof.failure.unwrap_or("snippet").to_owned(),
                        message: "the snippet is not verified".to_owned(),
                        text: String::new(),
                    },
                };
            }
            case
        })
        .collect()
}

/// The snippet that a diagnostic is said of: the one whose folder it points into, else the one that it names.
pub(super) fn owner<'a>(diagnostic: &Diagnostic, outcome: &'a Outcome) -> Option<&'a str> {
    if !diagnostic.code.as_str().starts_with("snippet/") {
        return None;
    }
    let file = Place::of(diagnostic, &outcome.sources).file.unwrap_or_default();
    let folder = file
        .strip_prefix(outcome.config.snippets.dir.as_str())
        .and_then(|below| below.strip_prefix('/')?.split('/').next());
    let known = &outcome.proofs.snippets;
    folder
        .and_then(|slug| known.get_key_value(slug))
        .or_else(|| {
            let mut named = diagnostic.message.split('`').skip(1).step_by(2);
            named.find_map(|word| known.get_key_value(word))
        })
        .map(|(slug, _)| slug.as_str())
}

/// A case that fails if one of the diagnostics is an error.
fn case(class: String, name: String, diagnostics: &[&Diagnostic], outcome: &Outcome) -> Case {
    let text = |wanted: fn(&Diagnostic) -> bool| {
        let mut lines = String::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| wanted(diagnostic)) {
            lines.push_str(&concise::line(diagnostic, outcome));
            lines.push('\n');
            if let Some(help) = &diagnostic.help {
                lines.push_str(&format!("help: {help}\n"));
            }
            if let Some(detail) = &diagnostic.detail {
                lines.push_str(&format!("{}\n", detail.trim_end()));
            }
        }
        lines
    };
    let errors: Vec<_> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    let verdict = match errors.as_slice() {
        [] => Verdict::Passed,
        [first, others @ ..] => Verdict::Failed {
            kind: first.code.as_str().to_owned(),
            message: if others.is_empty() {
                first.message.clone()
            } else {
                format!("{} (and {} more)", first.message, others.len())
            },
            text: text(|diagnostic| diagnostic.severity == Severity::Error),
        },
    };
    Case {
        class,
        name,
        verdict,
        said: text(|diagnostic| diagnostic.severity != Severity::Error),
    }
}

fn element(case: &Case) -> String {
    let mut inner = String::new();
    match &case.verdict {
        Verdict::Passed => {}
        Verdict::Skipped { why } => {
            inner.push_str(&format!("      <skipped message=\"{}\"/>\n", escape(why)));
        }
        Verdict::Failed { kind, message, text } => inner.push_str(&format!(
            "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
            escape(kind),
            escape(message),
            escape(text)
        )),
    }
    if !case.said.is_empty() {
        inner.push_str(&format!(
            "      <system-out>{}</system-out>\n",
            escape(&case.said)
        ));
    }
    let open = format!(
        "    <testcase classname=\"{}\" name=\"{}\"",
        escape(&case.class),
        escape(&case.name)
    );
    if inner.is_empty() {
        format!("{open}/>\n")
    } else {
        format!("{open}>\n{inner}    </testcase>\n")
    }
}

/// Text for XML 1.0 §2.2: what cannot stand in a document at all becomes visible or U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in super::place::visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests as fixture;

    #[test]
    fn cases_fail_pass_and_are_skipped_as_they_should() {
        let xml = render(&fixture::outcome());
        for part in [
            "<testcase classname=\"content/a b,c.md\" name=\"link/missing-anchor\">",
            "<failure type=\"link/missing-anchor\" message=\"`retry.md` has no anchor `jiter`: 100%\">content/a b,c.md:1:12: ",
            "help: did you mean `#jitter`?",
            "<system-out>content/b.md:2:1: warning[content/missing-alt] an image ␛[2J without text\n</system-out>",
            "<testcase classname=\"(site)\" name=\"link/moved\"/>",
            "<testcase classname=\"snippets\" name=\"fine\"/>",
            "<skipped message=\"needs a &quot;GPU&quot;\"/>",
            "<failure type=\"snippet/mismatch\" message=\"`queue` prints something else\">",
            "-a]]&gt;\n+b␀&amp;",
            "<testsuite name=\"snippets\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\">",
        ] {
            assert!(xml.contains(part), "{part:?} is missing in\n{xml}");
        }
    }

    #[test]
    fn the_document_is_well_formed_and_its_sums_are_right() {
        let xml = render(&fixture::outcome());
        let mut open: Vec<&str> = Vec::new();
        let mut cases = 0;
        for tag in xml.split('<').skip(2).map(|part| part.split('>').next().unwrap()) {
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap();
            cases += usize::from(name == "testcase");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            // The only attributes that the schema allows there.
            for key in tag
                .split('"')
                .step_by(2)
                .filter_map(|part| part.trim().strip_suffix('='))
            {
                let key = key.rsplit(' ').next().unwrap();
                let allowed: &[&str] = match name {
                    "testsuites" => &["name", "tests", "failures", "errors"],
                    "testsuite" => &["name", "tests", "failures", "errors", "skipped"],
                    "testcase" => &["classname", "name"],
                    "failure" => &["type", "message"],
                    "skipped" => &["message"],
                    _ => &[],
                };
                assert!(allowed.contains(&key), "{name} {key}");
            }
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert_eq!(open, Vec::<&str>::new());
        assert!(
            xml.contains(&format!("<testsuites name=\"proofbook\" tests=\"{cases}\"")),
            "{cases}"
        );
    }
}
