//! Lines to blocks: headings, paragraphs, list items, code, tables, quotations.

use super::code;
use super::flow;
use super::label::{self, Family};
use super::ledger::Ledger;
use super::line::{
    Line, Marker, asks, cells, closes, dedent, ends_sentence, fence, heading, indent, is_delimiter_row,
    is_item, is_pipe_row, is_rule, is_title, marker, starts_big,
};
use super::table::{self, Row, Vocabulary};
use super::{language, page_break, question};

/// A block with whether a blank line stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) gap: bool,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading.
    Heading { level: u8, text: Line },
    /// A paragraph, line by line.
    Text(Vec<Line>),
    /// A list item with all that is indented below it.
    Item(Item),
    /// Code; the numbers are those of the lines that open and close it, 0 where no fence did.
    Code {
        info: String,
        lines: Vec<Line>,
        open: usize,
        close: usize,
    },
    /// A table, header first, with the row of dashes where the source has one.
    Table { rows: Vec<Row>, delimiter: Line },
    /// A quotation, markers included.
    Quote(Vec<Line>),
    /// Raw HTML.
    Html(Vec<Line>),
    /// A thematic break.
    Rule(Line),
}

/// A list item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) indent: usize,
    pub(super) marker: Marker,
    /// The marker as written, with the white space behind it.
    pub(super) sign: String,
    /// The text behind the marker; more than one line where it goes on.
    pub(super) head: Vec<Line>,
    /// Lines below it, indentation kept.
    pub(super) body: Vec<Line>,
}

/// What the look of the whole document tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    /// It has ATX headings.
    pub(super) headings: bool,
    /// It has fenced code.
    pub(super) fenced: bool,
    /// Labels are told by their shape alone.
    pub(super) loose: bool,
    /// Blocks were glued together, amounts doubled.
    pub(super) glued: bool,
}

impl Profile {
    /// Reads the look of a document.
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut profile = Self::default();
        let (mut marked, mut plain) = (0, 0);
        let mut open: Option<(char, usize)> = None;
        for line in lines {
            let text = line.text.as_str();
            match open {
                Some((mark, length)) => {
                    if closes(text, mark, length) {
                        open = None;
                    }
                    continue;
                }
                None => {
                    if let Some((mark, length, _)) = fence(text) {
                        profile.fenced = true;
                        open = Some((mark, length));
                        continue;
                    }
                }
            }
            profile.headings |= heading(text).is_some();
            if indent(text) == 0
                && let Some(label) = label::label(text, true)
            {
                if label.marked {
                    marked += 1;
                } else if label.family == Family::Shape && label.rest.is_empty() {
                    plain += 1;
                }
            }
        }
        profile.loose = if profile.headings {
            plain > marked * 2
        } else {
            plain >= marked
        };
        profile.glued = !profile.headings && !profile.fenced && flow::is_glued(lines);
        profile
    }
}

/// Takes lines apart into blocks.
pub(super) fn blocks(lines: &[Line], profile: &Profile, ledger: &mut Ledger) -> Vec<Block> {
    let vocabulary = if profile.glued {
        Vocabulary::of(lines)
    } else {
        Vocabulary::default()
    };
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let mut reader = Reader {
        lines,
        texts,
        profile,
        vocabulary,
        ledger,
        blocks: Vec::new(),
        at: 0,
        gap: false,
    };
    while reader.at < reader.lines.len() {
        reader.step();
    }
    let blocks = reader.blocks;
    page_break::join_page_breaks(blocks, ledger)
}

struct Reader<'a> {
    lines: &'a [Line],
    texts: Vec<&'a str>,
    profile: &'a Profile,
    vocabulary: Vocabulary,
    ledger: &'a mut Ledger,
    blocks: Vec<Block>,
    at: usize,
    /// A blank line was just passed.
    gap: bool,
}

impl<'a> Reader<'a> {
    fn push(&mut self, kind: Kind) {
        let gap = std::mem::take(&mut self.gap);
        self.blocks.push(Block { kind, gap });
    }

    fn peek(&self, ahead: usize) -> &'a str {
        let lines: &'a [Line] = self.lines;
        lines.get(self.at + ahead).map_or("", |line| &line.text)
    }

    fn step(&mut self) {
        let lines: &'a [Line] = self.lines;
        let line = &lines[self.at];
        let text = line.text.as_str();
        if line.is_blank() {
            self.gap = true;
            self.at += 1;
        } else if let Some((mark, length, info)) = fence(text) {
            self.fenced(mark, length, info);
        } else if let Some((level, title)) = heading(text) {
            self.push(Kind::Heading {
                level,
                text: Line::new(line.no, title),
            });
            self.at += 1;
        } else if let Some(level) = self.underlined() {
            self.push(Kind::Heading {
                level,
                text: Line::new(line.no, text.trim()),
            });
            self.at += 2;
        } else if is_rule(text) && !is_pipe_row(text) {
            self.push(Kind::Rule(line.clone()));
            self.at += 1;
        } else if self.is_pipe_table() {
            self.pipe_table();
        } else if text.trim_start().starts_with('>') && indent(text) <= 3 {
            let end = self.run(|text| text.trim_start().starts_with('>'));
            let taken = lines[self.at..end].to_vec();
            self.push(Kind::Quote(taken));
            self.at = end;
        } else if is_html(text) {
            let end = self.run(|text| !text.trim().is_empty());
            let taken = lines[self.at..end].to_vec();
            self.push(Kind::Html(taken));
            self.at = end;
        } else if self.steps() || self.unfenced() {
        } else if let Some((marker, rest)) = marker(text.trim_start()) {
            self.item(marker, rest);
        } else if self.flattened_table() {
        } else {
            self.text();
        }
    }

    fn run(&self, belongs: impl Fn(&str) -> bool) -> usize {
        let count = self.texts[self.at..]
            .iter()
            .take_while(|text| belongs(text))
            .count();
        self.at + count.max(1)
    }

    /// A title with a line of `=` or `-` below it.
    fn underlined(&self) -> Option<u8> {
        let (text, below) = (self.peek(0), self.peek(1).trim_end());
        let first = self.gap || self.blocks.is_empty();
        if !first || !(is_title(text) || asks(text)) || is_item(text) {
            return None;
        }
        let all = |mark: char| below.len() >= 3 && below.chars().all(|c| c == mark);
        if all('=') {
            Some(1)
        } else if all('-') && self.peek(2).trim().is_empty() {
            Some(2)
        } else {
            None
        }
    }

    fn fenced(&mut self, mark: char, length: usize, info: &str) {
        let lines: &'a [Line] = self.lines;
        let open = &lines[self.at];
        let margin = indent(&open.text);
        let body = &self.texts[self.at + 1..];
        let end = body.iter().position(|text| closes(text, mark, length));
        let count = end.unwrap_or(body.len());
        if end.is_none() {
            self.ledger.notice(
                open.no,
                "this block of code is never closed; all that follows was taken for code, so close it and import again",
            );
        }
        let code: Vec<Line> = lines[self.at + 1..self.at + 1 + count]
            .iter()
            .map(|line| Line::new(line.no, dedent(&line.text, margin).trim_end()))
            .collect();
        let close = lines.get(self.at + 1 + count).map_or(0, |line| line.no);
        self.at += count + 2;
        let code = trimmed(code);
        let texts: Vec<&str> = code.iter().map(|line| line.text.as_str()).collect();
        let guess = if info.is_empty() {
            language::language(&texts)
        } else {
            "text"
        };
        if guess != "text" {
            self.ledger
                .repair(open.no, "```", format!("```{guess}"), "language");
        }
        let info = if guess == "text" { info } else { guess };
        self.push(Kind::Code {
            info: info.to_owned(),
            lines: code,
            open: open.no,
            close,
        });
    }

    fn is_pipe_table(&self) -> bool {
        let (text, below) = (self.peek(0), self.peek(1));
        text.contains('|') && is_delimiter_row(below) && cells(below).len() == cells(text).len()
    }

    fn pipe_table(&mut self) {
        let lines: &'a [Line] = self.lines;
        let end = self.at
            + 2
            + self.texts[self.at + 2..]
                .iter()
                .take_while(|text| text.contains('|') && !text.trim().is_empty())
                .count();
        let rows = lines[self.at..end]
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 1)
            .map(|(_, line)| Row {
                no: line.no,
                cells: cells(&line.text),
            })
            .collect();
        let delimiter = lines[self.at + 1].clone();
        self.push(Kind::Table { rows, delimiter });
        self.at = end;
    }

    fn flattened_table(&mut self) -> bool {
        if !self.profile.glued {
            return false;
        }
        let lines: &'a [Line] = self.lines;
        let Some((mut rows, taken)) = table::flattened(&lines[self.at..], &self.vocabulary, self.ledger)
        else {
            return false;
        };
        for row in &mut rows {
            for cell in &mut row.cells {
                *cell = self.repaired(row.no, cell);
            }
        }
        self.push(Kind::Table {
            rows,
            delimiter: Line::default(),
        });
        self.at += taken;
        true
    }

    /// A number alone on its line, a title, a text, each behind a blank line: an ordered list whose items have titles.
    fn steps(&mut self) -> bool {
        let lone = |text: &str| -> Option<u64> {
            let text = text.trim();
            let digits =
                !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        let Some(first) = lone(self.peek(0)) else {
            return false;
        };
        let wanted = match self.blocks.last() {
            Some(Block {
                kind:
                    Kind::Item(Item {
                        marker: Marker::Number(last),
                        sign,
                        ..
                    }),
                ..
            }) if sign.is_empty() => last + 1,
            _ => 1,
        };
        let title = self.peek(2);
        let apart = self.peek(1).trim().is_empty() && self.peek(3).trim().is_empty();
        if first != wanted
            || !apart
            || title.trim().is_empty()
            || ends_sentence(title) && !asks(title)
            || title.chars().count() > 120
        {
            return false;
        }
        let lines: &'a [Line] = self.lines;
        let (number, title, body) = (&lines[self.at], &lines[self.at + 2], lines.get(self.at + 4));
        self.ledger
            .repair(number.no, number.text.trim(), format!("{first}."), "steps");
        let mut item = Item {
            indent: 0,
            marker: Marker::Number(first),
            sign: String::new(),
            head: vec![Line::new(title.no, format!("**{}**", title.text.trim()))],
            body: Vec::new(),
        };
        self.at += 4;
        if let Some(body) = body.filter(|body| !body.is_blank() && lone(&body.text).is_none()) {
            self.at += 1;
            for (index, piece) in self.prose(body).into_iter().enumerate() {
                let apart = index > 0 && self.profile.glued;
                if apart {
                    // Glued behind the last step stands what follows the list.
                    self.push(Kind::Item(item.clone()));
                    self.push_text(piece);
                    return true;
                }
                item.body.push(Line::new(body.no, String::new()));
                item.body
                    .push(Line::new(piece.no, format!("  {}", piece.text.trim())));
            }
        }
        self.push(Kind::Item(item));
        true
    }

    /// Code that no fence encloses.
    fn unfenced(&mut self) -> bool {
        let lines: &'a [Line] = self.lines;
        let expected = self.awaits_code();
        let text = self.peek(0);
        if is_item(text) && !text.starts_with(|c: char| c.is_ascii_digit()) && !expected {
            return false;
        }
        let count = code::extent(&self.texts[self.at..], expected, self.profile.fenced);
        if count == 0 || is_item(text) && count < 3 {
            return false;
        }
        let margin = lines[self.at..self.at + count]
            .iter()
            .filter(|line| !line.is_blank())
            .map(|line| indent(&line.text))
            .min()
            .unwrap_or(0);
        let taken: Vec<Line> = lines[self.at..self.at + count]
            .iter()
            .map(|line| Line::new(line.no, dedent(&line.text, margin).trim_end()))
            .collect();
        let language = language::language(&taken.iter().map(|line| line.text.as_str()).collect::<Vec<_>>());
        if language == "text" {
            self.ledger.notice(
                taken[0].no,
                "this was taken for code in no known language; name the language or make it prose",
            );
        }
        self.ledger
            .repair(taken[0].no, "", format!("```{language}"), "unfenced-code");
        self.push(Kind::Code {
            info: language.to_owned(),
            lines: taken,
            open: 0,
            close: 0,
        });
        self.at += count;
        true
    }

    fn awaits_code(&self) -> bool {
        let Some(Block {
            kind: Kind::Text(lines),
            ..
        }) = self.blocks.last()
        else {
            return false;
        };
        lines
            .last()
            .and_then(|line| label::label(&line.text, self.profile.loose))
            .is_some_and(|label| label.rest.is_empty() && label::expects_code(label.name))
    }

    fn item(&mut self, marker: Marker, rest: &str) {
        let lines: &'a [Line] = self.lines;
        let line = &lines[self.at];
        let margin = indent(&line.text);
        let trimmed = line.text.trim();
        let sign = trimmed[..trimmed.len() - rest.trim_end().len().min(trimmed.len())].to_owned();
        // A run of questions within one line.
        if let Some(pieces) = flow::inline_run(line) {
            self.at += 1;
            for piece in pieces {
                self.push_text(piece);
            }
            return;
        }
        // `1. ### What is it?`: the heading is only the look of the item.
        let rest = heading(rest).map_or(rest, |(_, text)| text);
        let mut head = vec![Line::new(line.no, self.repaired(line.no, rest.trim()))];
        let mut body: Vec<Line> = Vec::new();
        self.at += 1;
        loop {
            let blanks = self.texts[self.at..]
                .iter()
                .take_while(|text| text.trim().is_empty())
                .count();
            let Some(next) = lines.get(self.at + blanks) else {
                break;
            };
            let deeper = indent(&next.text) > margin;
            if deeper && blanks <= 2 {
                for blank in &lines[self.at..self.at + blanks] {
                    body.push(Line::new(blank.no, ""));
                }
                self.at += blanks;
                self.item_line(&mut body);
                continue;
            }
            let wraps = blanks == 0
                && body.is_empty()
                && next.text.starts_with(char::is_lowercase)
                && !head.last().is_some_and(|line| ends_sentence(&line.text))
                && !is_item(&next.text)
                && marker == Marker::Bullet;
            if !wraps {
                break;
            }
            head.push(Line::new(next.no, self.repaired(next.no, next.text.trim())));
            self.at += 1;
        }
        self.push(Kind::Item(Item {
            indent: margin,
            marker,
            sign,
            head,
            body,
        }));
    }

    /// Takes one line, or one whole fence, into the body of an item.
    fn item_line(&mut self, body: &mut Vec<Line>) {
        let lines: &'a [Line] = self.lines;
        let line = &lines[self.at];
        let Some((mark, length, _)) = fence(&line.text) else {
            let lead = &line.text[..line.text.len() - line.text.trim_start().len()];
            let text = self.repaired(line.no, line.text.trim());
            body.push(Line::new(line.no, format!("{lead}{text}")));
            self.at += 1;
            return;
        };
        let end = self.texts[self.at + 1..]
            .iter()
            .position(|text| closes(text, mark, length))
            .map_or(lines.len(), |at| self.at + at + 2);
        body.extend_from_slice(&lines[self.at..end]);
        self.at = end;
    }

    /// Prose with its amounts and dashes repaired.
    fn repaired(&mut self, no: usize, text: &str) -> String {
        let mut text = text.to_owned();
        if self.profile.glued
            && let Some(repaired) = flow::money(no, &text, self.ledger)
        {
            text = repaired;
        }
        flow::dashes(no, &text, self.ledger).unwrap_or(text)
    }

    /// The pieces of a line of prose.
    fn prose(&mut self, line: &Line) -> Vec<Line> {
        let line = Line::new(line.no, self.repaired(line.no, line.text.trim_end()));
        let mut pieces = Vec::new();
        for piece in flow::unglue(line, self.profile.glued, self.ledger) {
            match flow::after_level(&piece) {
                Some((level, rest)) => {
                    self.ledger.repair(level.no, "", "\n\n", "glued-blocks");
                    pieces.push(level);
                    pieces.push(rest);
                }
                None => pieces.push(piece),
            }
        }
        pieces
    }

    fn text(&mut self) {
        let lines: &'a [Line] = self.lines;
        let line = &lines[self.at];
        self.at += 1;
        // Runs of questions are glued too, so they are looked for first.
        if let Some(pieces) = flow::inline_run(line) {
            for piece in pieces {
                self.push_text(piece);
            }
            return;
        }
        for (index, piece) in self.prose(line).into_iter().enumerate() {
            if index > 0
                && let Some((marker, rest)) = marker(&piece.text)
                && matches!(marker, Marker::Number(_))
            {
                let sign = piece.text[..piece.text.len() - rest.len()].to_owned();
                let head = vec![Line::new(piece.no, rest)];
                self.gap = false;
                self.push(Kind::Item(Item {
                    indent: 0,
                    marker,
                    sign,
                    head,
                    body: Vec::new(),
                }));
                continue;
            }
            self.push_text(piece);
        }
    }

    /// Adds a line of prose, to the paragraph before where it goes on.
    fn push_text(&mut self, line: Line) {
        if let Some((marker @ Marker::Number(_), rest)) = marker(&line.text) {
            let sign = line.text[..line.text.len() - rest.len()].to_owned();
            let head = vec![Line::new(line.no, rest)];
            self.push(Kind::Item(Item {
                indent: 0,
                marker,
                sign,
                head,
                body: Vec::new(),
            }));
            return;
        }
        let opens =
            label::label(&line.text, self.profile.loose).is_some() || question::marked(&line.text).is_some();
        if !self.gap
            && !opens
            && let Some(Block {
                kind: Kind::Text(lines),
                ..
            }) = self.blocks.last_mut()
            && let Some(last) = lines.last()
            && goes_on(&last.text, self.profile)
        {
            lines.push(line);
            return;
        }
        self.push(Kind::Text(vec![line]));
    }
}

/// Whether a paragraph goes on behind a line of it. A long line that ends a sentence was a paragraph of its own.
fn goes_on(last: &str, profile: &Profile) -> bool {
    let complete = ends_sentence(last) && (last.chars().count() > 100 || profile.glued);
    let question = question::marked(last).is_some() && ends_sentence(last) || asks(last) && starts_big(last);
    !complete && !question
}

fn is_html(text: &str) -> bool {
    let text = text.trim_start();
    let Some(rest) = text.strip_prefix('<') else {
        return false;
    };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let name: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    rest.starts_with("!--")
        || [
            "details",
            "summary",
            "div",
            "p",
            "table",
            "ul",
            "ol",
            "img",
            "br",
            "hr",
            "a",
            "span",
            "figure",
            "blockquote",
            "pre",
            "dl",
            "section",
            "article",
            "sub",
            "sup",
            "kbd",
            "abbr",
            "center",
        ]
        .contains(&name.as_str())
            && rest[name.len()..].starts_with([' ', '>', '/'])
}

/// Code without blank lines at its ends.
fn trimmed(mut lines: Vec<Line>) -> Vec<Line> {
    while lines.last().is_some_and(Line::is_blank) {
        lines.pop();
    }
    let lead = lines.iter().take_while(|line| line.is_blank()).count();
    lines.drain(..lead);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines = crate::import::line::numbered(text);
        let profile = Profile::of(&lines);
        let found: Vec<String> = blocks(&lines, &profile, &mut Ledger::default())
            .into_iter()
            .map(|block| show(&block.kind))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    fn show(kind: &Kind) -> String {
        let join = |lines: &[Line]| {
            lines
                .iter()
                .map(|line| line.text.trim())
                .collect::<Vec<_>>()
                .join("|")
        };
        match kind {
            Kind::Heading { level, text } => format!("h{level} {}", text.text),
            Kind::Text(lines) => format!("text {}", join(lines)),
            Kind::Item(item) => format!("item {}", join(&[item.head.clone(), item.body.clone()].concat())),
            Kind::Code { info, lines, .. } => format!("code {info} {}", lines.len()),
            Kind::Table { rows, .. } => format!("table {}", rows.len()),
            Kind::Quote(lines) => format!("quote {}", lines.len()),
            Kind::Html(lines) => format!("html {}", lines.len()),
            Kind::Rule(_) => "rule".to_owned(),
        }
    }

    #[test]
    fn kinds() {
        check(
            "# T\n\nTitle\n=====\n\n> q\n> r\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n  - y\n\n  z\n- w\n",
            &[
                "h1 T",
                "h1 Title",
                "quote 2",
                "rule",
                "table 2",
                "item x|- y||z",
                "item w",
            ],
        );
    }

    #[test]
    fn labels_open_paragraphs_of_their_own() {
        check(
            "1. Name\n*What:* a\n*How:* b\nmore\n",
            &["item Name", "text *What:* a", "text *How:* b|more"],
        );
    }

    #[test]
    fn page_breaks_are_undone() {
        check(
            "4. Plan a walk that passes each of the old bridges in\n\nthe town once.\n",
            &["item Plan a walk that passes each of the old bridges in|the town once."],
        );
        check(
            "```\napiVersion: v1\n```\n\n```\nkind: Pod\n```\n",
            &["code yaml 2"],
        );
        check("```\na()\n```\n\n```\nb()\n```\n", &["code  1", "code  1"]);
    }

    #[test]
    fn code_without_fences_behind_an_empty_label() {
        check(
            "How: so.\n\nExample:\n\ndef f():\n    return 1\n\nf()\n\n2. Next\n",
            &["text How: so.", "text Example:", "code python 4", "item Next"],
        );
    }

    #[test]
    fn numbers_alone_are_steps() {
        check(
            "1\n\nBe clear\n\nSay what you want.\n2\n\nGo on\n\nDo it.\nThen text.\n",
            &[
                "item **Be clear**||Say what you want.",
                "item **Go on**||Do it.",
                "text Then text.",
            ],
        );
    }
}
