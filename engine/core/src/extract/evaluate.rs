//! Expressions: from slots to a text.
//!
//! # Method
//!
//! Nearly every expression is one slot that holds a string: its text is a slice of the document.
//! Numbers and the results of functions are written to a scratch arena, which is emptied per
//! document.
//!
//! # Holds
//!
//! - A null, an empty text, an object and an array are all "absent" to the next alternative.

use core::ops::Range;

use crossdock_format::{Node, NumberText, StaticNode, TapeView};
use crossdock_rules::feed::program::{Expr, Function, Source, Step};

use super::{Slots, holds};

/// A text of the document or of the scratch arena.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// A slice of the document.
    Tape(&'a str),
    /// Written by a function, or a number.
    Scratch(Range<usize>),
}

/// Parts that `join` and `concat` take.
const PARTS_MAX: usize = 16;

/// Evaluates expressions over one tape.
#[derive(Debug)]
pub struct Evaluator<'a, 's> {
    /// The document.
    pub tape: TapeView<'a>,
    /// What its levels captured.
    pub slots: &'s Slots,
    /// Where results go.
    pub scratch: &'s mut String,
}

impl<'a> Evaluator<'a, '_> {
    /// The text of an expression: the first alternative that is present.
    #[inline]
    pub fn text(&mut self, expr: &'a Expr) -> Option<Text<'a>> {
        if self.slots.has_any(expr.wants) { self.first_present(expr) } else { self.constant(expr) }
    }

    /// The text where none of the slots is filled that an expression wants.
    #[inline]
    fn constant(&mut self, expr: &'a Expr) -> Option<Text<'a>> {
        // All bits and not one slot filled: a document of which nothing was wanted.
        if expr.wants == u128::MAX { self.first_present(expr) } else { None }
    }

    fn first_present(&mut self, expr: &'a Expr) -> Option<Text<'a>> {
        for source in &expr.alternatives {
            // Nearly every expression ends here: a slot that is empty, or holds a plain text.
            if let Source::Slot(slot) = source {
                let Some(at) = self.slots.get(*slot) else { continue };
                if let Some(Node::String(text)) = self.tape.nodes.get(at)
                    && is_plain(text)
                {
                    return Some(Text::Tape(text));
                }
            }
            if let Some(text) = self.source(source) {
                return Some(text);
            }
        }
        None
    }

    /// The bytes of a text.
    #[must_use]
    pub fn str<'b>(&'b self, text: &Text<'b>) -> &'b str {
        match text {
            Text::Tape(text) => text,
            Text::Scratch(range) => &self.scratch[range.clone()],
        }
    }

    /// `true`, `false`, or absent.
    pub fn truth(&mut self, expr: &'a Expr) -> Option<bool> {
        let text = self.text(expr)?;
        Some(is_true(self.str(&text)))
    }

    /// True where the value in an expression is a number that lost digits on its way.
    #[must_use]
    pub fn lost_digits(&self, expr: &Expr) -> bool {
        expr.alternatives.iter().any(|source| match source {
            Source::Slot(slot) => self.slots.get(*slot).is_some_and(|at| {
                matches!(self.tape.nodes.get(at), Some(Node::Static(StaticNode::F64(_))))
            }),
            Source::Below(..) | Source::Literal(_) | Source::Call(..) => false,
        })
    }

    fn source(&mut self, source: &'a Source) -> Option<Text<'a>> {
        match source {
            Source::Slot(slot) => {
                let at = self.slots.get(*slot)?;
                self.scalar(at)
            }
            Source::Below(slot, steps) => {
                let at = below(self.tape, self.slots.get(*slot)?, steps)?;
                self.scalar(at)
            }
            Source::Literal(text) => Some(Text::Tape(text)),
            Source::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn scalar(&mut self, at: usize) -> Option<Text<'a>> {
        match self.tape.nodes.get(at)? {
            Node::String(text) => {
                let text = text.trim();
                (!text.is_empty()).then_some(Text::Tape(text))
            }
            Node::Static(StaticNode::Null) => None,
            Node::Static(value) => {
                let mut number = NumberText::new();
                let text = number.write(*value)?;
                Some(self.keep(|scratch| scratch.push_str(text)))
            }
            // A list of one value stands for the value.
            Node::Array { len: 1, .. } => self.scalar(at + 1),
            // An XML element with attributes keeps its text aside.
            Node::Object { .. } => {
                let text = self.tape.get(at, "#text")?;
                match self.tape.nodes.get(text)? {
                    Node::String(text) if !text.trim().is_empty() => Some(Text::Tape(text.trim())),
                    _ => None,
                }
            }
            Node::Array { .. } => None,
        }
    }

    fn keep(&mut self, write: impl FnOnce(&mut String)) -> Text<'a> {
        let start = self.scratch.len();
        write(self.scratch);
        Text::Scratch(start..self.scratch.len())
    }

    /// The text of the n-th argument as a copy of its own, so that the scratch may grow.
    fn argument(&mut self, arguments: &'a [Expr], n: usize) -> Option<String> {
        let text = self.text(arguments.get(n)?)?;
        Some(self.str(&text).into())
    }

    fn call(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        match function {
            Function::Exists => {
                let is_there = arguments.first().is_some_and(|expr| self.finds(expr, false));
                flag(is_there)
            }
            Function::Not => {
                let truth = arguments.first().and_then(|expr| self.truth(expr)).unwrap_or(false);
                flag(!truth)
            }
            Function::When => {
                let holds = self.truth(arguments.first()?).unwrap_or(false);
                if holds { self.text(arguments.get(1)?) } else { None }
            }
            Function::Equals | Function::Contains => {
                let found = self.compare(function, arguments);
                flag(found)
            }
            Function::Join | Function::Concat => self.join(function, arguments),
            _ => self.transform(function, arguments),
        }
    }

    /// `equals` and `contains`: the first argument against the others.
    fn compare(&mut self, function: Function, arguments: &'a [Expr]) -> bool {
        let text = arguments.first().and_then(|expr| self.text(expr)).unwrap_or(Text::Tape(""));
        arguments.iter().skip(1).any(|expr| {
            let other = self.text(expr).unwrap_or(Text::Tape(""));
            let (text, other) = (self.str(&text), self.str(&other));
            if function == Function::Equals {
                text == other
            } else {
                !other.is_empty() && text.to_lowercase().contains(&other.to_lowercase())
            }
        })
    }

    /// True where an expression leads to anything but null, objects and arrays included.
    pub fn is_present(&mut self, expr: &'a Expr) -> bool {
        self.finds(expr, true)
    }

    /// True where one of the alternatives is there and not null. An empty text is a key that is there, but no value.
    fn finds(&mut self, expr: &'a Expr, takes_empty: bool) -> bool {
        expr.alternatives.iter().any(|source| {
            let at = match source {
                Source::Slot(slot) => self.slots.get(*slot),
                Source::Below(slot, steps) => {
                    self.slots.get(*slot).and_then(|at| below(self.tape, at, steps))
                }
                Source::Literal(_) => return true,
                Source::Call(..) => return self.source(source).is_some(),
            };
            let is_empty = |at| self.tape.text(at).is_some_and(|text| text.trim_ascii().is_empty());
            at.is_some_and(|at| !self.tape.is_null(at) && (takes_empty || !is_empty(at)))
        })
    }

    fn join(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        let is_join = function == Function::Join;
        let separator = if is_join { self.text(arguments.first()?) } else { None };
        let mut parts = [const { Text::Tape("") }; PARTS_MAX];
        let mut count = 0;
        for expr in arguments.iter().skip(usize::from(is_join)) {
            match self.text(expr) {
                Some(part) => {
                    // More parts than that are not joined by any feed; the last place takes the last.
                    parts[count.min(PARTS_MAX - 1)] = part;
                    count += 1;
                }
                None if is_join => {}
                None => return None,
            }
        }
        let start = self.scratch.len();
        for (i, part) in parts.iter().take(count).enumerate() {
            if let (Some(separator), true) = (&separator, 0 < i) {
                self.append(separator);
            }
            self.append(part);
        }
        (start < self.scratch.len()).then_some(Text::Scratch(start..self.scratch.len()))
    }

    /// Adds a text to the end of the scratch arena.
    fn append(&mut self, text: &Text<'_>) {
        match text {
            Text::Tape(text) => self.scratch.push_str(text),
            Text::Scratch(range) => self.scratch.extend_from_within(range.clone()),
        }
    }

    fn transform(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        let text = self.text(arguments.first()?)?;
        if let Text::Tape(text) = text {
            // Most texts of a document pass unchanged, or as a part of themselves.
            if let Some(part) = self.part_of(function, text, arguments) {
                let part = part.trim();
                return (!part.is_empty()).then_some(Text::Tape(part));
            }
        }
        // What changes its characters is written to the scratch arena, from a copy only where the
        // text itself stands there.
        let copy: String;
        let text: &str = match &text {
            Text::Tape(text) => text,
            Text::Scratch(range) => {
                copy = self.scratch[range.clone()].into();
                &copy
            }
        };
        let result = match function {
            Function::Digits => {
                self.keep(|out| out.extend(text.chars().filter(char::is_ascii_digit)))
            }
            Function::Upper => {
                self.keep(|out| out.extend(text.chars().flat_map(char::to_uppercase)))
            }
            Function::Lower => {
                self.keep(|out| out.extend(text.chars().flat_map(char::to_lowercase)))
            }
            _ => {
                let part = self.part_of(function, text, arguments)?.trim();
                self.keep(|out| out.push_str(part))
            }
        };
        (!self.str(&result).is_empty()).then_some(result)
    }

    /// The result of a transform that is a part of its text; `None` where it is none.
    fn part_of<'b>(
        &mut self,
        function: Function,
        text: &'b str,
        arguments: &'a [Expr],
    ) -> Option<&'b str> {
        match function {
            Function::Digits => text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text),
            Function::Upper => {
                let is_raised = text.bytes().all(|it| it.is_ascii() && !it.is_ascii_lowercase());
                is_raised.then_some(text)
            }
            Function::Lower => {
                let is_lowered = text.bytes().all(|it| it.is_ascii() && !it.is_ascii_uppercase());
                is_lowered.then_some(text)
            }
            Function::StripZeros => {
                let stripped = text.trim_start_matches('0');
                Some(if stripped.is_empty() { &text[text.len() - 1..] } else { stripped })
            }
            Function::Before => {
                let separator = self.argument(arguments, 1).unwrap_or_default();
                text.split(separator.as_str()).next()
            }
            Function::After => {
                let separator = self.argument(arguments, 1).unwrap_or_default();
                Some(text.split_once(separator.as_str()).map_or("", |(_, rest)| rest))
            }
            Function::AfterLast => {
                let separator = self.argument(arguments, 1).unwrap_or_default();
                text.rsplit(separator.as_str()).next()
            }
            Function::Substring => {
                let start = self.argument(arguments, 1).and_then(|it| it.parse().ok()).unwrap_or(0);
                let length = self.argument(arguments, 2).and_then(|it| it.parse().ok());
                let offset = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
                let end = length.map_or(text.len(), |length: usize| offset(start + length));
                Some(&text[offset(start).min(end)..end])
            }
            Function::Trim
            | Function::Join
            | Function::Concat
            | Function::Not
            | Function::Exists
            | Function::Equals
            | Function::When
            | Function::Contains => Some(text),
        }
    }
}

/// True for a text that is not empty and has no blanks at its ends: two bytes tell.
#[inline]
fn is_plain(text: &str) -> bool {
    match text.as_bytes() {
        [only] => only.is_ascii_graphic(),
        [first, .., last] => first.is_ascii_graphic() && last.is_ascii_graphic(),
        [] => false,
    }
}

/// A truth as a text.
const fn flag(truth: bool) -> Option<Text<'static>> {
    Some(Text::Tape(if truth { "true" } else { "false" }))
}

/// What counts as true in the world's documents.
fn is_true(text: &str) -> bool {
    !["false", "0", "n", "no", ""].iter().any(|no| text.eq_ignore_ascii_case(no))
}

/// Follows steps from a value.
fn below(tape: TapeView<'_>, start: usize, steps: &[Step]) -> Option<usize> {
    let mut at = start;
    for step in steps {
        at = match step {
            Step::Key(key) => {
                let first = tape.elements(at).next()?;
                tape.get(first, key)?
            }
            Step::Index(index) if 0 <= *index => tape.elements(at).nth(*index as usize)?,
            Step::Index(index) => {
                let count = tape.elements(at).count();
                let back = index.unsigned_abs() as usize;
                tape.elements(at).nth(count.checked_sub(back)?)?
            }
            Step::First(filter) => tape.elements(at).find(|&it| holds(tape, it, filter))?,
        };
    }
    Some(at)
}
