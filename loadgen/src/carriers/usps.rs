//! USPS Tracking v3: the whole history, newest first; local time with a false `Z`, and GMT.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `eventCode`, `statusCategory` while it is the newest.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["GX", "Pre-Shipment", ""],
            "Shipping Label Created, USPS Awaiting Item",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => Saying::new(
            ["03", "Accepted", ""],
            "USPS in possession of item",
            Meaning::of(Detail::AcceptedByCarrier),
        ),
        Step::Departed => Saying::new(
            ["T1", "In Transit", ""],
            "Departed USPS Regional Facility",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["A1", "In Transit", ""],
            "Arrived at USPS Regional Facility",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["10", "In Transit", ""],
            "Processed Through USPS Facility",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::Depot => Saying::new(
            ["07", "In Transit", ""],
            "Arrived at Post Office",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["OF", "Out for Delivery", ""],
            "Out for Delivery",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["02", "Alert", ""],
            "Notice Left (No Authorized Recipient Available)",
            Meaning::attempt(Detail::NoticeLeft),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["16", "Available for Pickup", ""],
            "Available for Pickup",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => Saying::new(
            ["01", "Delivered", ""],
            "Delivered, Left with Individual",
            Meaning::of(Detail::Delivered),
        ),
        Step::Collected => Saying::new(
            ["01", "Delivered", ""],
            "Delivered, Individual Picked Up at Post Office",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["NT", "In Transit", ""],
            "In Transit, Arriving Late",
            Meaning::of(Detail::InTransitGeneric).opening(ExceptionClass::Delayed).logical(),
        ),
        Step::Misrouted => {
            Saying::new(["08", "Alert", ""], "Missent", Meaning::trouble(ExceptionClass::Misrouted))
        }
        Step::Refused => Saying::new(
            ["04", "Alert", ""],
            "Refused",
            Meaning::of(Detail::RtsInitiated).opening(ExceptionClass::Refused),
        ),
        Step::ReturnStart => {
            Saying::new(["09", "Alert", ""], "Return to Sender", Meaning::of(Detail::RtsInitiated))
        }
        Step::ReturnedToSender => Saying::new(
            ["01", "Delivered", ""],
            "Delivered, To Original Sender",
            Meaning::of(Detail::RtsDelivered),
        ),
        Step::Unknown => {
            Saying::new(["ZZ", "In Transit", ""], "Moored", Meaning::of(Detail::Unmapped))
        }
        _ => return None,
    })
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let (origin, destination) = (telling.origin(), telling.destination());
    let newest = telling.newest();
    buffer.put(r#"{"trackingNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","additionalInfo":null,"ADPScripting":null,"archiveRestoreInfo":"No","carrierRelease":false,"mailClass":"USPS Ground Advantage<SUP>&reg;</SUP>","destinationCity":""#);
    buffer.put(destination.city);
    buffer.put(r#"","destinationCountryCode":null,"destinationState":""#);
    buffer.put(destination.region);
    buffer.put(r#"","destinationZIP":""#);
    buffer.put(destination.postal_code);
    buffer.put(r#"","emailEnabled":true,"expectedDeliveryTimeStamp":null,"originCity":""#);
    buffer.put(origin.city);
    buffer.put(r#"","originState":""#);
    buffer.put(origin.region);
    buffer.put(r#"","originZIP":""#);
    buffer.put(origin.postal_code);
    buffer.put(r#"","proofOfDeliveryEnabled":false,"services":["USPS Tracking<SUP>&#174;</SUP>"],"serviceTypeCode":"055","status":""#);
    buffer.put(newest.saying.text);
    buffer.put(r#"","statusCategory":""#);
    buffer.put(newest.saying.codes[1]);
    buffer.put(r#"","trackingEvents":["#);
    let events = telling.events();
    for (i, sighting) in events.oldest_first().rev().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_event(&telling.told(sighting), buffer);
    }
    buffer.put("]}");
}

fn put_event(told: &Told, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"eventType":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","eventTimestamp":""#);
    buffer.put_iso(told.local);
    buffer.put(r#"Z","GMTTimestamp":""#);
    buffer.put_iso(told.utc);
    buffer.put(r#"Z","GMTOffset":""#);
    buffer.put_offset(told.place.offset_minutes, ":");
    buffer.put(r#"","eventCountry":null,"eventCity":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","eventState":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","eventZIP":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","firm":null,"name":null,"authorizedAgent":"false","eventCode":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","additionalProp":null}"#);
}
