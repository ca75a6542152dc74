//! Org-mode (`* Title`, `#+BEGIN_SRC`) to Markdown lines.

use super::line::{Line, dedent, heading, indent, outside_code};

/// Whether lines look like it: keywords with `#+`, or titles of several stars.
pub(super) fn is_org(lines: &[Line]) -> bool {
    if lines
        .iter()
        .any(|line| heading(&line.text).is_some() || line.text.starts_with("```"))
    {
        return false;
    }
    let keywords = lines.iter().any(|line| keyword(&line.text).is_some());
    let level = |wanted| {
        lines
            .iter()
            .filter(|line| title(&line.text).is_some_and(|(level, _)| level == wanted))
            .count()
    };
    level(1) > 0 && (keywords || level(2) >= 2)
}

/// The level and text of a title.
fn title(text: &str) -> Option<(usize, &str)> {
    let level = text.len() - text.trim_start_matches('*').len();
    let rest = text[level..].strip_prefix(' ')?.trim();
    ((1..=5).contains(&level) && !rest.is_empty()).then_some((level, rest))
}

/// The name of a `#+NAME` line, in lower case, and what follows.
fn keyword(text: &str) -> Option<(String, &str)> {
    let rest = text.trim().strip_prefix("#+")?;
    let end = rest.find([':', ' ']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| (name.to_ascii_lowercase(), rest.trim_start_matches(':').trim()))
}

/// Turns Org to Markdown.
pub(super) fn to_markdown(lines: &[Line]) -> Vec<Line> {
    let titled = lines
        .iter()
        .any(|line| keyword(&line.text).is_some_and(|(name, _)| name == "title"));
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut margin = 0;
    let mut code: Option<usize> = None;
    let mut quote = false;
    let mut drawer = false;
    for (at, line) in lines.iter().enumerate() {
        let mut push = |text: String| out.push(Line::new(line.no, text));
        let text = line.text.trim();
        let found = keyword(text);
        if let Some(columns) = code {
            if found.is_some_and(|(name, _)| name.starts_with("end_")) {
                push("```".to_owned());
                code = None;
            } else {
                push(dedent(&line.text, columns));
            }
            continue;
        }
        if drawer {
            drawer = text != ":END:";
            continue;
        }
        if let Some((name, rest)) = found {
            match name.as_str() {
                "title" => push(format!("# {rest}")),
                "begin_src" | "begin_example" => {
                    push(String::new());
                    let language = if name == "begin_src" {
                        rest.split(' ').next().unwrap_or_default()
                    } else {
                        "text"
                    };
                    push(format!("```{language}"));
                    code = Some(indent(&line.text));
                }
                "begin_quote" => quote = true,
                "end_quote" => quote = false,
                _ => {}
            }
            if code.is_none() {
                push(String::new());
            }
        } else if let Some((level, title)) = title(&line.text) {
            let title = ["TODO ", "DONE "]
                .iter()
                .find_map(|state| title.strip_prefix(state))
                .unwrap_or(title);
            push(String::new());
            push(format!(
                "{} {}",
                "#".repeat(level + usize::from(titled)),
                inline(title)
            ));
            push(String::new());
            // What stands below a title may be indented as a whole.
            margin = lines[at + 1..]
                .iter()
                .take_while(|line| self::title(&line.text).is_none())
                .filter(|line| !line.is_blank())
                .map(|line| indent(&line.text))
                .min()
                .unwrap_or(0);
        } else if text == ":PROPERTIES:" || text == ":LOGBOOK:" {
            drawer = true;
        } else if text.starts_with("|-") && text.ends_with('|') {
            push(text.replace('+', "|"));
        } else {
            let shown = inline(&dedent(&line.text, margin));
            push(if quote {
                format!("> {}", shown.trim())
            } else {
                shown
            });
        }
    }
    if code.is_some() {
        let no = lines.last().map_or(0, |line| line.no);
        out.push(Line::new(no, "```"));
    }
    out
}

/// Marks within a line: `*bold*`, `/emphasis/`, `=code=`, `~code~`, `[[address][text]]`.
fn inline(text: &str) -> String {
    let text = emphasis(&emphasis(text, '=', "`"), '~', "`");
    outside_code(&text, |piece| {
        links(&emphasis(&emphasis(piece, '*', "**"), '/', "*"))
    })
}

fn links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        let Some((inner, behind)) = after.split_once("]]") else {
            break;
        };
        out.push_str(before);
        out.push_str(&match inner.split_once("][") {
            Some((address, name)) => format!("[{name}]({address})"),
            None => format!("<{inner}>"),
        });
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Text between two equal signs that stand at the ends of words, with other signs around it.
pub(super) fn emphasis(text: &str, sign: char, mark: &str) -> String {
    // Bounded work a character, whatever the text is made of.
    const LONGEST: usize = 400;
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let outside =
        |at: Option<&char>| at.is_none_or(|c| !c.is_alphanumeric() && *c != sign && *c != '/' && *c != '\\');
    let mut at = 0;
    while at < chars.len() {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let opens = chars[at] == sign
            && outside(before)
            && chars
                .get(at + 1)
                .is_some_and(|c| !c.is_whitespace() && *c != sign);
        let close = opens
            .then(|| {
                (at + 2..chars.len().min(at + LONGEST)).find(|&end| {
                    chars[end] == sign && !chars[end - 1].is_whitespace() && outside(chars.get(end + 1))
                })
            })
            .flatten();
        if let Some(close) = close {
            out.push_str(mark);
            out.extend(&chars[at + 1..close]);
            out.push_str(mark);
            at = close + 1;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}
