//! The segment groups of an EDIFACT IFTSTA, D.96A to D.21B.
//!
//! # Place
//! Under the EDIFACT scan, which gives it the segments between `UNH` and `UNT`.
//!
//! # Method
//! A stack of what is open: message, consignment, status, and below them the segments that open a group of their own. A segment goes to the
//! innermost that takes it; what doesn't take it is closed. The table of who takes what is the union over the directories,
//! which only ever added segments; where senders order them freely, the status is the one that takes all.
//! The shape is described at `edifact`.
//!
//! # Holds
//! [`Groups`].

use crate::outline::Outline;
use crate::segments::{Segment, word};
use crate::warning::{WarningKind, Warnings};

/// Segments that an IFTSTA may have, in any directory. Sorted by byte.
const KNOWN: [&str; 32] = [
    "BGM", "CNI", "CNT", "COM", "CTA", "DGS", "DIM", "DOC", "DTM", "EQA", "EQD", "FTX", "GDS",
    "GID", "GIN", "HAN", "LOC", "MEA", "NAD", "PCI", "QTY", "RFF", "SEL", "SGP", "STS", "TDT",
    "TMD", "TMP", "TPL", "TSR", "UNG", "UNH",
];

/// Message, consignment, status, and three levels below: `GID` over `PCI` over `GIN`.
const DEPTH_MAX: usize = 6;

/// What takes segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The message, a consignment or a status: takes all.
    Base,
    Party,
    Contact,
    Transport,
    Stop,
    Equipment,
    Goods,
    Package,
}

impl Level {
    /// The level that a segment opens within `self`.
    fn opened_by(self, tag: &str) -> Option<Self> {
        match (self, tag) {
            (_, "NAD") => Some(Self::Party),
            (Self::Party, "CTA") => Some(Self::Contact),
            (_, "TDT") => Some(Self::Transport),
            (Self::Transport, "LOC") => Some(Self::Stop),
            (_, "EQD") => Some(Self::Equipment),
            (_, "GID") => Some(Self::Goods),
            (_, "PCI") => Some(Self::Package),
            _ => None,
        }
    }

    fn takes(self, tag: &str) -> bool {
        match self {
            Self::Base => true,
            Self::Party => matches!(tag, "CTA" | "COM"),
            Self::Contact => tag == "COM",
            Self::Transport => matches!(tag, "DTM" | "RFF" | "LOC"),
            Self::Stop => tag == "DTM",
            Self::Equipment => {
                matches!(tag, "MEA" | "DIM" | "SEL" | "RFF" | "TPL" | "TMD" | "EQA" | "HAN" | "TMP")
            }
            Self::Goods => {
                matches!(tag, "HAN" | "SGP" | "DGS" | "FTX" | "MEA" | "DIM" | "PCI" | "GDS")
            }
            Self::Package => tag == "GIN",
        }
    }
}

/// What is open in an IFTSTA.
#[derive(Debug)]
pub(super) struct Groups {
    /// The message, then what is open within it.
    open: [(Level, u32); DEPTH_MAX],
    depth: usize,
    /// How many of those that are open are the message, the consignment and the status.
    base_depth: usize,
}

impl Groups {
    pub(super) const fn new(message: u32) -> Self {
        Self { open: [(Level::Base, message); DEPTH_MAX], depth: 1, base_depth: 1 }
    }

    /// A segment to its place.
    pub(super) fn add(
        &mut self,
        segment: &Segment,
        outline: &mut Outline,
        warnings: &mut Warnings,
    ) {
        let tag = segment.tag();
        let end = outline.fields.len();
        match tag {
            "CNI" => {
                self.close_to(1);
                let item = self.open_base("consignments", end, outline);
                segment.place(item, end, outline);
            }
            "STS" => {
                if self.base_depth == 1 {
                    self.close_to(1);
                    self.open_base("consignments", end, outline);
                }
                self.close_to(2);
                let item = self.open_base("statuses", end, outline);
                segment.place(item, end, outline);
            }
            _ if KNOWN.binary_search(&tag).is_ok() => {
                // Ends: the message takes all.
                while !self.open[self.depth - 1].0.takes(tag) {
                    self.depth -= 1;
                }
                let (level, parent) = self.open[self.depth - 1];
                let item = segment.place(parent, end, outline);
                if let Some(level) = level.opened_by(tag) {
                    self.push(level, item);
                }
            }
            _ => {
                let kind = WarningKind::UnknownSegment { tag: segment.warning_tag() };
                warnings.push(kind, segment.start, segment.size());
                segment.list(self.open[0].1, "other", outline);
            }
        }
    }

    fn close_to(&mut self, base_depth: usize) {
        assert!(base_depth <= self.base_depth);
        self.base_depth = base_depth;
        self.depth = base_depth;
    }

    fn open_base(&mut self, name: &str, fields_end: usize, outline: &mut Outline) -> u32 {
        let parent = self.open[self.depth - 1].1;
        let item = outline.push_object(parent, word(name), fields_end);
        self.push(Level::Base, item);
        self.base_depth += 1;
        item
    }

    fn push(&mut self, level: Level, item: u32) {
        assert!(self.depth < DEPTH_MAX);
        self.open[self.depth] = (level, item);
        self.depth += 1;
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
