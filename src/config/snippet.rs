//! Manifests of snippet crates.
use std::time::Duration;
/// Parses `5s`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}
/// Parses `64 KiB`.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    text.strip_suffix(" KiB")?.parse::<u64>().ok().map(|n| n * 1024)
}
