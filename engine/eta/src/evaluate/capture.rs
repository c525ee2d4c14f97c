//! Timelines captured by crossdock: one row per shipment and milestone.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! Columns: shipment, carrier, service, origin, origin_region, destination, destination_region, class, at,
//! carrier_estimate, promise, delivered, known_at. Instants are RFC 3339; empty is missing; a shipment's rows may
//! lie anywhere. The calendar is weekdays in UTC without the holidays that the options name.
//! # Holds
//! Shipments without a delivery are left out and counted.
//! # Does not hold
//! Zones per destination: a capture mixes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::Table;
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::Calendar;
use crate::lane::{Lane, MilestoneClass, Place};
use crate::symbol::Symbol;

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let table = Table::read(&options.data)?;
    let shipment = table.column("shipment")?;
    let names = table.columns(["carrier", "service"])?;
    let origin = table.columns(["origin", "origin_region"])?;
    let destination = table.columns(["destination", "destination_region"])?;
    let times = table.columns(["class", "at", "carrier_estimate"])?;
    let ends = table.columns(["promise", "delivered", "known_at"])?;
    let mut set = DataSet {
        name: "capture",
        cases: Vec::new(),
        excluded: BTreeMap::new(),
        calendar: Calendar::weekdays(&TimeZone::UTC, &options.holidays),
        settings: options.settings.clone(),
        unit: Unit { name: "days", seconds: 86_400, near: 1, dates: false },
        step: 86_400,
        notes: Vec::new(),
    };
    let mut shipments: BTreeMap<&str, Result<Case, &'static str>> = BTreeMap::new();
    for row in &table.rows {
        let place = |columns: [usize; 2]| Place {
            fine: Symbol::of(&row[columns[0]]),
            region: Symbol::of(&row[columns[1]]),
        };
        let lane = Lane {
            carrier: Symbol::of(&row[names[0]]),
            service: Symbol::of(&row[names[1]]),
            origin: place(origin),
            destination: place(destination),
            ..Lane::default()
        };
        let case = shipments.entry(&row[shipment]).or_insert_with(|| {
            let delivered = instant(&row[ends[1]]).ok_or("no delivery")?;
            Ok(Case {
                lane,
                marks: Vec::new(),
                promise: instant(&row[ends[0]]),
                delivered,
                known_at: instant(&row[ends[2]]).unwrap_or(delivered),
            })
        });
        let Ok(case) = case else { continue };
        let class = MilestoneClass::ALL.into_iter().find(|class| class.name() == &row[times[0]]);
        if let (Some(class), Some(at)) = (class, instant(&row[times[1]])) {
            case.marks.push(Mark { class, at, carrier_estimate: instant(&row[times[2]]) });
        }
    }
    for case in shipments.into_values() {
        set.take(case.map(|mut case| {
            case.marks.sort_by_key(|mark| mark.at);
            case
        }));
    }
    Ok(set)
}

fn instant(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
