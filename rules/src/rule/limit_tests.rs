//! Each limit of `limits`: what reaches it loads, what passes it is told with its code.

use std::fmt::Write as _;

use super::check::Options;
use super::diagnostic::{Report, Source};
use super::facts::HashInterner;
use super::limits;
use super::pack::Pack;
use super::ruleset::RuleSet;

fn load(text: &str) -> Result<RuleSet, Report> {
    RuleSet::load(vec![Source::new("t.yaml", text)], &Options::default(), &mut HashInterner)
}

/// A file with one rule whose body is given.
fn rule(body: &str) -> String {
    format!("version: 1\nrules:\n  - id: a\n    raise: {{ code: A }}\n    {body}\n")
}

/// The first text loads, the second is refused with a code and a part of what is said.
#[track_caller]
fn check(fits: &str, passes: &str, code: &str, part: &str) {
    if let Err(report) = load(fits) {
        panic!("{}", report.render());
    }
    let report = load(passes).expect_err("it passes a limit");
    let said = report.render();
    assert!(report.list.iter().any(|known| known.code == code), "{said}");
    assert!(said.contains(part), "{said}");
}

fn of_count(count: usize, write: impl Fn(usize) -> String, between: &str) -> String {
    (0..count).map(write).collect::<Vec<_>>().join(between)
}

#[test]
fn bytes_and_nesting_of_a_file() {
    let file = |bytes: usize| {
        let head = "version: 1\n# ";
        format!("{head}{}\n", "x".repeat(bytes - head.len() - 1))
    };
    let most = limits::FILE_BYTES_MAX;
    check(&file(most), &file(most + 1), "XD102", "at most 1048576 bytes");
    let nested = |levels: usize| {
        format!(
            "version: 1\ncalendars: {{}}\nlists: {{ x: {}a{} }}\n",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let codes = |text: &str| {
        let report = load(text).err().unwrap_or_default();
        report.list.iter().map(|known| known.code).collect::<Vec<_>>()
    };
    // Lists in lists are no names; but only past the limit nothing more is read.
    assert!(!codes(&nested(limits::YAML_DEPTH_MAX - 4)).contains(&"XD102"));
    assert!(codes(&nested(limits::YAML_DEPTH_MAX)).contains(&"XD102"));
}

#[test]
fn nodes_of_a_file() {
    let file = |count: usize| {
        let mut text = String::from("version: 1\n");
        // Two nodes a line.
        for list in 0..count / 2 {
            writeln!(text, "k{list}: a").expect("a String grows");
        }
        text
    };
    let report = load(&file(limits::YAML_NODES_MAX + 2)).expect_err("too many");
    let said: Vec<_> = report.list.iter().map(|known| known.code).collect();
    assert!(said.contains(&"XD102"), "{said:?}");
    let report = load(&file(1_000)).expect_err("unknown keys");
    assert!(report.list.iter().all(|known| known.code != "XD102"));
}

#[test]
fn rules_of_a_set_and_elements_of_a_list() {
    let rules = |count: usize| {
        let one = |at: usize| {
            format!(
                "  - {{ id: r{at}, event: delivered, where: shipment.attempts == {at}, raise: {{ code: C{at} }} }}\n"
            )
        };
        format!("version: 1\nrules:\n{}", of_count(count, one, ""))
    };
    check(
        &rules(limits::RULES_MAX),
        &rules(limits::RULES_MAX + 1),
        "XD102",
        "a set of 10001 rules",
    );
    let list = |count: usize| {
        let words = of_count(count, |_| String::from("delivered"), ", ");
        format!(
            "version: 1\nlists: {{ x: [{words}] }}\nrules:\n  - {{ id: a, event: $x, raise: {{ code: A }} }}\n"
        )
    };
    let most = limits::LIST_LEN_MAX;
    check(&list(most), &list(most + 1), "XD102", "list `x` of 10001 elements");
}

#[test]
fn atoms_and_cost_of_a_rule() {
    let atoms = |count: usize| {
        let atom = |at: usize| format!("shipment.attempts != {at}");
        rule(&format!("event: delivered\n    where: {}", of_count(count, atom, " && ")))
    };
    let most = limits::ATOMS_MAX;
    check(&atoms(most), &atoms(most + 1), "XD503", "rule `a` has 65 atoms");
    let cost = |count: usize| {
        let atom = |at: usize| format!("matches(event.text, \"*ab{at}*cd*\")");
        rule(&format!("event: delivered\n    where: {}", of_count(count, atom, " || ")))
    };
    check(&cost(40), &cost(60), "XD502", "at most 20000");
}

#[test]
fn bytes_nesting_and_values_of_an_expression() {
    let bytes = |count: usize| {
        let condition = "shipment.attempts > 1";
        rule(&format!(
            "event: delivered\n    where: \"{condition}{}\"",
            " ".repeat(count - condition.len())
        ))
    };
    // Blanks at the ends are no part of it.
    assert!(load(&bytes(limits::EXPRESSION_BYTES_MAX + 9)).is_ok());
    let words = |count: usize| {
        let word = |at: usize| format!("\"{}{at}\"", "w".repeat(60));
        rule(&format!(
            "event: delivered\n    where: event.text in [{}]",
            of_count(count, word, ", ")
        ))
    };
    check(&words(60), &words(66), "XD504", "at most 4096");
    let nested = |levels: usize| {
        let (open, close) = ("(".repeat(levels), ")".repeat(levels));
        rule(&format!("event: delivered\n    where: {open}shipment.attempts > 1{close}"))
    };
    check(&nested(20), &nested(limits::EXPRESSION_DEPTH_MAX + 1), "XD504", "at most 32 levels");
    let values = |count: usize| {
        let (open, close) = ("(shipment.attempts + ".repeat(count), ")".repeat(count));
        rule(&format!("event: delivered\n    where: {open}shipment.attempts{close} > 1"))
    };
    check(
        &values(limits::REGISTERS - 2),
        &values(limits::REGISTERS + 1),
        "XD504",
        "too many values",
    );
}

#[test]
fn lengths_of_time() {
    let within = |text: &str| {
        let calendar = if text.contains('b') { ", calendar: origin" } else { "" };
        rule(&format!("expect: {{ after: accepted, want: delivered, within: {text}{calendar} }}"))
    };
    check(&within("120d"), &within("121d"), "XD307", "At most 120d");
    check(&within("366bd"), &within("367bd"), "XD307", "366");
}

#[test]
fn bytes_and_values_of_a_message() {
    let message = |text: &str| {
        format!(
            "version: 1\nrules:\n  - {{ id: a, event: damaged, raise: {{ code: A, message: \"{text}\" }} }}\n"
        )
    };
    let most = limits::MESSAGE_BYTES_MAX;
    let (fits, passes) = (message(&"x".repeat(most)), message(&"x".repeat(most + 1)));
    check(&fits, &passes, "XD102", "at most 512");
    let fields = "attempts corrections event_count exception_count step_count milestone previous possession direction";
    let values = |count: usize| {
        let names = fields.split(' ').take(count);
        message(&names.map(|name| format!("{{shipment.{name}}}")).collect::<String>())
    };
    check(&values(8), &values(9), "XD233", "more than 8 values");
}

#[test]
fn tests_of_a_suite() {
    let run = |count: usize| {
        let test = |_: usize| String::from("  - { events: [+0h damaged] }\n");
        let suite = format!("suite: s\ntests:\n{}", of_count(count, test, ""));
        let files =
            [Source::new("a.yaml", rule("event: damaged")), Source::new("a.tests.yaml", suite)];
        Pack::of(files).test(&Options::default(), None)
    };
    assert!(run(limits::TESTS_MAX).passed());
    let past = run(limits::TESTS_MAX + 1);
    assert!(past.report.render().contains("2001 tests"), "{}", past.report.render());
    assert!(!past.passed());
}
