//! Documents of a plan into a stream, and what an engine said out of one.
//!
//! # Place
//! Under every test that lets the command itself run against a real server.
//! # Method
//! Publishes wait for their acknowledgements; what stands in a stream is read to its end as of now.
//! # Holds
//! Publishing, counting, reading, the command with sizes that a test's server has room for.
//! # Does not hold
//! The server (`nats`), the oracle (`crossdock_loadgen`).

use async_nats::jetstream::{self, consumer::pull};
use crossdock_loadgen::plan::Plan;
use crossdock_node::jetstream::setup::{Role, StreamOptions};
use futures_util::StreamExt as _;
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Long, for machines that do much else; nothing waits for it when all is well.
pub const WAIT: Duration = Duration::from_secs(120);

/// IN and OUT, each with room for `max_bytes`, on one server.
#[must_use]
pub fn pair(max_bytes: u64) -> Vec<StreamOptions> {
    let stream = |name: &str, role, subjects: &[&str]| StreamOptions {
        name: name.to_owned(),
        role,
        subjects: subjects.iter().map(ToString::to_string).collect(),
        replicas: 1,
        max_age: Duration::from_secs(86_400),
        max_bytes,
        duplicate_window: Duration::from_secs(60),
    };
    vec![
        stream("IN", Role::Input, &["raw.>"]),
        stream("OUT", Role::Output, &["ms.>", "dlq.>", "ctl.>"]),
    ]
}

/// Publishes every document of a plan and waits for every acknowledgement.
///
/// # Panics
/// Where the server does not answer.
pub async fn publish(url: &str, plan: &Plan) -> u64 {
    publish_part(url, plan, 0..u64::MAX).await
}

/// As [`publish`], of the documents with these numbers, from 0.
///
/// # Panics
/// As [`publish`].
pub async fn publish_part(url: &str, plan: &Plan, part: Range<u64>) -> u64 {
    let context = jetstream::new(async_nats::connect(url).await.expect("the server answers"));
    let mut documents = plan.documents();
    let mut buffer = Vec::new();
    let mut acks = Vec::new();
    let mut count = 0;
    let mut numbers = 0..;
    while let Some(entry) = documents.next() {
        if numbers.next().is_none_or(|number| !part.contains(&number)) {
            continue;
        }
        documents.write(&entry, &mut buffer);
        let tenant = plan.tenant(entry.truth.shipment);
        let subject = format!("raw.{tenant}.{}", entry.feed.name());
        let mut headers = async_nats::HeaderMap::new();
        let micros = entry.received_micros;
        let received = jiff::Timestamp::from_microsecond(micros)
            .expect("loadgen writes times of our day")
            .to_string();
        headers.insert("Crossdock-Received", received.as_str());
        let body = buffer.clone().into();
        acks.push(
            context.publish_with_headers(subject, headers, body).await.expect("the server answers"),
        );
        count += 1;
        if acks.len() == 500 {
            for ack in acks.drain(..) {
                ack.await.expect("the server answers");
            }
        }
    }
    for ack in acks {
        ack.await.expect("the server answers");
    }
    count
}

/// Messages in a stream.
///
/// # Panics
/// Where the server does not answer.
pub async fn message_count(url: &str, stream: &str) -> u64 {
    let context = jetstream::new(async_nats::connect(url).await.expect("the server answers"));
    let stream = context.get_stream(stream).await.expect("the server answers");
    stream.get_info().await.expect("the server answers").state.messages
}

/// The changes in OUT, one a line, in the order of the stream.
///
/// # Panics
/// Where the server does not answer.
pub async fn changes(url: &str) -> Vec<u8> {
    let context = jetstream::new(async_nats::connect(url).await.expect("the server answers"));
    let stream = context.get_stream("OUT").await.expect("the server answers");
    let config = pull::OrderedConfig { filter_subject: "ms.>".into(), ..Default::default() };
    let consumer = stream.create_consumer(config).await.expect("the server answers");
    let mut left = consumer.get_info().await.expect("the server answers").num_pending;
    let mut messages = consumer.messages().await.expect("the server answers");
    let mut lines = Vec::new();
    // Ends: as many messages as were pending are read.
    while 0 < left {
        let message = tokio::time::timeout(WAIT, messages.next())
            .await
            .expect("in time")
            .expect("a message")
            .expect("readable");
        lines.extend_from_slice(&message.payload);
        lines.push(b'\n');
        left -= 1;
    }
    lines
}

/// `crossdock ARGUMENTS` against a server, in sizes that a test's server has room for.
#[must_use]
pub fn crossdock(binary: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments).args(["--nats", url]);
    for option in
        ["source.max_bytes=256MiB", "sink.max_bytes=256MiB", "telemetry.listen=127.0.0.1:0"]
    {
        command.args(["--set", option]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Waits for the end of a command that must succeed.
///
/// # Panics
/// Where it does not.
pub fn finish(child: Child) -> Output {
    let output = child.wait_with_output().expect("the command was started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}
