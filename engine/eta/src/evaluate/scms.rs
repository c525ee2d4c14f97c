//! The SCMS deliveries: medical supplies to forty countries, day by day.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! One mark, label: when the order was sent to the vendor, else when the client first got the quote. All
//! instants are dates, taken at noon UTC, and compared by day. Promise: the scheduled delivery. A
//! delivery is known at its recording, which may be a year later. Carrier is how it is fulfilled, service the
//! mode, origin the vendor, destination the country.
//! # Holds
//! Rows without any start, or delivered before it, are left out and counted.
//! # Does not hold
//! When a schedule was last changed: the set keeps one date.

use std::collections::BTreeMap;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::Table;
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::{Calendar, day_number};
use crate::lane::{Lane, Level, MilestoneClass, Place};
use crate::settings::Settings;
use crate::symbol::Symbol;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let table = Table::read(&options.data)?;
    let [quoted, ordered, scheduled, delivered, recorded] = table.columns([
        "PQ First Sent to Client Date",
        "PO Sent to Vendor Date",
        "Scheduled Delivery Date",
        "Delivered to Client Date",
        "Delivery Recorded Date",
    ])?;
    let [country, via, mode, vendor] =
        table.columns(["Country", "Fulfill Via", "Shipment Mode", "Vendor"])?;
    let mut set = DataSet {
        name: "scms",
        cases: Vec::with_capacity(table.rows.len()),
        excluded: BTreeMap::new(),
        calendar: Calendar::continuous(),
        settings: Settings {
            levels: vec![Level::Region, Level::DestinationRegion, Level::Service, Level::Carrier],
            // A third of a day is a bin of a day: the set's own precision.
            grain_minutes: 480,
            ..options.settings.clone()
        },
        unit: Unit { name: "days", seconds: 86_400, near: 1, dates: true },
        step: 86_400,
        notes: vec![
            "rows of one order share their dates; they are replayed as they stand".to_owned(),
        ],
    };
    for row in &table.rows {
        let known = |text: &str| if text == "N/A" { Symbol::NONE } else { Symbol::of(text) };
        let lane = Lane {
            carrier: Symbol::of(&row[via]),
            service: known(&row[mode]),
            origin: Place { fine: Symbol::NONE, region: Symbol::of(&row[vendor]) },
            destination: Place { fine: Symbol::NONE, region: Symbol::of(&row[country]) },
            ..Lane::default()
        };
        let start = slashed(&row[ordered]).or_else(|| slashed(&row[quoted]));
        let dates =
            [start, dashed(&row[scheduled]), dashed(&row[delivered]), dashed(&row[recorded])];
        set.take(case(lane, dates));
    }
    Ok(set)
}

fn case(lane: Lane, dates: [Option<i64>; 4]) -> Result<Case, &'static str> {
    let [start, scheduled, delivered, recorded] = dates;
    let at = start.ok_or("no date of order or quote")?;
    let promise = scheduled.ok_or("no promise")?;
    let delivered = delivered.ok_or("no delivery")?;
    Ok(Case {
        lane,
        marks: vec![Mark { class: MilestoneClass::Label, at, carrier_estimate: None }],
        promise: Some(promise),
        delivered,
        // Known at the end of the day of recording.
        known_at: recorded.unwrap_or(delivered).max(delivered) + 43_199,
    })
}

/// `2-Jun-06` as noon UTC.
fn dashed(text: &str) -> Option<i64> {
    let mut parts = text.trim().split('-');
    let day = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i8 + 1;
    noon(parts.next()?.parse().ok()?, month, day)
}

/// `3/19/10` as noon UTC.
fn slashed(text: &str) -> Option<i64> {
    let mut parts = text.trim().split('/');
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    noon(parts.next()?.parse().ok()?, month, day)
}

fn noon(year: i16, month: i8, day: i8) -> Option<i64> {
    let year = if year < 100 { 2_000 + year } else { year };
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    Some(day_number(date) * 86_400 + 43_200)
}
