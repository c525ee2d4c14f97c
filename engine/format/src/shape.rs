//! Learned shapes: JSON documents of one feed repeat their structure.
//!
//! # Place
//! Beside the decoder: a lane asks here first and decodes when the answer is no. Same values either way.
//!
//! # Method
//! A shape is what an accepted document has outside of its scalar values: runs of literal bytes (brackets, keys, commas, white space as
//! it was) and, between two of them, one value. A document of the same shape is read by comparing the literals and passing over the
//! values: strings eight bytes at a time, looking for quote, escape, control and non-ASCII bytes; numbers and words byte by byte.
//! Any surprise (an escape, a control byte, text that is not UTF-8, a number of more than 17 digits or with an exponent, another
//! structure) is a miss, and a miss costs nothing but time: the decoder reads the document.
//!
//! A document is learned from only after the decoder has read a copy of it and every value was found at its node, so a shape can't
//! hold what the decoder would refuse. Structure decides depth and node count, so a match can't exceed limits that its teacher kept.
//!
//! # Holds
//! [`Shapes`], [`Match`], [`Capture`].
//!
//! # Does not hold
//! Which values matter: the extractor resolves its paths once per shape, to nodes of the teacher's tape, and finds them by
//! [`Capture::node_index`].

use simd_json::{Node, StaticNode};

use crate::{DecodeLimits, Decoder, Format};

/// Most shapes kept and tried. A document that fits none is compared with the beginnings of all.
const SHAPE_COUNT_MAX: usize = 32;
/// Largest document that is learned from, in bytes; larger ones rarely repeat.
const TEACHER_SIZE_MAX: usize = 64 << 10;
/// Matches after which all hit counts are halved, so that old shapes can give way.
const HALVING_PERIOD: u32 = 4_096;
/// Most calls of [`Shapes::learn`] that are passed over after a failure.
const PENALTY_MAX: u32 = 1_024;
/// Digits that every double and every 64-bit integer keeps.
const DIGIT_COUNT_MAX: usize = 17;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureKind {
    /// A string without escapes; the range is between the quotes.
    Text,
    /// A number.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
}

/// One scalar value of a document that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// The node that the value would be on the document's tape. Captures are in this order.
    pub node_index: u32,
    /// Where it begins in the document.
    pub start: u32,
    /// Its bytes.
    pub size: u32,
    /// What it is.
    pub kind: CaptureKind,
}

impl Capture {
    /// The value as it would be on the tape. `document` must be the one that was matched.
    #[must_use]
    pub fn node<'a>(&self, document: &'a [u8]) -> Option<Node<'a>> {
        let start = self.start as usize;
        let bytes = document.get(start..start + self.size as usize)?;
        let text = std::str::from_utf8(bytes).ok()?;
        Some(match self.kind {
            CaptureKind::Text => Node::String(text),
            CaptureKind::True => Node::Static(StaticNode::Bool(true)),
            CaptureKind::False => Node::Static(StaticNode::Bool(false)),
            CaptureKind::Null => Node::Static(StaticNode::Null),
            CaptureKind::Number if text.contains('.') => {
                Node::Static(StaticNode::F64(text.parse().ok()?))
            }
            CaptureKind::Number if text.starts_with('-') => {
                Node::Static(StaticNode::I64(text.parse().ok()?))
            }
            CaptureKind::Number => Node::Static(StaticNode::U64(text.parse().ok()?)),
        })
    }
}

/// A document that has a known shape.
#[derive(Debug, Clone, Copy)]
pub struct Match<'s> {
    /// The shape's number, as [`Shapes::learn`] returned it. It stays the same until that shape is replaced.
    pub shape_index: usize,
    /// All scalar values, in the order of the document.
    pub captures: &'s [Capture],
}

/// A run of literal bytes and the value after it.
#[derive(Debug, Clone, Copy)]
struct Step {
    literal_end: u32,
    node_index: u32,
    is_text: bool,
}

#[derive(Debug, Default)]
struct Shape {
    /// All literals in a row; what follows the last step's is the tail.
    literals: Vec<u8>,
    steps: Vec<Step>,
    hit_count: u32,
}

/// The shapes of one feed.
#[derive(Debug)]
pub struct Shapes {
    shapes: Vec<Shape>,
    /// Shape numbers, the latest match first.
    order: Vec<usize>,
    captures: Vec<Capture>,
    hit_count: u32,
    /// Calls of [`Self::learn`] to be passed over, and how many the next failure costs.
    wait_count: u32,
    penalty: u32,
    decoder: Decoder,
}

impl Shapes {
    /// None yet. `limits` are the decoder's.
    #[must_use]
    pub fn new(limits: DecodeLimits) -> Self {
        Self {
            shapes: Vec::new(),
            order: Vec::new(),
            captures: Vec::new(),
            hit_count: 0,
            wait_count: 0,
            penalty: 1,
            decoder: Decoder::new(limits),
        }
    }

    /// The values of a document whose shape is known. The document is not altered.
    pub fn match_document(&mut self, document: &[u8]) -> Option<Match<'_>> {
        if self.decoder.limits().document_size_max < document.len() {
            return None;
        }
        let rank = (0..self.order.len()).find(|&rank| {
            let shape = &self.shapes[self.order[rank]];
            self.captures.clear();
            shape.read(document, &mut self.captures).is_some()
        })?;
        self.order[..=rank].rotate_right(1);
        let shape_index = self.order[0];
        self.shapes[shape_index].hit_count += 1;
        self.hit_count += 1;
        if self.hit_count == HALVING_PERIOD {
            self.hit_count = 0;
            self.shapes.iter_mut().for_each(|shape| shape.hit_count /= 2);
        }
        Some(Match { shape_index, captures: &self.captures })
    }

    /// Learns the shape of a document that did not match, and returns its number. `None` where the document can't be read, holds an
    /// escape in a key or a value that is never matched, or where every shape that is kept is in use.
    ///
    /// Call it for every miss: learning reads the document twice, so after each failure twice as many calls are passed over, up to
    /// a thousand, until one succeeds.
    pub fn learn(&mut self, document: &[u8]) -> Option<usize> {
        if TEACHER_SIZE_MAX < document.len() {
            return None;
        }
        let slot = if self.shapes.len() < SHAPE_COUNT_MAX {
            self.shapes.len()
        } else {
            self.shapes.iter().position(|shape| shape.hit_count == 0)?
        };
        if 0 < self.wait_count {
            self.wait_count -= 1;
            return None;
        }
        let Some(shape) = self.teach(document) else {
            self.wait_count = self.penalty;
            self.penalty = (self.penalty * 2).min(PENALTY_MAX);
            return None;
        };
        self.penalty = 1;
        if slot == self.shapes.len() {
            self.shapes.push(shape);
            self.order.insert(0, slot);
        } else {
            self.shapes[slot] = shape;
        }
        Some(slot)
    }

    /// The document's shape, after the decoder has read a copy and every value was found where the decoder found it.
    fn teach(&mut self, document: &[u8]) -> Option<Shape> {
        let mut copy = document.to_vec();
        let read = self.decoder.decode(&Format::Json, &mut copy).ok()?;
        let nodes = read.view().nodes;
        let shape = Shape::learn(document, nodes)?;
        self.captures.clear();
        shape.read(document, &mut self.captures)?;
        let agrees = |capture: &Capture| {
            let expected = nodes.get(capture.node_index as usize).copied();
            capture.node(document).is_some_and(|node| is_same(Some(node), expected))
        };
        self.captures.iter().all(agrees).then_some(shape)
    }
}

/// Equal as the extractor sees them: a whole number is the same, signed or not.
fn is_same(left: Option<Node<'_>>, right: Option<Node<'_>>) -> bool {
    let whole = |node| match node {
        Some(Node::Static(StaticNode::I64(number))) => Some(i128::from(number)),
        Some(Node::Static(StaticNode::U64(number))) => Some(i128::from(number)),
        _ => None,
    };
    left == right || whole(left).is_some() && whole(left) == whole(right)
}

impl Shape {
    /// Walks the document beside its tape, which says what comes next.
    fn learn(document: &[u8], nodes: &[Node<'_>]) -> Option<Self> {
        let mut shape = Self::default();
        // Where each open object or array ends on the tape, and whether it is an object.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut is_key = false;
        let mut at = 0;
        for (index, node) in nodes.iter().enumerate() {
            while open.last().is_some_and(|&(end, _)| end <= index) {
                open.pop();
                is_key = open.last().is_some_and(|&(_, is_object)| is_object);
            }
            let start = at + document[at..].iter().position(|byte| !is_between(*byte))?;
            match *node {
                Node::Object { count, .. } | Node::Array { count, .. } => {
                    let is_object = matches!(node, Node::Object { .. });
                    open.push((index + 1 + count, is_object));
                    is_key = is_object;
                    shape.literals.extend_from_slice(&document[at..=start]);
                    at = start + 1;
                    continue;
                }
                Node::String(text) if is_key => {
                    let end = start + text.len() + 2;
                    let quoted = document.get(start + 1..end - 1)?;
                    if quoted != text.as_bytes() || quoted.contains(&b'\\') {
                        return None;
                    }
                    shape.literals.extend_from_slice(&document[at..end]);
                    at = end;
                    is_key = false;
                    continue;
                }
                Node::String(text) => {
                    let end = start + 1 + text.len();
                    shape.step(&document[at..=start], index, true);
                    if document.get(end) != Some(&b'"') {
                        return None;
                    }
                    at = end;
                }
                Node::Static(_) => {
                    shape.step(&document[at..start], index, false);
                    at = start + token(&document[start..]);
                }
            }
            // After a closing quote or token: the quote belongs to the next literal.
            if matches!(node, Node::String(_)) {
                shape.literals.push(b'"');
                at += 1;
            }
            is_key = open.last().is_some_and(|&(_, is_object)| is_object);
        }
        shape.literals.extend_from_slice(&document[at..]);
        (u32::try_from(shape.literals.len()).is_ok()).then_some(shape)
    }

    fn step(&mut self, literal: &[u8], index: usize, is_text: bool) {
        self.literals.extend_from_slice(literal);
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let literal_end = narrow(self.literals.len());
        self.steps.push(Step { literal_end, node_index: narrow(index), is_text });
    }

    /// The values, where the document has this shape.
    fn read(&self, document: &[u8], captures: &mut Vec<Capture>) -> Option<()> {
        let mut rest = document;
        let mut literal_start = 0;
        for step in &self.steps {
            let literal_end = step.literal_end as usize;
            rest = rest.strip_prefix(&self.literals[literal_start..literal_end])?;
            literal_start = literal_end;
            let (size, kind) = if step.is_text {
                (text_size(rest)?, CaptureKind::Text)
            } else {
                let size = token(rest);
                (size, word_or_number(&rest[..size])?)
            };
            let start = document.len() - rest.len();
            captures.push(Capture {
                node_index: step.node_index,
                start: u32::try_from(start).ok()?,
                size: u32::try_from(size).ok()?,
                kind,
            });
            rest = &rest[size..];
        }
        (rest == &self.literals[literal_start..]).then_some(())
    }
}

/// What stands between values, besides keys.
const fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b']' | b'}')
}

/// Bytes of the number or word at the start.
#[inline]
fn token(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| is_between(byte)).unwrap_or(bytes.len())
}

/// Bytes of a string up to its quote; `None` at an escape, a control byte, bytes that are not UTF-8, or no end.
#[inline]
fn text_size(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut is_ascii = true;
    // Ends: each turn takes eight bytes or returns.
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let special = special(word);
        if special != 0 {
            // Bytes before the first special one have no high bit of interest to others: look at them alone.
            let size = special.trailing_zeros() as usize / 8;
            let before = if size == 0 { 0 } else { word << (64 - 8 * size) };
            is_ascii &= before & HIGHS == 0;
            return end_of_text(bytes, at + size, is_ascii);
        }
        is_ascii &= word & HIGHS == 0;
        at += 8;
    }
    for (offset, &byte) in bytes[at..].iter().enumerate() {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            return end_of_text(bytes, at + offset, is_ascii);
        }
        is_ascii &= byte.is_ascii();
    }
    None
}

#[inline]
fn end_of_text(bytes: &[u8], end: usize, is_ascii: bool) -> Option<usize> {
    let is_quote = bytes[end] == b'"';
    let is_text = is_ascii || std::str::from_utf8(&bytes[..end]).is_ok();
    (is_quote && is_text).then_some(end)
}

const LOWS: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of the first byte that is a quote, a backslash or a control byte; bits above it may be set for others, too.
#[inline]
const fn special(word: u64) -> u64 {
    // Subtraction borrows upwards only, so the lowest bit that is set is always right.
    let quote = word ^ (LOWS * b'"' as u64);
    let escape = word ^ (LOWS * b'\\' as u64);
    let zeros = (quote.wrapping_sub(LOWS) & !quote) | (escape.wrapping_sub(LOWS) & !escape);
    let controls = word.wrapping_sub(LOWS * 0x20) & !word;
    (zeros | controls) & HIGHS
}

/// What a token is; `None` for what isn't JSON, and for numbers whose digits a double may lose or that are written with an exponent.
#[inline]
fn word_or_number(token: &[u8]) -> Option<CaptureKind> {
    match token {
        b"true" => return Some(CaptureKind::True),
        b"false" => return Some(CaptureKind::False),
        b"null" => return Some(CaptureKind::Null),
        b"-0" => return None,
        _ => {}
    }
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    if DIGIT_COUNT_MAX < digits.len() {
        return None;
    }
    let whole_size = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let has_leading_zero = 1 < whole_size && digits[0] == b'0';
    if whole_size == 0 || has_leading_zero {
        return None;
    }
    match &digits[whole_size..] {
        [] => Some(CaptureKind::Number),
        [b'.', fraction @ ..]
            if !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) =>
        {
            Some(CaptureKind::Number)
        }
        _ => None,
    }
}
