//! The engine in one piece: lanes and shards given turns by whoever owns them.
//!
//! # Place
//!
//! Embedded mode, tests and the ladder run this on one thread. A node runs the same lanes and
//! shards on threads of their own; the outputs are the same bytes.
//!
//! # Holds
//!
//! - `turn` is a pure function of (state, intake): no clock, no thread, no file.

use std::sync::Arc;

use crossdock_rules::rule::ruleset::RuleSet;

use crate::batch::Batch;
use crate::feeds::Feeds;
use crate::forecast::{Forecast, ForecastOptions};
use crate::intake::Intake;
use crate::lane::{Lane, LaneOptions, LaneOutput};
use crate::order_book::OrderBook;
use crate::output::{self, Message, Output};
use crate::shard::{Shard, ShardOptions};
use crate::standardize::place::Atlas;
use crate::tally::Tally;
use crate::under_way::Planted;

/// What the engine needs to know at start.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// How many lanes take turns.
    pub lanes: usize,
    /// Among how many shards shipments are divided.
    pub shards: usize,
    /// Limits of the lanes.
    pub lane: LaneOptions,
    /// Shipments to make room for, all shards together.
    pub shipments_expected: usize,
    /// Shipments to have at most, all shards together.
    pub shipments_max: usize,
    /// Bytes of distinct texts kept, by shard.
    pub texts_size_max: usize,
    /// The rules that are in force until the log says otherwise; without, nobody watches.
    pub rules: Option<Arc<RuleSet>>,
    /// Rules are counted and tell nobody.
    pub rules_shadow: bool,
    /// How arrivals are foretold; without, nobody does.
    pub forecast: Option<Arc<ForecastOptions>>,
    /// Stands in for a bug, in tests.
    pub planted: Option<Planted>,
}

impl EngineOptions {
    /// The options of each lane.
    #[must_use]
    pub fn lane(&self) -> LaneOptions {
        let with_way = self.forecast.is_some() || self.rules.is_some();
        LaneOptions { with_way, ..self.lane.clone() }
    }

    /// The options of one of the shards.
    #[must_use]
    pub fn shard(&self, feeds: &Feeds, index: usize) -> ShardOptions {
        assert!(index < self.shards);
        ShardOptions {
            index,
            count: self.shards,
            shipments_expected: self.shipments_expected / self.shards,
            shipments_max: (self.shipments_max / self.shards).max(1),
            texts_size_max: self.texts_size_max,
            feed_names: feeds.names(),
            feed_modes: feeds.modes(),
            rules: self.rules.clone(),
            rules_shadow: self.rules_shadow,
            foretells: self.forecast.is_some(),
            planted: self.planted.clone(),
        }
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            lanes: 1,
            shards: 1,
            lane: LaneOptions::default(),
            shipments_expected: 1024,
            shipments_max: crossdock_model::limits::SHIPMENTS_DEFAULT,
            texts_size_max: 1 << 30,
            rules: None,
            rules_shadow: false,
            forecast: None,
            planted: None,
        }
    }
}

/// Lanes, shards and what goes between them.
#[derive(Debug)]
pub struct Engine {
    lanes: Vec<Lane>,
    shards: Vec<Shard>,
    batches: Vec<Batch>,
    letters: Output,
    outputs: Vec<Output>,
    book: OrderBook,
    book_output: Output,
    forecast: Option<Box<Forecast>>,
    forecast_output: Output,
    turn_count: usize,
}

impl Engine {
    /// Takes the memory it expects to use.
    #[must_use]
    pub fn new(feeds: &Feeds, options: &EngineOptions) -> Self {
        assert!(0 < options.lanes && options.lanes <= crossdock_model::limits::LANES_MAX);
        assert!(0 < options.shards && options.shards <= crossdock_model::limits::SHARDS_MAX);
        let atlas = Atlas::load();
        let lane = || Lane::new(feeds.clone(), atlas.clone(), options.lane());
        Self {
            lanes: (0..options.lanes).map(|_| lane()).collect(),
            shards: (0..options.shards).map(|i| Shard::new(options.shard(feeds, i))).collect(),
            batches: (0..options.shards).map(|_| Batch::default()).collect(),
            letters: Output::default(),
            outputs: (0..options.shards).map(|_| Output::default()).collect(),
            book: OrderBook::default(),
            book_output: Output::default(),
            forecast: options.forecast.clone().map(|it| Box::new(Forecast::new(it))),
            forecast_output: Output::default(),
            turn_count: 0,
        }
    }

    /// Takes one turn's documents in. What is to be said is visited in the order of the log.
    pub fn turn(&mut self, intake: &Intake, visit: impl FnMut(&Output, &Message)) {
        self.letters.clear();
        for batch in &mut self.batches {
            batch.clear();
        }
        let lane_index = self.turn_count % self.lanes.len();
        self.turn_count += 1;
        let mut lane_output = LaneOutput { batches: &mut self.batches, letters: &mut self.letters };
        self.lanes[lane_index].read(intake, &mut lane_output);
        for ((shard, batch), output) in
            self.shards.iter_mut().zip(&self.batches).zip(&mut self.outputs)
        {
            output.clear();
            shard.apply(batch, output);
        }
        self.book_output.clear();
        self.book.turn(self.outputs.iter(), &mut self.book_output);
        self.forecast_output.clear();
        if let Some(forecast) = &mut self.forecast {
            forecast.turn(intake, self.outputs.iter(), &mut self.forecast_output);
        }
        let others = [&self.letters, &self.book_output, &self.forecast_output];
        let is_alone = others.iter().all(|output| output.messages().is_empty());
        if let ([output], true) = (self.outputs.as_slice(), is_alone) {
            output::merge(&[output], visit);
            return;
        }
        let outputs: Vec<&Output> = self.outputs.iter().chain(others).collect();
        output::merge(&outputs, visit);
    }

    /// What was counted so far, lanes and shards together.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in self.lanes.iter().map(Lane::tally).chain(self.shards.iter().map(Shard::tally))
        {
            sum.add(tally);
        }
        sum.add(self.book.tally());
        if let Some(forecast) = &self.forecast {
            sum.add(forecast.tally());
        }
        assert!(sum.balances(), "every input ends in exactly one place: {sum:?}");
        sum
    }

    /// The hash of all state: the same whatever the number of lanes and shards.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let forecast = self.forecast.as_ref().map_or(0, |forecast| forecast.state_hash());
        let others = self.book.state_hash().wrapping_add(forecast);
        self.shards.iter().map(Shard::state_hash).fold(others, u64::wrapping_add)
    }

    /// The orders, to look into and to save.
    #[must_use]
    pub fn book(&self) -> &OrderBook {
        &self.book
    }

    /// The orders, to save them.
    pub fn book_mut(&mut self) -> &mut OrderBook {
        &mut self.book
    }

    /// Goes on with orders that were loaded.
    pub fn replace_book(&mut self, book: OrderBook) {
        self.book = book;
    }

    /// The forecast, where there is one.
    #[must_use]
    pub fn forecast(&self) -> Option<&Forecast> {
        self.forecast.as_deref()
    }

    /// The forecast, to save it.
    pub fn forecast_mut(&mut self) -> Option<&mut Forecast> {
        self.forecast.as_deref_mut()
    }

    /// Goes on with a forecast that was loaded. The engine must have been made with one.
    pub fn replace_forecast(&mut self, forecast: Forecast) {
        assert!(self.forecast.is_some());
        self.forecast = Some(Box::new(forecast));
    }

    /// The shards, to save them.
    pub fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// Goes on with shards that were loaded. There must be as many as the engine was made with.
    pub fn replace_shards(&mut self, shards: Vec<Shard>) {
        assert!(shards.len() == self.shards.len());
        self.shards = shards;
    }

    /// The lanes, to look into.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The shards, to look into.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }
}
