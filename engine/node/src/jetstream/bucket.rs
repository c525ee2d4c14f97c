//! Key-value buckets: streams `KV_<bucket>` that keep the newest messages of every key.
//!
//! # Place
//! Under `lease` and `rule_files`, each with a bucket of its own.
//! # Method
//! The stream is made as NATS clients make one, so that their tools read and write it.
//! # Holds
//! Names of stream and keys, the making.
//! # Does not hold
//! What the keys mean.

use crate::error::EdgeError;
use crate::jetstream::call::{Caller, STREAM_NOT_FOUND};
use crate::jetstream::intake::explain;
use serde_json::{Value, json};
use std::time::Duration;

/// What a bucket is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketOptions {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// How long a value lives; zero for ever.
    pub max_age: Duration,
    /// Values that are kept of a key.
    pub history: u32,
    /// Copies.
    pub replicas: u32,
}

impl BucketOptions {
    /// The stream that it is.
    #[must_use]
    pub fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    /// The subject of a key.
    #[must_use]
    pub fn subject(&self, key: &str) -> String {
        format!("$KV.{}.{key}", self.name)
    }
}

/// Makes a bucket where it is not there. `what` it is, for people.
///
/// # Errors
/// What the server refuses, or its silence.
pub async fn ensure(
    caller: &mut Caller,
    options: &BucketOptions,
    what: &str,
) -> Result<(), EdgeError> {
    let stream = options.stream();
    match caller.api::<Value>(&format!("STREAM.INFO.{stream}"), "").await {
        Ok(_) => return Ok(()),
        Err(error) if error.code() == STREAM_NOT_FOUND => {}
        Err(error) => return Err(explain(error, &stream, what)),
    }
    let mut config = json!({
        "name": stream,
        "subjects": [options.subject(">")],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_msgs_per_subject": options.history,
        "num_replicas": options.replicas,
        "allow_rollup_hdrs": true,
        "deny_delete": true,
        "allow_direct": true,
    });
    if !options.max_age.is_zero() {
        let age = u64::try_from(options.max_age.as_nanos()).unwrap_or(u64::MAX);
        config["max_age"] = json!(age);
        config["duplicate_window"] = json!(age);
    }
    let made = caller.api::<Value>(&format!("STREAM.CREATE.{stream}"), config.to_string()).await;
    made.map(drop).map_err(|error| explain(error, &stream, what))
}
