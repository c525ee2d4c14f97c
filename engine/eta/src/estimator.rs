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
//! Publication ([`mod@crate::publish`]) and export ([`crate::state`]).

use std::collections::BTreeMap;

use crate::answer::Asked;
use crate::bins::Bins;
use crate::board::Board;
use crate::calendar::Calendar;
use crate::census::Census;
use crate::drift::{Drift, undrifted};
use crate::estimate::{Estimate, Exclusion, NoEstimate, Query};
use crate::fixed::{ONE_Q16, log2_q16};
use crate::histogram::Weight;
use crate::lane::{Basis, Lane, LaneKey, Level, MilestoneClass};
use crate::limits::{INSTANT_MAX, INSTANT_MIN, LEVELS_MAX};
use crate::mixture::{Mixture, Share};
use crate::settings::{Form, Settings};
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
    pub(crate) settings: Settings,
    pub(crate) remaining: Bins,
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

impl Candidate {
    /// Effective outcomes behind it.
    pub(crate) fn effective(&self) -> f32 {
        self.mixture.as_ref().map_or(0.0, Mixture::effective)
    }
}

/// A question as all bases see it.
pub(crate) struct View<'a> {
    pub(crate) query: &'a Query<'a>,
    /// The query's, with the band of its promised transit.
    pub(crate) lane: Lane,
    pub(crate) anchors: Anchors,
    /// Open minutes to stream time.
    pub(crate) now: i64,
    weight: Weight,
}

/// What a basis needs to answer, taken from a query or an outcome.
#[derive(Clone, Copy)]
pub(crate) struct Anchors {
    pub(crate) start: i64,
    /// By index of [`Basis::ALL`]; the learned one is the start itself.
    pub(crate) positions: [Option<i64>; 4],
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
        self.ask(query).map(|asked| asked.estimate())
    }

    /// Begins to answer a question: finds the basis that answers. What the answer says is worked out as it is
    /// asked for, since most answers are no news.
    pub fn ask<'a>(&'a self, query: &'a Query<'a>) -> Result<Asked<'a>, NoEstimate> {
        let range = INSTANT_MIN..=INSTANT_MAX;
        if !range.contains(&query.start)
            || !range.contains(&query.now)
            || query.now < query.start - 86_400
        {
            return Err(NoEstimate::InstantOutOfRange);
        }
        let view = self.view(query);
        let mut order = self.order(query.lane, query.class);
        match order.find_map(|basis| self.candidate(&view, basis)) {
            Some(candidate) => Ok(Asked { estimator: self, view, candidate }),
            None if self.root_samples(query.class) => Err(NoEstimate::BeyondExperience),
            None => Err(NoEstimate::NothingLearned),
        }
    }

    /// A question as all bases see it.
    pub(crate) fn view<'a>(&self, query: &'a Query<'a>) -> View<'a> {
        let anchors = self.anchors(
            query.calendar,
            query.start,
            [query.carrier_estimate, query.promise],
            query.table_days,
        );
        View {
            query,
            lane: banded(query.lane, &anchors),
            anchors,
            now: query.calendar.position(query.now),
            weight: Weight::at(query.now, self.settings.half_life),
        }
    }

    /// All bases that can answer a question.
    pub(crate) fn candidates_of(&self, view: &View<'_>) -> [Option<Candidate>; 4] {
        Basis::ALL.map(|basis| self.candidate(view, basis))
    }

    pub(crate) fn anchors(
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

    /// What a basis can answer, if it can.
    pub(crate) fn candidate(&self, view: &View<'_>, basis: Basis) -> Option<Candidate> {
        if !self.settings.uses(basis) {
            return None;
        }
        let View { query, lane, anchors, now, weight } = view;
        let (class, weight) = (query.class, *weight);
        let origin = anchors.positions[basis as usize]?;
        debug_assert!(basis.is_residual() || origin == anchors.start);
        let drift_q16 =
            if basis.is_residual() { ONE_Q16 } else { self.drift_q16(lane, class, query.now) };
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
            Form::Outcomes => Mixture::of(&nodes[..count], bins, age, weight, kappa, &mut shares),
            Form::Hazard => {
                let flight = self.census.flight(&nodes[..count], weight);
                Mixture::with_flight(&nodes[..count], bins, age, weight, kappa, &mut shares, flight)
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

    /// The bases in the order in which they are asked, by the boards: the first that can, answers.
    pub(crate) fn order(
        &self,
        lane: &Lane,
        class: MilestoneClass,
    ) -> impl Iterator<Item = Basis> + use<> {
        let own = self.boards.get(&(lane.carrier, lane.service, class));
        let grown = own.filter(|board| self.settings.switch.outcomes <= board.outcomes());
        let board = grown.or_else(|| self.boards.get(&(Symbol::NONE, Symbol::NONE, class)));
        let current = board.map(Board::current);
        let others = Basis::COLD.into_iter().filter(move |basis| Some(*basis) != current);
        current.into_iter().chain(others)
    }

    /// Drops lanes that faded below the least effective count, at a mark. Gives their number.
    pub fn sweep(&mut self, now: i64, effective_min: f32) -> usize {
        self.tree.sweep(Weight::at(now, self.settings.half_life), effective_min)
    }
}

/// The lane with the band of its promised transit: half octaves of open minutes from the start to the
/// promise, or to the carrier's estimate where nothing was promised.
pub(crate) fn banded(lane: &Lane, anchors: &Anchors) -> Lane {
    let date =
        anchors.positions[Basis::Promise as usize].or(anchors.positions[Basis::Carrier as usize]);
    let promised_band = date.map_or(0, |date| {
        let minutes = (date - anchors.start).max(0) as u64 + 60;
        (log2_q16(minutes) >> 15) as u8
    });
    Lane { promised_band, ..*lane }
}
