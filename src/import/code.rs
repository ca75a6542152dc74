//! Code without fences: where it begins and where it ends.

use super::line::{ends_sentence, indent, is_item, words};
use super::signal::{Signal, is_log, signal};

/// The arrow of a diagram line and the column it stands in.
fn arrow(text: &str) -> Option<usize> {
    [" -> ", " → ", " => ", " --> "]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min()
        .map(|at| text[..at].chars().count() + 1)
}

/// How many lines from the first on are code that no fence encloses; 0 if none is.
///
/// `expected`: a label such as `Example:` stands right before. `fenced`: the document knows fences, so that more
/// evidence is asked for.
pub(super) fn extent(lines: &[&str], expected: bool, fenced: bool) -> usize {
    let Some(first) = lines.first().filter(|line| !line.trim().is_empty()) else {
        return 0;
    };
    let diagram = diagram(lines);
    if diagram > 0 {
        return diagram;
    }
    let formula = formula(lines);
    if formula > 0 {
        return formula;
    }
    let opening = signal(first);
    let needed = if expected { Signal::Weak } else { Signal::Strong };
    if opening < needed {
        return 0;
    }
    let mut end = 1;
    let mut strong = usize::from(opening == Signal::Strong);
    let mut depth = brackets(first);
    let mut at = 1;
    while at < lines.len() {
        let line = lines[at];
        if line.trim().is_empty() {
            at += 1;
            continue;
        }
        let gap = at > end;
        let signal = signal(line);
        let inside = depth > 0 || indent(line) > indent(first) && !is_item(line);
        let code = signal == Signal::Strong
            || inside && (!gap || signal > Signal::None || depth > 0)
            || !gap && signal == Signal::Weak;
        if !code || gap && at - end > 3 {
            break;
        }
        strong += usize::from(signal == Signal::Strong);
        depth = (depth + brackets(line)).max(0);
        at += 1;
        end = at;
    }
    let sure = if expected {
        true
    } else if fenced {
        strong >= 3 && end >= 3
    } else {
        strong >= 2 || end >= 2 && strong >= 1 && !ends_sentence(first) || end == 1 && very_sure(first)
    };
    if sure { end } else { 0 }
}

fn very_sure(text: &str) -> bool {
    let text = text.trim();
    is_log(text)
        || text.starts_with("$ ")
        || text.ends_with(';') && text.contains(['(', '='])
        || (text.starts_with('{') && text.ends_with('}') && text.contains('"'))
        || (text.starts_with("SELECT ") && text.contains(" FROM "))
}

fn brackets(line: &str) -> i32 {
    let mut depth = 0;
    let mut quote = None;
    let mut before = ' ';
    for c in line.chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark && before != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            // An apostrophe inside a word opens no string.
            (None, '\'') if !before.is_alphanumeric() => quote = Some('\''),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        before = c;
    }
    depth
}

/// Lines that draw: arrows in one column, chains of names, a stair of arrows, a named list of steps with arrows.
fn diagram(lines: &[&str]) -> usize {
    let first = lines[0].trim_end();
    // Capped, so that a long stretch without blank lines is not walked again for each of its lines.
    let run: Vec<&str> = lines
        .iter()
        .take(200)
        .take_while(|line| !line.trim().is_empty())
        .copied()
        .collect();
    // Arrows in one column.
    if let Some(column) = arrow(first).filter(|_| indent(first) == 0) {
        let aligned = run.iter().take_while(|line| arrow(line) == Some(column)).count();
        if aligned >= 3 {
            return aligned;
        }
        // Chains of names.
        let chain = |line: &str| {
            indent(line) == 0
                && arrow(line)
                    .is_some_and(|at| at <= 40 && words(&line.chars().take(at).collect::<String>()) <= 3)
                && line.chars().count() <= 120
        };
        let mut end = run.iter().take_while(|line| chain(line)).count();
        if end >= 2 {
            // The next chain may stand behind a blank line and a line that introduces it.
            loop {
                let rest = &lines[end..];
                let blank = rest.iter().take_while(|line| line.trim().is_empty()).count();
                let lead = rest
                    .get(blank)
                    .is_some_and(|line| !chain(line) && line.trim_end().ends_with(':') && words(line) <= 6);
                let from = blank + usize::from(lead);
                let more = rest
                    .get(from..)
                    .unwrap_or_default()
                    .iter()
                    .take_while(|line| chain(line))
                    .count();
                if blank > 1 || more == 0 || from == 0 || (lead && blank == 0) || more < 2 {
                    return end;
                }
                end += from + more;
            }
        }
        return 0;
    }
    if indent(first) > 0 || run.len() < 3 {
        return 0;
    }
    // A stair: every line deeper than the one before, begun with an arrow or a branch.
    let branch = |line: &str| {
        ["->", "→", "└", "├", "|", "│", "+-", "=>"]
            .iter()
            .any(|mark| line.trim_start().starts_with(mark))
    };
    let stair = run[1..]
        .iter()
        .take_while(|line| indent(line) > 0 && branch(line))
        .count();
    if stair >= 2 {
        return stair + 1;
    }
    // A name in CamelCase whose numbered steps have arrows.
    let name = first.strip_suffix(':').unwrap_or_default();
    let camel = name.chars().skip(1).any(char::is_uppercase)
        && name.chars().any(char::is_lowercase)
        && name.chars().all(char::is_alphanumeric);
    if camel {
        let steps: Vec<&&str> = run[1..].iter().take_while(|line| indent(line) > 0).collect();
        let arrows = steps.iter().filter(|line| arrow(line).is_some()).count();
        if arrows >= 2 && arrows * 3 >= steps.len() {
            return steps.len() + 1;
        }
    }
    0
}

/// A formula: `name =` at the end of a line and an indented continuation.
fn formula(lines: &[&str]) -> usize {
    let first = lines[0].trim_end();
    if indent(first) > 0 || !first.ends_with(" =") || words(first) > 8 {
        return 0;
    }
    let more = lines[1..]
        .iter()
        .take_while(|line| !line.trim().is_empty() && indent(line) > 0)
        .count();
    if more > 0 { more + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool, count: usize) {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(extent(&lines, expected, false), count, "{text}");
    }

    #[test]
    fn code_goes_on_over_blank_lines_and_stops_at_prose() {
        check(
            "def f():\n    return 1\n\n@f\ndef g():\n    f()\n\ng()\n\nThen it ends.",
            false,
            8,
        );
        check(
            "import copy\na = [1]\nb = copy.copy(a)   # shallow\n\n9. When?",
            true,
            3,
        );
        check(
            "a = [1,2]; b = [1,2]\na == b   # True\na is b   # False\n\nNext.",
            true,
            3,
        );
        check(
            "sorted_list = sorted(items, key=lambda x: x.age)\n\n10. How?",
            true,
            1,
        );
        check(
            "import asyncio\n\nasync def f():\n    await g()\n    return 1\n\nasyncio.run(f())\n",
            true,
            7,
        );
    }

    #[test]
    fn prose_is_no_code() {
        for text in [
            "Classes are factories.\nThey make objects.",
            "class loaders are lazy and load what is needed.\nMore prose.",
            "from one node to another, data moves.",
            "for every request: check the token.",
            "Import the module first.\nThen use it.",
            "let us assume that this holds.",
            "Select the best option from the list.\nThen go on.",
            "returns are final.",
            "SLI = good events divided by all events, measured over a month of normal traffic.",
        ] {
            check(text, false, 0);
        }
    }

    #[test]
    fn diagrams() {
        check("1. SEE   → look\n2. THINK → plan\n3. ACT   → do\nText.", false, 3);
        check(
            "A -> sends X\nB -> takes X\n\nIf B fails:\nB -> sends Y\nA -> undoes\nProse goes on.",
            false,
            6,
        );
        check("Author\n    -> Agent\n        -> Reviewer\nProse", false, 3);
        check(
            "OrderFlow:\n  1. Tell P: \"x\" -> ok\n  2. Tell Q: \"y\" -> ok\n  3. Mark\nMore:",
            false,
            4,
        );
        check("Return on it =\n  (a * b)\n  - (c)\nProse.", false, 3);
        check("[2024-03-15 10:23:45] ERROR: failed\nProse:", false, 1);
        check("{\n  \"a\": 1,\n  \"b\": 2\n}\nProse", false, 4);
    }
}
