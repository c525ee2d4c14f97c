//! The reader of one tape: a decoded document becomes groups and events of a batch.
//!
//! # Place
//!
//! [`Lane`](super::Lane) decodes; **`reader`** walks the levels of the feed, opens shipments and reads their
//! events; `event` says what an event means. Apart from the lane because a tape borrows the lane's
//! decoder.
//!
//! # Holds
//!
//! - A part that can't be read becomes a dead letter; the rest of the document goes on.
//! - Every event, and every document without any, is counted as one input.

use core::ops::Range;

use crossdock_format::{DecodeError, DecodeErrorKind, Document, TapeView, WarningKind};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::id::{Fingerprint, Position};
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Reason;
use crossdock_model::reject::{Outcome, Reject};
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::feed::program::{self, Carrier, Feed};
use xxhash_rust::xxh3::xxh3_64;

use crate::batch::{Batch, Group, Item, Span, cut};
use crate::dead_letter::{self, DeadLetter};
use crate::entry::{self, Weight};
use crate::extract::evaluate::{Evaluator, Text};
use crate::extract::keys::FeedKeys;
use crate::extract::known::Layout;
use crate::extract::{self, Slots};
use crate::shard::{owner_key, shipment_key};
use crate::standardize::number;
use crate::standardize::place::PlaceTexts;
use crate::standardize::time::Clock;
use crate::tally::Tally;

use super::LaneOutput;
use super::identity;
use super::particulars;
use super::phrase::Phrases;
use super::waybill;

/// Reads one tape; apart from the decoder, whose storage the tape borrows.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) clock: Clock,
    pub(super) phrases: Phrases,
    pub(super) slots: Slots,
    pub(super) children: Vec<u32>,
    pub(super) scratch: String,
    pub(super) tally: Tally,
    pub(super) document_events_max: usize,
    pub(super) dead_letter_payload_max: usize,
    pub(super) with_particulars: bool,
    pub(super) with_way: bool,
    /// The document is read by its shape and something came up that only a tape can answer.
    pub(super) needs_tape: bool,
}

/// The document that is being read.
pub(super) struct Context<'a> {
    pub(super) feed: &'a Feed,
    pub(super) keys: &'a FeedKeys,
    pub(super) tenant: &'a str,
    pub(super) feed_name: &'a str,
    pub(super) seq: u64,
    pub(super) received: Micros,
    /// The document, and where in its message it begins.
    pub(super) original: &'a [u8],
    pub(super) offset: usize,
    /// What was found in it so far.
    pub(super) counts: Counts,
}

/// What was found in a document so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Inputs.
    pub(super) inputs: u32,
    /// Index of the next event or dead letter within the document.
    pub(super) index: u32,
    /// Shipments.
    pub(super) shipments: u32,
}

/// Where the nodes of a feed's levels are found.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// The document's tape, or only the values that were wanted.
    tape: TapeView<'a>,
    /// The nodes of the levels, where the document was read by its shape.
    layout: Option<&'a Layout>,
}

/// The shipment that is being read.
#[derive(Clone, Copy)]
struct Open {
    shard: usize,
    group: usize,
    is_return: bool,
}

const fn reject_of(kind: DecodeErrorKind) -> Reject {
    match kind {
        DecodeErrorKind::TooDeep => Reject::TooDeep,
        DecodeErrorKind::TooLarge => Reject::TooLarge,
        _ => Reject::Malformed,
    }
}

impl<'a> Context<'a> {
    /// Goes on to a line of the message, which is a document of its own.
    pub(super) fn begin_line(&mut self, message: &'a [u8], range: Range<usize>) {
        self.counts = Counts { index: self.counts.index, ..Counts::default() };
        self.offset = range.start;
        self.original = &message[range];
    }

    /// One more input, with an index of its own.
    fn count_input(&mut self) {
        self.counts.inputs += 1;
        self.counts.index += 1;
    }

    fn letter<'b>(&'b self, reject: Reject, detail: &'b str) -> DeadLetter<'b> {
        DeadLetter {
            reject,
            detail,
            offset: None,
            tenant: self.tenant,
            feed: self.feed_name,
            position: Position { seq: self.seq, index: self.counts.index },
            received: self.received,
            payload: self.original,
        }
    }
}

impl Reader {
    /// Reads one decoded part of a document, or says why it could not be decoded.
    pub(super) fn part(
        &mut self,
        context: &mut Context<'_>,
        decoded: Result<Document<'_>, DecodeError>,
        out: &mut LaneOutput<'_>,
    ) {
        let (original, start) = (context.original, context.offset);
        match decoded {
            Ok(document) => {
                self.tally.warnings += document.warnings().len() as u64;
                for warning in document.warnings() {
                    if warning.kind == WarningKind::Skipped {
                        let at = warning.offset.min(original.len());
                        let end = (at + warning.size).min(original.len());
                        let detail = warning.to_string();
                        let letter = DeadLetter {
                            offset: Some((start + at) as u64),
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
                    ..context.letter(reject_of(error.kind), &error.message)
                };
                self.letter(&letter, out);
                context.count_input();
            }
        }
    }

    /// A document that yielded nothing is one input all the same.
    pub(super) fn finish(&mut self, context: &mut Context<'_>, out: &mut LaneOutput<'_>) {
        if 0 < context.counts.inputs {
            return;
        }
        if 0 < context.counts.shipments {
            self.tally.documents_empty += 1;
            self.tally.inputs += 1;
            self.tally.outcome(Outcome::History);
        } else {
            let detail = "nothing stands where the feed looks for shipments";
            self.letter(&context.letter(Reject::NoShipment, detail), out);
            context.count_input();
        }
    }

    /// A document of which nothing can be read becomes the dead letter that is at hand.
    pub(super) fn unreadable(
        &mut self,
        letter: DeadLetter<'_>,
        error: &DecodeError,
        out: &mut LaneOutput<'_>,
    ) {
        let (reject, offset) = (reject_of(error.kind), Some(error.offset as u64));
        self.letter(&DeadLetter { reject, offset, detail: &error.message, ..letter }, out);
    }

    /// Counts and keeps a dead letter.
    pub(super) fn letter(&mut self, letter: &DeadLetter<'_>, out: &mut LaneOutput<'_>) {
        self.tally.inputs += 1;
        self.tally.reject(letter.reject);
        dead_letter::push(letter, self.dead_letter_payload_max, out.letters);
    }

    fn document(
        &mut self,
        context: &mut Context<'_>,
        tape: TapeView<'_>,
        out: &mut LaneOutput<'_>,
    ) {
        self.scratch.clear();
        self.children.clear();
        self.needs_tape = false;
        let source = Source { tape, layout: None };
        // A document may be an array of documents.
        let is_list = matches!(tape.nodes.first(), Some(crossdock_format::Node::Array { .. }));
        if is_list {
            for element in tape.elements(0) {
                self.level(context, source, 0, element, None, out);
            }
        } else {
            self.level(context, source, 0, 0, None, out);
        }
        // An empty list filled no slots; those of the document before say nothing about it.
        let was_read = !is_list || tape.elements(0).next().is_some();
        self.look_for_empty(context, tape, was_read);
    }

    /// Reads a document of a known shape; `false` where something came up that only a tape can answer. What it wrote
    /// then is some inputs, counted, and groups and events, never a dead letter.
    pub(super) fn known(
        &mut self,
        context: &mut Context<'_>,
        values: TapeView<'_>,
        layout: &Layout,
        out: &mut LaneOutput<'_>,
    ) -> bool {
        self.scratch.clear();
        self.children.clear();
        self.needs_tape = false;
        let source = Source { tape: values, layout: Some(layout) };
        for root in layout.roots() {
            self.level(context, source, 0, *root as usize, None, out);
        }
        // What holds nothing may be an answer that says so: the tape tells.
        let is_empty = context.counts.shipments == 0 && context.counts.inputs == 0;
        !self.needs_tape && !is_empty
    }

    /// An answer that says "nothing is known" is no reject.
    fn look_for_empty(&mut self, context: &mut Context<'_>, tape: TapeView<'_>, was_read: bool) {
        if was_read && context.counts.shipments == 0 && context.counts.inputs == 0 {
            context.counts.shipments += u32::from(self.says_nothing(context.feed, tape));
        }
    }

    /// Whether the document that is being read is an answer that says "nothing is known".
    fn says_nothing(&mut self, feed: &Feed, tape: TapeView<'_>) -> bool {
        let mut evaluator = Evaluator { tape, slots: &self.slots, scratch: &mut self.scratch };
        feed.empty_if.iter().any(|expr| evaluator.is_present(expr))
    }

    /// Reads one node of one level and everything below it.
    fn level(
        &mut self,
        context: &mut Context<'_>,
        source: Source<'_>,
        level_index: usize,
        node: usize,
        open: Option<Open>,
        out: &mut LaneOutput<'_>,
    ) {
        let feed = context.feed;
        let start = self.children.len();
        let level = context.keys.level(level_index);
        match source.layout {
            Some(layout) => layout.fill(node as u32, level, &mut self.slots, &mut self.children),
            None => extract::fill(source.tape, node, level, &mut self.slots, &mut self.children),
        }
        let end = self.children.len();
        let mut open = open;
        let is_shipment = level_index == feed.shipment_level;
        if is_shipment {
            open = self.open_shipment(context, source, node, out);
            if open.is_none() {
                self.children.truncate(start);
                return;
            }
        }
        if level_index + 1 == feed.levels.len() {
            if let Some(open) = open {
                self.event(context, source, node, open, out);
            }
        } else {
            // Ends: the children of this node are a fixed range; deeper ones are put behind it.
            for at in start..end {
                let child = self.children[at] as usize;
                self.level(context, source, level_index + 1, child, open, out);
            }
        }
        self.children.truncate(start);
        if let (true, Some(open)) = (is_shipment, open) {
            let batch = &mut out.batches[open.shard];
            if batch.groups[open.group].item_count == 0 {
                // An estimate alone has a place of its own in the order of the log.
                context.counts.index += 1;
            }
            close_shipment(feed, batch, open.group);
            batch.close_spots(open.group);
        }
    }
}

impl Reader {
    /// Begins a shipment; `None` where it has no number, which becomes a dead letter.
    fn open_shipment(
        &mut self,
        context: &mut Context<'_>,
        source: Source<'_>,
        node: usize,
        out: &mut LaneOutput<'_>,
    ) -> Option<Open> {
        let tape = source.tape;
        context.counts.shipments += 1;
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
                self.reject_node(context, (source, node), reject, said.as_deref(), out);
                return None;
            }
        };
        let mut name = [0_u8; 64];
        let carrier = carrier_name(&mut evaluator, feed, &mut name);
        let carrier = identity::owner(feed, &number, carrier);
        let owner = owner_key(context.tenant, carrier);
        let key = shipment_key(owner, number.as_bytes());
        let shard = key.shard(out.batches.len());
        let batch = &mut out.batches[shard];
        let carrier = batch.put(carrier);
        let tenant = batch.put(context.tenant);
        let number_text = match &text {
            // Most numbers are their own spelling, and need no look whether they are text.
            Some(Text::Tape(text)) if text.as_bytes() == number.as_bytes() => batch.put(text),
            _ => batch.put(number.as_str()),
        };
        let order = put_text(&mut evaluator, &feed.shipment.order, batch);
        let aliases = identity::aliases(&mut evaluator, feed, &number, batch);
        let unique = unique_of(&mut evaluator, feed);
        let is_return = evaluator.truth(&feed.shipment.is_return).unwrap_or(false);
        let eta = estimate(&mut evaluator, feed, &self.clock);
        let (way, said) = match self.with_way {
            true => waybill::put_way(&mut evaluator, &self.clock, feed, batch),
            false => Default::default(),
        };
        let particulars = if self.with_particulars {
            particulars::put(&mut evaluator, &self.clock, feed, &eta, batch)
        } else {
            Span::default()
        };
        batch.groups.push(Group {
            key,
            seq: context.seq,
            received: context.received,
            tenant,
            carrier,
            owner,
            number: number_text,
            order,
            aliases,
            way,
            said,
            unique,
            eta,
            particulars,
            index: context.counts.index,
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
        (source, node): (Source<'_>, usize),
        reject: Reject,
        said: Option<&str>,
        out: &mut LaneOutput<'_>,
    ) {
        if source.layout.is_some() {
            self.needs_tape = true;
            return;
        }
        let tape = source.tape;
        // Who says that nothing is known may leave the number out.
        if reject == Reject::NoNumber && self.says_nothing(context.feed, tape) {
            return;
        }
        let mut payload = String::new();
        tape.write_json(node, &mut payload);
        let detail = said.map_or(String::new(), |said| match reject {
            // It quotes the text and says where it is wrong.
            Reject::BadTime => format!("found {said}"),
            _ => format!("found \"{said}\""),
        });
        let letter = DeadLetter { payload: payload.as_bytes(), ..context.letter(reject, &detail) };
        self.letter(&letter, out);
        context.count_input();
    }

    /// Reads one event.
    fn event(
        &mut self,
        context: &mut Context<'_>,
        source: Source<'_>,
        node: usize,
        open: Open,
        out: &mut LaneOutput<'_>,
    ) {
        if self.needs_tape {
            // All of it is read again.
            return;
        }
        let tape = source.tape;
        let feed = context.feed;
        let mut evaluator = Evaluator { tape, slots: &self.slots, scratch: &mut self.scratch };
        // Not a part of the phrase: it may ask whether there is a time.
        if evaluator.truth(&feed.event.skip_if).unwrap_or(false) {
            return;
        }
        let atlas = &self.clock.atlas;
        let index = self.phrases.find(feed, context.keys, &mut evaluator, atlas);
        let phrase = self.phrases.get(index);
        if self.document_events_max <= context.counts.inputs as usize {
            // One dead letter says it for all that follow, which are counted one by one.
            if context.counts.inputs as usize == self.document_events_max {
                self.reject_node(context, (source, node), Reject::TooManyEvents, None, out);
            } else {
                self.tally.inputs += 1;
                self.tally.reject(Reject::TooManyEvents);
            }
            return;
        }
        if phrase.is_empty {
            self.reject_node(context, (source, node), Reject::NoCode, None, out);
            return;
        }
        let time = match self.clock.read(&mut evaluator, &feed.event.time, |_| phrase.zone) {
            Ok(time) => time,
            Err(said) => {
                self.reject_node(context, (source, node), Reject::BadTime, Some(&said), out);
                return;
            }
        };
        let id =
            evaluator.text(&feed.event.id).map_or(0, |it| xxh3_64(evaluator.str(&it).as_bytes()));
        let signed_by = evaluator.text(&feed.event.signed_by);
        let spot = waybill::spot(&mut evaluator, &feed.event.point);
        let signed_by = signed_by.as_ref().map_or("", |text| evaluator.str(text));
        let mut event = Event {
            fingerprint: phrase.identity.fingerprint(&time, phrase.event.place, id),
            time,
            received: context.received,
            ..phrase.event
        };
        if open.is_return {
            event.flags = event.flags.with(EventFlags::DIRECTION_SAID);
            if !phrase.has_direction {
                event.direction = Direction::Return;
            }
        }
        let batch = &mut out.batches[open.shard];
        if feed.event.once && is_repeated(batch, open.group, event.fingerprint) {
            return;
        }
        let words = self.phrases.put_words(phrase, signed_by, batch);
        batch.items.push(Item { event, words, index: context.counts.index });
        if let Some((point, accuracy)) = spot {
            batch.put_spot(open.group, point, accuracy);
        }
        batch.groups[open.group].item_count += 1;
        context.count_input();
        self.tally.inputs += 1;
    }
}

/// A hash of the carrier's own unique id of the parcel; 0 where it gives none.
fn unique_of<'a>(evaluator: &mut Evaluator<'a, '_>, feed: &'a Feed) -> u16 {
    match evaluator.text(&feed.shipment.unique) {
        Some(text) => (xxh3_64(evaluator.str(&text).as_bytes()) as u16).max(1),
        None => 0,
    }
}

/// The carrier's estimate, by the clocks of the destination.
fn estimate<'a>(evaluator: &mut Evaluator<'a, '_>, feed: &'a Feed, clock: &Clock) -> EventTime {
    let Some(policy) = &feed.shipment.eta else { return EventTime::default() };
    let place = PlaceTexts::find(evaluator, &feed.shipment.destination);
    let zone = |evaluator: &Evaluator<'_, '_>| place.zone(evaluator, &clock.atlas);
    clock.read(evaluator, policy, zone).unwrap_or_default()
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
            let of_theirs = |name: &str| {
                let found = map.binary_search_by(|(theirs, _)| (**theirs).cmp(name));
                found.ok().map(|at| &*map[at].1)
            };
            if let Text::Tape(said) = text
                && is_lowered(said, buffer.len())
            {
                // It stands in the document as it is needed.
                return of_theirs(said).unwrap_or(said);
            }
            let said = evaluator.str(&text);
            let mut len = 0;
            for byte in said.bytes().take(buffer.len()) {
                buffer[len] = byte.to_ascii_lowercase();
                len += 1;
            }
            let len = said.floor_char_boundary(len);
            let name = core::str::from_utf8(&buffer[..len]).unwrap_or(otherwise);
            of_theirs(name).unwrap_or(name)
        }
    }
}

/// True for a text of at most `len_max` bytes without capitals.
fn is_lowered(text: &str, len_max: usize) -> bool {
    // Without a way out of the loop it takes sixteen bytes at a time.
    let has_capital = text.bytes().fold(false, |any, byte| any | byte.is_ascii_uppercase());
    text.len() <= len_max && !has_capital
}

/// Events of a shipment among which a repeated one is looked for; the shard finds those of longer documents.
const REPEATS_LOOKED_AT: usize = 256;

/// Whether a shipment has the event already, by this very document.
fn is_repeated(batch: &Batch, group: usize, fingerprint: Fingerprint) -> bool {
    let group = &batch.groups[group];
    let items = &batch.items[group.first_item as usize..];
    debug_assert_eq!(items.len(), group.item_count as usize);
    items.iter().take(REPEATS_LOOKED_AT).any(|item| item.event.fingerprint == fingerprint)
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
        let has_reason = event.reason != Reason::None;
        let weight = Weight { milestone: event.milestone, has_reason, detail: event.detail };
        (entry::order_seconds(event).0, weight.key(), event.fingerprint.0 as u32)
    };
    if !items.is_sorted_by_key(key) {
        items.sort_by_key(key);
    }
    for (index, item) in (first_index..).zip(items) {
        item.index = index;
    }
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
