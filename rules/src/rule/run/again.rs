//! A rule that was gone and is back: what it had said and was withdrawn is said again where it still holds.
//!
//! # Method
//!
//! `expect`, `silence` and `watch` look at the shipment as it is. For `event` and `count`, the newest event of the
//! history that would have raised, and that nothing has ended since, raises the next episode.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::super::facts::{Facts, Scene};
use super::super::rows::{RuleRow, Status};
use super::super::ruleset::{Kind, Rule};
use super::expect::rest;
use super::{Turn, plus};

impl Turn<'_> {
    /// Has a rule asked in the next second, where it may have something to say of what is known.
    pub(in crate::rule) fn look_soon(&mut self, index: u16) {
        let rule = &self.set.rules[usize::from(index)];
        if !self.store.has_room(self.handle, index) {
            return;
        }
        let mut row = self.load(index);
        let was_withdrawn =
            row.status == Status::Done && row.episode != 0 && !row.raised_at.is_some();
        match rule.kind {
            Kind::Watch { .. } => self.look_soon_watch(rule, &mut row),
            Kind::Event { .. } | Kind::Count { .. } if was_withdrawn => {
                row.status = Status::Armed;
                row.wake = plus(self.now(), 1);
            }
            _ => return,
        }
        self.save(row);
    }

    /// Raises again what was withdrawn.
    pub(super) fn wake_event(&mut self, rule: &Rule, row: &mut RuleRow) {
        if row.status == Status::Armed {
            rest(row);
            if self.in_force(rule) {
                self.raise_from_history(rule, row);
            }
        }
        if !row.status.is_open() {
            row.wake = Seconds::NEVER;
        }
    }

    fn raise_from_history(&mut self, rule: &Rule, row: &mut RuleRow) {
        let trigger = rule.trigger();
        let counts = |turn: &Self, event: &Event, at: Seconds| match &rule.kind {
            Kind::Count { at_least, .. } => *at_least <= turn.count_to(rule, at),
            _ => turn.fits(rule, event) && !turn.is_taken_back(event),
        };
        let raises = |event: &Event| {
            let at = self.time_of(rule, event);
            trigger.has(event)
                && !self.is_unfit(rule, event)
                && !self.is_over(rule, at)
                && counts(self, event, at)
        };
        let found = self.facts.events().filter(raises).max_by_key(|event| event.time.instant);
        let Some(event) = found else { return };
        let facts = Facts { event: Some(&event), scene: Scene::default(), ..*self.facts };
        let at = self.time_of(rule, &event);
        if let Kind::Count { .. } = rule.kind {
            row.count = self.count_to(rule, at);
        }
        row.used = event.fingerprint.0 as u32;
        row.anchor = at;
        let Self { set, store, handle, actions, .. } = self;
        Turn::new(set, &facts, store, handle, actions).raise(rule, row, at);
    }
}
