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
use std::collections::{BTreeMap, BTreeSet};
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

/// One thing that a rule said: (tenant, carrier, number, epoch, audience), and what.
struct Said {
    whom: String,
    id: String,
    is_raise: bool,
    episode: u64,
    ended: String,
}

/// What one rule said, in order.
fn said_by(lines: &str, rule: &str) -> Vec<Said> {
    let body = |line: &str| -> Value {
        let (_, body) = line.split_once(' ').expect("subject and body");
        serde_json::from_str(body).expect("a body is JSON")
    };
    let said = |body: Value| {
        let part = |key: &str| body[key].to_string();
        Said {
            whom: ["tenant", "carrier", "tracking_number", "epoch", "audience"].map(part).join(" "),
            id: part("id"),
            is_raise: body["kind"] == "exception_opened",
            episode: body["episode"].as_u64().expect("an alert has an episode"),
            ended: body["ended"].as_str().unwrap_or("").to_owned(),
        }
    };
    lines.lines().map(body).filter(|body| body["rule"] == rule).map(said).collect()
}

/// Each raise is ended at most once, before the next; episodes rise; no id is used twice. Gives the number
/// of raises, how they ended, and how many are open.
fn account(lines: &str, rule: &str) -> (usize, Vec<String>, usize) {
    let mut ids = BTreeSet::new();
    let mut episodes: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    let (mut raises, mut ends) = (0, Vec::new());
    for said in said_by(lines, rule) {
        let Said { whom, id, is_raise, episode, ended } = said;
        assert!(
            ids.insert((id, whom.clone())),
            "{rule}: an id twice for {whom}, episode {episode}"
        );
        let (last, is_open) = episodes.entry(whom.clone()).or_default();
        // `parcel.every` raises each time and is ended by nothing: the newest raise stands for those before.
        let replaces = is_raise && rule == "parcel.every";
        assert!(*is_open != is_raise || replaces, "{rule}: {whom}, episode {episode}");
        if is_raise {
            assert!(*last < episode, "{rule}: {whom} goes from episode {last} to {episode}");
            raises += 1;
        } else {
            assert_eq!(*last, episode, "{rule}: {whom}");
            ends.push(ended);
        }
        (*last, *is_open) = (episode, is_raise);
    }
    (raises, ends, episodes.values().filter(|(_, is_open)| *is_open).count())
}

#[test]
fn a_rule_that_goes_is_withdrawn_once_and_one_that_comes_looks_back() {
    let (plain, more) = (replay::rules(), more());
    let end = day().len() - 9;
    let lines = replay((1, 2, 5), |number| match number {
        0 => Some(Arc::clone(&more)),
        _ if number == end => Some(Arc::clone(&plain)),
        _ => None,
    });
    for rule in ["a.first", "parcel.every", "z.last"] {
        let (raised, ends, open) = account(&lines, rule);
        assert!(0 < raised, "{rule}");
        assert_eq!(open, 0, "{rule}: all that was raised is over");
        assert!(ends.iter().any(|end| end == "withdrawn"), "{rule}");
    }
    // The rule about two hours comes when the trucks have long left.
    let late = replay((1, 2, 5), |number| (number == end).then(|| Arc::clone(&more)));
    assert!(late.contains("LAST_OF_ALL"));
}

#[test]
fn a_rule_that_goes_and_comes_says_nothing_under_a_name_it_has_used() {
    let (plain, more) = (replay::rules(), more());
    let both = [Arc::clone(&more), Arc::clone(&plain)];
    let switched = replay((1, 1, 1), |number| Some(Arc::clone(&both[number % 2])));
    let kept = replay((1, 1, 1), |number| (number == 0).then(|| Arc::clone(&more)));
    let mut come_back = 0;
    for rule in ["a.first", "parcel.every", "z.last"] {
        account(&switched, rule);
        come_back += said_by(&switched, rule).iter().filter(|said| 1 < said.episode).count();
    }
    assert!(0 < come_back, "something was raised again");
    // What waits for what does not come is open at the end as often as where the rule had stayed.
    let stays = replay((1, 1, 1), |number| match number {
        0 => Some(Arc::clone(&more)),
        20 => Some(Arc::clone(&plain)),
        21 => Some(Arc::clone(&more)),
        _ => None,
    });
    let (_, _, open) = account(&kept, "z.last");
    assert_eq!(account(&stays, "z.last").2, open);
    assert!(0 < open);
}
