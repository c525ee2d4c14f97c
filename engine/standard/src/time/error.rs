//! What is wrong with a time text.
//!
//! # Place
//! Returned by every reader of `time`; printed with a dead letter.
//!
//! # Method
//! Eight bytes, no text: the caller has the text and the byte offset points into it.
//!
//! # Holds
//! [`TimeError`], [`TimeErrorKind`].
//!
//! # Does not hold
//! The policy for such an event: dead letter, or history without a time.

use std::fmt;

/// What is wrong and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeError {
    /// What is wrong.
    pub kind: TimeErrorKind,
    /// The byte of the text, from 0, at which it showed; at most 255.
    pub at: u8,
}

/// The ways in which a time text can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeErrorKind {
    /// Nothing but blanks.
    Empty,
    /// The text ends too early.
    Short,
    /// The text is longer than any time.
    Long,
    /// Something else than a digit.
    Digit(u8),
    /// Something else than the separator of this shape.
    Separator(u8),
    /// A whole time, then more.
    Trailing(u8),
    /// A number of digits that the shape doesn't have.
    Width(u8),
    /// A year outside [`super::YEARS`].
    Year(u16),
    /// A month that isn't 1..=12.
    Month(u8),
    /// A word that isn't a month.
    MonthName,
    /// No date anywhere in a sentence.
    NoDate,
    /// A day that the month doesn't have.
    Day(u8),
    /// An hour past 24.
    Hour(u8),
    /// A minute past 59.
    Minute(u8),
    /// A second past 60.
    Second(u8),
    /// `12:00` or less without am or pm, under a shape that needs it.
    AmPm,
    /// An offset that can't be read, or past 15 hours.
    Offset,
    /// A word after the clock that is neither an offset nor a zone.
    Zone,
    /// A count of seconds or milliseconds outside [`super::YEARS`].
    Count,
}

impl TimeErrorKind {
    /// The error at a byte of the text.
    #[must_use]
    pub(crate) fn at(self, index: usize) -> TimeError {
        TimeError { kind: self, at: u8::try_from(index).unwrap_or(u8::MAX) }
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.kind {
            TimeErrorKind::Empty => write!(out, "no time in the text"),
            TimeErrorKind::Short => write!(out, "text ends at byte {at}, before its time does"),
            TimeErrorKind::Long => write!(out, "text of more than 96 bytes, longer than any time"),
            TimeErrorKind::Digit(found) => {
                write!(out, "\"{}\" at byte {at} where a digit goes", found.escape_ascii())
            }
            TimeErrorKind::Separator(found) => {
                write!(out, "\"{}\" at byte {at} where a separator goes", found.escape_ascii())
            }
            TimeErrorKind::Trailing(found) => {
                write!(out, "\"{}\" at byte {at}, after the time has ended", found.escape_ascii())
            }
            TimeErrorKind::Width(digits) => {
                write!(out, "{digits} digits at byte {at}, a number this shape doesn't have")
            }
            TimeErrorKind::Year(year) => {
                write!(out, "year {year} at byte {at} isn't in 1900 to 2200")
            }
            TimeErrorKind::Month(month) => {
                write!(out, "month {month} at byte {at} isn't in 1 to 12")
            }
            TimeErrorKind::MonthName => write!(out, "the word at byte {at} isn't a month"),
            TimeErrorKind::NoDate => write!(out, "no date stands in these words"),
            TimeErrorKind::Day(day) => write!(out, "the month has no day {day}, at byte {at}"),
            TimeErrorKind::Hour(hour) => write!(out, "hour {hour} at byte {at} is past 24:00"),
            TimeErrorKind::Minute(minute) => write!(out, "minute {minute} at byte {at} is past 59"),
            TimeErrorKind::Second(second) => write!(out, "second {second} at byte {at} is past 60"),
            TimeErrorKind::AmPm => write!(out, "clock at byte {at} has no am or pm"),
            TimeErrorKind::Offset => {
                write!(out, "the offset at byte {at} isn't one like -05:00 or Z")
            }
            TimeErrorKind::Zone => write!(out, "the word at byte {at} isn't a zone like EST"),
            TimeErrorKind::Count => write!(out, "the count at byte {at} lies outside 1900 to 2200"),
        }
    }
}

impl std::error::Error for TimeError {}
