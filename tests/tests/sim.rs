//! The simulator: two hundred seeds, the same seed twice, and planted bugs that have to be caught. `--bin sim` runs
//! more seeds, and prints the table of docs/TESTING.md.

use crossdock_tests::sim::{Bug, World, campaign};
use std::sync::LazyLock;
use std::thread;

static WORLD: LazyLock<World> = LazyLock::new(World::new);

fn jobs() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [3, 14, 15] {
        assert_eq!(WORLD.run(seed, None), WORLD.run(seed, None));
    }
    assert_ne!(WORLD.run(3, None), WORLD.run(14, None));
}

#[test]
fn two_hundred_seeds_lose_double_and_swap_nothing() {
    let found = campaign::run(&WORLD, 0..200, jobs(), None, 10);
    assert!(found.failures.is_empty(), "{:#?}", found.failures);
    let sum = found.sum;
    // A simulator that is kept from doing its work would find nothing, too.
    assert_eq!(found.seeds, 200);
    assert!(10_000 < sum.faults, "{sum:?}");
    assert!(200 < sum.panics, "{sum:?}");
    assert!(500 < sum.snapshot_starts && 300 < sum.fenced && 500 < sum.rollbacks, "{sum:?}");
}

#[test]
fn each_planted_bug_is_caught() {
    for (bug, seeds) in [
        (Bug::NoFence, 10),
        (Bug::OutputsFirst, 10),
        (Bug::NoSuppression, 10),
        (Bug::EarlySnapshot, 10),
        (Bug::NoGapCheck, 10),
        (Bug::NoRollbackCheck, 10),
        (Bug::StaleSnapshot, 100),
        (Bug::BlindFence, 1_000),
        (Bug::IdleOwner, 300),
        (Bug::LooseMark, 300),
        (Bug::ForgottenOrders, 10),
        (Bug::TornBatch, 10),
        (Bug::ForgottenQuarantine, 10),
        (Bug::LooseQuarantine, 300),
    ] {
        let found = campaign::run(&WORLD, 0..seeds, jobs(), Some(bug), 1);
        assert!(!found.failures.is_empty(), "{bug:?} is not caught within {seeds} seeds");
    }
}
