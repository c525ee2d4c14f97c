//! Object-store buckets: streams `OBJ_<bucket>` that hold files in chunks.
//!
//! # Place
//! Under `snapshot::bucket`.
//! # Method
//! Streams, subjects and records are those of NATS clients (ADR-20), so that their tools read, write and list a
//! bucket: chunks of a file on `$O.<bucket>.C.<id>`, then one record on `$O.<bucket>.M.<name, base64>` that says how
//! many chunks there are and what SHA-256 they have. The requests are our own (`call`): the client's wait for one
//! acknowledgement a chunk, name chunks by chance, so that what an upload leaves behind belongs to nobody,
//! and keep an entry for every answer that never comes.
//! # Holds
//! - A file is in a bucket when its record is, and the record is written when every chunk was acknowledged and is
//!   there: half of a file has no name.
//! - What is read is held against count, size and SHA-256 of the record.
//! - A few chunks are in memory, whatever the size of the file.
//! # Does not hold
//! What the files are (`snapshot`), when a bucket is made (`setup`).

use crate::error::EdgeError;
use crate::jetstream::call::{CallError, Caller};
use crate::jetstream::intake::explain;
use async_nats::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// Bytes of one chunk at most: what NATS clients take, far below the usual `max_payload` of 1 MiB.
const CHUNK_SIZE_MAX: usize = 128 << 10;

/// Chunks that are sent before their acknowledgements are waited for: 1 MiB, so that a bucket far away costs one
/// round trip for that, and commits of others stand behind that much at a server at most.
const CHUNKS_AT_ONCE: usize = 8;

/// Chunks that are asked for at once.
const CHUNKS_ASKED: usize = 16;

/// Files of a bucket that are listed at most; JetStream's own limit for one answer.
const SUBJECTS_MAX: usize = 100_000;

/// Why a file was not put or got.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The server refused or did not answer.
    #[error("{0}")]
    Edge(#[from] EdgeError),
    /// Our own end: the file that is read or written.
    #[error("{0}")]
    Local(#[from] io::Error),
    /// What the bucket holds is not what the record says.
    #[error("{0}")]
    Damaged(String),
}

/// The record of one file, as NATS clients write it; what they write beside that is not needed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// Names its chunks.
    pub nuid: String,
    /// Bytes.
    pub size: u64,
    /// Chunks.
    pub chunks: u64,
    /// `SHA-256=<base64>`.
    #[serde(default)]
    pub digest: String,
    /// It was removed with a tool.
    #[serde(default)]
    pub deleted: bool,
    /// When it was put, RFC 3339; for people.
    #[serde(default, rename = "mtime")]
    pub modified: String,
    /// What whoever put it says of it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// How it was cut.
    #[serde(default)]
    pub options: Cut,
}

/// How a file was cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Bytes of a chunk.
    #[serde(default)]
    pub max_chunk_size: usize,
}

/// What is about to be put.
#[derive(Clone, Debug)]
pub struct Putting {
    /// Its name.
    pub name: String,
    /// Names its chunks: a token of a subject that was never used before.
    pub nuid: String,
    /// What is said of it.
    pub metadata: BTreeMap<String, String>,
}

/// The stream of a bucket.
#[must_use]
pub fn stream(bucket: &str) -> String {
    format!("OBJ_{bucket}")
}

/// The subjects of a bucket.
#[must_use]
pub fn subjects(bucket: &str) -> Vec<String> {
    ["C", "M"].map(|kind| format!("$O.{bucket}.{kind}.>")).to_vec()
}

/// One bucket.
#[derive(Debug)]
pub struct Objects {
    caller: Caller,
    bucket: String,
    chunk_size: usize,
}

impl Objects {
    /// A bucket that is asked by this caller.
    #[must_use]
    pub fn new(caller: Caller, bucket: String) -> Self {
        let payload_size_max = caller.connection().client().max_payload();
        // A server's limit counts headers and subject, too; ours have a small part of that.
        let chunk_size = CHUNK_SIZE_MAX.min(payload_size_max / 2).max(1);
        Self { caller, bucket, chunk_size }
    }

    /// A word that no other connection has.
    #[must_use]
    pub fn random_word(&self) -> String {
        self.caller.random_word()
    }

    /// The names of all files.
    ///
    /// # Errors
    /// [`EdgeError::StreamMissing`]; what the server refuses, or its silence.
    pub async fn names(&mut self) -> Result<Vec<String>, EdgeError> {
        let prefix = format!("$O.{}.M.", self.bucket);
        let found = self.subjects(&prefix, ">").await?;
        let name = |encoded: &str| {
            let bytes = URL_SAFE.decode(encoded).ok()?;
            String::from_utf8(bytes).ok()
        };
        Ok(found.iter().filter_map(|(encoded, _)| name(encoded)).collect())
    }

    /// What names chunks, and how many there are of each.
    ///
    /// # Errors
    /// As for names.
    pub async fn chunks(&mut self) -> Result<Vec<(String, u64)>, EdgeError> {
        let prefix = format!("$O.{}.C.", self.bucket);
        self.subjects(&prefix, ">").await
    }

    /// The record of a file; `None` where there is none, or it was removed.
    ///
    /// # Errors
    /// What the server refuses, or its silence; a record that can't be read.
    pub async fn info(&mut self, name: &str) -> Result<Option<Object>, ObjectError> {
        let query = json!({ "last_by_subj": self.record(name) });
        let stored = self.caller.stored(&stream(&self.bucket), &query).await;
        let stored = stored.map_err(|error| self.explain(error, "the record of a file"))?;
        let Some(stored) = stored else { return Ok(None) };
        let object = serde_json::from_slice::<Object>(&stored.payload);
        let object = object
            .map_err(|error| ObjectError::Damaged(format!("its record can't be read: {error}")))?;
        Ok(Some(object).filter(|object| !object.deleted))
    }

    /// Puts a file: its chunks, then its record.
    ///
    /// # Errors
    /// The server's, or the file's. What was sent stays, and has no name.
    pub async fn put(
        &mut self,
        putting: Putting,
        source: &mut impl Read,
    ) -> Result<Object, ObjectError> {
        let Putting { name, nuid, metadata } = putting;
        let subject = format!("$O.{}.C.{nuid}", self.bucket);
        let mut digest = Context::new(&SHA256);
        let (mut size, mut chunks, mut is_read) = (0, 0, false);
        // Ends: with the file.
        while !is_read {
            let mut bodies = Vec::with_capacity(CHUNKS_AT_ONCE);
            while bodies.len() < CHUNKS_AT_ONCE && !is_read {
                let mut chunk = Vec::with_capacity(self.chunk_size);
                source.by_ref().take(self.chunk_size as u64).read_to_end(&mut chunk)?;
                is_read = chunk.len() < self.chunk_size;
                digest.update(&chunk);
                size += chunk.len() as u64;
                bodies.extend((!chunk.is_empty()).then(|| Bytes::from(chunk)));
            }
            chunks += bodies.len() as u64;
            let sent = self.caller.publish_all(&subject, bodies).await;
            sent.map_err(|error| self.explain(error, "a chunk of a file"))?;
        }
        // Whoever believes us dead may have cleared away what we sent.
        let prefix = format!("$O.{}.C.", self.bucket);
        let there = self.subjects(&prefix, &nuid).await?.first().map_or(0, |it| it.1);
        if there != chunks {
            return Err(ObjectError::Damaged(format!(
                "{there} of its {chunks} chunks are in the bucket"
            )));
        }
        let object = Object {
            name,
            bucket: self.bucket.clone(),
            nuid,
            size,
            chunks,
            digest: digest_text(digest),
            deleted: false,
            modified: jiff::Timestamp::now().to_string(),
            metadata,
            options: Cut { max_chunk_size: self.chunk_size },
        };
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Rollup", "sub");
        let body = serde_json::to_vec(&object).map_err(io::Error::other)?;
        let subject = self.record(&object.name);
        let put = self.caller.publish(subject, headers, body.into()).await;
        put.map_err(|error| self.explain(error, "the record of a file"))?;
        Ok(object)
    }

    /// Writes a file's bytes to `target`. They are what was put only where this succeeds.
    ///
    /// # Errors
    /// The server's, or the target's; or in what the file is not what its record says.
    pub async fn get(
        &mut self,
        object: &Object,
        target: &mut impl Write,
    ) -> Result<(), ObjectError> {
        let subject = format!("$O.{}.C.{}", self.bucket, object.nuid);
        let verb = format!("DIRECT.GET.{}", stream(&self.bucket));
        let mut digest = Context::new(&SHA256);
        let (mut size, mut chunks, mut seq) = (0, 0, 1);
        // Ends: every turn brings a chunk or an error.
        while chunks < object.chunks {
            let query = json!({ "seq": seq, "next_by_subj": subject, "batch": CHUNKS_ASKED });
            let answers = self.caller.api_all(&verb, query.to_string()).await;
            let answers = answers.map_err(|error| self.explain(error, "the chunks of a file"))?;
            if answers.is_empty() {
                let wanted = object.chunks;
                return Err(ObjectError::Damaged(format!("it has {chunks} of {wanted} chunks")));
            }
            for message in answers {
                size += message.payload.len() as u64;
                chunks += 1;
                if object.size < size || object.chunks < chunks {
                    return Err(ObjectError::Damaged(format!(
                        "it is larger than the {} bytes in {} chunks that its record says",
                        object.size, object.chunks
                    )));
                }
                digest.update(&message.payload);
                target.write_all(&message.payload)?;
                let found = message.headers.as_ref().and_then(|it| it.get("Nats-Sequence"));
                let found = found.and_then(|it| it.as_str().parse::<u64>().ok());
                let found = found.filter(|found| seq <= *found);
                seq = 1 + found.ok_or_else(|| {
                    ObjectError::Damaged(String::from("a chunk came without its sequence"))
                })?;
            }
        }
        if size != object.size {
            let wanted = object.size;
            return Err(ObjectError::Damaged(format!("it has {size} of {wanted} bytes")));
        }
        if digest_text(digest) != object.digest {
            return Err(ObjectError::Damaged(String::from("it has a wrong checksum (SHA-256)")));
        }
        Ok(())
    }

    /// Removes a file: its record first, so that half of it has no name.
    ///
    /// # Errors
    /// What the server refuses, or its silence.
    pub async fn remove(&mut self, name: &str, nuid: Option<&str>) -> Result<(), EdgeError> {
        self.purge(&self.record(name)).await?;
        match nuid {
            Some(nuid) => self.remove_chunks(nuid).await,
            None => Ok(()),
        }
    }

    /// Removes chunks.
    ///
    /// # Errors
    /// What the server refuses, or its silence.
    pub async fn remove_chunks(&mut self, nuid: &str) -> Result<(), EdgeError> {
        self.purge(&format!("$O.{}.C.{nuid}", self.bucket)).await
    }

    async fn purge(&mut self, subject: &str) -> Result<(), EdgeError> {
        let verb = format!("STREAM.PURGE.{}", stream(&self.bucket));
        let body = json!({ "filter": subject }).to_string();
        let purged = self.caller.api::<Value>(&verb, body).await;
        purged.map(drop).map_err(|error| self.explain(error, "the removal of a file"))
    }

    /// What follows a prefix in subjects that hold messages, and how many they hold.
    async fn subjects(
        &mut self,
        prefix: &str,
        rest: &str,
    ) -> Result<Vec<(String, u64)>, EdgeError> {
        let query = json!({ "subjects_filter": format!("{prefix}{rest}") }).to_string();
        let verb = format!("STREAM.INFO.{}", stream(&self.bucket));
        let info = self.caller.api::<Value>(&verb, query).await;
        let info = info.map_err(|error| self.explain(error, "the files of a bucket"))?;
        let found = info["state"]["subjects"].as_object();
        let found = found.into_iter().flatten().take(SUBJECTS_MAX);
        let found = found.filter_map(|(subject, count)| {
            Some((subject.strip_prefix(prefix)?.to_owned(), count.as_u64()?))
        });
        Ok(found.collect())
    }

    fn record(&self, name: &str) -> String {
        format!("$O.{}.M.{}", self.bucket, URL_SAFE.encode(name))
    }

    fn explain(&self, error: CallError, what: &str) -> EdgeError {
        explain(error, &stream(&self.bucket), what)
    }
}

fn digest_text(digest: Context) -> String {
    format!("SHA-256={}", URL_SAFE.encode(digest.finish()))
}
