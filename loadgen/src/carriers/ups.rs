//! UPS Track: the whole history, newest first; local date and time beside GMT and the offset.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: `status.type`, `status.code`, `status.statusCode`.
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
        Step::OutForDelivery => Saying::new(
            ["I", "OT", "021"],
            "Out For Delivery Today",
            Meaning::of(Detail::OutForDelivery),
        ),
        Step::Delivered => {
            Saying::new(["D", "FS", "011"], "DELIVERED ", Meaning::of(Detail::Delivered))
        }
        Step::Delayed => Saying::new(
            ["X", "", "051"],
            "Severe weather conditions have delayed delivery. ",
            Meaning::of(Detail::ExceptionOnly).opening(ExceptionClass::Delayed),
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
