//! Mutated documents and feed files: nothing panics, nothing hangs, everything is accounted for, and learned shapes
//! change nothing but the speed.
//!
//! # Place
//! A few rounds of what the program `mutate` runs by the million; `MUTATIONS` sets how many inputs.

use crossdock_tests::mutate::{self, Count, ROUND};
use crossdock_tests::replay;

/// Inputs where nobody says how many.
const COUNT_DEFAULT: u64 = 20_000;

#[test]
fn mutated_documents_and_feed_files_bring_nothing_down() {
    let count = std::env::var("MUTATIONS").ok().and_then(|it| it.parse().ok());
    let count: u64 = count.unwrap_or(COUNT_DEFAULT);
    let feeds = replay::feeds();
    let teachers = mutate::teachers(&feeds);
    assert!(300 < teachers.len(), "{} documents to begin with", teachers.len());
    let mut total = Count::default();
    for seed in 0..count.div_ceil(ROUND) {
        match mutate::round(&feeds, &teachers, seed, ROUND) {
            Ok(count) => total.add(&count),
            Err(failure) => {
                let shown = String::from_utf8_lossy(&failure.bytes);
                panic!(
                    "seed {seed}, {} of {}: {}\n{shown}",
                    failure.number, failure.feed, failure.what
                );
            }
        }
    }
    println!("{total:?}");
    assert!(total.documents < 10 * total.by_shape, "few were read by a shape: {total:?}");
}
