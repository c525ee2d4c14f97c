//! What a turn has to say: changes and dead letters as bytes, each with its place in the log.
//!
//! # Place
//!
//! Lanes write dead letters, shards write changes; `merge` brings the outputs of one turn into
//! the order of the input log, and a sink writes or publishes them.
//!
//! # Holds
//!
//! - Messages of one output are in the order in which their causes were applied; their bytes need not be.
//! - After merging, messages are ordered by position whatever the number of lanes and shards. What
//!   timers say has its place among the timers of its message only then: by when, then by whose.

use core::ops::Range;

use crossdock_model::change::ChangeKind;
use crossdock_model::id::{ChangeId, Position, ShipmentKey};
use crossdock_model::reject::Reject;
use crossdock_model::time::{EventTime, Micros};

use crate::forecast::news::News;
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
    /// Order among what timers say at one message; 0 for what an event says.
    turn: u128,
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

/// Messages of one turn, and what is told to the order book and the forecast.
#[derive(Debug, Default)]
pub struct Output {
    messages: Vec<Message>,
    bytes: Vec<u8>,
    told: Vec<Telling>,
    names: String,
    /// What the forecast is told.
    pub news: News,
}

impl Output {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.bytes.clear();
        self.told.clear();
        self.names.clear();
        self.news.clear();
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

    /// The bytes of all messages.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in [`Self::bytes`] subject and body of a message of this output are.
    #[must_use]
    pub fn ranges(&self, message: &Message) -> (Range<usize>, Range<usize>) {
        let range = |(start, end): (u32, u32)| start as usize..end as usize;
        (range(message.subject), range(message.body))
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
        self.push_at(Place { position, turn: 0 }, kind, received, subject, body);
    }

    /// Takes the place of a message behind the others; its bytes come by [`Self::fill`]. Gives its number.
    pub fn reserve(&mut self, position: Position, kind: MessageKind, received: i64) -> usize {
        debug_assert!(!position.is_timer());
        let (subject, body) = ((0, 0), (0, 0));
        self.messages.push(Message { position, kind, received, turn: 0, subject, body });
        self.messages.len() - 1
    }

    /// The bytes of a message that was reserved: `write` writes its subject and behind it its body, and gives where that
    /// begins.
    pub fn fill(&mut self, number: usize, write: impl FnOnce(&mut Vec<u8>) -> usize) {
        let (subject, body) = self.write(write);
        let message = &mut self.messages[number];
        assert!(message.body.1 == 0, "a message is written once");
        (message.subject, message.body) = (subject, body);
    }

    /// Adds a message that may be a timer's.
    pub fn push_at(
        &mut self,
        place: Place,
        kind: MessageKind,
        received: i64,
        subject: impl FnOnce(&mut Vec<u8>),
        body: impl FnOnce(&mut Vec<u8>),
    ) {
        let Place { position, turn } = place;
        debug_assert!(position.is_timer() == (turn != 0));
        let (subject, body) = self.write(|bytes| {
            subject(bytes);
            let middle = bytes.len();
            body(bytes);
            middle
        });
        self.messages.push(Message { position, kind, received, turn, subject, body });
    }

    /// Where subject and body are that `write` wrote.
    #[inline]
    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>) -> usize) -> ((u32, u32), (u32, u32)) {
        let start = self.bytes.len();
        let middle = write(&mut self.bytes);
        let end = self.bytes.len();
        assert!(start < middle && middle < end, "a message has a subject and a body");
        assert!(u32::try_from(end).is_ok(), "a turn's output is bounded by its input");
        ((start as u32, middle as u32), (middle as u32, end as u32))
    }
}

/// Where a message stands before the timers of one input message are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The position of the event, or [`Position::TIMERS`] at the message.
    pub position: Position,
    /// Which of the timers; 0 for an event.
    pub turn: u128,
}

impl Place {
    /// The place of an event.
    #[must_use]
    pub const fn of_event(position: Position) -> Self {
        Self { position, turn: 0 }
    }

    /// The place of what a timer says at a message: timers go by second, then phase, then whose.
    #[must_use]
    pub const fn of_timer(seq: u64, second: u32, phase: u8, key: u128) -> Self {
        let turn = ((second as u128) << 96) | ((phase as u128) << 94) | (key >> 34) | 1;
        Self { position: Position { seq, index: Position::TIMERS }, turn }
    }
}

/// Gives the timers of one input message their indexes.
#[derive(Debug, Default)]
struct Numbering {
    seq: u64,
    turn: u128,
    index: u32,
}

impl Numbering {
    fn number(&mut self, message: &Message) -> Message {
        if message.turn == 0 {
            return *message;
        }
        let seq = message.position.seq;
        if self.seq != seq {
            *self = Self { seq, turn: message.turn, index: Position::TIMERS };
        } else if self.turn != message.turn {
            self.turn = message.turn;
            self.index += 1;
        }
        Message { position: Position { seq, index: self.index }, ..*message }
    }
}

/// Visits the messages of several outputs of one turn in the order of the log.
///
/// Each output is ordered by itself, so this is a merge. A place belongs to one lane's dead letters or
/// one shard's changes, and to the order book and the forecast, whose outputs come last and so speak after them.
pub fn merge<'a>(outputs: &[&'a Output], mut visit: impl FnMut(&'a Output, &Message)) {
    let mut numbering = Numbering::default();
    if let [output] = outputs {
        for message in output.messages() {
            visit(output, &numbering.number(message));
        }
        return;
    }
    let mut heads = vec![0_usize; outputs.len()];
    // Ends: every turn moves one head by one.
    loop {
        let place = |message: &Message| (message.position, message.turn);
        let next = outputs
            .iter()
            .enumerate()
            .filter_map(|(i, output)| output.messages.get(heads[i]).map(|it| (place(it), i)))
            .min();
        let Some((_, i)) = next else { return };
        visit(outputs[i], &numbering.number(&outputs[i].messages[heads[i]]));
        heads[i] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(places: &[Place]) -> Output {
        let mut output = Output::default();
        for place in places {
            let kind = MessageKind::DeadLetter(Reject::Malformed);
            output.push_at(*place, kind, 0, |bytes| bytes.push(b's'), |bytes| bytes.push(b'b'));
        }
        output
    }

    #[test]
    fn timers_are_counted_over_all_outputs_before_the_events_of_their_message() {
        let event = |seq, index| Place::of_event(Position { seq, index });
        let timer = |seq, second, key: u128| Place::of_timer(seq, second, 0, key << 64);
        let a = output(&[event(1, 0), timer(2, 10, 5), timer(2, 10, 5), timer(2, 12, 1)]);
        let b = output(&[timer(2, 10, 7), event(2, 1), timer(3, 20, 1)]);
        let c = output(&[event(2, 0)]);
        let mut found = Vec::new();
        merge(&[&a, &b, &c], |_, message| {
            let Position { seq, index } = message.position;
            let word = if message.position.is_timer() { "t" } else { "" };
            found.push(format!("{seq}.{word}{}", index % Position::TIMERS));
        });
        assert_eq!(found.join(" "), "1.0 2.t0 2.t0 2.t1 2.t2 2.0 2.1 3.t0");
    }
}
