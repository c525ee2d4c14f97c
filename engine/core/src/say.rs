//! What is said: the difference between a record before and after an event, as changes.
//!
//! # Place
//!
//! `fold` (record before, record after) -> **`say`** -> `output`.
//!
//! # Method
//!
//! A correction first, then the milestone, then exceptions opened, then resolved; one version
//! each. The rules stand in `docs/decisions/0003-fold.md`.
//!
//! # Holds
//!
//! - The id of a change is a pure function of (shipment, epoch, kind, subject, episode).
//! - An event that changes nothing says nothing.

use crossdock_model::change::{Change, ChangeKind};
use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{ChangeId, FeedId, ShipmentKey};
use crossdock_model::milestone::{Audience, Direction, Milestone};
use crossdock_model::reason::Reason;
use crossdock_model::record::Record;
use xxhash_rust::xxh3::xxh3_128;

/// What one event changed.
#[derive(Clone, Copy, Debug)]
pub struct Difference<'a> {
    /// The record before, of the same epoch or an earlier one.
    pub before: &'a Record,
    /// The record after.
    pub after: &'a Record,
    /// The event sorts last in its epoch.
    pub is_last: bool,
    /// The event takes another one back.
    pub retracts: bool,
}

/// A change without what every change of the same event shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What kind.
    pub kind: ChangeKind,
    /// Where the shipment is now.
    pub milestone: Milestone,
    /// Where it was.
    pub previous: Milestone,
    /// The exception opened or resolved.
    pub exception: ExceptionClass,
    /// Who should hear of it.
    pub audience: Audience,
}

/// What to say of a difference, in order.
pub fn differences(difference: &Difference<'_>, mut say: impl FnMut(Said)) {
    let after = difference.after;
    // A new epoch starts from nothing. Where a late event shows that there was an earlier one, the
    // present epoch gets another number and is still the same: nothing of it is said again.
    let blank = Record::default();
    let is_new_epoch = difference.is_last && difference.before.epoch != after.epoch;
    let before = if is_new_epoch { &blank } else { difference.before };
    let stepped = before.step_count < after.step_count;
    let moved = before.milestone != after.milestone;
    let was_wrong = before.milestone.is_terminal() || difference.retracts;
    let belief_changed = moved && !difference.is_last && was_wrong;
    // Back to where it was before what was taken back: the correction says that.
    let is_back = difference.retracts && before.seen.contains(after.milestone);
    // A late event may show that something was taken back that nobody had been told.
    let is_corrected = before.corrections < after.corrections && (difference.is_last || moved);
    if is_corrected || belief_changed {
        say(Said {
            kind: ChangeKind::Correction,
            milestone: after.milestone,
            previous: before.milestone,
            exception: ExceptionClass::None,
            audience: before.milestone.audience(),
        });
    }
    if after.milestone != Milestone::Unknown
        && !is_back
        && (moved || (stepped && difference.is_last))
    {
        say(Said {
            kind: ChangeKind::Milestone,
            milestone: after.milestone,
            previous: before.milestone,
            exception: ExceptionClass::None,
            audience: after.milestone.audience(),
        });
    }
    let closed = crossdock_model::exception::ExceptionSet(before.open.0 & !after.open.0);
    let opened = crossdock_model::exception::ExceptionSet(after.open.0 & !before.open.0);
    for (kind, classes) in
        [(ChangeKind::ExceptionOpened, opened), (ChangeKind::ExceptionResolved, closed)]
    {
        for exception in classes.iter() {
            let audience = exception_audience(exception, after);
            let (milestone, previous) = (after.milestone, before.milestone);
            say(Said { kind, milestone, previous, exception, audience });
        }
    }
}

/// Who should hear of an exception: customers only what they can act on.
#[must_use]
pub const fn exception_audience(class: ExceptionClass, record: &Record) -> Audience {
    match class {
        ExceptionClass::Damaged | ExceptionClass::LostSuspected => Audience::Claims,
        ExceptionClass::AddressIssue
        | ExceptionClass::PaymentDue
        | ExceptionClass::Unclaimed
        | ExceptionClass::IdentityFailed
        | ExceptionClass::DeliveryFailed => Audience::Customer,
        ExceptionClass::Refused => Audience::Returns,
        ExceptionClass::CustomsHold => Audience::Support,
        _ if matches!(record.direction, Direction::Return) => Audience::Returns,
        _ => Audience::Operations,
    }
}

/// The id of a change.
///
/// `epoch` is the epoch's number, or the hash of the carrier's own unique id where several
/// parcels share the number: neither depends on the order of arrival.
#[must_use]
pub fn change_id(key: ShipmentKey, epoch: u32, said: &Said, episode: u16) -> ChangeId {
    let mut bytes = [0_u8; 28];
    bytes[0..16].copy_from_slice(&key.0.to_le_bytes());
    bytes[16..20].copy_from_slice(&epoch.to_le_bytes());
    bytes[20] = said.kind as u8;
    bytes[21] = subject_of(said);
    bytes[22..24].copy_from_slice(&episode.to_le_bytes());
    ChangeId(xxh3_128(&bytes))
}

/// What the change is about: a milestone or a class, as a number.
const fn subject_of(said: &Said) -> u8 {
    match said.kind {
        ChangeKind::ExceptionOpened | ChangeKind::ExceptionResolved => said.exception as u8,
        ChangeKind::Correction => said.previous as u8,
        ChangeKind::Milestone | ChangeKind::EtaChanged | ChangeKind::Order => said.milestone as u8,
    }
}

/// The detail and reason that go with a change: those of its cause, where the cause is about it.
#[must_use]
pub const fn words_of(said: &Said, detail: Detail, reason: Reason) -> (Option<Detail>, Reason) {
    match said.kind {
        ChangeKind::Milestone | ChangeKind::ExceptionOpened => (Some(detail), reason),
        ChangeKind::Correction if matches!(said.previous, Milestone::Delivered) => {
            (Some(Detail::DeliveryCorrected), Reason::None)
        }
        ChangeKind::Correction
        | ChangeKind::ExceptionResolved
        | ChangeKind::EtaChanged
        | ChangeKind::Order => (Some(detail), Reason::None),
    }
}

/// Everything a change says, for the writer.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The change itself.
    pub change: Change,
    /// Whose data.
    pub tenant: &'a str,
    /// Who carries it.
    pub carrier: &'a str,
    /// The number.
    pub number: &'a str,
    /// Other numbers of the parcel, joined by the separator.
    pub aliases: &'a str,
    /// The order, if any.
    pub order: &'a str,
    /// The name of the feed.
    pub feed: &'a str,
    /// Raw codes.
    pub codes: &'a str,
    /// The carrier's words.
    pub text: &'a str,
    /// Where: see [`crate::batch::Words::place`].
    pub place: &'a str,
    /// Stream time of the message.
    pub received: crossdock_model::time::Micros,
    /// Fingerprint of the event.
    pub cause: u64,
    /// Every feed that reports what happened.
    pub sources: Sources<'a>,
    /// Of `eta_changed`: the estimate before and now.
    pub eta: Option<(crossdock_model::time::EventTime, crossdock_model::time::EventTime)>,
}

/// The feeds that report one thing.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Which, in the order of their events.
    pub feeds: &'a [FeedId],
    /// Their names.
    pub names: &'a [Box<str>],
}

/// Separates the parts of a place and of a name.
pub const SEPARATOR: char = '\x1f';

/// The same as a text.
pub const SEPARATOR_TEXT: &str = "\x1f";

/// Writes the body of a change: one JSON object as `docs/FORMATS.md` defines it.
pub fn write_body(out: &mut Vec<u8>, statement: &Statement<'_>) {
    let change = &statement.change;
    let mut object = crate::json::Object::begin(out);
    object.hex128("id", change.id.0);
    object.name("kind", change.kind.name());
    if statement.eta.is_some() {
        object.name("by", "carrier");
    }
    object.text("tenant", statement.tenant);
    object.text("carrier", statement.carrier);
    object.text("tracking_number", statement.number);
    if !statement.aliases.is_empty() {
        object.list("aliases", statement.aliases.split(SEPARATOR));
    }
    object.number("epoch", u64::from(change.epoch));
    object.number("version", u64::from(change.version));
    object.name("milestone", change.milestone.name());
    object.name("previous", change.previous.name());
    if change.at.instant.is_some() {
        object.instant("at", &change.at);
    } else {
        object.local("local_time", &change.at);
    }
    if let Some(detail) = change.detail {
        object.name("detail", detail.name());
    }
    if change.exception != ExceptionClass::None {
        object.name("exception", change.exception.name());
    }
    if change.reason != Reason::None {
        object.name("reason", change.reason.name());
        object.name("party", change.party.name());
    }
    if change.direction != Direction::Forward {
        object.name("direction", change.direction.name());
    }
    object.number("episode", u64::from(change.episode));
    object.name("audience", change.audience.name());
    object.text("feed", statement.feed);
    let Sources { feeds, names } = statement.sources;
    if 1 < feeds.len() {
        object.list(
            "sources",
            feeds.iter().filter_map(|feed| names.get(usize::from(feed.0)).map(|name| &**name)),
        );
    }
    object.text("code", cut(&mut { statement.codes }));
    object.text("text", statement.text);
    let mut place = statement.place;
    object.text("city", cut(&mut place));
    object.text("region", cut(&mut place));
    object.text("postal_code", cut(&mut place));
    object.text("country", cut(&mut place));
    object.text("order", statement.order);
    if let Some((from, to)) = &statement.eta {
        write_estimate(&mut object, "from", from);
        write_estimate(&mut object, "to", to);
    }
    object.utc("received", statement.received);
    object.hex64("cause", statement.cause);
    object.object("position", |position| {
        position.number("seq", change.position.seq);
        position.number("index", u64::from(change.position.index));
    });
    object.end();
}

/// Takes the part up to the next separator.
fn cut<'a>(parts: &mut &'a str) -> &'a str {
    if parts.is_empty() {
        return "";
    }
    let (part, rest) = match memchr::memchr(SEPARATOR as u8, parts.as_bytes()) {
        Some(end) => (&parts[..end], &parts[end + 1..]),
        None => (*parts, ""),
    };
    *parts = rest;
    part
}

fn write_estimate(
    object: &mut crate::json::Object<'_>,
    key: &str,
    time: &crossdock_model::time::EventTime,
) {
    if time.instant.is_some() {
        object.instant(key, time);
    } else {
        object.local(key, time);
    }
}

/// Writes the subject of a change.
pub fn write_subject(out: &mut Vec<u8>, statement: &Statement<'_>) {
    out.extend_from_slice(b"ms.");
    write_token(out, statement.tenant);
    out.push(b'.');
    out.extend_from_slice(statement.change.audience.name().as_bytes());
    out.push(b'.');
    out.extend_from_slice(statement.change.kind.name().as_bytes());
}

/// A name as a token of a subject: what may not stand there becomes `_`.
pub fn write_token(out: &mut Vec<u8>, name: &str) {
    if name.is_empty() {
        out.push(b'_');
    }
    for byte in name.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        out.push(if is_plain { byte } else { b'_' });
    }
}
