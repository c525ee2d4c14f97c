//! Dates inside a sentence: `Delivered, in/at mailbox, July 14, 2020, 2:58 pm, JERICHO, NY 11753`.
//!
//! # Place
//! The shape `in-words` of `shape`, for senders who write an event as one sentence.
//!
//! # Method
//! Every word and number is looked at from its start, through a window as long as the longest date or clock, so the
//! whole takes linear time. The first date holds, and the first clock with am or pm, wherever it stands.
//!
//! # Holds
//! The reader. It knows American dates only: month, day, year, as a word or with slashes.
//!
//! # Does not hold
//! Clocks without am or pm: `10:30` in a sentence may be anything.

use super::clock::{self, Marker};
use super::cursor::Cursor;
use super::{LocalTime, TimeError, TimeErrorKind, date, join, month};

/// Longer sentences are no events.
const SENTENCE_SIZE_MAX: usize = 512;

/// `September 30th, 2026` and a blank more.
const DATE_SIZE_MAX: usize = 22;

/// `12:41:57 p.m.`
const CLOCK_SIZE_MAX: usize = 13;

/// The first date of a sentence, and its first clock where it has one.
pub(super) fn parse(text: &[u8]) -> Result<LocalTime, TimeError> {
    if SENTENCE_SIZE_MAX < text.len() {
        return Err(TimeErrorKind::Long.at(SENTENCE_SIZE_MAX));
    }
    let day = starts(text).find_map(|at| day(window(text, at, DATE_SIZE_MAX)));
    let day = day.ok_or_else(|| TimeErrorKind::NoDate.at(0))?;
    let clock = starts(text).find_map(|at| clock(window(text, at, CLOCK_SIZE_MAX)));
    Ok(clock.map_or(day, |clock| join(day, clock)))
}

/// Where words and numbers begin.
fn starts(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..text.len()).filter(move |&at| {
        text[at].is_ascii_alphanumeric() && (at == 0 || !text[at - 1].is_ascii_alphanumeric())
    })
}

fn window(text: &[u8], at: usize, size_max: usize) -> &[u8] {
    &text[at..text.len().min(at + size_max)]
}

/// A date at the very start of the text, whatever follows it.
fn day(text: &[u8]) -> Option<LocalTime> {
    let mut cursor = Cursor::new(text).ok()?;
    let cursor = &mut cursor;
    let month = if cursor.peek().is_ascii_digit() {
        let month = cursor.short_number().ok()?;
        cursor.eat(b'/').then_some(month)?
    } else {
        let month = month::month_of(cursor.letters())?;
        month::separator(cursor).ok()?;
        month
    };
    let day = cursor.short_number().ok()?;
    if !cursor.eat(b'/') {
        month::ordinal(cursor);
        month::separator(cursor).ok()?;
    }
    let year = date::year(cursor).ok()?;
    let is_whole = !cursor.peek().is_ascii_alphanumeric();
    let day = date::assemble_date(year, month, day, 0).ok()?;
    is_whole.then_some(day)
}

/// A clock with am or pm at the very start of the text.
fn clock(text: &[u8]) -> Option<LocalTime> {
    let letter = text.iter().position(u8::is_ascii_alphabetic)?;
    let rest = &text[letter + 1..];
    let marker_size = match rest {
        [b'm' | b'M', ..] => 2,
        [b'.', b'm' | b'M', b'.', ..] => 4,
        [b'.', b'm' | b'M', ..] => 3,
        _ => return None,
    };
    let end = letter + marker_size;
    let is_whole = text.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let is_clock = text[0].is_ascii_digit() && text[..letter].contains(&b':') && is_whole;
    if !is_clock {
        return None;
    }
    let mut cursor = Cursor::new(&text[..end]).ok()?;
    clock::parse_colon(&mut cursor, Marker::Required).ok()
}
