//! What all seeds share: the messages that are sent, and what an engine says that is never interrupted.
//!
//! # Place
//! Made once; a run takes the messages from it, and asks it in the end.
//! # Method
//! Documents of many feeds from `loadgen`, parcels of orders of our own, ticks, and a switch of rules: every
//! kind of state that a snapshot has to hold is at work. [`World::expected`] applies a log, one message a
//! turn, in one engine of one lane and one shard.
//! # Holds
//! Nothing that depends on a seed.

use super::log::{Input, Log};
use crate::replay;
use bytes::Bytes;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::Intake;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_node::rule_switch;
use crossdock_node::stream_clock::StreamClock;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::ruleset::RuleSet;
use std::sync::Arc;

/// The group of all nodes.
pub const GROUP: &str = "sim";

/// Documents of `loadgen`.
const DOCUMENTS: usize = 60;

/// Parcels in orders, two an order.
const PARCELS: usize = 8;

/// What is said of each parcel in an order, one document each.
const STORY: [&str; 4] = [
    r#"{"event":"LABEL_CREATED","at":"TIME"}"#,
    r#"{"event":"PICKED_UP","at":"TIME"},{"event":"EXCEPTION_ONLY","exception":"DELAYED","at":"TIME"}"#,
    r#"{"event":"OUT_FOR_DELIVERY","at":"TIME"}"#,
    r#"{"event":"DELIVERED","at":"TIME"}"#,
];

/// A number that makes an engine panic where that is planted.
pub const POISON: &str = "SWPOISON";

/// A document with this number behind another one.
const POISONED: &str = r#"{"carrier":"swiftline","order":"A-1","events":[{"tracking_number":"SW2","event":"DEPARTED_FACILITY","at":"TIME"},{"tracking_number":"POISON","event":"OUT_FOR_DELIVERY","at":"TIME"}]}"#;

/// In force from the start.
const RULES: &str = "version: 1
rules:
  - { id: a.late, expect: { after: label_created, want: delivered, within: 30h }, raise: { code: LATE } }
  - { id: b.delivered, event: delivered, raise: { code: DELIVERED_AT_LAST } }
";

/// In force from the middle on.
const OTHER_RULES: &str = "version: 1
rules:
  - { id: a.first, event: any, once: occurrence, raise: { code: SEEN } }
  - { id: a.late, expect: { after: label_created, want: delivered, within: 30h }, raise: { code: LATE } }
  - { id: c.attempt, expect: { after: out_for_delivery, want: delivered, within: 2h }, raise: { code: NOT_TODAY } }
";

/// What must stand in OUT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Subject and body of each output.
    pub outputs: Vec<(String, Vec<u8>)>,
    /// Of all state behind the last message.
    pub state_hash: u64,
}

/// What all seeds share.
#[derive(Clone, Debug)]
pub struct World {
    /// The built-in feeds.
    pub feeds: Feeds,
    /// Of an engine with one lane and one shard.
    pub options: EngineOptions,
    /// What is sent, in order.
    pub messages: Vec<Input>,
    /// Outputs of one event at most, whatever was lost before it: a batch takes at least so many.
    pub event_outputs_max: usize,
    other_rules: Arc<RuleSet>,
    /// The log where nothing is lost, and what is said to it.
    plain_log: Vec<Input>,
    plain: Expected,
    /// What is said to it where poison is left out.
    plain_without: Expected,
}

impl World {
    /// Makes messages and expectations.
    ///
    /// # Panics
    /// Where plan or rules are impossible, or too little is said: a bug here.
    #[must_use]
    pub fn new() -> Self {
        let other_rules = rules(OTHER_RULES);
        let options = EngineOptions {
            shipments_expected: 64,
            rules: Some(rules(RULES)),
            ..EngineOptions::default()
        };
        let mut world = Self {
            feeds: replay::feeds(),
            options,
            messages: messages(&other_rules),
            event_outputs_max: 0,
            other_rules,
            plain_log: Vec::new(),
            plain: Expected::default(),
            plain_without: Expected::default(),
        };
        let mut log = Log::new(&world.messages);
        while !log.is_sent() {
            log.publish();
        }
        world.plain_log = log.messages().to_vec();
        let mut places = Vec::new();
        world.plain = world.apply(&world.plain_log, false, |place| places.push(place));
        world.plain_without = world.apply(&world.plain_log, true, |_| {});
        let runs = places.chunk_by(|one, other| one == other);
        world.event_outputs_max = 2 * runs.map(<[_]>::len).max().unwrap_or(0);
        let has = |text: &str| {
            let count = world
                .plain
                .outputs
                .iter()
                .filter(|(_, body)| String::from_utf8_lossy(body).contains(text));
            count.count()
        };
        for text in ["\"kind\":\"order\"", "LATE", "NOT_TODAY", "\"kind\":\"milestone\""] {
            assert!(2 < has(text), "{text} is said {} times", has(text));
        }
        world
    }

    /// What an engine says of this log that is never interrupted; `is_poisoned`: that makes dead letters of
    /// what poisons the others.
    #[must_use]
    pub fn expected(&self, log: &[Input], is_poisoned: bool) -> Expected {
        if log != self.plain_log {
            return self.apply(log, is_poisoned, |_| {});
        }
        if is_poisoned { self.plain_without.clone() } else { self.plain.clone() }
    }

    fn apply(
        &self,
        log: &[Input],
        is_poisoned: bool,
        mut place: impl FnMut((u64, u32)),
    ) -> Expected {
        let mut engine = Engine::new(&self.feeds, &self.options);
        let mut expected = Expected::default();
        let mut intake = Intake::default();
        let mut clock = StreamClock::default();
        for (seq, message) in (1..).zip(log) {
            intake.clear();
            let (time_us, stored_us) = (Some(message.time_us), message.stored_us);
            let tokens: Vec<&str> = message.subject.splitn(3, '.').collect();
            match tokens[..] {
                ["raw", tenant, feed] => {
                    let now = clock.document(time_us, stored_us);
                    intake.push(seq, now, tenant, feed, &message.payload);
                    let poison = POISON.as_bytes();
                    if is_poisoned && message.payload.windows(poison.len()).any(|it| it == poison) {
                        intake.leave_last_out();
                    }
                }
                ["rules", GROUP] => {
                    let rules = Some(Arc::clone(&self.other_rules));
                    intake.push_rules(seq, clock.control(stored_us), rules);
                }
                _ => intake.push_tick(seq, clock.control(stored_us)),
            }
            engine.turn(&intake, |output, message| {
                place((message.position.seq, message.position.index));
                let subject = output.subject(message).to_owned();
                expected.outputs.push((subject, output.body(message).to_vec()));
            });
        }
        expected.state_hash = engine.state_hash();
        expected
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn rules(text: &str) -> Arc<RuleSet> {
    let pack = Pack::of([Source::new("sim.yaml", text)]);
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

fn messages(other_rules: &RuleSet) -> Vec<Input> {
    let plan = Plan::new(Workload::Mixed.parameters(12)).expect("a plan");
    let mut messages: Vec<Input> = Vec::new();
    let mut send = |time_us: i64, subject: String, payload: Bytes| {
        let id = messages.len();
        messages.push(Input { id, time_us, stored_us: 0, subject, payload });
    };
    let mut source = plan.documents();
    let mut buffer = Vec::new();
    let mut parcels = (0..PARCELS * STORY.len()).map(parcel);
    let mut time_us = 0;
    let mut number = 0;
    while let Some(entry) = source.next() {
        if number == DOCUMENTS {
            break;
        }
        number += 1;
        source.write(&entry, &mut buffer);
        time_us = time_us.max(entry.received_micros);
        let tenant = plan.tenant(entry.truth.shipment);
        let subject = format!("raw.{tenant}.{}", entry.feed.name());
        send(time_us, subject, buffer.clone().into());
        if (number % 2 == 0 || number < 10)
            && let Some(text) = parcels.next()
        {
            let time = jiff::Timestamp::from_microsecond(time_us).expect("a time of our days");
            let text = text.replace("TIME", &time.to_string());
            send(time_us, String::from("raw.acme.generic"), text.into());
        }
        if number % 17 == 0 {
            let time = jiff::Timestamp::from_microsecond(time_us).expect("a time of our days");
            let text = POISONED.replace("TIME", &time.to_string()).replace("POISON", POISON);
            send(time_us, String::from("raw.acme.generic"), text.into());
        }
        if number % 9 == 0 {
            send(time_us, format!("tick.{GROUP}"), Bytes::new());
        }
        if number == DOCUMENTS / 2 {
            let body = rule_switch::message(other_rules);
            send(time_us, format!("rules.{GROUP}"), body.into());
        }
    }
    for _ in 0..4 {
        time_us += 12 * 3_600_000_000;
        send(time_us, format!("tick.{GROUP}"), Bytes::new());
    }
    messages
}

/// The document of a place in the stories: parcels take turns, so that many are under way.
fn parcel(place: usize) -> String {
    let (parcel, step) = (place % PARCELS, place / PARCELS);
    let (order, events) = (parcel / 2, STORY[step]);
    format!(
        r#"{{"carrier":"swiftline","tracking_number":"SW{parcel}","order":"A-{order}","events":[{events}]}}"#
    )
}
