//! The baseline that knows no lanes: quantiles of all remaining times so far, in calendar time.
//!
//! # Place
//! Asked by [`super::replay`] beside the estimator.
//! # Method
//! A count per minute in a Fenwick tree, so that a quantile over everything known so far is exact to the
//! minute and takes a walk of 21 steps. One per class, never decayed.
//! # Holds
//! Exact to the minute up to four years.
//! # Does not hold
//! Lanes, age, calendars: that is the point of a baseline.

use crate::lane::MilestoneClass;

const BITS: u32 = 21;

/// Quantiles of one class.
#[derive(Clone, Default)]
struct Counts {
    tree: Vec<u32>,
    total: u64,
}

/// The baseline.
#[derive(Default)]
pub(super) struct GlobalQuantiles {
    classes: [Counts; MilestoneClass::ALL.len()],
}

/// What the baseline answers: p10, p50 and p90 as instants.
#[derive(Clone, Copy, Debug)]
pub(super) struct GlobalAnswer {
    pub(super) p10: i64,
    pub(super) p50: i64,
    pub(super) p90: i64,
}

impl Counts {
    fn add(&mut self, minute: usize) {
        if self.tree.is_empty() {
            self.tree = vec![0; (1 << BITS) + 1];
        }
        self.total += 1;
        let mut at = minute.min((1 << BITS) - 1) + 1;
        // Ends: the lowest set bit is added each turn.
        while at < self.tree.len() {
            self.tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// The least minute at or below which lies the share.
    fn quantile(&self, percent: u64) -> i64 {
        let mut left = (self.total * percent).div_ceil(100).max(1);
        let mut at = 0;
        for bit in (0..=BITS).rev() {
            let next = at + (1 << bit);
            if next < self.tree.len() && u64::from(self.tree[next]) < left {
                left -= u64::from(self.tree[next]);
                at = next;
            }
        }
        at as i64
    }
}

impl GlobalQuantiles {
    pub(super) fn observe(&mut self, class: MilestoneClass, seconds: i64) {
        self.classes[class as usize].add((seconds.max(0) / 60) as usize);
    }

    /// The answer for a milestone reached now, once twenty outcomes are known.
    pub(super) fn at(&self, class: MilestoneClass, start: i64) -> Option<GlobalAnswer> {
        let counts = &self.classes[class as usize];
        let instant = |percent| start + counts.quantile(percent) * 60;
        (20 <= counts.total).then(|| GlobalAnswer {
            p10: instant(10),
            p50: instant(50),
            p90: instant(90),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut global = GlobalQuantiles::default();
        let mut minutes: Vec<i64> = (0..997).map(|i| (i * i * 31) % 50_000).collect();
        for minute in &minutes {
            global.observe(MilestoneClass::Accepted, minute * 60);
        }
        minutes.sort_unstable();
        let answer = global.at(MilestoneClass::Accepted, 0).expect("enough");
        assert_eq!(answer.p50, minutes[498] * 60);
        assert_eq!(answer.p90, minutes[897] * 60);
        assert!(global.at(MilestoneClass::Label, 0).is_none());
    }
}
