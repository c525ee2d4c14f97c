//! XML to the tape.
//!
//! # Place
//! Behind the decoder, for `xml`: carrier answers, SOAP envelopes, EPCIS documents.
//!
//! # Method
//! Tokens build an outline in one pass; nothing recurses. What the tape then looks like:
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
//! Tokens (`tokens`), encodings (`encoding`), names in general (`names`).

mod tokens;

use std::ops::Range;

use crate::names::Names;
use crate::outline::{Field, NONE, Outline, Span};
use crate::xml::tokens::{Attribute, Token, Tokens, is_space, unescape};
use crate::{DecodeError, DecodeErrorKind, DecodeLimits};

/// An element that is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    item: u32,
    /// Its name as it is written, which the closing tag must repeat.
    name_start: u32,
    name_size: u32,
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
        let mut tokens = Tokens::new(text);
        let mut scan = Scan { xml: self, text, limits, outline };
        scan.start_document();
        // Ends: every token takes bytes, and the end of the text is a token.
        loop {
            let place = tokens.position;
            match tokens.next()? {
                Token::Start(name) => scan.start(&name, &mut tokens)?,
                Token::End(name) => scan.end_tag(&name, place)?,
                Token::Text(range) | Token::Data(range) => scan.text(range)?,
                Token::Character(character) => scan.character(character, place)?,
                Token::Nothing => {}
                Token::Declarations => {
                    let message = "a document type with declarations of its own";
                    return Err(DecodeError::new(DecodeErrorKind::Refused, place, message));
                }
                Token::EndOfText => return scan.end_document(),
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
        self.open(item, &(0..0));
    }

    fn open(&mut self, item: u32, name: &Range<usize>) {
        let span = Span::text(name.start, name.len());
        let (name_start, name_size) = span.parts();
        let open = Open { item, name_start, name_size, first_piece: NONE, last_piece: NONE };
        self.xml.open.push(open);
    }

    fn start(&mut self, name: &Range<usize>, tokens: &mut Tokens<'_>) -> Result<(), DecodeError> {
        if self.limits.depth_max < self.xml.open.len() {
            let message = format!("nested deeper than {} levels", self.limits.depth_max);
            return Err(DecodeError::new(DecodeErrorKind::TooDeep, name.start, message));
        }
        let fields_start = self.outline.fields.len();
        let is_empty = !tokens.take_open() && self.attributes(tokens)?;
        if self.limits.node_count_max < 2 * (self.outline.items.len() + self.outline.fields.len()) {
            let message = format!("more than {} values", self.limits.node_count_max);
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, name.start, message));
        }
        let local = local(self.text, name);
        let name_span = Span::text(local.start, local.len());
        let Some(name_index) = self.xml.names.intern(name_span, self.text) else {
            let message = "too many element names that are chosen to collide";
            return Err(DecodeError::new(DecodeErrorKind::Refused, name.start, message));
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
        if is_empty {
            return Ok(());
        }
        // Most elements are a text and nothing else; those need not be opened.
        match tokens.leaf(name) {
            Some(text) => {
                let value = self.trim(Span::text(text.start, text.len()));
                self.outline.items[item as usize].value = value;
            }
            None => self.open(item, name),
        }
        Ok(())
    }

    /// The attributes of a tag; whether it is `/>` that ends it.
    fn attributes(&mut self, tokens: &mut Tokens<'_>) -> Result<bool, DecodeError> {
        // Ends: every attribute takes bytes.
        loop {
            let (key, value) = match tokens.attribute()? {
                Attribute::Pair(key, value) => (key, value),
                Attribute::Open => return Ok(false),
                Attribute::Empty => return Ok(true),
            };
            let full = &self.text[key.clone()];
            if full == "xmlns" || full.starts_with("xmlns:") {
                continue;
            }
            let local = &self.text[local(self.text, &key)];
            let key_start = self.outline.arena.len();
            self.outline.arena.push('@');
            self.outline.arena.push_str(local);
            let name = Span::arena(key_start, local.len() + 1);
            let raw = &self.text[value.clone()];
            let value = if memchr::memchr(b'&', raw.as_bytes()).is_none() {
                Span::text(value.start, value.len())
            } else {
                let start = self.outline.arena.len();
                unescape(raw, &mut self.outline.arena);
                Span::arena(start, self.outline.arena.len() - start)
            };
            self.outline.fields.push(Field { name, value });
        }
    }

    fn text(&mut self, range: Range<usize>) -> Result<(), DecodeError> {
        let open = &self.xml.open[self.xml.open.len() - 1];
        let bytes = &self.text.as_bytes()[range.clone()];
        if open.first_piece == NONE && bytes.iter().all(|&byte| is_space(byte)) {
            return Ok(());
        }
        self.piece(Span::text(range.start, range.len()), range.start)
    }

    fn character(&mut self, character: char, place: usize) -> Result<(), DecodeError> {
        let start = self.outline.arena.len();
        self.outline.arena.push(character);
        self.piece(Span::arena(start, character.len_utf8()), place)
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

    fn end_tag(&mut self, name: &Range<usize>, place: usize) -> Result<(), DecodeError> {
        let open = self.xml.open[self.xml.open.len() - 1];
        let start = open.name_start as usize;
        let expected = &self.text.as_bytes()[start..start + open.name_size as usize];
        if expected != &self.text.as_bytes()[name.clone()] || self.xml.open.len() == 1 {
            return Err(self.explain_end(name, place));
        }
        self.xml.open.pop();
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
        Ok(())
    }

    #[cold]
    fn explain_end(&self, name: &Range<usize>, place: usize) -> DecodeError {
        let found = &self.text[name.clone()];
        let message = match &self.xml.open[..] {
            [_, .., open] => {
                let start = open.name_start as usize;
                let expected = &self.text[start..start + open.name_size as usize];
                format!("</{found}> where </{expected}> should be")
            }
            _ => format!("</{found}> without its start"),
        };
        DecodeError::new(DecodeErrorKind::Malformed, place, message)
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

    fn end_document(&self) -> Result<(), DecodeError> {
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
}

/// A name without its prefix.
fn local(text: &str, name: &Range<usize>) -> Range<usize> {
    match text.as_bytes()[name.clone()].iter().rposition(|&byte| byte == b':') {
        Some(at) => name.start + at + 1..name.end,
        None => name.clone(),
    }
}

#[cfg(test)]
mod tests {
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
        check("<a", expect!["truncated: the document ends within a tag at byte 2"]);
        check("<a>1</b>", expect!["malformed: </b> where </a> should be at byte 4"]);
        check("</a>", expect!["malformed: </a> without its start at byte 0"]);
        check("<a b=1/>", expect!["malformed: an attribute's value without quotes at byte 5"]);
        check(
            "<a b='1",
            expect!["truncated: the document ends within an attribute's value at byte 5"],
        );
        check("<a><![CDATA[x</a>", expect!["truncated: the document ends within CDATA at byte 12"]);
        check("<a/>tail", expect!["malformed: text outside of any element at byte 4"]);
        check("{\"a\":1}", expect!["malformed: a JSON document where XML should be at byte 0"]);
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
        expect!["too_deep: nested deeper than 3 levels at byte 10"].assert_eq(&read(
            &Format::Xml,
            deep(4).as_bytes(),
            limits,
        ));
        let wide = format!("<a>{}</a>", "<b/>".repeat(50));
        expect!["too_large: more than 40 values at byte 80"].assert_eq(&read(
            &Format::Xml,
            wide.as_bytes(),
            limits,
        ));
    }
}
