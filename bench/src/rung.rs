//! The rungs of the ladder: each adds one cost to the one below.

use std::hint::black_box;
use std::time::Instant;

use crossdock_core::batch::Batch;
use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::feeds::Feeds;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::output::Output;
use crossdock_core::standardize::place::Atlas;
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
    /// A lane: tape, extract, standardize.
    Standardize,
    /// The whole way of new and repeated documents: dedup, fold, changes as bytes.
    Fold,
    /// The same documents again, all known: what rejecting costs.
    Known,
    /// The whole way with lane and shard on threads of their own, rings between.
    Rings,
}

impl Rung {
    /// From the bottom.
    pub const ALL: [Self; 6] =
        [Self::Scan, Self::Tape, Self::Standardize, Self::Fold, Self::Known, Self::Rings];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Tape => "tape",
            Self::Standardize => "+standardize",
            Self::Fold => "+fold",
            Self::Known => "known again",
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
            Self::Fold => fold(laid, feeds, false),
            Self::Known => fold(laid, feeds, true),
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

fn fold(laid: &Laid, feeds: &Feeds, again: bool) -> f64 {
    let mut engine = Engine::new(feeds, &options(laid));
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
            std::hint::spin_loop();
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
