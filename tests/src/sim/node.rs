//! A node of the simulation: the real committer, drain, pipeline and snapshot writer, given turns.
//!
//! # Place
//! Between the broker and the disk. A node claims, recovers, reads, applies and commits as the command
//! `run` does, in the same order, with the same parts.
//! # Method
//! The committer's futures are polled without a waker: the scheduler comes by again. The reader is a
//! model: a consumer with numbered deliveries that may lose messages, and the check of fingerprints.

use super::Bug;
use super::broker::{Answer, Ask, Broker};
use super::disk::SimDisk;
use super::random::Random;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::Shard;
use crossdock_node::agent::Agent;
use crossdock_node::drain::{CommitPolicy, Drain};
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::{CallError, PubAck, Stored};
use crossdock_node::jetstream::committer::{Claim, Committed, Committer, CommitterOptions};
use crossdock_node::jetstream::ctl::{Fingerprint, Position};
use crossdock_node::jetstream::edge::Link;
use crossdock_node::jetstream::follow::Followed;
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest};
use crossdock_node::jetstream::reader::{Batch, Delivered, Message};
use crossdock_node::jetstream::wire::{Sending, Wire};
use crossdock_node::pipeline::Pipeline;
use crossdock_node::snapshot::writer::Writer;
use crossdock_node::snapshot::{Identity, Keeper, SnapshotPolicy, start};
use crossdock_node::telemetry::{Counters, Telemetry};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::Cursor;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// When the input stream was created.
const CREATED: &str = "simulated";

/// Batches that wait for the drain.
const RING: usize = 3;

/// What all nodes share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The broker.
    pub broker: Rc<RefCell<Broker>>,
    /// The disk.
    pub disk: SimDisk,
    /// The feeds.
    pub feeds: Feeds,
    /// What is planted.
    pub bug: Option<Bug>,
}

/// A committer's wire to the broker.
struct SimWire {
    broker: Rc<RefCell<Broker>>,
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

    async fn send(&mut self, batch: Sending<'_>) -> Result<PubAck, CallError> {
        let outputs =
            batch.outputs.iter().map(|it| (it.subject.to_string(), it.body.clone())).collect();
        let (record, batch_id) = (batch.record.clone(), batch.batch_id.to_owned());
        let ask = Ask::Store { outputs, record, fence: batch.fence, batch_id };
        match self.asked(ask, batch.patience).await? {
            Answer::Stored(answer) => answer,
            Answer::Newest(_) => unreachable!("an answer is to its question"),
        }
    }

    async fn newest(&mut self, _: &str, _: &str) -> Result<Option<Stored>, CallError> {
        match self.asked(Ask::Newest, Duration::from_secs(1)).await? {
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
struct Queues {
    batches: VecDeque<Delivered>,
    commits: VecDeque<CommitRequest>,
    outcomes: VecDeque<Result<Committed, EdgeError>>,
}

#[derive(Clone, Debug, Default)]
struct SimLink(Rc<RefCell<Queues>>);

impl Link for SimLink {
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        self.0.borrow_mut().batches.pop_front().transpose()
    }

    fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        let mut queues = self.0.borrow_mut();
        if 2 <= queues.commits.len() {
            return Err(Box::new(request));
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

/// A model of the reader: see `crossdock_node::jetstream::reader`.
#[derive(Debug)]
struct SimReader {
    position: u64,
    prints: Vec<Fingerprint>,
    /// What the consumer delivers next, and the number of its last delivery.
    consumer_next: u64,
    delivered: u64,
    seen: u64,
    generation: u64,
    must_check: bool,
}

impl SimReader {
    fn turn(&mut self, shared: &Shared, link: &SimLink, random: &mut Random) {
        if RING <= link.0.borrow().batches.len() {
            return;
        }
        let broker = shared.broker.borrow();
        if self.generation != broker.generation() {
            self.generation = broker.generation();
            self.restart();
        }
        if self.must_check {
            if let Err(error) = self.check(&broker, shared.bug) {
                return link.0.borrow_mut().batches.push_back(Err(error));
            }
            self.must_check = false;
        }
        // What was delivered last and did not come: a heartbeat or the answer to a pull tells.
        if broker.input(self.consumer_next).is_none()
            && self.delivered != self.seen
            && shared.bug != Some(Bug::NoGapCheck)
        {
            self.restart();
        }
        let mut messages = Vec::new();
        for _ in 0..=random.below(6) {
            let Some(input) = broker.input(self.consumer_next) else { break };
            let seq = self.consumer_next;
            self.consumer_next += 1;
            self.delivered += 1;
            // The client drops one: its buffer was full.
            if random.one_in(60) {
                continue;
            }
            if self.delivered != self.seen + 1 && shared.bug != Some(Bug::NoGapCheck) {
                self.restart();
                break;
            }
            self.seen = self.delivered;
            self.position = seq;
            messages.push(Message {
                seq,
                stream_time_us: input.time_us,
                received_us: Some(input.time_us),
                subject: input.subject.into(),
                payload: input.payload,
            });
        }
        if let Some(last) = messages.last() {
            self.prints.insert(0, fingerprint(last));
            self.prints.truncate(8);
            let bytes = messages.iter().map(|message| message.payload.len()).sum();
            let pending = broker.input_last_seq().saturating_sub(self.position);
            link.0.borrow_mut().batches.push_back(Ok(Batch { messages, bytes, pending }));
        }
    }

    /// A new consumer behind the own position.
    fn restart(&mut self) {
        self.consumer_next = self.position + 1;
        (self.delivered, self.seen) = (0, 0);
        self.must_check = true;
    }

    /// The newest message that we remember has to be the one that is there.
    fn check(&self, broker: &Broker, bug: Option<Bug>) -> Result<(), EdgeError> {
        let Some(print) = self.prints.first() else { return Ok(()) };
        let stored = broker.input(print.seq);
        let is_same = stored.is_some_and(|it| crc32c::crc32c(&it.payload) == print.crc32c);
        if is_same || bug == Some(Bug::NoRollbackCheck) {
            return Ok(());
        }
        let detail = format!("message {} is another one", print.seq);
        Err(EdgeError::InputRolledBack { stream: String::from("IN"), detail, matching_seq: None })
    }
}

fn fingerprint(message: &Message) -> Fingerprint {
    let crc32c = crc32c::crc32c(&message.payload);
    Fingerprint { seq: message.seq, time_us: message.stream_time_us, crc32c }
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
    has_loaded: bool,
}

impl Node {
    /// Begins to claim the group.
    #[must_use]
    pub fn start(shared: Shared, number: u64, shards: usize, _random: Random) -> Self {
        let wire = SimWire { broker: Rc::clone(&shared.broker) };
        let options = CommitterOptions {
            stream: String::from("OUT"),
            group: String::from("sim"),
            engine: String::from("sim"),
            limits: BatchLimits { outputs_max: 6, bytes_max: 1 << 20 },
            ack_timeout: Duration::from_millis(300),
            retry_delay_max: Duration::from_millis(100),
        };
        let owner = format!("owner{number:05}");
        let mut committer = Committer::new(wire, owner, options, Arc::new(Counters::default()));
        let starting: Starting = Box::pin(async move {
            let claim = committer.claim().await?;
            Ok((committer, claim))
        });
        let state = State::Starting(starting);
        Self { shared, state, shards, is_paused: false, has_loaded: false }
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

    /// True where it started from a snapshot.
    #[must_use]
    pub fn has_loaded(&self) -> bool {
        self.has_loaded
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
    fn run(&mut self, mut committer: Committer<SimWire>, claim: &Claim) -> Running {
        let shared = &self.shared;
        let position = claim.found.as_ref().map_or_else(Position::default, |it| it.position);
        let options = EngineOptions { shards: self.shards, lanes: 2, ..EngineOptions::default() };
        let identity = Identity {
            group: String::from("sim"),
            stream: String::from("IN"),
            created: String::from(CREATED),
            feeds_digest: 1,
            rules_digest: 1,
        };
        let is_early = shared.bug == Some(Bug::EarlySnapshot);
        let fits = if is_early { Position::whole(u64::MAX) } else { position };
        let loaded = shared.disk.newest_first().into_iter().find_map(|bytes| {
            start::read(Cursor::new(bytes), &identity, fits, &shared.feeds, &options).ok()
        });
        self.has_loaded = loaded.is_some();
        let mark = claim.found.as_ref().and_then(|record| record.stream.clone());
        let mut prints: Vec<Fingerprint> = mark.iter().map(|mark| mark.fingerprint()).collect();
        let from = loaded.as_ref().map_or(0, |(manifest, ..)| manifest.position);
        let clock = loaded.as_ref().map(|(manifest, ..)| manifest.clock()).unwrap_or_default();
        let own_prints =
            loaded.as_ref().map(|(manifest, ..)| manifest.fingerprints()).unwrap_or_default();
        prints.extend(&own_prints);
        let state = match loaded {
            Some((_, (shards, _, forecast))) if shared.bug == Some(Bug::ForgottenOrders) => {
                (shards, OrderBook::default(), forecast)
            }
            Some((_, state)) => state,
            None => {
                let shard = |index| Shard::new(options.shard(&shared.feeds, index));
                ((0..options.shards).map(shard).collect(), OrderBook::default(), None)
            }
        };
        let telemetry = Telemetry::new();
        let policy = SnapshotPolicy { interval: Duration::from_secs(1 << 20), documents: 6 };
        let (handle, writer) = Writer::new(shared.disk.clone(), policy, Arc::clone(&telemetry));
        let pages = |shard| handle.pages(shard);
        let (pipeline, agents) = Pipeline::assemble(&shared.feeds, &options, state, pages);
        let keeper = Keeper::new(handle, identity, claim.epoch, options.shards, &own_prints);
        let link = SimLink::default();
        // Nothing waits for a clock: the simulation has its own.
        let policy = CommitPolicy {
            outputs: 4,
            documents: 50,
            delay: Duration::ZERO,
            idle_delay: Duration::ZERO,
        };
        let suppressed =
            if shared.bug == Some(Bug::NoSuppression) { Position::whole(from) } else { position };
        let group = String::from("sim");
        let drain = Drain::new(link.clone(), pipeline, policy, telemetry, group, suppressed)
            .with_snapshots(Some(keeper), clock);
        committer.set_stream_created(CREATED);
        let queues = link.clone();
        let committing: Committing = Box::pin(async move {
            // Ends: with the first error.
            loop {
                let request = poll_fn(|_| match queues.0.borrow_mut().commits.pop_front() {
                    Some(request) => Poll::Ready(request),
                    None => Poll::Pending,
                })
                .await;
                let outcome = committer.commit(&request).await;
                let is_last = outcome.is_err();
                queues.0.borrow_mut().outcomes.push_back(outcome);
                if is_last {
                    return;
                }
            }
        });
        let mut reader = SimReader {
            position: from,
            prints,
            consumer_next: 0,
            delivered: 0,
            seen: 0,
            generation: shared.broker.borrow().generation(),
            must_check: true,
        };
        reader.restart();
        Running { drain, agents, committing, reader, writer, link }
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
            2 => self.reader.turn(shared, &self.link, random),
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
