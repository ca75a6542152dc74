use super::*;

#[test]
fn every_item_arrives_exactly_once() {
    let queue = BoundedQueue::new(4);
    let mut taken = thread::scope(|scope| {
        let take = || iter::from_fn(|| queue.pop(PATIENCE)).collect::<Vec<_>>();
        let consumers = [scope.spawn(take), scope.spawn(take)];
        let produce = |from| (from..from + 100).all(|n| queue.push(n).is_ok());
        let producers = [0, 100, 200].map(|from| scope.spawn(move || produce(from)));
        assert!(producers.into_iter().all(|p| p.join().expect("producer")));
        queue.close();
        consumers.map(|c| c.join().expect("consumer")).concat()
    });
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..300));
}

#[test]
fn close_wakes_a_blocked_producer_and_returns_its_item() {
    let queue = BoundedQueue::new(1);
    assert_eq!(queue.push('a'), Ok(()));
    thread::scope(|scope| {
        let blocked = scope.spawn(|| queue.push('b'));
        queue.close();
        assert_eq!(blocked.join().expect("producer"), Err(Refused::Closed('b')));
    });
}

#[test]
fn a_timeout_ends_the_wait_on_an_open_queue() {
    let queue = BoundedQueue::<u8>::new(1);
    assert_eq!(queue.pop(Duration::from_millis(1)), None);
}
