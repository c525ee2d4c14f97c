//! A snapshot of an embedded engine in memory: taken page by page, and gone on from.
//!
//! # Place
//! Under the tests of snapshots, and under all that hold an engine that was restored against one that was
//! not. A node writes the same pages to a file.
//! # Holds
//! Pages of shards, orders and forecast.
//! # Does not hold
//! Lanes: they keep memories that change only their speed.

use crate::replay::Replay;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast;
use crossdock_core::order_book::OrderBook;
use crossdock_core::shard::Shard;
use crossdock_core::snapshot::{Loader, SavedTables, kind};
use std::sync::Arc;

/// Bytes of a page where it does not matter.
const PAGE_SIZE: usize = 1 << 16;

/// What an engine of some shards said of its state: the shard that wrote a page, its kind, its bytes.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// The pages, in the order in which they were taken.
    pub pages: Vec<(usize, u32, Vec<u8>)>,
    shards: usize,
}

impl Saved {
    /// Begins with the state as it is.
    pub fn begin(engine: &mut Engine) -> Self {
        engine.shards_mut().iter_mut().for_each(Shard::begin_saving);
        engine.book_mut().begin_saving();
        if let Some(forecast) = engine.forecast_mut() {
            forecast.begin_saving();
        }
        Self { pages: Vec::new(), shards: engine.shards().len() }
    }

    /// Takes at most one page of every part of the engine; false where that was all.
    pub fn take(&mut self, engine: &mut Engine, size: usize) -> bool {
        let mut page = Vec::new();
        let mut is_saving = false;
        for (index, shard) in engine.shards_mut().iter_mut().enumerate() {
            if let Some(kind) = shard.save(&mut page, size) {
                self.pages.push((index, kind, page.clone()));
            }
            is_saving |= shard.is_saving();
        }
        let book = engine.book_mut();
        if let Some(kind) = book.save(&mut page, size) {
            self.pages.push((0, kind, page.clone()));
        }
        is_saving |= book.is_saving();
        if let Some(forecast) = engine.forecast_mut() {
            if let Some(kind) = forecast.save(&mut page, size) {
                self.pages.push((0, kind, page.clone()));
            }
            is_saving |= forecast.is_saving();
        }
        is_saving
    }

    /// The shards of an engine of these options.
    ///
    /// # Errors
    /// What is wrong with a page.
    pub fn shards(&self, feeds: &Feeds, options: &EngineOptions) -> Result<Vec<Shard>, String> {
        let mut tables: Vec<SavedTables> =
            (0..self.shards).map(|_| SavedTables::default()).collect();
        for (index, kind, page) in &self.pages {
            match *kind {
                kind::TEXTS => tables[*index].add_texts(page),
                kind::SENSES => tables[*index].add_senses(page),
                _ => Ok(()),
            }
            .map_err(|flaw| flaw.to_string())?;
        }
        let of_kind = |wanted| self.pages.iter().filter(move |(_, kind, _)| *kind == wanted);
        let mut loaded = Vec::new();
        for index in 0..options.shards {
            let shard = options.shard(feeds, index);
            let mut loader = Loader::new(shard, (index, options.shards), &tables);
            for (_, _, page) in of_kind(kind::RULES) {
                loader.rules(page).map_err(|flaw| flaw.to_string())?;
            }
            for (saved_by, _, page) in of_kind(kind::SHIPMENTS) {
                loader.rows(*saved_by, page).map_err(|flaw| flaw.to_string())?;
            }
            loaded.push(loader.finish());
        }
        Ok(loaded)
    }

    /// Lets an engine of these options go on from here.
    ///
    /// # Panics
    /// Where a page is damaged.
    pub fn restore(&self, replay: &mut Replay, feeds: &Feeds, options: &EngineOptions) {
        let loaded = self.shards(feeds, options).expect("an undamaged snapshot loads");
        let engine = replay.engine_mut();
        engine.replace_shards(loaded);
        let mut book = OrderBook::default();
        for (_, _, page) in self.pages.iter().filter(|(_, kind, _)| *kind == kind::ORDERS) {
            book.take_page(page).expect("undamaged orders load");
        }
        engine.replace_book(book);
        if let Some(forecast) = &options.forecast {
            let mut flights = forecast::Loader::default();
            self.pages.iter().for_each(|(_, kind, page)| flights.page(*kind, page));
            let forecast = flights.finish(Arc::clone(forecast));
            engine.replace_forecast(forecast.expect("an undamaged forecast loads"));
        }
    }
}

/// Saves an engine and lets it forget everything but what was saved.
///
/// # Panics
/// Where the state is another one after that.
pub fn restart(replay: &mut Replay, feeds: &Feeds, options: &EngineOptions) {
    let hash = replay.state_hash();
    let mut saved = Saved::begin(replay.engine_mut());
    // Ends: every turn takes a page.
    while saved.take(replay.engine_mut(), PAGE_SIZE) {}
    saved.restore(replay, feeds, options);
    assert_eq!(replay.state_hash(), hash, "what is loaded is what was saved");
}
