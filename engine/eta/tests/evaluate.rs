//! The evaluation: that it knows no future, and its targets over the real sets where they lie beside.
#![cfg(feature = "evaluate")]
#![expect(clippy::print_stdout, reason = "a test says when it passes over")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crossdock_eta::evaluate::{EvaluateError, EvaluateOptions, Format, Report, run};

fn scratch(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("eta");
    std::fs::create_dir_all(&folder).expect("a folder for tests");
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

/// A capture of so many shipments, one every three hours, known so many days after their delivery.
fn capture(count: i64, known_days: i64) -> String {
    let mut out = String::from(
        "shipment,carrier,service,origin,origin_region,destination,destination_region,class,at,\
         carrier_estimate,promise,delivered,known_at\n",
    );
    let shown = |seconds: i64| {
        jiff::Timestamp::from_second(1_704_067_200 + seconds).expect("in range").to_string()
    };
    for number in 0..count {
        let at = number * 10_800;
        let end = at + (20 + number * 37 % 50) * 3_600;
        let region = ["NY", "TX"][(number % 2) as usize];
        writeln!(
            out,
            "s{number},ups,ground,941,CA,{region}1,{region},accepted,{},{},{},{},{}",
            shown(at),
            shown(at + 40 * 3_600),
            shown(at + 144 * 3_600),
            shown(end),
            shown(end + known_days * 86_400)
        )
        .expect("a string takes every text");
    }
    out.push_str("lost,ups,ground,,,,,accepted,2024-01-01T00:00:00Z,,,,\n");
    out
}

#[test]
fn a_capture_is_evaluated_and_its_losses_are_counted() {
    let path = scratch("capture.csv", &capture(400, 0));
    let report = run(&EvaluateOptions::new(&path, Format::Capture)).expect("a report");
    assert_eq!(report.figures.cases, 400);
    assert!(300 < report.figures.questions);
    assert!(report.figures.mae < report.figures.mae_promise / 2.0);
    assert!(report.markdown.contains("no delivery 1"));
    assert_eq!(report.plots.len(), 3);
    assert!(report.plots.iter().all(|plot| plot.svg.starts_with("<svg")));
    let again = run(&EvaluateOptions::new(&path, Format::Capture)).expect("a report");
    assert_eq!(again.markdown, report.markdown);
}

#[test]
fn what_is_not_known_yet_is_not_used() {
    let path = scratch("late.csv", &capture(300, 400));
    let report = run(&EvaluateOptions::new(&path, Format::Capture)).expect("a report");
    // No delivery is known before the last question: nobody can be scored, the baseline neither.
    assert_eq!(report.figures.questions, 0);
}

#[test]
fn a_file_that_is_something_else_says_so() {
    let path = scratch("other.csv", "a,b\n1,2\n");
    let error = run(&EvaluateOptions::new(&path, Format::Trucks)).expect_err("refused");
    assert!(error.to_string().contains("no column \"trip_start_date\""), "{error}");
    let path = scratch("empty.csv", &capture(0, 0));
    let error = run(&EvaluateOptions::new(&path, Format::Capture)).expect_err("refused");
    assert!(matches!(error, EvaluateError::Empty(_)));
    assert!("parquet".parse::<Format>().is_err());
}

fn corpus(file: &str, format: Format) -> Option<Report> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/eta");
    let path = folder.join(file);
    if !path.exists() {
        println!("passed over: no corpus for {}", format.name());
        return None;
    }
    Some(run(&EvaluateOptions::new(&path, format)).expect("a report"))
}

/// The targets that hold for every set (issue 6).
fn check(file: &str, format: Format, gain_percent: f64) {
    let Some(report) = corpus(file, format) else { return };
    let figures = &report.figures;
    let best = figures.mae_promise.min(figures.mae_global);
    assert!(figures.mae <= best * (1.0 - gain_percent / 100.0), "{figures:?}");
    assert!((0.87..=0.95).contains(&figures.coverage), "{figures:?}");
    assert!(0.8 <= figures.coverage_overdue, "{figures:?}");
    assert!(figures.changes <= 0.4 * figures.changes_raw, "{figures:?}");
    assert!(figures.mae_flight <= 1.05 * figures.mae_flight_raw, "{figures:?}");
}

#[test]
fn olist_halves_the_promise() {
    check("olist_subset/orders.csv", Format::Olist, 0.0);
    if let Some(report) = corpus("olist_subset/orders.csv", Format::Olist) {
        assert!(report.figures.mae * 2.0 <= report.figures.mae_promise);
    }
}

#[test]
fn scms_is_no_worse_than_a_good_promise() {
    check("scms/deliveries.csv", Format::Scms, 0.0);
}

#[test]
fn cargo_and_trucks_beat_both_baselines_by_a_tenth() {
    check("cargo2000/processes.csv", Format::Cargo2000, 10.0);
    check("truck_trips_india/trips.csv", Format::Trucks, 10.0);
}
