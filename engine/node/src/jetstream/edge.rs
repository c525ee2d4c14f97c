//! The edge as the engine sees it: two bounded queues that never block.
//!
//! # Place
//! Between the engine's threads and everything that is async.
//! # Method
//! [`Edge::open`] connects, checks and claims, one step after the other, on the caller's thread.
//! [`Edge::start`] then splits it: the [`EdgeHandle`] stays with the engine, the [`EdgeDriver`]
//! runs reader and committer on a thread that the caller gives it, under a single-threaded
//! runtime. A full ring stops the pulls; a full commit queue hands the request back.
//! # Holds
//! The wiring, the order of a start, the end.
//! # Does not hold
//! Threads: `threads.rs` makes them.

use crate::bell::Bell;
use crate::error::{EdgeError, Sort};
use crate::jetstream::backoff::Backoff;
use crate::jetstream::call::Caller;
use crate::jetstream::committer::{Claim, Committed, Committer, CommitterOptions};
use crate::jetstream::connection::{Connection, ConnectionOptions};
use crate::jetstream::follow::{self, Followed};
use crate::jetstream::intake::{self, NatsSource, Start};
use crate::jetstream::lease::{Lease, LeaseOptions};
use crate::jetstream::output::CommitRequest;
use crate::jetstream::reader::{Batch, Delivered, Reader, ReaderOptions};
use crate::jetstream::sender::{self, Sender};
use crate::jetstream::setup::{self, Deviation, StreamOptions};
use crate::telemetry::{Gauge, Telemetry};
use async_nats::{Client, Subject};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::time::Instant;

/// How long a commit may take once nobody waits for it any more.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Everything the edge is made with.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Where and as whom.
    pub connection: ConnectionOptions,
    /// The input stream, then the output stream.
    pub streams: Vec<StreamOptions>,
    /// Make streams that are not there.
    pub create_streams: bool,
    /// How to read.
    pub reader: ReaderOptions,
    /// How to commit.
    pub committer: CommitterOptions,
    /// Batches that wait for the engine at most.
    pub ring_batches: usize,
    /// Commits that wait for their turn at most.
    pub commit_queue: usize,
    /// Who should own the group; `None` where nobody stands by.
    pub lease: Option<LeaseOptions>,
}

/// How an edge opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Claims the group at once.
    Owner,
    /// Follows the owner and claims when the lease falls free.
    Standby,
}

/// Connected, checked, and the owner of its group.
#[derive(Debug)]
pub struct Edge {
    runtime: Runtime,
    options: EdgeOptions,
    /// Asks about the input before it is read.
    caller: Caller,
    committer: Committer,
    claim: Claim,
    stance: Stance,
    deviations: Vec<Deviation>,
    telemetry: Arc<Telemetry>,
}

impl Edge {
    /// Connects, checks server and streams, and claims the group.
    ///
    /// # Errors
    /// Whatever keeps it from that; all of it is for a person.
    #[expect(clippy::panic_in_result_fn, reason = "a bug of ours, no failure of the outside")]
    pub fn open(
        options: EdgeOptions,
        stance: Stance,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self, EdgeError> {
        assert!(options.ring_batches > 0 && options.commit_queue > 0);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
        let counters = Arc::clone(&telemetry.counters);
        let (caller, committer, claim, deviations) = runtime.block_on(async {
            let connection = Connection::open(&options.connection).await?;
            let mut caller = Caller::open(&connection, options.reader.request_timeout).await?;
            if options.create_streams {
                setup::init(&mut caller, &options.streams, false).await?;
            }
            let deviations = setup::require(&mut caller, &options.streams).await?;
            let mut committer =
                Committer::open(&connection, options.committer.clone(), counters).await?;
            let claim = match stance {
                Stance::Owner => {
                    let mut claim = committer.claim().await?;
                    let stream = &options.reader.stream;
                    forget_left_out(&mut caller, stream, &mut claim, &mut committer).await;
                    claim
                }
                Stance::Standby => {
                    let found = committer.peek().await?.map(|(_, record)| record);
                    Claim { found, epoch: 0, fence: 0 }
                }
            };
            Ok::<_, EdgeError>((caller, committer, claim, deviations))
        })?;
        telemetry.gauges.set(Gauge::Epoch, u64::from(claim.epoch));
        Ok(Self { runtime, options, caller, committer, claim, stance, deviations, telemetry })
    }

    /// What was found when the group was claimed; for a standby, the record as it stands, epoch 0.
    #[must_use]
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// The group that it owns, or stands by for.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.options.committer.group
    }

    /// What could be better about the streams.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Why the input is not the one that a snapshot remembers, if so. An outage is waited for.
    ///
    /// # Errors
    /// What a person must act on, except what is told.
    pub fn differs(&mut self, start: &Start) -> Result<Option<String>, EdgeError> {
        let (caller, stream) = (&mut self.caller, self.options.reader.stream.as_str());
        let mut backoff =
            Backoff::new(Duration::from_millis(10), self.options.reader.retry_delay_max, 0);
        self.runtime.block_on(async {
            let mut source = NatsSource { caller, stream };
            // Ends: with an answer or an error of sort `Stop`.
            loop {
                match intake::check(&mut source, stream, start).await {
                    Ok(_) => return Ok(None),
                    Err(error @ EdgeError::InputRolledBack { .. }) => {
                        return Ok(Some(error.to_string()));
                    }
                    Err(error) if error.sort() == Sort::Retry => {
                        tracing::debug!(%error, "input check not answered");
                        tokio::time::sleep(backoff.step()).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        })
    }

    /// Checks the input against what is remembered of it and begins at `start`, usually the
    /// position of a snapshot.
    ///
    /// # Errors
    /// [`EdgeError::InputExpired`], [`EdgeError::InputRolledBack`] and what keeps a second
    /// connection from being made.
    pub fn start(mut self, start: Start) -> Result<(EdgeHandle, EdgeDriver), EdgeError> {
        let counters = Arc::clone(&self.telemetry.counters);
        let (reader_options, connection_options) = (&self.options.reader, &self.options.connection);
        let lease_options = self.options.lease.clone();
        let (reader, created, connection, lease) = self.runtime.block_on(async {
            let connection = Connection::open(connection_options).await?;
            let mut reader =
                Reader::open(&connection, reader_options.clone(), start, counters).await?;
            let created = reader.check().await?;
            let lease = match lease_options {
                Some(options) => {
                    let caller = Caller::open(&connection, reader_options.request_timeout).await?;
                    Some(Lease::open(caller, options).await?)
                }
                None => None,
            };
            Ok::<_, EdgeError>((reader, created, connection, lease))
        })?;
        self.committer.set_stream_created(&created);
        let bell = Arc::default();
        let (batch_send, batches) = sender::channel(self.options.ring_batches, &bell);
        let (commits, commit_receive) = mpsc::channel(self.options.commit_queue);
        // Room for all that can be under way, so that the committer never waits for the engine.
        let (outcome_send, outcomes) = sender::channel(self.options.commit_queue + 2, &bell);
        let (followed_send, followed) = sender::channel(4, &bell);
        let (controls_send, controls_read) = mpsc::channel(CONTROLS_MAX);
        let handle = EdgeHandle {
            batches,
            commits,
            outcomes,
            followed,
            controls: controls_send,
            bell,
            stopped: None,
            created,
            telemetry: Arc::clone(&self.telemetry),
        };
        let driver = EdgeDriver {
            runtime: self.runtime,
            reader,
            committer: self.committer,
            connection,
            batch_send,
            commit_receive,
            outcome_send,
            followed_send,
            stance: self.stance,
            lease,
            lease_ttl: self.options.lease.map_or(Duration::ZERO, |lease| lease.ttl),
            controls: controls_read,
            telemetry: self.telemetry,
        };
        Ok((handle, driver))
    }
}

/// Messages that were left out and that retention has taken since need not be remembered. Where the stream
/// can't be asked, they are.
async fn forget_left_out(
    caller: &mut Caller,
    stream: &str,
    claim: &mut Claim,
    committer: &mut Committer,
) {
    let Some(found) = claim.found.as_mut().filter(|found| !found.quarantined.is_empty()) else {
        return;
    };
    let mut source = NatsSource { caller, stream };
    if let Ok(state) = intake::Source::state(&mut source).await {
        found.quarantined.forget_before(state.first_seq);
        committer.forget_before(state.first_seq);
    }
}

/// The edge as a drain sees it: queues that never block.
pub trait Link {
    /// The next batch, if one is here.
    ///
    /// # Errors
    /// Why there will be no more: a person must act.
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError>;

    /// Queues a commit. Commits are done in the order in which they are queued.
    ///
    /// # Errors
    /// The request itself, when the queue is full or the committer has ended; the outcome that
    /// [`Link::poll_committed`] gives says which.
    fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>>;

    /// The next outcome, if one is here. After an error there are none.
    ///
    /// # Errors
    /// Why nothing is committed any more: another owner, or a person must act.
    fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError>;

    /// What a standby is told next, if anything. An owner is told nothing.
    fn poll_followed(&mut self) -> Option<Followed>;

    /// Puts a message of our own into the input stream; false where too many are under way.
    fn publish(&self, subject: &str, payload: Vec<u8>) -> bool;
}

impl Link for EdgeHandle {
    fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        self.poll_batch()
    }

    fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        self.submit_commit(request)
    }

    fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError> {
        self.poll_committed()
    }

    fn poll_followed(&mut self) -> Option<Followed> {
        self.poll_followed()
    }

    fn publish(&self, subject: &str, payload: Vec<u8>) -> bool {
        self.publish(subject, payload)
    }
}

/// The engine's end. Dropping it ends the driver after the commits that are queued.
#[derive(Debug)]
pub struct EdgeHandle {
    batches: mpsc::Receiver<Delivered>,
    commits: mpsc::Sender<CommitRequest>,
    outcomes: mpsc::Receiver<Result<Committed, EdgeError>>,
    followed: mpsc::Receiver<Followed>,
    controls: mpsc::Sender<Control>,
    bell: Arc<Bell>,
    stopped: Option<EdgeError>,
    created: String,
    telemetry: Arc<Telemetry>,
}

impl EdgeHandle {
    /// When the input stream was created, in the server's words.
    #[must_use]
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Rung when there may be a batch, an outcome, or something that a standby is told.
    #[must_use]
    pub fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// The next batch, if one is here.
    ///
    /// # Errors
    /// Why there will be no more: a person must act.
    pub fn poll_batch(&mut self) -> Result<Option<Batch>, EdgeError> {
        if let Some(error) = &self.stopped {
            return Err(error.clone());
        }
        match self.batches.try_recv() {
            Ok(Ok(batch)) => {
                self.observe(&batch);
                Ok(Some(batch))
            }
            Ok(Err(error)) => {
                self.stopped = Some(error.clone());
                Err(error)
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(self.ended()),
        }
    }

    /// Queues a commit. Commits are done in the order in which they are queued.
    ///
    /// # Errors
    /// The request itself, when the queue is full or the committer has ended; the outcome that
    /// [`EdgeHandle::poll_committed`] gives says which.
    pub fn submit_commit(&mut self, request: CommitRequest) -> Result<(), Box<CommitRequest>> {
        match self.commits.try_send(request) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(request) | TrySendError::Closed(request)) => {
                Err(Box::new(request))
            }
        }
    }

    /// The next outcome, if one is here. After an error there are none.
    ///
    /// # Errors
    /// Why nothing is committed any more: another owner, or a person must act.
    pub fn poll_committed(&mut self) -> Result<Option<Committed>, EdgeError> {
        match self.outcomes.try_recv() {
            Ok(outcome) => outcome.map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(self.ended()),
        }
    }

    /// What a standby is told next, if anything. An owner is told nothing.
    pub fn poll_followed(&mut self) -> Option<Followed> {
        self.followed.try_recv().ok()
    }

    /// Puts a message of our own into the input stream: a tick, or a switch of rules. Nobody waits for
    /// it; where it is lost, the next one comes. False where too many are under way.
    pub fn publish(&self, subject: &str, payload: Vec<u8>) -> bool {
        let control = Control { subject: Subject::from(subject), payload: payload.into() };
        self.controls.try_send(control).is_ok()
    }

    /// How far behind the stream we are, once per batch.
    fn observe(&self, batch: &Batch) {
        let gauges = &self.telemetry.gauges;
        let Some(last) = batch.messages.last() else { return };
        let now_us = jiff::Timestamp::now().as_microsecond();
        let age_ms = now_us.saturating_sub(last.stream_time_us) / 1000;
        gauges.set(Gauge::ReadSeq, last.seq);
        gauges.set(Gauge::LagMessages, batch.pending);
        gauges.set(Gauge::LagMilliseconds, u64::try_from(age_ms).unwrap_or(0));
    }

    fn ended(&self) -> EdgeError {
        self.stopped
            .clone()
            .unwrap_or_else(|| EdgeError::Runtime { detail: "the edge has ended".to_owned() })
    }
}

/// Runs reader and committer.
#[derive(Debug)]
pub struct EdgeDriver {
    runtime: Runtime,
    reader: Reader,
    committer: Committer,
    connection: Connection,
    batch_send: Sender<Delivered>,
    commit_receive: mpsc::Receiver<CommitRequest>,
    outcome_send: Sender<Result<Committed, EdgeError>>,
    followed_send: Sender<Followed>,
    stance: Stance,
    lease: Option<Lease>,
    lease_ttl: Duration,
    controls: mpsc::Receiver<Control>,
    telemetry: Arc<Telemetry>,
}

/// Messages of our own for the input that may be under way.
const CONTROLS_MAX: usize = 4;

/// A message of our own for the input.
#[derive(Debug)]
struct Control {
    subject: Subject,
    payload: Bytes,
}

impl EdgeDriver {
    /// Runs on this thread until the handle is dropped and what was queued is committed, or until
    /// the committer must stop.
    pub fn run(self) {
        let Self { runtime, reader, mut committer, connection, .. } = self;
        let Self { batch_send, mut commit_receive, outcome_send, controls, telemetry, .. } = self;
        let Self { followed_send, stance, mut lease, lease_ttl, .. } = self;
        runtime.block_on(async move {
            let publishing = tokio::spawn(publish(connection.client().clone(), controls));
            let reading = tokio::spawn(reader.run(batch_send));
            let watching = tokio::spawn(watch(connection, Arc::clone(&telemetry)));
            if let (Stance::Standby, Some(lease)) = (stance, &mut lease) {
                match follow::follow(&mut committer, lease, lease_ttl, &followed_send).await {
                    Ok(Some(claim)) => {
                        telemetry.gauges.set(Gauge::Epoch, u64::from(claim.epoch));
                    }
                    Ok(None) => {}
                    Err(error) => drop(outcome_send.send(Err(error)).await),
                }
            }
            drop(followed_send);
            let committing =
                commits(&mut committer, &mut commit_receive, &outcome_send, &telemetry);
            match &mut lease {
                None => committing.await,
                Some(lease) => tokio::select! {
                    () = committing => {}
                    () = follow::renew(lease, lease_ttl) => {}
                },
            }
            reading.abort();
            watching.abort();
            publishing.abort();
            if let Some(lease) = &mut lease
                && let Err(error) = lease.release().await
            {
                tracing::debug!(%error, "lease not released; it runs out by itself");
            }
        });
    }
}

/// Commits what is queued until the handle is dropped, or an error ends it.
async fn commits(
    committer: &mut Committer,
    requests: &mut mpsc::Receiver<CommitRequest>,
    outcomes: &Sender<Result<Committed, EdgeError>>,
    telemetry: &Telemetry,
) {
    // Ends: when the handle is dropped, or with the first error.
    loop {
        let request = tokio::select! {
            biased;
            request = requests.recv() => request,
            error = committer.lost() => return drop(outcomes.send(Err(error)).await),
        };
        let Some(request) = request else { return };
        let begun = Instant::now();
        let outcome = tokio::select! {
            outcome = committer.commit(&request) => outcome,
            () = abandoned(outcomes) => return,
        };
        if let Ok(committed) = &outcome {
            let seq = committed.position.seq;
            let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
            tracing::debug!(seq, outputs = request.outputs.len(), milliseconds, "committed");
            telemetry.gauges.set(Gauge::PositionSeq, seq);
        }
        let last = outcome.is_err();
        // A handle that is gone does not need the outcome; the record has it.
        drop(outcomes.send(outcome).await);
        if last {
            return;
        }
    }
}

/// Resolves when the handle is gone and what was queued has had its time.
async fn abandoned(outcomes: &Sender<Result<Committed, EdgeError>>) {
    outcomes.closed().await;
    tokio::time::sleep(DRAIN_MAX).await;
}

/// Publishes until the handle is gone.
async fn publish(client: Client, mut controls: mpsc::Receiver<Control>) {
    while let Some(Control { subject, payload }) = controls.recv().await {
        if let Err(error) = client.publish(subject, payload).await {
            tracing::warn!(%error, "a tick or a switch of rules was not published");
        }
    }
}

async fn watch(connection: Connection, telemetry: Arc<Telemetry>) {
    let mut link = connection.watch();
    // Ends: with the client.
    loop {
        let connected = link.borrow_and_update().connected;
        telemetry.gauges.set(Gauge::Connected, u64::from(connected));
        if link.changed().await.is_err() {
            return;
        }
    }
}
