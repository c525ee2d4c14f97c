//! USPS Web Tools: the whole history, the newest event apart; local time without a zone, minutes.

use crate::carriers::{Telling, Told, usps};
use crate::step::{Saying, Step};
use crate::text::{Put as _, civil};

/// Names of the months, from January.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Codes as in version 3.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    usps::saying(step)
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    let newest = telling.newest();
    buffer.put(r#"<?xml version="1.0" encoding="UTF-8"?><TrackResponse><TrackInfo ID=""#);
    telling.put_number(buffer);
    buffer.put(r#""><Class>USPS Ground Advantage</Class><ClassOfMailCode>GA</ClassOfMailCode><DestinationCity>"#);
    buffer.put(telling.destination().city);
    buffer.put("</DestinationCity><DestinationState>");
    buffer.put(telling.destination().region);
    buffer.put("</DestinationState><DestinationZip>");
    buffer.put(telling.destination().postal_code);
    buffer.put("</DestinationZip><OriginState>");
    buffer.put(telling.origin().region);
    buffer.put("</OriginState><StatusCategory>");
    buffer.put(newest.saying.codes[1]);
    buffer.put("</StatusCategory>");
    let events = telling.events();
    for (i, sighting) in events.oldest_first().rev().enumerate() {
        let (open, close) = if i == 0 {
            ("<TrackSummary>", "</TrackSummary>")
        } else {
            ("<TrackDetail>", "</TrackDetail>")
        };
        buffer.put(open);
        put_event(&telling.told(sighting), buffer);
        buffer.put(close);
    }
    buffer.put("</TrackInfo></TrackResponse>");
}

fn put_event(told: &Told, buffer: &mut Vec<u8>) {
    let at = civil(told.local);
    buffer.put("<EventTime>");
    buffer.put_number(u64::from(if at.hour.is_multiple_of(12) { 12 } else { at.hour % 12 }));
    buffer.push(b':');
    buffer.put_2(at.minute);
    buffer.put(if at.hour < 12 { " am" } else { " pm" });
    buffer.put("</EventTime><EventDate>");
    buffer.put(MONTHS[at.month as usize - 1]);
    buffer.push(b' ');
    buffer.put_number(u64::from(at.day));
    buffer.put(", ");
    buffer.put_4(at.year);
    buffer.put("</EventDate><Event>");
    buffer.put(told.saying.text);
    buffer.put("</Event><EventCity>");
    buffer.put(told.place.city);
    buffer.put("</EventCity><EventState>");
    buffer.put(told.place.region);
    buffer.put("</EventState><EventZIPCode>");
    buffer.put(told.place.postal_code);
    buffer.put("</EventZIPCode><EventCountry/><FirmName/><Name/><AuthorizedAgent>false</AuthorizedAgent><EventCode>");
    buffer.put(told.saying.codes[0]);
    buffer.put("</EventCode>");
}
