//! Diagnostics as workflow commands, which GitHub Actions shows beside the lines of a pull request.
//!
//! The syntax is GitHub's "Workflow commands" page: properties escape `%`, line breaks, `:` and `,`, the message `%`
//! and line breaks. `file` is relative to the site's root, which is the repository's root unless `--root` says otherwise.

use super::place::{Place, visible};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;

/// The report of a build: one command a line; empty where nothing is wrong.
#[must_use]
pub fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for diagnostic in &outcome.diagnostics {
        text.push_str(&command(diagnostic, outcome));
        text.push('\n');
    }
    text
}

fn command(diagnostic: &Diagnostic, outcome: &Outcome) -> String {
    let name = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = Place::of(diagnostic, &outcome.sources);
    let mut properties = Vec::new();
    if let Some(file) = &place.file {
        properties.push(format!("file={}", property(file)));
    }
    if let (Some(line), Some(column), Some(end_line), Some(end_column)) =
        (place.line, place.column, place.end_line, place.end_column)
    {
        properties.push(format!("line={line},col={column},endLine={end_line}"));
        // Columns mark a range only within one line.
        if end_line == line {
            properties.push(format!("endColumn={end_column}"));
        }
    }
    properties.push(format!("title={}", property(diagnostic.code.as_str())));
    let mut message = diagnostic.message.clone();
    for part in [&diagnostic.help, &diagnostic.detail].into_iter().flatten() {
        message.push('\n');
        message.push_str(part);
    }
    format!("::{name} {}::{}", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    visible(&text.replace('\r', ""))
        .replace('%', "%25")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests as fixture;

    #[test]
    fn commands_are_escaped_and_placed() {
        assert_eq!(
            render(&fixture::outcome()),
            "::error file=content/a b%2Cc.md,line=1,col=12,endLine=1,endColumn=26,title=link/missing-anchor::`retry.md` has no anchor `jiter`: 100%25%0Adid you mean `#jitter`?\n\
             ::warning file=content/b.md,line=2,col=1,endLine=3,title=content/missing-alt::an image ␛[2J without text\n\
             ::error file=snippets/queue/Cargo.toml,line=1,col=1,endLine=1,endColumn=10,title=snippet/mismatch::`queue` prints something else%0A-a]]>%0A+b␀&\n\
             ::notice title=config/unknown-key::not used here\n\
             ::error file=content/ü.md,title=content/not-utf8::this file is not UTF-8\n"
        );
    }
}
