//! `crossdock replay`: documents or capture files through the engine.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::guess::Guesser;
use crossdock_core::output::MessageKind;
use crossdock_core::say::SEPARATOR;
use crossdock_core::shipment::Shipment;
use crossdock_core::standardize::number;
use crossdock_model::reject::Outcome;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};

use super::documents::Documents;
use super::settings::Settings;
use super::summary::{self, Measured};
use super::{Failure, InputArgs, capture, terminal};

/// Arguments of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,
    /// Writes changes to a file instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Writes dead letters to a file; left out, they go to stderr.
    #[arg(long, value_name = "FILE")]
    pub dead: Option<PathBuf>,
    /// Lanes that take turns.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub lanes: u8,
    /// Among how many shards shipments are divided.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub shards: u8,
    /// Prints the history of one tracking number at the end instead of changes as they come.
    #[arg(long, value_name = "NUMBER")]
    pub timeline: Option<String>,
    /// Lets time pass behind the last document, up to this moment (RFC 3339): timers fire.
    #[arg(long, value_name = "TIME")]
    pub ticks_until: Option<String>,
    /// Exit code 1 when there are dead letters.
    #[arg(long)]
    pub strict: bool,
    /// No summary.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Where messages go.
struct Sinks {
    changes: Option<Box<dyn Write>>,
    dead: Option<Box<dyn Write>>,
    is_terminal: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file can't be read or written.
pub fn run(settings: &Settings, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let options = EngineOptions {
        lanes: usize::from(args.lanes),
        shards: usize::from(args.shards),
        ..settings.engine.clone()
    };
    let mut engine = Engine::new(&settings.feeds, &options);
    let mut sinks = Sinks::open(args)?;
    let until = args.ticks_until.as_deref().map(capture::parse_time).transpose();
    let until = until.map_err(Failure::Usage)?;
    let documents = Documents::new(&args.input, Guesser::new(settings.feeds.clone()))?;
    let documents = documents.with_ticks_until(until);
    let measured = drive(&mut engine, documents, &mut sinks)?;
    sinks.flush()?;
    if let Some(text) = &args.timeline {
        print_timeline(&engine, text)?;
    }
    let tally = engine.tally();
    if !args.quiet {
        summary::print(&tally, &measured);
    }
    let has_findings = args.strict && 0 < tally.of(Outcome::Dead);
    Ok(ExitCode::from(u8::from(has_findings)))
}

/// Runs all documents through an engine.
fn drive(
    engine: &mut Engine,
    mut documents: Documents<'_>,
    sinks: &mut Sinks,
) -> Result<Measured, Failure> {
    let start = Instant::now();
    let mut latency_us = Histogram::new_with_bounds(1, 3_600_000_000, 3)
        .expect("the bounds are constants that fit each other");
    let bar = progress_bar();
    documents.turns(|intake| {
        let turn_start = Instant::now();
        let mut outcome = Ok(());
        engine.turn(intake, |output, message| {
            if outcome.is_ok() {
                outcome = sinks.write(message.kind, output.body(message));
            }
        });
        let micros = u64::try_from(turn_start.elapsed().as_micros()).unwrap_or(u64::MAX);
        latency_us.saturating_record_n(micros.max(1), intake.documents().len() as u64);
        bar.inc(intake.documents().len() as u64);
        outcome
    })?;
    bar.finish_and_clear();
    let shipments = engine.shards().iter().map(|shard| shard.shipment_count()).sum();
    let at = |quantile: f64| latency_us.value_at_quantile(quantile);
    let latency = [at(0.5), at(0.9), at(0.99), latency_us.max()];
    Ok(Measured { elapsed: start.elapsed(), latency, shipments })
}

/// A bar on stderr for long work; nothing where stderr is no terminal, or stdout is the same one.
fn progress_bar() -> ProgressBar {
    if !terminal::is_terminal_err() || terminal::is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{spinner} {human_pos} documents, {per_sec}, {elapsed}");
    let bar = ProgressBar::no_length();
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn print_timeline(engine: &Engine, text: &str) -> Result<(), Failure> {
    let Some(wanted) = number::normalize(text) else {
        return Err(Failure::Usage(format!("\"{text}\" can't be a tracking number")));
    };
    let mut out = String::new();
    for shard in engine.shards() {
        shard.timelines(wanted.as_bytes(), |shipment, name, lines| {
            out.push_str(&record_line(shipment, name));
            out.push_str(&String::from_utf8_lossy(lines));
        });
    }
    if out.is_empty() {
        return Err(Failure::Input(format!("no document speaks of \"{text}\"")));
    }
    terminal::print(&out)
}

/// What is true of a shipment, as one JSON line before its history.
fn record_line(shipment: &Shipment, name: &str) -> String {
    let mut parts = name.split(SEPARATOR);
    let record = &shipment.record;
    let open: Vec<&str> = record.open.iter().map(|class| class.name()).collect();
    let line = serde_json::json!({
        "tenant": parts.next(),
        "carrier": parts.next(),
        "tracking_number": parts.next(),
        "epoch": record.epoch,
        "version": shipment.version,
        "milestone": record.milestone.name(),
        "direction": record.direction.name(),
        "possession": record.possession.name(),
        "attempts": record.attempts,
        "corrections": record.corrections,
        "open_exceptions": open,
        "events": record.event_count,
    });
    format!("{line}\n")
}

impl Sinks {
    fn open(args: &ReplayArgs) -> Result<Self, Failure> {
        let file = |path: &PathBuf| -> Result<Box<dyn Write>, Failure> {
            let file = File::create(path).map_err(|error| {
                Failure::Input(format!("\"{}\" can't be written: {error}", path.display()))
            })?;
            Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
        };
        let stdout =
            || -> Box<dyn Write> { Box::new(BufWriter::with_capacity(1 << 16, io::stdout())) };
        let changes = match (&args.out, &args.timeline) {
            (Some(path), _) => Some(file(path)?),
            (None, Some(_)) => None,
            (None, None) => Some(stdout()),
        };
        let dead = match &args.dead {
            Some(path) => Some(file(path)?),
            None if args.quiet => None,
            None => Some(Box::new(io::stderr()) as Box<dyn Write>),
        };
        let is_terminal = args.out.is_none() && terminal::is_terminal();
        Ok(Self { changes, dead, is_terminal })
    }

    fn write(&mut self, kind: MessageKind, body: &[u8]) -> Result<(), Failure> {
        let sink = match kind {
            MessageKind::Change { .. } => &mut self.changes,
            MessageKind::DeadLetter(_) => &mut self.dead,
        };
        let Some(sink) = sink else { return Ok(()) };
        let written = if self.is_terminal {
            sink.write_all(terminal::change_line(body).as_bytes())
        } else {
            sink.write_all(body).and_then(|()| sink.write_all(b"\n"))
        };
        written.map_err(|error| Failure::of_write(&error))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        for sink in [&mut self.changes, &mut self.dead].into_iter().flatten() {
            sink.flush().map_err(|error| Failure::of_write(&error))?;
        }
        Ok(())
    }
}
