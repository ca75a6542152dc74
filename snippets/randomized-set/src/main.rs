//! Insert, remove and draw in constant time: a dense vector to draw from and
//! a map that knows where each value stands in it.
use std::collections::HashMap;
use std::hash::Hash;

struct RandomizedSet<T> {
    values: Vec<T>,
    position: HashMap<T, usize>,
    rng: SplitMix64,
}

impl<T: Hash + Eq + Copy> RandomizedSet<T> {
    fn new(seed: u64) -> Self {
        Self {
            values: Vec::new(),
            position: HashMap::new(),
            rng: SplitMix64(seed),
        }
    }

    fn insert(&mut self, value: T) -> bool {
        if self.position.contains_key(&value) {
            return false;
        }
        self.position.insert(value, self.values.len());
        self.values.push(value);
        true
    }

    // ANCHOR: remove
    fn remove(&mut self, value: &T) -> bool {
        let Some(hole) = self.position.remove(value) else {
            return false;
        };
        // The last value fills the hole, so nothing else has to move.
        self.values.swap_remove(hole);
        // No value stands at `hole` if the removed one was the last itself.
        if let Some(moved) = self.values.get(hole) {
            self.position.insert(*moved, hole);
        }
        true
    }
    // ANCHOR_END: remove

    fn random(&mut self) -> Option<T> {
        let at = self.rng.below(self.values.len())?;
        Some(self.values[at])
    }
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Scales 64 random bits to `0..n`; for small `n` the bias is about n / 2^64.
    fn below(&mut self, n: usize) -> Option<usize> {
        let scaled = (u128::from(self.next()) * n as u128) >> 64;
        (n > 0).then_some(scaled as usize)
    }
}

fn main() {
    let mut set = RandomizedSet::new(42);
    let inserted: Vec<_> = [10, 20, 30, 40, 20]
        .iter()
        .map(|n| set.insert(*n))
        .collect();
    println!("insert 10 20 30 40 20  {inserted:?}");
    for value in [20, 30, 99] {
        let removed = set.remove(&value);
        println!(
            "remove {value}  {removed:<5}  dense vector {:?}",
            set.values
        );
    }

    for value in [1, 2, 3, 4] {
        set.insert(value);
    }
    const DRAWS: u32 = 60_000;
    let mut counts = vec![0; set.values.len()];
    for _ in 0..DRAWS {
        let drawn = set.random().expect("the set is not empty");
        counts[set.position[&drawn]] += 1;
    }
    let fair = DRAWS / counts.len() as u32;
    println!("\n{DRAWS} draws, {fair} each if exactly fair");
    for (value, count) in set.values.iter().zip(&counts) {
        let off = 100.0 * (f64::from(*count) / f64::from(fair) - 1.0);
        println!("{value:>5}  {count:>6}  {off:+.1}%");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn removing_the_only_value_leaves_nothing_to_draw() {
        let mut set = RandomizedSet::new(1);
        assert!(set.insert('x') && set.remove(&'x'));
        assert_eq!(set.random(), None);
        assert!(!set.remove(&'x'));
    }

    #[test]
    fn removing_the_last_slot_leaves_no_stale_position() {
        let mut set = RandomizedSet::new(1);
        assert!(set.insert('a') && set.insert('b') && set.remove(&'b'));
        assert_eq!(set.position.len(), 1);
        assert_eq!(set.random(), Some('a'));
    }

    #[test]
    fn map_and_vector_stay_in_step_over_random_calls() {
        let (mut set, mut model) = (RandomizedSet::new(7), BTreeSet::new());
        let mut rng = SplitMix64(3);
        for _ in 0..5_000 {
            let value = rng.next() % 50;
            if rng.next() < u64::MAX / 2 {
                assert_eq!(set.insert(value), model.insert(value));
            } else {
                assert_eq!(set.remove(&value), model.remove(&value));
            }
            assert_eq!(set.values.len(), model.len());
            assert!(
                set.values
                    .iter()
                    .enumerate()
                    .all(|(i, v)| set.position[v] == i)
            );
            assert!(set.random().is_none_or(|drawn| model.contains(&drawn)));
        }
    }
}
