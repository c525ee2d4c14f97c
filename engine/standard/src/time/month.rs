//! Dates with the month as a word: `October 15, 2026`, `15-Oct-26`, `Tue, 20 Aug 2024 12:41:57 -0400`, `8 octobre 2019`.
//!
//! # Place
//! The shape `month-name` of `shape`.
//!
//! # Method
//! The letters are folded to plain lower case; a month is a name, or at least the first three letters of one, in one of
//! six languages. `jui` fits two months and is refused. A word before the date is taken for a weekday.
//!
//! # Holds
//! The names and the reader.
//!
//! # Does not hold
//! Other scripts. Sentences around the date: `words`.

use super::clock::{Marker, after_date};
use super::cursor::Cursor;
use super::{LocalTime, TimeError, TimeErrorKind, date};

/// The names of each month: English, then French, German, Spanish, Italian, Portuguese and Dutch where they differ in
/// their first letters or length.
const NAMES: [&[&str]; 12] = [
    &["january", "janvier", "januar", "janeiro", "januari", "enero", "gennaio"],
    &["february", "fevrier", "februar", "febrero", "febbraio", "fevereiro", "februari"],
    &["march", "mars", "marz", "marzo", "marco", "maart", "maerz", "mrt"],
    &["april", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "maio", "mei"],
    &["june", "juin", "juni", "junio", "giugno", "junho"],
    &["july", "juillet", "juli", "julio", "luglio", "julho"],
    &["august", "aout", "agosto", "augustus"],
    &["september", "septembre", "septiembre", "settembre", "setembro", "sept"],
    &["october", "octobre", "oktober", "octubre", "ottobre", "outubro"],
    &["november", "novembre", "noviembre", "novembro"],
    &["december", "decembre", "dezember", "diciembre", "dicembre", "dezembro"],
];

/// The longest name and one byte more, to tell longer words apart.
const WORD_SIZE_MAX: usize = 12;

/// A date with a month as a word, then perhaps a clock.
pub(super) fn parse(cursor: &mut Cursor<'_>, marker: Marker) -> Result<LocalTime, TimeError> {
    let at = cursor.at();
    let (month, day);
    let first = weekday(cursor);
    if let Some(first) = first {
        month = first;
        separator(cursor)?;
        day = cursor.short_number()?;
        ordinal(cursor);
    } else if cursor.peek().is_ascii_digit() {
        day = cursor.short_number()?;
        ordinal(cursor);
        separator(cursor)?;
        month = word(cursor)?;
    } else {
        month = word(cursor)?;
        separator(cursor)?;
        day = cursor.short_number()?;
        ordinal(cursor);
    }
    separator(cursor)?;
    let year = date::year(cursor)?;
    let day = date::assemble_date(year, month, day, at)?;
    after_date(cursor, day, marker)
}

/// Takes the first word: the month, or a weekday, which is skipped with its comma. Italian `mar` and French `mar.` are
/// Tuesdays too, so a word after it makes it one.
fn weekday(cursor: &mut Cursor<'_>) -> Option<u32> {
    let letters = cursor.letters();
    if letters.is_empty() {
        return None;
    }
    let month = month_of(letters);
    let mut ahead = *cursor;
    ahead.eat(b'.');
    ahead.eat(b',');
    ahead.blanks();
    if month.is_some() && !ahead.peek().is_ascii_alphabetic() {
        return month;
    }
    *cursor = ahead;
    None
}

/// Skips the end of `1st`, `2nd`, `3rd`, `4th`, `1er`, `1.`.
pub(super) fn ordinal(cursor: &mut Cursor<'_>) {
    let mut ahead = *cursor;
    let letters = ahead.letters();
    if [&b"st"[..], b"nd", b"rd", b"th", b"er"].contains(&letters) {
        *cursor = ahead;
    }
}

/// What stands between the parts: blanks, a dash, a slash, a comma or a dot.
pub(super) fn separator(cursor: &mut Cursor<'_>) -> Result<(), TimeError> {
    let start = cursor.at();
    cursor.eat(b'.');
    cursor.blanks();
    if matches!(cursor.peek(), b'-' | b'/' | b',') {
        cursor.skip(1);
    }
    cursor.blanks();
    if cursor.at() == start { Err(cursor.wrong_separator()) } else { Ok(()) }
}

fn word(cursor: &mut Cursor<'_>) -> Result<u32, TimeError> {
    let at = cursor.at();
    let letters = cursor.letters();
    if letters.is_empty() {
        return Err(
            if cursor.is_done() { TimeErrorKind::Short } else { TimeErrorKind::MonthName }.at(at)
        );
    }
    month_of(letters).ok_or_else(|| TimeErrorKind::MonthName.at(at))
}

/// The month, 1..=12, that the word names or begins; none when it fits two.
pub(super) fn month_of(letters: &[u8]) -> Option<u32> {
    let mut buffer = [0; WORD_SIZE_MAX];
    let word = fold(letters, &mut buffer)?;
    if word.len() < 3 {
        return None;
    }
    // The English names first: they are nearly all there is, and no two of them begin alike in their first three letters.
    let english = (1..).zip(NAMES).find(|(_, names)| names[0].as_bytes().starts_with(word));
    if let Some((month, _)) = english {
        return Some(month);
    }
    let mut found = (1..)
        .zip(NAMES)
        .filter(|(_, names)| names.iter().any(|name| name.as_bytes().starts_with(word)));
    let month = found.next().map(|(month, _)| month);
    if found.next().is_some() { None } else { month }
}

/// Lower case without accents. None when the word is longer than any month or holds another letter.
fn fold<'a>(letters: &[u8], buffer: &'a mut [u8; WORD_SIZE_MAX]) -> Option<&'a [u8]> {
    let mut size = 0;
    let mut bytes = letters.iter().copied();
    // Ends: each turn takes one or two bytes.
    while let Some(byte) = bytes.next() {
        let folded = match byte {
            b'a'..=b'z' => byte,
            b'A'..=b'Z' => byte + 32,
            // The Latin-1 letters in UTF-8, and Latin-1 itself: only the ones of month names.
            0xc3 => match bytes.next()? {
                0xa4 | 0x84 => b'a',
                0xa9 | 0x89 => b'e',
                0xbb | 0x9b => b'u',
                0xa7 | 0x87 => b'c',
                _ => return None,
            },
            0xe4 | 0xc4 => b'a',
            0xe9 | 0xc9 => b'e',
            0xfb | 0xdb => b'u',
            0xe7 | 0xc7 => b'c',
            _ => return None,
        };
        *buffer.get_mut(size)? = folded;
        size += 1;
    }
    Some(&buffer[..size])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_words_in_many_tongues() {
        let rows = "January Jan jan JAN. janvier Januar enero gennaio = 1 | Feb f\u{e9}vr F\u{c9}VRIER = 2 | Mar M\u{e4}rz mrt mars = 3 \
            | Apr avr = 4 | May mai mei = 5 | Jun juin giugno = 6 | Jul juil juillet = 7 | Aug ao\u{fb}t ago = 8 \
            | Sep Sept set = 9 | Oct okt ottobre = 10 | Nov = 11 | Dec dez d\u{e9}cembre dic = 12 | jui ju ma x marches Smarch = -";
        for row in rows.split('|') {
            let (words, month) = row.split_once('=').unwrap();
            for word in words.split_whitespace() {
                let word = word.trim_end_matches('.');
                assert_eq!(month_of(word.as_bytes()), month.trim().parse().ok(), "{word}");
            }
        }
        assert_eq!(month_of(b"ao\xfbt"), Some(8));
    }
}
