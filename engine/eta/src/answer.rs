//! From a chosen distribution to an answer: quantiles as instants, breach, trust.
//!
//! # Place
//! The second half of [`Estimator::estimate`].
//! # Method
//! Quantiles are put over the candidate's origin in business minutes and turned into instants, none before now.
//! Trust is a list of reasons, the first that holds counts.
//! # Holds
//! p10 <= p20 <= p50 <= p80 <= p90.
//! # Does not hold
//! Which candidate: the boards say.

use crate::calendar::Calendar;
use crate::drift::{drifted, undrifted};
use crate::estimate::{Confidence, Doubts, Estimate, Query, Reason};
use crate::estimator::{Candidate, Estimator, QUANTILES_Q16};
use crate::fixed::ONE_Q16;
use crate::mixture::Mixture;
use crate::settings::Rounding;

impl Estimator {
    pub(crate) fn answer(
        &self,
        query: &Query<'_>,
        candidate: &Candidate,
        candidates: &[Option<Candidate>; 4],
    ) -> Estimate {
        let calendar = query.calendar;
        let minutes = self.minutes(candidate);
        let instants = minutes.map(|minutes| {
            calendar.instant(candidate.origin.saturating_add(minutes)).max(query.now)
        });
        let [p10, p20, p50, p80, p90] = instants;
        let breach_ppm = query.promise.map(|promise| self.breach_ppm(query, candidate, promise));
        let past = |date: i64| (calendar.day(p50) - calendar.day(date)) as i32;
        let effective = candidate.mixture.as_ref().map_or(0.0, Mixture::effective);
        let middle = candidate.origin + minutes[2];
        let disagrees = candidates.iter().flatten().any(|other| {
            let theirs = other.origin + self.minutes(other)[2];
            calendar.day_minutes() < (theirs - middle).abs()
        });
        let left = calendar.position(p50) - calendar.position(query.now);
        let width = calendar.position(p90) - calendar.position(p50);
        let (confidence, reason) =
            self.trust(query.doubts, effective, candidate.drift_q16, disagrees, (left, width));
        Estimate {
            p10,
            p20,
            p50,
            p80,
            p90,
            basis: candidate.basis,
            effective: effective as u32,
            drift_q16: candidate.drift_q16,
            confidence,
            reason,
            breach_ppm,
            promise_days_past: query.promise.map(past),
            carrier_days_past: query.carrier_estimate.map(past),
        }
    }

    fn trust(
        &self,
        doubts: Doubts,
        effective: f32,
        drift_q16: i64,
        disagrees: bool,
        (left, width): (i64, i64),
    ) -> (Confidence, Reason) {
        if effective < f32::from(self.settings.sparse_below) {
            (Confidence::Low, Reason::SparseLane)
        } else if doubts.open_exception {
            (Confidence::Low, Reason::OpenException)
        } else if doubts.imprecise_address {
            (Confidence::Low, Reason::ImpreciseAddress)
        } else if ONE_Q16 / 4 < (drift_q16 - ONE_Q16).abs() {
            (Confidence::Medium, Reason::NetworkDrift)
        } else if disagrees {
            (Confidence::Medium, Reason::CarrierDisagrees)
        } else if left.max(8 * self.remaining.grain_minutes()) * 3 < width * 4 {
            (Confidence::Medium, Reason::WideInterval)
        } else {
            (Confidence::High, Reason::None)
        }
    }

    /// The five quantiles of a candidate, minutes from its origin, drift applied.
    pub(crate) fn minutes(&self, candidate: &Candidate) -> [i64; 5] {
        let bins = self.bins(candidate.basis);
        match &candidate.mixture {
            Some(mixture) => {
                let mut at_q16 = QUANTILES_Q16;
                at_q16[4] = self.levels_q16[candidate.class as usize] as u32;
                let minutes = mixture.quantiles(bins, at_q16);
                if candidate.basis.is_residual() {
                    minutes
                } else {
                    minutes.map(|minutes| drifted(minutes, candidate.drift_q16).max(0))
                }
            }
            None => {
                let spread = i64::from(self.settings.cold_spread_minutes);
                [-spread, -spread / 2, 0, spread / 2, spread]
            }
        }
    }

    /// The last instant at which a promise is kept: where dates are published, a promise is one, and holds
    /// to the end of its local day.
    pub fn deadline(&self, promise: i64, calendar: &Calendar) -> i64 {
        match self.settings.publish.rounding {
            Rounding::Day => calendar.day_end(promise) - 1,
            Rounding::Seconds(_) => promise,
        }
    }

    /// Probability of arriving after the promise's deadline, parts per million.
    fn breach_ppm(&self, query: &Query<'_>, candidate: &Candidate, promise: i64) -> u32 {
        let promise = self.deadline(promise, query.calendar);
        if promise < query.now {
            return 1_000_000;
        }
        let minutes = query.calendar.position(promise) - candidate.origin;
        let kept_q16 = match &candidate.mixture {
            Some(mixture) if candidate.basis.is_residual() => {
                mixture.below(minutes, self.bins(candidate.basis))
            }
            Some(mixture) => {
                let minutes = undrifted(minutes, candidate.drift_q16);
                mixture.below(minutes, self.bins(candidate.basis))
            }
            // A date without a learned error: half before, half after, all within the spread.
            None => {
                let spread = i64::from(self.settings.cold_spread_minutes);
                ((minutes.clamp(-spread, spread) + spread) * 32_768 / spread) as u32
            }
        };
        1_000_000 - (u64::from(kept_q16.min(65_536)) * 1_000_000 / 65_536) as u32
    }
}
