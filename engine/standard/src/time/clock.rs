//! Clocks: the hour, minute and second of a text, and the zone behind them.
//!
//! # Place
//! Called for texts that hold a clock only, and for the tail of every date shape.
//!
//! # Method
//! Digits with colons and digits without are told apart by their first separator. Am, pm and a zone may follow.
//!
//! # Holds
//! Readers of clocks and of what follows a date.
//!
//! # Does not hold
//! The ISO fast path.

use super::cursor::Cursor;
use super::offset::{self, ZoneCode};
use super::{LocalTime, Precision, TimeError, TimeErrorKind, TimeNote, join};

/// Whether a clock of the first half of the day must say so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// `1:12` is 01:12.
    Optional,
    /// `1:12` is an error: it may have been meant as 13:12.
    Required,
}

/// A wall clock of 1970-01-01 from its parts, all checked. `at` is where the clock starts.
pub(super) fn assemble(
    [hour, minute, second]: [u32; 3],
    precision: Precision,
    at: usize,
) -> Result<LocalTime, TimeError> {
    let narrow = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    if 59 < minute {
        return Err(TimeErrorKind::Minute(narrow(minute)).at(at));
    }
    if 60 < second {
        return Err(TimeErrorKind::Second(narrow(second)).at(at));
    }
    if 24 < hour || (hour == 24 && (minute, second) != (0, 0)) {
        return Err(TimeErrorKind::Hour(narrow(hour)).at(at));
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second.min(59));
    let mut clock = LocalTime::new(seconds, precision);
    if hour == 24 {
        clock.note = TimeNote::EndOfDay;
    } else if second == 60 {
        clock.note = TimeNote::LeapSecond;
    }
    Ok(clock)
}

/// A clock with or without colons, then perhaps am or pm, then perhaps a zone, then the end.
fn parse_any(cursor: &mut Cursor<'_>, marker: Marker) -> Result<LocalTime, TimeError> {
    let clock = match cursor.digits_ahead() {
        0 => return Err(cursor.wrong_digit()),
        1 | 2 => colon(cursor, marker)?,
        _ => compact(cursor)?,
    };
    zone_tail(cursor, clock)
}

/// `HH:MM`, `HH:MM:SS` and fractions, then perhaps am or pm, then perhaps a zone.
pub(super) fn parse_colon(cursor: &mut Cursor<'_>, marker: Marker) -> Result<LocalTime, TimeError> {
    let clock = colon(cursor, marker)?;
    zone_tail(cursor, clock)
}

/// `HHMM`, `HHMMSS`, and both with the leading zero of the hour lost, as a number loses it; `0` is midnight.
pub(super) fn parse_compact(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let clock = compact(cursor)?;
    zone_tail(cursor, clock)
}

/// X12 data element 337: `HHMM`, `HHMMSS`, `HHMMSSD`, `HHMMSSDD`.
pub(super) fn parse_x12(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let (at, width) = (cursor.at(), cursor.digits_ahead());
    if !matches!(width, 4 | 6 | 7 | 8) {
        return Err(wrong_width(cursor));
    }
    let hour = cursor.number(2)?;
    let minute = cursor.number(2)?;
    if width == 4 {
        let clock = assemble([hour, minute, 0], Precision::Minute, at)?;
        return cursor.finish().map(|()| clock);
    }
    let second = cursor.number(2)?;
    let precision = if width == 6 { Precision::Second } else { Precision::Subsecond };
    let mut clock = assemble([hour, minute, second], precision, at)?;
    let fraction = cursor.number(width - 6)?;
    clock.micros = fraction * if width == 8 { 10_000 } else { 100_000 };
    cursor.finish().map(|()| clock)
}

/// What may follow a date: nothing, a zone (an XML Schema date has one), or a clock after blanks, `T`, `,` or `/`.
pub(super) fn after_date(
    cursor: &mut Cursor<'_>,
    date: LocalTime,
    marker: Marker,
) -> Result<LocalTime, TimeError> {
    let start = cursor.at();
    let mut parted = cursor.blanks() != 0;
    for separator in [b",", b"/", b"T", b"t"] {
        if cursor.eat(separator[0]) {
            parted = true;
            cursor.blanks();
            break;
        }
    }
    if cursor.is_done() {
        return if cursor.at() == start { Ok(date) } else { Err(cursor.wrong_digit()) };
    }
    if !cursor.peek().is_ascii_digit() {
        return zone_tail(cursor, date);
    }
    if !parted {
        return Err(cursor.wrong_separator());
    }
    Ok(join(date, parse_any(cursor, marker)?))
}

fn wrong_width(cursor: &Cursor<'_>) -> TimeError {
    let width = cursor.digits_ahead();
    if width == 0 {
        return cursor.wrong_digit();
    }
    TimeErrorKind::Width(u8::try_from(width).unwrap_or(u8::MAX)).at(cursor.at())
}

fn compact(cursor: &mut Cursor<'_>) -> Result<LocalTime, TimeError> {
    let (at, width) = (cursor.at(), cursor.digits_ahead());
    if width == 1 && cursor.peek() == b'0' {
        // Midnight as a number.
        cursor.skip(1);
        return Ok(LocalTime::new(0, Precision::Minute));
    }
    if !(3..=6).contains(&width) {
        return Err(wrong_width(cursor));
    }
    // 3 and 5 digits have lost the zero of the hour: UPS writes 74700 for 07:47:00.
    let hour = cursor.number(2 - width % 2)?;
    let minute = cursor.number(2)?;
    let (second, precision) = match width {
        5 | 6 => (cursor.number(2)?, Precision::Second),
        _ => (0, Precision::Minute),
    };
    let mut clock = assemble([hour, minute, second], precision, at)?;
    fraction(cursor, &mut clock)?;
    Ok(clock)
}

fn colon(cursor: &mut Cursor<'_>, marker: Marker) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let mut hour = cursor.short_number()?;
    let (mut minute, mut second, mut precision) = (0, 0, Precision::Hour);
    // A dot parts hours and minutes too (`10.02`), a colon also seconds and thousandths (`14:03:12:000`).
    let separator = cursor.peek();
    if matches!(separator, b':' | b'.') {
        cursor.skip(1);
        (minute, precision) = (cursor.number(2)?, Precision::Minute);
        if cursor.eat(separator) {
            (second, precision) = (cursor.number(2)?, Precision::Second);
        }
    }
    let mut thousandths = LocalTime::new(0, precision);
    if precision == Precision::Second {
        fraction(cursor, &mut thousandths)?;
    }
    hour = half_of_day(cursor, hour, marker, at)?;
    if precision == Precision::Hour && cursor.is_done() && at + 2 >= cursor.at() {
        // A bare one or two digits are no clock: `12` may be a day.
        return Err(cursor.wrong_separator());
    }
    let mut clock = assemble([hour, minute, second], thousandths.precision, at)?;
    clock.micros = thousandths.micros;
    Ok(clock)
}

/// Reads the digits behind a second, cut to microseconds.
fn fraction(cursor: &mut Cursor<'_>, clock: &mut LocalTime) -> Result<(), TimeError> {
    if clock.precision < Precision::Second || !matches!(cursor.peek(), b'.' | b',' | b':') {
        return Ok(());
    }
    cursor.skip(1);
    let width = cursor.digits_ahead();
    if width == 0 {
        return Err(cursor.wrong_digit());
    }
    let kept = width.min(6);
    clock.micros = cursor.number(kept)? * 10_u32.pow(6 - kept as u32);
    clock.precision = Precision::Subsecond;
    cursor.skip(width - kept);
    Ok(())
}

/// Reads am or pm, if there is one, and turns the hour into one of 24.
fn half_of_day(
    cursor: &mut Cursor<'_>,
    hour: u32,
    marker: Marker,
    at: usize,
) -> Result<u32, TimeError> {
    let mut ahead = *cursor;
    ahead.blanks();
    let half = ahead.peek().to_ascii_lowercase();
    ahead.skip(1);
    // Spanish writes `a. m.`, with a blank within.
    if ahead.eat(b'.') {
        ahead.blanks();
    }
    let is_marker = matches!(half, b'a' | b'p') && ahead.peek().eq_ignore_ascii_case(&b'm');
    ahead.skip(1);
    ahead.eat(b'.');
    if !is_marker || ahead.peek().is_ascii_alphabetic() {
        let is_plain = marker == Marker::Optional || hour == 0 || 12 < hour;
        return if is_plain { Ok(hour) } else { Err(TimeErrorKind::AmPm.at(at)) };
    }
    *cursor = ahead;
    match (half, hour) {
        (b'a', 12) => Ok(0),
        (b'a', 0..=11) | (b'p', 12..=23) => Ok(hour),
        (b'p', _) if hour < 12 => Ok(hour + 12),
        _ => Err(TimeErrorKind::Hour(u8::try_from(hour).unwrap_or(u8::MAX)).at(at)),
    }
}

/// Reads the zone behind a clock, if there is one, and then wants the end.
pub(super) fn zone_tail(
    cursor: &mut Cursor<'_>,
    mut clock: LocalTime,
) -> Result<LocalTime, TimeError> {
    cursor.blanks();
    if cursor.is_done() {
        return Ok(clock);
    }
    let (at, rest) = (cursor.at(), cursor.rest());
    // Java's ZonedDateTime adds the name of the zone in brackets; the offset before it decides.
    let rest = match rest.iter().position(|&byte| byte == b'[') {
        Some(bracket) if 0 < bracket && rest.ends_with(b"]") => &rest[..bracket],
        _ => rest,
    };
    let first = rest[0];
    if !matches!(first, b'+' | b'-') && !first.is_ascii_alphabetic() && !rest.starts_with(b"(") {
        return Err(TimeErrorKind::Trailing(first).at(at));
    }
    match offset::parse_zone_code(rest) {
        Some(ZoneCode::Fixed(minutes)) => clock.offset_minutes = Some(minutes),
        Some(code) => clock.zone = Some(code),
        None if first.is_ascii_alphabetic() => return Err(TimeErrorKind::Zone.at(at)),
        None => return Err(TimeErrorKind::Offset.at(at)),
    }
    cursor.skip_all();
    Ok(clock)
}
