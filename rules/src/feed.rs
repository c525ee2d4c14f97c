//! Feeds: how one carrier's documents are read, as data.
//!
//! # Place
//!
//! A feed file -> `yaml` (a tree of texts with places) -> `compile` (what it means, every mistake)
//! -> [`program::Feed`] (flat, for the extractor). The language is described in `docs/FEEDS.md`.
//!
//! # Holds
//!
//! [`compile`] and [`builtin`] (all feeds together), [`FeedError`], [`FeedTest`], [`explain`].

pub mod program;
pub mod waybill;

mod block;
mod codes;
mod compile;
mod error;
mod explain;
mod layout;
mod reach;
mod read;
mod sender;
mod set;
mod suite;
mod syntax;
mod yaml;

pub use error::FeedError;
pub use explain::explain;
pub use sender::Sender;
pub use set::{FeedSet, builtin, builtin_files, compile};
pub use suite::{ExpectedEvent, FeedTest};
