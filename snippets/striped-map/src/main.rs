//! A concurrent hash map: each stripe is a small chained table with its own
//! lock, which it also grows under. The hash picks stripe and bucket.
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

struct Stripe<K, V> {
    buckets: Vec<Vec<(u64, K, V)>>,
    len: usize,
}

struct StripedMap<K, V> {
    stripes: Vec<Mutex<Stripe<K, V>>>,
    hasher: RandomState,
}

// ANCHOR: bits
fn stripe_of(hash: u64, stripes: usize) -> usize {
    hash as usize & (stripes - 1) // right for powers of two only
}

/// All hashes of one stripe end in the same bits: use those above them.
fn bucket_of(hash: u64, stripes: usize, buckets: usize) -> usize {
    (hash >> stripes.ilog2()) as usize & (buckets - 1)
}
// ANCHOR_END: bits

impl<K: Hash + Eq, V> StripedMap<K, V> {
    fn new(stripes: usize) -> Self {
        let empty = || {
            Mutex::new(Stripe {
                buckets: vec![vec![], vec![]],
                len: 0,
            })
        };
        let stripes = (0..stripes.next_power_of_two()).map(|_| empty()).collect();
        Self {
            stripes,
            hasher: RandomState::new(),
        }
    }

    fn lock(&self, hash: u64) -> MutexGuard<'_, Stripe<K, V>> {
        let stripe = &self.stripes[stripe_of(hash, self.stripes.len())];
        stripe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, changes and writes one value in a single critical section.
    fn update<R>(&self, key: K, default: V, change: impl FnOnce(&mut V) -> R) -> R {
        let hash = self.hasher.hash_one(&key);
        let mut stripe = self.lock(hash);
        if stripe.len == stripe.buckets.len() {
            self.grow(&mut stripe);
        }
        let at = bucket_of(hash, self.stripes.len(), stripe.buckets.len());
        let found = stripe.buckets[at].iter().position(|entry| entry.1 == key);
        let place = found.unwrap_or_else(|| {
            stripe.len += 1;
            stripe.buckets[at].push((hash, key, default));
            stripe.buckets[at].len() - 1
        });
        change(&mut stripe.buckets[at][place].2)
    }

    /// Doubles one stripe; the others stay available meanwhile.
    fn grow(&self, stripe: &mut Stripe<K, V>) {
        let doubled = stripe.buckets.len() * 2;
        let old = std::mem::take(&mut stripe.buckets);
        stripe.buckets.resize_with(doubled, Vec::new);
        for entry in old.into_iter().flatten() {
            let at = bucket_of(entry.0, self.stripes.len(), doubled);
            stripe.buckets[at].push(entry);
        }
    }

    fn get(&self, key: &K) -> Option<V>
    where
        V: Clone, // a reference would outlive the guard
    {
        let hash = self.hasher.hash_one(key);
        let stripe = self.lock(hash);
        let at = bucket_of(hash, self.stripes.len(), stripe.buckets.len());
        let entry = stripe.buckets[at].iter().find(|entry| entry.1 == *key)?;
        Some(entry.2.clone())
    }
}

fn count_from_threads(stripes: usize) -> StripedMap<u32, u32> {
    let map = StripedMap::new(stripes);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5_000).for_each(|n| map.update(n % 500, 0, |count| *count += 1)));
        }
    });
    map
}

fn main() {
    let map = count_from_threads(16);
    let counts: Vec<_> = (0..500).filter_map(|key| map.get(&key)).collect();
    println!(
        "8 threads x 5000 increments: {} keys, total {}",
        counts.len(),
        counts.iter().sum::<u32>()
    );

    // Evenly mixed hashes, so that only the choice of bits is on trial.
    let hashes = || (0..4_096_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20);
    let reached = |pick: &dyn Fn(u64) -> usize| hashes().map(pick).collect::<BTreeSet<_>>().len();
    println!("\nstripes reached");
    println!(
        "  10, hash & 9     {:>2}",
        reached(&|hash| stripe_of(hash, 10))
    );
    println!(
        "  10, hash % 10    {:>2}",
        reached(&|hash| hash as usize % 10)
    );
    println!(
        "  16, hash & 15    {:>2}",
        reached(&|hash| stripe_of(hash, 16))
    );

    let in_stripe = |pick: &dyn Fn(u64) -> usize| {
        let mine = hashes().filter(|&hash| stripe_of(hash, 16) == 0);
        mine.map(pick).collect::<BTreeSet<_>>().len()
    };
    println!("\nof 64 buckets in stripe 0 of 16, reached by");
    println!(
        "  the same low bits {:>2}",
        in_stripe(&|hash| hash as usize & 63)
    );
    println!(
        "  the bits above    {:>2}",
        in_stripe(&|hash| bucket_of(hash, 16, 64))
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_stripes_lose_no_increment() {
        for stripes in [1, 10, 64] {
            let map = count_from_threads(stripes);
            assert!((0..500).all(|key| map.get(&key) == Some(80)));
        }
    }
}
