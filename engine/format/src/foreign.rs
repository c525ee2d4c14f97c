//! What a document is that is not what it should be.
//!
//! # Place
//! Asked where a document can't be read: an error page of a proxy, an archive or a picture is told by its name, not by the first
//! byte that is wrong in it.
//!
//! # Method
//! The first bytes, from a closed list. Only a document that was refused is looked at.
//!
//! # Holds
//! [`instead`].

use crate::{DecodeError, DecodeErrorKind, Format};

/// What files begin with, and what they are.
const MARKS: [(&[u8], &str); 10] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xFF\xFE", "UTF-16 text"),
    (b"\xFE\xFF", "UTF-16 text"),
    (b"ISA", "an X12 interchange"),
    (b"UNA", "an EDIFACT interchange"),
    (b"UNB", "an EDIFACT interchange"),
];

/// The error about a document, by its name where it is something else altogether.
#[cold]
pub(crate) fn instead(error: DecodeError, bytes: &[u8], format: &Format) -> DecodeError {
    let is_about_form =
        matches!(error.kind, DecodeErrorKind::Malformed | DecodeErrorKind::Truncated);
    let Some((found, expected)) = tell(bytes, format).filter(|_| is_about_form) else {
        return error;
    };
    DecodeError::new(DecodeErrorKind::Malformed, 0, format!("{found} where {expected} should be"))
}

/// What it is and what it should be; `None` where it looks like what it should be.
fn tell(bytes: &[u8], format: &Format) -> Option<(&'static str, &'static str)> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let expected = match format {
        Format::Json | Format::JsonWithin(_) | Format::Ndjson => "JSON",
        Format::Xml => "XML",
        Format::X12 => "X12",
        Format::Edifact => "EDIFACT",
        Format::Csv(_) => return None,
    };
    let is_html = |start: &[u8]| {
        text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    if is_html(b"<!doctype html") || is_html(b"<html") {
        return Some(("an HTML page", expected));
    }
    let found = match *text {
        [b'<' | b'{' | b'[', 0, ..] | [0, b'<' | b'{' | b'[', ..] => "UTF-16 text",
        [b'<', ..] => "an XML document",
        [b'{' | b'[', ..] => "a JSON document",
        _ => MARKS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, name)| *name)?,
    };
    let is_expected = match expected {
        "JSON" => found == "a JSON document",
        "XML" => matches!(found, "an XML document" | "UTF-16 text"),
        "X12" => matches!(found, "an X12 interchange" | "UTF-16 text"),
        _ => matches!(found, "an EDIFACT interchange" | "UTF-16 text"),
    };
    (!is_expected).then_some((found, expected))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::{Format, check};

    fn check(format: &Format, input: &[u8], expected: Expect) {
        check::check(format, input, expected);
    }

    #[test]
    fn what_it_is_instead_is_said() {
        let page = b"\n<!DOCTYPE html><html><body><h1>503</h1><br></body></html>";
        check(
            &Format::Json,
            page,
            expect!["malformed: an HTML page where JSON should be at byte 0"],
        );
        check(&Format::Xml, page, expect!["malformed: an HTML page where XML should be at byte 0"]);
        check(&Format::X12, page, expect!["malformed: an HTML page where X12 should be at byte 0"]);
        check(
            &Format::Json,
            b"PK\x03\x04\x14",
            expect!["malformed: a ZIP archive where JSON should be at byte 0"],
        );
        check(
            &Format::Json,
            b"<a/>",
            expect!["malformed: an XML document where JSON should be at byte 0"],
        );
        check(
            &Format::Xml,
            b"{\"a\":1}",
            expect!["malformed: a JSON document where XML should be at byte 0"],
        );
        check(
            &Format::Edifact,
            b"%PDF-1.4",
            expect!["malformed: a PDF file where EDIFACT should be at byte 0"],
        );
        check(&Format::Json, b"\xFF\xFE{\0}\0", expect!["{}"]);
        check(&Format::Json, b"{\0}\0", expect!["{}"]);
    }

    #[test]
    fn what_is_only_broken_keeps_its_place() {
        check(
            &Format::Xml,
            b"<a><b></a>",
            expect!["malformed: </a> where </b> should be at byte 6"],
        );
    }
}
