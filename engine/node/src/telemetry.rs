//! What the engine tells of itself: counters, gauges, latencies, health, over HTTP.
//!
//! # Place
//! Beside everything; the engine's threads add to it once per batch, a scraper reads it.
//! # Method
//! Closed enums index arrays of atomics, so adding is one instruction and a name can't be
//! misspelt; latencies are recorded into a thread's own histogram and merged once per batch.
//! # Holds
//! The counting and its text form.
//! # Does not hold
//! Logs (`tracing`).

pub mod counter;
pub mod gauge;
pub mod http;
pub mod latency;
pub mod openmetrics;

pub use counter::{Counter, Counters};
pub use gauge::{Gauge, Gauges};
pub use latency::{Latency, LatencyRecorder, LatencySummary};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// All of it, shared by all threads.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// What only grows.
    pub counters: Arc<Counters>,
    /// What goes up and down.
    pub gauges: Gauges,
    /// Receipt of a document to the commit of its changes.
    pub latency: Latency,
    ready: AtomicBool,
}

impl Telemetry {
    /// Nothing counted yet, not ready.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Says whether `/readyz` answers 200: recovered, owner of the group, and reading.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// What `/readyz` says.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
