//! Destinations of links, taken apart (RFC 3986 §3).

use crate::model::site;

/// A destination without the characters that browsers ignore (URL standard §4.4).
pub(super) fn tidy(destination: &str) -> String {
    let kept: String = destination
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r' | '\0'))
        .collect();
    kept.trim_matches(|c: char| c.is_control() || c == ' ').to_owned()
}

/// The scheme of a URL (RFC 3986 §3.1), if it has one.
pub(super) fn scheme(destination: &str) -> Option<&str> {
    let (scheme, _) = destination.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    valid.then_some(scheme)
}

/// A destination without scheme and host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local<'a> {
    /// The path as written; may be empty.
    pub(super) written_path: &'a str,
    /// The path, percent-decoded.
    pub(super) path: String,
    /// `?` and what follows it, up to the fragment; may be empty.
    pub(super) query: &'a str,
    /// What follows the `#`, as written.
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Local<'a> {
    pub(super) fn new(destination: &'a str) -> Self {
        let (before, fragment) = match destination.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (destination, None),
        };
        let (written_path, query) = before.split_at(before.find('?').unwrap_or(before.len()));
        Self {
            written_path,
            path: decode(written_path),
            query,
            fragment,
        }
    }

    /// The fragment as an id: without a text directive (`:~:text=…`), which names no element.
    pub(super) fn id(&self) -> Option<&'a str> {
        let fragment = self.fragment?;
        Some(fragment.split(":~:").next().unwrap_or_default())
    }
}

/// Resolves percent-encoding.
pub(super) fn decode(text: &str) -> String {
    site::decode(text).into_owned()
}

/// The path from a folder to a file, both from the root.
pub(super) fn relative(folder: &str, to: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = &to[..to.len() - 1];
    let common = from.iter().zip(folders).take_while(|(a, b)| a == b).count();
    let mut path = "../".repeat(from.len() - common);
    path.push_str(&to[common..].join("/"));
    path
}

/// A path as it is written in a link: percent-encoded only where Markdown needs it.
pub(super) fn written(path: &str) -> String {
    let special = |c: char| c.is_whitespace() || c.is_control() || "<>()%#?\\\"`[]*".contains(c);
    if path.contains(special) {
        return site::encode(path).replace('(', "%28").replace(')', "%29");
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_hexadecimal_digits_are_an_escape() {
        assert_eq!(decode("a%20b%c3%a4"), "a bä");
        assert_eq!(decode("100%+5 %zz %"), "100%+5 %zz %");
        assert_eq!(decode("%ff"), "%ff");
    }

    #[test]
    fn destinations_fall_into_their_parts() {
        let local = Local::new("a%20b.md?x=1#y:~:text=z");
        assert_eq!(
            (local.path.as_str(), local.query, local.fragment, local.id()),
            ("a b.md", "?x=1", Some("y:~:text=z"), Some("y"))
        );
        assert_eq!(Local::new("#a?b").id(), Some("a?b"));
        assert_eq!(scheme("mailto:x"), Some("mailto"));
        assert_eq!(scheme("a/b:c"), None);
    }

    #[test]
    fn relative_paths_are_as_short_as_they_can_be() {
        assert_eq!(relative("content/a", "content/a/b.md"), "b.md");
        assert_eq!(relative("content/a", "content/c/b.md"), "../c/b.md");
        assert_eq!(relative("content", "content/c/b.md"), "c/b.md");
        assert_eq!(written("a b_(c).md"), "a%20b_%28c%29.md");
        assert_eq!(written("snake_case.md"), "snake_case.md");
    }
}
