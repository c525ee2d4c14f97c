//! Open time: which hours of which days count, and how to count in them.
//!
//! # Place
//!
//! Named by rules (`within: 24bh`, `calendar: origin`) and by the ETA; defined by
//! `rules/packs/calendars/*.yaml`. Used when a deadline is computed, not at every event.
//!
//! # Method
//!
//! A day's hours come from, in this order: dated exceptions, yearly exceptions (half days), holidays, the
//! week. They are wall-clock times; each day's bounds are turned into instants in the place's own
//! zone, so that a day on which clocks change has 23 or 25 hours and an opening hour that does not exist
//! begins when the clocks have jumped. Business time is the sum of the instants inside.
//!
//! # Holds
//!
//! - Counting ends after [`DAYS_MAX`] days: a calendar that never opens gives `None`.
//! - `between(a, add(a, d)) == d` for every business duration `d` that can be added (property test).
//!
//! # Does not hold
//!
//! Which calendar a shipment uses: `rule::calendars`.

pub mod civil;
pub mod holiday;
pub mod zones;

use jiff::tz::TimeZone;

/// Days that are looked at before counting gives up.
pub const DAYS_MAX: i32 = 800;

/// Most openings of one day.
const OPENINGS_MAX: usize = 2;

/// The opening hours of one day: up to two spans of seconds from midnight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hours {
    spans: [(u32, u32); OPENINGS_MAX],
    count: u8,
}

impl Hours {
    /// Closed all day.
    pub const CLOSED: Self = Self { spans: [(0, 0); OPENINGS_MAX], count: 0 };
    /// Open all day.
    pub const ALL_DAY: Self = Self { spans: [(0, 86_400), (0, 0)], count: 1 };

    /// From spans such as `08:00-12:00, 13:00-18:00`, rising and apart; `closed` and `open` too.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "closed" => return Some(Self::CLOSED),
            "open" | "00:00-24:00" => return Some(Self::ALL_DAY),
            _ => {}
        }
        let mut hours = Self::CLOSED;
        for part in text.split(',') {
            let (open, close) = part.trim().split_once('-')?;
            let open = crate::rule::duration::parse_time_of_day(open.trim())?;
            let close = crate::rule::duration::parse_time_of_day(close.trim())?;
            let index = usize::from(hours.count);
            let after = index.checked_sub(1).map_or(0, |last| hours.spans[last].1);
            if index == OPENINGS_MAX || close <= open || open < after {
                return None;
            }
            hours.spans[index] = (open, close);
            hours.count += 1;
        }
        Some(hours)
    }

    /// The spans, seconds from midnight.
    #[must_use]
    pub fn spans(&self) -> &[(u32, u32)] {
        &self.spans[..usize::from(self.count)]
    }
}

/// Whose holidays close a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holidays {
    /// Nobody's.
    #[default]
    None,
    /// Those of the country and region where the shipment's end lies.
    OfPlace,
    /// Those of these countries or regions, `us` or `de-by`.
    Of(Vec<String>),
}

/// Opening hours as defined in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// Monday first.
    pub week: [Hours; 7],
    /// From this second of an open day on, the next open day counts.
    pub cutoff: Option<u32>,
    /// Fixed zone; `None` for the zone of the shipment's end.
    pub zone: Option<String>,
    /// Whose holidays close it.
    pub holidays: Holidays,
    /// Days (since 1970) with hours of their own, sorted.
    pub dated: Vec<(i32, Hours)>,
    /// Month, day and hours of every year; half days.
    pub yearly: Vec<(u8, u8, Hours)>,
    /// Holidays on which it is open all the same, days since 1970, sorted.
    pub open_on: Vec<i32>,
}

impl Calendar {
    /// Open at all times.
    #[must_use]
    pub fn always() -> Self {
        Self { name: "24x7".to_owned(), week: [Hours::ALL_DAY; 7], ..Self::default() }
    }

    /// Monday to Friday, 08:00-18:00, holidays of the place: what counts where no calendar is defined.
    #[must_use]
    pub fn standard() -> Self {
        let day = Hours { spans: [(8 * 3600, 18 * 3600), (0, 0)], count: 1 };
        let mut week = [day; 7];
        week[5] = Hours::CLOSED;
        week[6] = Hours::CLOSED;
        Self { name: "standard".to_owned(), week, holidays: Holidays::OfPlace, ..Self::default() }
    }

    /// True where business time is the time on the wall.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.week.iter().all(|hours| *hours == Hours::ALL_DAY)
            && self.cutoff.is_none()
            && self.holidays == Holidays::None
            && self.dated.is_empty()
            && self.yearly.is_empty()
    }

    /// The hours of a day, given the sorted holidays of its place.
    #[must_use]
    pub fn hours(&self, day: i32, holidays: &[i32]) -> Hours {
        if let Ok(found) = self.dated.binary_search_by_key(&day, |(dated, _)| *dated) {
            return self.dated[found].1;
        }
        if !self.yearly.is_empty() {
            let (_, month, of_month) = civil::from_days(day);
            let yearly = self.yearly.iter().find(|(m, d, _)| (*m, *d) == (month, of_month));
            let open = self.week[civil::weekday(day)] != Hours::CLOSED;
            if let Some((_, _, hours)) = yearly.filter(|_| open) {
                return *hours;
            }
        }
        if holidays.binary_search(&day).is_ok() && self.open_on.binary_search(&day).is_err() {
            return Hours::CLOSED;
        }
        self.week[civil::weekday(day)]
    }
}

/// A calendar at a place.
#[derive(Clone, Copy, Debug)]
pub struct OpenTime<'a> {
    /// The hours.
    pub calendar: &'a Calendar,
    /// The zone they are in.
    pub zone: &'a TimeZone,
    /// Sorted holidays, days since 1970.
    pub holidays: &'a [i32],
}

/// One step of the arithmetic of a deadline, for `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// From this instant, seconds since 1970.
    pub from: i64,
    /// To this one.
    pub to: i64,
}

impl OpenTime<'_> {
    /// From when an anchor counts: itself where it lies in opening hours before the cut-off, else the next opening.
    #[must_use]
    pub fn start(&self, instant: i64) -> Option<i64> {
        if self.calendar.is_always() {
            return Some(instant);
        }
        let (day, second) = zones::local(self.zone, instant);
        let cut = self.calendar.cutoff.is_some_and(|cutoff| cutoff <= second);
        let from = if cut { self.instant(day + 1, 0) } else { instant };
        self.openings(from).next().map(|used| used.from)
    }

    /// The instant at which so many open seconds are used up, counted from an anchor.
    #[must_use]
    pub fn add_seconds(&self, anchor: i64, seconds: u32) -> Option<i64> {
        self.add_seconds_with(anchor, seconds, |_| {})
    }

    /// The same, telling each span that is used.
    pub fn add_seconds_with(
        &self,
        anchor: i64,
        seconds: u32,
        mut tell: impl FnMut(Used),
    ) -> Option<i64> {
        if self.calendar.is_always() {
            let to = anchor + i64::from(seconds);
            tell(Used { from: anchor, to });
            return Some(to);
        }
        let start = self.start(anchor)?;
        let mut left = i64::from(seconds);
        for opening in self.openings(start) {
            let room = opening.to - opening.from;
            if left <= room {
                let to = opening.from + left;
                tell(Used { from: opening.from, to });
                return Some(to);
            }
            tell(opening);
            left -= room;
        }
        None
    }

    /// So many open days later at the same time of day, kept within that day's opening hours.
    #[must_use]
    pub fn add_days(&self, anchor: i64, days: u32) -> Option<i64> {
        let start = self.start(anchor)?;
        let (mut day, second) = zones::local(self.zone, start);
        let last = day + DAYS_MAX;
        let mut left = days;
        // Ends: `day` rises to `last`.
        while 0 < left {
            day += 1;
            if last < day {
                return None;
            }
            if !self.hours(day).spans().is_empty() {
                left -= 1;
            }
        }
        let spans = self.hours(day);
        let (first, end) = (spans.spans().first()?.0, spans.spans().last()?.1);
        Some(self.instant(day, second.clamp(first, end)))
    }

    /// Open seconds between two instants; 0 where the second is not later.
    #[must_use]
    pub fn between(&self, from: i64, to: i64) -> i64 {
        if to <= from {
            return 0;
        }
        if self.calendar.is_always() {
            return to - from;
        }
        let mut sum = 0;
        for opening in self.openings(from) {
            if to <= opening.from {
                break;
            }
            sum += opening.to.min(to) - opening.from;
        }
        sum
    }

    /// The hours of a day at this place.
    #[must_use]
    pub fn hours(&self, day: i32) -> Hours {
        self.calendar.hours(day, self.holidays)
    }

    /// The instant of a day's second.
    #[must_use]
    pub fn instant(&self, day: i32, second: u32) -> i64 {
        zones::instant(self.zone, day, second)
    }

    /// The open spans from an instant on, cut at it, for [`DAYS_MAX`] days.
    fn openings(&self, from: i64) -> impl Iterator<Item = Used> + '_ {
        // A day early: where the clocks change at midnight, an instant may lie before its own day.
        let first = zones::local(self.zone, from).0 - 1;
        (first..first + DAYS_MAX).flat_map(move |day| {
            let hours = self.hours(day);
            (0..hours.spans().len()).filter_map(move |index| {
                let (open, close) = hours.spans()[index];
                let to = self.instant(day, close);
                let start = self.instant(day, open).max(from);
                (start < to).then_some(Used { from: start, to })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calendar(cutoff: Option<u32>, week: &str) -> Calendar {
        let hours = Hours::parse(week).expect("hours");
        let mut calendar = Calendar { week: [hours; 7], cutoff, ..Calendar::standard() };
        calendar.week[5] = Hours::CLOSED;
        calendar.week[6] = Hours::CLOSED;
        calendar.yearly = vec![(12, 24, Hours::parse("08:00-12:00").expect("hours"))];
        calendar
    }

    fn check(calendar: &Calendar, zone: &str, from: &str, what: &str, want: &str) {
        let zone = zones::named(zone).expect("zone");
        let holidays = holiday::days("us");
        let time = OpenTime { calendar, zone: &zone, holidays };
        let anchor = civil::parse_instant(from).expect("instant");
        let got = match crate::rule::duration::Duration::parse(what).expect("duration") {
            crate::rule::duration::Duration::BusinessDays(days) => time.add_days(anchor, days),
            crate::rule::duration::Duration::BusinessHours(seconds)
            | crate::rule::duration::Duration::Plain(seconds) => time.add_seconds(anchor, seconds),
        };
        let got = got.map(civil::show_instant).unwrap_or_default();
        assert_eq!(got, want, "{from} + {what}");
    }

    #[test]
    fn business_time_over_weekends_holidays_and_half_days() {
        let plain = calendar(None, "08:00-18:00");
        let chicago = "America/Chicago";
        // Monday 09:00 + 24 bh: 9 h, 10 h, 5 h.
        check(&plain, chicago, "2026-03-02T09:00:00-06:00", "24bh", "2026-03-04T19:00:00Z");
        // Friday 16:00, the clocks change on Sunday: Monday 16:00 is 10 bh later.
        check(&plain, chicago, "2026-03-06T16:00:00-06:00", "10bh", "2026-03-09T21:00:00Z");
        // The day ends: a full day used up is its close, not the next opening.
        check(&plain, chicago, "2026-03-02T08:00:00-06:00", "10bh", "2026-03-03T00:00:00Z");
        // From the night before; over Thanksgiving.
        check(&plain, chicago, "2026-11-25T23:00:00-06:00", "1bh", "2026-11-27T15:00:00Z");
        // A half day before Christmas, Christmas on a Friday, then a weekend.
        check(&plain, chicago, "2026-12-24T11:00:00-06:00", "2bh", "2026-12-28T15:00:00Z");
        check(&plain, chicago, "2026-12-23T15:00:00-06:00", "1bd", "2026-12-24T18:00:00Z");
        check(&plain, chicago, "2026-12-23T15:00:00-06:00", "2bd", "2026-12-28T21:00:00Z");
        // Two spans: the lunch break does not count.
        let lunch = calendar(None, "08:00-12:00, 13:00-17:00");
        check(&lunch, chicago, "2026-03-02T11:00:00-06:00", "2bh", "2026-03-02T20:00:00Z");
        // After the cut-off the next open day counts.
        let cut = calendar(Some(16 * 3600), "08:00-18:00");
        check(&cut, chicago, "2026-03-02T16:00:00-06:00", "1bh", "2026-03-03T15:00:00Z");
        check(&cut, chicago, "2026-03-02T15:59:00-06:00", "1bh", "2026-03-02T22:59:00Z");
    }

    #[test]
    fn days_on_which_the_clocks_change_are_longer_or_shorter() {
        let all = Calendar { holidays: Holidays::OfPlace, ..Calendar::always() };
        // 25 hours: the first Sunday of November; 23 hours: the second Sunday of March.
        check(
            &all,
            "America/New_York",
            "2026-11-01T00:00:00-04:00",
            "25bh",
            "2026-11-02T05:00:00Z",
        );
        check(
            &all,
            "America/New_York",
            "2026-03-08T00:00:00-05:00",
            "23bh",
            "2026-03-09T04:00:00Z",
        );
        // An opening hour that does not exist begins when the clocks have jumped.
        let night = Calendar { week: [Hours::parse("02:00-06:00").expect("hours"); 7], ..all };
        check(
            &night,
            "America/New_York",
            "2026-03-08T00:00:00-05:00",
            "3bh",
            "2026-03-08T10:00:00Z",
        );
        let never = Calendar { name: "never".to_owned(), ..Calendar::default() };
        check(&never, "UTC", "2026-03-08T00:00:00Z", "1bh", "");
    }

    proptest! {
        #[test]
        fn between_takes_back_what_add_adds(
            anchor in 1_600_000_000_i64..1_800_000_000,
            seconds in 1_u32..400_000,
            zone in prop::sample::select(vec![
                "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata",
            ]),
            week in prop::sample::select(vec!["08:00-18:00", "00:00-24:00", "07:30-12:00, 13:00-19:45"]),
        ) {
            let calendar = calendar(None, week);
            let zone = zones::named(zone).expect("zone");
            let holidays = holiday::days("de-by");
            let time = OpenTime { calendar: &calendar, zone: &zone, holidays };
            let end = time.add_seconds(anchor, seconds).expect("opens");
            prop_assert_eq!(time.between(anchor, end), i64::from(seconds));
            let mut used = 0;
            time.add_seconds_with(anchor, seconds, |span| used += span.to - span.from);
            prop_assert_eq!(used, i64::from(seconds));
        }
    }
}
