//! Drift: how much slower or faster a carrier is into a region these days.
//!
//! # Place
//! Held by [`crate::estimator`], moved at marks.
//! # Method
//! The mean of `log2((actual + 1 h) / (median + 1 h))`, weighted to halve in a week, pulled to zero by a
//! prior of thirty outcomes (to the class's own drift over all carriers, and that one to zero), clamped to a
//! factor of 0.5..=2. All in Q16.
//! # Holds
//! Fewer than a few outcomes move nothing; the same outcomes in the same order give the same bits.
//! # Does not hold
//! Which median: the caller gives the one before drift, so that drift doesn't chase itself.

use crate::fixed::{ONE_Q16, decayed, exp2_q16, log2_q16};

/// What is added to both sides of the ratio, minutes.
pub(crate) const OFFSET_MINUTES: i64 = 60;

/// The most that one outcome says: a factor of eight. A forgotten parcel is not the network's state.
const RATIO_MAX_Q16: i64 = 3 << 16;

/// The state of one drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Weighted sum of log2 ratios, Q32.
    pub(crate) sum_q32: i64,
    /// Sum of weights, Q16.
    pub(crate) weight_q16: i64,
    /// Last outcome, unix seconds.
    pub(crate) at: i64,
}

impl Drift {
    /// Takes an outcome in: actual and median remaining minutes, as of an instant.
    pub fn observe(&mut self, actual: i64, median: i64, at: i64, half_life: i64) {
        let grown = |minutes: i64| (minutes.max(0) + OFFSET_MINUTES) as u64;
        let ratio_q16 = log2_q16(grown(actual)) - log2_q16(grown(median));
        let ratio_q16 = ratio_q16.clamp(-RATIO_MAX_Q16, RATIO_MAX_Q16);
        let elapsed = at.saturating_sub(self.at);
        let faded = |value| decayed(value, elapsed, half_life);
        // A billion outcomes of one sign in a week would overflow: they stop counting instead.
        self.sum_q32 = faded(self.sum_q32).saturating_add(ratio_q16 << 16);
        self.weight_q16 = faded(self.weight_q16).saturating_add(ONE_Q16);
        self.at = self.at.max(at);
    }

    /// The mean log2 ratio at an instant, Q16, pulled to the one given (its parent's, or 0).
    pub fn mean_q16(&self, at: i64, half_life: i64, prior: u32, parent_q16: i64) -> i64 {
        let elapsed = at.saturating_sub(self.at);
        let prior_q16 = i64::from(prior) << 16;
        let weight = decayed(self.weight_q16, elapsed, half_life).saturating_add(prior_q16);
        if weight == 0 {
            return parent_q16;
        }
        let sum = i128::from(decayed(self.sum_q32, elapsed, half_life))
            + i128::from(prior_q16) * i128::from(parent_q16);
        (sum / i128::from(weight)) as i64
    }

    /// The multiplier of a mean log2 ratio, Q16, within 0.5..=2.
    pub fn factor_q16(mean_q16: i64) -> i64 {
        exp2_q16(mean_q16.clamp(-ONE_Q16, ONE_Q16))
    }
}

/// Remaining minutes after drift.
pub(crate) fn drifted(minutes: i64, factor_q16: i64) -> i64 {
    (((minutes + OFFSET_MINUTES) * factor_q16) >> 16) - OFFSET_MINUTES
}

/// Remaining minutes before drift: the inverse of [`drifted`], rounded down.
pub(crate) fn undrifted(minutes: i64, factor_q16: i64) -> i64 {
    ((minutes + OFFSET_MINUTES) << 16).div_euclid(factor_q16.max(1)) - OFFSET_MINUTES
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: i64 = 7 * 86_400;

    fn factor(drift: &Drift, at: i64) -> i64 {
        Drift::factor_q16(drift.mean_q16(at, WEEK, 30, 0))
    }

    #[test]
    fn a_young_drift_is_its_parents() {
        let mut parent = Drift::default();
        for _ in 0..300 {
            parent.observe(2 * 1_440, 1_440, 0, WEEK);
        }
        let shared = parent.mean_q16(0, WEEK, 30, 0);
        let mut own = Drift::default();
        assert_eq!(own.mean_q16(0, WEEK, 30, shared), shared);
        for _ in 0..300 {
            own.observe(1_440, 1_440, 0, WEEK);
        }
        assert!(own.mean_q16(0, WEEK, 30, shared) < shared / 5);
    }

    #[test]
    fn steady_lateness_moves_the_factor_and_weeks_bring_it_back() {
        let mut drift = Drift::default();
        assert_eq!(factor(&drift, 0), ONE_Q16);
        for _ in 0..300 {
            drift.observe(2 * 1_440, 1_440, 0, WEEK);
        }
        let slow = factor(&drift, 0) as f64 / 65_536.0;
        assert!((1.7..1.96).contains(&slow), "{slow}");
        let later = factor(&drift, 20 * WEEK) as f64 / 65_536.0;
        assert!((later - 1.0).abs() < 0.01, "{later}");
    }

    #[test]
    fn one_outcome_moves_little_and_none_moves_out_of_bounds() {
        let mut drift = Drift::default();
        drift.observe(1_000_000, 0, 0, WEEK);
        assert!(factor(&drift, 0) < ONE_Q16 * 13 / 10);
        for _ in 0..10_000 {
            drift.observe(1_000_000, 0, 0, WEEK);
        }
        assert_eq!(factor(&drift, 0), 2 * ONE_Q16);
    }

    #[test]
    fn drifting_and_back_is_the_same_minute_or_the_one_before() {
        for factor in [ONE_Q16 / 2, 50_000, ONE_Q16, 80_000, 2 * ONE_Q16] {
            for minutes in [0, 1, 59, 600, 10_000, 84_000] {
                let back = undrifted(drifted(minutes, factor), factor);
                assert!((minutes - 2..=minutes).contains(&back), "{minutes} {factor} {back}");
            }
        }
    }
}
