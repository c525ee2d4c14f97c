//! Finds what a feed wants in a tape.
//!
//! # Place
//!
//! `format` (tape) -> **`extract`** -> `standardize`. Knows compiled feeds and tapes; knows nothing
//! of what the texts mean.
//!
//! # Method
//!
//! One pass over the entries of an object fills the slots of a level: each key, as a word, is looked
//! up among the keys that the feed wants (`keys`). Expressions are evaluated from slots when somebody asks.
//!
//! # Holds
//!
//! - Absence is the only answer beside a text. Nothing here fails.
//! - Of two entries with one key the last counts, as every JSON reader has it.

pub mod evaluate;
pub mod keys;
pub mod known;

use crossdock_format::{Node, TapeView};
use crossdock_rules::feed::program::{Filter, Slot};

use keys::{KeyEdge, KeyNode, LevelKeys};

/// No value was found for a slot.
const ABSENT: u32 = u32::MAX;

/// Tape indexes of what the feed's levels captured.
#[derive(Debug)]
pub struct Slots {
    /// One for each number that a slot may have, so that no access needs a check.
    indexes: [u32; 256],
    /// A bit for each slot that is filled.
    filled: u128,
}

impl Default for Slots {
    fn default() -> Self {
        Self { indexes: [ABSENT; 256], filled: 0 }
    }
}

impl Slots {
    /// True where one of the slots of a set is filled.
    #[inline]
    #[must_use]
    pub const fn has_any(&self, wanted: u128) -> bool {
        self.filled & wanted != 0
    }

    /// Those of a set of slots that are filled.
    #[inline]
    #[must_use]
    pub const fn filled_of(&self, wanted: u128) -> u128 {
        self.filled & wanted
    }

    /// Puts a tape index into a slot.
    #[inline]
    pub(crate) fn fill(&mut self, slot: Slot, index: u32) {
        self.indexes[usize::from(slot.0)] = index;
        self.filled |= u128::from(index != ABSENT) << slot.0;
    }

    #[inline]
    fn copy(&mut self, source: Slot, target: Slot) {
        self.fill(target, self.indexes[usize::from(source.0)]);
    }

    /// Empties the slots of a level; `mask` has their bits.
    #[inline]
    fn clear(&mut self, slots: &core::ops::Range<u8>, mask: u128) {
        self.indexes[usize::from(slots.start)..usize::from(slots.end)].fill(ABSENT);
        self.filled &= !mask;
    }

    /// The tape index in a slot.
    #[inline]
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<usize> {
        let index = self.indexes[usize::from(slot.0)];
        (index != ABSENT).then_some(index as usize)
    }
}

/// Fills the slots of one level from its node, and appends the nodes of the next level to
/// `children`.
pub fn fill(
    tape: TapeView<'_>,
    node: usize,
    level: &LevelKeys,
    slots: &mut Slots,
    children: &mut Vec<u32>,
) {
    slots.clear(&level.slots, level.mask);
    for own in &level.own {
        slots.fill(*own, node as u32);
    }
    let found_before = children.len();
    if let Some(keys) = level.node(0) {
        walk(&Walk { tape, level }, node, keys, slots, children);
    }
    for (source, target) in &level.copies {
        slots.copy(*source, *target);
    }
    // `.` beside other ways is what remains where none of them leads anywhere: an envelope that
    // some senders leave out.
    if level.descend_here && children.len() == found_before {
        descend_into(tape, node, None, children);
    }
}

/// What stays the same during a walk.
struct Walk<'a> {
    tape: TapeView<'a>,
    level: &'a LevelKeys,
}

fn walk(
    walk_of: &Walk<'_>,
    node: usize,
    keys: &KeyNode,
    slots: &mut Slots,
    children: &mut Vec<u32>,
) {
    let nodes = walk_of.tape.nodes;
    let Some(&Node::Object { len, .. }) = nodes.get(node) else { return };
    let mut at = node + 1;
    for _ in 0..len {
        let (Some(Node::String(key)), Some(value)) = (nodes.get(at), nodes.get(at + 1)) else {
            return;
        };
        let value_at = at + 1;
        at = match value {
            Node::Object { count, .. } | Node::Array { count, .. } => value_at + 1 + count,
            Node::String(_) | Node::Static(_) => value_at + 1,
        };
        if let Some(edge) = keys.find(key) {
            found(walk_of, edge, value_at, slots, children);
        }
    }
}

/// What a wanted key asks for.
fn found(
    walk_of: &Walk<'_>,
    edge: &KeyEdge,
    value_at: usize,
    slots: &mut Slots,
    children: &mut Vec<u32>,
) {
    if let Some(slot) = edge.slot {
        slots.fill(slot, value_at as u32);
    }
    if let Some(descend) = &edge.descend {
        descend_into(walk_of.tape, value_at, descend.filter.as_ref(), children);
    }
    if let Some(below) = edge.below.and_then(|below| walk_of.level.node(below)) {
        let first = walk_of.tape.elements(value_at).next().unwrap_or(value_at);
        walk(walk_of, first, below, slots, children);
    }
}

/// The nodes of the next level: the elements of an array, or the value itself.
fn descend_into(
    tape: TapeView<'_>,
    value: usize,
    filter: Option<&Filter>,
    children: &mut Vec<u32>,
) {
    for element in tape.elements(value) {
        let is_wanted = !tape.is_null(element) && filter.is_none_or(|it| holds(tape, element, it));
        if is_wanted {
            children.push(element as u32);
        }
    }
}

/// True where the filter holds for an element.
#[must_use]
pub fn holds(tape: TapeView<'_>, element: usize, filter: &Filter) -> bool {
    let mut at = element;
    for key in &filter.path {
        let first = tape.elements(at).next().unwrap_or(at);
        match tape.get(first, key) {
            Some(next) => at = next,
            None => return false,
        }
    }
    if filter.any_of.is_empty() {
        return !tape.is_null(at);
    }
    let mut number = crossdock_format::NumberText::new();
    tape.scalar(at, &mut number).is_some_and(|text| filter.any_of.iter().any(|any| **any == *text))
}
