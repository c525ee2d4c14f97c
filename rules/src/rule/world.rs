//! A shipment as rule tests see it: events in, record out.
//!
//! # Place
//!
//! [`World`] is what the test runner needs of a fold. `core` may put its own in; [`SmallWorld`] is enough for
//! rules, and too small for carriers.
//!
//! # Method
//!
//! The record of a [`SmallWorld`] is worked out anew from all events, sorted by time, at every event: a function
//! of the set of events, whatever the order of arrival.

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags, Possession};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::limits::ATTEMPT_WINDOW_SECONDS;
use crossdock_model::milestone::Milestone;
use crossdock_model::record::{Record, Seconds};

use super::run::event_seconds;

/// What the test runner needs of a fold.
pub trait World {
    /// Takes one event. False where it was known already: the rules are not asked then.
    fn apply(&mut self, event: &Event) -> bool;
    /// The record before the last event that was news.
    fn before(&self) -> &Record;
    /// The record as it stands.
    fn after(&self) -> &Record;
    /// The kept events.
    fn history(&self) -> &[Event];
}

/// The small fold.
#[derive(Clone, Debug, Default)]
pub struct SmallWorld {
    before: Record,
    after: Record,
    history: Vec<Event>,
}

impl World for SmallWorld {
    fn apply(&mut self, event: &Event) -> bool {
        if self.history.iter().any(|known| known.fingerprint == event.fingerprint) {
            return false;
        }
        self.history.push(*event);
        self.before = self.after;
        self.after = fold(&self.history);
        true
    }

    fn before(&self) -> &Record {
        &self.before
    }

    fn after(&self) -> &Record {
        &self.after
    }

    fn history(&self) -> &[Event] {
        &self.history
    }
}

/// The record of a set of events.
fn fold(history: &[Event]) -> Record {
    let mut events: Vec<&Event> = history
        .iter()
        .filter(|event| !event.flags.has(EventFlags::RETRACTS) && !is_taken_back(event, history))
        .collect();
    events.sort_by_key(|event| {
        (event_seconds(event, Seconds::from_micros(event.received)), event.fingerprint.0)
    });
    let mut record = Record { epoch: 1, ..Record::default() };
    for event in events {
        step(&mut record, event);
    }
    record
}

fn is_taken_back(event: &Event, history: &[Event]) -> bool {
    history.iter().any(|other| {
        other.flags.has(EventFlags::RETRACTS)
            && other.detail == event.detail
            && other.time.instant == event.time.instant
    })
}

fn step(record: &mut Record, event: &Event) {
    let at = event_seconds(event, Seconds::from_micros(event.received));
    record.event_count = record.event_count.saturating_add(1);
    if !record.first_at.is_some() {
        record.first_at = at;
    }
    record.last_at = record.last_at.max(at);
    record.detail = Some(event.detail);
    if event.is_physical() {
        record.physical_at = record.physical_at.max(at);
        if !record.possession_at.is_some() {
            record.possession_at = at;
        }
        // Somebody had it in hand: what held it up is over, what is broken stays so.
        if event.exception == ExceptionClass::None {
            record.open.0 &= ExceptionClass::Damaged.bit() | ExceptionClass::CustomsHold.bit();
        }
    }
    step_exception(record, event);
    if event.detail == Detail::DeliveryCorrected {
        record.corrections = record.corrections.saturating_add(1);
        record.delivered_at = Seconds::NEVER;
        record.milestone = Milestone::InTransit;
        record.milestone_at = at;
    }
    if event.milestone == Milestone::Unknown || event.flags.has(EventFlags::ESTIMATE) {
        return;
    }
    step_milestone(record, event, at);
}

fn step_exception(record: &mut Record, event: &Event) {
    if event.exception != ExceptionClass::None {
        record.open.insert(event.exception);
        record.reason = event.reason;
        record.exception_count = record.exception_count.saturating_add(1);
    }
    if event.detail == Detail::CustomsReleased {
        record.open.remove(ExceptionClass::CustomsHold);
    }
    if event.flags.has(EventFlags::RESOLVES) || event.detail == Detail::ExceptionResolved {
        record.open.0 = 0;
    }
    record.has_proof |= matches!(event.detail, Detail::PodAvailable | Detail::PodPhoto);
}

fn step_milestone(record: &mut Record, event: &Event, at: Seconds) {
    let new = event.milestone;
    let ended = record.milestone.is_terminal() && new.direction() == record.milestone.direction();
    let attempt = new == Milestone::DeliveryAttempted;
    if attempt {
        let again = record.attempted_at.is_some()
            && at.0 < record.attempted_at.0.saturating_add(ATTEMPT_WINDOW_SECONDS);
        record.attempts = record.attempts.saturating_add(u8::from(!again));
        record.attempted_at = at;
    }
    record.seen.insert(new);
    if ended && !new.ends_any_lane() {
        return;
    }
    if new != record.milestone {
        record.previous = record.milestone;
        record.milestone = new;
        record.milestone_at = at;
        record.step_count = record.step_count.saturating_add(1);
    }
    record.direction = new.direction();
    record.possession = Possession::after(new);
    if new == Milestone::Delivered && !record.delivered_at.is_some() {
        record.delivered_at = at;
    }
}
