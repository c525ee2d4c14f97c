//! Whether two entries report one thing: the second step of dedup.
//!
//! # Place
//!
//! `history` holds what is exactly known; `reading` asks here which of its entries are *witnesses* of one
//! fact: the same from another source, or the same with a refined time.
//!
//! # Method
//!
//! Two witnesses agree on the class of the fact (milestone or exception, lane) and on its time, as far as
//! each knows it: two instants by a tolerance, two wall clocks likewise, a day with whatever lies in
//! it, a wall clock of unknown zone with an instant that an existing offset could make of it. How
//! sure that is gives a [`Match`], the smaller the better.
//!
//! # Holds
//!
//! - Two reports of one feed are two things (two parcels in one second, two attempts on one day), unless
//!   they differ in the precision of the time alone.
//! - The answer depends on the two entries and their senses, not on which came first.
//!
//! # Does not hold
//!
//! The place has no say: a parcel is at one place at a time, and carriers fill places in later, so
//! that the answer would depend on which copy of an event came first.

use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::limits::{
    SAME_DELIVERY_SECONDS, SAME_END_SECONDS, SAME_MINUTE_SECONDS, SAME_SCAN_SECONDS,
};
use crossdock_model::milestone::Milestone;
use crossdock_model::time::{Precision, ZoneSource};

use crate::entry::Entry;
use crate::senses::Sense;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Offsets of local time that exist: UTC-12 to UTC+14, seconds.
const OFFSETS: core::ops::RangeInclusive<i64> = -12 * HOUR..=14 * HOUR;

/// Offsets are multiples of a quarter of an hour.
const OFFSET_STEP: i64 = HOUR / 4;

/// How well two entries agree: kind of agreement, then seconds between them. Less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    kind: u8,
    distance: u32,
}

impl Match {
    fn new(kind: u8, distance: i64) -> Self {
        let distance = distance.unsigned_abs().min(u64::from(u32::MAX)) as u32;
        Self { kind, distance }
    }
}

/// One side of the question.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// What it shares with others.
    pub sense: &'a Sense,
}

/// True where an entry says something that another one could say too.
#[must_use]
pub fn says_something(witness: &Witness<'_>) -> bool {
    let Sense { flags, milestone, exception, .. } = *witness.sense;
    let is_weak = flags.has_any(EventFlags::NO_SAY);
    let has_say = milestone != Milestone::Unknown
        || exception != ExceptionClass::None
        || flags.has(EventFlags::RESOLVES);
    has_say && !is_weak
}

/// How well two entries of one parcel agree; `None` where they are two things.
#[must_use]
pub fn agree(a: &Witness<'_>, b: &Witness<'_>) -> Option<Match> {
    let is_one_feed = a.sense.feed == b.sense.feed;
    if is_one_feed && a.entry.fingerprint == b.entry.fingerprint {
        // One report whose instant became known later, or whose sender corrected its time.
        return Some(Match::new(0, 0));
    }
    if !is_one_feed && is_part_of(a.sense, b.sense) {
        let found = is_one_time(a, b)?;
        return Some(Match { kind: PART + found.kind, ..found });
    }
    if !is_one_class(a.sense, b.sense) {
        return None;
    }
    if is_one_feed { refines(a, b) } else { is_one_time(a, b) }
}

/// Kinds from here on are weaker than all others.
const PART: u8 = 8;

/// True where one says "delivered" and the other one knows that it was only a part.
fn is_part_of(a: &Sense, b: &Sense) -> bool {
    use Milestone::{Delivered, PartiallyDelivered};
    let is_estimate = |it: &Sense| it.flags.has(EventFlags::ESTIMATE);
    a.direction == b.direction
        && !is_estimate(a)
        && !is_estimate(b)
        && matches!(
            (a.milestone, b.milestone),
            (Delivered, PartiallyDelivered) | (PartiallyDelivered, Delivered)
        )
}

/// True where both say the same thing, as far as they say it.
fn is_one_class(a: &Sense, b: &Sense) -> bool {
    let is_estimate = |it: &Sense| it.flags.has(EventFlags::ESTIMATE);
    if a.milestone != b.milestone || a.direction != b.direction || is_estimate(a) != is_estimate(b)
    {
        return false;
    }
    let is_one_exception = a.exception == b.exception;
    match a.milestone {
        Milestone::Unknown => {
            is_one_exception
                && a.flags.has(EventFlags::RESOLVES) == b.flags.has(EventFlags::RESOLVES)
        }
        // Arrived, processed, departed: three things within minutes. A coarse source says less.
        Milestone::InTransit => {
            is_one_exception && (a.detail == b.detail || is_generic(a) || is_generic(b))
        }
        _ => {
            is_one_exception
                || a.exception == ExceptionClass::None
                || b.exception == ExceptionClass::None
        }
    }
}

const fn is_generic(sense: &Sense) -> bool {
    matches!(sense.detail, crossdock_model::detail::Detail::InTransitGeneric)
}

/// One feed, the same codes, and one time is the other one, finer.
fn refines(a: &Witness<'_>, b: &Witness<'_>) -> Option<Match> {
    let (a, b) = if a.entry.precision() < b.entry.precision() { (a, b) } else { (b, a) };
    if a.sense.codes != b.sense.codes || a.entry.precision() == b.entry.precision() {
        return None;
    }
    let (coarse, fine) = (wall_seconds(a.entry), wall_seconds(b.entry));
    let unit = match a.entry.precision() {
        Precision::None => return None,
        Precision::Date => DAY,
        Precision::Minute | Precision::Second => 60,
    };
    (coarse.div_euclid(unit) == fine.div_euclid(unit)).then(|| Match::new(1, 0))
}

/// Two feeds report one moment.
fn is_one_time(a: &Witness<'_>, b: &Witness<'_>) -> Option<Match> {
    // What was delivered in part can go on within hours.
    let milestone = core::cmp::min_by_key(a.sense.milestone, b.sense.milestone, |it| it.rank());
    let (a, b) = (a.entry, b.entry);
    match (a.precision(), b.precision()) {
        (Precision::None, _) | (_, Precision::None) => None,
        (Precision::Date, _) => is_on_day(a, b).then(|| Match::new(3, 0)),
        (_, Precision::Date) => is_on_day(b, a).then(|| Match::new(3, 0)),
        _ => is_one_moment(a, b, tolerance(milestone)),
    }
}

/// Seconds that two sources' times of one fact may lie apart.
const fn tolerance(milestone: Milestone) -> i64 {
    match milestone.rank() {
        0..=38 => SAME_SCAN_SECONDS,
        39..=49 => SAME_DELIVERY_SECONDS,
        _ => SAME_END_SECONDS,
    }
}

fn is_one_moment(a: &Entry, b: &Entry, tolerance: i64) -> Option<Match> {
    let wall = wall_seconds(a) - wall_seconds(b);
    match (instant_seconds(a), instant_seconds(b)) {
        (Some(x), Some(y)) if (x - y).abs() <= tolerance => Some(Match::new(1, x - y)),
        // One of them wrote the wall clock with a `Z` behind it.
        (Some(_), Some(_)) if is_utc(a) != is_utc(b) && wall.abs() <= SAME_MINUTE_SECONDS => {
            Some(Match::new(4, wall))
        }
        (Some(_), Some(_)) => None,
        (None, None) => (wall.abs() <= tolerance).then(|| Match::new(1, wall)),
        _ if wall.abs() <= tolerance => Some(Match::new(2, wall)),
        (None, Some(instant)) => by_offset(b, wall_seconds(a) - instant),
        (Some(instant), None) => by_offset(a, wall_seconds(b) - instant),
    }
}

/// A wall clock of unknown zone against an instant in UTC: `ahead` may be an offset that exists.
fn by_offset(known: &Entry, ahead: i64) -> Option<Match> {
    let rest = (ahead + OFFSET_STEP / 2).rem_euclid(OFFSET_STEP) - OFFSET_STEP / 2;
    let fits = OFFSETS.contains(&ahead) && rest.abs() <= SAME_MINUTE_SECONDS;
    (is_utc(known) && fits).then(|| Match::new(5, ahead))
}

/// True where `other` lies on the day of `date`. A time in UTC may lie on it anywhere on earth.
fn is_on_day(date: &Entry, other: &Entry) -> bool {
    let day = wall_seconds(date).div_euclid(DAY);
    let then = wall_seconds(other);
    if !is_utc(other) || other.precision() == Precision::Date {
        return then.div_euclid(DAY) == day;
    }
    (day * DAY - OFFSETS.end()..(day + 1) * DAY - OFFSETS.start()).contains(&then)
}

/// Its own time on the wall clock; the instant where that is all there is.
fn wall_seconds(entry: &Entry) -> i64 {
    entry.local_seconds() + i64::from(entry.shift)
}

fn instant_seconds(entry: &Entry) -> Option<i64> {
    entry.has_instant().then(|| i64::from(entry.order.0) + i64::from(entry.shift))
}

fn is_utc(entry: &Entry) -> bool {
    entry.zone_source() == ZoneSource::GivenUtc
}

/// Who of the witnesses of one fact leads: the finest time, then the best zone. Less is better.
#[must_use]
pub fn standing(entry: &Entry) -> (u8, u8) {
    let precision = Precision::Second as u8 - entry.precision() as u8;
    let zone = match entry.zone_source() {
        ZoneSource::GivenOffset => 0,
        ZoneSource::Facility | ZoneSource::PostalCode | ZoneSource::City | ZoneSource::Region => 1,
        ZoneSource::GivenUtc => 2,
        ZoneSource::Country | ZoneSource::FeedDefault => 3,
        ZoneSource::Unknown => 4,
    };
    // A minute whose zone is not known may be further off than any instant.
    let is_vague = entry.precision() <= Precision::Date || !entry.has_instant();
    (u8::from(is_vague), precision * 8 + zone)
}
