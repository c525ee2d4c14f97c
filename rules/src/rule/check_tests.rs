//! Every code is told at its place, and nothing that is no rule file does harm.

use proptest::prelude::*;

use super::check::Options;
use super::diagnostic::{Report, Source};
use super::facts::HashInterner;
use super::ruleset::RuleSet;

fn load(text: &str) -> Result<RuleSet, Report> {
    RuleSet::load(vec![Source::new("t.yaml", text)], &Options::default(), &mut HashInterner)
}

/// A file with one rule whose body is given.
fn rule(body: &str) -> String {
    format!("version: 1\nrules:\n  - id: a\n    raise: {{ code: A }}\n    {body}\n")
}

fn codes(text: &str) -> Vec<&'static str> {
    match load(text) {
        Ok(set) => set.warnings().list.iter().map(|known| known.code).collect(),
        Err(report) => report.list.iter().map(|known| known.code).collect(),
    }
}

#[test]
fn every_mistake_has_its_code() {
    for (want, body) in [
        ("XD106", "event: delivered\n    wher: 1"),
        ("XD107", "expect: { after: accepted, within: 2h }"),
        ("XD108", "event: { a: b }"),
        ("XD109", "event: delivered\n    mode: lively"),
        ("XD110", "event: delivered\n    watch: shipment.attempts > 1"),
        ("XD110", "where: shipment.attempts > 1"),
        ("XD111", "expect: { after: accepted, want: delivered, by: 21:00 }"),
        ("XD201", "event: delivered\n    where: shipment.attempts = 1"),
        ("XD202", "event: delivered\n    where: shipment.atempts == 1"),
        ("XD202", "event: delivered\n    scope: { carier: ups }"),
        ("XD203", "event: delivered\n    scope: { carrier: fedx }"),
        ("XD203", "event: delivered\n    where: event.reason == \"wether\""),
        ("XD204", "event: delivred"),
        ("XD205", "event: delivered\n    where: shipment.attempts > \"2\""),
        ("XD205", "event: delivered\n    where: shipment.attempts"),
        ("XD205", "event: delivered\n    where: since(shipment.last_at) > 3"),
        ("XD206", "event: delivered\n    where: sine(shipment.last_at) > 3h"),
        ("XD207", "watch: event.physical"),
        ("XD208", "event: $nothing"),
        ("XD209", "event: delivered\n    scope: { shipment.attempts: 2 }"),
        ("XD210", "expect: { after: accepted, want: delivered, within: 3bd, calendar: ups-air }"),
        ("XD231", "event: delivered\n    where: event.reason != \"weather\""),
        ("XD231", "event: delivered\n    where: \"!(event.reason == 'weather')\""),
        ("XD231", "event: delivered\n    where: event.reason not in ['weather']"),
        ("XD232", "event: delivered\n    where: shipment.value / shipment.attempts > 2"),
        ("XD301", "expect: { after: accepted, want: delivered }"),
        ("XD301", "expect: { after: accepted, want: delivered, within: 2h, by: \"21:00\" }"),
        ("XD302", "expect: { after: accepted, want: delivered, within: 0h }"),
        ("XD303", "expect: { after: accepted, want: delivered, by: noon }"),
        ("XD304", "watch: business_between(shipment.first_at, shipment.last_at) > 24bh"),
        ("XD305", "event: delivered\n    effective: { from: 2026-02-01, until: 2026-01-01 }"),
        ("XD306", "event: delivered\n    for: 2h"),
        ("XD306", "expect: { after: accepted, want: delivered, within: 2h, calendar: origin }"),
        ("XD307", "expect: { after: accepted, want: delivered, within: soon }"),
        ("XD401", "expect: { after: delivered, want: [delivered, cancelled], within: 2h }"),
        ("XD403", "event: delivered\n    scope: { carrier: [] }"),
        (
            "XD403",
            "event: exception\n    where: event.reason == \"weather\" && event.reason == \"strike\"",
        ),
        ("XD403", "event: delivered\n    where: shipment.attempts > 3 && shipment.attempts < 2"),
        ("XD403", "event: delivered\n    where: shipment.attempts==3 && shipment.attempts>=4"),
        (
            "XD403",
            "watch: since(shipment.last_at) > 3d && shipment.attempts <= 1 && shipment.attempts > 1",
        ),
        (
            "XD403",
            "event: exception\n    where: event.reason in [\"weather\"] && event.reason == \"strike\"",
        ),
        (
            "XD403",
            "event: delivered\n    scope: { carrier: [ups, usps] }\n    where: carrier == \"fedex\"",
        ),
        ("XD403", "event: delivered\n    where: event.reason in []"),
        ("XD602", "watch: eta.p_breach > 0.5"),
        ("XD602", "expect: { after: accepted, want: delivered, by: eta.p90_at }"),
        ("XD404", "event: delivered\n    resolve: { event: delivered }"),
        ("XD404", "event: delivered\n    resolve: {}"),
        ("XD501", "event: any\n    scope: { carrier: ups }\n    where: matches(event.text, \"*\")"),
        ("XD512", "event: any"),
    ] {
        assert!(codes(&rule(body)).contains(&want), "{want}: {body}: {:?}", codes(&rule(body)));
    }
}

#[test]
fn every_mistake_of_a_file_has_its_code() {
    for (want, text) in [
        ("XD107", "rules: []"),
        (
            "XD112",
            "version: 1\nrules:\n  - { id: a, event: delivered, raise: { code: A } }\n  - { id: a, event: lost, raise: { code: B } }",
        ),
        ("XD113", "version: 1\nrules:\n  - { id: A b, event: delivered, raise: { code: a } }"),
        (
            "XD402",
            "version: 1\nrules:\n  - { id: a, event: delivered, raise: { code: A } }\n  - { id: b, event: delivered, raise: { code: A } }",
        ),
        (
            "XD405",
            "version: 1\nrules:\n  - { id: a, event: delivered, raise: { code: A } }\n  - { id: b, event: lost, raise: { code: A, severity: info } }",
        ),
        ("XD601", "version: 1\nlists: { x: [a] }\nrules: []"),
        ("XD211", "version: 1\ncalendars: { c: { week: { mon-fry: open } } }"),
        (
            "XD233",
            "version: 1\nrules:\n  - { id: a, event: delivered, raise: { code: A, message: \"{event.reason}\" } }",
        ),
        (
            "XD233",
            "version: 1\nrules:\n  - { id: a, event: delivered, raise: { code: A, message: \"{elapsed}\" } }",
        ),
    ] {
        assert!(codes(text).contains(&want), "{want}: {text}: {:?}", codes(text));
    }
}

#[test]
fn one_mistake_is_told_once() {
    for (want, body) in [
        ("XD208", "event: delivered\n    resolve: { event: $ended }"),
        ("XD204", "event: delivered\n    resolve: { event: retuned_to }"),
        ("XD204", "expect: { after: acceptd, want: delivered, within: 2h }"),
        ("XD307", "expect: { after: accepted, want: delivered, within: 2 h }"),
        ("XD208", "silence: { of: physical_scan, while: $moving, longer_than: 3d }"),
        ("XD208", "count: { of: $x, at_least: 2 }"),
        ("XD202", "event: delivered\n    where: shipment.atempts > \"2\""),
        ("XD205", "event: delivered\n    where: event.time > \"2026-01-01\""),
        ("XD206", "event: delivered\n    where: distance_km(event.point) > 3"),
    ] {
        assert_eq!(codes(&rule(body)), [want], "{body}");
    }
    assert_eq!(
        codes("openapi: 3\ninfo: { a: b }\nversions: x"),
        ["XD107", "XD106", "XD106", "XD106"]
    );
    let told = |body: &str| load(&rule(body)).expect_err(body).render();
    for (body, part) in [
        (
            "event: delivered\n    where: event.time > \"2026-01-01\"",
            "Write a moment as `@2026-11-27`",
        ),
        ("event: delivered\n    where: event.lateness > \"2h\"", "Write a length of time as `36h`"),
        (
            "event: delivered\n    where: distance_km(event.point) > 3",
            "Write `distance_km(point, point)`",
        ),
        (
            "event: delivered\n    where: matches(event.text, \"*a\")",
            "pattern `*a` has fewer than two",
        ),
    ] {
        assert!(told(body).contains(part), "{}", told(body));
    }
    // A mistake in the kind or in one end hides no other.
    let body = "expect: { after: accepted, want: delivered, within: soon }\n    grace: 2bd\n    resolve: { event: $x, when: shipment.atempts > 1 }";
    assert_eq!(codes(&rule(body)), ["XD307", "XD307", "XD208", "XD202"]);
    let unused = "version: 1\nlists: { x: [delivered] }\nrules:\n  - { id: a, event: $x, raise: { code: A }, where: yy }\n";
    assert_eq!(codes(unused), ["XD202"]);
    assert_eq!(codes("version: 1\n\0rules: []"), ["XD101"]);
    assert_eq!(codes("openapi: 3\ninfo: { a: b }"), ["XD107"]);
}

#[test]
fn intervals_that_meet_are_no_contradiction() {
    for condition in [
        "shipment.attempts >= 2 && shipment.attempts <= 2",
        "shipment.attempts > 2 && shipment.attempts < 9",
        "shipment.attempts > 2 || shipment.attempts < 1",
        "event.lateness > 2h && event.lateness < 1d",
        "has(event.reason) && event.reason in [\"weather\", \"strike\"] && event.reason == \"strike\"",
    ] {
        let body = format!("event: delivered\n    where: {condition}");
        assert_eq!(codes(&rule(&body)), Vec::<&str>::new(), "{condition}");
    }
}

#[test]
fn what_is_guarded_is_allowed() {
    for body in [
        "event: delivered\n    where: has(event.reason) && event.reason != \"weather\"",
        "event: delivered\n    where: event.reason in [\"strike\", \"weather\"] && event.reason != \"weather\"",
        "event: delivered\n    where: \"!has(event.reason) || event.reason != 'weather'\"",
        "event: delivered\n    unless: event.reason == \"weather\"",
        "event: delivered\n    where: \"!(has(event.reason) && event.reason == 'weather')\"",
        "event: delivered\n    where: \"!event.physical\"",
        "event: delivered\n    where: local_time(event.time) > \"21:00\" && event.time >= @2026-01-01",
        "expect: { after: accepted, want: delivered, by: shipment.appointment_at + 2h }",
        "expect: { after: accepted, want: delivered, by: \"+1d 12:00\", at: origin }",
    ] {
        assert_eq!(codes(&rule(body)), Vec::<&str>::new(), "{body}");
    }
}

#[test]
fn all_mistakes_are_told_in_one_run_in_the_order_of_the_file() {
    let text = "version: 1\nrules:\n  - id: a\n    scope: { carrier: fedx }\n    event: delivred\n    where: shipment.atempts > 1\n    raise: { code: A, severity: urgent }\n";
    let report = load(text).expect_err("four mistakes");
    let found: Vec<_> = report.list.iter().map(|known| known.code).collect();
    assert_eq!(found, ["XD203", "XD204", "XD202", "XD109"]);
    let shown = report.render();
    assert!(shown.contains("t.yaml:4:23"), "{shown}");
    assert!(shown.contains("did you mean `fedex`?"), "{shown}");
    let (fixed, count) = report.fixed(0);
    assert_eq!(count, 3, "{fixed}");
    assert!(fixed.contains("carrier: fedex") && fixed.contains("event: delivered"), "{fixed}");
}

#[test]
fn the_hash_of_a_rule_changes_with_its_meaning_only() {
    let rev = |text: &str| load(text).expect("loads").rules()[0].rev;
    let first = "version: 1\nlists: { l: [delivered] }\nrules:\n  - { id: a, event: $l, where: shipment.attempts>1, raise: { code: A } }";
    let same = "version: 1\n# a comment\nlists: { l: [delivered] }\nrules:\n  - id: a\n    title: other\n    raise: { code: A }\n    where: >\n      shipment.attempts  >  1\n    event: [$l]\n";
    let list = first.replace("l: [delivered]", "l: [lost]");
    let limit = first.replace(">1", ">2");
    assert_eq!(rev(first), rev(same));
    assert_ne!(rev(first), rev(&list));
    assert_ne!(rev(first), rev(&limit));
}

/// Pieces of rule files, so that random texts get past the first stages.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "version: 1\n",
        "rules:\n",
        "  - id: a\n",
        "    event: delivered\n",
        "    where: ",
        "shipment.attempts > 1",
        "\n",
        "    raise: { code: A }\n",
        "    expect: { after: accepted, want: ",
        "within: 2h }\n",
        "lists: { l: [a] }\n",
        "$l",
        "[",
        "]",
        "{",
        "}",
        "    silence: { of: physical_scan, while: accepted, longer_than: ",
        "24bh",
        "calendars: { c: { week: { mon: open } } }\n",
        "    resolve: { when: ",
        "    watch: since(shipment.first_at) > 3d\n",
        "    tests:\n",
        "      - { events: [\"+0h delivered\"] }\n",
        "!(",
        "&&",
        "\"x\"",
        "    count: { of: any, at_least: 2 }\n",
        "let: { x: y }\n",
        "  # c\n",
        "@2026-01-01",
        "- ",
        ": ",
        "é",
        "\t",
        "%",
        "*a",
        "&a",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn any_file_is_refused_or_loaded_without_panic(pieces in prop::collection::vec(piece(), 0..24)) {
        if let Err(report) = load(&pieces.concat()) {
            prop_assert!(report.has_errors());
            prop_assert!(!report.render().is_empty());
            drop(report.fixed(0));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_loaded_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(load(&String::from_utf8_lossy(&bytes)));
    }
}
