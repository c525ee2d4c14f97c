//! The distribution of one query: lanes mixed up the tree, conditional on age.
//!
//! # Place
//! Between [`crate::tree`] and [`crate::estimator`].
//! # Method
//! With `n_k` the effective count of level k beyond the age, the leaf weighs `n / (n + kappa)`, each level
//! above takes its share of what is left, and the root the rest. Bins below the age are nothing, the
//! bin of the age counts for the part beyond it. The mix is plain f32 multiply and add per bin, in the order
//! of levels; the cumulative walk is in integers. No libm, no reordering: the same bits everywhere.
//! # Holds
//! Quantiles rise with q and lie beyond the age; `below(y)` and `quantile` are inverse up to interpolation.
//! # Does not hold
//! Drift, dates and calendars.

use crate::bins::{BINS, Bins};
use crate::histogram::Weight;
use crate::tree::Node;

/// One in the fixed point of masses. 2^24 keeps f32 exact.
const MASS_ONE: f32 = 16_777_216.0;

/// What one level brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Effective count beyond the age.
    pub effective: f32,
    /// Weight in the mix, 0..=1.
    pub weight: f32,
}

/// A mixed distribution in minutes.
#[derive(Clone, Debug)]
pub struct Mixture {
    mass: [u32; BINS],
    total: u64,
    age_minutes: i64,
    effective: f32,
}

impl Mixture {
    /// Mixes nodes, leaf first; the last takes what is left. `None` levels are skipped. Gives nothing when
    /// no level has anything beyond the age. `shares` gets one entry per node.
    pub fn of(
        nodes: &[Option<&Node>],
        bins: &Bins,
        age_minutes: i64,
        weight: Weight,
        kappa: f32,
        shares: &mut [Share],
    ) -> Option<Mixture> {
        assert!(nodes.len() <= shares.len());
        let cut = Cut::at(age_minutes, bins);
        let last = nodes.iter().rposition(|node| node.is_some_and(|node| 0 < cut.units(node)))?;
        let mut mix = [0.0_f32; BINS];
        let mut left = 1.0_f32;
        let mut effective_all = 0.0_f32;
        for (at, node) in nodes.iter().enumerate().take(last + 1) {
            let Some(node) = node else { continue };
            let tail = cut.units(node) as f32 / 65_536.0;
            if tail <= 0.0 {
                continue;
            }
            let effective = tail / node.histogram.units(weight);
            let part = if at == last { left } else { left * (effective / (effective + kappa)) };
            shares[at] = Share { effective, weight: part };
            // What the query knows is what its lanes know, each as far as it is heard.
            effective_all += part * effective;
            left -= part;
            let factor = part / tail * MASS_ONE;
            for (mixed, bin) in mix.iter_mut().zip(&node.histogram.bins) {
                *mixed += factor * f32::from(*bin);
            }
        }
        let mut mass = mix.map(|mixed| mixed as u32);
        mass[..cut.bin].fill(0);
        mass[cut.bin] = ((u64::from(mass[cut.bin]) * cut.beyond_q16) >> 16) as u32;
        let total = mass.iter().map(|mass| u64::from(*mass)).sum();
        (0 < total).then_some(Mixture { mass, total, age_minutes, effective: effective_all })
    }

    /// Effective count behind the mix: the levels' counts by their weights.
    pub fn effective(&self) -> f32 {
        self.effective
    }

    /// Quantiles in minutes at ascending probabilities (Q16).
    pub fn quantiles<const N: usize>(&self, bins: &Bins, at_q16: [u32; N]) -> [i64; N] {
        debug_assert!(at_q16.windows(2).all(|pair| pair[0] <= pair[1]));
        let mut out = [0; N];
        let mut bin = 0;
        let mut before: u64 = 0;
        for (out, q) in out.iter_mut().zip(at_q16) {
            let target = ((self.total * u64::from(q)) >> 16).min(self.total);
            // Ends: the masses sum to the total, which is at least the target.
            while bin + 1 < BINS && before + u64::from(self.mass[bin]) < target {
                before += u64::from(self.mass[bin]);
                bin += 1;
            }
            let (low, high) = self.span(bin, bins);
            let mass = u64::from(self.mass[bin]).max(1);
            let within = (target - before).min(mass);
            *out = low + ((high - low) * within as i64) / mass as i64;
        }
        out
    }

    /// Probability of at most this many minutes, Q16.
    pub fn below(&self, minutes: i64, bins: &Bins) -> u32 {
        if minutes < self.age_minutes {
            return 0;
        }
        let bin = bins.index(minutes);
        let before: u64 = self.mass[..bin].iter().map(|mass| u64::from(*mass)).sum();
        let (low, high) = self.span(bin, bins);
        let inside = (minutes - low).clamp(0, high - low) as u64;
        let part = u64::from(self.mass[bin]) * inside / ((high - low).max(1) as u64);
        (((before + part) << 16) / self.total) as u32
    }

    /// The part of a bin beyond the age, in minutes.
    fn span(&self, bin: usize, bins: &Bins) -> (i64, i64) {
        let low = i64::from(bins.edges()[bin]).max(self.age_minutes);
        (low, i64::from(bins.edges()[bin + 1]).max(low))
    }
}

/// Where the age cuts the bins.
struct Cut {
    bin: usize,
    /// The part of that bin beyond the age, Q16.
    beyond_q16: u64,
}

impl Cut {
    fn at(age_minutes: i64, bins: &Bins) -> Cut {
        let bin = bins.index(age_minutes);
        let (low, high) = (i64::from(bins.edges()[bin]), i64::from(bins.edges()[bin + 1]));
        // Beyond the last edge nothing is left: there is no experience of such an age.
        let beyond = (high - age_minutes).clamp(0, high - low);
        Cut { bin, beyond_q16: ((beyond as u64) << 16) / (high - low) as u64 }
    }

    /// Units of a node beyond the age, Q16.
    fn units(&self, node: &Node) -> u64 {
        let bins = &node.histogram.bins;
        let whole = if self.bin == 0 {
            // The usual case has the sum at hand.
            u64::from(node.histogram.total) - u64::from(bins[0])
        } else {
            bins[self.bin + 1..].iter().map(|bin| u64::from(*bin)).sum()
        };
        (whole << 16) + u64::from(bins[self.bin]) * self.beyond_q16
    }
}
