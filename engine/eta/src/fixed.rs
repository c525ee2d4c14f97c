//! Fixed-point logarithm and power of two: the same bits on every machine.
//!
//! # Place
//! Below `histogram` (weights), `drift` (ratios, decay) and `board` (decay).
//! # Method
//! The logarithm squares the mantissa once per bit; the power multiplies the roots of two that the bits
//! name, those of the upper eight looked up. The roots come from an integer square root at compile time, so no libm function is called.
//! # Holds
//! `exp2(log2(x))` is within 2^-13 of x, relatively; both are monotone (tests).
//! # Does not hold
//! More than 16 bits behind the point.

/// One in Q16.
pub const ONE_Q16: i64 = 1 << 16;

/// `2^(1/2^(i+1))` in Q31 for i in 0..16.
const ROOTS_Q31: [u64; 16] = roots();

/// `2^(i/64)` in Q16, the weight of a sample inside its octave.
pub const OCTAVE_Q16: [u32; 64] = octave();

const fn isqrt(value: u128) -> u64 {
    let mut low: u128 = 0;
    let mut high: u128 = 1 << 63;
    // Ends: the interval halves each turn.
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle * middle <= value {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low as u64
}

const fn roots() -> [u64; 16] {
    let mut out = [0; 16];
    // Q62 inside, so that sixteen roots in a row keep all of Q31.
    let mut root: u128 = 2 << 62;
    let mut i = 0;
    while i < 16 {
        root = isqrt(root << 62) as u128;
        out[i] = (root >> 31) as u64;
        i += 1;
    }
    out
}

const fn octave() -> [u32; 64] {
    let mut out = [0; 64];
    let mut i = 0;
    while i < 64 {
        out[i] = (fraction_q31((i as u32) << 10) >> 15) as u32;
        i += 1;
    }
    out
}

/// `2^(fraction / 65536)` in Q31, for a fraction below 65536: the roots of its bits, the largest first.
const fn fraction_q31(fraction: u32) -> u64 {
    rest_q31(fraction, 1 << 31, 0)
}

/// A product with the roots of the bits from one on. A bit that is not set multiplies by one, which changes
/// nothing: bits come as they like, and nobody can foretell a branch on them.
const fn rest_q31(fraction: u32, product: u64, from: u32) -> u64 {
    let mut out = product;
    let mut i = from;
    while i < 16 {
        let is_set = (fraction >> (15 - i)) & 1;
        out = (out * FACTORS_Q31[i as usize][is_set as usize]) >> 31;
        i += 1;
    }
    out
}

/// One, or the root of a bit.
const FACTORS_Q31: [[u64; 2]; 16] = {
    let mut out = [[1 << 31; 2]; 16];
    let mut i = 0;
    while i < 16 {
        out[i][1] = ROOTS_Q31[i];
        i += 1;
    }
    out
};

/// The products of the upper eight bits of a fraction.
static UPPER_Q31: [u64; 256] = {
    let mut out = [0; 256];
    let mut i = 0;
    while i < 256 {
        out[i] = fraction_q31((i as u32) << 8);
        i += 1;
    }
    out
};

/// Base-2 logarithm of a positive number, Q16.
pub fn log2_q16(value: u64) -> i64 {
    assert!(0 < value);
    let whole = 63 - value.leading_zeros();
    let mut mantissa = if 31 <= whole { value >> (whole - 31) } else { value << (31 - whole) };
    let mut fraction = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        let is_two = mantissa >> 32;
        mantissa >>= is_two;
        fraction = fraction << 1 | is_two as i64;
    }
    (i64::from(whole) << 16) | fraction
}

/// Two to the power of a Q16 exponent, in Q16. Saturates above 2^31 and is 0 below 2^-17.
pub fn exp2_q16(exponent_q16: i64) -> i64 {
    let whole = exponent_q16 >> 16;
    let fraction = (exponent_q16 & 0xFFFF) as u32;
    if 31 <= whole {
        return i64::MAX >> 16;
    }
    if whole < -17 {
        return 0;
    }
    let value = rest_q31(fraction, UPPER_Q31[(fraction >> 8) as usize], 8) as i64;
    let shift = whole - 15;
    if 0 <= shift { value << shift } else { value >> -shift }
}

/// `2^(-elapsed / half_life)`, worked out once for the many values that fade together.
#[derive(Clone, Copy, Debug)]
pub struct Decay {
    /// The part of an octave, Q16.
    factor_q16: i64,
    /// The whole octaves: a shift, so that nothing of a large sum is lost in Q16.
    octaves: u32,
}

impl Decay {
    /// The decay over a time. Elapsed below zero counts as zero.
    pub fn over(elapsed: i64, half_life: i64) -> Decay {
        assert!(0 < half_life);
        let elapsed = elapsed.max(0);
        let halves_q16 = match elapsed.checked_mul(ONE_Q16) {
            Some(elapsed_q16) => elapsed_q16 / half_life,
            None => ((i128::from(elapsed) << 16) / i128::from(half_life)).min(64 << 16) as i64,
        };
        let octaves = (halves_q16 >> 16).min(64) as u32;
        Decay { factor_q16: exp2_q16(-(halves_q16 & 0xFFFF)), octaves }
    }

    /// What is left of a value, rounded toward zero behind the part of an octave.
    pub fn of(self, value: i64) -> i64 {
        if 63 <= self.octaves {
            return 0;
        }
        let part = ((i128::from(value) * i128::from(self.factor_q16)) >> 16) as i64;
        // A shift rounds down; a negative value is lifted so that it rounds up.
        let lift = (part >> 63) & ((1 << self.octaves) - 1);
        (part + lift) >> self.octaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_logarithms_agree_with_the_float_ones() {
        for exponent in (-8 * 65_536..20 * 65_536).step_by(1_237) {
            let expected = (exponent as f64 / 65_536.0).exp2() * 65_536.0;
            let got = exp2_q16(exponent) as f64;
            assert!((got - expected).abs() <= 1.0 + expected / 65_536.0, "{exponent}");
        }
        for value in (1..2_000_000_u64).step_by(997).chain([1, 2, 3, u64::MAX]) {
            let expected = (value as f64).log2() * 65_536.0;
            assert!((log2_q16(value) as f64 - expected).abs() <= 2.0, "{value}");
        }
    }

    #[test]
    fn a_looked_up_power_is_the_product_of_its_roots() {
        for fraction in 0..65_536_u32 {
            let roots = (0..16).filter(|i| fraction & (1 << (15 - i)) != 0);
            let product = roots.fold(1_u64 << 31, |out, i| (out * ROOTS_Q31[i]) >> 31);
            assert_eq!(exp2_q16(i64::from(fraction) + (16 << 16)), (product as i64) << 1);
        }
    }

    #[test]
    fn a_value_halves_in_a_half_life() {
        let decayed = |value, elapsed, half_life| Decay::over(elapsed, half_life).of(value);
        assert_eq!(decayed(1 << 40, 7, 7), 1 << 39);
        assert_eq!(decayed(-(1 << 40), 14, 7), -(1 << 38));
        assert_eq!(decayed(-5, 7, 7), -2);
        assert_eq!(decayed(5, -3, 7), 5);
        assert_eq!(decayed(i64::MAX, i64::MAX, 1), 0);
        assert_eq!(decayed(i64::MIN, 0, 1), i64::MIN);
        assert_eq!(decayed(1 << 62, i64::MAX, i64::MAX / 2), 1 << 60);
    }

    #[test]
    fn an_octave_rises_from_one_to_just_below_two() {
        assert_eq!(OCTAVE_Q16[0], 65_536);
        assert!(OCTAVE_Q16.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(OCTAVE_Q16[32], 92_681);
    }
}
