//! A snippet on a page: its code with the compiler's labels, and the receipt of what it did.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::context::PageContext;
use super::highlight::{self, Token};
use super::html::{escaped, push_code};
use super::terminal::{compiler_text, output};
use super::view::{
    ExhibitContext, ExhibitView, FoldedView, Markup, OutcomeView, ReceiptView, RefusalView, StreamView,
};
use crate::diagnostic::Diagnostic;
use crate::model::region::{self, Region, ShownCode};
use crate::model::site::{Html, code_point, is_unseen};
use crate::model::snippet::{
    RefusalProof, RustcDiagnostic, RustcSpan, Show, SnippetCrate, SnippetKind, SnippetProof, SnippetRef,
    Status, archive_path, result_words,
};

/// Lines of output that are shown at once, and how many of a longer one.
const WHOLE: usize = 12;
const FIRST: usize = 8;
/// Characters of a line that is shown at once.
const LONG: usize = 2000;

/// Renders the exhibit of a code block that is a snippet.
pub(super) fn render_inline(
    page: &PageContext<'_>,
    slug: &str,
    number: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    let Some(found) = page.book.snippets.get(slug) else {
        return String::new();
    };
    let Some(inline) = &found.inline else {
        return String::new();
    };
    let proof = page.proofs.snippets.get(slug);
    let region = &inline.shown;
    let notes = notes(proof, region, "src/main.rs", 0);
    let view = ExhibitView {
        id: format!("pb-x{number}"),
        slug: slug.to_owned(),
        title: String::new(),
        file: "rust".to_owned(),
        edition: found.edition.clone(),
        folded: None,
        code: Some(code_lines(page, region, "rust", &[], &notes)),
        lines: region.lines.len(),
        receipt: Some(receipt(found, proof, None)),
        bin: String::new(),
        archive: archive_path(slug, true).map(|path| page.url(&path)),
    };
    written(page, &view, diagnostics)
}

/// Renders a directive's exhibit; empty (with its diagnostic elsewhere) where the directive names nothing.
pub(super) fn render(
    page: &PageContext<'_>,
    reference: &SnippetRef,
    number: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    match view(page, reference, number) {
        Some(view) => written(page, &view, diagnostics),
        None => String::new(),
    }
}

fn written(page: &PageContext<'_>, view: &ExhibitView, diagnostics: &mut Vec<Diagnostic>) -> String {
    match page
        .templates
        .render("exhibit.html", &ExhibitContext { exhibit: view })
    {
        Ok(html) => html,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            String::new()
        }
    }
}

/// The view of a directive.
pub(super) fn view(page: &PageContext<'_>, reference: &SnippetRef, number: usize) -> Option<ExhibitView> {
    let found = page.book.snippets.get(&reference.slug)?;
    let proof = page.proofs.snippets.get(&reference.slug);
    // What cannot be shown was told of when the book was resolved.
    let shown = region::shown_code(found, page.sources, reference).ok()?;
    let name = shown.path.rsplit('/').next().unwrap_or(&shown.path).to_owned();
    let rust = name
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "rs");
    let language = if rust {
        "rust"
    } else {
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    };
    let code = (reference.show != Show::Output).then(|| code(page, &shown, language, reference, proof));
    let receipt = (reference.show != Show::Code).then(|| receipt(found, proof, reference.bin.as_deref()));
    Some(ExhibitView {
        id: format!("pb-x{number}"),
        slug: found.slug.clone(),
        title: reference
            .title
            .clone()
            .or_else(|| found.meta.title.clone())
            .unwrap_or_default(),
        file: name,
        edition: if rust {
            found.edition.clone()
        } else {
            String::new()
        },
        folded: reference.folded,
        code,
        lines: shown.region.lines.len(),
        receipt,
        bin: reference.bin.clone().unwrap_or_default(),
        archive: archive_path(&found.slug, false).map(|path| page.url(&path)),
    })
}

/// A label of the compiler below a shown line, at a column in characters.
struct Say<'a> {
    column: usize,
    text: &'a str,
    class: &'static str,
}

/// An underlined stretch of a shown line, as byte offsets.
struct Mark {
    start: usize,
    end: usize,
    class: &'static str,
}

#[derive(Default)]
struct LineNotes<'a> {
    marks: Vec<Mark>,
    says: Vec<Say<'a>>,
    error: bool,
    warning: bool,
    bar: Option<bool>,
}

fn code(
    page: &PageContext<'_>,
    shown: &ShownCode,
    language: &str,
    reference: &SnippetRef,
    proof: Option<&SnippetProof>,
) -> Markup {
    let dedent = dedent(&shown.region, &page.sources.get(shown.file).text);
    let notes = notes(proof, &shown.region, &shown.path, dedent);
    code_lines(page, &shown.region, language, &reference.highlight, &notes)
}

fn code_lines(
    page: &PageContext<'_>,
    region: &Region,
    language: &str,
    highlighted: &[(usize, usize)],
    notes: &BTreeMap<usize, LineNotes<'_>>,
) -> Markup {
    let text = region.text.as_str();
    let tokens = highlight::tokens(text, language, page.memo, page.sys);
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        let note = notes.get(&index);
        let highlighted = highlighted
            .iter()
            .any(|&(first, last)| (first..=last).contains(&(index + 1)));
        push_line(
            line,
            tokens.get(index).map_or(&[][..], Vec::as_slice),
            note,
            highlighted,
            &mut out,
        );
    }
    Html::trusted(out).into()
}

fn push_line(
    line: &str,
    tokens: &[Token],
    note: Option<&LineNotes<'_>>,
    highlighted: bool,
    out: &mut String,
) {
    out.push_str("<span class=\"ln");
    if highlighted {
        out.push_str(" h");
    }
    if let Some(note) = note {
        if note.error {
            out.push_str(" e");
        } else if note.warning {
            out.push_str(" w");
        }
        match note.bar {
            Some(true) => out.push_str(" bar"),
            Some(false) => out.push_str(" bar b"),
            None => {}
        }
    }
    out.push_str("\">");
    push_tokens(line, tokens, note.map_or(&[][..], |note| &note.marks), out);
    out.push('\n');
    for say in note.iter().flat_map(|note| &note.says) {
        let _ = write!(
            out,
            "<span class=\"say{}\"><i>{}</i>",
            say.class,
            padding(line, say.column)
        );
        push_code(say.text, out);
        out.push_str("\n</span>");
    }
    out.push_str("</span>");
}

/// White space as wide as the first characters of a line: tabs stay tabs, and a character of two cells gives two.
fn padding(line: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    for _ in 0..columns {
        match chars.next() {
            Some('\t') => out.push('\t'),
            Some(c) => {
                let width = if is_unseen(c) {
                    code_point(c).len()
                } else {
                    c.width().unwrap_or(1)
                };
                out.extend(std::iter::repeat_n(' ', width));
            }
            None => out.push(' '),
        }
    }
    out
}

/// Writes a line's text, cut where a token or a mark begins or ends.
fn push_tokens(line: &str, tokens: &[Token], marks: &[Mark], out: &mut String) {
    let mut cuts: Vec<usize> = tokens
        .iter()
        .map(|token| token.end)
        .chain(marks.iter().flat_map(|mark| [mark.start, mark.end]))
        .chain([0, line.len()])
        .filter(|&cut| line.is_char_boundary(cut))
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let class = tokens
            .iter()
            .find(|token| token.end > start)
            .map_or(0, |token| token.class);
        let mark = marks.iter().find(|mark| mark.start <= start && end <= mark.end);
        let mut classes = String::new();
        if class != 0 {
            classes.push(char::from(class));
        }
        if let Some(mark) = mark {
            if !classes.is_empty() {
                classes.push(' ');
            }
            classes.push_str(mark.class);
        }
        if classes.is_empty() {
            push_code(&line[start..end], out);
        } else {
            let _ = write!(out, "<span class=\"{classes}\">");
            push_code(&line[start..end], out);
            out.push_str("</span>");
        }
    }
}

/// Columns that were cut off the shown lines' starts.
fn dedent(region: &Region, file: &str) -> usize {
    let mut shown = region
        .text
        .lines()
        .zip(&region.lines)
        .filter(|(line, _)| !line.trim().is_empty());
    shown.next().map_or(0, |(line, &number)| {
        let whole = file.lines().nth(number - 1).unwrap_or(line);
        whole.chars().count().saturating_sub(line.chars().count())
    })
}

/// What the compiler says of the shown lines, by their index.
fn notes<'a>(
    proof: Option<&'a SnippetProof>,
    region: &Region,
    path: &str,
    dedent: usize,
) -> BTreeMap<usize, LineNotes<'a>> {
    let mut notes: BTreeMap<usize, LineNotes<'a>> = BTreeMap::new();
    let Some(proof) = proof.filter(|proof| proof.status == Status::Verified) else {
        return notes;
    };
    let errors = proof.refusal.iter().flat_map(|refusal| &refusal.errors);
    for diagnostic in errors.chain(&proof.warnings) {
        for span in diagnostic.spans.iter().filter(|span| span.file == path) {
            note_span(span, diagnostic, region, dedent, &mut notes);
        }
    }
    for note in notes.values_mut() {
        // The label of the rightmost place comes first, so that the nearest column is last.
        note.says.sort_by_key(|say| std::cmp::Reverse(say.column));
        // Where places overlap, the main one is drawn.
        note.marks.sort_by_key(|mark| mark.class != "sq");
    }
    notes
}

fn note_span<'a>(
    span: &'a RustcSpan,
    diagnostic: &RustcDiagnostic,
    region: &Region,
    dedent: usize,
    notes: &mut BTreeMap<usize, LineNotes<'a>>,
) {
    let warning = diagnostic.level == "warning";
    let (mark, say) = match (span.primary, warning) {
        (true, true) => ("sq w", " w"),
        (true, false) => ("sq", ""),
        (false, _) => ("sq b", " b"),
    };
    let shown: Vec<usize> = (span.line..=span.end_line)
        .filter_map(|line| Some(region.shown_line(line)? - 1))
        .collect();
    let (Some(&first), Some(&last)) = (shown.first(), shown.last()) else {
        return;
    };
    // Dedented lines start later in the file than on the page.
    let on_page = |column: usize| column.saturating_sub(1).saturating_sub(dedent);
    let several = span.end_line > span.line;
    if several {
        for &index in &shown {
            notes.entry(index).or_default().bar = Some(span.primary);
        }
    }
    let note = notes.entry(first).or_default();
    if span.primary {
        note.error |= !warning;
        note.warning |= warning;
    }
    let (start, end) = (on_page(span.column), on_page(span.end_column));
    if !several && end > start {
        let text = region.text.lines().nth(first).unwrap_or_default();
        let offset = |column: usize| text.char_indices().nth(column).map_or(text.len(), |(at, _)| at);
        note.marks.push(Mark {
            start: offset(start),
            end: offset(end),
            class: mark,
        });
    }
    if !span.label.is_empty() {
        // As in the compiler's own drawing, the label of several lines stands below the last.
        let column = if several { end.saturating_sub(1) } else { start };
        notes.entry(last).or_default().says.push(Say {
            column,
            text: &span.label,
            class: say,
        });
    }
}

/// A run to the end.
const RUNS: OutcomeView = OutcomeView {
    kind: "verified",
    icon: "ok",
    words: "Output verified",
};

/// Exit code of a program that panicked.
const PANIC: i32 = 101;

/// How a snippet ends, in a word.
pub(super) fn outcome(found: Option<&SnippetCrate>, proof: Option<&SnippetProof>) -> OutcomeView {
    let kinds = found.map(|found| found.meta.kinds.as_slice()).unwrap_or_default();
    match proof {
        Some(proof) if proof.status == Status::Verified => {
            if kinds.contains(&SnippetKind::CompileFail) {
                OutcomeView {
                    kind: "refused",
                    icon: "no",
                    words: "Refused as intended",
                }
            } else if kinds.contains(&SnippetKind::Panic) {
                OutcomeView {
                    kind: "panic",
                    icon: "panic",
                    words: "Panics as intended",
                }
            } else {
                RUNS
            }
        }
        _ => OutcomeView {
            kind: "unverified",
            icon: "none",
            words: "Not verified",
        },
    }
}

fn receipt(found: &SnippetCrate, proof: Option<&SnippetProof>, bin: Option<&str>) -> ReceiptView {
    let Some(proof) = proof.filter(|proof| proof.status == Status::Verified) else {
        return unverified(proof);
    };
    let run = match bin {
        Some(bin) => proof.runs.iter().find(|run| run.bin == bin),
        None => proof.runs.first(),
    };
    let mut outcome = outcome(Some(found), Some(proof));
    // Of several binaries some may run to their end and others panic: the receipt tells of the one that it shows.
    if outcome.kind == "panic" && run.is_some_and(|run| run.exit_code != PANIC) {
        outcome = RUNS;
    }
    let words = match outcome.kind {
        "refused" => "Refused by the compiler, as intended",
        "panic" => "Panics, as intended",
        _ if found.inline.as_ref().is_some_and(|inline| !inline.runs) => "Compiles, not run",
        _ => "Output verified",
    };
    let mut view = ReceiptView {
        kind: outcome.kind,
        icon: outcome.icon,
        words,
        detail: String::new(),
        streams: Vec::new(),
        silent: false,
        tests: None,
        refusal: None,
        warnings: warnings(&proof.warnings),
        reason: None,
        footer: footer(proof),
    };
    if let Some(refusal) = &proof.refusal {
        view.detail = refusal.codes.join(", ");
        view.refusal = Some(refusal_view(refusal));
        return view;
    }
    if let Some(tests) = &proof.tests {
        view.tests = Some(result_words(None, Some(tests.passed)));
        if proof.runs.is_empty() {
            view.words = "Tests verified";
            view.streams
                .extend(stream("stdout", "Test results", tests.output.as_str(), false));
        }
    }
    if let Some(run) = run {
        view.detail = result_words(Some(run.exit_code), None);
        let both = !run.stderr.as_str().trim().is_empty();
        view.streams
            .extend(stream("stdout", "Standard output", run.stdout.as_str(), both));
        view.streams
            .extend(stream("stderr", "Standard error", run.stderr.as_str(), true));
        view.silent = view.streams.is_empty();
    }
    view
}

fn unverified(proof: Option<&SnippetProof>) -> ReceiptView {
    let running = proof.is_some_and(|proof| proof.status == Status::Running);
    let reason = match proof.map(|proof| &proof.status) {
        Some(Status::Running) => "Its output will stand here as soon as it is verified".to_owned(),
        Some(Status::Manual(reason)) => format!("Never run by a build: {reason}"),
        Some(Status::Stale(reason)) => format!("This build did not run it: {reason}"),
        Some(Status::Failed) => "It did not do what was reviewed".to_owned(),
        Some(Status::Verified) | None => "This build knows nothing of it".to_owned(),
    };
    ReceiptView {
        kind: "unverified",
        icon: "none",
        words: if running {
            "Running…"
        } else {
            "Not verified in this build"
        },
        detail: String::new(),
        streams: Vec::new(),
        silent: false,
        tests: None,
        refusal: None,
        warnings: None,
        reason: Some(reason),
        footer: Vec::new(),
    }
}

fn footer(proof: &SnippetProof) -> Vec<String> {
    let mut footer = Vec::new();
    if !proof.rustc.is_empty() {
        footer.push(format!("rustc {}", proof.rustc));
    }
    footer.push(format!("src {}", proof.source_hash.short()));
    if proof.refusal.is_some() {
        footer.push("not run".to_owned());
    }
    if proof.recorded {
        footer.push("from the record".to_owned());
    }
    footer.push(if proof.sandbox.is_empty() {
        "no sandbox".to_owned()
    } else {
        proof.sandbox.join(", ")
    });
    footer
}

fn stream(name: &'static str, label: &'static str, text: &str, named: bool) -> Option<StreamView> {
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let longest = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or_default();
    let (first, more) = if longest > LONG {
        let short: Vec<String> = lines
            .iter()
            .take(FIRST)
            .map(|line| match line.char_indices().nth(LONG) {
                Some((at, _)) => format!("{}…", &line[..at]),
                None => (*line).to_owned(),
            })
            .collect();
        let more = FoldedView {
            summary: format!("All of it, {} characters", text.chars().count()),
            text: output(&lines),
            whole: true,
        };
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        (output(&short), Some(more))
    } else if lines.len() > WHOLE {
        let rest = lines.len() - FIRST;
        let more = FoldedView {
            summary: format!("{rest} more lines of {}", lines.len()),
            text: output(&lines[FIRST..]),
            whole: false,
        };
        (output(&lines[..FIRST]), Some(more))
    } else {
        (output(&lines), None)
    };
    Some(StreamView {
        name,
        label,
        named,
        text: first,
        more,
    })
}

fn refusal_view(refusal: &RefusalProof) -> RefusalView {
    let errors = refusal
        .errors
        .iter()
        .filter(|error| error.level == "error")
        .map(|error| {
            let code = if error.code.is_empty() {
                String::new()
            } else {
                format!("[{}]", error.code)
            };
            let html = format!(
                "<span class=\"d-e\">error{}</span><strong>: {}</strong>",
                escaped(&code),
                escaped(&error.message)
            );
            Html::trusted(html).into()
        })
        .collect();
    let text = refusal.stderr.as_str().trim_end();
    let lines = text.lines().count();
    RefusalView {
        errors,
        full: FoldedView {
            summary: format!("Full compiler message, {lines} lines"),
            text: compiler_text(text),
            whole: true,
        },
    }
}

fn warnings(warnings: &[RustcDiagnostic]) -> Option<FoldedView> {
    if warnings.is_empty() {
        return None;
    }
    let noun = if warnings.len() == 1 {
        "warning"
    } else {
        "warnings"
    };
    let text: Vec<&str> = warnings
        .iter()
        .map(|warning| warning.rendered.trim_end())
        .collect();
    Some(FoldedView {
        summary: format!("{} {noun}", warnings.len()),
        text: compiler_text(&text.join("\n\n")),
        whole: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: usize, column: usize, end_line: usize, end_column: usize, label: &str) -> RustcSpan {
        RustcSpan {
            file: "src/main.rs".to_owned(),
            line,
            column,
            end_line,
            end_column,
            label: label.to_owned(),
            primary: true,
        }
    }

    /// The labels below each shown line of `text`, whose first line is line 10 of its file.
    fn check(text: &str, span: &RustcSpan, expect: &[(usize, &str)]) {
        let region = Region {
            text: text.to_owned(),
            lines: (10..10 + text.lines().count()).collect(),
        };
        let diagnostic = RustcDiagnostic {
            code: "E0001".to_owned(),
            level: "error".to_owned(),
            message: String::new(),
            rendered: String::new(),
            spans: Vec::new(),
        };
        let mut notes = BTreeMap::new();
        note_span(span, &diagnostic, &region, 4, &mut notes);
        let found: Vec<(usize, String)> = notes
            .iter()
            .flat_map(|(&index, note)| {
                let line = text.lines().nth(index).unwrap_or_default();
                let said = |say: &Say<'_>| (index, format!("{}{}", padding(line, say.column), say.text));
                note.says.iter().map(said).collect::<Vec<_>>()
            })
            .collect();
        let found: Vec<(usize, &str)> = found
            .iter()
            .map(|(index, text)| (*index, text.as_str()))
            .collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn labels_stand_below_what_they_speak_of() {
        check(
            "let a = b;\n",
            &span(10, 13, 10, 14, "moved"),
            &[(0, "        moved")],
        );
        // A tab is as wide as a tab, a wide character as two cells.
        check("\ta = b;\n", &span(10, 10, 10, 11, "here"), &[(0, "\t    here")]);
        check(
            "\"日本\", b\n",
            &span(10, 11, 10, 12, "here"),
            &[(0, "        here")],
        );
    }

    #[test]
    fn a_label_of_several_lines_stands_below_the_last() {
        check(
            "call(\n    one,\n)\n",
            &span(10, 5, 12, 6, "in this call"),
            &[(2, "in this call")],
        );
        // Of which some may lie outside the shown region.
        check(
            "    one,\n)\n",
            &span(8, 5, 11, 6, "in this call"),
            &[(1, "in this call")],
        );
        check("one\n", &span(3, 5, 4, 6, "elsewhere"), &[]);
    }

    #[test]
    fn a_very_long_line_is_folded() {
        let line = "x".repeat(900_000);
        let view = stream("stdout", "Standard output", &line, false);
        let Some(view) = view else { panic!("no stream") };
        assert_eq!(view.text.as_str().chars().count(), LONG + 1);
        assert_eq!(
            view.more.map(|more| more.summary).as_deref(),
            Some("All of it, 900000 characters")
        );
    }
}
