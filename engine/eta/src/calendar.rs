//! Business time: open minutes of a delivery calendar, to and from instants.
//!
//! # Place
//! Given to every query and outcome by the caller; rule data compiles into it.
//! # Method
//! A *position* is the number of open wall-clock minutes since 1970. It is arithmetic: whole weeks, a prefix
//! over weekdays, minus what special days (holidays, half days) took (prefix sums and a binary search). Offsets of the time zone are
//! taken from jiff once, at construction, as a sorted list of changes; in a repeated hour the wall clock
//! stands still at the later reading, so that positions never go back.
//! # Holds
//! `position` never falls with the instant; `instant` gives the earliest instant whose position is reached;
//! both take O(log special days + log offset changes) and any i64.
//! # Does not hold
//! More than two openings a day; which calendar is whose.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::limits::{HOLIDAYS_MAX, INSTANT_MAX, INSTANT_MIN};

const DAY_SECONDS: i64 = 86_400;
const DAY_MINUTES: u16 = 1_440;

/// The opening of one weekday, minutes of the local day, `from..to`. Equal means closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// First open minute, 0..=1440.
    pub from: u16,
    /// First closed minute after it, `from..=1440`.
    pub to: u16,
}

impl Opening {
    /// Closed all day.
    pub const CLOSED: Opening = Opening { from: 0, to: 0 };
    /// Open all day.
    pub const ALL_DAY: Opening = Opening { from: 0, to: DAY_MINUTES };

    fn minutes(self) -> i64 {
        i64::from(self.to) - i64::from(self.from)
    }
}

/// The openings of one day: at most two, apart and rising; the second is closed where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayHours {
    /// The first, or the only one.
    pub first: Opening,
    /// What comes after a break.
    pub second: Opening,
}

impl DayHours {
    /// Closed all day.
    pub const CLOSED: DayHours = DayHours { first: Opening::CLOSED, second: Opening::CLOSED };

    fn minutes(self) -> i64 {
        self.first.minutes() + self.second.minutes()
    }

    /// Open minutes of the day before a minute of it.
    fn before(self, minute: i64) -> i64 {
        let inside = |opening: Opening| {
            minute.clamp(i64::from(opening.from), i64::from(opening.to)) - i64::from(opening.from)
        };
        inside(self.first) + inside(self.second)
    }

    /// The minute of the day at which so many open minutes are over, 1 up to all of them.
    fn minute_at(self, open: i64) -> i64 {
        let first = self.first.minutes();
        if open <= first {
            i64::from(self.first.from) + open
        } else {
            i64::from(self.second.from) + open - first
        }
    }

    /// The minute at which the day's last opening ends.
    fn close(self) -> i64 {
        i64::from(self.first.to.max(self.second.to))
    }

    fn is_a_day(self) -> bool {
        let fits = |opening: Opening| opening.from <= opening.to && opening.to <= DAY_MINUTES;
        let is_apart = self.second.minutes() == 0 || self.first.to <= self.second.from;
        fits(self.first) && fits(self.second) && is_apart
    }
}

impl From<Opening> for DayHours {
    fn from(first: Opening) -> DayHours {
        DayHours { first, second: Opening::CLOSED }
    }
}

/// Why a calendar can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// An opening ends before it starts or after the day, or the second begins before the first ends.
    OpeningOutOfDay(DayHours),
    /// No weekday is open.
    NeverOpen,
    /// More special days than [`HOLIDAYS_MAX`].
    HolidaysTooMany(usize),
    /// The cut-off is not a minute of the day.
    CutoffOutOfDay(u16),
}

impl fmt::Display for CalendarError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CalendarError::OpeningOutOfDay(DayHours { first, second }) => {
                write!(out, "opening from minute {} to {}", first.from, first.to)?;
                if *second != Opening::CLOSED {
                    write!(out, " and {} to {}", second.from, second.to)?;
                }
                write!(out, " is not inside a day; give minutes 0 to 1440, the earlier first")
            }
            CalendarError::NeverOpen => {
                write!(out, "calendar is never open; open at least one weekday")
            }
            CalendarError::HolidaysTooMany(count) => {
                write!(out, "calendar has {count} holidays; {HOLIDAYS_MAX} is the most")
            }
            CalendarError::CutoffOutOfDay(minute) => {
                write!(out, "cut-off at minute {minute} is not in a day; give 0 to 1440")
            }
        }
    }
}

impl std::error::Error for CalendarError {}

/// From an instant on, an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    from: i64,
    offset: i64,
    /// Wall-clock seconds at `from`, never below what was reached before.
    wall_from: i64,
}

/// A delivery calendar in one time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    week: [DayHours; 7],
    /// Open minutes of the week before each weekday, Monday first; the last is the whole week.
    week_before: [i64; 8],
    /// Days since 1970 whose hours are not those of their weekday, ascending.
    special: Vec<i64>,
    special_hours: Vec<DayHours>,
    /// Minutes that the special days before each one took; negative where they gave.
    taken_before: Vec<i64>,
    segments: Vec<Segment>,
    cutoff: Option<u16>,
}

impl Calendar {
    /// A calendar from openings (Monday first), holidays in any order, and a zone.
    pub fn new(
        week: [Opening; 7],
        holidays: &[Date],
        zone: &TimeZone,
    ) -> Result<Calendar, CalendarError> {
        let special: Vec<(i64, DayHours)> =
            holidays.iter().map(|date| (day_number(*date), DayHours::CLOSED)).collect();
        Calendar::with_days(week.map(DayHours::from), &special, zone)
    }

    /// A calendar from the hours of each weekday (Monday first), days since 1970 that have others (in any order; the
    /// first of a day counts), and a zone.
    pub fn with_days(
        week: [DayHours; 7],
        special: &[(i64, DayHours)],
        zone: &TimeZone,
    ) -> Result<Calendar, CalendarError> {
        let mut all = week.iter().chain(special.iter().map(|(_, hours)| hours));
        if let Some(hours) = all.find(|hours| !hours.is_a_day()) {
            return Err(CalendarError::OpeningOutOfDay(*hours));
        }
        if HOLIDAYS_MAX < special.len() {
            return Err(CalendarError::HolidaysTooMany(special.len()));
        }
        let mut week_before = [0; 8];
        for (weekday, hours) in week.iter().enumerate() {
            week_before[weekday + 1] = week_before[weekday] + hours.minutes();
        }
        if week_before[7] == 0 {
            return Err(CalendarError::NeverOpen);
        }
        let mut days = special.to_vec();
        days.sort_by_key(|(day, _)| *day);
        days.dedup_by_key(|(day, _)| *day);
        days.retain(|(day, hours)| *hours != week[weekday(*day)]);
        let mut taken_before = Vec::with_capacity(days.len() + 1);
        let mut taken = 0;
        for (day, hours) in &days {
            taken_before.push(taken);
            taken += week[weekday(*day)].minutes() - hours.minutes();
        }
        taken_before.push(taken);
        let (special, special_hours) = days.into_iter().unzip();
        let segments = segments(zone);
        Ok(Calendar {
            week,
            week_before,
            special,
            special_hours,
            taken_before,
            segments,
            cutoff: None,
        })
    }

    /// Open always, in UTC: plain elapsed time.
    pub fn continuous() -> Calendar {
        Calendar::all_day(&TimeZone::UTC, [true; 7], &[])
    }

    /// Open always, with the dates of a zone.
    pub fn always(zone: &TimeZone) -> Calendar {
        Calendar::all_day(zone, [true; 7], &[])
    }

    /// Monday to Friday around the clock, without the holidays.
    pub fn weekdays(zone: &TimeZone, holidays: &[Date]) -> Calendar {
        let holidays = &holidays[..holidays.len().min(HOLIDAYS_MAX)];
        Calendar::all_day(zone, [true, true, true, true, true, false, false], holidays)
    }

    fn all_day(zone: &TimeZone, open: [bool; 7], holidays: &[Date]) -> Calendar {
        let week = open.map(|open| if open { Opening::ALL_DAY } else { Opening::CLOSED });
        match Calendar::new(week, holidays, zone) {
            Ok(calendar) => calendar,
            Err(_) => unreachable!("a weekday is open all day, and the holidays were cut"),
        }
    }

    /// The same calendar with a cut-off: from this minute of the day on, the next open day counts.
    pub fn with_cutoff(mut self, minute: u16) -> Result<Calendar, CalendarError> {
        if DAY_MINUTES < minute {
            return Err(CalendarError::CutoffOutOfDay(minute));
        }
        self.cutoff = Some(minute);
        Ok(self)
    }

    /// Open minutes from 1970 to the instant (unix seconds).
    pub fn position(&self, instant: i64) -> i64 {
        let wall = self.wall(instant);
        let day = wall.div_euclid(DAY_SECONDS);
        let minute = wall.rem_euclid(DAY_SECONDS) / 60;
        self.day_position(day) + self.hours(day).before(minute)
    }

    /// The position at which remaining time starts: the cut-off moves it to the end of its day.
    pub fn start(&self, instant: i64) -> i64 {
        let Some(cutoff) = self.cutoff else { return self.position(instant) };
        let wall = self.wall(instant);
        let minute = wall.rem_euclid(DAY_SECONDS) / 60;
        if minute < i64::from(cutoff) {
            self.position(instant)
        } else {
            self.day_position(wall.div_euclid(DAY_SECONDS) + 1)
        }
    }

    /// The earliest instant (unix seconds) whose position is at least this.
    pub fn instant(&self, position: i64) -> i64 {
        let after = self.special.partition_point(|day| self.day_position(*day) < position);
        if let Some(last) = after.checked_sub(1) {
            let (day, hours) = (self.special[last], self.special_hours[last]);
            let inside = position.saturating_sub(self.day_position(day));
            if inside <= hours.minutes() {
                return self.unwall(day * DAY_SECONDS + hours.minute_at(inside) * 60);
            }
        }
        // What the special days passed by then took is put back, and the rest is weeks.
        let gross = position.saturating_add(self.taken_before[after]);
        let week_minutes = self.week_before[7];
        let week = (gross - 1).div_euclid(week_minutes);
        let rest = gross - week * week_minutes;
        let weekday = self.week_before[1..].partition_point(|before| *before < rest);
        let minute = self.week[weekday].minute_at(rest - self.week_before[weekday]);
        let day = week.saturating_mul(7).saturating_add(weekday as i64 - 3);
        self.unwall(day.saturating_mul(DAY_SECONDS).saturating_add(minute * 60))
    }

    /// Days since 1970 of the local date.
    pub fn day(&self, instant: i64) -> i64 {
        self.wall(instant).div_euclid(DAY_SECONDS)
    }

    /// The first instant of the local day after this one's.
    pub fn day_end(&self, instant: i64) -> i64 {
        self.unwall((self.day(instant) + 1) * DAY_SECONDS)
    }

    /// The end of the n-th open day after the instant's own day: what a transit table of n days means.
    /// Past the cut-off the own day is the next open one.
    pub fn open_days_after(&self, instant: i64, count: u16) -> i64 {
        let mut day = self.day(instant);
        let minute = self.wall(instant).rem_euclid(DAY_SECONDS) / 60;
        let late = self.cutoff.is_some_and(|cutoff| i64::from(cutoff) <= minute);
        let mut left = u32::from(count) + u32::from(late && self.is_open(day));
        // Ends: some weekday is open, and holidays are finitely many.
        while 0 < left {
            day += 1;
            left -= u32::from(self.is_open(day));
        }
        let close = self.hours(day).close() * 60;
        self.unwall(day * DAY_SECONDS + if close == 0 { DAY_SECONDS } else { close })
    }

    /// Open minutes of an average open day; at least 1.
    pub fn day_minutes(&self) -> i64 {
        let open = self.week.iter().filter(|hours| 0 < hours.minutes()).count() as i64;
        (self.week_before[7] / open).max(1)
    }

    fn is_open(&self, day: i64) -> bool {
        0 < self.hours(day).minutes()
    }

    /// The hours of a local day.
    fn hours(&self, day: i64) -> DayHours {
        match self.special.binary_search(&day) {
            Ok(found) => self.special_hours[found],
            Err(_) => self.week[weekday(day)],
        }
    }

    /// Open minutes before a local day.
    fn day_position(&self, day: i64) -> i64 {
        let from_monday = day + 3;
        let weeks = from_monday.div_euclid(7);
        let gross = weeks * self.week_before[7] + self.week_before[weekday(day)];
        gross - self.taken_before[self.special.partition_point(|special| *special < day)]
    }

    /// Wall-clock seconds, standing still in a repeated hour.
    fn wall(&self, instant: i64) -> i64 {
        let instant = instant.clamp(INSTANT_MIN, INSTANT_MAX);
        let at = self.segments.partition_point(|segment| segment.from <= instant);
        let segment = self.segments[at.saturating_sub(1)];
        (instant + segment.offset).max(segment.wall_from)
    }

    /// The earliest instant at which the wall clock reads at least this.
    fn unwall(&self, wall: i64) -> i64 {
        let at = self.segments.partition_point(|segment| segment.wall_from < wall);
        let segment = self.segments[at.saturating_sub(1)];
        let instant = wall.saturating_sub(segment.offset).clamp(INSTANT_MIN, INSTANT_MAX);
        match self.segments.get(at.max(1)) {
            // The wall clock jumps over this reading.
            Some(next) => instant.min(next.from),
            None => instant,
        }
    }
}

/// Monday is 0.
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// Days since 1970 of a date.
pub fn day_number(date: Date) -> i64 {
    // The civil calendar counted from March, as the era method has it.
    let (year, month, day) =
        (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn segments(zone: &TimeZone) -> Vec<Segment> {
    let Ok(first) = Timestamp::from_second(INSTANT_MIN) else {
        unreachable!("1990 is a timestamp")
    };
    let offset = i64::from(zone.to_offset(first).seconds());
    let mut segments = vec![Segment { from: INSTANT_MIN, offset, wall_from: INSTANT_MIN + offset }];
    let mut before = offset;
    // Ends: a zone changes a few times a year, and the years end in 2090.
    for change in zone.following(first) {
        let from = change.timestamp().as_second();
        if INSTANT_MAX < from {
            break;
        }
        let offset = i64::from(change.offset().seconds());
        if offset != before {
            segments.push(Segment { from, offset, wall_from: from + offset.max(before) });
            before = offset;
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("bundled zone")
    }

    fn at(zone: &TimeZone, text: &str) -> i64 {
        let wall: DateTime = text.parse().expect("a date and time");
        zone.to_ambiguous_timestamp(wall).compatible().expect("in range").as_second()
    }

    fn office() -> Calendar {
        let day = Opening { from: 480, to: 1_080 };
        let saturday = Opening { from: 540, to: 720 };
        let week = [day, day, day, day, day, saturday, Opening::CLOSED];
        let holidays = [date(2024, 12, 25), date(2024, 12, 26), date(2024, 12, 29)];
        Calendar::new(week, &holidays, &zone("Europe/Berlin")).expect("a calendar")
    }

    #[test]
    fn open_minutes_skip_nights_sundays_and_holidays() {
        let zone = zone("Europe/Berlin");
        let calendar = office();
        let check = |from: &str, to: &str, expected: i64| {
            let minutes = calendar.position(at(&zone, to)) - calendar.position(at(&zone, from));
            assert_eq!(minutes, expected, "{from} to {to}");
        };
        check("2024-12-20T17:00:00", "2024-12-20T19:00:00", 60);
        check("2024-12-20T17:00:00", "2024-12-21T10:00:00", 60 + 60);
        check("2024-12-20T18:00:00", "2024-12-23T08:00:00", 180);
        check("2024-12-24T12:00:00", "2024-12-27T09:00:00", 6 * 60 + 60);
        // The holiday on a Sunday takes nothing.
        check("2024-12-28T12:00:00", "2024-12-30T08:00:00", 0);
    }

    #[test]
    fn a_position_comes_back_as_its_earliest_instant() {
        let zone = zone("Europe/Berlin");
        let calendar = office();
        let check = |from: &str, minutes: i64, expected: &str| {
            let got = calendar.instant(calendar.position(at(&zone, from)) + minutes);
            assert_eq!(got, at(&zone, expected), "{from} + {minutes}");
        };
        check("2024-12-20T17:00:00", 60, "2024-12-20T18:00:00");
        check("2024-12-20T17:00:00", 61, "2024-12-21T09:01:00");
        check("2024-12-24T17:00:00", 90, "2024-12-27T08:30:00");
        check("2024-12-24T19:00:00", 0, "2024-12-24T18:00:00");
    }

    fn shop() -> Calendar {
        let span = |from, to| Opening { from, to };
        let day = DayHours { first: span(480, 720), second: span(780, 1_080) };
        let closed = DayHours::CLOSED;
        let week = [day, day, day, day, day, closed, closed];
        // A half day, Christmas, and a Sunday that is open.
        let special = [
            (day_number(date(2024, 12, 24)), span(480, 720).into()),
            (day_number(date(2024, 12, 25)), closed),
            (day_number(date(2024, 12, 22)), span(600, 720).into()),
        ];
        Calendar::with_days(week, &special, &zone("Europe/Berlin")).expect("a calendar")
    }

    #[test]
    fn breaks_half_days_and_open_sundays_count() {
        let zone = zone("Europe/Berlin");
        let calendar = shop();
        let check = |from: &str, to: &str, expected: i64| {
            let minutes = calendar.position(at(&zone, to)) - calendar.position(at(&zone, from));
            assert_eq!(minutes, expected, "{from} to {to}");
            let back = calendar.instant(calendar.position(at(&zone, from)) + expected);
            assert_eq!(back, at(&zone, to), "{from} + {expected}");
        };
        check("2024-12-19T11:00:00", "2024-12-19T14:00:00", 120);
        check("2024-12-20T17:00:00", "2024-12-22T11:00:00", 60 + 60);
        check("2024-12-24T11:00:00", "2024-12-26T09:00:00", 60 + 60);
        check("2024-12-22T11:30:00", "2024-12-24T08:01:00", 30 + 540 + 1);
        let days = |from: &str, count| calendar.open_days_after(at(&zone, from), count);
        assert_eq!(days("2024-12-20T10:00:00", 1), at(&zone, "2024-12-22T12:00:00"));
        assert_eq!(days("2024-12-20T10:00:00", 3), at(&zone, "2024-12-24T12:00:00"));
        assert_eq!(days("2024-12-24T10:00:00", 1), at(&zone, "2024-12-26T18:00:00"));
    }

    #[test]
    fn a_cutoff_moves_the_start_to_the_next_day() {
        let zone = zone("Europe/Berlin");
        let calendar = office().with_cutoff(960).expect("16:00");
        let start = |text: &str| calendar.instant(calendar.start(at(&zone, text)) + 1) - 60;
        assert_eq!(start("2024-12-19T15:00:00"), at(&zone, "2024-12-19T15:00:00"));
        assert_eq!(start("2024-12-19T15:59:59"), at(&zone, "2024-12-19T15:59:00"));
        assert_eq!(start("2024-12-19T16:00:00"), at(&zone, "2024-12-20T08:00:00"));
        assert_eq!(start("2024-12-19T16:30:00"), at(&zone, "2024-12-20T08:00:00"));
        assert_eq!(
            calendar.open_days_after(at(&zone, "2024-12-19T15:00:00"), 1),
            at(&zone, "2024-12-20T18:00:00")
        );
        assert_eq!(
            calendar.open_days_after(at(&zone, "2024-12-19T16:30:00"), 1),
            at(&zone, "2024-12-21T12:00:00")
        );
        assert_eq!(
            calendar.open_days_after(at(&zone, "2024-12-24T10:00:00"), 1),
            at(&zone, "2024-12-27T18:00:00")
        );
    }

    #[test]
    fn what_cannot_be_a_calendar_says_why() {
        let check = |week: [Opening; 7], expected: &str| {
            let error = Calendar::new(week, &[], &TimeZone::UTC).expect_err("refused");
            assert!(error.to_string().contains(expected), "{error}");
        };
        check([Opening::CLOSED; 7], "never open");
        check([Opening { from: 5, to: 2_000 }; 7], "minute 5 to 2000");
        check([Opening { from: 9, to: 8 }; 7], "minute 9 to 8");
        let crossed = DayHours {
            first: Opening { from: 480, to: 720 },
            second: Opening { from: 700, to: 900 },
        };
        let error = Calendar::with_days([crossed; 7], &[], &TimeZone::UTC).expect_err("refused");
        assert!(error.to_string().starts_with("opening from minute 480 to 720 and 700 to 900"));
        assert!(Calendar::continuous().with_cutoff(1_441).is_err());
    }

    #[test]
    fn days_are_numbered_from_1970() {
        assert_eq!(day_number(date(1970, 1, 1)), 0);
        assert_eq!(day_number(date(2000, 2, 29)), 11_016);
        assert_eq!(day_number(date(1969, 12, 31)), -1);
        assert_eq!(weekday(day_number(date(2024, 12, 30))), 0);
    }

    proptest! {
        #[test]
        fn positions_never_fall_and_instants_are_earliest(
            start in 1_400_000_000_i64..1_800_000_000, step in 0_i64..9_000, which in 0_usize..5
        ) {
            let calendar = [
                office(),
                shop(),
                Calendar::weekdays(&zone("America/Sao_Paulo"), &[date(2018, 2, 13)]),
                Calendar::weekdays(&zone("America/New_York"), &[]),
                Calendar::continuous(),
            ][which].clone();
            let position = calendar.position(start);
            prop_assert!(position <= calendar.position(start + step));
            let back = calendar.instant(position);
            prop_assert!(back <= start);
            prop_assert_eq!(calendar.position(back), position);
            prop_assert!(calendar.position(back - 60) < position);
        }

        #[test]
        fn any_number_is_an_instant_and_a_position(number in any::<i64>()) {
            for calendar in [office(), shop()] {
                let position = calendar.position(number);
                prop_assert!(calendar.position(calendar.instant(position)) <= position);
                let bound = 1 << 40;
                calendar.instant(number.clamp(-bound, bound));
            }
        }
    }

    #[test]
    fn a_repeated_and_a_missing_hour_keep_time_monotone() {
        let calendar = Calendar::weekdays(&zone("America/New_York"), &[]);
        // 2024-03-10 and 2024-11-03 are Sundays: a calendar open on Sundays shows the change.
        let week = [Opening::ALL_DAY; 7];
        let daily = Calendar::new(week, &[], &zone("America/New_York")).expect("open");
        for from in [1_710_050_000_i64, 1_730_600_000] {
            let mut last = i64::MIN;
            for instant in (from..from + 60_000).step_by(60) {
                let position = daily.position(instant);
                assert!(last <= position);
                assert!(position - last.max(position - 61) <= 61);
                last = position;
            }
        }
        let friday = at(&zone("America/New_York"), "2024-11-01T12:00:00");
        let monday = at(&zone("America/New_York"), "2024-11-04T12:00:00");
        assert_eq!(calendar.position(monday) - calendar.position(friday), 1_440);
        assert_eq!(calendar.instant(calendar.position(friday) + 1_440), monday);
    }
}
