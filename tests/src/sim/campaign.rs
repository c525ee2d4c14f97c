//! Many seeds, on several threads.
//!
//! # Place
//! Above [`World::run`]: the test of two hundred seeds, the planted bugs, and the binary.
//! # Method
//! Threads take the next seed from one counter; after enough failures no more are taken. A run shares
//! nothing with another one but the world, so what a seed does not depend on the threads.
//! # Holds
//! - All seeds below the first failure were run: it is the first.

use super::{Bug, Outcome, World};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// What came of many seeds.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Seeds that were run.
    pub seeds: u64,
    /// Sums over those that passed.
    pub sum: Outcome,
    /// The most steps that one of them took after the last fault.
    pub liveness_steps_max: u64,
    /// Those that did not, and why, in order.
    pub failures: Vec<(u64, String)>,
}

/// Runs seeds until so many have failed.
#[must_use]
pub fn run(
    world: &World,
    seeds: Range<u64>,
    jobs: usize,
    bug: Option<Bug>,
    failures_max: usize,
) -> Campaign {
    let next = AtomicU64::new(seeds.start);
    let campaign = Mutex::new(Campaign::default());
    let work = || {
        // Ends: no more seeds, or enough failures.
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seeds.end <= seed {
                return;
            }
            let ended = world.run(seed, bug);
            let mut campaign = campaign.lock().unwrap_or_else(PoisonError::into_inner);
            campaign.take(seed, ended);
            if failures_max <= campaign.failures.len() {
                next.store(seeds.end, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(work);
        }
        work();
    });
    let mut campaign = campaign.into_inner().unwrap_or_else(PoisonError::into_inner);
    campaign.failures.sort();
    campaign
}

impl Campaign {
    fn take(&mut self, seed: u64, ended: Result<Outcome, String>) {
        self.seeds += 1;
        let outcome = match ended {
            Ok(outcome) => outcome,
            Err(why) => return self.failures.push((seed, why)),
        };
        let sum = &mut self.sum;
        sum.steps += outcome.steps;
        sum.liveness_steps += outcome.liveness_steps;
        sum.time_us += outcome.time_us;
        sum.faults += outcome.faults;
        sum.starts += outcome.starts;
        sum.snapshot_starts += outcome.snapshot_starts;
        sum.fenced += outcome.fenced;
        sum.rollbacks += outcome.rollbacks;
        sum.panics += outcome.panics;
        self.liveness_steps_max = self.liveness_steps_max.max(outcome.liveness_steps);
    }
}
