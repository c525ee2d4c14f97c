//! What a seed is made of: how often things go wrong, which things, and how large everything is.
//!
//! # Place
//! Drawn once per seed, before anything runs.
//! # Method
//! Swarm testing: a seed leaves about half of the faults out and has others often, since faults hide
//! each other. A node that is killed all the time never falls far behind; one that never is has no use for
//! snapshots. Sizes and times are drawn as widely.

use super::random::Random;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A node dies, and its disk with what was not synced.
    Kill,
    /// A node stops as a machine that swaps.
    Pause,
    /// Those that stopped go on.
    Wake,
    /// A node is started beside the others.
    Start,
    /// A bit flips in a snapshot.
    Rot,
    /// OUT has no leader for a while.
    Leaderless,
    /// The broker's disk is full for a while: nobody is answered.
    Silent,
    /// All connections are cut.
    Cut,
    /// The newest commits are gone.
    RollBackOutput,
    /// The newest input is gone.
    RollBackInput,
    /// Both at once: one machine had both.
    RollBackBoth,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Kill,
        Self::Pause,
        Self::Wake,
        Self::Start,
        Self::Rot,
        Self::Leaderless,
        Self::Silent,
        Self::Cut,
        Self::RollBackOutput,
        Self::RollBackInput,
        Self::RollBackBoth,
    ];
}

/// A request takes less than an acknowledgement is waited for; one that is late is a fault of its own.
const LATENCY_MAX_US: u64 = 100_000;

/// The knobs of one seed.
#[derive(Clone, Debug)]
pub struct Swarm {
    /// One step in so many brings a fault.
    pub fault_every: u64,
    /// How often each of [`Fault::ALL`] is chosen, 0 for never.
    pub weights: [u64; Fault::ALL.len()],
    /// Simulated time of a step at most, microseconds.
    pub step_us: u64,
    /// One step in so many brings a message.
    pub publish_every: u64,
    /// One request in so many is lost, delayed, doubled, or not answered.
    pub bad_request_every: u64,
    /// One batch in so many is refused by a busy server.
    pub busy_every: u64,
    /// How long a request is on its way at most, microseconds; its answer as long again.
    pub latency_us: u64,
    /// Outputs of one batch that the server takes.
    pub batch_max: usize,
    /// Outputs of one batch that a node sends.
    pub outputs_max: usize,
    /// Bytes of one pack of changes; 0 where each goes alone.
    pub pack_bytes: usize,
    /// Outputs that make a commit go out.
    pub commit_outputs: usize,
    /// Documents between two snapshots.
    pub snapshot_documents: u64,
    /// Messages that a reader takes at one time at most.
    pub read_max: u64,
    /// The client drops one delivery in so many.
    pub drop_every: u64,
    /// Steps until a node that ended is replaced, at most.
    pub absent_max: u64,
}

impl Swarm {
    /// The knobs of a seed.
    #[must_use]
    pub fn new(random: &mut Random) -> Self {
        let mut weights = [0; Fault::ALL.len()];
        for weight in &mut weights {
            *weight = random.pick(&[0, 0, 1, 2, 6]);
        }
        // Whoever is paused for ever is as good as dead.
        weights[Fault::Wake as usize] = random.pick(&[1, 2, 6]);
        let step_us = random.pick(&[200, 800, 4_000, 20_000]);
        let mut swarm = Self {
            fault_every: random.pick(&[40, 100, 250]),
            weights,
            step_us,
            publish_every: random.pick(&[10, 25, 50]),
            bad_request_every: random.pick(&[4, 12, 50, 1 << 20]),
            busy_every: random.pick(&[5, 25, 1 << 20]),
            latency_us: LATENCY_MAX_US.min(step_us * random.pick(&[2, 20, 200])),
            batch_max: random.pick(&[2, 3, 1_000, 1_000]),
            outputs_max: random.pick(&[2, 6, 900]),
            pack_bytes: 0,
            commit_outputs: random.pick(&[1, 4, 20]),
            snapshot_documents: random.pick(&[1, 3, 8, 30]),
            read_max: random.pick(&[1, 6, 30]),
            drop_every: random.pick(&[20, 100, 1 << 20]),
            absent_max: random.pick(&[20, 200, 600]),
        };
        // Not drawn, so that the other knobs of a seed stay what they were.
        swarm.pack_bytes = if swarm.outputs_max == 900 { 1_500 } else { 0 };
        swarm
    }

    /// No more faults: nothing is slow, and what senders have left comes soon.
    pub fn heal(&mut self) {
        self.latency_us = self.step_us;
        self.publish_every = 10;
    }

    /// The fault that happens next, if this seed has any.
    pub fn fault(&self, random: &mut Random) -> Option<Fault> {
        let sum: u64 = self.weights.iter().sum();
        let mut at = random.below(sum.max(1));
        for (fault, weight) in Fault::ALL.into_iter().zip(self.weights) {
            if at < weight {
                return Some(fault);
            }
            at -= weight;
        }
        None
    }
}
