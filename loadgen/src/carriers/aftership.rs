//! AfterShip `tracking_update`: checkpoints oldest first, tag and subtag, time with its offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `tag`, `subtag`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["InfoReceived", "InfoReceived_001", ""],
            "Shipment information received",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(
            ["InTransit", "InTransit_002", ""],
            "Accepted by carrier",
            Meaning::of(Detail::AcceptedByCarrier),
        ),
        Step::Departed => Saying::new(
            ["InTransit", "InTransit_007", ""],
            "Departed from facility",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["InTransit", "InTransit_003", ""],
            "Arrived at facility",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::CustomsStart => Saying::new(
            ["InTransit", "InTransit_006", ""],
            "Customs clearance started",
            Meaning::of(Detail::CustomsInProgress),
        ),
        Step::CustomsHold => Saying::new(
            ["Exception", "Exception_004", ""],
            "Delayed by customs",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => Saying::new(
            ["InTransit", "InTransit_005", ""],
            "Customs clearance completed",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::OutForDelivery => Saying::new(
            ["OutForDelivery", "OutForDelivery_001", ""],
            "Out for delivery",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["AttemptFail", "AttemptFail_002", ""],
            "Addressee not available",
            Meaning::attempt(Detail::Attempted),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["AvailableForPickup", "AvailableForPickup_001", ""],
            "Available for pickup",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => Saying::new(
            ["Delivered", "Delivered_001", ""],
            "Delivered",
            Meaning::of(Detail::Delivered),
        ),
        Step::Signed => Saying::new(
            ["Delivered", "Delivered_003", ""],
            "Delivered and signed",
            Meaning::of(Detail::DeliveredSigned),
        ),
        Step::Collected => Saying::new(
            ["Delivered", "Delivered_002", ""],
            "Picked up by customer",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["Exception", "Exception_017", ""],
            "Delayed by extreme weather",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["Exception", "Exception_007", ""],
            "Incorrect address",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["Exception", "Exception_012", ""],
            "Shipment damaged",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Misrouted => Saying::new(
            ["Exception", "Exception_016", ""],
            "Missorted",
            Meaning::trouble(ExceptionClass::Misrouted),
        ),
        Step::Refused => Saying::new(
            ["Exception", "Exception_003", ""],
            "Refused by customer",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::Resolved => Saying::new(
            ["InTransit", "InTransit_008", ""],
            "Problem resolved",
            Meaning::of(Detail::ExceptionResolved),
        ),
        Step::ReturnStart => Saying::new(
            ["Exception", "Exception_010", ""],
            "Returning to sender",
            Meaning::of(Detail::RtsInitiated),
        ),
        Step::ReturnedToSender => Saying::new(
            ["Exception", "Exception_011", ""],
            "Returned to sender",
            Meaning::of(Detail::RtsDelivered),
        ),
        Step::Cancelled => Saying::new(
            ["Exception", "Exception_020", ""],
            "Shipment cancelled",
            Meaning::of(Detail::Cancelled),
        ),
        Step::Unknown => {
            Saying::new(["InTransit", "InTransit_099", ""], "Moored", Meaning::of(Detail::Unmapped))
        }
        _ => return None,
    })
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let newest = telling.newest();
    let slug = telling.carrier().name();
    let made = telling.made();
    buffer.put(r#"{"event":"tracking_update","event_id":""#);
    buffer.put_hex(telling.document_noise(), 16);
    buffer.put(r#"","is_tracking_first_tag":false,"ts":"#);
    buffer.put_number(made.unsigned_abs());
    buffer.put(r#","msg":{"id":""#);
    buffer.put_hex(telling.noise(), 16);
    buffer.put(r#"","tracking_number":""#);
    telling.put_number(buffer);
    buffer.put(r#"","title":"A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#"","slug":""#);
    buffer.put(slug);
    buffer.put(r#"","active":true,"created_at":""#);
    buffer.put_iso(made);
    buffer.put(r#"+00:00","updated_at":""#);
    buffer.put_iso(made);
    buffer.put(r#"+00:00","custom_fields":{},"customer_name":null,"delivery_time":3,"destination_country_iso3":""#);
    buffer.put(telling.destination().country_3);
    buffer.put(r#"","emails":[],"expected_delivery":null,"order_id":"A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#"","origin_country_iso3":""#);
    buffer.put(telling.origin().country_3);
    buffer.put(r#"","shipment_package_count":1,"signed_by":null,"source":"api","tag":""#);
    buffer.put(newest.saying.codes[0]);
    buffer.put(r#"","subtag":""#);
    buffer.put(newest.saying.codes[1]);
    buffer.put(r#"","checkpoints":["#);
    let events = telling.events();
    for (i, sighting) in events.oldest_first().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_checkpoint(&telling.told(sighting), slug, buffer);
    }
    buffer.put(r#"],"return_to_sender":false}}"#);
}

fn put_checkpoint(told: &Told, slug: &str, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"slug":""#);
    buffer.put(slug);
    buffer.put(r#"","city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","state":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","zip":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","country_iso3":""#);
    buffer.put(told.place.country_3);
    buffer.put(r#"","created_at":""#);
    buffer.put_iso(told.utc + 90);
    buffer.put(r#"+00:00","checkpoint_time":""#);
    buffer.put_iso(told.local);
    buffer.put_offset(told.place.offset_minutes, ":");
    buffer.put(r#"","message":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","tag":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","subtag":""#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","raw_tag":null}"#);
}
