//! Phrases: all that an event says beside when it happened, worked out once for events that say the same.
//!
//! # Place
//!
//! `reader` asks for the phrase of each event, and adds its time, its id and who signed.
//!
//! # Method
//!
//! Codes, words, place, and what follows from them depend on the values of a few slots. These are written one behind the
//! other, and what was worked out is kept under them: carriers have few codes and few places, and name them again and
//! again. A phrase that is new is worked out by expressions, code table and atlas. Where the kept ones are too many, all are
//! forgotten.
//!
//! A feed whose expressions look into the slots of its times or ids as well, or at whole nodes, has its phrases worked out
//! for every event.
//!
//! # Holds
//!
//! - A phrase is a pure function of the feed and the values. The memory changes only the speed.
//! - Bytes, not hashes, decide whether two events say the same.

use core::ops::Range;

use crossdock_format::{Node, StaticNode, TapeView};
use crossdock_model::event::Event;
use crossdock_rules::feed::program::{self, Feed};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::event::{Identity, said_by_document, template};
use crate::batch::{Batch, Words, cut};
use crate::extract::Slots;
use crate::extract::evaluate::{Evaluator, Text};
use crate::extract::keys::FeedKeys;
use crate::say::{SEPARATOR, SEPARATOR_TEXT, put_part};
use crate::standardize::meaning::Meanings;
use crate::standardize::place::{Atlas, PlaceTexts, PlaceZone};

/// Phrases kept.
const KEPT_MAX: usize = 1 << 14;

/// Bytes of all keys and words kept.
const ARENA_SIZE_MAX: usize = 8 << 20;

/// Bytes of the values of one phrase; longer ones are worked out each time.
const KEY_SIZE_MAX: usize = 1_024;

/// Parts of a place before the one who signed.
const PLACE_PARTS: usize = 5;

/// What an event says beside its time.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    hash: u64,
    key: Range<u32>,
    /// Where its words begin, and how long they are: codes, text, place.
    words: u32,
    sizes: [u32; 3],
    /// Parts that its place has.
    place_parts: usize,
    /// There is neither code nor text.
    pub(super) is_empty: bool,
    /// The event but for its times and its fingerprint.
    pub(super) event: Event,
    /// The code table says which way the parcel goes.
    pub(super) has_direction: bool,
    /// What the fingerprint is made of, but for the time.
    pub(super) identity: Identity,
    /// The zone of the place.
    pub(super) zone: PlaceZone,
}

/// The memory of one lane.
#[derive(Debug)]
pub(super) struct Phrases {
    table: HashTable<u32>,
    kept: Vec<Phrase>,
    keys: Vec<u8>,
    words: String,
    /// The values that are looked for.
    key: Box<[u8; KEY_SIZE_MAX]>,
    /// The last one is not kept: it goes when the next is worked out.
    is_last_passing: bool,
    meanings: Meanings,
}

impl Default for Phrases {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            kept: Vec::new(),
            keys: Vec::new(),
            words: String::new(),
            key: Box::new([0; KEY_SIZE_MAX]),
            is_last_passing: false,
            meanings: Meanings::default(),
        }
    }
}

impl Phrases {
    /// The phrase of the event whose slots are filled.
    pub(super) fn find<'a>(
        &mut self,
        feed: &'a Feed,
        keys: &FeedKeys,
        evaluator: &mut Evaluator<'a, '_>,
        atlas: &Atlas,
    ) -> u32 {
        let slots = evaluator.slots;
        let size = keys
            .phrase_slots()
            .and_then(|wanted| put_key(&mut self.key, feed.id.0, wanted, evaluator.tape, slots));
        let Some(size) = size else {
            self.make_room();
            return self.make(feed, evaluator, atlas, 0, 0..0);
        };
        let key = &self.key[..size];
        let hash = xxh3_64(key);
        let (kept, keys) = (&self.kept, &self.keys);
        let is_it = |index: &u32| {
            let it = &kept[*index as usize];
            it.hash == hash && keys[it.key.start as usize..it.key.end as usize] == *key
        };
        if let Some(index) = self.table.find(hash, is_it) {
            return *index;
        }
        self.make_room();
        let start = self.keys.len() as u32;
        self.keys.extend_from_slice(&self.key[..size]);
        let index = self.make(feed, evaluator, atlas, hash, start..start + size as u32);
        let kept = &self.kept;
        self.table.insert_unique(hash, index, |index| kept[*index as usize].hash);
        self.is_last_passing = false;
        index
    }

    /// A phrase that was found last.
    pub(super) fn get(&self, index: u32) -> &Phrase {
        &self.kept[index as usize]
    }

    /// Copies the words of a phrase into a batch; behind the place stands who signed there.
    pub(super) fn put_words(&self, phrase: &Phrase, signed_by: &str, batch: &mut Batch) -> Words {
        let start = phrase.words as usize;
        let [codes, text, place] = phrase.sizes;
        let words = &self.words[start..start + (codes + text + place) as usize];
        let hint = phrase.hash as u32;
        let before = batch.put_words(words, phrase.sizes, hint);
        if signed_by.is_empty() {
            return before;
        }
        let open = batch.open();
        for _ in phrase.place_parts.saturating_sub(1)..PLACE_PARTS {
            batch.extend(SEPARATOR_TEXT);
        }
        batch.extend(cut(signed_by));
        let more = batch.open() - open;
        Words { place: before.place.longer_by(more), ..before }
    }

    /// Forgets the one that was not to be kept, or all where they are too many.
    fn make_room(&mut self) {
        if self.is_last_passing
            && let Some(last) = self.kept.pop()
        {
            self.words.truncate(last.words as usize);
        }
        let size = self.keys.len() + self.words.len();
        if KEPT_MAX <= self.kept.len() || ARENA_SIZE_MAX <= size {
            self.table.clear();
            self.kept.clear();
            self.keys.clear();
            self.words.clear();
        }
        self.is_last_passing = true;
    }

    /// Works a phrase out.
    fn make<'a>(
        &mut self,
        feed: &'a Feed,
        evaluator: &mut Evaluator<'a, '_>,
        atlas: &Atlas,
        hash: u64,
        key: Range<u32>,
    ) -> u32 {
        let event = &feed.event;
        let mut codes: [Text<'_>; program::CODE_FIELDS_MAX] = [const { Text::Tape("") }; _];
        let mut has_code = false;
        for (field, (_, expr)) in event.codes.iter().enumerate() {
            if let Some(text) = evaluator.text(expr) {
                codes[field] = text;
                has_code = true;
            }
        }
        let text = evaluator.text(&event.text);
        let is_empty = !has_code && text.is_none();
        let place = PlaceTexts::find(evaluator, &event.place);
        let physical = evaluator.truth(&event.physical);
        let (exception, reason) = said_by_document(evaluator, event);
        let codes = codes.each_ref().map(|text| evaluator.str(text));
        let codes = &codes[..event.codes.len()];
        let text = text.as_ref().map_or("", |text| evaluator.str(text));
        let parts = place.parts(evaluator, atlas);
        let mut meaning = self.meanings.look_up(feed, codes, text);
        if let Some(class) = exception {
            meaning.exception = class;
        }
        if let Some(reason) = reason {
            meaning.reason = reason;
            meaning.party = reason.party();
        }
        let start = self.words.len();
        put_codes(feed, codes, &mut self.words);
        let codes_end = self.words.len();
        self.words.push_str(cut(text));
        let text_end = self.words.len();
        let place_parts = parts.put(&mut self.words);
        let sizes = [codes_end - start, text_end - codes_end, self.words.len() - text_end];
        self.kept.push(Phrase {
            hash,
            key,
            words: start as u32,
            sizes: sizes.map(|size| size as u32),
            place_parts,
            is_empty,
            event: template(feed, &meaning, physical, parts.hash()),
            has_direction: meaning.direction.is_some(),
            identity: Identity::new(feed, &meaning, codes, text),
            zone: event.time.zone_of_place.then(|| atlas.zone_of(&parts)).flatten(),
        });
        (self.kept.len() - 1) as u32
    }
}

/// Writes the values of the slots that are wanted; gives their size. `None` where they are too long.
fn put_key(
    key: &mut [u8; KEY_SIZE_MAX],
    feed: u16,
    wanted: u128,
    tape: TapeView<'_>,
    slots: &Slots,
) -> Option<usize> {
    let mut left = slots.filled_of(wanted);
    key[..2].copy_from_slice(&feed.to_le_bytes());
    let mut at = 2;
    // Ends: each turn takes one bit.
    while left != 0 {
        let slot = left.trailing_zeros() as u8;
        left &= left - 1;
        let node = slots.get(program::Slot(slot))?;
        at = match tape.nodes.get(node)? {
            Node::String(text) => put_text(key, at, slot, text)?,
            Node::Static(value) => put_value(key, at, slot, *value)?,
            Node::Object { count, .. } | Node::Array { count, .. } => {
                put_nodes(key, at, slot, tape.nodes.get(node..=node + count)?)?
            }
        };
    }
    Some(at)
}

/// A text behind its slot and its size, which is below those that mark other values.
#[inline]
fn put_text(key: &mut [u8; KEY_SIZE_MAX], at: usize, slot: u8, text: &str) -> Option<usize> {
    let room = key.get_mut(at..)?.get_mut(..text.len() + 3)?;
    let (head, tail) = room.split_at_mut(3);
    let size = (text.len() as u16).to_le_bytes();
    head.copy_from_slice(&[slot, size[0], size[1]]);
    tail.copy_from_slice(text.as_bytes());
    Some(at + 3 + text.len())
}

/// What is no text, behind a size that no text has.
fn put_value(
    key: &mut [u8; KEY_SIZE_MAX],
    at: usize,
    slot: u8,
    value: StaticNode,
) -> Option<usize> {
    let (kind, bits) = match value {
        StaticNode::Null => (0, 0),
        StaticNode::Bool(truth) => (1, u64::from(truth)),
        StaticNode::I64(number) => (2, number as u64),
        StaticNode::U64(number) => (3, number),
        StaticNode::F64(number) => (4, number.to_bits()),
    };
    put_marked(key, at, slot, kind, bits)
}

fn put_marked(
    key: &mut [u8; KEY_SIZE_MAX],
    at: usize,
    slot: u8,
    kind: u16,
    bits: u64,
) -> Option<usize> {
    let mark = (u16::MAX - kind).to_le_bytes();
    key.get_mut(at..at + 3)?.copy_from_slice(&[slot, mark[0], mark[1]]);
    key.get_mut(at + 3..at + 11)?.copy_from_slice(&bits.to_le_bytes());
    Some(at + 11)
}

/// An object or array with all that is within.
fn put_nodes(
    key: &mut [u8; KEY_SIZE_MAX],
    start: usize,
    slot: u8,
    nodes: &[Node<'_>],
) -> Option<usize> {
    let mut at = start;
    for node in nodes {
        at = match node {
            Node::String(text) => put_text(key, at, slot, text)?,
            Node::Static(value) => put_value(key, at, slot, *value)?,
            Node::Object { len, .. } => put_marked(key, at, slot, 5, *len as u64)?,
            Node::Array { len, .. } => put_marked(key, at, slot, 6, *len as u64)?,
        };
    }
    Some(at)
}

/// The codes as they are kept: the primary one, then ` name=value` of the others.
fn put_codes(feed: &Feed, codes: &[&str], words: &mut String) {
    for (i, ((name, _), code)) in feed.event.codes.iter().zip(codes).enumerate() {
        if i == 0 {
            put_part(words, cut(code));
        } else if !code.is_empty() {
            words.push(SEPARATOR);
            words.push_str(name);
            words.push('=');
            put_part(words, cut(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_format::{DecodeLimits, Decoder, Format};

    /// Keys of texts, numbers and lists in one slot, each as JSON.
    #[test]
    fn values_that_differ_have_keys_that_differ() {
        let values = [
            "\"\"",
            "\"a\"",
            "\"ab\"",
            "\"1\"",
            "1",
            "-1",
            "1.0",
            "1.5",
            "true",
            "false",
            "null",
            "\"true\"",
            "[]",
            "{}",
            "[1]",
            "[\"1\"]",
            "[[1]]",
            "[1,2]",
            "[[1],2]",
            "[1,[2]]",
            "{\"a\":1}",
            "{\"a\":{\"b\":1}}",
            "[\"a\",\"b\"]",
            "[\"a\\u0000b\"]",
        ];
        let mut decoder = Decoder::new(DecodeLimits::default());
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for value in values {
            let mut document = format!("[{value}]").into_bytes();
            let document = decoder.decode(&Format::Json, &mut document).expect("JSON");
            let mut slots = Slots::default();
            slots.fill(program::Slot(7), 1);
            let mut key = [0; KEY_SIZE_MAX];
            let size = put_key(&mut key, 3, u128::MAX, document.view(), &slots).expect("short");
            keys.push(key[..size].to_vec());
        }
        for (at, key) in keys.iter().enumerate() {
            let same = keys.iter().position(|other| other == key);
            assert_eq!(same, Some(at), "{} has the key of another value", values[at]);
        }
    }

    #[test]
    fn nearly_all_feeds_have_phrases() {
        let set = crossdock_rules::feed::builtin();
        let without: Vec<&str> = set
            .feeds()
            .iter()
            .filter(|feed| FeedKeys::new(feed).phrase_slots().is_none())
            .map(|feed| &*feed.name)
            .collect();
        assert!(10 * without.len() <= set.feeds().len(), "{without:?}");
    }
}
