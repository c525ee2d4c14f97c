//! Capture files: what a stream held, one document a line.
//!
//! # Holds
//!
//! - A line that can't be read becomes a document that can't be read, so that it ends in the
//!   account like any other.

use crossdock_core::intake::TICK;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One line of a capture file.
#[derive(Debug, Deserialize)]
struct Line<'a> {
    #[serde(default)]
    tenant: Option<String>,
    feed: String,
    #[serde(default)]
    received: Option<String>,
    #[serde(borrow, default)]
    document: Option<&'a RawValue>,
    #[serde(default)]
    document_base64: Option<String>,
}

/// A document of a capture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Whose, where the line says so.
    pub tenant: Option<String>,
    /// Which feed.
    pub feed: String,
    /// Receipt, where the line says so; microseconds since 1970.
    pub received: Option<i64>,
    /// The document as its sender wrote it.
    pub document: Vec<u8>,
}

/// True where a text looks like the first line of a capture file.
#[must_use]
pub fn is_capture(line: &[u8]) -> bool {
    serde_json::from_slice::<Line<'_>>(line).is_ok_and(|line| {
        line.feed == TICK || line.document.is_some() || line.document_base64.is_some()
    })
}

/// Reads one line.
///
/// # Errors
///
/// What is wrong with it.
pub fn read(line: &[u8]) -> Result<Captured, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let document = match (line.document, line.document_base64) {
        (Some(raw), None) => plain(raw)?,
        // A tick says only that time has passed.
        (None, None) if line.feed == TICK => Vec::new(),
        (None, Some(text)) => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|error| format!("`document_base64`: {error}"))?
        }
        _ => return Err(String::from("a line has either `document` or `document_base64`")),
    };
    let received = match line.received {
        Some(text) => Some(parse_time(&text)?),
        None => None,
    };
    Ok(Captured { tenant: line.tenant, feed: line.feed, received, document })
}

/// A string is the text of a document; anything else is the document.
fn plain(raw: &RawValue) -> Result<Vec<u8>, String> {
    let text = raw.get();
    if text.starts_with('"') {
        let text: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(text.into_bytes())
    } else {
        Ok(text.as_bytes().to_vec())
    }
}

/// RFC 3339 to microseconds since 1970.
///
/// # Errors
///
/// What is wrong with the text.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|error| format!("time \"{text}\" is not RFC 3339: {error}"))?;
    Ok(time.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_kept_as_they_were_written() {
        let line =
            br#"{"tenant":"a","feed":"f","received":"1970-01-01T00:00:01Z","document":{"b": 1}}"#;
        let captured = read(line).unwrap();
        assert_eq!(captured.document, br#"{"b": 1}"#);
        assert_eq!(captured.received, Some(1_000_000));
        let text = read(br#"{"feed":"x12-214","document":"ISA*00\n"}"#).unwrap();
        assert_eq!(text.document, b"ISA*00\n");
        let tick = read(br#"{"feed":"-tick","received":"1970-01-01T00:00:02Z"}"#).unwrap();
        assert_eq!((tick.received, tick.document), (Some(2_000_000), Vec::new()));
        let bytes = read(br#"{"feed":"x","document_base64":"//4="}"#).unwrap();
        assert_eq!(bytes.document, [0xFF, 0xFE]);
    }

    #[test]
    fn other_lines_are_explained() {
        assert!(read(b"{").is_err());
        assert!(read(br#"{"feed":"x"}"#).unwrap_err().contains("document"));
        assert!(!is_capture(br#"{"tracking_number":"1"}"#));
    }
}
