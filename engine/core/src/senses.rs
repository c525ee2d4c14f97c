//! Senses: what many events share, kept once per shard.
//!
//! The same feed sends the same code with the same meaning millions of times. A sense is that
//! triple; an entry names it by number.
//!
//! # Holds
//!
//! - Raw codes are kept with the meaning they had, so that a changed feed file can be replayed.

use crossdock_model::detail::Detail;
use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::FeedId;
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::reason::{Party, Reason};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::entry::Weight;
use crate::texts::TextId;

/// A sense of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenseId(pub u32);

/// What many events share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// Who reported it.
    pub feed: FeedId,
    /// The raw code fields, `primary` or `primary name=value ...`.
    pub codes: TextId,
    /// See [`EventFlags`].
    pub flags: EventFlags,
    /// What exactly happened.
    pub detail: Detail,
    /// The milestone it implies.
    pub milestone: Milestone,
    /// The exception it opens.
    pub exception: ExceptionClass,
    /// Why.
    pub reason: Reason,
    /// Whose doing.
    pub party: Party,
    /// The lane it names.
    pub direction: Direction,
}

impl Sense {
    /// What decides the order of events of one instant.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        let has_reason = !matches!(self.reason, Reason::None);
        Weight { milestone: self.milestone, has_reason, detail: self.detail }
    }

    fn hash(&self) -> u64 {
        let mut bytes = [0_u8; 16];
        bytes[0..2].copy_from_slice(&self.feed.0.to_le_bytes());
        bytes[2..6].copy_from_slice(&self.codes.0.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.flags.0.to_le_bytes());
        bytes[8] = self.detail as u8;
        bytes[9] = self.milestone as u8;
        bytes[10] = self.exception as u8;
        bytes[11] = self.reason as u8;
        bytes[12] = self.party as u8;
        bytes[13] = self.direction as u8;
        xxh3_64(&bytes)
    }
}

/// The senses of one shard.
#[derive(Debug, Default)]
pub struct Senses {
    list: Vec<Sense>,
    table: HashTable<u32>,
}

impl Senses {
    /// The number of a sense.
    pub fn intern(&mut self, sense: &Sense) -> SenseId {
        let hash = sense.hash();
        let list = &self.list;
        if let Some(&id) = self.table.find(hash, |&id| list[id as usize] == *sense) {
            return SenseId(id);
        }
        let id = self.list.len() as u32;
        self.list.push(*sense);
        let list = &self.list;
        self.table.insert_unique(hash, id, |&id| list[id as usize].hash());
        SenseId(id)
    }

    /// The sense of a number.
    #[must_use]
    pub fn get(&self, id: SenseId) -> &Sense {
        &self.list[id.0 as usize]
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// One sense that says nothing, for tests of what only sorts by it.
    #[cfg(test)]
    pub(crate) fn with_blank() -> Self {
        let mut senses = Self::default();
        senses.intern(&Sense {
            feed: FeedId(0),
            codes: TextId::NONE,
            flags: EventFlags::default(),
            detail: Detail::InfoOnly,
            milestone: Milestone::Unknown,
            exception: ExceptionClass::None,
            reason: Reason::None,
            party: Party::Unknown,
            direction: Direction::Forward,
        });
        senses
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.list.capacity() * size_of::<Sense>() + 5 * self.table.capacity()
    }
}
