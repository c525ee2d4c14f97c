//! What documents say of a shipment beside its way and its events, and the built-in rules that live by it: worth, pieces,
//! deadlines of pickup and return labels, points.
//!
//! # Place
//! Through the embedded engine, with the rules of the packs.
//! # Method
//! Documents in crossdock's own format and in carriers' own, then days on which only timers speak; the same with other
//! threads and with an engine that is saved and restored behind every document.
//! # Holds
//! Each of these rules raises by documents alone, and is silent where the value is not said or says otherwise.

use crossdock_core::engine::EngineOptions;
use crossdock_core::intake::TICK;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::saved;
use serde_json::Value;

/// What is looked at here.
const CODES: [&str; 6] = [
    "PROOF_MISSING",
    "PARTIAL_DELIVERY_OPEN",
    "DELIVERED_FAR",
    "PICKUP_EXPIRING",
    "RETURN_LABEL_EXPIRING",
    "STALLED",
];

/// `day hour | feed {document}`, or `day hour | EVENT, more of a generic document`; with neither time passes. What stands
/// behind `$at` is the time of the line.
fn documents(story: &str) -> Vec<Document> {
    let document = |line: &str| {
        let (at, rest) = line.split_once('|').expect("a time | an event");
        let (day, hour) = at.trim().split_once(' ').expect("day hour");
        let (month, day) = day.split_once('-').unwrap_or(("05", day));
        let at = format!("2026-{month}-{day}T{hour}:00Z");
        let received = replay::micros(&at);
        let rest = rest.trim();
        if rest.is_empty() {
            return Document { feed: String::from(TICK), received, bytes: Vec::new() };
        }
        if let Some((feed, body)) = rest.split_once(" {") {
            let bytes = format!("{{{body}").into_bytes();
            return Document { feed: feed.to_owned(), received, bytes };
        }
        let (event, more) = rest.split_once(',').unwrap_or((rest, ""));
        let comma = if more.trim().is_empty() { "" } else { "," };
        let time =
            if more.contains("\"at\"") { String::new() } else { format!(",\"at\":\"{at}\"") };
        let body = format!(
            "{{\"carrier\":\"swift\",\"tracking_number\":\"SW1\",\"event\":\"{event}\"{time}{comma}{more}}}"
        );
        Document { feed: String::from("generic"), received, bytes: body.into_bytes() }
    };
    story.lines().map(str::trim).filter(|line| !line.is_empty()).map(document).collect()
}

fn replay_of((lanes, shards): (usize, usize), is_saved: bool, story: &str) -> (String, Vec<u64>) {
    let rules = Some(replay::loud_rules());
    let options = EngineOptions { lanes, shards, rules, ..EngineOptions::default() };
    let feeds = replay::feeds();
    let mut replay = Replay::with(&feeds, &options);
    let (mut bytes, mut hashes) = (Vec::new(), Vec::new());
    for document in documents(story) {
        replay.push("t", &document);
        bytes.extend(replay.lines());
        hashes.push(replay.state_hash());
        if is_saved {
            saved::restart(&mut replay, &feeds, &options);
            assert_eq!(replay.state_hash(), hashes[hashes.len() - 1], "{story}");
        }
    }
    (String::from_utf8(bytes).expect("subjects and bodies are UTF-8"), hashes)
}

/// What the rules said, `kind code at: message`, each once whoever was told.
#[track_caller]
fn check(story: &str, expected: &[&str]) {
    let all = replay_of((1, 1), false, story);
    let mut found: Vec<String> = Vec::new();
    for line in all.0.lines() {
        let body: Value = serde_json::from_str(line.split_once(' ').expect("subject and body").1)
            .expect("a body is JSON");
        let text = |key: &str| body[key].as_str().unwrap_or("");
        if CODES.contains(&text("code")) {
            let kind = text("kind").replace("exception_", "");
            let at = text("at").replace(":00Z", "Z").replace("2026-", "");
            let said = match text("message") {
                "" => format!("{kind} {} {at}", text("code")),
                message => format!("{kind} {} {at}: {message}", text("code")),
            };
            if found.last() != Some(&said) {
                found.push(said);
            }
        }
    }
    assert_eq!(found, expected, "{story}\n{}", all.0);
    for threads in [(2, 3), (3, 1)] {
        assert_eq!(replay_of(threads, false, story), all, "{threads:?}");
    }
    assert_eq!(replay_of((1, 2), true, story), all, "saved and restored");
}

#[test]
fn b2b_proof_missing_by_worth() {
    let bare = "
        18 10:00 | DELIVERED_DOOR, SAID
        20 09:00 |
        21 12:00 |
        22 09:00 | POD_AVAILABLE";
    let raised = ["opened PROOF_MISSING 05-20T10:00Z", "resolved PROOF_MISSING 05-22T09:00Z"];
    check(&bare.replace("SAID", "\"mode\":\"b2b\",\"value\":900.50"), &raised);
    check(&bare.replace("SAID", "\"mode\":\"B2B\",\"value\":\"500\""), &raised);
    check(&bare.replace("SAID", "\"mode\":\"b2b\",\"value\":499.99"), &[]);
    check(&bare.replace("SAID", "\"mode\":\"b2b\""), &[]);
    check(&bare.replace("SAID", "\"value\":900"), &[]);
    let signed = "\"mode\":\"b2b\",\"value\":900,\"signed_by\":\"J. Doe\"";
    check(&bare.replace("SAID", signed), &[]);
    // The order system told it before the carrier told anything, and the carrier never does.
    check(
        "17 10:00 | ORDER_RELEASED, \"mode\":\"b2b\",\"value\":900
         18 10:00 | DELIVERED_DOOR
         21 12:00 |",
        &raised[..1],
    );
    // It tells it late, with an event that says nothing; once too late for the verdict, which comes with the next timer.
    for day in ["19 10:00", "21 10:00"] {
        check(
            &format!(
                "18 10:00 | DELIVERED_DOOR\n{day} | INFO_ONLY, \"mode\":\"b2b\",\"value\":900\n21 12:00 |"
            ),
            &raised[..1],
        );
    }
    check(
        "18 10:00 | DELIVERED_SIGNED
         19 10:00 | INFO_ONLY, \"mode\":\"b2b\",\"value\":900
         21 12:00 |",
        &[],
    );
}

#[test]
fn b2b_partial_open_tells_how_many() {
    check(
        "18 10:00 | PARTIALLY_DELIVERED, \"mode\":\"b2b\",\"pieces\":3,\"pieces_delivered\":2
         21 12:00 |
         22 09:00 | DELIVERED, \"pieces_delivered\":3",
        &[
            "opened PARTIAL_DELIVERY_OPEN 05-21T10:00Z: 2 of 3 pieces delivered",
            "resolved PARTIAL_DELIVERY_OPEN 05-22T09:00Z",
        ],
    );
    // Nobody says how many: the words for that.
    check(
        "18 10:00 | PARTIALLY_DELIVERED, \"mode\":\"b2b\"
         21 12:00 |",
        &["opened PARTIAL_DELIVERY_OPEN 05-21T10:00Z: some of more pieces delivered"],
    );
}

/// An answer of FedEx: three pieces, so many of them under way.
fn fedex(left: u32) -> String {
    format!(
        "fedex-track {{\"output\": {{\"completeTrackResults\": [{{\"trackingNumber\": \"776094330094\", \"trackResults\": [{{\
         \"trackingNumberInfo\": {{\"trackingNumber\": \"776094330094\", \"carrierCode\": \"FDXE\", \"trackingNumberUniqueId\": \"2460425000~776094330094~FX\"}}, \
         \"scanEvents\": [{{\"date\": \"2026-05-18T10:00:00+00:00\", \"eventType\": \"DL\", \"derivedStatusCode\": \"DL\"}}], \
         \"packageDetails\": {{\"count\": \"3\", \"undeliveredCount\": \"{left}\", \"sequenceNumber\": \"1\"}}}}]}}]}}}}"
    )
}

#[test]
fn b2b_partial_open_by_what_fedex_counts() {
    // The order system knows that it is business, FedEx how many pieces are where.
    let order = "17 09:00 | generic {\"carrier\":\"fedex\",\"tracking_number\":\"776094330094\",\"mode\":\"b2b\",\"event\":\"ORDER_RELEASED\",\"at\":\"2026-05-17T09:00:00Z\"}";
    let expected = "opened PARTIAL_DELIVERY_OPEN 05-21T10:00Z: 1 of 3 pieces delivered";
    check(&format!("{order}\n18 10:30 | {}\n21 12:00 |", fedex(2)), &[expected]);
    // One of them came before the verdict, and no event says so.
    check(
        &format!("{order}\n18 10:30 | {}\n19 10:30 | {}\n21 12:00 |", fedex(2), fedex(1)),
        &[&expected.replace("1 of", "2 of")],
    );
}

#[test]
fn parcel_delivered_far_by_points() {
    let story = |place: &str| {
        format!(
            "18 10:00 | ACCEPTED, \"destination\":{{\"latitude\":40.7128,\"longitude\":-74.0060}}
             20 10:00 | DELIVERED, \"place\":{{{place}}}"
        )
    };
    check(
        &story("\"latitude\":41.8781,\"longitude\":-87.6298,\"accuracy\":\"street\""),
        &["opened DELIVERED_FAR 05-20T10:00Z: Delivered 1144.2 km from the destination"],
    );
    check(&story("\"latitude\":40.7130,\"longitude\":-74.0060,\"accuracy\":\"rooftop\""), &[]);
    check(&story("\"latitude\":41.8781,\"longitude\":-87.6298,\"accuracy\":\"city\""), &[]);
    check(&story("\"latitude\":41.8781,\"longitude\":-87.6298"), &[]);
    // Devices that do not know where they are; a latitude that is none.
    check(&story("\"latitude\":0,\"longitude\":0.0,\"accuracy\":\"street\""), &[]);
    check(&story("\"latitude\":141.8,\"longitude\":-87.6298,\"accuracy\":\"street\""), &[]);
}

#[test]
fn parcel_delivered_far_by_where_amazon_took_the_picture() {
    check(
        "17 09:00 | generic {\"carrier\":\"amazon\",\"tracking_number\":\"89108749065090\",\"event\":\"LABEL_CREATED\",\"at\":\"2026-05-17T09:00:00Z\",\"destination\":{\"latitude\":45.5152,\"longitude\":-122.6784}}
         18 15:00 | amazon-shipping {\"payload\":{\"trackingId\":\"89108749065090\",\"eventHistory\":[{\"eventCode\":\"Delivered\",\"location\":{\"city\":\"Seattle\",\"stateOrRegion\":\"WA\",\"countryCode\":\"US\",\"postalCode\":\"98101\"},\"eventTime\":\"2026-05-18T14:30:00Z\"},{\"eventCode\":\"OutForDelivery\",\"eventTime\":\"2026-05-18T08:00:00Z\"}],\"summary\":{\"status\":\"Delivered\",\"proofOfDelivery\":{\"deliveryLocationCoordinates\":{\"latitude\":47.6062,\"longitude\":-122.3321}}}}}",
        &["opened DELIVERED_FAR 05-18T14:30Z: Delivered 234.0 km from the destination"],
    );
}

#[test]
fn parcel_pickup_expiring_by_the_day_that_is_given() {
    check(
        "18 10:00 | PICKUP_READY_POINT, \"pickup_until\":\"2026-05-23T10:00:00Z\"
         21 12:00 |
         22 12:00 |
         22 14:00 | COLLECTED_BY_CUSTOMER",
        &[
            "opened PICKUP_EXPIRING 05-22T10:00Z: Collect it by 2026-05-23T10:00:00Z",
            "resolved PICKUP_EXPIRING 05-22T14:00Z",
        ],
    );
    // The day is told later, by a message whose event is known, and moved by another.
    check(
        "18 10:00 | PICKUP_READY_POINT
         19 10:00 | PICKUP_READY_POINT, \"at\":\"2026-05-18T10:00:00Z\",\"pickup_until\":\"2026-05-21\"
         19 11:00 | INFO_ONLY, \"pickup_until\":\"2026-05-25\"
         23 12:00 |
         25 12:00 |",
        &["opened PICKUP_EXPIRING 05-24T23:59:59Z: Collect it by 2026-05-25T23:59:59Z"],
    );
    // Nobody says until when.
    check(
        "18 10:00 | PICKUP_READY_POINT
         30 12:00 |",
        &[],
    );
}

#[test]
fn parcel_pickup_expiring_at_an_access_point_of_ups() {
    let ups = "ups-track {\"trackResponse\": {\"shipment\": [{\"inquiryNumber\": \"1Z8F4W370312345673\", \"package\": [{\"trackingNumber\": \"1Z8F4W370312345673\", \"activity\": [{\"location\": {\"address\": {\"city\": \"BROOKLYN\", \"stateProvince\": \"NY\", \"postalCode\": \"11220\", \"countryCode\": \"US\"}}, \"status\": {\"type\": \"D\", \"description\": \"Delivered to UPS Access Point(TM)\", \"code\": \"2Q\", \"statusCode\": \"040\"}, \"date\": \"20260520\", \"time\": \"172930\", \"gmtDate\": \"20260520\", \"gmtOffset\": \"-04:00\", \"gmtTime\": \"212930\"}], \"packageCount\": 1, \"accessPointInformation\": {\"pickupByDate\": \"20260527\"}, \"packageAddress\": [{\"type\": \"DESTINATION\", \"address\": {\"city\": \"BROOKLYN\", \"stateProvince\": \"NY\", \"countryCode\": \"US\"}}]}]}]}}";
    check(
        &format!("21 00:00 | {ups}\n26 12:00 |\n28 12:00 |"),
        &["opened PICKUP_EXPIRING 05-27T03:59:59Z: Collect it by 2026-05-28T03:59:59Z"],
    );
}

#[test]
fn returns_label_expiring_by_the_day_that_is_given() {
    let story = "
        18 10:00 | RETURN_LABEL_ISSUED, \"return_label_until\":\"2026-06-01T10:00:00Z\"
        28 12:00 |
        29 12:00 |
        30 09:00 | RETURN_ACCEPTED";
    check(
        story,
        &[
            "opened RETURN_LABEL_EXPIRING 05-29T10:00Z",
            "resolved RETURN_LABEL_EXPIRING 05-30T09:00Z",
        ],
    );
    check(&story.replace("28 12:00 |", "28 12:00 | RETURN_IN_TRANSIT"), &[]);
}

#[test]
fn another_use_of_the_number_knows_nothing_of_the_first() {
    check(
        "18 10:00 | ACCEPTED, \"mode\":\"b2b\",\"value\":900,\"unique\":\"A\"
         19 10:00 | DELIVERED_SIGNED, \"unique\":\"A\"
         20 10:00 | ACCEPTED, \"unique\":\"B\"
         20 12:00 | DELIVERED_DOOR, \"unique\":\"B\"
         30 10:00 |",
        &[],
    );
}

/// What `rules explain` says of the shipment after a story.
fn explained(story: &str, rule: &str) -> Vec<String> {
    let options = EngineOptions { rules: Some(replay::loud_rules()), ..EngineOptions::default() };
    let mut replay = Replay::with(&replay::feeds(), &options);
    for document in documents(story) {
        replay.push("t", &document);
        replay.silently();
    }
    let mut lines = Vec::new();
    for shard in replay.engine_mut().shards_mut() {
        shard.explain_rule(b"SW1", rule, |_, _, told| lines.extend(told.lines.clone()));
    }
    lines
}

#[test]
fn what_was_said_is_explained() {
    let lines = explained(
        "18 10:00 | ACCEPTED, \"destination\":{\"latitude\":40.7128,\"longitude\":-74.0060}
         20 10:00 | DELIVERED, \"place\":{\"latitude\":41.8781,\"longitude\":-87.6298,\"accuracy\":\"street\"}",
        "parcel.delivered-far",
    );
    let verdict = "the condition held at the event; what is absent by now is not kept";
    assert!(lines.iter().any(|line| line == verdict), "{lines:#?}");
    let lines = explained(
        "18 10:00 | DELIVERED, \"mode\":\"b2b\",\"value\":900,\"signed_by\":\"J. Doe\"",
        "b2b.proof-missing",
    );
    for part in [
        "shipment.value >= 500: yes (shipment.value = 900)",
        "unless event.detail == \"delivered_signed\": no (event.detail = delivered)",
        "unless has(event.signed_by): yes (event.signed_by = \"J. Doe\")",
        "the condition does not hold",
    ] {
        assert!(lines.iter().any(|line| line == part), "{part}\n{lines:#?}");
    }
}
