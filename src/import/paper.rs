//! What paper leaves behind in text: heads and feet of pages, tables of contents with page numbers, words broken at the
//! end of a line.

use std::collections::{BTreeMap, HashSet};

use super::ledger::Ledger;
use super::line::{Line, closes, fence};

/// Takes all of it off.
pub(super) fn without_paper(mut lines: Vec<Line>, ledger: &mut Ledger) -> Vec<Line> {
    let free = outside(&lines);
    page_heads(&mut lines, &free, ledger);
    contents(&mut lines, &free, ledger);
    hyphens(&mut lines, &free, ledger);
    lines
}

/// Whether each line is outside of fences.
pub(super) fn outside(lines: &[Line]) -> Vec<bool> {
    let mut open: Option<(char, usize)> = None;
    lines
        .iter()
        .map(|line| match (open, fence(&line.text)) {
            (Some((mark, length)), _) => {
                if closes(&line.text, mark, length) {
                    open = None;
                }
                false
            }
            (None, Some((mark, length, _))) => {
                open = Some((mark, length));
                false
            }
            (None, None) => true,
        })
        .collect()
}

/// The text of a page's head or foot without the number of the page: `Title   Page 3`, `Title | 3`, `3   Title`.
fn page_head(text: &str) -> Option<(&str, u64)> {
    let text = text.trim();
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (before, number) = text.split_at(text.len() - digits);
    if let Ok(number) = number.parse() {
        let lead = before.trim_end();
        let word = ["Page", "page", "PAGE", "Seite", "Página", "página", "p."]
            .iter()
            .find_map(|word| lead.strip_suffix(word))
            .filter(|rest| rest.is_empty() || rest.ends_with([' ', '|', '-', '–', '—', '·']));
        let far = (before.ends_with("   ") || before.ends_with('\t')).then_some(lead);
        let title = word.or(far)?;
        let title = title.trim_end_matches([' ', '|', '-', '–', '—', '·', '\t']);
        return (!title.is_empty() && digits <= 4 && !title.ends_with("..")).then_some((title, number));
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    let title = rest.strip_prefix("   ")?.trim();
    (digits <= 4).then_some((title, number.parse().ok()?))
}

fn page_heads(lines: &mut [Line], free: &[bool], ledger: &mut Ledger) {
    let mut pages: BTreeMap<String, Vec<(usize, u64)>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(at, _)| free[*at]) {
        if let Some((title, number)) = page_head(&line.text) {
            pages.entry(title.to_owned()).or_default().push((at, number));
        }
    }
    let first = lines.iter().position(|line| !line.is_blank());
    // How many lines up to each one hold text.
    let filled: Vec<usize> = lines
        .iter()
        .scan(0, |count, line| {
            *count += usize::from(!line.is_blank());
            Some(*count)
        })
        .collect();
    for (title, found) in pages {
        // A head stands on several pages, in order.
        let apart = |from: usize, to: usize| filled[to] - filled[from] > 3;
        let pages = found
            .windows(2)
            .all(|pair| pair[0].1 < pair[1].1 && apart(pair[0].0, pair[1].0));
        if found.len() < 2 || !pages {
            continue;
        }
        for (at, _) in found {
            let line = &mut lines[at];
            if Some(at) == first {
                ledger.repair(line.no, line.text.trim(), title.as_str(), "page-frame");
                line.text.clone_from(&title);
            } else {
                ledger.drop(line.no, line.text.trim(), "page-frame");
                line.text.clear();
            }
        }
    }
}

/// Lines such as `What is it? ........ 12`.
fn contents(lines: &mut [Line], free: &[bool], ledger: &mut Ledger) {
    let is_entry = |text: &str| {
        let text = text.trim_end();
        let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let lead = before.trim_end();
        let dots: usize = lead
            .chars()
            .rev()
            .take_while(|c| matches!(c, '.' | ' ' | '…' | '·' | '_'))
            .map(|c| match c {
                ' ' => 0,
                '…' => 3,
                _ => 1,
            })
            .sum();
        before.len() < text.len() && dots >= 4
    };
    let found: Vec<usize> = (0..lines.len())
        .filter(|&at| free[at] && is_entry(&lines[at].text))
        .collect();
    if found.len() < 2 {
        return;
    }
    for at in found {
        let line = &mut lines[at];
        ledger.drop(line.no, line.text.trim(), "contents");
        line.text.clear();
    }
}

/// First halves of words that are written with a hyphen.
const COMPOUNDS: [&str; 28] = [
    "self", "non", "well", "high", "low", "real", "end", "long", "short", "open", "cross", "multi", "read",
    "write", "time", "key", "event", "thread", "third", "first", "last", "one", "two", "single", "full",
    "client", "server", "fault",
];

/// Puts words together that were broken at the end of a line, in texts where that occurs again and again.
fn hyphens(lines: &mut [Line], free: &[bool], ledger: &mut Ledger) {
    let letter = |c: char| c.is_alphabetic();
    let broken = |lines: &[Line], at: usize| -> Option<(String, String)> {
        let next = lines.get(at + 1).filter(|_| free[at] && free[at + 1])?;
        let before = lines[at].text.trim_end().strip_suffix('-')?;
        let left: String = before.chars().rev().take_while(|c| letter(*c)).collect();
        let left: String = left.chars().rev().collect();
        let right: String = next
            .text
            .trim_start()
            .chars()
            .take_while(|c| letter(*c))
            .collect();
        let joins = left.chars().count() >= 2
            && right.chars().count() >= 2
            && left.ends_with(char::is_lowercase)
            && right.chars().all(char::is_lowercase);
        joins.then_some((left, right))
    };
    let found: Vec<usize> = (0..lines.len())
        .filter(|&at| broken(lines, at).is_some())
        .collect();
    if found.len() < 3 {
        return;
    }
    let known: HashSet<String> = lines
        .iter()
        .flat_map(|line| line.text.split(|c: char| !c.is_alphanumeric() && c != '-'))
        .map(str::to_lowercase)
        .collect();
    for at in found {
        let Some((left, right)) = broken(lines, at) else {
            continue;
        };
        let (lower, no) = (left.to_lowercase(), lines[at].no);
        let compound = known.contains(&format!("{lower}-{right}"))
            || COMPOUNDS.contains(&lower.as_str()) && !known.contains(&format!("{lower}{right}"));
        let next = lines[at + 1].text.trim_start();
        let word: String = next.chars().take_while(|c| !c.is_whitespace()).collect();
        let rest = next[word.len()..].trim_start().to_owned();
        let columns = lines[at + 1].text.len() - next.len();
        let rest = format!("{}{rest}", &lines[at + 1].text[..columns]);
        let text = lines[at].text.trim_end();
        let kept = if compound { text } else { &text[..text.len() - 1] };
        let joined = format!("{kept}{word}");
        let sign = if compound { "-" } else { "" };
        ledger.repair(
            no,
            format!("{left}-\n{word}"),
            format!("{left}{sign}{word}"),
            "hyphenation",
        );
        lines[at].text = joined;
        lines[at + 1].text = if rest.trim().is_empty() {
            String::new()
        } else {
            rest
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_pages() {
        assert_eq!(page_head("Guide      Page 3"), Some(("Guide", 3)));
        assert_eq!(page_head("Guide | Page 3"), Some(("Guide", 3)));
        assert_eq!(page_head("12    Guide"), Some(("Guide", 12)));
        assert_eq!(page_head("Example 3"), None);
        assert_eq!(page_head("What is it? ....   3"), None);
    }

    #[test]
    fn broken_words() {
        let texts = ["an iso-", "lated net-", "work is self-", "made", "self-", "paced"];
        let lines = texts
            .iter()
            .enumerate()
            .map(|(at, text)| Line::new(at + 1, *text))
            .collect();
        let mut ledger = Ledger::default();
        let found: Vec<String> = without_paper(lines, &mut ledger)
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(
            found,
            ["an isolated", "network", "is self-made", "", "self-paced", ""]
        );
    }
}
