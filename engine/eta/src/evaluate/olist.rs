//! The Olist sample: a marketplace's orders in Brazil, from handover to the carrier to delivery.
//!
//! # Place
//! A reader of [`super`].
//! # Method
//! Marks: label at approval, accepted at handover. Promise: the shop's estimate, compared at its midnight (the
//! kinder reading, as most arrive early) and missed after its day. Places come from the sellers, items and
//! customers files where they lie beside it. Calendar: weekdays in Sao Paulo without the holidays that
//! the options name.
//! # Holds
//! Only delivered orders with all instants.
//! # Does not hold
//! Carriers: the set has none, and no scans either.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::tz::TimeZone;

use super::case::{Case, DataSet, Mark, Unit};
use super::table::{Table, date_time};
use super::{EvaluateError, EvaluateOptions};
use crate::calendar::Calendar;
use crate::lane::{Lane, Level, MilestoneClass, Place};
use crate::settings::Settings;
use crate::symbol::Symbol;

type Places = HashMap<String, (String, String)>;

pub(super) fn read(options: &EvaluateOptions) -> Result<DataSet, EvaluateError> {
    let zone = super::zone("America/Sao_Paulo")?;
    let table = Table::read(&options.data)?;
    let [id, customer, status, approved, handed, delivered, estimated] = table.columns([
        "order_id",
        "customer_id",
        "order_status",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ])?;
    let folder = options.data.parent().unwrap_or_else(|| Path::new("."));
    let origins = seller_places(folder)?;
    let destinations = places(
        &folder.join("olist_customers_dataset.csv"),
        ["customer_id", "customer_zip_code_prefix", "customer_state"],
    )?;
    let mut set = DataSet {
        name: "olist",
        cases: Vec::with_capacity(table.rows.len()),
        excluded: BTreeMap::new(),
        calendar: Calendar::weekdays(&zone, &options.holidays),
        settings: Settings {
            levels: vec![
                Level::Zip3,
                Level::Region,
                Level::DestinationRegion,
                Level::PromisedTransit,
            ],
            ..options.settings.clone()
        },
        unit: Unit { name: "days", seconds: 86_400, near: 1, dates: false },
        step: 86_400,
        notes: Vec::new(),
    };
    let mut placed = 0;
    for row in &table.rows {
        if &row[status] != "delivered" {
            set.take(Err("not delivered"));
            continue;
        }
        let origin = origins.get(&row[id]);
        let destination = destinations.get(&row[customer]);
        placed += usize::from(origin.is_some() && destination.is_some());
        let lane =
            Lane { origin: place(origin), destination: place(destination), ..Lane::default() };
        let dates = [&row[approved], &row[handed], &row[delivered], &row[estimated]];
        set.take(case(lane, dates, &zone));
    }
    set.notes.push(format!(
        "{placed} of {} orders have both places in the files that lie beside the orders",
        table.rows.len()
    ));
    Ok(set)
}

fn case(lane: Lane, dates: [&str; 4], zone: &TimeZone) -> Result<Case, &'static str> {
    let [approved, handed, delivered, estimated] = dates.map(|text| date_time(text, zone));
    let handed = handed.ok_or("no handover")?;
    let delivered = delivered.ok_or("no delivery")?;
    let promise = estimated.ok_or("no promise")?;
    if delivered <= handed {
        return Err("delivered before it started");
    }
    let mut marks = Vec::with_capacity(2);
    if let Some(at) = approved.filter(|at| *at <= handed) {
        marks.push(Mark { class: MilestoneClass::Label, at, carrier_estimate: None });
    }
    marks.push(Mark { class: MilestoneClass::Accepted, at: handed, carrier_estimate: None });
    Ok(Case { lane, marks, promise: Some(promise), delivered, known_at: delivered })
}

fn place(place: Option<&(String, String)>) -> Place {
    place.map_or_else(Place::default, |(zip, state)| Place {
        fine: Symbol::of(zip.get(..3).unwrap_or("")),
        region: Symbol::of(state),
    })
}

/// Order to its seller's place, through the first item.
fn seller_places(folder: &Path) -> Result<Places, EvaluateError> {
    let sellers = places(
        &folder.join("FULL_olist_sellers_dataset.csv"),
        ["seller_id", "seller_zip_code_prefix", "seller_state"],
    )?;
    let path = folder.join("olist_order_items_dataset.csv");
    if !path.exists() {
        return Ok(Places::new());
    }
    let table = Table::read(&path)?;
    let [order, seller] = table.columns(["order_id", "seller_id"])?;
    let mut out = Places::new();
    for row in &table.rows {
        if let Some(place) = sellers.get(&row[seller]) {
            out.entry(row[order].to_owned()).or_insert_with(|| place.clone());
        }
    }
    Ok(out)
}

fn places(path: &Path, columns: [&str; 3]) -> Result<Places, EvaluateError> {
    if !path.exists() {
        return Ok(Places::new());
    }
    let table = Table::read(path)?;
    let [key, zip, state] = table.columns(columns)?;
    // The zip codes lost their leading zero in some of the files.
    let padded = |zip: &str| format!("{zip:0>5}");
    Ok(table
        .rows
        .iter()
        .map(|row| (row[key].to_owned(), (padded(&row[zip]), row[state].to_owned())))
        .collect())
}
