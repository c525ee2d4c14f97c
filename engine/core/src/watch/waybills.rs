//! The waybills of a shard's shipments: beside them, for few have one.
//!
//! # Place
//!
//! `shard/rules` notes what documents say; rules read it. See [`crate::waybill`].
//!
//! # Method
//!
//! A table by slot. What most shipments have is one piece, and that is a mark of the shipment itself. Who has a row says so in a
//! mark as well, so that nobody else is looked for.
//!
//! # Holds
//!
//! - What is older than the first event of this use of the number is of an earlier one.

use crossdock_model::milestone::Milestone;
use crossdock_model::record::{Record, Seconds};
use crossdock_rules::rule::facts::Shipment;
use crossdock_rules::rule::field::FieldId;
use hashbrown::HashTable;

use super::Watch;
use crate::say::SEPARATOR;
use crate::waybill::{self, Said, Waybill};

/// Where the postal code stands in a place in words.
const POSTAL: usize = 2;

/// Waybills by slot.
#[derive(Debug, Default)]
pub struct Waybills {
    rows: HashTable<(u32, Waybill)>,
}

fn hash(slot: u32) -> u64 {
    // Slots are dense; Fibonacci's constant spreads them over the high bits, which the table takes first.
    u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).expect("a slot is 32 bits")
}

impl Waybills {
    /// The waybill of a slot; of none, one that says nothing.
    #[must_use]
    pub fn get(&self, slot: usize) -> Waybill {
        let slot = number(slot);
        self.rows.find(hash(slot), |row| row.0 == slot).map_or_else(Waybill::default, |row| row.1)
    }

    /// Replaces the waybill of a slot.
    pub fn set(&mut self, slot: usize, waybill: Waybill) {
        let slot = number(slot);
        let entry = self.rows.entry(hash(slot), |row| row.0 == slot, |row| hash(row.0));
        entry.insert((slot, waybill));
    }

    /// Nothing is known of a slot any more.
    pub fn release(&mut self, slot: usize) {
        let slot = number(slot);
        if let Ok(entry) = self.rows.find_entry(hash(slot), |row| row.0 == slot) {
            entry.remove();
        }
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.rows.allocation_size()
    }
}

/// What a document would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// How new it is, and nothing that rules see.
    Age,
    /// What rules see.
    Seen,
}

impl Watch {
    /// What a document as new as `at` would change of a shipment whose use of the number begins at `first_at`.
    #[must_use]
    pub fn news_of(&self, slot: usize, said: &Said, at: Seconds, first_at: Seconds) -> News {
        let ship = &self.ships[slot];
        if at < first_at {
            return News::None;
        }
        if said.is_single() && !ship.is_single {
            return News::Seen;
        }
        if !said.has_more() {
            return News::None;
        }
        let before = self.waybill(slot);
        let mut after = before;
        after.join(said, at);
        if after == before {
            News::None
        } else if after.shows_as(&before) {
            News::Age
        } else {
            News::Seen
        }
    }

    /// Takes in what a document says that is news.
    pub fn note_said(&mut self, slot: usize, said: &Said, at: Seconds) {
        self.ships[slot].is_single |= said.is_single();
        if !said.has_more() {
            return;
        }
        let mut waybill = self.waybill(slot);
        waybill.join(said, at);
        self.set_waybill(slot, waybill);
    }

    /// Keeps the postal codes of both ends, where a rule asks for them: places as in a batch. What was said first stays.
    pub fn note_postal(&mut self, slot: usize, way: &str, place: &str) {
        let fields = [FieldId::OriginPostal, FieldId::DestinationPostal];
        if !fields.iter().any(|field| self.set.reads(*field)) {
            return;
        }
        let mut waybill = self.waybill(slot);
        let before = waybill.postal;
        for (end, text) in [place, way].into_iter().enumerate() {
            let code = text.split(SEPARATOR).nth(POSTAL).unwrap_or("");
            if waybill.postal_text(end).is_none() {
                waybill.postal[end] = waybill::postal(code);
            }
        }
        if waybill.postal != before {
            self.set_waybill(slot, waybill);
        }
    }

    /// The waybill of a shipment; of most, one that says nothing.
    #[must_use]
    pub fn waybill(&self, slot: usize) -> Waybill {
        match self.ships[slot].has_waybill {
            true => self.waybills.get(slot),
            false => Waybill::default(),
        }
    }

    /// Replaces the waybill of a shipment.
    pub fn set_waybill(&mut self, slot: usize, waybill: Waybill) {
        self.waybills.set(slot, waybill);
        self.ships[slot].has_waybill = true;
    }

    /// Another use of the number begins, or none.
    pub fn forget_waybill(&mut self, slot: usize) {
        let ship = &mut self.ships[slot];
        if ship.has_waybill {
            self.waybills.release(slot);
        }
        (ship.has_waybill, ship.is_single) = (false, false);
    }

    /// What rules see of a shipment's waybill; gives it for its texts.
    pub fn show_waybill(&self, slot: usize, record: &Record, about: &mut Shipment) -> Waybill {
        let ship = &self.ships[slot];
        let waybill = self.waybill(slot);
        about.pieces = u16::from(ship.is_single);
        if ship.has_waybill {
            waybill.show(about);
        }
        if about.pieces == 1 && about.pieces_delivered.is_none() {
            // Of one piece the milestone tells.
            about.pieces_delivered = Some(u16::from(record.milestone == Milestone::Delivered));
        }
        waybill
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waybill::postal;

    #[test]
    fn rows_are_found_by_their_slot_and_leave() {
        let mut waybills = Waybills::default();
        let of = |text: &str| {
            let mut waybill = Waybill::default();
            waybill.postal.fill(postal(text));
            waybill
        };
        for slot in 0..1000 {
            waybills.set(slot * 7, of(&slot.to_string()));
        }
        waybills.set(7, of("again"));
        waybills.release(14);
        waybills.release(14);
        assert_eq!(waybills.get(0), of("0"));
        assert_eq!(waybills.get(7), of("again"));
        assert_eq!(waybills.get(14), Waybill::default());
        assert_eq!(waybills.get(999 * 7), of("999"));
        assert_eq!(waybills.get(1), Waybill::default());
        assert!(100 * 999 < waybills.memory_size());
    }
}
