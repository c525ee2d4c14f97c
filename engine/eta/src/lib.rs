//! Arrival estimates learned while streaming.
#![allow(missing_docs, dead_code, unreachable_pub)]
pub mod bins;
pub mod fixed;
pub mod lane;
pub mod limits;
pub mod symbol;
pub mod histogram;
pub mod tree;
pub mod mixture;
