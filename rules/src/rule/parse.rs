//! The text of a predicate -> [`Ast`].
//!
//! # Method
//!
//! A hand-written scanner and precedence climbing. Nesting is bounded, so that no text exhausts the
//! stack; the first mistake of an expression ends it, the other expressions of the set go on.

use super::ast::{Ast, AstKind, Operator};
use super::diagnostic::{Diagnostic, Source, Span};
use super::duration::Duration;
use super::limits;
use super::span_map::SpanMap;
use crate::calendar::civil;

/// The mistake that ends an expression.
pub(crate) type Fault = Box<Diagnostic>;

/// Reads an expression that stands at `whole` in a file.
pub(crate) fn parse(source: &Source, whole: Span, text: &str) -> Result<Ast, Fault> {
    let map = SpanMap::new(source, whole, text);
    if limits::EXPRESSION_BYTES_MAX < text.len() {
        return Err(Box::new(
            Diagnostic::new("XD504", whole, "an expression past the limit")
                .label(format!("at most {} bytes", limits::EXPRESSION_BYTES_MAX))
                .help("Name parts of it under `let:`."),
        ));
    }
    let mut parser =
        Parser { text, map: &map, at: 0, token: Token::End, start: 0, end: 0, depth: 0 };
    parser.next()?;
    let ast = parser.expression(0)?;
    if parser.token == Token::End {
        Ok(ast)
    } else {
        Err(parser.unexpected("an operator or the end"))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    End,
    /// Letters, digits, `_` and dots.
    Word(String),
    Int(i64),
    Float(i64),
    Duration(Duration),
    Text(String),
    At(AstKind),
    List(String),
    Sign(&'static str),
}

/// Signs, longer ones first.
const SIGNS: [&str; 18] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "(", ")", "[", "]", ",",
];

struct Parser<'a> {
    text: &'a str,
    map: &'a SpanMap,
    at: usize,
    token: Token,
    start: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn span(&self) -> Span {
        self.map.span(self.start, self.end.max(self.start + 1))
    }

    fn error(&self, message: impl Into<String>, help: &str) -> Fault {
        Box::new(Diagnostic::new("XD201", self.span(), message).label("here").help(help))
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let found = self.text.get(self.start..self.end).unwrap_or("").trim();
        let (message, help) = match found {
            "" => (format!("the expression ends where {wanted} was expected"), "Complete it."),
            "=" => ("`=` in a condition".to_owned(), "Write `==` to compare."),
            "and" => ("`and` between conditions".to_owned(), "Write `&&`."),
            "or" => ("`or` between conditions".to_owned(), "Write `||`."),
            "not" => ("`not` before a condition".to_owned(), "Write `!`, or `not in` for lists."),
            "?" => ("`? :` is not part of the language".to_owned(), "Write two rules."),
            found => (
                format!("found `{found}` where {wanted} was expected"),
                "The language is on one page: docs/RULES.md.",
            ),
        };
        self.error(message, help)
    }

    fn next(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        self.start = self.at;
        self.end = self.at;
        let Some(first) = trimmed.chars().next() else {
            self.token = Token::End;
            return Ok(());
        };
        if let Some(sign) = SIGNS.iter().find(|sign| trimmed.starts_with(**sign)) {
            self.at += sign.len();
            self.token = Token::Sign(sign);
        } else if first == '"' || first == '\'' {
            self.quoted(trimmed, first)?;
        } else if first.is_ascii_digit() {
            self.number(trimmed)?;
        } else if first == '@' {
            self.moment(trimmed)?;
        } else if first == '$' {
            let name = word(&trimmed[1..]);
            self.at += 1 + name.len();
            self.token = Token::List(name.to_owned());
        } else if first.is_ascii_alphabetic() || first == '_' {
            let name = word(trimmed);
            self.at += name.len();
            self.token = Token::Word(name.to_owned());
        } else {
            self.end = self.start + first.len_utf8();
            return Err(self.unexpected("a value"));
        }
        self.end = self.at;
        Ok(())
    }

    fn quoted(&mut self, text: &str, quote: char) -> Result<(), Fault> {
        let mut out = String::new();
        let mut characters = text.char_indices().skip(1);
        // Ends: at the closing quote or the end of the text.
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.at += at + 1;
                self.token = Token::Text(out);
                return Ok(());
            }
            if character != '\\' {
                out.push(character);
                continue;
            }
            match characters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, escaped @ ('"' | '\'' | '\\'))) => out.push(escaped),
                _ => {
                    let help = "Escapes are \\\" \\' \\\\ \\n \\t.";
                    return Err(self.error("an escape that is not defined", help));
                }
            }
        }
        self.end = self.text.len();
        Err(self.error("a text without its closing quote", "Close it."))
    }

    fn number(&mut self, text: &str) -> Result<(), Fault> {
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.' || *byte == b'_';
        let length = text.bytes().take_while(part).count();
        let word = &text[..length];
        self.at += length;
        self.end = self.at;
        let help = "Numbers are `24` or `0.75` (six places), lengths of time `36h` or `24bh`.";
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        self.token = if digits(word) {
            let number: i64 = word.parse().map_err(|_| self.error("a number past 2^63", help))?;
            Token::Int(number)
        } else if let Some((whole, places)) = word.split_once('.') {
            if !digits(whole) || !digits(places) || 6 < places.len() || 12 < whole.len() {
                return Err(self.error(format!("`{word}` is no number"), help));
            }
            let text = format!("{whole}{places:0<6}");
            Token::Float(text.parse().map_err(|_| self.error("a number past the limit", help))?)
        } else {
            match Duration::parse(word) {
                Ok(duration) => Token::Duration(duration),
                Err(help) => {
                    return Err(
                        self.error(format!("`{word}` is no number and no length of time"), &help)
                    );
                }
            }
        };
        Ok(())
    }

    fn moment(&mut self, text: &str) -> Result<(), Fault> {
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"@:-+.".contains(byte);
        let length = text.bytes().take_while(part).count();
        let word = &text[1..length];
        self.at += length;
        self.end = self.at;
        let date = civil::parse_date(word).map(AstKind::Date);
        let instant = || civil::parse_instant(word).map(AstKind::Instant);
        match date.or_else(instant) {
            Some(kind) => {
                self.token = Token::At(kind);
                Ok(())
            }
            None => Err(self.error(
                format!("`@{word}` is no date and no instant"),
                "Write `@2026-11-27`, or with a zone `@2026-11-27T10:00:00Z`.",
            )),
        }
    }

    fn expression(&mut self, strength: u8) -> Result<Ast, Fault> {
        self.depth += 1;
        if limits::EXPRESSION_DEPTH_MAX < self.depth {
            return Err(Box::new(
                Diagnostic::new("XD504", self.span(), "an expression nested past the limit")
                    .label(format!("at most {} levels", limits::EXPRESSION_DEPTH_MAX))
                    .help("Name parts of it under `let:`."),
            ));
        }
        let mut left = self.operand()?;
        // Ends: each turn takes an operator; the text is finite.
        while let Some((operator, words)) = self.operator() {
            if operator.strength() <= strength {
                break;
            }
            for _ in 0..words {
                self.next()?;
            }
            let right = self.expression(operator.strength())?;
            if operator.strength() == 3
                && let AstKind::Binary(inner, ..) = &left.kind
                && inner.strength() == 3
                && !self.text.contains('(')
            {
                return Err(self.error(
                    format!("`{}` after `{}`", operator.text(), inner.text()),
                    "Comparisons don't chain: write `a < b && b < c`.",
                ));
            }
            let span = left.span.to(right.span);
            left = Ast { kind: AstKind::Binary(operator, Box::new(left), Box::new(right)), span };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The operator at hand, and how many tokens it takes.
    fn operator(&self) -> Option<(Operator, usize)> {
        Some(match &self.token {
            Token::Sign(sign) => (
                match *sign {
                    "||" => Operator::Or,
                    "&&" => Operator::And,
                    "==" => Operator::Eq,
                    "!=" => Operator::Ne,
                    "<" => Operator::Lt,
                    "<=" => Operator::Le,
                    ">" => Operator::Gt,
                    ">=" => Operator::Ge,
                    "+" => Operator::Add,
                    "-" => Operator::Sub,
                    "*" => Operator::Mul,
                    "/" => Operator::Div,
                    _ => return None,
                },
                1,
            ),
            Token::Word(word) if word == "in" => (Operator::In, 1),
            Token::Word(word) if word == "not" => {
                let rest = self.text[self.at..].trim_start();
                let follows = rest.strip_prefix("in").is_some_and(|rest| {
                    !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
                });
                if !follows {
                    return None;
                }
                (Operator::NotIn, 2)
            }
            _ => return None,
        })
    }

    fn operand(&mut self) -> Result<Ast, Fault> {
        let span = self.span();
        let token = self.token.clone();
        match token {
            Token::Sign("!") => self.prefixed(span, AstKind::Not),
            Token::Sign("-") => {
                self.next()?;
                let part = self.expression(5)?;
                let span = span.to(part.span);
                let kind = match part.kind {
                    AstKind::Int(number) => AstKind::Int(-number),
                    AstKind::Float(number) => AstKind::Float(-number),
                    _ => AstKind::Negate(Box::new(part)),
                };
                Ok(Ast { kind, span })
            }
            Token::Sign("(") => {
                self.next()?;
                let mut inner = self.expression(0)?;
                inner.span = span.to(self.span());
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.next()?;
                let (parts, end) = self.parts("]")?;
                Ok(Ast { kind: AstKind::List(parts), span: span.to(end) })
            }
            Token::Word(word) if word == "true" || word == "false" => {
                self.leaf(span, AstKind::Bool(word == "true"))
            }
            Token::Word(word) if !["in", "not", "and", "or"].contains(&word.as_str()) => {
                self.next()?;
                if self.token != Token::Sign("(") {
                    return Ok(Ast { kind: AstKind::Path(word), span });
                }
                self.next()?;
                let (parts, end) = self.parts(")")?;
                Ok(Ast { kind: AstKind::Call(word, parts), span: span.to(end) })
            }
            Token::Int(number) => self.leaf(span, AstKind::Int(number)),
            Token::Float(number) => self.leaf(span, AstKind::Float(number)),
            Token::Duration(duration) => self.leaf(span, AstKind::Duration(duration)),
            Token::Text(text) => self.leaf(span, AstKind::Text(text)),
            Token::At(kind) => self.leaf(span, kind),
            Token::List(name) => self.leaf(span, AstKind::ListRef(name)),
            Token::End | Token::Sign(_) | Token::Word(_) => Err(self.unexpected("a value")),
        }
    }

    fn prefixed(&mut self, span: Span, wrap: fn(Box<Ast>) -> AstKind) -> Result<Ast, Fault> {
        self.next()?;
        // Binds closer than any operator: `!a == b` is `(!a) == b`, as in CEL.
        let part = self.expression(5)?;
        let span = span.to(part.span);
        Ok(Ast { kind: wrap(Box::new(part)), span })
    }

    fn leaf(&mut self, span: Span, kind: AstKind) -> Result<Ast, Fault> {
        self.next()?;
        Ok(Ast { kind, span })
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.token == Token::Sign(sign) {
            self.next()
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    fn parts(&mut self, close: &'static str) -> Result<(Vec<Ast>, Span), Fault> {
        let mut parts = Vec::new();
        // Ends: each turn takes a part; the text is finite.
        while self.token != Token::Sign(close) {
            parts.push(self.expression(0)?);
            if self.token != Token::Sign(close) {
                self.expect(",")?;
            }
        }
        let end = self.span();
        self.next()?;
        Ok((parts, end))
    }
}

/// Letters, digits, `_`, and single dots between them.
fn word(text: &str) -> &str {
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.' || *byte == b'-';
    let mut length = text.bytes().take_while(part).count();
    // `a-b` is a name under `$`, and a difference elsewhere; names of lists use `_`.
    if let Some(minus) = text[..length].find('-') {
        length = minus;
    }
    text[..length].trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Ast, Fault> {
        let source = Source::new("t", text);
        let end = u32::try_from(text.len()).expect("short");
        parse(&source, Span { file: 0, start: 0, end }, text)
    }

    #[test]
    fn expressions_have_one_canonical_text() {
        for (text, want) in [
            ("a&&b||c", "a && b || c"),
            ("a && (b || c)", "a && (b || c)"),
            ("!(a == 1)", "!(a == 1)"),
            ("a in ['x',\"y\"]", "a in [\"x\", \"y\"]"),
            ("a not  in $list", "a not in $list"),
            ("a - -1 > 2 * (b + 1.50)", "a - -1 > 2 * (b + 1.5)"),
            ("since(x) > 36h && y < 24bh", "since(x) > 1d12h && y < 24bh"),
            ("t >= @2026-11-27", "t >= @2026-11-27"),
            ("t < @2026-11-27T10:00:00+01:00", "t < @2026-11-27T09:00:00Z"),
            (
                "distance_km(event.point, destination.point) > 40.0",
                "distance_km(event.point, destination.point) > 40.0",
            ),
            ("a - (b - c) == 1", "a - (b - c) == 1"),
        ] {
            let ast = read(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(ast.canonical(), want, "{text}");
            assert_eq!(read(want).expect("canonical").canonical(), want);
        }
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        for (text, at, part) in [
            ("a = 1", 2, "`=`"),
            ("a == 1 and b", 7, "`and`"),
            ("a == ", 4, "ends"),
            ("a == \"x", 5, "quote"),
            ("a < b < c", 9, "`<` after `<`"),
            ("f(a b)", 4, "`b`"),
            ("x > 1.1234567", 4, "no number"),
            ("x > 3q", 4, "no number"),
            ("x ? 1 : 2", 2, "? :"),
            ("é", 0, "é"),
            ("", 0, "ends"),
            ("@2026-13-01 < x", 0, "no date"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.message.contains(part), "{text}: {}", error.message);
            assert_eq!(error.span.start, at, "{text}");
        }
        assert_eq!(read(&"(".repeat(500)).expect_err("deep").code, "XD504");
        assert_eq!(read(&"!".repeat(500)).expect_err("deep").code, "XD504");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[-a-z0-9.()\\[\\]&|!<>=+*/@$\"', \\\\é]{0,60}") {
            if let Ok(ast) = read(&text) {
                let canonical = ast.canonical();
                let again = read(&canonical).map(|ast| ast.canonical()).ok();
                prop_assert_eq!(again.as_deref(), Some(canonical.as_str()), "{}", text);
            }
        }
    }
}
