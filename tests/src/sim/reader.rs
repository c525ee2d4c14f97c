//! A model of the reader: a consumer with numbered deliveries that may lose messages.
//!
//! # Place
//! In a node, between the broker's input and the drain.
//! # Method
//! As `crossdock_node::jetstream::reader`: after every cut the stream is checked, by the node's own
//! [`intake::check`], and a new consumer begins behind the own position; a hole in its numbers ends it.
//! # Does not hold
//! Pulls, bytes, heartbeats: the real reader runs in `chaos` and in the tests of the edge.

use super::Bug;
use super::broker::Broker;
use super::node::SimLink;
use super::random::Random;
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::Stored;
use crossdock_node::jetstream::ctl::Fingerprint;
use crossdock_node::jetstream::intake::{self, Source, Start, State};
use crossdock_node::jetstream::reader::{Batch, Message};
use crossdock_node::snapshot::Manifest;
use crossdock_node::snapshot::start::resume;
use std::cell::RefCell;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// When the input stream was created.
pub const CREATED: &str = "simulated";

/// The name of the input stream.
pub const STREAM: &str = "IN";

/// Batches that wait for the drain.
const RING: usize = 3;

/// The broker's input, as the check asks for it.
struct SimSource<'a>(&'a Broker);

impl Source for SimSource<'_> {
    fn state(&mut self) -> impl Future<Output = Result<State, EdgeError>> + Send {
        let last_seq = self.0.log().messages().len() as u64;
        ready(Ok(State { created: String::from(CREATED), first_seq: 1, last_seq }))
    }

    fn stored(
        &mut self,
        seq: u64,
    ) -> impl Future<Output = Result<Option<Stored>, EdgeError>> + Send {
        let payload = |message: &super::log::Input| message.payload.clone();
        let found = self.0.log().get(seq);
        ready(Ok(found.map(|it| Stored { seq, time_us: it.stored_us, payload: payload(it) })))
    }
}

fn check(broker: &Broker, start: &Start) -> Result<(), EdgeError> {
    let mut source = SimSource(broker);
    let checking = pin!(intake::check(&mut source, STREAM, start));
    match checking.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(found) => found.map(|_| ()),
        Poll::Pending => unreachable!("the simulated source answers at once"),
    }
}

/// Why the input is not the one that a snapshot remembers, if so.
pub fn differs(broker: &RefCell<Broker>, manifest: &Manifest, bug: Option<Bug>) -> Option<String> {
    if matches!(bug, Some(Bug::StaleSnapshot | Bug::NoRollbackCheck)) {
        return None;
    }
    let checked = check(&broker.borrow(), &resume(Some(manifest), None, true));
    checked.err().map(|error| error.to_string())
}

/// The reader of one node.
#[derive(Debug)]
pub struct SimReader {
    start: Start,
    last: Option<Fingerprint>,
    /// What the consumer delivers next, and the number of its last delivery.
    consumer_next: u64,
    delivered: u64,
    seen: u64,
    generation: u64,
    must_check: bool,
    read_max: u64,
    drop_every: u64,
    bug: Option<Bug>,
}

impl SimReader {
    /// A reader that takes so many messages at one time, and of which the client drops one in so many.
    pub fn new(
        start: Start,
        broker: &Broker,
        (read_max, drop_every): (u64, u64),
        bug: Option<Bug>,
    ) -> Self {
        let mut reader = Self {
            start,
            last: None,
            consumer_next: 0,
            delivered: 0,
            seen: 0,
            generation: broker.generation(),
            must_check: true,
            read_max,
            drop_every,
            bug,
        };
        reader.restart();
        reader
    }

    fn position(&self) -> u64 {
        self.start.position.unwrap_or(0)
    }

    /// Reads a little.
    pub fn turn(&mut self, broker: &Broker, link: &SimLink, random: &mut Random) {
        let batches = &mut link.0.borrow_mut().batches;
        if RING <= batches.len() {
            return;
        }
        if self.generation != broker.generation() {
            self.generation = broker.generation();
            self.restart();
        }
        if self.must_check
            && self.bug != Some(Bug::NoRollbackCheck)
            && let Err(error) = check(broker, &self.start)
        {
            return batches.push_back(Err(error));
        }
        self.must_check = false;
        // What was delivered last and did not come: a heartbeat or the answer to a pull tells.
        let is_at_end = broker.log().get(self.consumer_next).is_none();
        if is_at_end && self.delivered != self.seen && self.bug != Some(Bug::NoGapCheck) {
            self.restart();
        }
        let messages = self.take(broker, random);
        if let Some(last) = messages.last() {
            let (seq, time_us) = (last.seq, last.stream_time_us);
            let crc32c = crc32c::crc32c(&last.payload);
            self.last = Some(Fingerprint { seq, time_us, crc32c });
            let bytes = messages.iter().map(|message| message.payload.len()).sum();
            let last_seq = broker.log().messages().len() as u64;
            let pending = last_seq.saturating_sub(self.position());
            batches.push_back(Ok(Batch { messages, bytes, pending }));
        }
    }

    fn take(&mut self, broker: &Broker, random: &mut Random) -> Vec<Message> {
        let mut messages = Vec::new();
        for _ in 0..=random.below(self.read_max) {
            let Some(input) = broker.log().get(self.consumer_next) else { break };
            let seq = self.consumer_next;
            self.consumer_next += 1;
            self.delivered += 1;
            // The client drops one: its buffer was full.
            if random.one_in(self.drop_every) {
                continue;
            }
            if self.delivered != self.seen + 1 && self.bug != Some(Bug::NoGapCheck) {
                self.restart();
                break;
            }
            self.seen = self.delivered;
            self.start.position = Some(seq);
            messages.push(Message {
                seq,
                stream_time_us: input.stored_us,
                received_us: Some(input.time_us),
                subject: input.subject.clone().into(),
                payload: input.payload.clone(),
            });
        }
        messages
    }

    /// A new consumer behind the own position.
    fn restart(&mut self) {
        if let Some(last) = self.last.take() {
            self.start.remember(last);
        }
        self.consumer_next = self.position() + 1;
        (self.delivered, self.seen) = (0, 0);
        self.must_check = true;
    }
}
