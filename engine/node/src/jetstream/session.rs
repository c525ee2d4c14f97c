//! One consumer of the input, from its making to its end.
//!
//! # Place
//! Inside the reader, which begins a new session after every end.
//! # Method
//! Pulls overlap: the next is asked for when half of the last is here, and none while the ring is
//! full. What is here already goes into one batch. The consumer's sequence must have no hole; a
//! drop by the client ends the session at once, since the hole would show with the next message
//! only; neither message nor heartbeat for a while ends it, too.
//! # Holds
//! What is asked for and not here yet, the batch in the making.
//! # Does not hold
//! The position and what comes after an end (`reader`).

use crate::jetstream::delivery::Delivery;
use crate::jetstream::reader::{Batch, Delivered, End, Message, Reader};
use crate::jetstream::sender::Sender;
use crate::telemetry::Counter;
use async_nats::{HeaderMap, StatusCode, Subscriber};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// The header with the time at which a gateway received a document.
pub const RECEIVED_HEADER: &str = "Crossdock-Received";

/// The state of one consumer.
pub(super) struct Session<'a> {
    reader: &'a mut Reader,
    ring: &'a Sender<Delivered>,
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

impl<'a> Session<'a> {
    pub(super) fn new(
        reader: &'a mut Reader,
        ring: &'a Sender<Delivered>,
        subscriber: Subscriber,
        inbox: String,
        consumer: &'a str,
    ) -> Self {
        let silence_at = Instant::now() + reader.options.silence_max;
        Self {
            reader,
            ring,
            subscriber,
            inbox,
            consumer,
            consumer_seq: 0,
            pulls: 0,
            open_messages: 0,
            open_bytes: 0,
            messages: Vec::new(),
            bytes: 0,
            pending: 0,
            silence_at,
        }
    }

    pub(super) async fn run(&mut self) -> End {
        let ring = self.ring;
        let mut link = self.reader.caller.connection().watch();
        let begun = *link.borrow_and_update();
        if begun.generation != self.reader.generation {
            return End::Reconnect;
        }
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
                    if let Some(permit) = ring.try_reserve() && !self.messages.is_empty() {
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
        // Ends: with room in the ring, which what was taken before fills first.
        while self.ring.capacity() == 0 {
            if self.open_messages > 0 {
                return None;
            }
            let Ok(permit) = self.ring.reserve().await else { return Some(End::Closed) };
            if self.messages.is_empty() {
                break;
            }
            permit.send(Ok(self.batch()));
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
        if self.is_new_hole(delivery.stream_seq) {
            return Some(End::Hole);
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

    /// True where the stream passes messages over that were there to be read: they were deleted one by one, or
    /// retention has eaten them, which only a look at the stream tells apart. What was looked at is
    /// remembered, since what is deleted stays so: the next session comes to the same place.
    fn is_new_hole(&mut self, stream_seq: u64) -> bool {
        let reader = &mut *self.reader;
        let Some(position) = reader.start.position else { return false };
        if stream_seq <= position + 1 || !reader.options.filter_subjects.is_empty() {
            return false;
        }
        let hole = Some((position, stream_seq));
        std::mem::replace(&mut reader.hole, hole) != hole
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
                self.reader.single =
                    left("Nats-Pending-Messages") >= self.reader.options.pull_messages;
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
