//! The YAML of rule files.
//!
//! # Place
//!
//! The bytes of a rule file -> **this** -> `shape`.
//!
//! # Method
//!
//! The reader that feeds and rules share (`crate::yaml`), with places as ranges of bytes.
//!
//! # Holds
//!
//! - What is refused has its own code; so have the words that YAML 1.1 takes for booleans.
//! - Bytes, nodes and nesting are bounded by `limits`.

use granit_parser::Span as ParserSpan;

use super::diagnostic::{Diagnostic, Report, Span};
use super::limits;
use crate::yaml::{self, Dialect, Mistake};

pub(crate) type Node = yaml::Node<Span>;
pub(crate) type Kind = yaml::Kind<Span>;
pub(crate) type Key = yaml::Key<Span>;

/// The words that YAML 1.1 tools read as booleans.
const FORMER_BOOLEANS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// Reads one file: the tree, where there is one. Mistakes go to the report; what could be read is returned
/// all the same.
pub(crate) fn read(file: u32, report: &mut Report) -> Option<Node> {
    let text = std::mem::take(&mut report.sources[file as usize].text);
    let root = if limits::FILE_BYTES_MAX < text.len() {
        let whole = Span { file, start: 0, end: 1 };
        report.push(
            Diagnostic::new("XD102", whole, "a file that is too long")
                .label(format!("at most {} bytes are read", limits::FILE_BYTES_MAX))
                .help("Split the package into several files."),
        );
        None
    } else {
        yaml::read(&text, &mut RuleYaml { file, report }).0
    };
    report.sources[file as usize].text = text;
    root
}

struct RuleYaml<'r> {
    file: u32,
    report: &'r mut Report,
}

impl RuleYaml<'_> {
    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} is not allowed in a rule file");
        self.report.push(Diagnostic::new("XD104", span, message).label("here").help(help));
    }

    fn past_limit(&mut self, span: Span, what: &str) {
        let (levels, nodes) = (limits::YAML_DEPTH_MAX, limits::YAML_NODES_MAX);
        self.report.push(
            Diagnostic::new("XD102", span, format!("{what} past the limit"))
                .label(format!("at most {levels} levels and {nodes} nodes"))
                .help("Split the package into several files."),
        );
    }
}

impl Dialect for RuleYaml<'_> {
    type Span = Span;
    const DEPTH_MAX: usize = limits::YAML_DEPTH_MAX;
    const NODES_MAX: usize = limits::YAML_NODES_MAX;

    fn span(&self, span: &ParserSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span { file: self.file, start: to_u32(range.start), end: to_u32(range.end) }
    }

    fn whole(&self, start: Span, end: Span) -> Span {
        start.to(end)
    }

    fn plain(&mut self, text: &str, span: Span) {
        if FORMER_BOOLEANS.contains(&text.to_ascii_lowercase().as_str()) {
            self.report.push(
                Diagnostic::new("XD105", span, format!("`{text}` without quotes"))
                    .label("YAML 1.1 tools read this as a boolean")
                    .help(format!("Write \"{text}\" with quotes, or `true` / `false`."))
                    .fix(format!("\"{text}\"")),
            );
        }
    }

    fn mistake(&mut self, span: Option<Span>, mistake: &Mistake<'_, Span>) {
        let span = span.unwrap_or_default();
        match mistake {
            Mistake::NotYaml(error) => {
                let start = to_u32(error.marker().byte_offset().unwrap_or(0));
                let span = Span { file: self.file, start, end: start + 1 };
                self.report.push(
                    Diagnostic::new("XD101", span, format!("not YAML: {}", error.info()))
                        .label("here")
                        .help("Rule files are YAML 1.2; check indentation, quotes and brackets."),
                );
            }
            Mistake::SecondDocument => {
                self.refuse(span, "a second document", "Write one document per file.");
            }
            Mistake::Tag => {
                self.refuse(span, "a tag", "Leave it out; types follow from the key.");
            }
            Mistake::Anchor | Mistake::Alias => {
                let help = "Use `lists:` or `let:` for what is said twice.";
                self.refuse(span, "an anchor or alias", help);
            }
            Mistake::MergeKey => {
                self.refuse(span, "a merge key", "Write the keys out, or use `defaults:`.");
            }
            Mistake::KeyIsNoText(noun) => {
                self.refuse(span, &format!("{noun} as a key"), "Keys are texts.");
            }
            Mistake::KeyTwice { text, first } => self.report.push(
                Diagnostic::new("XD103", span, format!("key `{text}` stands here twice"))
                    .label("again")
                    .second(*first, "first")
                    .help("Leave one of them out."),
            ),
            Mistake::TooDeep => self.past_limit(span, "nesting"),
            Mistake::TooMany => self.past_limit(span, "a file"),
        }
    }
}

/// Offsets fit: files are shorter than [`limits::FILE_BYTES_MAX`].
fn to_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::diagnostic::Source;
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let mut report = Report { sources: vec![Source::new("t", text)], list: vec![] };
        read(0, &mut report);
        report.list.iter().map(|known| known.code).collect()
    }

    #[test]
    fn what_is_not_strict_has_its_code() {
        for (text, want) in [
            ("a: 1\nb: [x, \"no\"]", &[][..]),
            ("a: 1\na: 2", &["XD103"]),
            ("a: no", &["XD105"]),
            ("a: &x 1\nb: *x", &["XD104", "XD104"]),
            ("a: !!str 1", &["XD104"]),
            ("<<: {a: 1}", &["XD104"]),
            ("a: 1\n---\nb: 2", &["XD104"]),
            ("a: [1, 2", &["XD101"]),
            ("{a: {b: [}}", &["XD101"]),
            ("on: 1", &["XD105"]),
        ] {
            assert_eq!(codes(text), want, "{text}");
        }
        assert_eq!(codes(&format!("{}{}", "[".repeat(40), "]".repeat(40))), ["XD102"]);
        assert_eq!(codes(&"a".repeat(limits::FILE_BYTES_MAX + 1)), ["XD102"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[-a-z0-9:{}\\[\\]\"'#&*!|>%@`,? \n\t\\PC]{0,80}") {
            codes(&text);
        }
    }
}
