//! Learning from outcomes, at marks.
//!
//! # Place
//! The writing half of [`Estimator`]; nothing else changes the learned state.
//! # Method
//! First the view of now is asked what it would have said at the milestone, without the outcome; its error
//! moves the boards, the p90's level and the drift. Then the outcome goes into every basis' lanes.
//! # Holds
//! The same outcomes in the same order give the same state, bit by bit.
//! # Does not hold
//! The order: [`crate::pending`] keeps it.

use crate::board::{Board, pinball};
use crate::census::Census;
use crate::drift::HalfLives;
use crate::estimate::{Doubts, Exclusion, Outcome, Quantile, Query};
use crate::estimator::{Candidate, Estimator, LEVELS_Q16, PairKey, banded};
use crate::fixed::ONE_Q16;
use crate::histogram::Weight;
use crate::lane::{Basis, MilestoneClass};
use crate::limits::{BOARDS_MAX, DRIFTS_MAX, INSTANT_MAX, INSTANT_MIN, OUTCOME_SECONDS_MAX};
use crate::symbol::Symbol;

impl Estimator {
    /// Learns from an outcome, at a mark. `now` is the mark's stream time.
    pub fn observe(&mut self, outcome: &Outcome<'_>, now: i64) -> Result<(), Exclusion> {
        if let Some(exclusion) = excluded(outcome, now) {
            self.counts.excluded[exclusion as usize] += 1;
            return Err(exclusion);
        }
        self.counts.learned += 1;
        let query = Query {
            lane: outcome.lane,
            class: outcome.class,
            start: outcome.start,
            now: outcome.start,
            carrier_estimate: outcome.carrier_estimate,
            promise: outcome.promise,
            table_days: outcome.table_days,
            calendar: outcome.calendar,
            doubts: Doubts::default(),
        };
        let end = outcome.calendar.position(outcome.end);
        // What the view of now would have said at the milestone, before this outcome is in it.
        let view = self.view(&query);
        let candidates = self.candidates_of(&view);
        // The middle and the p90 of each, minutes from its origin, and the outcome.
        let said = candidates.each_ref().map(|candidate| {
            let candidate = candidate.as_ref()?;
            let [middle, late] = self.minutes_at(candidate, [Quantile::P50, Quantile::P90]);
            Some((middle, late, end - candidate.origin))
        });
        let losses = said.map(|said| {
            let (middle, late, actual) = said?;
            Some(pinball(50, actual, middle) + pinball(90, actual, late))
        });
        // Whether the outcome came by the p90 of the basis that would have answered.
        let mut order = self.order(outcome.lane, outcome.class);
        let covered =
            order.find_map(|basis| said[basis as usize]).map(|(_, late, actual)| actual <= late);
        if let Some(covered) = covered {
            self.observe_level(outcome.class, covered);
        }
        let own = (outcome.lane.carrier, outcome.lane.service, outcome.class);
        self.observe_board(own, losses, covered, now);
        let shared = (Symbol::NONE, Symbol::NONE, outcome.class);
        if own != shared {
            self.observe_board(shared, losses, covered, now);
        }
        self.observe_drift(outcome, &candidates, end, now);
        let (lane, anchors) = (view.lane, view.anchors);
        let weight = Weight::at(now, self.settings.half_life);
        for basis in Basis::ALL {
            let Some(origin) = anchors.positions[basis as usize] else { continue };
            if !self.settings.uses(basis) {
                continue;
            }
            let minutes = end - origin;
            let minutes = if basis.is_residual() { minutes } else { minutes.max(0) };
            let bin = self.bins(basis).index(minutes);
            for key in self.keys(&lane, outcome.class, basis).iter().flatten() {
                self.tree.add(key, bin, weight);
            }
        }
        Ok(())
    }

    fn observe_board(
        &mut self,
        key: PairKey,
        losses: [Option<i64>; 4],
        covered: Option<bool>,
        now: i64,
    ) {
        let answers = losses.map(|loss| loss.is_some());
        if self.boards.len() < BOARDS_MAX || self.boards.contains_key(&key) {
            let board = self.boards.entry(key).or_insert_with(|| Board::new(answers));
            board.observe(losses, now, &self.settings.switch);
            if let Some(covered) = covered {
                board.observe_coverage(covered);
            }
        }
    }

    fn observe_drift(
        &mut self,
        outcome: &Outcome<'_>,
        candidates: &[Option<Candidate>; 4],
        end: i64,
        now: i64,
    ) {
        let Some(learned) = &candidates[Basis::Learned as usize] else { return };
        let (Some(mixture), half_life) = (&learned.mixture, self.settings.drift_half_life) else {
            return;
        };
        if half_life == 0 {
            return;
        }
        let [median] = mixture.quantiles(&self.remaining, [32_768]);
        let half_lives = HalfLives { fast: half_life, slow: self.settings.half_life };
        let actual = end - learned.origin;
        let shared = (Symbol::NONE, Symbol::NONE, outcome.class);
        let own = (outcome.lane.carrier, outcome.lane.destination.region, outcome.class);
        for key in [shared, own].iter().skip(usize::from(own == shared)) {
            if self.drifts.len() < DRIFTS_MAX || self.drifts.contains_key(key) {
                let drift = self.drifts.entry(*key).or_default();
                drift.observe(actual, median, now, half_lives);
            }
        }
    }

    /// Moves the class's p90 level: up by nine tenths of a step on a miss, down by one tenth on a hit.
    fn observe_level(&mut self, class: MilestoneClass, covered: bool) {
        // The step is kept times ten, so that the tenth of a small one is not lost.
        let step_q16 = i64::from(self.settings.calibration_ppm) * ONE_Q16 / 100_000;
        let level = &mut self.levels_q16[class as usize];
        *level += if covered { -step_q16 / 100 } else { step_q16 * 9 / 100 };
        *level = (*level).clamp(*LEVELS_Q16.start(), *LEVELS_Q16.end());
    }

    /// Takes the census of parcels in flight, at a mark, in place of the one before: the question that each
    /// of them would ask. Used by `Form::Hazard` only.
    pub fn observe_flight<'a>(&mut self, parcels: impl IntoIterator<Item = Query<'a>>) {
        let mut census = Census::default();
        for query in parcels {
            let anchors = self.anchors(
                query.calendar,
                query.start,
                [query.carrier_estimate, query.promise],
                query.table_days,
            );
            let lane = banded(query.lane, &anchors);
            let position = query.calendar.position(query.now);
            for basis in Basis::ALL {
                let Some(origin) = anchors.positions[basis as usize] else { continue };
                if !self.settings.uses(basis) {
                    continue;
                }
                let bin = self.bins(basis).index(position - origin);
                for key in self.keys(&lane, query.class, basis).iter().flatten() {
                    census.count(key.id(), bin);
                }
            }
        }
        self.census = census;
    }
}

fn excluded(outcome: &Outcome<'_>, now: i64) -> Option<Exclusion> {
    let range = INSTANT_MIN..=INSTANT_MAX;
    if outcome.exclusion.is_some() {
        outcome.exclusion
    } else if ![outcome.start, outcome.end, now].iter().all(|instant| range.contains(instant)) {
        Some(Exclusion::InstantOutOfRange)
    } else if outcome.end < outcome.start {
        Some(Exclusion::EndBeforeStart)
    } else if OUTCOME_SECONDS_MAX < outcome.end - outcome.start {
        Some(Exclusion::Impossible)
    } else {
        None
    }
}
