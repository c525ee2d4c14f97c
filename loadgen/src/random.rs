//! Random numbers that are a function of (seed, purpose, index): nothing is remembered.
//!
//! # Place
//!
//! Below everything else. Whoever asks for shipment 4,000,000 gets the same numbers as whoever
//! came there by way of shipment 0.
//!
//! # Method
//!
//! `SplitMix64` (Steele, Lea, Flood 2014): a counter through a mixing function. The counter starts
//! at a mix of seed, purpose and index, so that streams of different things do not overlap in
//! practice.
//!
//! # Holds
//!
//! - The same (seed, purpose, index) gives the same numbers on every machine, for ever.
//!
//! # Does not hold
//!
//! - Nothing here is fit for secrets.

/// What a stream of numbers is for. Streams of one index and different purposes are unrelated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// The story of a shipment.
    Story = 1,
    /// How an event is told: lags, texts, names.
    Telling = 2,
    /// The order of lanes in a round.
    Round = 3,
    /// What else arrives at a slot: repeats and bad bytes.
    Slot = 4,
    /// The phase of a lane.
    Lane = 5,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes 64 bits: every bit of the answer depends on every bit of `x`. A bijection.
#[must_use]
pub(crate) const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// One number of (seed, purpose, index).
#[must_use]
pub(crate) const fn hash(seed: u64, purpose: Purpose, index: u64) -> u64 {
    mix(mix(seed ^ (purpose as u64).wrapping_mul(GOLDEN)).wrapping_add(index.wrapping_mul(GOLDEN)))
}

/// A stream of numbers of (seed, purpose, index).
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    counter: u64,
}

impl Dice {
    pub(crate) const fn of(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self { counter: hash(seed, purpose, index) }
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.counter)
    }

    /// A number in `0..limit`. The bias is below `limit` / 2^64.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        debug_assert!(0 < limit);
        ((self.next() as u128 * limit as u128) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        debug_assert!(low <= high);
        low + self.below(high - low + 1)
    }

    /// True in `ppm` of a million cases.
    pub(crate) const fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < ppm as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_and_range_are_as_asked() {
        let mut dice = Dice::of(7, Purpose::Story, 3);
        let hits = (0..100_000).filter(|_| dice.chance(50_000)).count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| (3..=5).contains(&dice.between(3, 5))));
    }

    #[test]
    fn streams_are_functions_of_their_name() {
        let first = Dice::of(7, Purpose::Story, 3).next();
        assert_eq!(first, Dice::of(7, Purpose::Story, 3).next());
        for other in [
            Dice::of(8, Purpose::Story, 3),
            Dice::of(7, Purpose::Telling, 3),
            Dice::of(7, Purpose::Story, 4),
        ] {
            assert_ne!(first, other.clone().next());
        }
    }
}
