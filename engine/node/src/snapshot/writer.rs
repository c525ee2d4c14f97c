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
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
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
        let (orders, received) = mpsc::sync_channel(PAGES_MAX);
        let shared = Arc::new(Shared::default());
        let mut writer =
            Writer { folder, orders: received, shared: Arc::clone(&shared), telemetry };
        let thread =
            thread::Builder::new().name(String::from("snapshot")).spawn(move || writer.run())?;
        Ok(Self { orders: Some(orders), shared, policy, thread: Some(thread) })
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

/// The thread.
struct Writer {
    folder: Folder,
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    telemetry: Arc<Telemetry>,
}

impl Writer {
    fn run(&mut self) {
        // Ends: when every sender has gone.
        while let Ok(order) = self.orders.recv() {
            let Order::Begin(manifest) = order else { continue };
            let start = Instant::now();
            let position = manifest.position;
            self.shared.stall_us_max.store(0, Ordering::Relaxed);
            match self.write(*manifest) {
                Ok(Some((size, shipments))) => {
                    self.telemetry.counters.add(Counter::Snapshots, 1);
                    self.telemetry.gauges.set(Gauge::SnapshotSeq, position);
                    tracing::info!(
                        position,
                        bytes = size,
                        shipments,
                        seconds = start.elapsed().as_secs_f64(),
                        stall_us_max = self.shared.stall_us_max.load(Ordering::Relaxed),
                        "snapshot written"
                    );
                }
                Ok(None) => {}
                Err(error) => {
                    self.telemetry.counters.add(Counter::SnapshotsFailed, 1);
                    let folder = self.folder.path().display().to_string();
                    tracing::error!(position, folder, %error, "snapshot not written");
                }
            }
            self.shared.is_busy.store(false, Ordering::Release);
        }
    }

    /// Writes one; `None` where the engine ended before it was complete and committed.
    fn write(&self, mut manifest: Manifest) -> io::Result<Option<(u64, u64)>> {
        let begun =
            self.folder.create(manifest.position, manifest.epoch).and_then(|(file, path)| {
                Ok((FileWriter::begin(BufWriter::with_capacity(1 << 20, file))?, path))
            });
        let (mut file, path) = match begun {
            Ok((file, path)) => (Ok(file), path),
            Err(error) => (Err(error), PathBuf::new()),
        };
        // The shards, and the orders.
        let mut missing = manifest.shards + 1;
        // Ends: when every shard is done, or gone. After an error pages are still taken: the shards
        // must not wait for them.
        while 0 < missing {
            match self.orders.recv() {
                Ok(Order::Page { shard, kind, bytes }) => {
                    if let Ok(writer) = &mut file
                        && let Err(error) = writer.section(kind, shard, &bytes)
                    {
                        file = Err(error);
                    }
                }
                Ok(Order::Done { state_hash, shipments }) => {
                    missing -= 1;
                    manifest.state_hash = manifest.state_hash.wrapping_add(state_hash);
                    manifest.shipments += shipments;
                }
                Ok(Order::Begin(_)) => unreachable!("one snapshot is under way at a time"),
                Err(_) => return give_up(&path),
            }
        }
        let (position, shipments) = (manifest.position, manifest.shipments);
        let finished = file.and_then(|file| file.finish(manifest)).and_then(|(buffer, size)| {
            let file: File = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            Ok(size)
        });
        let size = match finished {
            Ok(size) => size,
            Err(error) => {
                drop(fs::remove_file(&path));
                return Err(error);
            }
        };
        if !self.wait_committed(position) {
            return give_up(&path);
        }
        self.folder.complete(&path)?;
        Ok(Some((size, shipments)))
    }

    fn wait_committed(&self, position: u64) -> bool {
        // Ends: when it is committed, or the engine has ended.
        while self.shared.committed.load(Ordering::Acquire) < position {
            match self.orders.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return position <= self.shared.committed.load(Ordering::Acquire);
                }
                Ok(_) => unreachable!("every shard was done"),
            }
        }
        true
    }
}

/// Removes what was not finished.
fn give_up(path: &Path) -> io::Result<Option<(u64, u64)>> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    fs::remove_file(path)?;
    Ok(None)
}
