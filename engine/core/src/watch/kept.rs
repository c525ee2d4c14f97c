//! The history of a shipment as rules see it.
//!
//! # Place
//!
//! `history` (entries) -> **`kept`** -> `Facts` of the rules crate.
//!
//! # Holds
//!
//! - The event that came is shown in the same words as those that are kept, so that a rule can't
//!   tell them apart. Its instant is its order time: rules and record agree on when it was.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::id::Fingerprint;
use crossdock_model::time::{EventTime, Micros, Precision};
use crossdock_rules::rule::event_set::{EventSet, Meaning};
use crossdock_rules::rule::facts::History;

use crate::entry::Entry;
use crate::senses::{Sense, Senses};

/// Sorted entries with what they share.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The entries of the present epoch.
    pub entries: &'a [Entry],
    /// What they share with others.
    pub senses: &'a Senses,
}

impl History for Kept<'_> {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn get(&self, index: usize) -> Event {
        let entry = &self.entries[index];
        event_of(entry, self.senses.get(entry.sense))
    }

    fn next_of(&self, set: &EventSet, from: usize) -> Option<usize> {
        let is_of = |entry: &Entry| {
            let Sense { milestone, exception, detail, flags, .. } = *self.senses.get(entry.sense);
            set.has_meaning(Meaning { milestone, exception, detail, flags })
        };
        Some(from + self.entries.get(from..)?.iter().position(is_of)?)
    }

    fn has_retraction(&self) -> bool {
        let retracts = |entry: &Entry| self.senses.get(entry.sense).flags.has(EventFlags::RETRACTS);
        self.entries.iter().any(retracts)
    }
}

/// An entry as an event.
#[must_use]
pub fn event_of(entry: &Entry, sense: &Sense) -> Event {
    let time = entry.time();
    let local = match time.precision {
        Precision::None => Micros::NONE,
        _ => Micros::from_seconds(entry.local_seconds()),
    };
    Event {
        fingerprint: Fingerprint(u64::from(entry.fingerprint)),
        time: EventTime { instant: entry.order.micros(), local, ..time },
        received: entry.received.micros(),
        // The number of a text stands for the text: only equality is asked.
        place: u64::from(entry.place.0),
        feed: sense.feed,
        flags: sense.flags,
        detail: sense.detail,
        milestone: sense.milestone,
        exception: sense.exception,
        reason: sense.reason,
        party: sense.party,
        direction: sense.direction,
    }
}
