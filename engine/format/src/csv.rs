//! Delimited text to the tape.
//!
//! # Place
//! Behind the decoder, for `csv`: extracts such as informed visibility, and files with any one-byte delimiter.
//!
//! # Method
//! RFC 4180 read leniently, in one pass: rows end with `\n` or `\r\n`, a quoted field may hold both, doubled quotes are one, what
//! follows a closing quote belongs to the field. The first row, or the options, name the fields.
//!
//! The document is an array of objects, one a row. Empty fields are absent; blank rows are passed over; values are kept as
//! they are, names are trimmed. A row longer than the header keeps its surplus under the column's number (`"07"`), a row of another length is
//! reported. A quote that is never closed costs its row and what follows, which is reported as passed over.
//!
//! # Holds
//! [`Csv`]: the scan and the writing.

use simd_json::Node;

use crate::keys::{ELEMENT_COUNT_MAX, KEYS, element_key_index};
use crate::outline::{Outline, Span};
use crate::warning::{WarningKind, Warnings};
use crate::{CsvOptions, DecodeError, DecodeErrorKind, DecodeLimits};

/// A row: where its fields begin, how many they are, where it stands in the text.
#[derive(Debug, Clone, Copy)]
struct Row {
    fields_start: usize,
    fields_count: usize,
    start: usize,
    end: usize,
}

/// Working storage of the scan. Reused.
#[derive(Debug, Default)]
pub(crate) struct Csv {
    values: Vec<Span>,
    rows: Vec<Row>,
}

impl Csv {
    /// Splits `text` into rows and fields. Quoted fields that hold quotes are joined in the outline's arena.
    pub(crate) fn scan(
        &mut self,
        text: &str,
        options: &CsvOptions,
        limits: &DecodeLimits,
        outline: &mut Outline,
        warnings: &mut Warnings,
    ) -> Result<(), DecodeError> {
        self.values.clear();
        self.rows.clear();
        if !options.delimiter.is_ascii() || options.quote.is_some_and(|quote| !quote.is_ascii()) {
            let message = "the feed's delimiter or quote is no ASCII character";
            return Err(DecodeError::new(DecodeErrorKind::Refused, 0, message));
        }
        if let Some(names) = &options.header {
            let fields_count = names.len();
            for name in names {
                let start = outline.arena.len();
                outline.arena.push_str(name);
                self.values.push(Span::arena(start, name.len()));
            }
            self.rows.push(Row { fields_start: 0, fields_count, start: 0, end: 0 });
        }
        let mut reading = Reading { text, options, position: 0, outline, values: &mut self.values };
        // Ends: each turn takes a row.
        while reading.position < text.len() {
            let start = reading.position;
            let fields_start = reading.values.len();
            if let Err(open) = reading.row() {
                if self.rows.is_empty() {
                    let message = "the document ends within a quoted field of its first row";
                    return Err(DecodeError::new(DecodeErrorKind::Truncated, open, message));
                }
                warnings.push(WarningKind::Skipped, start, text.len() - start);
                break;
            }
            let fields_count = reading.values.len() - fields_start;
            if fields_count == 1 && reading.values[fields_start].is_empty() {
                reading.values.pop();
                continue;
            }
            self.rows.push(Row { fields_start, fields_count, start, end: reading.position });
            if limits.node_count_max < 2 * reading.values.len() + self.rows.len() {
                let message = format!("more than {} values", limits.node_count_max);
                return Err(DecodeError::new(DecodeErrorKind::TooLarge, start, message));
            }
        }
        self.report(warnings);
        Ok(())
    }

    fn report(&self, warnings: &mut Warnings) {
        let Some((header, rows)) = self.rows.split_first() else { return };
        let stated = header.fields_count;
        for row in rows.iter().filter(|row| row.fields_count != stated) {
            let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
            let kind = WarningKind::ColumnCount {
                stated: count(stated),
                counted: count(row.fields_count),
            };
            warnings.push(kind, row.start, row.end - row.start);
        }
    }

    /// Writes the rows onto the tape; the first names the fields.
    pub(crate) fn write<'a>(&self, text: &'a str, arena: &'a str, nodes: &mut Vec<Node<'a>>) {
        let get = |span: Span| match span.arena_range() {
            Some(range) => &arena[range],
            None => &text[span.range()],
        };
        let (names, rows) = match self.rows.split_first() {
            Some((header, rows)) => (&self.values[..header.fields_count], rows),
            None => (&[][..], &[][..]),
        };
        let name = |column: usize| match names.get(column).map(|&span| get(span).trim()) {
            Some(name) if !name.is_empty() => name,
            _ => KEYS[element_key_index(column.min(ELEMENT_COUNT_MAX - 1))],
        };
        nodes.push(Node::Array { len: 0, count: 0 });
        for row in rows {
            let node = nodes.len();
            nodes.push(Node::Object { len: 0, count: 0 });
            let values = &self.values[row.fields_start..row.fields_start + row.fields_count];
            for (column, &span) in values.iter().enumerate().filter(|(_, span)| !span.is_empty()) {
                nodes.push(Node::String(name(column)));
                nodes.push(Node::String(get(span)));
            }
            let count = nodes.len() - node - 1;
            nodes[node] = Node::Object { len: count / 2, count };
        }
        nodes[0] = Node::Array { len: rows.len(), count: nodes.len() - 1 };
    }
}

struct Reading<'r> {
    text: &'r str,
    options: &'r CsvOptions,
    position: usize,
    outline: &'r mut Outline,
    values: &'r mut Vec<Span>,
}

impl Reading<'_> {
    /// Reads fields up to the end of the row, and moves past it. Fails with the place of a quote that is never closed.
    fn row(&mut self) -> Result<(), usize> {
        let bytes = self.text.as_bytes();
        // Ends: each turn takes a field, and the last field of a row returns.
        loop {
            if self.options.quote.is_some()
                && bytes.get(self.position) == self.options.quote.as_ref()
            {
                self.quoted()?;
            } else {
                let size = self.plain_size();
                self.values.push(Span::text(self.position, size));
                self.position += size;
            }
            match bytes.get(self.position) {
                Some(&byte) if byte == self.options.delimiter => self.position += 1,
                Some(b'\r') => {
                    self.position += 1 + usize::from(bytes.get(self.position + 1) == Some(&b'\n'));
                    return Ok(());
                }
                Some(_) => {
                    self.position += 1;
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    /// Bytes up to the next delimiter or end of the row.
    fn plain_size(&self) -> usize {
        let rest = &self.text.as_bytes()[self.position..];
        memchr::memchr3(self.options.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len())
    }

    fn quoted(&mut self) -> Result<(), usize> {
        let quote = self.options.quote.unwrap_or(b'"');
        let bytes = self.text.as_bytes();
        let open = self.position;
        let mut run_start = open + 1;
        let arena_start = self.outline.arena.len();
        // Ends: each turn moves past a quote.
        loop {
            let Some(size) = memchr::memchr(quote, &bytes[run_start..]) else {
                return Err(open);
            };
            let close = run_start + size;
            if bytes.get(close + 1) == Some(&quote) {
                // One of the two quotes is text.
                self.outline.arena.push_str(&self.text[run_start..=close]);
                run_start = close + 2;
                continue;
            }
            self.position = close + 1;
            let tail_size = self.plain_size();
            let is_joined = arena_start < self.outline.arena.len();
            if tail_size == 0 && !is_joined {
                self.values.push(Span::text(run_start, size));
                return Ok(());
            }
            self.outline.arena.push_str(&self.text[run_start..close]);
            let tail = &self.text[self.position..self.position + tail_size];
            self.outline.arena.push_str(tail.trim_end());
            self.position += tail_size;
            let joined_size = self.outline.arena.len() - arena_start;
            self.values.push(Span::arena(arena_start, joined_size));
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::check::check;
    use crate::{CsvOptions, Format};

    fn check_plain(input: &str, expected: Expect) {
        check(&Format::Csv(CsvOptions::default()), input, expected);
    }

    #[test]
    fn rows_are_objects() {
        check_plain(
            "a, b ,c\n1,2,3\r\n\n4,,6\n",
            expect![[r#"[{"a":"1","b":"2","c":"3"},{"a":"4","c":"6"}]"#]],
        );
        check_plain("a,b\n", expect!["[]"]);
        check_plain("a\r1\r2", expect![[r#"[{"a":"1"},{"a":"2"}]"#]]);
    }

    #[test]
    fn quotes_hold_anything() {
        check_plain(
            "a,b\n\"x, \"\"y\"\"\nz\",\"\"\n\"p\" ,\"q\"r\n",
            expect![[r#"[{"a":"x, \"y\"\nz"},{"a":"p","b":"qr"}]"#]],
        );
        check_plain(
            "a,\"b\n1,2",
            expect![
                "truncated: the document ends within a quoted field of its first row at byte 2"
            ],
        );
        check_plain(
            "a,b\n1,2\n3,\"4\n5,6\n",
            expect![[r#"
            [{"a":"1","b":"2"}]
            passed over at byte 8 (9 bytes)"#]],
        );
        check_plain(
            "a,b\n\"x",
            expect![[r#"
                []
                passed over at byte 4 (2 bytes)"#]],
        );
    }

    #[test]
    fn rows_of_another_length_are_reported() {
        check_plain(
            "a,b\n1\n1,2,3\n",
            expect![[r#"
            [{"a":"1"},{"a":"1","b":"2","03":"3"}]
            the header has 2 fields and the row 1 at byte 4 (2 bytes)
            the header has 2 fields and the row 3 at byte 6 (6 bytes)"#]],
        );
    }

    #[test]
    fn options_name_delimiter_and_fields() {
        let options =
            CsvOptions { delimiter: b'|', quote: None, header: Some(vec!["n".into(), "t".into()]) };
        check(
            &Format::Csv(options),
            "1|\"x\n2|y",
            expect![[r#"[{"n":"1","t":"\"x"},{"n":"2","t":"y"}]"#]],
        );
        let options = CsvOptions { delimiter: b'\t', ..CsvOptions::default() };
        check(&Format::Csv(options), "n\tt\n1\tx,y", expect![[r#"[{"n":"1","t":"x,y"}]"#]]);
    }
}
