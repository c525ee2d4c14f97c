//! The compiler as a whole: files in, feeds or mistakes out.

use super::*;
use crate::feed::program::{Carrier, Source};

const BASE: &str = "\
feed: base
title: A carrier
carrier: acme
format: json
order: newest_first
shipment: { at: 'list[]', number: number }
event:
  at: scans[]
  code: { code: code, sub: sub }
  text: text
  time: { local: { date: date, clock: time }, default_zone: America/Chicago }
codes:
  - { code: DL, sub: X, is: RTS_DELIVERED }
  - { code: DL, is: DELIVERED }
  - { code: [A, B], text: 'not home', is: ATTEMPTED, reason: CONSIGNEE_NOT_HOME }
  - { code: B, exception: DAMAGED }
";

/// Compiles `BASE` with a line replaced; the codes of the mistakes, with their lines.
fn check(from: &str, to: &str, expected: &[(&str, u32)]) {
    assert!(BASE.contains(from), "{from}");
    let text = BASE.replace(from, to);
    let found = match compile(&[("base.yaml", &text)]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| (error.code, error.line)).collect(),
    };
    assert_eq!(found, expected, "{to}");
}

#[test]
fn the_built_in_feeds_are_right() {
    if let Err(errors) = compile(BUILTIN) {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{} mistakes\n{}", all.len(), all.join("\n\n"));
    }
    let set = builtin();
    for (index, feed) in set.feeds().iter().enumerate() {
        assert_eq!(usize::from(feed.id.0), index);
        assert_eq!(set.by_name(&feed.name).map(|found| found.id), Some(feed.id));
        assert!(!set.sources(feed.id).is_empty(), "{} names no source", feed.name);
        assert!(!set.tests(feed.id).is_empty(), "{} has no test", feed.name);
        assert!(super::super::explain(feed).contains(&*feed.title));
    }
}

#[test]
fn a_right_file_compiles() {
    let set = compile(&[("base.yaml", BASE)]).expect("BASE is right");
    let feed = set.by_name("base").expect("it has a name");
    assert_eq!(feed.levels.len(), 3);
    assert_eq!(feed.shipment_level, 1);
    assert_eq!(feed.codes.rows.len(), 4);
    assert!(feed.codes.rows[3].meaning.physical);
    assert!(matches!(&feed.carrier, Carrier::Constant(name) if &**name == "acme"));
    assert!(matches!(feed.event.text.alternatives[0], Source::Slot(_)));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    check("title: A", "titel: A", &[("FD004", 2)]);
    check("carrier: acme\n", "", &[("FD005", 1)]);
    check("carrier: acme", "carrier: ACME", &[("FD007", 3)]);
    check("format: json", "format: yaml", &[("FD020", 4)]);
    check("newest_first", "newest-frst", &[("FD020", 5)]);
    check("number: number", "number: ^^number", &[("FD013", 6)]);
    check(", number: number", "", &[("FD005", 6)]);
    check("sub: sub }", "note: sub }", &[("FD022", 9), ("FD004", 13)]);
    check("America/Chicago", "America/Chigaco", &[("FD020", 11)]);
    check("clock: time", "clock: time, shape: clock-colon", &[("FD021", 11)]);
    check("is: DELIVERED", "is: DELIVERD", &[("FD020", 14)]);
    check("exception: DAMAGED", "note: x", &[("FD005", 16)]);
    check("code: B, exc", "code: [B, B], exc", &[("FD031", 16)]);
    check("feed: base", "feed: other", &[("FD007", 1)]);
}

#[test]
fn rows_that_never_match_are_told() {
    check("code: B, exception", "code: DL, exception", &[("FD030", 16)]);
    check("code: B, exception", "code: [DL, B], exception", &[("FD031", 16)]);
    check("code: B, exception", "code: B, text: is not home, exception", &[("FD030", 16)]);
    check("code: B, exception", "code: B, text: home, exception", &[]);
    check("code: B, exception", "sub: X, code: DL, exception", &[("FD030", 16)]);
    check("code: DL, is", "sub: Y, is", &[]);
    check("{ code: B, exc", "{ exc", &[]);
}

#[test]
fn a_feed_takes_over_what_it_extends() {
    let partner = "\
feed: partner
extends: base
event: { text: words }
codes:
  - { code: DL, is: PICKUP_READY_POINT }
";
    let set = compile(&[("x/partner.yaml", partner), ("base.yaml", BASE)]).expect("both are right");
    let feed = set.by_name("partner").expect("it has a name");
    assert_eq!((feed.id.0, feed.codes.rows.len(), &*feed.title), (1, 5, "A carrier"));
    assert_eq!(feed.codes.rows[0].line, 5);
    assert_ne!(feed.revision, set.feeds()[0].revision);

    let errors =
        compile(&[("a.yaml", "feed: a\nextends: b\n"), ("b.yaml", "feed: b\nextends: a\n")]);
    assert!(errors.unwrap_err().iter().all(|error| error.code == "FD050"));
    let errors = compile(&[("a.yaml", "feed: a\nextends: basis\n"), ("base.yaml", BASE)]);
    assert_eq!(errors.unwrap_err()[0].help, "did you mean \"base\"?");
}

#[test]
fn a_revision_is_a_hash_of_the_meaning() {
    let revision = |text: &str| compile(&[("base.yaml", text)]).map(|set| set.feeds()[0].revision);
    let plain = revision(BASE);
    assert!(plain.is_ok());
    assert_eq!(plain, revision(&BASE.replace("title: A carrier", "title: B # c")));
    assert_eq!(
        plain,
        revision(&BASE.replace("carrier: acme\nformat: json", "format: json\ncarrier: 'acme'"))
    );
    assert_ne!(plain, revision(&BASE.replace("DAMAGED", "HELD")));
}

proptest::proptest! {
    #[test]
    fn any_file_is_compiled_or_refused(cut in 0..BASE.len(), junk in "[ -~\n]{0,24}", keep in 0..400_usize) {
        let mut text = BASE.to_owned();
        let end = (cut + keep).min(text.len());
        text.replace_range(cut..end, &junk);
        let result = compile(&[("base.yaml", &text)]);
        if let Err(errors) = result {
            proptest::prop_assert!(!errors.is_empty());
            for error in errors {
                proptest::prop_assert!(error.to_string().contains("help: "));
                proptest::prop_assert!(!error.help.is_empty());
            }
        }
    }
}

/// The names that the schema for editors offers are those there are.
#[test]
fn the_schema_knows_every_name() {
    use crossdock_model::detail::Detail;
    use crossdock_model::exception::ExceptionClass;
    use crossdock_model::milestone::Milestone;
    use crossdock_model::reason::Reason;
    use crossdock_standard::time::TimeShape;

    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schema/feed.v1.schema.json")).expect("JSON");
    let check = |pointer: &str, names: Vec<&str>| {
        let listed = schema.pointer(pointer).and_then(|list| list.as_array()).expect("a list");
        let listed: Vec<&str> = listed.iter().filter_map(|name| name.as_str()).collect();
        assert_eq!(listed, names, "{pointer}");
    };
    let row = "/$defs/row/properties";
    check(&format!("{row}/is/enum"), Detail::ALL.iter().map(|it| it.name()).collect());
    check(&format!("{row}/milestone/enum"), Milestone::ALL.iter().map(|it| it.name()).collect());
    check(
        &format!("{row}/exception/enum"),
        ExceptionClass::ALL.iter().map(|it| it.name()).collect(),
    );
    check(&format!("{row}/reason/enum"), Reason::ALL.iter().map(|it| it.name()).collect());
    let senders = super::super::Sender::ALL.iter().map(|it| it.name()).collect();
    check("/properties/sender/enum", senders);
    let listed = schema.pointer("/$defs/shape/enum").and_then(|list| list.as_array());
    for name in listed.expect("a list") {
        assert!(TimeShape::from_name(name.as_str().unwrap_or("")).is_some(), "{name}");
    }
    assert_eq!(listed.map(Vec::len), Some(TimeShape::ALL.len()));
    let mut keys: Vec<&str> =
        schema["properties"].as_object().expect("a map").keys().map(String::as_str).collect();
    let mut known = super::super::compile::KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
}

/// The example of `docs/FEEDS.md` is a right file, and the errors it lists are those there are.
#[test]
fn the_page_tells_the_truth() {
    let page = include_str!("../../../../docs/FEEDS.md");
    let (_, example) =
        page.split_once("<!-- test: swiftline.yaml -->\n```yaml\n").expect("it has one");
    let (example, _) = example.split_once("```").expect("the block ends");
    let set = compile(&[("swiftline.yaml", example)]).expect("the example is right");
    assert_eq!(set.tests(FeedId(0)).len(), 1);
    for (name, ..) in crate::feed::syntax::FUNCTIONS {
        assert!(page.contains(&format!("`{name}(")), "{name}");
    }
    for shape in crossdock_standard::time::TimeShape::ALL {
        let name = shape.name().trim_start_matches("edifact");
        assert!(page.contains(&format!("{name}`")), "{name}");
    }
}

/// No code of a built-in feed is one that its sender may not say: the kinds are as wide as the world is.
#[test]
fn what_built_in_feeds_say_they_may_say() {
    let set = builtin();
    let mut found = Vec::new();
    for feed in set.feeds() {
        // These take all codes of `generic`; what is hearsay of them is their point.
        if ["order-system", "returns-center", "store", "warehouse"].contains(&&*feed.name) {
            assert!(feed.codes.rows.iter().any(|row| row.meaning.hearsay), "{}", feed.name);
            continue;
        }
        for row in feed.codes.rows.iter().filter(|row| row.meaning.hearsay) {
            found.push(format!("{}:{} {}", feed.name, row.line, row.meaning.milestone.name()));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_sender_may_say_what_it_sees() {
    let hearsay = |lines: &str| {
        let text = BASE.replace("carrier: acme\n", &format!("carrier: acme\n{lines}"));
        let set = compile(&[("base.yaml", &text)]).expect("right");
        let marks = set.feeds()[0].codes.rows.iter().map(|row| row.meaning.hearsay);
        marks.collect::<Vec<_>>()
    };
    // Rows: RTS_DELIVERED, DELIVERED, ATTEMPTED, DAMAGED (no milestone).
    assert_eq!(hearsay(""), [false; 4]);
    assert_eq!(hearsay("sender: carrier\n"), [false; 4]);
    assert_eq!(hearsay("sender: store\n"), [true, false, true, false]);
    assert_eq!(hearsay("may_say: [DELIVERED]\n"), [true, false, true, false]);
    assert_eq!(
        hearsay("sender: warehouse\nmay_say: [RETURNED_TO_SENDER, DELIVERY_ATTEMPTED]\n"),
        [false, true, false, false]
    );
}

#[test]
fn a_policy_is_inherited_unless_the_sender_is_another() {
    let base = BASE.replace("carrier: acme\n", "carrier: acme\nmay_say: [DELIVERED]\n");
    let hearsay = |lines: &str| {
        let own = format!("feed: own\nextends: base\n{lines}");
        let set = compile(&[("base.yaml", &base), ("own.yaml", &own)]).expect("right");
        let feed = set.by_name("own").expect("it has a name");
        feed.codes.rows.iter().filter(|row| row.meaning.hearsay).count()
    };
    assert_eq!(hearsay(""), 2);
    assert_eq!(hearsay("sender: carrier\n"), 0);
    assert_eq!(hearsay("may_say: [RETURNED_TO_SENDER]\n"), 2);
}

#[test]
fn a_wrong_policy_is_told() {
    let carrier = "carrier: acme\n";
    let with = |lines: &str| format!("{carrier}{lines}");
    check(carrier, &with("sender: warehose\n"), &[("FD020", 4)]);
    check(carrier, &with("sender: [warehouse, store]\n"), &[("FD006", 4)]);
    check(carrier, &with("may_say: []\n"), &[("FD006", 4), ("FD024", 4)]);
    check(carrier, &with("may_say: [DELIVERD, DELIVERED]\n"), &[("FD020", 4)]);
    check(carrier, &with("may_say: [UNKNOWN, DELIVERED]\n"), &[("FD020", 4)]);
    check(carrier, &with("may_say: [DELIVERED, DELIVERED]\n"), &[("FD031", 4)]);
    check(carrier, &with("sender: order_system\n"), &[("FD024", 4)]);
    check(carrier, &with("sender: warehouse\nmay_say: [PACKED]\n"), &[("FD024", 5)]);
}

#[test]
fn what_a_parcel_is_called_is_checked() {
    let shipment = "shipment: { at: 'list[]', number: number }";
    let with = |more: &str| format!("shipment: {{ at: 'list[]', number: number, {more} }}");
    check(shipment, &with("aliases: [other, third], handed_to: { impb: usps, s10: post }"), &[]);
    check(shipment, &with("handed_to: { imbp: usps }"), &[("FD020", 6)]);
    check(shipment, &with("handed_to: usps"), &[("FD006", 6)]);
    check(shipment, &with("handed_to: { impb: USPS }"), &[("FD007", 6)]);
    check(shipment, &with("aliases: [a, b, c, d, e]"), &[("FD040", 6)]);
}
