//! Confluence's wiki markup (`h2. Title`, `{code}`, `||head||`) to Markdown lines.

use super::line::{Line, fence, heading, outside_code};
use super::org::emphasis;

/// Whether lines look like it: titles with `h1.`, and no Markdown.
pub(super) fn is_confluence(lines: &[Line]) -> bool {
    let titles = lines.iter().filter(|line| title(&line.text).is_some()).count();
    titles >= 2
        && !lines.iter().any(|line| {
            fence(&line.text).is_some() || heading(&line.text).is_some_and(|(level, _)| level > 1)
        })
}

/// The level and text of a title.
fn title(text: &str) -> Option<(usize, &str)> {
    let (level, rest) = text.trim().strip_prefix('h')?.split_once(". ")?;
    let level: usize = level.parse().ok().filter(|level| (1..=6).contains(level))?;
    Some((level, rest.trim()))
}

/// Macros around text, and what they are in Markdown.
const BOXES: [(&str, &str); 6] = [
    ("info", "> [!NOTE]"),
    ("note", "> [!NOTE]"),
    ("tip", "> [!TIP]"),
    ("warning", "> [!WARNING]"),
    ("panel", ">"),
    ("quote", ">"),
];

/// Turns the markup to Markdown.
pub(super) fn to_markdown(lines: &[Line]) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut code: Option<&str> = None;
    let mut boxed: Option<&str> = None;
    for line in lines {
        let text = line.text.trim();
        let mut push = |text: String| out.push(Line::new(line.no, text));
        if let Some(name) = code {
            match text.strip_suffix(&format!("{{{name}}}")) {
                Some(rest) => {
                    if !rest.is_empty() {
                        push(rest.to_owned());
                    }
                    push("```".to_owned());
                    code = None;
                }
                None => push(line.text.clone()),
            }
            continue;
        }
        if let Some((level, title)) = title(text) {
            push(String::new());
            push(format!("{} {}", "#".repeat(level), inline(title)));
            push(String::new());
            continue;
        }
        if let Some((name, arguments, rest)) = macro_at(text) {
            if matches!(name, "code" | "noformat") {
                push(String::new());
                push(format!("```{}", language(arguments)));
                code = Some(if name == "code" { "code" } else { "noformat" });
                if !rest.is_empty() {
                    push(rest.to_owned());
                }
                continue;
            }
            if let Some((_, mark)) = BOXES.iter().find(|(found, _)| *found == name) {
                let end = format!("{{{name}}}");
                let inner = rest.strip_suffix(end.as_str());
                if boxed == Some(mark) && inner.is_none() && rest.is_empty() {
                    boxed = None;
                    push(String::new());
                    continue;
                }
                push(String::new());
                push((*mark).to_owned());
                let body = inner.unwrap_or(rest).trim();
                if !body.is_empty() {
                    push(format!("> {}", inline(body)));
                }
                if inner.is_some() {
                    push(String::new());
                } else {
                    boxed = Some(mark);
                }
                continue;
            }
            if rest.is_empty() && matches!(name, "toc" | "expand" | "anchor" | "section" | "column") {
                push(String::new());
                continue;
            }
        }
        if boxed.is_some() {
            let ends = BOXES
                .iter()
                .find_map(|(name, _)| text.strip_suffix(&format!("{{{name}}}")));
            push(
                format!("> {}", inline(ends.unwrap_or(text)))
                    .trim_end()
                    .to_owned(),
            );
            if ends.is_some() {
                boxed = None;
                push(String::new());
            }
        } else if let Some(head) = text.strip_prefix("||") {
            let cells: Vec<String> = head.trim_end_matches('|').split("||").map(inline).collect();
            push(String::new());
            push(format!("| {} |", cells.join(" | ")));
            push(format!("|{}", "---|".repeat(cells.len())));
        } else if text.starts_with('|') {
            push(inline(text));
        } else {
            push(item(text).unwrap_or_else(|| inline(&line.text)));
        }
    }
    if code.is_some() {
        let no = lines.last().map_or(0, |line| line.no);
        out.push(Line::new(no, "```"));
    }
    out
}

/// `{name:arguments}rest`.
fn macro_at(text: &str) -> Option<(&str, &str, &str)> {
    let (inner, rest) = text.strip_prefix('{')?.split_once('}')?;
    let (name, arguments) = inner.split_once(':').unwrap_or((inner, ""));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
    is_name.then_some((name, arguments, rest))
}

/// The language among a macro's arguments: `python`, `language=python|title=x`.
fn language(arguments: &str) -> &str {
    let mut arguments = arguments.split('|');
    let first = arguments.clone().next().filter(|first| !first.contains('='));
    first
        .or_else(|| arguments.find_map(|argument| argument.strip_prefix("language=")))
        .unwrap_or_default()
}

/// `** text` and `## text` as items of lists within lists.
fn item(text: &str) -> Option<String> {
    let depth = text.len() - text.trim_start_matches(['*', '#', '-']).len();
    let rest = text[depth..].strip_prefix(' ')?;
    if depth == 0 || depth > 5 || text.starts_with("--") {
        return None;
    }
    let sign = if text[..depth].ends_with('#') { "1." } else { "-" };
    Some(format!(
        "{}{sign} {}",
        "   ".repeat(depth - 1),
        inline(rest.trim())
    ))
}

/// Marks within a line: `*bold*`, `_emphasis_`, `{{code}}`, `[text|address]`.
fn inline(text: &str) -> String {
    let text = text.replace("{{", "`").replace("}}", "`");
    outside_code(&text, |piece| {
        links(&emphasis(&emphasis(piece, '_', "*"), '*', "**"))
    })
}

fn links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inner, behind)) = after.split_once(']') else {
            break;
        };
        out.push_str(before);
        match inner.rsplit_once('|') {
            Some((name, address)) if address.contains("://") => {
                out.push_str(&format!("[{name}]({address})"));
            }
            None if inner.starts_with("http") => out.push_str(&format!("<{inner}>")),
            _ => out.push_str(&format!("[{inner}]")),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}
