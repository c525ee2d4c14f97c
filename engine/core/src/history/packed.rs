//! One entry in some sixteen bytes: what is looked for as it is, the rest as short numbers.
//!
//! # Place
//!
//! `history` keeps a block of these for each shipment; see there for how a block is laid out.
//!
//! # Method
//!
//! ```text
//! pair   fingerprint (4) order time (4)                      looked through for every event
//! rest   head | sense | receipt | text | place | [shift] | clock | [unique]
//! head   five bits: bytes that follow; three flags
//! ```
//!
//! Numbers stand with seven bits a byte, the lowest first. The receipt is told from the order time, forwards or
//! (a flag) backwards. Unique id and shift stand only where they are not 0 (two flags). Offset, precision and
//! zone together are one of few *clocks*, told by number.
//!
//! # Holds
//!
//! - Reading what was written gives the entry, every bit of it.

use crossdock_model::record::Seconds;

use crate::entry::Entry;
use crate::senses::SenseId;
use crate::texts::TextId;

/// Bytes of a pair.
pub(super) const PAIR_SIZE: usize = 8;

/// Bytes of a rest at most: head, five long numbers, one of a clock, unique id.
pub(super) const REST_SIZE_MAX: usize = 1 + 5 * 5 + 3 + 2;

const LENGTH_BITS: u8 = 0b1_1111;
const HAS_UNIQUE: u8 = 0b0010_0000;
const HAS_SHIFT: u8 = 0b0100_0000;
const IS_EARLY: u8 = 0b1000_0000;

const _: () = assert!(REST_SIZE_MAX - 1 <= LENGTH_BITS as usize);

/// How clocks are set: offset, precision and zone, by the number of their first coming.
#[derive(Debug)]
pub(super) struct Clocks {
    list: Vec<[u8; 2]>,
    /// By offset and the rest: the number, or [`UNKNOWN`].
    numbers: Box<[u32]>,
}

const UNKNOWN: u32 = u32::MAX;

impl Default for Clocks {
    fn default() -> Self {
        Self { list: Vec::new(), numbers: vec![UNKNOWN; 1 << 16].into_boxed_slice() }
    }
}

impl Clocks {
    fn number_of(&mut self, entry: &Entry) -> u32 {
        let clock = [entry.offset_quarters.to_le_bytes()[0], entry.precision_zone];
        let number = &mut self.numbers[usize::from(u16::from_le_bytes(clock))];
        if *number == UNKNOWN {
            *number = self.list.len() as u32;
            self.list.push(clock);
        }
        *number
    }

    /// Bytes taken from the allocator.
    pub(super) fn memory_size(&self) -> usize {
        2 * self.list.capacity() + 4 * self.numbers.len()
    }
}

/// What is looked for.
pub(super) fn pair_of(entry: &Entry) -> [u8; PAIR_SIZE] {
    (u64::from(entry.order.0) << 32 | u64::from(entry.fingerprint)).to_le_bytes()
}

/// Fingerprint and order time of a pair.
pub(super) fn read_pair(pair: [u8; PAIR_SIZE]) -> (u32, Seconds) {
    let word = u64::from_le_bytes(pair);
    (word as u32, Seconds((word >> 32) as u32))
}

/// Writes the rest of an entry; how many bytes that took.
pub(super) fn put_rest(
    entry: &Entry,
    clocks: &mut Clocks,
    room: &mut [u8; REST_SIZE_MAX],
) -> usize {
    let mut head = 0;
    let mut at = 1;
    let mut put = |mut number: u32| {
        // Ends: seven bits a turn.
        while 0x7F < number {
            room[at] = number as u8 | 0x80;
            number >>= 7;
            at += 1;
        }
        room[at] = number as u8;
        at += 1;
    };
    let is_early = entry.received < entry.order;
    head |= if is_early { IS_EARLY } else { 0 };
    put(entry.sense.0);
    put(entry.received.0.abs_diff(entry.order.0));
    put(entry.text.0);
    put(entry.place.0);
    if entry.shift != 0 {
        head |= HAS_SHIFT;
        put((entry.shift << 1 ^ entry.shift >> 31).cast_unsigned());
    }
    put(clocks.number_of(entry));
    if entry.unique != 0 {
        head |= HAS_UNIQUE;
        room[at..at + 2].copy_from_slice(&entry.unique.to_le_bytes());
        at += 2;
    }
    room[0] = head | (at - 1) as u8;
    at
}

/// Bytes of the rest that begins with `head`.
pub(super) const fn rest_size(head: u8) -> usize {
    1 + (head & LENGTH_BITS) as usize
}

/// Reads an entry: its pair, and its rest at the beginning of `rest`.
pub(super) fn read(pair: [u8; PAIR_SIZE], rest: &[u8], clocks: &Clocks) -> Entry {
    let (fingerprint, order) = read_pair(pair);
    let head = rest[0];
    let mut at = 1;
    let mut take = || {
        let mut number = 0;
        let mut shift = 0;
        // Ends: a number that was written has five bytes at most.
        loop {
            let byte = rest[at];
            at += 1;
            number |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    };
    let sense = SenseId(take());
    let apart = take();
    let text = TextId(take());
    let place = TextId(take());
    let shift = if head & HAS_SHIFT == 0 { 0 } else { take() };
    let [offset, precision_zone] = clocks.list[take() as usize];
    let unique =
        if head & HAS_UNIQUE == 0 { 0 } else { u16::from_le_bytes([rest[at], rest[at + 1]]) };
    let received = if head & IS_EARLY == 0 {
        order.0.wrapping_add(apart)
    } else {
        order.0.wrapping_sub(apart)
    };
    Entry {
        order,
        fingerprint,
        sense,
        text,
        place,
        received: Seconds(received),
        unique,
        offset_quarters: i8::from_le_bytes([offset]),
        precision_zone,
        shift: (shift >> 1).cast_signed() ^ -(shift & 1).cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in prop::array::uniform7(prop_oneof![any::<u32>(), 0_u32..300, Just(u32::MAX)]),
            unique: u16,
            offset: i8,
            clock: u8,
            shift in prop_oneof![any::<i32>(), Just(0), -90_000..90_000_i32],
        ) {
            let [order, fingerprint, sense, text, place, received, _] = numbers;
            let mut contents = [0; 20];
            contents[0..4].copy_from_slice(&order.to_le_bytes());
            contents[4..8].copy_from_slice(&fingerprint.to_le_bytes());
            contents[8..12].copy_from_slice(&received.to_le_bytes());
            contents[12..14].copy_from_slice(&unique.to_le_bytes());
            contents[14] = offset.to_le_bytes()[0];
            contents[15] = clock;
            contents[16..20].copy_from_slice(&shift.to_le_bytes());
            let entry = Entry::of_contents(contents, SenseId(sense), TextId(text), TextId(place));
            let mut room = [0xFF; REST_SIZE_MAX];
            let mut clocks = Clocks::default();
            let size = put_rest(&entry, &mut clocks, &mut room);
            prop_assert_eq!(rest_size(room[0]), size);
            prop_assert_eq!(read(pair_of(&entry), &room[..size], &clocks), entry);
        }
    }
}
