//! A predicate after checking: typed, every name resolved, nothing that can fail.
//!
//! # Place
//!
//! Made by `typing`, compiled by `compile`. The tests run it directly, as the oracle for the machine.

use super::calendars::Role;
use super::diagnostic::Span;
use super::event_set::EventSet;
use super::field::FieldId;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pred {
    Const(bool),
    All(Vec<Pred>),
    Any(Vec<Pred>),
    Not(Box<Pred>),
    Atom(Box<Atom>),
}

/// The smallest condition, as written and as meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Atom {
    pub(crate) test: Test,
    pub(crate) span: Span,
    /// The canonical text, for `explain`.
    pub(crate) text: String,
}

/// What an atom tests. Over an absent value it is false.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Compare(Comparison, Value, Value),
    /// The value is one of these, sorted.
    In(Value, Vec<i64>),
    NotIn(Value, Vec<i64>),
    Text(FieldId, TextTest),
    Has(FieldId),
    Seen(EventSet),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Comparison {
    Eq = 0,
    Ne = 1,
    Lt = 2,
    Le = 3,
    Gt = 4,
    Ge = 5,
}

impl Comparison {
    pub(crate) const fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }

    /// The same with the sides changed over.
    pub(crate) const fn turned(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
}

/// A test of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextTest {
    pub(crate) kind: TextKind,
    /// Letter case does not matter; the words are lower case.
    pub(crate) lower: bool,
    pub(crate) negated: bool,
    pub(crate) words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextKind {
    Equal,
    Prefix,
    Contains,
    Glob,
}

/// A value; `None` of its parts may be absent without it being absent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Const(i64),
    Field(FieldId),
    Unary(Unary, Box<Value>),
    Binary(Arith, Box<Value>, Box<Value>),
    /// Kilometres with six places.
    Distance(FieldId, FieldId),
    Between(Box<Value>, Box<Value>, Role),
    CountOf(EventSet),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unary {
    Negate,
    Abs,
    /// Whole number to six places.
    Scale,
    /// Time since an instant.
    Since,
    LocalDate(Role),
    LocalTime(Role),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    /// Of two numbers with six places.
    MulFloat,
    DivFloat,
    Min,
    Max,
}

impl Value {
    pub(crate) fn each_field(&self, tell: &mut impl FnMut(FieldId)) {
        match self {
            Self::Const(_) | Self::CountOf(_) => {}
            Self::Field(field) => tell(*field),
            Self::Unary(_, part) => part.each_field(tell),
            Self::Binary(_, left, right) | Self::Between(left, right, _) => {
                left.each_field(tell);
                right.each_field(tell);
            }
            Self::Distance(left, right) => {
                tell(*left);
                tell(*right);
            }
        }
    }
}

impl Test {
    pub(crate) fn each_field(&self, tell: &mut impl FnMut(FieldId)) {
        match self {
            Self::Compare(_, left, right) => {
                left.each_field(tell);
                right.each_field(tell);
            }
            Self::In(value, _) | Self::NotIn(value, _) => value.each_field(tell),
            Self::Text(field, _) | Self::Has(field) => tell(*field),
            Self::Seen(_) => {}
        }
    }
}

impl Pred {
    pub(crate) fn atoms(&self) -> Vec<&Atom> {
        match self {
            Self::Const(_) => vec![],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::atoms).collect(),
            Self::Not(part) => part.atoms(),
            Self::Atom(atom) => vec![atom],
        }
    }

    /// The atoms of [`Self::atoms`], each with whether it stands under an odd number of negations: there a no is wanted.
    pub(crate) fn signed_atoms(&self) -> Vec<(&Atom, bool)> {
        match self {
            Self::Const(_) => vec![],
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::signed_atoms).collect()
            }
            Self::Not(part) => {
                part.signed_atoms().into_iter().map(|(atom, denied)| (atom, !denied)).collect()
            }
            Self::Atom(atom) => vec![(atom, false)],
        }
    }

    /// Fields that are there whenever it has this verdict.
    pub(crate) fn proves(&self, verdict: bool) -> Vec<FieldId> {
        match (self, verdict) {
            (Self::All(parts), true) | (Self::Any(parts), false) => {
                parts.iter().flat_map(|part| part.proves(verdict)).collect()
            }
            (Self::All(parts), false) | (Self::Any(parts), true) => {
                let mut each = parts.iter().map(|part| part.proves(verdict));
                let first = each.next().unwrap_or_default();
                each.fold(first, |known, other| {
                    known.into_iter().filter(|f| other.contains(f)).collect()
                })
            }
            (Self::Not(part), verdict) => part.proves(!verdict),
            (Self::Atom(atom), true) => {
                let mut fields = Vec::new();
                atom.test.each_field(&mut |field| fields.push(field));
                fields
            }
            (Self::Const(_), _) | (Self::Atom(_), false) => vec![],
        }
    }
}
