//! The broker: two streams, requests on their way, and everything that can happen to them.
//!
//! # Place
//! Behind the wires of all nodes; the one truth of a simulation.
//! # Method
//! A request is delivered after some time, or never, or twice; its answer comes after some time, or
//! never. Answers carry the codes of nats-server 2.15: 10071 for the fence, 10199, 10164, 10077, 10210,
//! 10008. A batch is applied whole or not at all, with the rollup of its record. The history of
//! records is kept, so that the tail of OUT can be taken back.

use super::Bug;
use super::log::{Input, Log};
use super::random::Random;
use super::swarm::{Fault, Swarm};
use bytes::Bytes;
use crossdock_node::jetstream::call::{ApiError, CallError, PubAck, Stored};
use crossdock_node::jetstream::ctl::{CtlRecord, Fingerprint, Position};
use std::collections::BTreeMap;

/// A message of OUT that is no record.
#[derive(Clone, Debug)]
pub struct Out {
    /// Its sequence.
    pub seq: u64,
    /// Its batch.
    pub batch_id: String,
    /// Its number in the batch.
    pub batch_seq: u64,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: Bytes,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Store a batch.
    Store {
        /// Subjects and bodies.
        outputs: Vec<(String, Bytes)>,
        /// The record that ends it.
        record: Bytes,
        /// The sequence that the record before must have.
        fence: u64,
        /// Its name.
        batch_id: String,
    },
    /// The newest record.
    Newest,
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
    out: Vec<Out>,
    /// Every record there was: (sequence, body); the last is the newest.
    records: Vec<(u64, Bytes)>,
    out_last_seq: u64,
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
        Self {
            now_us: 1_000_000,
            random,
            bug,
            swarm,
            log: Log::new(messages),
            out: Vec::new(),
            records: Vec::new(),
            out_last_seq: 0,
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
        self.digest = (self.digest ^ request.id).wrapping_mul(0x100_0000_01B3) ^ self.out_last_seq;
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
            Ask::Newest if is_leaderless => Answer::Newest(Err(CallError::NoResponders)),
            Ask::Newest => Answer::Newest(Ok(self.records.last().map(|(seq, body)| Stored {
                seq: *seq,
                time_us: 0,
                payload: body.clone(),
            }))),
            Ask::Store { .. } if is_leaderless => Answer::Stored(Err(refused(503, 10008))),
            Ask::Store { outputs, record, fence, batch_id } => {
                let busy = [10164, 10077, 10210];
                if !self.is_healed && self.random.one_in(self.swarm.busy_every) {
                    let code = busy[self.random.below(3) as usize];
                    return Answer::Stored(Err(refused(400, code)));
                }
                Answer::Stored(self.store(outputs, record, *fence, batch_id))
            }
        }
    }

    fn store(
        &mut self,
        outputs: &[(String, Bytes)],
        record: &Bytes,
        fence: u64,
        batch_id: &str,
    ) -> Result<PubAck, CallError> {
        if self.swarm.batch_max < outputs.len() {
            return Err(refused(400, 10199));
        }
        let newest = self.records.last().map_or(0, |(seq, _)| *seq);
        let is_fenced = newest != fence && self.bug != Some(Bug::NoFence);
        if is_fenced && self.bug != Some(Bug::OutputsFirst) {
            return Err(refused(400, 10071));
        }
        for (batch_seq, (subject, body)) in (1..).zip(outputs) {
            if self.bug == Some(Bug::TornBatch) && self.random.one_in(50) {
                continue;
            }
            self.out_last_seq += 1;
            self.out.push(Out {
                seq: self.out_last_seq,
                batch_id: batch_id.to_owned(),
                batch_seq,
                subject: subject.clone(),
                body: body.clone(),
            });
        }
        if is_fenced {
            return Err(refused(400, 10071));
        }
        self.out_last_seq += 1;
        self.records.push((self.out_last_seq, record.clone()));
        Ok(PubAck { seq: self.out_last_seq })
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
        let keep = self.records.len().saturating_sub(1 + self.random.below(3) as usize);
        self.records.truncate(keep);
        let newest = self.newest().filter(|record| record.state_hash.is_none());
        self.cut_at = newest.map(|record| record.position);
        let last_seq = self.records.last().map_or(0, |(seq, _)| *seq);
        self.out.retain(|message| message.seq < last_seq);
        self.out_last_seq = last_seq;
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
        self.records.last().and_then(|(_, body)| CtlRecord::read(body).ok())
    }

    /// True where all input was published and is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let wanted = Position::whole(self.log.messages().len() as u64);
        let text = format!("{{\"position\":{{\"seq\":{},\"index\":0}}", wanted.seq);
        // The look at its text is the quick way to say no.
        self.log.is_sent()
            && self.records.last().is_some_and(|(_, body)| body.starts_with(text.as_bytes()))
            && self.newest().is_some_and(|record| {
                let mark = record.stream.map(|mark| mark.fingerprint());
                record.position == wanted && mark.is_some_and(|print| self.log.holds(&print))
            })
    }

    /// Messages of OUT that are no records.
    #[must_use]
    pub fn out(&self) -> &[Out] {
        &self.out
    }

    /// The position of a record that ends a part of a commit, and stood last when OUT had lost its tail.
    #[must_use]
    pub fn cut_at(&self) -> Option<Position> {
        self.cut_at
    }

    /// The newest record.
    #[must_use]
    pub fn record(&self) -> Option<(u64, Bytes)> {
        self.records.last().cloned()
    }

    /// The last sequence of OUT.
    #[must_use]
    pub fn out_last_seq(&self) -> u64 {
        self.out_last_seq
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
        let record =
            self.records.last().map(|(_, body)| String::from_utf8_lossy(body).into_owned());
        let (held, is_sent) = (self.log.messages().len(), self.log.is_sent());
        format!("{held} messages, all of them: {is_sent}, {record:?}")
    }
}

fn refused(code: u64, err_code: u64) -> CallError {
    CallError::Refused(ApiError { code, err_code, description: String::from("simulated") })
}
