//! Every limit of the engine, its unit in its name, and what must hold between them.
//!
//! A configuration may lower a limit; it may not raise one above the value here.

/// Bytes of one document. Longer ones become dead letters.
pub const DOCUMENT_SIZE_MAX: usize = 64 * 1024 * 1024;

/// Bytes of one document by default: what a webhook of 10,000 events may weigh.
pub const DOCUMENT_SIZE_DEFAULT: usize = 16 * 1024 * 1024;

/// Levels of nesting in a document.
pub const DOCUMENT_DEPTH_MAX: usize = 64;

/// Events of one document.
pub const DOCUMENT_EVENTS_MAX: usize = 100_000;

/// Bytes of the payload that a dead letter keeps.
pub const DEAD_LETTER_PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a normalized tracking number.
pub const NUMBER_LEN_MAX: usize = 40;

/// Bytes of any other text taken from an event; longer ones are cut at a character.
pub const TEXT_LEN_MAX: usize = 512;

/// Lanes (decoder threads) of one group.
pub const LANES_MAX: usize = 16;

/// Shards (state owners) of one group.
pub const SHARDS_MAX: usize = 16;

/// Documents in one batch between reader, lane, shard and committer.
pub const BATCH_DOCUMENTS_MAX: usize = 1024;

/// Bytes of documents in one batch, unless a single document is longer.
pub const BATCH_SIZE_TARGET: usize = 1024 * 1024;

/// Batches a ring holds. A full ring is back-pressure, not an error.
pub const RING_BATCHES_MAX: usize = 8;

/// Messages in one JetStream atomic batch (a server limit, ADR-50).
pub const COMMIT_MESSAGES_MAX: usize = 1000;

/// Messages of one group that may be left out because the engine panics on them, as long as the input holds them.
pub const QUARANTINED_MAX: usize = 64;

/// Events of one shipment. The 99.9th percentile is 64; what comes beyond this is a dead letter.
pub const HISTORY_EVENTS_MAX: usize = 16_383;

/// Seconds that an event's time may lie ahead of its receipt before it is untrusted.
pub const FUTURE_TOLERANCE_SECONDS: i64 = 2 * 3600;

/// Seconds before midnight of which a message after midnight may speak under its own date.
pub const ROLLOVER_SECONDS: i64 = 2 * 3600;

/// Seconds that an appointment or an estimate may lie ahead of its receipt before it is untrusted.
pub const PLAN_AHEAD_SECONDS_MAX: i64 = 366 * 86_400;

/// Seconds after a delivery within which a forward scan is a late report, not a correction.
pub const DELIVERY_SETTLE_SECONDS: u32 = 120 * 60;

/// Seconds that a wall clock may be ahead of UTC.
pub const OFFSET_SECONDS_MAX: u32 = 14 * 3600;

/// Seconds within which two failed-attempt rows are one attempt.
pub const ATTEMPT_WINDOW_SECONDS: u32 = 2 * 3600;

/// Days after its last new event at which a closed shipment's history is given back. Senders repeat whole
/// histories for some 12 days; a number is used anew after 30 at least.
pub const CLOSED_DAYS: u32 = 45;

/// The same for a shipment that is not closed: no shorter than the silence that ends an epoch.
pub const SILENT_DAYS: u32 = 120;

/// Days after its last new event at which a shipment is forgotten.
pub const FORGOTTEN_DAYS: u32 = 400;

/// Shipments of one group at most, unless it is configured otherwise.
pub const SHIPMENTS_DEFAULT: usize = 64 * 1024 * 1024;

/// Shipments of one group that a configuration may allow.
pub const SHIPMENTS_MAX: usize = 1024 * 1024 * 1024;

/// Seconds that two sources' times of one scan may lie apart: clocks differ, minutes are rounded.
pub const SAME_SCAN_SECONDS: i64 = 5 * 60;

/// The same for what happens at the consignee's end and can happen again.
pub const SAME_DELIVERY_SECONDS: i64 = 30 * 60;

/// The same for what ends a lane: it can't happen twice without something between.
pub const SAME_END_SECONDS: i64 = 4 * 3600;

/// Seconds that two texts of one minute may differ by.
pub const SAME_MINUTE_SECONDS: i64 = 60;

/// Entries before an event among which other witnesses of it are looked for.
pub const WITNESSES_NEAR_MAX: usize = 32;

/// Events of one shipment that several sources or parcels have, or of which some were taken back; what comes beyond this is
/// a dead letter. Every new event of such a history is read beside all others.
pub const WITNESSED_EVENTS_MAX: usize = 1024;

/// The newest events of a shipment that rules look at.
pub const RULES_EVENTS_MAX: usize = 1024;

/// Seconds without an event after which a new label opens a new epoch of a finished number.
pub const EPOCH_GAP_SECONDS: u32 = 30 * 86_400;

/// Seconds after the end of a way out at which a new label opens a new epoch: another parcel has the number.
pub const EPOCH_LABEL_SECONDS: u32 = 12 * 3600;

/// Seconds without any event after which anything opens a new epoch.
pub const EPOCH_SILENCE_SECONDS: u32 = 120 * 86_400;

const _: () = {
    assert!(DOCUMENT_SIZE_DEFAULT <= DOCUMENT_SIZE_MAX);
    assert!(DEAD_LETTER_PAYLOAD_BYTES_MAX < DOCUMENT_SIZE_DEFAULT);
    assert!(RING_BATCHES_MAX.is_power_of_two());
    assert!(WITNESSED_EVENTS_MAX <= HISTORY_EVENTS_MAX && RULES_EVENTS_MAX <= HISTORY_EVENTS_MAX);
    assert!(DELIVERY_SETTLE_SECONDS < EPOCH_GAP_SECONDS);
    assert!(
        DELIVERY_SETTLE_SECONDS < EPOCH_LABEL_SECONDS && EPOCH_LABEL_SECONDS < EPOCH_GAP_SECONDS
    );
    assert!(EPOCH_GAP_SECONDS < EPOCH_SILENCE_SECONDS);
    assert!(12 <= CLOSED_DAYS && EPOCH_GAP_SECONDS <= CLOSED_DAYS * 86_400);
    assert!(EPOCH_SILENCE_SECONDS <= SILENT_DAYS * 86_400 && SILENT_DAYS < FORGOTTEN_DAYS);
};

/// Other numbers of a parcel that are kept with it; where more are named, the first by their signs.
pub const ALIASES_MAX: usize = 4;
