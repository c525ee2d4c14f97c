//! What goes wrong between a carrier and us: documents that come again and documents that break.
//!
//! # Place
//!
//! [`Documents`](crate::plan::Documents) asks at every slot. Lateness and overtaking are part of
//! the [story](crate::story), because they belong to events rather than to documents.
//!
//! # Holds
//!
//! - A broken document yields exactly one dead letter and no event.

use crate::feed::Feed;
use crate::parameters::Parameters;
use crate::random::{Dice, Purpose, hash, mix};

/// What else arrives at a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extras {
    /// The document of so many slots before comes again.
    pub(crate) again_after: Option<u64>,
    /// The last document of this hot lane comes again.
    pub(crate) hot: Option<u64>,
    /// The slot's own document comes once more, broken.
    pub(crate) is_broken: bool,
}

impl Extras {
    pub(crate) fn draw(parameters: &Parameters, slot: u64, duplicate_slots: u64) -> Self {
        let mut dice = Dice::of(parameters.seed, Purpose::Slot, slot);
        // Slots, not documents, are drawn; an empty slot has nothing to repeat, so that the share
        // among documents is the same.
        let again = dice.chance(parameters.duplicate_ppm);
        Self {
            again_after: again.then(|| dice.between(1, duplicate_slots)),
            hot: dice.chance(parameters.hot_ppm).then(|| dice.below(parameters.hot_shipments)),
            is_broken: dice.chance(parameters.bad_ppm),
        }
    }
}

/// How a document breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breakage {
    /// It ends in the middle.
    Truncated,
    /// It is a proxy's error page.
    ErrorPage,
    /// A text holds half a surrogate pair.
    HalfSurrogate,
    /// The tracking number is not there.
    NoNumber,
    /// The time is in month 13.
    BadTime,
}

impl Breakage {
    /// Every breakage.
    pub const ALL: [Self; 5] =
        [Self::Truncated, Self::ErrorPage, Self::HalfSurrogate, Self::NoNumber, Self::BadTime];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::ErrorPage => "error_page",
            Self::HalfSurrogate => "half_surrogate",
            Self::NoNumber => "no_number",
            Self::BadTime => "bad_time",
        }
    }

    /// A breakage that a document of this feed and these events can have and that costs exactly one
    /// dead letter: a list of events without a number or time would cost one each.
    pub(crate) fn draw(parameters: &Parameters, slot: u64, feed: Feed, events: u64) -> Self {
        let noise = mix(hash(parameters.seed, Purpose::Slot, slot));
        let count = if feed.is_text() {
            return Self::ErrorPage;
        } else if events.count_ones() == 1 && !feed.lists_events() {
            5
        } else {
            3
        };
        Self::ALL[(noise % count) as usize]
    }

    /// Breaks what a whole document's bytes can be broken by; what the writer leaves out or writes
    /// wrongly (number, time) is done there.
    pub(crate) fn apply(self, slot: u64, buffer: &mut Vec<u8>) {
        match self {
            // At least one byte stays and the closing bracket goes.
            Self::Truncated => {
                buffer.truncate(1 + (mix(slot) % (buffer.len() as u64 - 1)) as usize)
            }
            Self::ErrorPage => {
                buffer.clear();
                buffer
                    .extend_from_slice(b"<html><head><title>502 Bad Gateway</title></head></html>");
            }
            Self::HalfSurrogate => {
                let end = buffer.len() - 1;
                buffer.truncate(end);
                buffer.extend_from_slice(b",\"note\":\"\\ud83d\"}");
            }
            Self::NoNumber | Self::BadTime => {}
        }
    }
}
