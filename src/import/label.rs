//! Labels of answer parts: which line begins with one, and what family it belongs to.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::line::{is_wide, starts_big, without_picture, words};

/// What a label means for the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Opens the answer of a question.
    Answer,
    /// Tells how hard the question is.
    Difficulty,
    /// Opens a follow-up question.
    FollowUp,
    /// Opens a list of follow-up questions.
    Chain,
    /// Any other label that is known by name.
    Known,
    /// Known by its shape alone.
    Shape,
}

/// A label at the start of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label<'a> {
    /// As written, without markup and colon.
    pub(super) name: &'a str,
    /// What follows behind it.
    pub(super) rest: &'a str,
    /// What it means.
    pub(super) family: Family,
    /// Whether it was set in bold or italics.
    pub(super) marked: bool,
}

const ANSWER: [&str; 31] = [
    "a",
    "ans",
    "answer",
    "sample answer",
    "model answer",
    "expected answer",
    "suggested answer",
    "antwort",
    "musterantwort",
    "réponse",
    "respuesta",
    "risposta",
    "resposta",
    "antwoord",
    "odpowiedź",
    "ответ",
    "答案",
    "回答",
    "答",
    "解答",
    "参考答案",
    "답변",
    "답",
    "svar",
    "candidate",
    "interviewee",
    "الجواب",
    "جواب",
    "الإجابة",
    "إجابة",
    "ج",
];

const DIFFICULTY: [&str; 14] = [
    "difficulty",
    "difficulty level",
    "level",
    "seniority",
    "schwierigkeit",
    "schwierigkeitsgrad",
    "stufe",
    "niveau",
    "nivel",
    "難易度",
    "dificultad",
    "difficulté",
    "难度",
    "сложность",
];

const FOLLOW_UP: [&str; 11] = [
    "going deeper",
    "dig deeper",
    "nachfrage",
    "folgefrage",
    "anschlussfrage",
    "追问",
    "延伸问题",
    "relance",
    "question complémentaire",
    "repregunta",
    "next question",
];

/// Known names, in lower case, qualifier aside.
const KNOWN: [&str; 84] = [
    "tl;dr",
    "tldr",
    "summary",
    "in short",
    "short answer",
    "key takeaway",
    "key takeaways",
    "key points",
    "key point",
    "key features",
    "key aspects",
    "features",
    "use cases",
    "benefits",
    "what",
    "how",
    "why",
    "when",
    "example",
    "examples",
    "usage",
    "code",
    "output",
    "solution",
    "implementation",
    "approach",
    "explanation",
    "complexity",
    "time complexity",
    "space complexity",
    "situation",
    "task",
    "action",
    "actions",
    "result",
    "results",
    "war story",
    "story",
    "real-world example",
    "common mistakes",
    "mistakes",
    "pitfalls",
    "anti-patterns",
    "best practices",
    "note",
    "tip",
    "hint",
    "warning",
    "trade-offs",
    "tradeoffs",
    "pros",
    "cons",
    "advantages",
    "disadvantages",
    "requirements",
    "analogy",
    "tools",
    "related",
    "see also",
    "red flags",
    "words that impress",
    "strong answer",
    "weak answer",
    "strong answer framework",
    "work-sample prompt",
    "beispiel",
    "erklärung",
    "zusammenfassung",
    "lösung",
    "kurzantwort",
    "hinweis",
    "vorteile",
    "nachteile",
    "ejemplo",
    "exemple",
    "示例",
    "例子",
    "例",
    "解释",
    "总结",
    "说明",
    "要点",
    "пример",
    "explicación",
];

/// First words of lead-in sentences, which are no labels.
const LEAD_IN: [&str; 35] = [
    "here", "this", "these", "those", "there", "it", "its", "you", "your", "let", "lets", "see", "consider",
    "if", "in", "for", "to", "as", "so", "and", "but", "or", "because", "since", "then", "i", "we", "they",
    "he", "she", "however", "instead", "hier", "like", "by",
];

/// The known names, for looking up.
fn known() -> &'static HashSet<&'static str> {
    static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| KNOWN.into_iter().collect());
    &NAMES
}

/// The family of a label's name.
pub(super) fn family(name: &str) -> Option<Family> {
    let lower = name.to_lowercase().replace(['‑', '–'], "-").replace('’', "'");
    let bare = lower.split(['(', '（']).next().unwrap_or(&lower).trim();
    let numberless = bare
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '#')
        .trim_end();
    // `A (Action)` is no answer.
    if bare.chars().count() == 1
        && let Some(whole) = lower[bare.len()..].trim().strip_prefix('(')
        && known().contains(whole.trim_end_matches(')'))
    {
        return Some(Family::Known);
    }
    let is =
        |names: &[&str]| names.contains(&bare) || (!numberless.is_empty() && names.contains(&numberless));
    if is(&ANSWER) {
        return Some(Family::Answer);
    }
    if is(&DIFFICULTY) {
        return Some(Family::Difficulty);
    }
    for name in ["follow-up", "follow up", "followup"] {
        if let Some(rest) = bare.strip_prefix(name) {
            let many = rest.starts_with('s') || rest.contains("chain") || rest.contains("questions");
            return Some(if many { Family::Chain } else { Family::FollowUp });
        }
    }
    if is(&FOLLOW_UP) {
        return Some(Family::FollowUp);
    }
    let testing = bare.starts_with("what") && bare.ends_with("testing");
    let say = (bare.contains("candidate")) && (bare.ends_with("say") || bare.ends_with("says"));
    let is_known = || known().contains(bare) || !numberless.is_empty() && known().contains(numberless);
    (testing || say || is_known()).then_some(Family::Known)
}

/// Whether code is to be expected behind a label with nothing behind its colon.
pub(super) fn expects_code(name: &str) -> bool {
    let lower = name.to_lowercase();
    [
        "example",
        "usage",
        "code",
        "implementation",
        "solution",
        "output",
        "snippet",
        "syntax",
        "query",
        "beispiel",
        "示例",
        "代码",
        "ejemplo",
        "exemple",
        "lösung",
        "пример",
        "例",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// The label that a text begins with. With `loose`, unmarked labels that are known by their shape alone count too.
pub(super) fn label(text: &str, loose: bool) -> Option<Label<'_>> {
    let text = without_picture(text.trim());
    for mark in ["***", "**", "__", "*", "_"] {
        let Some(inner) = text.strip_prefix(mark) else {
            continue;
        };
        let (name, rest) = inner.split_once(mark)?;
        let (name, rest) = match name.trim_end().strip_suffix([':', '：']) {
            Some(name) => (name, rest),
            None => match rest.trim_start().strip_prefix([':', '：']) {
                Some(rest) => (name, rest),
                // `**Result** – text`, with a name that is known.
                None => (
                    name,
                    ["– ", "— ", "- "]
                        .iter()
                        .find_map(|dash| rest.trim_start().strip_prefix(dash))
                        .filter(|_| family(name.trim()).is_some())?,
                ),
            },
        };
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 80 {
            return None;
        }
        let family = family(name).unwrap_or(Family::Shape);
        return Some(Label {
            name,
            rest: rest.trim(),
            family,
            marked: true,
        });
    }
    // Most lines have no colon where a label could end.
    let end = text.char_indices().nth(100).map_or(text.len(), |(at, _)| at);
    if !text.starts_with('A') && !text[..end].contains([':', '：']) {
        return None;
    }
    if let Some((name, rest)) = numbered_answer(text) {
        return Some(Label {
            name,
            rest,
            family: Family::Answer,
            marked: false,
        });
    }
    let colon = colon(text)?;
    let name = text[..colon].trim();
    let rest = text[colon..].trim_start_matches([':', '：']).trim();
    let known = family(name);
    // `A:` alone could be a variable or a person; as the label of an answer it is written with a capital.
    if known.is_some() && starts_big(name) {
        return Some(Label {
            name,
            rest,
            family: known?,
            marked: false,
        });
    }
    (loose && has_label_shape(name, !rest.is_empty())).then_some(Label {
        name,
        rest,
        family: Family::Shape,
        marked: false,
    })
}

/// `A1. text`, `A 1) text`, `Ans. text`: answers that have no colon.
fn numbered_answer(text: &str) -> Option<(&str, &str)> {
    let rest = text
        .strip_prefix("Answer")
        .or_else(|| text.strip_prefix("Ans"))
        .or_else(|| text.strip_prefix('A'))?;
    let spaced = rest.trim_start();
    let digits = spaced.len() - spaced.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    // `Ans-text`
    if text.starts_with("Ans") && !text.starts_with("Answer") {
        let found = spaced
            .strip_prefix(['-', '–'])
            .filter(|rest| starts_big(rest.trim_start()));
        if let Some(rest) = found {
            return Some(("Ans", rest.trim()));
        }
    }
    // `A - text`
    if text.starts_with("A - ") || text.starts_with("A – ") {
        return rest
            .trim_start()
            .split_once(' ')
            .map(|(_, rest)| ("A", rest.trim()));
    }
    let after = spaced[digits..].strip_prefix(['.', ')'])?;
    let counted = (1..=3).contains(&digits) || digits == 0 && text.starts_with("Ans.");
    let name = text[..text.len() - after.len() - 1].trim();
    (counted && (after.starts_with(' ') || after.is_empty())).then(|| (name, after.trim()))
}

/// Where the colon of a label may stand: the first one that ends a word.
fn colon(text: &str) -> Option<usize> {
    let limit = text.char_indices().nth(90).map_or(text.len(), |(at, _)| at);
    let mut depth = 0_i32;
    for (at, c) in text[..limit].char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth -= 1,
            '：' if depth <= 0 => return Some(at),
            ':' if depth <= 0 => {
                let rest = &text[at + 1..];
                let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
                // Glued text: only names that are known may stand before it.
                if ends || (rest.starts_with(char::is_uppercase) && family(&text[..at]).is_some()) {
                    return Some(at);
                }
                if !rest.starts_with(|c: char| c.is_alphanumeric()) {
                    return None;
                }
            }
            '.' | '?' | '!' | '。' | '？' | '，' if depth <= 0 => {
                // `Node.js:` is fine, the end of a sentence is not.
                let rest = &text[at + c.len_utf8()..];
                if c != '.' || rest.starts_with(char::is_whitespace) {
                    return None;
                }
            }
            '`' | '|' | '<' | '>' | '=' | '{' | '}' | '"' => return None,
            _ => {}
        }
    }
    None
}

fn has_label_shape(name: &str, inline: bool) -> bool {
    let bare = name.split(['(', '（']).next().unwrap_or(name).trim();
    let count = words(bare);
    let most = if inline { 5 } else { 6 };
    if bare.is_empty()
        || count > most
        || !starts_big(bare)
        || bare.starts_with(['"', '“', '‘', '(', '*'])
        || !bare.chars().any(char::is_alphabetic)
        || bare.contains([',', ';', '"', '“', '”', '\'', '’', '/'].as_slice()) && inline && count > 4
        || bare.contains([',', ';', '\''])
        || bare.contains("http")
        || bare.starts_with(|c: char| c.is_ascii_digit())
    {
        return false;
    }
    if is_wide(bare.chars().next().unwrap_or(' ')) {
        return bare.chars().count() <= 10;
    }
    let lower = bare.to_lowercase();
    let mut all = lower.split_whitespace();
    let first = all.next().unwrap_or_default();
    // `A pipe:` leads in, `A real example: ..` is a label.
    if !inline && matches!(first, "a" | "an" | "ein" | "eine") {
        return false;
    }
    !LEAD_IN.contains(&first.trim_end_matches("'s").trim_end_matches("’s"))
        && !all.any(|word| ["i", "we", "my", "our", "you", "your", "following", "below"].contains(&word))
}

/// The level that a text begins with, and the rest of the text.
///
/// Several levels (`Senior / Staff-Level`) count as the first of them.
pub(super) fn level(text: &str) -> Option<(&'static str, &str)> {
    const NAMES: [(&str, &str); 22] = [
        ("junior", "junior"),
        ("entry", "junior"),
        ("beginner", "junior"),
        ("basic", "junior"),
        ("easy", "junior"),
        ("einfach", "junior"),
        ("leicht", "junior"),
        ("简单", "junior"),
        ("初级", "junior"),
        ("intermediate", "intermediate"),
        ("medium", "intermediate"),
        ("mittel", "intermediate"),
        ("middle", "intermediate"),
        ("mid", "intermediate"),
        ("中级", "intermediate"),
        ("senior", "senior"),
        ("advanced", "senior"),
        ("hard", "senior"),
        ("schwer", "senior"),
        ("高级", "senior"),
        ("staff", "staff"),
        ("principal", "staff"),
    ];
    let mut found = None;
    let mut rest = text.trim_start();
    loop {
        let lower: String = rest.chars().take(16).flat_map(char::to_lowercase).collect();
        let Some((name, level)) = NAMES.iter().find(|(name, _)| lower.starts_with(name)) else {
            break;
        };
        let length: usize = rest.chars().take(name.chars().count()).map(char::len_utf8).sum();
        let mut after = &rest[length..];
        for suffix in ["-Level", "-level", " Level", " level"] {
            after = after.strip_prefix(suffix).unwrap_or(after);
        }
        // `Seniority` is another word; `SeniorWhat` is two words glued together.
        if after.starts_with(char::is_lowercase) {
            break;
        }
        found.get_or_insert(*level);
        rest = after;
        let joined = after.trim_start().strip_prefix(['/', '–', '-', '|']);
        match joined
            .or_else(|| after.strip_prefix(" to "))
            .or_else(|| after.strip_prefix(" or "))
        {
            Some(next) if level_word(next.trim_start()) => rest = next.trim_start(),
            _ => break,
        }
    }
    found.map(|level| (level, rest))
}

fn level_word(text: &str) -> bool {
    let lower: String = text.chars().take(12).flat_map(char::to_lowercase).collect();
    [
        "junior",
        "entry",
        "beginner",
        "easy",
        "intermediate",
        "medium",
        "mid",
        "senior",
        "advanced",
        "hard",
        "staff",
        "principal",
    ]
    .iter()
    .any(|name| lower.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, loose: bool, expected: Option<(&str, &str, Family)>) {
        let found = label(text, loose).map(|label| (label.name, label.rest, label.family));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms() {
        check("**TL;DR:**  yes", false, Some(("TL;DR", "yes", Family::Known)));
        check(
            "**Example (Flask):**",
            false,
            Some(("Example (Flask)", "", Family::Known)),
        );
        check("*What:* a", false, Some(("What", "a", Family::Known)));
        check(
            "**Rule of thumb**: so",
            false,
            Some(("Rule of thumb", "so", Family::Shape)),
        );
        check("A: yes", false, Some(("A", "yes", Family::Answer)));
        check("答案：对", false, Some(("答案", "对", Family::Answer)));
        check(
            "Answer:Where cooks",
            false,
            Some(("Answer", "Where cooks", Family::Answer)),
        );
        check("Action: I:", false, Some(("Action", "I:", Family::Known)));
        check(
            "Follow-up — Senior calibration: Why?",
            false,
            Some(("Follow-up — Senior calibration", "Why?", Family::FollowUp)),
        );
        check(
            "Follow-up Chain:",
            false,
            Some(("Follow-up Chain", "", Family::Chain)),
        );
        check("**bold** text", true, None);
    }

    #[test]
    fn shapes() {
        check(
            "Kitchen Layers:",
            true,
            Some(("Kitchen Layers", "", Family::Shape)),
        );
        check("Kitchen Layers:", false, None);
        check(
            "Key Parts & Remarks:",
            true,
            Some(("Key Parts & Remarks", "", Family::Shape)),
        );
        check("Here's a short way to do it:", true, None);
        check("The surest sign of a path kept well: can a", true, None);
        check("It runs. Then: so", true, None);
        check("https://example.org/a: b", true, None);
        check("In the report, the last page should list:", true, None);
    }

    #[test]
    fn levels() {
        assert_eq!(
            level("Senior / Staff-LevelWhat the"),
            Some(("senior", "What the"))
        );
        assert_eq!(level("Intermediate / Senior"), Some(("intermediate", "")));
        assert_eq!(level("SeniorWhat"), Some(("senior", "What")));
        assert_eq!(level("Seniority"), None);
        assert_eq!(level("Medium"), Some(("intermediate", "")));
    }
}
