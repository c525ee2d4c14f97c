//! Flights from New York 2013: schedules, delays, two time zones.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! Marks: accepted two hours before the scheduled departure, in transit at the departure. Promise: the
//! scheduled arrival. The scheduled departure is UTC in the set; the arrival is a local reading (`2400` is
//! midnight) in the destination's zone, and is the first such after the departure. Actual instants are the
//! scheduled ones plus the set's delays. Service is the block of three hours in which it departs.
//! # Holds
//! Cancelled and diverted flights, and airports without a zone, are left out and counted.
//! # Does not hold
//! Weather.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::Table;
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::Calendar;
use crate::lane::{Lane, Level, MilestoneClass, Place};
use crate::settings::{Rounding, Settings};
use crate::symbol::Symbol;

/// Longest flight of the set is under eleven hours; a schedule past this is a fault.
const FLIGHT_SECONDS_MAX: i64 = 20 * 3_600;

struct Columns {
    hour: usize,
    minute: usize,
    scheduled_arrival: usize,
    delays: [usize; 2],
}

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let table = Table::read(&options.data)?;
    let [hour, minute, scheduled_arrival] =
        table.columns(["time_hour", "minute", "sched_arr_time"])?;
    let delays = table.columns(["dep_delay", "arr_delay"])?;
    let columns = Columns { hour, minute, scheduled_arrival, delays };
    let [carrier, origin, destination, distance, block] =
        table.columns(["carrier", "origin", "dest", "distance", "hour"])?;
    let folder = options.data.parent().unwrap_or_else(|| Path::new("."));
    let zones = zones(&folder.join("airports.csv"))?;
    let mut settings = Settings {
        levels: vec![
            Level::Zip3,
            Level::Route,
            Level::DistanceBand,
            Level::Service,
            Level::Carrier,
        ],
        grain_minutes: 1,
        ..options.settings.clone()
    };
    settings.publish.rounding = Rounding::Seconds(300);
    settings.publish.interval_min = 600;
    let mut set = DataSet {
        name: "flights",
        cases: Vec::with_capacity(table.rows.len()),
        excluded: BTreeMap::new(),
        calendar: Calendar::continuous(),
        settings,
        unit: Unit { name: "minutes", seconds: 60, near: 15, dates: false },
        step: 900,
        notes: vec!["published values are rounded to five minutes".to_owned()],
    };
    for row in &table.rows {
        let Some(zone) = zones.get(&row[destination]) else {
            set.take(Err("airport without a zone"));
            continue;
        };
        let place = |name: &str| Place { fine: Symbol::of(name), region: Symbol::of(name) };
        let miles: u32 = row[distance].parse().unwrap_or(0);
        let block = row[block].parse::<u32>().map_or(0, |hour| hour / 3);
        let lane = Lane {
            carrier: Symbol::of(&row[carrier]),
            service: Symbol::of(&format!("block {block}")),
            origin: place(&row[origin]),
            destination: place(&row[destination]),
            distance_band: (miles / 100 + 1).min(255) as u8,
            promised_band: 0,
        };
        set.take(case(row, &columns, lane, zone));
    }
    Ok(set)
}

fn case(
    row: &csv::StringRecord,
    columns: &Columns,
    lane: Lane,
    zone: &TimeZone,
) -> Result<Case, &'static str> {
    let hour: Timestamp = row[columns.hour].parse().map_err(|_| "no scheduled departure")?;
    let minute: i64 = row[columns.minute].parse().map_err(|_| "no scheduled departure")?;
    let departure = hour.as_second() + minute * 60;
    let reading: i64 = row[columns.scheduled_arrival].parse().map_err(|_| "no promise")?;
    let arrival = arrival(departure, reading, zone).ok_or("impossible schedule")?;
    let delay = |column: usize| row[column].parse::<i64>().map_err(|_| "cancelled or diverted");
    let departed = departure + delay(columns.delays[0])? * 60;
    let delivered = arrival + delay(columns.delays[1])? * 60;
    let booked = departure - 7_200;
    Ok(Case {
        lane,
        marks: vec![
            Mark { class: MilestoneClass::Accepted, at: booked, carrier_estimate: None },
            Mark { class: MilestoneClass::InTransit, at: departed, carrier_estimate: None },
        ],
        promise: Some(arrival),
        delivered,
        known_at: delivered,
    })
}

/// The first instant after the departure at which the clock of the zone shows `HHMM`.
fn arrival(departure: i64, reading: i64, zone: &TimeZone) -> Option<i64> {
    let (hour, minute) = (reading / 100 % 24, reading % 100);
    let local = zone.to_datetime(Timestamp::from_second(departure).ok()?);
    let mut date = local.date();
    for _ in 0..3 {
        let wall = date.at(hour as i8, minute as i8, 0, 0);
        let instant = zone.to_ambiguous_timestamp(wall).compatible().ok()?.as_second();
        if departure < instant {
            return (instant - departure <= FLIGHT_SECONDS_MAX).then_some(instant);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

fn zones(path: &Path) -> Result<HashMap<String, TimeZone>, EvaluateError> {
    let table = Table::read(path)?;
    let [code, name] = table.columns(["faa", "tzone"])?;
    let mut known: HashMap<&str, TimeZone> = HashMap::new();
    let mut out = HashMap::new();
    for row in &table.rows {
        let zone = match known.get(&row[name]) {
            Some(zone) => zone.clone(),
            None => {
                let Ok(zone) = TimeZone::get(&row[name]) else { continue };
                known.insert(&row[name], zone.clone());
                zone
            }
        };
        out.insert(row[code].to_owned(), zone);
    }
    Ok(out)
}
