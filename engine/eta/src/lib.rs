//! Arrival estimates learned while streaming: honest dates from every scan.
//!
//! # Place
//! Below the engine's core and its command line; depends on nothing of this workspace.
//! # Method
//! - [`estimator`]: [`Estimator::estimate`] answers from a frozen view, [`Estimator::observe`] learns at marks.
//! - [`lane`], [`tree`], [`histogram`], [`mixture`]: decayed histograms up a tree of lanes, conditional on age.
//! - [`board`], [`drift`], [`census`]: which basis to trust, how late a carrier runs, who is in flight.
//! - [`calendar`]: business time. [`mod@publish`]: when a published date moves. [`pending`]: the order of learning.
//! - [`declared`], [`transit`], [`settings`]: the declared part. [`state`]: export and import. [`explain`]: why.
//! - `evaluate` (feature): time-ordered evaluation over real timelines.
//! # Holds
//! No clock, no thread, no file outside `evaluate`; the same input gives the same bits on every machine.
//! # Does not hold
//! Shipments: the caller keeps them, and asks.

pub mod bins;
pub mod board;
pub mod calendar;
pub mod census;
pub mod declared;
pub mod drift;
pub mod estimate;
pub mod estimator;
#[cfg(feature = "evaluate")]
pub mod evaluate;
pub mod explain;
pub mod fixed;
pub mod histogram;
pub mod lane;
pub mod limits;
pub mod mixture;
pub mod pending;
pub mod publish;
pub mod settings;
pub mod state;
pub mod symbol;
pub mod transit;
pub mod tree;

mod answer;
mod learn;

pub use answer::Asked;
pub use calendar::Calendar;
pub use declared::Declared;
pub use estimate::{
    Confidence, Doubts, Estimate, Exclusion, NoEstimate, Outcome, Quantile, Query, Reason,
};
pub use estimator::Estimator;
pub use lane::{Basis, Lane, Level, MilestoneClass, Place};
pub use publish::{Cause, EtaChanged, Published, is_held, is_news, publish};
pub use settings::Settings;
pub use state::State;
pub use symbol::{Names, Symbol};
