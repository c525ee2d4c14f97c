//! The shell: command line, sources, sinks, threads, telemetry.

pub mod error;
pub mod telemetry;
pub mod config;
pub mod jetstream;
pub mod cli;
pub mod ring;
pub mod agent;
pub mod pipeline;
pub mod drain;
