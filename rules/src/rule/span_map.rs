//! Where the characters of a YAML text stand in the file.
//!
//! # Place
//!
//! Between `yaml`, which gives a text after escapes and folding, and `parse`, which marks parts of it.
//!
//! # Method
//!
//! The visible characters of a text occur in its source in the same order; each is looked for from
//! where the one before was found. Only escapes (`\n`, `\u00e4`) can lead it astray, and then a mark
//! falls on the whole text.

use super::diagnostic::{Source, Span};

/// The file's byte for each byte of a text.
pub(crate) struct SpanMap {
    whole: Span,
    offsets: Vec<u32>,
}

impl SpanMap {
    pub(crate) fn new(source: &Source, whole: Span, text: &str) -> Self {
        let raw = source.text.get(whole.start as usize..whole.end as usize).unwrap_or("");
        let mut offsets = Vec::with_capacity(text.len() + 1);
        let mut rest = raw.char_indices();
        let mut at = 0;
        for character in text.chars() {
            if !character.is_whitespace() {
                // Ends: with the source text.
                let found = rest.by_ref().find(|(_, other)| *other == character);
                let Some((found, _)) = found else {
                    return Self { whole, offsets: Vec::new() };
                };
                at = found;
            }
            let offset = whole.start + u32::try_from(at).unwrap_or(0);
            offsets.extend(std::iter::repeat_n(offset, character.len_utf8()));
            if character.is_whitespace() {
                continue;
            }
            at += character.len_utf8();
        }
        offsets.push(whole.start + u32::try_from(at).unwrap_or(0));
        Self { whole, offsets }
    }

    /// The file's bytes of a range of the text.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let Some(&first) = self.offsets.get(start) else { return self.whole };
        let last = end.checked_sub(1).and_then(|last| self.offsets.get(last));
        let end = last.map_or(first, |&last| last + 1).max(first + 1);
        Span { start: first, end: end.min(self.whole.end.max(first + 1)), ..self.whole }
    }
}
