//! LaTeX (`\section`, `itemize`, the `exam` class) to Markdown lines.

use super::line::{Line, fence, heading};

const TITLES: [(&str, &str); 7] = [
    ("\\title", "#"),
    ("\\part", "##"),
    ("\\chapter", "##"),
    ("\\section", "##"),
    ("\\subsection", "###"),
    ("\\subsubsection", "####"),
    ("\\paragraph", "####"),
];

/// Whether lines look like it: titles of LaTeX or its exams, and no Markdown.
pub(super) fn is_latex(lines: &[Line]) -> bool {
    let commands = lines
        .iter()
        .filter(|line| {
            let text = line.text.trim_start();
            title(text).is_some()
                || text.starts_with("\\begin{")
                || text.starts_with("\\documentclass")
                || text.starts_with("\\question")
        })
        .count();
    commands >= 2
        && !lines
            .iter()
            .any(|line| fence(&line.text).is_some() || heading(&line.text).is_some())
}

/// The sign of a title, and its text up to the closing brace.
fn title(text: &str) -> Option<(&'static str, &str)> {
    TITLES.iter().find_map(|(command, sign)| {
        let rest = text.strip_prefix(command)?;
        let rest = rest.strip_prefix('*').unwrap_or(rest).strip_prefix('{')?;
        Some((*sign, &rest[..closing(rest)?]))
    })
}

/// Where the brace closes that is open at the start of a text.
fn closing(text: &str) -> Option<usize> {
    // Bounded work a command, whatever the text is made of.
    const LONGEST: usize = 600;
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, c) in text.char_indices().take(LONGEST) {
        match c {
            _ if escaped => {}
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// Turns LaTeX to Markdown.
pub(super) fn to_markdown(lines: &[Line]) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut code: Option<String> = None;
    // Whether each open list is numbered.
    let mut lists: Vec<bool> = Vec::new();
    for line in lines {
        let mut push = |text: String| out.push(Line::new(line.no, text));
        let text = line.text.trim();
        if let Some(end) = &code {
            if text == end {
                push("```".to_owned());
                code = None;
            } else {
                push(line.text.clone());
            }
            continue;
        }
        let text = comment(text);
        if let Some((sign, title)) = title(text) {
            push(String::new());
            push(format!("{sign} {}", inline(title)));
            push(String::new());
        } else if let Some((name, arguments)) = environment(text, "\\begin{") {
            match name {
                "verbatim" | "lstlisting" | "minted" | "Verbatim" => {
                    let language = arguments
                        .split("language=")
                        .nth(1)
                        .or_else(|| arguments.split('{').nth(1))
                        .map(|rest| rest.split([']', ',', '}']).next().unwrap_or_default());
                    push(String::new());
                    push(format!("```{}", language.unwrap_or_default().to_lowercase()));
                    code = Some(format!("\\end{{{name}}}"));
                }
                "itemize" | "enumerate" | "description" => {
                    lists.push(name == "enumerate");
                    push(String::new());
                }
                "solution" | "answer" => push("Answer:".to_owned()),
                _ => push(String::new()),
            }
        } else if let Some((name, _)) = environment(text, "\\end{") {
            if matches!(name, "itemize" | "enumerate" | "description") {
                lists.pop();
            }
            push(String::new());
        } else if let Some(rest) = text.strip_prefix("\\question") {
            push(String::new());
            let rest = rest.split_once(']').map_or(
                rest,
                |(points, after)| {
                    if points.starts_with('[') { after } else { rest }
                },
            );
            push(format!("**Q: {}**", inline(rest.trim())));
            push(String::new());
        } else if let Some(rest) = text.strip_prefix("\\item") {
            let (name, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((name, rest)) => (format!("**{}** ", inline(name)), rest),
                None => (String::new(), rest),
            };
            let sign = if lists.last() == Some(&true) { "1." } else { "-" };
            let columns = "   ".repeat(lists.len().saturating_sub(1));
            push(format!("{columns}{sign} {name}{}", inline(rest.trim())));
        } else if is_set_up(text) {
            push(String::new());
        } else if lists.is_empty() || text.is_empty() {
            push(inline(text));
        } else {
            push(format!("{}{}", "   ".repeat(lists.len()), inline(text)));
        }
    }
    if code.is_some() {
        let no = lines.last().map_or(0, |line| line.no);
        out.push(Line::new(no, "```"));
    }
    out
}

/// The text up to a comment.
fn comment(text: &str) -> &str {
    let cut = text
        .match_indices('%')
        .find(|(at, _)| !text[..*at].ends_with('\\'))
        .map_or(text.len(), |(at, _)| at);
    text[..cut].trim_end()
}

/// The name and arguments of `\begin{name}[..]`.
fn environment<'a>(text: &'a str, command: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(command)?.split_once('}')
}

/// Whether a line sets the document up and says nothing.
fn is_set_up(text: &str) -> bool {
    [
        "\\documentclass",
        "\\usepackage",
        "\\maketitle",
        "\\tableofcontents",
        "\\newpage",
        "\\clearpage",
        "\\author",
        "\\date",
        "\\label",
        "\\centering",
        "\\setlength",
        "\\newcommand",
    ]
    .iter()
    .any(|command| text.starts_with(command))
}

/// Marks within a line; formulas stay as they are.
fn inline(text: &str) -> String {
    const MARKS: [(&str, &str, &str); 8] = [
        ("\\textbf{", "**", "**"),
        ("\\textit{", "*", "*"),
        ("\\emph{", "*", "*"),
        ("\\texttt{", "`", "`"),
        ("\\code{", "`", "`"),
        ("\\lstinline{", "`", "`"),
        ("\\underline{", "", ""),
        ("\\url{", "<", ">"),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut formula = false;
    while let Some(first) = rest.chars().next() {
        if first == '$' {
            formula = !formula;
        }
        if !formula && first == '\\' {
            let marked = MARKS.iter().find_map(|(command, open, close)| {
                let inner = rest.strip_prefix(command)?;
                let end = closing(inner)?;
                Some((
                    format!("{open}{}{close}", inline(&inner[..end])),
                    &inner[end + 1..],
                ))
            });
            if let Some((shown, after)) = marked {
                out.push_str(&shown);
                rest = after;
                continue;
            }
            if let Some(c) = rest[1..]
                .chars()
                .next()
                .filter(|c| matches!(c, '%' | '_' | '&' | '#' | '{' | '}'))
            {
                out.push(c);
                rest = &rest[2..];
                continue;
            }
            if let Some(after) = rest.strip_prefix("\\\\") {
                rest = after;
                continue;
            }
        }
        let quote = (!formula).then(|| match rest {
            _ if rest.starts_with("``") => Some("“"),
            _ if rest.starts_with("''") => Some("”"),
            _ => None,
        });
        if let Some(Some(quote)) = quote {
            out.push_str(quote);
            rest = &rest[2..];
            continue;
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}
