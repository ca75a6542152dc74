//! `import`: text of any origin to a canonical guide, with a report of everything that was changed or left out.
//!
//! ```text
//! bytes ─decode→ lines ─front, foreign→ lines ─flow, block→ blocks ─guide→ outline ─write→ Markdown ─audit→ report
//! ```
//!
//! Every stage is pure. Lines keep the number of the source line that they came from, so that the last stage can
//! compare source and output and tell whatever another stage forgot to tell: no character vanishes untold.

mod asciidoc;
mod audit;
mod block;
mod canonical;
mod code;
mod confluence;
mod decode;
mod delimited;
mod entity;
mod escape;
mod flow;
mod foreign;
mod front;
mod guide;
mod html;
mod label;
mod language;
mod latex;
mod ledger;
mod line;
mod numerals;
mod org;
mod outline;
mod page_break;
mod paper;
mod question;
mod rst;
mod signal;
mod style;
mod suggest;
mod table;
mod write;

use std::collections::HashSet;

pub use decode::MAX_BYTES;
pub use ledger::{Dropped, Ledger, Notice, Repair};

use crate::model::guide::DocumentKind;
use crate::model::site::slug;
use crate::parse::{ParseOptions, parse_document};
use crate::schema::{self, GuideJson};
use crate::source::{Source, Sources, Span};

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It holds bytes that no text has.
    #[error("the file is not text; export it as text, Markdown or HTML first")]
    NotText,
    /// It is text in an encoding that cannot be told.
    #[error("the file is not UTF-8; convert it first, as in `iconv -f GB18030 -t UTF-8`")]
    NotUtf8,
    /// It is too large.
    #[error("the file has {bytes} bytes, more than the {MAX_BYTES} that can be imported; split it")]
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
    },
    /// Nothing in it looks like a question.
    #[error(
        "no question found; begin each one with `### `, `Q:` or a number, as in `### What is a mutex?`, and import again"
    )]
    NoQuestion,
}

/// What a guide holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sections, those without questions included.
    pub sections: usize,
    /// Questions, follow-ups aside.
    pub questions: usize,
    /// Parts of answers, those of follow-ups included.
    pub parts: usize,
    /// Blocks of code.
    pub code: usize,
    /// Tables.
    pub tables: usize,
    /// Follow-up questions.
    pub follow_ups: usize,
    /// Questions whose text the source had lost.
    pub lost_titles: usize,
}

/// An imported guide.
pub struct Imported {
    /// Its id, the name of the file to write without `.md`.
    pub id: String,
    /// Canonical Markdown.
    pub markdown: String,
    /// What it holds.
    pub counts: Counts,
    /// What was done to the source.
    pub ledger: Ledger,
    /// The guide as data.
    pub json: GuideJson,
}

/// Imports the bytes of a file. `path` is the source's path as it is to be named, `folder` where the guide will lie.
///
/// # Errors
/// If the bytes are no text or hold no question.
pub fn import(bytes: &[u8], path: &str, folder: &str) -> Result<Imported, Refusal> {
    let mut ledger = Ledger::default();
    let decoded = decode::decode(bytes, &mut ledger)?;
    let stem = stem(path);
    let canonical = canonical::is_canonical(&decoded.lines);
    let (markdown, id, places) = if canonical {
        let text: Vec<&str> = decoded.lines.iter().map(|line| line.text.as_str()).collect();
        let places = decoded.lines.iter().map(|line| line.no).collect();
        (text.join("\n"), stem, places)
    } else {
        convert(decoded, &stem, &mut ledger)
    };
    let id = if id.is_empty() { "guide".to_owned() } else { id };
    let file = format!("{}/{id}.md", folder.trim_end_matches('/'));
    let json = read(
        &markdown,
        &id,
        &file,
        path,
        &places,
        (!canonical).then_some(&mut ledger),
    );
    let counts = count(&json);
    if counts.questions == 0 {
        return Err(Refusal::NoQuestion);
    }
    notice_empty(&json, &mut ledger);
    ledger.sort();
    Ok(Imported {
        id,
        markdown,
        counts,
        ledger,
        json,
    })
}

/// The text of another dialect as canonical Markdown, the guide's id, and the source line of every line.
fn convert(decoded: decode::Decoded, stem: &str, ledger: &mut Ledger) -> (String, String, Vec<usize>) {
    let decode::Decoded { raw, lines } = decoded;
    let (front, lines) = front::take(lines, ledger);
    let lines = foreign::to_markdown(lines, ledger);
    let lines = paper::without_paper(flow::without_frame(lines, ledger), ledger);
    let profile = block::Profile::of(&lines);
    let blocks = block::blocks(&lines, &profile, ledger);
    let mut guide = guide::assemble(blocks, &profile, ledger);
    if guide.title.is_empty() {
        guide.title.extend(front.title.clone());
    }
    let title = if guide.title.is_empty() {
        let title = suggested_title(&guide, stem);
        ledger.notice(
            0,
            format!("the text has no title; `{title}` is only a suggestion"),
        );
        title
    } else {
        guide
            .title
            .iter()
            .map(|line| line.text.trim())
            .collect::<Vec<_>>()
            .join(" ")
    };
    notice_references(&lines, ledger);
    let written = write::write(&guide, &front, &title, ledger);
    audit::audit(&raw, &written, ledger);
    let places = written
        .lines
        .iter()
        .map(|line| line.iter().map(|(no, _)| *no).find(|no| *no > 0).unwrap_or(0))
        .collect();
    let mut id = write::tidy(&slug(&title));
    if id.is_empty() || id.chars().count() > 80 {
        id = stem.to_owned();
    }
    // The theme's own page has that address.
    if id == "questions" {
        id.push_str("-guide");
    }
    (written.text(), id, places)
}

/// A title from the sections' names, else from the file's.
fn suggested_title(guide: &outline::Guide, stem: &str) -> String {
    let titles: Vec<String> = guide
        .sections
        .iter()
        .map(|section| {
            section
                .title
                .iter()
                .map(|line| line.text.trim())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|title| !title.is_empty())
        .collect();
    if (1..=3).contains(&titles.len()) {
        return titles.join(", ");
    }
    let words = stem.replace(['-', '_'], " ");
    let words = words.trim();
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => "Untitled guide".to_owned(),
    }
}

/// The file's name without folder, extension and order number, as a slug.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    write::tidy(&slug(name))
}

/// The guide as data, read back from its Markdown, so that the counts are those of the site.
fn read(
    markdown: &str,
    id: &str,
    file: &str,
    path: &str,
    places: &[usize],
    ledger: Option<&mut Ledger>,
) -> GuideJson {
    let sources = Sources::new([(file.to_owned(), markdown.as_bytes().to_vec())]);
    let Some(source) = sources.by_path(file) else {
        return empty_json(id, file);
    };
    let options = ParseOptions {
        question_level: 3,
        parts: Vec::new(),
        kind: Some(DocumentKind::Guide),
    };
    let document = parse_document(source, &options).value;
    let starts: Vec<usize> = std::iter::once(0)
        .chain(markdown.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let line_at = |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
    let place = |span: Span| {
        let line = line_at(span.start as usize);
        // What the import made up stands nearest to the next line that has a place.
        let no = places[line.min(places.len())..]
            .iter()
            .copied()
            .find(|no| *no > 0)
            .unwrap_or(0);
        (path.to_owned(), no.max(1))
    };
    if let Some(ledger) = ledger {
        let anchors: HashSet<&str> = document.anchors.iter().map(|anchor| anchor.id.as_str()).collect();
        for link in &document.links {
            notice_link(&link.destination, &anchors, place(link.span).1, ledger);
        }
    }
    let mut sections = Vec::new();
    for section in &document.sections {
        let mut json = schema::section(section, source, &place);
        for (question, json) in section.questions.iter().zip(&mut json.questions) {
            json.text = heading_text(source, question.span);
            for (follow_up, json) in question.follow_ups.iter().zip(&mut json.follow_ups) {
                let text = heading_text(source, follow_up.span);
                json.text = text
                    .split_once(':')
                    .map_or(text.as_str(), |(_, rest)| rest.trim())
                    .to_owned();
            }
        }
        sections.push(json);
    }
    let title = document
        .title
        .as_ref()
        .map(|title| heading_text(source, title.span))
        .or(document.front.title.clone())
        .unwrap_or_default();
    GuideJson {
        id: id.to_owned(),
        title,
        file: file.to_owned(),
        intro: schema::slice(&document.intro, source),
        sections,
    }
}

/// Addresses beside the text that did not come along with it.
fn notice_link(address: &str, anchors: &HashSet<&str>, line: usize, ledger: &mut Ledger) {
    let schemed = address
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'));
    if schemed || address.starts_with("//") {
        return;
    }
    if let Some(anchor) = address.strip_prefix('#') {
        if !anchor.is_empty() && !anchors.contains(anchor) {
            ledger.notice(
                line,
                format!("this links to `{address}`, which is not in the text"),
            );
        }
    } else {
        ledger.notice(
            line,
            format!("this links to `{address}`; bring that file along, or take the link off"),
        );
    }
}

fn empty_json(id: &str, file: &str) -> GuideJson {
    GuideJson {
        id: id.to_owned(),
        title: String::new(),
        file: file.to_owned(),
        intro: String::new(),
        sections: Vec::new(),
    }
}

/// The text of a heading as the source has it: without marks, attributes and escapes, quotes left straight.
fn heading_text(source: &Source, span: Span) -> String {
    let text = source.text.get(span.range()).unwrap_or_default();
    let text = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_start_matches('#')
        .trim();
    let mut text = text;
    if text.ends_with('}')
        && let Some(open) = text.rfind('{')
        && !text[..open].ends_with('\\')
    {
        text = text[..open].trim_end();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            continue;
        }
        out.push(c);
    }
    out
}

fn count(json: &GuideJson) -> Counts {
    let mut counts = Counts {
        sections: json.sections.len(),
        ..Counts::default()
    };
    for section in &json.sections {
        counts.code += section.code.len();
        counts.tables += section.tables.len();
        counts.questions += section.questions.len();
        for question in &section.questions {
            counts.parts += question.parts.len();
            counts.code += question.code.len();
            counts.tables += question.tables.len();
            counts.lost_titles += usize::from(question.title_lost);
            counts.follow_ups += question.follow_ups.len();
            for follow_up in &question.follow_ups {
                counts.parts += follow_up.parts.len();
                counts.code += follow_up.code.len();
                counts.tables += follow_up.tables.len();
            }
        }
    }
    counts
}

/// Questions without an answer are for a person to answer.
fn notice_empty(json: &GuideJson, ledger: &mut Ledger) {
    let questions = json.sections.iter().flat_map(|section| &section.questions);
    let empty: Vec<&schema::QuestionJson> = questions.filter(|question| question.parts.is_empty()).collect();
    if let Some(first) = empty.first() {
        ledger.notice(
            first.line,
            match empty.len() {
                1 => format!("the question `{}` has no answer", first.text),
                count => format!(
                    "{count} questions have no answer, the first of them here: `{}`",
                    first.text
                ),
            },
        );
    }
}

/// Chapters that are not part of the text are named in it.
fn notice_references(lines: &[line::Line], ledger: &mut Ledger) {
    for line in lines {
        for (at, _) in line.text.match_indices(" chapter") {
            let before = &line.text[..at];
            let name = before.rsplit(" the ").next().unwrap_or_default();
            let named = before.contains(" the ")
                && name.len() < 60
                && name.starts_with(char::is_uppercase)
                && !name.contains('.');
            if named {
                ledger.notice(
                    line.no,
                    format!("this refers to the chapter `{name}`, which is not here"),
                );
                break;
            }
        }
    }
}
