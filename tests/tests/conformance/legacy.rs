//! The XML answers of UPS, USPS and FedEx: `active_shipping` and `shipit`.
//!
//! # Method
//! Events are counted as tags in the text. What shipit asserts of its answers is a table here: its times of UPS and
//! USPS are wall clocks that it calls UTC, those of FedEx are instants.

use crate::counts::{Counts, settle};
use crate::{RECEIVED, corpus, files};
use crossdock_core::guess::Guesser;
use crossdock_tests::reading::{Reading, read};
use crossdock_tests::replay::{self, Document};
use serde_json::Value;
use std::fs;

/// File of shipit, events, the milestone of the newest, times of some events, estimate, destination.
struct Asserted {
    file: &'static str,
    events: usize,
    milestone: &'static str,
    times: &'static [&'static str],
    eta: &'static str,
    destination: &'static str,
}

const SHIPIT: &[Asserted] = &[
    Asserted {
        file: "ups_delivered.xml",
        events: 2,
        milestone: "DELIVERED",
        times: &["2010-06-10T12:00:00", "2010-06-08T12:00:00"],
        eta: "",
        destination: "ANYTOWN GA 30340",
    },
    Asserted {
        file: "ups_transit.xml",
        events: 1,
        milestone: "CARRIER_POSSESSION",
        times: &["2010-05-05T01:00:00"],
        eta: "",
        destination: "ANYTOWN GA 30304",
    },
    Asserted {
        file: "ups_delivery_attempt.xml",
        events: 6,
        milestone: "DELIVERY_ATTEMPTED",
        times: &["1998-08-30T10:39:00", "2010-08-30T10:32:00"],
        eta: "",
        // The document has the state where the country belongs.
        destination: "ANYTOWN",
    },
    Asserted {
        file: "ups_rescheduled.xml",
        events: 4,
        milestone: "IN_TRANSIT",
        times: &[],
        eta: "2014-10-24",
        destination: "CHICAGO IL 60607",
    },
    Asserted {
        file: "ups_2nd_trk_number.xml",
        events: 2,
        milestone: "DELIVERED",
        times: &[],
        eta: "",
        destination: "ANYTOWN GA 30304",
    },
    Asserted {
        file: "usps_pre_shipment.xml",
        events: 1,
        milestone: "MANIFESTED",
        times: &["2014-02-28"],
        eta: "",
        destination: "KIHEI HI 96753",
    },
    Asserted {
        file: "usps_delivered.xml",
        events: 9,
        milestone: "DELIVERED",
        times: &["2014-02-13T12:24:00", "2014-02-10T11:31:00"],
        eta: "2014-02-13",
        destination: "CHICAGO IL 60654",
    },
    Asserted {
        file: "usps_out_for_delivery.xml",
        events: 5,
        milestone: "OUT_FOR_DELIVERY",
        times: &["2014-03-02T08:09:00", "2014-03-01"],
        eta: "2014-03-02",
        destination: "NEW YORK NY 10010",
    },
    Asserted {
        file: "usps_predicted_eta.xml",
        events: 0,
        milestone: "",
        times: &[],
        eta: "2015-09-25",
        destination: "",
    },
    Asserted {
        file: "fedex_delivered.xml",
        events: 7,
        milestone: "DELIVERED",
        times: &["2014-02-17T14:05:00Z", "2014-02-15T15:57:00Z"],
        eta: "",
        destination: "MD",
    },
    Asserted {
        file: "fedex_missing_location.xml",
        events: 3,
        milestone: "IN_TRANSIT",
        times: &[],
        eta: "",
        destination: "GREENACRES WA",
    },
];

#[test]
fn xml_answers_of_shipit_say_what_it_asserts() {
    let Some(corpus) = corpus() else { return };
    let mut guesser = Guesser::new(replay::feeds());
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for asserted in SHIPIT {
        let bytes =
            fs::read(corpus.join("shipit").join(asserted.file)).expect("the corpus is whole");
        let reading = reading(&mut guesser, bytes);
        counts.add("all", "documents", 1);
        counts.add("all", "events", reading.events.len());
        let mut check = |name: &str, is_right: bool, found: String| {
            counts.add("all", name, 1);
            if is_right {
                counts.add("all", &format!("{name} right"), 1);
            } else {
                wrong.push(format!("{}: {name}: {found}", asserted.file));
            }
        };
        let events = &reading.events;
        if 0 < asserted.events {
            let is_right = events.len() == asserted.events;
            check("counts", is_right, events.len().to_string());
        }
        if !asserted.milestone.is_empty() {
            let is_right = events.iter().any(|it| it["milestone"] == asserted.milestone);
            check("statuses", is_right, asserted.milestone.to_owned());
        }
        for time in asserted.times {
            check("times", events.iter().any(|it| is_at(it, time)), (*time).to_owned());
        }
        if !asserted.eta.is_empty() {
            let found = events.first().and_then(|it| it["eta"].as_str()).unwrap_or("");
            check("etas", found.starts_with(asserted.eta), found.to_owned());
        }
        if !asserted.destination.is_empty() {
            let place = events.first().map_or(&Value::Null, |it| &it["destination"]);
            let part = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or("");
            let found = format!("{} {} {}", part("city"), part("region"), part("postal_code"));
            let found = found.trim().to_uppercase();
            check("destinations", found.starts_with(asserted.destination), found.clone());
        }
        check("unmapped none", events.iter().all(|it| it["detail"] != "UNMAPPED"), String::new());
    }
    settle("shipit", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An instant with `Z`, else a wall clock.
fn is_at(event: &Value, time: &str) -> bool {
    if !time.ends_with('Z') {
        return event["local_time"] == time;
    }
    let found = event["event_time"].as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    found == time.parse().ok()
}

/// Two elements of it are never closed: no XML, and so a dead letter.
const UNCLOSED: &str = "tracking_response__v1.xml";

#[test]
fn captured_xml_answers_yield_all_their_events() {
    let Some(corpus) = corpus() else { return };
    let mut guesser = Guesser::new(replay::feeds());
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for carrier in ["ups", "usps"] {
        for file in files(&corpus.join("active_shipping").join(carrier), "") {
            let bytes = fs::read(&file).expect("the corpus is whole");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let count = |tag: &str| text.matches(tag).count();
            let walked = count("<Activity>") + count("<TrackSummary>") + count("<TrackDetail>");
            let reading = reading(&mut guesser, bytes);
            let name = file.file_name().unwrap_or_default().display().to_string();
            let unmapped = reading.events.iter().filter(|it| it["detail"] == "UNMAPPED").count();
            counts.add(carrier, "documents", 1);
            counts.add(carrier, "walked", walked);
            counts.add(carrier, "events", reading.events.len());
            counts.add(carrier, "unmapped", unmapped);
            counts.add(carrier, "dead", reading.letters.len());
            // The guide's example has XX and YY for its codes.
            if 0 < unmapped && name != "example_tracking_response.xml" {
                wrong.push(format!("{name}: unmapped {:?}", reading.events));
            }
            // A summary that says that nothing is known is no event, and an `Error` has none.
            let has_none = name.contains("failure") || name.contains("error") || name == UNCLOSED;
            if reading.events.len() != walked && !has_none {
                wrong.push(format!("{name}: {} of {walked}", reading.events.len()));
            }
        }
    }
    settle("active_shipping", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is read of one document by the feed that it is told to be of.
fn reading(guesser: &mut Guesser, bytes: Vec<u8>) -> Reading {
    let feed = guesser.feed_of(&bytes).unwrap_or_else(|| String::from("none"));
    read(&replay::feeds(), &[Document { feed, received: RECEIVED, bytes }])
}
