//! Who sends a feed, and which milestones such a sender may say.
//!
//! # Place
//!
//! `sender:` and `may_say:` of a feed file -> **this** -> the meaning of every row. The core finds the answer
//! in the meaning and never asks here.
//!
//! # Method
//!
//! A milestone has its source of truth: packing is seen in the warehouse, a delivery by the carrier. A sender of a
//! known kind may say what such a sender sees with its own eyes; `may_say` names the milestones where a sender sees
//! other things than its kind. A feed with neither may say everything. See `docs/decisions/0015-source-of-truth.md`.
//!
//! # Holds
//!
//! - A row that says no milestone may be said by everybody: trouble, estimates and notes are no claim about where a
//!   shipment is.
//! - A feed none of whose milestones may be said is a mistake.

use crossdock_model::milestone::{Milestone, MilestoneSet};

use super::error::Errors;
use super::program::CodeRow;
use super::read;
use super::yaml::Node;

macro_rules! senders {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, [$($milestone:ident)*];)*) => {
        /// Who sends a feed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Sender {
            $($(#[$doc])* $variant,)*
        }

        impl Sender {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in feed files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The milestones that such a sender sees with its own eyes.
            #[must_use]
            pub const fn sees(self) -> MilestoneSet {
                let mut set = MilestoneSet(0);
                match self { $(Self::$variant => { $(set.insert(Milestone::$milestone);)* })* }
                set
            }
        }
    };
}

senders! {
    /// Whoever moves the goods: a carrier, a post, a freight forwarder, a fleet of one's own.
    Carrier = "carrier", [
        Manifested CarrierPickupScheduled CarrierPossession InTransit Customs AtDestinationFacility OutForDelivery
        DeliveryAttempted AvailableForPickup PartiallyDelivered Delivered ReturningToSender ReturnedToSender
        ReturnLabelIssued ReturnPickupScheduled ReturnInTransit ReturnReceived Cancelled LostConfirmed Disposed
    ];
    /// Whoever repeats what carriers say.
    Aggregator = "aggregator", [
        Manifested CarrierPickupScheduled CarrierPossession InTransit Customs AtDestinationFacility OutForDelivery
        DeliveryAttempted AvailableForPickup PartiallyDelivered Delivered ReturningToSender ReturnedToSender
        ReturnLabelIssued ReturnPickupScheduled ReturnInTransit ReturnReceived Cancelled LostConfirmed Disposed
    ];
    /// Whoever picks, packs and hands over. "Shipped" is not possession: the carrier's scan is.
    Warehouse = "warehouse", [
        OrderReleased Picked Packed Manifested CarrierPickupScheduled Cancelled
        ReturnReceived InspectionPending DispositionDecided Disposed
    ];
    /// A store that keeps parcels for customers, and takes some back.
    Store = "store", [
        OrderReleased Picked Packed Manifested AvailableForPickup PartiallyDelivered Delivered Cancelled
        ReturnRequested ReturnReceived InspectionPending DispositionDecided RefundReleased
    ];
    /// Whoever takes orders, money and wishes.
    OrderSystem = "order_system", [
        OrderCreated OrderReleased Manifested Cancelled
        ReturnRequested ReturnLabelIssued DispositionDecided RefundReleased ReplacementReleased
    ];
    /// Whoever opens what comes back.
    ReturnsCenter = "returns_center", [
        ReturnReceived InspectionPending DispositionDecided RefundReleased ReplacementReleased Disposed
    ];
}

/// What a feed may say; `None` where it may say everything.
pub(crate) fn may_say(root: &Node, errors: &mut Errors) -> Option<MilestoneSet> {
    let kind = root.get("sender").and_then(|node| {
        let find = |name: &str| Sender::ALL.iter().copied().find(|kind| kind.name() == name);
        let names = Sender::ALL.iter().map(|kind| kind.name());
        read::name(node, "sender", find, names, errors)
    });
    let Some(node) = root.get("may_say") else { return kind.map(Sender::sees) };
    let mut set = MilestoneSet(0);
    if node.elements().is_empty() {
        read::texts(node, "`may_say`", errors);
    }
    for element in node.elements() {
        // Nobody says that nothing is known.
        let known = || Milestone::ALL.iter().copied().filter(|it| *it != Milestone::Unknown);
        let find = |name: &str| known().find(|it| it.name() == name);
        let names = known().map(Milestone::name);
        let Some(milestone) = read::name(element, "milestone", find, names, errors) else {
            continue;
        };
        if set.contains(milestone) {
            errors
                .add("FD031", element.span, format!("\"{}\" stands here twice", milestone.name()))
                .help("name each milestone once");
        }
        set.insert(milestone);
    }
    Some(set)
}

/// Marks the rows that say a milestone which their feed may not say.
pub(crate) fn mark(root: &Node, set: MilestoneSet, rows: &mut [CodeRow], errors: &mut Errors) {
    let claims = |row: &&mut CodeRow| row.meaning.milestone != Milestone::Unknown;
    let (mut claim_count, mut mark_count) = (0, 0);
    for row in rows.iter_mut().filter(claims) {
        row.meaning.hearsay = !set.contains(row.meaning.milestone);
        claim_count += 1;
        mark_count += usize::from(row.meaning.hearsay);
    }
    let place = root.get("may_say").or_else(|| root.get("sender"));
    if let (true, Some(node)) = (0 < claim_count && mark_count == claim_count, place) {
        let first = rows.iter().find(|row| row.meaning.hearsay).map(|row| row.meaning.milestone);
        let first = first.map_or("", Milestone::name);
        errors
            .add("FD024", node.span, "the feed may say none of the milestones of its codes".into())
            .help(format!(
                "its rows say {first}: name in `may_say` what it may say, or choose another `sender`"
            ));
    }
}
