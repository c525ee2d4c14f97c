//! The oracle held against the hard cases, told in steps.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crossdock_model::change::ChangeKind;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use proptest::prelude::*;

use super::fold::{Fact, OrderKey, State, fold};
use super::{Change, difference};
use crate::carriers::generic;
use crate::step::Step;

/// A fact of a step, hours after 2026-05-04T00:00:00Z.
fn fact(step: Step, hours: f64, index: usize) -> (OrderKey, Fact) {
    let meaning = generic::saying(step).expect("generic knows every step").meaning;
    let seconds = 1_777_852_800 + (hours * 3600.0) as i64;
    let rank =
        if meaning.milestone == Milestone::Unknown { u8::MAX } else { meaning.milestone.rank() };
    let key = OrderKey { seconds, rank, detail: meaning.detail as u8, index };
    let fact = Fact {
        seconds,
        local_day: seconds.div_euclid(86_400),
        meaning,
        is_unmapped: meaning.is_unmapped(),
        is_untrusted: false,
    };
    (key, fact)
}

/// Everything said while facts arrive in the order given, and the state at the end.
fn arrive(facts: &[(OrderKey, Fact)]) -> (Vec<Change>, State) {
    let (mut known, mut said, mut before) = (Vec::new(), Vec::new(), State::default());
    for fact in facts {
        known.push(*fact);
        known.sort_by_key(|(key, _)| *key);
        let after = fold(&known);
        let is_last = known.last().is_some_and(|(key, _)| *key == fact.0);
        said.extend(difference(&before, &after, is_last));
        before = after;
    }
    (said, before)
}

fn check(steps: &[(f64, Step)], expected: &str) {
    let facts: Vec<_> =
        steps.iter().enumerate().map(|(i, &(hours, step))| fact(step, hours, i)).collect();
    let mut text = String::new();
    for change in arrive(&facts).0 {
        let kind = match change.kind {
            ChangeKind::Correction => "correction ",
            ChangeKind::ExceptionOpened => "+",
            ChangeKind::ExceptionResolved => "-",
            ChangeKind::Milestone | ChangeKind::EtaChanged | ChangeKind::Order => "",
        };
        let what = match change.exception {
            ExceptionClass::None => change.milestone.name(),
            class => class.name(),
        };
        write!(text, "{kind}{what}").expect("a string takes everything");
        if 1 < change.episode {
            write!(text, "#{}", change.episode).expect("a string takes everything");
        }
        if 1 < change.epoch {
            write!(text, "@{}", change.epoch).expect("a string takes everything");
        }
        text.push_str("; ");
    }
    assert_eq!(text.trim_end_matches("; "), expected);
}

#[test]
fn a_parcel_arrives() {
    check(
        &[
            (0.0, Step::Label),
            (5.0, Step::Pickup),
            (9.0, Step::Departed),
            (20.0, Step::Arrived),
            (30.0, Step::OutForDelivery),
            (34.0, Step::Delivered),
        ],
        "MANIFESTED; CARRIER_POSSESSION; IN_TRANSIT; OUT_FOR_DELIVERY; DELIVERED",
    );
}

#[test]
fn late_events_are_history() {
    check(
        &[(34.0, Step::Delivered), (20.0, Step::Arrived), (30.0, Step::OutForDelivery)],
        "DELIVERED",
    );
}

#[test]
fn a_delivery_is_taken_back_on_a_later_day_only() {
    check(
        &[(34.0, Step::Delivered), (34.05, Step::OutForDelivery), (37.0, Step::Arrived)],
        "DELIVERED",
    );
    check(
        &[
            (34.0, Step::Delivered),
            (58.0, Step::Arrived),
            (80.0, Step::OutForDelivery),
            (84.0, Step::Delivered),
        ],
        "DELIVERED; correction IN_TRANSIT; IN_TRANSIT; OUT_FOR_DELIVERY; DELIVERED#2",
    );
}

#[test]
fn a_return_to_sender_ends_with_the_sender() {
    check(
        &[
            (30.0, Step::OutForDelivery),
            (31.0, Step::Refused),
            (40.0, Step::ReturnStart),
            (50.0, Step::Arrived),
            (60.0, Step::Delivered),
        ],
        "OUT_FOR_DELIVERY; +REFUSED; RETURNING_TO_SENDER; RETURNED_TO_SENDER; -REFUSED",
    );
    check(
        &[(30.0, Step::OutForDelivery), (60.0, Step::Delivered), (40.0, Step::ReturnStart)],
        "OUT_FOR_DELIVERY; DELIVERED; correction RETURNED_TO_SENDER; RETURNED_TO_SENDER",
    );
}

#[test]
fn trouble_does_not_move_and_scans_end_it() {
    check(
        &[
            (10.0, Step::Departed),
            (12.0, Step::Delayed),
            (13.0, Step::Delayed),
            (14.0, Step::Damaged),
            (20.0, Step::Arrived),
            (24.0, Step::Delayed),
            (25.0, Step::Resolved),
        ],
        "IN_TRANSIT; +DELAYED; +DAMAGED; -DELAYED; +DELAYED#2; -DELAYED#2; -DAMAGED",
    );
}

#[test]
fn customs_let_go_before_the_next_scan_may() {
    check(
        &[
            (10.0, Step::CustomsStart),
            (11.0, Step::CustomsHold),
            (12.0, Step::Arrived),
            (13.0, Step::CustomsReleased),
        ],
        "CUSTOMS; +CUSTOMS_HOLD; -CUSTOMS_HOLD",
    );
}

#[test]
fn attempts_are_counted_once_in_two_hours() {
    check(
        &[
            (10.0, Step::OutForDelivery),
            (12.0, Step::Attempt),
            (12.5, Step::Attempt),
            (34.0, Step::OutForDelivery),
            (36.0, Step::Attempt),
            (58.0, Step::OutForDelivery),
            (60.0, Step::Delivered),
        ],
        "OUT_FOR_DELIVERY; DELIVERY_ATTEMPTED; +DELIVERY_FAILED; OUT_FOR_DELIVERY#2; \
         -DELIVERY_FAILED; DELIVERY_ATTEMPTED#2; +DELIVERY_FAILED#2; OUT_FOR_DELIVERY#3; \
         -DELIVERY_FAILED#2; DELIVERED",
    );
}

#[test]
fn a_void_after_possession_is_a_conflict() {
    check(
        &[(0.0, Step::Label), (1.0, Step::Pickup), (2.0, Step::Cancelled)],
        "MANIFESTED; CARRIER_POSSESSION; +TRACKING_CONFLICT",
    );
    check(&[(0.0, Step::Label), (2.0, Step::Cancelled)], "MANIFESTED; CANCELLED");
}

#[test]
fn a_used_number_begins_anew() {
    check(
        &[
            (0.0, Step::Pickup),
            (10.0, Step::Delivered),
            (1000.0, Step::Label),
            (1010.0, Step::Pickup),
            (1020.0, Step::Delivered),
        ],
        "CARRIER_POSSESSION; DELIVERED; MANIFESTED@2; CARRIER_POSSESSION@2; DELIVERED@2",
    );
}

#[test]
fn estimates_and_unknown_codes_say_nothing() {
    check(&[(0.0, Step::Label), (1.0, Step::Estimate), (2.0, Step::Unknown)], "MANIFESTED");
}

fn any_step() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        Step::Label,
        Step::Pickup,
        Step::Departed,
        Step::CustomsStart,
        Step::CustomsHold,
        Step::CustomsReleased,
        Step::OutForDelivery,
        Step::Attempt,
        Step::ReadyAtPoint,
        Step::Delivered,
        Step::Delayed,
        Step::Refused,
        Step::Resolved,
        Step::ReturnStart,
        Step::ReturnRequested,
        Step::Cancelled,
        Step::Unknown,
    ])
}

proptest! {
    /// Whoever follows the changes ends where the fold ends, whatever the order of arrival.
    #[test]
    fn following_the_changes_leads_to_the_state(
        steps in prop::collection::vec((0_u32..2000, any_step()), 1..14),
        order in prop::collection::vec(any::<u32>(), 14),
    ) {
        let mut facts: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(i, &(hours, step))| fact(step, f64::from(hours), i))
            .collect();
        let (_, straight) = arrive(&facts);
        let mut shuffled: Vec<_> = facts.drain(..).zip(order).collect();
        shuffled.sort_by_key(|(_, order)| *order);
        facts.extend(shuffled.into_iter().map(|(fact, _)| fact));
        let (said, state) = arrive(&facts);
        prop_assert_eq!(&state, &straight);
        let (mut milestone, mut open, mut epoch) = (Milestone::Unknown, BTreeSet::new(), 0);
        for change in said {
            // A life begins with nothing before it; else the present one only got another number.
            if change.epoch != epoch && change.previous == Milestone::Unknown {
                open.clear();
            }
            epoch = change.epoch;
            match change.kind {
                ChangeKind::ExceptionOpened => { open.insert(change.exception); }
                ChangeKind::ExceptionResolved => { open.remove(&change.exception); }
                _ => milestone = change.milestone,
            }
        }
        prop_assert_eq!(milestone, state.milestone);
        if epoch == state.epoch {
            prop_assert_eq!(open, state.open);
        }
    }
}
