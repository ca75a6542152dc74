//! Whether a text is a guide in canonical syntax already, so that nothing is to be done.

use super::label::{self, Family};
use super::line::{Line, asks, closes, fence, heading, indent, number};
use super::question::{marked, reads_like_one};
use super::style::is_bold_question;

/// Whether lines are a canonical guide: `kind: guide` in the front matter, or a title and questions as headings of
/// level three without any trace of another dialect.
pub(super) fn is_canonical(lines: &[Line]) -> bool {
    let mut titled = false;
    let mut start = 0;
    if let Some(first) = lines.first()
        && matches!(first.text.trim_end(), "---" | "+++")
        && let Some(end) = lines[1..]
            .iter()
            .position(|line| line.text.trim_end() == first.text.trim_end())
    {
        for line in &lines[1..=end] {
            let text = line.text.replace([' ', '"', '\''], "");
            if text == "kind:guide" || text == "kind=guide" {
                return true;
            }
            titled |= text.starts_with("title:") || text.starts_with("title=");
        }
        start = end + 2;
    }
    let mut questions = 0;
    // Headings of the two levels around that of questions, and list items, that ask.
    let mut others = 0;
    let mut asking = 0;
    let mut titles = 0;
    let mut open: Option<(char, usize)> = None;
    let mut before_blank = true;
    for (at, line) in lines.iter().enumerate().skip(start) {
        let text = line.text.as_str();
        if let Some((mark, length)) = open {
            if closes(text, mark, length) {
                open = None;
            }
            continue;
        }
        if let Some((mark, length, _)) = fence(text) {
            open = Some((mark, length));
            continue;
        }
        if let Some((level, title)) = heading(text) {
            if level == 1 {
                titles += 1;
                if questions > 0 || titles > 1 {
                    return false;
                }
            }
            questions += usize::from(level == 3);
            asking += usize::from(level == 3 && reads_like_one(title));
            others += usize::from(level == 2 && asks(title));
            others += usize::from(level == 4 && number(title).is_some());
            if level <= 3 && (number(title).is_some() || marked(title).is_some() || title.starts_with("**")) {
                return false;
            }
        } else if indent(text) == 0
            && number(text)
                .is_some_and(|(_, rest)| (rest.starts_with("**") || rest.starts_with("### ")) && asks(rest))
        {
            others += 1;
        } else if indent(text) == 0 && before_blank && is_foreign(text, lines.get(at + 1)) {
            return false;
        }
        before_blank = line.is_blank();
    }
    questions > 0 && others <= asking && (titled || titles == 1)
}

/// Whether the first line of a paragraph is what another dialect writes.
fn is_foreign(text: &str, next: Option<&Line>) -> bool {
    if marked(text).is_some() || text.starts_with("<details") || text.starts_with("<summary") {
        return true;
    }
    if is_bold_question(text) && next.is_none_or(Line::is_blank) {
        return true;
    }
    let underlined = next.is_some_and(|next| {
        let text = next.text.trim_end();
        text.len() >= 3 && text.chars().all(|c| c == '=')
    });
    underlined
        || label::label(text, false).is_some_and(|label| {
            let plain = !label.marked || text.starts_with('*') && !text.starts_with("**");
            plain && (label.family != Family::Known || label.rest.is_empty())
                || matches!(
                    label.family,
                    Family::FollowUp | Family::Chain | Family::Difficulty
                ) && !label.rest.is_empty()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        let lines = crate::import::line::numbered(text);
        assert_eq!(is_canonical(&lines), expected, "{text}");
    }

    #[test]
    fn canonical_or_not() {
        check("# T\n\n## S\n\n### Why? {#why}\n\n**TL;DR:** Yes.\n", true);
        check("---\ntitle: T\n---\n\n### Why?\n\nYes.\n", true);
        check("---\nkind: guide\n---\n\n1. Anything\n", true);
        check("# T\n\n## 1. S\n\n### 1. Why?\n\nYes.\n", false);
        check("# T\n\n### Topic\n\n**Q: Why?**\n\nA: Yes.\n", false);
        check("## S\n\n### Why?\n\nYes.\n", false);
        check("# T\n\nText.\n", false);
        check("# T\n\n### Why?\n\nAnswer: Yes.\n", false);
    }
}
