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
//! is gone, or disabled, resolves what it had open as `withdrawn`.
//!
//! # Holds
//!
//! - Moving twice from a set to itself changes nothing.
//! - Every open raise is afterwards open under the same rule id and episode, or resolved as withdrawn.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::action::{Action, Actions, Cause};
use super::facts::Facts;
use super::rows::{RowHandle, RowStore, RuleRow, Status};
use super::ruleset::{Kind, Mode, RuleSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Index in the new set.
    Keep(u16),
    /// Index in the new set; what waits is armed again.
    Rearm(u16),
    Withdraw,
}

/// How rows move between two rule sets.
#[derive(Clone, Debug)]
pub struct Migration {
    moves: Vec<Move>,
}

impl Migration {
    /// Compares two sets by rule id.
    #[must_use]
    pub fn new(old: &RuleSet, new: &RuleSet) -> Self {
        let moves = old
            .rules
            .iter()
            .map(|rule| match new.find(&rule.id) {
                Some(index) if new.rule(index).mode == Mode::Disabled => Move::Withdraw,
                Some(index) if new.rule(index).shape == rule.shape => Move::Keep(index),
                Some(index) => Move::Rearm(index),
                None => Move::Withdraw,
            })
            .collect();
        Self { moves }
    }

    /// True where some rule waits for something else now, so that shipments should be looked at again.
    #[must_use]
    pub fn rearms(&self) -> bool {
        self.moves.iter().any(|step| matches!(step, Move::Rearm(_)))
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
            let step = self.moves.get(usize::from(row.rule)).copied().unwrap_or(Move::Withdraw);
            match step {
                Move::Keep(rule) => {
                    moved[count] = RuleRow { rule, ..*row };
                    count += 1;
                }
                Move::Rearm(rule) if row.status.is_open() || 0 < row.episode => {
                    let status = if row.status.is_open() { Status::Open } else { Status::Done };
                    moved[count] = RuleRow { rule, status, wake: Seconds::NEVER, ..*row };
                    count += 1;
                }
                Move::Rearm(_) => {}
                Move::Withdraw if row.status.is_open() => {
                    let (rule, episode, cause) = (row.rule, row.episode, Cause::Withdrawn);
                    actions.list.push(Action::Resolve { rule, episode, at: now, cause });
                }
                Move::Withdraw => {}
            }
        }
        moved[..count].sort_unstable_by_key(|row| row.rule);
        store.clear(handle);
        *handle = store.restore(&moved[..count]).unwrap_or_default();
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }
}

impl RuleSet {
    /// Arms the `expect` and `silence` rules that wait for nothing, from the kept history: after a switch, for rules
    /// that are new or wait for something else now. Rules with `apply: new` are left out. Raises nothing: what
    /// is overdue is told by the next timer.
    pub fn rearm(
        &self,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let waits = |kind: &Kind| matches!(kind, Kind::Expect { .. } | Kind::Silence { .. });
        let told = actions.list.len();
        // The newest event of each trigger is the one that would have armed the rule last.
        for (index, rule) in self.rules.iter().enumerate() {
            let index = u16::try_from(index).expect("at most RULES_MAX");
            if !waits(&rule.kind) || rule.apply_new || rule.mode == Mode::Disabled {
                continue;
            }
            if store.find(handle, index).is_some() {
                continue;
            }
            let trigger = rule.trigger();
            let newest: Option<&Event> = facts
                .history
                .iter()
                .filter(|event| trigger.has(event))
                .max_by_key(|event| event.time.instant);
            if let Some(event) = newest {
                let facts = Facts { event: Some(event), ..*facts };
                self.on_event_of(index, &facts, store, handle, actions);
            }
        }
        debug_assert_eq!(told, actions.list.len(), "arming says nothing");
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }
}
