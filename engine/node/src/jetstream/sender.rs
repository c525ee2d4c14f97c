//! What the edge sends to the thread that gives the drain turns: a bounded queue that rings its bell.
//!
//! # Place
//! The edge's end of the queues of an `EdgeHandle`.

use crate::bell::Bell;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The sending end.
#[derive(Debug)]
pub struct Sender<T> {
    channel: mpsc::Sender<T>,
    bell: Arc<Bell>,
}

/// A queue of at most `capacity` values, and its two ends.
#[must_use]
pub fn channel<T>(capacity: usize, bell: &Arc<Bell>) -> (Sender<T>, mpsc::Receiver<T>) {
    let (channel, receiver) = mpsc::channel(capacity);
    (Sender { channel, bell: Arc::clone(bell) }, receiver)
}

/// The receiver is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Room for one value.
#[derive(Debug)]
pub struct Permit<'a, T> {
    permit: mpsc::Permit<'a, T>,
    bell: &'a Bell,
}

impl<T> Permit<'_, T> {
    /// Sends the value.
    pub fn send(self, value: T) {
        self.permit.send(value);
        self.bell.ring();
    }
}

impl<T> Sender<T> {
    /// Waits for room and sends.
    ///
    /// # Errors
    /// The receiver is gone: the value itself.
    pub async fn send(&self, value: T) -> Result<(), T> {
        let sent = self.channel.send(value).await;
        self.bell.ring();
        sent.map_err(|refused| refused.0)
    }

    /// Waits for room for one value.
    ///
    /// # Errors
    /// The receiver is gone.
    pub async fn reserve(&self) -> Result<Permit<'_, T>, Gone> {
        let permit = self.channel.reserve().await.map_err(|_| Gone)?;
        Ok(Permit { permit, bell: &self.bell })
    }

    /// Room for one value, where there is some.
    #[must_use]
    pub fn try_reserve(&self) -> Option<Permit<'_, T>> {
        let permit = self.channel.try_reserve().ok()?;
        Some(Permit { permit, bell: &self.bell })
    }

    /// How many values there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.channel.capacity()
    }

    /// Resolves when the receiver is gone.
    pub async fn closed(&self) {
        self.channel.closed().await;
    }
}
