//! What a shard tells the forecast of a shipment: see [`crate::forecast::news`].

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::Position;
use crossdock_model::milestone::{Audience, Direction, Milestone};
use crossdock_model::record::Seconds;

use super::Shard;
use super::truth::Turn;
use crate::batch::{Batch, Group, Item, Span};
use crate::forecast::news::{self, CLASSES, Facts, NewsFlags, Told};
use crate::output::Output;
use crate::watch::moment_of;

/// What the events of one group were, as far as the forecast wants to know.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    flags: NewsFlags,
    index: u32,
    cause: u64,
    class_at: [Seconds; CLASSES],
    attempted_at: Seconds,
    place: Span,
    place_at: Seconds,
}

fn earlier(known: &mut Seconds, at: Seconds) {
    if at.is_some() && (!known.is_some() || at < *known) {
        *known = at;
    }
}

impl Gathered {
    /// A new event, at its order time.
    pub(super) fn event(&mut self, item: &Item, event: &Event, at: Seconds, turn: &Turn) {
        if event.flags.has(EventFlags::HEARSAY) {
            return;
        }
        let is_new_epoch = turn.is_last && turn.before.epoch != turn.after.epoch;
        let begins = is_new_epoch || turn.before.epoch == 0;
        if begins {
            // What was gathered belongs to the use of the number before.
            let flags =
                NewsFlags::default().with(NewsFlags::ESTIMATE, self.flags.has(NewsFlags::ESTIMATE));
            *self = Self { flags, ..Self::default() };
        }
        self.flags = self.flags.with(NewsFlags::EVENT, true).with(NewsFlags::BEGINS, begins);
        self.index = item.index;
        self.cause = event.fingerprint.0;
        let is_plain = !event.flags.has(EventFlags::UNTRUSTED_TIME)
            && !event.flags.has(EventFlags::ESTIMATE)
            && !turn.retracts
            && event.direction == Direction::Forward;
        if !is_plain {
            return;
        }
        if let Some(class) = news::class_of(event.milestone) {
            earlier(&mut self.class_at[class as usize], at);
        }
        if event.milestone == Milestone::DeliveryAttempted {
            earlier(&mut self.attempted_at, at);
        }
        let is_first = !self.place_at.is_some() || at < self.place_at;
        if !item.words.place.is_empty() && is_first {
            (self.place, self.place_at) = (item.words.place, at);
        }
    }

    /// The carrier's estimate changed.
    pub(super) fn estimate(&mut self, group: &Group) {
        self.flags = self.flags.with(NewsFlags::ESTIMATE, true);
        self.index = group.index;
    }
}

impl Shard {
    /// Tells what the group brought, where that is anything.
    pub(super) fn foretell(&mut self, batch: &Batch, group: &Group, slot: usize, out: &mut Output) {
        let gathered = core::mem::take(&mut self.gathered);
        if !self.foretells || gathered.flags == NewsFlags::default() {
            return;
        }
        let shipment = &self.shipments[slot];
        let record = &shipment.record;
        let doubtful =
            [ExceptionClass::LostSuspected, ExceptionClass::CustomsHold, ExceptionClass::Damaged];
        let is_doubtful = doubtful.into_iter().any(|class| record.open.contains(class));
        out.news.tell(&Told {
            facts: Facts {
                position: Position { seq: group.seq, index: gathered.index },
                received: group.received,
                key: shipment.key,
                cause: gathered.cause,
                epoch: record.epoch,
                flags: gathered
                    .flags
                    .with(NewsFlags::DOUBTFUL, is_doubtful)
                    .with(NewsFlags::SHARED, shipment.is_shared),
                milestone: record.milestone,
                direction: record.direction,
                class_at: gathered.class_at,
                milestone_at: record.milestone_at,
                attempted_at: gathered.attempted_at,
                delivered_at: record.delivered_at,
                carrier_at: moment_of(&self.estimates.get(shipment.estimate).eta),
            },
            tenant: batch.text(group.tenant),
            carrier: batch.text(group.carrier),
            number: batch.text(group.number),
            place: batch.text(gathered.place),
            way: batch.text(group.way),
        });
    }

    /// Who hears of the carrier's own estimate. Where the forecast speaks to the customer, the carrier's word
    /// is one of its sources and goes to operations: nobody hears two dates of one parcel.
    pub(super) fn estimate_audience(&self, slot: usize) -> Audience {
        let shipment = &self.shipments[slot];
        let record = &shipment.record;
        let is_foretold = self.foretells
            && !shipment.is_shared
            && record.corrections == 0
            && record.direction == Direction::Forward
            && (record.milestone == Milestone::Unknown
                || news::class_of(record.milestone).is_some());
        if is_foretold { Audience::Operations } else { Audience::Customer }
    }
}
