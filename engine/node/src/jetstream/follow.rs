//! A standby's view of the group: the commit record as it moves, and the lease when it falls free.
//!
//! # Place
//! In the edge's driver, before and beside commits. A standby follows until the lease is its own, then
//! claims with one compare-and-swap; an owner renews the lease while it commits.
//! # Method
//! The record is read from the leader a few times a second: what is at or below its position the
//! standby may apply, and at that very position the state hashes must agree. The lease is asked for
//! as often, but not before it has had time to run out once: an owner that starts at the same moment
//! takes it first. An owner renews at a third of its time to live. Who holds it should own the group;
//! who has claimed does.
//! # Holds
//! The pace.
//! # Does not hold
//! Safety (`committer`), applying and comparing (`drain`).

use crate::error::{EdgeError, Sort};
use crate::jetstream::committer::{Claim, Committer};
use crate::jetstream::ctl::CtlRecord;
use crate::jetstream::lease::{Held, Lease};
use crate::jetstream::sender::Sender;
use std::time::Duration;
use tokio::time::Instant;

/// How often a standby looks at the commit record and at the lease: what it is behind.
const LOOK: Duration = Duration::from_millis(200);

/// What a standby is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The commit record as it stands.
    Record(Box<CtlRecord>),
    /// The group is ours.
    Taken(Box<Claim>),
}

/// Follows until the lease is ours and the group claimed. `ttl` is the lease's time to live.
///
/// # Errors
/// What a person must act on; an outage is waited for.
pub async fn follow(
    committer: &mut Committer,
    lease: &mut Lease,
    ttl: Duration,
    tell: &Sender<Followed>,
) -> Result<Option<Claim>, EdgeError> {
    let mut told = 0;
    let asks_from = Instant::now() + ttl;
    // Ends: when the lease is ours, or nobody listens any more.
    loop {
        match committer.peek().await {
            Ok(Some((seq, record))) if seq != told => {
                told = seq;
                if tell.send(Followed::Record(Box::new(record))).await.is_err() {
                    return Ok(None);
                }
            }
            Ok(_) => {}
            Err(error) if error.sort() == Sort::Retry => tracing::debug!(%error, "record not read"),
            Err(error) => return Err(error),
        }
        match ask(lease, asks_from).await {
            Ok(Held::Ours) => {
                let claim = committer.claim().await?;
                if tell.send(Followed::Taken(Box::new(claim.clone()))).await.is_err() {
                    return Ok(None);
                }
                return Ok(Some(claim));
            }
            Ok(Held::Other(holder)) => tracing::trace!(holder, "lease is held"),
            Err(error) if error.sort() == Sort::Retry => tracing::debug!(%error, "lease not asked"),
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = tell.closed() => return Ok(None),
        }
    }
}

/// Asks for the lease, once an owner that starts beside us has had its time to take it.
async fn ask(lease: &mut Lease, asks_from: Instant) -> Result<Held, EdgeError> {
    if asks_from <= Instant::now() {
        return lease.renew().await;
    }
    Ok(Held::Other("not asked for yet".to_owned()))
}

/// Renews the lease for as long as the future is polled. A lease that is another's does not stop an
/// owner: its next commit finds out.
pub async fn renew(lease: &mut Lease, ttl: Duration) {
    let mut next = Instant::now();
    // Ends: with the one who polls it.
    loop {
        tokio::time::sleep_until(next).await;
        next = Instant::now() + ttl / 3;
        match lease.renew().await {
            Ok(Held::Ours) => {}
            Ok(Held::Other(holder)) => tracing::warn!(holder, "the lease is held by another one"),
            Err(error) => tracing::debug!(%error, "lease not renewed"),
        }
    }
}
