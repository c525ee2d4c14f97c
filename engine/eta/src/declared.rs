//! The declared part: `rules/packs/eta/*.yaml`, checked into settings.
//!
//! # Place
//! Read at load and reload, like rules; the texts come from the caller, who opens the files.
//! # Method
//! Strict YAML with places ([`serde_saphyr::Spanned`]): unknown keys are refused, every value that is out of
//! range is named with its line and column, all of them at once.
//! # Holds
//! A parsed file gives settings that pass [`Settings::check`].
//! # Does not hold
//! `exclude`, `promise` and `carrier_estimate` are expressions of the rule language: they are kept with their
//! place and compiled by the rules crate.

use std::fmt;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use crate::board::SwitchPolicy;
use crate::lane::{Basis, Level};
use crate::limits::DECLARED_BYTES_MAX;
use crate::settings::{Band, Form, PublishPolicy, Rounding, Settings};

mod duration;

pub use duration::duration_seconds;

/// The file in `rules/packs/eta`, as it was when this was built.
pub const BUILTIN: &str = include_str!("../../../rules/packs/eta/default.yaml");

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredError {
    /// The file, as the caller named it.
    pub file: String,
    /// Line, from 1; 0 when the place is the whole file.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What was found and what to do.
    pub message: String,
}

impl fmt::Display for DeclaredError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for DeclaredError {}

/// A text of the file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// As written.
    pub text: String,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
}

/// What is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The delivery.
    #[default]
    Delivered,
    /// The first attempt to deliver, or the delivery if there was none before.
    FirstAttempt,
}

/// Which calendar counts for whom; the first that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRule {
    /// The calendar's name, as in `rules/packs/calendars`, `standard` or `24x7`.
    pub calendar: Expression,
    /// Only this carrier, lower case.
    pub carrier: Option<Expression>,
    /// Only this service, lower case.
    pub service: Option<Expression>,
    /// Only this destination: a country (`US`) or one of its regions (`US-TX`), upper case.
    pub destination: Option<Expression>,
    /// Minute of the local day from which on the next open day counts; without one, the calendar's own.
    pub cutoff_minute: Option<u16>,
}

/// A checked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// What the estimator needs.
    pub settings: Settings,
    /// What is estimated.
    pub target: Target,
    /// Where the promise comes from.
    pub promise: Option<Expression>,
    /// Where the carrier's own estimate comes from.
    pub carrier_estimate: Option<Expression>,
    /// Shipments not to learn from.
    pub exclude: Option<Expression>,
    /// CSV files of transit tables, relative to this one.
    pub transit_tables: Vec<Expression>,
    /// Calendars, first match first.
    pub calendars: Vec<CalendarRule>,
}

impl Declared {
    /// Parses and checks a file. `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Declared, Vec<DeclaredError>> {
        let whole = |line, column, message| {
            vec![DeclaredError { file: file.to_owned(), line, column, message }]
        };
        if DECLARED_BYTES_MAX < text.len() {
            let message =
                format!("file has {} bytes; {DECLARED_BYTES_MAX} is the most", text.len());
            return Err(whole(0, 0, message));
        }
        let raw: RawFile = serde_saphyr::from_str(text).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
            let rendered = error.without_snippet().to_string();
            whole(line, column, rendered.lines().next().unwrap_or("not YAML").to_owned())
        })?;
        let mut checker = Checker { file, errors: Vec::new() };
        let declared = checker.declared(raw.eta);
        if checker.errors.is_empty() { Ok(declared) } else { Err(checker.errors) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    eta: Raw,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    promise: Option<Spanned<String>>,
    carrier_estimate: Option<Spanned<String>>,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    transit_tables: Vec<Spanned<String>>,
    #[serde(default)]
    calendars: Vec<RawCalendar>,
    levels: Option<Spanned<Vec<Level>>>,
    shrinkage: Option<Spanned<u16>>,
    half_life: Option<Spanned<String>>,
    grain: Option<Spanned<String>>,
    drift: Option<RawDrift>,
    calibration: Option<Spanned<f64>>,
    switch: Option<RawSwitch>,
    bases: Option<Spanned<Vec<Basis>>>,
    form: Option<RawForm>,
    publish: Option<RawPublish>,
    cold_spread: Option<Spanned<String>>,
    sparse_below: Option<Spanned<u16>>,
    lanes: Option<Spanned<u32>>,
    exclude: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalendar {
    calendar: Spanned<String>,
    carrier: Option<Spanned<String>>,
    service: Option<Spanned<String>>,
    destination: Option<Spanned<String>>,
    cutoff: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDrift {
    half_life: Option<Spanned<String>>,
    prior: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSwitch {
    margin: Option<Spanned<u8>>,
    outcomes: Option<Spanned<u32>>,
    half_life: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublish {
    date: Option<Spanned<String>>,
    commit: Option<Spanned<String>>,
    band: Option<Spanned<Vec<String>>>,
    min_interval: Option<Spanned<String>>,
    rounding: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawForm {
    Outcomes,
    Hazard,
}

/// Turns raw values into settings and collects what is wrong.
struct Checker<'a> {
    file: &'a str,
    errors: Vec<DeclaredError>,
}

impl Checker<'_> {
    fn error(&mut self, at: Location, message: String) {
        let (line, column) = (at.line(), at.column());
        self.errors.push(DeclaredError { file: self.file.to_owned(), line, column, message });
    }

    fn declared(&mut self, raw: Raw) -> Declared {
        let mut places = Vec::new();
        let settings = self.settings(&raw, &mut places);
        // Values that parse but are out of range: each is shown where it stands.
        for found in settings.check().err().unwrap_or_default() {
            let place = places.iter().find(|(name, _)| *name == found.name);
            let place = place.map_or(Location::UNKNOWN, |(_, place)| *place);
            if !self.errors.iter().any(|error| error.line == place.line() && error.line != 0) {
                self.error(place, found.to_string());
            }
        }
        Declared {
            settings,
            target: raw.target,
            promise: raw.promise.map(expression),
            carrier_estimate: raw.carrier_estimate.map(expression),
            exclude: raw.exclude.map(expression),
            transit_tables: raw.transit_tables.into_iter().map(expression).collect(),
            calendars: raw.calendars.into_iter().map(|rule| self.calendar(rule)).collect(),
        }
    }

    fn settings(&mut self, raw: &Raw, places: &mut Vec<(&'static str, Location)>) -> Settings {
        let mut settings = Settings::default();
        let out = &mut settings;
        self.value(&raw.levels, "levels", places, |levels| out.levels.clone_from(levels));
        self.value(&raw.shrinkage, "shrinkage", places, |value| out.shrinkage = *value);
        self.value(&raw.sparse_below, "sparse_below", places, |value| out.sparse_below = *value);
        self.value(&raw.lanes, "lanes", places, |value| out.lanes_max = *value as usize);
        self.value(&raw.bases, "bases", places, |bases| {
            out.bases = Basis::ALL.map(|basis| bases.contains(&basis));
        });
        self.seconds(&raw.half_life, "half_life", places, |value| out.half_life = value);
        self.seconds(&raw.grain, "grain", places, |value| {
            out.grain_minutes = u16::try_from(value / 60).unwrap_or(u16::MAX);
        });
        self.seconds(&raw.cold_spread, "cold_spread", places, |value| {
            out.cold_spread_minutes = u32::try_from(value / 60).unwrap_or(u32::MAX);
        });
        self.value(&raw.calibration, "calibration", places, |value| {
            // Out of range becomes a number that the check refuses; NaN does too.
            let ppm = (value * 1.0e6).round();
            let fits = (0.0..=1.0e6).contains(&ppm);
            out.calibration_ppm = if fits { ppm as u32 } else { u32::MAX };
        });
        if let Some(drift) = &raw.drift {
            self.value(&drift.prior, "drift.prior", places, |value| out.drift_prior = *value);
            self.seconds(&drift.half_life, "drift.half_life", places, |value| {
                out.drift_half_life = value;
            });
        }
        if let Some(switch) = &raw.switch {
            let policy: &mut SwitchPolicy = &mut out.switch;
            self.value(&switch.margin, "switch.margin", places, |value| {
                policy.margin_percent = *value;
            });
            self.value(&switch.outcomes, "switch.outcomes", places, |value| {
                policy.outcomes = *value;
            });
            self.seconds(&switch.half_life, "switch.half_life", places, |value| {
                policy.half_life = value;
            });
        }
        out.form = match raw.form {
            Some(RawForm::Hazard) => Form::Hazard,
            Some(RawForm::Outcomes) | None => Form::Outcomes,
        };
        if let Some(publish) = &raw.publish {
            self.publish(publish, &mut out.publish, places);
        }
        settings
    }

    fn publish(
        &mut self,
        raw: &RawPublish,
        out: &mut PublishPolicy,
        places: &mut Vec<(&'static str, Location)>,
    ) {
        self.seconds(&raw.min_interval, "publish.min_interval", places, |value| {
            out.interval_min = value;
        });
        for (spanned, name, only) in [(&raw.date, "date", "p50"), (&raw.commit, "commit", "p90")] {
            if let Some(spanned) = spanned
                && spanned.value != only
            {
                let message = format!("\"{name}\" is \"{}\"; give {only}", spanned.value);
                self.error(spanned.referenced, message);
            }
        }
        if let Some(band) = &raw.band {
            let pair: Vec<&str> = band.value.iter().map(String::as_str).collect();
            match pair.as_slice() {
                ["p20", "p80"] => out.band = Band::Middle60,
                ["p10", "p90"] => out.band = Band::Middle80,
                _ => {
                    let message =
                        format!("\"band\" is [{}]; give [p20, p80] or [p10, p90]", pair.join(", "));
                    self.error(band.referenced, message);
                }
            }
        }
        if let Some(rounding) = &raw.rounding {
            places.push(("publish.rounding", rounding.referenced));
            if rounding.value == "day" {
                out.rounding = Rounding::Day;
            } else {
                self.seconds(&raw.rounding, "publish.rounding", places, |value| {
                    out.rounding = Rounding::Seconds(value);
                });
            }
        }
    }

    fn value<T>(
        &self,
        spanned: &Option<Spanned<T>>,
        name: &'static str,
        places: &mut Vec<(&'static str, Location)>,
        take: impl FnOnce(&T),
    ) {
        if let Some(spanned) = spanned {
            places.push((name, spanned.referenced));
            take(&spanned.value);
        }
    }

    fn seconds(
        &mut self,
        spanned: &Option<Spanned<String>>,
        name: &'static str,
        places: &mut Vec<(&'static str, Location)>,
        take: impl FnOnce(i64),
    ) {
        let Some(spanned) = spanned else { return };
        places.push((name, spanned.referenced));
        match duration_seconds(&spanned.value) {
            Some(seconds) => take(seconds),
            None => {
                let message = format!(
                    "\"{name}\" is \"{}\"; give a whole number and s, m, h or d, as in \"4h\"",
                    spanned.value
                );
                self.error(spanned.referenced, message);
            }
        }
    }

    fn calendar(&mut self, raw: RawCalendar) -> CalendarRule {
        let cutoff_minute = raw.cutoff.and_then(|cutoff| {
            let minute = clock_minute(&cutoff.value);
            if minute.is_none() {
                let message =
                    format!("\"cutoff\" is \"{}\"; give a time as in \"17:00\"", cutoff.value);
                self.error(cutoff.referenced, message);
            }
            minute
        });
        let cased = |spanned: Option<Spanned<String>>, case: fn(&str) -> String| {
            let spanned = spanned.map(expression);
            spanned.map(|found| Expression { text: case(&found.text), ..found })
        };
        CalendarRule {
            calendar: expression(raw.calendar),
            carrier: cased(raw.carrier, str::to_lowercase),
            service: cased(raw.service, str::to_lowercase),
            destination: cased(raw.destination, str::to_uppercase),
            cutoff_minute,
        }
    }
}

fn expression(spanned: Spanned<String>) -> Expression {
    let (line, column) = (spanned.referenced.line(), spanned.referenced.column());
    Expression { text: spanned.value, line, column }
}

/// `17:00` as minutes of the day.
fn clock_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let errors = Declared::parse("default.yaml", text).expect_err("refused");
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(lines.join("\n").contains(expected), "{}", lines.join("\n"));
    }

    #[test]
    fn the_pack_in_the_repository_is_what_the_code_defaults_to() {
        let declared = Declared::parse("default.yaml", BUILTIN).expect("checked");
        assert_eq!(declared.settings, Settings::default());
        assert!(declared.promise.is_some() && declared.exclude.is_some());
    }

    #[test]
    fn values_are_taken_where_given() {
        let text = "eta:\n  half_life: 45d\n  grain: 5m\n  levels: [region, carrier]\n  \
            bases: [learned]\n  form: hazard\n  drift: { half_life: 0s }\n  \
            publish: { band: [p10, p90], rounding: 15m }\n  calendars:\n    \
            - { calendar: br, service: PAC, destination: br-sp, cutoff: \"17:30\" }\n    - { calendar: plain }\n";
        let declared = Declared::parse("x.yaml", text).expect("checked");
        let settings = &declared.settings;
        assert_eq!((settings.half_life, settings.grain_minutes), (45 * 86_400, 5));
        assert_eq!(settings.levels, [Level::Region, Level::Carrier]);
        assert_eq!(settings.bases, [true, false, false, false]);
        assert_eq!((settings.form, settings.drift_half_life), (Form::Hazard, 0));
        assert_eq!(settings.publish.band, Band::Middle80);
        assert_eq!(settings.publish.rounding, Rounding::Seconds(900));
        let [rule, plain] = declared.calendars.as_slice() else { panic!("two calendars") };
        let text = |found: &Option<Expression>| found.as_ref().map(|found| found.text.clone());
        assert_eq!((rule.calendar.text.as_str(), rule.cutoff_minute), ("br", Some(1_050)));
        assert_eq!((rule.calendar.line, rule.calendar.column), (10, 19));
        assert_eq!(text(&rule.destination).as_deref(), Some("BR-SP"));
        assert_eq!(text(&rule.service).as_deref(), Some("pac"));
        assert_eq!((text(&rule.carrier), plain.calendar.text.as_str()), (None, "plain"));
    }

    #[test]
    fn every_fault_has_its_place() {
        check("eta:\n  shrinkage: 0\n", "default.yaml:2:14: \"shrinkage\" is 0; give 1 to 10000");
        check("eta:\n  half_life: 3 weeks\n", "default.yaml:2:14: \"half_life\" is \"3 weeks\"");
        check("eta:\n  half_lief: 3d\n", "default.yaml:2:3:");
        check("eta:\n  levels: [zip3, city]\n", "default.yaml:2:18:");
        check("eta:\n  levels: [zip3, zip3]\n", "\"zip3\" twice");
        check("eta:\n  publish: { band: [p1, p2] }\n", "default.yaml:2:20: \"band\" is [p1, p2]");
        check("eta:\n  publish: { date: p60 }\n", "\"date\" is \"p60\"; give p50");
        check("eta:\n  calibration: .nan\n", "\"calibration\"");
        check("eta:\n  calendars: [{ calendar: a, cutoff: 25:00 }]\n", "\"25:00\"");
        check("eta: [", "default.yaml:");
        check("", "default.yaml:");
    }

    #[test]
    fn several_faults_come_at_once() {
        let text = "eta:\n  shrinkage: 0\n  half_life: soon\n  lanes: 99999999\n";
        let errors = Declared::parse("x.yaml", text).expect_err("refused");
        let mut lines: Vec<u64> = errors.iter().map(|error| error.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [2, 3, 4]);
    }
}
