//! JetStream at both ends: where documents come from and where changes go.
//!
//! # Place
//! The only part of crossdock that knows async-nats and tokio. The engine's threads see
//! [`edge::EdgeHandle`]: two bounded queues that never block.
//! # Method
//! Input is read without acks from the engine's own position; outputs and that position are
//! committed together (docs/decisions/0007-commit.md).
//! # Holds
//! The parts. A start uses them in this order: `connection`, `setup`, `committer` (the claim),
//! `intake`, `reader`; `edge` puts them together.
//! # Does not hold
//! What documents mean, what changes are.

pub mod backoff;
pub mod bucket;
pub mod call;
pub mod committer;
pub mod connection;
pub mod ctl;
pub mod delivery;
pub mod edge;
pub mod follow;
pub mod intake;
pub mod lease;
pub mod objects;
pub mod output;
pub mod pack;
pub mod reader;
pub mod rule_files;
pub mod sender;
mod session;
mod setting;
pub mod setup;
mod verdict;
pub mod version;
pub mod wire;

pub use async_nats::Subject;
pub use committer::{Claim, Committed, Committer, CommitterOptions};
pub use connection::{Auth, Connection, ConnectionOptions, Tls};
pub use ctl::{CtlRecord, Fingerprint, Position};
pub use output::{BatchLimits, CommitRequest, Label, Output};
