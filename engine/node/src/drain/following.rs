//! What a standby holds back: input that the owner has not committed yet.
//!
//! # Place
//! In the drain of a standby, between the reader and the pipeline.
//! # Method
//! Only input at or below the owner's committed position is applied, and a turn ends exactly there
//! where the newest commit record stands, so that the state after it can be held against the
//! record's hash. Whatever is read beyond waits; a take-over goes on with it.
//! # Holds
//! - A standby never applies what the owner might still say: after a take-over nothing has to be
//!   taken back. A record that falls behind one that was followed ends it: what lies between was
//!   applied, perhaps, and would never be said.

use crate::jetstream::ctl::{CtlRecord, Position};
use crate::jetstream::reader::{Batch, Message};
use std::collections::VecDeque;

/// Messages held before no more are taken from the reader.
const HELD_MAX: usize = 16_384;

/// Messages of one turn.
const TURN_MAX: usize = 1024;

/// What is held back, and up to where the owner has committed.
#[derive(Debug)]
pub(super) struct Following {
    held: VecDeque<Message>,
    pending: u64,
    /// The record as it stood last.
    known: Position,
    /// Whole messages up to here may be applied.
    until: u64,
    /// The state hash at `until`, where the record stands at the end of a turn.
    hash: Option<u64>,
}

impl Following {
    /// Begins with the record as it stood at the start.
    pub(super) fn new(known: Position) -> Self {
        Self { held: VecDeque::new(), pending: 0, known, until: 0, hash: None }
    }

    /// Where the record stood before it fell to this position, if it did.
    pub(super) fn fallen_from(&self, position: Position) -> Option<Position> {
        Some(self.known).filter(|known| !position.reaches(*known))
    }

    /// The commit record as it stands.
    pub(super) fn record(&mut self, record: &CtlRecord) {
        let position = record.position;
        self.known = position;
        let is_whole = position.index == 0;
        self.until = if is_whole { position.seq } else { position.seq.saturating_sub(1) };
        self.hash = record.state_hash.filter(|_| is_whole);
    }

    /// True where another batch may be added.
    pub(super) fn has_room(&self) -> bool {
        self.held.len() < HELD_MAX
    }

    pub(super) fn add(&mut self, batch: Batch) {
        self.pending = batch.pending;
        self.held.extend(batch.messages);
    }

    /// What may be applied next, and the hash that the state must have then, where that is known.
    pub(super) fn take(&mut self) -> Option<(Batch, Option<u64>)> {
        let ready = self.held.partition_point(|message| message.seq <= self.until).min(TURN_MAX);
        if ready == 0 {
            return None;
        }
        let messages: Vec<Message> = self.held.drain(..ready).collect();
        let last_seq = messages.last().map_or(0, |message| message.seq);
        let hash = self.hash.filter(|_| last_seq == self.until);
        Some((self.batch(messages), hash))
    }

    /// What is left when the group is ours.
    pub(super) fn finish(mut self) -> Batch {
        let messages = std::mem::take(&mut self.held).into();
        self.batch(messages)
    }

    fn batch(&self, messages: Vec<Message>) -> Batch {
        let bytes = messages.iter().map(|message| message.payload.len()).sum();
        Batch { messages, bytes, pending: self.pending + self.held.len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jetstream::ctl::Position;
    use bytes::Bytes;

    fn message(seq: u64) -> Message {
        Message {
            seq,
            stream_time_us: 0,
            received_us: None,
            subject: "raw.t.f".into(),
            payload: Bytes::from_static(b"{}"),
        }
    }

    fn record(seq: u64, index: u32) -> CtlRecord {
        // A commit that was cut between two messages of a turn does not know the state there.
        let is_cut = seq == 5;
        CtlRecord {
            position: Position { seq, index },
            previous: Position::default(),
            epoch: 1,
            batch: 1,
            state_hash: (!is_cut).then_some(seq),
            stream: None,
            quarantined: crate::quarantine::Quarantine::default(),
            engine: String::new(),
            owner: String::new(),
        }
    }

    #[test]
    fn only_committed_input_is_applied_and_hashes_are_known_where_the_record_stands() {
        let mut following = Following::new(Position::default());
        let messages = [2, 4, 5, 7, 9].map(message).to_vec();
        following.add(Batch { messages, bytes: 10, pending: 3 });
        let mut take = |seq, index| {
            following.record(&record(seq, index));
            following.take().map(|(batch, hash)| {
                let seqs: Vec<u64> = batch.messages.iter().map(|message| message.seq).collect();
                (seqs, batch.pending, hash)
            })
        };
        assert_eq!(take(1, 0), None);
        assert_eq!(take(4, 0), Some((vec![2, 4], 6, Some(4))));
        assert_eq!(take(5, 0), Some((vec![5], 5, None)));
        // Within message 7: only those before it, which are applied.
        assert_eq!(take(7, 2), None);
        assert_eq!(take(7, 0), Some((vec![7], 4, Some(7))));
        assert_eq!(take(8, 0), None);
        let fallen = |seq, index| following.fallen_from(Position { seq, index });
        assert_eq!(fallen(8, 0), None);
        assert_eq!(fallen(9, 1), None);
        assert_eq!(fallen(8, 3), Some(Position::whole(8)));
        assert_eq!(following.finish().messages.len(), 1);
    }
}
