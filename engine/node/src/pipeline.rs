//! The pipeline: lanes and shards on threads of their own.
//!
//! # Place
//!
//! A source submits turns; **the pipeline** reads and applies them; the collector hands back what
//! is to be said, turn by turn, in the order of the log.
//!
//! # Method
//!
//! ```text
//! submit ->  lane 0 \ / shard 0 -> \
//!                    X               collect
//! submit ->  lane 1 / \ shard 1 -> /
//! ```
//!
//! Turn `n` goes to lane `n mod L`. A lane hands every shard one batch a turn, so a shard takes
//! turn `n` from lane `n mod L` and never has to ask which is next. Every arrow is a ring; a full
//! ring stops whoever is before it.
//!
//! # Holds
//!
//! - The messages of a turn are those of [`crossdock_core::engine::Engine`] on one thread, byte
//!   for byte, whatever the number of lanes and shards.

mod lane_agent;
mod shard_agent;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossdock_core::batch::Batch;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast::Forecast;
use crossdock_core::intake::Intake;
use crossdock_core::lane::Lane;
use crossdock_core::order_book::OrderBook;
use crossdock_core::output::{self, Message, Output};
use crossdock_core::shard::Shard;
use crossdock_core::standardize::place::Atlas;
use crossdock_core::tally::Tally;
use crossdock_model::limits::RING_BATCHES_MAX;

use self::lane_agent::LaneAgent;
use self::shard_agent::ShardAgent;
use crate::agent::{self, Agent};
use crate::bell::Bell;
use crate::panicked::{Alarm, Panicked};
use crate::ring::{Reader, Writer, ring};
use crate::snapshot::writer::PageSender;

/// A turn on its way through a lane.
#[derive(Debug, Default)]
struct LaneTurn {
    intake: Intake,
    letters: Output,
    tally: Tally,
    /// The shards begin a snapshot after this turn.
    begins_snapshot: bool,
}

/// A turn on its way through a shard.
#[derive(Debug, Default)]
struct ShardTurn {
    batch: Batch,
    output: Output,
    tally: Tally,
    shipments: usize,
    state_hash: u64,
    begins_snapshot: bool,
}

/// What one turn had to say.
#[derive(Debug)]
pub struct Collected {
    lane: LaneTurn,
    shards: Vec<ShardTurn>,
    orders: Output,
    estimates: Output,
    state_hash: u64,
}

impl Collected {
    /// Visits the messages in the order of the log.
    pub fn visit(&self, visit: impl FnMut(&Output, &Message)) {
        let shards = self.shards.iter().map(|turn| &turn.output);
        let outputs: Vec<&Output> =
            shards.chain([&self.lane.letters, &self.orders, &self.estimates]).collect();
        output::merge(&outputs, visit);
    }

    /// The hash of all state after the turn.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.state_hash
    }

    /// The documents that went in.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.lane.intake
    }
}

/// What a pipeline starts with: shards, their orders, and the forecast where the options have one.
pub type State = (Vec<Shard>, OrderBook, Option<Box<Forecast>>);

/// Lanes and shards at work.
#[derive(Debug)]
pub struct Pipeline {
    lanes_in: Vec<Writer<LaneTurn>>,
    lanes_out: Vec<Reader<LaneTurn>>,
    shards_out: Vec<Reader<ShardTurn>>,
    /// Batches on their way back, by lane and shard.
    spare: Vec<Vec<Writer<ShardTurn>>>,
    threads: Vec<JoinHandle<()>>,
    /// Rung by lanes and shards when a turn may be collected.
    bell: Arc<Bell>,
    submitted: u64,
    collected: u64,
    begins_snapshot: bool,
    waiting: VecDeque<LaneTurn>,
    partial: Vec<Option<ShardTurn>>,
    lane_tallies: Vec<Tally>,
    shard_tallies: Vec<(Tally, usize)>,
    /// The orders of all shards, turn by turn as they are collected.
    book: OrderBook,
    book_outputs: Vec<Output>,
    /// When the shipments of all shards arrive, likewise.
    forecast: Option<Box<Forecast>>,
    forecast_outputs: Vec<Output>,
    /// Where snapshots of the book and the forecast go.
    book_pages: Option<PageSender>,
    alarm: Alarm,
}

/// Turns under way at most: what all rings of one lane hold.
const TURNS_MAX: u64 = RING_BATCHES_MAX as u64;

impl Pipeline {
    /// Starts the threads with no shipments.
    #[must_use]
    pub fn start(feeds: &Feeds, options: &EngineOptions) -> Self {
        Self::start_empty(feeds, options, &Arc::default(), |_| None)
    }

    /// Starts the threads with no shipments; `bell` and `pages` as for [`Pipeline::start_with`].
    #[must_use]
    pub fn start_empty(
        feeds: &Feeds,
        options: &EngineOptions,
        bell: &Arc<Bell>,
        pages: impl Fn(usize) -> Option<PageSender>,
    ) -> Self {
        let shards = (0..options.shards).map(|i| Shard::new(options.shard(feeds, i))).collect();
        let forecast = options.forecast.clone().map(|it| Box::new(Forecast::new(it)));
        let state = (shards, OrderBook::default(), forecast);
        Self::start_with(feeds, options, state, bell, pages)
    }

    /// Starts the threads with these shards, as many as the options say, these orders and this forecast.
    /// `bell` is that of the thread that collects.
    /// `pages` gives each shard, and behind them the book and the forecast, the end it sends its snapshots to.
    #[must_use]
    pub fn start_with(
        feeds: &Feeds,
        options: &EngineOptions,
        state: State,
        bell: &Arc<Bell>,
        pages: impl Fn(usize) -> Option<PageSender>,
    ) -> Self {
        let (mut pipeline, agents) = Self::assemble(feeds, options, state, bell, pages);
        pipeline.threads = agents.into_iter().map(agent::spawn).collect();
        pipeline
    }

    /// The pipeline and its agents, to be given turns by whoever owns them: a simulator, in an order
    /// of its own.
    #[must_use]
    pub fn assemble(
        feeds: &Feeds,
        options: &EngineOptions,
        (states, mut book, forecast): State,
        bell: &Arc<Bell>,
        pages: impl Fn(usize) -> Option<PageSender>,
    ) -> (Self, Vec<Box<dyn Agent>>) {
        let (lanes, shards) = (options.lanes, options.shards);
        let mut agents: Vec<Box<dyn Agent>> = Vec::new();
        assert!(0 < lanes && 0 < shards && states.len() == shards);
        book.plant(options.planted.clone());
        let atlas = Atlas::load();
        let shard_bells: Vec<Arc<Bell>> = (0..shards).map(|_| Arc::default()).collect();
        let mut shard_readers: Vec<Vec<Reader<ShardTurn>>> =
            (0..shards).map(|_| Vec::new()).collect();
        let mut pipeline =
            Self::without_agents((lanes, shards), (book, forecast), bell, pages(shards));
        for index in 0..lanes {
            let lane_bell = Arc::default();
            let (inbox_writer, inbox) = ring(RING_BATCHES_MAX, Some(&lane_bell));
            let (outbox, outbox_reader) = ring(RING_BATCHES_MAX, Some(bell));
            let mut to_shards = Vec::new();
            let mut spare_readers = Vec::new();
            let mut spare_writers = Vec::new();
            for (readers, shard_bell) in shard_readers.iter_mut().zip(&shard_bells) {
                let (writer, reader) = ring(RING_BATCHES_MAX, Some(shard_bell));
                to_shards.push(writer);
                readers.push(reader);
                let (writer, reader) = ring(2 * RING_BATCHES_MAX, None);
                spare_writers.push(writer);
                spare_readers.push(reader);
            }
            pipeline.lanes_in.push(inbox_writer);
            pipeline.lanes_out.push(outbox_reader);
            pipeline.spare.push(spare_writers);
            agents.push(Box::new(LaneAgent {
                name: format!("lane-{index}"),
                bell: lane_bell,
                lane: Lane::new(feeds.clone(), atlas.clone(), options.lane()),
                inbox,
                outbox,
                to_shards,
                spare: spare_readers,
                pending: None,
                batches: Vec::new(),
            }));
        }
        let shards = shard_readers.into_iter().zip(shard_bells).zip(states);
        for (index, ((inboxes, shard_bell), shard)) in shards.enumerate() {
            let (outbox, reader) = ring(RING_BATCHES_MAX * lanes, Some(bell));
            pipeline.shards_out.push(reader);
            agents.push(Box::new(ShardAgent {
                name: format!("shard-{index}"),
                bell: shard_bell,
                shard,
                inboxes,
                outbox,
                turn_index: 0,
                pending: None,
                pages: pages(index),
                alarm: pipeline.alarm.clone(),
                is_over: false,
            }));
        }
        (pipeline, agents)
    }

    /// The collecting end alone, for so many lanes and shards.
    fn without_agents(
        (lanes, shards): (usize, usize),
        (book, forecast): (OrderBook, Option<Box<Forecast>>),
        bell: &Arc<Bell>,
        book_pages: Option<PageSender>,
    ) -> Self {
        Self {
            lanes_in: Vec::new(),
            lanes_out: Vec::new(),
            shards_out: Vec::new(),
            spare: Vec::new(),
            threads: Vec::new(),
            bell: Arc::clone(bell),
            submitted: 0,
            collected: 0,
            begins_snapshot: false,
            waiting: VecDeque::new(),
            partial: (0..shards).map(|_| None).collect(),
            lane_tallies: vec![Tally::default(); lanes],
            shard_tallies: vec![(Tally::default(), 0); shards],
            book,
            book_outputs: Vec::new(),
            forecast,
            forecast_outputs: Vec::new(),
            book_pages,
            alarm: Alarm::default(),
        }
    }

    /// True where another turn may be submitted.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.submitted - self.collected < TURNS_MAX
    }

    /// True where everything that was submitted was collected.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.submitted == self.collected
    }

    /// An empty intake to fill, with the memory of an earlier turn where there is one.
    pub fn spare_intake(&mut self) -> Intake {
        self.waiting.pop_front().map(|turn| turn.intake).unwrap_or_default()
    }

    /// The shards begin a snapshot after the turn that is submitted next.
    pub fn begin_snapshot(&mut self) {
        self.begins_snapshot = true;
    }

    /// Submits a turn. There must be room.
    pub fn submit(&mut self, intake: Intake) {
        assert!(self.has_room());
        let lane = (self.submitted % self.lanes_in.len() as u64) as usize;
        self.submitted += 1;
        let begins_snapshot = std::mem::take(&mut self.begins_snapshot);
        let turn = LaneTurn { intake, begins_snapshot, ..LaneTurn::default() };
        let pushed = self.lanes_in[lane].push(turn);
        assert!(pushed.is_ok(), "a lane's ring holds all turns that may be under way");
    }

    /// What the next turn has to say, when all its shards have spoken.
    pub fn collect(&mut self) -> Option<Collected> {
        if self.is_idle() || self.alarm.get().is_some() {
            return None;
        }
        for (partial, reader) in self.partial.iter_mut().zip(&mut self.shards_out) {
            if partial.is_none() {
                *partial = reader.pop();
            }
        }
        if self.partial.iter().any(Option::is_none) {
            return None;
        }
        let lane_index = (self.collected % self.lanes_out.len() as u64) as usize;
        let lane = self.lanes_out[lane_index].pop()?;
        self.collected += 1;
        self.lane_tallies[lane_index] = lane.tally;
        let shards: Vec<ShardTurn> = self.partial.iter_mut().filter_map(Option::take).collect();
        for (tally, turn) in self.shard_tallies.iter_mut().zip(&shards) {
            *tally = (turn.tally, turn.shipments);
        }
        let mut orders = self.book_outputs.pop().unwrap_or_default();
        let outputs = || shards.iter().map(|turn| &turn.output);
        let book = &mut self.book;
        self.alarm.guard(book, |book| book.turn(outputs(), &mut orders), OrderBook::under_way)?;
        let mut estimates = self.forecast_outputs.pop().unwrap_or_default();
        let mut state_hash = self.book.state_hash();
        if let Some(forecast) = self.forecast.as_deref_mut() {
            let turn = |it: &mut Forecast| it.turn(&lane.intake, outputs(), &mut estimates);
            self.alarm.guard(forecast, turn, Forecast::under_way)?;
            state_hash = state_hash.wrapping_add(forecast.state_hash());
        }
        if lane.begins_snapshot && self.book_pages.is_some() {
            self.book.begin_saving();
            if let Some(forecast) = &mut self.forecast {
                forecast.begin_saving();
            }
        }
        let hashes = shards.iter().map(|turn| turn.state_hash);
        let state_hash = hashes.fold(state_hash, u64::wrapping_add);
        Some(Collected { lane, shards, orders, estimates, state_hash })
    }

    /// Rung when a turn may be collected.
    #[must_use]
    pub fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Waits until a turn can be collected, or this long; always the same thread does.
    pub fn wait(&self, at_most: Duration) {
        let nap = self.bell.lie_down();
        let is_partial = |(partial, reader): (&Option<ShardTurn>, &Reader<ShardTurn>)| {
            partial.is_none() && reader.is_empty()
        };
        if self.partial.iter().zip(&self.shards_out).any(is_partial) {
            nap.sleep(at_most);
        }
    }

    /// True while the next pages of orders or of the forecast wait for the writer of a snapshot.
    #[must_use]
    pub fn is_saving_orders(&self) -> bool {
        let is_foretelling = self.forecast.as_ref().is_some_and(|it| it.is_saving());
        self.book_pages.is_some() && (self.book.is_saving() || is_foretelling)
    }

    /// Gives the memory of a collected turn back.
    pub fn recycle(&mut self, collected: Collected) {
        let lane_index = ((self.collected - 1) % self.lanes_in.len() as u64) as usize;
        let Collected { mut lane, shards, mut orders, mut estimates, .. } = collected;
        estimates.clear();
        self.forecast_outputs.push(estimates);
        orders.clear();
        self.book_outputs.push(orders);
        for (writer, mut turn) in self.spare[lane_index].iter_mut().zip(shards) {
            turn.batch.clear();
            turn.output.clear();
            // A full ring of spares means that there are enough of them.
            drop(writer.push(turn));
        }
        lane.intake.clear();
        if self.waiting.len() < RING_BATCHES_MAX {
            self.waiting.push_back(lane);
        }
    }

    /// Copies the next page of orders, or of the forecast, of a snapshot that is under way; true where there was one.
    pub fn save_orders(&mut self) -> bool {
        let Some(pages) = &mut self.book_pages else { return false };
        let is_foretelling = self.forecast.as_ref().is_some_and(|it| it.is_saving());
        if !pages.is_free() || !(self.book.is_saving() || is_foretelling) {
            return false;
        }
        let start = Instant::now();
        let mut page = Vec::with_capacity(PAGE_SIZE + PAGE_SIZE / 8);
        let forecast = self.forecast.as_mut();
        let kind =
            self.book.save(&mut page, PAGE_SIZE).or_else(|| forecast?.save(&mut page, PAGE_SIZE));
        let sum = self.forecast.as_ref().map_or(0, |forecast| forecast.saved());
        match kind {
            Some(kind) => pages.page(kind, page),
            None => pages.done(self.book.saved().wrapping_add(sum), 0),
        }
        pages.stalled(start.elapsed());
        true
    }

    /// The account up to the last turn collected.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in self.lane_tallies.iter().chain(self.shard_tallies.iter().map(|(it, _)| it)) {
            sum.add(tally);
        }
        sum.add(self.book.tally());
        if let Some(forecast) = &self.forecast {
            sum.add(forecast.tally());
        }
        sum
    }

    /// Shipments known, up to the last turn collected.
    #[must_use]
    pub fn shipments(&self) -> usize {
        self.shard_tallies.iter().map(|(_, count)| count).sum()
    }

    /// True where a part has panicked, or a thread has ended before its time: a bug, after which nothing may be said.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.alarm.get().is_some() || self.threads.iter().any(JoinHandle::is_finished)
    }

    /// What a part was at when it panicked, where that is known.
    #[must_use]
    pub fn panicked(&self) -> Option<&Panicked> {
        self.alarm.get()
    }
}

/// Bytes of a snapshot that a shard copies between two turns: a few hundred microseconds.
const PAGE_SIZE: usize = 256 * 1024;
