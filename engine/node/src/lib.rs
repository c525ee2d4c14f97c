//! The shell: command line, sources, sinks, threads, telemetry.

pub mod error;
pub mod telemetry;
pub mod jetstream;
