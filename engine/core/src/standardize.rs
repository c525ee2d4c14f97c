//! From what a feed found to what it means.
//!
//! # Place
//!
//! `extract` (slots) -> **`standardize`** -> `Event`. One per lane.
//!
//! # Holds
//!
//! - An unknown code gives an event of detail `UNMAPPED`; it is never guessed to be in transit.
//! - No instant is made up: see `time`.

pub mod gs1;
pub mod meaning;
pub mod number;
pub mod place;
pub mod time;
