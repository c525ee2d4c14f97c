//! The times that carriers write, read exactly.
//!
//! # Place
//! After a feed's paths have picked the bytes of a date, a clock or an offset, before a zone is looked up in `place`.
//!
//! # Method
//! A feed names the [`TimeShape`] of each field, so nothing is guessed: `03/04/2026` is March only under `us-slash`.
//! [`parse`] yields wall-clock seconds and, apart from them, what the text says of a zone. Nothing written means
//! nothing known: no `Z` is ever invented. ISO texts take a branch-light path over whole words, see `iso`.
//!
//! # Holds
//! [`LocalTime`], [`parse`], [`join`], [`offset`] (offsets and zone codes), [`civil`] (days and dates), [`mod@write`]
//! (RFC 3339).
//!
//! # Does not hold
//! Zones and daylight saving: `place::Zones`. Which field holds what: the feed.

pub mod civil;
mod clock;
mod cursor;
mod date;
mod digits;
mod error;
mod iso;
mod month;
pub mod offset;
mod shape;
mod words;
pub mod write;

pub use error::{TimeError, TimeErrorKind};
pub use offset::{
    OffsetUnit, ZoneCode, parse_offset, parse_offset_number, parse_zone_code, x12_zone_code,
};
pub use shape::TimeShape;

use civil::SECONDS_PER_DAY;

/// The first and the last year that is a date and not a slip.
pub const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// How finely a time was written. Ordered from coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Precision {
    /// A day.
    Date,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// A second.
    Second,
    /// A fraction of a second, kept to the microsecond.
    Subsecond,
}

/// What was put right while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeNote {
    /// Nothing.
    None,
    /// `24:00`: read as 00:00 of the next day.
    EndOfDay,
    /// Second 60: read as second 59.
    LeapSecond,
}

/// A time as written: what the clock on the wall showed and what the text says of its zone, kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalTime {
    /// Seconds of the wall clock since 1970-01-01T00:00:00, as if the wall hung in UTC. A text without a date counts
    /// from 1970-01-01.
    pub seconds: i64,
    /// Microseconds after `seconds`, 0..1_000_000; finer digits are cut off.
    pub micros: u32,
    /// How finely it was written.
    pub precision: Precision,
    /// The offset written in the text, minutes east of UTC; 0 for `Z`.
    pub offset_minutes: Option<i16>,
    /// The zone written in the text when it is not an offset (`EST`, `CET`).
    pub zone: Option<ZoneCode>,
    /// What was put right.
    pub note: TimeNote,
}

impl LocalTime {
    /// A time from a count of wall-clock seconds.
    #[must_use]
    pub const fn new(seconds: i64, precision: Precision) -> LocalTime {
        let note = TimeNote::None;
        LocalTime { seconds, micros: 0, precision, offset_minutes: None, zone: None, note }
    }

    /// Seconds since 1970-01-01T00:00:00Z, where the text gives its offset.
    #[must_use]
    pub fn instant(&self) -> Option<i64> {
        self.offset_minutes.map(|minutes| self.seconds - i64::from(minutes) * 60)
    }

    /// Days since 1970-01-01 on the wall.
    #[must_use]
    pub const fn day(&self) -> i64 {
        self.seconds.div_euclid(SECONDS_PER_DAY)
    }

    /// Whether the clock shows exactly midnight, which many feeds write for "time not known" (`T00:00:00`, `0000`).
    #[must_use]
    pub const fn is_midnight(&self) -> bool {
        self.seconds.rem_euclid(SECONDS_PER_DAY) == 0 && self.micros == 0
    }

    /// The same with an exact midnight taken for a day without a time. `24:00` stays: nobody writes it by default.
    #[must_use]
    pub fn midnight_as_date(mut self) -> LocalTime {
        if self.is_midnight() && self.note != TimeNote::EndOfDay {
            self.precision = Precision::Date;
        }
        self
    }

    /// The same with an offset that another field gave. It replaces one that the text holds.
    #[must_use]
    pub const fn with_offset(mut self, minutes: i16) -> LocalTime {
        self.offset_minutes = Some(minutes);
        self.zone = None;
        self
    }
}

/// Reads one text of a known shape. Blanks around it don't count.
///
/// # Errors
/// What is wrong and at which byte. Any bytes are taken; nothing panics.
pub fn parse(shape: TimeShape, text: &[u8]) -> Result<LocalTime, TimeError> {
    if shape == TimeShape::Iso {
        return iso::parse(text);
    }
    // A sentence may be longer than any other time.
    if shape == TimeShape::InWords {
        return words::parse(text.trim_ascii());
    }
    match digits::parse(shape, text) {
        Some(time) => Ok(time),
        None => shape.parse(text.trim_ascii()),
    }
}

/// Puts the date of one field and the clock of another together. The clock's precision and zone win; where it has no
/// zone, the date's stays.
#[must_use]
pub fn join(date: LocalTime, clock: LocalTime) -> LocalTime {
    let has_zone = clock.offset_minutes.is_some() || clock.zone.is_some();
    LocalTime {
        seconds: date.day() * SECONDS_PER_DAY + clock.seconds,
        micros: clock.micros,
        precision: clock.precision,
        offset_minutes: if has_zone { clock.offset_minutes } else { date.offset_minutes },
        zone: if has_zone { clock.zone } else { date.zone },
        note: if clock.note == TimeNote::None { date.note } else { clock.note },
    }
}

/// The first shape, in the order of [`TimeShape::ALL`], that reads the text. For scaffolding a feed from samples; where
/// a slash date fits both orders the answer is `us-slash` and the second value is true.
#[must_use]
pub fn guess(text: &[u8]) -> Option<(TimeShape, bool)> {
    // A sentence with a date in it is a text, and only a person can tell that it is the time as well.
    let mut shapes = TimeShape::ALL.into_iter().filter(|shape| *shape != TimeShape::InWords);
    let shape = shapes.find(|&shape| parse(shape, text).is_ok())?;
    let ambiguous = shape == TimeShape::UsSlash && parse(TimeShape::EuSlash, text).is_ok();
    Some((shape, ambiguous))
}

#[cfg(test)]
mod tests;
