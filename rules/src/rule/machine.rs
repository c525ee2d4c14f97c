//! Predicates as operations of 16 bytes, and the machine that runs them.
//!
//! # Method
//!
//! Jumping code: a test goes on at `yes` or at `no`, always forward. A value operation puts its
//! result into one of eight registers and goes on at `yes`; where a part is absent it goes to `no`,
//! because an atom over an absent value is false. `explain` takes every operation in turn through the
//! same [`Machine::step`], so what it tells is what runs.
//!
//! # Holds
//!
//! - Ends: jumps go forward. Total: arithmetic saturates, `x / 0` is absent.
//! - No allocation.

use crossdock_model::milestone::MilestoneSet;

use super::calendars::{Calendars, Role};
use super::event_set::EventSet;
use super::facts::Facts;
use super::field::FieldId;
use super::geo;
use super::limits::REGISTERS;
use super::row::{ABSENT, Row, text_of, to_point};
use super::text;
use super::tree::{Comparison, TextTest};
use crate::calendar::zones;

/// Jump target: the condition holds.
pub(crate) const ACCEPT: u16 = u16::MAX;
/// Jump target: it does not.
pub(crate) const REJECT: u16 = u16::MAX - 1;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Field `a` against `imm`.
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// Field `a` is below 64 and its bit is in `imm`.
    Mask,
    /// Field `a` is in the list `imm`.
    List,
    Has,
    /// Text field `a` passes the text test `imm`.
    Text,
    /// An event of set `imm` was seen.
    Seen,
    /// Registers `a` and `b`; comparison in `out`.
    Compare,
    /// Register `a` is in the list `imm`; not in it where `out` is 1.
    ListOf,
    Load,
    Const,
    Add,
    Sub,
    Mul,
    Div,
    MulFloat,
    DivFloat,
    Min,
    Max,
    Negate,
    Abs,
    Scale,
    Since,
    /// Role in `b`.
    LocalDate,
    LocalTime,
    /// Fields `a` and `b`.
    Distance,
    /// Registers `a` and `b`; role in `imm`.
    Between,
    /// Events of set `imm`.
    CountOf,
    /// Nothing: goes on at `yes`.
    Pass,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Op {
    pub(crate) code: Code,
    pub(crate) out: u8,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) yes: u16,
    pub(crate) no: u16,
    pub(crate) imm: i64,
}

const _: () = assert!(size_of::<Op>() == 16, "four operations are one cache line");

/// What operations point into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    pub(crate) ops: Vec<Op>,
    /// Sorted lists, one after the other.
    pub(crate) values: Vec<i64>,
    /// Start and end of each list.
    pub(crate) lists: Vec<(u32, u32)>,
    pub(crate) texts: Vec<TextTest>,
    pub(crate) sets: Vec<EventSet>,
}

/// The operations of one condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Program {
    /// True where there is nothing to test.
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// What a test said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A value it needs is not there, so it does not hold.
    Absent,
}

/// A shipment at a moment, ready to be asked.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) row: Row<'a>,
    pub(crate) calendars: &'a Calendars,
}

impl Machine<'_> {
    /// True where a condition holds; an empty one does.
    #[inline]
    pub(crate) fn run(&self, program: Program) -> bool {
        let start = program.start as usize;
        let ops = &self.pool.ops[start..start + program.len as usize];
        let mut registers = [ABSENT; REGISTERS];
        let mut at = 0;
        // Ends: `yes` and `no` lie behind `at`.
        while let Some(op) = ops.get(at) {
            let next = if self.step(op, &mut registers) == Verdict::True { op.yes } else { op.no };
            match next {
                ACCEPT => return true,
                REJECT => return false,
                next => {
                    debug_assert!(at < usize::from(next));
                    at = usize::from(next);
                }
            }
        }
        true
    }

    /// One operation. A value operation says `True` where its result is there.
    #[inline]
    pub(crate) fn step(&self, op: &Op, registers: &mut [i64; REGISTERS]) -> Verdict {
        let value = self.row.at(op.a);
        let holds = match op.code {
            Code::Eq => value == op.imm,
            Code::Ne => value != op.imm,
            Code::Lt => value < op.imm,
            Code::Le => value <= op.imm,
            Code::Gt => value > op.imm,
            Code::Ge => value >= op.imm,
            Code::Mask => {
                u32::try_from(value).is_ok_and(|bit| op.imm.checked_shr(bit).unwrap_or(0) & 1 == 1)
            }
            Code::List => self.list(op.imm).binary_search(&value).is_ok(),
            _ => return self.step_more(op, registers),
        };
        match (value == ABSENT, holds) {
            (true, _) => Verdict::Absent,
            (false, true) => Verdict::True,
            (false, false) => Verdict::False,
        }
    }

    fn step_more(&self, op: &Op, registers: &mut [i64; REGISTERS]) -> Verdict {
        let verdict = |holds: bool| if holds { Verdict::True } else { Verdict::False };
        match op.code {
            Code::Has => {
                let value = self.row.at(op.a);
                return verdict(value != ABSENT);
            }
            Code::Text => {
                let field = FieldId::ALL[usize::from(op.a)];
                let Some(words) = text_of(self.facts, field) else { return Verdict::Absent };
                return verdict(text::passes(&self.pool.texts[op.imm as usize], words));
            }
            Code::Seen => return verdict(self.seen(&self.pool.sets[op.imm as usize])),
            Code::Compare => {
                let (left, right) = (register(registers, op.a), register(registers, op.b));
                if left == ABSENT || right == ABSENT {
                    return Verdict::Absent;
                }
                return verdict(comparison(op.out).holds(left, right));
            }
            Code::ListOf => {
                let value = register(registers, op.a);
                if value == ABSENT {
                    return Verdict::Absent;
                }
                return verdict(self.list(op.imm).binary_search(&value).is_ok() == (op.out == 0));
            }
            Code::Pass => return Verdict::True,
            _ => {}
        }
        let result = self.value(op, registers);
        registers[usize::from(op.out) % REGISTERS] = result;
        if result == ABSENT { Verdict::Absent } else { Verdict::True }
    }

    fn value(&self, op: &Op, registers: &[i64; REGISTERS]) -> i64 {
        let (left, right) = (register(registers, op.a), register(registers, op.b));
        let field = |index: u8| self.row.at(index);
        let one =
            |apply: &dyn Fn(i64) -> i64| if left == ABSENT { ABSENT } else { keep(apply(left)) };
        let two = |apply: &dyn Fn(i64, i64) -> i64| {
            if left == ABSENT || right == ABSENT { ABSENT } else { keep(apply(left, right)) }
        };
        match op.code {
            Code::Load => field(op.a),
            Code::Const => op.imm,
            Code::Add => two(&i64::saturating_add),
            Code::Sub => two(&i64::saturating_sub),
            Code::Mul => two(&i64::saturating_mul),
            Code::Div if right == 0 => ABSENT,
            Code::Div => two(&|left, right| left.checked_div(right).unwrap_or(i64::MAX)),
            Code::MulFloat => two(&|l, r| narrow(i128::from(l) * i128::from(r) / 1_000_000)),
            Code::DivFloat if right == 0 => ABSENT,
            Code::DivFloat => two(&|l, r| narrow(i128::from(l) * 1_000_000 / i128::from(r))),
            Code::Min => two(&i64::min),
            Code::Max => two(&i64::max),
            Code::Negate => one(&i64::saturating_neg),
            Code::Abs => one(&i64::saturating_abs),
            Code::Scale => one(&|value| value.saturating_mul(1_000_000)),
            Code::Since => one(&|value| i64::from(self.facts.now.0).saturating_sub(value)),
            Code::LocalDate | Code::LocalTime => one(&|value| {
                let role = role(op.b);
                let zone = zones::of(self.calendars.zone(self.facts, role));
                let (day, second) = zones::local(zone, value);
                if op.code == Code::LocalDate { i64::from(day) } else { i64::from(second) }
            }),
            Code::Distance => {
                let (left, right) = (field(op.a), field(op.b));
                if left == ABSENT || right == ABSENT {
                    ABSENT
                } else {
                    geo::distance_e6(to_point(left), to_point(right))
                }
            }
            Code::Between => two(&|from, to| {
                let role = role(op.imm as u8);
                self.calendars.open_time(self.facts, role.into()).between(from, to)
            }),
            Code::CountOf => self.count(&self.pool.sets[op.imm as usize]),
            _ => ABSENT,
        }
    }

    fn list(&self, index: i64) -> &[i64] {
        let (start, end) = self.pool.lists[index as usize];
        &self.pool.values[start as usize..end as usize]
    }

    /// True where an event of a set is known: a milestone from the record, the rest from the history.
    pub(crate) fn seen(&self, set: &EventSet) -> bool {
        let record = self.facts.after;
        if record.seen.0 & set.milestones.0 != 0 || record.open.0 & set.classes != 0 {
            return true;
        }
        let only_milestones = EventSet { milestones: MilestoneSet(0), ..*set }.is_empty();
        !only_milestones && self.facts.history.next_of(set, 0).is_some()
    }

    fn count(&self, set: &EventSet) -> i64 {
        self.facts.events_of(set).count() as i64
    }
}

fn register(registers: &[i64; REGISTERS], index: u8) -> i64 {
    registers[usize::from(index) % REGISTERS]
}

/// Keeps a result apart from [`ABSENT`].
fn keep(value: i64) -> i64 {
    value.max(ABSENT + 1)
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

pub(crate) const fn comparison(number: u8) -> Comparison {
    match number {
        0 => Comparison::Eq,
        1 => Comparison::Ne,
        2 => Comparison::Lt,
        3 => Comparison::Le,
        4 => Comparison::Gt,
        _ => Comparison::Ge,
    }
}

pub(crate) const fn role(number: u8) -> Role {
    match number {
        0 => Role::Origin,
        1 => Role::Destination,
        _ => Role::Network,
    }
}
