//! What the edge is made with, from the configuration.
//!
//! # Place
//! Between [`Config`] and the JetStream edge: the only place that knows both.
//! # Method
//! Field by field.
//! # Holds
//! The conversions.
//! # Does not hold
//! Defaults: they stand in `configs/default.toml`.

use crate::config::Config;
use crate::jetstream::bucket::BucketOptions as KeyValueOptions;
use crate::jetstream::committer::CommitterOptions;
use crate::jetstream::connection::ConnectionOptions;
use crate::jetstream::edge::EdgeOptions;
use crate::jetstream::lease::LeaseOptions;
use crate::jetstream::objects;
use crate::jetstream::output::BatchLimits;
use crate::jetstream::reader::ReaderOptions;
use crate::jetstream::rule_files::{self, RuleFilesOptions};
use crate::jetstream::setup::{Role, StreamOptions};
use crate::snapshot::BucketOptions;
use std::time::Duration;

/// Room for what two pulls ask for, four times over, and for answers beside it.
const SUBSCRIPTION_PULLS: usize = 8;

impl Config {
    /// Where NATS is and who we are.
    #[must_use]
    pub fn connection_options(&self) -> ConnectionOptions {
        let nats = &self.nats;
        ConnectionOptions {
            servers: nats.servers.clone(),
            name: nats.name.clone(),
            auth: nats.auth.clone(),
            tls: nats.tls.clone(),
            connect_timeout: nats.connect_timeout,
            reconnect_delay_max: nats.reconnect_delay,
            ping_interval: nats.ping_interval,
            inbox_prefix: nats.inbox_prefix.clone(),
            subscription_capacity: (self.source.pull_messages * SUBSCRIPTION_PULLS).max(1024),
        }
    }

    /// The input stream, then the output stream.
    #[must_use]
    pub fn stream_options(&self) -> Vec<StreamOptions> {
        let (source, sink) = (&self.source, &self.sink);
        let input = StreamOptions {
            name: source.stream.clone(),
            role: Role::Input,
            subjects: source.subjects.clone(),
            replicas: source.replicas,
            max_age: source.max_age,
            max_bytes: source.max_bytes,
            duplicate_window: source.duplicate_window,
        };
        let output = StreamOptions {
            name: sink.stream.clone(),
            role: Role::Output,
            subjects: sink.subjects.clone(),
            replicas: sink.replicas,
            max_age: sink.max_age,
            max_bytes: sink.max_bytes,
            // Commits carry no Nats-Msg-Id: the window is the shortest that servers take gladly.
            duplicate_window: Duration::from_secs(1).min(sink.max_age),
        };
        vec![input, output]
    }

    /// The bucket of rule files, where one is followed.
    #[must_use]
    pub fn rule_files_options(&self) -> Option<RuleFilesOptions> {
        let name = self.rules.bucket.clone()?;
        let bucket = KeyValueOptions {
            name,
            max_age: Duration::ZERO,
            history: rule_files::HISTORY,
            replicas: self.source.replicas,
        };
        let request_timeout = self.nats.request_timeout;
        Some(RuleFilesOptions { connection: self.connection_options(), bucket, request_timeout })
    }

    /// The bucket that snapshots are copied to, where there is one.
    #[must_use]
    pub fn snapshot_bucket_options(&self) -> Option<BucketOptions> {
        let bucket = self.snapshot.as_ref()?.bucket.as_ref()?;
        Some(BucketOptions {
            connection: self.connection_options(),
            name: bucket.name.clone(),
            stream: StreamOptions {
                name: objects::stream(&bucket.name),
                role: Role::Objects,
                subjects: objects::subjects(&bucket.name),
                replicas: self.source.replicas,
                // They are removed when newer ones are there, not by age or size.
                max_age: Duration::ZERO,
                max_bytes: 0,
                duplicate_window: Duration::ZERO,
            },
            create: self.nats.create_streams,
            keep: bucket.keep,
            interval: bucket.interval,
            request_timeout: self.nats.request_timeout,
            retry_delay_max: self.sink.retry_delay,
        })
    }

    /// Everything the edge is made with.
    #[must_use]
    pub fn edge_options(&self) -> EdgeOptions {
        let (source, sink) = (&self.source, &self.sink);
        EdgeOptions {
            connection: self.connection_options(),
            streams: self.stream_options(),
            create_streams: self.nats.create_streams,
            reader: ReaderOptions {
                stream: source.stream.clone(),
                filter_subjects: source.filter_subjects.clone(),
                pull_messages: source.pull_messages,
                pull_bytes: source.pull_bytes,
                pull_expires: source.pull_expires,
                heartbeat: source.heartbeat,
                silence_max: source.silence,
                request_timeout: self.nats.request_timeout,
                retry_delay_max: sink.retry_delay,
            },
            committer: CommitterOptions {
                stream: sink.stream.clone(),
                group: self.engine.group.clone(),
                engine: env!("CARGO_PKG_VERSION").to_owned(),
                limits: BatchLimits {
                    outputs_max: sink.batch_outputs,
                    bytes_max: sink.batch_bytes,
                    pack_bytes: sink.pack_bytes,
                },
                ack_timeout: sink.ack_timeout,
                retry_delay_max: sink.retry_delay.max(Duration::from_millis(5)),
            },
            ring_batches: self.engine.ring_batches,
            commit_queue: sink.commit_queue,
            lease: self.lease.as_ref().map(|lease| LeaseOptions {
                bucket: lease.bucket.clone(),
                group: self.engine.group.clone(),
                holder: format!("{}-{}", self.nats.name, std::process::id()),
                ttl: lease.ttl,
                replicas: lease.replicas,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_an_edge() {
        let options = Config::default().edge_options();
        assert_eq!(options.streams.len(), 2);
        assert_eq!(options.committer.group, "default");
        assert!(options.reader.heartbeat * 2 <= options.reader.pull_expires);
        let asked = 2 * options.reader.pull_messages;
        assert!(2 * asked <= options.connection.subscription_capacity);
    }
}
