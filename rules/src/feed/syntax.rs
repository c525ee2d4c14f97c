//! The small language of paths and expressions inside a feed file.
//!
//! # Place
//!
//! A text of the file -> **this** -> `layout`, which finds slots for the paths.
//!
//! # Method
//!
//! ```text
//! expression  = alternative { "|" alternative }
//! alternative = "\"" text "\""                                  a text
//!             | function "(" [ expression { "," expression } ] ")"
//!             | path
//! path        = [ "$" | "^" { "^" } ] "." | [ "$" "." | "^" {"^"} ["."] ] step { "." step | filter }
//! step        = name | "'" any "'" | "@" name | "#text"
//! filter      = "[" number "]" | "[]" | "[" key { "." key } [ "=" value { "|" value } ] "]"
//! ```
//!
//! Recursive descent over characters; nesting of functions is bounded.
//!
//! # Holds
//!
//! - A number stands for a text only as an argument of a function; anywhere else it is a key that
//!   wants quotes.
//!
//! # Does not hold
//!
//! Levels: `layout` knows how far up `^` may lead.

use super::error::{Errors, Span, suggest};
use super::program::{Filter, Function};

/// Functions inside functions.
const NESTING_MAX: usize = 8;

/// An expression: alternatives in the order written.
pub(crate) type Alternatives = Vec<Term>;

/// One alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// A way into the document.
    Path(Path),
    /// A text.
    Text(String),
    /// A function of expressions.
    Call(Function, Vec<Alternatives>),
}

/// A way into the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Where it begins.
    pub(crate) from: From,
    /// How it goes on.
    pub(crate) steps: Vec<PathStep>,
    /// Where it stands in the file.
    pub(crate) span: Span,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// At the level of the block, or so many levels above it.
    Up(usize),
    /// At the document.
    Document,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// Into the value of a key.
    Key(String),
    /// The n-th element; negative: from the end.
    Index(i32),
    /// The first element for which it holds; in `at`: those for which it holds.
    Filter(Filter),
    /// Each element: only in `at`.
    Each,
}

/// Names of functions with the number of arguments they take.
pub(crate) const FUNCTIONS: [(&str, Function, core::ops::RangeInclusive<usize>); 16] = [
    ("digits", Function::Digits, 1..=1),
    ("upper", Function::Upper, 1..=1),
    ("lower", Function::Lower, 1..=1),
    ("trim", Function::Trim, 1..=1),
    ("strip_zeros", Function::StripZeros, 1..=1),
    ("before", Function::Before, 2..=2),
    ("after", Function::After, 2..=2),
    ("after_last", Function::AfterLast, 2..=2),
    ("join", Function::Join, 2..=16),
    ("concat", Function::Concat, 1..=16),
    ("substring", Function::Substring, 3..=3),
    ("not", Function::Not, 1..=1),
    ("exists", Function::Exists, 1..=1),
    ("equals", Function::Equals, 2..=64),
    ("when", Function::When, 2..=2),
    ("contains", Function::Contains, 2..=64),
];

/// Reads an expression that fills `text`, which begins at `span`.
pub(crate) fn expression(text: &str, span: Span, errors: &mut Errors) -> Option<Alternatives> {
    let mut reader = Reader::new(text, span);
    let result = reader.alternatives(0).and_then(|alternatives| {
        reader.blanks();
        reader.end("an expression ends before this")?;
        Ok(alternatives)
    });
    told(result, errors)
}

/// Reads a path of `at`.
pub(crate) fn at_path(text: &str, span: Span, errors: &mut Errors) -> Option<Path> {
    let mut reader = Reader::new(text, span);
    let result = reader.path().and_then(|path| {
        reader.blanks();
        reader.end("a path of `at` ends before this")?;
        Ok(path)
    });
    told(result, errors)
}

fn told<T>(result: Result<T, Mistake>, errors: &mut Errors) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(mistake) => {
            errors.add(mistake.code, mistake.span, mistake.message).help(mistake.help);
            None
        }
    }
}

/// What is wrong with an expression. The first mistake of a text ends its reading.
struct Mistake {
    code: &'static str,
    span: Span,
    message: String,
    help: String,
}

struct Reader {
    characters: Vec<char>,
    index: usize,
    span: Span,
}

type Read<T> = Result<T, Mistake>;

impl Reader {
    fn new(text: &str, span: Span) -> Self {
        Self { characters: text.chars().collect(), index: 0, span }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.index).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.index += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.index += 1;
        }
    }

    fn mistake<T>(&self, from: usize, message: String, help: &str) -> Read<T> {
        let width = self.index.saturating_sub(from).max(1);
        let span = self.span.part(from, width);
        Err(Mistake { code: "FD010", span, message, help: help.to_owned() })
    }

    fn end(&self, what: &str) -> Read<()> {
        match self.peek() {
            None => Ok(()),
            Some(character) => self.mistake(
                self.index,
                format!("{what}: \"{character}\""),
                "join alternatives with `|`, steps with `.`; put keys with other characters into single quotes",
            ),
        }
    }

    fn alternatives(&mut self, depth: usize) -> Read<Alternatives> {
        if depth > NESTING_MAX {
            return self.mistake(
                self.index,
                format!("more than {NESTING_MAX} functions inside one another"),
                "split the work between fields, or leave it to the code table",
            );
        }
        let mut alternatives = Vec::new();
        // Ends: every turn takes at least one character.
        loop {
            self.blanks();
            alternatives.push(self.term(depth)?);
            self.blanks();
            if !self.take('|') {
                return Ok(alternatives);
            }
        }
    }

    fn term(&mut self, depth: usize) -> Read<Term> {
        let from = self.index;
        if self.take('"') {
            return Ok(Term::Text(self.until('"', from)?));
        }
        let digits = self.name_while(|character| character.is_ascii_digit() || character == '-');
        if !digits.is_empty() {
            let alone = !matches!(self.peek(), Some('.' | '['));
            let number = digits.bytes().all(|byte| byte.is_ascii_digit());
            if depth > 0 && alone && number && !self.peek().is_some_and(is_name) {
                return Ok(Term::Text(digits));
            }
            let help =
                "put a key that begins with a digit into single quotes, a text into double quotes";
            return self.mistake(
                from,
                format!("\"{digits}\" is neither a key nor a text here"),
                help,
            );
        }
        let name = self.name_while(is_name);
        if !name.is_empty() && self.peek() == Some('(') {
            return self.call(&name, from, depth);
        }
        self.index = from;
        Ok(Term::Path(self.path()?))
    }

    fn call(&mut self, name: &str, from: usize, depth: usize) -> Read<Term> {
        let Some((_, function, arity)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let span = self.span.part(from, name.chars().count());
            let help = suggest(name, FUNCTIONS.iter().map(|(known, ..)| *known));
            let message = format!("there is no function \"{name}\"");
            return Err(Mistake { code: "FD011", span, message, help });
        };
        self.index += 1;
        let mut arguments = Vec::new();
        self.blanks();
        if !self.take(')') {
            // Ends: every turn takes an argument and a comma.
            loop {
                arguments.push(self.alternatives(depth + 1)?);
                if self.take(')') {
                    break;
                }
                if !self.take(',') {
                    let help = "close the list of arguments with `)`";
                    return self.mistake(self.index, format!("\"{name}(\" is not closed"), help);
                }
            }
        }
        if !arity.contains(&arguments.len()) {
            let wanted = if arity.start() == arity.end() {
                arity.start().to_string()
            } else {
                format!("{} to {}", arity.start(), arity.end())
            };
            let message = format!("\"{name}\" has {} arguments", arguments.len());
            let help = format!("it takes {wanted}");
            let span = self.span.part(from, self.index - from);
            return Err(Mistake { code: "FD012", span, message, help });
        }
        Ok(Term::Call(*function, arguments))
    }

    fn path(&mut self) -> Read<Path> {
        self.blanks();
        let start = self.index;
        let mut from = From::Up(0);
        let mut prefixed = false;
        if self.take('$') {
            (from, prefixed) = (From::Document, true);
        } else {
            while self.take('^') {
                from = From::Up(self.index - start);
                prefixed = true;
            }
        }
        let dotted = self.take('.');
        let mut steps = Vec::new();
        let begins =
            self.peek().is_some_and(|character| is_name(character) || "'@#".contains(character));
        if begins {
            steps.push(self.step(start)?);
        } else if !prefixed && !dotted && self.peek() != Some('[') {
            let found =
                self.peek().map_or_else(|| "nothing".to_owned(), |found| format!("\"{found}\""));
            let help = "a path begins with a key, `.` (this level), `^` (one level up) or `$` (the document)";
            return self.mistake(start, format!("{found} stands where a path should begin"), help);
        }
        // Ends: every turn takes at least one character.
        loop {
            if self.take('.') {
                steps.push(self.step(start)?);
            } else if self.take('[') {
                steps.push(self.brackets(start)?);
            } else {
                let span = self.span.part(start, self.index - start);
                return Ok(Path { from, steps, span });
            }
        }
    }

    fn step(&mut self, start: usize) -> Read<PathStep> {
        if self.take('\'') {
            return Ok(PathStep::Key(self.until('\'', start)?));
        }
        let mut key = String::new();
        if let Some(sign @ ('@' | '#')) = self.peek() {
            key.push(sign);
            self.index += 1;
        }
        key.push_str(&self.name_while(is_name));
        if key.is_empty() || key == "@" || (key.starts_with('#') && key != "#text") {
            let help = "after a `.` stands a key, a quoted key, an attribute `@name` or `#text`";
            return self.mistake(start, "a step of the path is missing".to_owned(), help);
        }
        Ok(PathStep::Key(key))
    }

    /// Behind an opening bracket.
    fn brackets(&mut self, start: usize) -> Read<PathStep> {
        if self.take(']') {
            return Ok(PathStep::Each);
        }
        let open = self.index;
        let inside: String = self.name_while(|character| character != ']');
        if !self.take(']') {
            return self.mistake(start, "a `[` is not closed".to_owned(), "close it with `]`");
        }
        if let Ok(index) = inside.trim().parse::<i32>() {
            return Ok(PathStep::Index(index));
        }
        let (path, values) = match inside.split_once('=') {
            Some((path, values)) => (path, values.split('|').map(unquoted).collect()),
            None => (inside.as_str(), Vec::new()),
        };
        let path: Vec<Box<str>> = path.split('.').map(unquoted).collect();
        if path.iter().any(|key| key.is_empty()) || values.iter().any(|value| value.is_empty()) {
            let help = "write `[key=value]`, `[key=one|other]`, `[key]` or a number";
            return self.mistake(open, format!("\"[{inside}]\" is no filter"), help);
        }
        Ok(PathStep::Filter(Filter { path, any_of: values }))
    }

    /// Behind an opening quote; the same sign twice stands for itself.
    fn until(&mut self, quote: char, start: usize) -> Read<String> {
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.index += 1;
            if character != quote {
                text.push(character);
            } else if self.take(quote) {
                text.push(quote);
            } else {
                return Ok(text);
            }
        }
        self.mistake(start, "a quote is not closed".to_owned(), "close it with the same sign")
    }

    fn name_while(&mut self, holds: impl Fn(char) -> bool) -> String {
        let from = self.index;
        while self.peek().is_some_and(&holds) {
            self.index += 1;
        }
        self.characters[from..self.index].iter().collect()
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | ':')
}

fn unquoted(text: &str) -> Box<str> {
    let text = text.trim();
    let inner = ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)));
    inner.unwrap_or(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Alternatives, Vec<&'static str>> {
        let mut errors = Errors::default();
        let found = expression(text, Span::new(0, 1, 1, 1), &mut errors);
        found.ok_or_else(|| errors.codes())
    }

    fn path(from: From, keys: &[&str], span: Span) -> Term {
        let steps = keys.iter().map(|key| PathStep::Key((*key).to_owned())).collect();
        Term::Path(Path { from, steps, span })
    }

    #[test]
    fn paths_say_where_they_begin() {
        let span = |width| Span::new(0, 1, 1, width);
        let check = |text: &str, from, keys: &[&str]| {
            assert_eq!(
                read(text),
                Ok(vec![path(from, keys, span(text.chars().count()))]),
                "{text}"
            );
        };
        check("status.code", From::Up(0), &["status", "code"]);
        check("^inquiryNumber", From::Up(1), &["inquiryNumber"]);
        check("^^.a", From::Up(2), &["a"]);
        check("$.a.b", From::Document, &["a", "b"]);
        check("$", From::Document, &[]);
        check(".", From::Up(0), &[]);
        check("^", From::Up(1), &[]);
        check("a.'b c'.@d.#text", From::Up(0), &["a", "b c", "@d", "#text"]);
        check("AT7.01", From::Up(0), &["AT7", "01"]);
        check(".01", From::Up(0), &["01"]);
    }

    #[test]
    fn alternatives_functions_and_filters_are_read() {
        let found = read("a[type=SDD|'R D'].b[-1] | when(not(c), \"x\"\"y\") | substring(d, 0, 3)")
            .unwrap();
        let Term::Path(first) = &found[0] else { panic!("a path") };
        let filter = Filter { path: vec!["type".into()], any_of: vec!["SDD".into(), "R D".into()] };
        assert_eq!(first.steps[1], PathStep::Filter(filter));
        assert_eq!(first.steps[3], PathStep::Index(-1));
        let Term::Call(Function::When, arguments) = &found[1] else { panic!("a call") };
        assert_eq!(arguments[1], [Term::Text("x\"y".into())]);
        let Term::Call(Function::Substring, arguments) = &found[2] else { panic!("a call") };
        assert_eq!(arguments[2], [Term::Text("3".into())]);
    }

    #[test]
    fn mistakes_are_told() {
        let check =
            |text: &str, code: &'static str| assert_eq!(read(text), Err(vec![code]), "{text}");
        for text in [
            "", "a.", "a..b", "a b", "a |", "\"x", "'x", "a[", "a[=x]", "01", "(a)", "a)",
            "upper(a", "#x",
        ] {
            check(text, "FD010");
        }
        check("uper(a)", "FD011");
        check("upper(a, b)", "FD012");
        check("upper()", "FD012");
        check(&"not(".repeat(20), "FD010");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z.|'\"\\[\\]()^$@#=, 0-9-]{0,40}") {
            let mut errors = Errors::default();
            let found = expression(&text, Span::new(0, 1, 1, 1), &mut errors);
            proptest::prop_assert_eq!(found.is_none(), errors.len() == 1);
        }
    }
}
