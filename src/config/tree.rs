//! TOML as a tree with places, and a reader that reports what it cannot use.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Severity, codes, nearest};
use crate::source::{FileId, Span};

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place; `None` for values from the environment.
    pub span: Option<Span>,
    /// The place of its key.
    pub key_span: Option<Span>,
    /// The environment variable it came from.
    pub variable: Option<String>,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text; dates too.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
}

impl Value {
    const fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Parses a TOML text that starts at `offset` of its file; a syntax error is a diagnostic, and what could be
/// read before it is returned.
pub fn parse(text: &str, file: FileId, offset: usize, into: &mut Vec<Diagnostic>) -> BTreeMap<String, Node> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        into.push(
            Diagnostic::new(
                codes::CONFIG_INVALID_VALUE,
                format!(
                    "this is not valid TOML: {}",
                    error.message().trim_end().replace('\n', ", ")
                ),
            )
            .at(Span::new(file, range.start + offset..range.end + offset)),
        );
    }
    let place = |range: Range<usize>| Some(Span::new(file, range.start + offset..range.end + offset));
    table_nodes(table.get_ref(), &place)
}

fn table_nodes(table: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Option<Span>) -> BTreeMap<String, Node> {
    table
        .iter()
        .map(|(key, value)| {
            let node = Node {
                value: value_of(value.get_ref(), place),
                span: place(value.span()),
                key_span: place(key.span()),
                variable: None,
            };
            (key.get_ref().to_string(), node)
        })
        .collect()
}

fn value_of(value: &DeValue<'_>, place: &dyn Fn(Range<usize>) -> Option<Span>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.to_string()), Value::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::String(number.to_string()), Value::Float),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    value: value_of(item.get_ref(), place),
                    span: place(item.span()),
                    key_span: None,
                    variable: None,
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(table_nodes(table, place)),
    }
}

/// What becomes of a key that nothing reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// An error.
    Refused,
    /// Noted, since another tool reads it.
    Noted,
}

/// Reads one table, key by key, and reports what is left.
#[derive(Debug)]
pub struct Reader<'a> {
    /// The table's name for messages, `snippets`; empty for the whole file.
    name: String,
    table: BTreeMap<String, Node>,
    known: Vec<&'static str>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// Starts to read a table.
    pub fn new(
        name: impl Into<String>,
        table: BTreeMap<String, Node>,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            name: name.into(),
            table,
            known: Vec::new(),
            diagnostics,
        }
    }

    /// Takes a key's value as it is.
    pub fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// Takes a key's value, if `read` can make something of it; else reports that `wanted` was expected.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let value = read(&node.value);
        if value.is_none() {
            self.refuse(key, &node, wanted);
        }
        value
    }

    fn refuse(&mut self, key: &str, node: &Node, wanted: &str) {
        let found = match &node.value {
            Value::String(text) => format!("`{text}`"),
            Value::Integer(number) => format!("`{number}`"),
            Value::Float(number) => format!("`{number}`"),
            other => other.kind().to_owned(),
        };
        let name = self.full_name(key);
        self.diagnostics.push(at(
            Diagnostic::new(
                codes::CONFIG_INVALID_VALUE,
                format!("`{name}` must be {wanted}, not {found}"),
            )
            .label(format!("expected {wanted}")),
            node,
        ));
    }

    /// Reports a value in the reader's own words.
    pub fn complain(&mut self, diagnostic: Diagnostic, node: &Node) {
        self.diagnostics.push(at(diagnostic, node));
    }

    /// Takes a string.
    pub fn string(&mut self, key: &'static str) -> Option<String> {
        self.read(key, "a string", |value| match value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// Takes a boolean.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, "`true` or `false`", |value| match value {
            Value::Boolean(value) => Some(*value),
            Value::String(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// Takes a whole number within bounds.
    pub fn integer<T: TryFrom<i64> + Copy + PartialOrd>(
        &mut self,
        key: &'static str,
        wanted: &str,
        fits: impl FnOnce(T) -> bool,
    ) -> Option<T> {
        self.read(key, wanted, |value| {
            let number = match value {
                Value::Integer(number) => *number,
                Value::String(text) => text.parse().ok()?,
                _ => return None,
            };
            T::try_from(number).ok().filter(|number| fits(*number))
        })
    }

    /// Takes a list of strings; one string counts as a list of one.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.read(key, "a list of strings", |value| match value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(items) => items
                .iter()
                .map(|item| match &item.value {
                    Value::String(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// Takes one of a few words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.take(key)?;
        if let Value::String(word) = &node.value {
            if let Some((_, value)) = choices.iter().find(|(name, _)| name == word) {
                return Some(*value);
            }
            if let Some(near) = nearest(word, choices.iter().map(|(name, _)| *name)) {
                let diagnostic = Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("`{}` cannot be `{word}`", self.full_name(key)),
                )
                .label(format!("expected {}", alternatives(choices)))
                .help(format!("did you mean `{near}`?"));
                self.complain(diagnostic, &node);
                return None;
            }
        }
        self.refuse(key, &node, &alternatives(choices));
        None
    }

    /// Takes a table, to be read by a reader of its own; an empty one if it is not there.
    pub fn table(&mut self, key: &'static str) -> Reader<'_> {
        let table = self
            .read(key, "a table", |value| match value {
                Value::Table(table) => Some(table.clone()),
                _ => None,
            })
            .unwrap_or_default();
        Reader::new(self.full_name(key), table, self.diagnostics)
    }

    /// The name of a key with its table, `snippets.timeout`.
    #[must_use]
    pub fn full_name(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// What no key has taken.
    pub fn take_rest(&mut self) -> BTreeMap<String, Node> {
        std::mem::take(&mut self.table)
    }

    /// Reports every key that was not taken; `fate` decides which are only noted, and those are returned.
    pub fn finish(mut self, fate: impl Fn(&str) -> Unknown) -> Vec<(String, Node)> {
        let mut noted = Vec::new();
        for (key, node) in self.take_rest() {
            let name = self.full_name(&key);
            if fate(&key) == Unknown::Noted {
                noted.push((name, node));
                continue;
            }
            let place = Node {
                span: node.key_span.or(node.span),
                ..node
            };
            let diagnostic = Diagnostic::new(codes::CONFIG_UNKNOWN_KEY, format!("there is no key `{name}`"))
                .label("nothing reads this");
            let diagnostic = if let Some(near) = nearest(&key, self.known.iter().copied()) {
                diagnostic.help(format!("did you mean `{near}`?"))
            } else {
                let mut known = self.known.clone();
                known.sort_unstable();
                diagnostic.help(format!("known keys here: {}", known.join(", ")))
            };
            self.complain(diagnostic.severity(Severity::Error), &place);
        }
        noted
    }
}

fn alternatives<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.join(""),
    }
}

fn at(mut diagnostic: Diagnostic, node: &Node) -> Diagnostic {
    if let Some(variable) = &node.variable {
        diagnostic.message = format!(
            "{} (from the environment variable `{variable}`)",
            diagnostic.message
        );
    }
    diagnostic.span = node.span;
    diagnostic
}
