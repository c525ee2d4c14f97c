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

use core::fmt::Write as _;
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
    pub fn text(&mut self, expr: &'a Expr) -> Option<Text<'a>> {
        expr.alternatives.iter().find_map(|source| self.source(source))
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

    fn flag(&mut self, truth: bool) -> Option<Text<'a>> {
        Some(Text::Tape(if truth { "true" } else { "false" }))
    }

    /// The text of the n-th argument as a copy of its own, so that the scratch may grow.
    fn argument(&mut self, arguments: &'a [Expr], n: usize) -> Option<String> {
        let text = self.text(arguments.get(n)?)?;
        Some(self.str(&text).into())
    }

    fn call(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        match function {
            Function::Exists => {
                let is_there = arguments.first().is_some_and(|expr| self.is_present(expr));
                self.flag(is_there)
            }
            Function::Not => {
                let truth = arguments.first().and_then(|expr| self.truth(expr)).unwrap_or(false);
                self.flag(!truth)
            }
            Function::When => {
                let holds = self.truth(arguments.first()?).unwrap_or(false);
                if holds { self.text(arguments.get(1)?) } else { None }
            }
            Function::Equals | Function::Contains => {
                let text = self.argument(arguments, 0).unwrap_or_default();
                let found = (1..arguments.len()).any(|n| {
                    let other = self.argument(arguments, n).unwrap_or_default();
                    if function == Function::Equals {
                        text == other
                    } else {
                        !other.is_empty() && text.to_lowercase().contains(&other.to_lowercase())
                    }
                });
                self.flag(found)
            }
            Function::Join | Function::Concat => self.join(function, arguments),
            _ => self.transform(function, arguments),
        }
    }

    /// True where an expression leads to anything but null, objects and arrays included.
    pub fn is_present(&mut self, expr: &'a Expr) -> bool {
        expr.alternatives.iter().any(|source| {
            let at = match source {
                Source::Slot(slot) => self.slots.get(*slot),
                Source::Below(slot, steps) => {
                    self.slots.get(*slot).and_then(|at| below(self.tape, at, steps))
                }
                Source::Literal(_) => return true,
                Source::Call(..) => return self.source(source).is_some(),
            };
            at.is_some_and(|at| !self.tape.is_null(at))
        })
    }

    fn join(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        let is_join = function == Function::Join;
        let separator =
            if is_join { self.argument(arguments, 0).unwrap_or_default() } else { String::new() };
        let mut joined = String::new();
        for n in usize::from(is_join)..arguments.len() {
            match self.argument(arguments, n) {
                Some(part) => {
                    if !joined.is_empty() {
                        joined.push_str(&separator);
                    }
                    joined.push_str(&part);
                }
                None if is_join => {}
                None => return None,
            }
        }
        (!joined.is_empty()).then(|| self.keep(|scratch| scratch.push_str(&joined)))
    }

    fn transform(&mut self, function: Function, arguments: &'a [Expr]) -> Option<Text<'a>> {
        let text = self.argument(arguments, 0)?;
        let other = self.argument(arguments, 1).unwrap_or_default();
        let result: String = match function {
            Function::Digits => text.chars().filter(char::is_ascii_digit).collect(),
            Function::Upper => text.to_uppercase(),
            Function::Lower => text.to_lowercase(),
            Function::StripZeros => {
                let stripped = text.trim_start_matches('0');
                if stripped.is_empty() { "0".into() } else { stripped.into() }
            }
            Function::Before => text.split(other.as_str()).next().unwrap_or("").into(),
            Function::After => text.split_once(other.as_str())?.1.into(),
            Function::AfterLast => text.rsplit(other.as_str()).next().unwrap_or("").into(),
            Function::Substring => {
                let start = other.parse().unwrap_or(0);
                let length = self.argument(arguments, 2).and_then(|it| it.parse().ok());
                text.chars().skip(start).take(length.unwrap_or(usize::MAX)).collect()
            }
            Function::Trim
            | Function::Join
            | Function::Concat
            | Function::Not
            | Function::Exists
            | Function::Equals
            | Function::When
            | Function::Contains => text,
        };
        let result = result.trim();
        (!result.is_empty()).then(|| {
            self.keep(|scratch| {
                let written = scratch.write_str(result);
                debug_assert!(written.is_ok());
            })
        })
    }
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
