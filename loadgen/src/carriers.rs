//! Each carrier's documents, as that carrier writes them.
//!
//! # Place
//!
//! The [plan](crate::plan) says what a document holds, a writer here says it in the carrier's
//! words. One file a carrier: its sayings (codes, words and what a reader must find in them) and
//! its document.
//!
//! # Holds
//!
//! - Field names, nesting, order of events, time formats and odd habits (a false `Z`, a dot in an
//!   offset) are the carrier's. Names, ids and addresses are made up.
//! - Only codes whose meaning the carrier's own documentation settles are used; the feed files
//!   under `rules/packs/feeds` must agree with every saying.

pub(crate) mod aftership;
pub(crate) mod dhl;
pub(crate) mod dhl_xml;
pub(crate) mod easypost;
pub(crate) mod epcis;
pub(crate) mod fedex;
pub(crate) mod generic;
pub(crate) mod shippo;
pub(crate) mod ups;
pub(crate) mod ups_alert;
pub(crate) mod usps;
pub(crate) mod usps_xml;
pub(crate) mod x12;

use crate::disorder::Breakage;
use crate::feed::Feed;
use crate::number;
use crate::parameters::EVENTS_MAX;
use crate::place::{PLACES, Place};
use crate::plan::{Entry, Fate, Plan, Sighting};
use crate::random::{Purpose, hash};
use crate::step::{Saying, Step};
use crate::story::Story;
use crate::text::{Clock, Put as _};

/// How a feed says a step; none where it has no words for it.
pub(crate) const fn saying(feed: Feed, step: Step) -> Option<Saying> {
    match feed {
        Feed::Generic => generic::saying(step),
        Feed::UpsTrack => ups::saying(step),
        Feed::UpsAlert => ups_alert::saying(step),
        Feed::Fedex => fedex::saying(step),
        Feed::Usps => usps::saying(step),
        Feed::Dhl => dhl::saying(step),
        Feed::Easypost => easypost::saying(step),
        Feed::Aftership => aftership::saying(step),
        Feed::Shippo => shippo::saying(step),
        Feed::UspsXml => usps_xml::saying(step),
        Feed::DhlXml => dhl_xml::saying(step),
        Feed::X12 => x12::saying(step),
        Feed::Epcis => epcis::saying(step),
    }
}

/// Carriers that aggregators and crossdock's own events speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Ups,
    Fedex,
    Usps,
    Dhl,
    Freight,
    Pallet,
    Local,
}

impl Carrier {
    /// The name in changes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ups => "ups",
            Self::Fedex => "fedex",
            Self::Usps => "usps",
            Self::Dhl => "dhl-express",
            Self::Freight => "old-dominion",
            Self::Pallet => "epcis",
            Self::Local => "swiftline",
        }
    }
}

/// The carrier of a shipment.
pub(crate) fn carrier_of(plan: &Plan, story: &Story) -> Carrier {
    match story.feed {
        Feed::Generic => Carrier::Local,
        Feed::UpsTrack | Feed::UpsAlert => Carrier::Ups,
        Feed::Fedex => Carrier::Fedex,
        Feed::Usps | Feed::UspsXml => Carrier::Usps,
        Feed::X12 => Carrier::Freight,
        Feed::Epcis => Carrier::Pallet,
        Feed::Dhl | Feed::DhlXml => Carrier::Dhl,
        Feed::Easypost | Feed::Aftership | Feed::Shippo => {
            match hash(plan.parameters().seed, Purpose::Telling, !story.shipment) % 3 {
                0 => Carrier::Ups,
                1 => Carrier::Fedex,
                _ => Carrier::Usps,
            }
        }
    }
}

/// The carrier's name in changes.
pub(crate) fn carrier(plan: &Plan, story: &Story) -> &'static str {
    carrier_of(plan, story).name()
}

/// Writes the tracking number.
pub(crate) fn put_number(plan: &Plan, story: &Story, buffer: &mut Vec<u8>) {
    let index = story.shipment;
    match carrier_of(plan, story) {
        Carrier::Ups => number::put_ups(buffer, index),
        Carrier::Fedex => number::put_fedex(buffer, index),
        Carrier::Usps => number::put_usps(buffer, index),
        Carrier::Dhl => number::put_dhl(buffer, index),
        Carrier::Freight => number::put_pro(buffer, index),
        Carrier::Pallet => number::put_sscc(buffer, index),
        Carrier::Local => number::put_local(buffer, index),
    }
}

/// Writes the document of an entry, whole, after what is in the buffer.
pub(crate) fn write(plan: &Plan, story: &Story, entry: &Entry, buffer: &mut Vec<u8>) {
    let telling = Telling { plan, story, entry };
    match story.feed {
        Feed::Generic => generic::write(&telling, buffer),
        Feed::UpsTrack => ups::write(&telling, buffer),
        Feed::UpsAlert => ups_alert::write(&telling, buffer),
        Feed::Fedex => fedex::write(&telling, buffer),
        Feed::Usps => usps::write(&telling, buffer),
        Feed::Dhl => dhl::write(&telling, buffer),
        Feed::Easypost => easypost::write(&telling, buffer),
        Feed::Aftership => aftership::write(&telling, buffer),
        Feed::Shippo => shippo::write(&telling, buffer),
        Feed::UspsXml => usps_xml::write(&telling, buffer),
        Feed::DhlXml => dhl_xml::write(&telling, buffer),
        Feed::X12 => x12::write(&telling, buffer),
        Feed::Epcis => epcis::write(&telling, buffer),
    }
}

/// What a writer may know.
pub(crate) struct Telling<'a> {
    plan: &'a Plan,
    story: &'a Story,
    entry: &'a Entry,
}

/// One event, ready to be written.
pub(crate) struct Told {
    pub(crate) saying: Saying,
    pub(crate) place: &'static Place,
    /// The wall clock of the place.
    pub(crate) local: Clock,
    /// The instant.
    pub(crate) utc: Clock,
}

/// The events of a document, oldest first.
pub(crate) struct Events {
    sightings: [Option<Sighting>; EVENTS_MAX],
    count: usize,
}

impl Events {
    pub(crate) fn oldest_first(&self) -> impl DoubleEndedIterator<Item = &Sighting> {
        self.sightings[..self.count].iter().flatten()
    }
}

impl Telling<'_> {
    /// The tracking number, unless it is to be missing.
    pub(crate) fn put_number(&self, buffer: &mut Vec<u8>) {
        if self.has_number() {
            put_number(self.plan, self.story, buffer);
        }
    }

    /// True unless the number is to be missing.
    pub(crate) fn has_number(&self) -> bool {
        self.entry.truth.fate != Fate::Broken(Breakage::NoNumber)
    }

    /// True where the time is to be nonsense.
    pub(crate) fn has_bad_time(&self) -> bool {
        self.entry.truth.fate == Fate::Broken(Breakage::BadTime)
    }

    /// Seconds at which the document was made.
    pub(crate) const fn made(&self) -> Clock {
        self.plan.received_micros(self.entry.first_slot) / 1_000_000
    }

    /// A number of the shipment for ids and names; the same in all its documents.
    pub(crate) fn noise(&self) -> u64 {
        hash(self.plan.parameters().seed, Purpose::Telling, self.story.shipment * 64 + 63)
    }

    /// A number of the document.
    pub(crate) fn document_noise(&self) -> u64 {
        hash(self.plan.parameters().seed, Purpose::Slot, !self.entry.first_slot)
    }

    /// A number of the shipment, small and readable.
    pub(crate) const fn shipment(&self) -> u64 {
        self.story.shipment
    }

    pub(crate) fn carrier(&self) -> Carrier {
        carrier_of(self.plan, self.story)
    }

    pub(crate) fn origin(&self) -> &'static Place {
        &PLACES[usize::from(self.story.origin)]
    }

    pub(crate) fn destination(&self) -> &'static Place {
        &PLACES[usize::from(self.story.destination)]
    }

    /// The newest event of the document.
    pub(crate) fn newest(&self) -> Told {
        let events = self.entry.truth.events;
        assert!(events != 0, "a document holds at least one event");
        if events.count_ones() == 1 {
            let index = events.trailing_zeros() as usize;
            return self.told(&self.plan.sighting(self.story, index));
        }
        let events = self.events();
        let newest = events.oldest_first().next_back();
        self.told(newest.unwrap_or_else(|| unreachable!("there is one event at least")))
    }

    /// All events of the document, in the order of their clocks.
    pub(crate) fn events(&self) -> Events {
        let mut events = Events { sightings: [None; EVENTS_MAX], count: 0 };
        let mut rest = self.entry.truth.events;
        while rest != 0 {
            let index = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            events.sightings[events.count] = Some(self.plan.sighting(self.story, index));
            events.count += 1;
        }
        events.sightings[..events.count]
            .sort_unstable_by_key(|sighting| sighting.map(|sighting| sighting.seconds));
        events
    }

    pub(crate) fn told(&self, sighting: &Sighting) -> Told {
        let saying = saying(self.story.feed, sighting.step)
            .unwrap_or_else(|| unreachable!("a story holds only what its feed can tell"));
        Told {
            saying,
            place: &PLACES[usize::from(sighting.place)],
            local: sighting.seconds + i64::from(sighting.offset_minutes) * 60,
            utc: sighting.seconds,
        }
    }

    /// `2026-05-21T08:14:00-05:00`, or nonsense where that is asked for.
    pub(crate) fn put_time(&self, told: &Told, buffer: &mut Vec<u8>) {
        if self.has_bad_time() {
            buffer.put("2026-13-45T07:41:00-06:00");
            return;
        }
        buffer.put_iso(told.local);
        buffer.put_offset(told.place.offset_minutes, ":");
    }
}
