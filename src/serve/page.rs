//! Pages as they are handed out: with the script that keeps them fresh, which no built site holds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::shown::Part;
use crate::memo::ContentHash;

/// Where the script lies.
pub(super) const SCRIPT: &str = "/.proofbook/live.js";

/// A page with the script, which is told what it belongs to: the page's own hash and those of the parts.
pub(super) fn with_script(body: &[u8], parts: &[Part]) -> Vec<u8> {
    let known: BTreeMap<&str, &str> = parts
        .iter()
        .map(|part| (part.name.as_str(), part.hash.as_str()))
        .collect();
    let known = serde_json::to_string(&known).unwrap_or_default();
    let script = format!(
        "<script defer src=\"{SCRIPT}\" data-page=\"{}\" data-parts=\"{}\"></script>\n",
        hash(body, parts),
        known
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;"),
    );
    // The theme's pages have a head that ends; others are read by browsers as if the script stood in one.
    let at = find(body, b"</head>").unwrap_or(body.len());
    let mut page = Vec::with_capacity(body.len() + script.len());
    page.extend_from_slice(&body[..at]);
    page.extend_from_slice(script.as_bytes());
    page.extend_from_slice(&body[at..]);
    page
}

/// The hash of a page, whatever style sheets it has: those can be exchanged without loading it again.
pub(super) fn hash(body: &[u8], parts: &[Part]) -> String {
    ContentHash::of(plain(body, parts).as_bytes()).hex()[..16].to_owned()
}

/// Whether two pages differ in the names of parts alone. Most pages of a large site do, after every edit, so that this is
/// found out without making copies.
pub(super) fn is_same(before: &[u8], after: &[u8], old_parts: &[Part], new_parts: &[Part]) -> bool {
    const STRIDE: usize = 256;
    if before.len() != after.len() {
        // Names of one length are the rule; other names only cost their pages a load.
        return false;
    }
    let mut at = 0;
    while at < before.len() {
        let end = before.len().min(at + STRIDE);
        if before[at..end] == after[at..end] {
            at = end;
            continue;
        }
        while before[at] == after[at] {
            at += 1;
        }
        let behind = old_parts.iter().find_map(|old| {
            let new = new_parts.iter().find(|new| new.name == old.name)?;
            let (old, new) = (old.path.as_bytes(), new.path.as_bytes());
            let first = old.iter().zip(new).position(|(a, b)| a != b)?;
            let start = at.checked_sub(first)?;
            let same = before[start..].starts_with(old) && after[start..].starts_with(new);
            (same && old.len() == new.len()).then(|| start + old.len())
        });
        match behind {
            Some(behind) => at = behind,
            None => return false,
        }
    }
    true
}

/// The page's text with parts under their names without hashes.
fn plain<'a>(body: &'a [u8], parts: &[Part]) -> Cow<'a, str> {
    let mut text = String::from_utf8_lossy(body);
    for part in parts.iter().filter(|part| part.name != part.path) {
        let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let (from, to) = (file(&part.path), file(&part.name));
        if text.contains(&from) {
            text = Cow::Owned(text.replace(&from, &to));
        }
    }
    text
}

/// The id nearest above the first difference of two pages' content; ids of the theme are none.
pub(super) fn changed_id(
    before: &[u8],
    after: &[u8],
    old_parts: &[Part],
    new_parts: &[Part],
) -> Option<String> {
    let (before, after) = (plain(before, old_parts), plain(after, new_parts));
    fn main(text: &str) -> Option<&str> {
        Some(&text[text.find("<main")?..])
    }
    let (before, after) = (main(&before)?, main(&after)?);
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    if same == before.len().min(after.len()) && before.len() == after.len() {
        return None;
    }
    let mut above = &after.as_bytes()[..same];
    // An id that is itself cut by the difference is no longer the old one.
    while let Some(at) = rfind(above, b" id=\"") {
        let id = &after[at + 5..];
        if let Some((id, _)) = id.split_once('"')
            && at + 5 + id.len() < same
            && !id.starts_with("pb-")
        {
            return Some(id.to_owned());
        }
        above = &above[..at];
    }
    None
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|found| found == part)
}

fn rfind(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|found| found == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(hash: &str) -> Vec<Part> {
        vec![Part {
            name: "assets/style.css".to_owned(),
            path: format!("assets/style.{hash}.css"),
            hash: hash.to_owned(),
        }]
    }

    #[test]
    fn another_style_sheet_is_no_other_page() {
        let page = |hash: &str, text: &str| {
            format!("<head><link href=\"../assets/style.{hash}.css\"></head><main>{text}</main>").into_bytes()
        };
        let hash = |sheet: &str, text: &str| super::hash(&page(sheet, text), &style(sheet));
        assert_eq!(hash("11111111", "a"), hash("22222222", "a"));
        assert_ne!(hash("11111111", "a"), hash("11111111", "b"));
        let same = |a: (&str, &str), b: (&str, &str)| {
            is_same(&page(a.0, a.1), &page(b.0, b.1), &style(a.0), &style(b.0))
        };
        assert!(same(("11111111", "a"), ("11112222", "a")));
        assert!(!same(("11111111", "a"), ("11112222", "b")));
        assert!(!same(("11111111", "a"), ("11111111", "aa")));
        // A name of a part that stands in the text is text all the same.
        assert!(!same(
            ("11111111", "style.11111111"),
            ("22222222", "style.33333333")
        ));
    }

    #[test]
    fn the_script_stands_at_the_end_of_the_head() {
        let page = with_script(b"<head><title>x</title></head><body>", &style("11111111"));
        let text = String::from_utf8_lossy(&page);
        assert!(
            text.starts_with("<head><title>x</title><script defer src=\"/.proofbook/live.js\" data-page=\"")
        );
        assert!(text.ends_with(
            "data-parts=\"{&quot;assets/style.css&quot;:&quot;11111111&quot;}\"></script>\n</head><body>"
        ));
    }
}
