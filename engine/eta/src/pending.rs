//! Outcomes on their way to a mark, in the order of the log.
//!
//! # Place
//! Between shards, which collect in whatever order they run, and [`crate::estimator`], which learns in one.
//! # Method
//! Each entry carries its position (stream sequence, index in the document and milestone); shards' lists
//! are merged by sorting, and everything at or below the mark is handed over.
//! # Holds
//! The number of shards and the cut of batches have no say in the order of learning.
//! # Does not hold
//! Which positions are marks: the log says.

/// Where in the log something was seen: stream sequence, then index inside it.
pub type Position = (u64, u32);

/// Entries waiting for a mark.
#[derive(Clone, Debug)]
pub struct Pending<T> {
    entries: Vec<(Position, T)>,
}

impl<T> Default for Pending<T> {
    fn default() -> Pending<T> {
        Pending { entries: Vec::new() }
    }
}

impl<T> Pending<T> {
    /// Adds an entry, in any order.
    pub fn push(&mut self, position: Position, entry: T) {
        self.entries.push((position, entry));
    }

    /// Takes over what another shard has collected.
    pub fn merge(&mut self, other: &mut Pending<T>) {
        self.entries.append(&mut other.entries);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Hands over everything at or below the mark, in order of position. The sort is stable, but positions
    /// are meant to be unique.
    pub fn apply(&mut self, mark: u64, mut learn: impl FnMut(T)) {
        self.entries.sort_by_key(|entry| entry.0);
        let count = self.entries.partition_point(|entry| entry.0.0 <= mark);
        for (_, entry) in self.entries.drain(..count) {
            learn(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_merge_into_the_order_of_the_log_up_to_the_mark() {
        let mut left = Pending::default();
        let mut right = Pending::default();
        for (at, name) in [(7, "g"), (1, "a"), (12, "l")] {
            left.push((at, 0), name);
        }
        for (at, name) in [(3, "c"), (7, "h"), (10, "j")] {
            right.push((at, 1), name);
        }
        left.merge(&mut right);
        assert!(right.is_empty());
        let mut learned = String::new();
        left.apply(10, |name| learned.push_str(name));
        assert_eq!(learned, "acghj");
        assert_eq!(left.len(), 1);
    }
}
