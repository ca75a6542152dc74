//! How much a single line looks like code.

use super::line::{ends_sentence, words};

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

pub(super) const STARTS: [&str; 58] = [
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

pub(super) const COMMANDS: [&str; 22] = [
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
pub(super) fn syntax_after_keyword(text: &str) -> bool {
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
pub(super) fn call(text: &str) -> bool {
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
pub(super) fn assignment(text: &str) -> bool {
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
pub(super) fn key_value(text: &str) -> bool {
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
pub(super) fn is_log(text: &str) -> bool {
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
