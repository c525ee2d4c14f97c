//! Benchmarks: what is measured, on what, and checked against what.
//!
//! A number is taken only of a rung that agrees with the oracle first. Records say which revision,
//! machine and allocator they come from; ratios are within one run on one machine.

pub mod live;
pub mod machine;
pub mod oracle;
pub mod plot;
pub mod report;
pub mod rung;
pub mod workload;
