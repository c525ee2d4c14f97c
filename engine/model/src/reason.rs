//! Why something is wrong, and whose doing it is.
//!
//! The list is the common denominator of X12 element 1651, EDIFACT element 9013, the FedEx numeric
//! exception codes and the USPS event codes. The prefix of a reason is the responsible party.

/// Who is responsible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Party {
    /// Not known.
    #[default]
    Unknown = 0,
    /// The carrier.
    Carrier = 1,
    /// The shipper.
    Shipper = 2,
    /// The consignee.
    Consignee = 3,
    /// Customs or another authority.
    Customs = 4,
    /// Weather, strikes, roads: nobody's fault.
    ForceMajeure = 5,
    /// The platform itself.
    Platform = 6,
}

impl Party {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Carrier => "carrier",
            Self::Shipper => "shipper",
            Self::Consignee => "consignee",
            Self::Customs => "customs",
            Self::ForceMajeure => "force_majeure",
            Self::Platform => "platform",
        }
    }
}

macro_rules! reasons {
    ($($(#[$attr:meta])* $variant:ident = $number:literal, $name:literal, $party:ident;)*) => {
        /// Why an exception is open or an attempt failed.
        #[expect(missing_docs, reason = "each name says it; the table of names is the document")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$attr])* $variant = $number,)*
        }

        impl Reason {
            /// Every reason, by number; the first is "none".
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents and rule files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Who is responsible for it.
            #[must_use]
            pub const fn party(self) -> Party {
                match self { $(Self::$variant => Party::$party,)* }
            }

            /// The reason of a number as written to snapshots.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

reasons! {
    #[default]
    None = 0, "NONE", Unknown;
    CarrierMissort = 1, "CARRIER_MISSORT", Carrier;
    CarrierMechanical = 2, "CARRIER_MECHANICAL", Carrier;
    CarrierAccident = 3, "CARRIER_ACCIDENT", Carrier;
    CarrierCapacity = 4, "CARRIER_CAPACITY", Carrier;
    CarrierMissedCutoff = 5, "CARRIER_MISSED_CUTOFF", Carrier;
    CarrierLateFlight = 6, "CARRIER_LATE_FLIGHT", Carrier;
    CarrierDispatchError = 7, "CARRIER_DISPATCH_ERROR", Carrier;
    CarrierDamage = 8, "CARRIER_DAMAGE", Carrier;
    CarrierLost = 9, "CARRIER_LOST", Carrier;
    CarrierOtherCarrier = 10, "CARRIER_OTHER_CARRIER", Carrier;
    CarrierOther = 11, "CARRIER_OTHER", Carrier;
    ShipperNotReady = 12, "SHIPPER_NOT_READY", Shipper;
    ShipperBadData = 13, "SHIPPER_BAD_DATA", Shipper;
    ShipperHold = 14, "SHIPPER_HOLD", Shipper;
    ShipperPackaging = 15, "SHIPPER_PACKAGING", Shipper;
    ShipperOverweight = 16, "SHIPPER_OVERWEIGHT", Shipper;
    ShipperCancelled = 17, "SHIPPER_CANCELLED", Shipper;
    ConsigneeNotHome = 18, "CONSIGNEE_NOT_HOME", Consignee;
    ConsigneeClosed = 19, "CONSIGNEE_CLOSED", Consignee;
    ConsigneeRefused = 20, "CONSIGNEE_REFUSED", Consignee;
    ConsigneeAddress = 21, "CONSIGNEE_ADDRESS", Consignee;
    ConsigneeMoved = 22, "CONSIGNEE_MOVED", Consignee;
    ConsigneeDeceased = 23, "CONSIGNEE_DECEASED", Consignee;
    ConsigneeNoAccess = 24, "CONSIGNEE_NO_ACCESS", Consignee;
    ConsigneeFutureDelivery = 25, "CONSIGNEE_FUTURE_DELIVERY", Consignee;
    ConsigneeUnclaimed = 26, "CONSIGNEE_UNCLAIMED", Consignee;
    ConsigneeIdFailed = 27, "CONSIGNEE_ID_FAILED", Consignee;
    ConsigneePayment = 28, "CONSIGNEE_PAYMENT", Consignee;
    ApptPending = 29, "APPT_PENDING", Consignee;
    CustomsGeneral = 30, "CUSTOMS_GENERAL", Customs;
    CustomsDocs = 31, "CUSTOMS_DOCS", Customs;
    CustomsInspection = 32, "CUSTOMS_INSPECTION", Customs;
    CustomsProhibited = 33, "CUSTOMS_PROHIBITED", Customs;
    Weather = 34, "WEATHER", ForceMajeure;
    Civil = 35, "CIVIL", ForceMajeure;
    Strike = 36, "STRIKE", ForceMajeure;
    RoadConditions = 37, "ROAD_CONDITIONS", ForceMajeure;
    ServiceArea = 38, "SERVICE_AREA", Carrier;
    Other = 39, "OTHER", Unknown;
}

impl Reason {
    /// The reason of a name such as `CONSIGNEE_NOT_HOME`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
            assert_eq!(Reason::from_number(reason as u8), Some(reason));
        }
    }
}
