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

mod pieces;

use crossdock_model::change::{Change, ChangeKind};
use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{ChangeId, FeedId, ShipmentKey};
use crossdock_model::milestone::{Audience, Direction, Milestone};
use crossdock_model::reason::Reason;
use crossdock_model::record::Record;
use xxhash_rust::xxh3::xxh3_128;

pub use self::pieces::Pieces;
use self::pieces::Table;
use crate::json::Object;
use crate::texts::TextId;

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

/// Adds a text of the world as one part of several: a separator within it becomes a space.
pub fn put_part(words: &mut String, text: &str) {
    for (i, piece) in text.split(SEPARATOR).enumerate() {
        words.push_str(if i == 0 { "" } else { " " });
        words.push_str(piece);
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
    /// A hash of both.
    pub owner: u64,
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
    /// The numbers of codes, text and place in the shard, where it keeps all three.
    pub word_ids: Option<[TextId; 3]>,
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

const MARK: u8 = SEPARATOR as u8;

/// The same as a text.
pub const SEPARATOR_TEXT: &str = "\x1f";

/// Writes the subject of a change and behind it its body, one JSON object as `docs/FORMATS.md` defines it; gives where the body begins.
pub fn write(out: &mut Vec<u8>, statement: &Statement<'_>, pieces: &mut Pieces) -> usize {
    let Pieces { owners, meanings, words } = pieces;
    let (subject, owner) = owner(statement, owners);
    write_subject(out, subject, &statement.change);
    let middle = out.len();
    write_body(out, statement, owner, meaning(statement, meanings), words);
    middle
}

fn write_subject(out: &mut Vec<u8>, owner: &[u8], change: &Change) {
    out.extend_from_slice(owner);
    out.extend_from_slice(change.audience.name().as_bytes());
    out.push(b'.');
    out.extend_from_slice(change.kind.name().as_bytes());
}

fn write_body(
    out: &mut Vec<u8>,
    statement: &Statement<'_>,
    owner: &[u8],
    (before_time, behind_time): (&[u8], &[u8]),
    words: &mut Table,
) {
    let change = &statement.change;
    let mut object = Object::begin(out);
    object.hex128("id", change.id.0);
    object.name("kind", change.kind.name());
    if statement.eta.is_some() {
        object.name("by", "carrier");
    }
    object.written(owner);
    object.text("tracking_number", statement.number);
    if !statement.aliases.is_empty() {
        object.list("aliases", statement.aliases.split(SEPARATOR));
    }
    object.number("epoch", u64::from(change.epoch));
    object.number("version", u64::from(change.version));
    object.written(before_time);
    if change.at.instant.is_some() {
        object.instant("at", &change.at);
    } else {
        object.local("local_time", &change.at);
    }
    object.written(behind_time);
    let Sources { feeds, names } = statement.sources;
    if 1 < feeds.len() {
        object.list(
            "sources",
            feeds.iter().filter_map(|feed| names.get(usize::from(feed.0)).map(|name| &**name)),
        );
    }
    match statement.word_ids {
        Some(ids) => object.written(written_words(statement, ids, words)),
        None => write_words(&mut object, statement),
    }
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

/// The subject of an owner's changes up to the audience, and the fields that name him.
fn owner<'p>(statement: &Statement<'_>, table: &'p mut Table) -> (&'p [u8], &'p [u8]) {
    let (tenant, carrier) = (statement.tenant.as_bytes(), statement.carrier.as_bytes());
    // The names stand before the subject: the key is only a hash of them.
    let names_len = tenant.len() + carrier.len() + 2;
    let is_it = |there: &[u8]| {
        let rest = there.strip_prefix(tenant).and_then(|it| it.strip_prefix(&[MARK]));
        let rest = rest.and_then(|it| it.strip_prefix(carrier));
        rest.is_some_and(|it| it.starts_with(&[MARK]))
    };
    let (first, fields) = table.find(u128::from(statement.owner), is_it, |out| {
        for name in [tenant, carrier] {
            out.extend_from_slice(name);
            out.push(MARK);
        }
        out.extend_from_slice(b"ms.");
        write_token(out, statement.tenant);
        out.push(b'.');
        let middle = out.len();
        let mut fields = Object::go_on(out);
        fields.text("tenant", statement.tenant);
        fields.text("carrier", statement.carrier);
        middle
    });
    (&first[names_len..], fields)
}

/// The fields that say what happened: those before the time, and those behind it.
fn meaning<'p>(statement: &Statement<'_>, table: &'p mut Table) -> (&'p [u8], &'p [u8]) {
    let change = &statement.change;
    table.find(
        key_of_meaning(change),
        |_| true,
        |out| {
            let mut fields = Object::go_on(out);
            fields.name("milestone", change.milestone.name());
            fields.name("previous", change.previous.name());
            let middle = out.len();
            let mut fields = Object::go_on(out);
            if let Some(detail) = change.detail {
                fields.name("detail", detail.name());
            }
            if change.exception != ExceptionClass::None {
                fields.name("exception", change.exception.name());
            }
            if change.reason != Reason::None {
                fields.name("reason", change.reason.name());
                fields.name("party", change.party.name());
            }
            if change.direction != Direction::Forward {
                fields.name("direction", change.direction.name());
            }
            fields.number("episode", u64::from(change.episode));
            fields.name("audience", change.audience.name());
            fields.text("feed", statement.feed);
            middle
        },
    )
}

/// All that [`meaning`] writes, as a number; the feed's name by its own.
fn key_of_meaning(change: &Change) -> u128 {
    let detail = change.detail.map_or(u8::MAX, |detail| detail as u8);
    let [episode_low, episode_high] = change.episode.to_le_bytes();
    let [feed_low, feed_high] = change.feed.0.to_le_bytes();
    u128::from_le_bytes([
        change.milestone as u8,
        change.previous as u8,
        detail,
        change.exception as u8,
        change.reason as u8,
        change.party as u8,
        change.direction as u8,
        change.audience as u8,
        episode_low,
        episode_high,
        feed_low,
        feed_high,
        0,
        0,
        0,
        0,
    ])
}

/// The fields of the carrier's words.
fn written_words<'p>(
    statement: &Statement<'_>,
    ids: [TextId; 3],
    table: &'p mut Table,
) -> &'p [u8] {
    let [codes, text, place] = ids.map(|id| u128::from(id.0));
    let key = codes | text << 32 | place << 64;
    let (fields, _) = table.find(
        key,
        |_| true,
        |out| {
            write_words(&mut Object::go_on(out), statement);
            // Never empty, so that the place of a piece is seen to be taken.
            let middle = out.len();
            out.push(b' ');
            middle
        },
    );
    fields
}

fn write_words(fields: &mut Object<'_>, statement: &Statement<'_>) {
    fields.text("code", cut(&mut { statement.codes }));
    fields.text("text", statement.text);
    let mut place = statement.place;
    fields.text("city", cut(&mut place));
    fields.text("region", cut(&mut place));
    fields.text("postal_code", cut(&mut place));
    fields.text("country", cut(&mut place));
}

/// Takes the part up to the next separator.
fn cut<'a>(parts: &mut &'a str) -> &'a str {
    if parts.is_empty() {
        return "";
    }
    let (part, rest) = match memchr::memchr(MARK, parts.as_bytes()) {
        Some(end) => (&parts[..end], &parts[end + 1..]),
        None => (*parts, ""),
    };
    *parts = rest;
    part
}

fn write_estimate(object: &mut Object<'_>, key: &str, time: &crossdock_model::time::EventTime) {
    if time.instant.is_some() {
        object.instant(key, time);
    } else {
        object.local(key, time);
    }
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
