//! Scenario files: documents as carriers write them, and what crossdock says of each.
//!
//! # Place
//! Read and rewritten by `tests/scenarios.rs`; written by people, in `tests/scenarios/*.txt`.
//! # Method
//! ```text
//! # H18: a UPS type D is not a delivery            comments; `# With rules.` lets the packs watch
//!
//! 2026-05-21T13:14:09Z ups-track                   when it came, and to which feed; `-tick`: time passes
//!   {"trackResponse": ...                          the document, indented
//! => 1Z... milestone OUT_FOR_DELIVERY after ...    what was said of it, a line each
//!
//! = ups 1Z...: OUT_FOR_DELIVERY ...                what is true in the end
//!     2026-05-21T08:12:00-05:00 ...                and the history, in order
//! = 3 inputs: 2 emitted, 1 history                 the account
//! ```
//! Lines that begin with `=` and history lines are written by the test under `UPDATE_EXPECT=1`.
//! # Holds
//! Rendering a parsed file that passes gives the file.
//! # Does not hold
//! How it is replayed: see `replay`.

use crate::reading::read;
use crate::replay::{self, Document, Replay, Said, Shipment, micros};
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::tally::Tally;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::record::{Record, Seconds};
use crossdock_model::reject::Outcome;
use serde_json::Value;
use std::fmt::Write as _;

/// The tenant under which scenarios run.
pub const TENANT: &str = "demo";

/// A scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The comments on top, with their line ends.
    preamble: String,
    /// Header line and indented text of each document.
    steps: Vec<(String, String)>,
}

/// What a scenario came to.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Every shipment that a document names, in the order of their first coming.
    pub shipments: Vec<Shipment>,
    /// The account.
    pub tally: Tally,
}

impl Scenario {
    /// Reads a file. Expected lines are left out: rendering writes them.
    ///
    /// # Panics
    /// Where a line stands where none can.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut scenario = Self { preamble: String::new(), steps: Vec::new() };
        let mut in_ending = false;
        for line in text.lines() {
            let is_expected = line.starts_with('=');
            in_ending |= is_expected && !line.starts_with("=>");
            if is_expected || in_ending || line.trim().is_empty() {
                continue;
            }
            if line.starts_with('#') {
                let at = if scenario.steps.is_empty() {
                    &mut scenario.preamble
                } else {
                    &mut scenario.steps.last_mut().expect("there is one").1
                };
                at.push_str(line);
                at.push('\n');
            } else if line.starts_with(' ') {
                let step = scenario.steps.last_mut().expect("a document follows its header");
                step.1.push_str(line);
                step.1.push('\n');
            } else {
                scenario.steps.push((line.to_owned(), String::new()));
            }
        }
        assert!(!scenario.steps.is_empty(), "a scenario has a document");
        scenario
    }

    /// The documents.
    ///
    /// # Panics
    /// Where a header is not `time feed`.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        let documents = self.steps.iter().map(|(header, text)| {
            let (time, feed) = header.split_once(' ').expect("a header is `time feed`");
            let lines: Vec<&str> =
                text.lines().filter(|line| !line.starts_with('#')).map(str::trim_start).collect();
            let bytes = lines.join("\n").into_bytes();
            Document { feed: feed.trim().to_owned(), received: micros(time), bytes }
        });
        documents.collect()
    }

    /// The options it runs with: rules watch where the comments on top say `# With rules.`
    #[must_use]
    pub fn options(&self) -> EngineOptions {
        let has_rules = self.preamble.lines().any(|line| line.starts_with("# With rules."));
        EngineOptions { rules: has_rules.then(replay::rules), ..EngineOptions::default() }
    }

    /// Runs it and writes the file as it should be.
    #[must_use]
    pub fn render(&self, feeds: &Feeds) -> (String, Ending) {
        let documents = self.documents();
        let mut out = self.preamble.clone();
        let mut replay = Replay::with(feeds, &self.options());
        for ((header, text), document) in self.steps.iter().zip(&documents) {
            replay.push(TENANT, document);
            writeln!(out, "\n{header}\n{text}").expect("a String takes all");
            out.pop();
            for said in replay.said() {
                writeln!(out, "=> {}", line_of(&said)).expect("a String takes all");
            }
        }
        let ending = Ending::of(&replay, &documents, feeds);
        out.push('\n');
        for shipment in &ending.shipments {
            write_shipment(&mut out, shipment);
        }
        writeln!(out, "= {}", account(&ending.tally)).expect("a String takes all");
        (out, ending)
    }
}

impl Ending {
    /// What a replay of these documents came to, for the scenarios' tenant.
    #[must_use]
    pub fn of(replay: &Replay, documents: &[Document], feeds: &Feeds) -> Self {
        Self { shipments: shipments(replay, documents, feeds), tally: replay.tally() }
    }
}

/// The shipments that documents name, as a replay knows them, in the order of their first coming.
#[must_use]
pub fn shipments(replay: &Replay, documents: &[Document], feeds: &Feeds) -> Vec<Shipment> {
    let keys = read(feeds, documents).keys.into_iter();
    keys.flat_map(|(carrier, number)| {
        let found = replay.shipments(&number);
        found.into_iter().filter(move |(_, it)| it.carrier == carrier).map(|(_, it)| it)
    })
    .collect()
}

/// One message as a line.
#[must_use]
pub fn line_of(said: &Said) -> String {
    let body = &said.body;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
    if !text("reason").is_empty() && body.get("kind").is_none() {
        return format!("dead letter: {} {}", text("reason"), text("detail")).trim_end().to_owned();
    }
    if text("kind") == "order" {
        return order_line(body);
    }
    let mut line = format!("{} {}", text("tracking_number"), text("kind"));
    let mut add = |words: &str| {
        if !words.trim_end().is_empty() {
            line.push_str(words);
        }
    };
    let aliases = body.get("aliases").and_then(Value::as_array).into_iter().flatten();
    for alias in aliases.filter_map(Value::as_str) {
        add(&format!(" alias {alias}"));
    }
    match text("kind") {
        "exception_opened" | "exception_resolved" if !text("rule").is_empty() => {
            add(&format!(" {} by {}", text("code"), text("rule")));
            if body.get("retracted").is_some() {
                add(", taken back");
            }
            if !text("ended").is_empty() {
                add(&format!(", {}", text("ended")));
            }
            if !text("message").is_empty() {
                add(&format!(", \"{}\"", text("message")));
            }
        }
        "exception_opened" | "exception_resolved" => {
            add(&format!(" {} in {}", text("exception"), text("milestone")));
        }
        "eta_changed" => add(&format!(" {} -> {}", when(&body["from"]), when(&body["to"]))),
        _ => add(&format!(" {} after {}", text("milestone"), text("previous"))),
    }
    let at = if text("at").is_empty() { text("local_time") } else { text("at") };
    if !at.is_empty() {
        add(&format!(", {at}"));
    }
    for (key, name) in [("detail", ""), ("reason", "because "), ("direction", "")] {
        if !text(key).is_empty() {
            add(&format!(", {name}{}", text(key)));
        }
    }
    for key in ["epoch", "episode"] {
        let number = body.get(key).and_then(Value::as_u64).unwrap_or(1);
        if number != 1 {
            add(&format!(", {key} {number}"));
        }
    }
    add(&format!(", to {}", text("audience")));
    line
}

fn order_line(body: &Value) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
    let episode = match body.get("episode").and_then(Value::as_u64) {
        Some(1) | None => String::new(),
        Some(episode) => format!(", episode {episode}"),
    };
    let counts = body.get("shipments").map(Value::to_string).unwrap_or_default();
    let (order, state, previous) = (text("order"), text("state"), text("previous"));
    let counts = counts.replace('"', "").replace(':', " ").replace(',', ", ");
    format!("order {order}: {state} after {previous}{episode}, {counts}, to {}", text("audience"))
}

fn when(value: &Value) -> &str {
    value.as_str().unwrap_or("none")
}

fn write_shipment(out: &mut String, shipment: &Shipment) {
    let Shipment { carrier, number, record, history } = shipment;
    writeln!(out, "= {carrier} {number}: {}", record_line(record)).expect("a String takes all");
    for event in history {
        writeln!(out, "    {}", history_line(event)).expect("a String takes all");
    }
}

/// A record as a line.
#[must_use]
pub fn record_line(record: &Record) -> String {
    let mut line = format!("{} after {}", record.milestone.name(), record.previous.name());
    let open: Vec<&str> = record.open.iter().map(ExceptionClass::name).collect();
    let mut add = |holds: bool, words: String| {
        if holds {
            line.push_str(", ");
            line.push_str(&words);
        }
    };
    add(record.epoch != 1, format!("epoch {}", record.epoch));
    add(!open.is_empty(), format!("open {}", open.join(" ")));
    add(record.attempts != 0, format!("attempts {}", record.attempts));
    add(record.corrections != 0, format!("corrections {}", record.corrections));
    add(record.has_proof, String::from("has proof"));
    let inferred = if record.possession_inferred { " (inferred)" } else { "" };
    let possession = format!("possession {}{inferred}", seconds(record.possession_at));
    add(record.possession_at.is_some(), possession);
    add(record.delivered_at.is_some(), format!("delivered {}", seconds(record.delivered_at)));
    line
}

fn seconds(time: Seconds) -> String {
    jiff::Timestamp::from_second(i64::from(time.0)).expect("32 bits are in range").to_string()
}

/// One event of a history as a line: what can't depend on who came first.
#[must_use]
pub fn history_line(event: &Value) -> String {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or("");
    let time = if text("event_time").is_empty() { text("local_time") } else { text("event_time") };
    let time = if time.is_empty() { "without time" } else { time };
    let mut line = format!("{time:25} {:15} {:10} {}", text("feed"), text("code"), text("detail"));
    for key in ["milestone", "exception", "reason", "direction"] {
        if !text(key).is_empty() && text(key) != "UNKNOWN" {
            line.push_str(", ");
            line.push_str(text(key));
        }
    }
    for (key, word) in [
        ("untrusted_time", "untrusted time"),
        ("hearsay", "hearsay"),
        ("repeats", "repeats"),
        ("retracted", "retracted"),
        ("retracts", "retracts"),
    ] {
        if event.get(key).and_then(Value::as_bool) == Some(true) {
            line.push_str(", ");
            line.push_str(word);
        }
    }
    if let Some(sources) = event.get("sources").and_then(Value::as_array) {
        let names: Vec<&str> = sources.iter().filter_map(Value::as_str).collect();
        line.push_str(", sources ");
        line.push_str(&names.join(" "));
    }
    line
}

/// The account as a line.
#[must_use]
pub fn account(tally: &Tally) -> String {
    let mut line = format!("{} inputs:", tally.inputs);
    for outcome in Outcome::ALL {
        if tally.of(outcome) != 0 {
            write!(line, " {} {},", tally.of(outcome), outcome.name()).expect("a String takes all");
        }
    }
    line.trim_end_matches(',').to_owned()
}
