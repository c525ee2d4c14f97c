//! Rule tests as written: suite files, and `tests:` beside a rule.
//!
//! # Method
//!
//! A step is a line, `+3h delivered place=door`, or a map, `{ at: +3bd@14:00, event: accepted, event_time:
//! +1bd@17:30 }`. Offsets count from `start`: `+3h`, `+2d`, `+2d@09:00`, `+2bd@15:00` (open days of the
//! origin's calendar, wall clock of the origin), or an instant.

use super::diagnostic::{Diagnostic, Report, Span};
use super::duration::{Duration, parse_time_of_day};
use super::limits;
use super::shape;
use super::yaml::{Kind, Node};
use crate::calendar::{OpenTime, civil};

/// A file of tests.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: String,
    /// Rule and calendar files it asks for, relative to it; empty for the set it is run with.
    pub(crate) files: Vec<String>,
    pub(crate) tests: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// Only this rule counts: a test beside a rule.
    pub(crate) only: Option<String>,
    pub(crate) node: Node,
    pub(crate) todo: bool,
}

const SUITE_KEYS: [&str; 6] = ["suite", "version", "rules", "calendars", "only", "tests"];
pub(crate) const CASE_KEYS: [&str; 20] = [
    "name",
    "given",
    "ships",
    "start",
    "until",
    "events",
    "feed",
    "learned",
    "eta",
    "raised",
    "raised_includes",
    "not_raised",
    "retracted",
    "resolved",
    "open_at_end",
    "explain",
    "tolerance",
    "todo",
    "only",
    "note",
];

/// Reads a suite file.
pub(crate) fn suite(root: &Node, name: &str, report: &mut Report) -> Suite {
    let mut suite = Suite { name: name.to_owned(), files: vec![], tests: vec![] };
    if !shape::map(root, "a suite", &SUITE_KEYS, &["suite", "tests"], report) {
        return suite;
    }
    if let Some(word) = shape::word(root, "suite", report) {
        suite.name = word.text;
    }
    for key in ["rules", "calendars"] {
        suite.files.extend(shape::words(root, key, report).into_iter().map(|word| word.text));
    }
    let only = shape::word(root, "only", report).map(|word| word.text);
    suite.tests =
        root.get("tests").map(|node| cases(node, only.as_deref(), report)).unwrap_or_default();
    suite
}

/// Reads the tests of a list.
pub(crate) fn cases(node: &Node, only: Option<&str>, report: &mut Report) -> Vec<Case> {
    let mut cases = Vec::new();
    let count = node.elements().len();
    if limits::TESTS_MAX < count {
        let text = format!("{count} tests where {} is the most", limits::TESTS_MAX);
        report.push(
            Diagnostic::new("XD102", node.span, text)
                .label("of this list")
                .help("Make it several suites."),
        );
    }
    for (index, node) in node.elements().iter().enumerate().take(limits::TESTS_MAX) {
        if !shape::map(node, "a test", &CASE_KEYS, &["events"], report) {
            continue;
        }
        let name = shape::word(node, "name", report).map(|word| word.text);
        let own = shape::word(node, "only", report).map(|word| word.text);
        cases.push(Case {
            name: name.unwrap_or_else(|| format!("test {}", index + 1)),
            span: node.span,
            only: own.or_else(|| only.map(str::to_owned)),
            node: node.clone(),
            todo: node.get("todo").and_then(Node::text) == Some("true"),
        });
    }
    cases
}

/// A step as words: when, what, and `key=value`s.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) span: Span,
}

impl Step {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Reads `+0h exception reason=damaged` or the map form.
pub(crate) fn step(node: &Node) -> Step {
    let mut step = Step { span: node.span, ..Step::default() };
    match &node.kind {
        Kind::Text { text, .. } => {
            let mut words = text.split_whitespace();
            step.at = words.next().unwrap_or("").to_owned();
            for word in words {
                match word.split_once('=') {
                    Some((key, value)) => step.pairs.push((key.to_owned(), value.to_owned())),
                    None if step.what.is_empty() => word.clone_into(&mut step.what),
                    None => step.pairs.push((word.to_owned(), "true".to_owned())),
                }
            }
        }
        Kind::Map(entries) => {
            for (key, value) in entries {
                let text = value.text().unwrap_or("").to_owned();
                match key.text.as_str() {
                    "at" => step.at = text,
                    "event" | "code" if step.what.is_empty() && key.text != "code" => {
                        step.what = text
                    }
                    "feed" | "eta" | "ships" => {
                        step.what = key.text.clone();
                        for (name, value) in value.entries() {
                            step.pairs
                                .push((name.text.clone(), value.text().unwrap_or("").to_owned()));
                        }
                    }
                    name => step.pairs.push((name.to_owned(), text)),
                }
            }
        }
        Kind::List(_) => {}
    }
    step
}

/// Seconds since 1970 of an offset from `start`, or of an instant.
pub(crate) fn moment(text: &str, start: i64, open: &OpenTime<'_>) -> Option<i64> {
    if let Some(instant) = civil::parse_instant(text) {
        return Some(instant);
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return None,
    };
    let (length, clock) = match rest.split_once('@') {
        Some((length, clock)) => (length, Some(parse_time_of_day(clock)?)),
        None => (rest, None),
    };
    let day_of = |instant: i64| crate::calendar::zones::local(open.zone, instant).0;
    match (Duration::parse(length).ok()?, clock) {
        (Duration::Plain(seconds), None) => Some(start + sign * i64::from(seconds)),
        (Duration::Plain(seconds), Some(clock)) => {
            let days = i32::try_from(sign * i64::from(seconds / 86_400)).ok()?;
            Some(open.instant(day_of(start) + days, clock))
        }
        (Duration::BusinessHours(seconds), None) if sign == 1 => open.add_seconds(start, seconds),
        (Duration::BusinessDays(days), clock) if sign == 1 => {
            let mut day = day_of(start);
            let mut left = days;
            for _ in 0..crate::calendar::DAYS_MAX {
                if left == 0 {
                    break;
                }
                day += 1;
                left -= u32::from(!open.hours(day).spans().is_empty());
            }
            let second = crate::calendar::zones::local(open.zone, start).1;
            Some(open.instant(day, clock.unwrap_or(second)))
        }
        _ => None,
    }
}

/// Tells that a test is not well formed.
pub(crate) fn fault(span: Span, text: impl Into<String>, help: &str, report: &mut Report) {
    report.push(Diagnostic::new("XD701", span, text).label("in this test").help(help));
}
