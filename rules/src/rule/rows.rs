//! What rules remember of a shipment: one fixed-size row per rule that is waiting or open.
//!
//! # Place
//!
//! Owned by a shard of `core`: one [`RowStore`] per shard, one [`RowHandle`] per shipment. Changed
//! by `run` only. In a snapshot a shipment has its rows, not its handle.
//!
//! # Method
//!
//! A slab with five size classes (4, 8, 16, 32, 64 rows). A shipment's rows are one slice, sorted by
//! rule index; a full slice moves to the next class. Freed blocks are used again.
//!
//! # Holds
//!
//! - No memory is taken once the slab has seen its largest number of live blocks.
//! - Rows of a shipment are sorted by rule and a rule has at most one.

use crossdock_model::record::Seconds;

/// Most rows of one shipment.
pub const ROWS_MAX: usize = 64;
/// From this index on, a row is no rule of the set but one that was in force before; see
/// [`Retired`](super::retired::Retired).
pub const RETIRED_FIRST: u16 = 0x8000;
/// The row of several rules that are gone: the highest of their episodes.
pub const RETIRED_OTHERS: u16 = u16::MAX;

/// Rows of a block in each size class.
const CLASS_ROWS: [usize; 5] = [4, 8, 16, 32, 64];

/// Where a rule stands with a shipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Over and may not come again, or waits for its next occasion.
    #[default]
    Done = 0,
    /// Waits for an event or a deadline.
    Armed = 1,
    /// The clock of a `silence` or `expect` is stopped.
    Paused = 2,
    /// A watched condition holds, for less than `for` so far.
    Pending = 3,
    /// Raised.
    Open = 4,
    /// Raised; the watched condition stopped holding, for less than `keep` so far.
    Keeping = 5,
}

impl Status {
    /// The status of a number as written to snapshots.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Done,
            1 => Self::Armed,
            2 => Self::Paused,
            3 => Self::Pending,
            4 => Self::Open,
            5 => Self::Keeping,
            _ => return None,
        })
    }

    /// True where an exception is open because of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Keeping)
    }
}

/// What one rule remembers of one shipment. Plain data, no padding: 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RuleRow {
    /// The moment it counts from: anchor, last scan, or when a condition began to hold.
    pub anchor: Seconds,
    /// The moment it counts to, in event time; `NEVER` where the clock does not run.
    pub deadline: Seconds,
    /// When to look again in stream time: the deadline plus grace; `NEVER` for "not by itself".
    pub wake: Seconds,
    /// When it was last raised; `NEVER` where that was withdrawn with the rule, so that it may be
    /// raised again.
    pub raised_at: Seconds,
    /// Clock time used up before the last pause, seconds (business seconds where it has a calendar).
    pub used: u32,
    /// The limit in force, seconds; logged with the raise.
    pub limit: u32,
    /// Index of the rule in its rule set.
    pub rule: u16,
    /// How often it was raised on this shipment.
    pub episode: u16,
    /// What the rule counts: attempts at the last raise, matching events.
    pub count: u16,
    /// Where it stands.
    pub status: Status,
    /// Audiences that were not told of the present raise, one bit per number: somebody else had told
    /// them already. Set by the caller; the end of the raise is not told them either.
    pub muted: u8,
}

const _: () = assert!(size_of::<RuleRow>() == 32, "two rows are one cache line");

/// Where a shipment's rows are. A shipment without rows needs no block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowHandle {
    block: u32,
    class: u8,
    len: u8,
}

impl RowHandle {
    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// True where nothing is remembered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The rows of all shipments of a shard.
#[derive(Debug, Default)]
pub struct RowStore {
    rows: [Vec<RuleRow>; 5],
    free: [Vec<u32>; 5],
    overflow_count: u64,
}

impl RowStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How often a shipment had no room for another row.
    #[must_use]
    pub const fn overflow_count(&self) -> u64 {
        self.overflow_count
    }

    /// The rows of a shipment, by rising rule index.
    #[must_use]
    #[inline]
    pub fn rows(&self, handle: &RowHandle) -> &[RuleRow] {
        if handle.len == 0 {
            return &[];
        }
        let (start, _) = bounds(handle);
        &self.rows[usize::from(handle.class)][start..start + handle.len()]
    }

    /// The rows of a shipment, to be changed in place. The order by rule must stay.
    #[inline]
    pub fn rows_mut(&mut self, handle: &RowHandle) -> &mut [RuleRow] {
        if handle.len == 0 {
            return &mut [];
        }
        let (start, _) = bounds(handle);
        &mut self.rows[usize::from(handle.class)][start..start + handle.len()]
    }

    /// The row of a rule.
    #[must_use]
    #[inline]
    pub fn find(&self, handle: &RowHandle, rule: u16) -> Option<&RuleRow> {
        self.rows(handle).iter().find(|row| row.rule == rule)
    }

    /// The row that a rule begins with where it has none: no episode number is used twice.
    #[must_use]
    #[inline]
    pub fn fresh(&self, handle: &RowHandle, rule: u16) -> RuleRow {
        let others = self.rows(handle).last().filter(|row| row.rule == RETIRED_OTHERS);
        RuleRow { rule, episode: others.map_or(0, |row| row.episode), ..RuleRow::default() }
    }

    /// True where a row of this rule exists or can be made; counts where it can't.
    #[inline]
    pub(crate) fn has_room(&mut self, handle: &RowHandle, rule: u16) -> bool {
        let room = handle.len() < ROWS_MAX
            || self.find(handle, rule).is_some()
            || self.rows(handle)[ROWS_MAX - 2].rule >= RETIRED_FIRST;
        self.overflow_count += u64::from(!room);
        room
    }

    /// Makes one row of the last two, where both are of rules that are gone.
    fn merge_retired(&mut self, handle: &mut RowHandle) {
        if let [.., last, other] = self.rows_mut(handle)
            && last.rule >= RETIRED_FIRST
        {
            let episode = last.episode.max(other.episode);
            *last = RuleRow { rule: RETIRED_OTHERS, episode, ..RuleRow::default() };
            handle.len -= 1;
        }
    }

    /// The row of a rule, made where it is missing; `None` where there is no room.
    pub fn entry(&mut self, handle: &mut RowHandle, rule: u16) -> Option<&mut RuleRow> {
        let place = self.rows(handle).partition_point(|row| row.rule < rule);
        let found = self.rows(handle).get(place).is_some_and(|row| row.rule == rule);
        if !found {
            if handle.len() == ROWS_MAX {
                self.merge_retired(handle);
            }
            if handle.len() == ROWS_MAX {
                self.overflow_count += 1;
                return None;
            }
            self.grow(handle);
            handle.len += 1;
            let rows = self.rows_mut(handle);
            rows.copy_within(place..rows.len() - 1, place + 1);
            rows[place] = RuleRow { rule, ..RuleRow::default() };
        }
        let row = &mut self.rows_mut(handle)[place];
        assert!(row.rule == rule);
        Some(row)
    }

    /// Forgets the row of a rule.
    pub fn remove(&mut self, handle: &mut RowHandle, rule: u16) {
        let Some(place) = self.rows(handle).iter().position(|row| row.rule == rule) else { return };
        let rows = self.rows_mut(handle);
        rows.copy_within(place + 1.., place);
        handle.len -= 1;
        if handle.len == 0 {
            self.free[usize::from(handle.class)].push(handle.block);
            *handle = RowHandle::default();
        }
    }

    /// Forgets all rows of a shipment: its epoch is over.
    pub fn clear(&mut self, handle: &mut RowHandle) {
        if handle.len != 0 {
            self.free[usize::from(handle.class)].push(handle.block);
            *handle = RowHandle::default();
        }
    }

    /// Takes rows from a snapshot: at most [`ROWS_MAX`], by rising rule index. `None` where they
    /// are not.
    pub fn restore(&mut self, rows: &[RuleRow]) -> Option<RowHandle> {
        let sorted = rows.windows(2).all(|pair| pair[0].rule < pair[1].rule);
        if !sorted || ROWS_MAX < rows.len() {
            return None;
        }
        let mut handle = RowHandle::default();
        for row in rows {
            *self.entry(&mut handle, row.rule)? = *row;
        }
        Some(handle)
    }

    /// Makes room for one more row, moving to the next size class where the block is full.
    fn grow(&mut self, handle: &mut RowHandle) {
        if handle.len == 0 {
            *handle = RowHandle { block: self.take(0), class: 0, len: 0 };
            return;
        }
        if handle.len() < CLASS_ROWS[usize::from(handle.class)] {
            return;
        }
        let class = handle.class + 1;
        let mut moved = RowHandle { block: self.take(class), class, len: handle.len };
        let (smaller, larger) = self.rows.split_at_mut(usize::from(class));
        let (from, _) = bounds(handle);
        let (to, _) = bounds(&moved);
        larger[0][to..to + moved.len()]
            .copy_from_slice(&smaller[usize::from(handle.class)][from..from + handle.len()]);
        self.free[usize::from(handle.class)].push(handle.block);
        std::mem::swap(handle, &mut moved);
    }

    /// A free block of a class.
    fn take(&mut self, class: u8) -> u32 {
        let class = usize::from(class);
        if let Some(block) = self.free[class].pop() {
            return block;
        }
        let block = self.rows[class].len() / CLASS_ROWS[class];
        self.rows[class].resize((block + 1) * CLASS_ROWS[class], RuleRow::default());
        u32::try_from(block).expect("2^32 blocks are more than memory holds")
    }
}

/// First row and end of a handle's block.
fn bounds(handle: &RowHandle) -> (usize, usize) {
    let rows = CLASS_ROWS[usize::from(handle.class)];
    let start = handle.block as usize * rows;
    (start, start + rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn does_what_a_map_per_shipment_does(
            steps in prop::collection::vec((0..5_usize, 0..80_u16, 0..4_u8, any::<u32>()), 0..400),
        ) {
            let mut store = RowStore::new();
            let mut handles = [RowHandle::default(); 5];
            let mut models: [BTreeMap<u16, u32>; 5] = Default::default();
            for (shipment, rule, what, value) in steps {
                let handle = &mut handles[shipment];
                let model = &mut models[shipment];
                match what {
                    0 => {
                        store.remove(handle, rule);
                        model.remove(&rule);
                    }
                    1 if rule == 0 => {
                        store.clear(handle);
                        model.clear();
                    }
                    _ => {
                        let entry = store.entry(handle, rule);
                        let room = model.len() < ROWS_MAX || model.contains_key(&rule);
                        prop_assert_eq!(entry.is_some(), room);
                        if let Some(row) = entry {
                            row.used = value;
                            model.insert(rule, value);
                        }
                    }
                }
                for (handle, model) in handles.iter().zip(&models) {
                    let rows: Vec<_> = store.rows(handle).iter().map(|r| (r.rule, r.used)).collect();
                    let want: Vec<_> = model.iter().map(|(rule, used)| (*rule, *used)).collect();
                    prop_assert_eq!(rows, want);
                }
            }
        }
    }

    #[test]
    fn rows_of_a_snapshot_come_back() {
        let mut store = RowStore::new();
        let rows: Vec<_> =
            (0..20).map(|rule| RuleRow { rule, used: 7, ..RuleRow::default() }).collect();
        let handle = store.restore(&rows).expect("sorted");
        assert_eq!(store.rows(&handle), rows);
        assert!(store.restore(&[rows[1], rows[0]]).is_none());
        for number in 0..=6 {
            let status = Status::from_number(number);
            assert_eq!(status.map(|status| status as u8), (number < 6).then_some(number));
        }
    }
}
