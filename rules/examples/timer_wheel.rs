//! A million timers due in one second: how long the longest call takes, and the whole of it.
//!
//! `cargo run --release -p crossdock-rules --example timer_wheel`
#![expect(clippy::print_stdout, reason = "a bench prints its numbers")]

use std::time::{Duration, Instant};

use crossdock_model::record::Seconds;
use crossdock_rules::wheel::Wheel;

const TIMERS: u32 = 1_000_000;
/// Steps per call.
const BUDGET: usize = 50_000;

fn main() {
    let mut wheel = Wheel::new(Seconds(1_000), TIMERS as usize);
    let start = Instant::now();
    for key in 0..TIMERS {
        // In an order that is not that of the keys.
        let key = (u64::from(key) * 7_919 % u64::from(TIMERS)) as u32;
        wheel.set(key, Some(Seconds(5_000_000)));
    }
    println!("set      {:4.0} ns each", start.elapsed().as_nanos() as f64 / f64::from(TIMERS));
    let start = Instant::now();
    for key in 0..TIMERS {
        wheel.set(key, Some(Seconds(5_000_001)));
    }
    println!("move     {:4.0} ns each", start.elapsed().as_nanos() as f64 / f64::from(TIMERS));
    let mut due = Vec::with_capacity(BUDGET);
    let (mut calls, mut told, mut longest, mut whole) = (0, 0, Duration::ZERO, Duration::ZERO);
    loop {
        due.clear();
        let start = Instant::now();
        let done = wheel.advance(Seconds(5_000_001), BUDGET, &mut due);
        let took = start.elapsed();
        (longest, whole) = (longest.max(took), whole + took);
        calls += 1;
        told += due.len();
        if done {
            break;
        }
    }
    assert_eq!(told, TIMERS as usize);
    println!("advance  {calls} calls, longest {longest:?}, whole {whole:?}");
}
