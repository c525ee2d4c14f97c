//! The embedded engine for a test: documents in, changes, letters and final state out.
//!
//! # Place
//! Under every test that needs no server: scenarios, laws, conformance, bad input.
//! # Method
//! One [`Replay`] owns one engine with the built-in feeds. Documents are numbered as they come; a
//! turn takes as many as it is given. What the engine says is parsed back from its own bytes, so
//! that the tests see what a consumer sees.
//! # Holds
//! Stream time never falls: a document received before the one before it counts as received with it.
//! # Does not hold
//! Expectations: see `scenario`.

use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast::ForecastOptions;
use crossdock_core::intake::{Intake, TICK};
use crossdock_core::lane::Lane;
use crossdock_core::tally::Tally;
use crossdock_loadgen::plan::Plan;
use crossdock_model::record::Record;
use crossdock_model::time::Micros;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::pack;
use crossdock_rules::rule::ruleset::RuleSet;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

/// A document as a stream would hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Name of the feed.
    pub feed: String,
    /// Receipt, microseconds since 1970.
    pub received: i64,
    /// The document as its sender wrote it.
    pub bytes: Vec<u8>,
}

/// A shipment as the engine knows it in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipment {
    /// Who carries it.
    pub carrier: String,
    /// Its number.
    pub number: String,
    /// What is true of it.
    pub record: Record,
    /// Its events in order, each as the engine writes it in a timeline.
    pub history: Vec<Value>,
}

/// One message of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Subject.
    pub subject: String,
    /// Body, parsed.
    pub body: Value,
}

/// An engine that is fed documents.
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    intake: Intake,
    seq: u64,
    clock: i64,
}

/// What was counted between two accounts of one replay.
#[must_use]
pub fn since(before: &Tally, after: &Tally) -> Tally {
    let mut tally = *after;
    tally.inputs -= before.inputs;
    for (sum, value) in tally.outcomes.iter_mut().zip(before.outcomes) {
        *sum -= value;
    }
    tally
}

/// The built-in feeds, compiled.
#[must_use]
pub fn feeds() -> Feeds {
    Feeds::new(crossdock_rules::feed::builtin())
}

/// The built-in rules, compiled once.
///
/// # Panics
/// Where they have mistakes.
#[must_use]
pub fn rules() -> Arc<RuleSet> {
    static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
        let loaded = pack::builtin().load(&Options::default());
        Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
    });
    Arc::clone(&RULES)
}

/// The built-in rules, those in shadow live.
///
/// # Panics
/// Where they have mistakes.
#[must_use]
pub fn loud_rules() -> Arc<RuleSet> {
    let mut pack = pack::builtin();
    for source in &mut pack.sources {
        source.text = source.text.replace("mode: shadow", "mode: live");
    }
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

/// An engine of one lane with the built-in rules and estimates.
#[must_use]
pub fn options(shards: usize) -> EngineOptions {
    EngineOptions {
        lanes: 1,
        shards,
        rules: Some(rules()),
        forecast: Some(forecast()),
        ..EngineOptions::default()
    }
}

/// What the built-in pack declares of estimates.
///
/// # Panics
/// Where it has mistakes.
#[must_use]
pub fn forecast() -> Arc<ForecastOptions> {
    crossdock_node::estimates::load(None, None).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The documents of a plan with their tenants, in the order of their receipt.
#[must_use]
pub fn planned(plan: &Plan) -> Vec<(String, Document)> {
    let mut documents = plan.documents();
    let mut buffer = Vec::new();
    let mut all = Vec::new();
    while let Some(entry) = documents.next() {
        documents.write(&entry, &mut buffer);
        let tenant = plan.tenant(entry.truth.shipment).to_owned();
        let (feed, received) = (entry.feed.name().to_owned(), entry.received_micros);
        all.push((tenant, Document { feed, received, bytes: buffer.clone() }));
    }
    all
}

impl Replay {
    /// An engine of one lane and one shard.
    #[must_use]
    pub fn new(feeds: &Feeds) -> Self {
        Self::with(feeds, &EngineOptions::default())
    }

    /// An engine of these options.
    #[must_use]
    pub fn with(feeds: &Feeds, options: &EngineOptions) -> Self {
        Self { engine: Engine::new(feeds, options), intake: Intake::default(), seq: 0, clock: 0 }
    }

    /// How many documents were read by a learned shape, without a tape.
    #[must_use]
    pub fn documents_by_shape(&self) -> u64 {
        self.engine.lanes().iter().map(Lane::documents_by_shape).sum()
    }

    /// Puts a document into the next turn.
    pub fn push(&mut self, tenant: &str, document: &Document) {
        self.seq += 1;
        self.clock = self.clock.max(document.received);
        let received = Micros(self.clock);
        if document.feed == TICK {
            self.intake.push_tick(self.seq, received);
            return;
        }
        self.intake.push(self.seq, received, tenant, &document.feed, &document.bytes);
    }

    /// Puts a switch to other rules into the next turn.
    pub fn switch(&mut self, rules: &Arc<RuleSet>) {
        self.seq += 1;
        self.intake.push_rules(self.seq, Micros(self.clock), Some(Arc::clone(rules)));
    }

    /// Takes the turn and gives what was said, subject and body, one line a message.
    pub fn lines(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        self.engine.turn(&self.intake, |output, message| {
            lines.extend_from_slice(output.subject(message).as_bytes());
            lines.push(b' ');
            lines.extend_from_slice(output.body(message));
            lines.push(b'\n');
        });
        self.intake.clear();
        lines
    }

    /// Takes the turn and drops what was said.
    pub fn silently(&mut self) {
        self.engine.turn(&self.intake, |_, _| {});
        self.intake.clear();
    }

    /// Takes the turn and gives what was said, parsed.
    ///
    /// # Panics
    /// Where the engine wrote a body that is no JSON.
    pub fn said(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.engine.turn(&self.intake, |output, message| {
            let body = serde_json::from_slice(output.body(message));
            let body = body.unwrap_or_else(|error| {
                let text = String::from_utf8_lossy(output.body(message)).into_owned();
                panic!("a body is JSON, but: {error}: {text}")
            });
            said.push(Said { subject: output.subject(message).to_owned(), body });
        });
        self.intake.clear();
        said
    }

    /// The number of the last document.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The engine, to look into.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, to save and load it.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The hash of all state.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.engine.state_hash()
    }

    /// How many shipments are known.
    #[must_use]
    pub fn shipment_count(&self) -> usize {
        self.engine.shards().iter().map(|shard| shard.shipment_count()).sum()
    }

    /// The account so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.engine.tally()
    }

    /// The shipments of a number, each with its tenant, in no particular order.
    #[must_use]
    pub fn shipments(&self, number: &str) -> Vec<(String, Shipment)> {
        let mut found = Vec::new();
        for shard in self.engine.shards() {
            shard.timelines(number.as_bytes(), |shipment, name, lines| {
                let mut parts = name.split(crossdock_core::say::SEPARATOR);
                let tenant = parts.next().unwrap_or("").to_owned();
                let carrier = parts.next().unwrap_or("").to_owned();
                let history = lines
                    .split(|&byte| byte == b'\n')
                    .filter(|line| !line.is_empty())
                    .map(|line| serde_json::from_slice(line).expect("a timeline is JSON"))
                    .collect();
                let record = shipment.record;
                found.push((
                    tenant,
                    Shipment { carrier, number: number.to_owned(), record, history },
                ));
            });
        }
        found
    }
}

/// RFC 3339 (UTC, `Z`) to microseconds since 1970.
///
/// # Panics
/// Where the text is no such time.
#[must_use]
pub fn micros(text: &str) -> i64 {
    let time: jiff::Timestamp =
        text.parse().unwrap_or_else(|error| panic!("\"{text}\" is not RFC 3339: {error}"));
    time.as_microsecond()
}

/// Reads a capture file: one document a line.
///
/// # Panics
/// Where a line is no capture line.
#[must_use]
pub fn capture(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line: serde_json::Map<String, Value> =
            serde_json::from_str(line).expect("a capture line is a JSON object");
        let text_of = |key: &str| line.get(key).and_then(Value::as_str).expect("a text");
        let bytes = match &line["document"] {
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        let received = micros(text_of("received"));
        documents.push(Document { feed: text_of("feed").to_owned(), received, bytes });
    }
    documents
}
