//! A value as of a time: the versions of a key lie in time order, and a binary
//! search finds the last one that is not younger than the question.
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

#[derive(Debug, PartialEq)]
struct TooOld {
    newest: u64,
}

/// Append-only versions: compact, but times must not go backwards.
struct TimeMap<K, V> {
    versions: HashMap<K, Vec<(u64, V)>>,
}

impl<K: Hash + Eq, V> TimeMap<K, V> {
    fn new() -> Self {
        Self {
            versions: HashMap::new(),
        }
    }

    // ANCHOR: core
    fn set(&mut self, key: K, at: u64, value: V) -> Result<(), TooOld> {
        let versions = self.versions.entry(key).or_default();
        match versions.last_mut() {
            Some(last) if at < last.0 => return Err(TooOld { newest: last.0 }),
            Some(last) if at == last.0 => last.1 = value, // last write wins
            _ => versions.push((at, value)),
        }
        Ok(())
    }

    fn get(&self, key: &K, at: u64) -> Option<&V> {
        let versions = self.versions.get(key)?;
        let later = versions.partition_point(|version| version.0 <= at);
        Some(&versions[later.checked_sub(1)?].1)
    }
    // ANCHOR_END: core
}

/// A tree for each key: takes late writes at the price of pointers.
struct TreeTimeMap<K, V> {
    versions: HashMap<K, BTreeMap<u64, V>>,
}

impl<K: Hash + Eq, V> TreeTimeMap<K, V> {
    fn new() -> Self {
        Self {
            versions: HashMap::new(),
        }
    }

    fn set(&mut self, key: K, at: u64, value: V) {
        self.versions.entry(key).or_default().insert(at, value);
    }

    fn get(&self, key: &K, at: u64) -> Option<&V> {
        let (_, value) = self.versions.get(key)?.range(..=at).next_back()?;
        Some(value)
    }
}

fn main() {
    let (mut log, mut tree) = (TimeMap::new(), TreeTimeMap::new());
    println!("{:<20} {:<26} tree", "write", "log");
    for (at, value) in [
        (10, "v1"),
        (20, "v2"),
        (20, "v2b"),
        (40, "v3"),
        (30, "late"),
    ] {
        let outcome = log.set("flag", at, value);
        tree.set("flag", at, value);
        println!(
            "{:<20} {:<26} taken",
            format!("flag = {value} at {at}"),
            format!("{outcome:?}")
        );
    }

    println!("\n{:<20} {:<26} tree", "read", "log");
    for (key, at) in [
        ("flag", 9),
        ("flag", 10),
        ("flag", 19),
        ("flag", 20),
        ("flag", 35),
        ("flag", 99),
        ("none", 99),
    ] {
        let (from_log, from_tree) = (log.get(&key, at), tree.get(&key, at));
        println!(
            "{:<20} {:<26} {from_tree:?}",
            format!("{key} at {at}"),
            format!("{from_log:?}")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_write_is_refused_and_changes_nothing() {
        let mut map = TimeMap::new();
        assert_eq!(map.set('k', 5, 1), Ok(()));
        assert_eq!(map.set('k', 4, 2), Err(TooOld { newest: 5 }));
        assert_eq!((map.get(&'k', 4), map.get(&'k', 5)), (None, Some(&1)));
    }

    #[test]
    fn log_and_tree_agree_with_a_scan_at_every_time() {
        let (mut log, mut tree) = (TimeMap::new(), TreeTimeMap::new());
        let writes: Vec<(u64, u64)> = (1..200).map(|n| (n * n / 7, n)).collect(); // early ties
        for &(at, value) in &writes {
            assert_eq!(log.set('k', at, value), Ok(()));
            tree.set('k', at, value);
        }
        for at in 0..6_000 {
            let expected = writes
                .iter()
                .rfind(|write| write.0 <= at)
                .map(|write| &write.1);
            assert_eq!(log.get(&'k', at), expected);
            assert_eq!(tree.get(&'k', at), expected);
        }
    }

    #[test]
    fn keys_have_separate_histories() {
        let mut map = TimeMap::new();
        assert_eq!(map.set("a", 100, 1), Ok(()));
        assert_eq!(map.set("b", 1, 2), Ok(()));
    }
}
