//! `crossdock explain`: where the figures of an estimate come from.
//!
//! # Place
//! Replays what it is given without saying anything, and asks the forecast at the end.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::forecast::almanac::{Almanac, Way};
use crossdock_core::forecast::{Explained, Forecast};
use crossdock_core::guess::Guesser;
use crossdock_core::standardize::number;
use crossdock_model::record::Seconds;
use jiff::Timestamp;

use super::documents::Documents;
use super::settings::Settings;
use super::{Failure, InputArgs, terminal};

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The tracking number.
    #[arg(value_name = "NUMBER")]
    pub what: String,
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// A replay that says nothing: the engine as it is then, and stream time in unix seconds.
pub(super) fn replayed(settings: &Settings, input: &InputArgs) -> Result<(Engine, i64), Failure> {
    let options = EngineOptions { lanes: 1, shards: 1, ..settings.engine.clone() };
    if options.forecast.is_none() {
        return Err(Failure::Usage(String::from(
            "estimates are off\n  = help: Set `eta.enabled` to true.",
        )));
    }
    let mut engine = Engine::new(&settings.feeds, &options);
    let mut documents = Documents::new(input, Guesser::new(settings.feeds.clone()))?;
    let mut now = 0;
    documents.turns(|intake| {
        engine.turn(intake, |_, _| {});
        if let Some(last) = intake.documents().last() {
            now = i64::from(Seconds::from_micros(last.received).0);
        }
        Ok(())
    })?;
    Ok((engine, now))
}

/// The forecast of an engine that was made with one.
pub(super) fn forecast_of(engine: &Engine) -> &Forecast {
    engine.forecast().expect("the replay refused to run without")
}

/// Runs the command.
///
/// # Errors
///
/// A file can't be read, or nothing under way has the number.
pub fn run(settings: &Settings, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let wanted = number::normalize(&args.what)
        .ok_or_else(|| Failure::Usage(format!("\"{}\" can't be a tracking number", args.what)))?;
    let (engine, now) = replayed(settings, &args.input)?;
    let mut text = String::new();
    let forecast = forecast_of(&engine);
    forecast.explain(wanted.as_str(), now, |it| {
        text.push_str(&for_people(it, forecast.almanac(), now));
    });
    if text.is_empty() {
        return Err(Failure::Input(format!(
            "nothing under way has the number \"{}\": it has arrived, went back, waits to be \
             collected, or no document speaks of it\n  = help: `crossdock replay --timeline` shows \
             what is known of it.",
            args.what
        )));
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The calendar that counts, with its zone, its holidays and its cut-off.
fn open_time(way: &Way, almanac: &Almanac) -> String {
    let Some(rule) = way.rule.and_then(|index| almanac.rules().get(index)) else {
        return String::from("always: no declared calendar fits");
    };
    let mut text = format!("{} in {}", rule.calendar.name, way.zone.name());
    if !way.holidays.is_empty() {
        text.push_str(&format!(", holidays of {}", way.holidays));
    }
    let own = rule.calendar.cutoff.map(|second| u16::try_from(second / 60).unwrap_or(u16::MAX));
    if let Some(minute) = rule.cutoff_minute.or(own) {
        text.push_str(&format!(", cut-off {:02}:{:02}", minute / 60, minute % 60));
    }
    text
}

fn for_people(it: &Explained<'_>, almanac: &Almanac, now: i64) -> String {
    let flight = it.flight;
    let number = flight.number.text();
    let mut text = format!("{number} ({}, {}), use {}\n", it.carrier, it.tenant, flight.epoch);
    let mut line = |name: &str, value: &str| {
        // Writing to a string can't fail.
        let written = writeln!(text, "  {name:<18} {value}");
        debug_assert!(written.is_ok());
    };
    line("asked as of", &shown(Seconds(now.clamp(0, i64::from(u32::MAX)) as u32)));
    line("milestone", flight.milestone.name());
    match it.class {
        Some((class, since)) => line("class", &format!("{}, since {}", class.name(), shown(since))),
        None => line("class", "none: nobody can say when it arrives"),
    }
    line("open time", &open_time(&it.way, almanac));
    if let Some(days) = it.way.table_days {
        line("transit table", &format!("{days} open days"));
    }
    line("carrier's date", &shown(flight.carrier_at));
    line("promise", &shown(flight.promise_at));
    line("estimates said", &flight.said.to_string());
    line("said last", &shown(flight.published[0]));
    if let Ok(estimate) = &it.explanation.answer {
        if let Some(ppm) = estimate.breach_ppm {
            line("promise broken", &format!("with a probability of {:.3}", f64::from(ppm) / 1.0e6));
        }
        if let Some(days) = estimate.promise_days_past {
            line("past the promise", &format!("{days} days"));
        }
        if let Some(days) = estimate.carrier_days_past {
            line("past the carrier's", &format!("{days} days"));
        }
    }
    text.push_str(&it.explanation.to_string());
    text
}

fn shown(at: Seconds) -> String {
    match Timestamp::from_second(i64::from(at.0)) {
        Ok(instant) if at.is_some() => instant.to_string(),
        _ => String::from("-"),
    }
}
