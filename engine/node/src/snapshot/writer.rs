//! Writes snapshots on a thread of its own, so that nobody waits for a disk.
//!
//! # Place
//! The drain says when one begins, the shards send their pages, this thread writes them.
//! # Method
//! One snapshot at a time over one bounded channel. A shard whose page finds no room keeps it and
//! goes on with its turns. The file is finished when every shard is done, and gets its name when the
//! commit record has reached its position: outputs of a state that was never committed would be lost.
//! # Holds
//! - A disk that fails costs a snapshot, never a turn: it is counted and the next one is tried.

use super::file::FileWriter;
use super::folder::Folder;
use super::manifest::Manifest;
use crate::jetstream::ctl::Position;
use crate::telemetry::{Counter, Gauge, Telemetry};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Pages on their way to the disk at most.
const PAGES_MAX: usize = 16;

/// How often the writer looks whether its position is committed.
const LOOK: Duration = Duration::from_millis(10);

/// When a snapshot begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// At the latest after so long, where there is anything new.
    pub interval: Duration,
    /// At the latest after so many documents.
    pub documents: u64,
}

/// What the writer is told.
#[derive(Debug)]
enum Order {
    Begin(Box<Manifest>),
    Page { shard: u32, kind: u32, bytes: Vec<u8> },
    Done { state_hash: u64, shipments: u64 },
}

#[derive(Debug, Default)]
struct Shared {
    is_busy: AtomicBool,
    committed: AtomicU64,
    stall_us_max: AtomicU64,
}

/// The drain's end.
#[derive(Debug)]
pub struct SnapshotHandle {
    orders: Option<SyncSender<Order>>,
    shared: Arc<Shared>,
    policy: SnapshotPolicy,
    thread: Option<JoinHandle<()>>,
}

/// A shard's end.
#[derive(Clone, Debug)]
pub struct PageSender {
    orders: SyncSender<Order>,
    shared: Arc<Shared>,
    shard: u32,
    waiting: Option<WaitingPage>,
}

#[derive(Clone, Debug)]
enum WaitingPage {
    Page(u32, Vec<u8>),
    Done { state_hash: u64, shipments: u64 },
}

impl SnapshotHandle {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(
        folder: Folder,
        policy: SnapshotPolicy,
        telemetry: Arc<Telemetry>,
    ) -> io::Result<Self> {
        let (mut handle, mut writer) = Writer::new(folder, policy, telemetry);
        let thread =
            thread::Builder::new().name(String::from("snapshot")).spawn(move || writer.run())?;
        handle.thread = Some(thread);
        Ok(handle)
    }

    /// The end of one shard.
    #[must_use]
    pub fn pages(&self, shard: usize) -> Option<PageSender> {
        let orders = self.orders.clone()?;
        let shard = u32::try_from(shard).ok()?;
        Some(PageSender { orders, shared: Arc::clone(&self.shared), shard, waiting: None })
    }

    /// When one begins.
    #[must_use]
    pub fn policy(&self) -> SnapshotPolicy {
        self.policy
    }

    /// True while one is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.shared.is_busy.load(Ordering::Acquire)
    }

    /// Begins one; false where the last is still under way. The shards have to begin after the turn
    /// that ends at the manifest's position.
    pub fn begin(&mut self, manifest: Manifest) -> bool {
        if self.is_busy() {
            return false;
        }
        self.shared.is_busy.store(true, Ordering::Release);
        let sent =
            self.orders.as_ref().map(|orders| orders.try_send(Order::Begin(Box::new(manifest))));
        let is_begun = matches!(sent, Some(Ok(())));
        if !is_begun {
            self.shared.is_busy.store(false, Ordering::Release);
        }
        is_begun
    }

    /// The commit record has moved.
    pub fn committed(&self, position: Position) {
        let whole = if position.index == 0 { position.seq } else { position.seq.saturating_sub(1) };
        self.shared.committed.store(whole, Ordering::Release);
    }
}

impl Drop for SnapshotHandle {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

impl PageSender {
    /// Room for another page: what waited is gone.
    pub fn is_free(&mut self) -> bool {
        let Some(waiting) = self.waiting.take() else { return true };
        let order = match waiting {
            WaitingPage::Page(kind, bytes) => Order::Page { shard: self.shard, kind, bytes },
            WaitingPage::Done { state_hash, shipments } => Order::Done { state_hash, shipments },
        };
        match self.orders.try_send(order) {
            Err(TrySendError::Full(Order::Page { kind, bytes, .. })) => {
                self.waiting = Some(WaitingPage::Page(kind, bytes));
                false
            }
            Err(TrySendError::Full(Order::Done { state_hash, shipments })) => {
                self.waiting = Some(WaitingPage::Done { state_hash, shipments });
                false
            }
            // The writer has gone, and with it whoever wanted pages.
            Ok(()) | Err(TrySendError::Full(Order::Begin(_)) | TrySendError::Disconnected(_)) => {
                true
            }
        }
    }

    /// Hands a page on. There must be room.
    pub fn page(&mut self, kind: u32, bytes: Vec<u8>) {
        assert!(self.waiting.is_none());
        self.waiting = Some(WaitingPage::Page(kind, bytes));
        self.is_free();
    }

    /// This shard has no more pages. There must be room.
    pub fn done(&mut self, state_hash: u64, shipments: usize) {
        assert!(self.waiting.is_none());
        self.waiting = Some(WaitingPage::Done { state_hash, shipments: shipments as u64 });
        self.is_free();
    }

    /// The shard stood still for so long.
    pub fn stalled(&self, stall: Duration) {
        let micros = u64::try_from(stall.as_micros()).unwrap_or(u64::MAX);
        self.shared.stall_us_max.fetch_max(micros, Ordering::Relaxed);
    }
}

/// Where snapshots are kept.
pub trait Disk: Send {
    /// A file that is being written.
    type File: io::Write + Send;

    /// Begins a file.
    ///
    /// # Errors
    /// The disk's.
    fn create(&mut self, position: u64, epoch: u32) -> io::Result<Self::File>;

    /// Makes sure that all of a file is on the disk.
    ///
    /// # Errors
    /// The disk's.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;

    /// Gives a synced file its name, for ever.
    ///
    /// # Errors
    /// The disk's.
    fn complete(&mut self, file: Self::File) -> io::Result<()>;

    /// Removes what was not finished.
    fn discard(&mut self, file: Self::File);

    /// What it is called, for people.
    fn name(&self) -> String;
}

/// A snapshot that is being written.
#[derive(Debug)]
struct Underway<F> {
    manifest: Manifest,
    /// After an error pages are still taken: the shards must not wait for them.
    file: io::Result<FileWriter<F>>,
    /// Shards that are not done; the book of orders counts as one.
    missing: u32,
    start: Instant,
}

/// One that is complete and synced, and waits for its position to be committed.
#[derive(Debug)]
struct Complete<F> {
    file: F,
    position: u64,
    shipments: u64,
    size: u64,
    start: Instant,
}

/// Takes pages and writes them.
#[derive(Debug)]
pub struct Writer<D: Disk> {
    disk: D,
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    telemetry: Arc<Telemetry>,
    underway: Option<Underway<D::File>>,
    complete: Option<Complete<D::File>>,
}

impl<D: Disk> Writer<D> {
    /// A writer, and the end that the drain holds. Whoever owns the writer gives it turns.
    #[must_use]
    pub fn new(
        disk: D,
        policy: SnapshotPolicy,
        telemetry: Arc<Telemetry>,
    ) -> (SnapshotHandle, Self) {
        let (orders, received) = mpsc::sync_channel(PAGES_MAX);
        let shared = Arc::new(Shared::default());
        let handle = SnapshotHandle {
            orders: Some(orders),
            shared: Arc::clone(&shared),
            policy,
            thread: None,
        };
        let writer =
            Self { disk, orders: received, shared, telemetry, underway: None, complete: None };
        (handle, writer)
    }

    /// Runs on this thread until every sender has gone.
    fn run(&mut self) {
        // Ends: when every sender has gone.
        loop {
            match self.orders.recv_timeout(LOOK) {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.settle();
        }
        self.settle();
        self.give_up();
    }

    /// Takes what is here, and never waits.
    pub fn turn(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
        self.settle();
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Begin(manifest) => {
                assert!(self.underway.is_none(), "one snapshot is under way at a time");
                self.shared.stall_us_max.store(0, Ordering::Relaxed);
                let file = self.disk.create(manifest.position, manifest.epoch);
                self.underway = Some(Underway {
                    missing: manifest.shards + 1,
                    file: file.and_then(FileWriter::begin),
                    manifest: *manifest,
                    start: Instant::now(),
                });
            }
            Order::Page { shard, kind, bytes } => {
                if let Some(underway) = &mut self.underway
                    && let Ok(file) = &mut underway.file
                    && let Err(error) = file.section(kind, shard, &bytes)
                {
                    underway.file = Err(error);
                }
            }
            Order::Done { state_hash, shipments } => {
                let Some(underway) = &mut self.underway else { return };
                underway.missing -= 1;
                let manifest = &mut underway.manifest;
                manifest.state_hash = manifest.state_hash.wrapping_add(state_hash);
                manifest.shipments += shipments;
                if underway.missing == 0 {
                    self.finish();
                }
            }
        }
    }

    /// Every shard is done: the file is closed with its manifest and synced.
    fn finish(&mut self) {
        let Some(Underway { manifest, file, start, .. }) = self.underway.take() else { return };
        let (position, shipments) = (manifest.position, manifest.shipments);
        let finished = file.and_then(|file| file.finish(manifest)).and_then(|(mut file, size)| {
            self.disk.sync(&mut file)?;
            Ok((file, size))
        });
        match finished {
            Ok((file, size)) => {
                self.complete = Some(Complete { file, position, shipments, size, start });
            }
            Err(error) => self.failed(position, &error),
        }
    }

    /// Gives a complete file its name, once its position is committed.
    fn settle(&mut self) {
        let committed = self.shared.committed.load(Ordering::Acquire);
        let Some(complete) = self.complete.take_if(|it| it.position <= committed) else { return };
        let Complete { file, position, shipments, size, start } = complete;
        if let Err(error) = self.disk.complete(file) {
            return self.failed(position, &error);
        }
        self.telemetry.counters.add(Counter::Snapshots, 1);
        self.telemetry.gauges.set(Gauge::SnapshotSeq, position);
        let stall_us_max = self.shared.stall_us_max.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!(
            position,
            bytes = size,
            shipments,
            seconds,
            stall_us_max,
            "snapshot written"
        );
        self.shared.is_busy.store(false, Ordering::Release);
    }

    fn failed(&self, position: u64, error: &io::Error) {
        self.telemetry.counters.add(Counter::SnapshotsFailed, 1);
        tracing::error!(position, folder = self.disk.name(), %error, "snapshot not written");
        self.shared.is_busy.store(false, Ordering::Release);
    }

    /// The engine ended before it was complete or committed.
    fn give_up(&mut self) {
        let underway = self.underway.take().and_then(|it| it.file.ok()).map(FileWriter::abandon);
        for file in underway.into_iter().chain(self.complete.take().map(|it| it.file)) {
            self.disk.discard(file);
        }
    }
}
