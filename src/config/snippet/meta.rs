//! `[package.metadata.proofbook]`: the table's keys, each checked where it stands.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::model::snippet::{Network, Redaction, SnippetCrate, SnippetKind, SnippetMeta};
use crate::source::{FileId, Span};

const KEYS: &[&str] = &[
    "title",
    "kind",
    "bins",
    "args",
    "env",
    "stdin",
    "exit-code",
    "timeout",
    "memory",
    "max-processes",
    "error-codes",
    "unordered",
    "redactions",
    "network",
    "manual",
];

/// Reads a duration: a whole number with `ms`, `s`, `m` or `h`, a space between allowed.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// Reads a size in bytes: a whole number with `B`, `KiB`, `MiB`, `GiB` (or `KB`, `MB`, `GB`, counted in
/// thousands), a space between allowed.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

type Value<'a> = Spanned<DeValue<'a>>;

/// Reads one table and gathers what is wrong with it.
pub(super) struct Reader {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) const fn new(file: FileId) -> Self {
        Self {
            file,
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// The binaries with those that `bins =` names first.
    pub(super) fn order_bins(&mut self, table: &Value<'_>, mut bins: Vec<String>) -> Vec<String> {
        let listed = table
            .as_ref()
            .as_table()
            .and_then(|table| table.get("bins"))
            .map(|value| self.words(value, "bins"))
            .unwrap_or_default();
        for (at, (name, span)) in listed.into_iter().enumerate() {
            if let Some(found) = bins.iter().position(|bin| *bin == name) {
                let bin = bins.remove(found);
                bins.insert(at.min(bins.len()), bin);
            } else {
                let wrong = Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("the crate has no binary `{name}`"),
                );
                self.diagnostics
                    .push(wrong.at(span).suggest(&name, bins.iter().map(String::as_str)));
            }
        }
        bins
    }

    /// The table's values; `found` gives the crate's files and binaries.
    pub(super) fn read(&mut self, table: &Value<'_>, found: &SnippetCrate) -> SnippetMeta {
        let mut meta = found.meta.clone();
        meta.kinds = vec![if found.bins.is_empty() {
            SnippetKind::Test
        } else {
            SnippetKind::Run
        }];
        let Some(entries) = table.as_ref().as_table() else {
            self.invalid(table, "`package.metadata.proofbook` must be a table", None);
            return meta;
        };
        for (key, value) in entries {
            self.read_key(key.as_ref(), value, found, &mut meta);
            if !KEYS.contains(&key.as_ref().as_ref()) {
                let wrong = Diagnostic::new(
                    codes::CONFIG_UNKNOWN_KEY,
                    format!("unknown key `{}` in `[package.metadata.proofbook]`", key.as_ref()),
                );
                self.diagnostics.push(
                    wrong
                        .at(Span::new(self.file, key.span()))
                        .suggest(key.as_ref(), KEYS.iter().copied()),
                );
            }
        }
        self.check_together(table, entries, found, &meta);
        meta
    }

    fn read_key(&mut self, key: &str, value: &Value<'_>, found: &SnippetCrate, meta: &mut SnippetMeta) {
        match key {
            "title" => meta.title = self.text(value, key),
            "manual" => meta.manual = self.text(value, key),
            "kind" => {
                if let Some(kinds) = self.kinds(value) {
                    meta.kinds = kinds;
                }
            }
            "args" => meta.args = self.texts(value, key),
            "env" => meta.env = self.env(value),
            "stdin" => meta.stdin = self.stdin(value, found),
            "exit-code" => {
                if let Some(code) = self.integer(value, key, 0, 255) {
                    meta.exit_code = code as i32;
                }
            }
            "timeout" => {
                let help = "write a number with a unit: `500ms`, `5s`, `1m`";
                meta.timeout = self.unit(value, key, help, |text| {
                    parse_duration(text).filter(|limit| !limit.is_zero())
                });
            }
            "memory" => {
                let help = "write a number with a unit: `64 KiB`, `512 MiB`, `1 GiB`";
                meta.memory = self.unit(value, key, help, |text| parse_size(text).filter(|&size| size > 0));
            }
            "max-processes" => {
                meta.max_processes = self.integer(value, key, 1, 4096).map(|count| count as u32);
            }
            "error-codes" => meta.error_codes = self.error_codes(value),
            "unordered" => match value.as_ref().as_bool() {
                Some(unordered) => meta.unordered = unordered,
                None => self.invalid(value, "`unordered` must be `true` or `false`", None),
            },
            "redactions" => meta.redactions = self.redactions(value),
            "network" => match value.as_ref().as_str() {
                Some("none") => meta.network = Network::None,
                Some("loopback") => meta.network = Network::Loopback,
                _ => self.invalid(value, "`network` must be \"none\" or \"loopback\"", None),
            },
            _ => {}
        }
    }

    /// What keys demand of each other and of the crate.
    fn check_together(
        &mut self,
        table: &Value<'_>,
        entries: &DeTable<'_>,
        found: &SnippetCrate,
        meta: &SnippetMeta,
    ) {
        let place = entries.get("kind").unwrap_or(table);
        let has = |kind| meta.kinds.contains(&kind);
        for kind in [SnippetKind::Run, SnippetKind::Panic] {
            if has(kind) && found.bins.is_empty() {
                let what = format!(
                    "kind `{}` needs a binary, and `{}` has none",
                    kind.as_str(),
                    found.slug
                );
                self.invalid(place, &what, Some("add `src/main.rs`, or use kind `test`"));
            }
        }
        if has(SnippetKind::Run) && has(SnippetKind::Panic) && found.bins.len() == 1 {
            self.invalid(place, "`run` and `panic` together need two binaries", None);
        }
        if has(SnippetKind::CompileFail) {
            let library = usize::from(found.files.contains_key("src/lib.rs"));
            if library + found.bins.len() > 1 {
                self.invalid(
                    place,
                    "a compile-fail crate must have one target alone",
                    Some("the compiler stops at the first target that it refuses: make a crate of each"),
                );
            }
        } else if let Some(codes) = entries.get("error-codes") {
            self.invalid(codes, "`error-codes` needs `kind = \"compile-fail\"`", None);
        }
    }

    fn invalid(&mut self, value: &Value<'_>, message: &str, help: Option<&str>) {
        let mut wrong =
            Diagnostic::new(codes::CONFIG_INVALID_VALUE, message).at(Span::new(self.file, value.span()));
        wrong.help = help.map(str::to_owned);
        self.diagnostics.push(wrong);
    }

    fn text(&mut self, value: &Value<'_>, key: &str) -> Option<String> {
        match value.as_ref().as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                self.invalid(value, &format!("`{key}` must be a text that is not empty"), None);
                None
            }
        }
    }

    /// A list of texts with the place of each.
    fn words(&mut self, value: &Value<'_>, key: &str) -> Vec<(String, Span)> {
        let items = value.as_ref().as_array().map(|items| {
            let text = |item: &Value<'_>| {
                let place = Span::new(self.file, item.span());
                item.as_ref().as_str().map(|text| (text.to_owned(), place))
            };
            items.iter().map(text).collect::<Option<Vec<_>>>()
        });
        items.flatten().unwrap_or_else(|| {
            self.invalid(value, &format!("`{key}` must be a list of texts"), None);
            Vec::new()
        })
    }

    fn texts(&mut self, value: &Value<'_>, key: &str) -> Vec<String> {
        self.words(value, key).into_iter().map(|(text, _)| text).collect()
    }

    fn integer(&mut self, value: &Value<'_>, key: &str, least: i64, most: i64) -> Option<i64> {
        let number = value
            .as_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.invalid(value, &format!("`{key}` must be from {least} to {most}"), None);
        }
        number
    }

    fn unit<T>(
        &mut self,
        value: &Value<'_>,
        key: &str,
        help: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = value.as_ref().as_str().and_then(parse);
        if found.is_none() {
            self.invalid(value, &format!("`{key}` is not a quantity"), Some(help));
        }
        found
    }

    fn kinds(&mut self, value: &Value<'_>) -> Option<Vec<SnippetKind>> {
        let words = match value.as_ref().as_str() {
            Some(word) => vec![(word.to_owned(), Span::new(self.file, value.span()))],
            None => self.words(value, "kind"),
        };
        let mut kinds = Vec::new();
        for (word, span) in words {
            if let Some(kind) = SnippetKind::from_name(&word) {
                kinds.push(kind);
            } else {
                let names = SnippetKind::ALL.map(SnippetKind::as_str);
                let help = match nearest(&word, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the kinds are `{}`", names.join("`, `")),
                };
                self.diagnostics.push(
                    Diagnostic::new(codes::CONFIG_INVALID_VALUE, format!("unknown kind `{word}`"))
                        .at(span)
                        .help(help),
                );
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.contains(&SnippetKind::CompileFail) && kinds.len() > 1 {
            let help = "move the other kinds to a crate of their own";
            self.invalid(value, "kind `compile-fail` stands alone", Some(help));
            kinds = vec![SnippetKind::CompileFail];
        }
        (!kinds.is_empty()).then_some(kinds)
    }

    fn env(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let pairs = value.as_ref().as_table().and_then(|table| {
            let pair = |(key, value): (&Spanned<_>, &Value<'_>)| {
                let name: &str = AsRef::<toml::de::DeString<'_>>::as_ref(key);
                let usable = !name.is_empty() && !name.contains(['=', '\0']);
                let text = value.as_ref().as_str().filter(|text| !text.contains('\0'));
                usable
                    .then(|| Some((name.to_owned(), text?.to_owned())))
                    .flatten()
            };
            table.iter().map(pair).collect()
        });
        pairs.unwrap_or_else(|| {
            self.invalid(value, "`env` must be a table of texts", None);
            BTreeMap::new()
        })
    }

    fn stdin(&mut self, value: &Value<'_>, found: &SnippetCrate) -> Option<String> {
        let path = self.text(value, "stdin")?;
        if found.files.contains_key(&path) {
            return Some(path);
        }
        let wrong = Diagnostic::new(
            codes::CONFIG_INVALID_VALUE,
            format!("`{}` has no file `{path}`", found.slug),
        );
        self.diagnostics.push(
            wrong
                .at(Span::new(self.file, value.span()))
                .suggest(&path, found.files.keys().map(String::as_str)),
        );
        None
    }

    fn error_codes(&mut self, value: &Value<'_>) -> Vec<String> {
        let is_code = |text: &str| {
            text.strip_prefix('E')
                .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        let mut found = Vec::new();
        for (text, span) in self.words(value, "error-codes") {
            if is_code(&text) {
                found.push(text);
            } else {
                let wrong = Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("`{text}` is not an error code of the compiler"),
                );
                self.diagnostics
                    .push(wrong.at(span).help("write it as in `E0382`"));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn redactions(&mut self, value: &Value<'_>) -> Vec<Redaction> {
        let Some(items) = value.as_ref().as_array() else {
            self.invalid(value, "`redactions` must be a list of tables", None);
            return Vec::new();
        };
        items.iter().filter_map(|item| self.redaction(item)).collect()
    }

    fn redaction(&mut self, item: &Value<'_>) -> Option<Redaction> {
        let table = item.as_ref().as_table();
        let pattern = table.and_then(|table| table.get("pattern"));
        let with = table.and_then(|table| table.get("with")?.as_ref().as_str());
        let text = pattern.and_then(|pattern| pattern.as_ref().as_str());
        let (Some(pattern), Some(text), Some(with), Some(2)) =
            (pattern, text, with, table.map(toml::map::Map::len))
        else {
            let help = "write `{ pattern = \"regex\", with = \"[ID]\" }`";
            self.invalid(item, "a redaction has the texts `pattern` and `with`", Some(help));
            return None;
        };
        if let Err(error) = regex::Regex::new(text) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            self.invalid(
                pattern,
                &format!("`pattern` is not a regular expression: {why}"),
                None,
            );
            return None;
        }
        Some(Redaction {
            pattern: text.to_owned(),
            with: with.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_need_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration(" 5 s"), Some(Duration::from_secs(5)));
        assert_eq!(parse_duration("1m"), Some(Duration::from_mins(1)));
        for wrong in ["", "5", "s", "-5s", "1.5s", "5 parsecs", "99999999999999999999s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
        assert_eq!(parse_size("512 MiB"), Some(512 << 20));
        assert_eq!(parse_size("64KiB"), Some(64 << 10));
        assert_eq!(parse_size("1 GB"), Some(1_000_000_000));
        for wrong in ["", "64", "KiB", "1 kib", "99999999999 GiB"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }
}
