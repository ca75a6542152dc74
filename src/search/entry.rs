//! What can be found: the book's questions, follow-ups and plain pages as entries.

use unicode_segmentation::UnicodeSegmentation as _;

use super::text::{EntryText, Field};
use crate::model::book::{Book, Guide, ProsePage, QuestionAt};
use crate::model::document::{Block, BlockKind, plain_text};
use crate::model::guide::{Question, QuestionLevel};
use crate::model::site::SitePath;
use crate::source::Sources;

/// A short answer is cut after these many characters.
const SHORT_CHARS: usize = 180;

/// Something to find.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// Its title as plain text.
    pub(crate) title: String,
    /// `A03`; empty for plain pages.
    pub(crate) number: String,
    /// The page it stands on.
    pub(crate) page: &'a SitePath,
    /// Its anchor on the page; empty for plain pages.
    pub(crate) fragment: &'a str,
    /// Index of its guide; `None` for plain pages.
    pub(crate) guide: Option<usize>,
    /// Its level.
    pub(crate) level: Option<QuestionLevel>,
    /// Its tags.
    pub(crate) tags: Vec<&'a str>,
    /// The short answer, cut.
    pub(crate) short: String,
    /// All its text.
    pub(crate) text: EntryText<'a>,
}

/// All entries: guides in reading order, then plain pages.
pub(crate) fn entries<'a>(book: &'a Book, sources: &'a Sources) -> Vec<Entry<'a>> {
    let questions = book.questions().flat_map(|at| {
        let parent = Place { book, sources, at };
        let follow_ups = at.question.follow_ups.iter();
        std::iter::once(parent.entry(at.question, false))
            .chain(follow_ups.map(move |follow_up| parent.entry(follow_up, true)))
    });
    let pages = book.pages.iter().map(|page| page_entry(book, sources, page));
    questions.chain(pages).collect()
}

#[derive(Clone, Copy)]
struct Place<'a> {
    book: &'a Book,
    sources: &'a Sources,
    at: QuestionAt<'a>,
}

impl<'a> Place<'a> {
    /// The entry of the question of this place, or of one of its follow-ups.
    fn entry(self, question: &'a Question, follow_up: bool) -> Entry<'a> {
        let Self { book, sources, at } = self;
        let document = &at.page.document;
        let section = &document.sections[at.key.section];
        let mut text = EntryText::new(book, sources, &document.footnotes);
        text.inlines(Field::Title, &question.title);
        text.words(Field::Context, &at.guide.title);
        text.inlines(Field::Context, &section.title);
        for tag in &question.tags {
            text.words(Field::Context, tag);
        }
        if let Some(level) = question.level {
            text.words(Field::Context, level.as_str());
        }
        if follow_up {
            text.inlines(Field::Short, &at.question.title);
        } else {
            // What introduces a section or page is found with the question right below it.
            if at.key.question == 0 {
                if at.key.section == 0 {
                    text.blocks(Field::Body, &document.intro);
                }
                text.blocks(Field::Body, &section.intro);
            }
        }
        text.start_body();
        let short_part = question.tldr().map(|part| &part.blocks);
        for part in &question.parts {
            let is_short = short_part.is_some_and(|short| std::ptr::eq(short, &raw const part.blocks));
            text.blocks(if is_short { Field::Short } else { Field::Body }, &part.blocks);
        }
        Entry {
            title: plain_text(&question.title),
            number: number(at.guide, at.number),
            page: &at.page.path,
            fragment: &question.id,
            guide: Some(at.key.guide),
            level: question.level,
            tags: question.tags.iter().map(String::as_str).collect(),
            short: short_answer(question),
            text,
        }
    }
}

fn page_entry<'a>(book: &'a Book, sources: &'a Sources, page: &'a ProsePage) -> Entry<'a> {
    let document = &page.document;
    let mut text = EntryText::new(book, sources, &document.footnotes);
    text.words(Field::Title, &page.title);
    for tag in &document.front.tags {
        text.words(Field::Context, tag);
    }
    let description = document.front.description.as_deref().unwrap_or_default();
    text.words(Field::Short, description);
    text.start_body();
    text.blocks(Field::Body, &document.intro);
    for section in &document.sections {
        text.inlines(Field::Context, &section.title);
        text.blocks(Field::Body, &section.intro);
    }
    let short = if description.is_empty() {
        first_sentence(&document.intro)
    } else {
        description.to_owned()
    };
    Entry {
        title: page.title.clone(),
        number: String::new(),
        page: &page.path,
        fragment: "",
        guide: None,
        level: document.front.level,
        tags: document.front.tags.iter().map(String::as_str).collect(),
        short: cut(&short),
        text,
    }
}

/// `A03`: the guide's letter and the question's number.
pub(crate) fn number(guide: &Guide, number: usize) -> String {
    format!("{}{number:02}", guide.letter)
}

fn short_answer(question: &Question) -> String {
    match question.tldr() {
        Some(part) => cut(&paragraph_text(&part.blocks)),
        None => cut(&question
            .parts
            .first()
            .map(|part| first_sentence(&part.blocks))
            .unwrap_or_default()),
    }
}

/// The text of the paragraphs at the start of some blocks.
fn paragraph_text(blocks: &[Block]) -> String {
    let texts = blocks.iter().map_while(|block| match &block.kind {
        BlockKind::Paragraph(content) => Some(plain_text(content)),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn first_sentence(blocks: &[Block]) -> String {
    let paragraph = blocks.iter().find_map(|block| match &block.kind {
        BlockKind::Paragraph(content) => Some(plain_text(content)),
        _ => None,
    });
    let text = paragraph.unwrap_or_default();
    text.unicode_sentences()
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Cuts a text at a word's end and collapses its white space.
fn cut(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((limit, _)) = text.char_indices().nth(SHORT_CHARS) else {
        return text;
    };
    let end = text[..limit].rfind(' ').unwrap_or(limit);
    format!(
        "{}\u{2026}",
        text[..end].trim_end_matches([',', ';', ':', '.', ' '])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_answers_end_at_a_word() {
        assert_eq!(cut("a  b\nc"), "a b c");
        let long = "word, ".repeat(60);
        let short = cut(&long);
        assert!(short.ends_with("word\u{2026}"), "{short}");
        assert!(short.chars().count() <= SHORT_CHARS + 1);
        assert_eq!(cut(&"x".repeat(200)).chars().count(), SHORT_CHARS + 1);
    }
}
