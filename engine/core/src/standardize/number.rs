//! Tracking numbers as keys: one spelling per parcel.
//!
//! # Method
//!
//! The spelling is that of [`crossdock_standard::number`]. Marks stay in the numbers of orders and
//! fleets, where they tell apart (`A-1001`): a number with a dash or dot that is neither all digits
//! nor a UPS number is only raised to upper case. Check digits are not asked: a number that a
//! carrier reports about is one.
//!
//! # Holds
//!
//! - The key of a normalized number is itself.

use crossdock_model::limits::NUMBER_LEN_MAX;
use crossdock_standard::number::Number as Spelled;

use super::gs1;

/// A normalized number, inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    bytes: [u8; NUMBER_LEN_MAX],
    len: u8,
}

impl Number {
    /// The number's characters: ASCII letters, digits and a few marks.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The same as a text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    fn of(text: &[u8]) -> Option<Self> {
        let mut number = Self { bytes: [0; NUMBER_LEN_MAX], len: u8::try_from(text.len()).ok()? };
        number.bytes.get_mut(..text.len())?.copy_from_slice(text);
        (!text.is_empty()).then_some(number)
    }
}

/// Normalizes a number; `None` where it can't be one: too long, empty, or of other characters.
#[must_use]
pub fn normalize(text: &str) -> Option<Number> {
    if is_placeholder(text.as_bytes()) {
        return None;
    }
    if is_spelled(text.as_bytes()) {
        return Number::of(text.as_bytes());
    }
    let identifier = gs1::read(text);
    let text = identifier.as_ref().map_or(text, gs1::Identifier::as_str);
    let bytes = text.as_bytes();
    let is_of_letters_and_digits = bytes.iter().all(u8::is_ascii_alphanumeric);
    if !is_of_letters_and_digits {
        if bytes.iter().any(|byte| !byte.is_ascii_graphic() && !b" \t".contains(byte)) {
            return None;
        }
        let has_marks = bytes.iter().any(|byte| b"-./:#_".contains(byte));
        if has_marks && !is_legible_spelling(text) {
            return with_marks(text.trim());
        }
    }
    let number = Spelled::normalize(bytes)?;
    let spelled = number.as_bytes();
    let is_plain = spelled.iter().all(u8::is_ascii_alphanumeric);
    if is_plain { Number::of(without_route(spelled)) } else { without_dots(spelled) }
}

/// What programs write where they have no number. One shipment of that name would hold everybody's events. The `string` of
/// examples is not among them: samples of carriers are read with it.
fn is_placeholder(bytes: &[u8]) -> bool {
    const WORDS: [&str; 11] =
        ["-", "n/a", "na", "nan", "nil", "none", "null", "true", "false", "unknown", "undefined"];
    const WORD_LEN_MAX: usize = 9;
    match bytes.first() {
        Some(b'0') => bytes.iter().all(|byte| *byte == b'0'),
        Some(first) if first.is_ascii_digit() => false,
        _ => {
            bytes.len() <= WORD_LEN_MAX
                && WORDS.iter().any(|word| bytes.eq_ignore_ascii_case(word.as_bytes()))
        }
    }
}

/// True for what is its own spelling, as most numbers are: digits and capitals, too short to have a ZIP code in front, and
/// no SSCC with its `00`.
fn is_spelled(bytes: &[u8]) -> bool {
    const ROUTED_LEN_MIN: usize = 28;
    const SSCC_LEN: usize = 20;
    let is_plain = |byte: &u8| byte.is_ascii_digit() | byte.is_ascii_uppercase();
    !bytes.is_empty()
        && bytes.len() < ROUTED_LEN_MIN
        && !(bytes.len() == SSCC_LEN && bytes.starts_with(b"00"))
        // Without a way out of the loop it takes sixteen bytes at a time.
        && bytes.iter().fold(true, |all, byte| all & is_plain(byte))
}

/// A USPS number behind `420` and a ZIP of five or nine digits, whatever its check digit says:
/// samples and masked numbers have wrong ones, and the parcel is the same.
fn without_route(number: &[u8]) -> &[u8] {
    const IMPB_LEN: core::ops::RangeInclusive<usize> = 20..=26;
    if !number.starts_with(b"420") || !number.iter().all(u8::is_ascii_digit) {
        return number;
    }
    let behind = [12, 8].into_iter().filter_map(|count| number.get(count..));
    behind
        .into_iter()
        .find(|rest| IMPB_LEN.contains(&rest.len()) && rest[0] == b'9')
        .unwrap_or(number)
}

/// A number whose marks tell it apart: raised, blanks taken out.
fn with_marks(text: &str) -> Option<Number> {
    let mut raised = [0_u8; NUMBER_LEN_MAX];
    let mut len = 0;
    for byte in text.bytes().filter(|byte| *byte != b' ') {
        let is_allowed = byte.is_ascii_alphanumeric() || b"-./:#_".contains(&byte);
        if !is_allowed {
            return None;
        }
        *raised.get_mut(len)? = byte.to_ascii_uppercase();
        len += 1;
    }
    let has_substance = raised[..len].iter().any(u8::is_ascii_alphanumeric);
    if has_substance { Number::of(&raised[..len]) } else { None }
}

/// Digits or a UPS number with dots between: the dots mean nothing.
fn without_dots(spelled: &[u8]) -> Option<Number> {
    let mut plain = [0_u8; NUMBER_LEN_MAX];
    let mut len = 0;
    for byte in spelled.iter().filter(|byte| **byte != b'.') {
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        plain[len] = *byte;
        len += 1;
    }
    Number::of(&plain[..len])
}

/// Digits or a UPS number with marks between: the marks mean nothing.
fn is_legible_spelling(text: &str) -> bool {
    let is_ups = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("1z"));
    is_ups || text.bytes().all(|byte| byte.is_ascii_digit() || b" -.\t()".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parcel_has_one_spelling() {
        check("1z 999 aa1 01 2345 6784", Some("1Z999AA10123456784"));
        check("420 94105 9400 1112 0255 5842 3328 79", Some("9400111202555842332879"));
        check("(00) 3 4012345 123456789 5", Some("340123451234567895"));
        check("00340123451234567895", Some("340123451234567895"));
        check("RB123456785GB", Some("RB123456785GB"));
        check("4201234567", Some("4201234567"));
        check("7777-7777.7770", Some("777777777770"));
        check("urn:epc:id:sscc:0614141.1234567890", Some("106141412345678908"));
        check("https://id.gs1.org/00/106141412345678908", Some("106141412345678908"));
        check("a-1001", Some("A-1001"));
    }

    /// What is passed on as it stands is what the long way gives.
    #[test]
    fn what_is_its_own_spelling_is_left_alone() {
        let letters = b"0142079AZ";
        for len in 1..ROUTED_LEN {
            for seed in 0..40 {
                let text: String = (0..len)
                    .map(|at| char::from(letters[(at * seed + at / 3) % letters.len()]))
                    .collect();
                if is_spelled(text.as_bytes()) {
                    let spelled = Spelled::normalize(text.as_bytes()).expect("it has characters");
                    assert_eq!(without_route(spelled.as_bytes()), text.as_bytes(), "{text}");
                    assert!(gs1::read(&text).is_none());
                }
            }
        }
        assert!(is_spelled(b"1Z999AA10123456784") && !is_spelled(b"1z999AA10123456784"));
        assert!(!is_spelled(b"00340123451234567895") && !is_spelled(b""));
    }

    /// Longer than any number that is left alone.
    const ROUTED_LEN: usize = 40;

    #[test]
    fn what_can_not_be_a_number_is_none() {
        check("", None);
        check(" - ", None);
        check("n/a \u{e9}", None);
        check("12345678901234567890123456789012345678901", None);
        check("12\u{0}34", None);
        check("<script>", None);
        check("https://id.gs1.org/00/", None);
        check("N/A", None);
        check("null", None);
        check("0000000000", None);
        check("00000000001", Some("00000000001"));
        check("NA1234", Some("NA1234"));
        check("urn:epc:id:sscc:", None);
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let number = normalize(text);
        assert_eq!(number.as_ref().map(Number::as_bytes), expected.map(str::as_bytes));
        if let Some(number) = number {
            assert_eq!(normalize(number.as_str()), Some(number));
        }
    }
}
