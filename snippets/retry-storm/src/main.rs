//! 1,000 clients lose the same server at t = 0 and all come back for more.
use std::collections::BTreeMap;

const CLIENTS: usize = 1_000;
const BUCKET_MS: u64 = 100;
const CAPACITY: usize = 100; // requests the server completes per bucket
const BASE_MS: u64 = 1_000;
const CAP_MS: u64 = 8_000;

struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // Multiply-shift instead of `%`: the high bits carry the value.
        ((u128::from(z) * u128::from(bound)) >> 64) as u64
    }
}

fn ceiling(retry: u32) -> u64 {
    (BASE_MS << (retry - 1).min(16)).min(CAP_MS)
}

// ANCHOR: strategies
type Delay = fn(retry: u32, &mut SplitMix64) -> u64;

const STRATEGIES: [(&str, Delay); 4] = [
    ("fixed", |_, _| BASE_MS),
    ("exponential", |n, _| ceiling(n)),
    ("+ equal jitter", |n, rng| {
        let half = ceiling(n) / 2;
        half + rng.below(half)
    }),
    ("+ full jitter", |n, rng| rng.below(ceiling(n))),
];
// ANCHOR_END: strategies

/// Arrivals per bucket until every client has been served.
fn simulate(delay: Delay) -> BTreeMap<u64, usize> {
    let mut rng = SplitMix64(42);
    let mut due: BTreeMap<u64, Vec<u32>> = BTreeMap::new(); // bucket -> retry numbers
    for _ in 0..CLIENTS {
        due.entry(delay(1, &mut rng) / BUCKET_MS)
            .or_default()
            .push(1);
    }
    let mut arrivals = BTreeMap::new();
    while let Some((bucket, queue)) = due.pop_first() {
        arrivals.insert(bucket, queue.len());
        // First come, first served; the rest are rejected and wait again.
        for &retry in queue.iter().skip(CAPACITY) {
            // At the earliest in the next bucket: a rejection takes time too.
            let next = bucket + (delay(retry + 1, &mut rng) / BUCKET_MS).max(1);
            due.entry(next).or_default().push(retry + 1);
        }
    }
    arrivals
}

fn main() {
    println!("{CLIENTS} clients, server capacity {CAPACITY} per {BUCKET_MS} ms\n");
    println!(
        "{:<16}{:>6}{:>10}{:>10}{:>10}",
        "delay", "peak", "requests", "rejected", "all done"
    );
    for (name, delay) in STRATEGIES {
        let arrivals = simulate(delay);
        let peak = arrivals.values().max().copied().unwrap_or(0);
        let requests: usize = arrivals.values().sum();
        let last = arrivals.keys().last().copied().unwrap_or(0);
        let done = (last * BUCKET_MS) as f64 / 1_000.0;
        println!(
            "{name:<16}{peak:>6}{requests:>10}{:>10}{done:>9.1}s",
            requests - CLIENTS
        );
    }

    println!("\narrivals per bucket in the first 1.5 s (# = 25)");
    for (name, delay) in [STRATEGIES[1], STRATEGIES[3]] {
        println!("{name}");
        let arrivals = simulate(delay);
        for bucket in 0..15 {
            if let Some(&count) = arrivals.get(&bucket) {
                let at = (bucket * BUCKET_MS) as f64 / 1_000.0;
                println!("{at:>5.1}s {count:>5} {}", "#".repeat(count.div_ceil(25)));
            }
        }
    }
}
