//! Any bytes as rule files: errors with places, never a panic, never a hang.
//!
//! # Method
//!
//! The rule files of the tree are teachers. Each input is one of them with a few mutations: bytes changed, cut out, doubled or
//! cut off; lines moved or taken from another file; words put in place of words; nesting, long lists and long numbers.
//! It is checked, laid out, mended, and what loads is run through its tests. `MUTATIONS` sets how many inputs there are.
//!
//! # Holds
//!
//! - What does not load has an error, each with a code that is explained and a place in the file.
//! - What is mended is mended: `--fix` ends, and what it writes can be read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossdock_rules::rule::Options;
use crossdock_rules::rule::canonical_layout::format;
use crossdock_rules::rule::codes;
use crossdock_rules::rule::diagnostic::{Report, Source};
use crossdock_rules::rule::facts::HashInterner;
use crossdock_rules::rule::pack::{self, Pack};
use crossdock_rules::rule::ruleset::RuleSet;

/// Inputs where nobody says how many.
const COUNT_DEFAULT: u64 = 300;
/// Bytes of a teacher that is used whole: larger ones are cut, so that inputs are many.
const TEACHER_SIZE_MAX: usize = 3_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `count`; 0 where there is nothing below it.
    fn below(&mut self, count: usize) -> usize {
        (self.next() % (count.max(1) as u64)) as usize
    }
}

/// The rule files of the tree, cut at rules so that each is small.
fn teachers() -> Vec<Vec<u8>> {
    let builtin = pack::builtin();
    let mut texts: Vec<String> =
        builtin.sources.iter().map(|source| source.text.to_string()).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/us-parcel");
    for name in ["us-parcel.yaml", "us-parcel.tests.yaml", "calendars/us.yaml"] {
        texts.push(std::fs::read_to_string(format!("{folder}/{name}")).expect("there"));
    }
    let mut cut = Vec::new();
    for text in texts {
        if text.len() <= TEACHER_SIZE_MAX {
            cut.push(text.into_bytes());
            continue;
        }
        for rule in text.split("\n  - id:").skip(1) {
            cut.push(format!("version: 1\nrules:\n  - id:{rule}\n").into_bytes());
        }
    }
    cut
}

const PIECES: [&str; 24] = [
    "\u{0}",
    "\u{feff}",
    "ß",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "---\n",
    "...\n",
    "|\n",
    ">-\n",
    "? ",
    "{",
    "[[[[[[[[[[",
    "\"",
    "'",
    "#",
    "99999999999999999999",
    "-1e999",
    "0x7fffffffffffffff",
    "24bh",
    "@2026-13-45",
    "&&",
    "!(((((((((",
];

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    let most = if random.below(4) == 0 { 400 } else { 12 };
    let len = 1 + random.below(most);
    let end = (at + len).min(bytes.len());
    match random.below(12) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => drop(bytes.drain(at..end)),
        2 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        3 => bytes.truncate(at),
        4 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
        5 => {
            let from = random.below(other.len());
            let piece = other[from..(from + len).min(other.len())].to_vec();
            bytes.splice(at..end, piece);
        }
        6 | 7 => swap_words(bytes, other, random),
        8 => {
            let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            let (from, to) = (random.below(lines.len()), random.below(lines.len()));
            lines.swap(from, to);
            *bytes = lines.join(&b'\n');
        }
        9 => {
            let depth = 1 + random.below(3_000);
            let open = [b'[', b'{', b'(', b'!'][random.below(4)];
            bytes.splice(at..at, std::iter::repeat_n(open, depth));
        }
        10 => {
            let count = 1 + random.below(12_000);
            bytes.splice(at..at, "ups, ".repeat(count).into_bytes());
        }
        _ => {
            let count = 1 + random.below(200);
            bytes.splice(at..at, " && shipment.value > 3".repeat(count).into_bytes());
        }
    }
}

/// Puts a word of another file in place of one.
fn swap_words(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let word = |text: &[u8], from: usize| {
        let start = from + text[from..].iter().position(is_word)?;
        let len =
            text[start..].iter().position(|byte| !is_word(byte)).unwrap_or(text.len() - start);
        Some(start..start + len)
    };
    let (at, from) = (random.below(bytes.len()), random.below(other.len()));
    if bytes.is_empty() || other.is_empty() {
        return;
    }
    if let (Some(old), Some(new)) = (word(bytes, at), word(other, from)) {
        bytes.splice(old, other[new].to_vec());
    }
}

/// What came of an input.
#[derive(Debug, Default)]
struct Count {
    loaded: u64,
    refused: u64,
    errors: u64,
    mended: u64,
    tested: u64,
}

fn try_one(bytes: &[u8], count: &mut Count) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = Source::new("x.yaml", text.clone());
    let laid_out = format(&source);
    drop(laid_out);
    match RuleSet::load(vec![source.clone()], &Options::default(), &mut HashInterner) {
        Ok(_) => {
            count.loaded += 1;
            let run = Pack::of([source]).test(&Options::default(), None);
            count.tested += run.outcomes.len() as u64;
        }
        Err(report) => {
            count.refused += 1;
            count.errors += report.list.len() as u64;
            check_report(&report, &text);
            let (mended, changes) = report.fixed(0);
            if 0 < changes {
                count.mended += 1;
                let again = Source::new("x.yaml", mended);
                drop(RuleSet::load(vec![again], &Options::default(), &mut HashInterner));
            }
        }
    }
    // The same bytes as a suite of tests.
    let suite = Source::new("x.tests.yaml", text);
    drop(Pack::of([suite]).test(&Options::default(), None));
}

fn check_report(report: &Report, text: &str) {
    assert!(report.has_errors(), "refused without an error");
    for diagnostic in &report.list {
        assert!(codes::explain(diagnostic.code).is_some(), "no text of {}", diagnostic.code);
        assert!(diagnostic.span.start <= diagnostic.span.end, "{diagnostic:?}");
        assert!(diagnostic.span.end as usize <= text.len() + 1, "{diagnostic:?}");
    }
    assert!(report.render().contains("--> x.yaml:"), "an error without a place");
}

#[test]
fn no_bytes_bring_the_checker_down() {
    let count = std::env::var("MUTATIONS").ok().and_then(|it| it.parse().ok());
    let count: u64 = count.unwrap_or(COUNT_DEFAULT);
    let first: u64 = std::env::var("SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(0);
    let teachers = teachers();
    assert!(50 < teachers.len(), "{} files to begin with", teachers.len());
    let mut total = Count::default();
    for seed in first..first + count {
        let mut random = Random(seed);
        let mut bytes = teachers[random.below(teachers.len())].clone();
        let other = &teachers[random.below(teachers.len())];
        for _ in 0..1 + random.below(4) {
            mutate(&mut bytes, other, &mut random);
        }
        let tried = catch_unwind(AssertUnwindSafe(|| try_one(&bytes, &mut total)));
        let text = String::from_utf8_lossy(&bytes);
        assert!(tried.is_ok(), "SEED={seed} MUTATIONS=1: {}", text.get(..2_000).unwrap_or(&text));
    }
    println!("{count} inputs from seed {first}: {total:?}");
    assert!(count < 100 || (0 < total.loaded && 0 < total.mended), "{total:?}");
}
