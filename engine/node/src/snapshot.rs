//! Snapshots on disk and in a bucket: written beside the running engine, read at the start.
//!
//! # Place
//! The shards hand pages to [`writer`]; [`recover()`] finds the newest that is whole and fits, and
//! [`start`] gives the shards back.
//! # Method
//! One file per snapshot: sections with a checksum each, the manifest last ([`mod@file`], [`manifest`]).
//! A file gets its name only when it is complete, synced, and covered by the commit record. Where the
//! configuration names a bucket, [`copier`] then copies it there, so that it outlives the machine.
//! # Holds
//! The parts.
//! # Does not hold
//! What a row means (`crossdock_core::snapshot`).

pub mod bucket;
pub mod copier;
pub mod file;
pub mod folder;
pub mod keeper;
pub mod manifest;
pub mod name;
mod recover;
pub mod start;
pub mod writer;

pub use bucket::{Bucket, BucketOptions};
pub use copier::Copier;
pub use folder::Folder;
pub use keeper::Keeper;
pub use manifest::{Identity, Manifest};
pub use name::Name;
pub use recover::{Elsewhere, recover, recover_from};
pub use start::{Started, Wanted};
pub use writer::{SnapshotHandle, SnapshotPolicy};
