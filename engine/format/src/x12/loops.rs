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

use crate::keys::Word;
use crate::outline::Outline;
use crate::segments::Segment;
use crate::warning::{WarningKind, Warnings};

/// Whether a 214 may have the segment, in any of its versions, beside those that have an arm of their own.
const fn is_known(word: Word) -> bool {
    matches!(
        word,
        Word::At5
            | Word::At7
            | Word::At8
            | Word::At9
            | Word::B10
            | Word::Bin
            | Word::Cd3
            | Word::Efi
            | Word::G61
            | Word::G62
            | Word::K1
            | Word::L11
            | Word::Lx
            | Word::M7
            | Word::Man
            | Word::Mea
            | Word::Ms1
            | Word::Ms2
            | Word::Ms3
            | Word::N1
            | Word::N2
            | Word::N3
            | Word::N4
            | Word::N9
            | Word::Nm1
            | Word::Nte
            | Word::Oid
            | Word::Per
            | Word::Prf
            | Word::Q5
            | Word::Q7
            | Word::Ref
            | Word::Sdq
            | Word::Spo
            | Word::Tmp
            | Word::Xd4
    )
}

/// The segments that tell a place or the equipment, in the order of [`Status::places`].
const PLACES: [Word; 3] = [Word::Ms1, Word::Q5, Word::Ms2];

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
    opener: Option<Word>,
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
        let Some(word) = segment.word.filter(|&word| is_known(word)) else {
            let kind = WarningKind::UnknownSegment { tag: segment.warning_tag() };
            warnings.push(kind, segment.start, segment.size());
            return segment.list(Word::Other, self.root, outline);
        };
        match word {
            Word::N2 | Word::N3 | Word::N4 | Word::G61 | Word::Per | Word::G62
                if party.is_some() =>
            {
                self.party = party;
                segment.place(word, party.unwrap_or(self.root), end, outline);
            }
            Word::Lx => {
                let item = segment.place(word, self.root, end, outline);
                self.line = Some(Line { item, status: None, has_at7: false });
            }
            Word::N1 => self.party = Some(segment.place(word, self.root, end, outline)),
            Word::At7 | Word::Ms1 | Word::Ms2 | Word::Q5 | Word::Q7 => {
                let mut line = self.line.unwrap_or_else(|| {
                    let item = outline.push_object(self.root, Word::Lx.key(), end);
                    Line { item, status: None, has_at7: false }
                });
                line.add(segment, word, outline);
                self.line = Some(line);
            }
            Word::L11 | Word::K1 | Word::G62 | Word::Nte => {
                let status = self.line.and_then(|line| line.status).map(|status| status.item);
                let parent = status.unwrap_or_else(|| self.innermost());
                segment.place(word, parent, end, outline);
            }
            Word::B10 | Word::Ms3 => {
                segment.place(word, self.root, end, outline);
            }
            _ => {
                segment.place(word, self.innermost(), end, outline);
            }
        }
    }

    fn innermost(&self) -> u32 {
        self.line.map_or(self.root, |line| line.item)
    }
}

impl Line {
    /// A segment that is a status's code or place.
    fn add(&mut self, segment: &Segment, word: Word, outline: &mut Outline) {
        let end = outline.fields.len();
        let place = PLACES.iter().position(|name| *name == word);
        let is_code = match word {
            Word::Q7 if self.has_at7 => {
                segment.place(word, self.item, end, outline);
                return;
            }
            Word::At7 | Word::Q7 => true,
            _ => false,
        };
        self.has_at7 |= word == Word::At7;
        let is_new = match self.status {
            None => true,
            Some(status) if is_code => status.has_code,
            // Without any code, each Q5 is a status.
            Some(status) if word == Word::Q5 && !self.has_at7 && !status.has_code => {
                status.places[1].is_some()
            }
            Some(status) => status.has_code && status.opener == Some(word),
        };
        let mut status = match self.status {
            Some(status) if !is_new => status,
            previous => self.open(previous, word, is_code, outline),
        };
        let item = segment.place(word, status.item, end, outline);
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
        word: Word,
        is_code: bool,
        outline: &mut Outline,
    ) -> Status {
        let end = outline.fields.len();
        let item = outline.push_object(self.item, Word::Statuses.key(), end);
        let opener = match previous {
            Some(previous) => previous.opener,
            None => (!is_code).then_some(word),
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
