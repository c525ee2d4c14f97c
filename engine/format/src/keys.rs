//! The fixed names of X12 and EDIFACT documents on the tape.
//!
//! # Place
//! Spans of the outline point into [`KEYS`]; both scans find a segment's place by its tag's [`Word`].
//!
//! # Method
//! Element keys are two digits (`01` … `99`), further components of a composite `02_2` … `02_9`; they are made at compile time
//! out of one text. The tags and words of the shape follow them. A tag is found in a table that is hashed at compile time, so that the rest of the
//! scan compares small numbers.
//!
//! # Holds
//! [`KEYS`], [`Word`], [`element_key`].

use crate::outline::Span;

/// Most elements of a segment that are kept.
pub(crate) const ELEMENT_COUNT_MAX: usize = 99;
/// Most components of an element; what follows stays with the last.
pub(crate) const COMPONENT_COUNT_MAX: usize = 9;
const ELEMENT_KEY_COUNT: usize = ELEMENT_COUNT_MAX * COMPONENT_COUNT_MAX;

/// A tag with a place of its own in the shape, or a word of the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Word {
    At5,
    At7,
    At8,
    At9,
    B10,
    Bgm,
    Bin,
    Cd3,
    Cni,
    Cnt,
    Com,
    Cta,
    Dgs,
    Dim,
    Doc,
    Dtm,
    Efi,
    Eqa,
    Eqd,
    Ftx,
    G61,
    G62,
    Gds,
    Ge,
    Gid,
    Gin,
    Gs,
    Han,
    Iea,
    Isa,
    K1,
    L11,
    Loc,
    Lx,
    M7,
    Man,
    Mea,
    Ms1,
    Ms2,
    Ms3,
    N1,
    N2,
    N3,
    N4,
    N9,
    Nad,
    Nm1,
    Nte,
    Oid,
    Pci,
    Per,
    Prf,
    Q5,
    Q7,
    Qty,
    Ref,
    Rff,
    Sdq,
    Se,
    Sel,
    Sgp,
    Spo,
    St,
    Sts,
    Tdt,
    Tmd,
    Tmp,
    Tpl,
    Tsr,
    Unb,
    Une,
    Ung,
    Unh,
    Unt,
    Unz,
    Xd4,
    Component,
    Consignments,
    Control,
    Groups,
    Id,
    Interchanges,
    Messages,
    Other,
    Repetition,
    Segments,
    Sets,
    Statuses,
    Tag,
}

/// The text of each [`Word`], in the same order.
const WORDS: [(Word, &str); 89] = [
    (Word::At5, "AT5"),
    (Word::At7, "AT7"),
    (Word::At8, "AT8"),
    (Word::At9, "AT9"),
    (Word::B10, "B10"),
    (Word::Bgm, "BGM"),
    (Word::Bin, "BIN"),
    (Word::Cd3, "CD3"),
    (Word::Cni, "CNI"),
    (Word::Cnt, "CNT"),
    (Word::Com, "COM"),
    (Word::Cta, "CTA"),
    (Word::Dgs, "DGS"),
    (Word::Dim, "DIM"),
    (Word::Doc, "DOC"),
    (Word::Dtm, "DTM"),
    (Word::Efi, "EFI"),
    (Word::Eqa, "EQA"),
    (Word::Eqd, "EQD"),
    (Word::Ftx, "FTX"),
    (Word::G61, "G61"),
    (Word::G62, "G62"),
    (Word::Gds, "GDS"),
    (Word::Ge, "GE"),
    (Word::Gid, "GID"),
    (Word::Gin, "GIN"),
    (Word::Gs, "GS"),
    (Word::Han, "HAN"),
    (Word::Iea, "IEA"),
    (Word::Isa, "ISA"),
    (Word::K1, "K1"),
    (Word::L11, "L11"),
    (Word::Loc, "LOC"),
    (Word::Lx, "LX"),
    (Word::M7, "M7"),
    (Word::Man, "MAN"),
    (Word::Mea, "MEA"),
    (Word::Ms1, "MS1"),
    (Word::Ms2, "MS2"),
    (Word::Ms3, "MS3"),
    (Word::N1, "N1"),
    (Word::N2, "N2"),
    (Word::N3, "N3"),
    (Word::N4, "N4"),
    (Word::N9, "N9"),
    (Word::Nad, "NAD"),
    (Word::Nm1, "NM1"),
    (Word::Nte, "NTE"),
    (Word::Oid, "OID"),
    (Word::Pci, "PCI"),
    (Word::Per, "PER"),
    (Word::Prf, "PRF"),
    (Word::Q5, "Q5"),
    (Word::Q7, "Q7"),
    (Word::Qty, "QTY"),
    (Word::Ref, "REF"),
    (Word::Rff, "RFF"),
    (Word::Sdq, "SDQ"),
    (Word::Se, "SE"),
    (Word::Sel, "SEL"),
    (Word::Sgp, "SGP"),
    (Word::Spo, "SPO"),
    (Word::St, "ST"),
    (Word::Sts, "STS"),
    (Word::Tdt, "TDT"),
    (Word::Tmd, "TMD"),
    (Word::Tmp, "TMP"),
    (Word::Tpl, "TPL"),
    (Word::Tsr, "TSR"),
    (Word::Unb, "UNB"),
    (Word::Une, "UNE"),
    (Word::Ung, "UNG"),
    (Word::Unh, "UNH"),
    (Word::Unt, "UNT"),
    (Word::Unz, "UNZ"),
    (Word::Xd4, "XD4"),
    (Word::Component, "component"),
    (Word::Consignments, "consignments"),
    (Word::Control, "control"),
    (Word::Groups, "groups"),
    (Word::Id, "id"),
    (Word::Interchanges, "interchanges"),
    (Word::Messages, "messages"),
    (Word::Other, "other"),
    (Word::Repetition, "repetition"),
    (Word::Segments, "segments"),
    (Word::Sets, "sets"),
    (Word::Statuses, "statuses"),
    (Word::Tag, "tag"),
];

impl Word {
    /// Its key on the tape.
    pub(crate) const fn key(self) -> Span {
        Span::key(ELEMENT_KEY_COUNT + self as usize)
    }

    /// The word of a segment's tag, which is filled up with zeros.
    pub(crate) fn find(tag: [u8; 4]) -> Option<Self> {
        let code = u32::from_be_bytes(tag);
        let mut at = slot(code);
        // Ends: the table is an eighth full, so an empty slot is near.
        loop {
            let (slot_code, word) = SLOTS[at]?;
            if slot_code == code {
                return Some(word);
            }
            at = (at + 1) % SLOTS.len();
        }
    }
}

static SLOTS: [Option<(u32, Word)>; 1024] = slots();

const fn slot(code: u32) -> usize {
    (code.wrapping_mul(0x9E37_79B1) >> 22) as usize
}

const fn slots() -> [Option<(u32, Word)>; 1024] {
    let mut slots = [None; 1024];
    let mut index = 0;
    while index < WORDS.len() {
        let (word, text) = WORDS[index];
        let text = text.as_bytes();
        if text.len() <= 3 && text[0].is_ascii_uppercase() {
            let mut tag = [0; 4];
            let mut at = 0;
            while at < text.len() {
                tag[at] = text[at];
                at += 1;
            }
            let code = u32::from_be_bytes(tag);
            let mut at = slot(code);
            while slots[at].is_some() {
                at = (at + 1) % slots.len();
            }
            slots[at] = Some((code, word));
        }
        index += 1;
    }
    slots
}

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
        keys[ELEMENT_KEY_COUNT + word] = WORDS[word].1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_their_order_and_tags_are_found() {
        for (index, (word, text)) in WORDS.into_iter().enumerate() {
            assert_eq!(word as usize, index);
            assert_eq!(KEYS[ELEMENT_KEY_COUNT + index], text);
            if text.len() <= 3 && text.starts_with(|first: char| first.is_ascii_uppercase()) {
                let mut tag = [0; 4];
                tag[..text.len()].copy_from_slice(text.as_bytes());
                assert_eq!(Word::find(tag), Some(word));
            }
        }
        assert_eq!(Word::find(*b"XYZ\0"), None);
        assert_eq!(Word::find(*b"ISAA"), None);
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
