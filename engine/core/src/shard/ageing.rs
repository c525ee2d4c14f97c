//! Shipments leave: first their histories, then they themselves, by stream time.
//!
//! # Place
//!
//! `shard` lets days pass before the events of a message are applied; every shard sees every message, so
//! all of them pass the same days at the same messages.
//!
//! # Method
//!
//! ```text
//! last new event --- 45 d (closed) or 120 d (silent) ---> sealed --- 400 d ---> forgotten
//! ```
//!
//! A *sealed* shipment has given its history back. What it still knows is its record, the version and the
//! time of its newest event: everything up to there is known, so a carrier that sends the whole history
//! again says nothing new. What comes later and carries a milestone begins another use of the number. A
//! *forgotten* shipment's slot goes to the next one.
//!
//! A calendar holds every slot once, under a day at which it has to be looked at: that at which it is due, or
//! the first at which it could be if it were closed now. Looking, 45 days apart, is all it costs. Where more shipments come than there is room for, those who
//! would leave first leave at once, and that is counted.
//!
//! # Holds
//!
//! - Whether a shipment is sealed or forgotten depends on its events and stream days, not on the shards.
//! - Fingerprints are kept 45 days after the last new event at least.
//!
//! # Does not hold
//!
//! - Who leaves because the room is full depends on the shard, which knows its own shipments only.
//! - Texts stay: they are shared, and bounded by their own limit.

use std::collections::BTreeMap;

use crossdock_model::limits::{CLOSED_DAYS, FORGOTTEN_DAYS, SILENT_DAYS};
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::Micros;

use super::Shard;
use crate::history::Run;
use crate::shipment::Shipment;
use crate::state_hash;

const DAY_SECONDS: u32 = 86_400;

/// Days at which slots have to be looked at.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    /// The stream day that all shipments have passed.
    today: u32,
    days: BTreeMap<u32, Vec<u32>>,
    /// Slots of forgotten shipments.
    free: Vec<u32>,
    /// Emptied lists of days, to be filled again.
    spare: Vec<Vec<u32>>,
}

impl Calendar {
    /// Slots that nobody has.
    pub(super) fn free_count(&self) -> usize {
        self.free.len()
    }

    /// A slot of a forgotten shipment.
    pub(super) fn take_free(&mut self) -> Option<u32> {
        self.free.pop()
    }

    /// Bytes taken from the allocator, the tree aside.
    pub(super) fn memory_size(&self) -> usize {
        let lists = self.days.values().chain(&self.spare).chain([&self.free]);
        lists.map(|list| 4 * list.capacity()).sum()
    }

    fn put(&mut self, slot: u32, day: u32) {
        let spare = &mut self.spare;
        self.days.entry(day).or_insert_with(|| spare.pop().unwrap_or_default()).push(slot);
    }
}

impl Shipment {
    /// Its history was given back, and nothing came since.
    pub(super) fn is_sealed(&self) -> bool {
        self.run.is_empty() && self.sealed_at.is_some()
    }

    /// The first day at which it is sealed, or forgotten where it is sealed already.
    fn due_day(&self) -> u32 {
        let days = if self.is_sealed() {
            FORGOTTEN_DAYS
        } else if self.record.milestone.is_terminal() {
            CLOSED_DAYS
        } else {
            SILENT_DAYS
        };
        (self.active_at.0 / DAY_SECONDS).saturating_add(1).saturating_add(days)
    }

    /// When it has to be looked at next: no news of today or later can make it due before.
    fn look_day(&self, today: u32) -> u32 {
        self.due_day().min(today + 1 + CLOSED_DAYS).max(today + 1)
    }
}

impl Shard {
    /// Lets days pass up to that of a message.
    pub(super) fn pass_days(&mut self, received: Micros) {
        let day = Seconds::from_micros(received).0 / DAY_SECONDS;
        if day <= self.calendar.today {
            return;
        }
        self.calendar.today = day;
        // Ends: what is put back is put under a later day.
        while let Some(entry) = self.calendar.days.first_entry()
            && *entry.key() <= day
        {
            let mut slots = entry.remove();
            for slot in slots.drain(..) {
                self.look_at(slot, day);
            }
            self.calendar.spare.push(slots);
        }
    }

    fn look_at(&mut self, slot: u32, day: u32) {
        let index = slot as usize;
        if self.shipments[index].due_day() <= day {
            // Without a history there is nothing to seal.
            if self.shipments[index].run.is_empty() {
                self.forget(slot);
                self.tally.forgotten += 1;
                return;
            }
            self.seal(index);
        }
        let next = self.shipments[index].look_day(day);
        self.calendar.put(slot, next);
    }

    /// A new shipment gets its place in the calendar.
    pub(super) fn enter_calendar(&mut self, slot: usize) {
        let slot = u32::try_from(slot).expect("a slot is 32 bits");
        let next = self.shipments[slot as usize].look_day(self.calendar.today);
        self.calendar.put(slot, next);
    }

    /// Makes room for one more shipment where there is none: whoever would leave first leaves now.
    pub(super) fn make_room(&mut self) {
        if self.shipment_count() < self.shipments_max {
            return;
        }
        // Ends: a slot is forgotten, or put under a later day than it stood under.
        while let Some(mut entry) = self.calendar.days.first_entry() {
            let day = *entry.key();
            let Some(slot) = entry.get_mut().pop() else {
                let empty = entry.remove();
                self.calendar.spare.push(empty);
                continue;
            };
            let due = self.shipments[slot as usize].due_day();
            if due <= day {
                self.forget(slot);
                self.tally.evicted += 1;
                return;
            }
            self.calendar.put(slot, due);
        }
    }

    /// Gives the history of a shipment back.
    fn seal(&mut self, slot: usize) {
        self.open(slot);
        self.drop_history(slot);
        self.close();
        self.tally.sealed += 1;
    }

    fn drop_history(&mut self, slot: usize) {
        let Shipment { key, run, .. } = self.shipments[slot];
        let mut newest = Seconds::NEVER;
        for entry in self.histories.entries(run) {
            newest = entry.order;
            let hash = state_hash::of_entry(key, &entry, self.senses.get(entry.sense));
            self.state_hash = self.state_hash.wrapping_sub(hash);
        }
        self.histories.release(run);
        let shipment = &mut self.shipments[slot];
        shipment.run = Run::default();
        shipment.sealed_at = shipment.sealed_at.max(newest);
        shipment.base_epoch = shipment.record.epoch;
        shipment.unique = 0;
        shipment.is_shared = false;
        shipment.is_witnessed = false;
    }

    /// Ends a shipment: nothing is known of its number any more.
    fn forget(&mut self, slot: u32) {
        let index = slot as usize;
        self.open(index);
        self.drop_history(index);
        let Shipment { key, number, estimate, .. } = self.shipments[index];
        self.numbers.release(number);
        self.estimates.release(estimate);
        self.aliases.release(index);
        let found = self.index.find_entry(key.slot_hash(), |&it| it == slot);
        let (_, _) = found.expect("a shipment stands in the index").remove();
        if let Some(watch) = &mut self.watch {
            watch.forget(index);
        }
        self.shipments[index] = Shipment { is_vacant: true, ..Shipment::blank(key) };
        self.close();
        self.calendar.free.push(slot);
    }

    /// What the record is before the first event behind a seal: nothing of another use of the number.
    pub(super) fn begin_behind_seal(&mut self, slot: usize) {
        let shipment = &mut self.shipments[slot];
        if shipment.is_sealed() {
            shipment.record = Record { epoch: shipment.base_epoch, ..Record::default() };
        }
    }
}
