//! What shards tell the forecast: a line for each group of a document that brought news of its shipment.
//!
//! # Place
//!
//! `shard` (behind the fold) -> **`Told`** in the shard's output -> `forecast`, in the order of the log.
//!
//! # Holds
//!
//! - A shipment is told of as it stands when all events of its group are applied: an answer with the whole
//!   history of a parcel is one piece of news, not one for each event.
//! - Known duplicates tell nothing.

use crossdock_eta::MilestoneClass;
use crossdock_model::id::{Position, ShipmentKey};
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;

/// How many classes of milestones there are.
pub const CLASSES: usize = MilestoneClass::ALL.len();

/// Yes and no about the news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewsFlags(pub u8);

impl NewsFlags {
    /// A use of the number begins.
    pub const BEGINS: Self = Self(1);
    /// An exception of a class that makes a date doubtful is open.
    pub const DOUBTFUL: Self = Self(1 << 1);
    /// The number stands for several parcels.
    pub const SHARED: Self = Self(1 << 2);
    /// There was an event.
    pub const EVENT: Self = Self(1 << 3);
    /// The carrier's estimate changed.
    pub const ESTIMATE: Self = Self(1 << 4);

    /// True where every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags, and those where `is` says so.
    #[must_use]
    pub const fn with(self, other: Self, is: bool) -> Self {
        if is { Self(self.0 | other.0) } else { self }
    }
}

/// What is told, without its texts.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Where its cause stands in the log.
    pub position: Position,
    /// Stream time of the cause.
    pub received: Micros,
    /// The shipment.
    pub key: ShipmentKey,
    /// Fingerprint of the last new event; 0 where there is none.
    pub cause: u64,
    /// How often the number has been used.
    pub epoch: u16,
    /// See [`NewsFlags`].
    pub flags: NewsFlags,
    /// Where the shipment is.
    pub milestone: Milestone,
    /// The lane it is on.
    pub direction: Direction,
    /// The earliest new event of each class.
    pub class_at: [Seconds; CLASSES],
    /// When the shipment reached its milestone.
    pub milestone_at: Seconds,
    /// The first failed attempt among the new events.
    pub attempted_at: Seconds,
    /// The delivery that stands.
    pub delivered_at: Seconds,
    /// The carrier's own estimate.
    pub carrier_at: Seconds,
}

/// What is told of one shipment.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Everything but texts.
    pub facts: Facts,
    /// Whose data.
    pub tenant: &'a str,
    /// Who carries it.
    pub carrier: &'a str,
    /// Its number.
    pub number: &'a str,
    /// Where the earliest new event was: see [`crate::batch::Words::place`].
    pub place: &'a str,
    /// Whither and how: see [`crate::batch::Group::way`].
    pub way: &'a str,
}

/// A [`Told`] in a [`News`].
#[derive(Clone, Copy, Debug)]
struct Line {
    facts: Facts,
    start: u32,
    ends: [u32; 5],
}

/// What one shard tells in one turn, in the order of the log.
#[derive(Debug, Default)]
pub struct News {
    lines: Vec<Line>,
    texts: String,
}

impl News {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.texts.clear();
    }

    /// How much is told.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Where the cause of a line stands; `None` behind the last one.
    #[must_use]
    pub fn position(&self, index: usize) -> Option<Position> {
        self.lines.get(index).map(|line| line.facts.position)
    }

    /// A line. There must be one.
    #[must_use]
    pub fn told(&self, index: usize) -> Told<'_> {
        let Line { facts, start, ends } = &self.lines[index];
        let text = |i: usize| {
            let from = if i == 0 { *start } else { ends[i - 1] };
            &self.texts[from as usize..ends[i] as usize]
        };
        Told {
            facts: *facts,
            tenant: text(0),
            carrier: text(1),
            number: text(2),
            place: text(3),
            way: text(4),
        }
    }

    /// Adds a line.
    pub fn tell(&mut self, told: &Told<'_>) {
        let last = self.lines.last().map(|last| last.facts.position);
        assert!(last.is_none_or(|last| last <= told.facts.position), "news come in order");
        let start = self.texts.len() as u32;
        let texts = [told.tenant, told.carrier, told.number, told.place, told.way];
        let ends = texts.map(|text| {
            self.texts.push_str(text);
            self.texts.len() as u32
        });
        self.lines.push(Line { facts: told.facts, start, ends });
    }
}

/// The class since which the remaining time of a shipment at a milestone runs; `None` where nobody
/// can say when it arrives: nothing is known, somebody has to collect it, or it is on another lane.
#[must_use]
pub const fn class_of(milestone: Milestone) -> Option<MilestoneClass> {
    Some(match milestone {
        Milestone::OrderCreated
        | Milestone::OrderReleased
        | Milestone::Picked
        | Milestone::Packed
        | Milestone::Manifested
        | Milestone::CarrierPickupScheduled => MilestoneClass::Label,
        Milestone::CarrierPossession => MilestoneClass::Accepted,
        Milestone::InTransit | Milestone::Customs => MilestoneClass::InTransit,
        Milestone::AtDestinationFacility => MilestoneClass::AtDestinationHub,
        // What was tried once is tried again from the same depot.
        Milestone::OutForDelivery | Milestone::DeliveryAttempted => MilestoneClass::OutForDelivery,
        _ => return None,
    })
}
