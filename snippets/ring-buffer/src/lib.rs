//! A ring buffer in fixed memory. What happens when it is full is the caller's
//! choice: reject the new item, overwrite the oldest or, under a lock, wait.

pub struct RingBuffer<T> {
    slots: Box<[Option<T>]>,
    head: usize,
    /// With head and tail alone, full and empty would look the same.
    len: usize,
}

impl<T> RingBuffer<T> {
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring needs at least one slot");
        let slots = (0..capacity).map(|_| None).collect();
        Self {
            slots,
            head: 0,
            len: 0,
        }
    }

    // ANCHOR: core
    fn slot(&self, offset: usize) -> usize {
        (self.head + offset) % self.slots.len()
    }

    /// Rejects the new item when full and hands it back.
    pub fn try_push(&mut self, item: T) -> Result<(), T> {
        if self.len == self.slots.len() {
            return Err(item);
        }
        let tail = self.slot(self.len);
        self.slots[tail] = Some(item);
        self.len += 1;
        Ok(())
    }

    /// Overwrites the oldest item when full; what was lost is returned.
    pub fn push_overwriting(&mut self, item: T) -> Option<T> {
        let Err(item) = self.try_push(item) else {
            return None;
        };
        let oldest = self.slots[self.head].replace(item);
        self.head = self.slot(1);
        oldest
    }

    pub fn pop(&mut self) -> Option<T> {
        let item = self.slots[self.head].take()?;
        self.head = self.slot(1);
        self.len -= 1;
        Some(item)
    }
    // ANCHOR_END: core
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::sync::{Condvar, Mutex};

    fn drain<T>(mut ring: RingBuffer<T>) -> Vec<T> {
        std::iter::from_fn(|| ring.pop()).collect()
    }

    #[test]
    fn rejecting_keeps_the_oldest_and_returns_the_newest() {
        let mut ring = RingBuffer::new(3);
        let refused: Vec<_> = (1..=5).filter_map(|n| ring.try_push(n).err()).collect();
        assert_eq!((refused, drain(ring)), (vec![4, 5], vec![1, 2, 3]));
    }

    #[test]
    fn overwriting_keeps_the_newest_and_returns_the_oldest() {
        let mut ring = RingBuffer::new(3);
        let lost: Vec<_> = (1..=5).filter_map(|n| ring.push_overwriting(n)).collect();
        assert_eq!((lost, drain(ring)), (vec![1, 2], vec![3, 4, 5]));
    }

    #[test]
    fn waiting_under_a_lock_loses_nothing_and_keeps_the_order() {
        let (ring, changed) = (Mutex::new(RingBuffer::new(3)), Condvar::new());
        let lock = || ring.lock().expect("no thread panicked");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..1_000 {
                    let ring = changed.wait_while(lock(), |ring| ring.len == 3);
                    assert_eq!(ring.expect("whole").try_push(n), Ok(()));
                    changed.notify_one(); // only the one consumer can be waiting
                }
            });
            for n in 0..1_000 {
                let ring = changed.wait_while(lock(), |ring| ring.len == 0);
                assert_eq!(ring.expect("whole").pop(), Some(n));
                changed.notify_one();
            }
        });
    }

    #[test]
    fn full_and_empty_differ_although_head_meets_tail_in_both() {
        let mut ring = RingBuffer::new(2);
        assert_eq!((ring.head, ring.slot(ring.len)), (0, 0)); // empty
        assert_eq!(ring.pop(), None);
        assert_eq!((ring.try_push('a'), ring.try_push('b')), (Ok(()), Ok(())));
        assert_eq!((ring.head, ring.slot(ring.len)), (0, 0)); // full
        assert_eq!(ring.try_push('c'), Err('c'));
    }

    #[test]
    fn agrees_with_a_deque_through_many_wraps() {
        let (mut ring, mut model) = (RingBuffer::new(5), VecDeque::new());
        for n in 0..10_000_u64 {
            match n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62 {
                0 => assert_eq!(ring.pop(), model.pop_front()),
                1 | 2 if model.len() == 5 => assert_eq!(ring.try_push(n), Err(n)),
                1 | 2 => {
                    assert_eq!(ring.try_push(n), Ok(()));
                    model.push_back(n);
                }
                _ => {
                    model.push_back(n);
                    let oldest = if model.len() > 5 {
                        model.pop_front()
                    } else {
                        None
                    };
                    assert_eq!(ring.push_overwriting(n), oldest);
                }
            }
            assert_eq!(ring.len, model.len());
        }
    }
}
