//! What the answers were worth.
//!
//! # Place
//! Filled by [`super::replay`], read by [`super::report`].
//! # Method
//! Sums in units of the set, per class and over all; weeks by the instant of the question. Quantities are
//! floats here: they are figures for people and decide nothing.
//! # Holds
//! Every method is scored on the same questions.
//! # Does not hold
//! Which of them is good.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::Unit;
use super::global::GlobalAnswer;
use crate::calendar::Calendar;
use crate::estimate::Estimate;
use crate::lane::{Basis, MilestoneClass};
use crate::settings::Rounding;

/// The value that a policy's rounding tells apart.
pub(super) fn rounded(rounding: Rounding, calendar: &Calendar, instant: i64) -> i64 {
    match rounding {
        Rounding::Day => calendar.day(instant),
        Rounding::Seconds(seconds) => instant.div_euclid(seconds),
    }
}

/// One question at a milestone.
pub(super) struct MarkRecord {
    pub(super) class: MilestoneClass,
    pub(super) at: i64,
    pub(super) actual: i64,
    pub(super) estimate: Option<Estimate>,
    pub(super) global: GlobalAnswer,
    pub(super) promise: Option<i64>,
    pub(super) source: Option<i64>,
}

/// One look at a shipment in flight.
pub(super) struct Look {
    pub(super) at: i64,
    pub(super) actual: i64,
    pub(super) raw: i64,
    pub(super) published: i64,
    pub(super) breach_ppm: Option<u32>,
    pub(super) promise_end: Option<i64>,
}

/// A shipment's changes.
#[derive(Clone, Copy, Default)]
pub(super) struct Flight {
    pub(super) scored: bool,
    pub(super) raw_changes: u32,
    pub(super) changes: u32,
}

impl Flight {
    pub(super) fn new(scored: bool) -> Flight {
        Flight { scored, ..Flight::default() }
    }
}

/// Sums of one method over some questions.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MethodSums {
    /// Questions answered.
    pub count: u64,
    /// Sum of absolute errors, units.
    pub error: f64,
    /// Sum of signed errors (estimate minus actual), units.
    pub bias: f64,
    /// Answers within the set's near distance.
    pub near: u64,
    /// Sum of pinball loss at .5, units.
    pub pinball50: f64,
    /// Sum of pinball loss at .9, units.
    pub pinball90: f64,
    /// Deliveries at or before the p90.
    pub covered: u64,
    /// Sum of p90 minus p10, units.
    pub width: f64,
}

impl MethodSums {
    fn mean(&self, sum: f64) -> f64 {
        if self.count == 0 { f64::NAN } else { sum / self.count as f64 }
    }

    /// Mean absolute error, units.
    pub fn mae(&self) -> f64 {
        self.mean(self.error)
    }

    /// Mean signed error, units.
    pub fn mean_bias(&self) -> f64 {
        self.mean(self.bias)
    }

    /// Share of answers that were near.
    pub fn near_share(&self) -> f64 {
        self.mean(self.near as f64)
    }

    /// Mean pinball loss at .5.
    pub fn mean_pinball50(&self) -> f64 {
        self.mean(self.pinball50)
    }

    /// Mean pinball loss at .9.
    pub fn mean_pinball90(&self) -> f64 {
        self.mean(self.pinball90)
    }

    /// Share of deliveries at or before the p90.
    pub fn coverage(&self) -> f64 {
        self.mean(self.covered as f64)
    }

    /// Mean width of p10 to p90, units.
    pub fn mean_width(&self) -> f64 {
        self.mean(self.width)
    }
}

/// The methods that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// This crate.
    Estimator,
    /// The promised date.
    Promise,
    /// Quantiles over everything so far.
    GlobalQuantile,
    /// The source's own estimate.
    Source,
}

impl Method {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Method::Estimator => "crossdock",
            Method::Promise => "promised date",
            Method::GlobalQuantile => "global quantile",
            Method::Source => "source's own estimate",
        }
    }
}

/// Everything that was counted.
#[derive(Clone, Debug)]
pub struct Scores {
    pub(super) unit: Unit,
    /// Sums by class and method; `None` is all classes.
    pub by_class: BTreeMap<(Option<MilestoneClass>, Method), MethodSums>,
    /// The estimator by week of the question (weeks since 1970).
    pub by_week: BTreeMap<i64, MethodSums>,
    /// Answers by basis.
    pub by_basis: [u64; 4],
    /// Questions without an answer.
    pub unanswered: u64,
    /// Overdue looks: asked, answered, covered by the p90.
    pub overdue: [u64; 3],
    /// Looks in flight: count, sum of errors raw and published.
    pub looks: (u64, f64, f64),
    /// Shipments followed, their raw changes and their published ones.
    pub flights: [u64; 3],
    /// Breach: count, sum of squared differences, and of the base rate for comparison.
    pub breach: (u64, f64, u64),
    /// Breach by bucket of ten percent: looks, sum of probabilities, missed.
    pub buckets: [(u64, f64, u64); 10],
}

impl Scores {
    pub(super) fn new(unit: Unit) -> Scores {
        Scores {
            unit,
            by_class: BTreeMap::new(),
            by_week: BTreeMap::new(),
            by_basis: [0; 4],
            unanswered: 0,
            overdue: [0; 3],
            looks: (0, 0.0, 0.0),
            flights: [0; 3],
            breach: (0, 0.0, 0),
            buckets: [(0, 0.0, 0); 10],
        }
    }

    /// The sums of a method over all classes.
    pub fn of(&self, method: Method) -> MethodSums {
        self.by_class.get(&(None, method)).copied().unwrap_or_default()
    }

    /// Estimate minus actual in units: by day for dates, exact otherwise.
    fn error(&self, calendar: &Calendar, estimate: i64, actual: i64) -> f64 {
        if self.unit.dates {
            (calendar.day(estimate) - calendar.day(actual)) as f64
        } else {
            (estimate - actual) as f64 / self.unit.seconds as f64
        }
    }

    pub(super) fn mark(&mut self, record: &MarkRecord, calendar: &Calendar) {
        let Some(estimate) = &record.estimate else {
            self.unanswered += 1;
            return;
        };
        self.by_basis[estimate.basis as usize] += 1;
        let global = record.global;
        let mut add = |method, quantiles: [i64; 3]| {
            let sums = self.sums(calendar, quantiles, record.actual);
            for class in [None, Some(record.class)] {
                merge(self.by_class.entry((class, method)).or_default(), &sums);
            }
            sums
        };
        let own = add(Method::Estimator, [estimate.p10, estimate.p50, estimate.p90]);
        add(Method::GlobalQuantile, [global.p10, global.p50, global.p90]);
        if let Some(promise) = record.promise {
            add(Method::Promise, [promise; 3]);
        }
        if let Some(source) = record.source {
            add(Method::Source, [source; 3]);
        }
        // 1970-01-05 was a Monday.
        let week = (record.at - 4 * 86_400).div_euclid(7 * 86_400);
        merge(self.by_week.entry(week).or_default(), &own);
    }

    fn sums(&self, calendar: &Calendar, [p10, p50, p90]: [i64; 3], actual: i64) -> MethodSums {
        let error = self.error(calendar, p50, actual);
        let high = self.error(calendar, p90, actual);
        let low = self.error(calendar, p10, actual);
        let pinball =
            |q: f64, error: f64| if error <= 0.0 { -error * q } else { error * (1.0 - q) };
        MethodSums {
            count: 1,
            error: error.abs(),
            bias: error,
            near: u64::from(error.abs() <= self.unit.near as f64),
            pinball50: pinball(0.5, error),
            pinball90: pinball(0.9, high),
            covered: u64::from(0.0 <= high),
            width: high - low,
        }
    }

    pub(super) fn look(&mut self, look: &Look, calendar: &Calendar) {
        self.looks.0 += 1;
        self.looks.1 += self.error(calendar, look.raw, look.actual).abs();
        self.looks.2 += self.error(calendar, look.published, look.actual).abs();
        if let (Some(ppm), Some(end)) = (look.breach_ppm, look.promise_end)
            && look.at <= end
        {
            let probability = f64::from(ppm) / 1.0e6;
            let missed = end < look.actual;
            let truth = f64::from(u8::from(missed));
            self.breach.0 += 1;
            self.breach.1 += (probability - truth) * (probability - truth);
            self.breach.2 += u64::from(missed);
            let bucket = &mut self.buckets[(ppm / 100_000).min(9) as usize];
            bucket.0 += 1;
            bucket.1 += probability;
            bucket.2 += u64::from(missed);
        }
    }

    pub(super) fn overdue(
        &mut self,
        estimate: Option<&Estimate>,
        actual: i64,
        calendar: &Calendar,
    ) {
        self.overdue[0] += 1;
        if let Some(estimate) = estimate {
            self.overdue[1] += 1;
            let high = self.error(calendar, estimate.p90, actual);
            self.overdue[2] += u64::from(0.0 <= high);
        }
    }

    pub(super) fn flight(&mut self, flight: &Flight) {
        if flight.scored {
            self.flights[0] += 1;
            self.flights[1] += u64::from(flight.raw_changes);
            self.flights[2] += u64::from(flight.changes);
        }
    }

    /// The answers by basis, named.
    pub fn bases(&self) -> impl Iterator<Item = (Basis, u64)> {
        Basis::ALL.into_iter().zip(self.by_basis)
    }
}

fn merge(into: &mut MethodSums, sums: &MethodSums) {
    into.count += sums.count;
    into.error += sums.error;
    into.bias += sums.bias;
    into.near += sums.near;
    into.pinball50 += sums.pinball50;
    into.pinball90 += sums.pinball90;
    into.covered += sums.covered;
    into.width += sums.width;
}
