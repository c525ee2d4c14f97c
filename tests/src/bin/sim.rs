//! Many seeds of the simulator, and what they found.
//!
//! # Place
//! `cargo run --profile sim -p crossdock-tests --bin sim -- --seeds 10000 [--from 0] [--bugs]`. Prints
//! totals; exit code 1 with the seed of the first failure. `--bugs` plants each bug in turn and prints
//! the seed that catches it: the mutation table of docs/TESTING.md.

use clap::Parser;
use crossdock_tests::sim::{Bug, Outcome, World};
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 0)]
    from: u64,
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
    if arguments.bugs {
        let mut missed = 0_u8;
        for bug in Bug::ALL {
            let caught =
                seeds.clone().find_map(|seed| Some((seed, world.run(seed, Some(bug)).err()?)));
            match caught {
                Some((seed, why)) => {
                    let why: String = why.chars().take(100).collect();
                    println!("{bug:?}: seed {seed}: {why}");
                }
                None => {
                    missed += 1;
                    println!("{bug:?}: not caught");
                }
            }
        }
        return ExitCode::from(missed);
    }
    let mut sum = Outcome::default();
    for seed in seeds {
        match world.run(seed, None) {
            Ok(outcome) => {
                sum.steps += outcome.steps;
                sum.time_us += outcome.time_us;
                sum.faults += outcome.faults;
                sum.starts += outcome.starts;
                sum.snapshot_starts += outcome.snapshot_starts;
                sum.fenced += outcome.fenced;
                sum.rollbacks += outcome.rollbacks;
            }
            Err(why) => {
                println!("seed {seed}: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{} seeds, {} steps, {} faults, {} starts ({} from snapshots), {} fenced, {} roll-backs, \
         {:.0} simulated s in {:.0} s: nothing lost, doubled or out of order",
        arguments.seeds,
        sum.steps,
        sum.faults,
        sum.starts,
        sum.snapshot_starts,
        sum.fenced,
        sum.rollbacks,
        sum.time_us as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}
