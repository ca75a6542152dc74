use super::*;

#[test]
fn evicts_the_least_used_and_among_equals_the_oldest() {
    let mut cache = LfuCache::new(6);
    let mut model: Vec<(u64, u32, u64)> = Vec::new(); // key, frequency, last use
    for now in 0..5_000_u64 {
        let key = now.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60; // 16 keys
        if let Some(entry) = model.iter_mut().find(|entry| entry.0 == key) {
            assert_eq!(cache.get(&key), Some(&key));
            (entry.1, entry.2) = (entry.1 + 1, now);
            continue;
        }
        let worst = (0..model.len()).min_by_key(|&at| (model[at].1, model[at].2));
        let evicted = worst
            .filter(|_| model.len() == 6)
            .map(|at| model.remove(at).0);
        assert_eq!(cache.put(key, key), evicted);
        model.push((key, 1, now));
    }
}
