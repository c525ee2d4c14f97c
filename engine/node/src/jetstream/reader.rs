//! The input: messages in stream order from the engine's own position, each once.
//!
//! # Place
//! First stage. Fills a bounded ring that a lane thread empties; a full ring stops the pulls.
//! # Method
//! A consumer without acks, in memory, started at position + 1. Two checks make "own position"
//! safe: consumer sequences have no hole (a client that drops, a consumer that was lost), and the
//! stream is the one we read (a message we remember still has its time and checksum). Retention that eats
//! unread input shows as a hole in the stream's own sequence: the stream is then looked at again. On any
//! doubt the consumer is thrown away and made anew at position + 1; what was passed already is
//! dropped by its sequence. Pulls overlap: the next is asked for when half of the last is here.
//! # Holds
//! The position of what was handed on, the order of sessions.
//! # Does not hold
//! One consumer (`session`), the checks of the stream (`intake`), commits (`committer`).

use crate::error::EdgeError;
use crate::jetstream::backoff::Backoff;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::Connection;
use crate::jetstream::ctl::Fingerprint;
use crate::jetstream::intake::{self, Start};
use crate::jetstream::sender::Sender;
pub use crate::jetstream::session::RECEIVED_HEADER;
use crate::jetstream::session::Session;
use crate::telemetry::{Counter, Counters};
use async_nats::Subject;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How a reader reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderOptions {
    /// The input stream.
    pub stream: String,
    /// Only these subjects; empty for all.
    pub filter_subjects: Vec<String>,
    /// Messages per pull, and at most per batch.
    pub pull_messages: usize,
    /// Bytes per pull, and about per batch.
    pub pull_bytes: usize,
    /// How long a pull waits at the server. At least twice `heartbeat`.
    pub pull_expires: Duration,
    /// How often the server says that it is alive while a pull waits.
    pub heartbeat: Duration,
    /// Silence after which the consumer is made anew.
    pub silence_max: Duration,
    /// How long an answer to a request may take.
    pub request_timeout: Duration,
    /// The longest pause between two attempts.
    pub retry_delay_max: Duration,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            stream: "IN".to_owned(),
            filter_subjects: Vec::new(),
            pull_messages: 1024,
            pull_bytes: 4 << 20,
            pull_expires: Duration::from_secs(5),
            heartbeat: Duration::from_secs(1),
            silence_max: Duration::from_secs(3),
            request_timeout: Duration::from_secs(5),
            retry_delay_max: Duration::from_secs(2),
        }
    }
}

/// One document as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its stream sequence.
    pub seq: u64,
    /// When the server took it, microseconds since 1970.
    pub stream_time_us: i64,
    /// When a gateway received it, where it says so.
    pub received_us: Option<i64>,
    /// `raw.<tenant>.<feed>`.
    pub subject: Subject,
    /// The document.
    pub payload: Bytes,
}

/// Messages that were read in one go, in stream order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// None only where a consumer begins at the end of the stream: nothing waits.
    pub messages: Vec<Message>,
    /// Bytes of all payloads.
    pub bytes: usize,
    /// How many wait in the stream behind the last one.
    pub pending: u64,
}

impl Batch {
    /// The fingerprint of the last message. There must be one.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let last = self.messages.last();
        fingerprint(
            last.unwrap_or_else(|| unreachable!("a batch without messages has no fingerprint")),
        )
    }
}

/// What the ring carries.
pub type Delivered = Result<Batch, EdgeError>;

/// Why a session with a consumer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody takes batches any more.
    Closed,
    /// A hole in the consumer's sequence.
    Gap,
    /// Messages of the stream are passed over: is what was not read gone?
    Hole,
    /// No message and no heartbeat.
    Silence,
    /// The server has no such consumer any more.
    ConsumerLost,
    /// The link was cut.
    Reconnect,
}

/// Reads one stream.
#[derive(Debug)]
pub struct Reader {
    pub(super) caller: Caller,
    pub(super) options: ReaderOptions,
    pub(super) counters: Arc<Counters>,
    pub(super) backoff: Backoff,
    pub(super) start: Start,
    created: Option<String>,
    pub(super) last: Option<Message>,
    /// Of the link, when the stream was checked: behind another one it may be another stream.
    pub(super) generation: u64,
    name: String,
    sessions: u64,
    pub(super) single: bool,
    /// A hole in the stream that was looked at: the message before it and the one behind.
    pub(super) hole: Option<(u64, u64)>,
}

impl Reader {
    /// Makes a reader that will begin at `start`.
    ///
    /// # Errors
    /// [`EdgeError::NoAnswer`] when the connection has ended.
    pub async fn open(
        connection: &Connection,
        options: ReaderOptions,
        start: Start,
        counters: Arc<Counters>,
    ) -> Result<Self, EdgeError> {
        assert!(options.pull_messages > 0);
        assert!(options.heartbeat * 2 <= options.pull_expires);
        let caller = Caller::open(connection, options.request_timeout).await?;
        let name = format!("crossdock-{}", caller.random_word());
        let seed = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
        let backoff = Backoff::new(Duration::from_millis(10), options.retry_delay_max, seed);
        let (created, last, sessions, single, hole) = (None, None, 0, false, None);
        Ok(Self {
            caller,
            options,
            counters,
            backoff,
            start,
            created,
            last,
            generation: 0,
            name,
            sessions,
            single,
            hole,
        })
    }

    /// Checks the input once, before anything is read: that it is there, holds what we need, and is
    /// the stream we know. Returns when it was created, in the server's words.
    ///
    /// # Errors
    /// Those of [`intake::check`] that a person must act on.
    pub async fn check(&mut self) -> Result<String, EdgeError> {
        // Ends: with an answer or an error of sort `Stop`; an outage is waited for.
        loop {
            self.caller.connection().connected().await;
            self.generation = self.caller.connection().link().generation;
            let stream = &self.options.stream;
            let mut source = intake::NatsSource { caller: &mut self.caller, stream };
            match intake::check(&mut source, stream, &self.start).await {
                Ok(found) => {
                    self.start.position = found.position;
                    // Said once, for what was lost before the start.
                    self.start.accept_lost = false;
                    self.start.created = Some(found.created.clone());
                    self.created = Some(found.created.clone());
                    return Ok(found.created);
                }
                Err(error) if error.sort() == crate::error::Sort::Retry => {
                    self.counters.add(Counter::ReaderRefused, 1);
                    tracing::debug!(%error, "input check not answered");
                    tokio::time::sleep(self.backoff.step()).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads until nobody takes batches any more. An error that a person must act on is the last
    /// thing in the ring.
    pub async fn run(mut self, ring: Sender<Delivered>) {
        // Ends: when the ring is closed or a person must act.
        loop {
            self.remember();
            if let Err(error) = self.check().await {
                return drop(ring.send(Err(error)).await);
            }
            let end = match self.session(&ring).await {
                Ok(end) => end,
                Err(error) if error.sort() == crate::error::Sort::Retry => {
                    self.counters.add(Counter::ReaderRefused, 1);
                    tracing::debug!(%error, "input session not begun");
                    tokio::time::sleep(self.backoff.step()).await;
                    continue;
                }
                Err(error) => return drop(ring.send(Err(error)).await),
            };
            let cause = match end {
                End::Closed => return,
                End::Gap => Counter::Gaps,
                End::Hole => Counter::Holes,
                End::Silence => Counter::Silences,
                End::ConsumerLost => Counter::ConsumersLost,
                End::Reconnect => Counter::Reconnects,
            };
            self.counters.add(cause, 1);
            tracing::warn!(?end, position = self.start.position, "input consumer is made anew");
            tokio::time::sleep(self.backoff.step()).await;
        }
    }

    /// The last message handed on becomes the newest fingerprint to check against.
    fn remember(&mut self) {
        if let Some(last) = self.last.take() {
            assert!(Some(last.seq) == self.start.position);
            self.start.remember(fingerprint(&last));
        }
    }

    /// One consumer, from its making to its end.
    async fn session(&mut self, ring: &Sender<Delivered>) -> Result<End, EdgeError> {
        self.sessions += 1;
        let consumer = format!("{}-{}", self.name, self.sessions);
        let client = self.caller.connection().client().clone();
        let inbox = client.new_inbox();
        let subscribed = client.subscribe(format!("{inbox}.*")).await;
        let subscriber = subscribed.map_err(|error| EdgeError::NoAnswer {
            request: "a subscription".to_owned(),
            detail: error.to_string(),
        })?;
        let pending = self.create(&consumer).await?;
        if pending == 0 {
            // Whoever waits to be caught up would wait for a first message for ever.
            let nothing = Batch { messages: Vec::new(), bytes: 0, pending };
            if ring.send(Ok(nothing)).await.is_err() {
                return Ok(End::Closed);
            }
        }
        let mut session = Session::new(self, ring, subscriber, inbox, &consumer);
        let end = session.run().await;
        if end != End::Reconnect && end != End::ConsumerLost {
            let verb = format!("CONSUMER.DELETE.{}.{consumer}", self.options.stream);
            // It would go by itself after its inactive threshold; this only spares the server.
            if let Err(error) = self.caller.api::<serde_json::Value>(&verb, Bytes::new()).await {
                tracing::debug!(?error, consumer, "consumer not deleted");
            }
        }
        Ok(end)
    }

    /// Makes a consumer; gives how many messages wait for it.
    async fn create(&mut self, consumer: &str) -> Result<u64, EdgeError> {
        let stream = &self.options.stream;
        let mut config = json!({
            "name": consumer,
            "ack_policy": "none",
            "deliver_policy": "all",
            "replay_policy": "instant",
            "max_deliver": 1,
            "mem_storage": true,
            "num_replicas": 1,
            "inactive_threshold": 30_000_000_000_u64,
        });
        if let Some(position) = self.start.position {
            config["deliver_policy"] = json!("by_start_sequence");
            config["opt_start_seq"] = json!(position + 1);
        }
        if !self.options.filter_subjects.is_empty() {
            config["filter_subjects"] = json!(self.options.filter_subjects);
        }
        let body = json!({ "stream_name": stream, "config": config, "action": "create" });
        let verb = format!("CONSUMER.CREATE.{stream}.{consumer}");
        match self.caller.api::<Created>(&verb, body.to_string()).await {
            Ok(created) => Ok(created.num_pending),
            Err(error) => Err(intake::explain(error, stream, "the input consumer")),
        }
    }
}

/// What the server says of a consumer that it has made.
#[derive(Debug, Deserialize)]
struct Created {
    num_pending: u64,
}

pub(super) fn fingerprint(message: &Message) -> Fingerprint {
    let crc32c = crc32c::crc32c(&message.payload);
    Fingerprint { seq: message.seq, time_us: message.stream_time_us, crc32c }
}
