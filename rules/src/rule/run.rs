//! Rules at work: one event or one timer of one shipment.
//!
//! # Place
//!
//! Called by a shard of `core` after the fold, and when stream time passes the shipment's deadline.
//!
//! # Method
//!
//! First the rows of the shipment follow the event (what is open may end, what waits may be fulfilled);
//! then the index names the rules that the event may start; then the watching rules whose fields changed
//! are asked. Each kind has a file of its own: `run/expect.rs`, `run/silence.rs`, `run/count.rs`, `run/watch.rs`.
//!
//! # Holds
//!
//! - Absence is never decided here by an event, only by a timer.
//! - No allocation beyond `actions` and a first row of a shipment.

mod again;
pub(super) mod attributes;
mod count;
mod expect;
mod limit;
mod silence;
mod watch;

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::record::{Record, Seconds};

use super::action::{ARGS_MAX, Action, Actions, Args, Cause, Edge};
use super::facts::{Facts, Subject};
use super::field::{FieldId, Group};
use super::geo;
use super::machine::Machine;
use super::message::Slot;
use super::row::{ABSENT, Row, to_point};
use super::rows::{RowHandle, RowStore, RuleRow, Status};
use super::ruleset::{Clock, Kind, Once, Rule, RuleSet};

impl RuleSet {
    /// Asks the rules at an event that was news to the fold. Appends to `actions.list`, sets `actions.next`.
    pub fn on_event(
        &self,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let Some(event) = facts.event else { return self.on_timer(facts, store, handle, actions) };
        let start = actions.list.len();
        let mut turn = Turn::new(self, facts, store, handle, actions);
        // A rule may be in several plans. What a silence does at an event, it did as its row followed.
        let mut asked = Asked::default();
        turn.follow_rows(event, &mut asked);
        let index = &self.indexes[facts.shipment.subject as usize];
        let keys = index.keys(Row::of(facts));
        if !event.flags.has(EventFlags::RETRACTS) {
            index.candidates(event, &keys, |rule| {
                if asked.add(rule) {
                    turn.trigger(rule, event);
                }
            });
        }
        if index.watches() {
            index.watchers(changed_fields(facts), &keys, |rule| turn.watch(rule));
        }
        turn.finish(start);
    }

    /// A machine over these facts.
    pub(super) const fn machine<'a>(&'a self, facts: &'a Facts<'a>) -> Machine<'a> {
        Machine { pool: &self.pool, facts, row: Row::of(facts), calendars: &self.calendars }
    }

    /// How many rules the index and the residual conditions leave at an event, without looking at rows: what the
    /// bench times by itself. A rule that is in several plans counts once for each that has the event.
    #[must_use]
    pub fn select(&self, facts: &Facts<'_>) -> usize {
        let Some(event) = facts.event else { return 0 };
        let machine = self.machine(facts);
        let index = &self.indexes[facts.shipment.subject as usize];
        let mut count = 0;
        index.candidates(event, &index.keys(Row::of(facts)), |rule| {
            count += usize::from(machine.run(self.residuals[usize::from(rule)]));
        });
        count
    }

    /// Lets one rule look at a shipment that its scope accepts.
    pub(super) fn with_rule(
        &self,
        rule: u16,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
        look: impl FnOnce(&mut Turn<'_>),
    ) {
        if self.rule(rule).subject != facts.shipment.subject as u8 {
            return;
        }
        let row = Row::of(facts);
        let mut scope = self.rule(rule).scope.iter();
        let fits = scope.all(|(field, values, _)| values.contains(&row.get(*field)));
        if fits {
            look(&mut Turn::new(self, facts, store, handle, actions));
        }
    }

    /// Asks the rules whose time has come, and those that watch an estimate that changed without an event
    /// (`eta_before` differs from `eta`). For a feed or an order, asks all that watch. Appends to `actions.list`, sets `actions.next`.
    pub fn on_timer(
        &self,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let facts = &Facts { event: None, ..*facts };
        let start = actions.list.len();
        let mut turn = Turn::new(self, facts, store, handle, actions);
        turn.wake_rows();
        // The estimate may have changed without an event, and a feed has no events at all.
        let changed = match facts.shipment.subject {
            Subject::Shipment if facts.eta_before == facts.eta => 0,
            Subject::Shipment => mask_of(Group::Eta),
            Subject::Feed | Subject::Order => u128::MAX,
        };
        let index = &self.indexes[facts.shipment.subject as usize];
        if index.watches() && changed != 0 {
            let keys = index.keys(Row::of(facts));
            index.watchers(changed, &keys, |rule| turn.watch(rule));
        }
        turn.finish(start);
    }
}

/// One call for one shipment.
pub(super) struct Turn<'a> {
    set: &'a RuleSet,
    facts: &'a Facts<'a>,
    machine: Machine<'a>,
    store: &'a mut RowStore,
    handle: &'a mut RowHandle,
    actions: &'a mut Actions,
}

/// Rules that were asked at one event.
#[derive(Default)]
struct Asked {
    /// A bit for each of the first 1,024 rules; those beyond are asked once for each plan, which does no harm.
    bits: [u64; 16],
}

impl Asked {
    /// True where the rule was not asked before.
    #[inline]
    fn add(&mut self, rule: u16) -> bool {
        let Some(word) = self.bits.get_mut(usize::from(rule / 64)) else { return true };
        let bit = 1 << (rule % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// Seconds until a frozen rule looks again.
const FREEZE_SECONDS: u32 = 900;

impl<'a> Turn<'a> {
    fn new(
        set: &'a RuleSet,
        facts: &'a Facts<'a>,
        store: &'a mut RowStore,
        handle: &'a mut RowHandle,
        actions: &'a mut Actions,
    ) -> Self {
        let machine = set.machine(facts);
        Self { set, facts, machine, store, handle, actions }
    }

    /// Puts what was said into the order of rules and works out the next deadline.
    fn finish(self, start: usize) {
        let said = &mut self.actions.list[start..];
        if 1 < said.len() {
            said.sort_by_key(Action::rule);
        }
        let wakes = self.store.rows(self.handle).iter().map(|row| row.wake);
        self.actions.next = wakes.filter(|wake| wake.is_some()).min();
    }

    fn now(&self) -> Seconds {
        self.facts.now
    }

    /// The time that an event counts with under a rule's clock.
    fn time_of(&self, rule: &Rule, event: &Event) -> Seconds {
        time_of(rule, event, self.now())
    }

    /// True where a rule is in force now.
    #[inline]
    fn in_force(&self, rule: &Rule) -> bool {
        let now = self.now().0;
        rule.effective.0 <= now && now < rule.effective.1
    }

    /// True where a rule may not raise again.
    fn is_spent(&self, rule: &Rule, row: &RuleRow) -> bool {
        // Never raised, or withdrawn with the rule, which is here again.
        if row.episode == 0 || !row.raised_at.is_some() {
            return false;
        }
        match rule.once {
            Once::Shipment => true,
            Once::Attempt => row.count == u16::from(self.facts.after.attempts),
            Once::Occurrence => row.status.is_open() && rule.resolve.declared,
        }
    }

    #[inline]
    fn load(&self, rule: u16) -> RuleRow {
        let found = self.store.find(self.handle, rule).copied();
        found.unwrap_or_else(|| self.store.fresh(self.handle, rule))
    }

    /// Keeps a row while it says anything.
    fn save(&mut self, row: RuleRow) {
        let idle = row.status == Status::Done && row.episode == 0 && !row.wake.is_some();
        if idle {
            self.store.remove(self.handle, row.rule);
        } else if let Some(slot) = self.store.entry(self.handle, row.rule) {
            *slot = row;
        }
    }

    /// Lets every row follow the event.
    fn follow_rows(&mut self, event: &Event, asked: &mut Asked) {
        let mut at = 0;
        // Ends: each turn goes one row on, or takes one out.
        while let Some(row) = self.store.rows(self.handle).get(at).copied() {
            let follows = self.set.follows.get(usize::from(row.rule)).copied().flatten();
            if follows.is_some_and(|set| !set.says(event)) && row.status != Status::Paused {
                at += 1;
                continue;
            }
            let mut changed = row;
            if self.follow(&mut changed, event) {
                asked.add(row.rule);
            }
            if changed != row {
                self.save(changed);
            }
            let stays =
                self.store.rows(self.handle).get(at).is_some_and(|now| now.rule == row.rule);
            at += usize::from(stays);
        }
    }

    /// Lets a row follow the event; true where the rule need not be asked any more.
    fn follow(&mut self, row: &mut RuleRow, event: &Event) -> bool {
        let set = self.set;
        let Some(rule) = set.rules.get(usize::from(row.rule)) else { return true };
        match &rule.kind {
            Kind::Expect { .. } => self.follow_expect(rule, row, event),
            Kind::Silence { .. } => self.follow_silence(rule, row, event),
            Kind::Count { .. } => self.follow_count(rule, row, event),
            Kind::Event { on } => {
                let taken_back = event.flags.has(EventFlags::RETRACTS)
                    && on.says(event)
                    && row.anchor == self.time_of(rule, event);
                if taken_back && row.status.is_open() {
                    self.end(row, self.now(), Some(Cause::EventRetracted), true);
                }
            }
            Kind::Watch { .. } => {}
        }
        self.look_for_end(rule, row, Some(event));
        matches!(rule.kind, Kind::Silence { .. }) && row.status == Status::Armed
    }

    /// `resolve:` of what is open.
    fn look_for_end(&mut self, rule: &Rule, row: &mut RuleRow, event: Option<&Event>) {
        if !row.status.is_open() {
            return;
        }
        if let Some(event) = event
            && rule.resolve.event.has(event)
            && row.anchor <= self.time_of(rule, event)
        {
            let at = self.time_of(rule, event);
            self.end(row, at, Some(Cause::Event), false);
            return;
        }
        let Some(when) = &rule.resolve.when else { return };
        if self.machine.run(when.program) {
            if rule.keep == 0 {
                self.end(row, self.now(), Some(Cause::Condition), false);
            } else if row.status == Status::Open {
                self.keep(rule, row);
            }
        } else if row.status == Status::Keeping {
            row.status = Status::Open;
            row.deadline = Seconds::NEVER;
            row.wake = self.elapse(rule, row);
        }
    }

    /// Begins the time for which something stays open after it stopped being true.
    fn keep(&self, rule: &Rule, row: &mut RuleRow) {
        row.status = Status::Keeping;
        row.deadline = plus(self.now(), rule.keep);
        row.wake = row.deadline;
    }

    /// A rule whose trigger has the event.
    pub(super) fn trigger(&mut self, index: u16, event: &Event) {
        let set = self.set;
        if !self.machine.run(set.residuals[usize::from(index)]) {
            self.actions.note(index, Edge::Quiet);
            return;
        }
        let rule = &set.rules[usize::from(index)];
        // A scan of a shipment that is not on its way: no clock runs, none begins.
        if let Kind::Silence { states, .. } = &rule.kind
            && !states.contains(self.facts.after.milestone)
            && self.store.find(self.handle, index).is_none()
        {
            return;
        }
        if !self.in_force(rule) || !self.store.has_room(self.handle, index) {
            return;
        }
        let mut row = self.load(index);
        let before = row;
        match &rule.kind {
            Kind::Event { .. } => self.raise_on_event(rule, &mut row, event),
            Kind::Expect { .. } => self.start_expect(rule, &mut row, event),
            Kind::Silence { .. } => self.touch_silence(rule, &mut row, Some(event)),
            Kind::Count { .. } => self.count(rule, &mut row, event),
            Kind::Watch { .. } => {}
        }
        if row != before {
            self.save(row);
        }
    }

    fn raise_on_event(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let mark = event.fingerprint.0 as u32;
        // The same event by way of two plans.
        let again = row.episode != 0 && row.used == mark && row.raised_at == self.now();
        if again || self.is_spent(rule, row) || self.is_unfit(rule, event) {
            return;
        }
        let at = self.time_of(rule, event);
        if self.is_over(rule, at) {
            return;
        }
        row.used = mark;
        row.anchor = at;
        self.raise(rule, row, at);
    }

    /// An event that no customer may be told of for itself alone (invariant I2).
    fn is_unfit(&self, rule: &Rule, event: &Event) -> bool {
        let weak = EventFlags::ESTIMATE.0 | EventFlags::UNMAPPED.0 | EventFlags::UNTRUSTED_TIME.0;
        rule.tells_customers() && event.flags.0 & weak != 0
    }

    /// True where an event that ends it is known already: a late event about something that is over.
    fn is_over(&self, rule: &Rule, at: Seconds) -> bool {
        let ends = &rule.resolve.event;
        !ends.is_empty() && self.facts.events_of(ends).any(|event| at < self.time_of(rule, &event))
    }

    /// Opens. `row.anchor` is the moment it counts from.
    fn raise(&mut self, rule: &Rule, row: &mut RuleRow, at: Seconds) {
        row.episode = row.episode.saturating_add(1);
        row.status = Status::Open;
        row.raised_at = self.now();
        if rule.once == Once::Attempt {
            row.count = u16::from(self.facts.after.attempts);
        }
        row.wake = self.elapse(rule, row);
        let args = self.args(rule, row, at);
        self.actions.note(row.rule, Edge::Raised);
        self.actions.list.push(Action::Raise {
            rule: row.rule,
            episode: row.episode,
            at,
            since: row.anchor,
            args,
        });
    }

    /// When `resolve: after` ends it.
    fn elapse(&self, rule: &Rule, row: &RuleRow) -> Seconds {
        rule.resolve.after.map_or(Seconds::NEVER, |after| plus(row.raised_at, after))
    }

    /// Closes, with `retract` as something that should not have been said.
    fn end(&mut self, row: &mut RuleRow, at: Seconds, cause: Option<Cause>, retract: bool) {
        let (rule, episode, cause) = (row.rule, row.episode, cause.unwrap_or(Cause::Condition));
        self.actions.list.push(if retract {
            Action::Retract { rule, episode, at, cause }
        } else {
            Action::Resolve { rule, episode, at, cause }
        });
        let edge = match (retract, cause) {
            (true, _) => Edge::Retracted,
            (false, Cause::Cancelled) => Edge::Cancelled,
            (false, _) => Edge::Resolved,
        };
        self.actions.note(rule, edge);
        row.status = Status::Done;
        row.deadline = Seconds::NEVER;
        row.wake = Seconds::NEVER;
    }

    fn args(&self, rule: &Rule, row: &RuleRow, at: Seconds) -> Args {
        let mut args = Args::default();
        let fields = self.machine.row;
        for (slot, arg) in rule.message.slots().iter().zip(args.0.iter_mut()).take(ARGS_MAX) {
            *arg = match slot {
                Slot::Elapsed => i64::from(self.now().0) - i64::from(row.anchor.0),
                Slot::Limit => i64::from(row.limit),
                Slot::Deadline => i64::from(at.0),
                Slot::Count => i64::from(row.count),
                Slot::Field(field) => fields.get(*field),
                Slot::DistanceKm => distance(fields),
            };
        }
        args
    }

    /// Lets every row whose time has come look again.
    fn wake_rows(&mut self) {
        let now = self.now();
        let mut at = 0;
        // Ends: each turn goes one row on, or takes one out.
        while let Some(row) = self.store.rows(self.handle).get(at).copied() {
            if row.wake.is_some() && row.wake <= now {
                let mut changed = row;
                self.wake(&mut changed);
                // A rule that did not move its own wake-up would be woken for ever.
                if changed.wake <= now {
                    changed.wake = Seconds::NEVER;
                }
                self.save(changed);
            }
            let stays =
                self.store.rows(self.handle).get(at).is_some_and(|now| now.rule == row.rule);
            at += usize::from(stays);
        }
    }

    fn wake(&mut self, row: &mut RuleRow) {
        let set = self.set;
        let Some(rule) = set.rules.get(usize::from(row.rule)) else {
            row.wake = Seconds::NEVER;
            return;
        };
        if row.status.is_open()
            && self.elapse(rule, row).is_some()
            && self.elapse(rule, row) <= self.now()
        {
            self.end(row, self.now(), Some(Cause::Elapsed), false);
            return;
        }
        if row.status == Status::Keeping && row.deadline <= self.now() {
            self.end(row, self.now(), Some(Cause::Condition), false);
            return;
        }
        match rule.kind {
            Kind::Expect { .. } => self.wake_expect(rule, row),
            Kind::Silence { .. } => self.wake_silence(rule, row),
            Kind::Watch { .. } => self.look(rule, row),
            Kind::Event { .. } | Kind::Count { .. } => self.wake_event(rule, row),
        }
    }

    /// True where the feed is silent, so that absence proves nothing; looks again later.
    fn is_frozen(&mut self, rule: &Rule, row: &mut RuleRow) -> bool {
        let frozen = rule.clock == Clock::Event && self.facts.feed.is_silent && rule.subject == 0;
        if frozen {
            row.wake = plus(self.now(), FREEZE_SECONDS);
            self.actions.note(row.rule, Edge::Frozen);
        }
        frozen
    }

    /// Seconds that are waited beyond a deadline for events that come in late.
    fn grace(&self, rule: &Rule) -> u32 {
        const GRACE_SECONDS_MAX: u32 = 6 * 3600;
        rule.grace.unwrap_or_else(|| self.facts.feed.grace.min(GRACE_SECONDS_MAX))
    }
}

/// The time that an event counts with under a rule's clock.
pub(in crate::rule) fn time_of(rule: &Rule, event: &Event, now: Seconds) -> Seconds {
    match rule.clock {
        Clock::Wall => Seconds::from_micros(event.received),
        Clock::Event => event_seconds(event, now),
    }
}

/// The instant of an event; the present where it has none or it can't be true.
pub(super) fn event_seconds(event: &Event, now: Seconds) -> Seconds {
    let time = Seconds::from_micros(event.time.instant);
    if time.is_some() && !event.flags.has(EventFlags::UNTRUSTED_TIME) { time } else { now }
}

pub(in crate::rule) fn plus(time: Seconds, seconds: u32) -> Seconds {
    Seconds(time.0.saturating_add(seconds).max(1))
}

fn distance(row: Row<'_>) -> i64 {
    let (from, to) = (row.get(FieldId::EventPoint), row.get(FieldId::DestinationPoint));
    if from == ABSENT || to == ABSENT {
        return ABSENT;
    }
    geo::distance_e6(to_point(from), to_point(to))
}

/// Which fields the event changed, one bit each. Attributes, lane and feed count as changed at the
/// first event only; between marks they are frozen.
/// What sets or moves an appointment.
const APPOINTS: [Detail; 2] = [Detail::ApptConfirmed, Detail::ApptChanged];

fn changed_fields(facts: &Facts<'_>) -> u128 {
    let (before, after) = (facts.before, facts.after);
    if before.event_count == 0 {
        return u128::MAX;
    }
    let mut changed = changed_record(before, after);
    // What was promised first comes with an estimate, an appointment with an event.
    if facts.eta_before != facts.eta {
        changed |= mask_of(Group::Eta) | 1 << FieldId::PromiseAt as u8;
    }
    if facts.event.is_some_and(|event| APPOINTS.contains(&event.detail)) {
        changed |= 1 << FieldId::AppointmentAt as u8;
    }
    changed
}

fn changed_record(before: &Record, after: &Record) -> u128 {
    use FieldId as F;
    let bit = |field: F, differs: bool| u128::from(differs) << field as u8;
    bit(F::Milestone, before.milestone != after.milestone)
        | bit(F::Previous, before.previous != after.previous)
        | bit(F::Direction, before.direction != after.direction)
        | bit(F::Possession, before.possession != after.possession)
        | bit(F::LastDetail, before.detail != after.detail)
        | bit(F::LastReason, before.reason != after.reason)
        | bit(F::Attempts, before.attempts != after.attempts)
        | bit(F::Corrections, before.corrections != after.corrections)
        | bit(F::HasProof, before.has_proof != after.has_proof)
        | bit(F::Inferred, before.possession_inferred != after.possession_inferred)
        | bit(F::EventCount, before.event_count != after.event_count)
        | bit(F::ExceptionCount, before.exception_count != after.exception_count)
        | bit(F::StepCount, before.step_count != after.step_count)
        | bit(F::FirstAt, before.first_at != after.first_at)
        | bit(F::LastAt, before.last_at != after.last_at)
        | bit(F::ScanAt, before.physical_at != after.physical_at)
        | bit(F::MilestoneAt, before.milestone_at != after.milestone_at)
        | bit(F::PossessionAt, before.possession_at != after.possession_at)
        | bit(F::DeliveredAt, before.delivered_at != after.delivered_at)
        | bit(F::AttemptedAt, before.attempted_at != after.attempted_at)
}

fn mask_of(group: Group) -> u128 {
    FieldId::ALL
        .iter()
        .filter(|field| field.group() == group)
        .fold(0, |mask, field| mask | 1 << *field as u8)
}
