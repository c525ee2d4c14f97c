//! A snapshot that rots: found at any byte, an older one is used, and what is said is as if nothing was.
//!
//! # Place
//! Files in a folder, written and recovered by the node's own code; `node::snapshot::start` shows the same of
//! bytes in memory, `engine/node/tests/recovery.rs` of a process, the simulator of seeds.
//! # Method
//! The bundled day is applied; two snapshots are left in a folder. One bit of the newer file is flipped, at
//! every part of it, and a start is made: it must tell of the newer one and give the state of the older. Now
//! and then the rest of the day is applied to that state: state hash and outputs must be those of an engine
//! that was never interrupted.

use crossdock_core::feeds::Feeds;
use crossdock_core::shard::Shard;
use crossdock_node::jetstream::ctl::Position;
use crossdock_node::snapshot::file::FileWriter;
use crossdock_node::snapshot::manifest::FORMAT;
use crossdock_node::snapshot::start::PassedOver;
use crossdock_node::snapshot::writer::Disk as _;
use crossdock_node::snapshot::{Folder, Identity, Manifest, Started, Wanted, recover};
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::saved::Saved;
use std::fs;
use std::path::{Path, PathBuf};

/// Flips of one file.
const FLIPS: usize = 80;

/// One in so many is followed by the rest of the day.
const REPLAYED: usize = 8;

fn identity() -> Identity {
    Identity {
        group: String::from("g"),
        stream: String::from("IN"),
        created: String::from("then"),
        feeds_digest: 1,
        rules_digest: 1,
    }
}

/// What was said of these documents, without the positions: they count from 1 in every engine.
fn apply(replay: &mut Replay, documents: &[Document]) -> Vec<String> {
    documents.iter().for_each(|document| replay.push("demo", document));
    let lines = replay.lines();
    let text = String::from_utf8_lossy(&lines);
    let cut = |line: &str| line.split(",\"position\":").next().unwrap_or(line).to_owned();
    text.lines().map(cut).collect()
}

/// Leaves a snapshot of the engine as it is.
fn save(folder: &mut Folder, replay: &mut Replay, position: u64) {
    let manifest = Manifest {
        format: FORMAT,
        engine: String::from("test"),
        group: identity().group,
        stream: identity().stream,
        created: identity().created,
        position,
        clock_us: 0,
        moved_us: 0,
        prints: Vec::new(),
        feeds_digest: 1,
        rules_digest: 1,
        epoch: 1,
        shards: 2,
        shipments: replay.shipment_count() as u64,
        state_hash: replay.state_hash(),
        sections: 0,
    };
    let mut saved = Saved::begin(replay.engine_mut());
    // Ends: every turn takes a page.
    while saved.take(replay.engine_mut(), 2_000) {}
    let file = folder.create(position, 1).expect("a folder that can be written to");
    let mut writer = FileWriter::begin(file).expect("room");
    for (shard, kind, page) in &saved.pages {
        writer.section(*kind, u32::try_from(*shard).expect("few"), page).expect("room");
    }
    let (mut file, _) = writer.finish(manifest).expect("room");
    folder.sync(&mut file).expect("room");
    folder.complete(file).expect("room");
}

fn start(folder: &Folder, feeds: &Feeds) -> (Option<Started>, Vec<PassedOver>) {
    let mut wanted =
        Wanted { identity: &identity(), committed: Position::whole(1_000), differs: &mut |_| None };
    recover(folder, &mut wanted, feeds, &replay::options(3))
}

fn state_hash(started: &Started) -> u64 {
    let foretold = started.forecast.as_ref().map_or(0, |forecast| forecast.state_hash());
    let behind = started.book.state_hash().wrapping_add(foretold);
    started.shards.iter().map(Shard::state_hash).fold(behind, u64::wrapping_add)
}

fn go_on(started: Started, feeds: &Feeds) -> Replay {
    let mut replay = Replay::with(feeds, &replay::options(3));
    let engine = replay.engine_mut();
    engine.replace_shards(started.shards);
    engine.replace_book(started.book);
    if let Some(forecast) = started.forecast {
        engine.replace_forecast(*forecast);
    }
    replay
}

/// A folder that goes with the test.
struct Emptied(PathBuf);

impl Drop for Emptied {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_bit_that_flips_costs_a_snapshot_and_nothing_else() {
    let feeds = replay::feeds();
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    let day = replay::capture(&fs::read_to_string(day).expect("the day is in the workspace"));
    let path = Emptied(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rot"));
    drop(fs::remove_dir_all(&path.0));
    let mut folder = Folder::open(&path.0, "g", 3).expect("a folder");
    let (older, newer) = (day.len() / 3, day.len() * 2 / 3);

    let mut whole = Replay::with(&feeds, &replay::options(2));
    apply(&mut whole, &day[..older]);
    let older_hash = whole.state_hash();
    save(&mut folder, &mut whole, older as u64);
    let mut rest = apply(&mut whole, &day[older..newer]);
    save(&mut folder, &mut whole, newer as u64);
    rest.extend(apply(&mut whole, &day[newer..]));

    let (started, passed_over) = start(&folder, &feeds);
    assert_eq!(passed_over, [], "nothing is damaged yet");
    assert_eq!(started.map(|it| it.manifest.position), Some(newer as u64));
    let file = folder.newest_first().expect("a folder").remove(0);
    let mut bytes = fs::read(&file).expect("a file");
    let step = bytes.len() / FLIPS;
    for (count, at) in (0..bytes.len()).step_by(step.max(1)).enumerate() {
        // Not only the first byte of a step: heads, sections and manifest have lengths of their own.
        let at = (at + count * 7 % step.max(1)).min(bytes.len() - 1);
        bytes[at] ^= 1 << (count % 8);
        fs::write(&file, &bytes).expect("room");
        bytes[at] ^= 1 << (count % 8);
        let (started, passed_over) = start(&folder, &feeds);
        assert!(
            passed_over.len() == 1 && passed_over[0].path == file,
            "byte {at} of {}: {passed_over:?}",
            bytes.len()
        );
        let started = started.expect("the older one");
        assert_eq!(started.manifest.position, older as u64, "byte {at}");
        assert_eq!(state_hash(&started), older_hash, "byte {at}");
        if count % REPLAYED == 0 {
            let mut replay = go_on(started, &feeds);
            assert_eq!(apply(&mut replay, &day[older..]), rest, "byte {at}");
            assert_eq!(replay.state_hash(), whole.state_hash(), "byte {at}");
        }
    }
}
