//! Front matter: YAML between `---` lines or TOML between `+++` lines at the start of a file.
//!
//! Both become one tree with places, which is then read key by key. Unknown keys are warnings, since other
//! tools read the same files; those that look like a slip of the pen are errors.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

use crate::config::tree::{self, Node, Reader, Value};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::model::guide::{DocumentKind, FrontMatter, QuestionLevel, Spanned};
use crate::source::{FileId, Span};

/// Where the front matter lies: its text, and where the Markdown begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    style: Style,
    text: Range<usize>,
    /// Byte offset after the closing line.
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Yaml,
    Toml,
}

/// Finds the front matter of a text that starts at `start`; an unclosed one is none.
pub(super) fn find(text: &str, start: usize) -> Option<Extent> {
    let rest = &text[start..];
    let first = rest.lines().next()?;
    let (style, fence) = match first.trim_end() {
        "---" => (Style::Yaml, "---"),
        "+++" => (Style::Toml, "+++"),
        _ => return None,
    };
    let begin = start + rest.find('\n')? + 1;
    let mut at = begin;
    for line in text[begin..].split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || (style == Style::Yaml && bare == "...") {
            return Some(Extent {
                style,
                text: begin..at,
                end: at + line.len(),
            });
        }
        at += line.len();
    }
    None
}

/// Reads the front matter.
pub(super) fn read(
    text: &str,
    extent: &Extent,
    file: FileId,
    diagnostics: &mut Vec<Diagnostic>,
) -> FrontMatter {
    let inner = &text[extent.text.clone()];
    let table = match extent.style {
        Style::Toml => tree::parse(inner, file, extent.text.start, diagnostics),
        Style::Yaml => yaml_table(inner, file, extent.text.start, diagnostics),
    };
    let whole = Span::new(file, extent.text.clone());
    read_table(table, whole, diagnostics)
}

/// Byte offsets of a text's characters, for a parser that counts characters.
struct CharOffsets(Vec<usize>);

impl CharOffsets {
    fn new(text: &str) -> Self {
        Self(
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .collect(),
        )
    }

    fn byte(&self, index: usize) -> usize {
        self.0.get(index).or(self.0.last()).copied().unwrap_or_default()
    }
}

fn yaml_table(
    text: &str,
    file: FileId,
    offset: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Node> {
    let offsets = CharOffsets::new(text);
    let span =
        |start: usize, end: usize| Span::new(file, offsets.byte(start) + offset..offsets.byte(end) + offset);
    let documents = match MarkedYaml::load_from_str(text) {
        Ok(documents) => documents,
        Err(error) => {
            let at = error.marker().index();
            diagnostics.push(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("this front matter is not valid YAML: {}", error.info()),
                )
                .at(span(at, at + 1)),
            );
            return BTreeMap::new();
        }
    };
    let Some(root) = documents.first() else {
        return BTreeMap::new();
    };
    match yaml_value(root, &span) {
        Value::Table(table) => table,
        Value::String(text) if text.is_empty() => BTreeMap::new(),
        _ => {
            diagnostics.push(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    "front matter must be a list of `key: value` lines",
                )
                .at(Span::new(file, offset..offset + text.len())),
            );
            BTreeMap::new()
        }
    }
}

fn yaml_value(node: &MarkedYaml<'_>, span: &dyn Fn(usize, usize) -> Span) -> Value {
    match &node.data {
        YamlData::Value(scalar) => match scalar {
            Scalar::Null => Value::String(String::new()),
            Scalar::Boolean(value) => Value::Boolean(*value),
            Scalar::Integer(number) => Value::Integer(*number),
            Scalar::FloatingPoint(number) => Value::Float(number.into_inner()),
            Scalar::String(text) => Value::String(text.to_string()),
        },
        YamlData::Representation(text, ..) => Value::String(text.to_string()),
        YamlData::Sequence(items) => {
            Value::Array(items.iter().map(|item| yaml_node(item, None, span)).collect())
        }
        YamlData::Mapping(entries) => Value::Table(
            entries
                .iter()
                .map(|(key, value)| {
                    let name = match yaml_value(key, span) {
                        Value::String(name) => name,
                        Value::Integer(number) => number.to_string(),
                        Value::Boolean(value) => value.to_string(),
                        _ => String::new(),
                    };
                    (name, yaml_node(value, Some(key), span))
                })
                .collect(),
        ),
        YamlData::Tagged(_, inner) => yaml_value(inner, span),
        YamlData::BadValue | YamlData::Alias(_) => Value::String(String::new()),
    }
}

fn yaml_node(
    node: &MarkedYaml<'_>,
    key: Option<&MarkedYaml<'_>>,
    span: &dyn Fn(usize, usize) -> Span,
) -> Node {
    let place = |node: &MarkedYaml<'_>| span(node.span.start.index(), node.span.end.index());
    Node {
        value: yaml_value(node, span),
        span: Some(place(node)),
        key_span: key.map(place),
        variable: None,
    }
}

const KINDS: [(&str, DocumentKind); 2] = [("guide", DocumentKind::Guide), ("page", DocumentKind::Page)];

fn read_table(table: BTreeMap<String, Node>, whole: Span, diagnostics: &mut Vec<Diagnostic>) -> FrontMatter {
    let levels = QuestionLevel::ALL.map(|level| (level.as_str(), level));
    let mut reader = Reader::new("", table, diagnostics);
    let text = |value: &Value| match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    };
    let date = |value: &Value| match value {
        Value::String(text) if is_date(text) => Some(text.clone()),
        _ => None,
    };
    const DATE: &str = "a date such as `2026-01-31`, or with a time such as `2026-01-31T09:30:00Z`";
    let mut front = FrontMatter {
        title: reader.read("title", "some text", text),
        description: reader.read("description", "some text", text),
        weight: reader.integer("weight", "a whole number", |_: i64| true),
        draft: reader.boolean("draft").unwrap_or_default(),
        date: reader.read("date", DATE, date),
        updated: reader.read("updated", DATE, date),
        authors: reader.strings("authors").unwrap_or_default(),
        tags: reader.strings("tags").unwrap_or_default(),
        level: reader.choice("level", &levels),
        roles: reader.strings("roles").unwrap_or_default(),
        kind: reader.choice("kind", &KINDS),
        slug: None,
        aliases: Vec::new(),
    };
    front.tags = normal_tags(&front.tags);
    if let Some(node) = reader.take("slug") {
        match text(&node.value) {
            Some(value) if !value.contains('/') => {
                front.slug = Some(Spanned {
                    value,
                    span: node.span.unwrap_or(whole),
                });
            }
            _ => reader.complain(
                Diagnostic::new(codes::CONFIG_INVALID_VALUE, "`slug` must be one segment of a URL"),
                &node,
            ),
        }
    }
    if let Some(node) = reader.take("aliases") {
        let items = match &node.value {
            Value::Array(items) => items.clone(),
            _ => vec![node.clone()],
        };
        for item in items {
            match text(&item.value) {
                Some(value) => front.aliases.push(Spanned {
                    value,
                    span: item.span.unwrap_or(whole),
                }),
                None => reader.complain(
                    Diagnostic::new(
                        codes::CONFIG_INVALID_VALUE,
                        "`aliases` must be a list of old addresses",
                    ),
                    &item,
                ),
            }
        }
    }
    report_unknown(reader);
    front
}

/// Keys of the front matter of other tools.
const ELSEWHERE: [&str; 12] = [
    "extra",
    "taxonomies",
    "template",
    "page_template",
    "sort_by",
    "paginate_by",
    "in_search_index",
    "insert_anchor_links",
    "layout",
    "permalink",
    "categories",
    "render",
];

const KEYS: [&str; 13] = [
    "title",
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
    "kind",
];

fn report_unknown(mut reader: Reader<'_>) {
    for (key, node) in reader.take_rest() {
        let near = KEYS
            .iter()
            .find(|known| strsim::damerau_levenshtein(known, &key) <= 2);
        let diagnostic = Diagnostic::new(
            codes::CONFIG_UNKNOWN_KEY,
            format!("front matter has no key `{key}`"),
        )
        .label("nothing reads this");
        let diagnostic = if ELSEWHERE.contains(&key.as_str()) {
            diagnostic
                .severity(Severity::Note)
                .help("another tool may; it is left alone here")
        } else if let Some(near) = near {
            diagnostic
                .severity(Severity::Error)
                .help(format!("did you mean `{near}`?"))
        } else {
            diagnostic
                .severity(Severity::Warning)
                .help(format!("known keys: {}", KEYS.join(", ")))
        };
        let place = Node {
            span: node.key_span.or(node.span),
            ..node
        };
        reader.complain(diagnostic, &place);
    }
}

/// Tags in lower case, spaces as hyphens, so that they fit URLs and heading attributes alike.
pub(super) fn normal_tags(tags: &[String]) -> Vec<String> {
    let mut normal: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag
            .split_whitespace()
            .collect::<Vec<_>>()
            .join("-")
            .to_lowercase();
        if !tag.is_empty() && !normal.contains(&tag) {
            normal.push(tag);
        }
    }
    normal
}

/// `YYYY-MM-DD`, or RFC 3339 §5.6 `date-time`.
fn is_date(text: &str) -> bool {
    let number = |range: Range<usize>, low: u32, high: u32| {
        text.get(range)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u32>().ok())
            .is_some_and(|number| (low..=high).contains(&number))
    };
    let bytes = text.as_bytes();
    let mark = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    let day = number(0..4, 0, 9999)
        && mark(4, b"-")
        && number(5..7, 1, 12)
        && mark(7, b"-")
        && number(8..10, 1, 31);
    if text.len() == 10 {
        return day;
    }
    let time = mark(10, b"Tt ")
        && number(11..13, 0, 23)
        && mark(13, b":")
        && number(14..16, 0, 59)
        && mark(16, b":")
        && number(17..19, 0, 60);
    let Some(rest) = text.get(19..).filter(|_| day && time) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    zone.eq_ignore_ascii_case("z")
        || (zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (FrontMatter, Vec<String>) {
        let mut diagnostics = Vec::new();
        let file = FileId::new(0);
        let extent = find(text, 0).unwrap_or_else(|| panic!("no front matter in {text:?}"));
        let front = read(text, &extent, file, &mut diagnostics);
        let found = diagnostics
            .iter()
            .map(|d| {
                let place = d.span.map_or("", |span| &text[span.range()]);
                format!("{} {} [{place}]", d.severity.as_str(), d.message)
            })
            .collect();
        (front, found)
    }

    #[test]
    fn yaml_and_toml_say_the_same() {
        let yaml = "---\ntitle: Größe\nweight: 2\ntags: [a, B c]\naliases:\n  - /old/\nlevel: senior\ndate: 2026-01-31\n---\nx";
        let toml = "+++\ntitle = \"Größe\"\nweight = 2\ntags = [\"a\", \"B c\"]\naliases = [\"/old/\"]\nlevel = \"senior\"\ndate = 2026-01-31\n+++\nx";
        let (from_yaml, faults) = check(yaml);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(from_yaml.tags, ["a", "b-c"]);
        assert_eq!(from_yaml.date.as_deref(), Some("2026-01-31"));
        let mut from_toml = check(toml).0;
        from_toml.aliases[0].span = from_yaml.aliases[0].span;
        assert_eq!(from_yaml, from_toml);
    }

    #[test]
    fn unknown_keys_weigh_by_their_nearness() {
        let (_, found) = check("---\nü: 1\ntitel: x\nextra: {a: 1}\nmood: good\n---\n");
        assert_eq!(
            found,
            [
                "note front matter has no key `extra` [extra]",
                "warning front matter has no key `mood` [mood]",
                "error front matter has no key `titel` [titel]",
                "warning front matter has no key `ü` [ü]",
            ]
        );
    }

    #[test]
    fn wrong_values_are_told_at_their_place() {
        let (front, found) = check("---\nlevel: seniro\ndate: yesterday\nweight: heavy\n---\n");
        assert_eq!((front.level, front.date, front.weight), (None, None, None));
        assert_eq!(found.len(), 3);
        assert!(
            found.contains(&"error `level` cannot be `seniro` [seniro]".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn broken_yaml_is_told_and_an_open_fence_is_a_rule() {
        let (_, found) = check("---\ntitle: [a\n---\n");
        assert!(
            found[0].starts_with("error this front matter is not valid YAML"),
            "{found:?}"
        );
        assert_eq!(find("---\ntitle: x\n", 0), None);
        assert_eq!(find("text\n---\n", 0), None);
    }

    #[test]
    fn dates_are_checked() {
        for good in [
            "2026-01-31",
            "2026-01-31T09:30:00Z",
            "2026-01-31T09:30:00.5+01:00",
        ] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2026-13-01",
            "26-01-01",
            "2026-01-31T09:30",
            "2026-01-31T09:30:00",
            "2026-01-3é",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
