//! Deadlines: an anchor, a limit and a calendar -> a moment.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::super::calendars::{CalendarRef, Role};
use super::super::duration::Duration;
use super::super::row::ABSENT;
use super::super::ruleset::{Limit, Pause, StallLimit};
use super::Turn;
use crate::calendar::zones;

impl Turn<'_> {
    /// The deadline of an `expect`, and the limit in seconds. `None` where there is none: the shipment carries no
    /// such moment, or the calendar never opens.
    pub(super) fn deadline(
        &self,
        limit: Limit,
        calendar: CalendarRef,
        anchor: Seconds,
        event: &Event,
    ) -> Option<(Seconds, u32)> {
        let from = i64::from(anchor.0);
        let to = match limit {
            Limit::Within(duration) => return self.after(duration, calendar, anchor),
            Limit::By(second, days, role) => self.by(second, days, role, from, event),
            Limit::Until(field, shift) => {
                let moment = self.machine.row.get(field);
                if moment == ABSENT {
                    return None;
                }
                moment.saturating_add(shift)
            }
        };
        let to = u32::try_from(to).ok()?;
        Some((Seconds(to.max(1)), to.saturating_sub(anchor.0)))
    }

    /// A length of time after an anchor.
    pub(super) fn after(
        &self,
        duration: Duration,
        calendar: CalendarRef,
        anchor: Seconds,
    ) -> Option<(Seconds, u32)> {
        let from = i64::from(anchor.0);
        let open = || self.set.calendars.open_time(self.facts, calendar);
        let (to, limit) = match duration {
            Duration::Plain(seconds) => (from + i64::from(seconds), seconds),
            Duration::BusinessHours(seconds) => (open().add_seconds(from, seconds)?, seconds),
            Duration::BusinessDays(days) => {
                let to = open().add_days(from, days)?;
                (to, u32::try_from(open().between(from, to)).ok()?)
            }
        };
        Some((Seconds(u32::try_from(to).ok()?.max(1)), limit))
    }

    /// A time of day, so many days after the anchor's day; the day after where that has passed.
    fn by(&self, second: u32, days: u32, role: Role, anchor: i64, event: &Event) -> i64 {
        let days = i32::try_from(days).unwrap_or(0);
        let offset = event
            .time
            .offset_minutes()
            .filter(|_| !self.set.calendars.knows_zone(self.facts, role));
        if let Some(minutes) = offset {
            // No zone is known, but what the wall clock said where it happened.
            let offset = i64::from(minutes) * 60;
            let day = (anchor + offset).div_euclid(86_400) + i64::from(days);
            let to = day * 86_400 + i64::from(second) - offset;
            return if to <= anchor { to + 86_400 } else { to };
        }
        let zone = zones::of(self.set.calendars.zone(self.facts, role));
        let day = zones::local(zone, anchor).0 + days;
        let to = zones::instant(zone, day, second);
        if to <= anchor { zones::instant(zone, day + 1, second) } else { to }
    }

    /// How long silence may last on this shipment now.
    pub(super) fn stall_limit(&self, limit: StallLimit) -> Duration {
        let StallLimit::Learned { quantile, min, max, support, otherwise } = limit else {
            let StallLimit::Fixed(duration) = limit else { unreachable!("two variants") };
            return duration;
        };
        let lane = self.facts.lane;
        let learned = match quantile {
            super::FieldId::GapP50 => lane.gap_p50,
            super::FieldId::GapP90 => lane.gap_p90,
            super::FieldId::GapP99 => lane.gap_p99,
            _ => lane.gap_p95,
        };
        let known = learned != 0 && support <= lane.support;
        let seconds = if known { learned.clamp(min, max.max(min)) } else { otherwise };
        // Counted in the hours of the rule's calendar; around the clock unless it says otherwise.
        Duration::BusinessHours(seconds)
    }

    /// True where a clock stands still.
    pub(super) fn is_paused(&self, pause: Pause) -> bool {
        let record = self.facts.after;
        record.open.0 & pause.classes != 0 || pause.states.contains(record.milestone)
    }
}
