//! ANSI X12 214: one interchange, one status; minutes, in universal time.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::Telling;
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Codes: element 1650 (AT7-01) and element 1651 (AT7-02).
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (status, reason, meaning) = match step {
        Step::Label => ("XB", "NS", Meaning::of(Detail::LabelCreated)),
        Step::Pickup => ("AF", "NS", Meaning::of(Detail::DepartedPickup)),
        Step::Departed => ("P1", "NS", Meaning::of(Detail::DepartedFacility)),
        Step::Arrived => ("X4", "NS", Meaning::of(Detail::ArrivedFacility)),
        Step::Depot => ("X1", "NS", Meaning::of(Detail::ArrivedConsignee)),
        Step::Attempt => ("AH", "AQ", Meaning::attempt(Detail::Attempted)),
        Step::OutForDelivery => ("AJ", "NS", Meaning::of(Detail::OutForDelivery)),
        Step::Delivered => ("D1", "NS", Meaning::of(Detail::Delivered)),
        Step::Delayed => ("SD", "AO", Meaning::trouble(ExceptionClass::Delayed)),
        Step::Address => ("SD", "A2", Meaning::trouble(ExceptionClass::AddressIssue)),
        Step::Misrouted => ("SD", "AA", Meaning::trouble(ExceptionClass::Misrouted)),
        Step::Held => ("SD", "BB", Meaning::trouble(ExceptionClass::Held)),
        Step::Damaged => ("A9", "NS", Meaning::trouble(ExceptionClass::Damaged)),
        Step::Refused => {
            ("A7", "BS", Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused))
        }
        Step::Cancelled => ("CA", "NS", Meaning::of(Detail::Cancelled)),
        Step::Unknown => ("ZZ", "NS", Meaning::of(Detail::Unmapped)),
        _ => return None,
    };
    Some(Saying::new([status, reason, ""], "", meaning))
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let told = telling.newest();
    let (made, control) = (telling.made(), telling.document_noise() % 1_000_000_000);
    buffer.put("ISA*00*          *00*          *02*ODFL           *12*6083273106     *");
    let day = buffer.len();
    buffer.put_compact_date(made);
    // The envelope has two digits of the year.
    buffer.drain(day..day + 2);
    buffer.push(b'*');
    put_minutes(made, buffer);
    buffer.put("*U*00401*");
    buffer.put_padded(control, 9);
    buffer.put("*0*P*:~GS*QM*ODFL*6083273106*");
    buffer.put_compact_date(made);
    buffer.push(b'*');
    put_minutes(made, buffer);
    buffer.put("*1*X*004010~ST*214*0001~B10*");
    telling.put_number(buffer);
    buffer.put("*A-");
    buffer.put_padded(telling.shipment(), 8);
    buffer.put("*ODFL~LX*1~AT7*");
    buffer.put(told.saying.codes[0]);
    buffer.push(b'*');
    buffer.put(told.saying.codes[1]);
    buffer.put("***");
    buffer.put_compact_date(told.utc);
    buffer.push(b'*');
    put_minutes(told.utc, buffer);
    buffer.put("*UT~MS1*");
    buffer.put(told.place.city);
    buffer.push(b'*');
    buffer.put(told.place.region);
    buffer.push(b'*');
    buffer.put(told.place.country);
    buffer.put("~SE*6*0001~GE*1*1~IEA*1*");
    buffer.put_padded(control, 9);
    buffer.push(b'~');
}

/// `0814`.
fn put_minutes(clock: i64, buffer: &mut Vec<u8>) {
    buffer.put_compact_time(clock);
    buffer.truncate(buffer.len() - 2);
}
