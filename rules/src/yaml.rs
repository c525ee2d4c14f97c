//! YAML as a tree of texts, each with its place in the file.
//!
//! # Place
//!
//! The bytes of a feed or rule file -> **this** -> `feed::compile`, `rule::shape`.
//!
//! # Method
//!
//! The events of `granit-parser` (the scanner under serde-saphyr) are gathered into a tree. Scalars stay texts
//! as they were written: a carrier's code `08` is no number and `NO` is no boolean. What a value means
//! is the reader's business, who knows what belongs there; that is also why every mistake of a file can be
//! told in one run, where a serde reader stops at the first. How a place is kept and in which words a
//! mistake is told belongs to the [`Dialect`].
//!
//! # Holds
//!
//! - Anchors, aliases, tags, merge keys, several documents and doubled keys are mistakes.
//! - Time is linear in the text, doubled keys included; a dialect bounds nesting and nodes.
//!
//! # Does not hold
//!
//! Which keys are known, and the size of a file: the two readers over this one.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as ParserSpan};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<S> {
    /// What it is.
    pub(crate) kind: Kind<S>,
    /// Where it stands.
    pub(crate) span: S,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind<S> {
    /// A text as written.
    Text {
        /// Its characters, without quotes.
        text: String,
        /// It stood neither in quotes nor in a block.
        plain: bool,
    },
    /// A list.
    List(Vec<Node<S>>),
    /// Keys and values in the order written.
    Map(Vec<(Key<S>, Node<S>)>),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key<S> {
    /// The key.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) span: S,
}

impl<S> Node<S> {
    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// Keys and values; none where it is no map.
    pub(crate) fn entries(&self) -> &[(Key<S>, Self)] {
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

    /// True of a text without quotes.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Text { plain: true, .. })
    }

    /// The elements of a list; anything else is its own only element.
    pub(crate) fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::List(elements) => elements,
            Kind::Text { .. } | Kind::Map(_) => core::slice::from_ref(self),
        }
    }

    /// What people call it.
    pub(crate) const fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Text { .. } => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// What is refused of YAML, or is none.
#[derive(Debug)]
pub(crate) enum Mistake<'a, S> {
    /// What the scanner says, at its own place.
    NotYaml(&'a ScanError),
    /// A document behind the first.
    SecondDocument,
    Tag,
    Anchor,
    Alias,
    MergeKey,
    /// A list or a map where a key belongs.
    KeyIsNoText(&'static str),
    /// A key that stands in its map already.
    KeyTwice {
        text: &'a str,
        first: S,
    },
    TooDeep,
    TooMany,
}

/// How one kind of file keeps places and tells mistakes.
pub(crate) trait Dialect {
    /// A place in a file.
    type Span: Copy;
    /// Lists and maps within one another, at most.
    const DEPTH_MAX: usize;
    /// Events of the scanner, at most.
    const NODES_MAX: usize;

    /// A place as the scanner tells it.
    fn span(&self, span: &ParserSpan) -> Self::Span;

    /// The place of a list or map from its beginning to its end.
    fn whole(&self, start: Self::Span, end: Self::Span) -> Self::Span;

    /// A text without quotes is read.
    fn plain(&mut self, _text: &str, _span: Self::Span) {}

    /// Tells a mistake; [`Mistake::NotYaml`] has no span, for the scanner has a place only.
    fn mistake(&mut self, span: Option<Self::Span>, mistake: &Mistake<'_, Self::Span>);
}

/// Reads a text: the tree as far as it could be read, and whether that was to its end. Mistakes go to
/// the dialect.
pub(crate) fn read<D: Dialect>(text: &str, dialect: &mut D) -> (Option<Node<D::Span>>, Ending) {
    let mut reader = Reader { dialect, open: Vec::new(), root: None, nodes: 0 };
    let ending = reader.run(text);
    (reader.root, ending)
}

/// How the reading of a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With the text.
    Whole,
    /// At a mistake behind which nothing was read.
    BrokeOff,
}

/// A list or map that is not closed yet.
struct Open<S> {
    node: Node<S>,
    /// The keys that stand in it, each where it stood first.
    keys: HashMap<String, S>,
    /// The key that waits for its value.
    key: Option<Key<S>>,
}

struct Reader<'d, D: Dialect> {
    dialect: &'d mut D,
    open: Vec<Open<D::Span>>,
    root: Option<Node<D::Span>>,
    nodes: usize,
}

impl<D: Dialect> Reader<'_, D> {
    fn run(&mut self, text: &str) -> Ending {
        let mut documents = 0;
        for item in Parser::new_from_str(text) {
            let (event, span) = match item {
                Ok(pair) => pair,
                Err(error) => {
                    self.dialect.mistake(None, &Mistake::NotYaml(&error));
                    return self.break_off();
                }
            };
            let span = self.dialect.span(&span);
            self.nodes += 1;
            let too_deep = D::DEPTH_MAX < self.open.len();
            if too_deep || D::NODES_MAX < self.nodes {
                let mistake = if too_deep { Mistake::TooDeep } else { Mistake::TooMany };
                self.dialect.mistake(Some(span), &mistake);
                return self.break_off();
            }
            if matches!(event, Event::DocumentStart(..)) {
                documents += 1;
                if documents == 2 {
                    self.dialect.mistake(Some(span), &Mistake::SecondDocument);
                    return Ending::Whole;
                }
            }
            self.event(event, span);
        }
        Ending::Whole
    }

    /// What was read is closed as it is.
    fn break_off(&mut self) -> Ending {
        while !self.open.is_empty() {
            self.close(None);
        }
        Ending::BrokeOff
    }

    fn event(&mut self, event: Event<'_>, span: D::Span) {
        if event.tag().is_some() {
            self.dialect.mistake(Some(span), &Mistake::Tag);
        }
        if event.anchor_id().is_some_and(|id| id != 0) {
            self.dialect.mistake(Some(span), &Mistake::Anchor);
        }
        let list = |kind| Open { node: Node { kind, span }, keys: HashMap::new(), key: None };
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                if plain {
                    self.dialect.plain(&text, span);
                }
                self.value(Node { kind: Kind::Text { text: text.into_owned(), plain }, span });
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.dialect.mistake(Some(span), &Mistake::Alias);
                self.value(Node { kind: Kind::Text { text: String::new(), plain: true }, span });
            }
            Event::SequenceStart(..) => self.open.push(list(Kind::List(Vec::new()))),
            Event::MappingStart(..) => self.open.push(list(Kind::Map(Vec::new()))),
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span)),
            _ => {}
        }
    }

    fn close(&mut self, end: Option<D::Span>) {
        if let Some(mut open) = self.open.pop() {
            if let Some(end) = end {
                open.node.span = self.dialect.whole(open.node.span, end);
            }
            self.value(open.node);
        }
    }

    /// Puts a finished node where it belongs.
    fn value(&mut self, node: Node<D::Span>) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut open.node.kind {
            Kind::List(elements) => elements.push(node),
            Kind::Map(entries) => {
                if let Some(key) = open.key.take() {
                    entries.push((key, node));
                    return;
                }
                let (noun, span) = (node.noun(), node.span);
                let Kind::Text { text, .. } = node.kind else {
                    open.key = Some(Key { text: String::new(), span });
                    self.dialect.mistake(Some(span), &Mistake::KeyIsNoText(noun));
                    return;
                };
                if text == "<<" {
                    self.dialect.mistake(Some(span), &Mistake::MergeKey);
                }
                if let Some(&first) = open.keys.get(&text) {
                    let mistake = Mistake::KeyTwice { text: &text, first };
                    self.dialect.mistake(Some(span), &mistake);
                } else {
                    open.keys.insert(text.clone(), span);
                }
                open.key = Some(Key { text, span });
            }
            Kind::Text { .. } => unreachable!("only lists and maps are opened"),
        }
    }
}
