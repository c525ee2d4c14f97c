//! Snapshots: all state of the shards as bytes, and back.

pub mod bytes;
