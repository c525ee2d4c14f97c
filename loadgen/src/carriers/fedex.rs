//! FedEx Track v1: the whole history, newest first; times with their offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `eventType`, `exceptionCode`, `derivedStatusCode`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["OC", "", "IN"],
            "Shipment information sent to FedEx",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(["PU", "", "PU"], "Picked up", Meaning::of(Detail::PickedUp)),
        Step::Departed => Saying::new(
            ["DP", "", "IT"],
            "Departed FedEx location",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["AR", "", "IT"],
            "Arrived at FedEx location",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["SF", "", "IT"],
            "At sort facility",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::CustomsStart => Saying::new(
            ["CP", "", "IT"],
            "Clearance in progress",
            Meaning::of(Detail::CustomsInProgress),
        ),
        Step::CustomsHold => Saying::new(
            ["CD", "", "CD"],
            "Clearance delay",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => Saying::new(
            ["CC", "", "IT"],
            "International shipment release - Import",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::Depot => Saying::new(
            ["AF", "", "IT"],
            "At local FedEx facility",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["OD", "", "OD"],
            "On FedEx vehicle for delivery",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["DE", "08", "DE"],
            "Delivery exception",
            Meaning::attempt(Detail::Attempted),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["HP", "", "HL"],
            "Ready for recipient pickup",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => {
            Saying::new(["DL", "", "DL"], "Delivered", Meaning::of(Detail::Delivered))
        }
        Step::Delayed => Saying::new(
            ["SE", "84", "SE"],
            "Shipment exception",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["SE", "03", "SE"],
            "Shipment exception",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["SE", "10", "SE"],
            "Shipment exception",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Misrouted => Saying::new(
            ["SE", "18", "SE"],
            "Shipment exception",
            Meaning::trouble(ExceptionClass::Misrouted),
        ),
        Step::Held => Saying::new(
            ["SE", "53", "SE"],
            "Shipment exception",
            Meaning::trouble(ExceptionClass::Held),
        ),
        Step::Refused => Saying::new(
            ["DE", "07", "DE"],
            "Delivery exception",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::ReturnStart => Saying::new(
            ["RS", "", "RS"],
            "Returning package to shipper",
            Meaning::of(Detail::RtsInitiated),
        ),
        Step::ReturnedToSender => {
            Saying::new(["DL", "", "DL"], "Delivered to shipper", Meaning::of(Detail::RtsDelivered))
        }
        Step::Cancelled => Saying::new(
            ["CA", "", "CA"],
            "Shipment cancelled by sender",
            Meaning::of(Detail::Cancelled),
        ),
        Step::Estimate => Saying::new(
            ["AE", "", "IT"],
            "Shipment arriving early",
            Meaning::of(Detail::EtaUpdated),
        ),
        Step::Unknown => Saying::new(["ZQ", "", "IT"], "Moored", Meaning::of(Detail::Unmapped)),
        _ => return None,
    })
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let destination = telling.destination();
    buffer.put(r#"{"transactionId":""#);
    buffer.put_hex(telling.document_noise(), 16);
    buffer.put(r#"","output":{"completeTrackResults":[{"trackingNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","trackResults":[{"trackingNumberInfo":{"trackingNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","trackingNumberUniqueId":"2460"#);
    buffer.put_padded(telling.noise() % 1_000_000, 6);
    buffer.put("~");
    telling.put_number(buffer);
    buffer.put(r#"~FX","carrierCode":"FDXE"},"additionalTrackingInfo":{"nickname":"","packageIdentifiers":[{"type":"CUSTOMER_REFERENCE","values":["A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#""]}],"hasAssociatedShipments":false},"shipmentDetails":{"possessionStatus":true},"scanEvents":["#);
    let events = telling.events();
    for (i, sighting) in events.oldest_first().rev().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_scan(telling, &telling.told(sighting), buffer);
    }
    buffer.put(r#"],"availableImages":[],"packageDetails":{"packagingDescription":{"type":"YOUR_PACKAGING","description":"Your Packaging"},"sequenceNumber":"1","count":"1"},"lastUpdatedDestinationAddress":{"city":""#);
    buffer.put(destination.city);
    buffer.put(r#"","stateOrProvinceCode":""#);
    buffer.put(destination.region);
    buffer.put(r#"","countryCode":""#);
    buffer.put(destination.country);
    buffer.put(r#"","residential":false},"serviceDetail":{"type":"FEDEX_GROUND","description":"FedEx Ground","shortDescription":"FG"}}]}]}}"#);
}

fn put_scan(telling: &Telling<'_>, told: &Told, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"date":""#);
    telling.put_time(told, buffer);
    buffer.put(r#"","eventType":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","eventDescription":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","exceptionCode":""#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","exceptionDescription":"","scanLocation":{"streetLines":[""],"city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","stateOrProvinceCode":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","postalCode":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","countryCode":""#);
    buffer.put(told.place.country);
    buffer.put(r#"","residential":false},"locationType":"VEHICLE","derivedStatusCode":""#);
    buffer.put(told.saying.codes[2]);
    buffer.put(r#"","derivedStatus":""#);
    buffer.put(told.saying.text);
    buffer.put(r#""}"#);
}
