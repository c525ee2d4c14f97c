//! What was read of one event, as the event it is: flags, lane, identity.
//!
//! # Holds
//!
//! - The same report read twice has the same fingerprint, in whatever language and with whatever
//!   place it comes.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::Fingerprint;
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Reason;
use crossdock_model::time::{EventTime, Precision};
use crossdock_rules::feed::program::{self, Feed, Meaning};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::extract::evaluate::Evaluator;

use super::reader::Context;

/// What was read of one event.
pub(super) struct Seen<'a> {
    pub(super) codes: &'a [&'a str],
    pub(super) words: &'a str,
    pub(super) time: EventTime,
    pub(super) physical: Option<bool>,
    pub(super) is_return: bool,
    /// Hash of the sender's own id of the event; 0 where there is none.
    pub(super) id: u64,
}

/// Exception and reason, where the document names them itself in our own words.
pub(super) fn said_by_document<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    event: &'a program::Event,
) -> (Option<ExceptionClass>, Option<Reason>) {
    let exception = evaluator.text(&event.exception).and_then(|text| {
        let name = evaluator.str(&text);
        ExceptionClass::ALL.iter().copied().find(|class| class.name().eq_ignore_ascii_case(name))
    });
    let reason = evaluator.text(&event.reason).and_then(|text| {
        let name = evaluator.str(&text);
        Reason::ALL.iter().copied().find(|reason| reason.name().eq_ignore_ascii_case(name))
    });
    (exception, reason)
}

/// The event that all this makes.
pub(super) fn standardized(
    context: &Context<'_>,
    meaning: &Meaning,
    seen: &Seen<'_>,
    place: u64,
) -> Event {
    let is_physical = match seen.physical {
        // A document may say that a scan was none; it can't make a record or an estimate a scan.
        Some(said) => meaning.physical && said,
        None => meaning.physical,
    };
    let mut flags = EventFlags::default();
    for (holds, flag) in [
        (is_physical, EventFlags::PHYSICAL),
        (meaning.estimate, EventFlags::ESTIMATE),
        (*meaning == Meaning::UNMAPPED, EventFlags::UNMAPPED),
        (meaning.resolves, EventFlags::RESOLVES),
        (meaning.retracts, EventFlags::RETRACTS),
        (meaning.unverified, EventFlags::UNVERIFIED),
        (meaning.hearsay, EventFlags::HEARSAY),
        (meaning.direction.is_some() || seen.is_return, EventFlags::DIRECTION_SAID),
    ] {
        if holds {
            flags = flags.with(flag);
        }
    }
    let direction = match meaning.direction {
        Some(direction) => direction,
        None if seen.is_return => Direction::Return,
        None => meaning.milestone.direction(),
    };
    Event {
        fingerprint: fingerprint(context.feed, meaning, seen, place),
        time: seen.time,
        received: context.received,
        place,
        feed: context.feed.id,
        flags,
        detail: meaning.detail,
        milestone: meaning.milestone,
        exception: meaning.exception,
        reason: meaning.reason,
        party: meaning.party,
        direction,
    }
}

/// Same feed, primary code, meaning and raw time make the same event. Words and the other code
/// fields are left out, for carriers translate them and some stand outside the event; what they
/// decide is in the meaning. The place is left out as well, since it is filled in later, except
/// where only the day is known and a parcel may pass several places.
fn fingerprint(feed: &Feed, meaning: &Meaning, seen: &Seen<'_>, place: u64) -> Fingerprint {
    let mut hash = xxh3_64(feed.name.as_bytes());
    if seen.id != 0 {
        // What takes an event back has its id; the shard keeps the two apart.
        return Fingerprint(xxh3_64_with_seed(&seen.id.to_le_bytes(), hash));
    }
    match seen.codes.first() {
        Some(code) if !code.is_empty() => hash = xxh3_64_with_seed(code.as_bytes(), hash),
        // Nothing is known of it but its words.
        _ if *meaning == Meaning::UNMAPPED => {
            hash = xxh3_64_with_seed(seen.words.as_bytes(), hash);
        }
        _ => {}
    }
    let time = &seen.time;
    let own = if time.local.is_some() { time.local } else { time.instant };
    let mut bytes = [0_u8; 24];
    bytes[..8].copy_from_slice(&own.0.to_le_bytes());
    bytes[8] = meaning.detail as u8;
    bytes[9] = meaning.milestone as u8;
    bytes[10] = meaning.exception as u8;
    bytes[11] = meaning.direction.map_or(u8::MAX, |direction| direction as u8);
    bytes[12] = meaning.reason as u8;
    if time.precision <= Precision::Date {
        // A day is not the midnight it begins with.
        bytes[13] = 1;
        bytes[16..].copy_from_slice(&place.to_le_bytes());
    }
    Fingerprint(xxh3_64_with_seed(&bytes, hash))
}
