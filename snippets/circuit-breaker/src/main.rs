//! A circuit breaker whose permits report back even if the call panics.
mod burst;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A shared clock that moves only when the script says so (milliseconds).
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// ANCHOR: states
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Closed { failures: u32 },
    Open { until: u64 },
    HalfOpen, // exactly one probe is out
}

struct Inner {
    state: State,
    epoch: u64, // counts transitions, so that late results can be told apart
    log: Vec<(u64, State)>,
}

impl Inner {
    fn go(&mut self, now: u64, next: State) {
        self.state = next;
        self.epoch += 1;
        self.log.push((now, next));
    }
}
// ANCHOR_END: states

struct Breaker<'c> {
    clock: &'c Clock,
    threshold: u32,
    cool_down: u64,
    inner: Mutex<Inner>,
}

/// The right to make one call. Dropping it unused counts as a failure.
struct Permit<'b> {
    breaker: &'b Breaker<'b>,
    epoch: u64,
    succeeded: bool,
}

// ANCHOR: breaker
impl<'c> Breaker<'c> {
    fn new(clock: &'c Clock, threshold: u32, cool_down: u64) -> Self {
        let state = State::Closed { failures: 0 };
        let inner = Mutex::new(Inner {
            state,
            epoch: 0,
            log: Vec::new(),
        });
        Breaker {
            clock,
            threshold,
            cool_down,
            inner,
        }
    }

    // Every update leaves `Inner` consistent, so a poisoned lock is still usable.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held only for the decision, never during the call itself.
    fn admit(&self) -> Option<Permit<'_>> {
        let (now, mut inner) = (self.clock.now(), self.lock());
        match inner.state {
            State::Closed { .. } => {}
            State::Open { until } if now >= until => inner.go(now, State::HalfOpen),
            State::Open { .. } | State::HalfOpen => return None,
        }
        Some(Permit {
            breaker: self,
            epoch: inner.epoch,
            succeeded: false,
        })
    }
}

impl Permit<'_> {
    fn finish(mut self, succeeded: bool) {
        self.succeeded = succeeded; // `drop` reports it
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let breaker = self.breaker;
        let (now, mut inner) = (breaker.clock.now(), breaker.lock());
        if inner.epoch != self.epoch {
            return; // the answer to a question from an earlier state
        }
        let open = State::Open {
            until: now + breaker.cool_down,
        };
        match (inner.state, self.succeeded) {
            (State::Closed { failures }, false) if failures + 1 >= breaker.threshold => {
                inner.go(now, open);
            }
            (State::Closed { failures }, false) => {
                inner.state = State::Closed {
                    failures: failures + 1,
                };
            }
            (State::HalfOpen, false) => inner.go(now, open),
            (State::HalfOpen, true) => inner.go(now, State::Closed { failures: 0 }),
            (State::Closed { .. }, true) => inner.state = State::Closed { failures: 0 },
            (State::Open { .. }, _) => {} // no permit carries the epoch of an open state
        }
    }
}
// ANCHOR_END: breaker

fn main() {
    let clock = Clock::default();
    let breaker = Breaker::new(&clock, 3, 30_000);
    let (mut reached, mut refused) = (0, 0);
    // Second by second: the service is down from t = 2 s until t = 50 s.
    for second in 0..70 {
        clock.0.store(second * 1_000, Ordering::Relaxed);
        match breaker.admit() {
            Some(permit) => {
                reached += 1;
                permit.finish(!(2..50).contains(&second));
            }
            None => refused += 1,
        }
    }
    for (at, state) in &breaker.lock().log {
        println!("{:>4.1}s -> {state:?}", *at as f64 / 1_000.0);
    }
    println!("reached the service {reached}, failed fast {refused}");

    let probes = burst::probes_admitted(8);
    println!("half-open, 8 threads at once: admitted {probes}");
}
