//! Learned shapes: JSON documents of one feed repeat their structure.
//!
//! # Place
//! Beside the decoder: a lane asks here first and decodes when the answer is no. Same values either way.
//!
//! # Method
//! A *state* is a place where scalar values stand: the keys that lead there, with every array's elements taken as one place, and whether
//! the value is a string. Between two values of a document stands a run of literal bytes: brackets, keys, commas, white space as it
//! was. Such a run is an *edge* between two states, together with the nodes that it would put on a tape. A document is read by
//! comparing it with the edge that was taken last time from the state it is in, then with the others of that state; what
//! follows the run is a value: strings are passed over eight bytes at a time, numbers and words byte by byte. So the number of a
//! document's events, and which optional fields each of them has, need no shape of their own.
//!
//! Any surprise (an escape, a control byte, text that is not UTF-8, a number of more than 17 digits or with an exponent, a run that was
//! never seen) is a miss, and a miss costs nothing but time: the decoder reads the document and its runs are learned.
//!
//! The state decides which brackets are open. A run was learned in a valid document at that state, so any way through the states
//! from the start to an end is a valid document, nested no deeper than the teachers were.
//!
//! # Holds
//! [`Shapes`], one per feed.
//!
//! # Does not hold
//! Which values matter: the extractor does. For its sake each key has the number that the teacher gave it.

mod learn;
mod scan;

use std::collections::HashMap;

use simd_json::Node;

use crate::DecodeLimits;
use learn::{Place, Runs};
use scan::{HEAD_SIZE, Head, is_token_start, starts_with, text_size, token, word_or_number};

/// Largest document that is learned from, in bytes; larger ones rarely repeat.
const TEACHER_SIZE_MAX: usize = 256 << 10;
/// Most states of one feed. A feed that uses tracking numbers as keys would have no end of them.
const STATE_COUNT_MAX: usize = 4_096;
/// Most edges of one feed.
const EDGE_COUNT_MAX: usize = 16_384;
/// Most edges of one state: a document is compared with all of them before it is a miss.
const EDGES_OF_STATE_MAX: usize = 64;
/// Bytes of all runs of one feed.
const LITERALS_SIZE_MAX: usize = 1 << 20;
/// What one lesson costs, in matches: learning reads a document two more times.
const LESSON_COST: u32 = 8;
/// Lessons that a feed may have before it must have earned them with matches.
const CREDIT_START: u32 = 64 * LESSON_COST;
/// Most credit: a feed that changes its habits is learned anew.
const CREDIT_MAX: u32 = 256 * LESSON_COST;

/// Where every document begins.
const START: u32 = 0;
/// No edge.
const NONE: u32 = u32::MAX;

/// What follows a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// A string; the run ends with its opening quote.
    Text,
    /// A number, `true`, `false` or `null`.
    Token,
    /// The end of the document.
    End,
}

/// What a run puts on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A key of the object that is open.
    Key(Key),
    /// The array that is open gets one more element.
    Element,
    /// An object opens at a place.
    Object(u32),
    /// An array opens at a place.
    Array(u32),
    /// What was opened last is closed.
    Close,
}

/// A key: where in its run it stands, and the teacher's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    start: u32,
    size: u16,
    /// The teacher's number; 0 where it has none.
    pub id: u16,
}

/// A run of literal bytes from one state to the next.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// The first bytes of the run, compared in one go.
    head: Head,
    literal_start: u32,
    literal_size: u32,
    follows: Follows,
    to: u32,
    /// The next edge from the same state.
    next: u32,
}

/// What an edge puts on the tape.
#[derive(Debug, Clone, Copy)]
struct Puts {
    from: u32,
    ops: (u32, u32),
    /// The key at its end: nearly all values have one.
    key: Option<Key>,
}

/// A place where values stand.
#[derive(Debug, Clone, Copy)]
struct State {
    /// The first of its edges.
    first: u32,
    /// The edge that was taken last.
    last: u32,
    /// The object or array around it; [`START`] for the document itself.
    container: u32,
}

/// A run of a document, and the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The run; see [`Shapes::run`].
    pub run: u32,
    start: u32,
    size: u32,
    follows: Follows,
}

/// A run as it was learned.
#[derive(Debug, Clone, Copy)]
pub struct Run<'s> {
    /// The object or array that is open where it begins: the place of its `Op`; 0 for the document itself.
    pub container: u32,
    /// What it puts on the tape, but for the key at its end.
    pub ops: &'s [Op],
    /// The key at its end, if any.
    pub key: Option<Key>,
    /// What comes next.
    pub follows: Follows,
}

/// The shapes of one feed.
#[derive(Debug)]
pub struct Shapes {
    /// Largest document: one that can't have too many nodes, for each has a byte.
    size_max: usize,
    states: Vec<State>,
    edges: Vec<Edge>,
    puts: Vec<Puts>,
    ops: Vec<Op>,
    literals: Vec<u8>,
    /// States by the place they stand for.
    places: HashMap<Place, u32>,
    /// The runs of the document that was read last.
    steps: Vec<Step>,
    runs: Runs,
    credit: u32,
    /// How often everything was forgotten.
    generation: u32,
}

impl Shapes {
    /// None yet. `limits` are the decoder's.
    #[must_use]
    pub fn new(limits: DecodeLimits) -> Self {
        let mut shapes = Self {
            size_max: limits.document_size_max.min(limits.node_count_max).min(u32::MAX as usize),
            states: Vec::new(),
            edges: Vec::new(),
            puts: Vec::new(),
            ops: Vec::new(),
            literals: Vec::new(),
            places: HashMap::new(),
            steps: Vec::new(),
            runs: Runs::default(),
            credit: CREDIT_START,
            generation: 0,
        };
        shapes.forget();
        shapes
    }

    /// Back to the start, where nothing is known.
    fn forget(&mut self) {
        self.states.clear();
        self.states.push(State { first: NONE, last: NONE, container: START });
        self.edges.clear();
        self.puts.clear();
        self.ops.clear();
        self.literals.clear();
        self.places.clear();
        self.generation += 1;
    }

    /// How many runs are known, and how often all of them were forgotten: what was derived from a run holds as long as the
    /// second figure stays.
    #[must_use]
    pub fn extent(&self) -> (usize, u32) {
        (self.edges.len(), self.generation)
    }

    /// The object or array around another; 0 where that is the document.
    #[must_use]
    pub fn around(&self, place: u32) -> u32 {
        self.states[place as usize].container
    }

    /// A run by its number, below the first figure of [`Self::extent`].
    #[must_use]
    pub fn run(&self, number: usize) -> Run<'_> {
        let Puts { from, ops, key } = self.puts[number];
        Run {
            container: self.states[from as usize].container,
            ops: &self.ops[ops.0 as usize..ops.1 as usize],
            key,
            follows: self.edges[number].follows,
        }
    }

    /// The runs of a document of a known shape, from now on in [`Self::steps`], and the document as text. `None` where the shape is
    /// not known.
    pub fn read<'a>(&mut self, document: &'a [u8]) -> Option<&'a str> {
        self.steps.clear();
        if self.states[START as usize].first == NONE || self.size_max < document.len() {
            return None;
        }
        let text = simdutf8::basic::from_utf8(document).ok()?;
        self.walk(text)?;
        self.credit = (self.credit + 1).min(CREDIT_MAX);
        Some(text)
    }

    /// The runs of the document that was read last.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn walk(&mut self, text: &str) -> Option<()> {
        let document = text.as_bytes();
        let (mut state, mut at) = (START, 0);
        // Ends: every run but the last has a byte at least.
        loop {
            let rest = document.get(at..)?;
            let run = self.edge(state, rest)?;
            let Edge { literal_size, follows, to, .. } = self.edges[run as usize];
            let (start, rest) = (at + literal_size as usize, rest.get(literal_size as usize..)?);
            let size = match follows {
                Follows::Text => text_size(rest)?,
                Follows::Token => {
                    let size = token(rest);
                    word_or_number(&rest[..size])?;
                    size
                }
                Follows::End => 0,
            };
            self.steps.push(Step { run, start: start as u32, size: size as u32, follows });
            if follows == Follows::End {
                return Some(());
            }
            (at, state) = (start + size, to);
        }
    }

    /// The edge that leads on: mostly the one that was taken last.
    #[inline]
    fn edge(&mut self, state: u32, rest: &[u8]) -> Option<u32> {
        let State { first, last, .. } = self.states[state as usize];
        if self.fits(self.edges.get(last as usize)?, rest) {
            return Some(last);
        }
        let mut index = first;
        // Ends: edges of a state are a list without rings.
        while let Some(edge) = self.edges.get(index as usize) {
            if index != last && self.fits(edge, rest) {
                self.states[state as usize].last = index;
                return Some(index);
            }
            index = edge.next;
        }
        None
    }

    #[inline(always)]
    fn fits(&self, edge: &Edge, rest: &[u8]) -> bool {
        let size = edge.literal_size as usize;
        let is_same = match rest.first_chunk() {
            Some(first) if size <= HEAD_SIZE => edge.head.fits(first),
            _ => {
                let start = edge.literal_start as usize;
                starts_with(rest, &self.literals[start..start + size])
            }
        };
        is_same
            && match edge.follows {
                Follows::Text => true,
                // The run before a number is also the beginning of the run before a string.
                Follows::Token => rest.get(size).is_some_and(|byte| is_token_start(*byte)),
                Follows::End => rest.len() == size,
            }
    }

    /// The tape of the document that was read last, to hold against the decoder's. Slow.
    #[must_use]
    pub fn tape<'a>(&self, text: &'a str) -> Vec<Node<'a>> {
        let mut nodes = Vec::new();
        let mut open = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let puts = &self.puts[step.run as usize];
            let ops = &self.ops[puts.ops.0 as usize..puts.ops.1 as usize];
            for op in ops.iter().copied().chain(puts.key.map(Op::Key)) {
                match op {
                    Op::Key(key) => {
                        nodes.extend(self.key(number, key, text).map(Node::String));
                        count_entry(&mut nodes, &open);
                    }
                    Op::Element => count_entry(&mut nodes, &open),
                    Op::Object(_) => {
                        open.push(nodes.len());
                        nodes.push(Node::Object { len: 0, count: 0 });
                    }
                    Op::Array(_) => {
                        open.push(nodes.len());
                        nodes.push(Node::Array { len: 0, count: 0 });
                    }
                    Op::Close => {
                        let Some(index) = open.pop() else { continue };
                        let found = nodes.len() - index - 1;
                        if let Node::Object { count, .. } | Node::Array { count, .. } =
                            &mut nodes[index]
                        {
                            *count = found;
                        }
                    }
                }
            }
            nodes.extend(self.value(step, text));
        }
        nodes
    }

    /// The text of a key of a step, by its number, of the document that was read last.
    #[must_use]
    pub fn key<'a>(&self, step: usize, key: Key, text: &'a str) -> Option<&'a str> {
        let before = step.checked_sub(1).map(|before| self.steps[before]);
        let start = before.map_or(0, |it| it.start + it.size) + key.start;
        text.get(start as usize..start as usize + usize::from(key.size))
    }

    /// The value of a step of the document that was read last; `None` at its end.
    #[inline(always)]
    #[must_use]
    pub fn value<'a>(&self, step: &Step, text: &'a str) -> Option<Node<'a>> {
        let value = text.get(step.start as usize..(step.start + step.size) as usize)?;
        match step.follows {
            Follows::Text => Some(Node::String(value)),
            Follows::Token => word_or_number(value.as_bytes()).map(Node::Static),
            Follows::End => None,
        }
    }
}

/// One more entry or element of what was opened last.
fn count_entry(nodes: &mut [Node<'_>], open: &[usize]) {
    if let Some(Node::Object { len, .. } | Node::Array { len, .. }) =
        open.last().and_then(|index| nodes.get_mut(*index))
    {
        *len += 1;
    }
}
