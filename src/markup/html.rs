//! Addresses and ids in HTML and SVG (HTML §13.2.5): a scan of tags and attributes.

use std::borrow::Cow;
use std::ops::Range;

use super::{Found, What, css};

/// Elements whose content is text, not markup (HTML §13.1.2): there is no tag in it but their own end.
const RAW: [&str; 8] = [
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
];

/// Calls back for every address and id in markup, in order of place.
pub fn html<'a>(text: &'a str, found: &mut dyn FnMut(Found<'a>)) {
    let mut at = 0;
    while let Some(open) = text[at..].find('<') {
        let start = at + open + 1;
        let rest = &text[start..];
        if rest.starts_with("!--") {
            at = rest.find("-->").map_or(text.len(), |end| start + end + 3);
            continue;
        }
        if rest.starts_with("![CDATA[") {
            at = rest.find("]]>").map_or(text.len(), |end| start + end + 3);
            continue;
        }
        let name_len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':'))
            .count();
        if name_len == 0 || !rest.as_bytes()[0].is_ascii_alphabetic() {
            at = start;
            continue;
        }
        let element = &rest[..name_len];
        let (end, closed) = attributes(text, start + name_len, element, found);
        at = end;
        let raw = RAW.iter().find(|name| element.eq_ignore_ascii_case(name));
        if let Some(name) = raw.filter(|_| !closed) {
            let after = end_tag(text, at, name);
            if *name == "style" {
                let from = at;
                css(&text[from..after], &mut |inner| {
                    found(Found {
                        element,
                        range: inner.range.start + from..inner.range.end + from,
                        ..inner
                    });
                });
            }
            at = after;
        }
    }
}

/// Where the end tag of a raw element begins.
fn end_tag(text: &str, from: usize, name: &str) -> usize {
    text[from..]
        .match_indices("</")
        .map(|(at, _)| from + at)
        .find(|at| {
            text.get(at + 2..at + 2 + name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        })
        .unwrap_or(text.len())
}

/// Scans the attributes from an offset to the tag's end; returns the offset after the tag, and whether it ends in `/>`.
fn attributes<'a>(
    text: &'a str,
    from: usize,
    element: &'a str,
    found: &mut dyn FnMut(Found<'a>),
) -> (usize, bool) {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let mut slash = false;
        while let Some(byte) = bytes
            .get(at)
            .filter(|byte| byte.is_ascii_whitespace() || **byte == b'/')
        {
            slash = *byte == b'/';
            at += 1;
        }
        match bytes.get(at) {
            None => return (at, false),
            Some(b'>') => return (at + 1, slash),
            Some(_) => {}
        }
        let key_start = at;
        at += 1;
        while bytes
            .get(at)
            .is_some_and(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/'))
        {
            at += 1;
        }
        let key = text.get(key_start..at).unwrap_or_default();
        let mut next = at;
        while bytes.get(next).is_some_and(u8::is_ascii_whitespace) {
            next += 1;
        }
        if bytes.get(next) != Some(&b'=') {
            continue;
        }
        at = next + 1;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let range = if let Some(quote @ (b'"' | b'\'')) = bytes.get(at) {
            let start = at + 1;
            let len = bytes[start..]
                .iter()
                .position(|byte| byte == quote)
                .unwrap_or(bytes.len() - start);
            at = (start + len + 1).min(bytes.len());
            start..start + len
        } else {
            let start = at;
            while bytes
                .get(at)
                .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'>')
            {
                at += 1;
            }
            start..at
        };
        if let Some(value) = text.get(range.clone()) {
            attribute(element, key, value, range.start, found);
        }
    }
}

fn attribute<'a>(
    element: &'a str,
    key: &str,
    value: &'a str,
    start: usize,
    found: &mut dyn FnMut(Found<'a>),
) {
    let is = |names: &[&str]| names.iter().any(|name| element.eq_ignore_ascii_case(name));
    let key_is = |name: &str| key.eq_ignore_ascii_case(name);
    let mut push = |what, value: &'a str, start: usize| {
        let (value, start) = trimmed(value, start);
        found(Found {
            what,
            element,
            value: decode(value),
            range: start..start + value.len(),
        });
    };
    if key_is("id") || (key_is("name") && is(&["a"])) {
        push(What::Id, value, start);
    } else if key_is("href") || key_is("xlink:href") {
        // `base` says how to read the others; pages here have none.
        if is(&["image", "feimage"]) {
            push(What::Embed, value, start);
        } else if !is(&["base"]) {
            push(What::Link, value, start);
        }
    } else if key_is("src") {
        let document = is(&["script", "iframe", "frame", "embed"]);
        push(if document { What::Link } else { What::Embed }, value, start);
    } else if key_is("poster") {
        push(What::Embed, value, start);
    } else if key_is("srcset") || key_is("imagesrcset") {
        for range in candidates(value) {
            push(What::Embed, &value[range.clone()], start + range.start);
        }
    } else if (key_is("data") && is(&["object"]))
        || (key_is("cite") && is(&["blockquote", "q", "ins", "del"]))
    {
        push(What::Link, value, start);
    } else if key_is("style") && value.contains("url(") && !value.contains('&') {
        css(value, &mut |inner| {
            found(Found {
                element,
                range: inner.range.start + start..inner.range.end + start,
                ..inner
            });
        });
    }
}

/// HTML §2.3.1: white space around addresses does not count.
fn trimmed(value: &str, start: usize) -> (&str, usize) {
    let inner = value.trim_matches(|c: char| c.is_ascii_whitespace());
    if inner.len() == value.len() || inner.is_empty() {
        return (value.trim_end_matches(|c: char| c.is_ascii_whitespace()), start);
    }
    let before = value.len() - value.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
    (inner, start + before)
}

/// The addresses of a `srcset` (HTML §4.8.4.2.2): commas inside an address, as in `data:`, are its own.
fn candidates(value: &str) -> Vec<Range<usize>> {
    let bytes = value.as_bytes();
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        while bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',')
        {
            at += 1;
        }
        if at >= bytes.len() {
            return all;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
            at += 1;
        }
        let mut end = at;
        while end > start && bytes[end - 1] == b',' {
            end -= 1;
        }
        all.push(start..end);
        if end == at {
            // Descriptors, up to a comma that stands in no parentheses.
            let mut depth = 0_usize;
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth = depth.saturating_sub(1),
                    b',' if depth == 0 => break,
                    _ => {}
                }
                at += 1;
            }
        }
    }
}

/// Resolves character references: numbers, and the names that occur in addresses and ids.
#[must_use]
pub fn decode(written: &str) -> Cow<'_, str> {
    if !written.contains('&') {
        return Cow::Borrowed(written);
    }
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| (2..=10).contains(end));
        let decoded = end.and_then(|end| reference(&rest[1..end]));
        if let (Some(end), Some(c)) = (end, decoded) {
            out.push(c);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    let named = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", '\u{a0}'),
        ("num", '#'),
        ("sol", '/'),
        ("period", '.'),
        ("lowbar", '_'),
        ("auml", 'ä'),
        ("ouml", 'ö'),
        ("uuml", 'ü'),
        ("szlig", 'ß'),
        ("eacute", 'é'),
        ("egrave", 'è'),
        ("ccedil", 'ç'),
        ("ntilde", 'ñ'),
    ];
    named.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(What, &str, &str)]) {
        let mut all = Vec::new();
        html(text, &mut |found| {
            all.push((found.what, found.value.into_owned(), text[found.range].to_owned()));
        });
        let all: Vec<(What, &str, &str)> = all
            .iter()
            .map(|(what, value, written)| (*what, value.as_str(), written.as_str()))
            .collect();
        assert_eq!(all, expect, "{text}");
    }

    #[test]
    fn links_embeds_and_ids_are_told_apart() {
        check(
            "<A HREF = ' a?b&amp;c '>x</a><img id=i src=b.png srcset='c.png 1x, d.png 2x'/>",
            &[
                (What::Link, "a?b&c", "a?b&amp;c"),
                (What::Id, "i", "i"),
                (What::Embed, "b.png", "b.png"),
                (What::Embed, "c.png", "c.png"),
                (What::Embed, "d.png", "d.png"),
            ],
        );
        check(
            "<svg><use xlink:href=\"#a\"/><image href=\"p.png\"/></svg><video poster=q.jpg>",
            &[
                (What::Link, "#a", "#a"),
                (What::Embed, "p.png", "p.png"),
                (What::Embed, "q.jpg", "q.jpg"),
            ],
        );
        check(
            "<p style=\"background:url('z.png')\">",
            &[(What::Embed, "z.png", "z.png")],
        );
        check(
            "<style>a{b:url(s.png)}</style>",
            &[(What::Embed, "s.png", "s.png")],
        );
    }

    #[test]
    fn what_is_no_markup_is_left_alone() {
        check("<!-- <a href=a> --><![CDATA[<a href=b>]]> a < b href=c", &[]);
        check("<script>'<a href=\"d\">'</script><title><a href=e></title>", &[]);
        check("<a data-href=f hreflang=de title=' href=g'>", &[]);
        check("<script src=h/><a href=i>", &[(What::Link, "h/", "h/")]);
    }

    #[test]
    fn commas_in_a_candidate_are_its_own() {
        let found = |value: &str| {
            candidates(value)
                .into_iter()
                .map(|range| value[range].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("data:image/png;base64,AA== 1x, b.png 2x"),
            ["data:image/png;base64,AA==", "b.png"]
        );
        assert_eq!(found("a.png, b.png 2x,c.png"), ["a.png", "b.png", "c.png"]);
        assert_eq!(found(" , "), Vec::<String>::new());
    }
}
