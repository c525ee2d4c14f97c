//! One shard made from the pages of a snapshot, whatever number of shards saved them.
//!
//! # Place
//!
//! A start makes one loader per shard and shows each of them every page of rows; they may run beside
//! each other. Tables have to be read before.

use super::bytes::Flaw;
use super::table::{SavedTables, Tables};
use crate::shard::{Shard, ShardOptions};

/// Makes one shard.
#[derive(Debug)]
pub struct Loader<'a> {
    shard: Shard,
    options: ShardOptions,
    /// No page of rules was taken yet.
    is_first: bool,
    index: usize,
    count: usize,
    /// One per shard that saved.
    tables: Vec<Tables<'a>>,
}

impl<'a> Loader<'a> {
    /// Begins shard `index` of `count`; `saved` holds the tables of every shard that saved.
    #[must_use]
    pub fn new(
        options: ShardOptions,
        (index, count): (usize, usize),
        saved: &'a [SavedTables],
    ) -> Self {
        assert!(index < count);
        let tables = saved.iter().map(Tables::new).collect();
        let shard = Shard::new(options.clone());
        Self { shard, options, is_first: true, index, count, tables }
    }

    /// Takes the page of what rules knew beside shipments: every shard's, before any rows. Where this
    /// shard has no rules it is passed over.
    ///
    /// # Errors
    ///
    /// What is wrong with the page.
    pub fn rules(&mut self, page: &[u8]) -> Result<(), Flaw> {
        self.shard.take_shared(page, &self.options, core::mem::replace(&mut self.is_first, false))
    }

    /// Takes those rows of a page that belong to this shard. `saved_by` is the shard that wrote it.
    ///
    /// # Errors
    ///
    /// What is wrong with the page.
    pub fn rows(&mut self, saved_by: usize, page: &[u8]) -> Result<(), Flaw> {
        let Some(tables) = self.tables.get_mut(saved_by) else {
            return Err(Flaw::new("a page", format!("shard {saved_by} saved no tables")));
        };
        super::rows(page, |row| {
            if Shard::key_of_row(row)?.shard(self.count) != self.index {
                return Ok(());
            }
            self.shard.take_row(row, tables)
        })
    }

    /// The shard.
    #[must_use]
    pub fn finish(self) -> Shard {
        self.shard
    }
}
