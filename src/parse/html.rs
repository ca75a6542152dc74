//! What raw HTML says that other rules need to know: ids, links, images.
//!
//! A tolerant scan of tags and attributes (HTML §13.2.5), not a parser: it never fails and builds nothing.

use super::markdown::Parsed;
use crate::model::guide::{LinkKind, LinkUse};
use crate::source::Span;

/// Notes the ids and addresses of a piece of markup that stands at `span`.
pub(super) fn scan(markup: &str, span: Span, into: &mut Parsed) {
    let mut at = 0;
    while let Some(open) = markup[at..].find('<') {
        let start = at + open + 1;
        let rest = &markup[start..];
        if rest.starts_with("!--") {
            at = rest.find("-->").map_or(markup.len(), |end| start + end + 3);
            continue;
        }
        let name_len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if name_len == 0 {
            at = start;
            continue;
        }
        let name = rest[..name_len].to_ascii_lowercase();
        at = attributes(markup, start + name_len, |key, value, place| {
            let place = Span {
                file: span.file,
                start: span.start + place.start as u32,
                end: span.start + place.end as u32,
            };
            note(&name, key, value, place, into);
        });
    }
}

fn note(element: &str, key: &str, value: &str, place: Span, into: &mut Parsed) {
    let mut push = |destination: &str, kind| {
        into.links.push(LinkUse {
            destination: decode(destination.trim()),
            span: place,
            destination_span: place,
            kind,
            has_alt: true,
        });
    };
    match key {
        "id" => into.html_ids.push((decode(value), place)),
        "name" if element == "a" => into.html_ids.push((decode(value), place)),
        "href" => push(value, LinkKind::HtmlLink),
        "src" | "poster" => push(value, LinkKind::HtmlImage),
        "srcset" => {
            for candidate in value.split(',') {
                if let Some(url) = candidate.split_whitespace().next() {
                    push(url, LinkKind::HtmlImage);
                }
            }
        }
        _ => {}
    }
}

/// The five entities that matter in addresses.
fn decode(value: &str) -> String {
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Calls back for each attribute from an offset to the tag's end; returns the offset after the tag.
fn attributes(markup: &str, from: usize, mut found: impl FnMut(&str, &str, std::ops::Range<usize>)) -> usize {
    let bytes = markup.as_bytes();
    let mut at = from;
    loop {
        while bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_whitespace() || *b == b'/')
        {
            at += 1;
        }
        match bytes.get(at) {
            None => return at,
            Some(b'>') => return at + 1,
            Some(_) => {}
        }
        let key_start = at;
        at += 1;
        while bytes
            .get(at)
            .is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'>' | b'/'))
        {
            at += 1;
        }
        let key = markup.get(key_start..at).unwrap_or_default().to_ascii_lowercase();
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
                .position(|b| b == quote)
                .unwrap_or(bytes.len() - start);
            at = (start + len + 1).min(bytes.len());
            start..start + len
        } else {
            let start = at;
            while bytes
                .get(at)
                .is_some_and(|b| !b.is_ascii_whitespace() && *b != b'>')
            {
                at += 1;
            }
            start..at
        };
        if let Some(value) = markup.get(range.clone()) {
            found(&key, value, range);
        }
    }
}
