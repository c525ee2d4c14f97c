//! DHL Shipment Tracking, Unified: newest first, five codes, everything else is words.

use crossdock_model::detail::Detail;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `statusCode`, `status`.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (code, status, text, detail) = match step {
        Step::Label => {
            ("pre-transit", "PRE-TRANSIT", "Shipment information received", Detail::LabelCreated)
        }
        Step::Departed => (
            "transit",
            "TRANSIT",
            "Shipment has departed from a DHL facility",
            Detail::DepartedFacility,
        ),
        Step::Arrived => {
            ("transit", "TRANSIT", "Arrived at DHL Sort Facility", Detail::ArrivedFacility)
        }
        Step::Delivered => ("delivered", "DELIVERED", "Delivered", Detail::Delivered),
        _ => return None,
    };
    Some(Saying::new([code, status, ""], text, Meaning::of(detail)))
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
    buffer.put(r#","details":{"proofOfDeliverySignedAvailable":false,"totalNumberOfPieces":1,"pieceIds":["JD0146000"#);
    buffer.put_padded(telling.noise() % 100_000_000, 8);
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
