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
    clock: wall
    raise: { code: NOT_THERE }
  - { id: own.moved-out, watch: shipment.appointment_at - shipment.first_at > 7d, raise: { code: MOVED_OUT } }
";

/// A freight carrier's message around one status.
const X12: &str = "ISA*00*          *00*          *02*ABCD           *12*6085550100     *260520*0736*U*00401*000000007*0*P*:~
GS*QM*ABCD*6085550100*20260520*0736*7*X*004010~
ST*214*0001~
B10*107600001*SHP-1*ABCD~
LX*1~
STATUS
SE*5*0001~
GE*1*7~
IEA*1*000000007~";

/// What is looked at here.
const OF_PROMISES: [&str; 6] =
    ["PROMISE_MISSED", "LATER_DAY", "CAME_LATE", "NOT_THERE", "MOVED_OUT", "APPOINTMENT_MISSED"];

fn rules() -> Arc<RuleSet> {
    let mut pack = pack::builtin();
    pack.sources.push(Source::new("own.yaml", OWN));
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

/// `day hour | event, more of the document`, or `day hour | AT7*...~` for an X12 214; with neither time passes.
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
        if event.starts_with("AT7") {
            let body = X12.replace("STATUS", event);
            return Document { feed: String::from("x12-214"), received, bytes: body.into_bytes() };
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

#[test]
fn freight_writes_its_appointments_as_times_of_events() {
    // Days ahead, moved to another day, missed there.
    check(
        "20 08:00 | AT7*AF*NS***20260520*0800*UT~
         20 10:00 | AT7***AB*NA*20260522*1400*UT~
         21 10:00 | AT7***AB*NA*20260523*1400*UT~
         22 20:00 |
         23 16:00 | AT7*X1*NS***20260523*1600*UT~",
        &[
            "opened APPOINTMENT_MISSED 23T14:30Z",
            "opened NOT_THERE 23T14:30Z",
            "resolved APPOINTMENT_MISSED 23T16:00Z",
            "resolved NOT_THERE 23T16:00Z",
        ],
    );
    // An hour ahead, and there before its time.
    check(
        "20 08:00 | AT7*AF*NS***20260520*0800*UT~
         22 13:00 | AT7***AB*NA*20260522*1400*UT~
         22 13:50 | AT7*X1*NS***20260522*1350*UT~
         22 20:00 |",
        &[],
    );
}
