//! One lane's decayed histogram: 96 bins of u16, one shared scale.
//!
//! # Place
//! Held by [`crate::tree`]; read by [`crate::mixture`].
//! # Method
//! Old samples are never touched: a sample at time t weighs `2^(t / half life)`, so new ones simply weigh
//! more. The scale is an octave per node; when a bin would overflow, all bins are halved and the octave goes
//! up. What a sample leaves below one unit goes into a carry that the next sample takes along (error
//! diffusion), so a lane with a million samples still learns from each, without randomness.
//! # Holds
//! The sum of the bins equals `total`. A halving loses less than one unit in all. The order of samples of
//! one instant changes at most the carry's unit.
//! # Does not hold
//! Which bin a value belongs to, and who the lane is.

use crate::bins::BINS;
use crate::fixed::OCTAVE_Q16;

/// A fresh sample is worth `2^FRESH_BITS` units in a node whose octave is the present one.
const FRESH_BITS: i64 = 8;

/// The weight of a sample at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    octave: i32,
    mantissa_q16: u32,
}

impl Weight {
    /// The weight at an instant (unix seconds) under a half-life (seconds, at least 64).
    pub fn at(instant: i64, half_life: i64) -> Weight {
        assert!(64 <= half_life);
        let steps = i128::from(instant) * 64 / i128::from(half_life);
        let octave = (steps >> 6).clamp(-1 << 24, 1 << 24) as i32;
        Weight { octave, mantissa_q16: OCTAVE_Q16[(steps & 63) as usize] }
    }
}

/// The bins and their scale.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Histogram {
    /// Units per bin.
    pub(crate) bins: [u16; BINS],
    /// Sum of the bins.
    pub(crate) total: u32,
    /// What is below one unit, Q16.
    pub(crate) carry_q16: u32,
    /// Octave of the unit.
    pub(crate) octave: i32,
    /// Samples ever added, saturating.
    pub(crate) samples: u32,
}

impl Histogram {
    /// An empty histogram whose first sample comes at this weight.
    pub fn new(weight: Weight) -> Histogram {
        Histogram { bins: [0; BINS], total: 0, carry_q16: 0, octave: weight.octave, samples: 0 }
    }

    /// Adds one sample.
    #[inline]
    pub fn add(&mut self, bin: usize, weight: Weight) {
        assert!(bin < BINS);
        self.samples = self.samples.saturating_add(1);
        let units = self.units_q16(weight) + u64::from(self.carry_q16);
        let value = u64::from(self.bins[bin]) + (units >> 16);
        if value <= u64::from(u16::MAX) {
            self.bins[bin] = value as u16;
            self.total += (units >> 16) as u32;
            self.carry_q16 = (units & 0xFFFF) as u32;
        } else {
            self.add_scaled(bin, weight);
        }
    }

    /// The worth of one sample in units, Q16.
    fn units_q16(&self, weight: Weight) -> u64 {
        let shift = i64::from(weight.octave) - i64::from(self.octave) + FRESH_BITS;
        let mantissa = u64::from(weight.mantissa_q16);
        if 0 <= shift { mantissa << shift.min(46) } else { mantissa >> (-shift).min(63) }
    }

    /// The rare way of `add`: raises the octave until the sample fits.
    #[cold]
    fn add_scaled(&mut self, bin: usize, weight: Weight) {
        // A long pause is one step: raise to where a sample is worth its fresh units again.
        let behind = i64::from(weight.octave) - i64::from(self.octave);
        if 0 < behind {
            self.raise(behind.min(64) as u32);
            self.octave = weight.octave;
        }
        // Ends: every turn halves both the bin and the sample's worth.
        loop {
            let units = self.units_q16(weight) + u64::from(self.carry_q16);
            let value = u64::from(self.bins[bin]) + (units >> 16);
            if value <= u64::from(u16::MAX) {
                self.bins[bin] = value as u16;
                self.total += (units >> 16) as u32;
                self.carry_q16 = (units & 0xFFFF) as u32;
                return;
            }
            self.raise(1);
            self.octave += 1;
        }
    }

    /// Divides all bins by `2^by`, handing what falls below a unit on to the next bin.
    fn raise(&mut self, by: u32) {
        let by = by.min(31);
        let mut rest: u32 = 0;
        let mut total: u32 = 0;
        for bin in &mut self.bins {
            let value = u32::from(*bin) + rest;
            rest = value & ((1 << by) - 1);
            *bin = (value >> by) as u16;
            total += value >> by;
        }
        self.total = total;
        self.carry_q16 >>= by;
    }

    /// Units that one sample at this weight is worth.
    pub fn units(&self, weight: Weight) -> f32 {
        let shift = i64::from(weight.octave) - i64::from(self.octave) + FRESH_BITS;
        let mantissa = f64::from(weight.mantissa_q16) / 65_536.0;
        // A power of two written as bits: exact, and no libm.
        let exponent = (shift.clamp(-100, 100) + 1_023) as u64;
        (mantissa * f64::from_bits(exponent << 52)) as f32
    }

    /// Decayed number of samples, seen from this weight's instant.
    pub fn effective(&self, weight: Weight) -> f32 {
        self.total as f32 / self.units(weight)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF_LIFE: i64 = 86_400;

    fn weight(day: i64) -> Weight {
        Weight::at(day * HALF_LIFE, HALF_LIFE)
    }

    #[test]
    fn a_half_life_halves_the_effective_count() {
        let mut histogram = Histogram::new(weight(0));
        for _ in 0..100 {
            histogram.add(3, weight(0));
        }
        assert!((histogram.effective(weight(0)) - 100.0).abs() < 0.1);
        assert!((histogram.effective(weight(1)) - 50.0).abs() < 0.1);
        assert!((histogram.effective(weight(4)) - 6.25).abs() < 0.1);
    }

    #[test]
    fn a_full_lane_still_learns_from_every_sample() {
        let mut histogram = Histogram::new(weight(0));
        for _ in 0..3_000_000 {
            histogram.add(5, weight(0));
        }
        for _ in 0..3_000_000 {
            histogram.add(6, weight(0));
        }
        let share = f64::from(histogram.bins[6]) / f64::from(histogram.total);
        assert!((share - 0.5).abs() < 0.001, "{share}");
        assert!((histogram.effective(weight(0)) - 6.0e6).abs() < 6.0e4);
    }

    #[test]
    fn a_pause_of_years_forgets() {
        let mut histogram = Histogram::new(weight(0));
        histogram.add(5, weight(0));
        histogram.add(90, weight(5_000));
        assert!((histogram.effective(weight(5_000)) - 1.0).abs() < 0.01);
        assert_eq!(histogram.bins[5], 0);
        // A sample from before is worth nothing, and does no harm.
        histogram.add(5, weight(-100_000));
        assert_eq!(histogram.bins[5], 0);
    }

    proptest! {
        #[test]
        fn agrees_with_weights_in_floats(
            samples in prop::collection::vec((0_usize..BINS, 0_i64..30), 1..400)
        ) {
            let mut samples = samples;
            samples.sort_by_key(|sample| sample.1);
            let mut histogram = Histogram::new(weight(samples[0].1));
            let mut model = vec![0.0_f64; BINS];
            for (bin, day) in &samples {
                histogram.add(*bin, weight(*day));
                model[*bin] += (*day as f64 - 30.0).exp2();
            }
            prop_assert_eq!(
                histogram.total,
                histogram.bins.iter().map(|bin| u32::from(*bin)).sum::<u32>()
            );
            let sum: f64 = model.iter().sum();
            for (bin, expected) in model.iter().enumerate() {
                let got = f64::from(histogram.bins[bin]) / f64::from(histogram.total);
                prop_assert!((got - expected / sum).abs() < 0.005, "bin {}", bin);
            }
        }
    }
}
