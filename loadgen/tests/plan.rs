//! A plan is a pure function of its parameters, can be entered anywhere, and keeps its shares.

use std::collections::BTreeMap;

use crossdock_loadgen::feed::Feed;
use crossdock_loadgen::parameters::{Parameters, Workload};
use crossdock_loadgen::plan::{Documents, Entry, Fate, Plan};
use proptest::prelude::*;

fn plan(parameters: Parameters) -> Plan {
    Plan::new(parameters).expect("the parameters are in range")
}

fn collect(mut documents: Documents<'_>) -> Vec<(Entry, Vec<u8>)> {
    let mut all = Vec::new();
    let mut buffer = Vec::new();
    while let Some(entry) = documents.next() {
        documents.write(&entry, &mut buffer);
        all.push((entry, buffer.clone()));
    }
    all
}

fn workload() -> impl Strategy<Value = Workload> {
    prop::sample::select(Workload::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_parameters_give_the_same_bytes(
        workload in workload(), seed: u64, shipments in 1_u64..80, active in 1_u64..90,
    ) {
        let parameters = Parameters { seed, active, ..workload.parameters(shipments) };
        let first = collect(plan(parameters.clone()).documents());
        prop_assert_eq!(first, collect(plan(parameters).documents()));
    }

    #[test]
    fn a_plan_can_be_entered_anywhere(
        workload in workload(), seed: u64, shipments in 1_u64..80, active in 1_u64..90, cut in 0.0..1.0,
    ) {
        let parameters = Parameters { seed, active, hot_ppm: 100_000, ..workload.parameters(shipments) };
        let plan = plan(parameters);
        let slot = (plan.slot_count() as f64 * cut) as u64;
        let all = collect(plan.documents());
        let from = collect(plan.documents_from(slot));
        let expected: Vec<_> = all.into_iter().filter(|(entry, _)| slot <= entry.slot).collect();
        prop_assert_eq!(from, expected);
    }

    #[test]
    fn receipts_rise_and_events_lie_before_them(
        workload in workload(), seed: u64, shipments in 1_u64..80, active in 1_u64..90,
    ) {
        let plan = plan(Parameters { seed, active, future_ppm: 0, ..workload.parameters(shipments) });
        let mut received = i64::MIN;
        let mut told = BTreeMap::new();
        let mut documents = plan.documents();
        while let Some(entry) = documents.next() {
            prop_assert!(received <= entry.received_micros);
            received = entry.received_micros;
            let story = documents.story(entry.truth.shipment);
            let mut seconds = Vec::new();
            for index in (0..64).filter(|index| entry.truth.events >> index & 1 == 1) {
                let sighting = plan.sighting(story, index);
                prop_assert!(sighting.seconds * 1_000_000 <= received);
                seconds.push(sighting.seconds);
            }
            seconds.sort_unstable();
            prop_assert!(seconds.windows(2).all(|pair| pair[0] < pair[1]));
            if entry.truth.fate == Fate::First {
                *told.entry(entry.truth.shipment).or_insert(0) |= entry.truth.events;
            }
        }
        // Every event is told, unless a late one has left the window of a list by then.
        if plan.parameters().history == 1 {
            for shipment in 0..shipments {
                let events = plan.story(shipment).events().len();
                prop_assert_eq!(told.get(&shipment).copied().unwrap_or(0), (1_u64 << events) - 1);
            }
        }
    }
}

/// Shares of everything that a workload promises, in parts per million of its documents or events.
fn check(workload: Workload, size: std::ops::Range<usize>) {
    let plan = plan(workload.parameters(3000));
    let (mut count, mut again, mut broken, mut bytes) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut documents = plan.documents();
    let mut buffer = Vec::new();
    while let Some(entry) = documents.next() {
        count += 1;
        match entry.truth.fate {
            Fate::First => {
                documents.write(&entry, &mut buffer);
                bytes += buffer.len();
                let text = std::str::from_utf8(&buffer).expect("whole documents are UTF-8");
                if !entry.feed.is_text() {
                    serde_json::from_str::<serde_json::Value>(text).expect("whole documents parse");
                }
            }
            Fate::Again => again += 1,
            Fate::Broken(_) => broken += 1,
        }
    }
    let first = count - again - broken;
    let ppm = |part: usize| part * 1_000_000 / count;
    assert!(size.contains(&(bytes / first)), "{} bytes", bytes / first);
    assert!((80_000..100_000).contains(&ppm(again)), "{} ppm again", ppm(again));
    assert!((600..1_500).contains(&ppm(broken)), "{} ppm broken", ppm(broken));
    let (mut events, mut late, mut trouble) = (0_usize, 0_usize, 0_usize);
    for shipment in 0..3000 {
        let story = plan.story(shipment);
        for (index, event) in story.events().iter().enumerate() {
            events += 1;
            late += usize::from(event.shown != event.round);
            trouble += usize::from(story.meaning(index).exception as u8 != 0);
        }
    }
    let ppm = |part: usize| part * 1_000_000 / events;
    assert!((35_000..60_000).contains(&ppm(late)), "{} ppm late", ppm(late));
    assert!((20_000..45_000).contains(&ppm(trouble)), "{} ppm trouble", ppm(trouble));
}

#[test]
fn flat_is_as_promised() {
    check(Workload::Flat, 230..290);
}

#[test]
fn nested_is_as_promised() {
    check(Workload::Nested, 900..1150);
}

#[test]
fn history_is_as_promised() {
    check(Workload::History, 3000..7000);
}

#[test]
fn mixed_is_as_promised() {
    check(Workload::Mixed, 500..3500);
}

#[test]
fn a_history_document_holds_ten_known_events_and_a_new_one() {
    let plan = plan(Workload::History.parameters(2000));
    let mut seen = BTreeMap::<u64, u64>::new();
    let (mut count, mut known, mut fresh) = (0, 0, 0);
    let mut documents = plan.documents();
    while let Some(entry) = documents.next() {
        if entry.truth.fate == Fate::First {
            let seen = seen.entry(entry.truth.shipment).or_insert(0);
            count += 1;
            known += (entry.truth.events & *seen).count_ones();
            fresh += (entry.truth.events & !*seen).count_ones();
            *seen |= entry.truth.events;
        }
    }
    let (known, fresh) = (f64::from(known) / f64::from(count), f64::from(fresh) / f64::from(count));
    assert!((9.0..11.0).contains(&known) && (0.95..1.2).contains(&fresh), "{known} {fresh}");
}

#[test]
fn feeds_lead_back_to_their_names() {
    for feed in Feed::ALL {
        assert_eq!(Feed::from_name(feed.name()), Some(feed));
    }
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let refused = |parameters: Parameters| match Plan::new(parameters) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    let base = Parameters::default;
    assert_eq!(
        refused(Parameters { shipments: 0, ..base() }),
        "`shipments` is 0: give a number from 1 to 100000000"
    );
    assert_eq!(
        refused(Parameters { bad_ppm: 1_000_001, ..base() }),
        "`bad-ppm` is 1000001: it counts parts per million, give 0 to 1000000"
    );
    assert_eq!(
        refused(Parameters { feeds: Vec::new(), ..base() }),
        "no feed has a weight: give at least one"
    );
    assert_eq!(
        refused(Parameters { active: 1, ..base() }),
        "`active` is 1: give at least 4 for 250000 shipments"
    );
}
