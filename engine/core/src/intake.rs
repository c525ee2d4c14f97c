//! What a turn takes in: documents as their senders wrote them, with their place in the log.
//!
//! # Place
//!
//! A source fills an intake; a lane reads it; it goes back to be filled again.
//!
//! # Holds
//!
//! - Documents are in the order of the log, and stream time never falls from one to the next.
//! - A warm intake takes nothing from the allocator.

use core::ops::Range;

use crossdock_model::time::Micros;

/// One document of a turn.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Sequence of its message in the stream; in embedded mode, the number of the document.
    pub seq: u64,
    /// Stream time: the largest timestamp of the log so far.
    pub received: Micros,
    tenant: Range<u32>,
    feed: Range<u32>,
    bytes: Range<u32>,
}

/// Documents of one turn.
#[derive(Debug, Default)]
pub struct Intake {
    documents: Vec<Incoming>,
    bytes: Vec<u8>,
}

impl Intake {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.documents.clear();
        self.bytes.clear();
    }

    /// Adds a document.
    pub fn push(&mut self, seq: u64, received: Micros, tenant: &str, feed: &str, document: &[u8]) {
        assert!(received.is_some(), "stream time is always known");
        let last = self.documents.last();
        assert!(last.is_none_or(|last| last.received <= received), "stream time never falls");
        assert!(last.is_none_or(|last| last.seq < seq), "documents come in the order of the log");
        let tenant = self.put(tenant.as_bytes());
        let feed = self.put(feed.as_bytes());
        let bytes = self.put(document);
        self.documents.push(Incoming { seq, received, tenant, feed, bytes });
    }

    fn put(&mut self, bytes: &[u8]) -> Range<u32> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let end = u32::try_from(self.bytes.len()).expect("a turn is far below 4 GiB");
        start as u32..end
    }

    /// Makes `target` a copy of this intake, in the memory it has.
    pub fn copy_into(&self, target: &mut Self) {
        target.documents.clone_from(&self.documents);
        target.bytes.clone_from(&self.bytes);
    }

    /// The documents, in the order of the log.
    #[must_use]
    pub fn documents(&self) -> &[Incoming] {
        &self.documents
    }

    /// True where there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Bytes of documents and their names.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whose document it is.
    #[must_use]
    pub fn tenant(&self, document: &Incoming) -> &str {
        self.text(&document.tenant)
    }

    /// The feed that was named.
    #[must_use]
    pub fn feed(&self, document: &Incoming) -> &str {
        self.text(&document.feed)
    }

    /// The document itself.
    #[must_use]
    pub fn document(&self, document: &Incoming) -> &[u8] {
        &self.bytes[document.bytes.start as usize..document.bytes.end as usize]
    }

    fn text(&self, range: &Range<u32>) -> &str {
        core::str::from_utf8(&self.bytes[range.start as usize..range.end as usize]).unwrap_or("")
    }
}
