//! What may be asked: exclusions, remapping, and no machine that is not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use regex::Regex;

use crate::config::links::{LinksConfig, Range};

/// The configuration, compiled.
#[derive(Debug)]
pub(super) struct Policy {
    exclude: Vec<Regex>,
    exclude_path: Vec<Regex>,
    remap: Vec<(Regex, String)>,
    allow: Vec<Range>,
}

impl Policy {
    pub(super) fn new(config: &LinksConfig) -> Self {
        let compile =
            |patterns: &[String]| patterns.iter().filter_map(|text| Regex::new(text).ok()).collect();
        Self {
            exclude: compile(&config.exclude),
            exclude_path: compile(&config.exclude_path),
            remap: config
                .remap
                .iter()
                .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, with.clone())))
                .collect(),
            allow: config.allow_private.clone(),
        }
    }

    /// Whether a link of a file is left alone.
    pub(super) fn excludes(&self, url: &str, path: &str) -> bool {
        self.exclude.iter().any(|pattern| pattern.is_match(url))
            || self.exclude_path.iter().any(|pattern| pattern.is_match(path))
    }

    /// What is asked in an address's place: the first pattern that matches decides.
    pub(super) fn remapped(&self, url: &str) -> String {
        self.remap
            .iter()
            .find(|(pattern, _)| pattern.is_match(url))
            .map_or_else(
                || url.to_owned(),
                |(pattern, with)| pattern.replace(url, with.as_str()).into_owned(),
            )
    }

    /// The private ranges that may be asked.
    pub(super) fn ranges(&self) -> Vec<Range> {
        self.allow.clone()
    }
}

/// Whether a machine may be asked: it is public, or allowed by name of its range.
pub(super) fn allowed(address: IpAddr, ranges: &[Range]) -> bool {
    is_public(address) || ranges.iter().any(|range| range.contains(address))
}

/// Whether an address belongs to the public internet (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // This network, shared space of carriers, protocol assignments, benchmarks, reserved and broadcast.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address inside an IPv6 one leads to the same machine.
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let first = address.segments()[0];
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Site-local (deprecated), documentation, discard-only.
        || first & 0xffc0 == 0xfec0
        || (first == 0x2001 && address.segments()[1] == 0xdb8)
        || first == 0x0100)
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        // Mapped, compatible (but not `::` and `::1`), NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_private_address_passes_in_any_disguise() {
        for private in [
            "127.0.0.1",
            "127.255.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "fec0::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!allowed(private.parse().unwrap(), &[]), "{private}");
        }
        for public in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(allowed(public.parse().unwrap(), &[]), "{public}");
        }
        let loopback = Range::parse("127.0.0.0/8").unwrap();
        assert!(allowed("127.0.0.1".parse().unwrap(), &[loopback]));
        assert!(!allowed("10.0.0.1".parse().unwrap(), &[loopback]));
    }

    #[test]
    fn exclusions_and_remapping_follow_the_patterns() {
        let policy = Policy::new(&LinksConfig {
            exclude: vec!["^https://a\\.example".to_owned()],
            exclude_path: vec!["drafts/".to_owned()],
            remap: vec![("https://old/(.*)".to_owned(), "https://new/$1".to_owned())],
            ..LinksConfig::default()
        });
        assert!(policy.excludes("https://a.example/x", "content/a.md"));
        assert!(policy.excludes("https://b.example/x", "content/drafts/a.md"));
        assert!(!policy.excludes("https://b.example/x", "content/a.md"));
        assert_eq!(policy.remapped("https://old/x?y"), "https://new/x?y");
        assert_eq!(policy.remapped("https://other/"), "https://other/");
    }
}
