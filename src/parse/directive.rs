//! `{{#snippet slug:region key=value …}}`, read from the source text, before smart punctuation.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, codes};
use crate::model::snippet::{Show, SnippetRef};
use crate::source::Span;

/// How a directive begins.
pub(super) const OPEN: &str = "{{#snippet";

const OPTIONS: [&str; 7] = ["file", "bin", "show", "open", "folded", "title", "highlight"];

/// Whether a line is a directive and nothing else.
pub(super) fn is_directive(line: &str) -> bool {
    let line = line.trim();
    line.strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|inner| inner.starts_with(char::is_whitespace) || inner.is_empty())
}

/// Reads the directive at a span; options that cannot be read are reported and left out.
pub(super) fn parse(text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<SnippetRef> {
    let whole = &text[span.range()];
    let lead = whole.len() - whole.trim_start().len();
    let start = span.start as usize + lead + OPEN.len();
    let inner = whole.trim().strip_prefix(OPEN)?.strip_suffix("}}")?;
    let mut words = words(inner).into_iter();
    let at = |range: &Range<usize>| Span::new(span.file, start + range.start..start + range.end);
    let Some(first) = words.next() else {
        diagnostics.push(
            Diagnostic::new(codes::SNIPPET_UNKNOWN, "this directive names no snippet")
                .at(span)
                .help("write `{{#snippet name}}` with the folder name of a crate below `snippets/`"),
        );
        return None;
    };
    let (slug, region) = match inner[first.clone()].split_once(':') {
        Some((slug, region)) => (slug, Some(region.to_owned()).filter(|region| !region.is_empty())),
        None => (&inner[first.clone()], None),
    };
    let mut snippet = SnippetRef {
        slug: slug.to_owned(),
        region,
        file: None,
        bin: None,
        show: Show::default(),
        folded: None,
        title: None,
        highlight: Vec::new(),
        span,
        slug_span: at(&first),
    };
    for range in words {
        if let Err(diagnostic) = option(&inner[range.clone()], &mut snippet) {
            diagnostics.push(diagnostic.at(at(&range)));
        }
    }
    Some(snippet)
}

/// The words of a text; quotation marks keep spaces together.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => {
                quoted = !quoted;
                start.get_or_insert(at);
            }
            c if c.is_whitespace() && !quoted => {
                if let Some(start) = start.take() {
                    words.push(start..at);
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(start) = start {
        words.push(start..text.len());
    }
    words
}

fn option(word: &str, snippet: &mut SnippetRef) -> Result<(), Diagnostic> {
    let (key, value) = match word.split_once('=') {
        Some((key, value)) => (key, Some(value.trim_matches('"'))),
        None => (word, None),
    };
    let invalid = |wanted: &str| {
        Diagnostic::new(codes::CONFIG_INVALID_VALUE, format!("`{key}` must be {wanted}"))
            .label(format!("expected {wanted}"))
    };
    match (key, value) {
        ("file", Some(value)) if !value.is_empty() => snippet.file = Some(value.to_owned()),
        ("bin", Some(value)) if !value.is_empty() => snippet.bin = Some(value.to_owned()),
        ("title", Some(value)) => snippet.title = Some(value.to_owned()),
        ("open", None) => snippet.folded = Some(false),
        ("folded", None) => snippet.folded = Some(true),
        ("show", Some("code")) => snippet.show = Show::Code,
        ("show", Some("output")) => snippet.show = Show::Output,
        ("show", Some("both")) => snippet.show = Show::Both,
        ("show", Some(_)) => return Err(invalid("`code`, `output` or `both`")),
        ("highlight", Some(value)) => {
            snippet.highlight =
                lines(value).ok_or_else(|| invalid("line numbers and ranges such as `3-5,8`"))?;
        }
        ("file" | "bin" | "show" | "title" | "highlight", _) => {
            return Err(invalid(&format!("written `{key}=…`")));
        }
        ("open" | "folded", Some(_)) => return Err(invalid("a word of its own, without a value")),
        _ => {
            let diagnostic = Diagnostic::new(
                codes::CONFIG_UNKNOWN_KEY,
                format!("snippets have no option `{key}`"),
            );
            return Err(match crate::diagnostic::nearest(key, OPTIONS) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("options are {}", OPTIONS.join(", "))),
            });
        }
    }
    Ok(())
}

/// Reads `3-5,8`: 1-based inclusive ranges.
fn lines(value: &str) -> Option<Vec<(usize, usize)>> {
    value
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (range.0 >= 1 && range.0 <= range.1).then_some(range)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn check(text: &str) -> (Option<SnippetRef>, Vec<String>) {
        let mut diagnostics = Vec::new();
        let span = Span::new(FileId::new(0), 0..text.len());
        let snippet = parse(text, span, &mut diagnostics);
        let found = diagnostics
            .iter()
            .map(|d| {
                format!(
                    "{} [{}]",
                    d.message,
                    d.span.map_or("", |span| &text[span.range()])
                )
            })
            .collect();
        (snippet, found)
    }

    #[test]
    fn all_options_are_read() {
        let (snippet, found) = check(
            "{{#snippet lru:evict file=src/state.rs bin=b show=code folded title=\"The \u{e9} list\" highlight=3-5,8}}",
        );
        assert_eq!(found, Vec::<String>::new());
        let snippet = snippet.unwrap_or_else(|| panic!("no snippet"));
        assert_eq!(
            (snippet.slug.as_str(), snippet.region.as_deref()),
            ("lru", Some("evict"))
        );
        assert_eq!(
            (snippet.file.as_deref(), snippet.bin.as_deref()),
            (Some("src/state.rs"), Some("b"))
        );
        assert_eq!((snippet.show, snippet.folded), (Show::Code, Some(true)));
        assert_eq!(snippet.title.as_deref(), Some("The \u{e9} list"));
        assert_eq!(snippet.highlight, [(3, 5), (8, 8)]);
    }

    #[test]
    fn faults_are_told_at_their_word() {
        assert_eq!(
            check("{{#snippet lru shwo=code show=all highlight=5-3 open=1}}").1,
            [
                "snippets have no option `shwo` [shwo=code]",
                "`show` must be `code`, `output` or `both` [show=all]",
                "`highlight` must be line numbers and ranges such as `3-5,8` [highlight=5-3]",
                "`open` must be a word of its own, without a value [open=1]",
            ]
        );
        assert_eq!(
            check("{{#snippet }}").1,
            ["this directive names no snippet [{{#snippet }}]"]
        );
    }

    #[test]
    fn only_a_whole_line_is_a_directive() {
        assert!(is_directive("  {{#snippet a}} "));
        assert!(!is_directive("see {{#snippet a}}"));
        assert!(!is_directive("{{#snippets a}}"));
    }
}
