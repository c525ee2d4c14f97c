//! Drift: how much slower or faster a carrier is into a region these days.
//!
//! # Place
//! Held by [`crate::estimator`], moved at marks.
//! # Method
//! The mean of `log2((actual + 1 h) / (median + 1 h))`, weighted to halve in a week, less the same mean
//! weighted like the histograms: remaining times are skewed, so their mean lies off the median without any
//! drift, and what the histograms have learned by now is no drift either. Pulled to zero by a prior of thirty outcomes (to the class's own drift over all carriers, and that one to zero), clamped to a
//! factor of 0.5..=2. All in Q16.
//! # Holds
//! Fewer than a few outcomes move nothing; the same outcomes in the same order give the same bits.
//! # Does not hold
//! Which median: the caller gives the one before drift, so that drift doesn't chase itself.

use crate::fixed::{Decay, ONE_Q16, exp2_q16, log2_q16};

/// What is added to both sides of the ratio, minutes.
pub(crate) const OFFSET_MINUTES: i64 = 60;

/// The most that one outcome says: a factor of eight. A forgotten parcel is not the network's state.
const RATIO_MAX_Q16: i64 = 3 << 16;

/// The two half-lives of a drift, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfLives {
    /// Of late.
    pub fast: i64,
    /// Of long: the histograms'.
    pub slow: i64,
}

/// The state of one drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Weighted sum of log2 ratios, Q32.
    pub(crate) sum_q32: i64,
    /// Sum of weights, Q16.
    pub(crate) weight_q16: i64,
    /// The same two at the half-life of the histograms.
    pub(crate) slow_sum_q32: i64,
    /// See `slow_sum_q32`.
    pub(crate) slow_weight_q16: i64,
    /// Last outcome, unix seconds.
    pub(crate) at: i64,
}

impl Drift {
    /// Takes an outcome in: actual and median remaining minutes, as of an instant.
    pub fn observe(&mut self, actual: i64, median: i64, at: i64, half_lives: HalfLives) {
        let grown = |minutes: i64| (minutes.max(0) + OFFSET_MINUTES) as u64;
        let ratio_q16 = log2_q16(grown(actual)) - log2_q16(grown(median));
        let ratio_q16 = ratio_q16.clamp(-RATIO_MAX_Q16, RATIO_MAX_Q16);
        let elapsed = at.saturating_sub(self.at);
        let (fast, slow) =
            (Decay::over(elapsed, half_lives.fast), Decay::over(elapsed, half_lives.slow));
        // A billion outcomes of one sign in a week would overflow: they stop counting instead.
        let add = |decay: Decay, sum: i64, value: i64| decay.of(sum).saturating_add(value);
        self.sum_q32 = add(fast, self.sum_q32, ratio_q16 << 16);
        self.weight_q16 = add(fast, self.weight_q16, ONE_Q16);
        self.slow_sum_q32 = add(slow, self.slow_sum_q32, ratio_q16 << 16);
        self.slow_weight_q16 = add(slow, self.slow_weight_q16, ONE_Q16);
        self.at = self.at.max(at);
    }

    /// The mean log2 ratio of late over that of long at an instant, Q16, pulled to the one given (its
    /// parent's, or 0).
    pub fn mean_q16(&self, at: i64, half_life: i64, prior: u32, parent_q16: i64) -> i64 {
        let decay = Decay::over(at.saturating_sub(self.at), half_life);
        let prior_q16 = i64::from(prior) << 16;
        let weight_q16 = decay.of(self.weight_q16);
        let sum_q32 = i128::from(decay.of(self.sum_q32));
        let all_q16 = weight_q16.saturating_add(prior_q16);
        if all_q16 == 0 || self.slow_weight_q16 == 0 {
            return parent_q16;
        }
        let usual_q16 = i128::from(self.slow_sum_q32 / self.slow_weight_q16);
        let off = sum_q32 - usual_q16 * i128::from(weight_q16);
        let pulled = off + i128::from(prior_q16) * i128::from(parent_q16);
        match i64::try_from(pulled) {
            Ok(pulled) => pulled / all_q16,
            Err(_) => (pulled / i128::from(all_q16)) as i64,
        }
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
    const HALF_LIVES: HalfLives = HalfLives { fast: WEEK, slow: 5 * WEEK };

    fn factor(drift: &Drift, at: i64) -> f64 {
        Drift::factor_q16(drift.mean_q16(at, WEEK, 30, 0)) as f64 / 65_536.0
    }

    /// Outcomes spread evenly over weeks, each so many times the median.
    fn observe(drift: &mut Drift, weeks: std::ops::Range<i64>, times: &[i64]) {
        for step in 0..(weeks.end - weeks.start) * 100 {
            let at = weeks.start * WEEK + step * WEEK / 100;
            let actual = 1_440 * times[step as usize % times.len()]
                + 60 * (times[step as usize % times.len()] - 1);
            drift.observe(actual, 1_440, at, HALF_LIVES);
        }
    }

    #[test]
    fn a_late_week_moves_the_factor_and_weeks_bring_it_back() {
        let mut drift = Drift::default();
        observe(&mut drift, 0..20, &[1]);
        assert!((factor(&drift, 20 * WEEK) - 1.0).abs() < 0.01);
        observe(&mut drift, 20..21, &[2]);
        let late = factor(&drift, 21 * WEEK);
        assert!((1.15..1.6).contains(&late), "{late}");
        assert!((factor(&drift, 60 * WEEK) - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_skewed_lane_is_no_drift() {
        let mut drift = Drift::default();
        observe(&mut drift, 0..30, &[1, 1, 1, 1, 4]);
        assert!((factor(&drift, 30 * WEEK) - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_young_drift_is_its_parents() {
        let mut own = Drift::default();
        assert_eq!(own.mean_q16(0, WEEK, 30, 20_000), 20_000);
        observe(&mut own, 0..10, &[1]);
        assert!(own.mean_q16(10 * WEEK, WEEK, 30, 20_000) < 6_000);
    }

    #[test]
    fn nothing_moves_out_of_bounds() {
        let mut drift = Drift::default();
        observe(&mut drift, 0..9, &[1]);
        for _ in 0..10_000 {
            drift.observe(1_000_000, 0, 9 * WEEK, HALF_LIVES);
        }
        assert!((0.5..=2.0).contains(&factor(&drift, 9 * WEEK)));
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
