//! The learned state as plain values: what is exported, imported, hashed and compared.
//!
//! # Place
//! Between [`crate::estimator`] and files or snapshots: [`State::to_bytes`] for snapshots,
//! [`State::to_text`] for people.
//! # Method
//! Lanes in order of their keys, everything else in key order too: the bytes depend on contents alone, not on
//! slots, capacities or the order of arrival.
//! # Holds
//! Restoring an exported state gives an estimator with the same answers and the same bytes (tests). Any
//! bytes give a state or an error, never a panic.
//! # Does not hold
//! Settings: they are declared; the three that give the numbers their meaning are checked against them.

use std::fmt;

use crate::bins::BINS;
use crate::board::Board;
use crate::drift::Drift;
use crate::estimate::Exclusion;
use crate::estimator::{Estimator, PairKey};
use crate::histogram::Histogram;
use crate::lane::{LaneKey, MilestoneClass};
use crate::settings::Settings;
use crate::symbol::Symbol;
use crate::tree::Node;

mod bytes;
mod text;

/// Number of classes.
const CLASSES: usize = MilestoneClass::ALL.len();
/// Largest sum that a file may bring in: two bits below overflow.
const SUM_MAX: i64 = 1 << 61;

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneState {
    pub(crate) key: LaneKey,
    pub(crate) octave: i32,
    pub(crate) carry_q16: u32,
    pub(crate) samples: u32,
    /// (bin, units), ascending by bin, units above 0.
    pub(crate) bins: Vec<(u8, u16)>,
}

/// Everything that was learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) grain_minutes: u16,
    pub(crate) half_life: i64,
    pub(crate) calendars: u64,
    pub(crate) levels_q16: [i64; CLASSES],
    pub(crate) learned: u64,
    pub(crate) excluded: [u64; Exclusion::ALL.len()],
    pub(crate) refused: u64,
    pub(crate) names: Vec<(Symbol, String)>,
    pub(crate) drifts: Vec<(PairKey, Drift)>,
    pub(crate) boards: Vec<(PairKey, Board)>,
    /// The census by lane identity.
    pub(crate) census: Vec<(u64, Vec<(u8, u32)>)>,
    pub(crate) lanes: Vec<LaneState>,
}

/// Why a state can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// Not a state, or of another version.
    NotAState(String),
    /// Ends early or goes on too long, at a byte.
    Length(usize),
    /// The checksum differs: found and expected.
    Checksum(u64, u64),
    /// A value that no state has: what, and at which byte or line.
    Value(&'static str, usize),
    /// Learned under other settings: which, then and now.
    Settings(&'static str, i64, i64),
    /// Learned in the open time of other calendars.
    Calendars,
    /// More lanes than the settings allow: found and allowed.
    LanesTooMany(usize, usize),
}

impl fmt::Display for StateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NotAState(found) => {
                write!(out, "expected an eta state of version 2, found {found}")
            }
            StateError::Length(at) => {
                write!(out, "eta state is cut short or too long at byte {at}; copy it again")
            }
            StateError::Checksum(found, expected) => write!(
                out,
                "eta state has checksum {found:016x}, expected {expected:016x}; copy it again"
            ),
            StateError::Value(what, at) => write!(out, "eta state has a bad {what} at {at}"),
            StateError::Settings(what, then, now) => write!(
                out,
                "eta state was learned with {what} {then}, the settings say {now}; learn anew or \
                 set {what} back"
            ),
            StateError::Calendars => write!(
                out,
                "eta state was learned with other \"calendars\"; learn anew or set them back"
            ),
            StateError::LanesTooMany(found, allowed) => {
                write!(
                    out,
                    "eta state has {found} lanes, the settings allow {allowed}; raise \"lanes\""
                )
            }
        }
    }
}

impl std::error::Error for StateError {}

impl Estimator {
    /// The learned state.
    pub fn state(&self) -> State {
        let mut lanes: Vec<LaneState> = self.tree.nodes().map(lane_state).collect();
        lanes.sort_unstable_by_key(|lane| lane.key);
        State {
            grain_minutes: self.settings().grain_minutes,
            half_life: self.settings().half_life,
            calendars: self.settings().calendars_digest,
            levels_q16: self.levels_q16,
            learned: self.counts.learned,
            excluded: self.counts.excluded,
            refused: self.tree.refused_count(),
            names: self.names.entries().map(|(symbol, name)| (symbol, name.to_owned())).collect(),
            drifts: self.drifts.iter().map(|(key, drift)| (*key, *drift)).collect(),
            boards: self.boards.iter().map(|(key, board)| (*key, *board)).collect(),
            census: self.census.lanes.iter().map(|(id, bins)| (*id, bins.clone())).collect(),
            lanes,
        }
    }

    /// An estimator that has learned a state.
    ///
    /// # Panics
    /// When the settings were not checked.
    pub fn restored(settings: Settings, state: &State) -> Result<Estimator, StateError> {
        if settings.grain_minutes != state.grain_minutes {
            let (then, now) = (state.grain_minutes, settings.grain_minutes);
            return Err(StateError::Settings("grain minutes", i64::from(then), i64::from(now)));
        }
        if settings.half_life != state.half_life {
            let (then, now) = (state.half_life, settings.half_life);
            return Err(StateError::Settings("half-life seconds", then, now));
        }
        if settings.calendars_digest != state.calendars {
            return Err(StateError::Calendars);
        }
        if settings.lanes_max < state.lanes.len() {
            return Err(StateError::LanesTooMany(state.lanes.len(), settings.lanes_max));
        }
        state.check()?;
        let mut estimator = Estimator::new(settings);
        for (at, lane) in state.lanes.iter().enumerate() {
            let node = node(lane).ok_or(StateError::Value("lane", at))?;
            if !estimator.tree.restore(node) {
                return Err(StateError::Value("lane given twice", at));
            }
        }
        estimator.tree.set_refused_count(state.refused);
        estimator.levels_q16 = state.levels_q16;
        estimator.counts.learned = state.learned;
        estimator.counts.excluded = state.excluded;
        estimator.drifts = state.drifts.iter().copied().collect();
        estimator.boards = state.boards.iter().copied().collect();
        estimator.census.lanes = state.census.iter().cloned().collect();
        for (_, name) in &state.names {
            estimator.names.remember(name);
        }
        Ok(estimator)
    }
}

impl State {
    /// Number of lanes.
    pub fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    /// What the estimator's arithmetic relies on.
    fn check(&self) -> Result<(), StateError> {
        let range = crate::estimator::LEVELS_Q16;
        if !self.levels_q16.iter().all(|level| range.contains(level)) {
            return Err(StateError::Value("p90 level", 0));
        }
        for (at, (_, drift)) in self.drifts.iter().enumerate() {
            let slow = [drift.slow_sum_q32.saturating_abs(), drift.slow_weight_q16];
            let sums = [drift.sum_q32.saturating_abs(), drift.weight_q16, slow[0], slow[1]];
            if sums.iter().any(|sum| !(0..=SUM_MAX).contains(sum)) {
                return Err(StateError::Value("drift", at));
            }
        }
        for (at, (_, board)) in self.boards.iter().enumerate() {
            if board.sums.iter().flatten().any(|sum| !(0..=SUM_MAX).contains(sum)) {
                return Err(StateError::Value("board", at));
            }
            if board.counted < board.covered || 1 << 16 < board.counted {
                return Err(StateError::Value("board's coverage", at));
            }
        }
        let bins = self.census.iter().flat_map(|(_, bins)| bins);
        if bins.into_iter().any(|(bin, _)| BINS <= usize::from(*bin)) {
            return Err(StateError::Value("census bin", 0));
        }
        Ok(())
    }
}

fn lane_state(node: &Node) -> LaneState {
    let histogram = &node.histogram;
    let bins = histogram.bins.iter().enumerate();
    LaneState {
        key: node.key,
        octave: histogram.octave,
        carry_q16: histogram.carry_q16,
        samples: histogram.samples,
        bins: bins
            .filter(|(_, units)| 0 < **units)
            .map(|(bin, units)| (bin as u8, *units))
            .collect(),
    }
}

/// The node of a lane, where its bins are bins.
fn node(lane: &LaneState) -> Option<Node> {
    let mut bins = [0; BINS];
    for (bin, units) in &lane.bins {
        *bins.get_mut(usize::from(*bin))? = *units;
    }
    let total = bins.iter().map(|units| u32::from(*units)).sum();
    let plausible = (-1 << 24..=1 << 25).contains(&lane.octave) && lane.carry_q16 < 1 << 16;
    let histogram = Histogram {
        bins,
        total,
        carry_q16: lane.carry_q16,
        octave: lane.octave,
        samples: lane.samples,
    };
    plausible.then(|| Node { histogram, key: lane.key, id: lane.key.id() })
}
