//! A token bucket refilled on demand, once under a mutex and once as a single
//! atomic. Callers pass the time of a monotonic clock, here a scripted one.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Milliseconds since the limiter was made, as `Instant` would measure them.
type Millis = u64;

#[derive(Clone, Copy)]
struct Limit {
    burst: u64,
    per_token: Millis,
}

impl Limit {
    fn new(burst: u64, per_token: Millis) -> Self {
        Self { burst, per_token }
    }
}

/// Keeps credit as time: a token costs `per_token`. Whole numbers do not drift.
struct MutexBucket {
    limit: Limit,
    state: Mutex<(Millis, Millis)>, // credit, time of the last refill
}

impl MutexBucket {
    fn new(limit: Limit) -> Self {
        let full = limit.burst * limit.per_token;
        Self {
            limit,
            state: Mutex::new((full, 0)),
        }
    }

    fn try_take(&self, now: Millis) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (credit, last) = *state;
        // A thread may arrive with a time that another has already passed.
        let refilled = credit + now.saturating_sub(last);
        let credit = refilled.min(self.limit.burst * self.limit.per_token);
        let left = credit.checked_sub(self.limit.per_token);
        *state = (left.unwrap_or(credit), last.max(now));
        left.is_some()
    }
}

// ANCHOR: atomic
/// The same limit in one word: the time at which the bucket is full again.
struct AtomicBucket {
    limit: Limit,
    full_at: AtomicU64,
}

impl AtomicBucket {
    fn new(limit: Limit) -> Self {
        Self {
            limit,
            full_at: AtomicU64::new(0),
        }
    }

    fn try_take(&self, now: Millis) -> bool {
        let latest = now + self.limit.burst * self.limit.per_token;
        // Relaxed is enough: the word guards no other memory.
        let taken = self.full_at.fetch_update(Relaxed, Relaxed, |full_at| {
            let next = full_at.max(now) + self.limit.per_token;
            (next <= latest).then_some(next)
        });
        taken.is_ok()
    }
}
// ANCHOR_END: atomic

fn main() {
    let limit = Limit::new(5, 500);
    let (locked, atomic) = (MutexBucket::new(limit), AtomicBucket::new(limit));
    println!("burst 5, one token each 500 ms, 8 calls at a time");
    println!("{:>8} {:>6} {:>7}", "at ms", "mutex", "atomic");
    for now in [0, 499, 500, 2_000, 60_000] {
        let by_lock = (0..8).filter(|_| locked.try_take(now)).count();
        let by_word = (0..8).filter(|_| atomic.try_take(now)).count();
        println!("{now:>8} {by_lock:>6} {by_word:>7}");
    }

    let limit = Limit::new(100, 10);
    let (locked, atomic) = (MutexBucket::new(limit), AtomicBucket::new(limit));
    let by_lock = allowed_by_threads(&|| locked.try_take(0));
    let by_word = allowed_by_threads(&|| atomic.try_take(0));
    println!("\n8 threads x 100 calls, burst 100: {by_lock} and {by_word} allowed");

    // The same refill on a wall clock that NTP sets back by a minute: the
    // elapsed time is negative once, and the empty bucket sinks into debt.
    let (mut credit, mut last) = (0_i64, 3_600_000_i64);
    let waited = (0_i64..).step_by(100).find(|real| {
        let now = 3_600_000 - 60_000 + real;
        credit = (credit + now - last).min(2_500);
        last = now;
        credit >= 500
    });
    let waited = waited.map_or("never".to_string(), |ms| format!("after {ms} ms"));
    println!("wall clock set back 60000 ms: next token {waited}");
}

fn allowed_by_threads(take: &(dyn Fn() -> bool + Sync)) -> usize {
    thread::scope(|scope| {
        let work = || (0..100).filter(|_| take()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variants_decide_alike_on_a_ragged_schedule() {
        let limit = Limit::new(3, 70);
        let (locked, atomic) = (MutexBucket::new(limit), AtomicBucket::new(limit));
        let (mut now, mut allowed) = (0, 0);
        for n in 0..10_000_u64 {
            now += n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58; // 0 to 63 ms
            let verdict = locked.try_take(now);
            assert_eq!(verdict, atomic.try_take(now));
            allowed += u64::from(verdict);
            assert!(allowed <= limit.burst + now / limit.per_token);
        }
    }

    #[test]
    fn a_late_thread_neither_gains_nor_destroys_tokens() {
        let limit = Limit::new(1, 100);
        let (locked, atomic) = (MutexBucket::new(limit), AtomicBucket::new(limit));
        for (now, allowed) in [(1_000, true), (900, false), (1_099, false), (1_100, true)] {
            assert_eq!(
                (locked.try_take(now), atomic.try_take(now)),
                (allowed, allowed)
            );
        }
    }
}
