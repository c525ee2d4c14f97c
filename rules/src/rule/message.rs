//! What people read when a rule raises: a template with fields.
//!
//! # Method
//!
//! `No scan for {elapsed}, usual is {limit} on {lane|this lane}`: a name in braces is a field or one of
//! `elapsed`, `limit`, `deadline`, `count`, `distance_km`; after a bar stands what is said where the field is
//! absent. A field that may be absent needs one, unless the rule's condition proves that it is there.

use std::fmt::Write;

use super::action::{ARGS_MAX, Args};
use super::ast::write_decimal;
use super::diagnostic::{Diagnostic, Report, Span, nearest};
use super::duration;
use super::facts::Symbol;
use super::field::{FieldId, Type};
use super::limits;
use super::row::ABSENT;
use crate::calendar::civil;

/// A value that a message shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A field.
    Field(FieldId),
    /// Time since the anchor.
    Elapsed,
    /// The limit in force.
    Limit,
    /// The deadline.
    Deadline,
    /// What a `count` counted.
    Count,
    /// From `event.point` to `destination.point`.
    DistanceKm,
}

const SPECIAL: [(&str, Slot); 5] = [
    ("elapsed", Slot::Elapsed),
    ("limit", Slot::Limit),
    ("deadline", Slot::Deadline),
    ("count", Slot::Count),
    ("distance_km", Slot::DistanceKm),
];

/// A compiled template: slots in the order of [`Args`], and the pieces between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pieces: Vec<Piece>,
    slots: Vec<Slot>,
    /// Slots beyond those that the template shows: `raise.fields`.
    names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Slot and what is said where it is absent.
    Slot(usize, String),
}

/// What a rule promises about the fields of its message.
#[derive(Clone, Copy)]
pub(crate) struct Promise<'a> {
    pub(crate) known: &'a [FieldId],
    /// Which of the special slots the kind of rule has.
    pub(crate) special: &'a [Slot],
}

impl Message {
    /// The values it needs, in order.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The values with their names: what a machine reads.
    pub fn fields<'a>(&'a self, args: &'a Args) -> impl Iterator<Item = (&'a str, Slot, i64)> {
        self.names
            .iter()
            .zip(&self.slots)
            .zip(args.0)
            .map(|((name, slot), value)| (name.as_str(), *slot, value))
    }

    /// Reads a template and the extra fields.
    pub(crate) fn parse(
        template: &str,
        span: Span,
        extra: &[(String, Span)],
        promise: Promise<'_>,
        report: &mut Report,
    ) -> Self {
        let mut message = Self::default();
        if limits::MESSAGE_BYTES_MAX < template.len() {
            let text = format!("a message of {} bytes", template.len());
            let label = format!("at most {}", limits::MESSAGE_BYTES_MAX);
            report.push(Diagnostic::new("XD102", span, text).label(label).help("Say less."));
            return message;
        }
        let mut rest = template;
        // Ends: each turn takes a pair of braces off the front.
        while let Some(open) = rest.find('{') {
            let (text, after) = rest.split_at(open);
            message.text(text);
            let Some(close) = after.find('}') else {
                let text = "a brace that is not closed".to_owned();
                report.push(
                    Diagnostic::new("XD233", span, text)
                        .label("in this message")
                        .help("Close it with `}`."),
                );
                return message;
            };
            let (name, otherwise) = match after[1..close].split_once('|') {
                Some((name, otherwise)) => (name.trim(), Some(otherwise.trim())),
                None => (after[1..close].trim(), None),
            };
            message.slot(name, otherwise, span, promise, report);
            rest = &after[close + 1..];
        }
        message.text(rest);
        let shown = message.pieces.len();
        for (name, span) in extra {
            // A machine is told that a field is absent; only people need other words for it.
            message.slot(name, Some(""), *span, promise, report);
        }
        message.pieces.truncate(shown);
        message
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    fn slot(
        &mut self,
        name: &str,
        otherwise: Option<&str>,
        span: Span,
        promise: Promise<'_>,
        report: &mut Report,
    ) {
        let Some(slot) = find(name, span, promise, report) else { return };
        if let Slot::Field(field) = slot
            && otherwise.is_none()
            && field.is_optional()
            && !promise.known.contains(&field)
        {
            let text = format!("a message names `{name}`, which may be absent");
            report.push(Diagnostic::new("XD233", span, text).label("in this message").help(
                format!("write `{{{name}|unknown}}`, or let the condition ask `has({name})`"),
            ));
            return;
        }
        let index = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.names.push(name.to_owned());
            self.slots.len() - 1
        });
        if ARGS_MAX <= index {
            let text = format!("a message with more than {ARGS_MAX} values");
            report.push(
                Diagnostic::new("XD233", span, text).label("in this rule").help("Leave some out."),
            );
            self.slots.truncate(ARGS_MAX);
            return;
        }
        self.pieces.push(Piece::Slot(index, otherwise.unwrap_or("?").to_owned()));
    }

    /// The text for people. `name` gives the word of a [`Symbol`], where the caller knows it.
    #[must_use]
    pub fn render(&self, args: &Args, name: &dyn Fn(Symbol) -> Option<String>) -> String {
        let mut out = String::new();
        self.write(&mut out, args, &mut |out, symbol| match name(symbol) {
            Some(word) => {
                out.push_str(&word);
                true
            }
            None => false,
        });
        out
    }

    /// As [`Message::render`], added to a text that keeps its memory. `name` adds the word of a
    /// [`Symbol`] and says whether it knew one.
    pub fn write(
        &self,
        out: &mut String,
        args: &Args,
        name: &mut dyn FnMut(&mut String, Symbol) -> bool,
    ) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(index, otherwise) => match args.0.get(*index) {
                    Some(&value) if value != ABSENT => {
                        write_slot(out, self.slots[*index], value, name);
                    }
                    _ => out.push_str(otherwise),
                },
            }
        }
    }
}

fn find(name: &str, span: Span, promise: Promise<'_>, report: &mut Report) -> Option<Slot> {
    if let Some((_, slot)) = SPECIAL.iter().find(|(known, _)| *known == name) {
        if promise.special.contains(slot) {
            return Some(*slot);
        }
        let text = format!("this kind of rule has no `{name}`");
        report.push(
            Diagnostic::new("XD233", span, text)
                .label("in this message")
                .help("Name a field instead."),
        );
        return None;
    }
    if let Some(field) = FieldId::from_name(name).filter(|field| field.kind() != Type::Text) {
        return Some(Slot::Field(field));
    }
    let known =
        FieldId::ALL.iter().map(|field| field.name()).chain(SPECIAL.iter().map(|(name, _)| *name));
    let mut diagnostic =
        Diagnostic::new("XD233", span, format!("a message names `{name}`, which is no field"))
            .label("in this message");
    if let Some(near) = nearest(name, known) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    report
        .push(diagnostic.help("`crossdock rules fields` lists all of them; texts are not shown."));
    None
}

/// A value as people read it, added to a text.
fn write_slot(
    out: &mut String,
    slot: Slot,
    value: i64,
    name: &mut dyn FnMut(&mut String, Symbol) -> bool,
) {
    match slot {
        Slot::Elapsed | Slot::Limit => duration::write(out, value),
        Slot::Deadline => civil::write_instant(out, value),
        Slot::Count => write!(out, "{value}").expect("writing to a string"),
        Slot::DistanceKm => write_decimal(out, value / 100_000 * 100_000),
        Slot::Field(field) => write_value(out, field.kind(), value, name),
    }
}

/// A value of a kind as people read it.
#[must_use]
pub fn show_value(kind: Type, value: i64, name: &dyn Fn(Symbol) -> Option<String>) -> String {
    let mut out = String::new();
    write_value(&mut out, kind, value, &mut |out, symbol| match name(symbol) {
        Some(word) => {
            out.push_str(&word);
            true
        }
        None => false,
    });
    out
}

fn write_value(
    out: &mut String,
    kind: Type,
    value: i64,
    name: &mut dyn FnMut(&mut String, Symbol) -> bool,
) {
    match kind {
        Type::Bool => out.push_str(if value == 0 { "false" } else { "true" }),
        Type::Int => write!(out, "{value}").expect("writing to a string"),
        Type::Float => write_decimal(out, value),
        Type::Text => out.push_str("(text)"),
        Type::Enum(list) => list.write_word(out, value),
        Type::Name(_) => {
            if !name(out, Symbol(u32::try_from(value).unwrap_or(0))) {
                write!(out, "#{value}").expect("writing to a string");
            }
        }
        Type::Instant => civil::write_instant(out, value),
        Type::Date => civil::write_date(out, value),
        Type::Time => {
            write!(out, "{:02}:{:02}", value / 3600, value / 60 % 60).expect("writing to a string")
        }
        Type::Duration => duration::write(out, value),
        Type::Point => {
            let point = super::row::to_point(value);
            write_decimal(out, i64::from(point.lat_e6));
            out.push(',');
            write_decimal(out, i64::from(point.lon_e6));
        }
    }
}
