//! An order: what its shipments together say of it.
//!
//! # Place
//!
//! A shard says how each shipment *stands* within its order; `order_book` keeps the orders and speaks.
//!
//! # Method
//!
//! A [`Standing`] is a set of yes and no about one shipment, a function of its record. An order keeps how
//! many of its shipments have each: a shipment that changes takes its old standing out and puts the
//! new one in. The state is a function of the counts, on two axes that only rise: the way out and the
//! way back. Beside them stand trouble, which opens and closes, and things that are said once.
//!
//! # Holds
//!
//! - Counts do not depend on the order in which shipments came.
//! - No state is said twice, and none below one that was said on its axis.

use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Audience, Direction, Milestone, MilestoneSet};
use crossdock_model::record::Record;

/// Yes and no about one shipment of an order. Empty: it has none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standing(pub u16);

/// What a standing can say, and what an order counts, in the order of the bits.
pub const ASPECTS: usize = 12;

impl Standing {
    /// It belongs to an order.
    pub const PRESENT: Self = Self(1);
    /// It bears the order's own number: the order itself, not one of its parcels.
    pub const ITSELF: Self = Self(1 << 1);
    /// A parcel to the customer that was not cancelled.
    pub const OUTBOUND: Self = Self(1 << 2);
    /// A carrier has it or had it.
    pub const SHIPPED: Self = Self(1 << 3);
    /// Some of its pieces are with the customer.
    pub const PARTIAL: Self = Self(1 << 4);
    /// It is or was with the customer.
    pub const DELIVERED: Self = Self(1 << 5);
    /// Cancelled.
    pub const CANCELLED: Self = Self(1 << 6);
    /// Something is wrong that somebody has to act on.
    pub const TROUBLED: Self = Self(1 << 7);
    /// It turned back, or is a parcel from the customer.
    pub const TURNED: Self = Self(1 << 8);
    /// The sender or the returns centre has it again.
    pub const BACK: Self = Self(1 << 9);
    /// The refund was released.
    pub const REFUNDED: Self = Self(1 << 10);
    /// A replacement was released.
    pub const REPLACED: Self = Self(1 << 11);

    /// True where every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn index(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// How a shipment stands. `is_itself`: its number is the order's.
    #[must_use]
    pub fn of(record: &Record, is_itself: bool) -> Self {
        let seen = |milestones: u32| record.seen.0 & milestones != 0;
        let was_shipped = seen(SHIPPED_MILESTONES);
        let is_return = record.direction == Direction::Return;
        // A return that is called off cancels nothing that the customer was to get.
        let is_called_off = record.milestone == Milestone::Cancelled && !is_return;
        // What was turned around once more is on its way to the customer.
        let was_sent_back = seen(SENT_BACK_MILESTONES) && record.direction != Direction::Forward;
        let is_delivered = record.delivered_at.is_some() && !was_sent_back;
        // What was never handed out goes back to its shelf: that is no return.
        let is_put_back = is_return
            && was_shipped
            && record.seen.contains(Milestone::Cancelled)
            && record.milestone != Milestone::Cancelled
            && !is_delivered
            && !seen(TRAVELLED_BACK_MILESTONES);
        let is_cancelled = is_called_off || is_put_back;
        let is_back = seen(BACK_MILESTONES) && !is_put_back;
        // Paid back or sent anew while it is lost: nobody waits for it any more.
        let is_settled = seen(SETTLED_MILESTONES) && !is_delivered && !is_back;
        // A parcel from the customer was never on its way to them.
        let is_outbound = !is_cancelled && !is_settled && (!is_return || was_shipped);
        // What came back may be destroyed; what was on its way out may not.
        let is_gone = record.milestone == Milestone::LostConfirmed
            || (record.milestone == Milestone::Disposed && !is_return);
        let mut bits = Self::PRESENT.0;
        for (holds, bit) in [
            (is_itself, Self::ITSELF),
            (is_outbound, Self::OUTBOUND),
            (is_outbound && was_shipped, Self::SHIPPED),
            (record.milestone == Milestone::PartiallyDelivered, Self::PARTIAL),
            (is_delivered, Self::DELIVERED),
            (is_cancelled, Self::CANCELLED),
            (is_gone || record.open.0 & TROUBLE != 0, Self::TROUBLED),
            (was_sent_back || (seen(RETURN_MILESTONES) && !is_put_back), Self::TURNED),
            (is_back, Self::BACK),
            (record.seen.contains(Milestone::RefundReleased), Self::REFUNDED),
            (record.seen.contains(Milestone::ReplacementReleased), Self::REPLACED),
        ] {
            if holds {
                bits |= bit.0;
            }
        }
        Self(bits)
    }
}

/// Forward milestones that only a carrier's scan gives.
const SHIPPED_MILESTONES: u32 = between(Milestone::CarrierPossession, Milestone::Delivered);

/// Milestones of a return that has left the customer. A wish and a label are none, and money may go back alone.
const RETURN_MILESTONES: u32 = between(Milestone::ReturnInTransit, Milestone::DispositionDecided);

/// It turned back before or at the customer's door.
const SENT_BACK_MILESTONES: u32 =
    between(Milestone::ReturningToSender, Milestone::ReturnedToSender);

/// A return that somebody carried or received.
const TRAVELLED_BACK_MILESTONES: u32 =
    between(Milestone::ReturnInTransit, Milestone::InspectionPending);

/// Somebody who sent it, or takes returns, has it.
const BACK_MILESTONES: u32 = between(Milestone::ReturnedToSender, Milestone::ReturnedToSender)
    | between(Milestone::ReturnReceived, Milestone::DispositionDecided);

/// The customer got the money, or will get another one.
const SETTLED_MILESTONES: u32 = between(Milestone::RefundReleased, Milestone::ReplacementReleased);

/// The set of the milestones from one to another.
const fn between(first: Milestone, last: Milestone) -> u32 {
    let mut set = MilestoneSet(0);
    let mut i = 0;
    while i < Milestone::ALL.len() {
        let rank = Milestone::ALL[i].rank();
        if first.rank() <= rank && rank <= last.rank() {
            set.insert(Milestone::ALL[i]);
        }
        i += 1;
    }
    set.0
}

/// Classes that somebody has to act on. A delay, a wrong turn or a missed attempt mostly mend themselves.
const TROUBLE: u32 = ExceptionClass::AddressIssue.bit()
    | ExceptionClass::Damaged.bit()
    | ExceptionClass::LostSuspected.bit()
    | ExceptionClass::Refused.bit()
    | ExceptionClass::CustomsHold.bit()
    | ExceptionClass::PaymentDue.bit()
    | ExceptionClass::Unclaimed.bit()
    | ExceptionClass::IdentityFailed.bit()
    | ExceptionClass::Prohibited.bit()
    | ExceptionClass::DuplicateDelivery.bit();

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $audience:ident;)*) => {
        /// What is said of an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum OrderState {
            $($(#[$doc])* $variant = $number,)*
        }

        impl OrderState {
            /// Every state, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Who hears of it.
            #[must_use]
            pub const fn audience(self) -> Audience {
                match self { $(Self::$variant => Audience::$audience,)* }
            }

            /// The state of a number as written to snapshots.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

states! {
    /// Nothing has left yet; never said.
    Open = 0, "open", Operations;
    /// Some parcels are with a carrier.
    PartlyShipped = 1, "partly_shipped", Customer;
    /// All parcels that are known are with a carrier, or were.
    Shipped = 2, "shipped", Customer;
    /// Some parcels or pieces are with the customer.
    PartlyDelivered = 3, "partly_delivered", Customer;
    /// All parcels that are known are with the customer.
    Delivered = 4, "delivered", Customer;
    /// Something is on its way back.
    Returning = 5, "returning", Returns;
    /// Some of it is back.
    PartlyReturned = 6, "partly_returned", Returns;
    /// As many parcels are back as went out.
    Returned = 7, "returned", Returns;
    /// Every parcel was cancelled.
    Cancelled = 8, "cancelled", Customer;
    /// A refund was released.
    Refunded = 9, "refunded", Customer;
    /// A replacement was released: a parcel that comes now is that.
    Replaced = 10, "replaced", Customer;
    /// Something is wrong with a parcel.
    Exception = 11, "exception", Support;
    /// Nothing is wrong any more.
    ExceptionResolved = 12, "exception_resolved", Support;
}

/// One order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// How many shipments have each aspect.
    pub counts: [u32; ASPECTS],
    /// The standing of the order's own number, while it has one.
    pub itself: Standing,
    /// States that were said, a bit each; the highest is [`AWAITS_REPLACEMENT`].
    pub said: u16,
    /// Changes said.
    pub version: u32,
    /// How often trouble began.
    pub troubles: u16,
    /// Trouble was said and its end was not.
    pub is_troubled: bool,
    /// The state said last, trouble aside; `Open` before the first.
    pub state: u8,
}

impl Order {
    /// How many shipments have an aspect.
    #[must_use]
    pub fn count(&self, aspect: Standing) -> u32 {
        self.counts[aspect.index()]
    }

    /// A shipment's standing changed.
    pub fn replace(&mut self, before: Standing, after: Standing) {
        for (standing, is_added) in [(before, false), (after, true)] {
            if standing.has(Standing::ITSELF) {
                self.itself = if is_added { standing } else { Standing::default() };
                continue;
            }
            for (bit, count) in self.counts.iter_mut().enumerate() {
                let one = u32::from(standing.0 >> bit & 1);
                *count = if is_added { *count + one } else { count.saturating_sub(one) };
            }
        }
        self.await_replacement(before, after);
    }

    /// A replacement is a parcel more, from its release to the day that it is known. Where another parcel is still
    /// under way, that may be it.
    fn await_replacement(&mut self, before: Standing, after: Standing) {
        let gains = |aspect: Standing| !before.has(aspect) && after.has(aspect);
        let nothing_moves = self.count(Standing::OUTBOUND) <= self.count(Standing::DELIVERED);
        if gains(Standing::PRESENT) {
            self.said &= !AWAITS_REPLACEMENT;
        } else if gains(Standing::REPLACED) && nothing_moves && !after.has(Standing::ITSELF) {
            self.said |= AWAITS_REPLACEMENT;
        }
    }

    /// An aspect's count; the order itself counts as a parcel while there is none.
    #[must_use]
    pub fn number(&self, aspect: Standing) -> u32 {
        match self.count(Standing::PRESENT) {
            0 => u32::from(self.itself.has(aspect)),
            _ => self.count(aspect),
        }
    }

    /// Visits what is to be said now, in order, with its episode, and remembers that it was.
    pub fn advance(&mut self, mut say: impl FnMut(&Self, OrderState, OrderState, u16)) {
        let out = [
            OrderState::PartlyShipped,
            OrderState::Shipped,
            OrderState::PartlyDelivered,
            OrderState::Delivered,
        ];
        let back = [OrderState::Returning, OrderState::PartlyReturned, OrderState::Returned];
        self.rise(&out, self.way_out(), &mut say);
        self.rise(&back, self.way_back(), &mut say);
        let is_cancelled =
            self.number(Standing::OUTBOUND) == 0 && 0 < self.number(Standing::CANCELLED);
        for (state, holds) in [
            (OrderState::Cancelled, is_cancelled),
            (OrderState::Refunded, 0 < self.number(Standing::REFUNDED)),
            (OrderState::Replaced, 0 < self.number(Standing::REPLACED)),
        ] {
            if holds && self.said & bit(state) == 0 {
                self.say(state, 1, &mut say);
            }
        }
        let is_troubled = 0 < self.number(Standing::TROUBLED);
        if is_troubled != self.is_troubled {
            self.is_troubled = is_troubled;
            self.troubles = self.troubles.saturating_add(u16::from(is_troubled));
            let state = match is_troubled {
                true => OrderState::Exception,
                false => OrderState::ExceptionResolved,
            };
            self.say(state, self.troubles, &mut say);
        }
    }

    /// Says the present state of an axis where none as high was said before.
    fn rise(
        &mut self,
        axis: &[OrderState],
        state: OrderState,
        say: &mut impl FnMut(&Self, OrderState, OrderState, u16),
    ) {
        let Some(at) = axis.iter().position(|&it| it == state) else { return };
        if axis[at..].iter().all(|&it| self.said & bit(it) == 0) {
            self.say(state, 1, say);
        }
    }

    fn say(
        &mut self,
        state: OrderState,
        episode: u16,
        say: &mut impl FnMut(&Self, OrderState, OrderState, u16),
    ) {
        let previous = OrderState::from_number(self.state).unwrap_or(OrderState::Open);
        self.said |= bit(state);
        // Trouble lies over the state, as an exception lies over a milestone.
        if !matches!(state, OrderState::Exception | OrderState::ExceptionResolved) {
            self.state = state as u8;
        }
        self.version += 1;
        say(self, state, previous, episode);
    }

    fn way_out(&self) -> OrderState {
        let is_awaited = self.said & AWAITS_REPLACEMENT != 0;
        let parcels = self.number(Standing::OUTBOUND) + u32::from(is_awaited);
        let delivered = self.number(Standing::DELIVERED);
        let shipped = self.number(Standing::SHIPPED);
        if 0 < parcels && parcels <= delivered {
            OrderState::Delivered
        } else if 0 < delivered + self.number(Standing::PARTIAL) {
            OrderState::PartlyDelivered
        } else if 0 < parcels && parcels <= shipped {
            OrderState::Shipped
        } else if 0 < shipped {
            OrderState::PartlyShipped
        } else {
            OrderState::Open
        }
    }

    fn way_back(&self) -> OrderState {
        let back = self.number(Standing::BACK);
        if 0 < back && self.number(Standing::OUTBOUND) <= back {
            OrderState::Returned
        } else if 0 < back {
            OrderState::PartlyReturned
        } else if 0 < self.number(Standing::TURNED) {
            OrderState::Returning
        } else {
            OrderState::Open
        }
    }
}

/// Stands among the states that were said: a replacement was released, and its parcel is not known yet.
const AWAITS_REPLACEMENT: u16 = 1 << 15;

const _: () = assert!(OrderState::ALL.len() <= 15, "the last bit is no state");

const fn bit(state: OrderState) -> u16 {
    1 << state as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARCEL: u16 = Standing::PRESENT.0 | Standing::OUTBOUND.0;
    const SHIPPED: u16 = PARCEL | Standing::SHIPPED.0;
    const DELIVERED: u16 = SHIPPED | Standing::DELIVERED.0;

    /// Applies (before, after) pairs; what was said, with its episode where that is not 1.
    fn check(changes: &[(u16, u16)], expected: &str) {
        let mut order = Order::default();
        let mut said: Vec<String> = Vec::new();
        for &(before, after) in changes {
            order.replace(Standing(before), Standing(after));
            order.advance(|_, state, _, episode| {
                let again = if episode == 1 { String::new() } else { format!(" {episode}") };
                said.push(format!("{}{again}", state.name()));
            });
        }
        assert_eq!(said.join("; "), expected);
    }

    #[test]
    fn parcels_roll_up_once_and_never_back() {
        check(&[(0, SHIPPED)], "shipped");
        check(
            &[(0, PARCEL), (0, PARCEL), (PARCEL, SHIPPED), (PARCEL, SHIPPED)],
            "partly_shipped; shipped",
        );
        // The second parcel appears when the first is there already.
        check(
            &[
                (0, SHIPPED),
                (SHIPPED, DELIVERED),
                (0, PARCEL),
                (PARCEL, SHIPPED),
                (SHIPPED, DELIVERED),
            ],
            "shipped; delivered",
        );
        check(
            &[(0, SHIPPED), (0, SHIPPED), (SHIPPED, DELIVERED), (SHIPPED, DELIVERED)],
            "shipped; partly_delivered; delivered",
        );
    }

    #[test]
    fn trouble_opens_and_closes_in_episodes() {
        let lost = SHIPPED | Standing::TROUBLED.0;
        check(
            &[
                (0, SHIPPED),
                (SHIPPED, lost),
                (lost, DELIVERED),
                (DELIVERED, lost),
                (lost, DELIVERED),
            ],
            "shipped; exception; delivered; exception_resolved; exception 2; exception_resolved 2",
        );
    }

    #[test]
    fn the_order_itself_counts_while_it_is_alone() {
        let itself = PARCEL | Standing::ITSELF.0;
        check(&[(0, itself), (itself, DELIVERED | Standing::ITSELF.0)], "delivered");
        check(&[(0, itself), (0, SHIPPED), (SHIPPED, DELIVERED)], "shipped; delivered");
    }

    #[test]
    fn what_comes_back_has_an_axis_of_its_own() {
        let from_customer = Standing::PRESENT.0 | Standing::TURNED.0;
        let received = from_customer | Standing::BACK.0;
        let refunded = received | Standing::REFUNDED.0;
        check(
            &[
                (0, SHIPPED),
                (SHIPPED, DELIVERED),
                (0, from_customer),
                (from_customer, received),
                (received, refunded),
            ],
            "shipped; delivered; returning; returned; refunded",
        );
        let cancelled = Standing::PRESENT.0 | Standing::CANCELLED.0;
        check(&[(0, PARCEL), (PARCEL, cancelled)], "cancelled");
    }

    #[test]
    fn what_was_lost_is_replaced_and_does_not_come_back() {
        // Lost and replaced: nobody waits for it, the order waits for the new one.
        let settled = Standing::PRESENT.0 | Standing::REPLACED.0;
        check(
            &[
                (0, SHIPPED),
                (0, SHIPPED),
                (SHIPPED, DELIVERED),
                (SHIPPED, settled),
                (0, PARCEL),
                (PARCEL, DELIVERED),
            ],
            "shipped; partly_delivered; replaced; delivered",
        );
        // The new parcel was known first.
        check(
            &[(0, SHIPPED), (0, SHIPPED), (SHIPPED, settled), (SHIPPED, DELIVERED)],
            "shipped; replaced; delivered",
        );
    }

    #[test]
    fn a_standing_is_what_happened_to_the_goods() {
        use Direction::{Forward, Return, ReturnToSender};
        use Milestone as M;
        let stands = |milestones: &[Milestone], direction| {
            let mut record = Record { direction, ..Record::default() };
            for milestone in milestones {
                record.milestone = *milestone;
                record.seen.insert(*milestone);
            }
            Standing::of(&record, false)
        };
        let refunded = stands(&[M::InTransit, M::LostConfirmed, M::RefundReleased], Return);
        assert_eq!(refunded, Standing(Standing::PRESENT.0 | Standing::REFUNDED.0));
        let lost = stands(&[M::InTransit, M::LostConfirmed], Forward);
        assert!(lost.has(Standing::TROUBLED) && lost.has(Standing::OUTBOUND));
        let back = stands(&[M::ReturningToSender, M::ReturnedToSender], ReturnToSender);
        assert!(back.has(Standing::BACK) && back.has(Standing::TURNED));
        let destroyed = stands(&[M::ReturnReceived, M::DispositionDecided, M::Disposed], Return);
        assert!(destroyed.has(Standing::BACK) && !destroyed.has(Standing::TROUBLED));
        let shelved = stands(&[M::AvailableForPickup, M::Cancelled, M::DispositionDecided], Return);
        assert_eq!(shelved, Standing(Standing::PRESENT.0 | Standing::CANCELLED.0));
        let called_off = stands(&[M::ReturnRequested, M::Cancelled], Return);
        assert_eq!(called_off, Standing::PRESENT);
    }
}
