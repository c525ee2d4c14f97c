//! What was promised of a shipment: the carrier's first estimate, and the appointment.
//!
//! # Place
//!
//! `shard/rules` notes them as they come; rules read them as `shipment.promise_at` and
//! `shipment.appointment_at`.
//!
//! # Method
//!
//! The promise is the first estimate of the epoch, as for the arrival estimates (`forecast/flight`). An appointment
//! is the time of an event that sets or moves one, where it lies ahead of the receipt: X12 214 writes it there.
//!
//! # Holds
//!
//! - Both are last moments: a date stands for its end.
//! - Of appointments the one that was told last counts.
//!
//! # Does not hold
//!
//! What the merchant promised: no document says it.

use crossdock_model::detail::Detail;
use crossdock_model::record::Seconds;
use crossdock_model::time::EventTime;

use super::{Ship, last_moment};
use crate::entry::Entry;

impl Ship {
    /// The carrier's estimate as it stands: a promise where there was none. One that lies before the epoch's first
    /// event is of an earlier use of the number.
    pub fn note_estimate(&mut self, eta: &EventTime, first_at: Seconds) {
        if !self.promise_at.is_some() {
            let at = last_moment(eta);
            self.promise_at = if first_at <= at { at } else { Seconds::NEVER };
        }
    }

    /// An event that may set or move the appointment.
    pub fn note_appointment(&mut self, entry: &Entry, detail: Detail) {
        let is_move = match detail {
            Detail::ApptConfirmed => false,
            Detail::ApptChanged => true,
            _ => return,
        };
        let at = last_moment(&entry.time());
        if entry.is_retraction() {
            self.appointment_at = Seconds::NEVER;
        } else if entry.received < at {
            self.appointment_at = at;
        } else if is_move {
            // Nobody says to when.
            self.appointment_at = Seconds::NEVER;
        }
    }

    /// Another use of the number begins.
    pub fn forget_promises(&mut self) {
        (self.promise_at, self.appointment_at) = (Seconds::NEVER, Seconds::NEVER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senses::SenseId;
    use crate::texts::TextId;
    use crossdock_model::event::{Event, EventFlags};
    use crossdock_model::exception::ExceptionClass;
    use crossdock_model::id::{FeedId, Fingerprint};
    use crossdock_model::milestone::{Direction, Milestone};
    use crossdock_model::reason::{Party, Reason};
    use crossdock_model::time::{Micros, Precision, ZoneSource};

    const DAY: i64 = 86_400;
    /// A midnight.
    const NOW: i64 = 20_000 * DAY;

    fn time(seconds: i64, precision: Precision) -> EventTime {
        let at = Micros::from_seconds(NOW + seconds);
        EventTime { instant: at, local: at, precision, zone_source: ZoneSource::GivenUtc }
    }

    fn after_now(at: Seconds) -> i64 {
        if at.is_some() { i64::from(at.0) - NOW } else { -1 }
    }

    #[test]
    fn the_first_estimate_of_an_epoch_is_the_promise() {
        let first_at = Seconds::from_micros(Micros::from_seconds(NOW));
        let mut ship = Ship::default();
        let mut check = |eta: EventTime, wanted| {
            ship.note_estimate(&eta, first_at);
            assert_eq!(after_now(ship.promise_at), wanted);
        };
        check(EventTime::default(), -1);
        check(time(-3 * DAY, Precision::Second), -1);
        check(time(2 * DAY, Precision::Date), 3 * DAY - 1);
        check(time(5 * DAY, Precision::Minute), 3 * DAY - 1);
        ship.forget_promises();
        ship.note_estimate(&time(5 * DAY, Precision::Minute), first_at);
        assert_eq!(after_now(ship.promise_at), 5 * DAY);
    }

    #[test]
    fn an_appointment_lies_ahead_and_the_last_word_counts() {
        let mut ship = Ship::default();
        let mut check = |detail, seconds, flags, wanted| {
            let event = Event {
                fingerprint: Fingerprint(1),
                time: time(seconds, Precision::Minute),
                received: Micros::from_seconds(NOW),
                place: 0,
                feed: FeedId(0),
                flags,
                detail,
                milestone: Milestone::Unknown,
                exception: ExceptionClass::None,
                reason: Reason::None,
                party: Party::Unknown,
                direction: Direction::Forward,
            };
            let entry = Entry::new(&event, 0, SenseId::default(), TextId::NONE, TextId::NONE);
            ship.note_appointment(&entry, detail);
            assert_eq!(after_now(ship.appointment_at), wanted, "{detail:?} {seconds}");
        };
        let plain = EventFlags::default();
        check(Detail::ApptRequested, 3 * DAY, plain, -1);
        // Beyond what is believed of other events, and within it.
        check(Detail::ApptConfirmed, 3 * DAY, plain, 3 * DAY);
        check(Detail::ApptConfirmed, -60, plain, 3 * DAY);
        check(Detail::ApptChanged, 3600, plain, 3600);
        check(Detail::ApptChanged, 0, plain, -1);
        check(Detail::ApptConfirmed, DAY, plain, DAY);
        check(Detail::ApptConfirmed, DAY, EventFlags::RETRACTS, -1);
    }
}
