//! `url()` and `@import` in style sheets (CSS Syntax 3 §4.3).

use std::borrow::Cow;
use std::ops::Range;

use super::{Found, What};

/// Calls back for every address in a style sheet, in order. Addresses of `@namespace` are names, not places.
pub fn css<'a>(text: &'a str, found: &mut dyn FnMut(Found<'a>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // The at-rule that the scan stands in, up to its `;` or `{`.
    let mut rule = "";
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = text[at + 2..].find("*/").map_or(bytes.len(), |end| at + end + 4);
            }
            quote @ (b'"' | b'\'') => {
                let range = string(bytes, at, quote);
                at = (range.end + 1).min(bytes.len());
                if rule.eq_ignore_ascii_case("@import") {
                    push(text, What::Link, range, found);
                    rule = "";
                }
            }
            b'@' => {
                let len = bytes[at + 1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
                    .count();
                rule = &text[at..=at + len];
                at += len + 1;
            }
            b';' | b'{' | b'}' => {
                rule = "";
                at += 1;
            }
            b'u' | b'U' if is_url(bytes, at) => {
                let (range, after) = address(bytes, at + 4);
                at = after;
                if !rule.eq_ignore_ascii_case("@namespace") {
                    let what = if rule.eq_ignore_ascii_case("@import") {
                        What::Link
                    } else {
                        What::Embed
                    };
                    push(text, what, range, found);
                }
            }
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn is_url(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
    bytes
        .get(at..at + 4)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"url("))
        && !before.is_ascii_alphanumeric()
        && !matches!(before, b'-' | b'_')
}

/// The inside of a string that opens at an offset; a line break ends it too, as a fault (§4.3.5).
fn string(bytes: &[u8], open: usize, quote: u8) -> Range<usize> {
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    open + 1..at.min(bytes.len())
}

/// The address after `url(`, and the offset after its `)`.
fn address(bytes: &[u8], from: usize) -> (Range<usize>, usize) {
    let mut at = from;
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    let range = if let Some(&quote @ (b'"' | b'\'')) = bytes.get(at) {
        string(bytes, at, quote)
    } else {
        let start = at;
        while at < bytes.len() && bytes[at] != b')' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        let mut end = at.min(bytes.len());
        while end > start && bytes[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        start..end
    };
    let close = bytes[range.end..].iter().position(|byte| *byte == b')');
    let after = close.map_or(bytes.len(), |close| range.end + close + 1);
    (range, after)
}

fn push<'a>(text: &'a str, what: What, range: Range<usize>, found: &mut dyn FnMut(Found<'a>)) {
    let Some(written) = text.get(range.clone()) else {
        return;
    };
    found(Found {
        what,
        element: "",
        value: unescape(written),
        range,
    });
}

/// Resolves escapes (§4.3.7).
fn unescape(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    let mut out = String::with_capacity(written.len());
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let mut digits = String::new();
        while digits.len() < 6
            && let Some(digit) = chars.next_if(char::is_ascii_hexdigit)
        {
            digits.push(digit);
        }
        if digits.is_empty() {
            // A line break after a backslash is nothing.
            out.extend(chars.next().filter(|next| *next != '\n'));
            continue;
        }
        chars.next_if(char::is_ascii_whitespace);
        let code = u32::from_str_radix(&digits, 16).unwrap_or_default();
        out.push(char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let mut all = Vec::new();
        css(text, &mut |found| {
            all.push((found.value.into_owned(), text[found.range].to_owned()));
        });
        let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(all, expect, "{text}");
    }

    #[test]
    fn every_form_of_an_address_is_found() {
        check(
            "a { b: url(x.png) url( 'y z.png' ), URL(\"q.png\") }",
            &[("x.png", "x.png"), ("y z.png", "y z.png"), ("q.png", "q.png")],
        );
        check(
            "@import 'a.css' screen; @import url(b.css);",
            &[("a.css", "a.css"), ("b.css", "b.css")],
        );
        check("a { b: url(a\\ b\\29.png) }", &[("a b).png", "a\\ b\\29.png")]);
    }

    #[test]
    fn what_is_no_address_is_left_alone() {
        check(
            "/* url(a) */ a::before { content: 'url(b)'; my-url: c; d: curl(e) }",
            &[],
        );
        check(
            "@namespace svg url(http://www.w3.org/2000/svg); a{b:url(c)}",
            &[("c", "c")],
        );
        check("a { b: url(", &[("", "")]);
        check("@charset \"utf-8\"; 'open\n url(x)", &[("x", "x")]);
    }
}
