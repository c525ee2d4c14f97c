//! A table of rows that grows by pages: nothing is copied when it does, and no more than a page is unused.
//!
//! # Place
//!
//! The shipments of a shard, by slot, and their estimates.

use core::ops::{Index, IndexMut};

/// Rows of a page, as a power of two.
const PAGE_BITS: usize = 10;

const PAGE_LEN: usize = 1 << PAGE_BITS;

/// Rows by number.
#[derive(Debug)]
pub struct Rows<T> {
    pages: Vec<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE_LEN + last.len())
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Adds one behind the last.
    pub fn push(&mut self, row: T) {
        if self.pages.last().is_none_or(|last| last.len() == PAGE_LEN) {
            self.pages.push(Vec::with_capacity(PAGE_LEN));
        }
        if let Some(last) = self.pages.last_mut() {
            last.push(row);
        }
    }

    /// One of them, where there is one.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pages.get_mut(index >> PAGE_BITS)?.get_mut(index % PAGE_LEN)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        let rows: usize = self.pages.iter().map(Vec::capacity).sum();
        rows * size_of::<T>() + self.pages.capacity() * size_of::<Vec<T>>()
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.pages[index >> PAGE_BITS][index % PAGE_LEN]
    }
}

impl<T> IndexMut<usize> for Rows<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.pages[index >> PAGE_BITS][index % PAGE_LEN]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_they_were_put() {
        let mut rows = Rows::default();
        assert!(rows.is_empty());
        for number in 0..3 * PAGE_LEN + 5 {
            assert_eq!(rows.len(), number);
            rows.push(number);
        }
        rows[PAGE_LEN] = 7;
        *rows.get_mut(PAGE_LEN - 1).expect("it is there") = 8;
        assert_eq!(rows.get_mut(rows.len()), None);
        assert_eq!((rows[PAGE_LEN], rows[PAGE_LEN - 1], rows[3 * PAGE_LEN]), (7, 8, 3 * PAGE_LEN));
        assert_eq!(rows.iter().count(), rows.len());
        assert!(rows.memory_size() < (rows.len() + PAGE_LEN) * 8 + 200);
    }
}
