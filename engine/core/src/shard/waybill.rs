//! What a document says of a shipment beside its events reaches the rules.
//!
//! # Place
//!
//! Before the events of the document are applied. At an event `rules` notes it once more, for the event may begin another
//! use of the number, or an earlier beginning of this one.
//!
//! # Holds
//!
//! - What rules already see wakes none of them, and what is known as it is changes no state.

use super::Shard;
use crate::batch::{Batch, Group};
use crate::output::Output;
use crate::watch::waybills::News;
use crate::waybill::Said;

impl Shard {
    /// Takes in what a document says; asks the rules where they see something else then.
    pub(super) fn take_in(
        &mut self,
        batch: &Batch,
        group: &Group,
        slot: usize,
        said: &Said,
        out: &mut Output,
    ) {
        let at = batch.age_of(group);
        let first_at = self.shipments[slot].record.first_at;
        let Some(watch) = &self.watch else { return };
        let news = watch.news_of(slot, said, at, first_at);
        if news == News::None {
            return;
        }
        self.open(slot);
        if let Some(watch) = &mut self.watch {
            watch.note_said(slot, said, at);
        }
        if news == News::Seen {
            let eta = self.estimates.get(self.shipments[slot].estimate).eta;
            self.ask_without_event(group, slot, &eta, true, out);
        }
    }
}
