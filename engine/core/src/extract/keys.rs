//! The tries of a feed, laid out for the walk.
//!
//! # Method
//!
//! A key becomes a word: its first and last eight bytes and its length, which for a key of up to 16
//! bytes is all of it; only a longer key is compared in full. A node finds a word through a small
//! table with open addressing, at most a quarter full, so that a key that nobody wants mostly costs
//! one look.
//!
//! Where a level's only way on is the same node (`at: .`), the next level's keys are found in the
//! same pass: its trie is laid into this one's. A key that both want fills one slot and is copied
//! to the other.

use core::ops::Range;

use crossdock_rules::feed::program::{
    Carrier, Descend, Edge, Expr, Feed, Level, Slot, TimePolicy, TrieNode,
};

/// The levels of one feed.
#[derive(Clone, Debug, Default)]
pub struct FeedKeys {
    levels: Vec<LevelKeys>,
    /// Every key that any object of the feed wants, sorted; its number is its place here plus one.
    wanted: Vec<Box<str>>,
    /// Slots that a lane looks into, as bits; the others tell feeds apart or are for other readers.
    read: u128,
    /// Slots that decide what an event says beside its time; none where they can't be told from those of times and ids.
    phrase: Option<u128>,
}

/// The slots that an event's phrase depends on; see [`FeedKeys::phrase_slots`].
fn slots_of_phrase(feed: &Feed) -> Option<u128> {
    let event = &feed.event;
    let all = |slots: u128, expr: &Expr| slots | expr.slots();
    let single = [&event.text, &event.physical, &event.exception, &event.reason];
    let codes = event.codes.iter().map(|(_, expr)| expr);
    let wanted = codes.chain(single).chain(event.place.exprs()).fold(0, all);
    let own = feed.levels.iter().filter_map(|level| level.own);
    let own = own.fold(0, |slots, slot| slots | 1_u128 << slot.0);
    let of_one_event = event.time.exprs().chain([&event.id]).fold(own, all);
    (wanted & of_one_event == 0).then_some(wanted)
}

/// The slots of the expressions that a lane evaluates on a document that it reads by its shape: all but those that tell an
/// answer without shipments, which goes by its tape. They may look at the whole document, which would have to be kept.
fn slots_read(feed: &Feed) -> u128 {
    let (shipment, event) = (&feed.shipment, &feed.event);
    let carrier = match &feed.carrier {
        Carrier::Field { from, .. } => from.slots(),
        Carrier::Constant(_) => 0,
    };
    let codes = event.codes.iter().map(|(_, expr)| expr);
    let single = [
        &shipment.number,
        &shipment.unique,
        &shipment.order,
        &shipment.is_return,
        &shipment.service,
        &event.text,
        &event.physical,
        &event.signed_by,
        &event.id,
        &event.skip_if,
        &event.exception,
        &event.reason,
    ];
    let eta = shipment.eta.iter().flat_map(TimePolicy::exprs).chain(shipment.destination.exprs());
    codes
        .chain(single)
        .chain(&shipment.aliases)
        .chain(eta)
        .chain(event.time.exprs())
        .chain(event.place.exprs())
        .chain(event.point.exprs())
        .chain(shipment.waybill.exprs())
        .fold(carrier, |slots, expr| slots | expr.slots())
}

/// One level.
#[derive(Clone, Debug, Default)]
pub struct LevelKeys {
    nodes: Vec<KeyNode>,
    /// Slots that hold the index of the level's own node.
    pub own: Vec<Slot>,
    /// Slots that this level fills.
    pub slots: Range<u8>,
    /// The same as bits.
    pub mask: u128,
    /// `copies[i].1` holds what `copies[i].0` holds.
    pub copies: Vec<(Slot, Slot)>,
    /// The next level's node may be this level's own node.
    pub descend_here: bool,
}

/// The wanted keys of one object.
#[derive(Clone, Debug, Default)]
pub struct KeyNode {
    /// The words of the keys, in the order in which documents usually hold them.
    pub words: Vec<Word>,
    /// What to do with each.
    pub edges: Vec<KeyEdge>,
    /// Indexes of edges by the hash of their word; `EMPTY` elsewhere. A power of two of slots.
    table: Vec<u16>,
    /// What to do with a key, by its number.
    by_id: Vec<Known>,
}

/// What an object wants of a key that has a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    #[default]
    Unwanted,
    /// Its value fills a slot, and that is all.
    Slot(Slot),
    /// What the edge of this index says.
    Edge(u16),
}

/// No edge has this slot of a table.
const EMPTY: u16 = u16::MAX;

/// What to do with a wanted key.
#[derive(Clone, Debug, Default)]
pub struct KeyEdge {
    /// The key, to compare where its word does not hold all of it.
    pub key: Box<str>,
    /// Capture the value.
    pub slot: Option<Slot>,
    /// Go on below the value.
    pub below: Option<u16>,
    /// The value holds nodes of the next level.
    pub descend: Option<Descend>,
}

/// First bytes, last bytes and length of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    first: u64,
    last: u64,
    len: u32,
}

/// Keys up to this length are told apart by their word alone.
const WORD_LEN_MAX: u32 = 16;

impl FeedKeys {
    /// The layout of a compiled feed.
    #[must_use]
    pub fn new(feed: &Feed) -> Self {
        let mut levels: Vec<LevelKeys> = feed.levels.iter().map(LevelKeys::new).collect();
        for index in (1..levels.len()).rev() {
            let (above, below) = levels.split_at_mut(index);
            let upper = &mut above[index - 1];
            if upper.descend_here && !upper.descends() {
                upper.take_in(&mut below[0]);
            }
        }
        let nodes = || levels.iter().flat_map(|level| &level.nodes);
        let mut wanted: Vec<Box<str>> =
            nodes().flat_map(|node| &node.edges).map(|edge| edge.key.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for level in &mut levels {
            level.mask = level.slots.clone().fold(0, |mask, slot| mask | 1_u128 << slot);
            level.nodes.iter_mut().for_each(|node| node.lay_out(&wanted));
        }
        Self { levels, wanted, read: slots_read(feed), phrase: slots_of_phrase(feed) }
    }

    /// The number under which [`KeyNode::by_id`] finds a key; 0 where no object of the feed wants it.
    #[must_use]
    pub fn id(&self, key: &str) -> u16 {
        self.wanted.binary_search_by(|wanted| (**wanted).cmp(key)).map_or(0, |at| at as u16 + 1)
    }

    /// The slots that decide what an event says beside its time; none where some of them also hold times or ids, or whole
    /// nodes, and so hardly any two events are alike in them.
    #[must_use]
    pub fn phrase_slots(&self) -> Option<u128> {
        self.phrase
    }

    /// How many levels there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.levels.len()
    }

    /// True where a lane asks for a level's node as a whole.
    #[must_use]
    pub fn wants_nodes(&self) -> bool {
        self.levels.iter().flat_map(|level| &level.own).any(|slot| self.is_read(*slot))
    }

    /// True where a lane looks into a slot.
    #[must_use]
    pub fn is_read(&self, slot: Slot) -> bool {
        let copies = self.levels.iter().flat_map(|level| &level.copies);
        let copied = copies.filter(|(source, _)| *source == slot).map(|(_, target)| *target);
        copied.chain([slot]).any(|slot| self.read & (1 << slot.0) != 0)
    }

    /// A level.
    #[must_use]
    pub fn level(&self, index: usize) -> &LevelKeys {
        &self.levels[index]
    }
}

impl LevelKeys {
    fn new(level: &Level) -> Self {
        Self {
            nodes: level.trie.iter().map(KeyNode::new).collect(),
            own: level.own.into_iter().collect(),
            slots: level.slots.clone(),
            mask: 0,
            copies: Vec::new(),
            descend_here: level.descend_here,
        }
    }

    /// True where a key leads to the next level.
    fn descends(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.edges).any(|edge| edge.descend.is_some())
    }

    /// Fills the slots of the next level, whose node is the same, in the same pass.
    fn take_in(&mut self, next: &mut Self) {
        // A level that descends by keys collects its children when it is its turn.
        if next.descends() || self.slots.end != next.slots.start {
            return;
        }
        let nodes = core::mem::take(&mut next.nodes);
        if self.nodes.is_empty() {
            self.nodes.push(KeyNode::default());
        }
        if !nodes.is_empty() {
            self.merge(0, &nodes, 0);
        }
        self.own.append(&mut next.own);
        self.copies.append(&mut next.copies);
        self.slots.end = next.slots.end;
        next.slots.start = next.slots.end;
    }

    /// Lays node `source` of another trie into node `target` of this one.
    fn merge(&mut self, target: usize, nodes: &[KeyNode], source: usize) {
        for (word, edge) in nodes[source].words.iter().zip(&nodes[source].edges) {
            let found = self.nodes[target].edges.iter().position(|it| it.key == edge.key);
            let at = found.unwrap_or_else(|| {
                let node = &mut self.nodes[target];
                node.words.push(*word);
                node.edges.push(KeyEdge { key: edge.key.clone(), ..KeyEdge::default() });
                node.edges.len() - 1
            });
            match (self.nodes[target].edges[at].slot, edge.slot) {
                (Some(first), Some(second)) => self.copies.push((first, second)),
                (None, Some(slot)) => self.nodes[target].edges[at].slot = Some(slot),
                (_, None) => {}
            }
            if let Some(below) = edge.below {
                let own = self.nodes[target].edges[at].below.unwrap_or_else(|| {
                    self.nodes.push(KeyNode::default());
                    (self.nodes.len() - 1) as u16
                });
                self.nodes[target].edges[at].below = Some(own);
                self.merge(usize::from(own), nodes, usize::from(below));
            }
        }
    }

    /// The wanted keys of a trie node; none where the level wants none.
    #[must_use]
    pub fn node(&self, index: u16) -> Option<&KeyNode> {
        self.nodes.get(usize::from(index))
    }
}

impl KeyNode {
    fn new(node: &TrieNode) -> Self {
        Self {
            words: node.edges.iter().map(|edge| Word::of(&edge.key)).collect(),
            edges: node.edges.iter().map(KeyEdge::new).collect(),
            table: Vec::new(),
            by_id: Vec::new(),
        }
    }

    /// Makes the tables, once all edges are there.
    fn lay_out(&mut self, wanted: &[Box<str>]) {
        self.by_id = vec![Known::Unwanted; wanted.len() + 1];
        for (index, edge) in self.edges.iter().enumerate() {
            if let Ok(at) = wanted.binary_search(&edge.key) {
                self.by_id[at + 1] = match (edge.slot, edge.below, &edge.descend) {
                    (Some(slot), None, None) => Known::Slot(slot),
                    _ => Known::Edge(index as u16),
                };
            }
        }
        let size = (4 * self.words.len()).next_power_of_two().max(4);
        self.table = vec![EMPTY; size];
        for (index, word) in self.words.iter().enumerate() {
            let mut slot = word.hash() & (size - 1);
            // Ends: the table is at most a quarter full.
            while self.table[slot] != EMPTY {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = index as u16;
        }
    }

    /// What to do with a key of this number; see [`FeedKeys::id`].
    #[inline]
    #[must_use]
    pub fn by_id(&self, id: u16) -> Known {
        self.by_id.get(usize::from(id)).copied().unwrap_or_default()
    }

    /// The edge of a key.
    #[inline]
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&KeyEdge> {
        let word = Word::of(key);
        let mask = self.table.len() - 1;
        let mut slot = word.hash() & mask;
        // Ends: an empty slot is on the way, for the table is at most a quarter full.
        loop {
            let index = usize::from(self.table[slot & mask]);
            if index == usize::from(EMPTY) {
                return None;
            }
            if self.words[index] == word {
                let is_it = word.len <= WORD_LEN_MAX || *self.edges[index].key == *key;
                return is_it.then(|| &self.edges[index]);
            }
            slot += 1;
        }
    }
}

impl KeyEdge {
    fn new(edge: &Edge) -> Self {
        Self {
            key: edge.key.clone(),
            slot: edge.slot,
            below: edge.below,
            descend: edge.descend.clone(),
        }
    }
}

impl Word {
    /// A slot's number before it is cut to the table's size.
    #[inline]
    const fn hash(&self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(17) ^ (self.len as u64) << 3)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 48) as usize
    }

    /// The word of a key.
    #[inline]
    #[must_use]
    pub fn of(key: &str) -> Self {
        let bytes = key.as_bytes();
        let len = bytes.len();
        let (first, last) = if 8 <= len {
            (read8(&bytes[..8]), read8(&bytes[len - 8..]))
        } else if 4 <= len {
            (read4(&bytes[..4]), read4(&bytes[len - 4..]))
        } else if 0 < len {
            (u64::from(bytes[0]) | u64::from(bytes[len / 2]) << 8, u64::from(bytes[len - 1]))
        } else {
            (0, 0)
        };
        Self { first, last, len: len as u32 }
    }
}

fn read8(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

fn read4(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_keys_apart() {
        let keys = [
            "",
            "a",
            "ab",
            "abc",
            "cba",
            "city",
            "date",
            "time",
            "gmtDate",
            "gmtTime",
            "eventCode",
            "eventType",
            "eventCity",
            "eventState",
            "trackingNumber",
            "stateProvince",
            "stateProvinceCod",
            "countryCode",
            "country",
            "description",
        ];
        for (i, key) in keys.iter().enumerate() {
            let same: Vec<usize> =
                (0..keys.len()).filter(|&j| Word::of(keys[j]) == Word::of(key)).collect();
            assert_eq!(same, [i], "{key}");
        }
    }

    #[test]
    fn a_level_on_the_same_node_is_read_in_one_pass() {
        let set = crossdock_rules::feed::builtin();
        let feed = set.by_name("generic").expect("the generic feed is built in");
        let keys = FeedKeys::new(feed);
        let last = feed.levels.len() - 1;
        assert!(keys.level(last).nodes.is_empty(), "the event's keys moved up");
        assert_eq!(keys.level(last - 1).slots.end, feed.levels[last].slots.end);
    }
}
