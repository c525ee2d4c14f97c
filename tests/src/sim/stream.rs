//! A stream as nats-server 2.15 keeps it: what is stored, what is refused and with which code.
//!
//! # Place
//! Under the broker, whose OUT is one; `tests/tests/jetstream/conformance.rs` asks it and a real server
//! the same questions and compares the answers.
//! # Method
//! The checks of the server in their order (`stream.go`, `jetstream_batching.go`): a message that goes alone
//! is checked and stored at once; one of an atomic batch is staged, and all are checked and stored with the
//! last. What a roll-up, a limit or a purge takes away is kept with the sequence that took it, so that
//! the stream can lose its tail and hold again what the tail had removed.
//! # Holds
//! - A batch is stored whole or not at all.
//! - Sequences rise by one with every message stored, and never for one that is refused.
//! # Does not hold
//! Counters, schedules, mirrors, times to live of single messages: the engine uses none of them.

use bytes::Bytes;
use crossdock_node::jetstream::wire::Publication;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a stream allows. Zero is "no limit".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRules {
    /// Atomic batches.
    pub allow_atomic: bool,
    /// Roll-ups.
    pub allow_rollup: bool,
    /// Messages may not be deleted one by one.
    pub deny_delete: bool,
    /// Messages at most; more are refused, since old ones are not discarded.
    pub messages_max: u64,
    /// Messages of one subject at most; older ones go.
    pub per_subject_max: usize,
    /// Bytes of one message at most, headers included.
    pub message_size_max: usize,
    /// Microseconds that a message lives.
    pub age_us_max: i64,
    /// Messages of a batch at most.
    pub batch_max: u64,
    /// Batches that may be under way.
    pub batches_max: usize,
}

impl Default for StreamRules {
    /// The server's own limits, and nothing allowed.
    fn default() -> Self {
        Self {
            allow_atomic: false,
            allow_rollup: false,
            deny_delete: false,
            messages_max: 0,
            per_subject_max: 0,
            message_size_max: 0,
            age_us_max: 0,
            batch_max: 1000,
            batches_max: 50,
        }
    }
}

/// A message that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its sequence.
    pub seq: u64,
    /// When, microseconds of the model's clock.
    pub time_us: i64,
    /// Its batch; empty for none.
    pub batch_id: String,
    /// Its number in the batch.
    pub batch_seq: u64,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: Bytes,
    /// The last sequence of the stream when it was taken away; `u64::MAX` while it is there.
    gone_at: u64,
}

impl Kept {
    fn is_here(&self) -> bool {
        self.gone_at == u64::MAX
    }
}

/// What is answered to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Stored under this sequence.
    Stored(u64),
    /// Was stored before, under this sequence.
    Duplicate(u64),
    /// Part of a batch, whose last message brings the answer.
    Staged,
    /// Refused with this code.
    Refused(u64),
}

/// The stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    rules: StreamRules,
    messages: Vec<Kept>,
    last_seq: u64,
    now_us: i64,
    ids: BTreeMap<String, u64>,
    batches: BTreeMap<String, Vec<Publication>>,
}

impl Stream {
    /// An empty stream.
    #[must_use]
    pub fn new(rules: StreamRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Takes a message, alone or of a batch.
    pub fn publish(&mut self, message: &Publication) -> Reply {
        let done = if header(message, "Nats-Batch-Id").is_some() {
            self.stage(message)
        } else {
            self.alone(message)
        };
        done.unwrap_or_else(Reply::Refused)
    }

    /// Stores a message whatever it says about batches and fences.
    pub fn store(&mut self, message: &Publication) -> u64 {
        self.last_seq += 1;
        let seq = self.last_seq;
        let subject = message.subject.to_string();
        if let Some(rollup) = header(message, "Nats-Rollup") {
            self.remove(|it| rollup != "sub" || it.subject == subject);
        }
        if let Some(id) = header(message, "Nats-Msg-Id") {
            self.ids.insert(id.to_owned(), seq);
        }
        if 0 < self.rules.per_subject_max {
            let is_same = |it: &&mut Kept| it.is_here() && it.subject == subject;
            let others = self.messages.iter_mut().rev().filter(is_same);
            others.skip(self.rules.per_subject_max - 1).for_each(|it| it.gone_at = seq);
        }
        self.messages.push(Kept {
            seq,
            time_us: self.now_us,
            batch_id: header(message, "Nats-Batch-Id").unwrap_or_default().to_owned(),
            batch_seq: number(message, "Nats-Batch-Sequence").unwrap_or(0),
            subject,
            body: message.body.clone(),
            gone_at: u64::MAX,
        });
        seq
    }

    fn alone(&mut self, message: &Publication) -> Result<Reply, u64> {
        self.check_size(message)?;
        if let Some(expected) = number(message, EXPECTED_OF_SUBJECT) {
            let of = header(message, EXPECTED_SUBJECT).unwrap_or(message.subject.as_str());
            if expected != self.newest(of).map_or(0, |it| it.seq) {
                return Err(10071);
            }
        } else if header(message, EXPECTED_SUBJECT).is_some() {
            return Err(10193);
        }
        if number(message, EXPECTED).is_some_and(|expected| expected != self.last_seq) {
            return Err(10071);
        }
        if let Some(seq) = header(message, "Nats-Msg-Id").and_then(|id| self.ids.get(id)) {
            return Ok(Reply::Duplicate(*seq));
        }
        self.check_rollup(message)?;
        let newest = self.newest(message.subject.as_str());
        let replaces = 0 < self.rules.per_subject_max && newest.is_some();
        if self.is_full(1) && !replaces {
            return Err(10077);
        }
        Ok(Reply::Stored(self.store(message)))
    }

    fn stage(&mut self, message: &Publication) -> Result<Reply, u64> {
        self.check_size(message)?;
        if !self.rules.allow_atomic {
            return Err(10174);
        }
        let id = header(message, "Nats-Batch-Id").unwrap_or_default();
        if 64 < id.len() {
            return Err(10179);
        }
        let batch_seq = number(message, "Nats-Batch-Sequence").ok_or(10175_u64)?;
        let commit = header(message, "Nats-Batch-Commit");
        let is_too_large = self.rules.batch_max < batch_seq;
        if !self.batches.contains_key(id) {
            if batch_seq != 1 {
                return Err(if is_too_large { 10199 } else { 10176 });
            }
            if self.rules.batches_max <= self.batches.len() {
                return Err(10210);
            }
        }
        // Whatever ends the batch takes it out.
        let mut staged = self.batches.remove(id).unwrap_or_default();
        if commit.is_some_and(|commit| commit != "1") {
            return Err(10200);
        }
        staged.push(message.clone());
        if staged.len() as u64 != batch_seq {
            return Err(10176);
        }
        if is_too_large {
            return Err(10199);
        }
        if commit.is_none() {
            self.batches.insert(id.to_owned(), staged);
            return Ok(Reply::Staged);
        }
        self.check_batch(&staged)?;
        let seqs = staged.iter().map(|it| self.store(it));
        Ok(seqs.last().map_or(Reply::Refused(10176), Reply::Stored))
    }

    /// All messages of a batch, before the first one is stored.
    fn check_batch(&self, batch: &[Publication]) -> Result<(), u64> {
        let mut subjects = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (count, message) in (0..).zip(batch) {
            if let Some(id) = header(message, "Nats-Msg-Id")
                && (self.ids.contains_key(id) || !ids.insert(id))
            {
                return Err(10201);
            }
            if let Some(expected) = number(message, EXPECTED) {
                if expected != self.last_seq + count {
                    return Err(10071);
                }
                // Only the first message may say it.
                if 0 < count {
                    return Err(10164);
                }
            }
            if let Some(expected) = number(message, EXPECTED_OF_SUBJECT) {
                let of = header(message, EXPECTED_SUBJECT).unwrap_or(message.subject.as_str());
                if subjects.contains(of) {
                    return Err(10164);
                }
                if expected != self.newest(of).map_or(0, |it| it.seq) {
                    return Err(10071);
                }
            } else if header(message, EXPECTED_SUBJECT).is_some() {
                return Err(10193);
            }
            self.check_rollup(message)?;
            let is_refused = match header(message, "Nats-Rollup") {
                Some("sub") => subjects.contains(message.subject.as_str()),
                Some(_) => !subjects.is_empty(),
                None => false,
            };
            if is_refused {
                return Err(10111);
            }
            subjects.insert(message.subject.as_str());
            if self.is_full(count + 1) {
                return Err(10077);
            }
        }
        Ok(())
    }

    fn check_rollup(&self, message: &Publication) -> Result<(), u64> {
        match header(message, "Nats-Rollup") {
            None => Ok(()),
            Some("sub" | "all") if self.rules.allow_rollup => Ok(()),
            Some(_) => Err(10111),
        }
    }

    fn check_size(&self, message: &Publication) -> Result<(), u64> {
        let size_max = self.rules.message_size_max;
        if 0 < size_max && size_max < size(message) { Err(10054) } else { Ok(()) }
    }

    fn is_full(&self, count: u64) -> bool {
        let held = || self.messages.iter().filter(|it| it.is_here()).count() as u64;
        0 < self.rules.messages_max && self.rules.messages_max < held() + count
    }

    fn remove(&mut self, is_wanted: impl Fn(&Kept) -> bool) -> u64 {
        let found = self.messages.iter_mut().filter(|it| it.is_here() && is_wanted(it));
        found.map(|it| it.gone_at = self.last_seq).count() as u64
    }

    /// Time passes, and messages with it.
    pub fn advance(&mut self, time_us: i64) {
        self.now_us += time_us;
        let (now_us, age_us_max) = (self.now_us, self.rules.age_us_max);
        if 0 < age_us_max {
            self.remove(|it| age_us_max <= now_us - it.time_us);
        }
    }

    /// Removes messages of a subject (all where empty) below a sequence (all where 0); how many.
    pub fn purge(&mut self, subject: &str, below: u64) -> u64 {
        let is_below = |it: &Kept| below == 0 || it.seq < below;
        let count =
            self.remove(|it| is_below(it) && (subject.is_empty() || matches(subject, &it.subject)));
        if subject.is_empty() {
            // Also what never was there is gone then.
            self.last_seq = self.last_seq.max(below.saturating_sub(1));
        }
        count
    }

    /// Removes one message.
    ///
    /// # Errors
    /// The code where it may not be removed, or is not there.
    pub fn delete(&mut self, seq: u64) -> Result<(), u64> {
        if self.rules.deny_delete {
            return Err(10057);
        }
        if self.remove(|it| it.seq == seq) == 0 { Err(10043) } else { Ok(()) }
    }

    /// Power was lost, and with it all behind this sequence.
    pub fn roll_back(&mut self, seq: u64) {
        self.messages.retain(|it| it.seq <= seq);
        for message in &mut self.messages {
            if seq < message.gone_at {
                message.gone_at = u64::MAX;
            }
        }
        self.last_seq = seq;
        self.ids.retain(|_, it| *it <= seq);
        self.batches.clear();
    }

    /// The newest message of a subject.
    #[must_use]
    pub fn newest(&self, subject: &str) -> Option<&Kept> {
        self.messages.iter().rev().find(|it| it.is_here() && it.subject == subject)
    }

    /// The first message of these sequences whose subject the filter lets through.
    #[must_use]
    pub fn first_of(&self, seqs: Range<u64>, filter: &str) -> Option<&Kept> {
        let from = self.messages.partition_point(|it| it.seq < seqs.start);
        let mut rest = self.messages[from..].iter().take_while(|it| it.seq < seqs.end);
        rest.find(|it| it.is_here() && matches(filter, &it.subject))
    }

    /// All that is there, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Kept> {
        self.messages.iter().filter(|it| it.is_here())
    }

    /// All that ever was there and was not rolled back, in order.
    #[must_use]
    pub fn history(&self) -> &[Kept] {
        &self.messages
    }

    /// The last sequence.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

const EXPECTED: &str = "Nats-Expected-Last-Sequence";
const EXPECTED_OF_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence";
const EXPECTED_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

fn header<'a>(message: &'a Publication, name: &'static str) -> Option<&'a str> {
    message.headers.get(name).map(async_nats::HeaderValue::as_str)
}

/// Bytes of headers, as they stand on the wire, and body.
fn size(message: &Publication) -> usize {
    // `NATS/1.0`, a line for each value, an empty line.
    let lines = message.headers.iter().flat_map(|(name, values)| {
        let name: &str = name.as_ref();
        values.iter().map(move |value| name.len() + 2 + value.as_str().len() + 2)
    });
    10 + lines.sum::<usize>() + 2 + message.body.len()
}

fn number(message: &Publication, name: &'static str) -> Option<u64> {
    header(message, name)?.parse().ok()
}

/// True where a filter of tokens, `*` and `>` lets a subject through.
#[must_use]
pub fn matches(filter: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in filter.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}
