//! `watch`: a condition over the state, which must hold for a while and may stop for a while.

use crossdock_model::record::Seconds;

use super::super::action::{Cause, Edge};
use super::super::row::ABSENT;
use super::super::rows::{RuleRow, Status};
use super::super::ruleset::{Kind, Rule};
use super::{Turn, plus};

impl Turn<'_> {
    /// A rule that reads something which changed.
    pub(super) fn watch(&mut self, index: u16) {
        let set = self.set;
        let rule = &set.rules[usize::from(index)];
        if !self.store.has_room(self.handle, index) {
            return;
        }
        let before = self.load(index);
        let mut row = before;
        self.look(rule, &mut row);
        if row != before {
            self.save(row);
        }
    }

    /// Has the rule asked in the next second where its condition holds or it has said something, else when
    /// `since(...)` changes sides.
    pub(super) fn look_soon_watch(&self, rule: &Rule, row: &mut RuleRow) {
        let Kind::Watch { condition, wakes } = &rule.kind else { return };
        let holds = self.machine.run(condition.program) && self.machine.run(rule.residual);
        if holds || !matches!(row.status, Status::Done | Status::Armed) {
            row.wake = plus(self.now(), 1);
            if row.status == Status::Done {
                row.status = Status::Armed;
            }
        } else {
            self.set_wake(rule, row, wakes);
        }
    }

    /// Asks the condition and goes on from there.
    pub(super) fn look(&mut self, rule: &Rule, row: &mut RuleRow) {
        let Kind::Watch { condition, wakes } = &rule.kind else { return };
        let holds = self.in_force(rule)
            && self.machine.run(condition.program)
            && self.machine.run(rule.residual);
        let now = self.now();
        match (row.status, holds) {
            (Status::Done | Status::Armed | Status::Paused, true) if !self.is_spent(rule, row) => {
                row.anchor = now;
                if rule.hold == 0 {
                    self.raise(rule, row, now);
                } else {
                    row.status = Status::Pending;
                    row.deadline = plus(now, rule.hold);
                }
            }
            (Status::Pending, true) if row.deadline <= now => {
                let at = row.deadline;
                self.raise(rule, row, at);
            }
            (Status::Pending, false) => {
                self.actions.note(row.rule, Edge::Quiet);
                row.status = Status::Done;
                row.deadline = Seconds::NEVER;
            }
            (Status::Open, false) if !rule.resolve.declared => {
                if rule.keep == 0 {
                    self.end(row, now, Some(Cause::Condition), false);
                } else {
                    self.keep(rule, row);
                }
            }
            (Status::Keeping, true) if !rule.resolve.declared => {
                row.status = Status::Open;
                row.deadline = Seconds::NEVER;
            }
            (Status::Done | Status::Armed, false) => self.actions.note(row.rule, Edge::Quiet),
            _ => {}
        }
        if row.status.is_open() {
            self.look_for_end(rule, row, None);
        }
        self.set_wake(rule, row, wakes);
    }

    /// When to look again: the end of `for` or `keep`, of `resolve: after`, or when `since(...)` changes sides.
    fn set_wake(&self, rule: &Rule, row: &mut RuleRow, wakes: &[(super::FieldId, i64)]) {
        let now = self.now();
        let mut wake = Seconds::NEVER;
        let mut earliest = |at: Seconds| {
            if at.is_some() && now < at && (!wake.is_some() || at < wake) {
                wake = at;
            }
        };
        if matches!(row.status, Status::Pending | Status::Keeping) {
            earliest(row.deadline);
        }
        if row.status.is_open() {
            earliest(self.elapse(rule, row));
        }
        let spent = row.status == Status::Done && self.is_spent(rule, row);
        for (field, seconds) in wakes {
            let value = self.machine.row.get(*field);
            if value != ABSENT && !spent {
                earliest(Seconds(u32::try_from(value.saturating_add(*seconds)).unwrap_or(0)));
            }
        }
        row.wake = wake;
        if row.status == Status::Done && wake.is_some() {
            row.status = Status::Armed;
        } else if row.status == Status::Armed && !wake.is_some() {
            row.status = Status::Done;
        }
    }
}
