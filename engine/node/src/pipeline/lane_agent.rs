//! A lane that is given turns: reads the documents of a turn and hands every shard its batch.

use std::sync::Arc;

use crossdock_core::batch::Batch;
use crossdock_core::lane::{Lane, LaneOutput};

use super::{LaneTurn, ShardTurn};
use crate::agent::Agent;
use crate::bell::Bell;
use crate::ring::{Reader, Writer};

/// Reads documents.
#[derive(Debug)]
pub(super) struct LaneAgent {
    pub(super) name: String,
    pub(super) bell: Arc<Bell>,
    pub(super) lane: Lane,
    pub(super) inbox: Reader<LaneTurn>,
    pub(super) outbox: Writer<LaneTurn>,
    pub(super) to_shards: Vec<Writer<ShardTurn>>,
    pub(super) spare: Vec<Reader<ShardTurn>>,
    /// A turn that was read and not handed on yet, by shard, and its lane part.
    pub(super) pending: Option<(Vec<Option<ShardTurn>>, Option<LaneTurn>)>,
    pub(super) batches: Vec<Batch>,
}

impl LaneAgent {
    fn read(&mut self, mut turn: LaneTurn) {
        let mut outgoing: Vec<ShardTurn> =
            self.spare.iter_mut().map(|spare| spare.pop().unwrap_or_default()).collect();
        self.batches.clear();
        self.batches.extend(outgoing.iter_mut().map(|turn| std::mem::take(&mut turn.batch)));
        turn.letters.clear();
        let mut out = LaneOutput { batches: &mut self.batches, letters: &mut turn.letters };
        self.lane.read(&turn.intake, &mut out);
        turn.tally = *self.lane.tally();
        for (target, batch) in outgoing.iter_mut().zip(self.batches.drain(..)) {
            target.batch = batch;
            target.begins_snapshot = turn.begins_snapshot;
        }
        self.pending = Some((outgoing.into_iter().map(Some).collect(), Some(turn)));
    }

    /// Hands on what was read; true when all of it is gone.
    fn hand_on(&mut self) -> bool {
        let Some((shard_turns, lane_turn)) = &mut self.pending else { return true };
        for (writer, slot) in self.to_shards.iter_mut().zip(shard_turns.iter_mut()) {
            if let Some(turn) = slot.take() {
                *slot = writer.push(turn).err();
            }
        }
        if let Some(turn) = lane_turn.take() {
            *lane_turn = self.outbox.push(turn).err();
        }
        let is_gone = lane_turn.is_none() && shard_turns.iter().all(Option::is_none);
        if is_gone {
            self.pending = None;
        }
        is_gone
    }
}

impl Agent for LaneAgent {
    fn name(&self) -> &str {
        &self.name
    }

    fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    fn turn(&mut self) -> usize {
        if !self.hand_on() {
            return 0;
        }
        let Some(turn) = self.inbox.pop() else { return 0 };
        self.read(turn);
        self.hand_on();
        1
    }

    fn is_done(&self) -> bool {
        (self.pending.is_none() && self.inbox.is_finished()) || self.outbox.is_closed()
    }
}
