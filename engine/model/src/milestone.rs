//! Where a shipment is: the coarse axis of the taxonomy.
//!
//! The set is the union of what eight tracking vendors, X12 214, EDIFACT IFTSTA and GS1 CBV can
//! say. Numbers are stable: they are written to snapshots and to the binary output.

/// The lane of a milestone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Direction {
    /// To the consignee.
    #[default]
    Forward = 0,
    /// Back to the sender, decided by the carrier.
    ReturnToSender = 1,
    /// Back to the merchant, asked for by the customer.
    Return = 2,
}

impl Direction {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::ReturnToSender => "return_to_sender",
            Self::Return => "return",
        }
    }
}

/// Who is told of a change by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Audience {
    /// The people who run the operation.
    #[default]
    Operations = 0,
    /// The person who waits for the parcel.
    Customer = 1,
    /// The returns desk.
    Returns = 2,
    /// Customer support.
    Support = 3,
    /// Claims: damage and loss.
    Claims = 4,
}

impl Audience {
    /// Every audience, in the order of its number.
    pub const ALL: [Self; 5] =
        [Self::Operations, Self::Customer, Self::Returns, Self::Support, Self::Claims];

    /// The name in subjects and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Customer => "customer",
            Self::Returns => "returns",
            Self::Support => "support",
            Self::Claims => "claims",
        }
    }

    /// The audience of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.name() == name)
    }
}

macro_rules! milestones {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $direction:ident, $audience:ident;)*) => {
        /// Where a shipment is. The number is also its rank: within one direction it only rises,
        /// unless a correction says otherwise.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Milestone {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Milestone {
            /// Every milestone, by rising rank.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents and rule files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The lane it belongs to; for the three that may end any lane, `Forward`.
            #[must_use]
            pub const fn direction(self) -> Direction {
                match self { $(Self::$variant => Direction::$direction,)* }
            }

            /// Who hears of it by default.
            #[must_use]
            pub const fn audience(self) -> Audience {
                match self { $(Self::$variant => Audience::$audience,)* }
            }

            /// The milestone of a number as written to snapshots.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

milestones! {
    /// Nothing is known; never emitted.
    #[default]
    Unknown = 0, "UNKNOWN", Forward, Operations;
    /// The order exists.
    OrderCreated = 10, "ORDER_CREATED", Forward, Customer;
    /// The order may be worked on (wave released, payment cleared).
    OrderReleased = 12, "ORDER_RELEASED", Forward, Operations;
    /// The goods were taken from stock.
    Picked = 14, "PICKED", Forward, Operations;
    /// The goods are in their box.
    Packed = 16, "PACKED", Forward, Operations;
    /// A label exists or the carrier has the data. Not possession.
    Manifested = 18, "MANIFESTED", Forward, Customer;
    /// The carrier will come.
    CarrierPickupScheduled = 19, "CARRIER_PICKUP_SCHEDULED", Forward, Operations;
    /// The carrier has it: first physical scan.
    CarrierPossession = 20, "CARRIER_POSSESSION", Forward, Customer;
    /// On the way.
    InTransit = 30, "IN_TRANSIT", Forward, Customer;
    /// With customs.
    Customs = 34, "CUSTOMS", Forward, Operations;
    /// At the last-mile depot.
    AtDestinationFacility = 38, "AT_DESTINATION_FACILITY", Forward, Operations;
    /// On the vehicle that delivers.
    OutForDelivery = 40, "OUT_FOR_DELIVERY", Forward, Customer;
    /// An attempt failed; may repeat.
    DeliveryAttempted = 42, "DELIVERY_ATTEMPTED", Forward, Customer;
    /// Waiting in a locker, post office, point or store.
    AvailableForPickup = 44, "AVAILABLE_FOR_PICKUP", Forward, Customer;
    /// Some pieces are delivered.
    PartiallyDelivered = 48, "PARTIALLY_DELIVERED", Forward, Customer;
    /// With the consignee.
    Delivered = 50, "DELIVERED", Forward, Customer;
    /// The carrier is bringing it back.
    ReturningToSender = 60, "RETURNING_TO_SENDER", ReturnToSender, Customer;
    /// The sender has it again.
    ReturnedToSender = 64, "RETURNED_TO_SENDER", ReturnToSender, Operations;
    /// The customer asked to send it back.
    ReturnRequested = 70, "RETURN_REQUESTED", Return, Customer;
    /// The customer has a label for the way back.
    ReturnLabelIssued = 71, "RETURN_LABEL_ISSUED", Return, Customer;
    /// The carrier will collect the return.
    ReturnPickupScheduled = 72, "RETURN_PICKUP_SCHEDULED", Return, Customer;
    /// The return is on its way.
    ReturnInTransit = 74, "RETURN_IN_TRANSIT", Return, Returns;
    /// The returns centre has it.
    ReturnReceived = 76, "RETURN_RECEIVED", Return, Customer;
    /// It is being looked at.
    InspectionPending = 78, "INSPECTION_PENDING", Return, Returns;
    /// Restock, refurbish, liquidate, destroy or back to the vendor.
    DispositionDecided = 80, "DISPOSITION_DECIDED", Return, Returns;
    /// The money is on its way back.
    RefundReleased = 82, "REFUND_RELEASED", Return, Customer;
    /// A replacement is on its way; it is a shipment of its own.
    ReplacementReleased = 83, "REPLACEMENT_RELEASED", Return, Customer;
    /// Cancelled or voided before possession.
    Cancelled = 90, "CANCELLED", Forward, Customer;
    /// Lost, and the carrier says so. It can be found again.
    LostConfirmed = 92, "LOST_CONFIRMED", Forward, Customer;
    /// Destroyed or disposed of.
    Disposed = 94, "DISPOSED", Forward, Operations;
}

impl Milestone {
    /// Monotone order within a direction.
    #[must_use]
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// True where the lane ends here unless a correction comes.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Delivered
                | Self::ReturnedToSender
                | Self::RefundReleased
                | Self::ReplacementReleased
                | Self::Cancelled
                | Self::LostConfirmed
                | Self::Disposed
        )
    }

    /// True where it ends any lane, whatever the direction.
    #[must_use]
    pub const fn ends_any_lane(self) -> bool {
        matches!(self, Self::Cancelled | Self::LostConfirmed | Self::Disposed)
    }

    /// The milestone of a name such as `OUT_FOR_DELIVERY`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|milestone| milestone.name() == name)
    }
}

/// A set of milestones, one bit each in the order of [`Milestone::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MilestoneSet(pub u32);

const _: () = assert!(Milestone::ALL.len() <= 32, "a MilestoneSet has 32 bits");

/// Bit of each milestone number in a [`MilestoneSet`].
const BIT_OF_NUMBER: [u8; 96] = {
    let mut bits = [0; 96];
    let mut i = 0;
    while i < Milestone::ALL.len() {
        bits[Milestone::ALL[i] as usize] = i as u8;
        i += 1;
    }
    bits
};

impl MilestoneSet {
    /// Adds one.
    pub const fn insert(&mut self, milestone: Milestone) {
        self.0 |= 1 << BIT_OF_NUMBER[milestone as usize];
    }

    /// True where it is in the set.
    #[must_use]
    pub const fn contains(self, milestone: Milestone) -> bool {
        self.0 & (1 << BIT_OF_NUMBER[milestone as usize]) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        let mut set = MilestoneSet::default();
        for &milestone in Milestone::ALL {
            assert_eq!(Milestone::from_name(milestone.name()), Some(milestone));
            assert_eq!(Milestone::from_number(milestone.rank()), Some(milestone));
            assert!(!set.contains(milestone));
            set.insert(milestone);
            assert!(set.contains(milestone));
        }
        assert_eq!(Milestone::from_name("IN TRANSIT"), None);
        assert_eq!(Milestone::from_number(95), None);
    }

    #[test]
    fn ranks_rise_in_reading_order() {
        assert!(Milestone::ALL.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
    }
}
