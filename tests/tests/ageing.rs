//! Shipments leave by stream time: what is sealed says nothing again, what is forgotten makes room.
//!
//! # Place
//! Through the embedded engine, one document a turn; the rules stand in `engine/core/src/shard/ageing.rs`.

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_model::reject::Outcome;
use crossdock_tests::replay::{self, Document, Replay};
use std::sync::LazyLock;

static FEEDS: LazyLock<Feeds> = LazyLock::new(replay::feeds);

/// 2026-01-01T00:00:00Z, microseconds.
const START: i64 = 1_767_225_600_000_000;
const DAY: i64 = 86_400_000_000;

/// One event of one number, happened and received on a day.
fn event(number: &str, event: &str, day: i64, received_day: i64) -> Document {
    let at = jiff::Timestamp::from_microsecond(START + day * DAY + DAY / 2).expect("in range");
    let bytes = format!(r#"{{"tracking_number":"{number}","event":"{event}","at":"{at}"}}"#);
    let received = START + received_day * DAY + DAY / 2;
    Document { feed: String::from("generic"), received, bytes: bytes.into_bytes() }
}

fn said(replay: &mut Replay, document: &Document) -> String {
    replay.push("t", document);
    let said = replay.said();
    let words = |it: &replay::Said| {
        let text = |key: &str| it.body[key].as_str().unwrap_or("").to_owned();
        let number = |key: &str| it.body[key].as_u64().unwrap_or(0);
        format!("{} e{} v{}", text("milestone"), number("epoch"), number("version"))
    };
    said.iter().map(words).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_sealed_shipment_knows_what_it_knew() {
    let mut replay = Replay::new(&FEEDS);
    let story = [("LABEL_CREATED", 0), ("PICKED_UP", 1), ("DELIVERED", 3)];
    for (name, day) in story {
        assert_ne!(said(&mut replay, &event("A", name, day, day)), "");
    }
    // A day passes with the first message of that day, whoever's it is.
    said(&mut replay, &event("B", "LABEL_CREATED", 48, 48));
    assert_eq!(replay.tally().sealed, 0, "45 days after the last news, and not before");
    said(&mut replay, &event("B", "PICKED_UP", 49, 49));
    assert_eq!(replay.tally().sealed, 1);
    assert_eq!(replay.shipments("A")[0].1.history.len(), 0);
    for (name, day) in story {
        assert_eq!(said(&mut replay, &event("A", name, day, 50)), "", "{name} came again");
    }
    assert_eq!(replay.tally().of(Outcome::Known), 3);
    // What carries no milestone wakes nobody; what does is another use of the number.
    assert_eq!(said(&mut replay, &event("A", "POD_AVAILABLE", 51, 51)), "");
    assert_eq!(replay.shipments("A")[0].1.record.milestone.name(), "DELIVERED");
    assert_eq!(said(&mut replay, &event("A", "LABEL_CREATED", 52, 52)), "MANIFESTED e2 v4");
    assert_eq!(said(&mut replay, &event("A", "DELIVERED", 55, 55)), "DELIVERED e2 v5");
    // A late event of the new use folds it again, from the epoch it began with.
    assert_eq!(said(&mut replay, &event("A", "PICKED_UP", 53, 56)), "");
    assert_eq!(replay.shipments("A")[0].1.record.epoch, 2);
    assert_eq!(said(&mut replay, &event("A", "DELIVERED", 3, 57)), "");
}

#[test]
fn a_silent_shipment_is_sealed_and_a_forgotten_one_leaves() {
    let mut replay = Replay::new(&FEEDS);
    said(&mut replay, &event("A", "PICKED_UP", 0, 0));
    said(&mut replay, &event("B", "PICKED_UP", 120, 120));
    assert_eq!((replay.tally().sealed, replay.tally().forgotten), (0, 0));
    said(&mut replay, &event("B", "ARRIVED_FACILITY", 121, 121));
    assert_eq!((replay.tally().sealed, replay.tally().forgotten), (1, 0));
    said(&mut replay, &event("B", "DELIVERED", 400, 400));
    assert_eq!(replay.tally().forgotten, 0);
    said(&mut replay, &event("B", "POD_AVAILABLE", 401, 401));
    assert_eq!(replay.tally().forgotten, 1);
    assert!(replay.shipments("A").is_empty());
    // The next one takes its slot.
    assert_eq!(said(&mut replay, &event("C", "PICKED_UP", 401, 401)), "CARRIER_POSSESSION e1 v1");
    assert_eq!(replay.shipments("C").len(), 1);
    assert_eq!(replay.shipments("B").len(), 1);
}

/// Numbers come, are finished, silent or woken again, over two years.
fn two_years() -> Vec<Document> {
    let mut documents = Vec::new();
    for day in 0..730 {
        let name = |back: i64| format!("N{}", (day - back) / 2);
        documents.push(event(&name(0), "LABEL_CREATED", day, day));
        for (back, what) in
            [(2, "PICKED_UP"), (6, "DELIVERED"), (60, "LABEL_CREATED"), (300, "PICKED_UP")]
        {
            if back <= day && (day - back) % 3 != 0 {
                documents.push(event(&name(back), what, day, day));
                documents.push(event(&name(back), "DELIVERED", day - back / 2, day));
            }
        }
    }
    documents
}

#[test]
fn shards_and_turns_do_not_show() {
    let documents = two_years();
    let run = |shards: usize, turn: usize| {
        let options = EngineOptions { shards, ..EngineOptions::default() };
        let mut replay = Replay::with(&FEEDS, &options);
        let mut lines = Vec::new();
        for documents in documents.chunks(turn) {
            for document in documents {
                replay.push("t", document);
            }
            lines.extend(replay.lines());
        }
        (lines, replay.tally(), replay.state_hash())
    };
    let expected = run(1, 1);
    assert!(0 < expected.1.sealed && 0 < expected.1.forgotten);
    for (shards, turn) in [(1, 50), (2, 1), (3, 7), (4, 1000)] {
        let found = run(shards, turn);
        assert!(expected == found, "{shards} shards, turns of {turn}");
    }
}

#[test]
fn a_full_room_loses_who_would_leave_first() {
    let options = EngineOptions { shipments_max: 10, ..EngineOptions::default() };
    let mut replay = Replay::with(&FEEDS, &options);
    for number in 0..10 {
        let name = if number == 7 { "DELIVERED" } else { "PICKED_UP" };
        said(&mut replay, &event(&format!("N{number}"), name, number, number));
    }
    assert_eq!(replay.tally().evicted, 0);
    said(&mut replay, &event("M", "PICKED_UP", 11, 11));
    assert!(replay.shipments("N7").is_empty(), "the closed one leaves first");
    said(&mut replay, &event("O", "PICKED_UP", 11, 11));
    assert!(replay.shipments("N0").is_empty(), "then the one that was silent longest");
    for number in 0..1000 {
        said(&mut replay, &event(&format!("P{number}"), "PICKED_UP", 12, 12));
    }
    assert_eq!(replay.tally().evicted, 1002);
    assert_eq!(replay.shipment_count(), 10);
}
