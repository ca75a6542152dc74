//! Questions counted or set apart in ways that Markdown does not know: `(1)`, `IV.`, in nested lists, in quotes.

use super::label::{Family, label};
use super::ledger::Ledger;
use super::line::{Line, asks, dedent, heading, indent, marker, without_emphasis};
use super::paper::outside;
use super::question::{marked, reads_like_one};

/// Brings such questions into forms that the other stages know.
pub(super) fn to_markdown(lines: Vec<Line>, ledger: &mut Ledger) -> Vec<Line> {
    let lines = nested(lines);
    let lines = quoted(lines);
    let lines = lettered(counted(lines));
    ones(answers(star(lines, ledger)))
}

/// `R:` and `R1:`, as answers are marked in Romance languages, where nothing else marks them.
fn answers(mut lines: Vec<Line>) -> Vec<Line> {
    let free = outside(&lines);
    let answer = |text: &str| {
        let rest = text.strip_prefix('R')?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = rest[digits..].trim_start().strip_prefix(':')?;
        rest.starts_with(' ').then(|| rest.trim().to_owned())
    };
    let count = lines.iter().filter(|line| answer(&line.text).is_some()).count();
    let others = lines.iter().any(|line| {
        label(&line.text, false)
            .is_some_and(|label| label.family == Family::Answer || matches!(label.name, "S" | "T"))
    });
    if count < 2 || others {
        return lines;
    }
    for (line, _) in lines.iter_mut().zip(free).filter(|(_, free)| *free) {
        if let Some(rest) = answer(&line.text) {
            line.text = format!("Answer: {rest}");
        }
    }
    lines
}

/// Lists that say `1.` before every item, as Markdown lets them: the number that each item is shown with.
fn ones(mut lines: Vec<Line>) -> Vec<Line> {
    let free = outside(&lines);
    // Indentation and count of the lists that are open.
    let mut open: Vec<(usize, u64)> = Vec::new();
    for (line, free) in lines.iter_mut().zip(free) {
        if line.is_blank() {
            continue;
        }
        let columns = indent(&line.text);
        let text = line.text.trim_start();
        let one = free.then(|| text.strip_prefix("1. ")).flatten();
        open.retain(|(list, _)| columns > *list || columns == *list && one.is_some());
        let Some(rest) = one else {
            continue;
        };
        match open.last_mut() {
            Some((list, count)) if *list == columns => {
                *count += 1;
                line.text = format!("{}{count}. {rest}", &line.text[..line.text.len() - text.len()]);
            }
            _ => open.push((columns, 1)),
        }
    }
    lines
}

/// `S:`, `T:`, `A:`, `R:` below each other are situation, task, action and result, not a question's answer.
fn star(mut lines: Vec<Line>, ledger: &mut Ledger) -> Vec<Line> {
    const NAMES: [(&str, &str); 4] = [
        ("S:", "Situation:"),
        ("T:", "Task:"),
        ("A:", "Action:"),
        ("R:", "Result:"),
    ];
    const REACH: usize = 12;
    let free = outside(&lines);
    let others = lines
        .iter()
        .any(|line| marked(&line.text).is_some() || heading(&line.text).is_some());
    for at in 0..lines.len() {
        let mut found = Vec::new();
        let mut from = at;
        for (mark, name) in NAMES {
            let next = (from..lines.len().min(from + REACH))
                .find(|&next| free[next] && lines[next].text.trim_start_matches('*').starts_with(mark));
            let Some(next) = next.filter(|next| !found.is_empty() || *next == at) else {
                break;
            };
            found.push((next, mark, name));
            from = next + 1;
        }
        if found.len() < NAMES.len() {
            continue;
        }
        for (at, mark, name) in found {
            let line = &mut lines[at];
            ledger.repair(line.no, mark, name, "star");
            line.text = line.text.replacen(mark, name, 1);
        }
        // The line above is what was asked.
        let alone = at < 2 || lines[at - 2].is_blank();
        if at > 0 && !others && alone && reads_like_one(&lines[at - 1].text) && !asks(&lines[at - 1].text) {
            lines[at - 1].text = format!("Q: {}", lines[at - 1].text.trim());
        }
    }
    lines
}

/// Lines `a) ..`, `b) ..` below each other as items of a list, which they are.
fn lettered(mut lines: Vec<Line>) -> Vec<Line> {
    let free = outside(&lines);
    let letter = |line: &Line| {
        let mut chars = line.text.trim_start().chars();
        let letter = chars.next().filter(char::is_ascii_lowercase)?;
        (chars.next() == Some(')') && chars.next() == Some(' ')).then_some(letter as u8)
    };
    let mut at = 0;
    while at < lines.len() {
        let mut end = at;
        while end < lines.len()
            && free[end]
            && letter(&lines[end]).is_some_and(|found| usize::from(found - b'a') == end - at)
            && indent(&lines[end].text) == indent(&lines[at].text)
        {
            end += 1;
        }
        if end - at >= 2 {
            for line in &mut lines[at..end] {
                let text = line.text.trim_start();
                line.text = format!("{}- {text}", &line.text[..line.text.len() - text.len()]);
            }
        }
        at = end.max(at + 1);
    }
    lines
}

/// The question of a list item `- Q: text`.
fn item_question(text: &str) -> Option<&str> {
    let (_, rest) = marker(text.trim_start())?;
    marked(rest).filter(|found| !found.text.is_empty())?;
    Some(rest)
}

/// Lists whose inner items are `Q: ..`: outer items become sections, the inner ones questions.
fn nested(lines: Vec<Line>) -> Vec<Line> {
    let free = outside(&lines);
    let at: Vec<usize> = (0..lines.len())
        .filter(|&at| free[at] && item_question(&lines[at].text).is_some())
        .collect();
    let Some(columns) = at.iter().map(|&at| indent(&lines[at].text)).min() else {
        return lines;
    };
    let others = lines
        .iter()
        .zip(&free)
        .any(|(line, free)| *free && (marked(line.text.trim_start()).is_some() && indent(&line.text) == 0));
    let questions = lines
        .iter()
        .any(|line| heading(&line.text).is_some_and(|(_, text)| asks(text)));
    if columns < 2 || at.len() < 2 || others || questions {
        return lines;
    }
    let margin = lines
        .iter()
        .filter(|line| !line.is_blank() && indent(&line.text) > columns)
        .map(|line| indent(&line.text))
        .min()
        .unwrap_or(columns);
    let mut out = Vec::with_capacity(lines.len() + at.len() * 2);
    let mut inside = false;
    for (line, free) in lines.into_iter().zip(free) {
        let found = indent(&line.text);
        if free
            && found == columns
            && let Some(question) = item_question(&line.text)
        {
            out.push(Line::new(line.no, ""));
            out.push(Line::new(line.no, format!("**{}**", without_emphasis(question))));
            out.push(Line::new(line.no, ""));
            inside = true;
        } else if free
            && found < columns
            && let Some((_, title)) = marker(line.text.trim_start())
        {
            out.push(Line::new(line.no, ""));
            out.push(Line::new(line.no, format!("## {}", without_emphasis(title))));
            out.push(Line::new(line.no, ""));
            inside = false;
        } else if inside {
            out.push(Line::new(line.no, dedent(&line.text, margin)));
        } else {
            out.push(line);
        }
    }
    out
}

/// Questions in bold that are quotes: `> **What is it?**`.
fn quoted(mut lines: Vec<Line>) -> Vec<Line> {
    let question = |line: &Line| {
        let inner = line.text.strip_prefix('>')?.trim();
        let bare = without_emphasis(inner);
        (bare.len() < inner.len() && asks(bare)).then(|| inner.to_owned())
    };
    let blank = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_none_or(Line::is_blank);
    let free = outside(&lines);
    let at: Vec<usize> = (0..lines.len())
        .filter(|&at| free[at] && question(&lines[at]).is_some())
        .filter(|&at| blank(at.checked_sub(1)) && blank(Some(at + 1)))
        .collect();
    let others = lines.iter().any(|line| {
        marked(&line.text).is_some() || heading(&line.text).is_some_and(|(_, text)| reads_like_one(text))
    });
    if at.len() < 2 || others {
        return lines;
    }
    for at in at {
        if let Some(text) = question(&lines[at]) {
            lines[at].text = text;
        }
    }
    lines
}

/// `(1) What ..` and `IV. What ..` as `1. What ..`, where lines count so from one and most read like questions.
fn counted(mut lines: Vec<Line>) -> Vec<Line> {
    for count in [parenthesized, roman] {
        let free = outside(&lines);
        let mut found: Vec<(usize, u64, String)> = Vec::new();
        for (at, line) in lines.iter().enumerate().filter(|(at, _)| free[*at]) {
            let emphasis = if line.text.starts_with("**") { "**" } else { "" };
            if let Some((value, rest)) = count(&line.text[emphasis.len()..])
                && (value == found.last().map_or(0, |(_, last, _)| *last) + 1 || value == 1)
            {
                found.push((at, value, format!("{emphasis}{value}. {rest}")));
            }
        }
        let reading = found
            .iter()
            .filter(|(at, ..)| {
                count(lines[*at].text.trim_start_matches('*')).is_some_and(|(_, rest)| reads_like_one(rest))
            })
            .count();
        if found.len() < 2 || reading * 3 < found.len() * 2 {
            continue;
        }
        for (at, _, text) in found {
            lines[at].text = text;
        }
    }
    lines
}

/// `(12) text`.
fn parenthesized(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.strip_prefix('(')?.split_once(") ")?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| is_number)?, rest.trim()))
}

/// `XIV. text`.
fn roman(text: &str) -> Option<(u64, &str)> {
    let (letters, rest) = text.split_once(['.', ')'])?;
    let rest = rest.strip_prefix(' ')?;
    if letters.is_empty() || letters.len() > 7 {
        return None;
    }
    let values: Option<Vec<u64>> = letters
        .chars()
        .map(|c| match c {
            'I' => Some(1),
            'V' => Some(5),
            'X' => Some(10),
            'L' => Some(50),
            _ => None,
        })
        .collect();
    let values = values?;
    // A smaller letter before a larger one is taken off.
    let less: u64 = values
        .windows(2)
        .filter(|pair| pair[0] < pair[1])
        .map(|pair| pair[0])
        .sum();
    let sum: u64 = values.iter().sum();
    Some((sum.checked_sub(2 * less)?, rest.trim()))
}
