//! The histories of all shipments of a shard: sorted runs of packed entries, each in a block of its own.
//!
//! # Place
//!
//! `shard` looks for a known event, inserts a new one, and hands the run to `fold`.
//!
//! # Method
//!
//! ```text
//! block   rest of entry 0 | of entry 1 | ... ->        <- ... | pair 1 | pair 0
//! ```
//!
//! A pair is fingerprint and order time: eight bytes at a place that is known, so that a search is one short
//! scan, and mostly all there is to do. The rest of an entry is written as short numbers
//! ([`packed`]). Both grow towards each other, so that an event that sorts last moves nothing; where
//! they would meet, the run moves to a larger block ([`Blocks`]).
//!
//! # Holds
//!
//! - A run is sorted by (order time, weight, fingerprint), and no two entries are the same event.
//! - A run of n entries takes 16 to 40 bytes for each, and 7 that are unused at most, up to 512.

mod packed;

use crossdock_model::limits::HISTORY_EVENTS_MAX;
use crossdock_model::record::Seconds;

use self::packed::{Clocks, PAIR_SIZE, REST_SIZE_MAX};
use crate::blocks::{BLOCK_SIZE_MAX, Blocks, Handle};
use crate::entry::Entry;
use crate::senses::Senses;

/// Bits of a run's sizes that are the bytes of all its rests; those above count its entries.
const RESTS_BITS: u32 = 18;

/// Bytes of all rests of one run at most: those of all entries that it may have, at 16 bytes each, which is twice the usual.
const RESTS_SIZE_MAX: usize = (1 << RESTS_BITS) - 1;

const _: () = assert!(HISTORY_EVENTS_MAX * PAIR_SIZE + RESTS_SIZE_MAX <= BLOCK_SIZE_MAX);
const _: () = assert!(HISTORY_EVENTS_MAX < 1 << (u32::BITS - RESTS_BITS));

/// Where a shipment's entries are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Its block; meaningless while there are no entries.
    handle: Handle,
    /// How many entries, and bytes of all their rests.
    sizes: u32,
}

impl Run {
    /// How many entries it has.
    #[must_use]
    pub fn len(self) -> usize {
        (self.sizes >> RESTS_BITS) as usize
    }

    /// True before the first entry.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Bytes of all rests.
    fn rests(self) -> usize {
        (self.sizes & ((1 << RESTS_BITS) - 1)) as usize
    }

    /// True where there is no room for an entry more whose rest has `size` bytes.
    fn is_full(self, size: usize) -> bool {
        self.len() == HISTORY_EVENTS_MAX || RESTS_SIZE_MAX < self.rests() + size
    }

    /// One entry more, with a rest of `size` bytes.
    fn grow(&mut self, size: usize) {
        debug_assert!(!self.is_full(size));
        self.sizes += (1 << RESTS_BITS) + size as u32;
    }
}

/// Where a new entry went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// Behind all others.
    Last,
    /// At this index, before the last.
    Between(usize),
    /// Nowhere: the history is at its limit.
    Full,
}

/// The histories of one shard.
#[derive(Debug, Default)]
pub struct Histories {
    blocks: Blocks,
    clocks: Clocks,
}

/// The entries of a run, in order.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    block: &'a [u8],
    clocks: &'a Clocks,
    index: usize,
    count: usize,
    rest: usize,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.index == self.count {
            return None;
        }
        let rest = &self.block[self.rest..];
        let entry = packed::read(pair_at(self.block, self.index), rest, self.clocks);
        self.rest += packed::rest_size(rest[0]);
        self.index += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count - self.index;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl Entries<'_> {
    /// Bytes of the rests before the next entry: where to go on from later.
    #[must_use]
    pub fn rests(&self) -> usize {
        self.rest
    }
}

impl Histories {
    /// The entries of a run, sorted.
    #[must_use]
    pub fn entries(&self, run: Run) -> Entries<'_> {
        let (block, clocks) = (self.block(run), &self.clocks);
        Entries { block, clocks, index: 0, count: run.len(), rest: 0 }
    }

    /// The entries of a run behind the first `count`, whose rests have so many bytes.
    #[must_use]
    pub fn entries_behind(&self, run: Run, count: usize, rests: usize) -> Entries<'_> {
        debug_assert!(count <= run.len() && rests <= run.rests());
        Entries { index: count, rest: rests, ..self.entries(run) }
    }

    /// Order time and fingerprint of an entry, where there is one.
    #[must_use]
    pub fn pair(&self, run: Run, index: usize) -> Option<(Seconds, u32)> {
        let pair = (index < run.len()).then(|| pair_at(self.block(run), index))?;
        let (fingerprint, order) = packed::read_pair(pair);
        Some((order, fingerprint))
    }

    /// Reads the newest entries of a run into `target`, at most so many.
    pub fn read_newest(&self, run: Run, count_max: usize, target: &mut Vec<Entry>) {
        target.clear();
        let skipped = run.len().saturating_sub(count_max);
        let rests = if skipped == 0 { 0 } else { rest_at(self.block(run), skipped) };
        target.extend(self.entries_behind(run, skipped, rests));
    }

    /// Reads all entries of a run into `target`.
    pub fn read(&self, run: Run, target: &mut Vec<Entry>) {
        target.clear();
        target.extend(self.entries(run));
    }

    /// Visits fingerprint and order time of every entry with this fingerprint, and the entry where it is
    /// asked for, until `visit` is content.
    pub fn find<'a>(
        &'a self,
        run: Run,
        fingerprint: u32,
        mut visit: impl FnMut(Found<'a>) -> bool,
    ) {
        let block = self.block(run);
        let pairs = &block[block.len() - run.len() * PAIR_SIZE..];
        for (back, pair) in pairs.as_chunks::<PAIR_SIZE>().0.iter().enumerate() {
            let (found, order) = packed::read_pair(*pair);
            let index = run.len() - 1 - back;
            if found == fingerprint && visit(Found { block, clocks: &self.clocks, index, order }) {
                return;
            }
        }
    }

    /// Puts an entry where it belongs.
    pub fn insert(&mut self, run: &mut Run, entry: Entry, senses: &Senses) -> Insertion {
        let mut room = [0; REST_SIZE_MAX];
        let size = packed::put_rest(&entry, &mut self.clocks, &mut room);
        if run.is_full(size) {
            return Insertion::Full;
        }
        let at = self.place_of(*run, &entry, senses);
        let rests = self.reserve(run, size);
        let len = run.len();
        let block = self.blocks.get_mut(run.handle);
        let end = block.len();
        let start = if at == len { rests } else { rest_at(block, at) };
        block.copy_within(start..rests, start + size);
        block[start..start + size].copy_from_slice(&room[..size]);
        let (first, last) = (end - len * PAIR_SIZE, end - at * PAIR_SIZE);
        block.copy_within(first..last, first - PAIR_SIZE);
        block[last - PAIR_SIZE..last].copy_from_slice(&packed::pair_of(&entry));
        run.grow(size);
        if at == len { Insertion::Last } else { Insertion::Between(at) }
    }

    /// Adds a whole history at once: sorted entries of one shipment. `None` where they are too many
    /// or not in order.
    pub fn add(&mut self, entries: &[Entry], senses: &Senses) -> Option<Run> {
        let is_sorted =
            entries.windows(2).all(|pair| sort_key(&pair[0], senses) <= sort_key(&pair[1], senses));
        let mut room = [0; REST_SIZE_MAX];
        let mut run = Run::default();
        let clocks = &mut self.clocks;
        let rests: usize = entries.iter().map(|it| packed::put_rest(it, clocks, &mut room)).sum();
        if HISTORY_EVENTS_MAX < entries.len() || RESTS_SIZE_MAX < rests || !is_sorted {
            return None;
        }
        if 0 < rests {
            run.handle = self.blocks.take(rests + entries.len() * PAIR_SIZE);
        }
        for entry in entries {
            let size = packed::put_rest(entry, &mut self.clocks, &mut room);
            let rests = run.rests();
            let block = self.blocks.get_mut(run.handle);
            block[rests..rests + size].copy_from_slice(&room[..size]);
            let last = block.len() - run.len() * PAIR_SIZE;
            block[last - PAIR_SIZE..last].copy_from_slice(&packed::pair_of(entry));
            run.grow(size);
        }
        Some(run)
    }

    /// Gives a run's room back.
    pub fn release(&mut self, run: Run) {
        if !run.is_empty() {
            self.blocks.give(run.handle);
        }
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.blocks.memory_size() + self.clocks.memory_size()
    }

    fn block(&self, run: Run) -> &[u8] {
        if run.is_empty() { &[] } else { self.blocks.get(run.handle) }
    }

    /// The index at which an entry belongs. Events mostly come in order, so the first comparison decides.
    fn place_of(&self, run: Run, entry: &Entry, senses: &Senses) -> usize {
        let block = self.block(run);
        let mut at = run.len();
        // Ends: `at` falls to 0.
        while 0 < at {
            let pair = pair_at(block, at - 1);
            let (_, order) = packed::read_pair(pair);
            if order < entry.order {
                break;
            }
            if order == entry.order {
                let other = packed::read(pair, &block[rest_at(block, at - 1)..], &self.clocks);
                if sort_key(&other, senses) <= sort_key(entry, senses) {
                    break;
                }
            }
            at -= 1;
        }
        at
    }

    /// Makes room for one more entry with a rest of `size` bytes; how many bytes the rests before it have.
    fn reserve(&mut self, run: &mut Run, size: usize) -> usize {
        if run.is_empty() {
            run.handle = self.blocks.take(size + PAIR_SIZE);
            return 0;
        }
        let rests = run.rests();
        let pairs = run.len() * PAIR_SIZE;
        let wanted = rests + size + pairs + PAIR_SIZE;
        if wanted <= self.blocks.get(run.handle).len() {
            return rests;
        }
        let from = run.handle;
        run.handle = self.blocks.take_copy(from, wanted, (rests, pairs));
        self.blocks.give(from);
        rests
    }
}

/// An entry with the fingerprint that was looked for.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    block: &'a [u8],
    clocks: &'a Clocks,
    index: usize,
    /// Its order time.
    pub order: Seconds,
}

impl Found<'_> {
    /// All of it.
    #[must_use]
    pub fn entry(&self) -> Entry {
        let rest = &self.block[rest_at(self.block, self.index)..];
        packed::read(pair_at(self.block, self.index), rest, self.clocks)
    }
}

fn pair_at(block: &[u8], index: usize) -> [u8; PAIR_SIZE] {
    let end = block.len() - index * PAIR_SIZE;
    let mut pair = [0; PAIR_SIZE];
    pair.copy_from_slice(&block[end - PAIR_SIZE..end]);
    pair
}

/// Where the rest of an entry begins; that of the one behind the last is where all end.
fn rest_at(block: &[u8], index: usize) -> usize {
    let mut at = 0;
    for _ in 0..index {
        at += packed::rest_size(block[at]);
    }
    at
}

fn sort_key(entry: &Entry, senses: &Senses) -> (Seconds, u32, u32) {
    (entry.order, senses.get(entry.sense).weight().key(), entry.fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senses::SenseId;
    use crate::texts::TextId;
    use proptest::prelude::*;

    fn entry(order: u32, number: u32) -> Entry {
        Entry {
            received: Seconds(order ^ number),
            place: TextId(number),
            fingerprint: number.wrapping_mul(2_654_435_761),
            unique: (number % 3) as u16,
            ..Entry::blank(Seconds(order), SenseId(0), TextId(number % 300))
        }
    }

    proptest! {
        /// The model: a sorted vector of entries for each run.
        #[test]
        fn runs_hold_what_was_put_in(
            steps in prop::collection::vec((0_usize..6, 0_u32..40, any::<u32>()), 0..300),
        ) {
            let (mut histories, senses) = (Histories::default(), Senses::with_blank());
            let mut runs = vec![(Run::default(), Vec::<Entry>::new()); 6];
            for (which, order, number) in steps {
                let (run, model) = &mut runs[which];
                if number % 23 == 0 {
                    histories.release(*run);
                    (*run, *model) = (Run::default(), Vec::new());
                    continue;
                }
                let new = entry(order, number);
                let key = |it: &Entry| (it.order, it.fingerprint);
                let at = model.partition_point(|it| key(it) <= key(&new));
                let expected =
                    if at == model.len() { Insertion::Last } else { Insertion::Between(at) };
                prop_assert_eq!(histories.insert(run, new, &senses), expected);
                model.insert(at, new);
                let mut found = None;
                histories.find(*run, new.fingerprint, |it| {
                    found = Some((it.order, it.entry()));
                    it.entry() == new
                });
                prop_assert_eq!(found, Some((new.order, new)));
            }
            for (run, model) in &runs {
                let found: Vec<Entry> = histories.entries(*run).collect();
                prop_assert_eq!(&found, model);
                let middle = found.len() / 2;
                let mut first = histories.entries(*run);
                prop_assert!(first.by_ref().take(middle).eq(found[..middle].iter().copied()));
                let behind = histories.entries_behind(*run, middle, first.rests());
                prop_assert!(behind.eq(found[middle..].iter().copied()));
                let mut newest = Vec::new();
                histories.read_newest(*run, 7, &mut newest);
                prop_assert_eq!(&newest, &found[found.len().saturating_sub(7)..]);
                let pair = found.get(middle).map(|it| (it.order, it.fingerprint));
                prop_assert_eq!(histories.pair(*run, middle), pair);
                let copy = histories.add(&found, &senses).expect("sorted");
                prop_assert!(histories.entries(copy).eq(found));
            }
        }
    }

    #[test]
    fn a_long_history_is_full_in_the_end() {
        let (mut histories, senses) = (Histories::default(), Senses::with_blank());
        // Usual texts are full by number; those that take all their bytes, by size.
        for (high, least) in [(0, HISTORY_EVENTS_MAX), (0xF000_0000, HISTORY_EVENTS_MAX / 2)] {
            let mut run = Run::default();
            // Ends: it is full in the end.
            for number in 0.. {
                // Backwards at first.
                let order = if number < 100 { 100 - number } else { number };
                if histories.insert(&mut run, entry(order, number | high), &senses)
                    == Insertion::Full
                {
                    break;
                }
            }
            assert!((least..=HISTORY_EVENTS_MAX).contains(&run.len()), "{}", run.len());
            let all: Vec<Entry> = histories.entries(run).collect();
            assert!(all.is_sorted_by_key(|it| it.order));
            let copy = histories.add(&all, &senses).expect("sorted");
            assert!(histories.entries(copy).eq(all.iter().copied()));
            let more = [&all[..], &[entry(u32::MAX, high)]].concat();
            assert!(histories.add(&more, &senses).is_none());
            histories.release(run);
        }
        assert!(histories.add(&[entry(2, 1), entry(1, 1)], &senses).is_none());
        assert_eq!(histories.add(&[], &senses), Some(Run::default()));
    }
}
