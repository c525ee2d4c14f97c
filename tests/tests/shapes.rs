//! Learned shapes fill the slots that the walk over a tape fills.
//!
//! # Method
//! Documents of the feeds' own tests, the scenarios, the bundled day and `loadgen`, each changed a little again and again (see
//! `mutate`), so that later ones take ways that no single document went. That the same is said of them is asked by
//! `mutation`.

use std::collections::HashMap;

use crossdock_core::extract::keys::FeedKeys;
use crossdock_core::extract::known::{Layout, Plans};
use crossdock_core::extract::{self, Slots};
use crossdock_format::{DecodeLimits, Decoder, Format, Shapes, TapeView};
use crossdock_rules::feed::program::Slot;
use crossdock_tests::mutate::{self, Random};
use crossdock_tests::replay;

/// Documents.
const MUTATIONS: u64 = 20_000;

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
    let feeds = replay::feeds();
    let mut documents = mutate::teachers(&feeds);
    documents.retain(mutate::is_object);
    let limits = DecodeLimits::default();
    let mut decoder = Decoder::new(limits);
    let mut learned: HashMap<String, (Shapes, Plans)> = HashMap::new();
    let mut compared: HashMap<String, usize> = HashMap::new();
    let mut random = Random(7);
    for _ in 0..MUTATIONS {
        let teacher = &documents[random.below(documents.len())];
        let bytes = mutate::changed(&teacher.bytes, &mut random);
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
        let Some(index) = plans.read(keys, shapes, text, &mut values) else { continue };
        let layout = plans.layout(index);
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
