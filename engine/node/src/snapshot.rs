//! Snapshots on disk: written beside the running engine, read at the start.
//!
//! # Place
//! The shards hand pages to [`writer`]; [`start`] finds the newest file that is whole and fits, and
//! gives the shards back.
//! # Method
//! One file per snapshot: sections with a checksum each, the manifest last ([`mod@file`], [`manifest`]).
//! A file gets its name only when it is complete, synced, and covered by the commit record.
//! # Holds
//! The parts.
//! # Does not hold
//! What a row means (`crossdock_core::snapshot`).

pub mod file;
pub mod folder;
pub mod keeper;
pub mod manifest;
pub mod start;
pub mod writer;

pub use folder::Folder;
pub use keeper::Keeper;
pub use manifest::{Identity, Manifest};
pub use start::{Started, Wanted, recover};
pub use writer::{SnapshotHandle, SnapshotPolicy};
