//! Code to lines of HTML with six one-letter classes, by syntect's grammars.
//!
//! Scopes are mapped to `k` keywords, `t` types, `s` strings, `n` numbers and constants, `m` macro calls, `c` comments;
//! everything else has no element. Results are kept on disk by language and text.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::html::push_code;
use crate::memo::{ContentHash, Memo};
use crate::system::System;

/// Part of every key: another mapping or grammar set makes other lines.
const VERSION: &str = "two-face 0.5, classes 2";

/// Longer code is shown without colours.
const MAX_BYTES: usize = 64 << 10;

/// A longer line is shown without colours: grammars are regular expressions, and some take time that grows faster than
/// the line. The caps are sizes, never clock times, so that every machine writes the same page.
const MAX_LINE: usize = 2 << 10;

/// Loading costs milliseconds, so it is done only when something is not in the memo.
static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// A stretch of one line with one class; 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Byte offset after the last byte, in the line.
    pub(super) end: usize,
    /// `k t s n m c`, or 0.
    pub(super) class: u8,
}

/// The lines of a text as HTML, without their newlines.
pub(super) fn lines(text: &str, language: &str, memo: &Memo, sys: &dyn System) -> Vec<String> {
    tokens(text, language, memo, sys)
        .iter()
        .zip(text.lines())
        .map(|(tokens, line)| line_html(line, tokens))
        .collect()
}

fn line_html(line: &str, tokens: &[Token]) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let mut start = 0;
    for token in tokens {
        let text = line.get(start..token.end).unwrap_or_default();
        start = token.end;
        if token.class == 0 {
            push_code(text, &mut out);
        } else {
            out.push_str("<span class=\"");
            out.push(char::from(token.class));
            out.push_str("\">");
            push_code(text, &mut out);
            out.push_str("</span>");
        }
    }
    push_code(line.get(start..).unwrap_or_default(), &mut out);
    out
}

/// The tokens of every line; neighbours differ in class.
pub(super) fn tokens(text: &str, language: &str, memo: &Memo, sys: &dyn System) -> Vec<Vec<Token>> {
    if language.is_empty() || text.len() > MAX_BYTES {
        return plain(text);
    }
    let key = ContentHash::fields()
        .field(VERSION)
        .field(language)
        .field(text)
        .finish();
    if let Some(bytes) = memo.bytes(sys, "highlight", key)
        && let Some(found) = decode(&bytes, text)
    {
        return found;
    }
    let found = match syntax(language) {
        Some(syntax) => parse(text, syntax),
        None => plain(text),
    };
    memo.store_bytes(sys, "highlight", key, &encode(&found));
    found
}

fn plain(text: &str) -> Vec<Vec<Token>> {
    text.lines().map(|_| Vec::new()).collect()
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let name = match language {
        "console" | "shell" | "sh" | "zsh" => "bash",
        "js" | "jsx" | "mjs" => "js",
        "text" | "txt" | "plain" | "output" => return None,
        other => other,
    };
    SYNTAXES.find_syntax_by_token(name)
}

fn parse(text: &str, syntax: &SyntaxReference) -> Vec<Vec<Token>> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut lines = Vec::new();
    let mut line_with_end = String::new();
    for line in text.lines() {
        if line.len() > MAX_LINE {
            lines.push(Vec::new());
            continue;
        }
        line_with_end.clear();
        line_with_end.push_str(line);
        line_with_end.push('\n');
        let Ok(ops) = state.parse_line(&line_with_end, &SYNTAXES) else {
            lines.push(Vec::new());
            continue;
        };
        let mut tokens: Vec<Token> = Vec::new();
        let mut last = 0;
        for (at, op) in ops {
            push_token(&mut tokens, last, at.min(line.len()), class(&stack), line);
            last = last.max(at.min(line.len()));
            // A grammar that pops what it never pushed spoils colours, nothing else.
            let _ = stack.apply(&op);
        }
        push_token(&mut tokens, last, line.len(), class(&stack), line);
        lines.push(tokens);
    }
    if syntax.name.starts_with("Rust") {
        for (tokens, line) in lines.iter_mut().zip(text.lines()) {
            if line.len() <= MAX_LINE {
                *tokens = with_rust_names(tokens, line);
            }
        }
    }
    lines
}

/// Colours names by Rust's naming conventions (RFC 430), where the grammar leaves them plain: `UpperCamelCase` is a
/// type, trait or variant, `SCREAMING_SNAKE_CASE` a constant.
fn with_rust_names(tokens: &[Token], line: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut start = 0;
    for token in tokens {
        if token.class != 0 {
            push_token(&mut out, start, token.end, token.class, line);
            start = token.end;
            continue;
        }
        while start < token.end {
            let rest = &line[start..token.end];
            let in_name = |c: char| c.is_alphanumeric() || c == '_';
            let name = rest.starts_with(in_name);
            let end = start + rest.find(|c| in_name(c) != name).unwrap_or(rest.len());
            let class = if name { name_class(&line[start..end]) } else { 0 };
            push_token(&mut out, start, end, class, line);
            start = end;
        }
    }
    out
}

fn name_class(name: &str) -> u8 {
    let bare = name.trim_start_matches('_');
    if !bare.starts_with(|c: char| c.is_ascii_uppercase()) {
        0
    } else if bare.len() > 1 && !bare.contains(char::is_lowercase) {
        b'n'
    } else {
        b't'
    }
}

/// Types that the Rust grammar calls storage, like `let`.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

fn push_token(tokens: &mut Vec<Token>, start: usize, end: usize, class: u8, line: &str) {
    if end <= start {
        return;
    }
    let primitive = class == b'k'
        && line
            .get(start..end)
            .is_some_and(|text| PRIMITIVES.contains(&text));
    let class = if primitive { b't' } else { class };
    match tokens.last_mut() {
        Some(last) if last.class == class => last.end = end,
        _ => tokens.push(Token { end, class }),
    }
}

struct Mapping {
    selectors: Vec<(Scope, u8)>,
}

/// Scope prefixes with their class; of a stack the innermost scope with a match decides, and of its matches the
/// longest. `0` takes a scope back to plain text.
static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    const PAIRS: [(&str, u8); 37] = [
        ("comment", b'c'),
        ("punctuation.definition.comment", b'c'),
        ("string", b's'),
        ("punctuation.definition.string", b's'),
        ("constant.character", b's'),
        ("constant.numeric", b'n'),
        ("constant.language", b'n'),
        ("constant.other", b'n'),
        ("constant.other.placeholder", b's'),
        ("storage.modifier.lifetime", b'n'),
        ("entity.name.lifetime", b'n'),
        ("punctuation.definition.lifetime", b'n'),
        ("variable.annotation", b'n'),
        ("meta.annotation", b'n'),
        ("variable.language", b'k'),
        ("keyword", b'k'),
        ("keyword.operator", 0),
        ("keyword.operator.word", b'k'),
        ("keyword.operator.logical.python", b'k'),
        ("storage", b'k'),
        ("storage.type.numeric", b'n'),
        ("storage.type.class", b'k'),
        ("storage.type.rust", b'k'),
        ("storage.type.function", b'k'),
        ("entity.name.type", b't'),
        ("entity.name.struct", b't'),
        ("entity.name.enum", b't'),
        ("entity.name.trait", b't'),
        ("entity.name.class", b't'),
        ("entity.name.impl", b't'),
        ("entity.other.inherited-class", b't'),
        ("entity.name.tag", b'k'),
        ("entity.other.attribute-name", b'n'),
        ("support.type", b't'),
        ("support.class", b't'),
        ("support.macro", b'm'),
        ("entity.name.macro", b'm'),
    ];
    let selectors = PAIRS
        .iter()
        .filter_map(|(name, class)| Some((Scope::new(name).ok()?, *class)))
        .collect();
    Mapping { selectors }
});

fn class(stack: &ScopeStack) -> u8 {
    for scope in stack.scopes.iter().rev() {
        let best = MAPPING
            .selectors
            .iter()
            .filter(|(selector, _)| selector.is_prefix_of(*scope))
            .max_by_key(|(selector, _)| selector.len());
        if let Some((_, class)) = best {
            return *class;
        }
    }
    0
}

/// One byte of class and four of end a token, a count a line.
fn encode(lines: &[Vec<Token>]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        out.extend_from_slice(&(line.len() as u32).to_le_bytes());
        for token in line {
            out.push(token.class);
            out.extend_from_slice(&(token.end as u32).to_le_bytes());
        }
    }
    out
}

fn decode(mut bytes: &[u8], text: &str) -> Option<Vec<Vec<Token>>> {
    let number = |bytes: &mut &[u8]| {
        let (first, rest) = bytes.split_first_chunk::<4>()?;
        *bytes = rest;
        Some(u32::from_le_bytes(*first) as usize)
    };
    let mut lines = Vec::new();
    for line in text.lines() {
        let count = number(&mut bytes)?;
        let mut tokens = Vec::new();
        for _ in 0..count {
            let (&class, rest) = bytes.split_first()?;
            bytes = rest;
            let end = number(&mut bytes)?;
            if !line.is_char_boundary(end) || !b"\0ktsnmc".contains(&class) {
                return None;
            }
            tokens.push(Token { end, class });
        }
        lines.push(tokens);
    }
    bytes.is_empty().then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    fn check(code: &str, language: &str, expect: &[&str]) {
        let (memo, sys) = (Memo::in_memory(), MemorySystem::default());
        for _ in 0..2 {
            assert_eq!(lines(code, language, &memo, &sys), expect, "{code:?}");
        }
    }

    #[test]
    fn rust_gets_its_classes() {
        check(
            "fn main() {\n    let n: usize = 70; // é <b>\n    println!(\"{n}\");\n}\n",
            "rust",
            &[
                "<span class=\"k\">fn</span> main() {",
                "    <span class=\"k\">let</span> n: <span class=\"t\">usize</span> = <span class=\"n\">70</span>; <span class=\"c\">// é &lt;b&gt;</span>",
                "    <span class=\"m\">println!</span>(<span class=\"s\">&quot;{n}&quot;</span>);",
                "}",
            ],
        );
        check(
            "struct A<'a>(&'a str);\n",
            "rust",
            &[
                "<span class=\"k\">struct</span> <span class=\"t\">A</span>&lt;<span class=\"n\">'a</span>&gt;(&amp;<span class=\"n\">'a</span> <span class=\"t\">str</span>);",
            ],
        );
    }

    #[test]
    fn rust_names_are_told_apart_by_their_case() {
        check(
            "let a: RefCell<T> = Some(MAX_SIZE).into(b, _C1);\n",
            "rust",
            &[
                "<span class=\"k\">let</span> a: <span class=\"t\">RefCell</span>&lt;<span class=\"t\">T</span>&gt; = <span class=\"t\">Some</span>(<span class=\"n\">MAX_SIZE</span>).into(b, <span class=\"n\">_C1</span>);",
            ],
        );
        check(
            "// RefCell MAX_SIZE\n",
            "rust",
            &["<span class=\"c\">// RefCell MAX_SIZE</span>"],
        );
    }

    #[test]
    fn long_lines_are_plain_and_their_neighbours_are_not() {
        let code = format!("let a = 1;\nlet b = \"{}\";\nlet c = 3;\n", "x".repeat(MAX_LINE));
        let (memo, sys) = (Memo::in_memory(), MemorySystem::default());
        let found = tokens(&code, "rust", &memo, &sys);
        assert_eq!(
            found.iter().map(Vec::is_empty).collect::<Vec<_>>(),
            [false, true, false]
        );
    }

    #[test]
    fn what_would_reorder_or_hide_text_is_made_visible() {
        check(
            "a\u{202e}b\u{8}\n",
            "",
            &["a<span class=\"ctl\">U+202E</span>b<span class=\"ctl\">U+0008</span>"],
        );
    }

    #[test]
    fn unknown_languages_are_plain() {
        check("a <b>\n", "no-such-language", &["a &lt;b&gt;"]);
        check("a\n\nb\n", "", &["a", "", "b"]);
    }

    #[test]
    fn damaged_results_are_made_anew() {
        assert_eq!(decode(&[1, 0, 0, 0, b'k', 9, 0, 0, 0], "fn\n"), None);
        assert_eq!(decode(&[], "fn\n"), None);
    }
}
