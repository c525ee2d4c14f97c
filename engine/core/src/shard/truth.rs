//! What a new event makes of what was believed: the record before it and after it.
//!
//! # Place
//!
//! `shard` hands over a new entry; `history` takes it; `fold` or `reading` says what is true now.
//!
//! # Method
//!
//! Most shipments are *plain*: one parcel, one source, one precision of time, nothing taken back, no hearsay. Their
//! record takes a step where the entry sorts last, else the entries are folded again. All others are
//! read again by [`Reading`], which is short.
//!
//! # Holds
//!
//! - What makes a shipment plain is a property of the set of its entries, and a reading of a plain
//!   shipment gives what the plain way gives.

use crossdock_model::change::ChangeKind;
use crossdock_model::event::EventFlags;
use crossdock_model::limits::WITNESSED_EVENTS_MAX;
use crossdock_model::record::Record;

use super::Shard;
use super::long::LONG_EVENTS;
use crate::entry::Entry;
use crate::facts::{self, Counted};
use crate::fold;
use crate::history::Insertion;
use crate::reading::{Dictionary, Scope};
use crate::say::{Difference, Said};
use crate::shipment::Shipment;

/// What a new entry did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) before: Record,
    pub(super) after: Record,
    /// The entry is a fact by itself and no other comes after it.
    pub(super) is_last: bool,
    /// The entry takes another one back.
    pub(super) retracts: bool,
}

impl Turn {
    pub(super) fn difference(&self) -> Difference<'_> {
        let Self { before, after, is_last, retracts } = self;
        Difference { before, after, is_last: *is_last, retracts: *retracts }
    }
}

impl Shard {
    /// Puts a new entry into the history of its shipment; `None` where that is full. `has_twin`: an
    /// entry with its fingerprint and another time is there.
    pub(super) fn take(&mut self, slot: usize, new: &Entry, has_twin: bool) -> Option<Turn> {
        let Shipment { unique, is_shared, is_witnessed, .. } = self.shipments[slot];
        self.tell_apart(slot, new, has_twin);
        let shipment = &mut self.shipments[slot];
        if !shipment.is_shared && !shipment.is_witnessed {
            return self.take_plain(slot, new);
        }
        if WITNESSED_EVENTS_MAX <= shipment.run.len() {
            (shipment.unique, shipment.is_shared, shipment.is_witnessed) =
                (unique, is_shared, is_witnessed);
            return None;
        }
        let shipment = &self.shipments[slot];
        let before = match shipment.is_shared {
            true => self.parcel_before(slot, new),
            false => shipment.record,
        };
        if self.histories.insert(&mut self.shipments[slot].run, *new, &self.senses)
            == Insertion::Full
        {
            return None;
        }
        let entries = self.lend_entries(slot);
        let shipment = &mut self.shipments[slot];
        let dictionary = Dictionary { senses: &self.senses, texts: &self.texts };
        let reading = &mut self.reading;
        if shipment.is_shared {
            reading.find_parcels(&entries);
            let newest = Scope::Parcel(reading.parcels().len() - 1);
            reading.read(&entries, dictionary, newest);
            shipment.record = reading.record(shipment.base_epoch, newest);
        }
        let scope = match shipment.is_shared {
            true => Scope::Parcel(facts::parcel_of(new, reading.parcels())),
            false => Scope::Whole,
        };
        reading.read(&entries, dictionary, scope);
        let after = reading.record(shipment.base_epoch, scope);
        if scope == Scope::Whole {
            shipment.record = after;
        }
        let index = entries.iter().rposition(|it| it == new).expect("it was just put in");
        self.read_index = index;
        let is_last = reading.is_last_fact(index);
        self.entries_scratch = entries;
        // The parcel's number may have changed because an older one turned up.
        let is_first = shipment.is_shared && before.epoch == 0;
        let epoch = match scope {
            Scope::Parcel(_) if !is_first => after.epoch,
            _ => before.epoch,
        };
        Some(Turn {
            before: Record { epoch, ..before },
            after,
            is_last,
            retracts: new.is_retraction(),
        })
    }

    /// One parcel, one source: the record takes a step, or is folded again.
    fn take_plain(&mut self, slot: usize, new: &Entry) -> Option<Turn> {
        let before = self.shipments[slot].record;
        self.begin_behind_seal(slot);
        let shipment = &mut self.shipments[slot];
        let insertion = self.histories.insert(&mut shipment.run, *new, &self.senses);
        match insertion {
            Insertion::Full => return None,
            Insertion::Last => {
                fold::step(&mut shipment.record, &facts::fact(new, &self.senses));
            }
            Insertion::Between(at) if LONG_EVENTS < shipment.run.len() => {
                let of = (shipment.key, shipment.base_epoch, shipment.run);
                shipment.record = self.long.record(of, at, &self.histories, &self.senses);
            }
            Insertion::Between(_) => {
                let facts = facts::facts(self.histories.entries(shipment.run), &self.senses);
                shipment.record = fold::fold(shipment.base_epoch, facts);
                self.entries_read += shipment.run.len() as u64;
            }
        }
        let is_last = insertion == Insertion::Last;
        Some(Turn { before, after: shipment.record, is_last, retracts: false })
    }

    /// Notes whether the number stands for several parcels, and whether several witnesses may speak of
    /// one thing.
    fn tell_apart(&mut self, slot: usize, new: &Entry, has_twin: bool) {
        let shipment = &mut self.shipments[slot];
        if new.unique != 0 && shipment.unique == 0 {
            shipment.unique = new.unique;
        }
        shipment.is_shared |= new.unique != 0 && shipment.unique != new.unique;
        let feed = |entry: &Entry| self.senses.get(entry.sense).feed;
        let is_other =
            |other: &Entry| feed(other) != feed(new) || other.precision() != new.precision();
        // All entries so far are alike, else it is noted already; so the first stands for all.
        let first = self.histories.entries(shipment.run).next();
        let is_hearsay = self.senses.get(new.sense).flags.has(EventFlags::HEARSAY);
        shipment.is_witnessed |= has_twin
            || new.is_retraction()
            || is_hearsay
            || first.is_some_and(|first| is_other(&first));
    }

    /// Several parcels share the number: the record of the new entry's parcel before it came.
    fn parcel_before(&mut self, slot: usize, new: &Entry) -> Record {
        let entries = self.lend_entries(slot);
        let reading = &mut self.reading;
        reading.find_parcels(&entries);
        let parcels = reading.parcels();
        let is_known = new.unique == 0 || parcels.iter().any(|it| it.unique == new.unique);
        let mut record = Record::default();
        if !parcels.is_empty() && is_known {
            let scope = Scope::Parcel(facts::parcel_of(new, parcels));
            let dictionary = Dictionary { senses: &self.senses, texts: &self.texts };
            reading.read(&entries, dictionary, scope);
            record = reading.record(self.shipments[slot].base_epoch, scope);
        }
        self.entries_scratch = entries;
        record
    }

    /// Which occurrence of the same thing in its epoch this is, from 1.
    pub(super) fn episode(&mut self, slot: usize, difference: &Difference<'_>, said: &Said) -> u16 {
        let (before, after) = (difference.before, difference.after);
        let shipment = &self.shipments[slot];
        let is_plain = !shipment.is_shared && !shipment.is_witnessed;
        let is_only = is_plain && difference.is_last;
        let counted = match said.kind {
            ChangeKind::Milestone => {
                let is_first = before.epoch != after.epoch || !before.seen.contains(said.milestone);
                if is_first && is_only {
                    return 1;
                }
                Counted::Steps(said.milestone)
            }
            ChangeKind::Correction if is_only => return u16::from(after.corrections),
            ChangeKind::Correction => Counted::Corrections,
            ChangeKind::ExceptionOpened if is_plain && after.exception_count == 1 => return 1,
            ChangeKind::ExceptionOpened | ChangeKind::ExceptionResolved => {
                Counted::Openings(said.exception)
            }
            ChangeKind::EtaChanged | ChangeKind::Order => return 1,
        };
        if is_plain && LONG_EVENTS < shipment.run.len() {
            debug_assert!(after.epoch == shipment.record.epoch);
            let of = (shipment.key, shipment.base_epoch, shipment.run);
            return self.long.times(of, counted, &self.histories, &self.senses).max(1);
        }
        if is_plain {
            self.entries_read += shipment.run.len() as u64;
            let facts = facts::facts(self.histories.entries(shipment.run), &self.senses);
            return facts::times(shipment.base_epoch, facts, Some(after.epoch), counted).max(1);
        }
        let epoch = (!shipment.is_shared).then_some(after.epoch);
        let epochs = (shipment.base_epoch, epoch);
        let entries = self.lend_entries(slot);
        let episode = self.reading.episode(&entries, &self.senses, epochs, counted);
        self.entries_scratch = entries;
        episode
    }
}
