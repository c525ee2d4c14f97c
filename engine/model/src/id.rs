//! What things are called: shipments, feeds, positions in the input log.
//!
//! # Holds
//!
//! - Ids are contents or hashes of contents, never the order in which a thread met something.
//!   Two runs with other lanes and shards give the same ids.

/// Where in the input log something stands: a message, and a place within its document.
///
/// Outputs are ordered by position before they are committed, so that the bytes out do not
/// depend on the number of threads. What timers say at a message stands before what its events say:
/// their indexes are counted from [`Position::TIMERS`] and sort first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// Sequence of the message in its stream, from 1. In embedded mode: the document's number.
    pub seq: u64,
    /// Index within the document, from 0, in the order in which its events are applied; or
    /// [`Position::TIMERS`] and the number of a timer that fired when the message came.
    pub index: u32,
}

impl Position {
    /// The index of the first timer that fires at a message.
    pub const TIMERS: u32 = 1 << 31;

    /// An index as it sorts: timers first, then events.
    #[must_use]
    pub const fn rank_of(index: u32) -> u32 {
        index.wrapping_add(Self::TIMERS)
    }

    /// True where a timer stands there, and not an event.
    #[must_use]
    pub const fn is_timer(self) -> bool {
        Self::TIMERS <= self.index
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        let key = |it: &Self| (it.seq, Self::rank_of(it.index));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Identity of a shipment before epochs: a 128-bit hash of (tenant, carrier, number, own id).
///
/// At 10^10 shipments the odds of any collision are about 1.5 in 10^19, which we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C, packed(4))]
pub struct ShipmentKey(pub u128);

impl ShipmentKey {
    /// The half that chooses the slot in a table.
    #[must_use]
    pub const fn slot_hash(self) -> u64 {
        self.0 as u64
    }

    /// The half that chooses the shard; independent of the slot, so that tables stay even.
    #[must_use]
    pub const fn shard_hash(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The shard that owns this shipment, among `shard_count`.
    #[must_use]
    pub fn shard(self, shard_count: usize) -> usize {
        assert!(0 < shard_count);
        // Multiply-shift instead of modulo: even for any count, no division (Lemire 2019).
        ((u128::from(self.shard_hash()) * shard_count as u128) >> 64) as usize
    }
}

/// A compiled feed: its place in the feed set that was loaded at start, sorted by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub u16);

/// Identity of one event within its shipment: same feed, code, meaning, raw time and place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

/// Identity of a change: a pure function of (shipment, epoch, what, episode), 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub u128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_stand_before_the_events_of_their_message() {
        let at = |seq, index| Position { seq, index };
        let sorted = [
            at(6, 9),
            at(7, Position::TIMERS),
            at(7, Position::TIMERS + 1),
            at(7, 0),
            at(7, 1),
            at(8, Position::TIMERS),
            at(8, 0),
        ];
        assert!(sorted.is_sorted(), "{sorted:?}");
    }

    #[test]
    fn every_shard_gets_its_share() {
        let mut counts = [0_u32; 3];
        for i in 0..3000_u128 {
            let key = ShipmentKey(i.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
            counts[key.shard(3)] += 1;
        }
        assert!(counts.iter().all(|&count| (900..1100).contains(&count)), "{counts:?}");
    }
}
