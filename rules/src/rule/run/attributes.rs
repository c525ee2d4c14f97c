//! What a document says of a shipment beside its events: worth, pieces, deadlines, mode. It may come long after the
//! events, and with none.
//!
//! # Method
//!
//! Rules that watch are asked. A deadline that the shipment carries moves with it while something waits for it; what could not
//! wait before, for want of a moment or outside its scope, begins with the events of the history as after a switch of rules.
//!
//! # Holds
//!
//! - Nothing raises here but what watches: what is overdue by now is told by the next timer.
//!
//! # Does not hold
//!
//! - An `event` or `count` saw what was known at its event, and is not asked again. What was raised stays until it ends.
//! - The history keeps neither words nor points: a condition over them is false of its events, as after a switch.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::super::action::Actions;
use super::super::facts::{Facts, Scene};
use super::super::field::FieldId;
use super::super::row::{ABSENT, Row};
use super::super::rows::{RowHandle, RowStore, RuleRow, Status};
use super::super::ruleset::{Kind, Limit, Mode, Rule, RuleSet};
use super::{Turn, plus, time_of};

/// What documents say of a shipment beside its events.
const SAID: [FieldId; 9] = [
    FieldId::Mode,
    FieldId::Tier,
    FieldId::Value,
    FieldId::Pieces,
    FieldId::PiecesDelivered,
    FieldId::PickupUntil,
    FieldId::ReturnLabelUntil,
    FieldId::OriginPoint,
    FieldId::DestinationPoint,
];

fn said() -> u128 {
    SAID.iter().fold(0, |mask, field| mask | 1 << *field as u8)
}

/// The rules that begin with an event and may begin otherwise by what is said.
pub(in crate::rule) fn awaited(rules: &[Rule]) -> Vec<u16> {
    let is_awaited = |rule: &Rule| {
        matches!(rule.kind, Kind::Expect { .. } | Kind::Silence { .. })
            && rule.mode != Mode::Disabled
            && rule.reads() & said() != 0
    };
    let indexes = (0_u16..).zip(rules).filter(|(_, rule)| is_awaited(rule));
    indexes.map(|(index, _)| index).collect()
}

impl RuleSet {
    /// Asks what may have something to say now that a document said something else of the shipment. Appends to
    /// `actions.list`, sets `actions.next`.
    pub fn on_said(
        &self,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let facts = &Facts { event: None, scene: Scene::default(), ..*facts };
        for &index in &self.awaited {
            self.await_again(index, facts, store, handle, actions);
        }
        let start = actions.list.len();
        let mut turn = Turn::new(self, facts, store, handle, actions);
        turn.wake_rows();
        let index = &self.indexes[facts.shipment.subject as usize];
        if index.watches() {
            index.watchers(said(), &index.keys(Row::of(facts)), |rule| turn.watch(rule));
        }
        turn.finish(start);
    }

    fn await_again(
        &self,
        index: u16,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let rule = self.rule(index);
        let row = store.find(handle, index).copied();
        if let Some(row) = row.filter(|row| matches!(row.status, Status::Armed | Status::Paused)) {
            let moves = |turn: &mut Turn<'_>| turn.move_deadline(rule, row);
            return self.with_rule(index, facts, store, handle, actions, moves);
        }
        let known = row.map_or(Seconds::NEVER, |row| row.anchor);
        let trigger = rule.trigger();
        let is_news = |event: &Event| trigger.has(event) && known < time_of(rule, event, facts.now);
        let shown = if matches!(rule.kind, Kind::Silence { .. }) { 1 } else { usize::MAX };
        for event in facts.events().filter(is_news).take(shown) {
            let facts = Facts { event: Some(&event), ..*facts };
            let look = |turn: &mut Turn<'_>| turn.trigger(index, &event);
            self.with_rule(index, &facts, store, handle, actions, look);
        }
    }
}

impl Turn<'_> {
    /// What waits for a moment that the shipment carries waits for the one it carries now.
    fn move_deadline(&mut self, rule: &Rule, row: RuleRow) {
        let Kind::Expect { limit: Limit::Until(field, shift), .. } = rule.kind else { return };
        let moment = self.machine.row.get(field);
        let Ok(to) = u32::try_from(moment.saturating_add(shift)) else { return };
        if moment == ABSENT {
            return;
        }
        let mut moved = RuleRow { limit: to.saturating_sub(row.anchor.0), ..row };
        if row.status == Status::Armed {
            moved.deadline = Seconds(to.max(1));
            moved.wake = plus(moved.deadline, self.grace(rule));
        }
        if moved != row {
            self.save(moved);
        }
    }
}
