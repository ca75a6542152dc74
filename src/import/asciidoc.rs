//! AsciiDoc, and text that looks like it, to Markdown lines.

use super::line::{Line, asks, heading};

/// Whether lines look like AsciiDoc: titles with `=`, and nothing that Markdown alone has.
pub(super) fn is_asciidoc(lines: &[Line]) -> bool {
    let mut titles = 0;
    let mut blocks = 0;
    for line in lines {
        let text = line.text.trim_end();
        if heading(text).is_some() || text.starts_with("```") {
            return false;
        }
        titles += usize::from(title(text).is_some());
        let block = [
            "[source",
            "[qanda]",
            "[NOTE]",
            "[listing",
            "[%collapsible",
            "[TIP]",
            "[WARNING]",
            "|===",
        ]
        .iter()
        .any(|start| text.starts_with(start));
        let option = is_option(text);
        blocks += usize::from(block || option || text.starts_with("<syntaxhighlight"));
    }
    titles >= 2 || titles + blocks >= 2
}

/// The level and text of a title.
fn title(text: &str) -> Option<(usize, &str)> {
    let level = text.len() - text.trim_start_matches('=').len();
    // Wikis close their titles with the same signs, and may leave out the space.
    let closed = text.ends_with(&text[..level]) && text.len() > level * 2;
    let rest = text[level..]
        .strip_prefix(' ')
        .or_else(|| Some(&text[level..]).filter(|_| closed))?;
    let rest = if closed {
        rest[..rest.len() - level].trim()
    } else {
        rest.trim()
    };
    ((1..=6).contains(&level) && !rest.is_empty() && !rest.starts_with('=')).then_some((level, rest))
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Code up to a line such as this one.
    Code(&'static str),
    /// A table, with the cells a row has once that is known, and the cells of the row being read.
    Table {
        columns: usize,
        rows: usize,
    },
    Quote,
}

/// Turns AsciiDoc to Markdown.
pub(super) fn to_markdown(lines: &[Line]) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut open: Option<Open> = None;
    let mut language = String::new();
    let mut questions = false;
    let mut collapsible = false;
    let mut cells: Vec<String> = Vec::new();
    let mut columns = 0;
    let mut admonition: Option<String> = None;
    for line in lines {
        let no = line.no;
        let text = line.text.trim_end();
        let mut push = |text: String| out.push(Line::new(no, text));
        match open {
            Some(Open::Code(end)) => {
                if text == end {
                    push("```".to_owned());
                    open = None;
                } else {
                    push(line.text.clone());
                }
                continue;
            }
            Some(Open::Table { columns: width, rows }) => {
                let done = text == "|===";
                if !done {
                    let found = row(text);
                    if width == 0 && found.is_empty() && cells.is_empty() {
                        continue;
                    }
                    cells.extend(found);
                }
                let width = if width > 0 { width } else { cells.len() };
                let mut rows = rows;
                while width > 0 && (cells.len() >= width || done && !cells.is_empty()) {
                    let count = width.min(cells.len());
                    let mut taken: Vec<String> = cells.drain(..count).collect();
                    taken.resize(width, String::new());
                    push(format!("| {} |", taken.join(" | ")));
                    if rows == 0 {
                        push(format!("|{}", "---|".repeat(width)));
                    }
                    rows += 1;
                }
                open = if done {
                    None
                } else {
                    Some(Open::Table { columns: width, rows })
                };
                if done {
                    push(String::new());
                }
                continue;
            }
            Some(Open::Quote) if matches!(text, "____" | "====") => {
                open = None;
                push(String::new());
                continue;
            }
            Some(Open::Quote) => {
                push(format!("> {}", inline(text)).trim_end().to_owned());
                continue;
            }
            None => {}
        }
        if let Some((level, title)) = title(text) {
            questions = false;
            push(String::new());
            push(format!("{} {}", "#".repeat(level), inline(title)));
            push(String::new());
        } else if let Some(rest) = text
            .strip_prefix("<syntaxhighlight")
            .or_else(|| text.strip_prefix("<source"))
        {
            let named = rest
                .split("lang=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            push(format!("```{}", named.unwrap_or_default()));
            open = Some(Open::Code(if text.starts_with("<source") {
                "</source>"
            } else {
                "</syntaxhighlight>"
            }));
        } else if matches!(text, "----" | "....") {
            push(format!("```{}", std::mem::take(&mut language)));
            open = Some(Open::Code(if text == "----" { "----" } else { "...." }));
        } else if text == "|===" {
            push(String::new());
            open = Some(Open::Table { columns, rows: 0 });
            columns = 0;
        } else if text == "____" || text == "====" && admonition.is_some() {
            push(String::new());
            if let Some(kind) = admonition.take() {
                push(format!("> [!{kind}]"));
            }
            open = Some(Open::Quote);
        } else if matches!(text, "====" | "--" | "+" | "<<<" | "'''" | "****")
            || text.starts_with("//") && !text.starts_with("///")
            || is_option(text)
        {
            push(String::new());
        } else if let Some(attributes) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|text| !text.is_empty() && !text.contains("]("))
        {
            questions |= attributes == "qanda";
            collapsible |= attributes.contains("collapsible");
            if let Some(rest) = attributes.strip_prefix("source") {
                language = rest
                    .trim_start_matches(['%', ','])
                    .split(',')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned();
            }
            if let Some(cols) = attributes
                .split("cols=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
            {
                columns = cols.split(',').count();
            }
            if matches!(attributes, "NOTE" | "TIP" | "WARNING" | "IMPORTANT" | "CAUTION") {
                admonition = Some(attributes.to_owned());
            }
            push(String::new());
        } else if let Some(name) = text
            .strip_prefix('.')
            .filter(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
        {
            push(String::new());
            push(if std::mem::take(&mut collapsible) || asks(name) {
                format!("**Q: {}**", inline(name))
            } else {
                format!("**{}:**", inline(name).trim_end_matches(':'))
            });
            push(String::new());
        } else if let Some((name, rest)) = definition(text) {
            push(String::new());
            push(if questions || asks(name) {
                format!("**Q: {}**", inline(name))
            } else {
                format!("**{}:**", inline(name))
            });
            if questions || asks(name) {
                push(String::new());
            }
            push(inline(rest));
        } else if let Some(note) = note(text) {
            push(String::new());
            push(format!("> [!{}]", note.0));
            push(format!("> {}", inline(note.1)));
            push(String::new());
        } else {
            let shown = item(text).unwrap_or_else(|| {
                let lead = if questions { text.trim_start() } else { text };
                inline(lead)
            });
            push(shown);
        }
    }
    out
}

/// `:name: value`, an attribute of the document.
fn is_option(text: &str) -> bool {
    let Some((name, rest)) = text.strip_prefix(':').and_then(|text| text.split_once(':')) else {
        return false;
    };
    let named = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '!'));
    named && (rest.is_empty() || rest.starts_with(' '))
}

/// `Term:: text`, an entry of a list of definitions.
fn definition(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once("::")?;
    let fits = !name.is_empty()
        && !name.starts_with([' ', '*', '.', '`'])
        && (rest.is_empty() || rest.starts_with(' '))
        && !name.contains('`');
    fits.then(|| (name.trim(), rest.trim()))
}

/// `NOTE: text`.
fn note(text: &str) -> Option<(&str, &str)> {
    let (kind, rest) = text.split_once(": ")?;
    matches!(kind, "NOTE" | "TIP" | "WARNING" | "IMPORTANT" | "CAUTION").then_some((kind, rest))
}

/// List items: `*`, `**`, `.`, `..`, `-`.
fn item(text: &str) -> Option<String> {
    let trimmed = text.trim_start();
    let mark = trimmed.chars().next().filter(|c| matches!(c, '*' | '.'))?;
    let depth = trimmed.len() - trimmed.trim_start_matches(mark).len();
    let rest = trimmed[depth..].strip_prefix(' ')?;
    let sign = if mark == '*' { "-" } else { "1." };
    (depth <= 5).then(|| format!("{}{sign} {}", " ".repeat((depth - 1) * 3), inline(rest.trim())))
}

/// The cells of a line of a table.
fn row(text: &str) -> Vec<String> {
    let Some(rest) = text.trim().strip_prefix('|') else {
        return Vec::new();
    };
    rest.split('|').map(|cell| inline(cell.trim())).collect()
}

/// Inline marks: `*bold*`, `_italic_`, links.
fn inline(text: &str) -> String {
    if text.contains("''") {
        // The bold and italic text of wikis.
        return links(&text.replace("'''", "**").replace("''", "*"));
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut code = false;
    let chars: Vec<char> = text.chars().collect();
    let stars = text.matches('*').count().is_multiple_of(2);
    let lows = text.matches('_').count().is_multiple_of(2);
    for (at, &c) in chars.iter().enumerate() {
        if c == '`' {
            code = !code;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let outer = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '*' && c != '_');
        let inner = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != '*' && c != '_');
        let edge = outer(before) && inner(after) || inner(before) && outer(after);
        match c {
            '*' if !code && edge && stars => out.push_str("**"),
            '_' if !code && edge && lows => out.push('*'),
            _ => out.push(c),
        }
    }
    links(&out)
}

/// `https://a.example[text]` and `link:https://a.example[text]`.
fn links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        let address = &rest[at..];
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '[' | ')' | '>' | '"'))
            .unwrap_or(address.len());
        let label = address[end..]
            .strip_prefix('[')
            .and_then(|inner| inner.split_once(']'));
        let web = address.starts_with("http://") || address.starts_with("https://");
        if let Some((label, after)) = label.filter(|_| web) {
            out.push_str(rest[..at].strip_suffix("link:").unwrap_or(&rest[..at]));
            let shown = if label.is_empty() { &address[..end] } else { label };
            out.push_str(&format!("[{shown}]({})", &address[..end]));
            rest = after;
        } else {
            let end = at + end.max(4).min(address.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines = crate::import::line::numbered(text);
        assert!(is_asciidoc(&lines), "{text}");
        let found: Vec<String> = to_markdown(&lines)
            .into_iter()
            .map(|line| line.text)
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn titles_code_and_lists() {
        check(
            "= Guide\n:toc:\n\n== Section\n\n=== What is *it*?\n\n[source,rust]\n----\nfn a() {}\n----\n* one\n** two\n. first\n",
            &[
                "# Guide",
                "## Section",
                "### What is **it**?",
                "```rust",
                "fn a() {}",
                "```",
                "- one",
                "   - two",
                "1. first",
            ],
        );
    }

    #[test]
    fn questions_and_tables() {
        check(
            "= Guide\n\n[qanda]\nWhat is it?::\n  This, see https://a.example[there].\n\n|===\n|a |b\n\n|1\n|2\n|===\nNOTE: Mind it.\n",
            &[
                "# Guide",
                "**Q: What is it?**",
                "This, see [there](https://a.example).",
                "| a | b |",
                "|---|---|",
                "| 1 | 2 |",
                "> [!NOTE]",
                "> Mind it.",
            ],
        );
    }
}
