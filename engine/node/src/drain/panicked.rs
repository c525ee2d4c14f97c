//! What a drain does when the pipeline has panicked: one message is left out, and the engine starts again.
//!
//! # Place
//!
//! A turn of the drain, once a part of the pipeline told of a panic. Nothing is read, applied or said after that.
//!
//! # Method
//!
//! ```text
//! panic at message 1207 -> the commit under way ends -> record {position as it was, quarantined: [.., 1207]}
//!                       -> EdgeError::Quarantined -> a start: snapshot, replay; 1207 is a dead letter
//! ```
//!
//! State in memory is given up: it may be half of something. The record is written under the fence, so a zombie
//! leaves nothing out. What was gathered and not committed is said again by the replay.
//!
//! # Holds
//!
//! - Only what is not committed is left out: a message that an engine has applied and spoken of stays so.
//!
//! # Does not hold
//!
//! - A panic while time passes belongs to no message; it ends the process, as does one that a standby has.

use crossdock_core::under_way::UnderWay;

use super::{Drain, Underway};
use crate::error::EdgeError;
use crate::jetstream::edge::Link;
use crate::jetstream::output::CommitRequest;
use crate::quarantine::{Quarantine, Quarantined};
use crate::telemetry::Gauge;

impl<L: Link> Drain<L> {
    /// Leaves out what the commit record says.
    #[must_use]
    pub fn without(mut self, quarantine: Quarantine) -> Self {
        self.telemetry.gauges.set(Gauge::Quarantined, quarantine.len() as u64);
        self.quarantine = quarantine;
        self
    }

    /// The pipeline has panicked: tells the commit record which message to leave out, and ends when it has.
    ///
    /// # Errors
    ///
    /// Always, in the end: the engine has to start again.
    pub(super) fn leave_out(&mut self) -> Result<usize, EdgeError> {
        // What it commits decides what may be left out; its outcome comes first.
        if self.is_committing {
            return Ok(0);
        }
        let panicked = self.pipeline.panicked();
        if let Some(seq) = self.leaves_out {
            let words = panicked.map_or_else(String::new, |it| it.words.clone());
            return Err(EdgeError::Quarantined { seq, words });
        }
        let Some(quarantined) = self.quarantined() else { return Err(self.panic_for_people()) };
        tracing::error!(
            seq = quarantined.seq,
            time = %quarantined.time,
            words = panicked.map_or("", |it| it.words.as_str()),
            "a panic while this message was applied: it becomes a dead letter, and the engine starts again without it"
        );
        self.ticket += 1;
        let request = CommitRequest {
            ticket: self.ticket,
            outputs: Vec::new(),
            sources: Vec::new(),
            position: self.committed,
            state_hash: 0,
            mark: None,
            quarantined: Some(quarantined),
        };
        if self.edge.submit_commit(request).is_ok() {
            self.is_committing = true;
            self.leaves_out = Some(quarantined.seq);
        }
        Ok(1)
    }

    /// The message that panicked, where it may be left out.
    fn quarantined(&self) -> Option<Quarantined> {
        let UnderWay::Message(seq) = self.pipeline.panicked()?.under_way else { return None };
        let is_ours = self.following.is_none() && !self.quarantine.is_full();
        let is_new = self.committed.seq < seq;
        let time_us = self.sources.time_us(seq).filter(|_| is_ours && is_new)?;
        Some(Quarantined::new(seq, time_us))
    }

    fn panic_for_people(&self) -> EdgeError {
        let last_seq = |turn: Option<&Underway>| turn.map_or(0, |turn| turn.position.seq);
        let at = self.pipeline.panicked().map(|it| it.under_way);
        if let Some(UnderWay::Message(seq) | UnderWay::Time(seq)) = at {
            return EdgeError::Panicked { after_seq: seq.saturating_sub(1), last_seq: seq };
        }
        let after_seq = last_seq(self.gathered_to.as_ref()).max(self.committed.seq);
        let last_seq = last_seq(self.turns.back()).max(after_seq);
        EdgeError::Panicked { after_seq, last_seq }
    }
}
