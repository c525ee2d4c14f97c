//! Numbers for names.
//!
//! # Place
//! XML's scan asks for the number of each element's name, to keep "the group of this name" in an array.
//!
//! # Method
//! Open addressing over a power of two, a third full at most, reused from document to document: a slot belongs to the current document
//! when it carries its number. The hash has no secret, so a sender could choose names that collide; after 64 probes the caller is told
//! to refuse, which keeps every document linear. Names that nobody chose so never come near.
//!
//! # Holds
//! [`Names`].

use crate::outline::Span;

/// Most slots looked at for one name.
const PROBE_COUNT_MAX: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The document it belongs to.
    document: u32,
    hash: u32,
    number: u32,
    name: Span,
}

const VACANT: Slot = Slot { document: 0, hash: 0, number: 0, name: Span::EMPTY };

/// The names of one document, numbered from 0 in the order of their coming.
#[derive(Debug, Default)]
pub(crate) struct Names {
    slots: Vec<Slot>,
    document: u32,
    count: usize,
}

impl Names {
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.document = self.document.wrapping_add(1);
        if self.document == 0 || self.slots.is_empty() {
            self.document = 1;
            let size = self.slots.len().max(64);
            self.slots.clear();
            self.slots.resize(size, VACANT);
        }
    }

    /// The number of the name at `span` of `text`. `None` when too many names have the same hash.
    pub(crate) fn intern(&mut self, span: Span, text: &str) -> Option<u32> {
        let text = text.as_bytes();
        let name = &text[span.range()];
        let hash = hash(name);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        for _ in 0..PROBE_COUNT_MAX {
            let slot = self.slots[at];
            if slot.document != self.document {
                return Some(self.insert(at, hash, span));
            }
            if slot.hash == hash && &text[slot.name.range()] == name {
                return Some(slot.number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    fn insert(&mut self, at: usize, hash: u32, name: Span) -> u32 {
        let number = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.slots[at] = Slot { document: self.document, hash, number, name };
        self.count += 1;
        if self.slots.len() < 3 * self.count {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 4;
        let old = std::mem::replace(&mut self.slots, vec![VACANT; size]);
        let mask = size - 1;
        for slot in old {
            if slot.document != self.document {
                continue;
            }
            let mut at = slot.hash as usize & mask;
            // Ends: the table is far from full.
            while self.slots[at].document == self.document {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }
}

/// Eight bytes at a time: the first and the last eight of a name, and those between for long ones. Names are short.
fn hash(name: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = 0xD6E8_FEB8_6659_FD93 ^ name.len() as u64;
    let mut mix = |word: u64| {
        // Both halves of the product, so that high bits of a word reach low bits of the hash.
        let wide = u128::from(state ^ word) * u128::from(FACTOR);
        state = (wide as u64) ^ (wide >> 64) as u64;
    };
    match name.first_chunk::<8>() {
        Some(first) => {
            mix(u64::from_le_bytes(*first));
            if 16 < name.len() {
                let (words, _) = name[8..].as_chunks::<8>();
                words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
            }
            // Overlaps what came before it where the size is no multiple of eight.
            if let Some(last) = name.last_chunk::<8>() {
                mix(u64::from_le_bytes(*last));
            }
        }
        None => mix(name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte))),
    }
    u32::try_from(state & 0xFFFF_FFFF).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let text: String = (0..1_000).map(|number| format!("element{number:04}")).collect();
        let mut names = Names::default();
        for _ in 0..3 {
            names.clear();
            for round in 0..2 {
                for number in 0..1_000 {
                    let start = number * 11;
                    let span = Span::text(start, 11);
                    let found = names.intern(span, &text);
                    assert_eq!(found, u32::try_from(number).ok(), "round {round}");
                }
            }
        }
    }
}
