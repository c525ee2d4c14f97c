//! A warm engine takes nothing from the allocator for what it has seen before.
//!
//! # Place
//! `Lane::read`, `Shard::apply` and `Forecast::turn`, the whole way from bytes to changes, for every JSON feed.
//! # Method
//! An allocator counts what this thread asks for. The bundled day is read twice; from the third time
//! on every event is known and every shape has been met. Set `CROSSDOCK_TRACE_ALLOCATIONS=1` to see where
//! memory was asked for.
//! # Holds
//! Known events: no allocation for a document. New events of a known shipment with known words: none
//! but a page of histories for every thousands of events. Rules watch, and raise.
//! # Does not hold
//! New shipments, new texts and dead letters: they are kept, so they take memory.

use crossdock_core::batch::Batch;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::forecast::Forecast;
use crossdock_core::intake::Intake;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::output::Output;
use crossdock_core::shard::Shard;
use crossdock_core::standardize::place::Atlas;
use crossdock_model::reject::Outcome;
use crossdock_model::time::Micros;
use crossdock_tests::replay::{self, Document, micros};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static TRACED: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, counting what each thread asks for.
struct Counting;

#[expect(clippy::print_stdout, reason = "somebody asked where memory is taken")]
fn count() {
    COUNT.with(|count| count.set(count.get() + 1));
    if TRACED.with(|traced| traced.replace(false)) {
        println!("{}", std::backtrace::Backtrace::force_capture());
    }
}

// SAFETY: every call is handed to the system's allocator unchanged; counting touches thread-local
// cells that need neither allocation nor a destructor.
#[expect(unsafe_code, reason = "counting allocations needs an allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the pointer came from `System` with this layout; the caller's promise about `size`
        // is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One lane and one shard, and what goes between them.
struct Way {
    lane: Lane,
    shard: Shard,
    batches: [Batch; 1],
    letters: Output,
    output: Output,
    forecast: Forecast,
    estimates: Output,
    intake: Intake,
    seq: u64,
}

impl Way {
    fn new(feeds: &Feeds) -> Self {
        let options = EngineOptions {
            shipments_expected: 4096,
            shipments_max: 1 << 20,
            texts_size_max: 1 << 24,
            forecast: Some(replay::forecast()),
            rules: Some(replay::loud_rules()),
            ..EngineOptions::default()
        };
        Self {
            lane: Lane::new(feeds.clone(), Atlas::load(), LaneOptions::default()),
            shard: Shard::new(options.shard(feeds, 0)),
            batches: [Batch::default()],
            letters: Output::default(),
            output: Output::default(),
            forecast: Forecast::new(replay::forecast()),
            estimates: Output::default(),
            intake: Intake::default(),
            seq: 0,
        }
    }

    /// Takes one turn; how often the lane, and the shard with the forecast, asked for memory.
    fn turn(&mut self, documents: &[Document]) -> (usize, usize) {
        self.intake.clear();
        let received = documents.iter().map(|document| document.received).max().expect("some");
        for document in documents {
            self.seq += 1;
            self.intake.push(self.seq, Micros(received), "demo", &document.feed, &document.bytes);
        }
        self.batches[0].clear();
        self.letters.clear();
        self.output.clear();
        self.estimates.clear();
        let mut out = LaneOutput { batches: &mut self.batches, letters: &mut self.letters };
        let lane = counted(|| self.lane.read(&self.intake, &mut out));
        let shard = counted(|| self.shard.apply(&self.batches[0], &mut self.output));
        let outputs = [&self.output].into_iter();
        let told = counted(|| self.forecast.turn(&self.intake, outputs, &mut self.estimates));
        (lane, shard + told)
    }
}

fn counted(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn known_events_take_no_memory() {
    let feeds = replay::feeds();
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    let day = replay::capture(&fs::read_to_string(day).expect("the day is in the workspace"));
    let mut way = Way::new(&feeds);
    // What can't be read becomes a dead letter, which takes memory.
    let is_good = |document: &&Document| {
        way.turn(core::slice::from_ref(document));
        way.letters.messages().is_empty()
    };
    let good: Vec<Document> = day.iter().filter(is_good).cloned().collect();
    assert!(day.len() - 20 < good.len());
    way.turn(&good);
    way.turn(&good);
    let known = way.shard.tally().of(Outcome::Known);
    TRACED.set(std::env::var_os("CROSSDOCK_TRACE_ALLOCATIONS").is_some());
    let found = way.turn(&good);
    TRACED.set(false);
    assert!(known < way.shard.tally().of(Outcome::Known), "the events are known");
    for document in &good {
        let document = core::slice::from_ref(document);
        let alone = way.turn(document);
        assert_eq!(
            alone,
            (0, 0),
            "lane and shard, {}",
            String::from_utf8_lossy(&document[0].bytes)
        );
    }
    assert_eq!(found, (0, 0), "lane and shard, the whole day");
}

#[test]
fn new_events_take_only_the_growth_of_histories() {
    const SHIPMENTS: usize = 2000;
    let feeds = replay::feeds();
    let mut way = Way::new(&feeds);
    let round = |name: &str, event: usize| -> Vec<Document> {
        let document = |shipment: usize| {
            let bytes = format!(
                r#"{{"carrier":"velo","tracking_number":"{name}-{shipment}","event":"ARRIVED_FACILITY","at":"2026-05-21T{event:02}:00:00Z"}}"#
            );
            let received = micros("2026-05-22T00:00:00Z");
            Document { feed: String::from("generic"), received, bytes: bytes.into_bytes() }
        };
        (0..SHIPMENTS).map(document).collect()
    };
    // The third event makes a rule raise for each shipment: others show how large that output is.
    for event in 0..4 {
        way.turn(&round("WX", event));
    }
    assert!(0 < way.shard.tally().rules.raised);
    // The first two events of each make the shipments, the senses and what rules keep of each.
    way.turn(&round("VX", 0));
    way.turn(&round("VX", 1));
    TRACED.set(std::env::var_os("CROSSDOCK_TRACE_ALLOCATIONS").is_some());
    for event in 2..16 {
        let (lane, shard) = way.turn(&round("VX", event));
        assert_eq!(lane, 0, "event {event}");
        // A page for every thousands of events, and the lists of pages.
        assert!(shard <= 24, "event {event}: {shard} allocations for {SHIPMENTS} events");
    }
    assert_eq!(way.shard.tally().of(Outcome::Known), 0);
}
