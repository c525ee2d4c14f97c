//! Which document arrives when: the whole input, computed and never stored.
//!
//! # Place
//!
//! The library's front. [`Documents`] goes through a plan for the capture file, the publisher and
//! the benchmarks; the [oracle](crate::oracle) goes through the same plan without writing a byte.
//!
//! # Method
//!
//! Time is cut into *rounds* of some hours, a round into as many *slots* as there are *lanes*, one
//! shipment on its way per lane. Every round visits the lanes in another order
//! ([`shuffle`](crate::shuffle)); lane and round together say which shipment it is and how far its
//! [story](crate::story) has come, so that slot number s, out of hundreds of millions, is
//! answered in a few dozen nanoseconds and without going through those before it. Most slots
//! are empty: a story has some eight events in some thirty rounds. What comes again (repeats) is
//! found by looking back from the slot at which it comes.
//!
//! # Holds
//!
//! - `documents_from(slot)` gives exactly what `documents()` gives from that slot on.
//! - Receipts never go back. An event never happens after it was received, unless its clock is
//!   meant to be wrong.
//! - The only memory is eight bytes a lane, and that is a cache.
//! - Events of one shipment differ in their second (their minute where a feed has no seconds).

use crate::carriers;
use crate::disorder::{Breakage, Extras};
use crate::feed::Feed;
use crate::parameters::{ParameterError, Parameters};
use crate::place::PLACES;
use crate::random::{Purpose, hash};
use crate::shuffle::Shuffle;
use crate::step::{Meaning, Step};
use crate::story::Story;

/// Seconds that a former life lies back; a multiple of 64 minutes, see [`Plan::sighting`].
const FORMER_LIFE_SECONDS: i64 = 64 * 60 * 1013;

/// Seconds that a wrong clock is ahead; likewise.
const AHEAD_SECONDS: i64 = 64 * 60 * 25;

/// Generations that a lane's cache entry can tell apart.
const GENERATIONS_MAX: u64 = (1 << 16) - 2;

/// Bits of a cache entry that hold the rounds of a story.
const ROUNDS_BITS: u32 = 48;

/// The whole input of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    parameters: Parameters,
    shuffle: Shuffle,
    lanes: u64,
    round_count: u64,
    slot_nanos: u64,
    duplicate_slots: u64,
    tenants: Vec<String>,
}

/// What a document holds, so that nobody has to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Which shipment it is about.
    pub shipment: u64,
    /// Which events of its story, a bit each.
    pub events: u64,
    /// What became of it on the way.
    pub fate: Fate,
}

/// What became of a document on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives for the first time.
    First,
    /// It has arrived before, byte for byte.
    Again,
    /// It arrives broken: a copy of one that arrived whole.
    Broken(Breakage),
}

/// One document of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The slot at which it arrives.
    pub slot: u64,
    /// The slot at which it arrived first.
    pub first_slot: u64,
    /// The feed it is written for.
    pub feed: Feed,
    /// When it arrives, microseconds since 1970.
    pub received_micros: i64,
    /// What it holds.
    pub truth: Truth,
}

/// One event of a shipment as its carrier dates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What happened.
    pub step: Step,
    /// When, seconds since 1970.
    pub seconds: i64,
    /// Minutes that the clocks of the place are ahead of UTC.
    pub offset_minutes: i32,
    /// What it means.
    pub meaning: Meaning,
    /// Index into the places.
    pub(crate) place: u8,
}

impl Plan {
    /// Lays out a plan.
    ///
    /// # Errors
    ///
    /// The first parameter that is out of its range.
    pub fn new(parameters: Parameters) -> Result<Self, ParameterError> {
        parameters.check()?;
        let lanes = parameters.active.min(parameters.shipments);
        let generations = parameters.shipments.div_ceil(lanes);
        if GENERATIONS_MAX < generations {
            return Err(ParameterError(format!(
                "`active` is {lanes}: give at least {} for {} shipments",
                parameters.shipments.div_ceil(GENERATIONS_MAX),
                parameters.shipments
            )));
        }
        let slot_nanos = (parameters.round_seconds * 1_000_000_000 / lanes).max(1);
        let duplicate_slots = (parameters.duplicate_seconds * 1_000_000_000 / slot_nanos).max(1);
        Ok(Self {
            shuffle: Shuffle::new(parameters.seed, lanes),
            lanes,
            // Lanes start in different rounds, so that a round holds events of every age.
            round_count: parameters.rounds * (generations + 1),
            slot_nanos,
            duplicate_slots,
            tenants: (0..parameters.tenants).map(tenant_name).collect(),
            parameters,
        })
    }

    /// What it was made of.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Slots of the whole plan, empty ones too.
    #[must_use]
    pub const fn slot_count(&self) -> u64 {
        self.round_count * self.lanes
    }

    /// Shipments that can be on their way at one time.
    #[must_use]
    pub const fn lane_count(&self) -> u64 {
        self.lanes
    }

    /// The tenant that a shipment belongs to.
    #[must_use]
    pub fn tenant(&self, shipment: u64) -> &str {
        let count = self.tenants.len() as u64;
        if count == 1 {
            return &self.tenants[0];
        }
        &self.tenants[(hash(self.parameters.seed, Purpose::Lane, !shipment) % count) as usize]
    }

    /// The story of a shipment.
    #[must_use]
    pub fn story(&self, shipment: u64) -> Story {
        let mut story = Story::default();
        story.tell(&self.parameters, shipment);
        story
    }

    /// The carrier's name in changes.
    #[must_use]
    pub fn carrier(&self, story: &Story) -> &'static str {
        carriers::carrier(self, story)
    }

    /// Writes the tracking number as it stands in changes.
    pub fn put_number(&self, story: &Story, buffer: &mut Vec<u8>) {
        carriers::put_number(self, story, buffer);
    }

    /// All documents in the order in which they arrive.
    #[must_use]
    pub fn documents(&self) -> Documents<'_> {
        self.documents_from(0)
    }

    /// The documents that arrive at `slot` or later.
    #[must_use]
    pub fn documents_from(&self, slot: u64) -> Documents<'_> {
        Documents {
            plan: self,
            slot,
            cache: vec![0; self.lanes as usize],
            story: Story::default(),
            told: None,
            arrivals: Vec::with_capacity(8),
            next_arrival: 0,
        }
    }

    /// When a slot is, microseconds since 1970.
    #[must_use]
    pub const fn received_micros(&self, slot: u64) -> i64 {
        self.parameters.start_seconds * 1_000_000
            + (slot as u128 * self.slot_nanos as u128 / 1000) as i64
    }

    const fn phase(&self, lane: u64) -> u64 {
        hash(self.parameters.seed, Purpose::Lane, lane) % self.parameters.rounds
    }

    /// The slot at which a round of a shipment's story stands.
    const fn slot_of(&self, shipment: u64, round: u8) -> u64 {
        let lane = shipment % self.lanes;
        let generation = shipment / self.lanes;
        let round = self.phase(lane) + generation * self.parameters.rounds + round as u64;
        round * self.lanes + self.shuffle.position_of(self.shuffle.key(round), lane)
    }

    /// When a document first told an event of a story, microseconds since 1970.
    #[must_use]
    pub fn first_received_micros(&self, story: &Story, index: usize) -> i64 {
        self.received_micros(self.slot_of(story.shipment, story.events()[index].shown))
    }

    /// One event of a story as its carrier dates it.
    ///
    /// Scans reach their reader after seconds to minutes. To make any two events of a shipment
    /// differ, the lowest six bits of the second (of the minute, where there are no seconds) are
    /// the event's number.
    #[must_use]
    pub fn sighting(&self, story: &Story, index: usize) -> Sighting {
        let events = story.events();
        let event = events[index];
        let place = &PLACES[usize::from(event.place)];
        let offset_minutes = if story.feed.is_universal() { 0 } else { place.offset_minutes };
        let noise =
            hash(self.parameters.seed, Purpose::Telling, story.shipment * 64 + index as u64);
        let received = self.received_micros(self.slot_of(story.shipment, event.round)) / 1_000_000;
        let is_overtaken = events.get(index + 1).is_some_and(|next| next.round == event.round);
        let lag = 3
            + (noise % 117) as i64
            + if is_overtaken { 300 + (noise >> 32) as i64 % 900 } else { 0 };
        let unit = if story.feed.has_minutes_only() { 60 } else { 1 };
        let mut seconds = (((received - lag) / unit - 64) & !63 | index as i64) * unit;
        // Some carriers write midnight where they know the day only. Nothing happens at midnight.
        if (seconds + i64::from(offset_minutes) * 60).rem_euclid(86_400) == 0 {
            seconds -= 64 * unit;
        }
        if event.old {
            seconds -= FORMER_LIFE_SECONDS;
        }
        if event.ahead {
            seconds += AHEAD_SECONDS;
        }
        Sighting {
            step: event.step,
            seconds,
            offset_minutes,
            meaning: story.meaning(index),
            place: event.place,
        }
    }

    /// The shipment at a slot and the round of its story; none where the lane is idle.
    const fn shipment_at(&self, slot: u64) -> Option<(u64, u8)> {
        let round = slot / self.lanes;
        let lane = self.shuffle.lane_at(self.shuffle.key(round), slot % self.lanes);
        self.shipment_of(lane, round)
    }

    const fn shipment_of(&self, lane: u64, round: u64) -> Option<(u64, u8)> {
        let phase = self.phase(lane);
        if round < phase {
            return None;
        }
        let shipment = (round - phase) / self.parameters.rounds * self.lanes + lane;
        if self.parameters.shipments <= shipment {
            return None;
        }
        Some((shipment, ((round - phase) % self.parameters.rounds) as u8))
    }

    /// Pushes what a shipment's round shows for the first time: the events of each document.
    fn shown(&self, story: &Story, round: u8, push: &mut impl FnMut(u64)) {
        let events = story.events();
        if 1 < self.parameters.history && story.feed.lists_events() {
            let mut mask = 0_u64;
            for (i, event) in events.iter().enumerate().filter(|(_, event)| event.shown <= round) {
                debug_assert!(event.round <= event.shown);
                mask |= 1 << i;
            }
            while self.parameters.history < mask.count_ones() {
                mask &= mask - 1;
            }
            push(mask);
            return;
        }
        let mut held = None;
        for (i, event) in events.iter().enumerate().filter(|(_, event)| event.shown == round) {
            if event.overtakes && held.is_some() {
                push(1 << i);
                continue;
            }
            if let Some(before) = held.replace(1 << i) {
                push(before);
            }
        }
        if let Some(last) = held {
            push(last);
        }
    }
}

fn tenant_name(index: u64) -> String {
    if index == 0 { "acme".to_owned() } else { format!("tenant-{index}") }
}

/// Goes through the documents of a plan. See [`Plan::documents`].
#[derive(Debug)]
pub struct Documents<'a> {
    plan: &'a Plan,
    slot: u64,
    /// Per lane: which generation the entry is of, from 1, and the rounds that show something.
    cache: Vec<u64>,
    story: Story,
    /// The shipment whose story `story` is.
    told: Option<u64>,
    arrivals: Vec<Entry>,
    next_arrival: usize,
}

impl Documents<'_> {
    /// The next document: where, when and what, not its bytes.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not lend `write`")]
    pub fn next(&mut self) -> Option<Entry> {
        // Ends: the slot rises with every turn.
        while self.arrivals.len() <= self.next_arrival {
            if self.plan.slot_count() <= self.slot {
                return None;
            }
            self.arrivals.clear();
            self.next_arrival = 0;
            self.arrive();
            self.slot += 1;
        }
        self.next_arrival += 1;
        Some(self.arrivals[self.next_arrival - 1])
    }

    /// Slots gone through, of [`Plan::slot_count`].
    #[must_use]
    pub const fn slot(&self) -> u64 {
        self.slot
    }

    /// Writes the bytes of a document into an emptied buffer.
    pub fn write(&mut self, entry: &Entry, buffer: &mut Vec<u8>) {
        self.tell(entry.truth.shipment);
        buffer.clear();
        crate::carriers::write(self.plan, &self.story, entry, buffer);
        if let Fate::Broken(breakage) = entry.truth.fate {
            breakage.apply(entry.slot, buffer);
        }
    }

    /// The story of the shipment that an entry is about.
    pub fn story(&mut self, shipment: u64) -> &Story {
        self.tell(shipment);
        &self.story
    }

    fn tell(&mut self, shipment: u64) {
        if self.told != Some(shipment) {
            self.story.tell(&self.plan.parameters, shipment);
            self.told = Some(shipment);
        }
    }

    /// Collects what arrives at the present slot.
    fn arrive(&mut self) {
        let slot = self.slot;
        if let Some((shipment, round)) = self.plan.shipment_at(slot) {
            self.arrive_first(slot, shipment, round);
        }
        let own = self.arrivals.last().copied();
        let extras = Extras::draw(&self.plan.parameters, slot, self.plan.duplicate_slots);
        if let Some(slots) = extras.again_after
            && slots <= slot
        {
            self.arrive_again(slot - slots);
        }
        let Some(own) = own else { return };
        if let Some(hot) = extras.hot {
            self.arrive_hot(hot % self.plan.lanes);
        }
        if extras.is_broken {
            let breakage = Breakage::draw(&self.plan.parameters, slot, own.feed, own.truth.events);
            let truth = Truth { fate: Fate::Broken(breakage), ..own.truth };
            self.arrivals.push(Entry { truth, ..own });
        }
    }

    fn arrive_first(&mut self, slot: u64, shipment: u64, round: u8) {
        let plan = self.plan;
        let lane = (shipment % plan.lanes) as usize;
        let tag = (shipment / plan.lanes + 1) << ROUNDS_BITS;
        if self.cache[lane] >> ROUNDS_BITS != tag >> ROUNDS_BITS {
            self.tell(shipment);
            self.cache[lane] = tag | self.story.rounds();
        }
        if self.cache[lane] >> round & 1 == 0 {
            return;
        }
        self.tell(shipment);
        let (arrivals, story) = (&mut self.arrivals, &self.story);
        plan.shown(story, round, &mut |events| {
            arrivals.push(Entry {
                slot,
                first_slot: slot,
                feed: story.feed,
                received_micros: plan.received_micros(slot),
                truth: Truth { shipment, events, fate: Fate::First },
            });
        });
    }

    /// The last document of an earlier slot, if it had one, comes again now.
    fn arrive_again(&mut self, first_slot: u64) {
        let plan = self.plan;
        let Some((shipment, round)) = plan.shipment_at(first_slot) else { return };
        self.tell(shipment);
        if self.story.rounds() >> round & 1 == 0 {
            return;
        }
        let mut last = 0;
        plan.shown(&self.story, round, &mut |events| last = events);
        self.arrivals.push(Entry {
            slot: self.slot,
            first_slot,
            feed: self.story.feed,
            received_micros: plan.received_micros(self.slot),
            truth: Truth { shipment, events: last, fate: Fate::Again },
        });
    }

    /// The last document of a lane comes again now.
    fn arrive_hot(&mut self, lane: u64) {
        let plan = self.plan;
        let present = self.slot / plan.lanes;
        let Some((shipment, round)) =
            present.checked_sub(1).and_then(|before| plan.shipment_of(lane, before))
        else {
            return;
        };
        self.tell(shipment);
        let rounds = self.story.rounds() & (u64::MAX >> (63 - u32::from(round)));
        if rounds != 0 {
            let round = 63 - rounds.leading_zeros();
            self.arrive_again(plan.slot_of(shipment, round as u8));
        }
    }
}
