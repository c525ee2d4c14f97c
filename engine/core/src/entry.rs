//! One event as a shipment remembers it: 32 bytes as it is looked at, half of that as it is kept.
//!
//! # Place
//!
//! `shard` makes an entry of a new event; `history` keeps it, packed; `fold` reads it.
//!
//! # Method
//!
//! What many events share (feed, raw codes, meaning) is a *sense*, kept once per shard and
//! named by a number; so are texts and places. The entry holds the numbers, the times and the
//! fingerprint.
//!
//! # Holds
//!
//! - Entries of one shipment sort by content alone, never by arrival.
//! - Two entries with the same fingerprint, time and unique id are the same event; one that takes the
//!   other back has its fingerprint too.

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::limits::{FUTURE_TOLERANCE_SECONDS, PLAN_AHEAD_SECONDS_MAX, ROLLOVER_SECONDS};
use crossdock_model::milestone::Milestone;
use crossdock_model::record::Seconds;
use crossdock_model::time::{EventTime, Micros, Precision, ZoneSource};

use crate::senses::SenseId;
use crate::texts::TextId;

/// Times before 2000-01-01T00:00:00Z are nobody's parcel.
const TRUSTED_SECONDS_MIN: i64 = 946_684_800;

const DAY_SECONDS: i64 = 86_400;

/// Offsets are kept in quarters of an hour; this stands for "no instant is known".
const OFFSET_UNKNOWN: i8 = i8::MIN;

/// Where an entry's precision stands.
const PRECISION_BITS: u8 = 0b11;

/// Where an entry says that it is a retraction.
const RETRACTION_BIT: u8 = 0b100;

/// One remembered event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Entry {
    /// Order time: see `docs/decisions/0003-fold.md`.
    pub order: Seconds,
    /// The lower half of the event's fingerprint. With `order` it is compared as 64 bits.
    pub fingerprint: u32,
    /// Feed, raw codes and meaning.
    pub sense: SenseId,
    /// The carrier's words.
    pub text: TextId,
    /// City, region, postal code and country.
    pub place: TextId,
    /// Stream time of its first receipt.
    pub received: Seconds,
    /// Hash of the carrier's own unique id of the parcel; 0 where it gives none.
    pub unique: u16,
    /// Offset of local time, quarters of an hour; `OFFSET_UNKNOWN` where there is no instant.
    pub(crate) offset_quarters: i8,
    /// Precision (two bits), whether it is a retraction (one bit), and zone source (high nibble).
    pub(crate) precision_zone: u8,
    /// Seconds from `order` to the event's own time: not 0 only for dates, plans and untrusted times.
    pub shift: i32,
}

const _: () = assert!(size_of::<Entry>() == 32, "two entries to a cache line");

/// What decides the order of entries, beside their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The milestone the event implies.
    pub milestone: Milestone,
    /// It says why: of two rows of one minute it leads.
    pub has_reason: bool,
    /// What exactly happened.
    pub detail: Detail,
}

impl Entry {
    /// The entry of an event. `sense`, `text` and `place` are the shard's numbers for its strings.
    #[must_use]
    pub fn new(event: &Event, unique: u16, sense: SenseId, text: TextId, place: TextId) -> Self {
        let own = own_seconds(event);
        let (order, _) = order_seconds(event);
        let offset_quarters = event
            .time
            .offset_minutes()
            .and_then(|minutes| i8::try_from(minutes.div_euclid(15)).ok())
            .unwrap_or(OFFSET_UNKNOWN);
        let retraction = if event.flags.has(EventFlags::RETRACTS) { RETRACTION_BIT } else { 0 };
        let zone = (event.time.zone_source as u8) << 4;
        let precision_zone = event.time.precision as u8 | retraction | zone;
        let shift = own.map_or(0, |own| own - i64::from(order.0));
        Self {
            order,
            fingerprint: event.fingerprint.0 as u32,
            sense,
            text,
            place,
            received: Seconds::from_micros(event.received),
            unique,
            offset_quarters,
            precision_zone,
            shift: i32::try_from(shift).unwrap_or(0),
        }
    }

    /// An entry that says nothing: room that no event has taken yet.
    #[must_use]
    pub const fn blank(order: Seconds, sense: SenseId, text: TextId) -> Self {
        Self {
            order,
            fingerprint: 0,
            sense,
            text,
            place: text,
            received: order,
            unique: 0,
            offset_quarters: OFFSET_UNKNOWN,
            precision_zone: 0,
            shift: 0,
        }
    }

    /// Everything of it that is no number of a shard's table.
    #[must_use]
    pub fn contents(&self) -> [u8; 20] {
        let Self {
            order,
            fingerprint,
            sense: _,
            text: _,
            place: _,
            received,
            unique,
            offset_quarters,
            precision_zone,
            shift,
        } = *self;
        let mut bytes = [0; 20];
        bytes[0..4].copy_from_slice(&order.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&fingerprint.to_le_bytes());
        bytes[8..12].copy_from_slice(&received.0.to_le_bytes());
        bytes[12..14].copy_from_slice(&unique.to_le_bytes());
        bytes[14] = offset_quarters.to_le_bytes()[0];
        bytes[15] = precision_zone;
        bytes[16..20].copy_from_slice(&shift.to_le_bytes());
        bytes
    }

    /// The entry of [`Entry::contents`], with the numbers of the shard it belongs to now.
    #[must_use]
    pub fn of_contents(bytes: [u8; 20], sense: SenseId, text: TextId, place: TextId) -> Self {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        Self {
            order: Seconds(u32::from_le_bytes(four(0))),
            fingerprint: u32::from_le_bytes(four(4)),
            sense,
            text,
            place,
            received: Seconds(u32::from_le_bytes(four(8))),
            unique: u16::from_le_bytes([bytes[12], bytes[13]]),
            offset_quarters: i8::from_le_bytes([bytes[14]]),
            precision_zone: bytes[15],
            shift: i32::from_le_bytes(four(16)),
        }
    }

    /// True where the instant is known, not the wall clock alone.
    #[must_use]
    pub const fn has_instant(&self) -> bool {
        self.offset_quarters != OFFSET_UNKNOWN
    }

    /// How fine its own time is.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        match self.precision_zone & PRECISION_BITS {
            1 => Precision::Date,
            2 => Precision::Minute,
            3 => Precision::Second,
            _ => Precision::None,
        }
    }

    /// Where its offset comes from.
    #[must_use]
    pub const fn zone_source(&self) -> ZoneSource {
        zone_source_of(self.precision_zone >> 4)
    }

    /// True where it takes back another event; it is never the same event as that one.
    #[must_use]
    pub const fn is_retraction(&self) -> bool {
        self.precision_zone & RETRACTION_BIT != 0
    }

    /// Local seconds: order time on the wall clock of the place.
    #[must_use]
    pub fn local_seconds(&self) -> i64 {
        let offset = if self.offset_quarters == OFFSET_UNKNOWN { 0 } else { self.offset_quarters };
        i64::from(self.order.0) + i64::from(offset) * 900
    }

    /// The local calendar day, days since 1970.
    #[must_use]
    pub fn local_day(&self) -> i64 {
        self.local_seconds().div_euclid(86_400)
    }

    /// The event's own time, as far as it is known.
    #[must_use]
    pub fn time(&self) -> crossdock_model::time::EventTime {
        let (precision, zone_source) = (self.precision(), self.zone_source());
        let seconds = i64::from(self.order.0) + i64::from(self.shift);
        let (instant, local) = match (precision, self.offset_quarters) {
            (Precision::None, _) => (Micros::NONE, Micros::NONE),
            (_, OFFSET_UNKNOWN) => (Micros::NONE, Micros::from_seconds(seconds)),
            (_, quarters) => (
                Micros::from_seconds(seconds),
                Micros::from_seconds(seconds + i64::from(quarters) * 900),
            ),
        };
        crossdock_model::time::EventTime { instant, local, precision, zone_source }
    }
}

const fn zone_source_of(number: u8) -> ZoneSource {
    match number {
        1 => ZoneSource::FeedDefault,
        2 => ZoneSource::Country,
        3 => ZoneSource::Region,
        4 => ZoneSource::City,
        5 => ZoneSource::PostalCode,
        6 => ZoneSource::Facility,
        7 => ZoneSource::GivenUtc,
        8 => ZoneSource::GivenOffset,
        _ => ZoneSource::Unknown,
    }
}

/// What an event's own time is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It says when it happened; or there is none, and the receipt stands for it.
    Own,
    /// It says when something is to happen. Ahead of the receipt, it is known since then; told again, it is the same
    /// plan, whether its time has come or not.
    Plan,
    /// It can't be believed; see [`EventFlags::UNTRUSTED_TIME`].
    Untrusted,
}

/// Seconds by which an event's date is ahead of its clock: a day where the sender wrote today's date, that of its
/// message, on a minute before midnight, else 0. The day before, that minute lies a little before the receipt.
fn rollover_seconds(event: &Event, own: i64) -> i64 {
    let received = event.received.seconds();
    if own <= received + FUTURE_TOLERANCE_SECONDS {
        return 0;
    }
    let before = received - (own - DAY_SECONDS);
    let has_clock = event.time.instant.is_some() && Precision::Date < event.time.precision;
    if !has_clock || is_plan(event) || !(0..=ROLLOVER_SECONDS).contains(&before) {
        return 0;
    }
    let offset = event.time.local.seconds() - event.time.instant.seconds();
    let day = |seconds: i64| (seconds + offset).div_euclid(DAY_SECONDS);
    if day(own) == day(received) { DAY_SECONDS } else { 0 }
}

/// True for what is to happen: an estimate, an appointment, a pickup that is set.
const fn is_plan(event: &Event) -> bool {
    event.flags.has(EventFlags::ESTIMATE)
        || matches!(
            event.detail,
            Detail::PickupRequested
                | Detail::PickupScheduled
                | Detail::DeliveryScheduled
                | Detail::DeliveryRescheduled
                | Detail::ReturnPickupScheduled
                | Detail::ReturnLabelExpiring
                | Detail::ApptRequested
                | Detail::ApptConfirmed
                | Detail::ApptChanged
        )
}

/// The event's own time in seconds: the instant, or the local time read as UTC.
fn own_seconds(event: &Event) -> Option<i64> {
    let time = if event.time.instant.is_some() { event.time.instant } else { event.time.local };
    time.is_some().then(|| time.seconds() - rollover_seconds(event, time.seconds()))
}

/// The event's time as it is believed: a day earlier where its date is that of the message.
#[must_use]
pub fn believed_time(event: &Event) -> EventTime {
    let EventTime { instant, local, .. } = event.time;
    let ahead = if instant.is_some() { rollover_seconds(event, instant.seconds()) } else { 0 };
    if ahead == 0 {
        return event.time;
    }
    let earlier = |time: Micros| {
        if time.is_some() { Micros(time.0 - ahead * 1_000_000) } else { time }
    };
    EventTime { instant: earlier(instant), local: earlier(local), ..event.time }
}

/// Order time of an event, and what its own time is good for.
#[must_use]
pub fn order_seconds(event: &Event) -> (Seconds, Trust) {
    let received = event.received.seconds();
    let Some(own) = own_seconds(event) else {
        return (Seconds::from_micros(event.received), Trust::Own);
    };
    // A local time without a zone may be up to 14 h ahead of UTC without being wrong.
    let ahead = if event.time.instant.is_some() { 0 } else { 14 * 3600 };
    let is_future = received + FUTURE_TOLERANCE_SECONDS + ahead < own;
    if is_future && is_plan(event) && own < received + PLAN_AHEAD_SECONDS_MAX {
        return (Seconds::from_micros(event.received), Trust::Plan);
    }
    if own < TRUSTED_SECONDS_MIN || is_future {
        // A date alone may be today's, and its day may end after the receipt.
        let is_today = event.time.precision == Precision::Date && own <= received + ahead;
        if !is_today {
            return (Seconds::from_micros(event.received), Trust::Untrusted);
        }
    }
    let late = event.time.precision == Precision::Date
        && Milestone::OutForDelivery.rank() <= event.milestone.rank()
        && event.milestone.rank() <= Milestone::ReturnedToSender.rank();
    let order = if late { own + 86_399 } else { own };
    let trust = if is_plan(event) { Trust::Plan } else { Trust::Own };
    (Seconds::from_micros(Micros::from_seconds(order)), trust)
}

impl Weight {
    /// Sorts events of one instant: by rank, those without a milestone last, then those that give a
    /// reason before those that give none, then by detail.
    #[must_use]
    pub fn key(self) -> u32 {
        let rank = match self.milestone {
            Milestone::Unknown => u8::MAX,
            milestone => milestone.rank(),
        };
        (u32::from(rank) << 16) | (u32::from(!self.has_reason) << 8) | self.detail as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_model::exception::ExceptionClass;
    use crossdock_model::id::{FeedId, Fingerprint};
    use crossdock_model::milestone::Direction;
    use crossdock_model::reason::{Party, Reason};

    const HOUR: i64 = 3600;
    /// Four minutes past midnight, five hours behind UTC.
    const RECEIVED: i64 = 20_000 * DAY_SECONDS + 5 * HOUR + 240;

    /// An event of `detail`, `ahead` seconds ahead of a receipt four minutes past midnight.
    fn event(detail: Detail, ahead: i64, precision: Precision) -> Event {
        let instant = Micros::from_seconds(RECEIVED + ahead);
        let local = Micros::from_seconds(RECEIVED + ahead - 5 * HOUR);
        let zone_source = ZoneSource::GivenOffset;
        Event {
            fingerprint: Fingerprint(1),
            time: EventTime { instant, local, precision, zone_source },
            received: Micros::from_seconds(RECEIVED),
            place: 0,
            feed: FeedId(0),
            flags: EventFlags::default(),
            detail,
            milestone: detail.milestone(),
            exception: ExceptionClass::None,
            reason: Reason::None,
            party: Party::Unknown,
            direction: Direction::Forward,
        }
    }

    #[track_caller]
    fn check(event: &Event, order_ahead: i64, trust: Trust) {
        let (order, found) = order_seconds(event);
        assert_eq!((i64::from(order.0) - RECEIVED, found), (order_ahead, trust));
        let entry = Entry::new(event, 0, SenseId(0), TextId(0), TextId(0));
        assert_eq!(entry.order, order);
        assert_eq!(entry.time().instant, believed_time(event).instant);
    }

    #[test]
    fn a_minute_before_midnight_was_yesterday() {
        let at = |ahead| event(Detail::ArrivedFacility, ahead, Precision::Minute);
        // 23:58 and 22:05 of the day that has just begun.
        check(&at(24 * HOUR - 360), -360, Trust::Own);
        check(&at(22 * HOUR + 60), -(2 * HOUR - 60), Trust::Own);
        // Ten in the evening is too long ago; four past midnight tomorrow is another day.
        check(&at(22 * HOUR - 360), 0, Trust::Untrusted);
        check(&at(24 * HOUR), 0, Trust::Untrusted);
        check(&at(26 * HOUR), 0, Trust::Untrusted);
        check(&at(HOUR), HOUR, Trust::Own);
        let day = event(Detail::ArrivedFacility, 24 * HOUR - 360, Precision::Date);
        check(&day, 0, Trust::Untrusted);
    }

    #[test]
    fn what_is_to_happen_may_lie_ahead() {
        for detail in [Detail::ApptConfirmed, Detail::PickupScheduled, Detail::DeliveryScheduled] {
            check(&event(detail, 72 * HOUR, Precision::Minute), 0, Trust::Plan);
            check(&event(detail, 24 * HOUR - 360, Precision::Minute), 0, Trust::Plan);
            check(&event(detail, -HOUR, Precision::Minute), -HOUR, Trust::Plan);
            check(&event(detail, 400 * DAY_SECONDS, Precision::Minute), 0, Trust::Untrusted);
        }
        let mut estimate = event(Detail::EtaUpdated, 72 * HOUR, Precision::Minute);
        estimate.flags = EventFlags::ESTIMATE;
        check(&estimate, 0, Trust::Plan);
    }
}
