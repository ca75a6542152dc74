//! Questions: lines that say they are one, and texts that read like one.

use super::line::{asks, ends_sentence, number, starts_big, without_emphasis, without_picture, words};

/// A line that is marked as a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marked<'a> {
    pub(super) number: Option<u64>,
    /// The question; empty where only `Question 3` stands there and the text follows.
    pub(super) text: &'a str,
}

/// Words that mark a question, longest first where one begins another; in lower case.
const MARKS: [&str; 32] = [
    "ques",
    "que",
    "interviewer",
    "interview question",
    "interviewfrage",
    "the question",
    "question",
    "q",
    "frage",
    "pregunta",
    "domanda",
    "pergunta",
    "vraag",
    "pytanie",
    "fråga",
    "вопрос",
    "面试问题",
    "面试题",
    "问题",
    "題目",
    "题目",
    "問題",
    "質問",
    "题",
    "问",
    "問",
    "질문",
    "soru",
    "السؤال",
    "سؤال",
    "س",
    "f",
];

/// The question that a line is marked as.
pub(super) fn marked(text: &str) -> Option<Marked<'_>> {
    let text = without_emphasis(without_picture(text.trim()));
    let core = text.trim_start_matches(['*', '_']);
    // `question 1` within a sentence is not written with a capital.
    if core.starts_with(char::is_lowercase) && core.starts_with(|c: char| c.is_ascii()) {
        return None;
    }
    if let Some(found) = dotted(core) {
        return Some(found);
    }
    // Most lines begin with a letter that no mark begins with.
    if core.starts_with(|c: char| c.is_ascii() && !"IiTtQqFfPpDdVvSs".contains(c)) {
        return None;
    }
    let (mark, after) = MARKS
        .iter()
        .find_map(|mark| Some((*mark, strip_mark(core, mark)?)))?;
    // `Q.1 What ..`
    let after = after
        .strip_prefix('.')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(after);
    let after = after.trim_start();
    let after = ["#", "№", "n°", "n.º", "nº", "Nr.", "No.", "no."]
        .iter()
        .find_map(|count| after.strip_prefix(count))
        .map_or(after, str::trim_start);
    let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: Option<u64> = after[..digits].parse().ok();
    if digits > 4 || digits > 0 && number.is_none() {
        return None;
    }
    let rest = after[digits..].trim_start_matches(['*', '_']);
    let spaced = rest.trim_start();
    let colon = spaced.strip_prefix([':', '：']);
    let other = spaced
        .strip_prefix(['.', ')', '-', '–', '—', '、', '．', '|'])
        .filter(|_| number.is_some());
    // `Q - What is it?`; `Q1.` alone on its line.
    let dashed = (mark == "q" && number.is_none())
        .then(|| spaced.strip_prefix("- ").or_else(|| spaced.strip_prefix("– ")))
        .flatten()
        .filter(|rest| reads_like_one(rest));
    let alone = number.is_some() && mark.len() == 1 && matches!(spaced, "." | ":" | ")");
    let body = match (colon, other) {
        _ if alone => return Some(Marked { number, text: "" }),
        _ if dashed.is_some() => dashed.unwrap_or_default(),
        (Some(body), _) | (None, Some(body)) => body,
        // `Q3 What is it?`, and `Question 3` alone on its line.
        // `Q. What is it?`
        (None, None) if mark == "q" && spaced.starts_with(". ") && asks(spaced) => &spaced[2..],
        (None, None)
            if number.is_some()
                && (spaced.is_empty() && mark.len() > 1 || asks(spaced) && rest != spaced) =>
        {
            spaced
        }
        (None, None) => return None,
    };
    // `F:` is German shorthand; a letter alone is too little without a question behind it.
    if mark == "f" && !asks(body) {
        return None;
    }
    let body = clean(body);
    if body.is_empty() && mark.len() == 1 {
        return None;
    }
    Some(Marked { number, text: body })
}

/// `2.3 What is it?`: counted within a section.
fn dotted(text: &str) -> Option<Marked<'_>> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (count, rest) = text.split_once(' ')?;
    let parts = count.trim_end_matches(['.', ')']).split('.');
    let numbers: Option<Vec<u64>> = parts
        .map(|part| part.parse().ok().filter(|_| part.len() <= 3))
        .collect();
    let numbers = numbers.filter(|numbers| (2..=4).contains(&numbers.len()))?;
    let rest = clean(rest);
    (starts_big(rest) && reads_like_one(rest)).then(|| Marked {
        number: numbers.last().copied(),
        text: rest,
    })
}

/// The text behind a mark, if a text begins with that word.
fn strip_mark<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in mark.chars() {
        let c = rest.next()?;
        if c != wanted && !c.to_lowercase().eq(std::iter::once(wanted)) {
            return None;
        }
    }
    let rest = rest.as_str();
    let ascii = mark.is_ascii();
    (!(ascii && rest.starts_with(char::is_alphabetic))).then_some(rest)
}

/// The text without the marks left over from emphasis, and without quotation marks around all of it.
pub(super) fn clean(text: &str) -> &str {
    let mut text = text.trim().trim_start_matches("**").trim();
    if text.matches("**").count() % 2 == 1 {
        text = text.strip_suffix("**").unwrap_or(text).trim_end();
    }
    let text = without_emphasis(text);
    for (open, close) in [('“', '”'), ('"', '"'), ('„', '“'), ('«', '»'), ('「', '」')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
            && !inner.contains([open, close])
        {
            return inner.trim();
        }
    }
    text
}

/// Whether a text reads like a question or task: it ends in a question mark or begins as one does.
pub(super) fn reads_like_one(text: &str) -> bool {
    const STARTS: [&str; 56] = [
        "what",
        "how",
        "why",
        "when",
        "where",
        "which",
        "who",
        "can",
        "could",
        "do",
        "does",
        "did",
        "is",
        "are",
        "should",
        "would",
        "will",
        "have",
        "explain",
        "describe",
        "design",
        "implement",
        "write",
        "compare",
        "tell",
        "walk",
        "give",
        "given",
        "define",
        "list",
        "discuss",
        "name",
        "build",
        "create",
        "show",
        "find",
        "create",
        "develop",
        "outline",
        "was",
        "wie",
        "warum",
        "wann",
        "wo",
        "welche",
        "welcher",
        "welches",
        "erkläre",
        "erklären",
        "beschreibe",
        "beschreiben",
        "nenne",
        "nennen",
        "qué",
        "cómo",
        "explica",
    ];
    let text = clean(text);
    if asks(text) {
        return true;
    }
    if text.starts_with("什么")
        || text.starts_with("如何")
        || text.starts_with("为什么")
        || text.starts_with("请")
    {
        return true;
    }
    let first: String = text
        .chars()
        .take_while(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect();
    STARTS.contains(&first.as_str()) && words(text) >= 2
}

/// Whether a section's title says that its items are questions without answers.
pub(super) fn is_exercise_section(title: &str) -> bool {
    let lower = title.to_lowercase();
    [
        "challenge",
        "exercise",
        "practice",
        "quick reference",
        "question bank",
        "questions to ask",
        "practise",
        "übung",
        "aufgabe",
        "ejercicio",
        "练习",
        "homework",
        "rapid fire",
        "additional questions",
        "more questions",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// A question's text without emphasis, quotation marks or a stray colon around it.
pub(super) fn clean_question(text: &str) -> &str {
    let text = text.trim();
    // The box of a task list.
    let text = ["[ ] ", "[x] ", "[X] "]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text);
    let text = clean(text);
    text.strip_suffix(':').filter(|rest| asks(rest)).unwrap_or(text)
}

/// `Why? Answer: Because.` taken apart.
pub(super) fn split_answer(text: &str) -> Option<(String, String)> {
    const WORDS: [&str; 8] = [
        "Answer:",
        "A:",
        "**Answer:**",
        "**A:**",
        "Ans:",
        "Antwort:",
        "答：",
        "答案：",
    ];
    text.match_indices(['?', '？']).find_map(|(at, mark)| {
        let after = &text[at + mark.len()..];
        let rest = after.trim_start_matches('*');
        // `**Why?** **A:** ..`: the marks behind the question close it, those before the answer open it.
        let rest = [after, rest]
            .into_iter()
            .map(str::trim_start)
            .find(|rest| WORDS.iter().any(|word| rest.starts_with(word)))?;
        let cut = text.len() - rest.len();
        Some((text[..cut].trim().to_owned(), rest.trim().to_owned()))
    })
}

/// `Why? Because it is so.`: a question and its answer in one line.
pub(super) fn answered_in_line(text: &str) -> Option<(&str, &str)> {
    let mark = text.rfind(['?', '？'])?;
    let end = mark + text[mark..].chars().next().map_or(1, char::len_utf8);
    let rest = text[end..].trim();
    let answers =
        rest.chars().count() > 1 && starts_big(rest) && ends_sentence(rest) && !reads_like_one(rest);
    answers.then(|| (text[..end].trim(), rest))
}

/// The number of a title (`3.`, `3)`, `2.1`, `2.1.`) and the text behind it.
pub(super) fn numbered_title(text: &str) -> (Option<u64>, &str) {
    let text = text.trim();
    if let Some((value, rest)) = number(text) {
        return (Some(value), rest);
    }
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
    let (count, rest) = text.split_at(digits);
    if count.contains('.')
        && count.starts_with(|c: char| c.is_ascii_digit())
        && rest.starts_with(' ')
        && starts_big(rest.trim())
    {
        let last = count.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        return (last.parse().ok(), rest.trim());
    }
    (None, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(Option<u64>, &str)>) {
        assert_eq!(
            marked(text).map(|marked| (marked.number, marked.text)),
            expected,
            "{text}"
        );
    }

    #[test]
    fn marks() {
        check("**Q: When?**", Some((None, "When?")));
        check("**Q1:** What is it?", Some((Some(1), "What is it?")));
        check("Q12. Explain it", Some((Some(12), "Explain it")));
        check("Q3) Why?", Some((Some(3), "Why?")));
        check("Q3 Why?", Some((Some(3), "Why?")));
        check("Interview question 3: Why?", Some((Some(3), "Why?")));
        check("Interview Question 3", Some((Some(3), "")));
        check("The Question: “Would you?”", Some((None, "Would you?")));
        check("Frage 2: Was ist das?", Some((Some(2), "Was ist das?")));
        check("问题1：什么是闭包？", Some((Some(1), "什么是闭包？")));
        check("问：什么是闭包？", Some((None, "什么是闭包？")));
        check("Q.4 Why?", Some((Some(4), "Why?")));
        check("Question 1 : Pourquoi ?", Some((Some(1), "Pourquoi ?")));
        check("Question n° 2 : Pourquoi ?", Some((Some(2), "Pourquoi ?")));
        check("Q7.", Some((Some(7), "")));
        check("Q - What is it?", Some((None, "What is it?")));
        check("Q - quality", None);
        check("س2: ما الفرق؟", Some((Some(2), "ما الفرق؟")));
        check("Queue: first in", None);
        check("Q3 revenue grew.", None);
        check("Questions and answers", None);
        check("question 1: lower case", None);
        check("Quality: good", None);
    }

    #[test]
    fn readings() {
        assert!(reads_like_one("Describe it"));
        assert!(reads_like_one("What is **it**?"));
        assert!(reads_like_one("Was ist das?"));
        assert!(!reads_like_one("Golden Paths"));
    }
}
