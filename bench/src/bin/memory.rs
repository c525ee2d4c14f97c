//! What a shipment costs: bytes by the allocator's own count, and nanoseconds a new and a known event.
//!
//! # Place
//! `Shard::apply` alone: batches are made here, no document is read.
//! # Method
//! Shipments come in cohorts, as ages are spread in life. Each has eight events of the usual story, of which
//! five say something; numbers and words differ as they do. Bytes are what is allocated and not given back
//! at the end. Known events are the same histories again, whole and single, over all shipments in a
//! shuffled order, so that every probe misses the caches.
//! # Does not hold
//! What rules, estimates and orders add.
//!
//! ```sh
//! cargo run --release -p crossdock-bench --bin memory -- --shipments 5000000
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use crossdock_core::batch::{Batch, Group, Item, Span, Words};
use crossdock_core::output::Output;
use crossdock_core::shard::{Shard, ShardOptions, owner_key, shipment_key};
use crossdock_model::detail::{Detail, Evidence};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Fingerprint};
use crossdock_model::reason::{Party, Reason};
use crossdock_model::reject::Outcome;
use crossdock_model::time::{EventTime, Micros, Precision, ZoneSource};
use serde_json::{Value, json};

/// What a shipment costs: bytes by the allocator's own count, and nanoseconds an event.
#[derive(Debug, Parser)]
struct Args {
    /// Shipments, each with eight events.
    #[arg(long, default_value_t = 1_000_000)]
    shipments: u64,
    /// Small and quick: shows that it works, not how much.
    #[arg(long)]
    smoke: bool,
}

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting what is taken and not given back.
struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged; counting is an atomic.
#[expect(unsafe_code, reason = "counting allocations needs an allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System` with this layout; the caller's promise about `size`
        // is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STORY: [Detail; 8] = [
    Detail::LabelCreated,
    Detail::PickedUp,
    Detail::DepartedOrigin,
    Detail::ArrivedFacility,
    Detail::DepartedFacility,
    Detail::ArrivedFacility,
    Detail::OutForDelivery,
    Detail::Delivered,
];

/// 2026-01-01T00:00:00Z, seconds.
const START: i64 = 1_767_225_600;
const COHORT: u64 = 16 * 1024;
const BATCH: u64 = 256;

struct Maker {
    batch: Batch,
    seq: u64,
}

impl Maker {
    fn put(&mut self, text: &str) -> Span {
        self.batch.put(text)
    }

    /// A group of some events of one shipment.
    fn group(&mut self, shipment: u64, events: core::ops::Range<usize>) {
        self.seq += 1;
        let number = format!("1Z999AA1{shipment:010}");
        let first_item = self.batch.items.len() as u32;
        // Carriers tell within minutes, some within hours.
        let last = at_of(shipment, events.end - 1);
        let received =
            Micros::from_seconds(last + 120 + (shipment % 97 * shipment % 53) as i64 * 90);
        for (index, event) in events.clone().enumerate() {
            let item = self.item(shipment, event, index as u32, received);
            self.batch.items.push(item);
        }
        let owner = owner_key("acme", "ups");
        let group = Group {
            owner,
            key: shipment_key(owner, number.as_bytes()),
            seq: self.seq,
            received,
            tenant: self.put("acme"),
            carrier: self.put("ups"),
            number: self.put(&number),
            order: Span::default(),
            way: Span::default(),
            said: 0,
            aliases: Span::default(),
            unique: 0,
            eta: EventTime::default(),
            particulars: Span::default(),
            index: 0,
            feed: FeedId(0),
            first_item,
            item_count: events.len() as u32,
        };
        self.batch.groups.push(group);
    }

    fn item(&mut self, shipment: u64, event: usize, index: u32, received: Micros) -> Item {
        let at = at_of(shipment, event);
        let detail = STORY[event];
        let flags = match detail.evidence() {
            Evidence::Physical => EventFlags::PHYSICAL,
            _ => EventFlags::default(),
        };
        let mut hash = shipment.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ event as u64;
        hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let words = Words {
            codes: self.put(detail.name()),
            text: self.put(&format!("{} at dock {}", detail.name(), hash % 16)),
            place: self.put(&format!("CITY {}\x1fTX\x1f787{}\x1fUS", hash % 500, hash % 97)),
            hint: detail as u32,
        };
        let event = Event {
            fingerprint: Fingerprint(hash),
            time: EventTime {
                instant: Micros::from_seconds(at),
                local: Micros::from_seconds(at - 5 * 3600),
                precision: Precision::Second,
                zone_source: ZoneSource::GivenOffset,
            },
            received,
            place: 0,
            feed: FeedId(0),
            flags,
            detail,
            milestone: detail.milestone(),
            exception: ExceptionClass::None,
            reason: Reason::None,
            party: Party::Unknown,
            direction: detail.milestone().direction(),
        };
        Item { event, words, index }
    }
}

/// When an event of a shipment happened, seconds since 1970.
fn at_of(shipment: u64, event: usize) -> i64 {
    START + (shipment % 86_400) as i64 + event as i64 * 30_000
}

/// Applies batches of some shipments; nanoseconds within the shard.
fn apply(
    shard: &mut Shard,
    maker: &mut Maker,
    out: &mut Output,
    shipments: impl Iterator<Item = u64>,
    events: &core::ops::Range<usize>,
) -> u128 {
    let mut spent = 0;
    let mut shipments = shipments.peekable();
    while shipments.peek().is_some() {
        maker.batch.clear();
        out.clear();
        for shipment in shipments.by_ref().take(BATCH as usize) {
            maker.group(shipment, events.clone());
        }
        let start = Instant::now();
        shard.apply(&maker.batch, out);
        spent += start.elapsed().as_nanos();
    }
    spent
}

fn shard_for(count: u64) -> Shard {
    Shard::new(ShardOptions {
        index: 0,
        count: 1,
        shipments_expected: count as usize,
        shipments_max: usize::MAX,
        texts_size_max: 1 << 30,
        feed_names: vec!["ups-track".into()],
        feed_modes: vec!["parcel".into()],
        rules: None,
        foretells: false,
        rules_shadow: false,
        planted: None,
    })
}

fn main() {
    let args = Args::parse();
    let count = if args.smoke { 20_000 } else { args.shipments.max(1) };
    let before = LIVE.load(Ordering::Relaxed);
    let mut shard = shard_for(count);
    let (mut maker, mut out) = (Maker { batch: Batch::default(), seq: 0 }, Output::default());
    let mut new = [0_u128; STORY.len()];
    for cohort in (0..count).step_by(COHORT as usize) {
        for (event, spent) in new.iter_mut().enumerate() {
            let shipments = cohort..(cohort + COHORT).min(count);
            *spent += apply(&mut shard, &mut maker, &mut out, shipments, &(event..event + 1));
        }
    }
    (maker.batch, out) = (Batch::default(), Output::default());
    let taken = LIVE.load(Ordering::Relaxed) - before;
    let parts = parts(&shard, count);
    // An odd stride visits every shipment once where the count is no multiple of its factors.
    let shuffled = |i: u64| i.wrapping_mul(0x9E37_79B1) % count;
    let whole = apply(&mut shard, &mut maker, &mut out, (0..count).map(shuffled), &(0..8));
    let single = apply(&mut shard, &mut maker, &mut out, (0..count).map(shuffled), &(7..8));
    let known = shard.tally().of(Outcome::Known);
    assert!(known == count * 9, "every event is known: {known}");
    let per = |nanoseconds: u128, events: u64| (nanoseconds / u128::from(events)) as u64;
    let stories: Vec<Value> = (STORY.iter().zip(new))
        .map(|(detail, spent)| json!([detail.name(), per(spent, count)]))
        .collect();
    let record = json!({
        "bench": "memory",
        "shipments": count,
        "events": STORY.len(),
        "bytes_per_shipment": taken as f64 / count as f64,
        "parts": parts,
        "new_ns": per(new.iter().sum(), count * 8),
        "new_ns_by_event": stories,
        "known_eight_at_once_ns": per(whole, count * 8),
        "known_single_ns": per(single, count),
    });
    eprintln!(
        "{:.1} bytes a shipment; {} ns a new event, {} ns a known one",
        taken as f64 / count as f64,
        record["new_ns"],
        record["known_single_ns"]
    );
    println!("{record}");
}

/// Bytes a shipment by what they are for.
fn parts(shard: &Shard, count: u64) -> Value {
    let sizes = shard.memory_sizes();
    let per = |bytes: usize| bytes as f64 / count as f64;
    json!({
        "index and calendar": per(sizes.index),
        "records": per(sizes.records),
        "numbers": per(sizes.numbers),
        "estimates": per(sizes.estimates),
        "histories": per(sizes.histories),
        "words and senses": per(sizes.words),
    })
}
