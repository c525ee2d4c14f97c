//! Limits of the estimator, each with its unit.
//!
//! # Place
//! Read by every module of this crate; nothing here depends on anything.
//! # Method
//! Constants only. A limit that an operator may turn is in [`crate::settings::Settings`], and its
//! highest allowed value is here.
//! # Holds
//! Every growing structure of the estimator has its bound in this file.
//! # Does not hold
//! Defaults of the declared part: they are in `rules/packs/eta/default.yaml`.

/// Lanes (nodes of the tree, all levels, classes and bases) that one estimator keeps.
/// At 256 bytes a lane plus 16 bytes of index this is 544 MiB at the very most.
pub const LANES_MAX: usize = 2_097_152;

/// Drift multipliers (carrier x destination region x class) that one estimator keeps.
pub const DRIFTS_MAX: usize = 262_144;

/// Score boards (carrier x service x class) that one estimator keeps.
pub const BOARDS_MAX: usize = 262_144;

/// Symbol names kept for people to read; beyond it lanes are shown by number.
pub const NAMES_MAX: usize = 1_048_576;

/// Levels in one lane tree, the root included.
pub const LEVELS_MAX: usize = 10;

/// Rows of one transit table.
pub const TRANSIT_ROWS_MAX: usize = 1_000_000;

/// Days with hours of their own in one calendar: each one of 54 years.
pub const HOLIDAYS_MAX: usize = 20_000;

/// Longest YAML file of the declared part, bytes.
pub const DECLARED_BYTES_MAX: usize = 1_048_576;

/// Longest remaining time that counts as an outcome, seconds: three years. Anything longer is a clock
/// fault or a forgotten record.
pub const OUTCOME_SECONDS_MAX: i64 = 3 * 366 * 86_400;

/// Instants are taken between these two, unix seconds: 1990-01-01 and 2090-01-01.
pub const INSTANT_MIN: i64 = 631_152_000;
/// See [`INSTANT_MIN`].
pub const INSTANT_MAX: i64 = 3_786_912_000;
