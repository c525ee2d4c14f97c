//! Whose shipments they are, and what their carriers call them.
//!
//! # Place
//!
//! A shipment names its number by a handle; `shard` reads it where it speaks, and for snapshots.
//!
//! # Method
//!
//! Tenant and carrier are shared by many, and kept once. The number itself is nobody else's: it lies in
//! a block, behind its length, and leaves with the shipment.

#[cfg(doc)]
use crossdock_model::limits::NUMBER_LEN_MAX;

use crate::blocks::{Blocks, Handle};
use crate::texts::{TextId, Texts};

/// What a shipment is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberId(Handle);

/// Bytes before a number: its length, and its owner in three of them.
const HEAD_SIZE: usize = 4;

/// Owners that can be told apart: tenants times carriers.
const OWNERS_MAX: u32 = 1 << 24;

/// Bytes of distinct owners.
const OWNERS_SIZE_MAX: usize = 1 << 30;

/// What the shipments of one shard are called.
#[derive(Debug)]
pub struct Numbers {
    blocks: Blocks,
    /// `tenant \x1f carrier`.
    owners: Texts,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { blocks: Blocks::default(), owners: Texts::new(OWNERS_SIZE_MAX) }
    }
}

impl Numbers {
    /// Keeps a number, its first 255 bytes; it has [`NUMBER_LEN_MAX`] at most.
    pub fn keep(&mut self, owner: &str, number: &str) -> NumberId {
        let owner = self.owners.intern(owner).0;
        assert!(owner < OWNERS_MAX, "memory ends before owners do");
        let mut size = number.len().min(usize::from(u8::MAX));
        // Ends: a character has four bytes at most.
        while !number.is_char_boundary(size) {
            size -= 1;
        }
        let handle = self.blocks.take(HEAD_SIZE + size);
        let block = self.blocks.get_mut(handle);
        block[..HEAD_SIZE].copy_from_slice(&(owner << 8 | size as u32).to_le_bytes());
        block[HEAD_SIZE..HEAD_SIZE + size].copy_from_slice(&number.as_bytes()[..size]);
        NumberId(handle)
    }

    /// `tenant \x1f carrier`, and the number.
    #[must_use]
    pub fn get(&self, id: NumberId) -> (&str, &str) {
        let block = self.blocks.get(id.0);
        let head = u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
        let size = (head & 0xFF) as usize;
        let number = core::str::from_utf8(&block[HEAD_SIZE..HEAD_SIZE + size]);
        (self.owners.get(TextId(head >> 8)), number.expect("it was kept as text"))
    }

    /// Gives a number's room back.
    pub fn release(&mut self, id: NumberId) {
        self.blocks.give(id.0);
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.blocks.memory_size() + self.owners.memory_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_was_kept() {
        let mut numbers = Numbers::default();
        let long = "ß".repeat(200);
        let kept: Vec<(NumberId, &str, &str)> = [
            ("acme\x1fups", "1Z999AA10123456784"),
            ("acme\x1ffedex", ""),
            ("zeta\x1fups", "1Z999AA10123456784"),
            ("acme\x1fups", long.as_str()),
        ]
        .map(|(owner, number)| (numbers.keep(owner, number), owner, number))
        .into();
        for (id, owner, number) in &kept[..3] {
            assert_eq!(numbers.get(*id), (*owner, *number));
        }
        assert_eq!(numbers.get(kept[3].0).1.len(), 254);
        let before = numbers.memory_size();
        numbers.release(kept[0].0);
        let again = numbers.keep("acme\x1fups", "1Z999AA10123456784");
        assert_eq!(numbers.get(again).1, "1Z999AA10123456784");
        assert_eq!(numbers.memory_size(), before);
    }
}
