//! A shard as the pages of a snapshot, and a shard made from rows.

use super::{Shard, ShardOptions};
use crate::entry::Entry;
use crate::shipment::Shipment;
use crate::snapshot::bytes::{Flaw, Source, put_text};
use crate::snapshot::table::put_sense;
use crate::snapshot::{self, ENTRY_SIZE, Saving, Tables, kind, part};
use crate::state_hash;
use crate::watch::Watch;
use crossdock_model::id::ShipmentKey;

impl Shard {
    /// Begins a snapshot of the state as it is now. One that was under way is given up.
    pub fn begin_saving(&mut self) {
        assert!(self.opened.is_none(), "a snapshot begins between two turns");
        let Saving { slots, ahead, texts, senses, rules, sums, is_active } = &mut self.saving;
        rules.clear();
        if let Some(watch) = &self.watch {
            watch.put_shared(&self.feed_names, rules);
        }
        slots.begin(self.shipments.len());
        ahead.clear();
        // Text 0 is the empty one; it is written, so that numbers are places.
        *texts = (0, self.texts.count());
        *senses = (0, self.senses.count());
        *sums = (self.state_hash, self.shipments.len());
        *is_active = true;
    }

    /// State hash and number of shipments at the beginning of the newest snapshot.
    #[must_use]
    pub fn saved(&self) -> (u64, usize) {
        self.saving.sums
    }

    /// True while there are pages to come.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        self.saving.is_active
    }

    /// Fills `page` with about `size` bytes of one kind of section, and says which. `None` when the
    /// snapshot is complete, or none was begun.
    pub fn save(&mut self, page: &mut Vec<u8>, size: usize) -> Option<u32> {
        page.clear();
        if !self.saving.is_active {
            return None;
        }
        if !self.saving.rules.is_empty() {
            core::mem::swap(page, &mut self.saving.rules);
            return Some(kind::RULES);
        }
        core::mem::swap(page, &mut self.saving.ahead);
        // Ends: every turn copies a slot.
        while page.len() < size
            && let Some(slot) = self.saving.slots.advance()
        {
            self.put_row(slot, page);
        }
        if !page.is_empty() {
            return Some(kind::SHIPMENTS);
        }
        let (texts, senses) = (&mut self.saving.texts, &mut self.saving.senses);
        while page.len() < size && texts.0 < texts.1 {
            put_text(page, self.texts.get(crate::texts::TextId(texts.0 as u32)));
            texts.0 += 1;
        }
        if !page.is_empty() {
            return Some(kind::TEXTS);
        }
        while page.len() < size && senses.0 < senses.1 {
            put_sense(page, self.senses.get(crate::senses::SenseId(senses.0 as u32)));
            senses.0 += 1;
        }
        if !page.is_empty() {
            return Some(kind::SENSES);
        }
        self.saving.is_active = false;
        None
    }

    /// A slot is about to change: where a snapshot still wants it as it is, it is copied now.
    pub(super) fn save_ahead(&mut self, slot: usize) {
        if self.saving.is_active && self.saving.slots.is_wanted(slot) {
            let mut ahead = core::mem::take(&mut self.saving.ahead);
            self.put_row(slot, &mut ahead);
            self.saving.ahead = ahead;
        }
    }

    /// Everything of one shipment.
    fn put_row(&self, slot: usize, out: &mut Vec<u8>) {
        let shipment = &self.shipments[slot];
        if shipment.is_vacant {
            return;
        }
        snapshot::put_row(out, |out| {
            shipment.put(&self.estimates.get(shipment.estimate), out);
            let (owner, number) = self.numbers.get(shipment.number);
            put_text(out, owner);
            put_text(out, number);
            out.extend_from_slice(&shipment.order.0.to_le_bytes());
            snapshot::put_part(out, part::HISTORY, |out| {
                for entry in self.histories.entries(shipment.run) {
                    out.extend_from_slice(&entry.contents());
                    for number in [entry.sense.0, entry.text.0, entry.place.0] {
                        out.extend_from_slice(&number.to_le_bytes());
                    }
                }
            });
            let aliases = self.aliases.get(slot);
            if !aliases.is_empty() {
                snapshot::put_part(out, part::ALIASES, |out| put_text(out, aliases));
            }
            if let Some(watch) = &self.watch {
                snapshot::put_part(out, part::RULES, |out| watch.put_ship(slot, out));
            }
        });
    }

    /// Takes what rules knew beside shipments: of the first shard that saved, and of every other.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn take_shared(
        &mut self,
        page: &[u8],
        options: &ShardOptions,
        is_first: bool,
    ) -> Result<(), Flaw> {
        match &mut self.watch {
            None => {}
            Some(watch) if is_first => **watch = Watch::of_shared(page, options)?,
            Some(watch) => watch.add_shared(page, options)?,
        }
        Ok(())
    }

    /// The key of a row, which says what shard it belongs to.
    ///
    /// # Errors
    ///
    /// The row is cut short.
    pub fn key_of_row(mut row: Source<'_>) -> Result<ShipmentKey, Flaw> {
        Ok(ShipmentKey(row.u128()?))
    }

    /// Takes a shipment that was saved.
    ///
    /// # Errors
    ///
    /// The row says what can't be, or the shipment is there already.
    pub fn take_row(&mut self, mut row: Source<'_>, tables: &mut Tables<'_>) -> Result<(), Flaw> {
        let (mut shipment, estimate, entry_count) = Shipment::take(&mut row)?;
        let (owner, number) = (row.text()?, row.text()?);
        shipment.order = tables.text(row.u32()?, &mut self.texts)?;
        let key = shipment.key;
        let is_it = |slot: &u32| self.shipments[*slot as usize].key == key;
        if self.index.find(key.slot_hash(), is_it).is_some() {
            return Err(row.flaw("a shipment stands in it twice"));
        }
        let mut hash = 0_u64;
        let slot = u32::try_from(self.shipments.len()).expect("memory ends before slots do");
        if let Some(watch) = &mut self.watch {
            watch.grow(slot as usize, owner);
        }
        self.entries_scratch.clear();
        // Ends: every turn takes a part of the row.
        while let Some((number, mut source)) = snapshot::take_part(&mut row, "a part of a row")? {
            match number {
                part::HISTORY => {
                    if source.len() != entry_count * ENTRY_SIZE {
                        return Err(source.flaw(format!("not {entry_count} entries")));
                    }
                    for _ in 0..entry_count {
                        let entry = self.take_entry(&mut source, tables)?;
                        let sense = self.senses.get(entry.sense);
                        hash = hash.wrapping_add(state_hash::of_entry(key, &entry, sense));
                        self.entries_scratch.push(entry);
                    }
                }
                part::ALIASES => self.aliases.add(slot as usize, source.text()?),
                part::RULES => {
                    if let Some(watch) = &mut self.watch
                        && !source.is_empty()
                    {
                        watch.take_ship(slot as usize, &mut source)?;
                    }
                }
                other => return Err(source.flaw(format!("part {other} is not known"))),
            }
        }
        let entries = &self.entries_scratch;
        if entries.len() != entry_count {
            return Err(row.flaw(format!("not {entry_count} entries")));
        }
        shipment.run = self
            .histories
            .add(entries, &self.senses)
            .ok_or_else(|| Flaw::new("a history", "too long or not in order"))?;
        shipment.number = self.numbers.keep(owner, number);
        self.estimates.set(&mut shipment.estimate, estimate);
        self.shipments.push(shipment);
        let shipments = &self.shipments;
        self.index
            .insert_unique(key.slot_hash(), slot, |&slot| shipments[slot as usize].key.slot_hash());
        self.state_hash = self.state_hash.wrapping_add(hash);
        self.open_new(slot as usize);
        self.close();
        self.enter_calendar(slot as usize);
        Ok(())
    }

    fn take_entry(
        &mut self,
        source: &mut Source<'_>,
        tables: &mut Tables<'_>,
    ) -> Result<Entry, Flaw> {
        let mut contents = [0; 20];
        contents.copy_from_slice(source.take(20)?);
        let sense = tables.sense(source.u32()?, &mut self.senses, &mut self.texts)?;
        let text = tables.text(source.u32()?, &mut self.texts)?;
        let place = tables.text(source.u32()?, &mut self.texts)?;
        Ok(Entry::of_contents(contents, sense, text, place))
    }
}
