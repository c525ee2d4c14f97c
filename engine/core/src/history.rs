//! The histories of all shipments of a shard: sorted runs of entries in size classes.
//!
//! # Place
//!
//! `shard` looks for a known event, inserts a new one, and hands the run to `fold`.
//!
//! # Method
//!
//! A run lies contiguous, so that a fold reads straight on and a search for a fingerprint is one
//! short scan. Runs have capacities 4, 8, 16 ...; a full run moves to the next class and leaves
//! its room to the next shipment. One class is one growing vector, so nothing is freed one by one.
//!
//! # Holds
//!
//! - A run is sorted by (order time, weight, fingerprint), and no two entries are the same event.
//! - At most half of a run's capacity is unused, four entries aside.

use crossdock_model::limits::HISTORY_EVENTS_MAX;

use crate::entry::Entry;
use crate::senses::{SenseId, Senses};
use crate::texts::TextId;
use crossdock_model::record::Seconds;

/// Entries of the smallest class.
const CAPACITY_MIN: usize = 4;

/// Classes: 4, 8, ... up to the limit.
const CLASSES: usize = (HISTORY_EVENTS_MAX / CAPACITY_MIN).ilog2() as usize + 1;

/// Where a shipment's entries are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Index of the run within its class.
    index: u32,
    /// Entries.
    len: u16,
    /// Class; meaningless while `len` is 0.
    class: u8,
}

impl Run {
    /// How many entries it has.
    #[must_use]
    pub fn len(self) -> usize {
        usize::from(self.len)
    }

    /// True before the first entry.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Where a new entry went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// Behind all others.
    Last,
    /// Somewhere before the last.
    Between,
    /// Nowhere: the history is at its limit.
    Full,
}

/// The histories of one shard.
#[derive(Debug)]
pub struct Histories {
    classes: [Class; CLASSES],
}

#[derive(Debug, Default)]
struct Class {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

const fn capacity_of(class: u8) -> usize {
    CAPACITY_MIN << class
}

impl Default for Histories {
    fn default() -> Self {
        Self { classes: core::array::from_fn(|_| Class::default()) }
    }
}

impl Histories {
    /// The entries of a run, sorted.
    #[must_use]
    pub fn entries(&self, run: Run) -> &[Entry] {
        if run.len == 0 {
            return &[];
        }
        let start = run.index as usize * capacity_of(run.class);
        &self.classes[usize::from(run.class)].entries[start..start + run.len()]
    }

    /// Puts an entry where it belongs.
    pub fn insert(&mut self, run: &mut Run, entry: Entry, senses: &Senses) -> Insertion {
        if HISTORY_EVENTS_MAX <= run.len() {
            return Insertion::Full;
        }
        self.reserve(run);
        let start = run.index as usize * capacity_of(run.class);
        let len = run.len();
        let room = &mut self.classes[usize::from(run.class)].entries[start..=start + len];
        let key = sort_key(&entry, senses);
        let mut at = len;
        // Ends: `at` falls to 0. Events mostly come in order, so the first comparison decides.
        while 0 < at && key < sort_key(&room[at - 1], senses) {
            room[at] = room[at - 1];
            at -= 1;
        }
        room[at] = entry;
        run.len += 1;
        if at == len { Insertion::Last } else { Insertion::Between }
    }

    /// Adds a whole history at once: sorted entries of one shipment. `None` where they are too many
    /// or not in order.
    pub fn add(&mut self, entries: &[Entry], senses: &Senses) -> Option<Run> {
        if entries.is_empty() {
            return Some(Run::default());
        }
        let is_sorted =
            entries.windows(2).all(|pair| sort_key(&pair[0], senses) <= sort_key(&pair[1], senses));
        if HISTORY_EVENTS_MAX < entries.len() || !is_sorted {
            return None;
        }
        let class = entries.len().div_ceil(CAPACITY_MIN).next_power_of_two().ilog2() as u8;
        let index = self.take(class);
        let start = index as usize * capacity_of(class);
        self.classes[usize::from(class)].entries[start..start + entries.len()]
            .copy_from_slice(entries);
        Some(Run { index, len: entries.len() as u16, class })
    }

    /// Makes room for one more entry.
    fn reserve(&mut self, run: &mut Run) {
        if run.len == 0 {
            *run = Run { index: self.take(0), len: 0, class: 0 };
            return;
        }
        if run.len() < capacity_of(run.class) {
            return;
        }
        let class = run.class + 1;
        let index = self.take(class);
        let (small, large) = self.classes.split_at_mut(usize::from(class));
        let source = run.index as usize * capacity_of(run.class);
        let target = index as usize * capacity_of(class);
        let from = &mut small[usize::from(run.class)];
        large[0].entries[target..target + run.len()]
            .copy_from_slice(&from.entries[source..source + run.len()]);
        from.free.push(run.index);
        *run = Run { index, len: run.len, class };
    }

    fn take(&mut self, class: u8) -> u32 {
        let pool = &mut self.classes[usize::from(class)];
        if let Some(index) = pool.free.pop() {
            return index;
        }
        let capacity = capacity_of(class);
        let index = pool.entries.len() / capacity;
        pool.entries.resize(pool.entries.len() + capacity, BLANK);
        u32::try_from(index).expect("memory ends before the index does")
    }

    /// Gives a run's room back.
    pub fn release(&mut self, run: Run) {
        if 0 < run.len {
            self.classes[usize::from(run.class)].free.push(run.index);
        }
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        let size = |class: &Class| {
            class.entries.capacity() * size_of::<Entry>() + 4 * class.free.capacity()
        };
        self.classes.iter().map(size).sum()
    }
}

const BLANK: Entry = Entry::blank(Seconds::NEVER, SenseId(0), TextId::NONE);

fn sort_key(entry: &Entry, senses: &Senses) -> (Seconds, u32, u32) {
    (entry.order, senses.get(entry.sense).weight().key(), entry.fingerprint)
}
