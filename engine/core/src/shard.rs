//! A shard: the state of the shipments it owns, and what an event does to it.
//!
//! # Place
//!
//! `lane` -> `Batch` -> **`shard`** -> `Output`. One thread owns a shard; there is no lock because
//! there is no second owner.
//!
//! # Method
//!
//! Per shipment of a document: one probe of the index. Per event: one scan of the shipment's
//! fingerprints, which is where most events end, since carriers send the whole history each time.
//! A new event is inserted into the sorted history; if it sorts last the record takes one step,
//! else it is folded again; the difference is said.
//!
//! # Holds
//!
//! - Same batches in the same order, same outputs and same state, byte for byte.
//! - The state of a shipment does not depend on the other shipments of the shard, nor on how
//!   many shards there are.

mod ageing;
mod change;
mod foretell;
mod long;
mod roll_up;
mod rules;
mod saving;
mod truth;

use std::sync::Arc;

use crossdock_model::change::{Change, ChangeKind};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Position, ShipmentKey};
use crossdock_model::limits::DEAD_LETTER_PAYLOAD_BYTES_MAX;
use crossdock_model::milestone::Milestone;
use crossdock_model::record::Seconds;
use crossdock_model::reject::{Outcome, Reject};
use crossdock_model::time::EventTime;
use crossdock_rules::rule::ruleset::RuleSet;
use hashbrown::HashTable;

use crate::aliases::Aliases;
use crate::batch::{Batch, Group, Item};
use crate::dead_letter::{self, DeadLetter};
use crate::entry::{self, Entry};
use crate::estimates::{Estimate, Estimates};
use crate::fold;
use crate::history::Histories;
use crate::numbers::Numbers;
use crate::output::{MessageKind, Output};
use crate::reading::{self, Dictionary, Reading, Role};
use crate::recent::Recent;
use crate::rows::Rows;
use crate::say::{self, Difference, Said, Statement};
use crate::senses::{Sense, Senses};
use crate::shipment::Shipment;
use crate::snapshot::Saving;
use crate::tally::Tally;
use crate::texts::{TextId, Texts};
use crate::under_way::{self, Planted, UnderWay};
use crate::watch::Watch;

/// What a shard needs to know at start.
#[derive(Clone, Debug)]
pub struct ShardOptions {
    /// Which of the shards it is, from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// Shipments to make room for.
    pub shipments_expected: usize,
    /// Shipments to have at most; beyond it those leave who would leave first.
    pub shipments_max: usize,
    /// Bytes of distinct texts kept.
    pub texts_size_max: usize,
    /// Names of the feeds, by [`crossdock_model::id::FeedId`].
    pub feed_names: Vec<Box<str>>,
    /// What the shipments of each feed are, in the words of rules.
    pub feed_modes: Vec<Box<str>>,
    /// The rules in force until the log says otherwise; without, nobody watches.
    pub rules: Option<Arc<RuleSet>>,
    /// Rules are counted and tell nobody.
    pub rules_shadow: bool,
    /// The forecast is told of news, and speaks to customers in the carrier's place.
    pub foretells: bool,
    /// Stands in for a bug, in tests.
    pub planted: Option<Planted>,
}

/// Bytes that a shard has taken from the allocator, by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySizes {
    /// Index by key, and calendar of days.
    pub index: usize,
    /// Shipments.
    pub records: usize,
    /// What they are called.
    pub numbers: usize,
    /// Carriers' estimates.
    pub estimates: usize,
    /// Entries, fingerprints among them.
    pub histories: usize,
    /// Texts and senses that many entries share.
    pub words: usize,
}

/// The shipments of one shard.
#[derive(Debug)]
pub struct Shard {
    index: HashTable<u32>,
    shipments: Rows<Shipment>,
    numbers: Numbers,
    estimates: Estimates,
    aliases: Aliases,
    histories: Histories,
    senses: Senses,
    texts: Texts,
    recent: Recent,
    feed_names: Vec<Box<str>>,
    tally: Tally,
    /// The reading of the last shipment that needed one, and where in it the last new entry stands.
    reading: Reading,
    read_index: usize,
    sources: Vec<FeedId>,
    name_scratch: String,
    bytes_scratch: Vec<u8>,
    state_hash: u64,
    /// The slot that is being changed, and its hash before that.
    opened: Option<(usize, u64)>,
    saving: Saving,
    calendar: ageing::Calendar,
    shipments_max: usize,
    entries_scratch: Vec<Entry>,
    /// What rules know, where there are any.
    watch: Option<Box<Watch>>,
    foretells: bool,
    /// What the events of the group were so far.
    gathered: foretell::Gathered,
    under_way: UnderWay,
    planted: Option<Planted>,
    long: long::Long,
    /// Entries that were read or folded for others that came.
    entries_read: u64,
}

/// Where a change was caused, for the writer.
struct Cause<'a> {
    batch: &'a Batch,
    group: &'a Group,
    item: &'a Item,
    /// The entry of the event; absent for an estimate.
    entry: Option<Entry>,
}

impl Shard {
    /// Takes the memory it expects to use.
    #[must_use]
    pub fn new(options: ShardOptions) -> Self {
        let rules = options.rules.as_ref();
        let watch = rules.map(|rules| Box::new(Watch::new(Arc::clone(rules), &options)));
        Self {
            watch,
            index: HashTable::with_capacity(options.shipments_expected),
            shipments: Rows::default(),
            numbers: Numbers::default(),
            estimates: Estimates::default(),
            aliases: Aliases::default(),
            histories: Histories::default(),
            senses: Senses::default(),
            texts: Texts::new(options.texts_size_max),
            recent: Recent::default(),
            feed_names: options.feed_names,
            tally: Tally::default(),
            reading: Reading::default(),
            read_index: 0,
            sources: Vec::new(),
            name_scratch: String::new(),
            bytes_scratch: Vec::with_capacity(256),
            state_hash: 0,
            opened: None,
            saving: Saving::default(),
            calendar: ageing::Calendar::default(),
            shipments_max: options.shipments_max,
            entries_scratch: Vec::new(),
            foretells: options.foretells,
            gathered: foretell::Gathered::default(),
            under_way: UnderWay::Nothing,
            planted: options.planted,
            long: long::Long::default(),
            entries_read: 0,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What rules know, where there are any.
    #[must_use]
    pub fn watch(&self) -> Option<&Watch> {
        self.watch.as_deref()
    }

    /// How many shipments it knows.
    #[must_use]
    pub fn shipment_count(&self) -> usize {
        self.shipments.len() - self.calendar.free_count()
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_sizes(&self) -> MemorySizes {
        let index = self.index.allocation_size();
        let calendar = self.calendar.memory_size();
        MemorySizes {
            index: index + calendar,
            records: self.shipments.memory_size(),
            numbers: self.numbers.memory_size() + self.aliases.memory_size(),
            estimates: self.estimates.memory_size(),
            histories: self.histories.memory_size(),
            words: self.texts.memory_size() + self.senses.memory_size(),
        }
    }

    /// Applies one batch. Messages are appended to `out` in the order of the log.
    pub fn apply(&mut self, batch: &Batch, out: &mut Output) {
        let mut groups = batch.groups.iter().peekable();
        for arrival in &batch.arrivals {
            self.under_way = match arrival.rules {
                None => UnderWay::Time(arrival.seq),
                Some(_) => UnderWay::Message(arrival.seq),
            };
            self.pass_days(arrival.received);
            if self.watch.is_some() {
                self.arrive(batch, arrival, out);
            }
            while let Some(group) = groups.next_if(|group| group.seq <= arrival.seq) {
                self.group(batch, group, out);
            }
        }
        for group in groups {
            self.group(batch, group, out);
        }
        self.under_way = UnderWay::Nothing;
        self.count_rules();
    }

    /// Entries of histories that were read or folded so far because another event came: its work beside what every
    /// event costs.
    #[must_use]
    pub fn entries_read(&self) -> u64 {
        self.entries_read + self.long.folded()
    }

    /// What it is doing, or was when it panicked.
    #[must_use]
    pub fn under_way(&self) -> UnderWay {
        self.under_way
    }

    fn group(&mut self, batch: &Batch, group: &Group, out: &mut Output) {
        self.under_way = UnderWay::Message(group.seq);
        if let Some(Planted::Shard(number)) = &self.planted
            && batch.text(group.number) == &**number
        {
            under_way::spring(number);
        }
        let slot = self.shipment_of(batch, group);
        self.attributes(batch, group, slot, out);
        let first = group.first_item as usize;
        for item in &batch.items[first..first + group.item_count as usize] {
            self.event(batch, group, item, slot, out);
        }
        self.foretell(batch, group, slot, out);
        self.close();
    }

    /// The slot of the group's shipment, made where it is new.
    fn shipment_of(&mut self, batch: &Batch, group: &Group) -> usize {
        let shipments = &self.shipments;
        let is_it = |slot: &u32| shipments[*slot as usize].key == group.key;
        if let Some(&slot) = self.index.find(group.key.slot_hash(), is_it) {
            return slot as usize;
        }
        self.make_room();
        let slot = self.calendar.take_free();
        let slot = slot.unwrap_or_else(|| {
            u32::try_from(self.shipments.len()).expect("memory ends before slots do")
        });
        let mut name = core::mem::take(&mut self.name_scratch);
        name.clear();
        name.push_str(batch.text(group.tenant));
        name.push(say::SEPARATOR);
        name.push_str(batch.text(group.carrier));
        let active_at = Seconds::from_micros(group.received);
        let number = self.numbers.keep(&name, batch.text(group.number));
        let shipment = Shipment { number, active_at, ..Shipment::blank(group.key) };
        if let Some(watch) = &mut self.watch {
            watch.grow(slot as usize, &name);
        }
        self.name_scratch = name;
        match self.shipments.get_mut(slot as usize) {
            Some(vacant) => {
                *vacant = shipment;
                self.saving.pass_over(slot as usize);
            }
            None => self.shipments.push(shipment),
        }
        self.enter_calendar(slot as usize);
        let shipments = &self.shipments;
        self.index.insert_unique(group.key.slot_hash(), slot, |&slot| {
            shipments[slot as usize].key.slot_hash()
        });
        self.open_new(slot as usize);
        slot as usize
    }

    /// What a document says of the shipment beside its events.
    fn attributes(&mut self, batch: &Batch, group: &Group, slot: usize, out: &mut Output) {
        if !group.aliases.is_empty() && self.aliases.is_news(slot, batch.text(group.aliases)) {
            self.open(slot);
            self.aliases.add(slot, batch.text(group.aliases));
        }
        let order = batch.text(group.order);
        if !order.is_empty() && self.shipments[slot].order == TextId::NONE {
            self.open(slot);
            self.shipments[slot].order = self.texts.intern(order);
            // Where its first events come with it, they tell.
            if 0 < self.shipments[slot].record.epoch || group.item_count == 0 {
                self.roll_up(batch, group, None, slot, out);
            }
        }
        let has_estimate = group.eta.instant.is_some() || group.eta.local.is_some();
        if !has_estimate {
            return;
        }
        let shipment = &self.shipments[slot];
        let Estimate { eta: before, replaced, observed: observed_before } =
            self.estimates.get(shipment.estimate);
        let observed = observed_at(batch, group);
        // An old document sent again holds an old estimate; one that was just replaced does not
        // come back without a new scan.
        let is_old = observed < observed_before
            || (observed == observed_before && same_estimate(&replaced, &group.eta));
        let is_over = shipment.record.milestone.is_terminal();
        if is_old || is_over || same_estimate(&before, &group.eta) {
            return;
        }
        self.open(slot);
        let shipment = &mut self.shipments[slot];
        let estimate = Estimate { eta: group.eta, replaced: before, observed };
        self.estimates.set(&mut shipment.estimate, estimate);
        self.gathered.estimate(group);
        self.say_estimate(batch, group, slot, (before, group.eta), out);
        self.ask_at_estimate(group, slot, &before, out);
    }

    /// One event of one shipment.
    fn event(&mut self, batch: &Batch, group: &Group, item: &Item, slot: usize, out: &mut Output) {
        let mut event = item.event;
        let (order, standing) = entry::order_seconds(&event);
        if standing == entry::Trust::Untrusted {
            event.flags = event.flags.with(EventFlags::UNTRUSTED_TIME);
        }
        let Shipment { run, sealed_at, unique, is_witnessed, .. } = self.shipments[slot];
        let fingerprint = event.fingerprint.0 as u32;
        let has_own_time = standing == entry::Trust::Own
            && (event.time.instant.is_some() || event.time.local.is_some());
        if sealed_at.is_some() && order <= sealed_at {
            self.tally.outcome(Outcome::Known);
            return;
        }
        // What carries no milestone does not wake a shipment whose history was given back.
        if self.shipments[slot].is_sealed() && !fold::can_begin(event.milestone, event.flags) {
            let outcome = if event.is_unmapped() { Outcome::Unmapped } else { Outcome::History };
            self.tally.outcome(outcome);
            return;
        }
        let retracts = event.flags.has(EventFlags::RETRACTS);
        let (mut is_known, mut has_twin) = (false, false);
        self.histories.find(run, fingerprint, |found| {
            // Where no parcel was told apart and nothing taken back, all entries are alike in that.
            let is_alike = unique == 0 && !is_witnessed;
            let entry = (!is_alike).then(|| found.entry());
            if entry.is_some_and(|entry| entry.is_retraction() != retracts)
                || (is_alike && retracts)
            {
                return false;
            }
            // Two parcels in one second are two events; see `reading` for one at two times.
            let is_one_parcel = entry.map_or(0, |entry| entry.unique) == group.unique;
            is_known = is_one_parcel && (!has_own_time || found.order == order);
            has_twin = true;
            is_known
        });
        if is_known {
            self.tally.outcome(Outcome::Known);
            return;
        }
        event.time = entry::believed_time(&event);
        self.open(slot);
        let new = self.entry_of(batch, group, item, &event);
        let Some(turn) = self.take(slot, &new, has_twin) else {
            self.reject_full(batch, group, item, out);
            return;
        };
        self.add_entry_hash(slot, &new);
        self.shipments[slot].active_at = Seconds::from_micros(group.received);
        self.gathered.event(item, &event, new.order, &turn);
        let cause = Cause { batch, group, item, entry: Some(new) };
        let said = self.say(&cause, slot, &turn.difference(), out);
        let alerts = self.ask_at_event(&cause, slot, &turn, out);
        self.roll_up(batch, group, Some(item), slot, out);
        self.tally.hearsay += u64::from(event.flags.has(EventFlags::HEARSAY));
        self.tally.outcome(match (said, alerts) {
            (0, _) if event.is_unmapped() => Outcome::Unmapped,
            (0, 0) => Outcome::History,
            _ => Outcome::Emitted,
        });
    }

    /// The entries of a slot, in a vector that has to be given back.
    fn lend_entries(&mut self, slot: usize) -> Vec<Entry> {
        let mut entries = core::mem::take(&mut self.entries_scratch);
        self.histories.read(self.shipments[slot].run, &mut entries);
        self.entries_read += entries.len() as u64;
        entries
    }

    fn entry_of(&mut self, batch: &Batch, group: &Group, item: &Item, event: &Event) -> Entry {
        let [codes, text, place] = self.recent.intern(batch, &item.words, &mut self.texts);
        let sense = self.senses.intern(&Sense {
            feed: event.feed,
            codes,
            flags: event.flags,
            detail: event.detail,
            milestone: event.milestone,
            exception: event.exception,
            reason: event.reason,
            party: event.party,
            direction: event.direction,
        });
        Entry::new(event, group.unique, sense, text, place)
    }

    /// Says what an event changed; gives how many changes that were.
    fn say(
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
        let (batch, group) = (cause.batch, cause.group);
        self.sources.clear();
        if self.shipments[slot].is_witnessed && cause.entry.is_some() {
            let entries = self.lend_entries(slot);
            let sources = &mut self.sources;
            let visit = |feed| sources.push(feed);
            self.reading.sources(&entries, &self.senses, self.read_index, visit);
            self.entries_scratch = entries;
        }
        let statement = Statement {
            change,
            tenant: batch.text(group.tenant),
            carrier: batch.text(group.carrier),
            number: batch.text(group.number),
            aliases: self.aliases.get(slot),
            order: self.texts.get(self.shipments[slot].order),
            feed: self.feed_names.get(usize::from(change.feed.0)).map_or("", |name| name),
            codes: if cause.entry.is_some() { batch.text(cause.item.words.codes) } else { "" },
            text: if cause.entry.is_some() { batch.text(cause.item.words.text) } else { "" },
            place: if cause.entry.is_some() { batch.text(cause.item.words.place) } else { "" },
            received: group.received,
            cause: cause.item.event.fingerprint.0,
            eta,
            sources: say::Sources { feeds: &self.sources, names: &self.feed_names },
        };
        let kind = MessageKind::Change { kind: change.kind, id: change.id };
        let received = group.received.get().unwrap_or(0);
        out.push(
            change.position,
            kind,
            received,
            |bytes| say::write_subject(bytes, &statement),
            |bytes| say::write_body(bytes, &statement),
        );
        self.tally.changes[change.kind as usize] += 1;
    }

    /// The carrier's estimate changed.
    fn say_estimate(
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
            words: crate::batch::Words::default(),
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

    fn reject_full(&mut self, batch: &Batch, group: &Group, item: &Item, out: &mut Output) {
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

/// At most one correction, one milestone, and each exception class once.
const SAID_MAX: usize = 2 + ExceptionClass::ALL.len();

/// How new a document's knowledge is: its newest event, or its receipt where it has none.
fn observed_at(batch: &Batch, group: &Group) -> Seconds {
    let first = group.first_item as usize;
    let items = &batch.items[first..first + group.item_count as usize];
    items
        .iter()
        .map(|item| entry::order_seconds(&item.event).0)
        .max()
        .unwrap_or_else(|| Seconds::from_micros(group.received))
}

fn same_estimate(a: &EventTime, b: &EventTime) -> bool {
    if a.instant.is_some() && b.instant.is_some() {
        a.instant == b.instant
    } else {
        a.local == b.local
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

/// The number of one parcel: a hash of tenant, carrier and normalized number.
#[must_use]
pub fn shipment_key(tenant: &str, carrier: &str, number: &[u8]) -> ShipmentKey {
    let owner = xxhash_rust::xxh3::xxh3_64_with_seed(
        carrier.as_bytes(),
        xxhash_rust::xxh3::xxh3_64(tenant.as_bytes()),
    );
    ShipmentKey(xxhash_rust::xxh3::xxh3_128_with_seed(number, owner))
}

impl Shard {
    /// Visits the shipments whose number is `number`, with their histories as JSON lines.
    pub fn timelines(&self, number: &[u8], mut visit: impl FnMut(&Shipment, &str, &[u8])) {
        let mut lines = Vec::new();
        for (slot, shipment) in self.shipments.iter().enumerate() {
            if shipment.is_vacant {
                continue;
            }
            let (owner, its_number) = self.numbers.get(shipment.number);
            if its_number.as_bytes() != number && !self.aliases.has(slot, number) {
                continue;
            }
            let name = format!("{owner}{}{its_number}", say::SEPARATOR);
            lines.clear();
            let entries: Vec<Entry> = self.histories.entries(shipment.run).collect();
            let dictionary = Dictionary { senses: &self.senses, texts: &self.texts };
            let roles = reading::roles(&entries, dictionary, shipment.is_shared);
            for (index, (entry, &role)) in entries.iter().zip(&roles).enumerate() {
                let sense = self.senses.get(entry.sense);
                let sources = self.sources_of(&entries, &roles, index);
                let line = crate::timeline::Line {
                    entry,
                    sense,
                    role,
                    sources: &sources,
                    feed: self.feed_names.get(usize::from(sense.feed.0)).map_or("", |it| it),
                    codes: self.texts.get(sense.codes),
                    text: self.texts.get(entry.text),
                    place: self.texts.get(entry.place),
                };
                crate::timeline::write(&mut lines, &line);
                lines.push(b'\n');
            }
            visit(shipment, &name, &lines);
        }
    }

    /// The names of the feeds whose entries one entry leads, its own first, each once.
    fn sources_of(&self, entries: &[Entry], roles: &[Role], index: usize) -> Vec<&str> {
        let feed = |entry: &Entry| usize::from(self.senses.get(entry.sense).feed.0);
        let mut feeds = vec![feed(&entries[index])];
        for (entry, role) in entries.iter().zip(roles) {
            let is_led = *role == Role::Repeats(index as u16);
            if is_led && !feeds.contains(&feed(entry)) {
                feeds.push(feed(entry));
            }
        }
        feeds.into_iter().filter_map(|feed| self.feed_names.get(feed).map(|name| &**name)).collect()
    }
}
