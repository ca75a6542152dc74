//! The document tree to HTML.
//!
//! Everything is escaped; only [`Html`] made here is printed as it is. The parser caps the tree's depth, so that
//! recursion is bounded.

use std::collections::HashMap;

use super::context::PageContext;
use super::sanitize::{Sanitizer, push_rewritten};
use super::{exhibit, highlight};
use crate::config::RawHtml;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::book::ResolvedLink;
use crate::model::document::{
    AdmonitionKind, Alignment, Block, BlockKind, CodeBlock, Footnote, Heading, Inline, InlineKind, List,
    Table, plain_text,
};
use crate::model::guide::{Document, LinkKind};
use crate::model::region;
use crate::model::site::{Html, code_point, encode, is_unseen};
use crate::source::Span;

/// Appends text for element content.
pub(super) fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Appends code or output for element content. What would show a reader other text than the compiler saw is written as
/// its code point.
pub(super) fn push_code(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_unseen(c)) {
        push_escaped(&rest[..at], out);
        out.push_str(&format!("<span class=\"ctl\">{}</span>", code_point(c)));
        rest = &rest[at + c.len_utf8()..];
    }
    push_escaped(rest, out);
}

/// Appends ` name="value"`.
pub(super) fn push_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    push_escaped(name, out);
    out.push_str("=\"");
    push_escaped(value, out);
    out.push('"');
}

/// Text escaped for element content and quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(text, &mut out);
    out
}

/// Writes the content of one page, part by part: footnotes, tables and exhibits are numbered through the page.
pub(super) struct Writer<'a> {
    pub(super) page: &'a PageContext<'a>,
    document: &'a Document,
    /// Addresses in raw HTML, by how they are written.
    html_links: HashMap<&'a str, &'a ResolvedLink>,
    footnotes: HashMap<&'a str, &'a Footnote>,
    /// Labels in the order of their first reference.
    noted: Vec<&'a str>,
    tables: usize,
    pub(super) exhibits: usize,
    /// How much deeper headings of an answer are than the author wrote.
    pub(super) heading_shift: i8,
    pub(super) diagnostics: Vec<Diagnostic>,
    sanitizer: Sanitizer,
}

impl<'a> Writer<'a> {
    pub(super) fn new(page: &'a PageContext<'a>, document: &'a Document) -> Self {
        let links = &page.book.links;
        let html_links = document
            .links
            .iter()
            .filter(|link| matches!(link.kind, LinkKind::HtmlLink | LinkKind::HtmlImage))
            .filter_map(|link| Some((link.destination.as_str(), links.get(&link.span)?)))
            .collect();
        Self {
            page,
            document,
            html_links,
            footnotes: document
                .footnotes
                .iter()
                .map(|note| (note.label.as_str(), note))
                .collect(),
            noted: Vec::new(),
            tables: 0,
            exhibits: 0,
            heading_shift: 0,
            diagnostics: Vec::new(),
            sanitizer: Sanitizer::default(),
        }
    }

    /// Block elements.
    pub(super) fn blocks(&mut self, blocks: &'a [Block]) -> Html {
        let mut out = String::new();
        self.push_blocks(blocks, &mut out);
        self.sanitizer.finish(&mut out);
        Html::trusted(out)
    }

    /// Inline elements.
    pub(super) fn inlines(&mut self, inlines: &'a [Inline]) -> Html {
        let mut out = String::new();
        self.push_inlines(inlines, &mut out);
        self.sanitizer.finish(&mut out);
        Html::trusted(out)
    }

    fn push_blocks(&mut self, blocks: &'a [Block], out: &mut String) {
        for block in blocks {
            self.push_block(block, out);
        }
    }

    fn push_block(&mut self, block: &'a Block, out: &mut String) {
        match &block.kind {
            BlockKind::Paragraph(content) => {
                out.push_str("<p>");
                self.push_inlines(content, out);
                out.push_str("</p>\n");
            }
            BlockKind::Heading(heading) => self.push_heading(heading, out),
            BlockKind::Code(code) => self.push_code(code, block.span, out),
            BlockKind::List(list) => self.push_list(list, out),
            BlockKind::Quote(blocks) => {
                out.push_str("<blockquote>\n");
                self.push_blocks(blocks, out);
                out.push_str("</blockquote>\n");
            }
            BlockKind::Admonition { kind, blocks } => self.push_admonition(*kind, blocks, out),
            BlockKind::Table(table) => self.push_table(table, out),
            BlockKind::Definitions(definitions) => {
                out.push_str("<dl>\n");
                for definition in definitions {
                    out.push_str("<dt>");
                    self.push_inlines(&definition.term, out);
                    out.push_str("</dt>\n");
                    for body in &definition.bodies {
                        out.push_str("<dd>");
                        self.push_blocks(body, out);
                        out.push_str("</dd>\n");
                    }
                }
                out.push_str("</dl>\n");
            }
            BlockKind::Rule => out.push_str("<hr>\n"),
            BlockKind::Html(markup) => self.push_html(markup, block.span, out),
            BlockKind::Snippet(snippet) => {
                self.exhibits += 1;
                let found = exhibit::render(self.page, snippet, self.exhibits, &mut self.diagnostics);
                out.push_str(&found);
                out.push('\n');
            }
        }
    }

    fn push_heading(&mut self, heading: &'a Heading, out: &mut String) {
        let level = (i16::from(heading.level) + i16::from(self.heading_shift)).clamp(2, 6);
        out.push_str(&format!("<h{level}"));
        push_attribute("id", &heading.id, out);
        if !heading.classes.is_empty() {
            push_attribute("class", &heading.classes.join(" "), out);
        }
        out.push('>');
        self.push_inlines(&heading.content, out);
        let name = format!("Link to: {}", plain_text(&heading.content));
        out.push_str("<a class=\"pl\"");
        push_attribute("href", &format!("#{}", encode(&heading.id)), out);
        push_attribute("aria-label", &name, out);
        out.push_str(&format!(">#</a></h{level}>\n"));
    }

    fn push_code(&mut self, code: &'a CodeBlock, span: Span, out: &mut String) {
        if let Some(slug) = self.page.book.inline.get(&span) {
            self.exhibits += 1;
            let found = exhibit::render_inline(self.page, slug, self.exhibits, &mut self.diagnostics);
            out.push_str(&found);
            out.push('\n');
            return;
        }
        // A reviewed output is shown by the receipt of its block, if it is verified.
        if self.page.book.inline_outputs.contains_key(&span) {
            return;
        }
        let language = code.language();
        let text = if language == "rust" {
            region::without_hidden(&code.text).text
        } else {
            code.text.clone()
        };
        let lines = highlight::lines(&text, language, self.page.memo, self.page.sys);
        let label = if language.is_empty() {
            "Code".to_owned()
        } else {
            format!("Code, {language}")
        };
        let copy = "<button class=\"btn sm ghost js\" type=\"button\" data-do=\"copy\"><svg aria-hidden=\"true\">\
                    <use href=\"#pb-i-copy\"/></svg> Copy</button>";
        if language.is_empty() {
            out.push_str("<figure class=\"ex bare\">");
        } else {
            out.push_str("<figure class=\"ex\"><header><b>");
            push_escaped(language, out);
            out.push_str("</b>");
            out.push_str(copy);
            out.push_str("</header>");
        }
        out.push_str("<pre class=\"code\" tabindex=\"0\" role=\"group\"");
        push_attribute("aria-label", &label, out);
        out.push_str("><code>");
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
        out.push_str("</code></pre></figure>\n");
    }

    fn push_list(&mut self, list: &'a List, out: &mut String) {
        let tasks = list.items.iter().any(|item| item.task.is_some());
        let (open, close) = match list.start {
            Some(1) => ("<ol>\n".to_owned(), "</ol>\n"),
            Some(start) => (format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            None if tasks => ("<ul class=\"tasks\">\n".to_owned(), "</ul>\n"),
            None => ("<ul>\n".to_owned(), "</ul>\n"),
        };
        out.push_str(&open);
        for item in &list.items {
            out.push_str("<li>");
            if let Some(done) = item.task {
                let (state, label) = if done { (" checked", "done") } else { ("", "to do") };
                out.push_str(&format!(
                    "<input type=\"checkbox\" disabled{state} aria-label=\"{label}\"> "
                ));
            }
            for block in &item.blocks {
                match &block.kind {
                    // CommonMark 0.31 §5.3: paragraphs of tight lists have no `<p>`.
                    BlockKind::Paragraph(content) if list.tight => {
                        self.push_inlines(content, out);
                        out.push('\n');
                    }
                    _ => self.push_block(block, out),
                }
            }
            out.push_str("</li>\n");
        }
        out.push_str(close);
    }

    fn push_admonition(&mut self, kind: AdmonitionKind, blocks: &'a [Block], out: &mut String) {
        let (class, word, icon) = match kind {
            AdmonitionKind::Note => ("note", "Note", "note"),
            AdmonitionKind::Tip => ("tip", "Tip", "ok"),
            AdmonitionKind::Important => ("important", "Important", "note"),
            AdmonitionKind::Warning => ("warning", "Warning", "panic"),
            AdmonitionKind::Caution => ("caution", "Caution", "panic"),
        };
        out.push_str(&format!(
            "<div class=\"adm {class}\" role=\"note\"><p class=\"adm-t\"><svg aria-hidden=\"true\">\
             <use href=\"#pb-i-{icon}\"/></svg> {word}</p>\n"
        ));
        self.push_blocks(blocks, out);
        out.push_str("</div>\n");
    }

    fn push_table(&mut self, table: &'a Table, out: &mut String) {
        self.tables += 1;
        let first = table
            .head
            .first()
            .map(|cell| plain_text(cell))
            .unwrap_or_default();
        let label = if first.trim().is_empty() {
            format!("Table {}", self.tables)
        } else {
            format!("Table {}, {}", self.tables, first.trim())
        };
        out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\"");
        push_attribute("aria-label", &label, out);
        out.push_str("><table>\n<thead><tr>");
        for (cell, class) in table.head.iter().zip(classes(table)) {
            // A header cell without text heads nothing.
            let element = if cell.is_empty() { "td" } else { "th" };
            let scope = if cell.is_empty() { "" } else { " scope=\"col\"" };
            out.push_str(&format!("<{element}{scope}{class}>"));
            self.push_inlines(cell, out);
            out.push_str(&format!("</{element}>"));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            out.push_str("<tr>");
            for (cell, class) in row.iter().zip(classes(table)) {
                out.push_str(&format!("<td{class}>"));
                self.push_inlines(cell, out);
                out.push_str("</td>");
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n");
    }

    pub(super) fn push_inlines(&mut self, inlines: &'a [Inline], out: &mut String) {
        for inline in inlines {
            match &inline.kind {
                InlineKind::Text(text) => push_escaped(text, out),
                InlineKind::Code(code) => {
                    out.push_str("<code>");
                    push_code(code, out);
                    out.push_str("</code>");
                }
                InlineKind::Emphasis(content) => self.wrap("em", content, out),
                InlineKind::Strong(content) => self.wrap("strong", content, out),
                InlineKind::Strikethrough(content) => self.wrap("del", content, out),
                InlineKind::Link { title, content, .. } => self.push_link(inline.span, title, content, out),
                InlineKind::Image { title, alt, .. } => self.push_image(inline.span, title, alt, out),
                InlineKind::FootnoteReference(label) => self.push_reference(label, out),
                InlineKind::SoftBreak => out.push('\n'),
                InlineKind::HardBreak => out.push_str("<br>\n"),
                InlineKind::Html(markup) => self.push_html(markup, inline.span, out),
            }
        }
    }

    fn wrap(&mut self, element: &str, content: &'a [Inline], out: &mut String) {
        out.push_str(&format!("<{element}>"));
        self.push_inlines(content, out);
        out.push_str(&format!("</{element}>"));
    }

    fn push_link(&mut self, span: Span, title: &str, content: &'a [Inline], out: &mut String) {
        let Some(target) = self.page.book.links.get(&span) else {
            // A link that leads nowhere is told of elsewhere; its text stays.
            self.push_inlines(content, out);
            return;
        };
        out.push_str("<a");
        push_attribute("href", &self.page.href(target), out);
        if !title.is_empty() {
            push_attribute("title", title, out);
        }
        if matches!(target, ResolvedLink::External(_)) {
            out.push_str(" rel=\"noopener\"");
        }
        out.push('>');
        self.push_inlines(content, out);
        out.push_str("</a>");
    }

    fn push_image(&mut self, span: Span, title: &str, alt: &[Inline], out: &mut String) {
        let alt = plain_text(alt);
        let Some(target) = self.page.book.links.get(&span) else {
            push_escaped(&alt, out);
            return;
        };
        // The site makes no third-party request: an image from elsewhere becomes a link to it.
        if matches!(target, ResolvedLink::External(_)) {
            out.push_str("<a rel=\"noopener\"");
            push_attribute("href", &self.page.href(target), out);
            out.push('>');
            push_escaped(if alt.trim().is_empty() { "image" } else { &alt }, out);
            out.push_str("</a>");
            return;
        }
        out.push_str("<img loading=\"lazy\" decoding=\"async\"");
        push_attribute("src", &self.page.href(target), out);
        push_attribute("alt", &alt, out);
        if !title.is_empty() {
            push_attribute("title", title, out);
        }
        out.push('>');
    }

    fn push_reference(&mut self, label: &'a str, out: &mut String) {
        if !self.footnotes.contains_key(label) {
            push_escaped(&format!("[^{label}]"), out);
            return;
        }
        let known = self.noted.iter().position(|noted| *noted == label);
        let number = known.map_or(self.noted.len(), |at| at) + 1;
        let mut back = String::new();
        if known.is_none() {
            self.noted.push(label);
            back = format!(" id=\"pb-fr-{number}\"");
        }
        out.push_str(&format!(
            "<sup class=\"fn\"><a href=\"#pb-fn-{number}\"{back} aria-label=\"Footnote {number}\">{number}</a></sup>"
        ));
    }

    fn push_html(&mut self, markup: &str, span: Span, out: &mut String) {
        let page = self.page;
        let links = &self.html_links;
        let rewrite = |element: &str, address: &str| {
            links
                .get(address.trim())
                // Pages make no third-party request, so that an image from elsewhere is not shown.
                .filter(|target| element != "img" || !matches!(target, ResolvedLink::External(_)))
                .map(|target| page.href(target))
        };
        match page.config.html.raw_html {
            RawHtml::Allow => push_rewritten(markup, &rewrite, out),
            RawHtml::Escape => push_escaped(markup, out),
            RawHtml::Safe => {
                if self.sanitizer.push(markup, &rewrite, out) {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::CONTENT_UNSAFE_HTML,
                            "some of this raw HTML is not published",
                        )
                        .at(span)
                        .label("elements or attributes of this were dropped")
                        .help("use Markdown, or set `raw-html = \"allow\"` for content that you trust"),
                    );
                }
            }
        }
    }

    /// The footnotes that were referred to, as a section; empty where there are none.
    pub(super) fn footnote_section(&mut self) -> Html {
        let mut items = String::new();
        let mut at = 0;
        // A footnote may refer to another one.
        while let Some(label) = self.noted.get(at).copied() {
            at += 1;
            let Some(note) = self.footnotes.get(label).copied() else {
                continue;
            };
            items.push_str(&format!("<li id=\"pb-fn-{at}\">"));
            let body = self.blocks(&note.blocks).into_string();
            items.push_str(&body);
            items.push_str(&format!(
                "<a class=\"back\" href=\"#pb-fr-{at}\" aria-label=\"Back to reference {at}\">↩</a></li>\n"
            ));
        }
        if items.is_empty() {
            return Html::default();
        }
        Html::trusted(format!(
            "<section class=\"notes row\" aria-label=\"Footnotes\"><ol>\n{items}</ol></section>"
        ))
    }

    /// The document that is written.
    pub(super) const fn document(&self) -> &'a Document {
        self.document
    }
}

fn classes(table: &Table) -> impl Iterator<Item = &'static str> {
    table
        .alignments
        .iter()
        .map(|alignment| match alignment {
            Alignment::None => "",
            Alignment::Left => " class=\"l\"",
            Alignment::Center => " class=\"c\"",
            Alignment::Right => " class=\"r\"",
        })
        .chain(std::iter::repeat(""))
}
