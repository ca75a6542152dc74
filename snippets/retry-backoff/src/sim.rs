//! What production takes from the system: time and randomness, made repeatable.
use std::{cell::Cell, time::Duration};

#[derive(Default)]
pub struct VirtualClock(Cell<Duration>);

impl crate::Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.0.get()
    }
    fn sleep(&self, wait: Duration) {
        self.0.set(self.0.get() + wait);
    }
}

pub struct SplitMix64(pub u64);

impl SplitMix64 {
    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
