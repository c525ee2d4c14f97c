//! The Cargo 2000 processes: air freight, up to three legs in and one out, planned and effective minutes.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! The legs in run side by side from zero, the leg out starts when the last is in. Marks: label at zero,
//! accepted when all legs are in, in transit after the first departure out, at the destination after the
//! last arrival. Promise: the plan's end. The source's own estimate at a mark: what the plan still needs
//! from there. The set has no instants, only an order: processes are laid an hour apart, so that an
//! outcome is known about as late as it was, and never before it ended.
//! # Holds
//! 0/0 means the milestone is absent.
//! # Does not hold
//! Carriers: places are the set's numbers.

use std::collections::BTreeMap;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::Table;
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::Calendar;
use crate::lane::{Lane, Level, MilestoneClass, Place};
use crate::settings::{Rounding, Settings};
use crate::symbol::Symbol;

/// Where the first process starts: 2020-01-06, a Monday.
const BEGIN: i64 = 1_578_268_800;

/// The columns of one leg: (planned, effective) of check-in, departures, arrivals and delivery, in order.
struct Leg {
    steps: Vec<(usize, usize)>,
    /// Places after each departure and arrival.
    places: Vec<usize>,
}

/// A leg's minutes.
struct Walk {
    planned: i64,
    effective: i64,
}

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let table = Table::read(&options.data)?;
    let number = table.column("nr")?;
    let mut legs = Vec::with_capacity(4);
    for prefix in ["i1", "i2", "i3", "o"] {
        legs.push(leg(&table, prefix)?);
    }
    let mut settings = Settings {
        levels: vec![Level::Zip3, Level::DestinationZip3, Level::DistanceBand],
        ..options.settings.clone()
    };
    settings.publish.rounding = Rounding::Seconds(6 * 3_600);
    let mut set = DataSet {
        name: "cargo2000",
        cases: Vec::with_capacity(table.rows.len()),
        excluded: BTreeMap::new(),
        calendar: Calendar::continuous(),
        settings,
        unit: Unit { name: "hours", seconds: 3_600, near: 6, dates: false },
        step: 6 * 3_600,
        notes: vec!["the set has no instants: processes are laid an hour apart".to_owned()],
    };
    for row in &table.rows {
        let start = row[number].parse::<i64>().map(|number| BEGIN + number * 3_600);
        set.take(start.map_err(|_| "no number").and_then(|start| case(row, &legs, start)));
    }
    set.cases.sort_by_key(|case| case.marks[0].at);
    Ok(set)
}

fn leg(table: &Table, prefix: &str) -> Result<Leg, EvaluateError> {
    let mut steps = Vec::new();
    let mut places = Vec::new();
    let names = ["rcs", "dep_1", "rcf_1", "dep_2", "rcf_2", "dep_3", "rcf_3", "dlv"];
    for name in names {
        steps.push((
            table.column(&format!("{prefix}_{name}_p"))?,
            table.column(&format!("{prefix}_{name}_e"))?,
        ));
        if name.starts_with("dep") || name.starts_with("rcf") {
            places.push(table.column(&format!("{prefix}_{name}_place"))?);
        }
    }
    Ok(Leg { steps, places })
}

fn minutes(row: &csv::StringRecord, column: usize) -> Result<i64, &'static str> {
    let minutes: i64 = row[column].parse().map_err(|_| "not a number of minutes")?;
    if (0..=1_000_000).contains(&minutes) { Ok(minutes) } else { Err("impossible minutes") }
}

fn walk(row: &csv::StringRecord, steps: &[(usize, usize)]) -> Result<Walk, &'static str> {
    let mut walk = Walk { planned: 0, effective: 0 };
    for (planned, effective) in steps {
        walk.planned += minutes(row, *planned)?;
        walk.effective += minutes(row, *effective)?;
    }
    Ok(walk)
}

fn case(row: &csv::StringRecord, legs: &[Leg], start: i64) -> Result<Case, &'static str> {
    let (out, into) = legs.split_last().ok_or("no leg")?;
    let mut planned_in = 0;
    let mut effective_in = 0;
    let mut used = 0;
    for leg in into {
        let walk = walk(row, &leg.steps)?;
        planned_in = planned_in.max(walk.planned);
        effective_in = effective_in.max(walk.effective);
        used += u8::from(0 < walk.planned);
    }
    let whole = walk(row, &out.steps)?;
    if whole.planned == 0 || planned_in == 0 {
        return Err("no plan");
    }
    let last = last_arrival(row, out)?;
    let instant = |minutes: i64| start + minutes * 60;
    // Check-in and first departure; then all up to the last arrival.
    let departed = walk(row, &out.steps[..2])?;
    let arrived = walk(row, &out.steps[..=last])?;
    let mark = |class, done: &Walk, before: i64| Mark {
        class,
        at: instant(before + done.effective),
        carrier_estimate: Some(instant(before + done.effective + whole.planned - done.planned)),
    };
    let none = Walk { planned: 0, effective: 0 };
    let promise = instant(planned_in + whole.planned);
    let marks = vec![
        Mark { class: MilestoneClass::Label, at: start, carrier_estimate: Some(promise) },
        mark(MilestoneClass::Accepted, &none, effective_in),
        mark(MilestoneClass::InTransit, &departed, effective_in),
        mark(MilestoneClass::AtDestinationHub, &arrived, effective_in),
    ];
    let place = |column: usize| Place { fine: Symbol::of(&row[column]), region: Symbol::NONE };
    let delivered = instant(effective_in + whole.effective);
    Ok(Case {
        lane: Lane {
            origin: place(out.places[0]),
            destination: place(out.places[last - 1]),
            // Legs in: what a consolidation waits for.
            distance_band: used,
            ..Lane::default()
        },
        marks,
        promise: Some(promise),
        delivered,
        known_at: delivered,
    })
}

/// The index of the last arrival among a leg's steps.
fn last_arrival(row: &csv::StringRecord, leg: &Leg) -> Result<usize, &'static str> {
    for step in [6, 4, 2] {
        let (planned, effective) = leg.steps[step];
        if 0 < minutes(row, planned)? + minutes(row, effective)? {
            return Ok(step);
        }
    }
    Err("no arrival")
}
