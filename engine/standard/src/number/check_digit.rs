//! The arithmetic of check digits.
//!
//! # Place
//! Called by the shapes of `number`.
//!
//! # Method
//! Every function takes the number with its check digit last, unless it says otherwise, and says whether the digit is
//! right. A byte that the scheme has no value for makes it wrong; nothing panics.
//!
//! # Holds
//! GS1 and UPS mod 10, Luhn, S10, FedEx weights, mod 7, ISO 7064 mod 37/36.
//!
//! # Does not hold
//! Which carrier uses which.

/// The value of a digit.
fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// Sums digits weighted by their distance from the end of the payload: the last one has distance 0.
fn sum_from_end(payload: &[u8], weight: impl Fn(usize, u32) -> u32) -> Option<u32> {
    payload
        .iter()
        .rev()
        .enumerate()
        .try_fold(0, |sum, (index, &byte)| Some(sum + weight(index, digit(byte)?)))
}

/// GS1 mod 10 with weights 3 and 1 from the end: SSCC, FedEx Ground, USPS, Canada Post.
#[must_use]
pub fn gs1(number: &[u8]) -> bool {
    gs1_after(b"", number)
}

/// The same, counted as if `prefix` stood in front: USPS labels that leave out their `91`.
#[must_use]
pub fn gs1_after(prefix: &[u8], number: &[u8]) -> bool {
    let Some((&check, payload)) = number.split_last() else { return false };
    // No branch per byte: this runs on the way of an event, for numbers with a ZIP code or `00` in front.
    let (mut sums, mut wrong) = ([0; 2], false);
    for (index, &byte) in payload.iter().rev().chain(prefix.iter().rev()).enumerate() {
        let value = byte.wrapping_sub(b'0');
        wrong |= 9 < value;
        sums[index % 2] += u32::from(value);
    }
    let sum = sums[0] * 3 + sums[1];
    !wrong && digit(check) == Some((10 - sum % 10) % 10)
}

/// UPS mod 10: every second value doubled from the left, letters counted as (code - 3) mod 10. `prefix` is counted as if
/// it stood in front: OnTrac counts its letter as a digit.
#[must_use]
pub fn doubled(prefix: &[u8], number: &[u8]) -> bool {
    let Some((&check, payload)) = number.split_last() else { return false };
    let mut sum = 0;
    for (index, &byte) in prefix.iter().chain(payload).enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => (u32::from(byte) - 3) % 10,
            _ => return false,
        };
        sum += if index % 2 == 1 { value * 2 } else { value };
    }
    digit(check) == Some((10 - sum % 10) % 10)
}

/// Luhn: every second digit from the end doubled, the digits of the result added.
#[must_use]
pub fn luhn(number: &[u8]) -> bool {
    let Some((&check, payload)) = number.split_last() else { return false };
    let weigh =
        |index, value: u32| if index % 2 == 0 { value * 2 / 10 + value * 2 % 10 } else { value };
    sum_from_end(payload, weigh).is_some_and(|sum| digit(check) == Some((10 - sum % 10) % 10))
}

/// UPU S10: nine digits, the last of which checks the first eight.
#[must_use]
pub fn s10(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let Some((payload, &[check])) = digits.split_first_chunk::<8>() else { return false };
    let sum = payload
        .iter()
        .zip(WEIGHTS)
        .try_fold(0, |sum, (&byte, weight)| Some(sum + digit(byte)? * weight));
    let expected = sum.map(|sum| match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        other => other,
    });
    expected.is_some() && digit(check) == expected
}

/// FedEx Express: weights 3, 1, 7 from the left on 11 digits, or 1, 7, 3 on 13, modulo 11, modulo 10.
#[must_use]
pub fn fedex(number: &[u8]) -> bool {
    let Some((&check, payload)) = number.split_last() else { return false };
    // Both rows are one: counted from the end they are 1, 3, 7.
    let sum = sum_from_end(payload, |index, value| value * [1, 3, 7][index % 3]);
    sum.is_some_and(|sum| digit(check) == Some(sum % 11 % 10))
}

/// DHL Express: the number before the last digit, modulo 7.
#[must_use]
pub fn mod7(number: &[u8]) -> bool {
    let Some((&check, payload)) = number.split_last() else { return false };
    let rest = payload.iter().try_fold(0, |rest, &byte| Some((rest * 10 + digit(byte)?) % 7));
    !payload.is_empty() && rest.is_some() && digit(check) == rest
}

/// ISO 7064 mod 37/36 over digits and letters, with a letter or digit as check: DPD.
#[must_use]
pub fn mod37_36(number: &[u8]) -> bool {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    };
    let Some((&check, payload)) = number.split_last() else { return false };
    let mut state = 36;
    for &byte in payload {
        let Some(value) = value(byte) else { return false };
        state += value;
        state -= if state > 36 { 36 } else { 0 };
        state *= 2;
        state -= if state > 36 { 37 } else { 0 };
    }
    value(check) == Some((37 - state) % 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Scheme = fn(&[u8]) -> bool;

    #[test]
    fn one_wrong_digit_is_always_noticed() {
        // Not by S10, whose remainders 0 and 6 have the same digit, nor by the schemes of FedEx and DHL Express.
        let rows: [(&[u8], Scheme); 3] = [
            (b"9400111206206406260787", gs1),
            (b"320595463938", luhn),
            (b"09980000020033F", mod37_36),
        ];
        for (number, check) in rows {
            assert!(check(number), "{}", number.escape_ascii());
            for index in 0..number.len() - 1 {
                let mut wrong = number.to_vec();
                wrong[index] = if wrong[index] == b'9' { b'0' } else { wrong[index] + 1 };
                assert!(!check(&wrong), "{}", wrong.escape_ascii());
            }
        }
    }

    #[test]
    fn short_and_strange_bytes_are_wrong() {
        for check in [gs1, luhn, s10, fedex, mod7, mod37_36] {
            for number in [&b""[..], b"7", b"\xff\xff\xff", b"12345678x", b"x1", b"1x"] {
                let _verdict = check(number);
            }
            assert!(!check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
        }
        assert!(!gs1(b"") && !luhn(b"") && !s10(b"12") && !mod7(b"0"));
    }
}
