//! The documents of a payload.
//!
//! # Place
//! Between a message and the decoder: an NDJSON payload holds many documents, every other payload one.
//!
//! # Method
//! A cursor that is given the bytes at each step and hands back a range, so that it holds no borrow while the decoder alters
//! the range in place. Blank lines are passed over, `\r\n` ends a line like `\n`. One scan in all.
//!
//! # Holds
//! [`Splitter`].

use std::ops::Range;

use crate::Format;

/// Walks the documents of one payload.
#[derive(Debug, Clone)]
pub struct Splitter {
    position: usize,
    by_line: bool,
}

impl Splitter {
    /// Starts at the payload's first byte.
    #[must_use]
    pub const fn new(format: &Format) -> Self {
        Self { position: 0, by_line: matches!(format, Format::Ndjson) }
    }

    /// The next document's range in `payload`, which must be the same payload each time. Documents given out before may have
    /// been altered.
    pub fn next_range(&mut self, payload: &[u8]) -> Option<Range<usize>> {
        assert!(self.position <= payload.len() + 1);
        if !self.by_line {
            let start = self.position;
            self.position = payload.len() + 1;
            return (start == 0).then_some(0..payload.len());
        }
        // Ends: each turn moves the position past one line.
        while self.position < payload.len() {
            let start = self.position;
            let end =
                memchr::memchr(b'\n', &payload[start..]).map_or(payload.len(), |at| start + at);
            self.position = end + 1;
            let line = &payload[start..end];
            let size = line.trim_ascii_end().len();
            let blank = line[..size].trim_ascii_start().is_empty();
            if !blank {
                return Some(start..start + size);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &Format, payload: &str, expected: &[&str]) {
        let mut splitter = Splitter::new(format);
        let mut found = Vec::new();
        while let Some(range) = splitter.next_range(payload.as_bytes()) {
            found.push(&payload[range]);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_documents_and_blank_ones_are_none() {
        check(
            &Format::Ndjson,
            "{\"a\":1}\n\r\n  \n{\"b\":2}\r\n3",
            &["{\"a\":1}", "{\"b\":2}", "3"],
        );
        check(&Format::Ndjson, "", &[]);
        check(&Format::Ndjson, "\n\n", &[]);
        check(&Format::Ndjson, "1\n", &["1"]);
    }

    #[test]
    fn other_payloads_are_one_document() {
        check(&Format::Json, "{\n}\n", &["{\n}\n"]);
        check(&Format::Xml, "", &[""]);
    }
}
