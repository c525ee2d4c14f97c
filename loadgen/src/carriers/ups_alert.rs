//! UPS Track Alert: one event a webhook; the GMT offset has a dot.

use crate::carriers::{Telling, ups};
use crate::step::{Saying, Step};
use crate::text::Put as _;

/// Codes: `activityStatus.type`, `.code`, `.descriptionCode`. What only the simplified status of
/// the Track API says, an alert can't.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    match step {
        Step::ReturnTransit => None,
        step => ups::saying(step),
    }
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let told = telling.newest();
    buffer.put(r#"{"trackingNumber":""#);
    telling.put_number(buffer);
    buffer.put(r#"","localActivityDate":""#);
    let put_date = |buffer: &mut Vec<u8>, clock| {
        if telling.has_bad_time() {
            buffer.put("20261345");
        } else {
            buffer.put_compact_date(clock);
        }
    };
    put_date(buffer, told.local);
    buffer.put(r#"","localActivityTime":""#);
    buffer.put_compact_time(told.local);
    buffer.put(r#"","activityLocation":{"city":""#);
    buffer.put(told.place.city);
    buffer.put(r#"","stateProvince":""#);
    buffer.put(told.place.region);
    buffer.put(r#"","postalCode":""#);
    buffer.put(told.place.postal_code);
    buffer.put(r#"","country":""#);
    buffer.put(told.place.country);
    buffer.put(r#""},"activityStatus":{"type":""#);
    buffer.put(told.saying.codes[0]);
    if !told.saying.codes[1].is_empty() {
        buffer.put(r#"","code":""#);
        buffer.put(told.saying.codes[1]);
    }
    buffer.put(r#"","description":""#);
    buffer.put(told.saying.text);
    buffer.put(r#"","descriptionCode":""#);
    buffer.put(told.saying.codes[2]);
    buffer.put(r#""},"scheduledDeliveryDate":"","actualDeliveryDate":"","actualDeliveryTime":"","deliveryStartTime":"","deliveryEndTime":"","deliveryTimeDescription":"","deliveryPhoto":{"isNonPostalCodeCountry":false,"photo":"","photoCaptureInd":"N","photoDispositionCode":""},"gmtActivityDate":""#);
    put_date(buffer, told.utc);
    buffer.put(r#"","gmtActivityTime":""#);
    buffer.put_compact_time(told.utc);
    buffer.put(r#"","gmtOffset":""#);
    buffer.put_offset(told.place.offset_minutes, ".");
    buffer.put(
        r#"","receivedBy":"","followUpDate":"","serviceLevel":"UPS Ground","shipperReference":"A-"#,
    );
    buffer.put_padded(telling.shipment(), 8);
    buffer.put(r#"","subscriptionEventURL":"https://hooks.example.com/ups/"#);
    buffer.put_hex(telling.noise(), 16);
    buffer.put(r#"","eventId":""#);
    buffer.put_hex(telling.document_noise(), 16);
    buffer.put(r#""}"#);
}
