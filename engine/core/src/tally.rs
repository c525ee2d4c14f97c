//! The account of every input: what came in and what became of it.
//!
//! # Holds
//!
//! - `inputs == emitted + known + history + unmapped + dead`, always: see [`Tally::balances`].
//!   An input is an event; a document that yields no event is one input by itself.
//! - Plain numbers with one owner each; whoever wants a total adds them.

use crossdock_model::change::ChangeKind;
use crossdock_model::reject::{Outcome, Reject};

use crate::forecast::EstimateTally;

/// What a lane, a shard or a run has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents read.
    pub documents: u64,
    /// Bytes of documents.
    pub bytes: u64,
    /// Documents that say that nothing is known.
    pub documents_empty: u64,
    /// Inputs: events, and documents without any.
    pub inputs: u64,
    /// By [`Outcome`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// By [`Reject`].
    pub rejects: [u64; Reject::ALL.len()],
    /// By [`ChangeKind`].
    pub changes: [u64; ChangeKind::ALL.len()],
    /// Warnings about documents that were read all the same.
    pub warnings: u64,
    /// New events that say a milestone which their feed may not say; their outcome is history.
    pub hearsay: u64,
    /// Shipments whose history was given back, by stream time.
    pub sealed: u64,
    /// Shipments that were forgotten, by stream time.
    pub forgotten: u64,
    /// Shipments that were forgotten because the room was full.
    pub evicted: u64,
    /// Messages that carry no events: ticks and switches of rules. Not inputs.
    pub ticks: u64,
    /// What rules and timers did.
    pub rules: RuleTally,
    /// What the forecast did.
    pub estimates: EstimateTally,
}

/// What rules and timers did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Exceptions that live rules raised.
    pub raised: u64,
    /// Raises that ended.
    pub resolved: u64,
    /// Raises that were taken back.
    pub retracted: u64,
    /// Raises by rules in shadow mode: counted, told to nobody.
    pub shadowed: u64,
    /// Messages left out because the carrier's own exception had told the audience already.
    pub muted: u64,
    /// Timers that fired.
    pub timers_fired: u64,
    /// Timers that wait, at the end.
    pub timers_pending: u64,
    /// Switches to other rules. Every shard counts the same ones, so the largest number stands for all.
    pub switches: u64,
    /// Rules that could not be followed because a shipment is watched by too many.
    pub overflows: u64,
}

impl RuleTally {
    fn add(&mut self, other: &Self) {
        self.raised += other.raised;
        self.resolved += other.resolved;
        self.retracted += other.retracted;
        self.shadowed += other.shadowed;
        self.muted += other.muted;
        self.timers_fired += other.timers_fired;
        self.timers_pending += other.timers_pending;
        self.switches = self.switches.max(other.switches);
        self.overflows += other.overflows;
    }
}

impl Tally {
    /// Counts what became of one input.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.outcomes[outcome as usize] += 1;
    }

    /// Counts a reject, which is also an outcome.
    pub fn reject(&mut self, reject: Reject) {
        self.rejects[reject as usize] += 1;
        self.outcome(Outcome::Dead);
    }

    /// Changes of all kinds.
    #[must_use]
    pub fn changes_sum(&self) -> u64 {
        self.changes.iter().sum()
    }

    /// What became of how many.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// True where every input is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.inputs == self.outcomes.iter().sum::<u64>()
    }

    /// Adds another account to this one.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.documents_empty += other.documents_empty;
        self.inputs += other.inputs;
        self.warnings += other.warnings;
        self.hearsay += other.hearsay;
        self.sealed += other.sealed;
        self.forgotten += other.forgotten;
        self.evicted += other.evicted;
        self.ticks += other.ticks;
        self.rules.add(&other.rules);
        self.estimates.add(&other.estimates);
        add_each(&mut self.outcomes, &other.outcomes);
        add_each(&mut self.rejects, &other.rejects);
        add_each(&mut self.changes, &other.changes);
    }
}

fn add_each(sums: &mut [u64], values: &[u64]) {
    assert!(sums.len() == values.len());
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
