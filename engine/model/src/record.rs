//! What is known of one shipment after all its events: the result of the fold, fixed size.
//!
//! # Holds
//!
//! - A [`Record`] is a pure function of the set of the shipment's events, in whatever order they
//!   arrived and however often.

use crate::detail::Detail;
use crate::event::Possession;
use crate::exception::ExceptionSet;
use crate::milestone::{Direction, Milestone, MilestoneSet};
use crate::reason::Reason;
use crate::time::Micros;

/// Whole seconds since 1970 in 32 bits (until 2106); 0 stands for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u32);

impl Seconds {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// From microseconds; times outside 1970..2106 are clamped, "none" becomes "never".
    #[must_use]
    pub fn from_micros(time: Micros) -> Self {
        match time.get() {
            None => Self::NEVER,
            Some(micros) => Self(micros.div_euclid(1_000_000).clamp(1, i64::from(u32::MAX)) as u32),
        }
    }

    /// As microseconds; "never" becomes "none".
    #[must_use]
    pub const fn micros(self) -> Micros {
        if self.0 == 0 { Micros::NONE } else { Micros(self.0 as i64 * 1_000_000) }
    }

    /// True where a time is known.
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// The state of one shipment in its present epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Record {
    /// Where it is.
    pub milestone: Milestone,
    /// Where it was before that.
    pub previous: Milestone,
    /// The lane it is on.
    pub direction: Direction,
    /// Who holds it.
    pub possession: Possession,
    /// The last detail that was news.
    pub detail: Option<Detail>,
    /// Why the last exception was opened.
    pub reason: Reason,
    /// Delivery attempts that failed, two rows of one attempt counted once.
    pub attempts: u8,
    /// How often a delivery was taken back.
    pub corrections: u8,
    /// Possession is inferred from a later scan, no acceptance was seen.
    pub possession_inferred: bool,
    /// A proof of delivery exists.
    pub has_proof: bool,
    /// How often this number has been used, from 1; 0 before the first event.
    pub epoch: u16,
    /// Events of this epoch, without repeats.
    pub event_count: u16,
    /// Milestones reached in this epoch.
    pub seen: MilestoneSet,
    /// Exceptions that are open.
    pub open: ExceptionSet,
    /// Time of the first event.
    pub first_at: Seconds,
    /// Time of the newest trusted event.
    pub last_at: Seconds,
    /// Time of the newest trusted event that carries a milestone: where an epoch may end.
    pub border_at: Seconds,
    /// Time of the newest physical scan.
    pub physical_at: Seconds,
    /// Time at which `milestone` was reached.
    pub milestone_at: Seconds,
    /// Time of the earliest physical scan.
    pub possession_at: Seconds,
    /// Time of the delivery that stands.
    pub delivered_at: Seconds,
    /// Time of the last failed attempt.
    pub attempted_at: Seconds,
    /// Exceptions opened in this epoch, all classes together.
    pub exception_count: u16,
    /// Milestones entered in this epoch, repeats counted.
    pub step_count: u16,
}

const _: () = assert!(size_of::<Record>() == 60, "a record is less than one cache line");
