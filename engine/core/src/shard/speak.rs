//! What a shard says: changes of an event, the carrier's estimate, events that no history has room for.
//!
//! # Place
//!
//! `shard` (record before and after) -> **`speak`** ([`say`] finds the differences) -> `Output`.
//!
//! # Method
//!
//! A change is decided with its event and written some events later, many at a time: what decides and what writes are too much
//! code for the first cache of a processor together, and fit it one after the other. What can change in between (other
//! numbers, sources) is written at once.
//!
//! # Holds
//!
//! - Every change takes the next version of its shipment, in the order in which it is said.

use crossdock_model::change::{Change, ChangeKind};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::Position;
use crossdock_model::limits::DEAD_LETTER_PAYLOAD_BYTES_MAX;
use crossdock_model::milestone::Milestone;
use crossdock_model::reject::Reject;
use crossdock_model::time::{EventTime, Micros};

use super::{Cause, Shard};
use crate::batch::{Batch, Group, Item, Span, Words};
use crate::dead_letter::{self, DeadLetter};
use crate::entry::{self, Entry};
use crate::output::{MessageKind, Output};
use crate::say::{self, Difference, Said, Statement};
use crate::texts::TextId;
use crate::under_way::UnderWay;

/// At most one correction, one milestone, and each exception class once.
const SAID_MAX: usize = 2 + ExceptionClass::ALL.len();

/// Changes that wait to be written, at most.
const UNWRITTEN_MAX: usize = 64;

/// A change that was decided: its place among the messages is taken, its bytes come later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unwritten {
    /// Its message in the output.
    place: usize,
    change: Change,
    owner: u64,
    tenant: Span,
    carrier: Span,
    number: Span,
    words: Words,
    word_ids: Option<[TextId; 3]>,
    order: TextId,
    received: Micros,
    /// Fingerprint of the event.
    cause: u64,
}

impl Shard {
    /// Says what an event changed; gives how many changes that were.
    pub(super) fn say(
        &mut self,
        cause: &Cause<'_>,
        slot: usize,
        difference: &Difference<'_>,
        out: &mut Output,
    ) -> usize {
        let mut all = [None; SAID_MAX];
        let mut count = 0;
        say::differences(difference, |said| {
            assert!(count < SAID_MAX);
            all[count] = Some(said);
            count += 1;
        });
        for said in all.iter().take(count).flatten() {
            self.say_one(cause, slot, difference, said, out);
        }
        count
    }

    fn say_one(
        &mut self,
        cause: &Cause<'_>,
        slot: usize,
        difference: &Difference<'_>,
        said: &Said,
        out: &mut Output,
    ) {
        let episode = self.episode(slot, difference, said);
        let event = &cause.item.event;
        let after = difference.after;
        let shipment = &mut self.shipments[slot];
        shipment.version += 1;
        let label = if shipment.is_shared && cause.group.unique != 0 {
            u32::from(cause.group.unique) | 0x8000_0000
        } else {
            u32::from(after.epoch)
        };
        let (detail, reason) = say::words_of(said, event.detail, event.reason);
        let change = Change {
            id: say::change_id(shipment.key, label, said, episode),
            kind: said.kind,
            audience: said.audience,
            epoch: after.epoch,
            version: shipment.version,
            milestone: said.milestone,
            previous: said.previous,
            detail,
            exception: said.exception,
            reason,
            party: event.party,
            direction: after.direction,
            episode,
            at: entry::believed_time(event),
            feed: event.feed,
            position: Position { seq: cause.group.seq, index: cause.item.index },
        };
        self.write(cause, slot, change, None, out);
    }

    fn write(
        &mut self,
        cause: &Cause<'_>,
        slot: usize,
        change: Change,
        eta: Option<(EventTime, EventTime)>,
        out: &mut Output,
    ) {
        self.tally.changes[change.kind as usize] += 1;
        let kind = MessageKind::Change { kind: change.kind, id: change.id };
        let place = out.reserve(change.position, kind, cause.group.received.get().unwrap_or(0));
        let words = if cause.entry.is_some() { cause.item.words } else { Words::default() };
        let unwritten = Unwritten {
            place,
            change,
            owner: cause.group.owner,
            tenant: cause.group.tenant,
            carrier: cause.group.carrier,
            number: cause.group.number,
            words,
            word_ids: cause.entry.and_then(|entry| self.word_ids(&entry, &words)),
            order: self.shipments[slot].order,
            received: cause.group.received,
            cause: cause.item.event.fingerprint.0,
        };
        let is_witnessed = self.shipments[slot].is_witnessed && cause.entry.is_some();
        if is_witnessed || eta.is_some() || !self.aliases.get(slot).is_empty() {
            self.sources.clear();
            if is_witnessed {
                self.find_sources(slot);
            }
            self.write_one(cause.batch, &unwritten, Some(slot), eta, out);
        } else {
            self.unwritten.push(unwritten);
        }
    }

    /// Every feed that reports what was read last of a shipment with several witnesses.
    fn find_sources(&mut self, slot: usize) {
        let entries = self.lend_entries(slot);
        let sources = &mut self.sources;
        let visit = |feed| sources.push(feed);
        self.reading.sources(&entries, &self.senses, self.read_index, visit);
        self.entries_scratch = entries;
    }

    /// Writes what was decided and waits to be written, once that is much.
    pub(super) fn write_many(&mut self, batch: &Batch, out: &mut Output) {
        if UNWRITTEN_MAX <= self.unwritten.len() {
            self.write_all(batch, out);
        }
    }

    /// Writes all that was decided and waits to be written.
    pub(super) fn write_all(&mut self, batch: &Batch, out: &mut Output) {
        let mut all = core::mem::take(&mut self.unwritten);
        self.sources.clear();
        for unwritten in all.drain(..) {
            self.write_one(batch, &unwritten, None, None, out);
        }
        self.unwritten = all;
    }

    /// Writes one change; `slot` where the shipment may have other numbers.
    fn write_one(
        &mut self,
        batch: &Batch,
        unwritten: &Unwritten,
        slot: Option<usize>,
        eta: Option<(EventTime, EventTime)>,
        out: &mut Output,
    ) {
        let Unwritten { place, change, words, .. } = *unwritten;
        // Where this panics, the message that caused the change is to blame, not the one that was applied last.
        self.under_way = UnderWay::Message(change.position.seq);
        let statement = Statement {
            change,
            tenant: batch.text(unwritten.tenant),
            carrier: batch.text(unwritten.carrier),
            owner: unwritten.owner,
            number: batch.text(unwritten.number),
            aliases: slot.map_or("", |slot| self.aliases.get(slot)),
            order: self.texts.get(unwritten.order),
            feed: self.feed_names.get(usize::from(change.feed.0)).map_or("", |name| name),
            codes: batch.text(words.codes),
            text: batch.text(words.text),
            place: batch.text(words.place),
            word_ids: unwritten.word_ids,
            received: unwritten.received,
            cause: unwritten.cause,
            eta,
            sources: say::Sources { feeds: &self.sources, names: &self.feed_names },
        };
        out.fill(place, |bytes| say::write(bytes, &statement, &mut self.pieces));
    }

    /// The numbers of the words of an event, where all of them are kept.
    fn word_ids(&self, entry: &Entry, words: &Words) -> Option<[TextId; 3]> {
        let ids = [self.senses.get(entry.sense).codes, entry.text, entry.place];
        let spans = [words.codes, words.text, words.place];
        let is_kept =
            ids.iter().zip(spans).all(|(id, span)| (*id == TextId::NONE) == span.is_empty());
        is_kept.then_some(ids)
    }

    /// The carrier's estimate changed.
    pub(super) fn say_estimate(
        &mut self,
        batch: &Batch,
        group: &Group,
        slot: usize,
        eta: (EventTime, EventTime),
        out: &mut Output,
    ) {
        let audience = self.estimate_audience(slot);
        let shipment = &mut self.shipments[slot];
        shipment.version += 1;
        let record = shipment.record;
        let said = Said {
            kind: ChangeKind::EtaChanged,
            milestone: record.milestone,
            previous: record.milestone,
            exception: ExceptionClass::None,
            audience,
        };
        let fingerprint = estimate_hash(&eta.1);
        let item = Item {
            event: blank_event(group, fingerprint),
            words: Words::default(),
            index: group.index,
        };
        let epoch = record.epoch.max(1);
        let label = u32::from(epoch) ^ (fingerprint as u32);
        let change = Change {
            id: say::change_id(shipment.key, label, &said, shipment.version as u16),
            kind: said.kind,
            audience: said.audience,
            epoch,
            version: shipment.version,
            milestone: said.milestone,
            previous: said.previous,
            detail: None,
            exception: ExceptionClass::None,
            reason: crossdock_model::reason::Reason::None,
            party: crossdock_model::reason::Party::Unknown,
            direction: record.direction,
            episode: 1,
            at: EventTime::default(),
            feed: group.feed,
            position: Position { seq: group.seq, index: group.index },
        };
        let cause = Cause { batch, group, item: &item, entry: None };
        self.write(&cause, slot, change, Some(eta), out);
    }

    pub(super) fn reject_full(
        &mut self,
        batch: &Batch,
        group: &Group,
        item: &Item,
        out: &mut Output,
    ) {
        self.tally.reject(Reject::TooManyEvents);
        let letter = DeadLetter {
            reject: Reject::TooManyEvents,
            detail: "the shipment has as many events as one history may hold, or as one may in which \
                     several sources, parcels or corrections are told apart",
            offset: None,
            tenant: batch.text(group.tenant),
            feed: self.feed_names.get(usize::from(group.feed.0)).map_or("", |name| name),
            position: Position { seq: group.seq, index: item.index },
            received: group.received,
            payload: batch.text(item.words.codes).as_bytes(),
        };
        dead_letter::push(&letter, DEAD_LETTER_PAYLOAD_BYTES_MAX, out);
    }
}

fn estimate_hash(time: &EventTime) -> u64 {
    let mut bytes = [0_u8; 16];
    bytes[..8].copy_from_slice(&time.instant.0.to_le_bytes());
    bytes[8..].copy_from_slice(&time.local.0.to_le_bytes());
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

fn blank_event(group: &Group, fingerprint: u64) -> Event {
    Event {
        fingerprint: crossdock_model::id::Fingerprint(fingerprint),
        time: EventTime::default(),
        received: group.received,
        place: 0,
        feed: group.feed,
        flags: EventFlags::ESTIMATE,
        detail: crossdock_model::detail::Detail::EtaUpdated,
        milestone: Milestone::Unknown,
        exception: ExceptionClass::None,
        reason: crossdock_model::reason::Reason::None,
        party: crossdock_model::reason::Party::Unknown,
        direction: crossdock_model::milestone::Direction::Forward,
    }
}
