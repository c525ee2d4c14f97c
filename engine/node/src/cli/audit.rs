//! `crossdock audit`: whether what stands in OUT was said once, whole, and in order.
//!
//! # Exit codes
//! 0: nothing is wrong. 1: findings. 65: a stream can't be read to its end; 75 and 78 as elsewhere.

use std::process::ExitCode;
use std::time::Duration;

use anstyle::AnsiColor;
use async_nats::jetstream::{self, consumer::pull};
use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;

use super::settings::Settings;
use super::{Failure, terminal};
use crate::audit::{Auditor, Kind, OutMessage, Report, StreamState};
use crate::error::EdgeError;
use crate::jetstream::connection::Connection;
use crate::jetstream::ctl::CtlRecord;

/// Arguments of `audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// The NATS servers, `nats://host:port`, several with commas between.
    #[arg(long, value_name = "URLS")]
    pub nats: Option<String>,
}

/// Messages asked for at a time.
const BATCH: usize = 1000;

/// How long the server may take for the next message.
const WAIT: Duration = Duration::from_secs(10);

/// Runs the command. Exit code 1 where something is wrong.
///
/// # Errors
///
/// The server can't be reached, or a stream can't be read.
pub fn run(settings: &Settings, args: &AuditArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    let mut options = settings.config.connection_options();
    if let Some(servers) = &args.nats {
        options.servers = servers.split(',').map(str::to_owned).collect();
    }
    let (input, output) = (&settings.config.source.stream, &settings.config.sink.stream);
    let report = runtime.block_on(async {
        let connection = Connection::open(&options).await?;
        audit(&jetstream::new(connection.client().clone()), input, output).await
    })?;
    show(&report)?;
    Ok(ExitCode::from(u8::from(!report.is_clean())))
}

fn unread(stream: &str, error: impl std::fmt::Display) -> Failure {
    Failure::Input(format!("stream \"{stream}\" can't be read: {error}"))
}

/// Audits OUT as it is at the beginning; an engine may go on writing.
async fn audit(context: &jetstream::Context, input: &str, output: &str) -> Result<Report, Failure> {
    let out = context.get_stream(output).await.map_err(|error| unread(output, error))?;
    let state = &out.cached_info().state;
    let (first_seq, last_seq) = (state.first_sequence, state.last_sequence);
    // Nothing can have expired from a stream that is younger than what it keeps: what its beginning
    // lacks were commit records.
    let info = out.cached_info();
    let now = jiff::Timestamp::now().as_second();
    let age_seconds = now.saturating_sub(info.created.unix_timestamp());
    let keeps_seconds = i64::try_from(info.config.max_age.as_secs()).unwrap_or(i64::MAX);
    let starts_at_one = first_seq <= 1 || keeps_seconds == 0 || age_seconds < keeps_seconds;
    let mut auditor = Auditor::new(starts_at_one);
    let mut records = Vec::new();
    let mut messages = 0;
    let config = pull::Config {
        ack_policy: jetstream::consumer::AckPolicy::None,
        inactive_threshold: Duration::from_secs(30),
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let consumer = out.create_consumer(config).await.map_err(|error| unread(output, error))?;
    let mut next = 1;
    let mut is_done = state.messages == 0;
    // Ends: the last message there was at the beginning is read; records that were rolled up while
    // we read make the stream shorter, never longer up to there.
    while !is_done {
        let batch = consumer.batch().max_messages(BATCH).expires(WAIT).messages().await;
        let mut batch = batch.map_err(|error| unread(output, error))?;
        let mut has_any = false;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| unread(output, error))?;
            let info = message.info().map_err(|error| unread(output, error))?;
            if info.consumer_sequence != next {
                return Err(unread(output, "the consumer lost messages on the way; run it again"));
            }
            next += 1;
            has_any = true;
            if info.stream_sequence > last_seq {
                is_done = true;
                break;
            }
            messages += 1;
            is_done |= info.stream_sequence == last_seq || info.pending == 0;
            take(&mut auditor, &mut records, info.stream_sequence, &message);
            if is_done {
                // The rest of the batch would be waited for until it expires.
                break;
            }
        }
        is_done |= !has_any;
    }
    if records.is_empty() && 0 < messages {
        // The newest record was rolled up while we read: the one after it is as good.
        let note = "the engine went on while OUT was read; run it again for the record\'s checks";
        return Err(unread(output, note));
    }
    let last_read = StreamState { first_seq, last_seq, messages };
    let input_state = input_state(context, input).await?;
    Ok(auditor.finish(&records, last_read, input_state))
}

fn take(
    auditor: &mut Auditor,
    records: &mut Vec<(u64, CtlRecord)>,
    seq: u64,
    message: &async_nats::Message,
) {
    if message.subject.starts_with("ctl.") {
        match CtlRecord::read(&message.payload) {
            Ok(record) => records.push((seq, record)),
            Err(detail) => auditor.find(Kind::BadRecord, seq, detail),
        }
        return;
    }
    let header = |name: &str| {
        let value = message.headers.as_ref().and_then(|headers| headers.get(name));
        value.map(async_nats::HeaderValue::as_str).unwrap_or_default()
    };
    auditor.output(OutMessage {
        seq,
        batch_id: header("Nats-Batch-Id"),
        batch_seq: header("Nats-Batch-Sequence").parse().unwrap_or(0),
        is_packed: message.subject.ends_with(".all.packed"),
        body: &message.payload,
    });
}

async fn input_state(context: &jetstream::Context, input: &str) -> Result<StreamState, Failure> {
    let stream = context.get_stream(input).await.map_err(|error| unread(input, error))?;
    let state = &stream.cached_info().state;
    Ok(StreamState {
        first_seq: state.first_sequence,
        last_seq: state.last_sequence,
        messages: state.messages,
    })
}

/// A table for people; in a pipe one line per finding and one for all.
fn show(report: &Report) -> Result<(), Failure> {
    if !terminal::is_terminal() {
        for it in &report.examples {
            let line =
                json!({"finding": it.kind.name(), "out_seq": it.out_seq, "detail": it.detail});
            terminal::print(&format!("{line}\n"))?;
        }
        let counts: serde_json::Map<String, serde_json::Value> =
            report.counts.iter().map(|(kind, n)| (kind.name().to_owned(), (*n).into())).collect();
        let line = json!({"audit": {
            "clean": report.is_clean(),
            "outputs": report.outputs,
            "dead_letters": report.letters,
            "batches": report.batches,
            "owners": report.owners,
            "shipments": report.shipments,
            "findings": counts,
            "notes": report.notes,
        }});
        return terminal::print(&format!("{line}\n"));
    }
    for (name, count) in [
        ("outputs", report.outputs),
        ("of these dead letters", report.letters),
        ("commits with outputs", report.batches),
        ("owners", report.owners),
        ("shipments", report.shipments),
    ] {
        terminal::print(&format!("  {name:<24} {count:>12}\n"))?;
    }
    for note in &report.notes {
        terminal::print(&format!("{}\n", terminal::faint(note)))?;
    }
    for (kind, count) in &report.counts {
        let head = terminal::paint(&format!("{count} {}", kind.name()), AnsiColor::Red);
        terminal::print(&format!("{head}: {}\n", kind.meaning()))?;
        for it in report.examples.iter().filter(|it| it.kind == *kind) {
            terminal::print(&format!("    OUT {}: {}\n", it.out_seq, it.detail))?;
        }
    }
    let verdict = if report.is_clean() {
        terminal::paint("nothing lost, nothing doubled, in order", AnsiColor::Green)
    } else {
        terminal::paint("not as it should be", AnsiColor::Red)
    };
    terminal::print(&format!("{verdict}\n"))
}
