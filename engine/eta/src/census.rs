//! The census of parcels in flight, for the hazard form.
//!
//! # Place
//! Held by [`crate::estimator`], replaced as a whole at marks.
//! # Method
//! Per lane a count of undelivered parcels by age bin. The product-limit estimate then knows that a lane with
//! many old parcels still out is slower than its delivered ones say: delivered-only data lags a jam by
//! weeks, because fast parcels report first.
//! # Holds
//! The newest census only; it is not decayed, since it is of now.
//! # Does not hold
//! Who is in flight: the caller counts its shipment records.

use std::collections::BTreeMap;

use crate::bins::BINS;
use crate::histogram::Weight;
use crate::tree::Node;

/// Parcels in flight per lane and age bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// By lane identity: (bin, count), ascending by bin.
    pub(crate) lanes: BTreeMap<u64, Vec<(u8, u32)>>,
}

/// For the nodes of one query: undelivered parcels in units of each node, by age bin.
pub(crate) type Flight = Vec<[f32; BINS]>;

impl Census {
    /// Counts one parcel.
    pub(crate) fn count(&mut self, id: u64, bin: usize) {
        assert!(bin < BINS);
        let bins = self.lanes.entry(id).or_default();
        match bins.binary_search_by_key(&(bin as u8), |entry| entry.0) {
            Ok(at) => bins[at].1 = bins[at].1.saturating_add(1),
            Err(at) => bins.insert(at, (bin as u8, 1)),
        }
    }

    /// The parcels of the nodes' lanes, in the units of each node; nothing when none is in flight.
    pub(crate) fn flight(&self, nodes: &[Option<&Node>], weight: Weight) -> Option<Flight> {
        if self.lanes.is_empty() {
            return None;
        }
        let of_node = |node: &Option<&Node>| {
            let mut out = [0.0; BINS];
            if let Some(node) = node {
                let unit = node.histogram.units(weight);
                for (bin, count) in self.lanes.get(&node.id).into_iter().flatten() {
                    out[usize::from(*bin)] = *count as f32 * unit;
                }
            }
            out
        };
        Some(nodes.iter().map(of_node).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parcels_of_one_age_are_counted_together() {
        let mut census = Census::default();
        for bin in [5, 3, 5, 95] {
            census.count(7, bin);
        }
        assert_eq!(census.lanes[&7], [(3, 1), (5, 2), (95, 1)]);
    }
}
