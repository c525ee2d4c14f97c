//! `crossdock run`: drains a JetStream stream and publishes the changes, exactly once.

mod rules;
mod signals;
mod snapshots;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Args;
use crossdock_core::engine::EngineOptions;

use self::rules::NewRules;
use self::signals::Asked;
use self::snapshots::Snapshots;
use super::settings::Settings;
use super::summary::{self, Measured};
use super::{Failure, terminal};
use crate::bell::Bell;
use crate::drain::Drain;
use crate::error::EdgeError;
use crate::jetstream::ctl::Position;
use crate::jetstream::edge::{Edge, EdgeOptions, Stance};
use crate::pipeline::Pipeline;
use crate::snapshot::start::resume;
use crate::snapshot::{Copier, Identity, Keeper, SnapshotHandle, Started};
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
    /// Follows the engine that owns the group and takes over when its lease runs out.
    #[arg(long, conflicts_with_all = ["until_caught_up", "accept_lost_input"])]
    pub standby: bool,
    /// Goes on where the stream no longer holds messages that were never read.
    #[arg(long)]
    pub accept_lost_input: bool,
    /// Where `/metrics`, `/healthz` and `/readyz` listen.
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Option<SocketAddr>,
}

/// How long a stop waits for what is under way.
const STOP_MAX: Duration = Duration::from_secs(10);

/// How long a stop waits for its last snapshot.
const SAVE_MAX: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
///
/// The server can't be reached or is not fit, another engine owns the group, or a bug.
pub fn run(settings: &Settings, args: &RunArgs) -> Result<ExitCode, Failure> {
    let edge_options = edge_options(settings, args)?;
    let options = EngineOptions {
        lanes: args.lanes.map_or(settings.engine.lanes, usize::from),
        shards: args.shards.map_or(settings.engine.shards, usize::from),
        ..settings.engine.clone()
    };
    settings.start_log();
    let telemetry = Telemetry::new();
    let server = match args.admin.or(settings.config.telemetry_listen) {
        Some(address) => Some(serve(address, &telemetry)?),
        None => None,
    };
    let mut stance = if args.standby { Stance::Standby } else { Stance::Owner };
    let mut asked = None;
    // Ends: with anything but a message that is left out, and so many of them are a failure.
    let ended = loop {
        let ended =
            run_once(settings, args, &options, (&edge_options, stance), &telemetry, &mut asked);
        let Err(Failure::Edge(EdgeError::Quarantined { seq, .. })) = ended else { break ended };
        tracing::warn!(seq, "starting again without this message");
        if asked.as_ref().is_some_and(Asked::is_to_end) {
            break Ok(ExitCode::SUCCESS);
        }
        // Who stands by has all but replayed already; where nobody does, the lease comes back to us.
        if edge_options.lease.is_some() && !args.until_caught_up {
            stance = Stance::Standby;
        }
    };
    if let Some(stop) = server {
        stop.stop();
    }
    ended
}

/// From a start to an end, orderly or not.
fn run_once(
    settings: &Settings,
    args: &RunArgs,
    options: &EngineOptions,
    (edge_options, stance): (&EdgeOptions, Stance),
    telemetry: &Arc<Telemetry>,
    asked: &mut Option<Asked>,
) -> Result<ExitCode, Failure> {
    let edge = Edge::open(edge_options.clone(), stance, Arc::clone(telemetry))?;
    warn_of_deviations(&edge);
    // From here on an end is orderly: the group may be ours at any moment.
    let asked = asked.get_or_insert_with(Asked::watch);
    let (drain, driver, copier) = start(settings, args, options, (edge, stance), telemetry)?;
    telemetry.set_ready(stance == Stance::Owner);
    let ended = drive(drain, settings, args, telemetry, asked);
    telemetry.set_ready(false);
    let joined = driver.join();
    drop(joined);
    match copier {
        Some(copier) if ended.is_ok() => copier.finish(SAVE_MAX),
        // What is under way is broken off.
        copier => drop(copier),
    }
    ended
}

/// The configuration's edge with what the command line says.
fn edge_options(settings: &Settings, args: &RunArgs) -> Result<EdgeOptions, Failure> {
    let mut options = settings.config.edge_options();
    if let Some(servers) = &args.nats {
        options.connection.servers = servers.split(',').map(str::to_owned).collect();
    }
    if let Some(group) = &args.group {
        options.committer.group.clone_from(group);
    }
    if args.standby && options.lease.is_none() {
        return Err(Failure::Settings(String::from(
            "a standby needs a lease\n  = help: Set `lease.bucket` for every engine of the group.",
        )));
    }
    Ok(options)
}

fn warn_of_deviations(edge: &Edge) {
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
}

/// From the newest snapshot, or from nothing: a drain that replays what was committed and goes on,
/// and the thread that talks with the server.
fn start(
    settings: &Settings,
    args: &RunArgs,
    options: &EngineOptions,
    (mut edge, stance): (Edge, Stance),
    telemetry: &Arc<Telemetry>,
) -> Result<(Drain, JoinHandle<()>, Option<Copier>), Failure> {
    let found = edge.claim().found.clone();
    let epoch = edge.claim().epoch;
    let suppressed = found.as_ref().map_or_else(Position::default, |record| record.position);
    let mark = found.as_ref().and_then(|record| record.stream.clone());
    let rules_rev = options.rules.as_ref().map(|rules| rules.rev());
    let identity = Identity {
        group: edge.group().to_owned(),
        stream: settings.config.source.stream.clone(),
        created: mark.as_ref().map(|mark| mark.created.clone()).unwrap_or_default(),
        feeds_digest: settings.feeds_digest,
        rules_digest: rules_rev.unwrap_or(0),
    };
    let mut snapshots = Snapshots::open(settings, args, &identity)?;
    let started = match &mut snapshots {
        Some(it) => it.recover(&mut edge, &identity, &settings.feeds, options)?,
        None => None,
    };
    tracing::info!(
        group = identity.group,
        epoch,
        lanes = options.lanes,
        shards = options.shards,
        committed = suppressed.seq,
        from = started.as_ref().map_or(0, |started| started.manifest.position),
        "replaying; what was published is not published again"
    );
    let saved = started.as_ref().map(|started| &started.manifest);
    let begun = edge.start(resume(saved, found.as_ref(), args.accept_lost_input));
    let (handle, driver) = begun.map_err(|error| match &snapshots {
        Some(snapshots) => snapshots.explain(error),
        None => error,
    })?;
    let driver = thread::Builder::new()
        .name(String::from("edge"))
        .spawn(move || driver.run())
        .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    let rules_digest = saved.map_or(identity.rules_digest, |saved| saved.rules_in_force(rules_rev));
    let created = handle.created().to_owned();
    let identity = Identity { created, rules_digest, ..identity };
    let group = identity.group.clone();
    let clock = saved.map(|saved| saved.clock()).unwrap_or_default();
    let prints = saved.map(|saved| saved.fingerprints()).unwrap_or_default();
    let file = started.as_ref().map(|started| started.path.as_path());
    let file = file.filter(|_| stance == Stance::Owner);
    let writer = snapshots.map(|snapshots| snapshots.start_writer(file, telemetry)).transpose()?;
    let (writer, copier) = writer.map_or((None, None), |(writer, copier)| (Some(writer), copier));
    let bell = Arc::clone(handle.bell());
    let pipeline = start_pipeline(settings, options, started, writer.as_ref(), &bell);
    let keeper = writer.map(|writer| Keeper::new(writer, identity, epoch, options.shards, &prints));
    let policy = settings.commit_policy();
    let mut drain = Drain::new(handle, pipeline, policy, Arc::clone(telemetry), group, suppressed)
        .with_snapshots(keeper, clock)
        .with_rules(options.rules.clone())
        .without(found.map(|record| record.quarantined).unwrap_or_default())
        .under_rules(rules_digest);
    // Who only catches up has no use for time beyond the last message.
    if options.rules.is_some() && !args.until_caught_up {
        drain = drain.with_ticks(settings.config.rules.tick);
    }
    Ok((if stance == Stance::Standby { drain.standing_by() } else { drain }, driver, copier))
}

/// The threads of the core, with what was saved.
fn start_pipeline(
    settings: &Settings,
    options: &EngineOptions,
    started: Option<Started>,
    writer: Option<&SnapshotHandle>,
    bell: &Arc<Bell>,
) -> Pipeline {
    let pages = |shard| writer.and_then(|writer| writer.pages(shard));
    match started {
        Some(started) => {
            let state = (started.shards, started.book, started.forecast);
            Pipeline::start_with(&settings.feeds, options, state, bell, pages)
        }
        None => Pipeline::start_empty(&settings.feeds, options, bell, pages),
    }
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
fn drive(
    mut drain: Drain,
    settings: &Settings,
    args: &RunArgs,
    telemetry: &Telemetry,
    asked: &Asked,
) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let mut last_log = start;
    let mut stop_since = None;
    let mut is_following = drain.is_following();
    // Who only catches up follows the log and nothing else.
    let mut new_rules =
        if args.until_caught_up { None } else { NewRules::follow(settings, args, telemetry)? };
    // Ends: caught up where that was asked for, stopped by a signal, or with an error.
    loop {
        let done = drain.turn()?;
        if is_following != drain.is_following() {
            is_following = drain.is_following();
            telemetry.set_ready(true);
        }
        if asked.is_to_end() {
            let since = *stop_since.get_or_insert_with(Instant::now);
            if drain.is_settled() || STOP_MAX < since.elapsed() {
                break;
            }
        }
        if asked.take_reload() {
            rules::reload(&drain, settings);
        }
        if let Some(new_rules) = &mut new_rules {
            new_rules.turn(&drain);
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
            drain.rest()?;
        }
    }
    save_last(&mut drain)?;
    finish(&drain, telemetry, start);
    Ok(ExitCode::SUCCESS)
}

/// Leaves a snapshot of where an orderly end stands, so that the next start replays nothing.
fn save_last(drain: &mut Drain) -> Result<(), Failure> {
    let since = Instant::now();
    // Ends: when what was under way is written, or it takes too long.
    while drain.is_saving() && since.elapsed() < SAVE_MAX {
        if drain.turn()? == 0 {
            drain.rest()?;
        }
    }
    if drain.is_settled() {
        drain.begin_last_snapshot();
    }
    // Ends: as above.
    while drain.is_saving() && since.elapsed() < SAVE_MAX {
        if drain.turn()? == 0 {
            drain.rest()?;
        }
    }
    Ok(())
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
