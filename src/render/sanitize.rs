//! Raw HTML made harmless: every tag is rebuilt from an allow-list, everything else is text.
//!
//! Markdown cuts HTML into pieces (`<details>` in one block, `</details>` in another), so that a sanitizer that wants
//! whole documents would close what the author closes later. This one works tag by tag and keeps the open elements
//! on a stack. It is safe by construction: no `<` of the input reaches the output.

use super::html::{push_attribute, push_escaped};
use crate::markup::{self, What};

/// Elements that are kept.
const ELEMENTS: [&str; 58] = [
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "tr",
    "ul",
    "var",
];

/// Elements without an end tag (HTML §13.1.2).
const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];

/// Elements whose content is dropped with them.
const OPAQUE: [&str; 8] = [
    "script", "style", "iframe", "object", "template", "noscript", "title", "textarea",
];

fn attribute_allowed(element: &str, name: &str) -> bool {
    match name {
        "id" | "class" | "title" | "lang" | "dir" => true,
        // The old way to name a place; links to it are checked like those to ids.
        "href" | "name" => element == "a",
        "src" | "alt" | "width" | "height" => element == "img",
        "open" => element == "details",
        "colspan" | "rowspan" | "scope" => matches!(element, "td" | "th"),
        "start" => element == "ol",
        "datetime" => element == "time",
        _ => false,
    }
}

/// What stands in an address's place, by element and address: the address to print, or `None` to drop the attribute.
pub(super) type Rewrite<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Appends markup as it is but for the addresses of links and images that `rewrite` knows: those of Markdown files would
/// lead nowhere on the site.
pub(super) fn push_rewritten(markup: &str, rewrite: Rewrite<'_>, out: &mut String) {
    let mut copied = 0;
    markup::html(markup, &mut |found| {
        if found.what == What::Id {
            return;
        }
        let address = rewrite(&found.element.to_ascii_lowercase(), &found.value);
        // What does not move stays as it is written.
        if let Some(address) = address.filter(|address| *address != found.value) {
            out.push_str(&markup[copied..found.range.start]);
            // The address may stand in a style's `url()`, or without quotation marks.
            let safe = address
                .replace('(', "%28")
                .replace(')', "%29")
                .replace('\'', "%27")
                .replace(' ', "%20");
            push_escaped(&safe, out);
            copied = found.range.end;
        }
    });
    out.push_str(&markup[copied..]);
}

/// The open elements of one stretch of content.
#[derive(Debug, Default)]
pub(super) struct Sanitizer {
    open: Vec<String>,
    /// An opaque element that is being dropped.
    dropping: Option<String>,
}

impl Sanitizer {
    /// Appends a piece of markup; returns whether something was dropped.
    pub(super) fn push(&mut self, markup: &str, rewrite: Rewrite<'_>, out: &mut String) -> bool {
        let mut dropped = false;
        let mut rest = markup;
        while let Some(at) = rest.find('<') {
            self.text(&rest[..at], out);
            rest = &rest[at..];
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            if let Some((tag, len)) = tag(rest) {
                dropped |= self.tag(&tag, rewrite, out);
                rest = &rest[len..];
            } else {
                self.text("<", out);
                rest = &rest[1..];
            }
        }
        self.text(rest, out);
        dropped
    }

    /// Closes what is still open.
    pub(super) fn finish(&mut self, out: &mut String) {
        self.dropping = None;
        while let Some(name) = self.open.pop() {
            close(&name, out);
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        if self.dropping.is_some() {
            return;
        }
        // Character references are the author's and stay.
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            push_escaped(&rest[..at], out);
            rest = &rest[at..];
            let len = reference(rest);
            out.push_str(if len == 0 { "&amp;" } else { &rest[..len] });
            rest = &rest[len.max(1)..];
        }
        push_escaped(rest, out);
    }

    fn tag(&mut self, tag: &Tag, rewrite: Rewrite<'_>, out: &mut String) -> bool {
        if let Some(name) = &self.dropping {
            if tag.end && tag.name == *name {
                self.dropping = None;
            }
            return true;
        }
        if !tag.end && OPAQUE.contains(&tag.name.as_str()) {
            self.dropping = Some(tag.name.clone());
            return true;
        }
        if !ELEMENTS.contains(&tag.name.as_str()) && tag.name != "wbr" {
            return true;
        }
        let void = VOID.contains(&tag.name.as_str());
        if tag.end {
            if let Some(at) = self.open.iter().rposition(|name| *name == tag.name) {
                for name in self.open.drain(at..).rev() {
                    close(&name, out);
                }
            }
            return false;
        }
        // More would make the browser's tree deeper than any author means.
        if self.open.len() >= 100 {
            return true;
        }
        let mut dropped = false;
        out.push('<');
        out.push_str(&tag.name);
        for attribute in &tag.attributes {
            let name = attribute.name.as_str();
            let value = match name {
                "href" | "src" => rewrite(&tag.name, &attribute.value),
                _ => Some(attribute.value.clone()),
            };
            match value.filter(|_| attribute_allowed(&tag.name, name)) {
                Some(value) => push_attribute(name, &value, out),
                None => dropped = true,
            }
        }
        out.push('>');
        if !void {
            self.open.push(tag.name.clone());
        }
        dropped
    }
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Length of a character reference at the start of a text; 0 if there is none.
fn reference(text: &str) -> usize {
    let Some(end) = text.find(';').filter(|&end| (2..=32).contains(&end)) else {
        return 0;
    };
    let name = &text[1..end];
    let digits = name.strip_prefix('#');
    let valid = match digits {
        Some(hex) if hex.starts_with(['x', 'X']) => {
            hex.len() > 1 && hex[1..].bytes().all(|b| b.is_ascii_hexdigit())
        }
        Some(decimal) => !decimal.is_empty() && decimal.bytes().all(|b| b.is_ascii_digit()),
        None => name.bytes().all(|b| b.is_ascii_alphanumeric()),
    };
    if valid { end + 1 } else { 0 }
}

struct Tag {
    name: String,
    end: bool,
    attributes: Vec<Attribute>,
}

struct Attribute {
    name: String,
    value: String,
}

/// The tag at the start of a text, and its length.
fn tag(text: &str) -> Option<(Tag, usize)> {
    let bytes = text.as_bytes();
    let end = bytes.get(1) == Some(&b'/');
    let start = if end { 2 } else { 1 };
    let len = bytes[start.min(bytes.len())..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    if len == 0 || !bytes[start].is_ascii_alphabetic() {
        return None;
    }
    let mut tag = Tag {
        name: text[start..start + len].to_ascii_lowercase(),
        end,
        attributes: Vec::new(),
    };
    let mut at = start + len;
    loop {
        while bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_whitespace() || *b == b'/')
        {
            at += 1;
        }
        match bytes.get(at) {
            None => return None,
            Some(b'>') => return Some((tag, at + 1)),
            Some(_) => {}
        }
        let name_start = at;
        at += 1;
        while bytes
            .get(at)
            .is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'>' | b'/'))
        {
            at += 1;
        }
        let name = text.get(name_start..at)?.to_ascii_lowercase();
        let mut next = at;
        while bytes.get(next).is_some_and(u8::is_ascii_whitespace) {
            next += 1;
        }
        if bytes.get(next) != Some(&b'=') {
            tag.attributes.push(Attribute {
                name,
                value: String::new(),
            });
            continue;
        }
        at = next + 1;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let value = if let quote @ (b'"' | b'\'') = bytes.get(at)? {
            let start = at + 1;
            let len = bytes[start..].iter().position(|b| b == quote)?;
            at = start + len + 1;
            text.get(start..start + len)?
        } else {
            let start = at;
            while bytes
                .get(at)
                .is_some_and(|b| !b.is_ascii_whitespace() && *b != b'>')
            {
                at += 1;
            }
            text.get(start..at)?
        };
        tag.attributes.push(Attribute {
            name,
            value: markup::decode(value).into_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markup: &str, expect: &str, dropped: bool) {
        let mut out = String::new();
        let mut sanitizer = Sanitizer::default();
        let rewrite = |element: &str, address: &str| {
            (address == "ok" || (address == "a-only" && element == "a")).then(|| "fine/".to_owned())
        };
        let lost = sanitizer.push(markup, &rewrite, &mut out);
        sanitizer.finish(&mut out);
        assert_eq!((out.as_str(), lost), (expect, dropped), "{markup:?}");
    }

    #[test]
    fn harmless_markup_is_kept() {
        check("<kbd>Ctrl</kbd> &amp; <br/>", "<kbd>Ctrl</kbd> &amp; <br>", false);
        check(
            "<details open><summary>x</summary>",
            "<details open=\"\"><summary>x</summary></details>",
            false,
        );
        check(
            "<a href=ok class='c'>x",
            "<a href=\"fine/\" class=\"c\">x</a>",
            false,
        );
        check(
            "<a href=a-only><img src=ok alt=p></a>",
            "<a href=\"fine/\"><img src=\"fine/\" alt=\"p\"></a>",
            false,
        );
    }

    #[test]
    fn the_rest_is_dropped() {
        check("<script>alert(1)</script>x", "x", true);
        check("<img src=x onerror=alert(1)>", "<img>", true);
        check("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>", true);
        check("<p style=\"position:fixed\">x", "<p>x</p>", true);
        check("<svg/onload=alert(1)>", "", true);
        check("<style>*{display:none}", "", true);
        check("<iframe src=ok>", "", true);
    }

    #[test]
    fn trusted_markup_keeps_everything_but_the_addresses_that_move() {
        let rewrite = |_: &str, address: &str| (address == "b.md").then(|| "../b/".to_owned());
        let mut out = String::new();
        push_rewritten(
            "<!-- <a href=b.md> --><a href=b.md onclick='x()'>b</a> <a href='c.md'>< <script>\"<a href=b.md>\"</script><A HREF=\"b.md\">",
            &rewrite,
            &mut out,
        );
        assert_eq!(
            out,
            "<!-- <a href=b.md> --><a href=../b/ onclick='x()'>b</a> <a href='c.md'>< <script>\"<a href=b.md>\"</script><A HREF=\"../b/\">"
        );
    }

    #[test]
    fn every_attribute_with_an_address_moves_with_its_page() {
        let rewrite = |_: &str, address: &str| (address == "b.png").then(|| "../b.png".to_owned());
        let mut out = String::new();
        push_rewritten(
            "<img srcset='a.png 1x, b.png 2x'><video poster=b.png><svg><use xlink:href='b.png'/></svg>",
            &rewrite,
            &mut out,
        );
        assert_eq!(
            out,
            "<img srcset='a.png 1x, ../b.png 2x'><video poster=../b.png><svg><use xlink:href='../b.png'/></svg>"
        );
    }

    #[test]
    fn what_is_no_tag_is_text() {
        check("a < b && c", "a &lt; b &amp;&amp; c", false);
        check(
            "<p title=\"</p><script>\">",
            "<p title=\"&lt;/p&gt;&lt;script&gt;\"></p>",
            false,
        );
        check("<b", "&lt;b", false);
        check("</b></div>", "", false);
        check("<!-- <b> -->x", "x", false);
    }
}
