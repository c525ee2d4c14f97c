//! Values: literals, fields, arithmetic, functions.

use super::*;

/// Every function and how it is called.
const SIGNATURES: [(&str, &str); 15] = [
    ("has", "has(field)"),
    ("seen", "seen(event, ...)"),
    ("count_of", "count_of(event, ...)"),
    ("since", "since(instant)"),
    ("distance_km", "distance_km(point, point)"),
    ("business_between", "business_between(instant, instant, origin)"),
    ("local_date", "local_date(instant)"),
    ("local_time", "local_time(instant)"),
    ("lower", "lower(text) == \"...\""),
    ("starts_with", "starts_with(text, \"...\")"),
    ("contains", "contains(text, \"...\")"),
    ("matches", "matches(text, \"...*...\")"),
    ("abs", "abs(number)"),
    ("min", "min(a, b)"),
    ("max", "max(a, b)"),
];

impl Typing<'_, '_> {
    /// A value and its kind. A literal takes the wanted kind where it can.
    pub(super) fn value(&mut self, ast: &Ast, wanted: Option<Type>) -> Option<(Value, Type)> {
        let constant = |value: i64, kind: Type| Some((Value::Const(value), kind));
        match &ast.kind {
            AstKind::Int(value) if wanted == Some(Type::Float) => {
                constant(value.saturating_mul(1_000_000), Type::Float)
            }
            AstKind::Int(value) => constant(*value, Type::Int),
            AstKind::Float(value) => constant(*value, Type::Float),
            AstKind::Bool(value) => constant(i64::from(*value), Type::Bool),
            AstKind::Date(days) if wanted == Some(Type::Instant) => {
                constant(days * 86_400, Type::Instant)
            }
            AstKind::Date(days) => constant(*days, Type::Date),
            AstKind::Instant(seconds) => constant(*seconds, Type::Instant),
            AstKind::Duration(Duration::Plain(seconds) | Duration::BusinessHours(seconds)) => {
                constant(i64::from(*seconds), Type::Duration)
            }
            AstKind::Duration(Duration::BusinessDays(_)) => self.mismatch(
                ast.span,
                "business days are a number of days, not of hours",
                "a length of time such as `24bh`",
            ),
            AstKind::Text(word) => self.word(word, ast.span, wanted),
            AstKind::Path(name) if self.names.lets.contains_key(name) => {
                let body = self.let_body(name, ast.span)?;
                let value = self.value(&body, wanted);
                self.lets -= 1;
                value
            }
            AstKind::Path(name) => {
                let field = self.field(name, ast.span)?;
                if field.kind() == Type::Text {
                    return self.mismatch(
                        ast.span,
                        &format!("`{name}` is text"),
                        "a number, a time or a name",
                    );
                }
                Some((Value::Field(field), field.kind()))
            }
            AstKind::Negate(part) => {
                let (value, kind) = self.value(part, wanted)?;
                if !matches!(kind, Type::Int | Type::Float | Type::Duration) {
                    return self.mismatch(
                        ast.span,
                        &format!("this is {}", kind.noun()),
                        "a number",
                    );
                }
                Some((Value::Unary(Unary::Negate, Box::new(value)), kind))
            }
            AstKind::Binary(operator, left, right) => self.arithmetic(ast, *operator, left, right),
            AstKind::Call(name, parts) => self.function(ast, name, parts),
            AstKind::List(_) | AstKind::ListRef(_) => {
                self.mismatch(ast.span, "this is a list", "a single value (lists stand after `in`)")
            }
            AstKind::Not(_) => self.mismatch(ast.span, "this is a condition", "a value"),
        }
    }

    pub(super) fn word(
        &mut self,
        word: &str,
        span: Span,
        wanted: Option<Type>,
    ) -> Option<(Value, Type)> {
        let kind = match wanted {
            Some(kind @ Type::Name(name)) => {
                return Some((
                    Value::Const(self.names.symbol(name, word, span, self.report)?),
                    kind,
                ));
            }
            Some(Type::Time) => match parse_time_of_day(word) {
                Some(second) => return Some((Value::Const(i64::from(second)), Type::Time)),
                None => {
                    return self.mismatch(
                        span,
                        &format!("`{word}` is none"),
                        "a time of day such as \"21:00\"",
                    );
                }
            },
            Some(Type::Enum(list)) => list,
            Some(other) => {
                return self.mismatch(span, "this is text", &other.noun());
            }
            None => return self.mismatch(span, "two literals meet", "a field on one side"),
        };
        let words = kind.words();
        if let Some((_, number)) = words.iter().find(|(known, _)| known == word) {
            return Some((Value::Const(*number), Type::Enum(kind)));
        }
        let mut diagnostic =
            Diagnostic::new("XD203", span, format!("unknown {} `{word}`", kind.noun()))
                .label(format!("not one of {} words", words.len()));
        let near =
            nearest(&word.to_ascii_lowercase(), words.iter().map(|(known, _)| known.as_str()));
        diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
            None => diagnostic.help(format!(
                "known are {}; `crossdock rules fields` lists them all",
                some_of(&words)
            )),
        };
        self.report.push(diagnostic);
        None
    }

    pub(super) fn arithmetic(
        &mut self,
        ast: &Ast,
        operator: Operator,
        left: &Ast,
        right: &Ast,
    ) -> Option<(Value, Type)> {
        use Type::{Date, Duration as Length, Float, Instant, Int};
        let (a, b) = (self.value(left, None), self.value(right, None));
        let ((a, x), (b, y)) = (a?, b?);
        let (arith, kind) = match (operator, x, y) {
            (Operator::Add, Int, Int) => (Arith::Add, Int),
            (Operator::Sub, Int, Int) => (Arith::Sub, Int),
            (Operator::Mul, Int, Int) => (Arith::Mul, Int),
            (Operator::Div, Int, Int) => (Arith::Div, Int),
            (Operator::Add, Length, Length) => (Arith::Add, Length),
            (Operator::Sub, Length, Length) => (Arith::Sub, Length),
            (Operator::Mul, Length, Int) | (Operator::Mul, Int, Length) => (Arith::Mul, Length),
            (Operator::Div, Length, Int) => (Arith::Div, Length),
            (Operator::Add, Instant, Length) | (Operator::Add, Length, Instant) => {
                (Arith::Add, Instant)
            }
            (Operator::Sub, Instant, Length) => (Arith::Sub, Instant),
            (Operator::Sub, Instant, Instant) => (Arith::Sub, Length),
            (Operator::Sub, Date, Date) => (Arith::Sub, Int),
            (Operator::Add, Date, Int) => (Arith::Add, Date),
            (Operator::Sub, Date, Int) => (Arith::Sub, Date),
            (Operator::Add, Float | Int, Float | Int) => (Arith::Add, Float),
            (Operator::Sub, Float | Int, Float | Int) => (Arith::Sub, Float),
            (Operator::Mul, Float | Int, Float | Int) => (Arith::MulFloat, Float),
            (Operator::Div, Float | Int, Float | Int) => (Arith::DivFloat, Float),
            _ => {
                let found = format!("{} {} {}", x.noun(), operator.text(), y.noun());
                return self.mismatch(ast.span, &found, "numbers or times that go together");
            }
        };
        let fixed = |value: &Value| matches!(value, Value::Const(number) if *number != 0);
        if operator == Operator::Div && !fixed(&b) {
            self.report.push(
                Diagnostic::new("XD232", right.span, "a divisor that may be zero")
                    .label("not a number other than 0")
                    .help("Divide by a literal, or multiply the other side instead."),
            );
            return None;
        }
        let lift =
            |value: Value, of: Type| if kind == Float && of == Int { scaled(value) } else { value };
        Some((Value::Binary(arith, Box::new(lift(a, x)), Box::new(lift(b, y))), kind))
    }

    pub(super) fn function(
        &mut self,
        ast: &Ast,
        name: &str,
        parts: &[Ast],
    ) -> Option<(Value, Type)> {
        match (name, parts) {
            ("since", [part]) => {
                let value = self.typed(part, Type::Instant)?;
                Some((Value::Unary(Unary::Since, Box::new(value)), Type::Duration))
            }
            ("local_date" | "local_time", [part, rest @ ..]) if rest.len() < 2 => {
                let value = self.typed(part, Type::Instant)?;
                let role = self.role(rest.first(), Role::Destination)?;
                let (unary, kind) = if name == "local_date" {
                    (Unary::LocalDate(role), Type::Date)
                } else {
                    (Unary::LocalTime(role), Type::Time)
                };
                Some((Value::Unary(unary, Box::new(value)), kind))
            }
            ("business_between", [from, to, rest @ ..]) if rest.len() < 2 => {
                if self.place == Place::Watch {
                    self.report.push(
                        Diagnostic::new("XD304", ast.span, "business time in a watched condition")
                            .label("nobody knows when to look again")
                            .help("Use an `expect:` rule with a `calendar:`."),
                    );
                    return None;
                }
                let from = self.typed(from, Type::Instant)?;
                let to = self.typed(to, Type::Instant)?;
                let role = self.role(rest.first(), Role::Destination)?;
                Some((Value::Between(Box::new(from), Box::new(to), role), Type::Duration))
            }
            ("distance_km", [from, to]) => {
                let (Value::Field(from), Value::Field(to)) =
                    (self.typed(from, Type::Point)?, self.typed(to, Type::Point)?)
                else {
                    return self.mismatch(ast.span, "this is none", "two fields that are points");
                };
                Some((Value::Distance(from, to), Type::Float))
            }
            ("count_of", parts @ [_, ..]) => Some((Value::CountOf(self.events(parts)?), Type::Int)),
            ("abs", [part]) => {
                let (value, kind) = self.value(part, None)?;
                if !matches!(kind, Type::Int | Type::Float | Type::Duration) {
                    return self.mismatch(
                        part.span,
                        &format!("this is {}", kind.noun()),
                        "a number",
                    );
                }
                Some((Value::Unary(Unary::Abs, Box::new(value)), kind))
            }
            ("min" | "max", [left, right]) => {
                let (a, kind) = self.value(left, None)?;
                let b = self.typed(right, kind)?;
                let arith = if name == "min" { Arith::Min } else { Arith::Max };
                Some((Value::Binary(arith, Box::new(a), Box::new(b)), kind))
            }
            _ => self.no_function(ast, name, parts.len()),
        }
    }

    pub(super) fn no_function<T>(&mut self, ast: &Ast, name: &str, arguments: usize) -> Option<T> {
        let names = SIGNATURES.iter().map(|(name, _)| *name);
        let signature = SIGNATURES.iter().find(|(known, _)| *known == name);
        let (text, help) = match signature {
            Some((_, signature)) => {
                let noun = if arguments == 1 { "argument" } else { "arguments" };
                let text = format!("`{name}` with {arguments} {noun}");
                (text, format!("Write `{signature}`."))
            }
            None => {
                let help = match nearest(name, names.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names: Vec<&str> = names.collect();
                        format!("functions are {}", names.join(" "))
                    }
                };
                (format!("unknown function `{name}`"), help)
            }
        };
        self.report.push(Diagnostic::new("XD206", ast.span, text).label("here").help(help));
        None
    }

    pub(super) fn typed(&mut self, ast: &Ast, kind: Type) -> Option<Value> {
        let (value, of) = self.value(ast, Some(kind))?;
        if of == kind {
            return Some(value);
        }
        self.mismatch(ast.span, &format!("this is {}", of.noun()), &kind.noun())
    }

    pub(super) fn role(&mut self, ast: Option<&Ast>, otherwise: Role) -> Option<Role> {
        let Some(ast) = ast else { return Some(otherwise) };
        let role = match &ast.kind {
            AstKind::Text(word) | AstKind::Path(word) => Role::from_name(word),
            _ => None,
        };
        role.or_else(|| {
            self.mismatch(ast.span, "this is none", "`origin`, `destination` or `network`")
        })
    }
}

pub(super) fn scaled(value: Value) -> Value {
    match value {
        Value::Const(number) => Value::Const(number.saturating_mul(1_000_000)),
        value => Value::Unary(Unary::Scale, Box::new(value)),
    }
}

pub(super) fn some_of(words: &[(String, i64)]) -> String {
    let shown: Vec<&str> = words.iter().take(12).map(|(word, _)| word.as_str()).collect();
    let more = if shown.len() < words.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}
