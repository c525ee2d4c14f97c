//! The tape: how a document looks to whoever reads it.
//!
//! # Place
//! Handed out by the decoder, walked by the extractor.
//!
//! # Method
//! A slice of nodes. A value at index `i` ends before `end(i)`; an object's children alternate key and value. Walking never
//! looks outside the slice: a count that leads past the end is cut to it.
//!
//! # Holds
//! [`TapeView`] and its iterators, [`NumberText`] (digits of a number), the compact JSON writer.
//!
//! # Does not hold
//! Paths with filters and wildcards: the feed's.

use std::fmt::Write as _;

use simd_json::{Node, StaticNode};

/// A document's nodes. Copied freely; borrows the document.
#[derive(Debug, Clone, Copy)]
pub struct TapeView<'a> {
    /// The nodes, the root value first. Empty only when built from an empty slice.
    pub nodes: &'a [Node<'a>],
}

impl<'a> TapeView<'a> {
    /// A view of `nodes`.
    #[must_use]
    pub const fn new(nodes: &'a [Node<'a>]) -> Self {
        Self { nodes }
    }

    /// The node at `index`, `None` past the end.
    #[inline]
    #[must_use]
    pub fn node(self, index: usize) -> Option<Node<'a>> {
        self.nodes.get(index).copied()
    }

    /// Index of the first node after the value at `index`.
    #[inline]
    #[must_use]
    pub fn end(self, index: usize) -> usize {
        match self.nodes.get(index) {
            Some(Node::Object { count, .. } | Node::Array { count, .. }) => {
                (index + 1).saturating_add(*count).min(self.nodes.len())
            }
            Some(Node::String(_) | Node::Static(_)) => index + 1,
            None => self.nodes.len(),
        }
    }

    /// Keys and the indexes of their values; nothing when the value at `index` is no object.
    #[inline]
    #[must_use]
    pub fn entries(self, index: usize) -> Entries<'a> {
        match self.nodes.get(index) {
            Some(Node::Object { .. }) => {
                Entries { tape: self, position: index + 1, end: self.end(index) }
            }
            _ => Entries { tape: self, position: 0, end: 0 },
        }
    }

    /// Indexes of an array's elements. **A value that is no array is its own single element**: XML and some JSON senders write
    /// one child bare and several as a list, and a path `a[]` must read both.
    #[inline]
    #[must_use]
    pub fn elements(self, index: usize) -> Elements<'a> {
        match self.nodes.get(index) {
            Some(Node::Array { .. }) => {
                Elements { tape: self, position: index + 1, end: self.end(index) }
            }
            Some(_) => Elements { tape: self, position: index, end: self.end(index) },
            None => Elements { tape: self, position: 0, end: 0 },
        }
    }

    /// Index of the value under `key`, the first where a key stands twice. Linear in the entries.
    #[inline]
    #[must_use]
    pub fn get(self, index: usize, key: &str) -> Option<usize> {
        self.entries(index).find(|(name, _)| *name == key).map(|(_, value_index)| value_index)
    }

    /// The text of a string.
    #[inline]
    #[must_use]
    pub fn text(self, index: usize) -> Option<&'a str> {
        match self.nodes.get(index) {
            Some(Node::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, or of a number or truth value as the sender would have written it; `None` for null, objects
    /// and arrays. A number that lost digits (see [`Self::is_inexact`]) comes as the nearest double.
    #[inline]
    #[must_use]
    pub fn scalar<'b>(self, index: usize, number: &'b mut NumberText) -> Option<&'b str>
    where
        'a: 'b,
    {
        match self.nodes.get(index)? {
            Node::String(text) => Some(text),
            Node::Static(value) => number.write(*value),
            Node::Object { .. } | Node::Array { .. } => None,
        }
    }

    /// Whether the value is a number that may have lost digits on the way: a fraction, an exponent, or an integer beyond 64
    /// bits. A tracking number that arrives so must not be trusted.
    #[inline]
    #[must_use]
    pub fn is_inexact(self, index: usize) -> bool {
        matches!(self.nodes.get(index), Some(Node::Static(StaticNode::F64(_))))
    }

    /// Whether the value is null.
    #[inline]
    #[must_use]
    pub fn is_null(self, index: usize) -> bool {
        matches!(self.nodes.get(index), Some(Node::Static(StaticNode::Null)))
    }

    /// Appends the value at `index` as compact JSON. Nesting is bounded by the decoder's depth limit.
    pub fn write_json(self, index: usize, out: &mut String) {
        match self.nodes.get(index) {
            None => {}
            Some(Node::String(text)) => write_json_text(text, out),
            Some(Node::Static(value)) => match NumberText::new().write(*value) {
                Some(text) => out.push_str(text),
                None => out.push_str("null"),
            },
            Some(Node::Object { .. }) => {
                out.push('{');
                for (position, (key, value_index)) in self.entries(index).enumerate() {
                    if 0 < position {
                        out.push(',');
                    }
                    write_json_text(key, out);
                    out.push(':');
                    self.write_json(value_index, out);
                }
                out.push('}');
            }
            Some(Node::Array { .. }) => {
                out.push('[');
                for (position, value_index) in self.elements(index).enumerate() {
                    if 0 < position {
                        out.push(',');
                    }
                    self.write_json(value_index, out);
                }
                out.push(']');
            }
        }
    }

    /// The whole document as compact JSON.
    #[must_use]
    pub fn to_json(self) -> String {
        let mut out = String::new();
        self.write_json(0, &mut out);
        out
    }
}

/// Keys and value indexes of an object, in the sender's order.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    tape: TapeView<'a>,
    position: usize,
    end: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, usize);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.end <= self.position + 1 {
            return None;
        }
        let key = self.tape.text(self.position)?;
        let value_index = self.position + 1;
        self.position = self.tape.end(value_index);
        Some((key, value_index))
    }
}

/// Indexes of an array's elements.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    tape: TapeView<'a>,
    position: usize,
    end: usize,
}

impl Iterator for Elements<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.end <= self.position {
            return None;
        }
        let index = self.position;
        self.position = self.tape.end(index);
        Some(index)
    }
}

/// Room for the digits of one number, on the caller's stack.
#[derive(Clone)]
pub struct NumberText {
    integer: itoa::Buffer,
    /// The shortest decimal of a double, with an exponent where it is large: at most 24 bytes.
    fraction: [u8; 32],
}

impl std::fmt::Debug for NumberText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NumberText").finish_non_exhaustive()
    }
}

impl Default for NumberText {
    fn default() -> Self {
        Self::new()
    }
}

impl NumberText {
    /// Empty room.
    #[must_use]
    pub fn new() -> Self {
        Self { integer: itoa::Buffer::new(), fraction: [0; 32] }
    }

    /// The text of a truth value or number; `None` for null.
    #[inline]
    pub fn write(&mut self, value: StaticNode) -> Option<&str> {
        match value {
            StaticNode::I64(number) => Some(self.integer.format(number)),
            StaticNode::U64(number) => Some(self.integer.format(number)),
            StaticNode::F64(number) => self.write_fraction(number),
            StaticNode::Bool(true) => Some("true"),
            StaticNode::Bool(false) => Some("false"),
            StaticNode::Null => None,
        }
    }

    #[cold]
    fn write_fraction(&mut self, number: f64) -> Option<&str> {
        let mut room = &mut self.fraction[..];
        std::io::Write::write_fmt(&mut room, format_args!("{number:?}")).ok()?;
        let left_size = room.len();
        let size = self.fraction.len() - left_size;
        std::str::from_utf8(&self.fraction[..size]).ok()
    }
}

/// Appends `text` in quotes, with the escapes that JSON requires and no others.
pub(crate) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1F => "",
            _ => continue,
        };
        out.push_str(&text[start..at]);
        start = at + 1;
        if escape.is_empty() {
            // Writing to a `String` can't fail.
            let written = write!(out, "\\u{byte:04x}");
            debug_assert!(written.is_ok());
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[start..]);
    out.push('"');
}
