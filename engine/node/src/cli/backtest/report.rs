//! What a backtest found, for people and for programs.
//!
//! # Holds
//!
//! - Both say the same: text and JSON are written from the same counts and the same groups of differences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crossdock_rules::rule::ruleset::RuleSet;
use serde_json::{Value, json};

use super::Run;
use super::compare::{Difference, Kind};

/// What is told.
pub(super) struct Report<'a> {
    pub(super) run: &'a Run,
    pub(super) rules: &'a RuleSet,
    pub(super) against: Option<Against<'a>>,
}

/// What it is held against.
pub(super) struct Against<'a> {
    /// The revision of the other rules.
    pub(super) revision: u64,
    /// By rule and kind.
    pub(super) differences: Vec<Difference<'a>>,
    /// Shipments that are named for each kind of difference of a rule.
    pub(super) samples: usize,
}

/// What one rule did.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    raised: i64,
    resolved: i64,
    retracted: i64,
    open: i64,
}

/// What differs in one way about one rule.
struct Group<'a> {
    rule: &'a str,
    kind: Kind,
    /// How many shipments ended at which milestone.
    outcomes: BTreeMap<&'a str, usize>,
    all: &'a [Difference<'a>],
}

impl Report<'_> {
    /// For people.
    pub(super) fn text(&self) -> String {
        let days = self.run.days_e1();
        let mut out = format!(
            "{} documents, {}.{} days, {} rules of revision {:016x}\n\n{:<32} {:>8} {:>9} {:>9} {:>10} {:>6}\n",
            self.run.documents,
            days / 10,
            days % 10,
            self.rules.rules().len(),
            self.rules.rev(),
            "rule",
            "raised",
            "a day",
            "resolved",
            "retracted",
            "open",
        );
        for (rule, counts) in self.counts() {
            let Counts { raised, resolved, retracted, open } = counts;
            let rate = self.hundredths_a_day(raised);
            let rate = format!("{}.{:02}", rate / 100, rate % 100);
            writeln!(
                out,
                "{rule:<32} {raised:>8} {rate:>9} {resolved:>9} {retracted:>10} {open:>6}"
            )
            .expect("writing to a string");
        }
        writeln!(out, "\n{} rules raised nothing", self.silent().count())
            .expect("writing to a string");
        if let Some(against) = &self.against {
            against.tell(self.run, &mut out);
        }
        out
    }

    /// For programs: one object and a line end.
    pub(super) fn json(&self) -> String {
        let moment =
            |seconds: i64| jiff::Timestamp::from_second(seconds).map(|it| it.to_string()).ok();
        let rule = |(rule, counts): (&str, Counts)| {
            let Counts { raised, resolved, retracted, open } = counts;
            let a_day = self.hundredths_a_day(raised) as f64 / 100.0;
            json!({
                "rule": rule, "raised": raised, "a_day": a_day, "resolved": resolved,
                "retracted": retracted, "open": open,
            })
        };
        let against = self.against.as_ref().map(|against| against.json(self.run));
        let report = json!({
            "documents": self.run.documents,
            "from": self.run.span.map(|(first, _)| moment(first)),
            "to": self.run.span.map(|(_, last)| moment(last)),
            "days": self.run.days_e1() as f64 / 10.0,
            "ruleset_rev": format!("{:016x}", self.rules.rev()),
            "rules": self.counts().into_iter().map(rule).collect::<Vec<Value>>(),
            "silent": self.silent().collect::<Vec<&str>>(),
            "baseline": against,
        });
        format!("{report}\n")
    }

    /// By the rules that raised anything.
    fn counts(&self) -> BTreeMap<&str, Counts> {
        let mut by_rule: BTreeMap<&str, Counts> = BTreeMap::new();
        for ((rule, _), raises) in &self.run.raises {
            let counts = by_rule.entry(rule).or_default();
            for raise in raises {
                counts.raised += 1;
                *match raise.ended.as_str() {
                    "retracted" => &mut counts.retracted,
                    "" => &mut counts.open,
                    _ => &mut counts.resolved,
                } += 1;
            }
        }
        by_rule
    }

    /// Rules that raised nothing.
    fn silent(&self) -> impl Iterator<Item = &str> {
        let raised: BTreeSet<&str> =
            self.run.raises.keys().map(|(rule, _)| rule.as_str()).collect();
        let ids = self.rules.rules().iter().map(|rule| &*rule.id);
        ids.filter(move |id| !raised.contains(id))
    }

    fn hundredths_a_day(&self, raised: i64) -> i64 {
        raised * 100 * 10 / self.run.days_e1()
    }
}

impl Against<'_> {
    /// True where there is a difference of another kind.
    pub(super) fn has_any_but(&self, kind: Kind) -> bool {
        self.differences.iter().any(|it| it.kind != kind)
    }

    fn count(&self, kind: Kind) -> usize {
        self.differences.iter().filter(|it| it.kind == kind).count()
    }

    /// What differs, by rule and kind.
    fn groups<'a>(&'a self, run: &'a Run) -> impl Iterator<Item = Group<'a>> {
        let groups = self
            .differences
            .chunk_by(|left, right| (left.rule, left.kind) == (right.rule, right.kind));
        groups.filter(|all| all[0].kind != Kind::Same).map(|all| {
            let mut outcomes = BTreeMap::new();
            for it in all {
                *outcomes.entry(run.outcome(it.shipment)).or_default() += 1;
            }
            Group { rule: all[0].rule, kind: all[0].kind, outcomes, all }
        })
    }

    /// The differences for people, with some shipments and what became of them.
    fn tell(&self, run: &Run, out: &mut String) {
        writeln!(
            out,
            "\nagainst revision {:016x}: {} added, {} removed, {} earlier, {} later, {} the same",
            self.revision,
            self.count(Kind::Added),
            self.count(Kind::Removed),
            self.count(Kind::Earlier),
            self.count(Kind::Later),
            self.count(Kind::Same),
        )
        .expect("writing to a string");
        for Group { rule, kind, outcomes, all } in self.groups(run) {
            write!(out, "\n{rule}: {} {};", all.len(), kind.word()).expect("writing to a string");
            for (outcome, count) in outcomes {
                write!(out, " {count} {outcome}").expect("writing to a string");
            }
            out.push('\n');
            for it in all.iter().take(self.samples) {
                let moved = match it.moved {
                    0 => String::new(),
                    moved => format!(" by {} min", moved / 60),
                };
                writeln!(out, "  {}{moved}: {}", it.shipment, run.outcome(it.shipment))
                    .expect("writing to a string");
            }
        }
    }

    fn json(&self, run: &Run) -> Value {
        let sample = |it: &Difference<'_>| {
            json!({
                "shipment": it.shipment, "moved_seconds": it.moved, "outcome": run.outcome(it.shipment),
            })
        };
        let group = |group: Group<'_>| {
            let samples: Vec<Value> = group.all.iter().take(self.samples).map(sample).collect();
            json!({
                "rule": group.rule, "kind": group.kind.word(), "count": group.all.len(),
                "outcomes": group.outcomes, "samples": samples,
            })
        };
        let mut baseline = json!({
            "ruleset_rev": format!("{:016x}", self.revision),
            "differences": self.groups(run).map(group).collect::<Vec<Value>>(),
        });
        for kind in Kind::ALL {
            baseline[kind.word()] = json!(self.count(kind));
        }
        baseline
    }
}
