//! From one rule set to the next without losing or doubling what is open.
//!
//! # Place
//!
//! Made once per switch; applied by each shard to each shipment after the switch message, at once or spread
//! over time: rows that are not moved yet must not be shown to the new set.
//!
//! # Method
//!
//! Rows move by rule id. With the same shape (what the row's numbers mean) a row is kept as it is. With another one
//! what is open stays open and what waits is dropped, to be armed again by `rearm` from the kept history. A rule that
//! is gone, or disabled, resolves what it had open as `withdrawn`; its rows rest as those of a [`Retired`] one, until a
//! rule of that id comes back. What was withdrawn may then be raised again, as the next episode; what was over before
//! counts as said.
//!
//! # Holds
//!
//! - Moving twice from a set to itself changes nothing.
//! - Every open raise is afterwards open under the same rule id and episode, or resolved as withdrawn.
//! - No (rule id, episode) is raised twice on a shipment, whatever comes and goes.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::action::{Action, Actions, Cause};
use super::facts::Facts;
use super::retired::Retired;
use super::rows::{RETIRED_OTHERS, RowHandle, RowStore, RuleRow, Status};
use super::ruleset::{Kind, Mode, Rule, RuleSet};
use super::run::{Turn, plus, time_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Index in the new set.
    Keep(u16),
    /// Index in the new set; what waits is armed again.
    Rearm(u16),
    /// Index of what is gone.
    Withdraw(u16),
}

/// How rows move between two rule sets.
#[derive(Clone, Debug)]
pub struct Migration {
    moves: Vec<Move>,
    /// By place in [`Retired`]: the index in the new set of a rule that comes back.
    returns: Vec<Option<u16>>,
    /// By index in the new set: it waits for something that no rule of that name waited for before.
    arms: Vec<bool>,
    /// By index in the new set: `resolve: after`, where it is not what it was. Of what watches nothing: that is looked
    /// at again as a whole.
    afters: Vec<Option<Option<u32>>>,
}

impl Migration {
    /// Compares two sets by rule id. `retired` are the rules that went before; those that go now are added.
    #[must_use]
    pub fn new(old: &RuleSet, new: &RuleSet, retired: &mut Retired) -> Self {
        let here = |id: &str| new.find(id).filter(|at| new.rule(*at).mode != Mode::Disabled);
        let mut step = |rule: &Rule| match here(&rule.id) {
            Some(index) if new.rule(index).shape == rule.shape => Move::Keep(index),
            Some(index) => Move::Rearm(index),
            None => Move::Withdraw(retired.index(&rule.id)),
        };
        let moves = old.rules.iter().map(&mut step).collect();
        let returns = retired.ids().iter().map(|id| here(id)).collect();
        let before = |rule: &Rule| old.find(&rule.id).map(|index| old.rule(index));
        let is_watch = |rule: &Rule| matches!(rule.kind, Kind::Watch { .. });
        // A condition may hold at once when it reads otherwise, and no event will say so.
        let is_same = |old: &Rule, rule: &Rule| {
            old.shape == rule.shape && (!is_watch(rule) || old.rev == rule.rev)
        };
        let is_known = |rule: &Rule| {
            before(rule).is_some_and(|old| is_same(old, rule) && old.mode != Mode::Disabled)
        };
        let after = |rule: &Rule| {
            let is_same = before(rule).is_some_and(|old| old.resolve.after == rule.resolve.after);
            (!is_same && !is_watch(rule)).then_some(rule.resolve.after)
        };
        Self {
            moves,
            returns,
            arms: new.rules.iter().map(|rule| waits(rule) && !is_known(rule)).collect(),
            afters: new.rules.iter().map(after).collect(),
        }
    }

    /// True where some rule is new or waits for something else now, so that shipments should be looked
    /// at again.
    #[must_use]
    pub fn rearms(&self) -> bool {
        self.arms.contains(&true)
    }

    /// Moves the rows of one shipment. What is withdrawn is appended to `actions`, with the index of the *old* rule.
    pub fn apply(
        &self,
        store: &mut RowStore,
        handle: &mut RowHandle,
        now: Seconds,
        actions: &mut Actions,
    ) {
        // A shipment has at most 64 rows of 32 bytes.
        let mut moved = [RuleRow::default(); super::rows::ROWS_MAX];
        let mut count = 0;
        for row in store.rows(handle) {
            if let Some(row) = self.step(row, now, actions) {
                moved[count] = row;
                count += 1;
            }
        }
        moved[..count].sort_unstable_by_key(|row| (row.rule, row.episode));
        store.clear(handle);
        for row in &moved[..count] {
            // Of the rows that share an index, which is that of many gone rules, the highest episode counts.
            if let Some(place) = store.entry(handle, row.rule) {
                *place = *row;
            }
        }
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }

    /// Where one row goes; what is withdrawn is appended to `actions`.
    fn step(&self, row: &RuleRow, now: Seconds, actions: &mut Actions) -> Option<RuleRow> {
        if row.rule == RETIRED_OTHERS {
            return Some(*row);
        }
        if let Some(place) = Retired::place(row.rule) {
            let back = self.returns.get(place).copied().flatten();
            return Some(RuleRow { rule: back.unwrap_or(row.rule), ..*row });
        }
        let step = self.moves.get(usize::from(row.rule)).copied();
        let is_open = row.status.is_open();
        let rest = RuleRow { deadline: Seconds::NEVER, wake: Seconds::NEVER, ..*row };
        match step.expect("a row is of a rule that was in force") {
            Move::Keep(rule) => Some(RuleRow { rule, wake: self.wake(rule, row), ..*row }),
            Move::Rearm(rule) if is_open => {
                let open = RuleRow { rule, status: Status::Open, ..rest };
                Some(RuleRow { wake: self.wake(rule, &open), ..open })
            }
            Move::Withdraw(gone) if is_open => {
                let (rule, episode, cause) = (row.rule, row.episode, Cause::Withdrawn);
                actions.list.push(Action::Resolve { rule, episode, at: now, cause });
                let (anchor, raised_at) = (Seconds::NEVER, Seconds::NEVER);
                Some(RuleRow { rule: gone, status: Status::Done, anchor, raised_at, ..rest })
            }
            // What was told before stays known; what only waits counts from nothing, so that it may wait
            // for the same thing again.
            Move::Rearm(rule) | Move::Withdraw(rule) => (0 < row.episode).then(|| {
                let anchor = if row.status == Status::Done { row.anchor } else { Seconds::NEVER };
                RuleRow { rule, anchor, status: Status::Done, ..rest }
            }),
        }
    }

    /// When a row that goes on is to be looked at.
    fn wake(&self, rule: u16, row: &RuleRow) -> Seconds {
        match self.afters.get(usize::from(rule)).copied().flatten() {
            Some(after) if row.status == Status::Open => {
                after.map_or(Seconds::NEVER, |after| plus(row.raised_at, after))
            }
            _ => row.wake,
        }
    }
}

/// True where a rule may have something to say of what was before it.
fn waits(rule: &Rule) -> bool {
    !rule.apply_new && rule.mode != Mode::Disabled
}

impl RuleSet {
    /// Arms the `expect` and `silence` rules that wait for nothing, from the kept history: after a switch, for rules
    /// that are new or wait for something else now, `only` those; without, all of them. After a switch, a new or other
    /// `watch` is asked by the next timer where it holds, and so is what was withdrawn from an `event` or `count` rule
    /// that is back. Rules with `apply: new` are left out. Raises nothing: what is overdue is told by the next timer.
    pub fn rearm(
        &self,
        only: Option<&Migration>,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let told = actions.list.len();
        for (index, rule) in self.rules.iter().enumerate() {
            let is_wanted = only.is_none_or(|migration| migration.arms[index]);
            let index = u16::try_from(index).expect("at most RULES_MAX");
            if !is_wanted || !waits(rule) {
                continue;
            }
            if matches!(rule.kind, Kind::Watch { .. } | Kind::Event { .. } | Kind::Count { .. }) {
                if only.is_some() {
                    let look = |turn: &mut Turn<'_>| turn.look_soon(index);
                    self.with_rule(index, facts, store, handle, actions, look);
                }
                continue;
            }
            // What is not newer than what was told, or is open, is told or open already.
            let known = store.find(handle, index).map_or(Seconds::NEVER, |row| row.anchor);
            let trigger = rule.trigger();
            let is_news =
                |event: &Event| trigger.has(event) && known < time_of(rule, event, facts.now);
            // A silence is read off the shipment as it is; what is expected begins with each event in turn.
            let shown = if matches!(rule.kind, Kind::Silence { .. }) { 1 } else { usize::MAX };
            for event in facts.events().filter(is_news).take(shown) {
                let facts = Facts { event: Some(&event), ..*facts };
                let look = |turn: &mut Turn<'_>| turn.trigger(index, &event);
                self.with_rule(index, &facts, store, handle, actions, look);
            }
        }
        debug_assert_eq!(told, actions.list.len(), "arming says nothing");
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }
}

#[cfg(test)]
mod tests;
