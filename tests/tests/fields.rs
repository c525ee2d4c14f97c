//! Every field that a rule may name, held against the running engine: what `FieldId::NOT_GIVEN` says is never seen with a
//! value, and everything else is.
//!
//! # Place
//! Through the embedded engine, with one rule for each field and no others.
//! # Method
//! Documents in crossdock's own format tell some shipments and a feed that falls silent. A rule raises where its field has a
//! value; where a field is never absent, where it has another value than that of a shipment of which nothing is known.
//! # Does not hold
//! What the values are: see the tests of packs, `promises`, `waybills`.

use crossdock_core::engine::EngineOptions;
use crossdock_core::intake::TICK;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::field::{FieldId, Group};
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::ruleset::RuleSet;
use crossdock_tests::replay::{self, Document, Replay};
use std::collections::BTreeSet;
use std::sync::Arc;

/// When a field that is never absent says something.
fn says(field: FieldId) -> Option<&'static str> {
    use FieldId as F;
    Some(match field {
        F::EventDetail => "event.detail == \"delivered\"",
        F::EventDirection => "event.direction == \"return\"",
        F::EventPhysical => "event.physical",
        F::EventEstimate => "event.estimate",
        F::EventUnmapped => "event.unmapped",
        F::EventUntrusted => "event.untrusted_time",
        F::EventLate => "event.late",
        F::EventReceived => "event.received > @2026-01-01T00:00:00Z",
        F::Milestone => "shipment.milestone == \"delivered\"",
        F::Previous => "shipment.previous == \"out_for_delivery\"",
        F::Direction => "shipment.direction == \"return\"",
        F::Possession => "shipment.possession == \"carrier\"",
        F::Attempts => "shipment.attempts > 0",
        F::Corrections => "shipment.corrections > 0",
        F::HasProof => "shipment.has_proof",
        F::Inferred => "shipment.possession_inferred",
        F::EventCount => "shipment.event_count > 1",
        F::ExceptionCount => "shipment.exception_count > 0",
        F::StepCount => "shipment.step_count > 1",
        F::Subject => "shipment.subject == \"feed\"",
        F::IsReturn => "shipment.is_return",
        F::GapSupport => "gap.support > 0",
        F::FeedSilent => "feed.silent",
        F::FeedSilentFor => "feed.silent_for > 1m",
        _ => return None,
    })
}

/// A rule that raises where a field has a value, under the field's own name. Support is not told of a delay by the carrier's
/// own exception, which a rule would not tell again.
fn rule(index: usize, field: FieldId) -> String {
    let name = field.name();
    let condition = says(field).map_or_else(|| format!("has({name})"), str::to_owned);
    assert_eq!(field.is_optional(), says(field).is_none(), "{name}");
    let is_of_feed = field.group() == Group::Feed || field == FieldId::Subject;
    let kind = match field.group() {
        _ if is_of_feed => format!("scope: {{ subject: feed }}\n    watch: {condition}"),
        Group::Event => format!("event: any\n    where: {condition}"),
        _ => format!("watch: {condition}"),
    };
    let code = name.to_uppercase().replace('.', "_");
    format!("  - id: own.f{index}\n    {kind}\n    raise: {{ code: {code}, audience: support }}\n")
}

/// Rules for some of the fields: a shipment keeps at most 64 rows.
fn rules(fields: &[FieldId]) -> Arc<RuleSet> {
    let rules: Vec<String> =
        fields.iter().enumerate().map(|(index, field)| rule(index, *field)).collect();
    let text = format!("version: 1\nrules:\n{}", rules.concat());
    let pack = Pack { sources: vec![Source::new("own.yaml", text)], ..Pack::default() };
    let loaded = pack.load(&Options::default());
    Arc::new(loaded.unwrap_or_else(|report| panic!("{}", report.render())))
}

fn generic(at: &str, body: &str) -> Document {
    let bytes = format!("{{\"carrier\":\"swift\",{body}}}").into_bytes();
    Document { feed: "generic".to_owned(), received: replay::micros(at), bytes }
}

/// Three shipments, then days in which nothing comes.
fn documents() -> Vec<Document> {
    let there = "\"tracking_number\":\"SW1\"";
    let unseen = "\"tracking_number\":\"SW3\"";
    let back = "\"tracking_number\":\"SW2\",\"is_return\":true";
    let mut all = vec![
        generic(
            "2026-05-17T10:00:00Z",
            &format!(
                "{there},\"service\":\"express\",\"mode\":\"b2b\",\"tier\":\"gold\",\"value\":900,\"pieces\":3,\"pieces_delivered\":1,\
                 \"origin\":{{\"latitude\":52.52,\"longitude\":13.405}},\
                 \"destination\":{{\"city\":\"Lyon\",\"region\":\"ARA\",\"postal_code\":\"69001\",\"country\":\"FR\",\"latitude\":45.76,\"longitude\":4.83}},\
                 \"eta\":\"2026-05-20\",\"pickup_until\":\"2026-05-25\",\"return_label_until\":\"2026-06-25\",\
                 \"event\":\"ACCEPTED\",\"at\":\"2026-05-17T09:00:00Z\",\"note\":\"at the dock\",\
                 \"place\":{{\"city\":\"Berlin\",\"region\":\"BE\",\"postal_code\":\"10115\",\"country\":\"DE\",\"latitude\":52.5,\"longitude\":13.4,\"accuracy\":\"street\"}}"
            ),
        ),
        generic(
            "2026-05-17T11:00:00Z",
            &format!("{there},\"event\":\"APPT_CONFIRMED\",\"at\":\"2026-05-22T09:00:00Z\""),
        ),
    ];
    for (day, at, event) in [
        (17, 12, "\"event\":\"no such word\""),
        (17, 13, "\"event\":\"ETA_UPDATED\""),
        (18, 8, "\"event\":\"DELAYED\",\"reason\":\"WEATHER\""),
        (18, 9, "\"event\":\"OUT_FOR_DELIVERY\""),
        (18, 10, "\"event\":\"ATTEMPTED\""),
        (19, 8, "\"event\":\"OUT_FOR_DELIVERY\""),
        (19, 10, "\"event\":\"DELIVERED_SIGNED\",\"signed_by\":\"J. Doe\""),
        (19, 11, "\"event\":\"DELIVERY_CORRECTED\""),
        (19, 12, "\"event\":\"POD_PHOTO\""),
        (19, 13, "\"event\":\"DELIVERED\""),
    ] {
        let at = format!("2026-05-{day}T{at:02}:00:00Z");
        all.push(generic(&at, &format!("{there},{event},\"at\":\"{at}\"")));
    }
    let late = "\"event\":\"ARRIVED_FACILITY\",\"at\":\"2026-05-18T07:00:00Z\"";
    all.push(generic("2026-05-19T14:00:00Z", &format!("{there},{late}")));
    let ahead = "\"event\":\"ARRIVED_FACILITY\",\"at\":\"2036-05-18T07:00:00Z\"";
    all.push(generic("2026-05-19T15:00:00Z", &format!("{there},{ahead}")));
    for (number, event) in [(back, "RETURN_IN_TRANSIT"), (unseen, "ARRIVED_FACILITY")] {
        let at = "2026-05-19T16:00:00Z";
        all.push(generic(at, &format!("{number},\"event\":\"{event}\",\"at\":\"{at}\"")));
    }
    // What is usual of a feed is known from 200 messages on.
    for minute in 0..400 {
        let at = format!("2026-05-20T{:02}:{:02}:00Z", minute / 60, minute % 60);
        let body =
            format!("\"tracking_number\":\"N{minute}\",\"event\":\"ACCEPTED\",\"at\":\"{at}\"");
        all.push(generic(&at, &body));
    }
    for day in 21..31 {
        let received = replay::micros(&format!("2026-05-{day}T10:00:00Z"));
        all.push(Document { feed: TICK.to_owned(), received, bytes: Vec::new() });
    }
    all
}

/// A lane has no name in any document: it is made of both ends, and messages know it.
#[test]
fn messages_name_the_lane() {
    let text = "version: 1\nrules:\n  - id: own.lane\n    event: accepted\n    where: shipment.lane == \"de-fr\"\n    \
                raise: { code: LANE, message: \"On {shipment.lane|a lane}, {shipment.value|?} by {shipment.carrier|?}\" }\n";
    let pack = Pack { sources: vec![Source::new("own.yaml", text)], ..Pack::default() };
    let rules = pack.load(&Options::default()).unwrap_or_else(|it| panic!("{}", it.render()));
    let options = EngineOptions { rules: Some(Arc::new(rules)), ..EngineOptions::default() };
    let mut replay = Replay::with(&replay::feeds(), &options);
    replay.push("t", &documents()[0]);
    let said = replay.said();
    let messages = said.iter().filter_map(|it| it.body["message"].as_str());
    assert_eq!(messages.collect::<Vec<_>>(), ["On de-fr, 900 by swift"], "{said:#?}");
}

#[test]
fn a_field_is_given_or_listed_as_not_given() {
    let feeds = replay::feeds();
    let mut seen = BTreeSet::new();
    for fields in FieldId::ALL.chunks(40) {
        let options = EngineOptions { rules: Some(rules(fields)), ..EngineOptions::default() };
        let mut replay = Replay::with(&feeds, &options);
        for document in documents() {
            replay.push("t", &document);
            for said in replay.said() {
                if said.body["rule"].is_string() {
                    seen.insert(said.body["code"].as_str().unwrap_or("").to_owned());
                }
            }
        }
        assert_eq!(replay.tally().rules.overflows, 0);
    }
    let mut wrong = Vec::new();
    for field in FieldId::ALL {
        let is_seen = seen.contains(&field.name().to_uppercase().replace('.', "_"));
        match (is_seen, field.is_given()) {
            (false, true) => wrong.push(format!("{} is given and never has a value", field.name())),
            (true, false) => wrong.push(format!("{} is not given and has a value", field.name())),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
