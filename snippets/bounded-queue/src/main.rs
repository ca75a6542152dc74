//! A bounded queue for threads: producers wait for room, consumers for items,
//! and `close` lets both sides leave. A drop-oldest deque stands beside it.
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::{iter, thread, time::Duration};

#[derive(Debug, PartialEq)]
enum Refused<T> {
    Full(T),
    Closed(T),
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

struct BoundedQueue<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    not_full: Condvar,
    not_empty: Condvar,
}

impl<T> BoundedQueue<T> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a queue without room would block for ever");
        let items = VecDeque::with_capacity(capacity);
        let state = Mutex::new(State {
            items,
            closed: false,
        });
        Self {
            capacity,
            state,
            not_full: Condvar::new(),
            not_empty: Condvar::new(),
        }
    }

    /// No caller's code runs under the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, mut state: MutexGuard<'_, State<T>>, item: T) -> Result<(), Refused<T>> {
        if state.closed {
            return Err(Refused::Closed(item));
        }
        if state.items.len() == self.capacity {
            return Err(Refused::Full(item));
        }
        state.items.push_back(item);
        self.not_empty.notify_one();
        Ok(())
    }

    fn try_push(&self, item: T) -> Result<(), Refused<T>> {
        self.store(self.lock(), item)
    }

    // ANCHOR: waiting
    /// Waits for room. `wait_while` tests again after every wake-up, since it
    /// may be spurious or another producer may have been faster.
    fn push(&self, item: T) -> Result<(), Refused<T>> {
        let full = |s: &mut State<T>| s.items.len() == self.capacity && !s.closed;
        let state = self.not_full.wait_while(self.lock(), full);
        self.store(state.unwrap_or_else(PoisonError::into_inner), item)
    }

    /// `None` if nothing came in time, or all is closed and drained.
    fn pop(&self, patience: Duration) -> Option<T> {
        let empty = |s: &mut State<T>| s.items.is_empty() && !s.closed;
        let waited = self
            .not_empty
            .wait_timeout_while(self.lock(), patience, empty);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let item = state.items.pop_front()?;
        self.not_full.notify_one();
        Some(item)
    }

    /// Stops new items; what is queued can still be taken.
    fn close(&self) {
        self.lock().closed = true;
        self.not_full.notify_all();
        self.not_empty.notify_all();
    }
    // ANCHOR_END: waiting
}

const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    println!("items 1 to 5, capacity 3");
    let queue = BoundedQueue::new(3);
    let taken: Vec<i32> = thread::scope(|scope| {
        scope.spawn(|| {
            let pushed = (1..=5).try_for_each(|n| queue.push(n));
            queue.close();
            pushed
        });
        while queue.lock().items.len() < 3 {
            thread::yield_now(); // let the producer run into the limit first
        }
        iter::from_fn(|| queue.pop(PATIENCE)).collect()
    });
    println!("push (waits)  taken {taken:?}");

    let queue = BoundedQueue::new(3);
    let refused: Vec<_> = (1..=5).filter_map(|n| queue.try_push(n).err()).collect();
    println!("try_push      refused {refused:?}");

    let (mut ring, mut lost) = (VecDeque::new(), Vec::new());
    for n in 1..=5 {
        if ring.len() == 3 {
            lost.extend(ring.pop_front());
        }
        ring.push_back(n);
    }
    println!("drop oldest   kept {ring:?}, lost {lost:?}");

    queue.close();
    println!("\nafter close:  push(6) gives {:?}", queue.push(6));
    let left: Vec<_> = iter::from_fn(|| queue.pop(PATIENCE)).collect();
    println!(
        "              pop drains {left:?}, then {:?}",
        queue.pop(PATIENCE)
    );
}

#[cfg(test)]
mod tests;
