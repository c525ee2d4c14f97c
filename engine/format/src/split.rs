//! The documents of a payload.
//!
//! # Place
//! Between a message and the decoder: an NDJSON payload holds many documents, and so does a JSON payload that can only be
//! lines of them; every other payload is one.
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
    pub fn new(format: &Format, payload: &[u8]) -> Self {
        let by_line = match format {
            Format::Ndjson => true,
            Format::Json | Format::JsonWithin(_) => is_lines(payload),
            _ => false,
        };
        Self { position: 0, by_line }
    }

    /// True where each line is a document.
    #[must_use]
    pub const fn is_by_line(&self) -> bool {
        self.by_line
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

/// Line ends of a JSON payload that are looked at: a document written over many lines has no need of more.
const LINES_LOOKED_AT: usize = 16;

/// True where a payload of JSON is lines of documents: a whole object or list stands on a line of its own, and the next line
/// begins another. Within one document a comma, a colon or a bracket would stand between them, and no string holds a line
/// end. More than the first line end is looked at, so that a first line that is cut off costs itself alone.
fn is_lines(payload: &[u8]) -> bool {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', payload).take(LINES_LOOKED_AT) {
        let line = payload[start..end].trim_ascii_end();
        let next = payload[end..].trim_ascii_start().first();
        let is_whole = matches!(
            (line.first(), line.last()),
            (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
        );
        if is_whole && matches!(next, Some(b'{' | b'[')) {
            return true;
        }
        start = end + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &Format, payload: &str, expected: &[&str]) {
        let mut splitter = Splitter::new(format, payload.as_bytes());
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
    fn json_that_can_only_be_lines_is_lines() {
        check(&Format::Json, "{\"a\":1}\r\n\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
        check(&Format::Json, "\n{}\n{}", &["{}", "{}"]);
        check(&Format::Json, "[1]\n[2]", &["[1]", "[2]"]);
        check(&Format::Json, "{\"a\":1} \n {\"b\"", &["{\"a\":1}", " {\"b\""]);
        check(&Format::Json, "{\"a\"\n{}\n{}", &["{\"a\"", "{}", "{}"]);
    }

    #[test]
    fn other_payloads_are_one_document() {
        for one in [
            "{\n}\n",
            "[\n {}\n {}\n]",
            "{\"a\":{}\n}",
            "[{}\n,{}]",
            "[{},\n{}]",
            "{\"a\":1}\n",
            "[[]\n]",
            "{}\nx",
        ] {
            check(&Format::Json, one, &[one]);
        }
        check(&Format::Xml, "", &[""]);
    }
}
