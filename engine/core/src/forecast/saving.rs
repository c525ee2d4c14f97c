//! The forecast as pages of a snapshot, beside the running engine: see [`crate::snapshot`].
//!
//! # Method
//!
//! What was learned becomes bytes at the beginning, in one go: about a tenth of a second for a
//! hundred thousand lanes. Flights are copied page by page, as orders are.

use std::sync::Arc;

use crossdock_eta::{Estimator, State};

use super::flight::Flight;
use super::{Forecast, ForecastOptions};
use crate::snapshot::bytes::{Flaw, Source};
use crate::snapshot::{Cursor, kind, put_row, rows};

/// What the forecast remembers while it is saved.
#[derive(Debug, Default)]
pub(super) struct Saving {
    slots: Cursor,
    /// Flights that changed or left before their turn.
    ahead: Vec<u8>,
    /// What was learned, until it is pages.
    learned: Vec<u8>,
    learned_at: usize,
    sum: u64,
    is_active: bool,
}

impl Forecast {
    /// Begins a snapshot of the state as it is now. One that was under way is given up.
    pub fn begin_saving(&mut self) {
        let mut learned = self.learned_hash.to_le_bytes().to_vec();
        learned.extend_from_slice(&self.estimator.state().to_bytes());
        let sum = self.state_hash();
        let saving = &mut self.saving;
        saving.slots.begin(self.flights.len());
        saving.ahead.clear();
        (saving.learned, saving.learned_at) = (learned, 0);
        saving.sum = sum;
        saving.is_active = true;
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
        let Saving { learned, learned_at, .. } = &mut self.saving;
        if *learned_at < learned.len() {
            let end = learned.len().min(*learned_at + size.max(1));
            page.extend_from_slice(&learned[*learned_at..end]);
            *learned_at = end;
            if end == learned.len() {
                *learned = Vec::new();
                *learned_at = 0;
            }
            return Some(kind::LEARNED);
        }
        core::mem::swap(page, &mut self.saving.ahead);
        // Ends: every turn copies a flight.
        while page.len() < size
            && let Some(slot) = self.saving.slots.advance()
        {
            // A slot behind the end was copied ahead when its flight left.
            if let Some(flight) = self.flights.get(slot) {
                put_row(page, |out| flight.put(&self.texts, out));
            }
        }
        self.saving.is_active = !page.is_empty();
        self.saving.is_active.then_some(kind::FLIGHTS)
    }

    /// A slot is about to change: where a snapshot still wants it as it is, it is copied now.
    pub(super) fn save_ahead(&mut self, slot: usize) {
        if self.saving.is_active && self.saving.slots.is_wanted(slot) {
            let flight = &self.flights[slot];
            put_row(&mut self.saving.ahead, |out| flight.put(&self.texts, out));
        }
    }
}

/// Makes a forecast from the pages of a snapshot.
#[derive(Debug, Default)]
pub struct Loader {
    learned: Vec<u8>,
    flights: Vec<u8>,
}

impl Loader {
    /// Takes a page, in the order in which pages were saved; other kinds are passed over.
    pub fn page(&mut self, kind: u32, page: &[u8]) {
        match kind {
            kind::LEARNED => self.learned.extend_from_slice(page),
            kind::FLIGHTS => self.flights.extend_from_slice(page),
            _ => {}
        }
    }

    /// The forecast.
    ///
    /// # Errors
    ///
    /// The pages say what can't be, or the settings have changed since in a way that takes the meaning
    /// from what was learned.
    pub fn finish(self, options: Arc<ForecastOptions>) -> Result<Forecast, Flaw> {
        let mut forecast = Forecast::new(options);
        if !self.learned.is_empty() {
            let mut source = Source::new(&self.learned, "what was learned of arrivals");
            forecast.learned_hash = source.u64()?;
            let rest = source.take(source.len())?;
            let restored = State::from_bytes(rest)
                .and_then(|state| {
                    Estimator::restored(forecast.options.declared.settings.clone(), &state)
                })
                .map_err(|error| source.flaw(error.to_string()))?;
            forecast.estimator = restored;
        }
        rows(&self.flights, |mut row| {
            let flight = Flight::take(&mut row, &mut forecast.texts)?;
            if forecast.slot_of(flight.key).is_some() || !row.is_empty() {
                return Err(row.flaw("a shipment under way stands in it twice, or is too long"));
            }
            let slot = forecast.put(flight);
            forecast.close(slot);
            forecast.arm(slot);
            Ok(())
        })?;
        Ok(forecast)
    }
}
