//! The engine learns from deliveries when shipments arrive, and says so.
//!
//! # Place
//! Through the embedded engine with the built-in feeds and the built-in declaration.
//! # Method
//! Parcels of one carrier take two days, over and over; what is said of the last ones is compared with
//! what was learned of the first. The engine's words are parsed as a consumer would.

use crossdock_core::engine::EngineOptions;
use crossdock_core::intake::TICK;
use crossdock_tests::replay::{self, Document, Replay, micros};
use serde_json::Value;

const HOUR: i64 = 3_600_000_000;

fn begin() -> i64 {
    micros("2026-03-02T08:00:00Z")
}

fn instant(at: i64) -> String {
    jiff::Timestamp::from_microsecond(at).expect("in range").to_string()
}

fn document(number: &str, events: &[(&str, i64)], eta: Option<i64>, received: i64) -> Document {
    let lines: Vec<String> = events
        .iter()
        .map(|(event, at)| {
            let eta = eta.map_or(String::new(), |eta| format!(r#","eta":"{}""#, instant(eta)));
            format!(
                r#"{{"carrier":"velo","tracking_number":"{number}","event":"{event}","at":"{}","city":"Graz","country":"AT"{eta}}}"#,
                instant(*at)
            )
        })
        .collect();
    let bytes = format!(r#"{{"events":[{}]}}"#, lines.join(",")).into_bytes();
    Document { feed: String::from("generic"), received, bytes }
}

fn tick(received: i64) -> Document {
    Document { feed: String::from(TICK), received, bytes: Vec::new() }
}

/// An engine that learned from so many parcels, one an hour, two days each; and the time then.
fn taught(count: i64) -> (Replay, i64) {
    let forecast = Some(replay::forecast());
    let options = EngineOptions { forecast, ..EngineOptions::default() };
    let mut replay = Replay::with(&replay::feeds(), &options);
    for parcel in 0..count {
        let start = begin() + parcel * HOUR;
        let number = format!("LEARN-{parcel:04}");
        let end = start + 48 * HOUR + parcel % 7 * HOUR;
        let events = [("PICKED_UP", start), ("DELIVERED", end)];
        replay.push("demo", &document(&number, &events, None, begin() + 60 * 24 * HOUR));
    }
    let said = estimates(&mut replay);
    assert!(said.is_empty(), "whole histories are no news: {said:?}");
    (replay, begin() + 60 * 24 * HOUR)
}

/// What the engine says of arrivals in this turn.
fn estimates(replay: &mut Replay) -> Vec<Value> {
    let said = replay.said();
    said.into_iter().map(|it| it.body).filter(|body| body["by"] == "engine").collect()
}

fn of<'a>(body: &'a Value, key: &str) -> &'a str {
    body[key].as_str().unwrap_or_else(|| panic!("\"{key}\" is a text in {body}"))
}

#[test]
fn a_parcel_is_foretold_by_those_before_it() {
    let (mut replay, now) = taught(80);
    replay.push("demo", &document("NEW-0001", &[("PICKED_UP", now)], None, now));
    let said = estimates(&mut replay);
    let [first] = said.as_slice() else { panic!("one estimate: {said:?}") };
    assert_eq!((of(first, "kind"), of(first, "basis")), ("eta_changed", "learned"));
    assert_eq!((of(first, "cause"), of(first, "reason")), ("milestone", "none"));
    assert_eq!((first["estimate"].as_u64(), first.get("from")), (Some(1), None));
    let hours = |key: &str| (micros(of(first, key)) - now) / HOUR;
    assert!((48..=56).contains(&hours("p50")), "{first}");
    assert!(hours("p50") <= hours("p90") && hours("p90") <= 60, "{first}");
    assert!(first.get("version").is_none(), "it does not count among the shipment's changes");
    // The same again is known, and nothing is said.
    replay.push("demo", &document("NEW-0001", &[("PICKED_UP", now)], None, now + HOUR));
    assert_eq!(estimates(&mut replay), [] as [Value; 0]);
    let tally = replay.tally().estimates;
    assert_eq!((tally.first, tally.moved, tally.flights), (1, 0, 1));
    assert_eq!(tally.learned, 80);
}

/// Two ways of one carrier, one of two days and one of six, are told apart by where parcels go.
#[test]
fn parcels_are_foretold_by_where_they_go_and_by_which_service() {
    let forecast = Some(replay::forecast());
    let options = EngineOptions { forecast, ..EngineOptions::default() };
    let mut replay = Replay::with(&replay::feeds(), &options);
    let now = begin() + 60 * 24 * HOUR;
    let bound = |number: &str, way: &str, events: &[(&str, i64)]| {
        let events: Vec<String> = events
            .iter()
            .map(|(event, at)| {
                format!(
                    r#"{{"carrier":"velo","tracking_number":"{number}","event":"{event}","at":"{}","city":"Graz","country":"AT",{way}}}"#,
                    instant(*at)
                )
            })
            .collect();
        let bytes = format!(r#"{{"events":[{}]}}"#, events.join(",")).into_bytes();
        Document { feed: String::from("generic"), received: now, bytes }
    };
    let ways = [
        (r#""destination":{"postal_code":"8010","country":"AT"}"#, 2),
        (r#""destination":{"postal_code":"1010","country":"PT"}"#, 6),
        (r#""service":"Express""#, 1),
        (r#""service":"Economy""#, 9),
    ];
    for (at, (way, days)) in ways.iter().enumerate() {
        for parcel in 0..60 {
            let start = begin() + parcel * HOUR;
            let end = start + days * 24 * HOUR;
            let number = format!("WAY-{at}-{parcel:03}");
            let events = [("PICKED_UP", start), ("DELIVERED", end)];
            replay.push("demo", &bound(&number, way, &events));
        }
    }
    assert!(estimates(&mut replay).is_empty());
    let mut found = Vec::new();
    for (at, (way, _)) in ways.iter().enumerate() {
        let number = format!("NEW-{at}");
        replay.push("demo", &bound(&number, way, &[("PICKED_UP", now)]));
        let said = estimates(&mut replay);
        assert_eq!(said.len(), 1, "{said:?}");
        let arrives = micros(of(&said[0], "p50"));
        found.push((arrives - now + 12 * HOUR).div_euclid(24 * HOUR));
    }
    assert_eq!(found, [2, 6, 1, 9]);
}

#[test]
fn a_date_that_passes_moves_by_itself_and_is_taken_back_when_nothing_is_known_beyond() {
    let (mut replay, now) = taught(80);
    replay.push("demo", &document("NEW-0002", &[("PICKED_UP", now)], None, now));
    let first = estimates(&mut replay).remove(0);
    let mut said = Vec::new();
    for day in 1..=12 {
        replay.push("demo", &tick(now + day * 24 * HOUR));
        said.extend(estimates(&mut replay));
    }
    let last = said.last().expect("the date passed and nothing came");
    assert_eq!(of(&said[0], "from"), of(&first, "p50"));
    assert_eq!((of(last, "cause"), of(last, "reason")), ("age", "beyond_experience"));
    assert!(last.get("to").is_none() && last["position"].get("due").is_some(), "{last}");
    let numbers: Vec<u64> = said.iter().filter_map(|body| body["estimate"].as_u64()).collect();
    assert!(numbers.iter().copied().eq(2..2 + numbers.len() as u64), "{numbers:?}");
    assert_eq!(replay.tally().estimates.withdrawn, 1);
}

#[test]
fn one_voice_speaks_to_the_customer() {
    let (mut replay, now) = taught(0);
    let eta = now + 72 * HOUR;
    replay.push("demo", &document("NEW-0003", &[("PICKED_UP", now)], Some(eta), now));
    replay.push(
        "demo",
        &document(
            "NEW-0003",
            &[("ARRIVED_FACILITY", now + HOUR)],
            Some(eta + 48 * HOUR),
            now + HOUR,
        ),
    );
    let mut said = replay.said();
    // Two changes within the least interval would be a flap: the second one waits for its end.
    replay.push("demo", &tick(now + 4 * HOUR));
    said.extend(replay.said());
    let dates: Vec<(&str, &str)> = said
        .iter()
        .filter(|it| it.body["kind"] == "eta_changed")
        .map(|it| (of(&it.body, "by"), it.subject.as_str()))
        .collect();
    let carrier = ("carrier", "ms.demo.operations.eta_changed");
    let engine = ("engine", "ms.demo.customer.eta_changed");
    assert_eq!(dates, [carrier, engine, carrier, engine]);
    let last = &said.last().expect("some").body;
    assert_eq!((of(last, "basis"), of(last, "reason")), ("carrier", "sparse_lane"));
    assert_eq!(of(last, "cause"), "age");
    assert_eq!(last["days_past_promise"], 2);
    assert_eq!(last["days_past_carrier_estimate"], 0);
    assert!(0.5 < last["breach"].as_f64().expect("a share"), "{last}");
    // Delivered a day after the promise and before the carrier's second date: kept apart.
    let delivered = [("DELIVERED", now + 96 * HOUR)];
    replay.push("demo", &document("NEW-0003", &delivered, None, now + 96 * HOUR));
    assert_eq!(estimates(&mut replay), [] as [Value; 0]);
    let tally = replay.tally().estimates;
    assert_eq!((tally.carrier_kept, tally.carrier_missed), (1, 0));
    assert_eq!((tally.promise_kept, tally.promise_missed), (0, 1));
    assert_eq!(tally.flights, 0);
}

#[test]
fn returns_lost_parcels_and_parcels_to_collect_teach_nothing() {
    let (mut replay, now) = taught(0);
    for (number, end) in
        [("A", "RTS_INITIATED"), ("B", "LOST_CONFIRMED"), ("C", "PICKUP_READY_POINT")]
    {
        let events = [("PICKED_UP", now), (end, now + HOUR)];
        replay.push("demo", &document(&format!("END-000{number}"), &events, None, now + HOUR));
    }
    replay.silently();
    let tally = replay.tally().estimates;
    assert_eq!((tally.learned, tally.flights), (0, 0), "{tally:?}");
    assert_eq!(tally.excluded, 3, "{tally:?}");
}

#[test]
fn a_parcel_that_nobody_hears_of_is_forgotten() {
    let (mut replay, now) = taught(80);
    replay.push("demo", &document("NEW-0004", &[("PICKED_UP", now)], None, now));
    replay.push("demo", &tick(now + 119 * 24 * HOUR));
    replay.silently();
    assert_eq!(replay.tally().estimates.flights, 1);
    replay.push("demo", &tick(now + 121 * 24 * HOUR));
    replay.silently();
    assert_eq!(replay.tally().estimates.flights, 0);
    assert_eq!(replay.tally().estimates.forgotten, 1);
}
