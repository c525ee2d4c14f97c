//! A hash of all state, kept up to date with every change: the same for the same contents.
//!
//! # Place
//!
//! A shard keeps one number; the sum over shards stands in the commit record beside the position,
//! where a standby compares it with its own.
//!
//! # Method
//!
//! A wrapping sum of one hash per shipment and one per history entry. A shipment is hashed before
//! and after a group of events changes it; an entry is only ever added. Sums commute, so neither
//! the order of shipments nor the number of shards shows.
//!
//! # Holds
//!
//! - Contents only: texts by what they say, never by their number in an intern table.
//!
//! # Does not hold
//!
//! - Words and places of entries are not hashed; the entry's fingerprint stands for them.

use crossdock_model::id::ShipmentKey;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::entry::Entry;
use crate::estimates::Estimate;
use crate::senses::Sense;
use crate::shipment::Shipment;

/// The hash of a shipment without its history. `order` is the text of its order; `scratch` is
/// room that is used again.
#[must_use]
pub fn of_shipment(
    shipment: &Shipment,
    estimate: &Estimate,
    order: &str,
    scratch: &mut Vec<u8>,
) -> u64 {
    scratch.clear();
    shipment.put(estimate, scratch);
    xxh3_64_with_seed(scratch, xxh3_64(order.as_bytes()))
}

/// The hash of what rules know of a shipment; 0 where that is nothing.
#[must_use]
pub fn of_rules(key: ShipmentKey, bytes: &[u8]) -> u64 {
    if bytes.is_empty() { 0 } else { xxh3_64_with_seed(bytes, key.slot_hash()) }
}

/// The hash of one entry of a shipment's history.
#[must_use]
pub fn of_entry(key: ShipmentKey, entry: &Entry, sense: &Sense) -> u64 {
    let mut bytes = [0; 40];
    bytes[0..16].copy_from_slice(&key.0.to_le_bytes());
    bytes[16..36].copy_from_slice(&entry.contents());
    let flags = sense.flags.0.to_le_bytes();
    bytes[36..40].copy_from_slice(&[flags[0], flags[1], sense.milestone as u8, sense.detail as u8]);
    let meaning = [
        sense.exception as u8,
        sense.reason as u8,
        sense.party as u8,
        sense.direction as u8,
        0,
        0,
        0,
        0,
    ];
    xxh3_64_with_seed(&bytes, u64::from_le_bytes(meaning))
}
