//! How far publisher and engines have come: what the faults of a chaos run wait for.
//!
//! # Place
//! Shared by the publisher, a watcher of the commit record, and whoever lets faults strike.
//! # Method
//! The publisher notes what the server has stored; the watcher reads the newest commit record again and again,
//! also while the server is away. Everything else is a comparison, so that a slow machine takes longer
//! and sees the same faults at about the same places.
//! # Holds
//! Sequences of the input stream.
//! # Does not hold
//! What waits and how long: see `chaos`.

use async_nats::jetstream;
use crossdock_node::jetstream::ctl::CtlRecord;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often a condition is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// Messages that the publisher may be ahead of the engines: a few commits.
const AHEAD_MAX: u64 = 400;

/// How far publisher and engines have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    documents: AtomicU64,
    allowed: AtomicU64,
    stored: AtomicU64,
    committed: AtomicU64,
    is_published: AtomicBool,
    is_over: AtomicBool,
}

impl Progress {
    /// Documents that were published.
    #[must_use]
    pub(super) fn documents(&self) -> u64 {
        self.documents.load(Ordering::SeqCst)
    }

    /// The position of the newest commit record.
    #[must_use]
    pub(super) fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// Messages that are stored and not committed yet.
    #[must_use]
    pub(super) fn behind(&self) -> u64 {
        self.stored.load(Ordering::SeqCst).saturating_sub(self.committed())
    }

    /// True where there are no more documents.
    #[must_use]
    pub(super) fn is_published(&self) -> bool {
        self.is_published.load(Ordering::SeqCst)
    }

    /// True where faults have ceased.
    #[must_use]
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// True where the publisher has to wait: engines are too far behind, or it was not told to go on.
    #[must_use]
    pub(super) fn is_ahead(&self) -> bool {
        let allowed = self.allowed.load(Ordering::SeqCst);
        !self.is_over() && (allowed <= self.documents() || AHEAD_MAX < self.behind())
    }

    /// The publisher may send so many more documents.
    pub(super) fn allow(&self, documents: u64) {
        self.allowed.fetch_add(documents, Ordering::SeqCst);
    }

    /// Another document is stored.
    pub(super) fn store(&self, seq: u64) {
        self.documents.fetch_add(1, Ordering::SeqCst);
        self.stored.fetch_max(seq, Ordering::SeqCst);
    }

    /// There are no more documents.
    pub(super) fn end_publishing(&self) {
        self.is_published.store(true, Ordering::SeqCst);
    }

    /// Faults have ceased: nobody waits for engines any more.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

/// A client that outlives its server.
///
/// # Panics
/// Never while the server is only restarted.
pub(super) async fn client(url: &str) -> async_nats::Client {
    async_nats::ConnectOptions::new()
        .reconnect_delay_callback(|_| Duration::from_millis(50))
        .retry_on_initial_connect()
        .connect(url)
        .await
        .expect("a client that waits for its server")
}

/// Reads the commit record again and again until faults have ceased.
///
/// # Panics
/// Where a commit record is none.
pub(super) fn watch(url: &str, progress: &Progress) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let context = jetstream::new(client(url).await);
        // Ends: faults cease.
        while !progress.is_over() {
            let newest = async {
                let stream = context.get_stream_no_info("OUT").await.ok()?;
                stream.get_last_raw_message_by_subject("ctl.default").await.ok()
            };
            let newest = tokio::time::timeout(Duration::from_secs(1), newest).await;
            if let Ok(Some(newest)) = newest {
                let record = CtlRecord::read(&newest.payload).expect("a commit record");
                progress.committed.fetch_max(record.position.seq, Ordering::SeqCst);
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}
