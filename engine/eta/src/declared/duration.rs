//! Durations as people write them in rule files.
//!
//! # Place
//! Below [`super`].
//! # Method
//! A whole number and one unit: `90s`, `15m`, `4h`, `30d`.
//! # Holds
//! Anything else, and anything beyond i64, is nothing.
//! # Does not hold
//! Ranges: the settings have them.

/// The seconds of a duration.
pub fn duration_seconds(text: &str) -> Option<i64> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("4h", Some(14_400)),
            ("30d", Some(2_592_000)),
            ("0d", Some(0)),
            ("d", None),
            ("", None),
            ("4", None),
            ("-4h", None),
            ("4 h", None),
            ("1.5h", None),
            ("9999999999999999999d", None),
            ("99999999999999999d", None),
            ("4ĥ", None),
        ] {
            assert_eq!(duration_seconds(text), expected, "{text}");
        }
    }
}
