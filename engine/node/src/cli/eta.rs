//! `crossdock eta`: arrival estimates over data sets, and what was learned of a replay.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use crossdock_core::forecast::almanac::Almanac;
use crossdock_eta::evaluate::{self, EvaluateOptions, Format};
use crossdock_eta::{Estimator, Lane, Place, Symbol};

use super::explain::{forecast_of, replayed};
use super::settings::Settings;
use super::{Failure, InputArgs, terminal};
use crate::estimates;

/// Arguments of `eta`.
#[derive(Clone, Debug, Args)]
pub struct EtaArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: EtaCommand,
}

/// What to do with estimates.
#[derive(Clone, Debug, Subcommand)]
pub enum EtaCommand {
    /// Goes through a data set in the order of time and says how good the estimates would have been.
    Evaluate {
        /// The data set.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// What it is: scms, cargo2000, olist, flights, trucks or capture.
        #[arg(long, value_name = "NAME")]
        format: String,
        /// Writes the report and its plots into this folder instead of printing it.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Replays documents and says which basis answers for whom, and how often dates held.
    Status {
        /// What to read.
        #[command(flatten)]
        input: InputArgs,
    },
    /// Replays documents and shows what was learned of a lane, level by level.
    Show {
        /// The lane: `carrier`, or `carrier/region` with the origin as in `AT` or `US-TX`.
        #[arg(value_name = "LANE")]
        lane: String,
        /// What to read.
        #[command(flatten)]
        input: InputArgs,
    },
    /// Replays documents and writes what was learned to a file, as text.
    Export {
        /// The file to write.
        #[arg(value_name = "OUT")]
        out: PathBuf,
        /// What to read.
        #[command(flatten)]
        input: InputArgs,
    },
    /// Checks a declared file with its calendars and transit tables: every mistake with its place.
    Check {
        /// The file. Left out: that of the configuration.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Checks that a file of `eta export` fits the declared settings, and says what is in it: see `eta.learned`.
    Import {
        /// The file to read.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
///
/// Something can't be read or written.
pub fn run(settings: &Settings, args: &EtaArgs) -> Result<ExitCode, Failure> {
    match &args.what {
        EtaCommand::Evaluate { data, format, out } => {
            return evaluate(data, format, out.as_deref());
        }
        EtaCommand::Status { input } => {
            let (engine, _) = replayed(settings, input)?;
            let tally = forecast_of(&engine).tally().estimates;
            let mut text = format!(
                "{} under way; {} asked, {} unanswered; {} first, {} moved, {} taken back\n\
                 {} outcomes learned, {} left out, {} lanes\n\
                 carrier's dates: {} kept, {} missed; promised: {} kept, {} missed\n",
                tally.flights,
                tally.asked,
                tally.unanswered,
                tally.first,
                tally.moved,
                tally.withdrawn,
                tally.learned,
                tally.excluded,
                tally.lanes,
                tally.carrier_kept,
                tally.carrier_missed,
                tally.promise_kept,
                tally.promise_missed,
            );
            text.push_str(&declared(forecast_of(&engine).almanac()));
            text.push_str(&status(forecast_of(&engine).estimator()));
            terminal::print(&text)?;
        }
        EtaCommand::Show { lane, input } => {
            let (engine, now) = replayed(settings, input)?;
            let text = show(forecast_of(&engine).estimator(), lane, now);
            if text.is_empty() {
                return Err(Failure::Input(format!("nothing was learned of \"{lane}\"")));
            }
            terminal::print(&text)?;
        }
        EtaCommand::Export { out, input } => {
            let (engine, _) = replayed(settings, input)?;
            let state = forecast_of(&engine).estimator().state();
            std::fs::write(out, state.to_text()).map_err(|error| {
                Failure::Input(format!("\"{}\" can't be written: {error}", out.display()))
            })?;
            terminal::print(&format!("{} lanes in \"{}\"\n", state.lane_count(), out.display()))?;
        }
        EtaCommand::Check { file } => {
            let file = file.as_deref().or(settings.config.eta.file.as_deref());
            let found = estimates::load(file, settings.packs()).map_err(Failure::Settings)?;
            terminal::print(&format!("{}no mistakes\n", declared(&found.almanac)))?;
        }
        EtaCommand::Import { file } => {
            let Some(options) = &settings.engine.forecast else {
                return Err(Failure::Usage(String::from("estimates are off")));
            };
            let declared = &options.declared.settings;
            let state = estimates::learned(file, declared).map_err(Failure::Input)?;
            let estimator = Estimator::restored(declared.clone(), &state)
                .map_err(|error| Failure::Input(error.to_string()))?;
            terminal::print(&format!(
                "{} lanes of {} outcomes fit; an engine without a snapshot begins with them where \
                 `eta.learned` is \"{}\"\n{}",
                state.lane_count(),
                estimator.counts().learned,
                file.display(),
                status(&estimator)
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn evaluate(data: &Path, format: &str, out: Option<&Path>) -> Result<ExitCode, Failure> {
    let format: Format = format.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
    let mut options = EvaluateOptions::new(data, format);
    let name = data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    options.command = format!("crossdock eta evaluate --data {name} --format {}", format.name());
    let report = evaluate::run(&options).map_err(|error| Failure::Input(error.to_string()))?;
    match out {
        Some(folder) => {
            report.write(folder).map_err(|error| Failure::Input(error.to_string()))?;
            terminal::print(&format!("written to \"{}\"\n", folder.display()))?;
        }
        None => terminal::print(&format!("{}\n", report.markdown))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What is declared of calendars and transit times.
fn declared(almanac: &Almanac) -> String {
    let names: Vec<&str> = almanac.rules().iter().map(|rule| rule.calendar.name.as_str()).collect();
    let calendars = match names.is_empty() {
        true => String::from("none, time is open always"),
        false => names.join(", "),
    };
    let rows = almanac.table().len();
    format!("calendars: {calendars}\ntransit tables: {rows} rows\n")
}

fn status(estimator: &Estimator) -> String {
    let mut text = String::new();
    for line in estimator.status() {
        let (covered, counted) = line.coverage;
        let carrier = match line.carrier.is_some() {
            true => estimator.names.shown(line.carrier),
            false => String::from("(all)"),
        };
        // Writing to a string can't fail.
        let written = writeln!(
            text,
            "{carrier:<20} {:<18} by {:<8} {:>8} outcomes, {covered} of {counted} by their p90{}",
            line.class.name(),
            line.basis.name(),
            line.outcomes,
            if line.flagged { "  off by more than 3 points" } else { "" }
        );
        debug_assert!(written.is_ok());
    }
    text
}

fn show(estimator: &Estimator, lane: &str, now: i64) -> String {
    let (carrier, region) = lane.split_once('/').unwrap_or((lane, ""));
    let lane = Lane {
        carrier: Symbol::of(carrier),
        origin: Place { region: Symbol::of(region), ..Place::default() },
        ..Lane::default()
    };
    let mut text = String::new();
    for line in estimator.show(&lane, now) {
        let [p10, p50, p90] = line.minutes.map(|minutes| minutes as f64 / 60.0);
        // Writing to a string can't fail.
        let written = writeln!(
            text,
            "{:<16} {:<18} {:<8} {:>8} outcomes, {:>9.1} still count; p10 {p10:.1} h, p50 {p50:.1} h, \
             p90 {p90:.1} h",
            line.level.name(),
            line.class.name(),
            line.basis.name(),
            line.samples,
            line.effective,
        );
        debug_assert!(written.is_ok());
    }
    text
}
