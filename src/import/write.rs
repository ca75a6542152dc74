//! A guide to canonical Markdown, every piece of which knows its source line.

use std::collections::HashSet;

use super::block::{Block, Item, Kind};
use super::escape;
use super::front::Front;
use super::ledger::Ledger;
use super::line::{Line, Marker, closes, dedent, ends_sentence, fence, indent, marker};
use super::outline::{Guide, Piece, Question, Section};
use super::suggest;
use crate::model::site::slug;
use crate::schema::TITLE_LOST;

/// Markdown, line by line; each line is made of pieces with the source line that they came from, 0 for none.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) lines: Vec<Vec<(usize, String)>>,
}

impl Written {
    /// The text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            for (_, piece) in line {
                out.push_str(piece);
            }
            out.push('\n');
        }
        out
    }

    fn push(&mut self, no: usize, text: impl Into<String>) {
        self.lines.push(vec![(no, text.into())]);
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }
}

/// Writes a guide.
pub(super) fn write(guide: &Guide, front: &Front, title: &str, ledger: &mut Ledger) -> Written {
    let mut writer = Writer {
        out: Written::default(),
        ledger,
        ids: HashSet::new(),
        last: Last::Other,
        loose: false,
        heading: 1,
    };
    let quoted = title.replace('\\', "\\\\").replace('"', "\\\"");
    let (mark, sign) = if front.mark == "+++" {
        ("+++", " =")
    } else {
        ("---", ":")
    };
    let no = front.title.as_ref().map_or(0, |line| line.no);
    writer.out.push(0, mark);
    writer.out.push(no, format!("title{sign} \"{quoted}\""));
    let kind = if mark == "+++" { "\"guide\"" } else { "guide" };
    writer.out.push(0, format!("kind{sign} {kind}"));
    for line in &front.lines {
        writer.out.push(line.no, line.text.clone());
    }
    writer.out.push(0, mark);
    writer.out.blank();
    if guide.title.is_empty() {
        writer.out.push(0, format!("# {}", escape::heading(title)));
    } else {
        writer.heading("# ", &guide.title, "");
    }
    writer.body(&guide.intro, false);
    for (index, section) in guide.sections.iter().enumerate() {
        writer.section(section, index + 1);
    }
    while writer.out.lines.last().is_some_and(Vec::is_empty) {
        writer.out.lines.pop();
    }
    writer.out
}

/// What was written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Bullet,
    /// A numbered item, with the sign behind the number.
    Number(u64, char),
    Other,
}

struct Writer<'a> {
    out: Written,
    ledger: &'a mut Ledger,
    ids: HashSet<String>,
    last: Last,
    /// The last item holds several paragraphs.
    loose: bool,
    /// The level of the last heading.
    heading: u8,
}

impl Writer<'_> {
    fn heading(&mut self, marks: &str, text: &[Line], attributes: &str) {
        self.out.blank();
        self.last = Last::Other;
        self.heading = marks
            .trim_end()
            .trim_start_matches(|c| c != '#')
            .matches('#')
            .count() as u8;
        // The marks stand for those that the source line had.
        let first = text.first().map_or(0, |line| line.no);
        let mut pieces = vec![(first, marks.to_owned())];
        for (index, line) in text.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            pieces.push((line.no, format!("{space}{}", line.text.trim())));
        }
        // Escapes need the whole text: a span of code may go over two lines.
        if let [(_, _), (_, only)] = pieces.as_mut_slice() {
            *only = escape::heading(only);
        } else {
            for (_, piece) in pieces.iter_mut().skip(1) {
                *piece = format!(
                    "{}{}",
                    if piece.starts_with(' ') { " " } else { "" },
                    escape::inline(piece.trim())
                );
            }
        }
        if !attributes.is_empty() {
            pieces.push((0, format!(" {{{attributes}}}")));
        }
        self.out.lines.push(pieces);
        self.out.blank();
    }

    fn section(&mut self, section: &Section, ordinal: usize) {
        if !section.title.is_empty() {
            let attributes = if section.lost {
                format!("#{} .{TITLE_LOST}", self.unique(&format!("section-{ordinal:02}")))
            } else {
                String::new()
            };
            self.heading("## ", &section.title, &attributes);
        }
        self.body(&section.intro, false);
        let name = slug(
            &section
                .title
                .iter()
                .map(|line| line.text.trim())
                .collect::<Vec<_>>()
                .join(" "),
        );
        let name = tidy(&name);
        for (index, question) in section.questions.iter().enumerate() {
            self.question(question, &name, index + 1);
        }
    }

    fn question(&mut self, question: &Question, section: &str, ordinal: usize) {
        let mut attributes = Vec::new();
        let mut tags = question.tags.clone();
        let mut text = question.text.clone();
        if question.lost {
            let name = if section.is_empty() { "question" } else { section };
            let id = self.unique(&format!("{name}-{ordinal:02}"));
            attributes.push(format!("#{id}"));
            tags.push(TITLE_LOST.to_owned());
            let title = suggest::question(question);
            self.ledger.notice(
                question.no,
                format!("the question of this answer is lost; `{title}` is only a suggestion, kept under the id `{id}`"),
            );
            text = vec![Line::new(0, title)];
        }
        if let Some(level) = question.level {
            attributes.push(format!("level={level}"));
        }
        tags.retain(|tag| !tag.is_empty());
        if !tags.is_empty() {
            attributes.push(format!("tags={}", tags.join(",")));
        }
        self.heading("### ", &text, &attributes.join(" "));
        self.body(&question.body, true);
        for follow_up in question.follow_ups.iter().chain(&question.chain) {
            self.heading("#### Follow-up: ", &follow_up.text, "");
            self.heading = 4;
            self.body(&follow_up.body, true);
        }
    }

    fn unique(&mut self, id: &str) -> String {
        // Ids that begin with `pb-` belong to themes.
        let id = &if id.starts_with("pb-") {
            format!("s-{id}")
        } else {
            id.to_owned()
        };
        let mut unique = id.to_owned();
        let mut count = 2;
        while !self.ids.insert(unique.clone()) {
            unique = format!("{id}-{count}");
            count += 1;
        }
        unique
    }

    fn body(&mut self, pieces: &[Piece], answer: bool) {
        self.last = Last::Other;
        self.out.blank();
        for piece in pieces {
            match piece {
                Piece::Label { name, rest } => self.label(name, rest),
                Piece::Block(block) => self.block(block, answer),
            }
        }
        self.out.blank();
    }

    fn label(&mut self, name: &Line, rest: &[Line]) {
        self.out.blank();
        self.last = Last::Other;
        let bare = name.text.replace("**", "");
        let mut first = vec![(name.no, format!("**{}:**", escape::inline(bare.trim())))];
        if let Some(line) = rest.first() {
            first.push((line.no, format!(" {}", escape::inline(line.text.trim()))));
        }
        self.out.lines.push(first);
        for line in rest.iter().skip(1) {
            self.out.push(line.no, escape::line(&line.text));
        }
        self.out.blank();
    }

    fn block(&mut self, block: &Block, answer: bool) {
        if !matches!(block.kind, Kind::Item(_)) {
            self.out.blank();
            self.last = Last::Other;
        }
        match &block.kind {
            Kind::Text(lines) => {
                for line in lines {
                    self.out.push(line.no, escape::line(&line.text));
                }
            }
            Kind::Item(item) => {
                self.item(item);
                return;
            }
            Kind::Code {
                info,
                lines,
                open,
                close,
            } => self.code(info, lines, *open, *close),
            Kind::Table { rows, delimiter } => {
                let columns = rows.first().map_or(1, |row| row.cells.len());
                for (index, row) in rows.iter().enumerate() {
                    let mut cells: Vec<String> = row.cells.iter().map(|cell| escape::cell(cell)).collect();
                    cells.resize(columns.max(cells.len()), String::new());
                    self.out.push(row.no, format!("| {} |", cells.join(" | ")));
                    if index == 0 {
                        let dashes = if delimiter.text.is_empty() {
                            format!("|{}", "---|".repeat(columns))
                        } else {
                            delimiter.text.trim().to_owned()
                        };
                        self.out.push(delimiter.no, dashes);
                    }
                }
            }
            Kind::Quote(lines) => {
                for line in lines {
                    self.out.push(line.no, line.text.trim());
                }
            }
            Kind::Html(lines) => {
                for line in lines {
                    self.out.push(line.no, line.text.trim_end());
                }
            }
            Kind::Rule(_) => {}
            Kind::Heading { level, text } => {
                if answer {
                    let level = (*level).clamp(4, (self.heading + 1).clamp(4, 6));
                    self.heading(
                        &format!("{} ", "#".repeat(usize::from(level))),
                        std::slice::from_ref(text),
                        "",
                    );
                } else {
                    self.out
                        .push(text.no, format!("**{}**", escape::inline(&text.text)));
                }
            }
        }
        self.out.blank();
    }

    fn code(&mut self, info: &str, lines: &[Line], open: usize, close: usize) {
        let longest = lines
            .iter()
            .filter_map(|line| fence(&line.text))
            .filter(|(mark, ..)| *mark == '`')
            .map(|(_, length, _)| length)
            .max()
            .unwrap_or(0);
        let mark = "`".repeat(3.max(longest + 1));
        self.out.push(open, format!("{mark}{info}"));
        for line in lines {
            if line.text.is_empty() {
                // An empty line of code is not the blank line between blocks.
                self.out.push(line.no, "");
            } else {
                self.out.push(line.no, escape::code(&line.text));
            }
        }
        self.out.push(close, mark);
    }

    fn item(&mut self, item: &Item) {
        let (sign, next) = match (item.marker, self.last) {
            (Marker::Bullet, _) => ("-".to_owned(), Last::Bullet),
            (Marker::Number(value), Last::Number(before, mark)) => {
                // A list that begins anew right behind another one needs another sign.
                let mark = if value == before + 1 {
                    mark
                } else if mark == '.' {
                    ')'
                } else {
                    '.'
                };
                (format!("{value}{mark}"), Last::Number(value, mark))
            }
            (Marker::Number(value), _) => (format!("{value}."), Last::Number(value, '.')),
        };
        let joins = matches!(
            (self.last, next),
            (Last::Bullet, Last::Bullet) | (Last::Number(..), Last::Number(..))
        );
        if !joins || self.loose {
            self.out.blank();
        }
        self.loose = item.body.iter().any(Line::is_blank);
        self.last = next;
        let width = sign.len() + 1;
        for (index, line) in item.head.iter().enumerate() {
            if index == 0 {
                let text = escape::line(&line.text);
                let text = if line.text.starts_with("[ ] ") || line.text.starts_with("[x] ") {
                    line.text.clone()
                } else {
                    text
                };
                self.out
                    .push(line.no, format!("{sign} {text}").trim_end().to_owned());
            } else {
                self.out.push(
                    line.no,
                    format!("{}{}", " ".repeat(width), escape::line(&line.text)),
                );
            }
        }
        self.item_body(item, width);
    }

    fn item_body(&mut self, item: &Item, width: usize) {
        // Columns in the source and in the output of what is open.
        let mut open: Vec<(usize, usize)> = vec![(item.indent, width)];
        let mut before = (
            item.indent + width,
            item.head.last().map_or("", |line| line.text.as_str()),
        );
        let mut fenced: Option<(char, usize, usize, usize)> = None;
        let mut pending = false;
        for line in &item.body {
            if let Some((mark, length, from, to)) = fenced {
                let text = dedent(&line.text, from);
                self.out.push(
                    line.no,
                    if text.trim().is_empty() {
                        String::new()
                    } else {
                        format!("{}{text}", " ".repeat(to))
                    },
                );
                if closes(&line.text, mark, length) {
                    fenced = None;
                    before = (from, ".");
                }
                continue;
            }
            if line.is_blank() {
                pending = true;
                continue;
            }
            let column = indent(&line.text);
            let text = line.text.trim();
            while open.len() > 1 && open.last().is_some_and(|(source, _)| *source >= column) {
                open.pop();
            }
            let content = open.last().map_or(width, |(_, content)| *content);
            if let Some((mark, length, _)) = fence(text) {
                fenced = Some((mark, length, column, content));
                self.out.push(line.no, format!("{}{text}", " ".repeat(content)));
            } else if let Some((kind, rest)) = marker(text) {
                let sign = match kind {
                    Marker::Bullet => "-".to_owned(),
                    Marker::Number(value) => format!("{value}."),
                };
                let text = if rest.starts_with("[ ] ") || rest.starts_with("[x] ") {
                    rest.to_owned()
                } else {
                    escape::line(rest)
                };
                self.out.push(
                    line.no,
                    format!("{}{sign} {text}", " ".repeat(content))
                        .trim_end()
                        .to_owned(),
                );
                open.push((column, content + sign.len() + 1));
                before = (column + sign.len() + 1, rest);
            } else {
                let goes_on = !pending
                    && column >= before.0.min(open.last().map_or(0, |(source, _)| source + 1))
                    && !ends_sentence(before.1)
                    && column + 1 >= before.0;
                if !goes_on {
                    self.out.blank();
                }
                let raw = super::line::is_pipe_row(text) || text.starts_with('>');
                let escaped = if raw { text.to_owned() } else { escape::line(text) };
                self.out
                    .push(line.no, format!("{}{escaped}", " ".repeat(content)));
                before = (column, text);
            }
            pending = false;
        }
    }
}

/// A slug without doubled or outer hyphens.
pub(super) fn tidy(slug: &str) -> String {
    let mut out = String::with_capacity(slug.len());
    for c in slug.chars() {
        if c != '-' || !(out.is_empty() || out.ends_with('-')) {
            out.push(c);
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(no: usize, text: &str) -> Line {
        Line::new(no, text)
    }

    fn check(body: Vec<Piece>, expected: &str) {
        let guide = Guide {
            title: vec![line(1, "T")],
            sections: vec![Section {
                questions: vec![Question {
                    no: 2,
                    text: vec![line(2, "Why")],
                    body,
                    ..Question::default()
                }],
                ..Section::default()
            }],
            ..Guide::default()
        };
        let written = write(&guide, &Front::default(), "T", &mut Ledger::default()).text();
        let answer = written.split("### Why\n\n").nth(1).unwrap();
        assert_eq!(answer, expected);
    }

    fn item(marker: Marker, head: &str, body: &[&str]) -> Piece {
        Piece::Block(Block {
            kind: Kind::Item(Item {
                indent: 2,
                marker,
                sign: String::new(),
                head: vec![line(3, head)],
                body: body.iter().map(|text| line(4, text)).collect(),
            }),
            gap: false,
        })
    }

    #[test]
    fn lists_nest_below_their_text() {
        check(
            vec![
                item(
                    Marker::Number(9),
                    "nine",
                    &["    • deep", "      • deeper", "    again: so", "", "    text"],
                ),
                item(Marker::Number(10), "ten", &["    ```", "      code", "    ```"]),
                item(Marker::Bullet, "# no heading", &[]),
            ],
            "9. nine\n   - deep\n     - deeper\n\n   again: so\n\n   text\n\n10. ten\n    ```\n      code\n    ```\n\n- \\# no heading\n",
        );
    }

    #[test]
    fn labels_and_paragraphs() {
        let text = Piece::Block(Block {
            kind: Kind::Text(vec![line(5, "12. May"), line(6, "Map<K>")]),
            gap: true,
        });
        check(
            vec![
                Piece::Label {
                    name: line(3, "What"),
                    rest: vec![line(3, "it is")],
                },
                text,
            ],
            "**What:** it is\n\n12\\. May\nMap\\<K>\n",
        );
    }

    #[test]
    fn slugs_are_tidy() {
        assert_eq!(tidy("--a--b-"), "a-b");
    }
}
