use super::*;

#[test]
fn agrees_with_a_sorted_vector() {
    let mut cache = LruCache::new(5);
    let mut model: Vec<(u64, u64)> = Vec::new(); // newest first
    for n in 0..5_000_u64 {
        let key = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61; // 8 keys
        let known = model
            .iter()
            .position(|entry| entry.0 == key)
            .map(|at| model.remove(at));
        if n.is_multiple_of(3) {
            assert_eq!(cache.get(&key).copied(), known.map(|entry| entry.1));
            model.splice(0..0, known);
        } else {
            let evicted = if model.len() == 5 { model.pop() } else { None };
            assert_eq!(cache.put(key, n), evicted);
            model.insert(0, (key, n));
        }
        let order: Vec<_> = model.iter().map(|entry| &entry.0).collect();
        assert_eq!(cache.newest_first(), order);
    }
}
