//! The same documents give the same bytes, whatever the lanes, the shards and the turns.
//!
//! # Place
//! Through the embedded engine; a node's threads run the same lanes and shards.
//! # Method
//! The bundled day, every scenario, and documents of several shipments are replayed with one to four
//! lanes and shards, cut into turns of different sizes, and compared with one lane, one shard and
//! turns of one document: without rules, and with rules, estimates and ticks that let their timers fire.

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::TICK;
use crossdock_tests::replay::{self, Document, Replay, micros};
use crossdock_tests::scenario::Scenario;
use std::fs;
use std::path::Path;

fn lines(
    feeds: &Feeds,
    documents: &[Document],
    rules: bool,
    lanes: usize,
    shards: usize,
    turn: usize,
) -> (String, u64) {
    let forecast = rules.then(replay::forecast);
    let rules = rules.then(replay::rules);
    let options = EngineOptions { lanes, shards, rules, forecast, ..EngineOptions::default() };
    let mut replay = Replay::with(feeds, &options);
    let mut bytes = Vec::new();
    for documents in documents.chunks(turn) {
        for document in documents {
            replay.push("demo", document);
        }
        bytes.extend(replay.lines());
    }
    assert!(replay.tally().balances());
    (String::from_utf8(bytes).expect("subjects and bodies are UTF-8"), replay.state_hash())
}

#[track_caller]
fn check(documents: &[Document]) {
    compare(documents, false);
    // Time passes in between, and at the end long enough for every timer.
    let mut documents = documents.to_vec();
    documents.sort_by_key(|document| document.received);
    let tick = |received| Document { feed: String::from(TICK), received, bytes: Vec::new() };
    let days = |document: &Document, days: i64| document.received + days * 86_400_000_000;
    let last = documents.last().expect("there are some").clone();
    let middle = documents.len() / 2;
    documents.insert(middle, tick(documents[middle].received));
    documents.extend([0, 3, 40].map(|after| tick(days(&last, after))));
    let said = compare(&documents, true);
    assert!(said.contains("\"due\":"), "timers speak");
    assert!(said.contains("\"by\":\"engine\""), "estimates are said");
}

#[track_caller]
fn compare(documents: &[Document], rules: bool) -> String {
    let feeds = replay::feeds();
    let (expected, hash) = lines(&feeds, documents, rules, 1, 1, 1);
    assert!(!expected.is_empty());
    let (_, shorter) = lines(&feeds, &documents[..documents.len() / 2], rules, 1, 1, 1);
    assert!(hash != 0 && hash != shorter);
    for lanes in 1..=4 {
        for shards in 1..=4 {
            for turn in [1, 7, documents.len()] {
                let (found, found_hash) = lines(&feeds, documents, rules, lanes, shards, turn);
                let pairs = expected.lines().zip(found.lines());
                for (number, (expected, found)) in pairs.enumerate() {
                    assert_eq!(
                        expected, found,
                        "line {number} with {lanes} lanes, {shards} shards, turns of {turn}"
                    );
                }
                assert_eq!(expected.lines().count(), found.lines().count());
                assert_eq!(hash, found_hash, "state with {lanes} lanes, {shards} shards");
            }
        }
    }
    expected
}

#[test]
fn the_bundled_day_is_the_same_bytes() {
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    check(&replay::capture(&fs::read_to_string(day).expect("the day is in the workspace")));
}

#[test]
fn scenarios_are_the_same_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of scenarios is there")
        .map(|entry| entry.expect("an entry is readable").path())
        .collect();
    files.sort();
    let read = |file| fs::read_to_string(file).expect("a scenario is readable");
    let documents: Vec<Document> =
        files.iter().flat_map(|file| Scenario::parse(&read(file)).documents()).collect();
    check(&documents);
}

/// Shipments of one document fall to different shards; their estimates come before their events.
#[test]
fn documents_of_many_shipments_are_the_same_bytes() {
    let shipment = |id: u32, hour: u32| {
        let number = if id % 5 == 4 {
            String::from("\"not a number\\u0007\"")
        } else {
            (1_000_000 + id).to_string()
        };
        format!(
            r#"{{"id":{number},"service":"express","estimatedTimeOfDelivery":"2026-05-2{}T18:00:00Z","events":[
             {{"timestamp":"2026-05-21T{hour:02}:30:00Z","statusCode":"transit","status":"transit","description":"Arrived at Sort Facility LEIPZIG - GERMANY"}},
             {{"timestamp":"2026-05-21T{hour:02}:20:00Z","statusCode":"transit","status":"transit","description":"Clearance event: held by customs"}},
             {{"timestamp":"not a time","statusCode":"transit","status":"transit"}},
             {{"timestamp":"2026-05-20T{hour:02}:10:00Z","statusCode":"transit","status":"transit","description":"Shipment picked up"}}]}}"#,
            2 + (id + hour) % 7
        )
    };
    let documents: Vec<Document> = (0..24)
        .map(|hour| {
            let shipments: Vec<String> = (0..11).map(|id| shipment(id, hour)).collect();
            let bytes = format!(r#"{{"shipments":[{}]}}"#, shipments.join(",")).into_bytes();
            let received = micros("2026-05-22T00:00:00Z");
            Document { feed: String::from("dhl-unified"), received, bytes }
        })
        .collect();
    check(&documents);
}
