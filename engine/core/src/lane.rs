//! A lane: documents in, standardized events out, sorted by shard.
//!
//! # Place
//!
//! `Intake` -> **`lane`** (`format` -> `extract` -> `standardize`) -> one `Batch` per shard, and
//! dead letters. A lane keeps nothing between documents but memories that change only its speed,
//! so any lane may read any document.
//!
//! # Holds
//!
//! - Whatever a document holds, the others of the turn are read.
//! - Every event, and every document without any, is counted as one input.

mod ahead;
mod event;
mod identity;
mod particulars;
mod phrase;
mod reader;
mod waybill;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossdock_format::{
    Compression, DecodeError, DecodeLimits, Decoder, Format, Inflater, Node, PADDING, Shapes,
    Splitter, Tape, TapeView,
};
use crossdock_model::id::{FeedId, Position};
use crossdock_model::limits;
use crossdock_model::reject::Reject;
use crossdock_model::time::Micros;

use crate::batch::{Arrival, Batch};
use crate::dead_letter::DeadLetter;
use crate::extract::Slots;
use crate::extract::known::{Layout, Plans};
use crate::feeds::Feeds;
use crate::intake::{Incoming, Intake};
use crate::output::Output;
use crate::standardize::place::Atlas;
use crate::standardize::time::Clock;
use crate::tally::Tally;

use ahead::{Ahead, BLOCK_DOCUMENTS, Values};
use phrase::Phrases;
use reader::{Context, Counts, Reader};
pub(crate) use waybill::write_point;

/// The feed name under which a source hands on what it could not make a document of.
pub const BAD_CAPTURE: &str = "-bad-capture";

/// What a lane needs to know at start.
#[derive(Clone, Debug)]
pub struct LaneOptions {
    /// Bytes of one document.
    pub document_size_max: usize,
    /// Levels of nesting.
    pub document_depth_max: usize,
    /// Events of one document.
    pub document_events_max: usize,
    /// Bytes of a document that its dead letter keeps.
    pub dead_letter_payload_max: usize,
    /// Read of a shipment also what no state needs: references, other numbers, service, places. For
    /// tools; it takes memory per document.
    pub with_particulars: bool,
    /// Read of a shipment also where it goes and by which service: the forecast learns by that.
    pub with_way: bool,
    /// Reads JSON documents by learned shapes where it can. Off, every document is decoded: the same events, more slowly.
    pub uses_shapes: bool,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self {
            document_size_max: limits::DOCUMENT_SIZE_DEFAULT,
            document_depth_max: limits::DOCUMENT_DEPTH_MAX,
            document_events_max: limits::DOCUMENT_EVENTS_MAX,
            dead_letter_payload_max: limits::DEAD_LETTER_PAYLOAD_BYTES_MAX,
            with_particulars: false,
            with_way: false,
            uses_shapes: true,
        }
    }
}

/// Turns documents into batches.
#[derive(Debug)]
pub struct Lane {
    feeds: Feeds,
    options: LaneOptions,
    decoder: Decoder,
    inflater: Inflater,
    /// What is known of the documents of each feed, by its number; made with its first document.
    learned: Vec<Option<Box<Learned>>>,
    /// What was found of the documents of a block ahead of their turn, and their values.
    ahead: Vec<Ahead>,
    ahead_values: Tape<'static>,
    /// Values of the line that is read by its shape.
    values: Tape<'static>,
    /// A copy of the document: decoders unescape in place, and dead letters keep the original.
    buffer: Vec<u8>,
    /// The feed of the document before, since one source mostly sends one feed.
    last_feed: FeedId,
    /// Groups and events of each batch before the present message.
    marks: Vec<(usize, usize)>,
    /// The same before the present document of it.
    part_marks: Vec<(usize, usize)>,
    reader: Reader,
    /// Documents that were read by their shape, without a tape.
    by_shape: u64,
}

/// What a lane writes to during a turn.
#[derive(Debug)]
pub struct LaneOutput<'a> {
    /// One per shard.
    pub batches: &'a mut [Batch],
    /// Dead letters.
    pub letters: &'a mut Output,
}

impl Lane {
    /// Takes the memory it expects to use.
    #[must_use]
    pub fn new(feeds: Feeds, atlas: Atlas, options: LaneOptions) -> Self {
        let limits = DecodeLimits {
            document_size_max: options.document_size_max,
            depth_max: options.document_depth_max,
            ..DecodeLimits::default()
        };
        let reader = Reader {
            clock: Clock { atlas },
            phrases: Phrases::default(),
            slots: Slots::default(),
            children: Vec::new(),
            scratch: String::new(),
            tally: Tally::default(),
            document_events_max: options.document_events_max,
            dead_letter_payload_max: options.dead_letter_payload_max,
            with_particulars: options.with_particulars,
            with_way: options.with_way,
            needs_tape: false,
        };
        Self {
            learned: (0..feeds.set().feeds().len()).map(|_| None).collect(),
            ahead: Vec::new(),
            ahead_values: Tape(Vec::new()),
            values: Tape(Vec::new()),
            feeds,
            decoder: Decoder::new(limits),
            inflater: Inflater::new(options.document_size_max),
            options,
            buffer: Vec::new(),
            last_feed: FeedId(0),
            marks: Vec::new(),
            part_marks: Vec::new(),
            reader,
            by_shape: 0,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.reader.tally
    }

    /// How many documents were read by a learned shape, without a tape.
    #[must_use]
    pub fn documents_by_shape(&self) -> u64 {
        self.by_shape
    }

    /// Reads one turn.
    pub fn read(&mut self, intake: &Intake, out: &mut LaneOutput<'_>) {
        assert!(!out.batches.is_empty());
        let mut values = core::mem::replace(&mut self.ahead_values, Tape(Vec::new())).reset();
        for block in intake.documents().chunks(BLOCK_DOCUMENTS) {
            self.look_ahead(intake, block, &mut values.0);
            let mut ahead = core::mem::take(&mut self.ahead);
            for (incoming, found) in block.iter().zip(ahead.drain(..)) {
                self.message(intake, incoming, (found, &values.0), out);
            }
            self.ahead = ahead;
        }
        self.ahead_values = values.reset();
    }

    /// Reads one message, of which something may have been found ahead of its turn.
    fn message(
        &mut self,
        intake: &Intake,
        incoming: &Incoming,
        ahead: (Ahead, &[Node<'_>]),
        out: &mut LaneOutput<'_>,
    ) {
        self.arrive(intake, incoming, out);
        if intake.is_control(incoming) {
            self.reader.tally.ticks += 1;
        } else if incoming.is_left_out() {
            self.leave_out(intake, incoming, "the engine panics when it applies it", out);
        } else {
            self.guarded(intake, incoming, ahead, out);
            self.note_lateness(out);
        }
    }

    /// Tells every shard that the message is there.
    fn arrive(&self, intake: &Intake, incoming: &Incoming, out: &mut LaneOutput<'_>) {
        let feed = self.feeds.by_name_near(intake.feed(incoming), self.last_feed);
        let feed = feed.map(|feed| feed.id);
        for batch in out.batches.iter_mut() {
            // One source mostly sends for one tenant: its name is put down once.
            let tenant = match batch.arrivals.last() {
                Some(last) if batch.text(last.tenant) == intake.tenant(incoming) => last.tenant,
                _ => batch.put(intake.tenant(incoming)),
            };
            batch.arrivals.push(Arrival {
                seq: incoming.seq,
                received: incoming.received,
                tenant,
                feed,
                happened: Micros::NONE,
                rules: incoming.rules().cloned(),
            });
        }
    }

    /// Notes how late the event of a document came, where it brought one: longer histories are
    /// mostly known, and say nothing about it.
    fn note_lateness(&self, out: &mut LaneOutput<'_>) {
        let marks = || out.batches.iter().zip(&self.marks);
        let new = |(batch, (_, items)): (&Batch, &(usize, usize))| batch.items.len() - items;
        if marks().map(new).sum::<usize>() != 1 {
            return;
        }
        let item = marks().find(|it| new(*it) == 1).and_then(|(batch, _)| batch.items.last());
        let happened = item.map_or(Micros::NONE, |item| item.event.time.instant);
        for arrival in out.batches.iter_mut().filter_map(|batch| batch.arrivals.last_mut()) {
            arrival.happened = happened;
        }
    }

    /// Reads one document; a bug that it wakes costs this document and no other.
    ///
    /// A panic leaves nothing behind: what the document had put into the outputs is taken back, the
    /// account is as it was before, and everything else that a lane keeps is made anew with the
    /// next document. Without this a document that panics would stop every restart at the same place.
    fn guarded(
        &mut self,
        intake: &Intake,
        incoming: &Incoming,
        ahead: (Ahead, &[Node<'_>]),
        out: &mut LaneOutput<'_>,
    ) {
        self.marks.clear();
        self.marks.extend(out.batches.iter().map(|it| (it.groups.len(), it.items.len())));
        let (tally, letter_count) = (self.reader.tally, out.letters.messages().len());
        let attempt = AssertUnwindSafe(|| self.document(intake, incoming, ahead, out));
        if catch_unwind(attempt).is_ok() {
            return;
        }
        for (batch, (groups, items)) in out.batches.iter_mut().zip(&self.marks) {
            batch.truncate(*groups, *items);
        }
        out.letters.truncate(letter_count);
        self.reader.tally = tally;
        self.leave_out(intake, incoming, "the engine panicked while it read this document", out);
    }

    /// A document goes to the dead letters whole, and no further.
    #[cold]
    fn leave_out(
        &mut self,
        intake: &Intake,
        incoming: &Incoming,
        detail: &'static str,
        out: &mut LaneOutput<'_>,
    ) {
        self.reader.tally.documents += 1;
        let original = intake.document(incoming);
        self.reader.tally.bytes += original.len() as u64;
        let letter = DeadLetter {
            reject: Reject::Quarantined,
            detail,
            offset: None,
            tenant: intake.tenant(incoming),
            feed: intake.feed(incoming),
            position: Position { seq: incoming.seq, index: 0 },
            received: incoming.received,
            payload: original,
        };
        self.reader.letter(&letter, out);
    }

    /// Reads one message: a document, or several of them, a line each.
    fn document(
        &mut self,
        intake: &Intake,
        incoming: &Incoming,
        (ahead, values): (Ahead, &[Node<'_>]),
        out: &mut LaneOutput<'_>,
    ) {
        let original = intake.document(incoming);
        let name = intake.feed(incoming);
        let Self { feeds, options, inflater, last_feed, reader, .. } = self;
        #[cfg(test)]
        tests::panic_if_planted(original);
        reader.tally.documents += 1;
        reader.tally.bytes += original.len() as u64;
        let found = feeds.by_name_near(name, *last_feed);
        let mut letter = DeadLetter {
            reject: Reject::UnknownFeed,
            detail: "",
            offset: None,
            tenant: intake.tenant(incoming),
            feed: name,
            position: Position { seq: incoming.seq, index: 0 },
            received: incoming.received,
            payload: original,
        };
        let Some(feed) = found else {
            if name == BAD_CAPTURE {
                letter.reject = Reject::BadCapture;
                letter.feed = "";
            }
            reader.letter(&letter, out);
            return;
        };
        *last_feed = feed.id;
        if options.document_size_max < original.len() {
            letter.reject = Reject::TooLarge;
            letter.offset = Some(options.document_size_max as u64);
            reader.letter(&letter, out);
            return;
        }
        let is_plain = matches!(ahead, Ahead::Values(_) | Ahead::NeedsTape);
        let original = match is_plain {
            true => original,
            false => match inflated(inflater, original) {
                Ok(plain) => plain,
                Err(error) => return reader.unreadable(letter, &error, out),
            },
        };
        let mut context = Context {
            feed,
            keys: feeds.keys(feed.id),
            tenant: letter.tenant,
            feed_name: name,
            seq: incoming.seq,
            received: incoming.received,
            original,
            offset: 0,
            counts: Counts::default(),
        };
        let mut parts = Parts {
            format: feeds.format(feed.id),
            decoder: &mut self.decoder,
            buffer: &mut self.buffer,
            values: &mut self.values,
            marks: &mut self.part_marks,
            reader,
            by_shape: &mut self.by_shape,
        };
        let learned = &mut self.learned[usize::from(feed.id.0)];
        let uses_shapes = options.uses_shapes && !options.with_particulars;
        parts.message((learned, uses_shapes), (&ahead, values), &mut context, out);
    }
}

/// The document itself: what was packed with gzip or zstd is unpacked, up to the limit.
fn inflated<'a>(inflater: &'a mut Inflater, original: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let Some(compression) = Compression::detect(original) else { return Ok(original) };
    let (bytes, size) = inflater.inflate(compression, original)?;
    Ok(&bytes[..size])
}

/// What is known of the documents of one feed.
#[derive(Debug)]
struct Learned {
    shapes: Shapes,
    plans: Plans,
}

impl Learned {
    /// The layout of what was found ahead, if it has not been forgotten since.
    fn layout(&self, found: &Values) -> Option<&Layout> {
        let is_kept = self.shapes.extent().1 == found.generation;
        is_kept.then(|| self.plans.layout(found.layout))
    }
}

/// What reads the parts of one document.
struct Parts<'l> {
    format: &'l Format,
    decoder: &'l mut Decoder,
    buffer: &'l mut Vec<u8>,
    values: &'l mut Tape<'static>,
    marks: &'l mut Vec<(usize, usize)>,
    reader: &'l mut Reader,
    by_shape: &'l mut u64,
}

impl Parts<'_> {
    /// A message, with what was found of it ahead of its turn.
    fn message(
        &mut self,
        (learned, uses_shapes): (&mut Option<Box<Learned>>, bool),
        (ahead, values): (&Ahead, &[Node<'_>]),
        context: &mut Context<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        match ahead {
            Ahead::Values(found) => {
                if let Some(layout) = learned.as_ref().and_then(|it| it.layout(found)) {
                    let values = TapeView::new(&values[found.nodes.clone()]);
                    self.by_layout(context, values, layout, out);
                    return self.reader.finish(context, out);
                }
            }
            Ahead::NeedsTape => {
                self.decoded(context, out);
                return self.reader.finish(context, out);
            }
            Ahead::Unread => {}
        }
        self.all(uses_shapes.then_some(learned), context, out);
    }

    /// A message: a document, or lines that are documents each. `learned` where shapes are used.
    fn all(
        &mut self,
        mut learned: Option<&mut Option<Box<Learned>>>,
        context: &mut Context<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        let message = context.original;
        let mut splitter = Splitter::new(self.format, message);
        if !splitter.is_by_line() {
            return self.one(learned, context, out);
        }
        let mut is_blank = true;
        while let Some(range) = splitter.next_range(message) {
            is_blank = false;
            context.begin_line(message, range);
            self.one(learned.as_deref_mut(), context, out);
        }
        if is_blank {
            self.reader.finish(context, out);
        }
    }

    /// One document.
    fn one(
        &mut self,
        learned: Option<&mut Option<Box<Learned>>>,
        context: &mut Context<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        match (self.format, learned) {
            (Format::Json | Format::Ndjson, Some(learned)) => self.json(learned, context, out),
            _ => self.decoded(context, out),
        }
        self.reader.finish(context, out);
    }

    /// A JSON document: by its shape, where that is known and the feed asks for values alone.
    fn json(
        &mut self,
        learned: &mut Option<Box<Learned>>,
        context: &mut Context<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        if let Some(Learned { shapes, plans }) = learned.as_deref_mut()
            && let Some(text) = shapes.read(context.original)
        {
            let mut values = core::mem::replace(self.values, Tape(Vec::new())).reset();
            let layout = plans.read(context.keys, shapes, text, &mut values.0);
            match layout.map(|index| plans.layout(index)) {
                Some(layout) => self.by_layout(context, TapeView::new(&values.0), layout, out),
                None => self.decoded(context, out),
            }
            *self.values = values.reset();
            return;
        }
        self.taught(learned, context, out);
    }

    /// A document of which the values are known, or where they don't suffice, by the decoder.
    fn by_layout(
        &mut self,
        context: &mut Context<'_>,
        values: TapeView<'_>,
        layout: &Layout,
        out: &mut LaneOutput<'_>,
    ) {
        if self.known(context, values, layout, out) {
            *self.by_shape += 1;
        } else {
            self.decoded(context, out);
        }
    }

    /// Reads what a shape's plan found. Where a part of the document would have to be shown, that is taken back: only a tape can.
    fn known(
        &mut self,
        context: &mut Context<'_>,
        values: TapeView<'_>,
        layout: &Layout,
        out: &mut LaneOutput<'_>,
    ) -> bool {
        let (inputs, before) = (self.reader.tally.inputs, context.counts);
        self.marks.clear();
        self.marks.extend(out.batches.iter().map(|it| (it.groups.len(), it.items.len())));
        if self.reader.known(context, values, layout, out) {
            return true;
        }
        for (batch, (groups, items)) in out.batches.iter_mut().zip(&*self.marks) {
            batch.truncate(*groups, *items);
        }
        self.reader.tally.inputs = inputs;
        context.counts = before;
        false
    }

    /// A JSON document by the decoder; its shape is learned.
    fn taught(
        &mut self,
        learned: &mut Option<Box<Learned>>,
        context: &mut Context<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        let limits = *self.decoder.limits();
        let fresh = || Box::new(Learned { shapes: Shapes::new(limits), plans: Plans::default() });
        let Learned { shapes, .. } = &mut **learned.get_or_insert_with(fresh);
        let original = context.original;
        pad_copy(original, self.buffer);
        let decoded = self.decoder.decode_padded(self.format, self.buffer, original.len());
        if let Ok(document) = &decoded {
            let keys = context.keys;
            shapes.learn(original, document.view().nodes, |key| keys.id(key));
        }
        self.reader.part(context, decoded, out);
    }

    /// A document by the decoder.
    fn decoded(&mut self, context: &mut Context<'_>, out: &mut LaneOutput<'_>) {
        pad_copy(context.original, self.buffer);
        let decoded = self.decoder.decode_padded(self.format, self.buffer, context.original.len());
        self.reader.part(context, decoded, out);
    }
}

/// A copy with the room behind it that decoders ask for.
fn pad_copy(text: &[u8], buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(text);
    buffer.resize(text.len() + PADDING, 0);
}

#[cfg(test)]
mod tests {
    use crossdock_model::reject::Outcome;
    use crossdock_model::time::Micros;

    use super::*;
    use crate::engine::{Engine, EngineOptions};

    /// Stands in for a bug in a stage.
    const PLANTED: &[u8] = br#"{"planted":"panic"}"#;

    pub(super) fn panic_if_planted(document: &[u8]) {
        assert!(document != PLANTED, "planted");
    }

    #[test]
    fn compressed_documents_are_read_and_bombs_are_dead_letters() {
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let mut engine = Engine::new(&feeds, &EngineOptions::default());
        let mut intake = Intake::default();
        let now = Micros(1_779_372_849_000_000);
        let event =
            br#"{"tracking_number":"A-1","event":"PACKED","at":"2026-05-20T09:00:00Z"}"#.as_slice();
        let bomb = vec![b' '; 4 * limits::DOCUMENT_SIZE_DEFAULT];
        intake.push(1, now, "acme", "generic", &gzip(event));
        intake.push(2, now, "acme", "generic", &zstd::encode_all(event, 1).expect("memory"));
        intake.push(3, now, "acme", "generic", &gzip(&bomb));
        intake.push(4, now, "acme", "generic", &zstd::encode_all(&*bomb, 1).expect("memory"));
        intake.push(5, now, "acme", "generic", &gzip(event)[..20]);
        let mut subjects = Vec::new();
        engine.turn(&intake, |output, message| subjects.push(output.subject(message).to_owned()));
        let expected = [
            "ms.acme.operations.milestone",
            "dlq.acme.too_large",
            "dlq.acme.too_large",
            "dlq.acme.malformed",
        ];
        assert_eq!(subjects, expected);
        let tally = engine.tally();
        assert_eq!((tally.inputs, tally.of(Outcome::Known)), (5, 1));
    }

    /// The mark between the parts of a place is a byte that a document may hold.
    #[test]
    fn a_separator_in_a_text_does_not_move_it_into_another_field() {
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let mut engine = Engine::new(&feeds, &EngineOptions::default());
        let mut intake = Intake::default();
        let event = br#"{"tracking_number":"A-1","event":"PACKED","at":"2026-05-20T09:00:00Z","city":"Bad\u001fHombourg","region":"HE"}"#;
        intake.push(1, Micros(1_779_372_849_000_000), "acme", "generic", event);
        let mut said = String::new();
        engine.turn(&intake, |output, message| {
            said.push_str(&String::from_utf8_lossy(output.body(message)));
        });
        assert!(said.contains(r#""city":"Bad Hombourg","region":"HE""#), "{said}");
    }

    /// A message's documents, each by itself or as lines of one message, say the same of every shipment.
    #[test]
    fn lines_are_documents_each_with_an_account_of_its_own() {
        let event = |number: &str, event: &str| {
            format!(
                r#"{{"tracking_number":"{number}","event":"{event}","at":"2026-05-20T09:00:00Z"}}"#
            )
        };
        let lines = [
            event("A-1", "PACKED"),
            String::from(r#"{"tracking_number":"A-2","#),
            event("A-2", "PACKED"),
            String::from("{}"),
            event("A-1", "MANIFESTED"),
            event("A-1", "PACKED"),
        ];
        let message = lines.join("\r\n");
        for uses_shapes in [true, false] {
            let feeds = Feeds::new(crossdock_rules::feed::builtin());
            let lane = LaneOptions { uses_shapes, ..LaneOptions::default() };
            let options = EngineOptions { lane, ..EngineOptions::default() };
            let mut engine = Engine::new(&feeds, &options);
            let mut intake = Intake::default();
            intake.push(1, Micros(1_779_372_849_000_000), "acme", "generic", message.as_bytes());
            let mut found = Vec::new();
            engine.turn(&intake, |output, message| {
                let subject = output.subject(message).rsplit_once('.').map_or("", |it| it.1);
                let body = String::from_utf8_lossy(output.body(message)).into_owned();
                let offset = body.split_once("\"offset\":").map_or("", |it| it.1);
                let offset = offset.split([',', '}']).next().unwrap_or("");
                found.push(format!("{} {subject} {offset}", message.position.index));
            });
            let bad = lines[0].len() + 2 + lines[1].len();
            let malformed = format!("1 malformed {bad}");
            let expected =
                ["0 milestone ", &malformed, "2 milestone ", "3 no_number ", "4 milestone "];
            assert_eq!(found, expected);
            let tally = engine.tally();
            assert_eq!((tally.documents, tally.inputs, tally.of(Outcome::Known)), (1, 6, 1));
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn a_document_that_panics_is_set_aside_and_the_others_are_read() {
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let mut engine = Engine::new(&feeds, &EngineOptions::default());
        let mut intake = Intake::default();
        let now = Micros(1_779_372_849_000_000);
        let event = |event: &str| {
            format!(r#"{{"tracking_number":"A-1","event":"{event}","at":"2026-05-20T09:00:00Z"}}"#)
        };
        intake.push(1, now, "acme", "generic", event("PACKED").as_bytes());
        intake.push(2, now, "acme", "generic", PLANTED);
        intake.push(3, now, "acme", "generic", event("MANIFESTED").as_bytes());
        let mut subjects = Vec::new();
        engine.turn(&intake, |output, message| subjects.push(output.subject(message).to_owned()));
        assert_eq!(
            subjects,
            ["ms.acme.operations.milestone", "dlq.acme.quarantined", "ms.acme.customer.milestone"]
        );
        let tally = engine.tally();
        assert_eq!((tally.documents, tally.inputs, tally.of(Outcome::Dead)), (3, 3, 1));
    }
}
