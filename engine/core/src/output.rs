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
use crossdock_model::id::{ChangeId, Position, ShipmentKey};
use crossdock_model::reject::Reject;
use crossdock_model::time::{EventTime, Micros};

use crate::order::Standing;
use crate::order_book::Told;

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

/// A [`Told`] of an output.
#[derive(Clone, Copy, Debug)]
pub struct Telling {
    position: Position,
    received: Micros,
    at: EventTime,
    /// Ends of tenant, order, carrier, number and feed behind `start`.
    start: u32,
    ends: [u32; 5],
    key: ShipmentKey,
    cause: u64,
    before: Standing,
    after: Standing,
}

impl Telling {
    /// Where its cause stands in the log.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}

/// Messages of one turn, and what is told to the order book.
#[derive(Debug, Default)]
pub struct Output {
    messages: Vec<Message>,
    bytes: Vec<u8>,
    told: Vec<Telling>,
    names: String,
}

impl Output {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.bytes.clear();
        self.told.clear();
        self.names.clear();
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

    /// What the order book is told, in the order of the log.
    #[must_use]
    pub fn told(&self) -> &[Telling] {
        &self.told
    }

    /// The whole of something that is told.
    #[must_use]
    pub fn told_of(&self, telling: &Telling) -> Told<'_> {
        let Telling { position, received, at, start, ends, key, cause, before, after } = *telling;
        let text = |i: usize| {
            let from = if i == 0 { start } else { ends[i - 1] };
            &self.names[from as usize..ends[i] as usize]
        };
        Told {
            position,
            received,
            at,
            tenant: text(0),
            order: text(1),
            carrier: text(2),
            number: text(3),
            feed: text(4),
            key,
            cause,
            before,
            after,
        }
    }

    /// Tells the order book something.
    pub fn tell(&mut self, told: &Told<'_>) {
        let start = self.names.len() as u32;
        let ends = [told.tenant, told.order, told.carrier, told.number, told.feed].map(|text| {
            self.names.push_str(text);
            self.names.len() as u32
        });
        assert!(self.told.last().is_none_or(|last| last.position <= told.position));
        self.told.push(Telling {
            position: told.position,
            received: told.received,
            at: told.at,
            start,
            ends,
            key: told.key,
            cause: told.cause,
            before: told.before,
            after: told.after,
        });
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
/// Each output is ordered by itself, so this is a merge. A position belongs to one lane's dead letters or
/// one shard's changes, and to the order book, whose output comes last and so speaks after them.
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
