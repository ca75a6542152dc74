//! Many threads meet a breaker whose cool-down has just ended.
use crate::{Breaker, Clock};
use std::sync::{Barrier, atomic::Ordering};

/// How many get a permit when all ask before any of them reports.
pub fn probes_admitted(threads: usize) -> usize {
    let clock = Clock::default();
    let breaker = Breaker::new(&clock, 1, 1_000);
    drop(breaker.admit()); // one failure opens it
    clock.0.store(1_000, Ordering::Relaxed);
    let all_asked = Barrier::new(threads);
    std::thread::scope(|scope| {
        let ask = || {
            let permit = breaker.admit();
            all_asked.wait();
            permit.is_some()
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        handles
            .into_iter()
            .filter_map(|h| h.join().ok())
            .filter(|&admitted| admitted)
            .count()
    })
}
