//! DHL Shipment Tracking, Unified: newest first, five codes, everything else is words.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `statusCode`, `status`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["pre-transit", "PRE-TRANSIT", ""],
            "Shipment information received",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(
            ["transit", "TRANSIT", ""],
            "Shipment picked up",
            Meaning::of(Detail::PickedUp),
        ),
        Step::Departed => Saying::new(
            ["transit", "TRANSIT", ""],
            "Shipment has departed from a DHL facility",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["transit", "TRANSIT", ""],
            "Arrived at DHL Sort Facility",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["transit", "TRANSIT", ""],
            "Processed at DHL hub",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::CustomsStart => Saying::new(
            ["transit", "TRANSIT", ""],
            "Customs status updated",
            Meaning::of(Detail::CustomsInProgress),
        ),
        Step::CustomsHold => Saying::new(
            ["transit", "TRANSIT", ""],
            "Clearance delay",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => Saying::new(
            ["transit", "TRANSIT", ""],
            "Clearance processing complete",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::Depot => Saying::new(
            ["transit", "TRANSIT", ""],
            "Arrived at DHL Delivery Facility",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["transit", "TRANSIT", ""],
            "Shipment is out with courier for delivery",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["failure", "FAILURE", ""],
            "Recipient not home",
            Meaning::attempt(Detail::Attempted),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["transit", "TRANSIT", ""],
            "Awaiting collection by the recipient",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => {
            Saying::new(["delivered", "DELIVERED", ""], "Delivered", Meaning::of(Detail::Delivered))
        }
        Step::Signed => Saying::new(
            ["delivered", "DELIVERED", ""],
            "Delivered - Signed for by recipient",
            Meaning::of(Detail::DeliveredSigned),
        ),
        Step::Collected => Saying::new(
            ["delivered", "DELIVERED", ""],
            "Shipment collected by the recipient",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["transit", "TRANSIT", ""],
            "Delay due to adverse weather",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["failure", "FAILURE", ""],
            "Incorrect address",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["failure", "FAILURE", ""],
            "Shipment damaged",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Misrouted => Saying::new(
            ["transit", "TRANSIT", ""],
            "Shipment was missorted",
            Meaning::trouble(ExceptionClass::Misrouted),
        ),
        Step::Held => Saying::new(
            ["transit", "TRANSIT", ""],
            "Shipment on hold",
            Meaning::trouble(ExceptionClass::Held),
        ),
        Step::Refused => Saying::new(
            ["failure", "FAILURE", ""],
            "Recipient refused delivery",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::ReturnStart => Saying::new(
            ["transit", "TRANSIT", ""],
            "Return to sender",
            Meaning::of(Detail::RtsInTransit),
        ),
        Step::ReturnedToSender => Saying::new(
            ["delivered", "DELIVERED", ""],
            "Returned to shipper",
            Meaning::of(Detail::RtsDelivered),
        ),
        _ => return None,
    })
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let events = telling.events();
    buffer.put(r#"{"shipments":[{"id":""#);
    telling.put_number(buffer);
    buffer.put(r#"","service":"express","origin":{"address":{"countryCode":""#);
    buffer.put(telling.origin().country);
    buffer.put(r#"","addressLocality":""#);
    buffer.put(telling.origin().city);
    buffer.put(r#""}},"destination":{"address":{"countryCode":""#);
    buffer.put(telling.destination().country);
    buffer.put(r#"","addressLocality":""#);
    buffer.put(telling.destination().city);
    buffer.put(r#""}},"status":"#);
    put_event(&telling.newest(), buffer);
    buffer.put(r#","details":{"proofOfDeliverySignedAvailable":false,"totalNumberOfPieces":1,"pieceIds":["JD014600"#);
    buffer.put_padded(telling.shipment(), 9);
    buffer.put(r#""],"references":[{"number":"A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#"","type":"customer-reference"}]},"events":["#);
    for (i, sighting) in events.oldest_first().rev().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_event(&telling.told(sighting), buffer);
    }
    buffer.put(r#"]}],"possibleAdditionalShipmentsUrl":[]}"#);
}

fn put_event(told: &Told, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"timestamp":""#);
    buffer.put_iso(told.local);
    buffer.put_offset(told.place.offset_minutes, ":");
    buffer.put(r#"","location":{"address":{"countryCode":""#);
    buffer.put(told.place.country);
    buffer.put(r#"","postalCode":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","addressLocality":""#);
    buffer.put(told.place.city);
    buffer.put(r#""}},"statusCode":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","status":""#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","description":""#);
    buffer.put(told.saying.text);
    buffer.put(r#""}"#);
}
