//! What codes mean: the rows of a feed's table, asked once per distinct code.
//!
//! # Method
//!
//! A table is walked row by row only when a combination of codes is seen for the first time. The
//! answer is kept under the codes; where a row also asks for the text, the codes are marked so and
//! the answer is kept under codes and text. Both memories are bounded; when they are full the rows
//! are walked, which is right and slower.
//!
//! # Holds
//!
//! - The answer is a pure function of (feed, codes, text). The memory changes only the speed.

use crossdock_rules::feed::program::{CodeRow, Feed, Meaning, TextPredicate};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// Distinct combinations kept.
const KEPT_MAX: usize = 65_536;

/// Separates the codes of a key. Texts of documents hardly hold it, and if one does, the worst is
/// a combination that shares the answer of another.
const SEPARATOR: u8 = 0x1F;

/// Stands before the text of a key.
const TEXT_MARK: u8 = 0x1E;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// These codes always mean this.
    Fixed(Meaning),
    /// The text decides.
    ByText,
}

#[derive(Debug)]
struct Kept {
    key: Box<[u8]>,
    answer: Answer,
}

/// The memory of one lane.
#[derive(Debug, Default)]
pub struct Meanings {
    table: HashTable<Kept>,
    key: Vec<u8>,
    folded: String,
}

impl Meanings {
    /// What the codes of an event mean. `codes[i]` belongs to the feed's i-th code field; absent
    /// codes are empty.
    pub fn look_up(&mut self, feed: &Feed, codes: &[&str], text: &str) -> Meaning {
        self.key.clear();
        self.key.extend_from_slice(&feed.id.0.to_le_bytes());
        for code in codes {
            self.key.extend_from_slice(code.as_bytes());
            self.key.push(SEPARATOR);
        }
        match self.answer(|| by_codes(feed, codes)) {
            Answer::Fixed(meaning) => meaning,
            Answer::ByText => {
                // Keeps the key of an empty text apart from that of the codes alone.
                self.key.push(TEXT_MARK);
                self.key.extend_from_slice(text.as_bytes());
                let mut folded = core::mem::take(&mut self.folded);
                let answer = self.answer(|| {
                    fold_case(text, &mut folded);
                    Answer::Fixed(by_text(feed, codes, &folded))
                });
                self.folded = folded;
                match answer {
                    Answer::Fixed(meaning) => meaning,
                    Answer::ByText => unreachable!("codes with a text have one answer"),
                }
            }
        }
    }

    /// The kept answer under the present key, or a new one, kept if there is room.
    fn answer(&mut self, find: impl FnOnce() -> Answer) -> Answer {
        let hash = xxh3_64(&self.key);
        if let Some(kept) = self.table.find(hash, |kept| *kept.key == *self.key) {
            return kept.answer;
        }
        let answer = find();
        if self.table.len() < KEPT_MAX {
            let kept = Kept { key: self.key.as_slice().into(), answer };
            self.table.insert_unique(hash, kept, |kept| xxh3_64(&kept.key));
        }
        answer
    }
}

/// The answer of the codes alone: the first row that fits decides, unless it asks for the text.
fn by_codes(feed: &Feed, codes: &[&str]) -> Answer {
    match feed.codes.rows.iter().find(|row| fits(row, codes)) {
        None => Answer::Fixed(Meaning::UNMAPPED),
        Some(row) if row.text.is_none() => Answer::Fixed(row.meaning),
        Some(_) => Answer::ByText,
    }
}

fn by_text(feed: &Feed, codes: &[&str], folded: &str) -> Meaning {
    feed.codes
        .rows
        .iter()
        .find(|row| fits(row, codes) && row.text.as_ref().is_none_or(|it| says(it, folded)))
        .map_or(Meaning::UNMAPPED, |row| row.meaning)
}

fn fits(row: &CodeRow, codes: &[&str]) -> bool {
    row.when.iter().all(|(field, any_of)| {
        let code = codes.get(usize::from(*field)).copied().unwrap_or("");
        any_of.iter().any(|any| **any == *code)
    })
}

fn says(predicate: &TextPredicate, folded: &str) -> bool {
    let has = |part: &str| folded.contains(part);
    (predicate.has_any.is_empty() || predicate.has_any.iter().any(|it| has(it)))
        && predicate.has_all.iter().all(|it| has(it))
        && !predicate.has_none.iter().any(|it| has(it))
        && (predicate.starts.is_empty()
            || predicate.starts.iter().any(|it| folded.starts_with(&**it)))
}

/// Lower case, runs of blanks as one.
fn fold_case(text: &str, folded: &mut String) {
    folded.clear();
    let mut blank = true;
    for c in text.chars() {
        if c.is_whitespace() {
            if !blank {
                folded.push(' ');
            }
            blank = true;
        } else {
            folded.extend(c.to_lowercase());
            blank = false;
        }
    }
}
