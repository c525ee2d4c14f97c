//! Why a rule raised, or why not: atom by atom, and the arithmetic of its deadline.
//!
//! # Method
//!
//! The operations that run in production, taken one by one without short circuit through the same
//! `Machine::step`. The verdict is that of the jumps over the recorded answers.
//!
//! # Holds
//!
//! - The verdict told is the verdict of production (property test in `tests`).

use crossdock_model::event::Event;

use super::calendars::CalendarRef;
use super::duration::{Duration, show};
use super::facts::{Facts, Symbol};
use super::field::FieldId;
use super::limits::REGISTERS;
use super::machine::{ACCEPT, Machine, Program, REJECT, Verdict};
use super::message::show_value;
use super::row::{ABSENT, text_of};
use super::rows::{RuleRow, Status};
use super::ruleset::{Condition, Kind, Limit, Rule, RuleSet, StallLimit};
use super::run::time_of;
use crate::calendar::{OpenTime, civil, zones};

/// Where a rule stands with a shipment, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Its scope does not accept the shipment.
    OutOfScope,
    /// It waits for its first event.
    Idle,
    /// Its condition does not hold.
    Quiet,
    /// Its clock runs.
    Waiting,
    /// Its clock stands still.
    Paused,
    /// Its condition holds, for less than `for` so far.
    Pending,
    /// It raised, and that is open.
    Open,
    /// Open, though its condition stopped holding, for less than `keep` so far.
    Keeping,
    /// It raised, and that is over.
    Over,
    /// It is not in force: disabled, or outside of `effective`.
    NotInForce,
}

impl Says {
    /// The word in rule tests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutOfScope => "out_of_scope",
            Self::Idle => "idle",
            Self::Quiet => "quiet",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Keeping => "keeping",
            Self::Over => "over",
            Self::NotInForce => "not_in_force",
        }
    }
}

/// One atom, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtomAnswer {
    /// As written.
    pub text: String,
    /// It must not hold: `unless`, or a negation.
    pub is_denied: bool,
    /// What it said.
    pub verdict: Verdict,
    /// The fields it reads with their values.
    pub values: Vec<(FieldId, String)>,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The rule.
    pub rule: String,
    /// In one word.
    pub says: Says,
    /// The verdict of the condition.
    pub holds: bool,
    /// Its atoms in the order written.
    pub atoms: Vec<AtomAnswer>,
    /// Line by line for people.
    pub lines: Vec<String>,
}

impl Explanation {
    /// The lines as one text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!("rule {}: {}\n", self.rule, self.says.name());
        for line in &self.lines {
            out.push_str("  ");
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}

impl RuleSet {
    /// The event of the history that a rule was or would be asked at: of kind `event` the one that it raised at, else the
    /// newest that it is about; of kind `expect` the one from which it counts, else the newest that it waits behind.
    #[must_use]
    pub fn event_of(&self, rule: u16, facts: &Facts<'_>, rows: &[RuleRow]) -> Option<Event> {
        let row = rows.iter().find(|row| row.rule == rule);
        let rule = self.rule(rule);
        let of = match &rule.kind {
            Kind::Event { on } => on,
            Kind::Expect { after, .. } => after,
            _ => return None,
        };
        let is_it = |event: &Event, row: &RuleRow| match rule.kind {
            Kind::Event { .. } => is_cause(event, row),
            _ => row.anchor == time_of(rule, event, facts.now),
        };
        let found = row.and_then(|row| facts.events_of(of).find(|event| is_it(event, row)));
        found.or_else(|| facts.events_of(of).last())
    }

    /// Says where a rule stands with a shipment and why. `name` gives the word of a [`Symbol`] where the caller knows it.
    #[must_use]
    pub fn explain(
        &self,
        rule: u16,
        facts: &Facts<'_>,
        rows: &[RuleRow],
        name: &dyn Fn(Symbol) -> Option<String>,
    ) -> Explanation {
        let machine = self.machine(facts);
        let rule_row = rows.iter().find(|row| row.rule == rule).copied();
        let rule = self.rule(rule);
        let teller = Teller { set: self, rule, machine, name };
        teller.explain(rule_row)
    }
}

/// True where a rule of kind `event` raised at this event.
fn is_cause(event: &Event, row: &RuleRow) -> bool {
    row.used == event.fingerprint.0 as u32
}

struct Teller<'a> {
    set: &'a RuleSet,
    rule: &'a Rule,
    machine: Machine<'a>,
    name: &'a dyn Fn(Symbol) -> Option<String>,
}

impl Teller<'_> {
    fn explain(&self, row: Option<RuleRow>) -> Explanation {
        let rule = self.rule;
        let mut lines =
            vec![format!("{} ({}, rev {:016x})", rule.title, rule.kind_name(), rule.rev)];
        let in_scope = self.scope(&mut lines);
        let conditions: Vec<&Condition> = match &rule.kind {
            Kind::Watch { condition, .. } => vec![condition, &rule.condition],
            _ => vec![&rule.condition],
        };
        let mut atoms = Vec::new();
        let mut holds = true;
        for condition in conditions {
            holds &= self.machine.explain(condition.program);
            atoms.extend(self.atoms(condition));
        }
        for atom in &atoms {
            lines.push(show_atom(atom));
        }
        if !atoms.is_empty() {
            // Words and places of events are kept, points are not.
            let was_asked = row.is_some_and(|row| {
                let cause = self.machine.facts.event.filter(|event| is_cause(event, &row));
                row.status.is_open() && cause.is_some()
            });
            let verdict = match holds {
                true => "holds",
                false if was_asked => "held at the event; what is absent by now is not kept",
                false => "does not hold",
            };
            lines.push(format!("the condition {verdict}"));
        }
        let now = self.machine.facts.now;
        let in_force = rule.effective.0 <= now.0
            && now.0 < rule.effective.1
            && rule.mode != super::ruleset::Mode::Disabled;
        let says = match row.map(|row| row.status) {
            _ if !in_force => Says::NotInForce,
            Some(Status::Open) => Says::Open,
            Some(Status::Keeping) => Says::Keeping,
            Some(Status::Paused) => Says::Paused,
            Some(Status::Pending) => Says::Pending,
            Some(Status::Armed) if !matches!(rule.kind, Kind::Watch { .. }) => Says::Waiting,
            Some(Status::Done) if row.is_some_and(|row| 0 < row.episode) => Says::Over,
            _ if !in_scope => Says::OutOfScope,
            _ if !holds => Says::Quiet,
            _ => Says::Idle,
        };
        if let Some(row) = row {
            self.tell_row(&row, &mut lines);
        }
        lines.push(self.outlook(says, row.as_ref()));
        Explanation { rule: rule.id.clone(), says, holds, atoms, lines }
    }

    fn scope(&self, lines: &mut Vec<String>) -> bool {
        let mut fits = self.machine.facts.shipment.subject as u8 == self.rule.subject;
        for (field, values, text) in &self.rule.scope {
            let value = self.machine.row.get(*field);
            let accepted = value != ABSENT && values.binary_search(&value).is_ok();
            let shown = self.show(*field, value);
            lines.push(format!("scope {text}: {} ({shown})", if accepted { "yes" } else { "no" }));
            fits &= accepted;
        }
        fits
    }

    fn atoms(&self, condition: &Condition) -> Vec<AtomAnswer> {
        let verdicts = self.machine.record(condition.program);
        condition
            .atoms
            .iter()
            .map(|atom| AtomAnswer {
                text: atom.text.clone(),
                is_denied: atom.is_denied,
                verdict: verdicts[usize::from(atom.ops.end) - 1],
                values: atom
                    .fields
                    .iter()
                    .map(|field| (*field, self.show(*field, self.machine.row.get(*field))))
                    .collect(),
            })
            .collect()
    }

    fn show(&self, field: FieldId, value: i64) -> String {
        if let Some(text) = text_of(self.machine.facts, field) {
            return format!("\"{text}\"");
        }
        if value == ABSENT {
            "absent".to_owned()
        } else {
            show_value(field.kind(), value, self.name)
        }
    }

    fn tell_row(&self, row: &RuleRow, lines: &mut Vec<String>) {
        let (calendar, duration) = match &self.rule.kind {
            Kind::Expect { limit: Limit::Within(duration), calendar, .. } => {
                (Some(*calendar), Some(*duration))
            }
            Kind::Silence { limit: StallLimit::Fixed(duration), calendar, .. } => {
                (Some(*calendar), Some(*duration))
            }
            Kind::Silence { calendar, .. } => {
                (Some(*calendar), Some(Duration::BusinessHours(row.limit)))
            }
            _ => (None, None),
        };
        let open = self.set.calendars.open_time(
            self.machine.facts,
            calendar.unwrap_or(CalendarRef::Role(super::calendars::Role::Destination)),
        );
        if row.anchor.is_some() {
            lines.push(format!("counts from {}", local(&open, row.anchor.0)));
        }
        if row.used != 0 && matches!(row.status, Status::Paused | Status::Armed) {
            lines.push(format!(
                "{} of {} used before the clock stood still",
                show(row.used.into()),
                show(row.limit.into())
            ));
        }
        let counts = row.status == Status::Armed || row.status.is_open();
        if counts
            && row.used == 0
            && let Some(duration) = duration
        {
            let (calendar, zone) = (&open.calendar.name, open.zone.iana_name().unwrap_or("UTC"));
            lines.push(format!("limit {duration} by calendar {calendar} in {zone}"));
            arithmetic(&open, row.anchor.0, duration, lines);
        }
        if let Kind::Expect { limit: Limit::By(..), .. } = &self.rule.kind
            && row.deadline.is_some()
        {
            lines.push(format!("by the wall clock in {}", open.zone.iana_name().unwrap_or("UTC")));
        }
        if row.deadline.is_some() {
            lines.push(format!("deadline {}", local(&open, row.deadline.0)));
        }
        if row.wake.is_some() {
            let grace = i64::from(row.wake.0) - i64::from(row.deadline.0);
            let with = if 0 < grace && row.deadline.is_some() {
                format!(" (grace {})", show(grace))
            } else {
                String::new()
            };
            lines.push(format!("looks again at {}{with}", local(&open, row.wake.0)));
        }
        if 0 < row.episode {
            lines.push(format!(
                "raised {} times, last at {}",
                row.episode,
                local(&open, row.raised_at.0)
            ));
        }
    }

    /// What would change the answer.
    fn outlook(&self, says: Says, row: Option<&RuleRow>) -> String {
        match says {
            Says::OutOfScope => "never raises on this shipment".to_owned(),
            Says::Idle => "raises at the next event that starts it".to_owned(),
            Says::Quiet => "raises once the condition holds".to_owned(),
            Says::Waiting => {
                let to = row.map_or(String::new(), |row| civil::show_instant(row.wake.0.into()));
                format!("raises at {to} unless what it waits for comes")
            }
            Says::Paused => "the clock stands still; it goes on when the hold is over".to_owned(),
            Says::Pending => "raises when the condition has held long enough".to_owned(),
            Says::Open => "open until it is resolved".to_owned(),
            Says::Keeping => "resolves when it has not held for long enough".to_owned(),
            Says::Over => "raised before; `once` says whether it may again".to_owned(),
            Says::NotInForce => "not in force".to_owned(),
        }
    }
}

/// Lines of arithmetic before the rest is only counted.
const LINES_MAX: usize = 20;

/// `Mon 2026-03-02 09:00 +10h -> Mon 18:00`, one line per opening or open day.
fn arithmetic(open: &OpenTime<'_>, anchor: u32, duration: Duration, lines: &mut Vec<String>) {
    let shown = |at: i64| local(open, u32::try_from(at).unwrap_or(0));
    if let Duration::Plain(seconds) = duration {
        let to = i64::from(anchor) + i64::from(seconds);
        lines.push(format!("{} +{} -> {}", local(open, anchor), show(seconds.into()), shown(to)));
        return;
    }
    let start = open.start(i64::from(anchor)).unwrap_or_else(|| i64::from(anchor));
    if start != i64::from(anchor) {
        let cutoff = open.calendar.cutoff.map_or(String::new(), |second| {
            format!(" or past the cut-off {:02}:{:02}", second / 3600, second / 60 % 60)
        });
        let anchor = local(open, anchor);
        lines.push(format!("{anchor} is closed{cutoff}: counts from {}", shown(start)));
    }
    let (mut told, mut more) = (0, 0);
    let mut tell = |from: i64, what: String, to: i64| {
        told += 1;
        if told <= LINES_MAX {
            lines.push(format!("{} +{what} -> {}", shown(from), shown(to)));
        } else {
            more += 1;
        }
    };
    match duration {
        Duration::Plain(_) => {}
        Duration::BusinessHours(seconds) => {
            open.add_seconds_with(anchor.into(), seconds, |used| {
                tell(used.from, show(used.to - used.from), used.to);
            });
        }
        Duration::BusinessDays(days) => {
            let mut from = start;
            for count in 1..=days {
                let Some(to) = open.add_days(anchor.into(), count) else { break };
                tell(from, "1 open day".to_owned(), to);
                from = to;
            }
        }
    }
    if 0 < more {
        lines.push(format!("... and {more} more of the same"));
    }
}

/// `Mon 2026-03-02 09:00` in the zone of a calendar.
fn local(open: &OpenTime<'_>, at: u32) -> String {
    let (day, second) = zones::local(open.zone, at.into());
    let date = civil::show_date(day.into());
    format!("{} {date} {:02}:{:02}", civil::weekday_name(day), second / 3600, second / 60 % 60)
}

fn show_atom(atom: &AtomAnswer) -> String {
    let verdict = match atom.verdict {
        Verdict::True => "yes",
        Verdict::False => "no",
        Verdict::Absent => "absent",
    };
    let values: Vec<String> =
        atom.values.iter().map(|(field, value)| format!("{} = {value}", field.name())).collect();
    let unless = if atom.is_denied { "unless " } else { "" };
    if values.is_empty() {
        format!("{unless}{}: {verdict}", atom.text)
    } else {
        format!("{unless}{}: {verdict} ({})", atom.text, values.join(", "))
    }
}

impl Machine<'_> {
    /// What every operation says, none left out.
    pub(crate) fn record(&self, program: Program) -> Vec<Verdict> {
        let start = program.start as usize;
        let mut registers = [ABSENT; REGISTERS];
        let ops = &self.pool.ops[start..start + program.len as usize];
        ops.iter().map(|op| self.step(op, &mut registers)).collect()
    }

    /// The verdict over the recorded answers.
    pub(crate) fn explain(&self, program: Program) -> bool {
        let answers = self.record(program);
        let ops = &self.pool.ops[program.start as usize..];
        let mut at = 0;
        // Ends: jumps go forward.
        while at < answers.len() {
            let next = if answers[at] == Verdict::True { ops[at].yes } else { ops[at].no };
            match next {
                ACCEPT => return true,
                REJECT => return false,
                next => at = usize::from(next),
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
