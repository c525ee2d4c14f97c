//! FedEx Track v1: the whole history, newest first; times with their offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `eventType`, `exceptionCode`, `derivedStatusCode`.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (code, exception_code, derived, text, meaning) = match step {
        Step::Label => (
            "OC",
            "",
            "IN",
            "Shipment information sent to FedEx",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => ("PU", "", "PU", "Picked up", Meaning::of(Detail::PickedUp)),
        Step::Departed => {
            ("DP", "", "IT", "Departed FedEx location", Meaning::of(Detail::DepartedFacility))
        }
        Step::Arrived => {
            ("AR", "", "IT", "Arrived at FedEx location", Meaning::of(Detail::ArrivedFacility))
        }
        Step::OutForDelivery => {
            ("OD", "", "OD", "On FedEx vehicle for delivery", Meaning::of(Detail::OutForDelivery))
        }
        Step::Delivered => ("DL", "", "DL", "Delivered", Meaning::of(Detail::Delivered)),
        Step::Delayed => (
            "SE",
            "84",
            "SE",
            "Shipment exception",
            Meaning::of(Detail::ExceptionOnly).opening(ExceptionClass::Delayed),
        ),
        Step::Unknown => ("ZQ", "", "IT", "Moored", Meaning::of(Detail::Unmapped)),
        _ => return None,
    };
    Some(Saying::new([code, exception_code, derived], text, meaning))
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
