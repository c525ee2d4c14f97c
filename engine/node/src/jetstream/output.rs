//! What is committed: outputs in the order of their input, cut into batches.
//!
//! # Place
//! Between the engine's ordered outputs and the committer's atomic batches.
//! # Method
//! A batch ends where the next input event would not fit any more, by number or by bytes; never
//! within one event, so that a position can name the place. A batch that ends within a document
//! has the position {seq, number of its events done}; one that ends among the timers that fired when
//! the document came, {seq, 2^31 + number of timers done}. Where outputs are packed, it is packs that are
//! counted.
//! # Holds
//! [`Output`], its headers, [`CommitRequest`], the cutting.
//! # Does not hold
//! The wire (`wire`), the packs (`pack`).

use crate::error::EdgeError;
use crate::jetstream::ctl::{Fingerprint, Position};
use crate::jetstream::pack::Count;
use crate::quarantine::Quarantined;
use async_nats::{HeaderMap, HeaderName, HeaderValue, Subject};
use bytes::Bytes;
use crossdock_model::change::ChangeKind;
use crossdock_model::id::{ChangeId, Position as Place};
use crossdock_model::reject::Reject;
use std::sync::Arc;

/// What NATS adds to a message besides subject, headers and body, bytes: verb, lengths, the batch
/// headers and line ends. An upper bound; the byte budget of a batch counts it.
const WIRE_OVERHEAD: usize = 160;

/// One message of the output stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The stream sequence of the input that caused it.
    pub seq: u64,
    /// The event within that input, or 2^31 and the number of a timer.
    pub index: u32,
    /// Where it goes.
    pub subject: Subject,
    /// What its headers say.
    pub label: Label,
    /// Its body.
    pub body: Bytes,
}

/// What the headers of an output say; `docs/FORMATS.md` defines them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A change.
    Change {
        /// Its kind.
        kind: ChangeKind,
        /// Its identity.
        id: ChangeId,
        /// `/crossdock/<group>`.
        source: Arc<str>,
    },
    /// Something that went no further.
    DeadLetter(Reject),
    /// Several changes of one tenant, one a line.
    Pack {
        /// How many.
        count: u32,
    },
}

/// More than the headers of any label take, bytes, without the source.
const LABEL_SIZE_MAX: usize = 260;

impl Label {
    /// Adds the headers.
    pub fn put(&self, headers: &mut HeaderMap) {
        const fn name(name: &'static str) -> HeaderName {
            HeaderName::from_static(name)
        }
        match self {
            Self::Change { kind, id, source } => {
                let id = HeaderValue::from(format!("{:032x}", id.0));
                headers.insert(name("Crossdock-Id"), id.clone());
                headers.insert(name("Crossdock-Kind"), kind.name());
                headers.insert(name("Crossdock-Version"), "1");
                headers.insert(name("ce-specversion"), "1.0");
                headers.insert(name("ce-id"), id);
                headers.insert(name("ce-type"), kind.type_name());
                headers.insert(name("ce-source"), &**source);
            }
            Self::DeadLetter(reject) => headers.insert(name("Crossdock-Reason"), reject.name()),
            Self::Pack { count } => {
                headers.insert(name("Crossdock-Kind"), "packed");
                headers.insert(name("Crossdock-Version"), "1");
                headers.insert(name("Crossdock-Count"), HeaderValue::from(u64::from(*count)));
                headers.insert(name("Content-Type"), "application/x-ndjson");
            }
        }
    }
}

impl Output {
    /// Bytes of headers and body at most: what `max_payload` of the server counts.
    #[must_use]
    pub fn size(&self) -> usize {
        let source = match &self.label {
            Label::Change { source, .. } => source.len(),
            Label::DeadLetter(_) | Label::Pack { .. } => 0,
        };
        LABEL_SIZE_MAX + source + self.body.len()
    }

    fn budget(&self) -> usize {
        self.size() + self.subject.len() + WIRE_OVERHEAD
    }
}

/// One commit: it becomes one atomic batch, or several where it is too large for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRequest {
    /// Handed back with the outcome.
    pub ticket: u64,
    /// In the order of (seq, index).
    pub outputs: Vec<Output>,
    /// Everything up to here is done once this is committed.
    pub position: Position,
    /// Hash of the engine's state at `position`.
    pub state_hash: u64,
    /// The newest message at or before `position`.
    pub mark: Option<Fingerprint>,
    /// The messages that `outputs` are of, in order: a batch that ends among them names the last one
    /// it reaches, since the input may lose its tail between two batches of one commit.
    pub sources: Vec<Fingerprint>,
    /// A message to leave out from here on. Such a request commits nothing else: it has no outputs, and stands
    /// where the record stands.
    pub quarantined: Option<Quarantined>,
}

impl CommitRequest {
    /// The message that a batch ends with: the newest of the request, or one within.
    #[must_use]
    pub fn mark_of(&self, partial: Option<Position>) -> Option<Fingerprint> {
        let Some(position) = partial else { return self.mark };
        let found = self.sources.binary_search_by_key(&position.seq, |print| print.seq);
        found.ok().map(|index| self.sources[index])
    }
}

/// The limits of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Outputs per batch, without the commit record.
    pub outputs_max: usize,
    /// Bytes per batch. One event larger than that still goes, alone.
    pub bytes_max: usize,
    /// Bytes of one pack, where changes are packed; each goes alone where it is 0.
    pub pack_bytes: usize,
}

/// Where a batch that starts at output `start` ends (exclusive), and what is done after it: `None`
/// where that is the end of the request.
///
/// # Errors
/// [`EdgeError::OutputsPerEvent`] where a single event has more outputs than a batch may carry.
#[expect(clippy::panic_in_result_fn, reason = "a bug of ours, no failure of the outside")]
pub fn cut(
    outputs: &[Output],
    start: usize,
    limits: BatchLimits,
) -> Result<(usize, Option<Position>), EdgeError> {
    assert!(start <= outputs.len());
    assert!(limits.outputs_max > 0);
    let place = |at: usize| (outputs[at].seq, outputs[at].index);
    let order = |(seq, index): (u64, u32)| Place { seq, index };
    let mut bytes = 0;
    let mut end = start;
    let mut messages = Count::new(limits.pack_bytes);
    // Ends: `end` grows in every turn.
    while end < outputs.len() {
        let mut next = end;
        let mut event_bytes = 0;
        let before = messages.count();
        while next < outputs.len() && place(next) == place(end) {
            event_bytes += outputs[next].budget();
            messages.add(&outputs[next]);
            next += 1;
        }
        assert!(next == outputs.len() || order(place(end)) < order(place(next)));
        let full = messages.count() > limits.outputs_max || bytes + event_bytes > limits.bytes_max;
        if full && end > start {
            let (seq, index) = place(end - 1);
            let document_goes_on = place(end).0 == seq;
            let index = if document_goes_on { index + 1 } else { 0 };
            return Ok((end, Some(Position { seq, index })));
        }
        let count = messages.count() - before;
        if count > limits.outputs_max {
            let (seq, index) = place(end);
            let count_max = limits.outputs_max;
            return Err(EdgeError::OutputsPerEvent { seq, index, count, count_max });
        }
        bytes += event_bytes;
        end = next;
    }
    Ok((end, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn output(seq: u64, index: u32) -> Output {
        let subject = Subject::from_static("ms.t.operations.milestone");
        let label = Label::DeadLetter(Reject::Malformed);
        Output { seq, index, subject, label, body: Bytes::from_static(&[b'x'; 100]) }
    }

    /// Batches as `count@position`, the last one as `count@end`.
    fn check(places: &[(u64, u32)], outputs_max: usize, bytes_max: usize, expected: &str) {
        let outputs: Vec<Output> = places.iter().map(|&(s, i)| output(s, i)).collect();
        let limits = BatchLimits { outputs_max, bytes_max, pack_bytes: 0 };
        let mut text = Vec::new();
        let mut start = 0;
        loop {
            match cut(&outputs, start, limits) {
                Ok((end, Some(Position { seq, index }))) => {
                    text.push(format!("{}@{seq}.{index}", end - start));
                    start = end;
                }
                Ok((end, None)) => break text.push(format!("{}@end", end - start)),
                Err(error) => break text.push(error.to_string()),
            }
        }
        assert_eq!(text.join(" "), expected);
    }

    #[test]
    fn batches_end_between_events_and_name_the_place() {
        let many = usize::MAX;
        check(&[], 3, many, "0@end");
        let timer = crossdock_model::id::Position::TIMERS;
        check(
            &[(1, 0), (2, timer), (2, timer + 1), (2, 0), (2, 1)],
            2,
            many,
            "2@2.2147483649 2@2.1 1@end",
        );
        check(&[(1, 0), (2, 0), (3, 0)], 3, many, "3@end");
        check(&[(1, 0), (2, 0), (3, 0)], 2, many, "2@2.0 1@end");
        check(&[(1, 0), (1, 1), (1, 2)], 2, many, "2@1.2 1@end");
        check(&[(1, 0), (2, 5), (2, 5), (3, 0)], 2, many, "1@1.0 2@2.0 1@end");
        check(&[(1, 0), (2, 0), (3, 0)], 9, 1_200, "2@2.0 1@end");
        check(&[(1, 0), (2, 0)], 9, 1, "1@1.0 1@end");
        check(
            &[(1, 0), (2, 7), (2, 7), (2, 7)],
            2,
            many,
            "1@1.0 input 2, event 7, has 3 outputs; one commit carries at most 2",
        );
    }

    proptest! {
        /// All outputs go, in order, each at or before its batch's position and after the one before.
        #[test]
        fn cutting_loses_nothing(
            steps in prop::collection::vec((0u64..2, 0u32..3), 0..200),
            outputs_max in 1usize..20,
            bytes_max in 1usize..5000,
            timers in any::<bool>(),
        ) {
            let first = if timers { Place::TIMERS } else { 0 };
            let (mut seq, mut index) = (1, first);
            let mut outputs = Vec::new();
            for (seq_step, index_step) in steps {
                // Timers first, then events.
                if seq_step > 0 { seq += seq_step; index = first; }
                else if Place::TIMERS + 2 < index { index = 0; }
                else { index += index_step; }
                outputs.push(output(seq, index));
            }
            let limits = BatchLimits { outputs_max, bytes_max, pack_bytes: 0 };
            let mut start = 0;
            let mut before = Position::default();
            while let Ok((end, position)) = cut(&outputs, start, limits) {
                prop_assert!(end - start <= outputs_max);
                let position = position.unwrap_or(Position::whole(u64::MAX));
                for output in &outputs[start..end] {
                    prop_assert!(position.covers(output.seq, output.index));
                    prop_assert!(!before.covers(output.seq, output.index));
                }
                prop_assert!(position.reaches(before));
                if position.seq == u64::MAX { start = end; break; }
                prop_assert!(start < end);
                (start, before) = (end, position);
            }
            let same = outputs[start..].iter().take(outputs_max + 1)
                .filter(|o| (o.seq, o.index) == (outputs[start].seq, outputs[start].index)).count();
            prop_assert!(start == outputs.len() || same > outputs_max);
        }
    }
}
