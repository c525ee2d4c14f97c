//! Feeds: how one carrier's documents are read, as data.
//!
//! # Place
//!
//! A feed file -> `syntax` (as written, with spans) -> `check` (what it means, every mistake) ->
//! [`program::Feed`] (flat, for the extractor). The language is described in `docs/FEEDS.md`.

pub mod program;
