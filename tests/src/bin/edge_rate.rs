//! How fast the edge reads and commits against a real server on this machine.
//!
//! # Place
//! Prints the figures of docs/OPERATING.md and docs/decisions/0007-commit.md.
//! # Method
//! One server, one thread for the edge. Documents of 1 KiB are published, then read; then outputs of
//! 400 bytes with six headers are committed in full batches. Time is wall-clock; CPU is user + system
//! of this process and of the server, from /proc. Each part is repeated; the median is printed.
//! # Holds
//! Two rates.
//! # Does not hold
//! Other machines, replicas, or what the engine costs.

use bytes::Bytes;
use crossdock_model::change::ChangeKind;
use crossdock_model::id::ChangeId;
use crossdock_node::jetstream::call::Caller;
use crossdock_node::jetstream::committer::{Committer, CommitterOptions};
use crossdock_node::jetstream::connection::{Connection, ConnectionOptions};
use crossdock_node::jetstream::ctl::Position;
use crossdock_node::jetstream::intake::Start;
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest, Label, Output};
use crossdock_node::jetstream::reader::{Reader, ReaderOptions};
use crossdock_node::jetstream::sender;
use crossdock_node::jetstream::setup;
use crossdock_node::telemetry::Counters;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DOCUMENTS: usize = 100_000;
const DOCUMENT_SIZE: usize = 1024;
const BATCHES: u64 = 100;
const BATCH_OUTPUTS: u32 = 999;
const OUTPUT_SIZE: usize = 400;
const RUNS: usize = 3;

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() {
    let always = std::env::args().any(|argument| argument == "--sync-always");
    let sync = if always { "sync_interval: always" } else { "" };
    let Some(server) = NatsServer::start_with("rate", sync, "") else { return };
    let pid = server.pid().expect("a running server");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let parts = runtime.block_on(measure(&server.url(), pid));
    for (name, mut runs) in parts {
        runs.sort_by(|one, two| one.rate.total_cmp(&two.rate));
        let Figures { rate, own_us, server_us } = runs[runs.len() / 2];
        println!(
            "{name:6} {rate:9.0} messages/s   own CPU {own_us:5.2} us   server CPU {server_us:5.2} us per message"
        );
    }
}

/// One run of one part.
#[derive(Clone, Copy, Debug)]
struct Figures {
    rate: f64,
    own_us: f64,
    server_us: f64,
}

struct Watch {
    begun: Instant,
    own: f64,
    server: f64,
    pid: u32,
}

impl Watch {
    fn start(pid: u32) -> Self {
        Self { begun: Instant::now(), own: cpu_us("self"), server: cpu_us(&pid.to_string()), pid }
    }

    fn stop(&self, count: usize) -> Figures {
        let count = count as f64;
        Figures {
            rate: count / self.begun.elapsed().as_secs_f64(),
            own_us: (cpu_us("self") - self.own) / count,
            server_us: (cpu_us(&self.pid.to_string()) - self.server) / count,
        }
    }
}

/// User and system time of a process in microseconds, at 100 ticks a second.
fn cpu_us(process: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = |slot| after.split_whitespace().nth(slot).and_then(|t| t.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) * 10_000.0
}

async fn measure(url: &str, pid: u32) -> Vec<(&'static str, Vec<Figures>)> {
    let options =
        ConnectionOptions { servers: vec![url.to_owned()], ..ConnectionOptions::default() };
    let connection = Connection::open(&options).await.expect("a connection");
    let mut caller = Caller::open(&connection, Duration::from_secs(10)).await.expect("a caller");
    setup::init(&mut caller, &streams::pair(4 << 30), false).await.expect("streams");
    let client = connection.client();
    let document = Bytes::from(vec![b'x'; DOCUMENT_SIZE]);
    for count in 1..=DOCUMENTS {
        client.publish("raw.acme.generic", document.clone()).await.expect("a publish");
        if count % 10_000 == 0 {
            // An answer means that what was sent before has arrived: nothing is dropped for haste.
            caller.api::<serde_json::Value>("STREAM.INFO.IN", "").await.expect("an answer");
        }
    }
    let mut reads = Vec::new();
    let mut commits = Vec::new();
    for _ in 0..RUNS {
        reads.push(read(&options, pid).await);
        commits.push(commit(&connection, pid).await);
    }
    vec![("read", reads), ("commit", commits)]
}

async fn read(options: &ConnectionOptions, pid: u32) -> Figures {
    let connection = Connection::open(options).await.expect("a connection");
    let counters = Arc::new(Counters::default());
    let reader = Reader::open(&connection, ReaderOptions::default(), Start::default(), counters);
    let (send, mut ring) = sender::channel(4, &Arc::default());
    let watch = Watch::start(pid);
    drop(tokio::spawn(reader.await.expect("a reader").run(send)));
    let mut count = 0;
    while count < DOCUMENTS {
        count += ring.recv().await.expect("an open ring").expect("a batch").messages.len();
    }
    watch.stop(count)
}

async fn commit(connection: &Connection, pid: u32) -> Figures {
    let options = CommitterOptions {
        stream: "OUT".to_owned(),
        group: "rate".to_owned(),
        engine: "rate".to_owned(),
        limits: BatchLimits { outputs_max: 999, bytes_max: 4 << 20, pack_bytes: 0 },
        ack_timeout: Duration::from_secs(10),
        retry_delay_max: Duration::from_secs(1),
    };
    let counters = Arc::new(Counters::default());
    let mut committer = Committer::open(connection, options, counters).await.expect("a committer");
    let from =
        committer.claim().await.expect("a claim").found.map_or(0, |record| record.position.seq);
    let watch = Watch::start(pid);
    for seq in from + 1..=from + BATCHES {
        let outputs = (0..BATCH_OUTPUTS).map(|index| output(seq, index)).collect();
        let position = Position::whole(seq);
        let (mark, sources) = (None, Vec::new());
        let request = CommitRequest {
            ticket: seq,
            outputs,
            position,
            state_hash: seq,
            mark,
            sources,
            quarantined: None,
        };
        committer.commit(&request).await.expect("a commit");
    }
    watch.stop(BATCHES as usize * BATCH_OUTPUTS as usize)
}

fn output(seq: u64, index: u32) -> Output {
    Output {
        seq,
        index,
        subject: "ms.acme.customer.milestone".into(),
        label: Label::Change {
            kind: ChangeKind::Milestone,
            id: ChangeId((u128::from(seq) << 64) | u128::from(index)),
            source: "/crossdock/rate".into(),
        },
        body: Bytes::from(vec![b'x'; OUTPUT_SIZE]),
    }
}
