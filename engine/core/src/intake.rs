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
use std::sync::Arc;

use crossdock_model::time::Micros;
use crossdock_rules::rule::ruleset::RuleSet;

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
    /// The rules that are in force from here on.
    rules: Option<Arc<RuleSet>>,
    /// It is not to be read.
    is_left_out: bool,
}

impl Incoming {
    /// The rules that are in force from here on, where the message says so.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.rules.as_ref()
    }

    /// True where the document becomes a dead letter without being read.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.is_left_out
    }
}

/// The feed name of a message that says only that time has passed; it has no tenant.
pub const TICK: &str = "-tick";

/// The feed name of a message that says which rules are in force from here on; it has no tenant.
pub const RULES: &str = "-rules";

/// Documents of one turn.
#[derive(Debug, Default)]
pub struct Intake {
    documents: Vec<Incoming>,
    bytes: Vec<u8>,
    names: String,
}

impl Intake {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.documents.clear();
        self.bytes.clear();
        self.names.clear();
    }

    /// Adds a document.
    pub fn push(&mut self, seq: u64, received: Micros, tenant: &str, feed: &str, document: &[u8]) {
        assert!(received.is_some(), "stream time is always known");
        let last = self.documents.last();
        assert!(last.is_none_or(|last| last.received <= received), "stream time never falls");
        assert!(last.is_none_or(|last| last.seq < seq), "documents come in the order of the log");
        let tenant = self.put_name(tenant);
        let feed = self.put_name(feed);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(document);
        let bytes = range(start, self.bytes.len());
        let is_left_out = false;
        let incoming = Incoming { seq, received, tenant, feed, bytes, rules: None, is_left_out };
        self.documents.push(incoming);
    }

    /// The document that was added last is not to be read: the engine panics when it applies it.
    pub fn leave_last_out(&mut self) {
        if let Some(last) = self.documents.last_mut() {
            last.is_left_out = true;
        }
    }

    /// Adds a message that says only that time has passed.
    pub fn push_tick(&mut self, seq: u64, received: Micros) {
        self.push(seq, received, "", TICK, b"");
    }

    /// Adds a message that puts rules in force; without any it could not be followed, and those in
    /// force stay.
    pub fn push_rules(&mut self, seq: u64, received: Micros, rules: Option<Arc<RuleSet>>) {
        self.push(seq, received, "", RULES, b"");
        if let Some(last) = self.documents.last_mut() {
            last.rules = rules;
        }
    }

    /// True for a tick or a switch of rules, which carry no events.
    #[must_use]
    pub fn is_control(&self, document: &Incoming) -> bool {
        self.tenant(document).is_empty() && matches!(self.feed(document), TICK | RULES)
    }

    fn put_name(&mut self, name: &str) -> Range<u32> {
        let start = self.names.len();
        self.names.push_str(name);
        range(start, self.names.len())
    }

    /// Makes `target` a copy of this intake, in the memory it has.
    pub fn copy_into(&self, target: &mut Self) {
        target.documents.clone_from(&self.documents);
        target.bytes.clone_from(&self.bytes);
        target.names.clone_from(&self.names);
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
        &self.names[range.start as usize..range.end as usize]
    }
}

fn range(start: usize, end: usize) -> Range<u32> {
    let end = u32::try_from(end).expect("a turn is far below 4 GiB");
    start as u32..end
}
