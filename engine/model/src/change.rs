//! What the engine says: a small, explained change of one shipment or order.
//!
//! # Holds
//!
//! - The id is a pure function of (shipment, epoch, kind, subject, episode). A second publish of
//!   the same change is recognizable for ever, without any window.
//! - The version of a shipment rises by one with every change said of it.

use crate::detail::Detail;
use crate::exception::ExceptionClass;
use crate::id::{ChangeId, FeedId, Position};
use crate::milestone::{Audience, Direction, Milestone};
use crate::reason::{Party, Reason};
use crate::time::EventTime;

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ChangeKind {
    /// A milestone was reached.
    Milestone = 0,
    /// An exception was opened.
    ExceptionOpened = 1,
    /// An exception was resolved.
    ExceptionResolved = 2,
    /// The estimate changed.
    EtaChanged = 3,
    /// Something said before no longer holds.
    Correction = 4,
    /// An order's state rolled up from its shipments changed.
    Order = 5,
}

impl ChangeKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 6] = [
        Self::Milestone,
        Self::ExceptionOpened,
        Self::ExceptionResolved,
        Self::EtaChanged,
        Self::Correction,
        Self::Order,
    ];

    /// The name in subjects and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milestone => "milestone",
            Self::ExceptionOpened => "exception_opened",
            Self::ExceptionResolved => "exception_resolved",
            Self::EtaChanged => "eta_changed",
            Self::Correction => "correction",
            Self::Order => "order",
        }
    }

    /// The type attribute of a CloudEvent: the name, and the version of the format.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Milestone => "crossdock.milestone.v1",
            Self::ExceptionOpened => "crossdock.exception_opened.v1",
            Self::ExceptionResolved => "crossdock.exception_resolved.v1",
            Self::EtaChanged => "crossdock.eta_changed.v1",
            Self::Correction => "crossdock.correction.v1",
            Self::Order => "crossdock.order.v1",
        }
    }
}

/// One change. The strings that go with it (tenant, carrier, number) belong to the shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Identity, for ever.
    pub id: ChangeId,
    /// What kind of change.
    pub kind: ChangeKind,
    /// Who should hear of it.
    pub audience: Audience,
    /// How often the number has been used, from 1.
    pub epoch: u16,
    /// Rises by one per change of this shipment, from 1.
    pub version: u32,
    /// Where the shipment is now.
    pub milestone: Milestone,
    /// Where it was.
    pub previous: Milestone,
    /// What exactly happened.
    pub detail: Option<Detail>,
    /// The exception opened or resolved.
    pub exception: ExceptionClass,
    /// Why.
    pub reason: Reason,
    /// Whose doing.
    pub party: Party,
    /// The lane.
    pub direction: Direction,
    /// Which occurrence of the same thing in this epoch, from 1.
    pub episode: u16,
    /// When it happened.
    pub at: EventTime,
    /// The feed whose event caused it.
    pub feed: FeedId,
    /// Where in the input log its cause stands.
    pub position: Position,
}
