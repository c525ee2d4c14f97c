//! Dates in digits: year first, month first, day first, or without separators.
//!
//! # Place
//! Under `shape`, which knows the one that the feed names.
//!
//! # Method
//! The separators are given, the order of the parts is given, the rest is counting digits. Two-digit years are those
//! from 1980 to 2079: no parcel is older.
//!
//! # Holds
//! Readers of dates, and of dates with a clock glued on.
//!
//! # Does not hold
//! Months as words: `month`.

use super::civil::{SECONDS_PER_DAY, days_from_civil, days_in_month};
use super::clock::{Marker, after_date, assemble, zone_tail};
use super::cursor::Cursor;
use super::{LocalTime, Precision, TimeError, TimeErrorKind, YEARS, join};

/// The order of the parts of a date.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

/// The day with these parts, checked. `at` is where the date starts.
pub(super) fn assemble_date(
    year: u32,
    month: u32,
    day: u32,
    at: usize,
) -> Result<LocalTime, TimeError> {
    let narrow = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let signed = i32::try_from(year).unwrap_or(i32::MAX);
    if !YEARS.contains(&signed) {
        return Err(TimeErrorKind::Year(u16::try_from(year).unwrap_or(u16::MAX)).at(at));
    }
    if !(1..=12).contains(&month) {
        return Err(TimeErrorKind::Month(narrow(month)).at(at));
    }
    if !(1..=days_in_month(signed, month)).contains(&day) {
        return Err(TimeErrorKind::Day(narrow(day)).at(at));
    }
    Ok(LocalTime::new(days_from_civil(signed, month, day) * SECONDS_PER_DAY, Precision::Date))
}

/// The full year of one with two digits.
fn widen(year: u32) -> u32 {
    if year < 80 { 2000 + year } else { 1900 + year }
}

/// A year of four or of two digits.
pub(super) fn year(cursor: &mut Cursor<'_>) -> Result<u32, TimeError> {
    match cursor.digits_ahead() {
        2 => Ok(widen(cursor.number(2)?)),
        _ => cursor.number(4),
    }
}

/// `YYYY-MM-DD` with one of the separators given, the same one twice; months and days may have one digit.
pub(super) fn year_first(
    cursor: &mut Cursor<'_>,
    separators: &[u8],
) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let year = cursor.number(4)?;
    let separator = cursor.peek();
    if !separators.contains(&separator) || !cursor.eat(separator) {
        return Err(cursor.wrong_separator());
    }
    let month = cursor.short_number()?;
    if !cursor.eat(separator) {
        return Err(cursor.wrong_separator());
    }
    let day = cursor.short_number()?;
    assemble_date(year, month, day, at)
}

/// `MM/DD/YYYY` or `DD/MM/YYYY` with `/`, `-` or `.`, the same one twice, then perhaps a clock.
pub(super) fn year_last(
    cursor: &mut Cursor<'_>,
    order: Order,
    marker: Marker,
) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let first = cursor.short_number()?;
    let separator = cursor.peek();
    if !matches!(separator, b'/' | b'-' | b'.') {
        return Err(cursor.wrong_separator());
    }
    cursor.skip(1);
    let second = cursor.short_number()?;
    if !cursor.eat(separator) {
        return Err(cursor.wrong_separator());
    }
    let year = year(cursor)?;
    let (month, day) = if order == Order::MonthDayYear { (first, second) } else { (second, first) };
    let date = assemble_date(year, month, day, at)?;
    after_date(cursor, date, marker)
}

/// `YYYYMMDD`, then perhaps a clock behind a separator.
pub(super) fn compact(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    if cursor.digits_ahead() != 8 {
        return Err(wrong_width(cursor));
    }
    let date = full(cursor)?;
    after_date(cursor, date, Marker::Optional)
}

/// Six digits in the order given, then perhaps a clock behind a separator.
pub(super) fn short(cursor: &mut Cursor<'_>, order: Order) -> Result<LocalTime, TimeError> {
    if cursor.digits_ahead() != 6 {
        return Err(wrong_width(cursor));
    }
    let date = six(cursor, order)?;
    after_date(cursor, date, Marker::Optional)
}

/// `YYYYMMDD` with `HH`, `HHMM`, `HHMMSS` or `HHMMSSmmm` glued on, then perhaps a zone. The number of digits decides,
/// so a sender that names the wrong one of the EDIFACT formats 102, 203 and 204 is still understood.
pub(super) fn compact_with_clock(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let width = cursor.digits_ahead();
    if !matches!(width, 8 | 10 | 12 | 14 | 17) {
        return Err(wrong_width(cursor));
    }
    let date = full(cursor)?;
    glued(cursor, date, width - 8)
}

/// `YYMMDD` with `HHMM` or `HHMMSS` glued on, then perhaps a zone.
pub(super) fn short_with_clock(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let width = cursor.digits_ahead();
    if !matches!(width, 6 | 10 | 12) {
        return Err(wrong_width(cursor));
    }
    let date = six(cursor, Order::YearMonthDay)?;
    glued(cursor, date, width - 6)
}

/// X12 data element 373: `CCYYMMDD`, before release 4010 `YYMMDD`.
pub(super) fn x12(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let date = match cursor.digits_ahead() {
        6 => six(cursor, Order::YearMonthDay)?,
        8 => full(cursor)?,
        _ => return Err(wrong_width(cursor)),
    };
    cursor.finish().map(|()| date)
}

fn full(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let year = cursor.number(4)?;
    let month = cursor.number(2)?;
    let day = cursor.number(2)?;
    assemble_date(year, month, day, at)
}

fn six(cursor: &mut Cursor<'_>, order: Order) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let parts = [cursor.number(2)?, cursor.number(2)?, cursor.number(2)?];
    let [year, month, day] = match order {
        Order::MonthDayYear => [parts[2], parts[0], parts[1]],
        Order::DayMonthYear => [parts[2], parts[1], parts[0]],
        Order::YearMonthDay => parts,
    };
    assemble_date(widen(year), month, day, at)
}

/// The clock digits glued to a date: `width` of them are 0, 2, 4, 6 or 9.
fn glued(cursor: &mut Cursor<'_>, date: LocalTime, width: usize) -> Result<LocalTime, TimeError> {
    if width == 0 {
        return after_date(cursor, date, Marker::Optional);
    }
    let at = cursor.at();
    let hour = cursor.number(2)?;
    let minute = if 2 < width { cursor.number(2)? } else { 0 };
    let second = if 4 < width { cursor.number(2)? } else { 0 };
    let precision = match width {
        2 => Precision::Hour,
        4 => Precision::Minute,
        6 => Precision::Second,
        _ => Precision::Subsecond,
    };
    let mut clock = assemble([hour, minute, second], precision, at)?;
    if width == 9 {
        clock.micros = cursor.number(3)? * 1000;
    }
    zone_tail(cursor, join(date, clock))
}

fn wrong_width(cursor: &Cursor<'_>) -> TimeError {
    let width = cursor.digits_ahead();
    if width == 0 {
        return cursor.wrong_digit();
    }
    TimeErrorKind::Width(u8::try_from(width).unwrap_or(u8::MAX)).at(cursor.at())
}

/// Seconds or milliseconds since 1970-01-01T00:00:00Z, perhaps with a fraction.
pub(super) fn unix(cursor: &mut Cursor<'_>, per_second: u64) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let is_negative = cursor.eat(b'-');
    let width = cursor.digits_ahead();
    if width == 0 {
        return Err(cursor.wrong_digit());
    }
    if 18 < width {
        return Err(TimeErrorKind::Count.at(at));
    }
    let high = u64::from(cursor.number(width.saturating_sub(9))?);
    let count = high * 1_000_000_000 + u64::from(cursor.number(width.min(9))?);
    let (mut micros, mut is_fine) =
        (count % per_second * (1_000_000 / per_second), per_second != 1);
    if cursor.eat(b'.') {
        let kept = cursor.digits_ahead().min(6);
        if kept == 0 {
            return Err(cursor.wrong_digit());
        }
        let fraction = u64::from(cursor.number(kept)?) * 10_u64.pow(6 - kept as u32);
        micros += fraction / per_second;
        is_fine = true;
        cursor.skip(cursor.digits_ahead());
    }
    cursor.finish()?;
    let mut seconds = i64::try_from(count / per_second).unwrap_or(i64::MAX);
    if is_negative {
        seconds = -seconds - i64::from(micros != 0);
        micros = (1_000_000 - micros) % 1_000_000;
    }
    let first = days_from_civil(*YEARS.start(), 1, 1) * SECONDS_PER_DAY;
    let end = days_from_civil(*YEARS.end() + 1, 1, 1) * SECONDS_PER_DAY;
    if !(first..end).contains(&seconds) {
        return Err(TimeErrorKind::Count.at(at));
    }
    let precision = if is_fine { Precision::Subsecond } else { Precision::Second };
    let mut time = LocalTime::new(seconds, precision);
    time.micros = u32::try_from(micros).unwrap_or(0);
    time.offset_minutes = Some(0);
    Ok(time)
}
