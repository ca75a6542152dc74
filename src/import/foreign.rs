//! Markup other than Markdown, turned to Markdown line by line, and accordions within Markdown.

use super::entity::plain;
use super::label;
use super::ledger::Ledger;
use super::line::{Line, asks, closes, fence, heading, words};
use super::question::{marked, numbered_title, reads_like_one};
use super::{asciidoc, confluence, delimited, html, latex, numerals, org, rst};

/// Turns foreign markup to Markdown.
pub(super) fn to_markdown(lines: Vec<Line>, ledger: &mut Ledger) -> Vec<Line> {
    if html::is_html(&lines) {
        return html::to_markdown(&lines, ledger);
    }
    let lines = if asciidoc::is_asciidoc(&lines) {
        asciidoc::to_markdown(&lines)
    } else if confluence::is_confluence(&lines) {
        confluence::to_markdown(&lines)
    } else if org::is_org(&lines) {
        org::to_markdown(&lines)
    } else if latex::is_latex(&lines) {
        latex::to_markdown(&lines)
    } else if rst::is_rst(&lines) {
        rst::to_markdown(&lines)
    } else if let Some(rows) = delimited::to_markdown(&lines) {
        rows
    } else {
        lines
    };
    numerals::to_markdown(accordions(lines), ledger)
}

/// What an accordion's title stands for.
pub(super) fn summary(text: &str, questions: bool) -> String {
    let text = text.trim().trim_matches('*').trim();
    let lower = text.to_lowercase();
    let reveals = [
        "answer",
        "solution",
        "click",
        "show",
        "reveal",
        "antwort",
        "lösung",
        "答案",
        "respuesta",
        "ответ",
    ]
    .iter()
    .any(|word| lower.contains(word));
    if reveals && !asks(text) && words(text) <= 6 && marked(text).is_none() {
        return if lower.contains("solution") {
            "**Solution:**"
        } else {
            "Answer:"
        }
        .to_owned();
    }
    if marked(text).is_some() {
        return format!("**{text}**");
    }
    if questions || asks(text) || reads_like_one(text) {
        return format!("**Q: {}**", numbered_title(text).1);
    }
    if label::family(text.trim_end_matches(':')).is_some() || words(text) <= 6 {
        return format!("**{}:**", text.trim_end_matches(':'));
    }
    format!("**{text}**")
}

/// Turns `<details>` with their titles to questions, or to labels where headings are the questions.
fn accordions(lines: Vec<Line>) -> Vec<Line> {
    let titles = lines.iter().filter(|line| line.text.contains("<summary")).count();
    if titles == 0 {
        return lines;
    }
    let others = lines
        .iter()
        .filter(|line| {
            heading(&line.text).is_some_and(|(_, text)| reads_like_one(numbered_title(text).1))
                || marked(&line.text).is_some()
        })
        .count();
    let questions = others * 2 < titles;
    let mut out = Vec::with_capacity(lines.len() + titles * 2);
    let mut open: Option<(char, usize)> = None;
    let mut title: Option<(usize, String)> = None;
    for line in lines {
        if let Some((mark, length)) = open {
            if closes(&line.text, mark, length) {
                open = None;
            }
            out.push(line);
            continue;
        }
        if let Some((mark, length, _)) = fence(&line.text) {
            open = Some((mark, length));
            out.push(line);
            continue;
        }
        let tagged = ["<details", "</details", "<summary", "</summary"]
            .iter()
            .any(|tag| line.text.contains(tag));
        if !tagged && title.is_none() {
            let text = line.text.trim();
            let tags = ["<p>", "</p>", "<div>", "</div>", "<br>", "<br/>", "<br />"];
            if tags
                .iter()
                .any(|tag| text.starts_with(tag) || text.ends_with(tag))
            {
                // Paragraphs of HTML within an accordion are paragraphs without it too.
                let text = tags
                    .iter()
                    .fold(line.text.clone(), |text, tag| text.replace(tag, ""));
                out.push(Line::new(line.no, text.trim()));
                if line.text.contains("</") {
                    out.push(Line::new(line.no, ""));
                }
            } else {
                out.push(line);
            }
            continue;
        }
        let mut rest = line.text.as_str();
        if tagged {
            out.push(Line::new(line.no, ""));
        }
        while !rest.is_empty() {
            if let Some((no, text)) = &mut title {
                let (inner, after, ends) = match rest.split_once("</summary>") {
                    Some((inner, after)) => (inner, after, true),
                    None => (rest, "", false),
                };
                text.push(' ');
                text.push_str(&plain(inner));
                rest = after;
                if ends {
                    out.push(Line::new(*no, summary(text, questions)));
                    out.push(Line::new(*no, ""));
                    title = None;
                }
                continue;
            }
            match rest.find('<') {
                Some(at)
                    if rest[at..].starts_with("<details")
                        || rest[at..].starts_with("</details")
                        || rest[at..].starts_with("<summary") =>
                {
                    let before = rest[..at].trim();
                    if !before.is_empty() {
                        out.push(Line::new(line.no, before));
                    }
                    let opens_title = rest[at..].starts_with("<summary");
                    let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
                    rest = &rest[end..];
                    if opens_title {
                        title = Some((line.no, String::new()));
                    } else if rest.is_empty() {
                        out.push(Line::new(line.no, ""));
                    }
                }
                _ => {
                    let bare = rest.trim().trim_start_matches("<br>").trim_start_matches("<br/>");
                    out.push(Line::new(
                        line.no,
                        if bare.is_empty() { "" } else { rest.trim_end() },
                    ));
                    rest = "";
                }
            }
        }
    }
    // `#### Answer: B` within an accordion called `Answer` says it once more.
    let is_answer = |text: &str| {
        label::label(text.trim_start_matches('#'), false)
            .is_some_and(|label| label.family == label::Family::Answer)
    };
    for at in 0..out.len() {
        if out[at].text != "Answer:" {
            continue;
        }
        let next = out[at + 1..].iter().take(8).find(|line| !line.is_blank());
        if next.is_some_and(|line| is_answer(&line.text)) {
            out[at].text.clear();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines = text
            .lines()
            .enumerate()
            .map(|(at, text)| Line::new(at + 1, text))
            .collect();
        let found: Vec<String> = to_markdown(lines, &mut Ledger::default())
            .into_iter()
            .map(|line| line.text)
            .filter(|text| !text.trim().is_empty())
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn accordions_are_questions_or_labels() {
        check(
            "# T\n<details>\n<summary><b>1. What is it?</b></summary>\n\nThis.\n</details>\n",
            &["# T", "**Q: What is it?**", "This."],
        );
        check(
            "### What is it?\n<details><summary>Show answer</summary>\nThis.\n</details>\n",
            &["### What is it?", "Answer:", "This."],
        );
    }
}
