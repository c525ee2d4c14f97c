//! Many seeds of the simulator, and what they found.
//!
//! # Place
//! `cargo run --profile sim -p crossdock-tests --bin sim -- --seeds 10000 [--from 0] [--bugs]`. Prints
//! totals; exit code 1 with the seeds that failed. `--bugs` plants each bug in turn and prints the seed
//! that catches it: the mutation table of docs/TESTING.md.

use clap::Parser;
use crossdock_tests::sim::{Bug, World, campaign};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Threads; as many as there are processors where it is left out.
    #[arg(long)]
    jobs: Option<usize>,
    /// Seeds that may fail before no more are run.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// Plants bugs instead.
    #[arg(long)]
    bugs: bool,
}

#[expect(clippy::print_stdout, reason = "a program that prints its outcome")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let world = World::new();
    let start = Instant::now();
    let seeds = arguments.from..arguments.from + arguments.seeds;
    let jobs =
        arguments.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    if arguments.bugs {
        let mut missed = 0_u8;
        for bug in Bug::ALL {
            let found = campaign::run(&world, seeds.clone(), jobs, Some(bug), 1);
            if let Some((seed, why)) = found.failures.first() {
                let why: String = why.chars().take(160).collect();
                println!("{bug:?}: seed {seed}: {why}");
            } else {
                missed += 1;
                println!("{bug:?}: not caught");
            }
        }
        return ExitCode::from(missed);
    }
    let found = campaign::run(&world, seeds, jobs, None, arguments.failures);
    for (seed, why) in &found.failures {
        println!("seed {seed}: {why}");
    }
    let sum = &found.sum;
    println!(
        "{} seeds, {} steps, {} faults, {} starts ({} from snapshots), {} fenced, {} roll-backs, \
         at most {} steps after the last fault, {:.0} simulated s in {:.0} s: {}",
        found.seeds,
        sum.steps,
        sum.faults,
        sum.starts,
        sum.snapshot_starts,
        sum.fenced,
        sum.rollbacks,
        found.liveness_steps_max,
        sum.time_us as f64 / 1e6,
        start.elapsed().as_secs_f64(),
        match found.failures.len() {
            0 => String::from("nothing lost, doubled or out of order"),
            count => format!("{count} seeds failed"),
        }
    );
    ExitCode::from(u8::from(!found.failures.is_empty()))
}
