//! Copies snapshots off the machine, beside the running engine.
//!
//! # Place
//! A thread with a connection of its own. The folder tells it of each file that counts; nobody waits for it.
//! # Method
//! One copy at a time, at most one within an interval; only the newest file matters, so whatever was written meanwhile is
//! passed over. What fails is counted, logged, and tried again with whatever is newest then.
//! # Holds
//! - A bucket that is full, missing or far away costs copies, never turns or commits.
//! - After an orderly end the newest is copied yet, if that takes no longer than the end is given.
//! # Does not hold
//! How a file is copied (`bucket`).

use super::bucket::{Bucket, Copied, Store};
use crate::jetstream::backoff::Backoff;
use crate::telemetry::{Counter, Gauge, Telemetry};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// The first pause after a failure.
const RETRY_DELAY_MIN: Duration = Duration::from_secs(1);

/// The longest pause after a failure.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(60);

/// The newest file that counts, as it is told to a copier.
pub type Offer = watch::Sender<Option<PathBuf>>;

/// The end that `run` holds. Dropping it breaks off what is under way.
#[derive(Debug)]
pub struct Copier {
    stop: Option<oneshot::Sender<()>>,
    /// Ends with the thread.
    alive: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    /// Starts the thread. What it is to copy is told by the other end of `offers`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(
        bucket: Bucket,
        offers: watch::Receiver<Option<PathBuf>>,
        telemetry: Arc<Telemetry>,
    ) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (life, alive) = mpsc::channel();
        let Bucket { runtime, store, .. } = bucket;
        let mut turns = Turns { store, offers, telemetry, newest: None, copied_at: None };
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = turns.run() => {}
                    _ = stopped => {}
                }
            });
            drop(life);
        };
        let thread = thread::Builder::new().name(String::from("copier")).spawn(run)?;
        Ok(Self { stop: Some(stop), alive, thread: Some(thread) })
    }

    /// After an orderly end, when nobody offers any more: waits until the newest is copied, at most so long.
    pub fn finish(self, wait: Duration) {
        if let Err(RecvTimeoutError::Timeout) = self.alive.recv_timeout(wait) {
            tracing::warn!(
                seconds = wait.as_secs_f64(),
                "the newest snapshot is not in the bucket: copying it takes too long"
            );
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

/// The thread's end.
#[derive(Debug)]
struct Turns {
    store: Store,
    offers: watch::Receiver<Option<PathBuf>>,
    telemetry: Arc<Telemetry>,
    /// What was copied last, or need not be.
    newest: Option<PathBuf>,
    copied_at: Option<Instant>,
}

impl Turns {
    /// Copies what is offered, until nobody offers any more and the newest is copied or can't be.
    async fn run(&mut self) {
        let mut backoff = Backoff::new(RETRY_DELAY_MIN, RETRY_DELAY_MAX, 0);
        let mut is_open = true;
        // Ends: nobody offers any more.
        loop {
            let offered = self.offers.borrow_and_update().clone();
            if offered == self.newest || offered.is_none() {
                match self.offers.changed().await {
                    Ok(()) => continue,
                    Err(_) => return,
                }
            }
            let due = self.copied_at.map(|at| at + self.store.options.interval);
            if let Some(due) = due.filter(|due| is_open && Instant::now() < *due) {
                is_open = self.is_open_at(due).await;
                continue;
            }
            if self.copy(offered).await {
                backoff.reset();
            } else if !is_open {
                return;
            } else {
                is_open = self.is_open_at(Instant::now() + backoff.step()).await;
            }
        }
    }

    /// Waits, and no longer than there are offers.
    async fn is_open_at(&mut self, due: Instant) -> bool {
        // Ends: at that time, or with the offers.
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due) => return true,
                changed = self.offers.changed() => if changed.is_err() { return false },
            }
        }
    }

    /// One attempt; true where it is in the bucket, or has no place there.
    async fn copy(&mut self, offered: Option<PathBuf>) -> bool {
        let Some(path) = &offered else { return true };
        let start = Instant::now();
        let Telemetry { counters, gauges, .. } = &*self.telemetry;
        match self.store.copy(path).await {
            Ok(Copied::Put { position, size }) => {
                counters.add(Counter::SnapshotsCopied, 1);
                gauges.set(Gauge::SnapshotCopiedSeq, position);
                let seconds = start.elapsed().as_secs_f64();
                tracing::info!(position, bytes = size, seconds, "snapshot copied to the bucket");
                self.copied_at = Some(Instant::now());
            }
            Ok(Copied::Known { position }) => gauges.set(Gauge::SnapshotCopiedSeq, position),
            Ok(Copied::Needless) => {}
            Err(error) => {
                counters.add(Counter::SnapshotCopiesFailed, 1);
                let bucket = &self.store.options.name;
                let file = path.display();
                tracing::warn!(%file, bucket, %error, "snapshot not copied; it is tried again");
                return false;
            }
        }
        self.newest = offered;
        true
    }
}
