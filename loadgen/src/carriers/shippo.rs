//! Shippo `track_updated`: status and substatus, times in UTC; the newest event stands twice, with
//! different ids.

use crossdock_model::detail::Detail;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `status`, `substatus.code`.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (status, substatus, text, meaning) = match step {
        Step::Label => (
            "PRE_TRANSIT",
            "information_received",
            "Information about the package received.",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => (
            "TRANSIT",
            "package_accepted",
            "Package has been accepted into the carrier network.",
            Meaning::of(Detail::AcceptedByCarrier),
        ),
        Step::Departed => (
            "TRANSIT",
            "package_departed",
            "Package has departed an intermediate location.",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => (
            "TRANSIT",
            "package_arrived",
            "Package has arrived at an intermediate location.",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::OutForDelivery => (
            "TRANSIT",
            "out_for_delivery",
            "Package is out for delivery.",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Delivered => (
            "DELIVERED",
            "delivered",
            "Package has been delivered.",
            Meaning::of(Detail::Delivered),
        ),
        _ => return None,
    };
    Some(Saying::new([status, substatus, ""], text, meaning))
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let events = telling.events();
    buffer.put(r#"{"event":"track_updated","test":false,"data":{"carrier":""#);
    buffer.put(telling.carrier().name());
    buffer.put(r#"","tracking_number":""#);
    telling.put_number(buffer);
    buffer.put(r#"","address_from":{"city":""#);
    put_address(telling.origin(), buffer);
    buffer.put(r#","address_to":{"city":""#);
    put_address(telling.destination(), buffer);
    buffer.put(r#","eta":null,"original_eta":null,"servicelevel":{"token":"ground","name":"Ground"},"metadata":"A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#"","tracking_status":"#);
    put_status(&telling.newest(), telling.document_noise(), buffer);
    buffer.put(r#","tracking_history":["#);
    for (i, sighting) in events.oldest_first().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_status(&telling.told(sighting), telling.noise() ^ i as u64, buffer);
    }
    buffer.put(r#"],"transaction":null}}"#);
}

fn put_address(place: &crate::place::Place, buffer: &mut Vec<u8>) {
    buffer.put(place.city);
    buffer.put(r#"","state":""#);
    buffer.put(place.region);
    buffer.put(r#"","zip":""#);
    buffer.put(place.postal_code);
    buffer.put(r#"","country":""#);
    buffer.put(place.country);
    buffer.put(r#""}"#);
}

fn put_status(told: &Told, id: u64, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"object_created":""#);
    buffer.put_iso(told.utc + 60);
    buffer.put(r#".000Z","object_id":""#);
    buffer.put_hex(id, 16);
    buffer.put(r#"","status":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","substatus":{"code":""#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","text":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","action_required":false},"status_details":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","status_date":""#);
    buffer.put_iso(told.utc);
    buffer.put(r#"Z","location":{"city":""#);
    put_address(told.place, buffer);
    buffer.push(b'}');
}
