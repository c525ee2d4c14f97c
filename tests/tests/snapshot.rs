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

use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast;
use crossdock_core::intake::TICK;
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::Shard;
use crossdock_core::snapshot::{Loader, SavedTables, kind};
use crossdock_tests::replay::{self, Document, Replay};
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

type Page = (usize, u32, Vec<u8>);

fn options(shards: usize) -> EngineOptions {
    EngineOptions {
        lanes: 1,
        shards,
        rules: Some(replay::rules()),
        forecast: Some(replay::forecast()),
        ..EngineOptions::default()
    }
}

fn apply(replay: &mut Replay, documents: &[Document]) -> Vec<u8> {
    for document in documents {
        replay.push("demo", document);
    }
    replay.lines()
}

/// Takes at most one page of every shard.
fn save(engine: &mut Engine, pages: &mut Vec<Page>, size: usize) -> bool {
    let mut page = Vec::new();
    let mut is_saving = false;
    for (index, shard) in engine.shards_mut().iter_mut().enumerate() {
        if let Some(kind) = shard.save(&mut page, size) {
            pages.push((index, kind, page.clone()));
        }
        is_saving |= shard.is_saving();
    }
    let book = engine.book_mut();
    if let Some(kind) = book.save(&mut page, size) {
        pages.push((0, kind, page.clone()));
    }
    is_saving |= book.is_saving();
    let forecast = engine.forecast_mut().expect("the options ask for one");
    if let Some(kind) = forecast.save(&mut page, size) {
        pages.push((0, kind, page.clone()));
    }
    is_saving |= forecast.is_saving();
    is_saving
}

fn load(
    feeds: &Feeds,
    pages: &[Page],
    saved_shards: usize,
    shards: usize,
) -> Result<Vec<Shard>, String> {
    let mut tables: Vec<SavedTables> = (0..saved_shards).map(|_| SavedTables::default()).collect();
    for (index, kind, page) in pages {
        match *kind {
            kind::TEXTS => tables[*index].add_texts(page),
            kind::SENSES => tables[*index].add_senses(page),
            _ => Ok(()),
        }
        .map_err(|flaw| flaw.to_string())?;
    }
    let options = options(shards);
    let mut loaded = Vec::new();
    for index in 0..shards {
        let shard_options = options.shard(feeds, index);
        let mut loader = Loader::new(shard_options, (index, shards), &tables);
        for (_, _, page) in pages.iter().filter(|(_, kind, _)| *kind == kind::RULES) {
            loader.rules(page).map_err(|flaw| flaw.to_string())?;
        }
        for (saved_by, _, page) in pages.iter().filter(|(_, kind, _)| *kind == kind::SHIPMENTS) {
            loader.rows(*saved_by, page).map_err(|flaw| flaw.to_string())?;
        }
        loaded.push(loader.finish());
    }
    Ok(loaded)
}

#[track_caller]
fn check(feeds: &Feeds, saved_shards: usize, shards: usize, begin: usize) {
    let documents = day();
    let mut first = Replay::with(feeds, &options(saved_shards));
    let mut pages = Vec::new();
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
            first.engine_mut().shards_mut().iter_mut().for_each(Shard::begin_saving);
            first.engine_mut().book_mut().begin_saving();
            first.engine_mut().forecast_mut().expect("there is one").begin_saving();
            is_saving = true;
        }
        if is_saving {
            is_saving = save(first.engine_mut(), &mut pages, 200);
        }
    }
    while is_saving {
        is_saving = save(first.engine_mut(), &mut pages, 200);
    }
    let loaded = load(feeds, &pages, saved_shards, shards).expect("an undamaged snapshot loads");
    let mut second = Replay::with(feeds, &options(shards));
    second.engine_mut().replace_shards(loaded);
    let mut book = OrderBook::default();
    for (_, _, page) in pages.iter().filter(|(_, kind, _)| *kind == kind::ORDERS) {
        book.take_page(page).expect("undamaged orders load");
    }
    second.engine_mut().replace_book(book);
    let mut flights = forecast::Loader::default();
    pages.iter().for_each(|(_, kind, page)| flights.page(*kind, page));
    let forecast = flights.finish(replay::forecast()).expect("an undamaged forecast loads");
    second.engine_mut().replace_forecast(forecast);
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
    let mut first = Replay::with(&feeds, &options(1));
    apply(&mut first, &documents);
    let hash = first.state_hash();
    first.engine_mut().shards_mut()[0].begin_saving();
    let mut pages = Vec::new();
    while save(first.engine_mut(), &mut pages, 4096) {}
    let mut flaws = 0;
    let mut tried = 0;
    for page in 0..pages.len() {
        // The page of rules is long and takes long to read.
        let step = if pages[page].1 == kind::RULES { 3_001 } else { 97 };
        for at in (0..pages[page].2.len()).step_by(step) {
            pages[page].2[at] ^= 0x41;
            tried += 1;
            // Checksums catch all of them in a file; here reading has to be total without.
            flaws += usize::from(load(&feeds, &pages, 1, 2).is_err());
            pages[page].2[at] ^= 0x41;
        }
    }
    assert!(0 < flaws && flaws <= tried);
    let loaded = load(&feeds, &pages, 1, 2).expect("undamaged again");
    let foretold = first.engine().forecast().expect("there is one").state_hash();
    let book = first.engine().book().state_hash().wrapping_add(foretold);
    let sum = loaded.iter().map(Shard::state_hash).fold(book, u64::wrapping_add);
    assert_eq!(sum, hash);
}
