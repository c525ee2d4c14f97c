//! A document between its scan and the tape.
//!
//! # Place
//! XML, X12 and EDIFACT scan their input into an outline; the outline then writes the tape. JSON and CSV don't need it.
//!
//! # Method
//! The tape wants the children of one name side by side (`TrackDetail[]`), and senders mix them. So the scan only links: an item
//! knows its first group (children of one name), a group's head knows the next group and the next of the same name. Names and
//! values are spans, not slices: unescaped text goes to an arena that may still grow. Writing follows the links with a stack of
//! frames. Each item is touched once by the scan and once by the writing.
//!
//! # Holds
//! [`Outline`], [`Span`].
//!
//! # Does not hold
//! Which child belongs where: that is each format's.

use std::ops::Range;

use simd_json::{Node, StaticNode};

/// Where a piece of text lies. Four bytes of start, four of size with the source in the top two bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    size: u32,
}

/// Sources of a span, and the bits of `Span::size` that are left.
const IN_ARENA: u32 = 1 << 30;
const IN_KEYS: u32 = 1 << 31;
const SIZE_MASK: u32 = IN_ARENA - 1;

/// Largest text that spans can point into.
pub(crate) const TEXT_SIZE_MAX: usize = SIZE_MASK as usize;

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, size: 0 };

    /// A span of the input.
    #[inline]
    pub(crate) fn text(start: usize, size: usize) -> Self {
        assert!(start + size <= TEXT_SIZE_MAX);
        Self { start: narrow(start), size: narrow(size) }
    }

    /// A span of the arena.
    pub(crate) fn arena(start: usize, size: usize) -> Self {
        let span = Self::text(start, size);
        Self { start: span.start, size: span.size | IN_ARENA }
    }

    /// Entry `index` of the format's table of fixed names.
    pub(crate) const fn key(index: usize) -> Self {
        assert!(index < u16::MAX as usize);
        #[expect(clippy::cast_possible_truncation, reason = "just asserted; `from` is not const")]
        let start = index as u32;
        Self { start, size: IN_KEYS | 1 }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.size & SIZE_MASK == 0
    }

    pub(crate) const fn size(self) -> usize {
        (self.size & SIZE_MASK) as usize
    }

    /// Where it lies in its source.
    pub(crate) const fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.size()
    }

    /// Start and size, for a span of the input.
    pub(crate) const fn parts(self) -> (u32, u32) {
        (self.start, self.size & SIZE_MASK)
    }

    /// Where it lies in the arena, if it does.
    pub(crate) const fn arena_range(self) -> Option<Range<usize>> {
        if self.size & IN_ARENA == 0 { None } else { Some(self.range()) }
    }

    /// Less `front` bytes at its start and `back` at its end.
    pub(crate) fn narrowed(self, front: usize, back: usize) -> Self {
        assert!(front + back <= self.size());
        Self { start: self.start + narrow(front), size: self.size - narrow(front + back) }
    }
}

/// Documents are bounded by [`TEXT_SIZE_MAX`], and everything counted in them with them.
#[inline]
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or_else(|_| unreachable!("bounded by the document size limit"))
}

/// What spans point into.
#[derive(Clone, Copy)]
struct Sources<'a> {
    text: &'a str,
    arena: &'a str,
    keys: &'static [&'static str],
}

impl<'a> Sources<'a> {
    #[inline]
    fn get(&self, span: Span) -> &'a str {
        let start = span.start as usize;
        if span.size & IN_KEYS != 0 {
            return self.keys[start];
        }
        let source = if span.size & IN_ARENA == 0 { self.text } else { self.arena };
        &source[start..start + span.size()]
    }
}

/// "No item".
pub(crate) const NONE: u32 = u32::MAX;

/// One object or text of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Its key in the parent.
    pub(crate) name: Span,
    /// Its text; for an object the text beside its children.
    pub(crate) value: Span,
    /// First group of children: the head of its chain.
    pub(crate) first_group: u32,
    pub(crate) last_group: u32,
    /// For the head of a group: the parent's next group.
    pub(crate) next_group: u32,
    /// Next sibling of the same name.
    pub(crate) next_same: u32,
    /// For the head of a group: its last member.
    pub(crate) last_same: u32,
    /// Its fields in [`Outline::fields`].
    pub(crate) fields_start: u32,
    pub(crate) fields_count: u32,
    /// An object even when it has neither fields nor children.
    pub(crate) is_object: bool,
}

/// A key and a text of an object, beside its children: an attribute or an element of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

#[derive(Debug, Clone, Copy)]
enum Frame {
    /// An object being written: where it stands, its entries so far, the next group.
    Groups { node: usize, len: usize, next: u32 },
    /// An array being written: where it stands, its elements so far, the next one.
    Same { node: usize, len: usize, next: u32 },
}

/// The items of one document. Reused.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) items: Vec<Item>,
    pub(crate) fields: Vec<Field>,
    /// Text that is no plain slice of the input.
    pub(crate) arena: String,
    frames: Vec<Frame>,
}

impl Outline {
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.fields.clear();
        self.arena.clear();
    }

    /// Adds an item that has no parent yet; its fields are those pushed from `fields_start` on.
    #[inline]
    pub(crate) fn push(&mut self, name: Span, fields_start: usize) -> u32 {
        let index = narrow(self.items.len());
        self.items.push(Item {
            name,
            value: Span::EMPTY,
            first_group: NONE,
            last_group: NONE,
            next_group: NONE,
            next_same: NONE,
            last_same: index,
            fields_start: narrow(fields_start),
            fields_count: narrow(self.fields.len() - fields_start),
            is_object: false,
        });
        index
    }

    /// Adds an item with the fields of another.
    pub(crate) fn push_copy(&mut self, name: Span, source: u32) -> u32 {
        let Item { fields_start, fields_count, .. } = self.items[source as usize];
        let index = self.push(name, self.fields.len());
        let item = &mut self.items[index as usize];
        item.fields_start = fields_start;
        item.fields_count = fields_count;
        item.is_object = true;
        index
    }

    /// Adds an object to `parent`, with the fields pushed from `fields_start` on.
    pub(crate) fn push_object(&mut self, parent: u32, name: Span, fields_start: usize) -> u32 {
        let index = self.push(name, fields_start);
        self.items[index as usize].is_object = true;
        self.add(parent, index);
        index
    }

    /// The text of a span of the input or the arena.
    pub(crate) fn text_of<'o>(&'o self, text: &'o str, span: Span) -> &'o str {
        Sources { text, arena: &self.arena, keys: &[] }.get(span)
    }

    /// Opens a new group of `parent` with `child` as its head.
    #[inline]
    pub(crate) fn add_group(&mut self, parent: u32, child: u32) {
        let last = self.items[parent as usize].last_group;
        if last == NONE {
            self.items[parent as usize].first_group = child;
        } else {
            self.items[last as usize].next_group = child;
        }
        self.items[parent as usize].last_group = child;
    }

    /// Adds `child` to the group that `head` opened.
    #[inline]
    pub(crate) fn add_same(&mut self, head: u32, child: u32) {
        let last = self.items[head as usize].last_same;
        self.items[last as usize].next_same = child;
        self.items[head as usize].last_same = child;
    }

    /// Adds `child` to `parent`, with those of its name. Looks through the parent's groups: for formats whose names are a fixed table,
    /// so that this is bounded.
    pub(crate) fn add(&mut self, parent: u32, child: u32) {
        let name = self.items[child as usize].name;
        let mut head = self.items[parent as usize].first_group;
        // Ends: each group is visited once.
        while head != NONE {
            if self.items[head as usize].name == name {
                return self.add_same(head, child);
            }
            head = self.items[head as usize].next_group;
        }
        self.add_group(parent, child);
    }

    /// Writes item 0 and all below it onto the tape. `text` is what the scan was given, `keys` the format's fixed names.
    pub(crate) fn write<'a>(
        &'a mut self,
        text: &'a str,
        keys: &'static [&'static str],
        nodes: &mut Vec<Node<'a>>,
    ) {
        let Self { items, fields, arena, frames } = self;
        let sources = Sources { text, arena, keys };
        frames.clear();
        // A name and a value for each item, an array for each group, a pair for each field.
        nodes.reserve(4 * items.len() + 2 * fields.len());
        let mut writing = Writing { items, fields, frames, sources, nodes };
        writing.value(0);
        // Ends: every turn takes one group or one sibling from a chain, or closes a frame.
        while let Some(frame) = writing.frames.last_mut() {
            match *frame {
                Frame::Groups { node, len, next: NONE } => writing.close(node, len, true),
                Frame::Same { node, len, next: NONE } => writing.close(node, len, false),
                Frame::Groups { node, len, next } => {
                    let head = items[next as usize];
                    *frame = Frame::Groups { node, len: len + 1, next: head.next_group };
                    writing.nodes.push(Node::String(sources.get(head.name)));
                    if head.next_same == NONE {
                        writing.value(next);
                    } else {
                        let node = writing.nodes.len();
                        writing.nodes.push(Node::Array { len: 0, count: 0 });
                        writing.frames.push(Frame::Same { node, len: 0, next });
                    }
                }
                Frame::Same { node, len, next } => {
                    let following = items[next as usize].next_same;
                    *frame = Frame::Same { node, len: len + 1, next: following };
                    writing.value(next);
                }
            }
        }
    }
}

struct Writing<'o, 'a> {
    items: &'o [Item],
    fields: &'o [Field],
    frames: &'o mut Vec<Frame>,
    sources: Sources<'a>,
    nodes: &'o mut Vec<Node<'a>>,
}

impl Writing<'_, '_> {
    #[inline]
    fn value(&mut self, index: u32) {
        let item = self.items[index as usize];
        if !item.is_object && item.first_group == NONE && item.fields_count == 0 {
            self.nodes.push(if item.value.is_empty() {
                Node::Static(StaticNode::Null)
            } else {
                Node::String(self.sources.get(item.value))
            });
            return;
        }
        let node = self.nodes.len();
        self.nodes.push(Node::Object { len: 0, count: 0 });
        let start = item.fields_start as usize;
        let mut len = item.fields_count as usize;
        for field in &self.fields[start..start + len] {
            self.nodes.push(Node::String(self.sources.get(field.name)));
            self.nodes.push(Node::String(self.sources.get(field.value)));
        }
        if !item.value.is_empty() {
            self.nodes.push(Node::String("#text"));
            self.nodes.push(Node::String(self.sources.get(item.value)));
            len += 1;
        }
        self.frames.push(Frame::Groups { node, len, next: item.first_group });
    }

    fn close(&mut self, node: usize, len: usize, is_object: bool) {
        let count = self.nodes.len() - node - 1;
        self.nodes[node] =
            if is_object { Node::Object { len, count } } else { Node::Array { len, count } };
        self.frames.pop();
    }
}
