//! Learned shapes change the speed and nothing else: the same slots are filled, and the same is said.
//!
//! # Method
//! Two engines read the same documents, one by learned shapes, one by the decoder alone, and must say the same bytes and
//! count the same. The documents are those of the feeds' own tests, of the scenarios and of the bundled day,
//! each changed a little again and again: values, keys, pieces doubled, left out or exchanged, bytes broken. What was changed before
//! has taught the shapes, so that later ones take ways that no single document went.
//!
//! `CROSSDOCK_MUTATIONS` says how many documents; the default is what a test may take.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crossdock_core::engine::EngineOptions;
use crossdock_core::extract::keys::FeedKeys;
use crossdock_core::extract::known::{Layout, Plans};
use crossdock_core::extract::{self, Slots};
use crossdock_core::lane::LaneOptions;
use crossdock_format::{DecodeLimits, Decoder, Format, Shapes, TapeView};
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_rules::feed::program::Slot;
use crossdock_tests::replay::{self, Document, Replay};
use crossdock_tests::scenario::Scenario;
use serde_json::Value;

/// Documents where nobody says how many.
const MUTATIONS: u64 = 20_000;

/// Documents after which both engines begin anew, so that histories stay short.
const ROUND: u64 = 2_000;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| fs::read_to_string(path).expect("a file of the workspace is readable");
    let mut all = replay::capture(&read(&root.join("../engine/node/demo/day.ndjson")));
    let mut files: Vec<_> = fs::read_dir(root.join("scenarios"))
        .expect("the folder of scenarios is there")
        .map(|entry| entry.expect("an entry is readable").path())
        .collect();
    files.sort();
    for file in files {
        all.extend(Scenario::parse(&read(&file)).documents());
    }
    let feeds = replay::feeds();
    let received = all[0].received;
    for feed in feeds.set().feeds() {
        for test in feeds.set().tests(feed.id) {
            let (feed, bytes) = (feed.name.to_string(), test.document.as_bytes().to_vec());
            all.push(Document { feed, received, bytes });
        }
    }
    for workload in [Workload::Flat, Workload::Nested, Workload::History] {
        let plan = Plan::new(workload.parameters(40)).expect("40 shipments are in range");
        let mut documents = plan.documents();
        while let Some(entry) = documents.next() {
            let mut bytes = Vec::new();
            documents.write(&entry, &mut bytes);
            let feed = entry.feed.name().to_owned();
            all.push(Document { feed, received: entry.received_micros, bytes });
        }
    }
    all.retain(|document| document.bytes.trim_ascii_start().starts_with(b"{"));
    // Where a list of nodes is expected: nothing, and what is no node.
    for events in ["null", "17", "\"x\"", "[]", "[null]"] {
        let bytes = format!(
            r#"{{"tracking_number":"A-1","event":"PACKED","at":"2026-05-20T09:00:00Z","events":{events}}}"#
        );
        let (feed, bytes) = (String::from("generic"), bytes.into_bytes());
        all.extend(vec![Document { feed, received, bytes }; 20]);
    }
    // The same with the keys of each object in the order of the alphabet: what stood before a list stands behind it.
    let sorted = all.iter().filter_map(|document| {
        let value: Value = serde_json::from_slice(&document.bytes).ok()?;
        Some(Document { bytes: value.to_string().into_bytes(), ..document.clone() })
    });
    let sorted: Vec<Document> = sorted.collect();
    all.extend(sorted);
    all
}

/// Where the pieces between commas of a document begin and end.
fn pieces(bytes: &[u8]) -> Vec<(usize, usize)> {
    let marks = |byte: &u8| matches!(byte, b',' | b'{' | b'}' | b'[' | b']');
    let at: Vec<usize> = (0..bytes.len()).filter(|&at| marks(&bytes[at])).collect();
    at.windows(2).map(|pair| (pair[0] + 1, pair[1])).collect()
}

fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.below(3) {
        let pieces = pieces(&bytes);
        let Some(&(start, end)) = pieces.get(random.below(pieces.len())) else { break };
        let &(other_start, other_end) = &pieces[random.below(pieces.len())];
        let piece = bytes[start..end].to_vec();
        let value = piece.iter().position(|byte| *byte == b':').map_or(start, |at| start + at + 1);
        match random.below(9) {
            0 => drop(bytes.splice(value..end, *b"null")),
            1 => drop(bytes.splice(value..end, *b"\"\"")),
            2 => drop(bytes.splice(value..end, *b" 17 ")),
            3 => drop(bytes.splice(value..end, *b"[{\"code\":\"X\"},null]")),
            4 => {
                let mut twice = piece.clone();
                twice.push(b',');
                drop(bytes.splice(start..start, twice));
            }
            5 => drop(bytes.splice(start..(end + 1).min(bytes.len()), [])),
            6 => drop(bytes.splice(other_start..other_end, piece)),
            7 => {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
            _ => {
                let at = random.below(bytes.len());
                if bytes[at].is_ascii_alphanumeric() {
                    bytes[at] = b"0189AZaz"[random.below(8)];
                }
            }
        }
    }
    bytes
}

#[test]
fn shapes_change_the_speed_and_nothing_else() {
    let count = std::env::var("CROSSDOCK_MUTATIONS").ok().and_then(|text| text.parse().ok());
    let count: u64 = count.unwrap_or(MUTATIONS);
    let (feeds, documents) = (replay::feeds(), documents());
    assert!(100 < documents.len(), "{} documents to begin with", documents.len());
    let options = |uses_shapes| EngineOptions {
        lane: LaneOptions { uses_shapes, ..LaneOptions::default() },
        ..EngineOptions::default()
    };
    let mut by_shape = 0;
    let mut random = Random(20_261_122);
    let mut engines = [true, false].map(|uses| Replay::with(&feeds, &options(uses)));
    for number in 0..count {
        if number % ROUND == ROUND - 1 {
            by_shape += engines[0].documents_by_shape();
            engines = [true, false].map(|uses| Replay::with(&feeds, &options(uses)));
        }
        let teacher = &documents[random.below(documents.len())];
        let bytes = changed(&teacher.bytes, &mut random);
        let document = Document { bytes, ..teacher.clone() };
        let said = engines.each_mut().map(|engine| {
            engine.push("demo", &document);
            (String::from_utf8_lossy(&engine.lines()).into_owned(), engine.tally())
        });
        let shown = String::from_utf8_lossy(&document.bytes);
        assert_eq!(said[0].0, said[1].0, "document {number} of {}: {shown}", document.feed);
        assert_eq!(said[0].1, said[1].1, "document {number} of {}: {shown}", document.feed);
    }
    println!("{by_shape} of {count} documents were read by a learned shape");
    assert!(count < 10 * by_shape, "only {by_shape} of {count} documents were read by a shape");
}

/// What the levels of a feed find in a document, one line a node.
trait Levels {
    fn fill(&self, node: usize, level: usize, slots: &mut Slots, children: &mut Vec<u32>);
    fn value(&self, node: usize) -> String;
    fn keys(&self) -> &FeedKeys;
}

struct OnTape<'a>(TapeView<'a>, &'a FeedKeys);

impl Levels for OnTape<'_> {
    fn fill(&self, node: usize, level: usize, slots: &mut Slots, children: &mut Vec<u32>) {
        extract::fill(self.0, node, self.1.level(level), slots, children);
    }

    fn value(&self, node: usize) -> String {
        let mut text = String::new();
        self.0.write_json(node, &mut text);
        text
    }

    fn keys(&self) -> &FeedKeys {
        self.1
    }
}

struct ByShape<'a>(&'a Layout, TapeView<'a>, &'a FeedKeys);

impl Levels for ByShape<'_> {
    fn fill(&self, node: usize, level: usize, slots: &mut Slots, children: &mut Vec<u32>) {
        self.0.fill(node as u32, self.2.level(level), slots, children);
    }

    fn value(&self, node: usize) -> String {
        let mut text = String::new();
        self.1.write_json(node, &mut text);
        text
    }

    fn keys(&self) -> &FeedKeys {
        self.2
    }
}

fn dump(
    levels: &dyn Levels,
    count: usize,
    level: usize,
    node: usize,
    slots: &mut Slots,
    out: &mut String,
) {
    let mut children = Vec::new();
    levels.fill(node, level, slots, &mut children);
    for slot in 0..128 {
        // A layout leaves out what no lane looks into.
        let value = slots.get(Slot(slot)).filter(|_| levels.keys().is_read(Slot(slot)));
        if let Some(value) = value {
            out.push_str(&format!("{level}.{slot}={} ", levels.value(value)));
        }
    }
    out.push('\n');
    if level + 1 < count {
        for child in children {
            dump(levels, count, level + 1, child as usize, slots, out);
        }
    }
}

#[test]
fn layouts_fill_what_the_walk_fills() {
    let (feeds, documents) = (replay::feeds(), documents());
    let limits = DecodeLimits::default();
    let mut decoder = Decoder::new(limits);
    let mut learned: HashMap<String, (Shapes, Plans)> = HashMap::new();
    let mut compared: HashMap<String, usize> = HashMap::new();
    let mut random = Random(7);
    for _ in 0..MUTATIONS {
        let teacher = &documents[random.below(documents.len())];
        let bytes = changed(&teacher.bytes, &mut random);
        let Some(feed) = feeds.by_name(&teacher.feed) else { continue };
        let keys = feeds.keys(feed.id);
        let fresh = || (Shapes::new(limits), Plans::default());
        let (shapes, plans) = learned.entry(teacher.feed.clone()).or_insert_with(fresh);
        let mut copy = bytes.clone();
        let Ok(document) = decoder.decode(&Format::Json, &mut copy) else { continue };
        let Some(text) = shapes.read(&bytes) else {
            shapes.learn(&bytes, document.view().nodes, |key| keys.id(key));
            continue;
        };
        let mut values = Vec::new();
        let Some(layout) = plans.read(keys, shapes, text, &mut values) else { continue };
        let (tape, values) = (document.view(), TapeView::new(&values));
        let mut expected = String::new();
        let is_list = text.trim_start().starts_with('[');
        let roots: Vec<usize> = if is_list { tape.elements(0).collect() } else { vec![0] };
        let mut slots = Slots::default();
        for root in roots {
            dump(&OnTape(tape, keys), keys.count(), 0, root, &mut slots, &mut expected);
        }
        let mut found = String::new();
        let mut slots = Slots::default();
        for root in layout.roots() {
            let by_shape = ByShape(layout, values, keys);
            dump(&by_shape, keys.count(), 0, *root as usize, &mut slots, &mut found);
        }
        assert_eq!(found, expected, "{}: {text}", teacher.feed);
        *compared.entry(teacher.feed.clone()).or_default() += 1;
    }
    println!("compared, by feed: {compared:?}");
    assert!(12 <= compared.len(), "only {} feeds were read by shape: {compared:?}", compared.len());
}
