//! What happens around every change of a shipment: its hash before and after.
//!
//! # Place
//!
//! Whoever is about to change a slot calls `open` first; at the end of the group `close` takes the
//! difference. A slot may be opened any number of times before it is closed.

use super::Shard;
use crate::aliases;
use crate::entry::Entry;
use crate::state_hash;

impl Shard {
    /// The hash of all state: see [`crate::state_hash`].
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.state_hash
    }

    /// Must be called before anything of a slot changes. One slot is open at a time.
    pub(super) fn open(&mut self, slot: usize) {
        if let Some((opened, _)) = self.opened {
            assert!(opened == slot, "one slot is open at a time");
            return;
        }
        self.save_ahead(slot);
        self.opened = Some((slot, self.slot_hash(slot)));
    }

    /// A new slot: there is nothing before it.
    pub(super) fn open_new(&mut self, slot: usize) {
        assert!(self.opened.is_none());
        self.opened = Some((slot, 0));
    }

    /// Ends what `open` began; nothing where nothing was opened.
    pub(super) fn close(&mut self) {
        let Some((slot, before)) = self.opened.take() else { return };
        let after = self.slot_hash(slot);
        self.state_hash = self.state_hash.wrapping_sub(before).wrapping_add(after);
    }

    /// An entry was added to a history.
    pub(super) fn add_entry_hash(&mut self, slot: usize, entry: &Entry) {
        let key = self.shipments[slot].key;
        let hash = state_hash::of_entry(key, entry, self.senses.get(entry.sense));
        self.state_hash = self.state_hash.wrapping_add(hash);
    }

    fn slot_hash(&mut self, slot: usize) -> u64 {
        let shipment = &self.shipments[slot];
        if shipment.is_vacant {
            return 0;
        }
        let order = self.texts.get(shipment.order);
        let scratch = &mut self.bytes_scratch;
        let estimate = self.estimates.get(shipment.estimate);
        let aliases = aliases::hash(shipment.key, self.aliases.get(slot));
        let hash = state_hash::of_shipment(shipment, &estimate, order, scratch);
        let hash = hash.wrapping_add(aliases);
        let Some(watch) = &self.watch else { return hash };
        scratch.clear();
        watch.put_ship(slot, scratch);
        hash.wrapping_add(state_hash::of_rules(shipment.key, scratch))
    }
}
