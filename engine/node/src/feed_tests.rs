//! The tests that stand inside the feed files, run through a lane: what a feed's author says a
//! document means is what the engine reads.
//!
//! # Holds
//!
//! - Fields are compared as `crossdock normalize` prints them; `none` stands for "absent".

use crossdock_core::batch::Batch;
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::Intake;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::normalized;
use crossdock_core::output::Output;
use crossdock_core::standardize::place::Atlas;
use crossdock_model::time::Micros;
use crossdock_rules::feed::program::Feed;
use serde_json::Value;

/// Receipt of every document, 2030-01-01: later than any time in the feed files.
const RECEIVED: Micros = Micros(1_893_456_000_000_000);

/// What came of the tests of some feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Tests run.
    pub tests: usize,
    /// What differs, a line each: file, line, field, found, expected.
    pub complaints: Vec<String>,
}

/// Runs the tests of the feeds that `wanted` names; all of them where it names none.
#[must_use]
pub fn run(feeds: &Feeds, wanted: Option<&str>) -> Report {
    let names = feeds.names();
    let mut lane = Lane::new(
        feeds.clone(),
        Atlas::load(),
        LaneOptions { with_particulars: true, ..LaneOptions::default() },
    );
    let mut report = Report::default();
    let is_wanted = |feed: &&Feed| wanted.is_none_or(|name| *feed.name == *name);
    for feed in feeds.set().feeds().iter().filter(is_wanted) {
        for test in feeds.set().tests(feed.id) {
            report.tests += 1;
            let place = format!("{}.yaml:{}", feed.name, test.line);
            let events = read(&mut lane, &names, &feed.name, &test.document);
            if events.len() != test.events.len() {
                let (found, expected) = (events.len(), test.events.len());
                report.complaints.push(format!("{place}: {found} events, expected {expected}"));
                continue;
            }
            for (event, expected) in events.iter().zip(&test.events) {
                for (name, value) in &expected.fields {
                    let found = field(event, name);
                    if found != **value {
                        let place = format!("{}.yaml:{}", feed.name, expected.line);
                        let complaint = format!("{place}: {name} is {found}, expected {value}");
                        report.complaints.push(complaint);
                    }
                }
            }
        }
    }
    report
}

/// The standardized events of one document, as `crossdock normalize` prints them.
fn read(lane: &mut Lane, names: &[Box<str>], feed: &str, document: &str) -> Vec<Value> {
    let mut intake = Intake::default();
    intake.push(1, RECEIVED, "test", feed, document.as_bytes());
    let mut batches = [Batch::default()];
    let mut letters = Output::default();
    lane.read(&intake, &mut LaneOutput { batches: &mut batches, letters: &mut letters });
    let [batch] = &batches;
    let mut events = Vec::new();
    for group in &batch.groups {
        let first = group.first_item as usize;
        for item in &batch.items[first..first + group.item_count as usize] {
            let mut line = Vec::new();
            normalized::write(&mut line, batch, group, item, names);
            events.push(serde_json::from_slice(&line).unwrap_or(Value::Null));
        }
    }
    events
}

/// A field as the feed files write it; `none` where it is absent.
fn field(event: &Value, name: &str) -> String {
    match event.get(name) {
        None => String::from("none"),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
