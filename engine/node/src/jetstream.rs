//! JetStream at both ends: where documents come from and where changes go.
//!
//! # Place
//! The only part of crossdock that knows async-nats and tokio. The engine's threads see
//! [`edge::EdgeHandle`]: two bounded queues that never block.
//! # Method
//! Input is read without acks from the engine's own position; outputs and that position are
//! committed together (docs/decisions/0007-commit.md).
//! # Holds
//! The parts in the order in which a start uses them.
//! # Does not hold
//! What documents mean, what changes are.

pub mod version;
pub mod connection;
pub mod call;
pub mod setup;
pub mod ctl;
pub mod backoff;
pub mod output;
pub mod committer;
pub mod delivery;
pub mod intake;
pub mod reader;
pub mod edge;

pub use async_nats::Subject;
pub use committer::{Claim, Committed, Committer, CommitterOptions};
pub use connection::{Auth, Connection, ConnectionOptions, Tls};
pub use ctl::{CtlRecord, Fingerprint, Position};
pub use output::{BatchLimits, CommitRequest, Output};
