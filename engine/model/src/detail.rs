//! What exactly happened: the fine axis of the taxonomy, about 130 details.
//!
//! A feed's code table names a detail; the detail implies a milestone and whether somebody
//! held the goods in their hands. A table row may override both.
//!
//! # Holds
//!
//! - A detail that is data, an estimate or unmapped never implies a physical scan.
//! - Numbers are stable: they are written to snapshots.

use crate::milestone::Milestone;

/// What kind of knowledge a detail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Somebody had the goods in hand or in view.
    Physical,
    /// A record was made; nobody touched the goods.
    Data,
    /// A guess about the future.
    Estimate,
    /// The code means nothing to us yet.
    Unmapped,
}

macro_rules! details {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $milestone:ident, $evidence:ident;)*) => {
        /// What exactly happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Detail {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Detail {
            /// Every detail, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents and feed files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The milestone it implies; `Unknown` where it implies none.
            #[must_use]
            pub const fn milestone(self) -> Milestone {
                match self { $(Self::$variant => Milestone::$milestone,)* }
            }

            /// What kind of knowledge it is.
            #[must_use]
            pub const fn evidence(self) -> Evidence {
                match self { $(Self::$variant => Evidence::$evidence,)* }
            }

            /// The detail of a number as written to snapshots.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

details! {
    // Before possession.
    /// The order was placed.
    OrderCreated = 0, "ORDER_CREATED", OrderCreated, Data;
    /// The order waits for its payment.
    OrderPaymentHold = 1, "ORDER_PAYMENT_HOLD", Unknown, Data;
    /// The order may be worked on.
    OrderReleased = 2, "ORDER_RELEASED", OrderReleased, Data;
    /// Stock is missing.
    OrderBackordered = 3, "ORDER_BACKORDERED", Unknown, Data;
    /// Picking has begun.
    PickStarted = 4, "PICK_STARTED", Unknown, Data;
    /// Taken from stock.
    Picked = 5, "PICKED", Picked, Data;
    /// Fewer were picked than ordered.
    PickShort = 6, "PICK_SHORT", Unknown, Data;
    /// In its box.
    Packed = 7, "PACKED", Packed, Data;
    /// At the door, waiting for the carrier.
    StagedOutbound = 8, "STAGED_OUTBOUND", Unknown, Data;
    /// A label exists or the carrier has the data.
    LabelCreated = 9, "LABEL_CREATED", Manifested, Data;
    /// The label was voided.
    LabelVoided = 10, "LABEL_VOIDED", Cancelled, Data;
    /// The manifest was closed.
    ManifestClosed = 11, "MANIFEST_CLOSED", Manifested, Data;
    /// The carrier was asked to come.
    PickupRequested = 12, "PICKUP_REQUESTED", CarrierPickupScheduled, Data;
    /// The carrier will come.
    PickupScheduled = 13, "PICKUP_SCHEDULED", CarrierPickupScheduled, Data;
    /// The carrier came and got nothing.
    PickupAttemptFailed = 14, "PICKUP_ATTEMPT_FAILED", Unknown, Data;
    /// Handed over in bulk; this piece is not scanned yet. Not possession.
    TenderedAcceptancePending = 15, "TENDERED_ACCEPTANCE_PENDING", Unknown, Data;
    /// Left at a drop-off point.
    DroppedOffAtPoint = 16, "DROPPED_OFF_AT_POINT", CarrierPossession, Physical;
    // Possession and linehaul.
    /// The carrier took it.
    AcceptedByCarrier = 17, "ACCEPTED_BY_CARRIER", CarrierPossession, Physical;
    /// The carrier collected it.
    PickedUp = 18, "PICKED_UP", CarrierPossession, Physical;
    /// A partner carrier has it.
    ReceivedByPartner = 19, "RECEIVED_BY_PARTNER", InTransit, Physical;
    /// First scan at the origin.
    OriginScan = 20, "ORIGIN_SCAN", CarrierPossession, Physical;
    /// Left the origin.
    DepartedOrigin = 21, "DEPARTED_ORIGIN", InTransit, Physical;
    /// Arrived at a facility.
    ArrivedFacility = 22, "ARRIVED_FACILITY", InTransit, Physical;
    /// Sorted or processed.
    ProcessedAtFacility = 23, "PROCESSED_AT_FACILITY", InTransit, Physical;
    /// Left a facility.
    DepartedFacility = 24, "DEPARTED_FACILITY", InTransit, Physical;
    /// On the line-haul vehicle, rail car or aircraft.
    LoadedLinehaul = 25, "LOADED_LINEHAUL", InTransit, Physical;
    /// Exported.
    Exported = 26, "EXPORTED", InTransit, Physical;
    /// Left the country of origin.
    DepartedCountry = 27, "DEPARTED_COUNTRY", InTransit, Physical;
    /// Arrived in the country of destination.
    ArrivedDestCountry = 28, "ARRIVED_DEST_COUNTRY", InTransit, Physical;
    /// Handed to a partner carrier.
    TransferredToPartner = 29, "TRANSFERRED_TO_PARTNER", InTransit, Physical;
    /// Received from the carrier before.
    InterlineReceived = 30, "INTERLINE_RECEIVED", InTransit, Physical;
    /// Stored on the way.
    StorageInTransit = 31, "STORAGE_IN_TRANSIT", InTransit, Physical;
    /// Sent another way.
    Rerouted = 32, "REROUTED", InTransit, Physical;
    /// Sent on to a new address.
    ForwardedNewAddress = 33, "FORWARDED_NEW_ADDRESS", InTransit, Physical;
    /// On the way; no more is said.
    InTransitGeneric = 34, "IN_TRANSIT_GENERIC", InTransit, Physical;
    // Customs.
    /// Data went to customs.
    CustomsDataSent = 35, "CUSTOMS_DATA_SENT", Unknown, Data;
    /// Presented to customs.
    CustomsPresented = 36, "CUSTOMS_PRESENTED", Customs, Physical;
    /// Clearance is under way.
    CustomsInProgress = 37, "CUSTOMS_IN_PROGRESS", Customs, Physical;
    /// Customs wants to know more.
    CustomsInfoRequired = 38, "CUSTOMS_INFO_REQUIRED", Customs, Physical;
    /// Duties or taxes are due.
    CustomsDutiesDue = 39, "CUSTOMS_DUTIES_DUE", Customs, Physical;
    /// Held by customs.
    CustomsHeld = 40, "CUSTOMS_HELD", Customs, Physical;
    /// Inspected by customs.
    CustomsInspection = 41, "CUSTOMS_INSPECTION", Customs, Physical;
    /// Released by customs.
    CustomsReleased = 42, "CUSTOMS_RELEASED", InTransit, Physical;
    /// Refused by customs.
    CustomsRejected = 43, "CUSTOMS_REJECTED", Customs, Physical;
    // Last mile.
    /// At the depot that delivers.
    ArrivedDeliveryDepot = 44, "ARRIVED_DELIVERY_DEPOT", AtDestinationFacility, Physical;
    /// On the delivery vehicle, not on its way yet.
    LoadedOnVehicle = 45, "LOADED_ON_VEHICLE", AtDestinationFacility, Physical;
    /// On its way to the consignee.
    OutForDelivery = 46, "OUT_FOR_DELIVERY", OutForDelivery, Physical;
    /// The driver is near.
    DriverNearby = 47, "DRIVER_NEARBY", OutForDelivery, Physical;
    /// A day for the delivery is set.
    DeliveryScheduled = 48, "DELIVERY_SCHEDULED", Unknown, Data;
    /// Another day for the delivery is set.
    DeliveryRescheduled = 49, "DELIVERY_RESCHEDULED", Unknown, Data;
    /// The recipient was told.
    RecipientContacted = 50, "RECIPIENT_CONTACTED", Unknown, Data;
    /// An attempt failed.
    Attempted = 51, "ATTEMPTED", DeliveryAttempted, Physical;
    /// The last attempt failed.
    AttemptedFinal = 52, "ATTEMPTED_FINAL", DeliveryAttempted, Physical;
    /// A card was left.
    NoticeLeft = 53, "NOTICE_LEFT", DeliveryAttempted, Physical;
    /// In a locker.
    PickupReadyLocker = 54, "PICKUP_READY_LOCKER", AvailableForPickup, Physical;
    /// At a post office, shop or depot for collection.
    PickupReadyPoint = 55, "PICKUP_READY_POINT", AvailableForPickup, Physical;
    /// In the store (buy online, pick up in store).
    PickupReadyStore = 56, "PICKUP_READY_STORE", AvailableForPickup, Physical;
    /// Last notice to collect.
    PickupFinalNotice = 57, "PICKUP_FINAL_NOTICE", Unknown, Data;
    /// The time to collect is over.
    PickupExpired = 58, "PICKUP_EXPIRED", Unknown, Data;
    // Delivered.
    /// With the consignee.
    Delivered = 59, "DELIVERED", Delivered, Physical;
    /// Signed for.
    DeliveredSigned = 60, "DELIVERED_SIGNED", Delivered, Physical;
    /// In the mailbox.
    DeliveredMailbox = 61, "DELIVERED_MAILBOX", Delivered, Physical;
    /// At the door.
    DeliveredDoor = 62, "DELIVERED_DOOR", Delivered, Physical;
    /// At a safe place.
    DeliveredSafePlace = 63, "DELIVERED_SAFE_PLACE", Delivered, Physical;
    /// With a neighbour.
    DeliveredNeighbor = 64, "DELIVERED_NEIGHBOR", Delivered, Physical;
    /// At the reception, desk or mail room.
    DeliveredReception = 65, "DELIVERED_RECEPTION", Delivered, Physical;
    /// With an agent for final delivery.
    DeliveredAgent = 66, "DELIVERED_AGENT", Delivered, Physical;
    /// In the recipient's own locker.
    DeliveredLockerFinal = 67, "DELIVERED_LOCKER_FINAL", Delivered, Physical;
    /// In the post office box.
    DeliveredPoBox = 68, "DELIVERED_PO_BOX", Delivered, Physical;
    /// Delivered, and damaged.
    DeliveredDamaged = 69, "DELIVERED_DAMAGED", Delivered, Physical;
    /// Some pieces are delivered.
    DeliveredPartial = 70, "DELIVERED_PARTIAL", PartiallyDelivered, Physical;
    /// Collected by the customer.
    CollectedByCustomer = 71, "COLLECTED_BY_CUSTOMER", Delivered, Physical;
    /// A proof of delivery can be had; an attribute, not a delivery.
    PodAvailable = 72, "POD_AVAILABLE", Unknown, Data;
    /// A photo of the delivery can be had; an attribute.
    PodPhoto = 73, "POD_PHOTO", Unknown, Data;
    /// The carrier takes a delivery back.
    DeliveryCorrected = 74, "DELIVERY_CORRECTED", Unknown, Data;
    // Return to sender.
    /// It goes back to the sender.
    RtsInitiated = 75, "RTS_INITIATED", ReturningToSender, Physical;
    /// On its way back to the sender.
    RtsInTransit = 76, "RTS_IN_TRANSIT", ReturningToSender, Physical;
    /// Out for delivery to the sender.
    RtsOutForDelivery = 77, "RTS_OUT_FOR_DELIVERY", ReturningToSender, Physical;
    /// The sender has it.
    RtsDelivered = 78, "RTS_DELIVERED", ReturnedToSender, Physical;
    // Returns.
    /// The customer wants to return it.
    ReturnRequested = 79, "RETURN_REQUESTED", ReturnRequested, Data;
    /// A return label was issued.
    ReturnLabelIssued = 80, "RETURN_LABEL_ISSUED", ReturnLabelIssued, Data;
    /// The return label will expire.
    ReturnLabelExpiring = 81, "RETURN_LABEL_EXPIRING", Unknown, Data;
    /// The return label has expired.
    ReturnLabelExpired = 82, "RETURN_LABEL_EXPIRED", Unknown, Data;
    /// The return will be collected.
    ReturnPickupScheduled = 83, "RETURN_PICKUP_SCHEDULED", ReturnPickupScheduled, Data;
    /// The carrier has the return.
    ReturnAccepted = 84, "RETURN_ACCEPTED", ReturnInTransit, Physical;
    /// The return is on its way.
    ReturnInTransit = 85, "RETURN_IN_TRANSIT", ReturnInTransit, Physical;
    /// The returns centre has it.
    ReturnReceived = 86, "RETURN_RECEIVED", ReturnReceived, Physical;
    /// Not what was sent out.
    ReturnItemMismatch = 87, "RETURN_ITEM_MISMATCH", Unknown, Data;
    /// Inspection has begun.
    InspectionStarted = 88, "INSPECTION_STARTED", InspectionPending, Physical;
    /// Inspection passed.
    InspectionPassed = 89, "INSPECTION_PASSED", InspectionPending, Physical;
    /// Inspection failed.
    InspectionFailed = 90, "INSPECTION_FAILED", InspectionPending, Physical;
    /// Back to stock.
    DispRestock = 91, "DISP_RESTOCK", DispositionDecided, Physical;
    /// To be refurbished.
    DispRefurbish = 92, "DISP_REFURBISH", DispositionDecided, Physical;
    /// To be sold off.
    DispLiquidate = 93, "DISP_LIQUIDATE", DispositionDecided, Physical;
    /// To be destroyed.
    DispDestroy = 94, "DISP_DESTROY", DispositionDecided, Physical;
    /// Back to the vendor.
    DispReturnToVendor = 95, "DISP_RETURN_TO_VENDOR", DispositionDecided, Physical;
    /// The refund was released.
    RefundReleased = 96, "REFUND_RELEASED", RefundReleased, Data;
    /// A replacement was released.
    ReplacementReleased = 97, "REPLACEMENT_RELEASED", ReplacementReleased, Data;
    // Freight and appointments.
    /// An appointment was asked for.
    ApptRequested = 98, "APPT_REQUESTED", Unknown, Data;
    /// An appointment is set.
    ApptConfirmed = 99, "APPT_CONFIRMED", Unknown, Data;
    /// The appointment was missed.
    ApptMissed = 100, "APPT_MISSED", Unknown, Data;
    /// The appointment was moved.
    ApptChanged = 101, "APPT_CHANGED", Unknown, Data;
    /// The vehicle is at the pick-up place.
    ArrivedPickup = 102, "ARRIVED_PICKUP", CarrierPickupScheduled, Physical;
    /// The vehicle is at the loading dock.
    AtPickupDock = 103, "AT_PICKUP_DOCK", CarrierPickupScheduled, Physical;
    /// Loading.
    Loading = 104, "LOADING", CarrierPickupScheduled, Physical;
    /// Loaded at the pick-up place.
    Loaded = 105, "LOADED", CarrierPossession, Physical;
    /// Left the pick-up place with the goods.
    DepartedPickup = 106, "DEPARTED_PICKUP", CarrierPossession, Physical;
    /// The vehicle is at the consignee's. Not delivered.
    ArrivedConsignee = 107, "ARRIVED_CONSIGNEE", AtDestinationFacility, Physical;
    /// The vehicle is at the consignee's dock.
    AtDeliveryDock = 108, "AT_DELIVERY_DOCK", AtDestinationFacility, Physical;
    /// Unloading.
    Unloading = 109, "UNLOADING", AtDestinationFacility, Physical;
    /// Unloaded at the consignee's.
    Unloaded = 110, "UNLOADED", Delivered, Physical;
    /// The vehicle left the consignee's.
    DepartedConsignee = 111, "DEPARTED_CONSIGNEE", Unknown, Physical;
    /// The trailer stands at the consignee's.
    TrailerSpotted = 112, "TRAILER_SPOTTED", AtDestinationFacility, Physical;
    /// The trailer is closed or sealed.
    TrailerSealed = 113, "TRAILER_SEALED", Unknown, Data;
    // Other ends.
    /// Cancelled.
    Cancelled = 114, "CANCELLED", Cancelled, Data;
    /// The carrier says it is lost.
    LostConfirmed = 115, "LOST_CONFIRMED", LostConfirmed, Data;
    /// Destroyed or disposed of.
    Disposed = 116, "DISPOSED", Disposed, Physical;
    // About the tracking itself.
    /// The carrier has a new estimate; never a milestone.
    EtaUpdated = 117, "ETA_UPDATED", Unknown, Estimate;
    /// The recipient chose another way of delivery.
    DeliveryOptionChanged = 118, "DELIVERY_OPTION_CHANGED", Unknown, Data;
    /// Cash on delivery was paid.
    CodPaid = 119, "COD_PAID", Unknown, Data;
    /// Something is wrong, and no more is said of where it is.
    ExceptionOnly = 120, "EXCEPTION_ONLY", Unknown, Physical;
    /// A problem is solved.
    ExceptionResolved = 121, "EXCEPTION_RESOLVED", Unknown, Physical;
    /// Information without a place in the taxonomy.
    InfoOnly = 122, "INFO_ONLY", Unknown, Data;
    /// Tracking has begun.
    TrackingStarted = 123, "TRACKING_STARTED", Unknown, Data;
    /// We lost sight of it.
    TrackingLost = 124, "TRACKING_LOST", Unknown, Data;
    /// The code is not in the feed's table.
    Unmapped = 125, "UNMAPPED", Unknown, Unmapped;
}

impl Detail {
    /// The detail of a name such as `DELIVERED_SIGNED`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|detail| detail.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &detail in Detail::ALL {
            assert_eq!(Detail::from_name(detail.name()), Some(detail));
            assert_eq!(Detail::from_number(detail as u8), Some(detail));
        }
    }

    #[test]
    fn only_physical_details_imply_possession() {
        for &detail in Detail::ALL {
            let rank = detail.milestone().rank();
            let forward_scan = (20..=50).contains(&rank);
            assert!(!forward_scan || detail.evidence() == Evidence::Physical, "{}", detail.name());
        }
    }
}
