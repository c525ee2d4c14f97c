//! When shipments will arrive: asked, said and learned in one place behind all shards.
//!
//! # Place
//!
//! ```text
//! shard 0 -> news \
//!                  X by position -> forecast -> changes of kind `eta_changed` -> merged with all others
//! shard 1 -> news /
//! ```
//!
//! Lanes of carriers span shipments, so there is one estimator behind all shards, as there is one order
//! book. Whoever merges the outputs of a turn owns it. [`crossdock_eta`] does the arithmetic.
//!
//! # Method
//!
//! A shipment under way is a [`Flight`]. The news of one document move it, and it is asked about once behind
//! them, and again when a day went by without news, or when the published day is over (an *alarm*, by stream time). A delivery is
//! an outcome for every class of milestones that it passed; the shipment then leaves.
//!
//! # Holds
//!
//! - News are taken in the order of the log, so estimates are the same whatever the number of lanes and
//!   shards and however turns are cut. There are no marks: nobody else reads what is learned.
//! - An estimate stands behind the changes of its cause: same position, the forecast comes last.
//! - A number that was delivered once in a use gets no more estimates in that use, so the number of an
//!   estimate never goes back.

pub mod almanac;
mod ask;
mod explain;
pub mod flight;
pub mod news;
mod saving;
mod speak;
mod tally;

use std::collections::BinaryHeap;
use std::sync::Arc;

use core::cmp::Reverse;
use core::fmt;

use crossdock_eta::{Cause, Declared, Estimator, State};
use crossdock_model::id::ShipmentKey;
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::intake::Intake;
use crate::output::{Output, Place};
use crate::tally::Tally;
use crate::texts::Texts;
use crate::under_way::UnderWay;
use almanac::{Almanac, Made, Way};
use flight::Flight;
use news::{NewsFlags, Told};

pub use explain::Explained;
pub use saving::Loader;
pub use speak::change_id;
pub use tally::EstimateTally;

/// Seconds without news after which a shipment is no longer watched.
pub const FLIGHT_SILENCE_SECONDS: u32 = crossdock_model::limits::EPOCH_SILENCE_SECONDS;

/// Seconds without news after which a shipment is asked about again.
pub const ASK_AGAIN_SECONDS: u32 = 86_400;

/// Earlier deliveries that have to count in an estimate that rests on nothing else, before it is said: the interval
/// of fewer would be an invention.
pub const OUTCOMES_TO_SPEAK: u32 = 5;

/// Bytes of distinct names of tenants and carriers of shipments under way.
const NAMES_SIZE_MAX: usize = 1 << 26;

/// Where the service stands in a way, behind the parts of the destination.
pub(crate) const WAY_SERVICE: usize = 5;

/// Phase of an alarm among the timers of one message: behind those of rules.
const ALARMS: u8 = 3;

/// What the forecast needs to know at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastOptions {
    /// The declared part, checked.
    pub declared: Declared,
    /// Whose open time counts, and transit tables.
    pub almanac: Almanac,
    /// What an engine that starts from nothing has learned already; it fits the settings.
    pub learned: Option<State>,
}

/// All shipments under way, and what was learned from those that arrived.
pub struct Forecast {
    options: Arc<ForecastOptions>,
    estimator: Estimator,
    /// Names of tenants and carriers.
    texts: Texts,
    index: HashTable<u32>,
    flights: Vec<Flight>,
    /// One hash per flight, and their sum.
    hashes: Vec<u64>,
    hash_sum: u64,
    /// A chain over all outcomes, which stands for what was learned from them.
    learned_hash: u64,
    alarms: BinaryHeap<Reverse<(Seconds, ShipmentKey)>>,
    tally: Tally,
    heads: Vec<usize>,
    /// Flights that the document at hand brought news of.
    touched: Vec<Touched>,
    name_scratch: String,
    /// Calendars that were needed so far.
    made: Made,
    saving: saving::Saving,
    under_way: UnderWay,
}

impl fmt::Debug for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forecast")
            .field("flights", &self.flights.len())
            .field("tally", &self.tally.estimates)
            .finish_non_exhaustive()
    }
}

/// A flight that has to be asked about.
#[derive(Clone, Copy)]
struct Touched {
    key: ShipmentKey,
    at: At,
    cause: Cause,
}

/// Where in the log something is asked.
#[derive(Clone, Copy)]
struct At {
    place: Place,
    received: Micros,
    /// Of an alarm: the second at which it was due.
    due: Option<Seconds>,
    /// Fingerprint of the event; 0 where there was none.
    event: u64,
}

impl Forecast {
    /// Nothing is under way, nothing was learned.
    #[must_use]
    pub fn new(options: Arc<ForecastOptions>) -> Self {
        let settings = || options.declared.settings.clone();
        let learned = options.learned.as_ref().and_then(|state| {
            let estimator = Estimator::restored(settings(), state).ok()?;
            Some((estimator, xxh3_64(&state.to_bytes())))
        });
        let (estimator, learned_hash) = learned.unwrap_or_else(|| (Estimator::new(settings()), 0));
        Self {
            options,
            estimator,
            texts: Texts::new(NAMES_SIZE_MAX),
            index: HashTable::new(),
            flights: Vec::new(),
            hashes: Vec::new(),
            hash_sum: 0,
            learned_hash,
            alarms: BinaryHeap::new(),
            tally: Tally::default(),
            heads: Vec::new(),
            touched: Vec::new(),
            name_scratch: String::with_capacity(64),
            made: Made::default(),
            saving: saving::Saving::default(),
            under_way: UnderWay::Nothing,
        }
    }

    /// What it is doing, or was when it panicked.
    #[must_use]
    pub fn under_way(&self) -> UnderWay {
        self.under_way
    }

    /// What was said and counted so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What was learned.
    #[must_use]
    pub fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// The hash of all state; added to that of the shards.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.hash_sum.wrapping_add(self.learned_hash)
    }

    /// Bytes taken from the allocator, without the lanes: see [`Estimator::tree`].
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.flights.capacity() * (size_of::<Flight>() + size_of::<u64>())
            + self.alarms.capacity() * size_of::<Reverse<(Seconds, ShipmentKey)>>()
            + 5 * self.index.capacity()
            + self.texts.memory_size()
    }

    /// Takes what the shards told in one turn, in the order of the log, and writes what is to be said.
    pub fn turn<'a>(
        &mut self,
        intake: &Intake,
        outputs: impl Iterator<Item = &'a Output> + Clone,
        out: &mut Output,
    ) {
        let mut heads = core::mem::take(&mut self.heads);
        heads.clear();
        heads.extend(outputs.clone().map(|_| 0));
        for document in intake.documents() {
            self.under_way = UnderWay::Time(document.seq);
            self.ring(document.seq, document.received, out);
            self.under_way = UnderWay::Message(document.seq);
            // Ends: every turn moves one head by one.
            loop {
                let next = outputs
                    .clone()
                    .enumerate()
                    .filter_map(|(i, output)| Some((output.news.position(heads[i])?, i)))
                    .min();
                let Some((position, i)) = next else { break };
                if document.seq < position.seq {
                    break;
                }
                let output = outputs.clone().nth(i).expect("it was just looked at");
                self.take(&output.news.told(heads[i]));
                heads[i] += 1;
            }
            self.ask_touched(out);
        }
        self.heads = heads;
        self.under_way = UnderWay::Nothing;
        self.tally.estimates.flights = self.flights.len() as u64;
        self.tally.estimates.lanes = self.estimator.tree().len() as u64;
    }

    /// Time has come to a message: what is due is asked about.
    fn ring(&mut self, seq: u64, received: Micros, out: &mut Output) {
        let now = Seconds::from_micros(received);
        // Ends: an alarm is set again only for later.
        while let Some(&Reverse((second, key))) = self.alarms.peek()
            && second <= now
        {
            self.alarms.pop();
            let Some(slot) = self.slot_of(key) else { continue };
            let flight = &mut self.flights[slot];
            if flight.armed != second {
                // An earlier one came in between.
                continue;
            }
            flight.armed = Seconds::NEVER;
            if second < flight.alarm {
                self.arm(slot);
                continue;
            }
            self.open(slot);
            if flight_is_silent(&self.flights[slot], now) {
                self.tally.estimates.forgotten += 1;
                self.remove(slot);
                continue;
            }
            let place = Place::of_timer(seq, second.0, ALARMS, key.0);
            let at = At { place, received, due: Some(second), event: 0 };
            self.ask(slot, Cause::Age, &at, out);
            self.close(slot);
            self.arm(slot);
        }
    }

    /// Takes one piece of news.
    fn take(&mut self, told: &Told<'_>) {
        let facts = &told.facts;
        let begins = facts.flags.has(NewsFlags::BEGINS);
        let slot = match self.slot_of(facts.key) {
            Some(slot) => slot,
            None if begins => self.insert(told),
            // It was delivered before, or is forgotten.
            None => return,
        };
        self.open(slot);
        let now = Seconds::from_micros(facts.received);
        let flight = &mut self.flights[slot];
        if begins {
            flight.begin(facts);
        }
        let (before, carrier_before) = (flight.class(), flight.carrier_at);
        flight.merge(told, now);
        if !flight.origin.region.is_some() && names_region(told.place) {
            let place = self.place_of(told.place);
            self.flights[slot].origin = place;
        }
        if !told.way.is_empty() {
            self.learn_way(slot, told.way);
        }
        if self.is_over(slot, told) {
            self.remove(slot);
            return;
        }
        let flight = &self.flights[slot];
        let cause = if before.map(|(class, _)| class) != flight.class().map(|(class, _)| class) {
            Cause::Milestone
        } else if carrier_before != flight.carrier_at {
            Cause::CarrierUpdate
        } else {
            Cause::Age
        };
        let place = Place::of_event(facts.position);
        let at = At { place, received: facts.received, due: None, event: facts.cause };
        let flight = &mut self.flights[slot];
        match flight.touched.checked_sub(1) {
            Some(index) => {
                let touched = &mut self.touched[index as usize];
                touched.at = at;
                // What the document brought first is what weighs most: a new milestone.
                if touched.cause != Cause::Milestone {
                    touched.cause = cause;
                }
            }
            None => {
                self.touched.push(Touched { key: facts.key, at, cause });
                flight.touched = self.touched.len() as u32;
            }
        }
    }

    /// Asks about all flights of which the document brought news, in the order of their last news.
    fn ask_touched(&mut self, out: &mut Output) {
        let mut touched = core::mem::take(&mut self.touched);
        touched.sort_unstable_by_key(|it| (it.at.place.position, it.key));
        for Touched { key, at, cause } in touched.drain(..) {
            // It has arrived in the meantime.
            let Some(slot) = self.slot_of(key) else { continue };
            self.flights[slot].touched = 0;
            self.ask(slot, cause, &at, out);
            self.close(slot);
            self.arm(slot);
        }
        self.touched = touched;
    }

    fn slot_of(&self, key: ShipmentKey) -> Option<usize> {
        let flights = &self.flights;
        let found = self.index.find(key.slot_hash(), |&slot| flights[slot as usize].key == key);
        found.map(|&slot| slot as usize)
    }

    fn insert(&mut self, told: &Told<'_>) -> usize {
        let flight = Flight::new(told, &mut self.texts);
        self.put(flight)
    }

    /// Adds a flight that is not there, with the hash of nothing.
    fn put(&mut self, flight: Flight) -> usize {
        let slot = u32::try_from(self.flights.len()).expect("memory ends before slots do");
        self.flights.push(flight);
        self.hashes.push(0);
        let flights = &self.flights;
        self.index.insert_unique(flight.key.slot_hash(), slot, |&slot| {
            flights[slot as usize].key.slot_hash()
        });
        slot as usize
    }

    /// Takes a flight out; the last one takes its slot.
    fn remove(&mut self, slot: usize) {
        let key = self.flights[slot].key;
        let flights = &self.flights;
        let is_it = |&at: &u32| flights[at as usize].key == key;
        let Ok(entry) = self.index.find_entry(key.slot_hash(), is_it) else {
            unreachable!("every flight is in the index")
        };
        entry.remove();
        self.hash_sum = self.hash_sum.wrapping_sub(self.hashes[slot]);
        let last = self.flights.len() - 1;
        if slot != last {
            self.save_ahead(last);
            let moved = self.flights[last].key;
            let at = self.index.find_mut(moved.slot_hash(), |&at| at as usize == last);
            *at.expect("every flight is in the index") = slot as u32;
        }
        self.flights.swap_remove(slot);
        self.hashes.swap_remove(slot);
    }

    /// Whose open time counts for a flight, and what transit tables say of it.
    fn way(&mut self, slot: usize) -> Way {
        let Self { flights, texts, options, estimator, made, .. } = self;
        options.almanac.way(|| flights[slot].lane(texts), &estimator.names, made)
    }

    /// Must be called before a flight changes.
    fn open(&mut self, slot: usize) {
        self.save_ahead(slot);
    }

    /// Must be called when it has changed.
    fn close(&mut self, slot: usize) {
        let hash = self.flights[slot].hash();
        let before = core::mem::replace(&mut self.hashes[slot], hash);
        self.hash_sum = self.hash_sum.wrapping_sub(before).wrapping_add(hash);
    }

    /// Sees to it that the flight's alarm rings.
    fn arm(&mut self, slot: usize) {
        let flight = &mut self.flights[slot];
        if !flight.armed.is_some() || flight.alarm < flight.armed {
            flight.armed = flight.alarm;
            self.alarms.push(Reverse((flight.alarm, flight.key)));
        }
    }

    /// Takes in what a document says of the way: what was known stays, for a parcel that is sent on is late by its first
    /// destination.
    fn learn_way(&mut self, slot: usize, way: &str) {
        let Flight { destination, service, .. } = self.flights[slot];
        let is_placed = destination.region.is_some() || destination.fine.is_some();
        // What is empty at the end of a way is left out.
        let parts = way.bytes().filter(|byte| *byte == crate::say::SEPARATOR as u8).count();
        let has_service = service.is_some() || parts < WAY_SERVICE;
        if is_placed && has_service {
            return;
        }
        if !is_placed && names_region(way) {
            let destination = self.place_of(way);
            self.flights[slot].destination = destination;
        }
        if !has_service {
            let said = way.split(crate::say::SEPARATOR).nth(WAY_SERVICE).unwrap_or("");
            let mut name = core::mem::take(&mut self.name_scratch);
            name.clear();
            name.push_str(said);
            name.make_ascii_lowercase();
            self.flights[slot].service = self.estimator.names.remember(&name);
            self.name_scratch = name;
        }
    }

    /// The symbols of a place in words: `city region postal-code country`, divided as in a batch.
    fn place_of(&mut self, words: &str) -> crossdock_eta::Place {
        let mut parts = words.split(crate::say::SEPARATOR).skip(1);
        let mut part = || parts.next().unwrap_or("").trim();
        let (region, postal, country) = (part(), part(), part());
        let mut name = core::mem::take(&mut self.name_scratch);
        let mut symbol = |fine: &str| {
            name.clear();
            name.push_str(country);
            if !fine.is_empty() {
                name.push('-');
                name.push_str(fine);
            }
            name.make_ascii_uppercase();
            self.estimator.names.remember(&name)
        };
        let place = crossdock_eta::Place {
            region: symbol(region),
            fine: match postal.char_indices().nth(3) {
                Some((end, _)) => symbol(&postal[..end]),
                None if postal.chars().count() == 3 => symbol(postal),
                None => crossdock_eta::Symbol::NONE,
            },
        };
        self.name_scratch = name;
        place
    }
}

fn flight_is_silent(flight: &Flight, now: Seconds) -> bool {
    flight.news_at.0.saturating_add(FLIGHT_SILENCE_SECONDS) <= now.0
}

/// Whether the words of a place, `city region postal-code country ...`, say more than a city.
fn names_region(words: &str) -> bool {
    let mut parts = 0;
    for byte in words.bytes() {
        if byte == crate::say::SEPARATOR as u8 {
            parts += 1;
        } else if 0 < parts && byte != b' ' {
            return parts < 4;
        }
    }
    false
}
