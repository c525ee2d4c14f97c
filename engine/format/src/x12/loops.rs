//! The loops of an X12 214.
//!
//! # Place
//! Under the X12 scan, which gives it the segments between `ST` and `SE`.
//!
//! # Method
//! A greedy walk that remembers what is open: the party, the line (`LX`), the status. Guides of different ages order a loop
//! differently, and which order it is can be told when its first place or code comes, so nothing is read ahead or twice.
//! The shape is described at `x12`.
//!
//! # Holds
//! [`Loops`].

use crate::outline::Outline;
use crate::segments::{Segment, word};
use crate::warning::{Tag, WarningKind, Warnings};

/// Segments that a 214 may have, in any of its versions. Sorted by byte.
const KNOWN: [&str; 36] = [
    "AT5", "AT7", "AT8", "AT9", "B10", "BIN", "CD3", "EFI", "G61", "G62", "K1", "L11", "LX", "M7",
    "MAN", "MEA", "MS1", "MS2", "MS3", "N1", "N2", "N3", "N4", "N9", "NM1", "NTE", "OID", "PER",
    "PRF", "Q5", "Q7", "REF", "SDQ", "SPO", "TMP", "XD4",
];

/// The segments that tell a place or the equipment, in the order of [`Status::places`].
const PLACES: [&str; 3] = ["MS1", "Q5", "MS2"];

/// What is open in a 214.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loops {
    /// The set's object.
    root: u32,
    /// The `N1` that is open.
    party: Option<u32>,
    /// The `LX` that is open.
    line: Option<Line>,
}

/// An `LX` that is open.
#[derive(Debug, Clone, Copy)]
struct Line {
    item: u32,
    status: Option<Status>,
    /// Whether an `AT7` has come, and `Q5` and `Q7` are only beside it.
    has_at7: bool,
}

/// A status that is open.
#[derive(Debug, Clone, Copy)]
struct Status {
    item: u32,
    has_code: bool,
    /// Where the loop begins with the place: the tag that opens each status.
    opener: Option<Tag>,
    /// Its places, to be given to the next status where they hold for several.
    places: [Option<u32>; 3],
}

impl Loops {
    pub(super) const fn new(root: u32) -> Self {
        Self { root, party: None, line: None }
    }

    /// A segment to its place.
    pub(super) fn add(
        &mut self,
        segment: &Segment,
        outline: &mut Outline,
        warnings: &mut Warnings,
    ) {
        let party = self.party.take();
        let end = outline.fields.len();
        match segment.tag() {
            "N2" | "N3" | "N4" | "G61" | "PER" | "G62" if party.is_some() => {
                self.party = party;
                segment.place(party.unwrap_or(self.root), end, outline);
            }
            "LX" => {
                let item = segment.place(self.root, end, outline);
                self.line = Some(Line { item, status: None, has_at7: false });
            }
            "N1" => self.party = Some(segment.place(self.root, end, outline)),
            "AT7" | "MS1" | "MS2" | "Q5" | "Q7" => {
                let mut line = self.line.unwrap_or_else(|| {
                    let item = outline.push_object(self.root, word("LX"), end);
                    Line { item, status: None, has_at7: false }
                });
                line.add(segment, outline);
                self.line = Some(line);
            }
            "L11" | "K1" | "G62" | "NTE" => {
                let status = self.line.and_then(|line| line.status).map(|status| status.item);
                let parent = status.unwrap_or_else(|| self.innermost());
                segment.place(parent, end, outline);
            }
            "B10" | "MS3" => {
                segment.place(self.root, end, outline);
            }
            tag if KNOWN.binary_search(&tag).is_ok() => {
                segment.place(self.innermost(), end, outline);
            }
            _ => {
                let kind = WarningKind::UnknownSegment { tag: segment.warning_tag() };
                warnings.push(kind, segment.start, segment.size());
                segment.list(self.root, "other", outline);
            }
        }
    }

    fn innermost(&self) -> u32 {
        self.line.map_or(self.root, |line| line.item)
    }
}

impl Line {
    /// A segment that is a status's code or place.
    fn add(&mut self, segment: &Segment, outline: &mut Outline) {
        let end = outline.fields.len();
        let tag = segment.tag();
        let place = PLACES.iter().position(|name| *name == tag);
        let is_code = match tag {
            "Q7" if self.has_at7 => {
                segment.place(self.item, end, outline);
                return;
            }
            "AT7" | "Q7" => true,
            _ => false,
        };
        self.has_at7 |= tag == "AT7";
        let is_new = match self.status {
            None => true,
            Some(status) if is_code => status.has_code,
            // Without any code, each Q5 is a status.
            Some(status) if tag == "Q5" && !self.has_at7 && !status.has_code => {
                status.places[1].is_some()
            }
            Some(status) => status.has_code && status.opener == Some(segment.warning_tag()),
        };
        let mut status = match self.status {
            Some(status) if !is_new => status,
            previous => self.open(previous, segment, is_code, outline),
        };
        let item = segment.place(status.item, end, outline);
        status.has_code |= is_code;
        if let Some(place) = place {
            status.places[place] = Some(item);
        }
        self.status = Some(status);
    }

    /// A new status. Where places come first and only a code comes now, the last places hold for it too.
    fn open(
        &self,
        previous: Option<Status>,
        segment: &Segment,
        is_code: bool,
        outline: &mut Outline,
    ) -> Status {
        let end = outline.fields.len();
        let item = outline.push_object(self.item, word("statuses"), end);
        let opener = match previous {
            Some(previous) => previous.opener,
            None => (!is_code).then(|| segment.warning_tag()),
        };
        let mut places = [None; 3];
        if let (true, Some(_), Some(previous)) = (is_code, opener, previous) {
            for (source, target) in previous.places.iter().zip(&mut places) {
                if let Some(source) = *source {
                    let copy = outline.push_copy(outline.items[source as usize].name, source);
                    outline.add(item, copy);
                    *target = Some(copy);
                }
            }
        }
        Status { item, has_code: false, opener, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::word_key;

    #[test]
    fn known_tags_are_sorted_and_have_keys() {
        assert!(KNOWN.is_sorted());
        for tag in KNOWN {
            assert!(word_key(tag).is_some(), "{tag}");
        }
    }
}
