//! Dead letters: what went no further, kept with the reason and the start of its payload.
//!
//! # Holds
//!
//! - At most so many bytes of the payload as asked for, cut at a character.
//! - Bytes that are no UTF-8 are kept in base64.

use crossdock_model::id::Position;
use crossdock_model::reject::Reject;
use crossdock_model::time::Micros;

use crate::json::Object;
use crate::output::{MessageKind, Output};
use crate::say::write_token;

/// One dead letter.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// Why.
    pub reject: Reject,
    /// What exactly was found.
    pub detail: &'a str,
    /// Where in the payload, bytes from its start.
    pub offset: Option<u64>,
    /// Whose data.
    pub tenant: &'a str,
    /// The feed that was named.
    pub feed: &'a str,
    /// Where it stands in the input log.
    pub position: Position,
    /// Stream time of the message.
    pub received: Micros,
    /// The document, or the part that could not be read.
    pub payload: &'a [u8],
}

/// Adds a dead letter to an output, with at most so many bytes of its payload.
pub fn push(letter: &DeadLetter<'_>, payload_max: usize, out: &mut Output) {
    let received = letter.received.get().unwrap_or(0);
    let kind = MessageKind::DeadLetter(letter.reject);
    out.push(
        letter.position,
        kind,
        received,
        |bytes| subject(bytes, letter),
        |bytes| body(bytes, letter, payload_max),
    );
}

fn subject(out: &mut Vec<u8>, letter: &DeadLetter<'_>) {
    out.extend_from_slice(b"dlq.");
    write_token(out, letter.tenant);
    out.push(b'.');
    out.extend_from_slice(letter.reject.name().as_bytes());
}

fn body(out: &mut Vec<u8>, letter: &DeadLetter<'_>, payload_max: usize) {
    let mut object = Object::begin(out);
    object.name("reason", letter.reject.name());
    object.text("help", letter.reject.help());
    object.text("detail", letter.detail);
    if let Some(offset) = letter.offset {
        object.number("offset", offset);
    }
    object.text("tenant", letter.tenant);
    object.text("feed", letter.feed);
    object.object("position", |position| {
        position.number("seq", letter.position.seq);
        position.number("index", u64::from(letter.position.index));
    });
    object.utc("received", letter.received);
    object.number("payload_size", letter.payload.len() as u64);
    let cut = &letter.payload[..letter.payload.len().min(payload_max)];
    match text_prefix(cut, letter.payload.len()) {
        Some(text) => object.text_or_empty("payload", text),
        None => object.text("payload_base64", &base64(cut)),
    }
    object.end();
}

/// The bytes as text; a character cut in two by the limit is left out.
fn text_prefix(cut: &[u8], payload_size: usize) -> Option<&str> {
    match core::str::from_utf8(cut) {
        Ok(text) => Some(text),
        Err(error) if cut.len() < payload_size && error.error_len().is_none() => {
            core::str::from_utf8(&cut[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// RFC 4648 base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut triple = [0_u8; 3];
        triple[..chunk.len()].copy_from_slice(chunk);
        let bits =
            (u32::from(triple[0]) << 16) | (u32::from(triple[1]) << 8) | u32::from(triple[2]);
        for digit in 0..4 {
            let is_padding = chunk.len() < digit;
            let index = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if is_padding { '=' } else { char::from(DIGITS[index]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_its_padding() {
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foo"), "Zm9v");
        assert_eq!(base64(&[0xFF, 0xFE]), "//4=");
    }

    #[test]
    fn a_cut_character_is_left_out_and_no_text_is_base64() {
        assert_eq!(text_prefix("aé".as_bytes(), 3), Some("aé"));
        assert_eq!(text_prefix(&"aé".as_bytes()[..2], 3), Some("a"));
        assert_eq!(text_prefix(&[b'a', 0xFF, b'b'], 3), None);
    }
}
