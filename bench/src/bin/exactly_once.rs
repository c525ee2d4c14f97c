//! What exactly-once costs: the same input drained with fence and snapshots, and without, in one run.
//!
//! # Place
//! A real server; reader, pipeline, drain and committer as the command `run` has them, in this process.
//! # Method
//! The documents of a plan are published once. Then the stream is drained again and again, in turns *fenced*
//! (atomic batches with the commit record, snapshots every few seconds) and *plain*: the same outputs in the same commits,
//! but each a message by itself, acknowledged by itself, all of a commit on their way at once; no record, no snapshot.
//! Only the last step differs. Who begins changes with every pair. OUT is emptied after each drain, and must have held
//! the same number of outputs.
//! # Holds
//! The ratio of the medians.
//! # Does not hold
//! Replicas; a plain publisher that would not wait for its acknowledgements, since that loses messages.
//!
//! ```sh
//! cargo run --release -p crossdock-bench --bin exactly_once -- [--sync-always] [--pack-bytes 65536]
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use async_nats::{HeaderMap, Subject, Subscriber};
use clap::Parser;
use crossdock_bench::machine;
use crossdock_core::engine::EngineOptions;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_node::bell::Bell;
use crossdock_node::drain::{CommitPolicy, Drain};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::{CallError, Caller, PubAck, Stored};
use crossdock_node::jetstream::committer::{Committed, Committer, CommitterOptions};
use crossdock_node::jetstream::connection::{Connection, ConnectionOptions};
use crossdock_node::jetstream::ctl::Position;
use crossdock_node::jetstream::edge::Link;
use crossdock_node::jetstream::follow::Followed;
use crossdock_node::jetstream::intake::Start;
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest};
use crossdock_node::jetstream::reader::{Batch, Delivered, Reader, ReaderOptions};
use crossdock_node::jetstream::sender::{self, Sender};
use crossdock_node::jetstream::setup;
use crossdock_node::jetstream::wire::{NatsWire, Sending, Wire};
use crossdock_node::pipeline::Pipeline;
use crossdock_node::snapshot::{Folder, Identity, Keeper, SnapshotHandle, SnapshotPolicy};
use crossdock_node::telemetry::Telemetry;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::{replay, streams};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What fence and snapshots cost.
#[derive(Debug, Parser)]
struct Args {
    /// Shipments of the plan.
    #[arg(long, default_value_t = 30_000)]
    shipments: u64,
    /// Drains of each kind; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds between two snapshots.
    #[arg(long, default_value_t = 5.0)]
    snapshot_seconds: f64,
    /// Shards of the engine.
    #[arg(long, default_value_t = 1)]
    shards: usize,
    /// Bytes of a pack of changes; 0 for a message each.
    #[arg(long, default_value_t = 0)]
    pack_bytes: usize,
    /// The server syncs before it answers.
    #[arg(long)]
    sync_always: bool,
    /// Small and quick: shows that it works, not how fast.
    #[arg(long)]
    smoke: bool,
}

/// How outputs are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Fenced,
    Plain,
}

/// How long any answer may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let (shipments, runs) = if args.smoke { (200, 1) } else { (args.shipments, args.runs.max(1)) };
    let sync = if args.sync_always { "sync_interval: always" } else { "" };
    let Some(server) = NatsServer::start_with("exactly-once", sync, "") else { return Ok(()) };
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = Plan::new(Workload::Nested.parameters(shipments))?;
    let published = runtime.block_on(async {
        let connection = Connection::open(&connection_options(&url)).await?;
        let mut caller = Caller::open(&connection, PATIENCE).await?;
        setup::init(&mut caller, &streams::pair(4 << 30), false).await?;
        Ok::<_, Failure>(streams::publish(&url, &plan).await)
    })?;
    let folder =
        std::env::temp_dir().join(format!("crossdock-exactly-once-{}", std::process::id()));
    let mut seconds = [Vec::new(), Vec::new()];
    let mut outputs = None;
    for number in 0..runs {
        let ways =
            if number % 2 == 0 { [Way::Plain, Way::Fenced] } else { [Way::Fenced, Way::Plain] };
        for way in ways {
            let drained = drain(args, &url, way, number, &folder)?;
            let stored = runtime.block_on(emptied(&url))?;
            if *outputs.get_or_insert(stored) != stored {
                return Err(format!("{way:?} stored {stored} outputs, not {outputs:?}").into());
            }
            println!(
                "{}",
                json!({
                    "bench": "exactly_once", "way": format!("{way:?}"), "documents": published,
                    "outputs": stored, "seconds": drained.seconds, "snapshots": drained.snapshots,
                    "sync_always": args.sync_always, "pack_bytes": args.pack_bytes,
                    "load": machine::load(), "machine": machine::describe(),
                })
            );
            seconds[way as usize].push(drained.seconds);
        }
    }
    drop(fs::remove_dir_all(&folder));
    let [fenced, plain] = seconds.map(median);
    let rate = |seconds: f64| published as f64 / seconds;
    println!("fenced, with snapshots {:9.0} documents/s", rate(fenced));
    println!("plain                  {:9.0} documents/s", rate(plain));
    println!("exactly-once takes {:.3} of the time without it", fenced / plain);
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// One drain.
struct Drained {
    seconds: f64,
    snapshots: usize,
}

fn drain(
    args: &Args,
    url: &str,
    way: Way,
    number: usize,
    folder: &Path,
) -> Result<Drained, Failure> {
    let group = format!("{way:?}-{number}").to_lowercase();
    let telemetry = Telemetry::new();
    let options = EngineOptions {
        shards: args.shards,
        rules: Some(replay::rules()),
        forecast: Some(replay::forecast()),
        ..EngineOptions::default()
    };
    let bell = Arc::<Bell>::default();
    let (link, created, edge) = open(args, url, way, &group, (&bell, &telemetry))?;
    let folder = folder.join(&group);
    let writer = match way {
        Way::Fenced => Some(writer(args, &folder, &group, &telemetry)?),
        Way::Plain => None,
    };
    let pages = |shard| writer.as_ref().and_then(|writer| writer.pages(shard));
    let pipeline = Pipeline::start_empty(&replay::feeds(), &options, &bell, pages);
    let identity = Identity {
        group: group.clone(),
        stream: String::from("IN"),
        created,
        feeds_digest: 1,
        rules_digest: 1,
    };
    let keeper = writer.map(|writer| Keeper::new(writer, identity, 1, options.shards, &[]));
    let policy = CommitPolicy::default();
    let begun = Instant::now();
    let mut drain =
        Drain::new(link, pipeline, policy, Arc::clone(&telemetry), group, Position::default())
            .with_snapshots(keeper, Default::default())
            .with_rules(options.rules);
    // Ends: caught up, or with an error.
    while !drain.is_caught_up() {
        if drain.turn()? == 0 {
            drain.rest()?;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    // Ends: what is being written is whole.
    while drain.is_saving() {
        if drain.turn()? == 0 {
            drain.rest()?;
        }
    }
    drop(drain);
    edge.join().map_err(|_| "the edge panicked")??;
    let snapshots = fs::read_dir(&folder).map_or(0, Iterator::count);
    Ok(Drained { seconds, snapshots })
}

fn writer(
    args: &Args,
    folder: &Path,
    group: &str,
    telemetry: &Arc<Telemetry>,
) -> Result<SnapshotHandle, Failure> {
    let interval = Duration::from_secs_f64(args.snapshot_seconds);
    let policy = SnapshotPolicy { interval, documents: u64::MAX };
    let folder = Folder::open(folder, group, 3)?;
    Ok(SnapshotHandle::start(folder, policy, Arc::clone(telemetry))?)
}

fn connection_options(url: &str) -> ConnectionOptions {
    ConnectionOptions { servers: vec![url.to_owned()], ..ConnectionOptions::default() }
}

/// Messages of OUT that are no records; it is empty then.
async fn emptied(url: &str) -> Result<u64, Failure> {
    let connection = Connection::open(&connection_options(url)).await?;
    let mut caller = Caller::open(&connection, PATIENCE).await?;
    let mut purge = async |filter: &str| {
        let body = json!({ "filter": filter }).to_string();
        let answer = caller.api::<Value>("STREAM.PURGE.OUT", body).await;
        let answer = answer.map_err(|error| error.explain("a purge"))?;
        Ok::<_, Failure>(answer["purged"].as_u64().unwrap_or(0))
    };
    purge("ctl.>").await?;
    purge(">").await
}

/// The drain's end of the queues to reader and committer.
struct Ends {
    batches: mpsc::Receiver<Delivered>,
    commits: mpsc::Sender<CommitRequest>,
    outcomes: mpsc::Receiver<Result<Committed, EdgeError>>,
}

impl Link for Ends {
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        self.batches.try_recv().ok().transpose()
    }

    fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        self.commits.try_send(request).map_err(|error| Box::new(error.into_inner()))
    }

    fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError> {
        self.outcomes.try_recv().ok().transpose()
    }

    fn poll_followed(&mut self) -> Option<Followed> {
        None
    }

    fn publish(&self, _: &str, _: Vec<u8>) -> bool {
        false
    }
}

type Running = JoinHandle<Result<(), Failure>>;

/// Reader and committer on a thread of their own, as the edge has them.
fn open(
    args: &Args,
    url: &str,
    way: Way,
    group: &str,
    (bell, telemetry): (&Arc<Bell>, &Arc<Telemetry>),
) -> Result<(Ends, String, Running), Failure> {
    let (batch_send, batches) = sender::channel(4, bell);
    let (commits, requests) = mpsc::channel(4);
    let (outcome_send, outcomes) = sender::channel(6, bell);
    let (tell, created) = std::sync::mpsc::channel();
    let counters = Arc::clone(&telemetry.counters);
    let options = CommitterOptions {
        stream: String::from("OUT"),
        group: group.to_owned(),
        engine: String::from("bench"),
        limits: BatchLimits { outputs_max: 999, bytes_max: 4 << 20, pack_bytes: args.pack_bytes },
        ack_timeout: PATIENCE,
        retry_delay_max: Duration::from_secs(2),
    };
    let connecting = connection_options(url);
    let edge = thread::Builder::new().name(String::from("edge")).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let input = Connection::open(&connecting).await?;
            let (reading, start) = (ReaderOptions::default(), Start::default());
            let mut reader = Reader::open(&input, reading, start, Arc::clone(&counters)).await?;
            let created = reader.check().await?;
            tell.send(created.clone())?;
            let reading = tokio::spawn(reader.run(batch_send));
            let connection = Connection::open(&connecting).await?;
            let caller = Caller::open(&connection, PATIENCE).await?;
            let owner = caller.random_word();
            match way {
                Way::Fenced => {
                    let wire = NatsWire::new(caller);
                    let committer = Committer::new(wire, owner, options, counters);
                    commit(committer, &created, requests, outcome_send).await?;
                }
                Way::Plain => {
                    let wire = PlainWire::open(connection).await?;
                    let committer = Committer::new(wire, owner, options, counters);
                    commit(committer, &created, requests, outcome_send).await?;
                }
            }
            reading.abort();
            Ok(())
        })
    })?;
    let created = created.recv()?;
    Ok((Ends { batches, commits, outcomes }, created, edge))
}

async fn commit<W: Wire>(
    mut committer: Committer<W>,
    created: &str,
    mut requests: mpsc::Receiver<CommitRequest>,
    outcomes: Sender<Result<Committed, EdgeError>>,
) -> Result<(), Failure> {
    committer.claim().await?;
    committer.set_stream_created(created);
    // Ends: the drain is gone, or with an error.
    while let Some(request) = requests.recv().await {
        let outcome = committer.commit(&request).await;
        let is_last = outcome.is_err();
        if outcomes.send(outcome).await.is_err() || is_last {
            break;
        }
    }
    Ok(())
}

/// Outputs as single messages, each acknowledged; no record.
struct PlainWire {
    connection: Connection,
    inbox: String,
    acks: Subscriber,
    sent: u64,
}

impl PlainWire {
    async fn open(connection: Connection) -> Result<Self, Failure> {
        let inbox = connection.client().new_inbox();
        let acks = connection.client().subscribe(format!("{inbox}.*")).await?;
        Ok(Self { connection, inbox, acks, sent: 0 })
    }
}

impl Wire for PlainWire {
    async fn connected(&mut self) {
        self.connection.connected().await;
    }

    fn generation(&self) -> u64 {
        0
    }

    async fn renewed(&mut self, _: u64) {
        std::future::pending::<()>().await;
    }

    async fn send(&mut self, batch: Sending<'_>) -> Result<PubAck, CallError> {
        let client = self.connection.client();
        let unreadable = |error: &dyn std::fmt::Display| CallError::Unreadable(error.to_string());
        for output in batch.outputs {
            let mut headers = HeaderMap::new();
            output.label.put(&mut headers);
            let (reply, body) = (Subject::from(format!("{}.1", self.inbox)), output.body.clone());
            let subject = output.subject.clone();
            let sent = client.publish_with_reply_and_headers(subject, reply, headers, body).await;
            sent.map_err(|error| unreadable(&error))?;
        }
        for _ in batch.outputs {
            let ack = timeout(batch.patience, self.acks.next()).await;
            let ack = ack.map_err(|_| CallError::TimedOut)?.ok_or(CallError::Cut)?;
            let ack: Value =
                serde_json::from_slice(&ack.payload).map_err(|error| unreadable(&error))?;
            if ack["error"].is_object() {
                return Err(unreadable(&ack));
            }
        }
        // As a record would: what the committer believes rises with every commit.
        self.sent += 1;
        Ok(PubAck { seq: self.sent })
    }

    async fn newest(&mut self, _: &str, _: &str) -> Result<Option<Stored>, CallError> {
        Ok(None)
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn payload_size_max(&self) -> usize {
        self.connection.client().max_payload()
    }
}
