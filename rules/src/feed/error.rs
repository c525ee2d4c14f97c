//! What is wrong with a feed file, where, and what to do.
//!
//! # Place
//!
//! Every part of the compiler adds to [`Errors`]; `compile` hands them all back, sorted by place.
//!
//! # Method
//!
//! An error looks like one of rustc: code, message, file with line and column, the line itself with
//! a caret, and a sentence that says what to do.
//!
//! # Holds
//!
//! [`FeedError`], the collector, and the search for the name that was probably meant.
//!
//! # Does not hold
//!
//! Numbers of codes: they stand where they are found; `docs/FEEDS.md` lists them.

use core::fmt;

/// Where something stands in one of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Index of the file.
    pub(crate) file: u16,
    /// From 1.
    pub(crate) line: u32,
    /// In characters, from 1.
    pub(crate) column: u32,
    /// Characters to underline, at least 1.
    pub(crate) width: u32,
}

impl Span {
    pub(crate) fn new(file: u16, line: usize, column: usize, width: usize) -> Self {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { file, line: number(line), column: number(column), width: number(width) }
    }

    /// A part of a text that begins here.
    pub(crate) fn part(self, offset: usize, width: usize) -> Self {
        let number = |value: usize| u32::try_from(value).unwrap_or(0);
        Self { column: self.column + number(offset), width: number(width).max(1), ..self }
    }
}

/// One mistake of a feed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedError {
    /// `FD` and three digits.
    pub code: &'static str,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// The file, as it was named to the compiler.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// Characters from `column` that are meant.
    pub width: u32,
    /// The line of the file.
    pub source: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for FeedError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.to_string();
        let margin = " ".repeat(line.len());
        writeln!(out, "error[{}]: {}", self.code, self.message)?;
        writeln!(out, "{margin}--> {}:{}:{}", self.path, self.line, self.column)?;
        writeln!(out, "{margin} |")?;
        writeln!(out, "{line} | {}", self.source)?;
        let column = usize::try_from(self.column).unwrap_or(1).max(1);
        let room = (self.source.chars().count() + 1).saturating_sub(column - 1).max(1);
        let width = usize::try_from(self.width).unwrap_or(1).clamp(1, room);
        let blanks: String = self
            .source
            .chars()
            .take(column - 1)
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(out, "{margin} | {blanks}{}", "^".repeat(width))?;
        write!(out, "{margin} = help: {}", self.help)
    }
}

impl core::error::Error for FeedError {}

/// A mistake whose file is still a number.
#[derive(Debug)]
struct Draft {
    code: &'static str,
    span: Span,
    message: String,
    help: String,
}

/// All mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    drafts: Vec<Draft>,
}

/// The help of the mistake that was just added.
pub(crate) struct Help<'a>(&'a mut String);

impl Help<'_> {
    /// Says what to do.
    pub(crate) fn help(self, help: impl Into<String>) {
        *self.0 = help.into();
    }
}

impl Errors {
    /// Adds one. A mistake that was already told of the same place and code is not told again:
    /// files that extend one another share lines.
    pub(crate) fn add(&mut self, code: &'static str, span: Span, message: String) -> Help<'_> {
        let known = self
            .drafts
            .iter()
            .position(|draft| draft.code == code && draft.span == span && draft.message == message);
        let index = known.unwrap_or(self.drafts.len());
        if known.is_none() {
            self.drafts.push(Draft { code, span, message, help: String::new() });
        }
        Help(&mut self.drafts[index].help)
    }

    pub(crate) fn len(&self) -> usize {
        self.drafts.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// All of them, by file, line and column.
    pub(crate) fn finish(mut self, files: &[(&str, &str)]) -> Vec<FeedError> {
        self.drafts.sort_by_key(|draft| draft.span);
        let resolve = |draft: Draft| {
            let (path, text) = files.get(usize::from(draft.span.file)).copied().unwrap_or_default();
            let line_index = usize::try_from(draft.span.line).unwrap_or(1).saturating_sub(1);
            FeedError {
                code: draft.code,
                message: draft.message,
                path: path.to_owned(),
                line: draft.span.line,
                column: draft.span.column,
                width: draft.span.width,
                source: text.lines().nth(line_index).unwrap_or_default().to_owned(),
                help: draft.help,
            }
        };
        self.drafts.into_iter().map(resolve).collect()
    }

    #[cfg(test)]
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.drafts.iter().map(|draft| draft.code).collect()
    }
}

/// `did you mean "x"?`, or the names there are.
pub(crate) fn suggest<'a>(found: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let folded = found.to_lowercase().replace(['-', ' '], "_");
    let nearest = names
        .clone()
        .map(|name| (distance(&folded, &name.to_lowercase().replace('-', "_")), name))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, name)) if distance <= 1 + found.chars().count() / 4 => {
            format!("did you mean \"{name}\"?")
        }
        _ => {
            let all: Vec<&str> = names.collect();
            if all.len() <= 24 {
                format!("known here: {}", all.join(", "))
            } else {
                format!("there are {} names, listed in `docs/FEEDS.md`", all.len())
            }
        }
    }
}

/// Levenshtein's distance, with both texts cut to 64 characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_like_rustc() {
        let mut errors = Errors::default();
        errors
            .add("FD020", Span::new(0, 2, 5, 9), "there is no detail \"DELIVERD\"".into())
            .help("did you mean \"DELIVERED\"?");
        let all = errors.finish(&[("ups.yaml", "codes:\nis: 'DELIVERD'\n")]);
        assert_eq!(
            all[0].to_string(),
            "error[FD020]: there is no detail \"DELIVERD\"\n --> ups.yaml:2:5\n  |\n2 | is: 'DELIVERD'\n  \
             |     ^^^^^^^^^\n  = help: did you mean \"DELIVERED\"?"
        );
    }

    #[test]
    fn a_near_name_is_suggested() {
        let names = ["DELIVERED", "DEPARTED_FACILITY"];
        let check = |found: &str, expected: &str| {
            assert_eq!(suggest(found, names.iter().copied()), expected);
        };
        check("DELIVERD", "did you mean \"DELIVERED\"?");
        check("departed-facility", "did you mean \"DEPARTED_FACILITY\"?");
        check("X", "known here: DELIVERED, DEPARTED_FACILITY");
    }

    #[test]
    fn distances_are_symmetric() {
        for (left, right, expected) in
            [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(distance(left, right), expected);
            assert_eq!(distance(right, left), expected);
        }
    }
}
