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

use core::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossdock_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, Decoder, Document, Format, PADDING, Splitter,
    TapeView, WarningKind,
};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Fingerprint, Position};
use crossdock_model::limits;
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Reason;
use crossdock_model::reject::{Outcome, Reject};
use crossdock_model::time::{EventTime, Micros, Precision};
use crossdock_rules::feed::program::{self, Carrier, Feed, Meaning};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::batch::{Batch, Group, Item, Span, Words};
use crate::dead_letter::{self, DeadLetter};
use crate::entry::{self, Weight};
use crate::extract::evaluate::{Evaluator, Text};
use crate::extract::keys::FeedKeys;
use crate::extract::{self, Slots};
use crate::feeds::Feeds;
use crate::intake::{Incoming, Intake};
use crate::output::Output;
use crate::say::SEPARATOR_TEXT;
use crate::shard::shipment_key;
use crate::standardize::meaning::Meanings;
use crate::standardize::number;
use crate::standardize::place::{Atlas, PlaceTexts};
use crate::standardize::time::Clock;
use crate::tally::Tally;

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
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self {
            document_size_max: limits::DOCUMENT_SIZE_DEFAULT,
            document_depth_max: limits::DOCUMENT_DEPTH_MAX,
            document_events_max: limits::DOCUMENT_EVENTS_MAX,
        }
    }
}

/// Turns documents into batches.
#[derive(Debug)]
pub struct Lane {
    feeds: Feeds,
    options: LaneOptions,
    decoder: Decoder,
    /// A copy of the document: decoders unescape in place, and dead letters keep the original.
    buffer: Vec<u8>,
    /// The feed of the document before, since one source mostly sends one feed.
    last_feed: FeedId,
    /// Groups and events of each batch before the present document.
    marks: Vec<(usize, usize)>,
    reader: Reader,
}

/// Reads one tape; apart from the decoder, whose storage the tape borrows.
#[derive(Debug)]
struct Reader {
    clock: Clock,
    meanings: Meanings,
    slots: Slots,
    children: Vec<u32>,
    scratch: String,
    tally: Tally,
    document_events_max: usize,
}

/// What a lane writes to during a turn.
#[derive(Debug)]
pub struct LaneOutput<'a> {
    /// One per shard.
    pub batches: &'a mut [Batch],
    /// Dead letters.
    pub letters: &'a mut Output,
}

/// The document that is being read.
struct Context<'a> {
    feed: &'a Feed,
    keys: &'a FeedKeys,
    tenant: &'a str,
    feed_name: &'a str,
    seq: u64,
    received: Micros,
    original: &'a [u8],
    /// Inputs of this document so far.
    input_count: u32,
    /// Index of the next event or dead letter within the document.
    index: u32,
    /// Shipments of this document so far.
    shipment_count: u32,
}

/// The shipment that is being read.
#[derive(Clone, Copy)]
struct Open {
    shard: usize,
    group: usize,
    is_return: bool,
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
            meanings: Meanings::default(),
            slots: Slots::default(),
            children: Vec::new(),
            scratch: String::new(),
            tally: Tally::default(),
            document_events_max: options.document_events_max,
        };
        Self {
            feeds,
            options,
            decoder: Decoder::new(limits),
            buffer: Vec::new(),
            last_feed: FeedId(0),
            marks: Vec::new(),
            reader,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.reader.tally
    }

    /// Reads one turn.
    pub fn read(&mut self, intake: &Intake, out: &mut LaneOutput<'_>) {
        assert!(!out.batches.is_empty());
        for incoming in intake.documents() {
            self.guarded(intake, incoming, out);
        }
    }

    /// Reads one document; a bug that it wakes costs this document and no other.
    ///
    /// A panic leaves nothing behind: what the document had put into the outputs is taken back, the
    /// account is as it was before, and everything else that a lane keeps is made anew with the
    /// next document. Without this a document that panics would stop every restart at the same place.
    fn guarded(&mut self, intake: &Intake, incoming: &Incoming, out: &mut LaneOutput<'_>) {
        self.marks.clear();
        self.marks.extend(out.batches.iter().map(|it| (it.groups.len(), it.items.len())));
        let (tally, letter_count) = (self.reader.tally, out.letters.messages().len());
        let attempt = AssertUnwindSafe(|| self.document(intake, incoming, out));
        if catch_unwind(attempt).is_ok() {
            return;
        }
        for (batch, (groups, items)) in out.batches.iter_mut().zip(&self.marks) {
            batch.truncate(*groups, *items);
        }
        out.letters.truncate(letter_count);
        self.reader.tally = tally;
        self.reader.tally.documents += 1;
        let original = intake.document(incoming);
        self.reader.tally.bytes += original.len() as u64;
        let letter = DeadLetter {
            reject: Reject::Quarantined,
            detail: "the engine panicked while it read this document",
            offset: None,
            tenant: intake.tenant(incoming),
            feed: intake.feed(incoming),
            position: Position { seq: incoming.seq, index: 0 },
            received: incoming.received,
            payload: original,
        };
        self.reader.letter(&letter, out);
    }

    /// Reads one document, which may be several lines of NDJSON.
    fn document(&mut self, intake: &Intake, incoming: &Incoming, out: &mut LaneOutput<'_>) {
        let original = intake.document(incoming);
        let name = intake.feed(incoming);
        let Self { feeds, options, decoder, buffer, last_feed, reader, .. } = self;
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
        let mut context = Context {
            feed,
            keys: feeds.keys(feed.id),
            tenant: letter.tenant,
            feed_name: name,
            seq: incoming.seq,
            received: incoming.received,
            original,
            input_count: 0,
            index: 0,
            shipment_count: 0,
        };
        buffer.clear();
        buffer.extend_from_slice(original);
        buffer.resize(original.len() + PADDING, 0);
        let format = feeds.format(feed.id);
        if *format == Format::Ndjson {
            let mut splitter = Splitter::new(format);
            while let Some(range) = splitter.next_range(original) {
                let start = range.start;
                let decoded = decoder.decode_padded(format, &mut buffer[start..], range.len());
                reader.part(&mut context, decoded, range, out);
            }
        } else {
            let decoded = decoder.decode_padded(format, buffer, original.len());
            reader.part(&mut context, decoded, 0..original.len(), out);
        }
        reader.finish(&context, out);
    }
}

const fn reject_of(kind: DecodeErrorKind) -> Reject {
    match kind {
        DecodeErrorKind::TooDeep => Reject::TooDeep,
        DecodeErrorKind::TooLarge => Reject::TooLarge,
        _ => Reject::Malformed,
    }
}

impl Context<'_> {
    /// One more input, with an index of its own.
    fn count_input(&mut self) {
        self.input_count += 1;
        self.index += 1;
    }

    fn letter<'b>(&'b self, reject: Reject, detail: &'b str) -> DeadLetter<'b> {
        DeadLetter {
            reject,
            detail,
            offset: None,
            tenant: self.tenant,
            feed: self.feed_name,
            position: Position { seq: self.seq, index: self.index },
            received: self.received,
            payload: self.original,
        }
    }
}

impl Reader {
    /// Reads one decoded part of a document, or says why it could not be decoded.
    fn part(
        &mut self,
        context: &mut Context<'_>,
        decoded: Result<Document<'_>, DecodeError>,
        range: Range<usize>,
        out: &mut LaneOutput<'_>,
    ) {
        let (original, start) = (context.original, range.start);
        match decoded {
            Ok(document) => {
                self.tally.warnings += document.warnings().len() as u64;
                for warning in document.warnings() {
                    if warning.kind == WarningKind::Skipped {
                        let at = (start + warning.offset).min(original.len());
                        let end = (at + warning.size).min(original.len());
                        let detail = warning.to_string();
                        let letter = DeadLetter {
                            offset: Some(at as u64),
                            payload: &original[at..end],
                            ..context.letter(Reject::Skipped, &detail)
                        };
                        self.letter(&letter, out);
                        context.count_input();
                    }
                }
                self.document(context, document.view(), out);
            }
            Err(error) => {
                let letter = DeadLetter {
                    offset: Some((start + error.offset) as u64),
                    payload: &original[range],
                    ..context.letter(reject_of(error.kind), &error.message)
                };
                self.letter(&letter, out);
                context.count_input();
            }
        }
    }

    /// A document that yielded nothing is one input all the same.
    fn finish(&mut self, context: &Context<'_>, out: &mut LaneOutput<'_>) {
        if 0 < context.input_count {
            return;
        }
        if 0 < context.shipment_count {
            self.tally.documents_empty += 1;
            self.tally.inputs += 1;
            self.tally.outcome(Outcome::History);
        } else {
            let detail = "nothing stands where the feed looks for shipments";
            self.letter(&context.letter(Reject::NoShipment, detail), out);
        }
    }

    /// Counts and keeps a dead letter.
    fn letter(&mut self, letter: &DeadLetter<'_>, out: &mut LaneOutput<'_>) {
        self.tally.inputs += 1;
        self.tally.reject(letter.reject);
        dead_letter::push(letter, out.letters);
    }

    fn document(
        &mut self,
        context: &mut Context<'_>,
        tape: TapeView<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        self.scratch.clear();
        self.children.clear();
        // A document may be an array of documents.
        let is_list = matches!(tape.nodes.first(), Some(crossdock_format::Node::Array { .. }))
            && !context.feed.levels[0].descend_here;
        if is_list {
            for element in tape.elements(0) {
                self.level(context, tape, 0, element, None, out);
            }
        } else {
            self.level(context, tape, 0, 0, None, out);
        }
        let feed = context.feed;
        // An empty list filled no slots; those of the document before say nothing about it.
        let was_read = !is_list || tape.elements(0).next().is_some();
        if was_read && context.shipment_count == 0 && context.input_count == 0 {
            let mut evaluator = Evaluator { tape, slots: &self.slots, scratch: &mut self.scratch };
            let is_empty = feed.empty_if.iter().any(|expr| evaluator.is_present(expr));
            context.shipment_count += u32::from(is_empty);
        }
    }

    /// Reads one node of one level and everything below it.
    fn level(
        &mut self,
        context: &mut Context<'_>,
        tape: TapeView<'_>,
        level_index: usize,
        node: usize,
        open: Option<Open>,
        out: &mut LaneOutput<'_>,
    ) {
        let feed = context.feed;
        let start = self.children.len();
        let level = context.keys.level(level_index);
        extract::fill(tape, node, level, &mut self.slots, &mut self.children);
        let end = self.children.len();
        let mut open = open;
        let is_shipment = level_index == feed.shipment_level;
        if is_shipment {
            open = self.open_shipment(context, tape, node, out);
            if open.is_none() {
                self.children.truncate(start);
                return;
            }
        }
        if level_index + 1 == feed.levels.len() {
            if let Some(open) = open {
                self.event(context, tape, node, open, out);
            }
        } else {
            // Ends: the children of this node are a fixed range; deeper ones are put behind it.
            for at in start..end {
                let child = self.children[at] as usize;
                self.level(context, tape, level_index + 1, child, open, out);
            }
        }
        self.children.truncate(start);
        if let (true, Some(open)) = (is_shipment, open) {
            let batch = &mut out.batches[open.shard];
            if batch.groups[open.group].item_count == 0 {
                // An estimate alone has a place of its own in the order of the log.
                context.index += 1;
            }
            close_shipment(feed, batch, open.group);
        }
    }
}

impl Reader {
    /// Begins a shipment; `None` where it has no number, which becomes a dead letter.
    fn open_shipment(
        &mut self,
        context: &mut Context<'_>,
        tape: TapeView<'_>,
        node: usize,
        out: &mut LaneOutput<'_>,
    ) -> Option<Open> {
        context.shipment_count += 1;
        let feed = context.feed;
        let mut evaluator = Evaluator { tape, slots: &self.slots, scratch: &mut self.scratch };
        let text = evaluator.text(&feed.shipment.number);
        let found = match &text {
            None => Err(Reject::NoNumber),
            Some(_) if evaluator.lost_digits(&feed.shipment.number) => {
                Err(Reject::ImpossibleNumber)
            }
            Some(text) => number::normalize(evaluator.str(text)).ok_or(Reject::ImpossibleNumber),
        };
        let number = match found {
            Ok(number) => number,
            Err(reject) => {
                let said = text.map(|text| String::from(evaluator.str(&text)));
                self.reject_node(context, (tape, node), reject, said.as_deref(), out);
                return None;
            }
        };
        let mut name = [0_u8; 64];
        let carrier = carrier_name(&mut evaluator, feed, &mut name);
        let key = shipment_key(context.tenant, carrier, number.as_bytes());
        let shard = key.shard(out.batches.len());
        let batch = &mut out.batches[shard];
        let carrier = batch.put(carrier);
        let tenant = batch.put(context.tenant);
        let number = batch.put(number.as_str());
        let order = put_text(&mut evaluator, &feed.shipment.order, batch);
        let unique = match evaluator.text(&feed.shipment.unique) {
            Some(text) => (xxh3_64(evaluator.str(&text).as_bytes()) as u16).max(1),
            None => 0,
        };
        let is_return = evaluator.truth(&feed.shipment.is_return).unwrap_or(false);
        let eta = match &feed.shipment.eta {
            Some(policy) => {
                let place = PlaceTexts::find(&mut evaluator, &feed.shipment.destination);
                self.clock.read(&mut evaluator, policy, &place).unwrap_or_default()
            }
            None => EventTime::default(),
        };
        batch.groups.push(Group {
            key,
            seq: context.seq,
            received: context.received,
            tenant,
            carrier,
            number,
            order,
            unique,
            eta,
            index: context.index,
            feed: feed.id,
            first_item: batch.items.len() as u32,
            item_count: 0,
        });
        Some(Open { shard, group: batch.groups.len() - 1, is_return })
    }

    /// A dead letter about one node of a document: its payload is the node as JSON.
    fn reject_node(
        &mut self,
        context: &mut Context<'_>,
        (tape, node): (TapeView<'_>, usize),
        reject: Reject,
        said: Option<&str>,
        out: &mut LaneOutput<'_>,
    ) {
        let mut payload = String::new();
        tape.write_json(node, &mut payload);
        let detail = said.map_or(String::new(), |said| format!("found \"{said}\""));
        let letter = DeadLetter { payload: payload.as_bytes(), ..context.letter(reject, &detail) };
        self.letter(&letter, out);
        context.count_input();
    }

    /// Reads one event.
    fn event(
        &mut self,
        context: &mut Context<'_>,
        tape: TapeView<'_>,
        node: usize,
        open: Open,
        out: &mut LaneOutput<'_>,
    ) {
        let feed = context.feed;
        let mut evaluator = Evaluator { tape, slots: &self.slots, scratch: &mut self.scratch };
        if evaluator.truth(&feed.event.skip_if).unwrap_or(false) {
            return;
        }
        if self.document_events_max <= context.input_count as usize {
            // One dead letter says it for all that follow, which are counted one by one.
            if context.input_count as usize == self.document_events_max {
                self.reject_node(context, (tape, node), Reject::TooManyEvents, None, out);
            } else {
                self.tally.inputs += 1;
                self.tally.reject(Reject::TooManyEvents);
            }
            return;
        }
        let mut codes: [Text<'_>; program::CODE_FIELDS_MAX] = [const { Text::Tape("") }; _];
        let mut code_count = 0;
        for (field, (_, expr)) in feed.event.codes.iter().enumerate() {
            if let Some(text) = evaluator.text(expr) {
                codes[field] = text;
                code_count += 1;
            }
        }
        let text = evaluator.text(&feed.event.text);
        if code_count == 0 && text.is_none() {
            self.reject_node(context, (tape, node), Reject::NoCode, None, out);
            return;
        }
        let place = PlaceTexts::find(&mut evaluator, &feed.event.place);
        let time = match self.clock.read(&mut evaluator, &feed.event.time, &place) {
            Ok(time) => time,
            Err(said) => {
                self.reject_node(context, (tape, node), Reject::BadTime, Some(&said), out);
                return;
            }
        };
        let physical = evaluator.truth(&feed.event.physical);
        let id =
            evaluator.text(&feed.event.id).map_or(0, |it| xxh3_64(evaluator.str(&it).as_bytes()));
        let said = said_by_document(&mut evaluator, &feed.event);
        let codes = codes.each_ref().map(|text| evaluator.str(text));
        let codes = &codes[..feed.event.codes.len()];
        let words = text.as_ref().map_or("", |text| evaluator.str(text));
        let mut meaning = self.meanings.look_up(feed, codes, words);
        if let Some(class) = said.0 {
            meaning.exception = class;
        }
        if let Some(reason) = said.1 {
            meaning.reason = reason;
            meaning.party = reason.party();
        }
        let seen = Seen { codes, words, time, physical, is_return: open.is_return, id };
        let batch = &mut out.batches[open.shard];
        let parts = place.parts(&evaluator, &self.clock.atlas);
        let event = standardized(context, &meaning, &seen, parts.hash());
        let item = Item {
            event,
            words: Words {
                codes: put_codes(feed, codes, batch),
                text: batch.put(cut(words)),
                place: parts.put(batch),
            },
            index: context.index,
        };
        batch.items.push(item);
        batch.groups[open.group].item_count += 1;
        context.count_input();
        self.tally.inputs += 1;
    }
}

/// What was read of one event.
struct Seen<'a> {
    codes: &'a [&'a str],
    words: &'a str,
    time: EventTime,
    physical: Option<bool>,
    is_return: bool,
    /// Hash of the sender's own id of the event; 0 where there is none.
    id: u64,
}

/// Exception and reason, where the document names them itself in our own words.
fn said_by_document<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    event: &'a program::Event,
) -> (Option<ExceptionClass>, Option<Reason>) {
    let exception = evaluator.text(&event.exception).and_then(|text| {
        let name = evaluator.str(&text);
        ExceptionClass::ALL.iter().copied().find(|class| class.name().eq_ignore_ascii_case(name))
    });
    let reason = evaluator.text(&event.reason).and_then(|text| {
        let name = evaluator.str(&text);
        Reason::ALL.iter().copied().find(|reason| reason.name().eq_ignore_ascii_case(name))
    });
    (exception, reason)
}

/// The event that all this makes.
fn standardized(context: &Context<'_>, meaning: &Meaning, seen: &Seen<'_>, place: u64) -> Event {
    let is_physical = match seen.physical {
        // A document may say that a scan was none; it can't make a record or an estimate a scan.
        Some(said) => meaning.physical && said,
        None => meaning.physical,
    };
    let mut flags = EventFlags::default();
    for (holds, flag) in [
        (is_physical, EventFlags::PHYSICAL),
        (meaning.estimate, EventFlags::ESTIMATE),
        (*meaning == Meaning::UNMAPPED, EventFlags::UNMAPPED),
        (meaning.resolves, EventFlags::RESOLVES),
        (meaning.retracts, EventFlags::RETRACTS),
        (meaning.unverified, EventFlags::UNVERIFIED),
        (meaning.direction.is_some() || seen.is_return, EventFlags::DIRECTION_SAID),
    ] {
        if holds {
            flags = flags.with(flag);
        }
    }
    let direction = match meaning.direction {
        Some(direction) => direction,
        None if seen.is_return => Direction::Return,
        None => meaning.milestone.direction(),
    };
    Event {
        fingerprint: fingerprint(context.feed, meaning, seen, place),
        time: seen.time,
        received: context.received,
        place,
        feed: context.feed.id,
        flags,
        detail: meaning.detail,
        milestone: meaning.milestone,
        exception: meaning.exception,
        reason: meaning.reason,
        party: meaning.party,
        direction,
    }
}

/// Same feed, primary code, meaning and raw time make the same event. Words and the other code
/// fields are left out, for carriers translate them and some stand outside the event; what they
/// decide is in the meaning. The place is left out as well, since it is filled in later, except
/// where only the day is known and a parcel may pass several places.
fn fingerprint(feed: &Feed, meaning: &Meaning, seen: &Seen<'_>, place: u64) -> Fingerprint {
    let mut hash = xxh3_64(feed.name.as_bytes());
    if seen.id != 0 {
        let retracts = u64::from(meaning.retracts);
        return Fingerprint(xxh3_64_with_seed(&seen.id.to_le_bytes(), hash ^ retracts));
    }
    match seen.codes.first() {
        Some(code) if !code.is_empty() => hash = xxh3_64_with_seed(code.as_bytes(), hash),
        // Nothing is known of it but its words.
        _ if *meaning == Meaning::UNMAPPED => {
            hash = xxh3_64_with_seed(seen.words.as_bytes(), hash);
        }
        _ => {}
    }
    let time = &seen.time;
    let own = if time.local.is_some() { time.local } else { time.instant };
    let mut bytes = [0_u8; 24];
    bytes[..8].copy_from_slice(&own.0.to_le_bytes());
    bytes[8] = meaning.detail as u8;
    bytes[9] = meaning.milestone as u8;
    bytes[10] = meaning.exception as u8;
    bytes[11] = meaning.direction.map_or(u8::MAX, |direction| direction as u8);
    bytes[12] = meaning.reason as u8;
    if time.precision <= Precision::Date {
        bytes[16..].copy_from_slice(&place.to_le_bytes());
    }
    Fingerprint(xxh3_64_with_seed(&bytes, hash))
}

/// The carrier's name, lower case, at most 64 bytes.
fn carrier_name<'a: 'n, 'n>(
    evaluator: &mut Evaluator<'a, '_>,
    feed: &'a Feed,
    buffer: &'n mut [u8; 64],
) -> &'n str {
    match &feed.carrier {
        Carrier::Constant(name) => name,
        Carrier::Field { from, map, otherwise } => {
            let Some(text) = evaluator.text(from) else { return otherwise };
            let said = evaluator.str(&text);
            let mut len = 0;
            for byte in said.bytes().take(buffer.len()) {
                buffer[len] = byte.to_ascii_lowercase();
                len += 1;
            }
            let len = said.floor_char_boundary(len);
            let name = core::str::from_utf8(&buffer[..len]).unwrap_or(otherwise);
            match map.binary_search_by(|(theirs, _)| (**theirs).cmp(name)) {
                Ok(at) => &map[at].1,
                Err(_) => name,
            }
        }
    }
}

/// Sorts a shipment's events into the order in which they are applied and numbers them.
fn close_shipment(feed: &Feed, batch: &mut Batch, group: usize) {
    let group = &batch.groups[group];
    let first = group.first_item as usize;
    let items = &mut batch.items[first..first + group.item_count as usize];
    if items.len() < 2 {
        return;
    }
    let first_index = items[0].index;
    if feed.order == program::Order::NewestFirst {
        items.reverse();
    }
    let key = |item: &Item| {
        let event = &item.event;
        let weight = Weight { milestone: event.milestone, detail: event.detail };
        (entry::order_seconds(event).0, weight.key(), event.fingerprint.0 as u32)
    };
    if !items.is_sorted_by_key(key) {
        items.sort_by_key(key);
    }
    for (index, item) in (first_index..).zip(items) {
        item.index = index;
    }
}

/// The codes as they are kept: the primary one, then ` name=value` of the others.
fn put_codes(feed: &Feed, codes: &[&str], batch: &mut Batch) -> Span {
    let start = batch.open();
    for (i, ((name, _), code)) in feed.event.codes.iter().zip(codes).enumerate() {
        if i == 0 {
            batch.extend(cut(code));
        } else if !code.is_empty() {
            batch.extend(SEPARATOR_TEXT);
            batch.extend(name);
            batch.extend("=");
            batch.extend(cut(code));
        }
    }
    batch.close(start)
}

fn put_text<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    expr: &'a program::Expr,
    batch: &mut Batch,
) -> Span {
    match evaluator.text(expr) {
        Some(text) => batch.put(cut(evaluator.str(&text))),
        None => Span::default(),
    }
}

/// A text cut at the limit, at a character.
#[must_use]
pub(crate) fn cut(text: &str) -> &str {
    if text.len() <= limits::TEXT_LEN_MAX {
        return text;
    }
    &text[..text.floor_char_boundary(limits::TEXT_LEN_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, EngineOptions};

    /// Stands in for a bug in a stage.
    const PLANTED: &[u8] = br#"{"planted":"panic"}"#;

    pub(super) fn panic_if_planted(document: &[u8]) {
        assert!(document != PLANTED, "planted");
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
