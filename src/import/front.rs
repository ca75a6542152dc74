//! Front matter that stands before a guide in another dialect: what a guide may say of itself is kept.

use super::ledger::Ledger;
use super::line::Line;

/// Keys that a guide may have; `kind` and `title` are written anew.
const KEPT: [&str; 11] = [
    "description",
    "weight",
    "slug",
    "aliases",
    "draft",
    "date",
    "updated",
    "authors",
    "tags",
    "level",
    "roles",
];

/// Front matter taken apart.
#[derive(Debug, Default)]
pub(super) struct Front {
    /// The lines that are kept, delimiters and title left out.
    pub(super) lines: Vec<Line>,
    /// The title.
    pub(super) title: Option<Line>,
    /// The delimiter; empty where there is no front matter.
    pub(super) mark: &'static str,
}

/// Takes front matter off the lines.
pub(super) fn take(lines: Vec<Line>, ledger: &mut Ledger) -> (Front, Vec<Line>) {
    let mark = match lines.first().map(|line| line.text.trim_end()) {
        Some("---") => "---",
        Some("+++") => "+++",
        _ => return (Front::default(), lines),
    };
    let sign = if mark == "---" { ':' } else { '=' };
    let end = lines
        .iter()
        .skip(1)
        .take(100)
        .position(|line| line.text.trim_end() == mark);
    let Some(end) = end.filter(|&end| end > 0 && has_keys(&lines[1..=end], sign)) else {
        return (Front::default(), lines);
    };
    let mut front = Front {
        mark,
        ..Front::default()
    };
    let mut lines = lines;
    let rest = lines.split_off(end + 2);
    let mut kept = false;
    for line in lines.into_iter().skip(1).take(end) {
        let nested = line.text.starts_with([' ', '\t', '-']) || line.is_blank();
        if let Some((key, value)) = line.text.split_once(sign).filter(|_| !nested) {
            let key = key.trim();
            if key == "title" {
                let text = value.trim().trim_matches(['"', '\'']);
                front.title = Some(Line::new(line.no, text)).filter(|_| !text.is_empty());
                kept = false;
                continue;
            }
            kept = KEPT.contains(&key);
        } else if !nested {
            kept = false;
        }
        if kept {
            front.lines.push(line);
        } else if !line.is_blank() {
            ledger.drop(line.no, line.text.trim(), "front-matter");
        }
    }
    (front, rest)
}

/// Whether lines are keys with values, and not text between two rules.
fn has_keys(lines: &[Line], sign: char) -> bool {
    let mut keys = 0;
    for line in lines.iter().filter(|line| !line.is_blank()) {
        let text = line.text.as_str();
        let key = text.split_once(sign).is_some_and(|(key, _)| {
            let key = key.trim();
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        });
        if !key && !text.starts_with([' ', '\t', '-', '#', ']']) {
            return false;
        }
        keys += usize::from(key);
    }
    keys > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, title: Option<&str>, kept: &[&str], rest: usize) {
        let lines = text
            .lines()
            .enumerate()
            .map(|(at, text)| Line::new(at + 1, text))
            .collect();
        let (front, lines) = take(lines, &mut Ledger::default());
        assert_eq!(front.title.map(|line| line.text).as_deref(), title);
        let found: Vec<&str> = front.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(found, kept);
        assert_eq!(lines.len(), rest);
    }

    #[test]
    fn what_a_guide_may_say_is_kept() {
        check(
            "---\ntitle: \"T\"\nlayout: post\ntags:\n  - a\n---\ntext",
            Some("T"),
            &["tags:", "  - a"],
            1,
        );
        check(
            "+++\ntitle = 'T'\ndraft = true\n+++\ntext",
            Some("T"),
            &["draft = true"],
            1,
        );
        check("---\nJust text.\n---\n", None, &[], 3);
        check("Text\n---\n", None, &[], 2);
    }
}
