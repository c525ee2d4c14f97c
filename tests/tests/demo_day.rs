//! The bundled day: what a person sees first must be varied, in order and right.
//!
//! # Place
//! `engine/node/demo/day.ndjson`, which `crossdock demo` replays.
//! # Holds
//! Every feed of the first nine, every kind of outcome, and the stories of the day.

use crossdock_model::reject::Outcome;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::scenario::line_of;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SIZE_MAX: u64 = 120 * 1024;

fn day() -> Vec<Document> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    assert!(fs::metadata(&file).expect("the day is in the workspace").len() < SIZE_MAX);
    replay::capture(&fs::read_to_string(file).expect("the day is text"))
}

#[test]
fn the_day_is_one_day_of_all_feeds() {
    let day = day();
    assert!((60..=100).contains(&day.len()));
    assert!(day.is_sorted_by_key(|document| document.received));
    let start = replay::micros("2026-05-21T00:00:00Z");
    assert!(day.iter().all(|it| (0..86_400_000_000).contains(&(it.received - start))));
    let feeds: BTreeSet<&str> = day.iter().map(|document| document.feed.as_str()).collect();
    for feed in [
        "ups-track",
        "ups-track-alert",
        "fedex-track",
        "usps-v3",
        "dhl-unified",
        "easypost",
        "aftership",
        "shippo",
        "generic",
    ] {
        assert!(feeds.contains(feed), "{feed}");
    }
}

#[test]
fn the_day_tells_its_stories() {
    let mut replay = Replay::new(&replay::feeds());
    let mut lines = Vec::new();
    for document in day() {
        replay.push("demo", &document);
        lines.extend(replay.said().iter().map(line_of));
    }
    println!("{}", lines.join("\n"));
    let tally = replay.tally();
    for outcome in Outcome::ALL {
        assert!(0 < tally.of(outcome), "{} is shown", outcome.name());
    }
    for story in [
        "1Z8F4W370307772015 correction IN_TRANSIT after DELIVERED",
        "1Z8F4W370300999007 milestone CANCELLED after MANIFESTED",
        "1Z8F4W370311803394 milestone CARRIER_POSSESSION after MANIFESTED",
        "774094337673 milestone DELIVERED after AVAILABLE_FOR_PICKUP",
        "778133500428 exception_opened DAMAGED in DELIVERED",
        "9400100000000111222335 milestone RETURNED_TO_SENDER after RETURNING_TO_SENDER",
        "4829150631 exception_resolved CUSTOMS_HOLD",
        "340434161094123454 milestone AVAILABLE_FOR_PICKUP",
        "RM473124761GB milestone DELIVERED after OUT_FOR_DELIVERY",
        "9205590164917312751089 exception_resolved ADDRESS_ISSUE",
        "9400109000000076543219 correction IN_TRANSIT after LOST_CONFIRMED",
        "B-2044 milestone DELIVERED after AVAILABLE_FOR_PICKUP",
        "RMA-5531 milestone REFUND_RELEASED after DISPOSITION_DECIDED",
        "VX-90210 exception_opened DELAYED in OUT_FOR_DELIVERY",
        "PRO-448210 milestone PARTIALLY_DELIVERED",
        "dead letter: malformed",
        "dead letter: no_number",
        "dead letter: unknown_feed",
    ] {
        let count = lines.iter().filter(|line| line.starts_with(story)).count();
        assert_eq!(count, 1, "told once: {story}");
    }
    assert!(lines.iter().all(|line| !line.starts_with("VX-90211")), "the future says nothing");
}
