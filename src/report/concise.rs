//! Diagnostics for editors and `grep`: one line each, `file:line:column: severity[code] message`.

use super::place::{Place, one_line};
use crate::engine::Outcome;

/// The report of a build; empty where nothing is wrong.
#[must_use]
pub fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for diagnostic in &outcome.diagnostics {
        text.push_str(&line(diagnostic, outcome));
        text.push('\n');
    }
    text
}

/// One diagnostic, without line break.
pub(super) fn line(diagnostic: &crate::diagnostic::Diagnostic, outcome: &Outcome) -> String {
    let place = Place::of(diagnostic, &outcome.sources);
    let mut text = String::new();
    if let Some(file) = place.file {
        text.push_str(&one_line(&file));
        text.push(':');
        if let (Some(line), Some(column)) = (place.line, place.column) {
            text.push_str(&format!("{line}:{column}:"));
        }
        text.push(' ');
    }
    text.push_str(&format!(
        "{}[{}] {}",
        diagnostic.severity.as_str(),
        diagnostic.code,
        one_line(&diagnostic.message)
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests as fixture;

    #[test]
    fn one_line_a_diagnostic_whatever_it_holds() {
        assert_eq!(
            render(&fixture::outcome()),
            "content/a b,c.md:1:12: error[link/missing-anchor] `retry.md` has no anchor `jiter`: 100%\n\
             content/b.md:2:1: warning[content/missing-alt] an image ␛[2J without text\n\
             snippets/queue/Cargo.toml:1:1: error[snippet/mismatch] `queue` prints something else\n\
             note[config/unknown-key] not used here\n\
             content/ü.md: error[content/not-utf8] this file is not UTF-8\n"
        );
    }
}
