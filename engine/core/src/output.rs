//! What a turn has to say: changes and dead letters as bytes, each with its place in the log.
//!
//! # Place
//!
//! Lanes write dead letters, shards write changes; `merge` brings the outputs of one turn into
//! the order of the input log, and a sink writes or publishes them.
//!
//! # Holds
//!
//! - Messages of one output are in the order in which their causes were applied.
//! - After merging, messages are ordered by position whatever the number of lanes and shards.

use crossdock_model::change::ChangeKind;
use crossdock_model::id::{ChangeId, Position};
use crossdock_model::reject::Reject;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A change of a shipment or order.
    Change {
        /// Its kind.
        kind: ChangeKind,
        /// Its identity.
        id: ChangeId,
    },
    /// Something that went no further.
    DeadLetter(Reject),
}

/// One message of an output.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Where its cause stands in the input log.
    pub position: Position,
    /// What it is.
    pub kind: MessageKind,
    /// Stream time of the input that caused it, microseconds since 1970.
    pub received: i64,
    subject: (u32, u32),
    body: (u32, u32),
}

/// Messages of one turn.
#[derive(Debug, Default)]
pub struct Output {
    messages: Vec<Message>,
    bytes: Vec<u8>,
}

impl Output {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.bytes.clear();
    }

    /// The messages.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Takes back all messages behind the first `count`.
    pub fn truncate(&mut self, count: usize) {
        assert!(count <= self.messages.len());
        self.messages.truncate(count);
        self.bytes.truncate(self.messages.last().map_or(0, |last| last.body.1 as usize));
    }

    /// The subject of a message of this output.
    #[must_use]
    pub fn subject(&self, message: &Message) -> &str {
        core::str::from_utf8(&self.bytes[message.subject.0 as usize..message.subject.1 as usize])
            .unwrap_or("")
    }

    /// The body of a message of this output: one JSON object, no line end.
    #[must_use]
    pub fn body(&self, message: &Message) -> &[u8] {
        &self.bytes[message.body.0 as usize..message.body.1 as usize]
    }

    /// Adds a message: `subject` and `body` write their bytes.
    pub fn push(
        &mut self,
        position: Position,
        kind: MessageKind,
        received: i64,
        subject: impl FnOnce(&mut Vec<u8>),
        body: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        subject(&mut self.bytes);
        let middle = self.bytes.len();
        body(&mut self.bytes);
        let end = self.bytes.len();
        assert!(start < middle && middle < end, "a message has a subject and a body");
        assert!(u32::try_from(end).is_ok(), "a turn's output is bounded by its input");
        self.messages.push(Message {
            position,
            kind,
            received,
            subject: (start as u32, middle as u32),
            body: (middle as u32, end as u32),
        });
    }
}

/// Visits the messages of several outputs of one turn in the order of the log.
///
/// Each output is ordered by itself, so this is a merge; a position belongs to one output only
/// (one lane's dead letters or one shard's changes), so ties can't arise between outputs.
pub fn merge<'a>(outputs: &[&'a Output], mut visit: impl FnMut(&'a Output, &'a Message)) {
    if let [output] = outputs {
        for message in output.messages() {
            visit(output, message);
        }
        return;
    }
    let mut heads = vec![0_usize; outputs.len()];
    // Ends: every turn moves one head by one.
    loop {
        let next = outputs
            .iter()
            .enumerate()
            .filter_map(|(i, output)| output.messages.get(heads[i]).map(|it| (it.position, i)))
            .min();
        let Some((_, i)) = next else { return };
        visit(outputs[i], &outputs[i].messages[heads[i]]);
        heads[i] += 1;
    }
}
