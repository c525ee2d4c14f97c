//! Feeds and rules as data: parsed, checked, compiled.
//!
//! A *feed* says how to read one carrier's documents; a *rule* says what to make of what they
//! mean. Both are files that people edit without a deploy, so both are checked like code: every
//! mistake in one run, each with its file, line, column and what to do.
//!
//! # Place
//!
//! `rules/packs/` -> **`rules`** -> compiled programs that `core` runs. This crate knows the nouns
//! (`model`) and the shapes of time (`standard`); it knows nothing of documents or shipments.

pub mod calendar;
pub mod feed;
pub mod rule;
pub mod wheel;
mod yaml;
