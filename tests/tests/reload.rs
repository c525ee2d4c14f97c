//! Rules switched by a message of the log: in force at one place, nothing lost, nothing doubled.
//!
//! # Place
//! Through the embedded engine, as the shards of a node do it.
//! # Method
//! Two rule sets differ in rules that come and go, so that every index moves; the rest is the same. The
//! bundled day, with days behind it on which only timers speak, is replayed with a switch after every
//! message, and compared with a replay without any.
//! # Holds
//! What the rules say that both sets have does not depend on switches; the bytes do not depend on lanes,
//! shards or turns; what a rule has open that goes away is withdrawn once.

use crossdock_core::engine::EngineOptions;
use crossdock_core::intake::TICK;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::pack;
use crossdock_rules::rule::ruleset::RuleSet;
use crossdock_tests::replay::{self, Document, Replay};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Rules before, between and behind the others: their ids sort so.
const MORE: &str = "version: 1
rules:
  - { id: a.first, event: delivered, raise: { code: FIRST_OF_ALL } }
  - { id: parcel.every, event: any, once: occurrence, raise: { code: EVERY_EVENT } }
  - { id: z.last, expect: { after: out_for_delivery, want: delivered, within: 2h }, raise: { code: LAST_OF_ALL } }
";

fn more() -> Arc<RuleSet> {
    let mut pack = pack::builtin();
    pack.sources.push(Source::new("more.yaml", MORE));
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

fn day() -> Vec<Document> {
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    let mut day = replay::capture(&fs::read_to_string(day).expect("the day is in the workspace"));
    let last = day.last().expect("there are some").received;
    for days in 0..9 {
        let received = last + days * 86_400_000_000;
        day.push(Document { feed: String::from(TICK), received, bytes: Vec::new() });
    }
    day
}

/// Replays the day; after message `n` the rules of `switch(n)` come into force.
fn replay(
    (lanes, shards, turn): (usize, usize, usize),
    mut switch: impl FnMut(usize) -> Option<Arc<RuleSet>>,
) -> String {
    let rules = Some(replay::rules());
    let options = EngineOptions { lanes, shards, rules, ..EngineOptions::default() };
    let mut replay = Replay::with(&replay::feeds(), &options);
    let mut bytes = Vec::new();
    let day = day();
    for (number, document) in day.iter().enumerate() {
        replay.push("demo", document);
        if let Some(rules) = switch(number) {
            replay.switch(&rules);
        }
        if number % turn == 0 || number + 1 == day.len() {
            bytes.extend(replay.lines());
        }
    }
    assert!(replay.tally().balances());
    String::from_utf8(bytes).expect("subjects and bodies are UTF-8")
}

/// What the rules of both sets said, without what a switch may change: versions, positions, the set.
fn alerts(lines: &str) -> Vec<String> {
    let body = |line: &str| -> Value {
        let (_, body) = line.split_once(' ').expect("subject and body");
        serde_json::from_str(body).expect("a body is JSON")
    };
    let is_common = |body: &Value| {
        let rule = body["rule"].as_str().unwrap_or("");
        !rule.is_empty() && !["a.first", "parcel.every", "z.last"].contains(&rule)
    };
    let said = |body: Value| {
        let part = |key: &str| body[key].to_string();
        ["id", "kind", "audience", "rule_rev", "at", "ended"].map(part).join(" ")
    };
    lines.lines().map(body).filter(is_common).map(said).collect()
}

#[test]
fn a_switch_after_every_message_changes_nothing_for_the_rules_that_stay() {
    let (plain, more) = (replay::rules(), more());
    let want = alerts(&replay((1, 1, 1), |_| None));
    assert!(30 < want.len());
    let both = [Arc::clone(&more), Arc::clone(&plain)];
    let switched = replay((1, 1, 1), |number| Some(Arc::clone(&both[number % 2])));
    assert_eq!(alerts(&switched), want);
    assert!(switched.contains("EVERY_EVENT"));
    for way in [(2, 3, 7), (1, 2, 50), (3, 1, 1000)] {
        let found = replay(way, |number| Some(Arc::clone(&both[number % 2])));
        assert!(found == switched, "{way:?}");
    }
}
