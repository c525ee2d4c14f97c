//! Millions of mutated documents over every feed, and whether anything came of them that should not.
//!
//! # Place
//! `cargo run --release -p crossdock-tests --bin mutate -- --documents 10000000 [--seed 1]`. Prints inputs, rates and every
//! failure with the seed of its round; exit code 1 where there is one. `--seed N --documents 2000` runs that round again.
//! # Holds
//! Round `r` of a run has the seed `seed + r`: a failure is found again without the rounds before it.

use clap::Parser;
use crossdock_tests::mutate::{self, Count, ROUND};
use crossdock_tests::replay;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many inputs.
    #[arg(long, default_value_t = 1_000_000)]
    documents: u64,
    /// The seed of the first round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds that may fail before no more are run.
    #[arg(long, default_value_t = 5)]
    failures: usize,
    /// Seconds after which no round is begun.
    #[arg(long)]
    seconds: Option<u64>,
}

#[expect(clippy::print_stdout, reason = "a program that prints its outcome")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let feeds = replay::feeds();
    let teachers = mutate::teachers(&feeds);
    let start = Instant::now();
    let (mut total, mut failed) = (Count::default(), 0);
    let mut left = arguments.documents;
    let mut seed = arguments.seed;
    // Ends: every round takes from what is left.
    while 0 < left && failed < arguments.failures {
        if arguments.seconds.is_some_and(|limit| limit <= start.elapsed().as_secs()) {
            break;
        }
        match mutate::round(&feeds, &teachers, seed, left.min(ROUND)) {
            Ok(count) => total.add(&count),
            Err(failure) => {
                failed += 1;
                let shown = String::from_utf8_lossy(&failure.bytes);
                println!(
                    "seed {} input {} of {}: {}\n{shown}",
                    failure.seed, failure.number, failure.feed, failure.what
                );
            }
        }
        left -= left.min(ROUND);
        seed = seed.wrapping_add(1);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} documents ({} by a learned shape) and {} feed files from {} documents in {seconds:.1} s: {:.0} documents/s, {:.1} MB/s, seeds {}..{seed}, {failed} failed",
        total.documents,
        total.by_shape,
        total.files,
        teachers.len(),
        total.documents as f64 / seconds,
        total.bytes as f64 / seconds / 1e6,
        arguments.seed,
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
