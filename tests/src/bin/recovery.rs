//! How long from kill -9 to the first new output, with how many shipments in memory.
//!
//! # Place
//! `cargo run --release -p crossdock-tests --bin recovery -- --shipments 1000000`. Prints the figures of
//! docs/OPERATING.md.
//! # Method
//! One server; one document for each of so many shipments; an engine drains them, ends in order and
//! leaves a snapshot. Started again it takes a few documents more, is killed, started at once, and one
//! more document is published. The clock runs from the kill to the change of that document in OUT.
//! # Does not hold
//! Another machine, a cold page cache, or a tail of input longer than a few documents.

use clap::Parser;
use crossdock_tests::engine;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, message_count};
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

#[derive(Debug, Parser)]
struct Arguments {
    /// Shipments in memory.
    #[arg(long, default_value_t = 100_000)]
    shipments: u64,
    /// Shards of the engine.
    #[arg(long, default_value_t = 2)]
    shards: u8,
}

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() -> ExitCode {
    if let Some(code) = engine::run_if_asked() {
        return code;
    }
    let arguments = Arguments::parse();
    let Some(server) = NatsServer::start("recovery-time") else { return ExitCode::SUCCESS };
    let url = server.url();
    let folder = std::env::temp_dir().join(format!("crossdock-recovery-{}", std::process::id()));
    let command = |words: &[&str]| -> Command {
        let own = std::env::current_exe().expect("a program has a path");
        let mut all = vec!["engine"];
        all.extend(words);
        let mut command = streams::crossdock(&own, &url, &all);
        let snapshots = format!("snapshot.dir={}", folder.display());
        for option in [snapshots.as_str(), "source.max_bytes=64GiB", "snapshot.interval=10m"] {
            command.args(["--set", option]);
        }
        command.stderr(Stdio::inherit());
        command
    };
    let shards = arguments.shards.to_string();
    streams::finish(command(&["nats", "init"]).spawn().expect("started"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let start = Instant::now();
    runtime.block_on(fill(&url, arguments.shipments));
    println!("published {} documents in {:.1} s", arguments.shipments, since(start));
    let start = Instant::now();
    let drain = ["run", "--shards", &shards, "--until-caught-up"];
    streams::finish(command(&drain).spawn().expect("started"));
    println!("drained them and wrote a snapshot in {:.1} s", since(start));
    let bytes: u64 = fs::read_dir(&folder)
        .expect("a folder of snapshots")
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .max()
        .unwrap_or(0);
    println!("snapshot of {bytes} bytes, {} a shipment", bytes / arguments.shipments.max(1));
    let run = ["run", "--shards", &shards];
    let mut times = Vec::new();
    for round in 0..3 {
        let mut child = command(&run).spawn().expect("started");
        let before = runtime.block_on(message_count(&url, "OUT"));
        runtime.block_on(publish_one(&url, 2 * round));
        wait_for_more(&runtime, &url, before);
        let before = runtime.block_on(message_count(&url, "OUT"));
        let start = Instant::now();
        child.kill().expect("killed");
        child.wait().expect("gone");
        let mut child = command(&run).spawn().expect("started");
        runtime.block_on(publish_one(&url, 2 * round + 1));
        wait_for_more(&runtime, &url, before);
        times.push(since(start));
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    times.sort_by(f64::total_cmp);
    println!("kill -9 to the first new output: {:.2} s (of three: {times:.2?})", times[1]);
    fs::remove_dir_all(folder).expect("removed");
    ExitCode::SUCCESS
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

/// One document for each shipment.
async fn fill(url: &str, shipments: u64) {
    let context = async_nats::jetstream::new(async_nats::connect(url).await.expect("connected"));
    let mut acks = Vec::new();
    for shipment in 0..shipments {
        let sent = context.publish("raw.bench.generic", document(shipment).into()).await;
        acks.push(sent.expect("sent"));
        if acks.len() == 2_000 || shipment + 1 == shipments {
            for ack in acks.drain(..) {
                ack.await.expect("stored");
            }
        }
    }
}

/// A new shipment beside the plan's.
async fn publish_one(url: &str, number: u64) {
    let context = async_nats::jetstream::new(async_nats::connect(url).await.expect("connected"));
    let document = document(u64::MAX / 2 + number);
    let sent = context.publish("raw.bench.generic", document.into()).await;
    sent.expect("sent").await.expect("stored");
}

/// One event of a shipment of its own, in crossdock's own format.
fn document(number: u64) -> String {
    let serial = number % 1_000_000_000_000;
    format!(
        r#"{{"carrier":"swiftline","tracking_number":"FL{serial:012}","event":"PICKED_UP","time":"2026-05-21T08:14:00-05:00","text":"Picked up by driver","city":"Austin","region":"TX","country":"US"}}"#
    )
}

/// Waits until OUT holds more than before: changes, not commit records, since those are rolled up.
fn wait_for_more(runtime: &tokio::runtime::Runtime, url: &str, before: u64) {
    let start = Instant::now();
    // Ends: with the change, or in failure.
    while runtime.block_on(message_count(url, "OUT")) <= before {
        assert!(start.elapsed() < WAIT, "no new output");
    }
}
