//! Prints how many nanoseconds each step takes: `cargo run --release -p crossdock-standard --example ladder`.

#![allow(clippy::print_stdout, reason = "printing is what it does")]

use crossdock_standard::number::Number;
use crossdock_standard::place::{PlaceText, Places, Zones};
use crossdock_standard::time::{TimeShape, parse};
use crossdock_standard::zone::ZoneId;
use std::hint::black_box;
use std::time::Instant;

const TURNS: u32 = 200_000;

/// The best of 15 runs over all inputs, per input.
fn measure<T, R>(name: &str, inputs: &[T], act: impl Fn(&T) -> R) {
    let mut best = f64::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        for _ in 0..TURNS / 8 {
            for input in inputs {
                black_box(act(black_box(input)));
            }
        }
        let steps = f64::from(TURNS / 8) * inputs.len() as f64;
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / steps);
    }
    println!("{name:40} {best:7.1} ns");
}

fn main() {
    measure("nothing", &["2024-08-20T12:41:57-04:00"], |text| text.len());
    times();
    numbers();
    places();
    offsets();
}

fn times() {
    let texts = |shape, texts: &[&'static str]| {
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        measure(
            &format!("parse {} \"{}\"", TimeShape::name(shape), texts[0].escape_ascii()),
            &texts,
            |text| parse(shape, text).map(|time| time.seconds),
        );
    };
    texts(
        TimeShape::Iso,
        &["2024-08-20T12:41:57-04:00", "2025-01-31T23:05:01+02:00", "2026-11-30T03:59:00-05:00"],
    );
    texts(TimeShape::Iso, &["2024-08-20T12:41:57Z", "2025-01-31 23:05:01", "2026-11-30T03:59:00Z"]);
    texts(TimeShape::Iso, &["2024-08-20T12:41:57.123Z", "2025-01-31T23:05:01.000Z"]);
    texts(TimeShape::Iso, &["2024-11-22 13:58", "2024-11-22T13:58"]);
    texts(TimeShape::CompactDateTime, &["20240820124157", "202002251728"]);
    texts(TimeShape::X12Date, &["20191218", "20240820"]);
    texts(TimeShape::ClockCompact, &["74700", "1004", "182506"]);
    texts(TimeShape::ClockAmPm, &["1:12 pm", "10:03 AM"]);
    texts(TimeShape::MonthName, &["October 15, 2026 1:12 pm", "January 6, 2016"]);
}

fn numbers() {
    let numbers = ["1Z5R89390357567127", "9400111206206406260787", "986578788855"];
    measure("Number::normalize", &numbers, |text| Number::normalize(text.as_bytes()));
    let numbers = ["00340434161094014882"];
    measure("Number::normalize 00 SSCC", &numbers, |text| Number::normalize(text.as_bytes()));
    let numbers = ["420787459400111206206406260787"];
    measure("Number::normalize 420+ZIP", &numbers, |text| Number::normalize(text.as_bytes()));
    let numbers = numbers.map(|text| Number::normalize(text.as_bytes()));
    measure("Number::is_plausible", &numbers, |number| {
        number.as_ref().is_some_and(Number::is_plausible)
    });
}

fn places() {
    let start = Instant::now();
    let places = Places::load();
    println!("{:40} {:7.1} ms", "Places::load", start.elapsed().as_secs_f64() * 1e3);
    let place = |country: &'static str,
                 region: &'static str,
                 postal_code: &'static str,
                 city: &'static str| PlaceText {
        country: country.as_bytes(),
        region: region.as_bytes(),
        postal_code: postal_code.as_bytes(),
        city: city.as_bytes(),
    };
    let zone_of = |place: &PlaceText<'_>| places.zone_of(place);
    measure("zone_of DE", &[place("DE", "", "04103", "Leipzig")], zone_of);
    measure(
        "zone_of US ZIP",
        &[place("US", "KY", "40213", "LOUISVILLE"), place("US", "TN", "38118", "MEMPHIS")],
        zone_of,
    );
    measure(
        "zone_of US state and city",
        &[place("US", "KY", "", "LOUISVILLE"), place("US", "TN", "", "KNOXVILLE")],
        zone_of,
    );
    measure("zone_of CA postal code", &[place("CA", "ON", "M5V 2T6", "TORONTO")], zone_of);
    measure(
        "parse place \"GRANGER, IA, US\"",
        &["GRANGER, IA, US", "LOUISVILLE KY 40213"],
        |text| places.parse(text.as_bytes(), b"US"),
    );
}

fn offsets() {
    let start = Instant::now();
    let zones = Zones::load();
    println!("{:40} {:7.1} ms", "Zones::load", start.elapsed().as_secs_f64() * 1e3);
    let inputs: Vec<(ZoneId, i64)> = (0..64)
        .map(|step| {
            let names = ["America/New_York", "America/Chicago", "Europe/Berlin", "Asia/Shanghai"];
            (ZoneId::named(names[step % 4]), 1_700_000_000 + step as i64 * 1_000_003)
        })
        .collect();
    measure("offset_at", &inputs, |&(zone, local)| zones.offset_at(zone, local));
    measure("offset_at_instant", &inputs, |&(zone, instant)| {
        zones.offset_at_instant(zone, instant)
    });
}
