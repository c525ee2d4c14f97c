//! Carriers' estimates, for the shipments that have one.
//!
//! # Place
//!
//! A shipment names its estimate by number. Many carriers give none, and two times are half as large as a
//! shipment.
//!
//! # Holds
//!
//! - A number that was given back is the next one's.

use crossdock_model::record::Seconds;
use crossdock_model::time::EventTime;

use crate::rows::Rows;

/// Which estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EstimateId(u32);

impl EstimateId {
    /// No estimate was ever given.
    pub const NONE: Self = Self(0);
}

/// What a carrier said of the arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The estimate.
    pub eta: EventTime,
    /// The estimate before that.
    pub replaced: EventTime,
    /// How new the document was that gave it.
    pub observed: Seconds,
}

/// The estimates of one shard.
#[derive(Debug, Default)]
pub struct Estimates {
    rows: Rows<Estimate>,
    free: Vec<u32>,
}

impl Estimates {
    /// The estimate of a number; of none, one that says nothing.
    #[must_use]
    pub fn get(&self, id: EstimateId) -> Estimate {
        id.0.checked_sub(1).map_or_else(Estimate::default, |index| self.rows[index as usize])
    }

    /// Replaces what a number stands for; gives it one where it has none.
    pub fn set(&mut self, id: &mut EstimateId, estimate: Estimate) {
        if *id == EstimateId::NONE {
            if estimate == Estimate::default() {
                return;
            }
            *id = EstimateId(self.free.pop().unwrap_or_else(|| {
                self.rows.push(Estimate::default());
                u32::try_from(self.rows.len()).expect("memory ends before numbers do")
            }));
        }
        self.rows[id.0 as usize - 1] = estimate;
    }

    /// Gives a number back.
    pub fn release(&mut self, id: EstimateId) {
        if id != EstimateId::NONE {
            self.free.push(id.0);
        }
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.rows.memory_size() + 4 * self.free.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_where_something_is_said_and_used_again() {
        let mut estimates = Estimates::default();
        let said = |at: u32| Estimate { observed: Seconds(at), ..Estimate::default() };
        let (mut first, mut second) = (EstimateId::NONE, EstimateId::NONE);
        estimates.set(&mut first, Estimate::default());
        assert_eq!(first, EstimateId::NONE);
        estimates.set(&mut first, said(1));
        estimates.set(&mut second, said(2));
        assert_eq!((estimates.get(first), estimates.get(second)), (said(1), said(2)));
        assert_eq!(estimates.get(EstimateId::NONE), Estimate::default());
        estimates.release(first);
        let mut third = EstimateId::NONE;
        estimates.set(&mut third, said(3));
        assert_eq!((third, estimates.get(second)), (first, said(2)));
    }
}
