//! UPS Track: the whole history, newest first; local date and time beside GMT and the offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `status.type`, `status.code`, `status.statusCode`.
#[expect(clippy::too_many_lines, reason = "one table, one row a step")]
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    Some(match step {
        Step::Label => Saying::new(
            ["M", "MP", "003"],
            "Shipper created a label, UPS has not received the package yet. ",
            Meaning::of(Detail::LabelCreated),
        ),
        Step::Pickup => {
            Saying::new(["I", "OR", "005"], "Origin Scan", Meaning::of(Detail::OriginScan))
        }
        Step::Departed => Saying::new(
            ["I", "DP", "005"],
            "Departed from Facility",
            Meaning::of(Detail::DepartedFacility),
        ),
        Step::Arrived => Saying::new(
            ["I", "AR", "005"],
            "Arrived at Facility",
            Meaning::of(Detail::ArrivedFacility),
        ),
        Step::Processed => Saying::new(
            ["I", "YP", "005"],
            "Processing at UPS Facility",
            Meaning::of(Detail::ProcessedAtFacility),
        ),
        Step::CustomsStart => Saying::new(
            ["X", "C3", "012"],
            "Your package is pending release from a government agency. ",
            Meaning::of(Detail::CustomsInProgress),
        ),
        Step::CustomsHold => Saying::new(
            ["X", "CE", "013"],
            "A government agency is holding the package. ",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => Saying::new(
            ["X", "SR", "014"],
            "Your package was released by the customs agency.",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::Depot => Saying::new(
            ["I", "DS", "005"],
            "Destination Scan",
            Meaning::of(Detail::ArrivedDeliveryDepot),
        ),
        Step::OutForDelivery => Saying::new(
            ["I", "OT", "021"],
            "Out For Delivery Today",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Attempt => Saying::new(
            ["X", "48", "022"],
            "The receiver was not available for delivery. ",
            Meaning::attempt(Detail::Attempted),
        ),
        Step::ReadyAtPoint => Saying::new(
            ["D", "2Q", "040"],
            "Delivered to UPS Access Point ",
            Meaning::of(Detail::PickupReadyPoint),
        ),
        Step::Delivered => {
            Saying::new(["D", "FS", "011"], "DELIVERED ", Meaning::of(Detail::Delivered))
        }
        Step::Collected => Saying::new(
            ["D", "2W", "011"],
            "The customer picked the package up. ",
            Meaning::of(Detail::CollectedByCustomer),
        ),
        Step::Delayed => Saying::new(
            ["X", "1E", "051"],
            "Severe weather conditions have delayed delivery. ",
            Meaning::trouble(ExceptionClass::Delayed),
        ),
        Step::Address => Saying::new(
            ["X", "A5", "050"],
            "The street number is incorrect. ",
            Meaning::trouble(ExceptionClass::AddressIssue),
        ),
        Step::Damaged => Saying::new(
            ["X", "13", "059"],
            "The package was damaged in transit. ",
            Meaning::trouble(ExceptionClass::Damaged),
        ),
        Step::Misrouted => Saying::new(
            ["X", "06", "013"],
            "The package was missorted at the facility. ",
            Meaning::trouble(ExceptionClass::Misrouted),
        ),
        Step::Held => Saying::new(
            ["X", "MF", "013"],
            "The package is held for a future delivery date. ",
            Meaning::trouble(ExceptionClass::Held),
        ),
        Step::Refused => Saying::new(
            ["X", "AM", "064"],
            "The receiver refused the package. ",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::Resolved => Saying::new(
            ["X", "1M", "013"],
            "The issue has been resolved. ",
            Meaning::of(Detail::ExceptionResolved),
        ),
        Step::ReturnStart => Saying::new(
            ["X", "4R", "013"],
            "The package is going back to the sender. ",
            Meaning::of(Detail::RtsInitiated),
        ),
        Step::ReturnTransit => Saying::new(
            ["I", "AR", "036"],
            "Arrived at Facility",
            Meaning::of(Detail::RtsInTransit),
        ),
        Step::ReturnedToSender => Saying::new(
            ["X", "4S", "013"],
            "The package is back with the sender. ",
            Meaning::of(Detail::RtsDelivered),
        ),
        Step::Cancelled => Saying::new(
            ["MV", "VP", "007"],
            "Shipment information voided ",
            Meaning::of(Detail::LabelVoided),
        ),
        Step::Estimate => Saying::new(
            ["U", "UT", "013"],
            "Your delivery has a new date. ",
            Meaning::of(Detail::EtaUpdated),
        ),
        Step::Unknown => {
            Saying::new(["U", "Q9", "799"], "Notation recorded", Meaning::of(Detail::Unmapped))
        }
        _ => return None,
    })
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"trackResponse":{"shipment":[{"inquiryNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","package":[{"trackingNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","deliveryDate":[],"activity":["#);
    let events = telling.events();
    for (i, sighting) in events.oldest_first().rev().enumerate() {
        if 0 < i {
            buffer.push(b',');
        }
        put_activity(&telling.told(sighting), buffer);
    }
    buffer.put(r#"],"packageCount":1,"packageAddress":[{"type":"DESTINATION","address":{"city":""#);
    let destination = telling.destination();
    buffer.put(destination.city);
    buffer.put(r#"","stateProvince":""#);
    buffer.put(destination.region);
    buffer.put(r#"","countryCode":""#);
    buffer.put(destination.country);
    buffer.put(r#"","country":""#);
    buffer.put(destination.country);
    buffer.put(r#""}}],"weight":{"unitOfMeasurement":"LBS","weight":""#);
    buffer.put_number(1 + telling.noise() % 40);
    buffer.put(r#".00"},"service":{"code":"518","levelCode":"011","description":"UPS Ground"},"referenceNumber":[{"type":"SHIPMENT","number":"A-"#);
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#""}]}],"userRelation":["SHIPPER"]}]}}"#);
}

fn put_activity(told: &Told, buffer: &mut Vec<u8>) {
    buffer.put(r#"{"location":{"address":{"city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","stateProvince":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","countryCode":""#);
    buffer.put(told.place.country);
    buffer.put(r#"","country":""#);
    buffer.put(told.place.country);
    buffer.put(r#""},"slic":"3811"},"status":{"type":""#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","description":""#);
    buffer.put(told.saying.text);
    if !told.saying.codes[1].is_empty() {
        buffer.put(r#"","code":""#);
        buffer.put(told.saying.codes[1]);
    }
    buffer.put(r#"","statusCode":""#);
    buffer.put(told.saying.codes[2]);
    buffer.put(r#""},"date":""#);
    buffer.put_compact_date(told.local);
    buffer.put(r#"","time":""#);
    buffer.put_compact_time(told.local);
    buffer.put(r#"","gmtDate":""#);
    buffer.put_compact_date(told.utc);
    buffer.put(r#"","gmtOffset":""#);
    buffer.put_offset(told.place.offset_minutes, ":");
    // The first zero of GMT times is lost: `74700` is 07:47:00.
    buffer.put(r#"","gmtTime":""#);
    let seconds = told.utc.rem_euclid(86_400) as u64;
    let clock = seconds / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60;
    buffer.put_padded(clock, if clock < 100_000 { 5 } else { 6 });
    buffer.put(r#""}"#);
}
