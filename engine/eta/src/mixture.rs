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
use crate::census::Flight;
use crate::histogram::Weight;
use crate::tree::Node;

/// One in the fixed point of masses, 2^22: a mass and [`MASS_MAGIC`] together stay below 2^24.
const MASS_ONE: f32 = 4_194_304.0;
/// 2^23: adding it leaves the rounded whole number in the low bits of a f32. A cast would say the same, one by
/// one; this is done four or eight at a time.
const MASS_MAGIC: f32 = 8_388_608.0;

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
        let mut mixer = Mixer::new(kappa);
        for (at, node) in nodes.iter().enumerate().take(last + 1) {
            let Some(node) = node else { continue };
            let tail = cut.units(node) as f32 / 65_536.0;
            if tail <= 0.0 {
                continue;
            }
            let effective = tail / node.histogram.units(weight);
            shares[at] = mixer.share(effective, at == last);
            let factor = shares[at].weight / tail * MASS_ONE;
            for (mixed, bin) in mixer.mix[cut.bin..].iter_mut().zip(&node.histogram.bins[cut.bin..])
            {
                *mixed += factor * f32::from(*bin);
            }
        }
        mixer.finish(&cut, age_minutes)
    }

    /// The same with parcels in flight taken into account: each level's bins are first put through the
    /// product-limit estimate of [`censored`]. Without flight it is [`Mixture::of`].
    pub(crate) fn with_flight(
        nodes: &[Option<&Node>],
        bins: &Bins,
        age_minutes: i64,
        weight: Weight,
        kappa: f32,
        shares: &mut [Share],
        flight: Option<Flight>,
    ) -> Option<Mixture> {
        let Some(flight) = flight else {
            return Mixture::of(nodes, bins, age_minutes, weight, kappa, shares);
        };
        assert!(nodes.len() <= shares.len());
        assert_eq!(nodes.len(), flight.len());
        let cut = Cut::at(age_minutes, bins);
        let levels: Vec<_> = nodes
            .iter()
            .zip(&flight)
            .map(|(node, flight)| node.map(|node| censored(&node.histogram.bins, flight)))
            .collect();
        let tail = |level: &[f32; BINS]| -> f32 {
            let whole: f32 = level[cut.bin + 1..].iter().sum();
            whole + level[cut.bin] * (cut.beyond_q16 as f32 / 65_536.0)
        };
        let last =
            levels.iter().rposition(|level| level.as_ref().is_some_and(|l| 0.0 < tail(l)))?;
        let mut mixer = Mixer::new(kappa);
        for (at, (level, node)) in levels.iter().zip(nodes).enumerate().take(last + 1) {
            let (Some(level), Some(node)) = (level, node) else { continue };
            let tail = tail(level);
            if tail <= 0.0 {
                continue;
            }
            shares[at] = mixer.share(tail / node.histogram.units(weight), at == last);
            let factor = shares[at].weight / tail * MASS_ONE;
            for (mixed, bin) in mixer.mix.iter_mut().zip(level) {
                *mixed += factor * bin;
            }
        }
        mixer.finish(&cut, age_minutes)
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

/// The mix while levels are taken in.
struct Mixer {
    mix: [f32; BINS],
    kappa: f32,
    left: f32,
    effective: f32,
}

impl Mixer {
    fn new(kappa: f32) -> Mixer {
        Mixer { mix: [0.0; BINS], kappa, left: 1.0, effective: 0.0 }
    }

    /// The share of the next level; the last takes what is left.
    fn share(&mut self, effective: f32, last: bool) -> Share {
        let weight =
            if last { self.left } else { self.left * (effective / (effective + self.kappa)) };
        self.left -= weight;
        // What the query knows is what its lanes know, each as far as it is heard.
        self.effective += weight * effective;
        Share { effective, weight }
    }

    fn finish(self, cut: &Cut, age_minutes: i64) -> Option<Mixture> {
        let mut mass = [0; BINS];
        for (mass, mixed) in mass[cut.bin..].iter_mut().zip(&self.mix[cut.bin..]) {
            *mass = (mixed + MASS_MAGIC).to_bits() - MASS_MAGIC.to_bits();
        }
        mass[cut.bin] = ((u64::from(mass[cut.bin]) * cut.beyond_q16) >> 16) as u32;
        // Each is below 2^24, the one that was cut too.
        let total = u64::from(mass.iter().sum::<u32>());
        (0 < total).then_some(Mixture { mass, total, age_minutes, effective: self.effective })
    }
}

/// The product-limit estimate: what the delivered say, with the undelivered at risk up to their age (half
/// of it in the bin of the age). The sum stays the delivered one's, so that shrinkage counts outcomes
/// only; what nobody delivered yet lies in the bin of the oldest in flight.
fn censored(delivered: &[u16; BINS], flight: &[f32; BINS]) -> [f32; BINS] {
    let mut at_risk: f32 = flight.iter().sum();
    let total: f32 = delivered.iter().map(|bin| f32::from(*bin)).sum();
    at_risk += total;
    let mut out = [0.0; BINS];
    let mut alive = 1.0_f32;
    for bin in 0..BINS {
        let died = f32::from(delivered[bin]);
        let risk = at_risk - flight[bin] * 0.5;
        if 0.0 < risk && 0.0 < died {
            let part = alive * (died / risk).min(1.0);
            out[bin] = part * total;
            alive -= part;
        }
        at_risk -= died + flight[bin];
    }
    if let Some(oldest) = flight.iter().rposition(|count| 0.0 < *count) {
        out[oldest] += alive.max(0.0) * total;
    }
    out
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
            // 96 times u16::MAX is far below u32::MAX.
            u64::from(bins[self.bin + 1..].iter().map(|bin| u32::from(*bin)).sum::<u32>())
        };
        (whole << 16) + u64::from(bins[self.bin]) * self.beyond_q16
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::histogram::Histogram;
    use crate::lane::{Basis, Lane, LaneKey, Level, MilestoneClass};

    fn weight() -> Weight {
        Weight::at(0, 86_400)
    }

    fn node(samples: &[i64]) -> Node {
        let bins = Bins::remaining(60);
        let mut histogram = Histogram::new(weight());
        for minutes in samples {
            histogram.add(bins.index(*minutes), weight());
        }
        let lane = Lane::default();
        let key = LaneKey::of(Level::Root, MilestoneClass::Label, Basis::Learned, &lane);
        Node { histogram, key: key.expect("the root is always there"), id: 1 }
    }

    fn mixed(nodes: &[Option<&Node>], age: i64) -> Option<Mixture> {
        let mut shares = [Share::default(); 8];
        Mixture::of(nodes, &Bins::remaining(60), age, weight(), 20.0, &mut shares)
    }

    #[test]
    fn a_young_lane_leans_on_the_one_above_and_an_old_one_stands_alone() {
        let bins = Bins::remaining(60);
        let root = node(&[600; 1_000]);
        let median = |leaf: &Node| {
            let mixture = mixed(&[Some(leaf), None, Some(&root)], 0).expect("samples");
            mixture.quantiles(&bins, [32_768])[0]
        };
        assert!((540..720).contains(&median(&node(&[3_000; 4]))));
        assert!((2_880..3_060).contains(&median(&node(&[3_000; 400]))));
    }

    #[test]
    fn age_leaves_only_what_is_beyond_it() {
        let bins = Bins::remaining(60);
        let root = node(&[[100; 90].as_slice(), &[5_000; 10]].concat());
        let fresh = mixed(&[Some(&root)], 0).expect("samples");
        assert!(fresh.quantiles(&bins, [32_768])[0] < 180);
        let old = mixed(&[Some(&root)], 1_000).expect("ten are beyond");
        assert!(4_800 <= old.quantiles(&bins, [6_554])[0]);
        assert!((9.5..10.5).contains(&old.effective()));
        assert!(mixed(&[Some(&root)], 1_400 * 60 + 1).is_none());
        assert!(mixed(&[None], 0).is_none());
    }

    #[test]
    fn parcels_in_flight_make_a_lane_slower() {
        let bins = Bins::remaining(60);
        let root = node(&[[100; 50].as_slice(), &[2_000; 50]].concat());
        let mut flight = [0.0; BINS];
        // Two hundred parcels are still out at twenty hours: the quick half was not a half.
        flight[bins.index(1_200)] = 200.0 * root.histogram.units(weight());
        let mut shares = [Share::default(); 1];
        let with = Mixture::with_flight(
            &[Some(&root)],
            &bins,
            0,
            weight(),
            20.0,
            &mut shares,
            Some(vec![flight]),
        );
        let without = mixed(&[Some(&root)], 0).expect("samples");
        assert!(32_000 < without.below(180, &bins));
        let below = with.expect("samples").below(180, &bins);
        assert!((9_000..13_000).contains(&below), "{below}");
    }

    #[test]
    fn censoring_nobody_changes_nothing() {
        let root = node(&[60, 100, 700, 3_000, 9_000]);
        let out = censored(&root.histogram.bins, &[0.0; BINS]);
        for (got, expected) in out.iter().zip(root.histogram.bins) {
            assert!((got - f32::from(expected)).abs() < 0.01);
        }
    }

    proptest! {
        #[test]
        fn quantiles_agree_with_the_sorted_samples(
            samples in prop::collection::vec(0_i64..80_000, 1..300), age in 0_i64..60_000
        ) {
            let bins = Bins::remaining(60);
            let root = node(&samples);
            // The model keeps only what surely lies beyond the age's own bin.
            let edge = i64::from(bins.edges()[bins.index(age)]);
            let mut left: Vec<i64> = samples.into_iter().filter(|s| edge <= *s).collect();
            left.sort_unstable();
            if let Some(mixture) = mixed(&[Some(&root)], age) {
                prop_assert!(!left.is_empty());
                let got = mixture.quantiles(&bins, [6_554, 32_768, 58_982]);
                prop_assert!(got[0] <= got[1] && got[1] <= got[2] && age <= got[0]);
                prop_assert!(got[2] <= i64::from(bins.edges()[bins.index(left[left.len() - 1]) + 1]));
                for (q, minutes) in [6_554_u32, 32_768, 58_982].into_iter().zip(got) {
                    let below = mixture.below(minutes, &bins);
                    prop_assert!(below.abs_diff(q) < 1_200, "{} {} {}", q, minutes, below);
                }
            }
        }
    }
}
