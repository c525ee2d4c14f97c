//! The simulator: the node's own commit, drain, pipeline and snapshot code under seeded faults.
//!
//! # Place
//! Above everything that is sans-IO: `Committer` over a wire of ours, `Drain` over a link of ours, the
//! pipeline's agents, the snapshot writer over a disk of ours. One thread, one clock, one seed.
//! # Method
//! ```text
//! broker (streams, fence, requests in flight) <-> node* (committer task, reader, drain, agents, writer)
//! ```
//! A step gives one randomly chosen part one turn, and moves the clock. *Safety phase:* nodes are
//! killed, paused and started beside each other; requests are lost, delayed, doubled, refused, and
//! their answers lost; leaders change, disks fall silent, consumers lose messages, snapshots rot, the
//! tails of streams roll back and are gone on from in another way. Which of these, how often, and how
//! large everything is, is drawn anew for each seed ([`swarm`]). *Liveness phase:* no more faults;
//! everything must be committed within a number of steps. In the end OUT must be, byte for byte, what one
//! engine says to the input as it stands that was never interrupted, the commit record must have the
//! hash of its state, and the auditor must find nothing.
//! # Holds
//! - The same seed is the same run: [`Outcome::digest`].
//! # Does not hold
//! The node's reader and lease, which are bound to the client's subscriptions: the reader here is a
//! model around the node's own check of the stream. The real ones run in `chaos` and in the tests of the
//! edge.

pub mod broker;
pub mod campaign;
pub mod disk;
pub mod log;
pub mod node;
pub mod random;
pub mod reader;
pub mod stream;
pub mod swarm;
pub mod world;

use broker::Broker;
use crossdock_core::engine::EngineOptions;
use crossdock_core::under_way::Planted;
use crossdock_node::audit::{Auditor, OutMessage, StreamState};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::ctl::CtlRecord;
use disk::SimDisk;
use node::{Node, Shared};
use random::Random;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use swarm::{Fault, Swarm};
use world::POISON;
pub use world::World;

/// A bug that is planted, to see that it is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Commits do not carry the fence.
    NoFence,
    /// Outputs are stored before the record, and not together with it.
    OutputsFirst,
    /// A restart does not know what was said.
    NoSuppression,
    /// A snapshot counts before its position is committed.
    EarlySnapshot,
    /// A hole in what a consumer delivers is not seen.
    NoGapCheck,
    /// A stream that was rolled back is not seen.
    NoRollbackCheck,
    /// A snapshot of a tail that both streams have lost is used.
    StaleSnapshot,
    /// A fence is believed although the server may have given its number to another record.
    BlindFence,
    /// An owner with nothing to commit does not look whether its last commits are still there.
    IdleOwner,
    /// A batch that ends within a commit names a message before those that it covers.
    LooseMark,
    /// A part of the state is not in the snapshot.
    ForgottenOrders,
    /// A batch is stored in part.
    TornBatch,
    /// A start does not know which messages are left out.
    ForgottenQuarantine,
    /// A message is left out because of its sequence alone.
    LooseQuarantine,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::NoFence,
        Self::OutputsFirst,
        Self::NoSuppression,
        Self::EarlySnapshot,
        Self::NoGapCheck,
        Self::NoRollbackCheck,
        Self::StaleSnapshot,
        Self::BlindFence,
        Self::IdleOwner,
        Self::LooseMark,
        Self::ForgottenOrders,
        Self::TornBatch,
        Self::ForgottenQuarantine,
        Self::LooseQuarantine,
    ];
}

/// What came of one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// A hash of everything that happened.
    pub digest: u64,
    /// Steps taken.
    pub steps: u64,
    /// Of these, without faults: until everything was committed.
    pub liveness_steps: u64,
    /// Simulated microseconds.
    pub time_us: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Starts of nodes.
    pub starts: u64,
    /// Starts from a snapshot.
    pub snapshot_starts: u64,
    /// Nodes that ended because another one owned the group.
    pub fenced: u64,
    /// Nodes that stopped because a stream was rolled back.
    pub rollbacks: u64,
    /// Nodes that stopped because a message made them panic.
    pub panics: u64,
}

/// Steps with faults.
const SAFETY_STEPS: u64 = 6_000;

/// Steps without, within which everything must be committed.
const LIVENESS_STEPS: u64 = 12_000;

/// Nodes that run or are paused, at most.
const NODES_MAX: usize = 4;

impl World {
    /// Runs one seed.
    ///
    /// # Errors
    /// What was lost, doubled, out of order, or never came.
    pub fn run(&self, seed: u64, bug: Option<Bug>) -> Result<Outcome, String> {
        let mut run = Run::new(self, seed, bug);
        // An assertion of the engine that fails is a find like any other.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            run.safety()?;
            run.liveness()?;
            run.judge()?;
            Ok(run.outcome())
        }));
        ended.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("assertion: {}", text.unwrap_or("without words")))
        })
    }
}

struct Run<'a> {
    world: &'a World,
    shared: Shared,
    nodes: Vec<Node>,
    random: Random,
    outcome: Outcome,
    /// Steps until a stopped owner is replaced.
    absent_until: u64,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let mut swarm = Swarm::new(&mut random);
        swarm.batch_max = swarm.batch_max.max(world.event_outputs_max);
        swarm.outputs_max = swarm.outputs_max.max(world.event_outputs_max);
        let broker = Broker::new(&world.messages, swarm.clone(), random.fork(), bug);
        let shared = Shared {
            broker: Rc::new(RefCell::new(broker)),
            disk: SimDisk::new(bug),
            feeds: world.feeds.clone(),
            options: EngineOptions { planted: planted(seed), ..world.options.clone() },
            swarm,
            loads: Rc::new(Cell::new(0)),
            bug,
        };
        let (nodes, outcome) = (Vec::new(), Outcome::default());
        Self { world, shared, nodes, random, outcome, absent_until: 0 }
    }

    fn safety(&mut self) -> Result<(), String> {
        for _ in 0..SAFETY_STEPS {
            if self.random.one_in(self.shared.swarm.fault_every) {
                self.fault();
            }
            self.step()?;
        }
        Ok(())
    }

    fn liveness(&mut self) -> Result<(), String> {
        self.shared.broker.borrow_mut().heal();
        self.nodes.retain(|node| !node.is_paused());
        for _ in 0..LIVENESS_STEPS {
            if self.shared.broker.borrow().is_complete() {
                return Ok(());
            }
            self.step()?;
            self.outcome.liveness_steps += 1;
        }
        Err(format!("stuck: {}", self.shared.broker.borrow().describe()))
    }

    /// One part gets one turn.
    fn step(&mut self) -> Result<(), String> {
        self.outcome.steps += 1;
        self.shared.broker.borrow_mut().turn();
        let is_owned = self.nodes.iter().any(|node| !node.is_paused());
        if !is_owned && self.absent_until <= self.outcome.steps {
            self.start();
        }
        if self.nodes.is_empty() {
            return Ok(());
        }
        let index = self.random.below(self.nodes.len() as u64) as usize;
        if self.nodes[index].is_paused() {
            return Ok(());
        }
        let ended = self.nodes[index].turn(&mut self.random);
        let Some(error) = ended else { return Ok(()) };
        self.nodes.swap_remove(index);
        match error {
            EdgeError::Fenced { .. } => self.outcome.fenced += 1,
            EdgeError::Quarantined { .. } => self.outcome.panics += 1,
            EdgeError::InputRolledBack { .. } | EdgeError::OutputRolledBack { .. } => {
                self.outcome.rollbacks += 1;
                // Lost output is said again from an older position; lost input is restored where it
                // was committed, and else gone on without.
                self.shared.broker.borrow_mut().restore_input()?;
            }
            other => return Err(format!("a node ended with: {other}")),
        }
        Ok(())
    }

    fn start(&mut self) {
        if NODES_MAX <= self.nodes.len() {
            // Who is paused for long is ended by whoever looks after the machines.
            self.nodes.remove(0);
        }
        self.outcome.starts += 1;
        let (number, shards) = (self.outcome.starts, 1 + self.random.below(3) as usize);
        self.nodes.push(Node::start(self.shared.clone(), number, shards));
    }

    fn fault(&mut self) {
        let Some(fault) = self.shared.swarm.fault(&mut self.random) else { return };
        self.outcome.faults += 1;
        let count = self.nodes.len() as u64;
        match fault {
            Fault::Kill if 0 < count => {
                let index = self.random.below(count) as usize;
                drop(self.nodes.swap_remove(index));
                self.shared.disk.crash(&mut self.random);
                let absent = self.random.below(self.shared.swarm.absent_max);
                self.absent_until = self.outcome.steps + absent;
            }
            Fault::Pause if 0 < count => {
                let index = self.random.below(count) as usize;
                self.nodes[index].pause();
            }
            Fault::Wake => self.nodes.iter_mut().for_each(Node::wake),
            Fault::Start => self.start(),
            Fault::Rot => self.shared.disk.rot(&mut self.random),
            Fault::Kill | Fault::Pause => {}
            Fault::Leaderless
            | Fault::Silent
            | Fault::Cut
            | Fault::RollBackOutput
            | Fault::RollBackInput
            | Fault::RollBackBoth => self.shared.broker.borrow_mut().fault(fault),
        }
    }

    /// OUT against what had to be said, and against the auditor.
    fn judge(&self) -> Result<(), String> {
        let broker = self.shared.broker.borrow();
        let found = broker.out();
        let log = broker.log().messages();
        let expected = self.world.expected(log, self.shared.options.planted.is_some());
        if self.shared.swarm.pack_bytes == 0 {
            let said = found.iter().map(|it| (&*it.subject, &it.body[..]));
            let wanted = expected.outputs.iter().map(|(subject, body)| (&**subject, &body[..]));
            compare("OUT", said, wanted)?;
        } else {
            // What goes alone and what each tenant is told: packs keep the order of each.
            let told = |subject: &str| subject.strip_prefix("ms.").map(|it| tenant(it).to_owned());
            let of: BTreeSet<_> =
                expected.outputs.iter().map(|(subject, _)| told(subject)).collect();
            for of in of {
                let said = found.iter().filter(|it| told(&it.subject) == of);
                let lines = said.flat_map(|it| it.body.split(|byte| *byte == b'\n'));
                let wanted = expected.outputs.iter().filter(|(subject, _)| told(subject) == of);
                let name = of.as_deref().unwrap_or("dead letters");
                compare(name, lines.map(|it| ("", it)), wanted.map(|(_, it)| ("", &it[..])))?;
            }
        }
        let mut auditor = Auditor::new(true);
        for it in &found {
            auditor.output(OutMessage {
                seq: it.seq,
                batch_id: &it.batch_id,
                batch_seq: it.batch_seq,
                is_packed: it.subject.ends_with(".all.packed"),
                body: &it.body,
            });
        }
        let (seq, body) = broker.record().ok_or("no commit record")?;
        let record = CtlRecord::read(&body)?;
        // A commit of two batches whose second was lost with its input: the first ends within a turn, and
        // has no hash, but at the end of all that is left. Nothing is said after it that would bring one.
        let is_cut = record.state_hash.is_none() && broker.cut_at() == Some(record.position);
        if record.state_hash != Some(expected.state_hash) && !is_cut {
            let (found, wanted) = (record.state_hash.unwrap_or(0), expected.state_hash);
            return Err(format!("state hash {found:016x}, should be {wanted:016x}"));
        }
        let messages = found.len() as u64 + 1;
        let out = StreamState { first_seq: 1, last_seq: broker.out_last_seq(), messages };
        let inputs = log.len() as u64;
        let input = StreamState { first_seq: 1, last_seq: inputs, messages: inputs };
        let report = auditor.finish(&[(seq, record)], out, input);
        if report.is_clean() { Ok(()) } else { Err(format!("auditor: {:?}", report.examples)) }
    }

    fn outcome(&self) -> Outcome {
        let broker = self.shared.broker.borrow();
        let mut outcome = self.outcome.clone();
        outcome.snapshot_starts = self.shared.loads.get();
        outcome.time_us = broker.now_us();
        outcome.digest = broker.digest() ^ outcome.steps.rotate_left(32) ^ outcome.faults;
        outcome
    }
}

/// What makes the engines of a seed panic, in a third of them in a shard, in another behind the shards.
fn planted(seed: u64) -> Option<Planted> {
    match seed % 3 {
        0 => Some(Planted::Shard(POISON.into())),
        1 => Some(Planted::Orders(POISON.into())),
        _ => None,
    }
}

/// The first token of what stands behind `ms.`.
fn tenant(rest: &str) -> &str {
    rest.split('.').next().unwrap_or(rest)
}

/// Subjects and bodies, as they are and as they should be.
fn compare<'a>(
    of: &str,
    mut found: impl Iterator<Item = (&'a str, &'a [u8])>,
    mut wanted: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), String> {
    let show = |it: Option<(&str, &[u8])>| {
        it.map_or_else(String::new, |(subject, body)| {
            format!("{subject} {}", String::from_utf8_lossy(body))
        })
    };
    for index in 0_usize.. {
        let (found, wanted) = (found.next(), wanted.next());
        if found != wanted {
            let (found, wanted) = (show(found), show(wanted));
            return Err(format!("{of}: output {index} is \"{found}\", should be \"{wanted}\""));
        }
        if found.is_none() {
            break;
        }
    }
    Ok(())
}
