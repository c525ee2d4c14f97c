//! Real carrier answers: how many of their events are read, and what they are taken for.
//!
//! # Place
//! The carriers of the first table: karrio, EasyPost, UPS Track Alert, FedEx.
//! # Method
//! The events of a document are counted by a walk over its JSON that knows nothing of feeds. Events
//! that another project (karrio) expects are looked up by code and local minute, and its status is
//! compared with our milestone.
//! # Holds
//! Every case without an error in it yields all its events, none of them unmapped, unless it is named in
//! [`SPECIMENS`]. Every disagreement about a status is listed in [`DISAGREEMENTS`], with its reason.
//! # Does not hold
//! Instants: karrio's `Z` is not one, so only local times are compared.

use crate::counts::{Counts, settle};
use crate::karrio::STATUSES;
use crate::{RECEIVED, corpus, files};
use crossdock_core::feeds::Feeds;
use crossdock_tests::reading::{Reading, read};
use crossdock_tests::replay::{self, Document};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Documents of schema placeholders, whose codes are the word `string`.
const SPECIMENS: &[&str] = &["usps/test_parse_tracking_response/65315a43984e"];

/// Case, code, what karrio says, what we say, and why we do.
const DISAGREEMENTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "dhl_universal/test_parse_tracking_response/cf2ce4c2f954",
        "pre-transit",
        "delivered",
        "LABEL_CREATED",
        "the sample says pre-transit in its code and DELIVERED in its words; the code is the one of five values",
    ),
    (
        "easypost/test_parse_tracking_response/78ccf9717475",
        "pre_transit",
        "on_hold",
        "LABEL_CREATED",
        "a label that was created is held by nobody",
    ),
    (
        "fedex/test_parse_duplicate_tracking_response/261b80a79420",
        "DE",
        "delivery_failed",
        "REROUTED",
        "A47 says that the parcel was redirected to a location nearby; nobody was at the door",
    ),
    (
        "ups/test_tracking_response_parsing/ee879ef5d6ed",
        "SR",
        "on_hold",
        "CUSTOMS_RELEASED",
        "the customs agency has released it, although UPS files that under type X",
    ),
];

const FEEDS: &[(&str, &str)] = &[
    ("ups", "ups-track"),
    ("fedex", "fedex-track"),
    ("usps", "usps-v3"),
    ("dhl_universal", "dhl-unified"),
    ("easypost", "easypost"),
];

/// A case of the corpus.
struct Case {
    id: String,
    feed: &'static str,
    documents: Vec<String>,
    /// Events as karrio expects them.
    expected: Vec<Value>,
}

#[test]
fn real_answers_yield_all_their_events() {
    let Some(corpus) = corpus() else { return };
    let feeds = replay::feeds();
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    let mut used = vec![false; DISAGREEMENTS.len()];
    for case in cases(&corpus) {
        judge(&feeds, &case, &mut counts, &mut used, &mut wrong);
    }
    for (row, used) in DISAGREEMENTS.iter().zip(used) {
        if !used {
            wrong.push(format!(
                "{} {} {}: no longer disagrees; take the row out",
                row.0, row.1, row.2
            ));
        }
    }
    settle("answers", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(
    feeds: &Feeds,
    case: &Case,
    counts: &mut Counts,
    used: &mut [bool],
    wrong: &mut Vec<String>,
) {
    let documents: Vec<Document> = case
        .documents
        .iter()
        .map(|text| Document {
            feed: case.feed.to_owned(),
            received: RECEIVED,
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    let reading = read(feeds, &documents);
    let walked: usize = case.documents.iter().map(|text| walk(text)).sum();
    let unmapped = unmapped(&reading);
    let mut add = |name: &str, count: usize| {
        counts.add(case.feed, name, count);
    };
    add("cases", 1);
    add("documents", documents.len());
    add("events", walked);
    add("read", reading.events.len());
    add("unmapped", unmapped.len());
    add("dead", reading.letters.len());
    add("empty", reading.tally.documents_empty as usize);
    add("karrio events", case.expected.len());
    let is_specimen = SPECIMENS.iter().any(|specimen| case.id.contains(specimen));
    if !is_specimen {
        if reading.events.len() != walked {
            wrong.push(format!(
                "{}: {} of {walked} events; {:?}",
                case.id,
                reading.events.len(),
                reading.letters
            ));
        }
        wrong.extend(unmapped.iter().map(|event| format!("{}: unmapped {event}", case.id)));
    }
    for expected in &case.expected {
        let Some(found) = find(&reading, expected) else {
            if !is_specimen {
                wrong.push(format!("{}: karrio's event is not among ours: {expected}", case.id));
            }
            continue;
        };
        add("karrio found", 1);
        let Some(status) = expected.get("status").and_then(Value::as_str) else { continue };
        add("statuses", 1);
        if agrees(status, found) {
            add("statuses agreed", 1);
            continue;
        }
        let (code, ours) = (text(expected, "code"), meaning(found));
        let listed = DISAGREEMENTS.iter().position(|row| {
            case.id.contains(row.0) && row.1 == code && row.2 == status && row.3 == ours
        });
        match listed {
            Some(row) => used[row] = true,
            None => {
                wrong.push(format!("{}: {code}: karrio says {status}, we {ours}: {found}", case.id))
            }
        }
    }
}

/// Counts the events in a document by the shape of its JSON: arrays of objects that have a time.
fn walk(document: &str) -> usize {
    let root: Value = serde_json::from_str(document).expect("the corpus is JSON");
    if root.get("activityStatus").is_some() {
        return 1;
    }
    count(&root)
}

fn count(value: &Value) -> usize {
    const TIMES: [&str; 6] =
        ["date", "gmtDate", "eventTimestamp", "timestamp", "datetime", "checkpoint_time"];
    const CODES: [&str; 7] =
        ["status", "eventType", "eventCode", "statusCode", "status_detail", "subtag", "event"];
    match value {
        Value::Array(values) => {
            let is_event = |it: &&Value| {
                TIMES.iter().any(|key| it.get(key).is_some())
                    && CODES.iter().any(|key| it.get(key).is_some())
                    // FedEx counts the pieces of a split shipment so.
                    && it.get("pieceCount").is_none()
            };
            let events = values.iter().filter(is_event).count();
            if 0 < events { events } else { values.iter().map(count).sum() }
        }
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn unmapped(reading: &Reading) -> Vec<&Value> {
    reading.events.iter().filter(|event| event["detail"] == "UNMAPPED").collect()
}

/// The event of ours that has this code at this local minute.
fn find<'a>(reading: &'a Reading, expected: &Value) -> Option<&'a Value> {
    let clock = text(expected, "time");
    let clock = clock.split(' ').next().unwrap_or("");
    let minute = format!("{}T{clock}", text(expected, "date"));
    let code = text(expected, "code");
    let has_code = |event: &Value| {
        let others = event.get("codes").and_then(Value::as_object);
        text(event, "code") == code
            || others.is_some_and(|others| others.values().any(|it| it.as_str() == Some(code)))
    };
    reading.events.iter().find(|event| {
        has_code(event)
            && (text(event, "local_time").starts_with(&minute)
                // A midnight may be a date without a clock.
                || clock == "00:00" && text(event, "local_time") == text(expected, "date"))
    })
}

fn agrees(status: &str, event: &Value) -> bool {
    let row = STATUSES.iter().find(|row| row.0 == status);
    let Some((_, allowed)) = row else { return false };
    let is_exception = event.get("exception").is_some();
    allowed.contains(&text(event, "milestone")) || (is_exception && allowed.contains(&"!"))
}

fn meaning(event: &Value) -> String {
    let exception = text(event, "exception");
    let separator = if exception.is_empty() { "" } else { " + " };
    format!("{}{separator}{exception}", text(event, "detail"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn cases(corpus: &Path) -> Vec<Case> {
    let mut cases = karrio(corpus);
    for name in ["trackers", "tracker_events"] {
        let field = if name == "trackers" { "tracker" } else { "event" };
        let lines = fs::read_to_string(corpus.join(format!("easypost/{name}.jsonl")));
        let lines = lines.expect("the corpus is whole");
        for (number, line) in (1..).zip(lines.lines()) {
            let line: Value = serde_json::from_str(line).expect("the corpus is JSON");
            cases.push(Case {
                id: format!("easypost/{name}:{number}"),
                feed: "easypost",
                documents: vec![line[field].to_string()],
                expected: Vec::new(),
            });
        }
    }
    for (prefix, feed) in [("UPSTrackAlert", "ups-track-alert"), ("track__", "fedex-track")] {
        for file in files(&corpus.join("openapi_examples"), prefix) {
            let document = fs::read_to_string(&file).expect("the corpus is whole");
            let id = format!("openapi_examples/{}", file.file_name().unwrap_or_default().display());
            cases.push(Case { id, feed, documents: vec![document], expected: Vec::new() });
        }
    }
    cases
}

fn karrio(corpus: &Path) -> Vec<Case> {
    let pairs = fs::read_to_string(corpus.join("karrio/pairs.jsonl")).expect("the corpus is whole");
    let mut cases = Vec::new();
    for line in pairs.lines() {
        let pair: Value = serde_json::from_str(line).expect("the corpus is JSON");
        let Some((_, feed)) = FEEDS.iter().find(|row| row.0 == text(&pair, "carrier")) else {
            continue;
        };
        let raw = pair["raw"].as_array().expect("raw parts");
        let documents: Vec<String> = raw
            .iter()
            .filter_map(Value::as_str)
            .filter(|text| text.trim_start().starts_with(['{', '[']))
            .map(str::to_owned)
            .collect();
        if documents.is_empty() {
            continue;
        }
        let shipments = pair["expected"][0].as_array().map(Vec::as_slice).unwrap_or_default();
        let expected = shipments
            .iter()
            .flat_map(|it| it["events"].as_array().cloned().unwrap_or_default())
            .collect();
        cases.push(Case { id: text(&pair, "id").to_owned(), feed, documents, expected });
    }
    cases
}
