//! Requests to JetStream's API over an inbox of our own.
//!
//! # Place
//! Under the reader, the committer, the lease and the set-up: one [`Caller`] each.
//! # Method
//! One subscription on `<inbox>.*`, one token per request, one request at a time. The client's own
//! `request()` keeps an entry for ever for each answer that never comes (nats.rs #1617); here a
//! late answer is recognized by its token and dropped.
//! # Holds
//! The inbox, the wait for one answer, the reading of JetStream's error form.
//! # Does not hold
//! What to do about an error: each caller sorts its own.

use crate::error::EdgeError;
use crate::jetstream::connection::Connection;
use async_nats::{HeaderMap, Message, StatusCode, Subscriber};
use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// JetStream's error form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// HTTP-like.
    #[serde(default)]
    pub code: u64,
    /// The number that tells errors apart.
    #[serde(default)]
    pub err_code: u64,
    /// Words.
    #[serde(default)]
    pub description: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The server answered with an error.
    Refused(ApiError),
    /// Nobody listens on this subject: no such consumer, JetStream off, or a leader election.
    NoResponders,
    /// Nothing came in time.
    TimedOut,
    /// The link was cut while we waited.
    Cut,
    /// The answer can't be read.
    Unreadable(String),
}

impl CallError {
    /// The same as an error for people.
    #[must_use]
    pub fn explain(self, request: &str) -> EdgeError {
        let request = request.to_owned();
        let detail = match self {
            Self::Refused(ApiError { err_code, description, .. }) => {
                return EdgeError::Refused { request, code: err_code, description };
            }
            Self::Unreadable(description) => {
                return EdgeError::Refused { request, code: 0, description };
            }
            Self::NoResponders => "no responders",
            Self::TimedOut => "timed out",
            Self::Cut => "the connection was cut",
        };
        EdgeError::NoAnswer { request, detail: detail.to_owned() }
    }

    /// JetStream's error code, 0 where there is none.
    #[must_use]
    pub fn code(&self) -> u64 {
        match self {
            Self::Refused(error) => error.err_code,
            Self::NoResponders | Self::TimedOut | Self::Cut | Self::Unreadable(_) => 0,
        }
    }
}

/// JetStream's code for "no message found".
pub const NO_MESSAGE_FOUND: u64 = 10037;
/// JetStream's code for "stream not found".
pub const STREAM_NOT_FOUND: u64 = 10059;

/// Status that ends the messages that were asked for.
const NO_MORE: u16 = 204;
/// Status where there is none of them.
const NOT_FOUND: u16 = 404;

/// The acknowledgement of a publish or of a whole batch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PubAck {
    /// The stream's sequence of the (last) message.
    pub seq: u64,
}

/// A message as `STREAM.MSG.GET` gives it: from the leader, never from a follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its sequence.
    pub seq: u64,
    /// When the server took it, microseconds since 1970.
    pub time_us: i64,
    /// Its body.
    pub payload: Bytes,
}

/// Sends requests and waits for their answers.
#[derive(Debug)]
pub struct Caller {
    connection: Connection,
    inbox: String,
    subscriber: Subscriber,
    token: u64,
    timeout: Duration,
}

impl Caller {
    /// Subscribes to a fresh inbox. `timeout` is how long an answer may take.
    ///
    /// # Errors
    /// [`EdgeError::NoAnswer`] when the client has ended.
    pub async fn open(connection: &Connection, timeout: Duration) -> Result<Self, EdgeError> {
        let inbox = connection.client().new_inbox();
        let subscribed = connection.client().subscribe(format!("{inbox}.*")).await;
        let subscriber = subscribed.map_err(|error| EdgeError::NoAnswer {
            request: "a subscription".to_owned(),
            detail: error.to_string(),
        })?;
        Ok(Self { connection: connection.clone(), inbox, subscriber, token: 0, timeout })
    }

    /// The connection it speaks over.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A random word of ten letters and digits, from the inbox: names this process to others.
    #[must_use]
    pub fn random_word(&self) -> String {
        let tail = self.inbox.len().saturating_sub(10);
        self.inbox.get(tail..).unwrap_or(&self.inbox).to_owned()
    }

    /// Asks `$JS.API.<verb>` and reads the answer as `T`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn api<T: DeserializeOwned>(
        &mut self,
        verb: &str,
        body: impl Into<Bytes>,
    ) -> Result<T, CallError> {
        let answer = self.send(format!("$JS.API.{verb}"), None, body.into()).await?;
        read(&answer.payload)
    }

    /// Publishes one message to a stream and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn publish(
        &mut self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<PubAck, CallError> {
        let answer = self.send(subject, Some(headers), body).await?;
        read(&answer.payload)
    }

    /// Publishes several messages to one subject and waits for all their acknowledgements.
    ///
    /// # Errors
    /// [`CallError`] of the first that was not stored.
    pub async fn publish_all(
        &mut self,
        subject: &str,
        bodies: Vec<Bytes>,
    ) -> Result<(), CallError> {
        let deadline = Instant::now() + self.timeout;
        // One reply subject for all: what counts is that as many are stored.
        let reply = self.reply();
        let client = self.connection.client().clone();
        let count = bodies.len();
        for body in bodies {
            let sending = client.publish_with_reply(subject.to_owned(), reply.clone(), body);
            match tokio::time::timeout_at(deadline, sending).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(CallError::Unreadable(error.to_string())),
                Err(_) => return Err(CallError::TimedOut),
            }
        }
        for _ in 0..count {
            read::<PubAck>(&self.answer(deadline).await?.payload)?;
        }
        Ok(())
    }

    /// Asks `$JS.API.<verb>` for several messages: those that came before the one that ends them, which has a
    /// status and no body.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn api_all(
        &mut self,
        verb: &str,
        body: impl Into<Bytes>,
    ) -> Result<Vec<Message>, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut answer = self.send(format!("$JS.API.{verb}"), None, body.into()).await?;
        let mut answers = Vec::new();
        // Ends: the server says that there are no more, or at the deadline.
        while answer.status.is_none() {
            answers.push(answer);
            answer = self.answer(deadline).await?;
        }
        match answer.status.map_or(0, |status| status.as_u16()) {
            NO_MORE | NOT_FOUND => Ok(answers),
            status => {
                let words = answer.description.unwrap_or_default();
                Err(CallError::Unreadable(format!("status {status} {words}")))
            }
        }
    }

    /// Reads a stored message by `{"seq":n}` or `{"last_by_subj":"s"}`; `None` where there is none.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn stored(
        &mut self,
        stream: &str,
        query: &serde_json::Value,
    ) -> Result<Option<Stored>, CallError> {
        let verb = format!("STREAM.MSG.GET.{stream}");
        let answer = self.api::<MessageGet>(&verb, query.to_string()).await;
        match answer {
            Ok(found) => found.message.decode().map(Some).map_err(CallError::Unreadable),
            Err(error) if error.code() == NO_MESSAGE_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A reply subject that the next [`Caller::answer`] waits for.
    pub(crate) fn reply(&mut self) -> String {
        self.token += 1;
        format!("{}.{}", self.inbox, self.token)
    }

    async fn send(
        &mut self,
        subject: String,
        headers: Option<HeaderMap>,
        body: Bytes,
    ) -> Result<Message, CallError> {
        let deadline = Instant::now() + self.timeout;
        let reply = self.reply();
        let client = self.connection.client().clone();
        let sending = async {
            match headers {
                None => client.publish_with_reply(subject, reply, body).await,
                Some(headers) => {
                    client.publish_with_reply_and_headers(subject, reply, headers, body).await
                }
            }
        };
        match tokio::time::timeout_at(deadline, sending).await {
            Ok(Ok(())) => self.answer(deadline).await,
            Ok(Err(error)) => Err(CallError::Unreadable(error.to_string())),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Waits for the answer to the newest [`Caller::reply`]; older ones are dropped.
    pub(crate) async fn answer(&mut self, deadline: Instant) -> Result<Message, CallError> {
        let mut link = self.connection.watch();
        let generation = link.borrow_and_update().generation;
        let wanted = self.token.to_string();
        // Ends: at the deadline.
        loop {
            tokio::select! {
                biased;
                message = self.subscriber.next() => {
                    let message = message.ok_or(CallError::Cut)?;
                    let token = message.subject.as_str().rsplit('.').next();
                    if token != Some(wanted.as_str()) {
                        continue;
                    }
                    if message.status == Some(StatusCode::NO_RESPONDERS) {
                        return Err(CallError::NoResponders);
                    }
                    return Ok(message);
                }
                changed = link.changed() => {
                    let now = *link.borrow_and_update();
                    if changed.is_err() || !now.connected || now.generation != generation {
                        return Err(CallError::Cut);
                    }
                }
                () = tokio::time::sleep_until(deadline) => return Err(CallError::TimedOut),
            }
        }
    }
}

/// Reads an answer that may be JetStream's error form.
pub(crate) fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, CallError> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Option<ApiError>,
    }
    let unreadable = |error: serde_json::Error| CallError::Unreadable(error.to_string());
    let envelope: Envelope = serde_json::from_slice(payload).map_err(unreadable)?;
    if let Some(error) = envelope.error {
        return Err(CallError::Refused(error));
    }
    serde_json::from_slice(payload).map_err(unreadable)
}

#[derive(Deserialize)]
struct MessageGet {
    message: MessageText,
}

#[derive(Deserialize)]
struct MessageText {
    seq: u64,
    time: String,
    #[serde(default)]
    data: String,
}

impl MessageText {
    fn decode(self) -> Result<Stored, String> {
        let time: jiff::Timestamp = self.time.parse().map_err(|error| format!("{error}"))?;
        let engine = base64::engine::general_purpose::STANDARD;
        let payload = engine.decode(&self.data).map_err(|error| error.to_string())?;
        Ok(Stored { seq: self.seq, time_us: time.as_microsecond(), payload: payload.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_value_an_error_or_unreadable() {
        assert_eq!(read::<PubAck>(br#"{"stream":"S","seq":7}"#), Ok(PubAck { seq: 7 }));
        let refused = read::<PubAck>(
            br#"{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"}}"#,
        );
        assert_eq!(refused.map_err(|error| error.code()), Err(10071));
        assert!(matches!(read::<PubAck>(b"+OK"), Err(CallError::Unreadable(_))));
    }

    #[test]
    fn a_stored_message_is_decoded() {
        let text = MessageText {
            seq: 3,
            time: "1970-01-01T00:00:01.5000019Z".to_owned(),
            data: "aGk=".to_owned(),
        };
        let stored = Stored { seq: 3, time_us: 1_500_001, payload: Bytes::from_static(b"hi") };
        assert_eq!(text.decode(), Ok(stored));
    }
}
