//! The nouns of a question and its answer.
//!
//! # Place
//! The border of the crate: the caller fills a [`Query`] or an [`Outcome`], and gets an [`Estimate`], a
//! [`NoEstimate`] or an [`Exclusion`].
//! # Method
//! Instants are unix seconds, probabilities Q16 or parts per million; every reason is a closed enum.
//! # Holds
//! An estimate always carries its interval.
//! # Does not hold
//! How any of it is computed.

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::lane::{Basis, Lane, MilestoneClass};

/// What the caller knows that makes an estimate doubtful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// An open exception of class lost, customs or damage.
    pub open_exception: bool,
    /// The destination is not known well enough.
    pub imprecise_address: bool,
}

/// A question: when will it be here?
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The way.
    pub lane: &'a Lane,
    /// The newest milestone's class.
    pub class: MilestoneClass,
    /// When that milestone was reached.
    pub start: i64,
    /// Stream time.
    pub now: i64,
    /// The carrier's own estimate as of now.
    pub carrier_estimate: Option<i64>,
    /// What was promised: an instant, or any instant of the promised date where dates are published.
    pub promise: Option<i64>,
    /// Open days by the declared transit table.
    pub table_days: Option<u16>,
    /// The delivery calendar.
    pub calendar: &'a Calendar,
    /// Doubts.
    pub doubts: Doubts,
}

/// What came out, for learning: one per shipment and milestone.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The way.
    pub lane: &'a Lane,
    /// Since which milestone.
    pub class: MilestoneClass,
    /// When that milestone was reached.
    pub start: i64,
    /// When the target was reached.
    pub end: i64,
    /// The carrier's own estimate as it was at `start`.
    pub carrier_estimate: Option<i64>,
    /// The promise as it was at `start`; see [`Query::promise`].
    pub promise: Option<i64>,
    /// Open days by the transit table.
    pub table_days: Option<u16>,
    /// The delivery calendar.
    pub calendar: &'a Calendar,
    /// Why the caller wants it left out, if so.
    pub exclusion: Option<Exclusion>,
}

/// Why an outcome was not learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// The way back.
    Return,
    /// Held for the customer or delayed at the customer's wish.
    CustomerDelayed,
    /// Sent again under the same number.
    Reship,
    /// Never arrived.
    Lost,
    /// The declared `exclude` expression said so.
    Declared,
    /// The target before the milestone.
    EndBeforeStart,
    /// Longer than [`crate::limits::OUTCOME_SECONDS_MAX`].
    Impossible,
    /// An instant outside [`crate::limits::INSTANT_MIN`]..[`crate::limits::INSTANT_MAX`].
    InstantOutOfRange,
}

impl Exclusion {
    /// All of them, in index order.
    pub const ALL: [Exclusion; 8] = [
        Exclusion::Return,
        Exclusion::CustomerDelayed,
        Exclusion::Reship,
        Exclusion::Lost,
        Exclusion::Declared,
        Exclusion::EndBeforeStart,
        Exclusion::Impossible,
        Exclusion::InstantOutOfRange,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Exclusion::Return => "return",
            Exclusion::CustomerDelayed => "customer_delayed",
            Exclusion::Reship => "reship",
            Exclusion::Lost => "lost",
            Exclusion::Declared => "declared",
            Exclusion::EndBeforeStart => "end_before_start",
            Exclusion::Impossible => "impossible",
            Exclusion::InstantOutOfRange => "instant_out_of_range",
        }
    }
}

/// Why there is no answer. No estimate is better than an invented one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEstimate {
    /// Nothing was learned and no date is known.
    NothingLearned,
    /// Older than anything ever delivered on any of its lanes.
    BeyondExperience,
    /// An instant outside the range, or now before the milestone by more than a day.
    InstantOutOfRange,
}

impl NoEstimate {
    /// The name in documents and reports.
    pub const fn name(self) -> &'static str {
        match self {
            NoEstimate::NothingLearned => "nothing_learned",
            NoEstimate::BeyondExperience => "beyond_experience",
            NoEstimate::InstantOutOfRange => "instant_out_of_range",
        }
    }
}

/// How far an estimate may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Show the date.
    High,
    /// Show the interval.
    Medium,
    /// Show the interval, or nothing.
    Low,
}

impl Confidence {
    /// The name in documents and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        }
    }
}

/// Why it is not trusted more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing to say against it.
    None,
    /// Too few outcomes behind it.
    SparseLane,
    /// An open exception.
    OpenException,
    /// The address is not precise.
    ImpreciseAddress,
    /// The carrier is more than a quarter slower or faster than it used to be.
    NetworkDrift,
    /// The bases differ by more than an open day.
    CarrierDisagrees,
    /// The interval is wide against the time left.
    WideInterval,
}

impl Reason {
    /// The name in documents and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::None => "none",
            Reason::SparseLane => "sparse_lane",
            Reason::OpenException => "open_exception",
            Reason::ImpreciseAddress => "imprecise_address",
            Reason::NetworkDrift => "network_drift",
            Reason::CarrierDisagrees => "carrier_disagrees",
            Reason::WideInterval => "wide_interval",
        }
    }
}

/// The quantiles of an answer, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    /// One in ten is earlier.
    P10,
    /// One in five.
    P20,
    /// The middle.
    P50,
    /// Four in five.
    P80,
    /// Nine in ten; taken where it was found to hold for nine in ten.
    P90,
}

impl Quantile {
    /// All of them, in index order.
    pub const ALL: [Quantile; 5] =
        [Quantile::P10, Quantile::P20, Quantile::P50, Quantile::P80, Quantile::P90];
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Quantiles as instants, unix seconds, ascending, none before now.
    pub p10: i64,
    /// See `p10`.
    pub p20: i64,
    /// The date to show.
    pub p50: i64,
    /// See `p10`.
    pub p80: i64,
    /// The date to commit to.
    pub p90: i64,
    /// What it stands on.
    pub basis: Basis,
    /// Effective outcomes behind it, rounded down.
    pub effective: u32,
    /// The drift multiplier in it, Q16; 65,536 is none.
    pub drift_q16: i64,
    /// Trust.
    pub confidence: Confidence,
    /// Why not more.
    pub reason: Reason,
    /// Probability that the promise is missed, parts per million.
    pub breach_ppm: Option<u32>,
    /// Local days of the p50 past the promise: below 0 is early.
    pub promise_days_past: Option<i32>,
    /// Local days of the p50 past the carrier's own estimate.
    pub carrier_days_past: Option<i32>,
}

impl Estimate {
    /// One of its quantiles.
    pub fn quantile(&self, quantile: Quantile) -> i64 {
        [self.p10, self.p20, self.p50, self.p80, self.p90][quantile as usize]
    }
}
