//! A bell: wakes one thread when there is something for it to look at.
//!
//! # Place
//! One per thread that waits: lanes, shards, and whoever gives the drain turns. Rings ring it.
//! # Method
//! The sleeper lies down, looks once more, and only then sleeps. Who has put something down rings behind it. A fence
//! on either side: at least one of the two sees the other, so nothing is left lying. To ring for somebody who is
//! awake costs a fence and a load.
//! # Holds
//! - What is put down before a ring is seen by the look behind [`Bell::lie_down`], or the sleep ends at once.
//! # Does not hold
//! What there is to look at, and what comes without a ring: a sleep has an end of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Duration;

/// Wakes one thread.
#[derive(Debug, Default)]
pub struct Bell {
    is_lying: AtomicBool,
    sleeper: OnceLock<Thread>,
}

impl Bell {
    /// Wakes the sleeper, where it sleeps or is about to.
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.is_lying.load(Ordering::Relaxed)
            && self.is_lying.swap(false, Ordering::Relaxed)
            && let Some(sleeper) = self.sleeper.get()
        {
            sleeper.unpark();
        }
    }

    /// The calling thread lies down; it should look once more before it sleeps. It is always the same thread.
    pub fn lie_down(&self) -> Nap<'_> {
        let sleeper = self.sleeper.get_or_init(thread::current);
        debug_assert!(sleeper.id() == thread::current().id(), "a bell is for one thread");
        self.is_lying.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Nap { bell: self }
    }
}

/// A thread that has lain down; it gets up when this is dropped.
#[derive(Debug)]
#[must_use = "a nap ends when it is dropped"]
pub struct Nap<'a> {
    bell: &'a Bell,
}

impl Nap<'_> {
    /// Sleeps until the bell rings, or this long. A ring since it lay down counts.
    pub fn sleep(self, at_most: Duration) {
        thread::park_timeout(at_most);
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        self.bell.is_lying.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// Longer than any test: who is not woken hangs.
    const FOR_EVER: Duration = Duration::from_secs(600);

    #[test]
    fn a_ring_behind_the_last_look_is_not_missed() {
        let bell = Bell::default();
        let nap = bell.lie_down();
        bell.ring();
        nap.sleep(FOR_EVER);
    }

    #[test]
    fn whatever_is_put_down_is_seen() {
        const ROUNDS: u64 = 20_000;
        let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
        let at = Arc::new(AtomicU64::new(0));
        // Two threads hand one number to and fro; either waits for the other each time.
        let play = |me: u64| {
            let (mine, theirs) =
                (Arc::clone(&bells[me as usize]), Arc::clone(&bells[1 - me as usize]));
            let at = Arc::clone(&at);
            thread::spawn(move || {
                // Ends: with the last round.
                loop {
                    let now = at.load(Ordering::Acquire);
                    if ROUNDS <= now {
                        return theirs.ring();
                    }
                    if now % 2 == me {
                        at.store(now + 1, Ordering::Release);
                        theirs.ring();
                        continue;
                    }
                    let nap = mine.lie_down();
                    let now = at.load(Ordering::Acquire);
                    if now % 2 != me && now < ROUNDS {
                        nap.sleep(FOR_EVER);
                    }
                }
            })
        };
        let players = [play(0), play(1)];
        for player in players {
            assert!(player.join().is_ok());
        }
        assert_eq!(at.load(Ordering::Acquire), ROUNDS);
    }
}
