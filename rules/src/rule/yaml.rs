//! YAML as a tree of texts, each with its place in the file.
//!
//! # Place
//!
//! The bytes of a rule file -> **this** -> `shape`.
//!
//! # Method
//!
//! The events of `granit-parser` (the scanner under serde-saphyr) are gathered into a tree. Scalars
//! stay texts as written; what a value means is decided where its type is known.
//!
//! # Holds
//!
//! - Doubled keys, anchors, aliases, tags, merge keys, several documents, and the words that YAML 1.1
//!   takes for booleans are mistakes, with their own codes.
//! - Bytes, nodes and nesting are bounded by `limits`.

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use super::diagnostic::{Diagnostic, Report, Span};
use super::limits;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A text as written; `plain` where it stood without quotes on one line or more.
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Keys and values in the order written.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Text { .. } | Kind::List(_) => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Text { plain: true, .. })
    }

    /// The elements of a list; anything else is its own only element.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.kind {
            Kind::List(elements) => elements,
            Kind::Text { .. } | Kind::Map(_) => std::slice::from_ref(self),
        }
    }

    /// What it is, for messages.
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Text { .. } => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// A file read: the tree, where there is one.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) root: Option<Node>,
}

/// The words that YAML 1.1 tools read as booleans.
const FORMER_BOOLEANS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// Reads one file. Mistakes go to the report; what could be read is returned all the same.
pub(crate) fn read(file: u32, report: &mut Report) -> Document {
    let text = std::mem::take(&mut report.sources[file as usize].text);
    let mut reader =
        Reader { file, report, open: Vec::new(), document: Document::default(), nodes: 0 };
    if limits::FILE_BYTES_MAX < text.len() {
        let whole = Span { file, start: 0, end: 1 };
        reader.report.push(
            Diagnostic::new("XD102", whole, format!("a file of {} bytes", text.len()))
                .label(format!("at most {} bytes are read", limits::FILE_BYTES_MAX))
                .help("Split the package into several files."),
        );
    } else {
        reader.run(&text);
    }
    let document = reader.document;
    report.sources[file as usize].text = text;
    document
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    /// The key that waits for its value.
    key: Option<Key>,
}

struct Reader<'r> {
    file: u32,
    report: &'r mut Report,
    open: Vec<Open>,
    document: Document,
    nodes: usize,
}

impl Reader<'_> {
    fn run(&mut self, text: &str) {
        let mut documents = 0;
        for item in Parser::new_from_str(text) {
            let (event, span) = match item {
                Ok(pair) => pair,
                Err(error) => {
                    let at = to_u32(error.marker().byte_offset().unwrap_or(0));
                    let span = Span { file: self.file, start: at, end: at + 1 };
                    self.report.push(
                        Diagnostic::new("XD101", span, format!("not YAML: {}", error.info()))
                            .label("here")
                            .help(
                                "Rule files are YAML 1.2; check indentation, quotes and brackets.",
                            ),
                    );
                    break;
                }
            };
            let span = self.span(&span);
            if self.node_limit(span) {
                break;
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents == 2 {
                        self.refuse(span, "a second document", "Write one document per file.");
                        break;
                    }
                }
                Event::Comment(..) => {}
                event => self.node(event, span),
            }
        }
        // A file that breaks off: what was read is closed as it is.
        while !self.open.is_empty() {
            self.close(None);
        }
    }

    fn node_limit(&mut self, span: Span) -> bool {
        self.nodes += 1;
        let deep = limits::YAML_DEPTH_MAX < self.open.len();
        if deep || limits::YAML_NODES_MAX < self.nodes {
            let what = if deep { "nesting" } else { "a file" };
            self.report.push(
                Diagnostic::new("XD102", span, format!("{what} past the limit"))
                    .label(format!(
                        "at most {} levels and {} nodes",
                        limits::YAML_DEPTH_MAX,
                        limits::YAML_NODES_MAX
                    ))
                    .help("Split the package into several files."),
            );
            return true;
        }
        false
    }

    fn node(&mut self, event: Event<'_>, span: Span) {
        if event.tag().is_some() {
            self.refuse(span, "a tag", "Leave it out; types follow from the key.");
        }
        if event.anchor_id().is_some_and(|id| id != 0) || event.alias_id().is_some() {
            self.refuse(
                span,
                "an anchor or alias",
                "Use `lists:` or `let:` for what is said twice.",
            );
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                if plain && FORMER_BOOLEANS.contains(&text.to_ascii_lowercase().as_str()) {
                    self.report.push(
                        Diagnostic::new("XD105", span, format!("`{text}` without quotes"))
                            .label("YAML 1.1 tools read this as a boolean")
                            .help(format!("Write \"{text}\" with quotes, or `true` / `false`."))
                            .fix(format!("\"{text}\"")),
                    );
                }
                self.value(Node { kind: Kind::Text { text: text.into_owned(), plain }, span });
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.value(Node { kind: Kind::Text { text: String::new(), plain: true }, span });
            }
            Event::SequenceStart(..) => {
                self.open.push(Open { node: Node { kind: Kind::List(vec![]), span }, key: None });
            }
            Event::MappingStart(..) => {
                self.open.push(Open { node: Node { kind: Kind::Map(vec![]), span }, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span)),
            _ => {}
        }
    }

    fn close(&mut self, end: Option<Span>) {
        if let Some(mut open) = self.open.pop() {
            if let Some(end) = end {
                open.node.span = open.node.span.to(end);
            }
            self.value(open.node);
        }
    }

    fn value(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.document.root.get_or_insert(node);
            return;
        };
        match &mut open.node.kind {
            Kind::List(elements) => elements.push(node),
            Kind::Map(entries) => {
                if let Some(key) = open.key.take() {
                    entries.push((key, node));
                    return;
                }
                let span = node.span;
                let Kind::Text { text, .. } = node.kind else {
                    let noun = node.noun();
                    open.key = Some(Key { text: String::new(), span });
                    self.refuse(span, &format!("{noun} as a key"), "Keys are texts.");
                    return;
                };
                let first =
                    entries.iter().find(|(key, _)| key.text == text).map(|(key, _)| key.span);
                open.key = Some(Key { text: text.clone(), span });
                if text == "<<" {
                    self.refuse(span, "a merge key", "Write the keys out, or use `defaults:`.");
                }
                if let Some(first) = first {
                    self.report.push(
                        Diagnostic::new("XD103", span, format!("key `{text}` stands here twice"))
                            .label("again")
                            .second(first, "first")
                            .help("Leave one of them out."),
                    );
                }
            }
            Kind::Text { .. } => unreachable!("only lists and maps are opened"),
        }
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} is not allowed in a rule file");
        self.report.push(Diagnostic::new("XD104", span, message).label("here").help(help));
    }

    fn span(&self, span: &ParserSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span { file: self.file, start: to_u32(range.start), end: to_u32(range.end) }
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
