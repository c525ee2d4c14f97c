//! What was read of one event, as the event it is: flags, lane, identity.
//!
//! # Holds
//!
//! - The same report read twice has the same fingerprint, in whatever language and with whatever
//!   place it comes.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::Fingerprint;
use crossdock_model::reason::Reason;
use crossdock_model::time::{EventTime, Micros, Precision};
use crossdock_rules::feed::program::{self, Feed, Meaning};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::extract::evaluate::Evaluator;

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

/// The event but for its times and its fingerprint, of a parcel on its way out unless the code says otherwise.
pub(super) fn template(
    feed: &Feed,
    meaning: &Meaning,
    physical: Option<bool>,
    place: u64,
) -> Event {
    let is_physical = match physical {
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
        (meaning.direction.is_some(), EventFlags::DIRECTION_SAID),
    ] {
        if holds {
            flags = flags.with(flag);
        }
    }
    Event {
        fingerprint: Fingerprint(0),
        time: EventTime::default(),
        received: Micros::NONE,
        place,
        feed: feed.id,
        flags,
        detail: meaning.detail,
        milestone: meaning.milestone,
        exception: meaning.exception,
        reason: meaning.reason,
        party: meaning.party,
        direction: meaning.direction.unwrap_or_else(|| meaning.milestone.direction()),
    }
}

/// What the fingerprints of events that say the same have in common.
///
/// Same feed, primary code, meaning and raw time make the same event. Words and the other code
/// fields are left out, for carriers translate them and some stand outside the event; what they
/// decide is in the meaning. The place is left out as well, since it is filled in later, except
/// where only the day is known and a parcel may pass several places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    feed: u64,
    code: u64,
    said: [u8; 16],
}

impl Identity {
    pub(super) fn new(feed: &Feed, meaning: &Meaning, codes: &[&str], words: &str) -> Self {
        let of_feed = xxh3_64(feed.name.as_bytes());
        let code = match codes.first() {
            Some(code) if !code.is_empty() => xxh3_64_with_seed(code.as_bytes(), of_feed),
            // Nothing is known of it but its words.
            _ if *meaning == Meaning::UNMAPPED => xxh3_64_with_seed(words.as_bytes(), of_feed),
            _ => of_feed,
        };
        let mut said = [0; 16];
        said[8] = meaning.detail as u8;
        said[9] = meaning.milestone as u8;
        said[10] = meaning.exception as u8;
        said[11] = meaning.direction.map_or(u8::MAX, |direction| direction as u8);
        said[12] = meaning.reason as u8;
        Self { feed: of_feed, code, said }
    }

    /// The fingerprint of one of them. `id`: hash of the sender's own id of the event, 0 where there is none.
    pub(super) fn fingerprint(&self, time: &EventTime, place: u64, id: u64) -> Fingerprint {
        if id != 0 {
            // What takes an event back has its id; the shard keeps the two apart.
            return Fingerprint(xxh3_64_with_seed(&id.to_le_bytes(), self.feed));
        }
        let own = if time.local.is_some() { time.local } else { time.instant };
        let mut bytes = [0_u8; 24];
        bytes[..16].copy_from_slice(&self.said);
        bytes[..8].copy_from_slice(&own.0.to_le_bytes());
        if time.precision <= Precision::Date {
            // A day is not the midnight it begins with.
            bytes[13] = 1;
            bytes[16..].copy_from_slice(&place.to_le_bytes());
        }
        Fingerprint(xxh3_64_with_seed(&bytes, self.code))
    }
}
