//! The simulator: the same seed twice, and planted bugs that have to be caught. `--bin sim` runs seeds and says what it finds; see
//! docs/TESTING.md for what it found and nobody has explained yet.

use crossdock_tests::sim::{Bug, World};

#[test]
fn the_same_seed_is_the_same_run() {
    let world = World::new();
    for seed in [3, 14, 15] {
        assert_eq!(world.run(seed, None), world.run(seed, None));
    }
    assert_ne!(world.run(3, None), world.run(14, None));
}

#[test]
fn planted_bugs_are_caught() {
    let world = World::new();
    // The other three need rarer coincidences: `--bin sim -- --bugs` looks for them.
    for bug in
        [Bug::NoFence, Bug::OutputsFirst, Bug::NoSuppression, Bug::NoGapCheck, Bug::TornBatch]
    {
        let caught = (0..1_000).find(|&seed| world.run(seed, Some(bug)).is_err());
        assert!(caught.is_some(), "{bug:?} is not caught within 1,000 seeds");
    }
}
