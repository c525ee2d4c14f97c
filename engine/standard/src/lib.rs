//! Tracking numbers, times and places as the world writes them.
//!
//! # Place
//! Below every crate that reads events: `format` hands over bytes, this crate says what they mean, `core` keeps it.
//!
//! # Method
//! Byte slices in, small `Copy` values out. Nothing allocates after [`place::Zones::load`], nothing reads a clock or a
//! file: the tables are compiled in.
//!
//! # Holds
//! [`time`] (the shapes of time texts, offsets, RFC 3339), [`zone`] (ids of the IANA zones), [`place`] (zones of places,
//! offsets of zones), [`number`] (tracking numbers).
//!
//! # Does not hold
//! What a carrier does with a shape: that is a feed's `time:` policy.

pub mod number;
pub mod place;
pub mod time;
pub mod zone;
