//! How long to wait before trying again.
//!
//! # Place
//! In every loop that waits for the outside: committer, reader, lease.
//! # Method
//! The pause doubles up to a ceiling; half of it is random, so that many engines that lost the same
//! server don't come back in step. The randomness is a counter mixed with a seed (splitmix64): good
//! enough to spread, and repeatable in a test.
//! # Holds
//! The pace of one caller.
//! # Does not hold
//! A limit on attempts: an outage may last; each caller counts its attempts.

use std::time::Duration;

/// The pace of one caller.
#[derive(Clone, Debug)]
pub struct Backoff {
    delay_min: Duration,
    delay_max: Duration,
    delay: Duration,
    seed: u64,
    /// Attempts since the last success.
    pub attempts: u32,
}

impl Backoff {
    /// From `delay_min`, doubling up to `delay_max`.
    #[must_use]
    pub fn new(delay_min: Duration, delay_max: Duration, seed: u64) -> Self {
        assert!(delay_min <= delay_max);
        assert!(!delay_min.is_zero());
        Self { delay_min, delay_max, delay: delay_min, seed, attempts: 0 }
    }

    /// The next pause: between half of the present delay and all of it.
    pub fn step(&mut self) -> Duration {
        let half = self.delay / 2;
        let share = f64::from(self.random()) / f64::from(u32::MAX);
        self.delay = (self.delay * 2).min(self.delay_max);
        self.attempts = self.attempts.saturating_add(1);
        half + half.mul_f64(share)
    }

    /// After a success.
    pub fn reset(&mut self) {
        self.delay = self.delay_min;
        self.attempts = 0;
    }

    fn random(&mut self) -> u32 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_within_its_ceiling_and_starts_again() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(10), ms(80), 1);
        for upper in [10, 20, 40, 80, 80, 80] {
            let pause = backoff.step();
            assert!(ms(upper) / 2 <= pause && pause <= ms(upper), "{pause:?} within {upper}");
        }
        assert_eq!(backoff.attempts, 6);
        backoff.reset();
        assert!(backoff.step() <= ms(10));
    }

    #[test]
    fn two_seeds_do_not_go_in_step() {
        let ms = Duration::from_millis;
        let mut one = Backoff::new(ms(1000), ms(1000), 1);
        let mut two = Backoff::new(ms(1000), ms(1000), 2);
        assert_ne!(one.step(), two.step());
    }
}
