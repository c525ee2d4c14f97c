//! Entries as the fold wants them, and the parcels that share one number.
//!
//! # Method
//!
//! A number mostly stands for one parcel at a time. Where a carrier gives unique ids and more
//! than one was seen (FedEx answers two results for one number), each id is a parcel of its own:
//! its entries are folded alone, and its epoch is its place among the parcels by first event. An
//! event without an id belongs to the last parcel that had begun by then.
//!
//! # Holds
//!
//! - Which parcel an entry belongs to depends on the set of entries, not on their arrival.

use crossdock_model::record::{Record, Seconds};

use crate::entry::Entry;
use crate::fold::{self, Fact};
use crate::history::Entries;
use crate::senses::Senses;

/// The fact of an entry.
#[must_use]
pub fn fact(entry: &Entry, senses: &Senses) -> Fact {
    let sense = senses.get(entry.sense);
    let local = entry.local_seconds();
    Fact {
        at: entry.order,
        day: local.div_euclid(86_400),
        offset_seconds: (local - i64::from(entry.order.0)) as i32,
        has_instant: entry.has_instant(),
        detail: sense.detail,
        milestone: sense.milestone,
        exception: sense.exception,
        reason: sense.reason,
        direction: sense.direction,
        flags: sense.flags,
    }
}

/// Facts of sorted entries. An untrusted time is marked on the sense.
pub fn facts<'a>(
    entries: Entries<'a>,
    senses: &'a Senses,
) -> impl Iterator<Item = Fact> + Clone + 'a {
    entries.map(move |entry| fact(&entry, senses))
}

/// One parcel of a shared number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Hash of its unique id.
    pub unique: u16,
    /// Its first event.
    pub first_at: Seconds,
}

/// Finds the parcels of a shared number, by first event. Bounded by the distinct ids in the history.
pub fn parcels(entries: &[Entry], parcels: &mut Vec<Parcel>) {
    parcels.clear();
    for entry in entries.iter().filter(|entry| entry.unique != 0) {
        if parcels.iter().all(|parcel| parcel.unique != entry.unique) {
            parcels.push(Parcel { unique: entry.unique, first_at: entry.order });
        }
    }
    parcels.sort_unstable_by_key(|parcel| (parcel.first_at, parcel.unique));
}

/// The parcel that an entry belongs to: an index into `parcels`, which must not be empty.
#[must_use]
pub fn parcel_of(entry: &Entry, parcels: &[Parcel]) -> usize {
    assert!(!parcels.is_empty());
    if entry.unique != 0 {
        return parcels.iter().position(|parcel| parcel.unique == entry.unique).unwrap_or(0);
    }
    parcels.iter().rposition(|parcel| parcel.first_at <= entry.order).unwrap_or(0)
}

/// What to count in a history; see [`times`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Steps into a milestone.
    Steps(crossdock_model::milestone::Milestone),
    /// Openings of an exception.
    Openings(crossdock_model::exception::ExceptionClass),
    /// Deliveries taken back.
    Corrections,
}

/// How often something happened in an epoch of sorted facts.
#[must_use]
pub fn times(
    base_epoch: u16,
    facts: impl Iterator<Item = Fact>,
    epoch: Option<u16>,
    counted: Counted,
) -> u16 {
    let mut record = Record { epoch: base_epoch, ..Record::default() };
    let mut count = 0_u16;
    for fact in facts {
        let before = record;
        fold::step(&mut record, &fact);
        if epoch.is_some_and(|epoch| record.epoch != epoch) {
            continue;
        }
        let is_new_epoch = before.epoch != record.epoch;
        let happened = match counted {
            Counted::Steps(milestone) => {
                record.milestone == milestone
                    && (is_new_epoch || before.step_count < record.step_count)
            }
            Counted::Openings(class) => {
                record.open.contains(class) && (is_new_epoch || !before.open.contains(class))
            }
            Counted::Corrections => !is_new_epoch && before.corrections < record.corrections,
        };
        count = count.saturating_add(u16::from(happened));
    }
    count
}
