//! Markdown text to a tree with byte spans, by way of pulldown-cmark's events.
//!
//! The builder keeps a stack of open elements; nothing recurses on input depth, and what is nested deeper than
//! [`MAX_DEPTH`] is flattened, so that later stages may recurse.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{
    BlockQuoteKind, BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag,
};

use super::{destination, directive, html};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::document::{
    AdmonitionKind, Alignment, Block, BlockKind, CodeBlock, Definition, Footnote, Heading, Inline,
    InlineKind, List, ListItem, Table,
};
use crate::model::guide::{LinkKind, LinkUse};
use crate::source::{FileId, Span};

/// How deep elements may nest.
const MAX_DEPTH: usize = 100;

/// Attributes of a heading as written: key and value.
pub(super) type Attributes = Vec<(String, Option<String>)>;

/// The tree of a whole text, with what was met on the way.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) blocks: Vec<Block>,
    pub(super) footnotes: Vec<Footnote>,
    /// Links and images in order of place.
    pub(super) links: Vec<LinkUse>,
    /// Ids given by raw HTML.
    pub(super) html_ids: Vec<(String, Span)>,
    /// Attributes of headings, by the heading's span.
    pub(super) attributes: HashMap<Span, Attributes>,
}

/// Parses the text from a byte offset on.
pub(super) fn parse(text: &str, from: usize, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Parsed {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    let mut builder = Builder {
        text,
        file,
        diagnostics,
        parsed: Parsed::default(),
        open: vec![Frame::new(Kind::Root, from..text.len())],
        definitions: HashMap::new(),
        skipped: 0,
        told_depth: false,
    };
    let mut broken: Vec<(Range<usize>, LinkType, String)> = Vec::new();
    let note_broken = |link: BrokenLink<'_>| {
        broken.push((link.span, link.link_type, owned(&link.reference)));
        None
    };
    let parser = Parser::new_with_broken_link_callback(&text[from..], options, Some(note_broken));
    for (label, definition) in parser.reference_definitions().iter() {
        let range = definition.span.start + from..definition.span.end + from;
        builder.definitions.insert(label.to_lowercase(), range);
    }
    for (event, range) in parser.into_offset_iter() {
        builder.event(event, range.start + from..range.end + from);
    }
    builder.tell_undefined(
        broken
            .into_iter()
            .map(|(range, kind, label)| (range.start + from..range.end + from, kind, label)),
    );
    builder.finish()
}

/// An open element.
struct Frame<'a> {
    kind: Kind<'a>,
    range: Range<usize>,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    /// For lists: the items; for tables: the rows, the header first.
    items: Vec<ListItem>,
    rows: Vec<Vec<Vec<Inline>>>,
    definitions: Vec<Definition>,
    text: String,
    /// For raw HTML: the text with its places.
    markup: html::Pieces,
}

impl<'a> Frame<'a> {
    fn new(kind: Kind<'a>, range: Range<usize>) -> Self {
        Self {
            kind,
            range,
            blocks: Vec::new(),
            inlines: Vec::new(),
            items: Vec::new(),
            rows: Vec::new(),
            definitions: Vec::new(),
            text: String::new(),
            markup: html::Pieces::default(),
        }
    }
}

enum Kind<'a> {
    Root,
    Tag(Tag<'a>),
    /// An item whose task marker was met.
    Item(Option<bool>),
}

struct Builder<'a, 'd> {
    text: &'a str,
    file: FileId,
    diagnostics: &'d mut Vec<Diagnostic>,
    parsed: Parsed,
    open: Vec<Frame<'a>>,
    /// The places of link reference definitions, by their labels in lower case.
    definitions: HashMap<String, Range<usize>>,
    /// Elements too deep to be kept that are still open.
    skipped: usize,
    told_depth: bool,
}

fn owned(text: &str) -> String {
    // CommonMark 0.31 §2.3: U+0000 is replaced.
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text.to_owned()
    }
}

impl<'a> Builder<'a, '_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range)
    }

    fn top(&mut self) -> &mut Frame<'a> {
        // The root is pushed at the start and popped at the end alone.
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    fn event(&mut self, event: Event<'a>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(_) => self.end(),
            Event::Text(text) => {
                self.tell_no_footnote(range.clone());
                self.push_text(&text, range);
            }
            Event::Code(code) => self.push_inline(InlineKind::Code(owned(&code)), range),
            Event::InlineMath(math) | Event::DisplayMath(math) => {
                self.push_inline(InlineKind::Code(owned(&math)), range);
            }
            Event::Html(markup) => {
                let text = self.text;
                let frame = self.top();
                frame.markup.push(&markup, text, range);
                frame.text.push_str(&owned(&markup));
            }
            Event::InlineHtml(markup) => {
                if !self.in_image() {
                    let mut pieces = html::Pieces::default();
                    pieces.push(&markup, self.text, range.clone());
                    html::scan(&pieces, self.file, &mut self.parsed);
                }
                self.push_inline(InlineKind::Html(owned(&markup)), range);
            }
            Event::FootnoteReference(label) => {
                self.push_inline(InlineKind::FootnoteReference(owned(&label)), range);
            }
            Event::SoftBreak => self.push_inline(InlineKind::SoftBreak, range),
            Event::HardBreak => self.push_inline(InlineKind::HardBreak, range),
            Event::Rule => self.push_block(BlockKind::Rule, range),
            Event::TaskListMarker(done) => {
                if let Kind::Item(task) = &mut self.top().kind {
                    *task = Some(done);
                } else if let Some(frame) = self
                    .open
                    .iter_mut()
                    .rev()
                    .find(|frame| matches!(frame.kind, Kind::Item(_)))
                {
                    frame.kind = Kind::Item(Some(done));
                }
            }
        }
    }

    fn start(&mut self, tag: Tag<'a>, range: Range<usize>) {
        if self.open.len() > MAX_DEPTH || self.skipped > 0 {
            self.skipped += 1;
            if !self.told_depth {
                self.told_depth = true;
                let line = self.text[range.start..]
                    .find('\n')
                    .map_or(range.end, |at| range.start + at);
                let span = self.span(range.start..line.max(range.start));
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::CONTENT_TOO_DEEP,
                        format!("this is nested more than {MAX_DEPTH} levels deep"),
                    )
                    .at(span)
                    .help("take the quotations, lists or emphasis apart"),
                );
            }
            return;
        }
        let kind = match tag {
            Tag::Item => Kind::Item(None),
            tag => Kind::Tag(tag),
        };
        self.open.push(Frame::new(kind, range));
    }

    /// Whether an image's alternative text is open: it is plain text in the end, links and markup in it lead nowhere.
    fn in_image(&self) -> bool {
        self.open
            .iter()
            .any(|frame| matches!(frame.kind, Kind::Tag(Tag::Image { .. })))
    }

    /// Notes the use of an address by a link or image that ends here.
    fn note_link(&mut self, tag: &Tag<'_>, content: &[Inline], range: &Range<usize>) {
        let (link_type, destination, label, kind) = match tag {
            Tag::Link {
                link_type,
                dest_url,
                id,
                ..
            } => (*link_type, dest_url, id, LinkKind::Link),
            Tag::Image {
                link_type,
                dest_url,
                id,
                ..
            } => (*link_type, dest_url, id, LinkKind::Image),
            _ => return,
        };
        if self.in_image() {
            return;
        }
        let text = self.text;
        let place = match link_type {
            LinkType::Inline => {
                let from = content.last().map_or(range.start, |last| last.span.end as usize);
                destination::inline(text, from..range.end)
            }
            LinkType::Autolink | LinkType::Email => Some(range.start + 1..range.end - 1),
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut => self
                .definitions
                .get(&label.to_lowercase())
                .and_then(|definition| destination::definition(text, definition.clone())),
            _ => None,
        };
        let place = place.filter(|place| !place.is_empty()).unwrap_or(range.clone());
        let destination = if link_type == LinkType::Email {
            format!("mailto:{destination}")
        } else {
            owned(destination)
        };
        self.parsed.links.push(LinkUse {
            destination,
            span: self.span(range.clone()),
            destination_span: self.span(place),
            kind,
            has_alt: true,
        });
    }

    /// Reports references that nothing defines, where they can hardly be meant as plain text: `[text][label]` and
    /// `[label][]` with a word as label and no word right before them (`a[i][j]` is no link), and `[^note]`.
    fn tell_undefined(&mut self, broken: impl Iterator<Item = (Range<usize>, LinkType, String)>) {
        for (range, kind, label) in broken {
            let follows_word = self.text[..range.start]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, ']' | ')' | '_' | '\\'));
            let word = label.chars().filter(|c| c.is_alphabetic()).count() > 1;
            if matches!(kind, LinkType::Reference | LinkType::Collapsed) && word && !follows_word {
                let labels: Vec<String> = self.definitions.keys().cloned().collect();
                let span = self.span(range);
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::LINK_MISSING_FILE,
                        format!("no definition says where `[{label}]` leads"),
                    )
                    .at(span)
                    .label("shown as plain text")
                    .help(format!("add a line `[{label}]: address`"))
                    .suggest(&label, labels.iter().map(String::as_str)),
                );
            }
        }
    }

    /// Reports a reference to a footnote that nothing defines: the parser makes plain text of it.
    fn tell_no_footnote(&mut self, range: Range<usize>) {
        let text = self.text;
        let code = matches!(
            self.top().kind,
            Kind::Tag(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_))
        );
        if code || !text[range.start..].starts_with("[^") || text[..range.start].ends_with('\\') {
            return;
        }
        let label: String = text[range.start + 2..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .collect();
        let end = range.start + 2 + label.len();
        if label.is_empty() || !text[end..].starts_with(']') {
            return;
        }
        let span = self.span(range.start..end + 1);
        self.diagnostics.push(
            Diagnostic::new(
                codes::LINK_MISSING_ANCHOR,
                format!("there is no footnote `{label}`"),
            )
            .at(span)
            .label("shown as plain text")
            .help(format!("add a line `[^{label}]: note`")),
        );
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        if self.open.len() < 2 {
            return;
        }
        let Some(mut frame) = self.open.pop() else { return };
        let range = frame.range.clone();
        if let Kind::Tag(tag) = &frame.kind {
            self.note_link(tag, &frame.inlines, &range);
        }
        if matches!(
            frame.kind,
            Kind::Item(_)
                | Kind::Tag(Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::DefinitionListDefinition)
        ) {
            self.flush(&mut frame);
        }
        match frame.kind {
            Kind::Root => {}
            Kind::Item(task) => {
                self.top().items.push(ListItem {
                    task,
                    blocks: frame.blocks,
                });
            }
            Kind::Tag(Tag::Paragraph) => {
                let blocks = self.paragraph(frame.inlines, range);
                self.push_blocks(blocks);
            }
            Kind::Tag(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            }) => {
                self.heading(level, id, &classes, attrs, frame.inlines, range);
            }
            Kind::Tag(Tag::BlockQuote(kind)) => {
                let blocks = frame.blocks;
                self.push_block(
                    match kind {
                        Some(kind) => BlockKind::Admonition {
                            kind: admonition(kind),
                            blocks,
                        },
                        None => BlockKind::Quote(blocks),
                    },
                    range,
                );
            }
            Kind::Tag(Tag::CodeBlock(kind)) => {
                let (info, fenced) = match kind {
                    CodeBlockKind::Fenced(info) => (owned(&info), true),
                    CodeBlockKind::Indented => (String::new(), false),
                };
                let code = CodeBlock {
                    info,
                    text: frame.text,
                    fenced,
                };
                self.push_block(BlockKind::Code(code), range);
            }
            Kind::Tag(Tag::HtmlBlock) => {
                html::scan(&frame.markup, self.file, &mut self.parsed);
                self.push_block(BlockKind::Html(frame.text), range);
            }
            Kind::Tag(Tag::List(start)) => {
                let tight = is_tight(&frame.items, self.text, &range);
                let list = List {
                    start,
                    tight,
                    items: frame.items,
                };
                self.push_block(BlockKind::List(list), range);
            }
            Kind::Tag(Tag::FootnoteDefinition(label)) => {
                let span = self.span(range);
                self.parsed.footnotes.push(Footnote {
                    label: owned(&label),
                    blocks: frame.blocks,
                    span,
                });
            }
            Kind::Tag(Tag::DefinitionList) => {
                self.push_block(BlockKind::Definitions(frame.definitions), range);
            }
            Kind::Tag(Tag::DefinitionListTitle) => {
                self.top().definitions.push(Definition {
                    term: frame.inlines,
                    bodies: Vec::new(),
                });
            }
            Kind::Tag(Tag::DefinitionListDefinition) => {
                if let Some(definition) = self.top().definitions.last_mut() {
                    definition.bodies.push(frame.blocks);
                }
            }
            Kind::Tag(Tag::Table(alignments)) => {
                let mut rows = frame.rows.into_iter();
                let table = Table {
                    alignments: alignments.into_iter().map(alignment).collect(),
                    head: rows.next().unwrap_or_default(),
                    rows: rows.collect(),
                };
                self.push_block(BlockKind::Table(table), range);
            }
            Kind::Tag(Tag::TableHead | Tag::TableRow) => {
                let cells = frame.rows.into_iter().flatten().collect();
                self.top().rows.push(cells);
            }
            Kind::Tag(Tag::TableCell) => self.top().rows.push(vec![frame.inlines]),
            Kind::Tag(Tag::MetadataBlock(_)) => {}
            Kind::Tag(tag) => self.end_inline(tag, frame.inlines, range),
        }
    }

    fn end_inline(&mut self, tag: Tag<'a>, content: Vec<Inline>, range: Range<usize>) {
        let kind = match tag {
            Tag::Emphasis => InlineKind::Emphasis(content),
            Tag::Strong => InlineKind::Strong(content),
            Tag::Strikethrough => InlineKind::Strikethrough(content),
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            } => InlineKind::Link {
                destination: if link_type == LinkType::Email {
                    format!("mailto:{dest_url}")
                } else {
                    owned(&dest_url)
                },
                title: owned(&title),
                content,
            },
            Tag::Image { dest_url, title, .. } => {
                self.check_alt(&content, &range);
                InlineKind::Image {
                    destination: owned(&dest_url),
                    title: owned(&title),
                    alt: content,
                }
            }
            // Superscript and subscript are not enabled.
            _ => InlineKind::Emphasis(content),
        };
        self.push_inline(kind, range);
    }

    fn check_alt(&mut self, alt: &[Inline], range: &Range<usize>) {
        let span = self.span(range.clone());
        if crate::model::document::plain_text(alt).trim().is_empty() {
            if let Some(link) = self.parsed.links.iter_mut().rev().find(|link| link.span == span) {
                link.has_alt = false;
            }
            self.diagnostics.push(
                Diagnostic::new(codes::CONTENT_MISSING_ALT, "this image has no alternative text")
                    .at(span)
                    .help("say between the brackets what it shows: `![what it shows](…)`"),
            );
        }
    }

    fn heading(
        &mut self,
        level: HeadingLevel,
        id: Option<CowStr<'a>>,
        classes: &[CowStr<'a>],
        attributes: Vec<(CowStr<'a>, Option<CowStr<'a>>)>,
        content: Vec<Inline>,
        range: Range<usize>,
    ) {
        let trimmed = self.text[range.clone()].trim_end().len();
        let range = range.start..range.start + trimmed;
        let span = self.span(range.clone());
        if !attributes.is_empty() {
            let attributes = attributes
                .into_iter()
                .map(|(key, value)| (owned(&key), value.map(|value| owned(&value))))
                .collect();
            self.parsed.attributes.insert(span, attributes);
        }
        let heading = Heading {
            level: level as u8,
            explicit_id: id.is_some(),
            id: id.map(|id| owned(&id)).unwrap_or_default(),
            classes: classes.iter().map(|class| owned(class)).collect(),
            content,
            span,
        };
        self.push_block(BlockKind::Heading(heading), range);
    }

    fn push_text(&mut self, text: &str, range: Range<usize>) {
        let span = self.span(range);
        let frame = self.top();
        if matches!(frame.kind, Kind::Tag(Tag::CodeBlock(_) | Tag::HtmlBlock)) {
            frame.text.push_str(&owned(text));
            return;
        }
        if let Some(Inline {
            kind: InlineKind::Text(last),
            span: place,
        }) = frame.inlines.last_mut()
            && place.end == span.start
        {
            last.push_str(&owned(text));
            place.end = span.end;
            return;
        }
        frame.inlines.push(Inline {
            kind: InlineKind::Text(owned(text)),
            span,
        });
    }

    fn push_inline(&mut self, kind: InlineKind, range: Range<usize>) {
        let span = self.span(range);
        self.top().inlines.push(Inline { kind, span });
    }

    fn push_block(&mut self, kind: BlockKind, range: Range<usize>) {
        let end = range.start + self.text[range.clone()].trim_end().len();
        let span = self.span(range.start..end);
        self.push_blocks(vec![Block { kind, span }]);
    }

    fn push_blocks(&mut self, blocks: Vec<Block>) {
        let last = self.open.len() - 1;
        let inlines = std::mem::take(&mut self.open[last].inlines);
        let before = self.loose(inlines);
        let frame = self.top();
        frame.blocks.extend(before);
        frame.blocks.extend(blocks);
    }

    /// Text of a tight list item stands in no paragraph; this makes it one.
    fn loose(&mut self, inlines: Vec<Inline>) -> Vec<Block> {
        match (inlines.first(), inlines.last()) {
            (Some(first), Some(last)) => {
                let range = first.span.start as usize..last.span.end as usize;
                self.paragraph(inlines, range)
            }
            _ => Vec::new(),
        }
    }

    fn flush(&mut self, frame: &mut Frame<'a>) {
        let inlines = std::mem::take(&mut frame.inlines);
        let blocks = self.loose(inlines);
        frame.blocks.extend(blocks);
    }

    /// A paragraph, taken apart where lines of it are snippet directives.
    fn paragraph(&mut self, inlines: Vec<Inline>, range: Range<usize>) -> Vec<Block> {
        let end = range.start + self.text[range.clone()].trim_end().len();
        let range = range.start..end;
        if !self.text[range.clone()].contains(directive::OPEN) {
            return vec![Block {
                kind: BlockKind::Paragraph(inlines),
                span: self.span(range),
            }];
        }
        let mut blocks = Vec::new();
        let mut kept: Vec<Inline> = Vec::new();
        for line in lines(inlines) {
            let place = line_range(&line);
            let is_directive = place.as_ref().is_some_and(|place| {
                let escaped = self.text[..place.start].ends_with('\\');
                !escaped && directive::is_directive(&self.text[place.clone()])
            });
            match place {
                Some(place) if is_directive => {
                    push_paragraph(&mut blocks, &mut kept);
                    let span = self.span(place);
                    if let Some(snippet) = directive::parse(self.text, span, self.diagnostics) {
                        blocks.push(Block {
                            kind: BlockKind::Snippet(Box::new(snippet)),
                            span,
                        });
                    }
                }
                _ => kept.extend(line),
            }
        }
        push_paragraph(&mut blocks, &mut kept);
        blocks
    }

    fn finish(mut self) -> Parsed {
        // Markdown has no unclosed elements: pulldown-cmark ends all that it starts.
        let Some(mut root) = self.open.pop() else {
            return self.parsed;
        };
        self.open.push(Frame::new(Kind::Root, root.range.clone()));
        self.flush(&mut root);
        self.parsed.blocks = root.blocks;
        self.parsed.links.sort_by_key(|link| link.span);
        self.parsed
    }
}

/// Inline elements split after each line break; the break ends its line.
fn lines(inlines: Vec<Inline>) -> Vec<Vec<Inline>> {
    let mut lines = vec![Vec::new()];
    for inline in inlines {
        let breaks = matches!(inline.kind, InlineKind::SoftBreak | InlineKind::HardBreak);
        if let Some(line) = lines.last_mut() {
            line.push(inline);
        }
        if breaks {
            lines.push(Vec::new());
        }
    }
    lines
}

/// The source range of a line without its break.
fn line_range(line: &[Inline]) -> Option<Range<usize>> {
    let mut shown = line
        .iter()
        .filter(|inline| !matches!(inline.kind, InlineKind::SoftBreak | InlineKind::HardBreak));
    let first = shown.next()?;
    let last = shown.next_back().unwrap_or(first);
    Some(first.span.start as usize..last.span.end as usize)
}

fn push_paragraph(blocks: &mut Vec<Block>, kept: &mut Vec<Inline>) {
    while matches!(
        kept.last().map(|inline| &inline.kind),
        Some(InlineKind::SoftBreak | InlineKind::HardBreak)
    ) {
        kept.pop();
    }
    if let (Some(first), Some(last)) = (kept.first(), kept.last()) {
        let span = Span {
            end: last.span.end,
            ..first.span
        };
        blocks.push(Block {
            kind: BlockKind::Paragraph(std::mem::take(kept)),
            span,
        });
    }
    kept.clear();
}

/// CommonMark 0.31 §5.3: a list is loose if an item or two blocks of one are parted by an empty line.
fn is_tight(items: &[ListItem], text: &str, range: &Range<usize>) -> bool {
    let blocks = items.iter().flat_map(|item| &item.blocks).peekable();
    let mut end = range.start as u32;
    for block in blocks {
        let gap = text
            .get(end as usize..block.span.start as usize)
            .unwrap_or_default();
        if end > range.start as u32 && gap.matches('\n').count() > 1 {
            return false;
        }
        end = block.span.end;
    }
    true
}

const fn admonition(kind: BlockQuoteKind) -> AdmonitionKind {
    match kind {
        BlockQuoteKind::Note => AdmonitionKind::Note,
        BlockQuoteKind::Tip => AdmonitionKind::Tip,
        BlockQuoteKind::Important => AdmonitionKind::Important,
        BlockQuoteKind::Warning => AdmonitionKind::Warning,
        BlockQuoteKind::Caution => AdmonitionKind::Caution,
    }
}

const fn alignment(alignment: pulldown_cmark::Alignment) -> Alignment {
    match alignment {
        pulldown_cmark::Alignment::None => Alignment::None,
        pulldown_cmark::Alignment::Left => Alignment::Left,
        pulldown_cmark::Alignment::Center => Alignment::Center,
        pulldown_cmark::Alignment::Right => Alignment::Right,
    }
}
