//! The order book as pages of a snapshot, beside the running engine: see [`crate::snapshot`].

use super::{ORDER_SIZE, OrderBook, put};
use crate::snapshot::bytes::{Flaw, Source};
use crate::snapshot::{Cursor, kind};

/// What the book remembers while it is saved.
#[derive(Debug, Default)]
pub(super) struct Saving {
    slots: Cursor,
    /// Orders that changed before their turn.
    ahead: Vec<u8>,
    sum: u64,
    is_active: bool,
}

impl OrderBook {
    /// Begins a snapshot of the orders as they are now. One that was under way is given up.
    pub fn begin_saving(&mut self) {
        self.saving.slots.begin(self.orders.len());
        self.saving.ahead.clear();
        self.saving.sum = self.state_hash;
        self.saving.is_active = true;
    }

    /// True while there are pages to come.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        self.saving.is_active
    }

    /// The state hash at the beginning of the newest snapshot.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.saving.sum
    }

    /// Fills `page` with about `size` bytes of one kind of section, and says which. `None` when the
    /// snapshot is complete, or none was begun.
    pub fn save(&mut self, page: &mut Vec<u8>, size: usize) -> Option<u32> {
        page.clear();
        if !self.saving.is_active {
            return None;
        }
        core::mem::swap(page, &mut self.saving.ahead);
        // Ends: every turn copies an order.
        while page.len() < size
            && let Some(slot) = self.saving.slots.advance()
        {
            self.put_row(slot, page);
        }
        self.saving.is_active = !page.is_empty();
        self.saving.is_active.then_some(kind::ORDERS)
    }

    /// A slot is about to change: where a snapshot still wants it as it is, it is copied now.
    pub(super) fn save_ahead(&mut self, slot: usize) {
        if self.saving.is_active && self.saving.slots.is_wanted(slot) {
            let mut ahead = core::mem::take(&mut self.saving.ahead);
            self.put_row(slot, &mut ahead);
            self.saving.ahead = ahead;
        }
    }

    fn put_row(&self, slot: usize, page: &mut Vec<u8>) {
        let (key, order) = &self.orders[slot];
        let mut bytes = [0; ORDER_SIZE];
        put(*key, order, &mut bytes);
        page.extend_from_slice(&bytes);
    }

    /// Takes a page that was saved.
    ///
    /// # Errors
    ///
    /// It is cut short, or says what can't be.
    pub fn take_page(&mut self, page: &[u8]) -> Result<(), Flaw> {
        let mut source = Source::new(page, "a page of orders");
        let mut bytes = [0; ORDER_SIZE];
        while !source.is_empty() {
            bytes.copy_from_slice(source.take(ORDER_SIZE)?);
            if !self.take_row(&bytes) {
                return Err(source.flaw("an order stands in it twice, or in no state"));
            }
        }
        Ok(())
    }
}
