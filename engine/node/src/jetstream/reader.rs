//! The input: messages in stream order from the engine's own position, each once.
//!
//! # Place
//! First stage. Fills a bounded ring that a lane thread empties; a full ring stops the pulls.
//! # Method
//! A consumer without acks, in memory, started at position + 1. Two checks make "own position"
//! safe: consumer sequences have no hole (a client that drops, a consumer that was lost), and the
//! stream is the one we read (a message we remember still has its time and checksum). On any
//! doubt the consumer is thrown away and made anew at position + 1; what was passed already is
//! dropped by its sequence. Pulls overlap: the next is asked for when half of the last is here.
//! # Holds
//! The position of what was handed on, the session with one consumer.
//! # Does not hold
//! What is committed (`committer`), the checks of the stream (`intake`).

use crate::error::EdgeError;
use crate::jetstream::backoff::Backoff;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::Connection;
use crate::jetstream::ctl::Fingerprint;
use crate::jetstream::delivery::Delivery;
use crate::jetstream::intake::{self, Start};
use crate::telemetry::{Counter, Counters};
use async_nats::{HeaderMap, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The header with the time at which a gateway received a document.
pub const RECEIVED_HEADER: &str = "Crossdock-Received";

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
    /// At least one.
    pub messages: Vec<Message>,
    /// Bytes of all payloads.
    pub bytes: usize,
    /// How many wait in the stream behind the last one.
    pub pending: u64,
}

impl Batch {
    /// The fingerprint of the last message.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let last = self.messages.last();
        fingerprint(last.unwrap_or_else(|| unreachable!("a batch has at least one message")))
    }
}

/// What the ring carries.
pub type Delivered = Result<Batch, EdgeError>;

/// Why a session with a consumer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nobody takes batches any more.
    Closed,
    /// A hole in the consumer's sequence.
    Gap,
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
    caller: Caller,
    options: ReaderOptions,
    counters: Arc<Counters>,
    backoff: Backoff,
    start: Start,
    created: Option<String>,
    last: Option<Message>,
    name: String,
    sessions: u64,
    single: bool,
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
        let (created, last, sessions, single) = (None, None, 0, false);
        Ok(Self {
            caller,
            options,
            counters,
            backoff,
            start,
            created,
            last,
            name,
            sessions,
            single,
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
            match intake::check(&mut self.caller, &self.options.stream, &self.start).await {
                Ok(found) => {
                    self.start.position = found.position;
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
    pub async fn run(mut self, ring: mpsc::Sender<Delivered>) {
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
            self.start.prints.insert(0, fingerprint(&last));
            self.start.prints.truncate(intake::PRINTS_MAX);
        }
    }

    /// One consumer, from its making to its end.
    async fn session(&mut self, ring: &mpsc::Sender<Delivered>) -> Result<End, EdgeError> {
        self.sessions += 1;
        let consumer = format!("{}-{}", self.name, self.sessions);
        let client = self.caller.connection().client().clone();
        let inbox = client.new_inbox();
        let subscribed = client.subscribe(format!("{inbox}.*")).await;
        let subscriber = subscribed.map_err(|error| EdgeError::NoAnswer {
            request: "a subscription".to_owned(),
            detail: error.to_string(),
        })?;
        self.create(&consumer).await?;
        let silence_at = Instant::now() + self.options.silence_max;
        let mut session = Session {
            reader: self,
            ring,
            subscriber,
            inbox,
            consumer: &consumer,
            consumer_seq: 0,
            pulls: 0,
            open_messages: 0,
            open_bytes: 0,
            messages: Vec::new(),
            bytes: 0,
            pending: 0,
            silence_at,
        };
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

    async fn create(&mut self, consumer: &str) -> Result<(), EdgeError> {
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
        let answer = self.caller.api::<serde_json::Value>(&verb, body.to_string()).await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => Err(intake::explain(error, stream, "the input consumer")),
        }
    }
}

/// The state of one consumer.
struct Session<'a> {
    reader: &'a mut Reader,
    ring: &'a mpsc::Sender<Delivered>,
    subscriber: Subscriber,
    inbox: String,
    consumer: &'a str,
    consumer_seq: u64,
    pulls: u64,
    open_messages: usize,
    open_bytes: usize,
    messages: Vec<Message>,
    bytes: usize,
    pending: u64,
    silence_at: Instant,
}

impl Session<'_> {
    async fn run(&mut self) -> End {
        let ring = self.ring;
        let mut link = self.reader.caller.connection().watch();
        let begun = *link.borrow_and_update();
        // Ends: with any `End`; a quiet stream still sends heartbeats.
        loop {
            if let Some(end) = self.pull().await {
                return self.finish(end).await;
            }
            let full = self.full();
            tokio::select! {
                biased;
                message = self.subscriber.next(), if !full => {
                    let Some(message) = message else { return self.finish(End::Reconnect).await };
                    if let Some(end) = self.take_all(message) {
                        return self.finish(end).await;
                    }
                    if let Ok(permit) = ring.try_reserve() && !self.messages.is_empty() {
                        permit.send(Ok(self.batch()));
                    }
                }
                permit = ring.reserve(), if !self.messages.is_empty() => {
                    let Ok(permit) = permit else { return End::Closed };
                    permit.send(Ok(self.batch()));
                }
                changed = link.changed() => {
                    let now = *link.borrow_and_update();
                    if changed.is_err() || !now.connected || now.generation != begun.generation {
                        return self.finish(End::Reconnect).await;
                    }
                    if now.dropped != begun.dropped {
                        // The hole would show with the next message; there may be none for long.
                        return self.finish(End::Gap).await;
                    }
                }
                () = ring.closed() => return End::Closed,
                () = tokio::time::sleep_until(self.silence_at), if !full => {
                    return self.finish(End::Silence).await;
                }
            }
        }
    }

    /// Hands on what was taken, whatever ended the session: it is in order and without a hole.
    async fn finish(&mut self, end: End) -> End {
        if self.messages.is_empty() {
            return end;
        }
        let batch = self.batch();
        if self.ring.send(Ok(batch)).await.is_err() {
            return End::Closed;
        }
        end
    }

    /// Takes a message and everything that is here already, up to one batch.
    fn take_all(&mut self, message: async_nats::Message) -> Option<End> {
        self.silence_at = Instant::now() + self.reader.options.silence_max;
        if let Some(end) = self.take(message) {
            return Some(end);
        }
        while !self.full()
            && let Some(Some(more)) = self.subscriber.next().now_or_never()
        {
            if let Some(end) = self.take(more) {
                return Some(end);
            }
        }
        None
    }

    /// Asks for more while there is room for it. Waits for room when nothing is under way.
    async fn pull(&mut self) -> Option<End> {
        let options = &self.reader.options;
        let (messages_max, bytes_max) = (options.pull_messages, options.pull_bytes);
        let enough = self.open_messages > messages_max / 2 && self.open_bytes > bytes_max / 2;
        if enough || self.open_messages >= 2 * messages_max {
            return None;
        }
        if self.ring.capacity() == 0 {
            if self.open_messages > 0 {
                return None;
            }
            let Ok(permit) = self.ring.reserve().await else { return Some(End::Closed) };
            if self.messages.is_empty() {
                drop(permit);
            } else {
                permit.send(Ok(self.batch()));
                return None;
            }
        }
        self.pulls += 1;
        let options = &self.reader.options;
        let mut body = json!({
            "batch": messages_max,
            "max_bytes": bytes_max,
            "expires": nanoseconds(options.pull_expires),
            "idle_heartbeat": nanoseconds(options.heartbeat),
        });
        let mut asked = messages_max;
        if self.reader.single {
            // The next message alone is larger than `pull_bytes`; without this we would ask for
            // ever.
            body["batch"] = json!(1);
            body["max_bytes"] = json!(0);
            asked = 1;
        }
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", options.stream, self.consumer);
        let reply = format!("{}.{}", self.inbox, self.pulls);
        let client = self.reader.caller.connection().client();
        let sent = client.publish_with_reply(subject, reply, body.to_string().into()).await;
        if sent.is_err() {
            return Some(End::Reconnect);
        }
        self.reader.counters.add(Counter::Pulls, 1);
        self.silence_at = Instant::now() + self.reader.options.silence_max;
        self.open_messages += asked;
        self.open_bytes += bytes_max;
        None
    }

    /// Takes one message of the subscription: a document, a heartbeat, or the end of a pull.
    fn take(&mut self, message: async_nats::Message) -> Option<End> {
        if let Some(status) = message.status {
            return self.status(status, message.description.as_deref(), message.headers.as_ref());
        }
        let delivery = message.reply.as_ref().and_then(|reply| Delivery::parse(reply))?;
        if delivery.consumer_seq != self.consumer_seq + 1 {
            return Some(End::Gap);
        }
        self.consumer_seq = delivery.consumer_seq;
        self.open_messages = self.open_messages.saturating_sub(1);
        self.open_bytes = self.open_bytes.saturating_sub(message.length);
        if self.open_messages == 0 {
            // A pull that was filled by number leaves bytes behind that nobody tells us of.
            self.open_bytes = 0;
        }
        self.reader.single = false;
        if self.reader.start.position.is_some_and(|position| delivery.stream_seq <= position) {
            self.reader.counters.add(Counter::MessagesPassed, 1);
            return None;
        }
        self.reader.start.position = Some(delivery.stream_seq);
        self.pending = delivery.pending;
        self.bytes += message.payload.len();
        let received_us = match received(message.headers.as_ref()) {
            Ok(received_us) => received_us,
            Err(()) => {
                self.reader.counters.add(Counter::ReceivedUnreadable, 1);
                None
            }
        };
        self.messages.push(Message {
            seq: delivery.stream_seq,
            stream_time_us: delivery.time_us,
            received_us,
            subject: message.subject,
            payload: message.payload,
        });
        None
    }

    fn status(
        &mut self,
        status: StatusCode,
        description: Option<&str>,
        headers: Option<&HeaderMap>,
    ) -> Option<End> {
        let description = description.unwrap_or_default();
        let left = |name: &str| {
            let value = headers.and_then(|headers| headers.get(name));
            value.and_then(|value| value.as_str().parse::<usize>().ok()).unwrap_or(0)
        };
        match status.as_u16() {
            100 => return None,
            404 | 408 => {}
            409 if description.contains("MaxBytes") => {
                // Nothing of this pull fitted: the next message goes alone.
                self.reader.single = left("Nats-Pending-Messages") >= self.reader.options.pull_messages;
            }
            409 if description.contains("Batch Completed") => {}
            _ => {
                tracing::debug!(%status, description, "input consumer lost");
                return Some(End::ConsumerLost);
            }
        }
        self.reader.counters.add(Counter::PullsExpired, 1);
        self.open_messages = self.open_messages.saturating_sub(left("Nats-Pending-Messages"));
        self.open_bytes = self.open_bytes.saturating_sub(left("Nats-Pending-Bytes"));
        if self.open_messages == 0 {
            self.open_bytes = 0;
        }
        None
    }

    fn full(&self) -> bool {
        let options = &self.reader.options;
        self.messages.len() >= options.pull_messages || self.bytes >= options.pull_bytes
    }

    /// What was taken, as a batch.
    fn batch(&mut self) -> Batch {
        let messages = std::mem::take(&mut self.messages);
        let bytes = std::mem::take(&mut self.bytes);
        assert!(!messages.is_empty());
        self.reader.counters.add(Counter::Documents, messages.len() as u64);
        self.reader.counters.add(Counter::DocumentBytes, bytes as u64);
        self.reader.last = messages.last().cloned();
        self.reader.backoff.reset();
        Batch { messages, bytes, pending: self.pending }
    }
}

/// `Err` where the header is there and is no time.
fn received(headers: Option<&HeaderMap>) -> Result<Option<i64>, ()> {
    let Some(value) = headers.and_then(|headers| headers.get(RECEIVED_HEADER)) else {
        return Ok(None);
    };
    let time: jiff::Timestamp = value.as_str().trim().parse().map_err(|_| ())?;
    Ok(Some(time.as_microsecond()))
}

fn fingerprint(message: &Message) -> Fingerprint {
    let crc32c = crc32c::crc32c(&message.payload);
    Fingerprint { seq: message.seq, time_us: message.stream_time_us, crc32c }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_received_header_is_a_time_absent_or_wrong() {
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RECEIVED_HEADER, text);
            received(Some(&headers))
        };
        assert_eq!(with("1970-01-01T00:00:01.5Z"), Ok(Some(1_500_000)));
        assert_eq!(with(" 1970-01-01T01:00:00+01:00 "), Ok(Some(0)));
        assert_eq!(with("yesterday"), Err(()));
        assert_eq!(received(None), Ok(None));
    }
}
