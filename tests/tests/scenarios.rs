//! The hard cases as scenario files: what is said, what is true in the end, in whatever order.
//!
//! # Place
//! `tests/scenarios/*.txt`, each replayed through the engine; the format is explained in
//! `src/scenario.rs`. `UPDATE_EXPECT=1` rewrites them, to be read as a diff.
//! # Method
//! A file is rendered and compared. Then the same events come again (nothing is said), doubled,
//! and as single-event documents in all orders up to seven, else in 2,000 random ones; and with an engine
//! that is saved and restored after every event.
//! # Holds
//! Record, history and account agree for every arrangement of one scenario.
//! # Does not hold
//! That what is said agrees between orders: a late event is history only. Texts and places of an
//! event stay those of whoever came first. Cases that need timers, rules or orders.

use crossdock_core::feeds::Feeds;
use crossdock_model::reject::Outcome;
use crossdock_tests::arrangement::{orders, units};
use crossdock_tests::replay::{self, Document, Replay, Shipment};
use crossdock_tests::saved;
use crossdock_tests::scenario::{
    Ending, Scenario, TENANT, history_line, line_of, record_line, shipments,
};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn scenarios_say_what_they_should() {
    let feeds = replay::feeds();
    let mut wrong = Vec::new();
    for file in files() {
        let expected = fs::read_to_string(&file).expect("a scenario is readable");
        let (found, _) = Scenario::parse(&expected).render(&feeds);
        if found != expected {
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&file, &found).expect("a scenario is writable");
            } else {
                wrong.push(difference(&file, &expected, &found));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "UPDATE_EXPECT=1 rewrites, where this is right:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn what_came_again_says_nothing() {
    let feeds = replay::feeds();
    for (name, documents) in scenarios() {
        let mut replay = Replay::new(&feeds);
        for document in &documents {
            replay.push(TENANT, document);
        }
        replay.silently();
        let before = Ending::of(&replay, &documents, &feeds);
        for document in &documents {
            replay.push(TENANT, document);
        }
        let said: Vec<String> = replay.said().iter().map(line_of).collect();
        // An estimate belongs to the document, not to an event, and the older document has its own.
        let said: Vec<&String> = said
            .iter()
            .filter(|line| !line.contains("eta_changed") && !line.starts_with("dead letter"))
            .collect();
        assert!(said.is_empty(), "{name}: said again: {said:#?}");
        let after = Ending::of(&replay, &documents, &feeds);
        assert_same(&name, "the same documents twice", &before.shipments, &after.shipments);
        let new = |tally: &crossdock_core::tally::Tally| {
            tally.inputs - tally.of(Outcome::Known) - tally.of(Outcome::Dead)
        };
        assert_eq!(new(&before.tally), new(&after.tally), "{name}: known events are counted so");
    }
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let feeds = replay::feeds();
    for (name, documents) in scenarios() {
        let units = received_at_once(units(&documents));
        let base = ending(&feeds, &units);
        let whole = ending(&feeds, &received_at_once(documents.clone()));
        assert_same(&name, "split into single events", &whole.shipments, &base.shipments);
        let doubled: Vec<Document> = units.iter().flat_map(|it| [it.clone(), it.clone()]).collect();
        assert_same(
            &name,
            "every event doubled",
            &base.shipments,
            &ending(&feeds, &doubled).shipments,
        );
        permuted(&feeds, &name, &units, &orders(units.len()), &base);
    }
}

#[test]
fn a_restart_after_every_event_changes_nothing() {
    let feeds = replay::feeds();
    for file in files() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let scenario = Scenario::parse(&fs::read_to_string(&file).expect("a scenario is readable"));
        let documents = scenario.documents();
        restarted(&feeds, &name, &scenario, &documents);
        restarted(&feeds, &name, &scenario, &units(&documents));
    }
}

/// What is said, byte for byte, and what is true after every document, with and without restarts.
fn restarted(feeds: &Feeds, name: &str, scenario: &Scenario, documents: &[Document]) {
    let options = scenario.options();
    let mut whole = Replay::with(feeds, &options);
    let mut restored = Replay::with(feeds, &options);
    for (index, document) in documents.iter().enumerate() {
        whole.push(TENANT, document);
        restored.push(TENANT, document);
        let said = String::from_utf8(whole.lines()).expect("what is said is text");
        let again = String::from_utf8(restored.lines()).expect("what is said is text");
        assert_eq!(said, again, "{name}: document {index}");
        assert_eq!(whole.state_hash(), restored.state_hash(), "{name}: document {index}");
        saved::restart(&mut restored, feeds, &options);
    }
    let ending = |replay: &Replay| shipments(replay, documents, feeds);
    assert_same(name, "restored after every event", &ending(&whole), &ending(&restored));
}

/// Replays each order in one engine, as a tenant of its own.
fn permuted(feeds: &Feeds, name: &str, units: &[Document], orders: &[Vec<usize>], base: &Ending) {
    let mut replay = Replay::new(feeds);
    for (tenant, order) in orders.iter().enumerate() {
        for &unit in order {
            replay.push(&format!("t{tenant}"), &units[unit]);
        }
        replay.silently();
    }
    let tally = replay.tally();
    let count = orders.len() as u64;
    for outcome in [Outcome::Known, Outcome::Unmapped, Outcome::Dead] {
        assert_eq!(tally.of(outcome), count * base.tally.of(outcome), "{name}: {}", outcome.name());
    }
    assert_eq!(tally.inputs, count * base.tally.inputs, "{name}: inputs");
    for expected in &base.shipments {
        let mut seen = 0;
        for (tenant, shipment) in replay.shipments(&expected.number) {
            if shipment.carrier != expected.carrier {
                continue;
            }
            seen += 1;
            let order = &orders[tenant[1..].parse::<usize>().expect("tenants are numbered")];
            if shipment != *expected {
                let what = format!("in the order {order:?}");
                assert_same(name, &what, core::slice::from_ref(expected), &[shipment]);
            }
        }
        assert_eq!(seen, orders.len(), "{name}: every order has its shipment");
    }
}

/// Receipt decides the order of events without a time of their own: here all came at once.
fn received_at_once(mut documents: Vec<Document>) -> Vec<Document> {
    let last = documents.iter().map(|document| document.received).max().expect("there is one");
    for document in &mut documents {
        document.received = last;
    }
    documents
}

fn ending(feeds: &Feeds, documents: &[Document]) -> Ending {
    let mut replay = Replay::new(feeds);
    for document in documents {
        replay.push(TENANT, document);
    }
    replay.silently();
    Ending::of(&replay, documents, feeds)
}

#[track_caller]
fn assert_same(name: &str, what: &str, expected: &[Shipment], found: &[Shipment]) {
    assert_eq!(expected.len(), found.len(), "{name}: {what}");
    for (expected, found) in expected.iter().zip(found) {
        let lines = |it: &Shipment| it.history.iter().map(history_line).collect::<Vec<_>>();
        assert_eq!(lines(expected), lines(found), "{name}: history, {what}");
        let record = record_line(&found.record);
        assert_eq!(record_line(&expected.record), record, "{name}: record, {what}");
        assert_eq!(expected.record, found.record, "{name}: record, {what}");
    }
}

fn difference(file: &Path, expected: &str, found: &str) -> String {
    let line = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing more)").to_owned();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}:{}\n  expected {}\n  found    {}", line + 1, at(expected), at(found))
}

fn scenarios() -> Vec<(String, Vec<Document>)> {
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a scenario is readable");
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, Scenario::parse(&text).documents())
    };
    files().into_iter().map(read).collect()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry is readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}
