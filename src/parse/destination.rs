//! Where the destination of a link stands in the text (CommonMark 0.31 §6.3, §4.7).

use std::ops::Range;

/// The destination of an inline link whose text ends at or before the start of a range that ends with the link.
pub(super) fn inline(text: &str, rest: Range<usize>) -> Option<Range<usize>> {
    let open = text.get(rest.clone())?.find("](")?;
    destination(text, rest.start + open + 2..rest.end)
}

/// The destination of a link reference definition, `[label]: destination "title"`.
pub(super) fn definition(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let slice = text.get(range.clone())?;
    let mut escaped = false;
    let close = slice.char_indices().find(|&(_, c)| {
        let closes = c == ']' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    let after = close.0 + 1;
    slice.get(after..)?.starts_with(':').then_some(())?;
    destination(text, range.start + after + 1..range.end)
}

/// The destination at the start of a range, after white space; without the `<` and `>` around it.
fn destination(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let slice = text.get(range.clone())?;
    // A line of a quotation begins with its marker, which is not part of the link.
    let start = slice.len() - slice.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let bytes = slice.as_bytes();
    let angle = bytes.get(start) == Some(&b'<');
    let start = start + usize::from(angle);
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'>' if angle => break,
            b'(' if !angle => depth += 1,
            b')' if !angle && depth == 0 => break,
            b')' if !angle => depth -= 1,
            _ if !angle && byte.is_ascii_whitespace() => break,
            _ => {}
        }
        at += 1;
    }
    Some(range.start + start..range.start + at.min(slice.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_destinations_are_found_in_every_form() {
        let check = |text: &str, from: usize, expect: &str| {
            assert_eq!(
                inline(text, from..text.len()).map(|range| &text[range]),
                Some(expect),
                "{text}"
            );
        };
        check("[a](b.md)", 2, "b.md");
        check("[a]( <b c.md> \"t\")", 2, "b c.md");
        check("[a](b_(c).md 'x)')", 2, "b_(c).md");
        check("[a](b\\).md)", 2, "b\\).md");
        check("[a](\n  b.md)", 2, "b.md");
        check("[]()", 1, "");
    }

    #[test]
    fn definitions_are_found_behind_any_label() {
        let check = |text: &str, expect: &str| {
            assert_eq!(
                definition(text, 0..text.len()).map(|range| &text[range]),
                Some(expect),
                "{text}"
            );
        };
        check("[a]: b.md", "b.md");
        check("[a\\]: x]: <b c.md> 't'", "b c.md");
        check("[a]:\n  b.md", "b.md");
        check("[b)]: b).md", "b");
    }
}
