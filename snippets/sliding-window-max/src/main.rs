//! The maximum of every window of `k` values: a deque holds the indexes of the
//! values that can still become a maximum, largest in front.
use std::cell::Cell;
use std::collections::VecDeque;

// ANCHOR: deque
/// `loses(a, b)` says that `a` is no larger than `b`.
fn window_max<T: Copy>(values: &[T], k: usize, loses: impl Fn(T, T) -> bool) -> Vec<T> {
    assert!(k > 0, "a window holds at least one value");
    let mut candidates: VecDeque<usize> = VecDeque::with_capacity(k);
    let mut maxima = Vec::with_capacity((values.len() + 1).saturating_sub(k));
    for (i, &value) in values.iter().enumerate() {
        // At most one index leaves the window with each step.
        if candidates.front().is_some_and(|&oldest| oldest + k <= i) {
            candidates.pop_front();
        }
        // Whatever is no larger and older than `value` can never win again.
        while candidates
            .back()
            .is_some_and(|&last| loses(values[last], value))
        {
            candidates.pop_back();
        }
        candidates.push_back(i);
        if i + 1 >= k {
            maxima.push(values[candidates[0]]);
        }
    }
    maxima
}
// ANCHOR_END: deque

/// The obvious way, for comparison: look at every window anew.
fn rescan<T: Copy>(values: &[T], k: usize, loses: impl Fn(T, T) -> bool) -> Vec<T> {
    let larger = |a, b| if loses(a, b) { b } else { a };
    values
        .windows(k)
        .filter_map(|w| w.iter().copied().reduce(larger))
        .collect()
}

fn scattered(n: u64) -> Vec<u64> {
    (1..=n)
        .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) >> 40)
        .collect()
}

fn main() {
    let values = [1, 3, -1, -3, 5, 3, 6, 7];
    println!("values   {values:?}");
    println!("k = 3    {:?}", window_max(&values, 3, |a, b| a <= b));

    const N: u64 = 10_000;
    let inputs = [
        ("scattered", scattered(N), 10),
        ("scattered", scattered(N), 100),
        ("scattered", scattered(N), 500),
        ("rising", (0..N).collect(), 500),
        ("falling", (0..N).rev().collect(), 500),
    ];
    println!("\ncomparisons for n = {N}");
    println!("{:<10} {:>4} {:>8} {:>9}", "input", "k", "deque", "rescan");
    for (name, values, k) in inputs {
        let comparisons = Cell::new(0_u64);
        let loses = |a, b| {
            comparisons.set(comparisons.get() + 1);
            a <= b
        };
        let fast = window_max(&values, k, loses);
        let by_deque = comparisons.take();
        let slow = rescan(&values, k, loses);
        assert_eq!(fast, slow);
        println!("{name:<10} {k:>4} {by_deque:>8} {:>9}", comparisons.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_rescanning_for_every_window_size() {
        let values: Vec<u64> = scattered(200).iter().map(|v| v % 17).collect(); // many ties
        for k in 1..=200 {
            let expected = rescan(&values, k, |a, b| a <= b);
            assert_eq!(window_max(&values, k, |a, b| a <= b), expected, "k = {k}");
        }
    }

    #[test]
    fn a_window_longer_than_the_input_has_no_maximum() {
        assert!(window_max(&[1, 2], 3, |a, b| a <= b).is_empty());
    }

    #[test]
    fn never_needs_two_comparisons_for_each_value() {
        let comparisons = Cell::new(0);
        window_max(&scattered(1_000), 50, |a, b| {
            comparisons.set(comparisons.get() + 1);
            a <= b
        });
        assert!(comparisons.get() < 2_000);
    }
}
