//! What was odd about a document that could be read all the same.
//!
//! # Place
//! Collected by the decoder, read from [`Document::warnings`](crate::Document::warnings). A [`WarningKind::Skipped`] span is input that
//! reached no node: the caller dead-letters it with its offset.
//!
//! # Method
//! Fixed-size values in a reused list: a clean document costs nothing, a bad one doesn't allocate per warning.
//!
//! # Holds
//! [`Warning`], [`WarningKind`], the bounded list.

use std::fmt;

/// The closed list of oddities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// An envelope's trailer counts something else than what is there (`SE`, `GE`, `IEA`, `UNT`, `UNE`, `UNZ`).
    Count {
        /// The trailer's tag.
        tag: Tag,
        /// What the trailer says; `None` when it isn't a number.
        stated: Option<u32>,
        /// What was counted.
        counted: u32,
    },
    /// A trailer's control number differs from its header's.
    Control {
        /// The trailer's tag.
        tag: Tag,
    },
    /// A trailer without its header, or a header before the last envelope was closed.
    Envelope {
        /// The tag that came unexpectedly.
        tag: Tag,
    },
    /// An interchange of which only the inside was sent.
    Headless {
        /// The tag of the header that is not there.
        tag: Tag,
    },
    /// An envelope that the end of the document cuts off.
    Unclosed {
        /// The tag of its header.
        tag: Tag,
    },
    /// A segment that this kind of message does not have; kept under `other`.
    UnknownSegment {
        /// Its tag.
        tag: Tag,
    },
    /// Bytes that reached no node.
    Skipped,
    /// The text is not in the encoding it should be in and was read as Windows-1252.
    Encoding,
    /// A row with more or fewer fields than the header.
    ColumnCount {
        /// Fields of the header.
        stated: u32,
        /// Fields of the row.
        counted: u32,
    },
}

/// A segment tag of up to three bytes, kept by value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    bytes: [u8; 3],
    size: u8,
}

impl Tag {
    /// The first three bytes of `text`; bytes that are not ASCII become `?`.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 3];
        let size = text.len().min(3);
        for (target, &source) in bytes.iter_mut().zip(text) {
            *target = if source.is_ascii_graphic() { source } else { b'?' };
        }
        Self { bytes, size: u8::try_from(size).unwrap_or(3) }
    }

    /// Bytes of the tag.
    #[must_use]
    pub const fn size(&self) -> u8 {
        self.size
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.size)]).unwrap_or("?")
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One oddity and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// Which of the closed list.
    pub kind: WarningKind,
    /// Byte in the document where it starts, from 0.
    pub offset: usize,
    /// Bytes that it concerns.
    pub size: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            WarningKind::Count { tag, stated, counted } => match stated {
                Some(stated) => write!(f, "{tag:?} says {stated} and there are {counted}"),
                None => write!(f, "{tag:?} has no count and there are {counted}"),
            },
            WarningKind::Control { tag } => {
                write!(f, "{tag:?} has another control number than its header")
            }
            WarningKind::Envelope { tag } => write!(f, "{tag:?} stands where it does not belong"),
            WarningKind::Headless { tag } => write!(f, "there is no {tag:?}"),
            WarningKind::Unclosed { tag } => write!(f, "{tag:?} is not closed"),
            WarningKind::UnknownSegment { tag } => write!(f, "segment {tag:?} is not known here"),
            WarningKind::Skipped => f.write_str("passed over"),
            WarningKind::Encoding => f.write_str("not UTF-8, read as Windows-1252"),
            WarningKind::ColumnCount { stated, counted } => {
                write!(f, "the header has {stated} fields and the row {counted}")
            }
        }?;
        write!(f, " at byte {} ({} bytes)", self.offset, self.size)
    }
}

/// A bounded list: beyond the bound warnings are only counted.
#[derive(Debug)]
pub(crate) struct Warnings {
    pub(crate) list: Vec<Warning>,
    pub(crate) left_out_count: usize,
    count_max: usize,
}

impl Warnings {
    pub(crate) const fn new(count_max: usize) -> Self {
        Self { list: Vec::new(), left_out_count: 0, count_max }
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.left_out_count = 0;
    }

    /// Adds a warning. Skipped spans that touch are joined, so that a damaged stretch is one warning.
    pub(crate) fn push(&mut self, kind: WarningKind, offset: usize, size: usize) {
        if kind == WarningKind::Skipped
            && let Some(last) = self.list.last_mut()
            && last.kind == WarningKind::Skipped
            && offset <= last.offset + last.size
        {
            last.size = (offset + size).saturating_sub(last.offset).max(last.size);
            return;
        }
        if self.list.len() < self.count_max {
            self.list.push(Warning { kind, offset, size });
        } else {
            self.left_out_count += 1;
        }
    }
}
