//! The broker: two streams, requests on their way, and everything that can happen to them.
//!
//! # Place
//! Behind the wires of all nodes; the one truth of a simulation.
//! # Method
//! A request is delivered after some time, or never, or twice; its answer comes after some time, or
//! never. OUT is a [`Stream`]; what only happens
//! now and then is said by the codes of nats-server 2.15: 10164, 10077, 10210, 10008.

use super::Bug;
use super::log::{Input, Log};
use super::random::Random;
use super::stream::{Kept, Reply, Stream, StreamRules};
use super::swarm::{Fault, Swarm};
use super::world::GROUP;
use bytes::Bytes;
use crossdock_node::jetstream::call::{ApiError, CallError, PubAck, Stored};
use crossdock_node::jetstream::ctl::{CtlRecord, Fingerprint, Position};
use crossdock_node::jetstream::wire::Publication;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Store these, one after the other; the answer is the last one's.
    Store(Vec<Publication>),
    /// The newest message of a subject.
    Newest(String),
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Stored, or why not.
    Stored(Result<PubAck, CallError>),
    /// The newest record.
    Newest(Result<Option<Stored>, CallError>),
}

#[derive(Clone, Debug)]
struct Request {
    id: u64,
    due_us: u64,
    ask: Ask,
    is_answered: bool,
}

/// The broker.
#[derive(Debug)]
pub struct Broker {
    now_us: u64,
    random: Random,
    bug: Option<Bug>,
    swarm: Swarm,
    log: Log,
    out: Stream,
    /// The subject of commit records.
    ctl: String,
    /// Where the record stands that ends a part of a commit whose rest was lost.
    cut_at: Option<Position>,
    requests: Vec<Request>,
    answers: BTreeMap<u64, (u64, Answer)>,
    next_id: u64,
    leaderless_until: u64,
    silent_until: u64,
    /// Counts cuts of all connections.
    generation: u64,
    is_healed: bool,
    digest: u64,
}

impl Broker {
    /// A broker that will be sent these messages.
    #[must_use]
    pub fn new(messages: &[Input], swarm: Swarm, random: Random, bug: Option<Bug>) -> Self {
        let out = Stream::new(StreamRules {
            allow_atomic: true,
            allow_rollup: true,
            deny_delete: true,
            // The record counts, too.
            batch_max: swarm.batch_max as u64 + 1,
            ..StreamRules::default()
        });
        Self {
            now_us: 1_000_000,
            random,
            bug,
            swarm,
            log: Log::new(messages),
            out,
            ctl: format!("ctl.{GROUP}"),
            cut_at: None,
            requests: Vec::new(),
            answers: BTreeMap::new(),
            next_id: 0,
            leaderless_until: 0,
            silent_until: 0,
            generation: 0,
            is_healed: false,
            digest: 0,
        }
    }

    /// Time passes; what is due is delivered.
    pub fn turn(&mut self) {
        self.now_us += self.random.below(self.swarm.step_us);
        if self.random.one_in(self.swarm.publish_every) {
            self.log.publish();
        }
        let due = self.requests.iter().position(|request| request.due_us <= self.now_us);
        let Some(index) = due else { return };
        if self.now_us < self.silent_until {
            self.requests.swap_remove(index);
            return;
        }
        let request = self.requests.swap_remove(index);
        let answer = self.deliver(&request.ask);
        self.digest =
            (self.digest ^ request.id).wrapping_mul(0x100_0000_01B3) ^ self.out.last_seq();
        if request.is_answered {
            let at = self.now_us + self.random.below(self.swarm.latency_us);
            self.answers.insert(request.id, (at, answer));
        }
    }

    /// Sends a request on its way; gives its number.
    pub fn ask(&mut self, ask: Ask) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let is_bad = !self.is_healed && self.random.one_in(self.swarm.bad_request_every);
        let kind = if is_bad { self.random.below(4) } else { 9 };
        let soon = self.now_us + self.random.below(self.swarm.latency_us);
        let late = soon + self.random.below(5_000_000);
        let request = |due_us, is_answered| Request { id, due_us, ask: ask.clone(), is_answered };
        match kind {
            // Lost on its way.
            0 => {}
            // Its answer is lost.
            1 => self.requests.push(request(soon, false)),
            // Comes when nobody waits for it any more.
            2 => self.requests.push(request(late, false)),
            // Comes twice.
            3 => {
                self.requests.push(request(soon, true));
                self.requests.push(request(late, false));
            }
            _ => self.requests.push(request(soon, true)),
        }
        id
    }

    /// The answer to a request, once it is here.
    pub fn answer(&mut self, id: u64) -> Option<Answer> {
        let is_here = self.answers.get(&id).is_some_and(|(at, _)| *at <= self.now_us);
        if is_here { self.answers.remove(&id).map(|(_, answer)| answer) } else { None }
    }

    fn deliver(&mut self, ask: &Ask) -> Answer {
        let is_leaderless = self.now_us < self.leaderless_until;
        match ask {
            Ask::Newest(_) if is_leaderless => Answer::Newest(Err(CallError::NoResponders)),
            Ask::Newest(subject) => {
                let stored =
                    |it: &Kept| Stored { seq: it.seq, time_us: 0, payload: it.body.clone() };
                Answer::Newest(Ok(self.out.newest(subject).map(stored)))
            }
            Ask::Store(_) if is_leaderless => Answer::Stored(Err(refused(503, 10008))),
            Ask::Store(batch) => {
                let busy = [10164, 10077, 10210];
                if !self.is_healed && self.random.one_in(self.swarm.busy_every) {
                    let code = busy[self.random.below(3) as usize];
                    return Answer::Stored(Err(refused(400, code)));
                }
                Answer::Stored(self.store(batch))
            }
        }
    }

    fn store(&mut self, batch: &[Publication]) -> Result<PubAck, CallError> {
        let mut batch = batch.to_vec();
        if let (Some(Bug::NoFence), Some(record)) = (self.bug, batch.last_mut()) {
            record.headers = record
                .headers
                .iter()
                .filter(|(name, _)| AsRef::<str>::as_ref(*name) != FENCE)
                .flat_map(|(name, values)| values.iter().map(move |it| (name.clone(), it.clone())))
                .collect();
        }
        if self.bug == Some(Bug::TornBatch) && !batch.last().is_some_and(|it| self.is_fresh(it)) {
            return Err(refused(400, 10071));
        }
        let mut reply = Reply::Staged;
        for message in &batch {
            let is_output = message.subject.as_str() != self.ctl;
            reply = match self.bug {
                Some(Bug::TornBatch) if is_output && self.random.one_in(50) => continue,
                Some(Bug::TornBatch | Bug::OutputsFirst) => self.store_loosely(message),
                _ => self.out.publish(message),
            };
        }
        match reply {
            Reply::Stored(seq) | Reply::Duplicate(seq) => Ok(PubAck { seq }),
            Reply::Refused(code) => Err(refused(400, code)),
            Reply::Staged => Err(CallError::TimedOut),
        }
    }

    /// What a broker without atomic batches would do.
    fn store_loosely(&mut self, message: &Publication) -> Reply {
        if self.is_fresh(message) {
            Reply::Stored(self.out.store(message))
        } else {
            Reply::Refused(10071)
        }
    }

    /// True where a message has no fence, or the right one.
    fn is_fresh(&self, message: &Publication) -> bool {
        let fence = message.headers.get(FENCE).and_then(|fence| fence.as_str().parse().ok());
        let newest = self.out.newest(message.subject.as_str()).map_or(0, |it| it.seq);
        fence.is_none_or(|fence: u64| fence == newest)
    }

    /// Something happens to the broker itself.
    pub fn fault(&mut self, fault: Fault) {
        // In requests on their way, rather than in seconds.
        let a_while = 20 * (self.swarm.latency_us + self.swarm.step_us);
        match fault {
            Fault::Leaderless => self.leaderless_until = self.now_us + self.random.below(a_while),
            Fault::Silent => self.silent_until = self.now_us + self.random.below(a_while),
            Fault::Cut => self.generation += 1,
            Fault::RollBackOutput => self.roll_back_output(),
            Fault::RollBackInput => self.roll_back_input(),
            Fault::RollBackBoth => {
                self.roll_back_output();
                self.roll_back_input();
            }
            Fault::Kill | Fault::Pause | Fault::Wake | Fault::Start | Fault::Rot => {}
        }
    }

    /// Power was lost: the newest commits are gone, the last of them perhaps in part.
    fn roll_back_output(&mut self) {
        let records = self.out.history().iter().filter(|it| it.subject == self.ctl);
        let lost = 1 + self.random.below(3) as usize;
        let last_seq = records.rev().nth(lost).map_or(0, |it| it.seq);
        self.out.roll_back(last_seq);
        let newest = self.newest().filter(|record| record.state_hash.is_none());
        self.cut_at = newest.map(|record| record.position);
        self.requests.clear();
        self.generation += 1;
    }

    /// Power was lost: the newest input is gone, and other messages get its sequences.
    fn roll_back_input(&mut self) {
        if self.log.roll_back(&mut self.random) {
            self.generation += 1;
        }
    }

    /// A person looks at what was committed, and restores the input where it no longer holds that.
    ///
    /// # Errors
    /// Where it never held that.
    pub fn restore_input(&mut self) -> Result<(), String> {
        let mark = self.newest().and_then(|record| record.stream);
        let mark: Option<Fingerprint> = mark.map(|mark| mark.fingerprint());
        if self.log.restore(mark.as_ref())? {
            self.generation += 1;
        }
        Ok(())
    }

    /// No more faults.
    pub fn heal(&mut self) {
        self.is_healed = true;
        self.swarm.heal();
        self.leaderless_until = 0;
        self.silent_until = 0;
        self.generation += 1;
    }

    /// The input.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    fn newest(&self) -> Option<CtlRecord> {
        self.record().and_then(|(_, body)| CtlRecord::read(&body).ok())
    }

    /// True where all input was published and is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let wanted = Position::whole(self.log.messages().len() as u64);
        let text = format!("{{\"position\":{{\"seq\":{},\"index\":0}}", wanted.seq);
        // The look at its text is the quick way to say no.
        self.log.is_sent()
            && self.record().is_some_and(|(_, body)| body.starts_with(text.as_bytes()))
            && self.newest().is_some_and(|record| {
                let mark = record.stream.map(|mark| mark.fingerprint());
                record.position == wanted && mark.is_some_and(|print| self.log.holds(&print))
            })
    }

    /// Messages of OUT that are no records.
    #[must_use]
    pub fn out(&self) -> Vec<&Kept> {
        self.out.messages().filter(|it| it.subject != self.ctl).collect()
    }

    /// The position of a record that ends a part of a commit, and stood last when OUT had lost its tail.
    #[must_use]
    pub fn cut_at(&self) -> Option<Position> {
        self.cut_at
    }

    /// The newest record.
    #[must_use]
    pub fn record(&self) -> Option<(u64, Bytes)> {
        self.out.newest(&self.ctl).map(|it| (it.seq, it.body.clone()))
    }

    /// The last sequence of OUT.
    #[must_use]
    pub fn out_last_seq(&self) -> u64 {
        self.out.last_seq()
    }

    /// Counts cuts of all connections.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The clock.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// A hash of what happened.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Where it stands, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let record = self.record().map(|(_, body)| String::from_utf8_lossy(&body).into_owned());
        let (held, is_sent) = (self.log.messages().len(), self.log.is_sent());
        format!("{held} messages, all of them: {is_sent}, {record:?}")
    }
}

const FENCE: &str = "Nats-Expected-Last-Subject-Sequence";

fn refused(code: u64, err_code: u64) -> CallError {
    CallError::Refused(ApiError { code, err_code, description: String::from("simulated") })
}
