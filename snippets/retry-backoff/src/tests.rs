use super::*;

#[test]
fn jitter_never_exceeds_the_ceiling_and_the_ceiling_never_exceeds_the_cap() {
    let mut rng = SplitMix64(7);
    for n in (1..=200).chain([u32::MAX]) {
        assert!(POLICY.delay(n, &mut rng) <= POLICY.ceiling(n));
        assert!(POLICY.ceiling(n) <= POLICY.cap);
    }
}

#[test]
fn a_call_that_may_have_taken_effect_is_made_once() {
    let (result, calls, _) = play(&[CallError::Timeout], Effect::Once);
    assert_eq!(result, Err(GaveUp::NotRetryable(CallError::Timeout)));
    assert_eq!(calls, 1);
}

#[test]
fn the_servers_minimum_wait_is_respected() {
    let busy = CallError::Throttled(Duration::from_secs(5));
    let (result, _, waited) = play(&[busy], Effect::Once);
    assert!(result.is_ok() && waited >= 5.0);
}
