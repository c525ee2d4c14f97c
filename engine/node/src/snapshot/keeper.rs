//! When a snapshot begins, and what its manifest will say.
//!
//! # Place
//! Inside the drain, which shows it every turn before it is submitted.
//! # Method
//! A snapshot begins with a turn, where enough documents or time have passed since the last and none
//! is under way. A few fingerprints of older messages are kept, ten thousand messages apart, so that
//! a later start can tell how far back a rolled-back stream still is the one we know.
//! # Holds
//! The fingerprints, the clock since the last snapshot, the revision of the rules in force.
//! # Does not hold
//! Writing (`writer`).

use super::manifest::{FORMAT, Identity, Manifest};
use super::writer::SnapshotHandle;
use crate::jetstream::ctl::{Fingerprint, Position};
use crate::jetstream::intake::PRINTS_MAX;
use crate::stream_clock::StreamClock;
use std::collections::VecDeque;
use std::time::Instant;

/// Messages between two fingerprints that are kept.
const PRINTS_APART: u64 = 10_000;

/// Decides when snapshots begin.
#[derive(Debug)]
pub struct Keeper {
    handle: SnapshotHandle,
    identity: Identity,
    epoch: u32,
    shards: u32,
    /// Oldest first, [`PRINTS_APART`] or more apart.
    prints: VecDeque<Fingerprint>,
    last: Option<Fingerprint>,
    documents: u64,
    since: Instant,
}

impl Keeper {
    /// A keeper for one owner of a group. `prints` are remembered from the snapshot of the start,
    /// newest first.
    #[must_use]
    pub fn new(
        handle: SnapshotHandle,
        identity: Identity,
        epoch: u32,
        shards: usize,
        prints: &[Fingerprint],
    ) -> Self {
        Self {
            handle,
            identity,
            epoch,
            shards: u32::try_from(shards).expect("there are at most 16 shards"),
            prints: prints.iter().rev().copied().collect(),
            last: None,
            documents: 0,
            since: Instant::now(),
        }
    }

    /// A turn is about to be submitted that ends with `mark`; true where a snapshot has to begin
    /// after it.
    pub fn turn(&mut self, mark: Fingerprint, documents: u64, clock: StreamClock) -> bool {
        self.last = Some(mark);
        if self.prints.back().is_none_or(|newest| newest.seq + PRINTS_APART <= mark.seq) {
            if self.prints.len() + 1 == PRINTS_MAX {
                self.prints.pop_front();
            }
            self.prints.push_back(mark);
        }
        self.documents += documents;
        let policy = self.handle.policy();
        let is_due = policy.documents <= self.documents || policy.interval <= self.since.elapsed();
        is_due && self.begin(clock)
    }

    /// Begins one now, where anything is new since the last: the shards have to begin after the turn
    /// that was shown last.
    pub fn begin(&mut self, clock: StreamClock) -> bool {
        let Some(last) = self.last.filter(|_| 0 < self.documents) else { return false };
        let mut prints: Vec<(u64, i64, u32)> = Vec::with_capacity(PRINTS_MAX);
        let older = self.prints.iter().rev().filter(|print| print.seq != last.seq);
        for print in [&last].into_iter().chain(older).take(PRINTS_MAX) {
            prints.push((print.seq, print.time_us, print.crc32c));
        }
        let identity = self.identity.clone();
        let is_begun = self.handle.begin(Manifest {
            format: FORMAT,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            group: identity.group,
            stream: identity.stream,
            created: identity.created,
            position: last.seq,
            clock_us: clock.now_us,
            moved_us: clock.moved_us,
            prints,
            feeds_digest: identity.feeds_digest,
            rules_digest: identity.rules_digest,
            epoch: self.epoch,
            shards: self.shards,
            shipments: 0,
            state_hash: 0,
            sections: 0,
        });
        if is_begun {
            self.documents = 0;
            self.since = Instant::now();
        }
        is_begun
    }

    /// The group is ours now.
    pub fn set_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    /// Other rules come into force with the next turn: their revision.
    pub fn set_rules(&mut self, rules_digest: u64) {
        self.identity.rules_digest = rules_digest;
    }

    /// The message that the last turn ended with.
    #[must_use]
    pub fn last(&self) -> Option<Fingerprint> {
        self.last
    }

    /// The commit record has moved.
    pub fn committed(&self, position: Position) {
        self.handle.committed(position);
    }

    /// True while a snapshot is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.handle.is_busy()
    }
}
