//! A stack that knows its minimum: a second stack records each new minimum,
//! equal ones included, and is popped together with the value it came from.
struct MinStack<T> {
    items: Vec<T>,
    minima: Vec<T>,
}

impl<T: Ord + Copy> MinStack<T> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            minima: Vec::new(),
        }
    }

    // ANCHOR: core
    fn push(&mut self, item: T) {
        // `<=`, not `<`: each copy of the minimum needs its own record.
        if self.min().is_none_or(|min| item <= min) {
            self.minima.push(item);
        }
        self.items.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        let item = self.items.pop()?;
        if self.min() == Some(item) {
            self.minima.pop();
        }
        Some(item)
    }

    fn min(&self) -> Option<T> {
        self.minima.last().copied()
    }
    // ANCHOR_END: core
}

fn main() {
    let mut stack = MinStack::new();
    println!("{:<8} {:<18} {:<12} min", "call", "items", "minima");
    let show = |call: String, stack: &MinStack<i32>| {
        let min = stack
            .min()
            .map_or("none".to_string(), |min| min.to_string());
        let (items, minima) = (format!("{:?}", stack.items), format!("{:?}", stack.minima));
        println!("{call:<8} {items:<18} {minima:<12} {min}");
    };
    for item in [5, 3, 7, 3, 8] {
        stack.push(item);
        show(format!("push {item}"), &stack);
    }
    while stack.pop().is_some() {
        show("pop".to_string(), &stack);
    }

    println!("\nrecords kept for 1000 pushes");
    let scattered = (1..=1_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32);
    let orders: [(&str, Vec<u64>); 4] = [
        ("rising", (0..1_000).collect()),
        ("scattered", scattered.collect()),
        ("all equal", vec![7; 1_000]),
        ("falling", (0..1_000).rev().collect()),
    ];
    for (name, items) in orders {
        let mut stack = MinStack::new();
        items.into_iter().for_each(|item| stack.push(item));
        println!("{name:<10} {:>4}", stack.minima.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_of_the_minimum_survives_one_pop() {
        let mut stack = MinStack::new();
        [2, 1, 1].into_iter().for_each(|item| stack.push(item));
        assert_eq!((stack.pop(), stack.min()), (Some(1), Some(1)));
        assert_eq!((stack.pop(), stack.min()), (Some(1), Some(2)));
    }

    #[test]
    fn an_empty_stack_has_no_minimum() {
        let mut stack = MinStack::<u8>::new();
        assert_eq!((stack.min(), stack.pop()), (None, None));
    }

    #[test]
    fn the_minimum_agrees_with_a_scan_after_every_call() {
        let mut stack = MinStack::new();
        for n in 0..5_000_u64 {
            let bits = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
            if bits < 110 {
                stack.pop();
            } else {
                stack.push(bits % 13);
            }
            assert_eq!(stack.min(), stack.items.iter().min().copied());
        }
    }
}
