//! Text as Markdown that shows it as it is: what would become markup by accident is escaped.

/// Inline HTML that is meant.
const TAGS: [&str; 26] = [
    "a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s", "samp",
    "small", "span", "strong", "sub", "sup", "u", "var", "wbr", "details", "summary",
];

/// Names that Python writes between double underscores.
const DUNDER: [&str; 44] = [
    "init", "new", "del", "repr", "str", "bytes", "format", "lt", "le", "eq", "ne", "gt", "ge", "hash",
    "bool", "getattr", "setattr", "delattr", "dir", "get", "set", "slots", "call", "len", "getitem",
    "setitem", "delitem", "iter", "next", "reversed", "contains", "add", "enter", "exit", "aenter", "aexit",
    "aiter", "anext", "await", "name", "main", "file", "dict", "class",
];

/// Escapes a line of prose.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let bytes = text.as_bytes();
    let mut at = 0;
    // Lengths of runs of backticks that open no span here, so that each is sought once.
    let mut unmatched: Vec<usize> = Vec::new();
    while at < text.len() {
        let rest = &text[at..];
        match bytes[at] {
            b'`' => {
                let length = rest.len() - rest.trim_start_matches('`').len();
                let close = if unmatched.contains(&length) {
                    None
                } else {
                    closing(rest, length)
                };
                if close.is_none() {
                    unmatched.push(length);
                }
                let end = close.unwrap_or(length);
                out.push_str(&rest[..end]);
                at += end;
            }
            b'\\' => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
                at += length;
            }
            b'<' if is_tag_like(rest) => {
                out.push_str("\\<");
                at += 1;
            }
            b'_' if rest.starts_with("__") => {
                let free = !out.ends_with(|c: char| c.is_alphanumeric() || c == '`' || c == '_');
                if let Some(length) = dunder(rest).filter(|_| free) {
                    out.push('`');
                    out.push_str(&rest[..length]);
                    out.push('`');
                    at += length;
                } else {
                    out.push('_');
                    at += 1;
                }
            }
            b'{' if rest.starts_with("{{#") => {
                out.push_str("\\{{#");
                at += 3;
            }
            _ => {
                let c = rest.chars().next().unwrap_or_default();
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    out
}

/// Where a span of code that begins with a run of backticks ends.
fn closing(rest: &str, length: usize) -> Option<usize> {
    let mut at = length;
    while let Some(found) = rest[at..].find('`') {
        let start = at + found;
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        at = start + run;
        if run == length {
            return Some(at);
        }
    }
    None
}

/// Whether `<` would open markup that is not meant.
fn is_tag_like(rest: &str) -> bool {
    let inner = &rest[1..];
    let close = inner.strip_prefix('/').unwrap_or(inner);
    let name: String = close
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    if name.is_empty() {
        return inner.starts_with(['!', '?']);
    }
    let after = &close[name.len()..];
    // Addresses between angle brackets are links.
    if after.starts_with(':')
        || after.starts_with('@')
        || after.starts_with('.') && inner.split('>').next().is_some_and(|text| text.contains('@'))
    {
        return false;
    }
    !(TAGS.contains(&name.as_str()) && after.starts_with([' ', '>', '/']))
}

/// The length of a name such as `__init__`, parentheses included.
fn dunder(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("__")?;
    let end = inner.find("__")?;
    if !DUNDER.contains(&&inner[..end]) {
        return None;
    }
    let length = end + 4;
    let after = &rest[length..];
    if after.starts_with("()") {
        return Some(length + 2);
    }
    (!after.starts_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(length)
}

/// Escapes a line of prose at whose start a block could open.
pub(super) fn line(text: &str) -> String {
    let text = text.trim();
    let escaped = inline(text);
    if opens_block(text) {
        let digits = escaped.len() - escaped.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        return format!("{}\\{}", &escaped[..digits], &escaped[digits..]);
    }
    escaped
}

fn opens_block(text: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let hashes = text.len() - text.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && ends(&text[hashes..]) || text.starts_with('>') {
        return true;
    }
    if text.starts_with("```") || text.starts_with("~~~") {
        return true;
    }
    if let Some(rest) = text.strip_prefix(['-', '+', '*', ':'])
        && ends(rest)
    {
        return true;
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if (1..=9).contains(&digits)
        && let Some(rest) = text[digits..].strip_prefix(['.', ')'])
        && ends(rest)
    {
        return true;
    }
    let mut marks = text.chars().filter(|c| *c != ' ');
    marks
        .next()
        .is_some_and(|first| matches!(first, '-' | '=' | '*' | '_') && marks.all(|c| c == first))
}

/// Escapes a line of code: includes are expanded before Markdown is read, in code too.
pub(super) fn code(text: &str) -> String {
    const NAMES: [&str; 4] = [
        "{{#include ",
        "{{#rustdoc_include ",
        "{{#playground ",
        "{{#playpen ",
    ];
    if !text.contains("{{#") {
        return text.to_owned();
    }
    NAMES.iter().fold(text.to_owned(), |text, name| {
        text.replace(name, &format!("\\{name}"))
    })
}

/// Escapes the text of a heading.
pub(super) fn heading(text: &str) -> String {
    let mut escaped = inline(text.trim());
    // `{..}` at the end would be attributes, `#` at the end would close the heading.
    if escaped.ends_with('}')
        && let Some(open) = escaped.rfind('{')
    {
        escaped.insert(open, '\\');
    }
    if escaped.ends_with('#') {
        let at = escaped.trim_end_matches('#').len();
        escaped.insert(at, '\\');
    }
    escaped
}

/// Escapes the text of a table cell.
pub(super) fn cell(text: &str) -> String {
    let escaped = inline(text.trim());
    let mut out = String::with_capacity(escaped.len());
    let mut before = ' ';
    for c in escaped.chars() {
        if c == '|' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_marks() {
        assert_eq!(
            inline("use __iter__() and __next__."),
            "use `__iter__()` and `__next__`."
        );
        assert_eq!(inline("a `__init__` b"), "a `__init__` b");
        assert_eq!(inline("__bold__ text"), "__bold__ text");
        assert_eq!(inline("Map<K, V> and x < y"), "Map\\<K, V> and x < y");
        assert_eq!(
            inline("H<sub>2</sub>O <https://a.example>"),
            "H<sub>2</sub>O <https://a.example>"
        );
        assert_eq!(
            inline("{{#include x}} and {{ y }}"),
            "\\{{#include x}} and {{ y }}"
        );
        assert_eq!(inline("`<T>` and ``a`b``"), "`<T>` and ``a`b``");
    }

    #[test]
    fn starts_and_ends() {
        assert_eq!(line("# no heading"), "\\# no heading");
        assert_eq!(line("#tag"), "#tag");
        assert_eq!(line("12. May"), "12\\. May");
        assert_eq!(line("- 3"), "\\- 3");
        assert_eq!(line("---"), "\\---");
        assert_eq!(line("> 3"), "\\> 3");
        assert_eq!(heading("What is {x}"), "What is \\{x}");
        assert_eq!(heading("What is C#"), "What is C\\#");
        assert_eq!(
            code("{{#include a.rs}} {{#if b}}"),
            "\\{{#include a.rs}} {{#if b}}"
        );
        assert_eq!(cell("a | b \\| c"), "a \\| b \\| c");
    }
}
