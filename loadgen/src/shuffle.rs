//! A different order of the lanes in every round, both ways, without a table.
//!
//! # Place
//!
//! Between [`plan`](crate::plan) and the numbers: a round visits every lane once; which lane
//! stands at a position, and at which position a lane stands, are both computed.
//!
//! # Method
//!
//! Three rounds of (multiply by an odd number, add, fold the upper half onto the lower) on the
//! smallest power of two that holds all lanes; whatever falls outside is sent through again
//! (cycle walking), which needs less than two goes on average. Each step can be undone.
//!
//! # Holds
//!
//! - For every round, `lane_at` is a bijection of `0..count` and `position_of` is its inverse.

use crate::random::{Purpose, hash};

/// Odd, so that each has an inverse modulo every power of two.
const FACTORS: [u64; 3] = [0xD134_2543_DE82_EF95, 0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9];

/// `inverse(f) * f == 1` modulo 2^64, by Newton's iteration: each step doubles the right bits.
const fn inverse(factor: u64) -> u64 {
    let mut answer = factor;
    let mut step = 0;
    while step < 6 {
        answer = answer.wrapping_mul(2_u64.wrapping_sub(factor.wrapping_mul(answer)));
        step += 1;
    }
    answer
}

const INVERSES: [u64; 3] = [inverse(FACTORS[0]), inverse(FACTORS[1]), inverse(FACTORS[2])];

const _: () = {
    assert!(FACTORS[0].wrapping_mul(INVERSES[0]) == 1);
    assert!(FACTORS[1].wrapping_mul(INVERSES[1]) == 1);
    assert!(FACTORS[2].wrapping_mul(INVERSES[2]) == 1);
};

/// The order of `count` lanes in every round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shuffle {
    seed: u64,
    count: u64,
    mask: u64,
    shift: u32,
}

impl Shuffle {
    /// For `count` lanes, at least one and at most 2^40.
    pub(crate) const fn new(seed: u64, count: u64) -> Self {
        assert!(0 < count && count <= 1 << 40);
        let bits = 64 - (count - 1).leading_zeros();
        let bits = if bits == 0 { 1 } else { bits };
        Self { seed, count, mask: (1 << bits) - 1, shift: bits.div_ceil(2) }
    }

    /// What is added in a round: the only thing that differs between rounds.
    pub(crate) const fn key(&self, round: u64) -> RoundKey {
        let key = hash(self.seed, Purpose::Round, round);
        RoundKey([key, key >> 21, key.rotate_left(32)])
    }

    /// The lane at a position of a round.
    pub(crate) const fn lane_at(&self, key: RoundKey, position: u64) -> u64 {
        debug_assert!(position < self.count);
        let mut x = position;
        // Ends: a bijection of 0..=mask walked from inside 0..count comes back to it.
        loop {
            let mut i = 0;
            while i < 3 {
                x = x.wrapping_mul(FACTORS[i]).wrapping_add(key.0[i]) & self.mask;
                x ^= x >> self.shift;
                i += 1;
            }
            if x < self.count {
                return x;
            }
        }
    }

    /// The position of a lane in a round.
    pub(crate) const fn position_of(&self, key: RoundKey, lane: u64) -> u64 {
        debug_assert!(lane < self.count);
        let mut x = lane;
        // Ends: as above, walked backwards.
        loop {
            let mut i = 3;
            while 0 < i {
                i -= 1;
                // Shifting by half the bits or more undoes itself.
                x ^= x >> self.shift;
                x = x.wrapping_sub(key.0[i]).wrapping_mul(INVERSES[i]) & self.mask;
            }
            if x < self.count {
                return x;
            }
        }
    }
}

/// See [`Shuffle::key`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundKey([u64; 3]);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: u64) {
        let shuffle = Shuffle::new(42, count);
        let mut orders = Vec::new();
        for round in 0..4 {
            let key = shuffle.key(round);
            let order: Vec<u64> =
                (0..count).map(|position| shuffle.lane_at(key, position)).collect();
            for (position, &lane) in order.iter().enumerate() {
                assert_eq!(shuffle.position_of(key, lane), position as u64);
            }
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.iter().copied().eq(0..count));
            orders.push(order);
        }
        assert!(count < 100 || orders.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn every_round_is_an_order_of_all_lanes_and_can_be_undone() {
        for count in [1, 2, 3, 4, 5, 64, 65, 1000, 4097] {
            check(count);
        }
    }
}
