//! When a published estimate changes: the anti-flap policy.
//!
//! # Place
//! After [`crate::estimator`], per shipment; the caller keeps a [`Published`] in its record.
//! # Method
//! The published value stays while it lies inside the band and has not passed; otherwise it becomes the p50,
//! at most once per interval, except when the journey's end is near or the value has passed.
//! # Holds
//! A change always changes the rounded value. The first estimate is always published.
//! # Does not hold
//! Whether a sparse estimate is shown: it comes with its interval and its reason.

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::estimate::{Confidence, Estimate, Quantile, Reason};
use crate::lane::MilestoneClass;
use crate::settings::{Band, PublishPolicy, Rounding};

/// What made the caller ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A newer milestone.
    Milestone,
    /// Time passed without one.
    Age,
    /// The learned state moved at a mark.
    Drift,
    /// The carrier changed its estimate.
    CarrierUpdate,
    /// A calendar changed.
    Calendar,
}

impl Cause {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Milestone => "milestone",
            Cause::Age => "age",
            Cause::Drift => "drift",
            Cause::CarrierUpdate => "carrier_update",
            Cause::Calendar => "calendar",
        }
    }
}

/// What was published last; a fixed-size part of a shipment record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The published instant, unix seconds.
    pub p50: i64,
    /// The instant to commit to that went with it.
    pub p90: i64,
    /// When it was published.
    pub at: i64,
}

/// A change to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtaChanged {
    /// The value before, if any.
    pub from: Option<i64>,
    /// The value now: the p50.
    pub to: i64,
    /// The p50, as `to`.
    pub p50: i64,
    /// The p90.
    pub p90: i64,
    /// Trust.
    pub confidence: Confidence,
    /// Why not more.
    pub reason: Reason,
    /// What made it change.
    pub cause: Cause,
}

impl EtaChanged {
    /// What the record keeps of it.
    pub fn published(&self, now: i64) -> Published {
        Published { p50: self.p50, p90: self.p90, at: now }
    }
}

/// Decides whether an estimate replaces the published one.
pub fn publish(
    policy: &PublishPolicy,
    before: Option<&Published>,
    estimate: &Estimate,
    class: MilestoneClass,
    calendar: &Calendar,
    now: i64,
    cause: Cause,
) -> Option<EtaChanged> {
    let changed = EtaChanged {
        from: before.map(|before| before.p50),
        to: estimate.p50,
        p50: estimate.p50,
        p90: estimate.p90,
        confidence: estimate.confidence,
        reason: estimate.reason,
        cause,
    };
    let quantile = |quantile| estimate.quantile(quantile);
    is_news(policy, before, quantile, class, calendar, now).then_some(changed)
}

/// Whether an estimate replaces the published one; asks for as few quantiles as it needs.
pub fn is_news(
    policy: &PublishPolicy,
    before: Option<&Published>,
    quantile: impl Fn(Quantile) -> i64,
    class: MilestoneClass,
    calendar: &Calendar,
    now: i64,
) -> bool {
    let Some(before) = before else { return true };
    if is_held(policy, before, class, calendar, now) {
        return false;
    }
    let rounded = |instant| rounded(policy, calendar, instant);
    let value = rounded(before.p50);
    if rounded(quantile(Quantile::P50)) == value {
        return false;
    }
    let (low, high) = match policy.band {
        Band::Middle60 => (Quantile::P20, Quantile::P80),
        Band::Middle80 => (Quantile::P10, Quantile::P90),
    };
    value < rounded(now) || value < rounded(quantile(low)) || rounded(quantile(high)) < value
}

/// Whether the published value stays, whatever the estimate: it is young, has not passed, and the end is not near.
pub fn is_held(
    policy: &PublishPolicy,
    before: &Published,
    class: MilestoneClass,
    calendar: &Calendar,
    now: i64,
) -> bool {
    class != MilestoneClass::OutForDelivery
        && now < before.at.saturating_add(policy.interval_min)
        && rounded(policy, calendar, now) <= rounded(policy, calendar, before.p50)
}

/// An instant as it is shown.
fn rounded(policy: &PublishPolicy, calendar: &Calendar, instant: i64) -> i64 {
    match policy.rounding {
        Rounding::Day => calendar.day(instant),
        Rounding::Seconds(seconds) => instant.div_euclid(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Basis;

    const DAY: i64 = 86_400;
    const NOW: i64 = 1_700_006_400;

    fn estimate(days: [i64; 5]) -> Estimate {
        let [p10, p20, p50, p80, p90] = days.map(|days| NOW + days * DAY);
        Estimate {
            p10,
            p20,
            p50,
            p80,
            p90,
            basis: Basis::Learned,
            effective: 100,
            drift_q16: 65_536,
            confidence: Confidence::High,
            reason: Reason::None,
            breach_ppm: None,
            promise_days_past: None,
            carrier_days_past: None,
        }
    }

    /// Days from now of the published value, hours since it was published, class, quantiles in days.
    fn check(
        before: i64,
        hours: i64,
        class: MilestoneClass,
        days: [i64; 5],
        expected: Option<i64>,
    ) {
        let policy = PublishPolicy {
            band: Band::Middle60,
            interval_min: 4 * 3_600,
            rounding: Rounding::Day,
        };
        let before = Published { p50: NOW + before * DAY, p90: NOW, at: NOW - hours * 3_600 };
        let got = publish(
            &policy,
            Some(&before),
            &estimate(days),
            class,
            &Calendar::continuous(),
            NOW,
            Cause::Age,
        );
        assert_eq!(got.map(|changed| (changed.to - NOW) / DAY), expected, "{days:?}");
    }

    #[test]
    fn a_value_inside_the_band_stays() {
        let transit = MilestoneClass::InTransit;
        check(3, 24, transit, [1, 2, 4, 6, 7], None);
        check(2, 24, transit, [1, 2, 4, 6, 7], None);
        check(1, 24, transit, [1, 2, 4, 6, 7], Some(4));
        check(7, 24, transit, [1, 2, 4, 6, 7], Some(4));
        check(4, 24, transit, [1, 2, 4, 6, 7], None);
    }

    #[test]
    fn the_interval_holds_except_near_the_end_or_when_the_value_has_passed() {
        check(7, 3, MilestoneClass::InTransit, [1, 2, 4, 6, 7], None);
        check(7, 3, MilestoneClass::OutForDelivery, [0, 0, 0, 1, 1], Some(0));
        check(-1, 1, MilestoneClass::InTransit, [0, 0, 1, 2, 3], Some(1));
    }

    #[test]
    fn the_first_estimate_is_published() {
        let policy = PublishPolicy {
            band: Band::Middle80,
            interval_min: 0,
            rounding: Rounding::Seconds(60),
        };
        let got = publish(
            &policy,
            None,
            &estimate([1, 2, 3, 4, 5]),
            MilestoneClass::Label,
            &Calendar::continuous(),
            NOW,
            Cause::Milestone,
        );
        let changed = got.expect("published");
        assert_eq!((changed.from, changed.to), (None, NOW + 3 * DAY));
        assert_eq!(changed.published(NOW).at, NOW);
    }
}
