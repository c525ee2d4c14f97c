//! Tells the feed of a document that nobody named one for.
//!
//! # Method
//!
//! The first bytes tell the format. The document is decoded once, and every feed of that format
//! that declares what its documents have (`detect`) is asked; the one that asks for most wins, and
//! of equals the first by name.
//!
//! # Does not hold
//!
//! - Speed: this is for tools and tests, not for the way of an event.

use crossdock_format::{Compression, DecodeLimits, Decoder, Format, Inflater};
use crossdock_model::limits;
use crossdock_rules::feed::program::Feed;

use crate::extract::evaluate::Evaluator;
use crate::extract::{self, Slots};
use crate::feeds::Feeds;

/// Guesses feeds.
#[derive(Debug)]
pub struct Guesser {
    feeds: Feeds,
    decoder: Decoder,
    inflater: Inflater,
}

impl Guesser {
    /// A guesser over the loaded feeds.
    #[must_use]
    pub fn new(feeds: Feeds) -> Self {
        let inflater = Inflater::new(limits::DOCUMENT_SIZE_DEFAULT);
        Self { feeds, decoder: Decoder::new(DecodeLimits::default()), inflater }
    }

    /// The format of a document and the document as JSON, whatever it was: what a feed's paths see.
    pub fn plain(&mut self, document: &[u8]) -> Option<(&'static str, String)> {
        let format = format_of(document)?;
        let mut bytes = document.to_vec();
        let decoded = self.decoder.decode(&format, &mut bytes).ok()?;
        Some((format.name(), decoded.view().to_json()))
    }

    /// The feed that reads a document, if one says so.
    pub fn feed_of(&mut self, document: &[u8]) -> Option<String> {
        let document = match Compression::detect(document) {
            None => document,
            Some(compression) => {
                let (bytes, size) = self.inflater.inflate(compression, document).ok()?;
                &bytes[..size]
            }
        };
        let format = format_of(document)?;
        let mut bytes = document.to_vec();
        let decoded = self.decoder.decode(&format, &mut bytes).ok()?;
        let tape = decoded.view();
        let mut best: Option<&Feed> = None;
        for feed in self.feeds.set().feeds() {
            let reads_it = self.feeds.format(feed.id).name() == format.name();
            if !reads_it || feed.detect.is_empty() {
                continue;
            }
            let mut slots = Slots::default();
            let mut children = Vec::new();
            let mut scratch = String::new();
            let root = tape.elements(0).next().unwrap_or(0);
            let level = self.feeds.keys(feed.id).level(0);
            extract::fill(tape, root, level, &mut slots, &mut children);
            let mut evaluator = Evaluator { tape, slots: &slots, scratch: &mut scratch };
            let is_it = feed.detect.iter().all(|expr| evaluator.is_present(expr));
            if is_it && best.is_none_or(|best| best.detect.len() < feed.detect.len()) {
                best = Some(feed);
            }
        }
        best.map(|feed| String::from(&*feed.name))
    }
}

/// The format of a document, by its first bytes.
fn format_of(document: &[u8]) -> Option<Format> {
    let start = document.trim_ascii_start();
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let begins = |tag: &&[u8]| start.starts_with(tag);
    match start.first()? {
        b'{' | b'[' => Some(Format::Json),
        b'<' => Some(Format::Xml),
        // UTF-16, by its mark or by the zero beside the first sign.
        0 | 0xFE | 0xFF if start.get(..4).is_some_and(|it| it.contains(&b'<')) => Some(Format::Xml),
        0 | 0xFE | 0xFF => Some(Format::Json),
        _ if [&b"ISA"[..], b"GS*", b"GS|", b"ST*214", b"ST|214"].iter().any(begins) => {
            Some(Format::X12)
        }
        _ if [&b"UNA"[..], b"UNB", b"UNH+", b"UNG+"].iter().any(begins) => Some(Format::Edifact),
        _ => None,
    }
}
