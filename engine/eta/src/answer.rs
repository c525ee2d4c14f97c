//! From a chosen distribution to an answer: quantiles as instants, breach, trust.
//!
//! # Place
//! The second half of [`Estimator::ask`].
//! # Method
//! Quantiles are put over the candidate's origin in business minutes and turned into instants, none before now.
//! Trust is a list of reasons, the first that holds counts. Nothing is worked out before it is asked for: whether
//! an answer is news needs a quantile or three, whether the bases disagree needs all of them.
//! # Holds
//! p10 <= p20 <= p50 <= p80 <= p90.
//! # Does not hold
//! Which candidate: the boards say.

use std::fmt;

use crate::calendar::Calendar;
use crate::drift::{drifted, undrifted};
use crate::estimate::{Confidence, Doubts, Estimate, Quantile, Query, Reason};
use crate::estimator::{Candidate, Estimator, QUANTILES_Q16, View};
use crate::fixed::ONE_Q16;
use crate::lane::Basis;
use crate::settings::Rounding;

/// A question whose basis is found.
pub struct Asked<'a> {
    pub(crate) estimator: &'a Estimator,
    pub(crate) view: View<'a>,
    pub(crate) candidate: Candidate,
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("basis", &self.candidate.basis).finish_non_exhaustive()
    }
}

impl Asked<'_> {
    /// What the answer stands on.
    pub fn basis(&self) -> Basis {
        self.candidate.basis
    }

    /// Effective outcomes behind it, rounded down.
    pub fn effective(&self) -> u32 {
        self.candidate.effective() as u32
    }

    /// One quantile, as an instant; as in the whole answer.
    pub fn quantile(&self, quantile: Quantile) -> i64 {
        let [minutes] = self.estimator.minutes_at(&self.candidate, [quantile]);
        self.instant(minutes)
    }

    /// The whole answer.
    pub fn estimate(&self) -> Estimate {
        let Self { estimator, view: View { query, now, .. }, candidate } = self;
        let calendar = query.calendar;
        let minutes = estimator.minutes(candidate);
        let [p10, p20, p50, p80, p90] = minutes.map(|minutes| self.instant(minutes));
        let past = |date: i64| (calendar.day(p50) - calendar.day(date)) as i32;
        let middle = calendar.position(p50);
        let interval = (middle - now, calendar.position(p90) - middle);
        let disagrees = || self.disagrees(candidate.origin + minutes[2]);
        let (confidence, reason) = estimator.trust(query.doubts, candidate, disagrees, interval);
        Estimate {
            p10,
            p20,
            p50,
            p80,
            p90,
            basis: candidate.basis,
            effective: self.effective(),
            drift_q16: candidate.drift_q16,
            confidence,
            reason,
            breach_ppm: query
                .promise
                .map(|promise| estimator.breach_ppm(query, candidate, promise)),
            promise_days_past: query.promise.map(past),
            carrier_days_past: query.carrier_estimate.map(past),
        }
    }

    fn instant(&self, minutes: i64) -> i64 {
        let query = self.view.query;
        query.calendar.instant(self.candidate.origin.saturating_add(minutes)).max(query.now)
    }

    /// Whether another basis puts the middle more than an open day away.
    fn disagrees(&self, middle: i64) -> bool {
        let others = Basis::ALL.into_iter().filter(|basis| *basis != self.candidate.basis);
        let mut others = others.filter_map(|basis| self.estimator.candidate(&self.view, basis));
        others.any(|other| {
            let [minutes] = self.estimator.minutes_at(&other, [Quantile::P50]);
            let theirs = other.origin + minutes;
            self.view.query.calendar.day_minutes() < (theirs - middle).abs()
        })
    }
}

impl Estimator {
    fn trust(
        &self,
        doubts: Doubts,
        candidate: &Candidate,
        disagrees: impl FnOnce() -> bool,
        (left, width): (i64, i64),
    ) -> (Confidence, Reason) {
        if candidate.effective() < f32::from(self.settings.sparse_below) {
            (Confidence::Low, Reason::SparseLane)
        } else if doubts.open_exception {
            (Confidence::Low, Reason::OpenException)
        } else if doubts.imprecise_address {
            (Confidence::Low, Reason::ImpreciseAddress)
        } else if ONE_Q16 / 4 < (candidate.drift_q16 - ONE_Q16).abs() {
            (Confidence::Medium, Reason::NetworkDrift)
        } else if disagrees() {
            (Confidence::Medium, Reason::CarrierDisagrees)
        } else if left.max(8 * self.remaining.grain_minutes()) * 3 < width * 4 {
            (Confidence::Medium, Reason::WideInterval)
        } else {
            (Confidence::High, Reason::None)
        }
    }

    /// The five quantiles of a candidate, minutes from its origin, drift applied.
    pub(crate) fn minutes(&self, candidate: &Candidate) -> [i64; 5] {
        self.minutes_at(candidate, Quantile::ALL)
    }

    /// Some of its quantiles, ascending.
    pub(crate) fn minutes_at<const N: usize>(
        &self,
        candidate: &Candidate,
        quantiles: [Quantile; N],
    ) -> [i64; N] {
        let bins = self.bins(candidate.basis);
        match &candidate.mixture {
            Some(mixture) => {
                let minutes = mixture.quantiles(
                    bins,
                    quantiles.map(|quantile| match quantile {
                        Quantile::P90 => self.levels_q16[candidate.class as usize] as u32,
                        other => QUANTILES_Q16[other as usize],
                    }),
                );
                if candidate.basis.is_residual() {
                    minutes
                } else {
                    minutes.map(|minutes| drifted(minutes, candidate.drift_q16).max(0))
                }
            }
            None => {
                let spread = i64::from(self.settings.cold_spread_minutes);
                let cold = [-spread, -spread / 2, 0, spread / 2, spread];
                quantiles.map(|quantile| cold[quantile as usize])
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
