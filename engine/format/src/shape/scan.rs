//! Bytes passed over: runs compared, strings and numbers measured.
//!
//! # Holds
//! - Nothing here is accepted that a JSON reader would refuse, or read otherwise.

use simd_json::StaticNode;

/// Digits that every double and every 64-bit integer keeps.
const DIGIT_COUNT_MAX: usize = 17;

/// True where `bytes` begin with `run`. Runs are short: eight bytes at a time beat a call.
#[inline]
pub(super) fn starts_with(bytes: &[u8], run: &[u8]) -> bool {
    let Some(bytes) = bytes.get(..run.len()) else { return false };
    let (theirs, their_rest) = bytes.as_chunks::<8>();
    let (ours, our_rest) = run.as_chunks::<8>();
    let is_same =
        theirs.iter().zip(ours).all(|(a, b)| u64::from_le_bytes(*a) == u64::from_le_bytes(*b));
    if !is_same {
        return false;
    }
    // The last eight bytes once more take in the rest.
    match (bytes.last_chunk::<8>(), run.last_chunk::<8>()) {
        (Some(a), Some(b)) => u64::from_le_bytes(*a) == u64::from_le_bytes(*b),
        _ => their_rest.iter().zip(our_rest).all(|(a, b)| a == b),
    }
}

/// Bytes of a run that are compared in one go.
pub(super) const HEAD_SIZE: usize = 32;

/// The first bytes of a run, and which of them count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    words: [u64; HEAD_SIZE / 8],
    masks: [u64; HEAD_SIZE / 8],
}

impl Head {
    pub(super) fn new(run: &[u8]) -> Self {
        let (mut bytes, mut mask) = ([0; HEAD_SIZE], [0; HEAD_SIZE]);
        let size = run.len().min(HEAD_SIZE);
        bytes[..size].copy_from_slice(&run[..size]);
        mask[..size].fill(0xFF);
        Self { words: words_of(&bytes), masks: words_of(&mask) }
    }

    /// True where the bytes that count are the same.
    #[inline]
    pub(super) fn fits(&self, bytes: &[u8; HEAD_SIZE]) -> bool {
        let theirs = words_of(bytes);
        let differ = |at: usize| (theirs[at] ^ self.words[at]) & self.masks[at];
        differ(0) | differ(1) | differ(2) | differ(3) == 0
    }
}

#[inline]
fn words_of(bytes: &[u8; HEAD_SIZE]) -> [u64; HEAD_SIZE / 8] {
    let (words, _) = bytes.as_chunks::<8>();
    [words[0], words[1], words[2], words[3]].map(u64::from_le_bytes)
}

/// What stands between values, besides keys.
pub(super) const fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b']' | b'}')
}

/// A byte with which a number, `true`, `false` or `null` begins.
#[inline]
pub(super) const fn is_token_start(byte: u8) -> bool {
    matches!(byte, b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

/// Bytes of the number or word at the start.
#[inline]
pub(super) fn token(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| is_between(byte)).unwrap_or(bytes.len())
}

/// Bytes of a string up to its quote; `None` at an escape, a control byte, or no end.
#[inline]
pub(super) fn text_size(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    // Ends: each turn takes eight bytes or returns.
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            let end = at + special.trailing_zeros() as usize / 8;
            return (bytes[end] == b'"').then_some(end);
        }
        at += 8;
    }
    let is_special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    let end = at + bytes[at..].iter().position(is_special)?;
    (bytes[end] == b'"').then_some(end)
}

const LOWS: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of the first byte that is a quote, a backslash or a control byte; bits above it may be set for others, too.
#[inline]
const fn special(word: u64) -> u64 {
    // Subtraction borrows upwards only, so the lowest bit that is set is always right.
    let quote = word ^ (LOWS * b'"' as u64);
    let escape = word ^ (LOWS * b'\\' as u64);
    let zeros = (quote.wrapping_sub(LOWS) & !quote) | (escape.wrapping_sub(LOWS) & !escape);
    let controls = word.wrapping_sub(LOWS * 0x20) & !word;
    (zeros | controls) & HIGHS
}

/// What a token is; `None` for what isn't JSON, and for numbers whose digits a double may lose or that are written with an exponent.
#[inline]
pub(super) fn word_or_number(token: &[u8]) -> Option<StaticNode> {
    match token {
        b"true" => return Some(StaticNode::Bool(true)),
        b"false" => return Some(StaticNode::Bool(false)),
        b"null" => return Some(StaticNode::Null),
        b"-0" => return None,
        _ => {}
    }
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    if DIGIT_COUNT_MAX < digits.len() {
        return None;
    }
    let whole_size = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let has_leading_zero = 1 < whole_size && digits[0] == b'0';
    if whole_size == 0 || has_leading_zero {
        return None;
    }
    let is_negative = digits.len() < token.len();
    match &digits[whole_size..] {
        [] => {
            // 17 digits at most: neither sum nor product can overflow.
            let number = digits.iter().fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0'));
            Some(if is_negative {
                StaticNode::I64(-number)
            } else {
                StaticNode::U64(number as u64)
            })
        }
        [b'.', fraction @ ..]
            if !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) =>
        {
            let text = std::str::from_utf8(token).ok()?;
            text.parse().ok().map(StaticNode::F64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_is() {
        for len in 0..50 {
            let mut text = vec![b'x'; len];
            assert_eq!(text_size(&text), None, "{len}");
            text.extend_from_slice(b"\", \\\n");
            assert_eq!(text_size(&text), Some(len));
            for at in 0..len {
                for byte in [b'\\', b'\n', 0, 0x1F] {
                    let mut text = text.clone();
                    text[at] = byte;
                    assert_eq!(text_size(&text), None, "{byte} at {at} of {len}");
                }
                for byte in [b' ', 0x7F, 0x80, 0xA2, 0xDC, 0xFF] {
                    let mut text = text.clone();
                    text[at] = byte;
                    assert_eq!(text_size(&text), Some(len), "{byte} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn heads_fit_what_begins_with_them() {
        let bytes: [u8; HEAD_SIZE] = core::array::from_fn(|at| at as u8);
        for size in 0..=HEAD_SIZE {
            let head = Head::new(&bytes[..size]);
            assert!(head.fits(&bytes));
            for at in 0..HEAD_SIZE {
                let mut other = bytes;
                other[at] ^= 0x40;
                assert_eq!(head.fits(&other), size <= at, "{size} {at}");
            }
        }
    }
}
