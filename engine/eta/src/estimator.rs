//! The estimator: learned state, questions between marks, outcomes at marks.
//!
//! # Place
//! The crate's center. The engine holds one per learning domain (a tenant, or all), asks it with
//! [`Estimator::estimate`], which changes nothing, and moves it with [`Estimator::observe`] at marks, in
//! position order ([`crate::pending`] keeps that order).
//! # Method
//! For each basis the query's lanes are mixed ([`crate::mixture`]); remaining times get the drift of (carrier,
//! destination region, class), residuals are put over their date; the board of (carrier, service, class)
//! says which basis answers, the class's own board while that one is young.
//! # Holds
//! `estimate` is a pure function of (state, query); `observe` of (state, outcome). No clock, no float outside
//! a mixture.
//! # Does not hold
//! Publication ([`crate::publish`]) and export ([`crate::state`]).

use std::collections::BTreeMap;

use crate::bins::Bins;
use crate::board::{Board, cold, pinball};
use crate::calendar::Calendar;
use crate::census::Census;
use crate::drift::{Drift, drifted, undrifted};
use crate::estimate::{
    Confidence, Doubts, Estimate, Exclusion, NoEstimate, Outcome, Query, Reason,
};
use crate::fixed::{ONE_Q16, log2_q16};
use crate::histogram::Weight;
use crate::lane::{Basis, Lane, LaneKey, Level, MilestoneClass};
use crate::limits::{
    BOARDS_MAX, DRIFTS_MAX, INSTANT_MAX, INSTANT_MIN, LEVELS_MAX, OUTCOME_SECONDS_MAX,
};
use crate::mixture::{Mixture, Share};
use crate::settings::{Form, Rounding, Settings};
use crate::symbol::{Names, Symbol};
use crate::tree::{Node, Tree};

/// The probabilities of an estimate, Q16: .1, .2, .5, .8, .9.
pub(crate) const QUANTILES_Q16: [u32; 5] = [6_554, 13_107, 32_768, 52_429, 58_982];

/// Where the p90 is taken without calibration, and how far calibration may move it, Q16.
const P90_Q16: i64 = 58_982;
pub(crate) const LEVELS_Q16: std::ops::RangeInclusive<i64> = 52_429..=64_880;

/// Counts of what was learned and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Outcomes learned from.
    pub learned: u64,
    /// Outcomes left out, by index of [`Exclusion::ALL`].
    pub excluded: [u64; Exclusion::ALL.len()],
}

/// Identity of a drift or a board.
pub(crate) type PairKey = (Symbol, Symbol, MilestoneClass);

/// The estimator.
#[derive(Clone, Debug)]
pub struct Estimator {
    settings: Settings,
    remaining: Bins,
    residual: Bins,
    pub(crate) tree: Tree,
    /// By (carrier, destination region, class).
    pub(crate) drifts: BTreeMap<PairKey, Drift>,
    /// By (carrier, service, class); (none, none, class) is the class's own.
    pub(crate) boards: BTreeMap<PairKey, Board>,
    pub(crate) census: Census,
    /// The probability that p90 is taken at, by class, Q16.
    pub(crate) levels_q16: [i64; MilestoneClass::ALL.len()],
    pub(crate) counts: Counts,
    /// Names of symbols, for people.
    pub names: Names,
}

/// One basis' distribution for one query, in its own minutes.
pub(crate) struct Candidate {
    pub(crate) basis: Basis,
    pub(crate) class: MilestoneClass,
    /// Nothing for a date whose error nobody has learned.
    pub(crate) mixture: Option<Mixture>,
    /// The position that minutes count from.
    pub(crate) origin: i64,
    pub(crate) drift_q16: i64,
    pub(crate) shares: [Share; LEVELS_MAX],
}

/// What a basis needs to answer, taken from a query or an outcome.
#[derive(Clone, Copy)]
pub(crate) struct Anchors {
    start: i64,
    /// By index of [`Basis::ALL`]; the learned one is the start itself.
    positions: [Option<i64>; 4],
}

impl Estimator {
    /// An estimator that has learned nothing.
    ///
    /// # Panics
    /// When the settings were not checked.
    pub fn new(settings: Settings) -> Estimator {
        assert_eq!(settings.check(), Ok(()), "settings are checked where they are read");
        Estimator {
            remaining: Bins::remaining(settings.grain_minutes),
            residual: Bins::residual(settings.grain_minutes),
            tree: Tree::new(settings.lanes_max),
            drifts: BTreeMap::new(),
            boards: BTreeMap::new(),
            census: Census::default(),
            levels_q16: [P90_Q16; MilestoneClass::ALL.len()],
            counts: Counts::default(),
            names: Names::default(),
            settings,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The lanes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What was learned and what was left out.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The layout of a basis' bins.
    pub fn bins(&self, basis: Basis) -> &Bins {
        if basis.is_residual() { &self.residual } else { &self.remaining }
    }

    /// Answers a question from the frozen view. Changes nothing.
    pub fn estimate(&self, query: &Query<'_>) -> Result<Estimate, NoEstimate> {
        let range = INSTANT_MIN..=INSTANT_MAX;
        if !range.contains(&query.start)
            || !range.contains(&query.now)
            || query.now < query.start - 86_400
        {
            return Err(NoEstimate::InstantOutOfRange);
        }
        let candidates = self.candidates_of(query);
        let answers = answers(&candidates);
        let Some(basis) = self.chosen(query.lane, query.class, answers) else {
            let known = self.root_samples(query.class);
            return Err(if known { NoEstimate::BeyondExperience } else { NoEstimate::NothingLearned });
        };
        let Some(candidate) = &candidates[basis as usize] else {
            unreachable!("the chosen basis answers")
        };
        Ok(self.answer(query, candidate, &candidates))
    }

    /// All bases that can answer a query.
    pub(crate) fn candidates_of(&self, query: &Query<'_>) -> [Option<Candidate>; 4] {
        let anchors = self.anchors(
            query.calendar,
            query.start,
            [query.carrier_estimate, query.promise],
            query.table_days,
        );
        let now = query.calendar.position(query.now);
        let weight = Weight::at(query.now, self.settings.half_life);
        let lane = banded(query.lane, &anchors);
        Basis::ALL.map(|basis| {
            self.candidate(basis, &lane, query.class, &anchors, now, query.now, weight)
        })
    }

    fn anchors(
        &self,
        calendar: &Calendar,
        start: i64,
        dates: [Option<i64>; 2],
        table_days: Option<u16>,
    ) -> Anchors {
        let position = |date: Option<i64>| {
            date.filter(|date| (INSTANT_MIN..=INSTANT_MAX).contains(date))
                .map(|date| calendar.position(date))
        };
        let begin = calendar.start(start);
        let table = table_days.map(|days| calendar.open_days_after(start, days));
        Anchors {
            start: begin,
            positions: [Some(begin), position(dates[0]), position(dates[1]), position(table)],
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
    fn candidate(
        &self,
        basis: Basis,
        lane: &Lane,
        class: MilestoneClass,
        anchors: &Anchors,
        now: i64,
        instant: i64,
        weight: Weight,
    ) -> Option<Candidate> {
        if !self.settings.uses(basis) {
            return None;
        }
        let origin = anchors.positions[basis as usize]?;
        debug_assert!(basis.is_residual() || origin == anchors.start);
        let drift_q16 = if basis.is_residual() {
            ONE_Q16
        } else {
            self.drift_q16(lane, class, instant)
        };
        let age = if basis.is_residual() {
            now - origin
        } else {
            undrifted((now - origin).max(0), drift_q16).max(0)
        };
        let mut shares = [Share::default(); LEVELS_MAX];
        let keys = self.keys(lane, class, basis);
        let mut nodes: [Option<&Node>; LEVELS_MAX] = [None; LEVELS_MAX];
        for (node, key) in nodes.iter_mut().zip(keys.iter()) {
            *node = key.and_then(|key| self.tree.node(key.id()));
        }
        let kappa = f32::from(self.settings.shrinkage);
        let bins = self.bins(basis);
        let count = self.settings.levels.len() + 1;
        let mixture = match self.settings.form {
            Form::Outcomes => {
                Mixture::of(&nodes[..count], bins, age, weight, kappa, &mut shares)
            }
            Form::Hazard => {
                let flight = self.census.flight(&nodes[..count], weight);
                Mixture::with_flight(
                    &nodes[..count], bins, age, weight, kappa, &mut shares, flight,
                )
            }
        };
        // A date with no learned error is still a date, as long as it is not over.
        if mixture.is_none() && (!basis.is_residual() || 0 < age) {
            return None;
        }
        Some(Candidate { basis, class, mixture, origin, drift_q16, shares })
    }

    /// The keys of a lane, leaf first, the root last.
    pub(crate) fn keys(
        &self,
        lane: &Lane,
        class: MilestoneClass,
        basis: Basis,
    ) -> [Option<LaneKey>; LEVELS_MAX] {
        let mut keys = [None; LEVELS_MAX];
        let levels = self.settings.levels.iter().copied().chain([Level::Root]);
        for (key, level) in keys.iter_mut().zip(levels) {
            *key = LaneKey::of(level, class, basis, lane);
        }
        keys
    }

    fn root_samples(&self, class: MilestoneClass) -> bool {
        let key = LaneKey::of(Level::Root, class, Basis::Learned, &Lane::default());
        key.is_some_and(|key| self.tree.node(key.id()).is_some())
    }

    /// The drift multiplier of a lane, Q16.
    pub fn drift_q16(&self, lane: &Lane, class: MilestoneClass, instant: i64) -> i64 {
        // The census already knows that parcels lie: a drift over it would count them twice.
        if self.settings.drift_half_life == 0 || self.settings.form == Form::Hazard {
            return ONE_Q16;
        }
        let half_life = self.settings.drift_half_life;
        let prior = u32::from(self.settings.drift_prior);
        let mean_q16 = |key: &PairKey, parent_q16| {
            let drift = self.drifts.get(key);
            drift.map_or(parent_q16, |drift| drift.mean_q16(instant, half_life, prior, parent_q16))
        };
        let shared = (Symbol::NONE, Symbol::NONE, class);
        let own = (lane.carrier, lane.destination.region, class);
        let shared_q16 = mean_q16(&shared, 0);
        let own_q16 = if own == shared { shared_q16 } else { mean_q16(&own, shared_q16) };
        Drift::factor_q16(own_q16)
    }

    /// The basis that answers, by the boards.
    pub(crate) fn chosen(
        &self,
        lane: &Lane,
        class: MilestoneClass,
        answers: [bool; 4],
    ) -> Option<Basis> {
        let own = self.boards.get(&(lane.carrier, lane.service, class));
        let shared = self.boards.get(&(Symbol::NONE, Symbol::NONE, class));
        let grown = own.filter(|board| self.settings.switch.outcomes <= board.outcomes());
        match grown.or(shared) {
            Some(board) => board.choose(answers),
            None => cold(answers),
        }
    }

    fn answer(
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
        let (confidence, reason) = self.trust(query.doubts, effective, candidate.drift_q16, disagrees, (left, width));
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
        let candidates = self.candidates_of(&query);
        let losses = [0, 1, 2, 3].map(|at: usize| {
            candidates[at].as_ref().map(|candidate| {
                let minutes = self.minutes(candidate);
                let actual = end - candidate.origin;
                pinball(50, actual, minutes[2]) + pinball(90, actual, minutes[4])
            })
        });
        self.observe_level(outcome, &candidates, end);
        self.observe_board((outcome.lane.carrier, outcome.lane.service, outcome.class), losses, now);
        let shared = (Symbol::NONE, Symbol::NONE, outcome.class);
        if outcome.lane.carrier.is_some() || outcome.lane.service.is_some() {
            self.observe_board(shared, losses, now);
        }
        self.observe_drift(outcome, &candidates, end, now);
        let anchors = self.anchors(
            outcome.calendar,
            outcome.start,
            [outcome.carrier_estimate, outcome.promise],
            outcome.table_days,
        );
        let weight = Weight::at(now, self.settings.half_life);
        let lane = banded(outcome.lane, &anchors);
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

    fn observe_board(&mut self, key: PairKey, losses: [Option<i64>; 4], now: i64) {
        let answers = losses.map(|loss| loss.is_some());
        if self.boards.len() < BOARDS_MAX || self.boards.contains_key(&key) {
            let board = self.boards.entry(key).or_insert_with(|| Board::new(answers));
            board.observe(losses, now, &self.settings.switch);
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
        let actual = end - learned.origin;
        let shared = (Symbol::NONE, Symbol::NONE, outcome.class);
        let own = (outcome.lane.carrier, outcome.lane.destination.region, outcome.class);
        for key in [shared, own].iter().skip(usize::from(own == shared)) {
            if self.drifts.len() < DRIFTS_MAX || self.drifts.contains_key(key) {
                let drift = self.drifts.entry(*key).or_default();
                drift.observe(actual, median, now, half_life);
            }
        }
    }

    /// Moves the class's p90 level: up by nine tenths of a step on a miss, down by one tenth on a hit.
    fn observe_level(&mut self, outcome: &Outcome<'_>, candidates: &[Option<Candidate>; 4], end: i64) {
        if self.settings.calibration_ppm == 0 {
            return;
        }
        let Some(basis) = self.chosen(outcome.lane, outcome.class, answers(candidates)) else {
            return;
        };
        let Some(candidate) = &candidates[basis as usize] else { return };
        let missed = self.minutes(candidate)[4] < end - candidate.origin;
        let step_q16 = i64::from(self.settings.calibration_ppm) * ONE_Q16 / 100_000;
        let level = &mut self.levels_q16[outcome.class as usize];
        // A step is kept times ten, so that the tenth of a small one is not lost.
        *level += if missed { step_q16 * 9 / 100 } else { -step_q16 / 100 };
        *level = (*level).clamp(*LEVELS_Q16.start(), *LEVELS_Q16.end());
    }

    /// Takes the census of parcels in flight, at a mark, in place of the one before: the question that each
    /// of them would ask. Used by [`Form::Hazard`] only.
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

    /// Drops lanes that faded below the least effective count, at a mark. Gives their number.
    pub fn sweep(&mut self, now: i64, effective_min: f32) -> usize {
        self.tree.sweep(Weight::at(now, self.settings.half_life), effective_min)
    }
}

/// The lane with the band of its promised transit: half octaves of open minutes from the start to the
/// promise, or to the carrier's estimate where nothing was promised.
fn banded(lane: &Lane, anchors: &Anchors) -> Lane {
    let date = anchors.positions[Basis::Promise as usize]
        .or(anchors.positions[Basis::Carrier as usize]);
    let promised_band = date.map_or(0, |date| {
        let minutes = (date - anchors.start).max(0) as u64 + 60;
        (log2_q16(minutes) >> 15) as u8
    });
    Lane { promised_band, ..*lane }
}

/// Which candidates answer.
fn answers(candidates: &[Option<Candidate>; 4]) -> [bool; 4] {
    [0, 1, 2, 3].map(|at: usize| candidates[at].is_some())
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
