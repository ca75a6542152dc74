//! Running text: amounts typeset as formulas, blocks glued to each other, dashes, lists within a line, page frames.

use super::label;
use super::ledger::Ledger;
use super::line::{Line, asks, closes, fence, marker, number, starts_big, words};

/// Lines of page frames and of chat programs, in lower case.
const FRAME: [&str; 34] = [
    "skip to main content",
    "skip to content",
    "documentation index",
    "use this file to discover all available pages before exploring further.",
    "on this page",
    "table of contents",
    "was this page helpful?",
    "copy",
    "copy code",
    "copy page",
    "copy link",
    "edit this page",
    "edit on github",
    "view page source",
    "suggest edits",
    "raise issue",
    "previous",
    "next",
    "previous page",
    "next page",
    "back to top",
    "share",
    "print",
    "search...",
    "toggle navigation",
    "accept all cookies",
    "accept cookies",
    "sign in",
    "sign up",
    "log in",
    "subscribe",
    "all rights reserved.",
    "advertisement",
    "yes no",
];

/// How remarks of the text's author about the text begin, in lower case.
const REMARKS: [&str; 22] = [
    "these answers are now",
    "these answers are",
    "let me know if",
    "let me know whether",
    "i hope this helps",
    "hope this helps",
    "feel free to",
    "would you like me to",
    "do you want me to",
    "if you want, i can",
    "if you'd like, i can",
    "if you’d like, i can",
    "good luck with your interview",
    "good luck!",
    "sure! here",
    "sure, here",
    "certainly! here",
    "certainly, here",
    "of course! here",
    "absolutely! here",
    "here is the formatted",
    "ich hoffe, das hilft",
];

/// Takes page frames off both ends, and remarks about the text itself.
pub(super) fn without_frame(lines: Vec<Line>, ledger: &mut Ledger) -> Vec<Line> {
    const REACH: usize = 15;
    let filled: Vec<usize> = (0..lines.len()).filter(|&at| !lines[at].is_blank()).collect();
    let head = filled.get(REACH).copied().unwrap_or(lines.len());
    let tail = filled
        .len()
        .checked_sub(REACH)
        .and_then(|at| filled.get(at))
        .copied()
        .unwrap_or(0);
    let (first, last) = (filled.first().copied(), filled.last().copied());
    let mut kept = Vec::with_capacity(lines.len());
    let mut open: Option<(char, usize)> = None;
    for (at, line) in lines.into_iter().enumerate() {
        match (open, fence(&line.text)) {
            (Some((mark, length)), _) if closes(&line.text, mark, length) => open = None,
            (None, Some((mark, length, _))) => open = Some((mark, length)),
            _ => {}
        }
        let why = if open.is_some() {
            None
        } else if is_way_up(&line.text) || is_page_number(&line.text) {
            Some("boilerplate")
        } else if at < head || at >= tail {
            unwanted(&line.text, Some(at) == first, Some(at) == last)
        } else {
            None
        };
        match why {
            Some(why) => {
                ledger.drop(line.no, line.text.trim(), why);
                // The gap stays, so that what stood apart still does.
                kept.push(Line::new(line.no, ""));
            }
            None => kept.push(line),
        }
    }
    kept
}

/// A link to the top of the page, as long pages have below every answer.
fn is_way_up(text: &str) -> bool {
    let text = text.trim();
    text.len() < 120 && text.contains("](#") && text.to_lowercase().contains("back to top")
}

/// `Page 3 of 12`, as printed on every page.
fn is_page_number(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let rest = lower
        .strip_prefix("page ")
        .or_else(|| lower.strip_prefix("seite "));
    let counts = rest.map(|rest| {
        rest.split([' ', '/'])
            .filter(|word| !matches!(*word, "of" | "von" | ""))
    });
    counts.is_some_and(|mut counts| {
        let number =
            |word: Option<&str>| word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        number(counts.next()) && number(counts.next()) && counts.next().is_none()
    })
}

fn unwanted(text: &str, first: bool, last: bool) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    if lower.is_empty() {
        return None;
    }
    let pages = lower.contains("llms.txt") && lower.contains("http");
    let count =
        lower.starts_with("page ") && lower.len() < 20 && lower.contains(|c: char| c.is_ascii_digit());
    let rights = lower.starts_with("© ") || lower.starts_with("copyright ©");
    if FRAME.contains(&lower.as_str()) || pages || count || rights {
        return Some("boilerplate");
    }
    let points = lower.starts_with(['👉', '👍', '✅', '🚀', '💡', '🎯', '📌', '✨']) && last;
    let remark = REMARKS.iter().any(|start| lower.starts_with(start));
    (points || remark && (first || last)).then_some("remark")
}

/// Puts together amounts that were typeset as formulas: the text between two dollar signs stands there twice, once
/// squeezed and once as written.
pub(super) fn money(no: usize, text: &str, ledger: &mut Ledger) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut at = 0;
    let mut run_end = 0;
    // Bounded work a character, whatever the text is made of.
    let mut budget = chars.len() * 64;
    while at < chars.len() {
        if at >= run_end {
            run_end = at + chars[at..].iter().take_while(|c| !c.is_whitespace()).count();
        }
        if let Some((squeezed, written)) = doubled(&chars, at, run_end, &mut budget) {
            let from: String = chars[at..at + squeezed + written].iter().collect();
            let plain: String = chars[at + squeezed..at + squeezed + written].iter().collect();
            let sign = if out.ends_with('$') { "" } else { "$" };
            let to = format!("{sign}{plain}$");
            ledger.repair(no, from, to.clone(), "doubled-money");
            out.push_str(&to);
            changed = true;
            at += squeezed + written;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    changed.then_some(out)
}

/// Whether a doubled amount begins here: the lengths of its squeezed and its written form.
fn doubled(chars: &[char], at: usize, run_end: usize, budget: &mut usize) -> Option<(usize, usize)> {
    const LONGEST: usize = 400;
    if *budget == 0 || !(chars[at].is_ascii_digit() || chars[at] == '~') || run_end > at + LONGEST {
        return None;
    }
    // An amount does not begin within a word or a number.
    let inside = at.checked_sub(1).is_some_and(|before| {
        chars[before].is_alphanumeric() && !chars[at].is_ascii_digit() || chars[before] == '.'
    });
    if inside {
        return None;
    }
    let first = chars[at];
    let digits = chars[at..run_end]
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    *budget = budget.saturating_sub(run_end - at);
    // A `~` at the end of the formula came out as a space.
    let spaced = (chars.get(run_end) == Some(&' ')).then_some(run_end + 1);
    (at + digits.max(1)..run_end)
        .chain(spaced.filter(|middle| *middle < chars.len()))
        .filter(|&middle| chars[middle] == first || first == '~' && chars[middle] == '~')
        .find_map(|middle| {
            let whole = &chars[at..middle];
            let squeezed = whole.strip_suffix(&[' ']).unwrap_or(whole);
            *budget = budget.saturating_sub(squeezed.len());
            if *budget == 0 || squeezed.iter().all(char::is_ascii_digit) || squeezed.len() < 2 {
                return None;
            }
            let written = written_length(squeezed, &chars[middle..])?;
            Some((whole.len(), written))
        })
}

/// How much of a text is the written form of a squeezed one: equal once white space, `*`, `-` and `~` are gone.
fn written_length(squeezed: &[char], rest: &[char]) -> Option<usize> {
    let gone = |c: char| c.is_whitespace() || matches!(c, '*' | '-' | '~');
    let wanted: Vec<char> = squeezed.iter().copied().filter(|c| *c != '~').collect();
    let mut matched = 0;
    let mut removed = 0;
    for (at, &c) in rest.iter().enumerate() {
        if matched < wanted.len() && c == wanted[matched] {
            matched += 1;
        } else if gone(c) {
            removed += 1;
        } else {
            return None;
        }
        if matched == wanted.len() {
            // The gap before the next amount belongs to the doubled text.
            let mut end = at + 1;
            let mut tail = 0;
            while rest.get(end).is_some_and(|c| gone(*c)) {
                tail += usize::from(!rest[end].is_whitespace());
                end += 1;
            }
            // What was cut at a per cent sign goes on up to the next amount.
            if rest.get(end) == Some(&'%') {
                return next_amount(rest, end);
            }
            let follows = rest
                .get(end)
                .is_some_and(|c| c.is_ascii_digit() || *c == '(' || *c == '~');
            let plain = removed > 0 || tail > 0 || end > at + 1;
            return (plain && follows).then_some(end);
        }
    }
    None
}

/// Where the next amount begins: a digit at the start of a word, in the same sentence.
fn next_amount(rest: &[char], from: usize) -> Option<usize> {
    const FAR: usize = 160;
    (from + 1..rest.len().min(from + FAR))
        .take_while(|&at| !matches!(rest[at], '.' | '?' | '!'))
        .find(|&at| rest[at].is_ascii_digit() && matches!(rest[at - 1], ' ' | '~' | '('))
}

/// Whether blocks were glued together in this text: the end of a sentence meets a capital, again and again.
pub(super) fn is_glued(lines: &[Line]) -> bool {
    let mut places = 0;
    for line in lines {
        if line.text.starts_with([' ', '\t']) || line.text.contains('`') {
            continue;
        }
        places += seams(&line.text).len();
        if places >= 3 {
            return true;
        }
    }
    false
}

/// Byte offsets at which two blocks meet without white space.
fn seams(text: &str) -> Vec<usize> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut seams = Vec::new();
    for at in 2..chars.len() {
        let (offset, next) = chars[at];
        let end = chars[at - 1].1;
        if !matches!(end, '.' | '?' | '!' | ':' | ')' | '”' | '’') {
            continue;
        }
        let before = chars[at - 2].1;
        let closed =
            before.is_alphanumeric() || matches!(before, '”' | '’' | '"' | ')' | ']' | '%' | '.' | '?' | '!');
        let numbered = end == ':'
            && next.is_ascii_digit()
            && number(&text[offset..]).is_some_and(|(_, rest)| starts_big(rest));
        if !closed || !(next.is_uppercase() || matches!(next, '“' | '‘') || numbered) {
            continue;
        }
        if end == '.' && is_dotted_name(&chars, at)
            || end == '’' && before.is_alphanumeric() && !is_sentence(&text[offset..])
        {
            continue;
        }
        seams.push(offset);
    }
    seams
}

/// Whether a dot stands within a name: `U.S.`, `Node.JS`, `java.util.List`, `a.B(`.
fn is_dotted_name(chars: &[(usize, char)], at: usize) -> bool {
    let left = chars[..at - 1]
        .iter()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || *c == '_')
        .count();
    let before = (at - 1).checked_sub(left + 1).map(|at| chars[at].1);
    let right: String = chars[at..]
        .iter()
        .map(|(_, c)| *c)
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let after = chars.get(at + right.chars().count()).map(|(_, c)| *c);
    let after_next = chars.get(at + right.chars().count() + 1).map(|(_, c)| *c);
    let initials = left == 1 && chars[at - 2].1.is_uppercase();
    let code = matches!(after, Some('(' | '_'))
        || after == Some('.') && after_next.is_some_and(char::is_alphanumeric)
        || matches!(before, Some('.' | '/' | '_' | ':' | '@'));
    let acronym =
        right.chars().count() > 1 && right.chars().all(char::is_uppercase) && right.chars().count() <= 3;
    let capital = left > 0 && chars[at - 1 - left].1.is_uppercase();
    initials || code || acronym && (capital || !matches!(after, Some(':' | ' ')))
}

fn is_sentence(text: &str) -> bool {
    words(text) >= 3
}

/// Takes a line apart where blocks were glued together.
///
/// A label that is known by name is cut off wherever it stands; other seams count only with `all`, in a text that is
/// glued throughout.
pub(super) fn unglue(line: Line, all: bool, ledger: &mut Ledger) -> Vec<Line> {
    let mut seams = seams(&line.text);
    seams.retain(|&seam| {
        all || label::label(&line.text[seam..], false).is_some_and(|label| label.name.chars().count() > 1)
    });
    if seams.is_empty() {
        return vec![line];
    }
    let mut pieces = Vec::with_capacity(seams.len() + 1);
    let mut start = 0;
    for seam in seams {
        let from: String = line.text[..seam]
            .chars()
            .rev()
            .take(12)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let to: String = line.text[seam..].chars().take(12).collect();
        ledger.repair(
            line.no,
            format!("{from}{to}"),
            format!("{from}\n\n{to}"),
            "glued-blocks",
        );
        pieces.push(Line::new(line.no, line.text[start..seam].trim()));
        start = seam;
    }
    pieces.push(Line::new(line.no, line.text[start..].trim()));
    pieces
}

/// Three hyphens between spaces are a dash.
pub(super) fn dashes(no: usize, text: &str, ledger: &mut Ledger) -> Option<String> {
    let count = if text.contains('-') {
        text.matches(" --- ").count()
    } else {
        0
    };
    if count == 0 || text.trim_start().starts_with('|') {
        return None;
    }
    for _ in 0..count {
        ledger.repair(no, " --- ", " — ", "dash");
    }
    Some(text.replace(" --- ", " — "))
}

/// Takes a line apart that holds an ascending run of numbered texts, with what stands before it.
///
/// `1. **A** .. 2. **B** ..` and `4. What ..? 5. How ..?` are such runs; `(1) .. (2) ..` stays prose.
pub(super) fn inline_run(line: &Line) -> Option<Vec<Line>> {
    let text = &line.text;
    let mut starts: Vec<(u64, usize)> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let free = at == 0 || bytes[at - 1] == b' ' || bytes[at - 1] == b':';
        if bytes[at].is_ascii_digit() && free {
            let wanted = starts.last().map(|(last, _)| last + 1);
            if let Some((value, rest)) = number(&text[at..])
                && wanted.is_none_or(|wanted| wanted == value)
                && (rest.starts_with("**") || starts_big(rest))
                && (at == 0 || ends_run(&text[..at], rest))
            {
                starts.push((value, at));
            }
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
        } else {
            at += 1;
        }
    }
    let bold = starts
        .iter()
        .filter(|(_, at)| number(&text[*at..]).is_some_and(|(_, rest)| rest.starts_with("**")))
        .count();
    let asking = text.matches(['?', '？']).count() >= starts.len();
    let from_one = starts.first().is_some_and(|(value, _)| *value == 1);
    if starts.len() < 2 || !(bold == starts.len() && from_one || asking && starts.len() >= 3) {
        return None;
    }
    let mut pieces = Vec::with_capacity(starts.len() * 2);
    let lead = text[..starts[0].1].trim();
    if !lead.is_empty() {
        pieces.push(Line::new(line.no, lead));
    }
    for (index, (_, from)) in starts.iter().enumerate() {
        let to = starts.get(index + 1).map_or(text.len(), |(_, at)| *at);
        let piece = text[*from..to].trim();
        // The label of the next group stands glued behind the last question of this one.
        let group = piece.ends_with(':').then(|| piece.rfind(['?', '？'])).flatten();
        match group {
            Some(end) if asks(&piece[..=end]) => {
                let end = end + piece[end..].chars().next().map_or(1, char::len_utf8);
                pieces.push(Line::new(line.no, &piece[..end]));
                pieces.push(Line::new(line.no, piece[end..].trim()));
            }
            _ => pieces.push(Line::new(line.no, piece)),
        }
    }
    Some(pieces)
}

/// Whether the text before a number of a run ends something.
fn ends_run(before: &str, rest: &str) -> bool {
    rest.starts_with("**") || before.trim_end().ends_with(['?', '？', ':', '.', '”', ')'])
}

/// Takes a line apart behind a level that is glued to the next label: `SeniorWhat the interviewer ..`.
pub(super) fn after_level(line: &Line) -> Option<(Line, Line)> {
    let found = label::label(&line.text, false)?;
    if found.family != label::Family::Difficulty {
        return None;
    }
    let (_, rest) = label::level(found.rest)?;
    let glued = rest.starts_with(char::is_uppercase);
    let spaced = rest.trim_start();
    let labelled = label::label(spaced, true).is_some() && marker(spaced).is_none();
    if spaced.is_empty() || !(glued || labelled) {
        return None;
    }
    let cut = line.text.len() - spaced.len();
    Some((
        Line::new(line.no, line.text[..cut].trim_end()),
        Line::new(line.no, spaced),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn doubled_amounts() {
        let check = |text: &str, expected: Option<&str>| {
            let found = money(1, text, &mut Ledger::default());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check(
            "pays 30K/yearfortools.At30K/year for tools. At 80/hour it is 5",
            Some("pays $30K/year for tools. At $80/hour it is 5"),
        );
        check("at 5K+about1520%5K + about 15-20% more = ~9K.", None);
        check(
            "about 5K+at15205K + at 15-20% more = ~9K.",
            Some("about $5K + at 15-20% more = ~$9K."),
        );
        check(
            "(150K/yearall)= 150K/year all) = ~540K",
            Some("($150K/year all) = ~$540K"),
        );
        check("11 and 22 are numbers, 2020 too", None);
        check("room 1001 is open", None);
        check(
            "from 45K/monthto45K/month to 130K/month",
            Some("from $45K/month to $130K/month"),
        );
    }

    #[test]
    fn seams_are_found_and_names_are_not() {
        let check = |text: &str, expected: &[&str]| {
            let found = unglue(Line::new(1, text), true, &mut Ledger::default());
            assert_eq!(pieces(found), expected);
        };
        check("It works.What changes: all", &["It works.", "What changes: all"]);
        check("Five areas:1. Use it", &["Five areas:", "1. Use it"]);
        check("Is it so?”Then go", &["Is it so?”", "Then go"]);
        check(
            "The U.S. market and Node.JS and java.util.List(x)",
            &["The U.S. market and Node.JS and java.util.List(x)"],
        );
        check("at 10:30 or a:b", &["at 10:30 or a:b"]);
    }

    #[test]
    fn known_labels_are_cut_off_anywhere() {
        let text = "Why is it so?Answer: Because.It is.";
        let found = unglue(Line::new(1, text), false, &mut Ledger::default());
        assert_eq!(pieces(found), ["Why is it so?", "Answer: Because.It is."]);
    }

    #[test]
    fn runs_within_a_line() {
        let run = |text: &str| inline_run(&Line::new(1, text)).map(pieces);
        assert_eq!(
            run("1. **Fast** a 2. **Safe** b"),
            Some(vec!["1. **Fast** a".to_owned(), "2. **Safe** b".to_owned()])
        );
        assert_eq!(
            run("Data: 4. What is a? 5. How is b?More: 6. Why is c?"),
            Some(
                ["Data:", "4. What is a?", "5. How is b?", "More:", "6. Why is c?"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
        assert_eq!(run("either (1) this or (2) that"), None);
        assert_eq!(run("version 1. It was followed by 2. They differ."), None);
    }

    #[test]
    fn frames_and_remarks() {
        assert!(is_page_number("Page 3 of 12") && is_page_number("Seite 3/12") && !is_page_number("Page 3"));
        let lines = ["Skip to main content", "Text", "", "I hope this helps!"];
        let lines = lines
            .iter()
            .enumerate()
            .map(|(at, text)| Line::new(at + 1, *text))
            .collect();
        let mut ledger = Ledger::default();
        assert_eq!(pieces(without_frame(lines, &mut ledger)), ["", "Text", "", ""]);
        let why: Vec<_> = ledger.dropped.iter().map(|dropped| dropped.why).collect();
        assert_eq!(why, ["boilerplate", "remark"]);
    }

    #[test]
    fn a_level_glued_to_a_label() {
        let (level, rest) =
            after_level(&Line::new(1, "Difficulty: Senior / Staff-LevelWhat they test: x")).unwrap();
        assert_eq!(level.text, "Difficulty: Senior / Staff-Level");
        assert_eq!(rest.text, "What they test: x");
    }
}
