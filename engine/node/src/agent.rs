//! Agents: whatever runs is a struct that is given turns.
//!
//! A turn never waits and says how much it did. In a node a thread of its own gives it turns and sleeps
//! where there is nothing to do until its bell rings; in a test the test gives turns, in whatever order it likes.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::bell::Bell;

/// Something that is given turns.
pub trait Agent: Send {
    /// What it is called, for thread names and stalls.
    fn name(&self) -> &str;

    /// One go at the work. How much was done; 0 where there was nothing to do.
    fn turn(&mut self) -> usize;

    /// What is rung when there may be something to do.
    fn bell(&self) -> &Arc<Bell>;

    /// True where something is waited for that rings no bell.
    fn is_watching(&self) -> bool {
        false
    }

    /// True when there will never be anything to do again.
    fn is_done(&self) -> bool;
}

/// Turns without work before a thread lies down: less than a sleep and a wake cost.
const SPINS: u32 = 64;

/// How long an idle thread sleeps at most; the end of a neighbour is the only thing that it may learn of so late.
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// How long it sleeps while it watches.
const WATCH_NAP: Duration = Duration::from_micros(50);

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
    let bell = Arc::clone(agent.bell());
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
            continue;
        }
        let nap = bell.lie_down();
        if 0 < agent.turn() {
            idle = 0;
        } else {
            nap.sleep(if agent.is_watching() { WATCH_NAP } else { SLEEP_MAX });
        }
    }
}
