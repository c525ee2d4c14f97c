//! Ticks and switches of rules among documents that state older receipts: time goes on where it stands.
//!
//! # Place
//! The node's own drain and pipeline, given turns by hand; a queue stands for JetStream.
//! # Method
//! A history of May is published again in November. Between its documents come messages of our own, which
//! the server dates in November. Shipments are silent for days, not for half a year, so nothing may age.
//! # Does not hold
//! Processes, servers: the chaos test lets ticks fall between documents as they come.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use std::sync::Arc;

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::Shard;
use crossdock_node::drain::{CommitPolicy, Drain};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::committer::Committed;
use crossdock_node::jetstream::ctl::Position;
use crossdock_node::jetstream::edge::Link;
use crossdock_node::jetstream::follow::Followed;
use crossdock_node::jetstream::output::CommitRequest;
use crossdock_node::jetstream::reader::{Batch, Message};
use crossdock_node::pipeline::Pipeline;
use crossdock_node::stream_clock::StreamClock;
use crossdock_node::telemetry::Telemetry;
use serde_json::Value;

/// 2026-05-04T00:00:00Z and 2026-11-22T16:00:00Z, microseconds.
const MAY: i64 = 1_777_852_800_000_000;
const NOVEMBER: i64 = 1_795_363_200_000_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Batches in, commits out; every commit succeeds at once.
#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    commits: Vec<CommitRequest>,
    outcomes: VecDeque<Committed>,
}

#[derive(Clone, Default)]
struct Queues(Rc<RefCell<Queue>>);

impl Link for Queues {
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        Ok(self.0.borrow_mut().batches.pop_front())
    }

    fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        let CommitRequest { ticket, position, .. } = request;
        let mut queues = self.0.borrow_mut();
        queues.outcomes.push_back(Committed { ticket, position, fence: ticket, batches: 1 });
        queues.commits.push(request);
        Ok(())
    }

    fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError> {
        Ok(self.0.borrow_mut().outcomes.pop_front())
    }

    fn poll_followed(&mut self) -> Option<Followed> {
        None
    }

    fn publish(&self, _: &str, _: Vec<u8>) -> bool {
        false
    }
}

/// Drains messages, each (subject, stated receipt, body), stored a second apart; what was said, a line each.
fn drain(messages: &[(&str, Option<i64>, String)]) -> Vec<String> {
    let feeds = Feeds::new(crossdock_rules::feed::builtin());
    let options = EngineOptions::default();
    let shard = Shard::new(options.shard(&feeds, 0));
    let state = (vec![shard], OrderBook::default(), None);
    let (pipeline, mut agents) =
        Pipeline::assemble(&feeds, &options, state, &Arc::default(), |_| None);
    let queues = Queues::default();
    for (index, (subject, received_us, body)) in messages.iter().enumerate() {
        let message = Message {
            seq: index as u64 + 1,
            stream_time_us: NOVEMBER + index as i64 * SECOND,
            received_us: *received_us,
            subject: (*subject).into(),
            payload: body.clone().into(),
        };
        let pending = (messages.len() - index - 1) as u64;
        queues.0.borrow_mut().batches.push_back(Batch {
            bytes: body.len(),
            messages: vec![message],
            pending,
        });
    }
    let policy = CommitPolicy { delay: Duration::ZERO, ..CommitPolicy::default() };
    let (telemetry, group) = (Telemetry::new(), String::from("g"));
    let mut drain =
        Drain::new(queues.clone(), pipeline, policy, telemetry, group, Position::default())
            .with_snapshots(None, StreamClock::default());
    let last = Position::whole(messages.len() as u64);
    // Ends: every go moves a message on.
    while drain.committed() != last {
        drain.turn().unwrap();
        for agent in &mut agents {
            agent.turn();
        }
    }
    let line = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        format!("{} epoch {} {}", text("milestone"), body["epoch"], text("received"))
    };
    let commits = &queues.0.borrow().commits;
    commits.iter().flat_map(|it| &it.outputs).map(|output| line(&output.body)).collect()
}

fn event(name: &str, day: i64) -> (&'static str, Option<i64>, String) {
    let at = jiff::Timestamp::from_microsecond(MAY + day * DAY).unwrap();
    let body = format!(r#"{{"tracking_number":"A","event":"{name}","at":"{at}"}}"#);
    ("raw.t.generic", Some(MAY + day * DAY), body)
}

fn own(subject: &'static str) -> (&'static str, Option<i64>, String) {
    (subject, None, String::new())
}

#[test]
fn messages_of_our_own_do_not_lead_a_history_into_the_present() {
    let found = drain(&[
        own("rules.g"),
        event("LABEL_CREATED", 0),
        own("tick.g"),
        event("PICKED_UP", 1),
        own("tick.g"),
        own("rules.g"),
        event("DELIVERED", 1),
    ]);
    assert_eq!(
        found,
        [
            "MANIFESTED epoch 1 2026-05-04T00:00:00Z",
            "CARRIER_POSSESSION epoch 1 2026-05-05T00:00:00Z",
            "DELIVERED epoch 1 2026-05-05T00:00:02Z",
        ]
    );
}
