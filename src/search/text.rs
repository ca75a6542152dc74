//! Reads the text of an entry from the document tree: which words, in which field, and how they are scanned.

use super::token::{Mode, Token, is_stop_word, scan};
use crate::model::book::Book;
use crate::model::document::{Block, BlockKind, Footnote, Inline, InlineKind};
use crate::model::snippet::{Show, SnippetCrate, SnippetRef};
use crate::source::{FileId, Sources};

/// An entry's text is kept for excerpts up to this many bytes.
const BODY_BYTES: usize = 6000;
/// Of a reviewed output so many bytes are indexed.
const OUTPUT_BYTES: usize = 4000;

/// Where in an entry a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The question itself.
    Title,
    /// Tags, level, section, guide.
    Context,
    /// The short answer; for follow-ups also the question they follow.
    Short,
    /// Code.
    Code,
    /// All else.
    Body,
}

impl Field {
    /// How much one occurrence counts.
    pub(crate) const fn weight(self) -> f32 {
        match self {
            Self::Title => 5.0,
            Self::Context => 4.0,
            Self::Short => 2.0,
            Self::Code => 1.2,
            Self::Body => 1.0,
        }
    }
}

/// Collects the text of one entry.
#[derive(Clone, Debug)]
pub(crate) struct EntryText<'a> {
    book: &'a Book,
    sources: &'a Sources,
    footnotes: &'a [Footnote],
    pieces: Vec<(Field, Mode, String)>,
    body: String,
    in_body: bool,
    in_footnote: bool,
}

impl<'a> EntryText<'a> {
    /// A reader for an entry of a document with these footnotes.
    pub(crate) fn new(book: &'a Book, sources: &'a Sources, footnotes: &'a [Footnote]) -> Self {
        Self {
            book,
            sources,
            footnotes,
            pieces: Vec::new(),
            body: String::new(),
            in_body: false,
            in_footnote: false,
        }
    }

    /// What follows is kept for excerpts.
    pub(crate) const fn start_body(&mut self) {
        self.in_body = true;
    }

    /// The text for excerpts, white space collapsed.
    pub(crate) fn body(&self) -> String {
        let cut = &self.body[..self.body.floor_char_boundary(BODY_BYTES)];
        cut.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Calls `each` with every token that is indexed.
    pub(crate) fn tokens(&self, mut each: impl FnMut(Field, Token)) {
        for (field, mode, text) in &self.pieces {
            scan(text, *mode, &mut |token| {
                if *mode != Mode::Prose || !is_stop_word(&token.surface) {
                    each(*field, token);
                }
            });
        }
    }

    /// Adds plain words.
    pub(crate) fn words(&mut self, field: Field, text: &str) {
        self.piece(field, Mode::Prose, text);
    }

    fn piece(&mut self, field: Field, mode: Mode, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.pieces.push((field, mode, text.to_owned()));
    }

    fn excerpt(&mut self, text: &str) {
        if self.in_body && self.body.len() < BODY_BYTES {
            self.body.push_str(text);
        }
    }

    /// Adds inline elements.
    pub(crate) fn inlines(&mut self, field: Field, inlines: &'a [Inline]) {
        let mut prose = String::new();
        self.inline_content(field, inlines, &mut prose);
        self.piece(field, Mode::Prose, &prose);
        self.excerpt(" ");
    }

    fn inline_content(&mut self, field: Field, inlines: &'a [Inline], prose: &mut String) {
        for inline in inlines {
            match &inline.kind {
                InlineKind::Text(text) => {
                    prose.push_str(text);
                    self.excerpt(text);
                }
                InlineKind::Code(code) => {
                    self.piece(field, Mode::Prose, &std::mem::take(prose));
                    self.piece(field, Mode::Inline, code);
                    self.excerpt(code);
                }
                InlineKind::Emphasis(content)
                | InlineKind::Strong(content)
                | InlineKind::Strikethrough(content)
                | InlineKind::Link { content, .. }
                | InlineKind::Image { alt: content, .. } => self.inline_content(field, content, prose),
                InlineKind::SoftBreak | InlineKind::HardBreak => {
                    prose.push(' ');
                    self.excerpt(" ");
                }
                InlineKind::FootnoteReference(label) => self.footnote(label),
                InlineKind::Html(_) => {}
            }
        }
    }

    /// A footnote's text is found where it is referred to; one inside another is not followed.
    fn footnote(&mut self, label: &str) {
        let found = self.footnotes.iter().find(|footnote| footnote.label == label);
        if let Some(footnote) = found.filter(|_| !self.in_footnote) {
            let in_body = std::mem::replace(&mut self.in_body, false);
            self.in_footnote = true;
            self.blocks(Field::Body, &footnote.blocks);
            self.in_footnote = false;
            self.in_body = in_body;
        }
    }

    /// Adds blocks.
    pub(crate) fn blocks(&mut self, field: Field, blocks: &'a [Block]) {
        for block in blocks {
            match &block.kind {
                BlockKind::Paragraph(content) => self.inlines(field, content),
                BlockKind::Heading(heading) => {
                    self.inlines(if self.in_body { field } else { Field::Body }, &heading.content);
                }
                BlockKind::Code(code) => self.code(&code.text),
                BlockKind::List(list) => {
                    for item in &list.items {
                        self.blocks(field, &item.blocks);
                    }
                }
                BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => self.blocks(field, blocks),
                BlockKind::Table(table) => {
                    for cell in table.head.iter().chain(table.rows.iter().flatten()) {
                        self.inlines(field, cell);
                    }
                }
                BlockKind::Definitions(definitions) => {
                    for definition in definitions {
                        self.inlines(field, &definition.term);
                        for body in &definition.bodies {
                            self.blocks(field, body);
                        }
                    }
                }
                BlockKind::Html(html) => {
                    let text = html_text(html);
                    self.piece(field, Mode::Prose, &text);
                    self.excerpt(&text);
                }
                BlockKind::Snippet(snippet) => self.snippet(snippet),
                BlockKind::Rule => {}
            }
        }
    }

    fn code(&mut self, text: &str) {
        self.piece(Field::Code, Mode::Block, text);
        self.excerpt(" ");
        self.excerpt(text);
        self.excerpt(" ");
    }

    fn snippet(&mut self, snippet: &'a SnippetRef) {
        let Some(package) = self.book.snippets.get(&snippet.slug) else {
            return;
        };
        let title = snippet.title.as_deref().or(package.meta.title.as_deref());
        self.words(Field::Body, title.unwrap_or_default());
        for code in &package.meta.error_codes {
            self.words(Field::Context, code);
        }
        if snippet.show != Show::Output {
            let code = shown_code(package, snippet, self.sources);
            self.code(&code);
        }
        if snippet.show != Show::Code {
            let prefix = snippet.bin.as_ref().map(|bin| format!("expected.{bin}."));
            for (name, &file) in &package.expected {
                if prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix)) {
                    let text = &self.sources.get(file).text;
                    self.piece(
                        Field::Code,
                        Mode::Block,
                        &text[..text.floor_char_boundary(OUTPUT_BYTES)],
                    );
                }
            }
        }
    }
}

/// The code that a directive shows: the region or the whole of its file, without the marks of regions.
fn shown_code(package: &SnippetCrate, snippet: &SnippetRef, sources: &Sources) -> String {
    let bin = snippet.bin.as_ref().or(package.bins.first());
    let usual = [
        snippet.file.clone(),
        bin.map(|bin| format!("src/bin/{bin}.rs")),
        bin.map(|bin| format!("src/bin/{bin}/main.rs")),
        Some("src/main.rs".to_owned()),
        Some("src/lib.rs".to_owned()),
    ];
    let mut files: Vec<FileId> = usual
        .into_iter()
        .flatten()
        .filter_map(|name| package.files.get(&name).copied())
        .collect();
    if snippet.region.is_some() && snippet.file.is_none() {
        files.extend(package.files.values());
    }
    let texts = files.into_iter().map(|file| &sources.get(file).text);
    match &snippet.region {
        None => texts
            .into_iter()
            .next()
            .map(|text| without_marks(text))
            .unwrap_or_default(),
        Some(region) => texts
            .into_iter()
            .find_map(|text| region_of(text, region))
            .unwrap_or_default(),
    }
}

/// The name in a line `// ANCHOR: name`.
fn mark<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (_, name) = line.split_once(word)?;
    name.split_whitespace().next()
}

fn without_marks(text: &str) -> String {
    text.lines()
        .filter(|line| !line.contains("ANCHOR:") && !line.contains("ANCHOR_END:"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn region_of(text: &str, region: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| mark(line, "ANCHOR:") == Some(region))?;
    let inside: Vec<&str> = lines
        .take_while(|line| mark(line, "ANCHOR_END:") != Some(region))
        .collect();
    Some(without_marks(&inside.join("\n")))
}

/// The text of raw HTML: comments and tags become spaces.
fn html_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        text.push(' ');
        let close = if rest[at..].starts_with("<!--") {
            "-->"
        } else {
            ">"
        };
        rest = rest[at..].split_once(close).map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_taken_without_the_marks_inside() {
        let text =
            "a\n// ANCHOR: outer\nb\n// ANCHOR: inner\nc\n// ANCHOR_END: inner\nd\n// ANCHOR_END: outer\ne\n";
        assert_eq!(region_of(text, "outer").as_deref(), Some("b\nc\nd\n"));
        assert_eq!(region_of(text, "inner").as_deref(), Some("c\n"));
        assert_eq!(region_of(text, "none"), None);
        assert_eq!(without_marks(text), "a\nb\nc\nd\ne\n");
    }

    #[test]
    fn raw_html_gives_its_text_alone() {
        assert_eq!(html_text("<b>bold</b><!-- <i>no</i> --> end<br"), " bold   end ");
    }
}
