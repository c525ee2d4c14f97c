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
pub mod facts;
pub mod rows;
