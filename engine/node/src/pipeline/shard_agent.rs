//! A shard that is given turns: applies the batches of all lanes in order, and copies pages of snapshots between them.

use std::sync::Arc;
use std::time::Instant;

use crossdock_core::shard::Shard;

use super::{PAGE_SIZE, ShardTurn};
use crate::agent::Agent;
use crate::bell::Bell;
use crate::panicked::Alarm;
use crate::ring::{Reader, Writer};
use crate::snapshot::writer::PageSender;

/// Owns shipments.
#[derive(Debug)]
pub(super) struct ShardAgent {
    pub(super) name: String,
    pub(super) bell: Arc<Bell>,
    pub(super) shard: Shard,
    /// One per lane.
    pub(super) inboxes: Vec<Reader<ShardTurn>>,
    pub(super) outbox: Writer<ShardTurn>,
    pub(super) turn_index: u64,
    pub(super) pending: Option<ShardTurn>,
    /// Where snapshots go; `None` where none are wanted.
    pub(super) pages: Option<PageSender>,
    pub(super) alarm: Alarm,
    /// The shard has panicked.
    pub(super) is_over: bool,
}

impl ShardAgent {
    /// Copies the next page of a snapshot that is under way; true where there was one.
    fn save(&mut self) -> bool {
        let Some(pages) = &mut self.pages else { return false };
        if !pages.is_free() || !self.shard.is_saving() {
            return false;
        }
        let start = Instant::now();
        let mut page = Vec::with_capacity(PAGE_SIZE + PAGE_SIZE / 8);
        match self.shard.save(&mut page, PAGE_SIZE) {
            Some(kind) => pages.page(kind, page),
            None => {
                let (hash, shipments) = self.shard.saved();
                pages.done(hash, shipments);
            }
        }
        pages.stalled(start.elapsed());
        true
    }
}

impl Agent for ShardAgent {
    fn name(&self) -> &str {
        &self.name
    }

    fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    fn is_watching(&self) -> bool {
        self.pages.is_some() && self.shard.is_saving()
    }

    fn turn(&mut self) -> usize {
        if self.is_over {
            return 0;
        }
        if let Some(turn) = self.pending.take()
            && let Err(turn) = self.outbox.push(turn)
        {
            self.pending = Some(turn);
            return 0;
        }
        let has_saved = self.save();
        let lane = (self.turn_index % self.inboxes.len() as u64) as usize;
        let Some(mut turn) = self.inboxes[lane].pop() else { return usize::from(has_saved) };
        self.turn_index += 1;
        turn.output.clear();
        let ShardTurn { batch, output, .. } = &mut turn;
        let apply = |shard: &mut Shard| shard.apply(batch, output);
        if self.alarm.guard(&mut self.shard, apply, Shard::under_way).is_none() {
            self.is_over = true;
            return 1;
        }
        turn.tally = *self.shard.tally();
        turn.shipments = self.shard.shipment_count();
        turn.state_hash = self.shard.state_hash();
        if turn.begins_snapshot
            && let Some(pages) = &self.pages
        {
            let start = Instant::now();
            self.shard.begin_saving();
            pages.stalled(start.elapsed());
        }
        self.pending = self.outbox.push(turn).err();
        1
    }

    fn is_done(&self) -> bool {
        let lane = (self.turn_index % self.inboxes.len() as u64) as usize;
        let is_finished = self.pending.is_none() && self.inboxes[lane].is_finished();
        self.is_over || is_finished || self.outbox.is_closed()
    }
}
