//! The rungs of the ladder: each adds one cost to the one below.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_core::batch::Batch;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::extract::Slots;
use crossdock_core::extract::known::Plans;
use crossdock_core::feeds::Feeds;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::output::Output;
use crossdock_core::standardize::place::Atlas;
use crossdock_format::{DecodeLimits, Decoder, Format, Shapes, Tape as FormatTape};
use crossdock_node::pipeline::Pipeline;
use simd_json::{Buffers, Tape};

use crate::oracle::Expected;
use crate::workload::Laid;

/// A rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Every byte looked at once: `memchr` for line ends.
    Scan,
    /// simd-json's tape alone, buffers reused: the baseline of the ratios.
    Tape,
    /// Learned shapes alone: documents compared with the runs that are known.
    Shapes,
    /// Shapes, and what the feed wants in its slots. Documents that need a tape are left out.
    Extract,
    /// A lane: extract, standardize.
    Standardize,
    /// The whole way of documents that are all known: what rejecting costs.
    Dedup,
    /// The whole way of new and repeated documents: dedup, fold, changes as bytes.
    Fold,
    /// The same with learned shapes switched off: every document is decoded.
    Decoded,
    /// The same as `Fold` with the built-in rules watching.
    Rules,
    /// The same as `Rules`, with arrivals foretold and learned.
    Estimates,
    /// The whole way with lane and shard on threads of their own, rings between.
    Rings,
}

impl Rung {
    /// From the bottom.
    pub const ALL: [Self; 11] = [
        Self::Scan,
        Self::Tape,
        Self::Shapes,
        Self::Extract,
        Self::Standardize,
        Self::Dedup,
        Self::Fold,
        Self::Decoded,
        Self::Rules,
        Self::Estimates,
        Self::Rings,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Tape => "tape",
            Self::Shapes => "shapes",
            Self::Extract => "+extract",
            Self::Standardize => "+standardize",
            Self::Dedup => "+dedup",
            Self::Fold => "+fold",
            Self::Decoded => "+fold, decoded",
            Self::Rules => "+rules",
            Self::Estimates => "+eta",
            Self::Rings => "+rings",
        }
    }

    /// Seconds for one pass over the workload.
    #[must_use]
    pub fn run(self, laid: &Laid, feeds: &Feeds) -> f64 {
        match self {
            Self::Scan => scan(laid),
            Self::Tape => tape(laid),
            Self::Standardize => standardize(laid, feeds),
            Self::Shapes => shapes(laid, feeds, false),
            Self::Extract => shapes(laid, feeds, true),
            Self::Dedup => fold(laid, feeds, &options(laid), true),
            Self::Fold => fold(laid, feeds, &options(laid), false),
            Self::Decoded => fold(laid, feeds, &decoded(laid), false),
            Self::Rules => fold(laid, feeds, &watched(laid), false),
            Self::Estimates => fold(laid, feeds, &foretold(laid), false),
            Self::Rings => rings(laid, feeds),
        }
    }
}

fn scan(laid: &Laid) -> f64 {
    let start = Instant::now();
    for turn in &laid.turns {
        for incoming in turn.documents() {
            black_box(memchr::memchr_iter(b'\n', turn.document(incoming)).count());
        }
    }
    start.elapsed().as_secs_f64()
}

fn tape(laid: &Laid) -> f64 {
    let mut buffers = Buffers::default();
    let mut storage: Tape<'static> = Tape(Vec::new());
    let mut bytes: Vec<u8> = Vec::new();
    let start = Instant::now();
    for turn in &laid.turns {
        for incoming in turn.documents() {
            let document = turn.document(incoming);
            bytes.clear();
            bytes.extend_from_slice(document);
            bytes.resize(document.len() + simd_json::INPUT_PADDING, 0);
            let mut tape = storage.reset();
            let filled =
                simd_json::fill_tape_padded(&mut bytes, document.len(), &mut buffers, &mut tape);
            black_box((filled.is_ok(), tape.0.len()));
            storage = tape.reset();
        }
    }
    start.elapsed().as_secs_f64()
}

fn standardize(laid: &Laid, feeds: &Feeds) -> f64 {
    let mut lane = Lane::new(feeds.clone(), Atlas::load(), LaneOptions::default());
    let mut batches = [Batch::default()];
    let mut letters = Output::default();
    let start = Instant::now();
    for turn in &laid.turns {
        batches[0].clear();
        letters.clear();
        lane.read(turn, &mut LaneOutput { batches: &mut batches, letters: &mut letters });
        black_box(batches[0].items.len());
    }
    start.elapsed().as_secs_f64()
}

fn options(laid: &Laid) -> EngineOptions {
    EngineOptions { shipments_expected: laid.documents, ..EngineOptions::default() }
}

/// Learned shapes switched off.
fn decoded(laid: &Laid) -> EngineOptions {
    let lane = LaneOptions { uses_shapes: false, ..LaneOptions::default() };
    EngineOptions { lane, ..options(laid) }
}

/// The rules that are built in, in force.
fn watched(laid: &Laid) -> EngineOptions {
    let rules = crossdock_rules::rule::pack::builtin()
        .load(&crossdock_rules::rule::Options::default())
        .expect("the rules that are built in have no mistakes");
    EngineOptions { rules: Some(Arc::new(rules)), ..options(laid) }
}

/// Rules, and the estimates that are declared by default.
fn foretold(laid: &Laid) -> EngineOptions {
    let forecast = crossdock_node::estimates::load(None, None)
        .expect("the declaration that is built in has no mistakes");
    EngineOptions { forecast: Some(forecast), ..watched(laid) }
}

/// Documents of feeds in JSON by the runs that are known; with `extract`, their wanted values as well.
fn shapes(laid: &Laid, feeds: &Feeds, extract: bool) -> f64 {
    let limits = DecodeLimits::default();
    let mut decoder = Decoder::new(limits);
    let fresh = || (Shapes::new(limits), Plans::default(), Slots::default());
    let mut learned: Vec<_> = feeds.set().feeds().iter().map(|_| fresh()).collect();
    let mut storage: FormatTape<'static> = FormatTape(Vec::new());
    let mut children = Vec::new();
    let start = Instant::now();
    for turn in &laid.turns {
        for incoming in turn.documents() {
            let Some(feed) = feeds.by_name(turn.feed(incoming)) else { continue };
            let document = turn.document(incoming);
            let keys = feeds.keys(feed.id);
            let (shapes, plans, slots) = &mut learned[usize::from(feed.id.0)];
            let Some(text) = shapes.read(document) else {
                let mut copy = document.to_vec();
                if *feeds.format(feed.id) == Format::Json
                    && let Ok(read) = decoder.decode(&Format::Json, &mut copy)
                {
                    shapes.learn(document, read.view().nodes, |key| keys.id(key));
                }
                continue;
            };
            if !extract {
                continue;
            }
            let mut values = storage.reset();
            if let Some(index) = plans.read(keys, shapes, text, &mut values.0) {
                let layout = plans.layout(index);
                for root in layout.roots() {
                    children.clear();
                    layout.fill(*root, keys.level(0), slots, &mut children);
                    black_box(children.len());
                }
            }
            storage = values.reset();
        }
    }
    start.elapsed().as_secs_f64()
}

fn fold(laid: &Laid, feeds: &Feeds, options: &EngineOptions, again: bool) -> f64 {
    let mut engine = Engine::new(feeds, options);
    let pass = |engine: &mut Engine| {
        let start = Instant::now();
        for turn in &laid.turns {
            engine.turn(turn, |output, message| {
                black_box(output.body(message).len());
            });
        }
        start.elapsed().as_secs_f64()
    };
    let first = pass(&mut engine);
    if again { pass(&mut engine) } else { first }
}

fn rings(laid: &Laid, feeds: &Feeds) -> f64 {
    let mut pipeline = Pipeline::start(feeds, &options(laid));
    let mut turns = laid.turns.iter();
    let mut next = turns.next();
    let start = Instant::now();
    // Ends: every turn is submitted once and collected once.
    while next.is_some() || !pipeline.is_idle() {
        while let (Some(turn), true) = (next, pipeline.has_room()) {
            let mut intake = pipeline.spare_intake();
            turn.copy_into(&mut intake);
            pipeline.submit(intake);
            next = turns.next();
        }
        if let Some(collected) = pipeline.collect() {
            collected.visit(|output, message| {
                black_box(output.body(message).len());
            });
            pipeline.recycle(collected);
        } else {
            pipeline.wait(Duration::from_millis(1));
        }
        assert!(!pipeline.has_failed(), "a pipeline thread has panicked");
    }
    start.elapsed().as_secs_f64()
}

/// What the whole way says of a workload, to hold against the oracle.
#[must_use]
pub fn said(laid: &Laid, feeds: &Feeds) -> Expected {
    let mut engine = Engine::new(feeds, &options(laid));
    let mut said = Expected::default();
    for turn in &laid.turns {
        engine.turn(turn, |output, message| said.add_said(output, message));
    }
    let tally = engine.tally();
    said.inputs = tally.inputs;
    said.dead = tally.of(crossdock_model::reject::Outcome::Dead);
    said
}
