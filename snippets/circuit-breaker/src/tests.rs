use super::*;

#[test]
fn a_late_failure_cannot_reopen_a_recovered_breaker() {
    let clock = Clock::default();
    let breaker = Breaker::new(&clock, 1, 1_000);
    let slow = breaker.admit();
    drop(breaker.admit());
    clock.0.store(1_000, Ordering::Relaxed);
    breaker.admit().expect("the probe").finish(true);
    drop(slow);
    assert_eq!(breaker.lock().state, State::Closed { failures: 0 });
}

#[test]
fn a_probe_that_panics_opens_the_breaker_again() {
    let clock = Clock::default();
    let breaker = Breaker::new(&clock, 1, 1_000);
    drop(breaker.admit());
    clock.0.store(1_000, Ordering::Relaxed);
    let probe = std::thread::scope(|s| {
        let call = || {
            let _permit = breaker.admit();
            std::panic::resume_unwind(Box::new("boom"));
        };
        s.spawn(call).join()
    });
    assert!(probe.is_err());
    assert_eq!(breaker.lock().state, State::Open { until: 2_000 });
}
