//! Texts that many events share, kept once per shard and named by a number.
//!
//! # Place
//!
//! A shard interns code, words and place of every new event. Numbers never leave the shard:
//! hashes and outputs are taken over contents.
//!
//! # Holds
//!
//! - The same text has the same number for as long as the shard lives.
//! - Memory is bounded: when the arena is full, new texts get [`TextId::NONE`] and are counted.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// A text of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u32);

impl TextId {
    /// No text.
    pub const NONE: Self = Self(0);
}

/// The texts of one shard.
#[derive(Debug)]
pub struct Texts {
    arena: String,
    /// End of text `i` in the arena; its start is the end of text `i - 1`. Text 0 is empty.
    ends: Vec<u32>,
    table: HashTable<u32>,
    size_max: usize,
    dropped: u64,
}

impl Texts {
    /// An empty set that will hold at most `size_max` bytes.
    #[must_use]
    pub fn new(size_max: usize) -> Self {
        assert!(size_max <= u32::MAX as usize);
        Self { arena: String::new(), ends: vec![0], table: HashTable::new(), size_max, dropped: 0 }
    }

    /// The number of a text; an empty text has none.
    pub fn intern(&mut self, text: &str) -> TextId {
        if text.is_empty() {
            return TextId::NONE;
        }
        let hash = xxh3_64(text.as_bytes());
        let (arena, ends) = (&self.arena, &self.ends);
        if let Some(&id) = self.table.find(hash, |&id| text_of(arena, ends, id) == text) {
            return TextId(id);
        }
        if self.size_max < self.arena.len() + text.len() {
            self.dropped += 1;
            return TextId::NONE;
        }
        let id = self.ends.len() as u32;
        self.arena.push_str(text);
        self.ends.push(self.arena.len() as u32);
        let (arena, ends) = (&self.arena, &self.ends);
        self.table.insert_unique(hash, id, |&id| xxh3_64(text_of(arena, ends, id).as_bytes()));
        TextId(id)
    }

    /// The text of a number.
    #[must_use]
    pub fn get(&self, id: TextId) -> &str {
        text_of(&self.arena, &self.ends, id.0)
    }

    /// How many there are, the empty one too.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// How many texts were not kept because the arena was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.arena.capacity() + 4 * self.ends.capacity() + 5 * self.table.capacity()
    }
}

fn text_of<'a>(arena: &'a str, ends: &[u32], id: u32) -> &'a str {
    let index = id as usize;
    assert!(index < ends.len());
    let start = if index == 0 { 0 } else { ends[index - 1] as usize };
    &arena[start..ends[index] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_text_same_number() {
        let mut texts = Texts::new(64);
        let a = texts.intern("Delivered");
        let b = texts.intern("Out for delivery");
        assert_ne!(a, b);
        assert_eq!(texts.intern("Delivered"), a);
        assert_eq!(texts.get(b), "Out for delivery");
        assert_eq!(texts.intern(""), TextId::NONE);
        assert_eq!(texts.get(TextId::NONE), "");
    }

    #[test]
    fn full_arena_is_counted_and_keeps_what_it_has() {
        let mut texts = Texts::new(4);
        let a = texts.intern("abcd");
        assert_eq!(texts.intern("e"), TextId::NONE);
        assert_eq!(texts.dropped(), 1);
        assert_eq!(texts.intern("abcd"), a);
    }
}
