//! Conformance over the corpus: what of real documents is read, and what it is taken for.
//!
//! # Place
//! Over `../shared/corpus`, beside the workspace and not in it; every test passes over with a printed line
//! where it is absent. One file a source.
//! # Method
//! Each test counts what a walk that knows nothing of feeds finds in the documents, and what comes of
//! them through a lane. It prints a table; `tests/conformance.counts` holds the figures that must not get
//! worse, and `UPDATE_EXPECT=1` rewrites it.
//! # Holds
//! Every disagreement with what others assert of a document stands in a list, with its reason, and a
//! row that no longer disagrees is a failure as well.
#![expect(clippy::print_stdout, reason = "tests that print their table")]

mod answers;
mod counts;
mod edi;
mod epcis;
mod karrio;
mod legacy;
mod numbers;
mod sweep;

use std::fs;
use std::path::{Path, PathBuf};

/// After every time in the corpus that a carrier can have meant: 2026-01-01.
const RECEIVED: i64 = 1_767_225_600_000_000;

fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    println!("passed over: there is no corpus at ../shared/corpus");
    None
}

/// The files of a folder whose names begin so, by name.
fn files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the corpus is whole");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry is readable").path())
        .filter(|path| path.is_file())
        .filter(|path| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with(prefix)))
        .collect();
    files.sort();
    files
}

/// All files below a folder, by name.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the corpus is whole") {
            let path = entry.expect("an entry is readable").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
