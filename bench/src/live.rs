//! The engine as a process of its own on a real server, and documents on their way to it.
//!
//! # Place
//! Under the `latency` binary.
//! # Method
//! Open loop: document n is due at start + n / rate whether or not anybody keeps up, and what it
//! causes counts from then (no coordinated omission). A thread of its own sleeps until each is due,
//! because tokio's timer counts whole milliseconds. Changes are read back from the OUT stream by a
//! consumer: a plain subscriber would see those of an atomic batch before they are committed.
//! # Holds
//! When each document was due and when its first change or echo came.
//! # Does not hold
//! What documents cost in process: that is the ladder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{DeliverPolicy, push};
use async_nats::jetstream::context::PublishAckFuture;
use bytes::Bytes;
use crossdock_loadgen::capture;
use crossdock_loadgen::oracle::Oracle;
use crossdock_loadgen::plan::{Documents, Plan};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;

/// Messages that may wait for their acknowledgement where the server sets the pace.
const WINDOW: usize = 2000;

/// How long the last change may take before it counts as missing.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong, for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One message to publish: a document, or lines that are documents each.
#[derive(Clone, Debug)]
pub struct Document {
    /// Subject below the stream's prefix: `<tenant>.<feed>`.
    pub tail: String,
    /// Receipt as a gateway would write it.
    pub received: String,
    /// The bytes.
    pub body: Bytes,
    /// True where the oracle has a change for it, or for one of its lines.
    pub changes: bool,
}

/// Documents of a plan, each once, with what the oracle has for them.
#[derive(Debug)]
pub struct Supply<'a> {
    plan: &'a Plan,
    documents: Documents<'a>,
    oracle: Oracle<'a>,
}

impl<'a> Supply<'a> {
    /// From the first document on.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        Self { plan, documents: plan.documents(), oracle: Oracle::new(plan) }
    }

    /// The next `count` messages of `pack` documents each, a line each; fewer at the end of the plan. The documents of a
    /// message are of one tenant and feed, as its subject says, and those of a shipment stay in their order.
    pub fn take(&mut self, count: usize, pack: usize) -> Vec<Document> {
        assert!(0 < pack);
        let (mut taken, mut buffer) = (Vec::with_capacity(count), Vec::new());
        let mut open: Vec<Pack> = Vec::new();
        while taken.len() < count {
            let Some(entry) = self.documents.next() else { break };
            self.documents.write(&entry, &mut buffer);
            let story = self.documents.story(entry.truth.shipment);
            let changes = !self.oracle.apply(&entry, story).is_empty();
            let tail = format!("{}.{}", self.plan.tenant(entry.truth.shipment), entry.feed.name());
            let at = open.iter().position(|pack| pack.tail == tail).unwrap_or_else(|| {
                open.push(Pack { tail, ..Pack::default() });
                open.len() - 1
            });
            open[at].add(&buffer, entry.received_micros, changes);
            if open[at].count == pack {
                taken.push(open.swap_remove(at).into());
            }
        }
        taken
    }
}

/// A message that is being filled.
#[derive(Debug, Default)]
struct Pack {
    tail: String,
    received: Vec<u8>,
    lines: Vec<u8>,
    count: usize,
    changes: bool,
}

impl Pack {
    fn add(&mut self, document: &[u8], received_micros: i64, changes: bool) {
        if 0 < self.count {
            self.lines.push(b'\n');
        }
        self.lines.extend_from_slice(document);
        self.received.clear();
        capture::put_received(received_micros, &mut self.received);
        self.count += 1;
        self.changes |= changes;
    }
}

impl From<Pack> for Document {
    fn from(pack: Pack) -> Self {
        Self {
            tail: pack.tail,
            received: String::from_utf8_lossy(&pack.received).into_owned(),
            body: pack.lines.into(),
            changes: pack.changes,
        }
    }
}

/// Who sets the pace.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// The server, with a window of messages under way.
    Server,
    /// A clock: messages a second.
    Rate(f64),
}

impl Pace {
    /// When a message is due after the start; `None` where it is due when there is room.
    #[must_use]
    pub fn due(self, index: usize) -> Option<Duration> {
        match self {
            Self::Server => None,
            Self::Rate(rate) => Some(Duration::from_secs_f64(index as f64 / rate)),
        }
    }
}

/// What became of messages that were published.
#[derive(Debug)]
pub struct Published {
    /// When the first one was due.
    pub start: Instant,
    /// The stream sequence of each: the engine's ticks stand between them.
    pub sequences: Vec<u64>,
}

/// Publishes to `<prefix>.<tail>` and waits until all are stored, in this order.
///
/// # Errors
///
/// The server refuses one, or stores it before the one that was sent before it.
pub async fn publish(
    context: &Context,
    prefix: &str,
    documents: &[Document],
    pace: Pace,
) -> Result<Published, Failure> {
    let start = Instant::now() + Duration::from_millis(20);
    let mut ticks = pacer(start, documents.len(), pace);
    let mut flying: FuturesUnordered<_> = FuturesUnordered::new();
    let mut sequences = vec![0; documents.len()];
    for (index, document) in documents.iter().enumerate() {
        ticks.recv().await.ok_or("the pacer ended early")?;
        while let Some(Some(stored)) = flying.next().now_or_never() {
            settle(&mut sequences, stored)?;
        }
        if matches!(pace, Pace::Server) && WINDOW <= flying.len() {
            let stored = flying.next().await.ok_or("the window is not empty")?;
            settle(&mut sequences, stored)?;
        }
        let mut headers = HeaderMap::new();
        headers.insert("Crossdock-Received", document.received.as_str());
        let subject = format!("{prefix}.{}", document.tail);
        let sent = context.publish_with_headers(subject, headers, document.body.clone()).await?;
        flying.push(stored(index, sent));
    }
    while let Some(stored) = flying.next().await {
        settle(&mut sequences, stored)?;
    }
    if !sequences.is_sorted_by(|a, b| a < b) {
        return Err("the server stored the documents in another order".into());
    }
    Ok(Published { start, sequences })
}

async fn stored(index: usize, sent: PublishAckFuture) -> Result<(usize, u64), Failure> {
    Ok((index, sent.await?.sequence))
}

fn settle(sequences: &mut [u64], stored: Result<(usize, u64), Failure>) -> Result<(), Failure> {
    let (index, sequence) = stored?;
    sequences[index] = sequence;
    Ok(())
}

/// A tick for each message when it is due.
fn pacer(start: Instant, count: usize, pace: Pace) -> mpsc::UnboundedReceiver<()> {
    let (send, ticks) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for index in 0..count {
            if let Some(due) = pace.due(index) {
                let now = Instant::now();
                if now < start + due {
                    std::thread::sleep(start + due - now);
                }
            }
            if send.send(()).is_err() {
                return;
            }
        }
    });
    ticks
}

/// The engine's binary: the one named, else the one built beside this program.
///
/// # Errors
///
/// There is none.
pub fn engine_binary(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe()?.with_file_name("crossdock");
    let path = named.map_or(beside, Path::to_path_buf);
    if path.is_file() {
        return Ok(path);
    }
    let told =
        "build it with `cargo build --release -p crossdock-node`, or name it with `--engine`";
    Err(format!("no engine at \"{}\": {told}", path.display()).into())
}

/// A running engine; it is killed when dropped.
#[derive(Debug)]
pub struct Engine(Child);

impl Engine {
    /// Makes the streams IN and OUT.
    ///
    /// # Errors
    ///
    /// The engine says why not.
    pub fn make_streams(binary: &Path, url: &str) -> Result<(), Failure> {
        let made = Command::new(binary).args(["nats", "init", "--nats", url]).output()?;
        if made.status.success() {
            return Ok(());
        }
        Err(format!("`crossdock nats init`: {}", String::from_utf8_lossy(&made.stderr)).into())
    }

    /// Starts to drain IN with these settings, `key=value`, and these words more on the command line.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(
        binary: &Path,
        url: &str,
        settings: &[&str],
        words: &[&str],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(binary);
        command.args(["run", "--nats", url, "--admin", "127.0.0.1:0"]).args(words);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(quiet.spawn()?))
    }

    /// Ends it as a failure of its machine would: `kill -9`.
    ///
    /// # Errors
    ///
    /// It had ended before.
    pub fn kill(mut self) -> Result<(), Failure> {
        if let Some(status) = self.0.try_wait()? {
            return Err(format!("the engine ended by itself: {status}").into());
        }
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Already gone is what we want.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The changes of OUT, as they are committed.
///
/// # Errors
///
/// The stream or its consumer can't be had.
pub async fn changes(
    context: &Context,
    deliver_policy: DeliverPolicy,
) -> Result<push::Ordered, Failure> {
    let config = push::OrderedConfig {
        deliver_subject: context.client().new_inbox(),
        filter_subject: "ms.>".to_owned(),
        deliver_policy,
        ..push::OrderedConfig::default()
    };
    let out = context.get_stream("OUT").await?;
    Ok(out.create_consumer(config).await?.messages().await?)
}

/// The stream sequence of the document that caused a change; `None` for what a timer said.
#[must_use]
pub fn cause(body: &[u8]) -> Option<u64> {
    const POSITION: &[u8] = b"\"position\":{\"seq\":";
    let at = memchr::memmem::rfind(body, POSITION)? + POSITION.len();
    let end = at + body[at..].iter().position(|byte| !byte.is_ascii_digit())?;
    if body[end..].starts_with(b",\"due\"") {
        return None;
    }
    std::str::from_utf8(&body[at..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_loadgen::parameters::Workload;

    #[test]
    fn the_cause_of_a_change_is_its_position_and_timers_have_none() {
        let change = |tail: &str| format!(r#"{{"id":"7d","position":{{"seq":1207,{tail}}}}}"#);
        assert_eq!(cause(change(r#""index":3"#).as_bytes()), Some(1207));
        assert_eq!(cause(change(r#""due":"2026-05-21T20:02:11Z""#).as_bytes()), None);
        assert_eq!(cause(b"{}"), None);
        assert_eq!(cause(br#"{"position":{"seq":"#), None);
    }

    #[test]
    fn packs_hold_documents_of_their_own_subject_as_lines() {
        let plan = Plan::new(Workload::Flat.parameters(80)).expect("eighty are in range");
        let single = Supply::new(&plan).take(400, 1);
        let packed = Supply::new(&plan).take(6, 20);
        assert_eq!(packed.len(), 6);
        for message in &packed {
            let same = single.iter().filter(|document| document.tail == message.tail);
            let same: Vec<&[u8]> = same.map(|document| document.body.as_ref()).collect();
            let lines: Vec<&[u8]> = message.body.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len(), 20);
            assert!(same.windows(20).any(|window| window == lines));
        }
    }

    #[test]
    fn a_supply_knows_which_documents_say_something() {
        let plan = Plan::new(Workload::Flat.parameters(50)).expect("fifty are in range");
        let documents = Supply::new(&plan).take(100, 1);
        assert_eq!(documents.len(), 100);
        assert!(documents.iter().any(|document| document.changes));
        assert!(documents.iter().any(|document| !document.changes));
    }

    #[test]
    fn a_rate_is_kept_by_the_clock_and_not_by_what_came_before() {
        assert_eq!(Pace::Rate(1000.0).due(2500), Some(Duration::from_millis(2500)));
        assert_eq!(Pace::Server.due(2500), None);
    }
}
