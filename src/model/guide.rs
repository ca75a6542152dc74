//! A content file as parsed: front matter, sections, questions, answer parts.

use super::document::{Block, Footnote, Inline};
use super::snippet::SnippetRef;
use crate::source::{FileId, Span};

/// One content file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// Its path from the site's root.
    pub path: String,
    /// What the front matter says.
    pub front: FrontMatter,
    /// Whether it holds questions.
    pub kind: DocumentKind,
    /// The `#` title, where there is one.
    pub title: Option<Title>,
    /// What stands before the first section or question; the whole text of a plain page.
    pub intro: Vec<Block>,
    /// The sections; a guide without `##` headings has one with an empty title.
    pub sections: Vec<Section>,
    /// The footnotes, in order of definition.
    pub footnotes: Vec<Footnote>,
    /// Every anchor of the page: questions, follow-ups, headings, ids in raw HTML.
    pub anchors: Vec<Anchor>,
    /// Every link and image, raw HTML's included, in order of place.
    pub links: Vec<LinkUse>,
}

/// The `#` heading of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Title {
    /// Its text.
    pub content: Vec<Inline>,
    /// Its place.
    pub span: Span,
}

/// What a content file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Sections and questions.
    Guide,
    /// Plain prose.
    Page,
}

/// A front-matter value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place, or the nearest that is known.
    pub span: Span,
}

/// Front matter, validated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrontMatter {
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `weight`: lighter comes first; pages without one come last.
    pub weight: Option<i64>,
    /// `slug`: replaces the last segment of the URL.
    pub slug: Option<Spanned<String>>,
    /// `aliases`: old addresses from the site's root, as redirects.
    pub aliases: Vec<Spanned<String>>,
    /// `draft`: left out unless asked for.
    pub draft: bool,
    /// `date`, `YYYY-MM-DD` with an optional RFC 3339 time.
    pub date: Option<String>,
    /// `updated`, like `date`.
    pub updated: Option<String>,
    /// `authors`
    pub authors: Vec<String>,
    /// `tags`: added to those of every question.
    pub tags: Vec<String>,
    /// `level`: of questions that name none.
    pub level: Option<QuestionLevel>,
    /// `roles`: whom the guide is for.
    pub roles: Vec<String>,
    /// `kind`
    pub kind: Option<DocumentKind>,
}

/// A `##` section.
#[derive(Clone, Debug)]
pub struct Section {
    /// The heading's text; empty for questions before the first `##`.
    pub title: Vec<Inline>,
    /// The anchor; empty where the title is.
    pub id: String,
    /// Whether the author wrote the id.
    pub explicit_id: bool,
    /// The heading, or the first question's where there is none.
    pub span: Span,
    /// What stands before the first question.
    pub intro: Vec<Block>,
    /// The questions.
    pub questions: Vec<Question>,
}

/// A question with its answer; a follow-up is one too.
#[derive(Clone, Debug)]
pub struct Question {
    /// The heading's text.
    pub title: Vec<Inline>,
    /// The anchor, unique in its page.
    pub id: String,
    /// Whether the author wrote the id; only then is it unique in the site.
    pub explicit_id: bool,
    /// `level=`, or the front matter's.
    pub level: Option<QuestionLevel>,
    /// `tags=`, then the front matter's, without doubles.
    pub tags: Vec<String>,
    /// `minutes=`: reading or answering time.
    pub minutes: Option<u32>,
    /// The heading line.
    pub span: Span,
    /// The heading and its answer, follow-ups included; byte range for the Markdown of the question.
    pub body_span: Span,
    /// The answer, in the order written.
    pub parts: Vec<AnswerPart>,
    /// The follow-up questions; a follow-up has none.
    pub follow_ups: Vec<Question>,
}

/// How senior a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuestionLevel {
    /// First years.
    Junior,
    /// Works alone.
    Intermediate,
    /// Leads the work of a team.
    Senior,
    /// Leads across teams.
    Staff,
}

impl QuestionLevel {
    /// All levels, in order.
    pub const ALL: [Self; 4] = [Self::Junior, Self::Intermediate, Self::Senior, Self::Staff];

    /// The word as authors write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junior => "junior",
            Self::Intermediate => "intermediate",
            Self::Senior => "senior",
            Self::Staff => "staff",
        }
    }

    /// The level of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// A labelled part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerPart {
    /// The label as written, without the colon; `Answer` for text before the first label.
    pub label: String,
    /// What themes make of it.
    pub role: Role,
    /// The content, the label taken off.
    pub blocks: Vec<Block>,
    /// The label and its content.
    pub span: Span,
}

/// What a part is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Text without a label.
    Answer,
    /// The short answer.
    Tldr,
    /// STAR: situation.
    Situation,
    /// STAR: task.
    Task,
    /// STAR: action.
    Action,
    /// STAR: result.
    Result,
    /// What weak candidates say.
    Weak,
    /// What strong candidates say.
    Strong,
    /// A story from work.
    WarStory,
    /// Common mistakes, pitfalls.
    Mistakes,
    /// Links to related questions.
    Related,
    /// An example.
    Example,
    /// Any other known or configured role, by its name.
    Other(String),
}

impl Role {
    /// The stable name in JSON and class names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Answer => "answer",
            Self::Tldr => "tldr",
            Self::Situation => "situation",
            Self::Task => "task",
            Self::Action => "action",
            Self::Result => "result",
            Self::Weak => "weak",
            Self::Strong => "strong",
            Self::WarStory => "war-story",
            Self::Mistakes => "mistakes",
            Self::Related => "related",
            Self::Example => "example",
            Self::Other(name) => name,
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        [
            Self::Answer,
            Self::Tldr,
            Self::Situation,
            Self::Task,
            Self::Action,
            Self::Result,
            Self::Weak,
            Self::Strong,
            Self::WarStory,
            Self::Mistakes,
            Self::Related,
            Self::Example,
        ]
        .into_iter()
        .find(|role| role.as_str() == name)
        .unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

/// An anchor of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The id.
    pub id: String,
    /// Where it is given.
    pub span: Span,
    /// What gives it.
    pub kind: AnchorKind,
}

/// What gives an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorKind {
    /// A question or follow-up whose id the author wrote: unique in the site.
    ExplicitQuestion,
    /// A heading of any kind with an id that the author wrote.
    ExplicitHeading,
    /// A heading with an id from its text.
    Heading,
    /// An `id=` (or `name=` of an `a`) in raw HTML.
    Html,
}

/// A use of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkUse {
    /// The destination as written, entities decoded.
    pub destination: String,
    /// The whole link, as in [`Inline::span`]; the attribute's value for raw HTML. The key of
    /// [`super::book::Book::links`].
    pub span: Span,
    /// The place of the destination alone, where it is known.
    pub destination_span: Span,
    /// What uses it.
    pub kind: LinkKind,
    /// Whether an image has alternative text.
    pub has_alt: bool,
}

/// What uses an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A Markdown link.
    Link,
    /// A Markdown image.
    Image,
    /// `href` in raw HTML.
    HtmlLink,
    /// `src` in raw HTML.
    HtmlImage,
}

impl Document {
    /// The anchor of the `#` title; empty where there is no title.
    #[must_use]
    pub fn title_id(&self) -> &str {
        let Some(title) = &self.title else { return "" };
        self.anchors
            .iter()
            .find(|anchor| anchor.span == title.span && anchor.kind != AnchorKind::Html)
            .map_or("", |anchor| anchor.id.as_str())
    }

    /// All questions in reading order, follow-ups after their question.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections
            .iter()
            .flat_map(|section| &section.questions)
            .flat_map(|question| std::iter::once(question).chain(&question.follow_ups))
    }

    /// Every snippet directive of the page, in reading order.
    #[must_use]
    pub fn snippets(&self) -> Vec<&SnippetRef> {
        let mut found = Vec::new();
        collect_snippets(&self.intro, &mut found);
        for section in &self.sections {
            collect_snippets(&section.intro, &mut found);
            for question in &section.questions {
                collect_question_snippets(question, &mut found);
            }
        }
        for footnote in &self.footnotes {
            collect_snippets(&footnote.blocks, &mut found);
        }
        found
    }
}

impl Question {
    /// The snippet directives of the answer, follow-ups left out.
    #[must_use]
    pub fn snippets(&self) -> Vec<&SnippetRef> {
        let mut found = Vec::new();
        for part in &self.parts {
            collect_snippets(&part.blocks, &mut found);
        }
        found
    }

    /// The part that holds the short answer, if the author wrote one.
    #[must_use]
    pub fn tldr(&self) -> Option<&AnswerPart> {
        self.parts.iter().find(|part| part.role == Role::Tldr)
    }
}

fn collect_question_snippets<'a>(question: &'a Question, into: &mut Vec<&'a SnippetRef>) {
    for part in &question.parts {
        collect_snippets(&part.blocks, into);
    }
    for follow_up in &question.follow_ups {
        for part in &follow_up.parts {
            collect_snippets(&part.blocks, into);
        }
    }
}

/// Appends the snippet directives of some blocks, at any depth.
pub fn collect_snippets<'a>(blocks: &'a [Block], into: &mut Vec<&'a SnippetRef>) {
    use super::document::BlockKind;
    for block in blocks {
        match &block.kind {
            BlockKind::Snippet(snippet) => into.push(snippet),
            BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => {
                collect_snippets(blocks, into);
            }
            BlockKind::List(list) => {
                for item in &list.items {
                    collect_snippets(&item.blocks, into);
                }
            }
            BlockKind::Definitions(definitions) => {
                for body in definitions.iter().flat_map(|definition| &definition.bodies) {
                    collect_snippets(body, into);
                }
            }
            BlockKind::Paragraph(_)
            | BlockKind::Heading(_)
            | BlockKind::Code(_)
            | BlockKind::Table(_)
            | BlockKind::Rule
            | BlockKind::Html(_) => {}
        }
    }
}
