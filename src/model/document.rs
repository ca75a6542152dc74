//! Markdown as a tree with spans.
//!
//! The tree feeds HTML, search text, the Markdown beside each page and the link rules; nothing
//! later goes back to Markdown strings.

use super::snippet::SnippetRef;
use crate::source::Span;

/// A block with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// The whole block in its file's expanded text.
    pub span: Span,
}

/// The kinds of blocks.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockKind {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A heading that is neither a section nor a question.
    Heading(Heading),
    /// A code block, fenced or indented.
    Code(CodeBlock),
    /// A list.
    List(List),
    /// A block quotation.
    Quote(Vec<Block>),
    /// `> [!NOTE]` and its kin.
    Admonition {
        /// Which one.
        kind: AdmonitionKind,
        /// Its content.
        blocks: Vec<Block>,
    },
    /// A table.
    Table(Table),
    /// A definition list: terms with their definitions.
    Definitions(Vec<Definition>),
    /// A thematic break.
    Rule,
    /// Raw HTML, as written; made safe (or not) when rendered.
    Html(String),
    /// A `{{#snippet}}` directive.
    Snippet(Box<SnippetRef>),
}

/// A heading with its anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// The anchor, unique in its page.
    pub id: String,
    /// Whether the author wrote the id.
    pub explicit_id: bool,
    /// Classes from heading attributes.
    pub classes: Vec<String>,
    /// The text.
    pub content: Vec<Inline>,
    /// The heading line.
    pub span: Span,
}

/// A code block.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeBlock {
    /// The info string, `rust,ignore`; empty for indented code.
    pub info: String,
    /// The code, with a final newline.
    pub text: String,
    /// Whether it was fenced.
    pub fenced: bool,
}

impl CodeBlock {
    /// The language: the info string up to the first comma, space or brace.
    #[must_use]
    pub fn language(&self) -> &str {
        self.info
            .trim()
            .split([',', ' ', '\t', '{'])
            .next()
            .unwrap_or_default()
    }
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The first number of an ordered list.
    pub start: Option<u64>,
    /// Whether its items are shown without paragraphs.
    pub tight: bool,
    /// The items.
    pub items: Vec<ListItem>,
}

/// A list item.
#[derive(Clone, Debug, PartialEq)]
pub struct ListItem {
    /// For task list items: whether it is done.
    pub task: Option<bool>,
    /// The content.
    pub blocks: Vec<Block>,
}

/// The five kinds of admonitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmonitionKind {
    /// `[!NOTE]`
    Note,
    /// `[!TIP]`
    Tip,
    /// `[!IMPORTANT]`
    Important,
    /// `[!WARNING]`
    Warning,
    /// `[!CAUTION]`
    Caution,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// One per column.
    pub alignments: Vec<Alignment>,
    /// The header row.
    pub head: Vec<Vec<Inline>>,
    /// The other rows.
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// As the text runs.
    None,
    /// `:--`
    Left,
    /// `:-:`
    Center,
    /// `--:`
    Right,
}

/// A term with its definitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The term.
    pub term: Vec<Inline>,
    /// What it means; one entry a definition.
    pub bodies: Vec<Vec<Block>>,
}

/// A footnote's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Footnote {
    /// The label between `[^` and `]`.
    pub label: String,
    /// The content.
    pub blocks: Vec<Block>,
    /// The definition's place.
    pub span: Span,
}

/// An inline element with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    /// What it is.
    pub kind: InlineKind,
    /// Its place. Links are looked up in [`super::book::Book::links`] by it.
    pub span: Span,
}

/// The kinds of inline elements.
#[derive(Clone, Debug, PartialEq)]
pub enum InlineKind {
    /// Text, entities decoded, smart punctuation applied.
    Text(String),
    /// Inline code.
    Code(String),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Strong emphasis.
    Strong(Vec<Inline>),
    /// Struck text.
    Strikethrough(Vec<Inline>),
    /// A link.
    Link {
        /// The destination as written, entities decoded.
        destination: String,
        /// The title; may be empty.
        title: String,
        /// The text.
        content: Vec<Inline>,
    },
    /// An image.
    Image {
        /// The destination as written.
        destination: String,
        /// The title; may be empty.
        title: String,
        /// The alternative text.
        alt: Vec<Inline>,
    },
    /// `[^label]`
    FootnoteReference(String),
    /// A line break in the source.
    SoftBreak,
    /// A line break on the page.
    HardBreak,
    /// Raw HTML, as written.
    Html(String),
}

/// Appends the plain text of inline elements: code without its marks, images as their alternative
/// text, breaks as spaces, raw HTML and footnote marks left out.
pub fn push_text(inlines: &[Inline], into: &mut String) {
    for inline in inlines {
        match &inline.kind {
            InlineKind::Text(text) | InlineKind::Code(text) => into.push_str(text),
            InlineKind::Emphasis(content)
            | InlineKind::Strong(content)
            | InlineKind::Strikethrough(content)
            | InlineKind::Link { content, .. }
            | InlineKind::Image { alt: content, .. } => push_text(content, into),
            InlineKind::SoftBreak | InlineKind::HardBreak => into.push(' '),
            InlineKind::Html(_) | InlineKind::FootnoteReference(_) => {}
        }
    }
}

/// The plain text of inline elements, see [`push_text`].
#[must_use]
pub fn plain_text(inlines: &[Inline]) -> String {
    let mut text = String::new();
    push_text(inlines, &mut text);
    text
}
