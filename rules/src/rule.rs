//! Rules: what to raise, resolve and retract, as data.
//!
//! # Place
//!
//! `rules/packs/exceptions/*.yaml` -> `yaml` -> `shape` -> `check` -> `compile` -> a rule set that a shard of
//! `core` asks at every event and timer. The language is described in `docs/RULES.md`, the reasons in
//! `docs/decisions/0005-rules.md`.
//!
//! # Holds
//!
//! - A rule set that loads can't fail while it runs, takes no memory, and reads no clock.
//! - A set with one mistake does not load; all mistakes are told in one run.

pub mod action;
mod analysis;
mod ast;
pub mod book;
mod calendar_file;
pub mod calendars;
mod canonical;
pub mod canonical_layout;
pub mod catalogue;
mod check;
#[cfg(test)]
mod check_tests;
pub mod cli;
pub mod codes;
pub mod compare;
mod compile;
mod def;
pub mod diagnostic;
pub mod duration;
pub mod event_set;
pub mod explain;
pub mod facts;
pub mod feed_clock;
pub mod field;
pub mod geo;
mod index;
#[cfg(test)]
mod limit_tests;
pub mod limits;
pub mod machine;
pub mod message;
#[cfg(test)]
mod oracle;
pub mod pack;
mod parse;
pub mod reload;
pub mod retired;
pub mod row;
pub mod rows;
pub mod ruleset;
mod run;
pub mod runner;
pub mod scenario;
mod shape;
mod span_map;
mod stage;
mod suite;
mod text;
pub mod told;
mod tree;
mod typing;
pub mod world;
mod yaml;

pub use check::Options;
