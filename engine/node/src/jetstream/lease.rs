//! Who should own a group: a lease that runs out.
//!
//! # Place
//! Beside the fence. The lease says who should try; the fence says who may. Without any lease the
//! promises still hold, only take-over would be by hand.
//! # Method
//! One key per group in a bucket (a stream `KV_<bucket>` whose messages live for `ttl`). Taking it
//! expects that there is none, keeping it expects our own last one: compare-and-swap by
//! `Nats-Expected-Last-Subject-Sequence`. A holder that stops renewing loses it after `ttl`; one
//! that lets go writes "free", so that the next one need not wait.
//! # Holds
//! One lease.
//! # Does not hold
//! Safety: a holder may be paused past its lease and not know. That is what the fence is for.

use crate::error::EdgeError;
use crate::jetstream::bucket::{self, BucketOptions};
use crate::jetstream::call::{CallError, Caller};
use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde_json::json;
use std::time::Duration;

const FREE: &[u8] = b"free";

/// What a lease is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseOptions {
    /// The bucket; made where it is not there.
    pub bucket: String,
    /// The group.
    pub group: String,
    /// Who we are, for people: host and process.
    pub holder: String,
    /// How long a lease lives without renewal. Renew at a third of it.
    pub ttl: Duration,
    /// Copies of the bucket.
    pub replicas: u32,
}

/// Whether we hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// We do.
    Ours,
    /// Another one does; its name.
    Other(String),
}

/// One lease.
#[derive(Debug)]
pub struct Lease {
    caller: Caller,
    options: LeaseOptions,
    /// The sequence of our last renewal; 0 when we don't hold it.
    seq: u64,
}

impl Lease {
    /// Finds or makes the bucket. Nothing is held yet.
    ///
    /// # Errors
    /// What the server refuses, or its silence.
    pub async fn open(mut caller: Caller, options: LeaseOptions) -> Result<Self, EdgeError> {
        let bucket = BucketOptions {
            name: options.bucket.clone(),
            max_age: options.ttl,
            history: 1,
            replicas: options.replicas,
        };
        bucket::ensure(&mut caller, &bucket, "the bucket of leases").await?;
        Ok(Self { caller, options, seq: 0 })
    }

    /// Takes the lease, or keeps it. Call it at a third of the time to live.
    ///
    /// # Errors
    /// The server's silence: whether we hold it is then not known. A holder goes on, since the
    /// fence decides; a standby waits.
    pub async fn renew(&mut self) -> Result<Held, EdgeError> {
        let holder = Bytes::from(self.options.holder.clone());
        match self.write(holder.clone(), self.seq).await {
            Ok(()) => return Ok(Held::Ours),
            Err(error) if error.code() == 0 => return Err(self.explain(error)),
            Err(_) => {}
        }
        // Somebody else's, run out, let go, or ours with the answer lost.
        let stream = format!("KV_{}", self.options.bucket);
        let query = json!({ "last_by_subj": self.subject() });
        let stored = self.caller.stored(&stream, &query).await;
        let expected = match stored.map_err(|error| self.explain(error))? {
            None => 0,
            Some(stored) if stored.payload == FREE || stored.payload == holder => stored.seq,
            Some(stored) => {
                self.seq = 0;
                return Ok(Held::Other(String::from_utf8_lossy(&stored.payload).into_owned()));
            }
        };
        match self.write(holder, expected).await {
            Ok(()) => Ok(Held::Ours),
            Err(error) if error.code() == 0 => Err(self.explain(error)),
            Err(_) => {
                self.seq = 0;
                Ok(Held::Other("another one, just now".to_owned()))
            }
        }
    }

    /// Lets go, so that a standby need not wait.
    ///
    /// # Errors
    /// The server's silence; the lease then runs out by itself.
    pub async fn release(&mut self) -> Result<(), EdgeError> {
        if self.seq == 0 {
            return Ok(());
        }
        let expected = std::mem::take(&mut self.seq);
        let result = self.write(Bytes::from_static(FREE), expected).await;
        self.seq = 0;
        match result {
            Err(error) if error.code() == 0 => Err(self.explain(error)),
            // Refused: it was not ours any more.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn write(&mut self, body: Bytes, expected: u64) -> Result<(), CallError> {
        let mut headers = HeaderMap::new();
        let name = "Nats-Expected-Last-Subject-Sequence";
        headers.insert(name, HeaderValue::from(expected));
        self.seq = self.caller.publish(self.subject(), headers, body).await?.seq;
        Ok(())
    }

    fn subject(&self) -> String {
        format!("$KV.{}.{}", self.options.bucket, self.options.group)
    }

    fn explain(&self, error: CallError) -> EdgeError {
        error.explain(&format!("the lease \"{}\"", self.subject()))
    }
}
