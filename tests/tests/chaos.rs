//! A short form of the chaos program: faults until the documents end, nothing lost, doubled or out of order.

use crossdock_tests::chaos::{self, Options};
use std::path::PathBuf;

#[test]
fn faults_lose_and_double_nothing() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("chaos");
    let outcome = chaos::run(Options {
        engine: (PathBuf::from(env!("CARGO_BIN_EXE_chaos")), vec![String::from("engine")]),
        folder: folder.clone(),
        time: None,
        shipments: 400,
        seed: 7,
        is_cluster: false,
    });
    let Some(outcome) = outcome else { return };
    println!("{outcome}");
    assert!(5 < outcome.fault_count(), "{outcome}");
    assert!(outcome.is_sound(), "{outcome}\nlogs in {}", folder.display());
    std::fs::remove_dir_all(folder).expect("removed");
}
