//! Recovery: from a `kill -9` of the engine to its first new change, alone and with a standby.
//!
//! # Place
//! A real server, the engine as processes of their own, snapshots in a folder.
//! # Method
//! Every shipment has one event, read from messages of many lines. Once all is committed and a snapshot of all of it is
//! there, the engine is killed; in the same moment an event is published that moves one of the shipments on. Alone: the
//! engine is started again at once, and the time to the change at a subscriber counts from the kill. With a standby, which
//! has followed all along, nothing is started: the lease has to run out first. Before each, the first change of the
//! running engine is waited for, so that what is killed was at work.
//! # Does not hold
//! How long a crash goes unnoticed where no standby runs: that is the supervisor's time.
//!
//! ```sh
//! cargo run --release -p crossdock-bench --bin recovery -- --shipments 5000000
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::consumer::{DeliverPolicy, push};
use clap::Parser;
use crossdock_bench::live::{self, Document, Engine, Failure, Pace, Published};
use crossdock_bench::machine;
use crossdock_tests::nats::NatsServer;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// From a kill of the engine to its first new change.
#[derive(Debug, Parser)]
struct Args {
    /// Shipments that the engine knows.
    #[arg(long, default_value_t = 250_000)]
    shipments: usize,
    /// Shards of the engine.
    #[arg(long, default_value_t = 2)]
    shards: u8,
    /// Small and quick: shows that it works, not how fast.
    #[arg(long)]
    smoke: bool,
    /// The engine's binary [default: the one built beside this program].
    #[arg(long)]
    engine: Option<PathBuf>,
}

/// Events of a message that fills the stream.
const LINES: usize = 100;

/// How long anything may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(900);

/// How often a folder or a stream is looked at.
const LOOK: Duration = Duration::from_millis(20);

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
    let shipments = if args.smoke { 2_000 } else { args.shipments.max(1_000) };
    let Some(server) = NatsServer::start("recovery") else { return Ok(()) };
    let folder = std::env::temp_dir().join(format!("crossdock-recovery-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let site = Site::new(&server.url(), binary, &folder, args.shards).await?;
    let outcome = measure(&site, shipments).await;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

async fn measure(site: &Site, shipments: usize) -> Result<(), Failure> {
    site.fill(shipments).await?;
    let begun = Instant::now();
    let first = site.engine(&[])?;
    let (position, bytes) = site.snapshot(site.last_seq().await?).await?;
    let filled = begun.elapsed().as_secs_f64();
    eprintln!(
        "{shipments} shipments read, committed and saved in {filled:.1} s: snapshot at {position}, {:.0} MB, {:.0} bytes a shipment",
        bytes as f64 / 1e6,
        bytes as f64 / shipments as f64
    );
    site.moved(0).await?;
    let (alone, second) = site.after_kill(first, true, 1).await?;
    // The standby reads the same snapshots; it is there when it has followed what the owner says.
    let standby = site.engine(&["--standby"])?;
    let mark = site.last_seq().await?;
    site.snapshot(mark).await?;
    site.moved(2).await?;
    tokio::time::sleep(site.settle(alone)).await;
    let owner = second.ok_or("it was started again")?;
    let (taken, _) = site.after_kill(owner, false, 3).await?;
    drop(standby);
    for (name, seconds) in [("restart", alone), ("standby", taken)] {
        eprintln!("{name:<8} kill -9 to the first new change: {seconds:.2} s");
        let record = json!({
            "bench": "recovery", "phase": name, "shipments": shipments, "seconds": seconds,
            "snapshot_bytes": bytes, "machine": machine::describe(), "load": machine::load(),
        });
        println!("{record}");
    }
    Ok(())
}

/// A server with its streams, and where engines keep their snapshots.
struct Site {
    context: jetstream::Context,
    url: String,
    binary: PathBuf,
    settings: Vec<String>,
    folder: PathBuf,
}

fn event(shipment: usize, event: &str, hour: usize) -> String {
    format!(
        r#"{{"tracking_number":"RC{shipment:010}","event":"{event}","at":"2026-05-20T{hour:02}:00:00Z"}}"#
    )
}

/// What moves a shipment on.
fn step(shipment: usize) -> Document {
    document(event(shipment, "IN_TRANSIT", 12))
}

fn document(body: String) -> Document {
    let received = String::from("2026-05-20T14:00:00Z");
    Document { tail: String::from("acme.generic"), received, body: body.into(), changes: true }
}

impl Site {
    async fn new(url: &str, binary: PathBuf, folder: &Path, shards: u8) -> Result<Self, Failure> {
        Engine::make_streams(&binary, url)?;
        let options = async_nats::ConnectOptions::new().subscription_capacity(1 << 18);
        let settings = [
            format!("snapshot.dir={}", folder.display()),
            format!("engine.shards={shards}"),
            String::from("snapshot.interval=2s"),
            String::from("lease.bucket=crossdock-leases"),
            String::from("lease.ttl=2s"),
            String::from("sink.pack_bytes=64KiB"),
        ];
        Ok(Self {
            context: jetstream::new(options.connect(url).await?),
            url: url.to_owned(),
            binary,
            settings: settings.into(),
            folder: folder.to_owned(),
        })
    }

    fn engine(&self, words: &[&str]) -> Result<Engine, Failure> {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        Engine::start(&self.binary, &self.url, &settings, words)
    }

    async fn fill(&self, shipments: usize) -> Result<(), Failure> {
        let mut next = 0;
        // Ends: every turn fills some of what is left.
        while next < shipments {
            let some = (next..shipments).step_by(LINES).take(2_000);
            let messages: Vec<Document> = some
                .map(|from| {
                    let lines = from..(from + LINES).min(shipments);
                    let lines: Vec<String> = lines.map(|it| event(it, "MANIFESTED", 9)).collect();
                    document(lines.join("\n"))
                })
                .collect();
            next += messages.len() * LINES;
            self.publish(&messages).await?;
        }
        Ok(())
    }

    async fn publish(&self, messages: &[Document]) -> Result<Published, Failure> {
        live::publish(&self.context, "raw", messages, Pace::Server).await
    }

    async fn last_seq(&self) -> Result<u64, Failure> {
        Ok(self.context.get_stream("IN").await?.cached_info().state.last_sequence)
    }

    /// Waits for a complete snapshot at or behind a sequence; its position and bytes.
    async fn snapshot(&self, seq: u64) -> Result<(u64, u64), Failure> {
        let begun = Instant::now();
        // Ends: when it is there, or patience is out.
        while begun.elapsed() < PATIENCE {
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let position = name.strip_suffix(".snapshot").and_then(|name| {
                    let mut parts = name.rsplit('-');
                    parts.nth(1)?.parse::<u64>().ok()
                });
                if let Some(position) = position.filter(|position| seq <= *position) {
                    return Ok((position, entry.metadata()?.len()));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("no snapshot reached {seq}").into())
    }

    /// Moves a shipment on and waits for the change.
    async fn moved(&self, shipment: usize) -> Result<(), Failure> {
        let mut changes = live::changes(&self.context, DeliverPolicy::New).await?;
        self.publish(&[step(shipment)]).await?;
        heard(&mut changes, shipment).await
    }

    /// Kills an engine, moves a shipment on, starts another one where none stands by; seconds to the change.
    async fn after_kill(
        &self,
        engine: Engine,
        starts: bool,
        shipment: usize,
    ) -> Result<(f64, Option<Engine>), Failure> {
        let mut changes = live::changes(&self.context, DeliverPolicy::New).await?;
        let killed = Instant::now();
        engine.kill()?;
        let next = if starts { Some(self.engine(&[])?) } else { None };
        self.publish(&[step(shipment)]).await?;
        heard(&mut changes, shipment).await?;
        Ok((killed.elapsed().as_secs_f64(), next))
    }

    /// How long a standby is given to load a snapshot and catch up: what a restart took, and some.
    fn settle(&self, restart: f64) -> Duration {
        Duration::from_secs_f64(2.0 * restart + 3.0)
    }
}

/// Waits for the change of a shipment that was moved on.
async fn heard(changes: &mut push::Ordered, shipment: usize) -> Result<(), Failure> {
    let number = format!("RC{shipment:010}");
    let is_it = |line: &[u8]| {
        serde_json::from_slice(line).is_ok_and(|change: Value| {
            change["tracking_number"] == *number && change["kind"] == "milestone"
        })
    };
    // Ends: when it comes, or nothing has for as long as patience lasts.
    loop {
        let Ok(Some(message)) = tokio::time::timeout(PATIENCE, changes.next()).await else {
            return Err(format!("{number} did not move on").into());
        };
        if message?.payload.split(|byte| *byte == b'\n').any(is_it) {
            return Ok(());
        }
    }
}
