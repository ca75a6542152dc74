//! `[check.links]`: how external links are checked.

use std::net::IpAddr;
use std::time::Duration;

use regex::Regex;

use super::snippet::parse_duration;
use super::tree::{Reader, Unknown, Value};
use crate::diagnostic::{Diagnostic, codes};

/// `[check.links]`; the names are lychee's, `allow-private` apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinksConfig {
    /// `accept`: status codes that count as right, as inclusive ranges.
    pub accept: Vec<(u16, u16)>,
    /// `exclude`: regular expressions, known to be valid, of addresses that are not asked.
    pub exclude: Vec<String>,
    /// `exclude-path`: regular expressions, known to be valid, of content files whose links are not asked.
    pub exclude_path: Vec<String>,
    /// `cache`: whether good answers are kept between runs.
    pub cache: bool,
    /// `max-cache-age`
    pub max_cache_age: Duration,
    /// `max-retries` after the first try.
    pub max_retries: u32,
    /// `retry-wait-time`: before the first retry; doubled before each further one.
    pub retry_wait_time: Duration,
    /// `timeout` of one request, its answer's body included.
    pub timeout: Duration,
    /// `host-concurrency`: requests to one host at the same time.
    pub host_concurrency: usize,
    /// `host-request-interval`: between the starts of two requests to one host.
    pub host_request_interval: Duration,
    /// `include-fragments`: whether anchors are looked for in fetched pages.
    pub include_fragments: bool,
    /// `remap`: regular expressions, known to be valid, with what to ask instead.
    pub remap: Vec<(String, String)>,
    /// `offline`: no request at all, even with `--external`.
    pub offline: bool,
    /// `allow-private`: private and loopback ranges that may be asked nevertheless.
    pub allow_private: Vec<Range>,
}

impl Default for LinksConfig {
    fn default() -> Self {
        Self {
            accept: vec![(100, 103), (200, 299)],
            exclude: Vec::new(),
            exclude_path: Vec::new(),
            cache: true,
            max_cache_age: Duration::from_hours(24),
            max_retries: 3,
            retry_wait_time: Duration::from_secs(1),
            timeout: Duration::from_secs(20),
            host_concurrency: 2,
            host_request_interval: Duration::from_millis(100),
            include_fragments: true,
            remap: Vec::new(),
            offline: false,
            allow_private: Vec::new(),
        }
    }
}

/// A range of IP addresses, as in `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    base: IpAddr,
    bits: u32,
}

impl Range {
    /// Reads `address/bits`, or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { base, bits })
    }

    /// Whether an address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differ = u32::from(base) ^ u32::from(address);
                differ.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differ = u128::from(base) ^ u128::from(address);
                differ.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Reads the table.
pub(super) fn read(mut reader: Reader<'_>, links: &mut LinksConfig) {
    // lychee writes whole seconds; times with units are read everywhere here.
    let time = |value: &Value| match value {
        Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Value::String(text) => text
            .parse()
            .map(Duration::from_secs)
            .ok()
            .or_else(|| long_duration(text)),
        _ => None,
    };
    const TIME: &str = "a time such as `10s` or `500ms`, or whole seconds";
    set(
        &mut links.accept,
        reader.read(
            "accept",
            "status codes and ranges such as `[\"200..=299\", 429]`",
            accepted,
        ),
    );
    if let Some(patterns) = patterns(&mut reader, "exclude") {
        links.exclude = patterns;
    }
    if let Some(patterns) = patterns(&mut reader, "exclude-path") {
        links.exclude_path = patterns;
    }
    set(&mut links.cache, reader.boolean("cache"));
    set(
        &mut links.max_cache_age,
        reader.read("max-cache-age", "a time such as `1d` or `12h`", time),
    );
    set(
        &mut links.max_retries,
        reader.integer("max-retries", "a whole number from 0 to 10", |n: u32| n <= 10),
    );
    set(
        &mut links.retry_wait_time,
        reader.read("retry-wait-time", TIME, time),
    );
    let limit = |value: &Value| time(value).filter(|limit| !limit.is_zero());
    set(&mut links.timeout, reader.read("timeout", TIME, limit));
    set(
        &mut links.host_concurrency,
        reader.integer("host-concurrency", "a whole number from 1 to 64", |n: usize| {
            (1..=64).contains(&n)
        }),
    );
    set(
        &mut links.host_request_interval,
        reader.read("host-request-interval", TIME, time),
    );
    set(&mut links.include_fragments, reader.boolean("include-fragments"));
    if let Some(remap) = remap(&mut reader) {
        links.remap = remap;
    }
    set(&mut links.offline, reader.boolean("offline"));
    set(
        &mut links.allow_private,
        reader.read(
            "allow-private",
            "a list of address ranges such as `[\"127.0.0.0/8\"]`",
            |value| match value {
                Value::Array(items) => items
                    .iter()
                    .map(|item| match &item.value {
                        Value::String(text) => Range::parse(text),
                        _ => None,
                    })
                    .collect(),
                _ => None,
            },
        ),
    );
    reader.finish(|_| Unknown::Refused);
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Hours, days and weeks beside the shorter units.
fn long_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    for (unit, seconds) in [("h", 3600), ("d", 86_400), ("w", 604_800)] {
        if let Some(number) = text.strip_suffix(unit) {
            let number: u64 = number.trim().parse().ok()?;
            return number.checked_mul(seconds).map(Duration::from_secs);
        }
    }
    parse_duration(text)
}

/// Status codes and ranges: a list, or lychee's string of them with commas between.
fn accepted(value: &Value) -> Option<Vec<(u16, u16)>> {
    match value {
        Value::Integer(code) => Some(vec![u16::try_from(*code).ok().map(|code| (code, code))?]),
        Value::String(text) => text.split(',').map(|part| range(part.trim())).collect(),
        Value::Array(items) => {
            let lists: Option<Vec<_>> = items.iter().map(|item| accepted(&item.value)).collect();
            Some(lists?.concat())
        }
        _ => None,
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let code = |text: &str| text.parse::<u16>().ok().filter(|code| (100..=999).contains(code));
    if let Some((from, to)) = text.split_once("..=") {
        let from = if from.is_empty() { 100 } else { code(from)? };
        return Some((from, code(to)?)).filter(|(from, to)| from <= to);
    }
    if let Some((from, to)) = text.split_once("..") {
        let from = if from.is_empty() { 100 } else { code(from)? };
        let to = if to.is_empty() { 999 } else { code(to)? - 1 };
        return Some((from, to)).filter(|(from, to)| from <= to);
    }
    code(text).map(|code| (code, code))
}

/// A list of regular expressions; each one that does not parse is told.
fn patterns(reader: &mut Reader<'_>, key: &'static str) -> Option<Vec<String>> {
    let node = reader.take(key)?;
    let items = match &node.value {
        Value::String(_) => vec![node.clone()],
        Value::Array(items) => items.clone(),
        _ => {
            let diagnostic = Diagnostic::new(
                codes::CONFIG_INVALID_VALUE,
                format!(
                    "`{}` must be a list of regular expressions",
                    reader.full_name(key)
                ),
            );
            reader.complain(diagnostic, &node);
            return None;
        }
    };
    let mut found = Vec::new();
    for item in items {
        let pattern = match &item.value {
            Value::String(text) => Regex::new(text)
                .map(|_| text.clone())
                .map_err(|error| error.to_string()),
            _ => Err("it is no string".to_owned()),
        };
        match pattern {
            Ok(pattern) => found.push(pattern),
            Err(why) => {
                let why = why.lines().last().unwrap_or_default().to_owned();
                let diagnostic = Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("this is no regular expression: {why}"),
                )
                .help("in TOML, regular expressions are best written in single quotation marks");
                let place = super::tree::Node {
                    span: item.span.or(node.span),
                    ..item
                };
                reader.complain(diagnostic, &place);
            }
        }
    }
    Some(found)
}

/// `pattern replacement`, as lychee writes it.
fn remap(reader: &mut Reader<'_>) -> Option<Vec<(String, String)>> {
    reader.read("remap", "a list of strings `pattern replacement`", |value| {
        let items = match value {
            Value::Array(items) => items.iter().map(|item| &item.value).collect(),
            single => vec![single],
        };
        items
            .into_iter()
            .map(|item| {
                let Value::String(text) = item else { return None };
                let (pattern, with) = text.trim().split_once(char::is_whitespace)?;
                Regex::new(pattern).ok()?;
                Some((pattern.to_owned(), with.trim().to_owned()))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_should() {
        let check = |range: &str, address: &str| {
            Range::parse(range).is_some_and(|range| range.contains(address.parse().unwrap()))
        };
        assert!(check("127.0.0.0/8", "127.9.9.9") && !check("127.0.0.0/8", "128.0.0.1"));
        assert!(check("10.1.2.3", "10.1.2.3") && !check("10.1.2.3", "10.1.2.4"));
        assert!(check("0.0.0.0/0", "8.8.8.8") && check("::/0", "::1") && !check("::/0", "8.8.8.8"));
        assert!(check("fc00::/7", "fd00::1"));
        assert_eq!(Range::parse("127.0.0.0/33"), None);
        assert_eq!(Range::parse("localhost"), None);
    }

    #[test]
    fn status_codes_are_read_as_lychee_writes_them() {
        assert_eq!(range("200..=299"), Some((200, 299)));
        assert_eq!(range("200..300"), Some((200, 299)));
        assert_eq!(range("429"), Some((429, 429)));
        assert_eq!(range("..=399"), Some((100, 399)));
        assert_eq!((range("20"), range("300..=200"), range("x")), (None, None, None));
    }

    #[test]
    fn long_times_have_units() {
        assert_eq!(long_duration("1d"), Some(Duration::from_hours(24)));
        assert_eq!(long_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(long_duration("d"), None);
    }
}
