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
mod speak;
mod timelines;
mod truth;
mod waybill;

use std::sync::Arc;

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::id::{FeedId, ShipmentKey};
use crossdock_model::record::Seconds;
use crossdock_model::reject::Outcome;
use crossdock_model::time::EventTime;
use crossdock_rules::rule::ruleset::RuleSet;
use hashbrown::HashTable;

use crate::aliases::Aliases;
use crate::batch::{Batch, Group, Item};
use crate::entry::{self, Entry};
use crate::estimates::{Estimate, Estimates};
use crate::fold;
use crate::history::Histories;
use crate::numbers::Numbers;
use crate::output::Output;
use crate::reading::Reading;
use crate::recent::Recent;
use crate::rows::Rows;
use crate::say::{self, Pieces};
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
    pieces: Pieces,
    unwritten: Vec<speak::Unwritten>,
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
            pieces: Pieces::default(),
            unwritten: Vec::new(),
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
        self.write_all(batch, out);
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
        self.write_many(batch, out);
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
        if let (Some(said), true) = (batch.said(group), self.watch.is_some()) {
            self.take_in(batch, group, slot, &said, out);
        }
        let has_estimate = group.eta.instant.is_some() || group.eta.local.is_some();
        if !has_estimate {
            return;
        }
        let shipment = &self.shipments[slot];
        let Estimate { eta: before, replaced, observed: observed_before } =
            self.estimates.get(shipment.estimate);
        let observed = batch.age_of(group);
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
        self.ask_without_event(group, slot, &before, false, out);
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
}

fn same_estimate(a: &EventTime, b: &EventTime) -> bool {
    if a.instant.is_some() && b.instant.is_some() {
        a.instant == b.instant
    } else {
        a.local == b.local
    }
}

/// Whose a parcel is and who carries it: a hash of tenant and carrier.
#[must_use]
pub fn owner_key(tenant: &str, carrier: &str) -> u64 {
    let tenant = xxhash_rust::xxh3::xxh3_64(tenant.as_bytes());
    xxhash_rust::xxh3::xxh3_64_with_seed(carrier.as_bytes(), tenant)
}

/// The number of one parcel: a hash of its [`owner_key`] and its normalized number.
#[must_use]
pub fn shipment_key(owner: u64, number: &[u8]) -> ShipmentKey {
    ShipmentKey(xxhash_rust::xxh3::xxh3_128_with_seed(number, owner))
}
