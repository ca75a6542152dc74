//! LFU in constant time: a circular list for each frequency, linked by index,
//! and the lowest frequency in use. A small LRU shows where each one loses.
use std::collections::HashMap;
use std::hash::Hash;

struct LfuCache<K, V> {
    capacity: usize,
    index: HashMap<K, usize>,
    items: Vec<(K, V, usize)>, // key, value, frequency
    /// `(prev, next)` of each slot; behind them the sentinel of each frequency.
    links: Vec<(usize, usize)>,
    lowest: usize,
}

impl<K: Hash + Eq + Clone, V> LfuCache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache needs room for one entry");
        let (index, items, links) = (HashMap::new(), Vec::new(), vec![(0, 0); capacity]);
        Self {
            capacity,
            index,
            items,
            links,
            lowest: 1,
        }
    }

    fn join(&mut self, left: usize, right: usize) {
        self.links[left].1 = right;
        self.links[right].0 = left;
    }

    fn unlink(&mut self, slot: usize) {
        let (prev, next) = self.links[slot];
        self.join(prev, next);
    }

    /// Puts a slot at the newest end of the list of its frequency.
    fn push_newest(&mut self, slot: usize) {
        let list = self.capacity + self.items[slot].2 - 1;
        if list == self.links.len() {
            self.links.push((list, list)); // frequencies grow one by one
        }
        let newest = self.links[list].1;
        self.join(list, slot);
        self.join(slot, newest);
    }

    // ANCHOR: core
    fn get(&mut self, key: &K) -> Option<&V> {
        let slot = *self.index.get(key)?;
        self.unlink(slot);
        self.items[slot].2 += 1;
        self.push_newest(slot);
        let list = self.capacity + self.lowest - 1;
        if self.links[list].1 == list {
            self.lowest += 1; // this entry was the last of its list
        }
        Some(&self.items[slot].1)
    }

    /// Stores a pair and returns the key that had to make room.
    fn put(&mut self, key: K, value: V) -> Option<K> {
        if self.get(&key).is_some() {
            self.items[self.index[&key]].1 = value;
            return None;
        }
        let item = (key.clone(), value, 1);
        let (slot, evicted) = if self.items.len() < self.capacity {
            self.items.push(item);
            (self.items.len() - 1, None)
        } else {
            // The oldest entry of the lowest list: ties are broken by recency.
            let slot = self.links[self.capacity + self.lowest - 1].0;
            self.unlink(slot);
            let old = std::mem::replace(&mut self.items[slot], item);
            self.index.remove(&old.0);
            (slot, Some(old.0))
        };
        self.index.insert(key, slot);
        self.push_newest(slot);
        self.lowest = 1; // a new entry is always among the least used
        evicted
    }
    // ANCHOR_END: core
}

/// Hits of caches with `room` for that many keys: by LRU, by LFU.
fn hits(room: usize, keys: &[u32]) -> (usize, usize) {
    let (mut lru, mut lfu) = (Vec::new(), LfuCache::new(room));
    let (mut by_lru, mut by_lfu) = (0, 0);
    for &key in keys {
        match lru.iter().position(|k| *k == key) {
            Some(at) => by_lru += lru.drain(at..=at).count(),
            None if lru.len() == room => drop(lru.remove(0)),
            None => {}
        }
        lru.push(key);
        match lfu.get(&key) {
            Some(()) => by_lfu += 1,
            None => drop(lfu.put(key, ())),
        }
    }
    (by_lru, by_lfu)
}

fn main() {
    let mut cache = LfuCache::new(3);
    for key in ['a', 'b', 'c'] {
        cache.put(key, ());
    }
    for key in ['a', 'a', 'b'] {
        cache.get(&key);
    }
    println!("put a b c, get a a b");
    println!("put d        evicts {:?}", cache.put('d', ()));
    println!("put e        evicts {:?}", cache.put('e', ()));
    for key in ['e', 'e'] {
        cache.get(&key);
    }
    println!("get e e");
    println!("put f        evicts {:?}", cache.put('f', ()));

    // Rounds over eight hot keys, each followed by a scan of one-off keys.
    let scan = |n: u32| (0..8).cycle().take(32).chain(100 * n..100 * n + 40);
    let scans: Vec<u32> = (1..=20).flat_map(scan).collect();
    // Eight hot keys give way to eight others half-way.
    let shift: Vec<u32> = (0..800)
        .map(|n| n % 8)
        .chain((0..800).map(|n| 50 + n % 8))
        .collect();
    println!("\n{:<20} calls    LRU    LFU", "hits with room for 8");
    for (name, keys) in [("scans in between", scans), ("hot keys replaced", shift)] {
        let (by_lru, by_lfu) = hits(8, &keys);
        println!("{name:<20} {:>5} {by_lru:>6} {by_lfu:>6}", keys.len());
    }
}

#[cfg(test)]
mod tests;
