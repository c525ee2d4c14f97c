//! What one lane reads of documents: standardized events and dead letters, before any shipment.
//!
//! # Place
//! Under `conformance` and `bad_input`; `scenario` asks it for the numbers that documents name.
//! # Holds
//! Events are parsed from the bytes that `crossdock normalize` prints.

use crate::replay::Document;
use crossdock_core::batch::Batch;
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::Intake;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::normalized;
use crossdock_core::output::Output;
use crossdock_core::standardize::place::Atlas;
use crossdock_core::tally::Tally;
use crossdock_model::time::Micros;
use serde_json::Value;
use std::sync::LazyLock;

/// Where places are; loaded once.
static ATLAS: LazyLock<Atlas> = LazyLock::new(Atlas::load);

/// Everything that a lane made of documents.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Carrier and number of every shipment, each once, in the order of their first coming.
    pub keys: Vec<(String, String)>,
    /// Standardized events.
    pub events: Vec<Value>,
    /// Dead letters.
    pub letters: Vec<Value>,
    /// The lane's account: events without their outcome.
    pub tally: Tally,
}

/// Reads documents in one turn.
///
/// # Panics
/// Where the engine writes something that is no JSON.
#[must_use]
pub fn read(feeds: &Feeds, documents: &[Document]) -> Reading {
    let options = LaneOptions { with_particulars: true, ..LaneOptions::default() };
    let mut lane = Lane::new(feeds.clone(), ATLAS.clone(), options);
    let mut intake = Intake::default();
    let mut clock = 0;
    for (seq, document) in (1..).zip(documents) {
        clock = document.received.max(clock);
        intake.push(seq, Micros(clock), "t", &document.feed, &document.bytes);
    }
    let mut batches = [Batch::default()];
    let mut letters = Output::default();
    lane.read(&intake, &mut LaneOutput { batches: &mut batches, letters: &mut letters });
    let [batch] = &batches;
    let mut reading =
        Reading { keys: Vec::new(), events: Vec::new(), letters: Vec::new(), tally: *lane.tally() };
    let names = feeds.names();
    let mut line = Vec::new();
    for group in &batch.groups {
        let key = (batch.text(group.carrier).to_owned(), batch.text(group.number).to_owned());
        if !reading.keys.contains(&key) {
            reading.keys.push(key);
        }
        let first = group.first_item as usize;
        for item in &batch.items[first..first + group.item_count as usize] {
            line.clear();
            normalized::write(&mut line, batch, group, item, &names);
            reading.events.push(serde_json::from_slice(&line).expect("an event is JSON"));
        }
    }
    for message in letters.messages() {
        let body = serde_json::from_slice(letters.body(message)).expect("a letter is JSON");
        reading.letters.push(body);
    }
    reading
}
