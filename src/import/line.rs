//! Lines with the number of the source line that they came from, and what the look of a line tells.

/// A line, or a piece of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// 1-based source line; several lines may bear one number where one was taken apart.
    pub(super) no: usize,
    /// The text without the line end.
    pub(super) text: String,
}

impl Line {
    pub(super) fn new(no: usize, text: impl Into<String>) -> Self {
        Self {
            no,
            text: text.into(),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The lines of a text with their numbers.
#[cfg(test)]
pub(super) fn numbered(text: &str) -> Vec<Line> {
    text.lines()
        .enumerate()
        .map(|(at, text)| Line::new(at + 1, text))
        .collect()
}

/// Changes a line's text but for what stands between backticks.
pub(super) fn outside_code(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, piece) in text.split('`').enumerate() {
        if at > 0 {
            out.push('`');
        }
        if at % 2 == 0 {
            out.push_str(&change(piece));
        } else {
            out.push_str(piece);
        }
    }
    out
}

/// Columns of leading white space; a tab reaches the next multiple of four (CommonMark 0.31 §2.2).
pub(super) fn indent(text: &str) -> usize {
    let mut columns = 0;
    for c in text.chars() {
        match c {
            ' ' => columns += 1,
            '\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

/// The text without its first columns of white space.
pub(super) fn dedent(text: &str, columns: usize) -> String {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen >= columns || (c != ' ' && c != '\t') {
            let rest = &text[at..];
            return if seen > columns {
                " ".repeat(seen - columns) + rest
            } else {
                rest.to_owned()
            };
        }
        seen += if c == '\t' { 4 - seen % 4 } else { 1 };
    }
    String::new()
}

/// What opens a list item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// Any bullet sign.
    Bullet,
    /// A number with a dot or parenthesis.
    Number(u64),
}

/// The marker of a list item and the text behind it, if a line (without its indentation) is one.
pub(super) fn marker(text: &str) -> Option<(Marker, &str)> {
    if let Some(rest) = text.strip_prefix(['•', '◦', '▪', '‣', '●', '○', '·']) {
        return Some((Marker::Bullet, rest.trim_start()));
    }
    if let Some(rest) = text.strip_prefix(['-', '*', '+', '–'])
        && (rest.is_empty() || rest.starts_with([' ', '\t']))
    {
        return Some((Marker::Bullet, rest.trim_start()));
    }
    let (number, rest) = number(text)?;
    Some((Marker::Number(number), rest))
}

/// `12. text`, `12) text` and the full-width `12、text`: the number and the text.
pub(super) fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 || digits > 4 {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    let wide = rest.strip_prefix(['、', '．']);
    let rest = match wide {
        Some(rest) => rest,
        None => rest
            .strip_prefix(". ")
            .or_else(|| rest.strip_prefix(") "))
            .or_else(|| rest.strip_prefix(".\t"))
            .or_else(|| {
                // Chinese and Japanese texts leave the space out.
                // So do careless ones, but `1.X` is no number of a list.
                rest.strip_prefix(['.', ')']).filter(|rest| {
                    let mut chars = rest.chars();
                    let first = chars.next();
                    let word =
                        first.is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase);
                    first.is_some_and(is_wide) || word
                })
            })?,
    };
    let rest = rest.trim_start();
    (!rest.is_empty()).then_some((number.parse().ok()?, rest))
}

/// Whether a character belongs to a script that is written without spaces.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}' | '「' | '『' | '《')
}

/// Whether a line is a list item.
pub(super) fn is_item(text: &str) -> bool {
    marker(text.trim_start()).is_some()
}

/// The level and text of an ATX heading.
pub(super) fn heading(text: &str) -> Option<(u8, &str)> {
    if indent(text) > 3 {
        return None;
    }
    let text = text.trim();
    let level = text.len() - text.trim_start_matches('#').len();
    let rest = &text[level..];
    if !(1..=6).contains(&level) || !(rest.starts_with([' ', '\t'])) {
        return None;
    }
    let rest = rest.trim();
    let bare = rest.trim_end_matches('#');
    let rest = if bare.len() < rest.len() && (bare.is_empty() || bare.ends_with(' ')) {
        bare.trim_end()
    } else {
        rest
    };
    (!rest.is_empty()).then_some((level as u8, rest))
}

/// The fence of a line: its character, its length and the info string.
pub(super) fn fence(text: &str) -> Option<(char, usize, &str)> {
    let text = text.trim_start();
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.len() - text.trim_start_matches(mark).len();
    let info = text[length..].trim();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info))
}

/// Whether a line closes a fence.
pub(super) fn closes(text: &str, mark: char, length: usize) -> bool {
    matches!(fence(text), Some((found, long, "")) if found == mark && long >= length)
}

/// Whether a line is a thematic break.
pub(super) fn is_rule(text: &str) -> bool {
    let mut marks = text.chars().filter(|c| !c.is_whitespace());
    let Some(first) = marks
        .next()
        .filter(|c| matches!(c, '-' | '*' | '_' | '=' | '—' | '─'))
    else {
        return false;
    };
    let mut count = 1;
    for c in marks {
        if c != first {
            return false;
        }
        count += 1;
    }
    count >= 3
}

/// Whether a line is a row of a pipe table.
pub(super) fn is_pipe_row(text: &str) -> bool {
    let text = text.trim();
    text.len() > 1 && text.starts_with('|') && text[1..].contains('|')
}

/// Whether a line is the row of dashes below the header of a pipe table.
pub(super) fn is_delimiter_row(text: &str) -> bool {
    let text = text.trim();
    text.contains('-')
        && text.contains('|')
        && text.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'))
}

/// The cells of a pipe row.
pub(super) fn cells(text: &str) -> Vec<String> {
    let text = text.trim();
    let text = text.strip_prefix('|').unwrap_or(text);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Whether a text ends as a sentence or clause does.
pub(super) fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end_matches(['"', '”', '’', '\'', ')', '*', '_', '»', '」', ' ']);
    text.ends_with([
        '.', '?', '!', ':', ';', ',', '。', '？', '！', '：', '；', '，', '…',
    ])
}

/// Whether a text ends in a question mark, closing quotes and emphasis aside.
pub(super) fn asks(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '’', '\'', ')', '*', '_', '»', '」', ' ', '`'])
        .ends_with(['?', '？', '؟', ';'])
        && !text.trim_end().ends_with(';')
}

/// The number of words; a run of characters of a script without spaces counts a word for every two.
pub(super) fn words(text: &str) -> usize {
    let wide = text.chars().filter(|c| is_wide(*c)).count();
    text.split_whitespace().count() + wide / 2
}

/// Whether a text begins as a title or sentence does: a capital, a digit, or a letter without case.
pub(super) fn starts_big(text: &str) -> bool {
    text.chars()
        .find(|c| !matches!(c, '"' | '“' | '‘' | '(' | '*' | '_' | '`' | '¿' | '¡' | '«'))
        .is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase())
}

/// Whether a line could be a title: short, without end punctuation, begun with a capital.
pub(super) fn is_title(text: &str) -> bool {
    let text = text.trim();
    text.chars().count() <= 80
        && words(text) <= 12
        && starts_big(text)
        && !ends_sentence(text)
        && !text.contains(['|', '{', '}', '`'])
        && text.chars().any(char::is_alphabetic)
        && !text.contains(" = ")
        && !text.ends_with('=')
        && !text.contains("->")
}

/// The text without the pictures that it begins with: `❓ Q1: ..`, `✅ **Answer:** ..`.
pub(super) fn without_picture(text: &str) -> &str {
    let picture = |c: char| matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}' | '\u{200d}' | '\u{20e3}');
    let rest = text.trim_start().trim_start_matches(picture);
    if rest.starts_with([' ', '*', '_']) && rest.len() < text.len() {
        rest.trim_start()
    } else {
        text
    }
}

/// The text without the emphasis around all of it.
pub(super) fn without_emphasis(text: &str) -> &str {
    let mut text = text.trim();
    for mark in ["***", "**", "__", "*", "_"] {
        if let Some(inner) = text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark))
            && !inner.is_empty()
            && !inner.contains(mark)
            && !inner.starts_with(char::is_whitespace)
            && !(mark.len() == 1 && inner.contains(&mark.repeat(2)))
        {
            text = inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers() {
        assert_eq!(marker("• a"), Some((Marker::Bullet, "a")));
        assert_eq!(marker("- a"), Some((Marker::Bullet, "a")));
        assert_eq!(marker("12) a"), Some((Marker::Number(12), "a")));
        assert_eq!(marker("3、什么是"), Some((Marker::Number(3), "什么是")));
        assert_eq!(marker("3.什么"), Some((Marker::Number(3), "什么")));
        assert_eq!(marker("3.What is it"), Some((Marker::Number(3), "What is it")));
        assert_eq!(marker("3.14 is pi"), None);
        assert_eq!(marker("-x"), None);
        assert_eq!(marker("2024. Long ago"), Some((Marker::Number(2024), "Long ago")));
    }

    #[test]
    fn shapes() {
        assert_eq!(heading("## A b ##"), Some((2, "A b")));
        assert_eq!(heading("#tag"), None);
        assert_eq!(heading("    # code"), None);
        assert_eq!(fence("```rust,run"), Some(('`', 3, "rust,run")));
        assert!(closes("~~~~", '~', 3) && !closes("~~", '~', 3));
        assert!(is_rule("- - -") && is_rule("=====") && !is_rule("--"));
        assert_eq!(cells("| a \\| b | c |"), ["a \\| b", "c"]);
        assert!(asks("Why **so?**") && asks("为什么？") && !asks("so;"));
        assert!(is_title("Core Concepts") && !is_title("it runs.") && !is_title("lower case"));
        assert_eq!(without_emphasis("**Q: a**"), "Q: a");
        assert_eq!(without_emphasis("**a** and **b**"), "**a** and **b**");
        assert_eq!(dedent("\tx", 2), "  x");
        assert_eq!(indent("  \tx"), 4);
    }
}
