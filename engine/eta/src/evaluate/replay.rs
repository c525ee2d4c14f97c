//! The time-ordered replay: every answer uses only deliveries that were known by then.
//!
//! # Place
//! Between the readers and [`super::score`].
//! # Method
//! One queue of events by instant: looks at shipments in flight (at milestones, and every step after), and
//! deliveries becoming known. At the same instant looks come first, so nothing of that instant is known to
//! them. Each look asks the estimator, the global quantile and the promise the same question.
//! # Holds
//! The first part of the cases (by start) only warms up: nobody is scored on it.
//! # Does not hold
//! What is made of the records.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::case::{Case, DataSet};
use super::global::GlobalQuantiles;
use super::score::{Flight, Look, MarkRecord, Scores};
use crate::estimate::{Doubts, Estimate, Outcome, Query};
use crate::estimator::Estimator;
use crate::lane::MilestoneClass;
use crate::publish::{Cause, Published, publish};
use crate::settings::Form;

/// Looks at one shipment at most: a forgotten one is not watched for ever.
const LOOKS_MAX: u32 = 2_000;

/// What happens at an instant, in the order in which it happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A milestone, by index.
    Mark(u8),
    /// Another look.
    Look,
    /// The delivery becomes known.
    Known,
    /// The census of parcels in flight.
    Census,
}

/// What is remembered of a shipment in flight.
#[derive(Clone, Default)]
struct Progress {
    marks: u8,
    looks: u32,
    raw: Option<i64>,
    published: Option<Published>,
    /// The instant of twice the usual time, until it is scored.
    overdue_at: Option<i64>,
    flight: Flight,
}

pub(super) struct Replay<'a> {
    set: &'a DataSet,
    pub(super) estimator: Estimator,
    global: GlobalQuantiles,
    progress: Vec<Progress>,
    events: BinaryHeap<Reverse<(i64, Kind, u32)>>,
    /// Shipments that may be in flight, for the census.
    active: Vec<u32>,
    scored_from: i64,
    scores: Scores,
}

/// Replays a set and gives the scores and the estimator as it is at the end.
pub(super) fn replay(set: &DataSet, warm_up_percent: u8) -> (Scores, Estimator) {
    let mut starts: Vec<i64> = set.cases.iter().map(|case| case.marks[0].at).collect();
    starts.sort_unstable();
    let warm = starts.len() * usize::from(warm_up_percent.min(90)) / 100;
    let mut replay = Replay {
        set,
        estimator: Estimator::new(set.settings.clone()),
        global: GlobalQuantiles::default(),
        progress: vec![Progress::default(); set.cases.len()],
        events: BinaryHeap::with_capacity(set.cases.len() * 3),
        active: Vec::new(),
        scored_from: starts.get(warm).copied().unwrap_or(i64::MAX),
        scores: Scores::new(set.unit),
    };
    for (index, case) in set.cases.iter().enumerate() {
        for (mark, at) in case.marks.iter().enumerate() {
            replay.events.push(Reverse((at.at, Kind::Mark(mark as u8), index as u32)));
        }
        replay.events.push(Reverse((case.known_at, Kind::Known, index as u32)));
    }
    if set.settings.form == Form::Hazard
        && let Some(first) = starts.first()
    {
        replay.events.push(Reverse((*first, Kind::Census, 0)));
    }
    replay.run();
    (replay.scores, replay.estimator)
}

impl Replay<'_> {
    fn run(&mut self) {
        let set = self.set;
        // Ends: every shipment has finitely many marks and looks.
        while let Some(Reverse((at, kind, index))) = self.events.pop() {
            if kind == Kind::Census {
                self.census(at);
                continue;
            }
            let case = &set.cases[index as usize];
            match kind {
                Kind::Mark(mark) => self.mark(case, index, mark, at),
                Kind::Look => self.look(case, index, at),
                Kind::Known => self.known(case, index, at),
                Kind::Census => unreachable!("handled above"),
            }
        }
    }

    fn query<'q>(&'q self, case: &'q Case, mark: u8, now: i64) -> Query<'q> {
        let mark = case.marks[usize::from(mark)];
        Query {
            lane: &case.lane,
            class: mark.class,
            start: mark.at,
            now,
            carrier_estimate: mark.carrier_estimate,
            promise: case.promise,
            table_days: None,
            calendar: &self.set.calendar,
            doubts: Doubts::default(),
        }
    }

    fn mark(&mut self, case: &Case, index: u32, mark: u8, at: i64) {
        let estimate = self.estimator.estimate(&self.query(case, mark, at)).ok();
        let class = case.marks[usize::from(mark)].class;
        let scored = self.scored_from <= at;
        let global = self.global.at(class, at);
        if scored && let Some(global) = global {
            let record = MarkRecord {
                class,
                at,
                actual: case.delivered,
                estimate,
                global,
                promise: case.promise,
                source: case.marks[usize::from(mark)].carrier_estimate,
            };
            self.scores.mark(&record, &self.set.calendar);
        }
        let progress = &mut self.progress[index as usize];
        progress.marks = mark + 1;
        if mark == 0 {
            progress.overdue_at = estimate.map(|estimate| at + 2 * (estimate.p50 - at).max(60));
            progress.flight = Flight::new(scored && estimate.is_some());
            self.events.push(Reverse((at + self.set.step, Kind::Look, index)));
            self.active.push(index);
        }
        self.publish(case, index, estimate.as_ref(), class, at, Cause::Milestone);
    }

    fn look(&mut self, case: &Case, index: u32, at: i64) {
        let progress = &self.progress[index as usize];
        if case.delivered <= at || LOOKS_MAX <= progress.looks {
            return;
        }
        let mark = progress.marks - 1;
        let estimate = self.estimator.estimate(&self.query(case, mark, at)).ok();
        let class = case.marks[usize::from(mark)].class;
        let progress = &mut self.progress[index as usize];
        progress.looks += 1;
        if progress.overdue_at.is_some_and(|overdue| overdue <= at) {
            progress.overdue_at = None;
            if progress.flight.scored {
                self.scores.overdue(estimate.as_ref(), case.delivered, &self.set.calendar);
            }
        }
        self.publish(case, index, estimate.as_ref(), class, at, Cause::Age);
        self.events.push(Reverse((at + self.set.step, Kind::Look, index)));
    }

    fn publish(
        &mut self,
        case: &Case,
        index: u32,
        estimate: Option<&Estimate>,
        class: MilestoneClass,
        at: i64,
        cause: Cause,
    ) {
        let Some(estimate) = estimate else { return };
        let policy = &self.set.settings.publish;
        let calendar = &self.set.calendar;
        let progress = &mut self.progress[index as usize];
        let raw = super::score::rounded(policy.rounding, calendar, estimate.p50);
        if progress.raw.is_some_and(|before| before != raw) {
            progress.flight.raw_changes += 1;
        }
        progress.raw = Some(raw);
        let before = progress.published;
        if let Some(changed) =
            publish(policy, before.as_ref(), estimate, class, calendar, at, cause)
        {
            progress.published = Some(changed.published(at));
            progress.flight.changes += u32::from(before.is_some());
        }
        if progress.flight.scored
            && let Some(published) = progress.published
        {
            self.scores.look(
                &Look {
                    at,
                    actual: case.delivered,
                    raw: estimate.p50,
                    published: published.p50,
                    breach_ppm: estimate.breach_ppm,
                    promise_end: case
                        .promise
                        .map(|promise| self.estimator.deadline(promise, calendar)),
                },
                calendar,
            );
        }
    }

    fn known(&mut self, case: &Case, index: u32, at: i64) {
        let set = self.set;
        for mark in &case.marks {
            let outcome = Outcome {
                lane: &case.lane,
                class: mark.class,
                start: mark.at,
                end: case.delivered,
                carrier_estimate: mark.carrier_estimate,
                promise: case.promise,
                table_days: None,
                calendar: &set.calendar,
                exclusion: None,
            };
            if self.estimator.observe(&outcome, at).is_ok() {
                self.global.observe(mark.class, case.delivered - mark.at);
            }
        }
        self.scores.flight(&self.progress[index as usize].flight);
    }

    /// Every so often: who is in flight, as far as anybody knows by then.
    fn census(&mut self, at: i64) {
        let set = self.set;
        self.active.retain(|index| at <= set.cases[*index as usize].known_at);
        let parcels = self.active.iter().map(|index| {
            let case = &set.cases[*index as usize];
            let mark = case.marks[usize::from(self.progress[*index as usize].marks) - 1];
            Query {
                lane: &case.lane,
                class: mark.class,
                start: mark.at,
                now: at,
                carrier_estimate: mark.carrier_estimate,
                promise: case.promise,
                table_days: None,
                calendar: &set.calendar,
                doubts: Doubts::default(),
            }
        });
        self.estimator.observe_flight(parcels);
        if !self.events.is_empty() {
            self.events.push(Reverse((at + set.step, Kind::Census, 0)));
        }
    }
}
