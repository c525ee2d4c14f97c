//! Runs rule tests, and tells which ways of which rules no test takes.

mod expected;
mod junit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crossdock_model::record::Seconds;

use super::action::{Action, Edge};
use super::calendars::{CalendarRef, Role};
use super::catalogue::Catalogue;
use super::diagnostic::Report;
use super::duration::{Duration, show};
use super::facts::{Facts, Symbol};
use super::machine::Verdict;
use super::ruleset::{Kind, Mode, RuleSet};
use super::scenario::{Said, Scenario};
use super::stage;
use super::suite::{Case, Step, fault, moment, step};
use super::world::SmallWorld;
use super::yaml::Node;
use crate::calendar::civil;

use expected::Expected;
pub use junit::junit;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The suite or rule it belongs to.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// What went wrong; empty where it passed.
    pub failures: Vec<String>,
    /// A known gap: counts as passed while it fails, and as failed when it passes.
    pub todo: bool,
}

impl Outcome {
    /// True where nothing has to be done about it.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty() != self.todo
    }
}

/// Which ways were taken, over all tests.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    edges: BTreeSet<(String, Edge)>,
    /// Rule, atom number, and whether it was seen true.
    atoms: BTreeSet<(String, usize, bool)>,
}

/// The ways of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCoverage {
    /// The rule.
    pub rule: String,
    /// Ways taken.
    pub taken: usize,
    /// Ways there are.
    pub total: usize,
    /// Those that no test takes.
    pub missing: Vec<String>,
}

impl Coverage {
    /// The coverage of every rule that is not disabled.
    #[must_use]
    pub fn of(&self, set: &RuleSet) -> Vec<RuleCoverage> {
        set.rules()
            .iter()
            .filter(|rule| rule.mode != Mode::Disabled)
            .map(|rule| {
                let mut wanted = vec![(Edge::Raised, "raised")];
                let silent =
                    !rule.condition.atoms.is_empty() || !matches!(rule.kind, Kind::Event { .. });
                if silent {
                    wanted.push((Edge::Quiet, "decided false"));
                }
                if rule.resolve.declared {
                    wanted.push((Edge::Resolved, "resolve"));
                }
                if let Kind::Expect { cancel, pause, .. } = &rule.kind {
                    if !cancel.is_empty() {
                        wanted.push((Edge::Cancelled, "cancel"));
                    }
                    if pause.classes != 0 || pause.states.0 != 0 {
                        wanted.push((Edge::Paused, "pause"));
                    }
                }
                if let Kind::Silence { pause, .. } = &rule.kind
                    && (pause.classes != 0 || pause.states.0 != 0)
                {
                    wanted.push((Edge::Paused, "pause"));
                }
                let mut missing = Vec::new();
                let mut total = wanted.len();
                for (edge, name) in wanted {
                    if !self.edges.contains(&(rule.id.clone(), edge)) {
                        missing.push(name.to_owned());
                    }
                }
                for (index, text) in atoms(rule).iter().enumerate() {
                    total += 2;
                    for verdict in [true, false] {
                        if !self.atoms.contains(&(rule.id.clone(), index, verdict)) {
                            missing.push(format!("`{text}` {verdict}"));
                        }
                    }
                }
                RuleCoverage { rule: rule.id.clone(), taken: total - missing.len(), total, missing }
            })
            .collect()
    }
}

/// The atoms of a rule's own conditions, as written.
fn atoms(rule: &super::ruleset::Rule) -> Vec<&str> {
    let watch = match &rule.kind {
        Kind::Watch { condition, .. } => condition.atoms.as_slice(),
        _ => &[],
    };
    watch.iter().chain(&rule.condition.atoms).map(|atom| atom.text.as_str()).collect()
}

/// Runs the tests of one suite against a set. What is not well formed goes to the report.
pub(crate) fn run(
    set: &RuleSet,
    suite: &str,
    cases: &[Case],
    coverage: &mut Coverage,
    report: &mut Report,
) -> Vec<Outcome> {
    cases
        .iter()
        .map(|case| Outcome {
            suite: suite.to_owned(),
            name: case.name.clone(),
            failures: Stage { set, case, report }.run(coverage),
            todo: case.todo,
        })
        .collect()
}

/// Plays a test up to a moment, or to its last event, and explains a rule there; `None` where there is no such rule or the
/// moment can't be read.
pub(crate) fn explain_at(
    set: &RuleSet,
    case: &Case,
    rule: &str,
    at: Option<&str>,
) -> Option<String> {
    let index = set.find(rule)?;
    let mut report = Report::default();
    let mut stage = Stage { set, case, report: &mut report };
    let mut told = None;
    stage.with_setting(|stage, setting, start, moment| {
        let mut steps: Vec<(i64, Step)> = case
            .node
            .get("events")
            .map_or(&[][..], Node::elements)
            .iter()
            .map(step)
            .filter_map(|step| Some((moment(&step.at)?, step)))
            .collect();
        steps.sort_by_key(|(moment, _)| *moment);
        let last = steps.last().map_or(start, |(moment, _)| *moment);
        let Some(until) = at.map_or(Some(last), moment) else { return };
        let mut scenario = Scenario::new(set, SmallWorld::default(), setting, seconds(start));
        for (at, step) in steps.iter().filter(|(at, _)| *at <= until) {
            stage.take(&mut scenario, *at, step, moment);
        }
        scenario.advance(seconds(until), true);
        let name = |symbol: Symbol| Catalogue::default().name_of(symbol);
        told = Some(scenario.explain(index, &name).render());
    });
    told
}

struct Stage<'a> {
    set: &'a RuleSet,
    case: &'a Case,
    report: &'a mut Report,
}

impl Stage<'_> {
    fn run(&mut self, coverage: &mut Coverage) -> Vec<String> {
        let faults = self.report.list.len();
        let mut failures = Vec::new();
        self.with_setting(|stage, setting, start, at| {
            let mut seen = BTreeSet::new();
            failures = stage.play(setting, start, at, &mut seen, coverage);
            coverage.atoms.extend(seen);
        });
        let broken = self.report.list.len() - faults;
        if 0 < broken { vec![format!("{broken} mistakes in the test itself")] } else { failures }
    }

    /// Sets the stage: the shipment, when it starts, and how moments are read.
    fn with_setting(
        &mut self,
        play: impl FnOnce(&mut Self, super::scenario::Setting, i64, stage::Moment<'_>),
    ) {
        // A Monday morning, where a test does not say when.
        const START: i64 = 1_772_438_400;
        let case = self.case;
        let given = case.node.get("ships").or_else(|| case.node.get("given"));
        let mut setting = given.map(|node| stage::setting(node, self.report)).unwrap_or_default();
        if let Some(node) = case.node.get("learned") {
            setting.lane = stage::lane(node);
        }
        if let Some(node) = case.node.get("feed") {
            stage::feed(node, &mut setting.feed);
        }
        let start = case.node.get("start").and_then(Node::text).map(civil::parse_instant);
        if start == Some(None) {
            let help = "Write `2026-03-02T09:00:00-06:00`.";
            fault(case.span, "`start` is no instant", help, self.report);
        }
        let start = start.flatten().unwrap_or(START);
        let probe = setting.clone();
        let calendars = &self.set.calendars;
        let at = |text: &str| {
            let world = SmallWorld::default();
            probe_facts(&world, &probe, |facts| {
                let open = calendars.open_time(facts, CalendarRef::Role(Role::Origin));
                moment(text, start, &open)
            })
        };
        if let Some(node) = given {
            stage::moments(node, &mut setting, &at);
        }
        if let Some(node) = case.node.get("eta") {
            let entries = node.entries().iter();
            let pairs = entries.map(|(key, value)| (key.text.as_str(), value.text().unwrap_or("")));
            setting.eta = stage::eta(pairs, setting.eta, &at);
        }
        play(self, setting, start, &at);
    }

    fn play(
        &mut self,
        setting: super::scenario::Setting,
        start: i64,
        at: stage::Moment<'_>,
        seen: &mut BTreeSet<(String, usize, bool)>,
        coverage: &mut Coverage,
    ) -> Vec<String> {
        let set = self.set;
        let mut on_call = |facts: &Facts<'_>| note_atoms(set, facts, seen);
        let mut steps: Vec<(i64, Step)> = Vec::new();
        for node in self.case.node.get("events").map_or(&[][..], Node::elements) {
            let step = step(node);
            match at(&step.at) {
                Some(moment) => steps.push((moment, step)),
                None => fault(
                    step.span,
                    format!("`{}` is no moment", step.at),
                    "Write `+3h` or `+2bd@15:00`.",
                    self.report,
                ),
            }
        }
        steps.sort_by_key(|(moment, _)| *moment);
        let expected = Expected::read(self.case, at, self.report);
        let last = steps.last().map_or(start, |(moment, _)| *moment);
        let until = self.case.node.get("until").and_then(Node::text).and_then(at);
        let until = until.unwrap_or_else(|| last.max(expected.latest() + expected.tolerance));
        let mut scenario = Scenario::new(set, SmallWorld::default(), setting, seconds(start));
        scenario.on_call = Some(&mut on_call);
        let mut explains = expected.explains.clone();
        explains.sort_by_key(|(moment, ..)| *moment);
        let mut failures = Vec::new();
        for (moment, step) in &steps {
            while explains.first().is_some_and(|(at, ..)| at < moment) {
                let (at, rule, says) = explains.remove(0);
                explain(set, &mut scenario, at, &rule, &says, &mut failures);
            }
            self.take(&mut scenario, *moment, step, at);
        }
        for (at, rule, says) in explains {
            explain(set, &mut scenario, at, &rule, &says, &mut failures);
        }
        scenario.advance(seconds(until), true);
        let edges = scenario.edges().iter();
        coverage.edges.extend(edges.map(|(rule, edge)| (set.rule(*rule).id.clone(), *edge)));
        let open: Vec<String> = scenario.open().map(|rule| set.rule(rule).code.clone()).collect();
        let said = scenario.said().to_vec();
        expected.compare(self.case, set, &said, &open, start, &mut failures);
        failures
    }

    fn take(
        &mut self,
        scenario: &mut Scenario<'_, SmallWorld>,
        moment: i64,
        step: &Step,
        at: stage::Moment<'_>,
    ) {
        let now = seconds(moment);
        match step.what.as_str() {
            "feed" => {
                scenario.advance(now, false);
                for (key, value) in &step.pairs {
                    stage::feed_pair(key, value, &mut scenario.setting.feed);
                }
                scenario.look(now);
            }
            "eta" => {
                let pairs = step.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                let eta = stage::eta(pairs, scenario.setting.eta, at);
                scenario.change_eta(now, eta);
            }
            "ships" => {
                scenario.advance(now, false);
                let delivered = step.get("pieces_delivered").and_then(|text| text.parse().ok());
                let shipment = &mut scenario.setting.shipment;
                shipment.pieces_delivered = delivered.or(shipment.pieces_delivered);
                scenario.look(now);
            }
            _ => {
                let event = stage::event(step, moment, &scenario.setting, at, self.report);
                if let Some((event, scene)) = event {
                    scenario.event(now, &event, &scene);
                }
            }
        }
    }
}

fn seconds(at: i64) -> Seconds {
    Seconds(u32::try_from(at).unwrap_or(1).max(1))
}

/// Facts without events, to find a calendar by.
fn probe_facts<T>(
    world: &SmallWorld,
    setting: &super::scenario::Setting,
    run: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    use super::world::World;
    let facts = Facts {
        before: world.before(),
        after: world.after(),
        event: None,
        scene: super::facts::Scene::default(),
        history: &[],
        shipment: &setting.shipment,
        texts: super::facts::Texts::default(),
        eta_before: &setting.eta,
        eta: &setting.eta,
        lane: &setting.lane,
        feed: &setting.feed,
        now: Seconds(1),
    };
    run(&facts)
}

fn explain(
    set: &RuleSet,
    scenario: &mut Scenario<'_, SmallWorld>,
    at: i64,
    rule: &str,
    says: &str,
    failures: &mut Vec<String>,
) {
    scenario.advance(seconds(at), true);
    let Some(index) = set.find(rule) else {
        failures.push(format!("explain: no rule `{rule}`"));
        return;
    };
    let told = scenario.explain(index, &|_: Symbol| None);
    if told.says.name() != says {
        let text = told.render();
        failures.push(format!("explain {rule}: says {}, not {says}\n{text}", told.says.name()));
    }
}

/// Notes what each atom says of the shipments and events it is asked about.
fn note_atoms(set: &RuleSet, facts: &Facts<'_>, seen: &mut BTreeSet<(String, usize, bool)>) {
    let machine = set.machine(facts);
    for rule in set.rules() {
        let waits = matches!(rule.kind, Kind::Silence { .. } | Kind::Watch { .. });
        let asked = waits || facts.event.is_some_and(|event| rule.trigger().has(event));
        let fits = rule.subject == facts.shipment.subject as u8
            && rule
                .scope
                .iter()
                .all(|(field, values, _)| values.contains(&machine.row.get(*field)));
        if !asked || !fits {
            continue;
        }
        let watch = match &rule.kind {
            Kind::Watch { condition, .. } => Some(condition),
            _ => None,
        };
        let mut index = 0;
        for condition in watch.into_iter().chain([&rule.condition]) {
            let answers = machine.record(condition.program);
            for atom in &condition.atoms {
                let holds = answers[usize::from(atom.ops.end) - 1] == Verdict::True;
                seen.insert((rule.id.clone(), index, holds));
                index += 1;
            }
        }
    }
}
