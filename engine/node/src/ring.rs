//! Bounded rings between threads: one writer, one reader, no lock; the reader is woken by its bell.
//!
//! # Holds
//!
//! - A full ring hands the value back: that is the back-pressure.
//! - What was put in comes out, in order, also after the writer has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;

use crate::bell::Bell;

#[derive(Debug)]
struct Shared<T> {
    queue: ArrayQueue<T>,
    /// Set by either end when it goes; on a line of its own, since both ends read it.
    closed: CachePadded<AtomicBool>,
    /// Of the thread that reads, where it waits for this ring.
    bell: Option<Arc<Bell>>,
}

/// The writing end.
#[derive(Debug)]
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
}

/// The reading end.
#[derive(Debug)]
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
}

/// A ring of `capacity` values. What is put in rings the bell of who reads; none for a ring that nobody waits for.
#[must_use]
pub fn ring<T>(capacity: usize, bell: Option<&Arc<Bell>>) -> (Writer<T>, Reader<T>) {
    assert!(0 < capacity);
    let shared = Arc::new(Shared {
        queue: ArrayQueue::new(capacity),
        closed: CachePadded::new(AtomicBool::new(false)),
        bell: bell.cloned(),
    });
    (Writer { shared: Arc::clone(&shared) }, Reader { shared })
}

impl<T> Writer<T> {
    /// Puts a value in.
    ///
    /// # Errors
    ///
    /// The ring is full: the value itself.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        self.shared.queue.push(value)?;
        self.shared.ring();
        Ok(())
    }

    /// True where nobody will read any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

impl<T> Reader<T> {
    /// Takes the oldest value out.
    pub fn pop(&mut self) -> Option<T> {
        self.shared.queue.pop()
    }

    /// True where nothing is here at present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.queue.is_empty()
    }

    /// True where nothing is left and nobody will write any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // The order matters: a writer puts its last value in before it closes.
        self.shared.closed.load(Ordering::Acquire) && self.shared.queue.is_empty()
    }
}

impl<T> Shared<T> {
    fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.ring();
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_hands_back_and_a_closed_one_empties() {
        let (mut writer, mut reader) = ring(2, None);
        assert_eq!(writer.push(1), Ok(()));
        assert_eq!(writer.push(2), Ok(()));
        assert_eq!(writer.push(3), Err(3));
        assert_eq!(reader.pop(), Some(1));
        assert!(!reader.is_finished());
        drop(writer);
        assert!(!reader.is_finished());
        assert_eq!(reader.pop(), Some(2));
        assert!(reader.is_finished());
    }
}
