//! What the tests of all formats share: input text to the tape as compact JSON.
//!
//! # Place
//! Tests only.
//!
//! # Holds
//! [`check`], [`read`].

use expect_test::Expect;

use crate::{DecodeLimits, Decoder, Format, Node, TapeView};

/// Reads `input` and compares: the document, then each warning on a line; or the error.
pub(crate) fn check(format: &Format, input: impl AsRef<[u8]>, expected: Expect) {
    expected.assert_eq(&read(format, input.as_ref(), DecodeLimits::default()));
}

/// The document and its warnings, or the error.
pub(crate) fn read(format: &Format, input: &[u8], limits: DecodeLimits) -> String {
    let mut decoder = Decoder::new(limits);
    let mut bytes = input.to_vec();
    match decoder.decode(format, &mut bytes) {
        Ok(document) => {
            assert_whole(document.view());
            let mut out = document.view().to_json();
            for warning in document.warnings() {
                out.push('\n');
                out.push_str(&warning.to_string());
            }
            out
        }
        Err(error) => error.to_string(),
    }
}

/// The counts on the tape agree with each other and every text is UTF-8.
pub(crate) fn assert_whole(tape: TapeView<'_>) {
    assert_eq!(tape.end(0), tape.nodes.len());
    for (index, node) in tape.nodes.iter().enumerate() {
        match *node {
            Node::Object { len, count } => {
                assert_eq!(tape.end(index), index + 1 + count);
                assert_eq!(tape.entries(index).count(), len);
            }
            Node::Array { len, count } => {
                assert_eq!(tape.end(index), index + 1 + count);
                assert_eq!(tape.elements(index).count(), len);
            }
            Node::String(text) => assert!(std::str::from_utf8(text.as_bytes()).is_ok()),
            Node::Static(_) => {}
        }
    }
}
