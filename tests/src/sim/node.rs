//! A node of the simulation: the real committer, drain, pipeline and snapshot writer, given turns.
//!
//! # Place
//! Between the broker and the disk. A node claims, recovers, reads, applies and commits as the command
//! `run` does, in the same order, with the same parts.
//! # Method
//! The committer's futures are polled without a waker: the scheduler comes by again. What is read comes
//! from [`super::reader`].

use super::Bug;
use super::broker::{Answer, Ask, Broker};
use super::disk::SimDisk;
use super::random::Random;
use super::reader::{CREATED, STREAM, SimReader, differs};
use super::swarm::Swarm;
use super::world::GROUP;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::Shard;
use crossdock_node::agent::Agent;
use crossdock_node::drain::{CommitPolicy, Drain};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::{CallError, PubAck, Stored};
use crossdock_node::jetstream::committer::{Claim, Committed, Committer, CommitterOptions};
use crossdock_node::jetstream::ctl::Position;
use crossdock_node::jetstream::edge::Link;
use crossdock_node::jetstream::follow::Followed;
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest};
use crossdock_node::jetstream::reader::{Batch, Delivered};
use crossdock_node::jetstream::wire::{Sending, Wire};
use crossdock_node::pipeline::{Pipeline, State as Saved};
use crossdock_node::quarantine::{Quarantine, Quarantined};
use crossdock_node::snapshot::start::{self, resume};
use crossdock_node::snapshot::writer::Writer;
use crossdock_node::snapshot::{Identity, Keeper, Manifest, SnapshotPolicy, Wanted};
use crossdock_node::telemetry::{Counters, Telemetry};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::Cursor;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// What all nodes share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The broker.
    pub broker: Rc<RefCell<Broker>>,
    /// The disk.
    pub disk: SimDisk,
    /// The feeds.
    pub feeds: Feeds,
    /// Of every engine, except for the number of its shards.
    pub options: EngineOptions,
    /// The knobs.
    pub swarm: Swarm,
    /// Counts starts from a snapshot.
    pub loads: Rc<Cell<u64>>,
    /// What is planted.
    pub bug: Option<Bug>,
}

/// A committer's wire to the broker.
struct SimWire {
    broker: Rc<RefCell<Broker>>,
    /// The generation at the last look of an idle owner, where a bug hides it from the others.
    seen: u64,
    bug: Option<Bug>,
}

impl SimWire {
    /// Asks, and waits for the answer, the end of patience, or the cut of the connection.
    async fn asked(&self, ask: Ask, patience: Duration) -> Result<Answer, CallError> {
        let (id, deadline, generation) = {
            let mut broker = self.broker.borrow_mut();
            let deadline = broker.now_us() + patience.as_micros() as u64;
            (broker.ask(ask), deadline, broker.generation())
        };
        poll_fn(|_| {
            let mut broker = self.broker.borrow_mut();
            if let Some(answer) = broker.answer(id) {
                return Poll::Ready(Ok(answer));
            }
            if broker.generation() != generation {
                return Poll::Ready(Err(CallError::Cut));
            }
            if deadline <= broker.now_us() {
                return Poll::Ready(Err(CallError::TimedOut));
            }
            Poll::Pending
        })
        .await
    }
}

impl Wire for SimWire {
    async fn connected(&mut self) {}

    fn generation(&self) -> u64 {
        if self.bug == Some(Bug::BlindFence) { 0 } else { self.broker.borrow().generation() }
    }

    async fn renewed(&mut self, generation: u64) {
        let is_idle = self.bug == Some(Bug::IdleOwner);
        let known = if self.bug == Some(Bug::BlindFence) { self.seen } else { generation };
        poll_fn(|_| {
            let is_known = self.broker.borrow().generation() == known;
            if is_idle || is_known { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        self.seen = self.broker.borrow().generation();
    }

    async fn send(&mut self, batch: Sending<'_>) -> Result<PubAck, CallError> {
        let ask = Ask::Store(batch.publications().collect());
        match self.asked(ask, batch.patience).await? {
            Answer::Stored(answer) => answer,
            Answer::Newest(_) => unreachable!("an answer is to its question"),
        }
    }

    async fn newest(&mut self, _: &str, subject: &str) -> Result<Option<Stored>, CallError> {
        match self.asked(Ask::Newest(subject.to_owned()), Duration::from_secs(1)).await? {
            Answer::Newest(answer) => answer,
            Answer::Stored(_) => unreachable!("an answer is to its question"),
        }
    }

    async fn pause(&mut self, time: Duration) {
        let until = self.broker.borrow().now_us() + time.as_micros() as u64;
        poll_fn(|_| {
            let is_over = until <= self.broker.borrow().now_us();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn payload_size_max(&self) -> usize {
        1 << 20
    }
}

/// The queues between a node's drain and its edge.
#[derive(Debug, Default)]
pub struct Queues {
    /// What was read.
    pub batches: VecDeque<Delivered>,
    commits: VecDeque<CommitRequest>,
    outcomes: VecDeque<Result<Committed, EdgeError>>,
    bug: Option<Bug>,
}

/// A drain's link to its edge.
#[derive(Clone, Debug, Default)]
pub struct SimLink(pub Rc<RefCell<Queues>>);

impl Link for SimLink {
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        self.0.borrow_mut().batches.pop_front().transpose()
    }

    fn submit_commit(&mut self, mut request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        let mut queues = self.0.borrow_mut();
        if 2 <= queues.commits.len() {
            return Err(Box::new(request));
        }
        if queues.bug == Some(Bug::LooseMark) {
            request.sources.clear();
        }
        queues.commits.push_back(request);
        Ok(())
    }

    fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError> {
        self.0.borrow_mut().outcomes.pop_front().transpose()
    }

    fn poll_followed(&mut self) -> Option<Followed> {
        None
    }

    /// The simulated input has no ticks: its documents move time.
    fn publish(&self, _: &str, _: Vec<u8>) -> bool {
        false
    }
}

type Starting = Pin<Box<dyn Future<Output = Result<(Committer<SimWire>, Claim), EdgeError>>>>;
type Committing = Pin<Box<dyn Future<Output = ()>>>;

/// What a node does.
#[expect(clippy::large_enum_variant, reason = "a handful of nodes")]
enum State {
    Starting(Starting),
    Running(Running),
}

struct Running {
    drain: Drain<SimLink>,
    agents: Vec<Box<dyn Agent>>,
    committing: Committing,
    reader: SimReader,
    writer: Writer<SimDisk>,
    link: SimLink,
}

/// A node.
pub struct Node {
    shared: Shared,
    state: State,
    shards: usize,
    is_paused: bool,
}

impl Node {
    /// Begins to claim the group.
    #[must_use]
    pub fn start(shared: Shared, number: u64, shards: usize) -> Self {
        let wire = SimWire { broker: Rc::clone(&shared.broker), seen: 0, bug: shared.bug };
        let (outputs_max, pack_bytes) = (shared.swarm.outputs_max, shared.swarm.pack_bytes);
        let options = CommitterOptions {
            stream: String::from("OUT"),
            group: String::from(GROUP),
            engine: String::from("sim"),
            limits: BatchLimits { outputs_max, bytes_max: 1 << 20, pack_bytes },
            ack_timeout: Duration::from_millis(300),
            retry_delay_max: Duration::from_millis(100),
        };
        let owner = format!("owner{number:05}");
        let mut committer = Committer::new(wire, owner, options, Arc::new(Counters::default()));
        let starting: Starting = Box::pin(async move {
            let claim = committer.claim().await?;
            Ok((committer, claim))
        });
        Self { shared, state: State::Starting(starting), shards, is_paused: false }
    }

    /// Stops as a machine that swaps.
    pub fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Goes on, not knowing how long it was.
    pub fn wake(&mut self) {
        self.is_paused = false;
    }

    /// True between the two.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// One part of it gets one turn; why it ended, where it did.
    pub fn turn(&mut self, random: &mut Random) -> Option<EdgeError> {
        let mut context = Context::from_waker(Waker::noop());
        match &mut self.state {
            State::Starting(starting) => match starting.as_mut().poll(&mut context) {
                Poll::Pending => None,
                Poll::Ready(Err(error)) => Some(error),
                Poll::Ready(Ok((committer, claim))) => {
                    self.state = State::Running(self.run(committer, &claim));
                    None
                }
            },
            State::Running(running) => running.turn(&self.shared, &mut context, random),
        }
    }

    /// What `run` does once the group is its own.
    fn run(&self, mut committer: Committer<SimWire>, claim: &Claim) -> Running {
        let shared = &self.shared;
        let (bug, swarm) = (shared.bug, &shared.swarm);
        let position = claim.found.as_ref().map_or_else(Position::default, |it| it.position);
        let options = EngineOptions { shards: self.shards, lanes: 2, ..shared.options.clone() };
        let identity = Identity {
            group: String::from(GROUP),
            stream: String::from(STREAM),
            created: String::from(CREATED),
            feeds_digest: 1,
            rules_digest: 1,
        };
        let is_early = bug == Some(Bug::EarlySnapshot);
        let committed = if is_early { Position::whole(u64::MAX) } else { position };
        let loaded = load(shared, &identity, committed, &options);
        shared.loads.update(|count| count + u64::from(loaded.is_some()));
        let saved = loaded.as_ref().map(|(manifest, _)| manifest);
        let start = resume(saved, claim.found.as_ref(), false);
        let from = saved.map_or(0, |manifest| manifest.position);
        let clock = saved.map(Manifest::clock).unwrap_or_default();
        let prints = saved.map(Manifest::fingerprints).unwrap_or_default();
        let state = match loaded {
            Some((_, (shards, _, forecast))) if bug == Some(Bug::ForgottenOrders) => {
                (shards, OrderBook::default(), forecast)
            }
            Some((_, state)) => state,
            None => {
                let shard = |index| Shard::new(options.shard(&shared.feeds, index));
                ((0..options.shards).map(shard).collect(), OrderBook::default(), None)
            }
        };
        let telemetry = Telemetry::new();
        let (interval, documents) = (Duration::from_secs(1 << 20), swarm.snapshot_documents);
        let policy = SnapshotPolicy { interval, documents };
        let (handle, writer) = Writer::new(shared.disk.clone(), policy, Arc::clone(&telemetry));
        let pages = |shard| handle.pages(shard);
        let (pipeline, agents) =
            Pipeline::assemble(&shared.feeds, &options, state, &Arc::default(), pages);
        let keeper = Keeper::new(handle, identity, claim.epoch, options.shards, &prints);
        let link = SimLink::default();
        link.0.borrow_mut().bug = bug;
        // Nothing waits for a clock: the simulation has its own.
        let policy = CommitPolicy {
            outputs: swarm.commit_outputs,
            documents: 50,
            delay: Duration::ZERO,
            idle_delay: Duration::ZERO,
        };
        let forgets = bug == Some(Bug::NoSuppression);
        let suppressed = if forgets { Position::whole(from) } else { position };
        let group = String::from(GROUP);
        let drain = Drain::new(link.clone(), pipeline, policy, telemetry, group, suppressed)
            .with_snapshots(Some(keeper), clock)
            .with_rules(options.rules)
            .without(self.left_out(claim));
        committer.set_stream_created(CREATED);
        let committing: Committing = Box::pin(commits(committer, link.clone()));
        let knobs = (swarm.read_max, swarm.drop_every);
        let reader = SimReader::new(start, &shared.broker.borrow(), knobs, bug);
        Running { drain, agents, committing, reader, writer, link }
    }
}

impl Node {
    /// The messages that the record leaves out, as the node understands it.
    fn left_out(&self, claim: &Claim) -> Quarantine {
        let known = claim.found.as_ref().map(|it| it.quarantined.clone()).unwrap_or_default();
        match self.shared.bug {
            Some(Bug::ForgottenQuarantine) => Quarantine::default(),
            Some(Bug::LooseQuarantine) => {
                let mut loose = Quarantine::default();
                let broker = self.shared.broker.borrow();
                let messages = (1..).zip(broker.log().messages());
                let has = |seq| known.iter().any(|it| it.seq == seq);
                messages
                    .filter(|(seq, _)| has(*seq))
                    .for_each(|(seq, message)| loose.add(Quarantined::new(seq, message.stored_us)));
                loose
            }
            _ => known,
        }
    }
}

/// The newest snapshot that is whole and fits.
fn load(
    shared: &Shared,
    identity: &Identity,
    committed: Position,
    options: &EngineOptions,
) -> Option<(Manifest, Saved)> {
    let mut differs = |manifest: &Manifest| differs(&shared.broker, manifest, shared.bug);
    let mut wanted = Wanted { identity, committed, differs: &mut differs };
    let mut files = shared.disk.newest_first().into_iter();
    files.find_map(|file| start::read(Cursor::new(file), &mut wanted, &shared.feeds, options).ok())
}

/// The committer's task, as the edge's driver runs it.
async fn commits(mut committer: Committer<SimWire>, link: SimLink) {
    // Ends: with the first error.
    loop {
        let next = {
            let mut lost = pin!(committer.lost());
            poll_fn(|context| match link.0.borrow_mut().commits.pop_front() {
                Some(request) => Poll::Ready(Ok(request)),
                None => lost.as_mut().poll(context).map(Err),
            })
            .await
        };
        let outcome = match next {
            Ok(request) => committer.commit(&request).await,
            Err(error) => Err(error),
        };
        let is_last = outcome.is_err();
        link.0.borrow_mut().outcomes.push_back(outcome);
        if is_last {
            return;
        }
    }
}

impl Running {
    fn turn(
        &mut self,
        shared: &Shared,
        context: &mut Context<'_>,
        random: &mut Random,
    ) -> Option<EdgeError> {
        match random.below(8) {
            0 | 1 => {
                if !self.is_over() {
                    // Its end is told by the outcome that it left.
                    let polled = self.committing.as_mut().poll(context);
                    debug_assert!(polled.is_pending() || self.is_over());
                }
            }
            2 => self.reader.turn(&shared.broker.borrow(), &self.link, random),
            3 | 4 => {
                if let Err(error) = self.drain.turn() {
                    return Some(error);
                }
            }
            5 => self.writer.turn(),
            _ => {
                let index = random.below(self.agents.len() as u64) as usize;
                if !self.agents[index].is_done() {
                    self.agents[index].turn();
                }
            }
        }
        None
    }

    /// The committer has ended with an error that the drain has not seen yet.
    fn is_over(&self) -> bool {
        self.link.0.borrow().outcomes.iter().any(Result::is_err)
    }
}
