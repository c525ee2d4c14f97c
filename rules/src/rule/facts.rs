//! What the rules may look at: one shipment at one moment, borrowed from the core.
//!
//! # Place
//!
//! Filled in by `core` after the fold of one event, or when a timer is due; read by `row`.
//!
//! # Holds
//!
//! - Names are [`Symbol`]s of the [`Interner`] that was given when the rules were loaded.
//! - Statistics (lane, feed) are those frozen at the last mark, so that any cut of the log into
//!   batches sees the same values at the same event.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::record::{Record, Seconds};
use crossdock_standard::zone::ZoneId;

use super::event_set::EventSet;

/// A name as a number: carrier, service, tenant, country, region, tier. 0 stands for "absent".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

impl Symbol {
    /// The name is not known.
    pub const ABSENT: Self = Self(0);
}

/// Turns the names in rule files into the numbers that the core has in its hands.
pub trait Interner {
    /// The number of a name, lower case. Never [`Symbol::ABSENT`] for a name that is not empty.
    fn symbol(&mut self, name: &str) -> Symbol;
}

/// The interner for callers that keep no table: a 32-bit hash of the name.
///
/// Two of 10,000 names meet with odds of about 1 in 86; the checker refuses a rule set in which
/// two of its own names do.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashInterner;

impl HashInterner {
    /// The number of a name; letter case does not matter, nor whether words are joined by `-` or `_`: feeds say
    /// `dhl-express`, people write `dhl_express`.
    #[must_use]
    pub fn of(name: &str) -> Symbol {
        if name.is_empty() {
            return Symbol::ABSENT;
        }
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        for byte in name.bytes() {
            let letter = if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
            hash = (hash ^ u64::from(letter)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let folded = (hash ^ (hash >> 32)) as u32;
        Symbol(folded.max(1))
    }
}

impl Interner for HashInterner {
    fn symbol(&mut self, name: &str) -> Symbol {
        Self::of(name)
    }
}

/// A place on the globe, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Latitude, -90,000,000 to 90,000,000.
    pub lat_e6: i32,
    /// Longitude, -180,000,000 to 180,000,000.
    pub lon_e6: i32,
}

/// How exact a [`Point`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Accuracy {
    /// Not known.
    #[default]
    Unknown = 0,
    /// A building.
    Rooftop = 1,
    /// A street.
    Street = 2,
    /// A postal code.
    Postcode = 3,
    /// A city.
    City = 4,
    /// A region or country.
    Region = 5,
}

/// What the rules are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Subject {
    /// A shipment: the rule.
    #[default]
    Shipment = 0,
    /// A feed of a carrier, as a whole: one pseudo shipment per feed.
    Feed = 1,
    /// An order of several shipments.
    Order = 2,
}

/// One end of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// ISO 3166-1 alpha-2, lower case.
    pub country: Symbol,
    /// ISO 3166-2 subdivision without the country, lower case.
    pub region: Symbol,
    /// Time zone, where known.
    pub zone: Option<ZoneId>,
    /// Where it is, where known.
    pub point: Option<Point>,
}

/// What does not change with events, or seldom: the attributes of a shipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shipment {
    /// What the rules are about.
    pub subject: Subject,
    /// Whose it is.
    pub tenant: Symbol,
    /// Who carries it.
    pub carrier: Symbol,
    /// The carrier's service.
    pub service: Symbol,
    /// `parcel`, `ltl`, `ftl`, `bopis`, `return`, `b2b` or the tenant's own word.
    pub mode: Symbol,
    /// The merchant's tier.
    pub tier: Symbol,
    /// The lane, as a name for messages.
    pub lane: Symbol,
    /// Where it comes from.
    pub origin: End,
    /// Where it goes.
    pub destination: End,
    /// It is known to be a return or part of one.
    pub is_return: bool,
    /// The delivery promised to the customer: the last moment of it.
    pub promise_at: Seconds,
    /// The agreed appointment: its end.
    pub appointment_at: Seconds,
    /// Until when it can be collected.
    pub pickup_until: Seconds,
    /// Until when the return label is good.
    pub return_label_until: Seconds,
    /// Pieces of the shipment or order; 0 where not known.
    pub pieces: u16,
    /// Pieces delivered, where that is known.
    pub pieces_delivered: Option<u16>,
    /// Worth in whole units of the tenant's currency; 0 where not known.
    pub value: u32,
}

/// The estimate, and what it means for the promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eta {
    /// Delivered by then with a probability of one half.
    pub p50_at: Seconds,
    /// Delivered by then with a probability of nine tenths.
    pub p90_at: Seconds,
    /// The carrier's own estimate.
    pub carrier_at: Seconds,
    /// Probability that the promise is broken, in millionths; `None` without promise or estimate.
    pub breach_e6: Option<u32>,
    /// 0 not known, 1 low, 2 medium, 3 high.
    pub confidence: u8,
}

/// What is usual on the shipment's lane. Frozen between marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Seconds between physical scans: median. 0 where not known.
    pub gap_p50: u32,
    /// 90 %.
    pub gap_p90: u32,
    /// 95 %.
    pub gap_p95: u32,
    /// 99 %.
    pub gap_p99: u32,
    /// Gaps behind these numbers.
    pub support: u32,
}

/// How the shipment's feed does. Frozen between marks; see [`FeedClock`](super::feed_clock::FeedClock).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// The feed's name.
    pub name: Symbol,
    /// Learned 95 % of "received minus happened", seconds, at most 6 h.
    pub grace: u32,
    /// Silent for longer than it ever is: absence proves nothing.
    pub is_silent: bool,
    /// Seconds since its last message.
    pub silent_seconds: u32,
    /// Seconds of silence that are still usual; 0 where not known.
    pub limit_seconds: u32,
}

/// What is known of the event's place and words beyond [`Event`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene<'a> {
    /// Where it happened.
    pub point: Option<Point>,
    /// How exact that is.
    pub accuracy: Accuracy,
    /// The country where it happened.
    pub country: Symbol,
    /// The region where it happened.
    pub region: Symbol,
    /// The carrier's code as sent.
    pub code: Option<&'a str>,
    /// The carrier's text as sent.
    pub text: Option<&'a str>,
    /// Who signed.
    pub signed_by: Option<&'a str>,
}

/// Texts of the shipment that rules may search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'a> {
    /// Postal code of the origin.
    pub origin_postal: Option<&'a str>,
    /// Postal code of the destination.
    pub destination_postal: Option<&'a str>,
    /// The tracking number.
    pub number: Option<&'a str>,
}

/// The kept events of a shipment, however the caller keeps them: an event is made when a rule asks.
pub trait History: core::fmt::Debug {
    /// How many there are.
    fn count(&self) -> usize;

    /// The event of an index below [`History::count`].
    fn get(&self, index: usize) -> Event;

    /// The first index from `from` on whose event is in a set. Where an event is dear to make, this should do without.
    fn next_of(&self, set: &EventSet, from: usize) -> Option<usize> {
        (from..self.count()).find(|index| set.has(&self.get(*index)))
    }

    /// True where an event takes another back.
    fn has_retraction(&self) -> bool {
        (0..self.count()).any(|index| self.get(index).flags.has(EventFlags::RETRACTS))
    }
}

impl History for &[Event] {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> Event {
        self[index]
    }
}

impl History for [Event; 0] {
    fn count(&self) -> usize {
        0
    }

    fn get(&self, _: usize) -> Event {
        unreachable!("no index is below 0")
    }
}

impl Facts<'_> {
    /// The kept events.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        (0..self.history.count()).map(|index| self.history.get(index))
    }

    /// The kept events of a set.
    pub fn events_of<'a>(&'a self, set: &'a EventSet) -> impl Iterator<Item = Event> + 'a {
        let mut from = 0;
        core::iter::from_fn(move || {
            let found = self.history.next_of(set, from)?;
            from = found + 1;
            Some(self.history.get(found))
        })
    }
}

/// One shipment at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The record before the event; on a timer, the same as `after`.
    pub before: &'a Record,
    /// The record as it stands.
    pub after: &'a Record,
    /// The event; `None` on a timer.
    pub event: Option<&'a Event>,
    /// Place and words of the event.
    pub scene: Scene<'a>,
    /// The kept events of this epoch in any order, the present one among them. Counts, `seen` of
    /// a detail, and late anchors are answered from it.
    pub history: &'a dyn History,
    /// Attributes.
    pub shipment: &'a Shipment,
    /// Texts.
    pub texts: Texts<'a>,
    /// The estimate before the event.
    pub eta_before: &'a Eta,
    /// The estimate as it stands.
    pub eta: &'a Eta,
    /// What is usual on its lane.
    pub lane: &'a Lane,
    /// How its feed does.
    pub feed: &'a Feed,
    /// Stream time.
    pub now: Seconds,
}
