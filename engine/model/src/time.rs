//! When something happened, as far as the sender said so.
//!
//! # Holds
//!
//! - Local time, instant, precision and the source of the zone stay apart. An instant exists
//!   only where an offset was given or a zone is known; no `Z` is ever invented.
//! - No clock is read here or anywhere in the core: stream time comes in with the message.

/// Microseconds since 1970-01-01T00:00:00Z; stands for "absent" as [`Micros::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub i64);

impl Micros {
    /// No time is known.
    pub const NONE: Self = Self(i64::MIN);

    /// From whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Whole seconds, rounded down. Must not be called on [`Micros::NONE`].
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// True where a time is known.
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != i64::MIN
    }

    /// The time, where one is known.
    #[must_use]
    pub const fn get(self) -> Option<i64> {
        if self.is_some() { Some(self.0) } else { None }
    }
}

impl Default for Micros {
    fn default() -> Self {
        Self::NONE
    }
}

/// How fine the sender's time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Precision {
    /// No time was given.
    #[default]
    None = 0,
    /// A calendar day.
    Date = 1,
    /// Hour and minute.
    Minute = 2,
    /// Seconds, or finer.
    Second = 3,
}

impl Precision {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Date => "date",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }
}

/// Where the offset between local time and instant comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ZoneSource {
    /// No zone is known: there is a local time and no instant.
    #[default]
    Unknown = 0,
    /// The feed's declared default zone.
    FeedDefault = 1,
    /// Resolved from the country alone.
    Country = 2,
    /// Resolved from the region (state, province).
    Region = 3,
    /// Resolved from the city.
    City = 4,
    /// Resolved from the postal code.
    PostalCode = 5,
    /// Resolved from the facility's code.
    Facility = 6,
    /// The sender gave UTC.
    GivenUtc = 7,
    /// The sender gave an offset.
    GivenOffset = 8,
}

impl ZoneSource {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::FeedDefault => "feed_default",
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::PostalCode => "postal_code",
            Self::Facility => "facility",
            Self::GivenUtc => "given_utc",
            Self::GivenOffset => "given_offset",
        }
    }
}

/// The time of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventTime {
    /// The instant, where an offset or zone is known.
    pub instant: Micros,
    /// The wall clock where it happened, as microseconds since 1970-01-01 read as if UTC.
    pub local: Micros,
    /// How fine `local` is.
    pub precision: Precision,
    /// Where the offset comes from.
    pub zone_source: ZoneSource,
}

impl EventTime {
    /// Minutes that local time is ahead of UTC, where both are known.
    #[must_use]
    pub fn offset_minutes(&self) -> Option<i32> {
        match (self.instant.get(), self.local.get()) {
            (Some(instant), Some(local)) => {
                i32::try_from((local - instant).div_euclid(60_000_000)).ok()
            }
            _ => None,
        }
    }
}
