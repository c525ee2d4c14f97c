//! The standardized event: what one carrier report means, fixed size.
//!
//! # Place
//!
//! Made by `core::standardize` on a lane, carried to the shard that owns the shipment, kept there
//! as a history entry. Raw code and text travel beside it and are kept with the history, so that
//! a changed feed file can be replayed.

use crate::detail::Detail;
use crate::exception::ExceptionClass;
use crate::id::{FeedId, Fingerprint};
use crate::milestone::{Direction, Milestone};
use crate::reason::{Party, Reason};
use crate::time::{EventTime, Micros};

/// Who holds the goods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Possession {
    /// Not said.
    #[default]
    Unknown = 0,
    /// The shipper, still.
    Shipper = 1,
    /// A carrier.
    Carrier = 2,
    /// Customs.
    Customs = 3,
    /// A locker, point or store.
    PickupPoint = 4,
    /// The consignee.
    Consignee = 5,
    /// The returns centre, or the sender again.
    ReturnsCenter = 6,
}

impl Possession {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Shipper => "shipper",
            Self::Carrier => "carrier",
            Self::Customs => "customs",
            Self::PickupPoint => "pickup_point",
            Self::Consignee => "consignee",
            Self::ReturnsCenter => "returns_center",
        }
    }

    /// Who holds the goods once a milestone is reached.
    #[must_use]
    pub const fn after(milestone: Milestone) -> Self {
        match milestone.rank() {
            0 => Self::Unknown,
            1..=19 | 70..=72 => Self::Shipper,
            34 => Self::Customs,
            44 => Self::PickupPoint,
            48..=50 => Self::Consignee,
            64 | 76..=83 => Self::ReturnsCenter,
            20..=42 | 60 | 74 => Self::Carrier,
            _ => Self::Unknown,
        }
    }
}

/// Facts about an event that are yes or no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFlags(pub u16);

impl EventFlags {
    /// Somebody had the goods in hand: a scan, not a record.
    pub const PHYSICAL: Self = Self(1);
    /// A guess about the future; never moves a milestone.
    pub const ESTIMATE: Self = Self(1 << 1);
    /// The code is not in the feed's table.
    pub const UNMAPPED: Self = Self(1 << 2);
    /// Ends open exceptions ("problem resolved").
    pub const RESOLVES: Self = Self(1 << 3);
    /// Its time lies in the future by more than the tolerance, or centuries away.
    pub const UNTRUSTED_TIME: Self = Self(1 << 4);
    /// Takes back what an earlier event with the same identity said.
    pub const RETRACTS: Self = Self(1 << 5);
    /// The meaning of the code rests on a guess that no public document confirms.
    pub const UNVERIFIED: Self = Self(1 << 6);
    /// The direction was said by this event, not assumed.
    pub const DIRECTION_SAID: Self = Self(1 << 7);
    /// It says a milestone that its feed may not say: kept, and nothing follows from it.
    pub const HEARSAY: Self = Self(1 << 8);
    /// Any of these makes an event one that is kept and has no say.
    pub const NO_SAY: Self = Self(Self::UNMAPPED.0 | Self::UNTRUSTED_TIME.0 | Self::HEARSAY.0);

    /// True where every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True where any flag of `other` is set.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These flags and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags without those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// One standardized event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// Identity within the shipment.
    pub fingerprint: Fingerprint,
    /// When it happened.
    pub time: EventTime,
    /// Stream time of the message that brought it.
    pub received: Micros,
    /// Hash of the normalized place; 0 where none is given.
    pub place: u64,
    /// The feed that reported it.
    pub feed: FeedId,
    /// See [`EventFlags`].
    pub flags: EventFlags,
    /// What exactly happened.
    pub detail: Detail,
    /// The milestone it implies, after the table row's override.
    pub milestone: Milestone,
    /// The exception it opens, if any.
    pub exception: ExceptionClass,
    /// Why.
    pub reason: Reason,
    /// Whose doing.
    pub party: Party,
    /// The lane it belongs to.
    pub direction: Direction,
}

const _: () = assert!(size_of::<Event>() == 64, "an event is one cache line");

impl Event {
    /// True where the code is not in the feed's table.
    #[must_use]
    pub const fn is_unmapped(&self) -> bool {
        self.flags.has(EventFlags::UNMAPPED)
    }

    /// True where somebody had the goods in hand.
    #[must_use]
    pub const fn is_physical(&self) -> bool {
        self.flags.has(EventFlags::PHYSICAL)
    }
}
