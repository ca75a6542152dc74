//! What an import makes of a text: a guide with sections, questions and follow-ups.

use super::block::Block;
use super::line::Line;

/// A guide.
#[derive(Clone, Debug, Default)]
pub(super) struct Guide {
    /// The pieces of the title; empty where the source has none.
    pub(super) title: Vec<Line>,
    pub(super) intro: Vec<Piece>,
    pub(super) sections: Vec<Section>,
}

/// A section.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    /// The pieces of the title; empty for questions that stand in no section.
    pub(super) title: Vec<Line>,
    /// The source had lost the title.
    pub(super) lost: bool,
    pub(super) intro: Vec<Piece>,
    pub(super) questions: Vec<Question>,
}

/// A question or follow-up.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    /// 1-based source line.
    pub(super) no: usize,
    /// The pieces of the text; for a lost title the suggestion, with line number 0.
    pub(super) text: Vec<Line>,
    /// The source had lost the text.
    pub(super) lost: bool,
    pub(super) level: Option<&'static str>,
    pub(super) tags: Vec<String>,
    pub(super) body: Vec<Piece>,
    pub(super) follow_ups: Vec<Self>,
    /// Follow-ups from a list; they come last, since the answer goes on behind them.
    pub(super) chain: Vec<Self>,
    /// The label of the answer was met.
    pub(super) answered: bool,
    /// It stands in a list of questions without answers.
    pub(super) listed: bool,
}

/// A piece of an answer or introduction.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// A label with the text behind it in the same paragraph.
    Label { name: Line, rest: Vec<Line> },
    /// Anything else.
    Block(Block),
}
