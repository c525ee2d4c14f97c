//! A start from a snapshot: what it must fit, and its state as shards.
//!
//! # Place
//! Under [`recover`](super::recover), which says which one is tried, before the pipeline is made; the reader then
//! begins behind the snapshot's position.
//! # Method
//! One thread reads and checks sections, one per shard takes the
//! rows that are its own, so that the number of shards may be another one. In the end the state hash
//! of what was loaded must be the one that was saved. A file may be whole, and below what is committed,
//! and still be of a tail that both streams have lost and gone on from in another way: so whoever
//! starts is asked whether the input still holds the messages that the file remembers.
//! # Holds
//! - What has a flaw is not used.
//! - Where to begin behind it, and by which messages the input is known: [`resume`].
//! # Does not hold
//! The check of the input stream (`jetstream::intake`).

use super::file::FileReader;
use super::manifest::{Identity, Manifest};
use crate::jetstream::ctl::{CtlRecord, Position};
use crate::jetstream::intake;
use crate::pipeline::State;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast::{self, Forecast};
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::{Shard, ShardOptions};
use crossdock_core::snapshot::{Loader, SavedTables, kind};
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Pages between the reading thread and each shard's.
const PAGES_MAX: usize = 16;

/// State as it was at a position.
#[derive(Debug)]
pub struct Started {
    /// What the snapshot says of itself.
    pub manifest: Manifest,
    /// As many as were asked for.
    pub shards: Vec<Shard>,
    /// The orders of all shards.
    pub book: OrderBook,
    /// When shipments arrive, where the options ask for it.
    pub forecast: Option<Box<Forecast>>,
    /// The file.
    pub path: PathBuf,
}

/// A snapshot that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// What a snapshot must fit.
pub struct Wanted<'a> {
    /// What it must have been made by.
    pub identity: &'a Identity,
    /// What the commit record says.
    pub committed: Position,
    /// Why the input is not the one it was made from, if so.
    pub differs: &'a mut dyn FnMut(&Manifest) -> Option<String>,
}

/// Where to begin: behind the snapshot, else with the first message. The input is known by what the
/// commit record and the snapshot remember of it.
#[must_use]
pub fn resume(
    saved: Option<&Manifest>,
    found: Option<&CtlRecord>,
    accept_lost: bool,
) -> intake::Start {
    let mark = found.and_then(|record| record.stream.as_ref());
    let created = mark.map(|mark| &mark.created).or_else(|| saved.map(|saved| &saved.created));
    let mut start = intake::Start {
        // A group that has committed needs the stream from its first message on, a new one takes
        // what there is.
        position: saved.map(|saved| saved.position).or_else(|| found.is_some().then_some(0)),
        created: created.cloned(),
        prints: Vec::new(),
        accept_lost,
    };
    for print in saved.iter().flat_map(|saved| saved.fingerprints()) {
        start.remember(print);
    }
    if let Some(mark) = mark {
        start.remember(mark.fingerprint());
    }
    start
}

/// Reads one snapshot.
///
/// # Errors
/// What is wrong with it, or why it does not fit.
pub fn read<R: Read + Seek>(
    source: R,
    wanted: &mut Wanted<'_>,
    feeds: &Feeds,
    options: &EngineOptions,
) -> Result<(Manifest, State), String> {
    let mut file = FileReader::open(source)?;
    let manifest = file.manifest().clone();
    let misfit = manifest.misfit(wanted.identity, wanted.committed);
    if let Some(why) = misfit.or_else(|| (wanted.differs)(&manifest)) {
        return Err(why);
    }
    let tables = tables(&mut file, manifest.shards)?;
    let per_shard = usize::try_from(manifest.shipments).unwrap_or(0) / options.shards;
    let shard_options = |index| {
        let mut own = options.shard(feeds, index);
        // Room to grow: a table that doubles in the middle of the day is a pause.
        own.shipments_expected = own.shipments_expected.max(per_shard + per_shard / 4);
        own
    };
    let shard_options: Vec<ShardOptions> = (0..options.shards).map(shard_options).collect();
    let shards = load(&mut file, &tables, shard_options)?;
    let mut book = OrderBook::default();
    let mut flights = forecast::Loader::default();
    for section in file.sections().to_vec() {
        match section.kind {
            kind::ORDERS => {
                book.take_page(&file.read(section)?).map_err(|flaw| flaw.to_string())?;
            }
            kind::LEARNED | kind::FLIGHTS => flights.page(section.kind, &file.read(section)?),
            _ => {}
        }
    }
    let forecast = match &options.forecast {
        Some(options) => {
            let loaded = flights.finish(Arc::clone(options)).map_err(|flaw| flaw.to_string())?;
            Some(Box::new(loaded))
        }
        None => None,
    };
    let shipments: u64 = shards.iter().map(|shard| shard.shipment_count() as u64).sum();
    let hash = {
        let foretold = forecast.as_ref().map_or(0, |forecast| forecast.state_hash());
        let behind = book.state_hash().wrapping_add(foretold);
        shards.iter().map(Shard::state_hash).fold(behind, u64::wrapping_add)
    };
    if (shipments, hash) != (manifest.shipments, manifest.state_hash) {
        return Err(format!(
            "its {shipments} shipments have the state hash {hash:016x}, its manifest says {} and \
             {:016x}",
            manifest.shipments, manifest.state_hash
        ));
    }
    Ok((manifest, (shards, book, forecast)))
}

fn tables<R: Read + Seek>(
    file: &mut FileReader<R>,
    shards: u32,
) -> Result<Vec<SavedTables>, String> {
    let mut tables: Vec<SavedTables> = (0..shards).map(|_| SavedTables::default()).collect();
    for section in file.sections().to_vec() {
        let is_text = section.kind == kind::TEXTS;
        if !is_text && section.kind != kind::SENSES {
            continue;
        }
        let page = file.read(section)?;
        let table = tables
            .get_mut(section.shard as usize)
            .ok_or_else(|| format!("a section is of shard {}", section.shard))?;
        let added = if is_text { table.add_texts(&page) } else { table.add_senses(&page) };
        added.map_err(|flaw| flaw.to_string())?;
    }
    Ok(tables)
}

/// A page of rows and the shard that saved it.
type Page = Arc<(usize, Vec<u8>)>;

fn load<R: Read + Seek>(
    file: &mut FileReader<R>,
    tables: &[SavedTables],
    options: Vec<ShardOptions>,
) -> Result<Vec<Shard>, String> {
    let mut rules = Vec::new();
    for section in file.sections().to_vec() {
        if section.kind == kind::RULES {
            rules.push(file.read(section)?);
        }
    }
    let shards = options.len();
    thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut loaders = Vec::new();
        for (index, options) in options.into_iter().enumerate() {
            let (sender, pages) = mpsc::sync_channel::<Page>(PAGES_MAX);
            senders.push(sender);
            let mut loader = Loader::new(options, (index, shards), tables);
            for page in &rules {
                loader.rules(page).map_err(|flaw| flaw.to_string())?;
            }
            loaders.push(scope.spawn(move || take(loader, &pages)));
        }
        let mut flaw = None;
        for section in file.sections().to_vec() {
            match section.kind {
                kind::SHIPMENTS => {}
                kind::TEXTS
                | kind::SENSES
                | kind::RULES
                | kind::ORDERS
                | kind::LEARNED
                | kind::FLIGHTS => continue,
                other => {
                    flaw = Some(format!("it has a section of kind {other}, which is not known"));
                    break;
                }
            }
            let page = match file.read(section) {
                Ok(page) => Arc::new((section.shard as usize, page)),
                Err(why) => {
                    flaw = Some(why);
                    break;
                }
            };
            // A loader that has gone has found a flaw; it is told below.
            if senders.iter().any(|sender| sender.send(Arc::clone(&page)).is_err()) {
                break;
            }
        }
        drop(senders);
        let loaded: Result<Vec<Shard>, String> = loaders
            .into_iter()
            .map(|loader| loader.join().unwrap_or_else(|_| Err(String::from("a loader panicked"))))
            .collect();
        match flaw {
            Some(why) => Err(why),
            None => loaded,
        }
    })
}

fn take(mut loader: Loader<'_>, pages: &Receiver<Page>) -> Result<Shard, String> {
    while let Ok(page) = pages.recv() {
        loader.rows(page.0, &page.1).map_err(|flaw| flaw.to_string())?;
    }
    Ok(loader.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::file::FileWriter;
    use crate::snapshot::manifest::FORMAT;
    use crossdock_core::engine::Engine;
    use crossdock_core::intake::Intake;
    use crossdock_model::time::Micros;
    use std::io::Cursor;

    const DAY: &str = include_str!("../../demo/day.ndjson");

    fn identity() -> Identity {
        Identity {
            group: String::from("g"),
            stream: String::from("IN"),
            created: String::from("then"),
            feeds_digest: 1,
            rules_digest: 1,
        }
    }

    /// The bundled day as a snapshot of two shards.
    fn snapshot(feeds: &Feeds) -> (Vec<u8>, u64) {
        let options = EngineOptions { shards: 2, ..EngineOptions::default() };
        let mut engine = Engine::new(feeds, &options);
        let mut intake = Intake::default();
        for (seq, line) in (1..).zip(DAY.lines()) {
            let document: serde_json::Value = serde_json::from_str(line).expect("a capture line");
            let text = match &document["document"] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let feed = document["feed"].as_str().expect("a feed");
            intake.push(seq, Micros(1_779_369_250_000_000), "demo", feed, text.as_bytes());
        }
        engine.turn(&intake, |_, _| {});
        let mut file = FileWriter::begin(Vec::new()).expect("memory");
        let mut page = Vec::new();
        let mut manifest = Manifest {
            format: FORMAT,
            engine: String::from("test"),
            group: identity().group,
            stream: identity().stream,
            created: identity().created,
            position: 10,
            clock_us: 0,
            moved_us: 0,
            prints: Vec::new(),
            feeds_digest: 1,
            rules_digest: 1,
            epoch: 1,
            shards: 2,
            shipments: 0,
            state_hash: engine.state_hash(),
            sections: 0,
        };
        for (index, shard) in (0..).zip(engine.shards_mut()) {
            shard.begin_saving();
            manifest.shipments += shard.saved().1 as u64;
            while let Some(kind) = shard.save(&mut page, 1000) {
                file.section(kind, index, &page).expect("memory");
            }
        }
        engine.book_mut().begin_saving();
        while let Some(kind) = engine.book_mut().save(&mut page, 1000) {
            file.section(kind, 2, &page).expect("memory");
        }
        (file.finish(manifest).expect("memory").0, engine.state_hash())
    }

    #[test]
    fn any_damaged_byte_is_found_and_cut_files_too() {
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let (mut bytes, hash) = snapshot(&feeds);
        let check = |bytes: &[u8]| {
            let options = EngineOptions { shards: 3, ..EngineOptions::default() };
            let mut wanted = Wanted {
                identity: &identity(),
                committed: Position::whole(10),
                differs: &mut |_| None,
            };
            read(Cursor::new(bytes), &mut wanted, &feeds, &options)
        };
        let (manifest, (shards, ..)) = check(&bytes).expect("undamaged");
        assert_eq!(manifest.state_hash, hash);
        assert_eq!(shards.len(), 3);
        assert!(5 < manifest.sections && 10 < manifest.shipments, "{manifest:?}");
        let step = (bytes.len() / 1_000).max(1);
        for at in (0..bytes.len()).step_by(step).chain(0..40) {
            let bit = 1 << (at % 8);
            bytes[at] ^= bit;
            assert!(check(&bytes).is_err(), "byte {at} of {}", bytes.len());
            bytes[at] ^= bit;
        }
        for size in (0..bytes.len()).step_by(step) {
            assert!(check(&bytes[..size]).is_err(), "{size} bytes");
        }
        bytes.push(0);
        assert!(check(&bytes).is_err_and(|why| why.contains("follow its manifest")));
    }
}
