//! Whatever comes, the engine says what became of it and goes on.
//!
//! # Place
//! Every item of the issue's list of bad input, through the whole embedded engine.
//! # Method
//! A bad document stands between two good ones of other shipments in one turn. `check` compares what
//! became of the bad one with a line of text, and makes sure that the good ones are read as if they
//! were alone, that the account balances and that a dead letter's payload is the beginning of what came.
//! # Holds
//! No panic on any bytes; every truncation of a document; random bytes and random damage.
//! # Does not hold
//! Capture lines: the node reads them.

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::lane::LaneOptions;
use crossdock_model::limits::DEAD_LETTER_PAYLOAD_BYTES_MAX;
use crossdock_tests::replay::{self, Document, Replay, Said, micros, since};
use crossdock_tests::scenario::{account, line_of};
use proptest::prelude::*;
use serde_json::Value;
use std::cell::RefCell;
use std::sync::LazyLock;

static FEEDS: LazyLock<Feeds> = LazyLock::new(replay::feeds);

thread_local! {
    /// One engine for all documents of a test, each under a tenant of its own.
    static REPLAY: RefCell<Replay> = RefCell::new(Replay::new(&FEEDS));
}

const RECEIVED: &str = "2026-05-21T20:00:00Z";

/// A UPS answer with two events.
const UPS: &str = r#"{"trackResponse":{"shipment":[{"inquiryNumber":"1Z8F4W370312345673","package":[{"trackingNumber":"1Z8F4W370312345673","activity":[{"location":{"address":{"city":"AUSTIN","stateProvince":"TX","countryCode":"US"}},"status":{"type":"D","description":"DELIVERED ","code":"F4","statusCode":"011"},"date":"20260521","time":"143146","gmtDate":"20260521","gmtOffset":"-05:00","gmtTime":"193146"},{"status":{"type":"D","description":"Out For Delivery Today","code":"OT","statusCode":"021"},"date":"20260521","time":"084103","gmtDate":"20260521","gmtOffset":"-05:00","gmtTime":"134103"}]}]}]}}"#;

fn document(feed: &str, bytes: impl Into<Vec<u8>>) -> Document {
    Document { feed: feed.to_owned(), received: micros(RECEIVED), bytes: bytes.into() }
}

fn good(number: &str) -> Document {
    let text = format!(
        r#"{{"tracking_number":"{number}","event":"DELIVERED","at":"2026-05-21T10:00:00Z"}}"#
    );
    document("generic", text)
}

/// What became of a document between two good ones: what was said of it, and the account without
/// the good ones.
fn outcome(bad: &Document) -> (Vec<Said>, String) {
    let (said, tally, seq) = REPLAY.with_borrow_mut(|replay| {
        let before = replay.tally();
        let tenant = format!("t{}", replay.seq());
        for document in [&good("GOOD-1"), bad, &good("GOOD-2")] {
            replay.push(&tenant, document);
        }
        let said = replay.said();
        (said, since(&before, &replay.tally()), replay.seq() - 1)
    });
    let (neighbours, said): (Vec<Said>, Vec<Said>) = said.into_iter().partition(|said| {
        said.body["tracking_number"].as_str().is_some_and(|it| it.starts_with("GOOD-"))
    });
    let lines: Vec<String> = neighbours.iter().map(line_of).collect();
    assert_eq!(
        lines,
        [
            "GOOD-1 milestone DELIVERED after UNKNOWN, 2026-05-21T10:00:00Z, DELIVERED, to customer",
            "GOOD-2 milestone DELIVERED after UNKNOWN, 2026-05-21T10:00:00Z, DELIVERED, to customer",
        ]
    );
    let mut tally = tally;
    assert!(tally.balances());
    assert!(2 < tally.inputs, "the bad document is accounted for");
    tally.inputs -= 2;
    tally.outcomes[0] -= 2;
    for said in &said {
        check_payload(said, bad, seq);
    }
    (said, account(&tally))
}

/// A dead letter holds the beginning of the document, or, where it is about a part, that part.
fn check_payload(said: &Said, bad: &Document, seq: u64) {
    let body = &said.body;
    if body.get("payload_size").is_none() {
        return;
    }
    let size = body["payload_size"].as_u64().expect("a size") as usize;
    let kept = match (body.get("payload"), body.get("payload_base64")) {
        (Some(Value::String(text)), None) => text.clone().into_bytes(),
        (None, Some(Value::String(text))) => decoded(text),
        // A field that has nothing to say is absent.
        (None, None) if size == 0 => Vec::new(),
        other => panic!("a payload is a text, plain or base64: {other:?}"),
    };
    assert!(kept.len() <= DEAD_LETTER_PAYLOAD_BYTES_MAX, "{} bytes are kept", kept.len());
    if size == bad.bytes.len() {
        assert!(bad.bytes.starts_with(&kept), "a payload is the beginning of the document");
        let least = size.min(DEAD_LETTER_PAYLOAD_BYTES_MAX - 3);
        assert!(least <= kept.len(), "{} of {size} bytes are kept", kept.len());
    }
    let reason = body["reason"].as_str().expect("a reason");
    assert_eq!(said.subject, format!("dlq.t{}.{reason}", seq - 2));
    assert_eq!(body["position"]["seq"], seq);
    assert!(body["help"].as_str().is_some_and(|help| help.ends_with('.')));
}

/// Base64 with its standard alphabet.
fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = ALPHABET.iter().position(|it| *it == byte).expect("base64");
        bits = (bits << 6) | value as u32;
        count += 6;
        if 8 <= count {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

#[track_caller]
fn check(feed: &str, bytes: impl Into<Vec<u8>>, expected: &str) {
    let (said, account) = outcome(&document(feed, bytes));
    let mut found: Vec<String> = said
        .iter()
        .map(|said| match said.body.get("payload_size") {
            Some(_) => format!(
                "{} at {}",
                said.body["reason"].as_str().unwrap_or(""),
                said.body["position"]["index"]
            ),
            None => line_of(said),
        })
        .collect();
    found.push(account);
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found, expected);
}

/// One event of the `generic` feed.
fn generic(fields: &str) -> String {
    format!(
        r#"{{"tracking_number":"X-1","event":"PICKED_UP","at":"2026-05-21T09:00:00Z"{fields}}}"#
    )
}

#[test]
fn a_dead_letter_keeps_as_much_as_is_asked_for() {
    for payload_max in [0, 100, 5_000] {
        let lane = LaneOptions { dead_letter_payload_max: payload_max, ..LaneOptions::default() };
        let mut replay = Replay::with(&FEEDS, &EngineOptions { lane, ..EngineOptions::default() });
        let bytes = format!("{{{}", "x".repeat(999)).into_bytes();
        let feed = String::from("generic");
        replay.push("acme", &Document { feed, received: micros(RECEIVED), bytes });
        let said = replay.said();
        assert_eq!(said.len(), 1, "{said:?}");
        let kept = said[0].body["payload"].as_str().unwrap_or_default();
        assert_eq!(kept.len(), payload_max.min(1_000));
        assert_eq!(said[0].body["payload_size"], 1_000);
    }
}

#[test]
fn what_is_no_json_is_malformed() {
    for bytes in [
        "",
        " ",
        "{",
        "}",
        "nul",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,2",
        "\"open",
        "{'a':1}",
        "<xml/>",
        "ISA*00*",
        "\u{feff}",
    ] {
        check("ups-track", bytes, "malformed at 0\n1 inputs: 1 dead");
    }
    for bytes in [
        &b"{\"a\":\"\xc3\x28\"}"[..],
        b"\xff\xfe{\x00",
        b"\x00\x00\x00\x00",
        b"{\"a\":\"\x01\"}",
        b"\x1f\x8b\x08\x00garbage",
    ] {
        check("ups-track", bytes, "malformed at 0\n1 inputs: 1 dead");
    }
}

#[test]
fn every_truncation_is_one_dead_letter() {
    let whole = outcome(&document("ups-track", UPS));
    assert_eq!(whole.1, "2 inputs: 2 emitted");
    for end in 0..UPS.len() {
        let (said, account) = outcome(&document("ups-track", &UPS.as_bytes()[..end]));
        assert_eq!(account, "1 inputs: 1 dead", "cut at byte {end}");
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].body["reason"], "malformed", "cut at byte {end}");
        assert_eq!(said[0].body["payload"].as_str().unwrap_or(""), &UPS[..end]);
        assert_eq!(said[0].body["payload_size"].as_u64(), Some(end as u64));
    }
}

#[test]
fn json_of_another_kind_has_no_shipment() {
    for bytes in [
        "[]",
        "{}",
        "null",
        "true",
        "0",
        "\"text\"",
        "[[[]]]",
        r#"{"trackResponse":null}"#,
        r#"{"hello":"world"}"#,
    ] {
        check("ups-track", bytes, "no_shipment at 0\n1 inputs: 1 dead");
    }
    // What stands where a list of packages is expected is a package, without a number.
    let text = r#"{"trackResponse":{"shipment":{"package":7}}}"#;
    check("ups-track", text, "no_number at 0\n1 inputs: 1 dead");
}

#[test]
fn wrong_types_are_absent() {
    let number = r#""trackingNumber":"1Z8F4W370312345673""#;
    let with = |activity: &str| {
        format!(
            r#"{{"trackResponse":{{"shipment":[{{"package":[{{{number},"activity":{activity}}}]}}]}}}}"#
        )
    };
    for activity in ["null", "[]"] {
        check("ups-track", with(activity), "1 inputs: 1 history");
    }
    // What stands where a list is expected is a list of one.
    for activity in ["7", "\"text\"", "{}", "true", "[[]]"] {
        check("ups-track", with(activity), "no_code at 0\n1 inputs: 1 dead");
    }
    check(
        "ups-track",
        with("[null,7,\"x\",[],{}]"),
        "
        no_code at 0
        no_code at 1
        no_code at 2
        no_code at 3
        4 inputs: 4 dead",
    );
    check(
        "ups-track",
        with(
            r#"[{"status":"D","date":20260521},{"status":{"code":{"FS":1},"type":{},"description":7}}]"#,
        ),
        "
        no_code at 0
        2 inputs: 1 unmapped, 1 dead",
    );
}

#[test]
fn a_document_over_the_limit_is_too_large() {
    let large = |size: usize| format!("{}{}", UPS, " ".repeat(size - UPS.len()));
    let delivered = "
        1Z8F4W370312345673 milestone OUT_FOR_DELIVERY after UNKNOWN, 2026-05-21T08:41:03-05:00, OUT_FOR_DELIVERY, to customer
        1Z8F4W370312345673 milestone DELIVERED after OUT_FOR_DELIVERY, 2026-05-21T14:31:46-05:00, DELIVERED, to customer
        2 inputs: 2 emitted";
    check("ups-track", large((1 << 20) + 1), delivered);
    check("ups-track", large((16 << 20) + 1), "too_large at 0\n1 inputs: 1 dead");
}

#[test]
fn deep_nesting_is_too_deep() {
    for depth in [65, 1000, 10_000, 100_000] {
        let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check("ups-track", arrays, "too_deep at 0\n1 inputs: 1 dead");
        let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        check("ups-track", objects, "too_deep at 0\n1 inputs: 1 dead");
        let inside =
            UPS.replace("\"AUSTIN\"", &format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        check("ups-track", inside, "too_deep at 0\n1 inputs: 1 dead");
    }
    // Unclosed, it is cut off as well as too deep; either is true.
    let (said, account) = outcome(&document("ups-track", "[".repeat(10_000)));
    assert_eq!(account, "1 inputs: 1 dead");
    assert!(["too_deep", "malformed"].contains(&said[0].body["reason"].as_str().unwrap_or("")));
}

#[test]
fn ten_thousand_events_are_read() {
    let event = |i: usize| {
        let (hours, minutes, seconds) = (i / 3600, i / 60 % 60, i % 60);
        format!(
            r#"{{"event":"INFO_ONLY","at":"2026-05-21T{hours:02}:{minutes:02}:{seconds:02}Z"}}"#
        )
    };
    let events: Vec<String> = (0..10_000).map(event).collect();
    let text = format!(r#"{{"tracking_number":"X-1","events":[{}]}}"#, events.join(","));
    check("generic", text, "10000 inputs: 10000 history");
}

#[test]
fn a_number_is_missing_or_impossible() {
    let with =
        |number: &str| format!(r#"{{{number}"event":"PICKED_UP","at":"2026-05-21T09:00:00Z"}}"#);
    check("generic", with(""), "no_number at 0\n1 inputs: 1 dead");
    check("generic", with(r#""tracking_number":null,"#), "no_number at 0\n1 inputs: 1 dead");
    check("generic", with(r#""tracking_number":"","#), "no_number at 0\n1 inputs: 1 dead");
    check("generic", with(r#""tracking_number":{},"#), "no_number at 0\n1 inputs: 1 dead");
    for number in [
        "n/a é",
        "Zürich",
        "a\\u0000b",
        "🚚",
        "<script>",
        "12345678901234567890123456789012345678901",
        " - ",
        "a;drop",
    ] {
        let number = format!(r#""tracking_number":"{number}","#);
        check("generic", with(&number), "impossible_number at 0\n1 inputs: 1 dead");
    }
    // A number of more digits than a float holds lost some of them before it came here.
    for number in ["9.4e21", "1.5", "1e3"] {
        let number = format!(r#""tracking_number":{number},"#);
        check("generic", with(&number), "impossible_number at 0\n1 inputs: 1 dead");
    }
    // Above 64 bits a whole number is either: the tape may have no place for it.
    for number in ["9400111202555842332874", "12345678901234567890123"] {
        let text = with(&format!(r#""tracking_number":{number},"#));
        let (said, account) = outcome(&document("generic", text));
        assert_eq!(account, "1 inputs: 1 dead");
        let reason = said[0].body["reason"].as_str().unwrap_or("");
        assert!(["impossible_number", "malformed"].contains(&reason), "{number}: {reason}");
    }
    check("generic", with(r#""tracking_number":4829150631,"#), "
        4829150631 milestone CARRIER_POSSESSION after UNKNOWN, 2026-05-21T09:00:00Z, PICKED_UP, to customer
        1 inputs: 1 emitted");
}

#[test]
fn one_bad_shipment_leaves_the_others() {
    let shipment = |id: &str| {
        format!(
            r#"{{"id":{id},"service":"express","events":[{{"timestamp":"2026-05-21T09:00:00Z","statusCode":"delivered","status":"delivered"}}]}}"#
        )
    };
    let text = format!(
        r#"{{"shipments":[{},{},{}]}}"#,
        shipment("1"),
        shipment("\"no number\\u0007\""),
        shipment("2")
    );
    check(
        "dhl-unified",
        text,
        "
        1 milestone DELIVERED after UNKNOWN, 2026-05-21T09:00:00Z, DELIVERED, to customer
        impossible_number at 1
        2 milestone DELIVERED after UNKNOWN, 2026-05-21T09:00:00Z, DELIVERED, to customer
        3 inputs: 2 emitted, 1 dead",
    );
}

#[test]
fn an_unknown_feed_is_named() {
    let long = "x".repeat(64);
    for feed in ["pigeon-post", "UPS-TRACK", "", "ups-track ", "a.b", "*", long.as_str()] {
        check(feed, UPS, "unknown_feed at 0\n1 inputs: 1 dead");
    }
    check("-bad-capture", "not a line", "bad_capture at 0\n1 inputs: 1 dead");
}

#[test]
fn an_unknown_code_is_kept() {
    check("generic", generic("").replace("PICKED_UP", "LEVITATED"), "1 inputs: 1 unmapped");
    check(
        "ups-track",
        UPS.replace("\"D\"", "\"QQ\"")
            .replace("F4", "QQ")
            .replace("OT\"", "QQ\"")
            .replace("011", "999")
            .replace("021", "999")
            .replace("DELIVERED ", "Hm")
            .replace("Out For Delivery Today", "Hm"),
        "2 inputs: 2 unmapped",
    );
}

#[test]
fn times_that_can_not_be() {
    let with = |at: &str| generic("").replace("\"2026-05-21T09:00:00Z\"", at);
    // Nonsense is a dead letter, with the event that has it.
    for at in [
        "\"tomorrow\"",
        "\"2026-13-45T00:00:00Z\"",
        "\"2026-02-30T00:00:00Z\"",
        "\"2026-05-21T25:61:00Z\"",
        "\"99999999999999999999\"",
    ] {
        check("generic", with(at), "bad_time at 0\n1 inputs: 1 dead");
    }
    // No time at all: ordered by its receipt.
    for at in ["null", "\"\""] {
        check(
            "generic",
            with(at),
            "
            X-1 milestone CARRIER_POSSESSION after UNKNOWN, PICKED_UP, to customer
            1 inputs: 1 emitted",
        );
    }
    // Without a zone: the wall clock is said, and no instant.
    check(
        "generic",
        with("\"2026-05-21T09:00:00\""),
        "
        X-1 milestone CARRIER_POSSESSION after UNKNOWN, 2026-05-21T09:00:00, PICKED_UP, to customer
        1 inputs: 1 emitted",
    );
    // In the future and in 1970: kept, and nothing is said of it.
    for at in [
        "2026-05-22T22:00:01Z",
        "2026-05-21T22:00:01Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
    ] {
        check("generic", with(&format!("\"{at}\"")), "1 inputs: 1 history");
    }
    // Before and after every time that an instant of microseconds or a clock can have.
    for at in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        let (_, account) = outcome(&document("generic", with(&format!("\"{at}\""))));
        assert!(
            ["1 inputs: 1 history", "1 inputs: 1 dead"].contains(&account.as_str()),
            "{at}: {account}"
        );
    }
    // Two hours ahead is a clock that is a bit fast.
    check(
        "generic",
        with("\"2026-05-21T21:59:59Z\""),
        "
        X-1 milestone CARRIER_POSSESSION after UNKNOWN, 2026-05-21T21:59:59Z, PICKED_UP, to customer
        1 inputs: 1 emitted",
    );
}

#[test]
fn odd_characters_are_kept_or_refused_whole() {
    // A pair of surrogates is a character; half of one is none.
    check(
        "generic",
        generic(r#","note":"\ud83d\ude9a""#),
        "
        X-1 milestone CARRIER_POSSESSION after UNKNOWN, 2026-05-21T09:00:00Z, PICKED_UP, to customer
        1 inputs: 1 emitted",
    );
    for half in [r"\ud83d", r"\ude9a", r"\ud83d\ud83d", r"\ude9a\ud83d", r"\ud83dx"] {
        let (said, account) =
            outcome(&document("generic", generic(&format!(r#","note":"{half}""#))));
        let is_refused = account == "1 inputs: 1 dead" && said[0].body["reason"] == "malformed";
        assert!(is_refused || account == "1 inputs: 1 emitted", "{half}: {account}");
    }
    // NUL as an escape is a character like others; as a byte it is no JSON.
    check(
        "generic",
        generic(r#","note":"a\u0000b""#),
        "
        X-1 milestone CARRIER_POSSESSION after UNKNOWN, 2026-05-21T09:00:00Z, PICKED_UP, to customer
        1 inputs: 1 emitted",
    );
    check("generic", generic(",\"note\":\"a\0b\""), "malformed at 0\n1 inputs: 1 dead");
}

#[test]
fn a_payload_is_cut_at_64_kib() {
    for size in [65_535, 65_536, 65_537, 1 << 20] {
        // Not JSON, plain; and not even UTF-8.
        for fill in [&b"a"[..], "ü".as_bytes(), &[0xFF]] {
            let bytes: Vec<u8> = fill.iter().copied().cycle().take(size).collect();
            let (said, account) = outcome(&document("ups-track", bytes));
            assert_eq!(account, "1 inputs: 1 dead");
            assert_eq!(said[0].body["payload_size"].as_u64(), Some(size as u64));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes, to any feed.
    #[test]
    fn random_bytes_are_accounted_for(
        feed in 0..9_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        let names = FEEDS.names();
        let (_, account) = outcome(&document(&names[feed % names.len()], bytes));
        prop_assert!(account.contains("1 dead"), "{}", account);
    }

    /// A good document with some bytes changed: dead, or read for what it still says.
    #[test]
    fn random_damage_is_accounted_for(
        damage in proptest::collection::vec((0..UPS.len(), any::<u8>()), 1..4),
    ) {
        let mut bytes = UPS.as_bytes().to_vec();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        outcome(&document("ups-track", bytes));
    }

    /// Any JSON, to any feed.
    #[test]
    fn random_json_is_accounted_for(feed in 0..9_usize, value in json()) {
        let names = FEEDS.names();
        outcome(&document(&names[feed % names.len()], value.to_string()));
    }
}

/// JSON with the keys that feeds look for, in the wrong places.
fn json() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] = &[
        "trackResponse",
        "shipment",
        "package",
        "activity",
        "status",
        "code",
        "trackingNumber",
        "output",
        "completeTrackResults",
        "trackResults",
        "scanEvents",
        "date",
        "eventType",
        "trackingEvents",
        "shipments",
        "events",
        "id",
        "timestamp",
        "result",
        "tracking_details",
        "msg",
        "checkpoints",
        "data",
        "tracking_history",
        "tracking_number",
        "event",
        "at",
        "datetime",
        "tag",
        "subtag",
    ];
    let text = prop_oneof![
        Just(String::from("2026-05-21T09:00:00Z")),
        Just(String::from("DELIVERED")),
        Just(String::from("1Z8F4W370312345673")),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        let key = proptest::sample::select(KEYS).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
