//! The configuration as the rest of crossdock sees it: plain structs.
//!
//! # Place
//! Handed from `main` to the wiring.
//! # Method
//! One struct per section, units resolved, absent things `None`.
//! # Holds
//! The structs.
//! # Does not hold
//! Limits (`checked`), reasons (`configs/default.toml`).

use crate::jetstream::{Auth, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Threads and batches.
    pub engine: EngineConfig,
    /// Limits of documents.
    pub limits: LimitsConfig,
    /// Where NATS is and who we are.
    pub nats: NatsConfig,
    /// The input stream.
    pub source: SourceConfig,
    /// The output stream and the commits.
    pub sink: SinkConfig,
    /// A folder of packs; `None` for those compiled in.
    pub packs_dir: Option<PathBuf>,
    /// A file or folder of feeds beside those of the packs.
    pub feeds_own: Option<PathBuf>,
    /// Whether rules run, and which.
    pub rules: RulesConfig,
    /// Arrival estimates.
    pub eta: EtaConfig,
    /// Snapshots; `None` keeps none.
    pub snapshot: Option<SnapshotConfig>,
    /// Leases; `None` where nobody stands by.
    pub lease: Option<LeaseConfig>,
    /// Where metrics are served; `None` is nowhere.
    pub telemetry_listen: Option<SocketAddr>,
    /// What is logged.
    pub log: LogConfig,
    /// Every option as `name = value` in the order of names, units normalized.
    pub lines: Vec<String>,
    /// Hash of [`Config::lines`]: two runs with the same digest had the same configuration.
    pub digest: u64,
}

/// Threads and batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// The unit of ownership.
    pub group: String,
    /// Decode threads, 1..=16.
    pub lanes: usize,
    /// State threads, 1..=16.
    pub shards: usize,
    /// Documents per batch, 1..=1024.
    pub batch_documents: usize,
    /// Batches per ring, 1..=8.
    pub ring_batches: usize,
    /// Shipments in memory at most.
    pub shipments_max: usize,
}

/// Limits of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Bytes of one document.
    pub document_size: usize,
    /// Events of one document.
    pub document_events: usize,
    /// Levels of nesting.
    pub document_depth: usize,
    /// Bytes of payload in a dead letter.
    pub dead_letter_payload: usize,
}

/// Where NATS is and who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsConfig {
    /// At least one address.
    pub servers: Vec<String>,
    /// What connections show as.
    pub name: String,
    /// Who we are.
    pub auth: Auth,
    /// Transport security.
    pub tls: Tls,
    /// How long one connect may take.
    pub connect_timeout: Duration,
    /// The longest pause between two attempts.
    pub reconnect_delay: Duration,
    /// How much silence is bearable.
    pub ping_interval: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// The root of reply subjects.
    pub inbox_prefix: String,
    /// Make streams that are not there.
    pub create_streams: bool,
}

/// The input stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Its name.
    pub stream: String,
    /// Its subjects.
    pub subjects: Vec<String>,
    /// Which of them to read; empty for all.
    pub filter_subjects: Vec<String>,
    /// Documents per pull.
    pub pull_messages: usize,
    /// Bytes per pull.
    pub pull_bytes: usize,
    /// How long a pull waits.
    pub pull_expires: Duration,
    /// How often the server says that it lives.
    pub heartbeat: Duration,
    /// Silence after which the consumer is made anew.
    pub silence: Duration,
    /// Copies.
    pub replicas: u32,
    /// How long messages are kept.
    pub max_age: Duration,
    /// How much is kept, bytes.
    pub max_bytes: u64,
    /// How long ids are remembered.
    pub duplicate_window: Duration,
}

/// The output stream and the commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkConfig {
    /// Its name.
    pub stream: String,
    /// Its subjects.
    pub subjects: Vec<String>,
    /// Commit when this many outputs wait ...
    pub commit_outputs: usize,
    /// ... or this many documents were read ...
    pub commit_documents: usize,
    /// ... or the first of them has waited this long.
    pub commit_interval: Duration,
    /// How often the position alone is committed.
    pub commit_idle: Duration,
    /// Outputs per atomic batch, 1..=999.
    pub batch_outputs: usize,
    /// Bytes per atomic batch.
    pub batch_bytes: usize,
    /// Bytes of a message with several changes; 0: each change is a message.
    pub pack_bytes: usize,
    /// Commits that wait.
    pub commit_queue: usize,
    /// How long an acknowledgement may take.
    pub ack_timeout: Duration,
    /// The longest pause between two attempts.
    pub retry_delay: Duration,
    /// Copies.
    pub replicas: u32,
    /// How long messages are kept.
    pub max_age: Duration,
    /// How much is kept, bytes.
    pub max_bytes: u64,
}

/// Rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesConfig {
    /// Whether they run.
    pub mode: RulesMode,
    /// A folder of rule and calendar files; `None` for those of the packs.
    pub dir: Option<PathBuf>,
    /// A bucket of rule files that comes into force through the log; `None` follows none.
    pub bucket: Option<String>,
    /// How often time is moved on while nothing else does; zero for never.
    pub tick: Duration,
}

/// Whether rules run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesMode {
    /// They run and speak.
    Live,
    /// They run and are counted.
    Shadow,
    /// They do not run.
    Off,
}

/// Arrival estimates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtaConfig {
    /// The engine learns and tells when shipments arrive.
    pub enabled: bool,
    /// What is declared; `None` for that of the packs.
    pub file: Option<PathBuf>,
    /// A file of `eta export` that an engine without a snapshot begins with.
    pub learned: Option<PathBuf>,
}

/// Snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// Their folder.
    pub dir: PathBuf,
    /// How often one is written, at least ...
    pub interval: Duration,
    /// ... and after how many documents at the latest.
    pub documents: u64,
    /// How many are kept.
    pub keep: usize,
    /// Where they are copied to; `None` copies none.
    pub bucket: Option<SnapshotBucketConfig>,
}

/// The bucket that snapshots are copied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotBucketConfig {
    /// Its name.
    pub name: String,
    /// How many are kept there.
    pub keep: usize,
    /// The shortest time between two copies.
    pub interval: Duration,
}

/// Leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseConfig {
    /// The bucket that holds them.
    pub bucket: String,
    /// How long one lives without renewal.
    pub ttl: Duration,
    /// Copies of the bucket.
    pub replicas: u32,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A filter of `tracing-subscriber`.
    pub level: String,
    /// In what form.
    pub format: LogFormat,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}
