//! The way to a NATS server: connecting, and reading a stream in the order of its sequence.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::{self, Context};
use clap::Args;
use crossdock_loadgen::check::Output;
use futures_util::StreamExt as _;
use tokio::runtime::Runtime;

use super::Failure;

/// Messages that one pull asks for.
const PULL_MESSAGES: usize = 2000;

/// Where the server is and who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct NatsArguments {
    /// The server.
    #[arg(long, default_value = "nats://127.0.0.1:4222")]
    nats: String,
    /// A credentials file of the server's operator.
    #[arg(long)]
    creds: Option<std::path::PathBuf>,
}

impl NatsArguments {
    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Context, Failure> {
        // Twice what is asked for at a time, so that the client never drops a message.
        let mut options =
            async_nats::ConnectOptions::new().subscription_capacity(4 * PULL_MESSAGES);
        if let Some(path) = &self.creds {
            options = options
                .credentials_file(path)
                .await
                .map_err(|error| Failure::at(&format!("read \"{}\"", path.display()), &error))?;
        }
        let client = options.connect(&self.nats).await.map_err(|error| {
            Failure(format!(
                "connect to \"{}\": {error}; start a nats-server with JetStream, or name another with `--nats`",
                self.nats
            ))
        })?;
        Ok(jetstream::new(client))
    }
}

/// A runtime of one thread: the network is not what is measured here.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::at("start the network", &error))
}

/// The messages of a stream.
pub(crate) struct StreamOutput {
    runtime: Runtime,
    context: Context,
    stream: String,
    subjects: Vec<String>,
    idle: Duration,
}

impl StreamOutput {
    pub(crate) fn new(
        arguments: &NatsArguments,
        stream: &str,
        subjects: &[String],
        idle_seconds: f64,
    ) -> Result<Self, Failure> {
        let idle = Duration::try_from_secs_f64(idle_seconds)
            .map_err(|error| Failure::at("`--idle-seconds`", &error))?;
        let runtime = runtime()?;
        let context = runtime.block_on(arguments.connect())?;
        let (stream, subjects) = (stream.to_owned(), subjects.to_vec());
        Ok(Self { runtime, context, stream, subjects, idle })
    }
}

impl Output for StreamOutput {
    type Error = Failure;

    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        let Self { runtime, context, stream, subjects, idle } = self;
        runtime.block_on(read(context, stream, subjects, *idle, each))
    }
}

async fn read(
    context: &Context,
    stream: &str,
    subjects: &[String],
    idle: Duration,
    each: &mut dyn FnMut(&[u8]),
) -> Result<(), Failure> {
    let what = format!("read stream \"{stream}\"");
    let failure = |error: &dyn std::fmt::Display| Failure::at(&what, error);
    let handle = context.get_stream(stream).await.map_err(|error| failure(&error))?;
    let config = Config {
        filter_subjects: subjects.to_vec(),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::None,
        memory_storage: true,
        num_replicas: 1,
        inactive_threshold: Duration::from_secs(60),
        ..Config::default()
    };
    let consumer = handle.create_consumer(config).await.map_err(|error| failure(&error))?;
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(PULL_MESSAGES)
        .expires(Duration::from_secs(5))
        .messages()
        .await
        .map_err(|error| failure(&error))?;
    let (mut consumer_sequence, mut stream_sequence) = (0, 0);
    // Ends: when nothing has come for as long as was asked, after the last message that is there.
    while let Ok(next) = tokio::time::timeout(idle, messages.next()).await {
        let Some(message) = next else { break };
        let message = message.map_err(|error| failure(&error))?;
        let info = message.info().map_err(|error| failure(&error))?;
        if info.consumer_sequence != consumer_sequence + 1
            || info.stream_sequence <= stream_sequence
        {
            return Err(Failure(format!(
                "{what}: message {} of the consumer came after message {consumer_sequence}; the client dropped some, read again",
                info.consumer_sequence
            )));
        }
        (consumer_sequence, stream_sequence) = (info.consumer_sequence, info.stream_sequence);
        // A message may hold several changes, one a line.
        message.payload.split(|byte| *byte == b'\n').for_each(&mut *each);
    }
    Ok(())
}
