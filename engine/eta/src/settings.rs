//! Checked settings of one estimator.
//!
//! # Place
//! Made by [`crate::declared`] from a file, or by code; read by [`crate::estimator`] and [`mod@crate::publish`].
//! # Method
//! Plain values with their units; [`Settings::check`] says what is out of range, so that the estimator
//! may assert.
//! # Holds
//! A checked value never makes the estimator panic.
//! # Does not hold
//! Texts, places in files, transit tables.

use std::fmt;

use crate::board::SwitchPolicy;
use crate::lane::{Basis, Level};
use crate::limits::{LANES_MAX, LEVELS_MAX};

const DAY: i64 = 86_400;

/// How the remaining time is learned from delivered and undelivered parcels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// From outcomes alone.
    Outcomes,
    /// Outcomes and the census of parcels in flight (product-limit estimate).
    Hazard,
}

/// When a published date moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishPolicy {
    /// The published date stays while it is inside these two quantiles: which of the estimate's low
    /// quantiles (p10 or p20), and which of its high ones (p80 or p90).
    pub band: Band,
    /// Least time between two changes, seconds; milestones that end the journey and a passed date are
    /// free of it.
    pub interval_min: i64,
    /// What counts as the same published value.
    pub rounding: Rounding,
}

/// The band inside which a published date stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// p20 to p80.
    Middle60,
    /// p10 to p90.
    Middle80,
}

/// What a published estimate is rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// The local date of the delivery calendar.
    Day,
    /// So many seconds.
    Seconds(i64),
}

/// Settings of one estimator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Levels, leaf first; the root is added by itself.
    pub levels: Vec<Level>,
    /// Effective outcomes at which a level weighs as much as all above it, 1..=10,000.
    pub shrinkage: u16,
    /// Half-life of a sample, seconds, an hour to ten years.
    pub half_life: i64,
    /// Unit of the bins, minutes, 1..=1440: the finest bin is three grains wide.
    pub grain_minutes: u16,
    /// Half-life of drift, seconds; 0 turns drift off.
    pub drift_half_life: i64,
    /// Outcomes' worth of "no drift" in every drift.
    pub drift_prior: u16,
    /// Step of the p90's calibration, millionths of probability per outcome; 0 turns it off.
    pub calibration_ppm: u32,
    /// When a board changes its basis.
    pub switch: SwitchPolicy,
    /// Bases that may be used, by index of [`Basis::ALL`].
    pub bases: [bool; 4],
    /// Form of the learned part.
    pub form: Form,
    /// Publication.
    pub publish: PublishPolicy,
    /// Minutes between p50 and p90 of a date nobody has learned the error of.
    pub cold_spread_minutes: u32,
    /// Effective outcomes below which an estimate is `sparse_lane`.
    pub sparse_below: u16,
    /// Lanes kept at most.
    pub lanes_max: usize,
    /// Digest of the declared calendars, 0 where there are none: what was learned are open minutes of these.
    pub calendars_digest: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            levels: vec![
                Level::Zip3,
                Level::Region,
                Level::DestinationRegion,
                Level::PromisedTransit,
                Level::Service,
                Level::Carrier,
            ],
            shrinkage: 20,
            half_life: 30 * DAY,
            grain_minutes: 60,
            drift_half_life: 7 * DAY,
            drift_prior: 30,
            calibration_ppm: 5_000,
            switch: SwitchPolicy { margin_percent: 5, outcomes: 200, half_life: 30 * DAY },
            bases: [true; 4],
            form: Form::Outcomes,
            publish: PublishPolicy {
                band: Band::Middle60,
                interval_min: 4 * 3_600,
                rounding: Rounding::Day,
            },
            cold_spread_minutes: 2 * 1_440,
            sparse_below: 30,
            lanes_max: 500_000,
            calendars_digest: 0,
        }
    }
}

/// What is out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The setting, as it is called in the file.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\" is {}; give {}", self.name, self.found, self.allowed)
    }
}

impl std::error::Error for OutOfRange {}

impl Settings {
    /// Everything that is out of range.
    pub fn check(&self) -> Result<(), Vec<OutOfRange>> {
        let mut found = Vec::new();
        let mut range = |name, value: i64, least: i64, most: i64, allowed| {
            if value < least || most < value {
                found.push(OutOfRange { name, found: value.to_string(), allowed });
            }
        };
        let years = 3_650 * DAY;
        range("shrinkage", i64::from(self.shrinkage), 1, 10_000, "1 to 10000");
        range("half_life", self.half_life, 3_600, years, "1h to 3650d");
        range("grain", i64::from(self.grain_minutes), 1, 1_440, "1m to 1440m");
        if self.drift_half_life != 0 {
            range("drift.half_life", self.drift_half_life, 3_600, years, "1h to 3650d, or 0");
        }
        range("switch.half_life", self.switch.half_life, 3_600, years, "1h to 3650d");
        range("switch.margin", i64::from(self.switch.margin_percent), 0, 50, "0 to 50 percent");
        range("switch.outcomes", i64::from(self.switch.outcomes), 1, 1_000_000, "1 to 1000000");
        range("publish.min_interval", self.publish.interval_min, 0, 30 * DAY, "0 to 30d");
        if let Rounding::Seconds(seconds) = self.publish.rounding {
            range("publish.rounding", seconds, 1, DAY, "1s to 24h, or \"day\"");
        }
        range("cold_spread", i64::from(self.cold_spread_minutes), 1, 86_400, "1m to 60d");
        range("lanes", self.lanes_max as i64, 1, LANES_MAX as i64, "1 to 2097152");
        range("calibration", i64::from(self.calibration_ppm), 0, 50_000, "0 to 0.05");
        let levels = self.levels.len() as i64;
        range("levels", levels, 0, LEVELS_MAX as i64 - 1, "at most 9 levels");
        let mut levels = self.levels.clone();
        levels.sort_unstable();
        if let Some(pair) = levels.windows(2).find(|pair| pair[0] == pair[1]) {
            let found_level = format!("\"{}\" twice", pair[0].name());
            found.push(OutOfRange {
                name: "levels",
                found: found_level,
                allowed: "every level once",
            });
        }
        if levels.contains(&Level::Root) {
            let (name, allowed) = ("levels", "levels below the root; the root is always there");
            found.push(OutOfRange { name, found: "\"root\"".to_owned(), allowed });
        }
        if !self.bases.contains(&true) {
            let allowed = "at least one of learned, carrier, promise, table";
            found.push(OutOfRange { name: "bases", found: "empty".to_owned(), allowed });
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// Whether a basis may be used.
    pub fn uses(&self, basis: Basis) -> bool {
        self.bases[basis as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn everything_out_of_range_is_named_at_once() {
        let settings = Settings {
            levels: vec![Level::Region, Level::Region, Level::Root],
            shrinkage: 0,
            half_life: 5,
            grain_minutes: 2_000,
            bases: [false; 4],
            lanes_max: 0,
            ..Settings::default()
        };
        let errors = settings.check().expect_err("out of range");
        let text: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            text.join("\n"),
            "\"shrinkage\" is 0; give 1 to 10000\n\
             \"half_life\" is 5; give 1h to 3650d\n\
             \"grain\" is 2000; give 1m to 1440m\n\
             \"lanes\" is 0; give 1 to 2097152\n\
             \"levels\" is \"region\" twice; give every level once\n\
             \"levels\" is \"root\"; give levels below the root; the root is always there\n\
             \"bases\" is empty; give at least one of learned, carrier, promise, table"
        );
    }
}
