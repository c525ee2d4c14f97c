//! Latency and drain over JetStream: from the due time of the publish to the change at a subscriber.
//!
//! One server, the engine as a second process. First the maximum rate, with the server setting the pace;
//! then open loop at 10, 50 and 80 % of it, each beside a bare echo at the same rate; then streams
//! that were filled before, with one and with 50 documents a message, drained by a consumer that does
//! nothing and by the engine, its changes alone and packed. Every change that the oracle expects must come, or the run fails.
//! A table on stderr, JSON records on stdout.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull, push};
use async_nats::jetstream::stream::StorageType;
use async_nats::jetstream::{self, Context, stream};
use clap::Parser;
use crossdock_bench::live::{self, Document, Engine, Failure, PATIENCE, Pace, Published, Supply};
use crossdock_bench::machine;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_tests::nats::NatsServer;
use futures_util::{FutureExt as _, StreamExt as _};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::sync::oneshot;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Latency over JetStream, beside an echo; drain, beside a consumer that does nothing.
#[derive(Debug, Parser)]
struct Args {
    /// Small and quick: shows that it works, not how fast.
    #[arg(long)]
    smoke: bool,
    /// Documents that measure the maximum rate, and that a drain reads.
    #[arg(long, default_value_t = 100_000)]
    documents: usize,
    /// Seconds at each rate.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Only the rates, without the drains.
    #[arg(long)]
    rates_only: bool,
    /// The engine's binary [default: the one built beside this program].
    #[arg(long)]
    engine: Option<PathBuf>,
}

/// Each change is a message.
const ALONE: &str = "sink.pack_bytes=0B";

/// Documents of a message, where it holds several.
const LINES: usize = 50;

/// The changes of a tenant share messages of this size.
const PACKED: &str = "sink.pack_bytes=64KiB";

fn main() -> ExitCode {
    let args = Args::parse();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let outcome = match builder.worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(&args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    let binary = live::engine_binary(args.engine.as_deref())?;
    let (documents, seconds) =
        if args.smoke { (2_000, 1.0) } else { (args.documents, args.seconds) };
    // Enough stories for all phases: a shipment has some eight documents.
    let plan = Plan::new(Workload::Flat.parameters((documents as u64 * 4).max(20_000)))?;
    let report = Report { machine: machine::describe() };
    let Some(server) = NatsServer::start("latency") else { return Ok(()) };
    open_loop(&report, &plan, &binary, &server, documents, seconds).await?;
    drop(server);
    if args.rates_only {
        return Ok(());
    }
    for (pack, output) in [(1, ALONE), (1, PACKED), (LINES, ALONE), (LINES, PACKED)] {
        let Some(server) = NatsServer::start("drain") else { return Ok(()) };
        drain(&report, &plan, &binary, &server, documents, (pack, output)).await?;
    }
    Ok(())
}

/// Where figures go.
struct Report {
    machine: Value,
}

impl Report {
    fn say(&self, mut record: Value) {
        record["bench"] = json!("jetstream");
        record["load"] = json!(machine::load());
        record["machine"] = self.machine.clone();
        println!("{record}");
    }
}

async fn connect(url: &str) -> Result<Context, Failure> {
    let options = async_nats::ConnectOptions::new().subscription_capacity(1 << 18);
    Ok(jetstream::new(options.connect(url).await?))
}

async fn open_loop(
    report: &Report,
    plan: &Plan,
    binary: &Path,
    server: &NatsServer,
    documents: usize,
    seconds: f64,
) -> Result<(), Failure> {
    let url = server.url();
    Engine::make_streams(binary, &url)?;
    let engine = Engine::start(binary, &url, &[ALONE], &[])?;
    let (publisher, subscriber) = (connect(&url).await?, connect(&url).await?);
    publisher.create_stream(file("ECHO", "echo.>")).await?;
    let mut supply = Supply::new(plan);
    // A warm-up: connections, shapes, the first pages of everything.
    let warm = supply.take(1_000, 1);
    through_engine(&publisher, &subscriber, &warm, Pace::Server).await?;
    let filled = supply.take(documents, 1);
    let seen = through_engine(&publisher, &subscriber, &filled, Pace::Server).await?;
    let last = seen.came.iter().flatten().max().ok_or("no change came at all")?;
    let rate_max = filled.len() as f64 / (*last - seen.start).as_secs_f64();
    eprintln!("maximum rate, publisher, server and engine together: {rate_max:.0} documents/s");
    report.say(json!({"phase": "maximum", "documents": filled.len(), "rate": rate_max}));
    for percent in [10, 50, 80] {
        let rate = rate_max * f64::from(percent) / 100.0;
        let batch = supply.take((rate * seconds) as usize, 1);
        let echo = through_echo(&publisher, &subscriber, &batch, rate).await?;
        let pace = Pace::Rate(rate);
        let seen = through_engine(&publisher, &subscriber, &batch, pace).await?;
        let (echo, change) = (echo.latencies(pace)?, seen.latencies(pace)?);
        for (phase, latencies) in [("echo", &echo), ("change", &change)] {
            tell(report, phase, percent, rate, latencies);
        }
        let ratio = change.value_at_quantile(0.99) as f64 / echo.value_at_quantile(0.99) as f64;
        eprintln!("          p99 of changes is {ratio:.2} x that of the echo");
    }
    drop(engine);
    Ok(())
}

fn file(name: &str, subjects: &str) -> stream::Config {
    stream::Config {
        name: name.to_owned(),
        subjects: vec![subjects.to_owned()],
        storage: StorageType::File,
        ..stream::Config::default()
    }
}

/// When the first answer to each document came.
struct Seen {
    start: Instant,
    came: Vec<Option<Instant>>,
}

impl Seen {
    /// Microseconds from due to come.
    fn latencies(&self, pace: Pace) -> Result<Histogram<u64>, Failure> {
        let mut latencies = Histogram::new_with_bounds(1, 3_600_000_000, 3)?;
        for (index, came) in self.came.iter().enumerate() {
            if let (Some(came), Some(due)) = (came, pace.due(index)) {
                let micros = came.saturating_duration_since(self.start + due).as_micros();
                latencies.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX).max(1));
            }
        }
        Ok(latencies)
    }
}

/// Publishes to IN and waits for every change that the oracle expects.
async fn through_engine(
    publisher: &Context,
    subscriber: &Context,
    documents: &[Document],
    pace: Pace,
) -> Result<Seen, Failure> {
    let changes = live::changes(subscriber, DeliverPolicy::New).await?;
    let (tell_wanted, wanted) = oneshot::channel();
    let reader = tokio::spawn(first_changes(changes, wanted));
    let Published { start, sequences } = live::publish(publisher, "raw", documents, pace).await?;
    let changing = sequences.iter().zip(documents).filter(|(_, document)| document.changes);
    // Where the reader has failed already, it says why below.
    drop(tell_wanted.send(changing.map(|(seq, _)| *seq).collect()));
    let came = reader.await??;
    Ok(Seen { start, came: sequences.iter().map(|seq| came.get(seq).copied()).collect() })
}

/// When the first change that each document caused came, by the document's sequence; until all that are wanted
/// have, which is known when the last document is published.
async fn first_changes(
    mut changes: push::Ordered,
    wanted: oneshot::Receiver<HashSet<u64>>,
) -> Result<HashMap<u64, Instant>, String> {
    let mut came = HashMap::new();
    let mut wanted = wanted.fuse();
    let mut left: Option<HashSet<u64>> = None;
    // Ends: when all came, or none has for as long as patience lasts.
    while left.as_ref().is_none_or(|left| !left.is_empty()) {
        tokio::select! {
            all = &mut wanted, if left.is_none() => {
                let mut all = all.map_err(|_| "the publisher failed")?;
                all.retain(|seq| !came.contains_key(seq));
                left = Some(all);
            }
            change = tokio::time::timeout(PATIENCE, changes.next()) => {
                let Ok(Some(change)) = change else {
                    let left = left.map_or(0, |left| left.len());
                    return Err(format!("{left} documents caused no change, and the oracle has one"));
                };
                let now = Instant::now();
                let change = change.map_err(|error| error.to_string())?;
                for seq in change.payload.split(|byte| *byte == b'\n').filter_map(live::cause) {
                    came.entry(seq).or_insert(now);
                    if let Some(left) = &mut left {
                        left.remove(&seq);
                    }
                }
            }
        }
    }
    Ok(came)
}

/// The same documents into a stream of their own, with somebody who only sends each on.
async fn through_echo(
    publisher: &Context,
    subscriber: &Context,
    documents: &[Document],
    rate: f64,
) -> Result<Seen, Failure> {
    let echo = subscriber.client();
    let mut heard = echo.subscribe("echo.>").await?;
    let mut answers = echo.subscribe("back").await?;
    echo.flush().await?;
    let (sender, count) = (echo.clone(), documents.len());
    let echoing = tokio::spawn(async move {
        for _ in 0..count {
            let Some(message) = heard.next().await else { return };
            if sender.publish("back", message.payload).await.is_err() {
                return;
            }
        }
    });
    let reader = tokio::spawn(async move {
        let mut came = vec![None; count];
        for slot in &mut came {
            if !matches!(tokio::time::timeout(PATIENCE, answers.next()).await, Ok(Some(_))) {
                return Err("the echo has lost a message");
            }
            *slot = Some(Instant::now());
        }
        Ok(came)
    });
    let Published { start, .. } =
        live::publish(publisher, "echo", documents, Pace::Rate(rate)).await?;
    let came = reader.await??;
    echoing.await?;
    Ok(Seen { start, came })
}

fn tell(report: &Report, phase: &str, percent: u32, rate: f64, latencies: &Histogram<u64>) {
    let at = |quantile: f64| latencies.value_at_quantile(quantile);
    let (p50, p90, p99, p999) = (at(0.5), at(0.9), at(0.99), at(0.999));
    eprintln!(
        "{percent:>3} % {phase:<7} {:>8} at {rate:>7.0}/s, us: p50 {p50:>7}  p90 {p90:>7}  p99 {p99:>7}  p99.9 {p999:>7}  max {:>7}",
        latencies.len(),
        latencies.max()
    );
    let steps = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0];
    let curve: Vec<(f64, u64)> = steps.into_iter().map(|step| (step, at(step))).collect();
    report.say(json!({
        "phase": phase, "percent": percent, "rate": rate, "count": latencies.len(),
        "p50_us": p50, "p90_us": p90, "p99_us": p99, "p99.9_us": p999, "max_us": latencies.max(),
        "curve_us": curve,
    }));
}

async fn drain(
    report: &Report,
    plan: &Plan,
    binary: &Path,
    server: &NatsServer,
    documents: usize,
    (pack, output): (usize, &str),
) -> Result<(), Failure> {
    let url = server.url();
    Engine::make_streams(binary, &url)?;
    let context = connect(&url).await?;
    let filled = Supply::new(plan).take(documents / pack, pack);
    let Published { sequences, .. } = live::publish(&context, "raw", &filled, Pace::Server).await?;
    let changing = sequences.iter().zip(&filled).filter(|(_, document)| document.changes);
    let changing: HashSet<u64> = changing.map(|(seq, _)| *seq).collect();
    let nothing = noop(&context, filled.len()).await? * pack as f64;
    let drained = drained(&context, binary, (&url, output), filled.len()).await?;
    // What was fast and wrong has no rate.
    let (tell_wanted, wanted) = oneshot::channel();
    drop(tell_wanted.send(changing));
    first_changes(live::changes(&context, DeliverPolicy::All).await?, wanted).await?;
    let Some(engine) = drained else {
        eprintln!("drain, {pack} a message: one commit took everything, so there is no rate");
        report.say(json!({"phase": "drain", "pack": pack, "output": output,
            "messages": filled.len(), "noop_events_per_second": nothing, "status": "too few documents for a rate"}));
        return Ok(());
    };
    let engine = engine * pack as f64;
    let ratio = engine / nothing;
    eprintln!(
        "drain, {pack} a message, {output}: engine {engine:.0} events/s, a consumer that does nothing {nothing:.0}, ratio {ratio:.2}",
    );
    report.say(json!({
        "phase": "drain", "pack": pack, "output": output, "messages": filled.len(),
        "events_per_second": engine, "noop_events_per_second": nothing, "ratio": ratio,
    }));
    Ok(())
}

/// Messages a second of a pull consumer without acks that looks at nothing.
async fn noop(context: &Context, count: usize) -> Result<f64, Failure> {
    let config = pull::Config {
        ack_policy: AckPolicy::None,
        memory_storage: true,
        inactive_threshold: Duration::from_secs(60),
        ..pull::Config::default()
    };
    let consumer = context.get_stream("IN").await?.create_consumer(config).await?;
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(2_000)
        .expires(Duration::from_secs(5))
        .messages()
        .await?;
    let start = Instant::now();
    for _ in 0..count {
        messages.next().await.ok_or("the stream ended early")??;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Messages a second between the first commit of the engine that read something and the last; none
/// where one commit took everything.
async fn drained(
    context: &Context,
    binary: &Path,
    (url, output): (&str, &str),
    count: usize,
) -> Result<Option<f64>, Failure> {
    let mut commits = context.client().subscribe("ctl.>").await?;
    context.client().flush().await?;
    let engine = Engine::start(binary, url, &[output], &[])?;
    let mut first: Option<(Instant, u64)> = None;
    // Ends: at the commit of the last document, or when none has come for as long as patience lasts.
    loop {
        let Ok(Some(commit)) = tokio::time::timeout(PATIENCE, commits.next()).await else {
            return Err("the engine stopped committing before the end of the stream".into());
        };
        let now = Instant::now();
        let record: Value = serde_json::from_slice(&commit.payload)?;
        let Some(seq) = record.pointer("/position/seq").and_then(Value::as_u64) else { continue };
        if 0 < seq {
            let (begun, from) = *first.get_or_insert((now, seq));
            if count as u64 <= seq {
                drop(engine);
                let seconds = (now - begun).as_secs_f64();
                return Ok((from < seq).then(|| (seq - from) as f64 / seconds));
            }
        }
    }
}
