//! The commit: outputs and position in one fenced atomic batch.
//!
//! # Place
//! The last stage: what it acknowledges is stored, once, for ever.
//! # Method
//! `[outputs..., ctl.<group>]` is published as one JetStream atomic batch. The commit record
//! carries `Nats-Expected-Last-Subject-Sequence` = the sequence of our previous one (the fence: a
//! zombie's batch and a second copy of our own are refused whole) and `Nats-Rollup: sub` (only the
//! newest is kept). One batch is in flight. When an ack does not come, or the fence answers "no",
//! the record is read back from the leader: ours → committed; unchanged → send again; another's →
//! fenced, stop. A fence is a number, and a server that has lost its tail gives the number to another
//! record: it is believed only together with the body that was stored under it, and read back before
//! anything is sent over a link that was made anew.
//! # Holds
//! The fence, the epoch, the count of batches.
//! # Does not hold
//! Which outputs there are (`output`), the queue before it (`edge`), who may own (`lease`).

use crate::error::EdgeError;
use crate::jetstream::backoff::Backoff;
use crate::jetstream::call::{CallError, Caller, PubAck, STREAM_NOT_FOUND};
use crate::jetstream::connection::Connection;
use crate::jetstream::ctl::{CtlRecord, Position, StreamMark};
use crate::jetstream::output::{BatchLimits, CommitRequest, Output, cut};
use crate::jetstream::pack::pack;
use crate::jetstream::verdict::{Verdict, sort};
use crate::jetstream::wire::{NatsWire, Sending, Wire};
use crate::quarantine::{Quarantine, Quarantined};
use crate::telemetry::{Counter, Counters};
use async_nats::Subject;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// How many times the configured time an acknowledgement may take after several did not come.
const ACK_PATIENCE_MAX: u32 = 8;

/// A commit that has paused for so long is told to people, again whenever that has doubled.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// How often an answer that we don't know is tried again before we stop.
const UNKNOWN_ATTEMPTS_MAX: u32 = 20;

/// What a committer is made with.
#[derive(Clone, Debug)]
pub struct CommitterOptions {
    /// The output stream.
    pub stream: String,
    /// The group: its record is `ctl.<group>`.
    pub group: String,
    /// Our version, for the record.
    pub engine: String,
    /// The limits of one batch.
    pub limits: BatchLimits,
    /// How long an ack may take before the record is read instead.
    pub ack_timeout: Duration,
    /// The longest pause between two attempts.
    pub retry_delay_max: Duration,
}

/// The group is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The record as we found it; `None` where the group is new.
    pub found: Option<CtlRecord>,
    /// Our epoch, from 1.
    pub epoch: u32,
    /// The sequence of our claim: the first fence.
    pub fence: u64,
}

/// Stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The request's.
    pub ticket: u64,
    /// The request's.
    pub position: Position,
    /// The sequence of the commit record.
    pub fence: u64,
    /// How many atomic batches it took.
    pub batches: u32,
}

/// What the record says about a batch whose fate is not known.
enum Fate {
    /// Ours: stored under this sequence.
    Stored(u64),
    /// As before: nothing was stored.
    Absent,
}

/// How long a batch has not been stored, and what was told of it.
#[derive(Debug, Default)]
struct Standstill {
    paused: Duration,
    told: Duration,
}

impl Standstill {
    fn add(&mut self, pause: Duration, error: &CallError, stream: &str) {
        self.paused += pause;
        if self.paused < TOLD_AFTER.max(self.told * 2) {
            return;
        }
        self.told = self.paused;
        let seconds = self.paused.as_secs_f64();
        let why = error.clone().explain("a commit").to_string();
        tracing::warn!(stream, seconds, why, "nothing is committed; it is tried again");
    }

    fn over(&self) {
        if !self.told.is_zero() {
            tracing::info!(seconds = self.paused.as_secs_f64(), "commits go on");
        }
    }
}

/// Commits for one group.
#[derive(Debug)]
pub struct Committer<W = NatsWire> {
    wire: W,
    options: CommitterOptions,
    counters: Arc<Counters>,
    backoff: Backoff,
    subject: Subject,
    owner: String,
    outputs_max: usize,
    attempt: u64,
    fence: u64,
    /// The record under `fence`; empty where there is none.
    newest: Bytes,
    /// Of the link over which both were last seen.
    generation: u64,
    epoch: u32,
    batch: u64,
    position: Position,
    created: Option<String>,
    mark: Option<StreamMark>,
    state_hash: Option<u64>,
    quarantine: Quarantine,
}

impl Committer {
    /// Makes a committer over NATS; it owns nothing before [`Committer::claim`].
    ///
    /// # Errors
    /// [`EdgeError::NoAnswer`] when the connection has ended.
    pub async fn open(
        connection: &Connection,
        options: CommitterOptions,
        counters: Arc<Counters>,
    ) -> Result<Self, EdgeError> {
        let caller = Caller::open(connection, options.ack_timeout).await?;
        let owner = caller.random_word();
        Ok(Self::new(NatsWire::new(caller), owner, options, counters))
    }
}

impl<W: Wire> Committer<W> {
    /// Makes a committer over any wire. `owner` is a word that no other process has.
    #[must_use]
    pub fn new(wire: W, owner: String, options: CommitterOptions, counters: Arc<Counters>) -> Self {
        assert!(options.limits.outputs_max > 0);
        let seed = xxhash_rust::xxh3::xxh3_64(owner.as_bytes());
        let backoff = Backoff::new(Duration::from_millis(5), options.retry_delay_max, seed);
        let subject = Subject::from(format!("ctl.{}", options.group));
        let outputs_max = options.limits.outputs_max;
        Self {
            wire,
            options,
            counters,
            backoff,
            subject,
            owner,
            outputs_max,
            attempt: 0,
            fence: 0,
            newest: Bytes::new(),
            generation: 0,
            epoch: 0,
            batch: 0,
            position: Position::default(),
            created: None,
            mark: None,
            state_hash: None,
            quarantine: Quarantine::default(),
        }
    }

    /// This process's word in the records.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The record as it stands, without claiming: for a standby and for people.
    ///
    /// # Errors
    /// [`EdgeError::CtlUnreadable`], [`EdgeError::StreamMissing`], [`EdgeError::Refused`].
    pub async fn peek(&mut self) -> Result<Option<(u64, CtlRecord)>, EdgeError> {
        let Some((seq, body)) = self.read_ctl().await? else { return Ok(None) };
        let record = CtlRecord::read(&body).map_err(|detail| self.unreadable(detail))?;
        Ok(Some((seq, record)))
    }

    /// Takes the group: from here on every other owner's commits are refused.
    ///
    /// # Errors
    /// [`EdgeError::Fenced`] where another one claimed it in the same moment, and those of
    /// [`Committer::peek`].
    pub async fn claim(&mut self) -> Result<Claim, EdgeError> {
        self.generation = self.wire.generation();
        let found = self.read_ctl().await?;
        let (fence, newest) = found.unwrap_or_default();
        let record = match fence {
            0 => None,
            _ => Some(CtlRecord::read(&newest).map_err(|detail| self.unreadable(detail))?),
        };
        (self.fence, self.newest) = (fence, newest);
        if let Some(record) = &record {
            self.batch = record.batch;
            self.position = record.position;
            self.state_hash = record.state_hash;
            self.mark.clone_from(&record.stream);
            self.quarantine.clone_from(&record.quarantined);
        }
        self.epoch = record.as_ref().map_or(0, |record| record.epoch) + 1;
        // A claim commits nothing: the interval of its outputs is empty.
        let claim = Bytes::from(self.record(self.position, self.position, self.batch).write());
        self.fence = self.settle(&[], &claim).await?.unwrap_or_else(|| {
            unreachable!("a claim is a batch of one message; no server refuses it as too large")
        });
        self.counters.add(Counter::Claims, 1);
        Ok(Claim { found: record, epoch: self.epoch, fence: self.fence })
    }

    /// Commits. Waits as long as the outside needs; returns an error only when a person must act
    /// or another engine owns the group.
    ///
    /// # Errors
    /// [`EdgeError::Fenced`] above all; everything of sort `Stop`.
    pub async fn commit(&mut self, request: &CommitRequest) -> Result<Committed, EdgeError> {
        assert!(self.fence > 0, "a committer claims before it commits");
        assert!(request.position.reaches(self.position), "a position never goes back");
        if let Some(quarantined) = request.quarantined {
            return self.leave_out(request, quarantined).await;
        }
        self.check_sizes(&request.outputs)?;
        // Room for the subject and the headers of a pack.
        let pack_bytes_max = self.wire.payload_size_max().saturating_sub(1024);
        let mut start = 0;
        let mut batches = 0;
        // Ends: `start` or the position grows with every stored batch; `outputs_max` shrinks to 1
        // at the most where none is.
        loop {
            let limits = BatchLimits {
                outputs_max: self.outputs_max,
                pack_bytes: self.options.limits.pack_bytes.min(pack_bytes_max),
                ..self.options.limits
            };
            let (end, partial) = cut(&request.outputs, start, limits)?;
            let position = partial.unwrap_or(request.position);
            let mut record = self.record(position, self.position, self.batch + 1);
            record.state_hash = partial.is_none().then_some(request.state_hash);
            if let (Some(print), Some(created)) = (request.mark_of(partial), &self.created) {
                record.stream = Some(StreamMark::new(created, print));
            }
            let body = Bytes::from(record.write());
            let outputs = &request.outputs[start..end];
            let packed = match limits.pack_bytes {
                0 => Cow::Borrowed(outputs),
                bytes => Cow::Owned(pack(outputs, bytes)),
            };
            match self.settle(&packed, &body).await? {
                Some(fence) => {
                    (self.fence, self.position) = (fence, position);
                    (self.state_hash, self.mark) = (record.state_hash, record.stream);
                    self.batch += 1;
                    batches += 1;
                    start = end;
                    if partial.is_none() {
                        let ticket = request.ticket;
                        return Ok(Committed { ticket, position, fence, batches });
                    }
                }
                None => self.outputs_max = packed.len().div_ceil(2).max(1),
            }
        }
    }

    /// Writes the record anew with one more message to leave out: a commit of nothing, under the fence like
    /// every other.
    async fn leave_out(
        &mut self,
        request: &CommitRequest,
        quarantined: Quarantined,
    ) -> Result<Committed, EdgeError> {
        assert!(request.outputs.is_empty() && request.position == self.position);
        assert!(self.position.seq < quarantined.seq, "what is committed is not left out");
        self.quarantine.add(quarantined);
        self.batch += 1;
        let record = Bytes::from(self.record(self.position, self.position, self.batch).write());
        self.fence = self.settle(&[], &record).await?.unwrap_or_else(|| {
            unreachable!("a batch of one message; no server refuses it as too large")
        });
        let (ticket, position, fence) = (request.ticket, self.position, self.fence);
        Ok(Committed { ticket, position, fence, batches: 1 })
    }

    /// The input begins here now: messages before that need not be remembered as left out.
    pub fn forget_before(&mut self, first_seq: u64) {
        self.quarantine.forget_before(first_seq);
    }

    /// Waits for nothing, as long as the record is the one that we wrote: an owner without anything to
    /// commit would not notice that the server has lost its last commits. Looks whenever the link was
    /// made anew; may be dropped at any time. Returns why we must stop.
    pub async fn lost(&mut self) -> EdgeError {
        // Ends: with an error, or when it is dropped.
        loop {
            self.wire.renewed(self.generation).await;
            let generation = self.wire.generation();
            match self.resolve(&Bytes::new()).await {
                Ok(_) => self.generation = generation,
                Err(error) => return error,
            }
        }
    }

    /// Names the input stream that the marks of later commits belong to.
    pub fn set_stream_created(&mut self, created: &str) {
        self.created = Some(created.to_owned());
    }

    fn record(&self, position: Position, previous: Position, batch: u64) -> CtlRecord {
        CtlRecord {
            position,
            previous,
            epoch: self.epoch,
            batch,
            state_hash: self.state_hash,
            stream: self.mark.clone(),
            quarantined: self.quarantine.clone(),
            engine: self.options.engine.clone(),
            owner: self.owner.clone(),
        }
    }

    /// Sends one batch until its fate is certain. `None`: the server takes only smaller ones.
    async fn settle(
        &mut self,
        outputs: &[Output],
        record: &Bytes,
    ) -> Result<Option<u64>, EdgeError> {
        let mut unknown = 0;
        let mut sent = 0u32;
        let mut standstill = Standstill::default();
        let mut patience = self.options.ack_timeout;
        self.backoff.reset();
        // Ends: stored, fenced, refused for good; an outage is waited for, at the pace of `backoff`.
        loop {
            self.wire.connected().await;
            let generation = self.wire.generation();
            if generation != self.generation {
                if let Fate::Stored(seq) = self.resolve(record).await? {
                    self.counters.add(Counter::CommitsResolved, 1);
                    return Ok(Some(self.stored(outputs, record, seq)));
                }
                self.generation = generation;
                continue;
            }
            if sent > 0 {
                self.counters.add(Counter::CommitRetries, 1);
            }
            sent += 1;
            let error = match self.send(outputs, record, patience).await {
                Ok(ack) => {
                    standstill.over();
                    return Ok(Some(self.stored(outputs, record, ack.seq)));
                }
                Err(error) => error,
            };
            let verdict = match &error {
                CallError::Refused(refused) => sort(refused.err_code),
                // No leader, or no stream: who answers about the record knows.
                CallError::NoResponders | CallError::TimedOut | CallError::Cut => Verdict::Fence,
                CallError::Unreadable(_) => Verdict::Unknown,
            };
            tracing::debug!(?error, ?verdict, sent, "commit not acknowledged");
            unknown += u32::from(verdict == Verdict::Unknown);
            let resolve = match verdict {
                Verdict::Shrink if outputs.len() > 1 => return Ok(None),
                Verdict::Shrink | Verdict::Stop => return Err(self.refused(error)),
                Verdict::Unknown if unknown > UNKNOWN_ATTEMPTS_MAX => {
                    return Err(self.refused(error));
                }
                Verdict::Fence | Verdict::Unknown => true,
                Verdict::Again => false,
            };
            if error == CallError::TimedOut {
                // A server that is overloaded does not get better by getting everything again.
                patience = (patience * 2).min(self.options.ack_timeout * ACK_PATIENCE_MAX);
            }
            if matches!(error, CallError::TimedOut | CallError::Cut) {
                self.counters.add(Counter::CommitAcksLost, 1);
            }
            if resolve && let Fate::Stored(seq) = self.resolve(record).await? {
                self.counters.add(Counter::CommitsResolved, 1);
                standstill.over();
                return Ok(Some(self.stored(outputs, record, seq)));
            }
            let pause = self.backoff.step();
            // What was waited for before is part of it.
            let silent = if error == CallError::TimedOut { patience } else { Duration::ZERO };
            standstill.add(pause + silent, &error, &self.options.stream);
            self.wire.pause(pause).await;
        }
    }

    fn stored(&mut self, outputs: &[Output], record: &Bytes, seq: u64) -> u64 {
        assert!(self.fence < seq);
        self.newest = record.clone();
        self.counters.add(Counter::Commits, 1);
        self.counters.add(Counter::CommitMessages, outputs.len() as u64 + 1);
        seq
    }

    /// One attempt, under a name of its own.
    async fn send(
        &mut self,
        outputs: &[Output],
        record: &Bytes,
        patience: Duration,
    ) -> Result<PubAck, CallError> {
        self.attempt += 1;
        let batch_id = format!("{}{:x}", &self.owner, self.attempt);
        let (subject, fence) = (&self.subject, self.fence);
        let batch_id = &batch_id;
        self.wire.send(Sending { outputs, subject, record, fence, batch_id, patience }).await
    }

    /// Reads the record to learn what became of a batch.
    async fn resolve(&mut self, record: &Bytes) -> Result<Fate, EdgeError> {
        match self.read_ctl().await? {
            Some((seq, body)) if body == *record => Ok(Fate::Stored(seq)),
            Some((seq, body)) if seq == self.fence && body == self.newest => Ok(Fate::Absent),
            None if self.fence == 0 => Ok(Fate::Absent),
            // Under our own sequence: the server lost its tail, and another one went on from there.
            Some((seq, body)) if seq >= self.fence => {
                self.counters.add(Counter::Fenced, 1);
                let group = self.options.group.clone();
                let other = CtlRecord::read(&body).map_err(|detail| self.unreadable(detail))?;
                Err(EdgeError::Fenced { group, owner: other.owner, epoch: other.epoch })
            }
            found => Err(EdgeError::OutputRolledBack {
                subject: self.subject.to_string(),
                found_seq: found.map_or(0, |(seq, _)| seq),
                written_seq: self.fence,
            }),
        }
    }

    /// The record's sequence and bytes, from the leader. Waits for one.
    async fn read_ctl(&mut self) -> Result<Option<(u64, Bytes)>, EdgeError> {
        // Ends: with an answer; an outage is waited for.
        loop {
            self.wire.connected().await;
            let error = match self.wire.newest(&self.options.stream, self.subject.as_str()).await {
                Ok(found) => return Ok(found.map(|stored| (stored.seq, stored.payload))),
                Err(error) => error,
            };
            match &error {
                CallError::Refused(refused) if sort(refused.err_code) != Verdict::Again => {
                    return Err(self.refused(error));
                }
                CallError::Unreadable(detail) => return Err(self.unreadable(detail.clone())),
                CallError::Refused(_)
                | CallError::NoResponders
                | CallError::TimedOut
                | CallError::Cut => self.wire.pause(self.backoff.step()).await,
            }
        }
    }

    fn check_sizes(&self, outputs: &[Output]) -> Result<(), EdgeError> {
        let size_max = self.wire.payload_size_max();
        for output in outputs {
            let size = output.size() + 80; // The batch headers count too.
            if size > size_max {
                return Err(EdgeError::OutputTooLarge { seq: output.seq, size, size_max });
            }
        }
        Ok(())
    }

    fn refused(&self, error: CallError) -> EdgeError {
        if error.code() == STREAM_NOT_FOUND {
            return EdgeError::StreamMissing { stream: self.options.stream.clone() };
        }
        error.explain(&format!("a commit to \"{}\"", self.subject))
    }

    fn unreadable(&self, detail: String) -> EdgeError {
        EdgeError::CtlUnreadable { subject: self.subject.to_string(), detail }
    }
}
