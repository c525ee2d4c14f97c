//! The report: figures for machines, Markdown for people, plots beside it.
//!
//! # Place
//! The last step of [`super::run`].
//! # Method
//! Every figure of the Markdown comes from [`Figures`] or [`Scores`]; the targets are stated with the figure
//! next to them, met or not.
//! # Holds
//! The same input gives the same bytes: no clock, no machine's path, no duration.
//! # Does not hold
//! Opinions.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::case::DataSet;
use super::plot::{LinePlot, bars, line};
use super::score::{Method, MethodSums, Scores};
use super::{EvaluateError, EvaluateOptions};
use crate::estimator::Estimator;
use crate::lane::MilestoneClass;

/// The figures that the targets are about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The set.
    pub set: String,
    /// Unit of errors and widths.
    pub unit: String,
    /// Cases used.
    pub cases: u64,
    /// Questions scored.
    pub questions: u64,
    /// Mean absolute error.
    pub mae: f64,
    /// Of the promised date.
    pub mae_promise: f64,
    /// Of the global quantile.
    pub mae_global: f64,
    /// Of the source's own estimate, where there is one.
    pub mae_source: Option<f64>,
    /// Share of answers within the set's near distance.
    pub near: f64,
    /// Share of deliveries at or before the p90.
    pub coverage: f64,
    /// The same at twice the usual time, and how many were asked.
    pub coverage_overdue: f64,
    /// Shipments that were asked about at twice their usual time.
    pub overdue: u64,
    /// Changes per shipment of the raw p50.
    pub changes_raw: f64,
    /// Changes per shipment as published.
    pub changes: f64,
    /// Error in flight of the raw p50.
    pub mae_flight_raw: f64,
    /// Error in flight as published.
    pub mae_flight: f64,
    /// Brier score of the breach probability.
    pub brier: f64,
    /// Brier score of the base rate.
    pub brier_base: f64,
}

/// A plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Its file name.
    pub name: String,
    /// The SVG text.
    pub svg: String,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures.
    pub figures: Figures,
    /// The text.
    pub markdown: String,
    /// The plots that the text shows.
    pub plots: Vec<Plot>,
}

impl Report {
    /// Writes `<set>.md` and its plots into a folder, which is made if it is missing.
    pub fn write(&self, folder: &Path) -> Result<(), EvaluateError> {
        let failed = |path: &Path, error: std::io::Error| EvaluateError::File {
            path: path.display().to_string(),
            what: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let text = folder.join(format!("{}.md", self.figures.set));
        fs::write(&text, &self.markdown).map_err(|error| failed(&text, error))?;
        for plot in &self.plots {
            let path = folder.join(&plot.name);
            fs::write(&path, &plot.svg).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { f64::NAN } else { part / whole }
}

fn figures(set: &DataSet, scores: &Scores) -> Figures {
    let own = scores.of(Method::Estimator);
    let source = scores.of(Method::Source);
    let rate = ratio(scores.breach.2 as f64, scores.breach.0 as f64);
    let [flights, raw, published] = scores.flights.map(|count| count as f64);
    Figures {
        set: set.name.to_owned(),
        unit: set.unit.name.to_owned(),
        cases: set.cases.len() as u64,
        questions: own.count,
        mae: own.mae(),
        mae_promise: scores.of(Method::Promise).mae(),
        mae_global: scores.of(Method::GlobalQuantile).mae(),
        mae_source: (0 < source.count).then(|| source.mae()),
        near: own.near_share(),
        coverage: own.coverage(),
        coverage_overdue: ratio(scores.overdue[2] as f64, scores.overdue[0] as f64),
        overdue: scores.overdue[0],
        changes_raw: ratio(raw, flights),
        changes: ratio(published, flights),
        mae_flight_raw: ratio(scores.looks.1, scores.looks.0 as f64),
        mae_flight: ratio(scores.looks.2, scores.looks.0 as f64),
        brier: ratio(scores.breach.1, scores.breach.0 as f64),
        brier_base: rate * (1.0 - rate),
    }
}

pub(super) fn report(
    set: &DataSet,
    scores: &Scores,
    estimator: &Estimator,
    options: &EvaluateOptions,
) -> Result<Report, EvaluateError> {
    let figures = figures(set, scores);
    let plots = plots(set, scores, &figures)?;
    let mut text = String::new();
    header(&mut text, set, &figures, options);
    targets(&mut text, &figures);
    methods(&mut text, set, scores);
    flight(&mut text, &figures, scores);
    breach(&mut text, &figures, scores);
    weeks(&mut text, scores);
    learned(&mut text, scores, estimator);
    Ok(Report { figures, markdown: text, plots })
}

/// Writing to a string can't fail.
macro_rules! put {
    ($out:expr, $($part:tt)*) => {
        match writeln!($out, $($part)*) {
            Ok(()) => {}
            Err(_) => unreachable!("a string takes every text"),
        }
    };
}

fn header(out: &mut String, set: &DataSet, figures: &Figures, options: &EvaluateOptions) {
    put!(out, "# Estimates on {}\n", set.name);
    put!(
        out,
        "Made by `{}`. Time-ordered: every answer uses only deliveries known",
        options.command
    );
    put!(
        out,
        "before its instant. {} shipments, {} questions at milestones scored, after a warm-up of",
        figures.cases,
        figures.questions
    );
    put!(
        out,
        "the first {} % of shipments. Errors in {}.\n",
        options.warm_up_percent,
        figures.unit
    );
    if !set.excluded.is_empty() {
        let left: Vec<_> =
            set.excluded.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        put!(out, "Rows left out: {}.\n", left.join(", "));
    }
    for note in &set.notes {
        put!(out, "Note: {note}.\n");
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**not met**" }
}

fn targets(out: &mut String, figures: &Figures) {
    let best = figures.mae_promise.min(figures.mae_global);
    let gain = 100.0 * (1.0 - figures.mae / best);
    let fewer = 100.0 * (1.0 - figures.changes / figures.changes_raw);
    let dearer = 100.0 * (figures.mae_flight / figures.mae_flight_raw - 1.0);
    put!(out, "| target | figure | |");
    put!(out, "|---|---:|---|");
    put!(
        out,
        "| MAE no worse than the better of promise and global quantile | {gain:+.1} % better | {} |",
        verdict(figures.mae <= best)
    );
    let covered = 100.0 * figures.coverage;
    put!(
        out,
        "| p90 coverage 87 to 95 % | {covered:.1} % | {} |",
        verdict((87.0..=95.0).contains(&covered))
    );
    let overdue = 100.0 * figures.coverage_overdue;
    put!(
        out,
        "| p90 coverage at twice the usual time, at least 80 % | {overdue:.1} % of {} | {} |",
        figures.overdue,
        verdict(80.0 <= overdue)
    );
    put!(
        out,
        "| changes per shipment at least 60 % fewer | {fewer:.1} % fewer | {} |",
        verdict(60.0 <= fewer)
    );
    put!(
        out,
        "| for at most 5 % more error in flight | {dearer:+.1} % | {} |\n",
        verdict(dearer <= 5.0)
    );
    put!(
        out,
        "![mean absolute error]({0}-mae.svg)\n\n![p90 coverage by week]({0}-coverage.svg)\n",
        figures.set
    );
}

fn row(out: &mut String, name: &str, sums: &MethodSums, interval: bool) {
    let (covered, width) = if interval {
        (format!("{:.1} %", 100.0 * sums.coverage()), format!("{:.2}", sums.mean_width()))
    } else {
        (format!("({:.1} %)", 100.0 * sums.coverage()), "-".to_owned())
    };
    put!(
        out,
        "| {name} | {} | {:.2} | {:+.2} | {:.1} % | {:.2} | {:.2} | {covered} | {width} |",
        sums.count,
        sums.mae(),
        sums.mean_bias(),
        100.0 * sums.near_share(),
        sums.mean_pinball50(),
        sums.mean_pinball90()
    );
}

fn methods(out: &mut String, set: &DataSet, scores: &Scores) {
    put!(out, "## At milestones\n");
    put!(
        out,
        "| method | n | MAE | bias | within {} | pinball .5 | pinball .9 | P(D <= p90) | width p10-p90 |",
        set.unit.near
    );
    put!(out, "|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let classes = [None].into_iter().chain(MilestoneClass::ALL.map(Some));
    for class in classes {
        let present = scores.by_class.iter().filter(|((of, _), _)| *of == class);
        for ((_, method), sums) in present {
            let name = match class {
                None => format!("**{}**", method.name()),
                Some(class) => format!("{}, {}", method.name(), class.name()),
            };
            let interval = matches!(method, Method::Estimator | Method::GlobalQuantile);
            row(out, &name, sums, interval);
        }
    }
    put!(out, "\nA single date has no interval: in brackets, how often the delivery was no later.");
    put!(out, "Questions without an answer: {}.\n", scores.unanswered);
}

fn flight(out: &mut String, figures: &Figures, scores: &Scores) {
    put!(out, "## In flight\n");
    put!(out, "| | raw p50 | published |");
    put!(out, "|---|---:|---:|");
    put!(out, "| changes per shipment | {:.2} | {:.2} |", figures.changes_raw, figures.changes);
    put!(
        out,
        "| MAE over {} looks | {:.3} | {:.3} |\n",
        scores.looks.0,
        figures.mae_flight_raw,
        figures.mae_flight
    );
}

fn breach(out: &mut String, figures: &Figures, scores: &Scores) {
    put!(out, "## Breach of the promise\n");
    put!(
        out,
        "Brier score {:.4} over {} looks before the promise's end; the base rate alone has {:.4}.",
        figures.brier,
        scores.breach.0,
        figures.brier_base
    );
    put!(out, "Looks at one shipment are not independent.\n");
    put!(out, "| said | looks | mean said | observed |");
    put!(out, "|---|---:|---:|---:|");
    for (at, (count, said, missed)) in scores.buckets.iter().enumerate() {
        let count_real = *count as f64;
        put!(
            out,
            "| {:.1} to {:.1} | {count} | {:.2} | {:.2} |",
            at as f64 / 10.0,
            (at + 1) as f64 / 10.0,
            ratio(*said, count_real),
            ratio(*missed as f64, count_real)
        );
    }
    put!(out, "\n![calibration]({}-breach.svg)\n", figures.set);
}

fn week_date(week: i64) -> String {
    let seconds = week * 7 * 86_400 + 4 * 86_400;
    match jiff::Timestamp::from_second(seconds) {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        Err(_) => week.to_string(),
    }
}

fn weeks(out: &mut String, scores: &Scores) {
    put!(out, "## By week\n");
    put!(out, "Averages hide weeks: the p90's coverage by the week of the question.\n");
    put!(out, "| week of | n | MAE | P(D <= p90) |");
    put!(out, "|---|---:|---:|---:|");
    for (week, sums) in &scores.by_week {
        put!(
            out,
            "| {} | {} | {:.2} | {:.0} % |",
            week_date(*week),
            sums.count,
            sums.mae(),
            100.0 * sums.coverage()
        );
    }
    put!(out, "");
}

fn learned(out: &mut String, scores: &Scores, estimator: &Estimator) {
    put!(out, "## What was learned\n");
    let bases: Vec<_> =
        scores.bases().map(|(basis, count)| format!("{} {count}", basis.name())).collect();
    put!(
        out,
        "Answers by basis: {}. {} lanes, {} KiB.",
        bases.join(", "),
        estimator.tree().len(),
        estimator.tree().size() / 1_024
    );
    put!(out, "State hash {:016x}.", estimator.state().hash());
}

fn plots(set: &DataSet, scores: &Scores, figures: &Figures) -> Result<Vec<Plot>, EvaluateError> {
    let mut out = Vec::with_capacity(3);
    let mut add = |kind: &str, svg: String| {
        out.push(Plot { name: format!("{}-{kind}.svg", set.name), svg });
    };
    let methods = [Method::Estimator, Method::Promise, Method::GlobalQuantile, Method::Source];
    let errors: Vec<_> = methods
        .into_iter()
        .map(|method| (method, scores.of(method)))
        .filter(|(_, sums)| 0 < sums.count)
        .map(|(method, sums)| (method.name().to_owned(), sums.mae()))
        .collect();
    add("mae", bars(&format!("{}: mean absolute error, {}", set.name, figures.unit), &errors)?);
    // A week of a handful of questions says nothing.
    let weeks: Vec<_> = scores.by_week.values().filter(|sums| 20 <= sums.count).collect();
    let points: Vec<_> =
        weeks.iter().enumerate().map(|(at, sums)| (at as f64, sums.coverage())).collect();
    let last = (points.len().max(2) - 1) as f64;
    add(
        "coverage",
        line(&LinePlot {
            title: &format!("{}: p90 coverage by week", set.name),
            x_name: "week with at least 20 questions",
            y_name: "share delivered by the p90",
            points: &points,
            reference: &[(0.0, 0.9), (last, 0.9)],
            x_range: (0.0, last),
            y_range: (0.0, 1.0),
        })?,
    );
    let points: Vec<_> = scores
        .buckets
        .iter()
        .filter(|bucket| 50 <= bucket.0)
        .map(|(count, said, missed)| (said / *count as f64, *missed as f64 / *count as f64))
        .collect();
    add(
        "breach",
        line(&LinePlot {
            title: &format!("{}: breach probability, said and observed", set.name),
            x_name: "said",
            y_name: "observed",
            points: &points,
            reference: &[(0.0, 0.0), (1.0, 1.0)],
            x_range: (0.0, 1.0),
            y_range: (0.0, 1.0),
        })?,
    );
    Ok(out)
}
