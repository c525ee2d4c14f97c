//! Pieces of bodies and subjects that come again and again: written once, copied from then on.
//!
//! # Place
//!
//! One [`Pieces`] in each shard; `say` asks it for the parts of a message that do not name the shipment, the time or the
//! position: whose data it is, what happened, and in which words.
//!
//! # Method
//!
//! Each kind of piece has a table in which a key has one place. Who is there already and has another key is written over; bytes lie
//! one behind the other, and where they are too many all are forgotten.
//!
//! # Holds
//!
//! - A piece is a pure function of what it is asked by. The memory changes only the speed.
//! - Keys are compared whole; of an owner, whose key is a hash, the names as well.

/// Places of a table; a power of two.
const COUNT: usize = 1 << 11;

/// Bytes of all pieces of a table before they are forgotten.
const SIZE_MAX: usize = 1 << 18;

/// Room for the piece that is written when the others are just not too many yet.
const SIZE_SPARE: usize = 1 << 12;

/// The pieces of one shard.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Subject up to the audience and `tenant`, `carrier`, behind the names themselves; by a hash of both.
    pub(super) owners: Table,
    /// `milestone`, `previous`, and `detail` to `feed`; by [`super::key_of_meaning`].
    pub(super) meanings: Table,
    /// `code` to `country`, in one part; by the numbers of the words in the shard.
    pub(super) words: Table,
}

/// Pieces of one kind, each of two parts.
#[derive(Debug)]
pub(super) struct Table {
    places: Box<[Place]>,
    bytes: Vec<u8>,
}

/// A piece; nobody's where `end` is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    key: u128,
    start: u32,
    middle: u32,
    end: u32,
}

impl Default for Table {
    fn default() -> Self {
        let places = vec![Place::default(); COUNT].into_boxed_slice();
        Self { places, bytes: Vec::with_capacity(SIZE_MAX + SIZE_SPARE) }
    }
}

impl Table {
    /// The piece of a key, in its two parts, where `is_it`; else `write` writes it, and says where its second part begins.
    #[inline]
    pub(super) fn find(
        &mut self,
        key: u128,
        is_it: impl FnOnce(&[u8]) -> bool,
        write: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> (&[u8], &[u8]) {
        let index = index_of(key);
        let Place { key: found, start, middle, end } = self.places[index];
        let is_there = found == key && start < end;
        if is_there && is_it(&self.bytes[start as usize..middle as usize]) {
            let (start, middle, end) = (start as usize, middle as usize, end as usize);
            return (&self.bytes[start..middle], &self.bytes[middle..end]);
        }
        self.write(index, key, write)
    }

    #[cold]
    fn write(
        &mut self,
        index: usize,
        key: u128,
        write: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> (&[u8], &[u8]) {
        if SIZE_MAX < self.bytes.len() {
            self.bytes.clear();
            self.places.fill(Place::default());
        }
        let start = self.bytes.len();
        let middle = write(&mut self.bytes);
        let end = self.bytes.len();
        assert!(start <= middle && middle <= end);
        self.places[index] =
            Place { key, start: start as u32, middle: middle as u32, end: end as u32 };
        (&self.bytes[start..middle], &self.bytes[middle..end])
    }
}

/// The place of a key.
fn index_of(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - COUNT.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// More keys than places and more bytes than are kept: what is found is what the key stands for.
        #[test]
        fn a_piece_is_that_of_its_key(keys in prop::collection::vec(0_u64..6_000, 1..4_000)) {
            let mut table = Table::default();
            for key in keys {
                let first = format!("{key:>200}");
                let write = |out: &mut Vec<u8>| {
                    out.extend_from_slice(first.as_bytes());
                    let middle = out.len();
                    out.extend_from_slice(b"second");
                    middle
                };
                let found = table.find(u128::from(key) << 40, |_| true, write);
                prop_assert_eq!(found, (first.as_bytes(), b"second".as_slice()));
            }
        }
    }

    #[test]
    fn who_shares_a_key_is_told_apart() {
        let mut table = Table::default();
        for name in ["acme", "zeta", "acme", "acme"] {
            let write = |out: &mut Vec<u8>| {
                out.extend_from_slice(name.as_bytes());
                out.len()
            };
            let found = table.find(7, |there| there == name.as_bytes(), write);
            assert_eq!(found, (name.as_bytes(), b"".as_slice()));
        }
    }
}
