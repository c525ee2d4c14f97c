//! `expect`: after one event another has to come in time.
//!
//! # Holds
//!
//! - What came in time, however late it was told, is never raised, or is retracted.
//! - With `once: shipment` the earliest anchor counts, with `once: occurrence` the newest.

use crossdock_model::event::{Event, EventFlags};
use crossdock_model::record::Seconds;

use super::super::action::{Cause, Edge};
use super::super::row::ABSENT;
use super::super::rows::{RuleRow, Status};
use super::super::ruleset::{Kind, Limit, Once, Pause, Rule};
use super::{Turn, plus};

impl Turn<'_> {
    /// An event of `after`.
    pub(super) fn start_expect(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let Kind::Expect { want, limit, calendar, cancel, pause, .. } = &rule.kind else { return };
        let anchor = self.time_of(rule, event);
        let waits = matches!(row.status, Status::Armed | Status::Paused);
        let newest = rule.once == Once::Occurrence;
        let stale = waits && if newest { anchor <= row.anchor } else { row.anchor <= anchor };
        if stale || row.status.is_open() || self.is_spent(rule, row) {
            return;
        }
        // An occurrence that is told after a newer one was raised or fulfilled is history.
        if newest && row.episode != 0 && anchor <= row.anchor {
            return;
        }
        // Most shipments don't carry the moment that such a rule waits for: the history need not be asked.
        if let Limit::Until(field, _) = *limit
            && !waits
            && self.actions.notes.is_none()
            && self.machine.row.get(field) == ABSENT
        {
            return;
        }
        let ends = |other: Event| {
            let counts = rule.once == Once::Shipment || anchor <= self.time_of(rule, &other);
            other.fingerprint != event.fingerprint && counts
        };
        let is_over = |set| self.facts.events_of(set).any(ends);
        if is_over(want) || is_over(cancel) {
            self.actions.note(row.rule, Edge::Quiet);
            if waits {
                rest(row);
            }
            return;
        }
        let Some((deadline, seconds)) = self.deadline(*limit, *calendar, anchor, event) else {
            return;
        };
        row.anchor = anchor;
        row.deadline = deadline;
        row.limit = seconds;
        row.used = 0;
        row.status = Status::Armed;
        row.wake = plus(deadline, self.grace(rule));
        if self.is_paused(*pause) {
            let time = self.pause_began(rule, *pause, anchor);
            self.stop_clock(rule, row, time);
        }
    }

    /// When the pause began that holds now: at the first event behind the anchor that tells of one, else at the
    /// anchor.
    pub(super) fn pause_began(&self, rule: &Rule, pause: Pause, anchor: Seconds) -> Seconds {
        let tells = |event: &Event| {
            event.exception.bit() & pause.classes != 0 || pause.states.contains(event.milestone)
        };
        let times = self.facts.events().filter(tells).map(|event| self.time_of(rule, &event));
        times.filter(|time| anchor <= *time).min().unwrap_or(anchor)
    }

    pub(super) fn follow_expect(&mut self, rule: &Rule, row: &mut RuleRow, event: &Event) {
        let Kind::Expect { after, want, cancel, pause, .. } = &rule.kind else { return };
        let time = self.time_of(rule, event);
        let open = row.status.is_open();
        let waits = matches!(row.status, Status::Armed | Status::Paused);
        if event.flags.has(EventFlags::RETRACTS) {
            if after.says(event) && row.anchor == time {
                if open {
                    self.end(row, time, Some(Cause::EventRetracted), true);
                } else if waits {
                    rest(row);
                }
            }
            return;
        }
        let counts = rule.once == Once::Shipment || row.anchor <= time;
        if counts && want.has(event) {
            if open {
                if time <= row.deadline {
                    self.end(row, time, Some(Cause::LateEvent), true);
                } else if !rule.resolve.declared {
                    self.end(row, time, Some(Cause::Event), false);
                }
            } else if waits {
                self.actions.note(row.rule, Edge::Quiet);
                rest(row);
            }
            return;
        }
        if counts && cancel.has(event) {
            if open {
                self.end(row, time, Some(Cause::Cancelled), false);
            } else if waits {
                self.actions.note(row.rule, Edge::Cancelled);
                rest(row);
            }
            return;
        }
        match (row.status, self.is_paused(*pause)) {
            (Status::Armed, true) => self.stop_clock(rule, row, time),
            (Status::Paused, false) => self.start_clock(rule, row, time),
            _ => {}
        }
    }

    pub(super) fn wake_expect(&mut self, rule: &Rule, row: &mut RuleRow) {
        if row.status != Status::Armed || self.is_frozen(rule, row) {
            return;
        }
        if self.in_force(rule) {
            let at = row.deadline;
            self.raise(rule, row, at);
        } else {
            rest(row);
        }
    }

    /// Stops a clock: what is used up so far is kept. One that had run out before runs on to its verdict.
    pub(super) fn stop_clock(&mut self, rule: &Rule, row: &mut RuleRow, time: Seconds) {
        if row.deadline <= time {
            return;
        }
        let left = self.open_between(rule, time.max(row.anchor), row.deadline);
        row.used = row.limit.saturating_sub(left);
        row.status = Status::Paused;
        row.deadline = Seconds::NEVER;
        row.wake = Seconds::NEVER;
        self.actions.note(row.rule, Edge::Paused);
    }

    /// Starts it again for what is left.
    pub(super) fn start_clock(&self, rule: &Rule, row: &mut RuleRow, time: Seconds) {
        let left = row.limit.saturating_sub(row.used);
        let to = match clock_calendar(rule) {
            None => Some(i64::from(time.0) + i64::from(left)),
            Some(calendar) => self
                .set
                .calendars
                .open_time(self.facts, calendar)
                .add_seconds(i64::from(time.0), left),
        };
        let Some(to) = to.and_then(|to| u32::try_from(to).ok()) else { return };
        row.deadline = Seconds(to.max(1));
        row.wake = plus(row.deadline, self.grace(rule));
        row.status = Status::Armed;
    }

    fn open_between(&self, rule: &Rule, from: Seconds, to: Seconds) -> u32 {
        match clock_calendar(rule) {
            None => to.0.saturating_sub(from.0),
            Some(calendar) => {
                let open = self.set.calendars.open_time(self.facts, calendar);
                u32::try_from(open.between(i64::from(from.0), i64::from(to.0))).unwrap_or(u32::MAX)
            }
        }
    }
}

/// The calendar that a rule's clock runs by; `None` for the clock on the wall.
fn clock_calendar(rule: &Rule) -> Option<super::super::calendars::CalendarRef> {
    use super::super::duration::Duration;
    use super::super::ruleset::{Limit, StallLimit};
    match &rule.kind {
        Kind::Expect { limit: Limit::Within(duration), calendar, .. } if duration.is_business() => {
            Some(*calendar)
        }
        Kind::Silence { limit: StallLimit::Fixed(Duration::Plain(_)), .. } => None,
        Kind::Silence { calendar, .. } => Some(*calendar),
        _ => None,
    }
}

/// Waits for nothing any more; what was raised before stays known.
pub(super) fn rest(row: &mut RuleRow) {
    row.status = Status::Done;
    row.deadline = Seconds::NEVER;
    row.wake = Seconds::NEVER;
}
