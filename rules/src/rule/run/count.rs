//! `count`: so many events of a kind.
//!
//! # Method
//!
//! Counted over the kept history at each event of the kind, so that late and taken back events give the same
//! number in any order of arrival.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::record::Seconds;

use super::super::action::{Cause, Edge};
use super::super::calendars::Role;
use super::super::facts::{Facts, Scene};
use super::super::rows::RuleRow;
use super::super::ruleset::{Distinct, Kind, Rule};
use super::Turn;
use crate::calendar::zones;

/// Things that are told apart when counting. More of them count as this many.
const DISTINCT_MAX: usize = 200;

impl Turn<'_> {
    pub(super) fn count(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let Kind::Count { at_least, .. } = &rule.kind else { return };
        let at = self.time_of(rule, event);
        let count = self.count_to(rule, at);
        if count < *at_least {
            self.actions.note(row.rule, Edge::Quiet);
            return;
        }
        let open = row.status.is_open();
        if open || self.is_spent(rule, row) || self.is_unfit(rule, event) || self.is_over(rule, at)
        {
            return;
        }
        let mark = event.fingerprint.0 as u32;
        if row.episode != 0 && row.used == mark && row.raised_at == self.now() {
            return;
        }
        row.count = count;
        row.used = mark;
        row.anchor = at;
        self.raise(rule, row, at);
    }

    pub(super) fn follow_count(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let Kind::Count { of, at_least, .. } = &rule.kind else { return };
        let taken_back = event.flags.has(EventFlags::RETRACTS) && of.says(event);
        if taken_back && row.status.is_open() && self.count_to(rule, row.anchor) < *at_least {
            self.end(row, self.now(), Some(Cause::EventRetracted), true);
        }
    }

    /// How many there are up to a moment.
    pub(super) fn count_to(&self, rule: &Rule, to: Seconds) -> u16 {
        let Kind::Count { of, within, distinct, .. } = &rule.kind else { return 0 };
        let from = within.map_or(0, |within| to.0.saturating_sub(within));
        let mut keys = [0_u64; DISTINCT_MAX];
        let mut count = 0;
        let zone = zones::of(self.set.calendars.zone(self.facts, Role::Destination));
        let retracts = self.facts.history.has_retraction();
        for event in self.facts.events_of(of) {
            let event = &event;
            let time = self.time_of(rule, event);
            let inside = from <= time.0 && (within.is_none() || time <= to);
            let is_taken_back = || retracts && self.is_taken_back(event);
            if !inside || is_taken_back() || !self.fits(rule, event) {
                continue;
            }
            let key = match distinct {
                Distinct::Event => event.fingerprint.0,
                Distinct::Place => event.place,
                Distinct::LocalDate => match event.time.local.get() {
                    Some(local) => local.div_euclid(86_400_000_000) as u64,
                    None => zones::local(zone, i64::from(time.0)).0 as u64,
                },
            };
            if count < DISTINCT_MAX && !keys[..count].contains(&key) {
                keys[count] = key;
                count += 1;
            }
        }
        count as u16
    }

    /// True where the history has an event that takes this one back.
    pub(super) fn is_taken_back(&self, event: &Event) -> bool {
        self.facts.events().any(|other| {
            other.flags.has(EventFlags::RETRACTS)
                && other.detail == event.detail
                && other.time.instant == event.time.instant
        })
    }

    /// The rule's condition, asked of an event of the history. Its words and point are not kept.
    pub(super) fn fits(&self, rule: &Rule, event: &Event) -> bool {
        if rule.residual.is_empty()
            || self.facts.event.is_some_and(|now| now.fingerprint == event.fingerprint)
        {
            return true;
        }
        let facts = Facts { event: Some(event), scene: Scene::default(), ..*self.facts };
        self.set.machine(&facts).run(rule.residual)
    }
}
