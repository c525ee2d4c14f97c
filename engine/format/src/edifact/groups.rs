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

use crate::keys::Word;
use crate::outline::Outline;
use crate::segments::Segment;
use crate::warning::{WarningKind, Warnings};

/// Whether an IFTSTA may have the segment, in any directory.
const fn is_known(word: Word) -> bool {
    matches!(
        word,
        Word::Bgm
            | Word::Cni
            | Word::Cnt
            | Word::Com
            | Word::Cta
            | Word::Dgs
            | Word::Dim
            | Word::Doc
            | Word::Dtm
            | Word::Eqa
            | Word::Eqd
            | Word::Ftx
            | Word::Gds
            | Word::Gid
            | Word::Gin
            | Word::Han
            | Word::Loc
            | Word::Mea
            | Word::Nad
            | Word::Pci
            | Word::Qty
            | Word::Rff
            | Word::Sel
            | Word::Sgp
            | Word::Sts
            | Word::Tdt
            | Word::Tmd
            | Word::Tmp
            | Word::Tpl
            | Word::Tsr
    )
}

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
    fn opened_by(self, word: Word) -> Option<Self> {
        match (self, word) {
            (_, Word::Nad) => Some(Self::Party),
            (Self::Party, Word::Cta) => Some(Self::Contact),
            (_, Word::Tdt) => Some(Self::Transport),
            (Self::Transport, Word::Loc) => Some(Self::Stop),
            (_, Word::Eqd) => Some(Self::Equipment),
            (_, Word::Gid) => Some(Self::Goods),
            (_, Word::Pci) => Some(Self::Package),
            _ => None,
        }
    }

    fn takes(self, word: Word) -> bool {
        match self {
            Self::Base => true,
            Self::Party => matches!(word, Word::Cta | Word::Com),
            Self::Contact => word == Word::Com,
            Self::Transport => matches!(word, Word::Dtm | Word::Rff | Word::Loc),
            Self::Stop => word == Word::Dtm,
            Self::Equipment => {
                matches!(
                    word,
                    Word::Mea
                        | Word::Dim
                        | Word::Sel
                        | Word::Rff
                        | Word::Tpl
                        | Word::Tmd
                        | Word::Eqa
                        | Word::Han
                        | Word::Tmp
                )
            }
            Self::Goods => {
                matches!(
                    word,
                    Word::Han
                        | Word::Sgp
                        | Word::Dgs
                        | Word::Ftx
                        | Word::Mea
                        | Word::Dim
                        | Word::Pci
                        | Word::Gds
                )
            }
            Self::Package => word == Word::Gin,
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
        let end = outline.fields.len();
        match segment.word {
            Some(Word::Cni) => {
                self.close_to(1);
                let item = self.open_base(Word::Consignments, end, outline);
                segment.place(Word::Cni, item, end, outline);
            }
            Some(Word::Sts) => {
                if self.base_depth == 1 {
                    self.close_to(1);
                    self.open_base(Word::Consignments, end, outline);
                }
                self.close_to(2);
                let item = self.open_base(Word::Statuses, end, outline);
                segment.place(Word::Sts, item, end, outline);
            }
            Some(word) if is_known(word) => {
                // Ends: the message takes all.
                while !self.open[self.depth - 1].0.takes(word) {
                    self.depth -= 1;
                }
                let (level, parent) = self.open[self.depth - 1];
                let item = segment.place(word, parent, end, outline);
                if let Some(level) = level.opened_by(word) {
                    self.push(level, item);
                }
            }
            _ => {
                let kind = WarningKind::UnknownSegment { tag: segment.warning_tag() };
                warnings.push(kind, segment.start, segment.size());
                segment.list(Word::Other, self.open[0].1, outline);
            }
        }
    }

    fn close_to(&mut self, base_depth: usize) {
        assert!(base_depth <= self.base_depth);
        self.base_depth = base_depth;
        self.depth = base_depth;
    }

    fn open_base(&mut self, name: Word, fields_end: usize, outline: &mut Outline) -> u32 {
        let parent = self.open[self.depth - 1].1;
        let item = outline.push_object(parent, name.key(), fields_end);
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
