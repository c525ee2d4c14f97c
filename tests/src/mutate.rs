//! Mutated documents of every feed: read with learned shapes and without, the same is said, and nothing comes down.
//!
//! # Place
//! The program `mutate` runs millions of them; `tests/mutation.rs` a few with every test run.
//! # Method
//! A *round* begins two engines, one that learns shapes and one that decodes every document. The documents of the
//! feeds' own tests, the scenarios, the bundled day and `loadgen` are changed a little, again and again: values, keys, pieces doubled,
//! left out or exchanged, bytes broken, texts cut. What was changed before has taught the shapes, so that later ones take ways that no
//! single document went. Every 64th input is a feed file treated likewise. A round is a function of its seed.
//! # Holds
//! Same bytes said, same account, the account balances, no panic (a lane catches them: `quarantined`), and no document
//! takes longer than a minute.
//! # Does not hold
//! Inputs that coverage would find: `fuzz/`.

use crate::replay::{self, Document, Replay};
use crate::scenario::Scenario;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::lane::LaneOptions;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_model::reject::Reject;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Documents of one round: enough to learn from, few enough that histories stay short.
pub const ROUND: u64 = 2_000;

/// Inputs from one feed file to the next.
const FILE_EVERY: u64 = 64;

/// What one document may take by the wall: a program of low priority waits for seconds, a document that hangs for ever.
const SLOW: Duration = Duration::from_secs(60);

/// A small generator (splitmix64): the same seed, the same inputs.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end.max(1) as u64) as usize
    }
}

/// What was run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Documents.
    pub documents: u64,
    /// Those read by a learned shape.
    pub by_shape: u64,
    /// Feed files.
    pub files: u64,
    /// Bytes of documents.
    pub bytes: u64,
}

impl Count {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.by_shape += other.by_shape;
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// A document that the two engines do not agree about, or that brought something down.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of its round.
    pub seed: u64,
    /// Its number in the round.
    pub number: u64,
    /// What is wrong.
    pub what: String,
    /// Its feed.
    pub feed: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// Documents to change: of every feed, in every format.
///
/// # Panics
/// Where a file of the workspace can't be read.
#[must_use]
pub fn teachers(feeds: &Feeds) -> Vec<Document> {
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
    let received = all[0].received;
    for feed in feeds.set().feeds() {
        for test in feeds.set().tests(feed.id) {
            let (feed, bytes) = (feed.name.to_string(), test.document.as_bytes().to_vec());
            all.push(Document { feed, received, bytes });
        }
    }
    for workload in [Workload::Flat, Workload::Nested, Workload::History, Workload::Mixed] {
        let plan = Plan::new(workload.parameters(40)).expect("40 shipments are in range");
        let mut documents = plan.documents();
        while let Some(entry) = documents.next() {
            let mut bytes = Vec::new();
            documents.write(&entry, &mut bytes);
            let feed = entry.feed.name().to_owned();
            all.push(Document { feed, received: entry.received_micros, bytes });
        }
    }
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

/// True where a document is a JSON object.
#[must_use]
pub fn is_object(document: &Document) -> bool {
    document.bytes.trim_ascii_start().starts_with(b"{")
}

/// Where the pieces between the marks of a document begin and end.
fn pieces(bytes: &[u8]) -> Vec<(usize, usize)> {
    let marks: &[u8] = match bytes.trim_ascii_start().first() {
        Some(b'<') => b"<>",
        Some(b'{' | b'[') => b",{}[]",
        _ => b"~*'+:,;\n",
    };
    let at: Vec<usize> = (0..bytes.len()).filter(|&at| marks.contains(&bytes[at])).collect();
    at.windows(2).map(|pair| (pair[0] + 1, pair[1])).collect()
}

/// Up to two changes of pieces.
#[must_use]
pub fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
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
                bytes[at] = random.bits() as u8;
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

/// One to five changes that know nothing of formats.
pub fn broken(bytes: &mut Vec<u8>, random: &mut Random) {
    const TOKENS: [&[u8]; 14] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\u",
        b"<",
        b"</",
        b"]]>",
        b"~",
        b"'",
        b"?",
        b"\xFF\xFE",
        b"1e999",
    ];
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = random.bits() as u8,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
}

/// Runs the round of a seed: `count` inputs, or fewer where one fails.
///
/// # Errors
/// The first input that fails.
pub fn round(
    feeds: &Feeds,
    teachers: &[Document],
    seed: u64,
    count: u64,
) -> Result<Count, Box<Failure>> {
    let options = |uses_shapes| EngineOptions {
        lane: LaneOptions { uses_shapes, ..LaneOptions::default() },
        ..EngineOptions::default()
    };
    let mut engines = [true, false].map(|uses| Replay::with(feeds, &options(uses)));
    let files = crossdock_rules::feed::builtin_files();
    let mut random = Random(seed);
    let mut total = Count::default();
    for number in 0..count {
        if number % FILE_EVERY == FILE_EVERY - 1 {
            let (path, text) = files[random.below(files.len())];
            let mut bytes = text.as_bytes().to_vec();
            broken(&mut bytes, &mut random);
            total.files += 1;
            let text = String::from_utf8_lossy(&bytes);
            if let Err(errors) = crossdock_rules::feed::compile(&[(path, &text)])
                && errors.is_empty()
            {
                let what = String::from("a feed file is refused without a mistake");
                return Err(Box::new(Failure { seed, number, what, feed: path.to_owned(), bytes }));
            }
            continue;
        }
        let teacher = &teachers[random.below(teachers.len())];
        let mut bytes = changed(&teacher.bytes, &mut random);
        if random.below(8) == 0 {
            broken(&mut bytes, &mut random);
        }
        let document = Document { bytes, ..teacher.clone() };
        total.documents += 1;
        total.bytes += document.bytes.len() as u64;
        if let Some(what) = wrong(&mut engines, &document) {
            let Document { feed, bytes, .. } = document;
            return Err(Box::new(Failure { seed, number, what, feed, bytes }));
        }
    }
    total.by_shape = engines[0].documents_by_shape();
    Ok(total)
}

/// What is wrong with what the engines make of a document.
fn wrong(engines: &mut [Replay; 2], document: &Document) -> Option<String> {
    let start = Instant::now();
    let [(by_shape, tally), (decoded, plain)] = engines.each_mut().map(|engine| {
        engine.push("demo", document);
        (engine.lines(), engine.tally())
    });
    if by_shape != decoded {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        return Some(format!("by shape {:?}, decoded {:?}", show(&by_shape), show(&decoded)));
    }
    if tally != plain {
        return Some(format!("by shape {tally:?}, decoded {plain:?}"));
    }
    if !tally.balances() {
        return Some(format!("the account does not balance: {tally:?}"));
    }
    if tally.rejects[Reject::Quarantined as usize] != 0 {
        return Some(String::from("a lane panicked"));
    }
    (SLOW < start.elapsed()).then(|| format!("it took {:?}", start.elapsed()))
}
