//! The history of one shipment, for people: every event with its raw code, text, time and source.

use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Reason;

use crate::entry::Entry;
use crate::json::Object;
use crate::reading::Role;
use crate::say::SEPARATOR;
use crate::senses::Sense;

/// The texts of one entry.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// What it shares with others.
    pub sense: &'a Sense,
    /// What it is within the history.
    pub role: Role,
    /// Every feed that reports what it leads, where there are several.
    pub sources: &'a [&'a str],
    /// The name of the feed.
    pub feed: &'a str,
    /// Raw codes.
    pub codes: &'a str,
    /// The carrier's words.
    pub text: &'a str,
    /// Where.
    pub place: &'a str,
}

/// Writes one entry as a JSON object.
pub fn write(out: &mut Vec<u8>, line: &Line<'_>) {
    let (entry, sense) = (line.entry, line.sense);
    let time = entry.time();
    let mut object = Object::begin(out);
    object.name("milestone", sense.milestone.name());
    object.name("detail", sense.detail.name());
    if sense.exception != ExceptionClass::None {
        object.name("exception", sense.exception.name());
    }
    if sense.reason != Reason::None {
        object.name("reason", sense.reason.name());
        object.name("party", sense.party.name());
    }
    if sense.direction != Direction::Forward {
        object.name("direction", sense.direction.name());
    }
    object.instant("event_time", &time);
    object.local("local_time", &time);
    object.name("time_precision", time.precision.name());
    object.name("zone_source", time.zone_source.name());
    object.text("feed", line.feed);
    if 1 < line.sources.len() {
        object.list("sources", line.sources.iter().copied());
    }
    write_codes(&mut object, line.codes);
    object.text("text", line.text);
    write_place(&mut object, line.place);
    object.truth("physical", sense.flags.has(EventFlags::PHYSICAL));
    if sense.flags.has(EventFlags::UNTRUSTED_TIME) {
        object.truth("untrusted_time", true);
    }
    match line.role {
        Role::Repeats(_) => object.truth("repeats", true),
        Role::Retracted => object.truth("retracted", true),
        Role::Retracts => object.truth("retracts", true),
        Role::Hearsay => object.truth("hearsay", true),
        Role::Leads | Role::Elsewhere => {}
    }
    object.utc("received", entry.received.micros());
    object.end();
}

/// `code`, and `codes` where the feed has several code fields.
pub fn write_codes(object: &mut Object<'_>, codes: &str) {
    let mut parts = codes.split(SEPARATOR);
    object.text("code", parts.next().unwrap_or(""));
    let mut others = parts.peekable();
    if others.peek().is_some() {
        object.object("codes", |object| {
            for part in others {
                if let Some((name, code)) = part.split_once('=') {
                    object.text(name, code);
                }
            }
        });
    }
}

/// `city region postal_code country facility`, and `signed_by`.
pub fn write_place(object: &mut Object<'_>, place: &str) {
    let mut parts = place.split(SEPARATOR);
    for key in ["city", "region", "postal_code", "country", "facility", "signed_by"] {
        object.text(key, parts.next().unwrap_or(""));
    }
}
