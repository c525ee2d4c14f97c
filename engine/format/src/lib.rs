//! Bytes of any wire format to one tape.
//!
//! # Place
//! First stage of the way of an event: a message's bytes come in, a flat list of [`Node`]s goes out, and the
//! feed's compiled paths walk it. Knows nothing of carriers; pure: no clock, file or thread.
//!
//! # Method
//! simd-json's tape *is* the tape: `Object { len, count }` and `Array { len, count }` are followed by `count` nodes,
//! keys are `String` nodes. JSON is parsed into it directly; every other format is scanned once into a compact
//! list of spans and then written out as the same nodes, so that one extractor walks all. Storage is reused.
//!
//! # Holds
//! [`Decoder`] (all formats), [`Shapes`] (the quick way for JSON that repeats), [`Document`] and [`TapeView`] (what comes out), [`Splitter`] (documents of a payload),
//! [`DecodeLimits`], [`DecodeError`], [`Warning`].
//!
//! # Does not hold
//! Paths, code tables, time: those are the feed's.

#[cfg(test)]
mod check;
mod compression;
mod csv;
mod decode;
mod edifact;
mod encoding;
mod envelope;
mod error;
mod foreign;
mod json;
mod keys;
mod limits;
mod names;
mod outline;
mod scanners;
mod segments;
mod shape;
mod split;
mod tape;
mod warning;
mod x12;
mod xml;

pub use compression::{Compression, Inflater};
pub use decode::{CsvOptions, Decoder, Document, Format, PADDING, pad};
pub use error::{DecodeError, DecodeErrorKind};
pub use limits::DecodeLimits;
pub use shape::{Follows, Key, Op, Run, Shapes, Step};
pub use simd_json::{Node, StaticNode, Tape};
pub use split::Splitter;
pub use tape::{Elements, Entries, NumberText, TapeView};
pub use warning::{Tag, Warning, WarningKind};
