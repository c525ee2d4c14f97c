//! Checked predicates -> operations.
//!
//! # Method
//!
//! Backwards: the last atom is written first, so that every jump target is known when a jump to it
//! is written, and lies behind it once the order is turned round.

use super::limits::REGISTERS;
use super::machine::{ACCEPT, Code, Op, Pool, Program, REJECT};
use super::tree::{Arith, Atom, Comparison, Pred, Test, Unary, Value};

/// The predicate needs more registers or operations than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Where the operations of an atom are, for `explain`: first and end, relative to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtomOps {
    pub(crate) start: u16,
    pub(crate) end: u16,
}

/// Adds a predicate to a pool.
pub(crate) fn compile(pool: &mut Pool, pred: &Pred) -> Result<(Program, Vec<AtomOps>), TooLarge> {
    let mut emitter = Emitter { pool, reversed: Vec::new(), atoms: Vec::new() };
    match pred {
        Pred::Const(true) => {}
        pred => {
            emitter.pred(pred, ACCEPT, REJECT)?;
        }
    }
    let Emitter { reversed, mut atoms, pool } = emitter;
    let count = reversed.len();
    if usize::from(REJECT) <= count {
        return Err(TooLarge);
    }
    let turned = |target: u16| match target {
        ACCEPT | REJECT => target,
        target => (count - 1 - usize::from(target)) as u16,
    };
    let start = u32::try_from(pool.ops.len()).map_err(|_| TooLarge)?;
    pool.ops.extend(reversed.iter().rev().map(|op| Op {
        yes: turned(op.yes),
        no: turned(op.no),
        ..*op
    }));
    atoms.reverse();
    for atom in &mut atoms {
        let (first, last) = (turned(atom.end), turned(atom.start));
        *atom = AtomOps { start: first, end: last + 1 };
    }
    Ok((Program { start, len: count as u32 }, atoms))
}

struct Emitter<'p> {
    pool: &'p mut Pool,
    reversed: Vec<Op>,
    /// First and last operation of each atom in the reversed order.
    atoms: Vec<AtomOps>,
}

impl Emitter<'_> {
    /// Writes a predicate that goes on at `yes` or `no`; returns where it begins.
    fn pred(&mut self, pred: &Pred, yes: u16, no: u16) -> Result<u16, TooLarge> {
        match pred {
            // A constant costs a jump, which is the same for both ways.
            Pred::Const(value) => {
                let to = if *value { yes } else { no };
                self.push(Op { code: Code::Pass, out: 0, a: 0, b: 0, yes: to, no: to, imm: 0 })
            }
            Pred::Not(part) => self.pred(part, no, yes),
            Pred::All(parts) => {
                let mut next = yes;
                for part in parts.iter().rev() {
                    next = self.pred(part, next, no)?;
                }
                self.entry(next, parts.is_empty())
            }
            Pred::Any(parts) => {
                let mut next = no;
                for part in parts.iter().rev() {
                    next = self.pred(part, yes, next)?;
                }
                self.entry(next, parts.is_empty())
            }
            Pred::Atom(atom) => self.atom(atom, yes, no),
        }
    }

    /// A group without parts still needs a place to begin at.
    fn entry(&mut self, next: u16, is_empty: bool) -> Result<u16, TooLarge> {
        if is_empty {
            return self.push(Op {
                code: Code::Pass,
                out: 0,
                a: 0,
                b: 0,
                yes: next,
                no: next,
                imm: 0,
            });
        }
        Ok(next)
    }

    fn push(&mut self, op: Op) -> Result<u16, TooLarge> {
        let at = u16::try_from(self.reversed.len()).map_err(|_| TooLarge)?;
        if REJECT <= at {
            return Err(TooLarge);
        }
        self.reversed.push(op);
        Ok(at)
    }

    fn atom(&mut self, atom: &Atom, yes: u16, no: u16) -> Result<u16, TooLarge> {
        let last = u16::try_from(self.reversed.len()).map_err(|_| TooLarge)?;
        let op = |code, a, imm| Op { code, out: 0, a, b: 0, yes, no, imm };
        let start = match &atom.test {
            Test::Has(field) => self.push(op(Code::Has, *field as u8, 0))?,
            Test::Seen(set) => {
                let imm = self.set(*set);
                self.push(op(Code::Seen, 0, imm))?
            }
            Test::Text(field, test) => {
                let imm = index(&mut self.pool.texts, test.clone());
                self.push(op(Code::Text, *field as u8, imm))?
            }
            Test::Compare(comparison, Value::Field(field), Value::Const(value)) => {
                self.push(op(code(*comparison), *field as u8, *value))?
            }
            Test::Compare(comparison, Value::Const(value), Value::Field(field)) => {
                self.push(op(code(comparison.turned()), *field as u8, *value))?
            }
            Test::In(Value::Field(field), list) => match mask(list) {
                Some(mask) => self.push(op(Code::Mask, *field as u8, mask))?,
                None => {
                    let imm = self.list(list);
                    self.push(op(Code::List, *field as u8, imm))?
                }
            },
            Test::In(value, list) | Test::NotIn(value, list) => {
                let imm = self.list(list);
                let negated = u8::from(matches!(atom.test, Test::NotIn(..)));
                let at = self.push(Op { out: negated, ..op(Code::ListOf, 0, imm) })?;
                self.value(value, 0, at, no)?
            }
            Test::Compare(comparison, left, right) => {
                let compare = Op { out: *comparison as u8, b: 1, ..op(Code::Compare, 0, 0) };
                let at = self.push(compare)?;
                let at = self.value(right, 1, at, no)?;
                self.value(left, 0, at, no)?
            }
        };
        self.atoms.push(AtomOps { start: last, end: start });
        Ok(start)
    }

    /// Writes a value into register `out`, using that and higher ones.
    fn value(&mut self, value: &Value, out: usize, yes: u16, no: u16) -> Result<u16, TooLarge> {
        if REGISTERS <= out + 1 {
            return Err(TooLarge);
        }
        let (left, right) = (out as u8, out as u8 + 1);
        let op = |code, a, b, imm| Op { code, out: out as u8, a, b, yes, no, imm };
        match value {
            Value::Const(value) => self.push(op(Code::Const, 0, 0, *value)),
            Value::Field(field) => self.push(op(Code::Load, *field as u8, 0, 0)),
            Value::CountOf(set) => {
                let imm = self.set(*set);
                self.push(op(Code::CountOf, 0, 0, imm))
            }
            Value::Distance(from, to) => self.push(op(Code::Distance, *from as u8, *to as u8, 0)),
            Value::Unary(unary, part) => {
                let (code, role) = match unary {
                    Unary::Negate => (Code::Negate, 0),
                    Unary::Abs => (Code::Abs, 0),
                    Unary::Scale => (Code::Scale, 0),
                    Unary::Since => (Code::Since, 0),
                    Unary::LocalDate(role) => (Code::LocalDate, *role as u8),
                    Unary::LocalTime(role) => (Code::LocalTime, *role as u8),
                };
                let at = self.push(op(code, left, role, 0))?;
                self.value(part, out, at, no)
            }
            Value::Binary(arith, a, b) => {
                let code = match arith {
                    Arith::Add => Code::Add,
                    Arith::Sub => Code::Sub,
                    Arith::Mul => Code::Mul,
                    Arith::Div => Code::Div,
                    Arith::MulFloat => Code::MulFloat,
                    Arith::DivFloat => Code::DivFloat,
                    Arith::Min => Code::Min,
                    Arith::Max => Code::Max,
                };
                let at = self.push(op(code, left, right, 0))?;
                let at = self.value(b, out + 1, at, no)?;
                self.value(a, out, at, no)
            }
            Value::Between(from, to, role) => {
                let at = self.push(op(Code::Between, left, right, *role as i64))?;
                let at = self.value(to, out + 1, at, no)?;
                self.value(from, out, at, no)
            }
        }
    }

    fn set(&mut self, set: super::event_set::EventSet) -> i64 {
        index(&mut self.pool.sets, set)
    }

    fn list(&mut self, list: &[i64]) -> i64 {
        let start = self.pool.values.len() as u32;
        self.pool.values.extend_from_slice(list);
        self.pool.lists.push((start, self.pool.values.len() as u32));
        self.pool.lists.len() as i64 - 1
    }
}

/// The index of an equal entry, added where there is none.
fn index<T: PartialEq>(list: &mut Vec<T>, item: T) -> i64 {
    let found = list.iter().position(|known| *known == item);
    found.unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    }) as i64
}

/// A list of small numbers as bits.
fn mask(list: &[i64]) -> Option<i64> {
    list.iter().try_fold(0, |mask, value| (0..63).contains(value).then(|| mask | 1 << value))
}

const fn code(comparison: Comparison) -> Code {
    match comparison {
        Comparison::Eq => Code::Eq,
        Comparison::Ne => Code::Ne,
        Comparison::Lt => Code::Lt,
        Comparison::Le => Code::Le,
        Comparison::Gt => Code::Gt,
        Comparison::Ge => Code::Ge,
    }
}
