//! The closed list of what goes up and down.
//!
//! # Place
//! Set by whoever knows, read by `/metrics`.
//! # Method
//! As `counter`: an enum indexes an array of relaxed atomics. Values are whole numbers; the unit
//! is in the name.
//! # Holds
//! Names and help texts.
//! # Does not hold
//! History: a gauge is the last value only.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! gauges {
    ($($variant:ident = $name:literal, $help:literal;)*) => {
        /// Something that goes up and down.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Gauge {
            $(#[doc = $help] $variant,)*
        }

        impl Gauge {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, with its unit.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it shows.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

gauges! {
    LagMessages = "crossdock_lag_messages", "Messages of the input stream that are not read yet, as of the last one read.";
    LagMilliseconds = "crossdock_lag_milliseconds", "Age of the last message read when it was read.";
    PositionSeq = "crossdock_position_seq", "Stream sequence up to which everything is committed.";
    ReadSeq = "crossdock_read_seq", "Stream sequence of the last message read.";
    CommitPendingMessages = "crossdock_commit_pending_messages", "Outputs that wait for their commit.";
    Connected = "crossdock_connected", "1 while the connections to NATS stand, else 0.";
    Epoch = "crossdock_epoch", "Epoch under which this process owns its group, 0 without ownership.";
    Shipments = "crossdock_shipments", "Shipments in memory.";
    StateBytes = "crossdock_state_bytes", "Memory of the shipment records.";
    SnapshotSeq = "crossdock_snapshot_seq", "Position of the newest snapshot.";
    SnapshotCopiedSeq = "crossdock_snapshot_copied_seq", "Position of the newest snapshot in the bucket that this process knows of, 0 without one.";
    TimersPending = "crossdock_timers_pending", "Shipments that wait for a timer.";
    Quarantined = "crossdock_quarantined_messages", "Messages of the input that are left out because the engine panics on them.";
    StreamTimeSeconds = "crossdock_stream_time_seconds", "The engine's clock: the largest timestamp of the input, seconds since 1970.";
}

/// The values.
#[derive(Debug)]
pub struct Gauges {
    values: [AtomicU64; Gauge::ALL.len()],
}

impl Default for Gauges {
    fn default() -> Self {
        Self { values: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Gauges {
    /// Sets one.
    pub fn set(&self, gauge: Gauge, value: u64) {
        self.values[gauge as usize].store(value, Ordering::Relaxed);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self, gauge: Gauge) -> u64 {
        self.values[gauge as usize].load(Ordering::Relaxed)
    }
}
