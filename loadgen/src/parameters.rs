//! What a plan is made of: every knob with its unit, and the canonical workloads as presets.
//!
//! # Holds
//!
//! - A plan is a pure function of its parameters. Two runs with the same parameters give the same
//!   bytes.
//! - Shares are given in parts per million (`ppm`), so that they are whole numbers.

use crate::feed::Feed;

/// Rounds that a story may last, at most.
pub const ROUNDS_MAX: u64 = 48;

/// Events of one story, at most.
pub const EVENTS_MAX: usize = 48;

/// Shipments of one plan, at most: the serials of the shortest tracking number.
pub const SHIPMENTS_MAX: u64 = 100_000_000;

/// Every knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Everything follows from it.
    pub seed: u64,
    /// Shipments, 1..=[`SHIPMENTS_MAX`].
    pub shipments: u64,
    /// Shipments on their way at one time; the others wait until a lane is free.
    pub active: u64,
    /// First receipt, seconds since 1970.
    pub start_seconds: i64,
    /// Seconds of a round: the mean time between two events of a shipment.
    pub round_seconds: u64,
    /// Rounds that a story may last, 8..=[`ROUNDS_MAX`].
    pub rounds: u64,
    /// Feeds with their weights.
    pub feeds: Vec<(Feed, u32)>,
    /// Tenants; each shipment belongs to one.
    pub tenants: u64,
    /// Transit scans of a shipment, the mean.
    pub scans: u64,
    /// Events that a document lists, the newest; 1 for a document per event.
    pub history: u32,
    /// Documents that come again, whole and unchanged.
    pub duplicate_ppm: u32,
    /// Seconds until they do, at most.
    pub duplicate_seconds: u64,
    /// Events that come one or two rounds late, behind younger ones.
    pub late_ppm: u32,
    /// Of the late events, those that come nine rounds late.
    pub days_late_ppm: u32,
    /// Pairs of scans minutes apart that arrive in the wrong order.
    pub swapped_ppm: u32,
    /// Events that report trouble.
    pub exception_ppm: u32,
    /// Documents followed by a broken copy of themselves.
    pub bad_ppm: u32,
    /// Events with a code that no table knows.
    pub unknown_ppm: u32,
    /// Events dated a day ahead of their receipt.
    pub future_ppm: u32,
    /// Gaps between events that last days.
    pub stall_ppm: u32,
    /// Stories that just stop.
    pub stop_ppm: u32,
    /// Shipments that cross a border where their feed knows borders.
    pub international_ppm: u32,
    /// Deliveries that fail at first.
    pub attempt_ppm: u32,
    /// Shipments that go back to their sender.
    pub return_to_sender_ppm: u32,
    /// Delivered shipments that the customer sends back, where the feed can tell.
    pub returns_ppm: u32,
    /// Numbers that were used before, 45 days ago.
    pub recycled_ppm: u32,
    /// Deliveries that are taken back the next day.
    pub corrected_ppm: u32,
    /// Labels that are voided.
    pub cancelled_ppm: u32,
    /// Documents that a hot shipment's last document follows once more.
    pub hot_ppm: u32,
    /// Hot shipments.
    pub hot_shipments: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            seed: 42,
            shipments: 250_000,
            active: u64::MAX,
            start_seconds: 1_777_852_800, // 2026-05-04T00:00:00Z
            round_seconds: 8 * 3600,
            rounds: 32,
            feeds: vec![(Feed::Generic, 1)],
            tenants: 1,
            scans: 3,
            history: 1,
            duplicate_ppm: 100_000,
            duplicate_seconds: 300,
            late_ppm: 50_000,
            days_late_ppm: 30_000,
            swapped_ppm: 50_000,
            exception_ppm: 30_000,
            bad_ppm: 1_000,
            unknown_ppm: 300,
            future_ppm: 100,
            stall_ppm: 15_000,
            stop_ppm: 20_000,
            international_ppm: 100_000,
            attempt_ppm: 60_000,
            return_to_sender_ppm: 8_000,
            returns_ppm: 30_000,
            recycled_ppm: 2_000,
            corrected_ppm: 1_000,
            cancelled_ppm: 5_000,
            hot_ppm: 0,
            hot_shipments: 16,
        }
    }
}

/// The canonical workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Single events of about 260 bytes, crossdock's own format.
    Flat,
    /// Single-event webhooks of about 1,000 bytes, three feeds.
    Nested,
    /// Whole-history documents: ten known events and a new one in the mean, four feeds.
    History,
    /// Every feed and format there is.
    Mixed,
}

impl Workload {
    /// Every workload.
    pub const ALL: [Self; 4] = [Self::Flat, Self::Nested, Self::History, Self::Mixed];

    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nested => "nested",
            Self::History => "history",
            Self::Mixed => "mixed",
        }
    }

    /// Its parameters for a number of shipments.
    #[must_use]
    pub fn parameters(self, shipments: u64) -> Parameters {
        let base = Parameters { shipments, ..Parameters::default() };
        match self {
            Self::Flat => base,
            Self::Nested => Parameters {
                feeds: vec![(Feed::Easypost, 1), (Feed::Aftership, 1), (Feed::UpsAlert, 1)],
                ..base
            },
            Self::History => Parameters {
                feeds: vec![(Feed::UpsTrack, 3), (Feed::Fedex, 3), (Feed::Usps, 3), (Feed::Dhl, 1)],
                rounds: ROUNDS_MAX,
                scans: 20,
                history: 16,
                ..base
            },
            Self::Mixed => Parameters { feeds: Feed::mixed(), history: 8, ..base },
        }
    }
}

/// Why a plan can't be made, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError(pub String);

impl std::fmt::Display for ParameterError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParameterError {}

impl Parameters {
    /// Checks every range.
    ///
    /// # Errors
    ///
    /// The first knob out of its range, with the range.
    pub fn check(&self) -> Result<(), ParameterError> {
        let ranges = [
            ("shipments", self.shipments, 1, SHIPMENTS_MAX),
            ("active", self.active, 1, u64::MAX),
            ("round-seconds", self.round_seconds, 60, 86_400),
            ("rounds", self.rounds, 8, ROUNDS_MAX),
            ("tenants", self.tenants, 1, 1000),
            ("scans", self.scans, 0, 32),
            ("history", u64::from(self.history), 1, EVENTS_MAX as u64),
            ("duplicate-seconds", self.duplicate_seconds, 1, 86_400),
            ("hot-shipments", self.hot_shipments, 1, SHIPMENTS_MAX),
            ("start", self.start_seconds.unsigned_abs(), 1_000_000_000, 4_000_000_000),
        ];
        for (name, value, low, high) in ranges {
            if value < low || high < value {
                return Err(ParameterError(format!(
                    "`{name}` is {value}: give a number from {low} to {high}"
                )));
            }
        }
        if self.feeds.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>() == 0 {
            return Err(ParameterError("no feed has a weight: give at least one".to_owned()));
        }
        self.check_shares()
    }

    fn check_shares(&self) -> Result<(), ParameterError> {
        let shares = [
            ("duplicate-ppm", self.duplicate_ppm),
            ("late-ppm", self.late_ppm),
            ("days-late-ppm", self.days_late_ppm),
            ("swapped-ppm", self.swapped_ppm),
            ("exception-ppm", self.exception_ppm),
            ("bad-ppm", self.bad_ppm),
            ("unknown-ppm", self.unknown_ppm),
            ("future-ppm", self.future_ppm),
            ("stall-ppm", self.stall_ppm),
            ("stop-ppm", self.stop_ppm),
            ("international-ppm", self.international_ppm),
            ("attempt-ppm", self.attempt_ppm),
            ("return-to-sender-ppm", self.return_to_sender_ppm),
            ("returns-ppm", self.returns_ppm),
            ("recycled-ppm", self.recycled_ppm),
            ("corrected-ppm", self.corrected_ppm),
            ("cancelled-ppm", self.cancelled_ppm),
            ("hot-ppm", self.hot_ppm),
        ];
        match shares.into_iter().find(|(_, ppm)| 1_000_000 < *ppm) {
            Some((name, ppm)) => Err(ParameterError(format!(
                "`{name}` is {ppm}: it counts parts per million, give 0 to 1000000"
            ))),
            None => Ok(()),
        }
    }
}
