//! An engine that is restored after every document says what one says that never stopped, and both say what
//! the oracle of `loadgen` demands.
//!
//! # Place
//! Through the embedded engine, with rules and forecast; the node's own start is tested in `recovery`, `chaos`
//! and `sim`.
//! # Method
//! Two engines take the same documents, one a turn. One of them has two shards, is saved after every document and
//! goes on from that. Every line said and the hash of all state must agree, every time. What was said is
//! held against the plan's oracle, which shares no code with the engine. A start compiles the rules that were
//! saved, so with rules and forecast the engine is restored after every eleventh document only.
//! # Holds
//! Every workload; numbers that were used before, silence up to the border of an epoch, shipments that are sealed,
//! woken again and forgotten.

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::TICK;
use crossdock_loadgen::check::{self, Strictness};
use crossdock_loadgen::feed::Feed;
use crossdock_loadgen::parameters::{Parameters, Workload};
use crossdock_loadgen::plan::Plan;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::saved;
use std::sync::LazyLock;

static FEEDS: LazyLock<Feeds> = LazyLock::new(replay::feeds);

/// Who is asked beside the fold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nobody,
    RulesAndForecast,
}

/// Gives documents to both engines, and what was said.
#[track_caller]
fn both(documents: &[(String, Document)], asked: Asked) -> (Vec<u8>, Replay) {
    let options = |shards| EngineOptions {
        shards,
        shipments_expected: 16,
        rules: (asked == Asked::RulesAndForecast).then(replay::rules),
        forecast: (asked == Asked::RulesAndForecast).then(replay::forecast),
        ..EngineOptions::default()
    };
    let apart = if asked == Asked::Nobody { 1 } else { 11 };
    let mut whole = Replay::with(&FEEDS, &options(1));
    let mut restored = Replay::with(&FEEDS, &options(2));
    let mut lines = Vec::new();
    for (count, (tenant, document)) in documents.iter().enumerate() {
        whole.push(tenant, document);
        restored.push(tenant, document);
        let (said, again) = (whole.lines(), restored.lines());
        assert!(
            said == again,
            "document {count}\n{}\nrestored:\n{}",
            String::from_utf8_lossy(&said),
            String::from_utf8_lossy(&again)
        );
        assert_eq!(whole.state_hash(), restored.state_hash(), "document {count}");
        if count % apart == 0 {
            saved::restart(&mut restored, &FEEDS, &options(2));
        }
        lines.extend(said);
    }
    (lines, whole)
}

#[track_caller]
fn check(parameters: Parameters) {
    let plan = Plan::new(parameters).expect("a plan");
    let documents = replay::planned(&plan);
    for asked in [Asked::Nobody, Asked::RulesAndForecast] {
        judge(&plan, &both(&documents, asked).0);
    }
}

/// Holds what was said against the oracle.
#[track_caller]
fn judge(plan: &Plan, lines: &[u8]) {
    // A line is a subject and a body.
    let bodies =
        lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).flat_map(|it| {
            let at = it.iter().position(|&byte| byte == b' ').expect("a subject stands before it");
            it[at + 1..].iter().copied().chain([b'\n'])
        });
    let bodies: Vec<u8> = bodies.collect();
    let strictness = Strictness { events_only: false, examples_max: 3 };
    let verdict = match check::check(plan, strictness, &mut bodies.as_slice(), |_| {}) {
        Ok(verdict) => verdict,
        Err(never) => match never {},
    };
    assert!(100 < verdict.expected, "{verdict:?}");
    assert!(verdict.is_equal(), "{}", verdict.examples.join("\n"));
}

#[test]
fn every_workload() {
    for workload in Workload::ALL {
        check(Parameters { hot_ppm: 20_000, ..workload.parameters(40) });
    }
}

#[test]
fn wall_clocks_in_xml_and_pallets_in_epcis() {
    check(Parameters {
        feeds: vec![(Feed::DhlXml, 2), (Feed::Epcis, 1)],
        international_ppm: 300_000,
        returns_ppm: 200_000,
        ..Workload::Mixed.parameters(120)
    });
}

#[test]
fn numbers_used_before_and_days_without_news() {
    check(Parameters {
        round_seconds: 86_400,
        recycled_ppm: 300_000,
        stall_ppm: 200_000,
        corrected_ppm: 100_000,
        returns_ppm: 200_000,
        return_to_sender_ppm: 100_000,
        late_ppm: 200_000,
        days_late_ppm: 300_000,
        ..Workload::Mixed.parameters(60)
    });
}

/// 2026-01-01T00:00:00Z and a day, microseconds.
const START: i64 = 1_767_225_600_000_000;
const DAY: i64 = 86_400_000_000;

/// Two years in which numbers are silent around every border of days, and woken by every kind of event.
fn two_years() -> Vec<(String, Document)> {
    let mut documents = Vec::new();
    let mut put = |day: i64, number: i64, name: &str, happened: i64| {
        let at = jiff::Timestamp::from_microsecond(START + happened * DAY + DAY / 2);
        let at = at.expect("in range");
        let bytes = format!(
            r#"{{"tracking_number":"N{number}","order":"O{number}","event":"{name}","at":"{at}"}}"#
        );
        let received = START + day * DAY + DAY / 2 + DAY / 4;
        let feed = String::from("generic");
        documents.push((day, Document { feed, received, bytes: bytes.into_bytes() }));
    };
    let wakes = ["LABEL_CREATED", "PICKED_UP", "POD_AVAILABLE", "DELIVERED", "DELAYED"];
    // Days without news; 45, 120 and 400 are borders of ageing, 30 and 120 of epochs.
    let gaps = [1, 29, 31, 44, 46, 48, 119, 121, 123, 166, 399, 401, 447];
    for (number, (gap, wake)) in
        (0_i64..).zip(gaps.iter().flat_map(|gap| wakes.iter().map(move |wake| (gap, wake))))
    {
        let start = number % 7;
        put(start, number, "LABEL_CREATED", start);
        put(start + 1, number, "PICKED_UP", start + 1);
        let mut last = start + 1;
        if number % 3 != 0 {
            last += 2;
            put(last, number, "DELIVERED", last);
        }
        let again = last + gap;
        put(again, number, wake, again);
        // The whole history again, and one event that comes late.
        put(again + 1, number, "PICKED_UP", start + 1);
        put(again + 1, number, "ARRIVED_FACILITY", again - 1);
        put(again + 2, number, "OUT_FOR_DELIVERY", again + 2);
        put(again + 50, number, "LABEL_CREATED", again + 50);
    }
    for day in (0..730).step_by(3) {
        let received = START + day * DAY;
        documents.push((day, Document { feed: TICK.to_owned(), received, bytes: Vec::new() }));
    }
    documents.sort_by_key(|(_, document)| document.received);
    documents.into_iter().map(|(_, document)| (String::from("t"), document)).collect()
}

#[test]
fn sealed_woken_and_forgotten() {
    for asked in [Asked::Nobody, Asked::RulesAndForecast] {
        let tally = both(&two_years(), asked).1.tally();
        assert!(50 < tally.sealed && 5 < tally.forgotten, "{tally:?}");
    }
}
