//! Diagnostics for people, as compilers show them, and the line that sums a build up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::place::visible;
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;
use crate::source::{FileId, Sources, Span};

/// All diagnostics of a build, an empty line after each.
#[must_use]
pub fn render(outcome: &Outcome, color: bool) -> String {
    let mut text = String::new();
    for diagnostic in &outcome.diagnostics {
        text.push_str(&render_one(diagnostic, &outcome.sources, color));
        text.push_str("\n\n");
    }
    text
}

/// One diagnostic, without a final newline.
#[must_use]
pub fn render_one(diagnostic: &Diagnostic, sources: &Sources, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.code.as_str())
        .elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new());
    for (file, places) in by_file(diagnostic, sources) {
        let source = sources.get(file);
        let text = source.raw.as_deref().unwrap_or_default();
        let mut snippet = Snippet::source(text).path(source.path.as_str()).fold(true);
        for (range, label, primary) in places {
            let kind = if primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let annotation = kind.span(range);
            snippet = snippet.annotation(if label.is_empty() {
                annotation
            } else {
                annotation.label(visible(&label))
            });
        }
        group = group.element(snippet);
    }
    if diagnostic.span.is_none()
        && let Some(path) = &diagnostic.path
    {
        group = group.element(annotate_snippets::Origin::path(path.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    if let Some(detail) = &diagnostic.detail {
        text.push('\n');
        for line in detail.lines() {
            let _ = write!(text, "\n    {}", visible(line));
        }
    }
    text
}

type Place = (std::ops::Range<usize>, String, bool);

/// The places of a diagnostic by file, the main one's file first.
fn by_file(diagnostic: &Diagnostic, sources: &Sources) -> Vec<(FileId, Vec<Place>)> {
    let main = diagnostic.span.map(|span| (span, diagnostic.label.clone(), true));
    let others = diagnostic
        .labels
        .iter()
        .map(|label| (label.span, label.message.clone(), false));
    let mut order: Vec<FileId> = Vec::new();
    let mut places: BTreeMap<FileId, Vec<Place>> = BTreeMap::new();
    for (span, label, primary) in main.into_iter().chain(others) {
        let (file, range) = shown(span, sources);
        if !order.contains(&file) {
            order.push(file);
        }
        places.entry(file).or_default().push((range, label, primary));
    }
    order
        .into_iter()
        .filter_map(|file| Some((file, places.remove(&file)?)))
        .collect()
}

/// A span in its file's own text, cut to the first line where it is longer than a few.
fn shown(span: Span, sources: &Sources) -> (FileId, std::ops::Range<usize>) {
    let place = sources.locate(span);
    let text = sources.get(place.file).raw.as_deref().unwrap_or_default();
    let start = text.floor_char_boundary(place.range.start.min(text.len()));
    let end = text.ceil_char_boundary(place.range.end.clamp(start, text.len()));
    let lines = text[start..end].matches('\n').count();
    let end = if lines > 3 {
        text[start..].find('\n').map_or(end, |at| start + at)
    } else {
        end
    };
    (place.file, start..end)
}

/// The sum of a build in one line: `2 guides, 20 questions, 18 snippets verified (18 from the memo)`.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let counts = &outcome.counts;
    let mut text = String::new();
    if let Some((out, changed)) = &outcome.published {
        let _ = write!(text, "published {}: ", out.display());
        let _ = write!(
            text,
            "{} written, {} unchanged, {} removed; ",
            changed.written, changed.unchanged, changed.removed
        );
    }
    let _ = write!(
        text,
        "{}, {}, {} verified",
        count(counts.guides, "guide"),
        count(counts.questions, "question"),
        count(counts.verified, "snippet"),
    );
    if counts.cached > 0 {
        let _ = write!(text, " ({} from the memo)", counts.cached);
    }
    if counts.failed > 0 {
        let _ = write!(text, ", {} failed", counts.failed);
    }
    if counts.manual > 0 {
        let _ = write!(text, ", {} never run", counts.manual);
    }
    // Who proves single snippets knows that the others were left out.
    if counts.stale > 0 && outcome.site.is_some() {
        let _ = write!(text, ", {} not verified in this build", counts.stale);
    }
    if counts.running > 0 {
        let _ = write!(text, ", {} running", counts.running);
    }
    let (errors, warnings) = (
        outcome.diagnostics.count(Severity::Error),
        outcome.diagnostics.count(Severity::Warning),
    );
    if errors > 0 {
        let _ = write!(text, "; {}", count(errors, "error"));
    }
    if warnings > 0 {
        let _ = write!(text, "; {}", count(warnings, "warning"));
    }
    text
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;

    #[test]
    fn a_diagnostic_shows_place_label_and_help() {
        let sources = Sources::new([(
            "content/a.md".to_owned(),
            b"one\nsee [jitter](retry.md#jiter)\n".to_vec(),
        )]);
        let span = Span::new(FileId::new(0), 17..32);
        let diagnostic = Diagnostic::new(codes::LINK_MISSING_ANCHOR, "`retry.md` has no question `jiter`")
            .at(span)
            .label("no such anchor")
            .help("did you mean `#jitter`?");
        let text = render_one(&diagnostic, &sources, false);
        for part in [
            "error[link/missing-anchor]: `retry.md` has no question `jiter`",
            "--> content/a.md:2:14",
            "no such anchor",
            "help: did you mean `#jitter`?",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn content_cannot_drive_the_terminal() {
        let diagnostic = Diagnostic::new(codes::CONTENT_DUPLICATE_ID, "id `\u{1b}[2J`").detail("\u{7}x");
        let text = render_one(&diagnostic, &Sources::default(), false);
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }
}
