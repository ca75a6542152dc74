//! Which trip rule and cool-down would have served these ten minutes best?
use std::collections::VecDeque;

const CALLS_PER_SECOND: u64 = 100;
const WINDOW: u64 = 10 * CALLS_PER_SECOND; // time is counted in calls: one every 10 ms
const MIN_CALLS: usize = 200; // no verdict on less evidence than this
const BROWNOUT: std::ops::Range<u64> = 120..180; // seconds with 40% errors
const OUTAGE: std::ops::Range<u64> = 300..345; // seconds with nothing but errors
const SECONDS: u64 = 600;

// ANCHOR: rules
#[derive(Clone, Copy)]
enum Trip {
    InARow(u32),
    Rate(f64),
}

/// Recent evidence while the breaker is closed.
#[derive(Default)]
struct Evidence {
    in_a_row: u32,
    window: VecDeque<(u64, bool)>,
    failed: usize, // failures within `window`
}

impl Evidence {
    fn record(&mut self, now: u64, ok: bool) {
        self.in_a_row = if ok { 0 } else { self.in_a_row + 1 };
        self.failed += usize::from(!ok);
        self.window.push_back((now, ok));
        while let Some((_, ok)) = self.window.pop_front_if(|call| call.0 + WINDOW <= now) {
            self.failed -= usize::from(!ok);
        }
    }

    fn calls_for(&self, rule: Trip) -> bool {
        match rule {
            Trip::InARow(limit) => self.in_a_row >= limit,
            Trip::Rate(limit) => {
                let calls = self.window.len();
                calls >= MIN_CALLS && self.failed as f64 >= limit * calls as f64
            }
        }
    }
}
// ANCHOR_END: rules

#[derive(Default)]
struct Report {
    failed: u32,       // calls that reached the service and failed
    refused_good: u32, // refused although the service would have answered
    false_trips: u32,
    brownout_trips: u32,
    detected: Option<u64>,
    recovered: Option<u64>,
}

/// The same recorded outcomes go through every breaker.
fn replay(outcomes: &[bool], rule: Trip, cool_down: u64) -> Report {
    let (mut report, mut evidence) = (Report::default(), Evidence::default());
    let mut open_until = None;
    for (&ok, now) in outcomes.iter().zip(0..) {
        let second = now / CALLS_PER_SECOND;
        if open_until.is_some_and(|until| now < until) {
            report.refused_good += u32::from(ok);
            continue;
        }
        report.failed += u32::from(!ok);
        let trip = match open_until.take() {
            Some(_) => !ok, // the probe decides alone
            None => {
                evidence.record(now, ok);
                evidence.calls_for(rule)
            }
        };
        if trip {
            let healthy = !BROWNOUT.contains(&second) && !OUTAGE.contains(&second);
            report.false_trips += u32::from(healthy);
            report.brownout_trips += u32::from(BROWNOUT.contains(&second));
            if OUTAGE.contains(&second) {
                report
                    .detected
                    .get_or_insert(now - OUTAGE.start * CALLS_PER_SECOND);
            }
            open_until = Some(now + cool_down * CALLS_PER_SECOND);
            evidence = Evidence::default();
        } else if second >= OUTAGE.end {
            report
                .recovered
                .get_or_insert(now - OUTAGE.end * CALLS_PER_SECOND);
        }
    }
    report
}

/// 0.5% errors in the background, more in the two incidents; seeded.
fn traffic() -> Vec<bool> {
    let mut state = 42u64;
    let call = |now: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let draw = (state >> 33) % 1_000;
        match now / CALLS_PER_SECOND {
            s if OUTAGE.contains(&s) => false,
            s if BROWNOUT.contains(&s) => draw >= 400,
            _ => draw >= 5,
        }
    };
    (0..SECONDS * CALLS_PER_SECOND).map(call).collect()
}

fn main() {
    let outcomes = traffic();
    println!("                     failed refused false  trips in   outage    back");
    println!("trip rule  cool-down  calls    good trips  brownout  seen in   after");
    for (name, rule, cool_down) in [
        ("1 in a row", Trip::InARow(1), 5),
        ("5 in a row", Trip::InARow(5), 5),
        ("5 in a row", Trip::InARow(5), 60),
        ("20 in a row", Trip::InARow(20), 5),
        ("20% of 10 s", Trip::Rate(0.2), 5),
        ("20% of 10 s", Trip::Rate(0.2), 20),
        ("20% of 10 s", Trip::Rate(0.2), 60),
        ("60% of 10 s", Trip::Rate(0.6), 5),
    ] {
        let r = replay(&outcomes, rule, cool_down);
        let seconds = |calls: Option<u64>| match calls {
            Some(calls) => format!("{:.2}s", calls as f64 / CALLS_PER_SECOND as f64),
            None => "never".into(),
        };
        println!(
            "{name:<12}{cool_down:>7}s{:>7}{:>8}{:>6}{:>10}{:>9}{:>8}",
            r.failed,
            r.refused_good,
            r.false_trips,
            r.brownout_trips,
            seconds(r.detected),
            seconds(r.recovered),
        );
    }
    let healthy = replay(&outcomes, Trip::InARow(u32::MAX), 0);
    println!("no breaker          {:>7}", healthy.failed);
}
