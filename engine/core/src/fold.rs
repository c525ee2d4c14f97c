//! What is true about a shipment: a left fold over its sorted events.
//!
//! Carriers send histories again, late, doubled and in another language, and take deliveries
//! back. A record is therefore never patched: it is a function of the *set* of events.
//!
//! # Place
//!
//! `history` (sorted entries) -> **`fold`** -> `Record`; `say` compares records and speaks.
//!
//! # Method
//!
//! [`step`] takes one event in order. An event that sorts last costs one step; any other re-folds
//! the history, which is short (8 events in the median). The rules are numbered as in
//! `docs/decisions/0003-fold.md`.
//!
//! # Holds
//!
//! - The same set of events gives the same record, in whatever order and however often they came.
//! - An estimate, a data record, an unmapped code or an untrusted time never moves a milestone
//!   from possession on.
//!
//! # Does not hold
//!
//! - That every fact was said when it became true: see `say`.

use crossdock_model::detail::Detail;
use crossdock_model::event::{EventFlags, Possession};
use crossdock_model::exception::{ExceptionClass, ExceptionSet};
use crossdock_model::limits::{
    ATTEMPT_WINDOW_SECONDS, DELIVERY_SETTLE_SECONDS, EPOCH_GAP_SECONDS, EPOCH_LABEL_SECONDS,
    EPOCH_SILENCE_SECONDS, OFFSET_SECONDS_MAX,
};
use crossdock_model::milestone::{Direction, Milestone, MilestoneSet};
use crossdock_model::reason::Reason;
use crossdock_model::record::{Record, Seconds};

/// What the fold wants to know of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Order time.
    pub at: Seconds,
    /// Local calendar day of `at`.
    pub day: i64,
    /// Local seconds minus UTC seconds, to know the day of what is remembered.
    pub offset_seconds: i32,
    /// The instant is known. Else `at` is a wall clock read as UTC, or a receipt.
    pub has_instant: bool,
    /// What exactly happened.
    pub detail: Detail,
    /// The milestone it implies.
    pub milestone: Milestone,
    /// The exception it opens.
    pub exception: ExceptionClass,
    /// Why.
    pub reason: Reason,
    /// The lane it names.
    pub direction: Direction,
    /// See [`EventFlags`].
    pub flags: EventFlags,
}

/// Classes that any later scan closes.
const CLOSED_BY_SCAN: u32 = ExceptionClass::Delayed.bit()
    | ExceptionClass::AddressIssue.bit()
    | ExceptionClass::LostSuspected.bit()
    | ExceptionClass::Held.bit()
    | ExceptionClass::Misrouted.bit()
    | ExceptionClass::Capacity.bit()
    | ExceptionClass::Security.bit()
    | ExceptionClass::Stalled.bit()
    | ExceptionClass::NoPossession.bit()
    | ExceptionClass::EtaBreach.bit()
    | ExceptionClass::DeliveryFailed.bit();

/// Classes that a release by customs or a scan behind customs closes.
const CLOSED_BEHIND_CUSTOMS: u32 =
    ExceptionClass::CustomsHold.bit() | ExceptionClass::PaymentDue.bit();

/// Classes that close when the lane ends.
const CLOSED_AT_END: u32 = ExceptionClass::Refused.bit()
    | ExceptionClass::Unclaimed.bit()
    | ExceptionClass::IdentityFailed.bit()
    | ExceptionClass::Prohibited.bit();

/// Classes under which a vehicle unloads all the same.
const UNLOADS_ALL_THE_SAME: u32 = ExceptionClass::Delayed.bit()
    | ExceptionClass::Damaged.bit()
    | ExceptionClass::Misrouted.bit()
    | ExceptionClass::Stalled.bit()
    | ExceptionClass::NoPossession.bit()
    | ExceptionClass::EtaBreach.bit()
    | ExceptionClass::TrackingConflict.bit();

/// Carrier milestones that prove that the carrier has it.
const CARRIER_SCANS: u32 = {
    let mut set = MilestoneSet(0);
    set.insert(Milestone::CarrierPossession);
    set.insert(Milestone::InTransit);
    set.insert(Milestone::Customs);
    set.insert(Milestone::AtDestinationFacility);
    set.insert(Milestone::OutForDelivery);
    set.insert(Milestone::DeliveryAttempted);
    set.0
};

/// Folds sorted facts from nothing but the epochs that came before them.
#[must_use]
pub fn fold(base_epoch: u16, facts: impl Iterator<Item = Fact>) -> Record {
    let mut record = Record { epoch: base_epoch, ..Record::default() };
    for fact in facts {
        step(&mut record, &fact);
    }
    record
}

/// Takes one event in order.
pub fn step(record: &mut Record, fact: &Fact) {
    debug_assert!(!fact.flags.has(EventFlags::HEARSAY), "a reading leaves hearsay out");
    if begins_epoch(record, fact) {
        *record = Record { epoch: record.epoch.saturating_add(1), ..Record::default() };
    }
    debug_assert!(0 < record.epoch);
    record.event_count = record.event_count.saturating_add(1);
    if fact.flags.has_any(EventFlags::NO_SAY) {
        return;
    }
    debug_assert!(record.last_at <= fact.at, "facts come in order");
    if !record.first_at.is_some() {
        record.first_at = fact.at;
    }
    record.last_at = fact.at;
    if can_begin(fact.milestone, fact.flags) {
        record.border_at = fact.at;
    }
    let physical = fact.flags.has(EventFlags::PHYSICAL);
    let is_forward_again = turns_forward(record, fact);
    if physical {
        record.physical_at = fact.at;
        if !record.possession_at.is_some() && proves_possession(fact.milestone) {
            record.possession_at = fact.at;
        }
    }
    record.detail = Some(fact.detail);
    if matches!(fact.detail, Detail::PodAvailable | Detail::PodPhoto) {
        record.has_proof = true;
    }
    let conflict = voids_what_the_carrier_has(record, fact);
    exceptions(record, fact, conflict);
    if is_forward_again {
        enter(record, fact, fact.milestone);
    } else if !conflict && !fact.flags.has(EventFlags::ESTIMATE) {
        advance(record, fact);
    }
    if record.milestone.is_terminal() {
        record.open.0 &= !CLOSED_AT_END;
    }
}

/// Rule 1.
fn begins_epoch(record: &Record, fact: &Fact) -> bool {
    // Nothing happened yet, in the first epoch or behind a history that was given back.
    if record.event_count == 0 {
        return true;
    }
    if !record.border_at.is_some() || !can_begin(fact.milestone, fact.flags) {
        return false;
    }
    let gap = fact.at.0.saturating_sub(record.border_at.0);
    let opens = (Milestone::OrderCreated.rank()..=Milestone::CarrierPossession.rank())
        .contains(&fact.milestone.rank());
    EPOCH_SILENCE_SECONDS <= gap
        || (opens && record.milestone.is_terminal() && EPOCH_GAP_SECONDS <= gap)
        || (labels_another(record, fact) && EPOCH_LABEL_SECONDS <= gap)
}

/// A label for a parcel that has arrived: it is for another one, whose sender was given the same number.
fn labels_another(record: &Record, fact: &Fact) -> bool {
    fact.milestone == Milestone::Manifested
        && fact.direction == Direction::Forward
        && matches!(record.milestone, Milestone::Delivered | Milestone::ReturnedToSender)
}

/// True where the fact carries a milestone: only such a fact begins an epoch or ends one. An old
/// estimate or a code that nobody knows says nothing about how often a number was used.
#[must_use]
pub const fn can_begin(milestone: Milestone, flags: EventFlags) -> bool {
    !matches!(milestone, Milestone::Unknown)
        && !flags.has(EventFlags::ESTIMATE)
        && !flags.has_any(EventFlags::NO_SAY)
}

/// Rule 3.
fn voids_what_the_carrier_has(record: &Record, fact: &Fact) -> bool {
    fact.milestone == Milestone::Cancelled && record.seen.0 & CARRIER_SCANS != 0
}

/// Rule 4.
fn exceptions(record: &mut Record, fact: &Fact, conflict: bool) {
    let class = if conflict { ExceptionClass::TrackingConflict } else { fact.exception };
    if class != ExceptionClass::None {
        let is_new = !record.open.contains(class);
        if is_new {
            record.open.insert(class);
            record.exception_count = record.exception_count.saturating_add(1);
        }
        // A second row of the same trouble that gives no reason does not wipe the one we have.
        if is_new || fact.reason != Reason::None {
            record.reason = fact.reason;
        }
        return;
    }
    if fact.flags.has(EventFlags::RESOLVES) {
        record.open = ExceptionSet::default();
        return;
    }
    let scan = fact.flags.has(EventFlags::PHYSICAL)
        && Milestone::CarrierPossession.rank() <= fact.milestone.rank();
    if !scan {
        return;
    }
    record.open.0 &= !CLOSED_BY_SCAN;
    let behind_customs = Milestone::AtDestinationFacility.rank() <= fact.milestone.rank();
    if behind_customs || fact.detail == Detail::CustomsReleased {
        record.open.0 &= !CLOSED_BEHIND_CUSTOMS;
    }
}

const fn proves_possession(milestone: Milestone) -> bool {
    Milestone::CarrierPossession.rank() <= milestone.rank() && !milestone.ends_any_lane()
}

/// Rules 5 and 6.
fn advance(record: &mut Record, fact: &Fact) {
    if fact.milestone == Milestone::Unknown {
        if fact.flags.has(EventFlags::DIRECTION_SAID) && record.direction < fact.direction {
            turn_around(record, fact);
        } else if fact.detail == Detail::DepartedConsignee && was_left_there(record, fact) {
            enter(record, fact, Milestone::Delivered);
        } else if fact.detail == Detail::DeliveryCorrected
            && record.milestone == Milestone::Delivered
        {
            // Somebody says outright that it was not delivered, and not where it is.
            record.corrections = record.corrections.saturating_add(1);
            record.delivered_at = Seconds::NEVER;
            enter(record, fact, Milestone::InTransit);
        }
        return;
    }
    let forward_scan = (Milestone::CarrierPossession.rank()..=Milestone::Delivered.rank())
        .contains(&fact.milestone.rank());
    if forward_scan && !fact.flags.has(EventFlags::PHYSICAL) {
        return;
    }
    let target = in_lane(record, fact);
    let current = record.milestone;
    if target == current {
        if repeats(record, fact, target) {
            enter(record, fact, target);
        }
        return;
    }
    if takes_back(record, fact, target) {
        record.corrections = record.corrections.saturating_add(1);
        record.delivered_at = Seconds::NEVER;
        enter(record, fact, target);
        return;
    }
    let lane_turns = record.direction < target.direction() && !target.ends_any_lane();
    let redelivery = target == Milestone::OutForDelivery
        && matches!(current, Milestone::DeliveryAttempted | Milestone::AvailableForPickup)
        && ATTEMPT_WINDOW_SECONDS < fact.at.0.saturating_sub(record.milestone_at.0);
    let another_attempt = target == Milestone::DeliveryAttempted
        && current == Milestone::AvailableForPickup
        && attempt_is_new(record, fact);
    let higher = current.rank() < target.rank() && may_follow(current, target);
    if higher || lane_turns || redelivery || another_attempt {
        enter(record, fact, target);
    }
}

/// What was on its way back to its sender goes to its addressee after all: it is sent to another address, somebody
/// says that it goes forward, or it is collected where it was to be sent back from. Asked before the scan counts.
fn turns_forward(record: &Record, fact: &Fact) -> bool {
    let is_scan = fact.flags.has(EventFlags::PHYSICAL) && !fact.flags.has(EventFlags::ESTIMATE);
    let is_forward = (Milestone::CarrierPossession.rank()..=Milestone::Delivered.rank())
        .contains(&fact.milestone.rank());
    if record.milestone != Milestone::ReturningToSender || !is_scan || !is_forward {
        return false;
    }
    let is_said =
        fact.flags.has(EventFlags::DIRECTION_SAID) && fact.direction == Direction::Forward;
    // Whoever collects it elsewhere, once it has left, is its sender.
    let is_still_there = record.previous == Milestone::AvailableForPickup
        && record.physical_at.is_some()
        && record.physical_at <= record.milestone_at;
    is_said
        || fact.detail == Detail::ForwardedNewAddress
        || (fact.detail == Detail::CollectedByCustomer && is_still_there)
}

/// An event without a milestone of its own says that the goods go back.
fn turn_around(record: &mut Record, fact: &Fact) {
    let target = match fact.direction {
        Direction::Forward => return,
        Direction::ReturnToSender => Milestone::ReturningToSender,
        Direction::Return => Milestone::ReturnInTransit,
    };
    if record.milestone.rank() < target.rank() && !record.milestone.ends_any_lane() {
        enter(record, fact, target);
    }
}

/// The vehicle left the consignee and nobody said what happened there: it was unloaded, unless something is the matter.
fn was_left_there(record: &Record, fact: &Fact) -> bool {
    let was_on_its_way = (Milestone::CarrierPossession.rank()..=Milestone::OutForDelivery.rank())
        .contains(&record.milestone.rank());
    fact.flags.has(EventFlags::PHYSICAL)
        && was_on_its_way
        && record.open.0 & !UNLOADS_ALL_THE_SAME == 0
}

/// The milestone of this fact on the lane that the shipment is on (rule 5).
fn in_lane(record: &Record, fact: &Fact) -> Milestone {
    let milestone = fact.milestone;
    if milestone.ends_any_lane() || milestone.direction() != Direction::Forward {
        return milestone;
    }
    let said = fact.flags.has(EventFlags::DIRECTION_SAID);
    let lane =
        if said && record.direction < fact.direction { fact.direction } else { record.direction };
    let carrier_scan = Milestone::CarrierPossession.rank() <= milestone.rank();
    match lane {
        Direction::Forward => milestone,
        Direction::ReturnToSender if milestone == Milestone::Delivered => {
            Milestone::ReturnedToSender
        }
        Direction::ReturnToSender if carrier_scan => Milestone::ReturningToSender,
        Direction::Return if milestone == Milestone::Delivered => Milestone::ReturnReceived,
        Direction::Return if milestone == Milestone::Manifested => Milestone::ReturnLabelIssued,
        Direction::Return if milestone == Milestone::CarrierPickupScheduled => {
            Milestone::ReturnPickupScheduled
        }
        Direction::Return if carrier_scan => Milestone::ReturnInTransit,
        Direction::ReturnToSender | Direction::Return => milestone,
    }
}

/// A milestone that may be reached again without leaving it.
fn repeats(record: &Record, fact: &Fact, target: Milestone) -> bool {
    match target {
        Milestone::DeliveryAttempted => attempt_is_new(record, fact),
        Milestone::OutForDelivery => is_later_day(record, fact),
        _ => false,
    }
}

fn attempt_is_new(record: &Record, fact: &Fact) -> bool {
    !record.attempted_at.is_some()
        || ATTEMPT_WINDOW_SECONDS < fact.at.0.saturating_sub(record.attempted_at.0)
}

/// True where the fact lies on a later calendar day than the milestone, on the wall at the fact.
fn is_later_day(record: &Record, fact: &Fact) -> bool {
    let then = i64::from(record.milestone_at.0) + i64::from(fact.offset_seconds);
    then.div_euclid(86_400) < fact.day
}

/// A physical scan that shows that a delivery, a loss or a cancellation did not happen.
fn takes_back(record: &Record, fact: &Fact, target: Milestone) -> bool {
    let forward_scan = fact.flags.has(EventFlags::PHYSICAL)
        && (Milestone::CarrierPossession.rank()..=Milestone::AvailableForPickup.rank())
            .contains(&target.rank());
    match record.milestone {
        Milestone::Delivered => {
            // A wall clock of unknown zone may stand for an instant that much earlier.
            let ahead = if fact.has_instant { 0 } else { OFFSET_SECONDS_MAX };
            forward_scan
                && DELIVERY_SETTLE_SECONDS + ahead < fact.at.0.saturating_sub(record.milestone_at.0)
                && is_later_day(record, fact)
        }
        Milestone::LostConfirmed | Milestone::Cancelled => {
            forward_scan || target == Milestone::Delivered || turns_up_on_its_way_back(fact, target)
        }
        _ => false,
    }
}

/// What was lost or cancelled turns up with a carrier, on its way back or with its sender.
fn turns_up_on_its_way_back(fact: &Fact, target: Milestone) -> bool {
    use Milestone::{ReturnInTransit, ReturnedToSender, ReturningToSender};
    fact.flags.has(EventFlags::PHYSICAL)
        && matches!(target, ReturningToSender | ReturnedToSender | ReturnInTransit)
}

/// What ends any lane ends only what has not ended yet; a cancelled or disposed shipment stays so.
const fn may_follow(current: Milestone, target: Milestone) -> bool {
    match (current, target) {
        (Milestone::LostConfirmed, Milestone::Disposed) => true,
        (Milestone::Cancelled | Milestone::Disposed, _) => false,
        (_, target) if target.ends_any_lane() => !current.is_terminal(),
        _ => true,
    }
}

/// The shipment is there now.
fn enter(record: &mut Record, fact: &Fact, target: Milestone) {
    record.previous = record.milestone;
    record.milestone = target;
    record.milestone_at = fact.at;
    record.step_count = record.step_count.saturating_add(1);
    let carrier_scan = proves_possession(target) && target.direction() == Direction::Forward;
    if carrier_scan && target != Milestone::CarrierPossession {
        record.possession_inferred = !record.seen.contains(Milestone::CarrierPossession);
    }
    if target == Milestone::CarrierPossession {
        record.possession_inferred = false;
    }
    record.seen.insert(target);
    if !target.ends_any_lane() {
        record.direction = target.direction();
        record.possession = Possession::after(target);
    }
    match target {
        Milestone::DeliveryAttempted => {
            record.attempts = record.attempts.saturating_add(1);
            record.attempted_at = fact.at;
            record.reason = fact.reason;
        }
        Milestone::Delivered => record.delivered_at = fact.at,
        _ => {}
    }
    assert!(record.milestone == target);
}
