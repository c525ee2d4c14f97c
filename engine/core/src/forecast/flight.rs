//! A shipment under way, as the forecast remembers it: fixed size.
//!
//! # Holds
//!
//! - What is hashed and saved are contents: texts by what they say, symbols by the hash of their names. The hash has
//!   the key in place of the texts that make it.

use crossdock_eta::{Lane, MilestoneClass, Place, Published, Symbol};
use crossdock_model::id::ShipmentKey;
use crossdock_model::limits::NUMBER_LEN_MAX;
use crossdock_model::milestone::Milestone;
use crossdock_model::record::Seconds;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::news::{CLASSES, Facts, NewsFlags, Told, class_of};
use crate::snapshot::bytes::{self, Flaw, Source};
use crate::texts::{TextId, Texts};

/// Times of a flight.
const TIMES: usize = 2 * CLASSES + 10;

/// Words of all that may change: two of counts and states, the times, five symbols of two.
const WORDS: usize = 2 + TIMES + 2 * 5;

/// A tracking number, kept in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    bytes: [u8; NUMBER_LEN_MAX],
    len: u8,
}

impl Number {
    /// A number; what is longer than a number may be is cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let cut = &text[..text.floor_char_boundary(NUMBER_LEN_MAX)];
        let mut bytes = [0; NUMBER_LEN_MAX];
        bytes[..cut.len()].copy_from_slice(cut.as_bytes());
        Self { bytes, len: cut.len() as u8 }
    }

    /// As a text.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }
}

/// One shipment under way.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// Which.
    pub key: ShipmentKey,
    /// Its number.
    pub number: Number,
    /// Whose, among the forecast's texts.
    pub tenant: TextId,
    /// Who carries it, among the forecast's texts.
    pub carrier: TextId,
    /// How often the number has been used.
    pub epoch: u16,
    /// How many estimates were said of it.
    pub said: u32,
    /// Where it is.
    pub milestone: Milestone,
    /// See [`NewsFlags`]; of the newest news.
    pub flags: NewsFlags,
    /// When it first was in each class.
    pub class_at: [Seconds; CLASSES],
    /// The carrier's own estimate when that was heard of.
    pub carrier_then: [Seconds; CLASSES],
    /// When it reached its milestone.
    pub milestone_at: Seconds,
    /// The first failed attempt.
    pub attempted_at: Seconds,
    /// The carrier's own estimate.
    pub carrier_at: Seconds,
    /// The carrier's estimate of the use of the number before: it is none of this one.
    pub carrier_stale: Seconds,
    /// What was promised: the first estimate that the carrier gave.
    pub promise_at: Seconds,
    /// Whence: the place of its earliest event that was known first.
    pub origin: Place,
    /// Whither, as far as documents have said.
    pub destination: Place,
    /// By which service of the carrier.
    pub service: Symbol,
    /// When that was said last: p50, p90, at; never where nothing is said, or it was taken back.
    pub published: [Seconds; 3],
    /// Stream time of the newest news.
    pub news_at: Seconds,
    /// When it is asked about again, if nothing comes before.
    pub alarm: Seconds,
    /// The earliest alarm that waits for it; no state, a consequence of the alarms so far.
    pub armed: Seconds,
    /// Its number among the flights that the document at hand brought news of, from 1; no state.
    pub touched: u32,
}

impl Flight {
    /// A shipment that nothing is known of yet.
    #[must_use]
    pub fn new(told: &Told<'_>, texts: &mut Texts) -> Self {
        Self {
            key: told.facts.key,
            number: Number::new(told.number),
            tenant: texts.intern(told.tenant),
            carrier: texts.intern(told.carrier),
            epoch: told.facts.epoch,
            said: 0,
            milestone: Milestone::Unknown,
            flags: NewsFlags::default(),
            class_at: [Seconds::NEVER; CLASSES],
            carrier_then: [Seconds::NEVER; CLASSES],
            milestone_at: Seconds::NEVER,
            attempted_at: Seconds::NEVER,
            carrier_at: Seconds::NEVER,
            carrier_stale: Seconds::NEVER,
            promise_at: Seconds::NEVER,
            origin: Place::default(),
            destination: Place::default(),
            service: Symbol::NONE,
            published: [Seconds::NEVER; 3],
            news_at: Seconds::NEVER,
            alarm: Seconds::NEVER,
            armed: Seconds::NEVER,
            touched: 0,
        }
    }

    /// A new use of the number begins: all but its name is forgotten.
    pub fn begin(&mut self, facts: &Facts) {
        let is_stale = 1 < facts.epoch && !facts.flags.has(NewsFlags::ESTIMATE);
        // A shipment that was forgotten for want of room begins its first use again.
        let said = if self.epoch < facts.epoch { 0 } else { self.said };
        *self = Self {
            said,
            carrier_at: Seconds::NEVER,
            carrier_stale: if is_stale { facts.carrier_at } else { Seconds::NEVER },
            milestone: Milestone::Unknown,
            class_at: [Seconds::NEVER; CLASSES],
            carrier_then: [Seconds::NEVER; CLASSES],
            attempted_at: Seconds::NEVER,
            promise_at: Seconds::NEVER,
            origin: Place::default(),
            destination: Place::default(),
            service: Symbol::NONE,
            published: [Seconds::NEVER; 3],
            ..*self
        };
    }

    /// Takes news in.
    pub fn merge(&mut self, told: &Told<'_>, now: Seconds) {
        let facts = &told.facts;
        self.epoch = facts.epoch;
        self.flags = facts.flags;
        self.milestone = facts.milestone;
        self.milestone_at = facts.milestone_at;
        self.news_at = now;
        let is_stale = facts.carrier_at == self.carrier_stale;
        self.carrier_at = if is_stale { Seconds::NEVER } else { facts.carrier_at };
        if !self.promise_at.is_some() {
            self.promise_at = self.carrier_at;
        }
        earliest(&mut self.attempted_at, facts.attempted_at);
        for class in 0..CLASSES {
            if facts.class_at[class].is_some() && !self.class_at[class].is_some() {
                self.carrier_then[class] = self.carrier_at;
            }
            earliest(&mut self.class_at[class], facts.class_at[class]);
        }
    }

    /// The class it is in and since when; `None` where nobody can say when it arrives.
    #[must_use]
    pub fn class(&self) -> Option<(MilestoneClass, Seconds)> {
        let class = class_of(self.milestone)?;
        let known = self.class_at[class as usize];
        let since = if known.is_some() { known } else { self.milestone_at };
        since.is_some().then_some((class, since))
    }

    /// The way it goes.
    #[must_use]
    pub fn lane(&self, texts: &Texts) -> Lane {
        let carrier = Symbol::of(texts.get(self.carrier));
        let Self { origin, destination, service, .. } = *self;
        Lane { carrier, service, origin, destination, ..Lane::default() }
    }

    /// What was said last.
    #[must_use]
    pub fn last(&self) -> Option<Published> {
        let [p50, p90, at] = self.published.map(|at| i64::from(at.0));
        (p50 != 0).then_some(Published { p50, p90, at })
    }

    /// All that may change, as words: what is saved and hashed.
    fn words(&self) -> [u32; WORDS] {
        let Self {
            // These make the flight what it is, and stay.
            key: _,
            number: _,
            tenant: _,
            carrier: _,
            epoch,
            said,
            milestone,
            flags,
            class_at,
            carrier_then,
            milestone_at,
            attempted_at,
            carrier_at,
            carrier_stale,
            promise_at,
            origin,
            destination,
            service,
            published,
            news_at,
            alarm,
            armed: _,
            touched: _,
        } = self;
        let state = u32::from(*epoch) | (*milestone as u32) << 16 | u32::from(flags.0) << 24;
        let single =
            [milestone_at, attempted_at, carrier_at, carrier_stale, promise_at, news_at, alarm];
        let times = class_at.iter().chain(carrier_then).chain(single).chain(published);
        let symbols = [origin.fine, origin.region, destination.fine, destination.region, *service];
        let mut words = [0; WORDS];
        (words[0], words[1]) = (*said, state);
        for (word, time) in words[2..].iter_mut().zip(times) {
            *word = time.0;
        }
        for (pair, symbol) in words[2 + TIMES..].chunks_exact_mut(2).zip(symbols) {
            (pair[0], pair[1]) = (symbol.0 as u32, (symbol.0 >> 32) as u32);
        }
        words
    }

    /// A hash of all contents.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let key = self.key.0;
        let bytes = self.words().map(u32::to_le_bytes);
        xxh3_64_with_seed(bytes.as_flattened(), key as u64 ^ (key >> 64) as u64)
    }

    /// Writes what is saved.
    pub fn put(&self, texts: &Texts, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.0.to_le_bytes());
        for text in [self.number.text(), texts.get(self.tenant), texts.get(self.carrier)] {
            bytes::put_text(out, text);
        }
        out.extend_from_slice(self.words().map(u32::to_le_bytes).as_flattened());
    }

    /// Reads what [`Flight::put`] wrote.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn take(source: &mut Source<'_>, texts: &mut Texts) -> Result<Self, Flaw> {
        let key = ShipmentKey(source.u128()?);
        let number = Number::new(source.text()?);
        let tenant = texts.intern(source.text()?);
        let carrier = texts.intern(source.text()?);
        let said = source.u32()?;
        let epoch = source.u16()?;
        let milestone = source.closed(Milestone::from_number)?;
        let flags = NewsFlags(source.u8()?);
        let mut times = [Seconds::NEVER; TIMES];
        for time in &mut times {
            *time = Seconds(source.u32()?);
        }
        let mut symbol = || source.u64().map(Symbol);
        let origin = Place { fine: symbol()?, region: symbol()? };
        let destination = Place { fine: symbol()?, region: symbol()? };
        let service = symbol()?;
        let single = |i: usize| times[2 * CLASSES + i];
        Ok(Self {
            key,
            number,
            tenant,
            carrier,
            epoch,
            said,
            milestone,
            flags,
            class_at: core::array::from_fn(|i| times[i]),
            carrier_then: core::array::from_fn(|i| times[CLASSES + i]),
            milestone_at: single(0),
            attempted_at: single(1),
            carrier_at: single(2),
            carrier_stale: single(3),
            promise_at: single(4),
            news_at: single(5),
            alarm: single(6),
            published: [single(7), single(8), single(9)],
            origin,
            destination,
            service,
            armed: Seconds::NEVER,
            touched: 0,
        })
    }
}

fn earliest(known: &mut Seconds, at: Seconds) {
    if at.is_some() && (!known.is_some() || at < *known) {
        *known = at;
    }
}
