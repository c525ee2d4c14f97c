//! `record = fold(sort(set of events))`, as the decision says it, sentence by sentence.
//!
//! # Holds
//!
//! - Sets are sets and counts are maps: nothing is packed, nothing is remembered between folds.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Direction, Milestone};

use crate::step::Meaning;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Where an event sorts: order time, then rank (none last), then the detail's number. Reasons
/// and fingerprints are never needed: no two events of a story share a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    pub(crate) seconds: i64,
    pub(crate) rank: u8,
    pub(crate) detail: u8,
    pub(crate) index: usize,
}

/// What the fold wants to know of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact {
    /// Order time.
    pub(crate) seconds: i64,
    /// Calendar day on the wall where it happened, since 1970.
    pub(crate) local_day: i64,
    pub(crate) meaning: Meaning,
    pub(crate) is_unmapped: bool,
    pub(crate) is_untrusted: bool,
}

/// A moment that the rules look back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moment {
    seconds: i64,
    local_day: i64,
}

/// What is true of a shipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) epoch: u32,
    pub(crate) milestone: Milestone,
    pub(crate) lane: Direction,
    pub(crate) open: BTreeSet<ExceptionClass>,
    pub(crate) corrections: u32,
    pub(crate) step_count: u32,
    pub(crate) steps_into: BTreeMap<Milestone, u32>,
    pub(crate) openings_of: BTreeMap<ExceptionClass, u32>,
    border_seconds: i64,
    milestone_since: Moment,
    last_attempt_began: Option<i64>,
}

/// Folds sorted facts from nothing.
pub(crate) fn fold<K>(facts: &[(K, Fact)]) -> State {
    let mut state = State::default();
    for (_, fact) in facts {
        step(&mut state, fact);
    }
    state
}

fn step(state: &mut State, fact: &Fact) {
    if begins_epoch(state, fact) {
        *state = State { epoch: state.epoch + 1, ..State::default() };
    }
    // Rule 2: they count, and do nothing else.
    if fact.is_unmapped || fact.is_untrusted {
        return;
    }
    if borders(fact) {
        state.border_seconds = fact.seconds;
    }
    // Rule 3.
    if fact.meaning.milestone == Milestone::Cancelled && was_with_carrier(state) {
        open(state, ExceptionClass::TrackingConflict);
        return;
    }
    exceptions(state, &fact.meaning);
    if fact.meaning.estimate {
        return;
    }
    let target = on_lane(state, &fact.meaning);
    move_to(state, fact, target);
    if state.milestone.is_terminal() {
        for class in [
            ExceptionClass::Refused,
            ExceptionClass::Unclaimed,
            ExceptionClass::IdentityFailed,
            ExceptionClass::Prohibited,
        ] {
            state.open.remove(&class);
        }
    }
}

/// Rule 1.
fn begins_epoch(state: &State, fact: &Fact) -> bool {
    if state.epoch == 0 {
        return true;
    }
    if state.border_seconds == 0 || !borders(fact) {
        return false;
    }
    let silence = fact.seconds - state.border_seconds;
    let is_beginning = (10..=20).contains(&fact.meaning.milestone.rank());
    let has_arrived = matches!(state.milestone, Milestone::Delivered | Milestone::ReturnedToSender);
    let is_label = fact.meaning.milestone == Milestone::Manifested
        && fact.meaning.direction.is_none_or(|direction| direction == Direction::Forward);
    120 * DAY <= silence
        || (30 * DAY <= silence && is_beginning && state.milestone.is_terminal())
        || (12 * HOUR <= silence && is_label && has_arrived)
}

/// Only what carries a milestone begins an epoch or ends one.
fn borders(fact: &Fact) -> bool {
    let carries = fact.meaning.milestone != Milestone::Unknown && !fact.meaning.estimate;
    carries && !fact.is_unmapped && !fact.is_untrusted
}

fn was_with_carrier(state: &State) -> bool {
    state.steps_into.keys().any(|milestone| {
        (Milestone::CarrierPossession..=Milestone::DeliveryAttempted).contains(milestone)
    })
}

fn open(state: &mut State, class: ExceptionClass) {
    if state.open.insert(class) {
        *state.openings_of.entry(class).or_insert(0) += 1;
    }
}

/// Rule 4.
fn exceptions(state: &mut State, meaning: &Meaning) {
    use ExceptionClass as E;
    if meaning.exception != E::None {
        open(state, meaning.exception);
        return;
    }
    let is_scan = meaning.physical && 20 <= meaning.milestone.rank();
    let is_behind_customs =
        is_scan && (meaning.detail == Detail::CustomsReleased || 38 <= meaning.milestone.rank());
    state.open.retain(|class| match class {
        E::Delayed
        | E::AddressIssue
        | E::LostSuspected
        | E::Held
        | E::Misrouted
        | E::Capacity
        | E::Security
        | E::Stalled
        | E::NoPossession
        | E::EtaBreach
        | E::DeliveryFailed => !meaning.resolves && !is_scan,
        E::CustomsHold | E::PaymentDue => !meaning.resolves && !is_behind_customs,
        E::None
        | E::Refused
        | E::Unclaimed
        | E::IdentityFailed
        | E::Prohibited
        | E::Damaged
        | E::DuplicateDelivery
        | E::TrackingConflict => !meaning.resolves,
    });
}

/// Rule 5: the milestone of an event on the lane that the shipment is on.
fn on_lane(state: &mut State, meaning: &Meaning) -> Milestone {
    let lane = meaning.direction.unwrap_or_else(|| meaning.milestone.direction());
    if lane != Direction::Forward {
        state.lane = lane;
    }
    let milestone = meaning.milestone;
    let is_forward_scan = meaning.physical && (20..=50).contains(&milestone.rank());
    match (state.lane, milestone) {
        (Direction::ReturnToSender, Milestone::Delivered) => Milestone::ReturnedToSender,
        (Direction::ReturnToSender, _) if is_forward_scan => Milestone::ReturningToSender,
        (Direction::Return, Milestone::Manifested) => Milestone::ReturnLabelIssued,
        (Direction::Return, Milestone::Delivered) => Milestone::ReturnReceived,
        (Direction::Return, _) if is_forward_scan => Milestone::ReturnInTransit,
        _ => milestone,
    }
}

/// Rule 6.
fn move_to(state: &mut State, fact: &Fact, target: Milestone) {
    let needs_scan = (20..=50).contains(&fact.meaning.milestone.rank());
    if target == Milestone::Unknown || (needs_scan && !fact.meaning.physical) {
        return;
    }
    let now = Moment { seconds: fact.seconds, local_day: fact.local_day };
    let since = state.milestone_since;
    let current = state.milestone;
    let is_later_day = since.local_day < now.local_day;
    let is_new_attempt =
        state.last_attempt_began.is_none_or(|began| 2 * HOUR < fact.seconds - began);
    let is_forward_scan = fact.meaning.physical && (20..=44).contains(&target.rank());
    let takes_back = match current {
        Milestone::Delivered => {
            is_forward_scan && is_later_day && 2 * HOUR < now.seconds - since.seconds
        }
        Milestone::LostConfirmed => {
            is_forward_scan
                || (fact.meaning.physical
                    && matches!(
                        target,
                        Milestone::ReturningToSender
                            | Milestone::ReturnedToSender
                            | Milestone::ReturnInTransit
                    ))
        }
        _ => false,
    };
    let is_step = current.rank() < target.rank()
        || takes_back
        || match (current, target) {
            (
                Milestone::DeliveryAttempted | Milestone::AvailableForPickup,
                Milestone::DeliveryAttempted,
            ) => is_new_attempt,
            (
                Milestone::OutForDelivery
                | Milestone::DeliveryAttempted
                | Milestone::AvailableForPickup,
                Milestone::OutForDelivery,
            ) => is_later_day,
            _ => false,
        };
    if !is_step {
        return;
    }
    state.corrections += u32::from(takes_back);
    state.milestone = target;
    state.milestone_since = now;
    state.step_count += 1;
    *state.steps_into.entry(target).or_insert(0) += 1;
    if target == Milestone::DeliveryAttempted && is_new_attempt {
        state.last_attempt_began = Some(fact.seconds);
    }
}
