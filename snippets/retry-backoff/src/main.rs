//! Retry with exponential backoff and full jitter, on a clock we control.
mod sim;
#[cfg(test)]
mod tests;

use sim::{SplitMix64, VirtualClock};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq)]
enum CallError {
    Refused,             // never reached the server
    Timeout,             // may or may not have been applied
    Throttled(Duration), // not applied; the server names a minimum wait
    Rejected(u16),       // the same request will be rejected again
}

#[derive(Clone, Copy)]
enum Effect {
    Repeatable, // idempotent, or carries an idempotency key
    Once,       // a second execution is a second effect
}

// ANCHOR: classify
impl CallError {
    fn worth_retrying(self, effect: Effect) -> bool {
        match (self, effect) {
            (CallError::Rejected(_), _) => false,
            // The only doubtful case: the reply is lost, the effect may not be.
            (CallError::Timeout, Effect::Once) => false,
            _ => true,
        }
    }
}
// ANCHOR_END: classify

// ANCHOR: delay
struct Policy {
    base: Duration,
    cap: Duration,
    max_attempts: u32,
    deadline: Duration,
}

impl Policy {
    /// Longest wait before retry `n` (1-based). Saturates instead of overflowing.
    fn ceiling(&self, n: u32) -> Duration {
        let factor = 2u32.saturating_pow(n - 1);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// Full jitter: anywhere between zero and the ceiling.
    fn delay(&self, n: u32, rng: &mut SplitMix64) -> Duration {
        self.ceiling(n).mul_f64(rng.unit())
    }
}
// ANCHOR_END: delay

// ANCHOR: retry
trait Clock {
    fn now(&self) -> Duration;
    fn sleep(&self, wait: Duration);
}

#[derive(Debug, PartialEq)]
enum GaveUp {
    NotRetryable(CallError),
    Attempts(CallError),
    Deadline(CallError),
}

fn retry<T>(
    policy: &Policy,
    effect: Effect,
    clock: &impl Clock,
    rng: &mut SplitMix64,
    mut call: impl FnMut() -> Result<T, CallError>,
) -> Result<T, GaveUp> {
    let give_up_at = clock.now() + policy.deadline;
    let mut attempt = 1;
    loop {
        let error = match call() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !error.worth_retrying(effect) {
            return Err(GaveUp::NotRetryable(error));
        }
        if attempt >= policy.max_attempts {
            return Err(GaveUp::Attempts(error));
        }
        let mut wait = policy.delay(attempt, rng);
        if let CallError::Throttled(minimum) = error {
            wait += minimum; // a floor, still jittered: others got the same hint
        }
        if clock.now() + wait >= give_up_at {
            return Err(GaveUp::Deadline(error)); // don't sleep towards a certain miss
        }
        clock.sleep(wait);
        attempt += 1;
    }
}
// ANCHOR_END: retry

const POLICY: Policy = Policy {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(10),
    max_attempts: 4,
    deadline: Duration::from_secs(30),
};

/// Plays scripted failures, then succeeds: result, calls made, seconds waited.
fn play(script: &[CallError], effect: Effect) -> (Result<(), GaveUp>, u32, f64) {
    let (clock, mut rng, mut calls) = (VirtualClock::default(), SplitMix64(42), 0);
    let mut failures = script.iter();
    let result = retry(&POLICY, effect, &clock, &mut rng, || {
        calls += 1;
        failures.next().map_or(Ok(()), |&error| Err(error))
    });
    (result, calls, clock.now().as_secs_f64())
}

fn main() {
    use {CallError::*, Effect::*};

    let mut rng = SplitMix64(42);
    println!("retry  ceiling  full jitter");
    for n in 1..=5 {
        let ceiling = POLICY.ceiling(n).as_secs_f64();
        let wait = POLICY.delay(n, &mut rng).as_secs_f64();
        println!("{n:>5}  {ceiling:>6.1}s  {wait:>10.2}s");
    }

    let busy = |seconds| Throttled(Duration::from_secs(seconds));
    println!("\n{:<25}{:>5}{:>8}  result", "call", "tries", "waited");
    for (name, effect, script) in [
        ("read, two blips", Repeatable, &[Timeout, Refused][..]),
        ("read, told to wait 5s", Repeatable, &[busy(5)]),
        ("read, told to wait 60s", Repeatable, &[busy(60)]),
        ("read, no such record", Repeatable, &[Rejected(404)]),
        ("read, still down", Repeatable, &[Refused; 9]),
        ("create, reply lost", Once, &[Timeout]),
        ("create, never connected", Once, &[Refused]),
        ("create + key, reply lost", Repeatable, &[Timeout]),
    ] {
        let (result, tries, waited) = play(script, effect);
        let verdict = result.map_or_else(|why| format!("{why:?}"), |()| "ok".into());
        println!("{name:<25}{tries:>5}{waited:>7.2}s  {verdict}");
    }
}
