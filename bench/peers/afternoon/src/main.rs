//! The plain program: read a capture file, drop repeats, fold milestones, print the changes.

mod document;
mod shipment;
mod table;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use document::{Envelope, Event};
use shipment::{Arrival, Fact, Shipment, State, is_terminal};
use table::{CLASSES, Table, name};

/// A time so far ahead of its receipt is not believed.
const FUTURE_TOLERANCE_SECONDS: i64 = 2 * 3600;

#[derive(Serialize)]
struct Change<'a> {
    kind: &'static str,
    tenant: &'a str,
    carrier: &'a str,
    tracking_number: &'a str,
    epoch: u32,
    version: u32,
    milestone: &'static str,
    previous: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'static str>,
    episode: u32,
    time: i64,
    code: &'a str,
    city: &'a str,
    country: &'a str,
}

#[derive(Default, Serialize)]
struct Tally {
    documents: u64,
    changes: u64,
    known: u64,
    dead: u64,
}

/// Kind, class and episode of everything that a new event changed.
fn difference(
    before: &State,
    after: &State,
    last: bool,
) -> Vec<(&'static str, Option<&'static str>, u32)> {
    let mut said = Vec::new();
    let moved = before.milestone != after.milestone;
    let was_wrong = !last && moved && is_terminal(before.milestone);
    if before.corrections < after.corrections || was_wrong {
        said.push(("correction", None, after.corrections.max(1)));
    }
    if moved || (last && before.steps < after.steps) {
        let count = after.steps_into[usize::from(after.milestone)].max(1);
        said.push(("milestone", None, u32::from(count)));
    }
    for (kind, set) in [
        ("exception_opened", after.open & !before.open),
        ("exception_resolved", before.open & !after.open),
    ] {
        for (bit, class) in CLASSES.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1) {
            said.push((kind, Some(*class), u32::from(after.openings[bit].max(1))));
        }
    }
    said
}

fn job(envelopes: &[Envelope<'_>], table: &Table, target: &mut impl Write) -> Tally {
    let mut shipments: HashMap<(String, String, String), Shipment> = HashMap::new();
    let mut tally = Tally::default();
    for envelope in envelopes {
        tally.documents += 1;
        let Some(event) = document::read(envelope) else {
            tally.dead += 1;
            continue;
        };
        let key = (envelope.tenant.to_owned(), event.carrier.to_string(), event.number.to_string());
        let shipment = shipments.entry(key).or_default();
        let untrusted = envelope.received + FUTURE_TOLERANCE_SECONDS < event.time;
        let fact = Fact {
            time: event.time,
            order: if untrusted { envelope.received } else { event.time },
            local_day: (event.time + event.offset).div_euclid(86_400),
            untrusted,
            meaning: table.get(envelope.feed, &event.code),
        };
        match shipment.arrive(fact) {
            Arrival::Known => tally.known += 1,
            Arrival::New(before, last) => {
                tally.changes += say(envelope.tenant, &event, shipment, before, last, target);
            }
        }
    }
    tally
}

fn say(
    tenant: &str,
    event: &Event<'_>,
    shipment: &mut Shipment,
    before: State,
    last: bool,
    target: &mut impl Write,
) -> u64 {
    let after = shipment.state();
    // A new epoch starts from nothing.
    let before = if last && before.epoch != after.epoch { State::default() } else { before };
    let said = difference(&before, after, last);
    let (epoch, milestone) = (after.epoch, after.milestone);
    for (kind, exception, episode) in &said {
        shipment.version += 1;
        let change = Change {
            kind,
            tenant,
            carrier: &event.carrier,
            tracking_number: &event.number,
            epoch,
            version: shipment.version,
            milestone: name(milestone),
            previous: name(before.milestone),
            exception: *exception,
            episode: *episode,
            time: event.time,
            code: &event.code,
            city: &event.city,
            country: &event.country,
        };
        serde_json::to_writer(&mut *target, &change).expect("the output takes a change");
        target.write_all(b"\n").expect("the output takes a line");
    }
    said.len() as u64
}

/// Seconds that this thread has had a processor: what counts on a machine that is busy.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|first| first.parse().ok());
    nanos.unwrap_or(0.0) / 1e9
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [codes, input, output] = arguments.as_slice() else {
        eprintln!("usage: peer-afternoon CODES.CSV CAPTURE.NDJSON OUTPUT");
        std::process::exit(2);
    };
    let table = Table::load(Path::new(codes)).expect("the table of codes");
    let text = std::fs::read_to_string(input).expect("the capture file");
    let start = Instant::now();
    let envelopes: Vec<Envelope<'_>> = text.lines().filter_map(Envelope::read).collect();
    let split_seconds = start.elapsed().as_secs_f64();
    let mut target = BufWriter::with_capacity(1 << 20, File::create(output).expect("the output"));
    let (start, cpu_start) = (Instant::now(), cpu_seconds());
    let tally = job(&envelopes, &table, &mut target);
    target.flush().expect("the output is written");
    let job_seconds = start.elapsed().as_secs_f64();
    let record = serde_json::json!({
        "tally": tally, "split_seconds": split_seconds, "job_seconds": job_seconds,
        "cpu_seconds": cpu_seconds() - cpu_start,
    });
    println!("{record}");
}
