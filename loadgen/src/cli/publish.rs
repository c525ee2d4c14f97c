//! `publish`: documents to JetStream, on a schedule.
//!
//! # Method
//!
//! Open loop: document n is due at start + n / rate, whether or not the server keeps up, and its
//! latency counts from then. A closed loop would wait for a slow server and so hide how slow it is
//! (coordinated omission). The window of unacknowledged messages bounds memory; waiting for it
//! counts as latency too.
//!
//! # Holds
//!
//! - A message counts as published when the server has acknowledged that it is stored.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::stream::{Config, StorageType};
use bytes::Bytes;
use clap::Args;
use crossdock_loadgen::capture;
use crossdock_loadgen::plan::{Documents, Entry, Plan};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use hdrhistogram::Histogram;

use super::Failure;
use super::knobs::Knobs;
use super::nats::{NatsArguments, runtime};
use super::progress::{Progress, say};

/// Longest latency that is told from longer ones: an hour.
const LATENCY_NANOS_MAX: u64 = 3_600_000_000_000;

/// What `publish` wants to know.
#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    knobs: Knobs,
    #[command(flatten)]
    nats: NatsArguments,
    /// Documents a second; 0: as fast as the server takes them, latency counted from the send.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Documents to publish at most.
    #[arg(long)]
    documents: Option<u64>,
    /// Messages that may wait for their acknowledgement.
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    window: u64,
    /// Documents in one message, a line each; only with a single feed and tenant.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pack: u64,
    /// The feed of packed messages.
    #[arg(long, default_value = "generic")]
    pack_feed: String,
    /// Subjects are `<prefix>.<tenant>.<feed>`.
    #[arg(long, default_value = "raw")]
    prefix: String,
    /// Make this stream for `<prefix>.>` first, unless it is there.
    #[arg(long)]
    create: Option<String>,
    /// Leave out the header `Crossdock-Received`: the stream's own time is used.
    #[arg(long)]
    now: bool,
}

/// A message on its way to the server.
struct Due {
    future: PublishAckFuture,
    due: Instant,
}

/// What was measured.
struct Tally {
    /// Nanoseconds from due to acknowledged.
    latency: Histogram<u64>,
    messages: u64,
    documents: u64,
    refused: u64,
    refusal: Option<String>,
}

/// Publishes and reports.
pub(crate) fn publish(arguments: &PublishArguments) -> Result<ExitCode, Failure> {
    let plan = arguments.knobs.plan()?;
    if 1 < arguments.pack && (1 < plan.parameters().feeds.len() || 1 < plan.parameters().tenants) {
        return Err(Failure(
            "`--pack` needs a single feed and tenant: give `--feeds generic --tenants 1`"
                .to_owned(),
        ));
    }
    let started = Instant::now();
    let tally = runtime()?.block_on(run(arguments, &plan))?;
    report(&tally, started.elapsed());
    if let Some(refusal) = tally.refusal {
        return Err(Failure(format!(
            "{} messages were not stored; the first: {refusal}",
            tally.refused
        )));
    }
    Ok(ExitCode::SUCCESS)
}

async fn run(arguments: &PublishArguments, plan: &Plan) -> Result<Tally, Failure> {
    let context = arguments.nats.connect().await?;
    if let Some(name) = &arguments.create {
        let config = Config {
            name: name.clone(),
            subjects: vec![format!("{}.>", arguments.prefix)],
            storage: StorageType::File,
            ..Config::default()
        };
        let outcome = context.get_or_create_stream(config).await;
        outcome.map_err(|error| Failure::at(&format!("make stream \"{name}\""), &error))?;
    }
    let mut tally = Tally {
        latency: Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, 3)
            .map_err(|error| Failure::at("make a histogram", &error))?,
        messages: 0,
        documents: 0,
        refused: 0,
        refusal: None,
    };
    let mut source = Source::new(arguments, plan);
    let mut progress = Progress::new("publish", plan.slot_count());
    let mut flying = FuturesUnordered::new();
    let started = Instant::now();
    while let Some(message) = source.next() {
        let due = match arguments.rate {
            0 => Instant::now(),
            rate => started + Duration::from_secs_f64(tally.documents as f64 / rate as f64),
        };
        tally.settle_until(due, &mut flying).await;
        while arguments.window <= flying.len() as u64 {
            let outcome = flying.next().await;
            tally.settle(outcome.unwrap_or_else(|| unreachable!("the window is not empty")));
        }
        tally.documents += message.documents;
        tally.messages += 1;
        let sent = context
            .publish_with_headers(message.subject, message.headers, message.payload)
            .await
            .map_err(|error| Failure::at("publish", &error))?;
        flying.push(settle(Due { future: sent, due }));
        progress.at(source.documents.slot());
    }
    while let Some(outcome) = flying.next().await {
        tally.settle(outcome);
    }
    progress.finish();
    Ok(tally)
}

async fn settle(due: Due) -> Result<Duration, String> {
    match due.future.await {
        Ok(_) => Ok(due.due.elapsed()),
        Err(error) => Err(error.to_string()),
    }
}

impl Tally {
    /// Takes acknowledgements in until the next message is due. What is due already waits for
    /// nothing: tokio's timer counts whole milliseconds, so that asking it for a moment that has
    /// passed would cost one of them a message, whatever the window.
    async fn settle_until<F>(&mut self, due: Instant, flying: &mut FuturesUnordered<F>)
    where
        F: Future<Output = Result<Duration, String>>,
    {
        // Ends: when nothing is ready and the message is due.
        loop {
            while let Some(Some(outcome)) = flying.next().now_or_never() {
                self.settle(outcome);
            }
            if due <= Instant::now() {
                return;
            }
            match tokio::time::timeout_at(due.into(), flying.next()).await {
                Ok(Some(outcome)) => self.settle(outcome),
                Ok(None) => tokio::time::sleep_until(due.into()).await,
                Err(_) => return,
            }
        }
    }

    fn settle(&mut self, outcome: Result<Duration, String>) {
        match outcome {
            Ok(latency) => {
                let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
                self.latency.saturating_record(nanos);
            }
            Err(error) => {
                self.refused += 1;
                self.refusal.get_or_insert(error);
            }
        }
    }
}

struct Message {
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
    documents: u64,
}

/// The messages of a plan.
struct Source<'a> {
    arguments: &'a PublishArguments,
    plan: &'a Plan,
    documents: Documents<'a>,
    left: u64,
    buffer: Vec<u8>,
}

impl<'a> Source<'a> {
    fn new(arguments: &'a PublishArguments, plan: &'a Plan) -> Self {
        let left = arguments.documents.unwrap_or(u64::MAX);
        Self { arguments, plan, documents: plan.documents(), left, buffer: Vec::new() }
    }

    fn take(&mut self) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        let entry = self.documents.next()?;
        self.documents.write(&entry, &mut self.buffer);
        Some(entry)
    }

    fn next(&mut self) -> Option<Message> {
        let mut entry = self.take()?;
        let mut payload = std::mem::take(&mut self.buffer);
        let mut documents = 1;
        while documents < self.arguments.pack {
            let Some(next) = self.take() else { break };
            entry = next;
            payload.push(b'\n');
            payload.extend_from_slice(&self.buffer);
            documents += 1;
        }
        Some(self.message(&entry, payload, documents))
    }

    fn message(&self, entry: &Entry, payload: Vec<u8>, documents: u64) -> Message {
        let arguments = self.arguments;
        let feed = if 1 < arguments.pack { &arguments.pack_feed } else { entry.feed.name() };
        let tenant = self.plan.tenant(entry.truth.shipment);
        let mut headers = HeaderMap::new();
        if !arguments.now {
            let mut received = Vec::new();
            capture::put_received(entry.received_micros, &mut received);
            headers.insert("Crossdock-Received", String::from_utf8_lossy(&received).as_ref());
        }
        Message {
            subject: format!("{}.{tenant}.{feed}", arguments.prefix),
            headers,
            payload: payload.into(),
            documents,
        }
    }
}

fn report(tally: &Tally, elapsed: Duration) {
    let seconds = elapsed.as_secs_f64();
    say(&format!(
        "{} documents in {} messages, {:.1} s, {:.0} documents/s",
        tally.documents,
        tally.messages,
        seconds,
        tally.documents as f64 / seconds
    ));
    let at = |quantile: f64| tally.latency.value_at_quantile(quantile) as f64 / 1e6;
    say(&format!(
        "due to acknowledged, ms: p50 {:.3}, p90 {:.3}, p99 {:.3}, p99.9 {:.3}, max {:.3}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        tally.latency.max() as f64 / 1e6
    ));
}
