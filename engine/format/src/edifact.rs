//! UN/EDIFACT interchanges to the tape.
//!
//! # Place
//! Behind the decoder, for `edifact`: IFTSTA by its groups, every other message as a list of segments.
//!
//! # Method
//! One pass over the segments, with the delimiters of `UNA` or the standard's own. Line breaks mean nothing. Counts are compared,
//! never trusted; the header's dates are not looked at. What is no segment is skipped and reported; so is what stands
//! outside of an interchange. A text that begins with its first message or group is an interchange without a header.
//!
//! ```text
//! {"interchanges":[ {"UNB":{"01":"UNOC","01_2":"3","02":"SENDER",..},
//!    "messages":[ {"id":"IFTSTA", "control":"1", "UNG":{..}, "UNH":{"01","02":"IFTSTA","02_2":"D","02_3":"04A",..},
//!       "BGM":{..}, "DTM":{..}, "RFF":[..], "NAD":[ {.., "CTA":{.., "COM":..}} ],
//!       "consignments":[ {"CNI":{"01":"1","02":"7072"}, "LOC":{..}, "RFF":[..],
//!          "statuses":[ {"STS":{"01":"1","02":"VD","02_3":"22"}, "RFF":[..], "DTM":[..], "LOC":[..], "FTX":[..],
//!             "TDT":[ {.., "LOC":[ {.., "DTM":[..]} ]} ], "EQD":[..], "GID":[..], "PCI":[ {.., "GIN":{..}} ]} ]} ],
//!       "other":[ {"tag":"ZZZ","01":..} ]} ]} ]}
//! ```
//!
//! - Element *e* is the key `"0e"`; the further components of a composite are `"0e_2"` up. So `STS.02` is the status whether its code
//!   list and agency (`STS.02_2`, `STS.02_3`) are given or not. Empty components are absent, values are trimmed, release characters
//!   are taken out.
//! - A segment that opens a group holds the segments of the group beside its own elements: `CTA` in `NAD`, `LOC` and `DTM` in `TDT`, the
//!   `DTM` of such a `LOC` in it, `GIN` in `PCI`, `PCI` in `GID`. All else after a `STS` belongs to the status, before it to the consignment,
//!   before a `CNI` to the message. A status without a `CNI` gets a consignment without one.
//! - What can repeat is an array where it does and the bare value where it does not: read it with
//!   [`TapeView::elements`](crate::TapeView::elements).
//! - Other messages: `{"id":"IFTMIN", .., "UNH":{..}, "segments":[{"tag":"BGM","01":..}, ..]}`.
//!
//! # Holds
//! [`scan`]: envelopes and delimiters.
//!
//! # Does not hold
//! The groups of IFTSTA (`groups`). Codes and their meaning: the feed's.

mod groups;

use crate::edifact::groups::Groups;
use crate::envelope::Envelope;
use crate::keys::Word;
use crate::outline::{Field, Outline, Span};
use crate::segments::{Segment, Segments, Syntax};
use crate::warning::{Tag, WarningKind, Warnings};
use crate::{DecodeError, DecodeErrorKind, DecodeLimits};

/// The header of an interchange.
const INTERCHANGE: &[&[u8; 3]] = &[b"UNB"];
/// `UNA` and its six delimiters.
const ADVICE_SIZE: usize = 9;

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
    let mut scan =
        Scan { text, root, outline, warnings, interchange: None, group: None, message: None };
    let mut syntax = None;
    segments.skip_space();
    if let Some((found, start)) = header(text, segments.position, &[b"UNH", b"UNG"]) {
        syntax = Some(found);
        segments.position = start;
        scan.open_without_header(start);
    }
    // Ends: each turn takes a segment or finds a later header.
    loop {
        segments.skip_space();
        let is_header = header(text, segments.position, INTERCHANGE).is_some();
        if scan.interchange.is_none() || is_header {
            match find(text, &mut segments.position, scan.warnings) {
                Some(found) => syntax = Some(found),
                None => break,
            }
        }
        let Some(syntax) = &syntax else { break };
        let Some(segment) = segments.next(syntax, scan.outline) else { break };
        scan.segment(&segment);
        let value_count = 2 * (scan.outline.items.len() + scan.outline.fields.len());
        if limits.node_count_max < value_count {
            let message = format!("more than {} values", limits.node_count_max);
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, segment.start, message));
        }
    }
    scan.cut();
    if syntax.is_none() {
        let message = "no UNB or UNH segment at its start, so there is no interchange";
        return Err(DecodeError::new(DecodeErrorKind::Malformed, 0, message));
    }
    Ok(())
}

/// The delimiters of the next interchange from `position` on, which is moved to its `UNB`; what lies between is reported.
fn find(text: &str, position: &mut usize, warnings: &mut Warnings) -> Option<Syntax> {
    let start = *position;
    // Almost always it stands right here.
    if let Some((syntax, unb)) = header(text, start, INTERCHANGE) {
        *position = unb;
        return Some(syntax);
    }
    let mut from = start;
    // Ends: each turn starts after the last "UN".
    while let Some(step) = memchr::memmem::find(&text.as_bytes()[from..], b"UN") {
        let at = from + step;
        if let Some((syntax, unb)) = header(text, at, INTERCHANGE) {
            skip(text, start, at, warnings);
            *position = unb;
            return Some(syntax);
        }
        from = at + 2;
    }
    skip(text, start, text.len(), warnings);
    *position = text.len();
    None
}

fn skip(text: &str, start: usize, end: usize, warnings: &mut Warnings) {
    let size = text[start..end].trim_ascii_end().len();
    if 0 < size {
        warnings.push(WarningKind::Skipped, start, size);
    }
}

/// The delimiters, when one of the segments `tags`, alone or after its `UNA`, stands at `start`; and where the segment is.
fn header(text: &str, start: usize, tags: &[&[u8; 3]]) -> Option<(Syntax, usize)> {
    let bytes = &text.as_bytes()[start..];
    let begins = |bytes: &[u8], element: u8| {
        tags.iter().any(|tag| bytes.starts_with(*tag)) && bytes.get(3) == Some(&element)
    };
    if begins(bytes, b'+') {
        return Some((Syntax::new(b'+', b'\'').with_components(b':', Some(b'?')), start));
    }
    let advice = bytes.strip_prefix(b"UNA")?.get(..ADVICE_SIZE - 3)?;
    let [component, element, _, release, _, terminator] = *advice else { return None };
    let all = [component, element, terminator];
    let are_distinct = component != element && element != terminator && component != terminator;
    if !are_distinct || !all.iter().all(|&byte| is_delimiter(byte)) {
        return None;
    }
    let release =
        (release != b' ' && is_delimiter(release) && !all.contains(&release)).then_some(release);
    let rest = &bytes[ADVICE_SIZE..];
    let space = rest.len() - rest.trim_ascii_start().len();
    begins(&rest[space..], element).then(|| {
        let syntax = Syntax::new(element, terminator).with_components(component, release);
        (syntax, start + ADVICE_SIZE + space)
    })
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
    interchange: Option<Interchange>,
    group: Option<Group>,
    message: Option<Message>,
}

/// A `UNB` that is open. Its trailer counts groups where there are any, messages otherwise.
#[derive(Debug, Clone, Copy)]
struct Interchange {
    envelope: Envelope,
    group_count: u32,
    /// Whether only the inside was sent.
    is_headless: bool,
}

/// A `UNG` that is open; the envelope's item is the segment, to be given to each message.
#[derive(Debug, Clone, Copy)]
struct Group {
    envelope: Envelope,
}

/// A `UNH` that is open.
#[derive(Debug)]
struct Message {
    envelope: Envelope,
    /// The groups of an IFTSTA; other messages are a list.
    groups: Option<Groups>,
}

impl Scan<'_, '_> {
    fn segment(&mut self, segment: &Segment) {
        // A last segment without its end may lack half a value; the trailer has none that matters.
        if !segment.has_tag() || !(segment.is_terminated || segment.word == Some(Word::Unz)) {
            self.warnings.push(WarningKind::Skipped, segment.start, segment.size());
            return segment.drop_fields(self.outline);
        }
        if let Some(start) = segment.surplus_start {
            self.warnings.push(WarningKind::Skipped, start, segment.end - start);
        }
        match segment.word {
            Some(Word::Unb) => self.open_interchange(segment),
            Some(Word::Unz) => self.close_interchange(segment),
            Some(Word::Ung) => self.open_group(segment),
            Some(Word::Une) => self.close_group(segment),
            Some(Word::Unh) => self.open_message(segment),
            Some(Word::Unt) => self.close_message(segment),
            _ => self.body(segment),
        }
    }

    fn body(&mut self, segment: &Segment) {
        let Some(message) = &mut self.message else {
            self.warnings.push(WarningKind::Skipped, segment.start, segment.size());
            return segment.drop_fields(self.outline);
        };
        message.envelope.count += 1;
        match &mut message.groups {
            Some(groups) => groups.add(segment, self.outline, self.warnings),
            None => segment.list(Word::Segments, message.envelope.item, self.outline),
        }
    }

    fn open_interchange(&mut self, segment: &Segment) {
        self.cut();
        let end = self.outline.fields.len();
        let item = self.outline.push_object(self.root, Word::Interchanges.key(), end);
        segment.place(Word::Unb, item, end, self.outline);
        let control = segment.field(4, self.outline);
        let envelope = Envelope::open(item, segment, control);
        self.interchange = Some(Interchange { envelope, group_count: 0, is_headless: false });
    }

    /// An interchange of which only the inside was sent.
    fn open_without_header(&mut self, start: usize) {
        let end = self.outline.fields.len();
        let item = self.outline.push_object(self.root, Word::Interchanges.key(), end);
        let tag = Tag::new(b"UNB");
        let envelope = Envelope { item, tag, start, control: None, count: 0 };
        self.interchange = Some(Interchange { envelope, group_count: 0, is_headless: true });
        self.warnings.push(WarningKind::Headless { tag }, start, 0);
    }

    fn close_interchange(&mut self, segment: &Segment) {
        self.cut_group();
        let open =
            self.interchange.take().map(|Interchange { envelope, group_count, .. }| Envelope {
                count: if group_count == 0 { envelope.count } else { group_count },
                ..envelope
            });
        self.close(open, segment);
    }

    fn open_group(&mut self, segment: &Segment) {
        self.cut_group();
        let Some(interchange) = &mut self.interchange else {
            unreachable!("outside of an interchange only its header is looked for")
        };
        interchange.group_count += 1;
        let item = self.outline.push(Word::Ung.key(), segment.fields_start);
        let control = segment.field(4, self.outline);
        self.group = Some(Group { envelope: Envelope::open(item, segment, control) });
    }

    fn close_group(&mut self, segment: &Segment) {
        self.cut_message();
        let open = self.group.take().map(|group| group.envelope);
        self.close(open, segment);
    }

    fn open_message(&mut self, segment: &Segment) {
        self.cut_message();
        let Some(interchange) = &mut self.interchange else {
            unreachable!("outside of an interchange only its header is looked for")
        };
        interchange.envelope.count += 1;
        let parent = interchange.envelope.item;
        let control = segment.field(0, self.outline);
        let id = segment.field(1, self.outline);
        let end = self.outline.fields.len();
        if let Some(value) = id {
            self.outline.fields.push(Field { name: Word::Id.key(), value });
        }
        if let Some(value) = control {
            self.outline.fields.push(Field { name: Word::Control.key(), value });
        }
        let item = self.outline.push_object(parent, Word::Messages.key(), end);
        if let Some(group) = &mut self.group {
            group.envelope.count += 1;
            let copy = self.outline.push_copy(Word::Ung.key(), group.envelope.item);
            self.outline.add(item, copy);
        }
        segment.place(Word::Unh, item, end, self.outline);
        let is_status = id.is_some_and(|span| self.outline.text_of(self.text, span) == "IFTSTA");
        // The header counts itself.
        let envelope = Envelope { count: 1, ..Envelope::open(item, segment, control) };
        self.message = Some(Message { envelope, groups: is_status.then(|| Groups::new(item)) });
    }

    fn close_message(&mut self, segment: &Segment) {
        // The trailer counts itself.
        let open = self
            .message
            .take()
            .map(|Message { envelope, .. }| Envelope { count: envelope.count + 1, ..envelope });
        self.close(open, segment);
    }

    fn close(&mut self, open: Option<Envelope>, segment: &Segment) {
        match open {
            Some(open) => open.close(segment, self.text, self.outline, self.warnings),
            None => {
                let kind = WarningKind::Envelope { tag: segment.warning_tag() };
                self.warnings.push(kind, segment.start, segment.size());
            }
        }
        segment.drop_fields(self.outline);
    }

    fn cut_message(&mut self) {
        if let Some(message) = self.message.take() {
            message.envelope.cut(self.warnings);
        }
    }

    fn cut_group(&mut self) {
        self.cut_message();
        if let Some(group) = self.group.take() {
            group.envelope.cut(self.warnings);
        }
    }

    /// Notes what the end of the text, or the next interchange, leaves open.
    fn cut(&mut self) {
        self.cut_group();
        if let Some(interchange) = self.interchange.take()
            && !interchange.is_headless
        {
            interchange.envelope.cut(self.warnings);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::Format;
    use crate::check;

    fn check(input: impl AsRef<[u8]>, expected: Expect) {
        check::check(&Format::Edifact, input, expected);
    }

    /// The message's body alone: what stands between `UNH` and `UNT`.
    fn check_body(body: &str, expected: Expect) {
        let count = body.replace("?'", "").matches('\'').count() + 2;
        let input = format!(
            "UNB+UNOC:3+A+B+260102:1715+9'UNH+1+IFTSTA:D:04A:UN'{body}UNT+{count}+1'UNZ+1+9'"
        );
        let out = check::read(&Format::Edifact, input.as_bytes(), crate::DecodeLimits::default());
        let from = out.find("\"UNH\"").map_or(0, |at| at + 66);
        expected.assert_eq(&out[from..]);
    }

    #[test]
    fn a_whole_interchange() {
        check(
            "UNA:+.? '\nUNB+UNOC:3+A:14+B:ZZZ+260102:1715+9'\nUNH+1+IFTSTA:D:96A:UN'\nBGM+77'\nCNI+1+7072'\nSTS+1+21'\nDTM+334:202601021200:203'\nUNT+6+1'\nUNZ+1+9'\n",
            expect![[
                r#"{"interchanges":{"UNB":{"01":"UNOC","01_2":"3","02":"A","02_2":"14","03":"B","03_2":"ZZZ","04":"260102","04_2":"1715","05":"9"},"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"96A","02_4":"UN"},"BGM":{"01":"77"},"consignments":{"CNI":{"01":"1","02":"7072"},"statuses":{"STS":{"01":"1","02":"21"},"DTM":{"01":"334","01_2":"202601021200","01_3":"203"}}}}}}"#
            ]],
        );
    }

    #[test]
    fn statuses_hold_what_follows_them() {
        check_body(
            "BGM+23'DTM+137:20261301:102'NAD+CZ+X'CTA+IC+:ANN'COM+1:TE'RFF+CW:N1'CNI+1+C1'LOC+14+:::ONE'STS+1+S::87:LEFT'RFF+CU:5'DTM+78:1:203'LOC+14+2:16::TWO+FI:162'FTX+AVA'GID+1+1'PCI+30+37'GIN+BJ+8'STS+1+V::87+99::87:OTHER REASON+Z::87'CNI+2'STS+1+31'",
            expect![[
                r#","BGM":{"01":"23"},"DTM":{"01":"137","01_2":"20261301","01_3":"102"},"NAD":{"01":"CZ","02":"X","CTA":{"01":"IC","02_2":"ANN","COM":{"01":"1","01_2":"TE"}}},"RFF":{"01":"CW","01_2":"N1"},"consignments":[{"CNI":{"01":"1","02":"C1"},"LOC":{"01":"14","02_4":"ONE"},"statuses":[{"STS":{"01":"1","02":"S","02_3":"87","02_4":"LEFT"},"RFF":{"01":"CU","01_2":"5"},"DTM":{"01":"78","01_2":"1","01_3":"203"},"LOC":{"01":"14","02":"2","02_2":"16","02_4":"TWO","03":"FI","03_2":"162"},"FTX":{"01":"AVA"},"GID":{"01":"1","02":"1","PCI":{"01":"30","02":"37","GIN":{"01":"BJ","02":"8"}}}},{"STS":{"01":"1","02":"V","02_3":"87","03":"99","03_3":"87","03_4":"OTHER REASON","04":"Z","04_3":"87"}}]},{"CNI":{"01":"2"},"statuses":{"STS":{"01":"1","02":"31"}}}]}}}"#
            ]],
        );
    }

    #[test]
    fn stops_belong_to_the_transport() {
        check_body(
            "CNI+1'STS+1+P::HS'DTM+334:1:203'LOC+175+US'TDT+1++2'LOC+9+CO'DTM+186:2:203'LOC+11+NY'DTM+178:3:203'DTM+133:4:203'EQD+CN+T1'SEL+9'DTM+7:5:203'",
            expect![[
                r#","consignments":{"CNI":{"01":"1"},"statuses":{"STS":{"01":"1","02":"P","02_3":"HS"},"DTM":[{"01":"334","01_2":"1","01_3":"203"},{"01":"7","01_2":"5","01_3":"203"}],"LOC":{"01":"175","02":"US"},"TDT":{"01":"1","03":"2","LOC":[{"01":"9","02":"CO","DTM":{"01":"186","01_2":"2","01_3":"203"}},{"01":"11","02":"NY","DTM":[{"01":"178","01_2":"3","01_3":"203"},{"01":"133","01_2":"4","01_3":"203"}]}]},"EQD":{"01":"CN","02":"T1","SEL":{"01":"9"}}}}}}}"#
            ]],
        );
    }

    #[test]
    fn a_status_needs_no_consignment() {
        check_body(
            "STS+1+21'DTM+7:1:203'STS+1+31'",
            expect![[
                r#","consignments":{"statuses":[{"STS":{"01":"1","02":"21"},"DTM":{"01":"7","01_2":"1","01_3":"203"}},{"STS":{"01":"1","02":"31"}}]}}}}"#
            ]],
        );
    }

    #[test]
    fn released_characters_are_text() {
        check_body(
            "CNI+1+A?+B?:C?'D??'STS+1+21'FTX+AAA+++IT?'S A?\r\n TEST:SECOND'",
            expect![[r#"
                ,"consignments":{"CNI":{"01":"1","02":"A+B:C'D?"},"statuses":{"STS":{"01":"1","02":"21"},"FTX":{"01":"AAA","04":"IT'S A TEST","04_2":"SECOND"}}}}}}
                UNT says 4 and there are 5 at byte 112 (8 bytes)"#]],
        );
    }

    #[test]
    fn odd_segments_are_kept_or_reported() {
        check_body(
            "CNI+1'STS+1+21'ZZZ+1:2'it is no segment'RFF+CU:5'",
            expect![[r#"
            ,"consignments":{"CNI":{"01":"1"},"statuses":{"STS":{"01":"1","02":"21"},"RFF":{"01":"CU","01_2":"5"}}},"other":{"tag":"ZZZ","01":"1","01_2":"2"}}}}
            segment ZZZ is not known here at byte 66 (8 bytes)
            passed over at byte 74 (17 bytes)
            UNT says 7 and there are 6 at byte 100 (8 bytes)"#]],
        );
    }

    #[test]
    fn groups_and_other_messages() {
        check(
            "UNB+UNOA:1+A+B+1+44'UNG+IFTSTA+A+B+1+55+UN+D'UNH+1+IFTSTA:D:07B:UN'BGM+23'UNT+3+1'UNH+2+IFTMIN:D:07B:UN'BGM+1'CNI+1'UNT+4+2'UNE+2+55'UNZ+1+44'",
            expect![[
                r#"{"interchanges":{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"44"},"messages":[{"id":"IFTSTA","control":"1","UNG":{"01":"IFTSTA","02":"A","03":"B","04":"1","05":"55","06":"UN","07":"D"},"UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"},"BGM":{"01":"23"}},{"id":"IFTMIN","control":"2","UNG":{"01":"IFTSTA","02":"A","03":"B","04":"1","05":"55","06":"UN","07":"D"},"UNH":{"01":"2","02":"IFTMIN","02_2":"D","02_3":"07B","02_4":"UN"},"segments":[{"tag":"BGM","01":"1"},{"tag":"CNI","01":"1"}]}]}}"#
            ]],
        );
    }

    #[test]
    fn several_interchanges_with_delimiters_of_their_own() {
        check(
            "rubbish UNA|*.! ~UNB*UNOA|1*A*B*1*44~UNH*1*IFTSTA|D|07B|UN~BGM*2!*3~UNT*3*1~UNZ*1*44~ x UNB+UNOA:1+A+B+1+45'UNH+1+IFTSTA:D:07B:UN'BGM+9'UNT+3+1'UNZ+1+45'",
            expect![[r#"
                {"interchanges":[{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"44"},"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"},"BGM":{"01":"2*3"}}},{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"45"},"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"},"BGM":{"01":"9"}}}]}
                passed over at byte 0 (7 bytes)
                passed over at byte 86 (1 bytes)"#]],
        );
    }

    #[test]
    fn wrong_counts_and_missing_ends_are_warnings() {
        check(
            "UNB+UNOA:1+A+B+1+44'UNH+1+IFTSTA:D:07B:UN'BGM+1'UNT+9+2'UNZ+7+45'",
            expect![[r#"
            {"interchanges":{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"44"},"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"},"BGM":{"01":"1"}}}}
            UNT says 9 and there are 3 at byte 48 (8 bytes)
            UNT has another control number than its header at byte 48 (8 bytes)
            UNZ says 7 and there are 1 at byte 56 (9 bytes)
            UNZ has another control number than its header at byte 56 (9 bytes)"#]],
        );
        check(
            "UNB+UNOA:1+A+B+1+44'UNH+1+IFTSTA:D:07B:UN'CNI+1'STS+1+2",
            expect![[r#"
            {"interchanges":{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"44"},"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"},"consignments":{"CNI":{"01":"1"}}}}}
            UNB is not closed at byte 0 (3 bytes)
            UNH is not closed at byte 20 (3 bytes)
            passed over at byte 48 (7 bytes)"#]],
        );
        check(
            "UNB+UNOA:1+A+B+1+44'BGM+1'UNT+9+2'UNE+1+1'",
            expect![[r#"
            {"interchanges":{"UNB":{"01":"UNOA","01_2":"1","02":"A","03":"B","04":"1","05":"44"}}}
            UNB is not closed at byte 0 (3 bytes)
            passed over at byte 20 (6 bytes)
            UNT stands where it does not belong at byte 26 (8 bytes)
            UNE stands where it does not belong at byte 34 (8 bytes)"#]],
        );
    }

    /// Some gateways take the envelope off.
    #[test]
    fn the_inside_of_an_interchange_is_read() {
        check(
            "UNH+1+IFTSTA:D:04A:UN'BGM+77+9'CNI+1+7072'STS+1+21'UNT+5+1'",
            expect![[r#"
            {"interchanges":{"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"04A","02_4":"UN"},"BGM":{"01":"77","02":"9"},"consignments":{"CNI":{"01":"1","02":"7072"},"statuses":{"STS":{"01":"1","02":"21"}}}}}}
            there is no UNB at byte 0 (0 bytes)"#]],
        );
        check(
            "UNA:*.? ~UNH*1*IFTSTA:D:04A:UN~CNI*1*7072~UNT*3*1~UNZ*1*9~",
            expect![[r#"
            {"interchanges":{"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"04A","02_4":"UN"},"consignments":{"CNI":{"01":"1","02":"7072"}}}}}
            there is no UNB at byte 9 (0 bytes)
            UNZ has another control number than its header at byte 50 (8 bytes)"#]],
        );
    }

    #[test]
    fn text_without_an_interchange_is_refused() {
        check("", expect!["empty: nothing but white space at byte 0"]);
        check(
            "UNA:+.? '",
            expect![
                "malformed: no UNB or UNH segment at its start, so there is no interchange at byte 0"
            ],
        );
        check(
            "UNH+1+IFTSTA:D:07B:UN'",
            expect![[r#"
                {"interchanges":{"messages":{"id":"IFTSTA","control":"1","UNH":{"01":"1","02":"IFTSTA","02_2":"D","02_3":"07B","02_4":"UN"}}}}
                there is no UNB at byte 0 (0 bytes)
                UNH is not closed at byte 0 (3 bytes)"#]],
        );
    }
}
