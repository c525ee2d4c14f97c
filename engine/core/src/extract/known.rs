//! Documents of a known shape: from runs to slots, without a tape.
//!
//! # Place
//!
//! `Shapes` (runs of a document) -> **`known`** -> the same slots that [`super::fill`] finds on a tape.
//!
//! # Method
//!
//! What the walk over a tape would do at a value depends on the way that leads to it, and that is the same for every
//! document that takes a run. So each run is looked at once: which levels of the feed are entered and left on it, and
//! which slots its value fills. A document is then read run by run. Each node of a level is a *visit*: a list of the
//! values that fill its slots and a list of the visits below it.
//!
//! An object or array that an expression looks into (an index, a condition) is kept whole: its nodes stand among the wanted
//! values as they would on a tape.
//!
//! A level that is reached by `.` has its visit beside the one of the level above; it counts only where no other way
//! led to a node, which is known at the end.
//!
//! All this is the same for every document that takes the same runs in the same order, so it is kept as a *layout*: a
//! document of a kept layout costs no more than its wanted values.
//!
//! # Holds
//!
//! - What is found is what [`super::fill`] finds on the document's tape, of the slots that a lane looks into; or nothing
//!   is, and the tape is read.
//!
//! # Does not hold
//!
//! Filters on the way to a level's nodes, and nodes that are no objects: they ask for a tape, and a run that meets one says so.

use core::ops::Range;

use crossdock_format::{Follows, Key, Node, Op, Shapes, StaticNode};
use crossdock_rules::feed::program::{LEVELS_MAX, Slot};
use hashbrown::HashTable;

use super::Slots;
use super::keys::{FeedKeys, Known};

/// What happens on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// A node of this level begins.
    Enter(u8),
    /// The node that began last ends.
    Leave,
    /// The value, or the object or array that was opened last, fills a slot of a level.
    Fill(u8, Slot),
    /// An object or array begins that is kept as a whole; and what is within it.
    Object,
    Array,
    Element,
    Key(Key),
    Value,
    /// What is kept and was opened last is closed.
    Close,
    /// Nodes of the next level are expected here; there are none only where the value is null.
    MustBeNull,
}

/// What a run means for the feed.
#[derive(Clone, Copy, Debug)]
struct Plan {
    actions: (u32, u32),
    /// It meets something that only a tape answers.
    needs_tape: bool,
}

/// What the feed wants at a place.
#[derive(Clone, Debug, Default)]
struct Wants {
    /// Trie nodes, by level, whose keys are wanted in the object.
    tries: Vec<(u8, u16)>,
    /// The level whose node the object is.
    enters: Option<u8>,
    /// The level whose nodes the elements of the array are.
    elements: Option<u8>,
    /// Slots, by level, that the object or array fills as a whole.
    fills: Vec<(u8, Slot)>,
    /// It is kept as a whole, or is within something that is.
    is_kept: bool,
    needs_tape: bool,
}

/// The plans of one feed's runs.
#[derive(Debug, Default)]
pub struct Plans {
    generation: u32,
    plans: Vec<Plan>,
    actions: Vec<Action>,
    /// By place.
    wants: Vec<Wants>,
    layouts: Vec<Layout>,
    /// Layouts by the hash of their runs.
    by_runs: HashTable<u32>,
    /// The layout of the document before.
    last: usize,
    draft: Draft,
}

/// Layouts kept; more than the shapes of one feed at a time.
const LAYOUTS_MAX: usize = 4_096;

/// What documents with the same runs have in common.
#[derive(Debug, Default)]
pub struct Layout {
    runs: Vec<u32>,
    hash: u64,
    /// What is wanted of the document.
    wanted: Vec<Wanted>,
    /// Steps whose value must be null, or only a tape can answer.
    nulls: Vec<u32>,
    visits: Vec<Visit>,
    values: Vec<Value>,
    below: Vec<u32>,
    roots: Vec<u32>,
    needs_tape: bool,
}

/// A node that is wanted, all but what changes from document to document.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// The value of a step.
    Value(u32),
    /// A key of a step.
    Key(u32, Key),
    Object {
        len: usize,
        count: usize,
    },
    Array {
        len: usize,
        count: usize,
    },
}

/// A node of a level.
#[derive(Clone, Debug)]
struct Visit {
    /// Values that fill its slots, in the order of the document.
    values: Range<u32>,
    /// Visits of the next level, in the order of the document.
    below: Range<u32>,
    /// The slots that are filled.
    filled: u128,
}

/// A value that fills a slot.
#[derive(Clone, Copy, Debug)]
struct Value {
    slot: Slot,
    node: u32,
}

impl Layout {
    /// The nodes of the first level.
    #[must_use]
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// Does for a visit what [`super::fill`] does for a node of a tape.
    pub fn fill(
        &self,
        visit: u32,
        level: &super::keys::LevelKeys,
        slots: &mut Slots,
        children: &mut Vec<u32>,
    ) {
        let visit = &self.visits[visit as usize];
        slots.clear(&level.slots, level.mask);
        for value in &self.values[visit.values.start as usize..visit.values.end as usize] {
            slots.indexes[usize::from(value.slot.0)] = value.node;
        }
        slots.filled |= visit.filled;
        for (source, target) in &level.copies {
            slots.copy(*source, *target);
        }
        let below = visit.below.start as usize..visit.below.end as usize;
        children.extend_from_slice(&self.below[below]);
    }
}

/// A layout in the making.
#[derive(Debug, Default)]
struct Draft {
    visits: Vec<Sketch>,
    roots: Vec<u32>,
    /// The visits that are open, by level.
    open: [u32; LEVELS_MAX],
    /// The same before each node that is open.
    saved: Vec<[u32; LEVELS_MAX]>,
    /// Objects and arrays that are kept and open: their places among the wanted.
    kept: Vec<usize>,
}

/// A visit in the making.
#[derive(Debug, Default)]
struct Sketch {
    values: Vec<Value>,
    below: Vec<u32>,
    /// The visit of the next level at the same node, where the feed may go on with `.`.
    here: Option<u32>,
}

impl Layout {
    fn want(&mut self, wanted: Wanted) -> u32 {
        self.wanted.push(wanted);
        self.wanted.len() as u32 - 1
    }
}

impl Draft {
    /// One more entry or element of what is kept and was opened last.
    fn count(&self, layout: &mut Layout) {
        let open = self.kept.last().and_then(|index| layout.wanted.get_mut(*index));
        if let Some(Wanted::Object { len, .. } | Wanted::Array { len, .. }) = open {
            *len += 1;
        }
    }

    fn close(&mut self, layout: &mut Layout) {
        let Some(index) = self.kept.pop() else { return };
        let found = layout.wanted.len() - index - 1;
        if let Wanted::Object { count, .. } | Wanted::Array { count, .. } =
            &mut layout.wanted[index]
        {
            *count = found;
        }
    }

    fn new_visit(&mut self) -> u32 {
        self.visits.push(Sketch::default());
        (self.visits.len() - 1) as u32
    }

    /// A node of a level begins: its visit, and those of the levels that may go on at the same node.
    fn enter(&mut self, level: u8, keys: &FeedKeys) {
        self.saved.push(self.open);
        let mut level = usize::from(level);
        let visit = self.new_visit();
        match level.checked_sub(1).map(|above| self.open[above]) {
            None => self.roots.push(visit),
            Some(above) => self.visits[above as usize].below.push(visit),
        }
        self.open[level] = visit;
        while keys.level(level).descend_here && level + 1 < keys.count() {
            let here = self.new_visit();
            self.visits[self.open[level] as usize].here = Some(here);
            level += 1;
            self.open[level] = here;
        }
    }

    /// The layout that was drawn.
    fn finish(&mut self, layout: &mut Layout) {
        for sketch in self.visits.drain(..) {
            let values = layout.values.len() as u32;
            let below = layout.below.len() as u32;
            let filled = sketch.values.iter().fold(0, |set, value| set | 1_u128 << value.slot.0);
            layout.values.extend(sketch.values);
            if sketch.below.is_empty() {
                layout.below.extend(sketch.here);
            } else {
                layout.below.extend(sketch.below);
            }
            layout.visits.push(Visit {
                values: values..layout.values.len() as u32,
                below: below..layout.below.len() as u32,
                filled,
            });
        }
        layout.roots.append(&mut self.roots);
        self.saved.clear();
        self.kept.clear();
    }
}

/// Puts the values behind `nodes` that a layout wants; `None` where only a tape can answer.
#[inline]
fn put_wanted<'a>(
    layout: &Layout,
    shapes: &Shapes,
    text: &'a str,
    nodes: &mut Vec<Node<'a>>,
) -> Option<()> {
    let steps = shapes.steps();
    for wanted in &layout.wanted {
        nodes.push(match *wanted {
            Wanted::Value(step) => shapes.value(&steps[step as usize], text)?,
            Wanted::Key(step, key) => Node::String(shapes.key(step as usize, key, text)?),
            Wanted::Object { len, count } => Node::Object { len, count },
            Wanted::Array { len, count } => Node::Array { len, count },
        });
    }
    let is_null = |step: &u32| {
        shapes.value(&steps[*step as usize], text) == Some(Node::Static(StaticNode::Null))
    };
    layout.nulls.iter().all(is_null).then_some(())
}

impl Plans {
    /// Reads the document that `shapes` read last: the values that are wanted are put behind `nodes`, and where they belong is in
    /// [`Self::layout`] of the number. `None`, and nothing put, where it needs a tape.
    pub fn read<'a>(
        &mut self,
        keys: &FeedKeys,
        shapes: &Shapes,
        text: &'a str,
        nodes: &mut Vec<Node<'a>>,
    ) -> Option<u32> {
        self.learn(keys, shapes);
        let index = self.layout_of(keys, shapes)?;
        let layout = &self.layouts[index];
        if layout.needs_tape {
            return None;
        }
        let start = nodes.len();
        if put_wanted(layout, shapes, text, nodes).is_none() {
            nodes.truncate(start);
            return None;
        }
        Some(index as u32)
    }

    /// A layout by the number that [`Self::read`] gave, until the shapes forget: see [`Shapes::extent`].
    #[must_use]
    pub fn layout(&self, index: u32) -> &Layout {
        &self.layouts[index as usize]
    }

    /// The layout of the document that `shapes` read last; drawn where it is new.
    fn layout_of(&mut self, keys: &FeedKeys, shapes: &Shapes) -> Option<usize> {
        let steps = shapes.steps();
        let is_same = |layout: &Layout| {
            layout.runs.len() == steps.len()
                && layout.runs.iter().zip(steps).all(|(run, step)| *run == step.run)
        };
        if self.layouts.get(self.last).is_some_and(is_same) {
            return Some(self.last);
        }
        let hash = steps.iter().fold(0_u64, |hash, step| {
            (hash.rotate_left(5) ^ u64::from(step.run)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        let layouts = &self.layouts;
        let found = self.by_runs.find(hash, |index| is_same(&layouts[*index as usize])).copied();
        if let Some(index) = found {
            self.last = index as usize;
            return Some(self.last);
        }
        if LAYOUTS_MAX <= self.layouts.len() {
            return None;
        }
        self.last = self.layouts.len();
        let layout = self.draw(keys, shapes, hash);
        self.layouts.push(layout);
        let layouts = &self.layouts;
        self.by_runs.insert_unique(hash, self.last as u32, |index| layouts[*index as usize].hash);
        Some(self.last)
    }

    fn draw(&mut self, keys: &FeedKeys, shapes: &Shapes, hash: u64) -> Layout {
        let runs = shapes.steps().iter().map(|step| step.run).collect();
        let mut layout = Layout { runs, hash, ..Layout::default() };
        for (number, step) in shapes.steps().iter().enumerate() {
            let plan = self.plans[step.run as usize];
            layout.needs_tape |= plan.needs_tape;
            if layout.needs_tape {
                break;
            }
            let mut node = None;
            for action in &self.actions[plan.actions.0 as usize..plan.actions.1 as usize] {
                match *action {
                    Action::Fill(level, slot) => {
                        let node =
                            *node.get_or_insert_with(|| layout.want(Wanted::Value(number as u32)));
                        let visit = self.draft.open[usize::from(level)] as usize;
                        self.draft.visits[visit].values.push(Value { slot, node });
                    }
                    Action::Enter(level) => self.draft.enter(level, keys),
                    Action::Leave => {
                        let before = self.draft.saved.pop();
                        self.draft.open = before.expect("what is left was entered");
                    }
                    Action::MustBeNull => layout.nulls.push(number as u32),
                    Action::Object | Action::Array => {
                        let empty = if *action == Action::Object {
                            Wanted::Object { len: 0, count: 0 }
                        } else {
                            Wanted::Array { len: 0, count: 0 }
                        };
                        let index = layout.want(empty);
                        self.draft.kept.push(index as usize);
                        node = Some(index);
                    }
                    Action::Element => self.draft.count(&mut layout),
                    Action::Key(key) => {
                        self.draft.count(&mut layout);
                        layout.want(Wanted::Key(number as u32, key));
                        node = None;
                    }
                    Action::Value => node = Some(layout.want(Wanted::Value(number as u32))),
                    Action::Close => {
                        self.draft.close(&mut layout);
                        // What the run fills behind it is its value, not what was closed.
                        node = None;
                    }
                }
            }
        }
        self.draft.finish(&mut layout);
        layout
    }

    /// Looks at the runs that are new.
    fn learn(&mut self, keys: &FeedKeys, shapes: &Shapes) {
        let (count, generation) = shapes.extent();
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
        for number in self.plans.len()..count {
            let plan = self.plan(keys, shapes, number);
            self.plans.push(plan);
        }
    }

    /// What a run means. Runs come in the order in which they were learned, so that the places where one begins were
    /// opened by an earlier one.
    fn plan(&mut self, keys: &FeedKeys, shapes: &Shapes, number: usize) -> Plan {
        let run = shapes.run(number);
        let start = self.actions.len() as u32;
        let mut needs_tape = keys.wants_nodes();
        let mut path = self.path(shapes, run.container);
        let mut key = None;
        for op in run.ops {
            let is_kept = path.last().is_some_and(|place| self.wants[*place as usize].is_kept);
            match *op {
                Op::Key(found) => {
                    key = Some(found.id);
                    self.actions.extend(is_kept.then_some(Action::Key(found)));
                }
                Op::Element => {
                    key = None;
                    self.actions.extend(is_kept.then_some(Action::Element));
                }
                Op::Object(place) | Op::Array(place) => {
                    let is_object = matches!(op, Op::Object(_));
                    let container = path.last().copied();
                    let wants = self.wants_of(keys, container, key.take(), is_object);
                    needs_tape |= wants.needs_tape;
                    if wants.is_kept {
                        self.actions.push(if is_object { Action::Object } else { Action::Array });
                    }
                    self.actions.extend(
                        wants.fills.iter().map(|(level, slot)| Action::Fill(*level, *slot)),
                    );
                    self.actions.extend(wants.enters.map(Action::Enter));
                    self.keep(place, wants);
                    path.push(place);
                }
                Op::Close => {
                    let Some(place) = path.pop() else { continue };
                    let wants = &self.wants[place as usize];
                    self.actions.extend(wants.enters.is_some().then_some(Action::Leave));
                    self.actions.extend(wants.is_kept.then_some(Action::Close));
                }
            }
        }
        if run.follows != Follows::End {
            let is_kept = path.last().is_some_and(|place| self.wants[*place as usize].is_kept);
            if is_kept {
                self.actions.extend(run.key.map(Action::Key));
                self.actions.push(Action::Value);
            }
            needs_tape |= self.value(keys, path.last().copied(), run.key.map(|key| key.id));
        }
        Plan { actions: (start, self.actions.len() as u32), needs_tape }
    }

    /// The places that are open where a run begins, outermost first.
    fn path(&self, shapes: &Shapes, container: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = container;
        // Ends: a place is learned after the one around it, so the numbers fall.
        while at != 0 {
            path.push(at);
            at = shapes.around(at);
        }
        path.reverse();
        path
    }

    fn keep(&mut self, place: u32, wants: Wants) {
        let index = place as usize;
        if self.wants.len() <= index {
            self.wants.resize(index + 1, Wants::default());
        }
        self.wants[index] = wants;
    }

    /// What the feed wants of an object or array in `container`, under `key` or as an element.
    fn wants_of(
        &self,
        keys: &FeedKeys,
        container: Option<u32>,
        key: Option<u16>,
        is_object: bool,
    ) -> Wants {
        let mut wants = Wants::default();
        match (container.map(|place| &self.wants[place as usize]), key) {
            (None, _) if is_object => wants.enters = Some(0),
            // A document may be an array of documents.
            (None, _) => wants.elements = Some(0),
            (Some(around), None) => {
                wants.enters = around.elements.filter(|_| is_object);
                wants.needs_tape = around.elements.is_some() && !is_object;
            }
            (Some(around), Some(key)) => {
                for &(level, trie) in &around.tries {
                    let Some(node) = keys.level(usize::from(level)).node(trie) else { continue };
                    let edge = match node.by_id(key) {
                        Known::Unwanted => continue,
                        Known::Slot(slot) => {
                            wants.fills.extend(keys.is_read(slot).then_some((level, slot)));
                            continue;
                        }
                        Known::Edge(index) => &node.edges[usize::from(index)],
                    };
                    let slot = edge.slot.filter(|slot| keys.is_read(*slot));
                    wants.fills.extend(slot.map(|slot| (level, slot)));
                    if let Some(descend) = &edge.descend {
                        let target =
                            if is_object { &mut wants.enters } else { &mut wants.elements };
                        wants.needs_tape |= target.is_some() || descend.filter.is_some();
                        *target = Some(level + 1);
                    }
                    if let Some(below) = edge.below {
                        // Of an array only the first element is wanted.
                        wants.needs_tape |= !is_object;
                        wants.tries.push((level, below));
                    }
                }
            }
        }
        let around = container.is_some_and(|place| self.wants[place as usize].is_kept);
        wants.is_kept = around || !wants.fills.is_empty();
        let mut level = wants.enters.map(usize::from);
        while let Some(at) = level {
            wants.tries.push((at as u8, 0));
            let goes_on = keys.level(at).descend_here && at + 1 < keys.count();
            level = goes_on.then_some(at + 1);
        }
        wants
    }

    /// What the value at the end of a run does; true where it needs a tape.
    fn value(&mut self, keys: &FeedKeys, container: Option<u32>, key: Option<u16>) -> bool {
        let Some(place) = container else { return true };
        let Some(key) = key else { return self.wants[place as usize].elements.is_some() };
        let mut needs_tape = false;
        for index in 0..self.wants[place as usize].tries.len() {
            let (level, trie) = self.wants[place as usize].tries[index];
            let Some(node) = keys.level(usize::from(level)).node(trie) else { continue };
            match node.by_id(key) {
                Known::Unwanted => {}
                Known::Slot(slot) if keys.is_read(slot) => {
                    self.actions.push(Action::Fill(level, slot));
                }
                Known::Slot(_) => {}
                Known::Edge(edge) => {
                    let edge = &node.edges[usize::from(edge)];
                    let slot = edge.slot.filter(|slot| keys.is_read(*slot));
                    self.actions.extend(slot.map(|slot| Action::Fill(level, slot)));
                    if let Some(descend) = &edge.descend {
                        needs_tape |= descend.filter.is_some();
                        self.actions.push(Action::MustBeNull);
                    }
                }
            }
        }
        needs_tape
    }
}
