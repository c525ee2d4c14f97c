//! XML to the tape.
//!
//! # Place
//! Behind the decoder, for `xml`: carrier answers, SOAP envelopes, EPCIS documents.
//!
//! # Method
//! quick-xml's events build an outline in one pass; nothing recurses. What the tape then looks like:
//!
//! - The root is an object with one key, the root element's name. Prefixes are dropped: `soap:Body` is `Body`. `xmlns`
//!   declarations are left out.
//! - An element with neither attributes nor children is its text, trimmed; `null` when it has none.
//! - Otherwise an object: attributes as `@name`, text beside them as `#text`, then the children by name in the order in which
//!   each name came first. **Children of one name are an array where there are several and the bare value where there is
//!   one**; [`TapeView::elements`](crate::TapeView::elements) reads both, so the path `TrackDetail[]` does.
//! - CDATA is text. `&lt; &gt; &amp; &apos; &quot;` and character references are resolved; any other reference stays as it is
//!   written. Comments and processing instructions are left out.
//! - A document type with declarations of its own is refused, so no entity can be defined; external ones are never read.
//!
//! Linear: a name is found by its hash, and "the group of this name in the open element" by a stamp on the name, which is put
//! back when the element closes.
//!
//! # Holds
//! [`Xml`]: the scan.
//!
//! # Does not hold
//! Encodings (`encoding`), names in general (`names`).

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader};

use crate::names::Names;
use crate::outline::{Field, NONE, Outline, Span};
use crate::{DecodeError, DecodeErrorKind, DecodeLimits};

/// An element that is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    item: u32,
    first_piece: u32,
    last_piece: u32,
}

/// A piece of an element's text; pieces are joined when the element closes.
#[derive(Debug, Clone, Copy)]
struct Piece {
    span: Span,
    next: u32,
}

/// The group of one name in the element that is open: valid while `parent` is that element.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    parent: u32,
    head: u32,
}

/// What an item needs to be undone and found: its name's number, and the stamp that it replaced.
#[derive(Debug, Clone, Copy)]
struct Mark {
    name_index: u32,
    replaced: Stamp,
}

const NO_STAMP: Stamp = Stamp { parent: NONE, head: NONE };

/// Working storage of the scan. Reused.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    open: Vec<Open>,
    pieces: Vec<Piece>,
    names: Names,
    /// By name number.
    stamps: Vec<Stamp>,
    /// By item.
    marks: Vec<Mark>,
}

impl Xml {
    /// Scans `text` into `outline`, whose item 0 is then the document.
    pub(crate) fn scan(
        &mut self,
        text: &str,
        limits: &DecodeLimits,
        outline: &mut Outline,
    ) -> Result<(), DecodeError> {
        self.open.clear();
        self.pieces.clear();
        self.names.clear();
        self.stamps.clear();
        self.marks.clear();
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        let mut scan = Scan { xml: self, text, limits, outline };
        scan.start_document();
        // Ends: every event takes bytes, and the end of the input is an event.
        loop {
            let before = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
            match reader.read_event() {
                Ok(Event::Start(start)) => scan.start(&start, before)?,
                Ok(Event::Empty(start)) => {
                    scan.start(&start, before)?;
                    scan.end();
                }
                Ok(Event::End(_)) => scan.end(),
                Ok(Event::Text(piece)) => scan.text(&piece, before)?,
                Ok(Event::CData(piece)) => scan.text(&piece, before)?,
                Ok(Event::GeneralRef(reference)) => scan.reference(&reference, before)?,
                Ok(Event::DocType(kind)) if kind.contains('[') => {
                    let message = "a document type with declarations of its own";
                    return Err(DecodeError::new(DecodeErrorKind::Refused, before, message));
                }
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
                Ok(Event::Eof) => return scan.end_document(),
                Err(error) => {
                    let place = usize::try_from(reader.error_position()).unwrap_or(text.len());
                    return Err(explain(&error, place.min(text.len())));
                }
            }
        }
    }
}

struct Scan<'s, 't> {
    xml: &'s mut Xml,
    text: &'t str,
    limits: &'s DecodeLimits,
    outline: &'s mut Outline,
}

impl Scan<'_, '_> {
    fn start_document(&mut self) {
        let item = self.outline.push(Span::EMPTY, 0);
        self.outline.items[item as usize].is_object = true;
        self.xml.marks.push(Mark { name_index: NONE, replaced: NO_STAMP });
        self.xml.open.push(Open { item, first_piece: NONE, last_piece: NONE });
    }

    fn start(&mut self, start: &BytesStart<'_>, place: usize) -> Result<(), DecodeError> {
        if self.limits.depth_max < self.xml.open.len() {
            let message = format!("nested deeper than {} levels", self.limits.depth_max);
            return Err(DecodeError::new(DecodeErrorKind::TooDeep, place, message));
        }
        let fields_start = self.outline.fields.len();
        if start.len() != start.name().as_ref().len() {
            self.attributes(start, place)?;
        }
        if self.limits.node_count_max < 2 * (self.outline.items.len() + self.outline.fields.len()) {
            let message = format!("more than {} values", self.limits.node_count_max);
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, place, message));
        }
        let local = start.local_name();
        let name: &str = local.into_inner();
        let name_span = self.span(name);
        let Some(name_index) = self.xml.names.intern(name, name_span, self.text) else {
            let message = "too many element names that are chosen to collide";
            return Err(DecodeError::new(DecodeErrorKind::Refused, place, message));
        };
        if self.xml.stamps.len() <= name_index as usize {
            self.xml.stamps.push(NO_STAMP);
        }
        let item = self.outline.push(name_span, fields_start);
        let parent = self.xml.open[self.xml.open.len() - 1].item;
        let stamp = self.xml.stamps[name_index as usize];
        self.xml.marks.push(Mark { name_index, replaced: stamp });
        if stamp.parent == parent {
            self.outline.add_same(stamp.head, item);
        } else {
            self.xml.stamps[name_index as usize] = Stamp { parent, head: item };
            self.outline.add_group(parent, item);
        }
        self.xml.open.push(Open { item, first_piece: NONE, last_piece: NONE });
        Ok(())
    }

    fn attributes(&mut self, start: &BytesStart<'_>, place: usize) -> Result<(), DecodeError> {
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| {
                DecodeError::new(DecodeErrorKind::Malformed, place, format!("attribute: {error}"))
            })?;
            let key: &str = attribute.key.into_inner();
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            let local = key.rsplit(':').next().unwrap_or(key);
            let key_start = self.outline.arena.len();
            self.outline.arena.push('@');
            self.outline.arena.push_str(local);
            let name = Span::arena(key_start, local.len() + 1);
            let raw: &str = &attribute.value;
            let value = if memchr::memchr(b'&', raw.as_bytes()).is_none() {
                self.span(raw)
            } else {
                self.unescape(raw)
            };
            self.outline.fields.push(Field { name, value });
        }
        Ok(())
    }

    /// An attribute's value with its references resolved, in the arena.
    fn unescape(&mut self, raw: &str) -> Span {
        let start = self.outline.arena.len();
        let mut rest = raw;
        // Ends: each turn takes at least the `&`.
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            self.outline.arena.push_str(&rest[..at]);
            let tail = &rest[at + 1..];
            let name_size = tail.bytes().take(MAX_REFERENCE_SIZE).position(|byte| byte == b';');
            let found = name_size.and_then(|size| Some((resolve(&tail[..size])?, size)));
            match found {
                Some((character, size)) => {
                    self.outline.arena.push(character);
                    rest = &tail[size + 1..];
                }
                None => {
                    self.outline.arena.push('&');
                    rest = tail;
                }
            }
        }
        self.outline.arena.push_str(rest);
        Span::arena(start, self.outline.arena.len() - start)
    }

    fn text(&mut self, piece: &str, place: usize) -> Result<(), DecodeError> {
        let open = self.xml.open[self.xml.open.len() - 1];
        let is_blank = piece.bytes().all(is_space);
        if is_blank && open.first_piece == NONE {
            return Ok(());
        }
        let span = self.span(piece);
        self.piece(span, place)
    }

    fn reference(&mut self, reference: &BytesRef<'_>, place: usize) -> Result<(), DecodeError> {
        let span = match resolve(reference) {
            Some(character) => {
                let start = self.outline.arena.len();
                self.outline.arena.push(character);
                Span::arena(start, character.len_utf8())
            }
            // Kept as written: `&`, the name, `;`.
            None => Span::text(place, reference.len() + 2),
        };
        self.piece(span, place)
    }

    fn piece(&mut self, span: Span, place: usize) -> Result<(), DecodeError> {
        let depth = self.xml.open.len();
        if depth == 1 {
            let message = "text outside of any element";
            return Err(DecodeError::new(DecodeErrorKind::Malformed, place, message));
        }
        let Ok(index) = u32::try_from(self.xml.pieces.len()) else {
            unreachable!("bounded by the document size limit")
        };
        self.xml.pieces.push(Piece { span, next: NONE });
        let open = &mut self.xml.open[depth - 1];
        if open.first_piece == NONE {
            open.first_piece = index;
        } else {
            self.xml.pieces[open.last_piece as usize].next = index;
        }
        open.last_piece = index;
        Ok(())
    }

    fn end(&mut self) {
        // quick-xml refuses an end tag without its start tag, so the document itself is never popped here.
        let Some(open) = self.xml.open.pop() else { return };
        if open.first_piece != NONE {
            let value = self.join(open.first_piece);
            self.outline.items[open.item as usize].value = value;
        }
        let mut head = self.outline.items[open.item as usize].first_group;
        // Ends: each of the element's groups once.
        while head != NONE {
            let mark = self.xml.marks[head as usize];
            self.xml.stamps[mark.name_index as usize] = mark.replaced;
            head = self.outline.items[head as usize].next_group;
        }
    }

    /// The text of a chain of pieces, trimmed.
    fn join(&mut self, first: u32) -> Span {
        let piece = self.xml.pieces[first as usize];
        if piece.next == NONE {
            return self.trim(piece.span);
        }
        let start = self.outline.arena.len();
        let mut index = first;
        // Ends: each piece of the element once.
        while index != NONE {
            let piece = self.xml.pieces[index as usize];
            match piece.span.arena_range() {
                Some(range) => self.outline.arena.extend_from_within(range),
                None => self.outline.arena.push_str(&self.text[piece.span.range()]),
            }
            index = piece.next;
        }
        self.trim(Span::arena(start, self.outline.arena.len() - start))
    }

    fn trim(&self, span: Span) -> Span {
        let range = span.range();
        let source = if span.arena_range().is_some() { &self.outline.arena } else { self.text };
        let bytes = &source.as_bytes()[range];
        let front = bytes.iter().take_while(|&&byte| is_space(byte)).count();
        let back = bytes[front..].iter().rev().take_while(|&&byte| is_space(byte)).count();
        span.narrowed(front, back)
    }

    fn end_document(&mut self) -> Result<(), DecodeError> {
        if 1 < self.xml.open.len() {
            let item = self.outline.items[self.xml.open[self.xml.open.len() - 1].item as usize];
            let name = &self.text[item.name.range()];
            let message = format!("the document ends before </{name}>");
            return Err(DecodeError::new(DecodeErrorKind::Truncated, self.text.len(), message));
        }
        if self.outline.items.len() == 1 {
            let message = "no element";
            return Err(DecodeError::new(DecodeErrorKind::Empty, self.text.len(), message));
        }
        Ok(())
    }

    /// Where a slice that quick-xml handed out lies in the input.
    fn span(&self, slice: &str) -> Span {
        if slice.is_empty() {
            return Span::EMPTY;
        }
        let start = slice.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        assert!(start <= self.text.len() && slice.len() <= self.text.len() - start);
        Span::text(start, slice.len())
    }
}

/// Longest reference that is resolved: `#x10FFFF` with leading zeros.
const MAX_REFERENCE_SIZE: usize = 16;

/// The character of a reference's name, for the five that XML has and for `#…`.
fn resolve(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|&character| character != '\0')
        }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cold]
fn explain(error: &Error, place: usize) -> DecodeError {
    let kind = match error {
        Error::Syntax(_) => DecodeErrorKind::Truncated,
        Error::Encoding(_) => DecodeErrorKind::Encoding,
        Error::Io(_)
        | Error::IllFormed(_)
        | Error::InvalidAttr(_)
        | Error::Escape(_)
        | Error::Namespace(_) => DecodeErrorKind::Malformed,
    };
    DecodeError::new(kind, place, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use crate::check::{self, read};
    use crate::{DecodeLimits, Format};

    fn check(input: impl AsRef<[u8]>, expected: Expect) {
        check::check(&Format::Xml, input, expected);
    }

    #[test]
    fn elements_are_objects_texts_and_nulls() {
        check(
            "<a><b>1</b><c/><d x='2'/><e x='3'>t</e><f><g/></f></a>",
            expect![[
                r##"{"a":{"b":"1","c":null,"d":{"@x":"2"},"e":{"@x":"3","#text":"t"},"f":{"g":null}}}"##
            ]],
        );
        check(
            "<?xml version=\"1.0\"?>\n<!-- c -->\n<a> \n x y \n</a>\n",
            expect![[r#"{"a":"x y"}"#]],
        );
        check("<a/>", expect![[r#"{"a":null}"#]]);
    }

    #[test]
    fn siblings_of_one_name_are_one_array() {
        check("<a><d>1</d><d>2</d></a>", expect![[r#"{"a":{"d":["1","2"]}}"#]]);
        check(
            "<a><d>1</d><s>x</s><d><k/></d><s/><d>3</d></a>",
            expect![[r#"{"a":{"d":["1",{"k":null},"3"],"s":["x",null]}}"#]],
        );
        check(
            "<a><b><b>1</b><b>2</b></b><b><a><b>3</b></a></b><b>4</b></a>",
            expect![[r#"{"a":{"b":[{"b":["1","2"]},{"a":{"b":"3"}},"4"]}}"#]],
        );
    }

    #[test]
    fn prefixes_are_dropped() {
        check(
            "<s:Envelope xmlns:s='u:s' xmlns='u:d'><s:Body><v1:T v1:id='7' xmlns:v1='u'/></s:Body></s:Envelope>",
            expect![[r#"{"Envelope":{"Body":{"T":{"@id":"7"}}}}"#]],
        );
        check("<a><x:b>1</x:b><y:b>2</y:b></a>", expect![[r#"{"a":{"b":["1","2"]}}"#]]);
    }

    #[test]
    fn text_comes_whole() {
        check(
            "<a>x &amp; y &lt;b&gt; &#233;&#x1F600; &nbsp; &bad</a>",
            expect![[r#"{"a":"x & y <b> é😀 &nbsp; &bad"}"#]],
        );
        check("<a><![CDATA[<p> & ]]> tail <![CDATA[]]></a>", expect![[r#"{"a":"<p> &  tail"}"#]]);
        check(
            "<a k='&quot;q&quot; &amp;&#10;x &what; &'>AT&T</a>",
            expect![[r##"{"a":{"@k":"\"q\" &\nx &what; &","#text":"AT&T"}}"##]],
        );
        check(
            "<a>one<b/> two <!-- c -->three</a>",
            expect![[r##"{"a":{"#text":"one two three","b":null}}"##]],
        );
        check("<a>&amp; &amp;</a>", expect![[r#"{"a":"& &"}"#]]);
    }

    #[test]
    fn encodings_are_read() {
        check(
            b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Malm\xF6</a>",
            expect![[r#"{"a":"Malmö"}"#]],
        );
        check(b"\xEF\xBB\xBF<a>Malm\xC3\xB6</a>", expect![[r#"{"a":"Malmö"}"#]]);
        check(
            b"<a>Malm\xF6</a>",
            expect![[r#"
            {"a":"Malmö"}
            not UTF-8, read as Windows-1252 at byte 7 (1 bytes)"#]],
        );
        check(
            b"<?xml version='1.0' encoding='x-moon'?><a>\xF6</a>",
            expect![[r#"encoding: the encoding "x-moon" is not known at byte 30"#]],
        );
        check("<?xml version='1.0' encoding='UTF-16'?><a>x</a>", expect![[r#"{"a":"x"}"#]]);
        let wide: Vec<u8> = "<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(wide, expect![[r#"{"a":"é"}"#]]);
    }

    #[test]
    fn bad_documents_say_what_and_where() {
        check("", expect!["empty: nothing but white space at byte 0"]);
        check("<!-- only -->", expect!["empty: no element at byte 13"]);
        check("text", expect!["malformed: text outside of any element at byte 0"]);
        check("<a>", expect!["truncated: the document ends before </a> at byte 3"]);
        check("<a><b>1</b>", expect!["truncated: the document ends before </a> at byte 11"]);
        check(
            "<a",
            expect![
                "truncated: syntax error: tag not closed: `>` not found before end of input at byte 0"
            ],
        );
        check(
            "<a>1</b>",
            expect![
                "malformed: ill-formed document: expected `</a>`, but `</b>` was found at byte 4"
            ],
        );
        check(
            "</a>",
            expect![
                "malformed: ill-formed document: close tag `</a>` does not match any open tag at byte 0"
            ],
        );
        check(
            "<a b=1/>",
            expect![[
                r#"malformed: attribute: position 4: attribute value must be enclosed in `"` or `'` at byte 0"#
            ]],
        );
        check(
            "<a b='1",
            expect![
                "truncated: syntax error: attribute value not closed: `'` not found before end of input at byte 0"
            ],
        );
        check(
            "<a><![CDATA[x</a>",
            expect![
                "truncated: syntax error: CDATA not closed: `]]>` not found before end of input at byte 3"
            ],
        );
        check("<a/>tail", expect!["malformed: text outside of any element at byte 4"]);
        check("{\"a\":1}", expect!["malformed: text outside of any element at byte 0"]);
        check("<!DOCTYPE a SYSTEM 'http://example.org/a.dtd'><a/>", expect![[r#"{"a":null}"#]]);
        check(
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            expect!["refused: a document type with declarations of its own at byte 0"],
        );
        check(
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
            expect!["refused: a document type with declarations of its own at byte 0"],
        );
    }

    #[test]
    fn limits_hold() {
        let limits = DecodeLimits { depth_max: 3, node_count_max: 40, ..DecodeLimits::default() };
        let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        expect![[r#"{"a":{"a":{"a":null}}}"#]].assert_eq(&read(
            &Format::Xml,
            deep(3).as_bytes(),
            limits,
        ));
        expect!["too_deep: nested deeper than 3 levels at byte 9"].assert_eq(&read(
            &Format::Xml,
            deep(4).as_bytes(),
            limits,
        ));
        let wide = format!("<a>{}</a>", "<b/>".repeat(50));
        expect!["too_large: more than 40 values at byte 79"].assert_eq(&read(
            &Format::Xml,
            wide.as_bytes(),
            limits,
        ));
    }

    #[test]
    fn grouping_agrees_with_a_naive_model() {
        use proptest::prelude::*;
        #[derive(Debug, Clone)]
        struct Tree(u8, Vec<Tree>);
        fn text(tree: &Tree, out: &mut String) {
            let name = char::from(b'a' + tree.0);
            let _ = write!(out, "<{name}>");
            tree.1.iter().for_each(|child| text(child, out));
            let _ = write!(out, "</{name}>");
        }
        fn model(tree: &Tree, out: &mut String) {
            if tree.1.is_empty() {
                return out.push_str("null");
            }
            let mut names: Vec<u8> = Vec::new();
            for child in &tree.1 {
                if !names.contains(&child.0) {
                    names.push(child.0);
                }
            }
            out.push('{');
            for (at, &name) in names.iter().enumerate() {
                let _ = write!(
                    out,
                    "{}\"{}\":",
                    if at == 0 { "" } else { "," },
                    char::from(b'a' + name)
                );
                let same: Vec<&Tree> = tree.1.iter().filter(|child| child.0 == name).collect();
                if same.len() == 1 {
                    model(same[0], out);
                } else {
                    out.push('[');
                    for (at, child) in same.iter().enumerate() {
                        out.push_str(if at == 0 { "" } else { "," });
                        model(child, out);
                    }
                    out.push(']');
                }
            }
            out.push('}');
        }
        let leaf = (0_u8..4).prop_map(|name| Tree(name, Vec::new()));
        let tree = leaf.prop_recursive(5, 60, 6, |inner| {
            (0_u8..4, prop::collection::vec(inner, 0..6)).prop_map(|(name, of)| Tree(name, of))
        });
        proptest!(|(tree in tree)| {
            let mut input = String::new();
            text(&tree, &mut input);
            let mut expected = String::new();
            model(&Tree(0, vec![tree]), &mut expected);
            prop_assert_eq!(read(&Format::Xml, input.as_bytes(), DecodeLimits::default()), expected);
        });
    }
}
