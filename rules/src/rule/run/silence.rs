//! `silence`: nothing of a kind for longer than usual, while the shipment is on its way.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::super::action::{Cause, Edge};
use super::super::event_set::EventSet;
use super::super::rows::{RuleRow, Status};
use super::super::ruleset::{Kind, Rule};
use super::expect::rest;
use super::{Turn, plus};

impl Turn<'_> {
    pub(super) fn follow_silence(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let Kind::Silence { of, .. } = &rule.kind else { return };
        let time = self.time_of(rule, event);
        if row.status.is_open() && of.has(event) && row.anchor < time {
            if time < row.deadline {
                self.end(row, time, Some(Cause::LateEvent), true);
            } else if !rule.resolve.declared || rule.resolve.event.has(event) {
                self.end(row, time, Some(Cause::Event), false);
            }
        }
        self.touch_silence(rule, row, Some(event));
    }

    /// Brings the clock in line with the record.
    pub(super) fn touch_silence(&mut self, rule: &Rule, row: &mut RuleRow, event: Option<&Event>) {
        let Kind::Silence { of, states, limit, calendar, pause } = &rule.kind else { return };
        let time = event.map_or_else(|| self.now(), |event| self.time_of(rule, event));
        if !states.contains(self.facts.after.milestone) || !self.in_force(rule) {
            if row.status.is_open() {
                if !rule.resolve.declared || rule.resolve.when.is_none() {
                    self.end(row, time, Some(Cause::Condition), false);
                }
            } else {
                if row.status == Status::Armed {
                    self.actions.note(row.rule, Edge::Quiet);
                }
                rest(row);
            }
            return;
        }
        if row.status.is_open() || (self.is_spent(rule, row) && row.status == Status::Done) {
            return;
        }
        let last = self.last_of(rule, of);
        let running = matches!(row.status, Status::Armed | Status::Paused);
        let begins = !running || row.anchor < last;
        if begins {
            let anchor =
                if last.is_some() { last } else { self.facts.after.milestone_at.max(time) };
            let duration = self.stall_limit(*limit);
            let Some((deadline, seconds)) = self.after(duration, *calendar, anchor) else { return };
            if row.status == Status::Armed {
                self.actions.note(row.rule, Edge::Quiet);
            }
            row.anchor = anchor;
            row.deadline = deadline;
            row.limit = seconds;
            row.used = 0;
            row.wake = plus(deadline, self.grace(rule));
            row.status = Status::Armed;
        }
        match (row.status, self.is_paused(*pause)) {
            (Status::Armed, true) if begins => {
                let time = self.pause_began(rule, *pause, row.anchor);
                self.stop_clock(rule, row, time);
            }
            (Status::Armed, true) => self.stop_clock(rule, row, time),
            (Status::Paused, false) => self.start_clock(rule, row, time),
            _ => {}
        }
    }

    pub(super) fn wake_silence(&mut self, rule: &Rule, row: &mut RuleRow) {
        if row.status != Status::Armed || self.is_frozen(rule, row) {
            return;
        }
        self.touch_silence(rule, row, None);
        let due = row.status == Status::Armed && row.wake <= self.now();
        if due && self.machine.run(rule.residual) && !self.is_spent(rule, row) {
            let at = row.deadline;
            self.raise(rule, row, at);
        } else if due {
            // Its condition does not hold: the next event looks again.
            self.actions.note(row.rule, Edge::Quiet);
            row.wake = Seconds::NEVER;
        }
    }

    /// The newest event of a set: from the record for scans, else from the history.
    fn last_of(&self, rule: &Rule, of: &EventSet) -> Seconds {
        let only_scans = EventSet { physical: true, ..EventSet::default() };
        if *of == only_scans {
            return self.facts.after.physical_at;
        }
        let times = self.facts.events_of(of);
        times.map(|event| self.time_of(rule, &event)).max().unwrap_or(Seconds::NEVER)
    }
}
