//! Mutated documents and feed files: nothing panics, nothing hangs, everything is accounted for.
//!
//! # Place
//! What `fuzz/` does with a nightly compiler, on stable and seeded. `MUTATIONS` sets how many inputs.
//! # Method
//! The documents of the feeds' own tests are cut, doubled, swapped and overwritten by a small generator with a
//! fixed seed, and read through a lane by their feed. Every 64th input is a feed file treated likewise.
//! # Holds
//! The lane catches panics of a document; here one is a failure, with the seed that makes it.

use crossdock_core::feeds::Feeds;
use crossdock_tests::reading::read;
use crossdock_tests::replay::Document;

/// Inputs where nobody says how many: about a second in a debug build.
const COUNT_DEFAULT: u64 = 3_000;

/// Documents are read in turns of this many.
const TURN: usize = 200;

/// A small generator (splitmix64): the same seed, the same inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// Below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        assert!(0 < end);
        (self.next() % end as u64) as usize
    }

    /// One to four changes of a text.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
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
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            let end = (at + self.below(40)).min(bytes.len());
            match self.below(6) {
                0 => bytes[at] = self.next() as u8,
                1 => bytes.truncate(at),
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                4 => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    bytes.splice(at..at, token.iter().copied());
                }
                _ => {
                    let other = self.below(bytes.len());
                    bytes.swap(at, other);
                }
            }
        }
    }
}

#[test]
fn mutated_documents_and_feed_files_bring_nothing_down() {
    let count = std::env::var("MUTATIONS").ok().and_then(|it| it.parse().ok());
    let count: u64 = count.unwrap_or(COUNT_DEFAULT);
    let set = crossdock_rules::feed::builtin();
    let mut seeds: Vec<(String, Vec<u8>)> = Vec::new();
    for feed in set.feeds() {
        for test in set.tests(feed.id) {
            seeds.push((feed.name.to_string(), test.document.as_bytes().to_vec()));
        }
    }
    let feeds = Feeds::new(set);
    let files = crossdock_rules::feed::builtin_files();
    let mut random = Random(7);
    let mut documents = Vec::with_capacity(TURN);
    for round in 0..count {
        if round % 64 == 63 {
            let (path, text) = files[random.below(files.len())];
            let mut bytes = text.as_bytes().to_vec();
            random.mutate(&mut bytes);
            let text = String::from_utf8_lossy(&bytes);
            if let Err(errors) = crossdock_rules::feed::compile(&[(path, &text)]) {
                assert!(!errors.is_empty());
            }
            continue;
        }
        let (feed, seed) = &seeds[random.below(seeds.len())];
        let mut bytes = seed.clone();
        random.mutate(&mut bytes);
        documents.push(Document { feed: feed.clone(), received: 1_779_372_849_000_000, bytes });
        if documents.len() == TURN {
            let reading = read(&feeds, &documents);
            for letter in &reading.letters {
                assert_ne!(letter["reason"], "quarantined", "round {round}: {letter}");
            }
            documents.clear();
        }
    }
}
