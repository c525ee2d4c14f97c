//! All lanes of one estimator: an arena of nodes and an index over it.
//!
//! # Place
//! Held by [`crate::estimator::Estimator`]; written at marks only, read by everybody in between.
//! # Method
//! Nodes of exactly 256 bytes (four cache lines) in chunks, so that growth never copies nor doubles them.
//! The index is open addressing with linear probing over (32 bits of the identity, slot), at most five
//! eighths full; slots are given in order of first use.
//! # Holds
//! 500,000 lanes take at most 132 MiB, index included. The contents, not the slots, are what exports and
//! hashes see.
//! # Does not hold
//! When a lane is dropped: [`Tree::sweep`] does it, the caller says when.

use crate::histogram::{Histogram, Weight};
use crate::lane::LaneKey;
use crate::limits::LANES_MAX;

/// Nodes per chunk: 256 KiB.
const CHUNK: usize = 1_024;
/// An index entry that nobody has.
const FREE: u64 = 0;

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Node {
    pub(crate) histogram: Histogram,
    pub(crate) key: LaneKey,
    pub(crate) id: u64,
}

const _: () = assert!(size_of::<Node>() == 256);

/// The lanes.
#[derive(Clone, Debug)]
pub struct Tree {
    chunks: Vec<Vec<Node>>,
    count: usize,
    count_max: usize,
    /// `tag << 32 | slot + 1`, or [`FREE`].
    index: Vec<u64>,
    refused_count: u64,
}

impl Tree {
    /// An empty tree that keeps at most this many lanes (1..=[`LANES_MAX`]).
    pub fn new(count_max: usize) -> Tree {
        assert!(0 < count_max);
        assert!(count_max <= LANES_MAX);
        Tree { chunks: Vec::new(), count: 0, count_max, index: vec![FREE; 64], refused_count: 0 }
    }

    /// Number of lanes.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no lane.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Samples that found no room for their lane.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    /// Puts the count of refused samples back, as a snapshot has it.
    pub(crate) fn set_refused_count(&mut self, count: u64) {
        self.refused_count = count;
    }

    /// Bytes of nodes and index.
    pub fn size(&self) -> usize {
        let nodes: usize =
            self.chunks.iter().map(|chunk| chunk.capacity() * size_of::<Node>()).sum();
        nodes
            + self.index.capacity() * size_of::<u64>()
            + self.chunks.capacity() * size_of::<Vec<Node>>()
    }

    /// The lane with this identity.
    #[inline]
    pub fn node(&self, id: u64) -> Option<&Node> {
        let slot = self.slot(id)?;
        Some(&self.chunks[slot / CHUNK][slot % CHUNK])
    }

    /// All lanes, in order of first use.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.chunks.iter().flatten()
    }

    /// Adds a sample to the lane, making it where there is room.
    #[inline]
    pub fn add(&mut self, key: &LaneKey, bin: usize, weight: Weight) {
        self.add_identified(key, key.id(), bin, weight);
    }

    /// Adds a sample to each lane. Identities are computed before the first probe, so that the probes'
    /// cache misses overlap.
    #[inline]
    pub fn add_levels(&mut self, keys: &[LaneKey], bin: usize, weight: Weight) {
        let mut ids = [0; crate::limits::LEVELS_MAX];
        assert!(keys.len() <= ids.len());
        for (id, key) in ids.iter_mut().zip(keys) {
            *id = key.id();
        }
        for (id, key) in ids.iter().zip(keys) {
            self.add_identified(key, *id, bin, weight);
        }
    }

    #[inline]
    fn add_identified(&mut self, key: &LaneKey, id: u64, bin: usize, weight: Weight) {
        if let Some(slot) = self.slot(id) {
            self.chunks[slot / CHUNK][slot % CHUNK].histogram.add(bin, weight);
        } else if self.count < self.count_max {
            let mut histogram = Histogram::new(weight);
            histogram.add(bin, weight);
            self.insert(Node { histogram, key: *key, id });
        } else {
            self.refused_count += 1;
        }
    }

    /// Puts a node that is not there yet; says whether there was room and it was not there.
    pub(crate) fn restore(&mut self, node: Node) -> bool {
        let fits = self.count < self.count_max && self.slot(node.id).is_none();
        if fits {
            self.insert(node);
        }
        fits
    }

    /// Drops every lane whose effective count fell below the least, and packs the rest. Gives the
    /// number dropped.
    pub fn sweep(&mut self, weight: Weight, effective_min: f32) -> usize {
        let before = self.count;
        let chunks = std::mem::take(&mut self.chunks);
        self.count = 0;
        self.index.fill(FREE);
        for node in chunks.into_iter().flatten() {
            if effective_min <= node.histogram.effective(weight) {
                self.insert(node);
            }
        }
        before - self.count
    }

    fn insert(&mut self, node: Node) {
        if self.index.len() * 5 / 8 <= self.count {
            self.grow();
        }
        let slot = self.count;
        if slot.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        place(&mut self.index, node.id, slot);
        self.chunks[slot / CHUNK].push(node);
        self.count += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let mut index = vec![FREE; self.index.len() * 2];
        for (slot, node) in self.chunks.iter().flatten().enumerate() {
            place(&mut index, node.id, slot);
        }
        self.index = index;
    }

    #[inline]
    fn slot(&self, id: u64) -> Option<usize> {
        let mask = self.index.len() - 1;
        let mut at = id as usize & mask;
        // Ends: three eighths of the entries are free.
        loop {
            let entry = self.index[at];
            if entry == FREE {
                return None;
            }
            if entry >> 32 == id >> 32 {
                let slot = (entry & 0xFFFF_FFFF) as usize - 1;
                if self.chunks[slot / CHUNK][slot % CHUNK].id == id {
                    return Some(slot);
                }
            }
            at = (at + 1) & mask;
        }
    }
}

fn place(index: &mut [u64], id: u64, slot: usize) {
    assert!(slot < LANES_MAX);
    let mask = index.len() - 1;
    let mut at = id as usize & mask;
    // Ends: the caller keeps three eighths free.
    while index[at] != FREE {
        at = (at + 1) & mask;
    }
    index[at] = (id >> 32 << 32) | (slot as u64 + 1);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::lane::{Basis, Lane, Level, MilestoneClass};
    use crate::symbol::Symbol;

    fn key(carrier: u64) -> LaneKey {
        let lane = Lane { carrier: Symbol(carrier + 1), ..Lane::default() };
        LaneKey::of(Level::Carrier, MilestoneClass::Label, Basis::Learned, &lane).expect("known")
    }

    #[test]
    fn a_full_tree_refuses_new_lanes_and_keeps_the_old() {
        let weight = Weight::at(0, 86_400);
        let mut tree = Tree::new(3);
        for carrier in [1, 2, 3, 4, 1, 5] {
            tree.add(&key(carrier), 0, weight);
        }
        assert_eq!((tree.len(), tree.refused_count()), (3, 2));
        let node = tree.node(key(1).id()).expect("kept");
        assert_eq!(node.histogram.samples, 2);
        assert!(tree.node(key(4).id()).is_none());
    }

    #[test]
    fn a_sweep_drops_what_faded() {
        let day = |day: i64| Weight::at(day * 86_400, 86_400);
        let mut tree = Tree::new(5_000);
        for carrier in 0..3_000 {
            tree.add(&key(carrier), 1, day(if carrier % 3 == 0 { 20 } else { 0 }));
        }
        assert_eq!(tree.sweep(day(20), 0.05), 2_000);
        assert_eq!(tree.len(), 1_000);
        assert!(tree.node(key(3).id()).is_some());
        assert!(tree.node(key(4).id()).is_none());
    }

    #[test]
    fn half_a_million_lanes_fit_their_bound() {
        let weight = Weight::at(0, 86_400);
        let mut tree = Tree::new(500_000);
        for carrier in 0..500_000 {
            tree.add(&key(carrier), 1, weight);
        }
        assert!(tree.size() <= 160 << 20, "{} bytes", tree.size());
    }

    proptest! {
        #[test]
        fn counts_like_a_map(carriers in prop::collection::vec(0_u64..300, 0..2_000)) {
            let weight = Weight::at(0, 86_400);
            let mut tree = Tree::new(1_000);
            let mut model: BTreeMap<u64, u32> = BTreeMap::new();
            for carrier in carriers {
                tree.add(&key(carrier), 7, weight);
                *model.entry(carrier).or_default() += 1;
            }
            prop_assert_eq!(tree.len(), model.len());
            for (carrier, count) in model {
                let node = tree.node(key(carrier).id()).expect("added");
                prop_assert_eq!(node.histogram.samples, count);
            }
        }
    }
}
