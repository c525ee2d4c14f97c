//! The JetStream edge against a real nats-server: every promise of docs/decisions/0007-commit.md
//! that a fake could only pretend to keep. What the rooms share is here.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod commits;
mod conformance;
mod ownership;
mod reader;
mod streams;

use bytes::Bytes;
use crossdock_model::reject::Reject;
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::Caller;
use crossdock_node::jetstream::committer::{Committer, CommitterOptions};
use crossdock_node::jetstream::connection::{Connection, ConnectionOptions};
use crossdock_node::jetstream::ctl::{Fingerprint, Position};
use crossdock_node::jetstream::edge::{Edge, EdgeOptions, Stance};
use crossdock_node::jetstream::intake::Start;
use crossdock_node::jetstream::lease::{Held, Lease, LeaseOptions};
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest, Label, Output};
use crossdock_node::jetstream::reader::{Batch, Message, Reader, ReaderOptions};
use crossdock_node::jetstream::sender;
use crossdock_node::jetstream::setup::{self, Done, Severity, StreamOptions};
use crossdock_node::telemetry::{Counter, Counters, Telemetry};
use crossdock_tests::nats::NatsServer;
use crossdock_tests::proxy::Proxy;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Long, for machines that do much else; nothing waits for it when all is well.
const WAIT: Duration = Duration::from_secs(300);

/// Runs a test's async part on one thread, within [`WAIT`].
fn block_on<T>(part: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(WAIT, part).await.expect("in time") })
}

fn streams() -> Vec<StreamOptions> {
    crossdock_tests::streams::pair(256 << 20)
}

fn connection_options(url: &str) -> ConnectionOptions {
    ConnectionOptions { servers: vec![url.to_owned()], ..ConnectionOptions::default() }
}

fn committer_options() -> CommitterOptions {
    CommitterOptions {
        stream: "OUT".to_owned(),
        group: "g1".to_owned(),
        engine: "test".to_owned(),
        limits: BatchLimits { outputs_max: 999, bytes_max: 4 << 20, pack_bytes: 0 },
        ack_timeout: Duration::from_millis(500),
        retry_delay_max: Duration::from_millis(200),
    }
}

/// A connection with a caller, and both streams made.
async fn open(url: &str) -> (Connection, Caller) {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    let mut caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
    setup::init(&mut caller, &streams(), false).await.unwrap();
    (connection, caller)
}

/// A request whose answer says only that it was done.
async fn ask(caller: &mut Caller, verb: &str, body: impl Into<Bytes>) {
    caller.api::<Value>(verb, body).await.unwrap();
}

async fn committer(url: &str, counters: &Arc<Counters>) -> Committer {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    Committer::open(&connection, committer_options(), Arc::clone(counters)).await.unwrap()
}

fn outputs(seq: u64, indexes: std::ops::Range<u32>) -> Vec<Output> {
    indexes
        .map(|index| Output {
            seq,
            index,
            subject: "ms.acme.customer.milestone".into(),
            label: Label::DeadLetter(Reject::Malformed),
            body: Bytes::from(format!("{seq}/{index}")),
        })
        .collect()
}

fn request(ticket: u64, outputs: Vec<Output>, seq: u64) -> CommitRequest {
    let mark = Some(Fingerprint { seq, time_us: 1, crc32c: 2 });
    let position = Position::whole(seq);
    CommitRequest {
        ticket,
        outputs,
        position,
        state_hash: seq,
        mark,
        sources: Vec::new(),
        quarantined: None,
    }
}

/// Publishes without waiting, then waits until the stream holds them all.
async fn fill(caller: &mut Caller, bodies: impl Iterator<Item = String>) {
    let client = caller.connection().client().clone();
    let before = stream_state(caller, "IN").await["last_seq"].as_u64().unwrap();
    let mut count = 0;
    for body in bodies {
        client.publish("raw.acme.generic", body.into()).await.unwrap();
        count += 1;
    }
    client.flush().await.unwrap();
    while stream_state(caller, "IN").await["last_seq"].as_u64().unwrap() < before + count {
        tokio::task::yield_now().await;
    }
}

async fn stream_state(caller: &mut Caller, stream: &str) -> Value {
    let info: Value = caller.api(&format!("STREAM.INFO.{stream}"), "").await.unwrap();
    info["state"].clone()
}

fn spawn_reader(reader: Reader, ring_batches: usize) -> mpsc::Receiver<Result<Batch, EdgeError>> {
    let (send, receive) = sender::channel(ring_batches, &Arc::default());
    drop(tokio::spawn(reader.run(send)));
    receive
}

async fn reader(
    url: &str,
    options: ReaderOptions,
    start: Start,
    counters: &Arc<Counters>,
) -> Reader {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    Reader::open(&connection, options, start, Arc::clone(counters)).await.unwrap()
}

/// Takes batches until `count` messages are here.
async fn take(ring: &mut mpsc::Receiver<Result<Batch, EdgeError>>, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.extend(ring.recv().await.expect("an open ring").expect("a batch").messages);
    }
    messages
}

fn assert_consecutive(messages: &[Message], first: u64) {
    for (offset, message) in messages.iter().enumerate() {
        assert_eq!(message.seq, first + offset as u64);
    }
}

/// Everything on the output stream but commit records: (seq, body), in order.
async fn stored_outputs(caller: &mut Caller) -> Vec<(u64, String)> {
    let state = stream_state(caller, "OUT").await;
    let (last, mut seq) = (state["last_seq"].as_u64().unwrap(), 0);
    let mut found = Vec::new();
    // An ordinary reader would share our reader's faults: this asks for the next message by
    // subject, one at a time.
    while seq < last {
        let query = json!({ "seq": seq + 1, "next_by_subj": "ms.>" });
        let Some(stored) = caller.stored("OUT", &query).await.unwrap() else { break };
        seq = stored.seq;
        found.push((seq, String::from_utf8(stored.payload.to_vec()).unwrap()));
    }
    found
}
