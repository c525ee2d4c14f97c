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
//! tails of streams roll back. *Liveness phase:* no more faults; everything must be committed within
//! a number of steps. In the end OUT must be, byte for byte, what one engine says that was never
//! interrupted, and the auditor must find nothing.
//! # Holds
//! - The same seed is the same run: [`Outcome::digest`].
//! # Does not hold
//! The node's reader and lease, which are bound to the client's subscriptions: the reader here is a
//! model with the same three checks. The real ones run in `chaos` and in the tests of the edge.

pub mod broker;
pub mod disk;
pub mod node;
pub mod random;

use crate::replay;
use broker::{Broker, Input};
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::intake::Intake;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_model::time::Micros;
use crossdock_node::audit::{Auditor, OutMessage, StreamState};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::ctl::CtlRecord;
use disk::SimDisk;
use node::{Node, Shared};
use random::Random;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

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
    /// A part of the state is not in the snapshot.
    ForgottenOrders,
    /// A batch is stored in part.
    TornBatch,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NoFence,
        Self::OutputsFirst,
        Self::NoSuppression,
        Self::EarlySnapshot,
        Self::NoGapCheck,
        Self::NoRollbackCheck,
        Self::ForgottenOrders,
        Self::TornBatch,
    ];
}

/// What came of one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// A hash of everything that happened.
    pub digest: u64,
    /// Steps taken.
    pub steps: u64,
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
}

/// Steps with faults.
const SAFETY_STEPS: u64 = 12_000;

/// Steps without, within which everything must be committed.
const LIVENESS_STEPS: u64 = 40_000;

/// Documents of a run.
const DOCUMENTS: usize = 120;

/// The documents of all seeds, and what an engine says to them that is never interrupted.
#[derive(Clone, Debug)]
pub struct World {
    feeds: Feeds,
    documents: Vec<Input>,
    expected: Vec<(String, Vec<u8>)>,
}

impl World {
    /// Makes documents and expectations.
    ///
    /// # Panics
    /// Where the plan is impossible: a bug here.
    #[must_use]
    pub fn new() -> Self {
        let feeds = replay::feeds();
        let plan = Plan::new(Workload::Mixed.parameters(16)).expect("a plan");
        let mut documents = Vec::new();
        let mut source = plan.documents();
        let mut buffer = Vec::new();
        while let Some(entry) = source.next() {
            if documents.len() == DOCUMENTS {
                break;
            }
            source.write(&entry, &mut buffer);
            let tenant = plan.tenant(entry.truth.shipment);
            documents.push(Input {
                time_us: entry.received_micros,
                subject: format!("raw.{tenant}.{}", entry.feed.name()),
                payload: buffer.clone().into(),
            });
        }
        let mut engine = Engine::new(&feeds, &EngineOptions::default());
        let mut expected = Vec::new();
        let mut clock = i64::MIN;
        for (seq, document) in (1..).zip(&documents) {
            let mut intake = Intake::default();
            let mut tokens = document.subject.splitn(3, '.').skip(1);
            let (tenant, feed) = (tokens.next().unwrap_or(""), tokens.next().unwrap_or(""));
            clock = clock.max(document.time_us);
            intake.push(seq, Micros(clock), tenant, feed, &document.payload);
            engine.turn(&intake, |output, message| {
                expected.push((output.subject(message).to_owned(), output.body(message).to_vec()));
            });
        }
        assert!(50 < expected.len(), "{} outputs of {} documents", expected.len(), documents.len());
        Self { feeds, documents, expected }
    }

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
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Err(format!("assertion: {}", text.unwrap_or("without words")))
        })
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

struct Run<'a> {
    world: &'a World,
    broker: Rc<RefCell<Broker>>,
    disk: SimDisk,
    nodes: Vec<Node>,
    random: Random,
    bug: Option<Bug>,
    outcome: Outcome,
    /// Steps until a stopped owner is replaced.
    absent_until: u64,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let broker = Broker::new(world.documents.clone(), random.fork(), bug);
        Self {
            world,
            broker: Rc::new(RefCell::new(broker)),
            disk: SimDisk::new(bug),
            nodes: Vec::new(),
            random,
            bug,
            outcome: Outcome::default(),
            absent_until: 0,
        }
    }

    fn safety(&mut self) -> Result<(), String> {
        for _ in 0..SAFETY_STEPS {
            if self.random.one_in(150) {
                self.fault();
            }
            self.step()?;
        }
        Ok(())
    }

    fn liveness(&mut self) -> Result<(), String> {
        self.broker.borrow_mut().heal();
        self.nodes.retain(|node| !node.is_paused());
        for _ in 0..LIVENESS_STEPS {
            if self.broker.borrow().is_complete() {
                return Ok(());
            }
            self.step()?;
        }
        Err(format!("stuck: {}", self.broker.borrow().describe()))
    }

    /// One part gets one turn.
    fn step(&mut self) -> Result<(), String> {
        self.outcome.steps += 1;
        let passed_us = self.random.below(400);
        self.broker.borrow_mut().turn(passed_us);
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
            EdgeError::InputRolledBack { .. } | EdgeError::OutputRolledBack { .. } => {
                self.outcome.rollbacks += 1;
                // A person restores the input; lost output is said again from an older position.
                self.broker.borrow_mut().restore_input();
            }
            other => return Err(format!("a node ended with: {other}")),
        }
        Ok(())
    }

    fn start(&mut self) {
        self.outcome.starts += 1;
        let shared = Shared {
            broker: Rc::clone(&self.broker),
            disk: self.disk.clone(),
            feeds: self.world.feeds.clone(),
            bug: self.bug,
        };
        let (number, shards) = (self.outcome.starts, 1 + self.random.below(3) as usize);
        self.nodes.push(Node::start(shared, number, shards, self.random.fork()));
    }

    fn fault(&mut self) {
        self.outcome.faults += 1;
        let count = self.nodes.len() as u64;
        match self.random.below(12) {
            0 | 1 if 0 < count => {
                let index = self.random.below(count) as usize;
                let node = self.nodes.swap_remove(index);
                self.outcome.snapshot_starts += u64::from(node.has_loaded());
                drop(node);
                self.disk.crash(&mut self.random);
                self.absent_until = self.outcome.steps + self.random.below(200);
            }
            2 | 3 if 0 < count => {
                let index = self.random.below(count) as usize;
                self.nodes[index].pause();
            }
            4 | 5 => self.nodes.iter_mut().for_each(Node::wake),
            6 | 7 if count < 3 => self.start(),
            8 => self.disk.rot(&mut self.random),
            _ => self.broker.borrow_mut().fault(),
        }
    }

    /// OUT against what had to be said, and against the auditor.
    fn judge(&self) -> Result<(), String> {
        let broker = self.broker.borrow();
        let found = broker.out();
        for (index, (wanted, found)) in self.world.expected.iter().zip(found).enumerate() {
            if wanted.0 != found.subject || wanted.1 != found.body[..] {
                return Err(format!(
                    "output {index} is {} {}, should be {} {}",
                    found.subject,
                    String::from_utf8_lossy(&found.body),
                    wanted.0,
                    String::from_utf8_lossy(&wanted.1)
                ));
            }
        }
        if found.len() != self.world.expected.len() {
            return Err(format!("{} outputs, not {}", found.len(), self.world.expected.len()));
        }
        let mut auditor = Auditor::new(true);
        for it in found {
            auditor.output(OutMessage {
                seq: it.seq,
                batch_id: &it.batch_id,
                batch_seq: it.batch_seq,
                body: &it.body,
            });
        }
        let (seq, body) = broker.record().ok_or("no commit record")?;
        let record = CtlRecord::read(&body)?;
        let messages = found.len() as u64 + 1;
        let out = StreamState { first_seq: 1, last_seq: broker.out_last_seq(), messages };
        let inputs = self.world.documents.len() as u64;
        let input = StreamState { first_seq: 1, last_seq: inputs, messages: inputs };
        let report = auditor.finish(&[(seq, record)], out, input);
        if report.is_clean() { Ok(()) } else { Err(format!("auditor: {:?}", report.examples)) }
    }

    fn outcome(&self) -> Outcome {
        let broker = self.broker.borrow();
        let mut outcome = self.outcome.clone();
        outcome.snapshot_starts +=
            self.nodes.iter().map(|node| u64::from(node.has_loaded())).sum::<u64>();
        outcome.time_us = broker.now_us();
        outcome.digest = broker.digest() ^ outcome.steps.rotate_left(32) ^ outcome.faults;
        outcome
    }
}
