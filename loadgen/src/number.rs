//! Tracking numbers that carriers would have printed: right length, right prefix, right check digit.
//!
//! # Method
//!
//! A shipment's index is scattered over the serial digits by an affine bijection modulo a power of
//! ten, so that neighbours do not look alike and no two shipments share a number. The check
//! digits are those of the carriers (UPS mod 10 with doubled odd places, FedEx 3-1-7 mod 11,
//! USPS GS1 mod 10, DHL Express mod 7).
//!
//! # Holds
//!
//! - Different shipments of one carrier have different numbers as long as there are fewer than
//!   the serial digits hold: 10^9 (UPS, FedEx, USPS), 10^8 (DHL Express).

use crate::text::Put as _;

/// Coprime to ten, so that multiplying by it is a bijection modulo every power of ten.
const SCATTER: u64 = 618_033_989;

/// A bijection of `0..modulus`, which is a power of ten.
fn scatter(index: u64, modulus: u64) -> u64 {
    let wide = u128::from(index % modulus) * u128::from(SCATTER) + 271_828_183;
    (wide % u128::from(modulus)) as u64
}

/// What a UPS check digit counts a character as.
const fn ups_value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => (byte - b'0') as u32,
        _ => (byte as u32 - 3) % 10,
    }
}

/// `1Z`, six of the shipper, two of the service, seven of the serial, a check digit.
pub(crate) fn put_ups(buffer: &mut Vec<u8>, index: u64) {
    let serial = scatter(index, 1_000_000_000);
    let start = buffer.len();
    buffer.put("1ZX4R");
    buffer.put_padded(7, 1);
    buffer.put_padded(serial / 10_000_000, 2);
    buffer.put("03");
    buffer.put_padded(serial % 10_000_000, 7);
    let sum: u32 = buffer[start + 2..]
        .iter()
        .enumerate()
        .map(|(i, &byte)| ups_value(byte) * if i % 2 == 1 { 2 } else { 1 })
        .sum();
    buffer.put_padded(u64::from((10 - sum % 10) % 10), 1);
}

/// Eleven digits and a check digit.
pub(crate) fn put_fedex(buffer: &mut Vec<u8>, index: u64) {
    let start = buffer.len();
    buffer.put("77");
    buffer.put_padded(scatter(index, 1_000_000_000), 9);
    let sum: u32 = buffer[start..]
        .iter()
        .zip([3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1])
        .map(|(&byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    buffer.put_padded(u64::from(sum % 11 % 10), 1);
}

/// The GS1 check digit: weights 3, 1, 3 ... from the right.
fn gs1_check(digits: &[u8]) -> u64 {
    let sum: u64 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &byte)| u64::from(byte - b'0') * if i % 2 == 0 { 3 } else { 1 })
        .sum();
    (10 - sum % 10) % 10
}

/// Channel `94`, service type, mailer, serial, check digit: 22 digits.
pub(crate) fn put_usps(buffer: &mut Vec<u8>, index: u64) {
    let start = buffer.len();
    buffer.put("940551120555");
    buffer.put_padded(scatter(index, 1_000_000_000), 9);
    let check = gs1_check(&buffer[start..]);
    buffer.put_padded(check, 1);
}

/// Nine digits and their remainder by seven.
pub(crate) fn put_dhl(buffer: &mut Vec<u8>, index: u64) {
    let serial = 300_000_000 + scatter(index, 100_000_000);
    buffer.put_padded(serial, 9);
    buffer.put_padded(serial % 7, 1);
}

/// A progressive number of a freight carrier, ten digits.
pub(crate) fn put_pro(buffer: &mut Vec<u8>, index: u64) {
    buffer.put_padded(1_000_000_000 + scatter(index, 1_000_000_000), 10);
}

/// An SSCC: extension digit, company prefix, nine of the serial, a check digit.
pub(crate) fn put_sscc(buffer: &mut Vec<u8>, index: u64) {
    let start = buffer.len();
    buffer.put("10614141");
    buffer.put_padded(scatter(index, 1_000_000_000), 9);
    let check = gs1_check(&buffer[start..]);
    buffer.put_padded(check, 1);
}

/// A number of a local fleet, store or warehouse.
pub(crate) fn put_local(buffer: &mut Vec<u8>, index: u64) {
    buffer.put("XD");
    buffer.put_padded(scatter(index, 1_000_000_000_000), 12);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(put: fn(&mut Vec<u8>, u64), index: u64, expected: &str) {
        let mut buffer = Vec::new();
        put(&mut buffer, index);
        assert_eq!(String::from_utf8_lossy(&buffer), expected);
    }

    /// The check digits of numbers that are published as valid.
    #[test]
    fn check_digits_are_the_carriers_own() {
        assert_eq!(gs1_check(b"940011120620640626078"), 7);
        assert_eq!(gs1_check(b"00012345000000002"), 7);
        assert_eq!(331_881_002 % 7, 5);
        let ups: u32 = b"5R8939035756712"
            .iter()
            .enumerate()
            .map(|(i, &byte)| ups_value(byte) * if i % 2 == 1 { 2 } else { 1 })
            .sum();
        assert_eq!((10 - ups % 10) % 10, 7);
    }

    #[test]
    fn numbers_have_their_form() {
        check(put_dhl, 0, "3718281836");
        check(put_local, 0, "XD000271828183");
        let mut buffer = Vec::new();
        for (put, len) in [
            (put_ups as fn(&mut Vec<u8>, u64), 18),
            (put_fedex, 12),
            (put_usps, 22),
            (put_dhl, 10),
            (put_pro, 10),
            (put_local, 14),
        ] {
            let mut seen = std::collections::BTreeSet::new();
            for index in 0..2000 {
                buffer.clear();
                put(&mut buffer, index);
                assert_eq!(buffer.len(), len);
                assert!(seen.insert(buffer.clone()));
            }
        }
    }
}
