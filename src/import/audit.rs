//! The last stage: what a source line says and the output does not is told, whatever stage left it out.

use super::ledger::Ledger;
use super::write::Written;

/// Compares every source line with the pieces that came from it, and tells the difference.
pub(super) fn audit(raw: &[String], written: &Written, ledger: &mut Ledger) {
    let mut out: Vec<String> = vec![String::new(); raw.len() + 1];
    for (no, piece) in written.lines.iter().flatten() {
        if let Some(line) = out.get_mut(*no) {
            line.push_str(piece);
            line.push(' ');
        }
    }
    let mut told: Vec<String> = vec![String::new(); raw.len() + 1];
    for repair in &ledger.repairs {
        if let Some(line) = told.get_mut(repair.line) {
            line.push_str(&repair.from);
        }
    }
    for dropped in &ledger.dropped {
        if let Some(line) = told.get_mut(dropped.line) {
            line.push_str(&dropped.text);
        }
    }
    for (index, source) in raw.iter().enumerate() {
        let no = index + 1;
        let (found, said) = (&out[no], &told[no]);
        let (from, to) = difference(source.trim(), found.trim());
        if from.is_empty() || covers(source, &[found, said]) {
            continue;
        }
        let from = if covers(source, &[found, said, from]) {
            from
        } else {
            source.trim()
        };
        ledger.repair(no, from, to, "markup");
    }
}

/// Whether every character of a text, white space aside, is among the others as often.
fn covers(text: &str, others: &[&str]) -> bool {
    let sorted = |texts: &[&str]| {
        let mut chars: Vec<char> = texts
            .iter()
            .flat_map(|text| text.chars())
            .filter(|c| !c.is_whitespace())
            .collect();
        chars.sort_unstable();
        chars
    };
    let mut have = sorted(others).into_iter();
    sorted(&[text])
        .into_iter()
        .all(|wanted| have.any(|c| c == wanted))
}

/// Two texts without what they begin and end with in common.
fn difference<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let start: usize = a
        .chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let (a, b) = (&a[start..], &b[start..]);
    let end: usize = a
        .chars()
        .rev()
        .zip(b.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    (a[..a.len() - end].trim(), b[..b.len() - end].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told() {
        let raw = ["**Q: Why?**".to_owned(), "same".to_owned(), "gone".to_owned()];
        let written = Written {
            lines: vec![
                vec![(0, "### ".to_owned()), (1, "Why?".to_owned())],
                vec![(2, "same".to_owned())],
            ],
        };
        let mut ledger = Ledger::default();
        audit(&raw, &written, &mut ledger);
        let told: Vec<(usize, &str)> = ledger
            .repairs
            .iter()
            .map(|repair| (repair.line, repair.from.as_str()))
            .collect();
        assert_eq!(told, [(1, "**Q: Why?**"), (3, "gone")]);
    }
}
