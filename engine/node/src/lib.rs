//! The shell: command line, sources, sinks, threads, telemetry.

pub mod agent;
pub mod audit;
pub mod bell;
pub mod cli;
pub mod config;
pub mod drain;
pub mod error;
pub mod estimates;
pub mod feed_tests;
pub mod jetstream;
pub mod panicked;
pub mod pipeline;
pub mod quarantine;
pub mod ring;
pub mod rule_switch;
pub mod snapshot;
pub mod stream_clock;
pub mod telemetry;
