//! A hash map finds an entry; a doubly linked list keeps entries in order of
//! use. Links are indexes into one vector, so no entry borrows another.
use std::collections::HashMap;
use std::hash::Hash;

#[derive(Clone, Copy)]
struct Link {
    prev: usize,
    next: usize,
}

struct LruCache<K, V> {
    capacity: usize,
    index: HashMap<K, usize>,
    items: Vec<(K, V)>,
    /// One link per slot plus a sentinel at `capacity`: its `next` is the
    /// newest entry and its `prev` the oldest, so no link is ever absent.
    links: Vec<Link>,
    link_writes: u64,
}

impl<K: Hash + Eq + Clone, V> LruCache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache needs room for one entry");
        let empty = Link {
            prev: capacity,
            next: capacity,
        };
        Self {
            capacity,
            index: HashMap::with_capacity(capacity),
            items: Vec::with_capacity(capacity),
            links: vec![empty; capacity + 1],
            link_writes: 0,
        }
    }

    // ANCHOR: links
    fn join(&mut self, left: usize, right: usize) {
        self.links[left].next = right;
        self.links[right].prev = left;
        self.link_writes += 2;
    }

    fn unlink(&mut self, slot: usize) {
        let Link { prev, next } = self.links[slot];
        self.join(prev, next);
    }

    fn push_newest(&mut self, slot: usize) {
        let newest = self.links[self.capacity].next;
        self.join(self.capacity, slot);
        self.join(slot, newest);
    }
    // ANCHOR_END: links

    /// A hit changes the order, hence `&mut self` for what looks like a read.
    fn get(&mut self, key: &K) -> Option<&V> {
        let slot = *self.index.get(key)?;
        self.unlink(slot);
        self.push_newest(slot);
        Some(&self.items[slot].1)
    }

    /// Stores the pair and returns the entry that had to make room.
    fn put(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(&slot) = self.index.get(&key) {
            self.items[slot].1 = value;
            self.unlink(slot);
            self.push_newest(slot);
            return None;
        }
        let (slot, evicted) = if self.items.len() < self.capacity {
            self.items.push((key.clone(), value));
            (self.items.len() - 1, None)
        } else {
            let oldest = self.links[self.capacity].prev;
            self.unlink(oldest);
            let old = std::mem::replace(&mut self.items[oldest], (key.clone(), value));
            self.index.remove(&old.0);
            (oldest, Some(old))
        };
        self.index.insert(key, slot);
        self.push_newest(slot);
        evicted
    }

    fn newest_first(&self) -> Vec<&K> {
        let next = |&slot: &usize| Some(self.links[slot].next);
        std::iter::successors(next(&self.capacity), next)
            .take_while(|&slot| slot != self.capacity)
            .map(|slot| &self.items[slot].0)
            .collect()
    }
}

fn main() {
    let mut cache = LruCache::new(3);
    println!("call     result          newest first");
    let show = |call: &str, result: String, cache: &LruCache<_, _>| {
        println!("{call:<8} {result:<15} {:?}", cache.newest_first());
    };
    for (key, value) in [('a', 1), ('b', 2), ('c', 3)] {
        let evicted = cache.put(key, value);
        show(&format!("put {key}"), format!("{evicted:?}"), &cache);
    }
    let found = cache.get(&'a').copied();
    show("get a", format!("{found:?}"), &cache);
    let evicted = cache.put('d', 4);
    show("put d", format!("{evicted:?}"), &cache);
    let found = cache.get(&'b').copied();
    show("get b", format!("{found:?}"), &cache);

    println!("\ncapacity  calls   evictions  most link writes in a call");
    for capacity in [8, 256, 8_192] {
        let mut cache = LruCache::new(capacity);
        let (mut most, mut evictions) = (0, 0);
        for n in 0..40_000_u64 {
            let before = cache.link_writes;
            let key = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48; // 65,536 keys
            if cache.get(&key).is_none() && cache.put(key, n).is_some() {
                evictions += 1;
            }
            most = most.max(cache.link_writes - before);
        }
        println!("{capacity:>8}   40000  {evictions:>9}  {most}");
    }
}

#[cfg(test)]
mod tests;
