//! A snapshot is the state after one turn, whatever happens while it is written, and loads into any
//! number of shards.
//!
//! # Place
//! Through the embedded engine; a node's shards save the same pages to a file.
//! # Method
//! The bundled day is applied in turns. After some turn a snapshot begins; pages of a few hundred
//! bytes are taken between the turns that follow, so that most shipments change while it is under
//! way. What it says is loaded with other shards and the rest of the day is applied again: state
//! hash and outputs must be those of an engine that was never interrupted.

use crossdock_core::feeds::Feeds;
use crossdock_core::intake::TICK;
use crossdock_core::shard::Shard;
use crossdock_core::snapshot::kind;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::saved::Saved;
use std::fs;
use std::path::Path;

fn day() -> Vec<Document> {
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    let mut day = replay::capture(&fs::read_to_string(day).expect("the day is in the workspace"));
    // And days on which nothing happens but timers.
    let last = day.last().expect("there are some").received;
    for days in [0, 2, 9, 40] {
        let received = last + days * 86_400_000_000;
        day.push(Document { feed: String::from(TICK), received, bytes: Vec::new() });
    }
    day
}

fn apply(replay: &mut Replay, documents: &[Document]) -> Vec<u8> {
    for document in documents {
        replay.push("demo", document);
    }
    replay.lines()
}

#[track_caller]
fn check(feeds: &Feeds, saved_shards: usize, shards: usize, begin: usize) {
    let documents = day();
    let mut first = Replay::with(feeds, &replay::options(saved_shards));
    let mut saved = Saved::default();
    let mut hash = 0;
    let mut tail = Vec::new();
    let mut is_saving = false;
    for (number, document) in documents.iter().enumerate() {
        let lines = apply(&mut first, std::slice::from_ref(document));
        if begin < number {
            tail.extend(lines);
        }
        if number == begin {
            hash = first.state_hash();
            saved = Saved::begin(first.engine_mut());
            is_saving = true;
        }
        is_saving = is_saving && saved.take(first.engine_mut(), 200);
    }
    while is_saving {
        is_saving = saved.take(first.engine_mut(), 200);
    }
    let mut second = Replay::with(feeds, &replay::options(shards));
    saved.restore(&mut second, feeds, &replay::options(shards));
    assert_eq!(second.state_hash(), hash, "the state is that of its beginning");
    // Positions of the replay count from 1 in every engine: only the rest of each line is compared.
    let again = apply(&mut second, &documents[begin + 1..]);
    assert_eq!(second.state_hash(), first.state_hash(), "and leads to the same state");
    assert_eq!(without_positions(&again), without_positions(&tail));
}

fn without_positions(lines: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(lines);
    let cut = |line: &str| match line.find(",\"position\":") {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(cut).collect()
}

#[test]
fn a_snapshot_is_the_state_of_its_beginning_and_loads_into_any_shards() {
    let count = day().len();
    let feeds = replay::feeds();
    for (saved_shards, shards) in [(1, 3), (3, 1), (3, 2)] {
        for begin in [0, count / 2, count - 4] {
            check(&feeds, saved_shards, shards, begin);
        }
    }
}

#[test]
fn damaged_pages_are_flaws_or_other_state_but_never_a_panic() {
    let documents = day();
    let feeds = replay::feeds();
    let mut first = Replay::with(&feeds, &replay::options(1));
    apply(&mut first, &documents);
    let hash = first.state_hash();
    let mut saved = Saved::begin(first.engine_mut());
    while saved.take(first.engine_mut(), 4096) {}
    let mut flaws = 0;
    let mut tried = 0;
    for page in 0..saved.pages.len() {
        // The page of rules is long and takes long to read.
        let step = if saved.pages[page].1 == kind::RULES { 3_001 } else { 97 };
        for at in (0..saved.pages[page].2.len()).step_by(step) {
            saved.pages[page].2[at] ^= 0x41;
            tried += 1;
            // Checksums catch all of them in a file; here reading has to be total without.
            flaws += usize::from(saved.shards(&feeds, &replay::options(2)).is_err());
            saved.pages[page].2[at] ^= 0x41;
        }
    }
    assert!(0 < flaws && flaws <= tried);
    let loaded = saved.shards(&feeds, &replay::options(2)).expect("undamaged again");
    let foretold = first.engine().forecast().expect("there is one").state_hash();
    let book = first.engine().book().state_hash().wrapping_add(foretold);
    let sum = loaded.iter().map(Shard::state_hash).fold(book, u64::wrapping_add);
    assert_eq!(sum, hash);
}
