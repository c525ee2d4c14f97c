//! crossdock's own event: order systems, warehouses, stores and local fleets. One event a document.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::Telling;
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes are the names of details, so that a sender need not learn a table.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (detail, text) = match step {
        Step::OrderCreated => (Detail::OrderCreated, "Order placed"),
        Step::OrderReleased => (Detail::OrderReleased, "Released to warehouse"),
        Step::Picked => (Detail::Picked, "All lines picked"),
        Step::Packed => (Detail::Packed, "Carton closed"),
        Step::Label => (Detail::LabelCreated, "Label printed"),
        Step::Pickup => (Detail::PickedUp, "Picked up by driver"),
        Step::Departed => (Detail::DepartedFacility, "Departed facility"),
        Step::Arrived => (Detail::ArrivedFacility, "Arrived at facility"),
        Step::Processed => (Detail::ProcessedAtFacility, "Sorted"),
        Step::CustomsStart => (Detail::CustomsInProgress, "Import declaration lodged"),
        Step::CustomsReleased => (Detail::CustomsReleased, "Released by customs"),
        Step::Depot => (Detail::ArrivedDeliveryDepot, "At delivery depot"),
        Step::OutForDelivery => (Detail::OutForDelivery, "Out for delivery"),
        Step::ReadyAtPoint => (Detail::PickupReadyPoint, "Ready at pickup point"),
        Step::ReadyInStore => (Detail::PickupReadyStore, "Ready in store"),
        Step::Delivered => (Detail::DeliveredDoor, "Left at front door"),
        Step::Signed => (Detail::DeliveredSigned, "Signed for by recipient"),
        Step::Collected => (Detail::CollectedByCustomer, "Collected"),
        Step::ReturnStart => (Detail::RtsInitiated, "Going back to sender"),
        Step::ReturnTransit => (Detail::RtsInTransit, "On the way back to sender"),
        Step::ReturnedToSender => (Detail::RtsDelivered, "Back with sender"),
        Step::Cancelled => (Detail::Cancelled, "Cancelled by shipper"),
        Step::Estimate => (Detail::EtaUpdated, "New estimate"),
        Step::ReturnRequested => (Detail::ReturnRequested, "Return requested"),
        Step::ReturnLabel => (Detail::ReturnLabelIssued, "Return label sent"),
        Step::ReturnAccepted => (Detail::ReturnAccepted, "Return dropped off"),
        Step::ReturnMoving => (Detail::ReturnInTransit, "Return on its way"),
        Step::ReturnReceived => (Detail::ReturnReceived, "Received at returns centre"),
        Step::Inspection => (Detail::InspectionStarted, "Inspection begun"),
        Step::Restocked => (Detail::DispRestock, "Back to stock"),
        Step::Refunded => (Detail::RefundReleased, "Refund released"),
        Step::Resolved => (Detail::ExceptionResolved, "Problem solved"),
        Step::CustomsHold => return trouble(ExceptionClass::CustomsHold, "Held by customs"),
        Step::Delayed => return trouble(ExceptionClass::Delayed, "Delayed by weather"),
        Step::Address => return trouble(ExceptionClass::AddressIssue, "Address incomplete"),
        Step::Damaged => return trouble(ExceptionClass::Damaged, "Damaged in transit"),
        Step::Misrouted => return trouble(ExceptionClass::Misrouted, "Sorted to wrong route"),
        Step::Held => return trouble(ExceptionClass::Held, "Held in warehouse"),
        Step::Refused => return trouble(ExceptionClass::Refused, "Refused by recipient"),
        Step::Attempt => {
            let meaning = Meaning::attempt(Detail::Attempted);
            return Some(Saying::new(
                [Detail::Attempted.name(), "", ""],
                "Nobody at home",
                meaning,
            ));
        }
        Step::Unknown => {
            return Some(Saying::new(
                ["BLIMP_MOORED", "", ""],
                "Moored",
                Meaning::of(Detail::Unmapped),
            ));
        }
    };
    Some(Saying::new([detail.name(), "", ""], text, Meaning::of(detail)))
}

const fn trouble(class: ExceptionClass, text: &'static str) -> Option<Saying> {
    Some(Saying::new(
        [Detail::ExceptionOnly.name(), class.name(), ""],
        text,
        Meaning::trouble(class),
    ))
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let told = telling.newest();
    buffer.put(r#"{"carrier":"swiftline","tracking_number":""#);
    telling.put_number(buffer);
    buffer.put(r#"","event":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","time":""#);
    telling.put_time(&told, buffer);
    if !told.saying.codes[1].is_empty() {
        buffer.put(r#"","exception":""#);
        buffer.put(told.saying.codes[1]);
    }
    buffer.put(r#"","text":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","region":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","postal_code":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","country":""#);
    buffer.put(told.place.country);
    buffer.put(r#"","order":""#);
    // A reader without a tracking number would take the order's.
    if telling.has_number() {
        buffer.put("A-");
        buffer.put_padded(telling.shipment(), 8);
    }
    buffer.put(r#"","service":""#);
    buffer.put(if telling.noise().is_multiple_of(4) { "EXPRESS" } else { "GROUND" });
    buffer.put(r#""}"#);
}
