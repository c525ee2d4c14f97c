//! The laws of several sources: what they report together is a function of the set of reports.
//!
//! # Place
//! `docs/decisions/0003-fold.md`, "Reading"; `fold_laws` has the laws of one source.
//! # Method
//! A few random facts are reported by four copies of the `generic` feed, each with a clock of its own: an
//! offset, universal time, a wall clock or a day, an offset or a wall clock; some a little late. After
//! each report the record is compared with the naive model; then the reports come in another order,
//! some of them twice.
//! # Holds
//! `CROSSDOCK_LAW_EVENTS=n` goes on until n reports were taken (default 40,000).

use crossdock_core::feeds::Feeds;
use crossdock_model::reject::Outcome;
use crossdock_tests::arrangement::Random;
use crossdock_tests::codes::{CODES, name, saying, seen};
use crossdock_tests::naive::Naive;
use crossdock_tests::replay::{Document, Replay};
use crossdock_tests::witnesses::{Form, Report, facts};

/// 2026-01-01T00:00:00Z, seconds.
const START: i64 = 1_767_225_600;
/// Everything is received at once: 2026-06-01.
const RECEIVED: i64 = 1_780_272_000;
const HOUR: i64 = 3600;

const SOURCES: [(&str, [Form; 2]); 4] = [
    ("generic", [Form::Offset, Form::Offset]),
    ("generic-b", [Form::Utc, Form::Utc]),
    ("generic-c", [Form::Wall, Form::Day]),
    ("generic-d", [Form::Offset, Form::Wall]),
];

fn feeds() -> Feeds {
    let built_in = crossdock_rules::feed::builtin_files();
    let (path, text) = built_in
        .iter()
        .find(|(path, _)| path.ends_with("generic.yaml"))
        .expect("the generic feed is built in");
    let copies: Vec<(String, String)> = SOURCES[1..]
        .iter()
        .map(|(name, _)| {
            let path = path.replace("generic.yaml", &format!("{name}.yaml"));
            (path, text.replacen("feed: generic", &format!("feed: {name}"), 1))
        })
        .collect();
    let files: Vec<(&str, &str)> = built_in
        .iter()
        .copied()
        .chain(copies.iter().map(|(path, text)| (path.as_str(), text.as_str())))
        .collect();
    Feeds::new(crossdock_rules::feed::compile(&files).expect("copies are as right as the original"))
}

fn document(report: &Report, number: &str) -> Document {
    let shown = jiff::Timestamp::from_second(report.shown()).expect("in range").to_string();
    let shown = shown.trim_end_matches('Z');
    let hours = report.offset / HOUR;
    let at = match report.form {
        Form::Offset => {
            let sign = if hours < 0 { '-' } else { '+' };
            format!("{shown}{sign}{:02}:00", hours.abs())
        }
        Form::Utc => format!("{shown}Z"),
        Form::Wall => shown.to_owned(),
        Form::Day => shown[..10].to_owned(),
    };
    let bytes =
        format!(r#"{{"tracking_number":"{number}","event":"{}","at":"{at}"}}"#, report.code);
    let received = RECEIVED * 1_000_000;
    Document { feed: report.feed.to_owned(), received, bytes: bytes.into_bytes() }
}

/// Reports of a few facts within some days, most facts by several sources.
fn reports(random: &mut Random) -> Vec<Report> {
    let offset = [-7, -4, 2, 10][random.below(4)] * HOUR;
    let fact_count = 1 + random.below(7);
    let mut reports = Vec::new();
    for _ in 0..fact_count {
        let code = random.below(CODES.len());
        let step = [HOUR / 2, 5 * HOUR, 20 * HOUR][random.below(3)];
        let at = START + random.below(8) as i64 * step;
        // A second apart, each feed its own: what else is equal is sorted by fingerprint, which the
        // naive model can't know.
        for (second, (feed, forms)) in (1..).zip(SOURCES) {
            if random.below(3) == 0 {
                continue;
            }
            let late = [0, 0, 20, 60, 400, 3 * HOUR][random.below(6)];
            reports.push(Report {
                feed,
                code: name(code),
                form: forms[random.below(2)],
                instant: at + late + second,
                offset,
                says: saying(code),
            });
        }
    }
    for i in (1..reports.len()).rev() {
        reports.swap(i, random.below(i + 1));
    }
    reports
}

#[test]
fn the_naive_model_agrees_and_arrival_decides_nothing() {
    let wanted = std::env::var("CROSSDOCK_LAW_EVENTS").ok();
    let wanted: usize = wanted.map_or(40_000, |count| count.parse().expect("a number"));
    let feeds = feeds();
    let mut random = Random(0x5EED);
    let mut taken = 0;
    let mut case = 0;
    while taken < wanted {
        // A new engine now and then, so that looking for a number stays short.
        let mut replay = Replay::new(&feeds);
        for _ in 0..64 {
            case += 1;
            let reports = reports(&mut random);
            if reports.is_empty() {
                continue;
            }
            taken += 2 * reports.len();
            agrees(&mut replay, &format!("N-{case}"), &reports);
            arrives(&mut replay, &format!("N-{case}"), &reports, &mut random);
        }
    }
}

#[track_caller]
fn agrees(replay: &mut Replay, number: &str, reports: &[Report]) {
    for (i, report) in reports.iter().enumerate() {
        replay.push("t", &document(report, number));
        replay.silently();
        let mut naive = Naive::default();
        for (name, happening) in facts(&reports[..=i]) {
            naive.add(&name, happening);
        }
        let found = replay.shipments(number);
        let record = found[0].1.record;
        assert_eq!(seen(&record), naive.truth().bare(), "{number} after {:#?}", &reports[..=i]);
    }
}

#[track_caller]
fn arrives(replay: &mut Replay, number: &str, reports: &[Report], random: &mut Random) {
    let mut again = reports.to_vec();
    again.extend(reports.iter().filter(|report| report.instant % 3 == 0).cloned());
    for i in (1..again.len()).rev() {
        again.swap(i, random.below(i + 1));
    }
    let known = replay.tally().of(Outcome::Known);
    for report in &again {
        replay.push("shuffled", &document(report, number));
    }
    replay.silently();
    assert!(again.len() - reports.len() <= (replay.tally().of(Outcome::Known) - known) as usize);
    let found = replay.shipments(number);
    assert_eq!(found.len(), 2, "{number}");
    assert_eq!(found[0].1, found[1].1, "{number}: {reports:#?}");
}
