//! Code without fences: which lines are code, where it ends, and in what language it is.

use super::line::{ends_sentence, indent, is_item, words};

/// How sure a line is code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signal {
    /// Prose.
    None,
    /// Could be code; is, beside other code or where code is expected.
    Weak,
    /// Code.
    Strong,
}

const STARTS: [&str; 58] = [
    "def ",
    "class ",
    "import ",
    "from ",
    "return ",
    "print(",
    "async def ",
    "async function ",
    "async fn ",
    "await ",
    "elif ",
    "else:",
    "except ",
    "try:",
    "raise ",
    "with open(",
    "yield ",
    "lambda ",
    "public ",
    "private ",
    "protected ",
    "static ",
    "fn ",
    "pub fn ",
    "pub struct ",
    "struct ",
    "enum ",
    "impl ",
    "let ",
    "let mut ",
    "const ",
    "var ",
    "function ",
    "func ",
    "package ",
    "#include",
    "#define",
    "#!/",
    "using ",
    "namespace ",
    "interface ",
    "type ",
    "export ",
    "module.",
    "console.",
    "System.out",
    "fmt.",
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE ",
    "ALTER TABLE",
    "apiVersion:",
    "kind: ",
    "resource \"",
    "@Override",
    "println!(",
];

const COMMANDS: [&str; 22] = [
    "git ",
    "docker ",
    "kubectl ",
    "npm ",
    "npx ",
    "pip ",
    "pip3 ",
    "cargo ",
    "curl ",
    "sudo ",
    "apt ",
    "apt-get ",
    "helm ",
    "terraform ",
    "ssh ",
    "python ",
    "python3 ",
    "go run ",
    "go build",
    "chmod ",
    "grep ",
    "cd ",
];

/// How much a line looks like code; indentation is not looked at.
pub(super) fn signal(line: &str) -> Signal {
    let text = line.trim();
    if text.is_empty() {
        return Signal::None;
    }
    if is_log(text) || text.starts_with("$ ") && words(text) <= 24 {
        return Signal::Strong;
    }
    if matches!(
        text,
        "{" | "}" | "[" | "]" | "};" | "});" | "})" | ")" | ");" | "};)" | "end" | "EOF" | "],"
    ) {
        return Signal::Strong;
    }
    let code_end = text.ends_with([';', '{'])
        && !text.ends_with(" ;")
        && (text.contains(['(', '=', '{', '}']) || text.ends_with(';') && words(text) <= 6);
    let called = call(text);
    let assigned = assignment(text);
    let keyword = STARTS.iter().any(|start| text.starts_with(start)) && syntax_after_keyword(text);
    let block = text.ends_with(':')
        && ["for ", "while ", "if ", "with ", "elif ", "class ", "def "]
            .iter()
            .any(|start| text.starts_with(start))
        && (text.contains(['(', '=', '<', '>', '_', '.', '[']) || text.contains(" in ") && words(text) <= 5);
    let decorator = text.starts_with('@')
        && text[1..].starts_with(|c: char| c.is_ascii_alphabetic())
        && words(text) <= 3
        && !text.contains('@'.to_string().repeat(2).as_str());
    let json =
        text.starts_with('"') && (text.contains("\": ") || text.contains("\":")) && !text.ends_with('.');
    let tag = text.starts_with('<') && text.ends_with('>') && text.len() > 3;
    if keyword || block || decorator || json || code_end || tag {
        return Signal::Strong;
    }
    if called || assigned {
        return Signal::Strong;
    }
    let remark = text.contains("  # ") || text.contains("   //");
    let comment = remark
        || text.starts_with("# ")
        || text.starts_with("// ")
        || text.starts_with("-- ")
        || text.starts_with("/*");
    let command =
        COMMANDS.iter().any(|start| text.starts_with(start)) && words(text) <= 12 && !ends_sentence(text);
    let key = key_value(text);
    let operators = text.contains(" == ")
        || text.contains("!=")
        || text.contains("=>")
        || text.contains("::")
        || text.contains("()");
    let few = words(text) <= 14 && !text.ends_with(['.', '?', '!']);
    let upper_sql = [
        "FROM ",
        "WHERE ",
        "GROUP BY",
        "ORDER BY",
        "LIMIT ",
        "JOIN ",
        "LEFT JOIN",
        "VALUES",
        "SET ",
        "RUN ",
        "COPY ",
        "CMD ",
        "WORKDIR ",
    ]
    .iter()
    .any(|start| text.starts_with(start));
    if comment || command || upper_sql || (key || operators) && few || text.starts_with(['}', ')', ']']) {
        return Signal::Weak;
    }
    Signal::None
}

/// A keyword of code is often a word of prose as well: what follows tells.
fn syntax_after_keyword(text: &str) -> bool {
    let marks = text.contains(['(', '{', '=', ';', '"', '*', '_', '<', '\'', ':']);
    let short = words(text) <= 4;
    let prose = text.ends_with(['.', '?', '!']) && !text.ends_with("..")
        || text.contains(", ") && !text.contains(['(', '{', '=', '"']) && words(text) > 6;
    if text.starts_with("import ") || text.starts_with("from ") {
        return !prose
            && (words(text) <= 3
                || text.contains(" import ")
                || text.contains(['{', ';', '"', '\''])
                || text.contains(" as "));
    }
    if text.starts_with("return ")
        || text.starts_with("yield ")
        || text.starts_with("package ")
        || text.starts_with("raise ")
    {
        return !prose && (short || marks);
    }
    if text.starts_with("type ")
        || text.starts_with("let ")
        || text.starts_with("class ")
        || text.starts_with("using ")
        || text.starts_with("static ")
        || text.starts_with("public ")
        || text.starts_with("private ")
        || text.starts_with("interface ")
        || text.starts_with("const ")
        || text.starts_with("export ")
        || text.starts_with("function ")
    {
        return !prose
            && text.contains(['(', '{', '=', ';', ':', '<'])
            && !(text.ends_with(':') && words(text) > 4)
            || !prose && words(text) <= 2 && text.ends_with(':');
    }
    if text.starts_with(char::is_uppercase) {
        // SQL; a sentence would go on in lower case.
        let second = text.split_whitespace().nth(1).unwrap_or_default();
        return !prose
            && (text.contains(['*', '(', ';', ',', '_', '=', '"']) || second == second.to_uppercase())
            && text.contains(' ');
    }
    !prose && (marks || short && !text.starts_with("with "))
}

/// `name(…)` and nothing else.
fn call(text: &str) -> bool {
    let Some(open) = text.find('(') else { return false };
    let name = &text[..open];
    !name.is_empty()
        && name.len() <= 60
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '!' | '$'))
        && name.chars().any(char::is_alphabetic)
        && (text.ends_with(')')
            || text.ends_with(");")
            || text.ends_with(") {")
            || text.contains(")  #")
            || text.contains(") #"))
        && !name.chars().all(char::is_uppercase)
}

/// `name = value`, with the forms that languages have for it.
fn assignment(text: &str) -> bool {
    let at = [" = ", " := ", " += ", " -= "]
        .iter()
        .filter_map(|mark| text.find(mark).map(|at| (at, mark.len())))
        .min();
    let Some((at, length)) = at else { return false };
    let (name, value) = (&text[..at], &text[at + length..]);
    let identifier = !name.is_empty()
        && name.split(", ").all(|name| {
            !name.is_empty()
                && name.chars().all(|c| {
                    c.is_alphanumeric()
                        || matches!(c, '_' | '.' | '[' | ']' | '"' | '\'' | '$' | '-' | '<' | '>')
                })
        });
    let typed = words(name) <= 3
        && name.contains([':', '<', '_'])
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || " _:<>[],".contains(c));
    let prose = text.ends_with(['.', '?', '!']) && words(value) > 4
        || words(value) > 10 && !value.contains(['(', '"', '\'', '[', '{']);
    (identifier || typed) && !prose
}

/// `key: value` of YAML: a key without spaces and in lower case.
fn key_value(text: &str) -> bool {
    let text = text.strip_prefix("- ").unwrap_or(text);
    let Some((key, value)) = text.split_once(':') else {
        return false;
    };
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && (value.is_empty() || value.starts_with(' '))
        && words(value) <= 8
}

/// A line of a log: it begins with a date and a time.
fn is_log(text: &str) -> bool {
    let text = text.strip_prefix('[').unwrap_or(text);
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    bytes.len() > 18
        && digits(0..4)
        && bytes[4] == b'-'
        && digits(5..7)
        && bytes[7] == b'-'
        && digits(8..10)
        && matches!(bytes[10], b' ' | b'T')
        && digits(11..13)
}

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

/// The language of a block, empty where the text does not tell; never a guess between two that fit.
pub(super) fn language(lines: &[&str]) -> &'static str {
    let text = lines.join("\n");
    let text = text.trim();
    let has = |what: &str| text.contains(what);
    let line = |start: &str| lines.iter().any(|line| line.trim_start().starts_with(start));
    if text.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return "json";
    }
    if line("package ") && (has("deny[") || has("allow {") || has("default allow")) {
        return "rego";
    }
    if line("apiVersion:") || line("kind: ") && line("metadata:") {
        return "yaml";
    }
    if (line("resource \"") || line("variable \"") || line("provider \"") || line("path \"")) && has("{") {
        return "hcl";
    }
    if line("FROM ") && (line("RUN ") || line("CMD ") || line("COPY ")) && !has("SELECT") {
        return "dockerfile";
    }
    if text.starts_with("#!/bin/bash")
        || text.starts_with("#!/usr/bin/env bash")
        || text.starts_with("#!/bin/sh")
    {
        return "bash";
    }
    if line("type ") && has(" struct {")
        || line("func ") && has("{")
        || has(":= ") && has("{")
        || line("package main")
    {
        return "go";
    }
    if line("fn ") || line("pub fn ") || line("impl ") || has("let mut ") || has("println!(") {
        return "rust";
    }
    if has("#include") && (has("std::") || has("cout")) {
        return "cpp";
    }
    if has("#include") {
        return "c";
    }
    if has("using System") || has("Console.WriteLine") || has("namespace ") && has(" class ") {
        return "csharp";
    }
    if has("public static void")
        || line("@Override")
        || has("System.out.")
        || (line("public ") || line("private ")) && has(";")
        || has("new ") && has("<>")
        || line("@") && has("public void")
    {
        return "java";
    }
    if line("pipeline {") && has("agent") {
        return "groovy";
    }
    if has("import React") || has("return <") || has("className=") {
        return "jsx";
    }
    if has("=> ")
        || has("console.log")
        || line("const ")
        || line("function ")
        || line("async function ")
        || has("socket.on(")
    {
        return "javascript";
    }
    if line("<!DOCTYPE") || line("<html") || line("<div") {
        return "html";
    }
    if [
        "SELECT ",
        "CREATE TABLE",
        "INSERT INTO",
        "UPDATE ",
        "DELETE FROM",
        "ALTER TABLE",
    ]
    .iter()
    .any(|start| line(start))
    {
        return "sql";
    }
    if line("def ")
        || line("async def ")
        || has("self.")
        || has("print(")
        || has("import ") && !has(";")
        || has("lambda ")
        || line("elif ")
        || line("except ")
    {
        return "python";
    }
    if line("for ") && has(" in ") && has(":")
        || line("with ") && has(" as ")
        || line("class ") && has(":") && !has("{")
    {
        return "python";
    }
    if lines.iter().filter(|line| !line.trim().is_empty()).all(|line| {
        let text = line.trim_start();
        text.starts_with("$ ")
            || text.starts_with('#')
            || COMMANDS.iter().any(|start| text.starts_with(start))
    }) && !text.is_empty()
    {
        return "bash";
    }
    let keys = lines.iter().filter(|line| !line.trim().is_empty()).count();
    let yaml = lines
        .iter()
        .filter(|line| key_value(line.trim()) || line.trim_start().starts_with("- ") || line.trim() == "---")
        .count();
    if keys >= 2 && yaml == keys && !has("(") && !has("{") {
        return "yaml";
    }
    // Comparisons with Python's constants and comments.
    if (has("True") || has("False") || has("None")) && has("#") || has(" is ") && has("==") {
        return "python";
    }
    "text"
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

    #[test]
    fn languages() {
        let guess = |text: &str| language(&text.lines().collect::<Vec<_>>());
        assert_eq!(guess("{ \"a\": [1] }"), "json");
        assert_eq!(guess("package k\ndeny[msg] {\n}"), "rego");
        assert_eq!(guess("apiVersion: v1\nkind: Pod"), "yaml");
        assert_eq!(guess("type Job struct {\n  ID string\n}"), "go");
        assert_eq!(guess("CREATE TABLE t (\n id INT\n);"), "sql");
        assert_eq!(guess("def f(self):\n    pass"), "python");
        assert_eq!(guess("type LogEntry {\n  message: string\n}"), "text");
        assert_eq!(guess("A -> B\nB -> C"), "text");
        assert_eq!(guess("fn main() {\n}"), "rust");
    }
}
