//! Shippo `track_updated`: status and substatus, times in UTC; the newest event stands twice, with
//! different ids.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `status`, `substatus.code`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["PRE_TRANSIT", "information_received", ""],
            "Information about the package received.",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(
            ["TRANSIT", "package_accepted", ""],
            "Package has been accepted into the carrier network.",
            Meaning::of(Detail::AcceptedByCarrier),
        ),
        Step::Departed => Saying::new(
            ["TRANSIT", "package_departed", ""],
            "Package has departed an intermediate location.",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["TRANSIT", "package_arrived", ""],
            "Package has arrived at an intermediate location.",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["TRANSIT", "package_processed", ""],
            "Package has been processed.",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::Depot => Saying::new(
            ["TRANSIT", "package_arrived", ""],
            "Package arrived at local facility.",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["TRANSIT", "out_for_delivery", ""],
            "Package is out for delivery.",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["TRANSIT", "delivery_attempted", ""],
            "Delivery of package was attempted.",
            Meaning::attempt(Detail::Attempted),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["TRANSIT", "pickup_available", ""],
            "Package is available for pickup.",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => Saying::new(
            ["DELIVERED", "delivered", ""],
            "Package has been delivered.",
            Meaning::of(Detail::Delivered),
        ),
        Step::Collected => Saying::new(
            ["DELIVERED", "delivered", ""],
            "Individual picked up at post office.",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["TRANSIT", "delayed", ""],
            "Delivery is delayed by weather.",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["TRANSIT", "address_issue", ""],
            "Address information is incorrect.",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["TRANSIT", "package_damaged", ""],
            "Package has been damaged.",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Held => Saying::new(
            ["TRANSIT", "package_held", ""],
            "Package is being held.",
            Meaning::trouble(ExceptionClass::Held),
        ),
        Step::Refused => Saying::new(
            ["TRANSIT", "delivery_attempted", ""],
            "Delivery of package was refused.",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::ReturnStart => Saying::new(
            ["RETURNED", "return_to_sender", ""],
            "Package is to be returned to sender.",
            Meaning::of(Detail::RtsInitiated),
        ),
        Step::ReturnedToSender => Saying::new(
            ["RETURNED", "return_to_sender", ""],
            "Package was returned to sender.",
            Meaning::of(Detail::RtsDelivered),
        ),
        Step::Unknown => {
            Saying::new(["TRANSIT", "package_moored", ""], "Moored", Meaning::of(Detail::Unmapped))
        }
        _ => return None,
    })
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
