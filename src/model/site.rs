//! The site as it is written: paths, HTML, files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A path inside the site, checked: relative, `/` between segments, no empty, hidden or reserved
/// segment. `resilience/index.html`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SitePath(String);

/// Why a path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{segment}` in `{path}` cannot be part of a URL: {why}")]
pub struct InvalidSitePath {
    /// The whole path.
    pub path: String,
    /// The segment at fault.
    pub segment: String,
    /// The rule it breaks.
    pub why: &'static str,
}

impl SitePath {
    /// Checks a path.
    ///
    /// # Errors
    /// If a segment is empty, starts with a dot, ends with a dot or space, holds a control or
    /// bidirectional character or one of `\ : * ? " < > |`, or is a Windows device name.
    pub fn new(path: impl Into<String>) -> Result<Self, InvalidSitePath> {
        let path = path.into();
        for segment in path.split('/') {
            if let Some(why) = refusal(segment) {
                return Err(InvalidSitePath {
                    segment: segment.to_owned(),
                    why,
                    path: path.clone(),
                });
            }
        }
        Ok(Self(path))
    }

    /// The path of a page's file from its URL below the root: `""` and `"a/"` end in `index.html`.
    ///
    /// # Errors
    /// As [`SitePath::new`].
    pub fn page(url: &str) -> Result<Self, InvalidSitePath> {
        if url.is_empty() || url.ends_with('/') {
            Self::new(format!("{url}index.html"))
        } else {
            Self::new(url)
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL below the root: `index.html` is left out.
    #[must_use]
    pub fn url(&self) -> &str {
        match self.0.strip_suffix("index.html") {
            Some(folder) if folder.is_empty() || folder.ends_with('/') => folder,
            _ => &self.0,
        }
    }

    /// How many folders it lies in.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
    }

    /// The relative prefix from a page's folder to the root: empty for pages at the root, `../`
    /// once a folder.
    #[must_use]
    pub fn to_root(&self) -> String {
        "../".repeat(self.depth())
    }

    /// The relative URL from this file to another, as short as `../` allows; `./` for the same folder's
    /// index. `explicit` keeps `index.html`.
    #[must_use]
    pub fn relative(&self, to: &Self, explicit: bool) -> String {
        let target = if explicit { to.as_str() } else { to.url() };
        let from: Vec<&str> = self.0.split('/').collect();
        let from = &from[..from.len() - 1];
        let target_segments: Vec<&str> = target.split('/').collect();
        let folders = &target_segments[..target_segments.len() - 1];
        let common = from.iter().zip(folders).take_while(|(a, b)| a == b).count();
        let mut url = "../".repeat(from.len() - common);
        url.push_str(&target_segments[common..].join("/"));
        if url.is_empty() {
            url.push_str("./");
        }
        encode(&url)
    }
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that reorder or hide what stands beside them: bidirectional controls (UAX #9), and control characters other
/// than white space. Pages show them by their [`code_point`].
#[must_use]
pub fn is_unseen(c: char) -> bool {
    match c {
        '\n' | '\t' | '\r' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

/// `U+202E`
#[must_use]
pub fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Percent-encodes what RFC 3986 §3.3 does not allow in a path.
#[must_use]
pub fn encode(path: &str) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Resolves percent-encoding; a text that is not UTF-8 then stays as it is.
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (hex(at + 1), hex(at + 2)) {
            (Some(high), Some(low)) if bytes[at] == b'%' => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn refusal(segment: &str) -> Option<&'static str> {
    let stem = segment.split('.').next().unwrap_or_default();
    let device = ["con", "prn", "aux", "nul"]
        .iter()
        .any(|name| stem.eq_ignore_ascii_case(name))
        || (stem.len() == 4
            && ["com", "lpt"].iter().any(|name| {
                stem.get(..3)
                    .is_some_and(|start| start.eq_ignore_ascii_case(name))
                    && stem.as_bytes()[3].is_ascii_digit()
            }));
    if segment.is_empty() {
        Some("it is empty")
    } else if segment.starts_with('.') {
        Some("it starts with a dot")
    } else if segment.ends_with(['.', ' ']) {
        Some("it ends with a dot or a space")
    } else if segment.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }) {
        Some("it holds a control or bidirectional character")
    } else if segment.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) {
        Some("it holds one of `\\ : * ? \" < > |`")
    } else if device {
        Some("it is a device name on Windows")
    } else {
        None
    }
}

/// The slug of a text, as code hosts and mdBook make it: lower case, letters and digits of any
/// script, `-` and `_` kept, white space to `-`, the rest dropped.
#[must_use]
pub fn slug(text: &str) -> String {
    text.trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| {
            if c.is_alphanumeric() || c == '-' || c == '_' {
                Some(c)
            } else if c.is_whitespace() {
                Some('-')
            } else {
                None
            }
        })
        .collect()
}

/// HTML that is safe to write as it is. Made by `render::html` and the templates alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    pub(crate) const fn trusted(html: String) -> Self {
        Self(html)
    }

    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup, by value.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A rendered page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is written.
    pub path: SitePath,
    /// The whole page.
    pub html: Html,
    /// The Markdown written beside it, for pages with content of their own.
    pub markdown: Option<String>,
    /// The title, for lists of pages.
    pub title: String,
    /// One sentence on it; may be empty.
    pub description: String,
    /// The source file, for messages; empty for pages that the theme makes.
    pub source: String,
    /// `updated`, else `date` of the front matter.
    pub updated: Option<String>,
    /// Whether it goes into the site map.
    pub indexed: bool,
}

/// All files of a site.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The files by path.
    pub files: BTreeMap<SitePath, Arc<[u8]>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> SitePath {
        SitePath::new(path).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn relative_urls_are_right_from_any_depth() {
        let check = |from: &str, to: &str, expect: &str| {
            assert_eq!(path(from).relative(&path(to), false), expect, "{from} -> {to}");
        };
        check("index.html", "a/index.html", "a/");
        check("a/index.html", "index.html", "../");
        check("a/index.html", "a/index.html", "./");
        check("a/practice/index.html", "a/index.html", "../");
        check("a/b/index.html", "a/c/index.html", "../c/");
        check("a/index.html", "img/x y.png", "../img/x%20y.png");
        check("index.html", "index.html", "./");
        assert_eq!(
            path("a/index.html").relative(&path("b/index.html"), true),
            "../b/index.html"
        );
    }

    #[test]
    fn dangerous_paths_are_refused() {
        for bad in [
            "",
            "a//b",
            "../a",
            ".git/x",
            "a.",
            "con",
            "LPT1.txt",
            "a:b",
            "a\u{202e}b",
            "a\\b",
            "/a",
        ] {
            assert!(SitePath::new(bad).is_err(), "{bad:?}");
        }
        for good in [
            "index.html",
            "a/b-c_d.html",
            "größe/index.html",
            "console/index.html",
            "v1.2/x",
        ] {
            assert!(SitePath::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn slugs_follow_the_code_hosts() {
        assert_eq!(slug("What's a `HashMap`?"), "whats-a-hashmap");
        assert_eq!(slug("Größe & Maß"), "größe--maß");
        assert_eq!(slug("snake_case-kebab"), "snake_case-kebab");
    }
}
