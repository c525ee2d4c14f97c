//! The evaluation: what the estimator would have said, on real timelines, without knowing the future.
//!
//! # Place
//! Behind the feature `evaluate`; the only part of this crate that opens files. `crossdock eta evaluate` and the
//! example of the same name call [`run`].
//! # Method
//! A reader turns a data set into cases, `replay` walks them in time order (prequential: each answer
//! uses deliveries known before its instant and nothing else), `score` counts, `report` and `plot` write.
//! # Holds
//! One declared setting for all sets; a set only brings its levels, its unit and its calendar.
//! # Does not hold
//! Tuning: the figures are of the settings that were given.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::settings::Settings;

mod capture;
mod cargo2000;
mod case;
mod flights;
mod global;
mod olist;
mod plot;
mod replay;
mod report;
mod scms;
mod score;
mod table;
mod trucks;

pub use report::{Figures, Plot, Report};
pub use score::{Method, MethodSums, Scores};

/// The layout of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// SCMS delivery history.
    Scms,
    /// Cargo 2000 processes.
    Cargo2000,
    /// Olist orders.
    Olist,
    /// Flights from New York 2013.
    Flights,
    /// Truck trips of India.
    Trucks,
    /// Timelines captured by crossdock: one row per milestone.
    Capture,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 6] = [
        Format::Scms,
        Format::Cargo2000,
        Format::Olist,
        Format::Flights,
        Format::Trucks,
        Format::Capture,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Scms => "scms",
            Format::Cargo2000 => "cargo2000",
            Format::Olist => "olist",
            Format::Flights => "flights",
            Format::Trucks => "trucks",
            Format::Capture => "capture",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = EvaluateError;

    fn from_str(text: &str) -> Result<Format, EvaluateError> {
        let found = Format::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| EvaluateError::Format(text.to_owned()))
    }
}

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// The data file; files that belong to it are looked for beside it.
    pub data: PathBuf,
    /// Its layout.
    pub format: Format,
    /// Settings; levels, grain and rounding are replaced by the set's own.
    pub settings: Settings,
    /// Holidays of the delivery calendar, where the set has one.
    pub holidays: Vec<Date>,
    /// Percent of the cases, by start, on which nobody is scored.
    pub warm_up_percent: u8,
    /// The command to print in the report.
    pub command: String,
}

impl EvaluateOptions {
    /// Options for a file, with everything else as shipped.
    pub fn new(data: &Path, format: Format) -> EvaluateOptions {
        EvaluateOptions {
            data: data.to_owned(),
            format,
            settings: Settings::default(),
            holidays: Vec::new(),
            warm_up_percent: 10,
            command: format!("crossdock eta evaluate --format {}", format.name()),
        }
    }
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluateError {
    /// A file that can't be used, and why.
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// A time zone that the bundled database lacks.
    Zone(String),
    /// A format that is none.
    Format(String),
    /// No case was left.
    Empty(String),
    /// A plot that could not be drawn.
    Plot(String),
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluateError::File { path, what } => write!(out, "{path}: {what}"),
            EvaluateError::Zone(name) => {
                write!(out, "time zone \"{name}\" is not in the bundled database")
            }
            EvaluateError::Format(name) => {
                let known = Format::ALL.map(Format::name).join(", ");
                write!(out, "format \"{name}\" is none of {known}")
            }
            EvaluateError::Empty(path) => {
                write!(out, "{path}: no row could be used; is the format the right one")
            }
            EvaluateError::Plot(what) => write!(out, "plot: {what}"),
        }
    }
}

impl std::error::Error for EvaluateError {}

/// Evaluates a data set.
pub fn run(options: &EvaluateOptions) -> Result<Report, EvaluateError> {
    let set = match options.format {
        Format::Scms => scms::read(options)?,
        Format::Cargo2000 => cargo2000::read(options)?,
        Format::Olist => olist::read(options)?,
        Format::Flights => flights::read(options)?,
        Format::Trucks => trucks::read(options)?,
        Format::Capture => capture::read(options)?,
    };
    if set.cases.is_empty() {
        return Err(EvaluateError::Empty(options.data.display().to_string()));
    }
    let (scores, estimator) = replay::replay(&set, options.warm_up_percent);
    report::report(&set, &scores, &estimator, options)
}

/// Holidays of a country from a CSV with the columns country, subdivision and date: those of the whole
/// country.
pub fn holidays(path: &Path, country: &str) -> Result<Vec<Date>, EvaluateError> {
    let table = table::Table::read(path)?;
    let [of, subdivision, date] = table.columns(["country", "subdivision", "date"])?;
    let rows = table.rows.iter();
    let rows = rows.filter(|row| &row[of] == country && row[subdivision].is_empty());
    Ok(rows.filter_map(|row| row[date].parse().ok()).collect())
}

fn zone(name: &str) -> Result<TimeZone, EvaluateError> {
    TimeZone::get(name).map_err(|_| EvaluateError::Zone(name.to_owned()))
}
