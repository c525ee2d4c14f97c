//! What every data set is turned into.
//!
//! # Place
//! Made by the readers (`olist`, `scms`, ...), replayed by `replay`.
//! # Method
//! One case per shipment, all instants in unix seconds.
//! # Holds
//! Marks ascend, at least one, none at or after the delivery.
//! # Does not hold
//! What was left out is only counted, by reason.

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::lane::{Lane, MilestoneClass};
use crate::settings::Settings;

/// A milestone of a case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) class: MilestoneClass,
    pub(super) at: i64,
    /// The source's own estimate as it was then, if it made one beside the promise.
    pub(super) carrier_estimate: Option<i64>,
}

/// One shipment.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) lane: Lane,
    pub(super) marks: Vec<Mark>,
    /// The promise, as it is compared with the actual instant.
    pub(super) promise: Option<i64>,
    pub(super) delivered: i64,
    /// When the delivery was known: nothing is learned from it before.
    pub(super) known_at: i64,
}

/// The unit in which a set is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) seconds: i64,
    /// "Near" is within this many units.
    pub(super) near: i64,
    /// Whether instants are dates: compared by local day.
    pub(super) dates: bool,
}

/// A data set, ready to replay.
#[derive(Clone, Debug)]
pub(super) struct DataSet {
    pub(super) name: &'static str,
    pub(super) cases: Vec<Case>,
    /// Rows left out, by reason.
    pub(super) excluded: BTreeMap<&'static str, u64>,
    pub(super) calendar: Calendar,
    pub(super) settings: Settings,
    pub(super) unit: Unit,
    /// Seconds between two looks at a shipment in flight.
    pub(super) step: i64,
    /// What a reader of the report should know.
    pub(super) notes: Vec<String>,
}

impl DataSet {
    /// Takes a case in, or counts why not.
    pub(super) fn take(&mut self, case: Result<Case, &'static str>) {
        match case.and_then(checked) {
            Ok(case) => self.cases.push(case),
            Err(reason) => *self.excluded.entry(reason).or_default() += 1,
        }
    }
}

fn checked(mut case: Case) -> Result<Case, &'static str> {
    let first = case.marks.first().map(|mark| mark.at).ok_or("no milestone")?;
    if case.delivered <= first {
        return Err("delivered before it started");
    }
    if crate::limits::OUTCOME_SECONDS_MAX < case.delivered - first {
        return Err("longer than three years");
    }
    if case.marks.windows(2).any(|pair| pair[1].at < pair[0].at) {
        return Err("milestones out of order");
    }
    let delivered = case.delivered;
    case.marks.retain(|mark| mark.at < delivered);
    case.known_at = case.known_at.max(delivered);
    Ok(case)
}
