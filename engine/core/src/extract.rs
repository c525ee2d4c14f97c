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

use crossdock_format::{Node, TapeView};
use crossdock_rules::feed::program::{Filter, SLOTS_MAX};

use keys::{KeyNode, LevelKeys};

/// No value was found for a slot.
const ABSENT: u32 = u32::MAX;

/// Tape indexes of what the feed's levels captured.
#[derive(Debug)]
pub struct Slots {
    indexes: [u32; SLOTS_MAX],
}

impl Default for Slots {
    fn default() -> Self {
        Self { indexes: [ABSENT; SLOTS_MAX] }
    }
}

impl Slots {
    /// The tape index in a slot.
    #[must_use]
    pub fn get(&self, slot: crossdock_rules::feed::program::Slot) -> Option<usize> {
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
    let range = usize::from(level.slots.start)..usize::from(level.slots.end);
    slots.indexes[range].fill(ABSENT);
    for own in &level.own {
        slots.indexes[usize::from(own.0)] = node as u32;
    }
    let found_before = children.len();
    if let Some(keys) = level.node(0) {
        walk(&Walk { tape, level }, node, keys, slots, children);
    }
    for (source, target) in &level.copies {
        slots.indexes[usize::from(target.0)] = slots.indexes[usize::from(source.0)];
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
        let Some(found) = keys.find(key) else { continue };
        let edge = &keys.edges[found];
        if let Some(slot) = edge.slot {
            slots.indexes[usize::from(slot.0)] = value_at as u32;
        }
        if let Some(descend) = &edge.descend {
            descend_into(walk_of.tape, value_at, descend.filter.as_ref(), children);
        }
        if let Some(below) = edge.below.and_then(|below| walk_of.level.node(below)) {
            let first = walk_of.tape.elements(value_at).next().unwrap_or(value_at);
            walk(walk_of, first, below, slots, children);
        }
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
