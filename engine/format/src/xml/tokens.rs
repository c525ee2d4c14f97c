//! The tokens of an XML text.
//!
//! # Place
//! Under the XML scan: finds tags, attributes and text, and checks their form; what they mean is the scan's.
//!
//! # Method
//! A cursor over the bytes; every byte is looked at once, long runs by memchr. quick-xml did this before: it checks each token's UTF-8
//! again and copies names, and cost half of the whole way from bytes to tape (`examples/cost.rs`). It is still the judge: a property
//! test holds the two together on random and on damaged documents.
//!
//! # Holds
//! [`Tokens`], [`Token`].

use std::ops::Range;

use crate::{DecodeError, DecodeErrorKind};

/// One token. Ranges are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `<name`: its attributes follow, from [`Tokens::attribute`].
    Start(Range<usize>),
    /// `</name>`.
    End(Range<usize>),
    /// Text up to the next markup or resolved reference; may hold references that are not resolved.
    Text(Range<usize>),
    /// `&…;` that stands for a character.
    Character(char),
    /// What `<![CDATA[` … `]]>` holds.
    Data(Range<usize>),
    /// A comment, a processing instruction, a document type without declarations of its own.
    Nothing,
    /// A document type with declarations of its own.
    Declarations,
    /// The end of the text.
    EndOfText,
}

/// What stands where an attribute could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Its name, and its value as it is written.
    Pair(Range<usize>, Range<usize>),
    /// `>`: the element is open.
    Open,
    /// `/>`: the element is empty.
    Empty,
}

/// A cursor over the tokens of a text.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    pub(super) position: usize,
}

/// Longest reference that is resolved: `#x10FFFF` with leading zeros.
const REFERENCE_SIZE_MAX: usize = 16;

impl<'t> Tokens<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// The next token. After [`Token::Start`] attributes must be taken up to [`Attribute::Open`] or [`Attribute::Empty`].
    pub(super) fn next(&mut self) -> Result<Token, DecodeError> {
        let bytes = self.bytes();
        let start = self.position;
        let Some(&first) = bytes.get(start) else { return Ok(Token::EndOfText) };
        if first != b'<' {
            return Ok(self.text());
        }
        match bytes.get(start + 1) {
            Some(b'/') => self.end_tag(),
            Some(b'!') => self.exclamation(),
            Some(b'?') => {
                if self.name(start + 2).is_empty() {
                    return Err(malformed(start, "a processing instruction without a name"));
                }
                self.position += 2;
                self.skip_to(b"?>", "a processing instruction").map(|_| Token::Nothing)
            }
            Some(_) => {
                let name = self.name(start + 1);
                self.position = name.end;
                if name.is_empty() {
                    return Err(malformed(start, "a tag without a name"));
                }
                Ok(Token::Start(name))
            }
            None => Err(truncated(start, "a tag")),
        }
    }

    /// The next attribute, or how the tag ends.
    pub(super) fn attribute(&mut self) -> Result<Attribute, DecodeError> {
        let bytes = self.bytes();
        let before = self.position;
        let start = self.skip_space(before);
        match bytes.get(start) {
            Some(b'>') => {
                self.position = start + 1;
                return Ok(Attribute::Open);
            }
            Some(b'/') if bytes.get(start + 1) == Some(&b'>') => {
                self.position = start + 2;
                return Ok(Attribute::Empty);
            }
            Some(b'/') if start + 1 == bytes.len() => return Err(truncated(start, "a tag")),
            Some(b'/' | b'<') => return Err(malformed(start, "a tag that is not closed")),
            Some(_) if start == before => {
                return Err(malformed(start, "an attribute without a space before it"));
            }
            Some(_) => {}
            None => return Err(truncated(start, "a tag")),
        }
        let name = self.name(start);
        let equals = self.skip_space(name.end);
        match bytes.get(equals) {
            Some(b'=') => {}
            Some(_) => return Err(malformed(name.end, "an attribute without a value")),
            None => return Err(truncated(equals, "a tag")),
        }
        let open = self.skip_space(equals + 1);
        let quote = match bytes.get(open) {
            Some(&quote @ (b'"' | b'\'')) => quote,
            Some(_) => return Err(malformed(open, "an attribute's value without quotes")),
            None => return Err(truncated(open, "a tag")),
        };
        let value_start = open + 1;
        let Some(size) = memchr::memchr(quote, &bytes[value_start..]) else {
            return Err(truncated(open, "an attribute's value"));
        };
        self.position = value_start + size + 1;
        Ok(Attribute::Pair(name, value_start..value_start + size))
    }

    /// Takes the `>` of a tag without attributes, if it is one.
    #[inline]
    pub(super) fn take_open(&mut self) -> bool {
        let is_open = self.bytes().get(self.position) == Some(&b'>');
        self.position += usize::from(is_open);
        is_open
    }

    /// Takes text and closing tag of the element `name`, whose start tag was taken, where it holds nothing else; the text.
    #[inline]
    pub(super) fn leaf(&mut self, name: &Range<usize>) -> Option<Range<usize>> {
        let bytes = self.bytes();
        let start = self.position;
        let end = start + memchr::memchr2(b'<', b'&', &bytes[start..])?;
        let rest = bytes[end..].strip_prefix(b"</")?.strip_prefix(&bytes[name.clone()])?;
        if rest.first() != Some(&b'>') {
            return None;
        }
        self.position = end + name.len() + 3;
        Some(start..end)
    }

    fn text(&mut self) -> Token {
        let bytes = self.bytes();
        let start = self.position;
        let mut from = start;
        // Ends: each turn starts after the last `&`.
        while let Some(step) = memchr::memchr2(b'<', b'&', &bytes[from..]) {
            let at = from + step;
            if bytes[at] == b'<' {
                self.position = at;
                return Token::Text(start..at);
            }
            let Some((character, size)) = reference(&bytes[at + 1..]) else {
                from = at + 1;
                continue;
            };
            if at == start {
                self.position = at + 1 + size;
                return Token::Character(character);
            }
            self.position = at;
            return Token::Text(start..at);
        }
        self.position = bytes.len();
        Token::Text(start..bytes.len())
    }

    fn end_tag(&mut self) -> Result<Token, DecodeError> {
        let start = self.position;
        let name = self.name(start + 2);
        let close = self.skip_space(name.end);
        match self.bytes().get(close) {
            Some(b'>') => {
                self.position = close + 1;
                Ok(Token::End(name))
            }
            Some(_) => Err(malformed(start, "a closing tag with more than a name")),
            None => Err(truncated(start, "a tag")),
        }
    }

    fn exclamation(&mut self) -> Result<Token, DecodeError> {
        let start = self.position;
        let rest = &self.bytes()[start..];
        if rest.starts_with(b"<!--") {
            self.position += 4;
            return self.skip_to(b"-->", "a comment").map(|_| Token::Nothing);
        }
        if rest.starts_with(b"<![CDATA[") {
            self.position += 9;
            return self.skip_to(b"]]>", "CDATA").map(Token::Data);
        }
        if rest.len() < 9 {
            return Err(truncated(start, "markup"));
        }
        if !rest[..9].eq_ignore_ascii_case(b"<!DOCTYPE") {
            return Err(malformed(start, "markup that is not known"));
        }
        let mut at = start + 9;
        // Ends: each turn moves past a byte or a quoted text.
        while let Some(&byte) = self.bytes().get(at) {
            match byte {
                b'>' => {
                    self.position = at + 1;
                    return Ok(Token::Nothing);
                }
                b'[' => return Ok(Token::Declarations),
                b'"' | b'\'' => match memchr::memchr(byte, &self.bytes()[at + 1..]) {
                    Some(size) => at += size + 2,
                    None => break,
                },
                _ => at += 1,
            }
        }
        Err(truncated(start, "the document type"))
    }

    /// Moves past `end`; the range up to it.
    fn skip_to(&mut self, end: &[u8], what: &str) -> Result<Range<usize>, DecodeError> {
        let start = self.position;
        match memchr::memmem::find(&self.bytes()[start..], end) {
            Some(size) => {
                self.position = start + size + end.len();
                Ok(start..start + size)
            }
            None => Err(truncated(start, what)),
        }
    }

    /// The name that starts at `start`; empty where none does.
    fn name(&self, start: usize) -> Range<usize> {
        let rest = &self.bytes()[start..];
        let size = rest.iter().position(|&byte| !IS_NAME[usize::from(byte)]);
        start..start + size.unwrap_or(rest.len())
    }

    fn skip_space(&self, start: usize) -> usize {
        let rest = &self.bytes()[start..];
        start + rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len())
    }
}

/// The character of a reference whose `&` stands before `bytes`, and the bytes up to and with its `;`.
fn reference(bytes: &[u8]) -> Option<(char, usize)> {
    let head = &bytes[..bytes.len().min(REFERENCE_SIZE_MAX)];
    let size = head.iter().position(|&byte| byte == b';')?;
    let character = match &head[..size] {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"apos" => '\'',
        b"quot" => '"',
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    Some((character, size + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&character| character != '\0')
}

/// Appends `raw` with its references resolved.
pub(super) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    // Ends: each turn takes at least the `&`.
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match reference(rest.as_bytes()) {
            Some((character, size)) => {
                out.push(character);
                rest = &rest[size..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
}

/// Bytes that a name may hold: all but white space and markup. Stricter rules of XML are left to the sender.
static IS_NAME: [bool; 256] = {
    let mut is_name = [true; 256];
    let markup = b" \t\r\n/<>=\"'&\0";
    let mut at = 0;
    while at < markup.len() {
        is_name[markup[at] as usize] = false;
        at += 1;
    }
    is_name
};

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cold]
fn malformed(place: usize, what: &'static str) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Malformed, place, what)
}

#[cold]
fn truncated(place: usize, what: &str) -> DecodeError {
    let message = format!("the document ends within {what}");
    DecodeError::new(DecodeErrorKind::Truncated, place, message)
}
