//! The nested envelopes of an interchange.
//!
//! # Place
//! Shared by the X12 and EDIFACT scans: both nest messages in groups in interchanges, with a header and a trailer each that
//! repeat a control number and state a count.
//!
//! # Method
//! An envelope that is open knows its header's item and what it has counted. A trailer is compared and then forgotten: a wrong
//! count or number is a warning, never a reason to refuse.
//!
//! # Holds
//! [`Envelope`].

use crate::outline::{Outline, Span};
use crate::segments::Segment;
use crate::warning::{Tag, WarningKind, Warnings};

/// An envelope that is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    /// The object that holds what is inside.
    pub(crate) item: u32,
    /// The header segment's tag and its place.
    pub(crate) tag: Tag,
    pub(crate) start: usize,
    /// Its control number.
    pub(crate) control: Option<Span>,
    /// Segments, messages or groups inside so far.
    pub(crate) count: u32,
}

impl Envelope {
    /// Opened by `header`, counting from 0.
    pub(crate) fn open(item: u32, header: &Segment, control: Option<Span>) -> Self {
        Self { item, tag: header.warning_tag(), start: header.start, control, count: 0 }
    }

    /// Compares with its trailer: element 1 states the count, element 2 the control number.
    pub(crate) fn close(
        &self,
        trailer: &Segment,
        text: &str,
        outline: &Outline,
        warnings: &mut Warnings,
    ) {
        let tag = trailer.warning_tag();
        let size = trailer.size();
        let field =
            |index| trailer.field(index, outline).map_or("", |at| outline.text_of(text, at));
        let stated = field(0).parse().ok();
        if stated != Some(self.count) {
            let kind = WarningKind::Count { tag, stated, counted: self.count };
            warnings.push(kind, trailer.start, size);
        }
        let given = self.control.map_or("", |span| outline.text_of(text, span));
        if plain(given) != plain(field(1)) {
            warnings.push(WarningKind::Control { tag }, trailer.start, size);
        }
    }

    /// Notes that it was never closed.
    pub(crate) fn cut(&self, warnings: &mut Warnings) {
        let kind = WarningKind::Unclosed { tag: self.tag };
        warnings.push(kind, self.start, usize::from(self.tag.size()));
    }
}

/// A control number without its leading zeros.
fn plain(control: &str) -> &str {
    control.trim_start_matches('0')
}
