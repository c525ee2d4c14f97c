//! A place in a text, moving forward.
//!
//! # Place
//! Under the readers of dates, clocks and offsets.
//!
//! # Method
//! An index that never goes back past what was eaten, so that every reader is linear.
//!
//! # Holds
//! [`Cursor`].
//!
//! # Does not hold
//! The ISO fast path, which reads whole words.

use super::{TimeError, TimeErrorKind};

/// Longer texts are no times. Keeps every index in a byte.
const TEXT_SIZE_MAX: usize = 96;

/// A text and how far it has been read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Result<Cursor<'a>, TimeError> {
        if text.is_empty() {
            return Err(TimeErrorKind::Empty.at(0));
        }
        if TEXT_SIZE_MAX < text.len() {
            return Err(TimeErrorKind::Long.at(TEXT_SIZE_MAX));
        }
        Ok(Cursor { text, at: 0 })
    }

    /// The index of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    /// The next byte, or 0 at the end: no text holds a 0 that means something.
    pub(super) fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = self.text.len().min(self.at + count);
    }

    pub(super) fn skip_all(&mut self) {
        self.at = self.text.len();
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && !self.is_done();
        self.at += usize::from(found);
        found
    }

    /// Skips blanks and says how many bytes they were. Senders that let a library write for a language send its blanks: the
    /// one that does not break (U+00A0) and the narrow one before `PM` (U+202F).
    pub(super) fn blanks(&mut self) -> usize {
        let start = self.at;
        // Ends: each turn eats at least a byte.
        loop {
            self.at += match self.rest() {
                [b' ' | b'\t', ..] => 1,
                [0xC2, 0xA0, ..] => 2,
                [0xE2, 0x80, 0x89 | 0xAF, ..] => 3,
                _ => return self.at - start,
            };
        }
    }

    /// How many digits come next.
    pub(super) fn digits_ahead(&self) -> usize {
        self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Reads exactly `count` digits, at most 9.
    pub(super) fn number(&mut self, count: usize) -> Result<u32, TimeError> {
        debug_assert!(count <= 9);
        let mut value = 0;
        for _ in 0..count {
            let byte = self.peek();
            if !byte.is_ascii_digit() {
                return Err(self.wrong_digit());
            }
            value = value * 10 + u32::from(byte - b'0');
            self.at += 1;
        }
        Ok(value)
    }

    /// Reads one or two digits.
    pub(super) fn short_number(&mut self) -> Result<u32, TimeError> {
        let count = self.digits_ahead().clamp(1, 2);
        self.number(count)
    }

    /// Reads the letters that come next, two-byte UTF-8 letters among them.
    pub(super) fn letters(&mut self) -> &'a [u8] {
        // No letter of a month begins as the blanks beyond ASCII do.
        let is_letter = |byte: &&u8| {
            byte.is_ascii_alphabetic() || (0x80 <= **byte && !matches!(byte, 0xC2 | 0xE2))
        };
        let count = self.rest().iter().take_while(is_letter).count();
        let letters = &self.rest()[..count];
        self.at += count;
        letters
    }

    pub(super) fn wrong_digit(&self) -> TimeError {
        if self.is_done() {
            return TimeErrorKind::Short.at(self.at);
        }
        TimeErrorKind::Digit(self.peek()).at(self.at)
    }

    pub(super) fn wrong_separator(&self) -> TimeError {
        if self.is_done() {
            return TimeErrorKind::Short.at(self.at);
        }
        TimeErrorKind::Separator(self.peek()).at(self.at)
    }

    /// An error unless everything has been read.
    pub(super) fn finish(&self) -> Result<(), TimeError> {
        if self.is_done() { Ok(()) } else { Err(TimeErrorKind::Trailing(self.peek()).at(self.at)) }
    }
}
