//! The teacher: an accepted document beside its tape becomes runs.
//!
//! # Method
//! The tape says what comes next, the document where it stands. Runs are gathered first and kept only when the whole document was
//! walked; then it is read by what was learned and must give its own tape.
//!
//! # Holds
//! - A document that was learned is read alike from then on; where it is not, everything is forgotten.

use simd_json::{Node, StaticNode};

use super::scan::{Head, is_between, token};
use super::{
    EDGE_COUNT_MAX, EDGES_OF_STATE_MAX, Edge, Follows, Key, LESSON_COST, LITERALS_SIZE_MAX, NONE,
    Op, Puts, START, STATE_COUNT_MAX, Shapes, State, TEACHER_SIZE_MAX,
};

/// A place in a document: below which container, how, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    container: u32,
    way: Way,
    kind: Kind,
}

/// How a value is reached from its container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Way {
    /// It is the document.
    Root,
    /// The value of a key.
    Key(Box<str>),
    /// An element of an array.
    Element,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Object,
    Array,
    Text,
    Token,
}

/// A run that was found.
#[derive(Debug)]
struct Found {
    from: u32,
    literal: (usize, usize),
    ops: (usize, usize),
    follows: Follows,
    to: u32,
}

/// The runs of one document, before they are kept.
#[derive(Debug, Default)]
pub(super) struct Runs {
    found: Vec<Found>,
    ops: Vec<Op>,
    frames: Vec<Frame>,
}

/// An object or array that is open.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The tape's index behind it.
    end: usize,
    kind: Kind,
    place: u32,
}

impl Shapes {
    /// Learns from a document that was decoded: `nodes` are its tape. `key_id` gives each key the number under which its run shows it
    /// (0: none). `false` where nothing was learned: an escape, a value that is never matched, too
    /// much kept already, or a feed that does not repeat itself.
    ///
    /// Call it for every miss. A lesson costs more than a match saves, so it has to be earned by matches.
    pub fn learn(
        &mut self,
        document: &[u8],
        nodes: &[Node<'_>],
        key_id: impl FnMut(&str) -> u16,
    ) -> bool {
        if TEACHER_SIZE_MAX < document.len() {
            return false;
        }
        let Some(credit) = self.credit.checked_sub(LESSON_COST) else {
            // One match a lesson's cost of misses, so that another habit is noticed some day.
            self.credit += 1;
            return false;
        };
        self.credit = credit;
        let mut runs = core::mem::take(&mut self.runs);
        let is_learned = self.gather(document, nodes, key_id, &mut runs).is_some()
            && self.keep(document, &runs).is_some();
        self.runs = runs;
        if !is_learned {
            return false;
        }
        let is_right = self.read(document).is_some_and(|text| {
            let again = self.tape(text);
            again.len() == nodes.len() && again.iter().zip(nodes).all(|(a, b)| is_same(a, b))
        });
        if !is_right {
            self.forget();
        }
        is_right
    }

    /// Walks the document beside its tape.
    fn gather(
        &mut self,
        document: &[u8],
        nodes: &[Node<'_>],
        mut key_id: impl FnMut(&str) -> u16,
        runs: &mut Runs,
    ) -> Option<()> {
        runs.found.clear();
        runs.ops.clear();
        runs.frames.clear();
        let mut key: Option<&str> = None;
        let (mut at, mut run_start, mut ops_start, mut from) = (0, 0, 0, START);
        for (index, node) in nodes.iter().enumerate() {
            runs.close(index);
            let start = at + document.get(at..)?.iter().position(|byte| !is_between(*byte))?;
            let frame = runs.frames.last().copied();
            let is_entry = frame.is_some_and(|frame| frame.kind == Kind::Object);
            if let (Node::String(text), true, None) = (node, is_entry, key) {
                let end = start + text.len() + 2;
                let quoted = document.get(start + 1..end - 1)?;
                if quoted != text.as_bytes() || quoted.contains(&b'\\') {
                    return None;
                }
                runs.ops.push(Op::Key(Key {
                    start: u32::try_from(start + 1 - run_start).ok()?,
                    size: u16::try_from(text.len()).ok()?,
                    id: key_id(text),
                }));
                key = Some(text);
                at = end;
                continue;
            }
            let way = match (frame, key.take()) {
                (None, _) => Way::Root,
                (Some(_), Some(key)) => Way::Key(key.into()),
                (Some(_), None) => {
                    runs.ops.push(Op::Element);
                    Way::Element
                }
            };
            let container = frame.map_or(START, |frame| frame.place);
            match *node {
                Node::Object { count, .. } | Node::Array { count, .. } => {
                    let is_object = matches!(node, Node::Object { .. });
                    let kind = if is_object { Kind::Object } else { Kind::Array };
                    let place = self.place(Place { container, way, kind })?;
                    runs.ops.push(if is_object { Op::Object(place) } else { Op::Array(place) });
                    runs.frames.push(Frame { end: index + 1 + count, kind, place });
                    at = start + 1;
                }
                Node::String(text) => {
                    let end = start + 1 + text.len();
                    if document.get(end) != Some(&b'"') {
                        return None;
                    }
                    let to = self.place(Place { container, way, kind: Kind::Text })?;
                    let literal = (run_start, start + 1);
                    let ops = (ops_start, runs.ops.len());
                    runs.found.push(Found { from, literal, ops, follows: Follows::Text, to });
                    (from, run_start, ops_start, at) = (to, end, runs.ops.len(), end + 1);
                }
                Node::Static(_) => {
                    let to = self.place(Place { container, way, kind: Kind::Token })?;
                    let (literal, ops) = ((run_start, start), (ops_start, runs.ops.len()));
                    runs.found.push(Found { from, literal, ops, follows: Follows::Token, to });
                    at = start + token(&document[start..]);
                    (from, run_start, ops_start) = (to, at, runs.ops.len());
                }
            }
        }
        runs.close(nodes.len());
        let (literal, ops) = ((run_start, document.len()), (ops_start, runs.ops.len()));
        runs.found.push(Found { from, literal, ops, follows: Follows::End, to: START });
        Some(())
    }

    /// The state of a place, made where it is new.
    fn place(&mut self, place: Place) -> Option<u32> {
        if let Some(&state) = self.places.get(&place) {
            return Some(state);
        }
        if STATE_COUNT_MAX <= self.states.len() {
            self.give_up();
            return None;
        }
        let state = self.states.len() as u32;
        self.states.push(State { first: NONE, last: NONE, container: place.container });
        self.places.insert(place, state);
        Some(state)
    }

    /// Too much was seen for any of it to repeat: from the beginning, when matches have earned it.
    fn give_up(&mut self) {
        self.forget();
        self.credit = 0;
    }

    fn keep(&mut self, document: &[u8], runs: &Runs) -> Option<()> {
        for run in &runs.found {
            let literal = &document[run.literal.0..run.literal.1];
            let state = self.states[run.from as usize];
            let (mut index, mut count) = (state.first, 0);
            let mut is_known = false;
            while let Some(edge) = self.edges.get(index as usize) {
                let start = edge.literal_start as usize;
                let kept = &self.literals[start..start + edge.literal_size as usize];
                is_known |= kept == literal && edge.follows == run.follows && edge.to == run.to;
                count += 1;
                index = edge.next;
            }
            if is_known {
                continue;
            }
            if EDGES_OF_STATE_MAX <= count {
                return None;
            }
            let is_full = EDGE_COUNT_MAX <= self.edges.len()
                || LITERALS_SIZE_MAX < self.literals.len() + literal.len();
            if is_full {
                self.give_up();
                return None;
            }
            let new = self.edges.len() as u32;
            let (literal_start, ops_start) = (self.literals.len() as u32, self.ops.len() as u32);
            self.literals.extend_from_slice(literal);
            let ops = &runs.ops[run.ops.0..run.ops.1];
            let (ops, key) = match ops.split_last() {
                Some((Op::Key(key), ops)) => (ops, Some(*key)),
                _ => (ops, None),
            };
            self.ops.extend_from_slice(ops);
            self.edges.push(Edge {
                head: Head::new(literal),
                literal_start,
                literal_size: literal.len() as u32,
                follows: run.follows,
                to: run.to,
                next: state.first,
            });
            self.puts.push(Puts { from: run.from, ops: (ops_start, self.ops.len() as u32), key });
            self.states[run.from as usize] = State { first: new, last: new, ..state };
        }
        Some(())
    }
}

impl Runs {
    /// Closes what ends before the node at `index`.
    fn close(&mut self, index: usize) {
        while self.frames.last().is_some_and(|frame| frame.end <= index) {
            self.frames.pop();
            self.ops.push(Op::Close);
        }
    }
}

/// Equal as the extractor sees them: a whole number is the same, signed or not.
fn is_same(left: &Node<'_>, right: &Node<'_>) -> bool {
    let whole = |node: &Node<'_>| match node {
        Node::Static(StaticNode::I64(number)) => Some(i128::from(*number)),
        Node::Static(StaticNode::U64(number)) => Some(i128::from(*number)),
        _ => None,
    };
    left == right || whole(left).is_some() && whole(left) == whole(right)
}
