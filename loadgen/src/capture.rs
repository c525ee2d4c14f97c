//! Capture files: one document a line, as `docs/FORMATS.md` has it.
//!
//! # Holds
//!
//! - A line is one line: a document that is no whole JSON value, or that holds a line end, goes in
//!   as a text, so that a broken document does not break its line.

use crate::plan::{Entry, Fate};
use crate::text::Put as _;

/// Writes the line of a document, with its end.
pub fn put_line(tenant: &str, entry: &Entry, document: &[u8], buffer: &mut Vec<u8>) {
    buffer.put(r#"{"tenant":""#);
    buffer.put(tenant);
    buffer.put(r#"","feed":""#);
    buffer.put(entry.feed.name());
    buffer.put(r#"","received":""#);
    put_received(entry.received_micros, buffer);
    buffer.put(r#"","document":"#);
    let is_value = entry.truth.fate_is_whole() && !entry.feed.is_text();
    if is_value {
        buffer.extend_from_slice(document);
    } else {
        buffer.push(b'"');
        put_text(document, buffer);
        buffer.push(b'"');
    }
    buffer.put("}\n");
}

/// Writes a receipt: RFC 3339 with microseconds.
pub fn put_received(micros: i64, buffer: &mut Vec<u8>) {
    buffer.put_iso(micros.div_euclid(1_000_000));
    buffer.push(b'.');
    buffer.put_padded(micros.rem_euclid(1_000_000).unsigned_abs(), 6);
    buffer.push(b'Z');
}

/// Truncation may cut a character in two; what is left of it becomes U+FFFD.
fn put_text(document: &[u8], buffer: &mut Vec<u8>) {
    for chunk in document.utf8_chunks() {
        buffer.put_json(chunk.valid());
        if !chunk.invalid().is_empty() {
            buffer.put("\u{FFFD}");
        }
    }
}

impl crate::plan::Truth {
    /// True where the document is as its carrier wrote it.
    #[must_use]
    pub const fn fate_is_whole(&self) -> bool {
        !matches!(self.fate, Fate::Broken(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disorder::Breakage;
    use crate::feed::Feed;
    use crate::plan::Truth;

    fn check(fate: Fate, document: &[u8], expected: &str) {
        let entry = Entry {
            slot: 0,
            first_slot: 0,
            feed: Feed::Generic,
            received_micros: 1_779_351_240_000_042,
            truth: Truth { shipment: 0, events: 1, fate },
        };
        let mut line = Vec::new();
        put_line("acme", &entry, document, &mut line);
        let head = r#"{"tenant":"acme","feed":"generic","received":"2026-05-21T08:14:00.000042Z","document":"#;
        assert_eq!(String::from_utf8_lossy(&line), format!("{head}{expected}}}\n"));
    }

    #[test]
    fn whole_documents_are_values_and_broken_ones_are_texts() {
        check(Fate::First, br#"{"a":1}"#, r#"{"a":1}"#);
        let broken = Fate::Broken(Breakage::Truncated);
        check(broken, b"{\"a\":\"\xC3", "\"{\\\"a\\\":\\\"\u{FFFD}\"");
        check(broken, b"{\"a\":\"\\ud83d\"}\n", r#""{\"a\":\"\\ud83d\"}\u000a""#);
    }
}
