//! The truck trips of India: full loads, by GPS.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! One mark, accepted, at the start of the trip; the promise is the planned arrival. Carrier is the supplier,
//! service the kind of vehicle, fine places are the set's location codes, regions its states, the
//! distance band is 200 km wide.
//! # Holds
//! Trips that end before they start, or without dates, are left out and counted.
//! # Does not hold
//! Positions on the way: the set has one per trip, of the day of its capture. Trips called on time have
//! an end exactly 45 minutes or two hours before their plan: somebody filled it in. They are kept, since
//! nothing tells them beforehand.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::{Table, date_time};
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::Calendar;
use crate::lane::{Lane, Level, MilestoneClass, Place};
use crate::settings::Settings;
use crate::symbol::Symbol;

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let zone = super::zone("Asia/Kolkata")?;
    let table = Table::read(&options.data)?;
    let dates = table.columns(["trip_start_date", "trip_end_date", "Planned_ETA"])?;
    let [supplier, vehicle, distance] =
        table.columns(["supplierID", "vehicleType", "TRANSPORTATION_DISTANCE_IN_KM"])?;
    let codes = table.columns(["OriginLocation_Code", "DestinationLocation_Code"])?;
    let texts = table.columns(["Origin_Location", "Destination_Location"])?;
    let mut set = DataSet {
        name: "trucks",
        cases: Vec::with_capacity(table.rows.len()),
        excluded: BTreeMap::new(),
        calendar: Calendar::always(&zone),
        settings: Settings {
            levels: vec![
                Level::Zip3,
                Level::Route,
                Level::DestinationZip3,
                Level::RouteRegion,
                Level::PromisedTransit,
                Level::Service,
                Level::Carrier,
            ],
            ..options.settings.clone()
        },
        unit: Unit { name: "hours", seconds: 3_600, near: 24, dates: false },
        step: 86_400,
        notes: vec![
            "trips called on time end exactly 45 min or 2 h before their plan: a filled-in end"
                .to_owned(),
        ],
    };
    for row in &table.rows {
        let kilometers: i64 = row[distance].parse::<f64>().map_or(-1, |km| km as i64);
        let place = |at: usize| Place {
            fine: Symbol::of(&row[codes[at]]),
            region: Symbol::of(row[texts[at]].rsplit(',').next().unwrap_or("").trim()),
        };
        let lane = Lane {
            carrier: Symbol::of(&row[supplier]),
            service: Symbol::of(&row[vehicle]),
            origin: place(0),
            destination: place(1),
            distance_band: (kilometers.clamp(-200, 40_000) / 200 + i64::from(0 <= kilometers))
                as u8,
            promised_band: 0,
        };
        set.take(case(lane, dates.map(|column| &row[column]), &zone));
    }
    Ok(set)
}

fn case(lane: Lane, dates: [&str; 3], zone: &TimeZone) -> Result<Case, &'static str> {
    let [start, end, planned] = dates.map(|text| date_time(text, zone));
    let at = start.ok_or("no start")?;
    let delivered = end.ok_or("no end")?;
    let promise = planned.ok_or("no promise")?;
    Ok(Case {
        lane,
        marks: vec![Mark { class: MilestoneClass::Accepted, at, carrier_estimate: None }],
        promise: Some(promise),
        delivered,
        known_at: delivered,
    })
}
