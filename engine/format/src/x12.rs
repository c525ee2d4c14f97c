//! ANSI X12 interchanges to the tape.
//!
//! # Place
//! Behind the decoder, for `x12`: the 214 (carrier shipment status) by its loops, every other set as a list of segments.
//!
//! # Method
//! One pass over the segments. The delimiters come from each `ISA` (byte 3 separates elements, the byte after the sixteenth
//! separator components, the next ends segments), so a header that lost its padding is read too; a text that begins with its first
//! `GS` or `ST` tells them by that. Line breaks mean nothing unless they
//! end segments. Counts are compared, never trusted. What is no segment is skipped and reported; so is what stands outside of an
//! interchange.
//!
//! ```text
//! {"interchanges":[ {"component":":", "repetition":"^", "ISA":{"01".."15"},
//!    "groups":[ {"GS":{..},
//!      "sets":[ {"id":"214", "control":"0001", "ST":{..}, "B10":{"01","02","03"}, "L11":{..}, "MS3":{..},
//!        "N1":[ {"01":"SH","02":"ACME", "N3":{..}, "N4":{..}, "G62":{..}} ],
//!        "LX":[ {"01":"1", "L11":{..}, "AT8":[..],
//!          "statuses":[ {"AT7":{"01".."07"}, "MS1":{..}, "MS2":{..}, "L11":[..], "K1":{..}} ]} ],
//!        "other":[ {"tag":"ZZZ","01":..} ]} ]} ]} ]}
//! ```
//!
//! - A segment is an object of its elements, `"01"` up; empty ones are absent, values are trimmed. Composites and
//!   repetitions stay as written (free text may hold those bytes); the interchange names both separators.
//! - What can repeat is an array where it does and the bare value where it does not: read it with
//!   [`TapeView::elements`](crate::TapeView::elements).
//! - **A status is one `AT7` with the `MS1`/`MS2` that belong to it**: those after it, or, in a loop that begins with the place, those
//!   before it; then a place holds for every `AT7` up to the next place. Where there is no `AT7`, a `Q7` or `Q5` is the status; beside
//!   an `AT7`, `Q5` is a place like `MS1` and `Q7` belongs to the `LX`. `L11`, `K1`, `G62` and `NTE` after a status belong to it, before any to the
//!   `LX`. 1650, 1651 and 1652 stay apart as `AT7.01`, `AT7.02`/`AT7.04` and `AT7.03`.
//! - A status without an `LX` gets an `LX` without elements. Parties (`N1` to `N4`) belong to the set wherever they stand.
//! - Other sets: `{"id":"204", "control":.., "ST":{..}, "segments":[{"tag":"B2","01":..}, ..]}`.
//!
//! # Holds
//! [`scan`]: envelopes and delimiters.
//!
//! # Does not hold
//! The loops of the 214 (`loops`). Codes and their meaning: the feed's.

mod loops;

use crate::envelope::Envelope;
use crate::keys::Word;
use crate::outline::{Field, Outline, Span};
use crate::segments::{Segment, Segments, Syntax};
use crate::warning::{Tag, WarningKind, Warnings};
use crate::x12::loops::Loops;
use crate::{DecodeError, DecodeErrorKind, DecodeLimits};

/// Separators in an `ISA`.
const ISA_ELEMENT_COUNT: usize = 16;
/// No `ISA` is longer: 106 bytes with its padding, and some room for values that are too long.
const ISA_SIZE_MAX: usize = 256;

/// Scans `text` into `outline`, whose item 0 is then the document.
pub(crate) fn scan(
    text: &str,
    limits: &DecodeLimits,
    outline: &mut Outline,
    warnings: &mut Warnings,
) -> Result<(), DecodeError> {
    let root = outline.push(Span::EMPTY, 0);
    outline.items[root as usize].is_object = true;
    let mut segments = Segments { text, position: 0 };
    segments.skip_space();
    let start = segments.position;
    let bare = Header::guess(text, start);
    let mut header = match bare.clone() {
        Some(header) => header,
        None => Header::find(text, &mut segments.position, warnings)
            .ok_or_else(|| no_interchange(text))?,
    };
    let (interchange, is_headless) = (None, false);
    let mut scan =
        Scan { text, root, outline, warnings, interchange, is_headless, group: None, set: None };
    if bare.is_some() {
        scan.open_without_header(start);
    }
    // Ends: each turn takes a segment or finds a later header.
    loop {
        let here = &text[segments.position..];
        if scan.interchange.is_some() && here.trim_ascii_start().starts_with("ISA") {
            segments.skip_space();
            if let Some(other) = Header::parse(text, segments.position) {
                header = other;
            }
        } else if scan.interchange.is_none() {
            segments.skip_space();
            match Header::find(text, &mut segments.position, scan.warnings) {
                Some(other) => header = other,
                None => break,
            }
        }
        let Some(segment) = segments.next(&header.syntax, scan.outline) else { break };
        scan.segment(&segment, &header);
        let value_count = 2 * (scan.outline.items.len() + scan.outline.fields.len());
        if limits.node_count_max < value_count {
            let message = format!("more than {} values", limits.node_count_max);
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, segment.start, message));
        }
    }
    scan.cut();
    Ok(())
}

#[cold]
fn no_interchange(text: &str) -> DecodeError {
    let body = text.trim_ascii();
    if body.starts_with("ISA") && body.len() < ISA_SIZE_MAX {
        let message = "the document ends within its ISA segment";
        return DecodeError::new(DecodeErrorKind::Truncated, text.len(), message);
    }
    let message = "no ISA, GS or ST segment at its start, so the delimiters are not known";
    DecodeError::new(DecodeErrorKind::Malformed, 0, message)
}

/// What an `ISA` says about the bytes after it.
#[derive(Debug, Clone)]
struct Header {
    syntax: Syntax,
    /// Where the component separator stands.
    component: Option<usize>,
}

impl Header {
    /// The next header from `position` on, which is moved to it; what lies between is reported as skipped.
    fn find(text: &str, position: &mut usize, warnings: &mut Warnings) -> Option<Self> {
        let start = *position;
        // Almost always it stands right here.
        if text.as_bytes()[start..].starts_with(b"ISA")
            && let Some(header) = Self::parse(text, start)
        {
            return Some(header);
        }
        let mut from = start;
        let mut found = None;
        // Ends: each turn starts after the last "ISA".
        while let Some(step) = memchr::memmem::find(&text.as_bytes()[from..], b"ISA") {
            if let Some(header) = Self::parse(text, from + step) {
                *position = from + step;
                found = Some(header);
                break;
            }
            from += step + 3;
        }
        if found.is_none() {
            *position = text.len();
        }
        if start < *position {
            let size = text[start..*position].trim_ascii_end().len();
            if 0 < size {
                warnings.push(WarningKind::Skipped, start, size);
            }
        }
        found
    }

    /// The delimiters of a text that begins with a `GS` or `ST`, as some gateways send it: the byte after the tag separates
    /// elements, and the first delimiter after those that the segment must have ends it.
    fn guess(text: &str, start: usize) -> Option<Self> {
        let bytes = &text.as_bytes()[start..];
        let bytes = &bytes[..bytes.len().min(ISA_SIZE_MAX)];
        let element_count = match bytes.get(..2)? {
            b"GS" => 8,
            b"ST" => 2,
            _ => return None,
        };
        let element = *bytes.get(2).filter(|&&byte| is_delimiter(byte))?;
        let mut at = 2;
        for _ in 1..element_count {
            at += 1 + memchr::memchr(element, bytes.get(at + 1..)?)?;
        }
        let ends = |&&byte: &&u8| is_delimiter(byte) && byte != element;
        let terminator = *bytes.get(at + 1..)?.iter().find(ends)?;
        Some(Self { syntax: Syntax::new(element, terminator), component: None })
    }

    fn parse(text: &str, start: usize) -> Option<Self> {
        let bytes = &text.as_bytes()[start..];
        let bytes = &bytes[..bytes.len().min(ISA_SIZE_MAX)];
        let element = *bytes.get(3).filter(|&&byte| is_delimiter(byte))?;
        let mut at = 3;
        for _ in 1..ISA_ELEMENT_COUNT {
            at += 1 + memchr::memchr(element, bytes.get(at + 1..)?)?;
        }
        let mut component = Some(at + 1);
        let mut end = at + 2;
        if !is_delimiter(*bytes.get(end)?) {
            // Without an element 16, the terminator stands in its place.
            component = None;
            end = at + 1;
        }
        let terminator = *bytes.get(end).filter(|&&byte| is_delimiter(byte))?;
        if terminator == element {
            return None;
        }
        let component = component.map(|at| start + at);
        Some(Self { syntax: Syntax::new(element, terminator), component })
    }
}

/// Whether a byte can separate: ASCII and neither letter, digit nor space.
const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b' ' && byte != 0
}

/// What is open.
struct Scan<'s, 't> {
    text: &'t str,
    root: u32,
    outline: &'s mut Outline,
    warnings: &'s mut Warnings,
    interchange: Option<Envelope>,
    /// Whether only the inside of the interchange was sent.
    is_headless: bool,
    group: Option<Envelope>,
    set: Option<Set>,
}

/// An `ST` that is open.
#[derive(Debug, Clone, Copy)]
struct Set {
    envelope: Envelope,
    /// The loops of a 214; other sets are a list.
    loops: Option<Loops>,
}

impl Scan<'_, '_> {
    fn segment(&mut self, segment: &Segment, header: &Header) {
        // A last segment without its end may lack half a value; the trailer has none that matters.
        if !segment.has_tag() || !(segment.is_terminated || segment.word == Some(Word::Iea)) {
            self.warnings.push(WarningKind::Skipped, segment.start, segment.size());
            return segment.drop_fields(self.outline);
        }
        if let Some(start) = segment.surplus_start {
            self.warnings.push(WarningKind::Skipped, start, segment.end - start);
        }
        match segment.word {
            Some(Word::Isa) => self.open_interchange(segment, header),
            Some(Word::Iea) => self.close_interchange(segment),
            Some(Word::Gs) => self.open_group(segment),
            Some(Word::Ge) => self.close_group(segment),
            Some(Word::St) => self.open_set(segment),
            Some(Word::Se) => self.close_set(segment),
            _ => self.body(segment),
        }
    }

    fn body(&mut self, segment: &Segment) {
        if let Some(set) = &mut self.set {
            set.envelope.count += 1;
            match &mut set.loops {
                Some(loops) => loops.add(segment, self.outline, self.warnings),
                None => segment.list(Word::Segments, set.envelope.item, self.outline),
            }
        } else if let (Some(interchange), b"TA1") = (self.interchange, segment.tag()) {
            segment.list(Word::Other, interchange.item, self.outline);
        } else {
            self.warnings.push(WarningKind::Skipped, segment.start, segment.size());
            segment.drop_fields(self.outline);
        }
    }

    fn open_interchange(&mut self, segment: &Segment, header: &Header) {
        self.cut();
        self.is_headless = false;
        let end = self.outline.fields.len();
        if let Some(at) = header.component {
            self.push_field(Word::Component, Span::text(at, 1));
        }
        // Element 11 is the repetition separator from version 00402 on; before, it was the letter U.
        let repetition = segment
            .field(10, self.outline)
            .filter(|&span| self.outline.text_of(self.text, span).bytes().all(is_delimiter));
        if let Some(span) = repetition {
            self.push_field(Word::Repetition, span);
        }
        let item = self.outline.push_object(self.root, Word::Interchanges.key(), end);
        segment.place(Word::Isa, item, end, self.outline);
        let control = segment.field(12, self.outline);
        self.interchange = Some(Envelope::open(item, segment, control));
    }

    /// An interchange of which only the inside was sent.
    fn open_without_header(&mut self, start: usize) {
        let item = self.outline.push_object(
            self.root,
            Word::Interchanges.key(),
            self.outline.fields.len(),
        );
        let tag = Tag::new(b"ISA");
        self.interchange = Some(Envelope { item, tag, start, control: None, count: 0 });
        self.is_headless = true;
        self.warnings.push(WarningKind::Headless { tag }, start, 0);
    }

    fn close_interchange(&mut self, segment: &Segment) {
        self.cut_group();
        let open = self.interchange.take();
        self.close(open, segment);
    }

    fn open_group(&mut self, segment: &Segment) {
        self.cut_group();
        let Some(interchange) = &mut self.interchange else {
            unreachable!("outside of an interchange only its header is looked for")
        };
        interchange.count += 1;
        let parent = interchange.item;
        let end = self.outline.fields.len();
        let item = self.outline.push_object(parent, Word::Groups.key(), end);
        segment.place(Word::Gs, item, end, self.outline);
        let control = segment.field(5, self.outline);
        self.group = Some(Envelope::open(item, segment, control));
    }

    fn close_group(&mut self, segment: &Segment) {
        self.cut_set();
        let open = self.group.take();
        self.close(open, segment);
    }

    fn open_set(&mut self, segment: &Segment) {
        self.cut_set();
        if self.group.is_none() {
            if !self.is_headless {
                self.misplaced(segment);
            }
            let Some(interchange) = self.interchange else {
                unreachable!("outside of an interchange only its header is looked for")
            };
            let end = self.outline.fields.len();
            let item = self.outline.push_object(interchange.item, Word::Groups.key(), end);
            self.group = Some(Envelope::open(item, segment, None));
        }
        let Some(group) = &mut self.group else { unreachable!("just opened") };
        group.count += 1;
        let parent = group.item;
        let id = segment.field(0, self.outline);
        let control = segment.field(1, self.outline);
        let end = self.outline.fields.len();
        if let Some(span) = id {
            self.push_field(Word::Id, span);
        }
        if let Some(span) = control {
            self.push_field(Word::Control, span);
        }
        let item = self.outline.push_object(parent, Word::Sets.key(), end);
        segment.place(Word::St, item, end, self.outline);
        let is_status = id.is_some_and(|span| self.outline.text_of(self.text, span) == "214");
        // The header counts itself.
        let envelope = Envelope { count: 1, ..Envelope::open(item, segment, control) };
        self.set = Some(Set { envelope, loops: is_status.then(|| Loops::new(item)) });
    }

    fn close_set(&mut self, segment: &Segment) {
        // The trailer counts itself.
        let open = self
            .set
            .take()
            .map(|Set { envelope, .. }| Envelope { count: envelope.count + 1, ..envelope });
        self.close(open, segment);
    }

    fn close(&mut self, open: Option<Envelope>, segment: &Segment) {
        match open {
            Some(open) => open.close(segment, self.text, self.outline, self.warnings),
            None => self.misplaced(segment),
        }
        segment.drop_fields(self.outline);
    }

    fn push_field(&mut self, name: Word, value: Span) {
        self.outline.fields.push(Field { name: name.key(), value });
    }

    fn misplaced(&mut self, segment: &Segment) {
        let kind = WarningKind::Envelope { tag: segment.warning_tag() };
        self.warnings.push(kind, segment.start, segment.size());
    }

    fn cut_set(&mut self) {
        if let Some(set) = self.set.take() {
            set.envelope.cut(self.warnings);
        }
    }

    fn cut_group(&mut self) {
        self.cut_set();
        if let Some(group) = self.group.take()
            && group.tag != Tag::new(b"ST")
        {
            group.cut(self.warnings);
        }
    }

    /// Notes what the end of the text, or the next interchange, leaves open.
    fn cut(&mut self) {
        self.cut_group();
        if let Some(interchange) = self.interchange.take()
            && !self.is_headless
        {
            interchange.cut(self.warnings);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::Format;
    use crate::check::{self, read};

    const ISA: &str = "ISA*00*          *00*          *02*ACME           *ZZ*SHOP           \
                       *260102*0304*^*00501*000000007*0*P*:~";

    fn check(input: impl AsRef<[u8]>, expected: Expect) {
        check::check(&Format::X12, input, expected);
    }

    /// The set's body alone: what stands between `ST` and `SE`.
    fn check_body(body: &str, expected: Expect) {
        let count = body.matches('~').count() + 2;
        let input = format!(
            "{ISA}GS*QM*ACME*SHOP*20260102*0304*7*X*005010~ST*214*0001~{body}SE*{count}*0001~GE*1*7~IEA*1*000000007~"
        );
        let out = read(&Format::X12, input.as_bytes(), crate::DecodeLimits::default());
        let from = out.find("\"ST\"").map_or(0, |at| at + 31);
        expected.assert_eq(&out[from..].replacen("}]}]}]}", "", 1));
    }

    #[test]
    fn a_whole_interchange() {
        check(
            format!(
                "{ISA}\nGS*QM*ACME*SHOP*20260102*0304*7*X*005010~\nST*214*0001~\nB10*PRO1*SHP1*ACME~\nLX*1~\nAT7*X3*NS***20260102*0800*LT~\nMS1*RENO*NV*US~\nSE*6*0001~\nGE*1*7~\nIEA*1*000000007~\n"
            ),
            expect![[
                r#"{"interchanges":{"component":":","repetition":"^","ISA":{"01":"00","03":"00","05":"02","06":"ACME","07":"ZZ","08":"SHOP","09":"260102","10":"0304","11":"^","12":"00501","13":"000000007","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"ACME","03":"SHOP","04":"20260102","05":"0304","06":"7","07":"X","08":"005010"},"sets":{"id":"214","control":"0001","ST":{"01":"214","02":"0001"},"B10":{"01":"PRO1","02":"SHP1","03":"ACME"},"LX":{"01":"1","statuses":{"AT7":{"01":"X3","02":"NS","05":"20260102","06":"0800","07":"LT"},"MS1":{"01":"RENO","02":"NV","03":"US"}}}}}}}"#
            ]],
        );
    }

    #[test]
    fn places_belong_to_the_code_before_them() {
        check_body(
            "LX*1~AT7*X3*NS~MS1*A*NV~AT7*AF*NS~MS1*B*NV~MS2*ACME*1~L11*9*PO~AT8*G*L*532*1~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"AT7":{"01":"X3","02":"NS"},"MS1":{"01":"A","02":"NV"}},{"AT7":{"01":"AF","02":"NS"},"MS1":{"01":"B","02":"NV"},"MS2":{"01":"ACME","02":"1"},"L11":{"01":"9","02":"PO"}}],"AT8":{"01":"G","02":"L","03":"532","04":"1"}}}}}}"#
            ]],
        );
        check_body(
            "LX*1~AT7*X1*NS~AT7*D1*NS~AT7*CD*NS~MS1*A*NV~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"AT7":{"01":"X1","02":"NS"}},{"AT7":{"01":"D1","02":"NS"}},{"AT7":{"01":"CD","02":"NS"},"MS1":{"01":"A","02":"NV"}}]}}}}}"#
            ]],
        );
    }

    #[test]
    fn places_belong_to_the_code_after_them_where_they_come_first() {
        check_body(
            "LX*1~MS1*A*NV~AT7*X3*NS~MS1*B*NV~AT7*AF*NS~AT7*X1*NS~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"MS1":{"01":"A","02":"NV"},"AT7":{"01":"X3","02":"NS"}},{"MS1":{"01":"B","02":"NV"},"AT7":{"01":"AF","02":"NS"}},{"MS1":{"01":"B","02":"NV"},"AT7":{"01":"X1","02":"NS"}}]}}}}}"#
            ]],
        );
        check_body(
            "LX*1~MS2*ACME*1~MS1*A*NV~AT7*X3*NS~MS2*ACME*2~MS1*B*NV~AT7*AF*NS~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"MS2":{"01":"ACME","02":"1"},"MS1":{"01":"A","02":"NV"},"AT7":{"01":"X3","02":"NS"}},{"MS2":{"01":"ACME","02":"2"},"MS1":{"01":"B","02":"NV"},"AT7":{"01":"AF","02":"NS"}}]}}}}}"#
            ]],
        );
    }

    #[test]
    fn old_guides_have_q5_and_q7() {
        check_body(
            "LX*1~Q5*X3*950123*1100*LT~Q5*AF*950123*1200*LT~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"Q5":{"01":"X3","02":"950123","03":"1100","04":"LT"}},{"Q5":{"01":"AF","02":"950123","03":"1200","04":"LT"}}]}}}}}"#
            ]],
        );
        check_body(
            "LX*1~AT7*X3*NS~Q5*A*NV~Q7*P*PCS*1~AT7*AF*NS~Q5*B*NV~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"AT7":{"01":"X3","02":"NS"},"Q5":{"01":"A","02":"NV"}},{"AT7":{"01":"AF","02":"NS"},"Q5":{"01":"B","02":"NV"}}],"Q7":{"01":"P","02":"PCS","03":"1"}}}}}}"#
            ]],
        );
        check_body(
            "LX*1~Q7*X3~MS1*A*NV~Q7*AF~MS1*B*NV~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"Q7":{"01":"X3"},"MS1":{"01":"A","02":"NV"}},{"Q7":{"01":"AF"},"MS1":{"01":"B","02":"NV"}}]}}}}}"#
            ]],
        );
        check_body(
            "AT7*X3*NS~MS1*A*NV~",
            expect![[
                r#"LX":{"statuses":{"AT7":{"01":"X3","02":"NS"},"MS1":{"01":"A","02":"NV"}}}}}}}"#
            ]],
        );
    }

    #[test]
    fn parties_and_references_find_their_level() {
        check_body(
            "B10*P*S*ACME~L11*1*PO~N1*SH*ONE~N3*STREET~N4*RENO*NV~N1*CN*TWO~L11*2*BM~LX*1~L11*3*SI~AT7*D1*NS~L11*4*2I~K1*SIGNED~N1*BT*LAST~N4*ELKO*NV~",
            expect![[
                r#"B10":{"01":"P","02":"S","03":"ACME"},"L11":[{"01":"1","02":"PO"},{"01":"2","02":"BM"}],"N1":[{"01":"SH","02":"ONE","N3":{"01":"STREET"},"N4":{"01":"RENO","02":"NV"}},{"01":"CN","02":"TWO"},{"01":"BT","02":"LAST","N4":{"01":"ELKO","02":"NV"}}],"LX":{"01":"1","L11":{"01":"3","02":"SI"},"statuses":{"AT7":{"01":"D1","02":"NS"},"L11":{"01":"4","02":"2I"},"K1":{"01":"SIGNED"}}}}}}}"#
            ]],
        );
    }

    #[test]
    fn appointment_elements_stay_apart() {
        check_body(
            "LX*1~AT7***AB*NA*20260103*0900*LT~AT7*AF*AF***20260103~",
            expect![[
                r#"LX":{"01":"1","statuses":[{"AT7":{"03":"AB","04":"NA","05":"20260103","06":"0900","07":"LT"}},{"AT7":{"01":"AF","02":"AF","05":"20260103"}}]}}}}}"#
            ]],
        );
    }

    #[test]
    fn odd_segments_are_kept_or_reported() {
        check_body(
            "B10*P*S*ACME~ZZ9*x*y~NTE*ADD*left~right at dock~LX*1~AT7*D1*NS~",
            expect![[r#"
            B10":{"01":"P","02":"S","03":"ACME"},"other":{"tag":"ZZ9","01":"x","02":"y"},"NTE":{"01":"ADD","02":"left"},"LX":{"01":"1","statuses":{"AT7":{"01":"D1","02":"NS"}}}}}}}
            segment ZZ9 is not known here at byte 172 (8 bytes)
            passed over at byte 193 (14 bytes)
            SE says 8 and there are 7 at byte 222 (10 bytes)"#]],
        );
    }

    #[test]
    fn other_sets_are_lists() {
        check(
            format!(
                "{ISA}GS*SM*A*B*20260102*0304*7*X*005010~ST*204*0001~B2**ACME**75~S5*1*CL~SE*4*0001~ST*997*0002~AK1*QM*7~SE*3*0002~GE*2*7~IEA*1*000000007~"
            ),
            expect![[
                r#"{"interchanges":{"component":":","repetition":"^","ISA":{"01":"00","03":"00","05":"02","06":"ACME","07":"ZZ","08":"SHOP","09":"260102","10":"0304","11":"^","12":"00501","13":"000000007","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"SM","02":"A","03":"B","04":"20260102","05":"0304","06":"7","07":"X","08":"005010"},"sets":[{"id":"204","control":"0001","ST":{"01":"204","02":"0001"},"segments":[{"tag":"B2","02":"ACME","04":"75"},{"tag":"S5","01":"1","02":"CL"}]},{"id":"997","control":"0002","ST":{"01":"997","02":"0002"},"segments":{"tag":"AK1","01":"QM","02":"7"}}]}}}"#
            ]],
        );
    }

    #[test]
    fn delimiters_come_from_the_header() {
        check(
            "ISA|00||00||02|A|02|B|060301|0028|U|00401|001|0|P|>\nGS|QM|A|B|20060301|0028|001|X|004010\nST|214|001\nB10|1*2|~|A\nSE|3|001\nGE|1|001\nIEA|1|001",
            expect![[
                r#"{"interchanges":{"component":">","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"001","14":"0","15":"P","16":">"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"20060301","05":"0028","06":"001","07":"X","08":"004010"},"sets":{"id":"214","control":"001","ST":{"01":"214","02":"001"},"B10":{"01":"1*2","02":"~","03":"A"}}}}}"#
            ]],
        );
        check(
            "ISA*00**00**02*A*02*B*060301*0028*U*00401*001*0*P*:~\r\nGS*QM*A*B*20060301*0028*001*X*004010~ST*214*001~B10*12\r\n34*S\n~SE*3*001~G\nE*1*001~IEA*1*001~",
            expect![[
                r#"{"interchanges":{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"001","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"20060301","05":"0028","06":"001","07":"X","08":"004010"},"sets":{"id":"214","control":"001","ST":{"01":"214","02":"001"},"B10":{"01":"1234","02":"S"}}}}}"#
            ]],
        );
    }

    #[test]
    fn several_interchanges_and_rubbish_between() {
        let one = |sep: char, number: u8| {
            "ISA*00**00**02*A*02*B*060301*0028*U*00401*#*0*P*:~GS*QM*A*B*D*T*#*X*4~ST*214*#~B10*#~SE*3*#~GE*1*#~IEA*1*#~"
                .replace('#', &number.to_string())
                .replace('*', &sep.to_string())
        };
        check(
            format!("rubbish\n{} more ISA {}", one('*', 1), one('|', 2)),
            expect![[r#"
            {"interchanges":[{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"1","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"1","07":"X","08":"4"},"sets":{"id":"214","control":"1","ST":{"01":"214","02":"1"},"B10":{"01":"1"}}}},{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"2","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"2","07":"X","08":"4"},"sets":{"id":"214","control":"2","ST":{"01":"214","02":"2"},"B10":{"01":"2"}}}}]}
            passed over at byte 0 (7 bytes)
            passed over at byte 116 (8 bytes)"#]],
        );
        let cut = one('*', 1).replace("IEA*1*1~", "");
        check(
            format!("{cut}{}", one('|', 2)),
            expect![[r#"
            {"interchanges":[{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"1","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"1","07":"X","08":"4"},"sets":{"id":"214","control":"1","ST":{"01":"214","02":"1"},"B10":{"01":"1"}}}},{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"2","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"2","07":"X","08":"4"},"sets":{"id":"214","control":"2","ST":{"01":"214","02":"2"},"B10":{"01":"2"}}}}]}
            ISA is not closed at byte 0 (3 bytes)"#]],
        );
    }

    #[test]
    fn wrong_counts_are_warnings() {
        check(
            "ISA*00**00**02*A*02*B*060301*0028*U*00401*001*0*P*:~GS*QM*A*B*D*T*5*X*4~ST*214*001~B10*1~SE*13*001 N/L~GE*2*6~IEA*x*001~",
            expect![[r#"
                {"interchanges":{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"001","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"5","07":"X","08":"4"},"sets":{"id":"214","control":"001","ST":{"01":"214","02":"001"},"B10":{"01":"1"}}}}}
                SE says 13 and there are 3 at byte 89 (14 bytes)
                SE has another control number than its header at byte 89 (14 bytes)
                GE says 2 and there are 1 at byte 103 (7 bytes)
                GE has another control number than its header at byte 103 (7 bytes)
                IEA has no count and there are 1 at byte 110 (10 bytes)"#]],
        );
        check(
            "ISA*00**00**02*A*02*B*060301*0028*U*00401*001*0*P*:~ST*214*001~B10*1~ST*214*002~B10*2~LX*1~AT7*D",
            expect![[r#"
                {"interchanges":{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"001","14":"0","15":"P","16":":"},"groups":{"sets":[{"id":"214","control":"001","ST":{"01":"214","02":"001"},"B10":{"01":"1"}},{"id":"214","control":"002","ST":{"01":"214","02":"002"},"B10":{"01":"2"},"LX":{"01":"1"}}]}}}
                ISA is not closed at byte 0 (3 bytes)
                ST is not closed at byte 52 (2 bytes)
                ST stands where it does not belong at byte 52 (11 bytes)
                ST is not closed at byte 69 (2 bytes)
                passed over at byte 91 (5 bytes)"#]],
        );
    }

    /// Some gateways take the envelope off.
    #[test]
    fn the_inside_of_an_interchange_is_read() {
        check(
            "GS*QM*A-1*B*20260102*0304*7*X*005010~\nST*214*0001~\nB10*PRO1*SHP1*ACME~\nSE*3*0001~\nGE*1*7~",
            expect![[r#"
                {"interchanges":{"groups":{"GS":{"01":"QM","02":"A-1","03":"B","04":"20260102","05":"0304","06":"7","07":"X","08":"005010"},"sets":{"id":"214","control":"0001","ST":{"01":"214","02":"0001"},"B10":{"01":"PRO1","02":"SHP1","03":"ACME"}}}}}
                there is no ISA at byte 0 (0 bytes)"#]],
        );
        check(
            "ST|214|0001|005010X\nB10|PRO1|SHP1|ACME\nSE|3|0001\nST|214|0002\nB10|PRO2\nSE|3|0002\n",
            expect![[r#"
                {"interchanges":{"groups":{"sets":[{"id":"214","control":"0001","ST":{"01":"214","02":"0001","03":"005010X"},"B10":{"01":"PRO1","02":"SHP1","03":"ACME"}},{"id":"214","control":"0002","ST":{"01":"214","02":"0002"},"B10":{"01":"PRO2"}}]}}}
                there is no ISA at byte 0 (0 bytes)"#]],
        );
    }

    #[test]
    fn text_without_an_interchange_is_refused() {
        check("", expect!["empty: nothing but white space at byte 0"]);
        check("ISA*00*", expect!["truncated: the document ends within its ISA segment at byte 7"]);
        check(
            "LX*1~AT7*D1*NS~",
            expect![
                "malformed: no ISA, GS or ST segment at its start, so the delimiters are not known at byte 0"
            ],
        );
        check(
            "ISA AND OTHER WORDS THAT ARE NO HEADER",
            expect!["truncated: the document ends within its ISA segment at byte 38"],
        );
    }

    #[test]
    fn other_encodings_are_read_as_windows_1252() {
        check(b"ISA*00**00**02*A*02*B*060301*0028*U*00401*001*0*P*:~GS*QM*A*B*D*T*1*X*4~ST*214*1~N1*SH*MALM\xD6~SE*3*1~GE*1*1~IEA*1*001~", expect![[r#"
            {"interchanges":{"component":":","ISA":{"01":"00","03":"00","05":"02","06":"A","07":"02","08":"B","09":"060301","10":"0028","11":"U","12":"00401","13":"001","14":"0","15":"P","16":":"},"groups":{"GS":{"01":"QM","02":"A","03":"B","04":"D","05":"T","06":"1","07":"X","08":"4"},"sets":{"id":"214","control":"1","ST":{"01":"214","02":"1"},"N1":{"01":"SH","02":"MALMÖ"}}}}}
            not UTF-8, read as Windows-1252 at byte 91 (1 bytes)"#]]);
    }
}
