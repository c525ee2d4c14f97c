//! What is wrong with a shipment: the overlay axis. It never moves a milestone.

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// The class of an exception. At most one of a class is open on a shipment at a time.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ExceptionClass {
            $($(#[$doc])* $variant = $number,)*
        }

        impl ExceptionClass {
            /// Every class, by number; the first is "none".
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents and rule files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The class of a number as written to snapshots.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

classes! {
    /// Nothing is wrong.
    #[default]
    None = 0, "NONE";
    /// It will be late.
    Delayed = 1, "DELAYED";
    /// The address needs work.
    AddressIssue = 2, "ADDRESS_ISSUE";
    /// Damaged.
    Damaged = 3, "DAMAGED";
    /// It can't be found, for now.
    LostSuspected = 4, "LOST_SUSPECTED";
    /// The consignee does not want it.
    Refused = 5, "REFUSED";
    /// Held by somebody.
    Held = 6, "HELD";
    /// Held by customs.
    CustomsHold = 7, "CUSTOMS_HOLD";
    /// Somebody has to pay first.
    PaymentDue = 8, "PAYMENT_DUE";
    /// On the wrong way.
    Misrouted = 9, "MISROUTED";
    /// Nobody collects it.
    Unclaimed = 10, "UNCLAIMED";
    /// The recipient could not prove who they are.
    IdentityFailed = 11, "IDENTITY_FAILED";
    /// The goods may not travel.
    Prohibited = 12, "PROHIBITED";
    /// No room.
    Capacity = 13, "CAPACITY";
    /// Security.
    Security = 14, "SECURITY";
    /// No scan for too long (derived).
    Stalled = 15, "STALLED";
    /// A label without possession for too long (derived).
    NoPossession = 16, "NO_POSSESSION";
    /// The estimate breaks the promise (derived).
    EtaBreach = 17, "ETA_BREACH";
    /// Delivered twice (derived).
    DuplicateDelivery = 18, "DUPLICATE_DELIVERY";
    /// Sources contradict each other (derived).
    TrackingConflict = 19, "TRACKING_CONFLICT";
    /// An attempt to deliver failed and something has to be done.
    DeliveryFailed = 20, "DELIVERY_FAILED";
}

impl ExceptionClass {
    /// The class of a name such as `CUSTOMS_HOLD`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.name() == name)
    }

    /// The bit of this class in an [`ExceptionSet`].
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

/// A set of exception classes. `NONE` is never in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExceptionSet(pub u32);

impl ExceptionSet {
    /// Adds one; adding `None` is a bug.
    pub const fn insert(&mut self, class: ExceptionClass) {
        assert!(!matches!(class, ExceptionClass::None));
        self.0 |= class.bit();
    }

    /// Takes one out.
    pub const fn remove(&mut self, class: ExceptionClass) {
        self.0 &= !class.bit();
    }

    /// True where it is in the set.
    #[must_use]
    pub const fn contains(self, class: ExceptionClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// True where nothing is open.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes in it, by number.
    pub fn iter(self) -> impl Iterator<Item = ExceptionClass> {
        let mut left = self.0;
        // Ends: each turn takes one bit. Nearly all sets are empty.
        core::iter::from_fn(move || {
            let number = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            ExceptionClass::from_number(number as u8)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &class in ExceptionClass::ALL {
            assert_eq!(ExceptionClass::from_name(class.name()), Some(class));
            assert_eq!(ExceptionClass::from_number(class as u8), Some(class));
        }
        assert!(ExceptionClass::ALL.len() <= 32);
    }

    #[test]
    fn set_holds_what_was_put_in() {
        let mut set = ExceptionSet::default();
        set.insert(ExceptionClass::Held);
        set.insert(ExceptionClass::Damaged);
        set.remove(ExceptionClass::Held);
        assert_eq!(set.iter().collect::<Vec<_>>(), [ExceptionClass::Damaged]);
    }
}
