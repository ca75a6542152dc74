//! Text to search tokens. The reader (`themes/default/assets/search.js`) holds the same scanner for
//! queries; `tests/browser/search.test.mjs` compares the two over a table of texts.
//!
//! A token is a folded surface: lower case, diacritics taken off. Identifiers give themselves and
//! their snake and camel parts, runs of scripts without spaces give bigrams, and the symbols that
//! programmers ask for (`?`, `'a`, `C++`) are tokens too.

use std::borrow::Cow;
use std::sync::LazyLock;

use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use regex::Regex;

/// What kind of text is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Prose, and queries.
    Prose,
    /// Inline code: stop words count, and any short run of symbols.
    Inline,
    /// A code block: of the symbols only `?` after an expression and lifetimes count.
    Block,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The folded surface.
    pub(crate) surface: String,
    /// Whether it is only a part of an identifier that is a token itself.
    pub(crate) part: bool,
}

/// Words too common to index outside code, sorted. The reader gets them with the index.
pub(crate) const STOP_WORDS: &[&str] = &[
    "a", "about", "am", "an", "and", "are", "as", "at", "be", "been", "between", "but", "by", "can", "cant",
    "could", "did", "do", "does", "doesnt", "dont", "for", "from", "had", "has", "have", "he", "her", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our", "s",
    "she", "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "was", "we", "were", "what", "when", "where", "which", "while", "who", "why", "will",
    "with", "would", "you", "your",
];

/// Longer words are data, not language.
const MAX_CHARS: usize = 64;

const SYMBOLS: &str = "!#$%&*+-./:<=>?@^|~";

/// Whether a surface is a stop word.
pub(crate) fn is_stop_word(surface: &str) -> bool {
    STOP_WORDS.binary_search(&surface).is_ok()
}

/// Takes diacritics and compatibility forms off and straightens apostrophes; letters keep their case.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{M}+").ok());
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let straight = text.replace(['\u{2018}', '\u{2019}'], "'");
    let apart = DecomposingNormalizer::new_nfkd();
    let apart = apart.normalize(&straight).into_owned();
    let bare = match MARKS.as_ref() {
        Some(marks) => marks.replace_all(&apart, "").into_owned(),
        None => apart,
    };
    let composed = ComposingNormalizer::new_nfc();
    Cow::Owned(composed.normalize(&bare).into_owned())
}

/// Calls `each` with every token of a text, in order; the parts of an identifier follow it.
pub(crate) fn scan(text: &str, mode: Mode, each: &mut impl FnMut(Token)) {
    let text = plain(text);
    let mut scanner = Scanner { text: &text, mode };
    let mut at = 0;
    while at < text.len() {
        at = scanner.step(at, each);
    }
}

/// All tokens of a text.
#[cfg(test)]
fn tokens(text: &str, mode: Mode) -> Vec<Token> {
    let mut found = Vec::new();
    scan(text, mode, &mut |token| found.push(token));
    found
}

struct Scanner<'a> {
    text: &'a str,
    mode: Mode,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Scanner<'_> {
    fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn after(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// Reads what begins at a place; returns where the next thing begins.
    fn step(&mut self, at: usize, each: &mut impl FnMut(Token)) -> usize {
        let Some(c) = self.after(at) else {
            return self.text.len();
        };
        if is_word(c) {
            return self.word(at, each);
        }
        let found = match c {
            '\'' => self.lifetime(at),
            '?' if self.mode != Mode::Prose && self.closes_expression(at) => Some((at + 1, at + 1)),
            c if SYMBOLS.contains(c) && self.mode != Mode::Block => self.symbols(at),
            _ => None,
        };
        let Some((end, next)) = found else {
            return at + c.len_utf8();
        };
        each(Token {
            surface: self.text[at..end].to_lowercase(),
            part: false,
        });
        next
    }

    /// `'a`, `'static`, `'_`; in code any name. Returns its end and where to go on: the name of a
    /// lifetime in code is a word too.
    fn lifetime(&self, at: usize) -> Option<(usize, usize)> {
        let code = self.mode != Mode::Prose;
        let opens = self.before(at).is_none_or(|c| {
            if code {
                !is_word(c) && c != '\''
            } else {
                c.is_whitespace() || "(<&,`".contains(c)
            }
        });
        let name = self.text[at + 1..]
            .split(|c: char| !is_word(c))
            .next()
            .unwrap_or_default();
        let end = at + 1 + name.len();
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let short = name.len() == 1 || name == "static";
        if !opens || !starts || self.after(end) == Some('\'') || !(short || code) {
            return None;
        }
        Some((end, if short { end } else { at + 1 }))
    }

    /// Whether the `?` here ends an expression, as the operator does.
    fn closes_expression(&self, at: usize) -> bool {
        let ends = self.before(at).is_some_and(|c| is_word(c) || ")]}>".contains(c));
        ends && self.after(at + 1).is_none_or(|c| !is_word(c) && c != '?')
    }

    /// One to three symbols between white space, unless they are mere punctuation.
    fn symbols(&self, at: usize) -> Option<(usize, usize)> {
        const PUNCTUATION: [&str; 9] = ["-", "--", "---", ".", "..", "...", "/", ":", "#"];
        let run = self.text[at..]
            .split(|c: char| !SYMBOLS.contains(c))
            .next()
            .unwrap_or_default();
        let end = at + run.len();
        let alone = self.before(at).is_none_or(char::is_whitespace)
            && self.after(end).is_none_or(char::is_whitespace);
        let counts = self.mode == Mode::Inline || !PUNCTUATION.contains(&run);
        (alone && run.len() <= 3 && counts).then_some((end, end))
    }

    fn word(&self, at: usize, each: &mut impl FnMut(Token)) -> usize {
        let mut end = self.run(at);
        let letter = &self.text.as_bytes()[at..end];
        if letter.len() == 1 && letter[0].is_ascii_alphabetic() && self.mode != Mode::Block {
            let rest = &self.text[end..];
            for suffix in ["++", "#"] {
                let next = rest.strip_prefix(suffix).map(|rest| rest.chars().next());
                if next.is_some_and(|next| next.is_none_or(|c| !is_word(c) && c != '+' && c != '#')) {
                    let end = end + suffix.len();
                    each(Token {
                        surface: self.text[at..end].to_lowercase(),
                        part: false,
                    });
                    return end;
                }
            }
        }
        let digits = |from: usize, to: usize| self.text[from..to].chars().all(|c| c.is_numeric() || c == '.');
        while let Some(joint @ ('.' | '\'')) = self.after(end) {
            let next = self.run(end + 1);
            let joins = if joint == '.' {
                digits(at, end) && digits(end + 1, next)
            } else {
                self.mode == Mode::Prose && !self.text[at..end].contains('.')
            };
            if next == end + 1 || !joins {
                break;
            }
            end = next;
        }
        emit_word(&self.text[at..end], each);
        end
    }

    /// The end of the word characters from a place.
    fn run(&self, at: usize) -> usize {
        self.text[at..]
            .find(|c| !is_word(c))
            .map_or(self.text.len(), |len| at + len)
    }
}

/// Emits a word, or its bigrams, or the word with its parts.
fn emit_word(word: &str, each: &mut impl FnMut(Token)) {
    let joined = word.strip_suffix("'s").unwrap_or(word).replace('\'', "");
    let word = joined.trim_matches('_');
    if word.is_empty() || word.chars().count() > MAX_CHARS {
        return;
    }
    if !word.is_ascii() && word.chars().any(without_spaces) {
        emit_bigrams(word, each);
        return;
    }
    each(Token {
        surface: word.to_lowercase(),
        part: false,
    });
    let parts: Vec<&str> = parts(word);
    if parts.len() > 1 {
        for part in parts.into_iter().filter(|part| part.chars().count() > 1) {
            each(Token {
                surface: part.to_lowercase(),
                part: true,
            });
        }
    }
}

/// Splits at underscores and before capitals: `HTTPServer_v2` is `HTTP`, `Server`, `v2`.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split('_').filter(|piece| !piece.is_empty()) {
        let chars: Vec<(usize, char)> = piece.char_indices().collect();
        let mut start = 0;
        for at in 1..chars.len() {
            let (before, (offset, here)) = (chars[at - 1].1, chars[at]);
            let next_small = chars.get(at + 1).is_some_and(|(_, c)| c.is_lowercase());
            let rises = before.is_lowercase() || before.is_numeric();
            if here.is_uppercase() && (rises || (before.is_uppercase() && next_small)) {
                parts.push(&piece[start..offset]);
                start = offset;
            }
        }
        parts.push(&piece[start..]);
    }
    parts
}

/// Whether a letter belongs to a script that sets no spaces between words.
fn without_spaces(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{323af}')
}

fn emit_bigrams(word: &str, each: &mut impl FnMut(Token)) {
    let chars: Vec<char> = word.chars().collect();
    for run in chars.chunk_by(|&a, &b| without_spaces(a) == without_spaces(b)) {
        if !without_spaces(run[0]) {
            emit_word(&run.iter().collect::<String>(), each);
        } else if let [one] = run {
            each(Token {
                surface: one.to_string(),
                part: false,
            });
        } else {
            for pair in run.windows(2) {
                each(Token {
                    surface: pair.iter().collect(),
                    part: false,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: Mode, text: &str, expect: &str) {
        let found: Vec<String> = tokens(text, mode)
            .into_iter()
            .map(|token| {
                if token.part {
                    format!("({})", token.surface)
                } else {
                    token.surface
                }
            })
            .collect();
        assert_eq!(found.join(" "), expect, "{mode:?} {text}");
    }

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn prose_gives_words_symbols_and_bigrams() {
        for (text, expect) in [
            ("Where does a borrow end?", "where does a borrow end"),
            ("Café NAÏVE Straße", "cafe naive straße"),
            ("You can\u{2019}t; it's Tom's", "you cant it tom"),
            ("What does ? do", "what does ? do"),
            ("a -> b - c => d", "a -> b c => d"),
            ("E0382 and C++ or C#, g++", "e0382 and c++ or c# g++"),
            (
                "the 'a lifetime, \u{2019}static, 'quoted'",
                "the 'a lifetime 'static quoted",
            ),
            (
                "HashMap HTTPServer",
                "hashmap (hash) (map) httpserver (http) (server)",
            ),
            (
                "spawn_blocking __init__",
                "spawn_blocking (spawn) (blocking) init",
            ),
            ("std::mem::swap", "std mem swap"),
            ("Rust 1.75.0 in 3.5 ms, f(0..10)", "rust 1.75.0 in 3.5 ms f 0 10"),
            ("所有権 とは", "所有 有権 とは"),
            ("Rust言語", "rust 言語"),
            ("한국어 Ελλάδα", "한국어 ελλαδα"),
            ("", ""),
        ] {
            check(Mode::Prose, text, expect);
        }
    }

    #[test]
    fn code_gives_lifetimes_and_the_question_mark() {
        check(Mode::Block, "let x = f()?;", "let x f ?");
        check(Mode::Block, "fn f<'de>(c: char) { 'x' }", "fn f 'de de c char x");
        check(Mode::Block, "b'a' i++ a ? b : c", "b a i a b c");
        check(Mode::Inline, "?", "?");
        check(Mode::Inline, "..", "..");
        check(Mode::Inline, "&'a str", "'a str");
    }

    #[test]
    fn data_is_left_out() {
        check(Mode::Prose, &"x".repeat(65), "");
    }
}
