//! How a feed usually comes in, so that its silence is told once and not as ten thousand stalls.
//!
//! # Place
//!
//! One per carrier and feed, in what shards share: observed in the order of the log, read as frozen at the last
//! mark ([`Feed`]). `core` shows each feed to the rules as a pseudo shipment of subject `feed`.
//!
//! # Method
//!
//! Two histograms with eight bins per doubling: seconds between messages, and seconds from happening to
//! coming in. Both are halved when they hold 65,536 observations, so that the last weeks count most.
//!
//! # Holds
//!
//! - Plain numbers, the same for the same observations; nothing is learned between marks.

use crossdock_model::record::Seconds;

use super::facts::{Feed, Symbol};

/// Bins of a histogram: 8 per doubling, up to 2^24 s.
const BINS: usize = 24 * 8;
/// Observations at which a histogram is halved.
const HALVE_AT: u32 = 65_536;
/// Observations below which nothing is known.
const KNOWN_FROM: u32 = 200;
/// Silence that no feed is blamed for.
const LIMIT_SECONDS_MIN: u32 = 1_800;
/// Most that lateness may add to a deadline.
const GRACE_SECONDS_MAX: u32 = 6 * 3600;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Histogram {
    bins: [u32; BINS],
    count: u32,
}

impl Histogram {
    const fn new() -> Self {
        Self { bins: [0; BINS], count: 0 }
    }

    fn add(&mut self, seconds: u32) {
        self.bins[bin(seconds)] += 1;
        self.count += 1;
        if self.count == HALVE_AT {
            self.bins.iter_mut().for_each(|bin| *bin /= 2);
            self.count = self.bins.iter().sum();
        }
    }

    /// The upper end of the bin in which `thousandths` of the observations lie.
    fn quantile(&self, thousandths: u64) -> u32 {
        let wanted = (u64::from(self.count) * thousandths).div_ceil(1000);
        let mut sum = 0;
        for (index, count) in self.bins.iter().enumerate() {
            sum += u64::from(*count);
            if 0 < sum && wanted <= sum {
                return upper(index);
            }
        }
        0
    }
}

/// 8 bins per doubling; below 8 one per second.
const fn bin(seconds: u32) -> usize {
    if seconds < 8 {
        return seconds as usize;
    }
    let top = 31 - seconds.leading_zeros();
    let part = (seconds >> (top - 3)) & 7;
    let index = ((top - 2) * 8 + part) as usize;
    if index < BINS { index } else { BINS - 1 }
}

const fn upper(index: usize) -> u32 {
    if index < 8 {
        return index as u32;
    }
    let (top, part) = (index as u32 / 8 + 2, index as u32 % 8);
    ((8 + part + 1) << (top - 3)) - 1
}

/// The clock of one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedClock {
    name: Symbol,
    last: Seconds,
    gaps: Histogram,
    lateness: Histogram,
}

impl FeedClock {
    /// A feed of which nothing is known.
    #[must_use]
    pub const fn new(name: Symbol) -> Self {
        Self { name, last: Seconds::NEVER, gaps: Histogram::new(), lateness: Histogram::new() }
    }

    /// One message, in the order of the log: when it came in, and when its newest event happened.
    pub fn observe(&mut self, received: Seconds, happened: Seconds) {
        if self.last.is_some() {
            self.gaps.add(received.0.saturating_sub(self.last.0));
        }
        self.last = self.last.max(received);
        if happened.is_some() {
            self.lateness.add(received.0.saturating_sub(happened.0));
        }
    }

    /// What rules see of it at a mark.
    #[must_use]
    pub fn freeze(&self, now: Seconds) -> Feed {
        let known = KNOWN_FROM <= self.gaps.count;
        // Twice what one gap in a thousand reaches.
        let limit = self.gaps.quantile(999).saturating_mul(2).max(LIMIT_SECONDS_MIN);
        let silent = if self.last.is_some() { now.0.saturating_sub(self.last.0) } else { 0 };
        let late = KNOWN_FROM <= self.lateness.count;
        Feed {
            name: self.name,
            grace: if late { self.lateness.quantile(950).min(GRACE_SECONDS_MAX) } else { 0 },
            is_silent: known && limit < silent,
            silent_seconds: silent,
            limit_seconds: if known { limit } else { 0 },
        }
    }

    /// Everything it knows, as numbers for a snapshot.
    #[must_use]
    pub fn to_numbers(&self) -> Vec<u32> {
        let mut numbers = vec![self.name.0, self.last.0];
        numbers.extend(self.gaps.bins);
        numbers.extend(self.lateness.bins);
        numbers
    }

    /// A clock from the numbers of a snapshot; `None` where they are not such numbers.
    #[must_use]
    pub fn from_numbers(numbers: &[u32]) -> Option<Self> {
        let (head, bins) = numbers.split_at_checked(2)?;
        let (gaps, lateness) = bins.split_at_checked(BINS)?;
        let histogram = |bins: &[u32]| {
            let bins: [u32; BINS] = bins.try_into().ok()?;
            let count = bins.iter().try_fold(0_u32, |sum, bin| sum.checked_add(*bin))?;
            (count < HALVE_AT).then_some(Histogram { bins, count })
        };
        Some(Self {
            name: Symbol(head[0]),
            last: Seconds(head[1]),
            gaps: histogram(gaps)?,
            lateness: histogram(lateness)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_what_is_in_them() {
        for seconds in (0..100_000).step_by(7) {
            let index = bin(seconds);
            assert!(seconds <= upper(index), "{seconds}");
            assert!(index == 0 || upper(index - 1) < seconds, "{seconds}");
        }
        assert_eq!(bin(u32::MAX), BINS - 1);
    }

    #[test]
    fn a_feed_is_silent_when_it_never_was_so_long() {
        let mut clock = FeedClock::new(Symbol(7));
        for minute in 1..=300_u32 {
            clock.observe(Seconds(minute * 60), Seconds((minute * 60).saturating_sub(600).max(1)));
        }
        let last = 300 * 60;
        assert!(!clock.freeze(Seconds(last + 1_700)).is_silent);
        let silent = clock.freeze(Seconds(last + 1_900));
        assert!(silent.is_silent);
        assert!((600..=700).contains(&silent.grace), "{}", silent.grace);
        let copy = FeedClock::from_numbers(&clock.to_numbers()).expect("its own numbers");
        assert_eq!(copy, clock);
        assert!(FeedClock::from_numbers(&[1, 2, 3]).is_none());
        assert!(!FeedClock::new(Symbol(7)).freeze(Seconds(last)).is_silent);
    }
}
