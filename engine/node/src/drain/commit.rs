//! The commit that is gathered: what turns say goes in, and goes out when it is due.
//!
//! # Place
//!
//! `pipeline` (turns, collected) -> **`commit`** -> `jetstream` (one request at a time).
//!
//! # Holds
//!
//! - A commit is whole turns, in order, with the position and the state hash behind the last of them.

use std::time::Instant;

use super::Drain;
use super::published::Published;
use crate::error::EdgeError;
use crate::jetstream::edge::Link;
use crate::jetstream::output::CommitRequest;
use crate::pipeline::Collected;
use crate::telemetry::Gauge;

impl<L: Link> Drain<L> {
    /// Adds what a turn says to the commit that is gathered.
    ///
    /// # Errors
    ///
    /// A standby's state is not that of the owner.
    pub(super) fn gather(&mut self, collected: &Collected) -> Result<(), EdgeError> {
        let mut turn = self.turns.pop_front().expect("a turn that is collected was submitted");
        turn.state_hash = collected.state_hash();
        if let Some(wanted) = turn.expected_hash.filter(|&wanted| wanted != turn.state_hash) {
            return Err(EdgeError::Diverged {
                group: self.group.clone(),
                seq: turn.position.seq,
                found: turn.state_hash,
                wanted,
            });
        }
        if self.gathered_to.is_none() {
            self.gathered_since = Instant::now();
        }
        let suppressed = self.suppressed;
        let mut published = Published::new(&self.source);
        let gathered = &mut self.gathered;
        let known = gathered.len();
        collected.visit(|output, message| {
            let position = message.position;
            if !suppressed.covers(position.seq, position.index) {
                gathered.push(published.message(output, message));
            }
        });
        self.sources.collect(collected.intake(), &gathered[known..]);
        self.receipts.push((turn.received_at, turn.documents));
        self.gathered_to = Some(turn);
        self.count();
        Ok(())
    }

    /// Sends the gathered commit where it is due and none is under way.
    pub(super) fn submit_commit(&mut self) -> usize {
        let Some(turn) = self.gathered_to else { return 0 };
        if self.is_committing {
            return 0;
        }
        let age = self.gathered_since.elapsed();
        let documents: u64 = self.receipts.iter().map(|(_, documents)| documents).sum();
        let is_due = if self.gathered.is_empty() {
            self.policy.idle_delay <= age || self.policy.documents <= documents
        } else {
            self.policy.outputs <= self.gathered.len() || self.policy.delay <= age
        };
        let is_replay = !turn.position.reaches(self.suppressed) && self.gathered.is_empty();
        if is_replay || turn.position == self.committed {
            // Replay up to the committed position: nothing to say, nothing to commit.
            self.gathered_to = None;
            self.receipts.clear();
            return 0;
        }
        // Where nothing more waits there is no reason to wait for more.
        let is_last = self.pending == 0 && self.pipeline.is_idle();
        if !is_due && !is_last {
            return 0;
        }
        self.ticket += 1;
        let request = CommitRequest {
            ticket: self.ticket,
            outputs: std::mem::take(&mut self.gathered),
            sources: self.sources.take(),
            position: turn.position,
            state_hash: turn.state_hash,
            mark: Some(turn.mark),
            quarantined: None,
        };
        let pending = request.outputs.len() as u64;
        self.telemetry.gauges.set(Gauge::CommitPendingMessages, pending);
        match self.edge.submit_commit(request) {
            Ok(()) => {
                self.is_committing = true;
                self.gathered_to = None;
                std::mem::swap(&mut self.receipts, &mut self.receipts_underway);
                self.receipts.clear();
                1
            }
            Err(request) => {
                self.gathered = request.outputs;
                self.sources.put_back(request.sources);
                0
            }
        }
    }

    pub(super) fn take_outcome(&mut self) -> Result<usize, EdgeError> {
        let Some(committed) = self.edge.poll_committed()? else { return Ok(0) };
        debug_assert!(self.is_committing, "an outcome belongs to a commit");
        self.is_committing = false;
        self.committed = committed.position;
        if let Some(keeper) = &self.keeper {
            keeper.committed(committed.position);
        }
        self.telemetry.gauges.set(Gauge::CommitPendingMessages, 0);
        for (received_at, documents) in self.receipts_underway.drain(..) {
            let micros = u64::try_from(received_at.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.latency.record(micros, documents);
        }
        self.latency.merge_into(&self.telemetry.latency);
        Ok(1)
    }
}
