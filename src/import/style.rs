//! How a document marks its questions, told from all of it before it is taken apart.

use super::block::{Block, Item, Kind, Profile};
use super::label::{self, Family};
use super::line::{Marker, asks, is_title, number, without_emphasis};
use super::question::{marked, reads_like_one};

/// How a document marks its questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Lines such as `Q:`, `Question 3:`.
    pub(super) explicit: bool,
    /// The level of the headings that are questions.
    pub(super) heading: Option<u8>,
    /// `N. text` at the margin.
    pub(super) numbered: bool,
    /// `N. Title` at the margin is a section.
    pub(super) numbered_sections: bool,
    /// Lines in bold.
    pub(super) bold: bool,
    /// Lines that end in a question mark.
    pub(super) bare: bool,
    /// List items that end in a question mark.
    pub(super) bullets: bool,
    /// An answer without a question before it has lost its question.
    pub(super) lost: bool,
    /// The level of the title, where there is one.
    pub(super) title_level: Option<u8>,
    /// The first heading is the title, though sections have its level.
    pub(super) lone_title: bool,
    /// The level of the sections.
    pub(super) section_level: Option<u8>,
}

/// Reads a document's style.
pub(super) fn style(blocks: &[Block], profile: &Profile) -> Style {
    let mut style = Style::default();
    let explicit = blocks.iter().filter(|block| is_explicit(block)).count();
    let answers = count_labels(blocks, profile, Family::Answer);
    let difficulties = count_labels(blocks, profile, Family::Difficulty);
    headings(blocks, explicit, &mut style);
    style.explicit = explicit > 0;
    let items = numbered_items(blocks);
    let separated = items.iter().filter(|at| is_separated(blocks, **at)).count();
    let titles = items
        .iter()
        .filter(|at| is_bare_title(blocks, **at) && !reads_like_one(head(&blocks[**at])))
        .count();
    let openers = answers.max(difficulties).max(explicit);
    style.numbered_sections = !profile.headings && titles > 0 && openers >= 2 && openers * 2 >= titles * 3;
    let bold = texts(blocks).filter(|text| is_bold_question(text)).count();
    style.bold = explicit == 0 && style.heading.is_none() && bold > 0 && bold >= separated;
    if explicit < 2 && style.heading.is_none() && !style.numbered_sections && !style.bold {
        let reading = items
            .iter()
            .filter(|at| reads_like_one(head(&blocks[**at])))
            .count();
        style.numbered =
            separated > 0 && (separated * 2 >= items.len() || reading * 2 >= items.len()) || reading >= 2;
    }
    let orphans = orphans(blocks, profile, &style);
    let known = explicit > 0 || style.heading.is_some() || style.numbered || style.bold;
    style.lost = orphans > 0 && (!known || orphans >= 3 || answers > 0 && orphans * 5 < answers * 4);
    let others = known || orphans > 0;
    if !others || explicit > 0 && answers == 0 && explicit < 2 {
        let bare = texts(blocks).filter(|text| asks(text)).count();
        style.bold |= bold >= 1;
        style.bare = !style.bold && bare >= 1 && !others;
        let bullets = blocks
            .iter()
            .filter(|block| matches!(&block.kind, Kind::Item(item) if is_item_question(&item.head[0].text)))
            .count();
        let all = blocks
            .iter()
            .filter(|block| matches!(block.kind, Kind::Item(_)))
            .count();
        style.bullets = bullets * 2 > all && bullets >= 2 && !style.bold && !others && bullets >= bare;
        style.bare &= !style.bullets;
    }
    style
}

/// The first line of a list item.
fn head(block: &Block) -> &str {
    match &block.kind {
        Kind::Item(item) => &item.head[0].text,
        _ => "",
    }
}

/// The only lines of the paragraphs that have one.
fn texts(blocks: &[Block]) -> impl Iterator<Item = &str> {
    blocks.iter().filter_map(|block| match &block.kind {
        Kind::Text(lines) => lines.first().map(|line| line.text.as_str()),
        _ => None,
    })
}

/// Whether a line is bold from end to end and asks, or is a numbered bold line.
pub(super) fn is_bold_question(text: &str) -> bool {
    let text = text.trim();
    let inner = without_emphasis(text);
    let whole = inner.len() < text.len();
    whole && asks(inner)
        || whole && text.starts_with("**") && number(inner).is_some()
        || is_item_question(text) && text.starts_with("**") && !asks(text)
        || text
            .strip_prefix("**")
            .and_then(|rest| rest.split_once("**"))
            .is_some_and(|(inner, rest)| {
                number(inner).is_some()
                    && !rest.is_empty()
                    && !rest.contains(|c: char| c.is_alphanumeric() || c == ':')
            })
}

/// Whether the text of a list item is a question, or begins with one in bold.
pub(super) fn is_item_question(text: &str) -> bool {
    let bold = text.strip_prefix("**").and_then(|rest| rest.split_once("**"));
    asks(text) || bold.is_some_and(|(inner, _)| asks(inner))
}

fn is_explicit(block: &Block) -> bool {
    match &block.kind {
        Kind::Text(lines) => marked(&lines[0].text).is_some(),
        Kind::Heading { text, .. } => marked(&text.text).is_some(),
        Kind::Item(item) => marked(&item.head[0].text).is_some(),
        _ => false,
    }
}

fn count_labels(blocks: &[Block], profile: &Profile, family: Family) -> usize {
    blocks
        .iter()
        .filter(|block| match &block.kind {
            Kind::Text(lines) => {
                label::label(&lines[0].text, profile.loose).is_some_and(|label| label.family == family)
            }
            _ => false,
        })
        .count()
}

/// Levels of headings: title, sections, questions.
fn headings(blocks: &[Block], explicit: usize, style: &mut Style) {
    let headings: Vec<(u8, &str)> = blocks
        .iter()
        .filter_map(|block| match &block.kind {
            Kind::Heading { level, text } => Some((*level, text.text.as_str())),
            _ => None,
        })
        .collect();
    let Some(&(first, _)) = headings.first() else {
        return;
    };
    let higher = headings[1..].iter().all(|(level, _)| *level > first);
    let names_itself = marked(headings[0].1).is_some() || asks(headings[0].1);
    if higher && !names_itself {
        style.title_level = Some(first);
    }
    // A first heading with nothing below it but another of its level is the title, not an empty section.
    let mut starts = blocks.iter().map(|block| match &block.kind {
        Kind::Heading { level, .. } => Some(*level),
        _ => None,
    });
    let lone = first == 1 && starts.next() == Some(Some(1)) && starts.next() == Some(Some(1));
    style.lone_title = lone && style.title_level.is_none() && !names_itself;
    let below = |level: u8| style.title_level.is_none_or(|title| level > title);
    style.section_level = headings
        .iter()
        .map(|(level, _)| *level)
        .filter(|level| below(*level))
        .min();
    // Counted with their marks, headings that say that they are questions need no level of their own.
    let marked_headings = headings.iter().filter(|(_, text)| marked(text).is_some()).count();
    if marked_headings * 2 > explicit && marked_headings > 0 {
        style.heading = headings
            .iter()
            .find(|(_, text)| marked(text).is_some())
            .map(|(level, _)| *level);
        return;
    }
    if explicit >= 2 {
        return;
    }
    let mut best: Option<(usize, u8)> = None;
    for level in 1..=6_u8 {
        let at: Vec<&str> = headings
            .iter()
            .filter(|(found, text)| *found == level && below(level) && !is_label_heading(text))
            .map(|(_, text)| *text)
            .collect();
        let deeper = headings
            .iter()
            .filter(|(found, text)| *found > level && reads_like_one(bare(text)) && !is_label_heading(text))
            .count();
        let like = at
            .iter()
            .filter(|text| reads_like_one(bare(text)) || number(text).is_some() && deeper == 0)
            .count();
        if like > 0 && like * 2 >= at.len() && best.is_none_or(|(most, _)| like >= most) {
            best = Some((like, level));
        }
    }
    style.heading = best.map(|(_, level)| level);
    if style.heading.is_none() && style.section_level.is_some() {
        // Two levels of headings with prose below the deeper one: the deeper ones are what is asked about.
        let deepest = headings
            .iter()
            .filter(|(_, text)| !is_label_heading(text))
            .map(|(level, _)| *level)
            .max();
        let numbered = numbered_items(blocks)
            .iter()
            .filter(|at| is_separated(blocks, **at))
            .count();
        let labelled = blocks.iter().any(|block| match &block.kind {
            Kind::Text(lines) => {
                label::label(&lines[0].text, false).is_some_and(|label| label.family == Family::Answer)
            }
            _ => false,
        });
        let bold = texts(blocks).any(is_bold_question);
        let asked = texts(blocks).any(asks);
        if numbered == 0
            && !bold
            && (labelled || !asked)
            && deepest.is_some_and(|level| below(level) && Some(level) > style.section_level)
        {
            style.heading = deepest;
        }
    }
    if style.section_level == style.heading {
        style.section_level = None;
    }
}

fn bare(text: &str) -> &str {
    let text = without_emphasis(text);
    number(text).map_or(text, |(_, rest)| rest)
}

/// Whether a heading is the label of a part.
pub(super) fn is_label_heading(text: &str) -> bool {
    let text = without_emphasis(text);
    let name = text.split([':', '：']).next().unwrap_or(text);
    // A heading of one letter, or `What`, is hardly a label.
    label::family(name).is_some() && (name.chars().count() > 1)
}

/// The positions of the numbered items at the margin.
fn numbered_items(blocks: &[Block]) -> Vec<usize> {
    (0..blocks.len())
        .filter(|&at| {
            matches!(&blocks[at].kind, Kind::Item(Item { indent: 0, marker: Marker::Number(_), sign, .. }) if !sign.is_empty())
        })
        .collect()
}

/// Whether something stands between an item and the next one.
pub(super) fn is_separated(blocks: &[Block], at: usize) -> bool {
    let body = matches!(&blocks[at].kind, Kind::Item(item) if !item.body.is_empty());
    // The last item of a list is followed by something else too.
    let listed =
        at > 0 && is_number(&blocks[at - 1]) && !blocks[at].gap && !reads_like_one(head(&blocks[at]));
    if listed && !body {
        return false;
    }
    body || blocks
        .get(at + 1)
        .is_some_and(|next| !matches!(next.kind, Kind::Heading { .. } | Kind::Rule(_)) && !is_number(next))
}

pub(super) fn is_number(block: &Block) -> bool {
    matches!(
        &block.kind,
        Kind::Item(Item {
            marker: Marker::Number(_),
            ..
        })
    )
}

/// Whether a numbered item stands alone between blank lines and reads like a title.
pub(super) fn is_bare_title(blocks: &[Block], at: usize) -> bool {
    let Kind::Item(item) = &blocks[at].kind else {
        return false;
    };
    let apart = (at == 0 || blocks[at].gap) && blocks.get(at + 1).is_none_or(|next| next.gap);
    apart
        && item.body.is_empty()
        && item.head.len() == 1
        && is_title(&item.head[0].text)
        && !item.sign.is_empty()
}

/// How many answers follow an answer instead of a question.
fn orphans(blocks: &[Block], profile: &Profile, style: &Style) -> usize {
    let mut orphans = 0;
    let mut fresh = false;
    for (at, block) in blocks.iter().enumerate() {
        match &block.kind {
            Kind::Heading { level, text } => {
                fresh |= style.heading == Some(*level)
                    || marked(&text.text).is_some()
                    || style.heading.is_none() && asks(&text.text);
            }
            Kind::Item(item) if item.marker != Marker::Bullet => {
                fresh |= style.numbered || marked(&item.head[0].text).is_some() || asks(&item.head[0].text);
            }
            Kind::Item(item) => fresh |= marked(&item.head[0].text).is_some(),
            Kind::Text(lines) => {
                if marked(&lines[0].text).is_some() {
                    fresh = true;
                    continue;
                }
                let found = label::label(&lines[0].text, profile.loose);
                match found.map(|label| label.family) {
                    Some(Family::FollowUp | Family::Chain) => fresh = true,
                    Some(Family::Answer) => {
                        let asked = at > 0
                            && matches!(&blocks[at - 1].kind, Kind::Text(lines) if lines.len() == 1 && asks(&lines[0].text));
                        orphans += usize::from(!fresh && !asked);
                        fresh = false;
                    }
                    Some(Family::Difficulty) => {
                        let opens = !fresh
                            && blocks.get(at + 1).is_some_and(|next| {
                                let question = matches!(next.kind, Kind::Heading { .. })
                                    || is_explicit(next)
                                    || style.numbered && is_number(next);
                                !question
                            });
                        orphans += usize::from(opens && !profile.headings);
                        // The answer that follows belongs to what this opens.
                        fresh = true;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    orphans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::block::blocks;
    use crate::import::ledger::Ledger;

    fn told(text: &str) -> Style {
        let lines = crate::import::line::numbered(text);
        let profile = Profile::of(&lines);
        style(&blocks(&lines, &profile, &mut Ledger::default()), &profile)
    }

    #[test]
    fn levels_of_headings() {
        let style = told("# T\n\n## 1. A\n\n### 1. Why?\n\nSo.\n\n### 2. How?\n\nSo.\n");
        assert_eq!(
            (style.title_level, style.section_level, style.heading),
            (Some(1), Some(2), Some(3))
        );
        let style = told("# T\n\n## Why?\n\nSo.\n\n### Details\n\nMore.\n\n## How?\n\nSo.\n");
        assert_eq!((style.section_level, style.heading), (None, Some(2)));
        let style = told("## A\n\n### 1. Topic\n\n**Q: Why?**\n\nA: So.\n\n**Q: How?**\n\nA: So.\n");
        assert_eq!((style.explicit, style.heading), (true, None));
    }

    #[test]
    fn marks_of_questions() {
        assert!(told("1. Why?\n\nSo.\n\n2. How?\n\nSo.\n").numbered);
        assert!(told("**1. Why?**\n\n1. a\n2. b\n\n**2. How?**\n\nSo.\n").bold);
        assert!(told("Why?\n\nSo.\n\nHow?\n\nSo.\n").bare);
        assert!(told("- Why?\n- How?\n").bullets);
        let lost =
            told("1. Boats\n\nText.\nAnswer: One.\nAnswer: Two.\n\n2. Races\n\nText.\nAnswer: Three.\n");
        assert!(lost.lost && lost.numbered_sections && !lost.numbered);
    }
}
