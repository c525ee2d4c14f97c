//! The fixed names of X12 and EDIFACT documents on the tape.
//!
//! # Place
//! Spans of the outline point into [`KEYS`]; both scans find a segment's place by its tag's number here.
//!
//! # Method
//! Element keys are two digits (`01` … `99`), further components of a composite `02_2` … `02_9`; they are made at compile time
//! out of one text. Tags and the words of the shape follow them, sorted for a binary search.
//!
//! # Holds
//! [`KEYS`], [`element_key`], [`word_key`].

use crate::outline::Span;

/// Most elements of a segment that are kept.
pub(crate) const ELEMENT_COUNT_MAX: usize = 99;
/// Most components of an element; what follows stays with the last.
pub(crate) const COMPONENT_COUNT_MAX: usize = 9;
const ELEMENT_KEY_COUNT: usize = ELEMENT_COUNT_MAX * COMPONENT_COUNT_MAX;

/// Words of the shape, and the tags that have a place of their own in it. Sorted by byte.
const WORDS: [&str; 83] = [
    "AT5",
    "AT7",
    "AT8",
    "AT9",
    "B10",
    "BGM",
    "BIN",
    "CD3",
    "CNI",
    "CNT",
    "COM",
    "CTA",
    "DGS",
    "DIM",
    "DOC",
    "DTM",
    "EFI",
    "EQA",
    "EQD",
    "FTX",
    "G61",
    "G62",
    "GDS",
    "GID",
    "GIN",
    "GS",
    "HAN",
    "ISA",
    "K1",
    "L11",
    "LOC",
    "LX",
    "M7",
    "MAN",
    "MEA",
    "MS1",
    "MS2",
    "MS3",
    "N1",
    "N2",
    "N3",
    "N4",
    "N9",
    "NAD",
    "NM1",
    "NTE",
    "OID",
    "PCI",
    "PER",
    "PRF",
    "Q5",
    "Q7",
    "QTY",
    "REF",
    "RFF",
    "SDQ",
    "SEL",
    "SGP",
    "SPO",
    "ST",
    "STS",
    "TDT",
    "TMD",
    "TMP",
    "TPL",
    "TSR",
    "UNB",
    "UNG",
    "UNH",
    "XD4",
    "component",
    "consignments",
    "control",
    "groups",
    "id",
    "interchanges",
    "messages",
    "other",
    "repetition",
    "segments",
    "sets",
    "statuses",
    "tag",
];

/// All names, for [`Outline::write`](crate::outline::Outline::write).
pub(crate) static KEYS: [&str; ELEMENT_KEY_COUNT + WORDS.len()] = all_keys();

/// `NN_C` for every element and component, four bytes each.
static ELEMENT_TEXT: [u8; ELEMENT_KEY_COUNT * 4] = element_text();

const fn digit(number: usize) -> u8 {
    assert!(number < 10);
    // Fits: just asserted.
    #[expect(clippy::cast_possible_truncation, reason = "`from` is not const")]
    let value = number as u8;
    b'0' + value
}

const fn element_text() -> [u8; ELEMENT_KEY_COUNT * 4] {
    let mut text = [b'_'; ELEMENT_KEY_COUNT * 4];
    let mut index = 0;
    while index < ELEMENT_KEY_COUNT {
        let element = index / COMPONENT_COUNT_MAX + 1;
        text[index * 4] = digit(element / 10);
        text[index * 4 + 1] = digit(element % 10);
        text[index * 4 + 3] = digit(index % COMPONENT_COUNT_MAX + 1);
        index += 1;
    }
    text
}

const fn all_keys() -> [&'static str; ELEMENT_KEY_COUNT + WORDS.len()] {
    let mut keys = [""; ELEMENT_KEY_COUNT + WORDS.len()];
    let mut index = 0;
    while index < ELEMENT_KEY_COUNT {
        let size = if index % COMPONENT_COUNT_MAX == 0 { 2 } else { 4 };
        let (_, from_here) = ELEMENT_TEXT.split_at(index * 4);
        let (key, _) = from_here.split_at(size);
        keys[index] = match std::str::from_utf8(key) {
            Ok(key) => key,
            Err(_) => panic!("digits are text"),
        };
        index += 1;
    }
    let mut word = 0;
    while word < WORDS.len() {
        keys[ELEMENT_KEY_COUNT + word] = WORDS[word];
        word += 1;
    }
    keys
}

/// Where the key of an element is in [`KEYS`], from 0.
pub(crate) fn element_key_index(element_index: usize) -> usize {
    assert!(element_index < ELEMENT_COUNT_MAX);
    element_index * COMPONENT_COUNT_MAX
}

/// The key of a component, both from 0.
pub(crate) fn element_key(element_index: usize, component_index: usize) -> Span {
    let component_index = component_index.min(COMPONENT_COUNT_MAX - 1);
    Span::key(element_key_index(element_index) + component_index)
}

/// The key of a tag or word.
pub(crate) fn word_key(word: &str) -> Option<Span> {
    let words = &KEYS[ELEMENT_KEY_COUNT..];
    words.binary_search(&word).ok().map(|index| Span::key(ELEMENT_KEY_COUNT + index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_found() {
        let words = &KEYS[ELEMENT_KEY_COUNT..];
        assert!(words.is_sorted());
        for word in words {
            assert!(word_key(word).is_some(), "{word}");
        }
        assert_eq!(word_key("XYZ"), None);
    }

    #[test]
    fn elements_have_two_digits_and_components_a_third() {
        assert_eq!(KEYS[0], "01");
        assert_eq!(KEYS[1], "01_2");
        assert_eq!(KEYS[ELEMENT_KEY_COUNT - 1], "99_9");
        assert_eq!(element_key(1, 2), Span::key(11));
        assert_eq!(KEYS[11], "02_3");
    }
}
