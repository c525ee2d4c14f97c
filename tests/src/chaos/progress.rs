//! How far publisher and engines have come: what the faults of a chaos run wait for.
//!
//! # Place
//! Shared by the publisher, a watcher of the commit record, and whoever lets faults strike.
//! # Method
//! One value that is watched: whoever waits is woken by each change of it and looks at its own condition, so
//! that a slow machine takes longer and sees the same faults at about the same places. The publisher notes what
//! the server has stored. The watcher is woken by the subject of the commit record as the server passes it on,
//! and believes only what it then reads from the stream; it looks now and then unasked, for a hint may be
//! lost with a server or come before its batch is stored.
//! # Holds
//! Sequences of the input stream.
//! # Does not hold
//! What waits and how long: see `chaos`.

use async_nats::{Event, jetstream};
use crossdock_node::jetstream::ctl::CtlRecord;
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// Messages that the publisher may be ahead of the engines: a few commits.
const AHEAD_MAX: u64 = 400;

/// The watcher looks after so long without a hint.
const HINT_WAIT: Duration = Duration::from_millis(100);

/// An answer of the server that takes longer is none.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// How far publisher and engines are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// Documents that were published.
    pub(super) documents: u64,
    /// Documents that the publisher was told to send.
    allowed: u64,
    stored: u64,
    /// The position of the newest commit record.
    pub(super) committed: u64,
    /// There are no more documents.
    pub(super) is_published: bool,
    /// Faults have ceased.
    pub(super) is_over: bool,
}

impl State {
    /// Messages that are stored and not committed yet.
    const fn behind(&self) -> u64 {
        self.stored.saturating_sub(self.committed)
    }

    /// True where all documents there are are committed.
    pub(super) const fn is_done(&self) -> bool {
        self.is_published && self.behind() == 0
    }

    /// True where the publisher has to wait: engines are too far behind, or it was not told to go on.
    pub(super) const fn is_ahead(&self) -> bool {
        !self.is_over && (self.allowed <= self.documents || AHEAD_MAX < self.behind())
    }
}

/// How far they have come, for those who wait.
#[derive(Debug, Default)]
pub(super) struct Progress {
    state: watch::Sender<State>,
}

impl Progress {
    /// How far they are now.
    #[must_use]
    pub(super) fn now(&self) -> State {
        *self.state.borrow()
    }

    /// Waits until it is so.
    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let mut changes = self.state.subscribe();
        // The sender is ours, so it can't be gone.
        drop(changes.wait_for(|state| is_so(state)).await);
    }

    /// The publisher may send so many more documents.
    pub(super) fn allow(&self, documents: u64) {
        self.state.send_modify(|state| state.allowed += documents);
    }

    /// Another document is stored.
    pub(super) fn store(&self, seq: u64) {
        self.state.send_modify(|state| {
            state.documents += 1;
            state.stored = state.stored.max(seq);
        });
    }

    /// There are no more documents.
    pub(super) fn end_publishing(&self) {
        self.state.send_modify(|state| state.is_published = true);
    }

    /// Faults have ceased: nobody waits for engines any more.
    pub(super) fn end(&self) {
        self.state.send_modify(|state| state.is_over = true);
    }

    fn commit(&self, seq: u64) {
        self.state.send_if_modified(|state| {
            let is_news = state.committed < seq;
            state.committed = state.committed.max(seq);
            is_news
        });
    }
}

/// What a thread waits with.
///
/// # Panics
/// Where the machine has none.
pub(super) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// A client that outlives its servers (with commas between), and what tells that it is connected (again).
///
/// # Panics
/// Never while the server is only restarted.
pub(super) async fn client(url: &str) -> (async_nats::Client, Arc<Notify>) {
    let connected = Arc::new(Notify::new());
    let tell = Arc::clone(&connected);
    let client = async_nats::ConnectOptions::new()
        .reconnect_delay_callback(|_| Duration::from_millis(50))
        .event_callback(move |event| {
            if event == Event::Connected {
                tell.notify_one();
            }
            std::future::ready(())
        })
        .retry_on_initial_connect()
        .connect(&url.split(',').collect::<Vec<_>>()[..])
        .await
        .expect("a client that waits for its server");
    (client, connected)
}

/// Reads the commit record as often as it is said to be new, until faults have ceased.
///
/// # Panics
/// Where a commit record is none.
pub(super) fn watch(url: &str, progress: &Progress) {
    const RECORD: &str = "ctl.default";
    runtime().block_on(async {
        let (client, _) = client(url).await;
        let mut hints = client.subscribe(RECORD).await.expect("a subject like any other");
        let context = jetstream::new(client);
        // Ends: faults cease.
        while !progress.now().is_over {
            let newest = async {
                let stream = context.get_stream_no_info("OUT").await.ok()?;
                stream.get_last_raw_message_by_subject(RECORD).await.ok()
            };
            if let Ok(Some(newest)) = timeout(ANSWER_WAIT, newest).await {
                let record = CtlRecord::read(&newest.payload).expect("a commit record");
                progress.commit(record.position.seq);
            }
            tokio::select! {
                _ = timeout(HINT_WAIT, hints.next()) => {}
                () = progress.until(|state| state.is_over) => {}
            }
        }
    });
}
