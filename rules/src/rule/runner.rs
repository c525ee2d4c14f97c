//! Runs rule tests, and tells which ways of which rules no test takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crossdock_model::record::Seconds;

use super::action::{Action, Edge};
use super::calendars::{CalendarRef, Role};
use super::diagnostic::Report;
use super::duration::{Duration, show};
use super::facts::{Facts, Symbol};
use super::machine::{Machine, Verdict};
use super::row::Row;
use super::ruleset::{Kind, Mode, RuleSet};
use super::scenario::{Said, Scenario};
use super::stage;
use super::suite::{Case, Step, fault, moment, step};
use super::world::SmallWorld;
use super::yaml::Node;
use crate::calendar::civil;

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

/// Plays a test up to a moment, or to its last event, and explains a rule there.
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
        let until = at.and_then(moment).unwrap_or(last);
        let mut scenario = Scenario::new(set, SmallWorld::default(), setting, seconds(start));
        for (at, step) in steps.iter().filter(|(at, _)| *at <= until) {
            stage.take(&mut scenario, *at, step, moment);
        }
        scenario.advance(seconds(until), true);
        told = Some(scenario.explain(index, &|_: Symbol| None).render());
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
                shipment.pieces_delivered = delivered.unwrap_or(shipment.pieces_delivered);
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
    let mut row = Row::default();
    row.gather(facts, super::field::Groups(u8::MAX));
    let machine = Machine { pool: &set.pool, facts, row: &row, calendars: &set.calendars };
    for rule in set.rules() {
        let waits = matches!(rule.kind, Kind::Silence { .. } | Kind::Watch { .. });
        let asked = waits || facts.event.is_some_and(|event| rule.trigger().has(event));
        let fits = rule.subject == facts.shipment.subject as u8
            && rule.scope.iter().all(|(field, values, _)| values.contains(&row.get(*field)));
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

/// What a test says should happen.
#[derive(Default)]
struct Expected {
    raised: Option<Vec<Line>>,
    includes: Vec<Line>,
    retracted: Option<Vec<Line>>,
    resolved: Option<Vec<Line>>,
    not_raised: Vec<String>,
    open_at_end: Option<Vec<String>>,
    explains: Vec<(i64, String, String)>,
    tolerance: i64,
}

/// One expected line: when, code, and what else it says.
#[derive(Clone, Debug)]
struct Line {
    at: Option<i64>,
    code: String,
    rule: Option<String>,
    cause: Option<String>,
    message: Option<String>,
}

impl Expected {
    fn read(case: &Case, at: stage::Moment<'_>, report: &mut Report) -> Self {
        let mut lines = |key: &str| -> Option<Vec<Line>> {
            let node = case.node.get(key)?;
            Some(node.elements().iter().filter_map(|node| line(node, at, report)).collect())
        };
        let mut expected = Self {
            raised: lines("raised"),
            includes: lines("raised_includes").unwrap_or_default(),
            retracted: lines("retracted"),
            resolved: lines("resolved"),
            tolerance: 60,
            ..Self::default()
        };
        let words = |key: &str| -> Option<Vec<String>> {
            let node = case.node.get(key)?;
            Some(node.elements().iter().filter_map(Node::text).map(str::to_owned).collect())
        };
        expected.not_raised = words("not_raised").unwrap_or_default();
        expected.open_at_end = words("open_at_end");
        if let Some(Ok(Duration::Plain(tolerance))) =
            case.node.get("tolerance").and_then(Node::text).map(Duration::parse)
        {
            expected.tolerance = tolerance.into();
        }
        for node in case.node.get("explain").map_or(&[][..], Node::elements) {
            let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or("").to_owned();
            match at(&text("at")) {
                Some(moment) => expected.explains.push((moment, text("rule"), text("says"))),
                None => fault(
                    node.span,
                    "`explain` without a moment",
                    "Write `{ rule: ..., at: +60h, says: paused }`.",
                    report,
                ),
            }
        }
        expected
    }

    /// The last moment that matters.
    fn latest(&self) -> i64 {
        let all = [&self.raised, &self.retracted, &self.resolved].into_iter().flatten().flatten();
        let explains = self.explains.iter().map(|(at, ..)| *at);
        all.chain(&self.includes).filter_map(|line| line.at).chain(explains).max().unwrap_or(0)
    }

    fn compare(
        &self,
        case: &Case,
        set: &RuleSet,
        said: &[Said],
        open: &[String],
        start: i64,
        failures: &mut Vec<String>,
    ) {
        let counts = |action: &Action| {
            case.only.as_ref().is_none_or(|only| set.rule(action.rule()).id == *only)
        };
        let of = |keep: fn(&Action) -> bool| -> Vec<Said> {
            said.iter().filter(|said| keep(&said.action) && counts(&said.action)).copied().collect()
        };
        let raised = of(|action| matches!(action, Action::Raise { .. }));
        let retracted = of(|action| matches!(action, Action::Retract { .. }));
        let resolved = of(|action| matches!(action, Action::Resolve { .. }));
        let teller = Teller { set, start, tolerance: self.tolerance };
        for (what, wanted, got) in [
            ("raised", &self.raised, &raised),
            ("retracted", &self.retracted, &retracted),
            ("resolved", &self.resolved, &resolved),
        ] {
            if let Some(wanted) = wanted {
                teller.exact(what, wanted, got, failures);
            }
        }
        teller.includes(&self.includes, &raised, failures);
        for code in &self.not_raised {
            if let Some(said) =
                raised.iter().find(|said| set.rule(said.action.rule()).code == *code)
            {
                failures.push(format!("{code} was raised: {}", teller.show(said)));
            }
        }
        if let Some(wanted) = &self.open_at_end {
            let (mut wanted, mut open) = (wanted.clone(), open.to_vec());
            if let Some(only) = case.only.as_ref().and_then(|only| set.find(only)) {
                open.retain(|code| *code == set.rule(only).code);
            }
            wanted.sort();
            open.sort();
            if wanted != open {
                failures.push(format!("open at the end: {open:?}, not {wanted:?}"));
            }
        }
    }
}

struct Teller<'a> {
    set: &'a RuleSet,
    start: i64,
    tolerance: i64,
}

impl Teller<'_> {
    fn fits(&self, line: &Line, said: &Said) -> bool {
        let rule = self.set.rule(said.action.rule());
        let cause = match said.action {
            Action::Raise { .. } => None,
            Action::Resolve { cause, .. } | Action::Retract { cause, .. } => Some(cause.name()),
        };
        let message = || match &said.action {
            Action::Raise { args, .. } => rule.message.render(args, &|_| None),
            _ => String::new(),
        };
        rule.code == line.code
            && line.at.is_none_or(|at| (i64::from(said.at.0) - at).abs() <= self.tolerance)
            && line.rule.as_ref().is_none_or(|id| *id == rule.id)
            && line.cause.as_deref().is_none_or(|wanted| Some(wanted) == cause)
            && line.message.as_ref().is_none_or(|wanted| *wanted == message())
    }

    fn exact(&self, what: &str, wanted: &[Line], got: &[Said], failures: &mut Vec<String>) {
        let mut left: Vec<&Said> = got.iter().collect();
        for line in wanted {
            match left.iter().position(|said| self.fits(line, said)) {
                Some(at) => {
                    left.remove(at);
                }
                None => failures.push(format!("not {what}: {}", self.show_line(line))),
            }
        }
        for said in left {
            failures.push(format!("{what}, but not expected: {}", self.show(said)));
        }
    }

    fn includes(&self, wanted: &[Line], got: &[Said], failures: &mut Vec<String>) {
        for line in wanted {
            if !got.iter().any(|said| self.fits(line, said)) {
                failures.push(format!("not raised: {}", self.show_line(line)));
            }
        }
    }

    fn show(&self, said: &Said) -> String {
        let rule = self.set.rule(said.action.rule());
        let mut out =
            format!("+{} {} ({})", show(i64::from(said.at.0) - self.start), rule.code, rule.id);
        match &said.action {
            Action::Raise { args, .. } => {
                let message = rule.message.render(args, &|_| None);
                if !message.is_empty() {
                    write!(out, " \"{message}\"").expect("writing to a string");
                }
            }
            Action::Resolve { cause, .. } | Action::Retract { cause, .. } => {
                write!(out, " cause {}", cause.name()).expect("writing to a string");
            }
        }
        out
    }

    fn show_line(&self, line: &Line) -> String {
        let at = line
            .at
            .map_or_else(|| "at any time".to_owned(), |at| format!("+{}", show(at - self.start)));
        let cause = line.cause.as_ref().map_or(String::new(), |cause| format!(" cause {cause}"));
        let message = line.message.as_ref().map_or(String::new(), |text| format!(" \"{text}\""));
        format!("{at} {}{cause}{message}", line.code)
    }
}

/// `+0h DAMAGED`, or `{ at: ..., code: ..., rule: ..., cause: ..., message: ... }`.
fn line(node: &Node, at: stage::Moment<'_>, report: &mut Report) -> Option<Line> {
    let (when, code, rest) = match node.text() {
        Some(text) => {
            let mut words = text.split_whitespace();
            let first = words.next().unwrap_or("").to_owned();
            match words.next() {
                Some(code) => (first, code.to_owned(), words.next().map(str::to_owned)),
                None => (String::new(), first, None),
            }
        }
        None => {
            let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or("").to_owned();
            (text("at"), text("code"), None)
        }
    };
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let moment = if when.is_empty() { None } else { at(&when) };
    if !when.is_empty() && moment.is_none() || code.is_empty() {
        let help = "Write `+2bd@15:00 CODE`, or `{ at: +2bd@15:00, code: CODE }`.";
        fault(node.span, format!("`{when} {code}` is no line of what is expected"), help, report);
        return None;
    }
    Some(Line {
        at: moment,
        code,
        rule: text("rule"),
        cause: text("cause").or(rest),
        message: text("message"),
    })
}

/// JUnit XML of all outcomes.
#[must_use]
pub fn junit(outcomes: &[Outcome]) -> String {
    let mut suites: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        suites.entry(&outcome.suite).or_default().push(outcome);
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (suite, outcomes) in suites {
        let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\">\n",
            escaped(suite),
            outcomes.len()
        ));
        for outcome in outcomes {
            out.push_str(&format!(
                "    <testcase classname=\"{}\" name=\"{}\"",
                escaped(suite),
                escaped(&outcome.name)
            ));
            if outcome.passed() {
                out.push_str("/>\n");
            } else {
                let text = if outcome.todo {
                    "marked `todo`, but it passes now".to_owned()
                } else {
                    outcome.failures.join("\n")
                };
                out.push_str(&format!("><failure>{}</failure></testcase>\n", escaped(&text)));
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
