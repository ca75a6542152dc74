//! mdBook's `{{#include}}`, `{{#rustdoc_include}}` and `{{#playground}}`, expanded as text with a map of
//! where each stretch came from.
//!
//! Paths are relative to the including file; `file:2:5` takes lines, `file:name` the lines between
//! `ANCHOR: name` and `ANCHOR_END: name`. Lines with anchors are never shown.

use std::ops::Range;
use std::path::Path;

use super::{MAX_TEXT, clean};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::{FileId, Segment, Sources, Span};
use crate::system::System;

/// How deep includes may include.
const MAX_DEPTH: usize = 10;

/// Expands the includes of every Markdown file below a folder.
pub(super) fn expand_all(
    sys: &dyn System,
    root: &Path,
    folder: &str,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let files: Vec<FileId> = sources
        .under(folder)
        .filter(|source| source.path.ends_with(".md") && source.text.contains("{{#"))
        .map(|source| source.id)
        .collect();
    for file in files {
        let text = sources.get(file).raw.as_deref().unwrap_or_default().to_owned();
        if directives(&text).next().is_none() {
            continue;
        }
        let mut expansion = Expansion {
            sys,
            root,
            sources,
            diagnostics,
            page: file,
            text: String::with_capacity(text.len()),
            segments: Vec::new(),
            stack: vec![file],
        };
        expansion.push_expanded(file, &text, std::slice::from_ref(&(0..text.len())));
        let Expansion { text, segments, .. } = expansion;
        sources.set_expanded(file, text, segments);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Include,
    RustdocInclude,
    Playground,
    /// `\{{#…}}`: shown without the backslash.
    Escaped,
}

struct Found {
    kind: Directive,
    /// The whole directive, the backslash too.
    range: Range<usize>,
    /// What stands between the name and the braces.
    argument: Range<usize>,
}

/// The include directives of a text, in order.
fn directives(text: &str) -> impl Iterator<Item = Found> {
    const NAMES: [(&str, Directive); 4] = [
        ("{{#include ", Directive::Include),
        ("{{#rustdoc_include ", Directive::RustdocInclude),
        ("{{#playground ", Directive::Playground),
        ("{{#playpen ", Directive::Playground),
    ];
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.find("{{#")?;
            at = start + 3;
            let rest = &text[start..];
            let Some((name, kind)) = NAMES.iter().find(|(name, _)| rest.starts_with(name)) else {
                continue;
            };
            let Some(end) = rest.find("}}").filter(|&end| !rest[..end].contains('\n')) else {
                continue;
            };
            at = start + end + 2;
            let escaped = text[..start].ends_with('\\');
            let inner = &rest[name.len()..end];
            let lead = inner.len() - inner.trim_start().len();
            let argument = start + name.len() + lead;
            return Some(Found {
                kind: if escaped { Directive::Escaped } else { *kind },
                range: start - usize::from(escaped)..at,
                argument: argument..argument + inner.trim().len(),
            });
        }
    })
}

struct Expansion<'a> {
    sys: &'a dyn System,
    root: &'a Path,
    sources: &'a mut Sources,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// The file that is expanded.
    page: FileId,
    text: String,
    segments: Vec<Segment>,
    stack: Vec<FileId>,
}

impl Expansion<'_> {
    fn push(&mut self, file: FileId, text: &str, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let at = Span::new(file, self.text.len()..self.text.len()).start;
        let place = Span::new(file, range.clone());
        self.segments.push(Segment {
            at,
            file,
            offset: place.start,
            len: place.end - place.start,
        });
        self.text.push_str(&text[range]);
    }

    /// Appends stretches of a file, the includes in them expanded.
    fn push_expanded(&mut self, file: FileId, text: &str, ranges: &[Range<usize>]) {
        for range in ranges {
            let mut at = range.start;
            for found in directives(&text[range.clone()]) {
                let whole = found.range.start + range.start..found.range.end + range.start;
                let argument = found.argument.start + range.start..found.argument.end + range.start;
                self.push(file, text, at..whole.start);
                at = whole.end;
                if found.kind == Directive::Escaped {
                    self.push(file, text, whole.start + 1..whole.end);
                } else {
                    self.include(found.kind, file, text, argument);
                }
            }
            self.push(file, text, at..range.end);
        }
    }

    fn include(&mut self, kind: Directive, file: FileId, text: &str, argument: Range<usize>) {
        let mut words = text[argument.clone()].split_whitespace();
        let link = words.next().unwrap_or_default();
        let (path, selection) = link.split_once(':').unwrap_or((link, ""));
        let span = Span::new(file, argument.start..argument.start + link.len());
        let Some(target) = self.find(file, path, span) else {
            return;
        };
        if self.stack.contains(&target) || self.stack.len() >= MAX_DEPTH {
            let name = self.sources.get(target).path.clone();
            self.report(
                Diagnostic::new(codes::INCLUDE_CYCLE, format!("`{name}` includes itself")),
                span,
            );
            return;
        }
        let included = self
            .sources
            .get(target)
            .raw
            .as_deref()
            .unwrap_or_default()
            .to_owned();
        if self.text.len() + included.len() > MAX_TEXT {
            self.report(
                Diagnostic::new(
                    codes::CONTENT_TOO_DEEP,
                    "the page grows beyond 5 MiB by its includes",
                ),
                span,
            );
            return;
        }
        let name = self.sources.get(target).path.clone();
        let lines = match select(&included, selection) {
            Ok(lines) => lines,
            Err(fault) => {
                self.report(fault.diagnostic(&name, selection, &included), span);
                return;
            }
        };
        self.stack.push(target);
        match kind {
            Directive::RustdocInclude if !selection.is_empty() => self.push_hidden(target, &included, &lines),
            Directive::Playground => {
                let attributes: Vec<&str> = words.collect();
                self.text.push_str("```rust");
                for attribute in attributes {
                    self.text.push(',');
                    self.text.push_str(attribute);
                }
                self.text.push('\n');
                self.push_expanded(target, &included, &lines);
                if !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
                self.text.push_str("```");
            }
            _ => {
                // The line that holds the directive brings its own line end.
                let mut lines = lines;
                if let Some(last) = lines.last_mut()
                    && included[last.clone()].ends_with('\n')
                {
                    last.end -= 1;
                }
                self.push_expanded(target, &included, &lines);
            }
        }
        self.stack.pop();
    }

    /// Appends a whole Rust file, the lines outside the selection hidden as rustdoc hides them.
    fn push_hidden(&mut self, file: FileId, text: &str, shown: &[Range<usize>]) {
        let all = line_ranges(text);
        let count = all.len();
        for (index, line) in all.into_iter().enumerate() {
            if anchor_name(&text[line.clone()]).is_some() {
                continue;
            }
            let visible = shown
                .iter()
                .any(|range| range.start <= line.start && line.end <= range.end);
            if !visible {
                self.text.push_str("# ");
            }
            let last = index + 1 == count && text[line.clone()].ends_with('\n');
            self.push(file, text, line.start..line.end - usize::from(last));
        }
    }

    fn find(&mut self, from: FileId, path: &str, span: Span) -> Option<FileId> {
        let including = self.sources.get(from).path.clone();
        let folder = including.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(target) = clean(&format!("{folder}/{path}")).filter(|_| !path.starts_with('/')) else {
            self.report(
                Diagnostic::new(
                    codes::INCLUDE_OUTSIDE_ROOT,
                    format!("`{path}` lies outside the site"),
                )
                .help("copy the file into the site, or move the site's root up"),
                span,
            );
            return None;
        };
        if let Some(source) = self.sources.by_path(&target) {
            return Some(source.id);
        }
        match self.sys.read(&self.root.join(&target)) {
            Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => Some(self.sources.push(target, bytes)),
            Ok(_) => {
                self.report(
                    Diagnostic::new(codes::CONTENT_NOT_UTF8, format!("`{target}` is not UTF-8")),
                    span,
                );
                None
            }
            Err(_) => {
                let place = target.rsplit_once('/').map_or("", |(folder, _)| folder);
                let beside: Vec<&str> = self
                    .sources
                    .under(place)
                    .map(|source| source.path.as_str())
                    .collect();
                let diagnostic = Diagnostic::new(
                    codes::INCLUDE_MISSING_FILE,
                    format!("there is no file `{target}` to include"),
                );
                let diagnostic = match nearest(&target, beside) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("the path is relative to `{including}`")),
                };
                self.report(diagnostic, span);
                None
            }
        }
    }

    /// Adds a diagnostic about a directive. Its argument is left in the expanded text, so that there is
    /// a place to show, whatever file it was written in.
    fn report(&mut self, diagnostic: Diagnostic, span: Span) {
        let start = self.text.len();
        if let Some(raw) = self.sources.get(span.file).raw.clone() {
            self.push(span.file, &raw, span.range());
        }
        let place = Span::new(self.page, start..self.text.len());
        self.diagnostics.push(diagnostic.at(place));
    }
}

enum Fault {
    Missing,
    Unclosed,
    BadLines,
}

impl Fault {
    fn diagnostic(&self, file: &str, selection: &str, text: &str) -> Diagnostic {
        match self {
            Self::Missing => {
                let names: Vec<&str> = text
                    .lines()
                    .filter_map(|line| match anchor_name(line) {
                        Some((name, true)) => Some(name),
                        _ => None,
                    })
                    .collect();
                let diagnostic = Diagnostic::new(
                    codes::INCLUDE_MISSING_REGION,
                    format!("`{file}` has no region `{selection}`"),
                );
                match nearest(selection, names.iter().copied()) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!(
                        "put `ANCHOR: {selection}` and `ANCHOR_END: {selection}` around it"
                    )),
                }
            }
            Self::Unclosed => Diagnostic::new(
                codes::INCLUDE_UNCLOSED_REGION,
                format!("the region `{selection}` of `{file}` is never closed"),
            )
            .help(format!("add `ANCHOR_END: {selection}` after it")),
            Self::BadLines => Diagnostic::new(
                codes::INCLUDE_MISSING_REGION,
                format!(
                    "`{file}` has {} lines, so there is nothing at `{selection}`",
                    text.lines().count()
                ),
            ),
        }
    }
}

fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            range
        })
        .collect()
}

/// The name of an anchor line, and whether it opens.
fn anchor_name(line: &str) -> Option<(&str, bool)> {
    let name = |marker: &str| {
        let after = &line[line.find(marker)? + marker.len()..];
        after.split_whitespace().next()
    };
    match name("ANCHOR_END:") {
        Some(found) => Some((found, false)),
        None => name("ANCHOR:").map(|found| (found, true)),
    }
}

/// The stretches of a text that a selection names: `""`, `2`, `2:5`, `:5`, `2:`, or a region's name.
fn select(text: &str, selection: &str) -> Result<Vec<Range<usize>>, Fault> {
    let lines = line_ranges(text);
    let without_anchors = |lines: &[Range<usize>]| {
        lines
            .iter()
            .filter(|line| anchor_name(&text[(*line).clone()]).is_none())
            .cloned()
            .collect::<Vec<_>>()
    };
    if selection.is_empty() {
        return Ok(without_anchors(&lines));
    }
    let (first, last) = match selection.split_once(':') {
        Some((first, last)) => (first, last),
        None => (selection, selection),
    };
    let number = |text: &str, default: usize| match text {
        "" => Some(default),
        digits => digits.parse::<usize>().ok(),
    };
    if let (Some(first), Some(last)) = (number(first, 1), number(last, lines.len())) {
        return match lines.get(first.max(1) - 1..last.min(lines.len())) {
            Some(found) if !found.is_empty() => Ok(without_anchors(found)),
            _ => Err(Fault::BadLines),
        };
    }
    let position = |opens: bool| {
        lines
            .iter()
            .position(|line| anchor_name(&text[line.clone()]) == Some((selection, opens)))
    };
    match (position(true), position(false)) {
        (None, _) => Err(Fault::Missing),
        (Some(start), Some(end)) if start < end => Ok(without_anchors(&lines[start + 1..end])),
        (Some(_), _) => Err(Fault::Unclosed),
    }
}
