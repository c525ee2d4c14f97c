//! Names, types and absence of a predicate: [`Ast`] -> [`Pred`].
//!
//! # Method
//!
//! Top down with the set of fields that are known to be there: the right side of `&&` knows what its left
//! side proves. A negation over a field that may be absent is refused, because an atom over an absent
//! value is false and its negation would be true of a shipment about which nothing is known.
//!
//! # Holds
//!
//! - A predicate that comes out can't fail at run time.
//! - One mistake does not hide the next: each side of an operator is looked at.

mod texts;
mod values;

use std::collections::BTreeMap;

use super::ast::{Ast, AstKind, Operator};
use super::calendars::Role;
use super::catalogue::Catalogue;
use super::diagnostic::{Diagnostic, Report, Span, nearest};
use super::duration::{Duration, parse_time_of_day};
use super::event_set::EventSet;
use super::facts::Interner;
use super::field::{Enum, FieldId, Group, Name, Type};
use super::tree::{Arith, Atom, Comparison, Pred, Test, TextKind, TextTest, Unary, Value};

use values::scaled;

/// What predicates of a file set are checked against.
pub(crate) struct Names<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) lists: BTreeMap<String, Vec<(String, Span)>>,
    pub(crate) lets: BTreeMap<String, Ast>,
    /// Lists and lets that were used.
    pub(crate) used: std::collections::BTreeSet<String>,
    pub(crate) interner: &'a mut dyn Interner,
    /// Names by symbol, to find two that meet.
    pub(crate) symbols: BTreeMap<u32, String>,
}

impl Names<'_> {
    /// The number of a name, if it is known.
    pub(crate) fn symbol(
        &mut self,
        kind: Name,
        word: &str,
        span: Span,
        report: &mut Report,
    ) -> Option<i64> {
        let lower = word.to_ascii_lowercase();
        if let Some(known) = self.catalogue.names(kind)
            && !known.contains(&lower)
        {
            let noun = kind.noun();
            let mut diagnostic = Diagnostic::new("XD203", span, format!("unknown {noun} `{word}`"))
                .label(format!("not one of {} known {noun} names", known.len()));
            diagnostic = match nearest(&lower, known.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(near),
                None => diagnostic.help("Add it to the catalogue if it is new."),
            };
            report.push(diagnostic);
            return None;
        }
        let symbol = self.interner.symbol(&lower);
        let known = self.symbols.entry(symbol.0).or_insert_with(|| lower.clone());
        if *known != lower {
            let text = format!("`{lower}` and `{known}` have the same number");
            report.push(Diagnostic::new("XD406", span, text).help("Rename one of them."));
        }
        Some(i64::from(symbol.0))
    }

    /// The words of a list; an element that is itself `$list` stands for its words.
    pub(crate) fn list(
        &mut self,
        name: &str,
        span: Span,
        report: &mut Report,
    ) -> Option<Vec<(String, Span)>> {
        self.used.insert(name.to_owned());
        if let Some(words) = self.lists.get(name) {
            return Some(words.clone());
        }
        let mut diagnostic = Diagnostic::new("XD208", span, format!("unknown list `${name}`"))
            .label("not under `lists:`");
        if let Some(near) = nearest(name, self.lists.keys().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean `${near}`?"));
        }
        report.push(diagnostic.help("Define it under `lists:` of any file of the set."));
        None
    }
}

/// Where a predicate stands: what it may read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An event is at hand.
    Event,
    /// Also asked on timers.
    State,
    /// Asked again only when something it reads changes: no business time.
    Watch,
}

/// Checks one predicate.
pub(crate) fn predicate(
    ast: &Ast,
    place: Place,
    names: &mut Names<'_>,
    report: &mut Report,
) -> Option<Pred> {
    let mut typing = Typing { place, names, report, known: Vec::new(), lets: 0 };
    typing.pred(ast)
}

struct Typing<'a, 'n> {
    place: Place,
    names: &'a mut Names<'n>,
    report: &'a mut Report,
    known: Vec<FieldId>,
    lets: usize,
}

impl Typing<'_, '_> {
    fn pred(&mut self, ast: &Ast) -> Option<Pred> {
        match &ast.kind {
            AstKind::Bool(value) => Some(Pred::Const(*value)),
            AstKind::Binary(Operator::And, left, right) => self.joined(left, right, true),
            AstKind::Binary(Operator::Or, left, right) => self.joined(left, right, false),
            AstKind::Not(part) => {
                let before = self.report.list.len();
                let pred = self.pred(part)?;
                self.decidable(&pred, ast.span, part);
                (self.report.list.len() == before).then(|| Pred::Not(Box::new(pred)))
            }
            AstKind::Path(name) if self.names.lets.contains_key(name) => {
                let body = self.let_body(name, ast.span)?;
                let pred = self.pred(&body);
                self.lets -= 1;
                pred
            }
            AstKind::Binary(operator, left, right) => {
                let test = match operator {
                    Operator::In => self.membership(left, right, false)?,
                    Operator::NotIn => self.membership(left, right, true)?,
                    operator => {
                        let comparison = comparison(*operator, ast, self.report)?;
                        self.comparison(comparison, left, right)?
                    }
                };
                let negative = matches!(operator, Operator::Ne | Operator::NotIn);
                if negative {
                    self.present(&test, ast, left);
                }
                Some(self.atom(test, ast))
            }
            AstKind::Call(name, parts) => self.call(ast, name, parts),
            AstKind::Path(name) => {
                let field = self.field(name, ast.span)?;
                if field.kind() == Type::Bool {
                    let test = Test::Compare(Comparison::Eq, Value::Field(field), Value::Const(1));
                    return Some(self.atom(test, ast));
                }
                self.mismatch(
                    ast.span,
                    &format!("`{name}` is {}", field.kind().noun()),
                    "a condition",
                )
            }
            _ => self.mismatch(ast.span, "this is a value", "a condition"),
        }
    }

    fn atom(&self, test: Test, ast: &Ast) -> Pred {
        Pred::Atom(Box::new(Atom { test, span: ast.span, text: ast.canonical() }))
    }

    fn joined(&mut self, left: &Ast, right: &Ast, all: bool) -> Option<Pred> {
        let first = self.pred(left);
        let known = self.known.len();
        if let Some(first) = &first {
            self.known.extend(first.proves(all));
        }
        let second = self.pred(right);
        self.known.truncate(known);
        let (first, second) = (first?, second?);
        let mut parts = Vec::new();
        for part in [first, second] {
            match part {
                Pred::All(inner) if all => parts.extend(inner),
                Pred::Any(inner) if !all => parts.extend(inner),
                part => parts.push(part),
            }
        }
        Some(if all { Pred::All(parts) } else { Pred::Any(parts) })
    }

    /// A `!` is decidable where every field below it is there, or guarded below it.
    fn decidable(&mut self, pred: &Pred, span: Span, ast: &Ast) {
        if let Some(field) = open_field(pred, &mut self.known.clone()) {
            self.refuse_absence(
                "!(...)",
                field,
                span,
                &ast.canonical(),
                &format!("!({})", ast.canonical()),
            );
        }
    }

    fn present(&mut self, test: &Test, ast: &Ast, left: &Ast) {
        let mut open = None;
        test.each_field(&mut |field| {
            if field.is_optional() && !self.known.contains(&field) {
                open = open.or(Some(field));
            }
        });
        if let Some(field) = open {
            let (sign, positive) = match &ast.kind {
                AstKind::Binary(Operator::NotIn, l, r) => {
                    ("not in", format!("{} in {}", l.canonical(), r.canonical()))
                }
                AstKind::Binary(_, l, r) => {
                    ("!=", format!("{} == {}", l.canonical(), r.canonical()))
                }
                _ => ("!=", ast.canonical()),
            };
            self.refuse_absence(sign, field, left.span, &positive, &ast.canonical());
        }
    }

    fn refuse_absence(
        &mut self,
        sign: &str,
        field: FieldId,
        span: Span,
        positive: &str,
        whole: &str,
    ) {
        let name = field.name();
        self.report.push(
            Diagnostic::new(
                "XD231",
                span,
                format!("`{sign}` on an optional field can never be decided when it is absent"),
            )
            .label(format!("`{name}` is {}?", field.kind().noun()))
            .help(format!("write `has({name}) && {whole}`, or move it to `unless: {positive}`")),
        );
    }

    fn let_body(&mut self, name: &str, span: Span) -> Option<Ast> {
        self.lets += 1;
        if 16 < self.lets {
            let text = format!("`let` of `{name}` goes round in a circle or 16 deep");
            self.report.push(
                Diagnostic::new("XD208", span, text).help("A `let` may use others, not itself."),
            );
            return None;
        }
        self.names.used.insert(name.to_owned());
        self.names.lets.get(name).cloned()
    }

    fn mismatch<T>(&mut self, span: Span, found: &str, wanted: &str) -> Option<T> {
        let text = format!("{found} where {wanted} is needed");
        let help = match wanted {
            "instant" => {
                "Write a moment as `@2026-11-27` or `@2026-11-27T10:00:00Z`, without quotes."
            }
            "local_date" => "Write a day as `@2026-11-27`, without quotes.",
            "duration" => "Write a length of time as `36h` or `2d`, without quotes.",
            "int" | "float" => "Write a number, without quotes.",
            "bool" => "Write `true` or `false`, or the field alone.",
            _ => "Compare it with something that fits; `crossdock rules fields` lists the types.",
        };
        let label = format!("not {wanted}");
        self.report.push(Diagnostic::new("XD205", span, text).label(label).help(help));
        None
    }

    fn field(&mut self, name: &str, span: Span) -> Option<FieldId> {
        let Some(field) = FieldId::from_name(name) else {
            let known = FieldId::ALL.iter().map(|field| field.name());
            let near = nearest(name, known.chain(self.names.lets.keys().map(String::as_str)));
            let by_last = by_last_word(name);
            let mut diagnostic = Diagnostic::new("XD202", span, format!("unknown field `{name}`"))
                .label("no field and no `let`");
            diagnostic = match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(near),
                None if EventSet::of_word(name).is_some() => diagnostic
                    .help(format!("write `seen({name})` to ask for an event, or quote a value")),
                None if by_last.is_some() => {
                    diagnostic.help(format!("did you mean `{}`?", by_last.unwrap_or_default()))
                }
                None => diagnostic
                    .help("`crossdock rules fields` lists all of them; values stand in quotes."),
            };
            self.report.push(diagnostic);
            return None;
        };
        if self.place != Place::Event && field.group() == Group::Event {
            self.report.push(
                Diagnostic::new(
                    "XD207",
                    span,
                    format!("`{}` where no event is at hand", field.name()),
                )
                .label("this is also asked on timers")
                .help("Use what the record keeps of it (`shipment.reason`), or an `event:` rule."),
            );
            return None;
        }
        Some(field)
    }

    fn call(&mut self, ast: &Ast, name: &str, parts: &[Ast]) -> Option<Pred> {
        let test = match (name, parts) {
            ("has", [part]) => {
                let AstKind::Path(path) = &part.kind else {
                    return self.mismatch(part.span, "this is no field", "a field");
                };
                Test::Has(self.field(path, part.span)?)
            }
            ("seen", parts @ [_, ..]) => Test::Seen(self.events(parts)?),
            ("starts_with", [text, word]) => self.text_test(text, TextKind::Prefix, word)?,
            ("contains", [text, word]) => self.text_test(text, TextKind::Contains, word)?,
            ("matches", [text, word]) => self.text_test(text, TextKind::Glob, word)?,
            _ => {
                // A value function in the place of a condition, or nothing we know.
                self.value(ast, None)?;
                return self.mismatch(
                    ast.span,
                    &format!("`{name}(...)` is a value"),
                    "a condition",
                );
            }
        };
        Some(self.atom(test, ast))
    }

    fn events(&mut self, parts: &[Ast]) -> Option<EventSet> {
        let mut set = EventSet::default();
        for part in parts {
            let words = match &part.kind {
                AstKind::Path(word) | AstKind::Text(word) => vec![(word.clone(), part.span)],
                AstKind::ListRef(name) => self.names.list(name, part.span, self.report)?,
                _ => return self.mismatch(part.span, "this is none", "the name of an event"),
            };
            for (word, span) in words {
                set = set.with(event_word(&word, span, self.report)?);
            }
        }
        Some(set)
    }

    fn comparison(&mut self, comparison: Comparison, left: &Ast, right: &Ast) -> Option<Test> {
        let is_text = |ast: &Ast| match &ast.kind {
            AstKind::Path(name) => FieldId::from_name(name).is_some_and(|f| f.kind() == Type::Text),
            AstKind::Call(name, _) => name == "lower",
            _ => false,
        };
        if is_text(left) {
            let (field, lower) = self.text_field(left)?;
            let words = self.texts(right, lower)?;
            let negated = match comparison {
                Comparison::Eq => false,
                Comparison::Ne => true,
                _ => return self.mismatch(left.span, "texts have no order", "a number or a time"),
            };
            return Some(Test::Text(
                field,
                TextTest { kind: TextKind::Equal, lower, negated, words },
            ));
        }
        // The side that is no literal says what the literal means.
        let literal =
            matches!(left.kind, AstKind::Text(_) | AstKind::Int(_) | AstKind::Duration(_));
        let (a, b) = if literal {
            let (b, kind) = self.value(right, None)?;
            (self.value(left, Some(kind)), Some((b, kind)))
        } else {
            let first = self.value(left, None);
            let kind = first.as_ref().map(|(_, kind)| *kind);
            // A literal beside a field that is not known would only be told to lack one.
            let is_echo = kind.is_none() && matches!(right.kind, AstKind::Text(_));
            let second = if is_echo { None } else { self.value(right, kind) };
            (first, second)
        };
        let ((a, left_kind), (b, right_kind)) = (a?, b?);
        let ordered =
            !matches!(left_kind, Type::Enum(_) | Type::Name(_) | Type::Bool | Type::Point);
        let ranked = matches!(left_kind, Type::Enum(Enum::Confidence | Enum::Milestone));
        if !matches!(comparison, Comparison::Eq | Comparison::Ne) && !ordered && !ranked {
            return self.mismatch(
                left.span,
                &format!("{} has no order", left_kind.noun()),
                "a number or a time",
            );
        }
        let (a, b) = match (left_kind, right_kind) {
            (Type::Int, Type::Float) => (scaled(a), b),
            (Type::Float, Type::Int) => (a, scaled(b)),
            (x, y) if x == y && x != Type::Point => (a, b),
            (x, y) => {
                let found = format!("{} meets {}", x.noun(), y.noun());
                return self.mismatch(right.span, &found, &format!("{} on both sides", x.noun()));
            }
        };
        Some(Test::Compare(comparison, a, b))
    }

    fn membership(&mut self, left: &Ast, right: &Ast, negated: bool) -> Option<Test> {
        if let AstKind::Path(name) = &left.kind
            && FieldId::from_name(name).is_some_and(|field| field.kind() == Type::Text)
        {
            let (field, lower) = self.text_field(left)?;
            let words = self.texts(right, lower)?;
            return Some(Test::Text(
                field,
                TextTest { kind: TextKind::Equal, lower, negated, words },
            ));
        }
        let (value, kind) = self.value(left, None)?;
        let parts: Vec<Ast> = match &right.kind {
            AstKind::List(parts) => parts.clone(),
            AstKind::ListRef(name) => self
                .names
                .list(name, right.span, self.report)?
                .into_iter()
                .map(|(word, span)| Ast { kind: AstKind::Text(word), span })
                .collect(),
            _ => {
                return self.mismatch(
                    right.span,
                    "this is none",
                    "a list such as `[\"a\", \"b\"]` or `$name`",
                );
            }
        };
        if parts.is_empty() {
            self.report.push(
                Diagnostic::new("XD403", right.span, "an empty list, in which nothing is")
                    .label("no elements")
                    .help("Name the values, or leave the condition out."),
            );
            return None;
        }
        let mut values = Vec::new();
        for part in &parts {
            let (element, of) = self.value(part, Some(kind))?;
            let element = match (&element, kind, of) {
                (Value::Const(number), x, y) if x == y => *number,
                (Value::Const(number), Type::Float, Type::Int) => number.saturating_mul(1_000_000),
                _ => {
                    return self.mismatch(
                        part.span,
                        &format!("this is {}", of.noun()),
                        &kind.noun(),
                    );
                }
            };
            values.push(element);
        }
        values.sort_unstable();
        values.dedup();
        Some(if negated { Test::NotIn(value, values) } else { Test::In(value, values) })
    }
}

/// The first field of a condition that may be absent and is not guarded.
fn open_field(pred: &Pred, known: &mut Vec<FieldId>) -> Option<FieldId> {
    match pred {
        Pred::Const(_) => None,
        Pred::Not(part) => open_field(part, known),
        Pred::All(parts) | Pred::Any(parts) => {
            let all = matches!(pred, Pred::All(_));
            let before = known.len();
            let mut open = None;
            for part in parts {
                open = open.or_else(|| open_field(part, known));
                known.extend(part.proves(all));
            }
            known.truncate(before);
            open
        }
        Pred::Atom(atom) => {
            if matches!(atom.test, Test::Has(_)) {
                return None;
            }
            let mut open = None;
            atom.test.each_field(&mut |field| {
                if field.is_optional() && !known.contains(&field) {
                    open = open.or(Some(field));
                }
            });
            open
        }
    }
}

/// The events of one word, or an error with the nearest known one.
pub(crate) fn event_word(word: &str, span: Span, report: &mut Report) -> Option<EventSet> {
    if let Some(set) = EventSet::of_word(word) {
        return Some(set);
    }
    let known: Vec<String> = EventSet::words().collect();
    let mut diagnostic = Diagnostic::new("XD204", span, format!("unknown event `{word}`"))
        .label(format!("not one of {} names", known.len()));
    let near = nearest(&word.to_ascii_lowercase(), known.iter().map(String::as_str));
    diagnostic = match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(near),
        None => diagnostic.help(
            "Events are named after milestones, exception classes and details; see docs/RULES.md.",
        ),
    };
    report.push(diagnostic);
    None
}

fn comparison(operator: Operator, ast: &Ast, report: &mut Report) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Eq,
        Operator::Ne => Comparison::Ne,
        Operator::Lt => Comparison::Lt,
        Operator::Le => Comparison::Le,
        Operator::Gt => Comparison::Gt,
        Operator::Ge => Comparison::Ge,
        operator => {
            let text = format!("a condition is needed where `{}` gives a value", operator.text());
            report.push(
                Diagnostic::new("XD205", ast.span, text)
                    .label("not a condition")
                    .help("Compare it with something."),
            );
            return None;
        }
    })
}
/// The field whose last word is nearest to a name without a dot; of several, the shipment's.
fn by_last_word(name: &str) -> Option<&'static str> {
    let last = |field: &FieldId| field.name().rsplit('.').next().unwrap_or("");
    let near = nearest(name, FieldId::ALL.iter().map(last))?;
    let fields = FieldId::ALL.iter().filter(|field| last(field) == near).map(|it| it.name());
    fields.min_by_key(|field| !field.starts_with("shipment."))
}
