//! What can happen to a shipment in a story, and what a carrier's code for it means.
//!
//! # Place
//!
//! A [story](crate::story) is a row of steps; each feed in [`carriers`](crate::carriers) has a
//! *saying* for the steps it can tell: its own codes and words, and the meaning that a reader
//! must find in them. The [oracle](crate::oracle) folds the meanings and never sees the bytes.

use crossdock_model::detail::{Detail, Evidence};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Direction, Milestone};

/// One thing that happens to a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Step {
    /// The order was placed.
    OrderCreated,
    /// The order may be worked on.
    OrderReleased,
    /// Taken from stock.
    Picked,
    /// In its box.
    Packed,
    /// A label was made.
    Label,
    /// The carrier took it.
    Pickup,
    /// It left a facility.
    Departed,
    /// It arrived at a facility.
    Arrived,
    /// It was sorted, minutes after it arrived.
    Processed,
    /// Customs began.
    CustomsStart,
    /// Customs holds it.
    CustomsHold,
    /// Customs let it go.
    CustomsReleased,
    /// At the depot that delivers.
    Depot,
    /// On its way to the consignee.
    OutForDelivery,
    /// Nobody was there.
    Attempt,
    /// Waits at a pickup point.
    ReadyAtPoint,
    /// Waits in the store.
    ReadyInStore,
    /// Left at the door.
    Delivered,
    /// Signed for.
    Signed,
    /// Collected by the customer.
    Collected,
    /// Weather.
    Delayed,
    /// The address is wrong.
    Address,
    /// Damaged on the way.
    Damaged,
    /// Sent the wrong way.
    Misrouted,
    /// Held by somebody.
    Held,
    /// The consignee does not want it.
    Refused,
    /// The problem is solved.
    Resolved,
    /// The carrier begins to bring it back.
    ReturnStart,
    /// On its way back.
    ReturnTransit,
    /// The sender has it again.
    ReturnedToSender,
    /// Voided or cancelled.
    Cancelled,
    /// A new estimate.
    Estimate,
    /// A code that nobody has in a table.
    Unknown,
    /// The customer wants to send it back.
    ReturnRequested,
    /// The customer has a return label.
    ReturnLabel,
    /// The carrier has the return.
    ReturnAccepted,
    /// The return is on its way.
    ReturnMoving,
    /// The returns centre has it.
    ReturnReceived,
    /// It is being looked at.
    Inspection,
    /// Back to stock.
    Restocked,
    /// The money is on its way.
    Refunded,
}

impl Step {
    /// True where another step may be late, doubled or preceded by trouble: an ordinary scan.
    pub(crate) const fn is_ordinary_scan(self) -> bool {
        matches!(
            self,
            Self::Departed
                | Self::Arrived
                | Self::CustomsReleased
                | Self::Depot
                | Self::OutForDelivery
        )
    }

    /// True where it happens at the consignee's end.
    pub(crate) const fn is_last_mile(self) -> bool {
        matches!(
            self,
            Self::Depot
                | Self::OutForDelivery
                | Self::Attempt
                | Self::ReadyAtPoint
                | Self::ReadyInStore
                | Self::Delivered
                | Self::Signed
                | Self::Collected
                | Self::Refused
        )
    }
}

/// What a reader must find in a carrier's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What exactly happened.
    pub detail: Detail,
    /// The milestone it implies.
    pub milestone: Milestone,
    /// The exception it opens.
    pub exception: ExceptionClass,
    /// A scan, not a record.
    pub physical: bool,
    /// A guess about the future.
    pub estimate: bool,
    /// Ends open exceptions.
    pub resolves: bool,
    /// The lane, where the words say so.
    pub direction: Option<Direction>,
}

impl Meaning {
    /// What a detail implies by itself.
    pub(crate) const fn of(detail: Detail) -> Self {
        Self {
            detail,
            milestone: detail.milestone(),
            exception: ExceptionClass::None,
            physical: matches!(detail.evidence(), Evidence::Physical),
            estimate: matches!(detail.evidence(), Evidence::Estimate),
            resolves: matches!(detail, Detail::ExceptionResolved),
            direction: None,
        }
    }

    /// And opens an exception.
    pub(crate) const fn opening(mut self, exception: ExceptionClass) -> Self {
        self.exception = exception;
        self
    }

    /// And ends open exceptions.
    pub(crate) const fn resolving(mut self) -> Self {
        self.resolves = true;
        self
    }

    /// But nobody had it in hand.
    pub(crate) const fn logical(mut self) -> Self {
        self.physical = false;
        self
    }

    /// Only something wrong, and no more.
    pub(crate) const fn trouble(exception: ExceptionClass) -> Self {
        Self::of(Detail::ExceptionOnly).opening(exception)
    }

    /// An attempt that failed.
    pub(crate) const fn attempt(detail: Detail) -> Self {
        Self::of(detail).opening(ExceptionClass::DeliveryFailed)
    }

    /// True where the code is in no table.
    #[must_use]
    pub const fn is_unmapped(&self) -> bool {
        matches!(self.detail, Detail::Unmapped)
    }
}

/// How a carrier says a step: up to three codes, words, and what they mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying {
    /// Codes, in the carrier's own order of fields; the writer knows which is which.
    pub(crate) codes: [&'static str; 3],
    /// The carrier's words.
    pub(crate) text: &'static str,
    /// What a reader must find in them.
    pub(crate) meaning: Meaning,
}

impl Saying {
    pub(crate) const fn new(
        codes: [&'static str; 3],
        text: &'static str,
        meaning: Meaning,
    ) -> Self {
        Self { codes, text, meaning }
    }
}
