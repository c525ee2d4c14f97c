//! The YAML of feed files.
//!
//! # Place
//!
//! The bytes of a feed file -> **this** -> `compile`.
//!
//! # Method
//!
//! The reader that feeds and rules share (`crate::yaml`), with places as lines and columns.
//!
//! # Holds
//!
//! - Codes and words of what is refused; the form that revisions are a hash of.
//! - Depth is bounded by the parser (255 levels).
//!
//! # Does not hold
//!
//! Which keys are known: `compile`.

use granit_parser::Span as ParserSpan;

use super::error::{Errors, Span};
use crate::yaml::{self, Dialect, Ending, Mistake};

pub(crate) type Node = yaml::Node<Span>;
pub(crate) type Kind = yaml::Kind<Span>;
pub(crate) type Key = yaml::Key<Span>;

impl Node {
    /// The place of the first character of the text itself, behind an opening quote.
    pub(crate) const fn text_span(&self) -> Span {
        let mut span = self.span;
        if matches!(self.kind, Kind::Text { plain: false, .. }) {
            span.column += 1;
        }
        span
    }

    /// A text of the same value whatever the order of keys and the style of quotes: what a
    /// revision is a hash of.
    pub(crate) fn write_canonical(&self, out: &mut String) {
        match &self.kind {
            Kind::Text { text, .. } => {
                out.push_str(&text.len().to_string());
                out.push(':');
                out.push_str(text);
            }
            Kind::List(nodes) => {
                out.push('[');
                nodes.iter().for_each(|node| node.write_canonical(out));
                out.push(']');
            }
            Kind::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|left, right| left.0.text.cmp(&right.0.text));
                out.push('{');
                for (key, node) in sorted {
                    out.push_str(&key.text);
                    out.push('=');
                    node.write_canonical(out);
                }
                out.push('}');
            }
        }
    }
}

/// The tree of one file. Mistakes go to `errors`; nothing comes back where there is no tree.
pub(crate) fn read(file: u16, text: &str, errors: &mut Errors) -> Option<Node> {
    let (root, ending) = yaml::read(text, &mut FeedYaml { file, errors });
    if ending == Ending::BrokeOff {
        return None;
    }
    if root.is_none() {
        errors
            .add("FD001", Span::new(file, 1, 1, 1), "the file is empty".into())
            .help("begin with `feed: name`; `docs/FEEDS.md` has an example");
    }
    root
}

struct FeedYaml<'e> {
    file: u16,
    errors: &'e mut Errors,
}

impl Dialect for FeedYaml<'_> {
    type Span = Span;
    const DEPTH_MAX: usize = usize::MAX;
    const NODES_MAX: usize = usize::MAX;

    fn span(&self, span: &ParserSpan) -> Span {
        let (start, end) = (span.start, span.end);
        let same_line = start.line() == end.line();
        let width = if same_line { end.col().saturating_sub(start.col()).max(1) } else { 1 };
        Span::new(self.file, start.line(), start.col() + 1, width)
    }

    fn whole(&self, start: Span, _end: Span) -> Span {
        start
    }

    fn mistake(&mut self, span: Option<Span>, mistake: &Mistake<'_, Span>) {
        const WRITE_OUT: &str =
            "write the value out: feed files have no anchors, aliases, tags or merge keys";
        let (code, message, help) = match mistake {
            Mistake::NotYaml(error) => {
                let message = format!("this is no YAML: {}", error.info());
                ("FD001", message, "check the indentation and the quotes around here".to_owned())
            }
            Mistake::SecondDocument => {
                ("FD001", "a second document begins here".into(), "put one feed in one file".into())
            }
            Mistake::Tag => ("FD002", "a tag stands here".into(), WRITE_OUT.into()),
            Mistake::Anchor => ("FD002", "an anchor stands here".into(), WRITE_OUT.into()),
            Mistake::Alias => ("FD002", "an alias stands here".into(), WRITE_OUT.into()),
            Mistake::MergeKey => {
                let help = "write the values out, or use `extends:`";
                ("FD002", "a merge key stands here".into(), help.into())
            }
            Mistake::KeyIsNoText(noun) => {
                ("FD006", format!("a key is {noun}"), "a key is a text".into())
            }
            Mistake::KeyTwice { text, first } => {
                let line = first.line;
                let help = format!("it stands in line {line} already: keep one of the two");
                ("FD003", format!("the key \"{text}\" stands here a second time"), help)
            }
            Mistake::TooDeep | Mistake::TooMany => unreachable!("a feed file has no such bound"),
        };
        let place = match (span, mistake) {
            (None, Mistake::NotYaml(error)) => {
                let marker = error.marker();
                Span::new(self.file, marker.line(), marker.col() + 1, 1)
            }
            (span, _) => span.unwrap_or_default(),
        };
        self.errors.add(code, place, message).help(help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, codes: &[&str]) -> Option<Node> {
        let mut errors = Errors::default();
        let node = read(0, text, &mut errors);
        assert_eq!(errors.codes(), codes, "{text}");
        node
    }

    #[test]
    fn texts_stay_as_written() {
        let node = check("a: 08\nb: [NO, 'x y', 1.50]\n", &[]).unwrap();
        assert_eq!(node.get("a").and_then(Node::text), Some("08"));
        let texts: Vec<_> =
            node.get("b").unwrap().elements().iter().filter_map(Node::text).collect();
        assert_eq!(texts, ["NO", "x y", "1.50"]);
    }

    #[test]
    fn what_yaml_has_and_feeds_do_not_is_refused() {
        check("a: &x 1\nb: *x\n", &["FD002", "FD002"]);
        check("a: !!str 1\n", &["FD002"]);
        check("<<: {a: 1}\n", &["FD002"]);
        check("a: 1\na: 2\na: 3\n", &["FD003", "FD003"]);
        check("a: 1\n---\nb: 2\n", &["FD001"]);
        check("a: [1, 2\n", &["FD001"]);
        check("", &["FD001"]);
    }

    #[test]
    fn places_count_from_one() {
        let node = check("a: 1\nbb:\n  - 'é' \n  - x\n", &[]).unwrap();
        let list = node.get("bb").unwrap().elements();
        assert_eq!((list[1].span.line, list[1].span.column), (4, 5));
        assert_eq!(list[0].text_span().column, 6);
    }

    #[test]
    fn the_canonical_text_knows_no_order_of_keys() {
        let mut texts = [String::new(), String::new()];
        check("a: 1\nb: [x, 'y']\n", &[]).unwrap().write_canonical(&mut texts[0]);
        check("b: ['x', y]\na: '1'\n", &[]).unwrap().write_canonical(&mut texts[1]);
        assert_eq!(texts[0], texts[1]);
    }
}
