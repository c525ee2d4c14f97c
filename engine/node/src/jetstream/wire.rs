//! What a committer needs of the outside, and that over NATS.
//!
//! # Place
//! Under the committer. The node speaks to a server through [`NatsWire`]; the simulator has one of its
//! own, so that the very code that decides what became of a commit runs under its faults.
//! # Method
//! Five questions: is the link up, is it the same one, store this, what is the record, wait a moment.
//! # Holds
//! The form of a batch on the wire.
//! # Does not hold
//! What to do about an answer (`committer`).

use crate::jetstream::call::{CallError, Caller, PubAck, Stored, read};
use crate::jetstream::output::Output;
use async_nats::{HeaderMap, HeaderName, HeaderValue, Subject};
use bytes::Bytes;
use serde_json::json;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

const BATCH_ID: HeaderName = HeaderName::from_static("Nats-Batch-Id");
const BATCH_SEQUENCE: HeaderName = HeaderName::from_static("Nats-Batch-Sequence");
const BATCH_COMMIT: HeaderName = HeaderName::from_static("Nats-Batch-Commit");
const EXPECTED: HeaderName = HeaderName::from_static("Nats-Expected-Last-Subject-Sequence");
const ROLLUP: HeaderName = HeaderName::from_static("Nats-Rollup");

/// One atomic batch: outputs, and the commit record that ends it.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// In order.
    pub outputs: &'a [Output],
    /// The subject of the record.
    pub subject: &'a Subject,
    /// The record.
    pub record: &'a Bytes,
    /// The sequence that the record before must have; 0 for none.
    pub fence: u64,
    /// Names the batch; no other has this name.
    pub batch_id: &'a str,
    /// How long the acknowledgement may take.
    pub patience: Duration,
}

/// One message on its way to a stream.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Where to.
    pub subject: Subject,
    /// What the server and readers are told beside the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Sending<'_> {
    /// The messages of the batch in order. The last one is the record, whose acknowledgement is the
    /// batch's; it goes alone where there are no outputs.
    pub fn publications(&self) -> impl Iterator<Item = Publication> {
        let outputs = self.outputs.iter().zip(1..).map(|(output, number)| Publication {
            subject: output.subject.clone(),
            headers: headers(output, self.batch_id, number),
            body: output.body.clone(),
        });
        outputs.chain(std::iter::once_with(|| self.end()))
    }

    fn end(&self) -> Publication {
        let mut headers = HeaderMap::new();
        headers.insert(EXPECTED, HeaderValue::from(self.fence));
        headers.insert(ROLLUP, "sub");
        if !self.outputs.is_empty() {
            headers.insert(BATCH_ID, self.batch_id);
            headers.insert(BATCH_SEQUENCE, HeaderValue::from(self.outputs.len() + 1));
            headers.insert(BATCH_COMMIT, "1");
        }
        Publication { subject: self.subject.clone(), headers, body: self.record.clone() }
    }
}

/// What a committer needs of the outside.
pub trait Wire {
    /// Resolves when the link stands.
    fn connected(&mut self) -> impl Future<Output = ()>;

    /// How often the link was made: behind a new one the server may not hold what it held.
    fn generation(&self) -> u64;

    /// Resolves when the link stands, and is another one than that of this generation.
    fn renewed(&mut self, generation: u64) -> impl Future<Output = ()>;

    /// Stores a batch, whole or not at all.
    fn send(&mut self, batch: Sending<'_>) -> impl Future<Output = Result<PubAck, CallError>>;

    /// The newest message of a subject, from the leader.
    fn newest(
        &mut self,
        stream: &str,
        subject: &str,
    ) -> impl Future<Output = Result<Option<Stored>, CallError>>;

    /// Waits.
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;

    /// Bytes of one message at most.
    fn payload_size_max(&self) -> usize;
}

/// The outside over NATS.
#[derive(Debug)]
pub struct NatsWire {
    caller: Caller,
}

impl NatsWire {
    /// Speaks over this caller.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }
}

impl Wire for NatsWire {
    async fn connected(&mut self) {
        self.caller.connection().connected().await;
    }

    fn generation(&self) -> u64 {
        self.caller.connection().link().generation
    }

    async fn renewed(&mut self, generation: u64) {
        let mut link = self.caller.connection().watch();
        let renewed = link.wait_for(|link| link.connected && link.generation != generation).await;
        if renewed.is_err() {
            // The client has ended: whoever asks for something next is told.
            std::future::pending::<()>().await;
        }
    }

    /// All messages of the batch, then the wait for the ack of the last.
    async fn send(&mut self, batch: Sending<'_>) -> Result<PubAck, CallError> {
        let deadline = Instant::now() + batch.patience;
        let reply = self.caller.reply();
        let client = self.caller.connection().client().clone();
        let sending = async {
            let mut left = batch.outputs.len();
            for Publication { subject, headers, body } in batch.publications() {
                if left == 0 {
                    let reply = reply.clone();
                    client.publish_with_reply_and_headers(subject, reply, headers, body).await?;
                } else {
                    client.publish_with_headers(subject, headers, body).await?;
                    left -= 1;
                }
            }
            Ok::<_, async_nats::PublishError>(())
        };
        match tokio::time::timeout_at(deadline, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(CallError::Unreadable(error.to_string())),
            Err(_) => return Err(CallError::TimedOut),
        }
        let answer = self.caller.answer(deadline).await?;
        read(&answer.payload)
    }

    async fn newest(&mut self, stream: &str, subject: &str) -> Result<Option<Stored>, CallError> {
        self.caller.stored(stream, &json!({ "last_by_subj": subject })).await
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn payload_size_max(&self) -> usize {
        self.caller.connection().client().max_payload()
    }
}

fn headers(output: &Output, batch_id: &str, sequence: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(BATCH_ID, batch_id);
    headers.insert(BATCH_SEQUENCE, HeaderValue::from(sequence));
    output.label.put(&mut headers);
    headers
}
