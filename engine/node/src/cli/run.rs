//! `crossdock run`: drains a JetStream stream and publishes the changes, exactly once.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use crossdock_core::engine::EngineOptions;

use super::settings::Settings;
use super::summary::{self, Measured};
use super::{Failure, terminal};
use crate::drain::Drain;
use crate::error::EdgeError;
use crate::jetstream::ctl::Position;
use crate::jetstream::edge::Edge;
use crate::jetstream::intake::Start;
use crate::pipeline::Pipeline;
use crate::telemetry::{Telemetry, http};

/// Arguments of `run`. What is left out comes from the configuration.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The NATS servers, `nats://host:port`, several with commas between.
    #[arg(long, value_name = "URLS")]
    pub nats: Option<String>,
    /// The group: the unit of ownership and commit.
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Lanes (decoder threads).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub lanes: Option<u8>,
    /// Shards (state threads).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub shards: Option<u8>,
    /// Ends when everything that the stream holds is committed.
    #[arg(long)]
    pub until_caught_up: bool,
    /// Goes on where the stream no longer holds messages that were never read.
    #[arg(long)]
    pub accept_lost_input: bool,
    /// Where `/metrics`, `/healthz` and `/readyz` listen.
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Option<SocketAddr>,
}

/// How long a stop waits for what is under way.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Runs the command.
///
/// # Errors
///
/// The server can't be reached or is not fit, another engine owns the group, or a bug.
pub fn run(settings: &Settings, args: &RunArgs) -> Result<ExitCode, Failure> {
    let mut edge_options = settings.config.edge_options();
    if let Some(servers) = &args.nats {
        edge_options.connection.servers = servers.split(',').map(str::to_owned).collect();
    }
    if let Some(group) = &args.group {
        edge_options.committer.group.clone_from(group);
    }
    let options = EngineOptions {
        lanes: args.lanes.map_or(settings.engine.lanes, usize::from),
        shards: args.shards.map_or(settings.engine.shards, usize::from),
        ..settings.engine.clone()
    };
    settings.start_log();
    let telemetry = Telemetry::new();
    let admin = args.admin.or(settings.config.telemetry_listen);
    let server = match admin {
        Some(address) => Some(serve(address, &telemetry)?),
        None => None,
    };
    let group = edge_options.committer.group.clone();
    let edge = Edge::open(edge_options, Arc::clone(&telemetry))?;
    for deviation in edge.deviations() {
        tracing::warn!(
            stream = deviation.stream,
            setting = deviation.setting,
            found = deviation.found,
            wanted = deviation.wanted,
            "stream setting: {}",
            deviation.why
        );
    }
    let found = edge.claim().found.clone();
    let suppressed = found.as_ref().map_or_else(Position::default, |record| record.position);
    let mark = found.as_ref().and_then(|record| record.stream.clone());
    tracing::info!(
        group,
        epoch = edge.claim().epoch,
        lanes = options.lanes,
        shards = options.shards,
        committed = suppressed.seq,
        "replaying from the start of the stream; what was published is not published again"
    );
    let start = Start {
        // A group that has committed needs the stream from its first message on, a new one takes
        // what there is.
        position: found.is_some().then_some(0),
        created: mark.as_ref().map(|mark| mark.created.clone()),
        prints: mark.iter().map(|mark| mark.fingerprint()).collect(),
        accept_lost: args.accept_lost_input,
    };
    let (handle, driver) = edge.start(start)?;
    let driver = thread::Builder::new()
        .name(String::from("edge"))
        .spawn(move || driver.run())
        .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    let pipeline = Pipeline::start(&settings.feeds, &options);
    let policy = settings.commit_policy();
    let drain = Drain::new(handle, pipeline, policy, Arc::clone(&telemetry), group, suppressed);
    telemetry.set_ready(true);
    let ended = drive(drain, args, &telemetry);
    telemetry.set_ready(false);
    if let Some(stop) = server {
        stop.stop();
    }
    let joined = driver.join();
    drop(joined);
    ended
}

/// Serves telemetry on a thread of its own.
fn serve(address: SocketAddr, telemetry: &Arc<Telemetry>) -> Result<http::Stop, Failure> {
    let server = http::Server::bind(address, Arc::clone(telemetry))?;
    let stop = server.stop();
    let spawned = thread::Builder::new().name(String::from("admin")).spawn(move || {
        if let Err(error) = server.run() {
            tracing::error!(%error, "the admin port has closed");
        }
    });
    spawned.map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    Ok(stop)
}

/// Gives the drain turns until it is caught up, stopped, or broken.
fn drive(mut drain: Drain, args: &RunArgs, telemetry: &Telemetry) -> Result<ExitCode, Failure> {
    let stopping = Arc::new(AtomicBool::new(false));
    watch_signals(&stopping);
    let start = Instant::now();
    let mut last_log = start;
    let mut stop_since = None;
    let policy_nap = Duration::from_micros(100);
    // Ends: caught up where that was asked for, stopped by a signal, or with an error.
    loop {
        let done = drain.turn()?;
        if stopping.load(Ordering::Relaxed) {
            let since = *stop_since.get_or_insert_with(Instant::now);
            if drain.is_settled() || STOP_MAX < since.elapsed() {
                break;
            }
        }
        if args.until_caught_up && drain.is_caught_up() {
            break;
        }
        if Duration::from_secs(10) <= last_log.elapsed() {
            last_log = Instant::now();
            let tally = drain.tally();
            tracing::info!(
                documents = tally.documents,
                inputs = tally.inputs,
                changes = tally.changes_sum(),
                committed = drain.committed().seq,
                shipments = drain.shipments(),
                "running"
            );
        }
        if done == 0 {
            thread::sleep(policy_nap);
        }
    }
    finish(&drain, telemetry, start);
    Ok(ExitCode::SUCCESS)
}

fn finish(drain: &Drain, telemetry: &Telemetry, start: Instant) {
    let latency = telemetry.latency.summary();
    let committed = drain.committed();
    let measured = Measured {
        elapsed: start.elapsed(),
        latency: [latency.p50, latency.p90, latency.p99, latency.max],
        shipments: drain.shipments(),
    };
    summary::print(&drain.tally(), &measured);
    terminal::note(&format!("committed up to {}\n", committed.seq));
}

/// Sets the flag on the first SIGINT or SIGTERM; a second one ends the process as usual.
fn watch_signals(stopping: &Arc<AtomicBool>) {
    let flag = Arc::clone(stopping);
    let spawned = thread::Builder::new().name(String::from("signals")).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut terminate), Ok(mut interrupt)) =
                (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                return;
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "signals are not watched");
    }
}
