//! reStructuredText (underlined titles, `.. directive::`) to Markdown lines.

use super::line::{Line, dedent, fence, heading, indent};

/// Whether lines look like it: directives, and no Markdown.
pub(super) fn is_rst(lines: &[Line]) -> bool {
    let roles = [":doc:`", ":ref:`", ":func:`", ":class:`", ":mod:`", ":meth:`"];
    let directives = lines
        .iter()
        .filter(|line| {
            let text = &line.text;
            directive(text).is_some()
                || text.starts_with(".. _")
                || roles.iter().any(|role| text.contains(role))
        })
        .count();
    let titles = (0..lines.len())
        .filter(|&at| title(lines, at).is_some_and(|(_, over, _)| over))
        .count();
    directives + titles > 0
        && !lines.iter().any(|line| {
            fence(&line.text).is_some() || heading(&line.text).is_some_and(|(level, _)| level > 1)
        })
}

/// `.. name:: argument`.
fn directive(text: &str) -> Option<(&str, &str)> {
    let (name, argument) = text.trim_start().strip_prefix(".. ")?.split_once("::")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    is_name.then(|| (name, argument.trim()))
}

/// The sign of a line that is nothing but that sign.
fn underline(text: &str) -> Option<char> {
    let text = text.trim_end();
    let sign = text.chars().next().filter(|c| {
        matches!(
            c,
            '=' | '-' | '~' | '^' | '"' | '\'' | '+' | '*' | '#' | '.' | ':'
        )
    })?;
    (text.len() >= 3 && text.chars().all(|c| c == sign)).then_some(sign)
}

/// The sign of the title that begins at a line, whether it has a line above it, and where its text stands.
fn title(lines: &[Line], at: usize) -> Option<(char, bool, usize)> {
    let text = |at: usize| lines.get(at).map_or("", |line| line.text.as_str());
    let is_text = |at: usize| !text(at).trim().is_empty() && underline(text(at)).is_none();
    let long = |at: usize| text(at + 1).trim_end().len() >= text(at).trim().chars().count();
    let over = underline(text(at)).filter(|sign| is_text(at + 1) && underline(text(at + 2)) == Some(*sign));
    if let Some(sign) = over.filter(|_| long(at + 1)) {
        return Some((sign, true, at + 1));
    }
    let apart = at == 0 || text(at - 1).trim().is_empty();
    let sign =
        underline(text(at + 1)).filter(|_| apart && is_text(at) && indent(text(at)) == 0 && long(at))?;
    Some((sign, false, at))
}

/// Turns reStructuredText to Markdown.
pub(super) fn to_markdown(lines: &[Line]) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut levels: Vec<(char, bool)> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let no = line.no;
        if let Some((sign, over, text)) = title(lines, at) {
            let level = levels.iter().position(|known| *known == (sign, over));
            let level = level.unwrap_or_else(|| {
                levels.push((sign, over));
                levels.len() - 1
            });
            out.push(Line::new(no, ""));
            let shown = inline(lines[text].text.trim());
            out.push(Line::new(
                lines[text].no,
                format!("{} {shown}", "#".repeat((level + 1).min(6))),
            ));
            out.push(Line::new(no, ""));
            at = text + 2;
            continue;
        }
        if let Some((name, argument)) = directive(&line.text) {
            let (body, next) = body(lines, at);
            let options = body
                .iter()
                .take_while(|line| line.text.trim().starts_with(':'))
                .count();
            let content = &body[options..];
            match name {
                "code-block" | "code" | "sourcecode" | "literalinclude" => {
                    code(content, no, argument, &mut out);
                }
                "note" | "tip" | "warning" | "important" | "caution" | "hint" | "danger" | "attention" => {
                    let kind = match name {
                        "hint" => "TIP",
                        "danger" | "attention" => "WARNING",
                        _ => name,
                    };
                    out.push(Line::new(no, ""));
                    out.push(Line::new(no, format!("> [!{}]", kind.to_uppercase())));
                    if !argument.is_empty() {
                        out.push(Line::new(no, format!("> {}", inline(argument))));
                    }
                    let content = content.iter().skip_while(|line| line.is_blank());
                    out.extend(
                        content
                            .map(|line| Line::new(line.no, format!("> {}", inline(&line.text)).trim_end())),
                    );
                    out.push(Line::new(no, ""));
                }
                "image" | "figure" => out.push(Line::new(no, format!("![]({argument})"))),
                "contents" | "toctree" | "meta" | "index" | "highlight" | "sectnum" => {
                    out.push(Line::new(no, ""));
                }
                _ => {
                    out.push(Line::new(no, inline(argument)));
                    out.extend(content.iter().map(|line| Line::new(line.no, inline(&line.text))));
                }
            }
            at = next;
            continue;
        }
        let text = line.text.trim_end();
        if text.starts_with(".. ") || text == ".." {
            // A comment.
            at = body(lines, at).1;
            continue;
        }
        if let Some(lead) = text.strip_suffix("::") {
            let (content, next) = body(lines, at);
            if content.iter().any(|line| !line.is_blank()) {
                let lead = lead.trim_end();
                if !lead.is_empty() {
                    out.push(Line::new(no, format!("{}:", inline(lead))));
                }
                code(&content, no, "", &mut out);
                at = next;
                continue;
            }
        }
        let numbered = text.trim_start().strip_prefix("#. ");
        let shown = match numbered {
            Some(rest) => format!("{}1. {}", " ".repeat(indent(text)), inline(rest)),
            None => inline(text),
        };
        out.push(Line::new(no, shown));
        at += 1;
    }
    out
}

/// The lines indented below a line, without their indentation, and where the text goes on.
fn body(lines: &[Line], at: usize) -> (Vec<Line>, usize) {
    let outer = indent(&lines[at].text);
    let mut end = at + 1;
    for (next, line) in lines.iter().enumerate().skip(at + 1) {
        if line.is_blank() {
            continue;
        }
        if indent(&line.text) <= outer {
            break;
        }
        end = next + 1;
    }
    let margin = lines[at + 1..end]
        .iter()
        .filter(|line| !line.is_blank())
        .map(|line| indent(&line.text))
        .min()
        .unwrap_or(0);
    let body = lines[at + 1..end]
        .iter()
        .map(|line| Line::new(line.no, dedent(&line.text, margin)))
        .collect();
    (body, end)
}

fn code(content: &[Line], no: usize, language: &str, out: &mut Vec<Line>) {
    out.push(Line::new(no, ""));
    out.push(Line::new(no, format!("```{language}")));
    out.extend(content.iter().skip_while(|line| line.is_blank()).cloned());
    out.push(Line::new(no, "```"));
    out.push(Line::new(no, ""));
}

/// Marks within a line: two backticks around code, roles, links with their address.
fn inline(text: &str) -> String {
    let text = text.replace("``", "\u{0}");
    let mut out = String::with_capacity(text.len());
    for (at, piece) in text.split('\u{0}').enumerate() {
        if at > 0 {
            out.push('`');
        }
        if at % 2 == 1 || !piece.contains('`') {
            out.push_str(piece);
            continue;
        }
        let mut rest = piece;
        while let Some((before, after)) = rest.split_once('`') {
            let Some((inner, behind)) = after.split_once('`') else {
                break;
            };
            let role = before.strip_suffix(':').and_then(|before| before.rfind(':'));
            out.push_str(role.map_or(before, |start| &before[..start]));
            let link = inner
                .strip_suffix('>')
                .and_then(|inner| inner.split_once(" <"))
                .filter(|_| behind.starts_with('_'));
            rest = if let Some((name, address)) = link {
                out.push_str(&format!("[{name}]({address})"));
                behind.trim_start_matches('_')
            } else {
                out.push_str(&format!("`{inner}`"));
                behind
            };
        }
        out.push_str(rest);
    }
    out
}
