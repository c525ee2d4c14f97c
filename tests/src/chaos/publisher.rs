//! Who sends the documents of a plan while faults strike.
//!
//! # Place
//! A thread of a chaos run.
//! # Method
//! One document after the other, each until it is acknowledged, with an id so that the server stores it
//! once. A try that failed is made again once the client is connected again, or a moment later where the
//! server was there and its streams were not.
//! # Holds
//! Close ahead of the engines, no faster than asked.
//! # Does not hold
//! How far that is: see `progress`.

use super::progress::{self, ANSWER_WAIT, Progress, runtime};
use crate::streams::WAIT;
use async_nats::jetstream;
use crossdock_loadgen::plan::Plan;
use std::time::{Duration, Instant};
use tokio::time::{timeout, timeout_at};

/// The publisher tries again after so long where nothing tells it that it is connected.
const RETRY_WAIT: Duration = Duration::from_millis(50);

/// Publishes a plan, close ahead of the engines and no faster than asked, each document until it is
/// acknowledged.
///
/// # Panics
/// Where the server stays away.
pub(super) fn publish(url: &str, plan: &Plan, time: Option<Duration>, progress: &Progress) {
    runtime().block_on(async {
        let (client, connected) = progress::client(url).await;
        let context = jetstream::new(client);
        let start = tokio::time::Instant::now();
        let slots = plan.slot_count().max(1);
        let mut documents = plan.documents();
        let mut buffer = Vec::new();
        while let Some(entry) = documents.next() {
            documents.write(&entry, &mut buffer);
            let tenant = plan.tenant(entry.truth.shipment);
            let subject = format!("raw.{tenant}.{}", entry.feed.name());
            let micros = entry.received_micros;
            let received = jiff::Timestamp::from_microsecond(micros).expect("a time").to_string();
            let id = progress.now().documents.to_string();
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Crossdock-Received", received.as_str());
            headers.insert("Nats-Msg-Id", id.as_str());
            let since = Instant::now();
            // Ends: with the acknowledgement; the server is down for moments only.
            loop {
                let body = buffer.clone().into();
                let sent = context.publish_with_headers(subject.clone(), headers.clone(), body);
                let acked = async { sent.await.map_err(drop)?.await.map_err(drop) };
                if let Ok(Ok(ack)) = timeout(ANSWER_WAIT, acked).await {
                    progress.store(ack.sequence);
                    break;
                }
                assert!(since.elapsed() < WAIT, "the server stays away");
                drop(timeout(RETRY_WAIT, connected.notified()).await);
            }
            let share = documents.slot() as f64 / slots as f64;
            let due = time.map_or(Duration::ZERO, |time| time.mul_f64(share));
            // Ends: engines commit, or faults cease; nobody else stores, so it stays so.
            progress.until(|state| !state.is_ahead()).await;
            drop(timeout_at(start + due, progress.until(|state| state.is_over)).await);
        }
        progress.end_publishing();
    });
}
