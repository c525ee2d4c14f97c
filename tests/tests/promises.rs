//! Promise and appointment: what a document says of them, and rules that hold events and estimates against them.
//!
//! # Place
//! Through the embedded engine, with the rules of the packs and some of a tenant's own.
//! # Method
//! Documents in crossdock's own format, then days on which only timers speak; the same with other threads and with an
//! engine that is saved and restored behind every document.
//! # Holds
//! The first estimate is the promise, the last word is the appointment; the day after is late, the same day is not.

use crossdock_core::engine::EngineOptions;
use crossdock_core::intake::TICK;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::pack;
use crossdock_rules::rule::ruleset::RuleSet;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::saved;
use serde_json::Value;
use std::sync::Arc;

/// A tenant's own, beside those of the packs.
const OWN: &str = "version: 1
rules:
  - { id: own.later-day, watch: eta.carrier_at > shipment.promise_at, raise: { code: LATER_DAY } }
  - { id: own.came-late, event: delivered, where: event.time > shipment.promise_at, raise: { code: CAME_LATE } }
  - id: own.not-there
    expect: { after: [appt_confirmed, appt_changed], want: arrived_consignee, by: shipment.appointment_at + 30m, cancel: appt_changed }
    once: occurrence
    raise: { code: NOT_THERE }
  - { id: own.moved-out, watch: shipment.appointment_at - shipment.first_at > 7d, raise: { code: MOVED_OUT } }
";

/// What is looked at here.
const OF_PROMISES: [&str; 5] =
    ["PROMISE_MISSED", "LATER_DAY", "CAME_LATE", "NOT_THERE", "MOVED_OUT"];

fn rules() -> Arc<RuleSet> {
    let mut pack = pack::builtin();
    pack.sources.push(Source::new("own.yaml", OWN));
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

/// `day hour | event, more of the document`; without an event time passes.
fn documents(story: &str) -> Vec<Document> {
    let document = |line: &str| {
        let (at, rest) = line.split_once('|').expect("a time | an event");
        let (day, hour) = at.trim().split_once(' ').expect("day hour");
        let at = format!("2026-05-{day}T{hour}:00Z");
        let received = replay::micros(&at);
        let (event, more) = rest.split_once(',').unwrap_or((rest, ""));
        let event = event.trim();
        if event.is_empty() {
            return Document { feed: String::from(TICK), received, bytes: Vec::new() };
        }
        let comma = if more.trim().is_empty() { "" } else { "," };
        let time =
            if more.contains("\"at\"") { String::new() } else { format!(",\"at\":\"{at}\"") };
        let body = format!(
            "{{\"carrier\":\"swift\",\"tracking_number\":\"SW1\",\"event\":\"{event}\"{time}{comma}{more}}}"
        );
        Document { feed: String::from("generic"), received, bytes: body.into_bytes() }
    };
    story.lines().map(str::trim).filter(|line| !line.is_empty()).map(document).collect()
}

fn replay_of((lanes, shards): (usize, usize), is_saved: bool, story: &str) -> String {
    let options = EngineOptions { lanes, shards, rules: Some(rules()), ..EngineOptions::default() };
    let feeds = replay::feeds();
    let mut replay = Replay::with(&feeds, &options);
    let mut bytes = Vec::new();
    for document in documents(story) {
        replay.push("t", &document);
        bytes.extend(replay.lines());
        if is_saved {
            saved::restart(&mut replay, &feeds, &options);
        }
    }
    String::from_utf8(bytes).expect("subjects and bodies are UTF-8")
}

/// What rules said to operations of promise and appointment, `kind code at`.
fn check(story: &str, expected: &[&str]) {
    let lines = replay_of((1, 1), false, story);
    let mut found = Vec::new();
    for line in lines.lines() {
        let body: Value = serde_json::from_str(line.split_once(' ').expect("subject and body").1)
            .expect("a body is JSON");
        let text = |key: &str| body[key].as_str().unwrap_or("");
        let code = text("code");
        let is_ours = OF_PROMISES.contains(&code);
        if is_ours && text("audience") == "operations" {
            let at = text("at").replace(":00Z", "Z").replace("2026-05-", "");
            found.push(format!("{} {code} {at}", text("kind").replace("exception_", "")));
        }
    }
    assert_eq!(found, expected, "{story}\n{lines}");
    for threads in [(2, 3), (3, 1)] {
        assert_eq!(replay_of(threads, false, story), lines, "{threads:?}");
    }
    assert_eq!(replay_of((1, 2), true, story), lines, "saved and restored");
}

#[test]
fn the_first_estimate_is_the_promise() {
    check(
        "20 08:00 | ACCEPTED, \"eta\":\"2026-05-22\"
         21 08:00 | ARRIVED_FACILITY, \"eta\":\"2026-05-24\"
         23 07:00 |
         24 09:00 | DELIVERED",
        &[
            "opened LATER_DAY 21T08:00Z",
            "opened PROMISE_MISSED 22T23:59:59Z",
            "opened CAME_LATE 24T09:00Z",
            "resolved PROMISE_MISSED 24T09:00Z",
        ],
    );
}

#[test]
fn an_hour_of_the_promised_day_is_not_late() {
    check(
        "20 08:00 | ACCEPTED, \"eta\":\"2026-05-22\"
         21 08:00 | ARRIVED_FACILITY, \"eta\":\"2026-05-22T16:00:00Z\"
         22 18:00 | DELIVERED
         25 07:00 |",
        &[],
    );
}

#[test]
fn an_appointment_lies_ahead_of_its_message() {
    check(
        "20 08:00 | ACCEPTED
         20 10:00 | APPT_CONFIRMED, \"at\":\"2026-05-22T14:00:00Z\"
         22 15:00 |
         22 16:00 | ARRIVED_CONSIGNEE",
        &["opened NOT_THERE 22T14:30Z", "resolved NOT_THERE 22T16:00Z"],
    );
}

#[test]
fn an_appointment_that_is_moved_is_another() {
    check(
        "20 08:00 | ACCEPTED
         20 10:00 | APPT_CONFIRMED, \"at\":\"2026-05-22T14:00:00Z\"
         21 10:00 | APPT_CHANGED, \"at\":\"2026-05-29T14:00:00Z\"
         22 15:00 |
         29 16:00 | ARRIVED_CONSIGNEE",
        &[
            "opened MOVED_OUT 21T10:00Z",
            "opened NOT_THERE 29T14:30Z",
            "resolved NOT_THERE 29T16:00Z",
        ],
    );
}
