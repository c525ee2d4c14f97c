//! Agents: whatever runs is a struct that is given turns.
//!
//! A turn never waits and says how much it did. In a node a thread of its own gives it turns; in a
//! test the test does, in whatever order it likes.

use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Something that is given turns.
pub trait Agent: Send {
    /// What it is called, for thread names and stalls.
    fn name(&self) -> &str;

    /// One go at the work. How much was done; 0 where there was nothing to do.
    fn turn(&mut self) -> usize;

    /// True when there will never be anything to do again.
    fn is_done(&self) -> bool;
}

/// Turns without work before a thread yields, and before it sleeps.
const SPINS: u32 = 64;
const YIELDS: u32 = 64;

/// How long an idle thread sleeps: short against a commit, long against a turn.
const NAP: Duration = Duration::from_micros(50);

/// Gives an agent turns on a thread of its own until it is done.
///
/// # Panics
///
/// The operating system gives no thread: the node can't start.
#[must_use]
pub fn spawn(mut agent: Box<dyn Agent>) -> JoinHandle<()> {
    let name = agent.name().to_owned();
    thread::Builder::new()
        .name(name)
        .spawn(move || drive(&mut *agent))
        .expect("a node needs its threads; there are at most 34 of them")
}

fn drive(agent: &mut dyn Agent) {
    let mut idle = 0_u32;
    // Ends: when the agent is done.
    while !agent.is_done() {
        if 0 < agent.turn() {
            idle = 0;
            continue;
        }
        idle = idle.saturating_add(1);
        if idle < SPINS {
            std::hint::spin_loop();
        } else if idle < SPINS + YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(NAP);
        }
    }
}
