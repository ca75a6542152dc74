//! The snippets of a published page, by the attributes that the theme gives them.

use std::collections::BTreeMap;

use crate::execute::proofs::ProofItem;
use crate::execute::reviewed;
use crate::model::site::{code_point, is_unseen};
use crate::model::snippet::{SnippetCrate, result_words};
use crate::source::Sources;

/// A snippet as a page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) snippet: String,
    bin: String,
    /// The shown code, labels of the compiler left out.
    source: Option<String>,
    /// `exit 0 · 3 tests passed`
    result: Option<String>,
    /// The shown outputs, by stream.
    streams: BTreeMap<String, String>,
}

/// All snippets of a page.
pub(super) fn of_page(html: &str) -> Vec<Receipt> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(" data-snippet=\"") {
        rest = &rest[at..];
        let end = rest.find("</figure>").unwrap_or(rest.len());
        let figure = &rest[..end];
        let mut receipt = Receipt {
            snippet: attribute(figure, "data-snippet").unwrap_or_default(),
            bin: attribute(figure, "data-bin").unwrap_or_default(),
            source: marked(figure, " data-source>", "</code>")
                .first()
                .map(|code| plain(code)),
            result: marked(figure, " data-result>", "</span>")
                .first()
                .map(|text| plain(text)),
            streams: BTreeMap::new(),
        };
        for stream in ["stdout", "stderr"] {
            let parts: Vec<String> = marked(figure, &format!(" data-stream={stream}>"), "</code>")
                .into_iter()
                .map(plain)
                .collect();
            if !parts.is_empty() {
                receipt.streams.insert(stream.to_owned(), parts.join("\n"));
            }
        }
        found.push(receipt);
        rest = &rest[end..];
    }
    found
}

/// The value of an attribute of the figure's own tag.
fn attribute(figure: &str, name: &str) -> Option<String> {
    let tag = &figure[..figure.find('>')?];
    let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = tag[at..].find('"')?;
    Some(plain(&tag[at..at + end]))
}

fn marked<'a>(figure: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = figure;
    while let Some(at) = rest.find(open) {
        rest = &rest[at + open.len()..];
        let end = rest.find(close).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}

/// The text of some markup; labels of the compiler and their lines are left out.
fn plain(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    // How deep inside a label we are.
    let mut label = 0_usize;
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let end = tag.find('>').map_or(tag.len(), |at| at + 1);
            let tag_text = &tag[..end];
            if label > 0 {
                if tag_text.starts_with('/') {
                    label -= 1;
                } else {
                    label += 1;
                }
            } else if tag_text.starts_with("span class=\"say") {
                label = 1;
            }
            rest = &tag[end..];
            continue;
        }
        let end = rest.find('<').unwrap_or(rest.len());
        if label == 0 {
            text.push_str(&unescaped(&rest[..end]));
        }
        rest = &rest[end..];
    }
    text
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

impl Receipt {
    /// What is wrong with it, beside what was proven and reviewed.
    pub(super) fn check(
        &self,
        item: &ProofItem,
        found: Option<(&SnippetCrate, &Sources)>,
        faults: &mut Vec<String>,
    ) {
        if item.status != "verified" {
            if !self.streams.is_empty() {
                faults.push("an output is shown that was not verified".to_owned());
            }
            return;
        }
        let Some((found, sources)) = found else {
            return;
        };
        if let Some(code) = &self.source
            && !shows_some_file(code, found, sources)
        {
            faults.push("the code that is shown stands in none of the snippet's files".to_owned());
        }
        let Some(result) = &self.result else {
            if !self.streams.is_empty() {
                faults.push("an output is shown without its result".to_owned());
            }
            return;
        };
        let wanted = expected_result(item, &self.bin, found);
        if *result != wanted {
            faults.push(format!(
                "the receipt says {result:?}, and what was proven is {wanted:?}"
            ));
        }
        let bin = if self.bin.is_empty() {
            found.bins.first().map_or("", String::as_str)
        } else {
            &self.bin
        };
        for stream in ["stdout", "stderr"] {
            let expected = visible(&reviewed(found, sources, bin, stream));
            let shown = self.streams.get(stream).map_or("", String::as_str);
            if shown.trim_end() != expected.trim_end() {
                faults.push(format!(
                    "the {stream} that is shown is not the one that was reviewed:\n{}",
                    execute_diff(&expected, shown)
                ));
            }
        }
    }
}

fn execute_diff(expected: &str, shown: &str) -> String {
    crate::execute::difference(expected, shown, ("reviewed", "the page"))
}

/// A reviewed text as the page writes it: characters that one does not see by their code points.
fn visible(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if is_unseen(c) {
            out.push_str(&code_point(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn expected_result(item: &ProofItem, bin: &str, found: &SnippetCrate) -> String {
    if found.meta.kinds == [crate::model::snippet::SnippetKind::CompileFail] {
        return item.codes.join(", ");
    }
    let code = if bin.is_empty() {
        item.exit_code
    } else {
        item.exit_codes.get(bin).copied()
    };
    result_words(code, item.tests_passed)
}

/// Whether the lines of some code stand one after another in a file of the crate, anchors and indents aside.
fn shows_some_file(code: &str, found: &SnippetCrate, sources: &Sources) -> bool {
    let wanted: Vec<String> = visible(code).lines().map(|line| line.trim().to_owned()).collect();
    if let Some(block) = &found.inline {
        return visible(&block.shown.text)
            .lines()
            .map(str::trim)
            .eq(wanted.iter().map(String::as_str));
    }
    found.files.values().any(|&file| {
        let text = visible(&sources.get(file).text);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("ANCHOR:") && !line.contains("ANCHOR_END:"))
            .map(str::trim)
            .collect();
        lines.len() >= wanted.len()
            && lines
                .windows(wanted.len().max(1))
                .any(|window| window.iter().zip(&wanted).all(|(a, b)| a == b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_its_receipts_without_labels() {
        let html = concat!(
            "<figure class=\"ex\" data-snippet=\"a-b\" data-bin=\"x\"><pre><code data-source>",
            "<span class=\"ln e\"><span class=\"k\">let</span> a = &quot;&amp;lt;&quot;;\n",
            "<span class=\"say\"><i>    </i>a label\n</span></span><span class=\"ln\">b\n</span></code></pre>",
            "<span class=\"num\" data-result>exit 0</span>",
            "<code data-stream=stdout>1\n2</code><details><code data-stream=stdout>3</code></details></figure>",
            "<figure class=\"ex\" data-snippet=\"c\"></figure>",
        );
        let found = of_page(html);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].snippet.as_str(), found[0].bin.as_str()), ("a-b", "x"));
        assert_eq!(found[0].source.as_deref(), Some("let a = \"&lt;\";\nb\n"));
        assert_eq!(found[0].result.as_deref(), Some("exit 0"));
        assert_eq!(
            found[0].streams.get("stdout").map(String::as_str),
            Some("1\n2\n3")
        );
        assert_eq!(found[1].snippet, "c");
    }
}
