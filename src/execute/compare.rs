//! Expected against observed text, with trycmd's wildcards: `[..]` for any characters within a line, a line `...` for
//! any number of lines.

use similar::TextDiff;

/// Whether an observed text is what is expected; lines are compared without white space at their ends, and missing
/// final newlines do not count.
pub(super) fn matches(expected: &str, observed: &str, unordered: bool) -> bool {
    let expected: Vec<&str> = lines(expected);
    let observed: Vec<&str> = lines(observed);
    if unordered {
        return matches_unordered(&expected, &observed);
    }
    matches_lines(&expected, &observed)
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end_matches('\n').lines().map(str::trim_end).collect()
}

/// Greedy matching with one point to go back to, as for `*` in file names: linear in practice.
fn matches_lines(expected: &[&str], observed: &[&str]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if at < expected.len() && expected[at] == "..." {
            retry = Some((at + 1, seen));
            at += 1;
        } else if at < expected.len() && seen < observed.len() && matches_line(expected[at], observed[seen]) {
            at += 1;
            seen += 1;
        } else if at == expected.len() && seen == observed.len() {
            return true;
        } else {
            match retry {
                Some((after, from)) if from < observed.len() => {
                    retry = Some((after, from + 1));
                    at = after;
                    seen = from + 1;
                }
                _ => return false,
            }
        }
    }
}

fn matches_unordered(expected: &[&str], observed: &[&str]) -> bool {
    let open = expected.contains(&"...");
    let mut rest: Vec<&str> = observed.to_vec();
    // Lines without wildcards take what is theirs first.
    let (plain, wild): (Vec<&&str>, Vec<&&str>) = expected
        .iter()
        .filter(|line| **line != "...")
        .partition(|line| !line.contains("[..]"));
    for line in plain.into_iter().chain(wild) {
        match rest.iter().position(|seen| matches_line(line, seen)) {
            Some(at) => {
                rest.swap_remove(at);
            }
            None => return false,
        }
    }
    open || rest.is_empty()
}

fn matches_line(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// An expected text as readers see it: wildcards as an ellipsis.
pub(super) fn shown(expected: &str) -> String {
    let lines: Vec<String> = expected
        .trim_end_matches('\n')
        .lines()
        .map(|line| {
            if line.trim_end() == "..." {
                "…".to_owned()
            } else {
                line.replace("[..]", "…")
            }
        })
        .collect();
    lines.join("\n")
}

/// The difference as a unified diff.
pub(super) fn diff(expected: &str, observed: &str, names: (&str, &str)) -> String {
    let text = TextDiff::from_lines(expected, observed)
        .unified_diff()
        .context_radius(3)
        .header(names.0, names.1)
        .to_string();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_within_and_across_lines() {
        let check = |expected: &str, observed: &str, expect: bool| {
            assert_eq!(
                matches(expected, observed, false),
                expect,
                "{expected:?} {observed:?}"
            );
        };
        check("a\nb\n", "a\nb", true);
        check("a\n", "a\nb\n", false);
        check("took [..] ms\n", "took 12 ms\n", true);
        check("took [..] ms\n", "took 12 s\n", false);
        check("[..]x[..]y\n", "axbxcy\n", true);
        check("a\n...\nz\n", "a\nb\nc\nz\n", true);
        check("a\n...\nz\n", "a\nz\n", true);
        check("...\nb\n...\nb\n", "b\na\nb\n", true);
        check("...\n", "", true);
        check("", "", true);
        check("a\n...\n", "b\n", false);
    }

    #[test]
    fn unordered_lines_are_a_multiset() {
        assert!(matches("a\nb\nb\n", "b\na\nb\n", true));
        assert!(!matches("a\nb\n", "b\na\nb\n", true));
        assert!(matches("[..]\na\n", "a\nx\n", true));
    }

    #[test]
    fn readers_see_an_ellipsis() {
        assert_eq!(shown("a [..] b\n...\nc\n"), "a … b\n…\nc");
    }
}
