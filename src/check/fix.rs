//! Faults with one safe answer, mended: diagnostics and sources in, new texts out. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Sources};

/// A file whose text changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Its path from the site's root.
    pub path: String,
    /// The text as it was read.
    pub before: Arc<str>,
    /// The text with all changes.
    pub after: String,
}

/// The texts with every [`Fix`](crate::diagnostic::Fix) applied, in order of the files. A change in included text goes to
/// the included file; changes that contradict each other are left out.
#[must_use]
pub fn mend(diagnostics: &Diagnostics, sources: &Sources) -> Vec<Mended> {
    let mut edits: BTreeMap<FileId, BTreeSet<(usize, usize, String)>> = BTreeMap::new();
    for fix in diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.fix.as_ref())
    {
        let place = sources.locate(fix.span);
        let meant = sources.get(fix.span.file).text.get(fix.span.range());
        let raw = sources.get(place.file).raw.as_deref();
        // Text that an include cut off has no place of its own.
        if meant.is_some() && raw.and_then(|raw| raw.get(place.range.clone())) == meant {
            edits.entry(place.file).or_default().insert((
                place.range.start,
                place.range.end,
                fix.replacement.clone(),
            ));
        }
    }
    edits
        .into_iter()
        .filter_map(|(file, edits)| {
            let source = sources.get(file);
            let before = source.raw.clone()?;
            let after = apply(&before, &edits);
            (after != *before).then(|| Mended {
                path: source.path.clone(),
                before,
                after,
            })
        })
        .collect()
}

fn apply(text: &str, edits: &BTreeSet<(usize, usize, String)>) -> String {
    let overlaps = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let ranges: Vec<Range<usize>> = edits.iter().map(|(start, end, _)| *start..*end).collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (index, (start, end, replacement)) in edits.iter().enumerate() {
        let contradicted = ranges
            .iter()
            .enumerate()
            .any(|(other, range)| other != index && overlaps(range, &ranges[index]));
        if !contradicted {
            out.push_str(&text[at..*start]);
            out.push_str(replacement);
            at = *end;
        }
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, codes};
    use crate::source::{Segment, Span};

    fn fixes(changes: &[(Range<usize>, &str)]) -> Diagnostics {
        let all = changes.iter().enumerate().map(|(at, (range, new))| {
            Diagnostic::new(codes::LINK_MOVED, format!("{at}"))
                .fix(Span::new(FileId::new(0), range.clone()), *new)
        });
        Diagnostics::new(all.collect(), &BTreeMap::new())
    }

    #[test]
    fn changes_are_applied_once_and_contradictions_are_not() {
        let sources = Sources::new([("a.md".to_owned(), b"one two three".to_vec())]);
        let check = |changes: &[(Range<usize>, &str)], expect: Option<&str>| {
            let mended = mend(&fixes(changes), &sources);
            assert_eq!(mended.first().map(|file| file.after.as_str()), expect);
        };
        check(&[(0..3, "1"), (8..13, "3"), (0..3, "1")], Some("1 two 3"));
        check(&[(0..3, "1"), (0..3, "I")], None);
        check(&[(0..7, "x"), (4..7, "2"), (8..13, "3")], Some("one two 3"));
        check(&[(0..3, "one")], None);
    }

    #[test]
    fn a_change_in_included_text_goes_to_the_included_file() {
        let mut sources = Sources::new([
            ("a.md".into(), b"{{#include b.md}}".to_vec()),
            ("b.md".into(), b"[x](Y.md)".to_vec()),
        ]);
        let segments = vec![Segment {
            at: 0,
            file: FileId::new(1),
            offset: 0,
            len: 9,
        }];
        sources.set_expanded(FileId::new(0), "[x](Y.md)".into(), segments);
        let mended = mend(&fixes(&[(4..8, "y.md")]), &sources);
        assert_eq!(
            mended
                .iter()
                .map(|file| (file.path.as_str(), file.after.as_str()))
                .collect::<Vec<_>>(),
            [("b.md", "[x](y.md)")]
        );
    }
}
