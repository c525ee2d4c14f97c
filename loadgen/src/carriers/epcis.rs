//! GS1 EPCIS 2.0: one event a document, about one logistic unit, in the words of the core business vocabulary.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::Telling;
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: business step, disposition.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (step, disposition, meaning) = match step {
        Step::OrderReleased => ("reserving", "reserved", Meaning::of(Detail::OrderReleased)),
        Step::Picked => ("picking", "in_progress", Meaning::of(Detail::Picked)),
        Step::Packed => ("packing", "in_progress", Meaning::of(Detail::Packed)),
        Step::Pickup => ("accepting", "in_transit", Meaning::of(Detail::AcceptedByCarrier)),
        Step::Departed => ("departing", "in_transit", Meaning::of(Detail::DepartedOrigin)),
        Step::Arrived => ("arriving", "in_transit", Meaning::of(Detail::ArrivedFacility)),
        Step::Delivered => ("receiving", "in_progress", Meaning::of(Detail::Delivered)),
        Step::Damaged => ("arriving", "damaged", Meaning::trouble(ExceptionClass::Damaged)),
        Step::Held => ("holding", "in_progress", Meaning::trouble(ExceptionClass::Held)),
        Step::ReturnReceived => ("receiving", "returned", Meaning::of(Detail::ReturnReceived)),
        Step::Inspection => ("inspecting", "returned", Meaning::of(Detail::InspectionStarted)),
        Step::Restocked => ("stocking", "sellable_accessible", Meaning::of(Detail::DispRestock)),
        Step::Unknown => ("cross_docking", "in_progress", Meaning::of(Detail::Unmapped)),
        _ => return None,
    };
    Some(Saying::new([step, disposition, ""], "", meaning))
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let told = telling.newest();
    buffer.put(r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":""#);
    buffer.put_iso(telling.made());
    buffer.put(r#"Z","epcisBody":{"eventList":[{"type":"ObjectEvent","eventTime":""#);
    telling.put_time(&told, buffer);
    buffer.put(r#"","eventTimeZoneOffset":""#);
    buffer.put_offset(told.place.offset_minutes, ":");
    buffer.put(r#"","epcList":[""#);
    // An event without any object is no mistake; an object without a number is.
    let object = if telling.has_number() { "https://id.gs1.org/00/" } else { "urn:epc:id:sscc:" };
    buffer.put(object);
    telling.put_number(buffer);
    buffer.put(r#""],"action":"OBSERVE","bizStep":"https://ref.gs1.org/cbv/BizStep-"#);
    buffer.put(told.saying.codes[0]);
    buffer.put(r#"","disposition":"https://ref.gs1.org/cbv/Disp-"#);
    buffer.put(told.saying.codes[1]);
    buffer.put(r#"","readPoint":{"id":"https://id.gs1.org/414/0614141"#);
    buffer.put_padded(u64::from(told.place.offset_minutes.unsigned_abs()), 5);
    buffer.put(r#"5"}}]}}"#);
}
