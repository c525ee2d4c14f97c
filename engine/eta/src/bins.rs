//! The cut of time into 96 bins: fine near zero, coarse far out.
//!
//! # Place
//! Below [`crate::tree`] and [`crate::mixture`], which know bins only by their number.
//! # Method
//! Two layouts over one unit, the grain (minutes). *Remaining* starts at 0: 40 bins of 3 grains, 30 of 8,
//! 26 of 40, which at a grain of an hour is 3 h up to five days, 8 h up to fifteen, 40 h up to 58 days.
//! *Residual* is signed and has a bin centred on zero, so that a date that is kept to the day stays an atom:
//! 24, 14, 10 bins of 3, 8, 40 grains above and 23, 14, 10 below. Source: the reference's histogram.
//! # Holds
//! The number of a value is found by arithmetic, in constant time, for every i64.
//! # Does not hold
//! Values beyond the last edge: they count in the last bin (winsorized).

/// Number of bins.
pub const BINS: usize = 96;

/// Edges of the remaining-time layout, half grains.
const REMAINING: [i32; BINS + 1] = remaining();
/// Edges of the residual layout, half grains.
const RESIDUAL: [i32; BINS + 1] = residual();
/// The bin around zero.
const CENTER: i64 = 47;

const fn remaining() -> [i32; BINS + 1] {
    let mut edges = [0; BINS + 1];
    let mut i = 0;
    while i < BINS {
        let width = if i < 40 {
            6
        } else if i < 70 {
            16
        } else {
            80
        };
        edges[i + 1] = edges[i] + width;
        i += 1;
    }
    edges
}

const fn residual() -> [i32; BINS + 1] {
    let mut edges = [0; BINS + 1];
    edges[47] = -3;
    edges[48] = 3;
    let mut i = 0;
    while i < 48 {
        let width = if i < 24 {
            6
        } else if i < 38 {
            16
        } else {
            80
        };
        edges[49 + i] = edges[48 + i] + width;
        i += 1;
    }
    let mut i = 0;
    while i < 47 {
        let width = if i < 23 {
            6
        } else if i < 37 {
            16
        } else {
            80
        };
        edges[46 - i] = edges[47 - i] - width;
        i += 1;
    }
    edges
}

/// A layout at a grain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bins {
    grain_minutes: i64,
    signed: bool,
    /// Edges in minutes, ascending.
    edges: [i32; BINS + 1],
}

impl Bins {
    /// The layout of remaining times. The grain is 1..=1440 minutes.
    pub fn remaining(grain_minutes: u16) -> Bins {
        Bins::new(grain_minutes, false, &REMAINING)
    }

    /// The layout of signed residuals.
    pub fn residual(grain_minutes: u16) -> Bins {
        Bins::new(grain_minutes, true, &RESIDUAL)
    }

    fn new(grain_minutes: u16, signed: bool, half_grains: &[i32; BINS + 1]) -> Bins {
        assert!(0 < grain_minutes);
        assert!(grain_minutes <= 1440);
        let grain = i32::from(grain_minutes);
        let edges = half_grains.map(|edge| (edge * grain).div_euclid(2));
        Bins { grain_minutes: i64::from(grain_minutes), signed, edges }
    }

    /// Edges in minutes: bin `i` is `edges[i]..edges[i + 1]`.
    pub fn edges(&self) -> &[i32; BINS + 1] {
        &self.edges
    }

    /// The grain in minutes.
    pub fn grain_minutes(&self) -> i64 {
        self.grain_minutes
    }

    /// The bin of a value in minutes; values outside go to the first or last bin.
    #[inline]
    pub fn index(&self, minutes: i64) -> usize {
        let bound = i64::from(i32::MAX / 2);
        let minutes = minutes.clamp(-bound, bound) as i32;
        // Twice the minutes is what half grains are measured in; the shift by one keeps odd grains exact.
        let halves = i64::from((minutes * 2 + 1).div_euclid(self.grain_minutes as i32));
        let index = if self.signed { signed_index(halves) } else { unsigned_index(halves) };
        index.clamp(0, BINS as i64 - 1) as usize
    }
}

fn unsigned_index(halves: i64) -> i64 {
    if halves < 240 {
        halves.max(0) / 6
    } else if halves < 720 {
        40 + (halves - 240) / 16
    } else {
        70 + (halves - 720) / 80
    }
}

fn signed_index(halves: i64) -> i64 {
    if (-3..3).contains(&halves) {
        CENTER
    } else if 3 <= halves {
        let out = halves - 3;
        CENTER
            + 1
            + if out < 144 {
                out / 6
            } else if out < 368 {
                24 + (out - 144) / 16
            } else {
                38 + (out - 368) / 80
            }
    } else {
        // The last half grain before the center is -4.
        let out = -4 - halves;
        CENTER
            - 1
            - if out < 138 {
                out / 6
            } else if out < 362 {
                23 + (out - 138) / 16
            } else {
                37 + (out - 362) / 80
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bin by walking the edges: too simple to be wrong.
    fn walked(bins: &Bins, minutes: i64) -> usize {
        let after = bins.edges().iter().filter(|edge| i64::from(**edge) <= minutes).count();
        after.saturating_sub(1).min(BINS - 1)
    }

    #[test]
    fn arithmetic_and_a_walk_find_the_same_bin() {
        for grain in [1, 2, 5, 7, 60, 480, 1440] {
            for bins in [Bins::remaining(grain), Bins::residual(grain)] {
                assert!(bins.edges().windows(2).all(|pair| pair[0] < pair[1]), "grain {grain}");
                let reach = i64::from(grain) * 1_500;
                let step = (reach / 9_001).max(1) as usize;
                for minutes in (-reach..reach).step_by(step) {
                    let expected = walked(&bins, minutes);
                    assert_eq!(bins.index(minutes), expected, "grain {grain}, {minutes} min");
                }
                for edge in bins.edges() {
                    for minutes in [i64::from(*edge) - 1, i64::from(*edge), i64::from(*edge) + 1] {
                        assert_eq!(
                            bins.index(minutes),
                            walked(&bins, minutes),
                            "{grain} {minutes}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn any_number_has_a_bin() {
        for bins in [Bins::remaining(60), Bins::residual(60)] {
            assert_eq!(bins.index(i64::MIN), 0);
            assert_eq!(bins.index(i64::MAX), BINS - 1);
        }
        assert_eq!(Bins::residual(60).index(0), 47);
        assert_eq!(Bins::remaining(60).edges()[BINS], 1_400 * 60);
    }
}
