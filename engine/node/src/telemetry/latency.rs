//! How long a document takes from its receipt to the commit of its changes.
//!
//! # Place
//! Recorded by the thread that learns of commits, read by `/metrics` and the summary of a run.
//! # Method
//! An HDR histogram with three significant digits from 1 µs to 1 hour: 200 KiB, fixed. The
//! recorder is private to its thread and is merged under a lock once per batch, so that no lock
//! stands on the way of an event.
//! # Holds
//! The histogram since the start.
//! # Does not hold
//! Where the time went: that is the ladder's business.

use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};

/// The longest latency told apart, µs: one hour. Longer ones count as that.
pub const LATENCY_US_MAX: u64 = 3_600_000_000;

/// The upper bounds of the buckets in `/metrics`, µs.
pub const BUCKETS_US: &[u64] = &[
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    60_000_000,
    600_000_000,
    LATENCY_US_MAX,
];

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
        .unwrap_or_else(|error| unreachable!("the bounds are constants that fit: {error}"))
}

/// The shared histogram.
#[derive(Debug)]
pub struct Latency {
    histogram: Mutex<Histogram<u64>>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { histogram: Mutex::new(empty()) }
    }
}

/// One thread's part.
#[derive(Debug)]
pub struct LatencyRecorder {
    histogram: Histogram<u64>,
}

impl Default for LatencyRecorder {
    fn default() -> Self {
        Self { histogram: empty() }
    }
}

impl LatencyRecorder {
    /// Records `count` documents with the same latency, in µs. 0 counts as 1 µs.
    pub fn record(&mut self, latency_us: u64, count: u64) {
        self.histogram.saturating_record_n(latency_us.clamp(1, LATENCY_US_MAX), count);
    }

    /// Adds what was recorded to the shared histogram and starts anew.
    pub fn merge_into(&mut self, latency: &Latency) {
        let mut shared = latency.histogram.lock().unwrap_or_else(PoisonError::into_inner);
        let merged = shared.add(&self.histogram);
        drop(shared);
        assert!(merged.is_ok(), "both histograms have the same bounds");
        self.histogram.reset();
    }
}

/// A moment's view of the histogram; all in µs.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencySummary {
    /// How many were recorded.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half are at or below.
    pub p50: u64,
    /// 90 percent are at or below.
    pub p90: u64,
    /// 99 percent are at or below.
    pub p99: u64,
    /// 99.9 percent are at or below.
    pub p999: u64,
    /// The largest.
    pub max: u64,
    /// How many are at or below each of [`BUCKETS_US`].
    pub buckets: Vec<u64>,
}

impl Latency {
    /// The percentiles and buckets now.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        let shared = self.histogram.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets = vec![0; BUCKETS_US.len()];
        let mut total = 0;
        let mut bucket = 0;
        for value in shared.iter_recorded() {
            while bucket + 1 < BUCKETS_US.len() && value.value_iterated_to() > BUCKETS_US[bucket] {
                buckets[bucket] = total;
                bucket += 1;
            }
            total += value.count_at_value();
        }
        buckets[bucket..].fill(total);
        LatencySummary {
            count: shared.len(),
            mean: shared.mean(),
            p50: shared.value_at_quantile(0.50),
            p90: shared.value_at_quantile(0.90),
            p99: shared.value_at_quantile(0.99),
            p999: shared.value_at_quantile(0.999),
            max: shared.max(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorders_are_merged_and_start_anew() {
        let latency = Latency::default();
        let mut recorder = LatencyRecorder::default();
        recorder.record(0, 1);
        recorder.record(1_000, 98);
        recorder.record(u64::MAX, 1);
        recorder.merge_into(&latency);
        recorder.merge_into(&latency);
        let summary = latency.summary();
        assert_eq!((summary.count, summary.p50, summary.p99), (100, 1_000, 1_000));
        assert!(summary.max >= LATENCY_US_MAX);
        assert_eq!((summary.buckets[0], summary.buckets[3]), (1, 99));
        assert_eq!(summary.buckets.last(), Some(&100));
    }

    #[test]
    fn buckets_count_what_is_at_or_below() {
        let latency = Latency::default();
        let mut recorder = LatencyRecorder::default();
        for latency_us in [50, 100, 101, 600] {
            recorder.record(latency_us, 1);
        }
        recorder.merge_into(&latency);
        assert_eq!(latency.summary().buckets[..5], [2, 3, 3, 4, 4]);
        assert_eq!(Latency::default().summary().buckets, vec![0; BUCKETS_US.len()]);
    }
}
