//! EasyPost `tracker.updated`: oldest first; `datetime` is the wall clock with a false `Z`,
//! `datetime_local` has the right offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Carrier, Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `status`, `status_detail`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["pre_transit", "label_created", ""],
            "Shipping Label Created",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(
            ["in_transit", "received_at_origin_facility", ""],
            "Accepted at Origin Facility",
            Meaning::of(Detail::AcceptedByCarrier),
        ),
        Step::Departed => Saying::new(
            ["in_transit", "departed_facility", ""],
            "Departed Facility",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["in_transit", "arrived_at_facility", ""],
            "Arrived at Facility",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["in_transit", "status_update", ""],
            "Processed Through Facility",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::CustomsStart => Saying::new(
            ["in_transit", "status_update", ""],
            "Customs clearance in progress",
            Meaning::of(Detail::CustomsInProgress),
        ),
        Step::CustomsHold => Saying::new(
            ["in_transit", "held", ""],
            "Held by customs",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => Saying::new(
            ["in_transit", "status_update", ""],
            "Released by customs",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::Depot => Saying::new(
            ["in_transit", "received_at_destination_facility", ""],
            "Arrived at Post Office",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["out_for_delivery", "out_for_delivery", ""],
            "Out for Delivery",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["failure", "delivery_exception", ""],
            "Notice Left (No Authorized Recipient Available)",
            Meaning::attempt(Detail::NoticeLeft),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["available_for_pickup", "arrived_at_pickup_location", ""],
            "Available for Pickup",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => Saying::new(
            ["delivered", "arrived_at_destination", ""],
            "Delivered",
            Meaning::of(Detail::Delivered),
        ),
        Step::Collected => Saying::new(
            ["delivered", "arrived_at_destination", ""],
            "Delivered, Individual Picked Up at Post Office",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["in_transit", "weather_delay", ""],
            "Weather Delay",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["in_transit", "address_correction", ""],
            "Address correction needed",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["failure", "damaged", ""],
            "Damaged",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Misrouted => Saying::new(
            ["in_transit", "missorted", ""],
            "Missorted",
            Meaning::trouble(ExceptionClass::Misrouted),
        ),
        Step::Held => Saying::new(
            ["in_transit", "held", ""],
            "Held at facility",
            Meaning::trouble(ExceptionClass::Held),
        ),
        Step::Refused => Saying::new(
            ["failure", "refused", ""],
            "Refused by recipient",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::ReturnStart => Saying::new(
            ["return_to_sender", "return", ""],
            "Return to Sender",
            Meaning::of(Detail::RtsInitiated),
        ),
        Step::ReturnTransit => Saying::new(
            ["return_to_sender", "return", ""],
            "In Transit to Sender",
            Meaning::of(Detail::RtsInTransit),
        ),
        Step::ReturnedToSender => Saying::new(
            ["delivered", "return", ""],
            "Delivered, To Original Sender",
            Meaning::of(Detail::RtsDelivered),
        ),
        Step::Cancelled => {
            Saying::new(["cancelled", "cancelled", ""], "Cancelled", Meaning::of(Detail::Cancelled))
        }
        _ => return None,
    })
}

const fn carrier_name(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Ups => "UPS",
        Carrier::Fedex => "FedEx",
        Carrier::Usps | Carrier::Freight | Carrier::Pallet | Carrier::Local => "USPS",
        Carrier::Dhl => "DHLExpress",
    }
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let newest = telling.newest();
    let carrier = carrier_name(telling.carrier());
    let (made, id) = (telling.made(), telling.noise());
    buffer.put(r#"{"description":"tracker.updated","mode":"production","previous_attributes":{"status":"unknown"},"created_at":""#);
    buffer.put_iso(made);
    buffer.put(r#"Z","pending_urls":[],"completed_urls":[],"updated_at":""#);
    buffer.put_iso(made);
    buffer.put(r#"Z","id":"evt_"#);
    buffer.put_hex(telling.document_noise(), 16);
    buffer.put(r#"","status":"pending","object":"Event","result":{"id":"trk_"#);
    buffer.put_hex(id, 16);
    buffer.put(r#"","object":"Tracker","mode":"production","tracking_code":""#);
    telling.put_number(buffer);
    buffer.put(r#"","status":""#);
    buffer.put(newest.saying.codes[0]);
    buffer.put(r#"","status_detail":""#);
    buffer.put(newest.saying.codes[1]);
    buffer.put(r#"","created_at":""#);
    buffer.put_iso(made);
    buffer.put(r#"Z","signed_by":null,"weight":null,"est_delivery_date":null,"shipment_id":null,"carrier":""#);
    buffer.put(carrier);
    buffer.put(r#"","tracking_details":["#);
    let events = telling.events();
    for (i, sighting) in events.oldest_first().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_detail(&telling.told(sighting), carrier, buffer);
    }
    buffer.put(r#"],"carrier_detail":null,"finalized":false,"is_return":false,"public_url":"https://track.example.com/"#);
    buffer.put_hex(id, 16);
    buffer.put(r#""}}"#);
}

fn put_detail(told: &Told, carrier: &str, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"object":"TrackingDetail","message":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","description":"","status":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","status_detail":""#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","datetime":""#);
    buffer.put_iso(told.local);
    buffer.put(r#"Z","datetime_local":""#);
    buffer.put_iso(told.local);
    buffer.put_offset(told.place.offset_minutes, ":");
    buffer.put(r#"","source":""#);
    buffer.put(carrier);
    buffer.put(r#"","carrier_code":"","tracking_location":{"object":"TrackingLocation","city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","state":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","country":""#);
    buffer.put(told.place.country);
    buffer.put(r#"","zip":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#""}}"#);
}
