//! `crossdock rules backtest`: what rules would have said of a capture, and what others would say instead.
//!
//! # Method
//!
//! The capture goes through the engine as in a replay: time is that of its documents, so that a year takes
//! minutes, and lanes and shards have threads of their own. Rules in shadow mode speak. Of two revisions, the
//! raises of one rule about one shipment are paired in the order in which they came: what the baseline did
//! not raise is added, what only it raised is removed, the rest is the same, earlier or later.
//!
//! # Holds
//!
//! - An alert counts once, however many audiences are told.

mod compare;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use crossdock_core::guess::Guesser;
use crossdock_core::output::MessageKind;
use crossdock_model::time::Micros;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::ruleset::RuleSet;
use serde_json::Value;

use self::compare::{Kind, compare};
use self::report::{Against, Report};
use super::documents::Documents;
use super::settings::Settings;
use super::{Failure, InputArgs, capture, terminal};
use crate::pipeline::Pipeline;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How long to wait for a turn before threads that have ended are looked for.
const COLLECT_WAIT: Duration = Duration::from_millis(1);

/// Arguments of `rules backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// What to replay.
    #[command(flatten)]
    input: InputArgs,
    /// Rule and calendar files, and folders of them; may be repeated. Left out: the rules of the configuration.
    #[arg(long, value_name = "PATH")]
    rules: Vec<String>,
    /// What to compare them with, likewise.
    #[arg(long, value_name = "PATH")]
    baseline: Vec<String>,
    /// Lets time pass behind the last document, up to this moment (RFC 3339).
    #[arg(long, value_name = "TIME")]
    ticks_until: Option<String>,
    /// Seconds by which a raise may move and still be the same.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    tolerance: u32,
    /// Shipments that are named for each kind of difference of a rule.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    samples: usize,
    /// For people, or one JSON object for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What the outcome is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs the command. Exit codes: 0 done, 1 the baseline says something else, 2 the rules have mistakes, 3
/// wrong usage.
///
/// # Errors
///
/// A file can't be read; output can't be written.
pub fn run(settings: &Settings, args: &BacktestArgs) -> Result<ExitCode, Failure> {
    let rules = match read(settings, &args.rules)? {
        Ok(rules) => rules,
        Err(report) => return mistakes(&report),
    };
    let after = replay(settings, args, &rules)?;
    let mut before = None;
    if !args.baseline.is_empty() {
        match read(settings, &args.baseline)? {
            Ok(rules) => before = Some((replay(settings, args, &rules)?, rules.rev())),
            Err(report) => return mistakes(&report),
        }
    }
    let against = before.as_ref().map(|(before, revision)| Against {
        revision: *revision,
        differences: compare(before, &after, i64::from(args.tolerance)),
        samples: args.samples,
    });
    let report = Report { run: &after, rules: &rules, against };
    terminal::print(&match args.format {
        Format::Text => report.text(),
        Format::Json => report.json(),
    })?;
    let differs = report.against.is_some_and(|it| it.has_any_but(Kind::Same));
    Ok(ExitCode::from(u8::from(differs)))
}

fn mistakes(report: &str) -> Result<ExitCode, Failure> {
    terminal::print(report)?;
    Ok(ExitCode::from(2))
}

/// The rules of some files, all of them speaking; the text of their mistakes where they have any.
pub(super) fn read(
    settings: &Settings,
    paths: &[String],
) -> Result<Result<Arc<RuleSet>, String>, Failure> {
    let loaded = if paths.is_empty() {
        let rules = settings.read_rules()?;
        let off = || Failure::Settings(String::from("no rules run: rules.mode is off"));
        Ok(rules.ok_or_else(off)?.as_ref().clone())
    } else {
        Pack::read(paths).map_err(Failure::Input)?.load(&Options::default())
    };
    Ok(match loaded {
        Ok(mut rules) => {
            rules.unmask();
            Ok(Arc::new(rules))
        }
        Err(report) => Err(report.render()),
    })
}

/// One raise of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Raise {
    /// Stream time at which it was said, seconds.
    said: i64,
    /// How it ended; empty while it is open.
    ended: String,
}

/// What rules said of a capture.
#[derive(Debug, Default)]
struct Run {
    documents: u64,
    /// Stream time of the first and the last document, seconds.
    span: Option<(i64, i64)>,
    /// By rule and shipment, in order.
    raises: BTreeMap<(String, String), Vec<Raise>>,
    /// The milestone that was said last.
    milestones: BTreeMap<String, String>,
    seen: BTreeSet<String>,
}

/// Replays a capture under rules, on all cores.
fn replay(settings: &Settings, args: &BacktestArgs, rules: &Arc<RuleSet>) -> Result<Run, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let each = (cores / 2).clamp(1, 8);
    let mut options = settings.engine.clone();
    (options.lanes, options.shards) = (each, each);
    (options.rules, options.rules_shadow) = (Some(Arc::clone(rules)), false);
    let until = args.ticks_until.as_deref().map(capture::parse_time).transpose();
    let until = until.map_err(Failure::Usage)?;
    let documents = Documents::new(&args.input, Guesser::new(settings.feeds.clone()))?;
    let mut pipeline = Pipeline::start(&settings.feeds, &options);
    let mut run = Run::default();
    documents.with_ticks_until(until).turns(|turn| {
        for document in turn.documents() {
            run.pass(document.received);
        }
        // Ends: what is under way is collected, which makes room.
        while !pipeline.has_room() {
            collect(&mut pipeline, &mut run)?;
        }
        let mut intake = pipeline.spare_intake();
        turn.copy_into(&mut intake);
        pipeline.submit(intake);
        Ok(())
    })?;
    // Ends: nothing is submitted any more.
    while !pipeline.is_idle() {
        collect(&mut pipeline, &mut run)?;
    }
    Ok(run)
}

/// Takes one finished turn, where there is one.
fn collect(pipeline: &mut Pipeline, run: &mut Run) -> Result<(), Failure> {
    if pipeline.has_failed() {
        return Err(Failure::Input(String::from(
            "a thread of the engine has ended: this is a bug",
        )));
    }
    let Some(collected) = pipeline.collect() else {
        pipeline.wait(COLLECT_WAIT);
        return Ok(());
    };
    collected.visit(|output, message| {
        if let MessageKind::Change { .. } = message.kind
            && let Ok(body) = serde_json::from_slice(output.body(message))
        {
            run.hear(&body);
        }
    });
    pipeline.recycle(collected);
    Ok(())
}

impl Run {
    /// A document came.
    fn pass(&mut self, received: Micros) {
        let Some(micros) = received.get() else { return };
        let now = micros.div_euclid(1_000_000);
        self.documents += 1;
        let (first, last) = self.span.unwrap_or((now, now));
        self.span = Some((first.min(now), last.max(now)));
    }

    /// A change was said.
    fn hear(&mut self, body: &Value) {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
        let mut shipment: Vec<&str> =
            ["tenant", "carrier", "tracking_number"].iter().map(|key| text(key)).collect();
        if text("tracking_number").is_empty() {
            shipment.push(text("feed"));
        }
        shipment.retain(|part| !part.is_empty());
        let shipment = shipment.join(" ");
        let rule = text("rule");
        if rule.is_empty() {
            if matches!(text("kind"), "milestone" | "correction") {
                self.milestones.insert(shipment, text("milestone").to_owned());
            }
            return;
        }
        // All audiences of an alert have its id.
        if !self.seen.insert(format!("{shipment} {}", text("id"))) {
            return;
        }
        let raises = self.raises.entry((rule.to_owned(), shipment)).or_default();
        if text("kind") == "exception_opened" {
            let due = body.pointer("/position/due").and_then(Value::as_str);
            let said = capture::parse_time(due.unwrap_or_else(|| text("received"))).unwrap_or(0);
            raises.push(Raise { said: said.div_euclid(1_000_000), ended: String::new() });
        } else if let Some(open) = raises.iter_mut().rev().find(|raise| raise.ended.is_empty()) {
            let is_retracted = body.get("retracted").and_then(Value::as_bool) == Some(true);
            open.ended = if is_retracted { "retracted" } else { "resolved" }.to_owned();
        }
    }

    /// What became of a shipment.
    fn outcome(&self, shipment: &str) -> &str {
        self.milestones.get(shipment).map_or("no milestone", String::as_str)
    }

    /// Days of the capture, in tenths, at least one tenth.
    fn days_e1(&self) -> i64 {
        let (first, last) = self.span.unwrap_or((0, 0));
        ((last - first) * 10 / DAY).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_rules::rule::pack;

    /// A run of lines `kind rule number minute`.
    fn run_of(lines: &str) -> Run {
        let mut run = Run::default();
        for (index, line) in lines.split(';').map(str::trim).filter(|it| !it.is_empty()).enumerate()
        {
            let [kind, rule, number, minute] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}: kind rule number minute");
            };
            let received = format!("2026-05-21T10:{minute}:00Z");
            let audiences = ["operations", "support"];
            for audience in audiences {
                run.hear(&serde_json::json!({
                    "kind": kind, "rule": rule, "tenant": "t", "carrier": "c", "tracking_number": number,
                    "audience": audience, "milestone": "DELIVERED", "received": received, "id": format!("{index}"),
                    "retracted": kind == "exception_resolved" && minute == "59",
                }));
            }
        }
        run
    }

    #[test]
    fn raises_of_two_revisions_are_paired_in_order() {
        let before =
            run_of("exception_opened a 1 00; exception_opened a 2 00; exception_opened b 1 10");
        let after = run_of(
            "exception_opened a 1 05; exception_resolved a 1 06; exception_opened a 1 30;
             exception_opened b 1 10; exception_opened c 3 00; exception_opened b 2 00",
        );
        let found: Vec<String> = compare(&before, &after, 60)
            .iter()
            .map(|it| format!("{} {:?} {} {}", it.rule, it.kind, it.shipment, it.moved))
            .collect();
        assert_eq!(
            found,
            [
                "a Added t c 1 0",
                "a Removed t c 2 0",
                "a Later t c 1 300",
                "b Added t c 2 0",
                "b Same t c 1 0",
                "c Added t c 3 0",
            ]
        );
        assert!(compare(&after, &after, 60).iter().all(|it| it.kind == Kind::Same));
        let differences = compare(&before, &after, 60);
        let against = Some(Against { revision: 7, differences, samples: 3 });
        let rules = pack::builtin().load(&Options::default()).expect("rules that load");
        let report = Report { run: &after, rules: &rules, against };
        let text = report.text();
        assert!(text.contains("3 added, 1 removed, 0 earlier, 1 later, 1 the same"), "{text}");
        assert!(
            text.contains("a: 1 later; 1 no milestone\n  t c 1 by 5 min: no milestone"),
            "{text}"
        );
        let json: Value = serde_json::from_str(&report.json()).expect("JSON");
        assert_eq!(json["rules"][0]["rule"], "a");
        assert_eq!(
            (&json["rules"][0]["raised"], &json["rules"][0]["resolved"]),
            (&2.into(), &1.into())
        );
        assert_eq!(json["silent"].as_array().map(Vec::len), Some(rules.rules().len()));
        let baseline = &json["baseline"];
        assert_eq!((&baseline["added"], &baseline["later"]), (&3.into(), &1.into()));
        assert_eq!(
            baseline["differences"][2],
            serde_json::json!({
                "rule": "a", "kind": "later", "count": 1, "outcomes": {"no milestone": 1},
                "samples": [{"shipment": "t c 1", "moved_seconds": 300, "outcome": "no milestone"}],
            })
        );
    }

    #[test]
    fn an_alert_counts_once_and_its_end_with_it() {
        let run = run_of(
            "exception_opened a 1 00; exception_resolved a 1 10; exception_opened a 2 00; exception_resolved a 2 59;
             exception_opened a 3 00; milestone - 3 00",
        );
        let ends: Vec<&str> =
            run.raises.values().flatten().map(|raise| raise.ended.as_str()).collect();
        assert_eq!(ends, ["resolved", "retracted", ""]);
    }
}
