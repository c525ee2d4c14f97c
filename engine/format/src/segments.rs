//! Segments of X12 and EDIFACT text.
//!
//! # Place
//! Under both scans: finds where segments, elements and components begin and end, and nothing else.
//!
//! # Method
//! One pass, a byte at a time through a table of 256 classes that the interchange's own header fills. A value is a span of the
//! input; only where a release character or a line break stands in it are its runs joined in the outline's arena. Empty values
//! leave no field. Nothing is ever looked at twice.
//!
//! # Holds
//! [`Syntax`] (the delimiters), [`Segment`], [`Segments`] (the cursor).

use crate::keys::{COMPONENT_COUNT_MAX, ELEMENT_COUNT_MAX, Word, element_key};
use crate::outline::{Field, Outline, Span};
use crate::warning::Tag;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Element,
    Component,
    Terminator,
    Release,
    /// A line break that means nothing.
    Break,
}

/// The delimiters of one interchange.
#[derive(Debug, Clone)]
pub(crate) struct Syntax {
    classes: [Class; 256],
}

impl Syntax {
    /// Element separator and segment terminator; line breaks mean nothing unless they are one of them.
    pub(crate) fn new(element: u8, terminator: u8) -> Self {
        let mut classes = [Class::Plain; 256];
        classes[usize::from(b'\n')] = Class::Break;
        classes[usize::from(b'\r')] = Class::Break;
        classes[usize::from(element)] = Class::Element;
        classes[usize::from(terminator)] = Class::Terminator;
        Self { classes }
    }

    /// With a component separator and a release character (EDIFACT).
    pub(crate) fn with_components(mut self, component: u8, release: Option<u8>) -> Self {
        self.classes[usize::from(component)] = Class::Component;
        if let Some(release) = release {
            self.classes[usize::from(release)] = Class::Release;
        }
        self
    }
}

impl Syntax {
    fn is_break(&self, byte: u8) -> bool {
        self.classes[usize::from(byte)] == Class::Break
    }
}

/// Longest tag.
const TAG_SIZE_MAX: usize = 3;

/// One segment. Its values are fields of the outline, from `fields_start` to the newest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    /// The first bytes of the tag, one more than a tag may have.
    tag: [u8; TAG_SIZE_MAX + 1],
    tag_size: usize,
    /// The tag's word, where it has one.
    pub(crate) word: Option<Word>,
    /// Where it begins in the text.
    pub(crate) start: usize,
    /// Where the next begins.
    pub(crate) end: usize,
    pub(crate) fields_start: usize,
    /// Whether its terminator is there; the last segment of a text may have been cut off within a value.
    pub(crate) is_terminated: bool,
    /// Elements beyond the most that are kept; where they begin.
    pub(crate) surplus_start: Option<usize>,
}

/// A cursor over the segments of a text.
#[derive(Debug)]
pub(crate) struct Segments<'t> {
    pub(crate) text: &'t str,
    pub(crate) position: usize,
}

/// A value that is being read.
struct Value {
    /// Where its current run begins.
    run_start: usize,
    /// Where its earlier runs are in the arena.
    arena_start: Option<usize>,
}

impl<'t> Segments<'t> {
    /// Passes over white space between segments.
    pub(crate) fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.position..];
        self.position += rest.len() - rest.trim_ascii_start().len();
    }

    /// The next segment, `None` at the end. The cursor stands after its terminator.
    pub(crate) fn next(&mut self, syntax: &Syntax, outline: &mut Outline) -> Option<Segment> {
        self.skip_space();
        let bytes = self.text.as_bytes();
        let start = self.position;
        if bytes.len() <= start {
            return None;
        }
        let fields_start = outline.fields.len();
        let mut segment = Segment {
            tag: [0; TAG_SIZE_MAX + 1],
            tag_size: 0,
            word: None,
            start,
            end: bytes.len(),
            fields_start,
            is_terminated: false,
            surplus_start: None,
        };
        let mut value = Value { run_start: start, arena_start: None };
        // 0 is the tag; elements count from 1, components from 0.
        let mut element = 0;
        let mut component = 0;
        let mut at = start;
        // Ends: every turn moves on by a byte or two.
        while at < bytes.len() {
            let class = syntax.classes[usize::from(bytes[at])];
            match class {
                Class::Plain => at += 1,
                Class::Break | Class::Release => {
                    if element == 0 {
                        segment.add_to_tag(&bytes[value.run_start..at]);
                    } else {
                        value.join(&self.text[value.run_start..at], outline);
                    }
                    at += 1;
                    if class == Class::Release {
                        // What is released may stand on the next line.
                        let breaks = bytes[at..].iter();
                        at += breaks.take_while(|&&byte| syntax.is_break(byte)).count();
                    }
                    value.run_start = at;
                    at += usize::from(class == Class::Release);
                }
                Class::Component if element == 0 || COMPONENT_COUNT_MAX <= component + 1 => at += 1,
                Class::Element | Class::Component | Class::Terminator => {
                    self.close(value, at, (element, component), &mut segment, outline);
                    value = Value { run_start: at + 1, arena_start: None };
                    at += 1;
                    match class {
                        Class::Terminator => {
                            segment.end = at;
                            segment.is_terminated = true;
                            self.position = at;
                            return Some(segment);
                        }
                        Class::Component => component += 1,
                        _ => {
                            element += 1;
                            component = 0;
                        }
                    }
                }
            }
        }
        // The last segment of a text may lack its terminator, and a release character may have been its last byte.
        value.run_start = value.run_start.min(bytes.len());
        self.close(value, bytes.len(), (element, component), &mut segment, outline);
        self.position = bytes.len();
        Some(segment)
    }

    #[inline]
    fn close(
        &self,
        value: Value,
        end: usize,
        (element, component): (usize, usize),
        segment: &mut Segment,
        outline: &mut Outline,
    ) {
        if element == 0 {
            segment.add_to_tag(&self.text.as_bytes()[value.run_start..end]);
            segment.word = Word::find(segment.tag);
            return;
        }
        if ELEMENT_COUNT_MAX < element {
            segment.surplus_start.get_or_insert(value.run_start);
            return;
        }
        let (start, source) = match value.arena_start {
            None => (value.run_start, &self.text.as_bytes()[value.run_start..end]),
            Some(start) => {
                outline.arena.push_str(&self.text[value.run_start..end]);
                (start, &outline.arena.as_bytes()[start..])
            }
        };
        let (front, size) = trimmed(source);
        if size == 0 {
            return;
        }
        let span = match value.arena_start {
            None => Span::text(start + front, size),
            Some(_) => Span::arena(start + front, size),
        };
        outline.fields.push(Field { name: element_key(element - 1, component), value: span });
    }
}

/// Where a value begins and how long it is without the white space around it.
#[inline]
fn trimmed(bytes: &[u8]) -> (usize, usize) {
    match bytes {
        [first, .., last] if !first.is_ascii_whitespace() && !last.is_ascii_whitespace() => {
            (0, bytes.len())
        }
        _ => {
            let rest = bytes.trim_ascii_start();
            (bytes.len() - rest.len(), rest.trim_ascii_end().len())
        }
    }
}

impl Value {
    fn join(&mut self, run: &str, outline: &mut Outline) {
        self.arena_start.get_or_insert(outline.arena.len());
        outline.arena.push_str(run);
    }
}

impl Segment {
    /// Whether the tag looks like one: two or three capital letters and digits, a letter first.
    pub(crate) fn has_tag(&self) -> bool {
        let bytes = self.tag();
        self.word.is_some()
            || matches!(bytes.len(), 2 | 3)
                && bytes[0].is_ascii_uppercase()
                && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    }

    /// The tag, cut to four bytes.
    pub(crate) fn tag(&self) -> &[u8] {
        &self.tag[..self.tag_size]
    }

    /// The tag as it stands in warnings.
    pub(crate) fn warning_tag(&self) -> Tag {
        Tag::new(self.tag())
    }

    /// Bytes with the terminator.
    pub(crate) const fn size(&self) -> usize {
        self.end - self.start
    }

    /// The value of an element, or of its first component; from 0.
    pub(crate) fn field(&self, element_index: usize, outline: &Outline) -> Option<Span> {
        let name = element_key(element_index, 0);
        let fields = &outline.fields[self.fields_start..];
        fields.iter().find(|field| field.name == name).map(|field| field.value)
    }

    /// Puts the segment into `parent` under `word`. Its fields end at `fields_end`.
    pub(crate) fn place(
        &self,
        word: Word,
        parent: u32,
        fields_end: usize,
        outline: &mut Outline,
    ) -> u32 {
        let item = outline.push(word.key(), self.fields_start);
        let target = &mut outline.items[item as usize];
        target.fields_count = u32::try_from(fields_end - self.fields_start).unwrap_or(0);
        target.is_object = true;
        outline.add(parent, item);
        item
    }

    /// Puts the segment, whose fields must be the newest, into a list of `parent` that keeps the order; its tag is a field.
    pub(crate) fn list(&self, list: Word, parent: u32, outline: &mut Outline) {
        let value = match self.word {
            Some(word) => word.key(),
            None => {
                let start = outline.arena.len();
                outline.arena.push_str(self.warning_tag().as_str());
                Span::arena(start, self.tag_size)
            }
        };
        outline.fields.insert(self.fields_start, Field { name: Word::Tag.key(), value });
        outline.push_object(parent, list.key(), self.fields_start);
    }

    /// Takes the segment's fields back: it reaches no node.
    pub(crate) fn drop_fields(&self, outline: &mut Outline) {
        outline.fields.truncate(self.fields_start);
    }

    fn add_to_tag(&mut self, run: &[u8]) {
        for &byte in run.trim_ascii() {
            if self.tag_size < self.tag.len() {
                self.tag[self.tag_size] = byte;
                self.tag_size += 1;
            }
        }
    }
}
