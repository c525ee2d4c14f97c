//! Snapshots: the state of a shard as bytes beside the running engine, and back.
//!
//! # Place
//!
//! A shard is asked to begin after some turn, and then for a page of bytes after every turn until
//! there are none. A node writes pages to a file with checksums; a start reads them back.
//!
//! # Method
//!
//! ```text
//! slots     0 ........ cursor .............. limit ......
//!           copied     | not yet             | made after the beginning: not part of it
//!                      |   a slot that is about to change is copied at once ("ahead")
//! ```
//!
//! A slot becomes a *row*: everything of one shipment in one run of bytes, texts and senses by
//! number. Tables of texts and senses only ever grow, so that their first part is what it was at
//! the beginning. Nothing waits: the longest stall is one page.
//!
//! # What a part of the state offers
//!
//! - *Per shipment* (history, rule rows): a part of the row. `put_part` with a number of [`part`],
//!   in `Shard::put_row`; read back in `Shard::take_row`. Timers are set again from what the row
//!   says, they are not saved themselves.
//! - *Per shard, keyed by something else* (orders): rows of its own kind of [`kind`] with the key
//!   first, so that a start with other shards knows where they belong.
//! - Whatever changes a slot calls `Shard::open` before.
//!
//! # Holds
//!
//! - A snapshot is the state after one turn, whatever was applied while it was written.
//! - Rows say nothing about shards: a start may have another number of them.

pub mod bytes;
pub mod loader;
pub mod table;

pub use bytes::{Flaw, Source};
pub use loader::Loader;
pub use table::{SavedTables, Tables};

/// Kinds of sections. Numbers are for ever; a new meaning gets a new number.
pub mod kind {
    /// Rows, each a size in 32 bits and a shipment.
    pub const SHIPMENTS: u32 = 1;
    /// Part of the text table, in order.
    pub const TEXTS: u32 = 2;
    /// Part of the table of senses, in order.
    pub const SENSES: u32 = 3;
    /// What rules know beside shipments: one page of each shard, read before its rows.
    pub const RULES: u32 = 4;
    /// Orders, [`crate::order_book::ORDER_SIZE`] bytes each.
    pub const ORDERS: u32 = 5;
    /// What was learned of arrivals, cut into pages; see `forecast`.
    pub const LEARNED: u32 = 6;
    /// Rows, each a size in 32 bits and a shipment under way.
    pub const FLIGHTS: u32 = 7;
}

/// Parts of a row behind the shipment itself. Numbers are for ever.
pub mod part {
    /// The history: entries of [`super::ENTRY_SIZE`] bytes.
    pub const HISTORY: u8 = 1;
    /// What rules know of the shipment; see `watch::state`.
    pub const RULES: u8 = 2;
    /// Other numbers of the parcel, where it has any: one text.
    pub const ALIASES: u8 = 3;
}

/// Bytes of one saved history entry: its contents, then sense, text and place by number.
pub const ENTRY_SIZE: usize = 32;

/// Which slots of a table are copied and which are not yet.
#[derive(Debug, Default)]
pub struct Cursor {
    next: usize,
    limit: usize,
    /// One bit per slot below `limit`: copied ahead of the cursor.
    ahead: Vec<u64>,
}

impl Cursor {
    /// Begins with slots below `limit`.
    pub fn begin(&mut self, limit: usize) {
        self.next = 0;
        self.limit = limit;
        self.ahead.clear();
        self.ahead.resize(limit.div_ceil(64), 0);
    }

    /// A slot is about to change: true where it has to be copied now, once.
    pub fn is_wanted(&mut self, slot: usize) -> bool {
        if slot < self.next || self.limit <= slot {
            return false;
        }
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        let is_wanted = self.ahead[word] & bit == 0;
        self.ahead[word] |= bit;
        is_wanted
    }

    /// The next slot to copy; `None` when all are.
    pub fn advance(&mut self) -> Option<usize> {
        // Ends: the cursor reaches the limit.
        while self.next < self.limit {
            let slot = self.next;
            self.next += 1;
            if self.ahead[slot / 64] & (1 << (slot % 64)) == 0 {
                return Some(slot);
            }
        }
        None
    }
}

/// What a shard remembers while it is saved.
#[derive(Debug, Default)]
pub struct Saving {
    /// Which shipments are copied.
    pub slots: Cursor,
    /// Rows of shipments that changed before their turn.
    pub ahead: Vec<u8>,
    /// Texts to copy: from, up to.
    pub texts: (usize, usize),
    /// Senses to copy: from, up to.
    pub senses: (usize, usize),
    /// What rules knew beside shipments, until it is a page.
    pub rules: Vec<u8>,
    /// State hash and shipments at the beginning.
    pub sums: (u64, usize),
    /// False before the first snapshot and after the last page of one.
    pub is_active: bool,
}

impl Saving {
    /// A vacant slot is taken while a snapshot is written: the shipment is no part of it.
    pub fn pass_over(&mut self, slot: usize) {
        if self.is_active {
            self.slots.is_wanted(slot);
        }
    }
}

/// Writes a row: its size, then what `fill` writes.
pub fn put_row(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    let size = u32::try_from(out.len() - start - 4).expect("a row is one shipment");
    out[start..start + 4].copy_from_slice(&size.to_le_bytes());
}

/// Writes a part of a row: its number, its size, then what `fill` writes.
pub fn put_part(out: &mut Vec<u8>, number: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(number);
    put_row(out, fill);
}

/// Reads the next part of a row; `None` at its end.
///
/// # Errors
///
/// It is cut short.
pub fn take_part<'a>(
    row: &mut Source<'a>,
    what: &'static str,
) -> Result<Option<(u8, Source<'a>)>, Flaw> {
    if row.is_empty() {
        return Ok(None);
    }
    let number = row.u8()?;
    let size = row.u32()? as usize;
    Ok(Some((number, Source::new(row.take(size)?, what))))
}

/// Visits the rows of a section.
///
/// # Errors
///
/// A row is cut short, or `visit` finds a flaw.
pub fn rows(
    section: &[u8],
    mut visit: impl FnMut(Source<'_>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let mut source = Source::new(section, "a page of rows");
    while !source.is_empty() {
        let size = source.u32()? as usize;
        visit(Source::new(source.take(size)?, "a row"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The model: a copy of all slots at the beginning.
        #[test]
        fn a_cursor_copies_what_was_there_at_the_beginning(
            count in 0_usize..200,
            steps in prop::collection::vec((any::<bool>(), 0_usize..250), 0..400),
        ) {
            let mut state: Vec<u32> = (0..count as u32).collect();
            let expected = state.clone();
            let mut copied = vec![None; count];
            let mut cursor = Cursor::default();
            cursor.begin(count);
            let mut copy = |slot: usize, state: &[u32]| {
                assert_eq!(copied[slot], None, "a slot is copied once");
                copied[slot] = Some(state[slot]);
            };
            for (is_change, slot) in steps {
                if !is_change {
                    if let Some(slot) = cursor.advance() {
                        copy(slot, &state);
                    }
                    continue;
                }
                if slot < state.len() {
                    if cursor.is_wanted(slot) {
                        copy(slot, &state);
                    }
                    state[slot] += 1000;
                } else {
                    state.push(7);
                }
            }
            while let Some(slot) = cursor.advance() {
                copy(slot, &state);
            }
            let copied: Vec<u32> = copied.into_iter().flatten().collect();
            prop_assert_eq!(copied, expected);
        }
    }

    #[test]
    fn rows_and_parts_lead_back_and_cut_ones_are_flaws() {
        let mut page = Vec::new();
        put_row(&mut page, |out| {
            out.extend_from_slice(b"first");
            put_part(out, 7, |out| out.extend_from_slice(b"part"));
        });
        put_row(&mut page, |_| {});
        let mut seen = Vec::new();
        let visit = |page: &[u8], seen: &mut Vec<String>| {
            rows(page, |mut row| {
                if row.is_empty() {
                    seen.push(String::from("-"));
                    return Ok(());
                }
                let first = row.take(5)?.to_vec();
                let (number, mut part) = take_part(&mut row, "part")?.expect("one part");
                let size = part.len();
                let text = part.take(size)?.to_vec();
                seen.push(format!("{first:?} {number} {text:?}"));
                Ok(())
            })
        };
        assert_eq!(visit(&page, &mut seen), Ok(()));
        assert_eq!(seen.len(), 2);
        for size in 1..page.len() - 4 {
            assert!(visit(&page[..size], &mut seen).is_err(), "{size}");
        }
    }
}
