//! A predicate as written.

use std::fmt::Write;

use super::diagnostic::Span;
use super::duration::Duration;

/// A part of a predicate and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ast {
    pub(crate) kind: AstKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AstKind {
    /// `event.reason`, or the name of a `let`.
    Path(String),
    Bool(bool),
    Int(i64),
    /// Millionths.
    Float(i64),
    Text(String),
    Duration(Duration),
    /// `@2026-11-27`, days since 1970.
    Date(i64),
    /// `@2026-11-27T10:00:00Z`, seconds since 1970.
    Instant(i64),
    List(Vec<Ast>),
    /// `$possession`.
    ListRef(String),
    Call(String, Vec<Ast>),
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
}

/// An operator between two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Add,
    Sub,
    Mul,
    Div,
}

impl Operator {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
        }
    }

    /// How strongly it binds; a larger number binds closer.
    pub(crate) const fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Gt
            | Self::Ge
            | Self::In
            | Self::NotIn => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div => 5,
        }
    }
}

impl Ast {
    /// The canonical text: one blank around operators, no more brackets than needed. Hashed into `rule_rev`.
    pub(crate) fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, around: u8) {
        match &self.kind {
            AstKind::Path(path) => out.push_str(path),
            AstKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            AstKind::Int(value) => out.push_str(&value.to_string()),
            AstKind::Float(value) => out.push_str(&decimal(*value)),
            AstKind::Text(text) => out.push_str(&quoted(text)),
            AstKind::Duration(duration) => out.push_str(&duration.to_string()),
            AstKind::Date(days) => {
                out.push_str(&format!("@{}", crate::calendar::civil::show_date(*days)))
            }
            AstKind::Instant(seconds) => {
                out.push_str(&format!("@{}", crate::calendar::civil::show_instant(*seconds)));
            }
            AstKind::List(parts) => {
                out.push('[');
                write_all(parts, out);
                out.push(']');
            }
            AstKind::ListRef(name) => {
                out.push('$');
                out.push_str(name);
            }
            AstKind::Call(name, parts) => {
                out.push_str(name);
                out.push('(');
                write_all(parts, out);
                out.push(')');
            }
            AstKind::Not(part) => {
                out.push('!');
                part.write(out, 6);
            }
            AstKind::Negate(part) => {
                out.push('-');
                part.write(out, 6);
            }
            AstKind::Binary(operator, left, right) => {
                let strength = operator.strength();
                let wrapped = strength < around;
                if wrapped {
                    out.push('(');
                }
                left.write(out, strength);
                out.push(' ');
                out.push_str(operator.text());
                out.push(' ');
                right.write(out, strength + 1);
                if wrapped {
                    out.push(')');
                }
            }
        }
    }
}

fn write_all(parts: &[Ast], out: &mut String) {
    for (index, part) in parts.iter().enumerate() {
        if index != 0 {
            out.push_str(", ");
        }
        part.write(out, 0);
    }
}

/// A text literal in quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// Millionths as a decimal with at least one place: `0.7`.
pub(crate) fn decimal(value: i64) -> String {
    let mut out = String::new();
    write_decimal(&mut out, value);
    out
}

/// As [`decimal`], added to a text.
pub(crate) fn write_decimal(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    let size = value.unsigned_abs();
    write!(out, "{}.{:06}", size / 1_000_000, size % 1_000_000).expect("writing to a string");
    let zeros = out.bytes().rev().take(5).take_while(|byte| *byte == b'0').count();
    out.truncate(out.len() - zeros);
}
