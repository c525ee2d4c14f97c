//! The shapes of time texts that a feed can name.
//!
//! # Place
//! Between the feed language, which holds the names, and the readers of `time`.
//!
//! # Method
//! A closed enum: a feed with another name fails when it is compiled, not when an event comes.
//!
//! # Holds
//! [`TimeShape`], its names, the shapes behind EDIFACT 2379 and X12 1250 qualifiers.
//!
//! # Does not hold
//! The readers.

use super::clock::{self, Marker};
use super::cursor::Cursor;
use super::date::{self, Order};
use super::{LocalTime, TimeError, month, words};

/// How a field writes its time. After every date a clock may follow (`2024-11-22 13:58`, `October 15, 2026 1:12 pm`,
/// `20191219 1004`), and after every clock an offset or a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeShape {
    /// `2024-08-20T12:41:57-04:00`, `2024-08-20 12:41:57.123`, `2024-08-20T12:41Z`, `2024-08-20`.
    Iso,
    /// `2024/08/20 12:41`, `2024.08.20`, `2015 11 27 / 05:46:00`.
    YearFirst,
    /// `20240820`, `20240820 1241`, `20240820T124157Z`.
    CompactDate,
    /// `202408201241`, `20240820124157`, `20240820124157123`, each perhaps with an offset.
    CompactDateTime,
    /// `1241`, `124157`, and `74700` or `747` with the leading zero lost.
    ClockCompact,
    /// `12:41`, `12:41:57.123`, `14:03:12:000`, `12:41:57+02:00`; am or pm is taken too.
    ClockColon,
    /// `1:12 pm`, `01:12:05 P.M.`; without am or pm only what can't be meant otherwise (`00:12`, `13:12`).
    ClockAmPm,
    /// `October 15, 2026`, `Oct 15 2026`, `15-Oct-26`, `15 octobre 2026`, `Tue, 20 Aug 2024 12:41:57 -0400`.
    MonthName,
    /// `MM/DD/YYYY`, also with dashes or dots and with a year of two digits.
    UsSlash,
    /// `DD/MM/YYYY` and `DD.MM.YYYY`, likewise.
    EuSlash,
    /// Seconds since 1970 in universal time, perhaps with a fraction.
    UnixSeconds,
    /// Milliseconds since 1970 in universal time.
    UnixMillis,
    /// `YYMMDD`: EDIFACT format 101.
    ShortDate,
    /// `DDMMYY`: EDIFACT format 2.
    ShortDateEu,
    /// `YYMMDDHHMM[SS]`: EDIFACT formats 201, 202, 301, 302.
    ShortDateTime,
    /// EDIFACT format 102, `CCYYMMDD`. The number of digits decides where sender and format disagree.
    EdifactDtm102,
    /// EDIFACT format 203, `CCYYMMDDHHMM`.
    EdifactDtm203,
    /// EDIFACT format 204, `CCYYMMDDHHMMSS`.
    EdifactDtm204,
    /// EDIFACT format 205, `CCYYMMDDHHMM` and an offset `+HHMM`.
    EdifactDtm205,
    /// EDIFACT format 303, `CCYYMMDDHHMM` and a zone of three letters or an offset.
    EdifactDtm303,
    /// EDIFACT format 304, `CCYYMMDDHHMMSS` and a zone of three letters or an offset.
    EdifactDtm304,
    /// A sentence that holds an American date, and perhaps a clock with am or pm.
    InWords,
    /// X12 data element 373: `CCYYMMDD`, before release 4010 `YYMMDD`.
    X12Date,
    /// X12 data element 337: `HHMM`, `HHMMSS`, `HHMMSSD`, `HHMMSSDD`.
    X12Time,
}

impl TimeShape {
    /// Every shape, in the order in which [`super::guess`] tries them.
    pub const ALL: [TimeShape; 24] = [
        TimeShape::Iso,
        TimeShape::MonthName,
        TimeShape::YearFirst,
        TimeShape::UsSlash,
        TimeShape::EuSlash,
        TimeShape::CompactDate,
        TimeShape::CompactDateTime,
        TimeShape::ClockAmPm,
        TimeShape::ClockColon,
        TimeShape::ClockCompact,
        TimeShape::UnixSeconds,
        TimeShape::UnixMillis,
        TimeShape::ShortDate,
        TimeShape::ShortDateEu,
        TimeShape::ShortDateTime,
        TimeShape::EdifactDtm102,
        TimeShape::EdifactDtm203,
        TimeShape::EdifactDtm204,
        TimeShape::EdifactDtm205,
        TimeShape::EdifactDtm303,
        TimeShape::EdifactDtm304,
        TimeShape::X12Date,
        TimeShape::X12Time,
        TimeShape::InWords,
    ];

    /// The name in feed files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TimeShape::Iso => "iso",
            TimeShape::YearFirst => "year-first",
            TimeShape::CompactDate => "compact-date",
            TimeShape::CompactDateTime => "compact-date-time",
            TimeShape::ClockCompact => "clock-compact",
            TimeShape::ClockColon => "clock-colon",
            TimeShape::ClockAmPm => "clock-am-pm",
            TimeShape::MonthName => "month-name",
            TimeShape::UsSlash => "us-slash",
            TimeShape::EuSlash => "eu-slash",
            TimeShape::UnixSeconds => "unix-seconds",
            TimeShape::UnixMillis => "unix-millis",
            TimeShape::ShortDate => "short-date",
            TimeShape::ShortDateEu => "short-date-eu",
            TimeShape::ShortDateTime => "short-date-time",
            TimeShape::EdifactDtm102 => "edifact-102",
            TimeShape::EdifactDtm203 => "edifact-203",
            TimeShape::EdifactDtm204 => "edifact-204",
            TimeShape::EdifactDtm205 => "edifact-205",
            TimeShape::EdifactDtm303 => "edifact-303",
            TimeShape::EdifactDtm304 => "edifact-304",
            TimeShape::X12Date => "x12-date",
            TimeShape::X12Time => "x12-time",
            TimeShape::InWords => "in-words",
        }
    }

    /// The shape with this name in feed files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<TimeShape> {
        TimeShape::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// The shape that a format qualifier of an EDIFACT DTM segment (data element 2379) names.
    #[must_use]
    pub fn from_edifact(qualifier: &[u8]) -> Option<TimeShape> {
        Some(match qualifier {
            b"2" => TimeShape::ShortDateEu,
            b"101" => TimeShape::ShortDate,
            b"102" => TimeShape::EdifactDtm102,
            b"201" | b"202" | b"301" | b"302" => TimeShape::ShortDateTime,
            b"203" => TimeShape::EdifactDtm203,
            b"204" => TimeShape::EdifactDtm204,
            b"205" => TimeShape::EdifactDtm205,
            b"303" => TimeShape::EdifactDtm303,
            b"304" => TimeShape::EdifactDtm304,
            b"401" | b"402" => TimeShape::ClockCompact,
            _ => return None,
        })
    }

    /// The shape that a format qualifier of X12 (data element 1250) names.
    #[must_use]
    pub fn from_x12(qualifier: &[u8]) -> Option<TimeShape> {
        Some(match qualifier {
            b"D8" => TimeShape::X12Date,
            b"D6" => TimeShape::ShortDate,
            b"DT" => TimeShape::CompactDateTime,
            b"TM" | b"TS" => TimeShape::X12Time,
            _ => return None,
        })
    }

    /// Whether the shape has a date. Those without are joined to one by [`super::join`].
    #[must_use]
    pub const fn has_date(self) -> bool {
        !matches!(
            self,
            TimeShape::ClockCompact
                | TimeShape::ClockColon
                | TimeShape::ClockAmPm
                | TimeShape::X12Time
        )
    }

    /// Reads a trimmed text of any shape but `Iso` and `InWords`, which have readers of their own.
    pub(super) fn parse(self, text: &[u8]) -> Result<LocalTime, TimeError> {
        let mut cursor = Cursor::new(text)?;
        let cursor = &mut cursor;
        match self {
            TimeShape::Iso | TimeShape::YearFirst => {
                let day = date::year_first(cursor, b"/. -")?;
                clock::after_date(cursor, day, Marker::Optional)
            }
            TimeShape::CompactDate => date::compact(cursor),
            TimeShape::CompactDateTime
            | TimeShape::EdifactDtm102
            | TimeShape::EdifactDtm203
            | TimeShape::EdifactDtm204
            | TimeShape::EdifactDtm205
            | TimeShape::EdifactDtm303
            | TimeShape::EdifactDtm304 => date::compact_with_clock(cursor),
            TimeShape::ClockCompact => clock::parse_compact(cursor),
            TimeShape::ClockColon => clock::parse_colon(cursor, Marker::Optional),
            TimeShape::ClockAmPm => clock::parse_colon(cursor, Marker::Required),
            TimeShape::MonthName => month::parse(cursor, Marker::Optional),
            TimeShape::UsSlash => date::year_last(cursor, Order::MonthDayYear, Marker::Optional),
            TimeShape::EuSlash => date::year_last(cursor, Order::DayMonthYear, Marker::Optional),
            TimeShape::UnixSeconds => date::unix(cursor, 1),
            TimeShape::UnixMillis => date::unix(cursor, 1000),
            TimeShape::ShortDate => date::short(cursor, Order::YearMonthDay),
            TimeShape::ShortDateEu => date::short(cursor, Order::DayMonthYear),
            TimeShape::ShortDateTime => date::short_with_clock(cursor),
            TimeShape::X12Date => date::x12(cursor),
            TimeShape::X12Time => clock::parse_x12(cursor),
            TimeShape::InWords => words::parse(text),
        }
    }
}
