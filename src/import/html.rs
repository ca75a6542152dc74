//! HTML to Markdown lines: a tag stripper that knows blocks, lists, tables, code, emphasis, links and accordions.

use super::entity::{entities, plain, tag_end};
use super::foreign;
use super::ledger::Ledger;
use super::line::{Line, asks, heading};

/// Whether lines are an HTML page or a stretch of one.
pub(super) fn is_html(lines: &[Line]) -> bool {
    let mut filled = lines
        .iter()
        .map(|line| line.text.trim())
        .filter(|text| !text.is_empty());
    let first = filled.next().unwrap_or_default().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<?xml", "<body", "<head"]
        .iter()
        .any(|start| first.starts_with(start))
    {
        return true;
    }
    let (mut blocks, mut all) = (0, 0);
    for line in lines {
        let text = line.text.trim_start();
        if heading(text).is_some() || text.starts_with("```") {
            return false;
        }
        all += usize::from(!text.is_empty());
        let block = [
            "<p", "<h1", "<h2", "<h3", "<h4", "<li", "<ul", "<ol", "<div", "<dl", "<dt", "<dd", "<pre",
            "<section", "<article", "<table", "<tr", "<td", "<details",
        ]
        .iter()
        .any(|tag| {
            text.strip_prefix(tag)
                .is_some_and(|rest| rest.starts_with([' ', '>']))
        });
        blocks += usize::from(block);
    }
    blocks >= 3 && blocks * 4 >= all
}

/// Turns a page to Markdown.
pub(super) fn to_markdown(lines: &[Line], ledger: &mut Ledger) -> Vec<Line> {
    let questions = count_questions(lines);
    let mut page = Page {
        out: Vec::with_capacity(lines.len()),
        text: String::new(),
        no: 1,
        one_line: 0,
        lists: Vec::new(),
        pre: None,
        quotes: 0,
        skipped: None,
        links: Vec::new(),
        table: None,
        title: None,
        questions,
        ledger,
    };
    let mut comment = false;
    for line in lines {
        page.line(line, &mut comment);
    }
    page.flush();
    page.finish()
}

/// Whether accordions are the questions: headings ask less often than they do.
fn count_questions(lines: &[Line]) -> bool {
    let titles = lines.iter().filter(|line| line.text.contains("<summary")).count();
    let headings = lines
        .iter()
        .filter(|line| {
            (line.text.contains("<h2") || line.text.contains("<h3") || line.text.contains("<h4"))
                && asks(&plain(&line.text))
        })
        .count();
    headings * 2 < titles
}

/// A table being read.
#[derive(Default)]
struct Table {
    rows: Vec<(usize, Vec<String>)>,
    cell: Option<String>,
}

struct Page<'a> {
    out: Vec<Line>,
    /// The line being made.
    text: String,
    /// The source line of its first character.
    no: usize,
    /// How many open elements keep their text on one line.
    one_line: usize,
    /// Open lists: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Inside `pre`: whether the fence was written.
    pre: Option<bool>,
    quotes: usize,
    /// The element whose content is left out.
    skipped: Option<String>,
    links: Vec<String>,
    table: Option<Table>,
    title: Option<Line>,
    questions: bool,
    ledger: &'a mut Ledger,
}

const SKIPPED: [&str; 12] = [
    "script", "style", "noscript", "template", "svg", "iframe", "nav", "footer", "button", "form", "select",
    "aside",
];

impl Page<'_> {
    fn line(&mut self, line: &Line, comment: &mut bool) {
        let mut rest = line.text.as_str();
        loop {
            if *comment {
                let Some(end) = rest.find("-->") else { break };
                rest = &rest[end + 3..];
                *comment = false;
                continue;
            }
            let Some(at) = rest.find('<') else {
                self.words(line.no, rest);
                break;
            };
            let after = &rest[at + 1..];
            if after.starts_with("!--") {
                self.words(line.no, &rest[..at]);
                rest = after;
                *comment = true;
                continue;
            }
            let tag =
                after.starts_with(['/', '!', '?']) || after.starts_with(|c: char| c.is_ascii_alphabetic());
            let end = if tag { tag_end(after) } else { None };
            let Some(end) = end else {
                self.words(line.no, &rest[..=at]);
                rest = after;
                continue;
            };
            self.words(line.no, &rest[..at]);
            self.tag(line.no, &after[..end]);
            rest = &after[end + 1..];
        }
        self.line_end(line.no);
    }

    fn line_end(&mut self, no: usize) {
        if self.pre.is_some() {
            let text = std::mem::take(&mut self.text);
            if self.pre == Some(true) {
                self.out.push(Line::new(no, text));
            }
        } else if self.one_line > 0 || self.table.is_some() {
            self.space();
        } else if !self.text.trim().is_empty() {
            self.flush();
        }
    }

    fn space(&mut self) {
        let buffer = match &mut self.table {
            Some(Table { cell: Some(cell), .. }) => cell,
            _ => &mut self.text,
        };
        if !buffer.is_empty() && !buffer.ends_with(' ') {
            buffer.push(' ');
        }
    }

    fn words(&mut self, no: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.skipped.is_some() {
            if self.skipped.as_deref() == Some("title") {
                let title = self.title.get_or_insert_with(|| Line::new(no, ""));
                title.text.push_str(&entities(text));
            } else if !text.trim().is_empty() {
                self.ledger.drop(no, text.trim(), "html-frame");
            }
            return;
        }
        let text = entities(text);
        if let Some(fenced) = self.pre {
            if !fenced {
                self.out.push(Line::new(no, "```"));
                self.pre = Some(true);
            }
            self.text.push_str(&text);
            return;
        }
        if let Some(table) = &mut self.table {
            if let Some(cell) = &mut table.cell {
                collapse(cell, &text);
            }
            return;
        }
        if self.text.trim().is_empty() {
            self.no = no;
        }
        collapse(&mut self.text, &text);
    }

    /// Ends the line being made.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let trimmed = text.trim_end();
        if trimmed.trim().is_empty() {
            return;
        }
        // Text below an item belongs to it.
        let margin = if self.lists.is_empty() || trimmed.starts_with('\u{1}') {
            0
        } else {
            self.lists.len() * 3
        };
        let quote = "> ".repeat(self.quotes);
        let bare = trimmed.trim_start_matches('\u{1}');
        let bare = if margin > 0 { bare.trim_start() } else { bare };
        let line = format!("{quote}{}{bare}", " ".repeat(margin));
        self.out.push(Line::new(self.no, line));
    }

    /// Ends the block being made.
    fn block(&mut self) {
        self.flush();
        if self.pre.is_none()
            && self.table.is_none()
            && self.out.last().is_some_and(|line| !line.text.is_empty())
        {
            let text = "> ".repeat(self.quotes).trim_end().to_owned();
            self.out.push(Line::new(self.no, text));
        }
    }

    fn tag(&mut self, no: usize, tag: &str) {
        let closing = tag.starts_with('/');
        let body = tag.trim_start_matches('/');
        let name: String = body
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if let Some(skipped) = &self.skipped {
            if closing && *skipped == name {
                self.skipped = None;
            }
            return;
        }
        let void = tag.ends_with('/');
        if !closing && !void && (SKIPPED.contains(&name.as_str()) || name == "title") {
            self.block();
            self.skipped = Some(name);
            return;
        }
        if self.pre.is_some() && !matches!(name.as_str(), "pre" | "code" | "br") {
            return;
        }
        if self.text.trim().is_empty() {
            self.no = no;
        }
        match name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading(&name, closing),
            "li" if closing => self.flush(),
            "li" => self.item(),
            "ul" | "ol" => self.list(&name, closing, body),
            "pre" => self.code_block(no, closing, body),
            "code" if self.pre == Some(false) && !closing => {
                self.out.push(Line::new(no, format!("```{}", language(body))));
                self.pre = Some(true);
            }
            "code" if self.pre.is_some() => {}
            "br" if self.one_line > 0 || self.table.is_some() => self.space(),
            "br" if self.pre.is_some() => self.line_end(no),
            "br" => self.flush(),
            "code" | "kbd" | "samp" | "tt" => self.mark("`"),
            "b" | "strong" => self.emphasis("**", closing),
            "i" | "em" => self.emphasis("*", closing),
            "a" => self.link(closing, body),
            "img" => self.image(no, body),
            "table" | "tr" | "td" | "th" => self.table(no, &name, closing),
            "summary" if closing => {
                self.one_line = self.one_line.saturating_sub(1);
                self.text = foreign::summary(&self.text, self.questions);
                self.block();
            }
            "summary" => {
                self.block();
                self.one_line += 1;
            }
            "dt" if closing => {
                self.one_line = self.one_line.saturating_sub(1);
                let text = self.text.trim().to_owned();
                self.text = if asks(&text) {
                    format!("**Q: {text}**")
                } else {
                    format!("**{text}**")
                };
                self.block();
            }
            "dt" => {
                self.block();
                self.one_line += 1;
            }
            "blockquote" => {
                self.block();
                self.quotes = if closing {
                    self.quotes.saturating_sub(1)
                } else {
                    self.quotes + 1
                };
            }
            "p" | "div" | "section" | "article" | "main" | "header" | "body" | "html" | "head"
            | "details" | "dl" | "dd" | "hr" | "figure" | "figcaption" | "center" | "address" => self.block(),
            _ => {}
        }
    }

    fn heading(&mut self, name: &str, closing: bool) {
        // A heading in the title of an accordion is only its look.
        let level: usize = name[1..].parse().unwrap_or(2);
        if closing {
            if self.text.starts_with('#') {
                self.one_line = self.one_line.saturating_sub(1);
                self.block();
            }
        } else if self.one_line == 0 {
            self.block();
            self.text = format!("{} ", "#".repeat(level));
            self.one_line += 1;
        }
    }

    fn list(&mut self, name: &str, closing: bool, body: &str) {
        if closing {
            self.flush();
            self.lists.pop();
            if self.lists.is_empty() {
                self.block();
            }
        } else {
            if self.lists.is_empty() {
                self.block();
            } else {
                self.flush();
            }
            let start = attribute(body, "start")
                .and_then(|start| start.parse().ok())
                .unwrap_or(1);
            self.lists.push((name == "ol").then_some(start));
        }
    }

    fn item(&mut self) {
        self.flush();
        let depth = self.lists.len().max(1);
        let sign = match self.lists.last_mut() {
            Some(Some(number)) => {
                let sign = format!("{number}. ");
                *number += 1;
                sign
            }
            _ => "- ".to_owned(),
        };
        // The mark keeps `flush` from indenting the item itself.
        self.text = format!("\u{1}{}{sign}", " ".repeat((depth - 1) * 3));
    }

    fn code_block(&mut self, no: usize, closing: bool, body: &str) {
        if closing {
            let text = std::mem::take(&mut self.text);
            if self.pre == Some(true) {
                if !text.trim().is_empty() {
                    self.out.push(Line::new(no, text));
                }
                self.out.push(Line::new(no, "```"));
            }
            self.pre = None;
            self.block();
        } else {
            self.block();
            let language = language(body);
            self.pre = Some(!language.is_empty());
            if !language.is_empty() {
                self.out.push(Line::new(no, format!("```{language}")));
            }
        }
    }

    fn mark(&mut self, mark: &str) {
        match &mut self.table {
            Some(Table { cell: Some(cell), .. }) => cell.push_str(mark),
            Some(_) => {}
            None => self.text.push_str(mark),
        }
    }

    fn emphasis(&mut self, mark: &str, closing: bool) {
        // Headings are strong by themselves.
        if self.text.starts_with('#') && self.table.is_none() {
            return;
        }
        if closing {
            // White space before the closing marks would make them plain text.
            let buffer = match &mut self.table {
                Some(Table { cell: Some(cell), .. }) => cell,
                Some(_) => return,
                None => &mut self.text,
            };
            let spaced = buffer.ends_with(' ');
            let length = buffer.trim_end().len();
            buffer.truncate(length);
            if buffer.ends_with(mark) {
                let length = buffer.len() - mark.len();
                buffer.truncate(length);
            } else {
                buffer.push_str(mark);
            }
            if spaced {
                buffer.push(' ');
            }
        } else {
            self.mark(mark);
        }
    }

    fn link(&mut self, closing: bool, body: &str) {
        if closing {
            if let Some(address) = self.links.pop().filter(|address| !address.is_empty()) {
                self.mark(&format!("]({address})"));
            }
            return;
        }
        let address = attribute(body, "href").map(entities).unwrap_or_default();
        // Addresses within the page it was taken from lead nowhere.
        let outside = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
            && !address.contains([' ', ')']);
        let address = if outside { address } else { String::new() };
        if !address.is_empty() {
            self.mark("[");
        }
        self.links.push(address);
    }

    fn image(&mut self, no: usize, body: &str) {
        let alt = attribute(body, "alt").map(entities).unwrap_or_default();
        let source = attribute(body, "src").unwrap_or_default();
        if source.starts_with("https://") || source.starts_with("http://") {
            self.mark(&format!("![{alt}]({source})"));
        } else {
            self.ledger.notice(
                no,
                format!("the image `{source}` did not come along; only its description `{alt}` is kept"),
            );
            self.mark(&alt);
        }
    }

    fn table(&mut self, no: usize, name: &str, closing: bool) {
        match (name, closing) {
            ("table", false) => {
                self.block();
                self.table = Some(Table::default());
            }
            ("table", true) => {
                let Some(table) = self.table.take() else { return };
                self.end_cell();
                let columns = table.rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
                for (index, (no, mut cells)) in table
                    .rows
                    .into_iter()
                    .filter(|(_, cells)| !cells.is_empty())
                    .enumerate()
                {
                    cells.resize(columns, String::new());
                    self.out.push(Line::new(no, format!("| {} |", cells.join(" | "))));
                    if index == 0 {
                        self.out
                            .push(Line::new(no, format!("|{}", "---|".repeat(columns))));
                    }
                }
                self.block();
            }
            ("tr", false) => {
                self.end_cell();
                if let Some(table) = &mut self.table {
                    table.rows.push((no, Vec::new()));
                }
            }
            ("td" | "th", false) => {
                self.end_cell();
                if let Some(table) = &mut self.table {
                    table.cell = Some(String::new());
                }
            }
            _ => self.end_cell(),
        }
    }

    fn end_cell(&mut self) {
        if let Some(table) = &mut self.table
            && let Some(cell) = table.cell.take()
            && let Some((_, cells)) = table.rows.last_mut()
        {
            cells.push(cell.trim().replace('|', "\\|"));
        }
    }

    fn finish(self) -> Vec<Line> {
        let mut out = self.out;
        let titled = out.iter().any(|line| line.text.starts_with("# "));
        if let Some(title) = self
            .title
            .filter(|title| !titled && !title.text.trim().is_empty())
        {
            out.insert(0, Line::new(title.no, format!("# {}", title.text.trim())));
            out.insert(1, Line::new(title.no, ""));
        }
        out
    }
}

/// Adds text with its white space collapsed.
fn collapse(buffer: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_whitespace() {
            buffer.push(c);
        } else if !buffer.is_empty() && !buffer.ends_with([' ', '\u{1}']) {
            buffer.push(' ');
        }
    }
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(found) = tag[from..].find(name) {
        let at = from + found;
        from = at + name.len();
        let free = tag[..at].ends_with(char::is_whitespace);
        let Some(value) = tag[from..].trim_start().strip_prefix('=').filter(|_| free) else {
            continue;
        };
        let value = value.trim_start();
        return match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
            _ => value.split([' ', '/']).next(),
        };
    }
    None
}

/// The language that a class names.
fn language(tag: &str) -> String {
    let class = attribute(tag, "class").unwrap_or_default();
    class
        .split_whitespace()
        .find_map(|class| {
            ["language-", "lang-", "highlight-source-", "brush:"]
                .iter()
                .find_map(|start| class.strip_prefix(start))
        })
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines = crate::import::line::numbered(text);
        assert!(is_html(&lines), "{text}");
        let found: Vec<String> = to_markdown(&lines, &mut Ledger::default())
            .into_iter()
            .map(|line| line.text)
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn blocks_and_marks() {
        check(
            "<html><head><title>Site</title></head><body>\n<h1>A &amp; B</h1>\n<p>Some <b>bold</b> and\n<code>x &lt; y</code></p>\n<ul><li>one</li><li>two\n<ul><li>deep</li></ul></li></ul>\n<ol><li>first</li></ol></body></html>",
            &[
                "# A & B",
                "Some **bold** and",
                "`x < y`",
                "- one",
                "- two",
                "   - deep",
                "1. first",
            ],
        );
    }

    #[test]
    fn code_and_tables() {
        check(
            "<h2>T</h2>\n<pre><code class=\"language-rust\">fn a() {\n    b();\n}</code></pre>\n<table><tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2|3</td></tr></table>\n<p>x</p>",
            &[
                "## T",
                "```rust",
                "fn a() {",
                "    b();",
                "}",
                "```",
                "| a | b |",
                "|---|---|",
                "| 1 | 2\\|3 |",
                "x",
            ],
        );
    }

    #[test]
    fn accordions_and_definitions() {
        check(
            "<div>\n<details><summary>What is it?</summary><p>This.</p></details>\n<dl><dt>Why?</dt><dd>So.</dd></dl>\n<p>x</p>\n</div>",
            &["**Q: What is it?**", "This.", "**Q: Why?**", "So.", "x"],
        );
    }
}
