//! What is wrong with a rule file, where, and what to do about it.
//!
//! # Place
//!
//! Every stage of loading adds to one [`Report`]; a set with one error does not load.
//!
//! # Method
//!
//! A place is a file and a range of bytes; lines and columns are counted when an error is shown. The
//! form is that of rustc: code, place, the line with the range marked, a second mark where one
//! explains the first, help.
//!
//! # Holds
//!
//! - Codes are stable; [`codes`] has a long text for each.
//! - Errors are told in the order of the files.

use std::borrow::Cow;
use std::fmt::Write;

use super::codes;

/// Where something stands: bytes of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file of the set.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From this one to the end of that one.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }
}

/// One file as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that errors show.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A file and its text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let end = floor_boundary(&self.text, offset as usize);
        let before = &self.text[..end];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The byte of a line and column, both from 1; the nearest one where there is none.
    #[must_use]
    pub fn offset(&self, line: usize, column: usize) -> u32 {
        let lines = self.text.split_inclusive('\n');
        let start: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
        let line = self.text[start..].split('\n').next().unwrap_or("");
        let within = line.char_indices().nth(column.saturating_sub(1));
        let offset = start + within.map_or(line.len(), |(offset, _)| offset);
        u32::try_from(offset).unwrap_or(u32::MAX)
    }
}

/// The last character boundary at or before an offset.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut end = offset.min(text.len());
    // Ends: 0 is a boundary.
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The set does not load.
    Error,
    /// The set loads; `check --lint-fatal` fails.
    Warning,
    /// Good to know; nothing fails.
    Note,
}

impl Level {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A change of the text that puts it right and changes nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `XD203`.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What is said at the mark.
    pub label: String,
    /// A second place that explains the first.
    pub second: Option<(Span, String)>,
    /// What to do.
    pub help: Vec<String>,
    /// The safe change, where there is one.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error; a code that starts with `XD6` or is a lint is made a warning with [`Self::warn`].
    #[must_use]
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        debug_assert!(codes::explain(code).is_some(), "{code} has no text");
        Self {
            code,
            level: Level::Error,
            message: message.into(),
            span,
            label: String::new(),
            second: None,
            help: Vec::new(),
            fix: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warn(mut self) -> Self {
        self.level = Level::Warning;
        self
    }

    /// The same as a note.
    #[must_use]
    pub fn note(mut self) -> Self {
        self.level = Level::Note;
        self
    }

    /// With a text at the mark.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With a second mark.
    #[must_use]
    pub fn second(mut self, span: Span, label: impl Into<String>) -> Self {
        self.second = Some((span, label.into()));
        self
    }

    /// With a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With a safe change.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { span: self.span, text: text.into() });
        self
    }
}

/// Everything that is wrong with a set of files.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files, as read.
    pub sources: Vec<Source>,
    /// What was found.
    pub list: Vec<Diagnostic>,
}

/// Diagnostics kept of one run; what follows is most likely the echo of the first ones.
const DIAGNOSTICS_MAX: usize = 500;

impl Report {
    /// Adds one, unless the same was said of the same place.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let again = self
            .list
            .iter()
            .any(|known| known.code == diagnostic.code && known.span == diagnostic.span);
        if !again && self.list.len() < DIAGNOSTICS_MAX {
            self.list.push(diagnostic);
        }
    }

    /// Puts them in the order of the files.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.level, diagnostic.code));
    }

    /// True where the set does not load.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// How many there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.list.iter().filter(|known| known.level == level).count()
    }

    /// `2 errors, 1 warning`, and notes where there are some.
    #[must_use]
    pub fn counts(&self) -> String {
        let of = |level: Level| {
            let count = self.count(level);
            format!("{count} {}{}", level.name(), if count == 1 { "" } else { "s" })
        };
        let mut text = format!("{}, {}", of(Level::Error), of(Level::Warning));
        if 0 < self.count(Level::Note) {
            text.push_str(&format!(", {}", of(Level::Note)));
        }
        if DIAGNOSTICS_MAX <= self.list.len() {
            text.push_str(", no more are told");
        }
        text
    }

    /// All of them as text for people.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for diagnostic in &self.list {
            self.render_one(diagnostic, &mut out);
            out.push('\n');
        }
        out
    }

    fn render_one(&self, diagnostic: &Diagnostic, out: &mut String) {
        let level = diagnostic.level.name();
        push(out, format_args!("{level}[{}]: {}\n", diagnostic.code, diagnostic.message));
        let mut margin = 1;
        if let Some(source) = self.sources.get(diagnostic.span.file as usize) {
            let (line, column) = source.line_column(diagnostic.span.start);
            let second = diagnostic.second.as_ref().map(|(span, label)| (*span, label.as_str()));
            let last = second
                .filter(|(span, _)| span.file == diagnostic.span.file)
                .map_or(line, |(span, _)| line.max(source.line_column(span.start).0));
            margin = last.to_string().len();
            push(out, format_args!("{:margin$}--> {}:{line}:{column}\n", "", source.name));
            push(out, format_args!("{:margin$} |\n", ""));
            mark(out, source, diagnostic.span, &diagnostic.label, '^', margin);
            if let Some((span, label)) = second
                && let Some(other) = self.sources.get(span.file as usize)
            {
                if span.file != diagnostic.span.file {
                    let (line, column) = other.line_column(span.start);
                    push(out, format_args!("{:margin$}::: {}:{line}:{column}\n", "", other.name));
                }
                mark(out, other, span, label, '-', margin);
            }
            push(out, format_args!("{:margin$} |\n", ""));
        }
        for help in &diagnostic.help {
            let note = if diagnostic.fix.is_some() { "   (fix: check --fix)" } else { "" };
            push(out, format_args!("{:margin$} = help: {help}{note}\n", ""));
        }
        let code = diagnostic.code;
        push(out, format_args!("{:margin$} = see: crossdock rules explain-code {code}\n", ""));
    }

    /// The text of a file with every safe change made, and how many were made.
    #[must_use]
    pub fn fixed(&self, file: u32) -> (String, usize) {
        let Some(source) = self.sources.get(file as usize) else { return (String::new(), 0) };
        let mut fixes: Vec<&Fix> =
            self.list.iter().filter_map(|known| known.fix.as_ref()).collect();
        fixes.retain(|fix| fix.span.file == file);
        fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
        let (mut text, mut from, mut count) = (String::new(), 0, 0);
        for fix in fixes {
            let (start, end) = (fix.span.start as usize, fix.span.end as usize);
            let whole = source.text.get(from..start).zip(source.text.get(start..end));
            // Two changes of one place: the first one is made, the next run sees the rest.
            let Some((before, _)) = whole else { continue };
            text.push_str(before);
            text.push_str(&fix.text);
            from = end;
            count += 1;
        }
        text.push_str(&source.text[from..]);
        (text, count)
    }
}

/// Characters of a line that are shown.
const SHOWN_MAX: usize = 160;

/// One line of the file with a range marked under it.
fn mark(out: &mut String, source: &Source, span: Span, label: &str, sign: char, margin: usize) {
    let (line, column) = source.line_column(span.start);
    let text = source.text.lines().nth(line - 1).unwrap_or("");
    let start = floor_boundary(&source.text, span.start as usize);
    let end = floor_boundary(&source.text, span.end as usize).max(start);
    let marked = source.text[start..end].lines().next().unwrap_or("").chars().count().max(1);
    let (shown, indent) = window(text, column - 1);
    let marked = marked.min((shown.chars().count().saturating_sub(indent)).max(1));
    push(out, format_args!("{line:margin$} | {shown}\n"));
    let signs: String = std::iter::repeat_n(sign, marked).collect();
    push(out, format_args!("{:margin$} | {:indent$}{signs} {label}\n", "", ""));
    // A mark without a label would end in a blank.
    if label.is_empty() {
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

/// The part of a line around a character that a person can read, and where the character is in it.
fn window(line: &str, at: usize) -> (Cow<'_, str>, usize) {
    let before = at.saturating_sub(SHOWN_MAX / 2);
    if line.chars().nth(SHOWN_MAX).is_none() {
        return (Cow::Borrowed(line), at);
    }
    let mut rest = line.chars().skip(before);
    let mut shown = String::from(if before == 0 { "" } else { "..." });
    let indent = at - before + shown.len();
    shown.extend(rest.by_ref().take(SHOWN_MAX));
    if rest.next().is_some() {
        shown.push_str("...");
    }
    (Cow::Owned(shown), indent)
}

/// Formatting into a string can't fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string");
}

/// The name nearest to one that is not known, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if 64 < name.len() {
        return None;
    }
    let limit = 1 + name.chars().count() / 4;
    known
        .into_iter()
        .filter(|other| other.len() <= 64)
        .map(|other| (edits(name, other), other))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, other)| other)
}

/// Damerau-Levenshtein distance (optimal string alignment).
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let same = left[i - 1] == right[j - 1];
            let mut cost =
                (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + usize::from(!same));
            let swapped =
                1 < i && 1 < j && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_around_its_mistake() {
        let text =
            format!("carriers: [{}fedx, {}ups]\n", "ups, ".repeat(30_000), "dhl, ".repeat(90));
        let start = u32::try_from(text.find("fedx").expect("there")).expect("small");
        let span = Span { file: 0, start, end: start + 4 };
        let list = vec![Diagnostic::new("XD203", span, "unknown carrier `fedx`")];
        let shown = Report { sources: vec![Source::new("a.yaml", text)], list }.render();
        let lines: Vec<&str> = shown.lines().collect();
        let at = lines.iter().position(|line| line.contains("fedx,")).expect("it is shown");
        assert!(lines.iter().all(|line| line.len() < 200), "{shown}");
        assert_eq!(lines[at].find("fedx"), lines[at + 1].find("^^^^"), "{shown}");
    }

    #[test]
    fn a_mistake_is_shown_like_rustc_does() {
        let source = Source::new("a.yaml", "rules:\n  - scope: { carrier: [ups, fedx] }\n");
        let start = u32::try_from(source.text.find("fedx").expect("there")).expect("small");
        let span = Span { file: 0, start, end: start + 4 };
        let diagnostic = Diagnostic::new("XD203", span, "unknown carrier `fedx`")
            .label("not one of 61 known carriers")
            .help("did you mean `fedex`?")
            .fix("fedex");
        let mut report = Report { sources: vec![source], list: vec![] };
        report.push(diagnostic.clone());
        report.push(diagnostic);
        let want = "error[XD203]: unknown carrier `fedx`
 --> a.yaml:2:28
  |
2 |   - scope: { carrier: [ups, fedx] }
  |                             ^^^^ not one of 61 known carriers
  |
  = help: did you mean `fedex`?   (fix: check --fix)
  = see: crossdock rules explain-code XD203

";
        assert_eq!(report.render(), want.replace(":28\n", ":29\n"));
        let (fixed, count) = report.fixed(0);
        assert_eq!((fixed.contains("[ups, fedex]"), count), (true, 1));
    }

    #[test]
    fn lines_and_columns_are_bytes_and_back() {
        let source = Source::new("a", "ab\nä: öx\n\nz");
        for (line, column, byte) in
            [(1, 1, 0), (1, 2, 1), (2, 2, 5), (2, 5, 9), (3, 1, 11), (4, 1, 12)]
        {
            assert_eq!(source.offset(line, column), byte, "{line}:{column}");
            assert_eq!(source.line_column(byte), (line, column));
        }
        // What is in no line is at the end of the nearest one.
        assert_eq!([source.offset(0, 0), source.offset(2, 90), source.offset(9, 1)], [0, 10, 13]);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["fedex", "ups", "usps", "dhl"];
        assert_eq!(nearest("fedx", known), Some("fedex"));
        assert_eq!(nearest("upss", known), Some("ups").or(Some("usps")));
        assert_eq!(nearest("ontrac", known), None);
        assert_eq!(edits("ab", "ba"), 1);
    }

    #[test]
    fn places_past_the_end_and_inside_characters_are_shown_without_panic() {
        let report = Report {
            sources: vec![Source::new("ä.yaml", "ä\nö")],
            list: (0..9)
                .map(|at| {
                    Diagnostic::new("XD101", Span { file: 0, start: at, end: at + 1 }, "x")
                        .help("y")
                })
                .collect(),
        };
        assert!(report.render().contains("ä.yaml:2:1"));
    }
}
