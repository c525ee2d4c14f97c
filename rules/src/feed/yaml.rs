//! YAML as a tree of texts, each with its place in the file.
//!
//! # Place
//!
//! The bytes of a feed file -> **this** -> `compile`.
//!
//! # Method
//!
//! The events of `granit-parser` (the parser under serde-saphyr) are gathered into a tree. Scalars stay texts as they were
//! written: a carrier's code `08` is no number and `NO` is no boolean. What a value means is the
//! reader's business, who knows what belongs there; that is also why every mistake of a file can be
//! told in one run, where a serde reader stops at the first.
//!
//! # Holds
//!
//! - Anchors, aliases, tags, merge keys, several documents and doubled keys are mistakes.
//! - Depth is bounded by the parser (255 levels).
//!
//! # Does not hold
//!
//! Which keys are known: `compile`.

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use super::error::{Errors, Span};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it begins.
    pub(crate) span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A text; `quoted` where it stood in quotes or in a block.
    Text { text: String, quoted: bool },
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order written.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The key.
    pub(crate) text: String,
    /// Where it begins.
    pub(crate) span: Span,
}

impl Node {
    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// Keys and values; none where it is no map.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Text { .. } | Kind::List(_) => &[],
        }
    }

    /// The text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The elements of a list; anything else is its own only element.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.kind {
            Kind::List(nodes) => nodes,
            Kind::Text { .. } | Kind::Map(_) => core::slice::from_ref(self),
        }
    }

    /// What people call it.
    pub(crate) const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Text { .. } => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The place of the first character of the text itself, behind an opening quote.
    pub(crate) const fn text_span(&self) -> Span {
        let mut span = self.span;
        if matches!(self.kind, Kind::Text { quoted: true, .. }) {
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

/// A collection that is being read.
enum Open {
    List(Span, Vec<Node>),
    Map(Span, Vec<(Key, Node)>, Option<Key>),
}

/// The tree of one file. Mistakes go to `errors`; nothing comes back where there is no tree.
pub(crate) fn read(file: u16, text: &str, errors: &mut Errors) -> Option<Node> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let marker = error.marker();
                let place = Span::new(file, marker.line(), marker.col() + 1, 1);
                errors
                    .add("FD001", place, format!("this is no YAML: {}", error.info()))
                    .help("check the indentation and the quotes around here");
                return None;
            }
        };
        let place = place(file, &span);
        let closed = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse(anchor, tag.is_some(), place, errors);
                let quoted = !matches!(style, ScalarStyle::Plain);
                Some(Node { kind: Kind::Text { text: text.into_owned(), quoted }, span: place })
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse(anchor, tag.is_some(), place, errors);
                open.push(Open::List(place, Vec::new()));
                None
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse(anchor, tag.is_some(), place, errors);
                open.push(Open::Map(place, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(span, nodes)) => Some(Node { kind: Kind::List(nodes), span }),
                Some(Open::Map(span, entries, _)) => Some(Node { kind: Kind::Map(entries), span }),
                None => None,
            },
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                errors.add("FD002", place, "an alias stands here".into()).help(
                    "write the value out: feed files have no anchors, aliases, tags or merge keys",
                );
                Some(Node { kind: Kind::Text { text: String::new(), quoted: false }, span: place })
            }
            Event::DocumentStart(..) if root.is_some() => {
                errors
                    .add("FD001", place, "a second document begins here".into())
                    .help("put one feed in one file");
                return root;
            }
            _ => None,
        };
        if let Some(node) = closed {
            attach(node, &mut open, &mut root, errors);
        }
    }
    if root.is_none() {
        errors
            .add("FD001", Span::new(file, 1, 1, 1), "the file is empty".into())
            .help("begin with `feed: name`; `docs/FEEDS.md` has an example");
    }
    root
}

/// Puts a finished node where it belongs.
fn attach(node: Node, open: &mut [Open], root: &mut Option<Node>, errors: &mut Errors) {
    match open.last_mut() {
        None => *root = Some(node),
        Some(Open::List(_, nodes)) => nodes.push(node),
        Some(Open::Map(_, entries, key @ None)) => {
            let text = if let Some(text) = node.text() {
                text.to_owned()
            } else {
                errors
                    .add("FD006", node.span, format!("a key is {}", node.kind_name()))
                    .help("a key is a text");
                String::new()
            };
            if text == "<<" {
                errors
                    .add("FD002", node.span, "a merge key stands here".into())
                    .help("write the values out, or use `extends:`");
            }
            if let Some((first, _)) = entries.iter().find(|(name, _)| name.text == text) {
                let line = first.span.line;
                errors
                    .add(
                        "FD003",
                        node.span,
                        format!("the key \"{text}\" stands here a second time"),
                    )
                    .help(format!("it stands in line {line} already: keep one of the two"));
            }
            *key = Some(Key { text, span: node.span });
        }
        Some(Open::Map(_, entries, key)) => {
            if let Some(key) = key.take() {
                entries.push((key, node));
            }
        }
    }
}

fn refuse(anchor: usize, tagged: bool, place: Span, errors: &mut Errors) {
    if anchor != 0 || tagged {
        let what = if tagged { "a tag" } else { "an anchor" };
        errors
            .add("FD002", place, format!("{what} stands here"))
            .help("write the value out: feed files have no anchors, aliases, tags or merge keys");
    }
}

fn place(file: u16, span: &ParserSpan) -> Span {
    let same_line = span.start.line() == span.end.line();
    let width = if same_line { span.end.col().saturating_sub(span.start.col()).max(1) } else { 1 };
    Span::new(file, span.start.line(), span.start.col() + 1, width)
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
