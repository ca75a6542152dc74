use super::*;

#[test]
fn the_same_cause_can_call_for_different_actions() {
    assert_eq!(
        failing("terminate", CloudError::NotFound).action(),
        Action::Ignore
    );
    assert_eq!(
        failing("start", CloudError::NotFound).action(),
        Action::Alert
    );
}

#[test]
fn the_original_error_can_still_be_recovered_by_type() {
    let cause = io::Error::from(io::ErrorKind::TimedOut);
    let error = failing("start", CloudError::Transport(cause));
    let root = error.source().and_then(Error::source);
    let io = root.and_then(|root| root.downcast_ref::<io::Error>());
    assert_eq!(io.map(io::Error::kind), Some(io::ErrorKind::TimedOut));
}
