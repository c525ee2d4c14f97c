//! Every case of every carrier in karrio: the feed told from the document, event for event, status by status.
//!
//! # Method
//! A document that does not say whose it is goes into the envelope of the one who asked. An event of karrio is
//! looked up by its code or words and its minute, which is the carrier's wall clock or UTC, whichever karrio
//! happened to take (its `Z` says nothing). Statuses are compared where karrio gives one.
//! # Does not hold
//! Instants: karrio has none. Error answers: they must be read without an event, and no more.

use crate::counts::{Counts, settle};
use crate::{RECEIVED, corpus};
use crossdock_core::feeds::Feeds;
use crossdock_core::guess::Guesser;
use crossdock_tests::reading::{Reading, read};
use crossdock_tests::replay::{self, Document};
use serde_json::Value;
use std::fs;

/// Case, code, what is asserted or `-` for an event that is not among ours, and why we differ.
const DISAGREEMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "boxknight/test_parse_tracking_response/04dbbaeeb0d0",
        "GEOCODED",
        "on_hold",
        "an order whose address was found is held by nobody",
    ),
    (
        "bpost/test_parse_tracking_response/7856087354b3",
        "L00",
        "on_hold",
        "its words are: out for distribution",
    ),
    (
        "dhl_express/test_parse_tracking_response/cd511139a57d",
        "PL",
        "picked_up",
        "processed at a location on the way, days after the pickup",
    ),
    (
        "dhl_parcel_de/test_parse_tracking_response/cf2ce4c2f954",
        "pre-transit",
        "delivered",
        "the code is the one of five values; the words DELIVERED beside it contradict it",
    ),
    (
        "dhl_parcel_de/test_parse_tracking_response/c1bde082a1a1",
        "PO",
        "in_transit",
        "loaded onto the delivery vehicle",
    ),
    (
        "dhl_parcel_de/test_parse_tracking_response/cd4fbf62478c",
        "PO",
        "in_transit",
        "loaded onto the delivery vehicle",
    ),
    (
        "dhl_universal/test_parse_tracking_response/cf2ce4c2f954",
        "pre-transit",
        "delivered",
        "the code is the one of five values; the words DELIVERED beside it contradict it",
    ),
    (
        "easypost/test_parse_tracking_response/78ccf9717475",
        "pre_transit",
        "on_hold",
        "a label that was created is held by nobody",
    ),
    (
        "fedex/test_parse_duplicate_tracking_response/261b80a79420",
        "DE",
        "delivery_failed",
        "A47: redirected to a location nearby; nobody was at the door",
    ),
    (
        "locate2u/test_parse_tracking_response/301fbc5a4c3c",
        "Pending",
        "in_transit",
        "a stop that waits for its turn has not moved",
    ),
    (
        "mydhl/test_parse_tracking_response/ca5535560b4b",
        "PU",
        "pending",
        "its words are: shipment picked up",
    ),
    (
        "parcelone/test_parse_tracking_response/1c7f2caadae7",
        "REGISTERED",
        "pending",
        "its words are: shipment picked up",
    ),
    (
        "parcelone/test_parse_tracking_response/913929084487",
        "P101",
        "in_transit",
        "handed over by the sender; the hub scans it two days later",
    ),
    (
        "sendle/test_parse_tracking_response/f512d0351751",
        "Pickup Attempted",
        "on_hold",
        "an attempt to pick up opens no exception: the parcel is with its sender",
    ),
    (
        "usps/test_parse_tracking_response/2be956723d0d",
        "10",
        "-",
        "10:45 pm, which karrio takes for 10:45 in the morning",
    ),
    (
        "usps_international/test_parse_tracking_response/2be956723d0d",
        "10",
        "-",
        "10:45 pm, which karrio takes for 10:45 in the morning",
    ),
    (
        "usps_wt/test_parse_tracking_response/2be956723d0d",
        "10",
        "-",
        "10:45 pm, which karrio takes for 10:45 in the morning",
    ),
    (
        "usps_wt_international/test_parse_tracking_response/2be956723d0d",
        "10",
        "-",
        "10:45 pm, which karrio takes for 10:45 in the morning",
    ),
    (
        "usps/test_parse_tracking_response/65315a43984e",
        "string",
        "-",
        "a specimen: its instant is 14:15 UTC and its offset the word string",
    ),
    (
        "usps_international/test_parse_tracking_response/65315a43984e",
        "string",
        "-",
        "a specimen: its instant is 14:15 UTC and its offset the word string",
    ),
    (
        "yanwen/test_parse_tracking_response/11014ba60f07",
        "PU10",
        "-",
        "2019-08-15T18:52:19, which karrio takes for 1900",
    ),
    (
        "spring/test_parse_tracking_response/4b52765221b7",
        "100",
        "delivered",
        "its words are: received at origin facility",
    ),
    (
        "ups/test_tracking_response_parsing/ee879ef5d6ed",
        "SR",
        "on_hold",
        "the customs agency has released it, although UPS files that under type X",
    ),
];

/// What karrio's status may be in our words: milestones, or `!` for any exception.
pub(super) const STATUSES: &[(&str, &[&str])] = &[
    ("pending", &["ORDER_CREATED", "MANIFESTED", "CARRIER_PICKUP_SCHEDULED"]),
    ("picked_up", &["CARRIER_POSSESSION"]),
    ("in_transit", &["CARRIER_POSSESSION", "IN_TRANSIT", "CUSTOMS", "AT_DESTINATION_FACILITY"]),
    ("out_for_delivery", &["OUT_FOR_DELIVERY"]),
    ("ready_for_pickup", &["AVAILABLE_FOR_PICKUP"]),
    ("delivered", &["DELIVERED"]),
    ("delivery_failed", &["DELIVERY_ATTEMPTED"]),
    ("delivery_delayed", &["!"]),
    ("on_hold", &["!"]),
    ("return_to_sender", &["RETURNING_TO_SENDER", "RETURNED_TO_SENDER"]),
    ("cancelled", &["CANCELLED"]),
];

/// What a case is judged with.
struct Bench {
    feeds: Feeds,
    guesser: Guesser,
    counts: Counts,
    used: Vec<bool>,
    wrong: Vec<String>,
}

#[test]
fn every_case_of_every_carrier_is_read() {
    let Some(corpus) = corpus() else { return };
    let feeds = replay::feeds();
    let mut bench = Bench {
        guesser: Guesser::new(feeds.clone()),
        feeds,
        counts: Counts::default(),
        used: vec![false; DISAGREEMENTS.len()],
        wrong: Vec::new(),
    };
    let pairs = fs::read_to_string(corpus.join("karrio/pairs.jsonl")).expect("the corpus is whole");
    for line in pairs.lines() {
        let pair: Value = serde_json::from_str(line).expect("the corpus is JSON");
        bench.case(&pair);
    }
    let Bench { counts, used, mut wrong, .. } = bench;
    for (row, used) in DISAGREEMENTS.iter().zip(used) {
        if !used {
            wrong.push(format!("{} {} {}: no longer disagrees", row.0, row.1, row.2));
        }
    }
    settle("karrio", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Bench {
    fn case(&mut self, pair: &Value) {
        let (carrier, id) = (text(pair, "carrier"), text(pair, "id"));
        let shipments = pair["expected"][0].as_array().map(Vec::as_slice).unwrap_or_default();
        let asked = shipments.first().map_or("", |it| text(it, "tracking_number"));
        let expected: Vec<&Value> =
            shipments.iter().flat_map(|it| it["events"].as_array().into_iter().flatten()).collect();
        let raw = pair["raw"].as_array().expect("raw parts");
        let mut reading: Option<Reading> = None;
        for part in raw.iter().filter_map(Value::as_str).filter(|it| !it.trim().is_empty()) {
            self.counts.add(carrier, "documents", 1);
            match self.document(part, asked) {
                Some(more) => match &mut reading {
                    Some(reading) => reading.events.extend(more.events),
                    None => reading = Some(more),
                },
                None if !expected.is_empty() => self.counts.add(carrier, "no feed", 1),
                None => {}
            }
        }
        self.counts.add(carrier, "cases", 1);
        self.counts.add(carrier, "karrio events", expected.len());
        let Some(reading) = reading else {
            if !expected.is_empty() {
                self.wrong.push(format!("{id}: no feed reads it"));
            }
            return;
        };
        let unmapped = reading.events.iter().filter(|it| it["detail"] == "UNMAPPED").count();
        self.counts.add(carrier, "events", reading.events.len());
        self.counts.add(carrier, "unmapped", unmapped);
        self.counts.add(carrier, "dead", reading.letters.len());
        for expected in expected {
            self.event(carrier, id, &reading, expected);
        }
    }

    /// What is read of one document; in an envelope where it does not say whose it is.
    fn document(&mut self, part: &str, asked: &str) -> Option<Reading> {
        let enveloped = serde_json::from_str::<Value>(part).ok().map(|answer| {
            serde_json::json!({"tracking_number": asked, "answer": answer}).to_string()
        });
        let mut last = None;
        for document in [Some(part.to_owned()), enveloped].into_iter().flatten() {
            let Some(feed) = self.guesser.feed_of(document.as_bytes()) else { continue };
            let document = Document { feed, received: RECEIVED, bytes: document.into_bytes() };
            let reading = read(&self.feeds, &[document]);
            if !reading.events.is_empty() {
                return Some(reading);
            }
            last = last.or(Some(reading));
        }
        last
    }

    fn event(&mut self, carrier: &str, id: &str, reading: &Reading, expected: &Value) {
        let code = text(expected, "code");
        let Some(found) = find(reading, expected) else {
            self.counts.add(carrier, "missed", 1);
            self.disagree(id, code, "-", || format!("not among ours: {expected}"));
            return;
        };
        self.counts.add(carrier, "found", 1);
        let Some(status) = expected.get("status").and_then(Value::as_str) else { return };
        self.counts.add(carrier, "statuses", 1);
        let allowed = STATUSES.iter().find(|row| row.0 == status).map_or(&[][..], |row| row.1);
        let is_exception = found.get("exception").is_some();
        if allowed.contains(&text(found, "milestone")) || is_exception && allowed.contains(&"!") {
            self.counts.add(carrier, "agreed", 1);
            return;
        }
        self.disagree(id, code, status, || format!("karrio says {status}: {found}"));
    }

    fn disagree(&mut self, id: &str, code: &str, says: &str, explain: impl FnOnce() -> String) {
        let listed = DISAGREEMENTS
            .iter()
            .position(|row| id.contains(row.0) && row.1 == code && row.2 == says);
        match listed {
            Some(row) => self.used[row] = true,
            None => self.wrong.push(format!("{id}: {code}: {}", explain())),
        }
    }
}

/// The event of ours with this code or these words at this minute.
fn find<'a>(reading: &'a Reading, expected: &Value) -> Option<&'a Value> {
    let clock = text(expected, "time").get(..5).unwrap_or("");
    let date = text(expected, "date");
    let minute = format!("{date}T{clock}");
    let (code, words) = (text(expected, "code"), text(expected, "description"));
    let is_said = |event: &Value| {
        let others = event.get("codes").and_then(Value::as_object);
        let mut codes = others.into_iter().flat_map(|it| it.values().filter_map(Value::as_str));
        let is_code = |it: &str| !code.is_empty() && it.eq_ignore_ascii_case(code);
        is_code(text(event, "code"))
            || codes.any(is_code)
            || !words.is_empty() && text(event, "text").contains(words)
    };
    let is_then = |event: &Value| {
        let local = text(event, "local_time");
        date.is_empty()
            || local.starts_with(&minute)
            || local == date && (clock == "00:00" || clock.is_empty())
            || utc_minute(text(event, "event_time")).is_some_and(|it| it.starts_with(&minute))
    };
    reading.events.iter().find(|event| is_said(event) && is_then(event))
}

/// An instant as UTC.
fn utc_minute(instant: &str) -> Option<String> {
    instant.parse::<jiff::Timestamp>().ok().map(|it| it.to_string())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
